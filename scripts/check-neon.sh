#!/usr/bin/env bash
# Holds the NEON kernels to the bits of this machine's own sets, on an emulated AArch64 processor.
#
# Needs clang (the Swift toolchain's does), a C library for AArch64 and qemu-user; on Debian:
#     apt-get install gcc-aarch64-linux-gnu libc6-dev-arm64-cross qemu-user
# Exits 0 where all hashes agree, 1 where some differ, 2 where the tools are missing.
set -euo pipefail
cd "$(dirname "$0")/.."

clang=${CLANG:-$(command -v clang || true)}
[ -n "$clang" ] || clang=$(dirname "$(readlink -f "$(command -v swift || echo swift)")")/clang
qemu=$(command -v qemu-aarch64 || command -v qemu-aarch64-static || true)
missing=()
[ -x "$clang" ] || missing+=(clang)
[ -n "$qemu" ] || missing+=(qemu-aarch64)
command -v aarch64-linux-gnu-gcc >/dev/null || missing+=(aarch64-linux-gnu-gcc)
[ -e /usr/aarch64-linux-gnu/lib/libc.so.6 ] || missing+=("the C library for aarch64-linux-gnu")
if [ ${#missing[@]} -gt 0 ]; then
    printf 'check-neon: NOT RUN, missing: %s\n' "$(IFS=,; echo "${missing[*]}")" >&2
    exit 2
fi

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
sources=(scripts/kernels/hashes.c Sources/CPoeKernels/*.c)
flags=(-O2 -Wall -Wextra -ISources/CPoeKernels/include)
native=(scalar)
case $(uname -m) in
x86_64) native+=(avx2 avx512 avx512vnni avx512bf16) ;;
aarch64) native+=(neon) ;;
esac

# Compiled by clang (the kernels are written with its vectors), linked by the cross compiler.
cross() {
    local name=$1 objects=() file
    shift
    for file in "${sources[@]}"; do
        objects+=("$work/$name-$(basename "$file").o")
        "$clang" --target=aarch64-linux-gnu --sysroot=/usr/aarch64-linux-gnu \
            -isystem /usr/aarch64-linux-gnu/include "${flags[@]}" "$@" -c "$file" \
            -o "${objects[-1]}"
    done
    aarch64-linux-gnu-gcc -static "${objects[@]}" -lm -o "$work/$name"
}

"$clang" "${flags[@]}" "${sources[@]}" -lm -o "$work/native"
"$work/native" scalar >"$work/expected" 2>/dev/null
failed=0
compare() {
    local title=$1
    shift
    local status=0
    "$@" >"$work/found" 2>/dev/null || status=$?
    if [ "$status" -eq 3 ]; then
        printf 'check-neon: %-28s not run, this processor does not have it\n' "$title"
    elif [ "$status" -eq 0 ] && cmp -s "$work/expected" "$work/found"; then
        printf 'check-neon: %-28s the same %s hashes\n' "$title" "$(wc -l <"$work/found")"
    else
        printf 'check-neon: %-28s DIFFERS (exit %s)\n' "$title" "$status"
        diff "$work/expected" "$work/found" | head -n 20 || true
        failed=1
    fi
}

for set in "${native[@]}"; do compare "$set, here" "$work/native" "$set"; done
cross plain
cross dotprod -march=armv8.2-a+dotprod
for set in scalar neon; do
    compare "$set, AArch64" "$qemu" "$work/plain" "$set"
    compare "$set, AArch64 with dotprod" "$qemu" -cpu max "$work/dotprod" "$set"
done
exit "$failed"
