// Groups multiplied by Intel's AMX: a tile register holds 16 rows of 64 bytes, so 16 rows of a group of A, 16
// words of 16 columns of B, or 16 x 16 elements of C, and one instruction adds a group to them all.

// Floats of one row of A's groups, or of one column of B's: a word holds an even step and an odd one.
#define GROUP_FLOATS GROUP_PAIRS
// From a pair of steps of a panel to the next.
#define PAIR_ROW(width) LANES
// What one tile register takes stands together, and then what it takes next.
#define TILE_FLOATS (LANES * GROUP_FLOATS)

/// Row i of group g of packed A.
INLINE float *a_group(float *packed, ptrdiff_t i, ptrdiff_t g) {
    return packed + (i / LANES * GROUPS_OF_A + g) * TILE_FLOATS + i % LANES * GROUP_FLOATS;
}

/// Where group g of the 16 columns from `j` on stands in a panel of `groups`.
INLINE ptrdiff_t b_group(ptrdiff_t width, ptrdiff_t groups, ptrdiff_t j, ptrdiff_t g) {
    (void)width;
    return (j / LANES * groups + g) * TILE_FLOATS;
}

INLINE void store_words(float *out, ptrdiff_t odd, u16 words) {
    (void)odd;
    store(out, (v16)words);
}

/// Every tile register whole.
INLINE void begin_tiles(void) {
    struct {
        uint8_t palette, start, reserved[14];
        uint16_t row_bytes[16];
        uint8_t rows[16];
    } shapes = {.palette = 1};
    for (int t = 0; t < 8; t++) {
        shapes.row_bytes[t] = 64;
        shapes.rows[t] = 16;
    }
    _tile_loadconfig(&shapes);
}

/// Hands the tile registers back, which the system would save with every change of threads.
INLINE void end_tiles(void) { _tile_release(); }

// A block of C is two tiles by two: as many multiplications as loads, and no register is left over.
#define BLOCK (2 * LANES)
_Static_assert(BLOCK == POE_BLOCK_ROWS, "threads share out whole blocks");
// Lines of the next block of C that are fetched with every group of this one.
#define LINES_A_GROUP 8

/// A block, or its first column of tiles. The second row of tiles of A stands GROUPS_OF_A tiles further, the
/// second column of B `b_beside` floats. It starts as C (`adds`), as `bias`, or as zero. `two_columns` is a
/// constant where this is inlined.
INLINE void block_of_tiles(const int two_columns, const float *a, const float *b,
                           ptrdiff_t b_beside, ptrdiff_t groups, float *c, ptrdiff_t c_row, int adds,
                           const float *bias, upcoming *next) {
    const size_t row_bytes = GROUP_FLOATS * sizeof(float), c_bytes = (size_t)c_row * sizeof(float);
    float *c_below = c + LANES * c_row;
    if (adds || bias) {
        // Of a bias, the same row sixteen times.
        const float *start = adds ? c : bias, *below = adds ? c_below : bias;
        const size_t start_bytes = adds ? c_bytes : 0;
        _tile_loadd(0, start, start_bytes);
        if (two_columns) _tile_loadd(1, start + LANES, start_bytes);
        _tile_loadd(2, below, start_bytes);
        if (two_columns) _tile_loadd(3, below + LANES, start_bytes);
    } else {
        _tile_zero(0);
        if (two_columns) _tile_zero(1);
        _tile_zero(2);
        if (two_columns) _tile_zero(3);
    }
    for (ptrdiff_t g = 0; g < groups; g++, a += TILE_FLOATS, b += TILE_FLOATS) {
        _tile_loadd(4, a, row_bytes);
        _tile_loadd(5, a + GROUPS_OF_A * TILE_FLOATS, row_bytes);
        _tile_loadd(6, b, row_bytes);
        if (two_columns) _tile_loadd(7, b + b_beside, row_bytes);
        _tile_dpbf16ps(0, 4, 6);
        if (two_columns) _tile_dpbf16ps(1, 4, 7);
        _tile_dpbf16ps(2, 5, 6);
        if (two_columns) _tile_dpbf16ps(3, 5, 7);
        for (int i = 0; i < LINES_A_GROUP; i++) fetch_line_to_write(next);
    }
    _tile_stored(0, c, c_bytes);
    if (two_columns) _tile_stored(1, c + LANES, c_bytes);
    _tile_stored(2, c_below, c_bytes);
    if (two_columns) _tile_stored(3, c_below + LANES, c_bytes);
}

