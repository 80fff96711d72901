// Kernels that work row by row or element by element.

/// Runs BODY for the vectors of `count` elements: `j` is the first, `left` how many remain.
#define FOR_VECTORS(count) \
    for (ptrdiff_t j = 0, left = (count); left > 0; j += LANES, left -= LANES)

/// Zero in the lanes at `left` and above, so that a tail adds nothing to a sum.
INLINE v16 tail_zeroed(v16 x, ptrdiff_t left) {
    if (left >= LANES) return x;
    const i16 lane = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
    return choose(lane < (int32_t)left, x, splat(0.0f));
}

static void layer_norm(const float *x, ptrdiff_t x_row, const float *gain, const float *bias,
                       float epsilon, ptrdiff_t rows, ptrdiff_t columns, float *out,
                       ptrdiff_t out_row, float *mean, float *inverse) {
    for (ptrdiff_t r = 0; r < rows; r++, x += x_row, out += out_row) {
        v16 sum = splat(0.0f);
        FOR_VECTORS(columns) sum += load_some(x + j, left);
        float m = sum16(sum) / (float)columns;
        v16 squares = splat(0.0f);
        FOR_VECTORS(columns) {
            v16 d = tail_zeroed(load_some(x + j, left) - m, left);
            squares = fma16(d, d, squares);
        }
        float variance = sum16(squares) / (float)columns;
        float inv = 1.0f / __builtin_elementwise_sqrt(variance + epsilon);
        FOR_VECTORS(columns) {
            v16 n = (load_some(x + j, left) - m) * inv;
            v16 b = bias ? load_some(bias + j, left) : splat(0.0f);
            store_some(out + j, fma16(n, load_some(gain + j, left), b), left);
        }
        mean[r] = m;
        inverse[r] = inv;
    }
}

static void layer_norm_backward(const float *d_out, ptrdiff_t d_out_row, const float *x,
                                ptrdiff_t x_row, const float *mean, const float *inverse,
                                const float *gain, ptrdiff_t rows, ptrdiff_t columns, float *d_x,
                                ptrdiff_t d_x_row) {
    for (ptrdiff_t r = 0; r < rows; r++, x += x_row, d_out += d_out_row, d_x += d_x_row) {
        v16 sum_g = splat(0.0f), sum_gn = splat(0.0f);
        // Lanes past the end have gradient 0, but x - mean is large there, and 0 times infinity is NaN.
        FOR_VECTORS(columns) {
            v16 n = tail_zeroed((load_some(x + j, left) - mean[r]) * inverse[r], left);
            v16 g = load_some(d_out + j, left) * load_some(gain + j, left);
            sum_g += g;
            sum_gn = fma16(g, n, sum_gn);
        }
        float mean_g = sum16(sum_g) / (float)columns;
        float mean_gn = sum16(sum_gn) / (float)columns;
        FOR_VECTORS(columns) {
            v16 n = (load_some(x + j, left) - mean[r]) * inverse[r];
            v16 g = load_some(d_out + j, left) * load_some(gain + j, left);
            v16 d = fma16(n, splat(-mean_gn), g - mean_g);
            store_some(d_x + j, fma16(d, splat(inverse[r]), load_some(d_x + j, left)), left);
        }
    }
}

static void layer_norm_gradients(const float *d_out, ptrdiff_t d_out_row, const float *x,
                                 ptrdiff_t x_row, const float *mean, const float *inverse,
                                 ptrdiff_t rows, ptrdiff_t column_begin, ptrdiff_t column_end,
                                 float *d_gain, float *d_bias) {
    for (ptrdiff_t j = column_begin; j < column_end; j += LANES) {
        ptrdiff_t left = column_end - j;
        v16 gain = splat(0.0f), bias = splat(0.0f);
        for (ptrdiff_t r = 0; r < rows; r++) {
            v16 n = (load_some(x + r * x_row + j, left) - mean[r]) * inverse[r];
            v16 g = load_some(d_out + r * d_out_row + j, left);
            gain = fma16(g, n, gain);
            bias += g;
        }
        store_some(d_gain + j, load_some(d_gain + j, left) + gain, left);
        if (d_bias) store_some(d_bias + j, load_some(d_bias + j, left) + bias, left);
    }
}

