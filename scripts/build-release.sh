#!/usr/bin/env bash
# Builds all commands as they are handed out, in .build/dist/bin, and says how they are linked; then
# their manual pages and completions, in .build/dist/share. They start on a machine that has no Swift.
#
# On Linux nothing is left to be found and relocated when a program starts: everything, the C library
# too, is in one stripped file, which starts in a quarter of a dynamically linked one's time. Where
# static libraries are missing, only the Swift ones are linked in; elsewhere (macOS) the system has them.
# poe-scrape asks servers through the system's libcurl, whose certificates and name service are the
# system's own, so it is always of the second kind.
set -euo pipefail
cd "$(dirname "$0")/.."

command -v python3 >/dev/null || {
    echo "build-release: no python3 found, which writes the manual pages; install it, then run this again" >&2
    exit 1
}

out=.build/dist/bin
mkdir -p "$out"
rm -f .build/dist/built
touch .build/dist/begun

# whole FLAG...: whether a C program can be linked statically with the libraries.
whole() {
    local swift clang
    swift=$(dirname "$(readlink -f "$(command -v swift)")")
    [ -e "$swift/../lib/swift_static/linux/static-executable-args.lnk" ] || return 1
    clang=$swift/clang
    [ -x "$clang" ] || clang=cc
    echo 'int main(void) { return 0; }' |
        "$clang" -static -x c - -o "$out/static-test" -Wl,--whole-archive -lzstd -ledit \
            -Wl,--no-whole-archive "$@" >/dev/null 2>&1 && rm -f "$out/static-test"
}

# build HOW PROGRAM FLAG...
build() {
    local how=$1 program=$2
    shift 2
    swift build -c release --product "$program" "$@"
    # A new file, renamed: the old one may be running.
    cp "$(swift build -c release --show-bin-path "$@")/$program" "$out/$program.new"
    mv "$out/$program.new" "$out/$program"
    echo "$out/$program: linked $how, $(wc -c <"$out/$program" | tr -d ' ') bytes"
}

flags=()
how="dynamically"
if [ "$(uname -s)" = Linux ]; then
    how="with the static Swift libraries"
    flags=(--static-swift-stdlib -Xlinker -s)
    # What libedit needs besides itself.
    read -ra needed <<<"$(pkg-config --static --libs libedit 2>/dev/null || echo -ltinfo -lbsd -lmd)"
fi
scratch=.build/static-swift
build "$how" poe-scrape --scratch-path "$scratch" ${flags[@]+"${flags[@]}"}
if [ "$(uname -s)" = Linux ] && whole "${needed[@]}"; then
    how="statically"
    scratch=.build/static
    flags+=(-Xswiftc -static-executable -Xswiftc -use-ld=lld)
    for flag in "${needed[@]}"; do flags+=(-Xlinker "$flag"); done
fi
for program in poe-run poe-train poe-model poe-bench poe-gallery; do
    build "$how" "$program" --scratch-path "$scratch" ${flags[@]+"${flags[@]}"}
done

scripts/make-manuals .build/dist
# For make, as old as the beginning: a source that was changed meanwhile is newer.
mv .build/dist/begun .build/dist/built
