// The AVX-512 and AMX instructions that the kernels name, in plain C: for processors that have none
// (scripts/check-avx512.sh). Everything else of those sets is written with the compiler's vectors.
#pragma once
#include <math.h>
#include <stdint.h>
#include <string.h>

typedef float __m512 __attribute__((vector_size(64)));
typedef int64_t __m512i __attribute__((vector_size(64)));
typedef uint16_t __m512bh __attribute__((vector_size(64)));
typedef uint16_t __mmask16;
typedef uint64_t __mmask64;

// The widths of a register's parts.
typedef int32_t words_512 __attribute__((vector_size(64)));
typedef int16_t halves_512 __attribute__((vector_size(64)));
typedef int8_t bytes_512 __attribute__((vector_size(64)));

#define EMULATED static inline __attribute__((always_inline, unused))

EMULATED __m512 _mm512_maskz_loadu_ps(__mmask16 mask, const float *p) {
    __m512 x = {0};
    for (int i = 0; i < 16; i++) {
        if (mask >> i & 1) x[i] = p[i];
    }
    return x;
}

EMULATED void _mm512_mask_storeu_ps(float *p, __mmask16 mask, __m512 x) {
    for (int i = 0; i < 16; i++) {
        if (mask >> i & 1) p[i] = x[i];
    }
}

EMULATED void _mm512_mask_storeu_epi8(void *p, __mmask64 mask, __m512i x) {
    bytes_512 bytes = (bytes_512)x;
    for (int i = 0; i < 64; i++) {
        if (mask >> i & 1) ((int8_t *)p)[i] = bytes[i];
    }
}

EMULATED __m512i _mm512_permutexvar_epi16(__m512i order, __m512i x) {
    halves_512 places = (halves_512)order, from = (halves_512)x, to;
    for (int i = 0; i < 32; i++) to[i] = from[places[i] & 31];
    return (__m512i)to;
}

/// Products of 16 bits, added in pairs.
EMULATED __m512i _mm512_madd_epi16(__m512i a, __m512i b) {
    halves_512 x = (halves_512)a, y = (halves_512)b;
    words_512 sums;
    for (int i = 0; i < 16; i++) sums[i] = x[2 * i] * y[2 * i] + x[2 * i + 1] * y[2 * i + 1];
    return (__m512i)sums;
}

/// To each lane of `sum` the products of four unsigned bytes with four signed ones.
EMULATED __m512i _mm512_dpbusd_epi32(__m512i sum, __m512i a, __m512i b) {
    words_512 sums = (words_512)sum;
    bytes_512 x = (bytes_512)a, y = (bytes_512)b;
    for (int i = 0; i < 64; i++) sums[i / 4] += (uint8_t)x[i] * y[i];
    return (__m512i)sums;
}

// Subnormal numbers are read and written as zeros by these and by tiles, whatever the processor was told.
EMULATED float flushed(float x) { return fabsf(x) < 0x1p-126f ? copysignf(0, x) : x; }

/// Rounded to nearest, ties to even; NaN becomes a quiet one.
EMULATED uint16_t bf16_of(float x) {
    uint32_t bits;
    x = flushed(x);
    memcpy(&bits, &x, 4);
    if (isnan(x)) return (uint16_t)(bits >> 16 | 0x40);
    return (uint16_t)((bits + 0x7fff + (bits >> 16 & 1)) >> 16);
}

EMULATED float of_bf16(uint16_t x) {
    uint32_t bits = (uint32_t)x << 16;
    float value;
    memcpy(&value, &bits, 4);
    return flushed(value);
}

/// The lanes of `low`, then those of `high`.
EMULATED __m512bh _mm512_cvtne2ps_pbh(__m512 high, __m512 low) {
    __m512bh rounded;
    for (int i = 0; i < 16; i++) {
        rounded[i] = bf16_of(low[i]);
        rounded[16 + i] = bf16_of(high[i]);
    }
    return rounded;
}

// Tile registers of 16 rows of 64 bytes, the only shape that the kernels ask for.
static _Thread_local float tiles_512[8][16][16];

EMULATED void _tile_loadconfig(const void *shapes) { (void)shapes; }

EMULATED void _tile_release(void) { memset(tiles_512, 0, sizeof tiles_512); }

EMULATED void _tile_zero(int tile) { memset(tiles_512[tile], 0, sizeof tiles_512[tile]); }

EMULATED void _tile_loadd(int tile, const void *first, size_t row_bytes) {
    for (int i = 0; i < 16; i++) memcpy(tiles_512[tile][i], (const char *)first + (size_t)i * row_bytes, 64);
}

EMULATED void _tile_stored(int tile, void *first, size_t row_bytes) {
    for (int i = 0; i < 16; i++) memcpy((char *)first + (size_t)i * row_bytes, tiles_512[tile][i], 64);
}

/// The products of the even steps are summed from zero, those of the odd ones too, and both are added.
static __attribute__((unused)) void _tile_dpbf16ps(int sums, int rows, int columns) {
    for (int i = 0; i < 16; i++) {
        for (int j = 0; j < 16; j++) {
            float chains[2] = {0, 0};
            for (int pair = 0; pair < 16; pair++) {
                uint16_t a[2], b[2];
                memcpy(a, &tiles_512[rows][i][pair], 4);
                memcpy(b, &tiles_512[columns][pair][j], 4);
                for (int odd = 0; odd < 2; odd++)
                    chains[odd] = flushed(fmaf(of_bf16(a[odd]), of_bf16(b[odd]), chains[odd]));
            }
            float *sum = &tiles_512[sums][i][j];
            *sum = flushed(flushed(*sum) + flushed(chains[0] + chains[1]));
        }
    }
}
