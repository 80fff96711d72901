// x86-64 with AVX-512: a vector is one register, a tile of 6 rows by 64 columns twenty-four.
#include "CPoeKernels.h"

#if defined(__x86_64__)
#include <immintrin.h>
#pragma clang attribute push(                                                                      \
    __attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,avx2,fma,bmi,bmi2"))),               \
    apply_to = function)
#define KERNELS poe_kernels_avx512
#define NAME "avx512"
#define TILE_ROWS 6
#define TILE_VECTORS 4
#define INTEGER_ROWS 4
#define INTEGER_VECTORS 4
#define MASKED_TAILS
#define DOT_PAIRS_512
#include "kernels.h"
#pragma clang attribute pop
#endif
