#!/usr/bin/env bash
# Training speed, this package and PyTorch by turns in one run, so that both meet the same machine.
#
#   PYTHON=.venv/bin/python scripts/reference/compare_training.sh [ROUNDS] [THREADS]
#
# The settings of poe-bench --train: dropout 0.1 everywhere, none, and the default recipe's (0.15, none
# on attention; PyTorch has AdamW there too, the package Muon, which is more work).
set -euo pipefail
cd "$(dirname "$0")/../.."
rounds=${1:-3}
threads=${2:-2}
python=${PYTHON:-python3}

swift build -c release --product poe-bench >/dev/null
for ((round = 1; round <= rounds; round++)); do
    echo "== round $round of $rounds"
    .build/release/poe-bench --train --threads "$threads"
    for dropouts in "0.1 0.1" "0 0" "0.15 0"; do
        read -r dropout attention <<<"$dropouts"
        "$python" scripts/reference/bench_training.py --seconds 20 --threads "$threads" \
            --dropout "$dropout" --attention-dropout "$attention"
    done
done
