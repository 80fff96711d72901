// Causal attention, a job being one head of one window: forward, backward, and one query over a
// cache.

// Query rows taken together: their scores stay in the cache, and what lies wholly behind the mask
// of a block is not computed. The order of the sums in backward depends on it, the set does not.
#define QUERY_BLOCK 48
// In bfloat16 two groups of steps: these rows are the depth of a product in backward.
#define QUERY_BLOCK_BF16 (2 * POE_GROUP_STEPS)
#define LARGEST_QUERY_BLOCK QUERY_BLOCK_BF16
_Static_assert(QUERY_BLOCK <= LARGEST_QUERY_BLOCK, "the largest");

/// A job's inputs and scratch.
typedef struct {
    int bf16;
    ptrdiff_t query_block;
    // What products round to bfloat16 in.
    float *rounded;
    ptrdiff_t length, dimension, score_row;
    const float *q, *k, *v;
    // Element index of the dropout mask at query 0, key 0.
    uint64_t first_mask;
    float *out;
    float *keys_transposed, *values;
    float *scores;
    // Backward only.
    float *values_transposed, *keys, *queries, *d_outs, *d_scores;
    const float *d_out;
    float *d_q, *d_k, *d_v;
} job_view;

/// Floats of a packed operand, in f32 or in bfloat16.
INLINE ptrdiff_t packed_floats(ptrdiff_t depth, ptrdiff_t columns) {
    return round_up(depth, POE_GROUP_STEPS) * round_up(columns, LANES);
}

static ptrdiff_t attention_scratch(ptrdiff_t length, ptrdiff_t dimension) {
    // Two operands [dimension, length], four [length, dimension], two blocks of scores, and what a
    // product rounds.
    return 2 * packed_floats(dimension, length) + 4 * packed_floats(length, dimension)
        + 2 * LARGEST_QUERY_BLOCK * round_up(length, LANES) + POE_PRODUCT_SCRATCH;
}

INLINE job_view view_of(const poe_attention *a, ptrdiff_t job, float *scratch) {
    ptrdiff_t window = job / a->heads, head = job % a->heads;
    ptrdiff_t width = a->heads * a->dimension;
    ptrdiff_t wide = round_up(a->length, LANES);
    ptrdiff_t tall = packed_floats(a->length, a->dimension);
    const float *rows = a->qkv + window * a->length * a->qkv_row + head * a->dimension;
    job_view v = {.bf16 = a->bf16, .query_block = a->bf16 ? QUERY_BLOCK_BF16 : QUERY_BLOCK,
                  .length = a->length, .dimension = a->dimension, .score_row = wide};
    v.q = rows;
    v.k = rows + width;
    v.v = rows + 2 * width;
    v.out = a->out + window * a->length * a->out_row + head * a->dimension;
    v.first_mask = (uint64_t)job * (uint64_t)a->length * (uint64_t)a->length;
    v.keys_transposed = scratch;
    v.values_transposed = v.keys_transposed + packed_floats(a->dimension, a->length);
    v.values = v.values_transposed + packed_floats(a->dimension, a->length);
    v.keys = v.values + tall;
    v.queries = v.keys + tall;
    v.d_outs = v.queries + tall;
    v.scores = v.d_outs + tall;
    v.d_scores = v.scores + LARGEST_QUERY_BLOCK * wide;
    v.rounded = v.d_scores + LARGEST_QUERY_BLOCK * wide;
    if (a->d_qkv) {
        v.d_out = a->d_out + window * a->length * a->d_out_row + head * a->dimension;
        v.d_q = a->d_qkv + window * a->length * a->d_qkv_row + head * a->dimension;
        v.d_k = v.d_q + width;
        v.d_v = v.d_k + width;
    }
    return v;
}

