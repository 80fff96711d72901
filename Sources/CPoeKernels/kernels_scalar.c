// The baseline of the target machine. Where it has no fused multiply-add instruction (x86-64),
// the compiler calls the C library's `fmaf`, which rounds once as the instruction does. Its panels are as wide
// as those of AVX-512, so that tests see wide ones on every machine.
#include "CPoeKernels.h"

#define KERNELS poe_kernels_scalar
#define NAME "scalar"
#define TILE_ROWS 4
#define TILE_VECTORS 4
#define INTEGER_ROWS 2
#define INTEGER_VECTORS 4
#include "kernels.h"
