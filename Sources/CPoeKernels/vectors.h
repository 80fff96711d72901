// Sixteen virtual lanes, and the functions of them that the kernels use. Included once per
// instruction set, inside that set's target region; see Documentation/Kernels.md.

typedef float v16 __attribute__((vector_size(64)));
typedef int32_t i16 __attribute__((vector_size(64)));
typedef uint32_t u16 __attribute__((vector_size(64)));
// The same lanes at any float's address.
typedef float v16_anywhere __attribute__((vector_size(64), aligned(4)));

#define LANES 16
// Vectors of 64 bytes are passed differently by each target, so no function that takes one may
// be left out of line.
#define INLINE static inline __attribute__((always_inline))

// The thread sanitizer does not see accesses of more than 16 bytes: there they are told to it, and
// go through no masks.
#if defined(__has_feature)
#if __has_feature(thread_sanitizer)
#undef MASKED_TAILS
#define READS(p, size) __tsan_read_range((void *)(uintptr_t)(p), size)
#define WRITES(p, size) __tsan_write_range(p, size)
#endif
#endif
#if !defined(READS)
#define READS(p, size) ((void)0)
#define WRITES(p, size) ((void)0)
#endif

INLINE v16 splat(float x) { return (v16){x, x, x, x, x, x, x, x, x, x, x, x, x, x, x, x}; }

INLINE v16 load(const float *p) {
    READS(p, 64);
    return *(const v16_anywhere *)p;
}

INLINE void store(float *p, v16 x) {
    WRITES(p, 64);
    *(v16_anywhere *)p = x;
}

#if defined(MASKED_TAILS)
INLINE __mmask16 first_lanes(ptrdiff_t count) {
    return count <= 0 ? 0 : (__mmask16)((1u << count) - 1);
}
#endif

/// The first `count` lanes from memory, zeros above; a whole vector where `count` >= 16.
INLINE v16 load_some(const float *p, ptrdiff_t count) {
    if (count >= LANES) return load(p);
#if defined(MASKED_TAILS)
    return (v16)_mm512_maskz_loadu_ps(first_lanes(count), p);
#else
    float lanes[LANES] = {0};
    for (ptrdiff_t i = 0; i < count; i++) lanes[i] = p[i];
    return load(lanes);
#endif
}

INLINE void store_some(float *p, v16 x, ptrdiff_t count) {
    if (count >= LANES) {
        store(p, x);
        return;
    }
#if defined(MASKED_TAILS)
    _mm512_mask_storeu_ps(p, first_lanes(count), (__m512)x);
#else
    float lanes[LANES];
    store(lanes, x);
    for (ptrdiff_t i = 0; i < count; i++) p[i] = lanes[i];
#endif
}

/// a * b + c, rounded once.
INLINE v16 fma16(v16 a, v16 b, v16 c) { return __builtin_elementwise_fma(a, b, c); }

/// Lane by lane `condition ? a : b`; a condition is all ones or all zeros.
INLINE v16 choose(i16 condition, v16 a, v16 b) {
    return (v16)(((i16)a & condition) | ((i16)b & ~condition));
}

INLINE v16 max16(v16 a, v16 b) { return choose(a > b, a, b); }

/// All lanes added in one tree: 16 to 8 (lane i + lane i + 8), to 4, to 2, to 1.
INLINE float sum16(v16 x) {
    x += __builtin_shufflevector(x, x, 8, 9, 10, 11, 12, 13, 14, 15, 0, 1, 2, 3, 4, 5, 6, 7);
    x += __builtin_shufflevector(x, x, 4, 5, 6, 7, 0, 1, 2, 3, 12, 13, 14, 15, 8, 9, 10, 11);
    x += __builtin_shufflevector(x, x, 2, 3, 0, 1, 6, 7, 4, 5, 10, 11, 8, 9, 14, 15, 12, 13);
    x += __builtin_shufflevector(x, x, 1, 0, 3, 2, 5, 4, 7, 6, 9, 8, 11, 10, 13, 12, 15, 14);
    return x[0];
}