/// Has `rows` rows of a head's width fetched into the second-level cache.
INLINE void fetch_rows(const job_view *v, const float *first, ptrdiff_t row, ptrdiff_t rows) {
    for (ptrdiff_t i = 0; i < rows; i++) {
        for (ptrdiff_t j = 0; j < v->dimension; j += LANES)
            __builtin_prefetch(first + i * row + j, 0, 2);
    }
}

/// Has `rows` positions from `t0` on of the window's next head fetched: a head's rows stand so far
/// apart that no processor foresees which is read next.
INLINE void fetch_next_head(const poe_attention *a, const job_view *v, ptrdiff_t job, ptrdiff_t t0,
                            ptrdiff_t rows) {
    if (job % a->heads == a->heads - 1) return;
    const float *operands[] = {v->q, v->k, v->v};
    for (int i = 0; i < 3; i++)
        fetch_rows(v, operands[i] + t0 * a->qkv_row + v->dimension, a->qkv_row, rows);
    if (!a->d_qkv) return;
    fetch_rows(v, v->out + t0 * a->out_row + v->dimension, a->out_row, rows);
    fetch_rows(v, v->d_out + t0 * a->d_out_row + v->dimension, a->d_out_row, rows);
}

INLINE void pack_all(const job_view *v, const float *b, ptrdiff_t b_row, int transposed,
                     ptrdiff_t depth, ptrdiff_t columns, float *panels) {
    ptrdiff_t count = (columns + PANEL - 1) / PANEL;
    if (v->bf16)
        pack_bf16(b, b_row, transposed, depth, columns, 0, count, panels);
    else
        pack(b, b_row, transposed, depth, columns, 0, count, panels);
}

INLINE void multiply_all(const job_view *v, const poe_product *product, ptrdiff_t rows) {
    ptrdiff_t count = (product->columns + PANEL - 1) / PANEL;
    if (v->bf16)
        multiply_bf16(product, 0, rows, 0, count, v->rounded);
    else
        multiply(product, 0, rows, 0, count, NULL);
}

/// scores[rows, keys before `limit`] = a[rows, D] packed[D, T].
INLINE void score_block(const job_view *v, const float *a, ptrdiff_t a_row, const float *packed,
                        ptrdiff_t rows, ptrdiff_t limit, float *scores) {
    poe_product product = {.a = a, .a_row = a_row, .a_step = 1, .panels = packed,
                           .panel_depth = v->dimension, .panel_columns = v->length, .c = scores,
                           .c_row = v->score_row, .columns = limit, .depth = v->dimension};
    multiply_all(v, &product, rows);
}

/// c[rows, D] (+)= op(scores) packed[from `depth` rows of T, D].
INLINE void apply_block(const job_view *v, const float *scores, int transposed, const float *packed,
                        ptrdiff_t rows, ptrdiff_t depth, float *c, ptrdiff_t c_row,
                        int accumulate) {
    poe_product product = {.a = scores, .a_row = transposed ? 1 : v->score_row,
                           .a_step = transposed ? v->score_row : 1, .panels = packed,
                           .panel_depth = v->length, .panel_columns = v->dimension, .c = c,
                           .c_row = c_row, .columns = v->dimension, .depth = depth,
                           .accumulate = accumulate};
    multiply_all(v, &product, rows);
}

/// Lanes whose key j + lane is at or before query t.
INLINE i16 seen(ptrdiff_t j, ptrdiff_t t) {
    const i16 lane = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
    return lane <= (int32_t)smaller(t - j, LANES);
}

