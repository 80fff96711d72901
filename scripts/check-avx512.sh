#!/usr/bin/env bash
# Holds the AVX-512 and AMX kernels to the bits of the plain ones on an x86-64 processor that need not have
# either: they are compiled for AVX2, and the few instructions that they name are made of plain C
# (scripts/kernels/avx512.h). What this does not see: the instructions themselves, and what the compiler
# makes of AVX-512's registers.
#
# Needs clang (the Swift toolchain's does), python3 and AVX2. Exits 0 where all hashes agree, 1 where some
# differ, 2 where it cannot run.
set -euo pipefail
cd "$(dirname "$0")/.."

. scripts/kernels/hashes.sh
if [ ! -x "$clang" ] || ! command -v python3 >/dev/null || [ "$(uname -m)" != x86_64 ]; then
    echo "check-avx512: NOT RUN, it needs clang, python3 and an x86-64 processor" >&2
    exit 2
fi

cp -R Sources/CPoeKernels "$work/kernels"
cp scripts/kernels/avx512.h "$work/kernels/"
python3 - "$work"/kernels/*.c <<'P'
import re, sys
for path in sys.argv[1:]:
    text = open(path).read()
    if "avx512" in path or "amx" in path:
        text = text.replace("<immintrin.h>", '"avx512.h"')
        text = re.sub(r'target\((\s*\\?\s*"[^"]*")+\)', 'target("avx2,fma,bmi,bmi2")', text)
    # What asks the processor.
    text = re.sub(r'__builtin_cpu_supports\("(avx512|amx)[a-z0-9-]*"\)', "1", text)
    text = re.sub(r"syscall\(SYS_arch_prctl, (\w+), (\w+)\) == 0", r"\1 != \2", text)
    open(path, "w").write(text)
P
"$clang" -O2 -Wall -Wextra -I"$work/kernels/include" scripts/kernels/hashes.c "$work"/kernels/*.c \
    -lm -o "$work/hashes"
"$work/hashes" scalar >"$work/expected" 2>/dev/null
status=0
"$work/hashes" avx2 >/dev/null 2>&1 || status=$?
if [ "$status" -eq 3 ]; then
    echo "check-avx512: NOT RUN, this processor has no AVX2" >&2
    exit 2
fi
for set in avx2 avx512 avx512vnni amx; do compare "$set" "$work/hashes" "$set"; done
# A set that is not there was not compiled as meant.
if [ "$absent" -ne 0 ]; then failed=1; fi
exit "$failed"
