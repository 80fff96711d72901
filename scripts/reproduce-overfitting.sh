#!/usr/bin/env bash
# The overfitting experiment: the reference's recipe, many passes over the text, and its three levers.
#
#   scripts/reproduce-overfitting.sh CORPUS [FOLDER]
#
# CORPUS holds poe/ and split.json. Every run, its log and the pictures land in FOLDER, runs/overfitting of
# the repository unless told otherwise. A run that is done is not done again; one that was interrupted goes
# on. By calculation two to four hours on two cores; RUNS="bpe-quarter" does only those, PASSES=6 shortens
# all of them, THREADS=1 leaves a core free.
#
# The recipe is the reference's: AdamW, clipping at 1, dropout 0.1 everywhere. Its epochs took a window at
# every offset, so that one of them read the text some 128 times, at a learning rate that had hardly begun
# to fall; here every pass reads it once and is measured, and the learning rate stays where it is, so that
# a curve does not depend on where its training was meant to end. Most runs learn from a quarter of
# the works, where overfitting needs a quarter of the time.
set -euo pipefail

if [ $# -lt 1 ] || [ ! -d "$1/poe" ] || [ ! -f "$1/split.json" ]; then
    sed -n '2,18s/^# \{0,1\}//p' "$0" >&2
    exit 64
fi
# What the caller names, seen from the caller's folder.
absolute() { case $1 in /*) echo "$1" ;; *) echo "$PWD/$1" ;; esac; }
corpus=$(absolute "$1")
folder=${2:+$(absolute "$2")}
cd "$(dirname "$0")/.."
folder=${folder:-runs/overfitting}
mkdir -p "$folder"

scripts/setup
swift build -c release
bin=.build/release

# name | share of the training works | passes | options
plan() {
    cat <<'PLAN'
bpe-quarter              0.25  24
bpe-quarter-dropout-0.3  0.25  24  --dropout 0.3 --attention-dropout 0.3
bpe-quarter-1.2m         0.25  24  --layers 6 --width 128
bpe-quarter-0.5m         0.25  24  --layers 4 --width 96
char-quarter             0.25  26  --precision f32
bpe-half                 0.5   12
bpe                      1      3
PLAN
}
# 27 steps of warm-up are a fiftieth of bpe-quarter's.
recipe=(--optimizer adamw --learning-rate 2e-3 --final-learning-rate 1 --warmup-steps 27
    --weight-decay 0.1 --merge-dropout 0 --batch-size 32 --dropout 0.1 --attention-dropout 0.1
    --layers 6 --width 256 --precision bf16 --averaging 0 --half-depth 0
    --no-calibration)

wanted() { [ -z "${RUNS:-}" ] || [[ " $RUNS " == *" $1 "* ]]; }

# The folder of a share of the works, made if it is missing.
part() {
    [ "$1" != 1 ] || { echo "$corpus"; return; }
    local source=$folder/corpus-$1
    [ -f "$source/split.json" ] ||
        python3 scripts/experiments/part_of_corpus.py "$corpus" "$source" --share "$1" >&2
    echo "$source"
}

train() {
    local name=$1 source=$2 passes=${PASSES:-$3}
    shift 3
    [ ! -f "$folder/$name.poem" ] || return 0
    echo "== $name: $passes passes"
    local tokens=(--bpe-vocab-size 512)
    [[ $name != char-* ]] || tokens=(--tokenizer char)
    # Of an option that is given twice the last one counts.
    "$bin/poe-train" "$source/poe" --split "$source/split.json" -o "$folder/$name.poem" \
        --epochs "$passes" --keep-epochs --resume --sample-prompt "" --profile lossless \
        ${THREADS:+--threads "$THREADS"} "${recipe[@]}" "${tokens[@]}" "$@"
}

# How much of what a model writes stands word for word in the works it learnt from, pass by pass.
copied() {
    local name=$1 source=$folder/corpus-0.25 file number
    [ -f "$folder/$name.poem" ] && [ ! -f "$folder/$name.copied.csv" ] || return 0
    printf 'pass,share,longest\n' >"$folder/$name.copied.tmp"
    while IFS= read -r file; do
        number=${file##*.epoch-}
        number=${number%.poem}
        "$bin/poe-run" "$file" --batch scripts/experiments/prompts.txt --samples 8 -n 200 --seed 1 \
            --quiet --no-display-prompt >"$folder/$name.text" </dev/null
        "$bin/poe-model" overlap "$folder/$name.text" --corpus "$source/poe" \
            --split "$source/split.json" --json |
            python3 -c 'import json, sys
found = json.load(sys.stdin)
print("{},{:.4f},{}".format(sys.argv[1], found["share"], found["longest"]))' "$number" >>"$folder/$name.copied.tmp"
    done < <(printf '%s\n' "$folder/$name".epoch-*.poem | sort -V)
    rm "$folder/$name.text"
    mv "$folder/$name.copied.tmp" "$folder/$name.copied.csv"
}

# stages NAME TOKENS: what one prompt gives at each stage.
stages() {
    local name=$1 tokens=$2 pass
    [ -f "$folder/$name.poem" ] || return 0
    for pass in 1 4 8 12 16 22 24 26; do
        [ -f "$folder/$name.epoch-$pass.poem" ] || continue
        printf '%s, pass %s: ' "$name" "$pass"
        "$bin/poe-run" "$folder/$name.epoch-$pass.poem" -p "The old man " -n "$tokens" --seed 1 --quiet |
            tr '\n' ' '
        echo
    done
}

curve() {
    local out=$1 title=$2 logs=() name
    shift 2
    for name in "$@"; do
        [ ! -f "$folder/$name.train.csv" ] || logs+=("$name=$folder/$name.train.csv")
    done
    [ ${#logs[@]} -eq 0 ] ||
        "$bin/poe-model" curves "${logs[@]}" --title "$title" -o "$folder/$out.svg"
}

while read -r name share passes options; do
    # shellcheck disable=SC2086
    if wanted "$name"; then train "$name" "$(part "$share")" "$passes" $options </dev/null; fi
done < <(plan)
for name in bpe-quarter char-quarter; do copied "$name"; done

curve tokenizers "Characters and BPE, a quarter of the works" bpe-quarter char-quarter
curve data "More data: a quarter, a half, all of the works" bpe-quarter bpe-half bpe
curve sizes "A smaller model: 4.9, 1.2 and 0.5 million parameters" bpe-quarter bpe-quarter-1.2m bpe-quarter-0.5m
curve dropout "More dropout: 0.1 and 0.3" bpe-quarter bpe-quarter-dropout-0.3

echo
echo "| run | best pass | validation, nats a token | a character | training in that pass | last pass: validation | training |"
echo "|---|---|---|---|---|---|---|"
while read -r name _; do
    [ -f "$folder/$name.train.csv" ] || continue
    awk -F, -v name="$name" '$7 != "" {
            if (best == "" || $7 < best) { best = $7; pass = $2; character = $8; training = $6 }
            last = $7; end = $6; passes = $2 }
        END { printf "| %s | %d of %d | %.4f | %.4f | %.4f | %.4f | %.4f |\n", name, pass, passes, best,
                     character, training, last, end }' "$folder/$name.train.csv"
done < <(plan)
echo
for name in bpe-quarter char-quarter; do
    [ ! -f "$folder/$name.copied.csv" ] || { echo "$name, copied:"; cat "$folder/$name.copied.csv"; }
done
# So that both write some 150 characters.
stages bpe-quarter 60
stages char-quarter 130
