// Rows quantized to int8, and their products with packed int8 weights.

// Adding 1.5 * 2^23 rounds to an integer, ties to even, and leaves it in the low bits.
#define ROUNDING 12582912.0f
#define ROUNDING_BITS 0x4b400000
// Magnitudes below 2^-100 count as zero, so that 127 / magnitude is finite.
#define LEAST_BITS ((127 - 100) << 23)
#define INFINITE_BITS 0x7f800000

/// How a row becomes int8: symbol = round(x * inverse), x = symbol * scale. `keep` is all ones, or
/// zero where every symbol is 0. A row that is not finite has no scale, so that neither has a sum
/// that it is part of.
typedef struct {
    float scale, inverse;
    int32_t keep;
} int8_grid;

/// Lane by lane the greater magnitude, as bits: magnitudes compare as their bits do, with infinity
/// and then NaN above all numbers.
INLINE i16 greater_bits(v16 x, i16 tops) {
    i16 bits = (i16)x & 0x7fffffff, greater = bits > tops;
    return (bits & greater) | (tops & ~greater);
}

/// The grid of a row whose greatest magnitude has the bits `top`.
INLINE int8_grid grid_from(int32_t top) {
    if (top < LEAST_BITS) return (int8_grid){0.0f, 0.0f, 0};
    if (top >= INFINITE_BITS) return (int8_grid){__builtin_nanf(""), 0.0f, 0};
    union { int32_t i; float f; } u = {top};
    return (int8_grid){u.f / 127.0f, 127.0f / u.f, -1};
}

INLINE int8_grid grid_of(const float *x, ptrdiff_t count) {
    i16 tops = splat_int(0);
    FOR_VECTORS(count) tops = greater_bits(load_some(x + j, left), tops);
    return grid_from(__builtin_reduce_max(tops));
}

/// Sixteen symbols as 32-bit numbers.
INLINE i16 symbols_of(v16 x, int8_grid grid) {
    v16 rounded = x * grid.inverse + ROUNDING;
    return ((i16)rounded - ROUNDING_BITS) & grid.keep;
}

INLINE void store_symbols(int8_t *p, i16 symbols) {
    *(c16_anywhere *)p = __builtin_convertvector(symbols, c16);
}

/// Quantizes a row and pads it with zeros up to `width`, a multiple of 16. Returns 128 times the
/// sum of the symbols.
INLINE int32_t quantize_row(const float *x, ptrdiff_t count, ptrdiff_t width, int8_t *out,
                            float *scale) {
    int8_grid grid = grid_of(x, count);
    i16 sums = splat_int(0);
    FOR_VECTORS(count) {
        i16 symbols = symbols_of(load_some(x + j, left), grid);
        sums += symbols;
        store_symbols(out + j, symbols);
    }
    for (ptrdiff_t j = round_up(count, LANES); j < width; j += LANES)
        store_symbols(out + j, splat_int(0));
    *scale = grid.scale;
    return 128 * __builtin_reduce_add(sums);
}

static void quantize(const float *x, ptrdiff_t x_row, ptrdiff_t rows, ptrdiff_t columns,
                     int8_t *out, ptrdiff_t out_row, float *scales, int32_t *sums) {
    for (ptrdiff_t r = 0; r < rows; r++)
        sums[r] = quantize_row(x + r * x_row, columns, out_row, out + r * out_row, scales + r);
}

// Rows that are normalized together: in one, each step of a sum waits for the last.
#define NORM_ROWS 4

/// Sixteen normalized elements, as `layer_norm` makes them; zeros behind the last column, where the mean
/// would show.
INLINE v16 normal_of(const float *x, float mean, float inverse, v16 gain, v16 bias,
                     ptrdiff_t left) {
    return fma16(tail_zeroed((load_some(x, left) - mean) * inverse, left), gain, bias);
}

