#!/usr/bin/env bash
# Counts how often poe-run asks for memory, for texts of 50 and of 100 tokens: the difference is what
# 50 more tokens of one stream cost, and should be about 0.
#
#   scripts/count-allocations.sh [MODEL]      (Linux, a C compiler, a release build)
set -euo pipefail
cd "$(dirname "$0")/.."
model=${1:-models/bpe.poem}
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

cat >"$folder/count.c" <<'C'
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
static long calls;
static void *(*next)(size_t);
void *malloc(size_t size) {
    if (!next) next = (void *(*)(size_t))dlsym(RTLD_NEXT, "malloc");
    __atomic_add_fetch(&calls, 1, __ATOMIC_RELAXED);
    return next(size);
}
__attribute__((destructor)) static void report(void) { fprintf(stderr, "%ld\n", calls); }
C
cc -shared -fPIC -O2 -o "$folder/count.so" "$folder/count.c" -ldl

for threads in 1 2; do
    counts=()
    for tokens in 50 100; do
        counts+=("$(LD_PRELOAD=$folder/count.so .build/release/poe-run "$model" -p "Once upon" \
            -n "$tokens" --seed 1 -t "$threads" --quiet 2>&1 >/dev/null | tail -n 1)")
    done
    echo "$threads threads: ${counts[0]} allocations for 50 tokens, ${counts[1]} for 100"
done
