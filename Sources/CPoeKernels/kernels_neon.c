// AArch64, whose baseline has NEON with fused multiply-add: a vector of 16 lanes is four
// registers, a tile of 6 rows twenty-four.
#include "CPoeKernels.h"

#if defined(__aarch64__)
#define KERNELS poe_kernels_neon
#define NAME "neon"
#define TILE_ROWS 6
#define TILE_VECTORS 1
#include "kernels.h"
#endif