/// NORM_ROWS rows: the operations of `layer_norm`, then of `quantize_row`, row by row, and so the
/// same bits. Normalized elements are made twice instead of being put aside.
INLINE void normalize_quantize_rows(const float *x, ptrdiff_t x_row, const float *gain,
                                    const float *bias, float epsilon, ptrdiff_t columns,
                                    int8_t *out, ptrdiff_t out_row, float *scales, int32_t *sums) {
    v16 sum[NORM_ROWS];
    float mean[NORM_ROWS], inverse[NORM_ROWS];
    i16 tops[NORM_ROWS], totals[NORM_ROWS];
    int8_grid grid[NORM_ROWS];
#define FOR_ROWS _Pragma("clang loop unroll(full)") for (int i = 0; i < NORM_ROWS; i++)
    FOR_ROWS sum[i] = splat(0.0f);
    FOR_VECTORS(columns) FOR_ROWS sum[i] += load_some(x + i * x_row + j, left);
    FOR_ROWS mean[i] = sum16(sum[i]) / (float)columns;
    FOR_ROWS sum[i] = splat(0.0f);
    FOR_VECTORS(columns) FOR_ROWS {
        v16 d = tail_zeroed(load_some(x + i * x_row + j, left) - mean[i], left);
        sum[i] = fma16(d, d, sum[i]);
    }
    FOR_ROWS inverse[i] = 1.0f / __builtin_elementwise_sqrt(sum16(sum[i]) / (float)columns + epsilon);
    FOR_ROWS tops[i] = splat_int(0);
    FOR_VECTORS(columns) {
        v16 g = load_some(gain + j, left), b = bias ? load_some(bias + j, left) : splat(0.0f);
        FOR_ROWS tops[i] = greater_bits(
            normal_of(x + i * x_row + j, mean[i], inverse[i], g, b, left), tops[i]);
    }
    FOR_ROWS grid[i] = grid_from(__builtin_reduce_max(tops[i]));
    FOR_ROWS totals[i] = splat_int(0);
    FOR_VECTORS(columns) {
        v16 g = load_some(gain + j, left), b = bias ? load_some(bias + j, left) : splat(0.0f);
        FOR_ROWS {
            v16 n = normal_of(x + i * x_row + j, mean[i], inverse[i], g, b, left);
            i16 symbols = symbols_of(n, grid[i]);
            totals[i] += symbols;
            store_symbols(out + i * out_row + j, symbols);
        }
    }
    FOR_ROWS {
        scales[i] = grid[i].scale;
        sums[i] = 128 * __builtin_reduce_add(totals[i]);
        for (ptrdiff_t j = round_up(columns, LANES); j < out_row; j += LANES)
            store_symbols(out + i * out_row + j, splat_int(0));
    }
#undef FOR_ROWS
}

static void normalize_quantize(const float *x, ptrdiff_t x_row, const float *gain,
                               const float *bias, float epsilon, ptrdiff_t rows, ptrdiff_t columns,
                               int8_t *out, ptrdiff_t out_row, float *scales, int32_t *sums,
                               float *scratch) {
    ptrdiff_t r = 0;
    for (; r + NORM_ROWS <= rows; r += NORM_ROWS)
        normalize_quantize_rows(x + r * x_row, x_row, gain, bias, epsilon, columns,
                                out + r * out_row, out_row, scales + r, sums + r);
    for (; r < rows; r++) {
        float mean, inverse;
        layer_norm(x + r * x_row, x_row, gain, bias, epsilon, 1, columns, scratch, columns, &mean,
                   &inverse);
        sums[r] = quantize_row(scratch, columns, out_row, out + r * out_row, scales + r);
    }
}

// Panels of weights have this many columns (outputs) in every set, the last as many as it needs,
// rounded up to 16. Four bytes of an output, for four inputs, stand side by side.
#define INTEGER_PANEL POE_INTEGER_PANEL

INLINE ptrdiff_t integer_width(ptrdiff_t p, ptrdiff_t outputs) {
    return smaller(INTEGER_PANEL, round_up(outputs - p * INTEGER_PANEL, LANES));
}

/// Packs 16 outputs of 64 inputs: a transposition of groups of 4 bytes.
INLINE void pack_block(const int8_t *symbols, ptrdiff_t row, uint8_t *out, ptrdiff_t step) {
    v16 r[16];
#pragma clang loop unroll(full)
    for (int i = 0; i < 16; i++)
        r[i] = (v16)(load_bytes(symbols + i * row) ^ (int32_t)0x80808080u);
    transpose_lanes(r);
#pragma clang loop unroll(full)
    for (int i = 0; i < 16; i++) store_bytes(out + i * step, (i16)r[i]);
}

static void pack_integers(const int8_t *symbols, ptrdiff_t symbols_row, ptrdiff_t inputs,
                          ptrdiff_t outputs, ptrdiff_t panel_begin, ptrdiff_t panel_end,
                          uint8_t *panels) {
    ptrdiff_t groups = (inputs + 3) / 4;
    for (ptrdiff_t p = panel_begin; p < panel_end; p++) {
        ptrdiff_t step = 4 * integer_width(p, outputs);
        uint8_t *panel = panels + p * INTEGER_PANEL * 4 * groups;
        for (ptrdiff_t j = 0; 4 * j < step; j += LANES) {
            ptrdiff_t first = p * INTEGER_PANEL + j, k = 0;
            const int8_t *rows = symbols + first * symbols_row;
            if (first + LANES <= outputs) {
                for (; k + 64 <= inputs; k += 64)
                    pack_block(rows + k, symbols_row, panel + k / 4 * step + 4 * j, step);
            }
            for (; k < 4 * groups; k++) {
                for (ptrdiff_t i = 0; i < LANES; i++) {
                    int within = first + i < outputs && k < inputs;
                    panel[k / 4 * step + 4 * (j + i) + k % 4] =
                        (uint8_t)((within ? rows[i * symbols_row + k] : 0) + 128);
                }
            }
        }
    }
}

