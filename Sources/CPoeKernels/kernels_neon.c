// AArch64, whose baseline has NEON with fused multiply-add: a vector of 16 lanes is four
// registers, a tile of 6 rows twenty-four.
#include "CPoeKernels.h"

#if defined(__aarch64__)
#include <arm_neon.h>

#define KERNELS poe_kernels_neon
#define NAME "neon"
#define TILE_ROWS 6
#define TILE_VECTORS 1
#define INTEGER_ROWS 4
#define INTEGER_VECTORS 1
#define DOT_NEON
typedef float quarter __attribute__((vector_size(16)));
#define IN_REGISTERS(x) \
    do { \
        quarter first = __builtin_shufflevector(x, x, 0, 1, 2, 3); \
        quarter second = __builtin_shufflevector(x, x, 4, 5, 6, 7); \
        quarter third = __builtin_shufflevector(x, x, 8, 9, 10, 11); \
        quarter fourth = __builtin_shufflevector(x, x, 12, 13, 14, 15); \
        __asm__ volatile("" : "+w"(first), "+w"(second), "+w"(third), "+w"(fourth) : : "memory"); \
        x = __builtin_shufflevector( \
            __builtin_shufflevector(first, second, 0, 1, 2, 3, 4, 5, 6, 7), \
            __builtin_shufflevector(third, fourth, 0, 1, 2, 3, 4, 5, 6, 7), \
            0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15); \
    } while (0)
#include "kernels.h"
#endif
