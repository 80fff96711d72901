// Attention of single queries over a cache of int8 keys and values.

/// Where one head's keys, values and scales of the first 16 positions stand; those of the next are
/// `stride` bytes further.
typedef struct {
    ptrdiff_t groups, value_row, stride;
    uint8_t *bytes;
} head_cache;

INLINE head_cache head_of(const poe_integer_cache *cache, ptrdiff_t head) {
    ptrdiff_t block = poe_integer_cache_block(cache->dimension);
    return (head_cache){.groups = (cache->dimension + 3) / 4,
                        .value_row = round_up(cache->dimension, LANES),
                        .stride = cache->heads * block,
                        .bytes = (uint8_t *)cache->bytes + head * block};
}

/// The block of 16 positions that has `position`: keys first.
INLINE uint8_t *keys_of(head_cache h, ptrdiff_t position) {
    return h.bytes + position / LANES * h.stride;
}

/// The symbols of the values of `position` and its neighbours, in fours.
INLINE int8_t *values_of(head_cache h, ptrdiff_t position) {
    return (int8_t *)keys_of(h, position) + 64 * h.groups + position % LANES / 4 * 4 * h.value_row;
}

/// What the symbols of the keys of the block's 16 positions stand for; 16 further, of the values.
INLINE float *scales_of(head_cache h, ptrdiff_t position) {
    return (float *)(void *)(keys_of(h, position) + 64 * h.groups + 16 * h.value_row);
}

/// Puts a value's symbols between those of its three neighbours, which other threads may be writing.
INLINE void store_value(head_cache h, const float *value, ptrdiff_t dimension, ptrdiff_t position) {
    int8_grid grid = grid_of(value, dimension);
    int8_t *block = values_of(h, position);
    FOR_VECTORS(dimension) {
        i16 symbols = symbols_of(load_some(value + j, left), grid);
#if defined(MASKED_TAILS)
        uint32_t place = (uint32_t)(position % 4);
        _mm512_mask_storeu_epi8(block + 4 * j, (__mmask64)(0x1111111111111111u << place),
                                (__m512i)(symbols << (int32_t)(8 * place)));
#else
        int8_t bytes[LANES];
        store_symbols(bytes, symbols);
        for (ptrdiff_t i = 0; i < LANES; i++) block[4 * (j + i) + position % 4] = bytes[i];
#endif
    }
    scales_of(h, position)[LANES + position % LANES] = grid.scale;
}

static void store_cached(const poe_integer_cache *cache, const float *keys, const float *values,
                         ptrdiff_t position, ptrdiff_t head_begin, ptrdiff_t head_end) {
    ptrdiff_t dimension = cache->dimension;
    for (ptrdiff_t head = head_begin; head < head_end; head++) {
        head_cache h = head_of(cache, head);
        const float *key = keys + head * dimension;
        int8_grid grid = grid_of(key, dimension);
        uint8_t *column = keys_of(h, position) + position % LANES * 4;
        FOR_VECTORS(dimension) {
            int8_t bytes[LANES];
            store_symbols(bytes, symbols_of(load_some(key + j, left), grid) ^ 128);
            for (ptrdiff_t g = 0; g < 4 && 4 * g < left; g++)
                __builtin_memcpy(column + (j / 4 + g) * 64, bytes + 4 * g, 4);
        }
        scales_of(h, position)[position % LANES] = grid.scale;
        store_value(h, values + head * dimension, dimension, position);
    }
}

/// Lanes of positions j, j + 1, ... that lie below `count`.
INLINE i16 below(ptrdiff_t j, ptrdiff_t count) {
    const i16 lane = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
    return lane < (int32_t)smaller(count - j, LANES);
}

// Heads that go through each step together: the steps of one wait for each other, those of others
// fill the time.
#define HEADS_TOGETHER 4
_Static_assert(HEADS_TOGETHER == POE_HEADS_TOGETHER, "what scratch is counted for");

/// One head on its way.
typedef struct {
    head_cache cache;
    /// The query.
    int8_t *query;
    int32_t excess;
    float scale;
    /// Scores, then weights, for `count` positions, whole vectors.
    float *scores;
    float top, sum;
    /// The greatest weight's bits.
    int32_t greatest;
    /// Weights as bytes: the high ones, then the low ones, whole vectors.
    int8_t *high, *low;
} head_work;

/// Integer products of blocks of 16 positions with a query.
INLINE void score_blocks(const int blocks, const head_work *w, ptrdiff_t j, i16 *sums) {
    const uint8_t *keys = keys_of(w->cache, j);
#pragma clang loop unroll(full)
    for (int i = 0; i < blocks; i++) sums[i] = splat_int(0);
#pragma clang loop unroll(disable)
    for (ptrdiff_t g = 0; g < w->cache.groups; g++) {
        i16 query = splat_bytes(w->query + 4 * g);
#pragma clang loop unroll(full)
        for (int i = 0; i < blocks; i++)
            sums[i] = dot4(sums[i], load_weights(keys + i * w->cache.stride + g * 64), query);
    }
}

INLINE v16 finish_scores(const head_work *w, i16 sum, ptrdiff_t j, ptrdiff_t count, v16 tops) {
    v16 score = to_floats(of_symbols(sum, w->excess)) * w->scale * load(scales_of(w->cache, j));
    // What stands behind the last position may be anything.
    score = choose(below(j, count), score, splat(-3.0e38f));
    store(w->scores + j, score);
    return max16(tops, score);
}

