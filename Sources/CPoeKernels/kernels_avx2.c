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
typedef float half __attribute__((vector_size(32)));
#define IN_REGISTERS(x) \
    do { \
        half low = __builtin_shufflevector(x, x, 0, 1, 2, 3, 4, 5, 6, 7); \
        half high = __builtin_shufflevector(x, x, 8, 9, 10, 11, 12, 13, 14, 15); \
        __asm__ volatile("" : "+x"(low), "+x"(high) : : "memory"); \
        x = __builtin_shufflevector(low, high, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15); \
    } while (0)
#include "kernels.h"
#pragma clang attribute pop
#endif
