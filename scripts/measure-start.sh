#!/usr/bin/env bash
# How long poe-run takes from the start of the process to its first token and to 100 tokens, and how
# much memory: as it is built by default, and as scripts/build-release.sh links it.
#
#     scripts/measure-start.sh [MODEL]     RUNS=40
set -euo pipefail
cd "$(dirname "$0")/.."

model=${1:-models/bpe.poem}
runs=${RUNS:-40}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
compiler=$(dirname "$(readlink -f "$(command -v swift)")")/clang
[ -x "$compiler" ] || compiler=cc
"$compiler" -O2 -o "$work/measure" scripts/measure-start.c

if [ -z "${POE_SKIP_BUILD-}" ]; then
    swift build -c release --product poe-run >&2
    scripts/build-release.sh >&2
fi

measure() { # LABEL PROGRAM ARGUMENT...
    "$work/measure" "$runs" "$@"
}
printf 'milliseconds, median (least) of %s runs\n' "$runs"
printf '%-26s %14s %16s %9s\n' "" "first output" "end" "peak MB"
for kind in default release; do
    program=.build/release/poe-run
    [ "$kind" = default ] || program=.build/dist/bin/poe-run
    measure "$kind, --version" "$program" --version
    for tokens in 1 100; do
        for threads in 1 2; do
            measure "$kind, $tokens tokens, -t $threads" "$program" "$model" \
                -p "Once upon a midnight dreary" -n "$tokens" --seed 1 -t "$threads" \
                --no-display-prompt --quiet
        done
    done
done