/// Scores of `count` positions, and the greatest.
INLINE void score_cached(head_work *w, ptrdiff_t count) {
    v16 tops = splat(-3.0e38f);
    ptrdiff_t j = 0;
    i16 sums[4];
    for (; j + 3 * LANES < count; j += 4 * LANES) {
        score_blocks(4, w, j, sums);
#pragma clang loop unroll(full)
        for (int i = 0; i < 4; i++) tops = finish_scores(w, sums[i], j + i * LANES, count, tops);
    }
    for (; j < count; j += LANES) {
        score_blocks(1, w, j, sums);
        tops = finish_scores(w, sums[0], j, count, tops);
    }
    w->top = top16(tops);
}

/// Turns scores into exponentials times the scales of the values, zeros behind the last position.
INLINE void weigh_cached(head_work *w, ptrdiff_t count) {
    v16 sums = splat(0.0f);
    i16 tops = splat_int(0);
    for (ptrdiff_t j = 0; j < count; j += LANES) {
        i16 within = below(j, count);
        v16 e = choose(within, exp16(load(w->scores + j) - w->top), splat(0.0f));
        sums += e;
        v16 weight = choose(within, e * load(scales_of(w->cache, j) + LANES), splat(0.0f));
        tops = greater_bits(weight, tops);
        store(w->scores + j, weight);
    }
    w->sum = sum16(sums);
    w->greatest = __builtin_reduce_max(tops);
}

// Weights of the values have 14 bits, in two bytes of 7: any two products of a byte below 128 with
// a symbol fit every set's way of `dot4`.
#define WEIGHT_TOP 16383.0f

/// Weights as bytes. Leaves in `scale` what a weight of 1 stands for, over the sum of exponentials.
INLINE void quantize_weights(head_work *w, ptrdiff_t count) {
    union { int32_t i; float f; } u = {w->greatest};
    int vanishes = w->greatest < LEAST_BITS;
    float inverse = vanishes ? 0.0f : WEIGHT_TOP / u.f;
    for (ptrdiff_t j = 0; j < count; j += LANES) {
        i16 weight = (i16)(load(w->scores + j) * inverse + ROUNDING) - ROUNDING_BITS;
        store_symbols(w->high + j, weight >> 7);
        store_symbols(w->low + j, weight & 127);
    }
    w->scale = vanishes ? 0.0f : u.f / WEIGHT_TOP / w->sum;
}

/// The weighted sum of values: `vectors` * 16 elements from `d` on.
INLINE void mix_values(const int vectors, const head_work *w, ptrdiff_t d, ptrdiff_t dimension,
                       ptrdiff_t count, float *out) {
    i16 high[2], low[2];
#pragma clang loop unroll(full)
    for (int i = 0; i < vectors; i++) high[i] = low[i] = splat_int(0);
#pragma clang loop unroll_count(2)
    for (ptrdiff_t j = 0; j < count; j += 4) {
        const int8_t *values = values_of(w->cache, j) + 4 * d;
        i16 high4 = splat_bytes(w->high + j), low4 = splat_bytes(w->low + j);
#pragma clang loop unroll(full)
        for (int i = 0; i < vectors; i++) {
            high[i] = dot4(high[i], high4, load_bytes(values + 64 * i));
            low[i] = dot4(low[i], low4, load_bytes(values + 64 * i));
        }
    }
#pragma clang loop unroll(full)
    for (int i = 0; i < vectors; i++) {
        v16 mixed = fma16(to_floats(high[i]), splat(128.0f), to_floats(low[i]));
        store_some(out + d + i * LANES, mixed * w->scale, dimension - d - i * LANES);
    }
}

static void attend_integers(const poe_integer_cache *cache, const float *query,
                            ptrdiff_t head_begin, ptrdiff_t head_end, ptrdiff_t count,
                            float score_scale, float *out, float *scratch) {
    ptrdiff_t dimension = cache->dimension, width = round_up(dimension, LANES);
    ptrdiff_t positions = round_up(count, LANES);
    int8_t *bytes = (int8_t *)(scratch + HEADS_TOGETHER * positions);
    head_work work[HEADS_TOGETHER];
    for (int i = 0; i < HEADS_TOGETHER; i++) {
        work[i].scores = scratch + i * positions;
        work[i].high = bytes + i * (2 * positions + width);
        work[i].low = work[i].high + positions;
        work[i].query = work[i].low + positions;
    }
    for (ptrdiff_t head = head_begin; head < head_end; head += HEADS_TOGETHER) {
        int heads = (int)smaller(HEADS_TOGETHER, head_end - head);
        for (int i = 0; i < heads; i++) {
            head_work *w = &work[i];
            w->cache = head_of(cache, head + i);
            w->excess = quantize_row(query + (head + i) * dimension, dimension, width, w->query,
                                     &w->scale);
            w->scale *= score_scale;
        }
        for (int i = 0; i < heads; i++) score_cached(&work[i], count);
        for (int i = 0; i < heads; i++) weigh_cached(&work[i], count);
        for (int i = 0; i < heads; i++) quantize_weights(&work[i], count);
        for (int i = 0; i < heads; i++) {
            float *mixed = out + (head + i) * dimension;
            ptrdiff_t d = 0;
            for (; d + LANES < dimension; d += 2 * LANES)
                mix_values(2, &work[i], d, dimension, count, mixed);
            if (d < dimension) mix_values(1, &work[i], d, dimension, count, mixed);
        }
    }
}
