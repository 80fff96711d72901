#!/usr/bin/env bash
# Tries one recipe on the second split and prints what it reached.
#
#   scripts/experiments/try.sh CORPUS NAME [OPTIONS OF poe-train]
#
# The second split holds out some of the training works; the validation works, by which published
# losses are measured, are not read. Everything lands in runs/experiments/NAME of the repository, or
# $FOLDER/NAME. Files among the options are named from the repository's folder.
set -euo pipefail

if [ $# -lt 2 ] || [ ! -f "$1/split.json" ]; then
    sed -n '2,8s/^# \{0,1\}//p' "$0" >&2
    exit 64
fi
# What the caller names, seen from the caller's folder.
absolute() { case $1 in /*) echo "$1" ;; *) echo "$PWD/$1" ;; esac; }
corpus=$(absolute "$1")
folder=${FOLDER:+$(absolute "$FOLDER")}
cd "$(dirname "$0")/../.."
folder=${folder:-runs/experiments}
name=$2
shift 2
part=$folder/second-split
[ -f "$part/split.json" ] ||
    python3 scripts/experiments/part_of_corpus.py "$corpus" "$part" --second-split
swift build -c release --product poe-train >/dev/null

out=$folder/$name
mkdir -p "$out"
.build/release/poe-train "$part/poe" --split "$part/split.json" -o "$out/model.poem" \
    --profile lossless --sample-prompt "" --precision f32 --resume "$@" 2>&1 | tee "$out/log.txt" |
    { grep -a '^epoch.*training' || true; } || {
    status=$?
    printf '%s: poe-train failed; the end of %s:\n' "$name" "$out/log.txt" >&2
    tail -n 5 "$out/log.txt" >&2
    exit "$status"
}
printf '%s  %s: ' "$name" "$*"
awk -F, '$8 != "" && (best == "" || $8 < best) { best = $8; epoch = $2 }
         END { printf "%.4f nats a character, epoch %d\n", best, epoch }' "$out/model.train.csv"