/// The share of a standard normal below x, and its density there.
///
/// The upper tail at |x| is density * t * P(t) with t = 1 / (1 + 0.21 |x|); P has a relative error of
/// 1.7e-8 over all x (fitted for this file to erfcx in double precision).
typedef struct { v16 below, density; } normal16;
INLINE normal16 standard_normal(v16 x) {
    v16 size = choose(x < 0.0f, -x, x);
    v16 t = 1.0f / fma16(size, splat(0.21f), splat(1.0f));
    v16 p = splat(-0.07166658280045278f);
    p = fma16(p, t, splat(0.2836393118404575f));
    p = fma16(p, t, splat(-0.3303605278057549f));
    p = fma16(p, t, splat(0.3495271264485652f));
    p = fma16(p, t, splat(-0.09401559029504719f));
    p = fma16(p, t, splat(0.12491305324027177f));
    p = fma16(p, t, splat(0.06918124603263345f));
    p = fma16(p, t, splat(0.08507049889401652f));
    p = fma16(p, t, splat(0.08371147108900875f));
    v16 bell = exp16(-0.5f * x * x);
    v16 above = bell * t * p;
    return (normal16){choose(x < 0.0f, above, 1.0f - above), bell * 0.398942280f};
}

// GELU by tanh is x * sigmoid(2 u), u = sqrt(2 / pi) (x + 0.044715 x^3); these are 2 times its
// two coefficients.
#define TANH_LINEAR 1.59576912f
#define TANH_CUBIC 0.0713548128f

INLINE v16 sigmoid_of_tanh_gelu(v16 x) {
    v16 twice_u = x * fma16(x * x, splat(TANH_CUBIC), splat(TANH_LINEAR));
    return 1.0f / (1.0f + exp16(-twice_u));
}

INLINE v16 gelu(int32_t kind, v16 x) {
    return x * (kind == 0 ? standard_normal(x).below : sigmoid_of_tanh_gelu(x));
}

INLINE v16 gelu_slope(int32_t kind, v16 x) {
    if (kind == 0) {
        normal16 n = standard_normal(x);
        return fma16(x, n.density, n.below);
    }
    v16 s = sigmoid_of_tanh_gelu(x);
    // Far below 0 the least s is still above 0, and the factors beside it grow as x^3: they stop at 1e4.
    const v16 most = splat(1e4f);
    v16 c = choose(x > most, most, choose(x < -most, -most, x));
    v16 slope = fma16(c * c, splat(3.0f * TANH_CUBIC), splat(TANH_LINEAR));
    return fma16(c * s * (1.0f - s), slope, s);
}

static void activate(int32_t kind, const float *x, ptrdiff_t x_row, ptrdiff_t rows,
                     ptrdiff_t columns, float *out, ptrdiff_t out_row) {
    for (ptrdiff_t r = 0; r < rows; r++, x += x_row, out += out_row)
        FOR_VECTORS(columns) store_some(out + j, gelu(kind, load_some(x + j, left)), left);
}

static void activate_backward(int32_t kind, const float *d_out, ptrdiff_t d_out_row,
                              const float *x, ptrdiff_t x_row, ptrdiff_t rows, ptrdiff_t columns,
                              float *d_x, ptrdiff_t d_x_row) {
    for (ptrdiff_t r = 0; r < rows; r++, x += x_row, d_out += d_out_row, d_x += d_x_row)
        FOR_VECTORS(columns) {
            v16 slope = gelu_slope(kind, load_some(x + j, left));
            store_some(d_x + j, load_some(d_out + j, left) * slope, left);
        }
}

