#!/usr/bin/env bash
# Sanitizers: address and undefined behaviour over the kernels, threads over pool and engine.
#
#     scripts/sanitize.sh [kernels|address|undefined|thread]...      (all of them without arguments)
#
# `kernels` runs every C function of every set this machine has on memory of the exact size; `address`
# and `undefined` the tests of the numerics, `thread` those of pool, cache and inference. All take
# minutes to compile; the Swift builds stay in .build/sanitize-NAME.
set -euo pipefail
cd "$(dirname "$0")/.."

clang=${CLANG:-$(command -v clang || true)}
[ -n "$clang" ] || clang=$(dirname "$(readlink -f "$(command -v swift)")")/clang

kernels() {
    local work sets=(scalar) set status=0
    work=$(mktemp -d)
    case $(uname -m) in
    x86_64) sets+=(avx2 avx512 avx512vnni amx) ;;
    aarch64 | arm64) sets+=(neon) ;;
    esac
    "$clang" -g -O1 -fsanitize=address,undefined -fno-sanitize-recover=all \
        -fno-omit-frame-pointer -Wall -Wextra -ISources/CPoeKernels/include \
        scripts/kernels/hashes.c Sources/CPoeKernels/*.c -lm -o "$work/hashes" 2>"$work/build" ||
        { cat "$work/build" >&2; return 1; }
    for set in "${sets[@]}"; do
        local code=0
        "$work/hashes" "$set" >"$work/$set" 2>"$work/errors" || code=$?
        if [ "$code" -eq 3 ]; then
            echo "kernels, $set: not run, this processor does not have it"
        elif [ "$code" -ne 0 ]; then
            cat "$work/errors" >&2
            echo "kernels, $set: FAILED"
            status=1
        elif ! cmp -s "$work/scalar" "$work/$set"; then
            echo "kernels, $set: other bits than scalar"
            status=1
        else
            echo "kernels, $set: clean"
        fi
    done
    rm -rf "$work"
    return "$status"
}

# Findings end the run: a report that is only printed would pass for success.
export TSAN_OPTIONS=halt_on_error=1

# tests NAME FILTER FLAG...
tests() {
    local name=$1 filter=$2
    shift 2
    swift test -c release "$@" --scratch-path ".build/sanitize-$name" --disable-xctest \
        --filter "$filter"
}

[ $# -gt 0 ] || set -- kernels address undefined thread
for part in "$@"; do
    printf '== %s\n' "$part"
    case $part in
    kernels) kernels ;;
    address) tests address PoeNumericsTests --sanitize=address ;;
    # swift has no such sanitizer on Linux: C is compiled to trap, which needs no library.
    undefined)
        tests undefined PoeNumericsTests -Xcc -fsanitize=undefined -Xcc -fsanitize-trap=undefined
        ;;
    thread)
        tests thread 'WorkerPoolTests|IntegerAttentionTests|PoeInferenceTests' --sanitize=thread
        ;;
    *) echo "sanitize: kernels, address, undefined or thread, not '$part'" >&2; exit 64 ;;
    esac
done