static void unpack_integers(const uint8_t *panels, ptrdiff_t inputs, ptrdiff_t outputs,
                            ptrdiff_t output, float step, const float *added, float *out) {
    ptrdiff_t groups = (inputs + 3) / 4, p = output / INTEGER_PANEL;
    ptrdiff_t distance = 4 * integer_width(p, outputs);
    const uint8_t *column = panels + p * INTEGER_PANEL * 4 * groups + 4 * (output % INTEGER_PANEL);
    FOR_VECTORS(inputs) {
        uint8_t bytes[LANES] = {0};
        for (ptrdiff_t g = 0; g < 4 && 4 * g < left; g++)
            __builtin_memcpy(bytes + 4 * g, column + (j / 4 + g) * distance, 4);
        c16 symbols = *(const c16_anywhere *)bytes ^ (int8_t)-128;
        v16 value = to_floats(__builtin_convertvector(symbols, i16)) * step;
        store_some(out + j, value + load_some(added + j, left), left);
    }
}

/// Writes a tile of sums to C; `whole` is a constant, and true where no column is missing.
INLINE void finish_tile(const int rows, const int vectors, const int whole,
                        const poe_integer_product *q, ptrdiff_t row, ptrdiff_t column,
                        i16 sum[INTEGER_ROWS][4]) {
#pragma clang loop unroll(full)
    for (int j = 0; j < vectors; j++) {
        ptrdiff_t first = column + j * LANES, left = whole ? LANES : q->columns - first;
        v16 steps = load(q->steps + first);
        v16 bias = q->bias ? load_some(q->bias + first, left) : splat(0.0f);
#pragma clang loop unroll(full)
        for (int i = 0; i < rows; i++) {
            float *out = q->c + (row + i) * q->c_row + first;
            v16 exact = to_floats(of_symbols(sum[i][j], q->sums[row + i]));
            v16 value = fma16(exact, q->scales[row + i] * steps, bias);
            if (q->mode == POE_PRODUCT_ADD) value += load_some(out, left);
            store_some(out, value, left);
        }
    }
}

/// A tile of `rows` x `vectors` * 16 elements of C, both constants where this is inlined.
INLINE void integer_tile(const int rows, const int vectors, const poe_integer_product *q,
                         ptrdiff_t row, const uint8_t *b, ptrdiff_t b_step, ptrdiff_t column) {
    const int8_t *a = q->a + row * q->a_row;
    ptrdiff_t a_row = q->a_row, groups = (q->inputs + 3) / 4;
    i16 sum[INTEGER_ROWS][4];
#pragma clang loop unroll(full)
    for (int i = 0; i < rows; i++) {
#pragma clang loop unroll(full)
        for (int j = 0; j < vectors; j++) sum[i][j] = splat_int(0);
    }
#pragma clang loop unroll(disable)
    for (ptrdiff_t g = 0; g < groups; g++) {
        i16 weights[4];
#pragma clang loop unroll(full)
        for (int j = 0; j < vectors; j++) weights[j] = load_weights(b + g * b_step + j * 64);
#pragma clang loop unroll(full)
        for (int i = 0; i < rows; i++) {
            i16 activations = splat_bytes(a + i * a_row + 4 * g);
#pragma clang loop unroll(full)
            for (int j = 0; j < vectors; j++) sum[i][j] = dot4(sum[i][j], weights[j], activations);
        }
    }
    if (column + vectors * LANES <= q->columns)
        finish_tile(rows, vectors, 1, q, row, column, sum);
    else
        finish_tile(rows, vectors, 0, q, row, column, sum);
}

#define INTEGER_CASE(R) \
    case R: \
        if (R <= INTEGER_ROWS) integer_tile(R <= INTEGER_ROWS ? R : 1, vectors, q, row, b, b_step, column); \
        return;

/// `integer_tile` with a constant width and 1 ... INTEGER_ROWS rows.
INLINE void integer_rows(ptrdiff_t rows, const int vectors, const poe_integer_product *q,
                         ptrdiff_t row, const uint8_t *b, ptrdiff_t b_step, ptrdiff_t column) {
    switch (rows) {
        INTEGER_CASE(1) INTEGER_CASE(2) INTEGER_CASE(3) INTEGER_CASE(4) INTEGER_CASE(5)
        INTEGER_CASE(6) INTEGER_CASE(7) INTEGER_CASE(8)
    }
}

