// Rounding to bfloat16: the upper half of an f32, so 8 bits of precision in the whole range of exponents.
// Two rounded numbers are a word, the even step of a depth in its lower half.

/// Words of the steps of `even` and `odd`, rounded to nearest, ties to even; subnormal becomes 0, and NaN
/// stays NaN, which rounding could carry to infinity or to 0.
INLINE u16 words_of(v16 even, v16 odd) {
#if defined(ROUND_BF16)
    // The instruction puts the rounded lanes of one behind those of the other; the permutation
    // lets them take turns.
    const s32 turns = {0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23,
                       8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31};
    __m512i both = (__m512i)_mm512_cvtne2ps_pbh((__m512)odd, (__m512)even);
    return (u16)_mm512_permutexvar_epi16((__m512i)turns, both);
#else
    u16 halves[2] = {(u16)even, (u16)odd};
    for (int i = 0; i < 2; i++) {
        u16 x = halves[i];
        u16 normal = (u16)((x & 0x7f800000u) != 0) | 0x80000000u;
        u16 nan = (u16)((i16)(x & 0x7fffffffu) > 0x7f800000);
        x &= normal;
        halves[i] = ((x + 0x7fffu + (x >> 16 & 1)) & ~nan) | ((x | 0x00400000u) & nan);
    }
    return halves[0] >> 16 | (halves[1] & 0xffff0000u);
#endif
}

/// Words of 32 steps that follow each other: `first` and then `second`.
INLINE u16 words_of_steps(v16 first, v16 second) {
#if defined(ROUND_BF16)
    return (u16)(__m512i)_mm512_cvtne2ps_pbh((__m512)second, (__m512)first);
#else
    return words_of(__builtin_shufflevector(first, second, 0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20,
                                            22, 24, 26, 28, 30),
                    __builtin_shufflevector(first, second, 1, 3, 5, 7, 9, 11, 13, 15, 17, 19, 21,
                                            23, 25, 27, 29, 31));
#endif
}

/// Makes the processor take and give zeros for subnormal numbers; returns what it did before.
INLINE uint64_t flush_subnormals(void) {
#if defined(__x86_64__)
    uint32_t before = __builtin_ia32_stmxcsr();
    __builtin_ia32_ldmxcsr(before | 0x8040);
    return before;
#elif defined(__aarch64__)
    uint64_t before;
    __asm__ volatile("mrs %0, fpcr" : "=r"(before));
    __asm__ volatile("msr fpcr, %0" ::"r"(before | (uint64_t)1 << 24));
    return before;
#else
    return 0;
#endif
}

INLINE void treat_subnormals_as(uint64_t before) {
#if defined(__x86_64__)
    __builtin_ia32_ldmxcsr((uint32_t)before);
#elif defined(__aarch64__)
    __asm__ volatile("msr fpcr, %0" ::"r"(before));
#else
    (void)before;
#endif
}
