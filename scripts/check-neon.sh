#!/usr/bin/env bash
# Holds the NEON kernels to the bits of this machine's own sets, on an emulated AArch64 processor.
#
# Needs clang (the Swift toolchain's does), a C library for AArch64 and qemu-user; on Debian:
#     apt-get install gcc-aarch64-linux-gnu libc6-dev-arm64-cross qemu-user
# Exits 0 where all hashes agree, 1 where some differ, 2 where the tools are missing.
set -euo pipefail
cd "$(dirname "$0")/.."

. scripts/kernels/hashes.sh
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

sources=(scripts/kernels/hashes.c Sources/CPoeKernels/*.c)
flags=(-O2 -Wall -Wextra -ISources/CPoeKernels/include)
native=(scalar)
case $(uname -m) in
x86_64) native+=(avx2 avx512 avx512vnni amx) ;;
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

for set in "${native[@]}"; do compare "$set, here" "$work/native" "$set"; done
cross plain
cross dotprod -march=armv8.2-a+dotprod
for set in scalar neon; do
    compare "$set, AArch64" "$qemu" "$work/plain" "$set"
    compare "$set, AArch64 with dotprod" "$qemu" -cpu max "$work/dotprod" "$set"
done
exit "$failed"
