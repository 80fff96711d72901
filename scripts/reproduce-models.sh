#!/usr/bin/env bash
# Trains the committed models again.
#
#   scripts/reproduce-models.sh CORPUS [FOLDER]
#
# CORPUS holds poe/ (one text file per work) and split.json (which works train, which validate). The
# models, their logs and loss curves are written to FOLDER, runs/ unless told otherwise, and
# compared with those in models/: on the same libzstd, they are the same bytes.
set -euo pipefail
cd "$(dirname "$0")/.."

if [ $# -lt 1 ] || [ ! -d "$1/poe" ] || [ ! -f "$1/split.json" ]; then
    sed -n '2,8s/^# \{0,1\}//p' "$0" >&2
    exit 64
fi
corpus=$1
folder=${2:-runs}
mkdir -p "$folder"

scripts/setup
swift build -c release
bin=.build/release

# The split that both models share.
split=(--split "$corpus/split.json")

learn() {
    local name=$1
    shift
    "$bin/poe-train" "$corpus/poe" -o "$folder/$name.poem" --report "$folder/$name" "${split[@]}" "$@"
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
    fi
}

# What poe-train does where nothing else is asked for.
learn bpe
compare bpe
learn char --tokenizer char
compare char