/// Turns scores of query t into probabilities (dropout applied), zeros from t + 1 to `end`, a
/// multiple of the lanes; returns the logarithm of the sum of exponentials.
INLINE float soften(float *scores, ptrdiff_t t, ptrdiff_t end, float scale,
                    const poe_dropout *dropout, uint64_t mask) {
    const v16 lowest = splat(-3.0e38f);
    v16 tops = lowest;
    for (ptrdiff_t j = 0; j <= t; j += LANES)
        tops = max16(tops, choose(seen(j, t), load(scores + j), lowest));
    float top = top16(tops) * scale;
    v16 sums = splat(0.0f);
    for (ptrdiff_t j = 0; j <= t; j += LANES) {
        v16 e = exp16(fma16(load(scores + j), splat(scale), splat(-top)));
        e = choose(seen(j, t), e, splat(0.0f));
        sums += e;
        store(scores + j, e);
    }
    for (ptrdiff_t j = round_up(t + 1, LANES); j < end; j += LANES) store(scores + j, splat(0.0f));
    float sum = sum16(sums);
    float inverse = 1.0f / sum;
    for (ptrdiff_t j = 0; j <= t; j += LANES) {
        v16 p = load(scores + j) * inverse;
        if (dropout) p = drop(p, dropout, mask + (uint64_t)j);
        store(scores + j, p);
    }
    return top + log1(sum);
}

static void attention(const poe_attention *a, ptrdiff_t job, float *scratch) {
    const job_view v = view_of(a, job, scratch);
    pack_all(&v, v.k, a->qkv_row, 1, v.dimension, v.length, v.keys_transposed);
    pack_all(&v, v.v, a->qkv_row, 0, v.length, v.dimension, v.values);
    for (ptrdiff_t t0 = 0; t0 < v.length; t0 += v.query_block) {
        ptrdiff_t rows = smaller(v.query_block, v.length - t0), limit = t0 + rows;
        fetch_next_head(a, &v, job, t0, rows);
        score_block(&v, v.q + t0 * a->qkv_row, a->qkv_row, v.keys_transposed, rows, limit, v.scores);
        for (ptrdiff_t t = t0; t < limit; t++)
            a->log_sum_exp[job * v.length + t] =
                soften(v.scores + (t - t0) * v.score_row, t, round_up(limit, LANES),
                       a->score_scale, a->dropout, v.first_mask + (uint64_t)(t * v.length));
        apply_block(&v, v.scores, 0, v.values, rows, limit, v.out + t0 * a->out_row, a->out_row, 0);
    }
}

/// From scores and the gradient of the probabilities of query t, both up to `end`: the kept
/// probabilities (in `scores`) and the gradient of the scores (in `d_scores`).
INLINE void soften_backward(float *scores, float *d_scores, ptrdiff_t t, ptrdiff_t end,
                            float log_sum_exp, float delta, const poe_attention *a,
                            uint64_t mask) {
    const v16 zero = splat(0.0f);
    for (ptrdiff_t j = round_up(t + 1, LANES); j < end; j += LANES) {
        store(scores + j, zero);
        store(d_scores + j, zero);
    }
    for (ptrdiff_t j = 0; j <= t; j += LANES) {
        v16 p = exp16(fma16(load(scores + j), splat(a->score_scale), splat(-log_sum_exp)));
        v16 d = load(d_scores + j);
        v16 kept = p;
        if (a->dropout) {
            i16 keeps = (i16)(dropout_bits(a->dropout, mask + (uint64_t)j) >= a->dropout->keep);
            kept = choose(keeps, p * a->dropout->scale, zero);
            d = choose(keeps, d * a->dropout->scale, zero);
        }
        i16 visible = seen(j, t);
        store(scores + j, choose(visible, kept, zero));
        store(d_scores + j, choose(visible, p * (d - delta) * a->score_scale, zero));
    }
}

