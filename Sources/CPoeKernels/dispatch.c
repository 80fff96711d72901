// Which sets this machine can run, and on how many processors.
#if defined(__linux__)
#define _GNU_SOURCE // for sched_getaffinity and syscall
#include <sched.h>
#include <sys/syscall.h>
#include <unistd.h>
#endif

#include "CPoeKernels.h"

#include <string.h>

extern const poe_kernels poe_kernels_scalar;
#if defined(__x86_64__)
extern const poe_kernels poe_kernels_avx2, poe_kernels_avx512, poe_kernels_avx512vnni,
    poe_kernels_amx;
#elif defined(__aarch64__)
extern const poe_kernels poe_kernels_neon;
#endif

#if defined(__x86_64__)
// These ask the system too, which must save the wide registers.
static int has_avx512(void) {
    return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw")
        && __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl")
        && __builtin_cpu_supports("fma") && __builtin_cpu_supports("bmi2");
}

/// Linux has to be asked for the tile registers, once a process, and saves them from then on. It refuses where a
/// thread's alternate stack for signals is too small for them (some 11 KB), and refuses such stacks afterwards.
static int has_tiles(void) {
#if defined(__linux__) && defined(SYS_arch_prctl)
    // ARCH_REQ_XCOMP_PERM and XFEATURE_XTILEDATA, which not all headers have.
    const int request_permission = 0x1023, tile_data = 18;
    return __builtin_cpu_supports("amx-tile") && __builtin_cpu_supports("amx-bf16")
        && __builtin_cpu_supports("avx512bf16")
        && syscall(SYS_arch_prctl, request_permission, tile_data) == 0;
#else
    return 0;
#endif
}
#endif

const poe_kernels *poe_kernels_named(const char *name) {
    if (strcmp(name, "scalar") == 0) return &poe_kernels_scalar;
#if defined(__x86_64__)
    if (strcmp(name, "avx2") == 0)
        return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")
            && __builtin_cpu_supports("bmi2") ? &poe_kernels_avx2 : NULL;
    if (strcmp(name, "avx512") == 0) return has_avx512() ? &poe_kernels_avx512 : NULL;
    if (strcmp(name, "avx512vnni") == 0)
        return has_avx512() && __builtin_cpu_supports("avx512vnni")
            ? &poe_kernels_avx512vnni : NULL;
    if (strcmp(name, "amx") == 0)
        return has_avx512() && __builtin_cpu_supports("avx512vnni") && has_tiles()
            ? &poe_kernels_amx : NULL;
#elif defined(__aarch64__)
    if (strcmp(name, "neon") == 0) return &poe_kernels_neon;
#endif
    return NULL;
}

int32_t poe_granted_processors(void) {
#if defined(__linux__)
    cpu_set_t set;
    if (sched_getaffinity(0, sizeof set, &set) == 0) return CPU_COUNT(&set);
#endif
    return 0;
}
