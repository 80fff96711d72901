#!/usr/bin/env bash
# Counts how often poe-run asks for memory, for texts of 50 and of 100 tokens: the difference is what
# 50 more tokens of one stream cost, and should be about 0. What is mapped is not counted.
#
#   scripts/count-allocations.sh [MODEL]      (Linux with glibc, a C compiler, a release build)
set -euo pipefail
cd "$(dirname "$0")/.."
model=${1:-models/bpe.poem}
program=.build/release/poe-run

fail() {
    printf 'count-allocations: %s\n' "$*" >&2
    exit 1
}

[ -x "$program" ] ||
    fail "there is no $program; swift build -c release --product poe-run makes it"
[ -f "$model" ] || fail "there is no model at $model; name another: scripts/count-allocations.sh MODEL"

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

cat >"$folder/count.c" <<'C'
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
// glibc's own names: dlsym, which would find the others, may itself ask for memory.
void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *memory, size_t size);
void *__libc_memalign(size_t alignment, size_t size);

static long calls;
static void count(void) { __atomic_add_fetch(&calls, 1, __ATOMIC_RELAXED); }

void *malloc(size_t size) {
    count();
    return __libc_malloc(size);
}
void *calloc(size_t number, size_t size) {
    count();
    return __libc_calloc(number, size);
}
void *realloc(void *memory, size_t size) {
    count();
    return __libc_realloc(memory, size);
}
void *aligned_alloc(size_t alignment, size_t size) {
    count();
    return __libc_memalign(alignment, size);
}
int posix_memalign(void **memory, size_t alignment, size_t size) {
    count();
    if (alignment < sizeof(void *) || alignment & (alignment - 1)) return EINVAL;
    void *found = __libc_memalign(alignment, size);
    if (!found) return ENOMEM;
    *memory = found;
    return 0;
}
__attribute__((destructor)) static void report(void) { fprintf(stderr, "%ld\n", calls); }
C
cc -shared -fPIC -O2 -o "$folder/count.so" "$folder/count.c"

for threads in 1 2; do
    counts=()
    for tokens in 50 100; do
        LD_PRELOAD=$folder/count.so "$program" "$model" -p "Once upon" -n "$tokens" --seed 1 \
            -t "$threads" --quiet >/dev/null 2>"$folder/errors" ||
            fail "poe-run failed: $(grep -vxE '[0-9]+' "$folder/errors")"
        number=$(tail -n 1 "$folder/errors")
        [[ $number =~ ^[0-9]+$ ]] || fail "nothing was counted: $number"
        counts+=("$number")
    done
    echo "$threads threads: ${counts[0]} allocations for 50 tokens, ${counts[1]} for 100"
done
