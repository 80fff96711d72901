#!/usr/bin/env bash
# Training speed, this package and PyTorch by turns in one run, so that both meet the same machine.
#
#   PYTHON=.venv/bin/python scripts/reference/compare_training.sh [ROUNDS] [THREADS]
#
# PyTorch runs eager in f32 and in bfloat16, the latter with its fused AdamW too, and compiled, all with
# dropout 0.1 everywhere; then both ways without dropout. Its best figure is the one to compare with.
set -euo pipefail
cd "$(dirname "$0")/../.."
rounds=${1:-3}
threads=${2:-2}
python=${PYTHON:-python3}

swift build -c release --product poe-bench >/dev/null
for ((round = 1; round <= rounds; round++)); do
    echo "== round $round of $rounds"
    .build/release/poe-bench --train --threads "$threads"
    while read -r settings; do
        # shellcheck disable=SC2086
        "$python" scripts/reference/bench_training.py --seconds 20 --threads "$threads" $settings ||
            echo "not run: $settings"
    done <<'SETTINGS'
--dropout 0.1
--dropout 0.1 --bf16
--dropout 0.1 --bf16 --fused-optimizer
--dropout 0.1 --compile
--dropout 0
--dropout 0 --bf16 --fused-optimizer
SETTINGS
done