static void column_sums(const float *x, ptrdiff_t x_row, ptrdiff_t rows, ptrdiff_t column_begin,
                        ptrdiff_t column_end, float *sums) {
    ptrdiff_t j = column_begin;
    // Eight vectors at a time: whole cache lines in a row, and sums that do not wait for each other.
    for (; j + 8 * LANES <= column_end; j += 8 * LANES) {
        v16 sum[8];
#pragma clang loop unroll(full)
        for (int i = 0; i < 8; i++) sum[i] = splat(0.0f);
        for (ptrdiff_t r = 0; r < rows; r++) {
#pragma clang loop unroll(full)
            for (int i = 0; i < 8; i++) sum[i] += load(x + r * x_row + j + i * LANES);
        }
#pragma clang loop unroll(full)
        for (int i = 0; i < 8; i++)
            store(sums + j + i * LANES, load(sums + j + i * LANES) + sum[i]);
    }
    for (; j < column_end; j += LANES) {
        ptrdiff_t left = column_end - j;
        v16 sum = splat(0.0f);
        for (ptrdiff_t r = 0; r < rows; r++) sum += load_some(x + r * x_row + j, left);
        store_some(sums + j, load_some(sums + j, left) + sum, left);
    }
}

static void dropout(const float *x, ptrdiff_t x_row, const poe_dropout *dropout,
                    ptrdiff_t first_row, ptrdiff_t rows, ptrdiff_t columns, float *out,
                    ptrdiff_t out_row) {
    for (ptrdiff_t r = 0; r < rows; r++, x += x_row, out += out_row) {
        uint64_t index = (uint64_t)(first_row + r) * (uint64_t)columns;
        FOR_VECTORS(columns)
            store_some(out + j, drop(load_some(x + j, left), dropout, index + (uint64_t)j), left);
    }
}

static void add_residual(const float *branch, ptrdiff_t branch_row, const poe_dropout *dropout,
                         ptrdiff_t first_row, ptrdiff_t rows, ptrdiff_t columns,
                         const float *residual, ptrdiff_t residual_row, float *out,
                         ptrdiff_t out_row) {
    for (ptrdiff_t r = 0; r < rows;
         r++, branch += branch_row, residual += residual_row, out += out_row) {
        uint64_t index = (uint64_t)(first_row + r) * (uint64_t)columns;
        FOR_VECTORS(columns) {
            v16 b = load_some(branch + j, left);
            if (dropout) b = drop(b, dropout, index + (uint64_t)j);
            store_some(out + j, load_some(residual + j, left) + b, left);
        }
    }
}

static void softmax_cross_entropy(float *logits, ptrdiff_t logits_row, const uint32_t *targets,
                                  ptrdiff_t rows, ptrdiff_t columns, float *losses,
                                  const float *gradient_scale) {
    for (ptrdiff_t r = 0; r < rows; r++, logits += logits_row) {
        float top = logits[0];
        for (ptrdiff_t j = 0; j + LANES <= columns; j += LANES) {
            float t = top16(load(logits + j));
            top = t > top ? t : top;
        }
        for (ptrdiff_t j = columns / LANES * LANES; j < columns; j++)
            top = logits[j] > top ? logits[j] : top;
        float target = logits[targets[r]];
        v16 sums = splat(0.0f);
        FOR_VECTORS(columns) {
            v16 e = tail_zeroed(exp16(load_some(logits + j, left) - top), left);
            sums += e;
            if (gradient_scale) store_some(logits + j, e, left);
        }
        float sum = sum16(sums);
        losses[r] = sum == sum ? log1(sum) + (top - target) : sum;
        if (!gradient_scale) continue;
        float factor = *gradient_scale / sum;
        FOR_VECTORS(columns) store_some(logits + j, load_some(logits + j, left) * factor, left);
        logits[targets[r]] -= *gradient_scale;
    }
}

static void embed(const uint32_t *tokens, ptrdiff_t first, ptrdiff_t count,
                  const float *token_table, ptrdiff_t token_row, const float *position_table,
                  ptrdiff_t position_row, ptrdiff_t context, ptrdiff_t columns, float *out,
                  ptrdiff_t out_row) {
    for (ptrdiff_t i = first; i < first + count; i++, out += out_row) {
        const float *token = token_table + (ptrdiff_t)tokens[i - first] * token_row;
        const float *position = position_table + i % context * position_row;
        FOR_VECTORS(columns)
            store_some(out + j, load_some(token + j, left) + load_some(position + j, left), left);
    }
}

