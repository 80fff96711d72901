#!/usr/bin/env bash
# Trains the committed models again.
#
#   scripts/reproduce-models.sh CORPUS [FOLDER]
#
# CORPUS holds poe/ (one text file per work) and split.json (which works train, which validate). The
# models, their logs and loss curves are written to FOLDER, runs/ of the repository unless told otherwise,
# and compared with those in models/: on the same libzstd, they are the same bytes; exit status 1 if not.
# A model that FOLDER has is not trained again; a training that was interrupted goes on.
set -euo pipefail

if [ $# -lt 1 ] || [ ! -d "$1/poe" ] || [ ! -f "$1/split.json" ]; then
    sed -n '2,9s/^# \{0,1\}//p' "$0" >&2
    exit 64
fi
# What the caller names, seen from the caller's folder.
absolute() { case $1 in /*) echo "$1" ;; *) echo "$PWD/$1" ;; esac; }
corpus=$(absolute "$1")
folder=${2:+$(absolute "$2")}
cd "$(dirname "$0")/.."
folder=${folder:-runs}
mkdir -p "$folder"

scripts/setup
swift build -c release
bin=.build/release

# The split that both models share.
split=(--split "$corpus/split.json")

learn() {
    local name=$1
    shift
    if [ -f "$folder/$name.poem" ]; then
        echo "$name: not trained again; delete $folder/$name.poem to do so"
    else
        # Where nothing was interrupted, --resume begins.
        "$bin/poe-train" "$corpus/poe" -o "$folder/$name.poem" --report "$folder/$name" --resume \
            "${split[@]}" "$@"
    fi
    "$bin/poe-model" verify "$folder/$name.poem"
    "$bin/poe-model" score "$folder/$name.poem" --corpus "$corpus/poe" "${split[@]}" \
        --part validation --json
}

compare() {
    local name=$1
    if cmp -s "$folder/$name.poem" "models/$name.poem"; then
        echo "$name: the same bytes as models/$name.poem"
    else
        echo "$name: differs from models/$name.poem"
        differs=1
    fi
}
differs=0

# What products are rounded to is named, for unless it is, it follows the processor.
learn bpe --precision bf16 --epochs 25 --merge-dropout 0.1 --weight-decay 0.2 --dropout 0.05
compare bpe
learn char --tokenizer char --epochs 11 --precision bf16
compare char
exit "$differs"
