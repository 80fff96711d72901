#pragma once

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/// Tells the core that this thread waits in a loop.
static inline void poe_pause(void) {
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("isb");
#endif
}

/// The kernels of one instruction set.
typedef struct poe_kernels {
    const char *name;
} poe_kernels;

/// The table called `name`, or NULL where this machine cannot run it.
const poe_kernels *poe_kernels_named(const char *name);

#ifdef __cplusplus
}
#endif
