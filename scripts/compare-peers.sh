#!/usr/bin/env bash
# poe-bench and the other runtimes by turns in one run, so that all meet the same machine; ends in a
# table.
#
#   LAB=FOLDER scripts/compare-peers.sh [TABLE.md]
#
# FOLDER holds the installed runtimes (Benchmarks/README.md says how). ROUNDS (3) is how often all take
# their turn, RUNS (5) how often each measure is taken in a turn, SHAPES which shapes. Records stay in
# FOLDER/compare, where they replace those of the last run when all are there. Nothing else should run
# meanwhile: each turn waits until the machine is idle, PATIENCE (120) seconds at most.
set -euo pipefail

: "${LAB:?name the folder with the runtimes: LAB=FOLDER scripts/compare-peers.sh}"
# What the caller names, seen from the caller's folder.
absolute() { case $1 in /*) echo "$1" ;; *) echo "$PWD/$1" ;; esac; }
table=$(absolute "${1:-/dev/stdout}")
LAB=$(cd "$LAB" && pwd)
export LAB
python=${PYTHON:-$LAB/venv/bin/python}
cd "$(dirname "$0")/.."
records=$LAB/compare.new

busy() { # hundredths of a second that all processors have worked
    awk '/^cpu / { print $2 + $3 + $4 + $7 + $8 + $9 }' /proc/stat 2>/dev/null || echo 0
}

wait_until_idle() {
    local before
    sleep 2
    for ((second = 0; second < ${PATIENCE:-120}; second++)); do
        before=$(busy)
        sleep 1
        [ $(($(busy) - before)) -gt 10 ] || return 0
    done
    echo "compare-peers: the machine is busy; figures will be too low" >&2
}

turn() { # turn NAME COMMAND...: runs the command, its output goes to NAME.json
    wait_until_idle
    echo "== $1" >&2
    "${@:2}" >"$records/$1.json"
}

swift build -c release --product poe-run >&2
swift build -c release --product poe-bench >&2
rm -rf "$records"
mkdir -p "$records"
.build/release/poe-bench --list >"$records/machine.txt"
for ((round = 1; round <= ${ROUNDS:-3}; round++)); do
    for shape in ${SHAPES:-reference gpt2-small}; do
        if [ "$shape" = reference ]; then subject=(models/bpe.poem); else subject=(--shape "$shape"); fi
        turn "$shape-poe-$round" .build/release/poe-bench "${subject[@]}" --runs "${RUNS:-5}" --json
        for part in llama ctranslate2 pytorch start; do
            [ "$shape-$part" != gpt2-small-start ] || continue
            turn "$shape-$part-$round" \
                "$python" scripts/peers/bench.py "$part" --shape "$shape" --runs "${RUNS:-5}"
        done
    done
done
rm -rf "$LAB/compare"
mv "$records" "$LAB/compare"
"$python" scripts/peers/table.py "$LAB/compare" >"$table"
