// Products of bytes. Included once per instruction set, as vectors.h.
//
// A weight byte is a symbol + 128, so that it is unsigned: what AVX-512 VNNI multiplies is an
// unsigned byte by a signed one. Sums of 32 bits are exact, and exact integers have one value in
// any order, so each set may go its own way here.

// Sixteen groups of 4 bytes, at any address.
typedef i16 i16_anywhere __attribute__((aligned(1)));
typedef int16_t s32 __attribute__((vector_size(64)));
typedef int8_t c16 __attribute__((vector_size(16)));
typedef c16 c16_anywhere __attribute__((aligned(1)));

INLINE i16 splat_int(int32_t x) { return (i16){x, x, x, x, x, x, x, x, x, x, x, x, x, x, x, x}; }

/// Sixteen groups of 4 bytes from memory.
INLINE i16 load_bytes(const void *p) {
    READS(p, 64);
    return *(const i16_anywhere *)p;
}

INLINE void store_bytes(void *p, i16 x) {
    WRITES(p, 64);
    *(i16_anywhere *)p = x;
}

/// The same 4 bytes in every group.
INLINE i16 splat_bytes(const void *p) {
    int32_t group;
    __builtin_memcpy(&group, p, 4);
    return splat_int(group);
}

// `dot4`: to each lane of `sum` the products of 4 weights (unsigned) and 4 activations (signed, in
// -127 ... 127). Where it takes symbols instead of bytes, DOT_TAKES_SYMBOLS is 1.

#if defined(DOT_VNNI)
#define DOT_TAKES_SYMBOLS 0
INLINE i16 dot4(i16 sum, i16 weights, i16 activations) {
    return (i16)_mm512_dpbusd_epi32((__m512i)sum, (__m512i)weights, (__m512i)activations);
}

#elif defined(DOT_PAIRS_512) || defined(DOT_PAIRS_256)
#define DOT_TAKES_SYMBOLS 0
// Even and odd bytes widened to 16 bits, multiplied and added in pairs to 32 bits: the instruction
// that multiplies bytes (vpmaddubsw) would saturate.
#if defined(DOT_PAIRS_512)
INLINE i16 multiply_pairs(s32 a, s32 b) {
    return (i16)_mm512_madd_epi16((__m512i)a, (__m512i)b);
}
#else
typedef int32_t i8 __attribute__((vector_size(32)));
INLINE i16 multiply_pairs(s32 a, s32 b) {
    i16 x = (i16)a, y = (i16)b;
    i8 x0 = __builtin_shufflevector(x, x, 0, 1, 2, 3, 4, 5, 6, 7);
    i8 x1 = __builtin_shufflevector(x, x, 8, 9, 10, 11, 12, 13, 14, 15);
    i8 y0 = __builtin_shufflevector(y, y, 0, 1, 2, 3, 4, 5, 6, 7);
    i8 y1 = __builtin_shufflevector(y, y, 8, 9, 10, 11, 12, 13, 14, 15);
    i8 low = (i8)_mm256_madd_epi16((__m256i)x0, (__m256i)y0);
    i8 high = (i8)_mm256_madd_epi16((__m256i)x1, (__m256i)y1);
    return __builtin_shufflevector(low, high, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
}
#endif
INLINE i16 dot4(i16 sum, i16 weights, i16 activations) {
    s32 even = (s32)(weights & 0x00ff00ff), odd = (s32)((u16)weights >> 8 & 0x00ff00ff);
    s32 a = (s32)activations;
    return sum + multiply_pairs(even, (s32)(((u16)activations << 8)) >> 8) + multiply_pairs(odd, a >> 8);
}

#elif defined(DOT_NEON)
#define DOT_TAKES_SYMBOLS 1
typedef int32_t i4 __attribute__((vector_size(16)));
INLINE int32x4_t dot_quarter(int32x4_t sum, int8x16_t weights, int8x16_t activations) {
#if defined(__ARM_FEATURE_DOTPROD)
    return vdotq_s32(sum, weights, activations);
#else
    // Two products of a symbol and an activation, at most 2 * 128 * 127, fit 16 bits.
    int16x8_t low = vmull_s8(vget_low_s8(weights), vget_low_s8(activations));
    int16x8_t high = vmull_high_s8(weights, activations);
    return vpadalq_s16(sum, vpaddq_s16(low, high));
#endif
}
INLINE i16 dot4(i16 sum, i16 weights, i16 activations) {
#define QUARTER(x, q) __builtin_shufflevector(x, x, 4 * q, 4 * q + 1, 4 * q + 2, 4 * q + 3)
#define DOT_QUARTER(q) \
    (i4)dot_quarter((int32x4_t)QUARTER(sum, q), (int8x16_t)QUARTER(weights, q), \
                    (int8x16_t)QUARTER(activations, q))
    i4 s0 = DOT_QUARTER(0), s1 = DOT_QUARTER(1), s2 = DOT_QUARTER(2), s3 = DOT_QUARTER(3);
#undef DOT_QUARTER
#undef QUARTER
    typedef int32_t i8 __attribute__((vector_size(32)));
    i8 low = __builtin_shufflevector(s0, s1, 0, 1, 2, 3, 4, 5, 6, 7);
    i8 high = __builtin_shufflevector(s2, s3, 0, 1, 2, 3, 4, 5, 6, 7);
    return __builtin_shufflevector(low, high, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
}

#else
#define DOT_TAKES_SYMBOLS 0
INLINE i16 dot4(i16 sum, i16 weights, i16 activations) {
    // A product of two bytes, at most 255 * 127, fits 16 bits; a sum of two does not.
    s32 even = (s32)(weights & 0x00ff00ff) * ((s32)((u16)activations << 8) >> 8);
    s32 odd = (s32)((u16)weights >> 8 & 0x00ff00ff) * ((s32)activations >> 8);
    i16 e = (i16)even, o = (i16)odd;
    return sum + ((i16)((u16)e << 16) >> 16) + (e >> 16) + ((i16)((u16)o << 16) >> 16) + (o >> 16);
}
#endif

/// Weight bytes as `dot4` takes them.
INLINE i16 load_weights(const void *p) {
    i16 bytes = load_bytes(p);
    return DOT_TAKES_SYMBOLS ? bytes ^ (int32_t)0x80808080u : bytes;
}

/// A sum of `dot4` as if it had been made of symbols; `excess` is 128 times the sum of the
/// activations.
INLINE i16 of_symbols(i16 sum, int32_t excess) { return DOT_TAKES_SYMBOLS ? sum : sum - excess; }

INLINE v16 to_floats(i16 x) { return __builtin_convertvector(x, v16); }
