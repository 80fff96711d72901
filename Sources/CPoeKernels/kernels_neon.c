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
#include "kernels.h"
#endif
