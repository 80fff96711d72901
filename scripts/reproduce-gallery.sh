#!/usr/bin/env bash
# Makes the gallery in docs/ again: the committed models, and the stages of two trainings that were left
# to overfit.
#
#   scripts/reproduce-gallery.sh CORPUS
#
# The stages are those that scripts/reproduce-overfitting.sh leaves in runs/overfitting. CORPUS, which
# holds poe/ and split.json, is where copied passages are looked up.
set -euo pipefail

if [ $# -ne 1 ] || [ ! -d "$1/poe" ] || [ ! -f "$1/split.json" ]; then
    sed -n '2,8s/^# \{0,1\}//p' "$0" >&2
    exit 64
fi
# What the caller names, seen from the caller's folder.
absolute() { case $1 in /*) echo "$1" ;; *) echo "$PWD/$1" ;; esac; }
corpus=$(absolute "$1")
cd "$(dirname "$0")/.."

stages=()
for name in bpe-quarter:1,4,8,16,24 char-quarter:1,4,12,22,26; do
    for pass in $(tr , ' ' <<<"${name#*:}"); do
        stages+=("runs/overfitting/${name%:*}.epoch-$pass.poem")
    done
done
for file in "${stages[@]}"; do
    [ -f "$file" ] && continue
    echo "reproduce-gallery: $file is missing; run scripts/reproduce-overfitting.sh CORPUS first" >&2
    exit 66
done

swift build -c release --product poe-gallery
.build/release/poe-gallery models/bpe.poem models/char.poem "${stages[@]}" -o docs \
    --corpus "$corpus/poe" --split "$corpus/split.json"