/// The greatest lane.
INLINE float top16(v16 x) {
    x = max16(x, __builtin_shufflevector(x, x, 8, 9, 10, 11, 12, 13, 14, 15, 0, 1, 2, 3, 4, 5, 6, 7));
    x = max16(x, __builtin_shufflevector(x, x, 4, 5, 6, 7, 0, 1, 2, 3, 12, 13, 14, 15, 8, 9, 10, 11));
    x = max16(x, __builtin_shufflevector(x, x, 2, 3, 0, 1, 6, 7, 4, 5, 10, 11, 8, 9, 14, 15, 12, 13));
    x = max16(x, __builtin_shufflevector(x, x, 1, 0, 3, 2, 5, 4, 7, 6, 9, 8, 11, 10, 13, 12, 15, 14));
    return x[0];
}

/// e^x within 1.1 units in the last place; 0 below -87, 6.07e37 above 87 (no infinity is made).
///
/// x = n ln 2 + r with |r| <= ln 2 / 2; e^r by a polynomial (relative error 3.2e-9, fitted for
/// this file); 2^n through the exponent's bits.
INLINE v16 exp16(v16 x) {
    const v16 limit = splat(87.0f);
    i16 vanishes = x < -limit;
    x = choose(vanishes, -limit, x);
    x = choose(x > limit, limit, x);
    // Adding 1.5 * 2^23 rounds to an integer and leaves it in the low bits.
    const v16 magic = splat(12582912.0f);
    v16 shifted = fma16(x, splat(1.44269504f), magic);
    v16 n = shifted - magic;
    v16 r = fma16(n, splat(-0.693359375f), x);
    r = fma16(n, splat(2.12194440e-4f), r);
    v16 p = splat(0.001381437216397796f);
    p = fma16(p, r, splat(0.008368667147815742f));
    p = fma16(p, r, splat(0.04166838765578092f));
    p = fma16(p, r, splat(0.16666521063007536f));
    p = fma16(p, r, splat(0.4999999346511472f));
    p = fma16(p * r, r, r) + 1.0f;
    v16 result = (v16)((i16)p + ((i16)shifted << 23));
    return choose(vanishes, splat(0.0f), result);
}

/// ln x of a positive normal x, within 0.9 units in the last place (the polynomial of Cephes logf).
INLINE float log1(float x) {
    union { float f; int32_t i; } u = {x};
    int32_t e = (u.i >> 23) - 126;
    u.i = (u.i & 0x007fffff) | 0x3f000000; // in [0.5, 1)
    float m = u.f;
    if (m < 0.707106781f) {
        e -= 1;
        m = m + m;
    }
    m -= 1.0f;
    float z = m * m;
    float p = 7.0376836292e-2f;
    p = __builtin_fmaf(p, m, -1.1514610310e-1f);
    p = __builtin_fmaf(p, m, 1.1676998740e-1f);
    p = __builtin_fmaf(p, m, -1.2420140846e-1f);
    p = __builtin_fmaf(p, m, 1.4249322787e-1f);
    p = __builtin_fmaf(p, m, -1.6668057665e-1f);
    p = __builtin_fmaf(p, m, 2.0000714765e-1f);
    p = __builtin_fmaf(p, m, -2.4999993993e-1f);
    p = __builtin_fmaf(p, m, 3.3333331174e-1f);
    float y = p * m * z;
    float n = (float)e;
    y = __builtin_fmaf(n, -2.12194440e-4f, y);
    y = __builtin_fmaf(-0.5f, z, y);
    return __builtin_fmaf(n, 0.693359375f, m + y);
}

/// Sixteen random words for the mask elements index, index + 1, ...
INLINE u16 dropout_bits(const poe_dropout *d, uint64_t index) {
    const u16 steps = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
    u16 low = steps + (uint32_t)index;
    // A low half that wraps within the vector carries into the high half.
    u16 carry = (u16)(low < (uint32_t)index);
    u16 high = (d->key_high + (uint32_t)(index >> 32)) - carry;
    u16 x = low ^ d->key_low;
    for (int round = 0; round < 2; round++) {
        x = (x ^ (x >> 16)) * 0x7feb352du;
        x = (x ^ (x >> 15)) * 0x846ca68bu;
        x = x ^ (x >> 16);
        if (round == 0) x += high;
    }
    return x;
}

/// x times its mask.
INLINE v16 drop(v16 x, const poe_dropout *d, uint64_t index) {
    i16 kept = (i16)(dropout_bits(d, index) >= d->keep);
    return choose(kept, x * d->scale, splat(0.0f));
}