INLINE const float *a_tile(const group_product *x, ptrdiff_t i) {
    return x->a + i / LANES * GROUPS_OF_A * TILE_FLOATS;
}

INLINE const float *b_tile(const group_product *x, ptrdiff_t j) {
    return x->b + b_group(x->width, x->panel_groups, j, 0);
}

/// A block at C's edge, or one that starts as C with a bias: by way of a block that is whole. What A and the block
/// hold beyond the edge is anything, and ends in elements that are not copied.
static void block_at_edge(const group_product *x, ptrdiff_t i, ptrdiff_t j) {
    float block[BLOCK * BLOCK] __attribute__((aligned(64)));
    ptrdiff_t rows = smaller(BLOCK, x->rows - i), columns = smaller(BLOCK, x->columns - j);
    float *c = x->c + i * x->c_row + j;
    for (ptrdiff_t column = 0; column < columns; column += LANES) {
        ptrdiff_t left = columns - column;
        v16 bias = x->bias ? load_some(x->bias + j + column, left) : splat(0.0f);
        for (ptrdiff_t r = 0; r < rows; r++) {
            v16 start = x->adds ? load_some(c + r * x->c_row + column, left) : bias;
            store(block + r * BLOCK + column, x->adds && x->bias ? start + bias : start);
        }
    }
    const float *a = a_tile(x, i), *b = b_tile(x, j);
    const ptrdiff_t b_beside = x->panel_groups * TILE_FLOATS;
    upcoming none = {0};
    if (columns > LANES)
        block_of_tiles(1, a, b, b_beside, x->groups, block, BLOCK, 1, NULL, &none);
    else
        block_of_tiles(0, a, b, b_beside, x->groups, block, BLOCK, 1, NULL, &none);
    for (ptrdiff_t r = 0; r < rows; r++) {
        for (ptrdiff_t column = 0; column < columns; column += LANES)
            store_some(c + r * x->c_row + column, load(block + r * BLOCK + column), columns - column);
    }
}

/// The block of C that is written after that of row `i` and column `j`.
INLINE upcoming block_after(const group_product *x, ptrdiff_t i, ptrdiff_t j) {
    i += BLOCK;
    if (i >= x->rows) {
        i = 0;
        j += BLOCK;
    }
    // Of the next panel, after the last block.
    return (upcoming){.first = x->c + i * x->c_row + j, .row = x->c_row,
                      .rows = smaller(BLOCK, x->rows - i), .lines = 2};
}

/// Two columns of tiles at a time: their part of B stays in the first-level cache.
static void multiply_groups(const group_product *x) {
    for (ptrdiff_t j = 0; j < x->columns; j += BLOCK) {
        for (ptrdiff_t i = 0; i < x->rows; i += BLOCK) {
            int whole = x->rows - i >= BLOCK && x->columns - j >= BLOCK && !(x->adds && x->bias);
            upcoming next = block_after(x, i, j);
            if (whole)
                block_of_tiles(1, a_tile(x, i), b_tile(x, j), x->panel_groups * TILE_FLOATS, x->groups,
                               x->c + i * x->c_row + j, x->c_row, x->adds, x->bias ? x->bias + j : NULL,
                               &next);
            else
                block_at_edge(x, i, j);
        }
    }
}

/// Four chains of multiplications in registers. Of numbers of all sorts: a core multiplies zeros faster, which
/// takes less power.
static float multiply_adds_bf16(ptrdiff_t rounds, int64_t *operations) {
    float words[TILE_FLOATS] __attribute__((aligned(64))), ends[LANES * LANES] __attribute__((aligned(64)));
    for (ptrdiff_t i = 0; i < TILE_FLOATS; i += LANES) {
        const v16 lane = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
        v16 x = lane * 0.37f - splat(0.019f * (float)i);
        store(words + i, (v16)words_of(x, x * -0.613f));
    }
    begin_tiles();
    _tile_zero(0), _tile_zero(1), _tile_zero(2), _tile_zero(3);
    _tile_loadd(4, words, 64), _tile_loadd(5, words, 64), _tile_loadd(6, words, 64), _tile_loadd(7, words, 64);
    for (ptrdiff_t round = 0; round < rounds; round++) {
        _tile_dpbf16ps(0, 4, 6);
        _tile_dpbf16ps(1, 4, 7);
        _tile_dpbf16ps(2, 5, 6);
        _tile_dpbf16ps(3, 5, 7);
    }
    _tile_stored(0, ends, LANES * sizeof(float));
    end_tiles();
    *operations = (int64_t)rounds * 4 * 2 * LANES * LANES * GROUP_STEPS;
    return ends[0];
}