static void embed_backward(const float *d_out, ptrdiff_t d_out_row, const uint32_t *tokens,
                           ptrdiff_t count, ptrdiff_t context, ptrdiff_t column_begin,
                           ptrdiff_t column_end, float *d_token_table, ptrdiff_t token_row,
                           float *d_position_table, ptrdiff_t position_row) {
    for (ptrdiff_t i = 0; i < count; i++, d_out += d_out_row) {
        float *token = d_token_table + (ptrdiff_t)tokens[i] * token_row + column_begin;
        float *position = d_position_table + i % context * position_row + column_begin;
        FOR_VECTORS(column_end - column_begin) {
            v16 d = load_some(d_out + column_begin + j, left);
            store_some(token + j, load_some(token + j, left) + d, left);
            store_some(position + j, load_some(position + j, left) + d, left);
        }
    }
}

typedef float v8 __attribute__((vector_size(32)));
typedef double d8 __attribute__((vector_size(64)));

INLINE d8 add_squares(d8 sum, v8 x) {
    d8 wide = __builtin_convertvector(x, d8);
    return __builtin_elementwise_fma(wide, wide, sum);
}

static double sum_of_squares(const float *x, ptrdiff_t count) {
    d8 low = {0}, high = {0};
    FOR_VECTORS(count) {
        v16 v = load_some(x + j, left);
        low = add_squares(low, __builtin_shufflevector(v, v, 0, 1, 2, 3, 4, 5, 6, 7));
        high = add_squares(high, __builtin_shufflevector(v, v, 8, 9, 10, 11, 12, 13, 14, 15));
    }
    low += high;
    return ((low[0] + low[4]) + (low[2] + low[6])) + ((low[1] + low[5]) + (low[3] + low[7]));
}

static void adamw(float *weights, const float *gradient, float *first, float *second,
                  ptrdiff_t count, const poe_adamw *settings) {
    const poe_adamw s = *settings;
    FOR_VECTORS(count) {
        v16 g = load_some(gradient + j, left) * s.gradient_scale;
        v16 m = fma16(load_some(first + j, left), splat(s.beta1), g * s.one_minus_beta1);
        v16 v = fma16(load_some(second + j, left), splat(s.beta2), g * g * s.one_minus_beta2);
        v16 denominator = __builtin_elementwise_sqrt(v) / s.root_correction2 + s.epsilon;
        v16 w = load_some(weights + j, left) * s.decay;
        store_some(first + j, m, left);
        store_some(second + j, v, left);
        store_some(weights + j, fma16(m / denominator, splat(-s.step), w), left);
    }
}

static void scale_add(const float *x, float alpha, const float *y, float beta, float *out,
                      ptrdiff_t count) {
    FOR_VECTORS(count) {
        v16 scaled = load_some(y + j, left) * beta;
        store_some(out + j, fma16(load_some(x + j, left), splat(alpha), scaled), left);
    }
}

// Chains of multiply-adds that do not wait for each other: enough to fill the units, few enough to
// stay in the registers. The compiler must believe that each lane of each ends elsewhere: it leaves out chains
// whose end it knows (1 x 0.999 + 0.001 is 1), and the machine's limit is then measured too high.
#define CHAINS (TILE_VECTORS > 1 ? 12 : TILE_ROWS)

#define DEFINE_MULTIPLY_ADDS(NAME, OPERATIONS, STEP) \
    static float NAME(ptrdiff_t rounds, int64_t *operations) { \
        const v16 lane = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15}; \
        v16 sum[CHAINS]; \
        _Pragma("clang loop unroll(full)") \
        for (int i = 0; i < CHAINS; i++) sum[i] = lane + splat((float)(i * LANES)); \
        float one_lane[] = {0.999f, 0.001f}; \
        __asm__ volatile("" : "+m"(one_lane)); \
        const v16 factor = splat(one_lane[0]), added = splat(one_lane[1]); \
        for (ptrdiff_t round = 0; round < rounds; round++) { \
            _Pragma("clang loop unroll(full)") \
            for (int i = 0; i < CHAINS; i++) sum[i] = STEP; \
        } \
        _Pragma("clang loop unroll(full)") \
        for (int i = 1; i < CHAINS; i++) sum[0] += sum[i]; \
        *operations = (int64_t)rounds * CHAINS * LANES * (OPERATIONS); \
        return sum16(sum[0]); \
    }
DEFINE_MULTIPLY_ADDS(multiply_adds, 2, fma16(sum[i], factor, added))