static void attention_backward(const poe_attention *a, ptrdiff_t job, float *scratch) {
    const job_view v = view_of(a, job, scratch);
    pack_all(&v, v.k, a->qkv_row, 1, v.dimension, v.length, v.keys_transposed);
    pack_all(&v, v.v, a->qkv_row, 1, v.dimension, v.length, v.values_transposed);
    pack_all(&v, v.k, a->qkv_row, 0, v.length, v.dimension, v.keys);
    for (ptrdiff_t t0 = 0; t0 < v.length; t0 += v.query_block) {
        ptrdiff_t rows = smaller(v.query_block, v.length - t0), limit = t0 + rows;
        const float *d_out = v.d_out + t0 * a->d_out_row, *q = v.q + t0 * a->qkv_row;
        fetch_next_head(a, &v, job, t0, rows);
        score_block(&v, q, a->qkv_row, v.keys_transposed, rows, limit, v.scores);
        score_block(&v, d_out, a->d_out_row, v.values_transposed, rows, limit, v.d_scores);
        // Before the softmax, not in its loop: reads of rows that far apart are slow one by one.
        float deltas[LARGEST_QUERY_BLOCK];
        for (ptrdiff_t i = 0; i < rows; i++) {
            v16 products = splat(0.0f);
            FOR_VECTORS(v.dimension)
                products = fma16(load_some(d_out + i * a->d_out_row + j, left),
                                 load_some(v.out + (t0 + i) * a->out_row + j, left), products);
            deltas[i] = sum16(products);
        }
        for (ptrdiff_t i = 0; i < rows; i++)
            soften_backward(v.scores + i * v.score_row, v.d_scores + i * v.score_row, t0 + i,
                            round_up(limit, LANES), a->log_sum_exp[job * v.length + t0 + i],
                            deltas[i], a, v.first_mask + (uint64_t)((t0 + i) * v.length));
        apply_block(&v, v.d_scores, 0, v.keys, rows, limit, v.d_q + t0 * a->d_qkv_row,
                    a->d_qkv_row, 0);
        // Each block of queries adds its share to the keys and values before `limit`; the rows
        // that this block is the first to see start from it.
        pack_all(&v, q, a->qkv_row, 0, rows, v.dimension, v.queries);
        pack_all(&v, d_out, a->d_out_row, 0, rows, v.dimension, v.d_outs);
        job_view block = v;
        block.length = rows;
        apply_block(&block, v.d_scores, 1, v.queries, t0, rows, v.d_k, a->d_qkv_row, 1);
        apply_block(&block, v.scores, 1, v.d_outs, t0, rows, v.d_v, a->d_qkv_row, 1);
        apply_block(&block, v.d_scores + t0, 1, v.queries, rows, rows,
                    v.d_k + t0 * a->d_qkv_row, a->d_qkv_row, 0);
        apply_block(&block, v.scores + t0, 1, v.d_outs, rows, rows,
                    v.d_v + t0 * a->d_qkv_row, a->d_qkv_row, 0);
    }
}

// A head's part of a row is a line or two in every kilobyte, which no processor fetches unasked.
#define ROWS_AHEAD 12

static void attend_cached(const float *query, const float *keys, ptrdiff_t keys_row,
                          const float *values, ptrdiff_t values_row, ptrdiff_t count,
                          ptrdiff_t dimension, float score_scale, float *out, float *scratch) {
    float top = -3.0e38f;
    for (ptrdiff_t s = 0; s < count; s++) {
        v16 products = splat(0.0f);
        FOR_VECTORS(dimension) {
            __builtin_prefetch(keys + (s + ROWS_AHEAD) * keys_row + j);
            products = fma16(load_some(query + j, left),
                             load_some(keys + s * keys_row + j, left), products);
        }
        float score = sum16(products) * score_scale;
        scratch[s] = score;
        top = score > top ? score : top;
    }
    v16 sums = splat(0.0f);
    FOR_VECTORS(count) {
        v16 e = tail_zeroed(exp16(load_some(scratch + j, left) - top), left);
        sums += e;
        store(scratch + j, e);
    }
    float inverse = 1.0f / sum16(sums);
    FOR_VECTORS(dimension) {
        v16 sum = splat(0.0f);
        for (ptrdiff_t s = 0; s < count; s++) {
            __builtin_prefetch(values + (s + ROWS_AHEAD) * values_row + j);
            sum = fma16(splat(scratch[s]), load_some(values + s * values_row + j, left), sum);
        }
        store_some(out + j, sum * inverse, left);
    }
}
