// Groups as the floats that were rounded, the 16 even steps and then the 16 odd ones, multiplied as those of f32
// products are: the same bits as groups_tiles.h, at up to a fifth less than the speed of f32.

// Floats of one row of A's groups, or of one column of B's.
#define GROUP_FLOATS GROUP_STEPS
// From a pair of steps of a panel to the next.
#define PAIR_ROW(width) (width)
// From a row of packed A to the next.
#define A_ROW_FLOATS (GROUPS_OF_A * GROUP_FLOATS)

/// Row i of group g of packed A.
INLINE float *a_group(float *packed, ptrdiff_t i, ptrdiff_t g) {
    return packed + i * A_ROW_FLOATS + g * GROUP_FLOATS;
}

/// Where group g of the 16 columns from `j` on stands in a panel.
INLINE ptrdiff_t b_group(ptrdiff_t width, ptrdiff_t groups, ptrdiff_t j, ptrdiff_t g) {
    (void)groups;
    return g * GROUP_FLOATS * width + j;
}

/// Stores the even steps of words, and their odd ones `odd` floats further.
INLINE void store_words(float *out, ptrdiff_t odd, u16 words) {
    store(out, (v16)(words << 16));
    store(out + odd, (v16)(words & 0xffff0000u));
}

/// Adds the groups of one tile.
INLINE void add_groups(const int rows, const int vectors, const float *a, const float *b,
                       ptrdiff_t width, ptrdiff_t groups, v16 sum[TILE_ROWS][TILE_VECTORS]) {
    const ptrdiff_t b_row = TILE_VECTORS == 1 ? LANES : width;
    for (ptrdiff_t g = 0; g < groups; g++) {
        v16 even[TILE_ROWS][TILE_VECTORS], odd[TILE_ROWS][TILE_VECTORS];
        for (int half = 0; half < 2; half++) {
            v16 chain[TILE_ROWS][TILE_VECTORS];
#pragma clang loop unroll(full)
            for (int i = 0; i < rows; i++) {
#pragma clang loop unroll(full)
                for (int j = 0; j < vectors; j++) chain[i][j] = splat(0.0f);
            }
#pragma clang loop unroll(disable)
            for (ptrdiff_t k = 0; k < GROUP_PAIRS; k++, a++, b += b_row)
                tile_step(rows, vectors, a, A_ROW_FLOATS, b, chain);
#pragma clang loop unroll(full)
            for (int i = 0; i < rows; i++) {
#pragma clang loop unroll(full)
                for (int j = 0; j < vectors; j++) {
                    if (half == 0)
                        even[i][j] = chain[i][j];
                    else
                        odd[i][j] = chain[i][j];
                }
            }
        }
#pragma clang loop unroll(full)
        for (int i = 0; i < rows; i++) {
#pragma clang loop unroll(full)
            for (int j = 0; j < vectors; j++) sum[i][j] += even[i][j] + odd[i][j];
        }
    }
}

/// `rows` rows from row `i` on, `vectors` vectors from column `j` on: constants where this is inlined.
INLINE void group_tile(const int rows, const int vectors, const group_product *x, ptrdiff_t i,
                       ptrdiff_t j) {
    v16 sum[TILE_ROWS][TILE_VECTORS];
    float *c = x->c + i * x->c_row + j;
    for (int v = 0; v < vectors; v++) {
        ptrdiff_t left = x->columns - j - v * LANES;
        for (int r = 0; r < rows; r++) {
            v16 start = x->adds ? load_some(c + r * x->c_row + v * LANES, left) : splat(0.0f);
            if (x->bias) {
                v16 bias = load_some(x->bias + j + v * LANES, left);
                start = x->adds ? start + bias : bias;
            }
            sum[r][v] = start;
        }
    }
    add_groups(rows, vectors, x->a + i * A_ROW_FLOATS, x->b + j, x->width, x->groups, sum);
    for (int v = 0; v < vectors; v++) {
        for (int r = 0; r < rows; r++)
            store_some(c + r * x->c_row + v * LANES, sum[r][v], x->columns - j - v * LANES);
    }
}

#define GROUP_CASE(R) \
    case R: \
        if (R <= TILE_ROWS) group_tile(R <= TILE_ROWS ? R : 1, vectors, x, i, j); \
        return;

/// `group_tile` of 1 ... TILE_ROWS rows; `vectors` is a constant where this is inlined.
INLINE void group_rows(ptrdiff_t rows, const int vectors, const group_product *x, ptrdiff_t i,
                       ptrdiff_t j) {
    switch (rows) {
        GROUP_CASE(1) GROUP_CASE(2) GROUP_CASE(3) GROUP_CASE(4) GROUP_CASE(5) GROUP_CASE(6)
        GROUP_CASE(7) GROUP_CASE(8)
    }
}

/// Whole panels, then what the last one has: two vectors at a time and one.
static void multiply_groups(const group_product *x) {
    ptrdiff_t columns = round_up(x->columns, LANES);
    for (ptrdiff_t i = 0; i < x->rows; i += TILE_ROWS) {
        ptrdiff_t rows = smaller(TILE_ROWS, x->rows - i), j = 0;
        for (; j + PANEL <= columns; j += PANEL) group_rows(rows, TILE_VECTORS, x, i, j);
#if TILE_VECTORS > 1
        for (; j + 2 * LANES <= columns; j += 2 * LANES) group_rows(rows, 2, x, i, j);
        if (j < columns) group_rows(rows, 1, x, i, j);
#endif
    }
}

INLINE void begin_tiles(void) {}
INLINE void end_tiles(void) {}

static float multiply_adds_bf16(ptrdiff_t rounds, int64_t *operations) {
    return multiply_adds(rounds, operations);
}
