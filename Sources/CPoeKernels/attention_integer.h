// Attention of single queries over a cache of int8 keys and values.

/// Where one head's keys, values and scales stand.
typedef struct {
    ptrdiff_t groups, value_row;
    uint8_t *keys;
    int8_t *values;
    float *key_scales, *value_scales;
} head_cache;

INLINE head_cache head_of(const poe_integer_cache *cache, ptrdiff_t head) {
    head_cache h = {.groups = (cache->dimension + 3) / 4,
                    .value_row = round_up(cache->dimension, LANES)};
    h.keys = (uint8_t *)cache->bytes + head * poe_integer_cache_head(cache->capacity, cache->dimension);
    h.values = (int8_t *)h.keys + cache->capacity * 4 * h.groups;
    h.key_scales = (float *)(void *)(h.values + cache->capacity * h.value_row);
    h.value_scales = h.key_scales + cache->capacity;
    return h;
}

static void store_cached(const poe_integer_cache *cache, const float *keys, const float *values,
                         ptrdiff_t position, ptrdiff_t head_begin, ptrdiff_t head_end) {
    ptrdiff_t dimension = cache->dimension;
    for (ptrdiff_t head = head_begin; head < head_end; head++) {
        head_cache h = head_of(cache, head);
        const float *key = keys + head * dimension;
        int8_grid grid = grid_of(key, dimension);
        uint8_t *column = h.keys + position / LANES * h.groups * 64 + position % LANES * 4;
        FOR_VECTORS(dimension) {
            int8_t bytes[LANES];
            store_symbols(bytes, symbols_of(load_some(key + j, left), grid) ^ 128);
            for (ptrdiff_t g = 0; g < 4 && 4 * g < left; g++)
                __builtin_memcpy(column + (j / 4 + g) * 64, bytes + 4 * g, 4);
        }
        h.key_scales[position] = grid.scale;
        quantize_row(values + head * dimension, dimension, h.value_row,
                     h.values + position * h.value_row, h.value_scales + position);
    }
}

/// Lanes of positions j, j + 1, ... that lie below `count`.
INLINE i16 below(ptrdiff_t j, ptrdiff_t count) {
    const i16 lane = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
    return lane < (int32_t)smaller(count - j, LANES);
}

/// Scores of `count` positions, whole vectors; returns the greatest.
INLINE float score_cached(head_cache h, const int8_t *query, int32_t excess, float scale,
                          ptrdiff_t count, float *scores) {
    const v16 lowest = splat(-3.0e38f);
    v16 tops = lowest;
    for (ptrdiff_t j = 0; j < count; j += LANES) {
        const uint8_t *block = h.keys + j * 4 * h.groups;
        i16 sum = splat_int(0);
        for (ptrdiff_t g = 0; g < h.groups; g++)
            sum = dot4(sum, load_weights(block + 64 * g), splat_bytes(query + 4 * g));
        v16 score = to_floats(of_symbols(sum, excess)) * scale * load(h.key_scales + j);
        // What stands behind the last position may be anything.
        score = choose(below(j, count), score, lowest);
        tops = max16(tops, score);
        store(scores + j, score);
    }
    return top16(tops);
}

/// Turns scores into weights of the values as they stand, zeros behind the last; returns the sum
/// of exponentials.
INLINE float weigh_cached(head_cache h, float top, ptrdiff_t count, float *scores) {
    v16 sums = splat(0.0f);
    for (ptrdiff_t j = 0; j < count; j += LANES) {
        i16 within = below(j, count);
        v16 e = choose(within, exp16(load(scores + j) - top), splat(0.0f));
        sums += e;
        store(scores + j, choose(within, e * load(h.value_scales + j), splat(0.0f)));
    }
    return sum16(sums);
}

INLINE v16 load_values(const int8_t *p) {
    return __builtin_convertvector(*(const c16_anywhere *)p, v16);
}

static void attend_integers(const poe_integer_cache *cache, const float *query,
                            ptrdiff_t head_begin, ptrdiff_t head_end, ptrdiff_t count,
                            float score_scale, float *out, float *scratch) {
    ptrdiff_t dimension = cache->dimension;
    int8_t *symbols = (int8_t *)(scratch + round_up(count, LANES));
    for (ptrdiff_t head = head_begin; head < head_end; head++) {
        head_cache h = head_of(cache, head);
        float query_scale;
        int32_t excess = quantize_row(query + head * dimension, dimension, h.value_row, symbols,
                                      &query_scale);
        float top = score_cached(h, symbols, excess, query_scale * score_scale, count, scratch);
        float inverse = 1.0f / weigh_cached(h, top, count, scratch);
        for (ptrdiff_t d = 0; d < dimension; d += LANES) {
            v16 sum[4] = {splat(0.0f), splat(0.0f), splat(0.0f), splat(0.0f)};
            const int8_t *values = h.values + d;
            for (ptrdiff_t j = 0; j < count; j += 4) {
#pragma clang loop unroll(full)
                for (int i = 0; i < 4; i++)
                    sum[i] = fma16(splat(scratch[j + i]),
                                   load_values(values + (j + i) * h.value_row), sum[i]);
            }
            v16 total = (sum[0] + sum[1]) + (sum[2] + sum[3]);
            store_some(out + head * dimension + d, total * inverse, dimension - d);
        }
    }
}
