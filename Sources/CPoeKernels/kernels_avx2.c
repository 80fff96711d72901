// x86-64 with AVX2 and FMA: a vector of 16 lanes is two registers, a tile of 6 rows twelve.
#include "CPoeKernels.h"

#if defined(__x86_64__)
#include <immintrin.h>
#pragma clang attribute push(__attribute__((target("avx2,fma,bmi,bmi2"))), apply_to = function)
#define KERNELS poe_kernels_avx2
#define NAME "avx2"
#define TILE_ROWS 6
#define TILE_VECTORS 1
#define INTEGER_ROWS 4
#define INTEGER_VECTORS 1
#define DOT_PAIRS_256
#include "kernels.h"
#pragma clang attribute pop
#endif
