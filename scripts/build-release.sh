#!/usr/bin/env bash
# Builds poe-run as it is handed out, at .build/dist/poe-run, and says how it is linked.
#
# On Linux nothing is left to be found and relocated when the program starts: everything, the C library
# too, is in one stripped file, which starts in a quarter of a dynamically linked one's time. Where
# static libraries are missing, only the Swift ones are linked in; elsewhere (macOS) the system has them.
set -euo pipefail
cd "$(dirname "$0")/.."

out=.build/dist
mkdir -p "$out"

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

flags=()
how="dynamically"
if [ "$(uname -s)" = Linux ]; then
    how="with the static Swift libraries"
    flags=(--static-swift-stdlib --scratch-path .build/static -Xlinker -s)
    # What libedit needs besides itself.
    read -ra needed <<<"$(pkg-config --static --libs libedit 2>/dev/null || echo -ltinfo -lbsd -lmd)"
    if whole "${needed[@]}"; then
        how="statically"
        flags+=(-Xswiftc -static-executable -Xswiftc -use-ld=lld)
        for flag in "${needed[@]}"; do flags+=(-Xlinker "$flag"); done
    fi
fi
swift build -c release --product poe-run ${flags[@]+"${flags[@]}"}
cp "$(swift build -c release --show-bin-path ${flags[@]+"${flags[@]}"})/poe-run" "$out/poe-run"
echo "$out/poe-run: linked $how, $(wc -c <"$out/poe-run" | tr -d ' ') bytes"