// Rows [row, row_end) of a strip of a panel, one vector wide and as wide as the tile.
#define DEFINE_STRIP(NAME, VECTORS) \
    static void NAME(const poe_integer_product *q, ptrdiff_t row, ptrdiff_t row_end, \
                     const uint8_t *b, ptrdiff_t b_step, ptrdiff_t column) { \
        for (; row < row_end; row += INTEGER_ROWS) \
            integer_rows(smaller(INTEGER_ROWS, row_end - row), VECTORS, q, row, b, b_step, column); \
    }
DEFINE_STRIP(integer_strip_1, 1)
#if INTEGER_VECTORS > 1
DEFINE_STRIP(integer_strip, INTEGER_VECTORS)
#else
#define integer_strip integer_strip_1
#endif

/// One row of a whole panel: four chains hide the latency of `dot4`.
static void integer_single(const poe_integer_product *q, ptrdiff_t row, const uint8_t *b,
                           ptrdiff_t column) {
    integer_tile(1, 4, q, row, b, 4 * INTEGER_PANEL, column);
}

static void multiply_integers(const poe_integer_product *product, ptrdiff_t row_begin,
                              ptrdiff_t row_end, ptrdiff_t panel_begin, ptrdiff_t panel_end) {
    const poe_integer_product q = *product;
    ptrdiff_t groups = (q.inputs + 3) / 4;
    for (ptrdiff_t p = panel_begin; p < panel_end; p++) {
        ptrdiff_t width = integer_width(p, q.columns), first = p * INTEGER_PANEL, j = 0;
        const uint8_t *panel = q.panels + first * 4 * groups;
        if (row_end - row_begin == 1 && width == INTEGER_PANEL) {
            integer_single(&q, row_begin, panel, first);
        } else {
            for (; j + INTEGER_VECTORS * LANES <= width; j += INTEGER_VECTORS * LANES)
                integer_strip(&q, row_begin, row_end, panel + 4 * j, 4 * width, first + j);
            for (; j < width; j += LANES)
                integer_strip_1(&q, row_begin, row_end, panel + 4 * j, 4 * width, first + j);
        }
        if (q.mode < POE_PRODUCT_GELU) continue;
        float *c = q.c + row_begin * q.c_row + first;
        activate(q.mode - POE_PRODUCT_GELU, c, q.c_row, row_end - row_begin,
                 smaller(width, q.columns - first), c, q.c_row);
    }
}

// As `multiply_adds`, of `dot4`.
#define INTEGER_CHAINS (TILE_VECTORS > 1 ? 12 : 4)

static int32_t integer_dots(ptrdiff_t rounds, int64_t *operations) {
    i16 sum[INTEGER_CHAINS];
#pragma clang loop unroll(full)
    for (int i = 0; i < INTEGER_CHAINS; i++) sum[i] = splat_int(i);
    // Different factors for each chain, as in a tile.
    i16 weights[4], activations[3];
#pragma clang loop unroll(full)
    for (int i = 0; i < 4; i++) weights[i] = splat_int(0x01020304 << i);
#pragma clang loop unroll(full)
    for (int i = 0; i < 3; i++) activations[i] = splat_int(0x04030201 << i);
    for (ptrdiff_t round = 0; round < rounds; round++) {
        // Told that the factors may have changed, the compiler cannot multiply ahead.
        __asm__ volatile("" : "+m"(weights), "+m"(activations));
#pragma clang loop unroll(full)
        for (int i = 0; i < INTEGER_CHAINS; i++)
            sum[i] = dot4(sum[i], weights[i % 4], activations[i / 4]);
    }
#pragma clang loop unroll(full)
    for (int i = 1; i < INTEGER_CHAINS; i++) sum[0] += sum[i];
    *operations = (int64_t)rounds * INTEGER_CHAINS * LANES * 8;
    return __builtin_reduce_add(sum[0]);
}

static uint64_t read_bytes(const void *bytes, ptrdiff_t count) {
    const uint8_t *p = bytes;
    i16 sum[4];
#pragma clang loop unroll(full)
    for (int i = 0; i < 4; i++) sum[i] = splat_int(0);
    ptrdiff_t j = 0;
    // In order of the addresses, which an unrolled loop would not keep.
#pragma clang loop unroll(disable)
    for (; j + 256 <= count; j += 256) {
#pragma clang loop unroll(full)
        for (int i = 0; i < 4; i++) sum[i] ^= load_bytes(p + j + 64 * i);
    }
    sum[0] ^= sum[1] ^ sum[2] ^ sum[3];
    uint64_t total = (uint32_t)__builtin_reduce_xor(sum[0]);
    for (; j < count; j++) total += p[j];
    return total;
}
