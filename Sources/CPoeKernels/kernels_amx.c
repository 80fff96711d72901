// As kernels_avx512vnni.c, with tiles for products of bfloat16.
#include "CPoeKernels.h"

#if defined(__x86_64__)
#include <immintrin.h>
#pragma clang attribute push(                                                                      \
    __attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,avx512vnni,avx512bf16,amx-tile,"   \
                          "amx-bf16,avx2,fma,bmi,bmi2"))),                                         \
    apply_to = function)
#define KERNELS poe_kernels_amx
#define NAME "amx"
#define TILE_ROWS 6
#define TILE_VECTORS 4
#define INTEGER_ROWS 6
#define INTEGER_VECTORS 4
#define MASKED_TAILS
#define DOT_VNNI
#define ROUND_BF16
#define TILES
#include "kernels.h"
#pragma clang attribute pop
#endif
