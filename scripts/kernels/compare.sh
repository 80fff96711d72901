#!/bin/sh
# Times the kernels of one instruction set as they are against those of another commit, by turns in one process
# (cold.c says what is timed): on a shared machine two runs one after the other differ by more than most changes.
#
#     scripts/kernels/compare.sh COMMIT SET
set -eu
[ $# -eq 2 ] || { sed -n '2,5s/^# \{0,1\}//p' "$0" >&2; exit 64; }
cd "$(dirname "$0")/../.."
commit=$1 set=$2
kernels=Sources/CPoeKernels
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

git archive "$commit" "$kernels" | tar -x -C "$folder"
before=poe_kernels_before
clang -O2 -c -D"poe_kernels_$set=$before" -I"$folder/$kernels/include" \
    "$folder/$kernels/kernels_$set.c" -o "$folder/before.o"
clang -O2 -D"BEFORE=$before" -I"$kernels/include" scripts/kernels/cold.c "$kernels"/*.c "$folder/before.o" \
    -lm -o "$folder/cold"
"$folder/cold" "$set"
