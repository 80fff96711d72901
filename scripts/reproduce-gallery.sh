#!/usr/bin/env bash
# Makes the gallery in docs/ again: the committed models, and the stages of two trainings that were left
# to overfit.
#
#   scripts/reproduce-gallery.sh CORPUS
#
# The stages are those that scripts/reproduce-overfitting.sh leaves in runs/overfitting. CORPUS, which
# holds poe/ and split.json, is where copied passages are looked up.
set -euo pipefail
cd "$(dirname "$0")/.."

if [ $# -ne 1 ] || [ ! -d "$1/poe" ] || [ ! -f "$1/split.json" ]; then
    sed -n '2,8s/^# \{0,1\}//p' "$0" >&2
    exit 64
fi

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
.build/release/poe-gallery models "${stages[@]}" -o docs --corpus "$1/poe" --split "$1/split.json"
