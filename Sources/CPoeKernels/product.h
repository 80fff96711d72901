// Products of matrices: packing, the register tile, and the loops around it.

// Products of f32 over this many steps are summed from zero, then added to C, block after block. Of bfloat16 so
// many steps of A are packed at a time.
#define DEPTH_BLOCK 256
// Rows of A that are gone through for one panel of B after the other: they stay in the second-level
// cache. A transposed A is packed so many rows at a time, in panels of a tile's rows.
#define A_ROWS 192
// Steps of the depth from one line that is fetched to the next.
#define FETCH_STEPS 8
_Static_assert(TILE_ROWS * TILE_VECTORS * FETCH_STEPS <= DEPTH_BLOCK, "all of a tile is fetched");
_Static_assert(A_ROWS * DEPTH_BLOCK == POE_PRODUCT_SCRATCH && A_ROWS % TILE_ROWS == 0,
               "sizes of packed rows");

INLINE ptrdiff_t smaller(ptrdiff_t a, ptrdiff_t b) { return a < b ? a : b; }

INLINE ptrdiff_t round_up(ptrdiff_t x, ptrdiff_t multiple) {
    return (x + multiple - 1) / multiple * multiple;
}

/// Width of panel p of a matrix with `columns` columns.
INLINE ptrdiff_t panel_width(ptrdiff_t p, ptrdiff_t columns) {
    return smaller(PANEL, round_up(columns - p * PANEL, LANES));
}

/// Transposes 16 rows of 16: four rounds of exchanging blocks of 8, 4, 2 and 1 lanes between rows
/// that far apart.
INLINE void transpose_lanes(v16 *r) {
    v16 s[16];
#pragma clang loop unroll(full)
    for (int i = 0; i < 8; i++) {
        s[i] = __builtin_shufflevector(r[i], r[i + 8], 0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23);
        s[i + 8] = __builtin_shufflevector(r[i], r[i + 8], 8, 9, 10, 11, 12, 13, 14, 15, 24, 25, 26, 27, 28, 29, 30, 31);
    }
#pragma clang loop unroll(full)
    for (int g = 0; g < 16; g += 8) {
#pragma clang loop unroll(full)
        for (int i = g; i < g + 4; i++) {
            r[i] = __builtin_shufflevector(s[i], s[i + 4], 0, 1, 2, 3, 16, 17, 18, 19, 8, 9, 10, 11, 24, 25, 26, 27);
            r[i + 4] = __builtin_shufflevector(s[i], s[i + 4], 4, 5, 6, 7, 20, 21, 22, 23, 12, 13, 14, 15, 28, 29, 30, 31);
        }
    }
#pragma clang loop unroll(full)
    for (int g = 0; g < 16; g += 4) {
#pragma clang loop unroll(full)
        for (int i = g; i < g + 2; i++) {
            s[i] = __builtin_shufflevector(r[i], r[i + 2], 0, 1, 16, 17, 4, 5, 20, 21, 8, 9, 24, 25, 12, 13, 28, 29);
            s[i + 2] = __builtin_shufflevector(r[i], r[i + 2], 2, 3, 18, 19, 6, 7, 22, 23, 10, 11, 26, 27, 14, 15, 30, 31);
        }
    }
#pragma clang loop unroll(full)
    for (int i = 0; i < 16; i += 2) {
        r[i] = __builtin_shufflevector(s[i], s[i + 1], 0, 16, 2, 18, 4, 20, 6, 22, 8, 24, 10, 26, 12, 28, 14, 30);
        r[i + 1] = __builtin_shufflevector(s[i], s[i + 1], 1, 17, 3, 19, 5, 21, 7, 23, 9, 25, 11, 27, 13, 29, 15, 31);
    }
}

/// Writes 16 rows of 16 of B transposed: out[k * width + j] = b[j * b_row + k].
INLINE void transpose16(const float *b, ptrdiff_t b_row, float *out, ptrdiff_t width) {
    v16 r[16];
#pragma clang loop unroll(full)
    for (int i = 0; i < 16; i++) r[i] = load(b + i * b_row);
    transpose_lanes(r);
#pragma clang loop unroll(full)
    for (int i = 0; i < 16; i++) store(out + i * width, r[i]);
}

// Rows of a source that are packed together: going down it in columns would touch a page a line.
#define PACK_ROWS 8

/// Packs rows as they stand, `depth` rows of `columns`.
INLINE void pack_rows(const float *b, ptrdiff_t b_row, ptrdiff_t depth, ptrdiff_t columns,
                      ptrdiff_t panel_begin, ptrdiff_t panel_end, float *panels) {
    for (ptrdiff_t k0 = 0; k0 < depth; k0 += PACK_ROWS) {
        ptrdiff_t k1 = smaller(k0 + PACK_ROWS, depth);
        for (ptrdiff_t p = panel_begin; p < panel_end; p++) {
            ptrdiff_t width = panel_width(p, columns), first = p * PANEL;
            float *panel = panels + first * depth;
            for (ptrdiff_t k = k0; k < k1; k++) {
                for (ptrdiff_t j = 0; j < width; j += LANES)
                    store(panel + k * width + j,
                          load_some(b + k * b_row + first + j, columns - first - j));
            }
        }
    }
}

/// Packs the columns of `columns` rows of `depth`.
INLINE void pack_transposed(const float *b, ptrdiff_t b_row, ptrdiff_t depth, ptrdiff_t columns,
                            ptrdiff_t panel_begin, ptrdiff_t panel_end, float *panels) {
    for (ptrdiff_t p = panel_begin; p < panel_end; p++) {
        ptrdiff_t width = panel_width(p, columns);
        float *panel = panels + p * PANEL * depth;
        for (ptrdiff_t j = 0; j < width; j += LANES) {
            ptrdiff_t column = p * PANEL + j, count = smaller(LANES, columns - column), k = 0;
            if (count == LANES) {
                for (; k + LANES <= depth; k += LANES)
                    transpose16(b + column * b_row + k, b_row, panel + k * width + j, width);
            }
            for (; k < depth; k++) {
                for (ptrdiff_t i = 0; i < LANES; i++)
                    panel[k * width + j + i] = i < count ? b[(column + i) * b_row + k] : 0.0f;
            }
        }
    }
}

static void pack(const float *b, ptrdiff_t b_row, int32_t transposed, ptrdiff_t depth,
                 ptrdiff_t columns, ptrdiff_t panel_begin, ptrdiff_t panel_end, float *panels) {
    if (transposed)
        pack_transposed(b, b_row, depth, columns, panel_begin, panel_end, panels);
    else
        pack_rows(b, b_row, depth, columns, panel_begin, panel_end, panels);
}

/// Copies `columns` floats of each of `depth` rows into a panel of TILE_ROWS. A constant `columns` makes
/// a copy a few instructions.
INLINE void pack_a_panel(const float *a, ptrdiff_t a_row, ptrdiff_t depth, ptrdiff_t columns,
                         float *panel) {
    for (ptrdiff_t k = 0; k < depth; k++) {
        for (ptrdiff_t j = 0; j < columns; j++) panel[k * TILE_ROWS + j] = a[k * a_row + j];
    }
}

/// Packs `rows` columns of `depth` rows into panels of TILE_ROWS: a tile then reads its part of A from
/// one line after the other, which leaves the first-level cache to B.
INLINE void pack_a(const float *a, ptrdiff_t a_row, ptrdiff_t depth, ptrdiff_t rows, float *panels) {
    for (ptrdiff_t k = 0; k < depth; k += PACK_ROWS) {
        ptrdiff_t steps = smaller(PACK_ROWS, depth - k);
        const float *first = a + k * a_row;
        ptrdiff_t i = 0;
        for (; i + TILE_ROWS <= rows; i += TILE_ROWS)
            pack_a_panel(first + i, a_row, steps, TILE_ROWS, panels + i * depth + k * TILE_ROWS);
        pack_a_panel(first + i, a_row, steps, rows - i, panels + i * depth + k * TILE_ROWS);
    }
}

/// Memory that is needed next: `rows` rows of `lines` cache lines, `row` floats apart.
typedef struct {
    const float *first;
    ptrdiff_t row, rows, lines, line;
} upcoming;

/// The next of those lines, or NULL after the last one.
INLINE const float *next_line(upcoming *next) {
    if (next->rows <= 0) return NULL;
    const float *line = next->first + next->line * LANES;
    if (++next->line == next->lines) {
        next->line = 0;
        next->first += next->row;
        next->rows--;
    }
    return line;
}

/// Has one more line fetched, to be read from the second-level cache.
INLINE void fetch_line(upcoming *next) {
    const float *line = next_line(next);
    if (line) __builtin_prefetch(line, 0, 2);
}

/// Has one more line fetched, to be written.
INLINE void fetch_line_to_write(upcoming *next) {
    const float *line = next_line(next);
    if (line) __builtin_prefetch(line, 1);
}

/// What the tiles of a panel have fetched while they multiply: the next rows of A and the next panel.
typedef struct { upcoming a, b; } upcoming_operands;

// A set defines this where a tile takes most of its registers: nothing is calculated, but `x` is in
// registers there, and nothing that follows is loaded before.
#if !defined(IN_REGISTERS)
#define IN_REGISTERS(x) ((void)0)
#endif

/// One step of the depth: a column of A times a row of B, added to the sums of a tile.
INLINE void tile_step(const int rows, const int vectors, const float *a, ptrdiff_t a_row,
                      const float *b, v16 sum[TILE_ROWS][TILE_VECTORS]) {
    v16 row[TILE_VECTORS];
#pragma clang loop unroll(full)
    for (int j = 0; j < vectors; j++) row[j] = load(b + j * LANES);
#pragma clang loop unroll(full)
    for (int i = 0; i < rows; i++) {
        v16 factor = splat(a[i * a_row]);
#pragma clang loop unroll(full)
        for (int j = 0; j < vectors; j++)
            sum[i][j] = fma16(factor, row[j], sum[i][j]);
    }
    // The compiler would load the operands of several steps at once, and spill sums to make room for them.
#pragma clang loop unroll(full)
    for (int i = 0; i < rows; i++) {
#pragma clang loop unroll(full)
        for (int j = 0; j < vectors; j++) IN_REGISTERS(sum[i][j]);
    }
}

/// Writes the sums of a tile, C added where asked and then the bias; the last vector has `last` columns, a
/// constant in all tiles but those at the edge.
INLINE void write_tile(const int rows, const int vectors, ptrdiff_t last,
                       v16 sum[TILE_ROWS][TILE_VECTORS], float *c, ptrdiff_t c_row, int adds,
                       const float *bias) {
#pragma clang loop unroll(full)
    for (int j = 0; j < vectors; j++) {
        float *out = c + j * LANES;
        ptrdiff_t count = j < vectors - 1 ? LANES : last;
        if (adds) {
#pragma clang loop unroll(full)
            for (int i = 0; i < rows; i++) sum[i][j] = load_some(out + i * c_row, count) + sum[i][j];
        }
        if (bias) {
            v16 added = load_some(bias + j * LANES, count);
#pragma clang loop unroll(full)
            for (int i = 0; i < rows; i++) sum[i][j] += added;
        }
#pragma clang loop unroll(full)
        for (int i = 0; i < rows; i++) store_some(out + i * c_row, sum[i][j], count);
    }
}

/// A tile of C, `rows` x `vectors` * 16, of a panel `width` wide. `rows` and `vectors` are
/// constants where this is inlined. Each element is a chain of fused multiply-adds over k in order, then is
/// added to C, then gets its bias. Lines of C and of what is multiplied next are fetched one by one on
/// the way: many at once would keep those of this panel waiting.
INLINE void tile(const int rows, const int vectors, const float *a, ptrdiff_t a_row,
                 ptrdiff_t a_step, const float *b, ptrdiff_t width, ptrdiff_t depth, float *c,
                 ptrdiff_t c_row, ptrdiff_t columns, int adds, const float *bias,
                 upcoming_operands *next) {
    // A panel may be wider than what is wanted of it: attention takes the keys before a block's end.
    const ptrdiff_t b_row = TILE_VECTORS == 1 ? LANES : width;
    v16 sum[TILE_ROWS][TILE_VECTORS];
    upcoming written = {.first = c, .row = c_row, .rows = rows, .lines = vectors};
#pragma clang loop unroll(full)
    for (int i = 0; i < rows; i++) {
#pragma clang loop unroll(full)
        for (int j = 0; j < vectors; j++) sum[i][j] = splat(0.0f);
    }
    for (ptrdiff_t begin = 0; begin < depth; begin += FETCH_STEPS) {
        fetch_line_to_write(&written);
        fetch_line(&next->a);
        fetch_line(&next->b);
        const float *factors = a + begin * a_step, *rows_of_b = b + begin * b_row;
        // Whole tiles of one vector are unrolled: that saves the arithmetic of addresses, for which a core
        // that another thread shares has no room. Wider tiles have fewer addresses to a product.
        if (vectors == 1 && rows == TILE_ROWS && depth - begin >= FETCH_STEPS) {
#pragma clang loop unroll(full)
            for (ptrdiff_t k = 0; k < FETCH_STEPS; k++)
                tile_step(rows, vectors, factors + k * a_step, a_row, rows_of_b + k * b_row, sum);
        } else {
            ptrdiff_t steps = smaller(FETCH_STEPS, depth - begin);
#pragma clang loop unroll(disable)
            for (ptrdiff_t k = 0; k < steps; k++)
                tile_step(rows, vectors, factors + k * a_step, a_row, rows_of_b + k * b_row, sum);
        }
    }
    ptrdiff_t last = columns - (vectors - 1) * LANES;
    if (last == LANES)
        write_tile(rows, vectors, LANES, sum, c, c_row, adds, bias);
    else
        write_tile(rows, vectors, last, sum, c, c_row, adds, bias);
}

#define TILE_ARGUMENTS a, a_row, a_step, b, width, depth, c, c_row, columns, adds, bias, next
#define TILE_CASE(R) \
    case R: \
        if (R <= TILE_ROWS) tile(R <= TILE_ROWS ? R : 1, vectors, TILE_ARGUMENTS); \
        return;

/// `tile` with a constant width and 1 ... TILE_ROWS rows.
INLINE void tile_rows(ptrdiff_t rows, const int vectors, const float *a, ptrdiff_t a_row,
                      ptrdiff_t a_step, const float *b, ptrdiff_t width, ptrdiff_t depth, float *c,
                      ptrdiff_t c_row, ptrdiff_t columns, int adds, const float *bias,
                      upcoming_operands *next) {
    switch (rows) {
        TILE_CASE(1) TILE_CASE(2) TILE_CASE(3) TILE_CASE(4) TILE_CASE(5) TILE_CASE(6)
        TILE_CASE(7) TILE_CASE(8)
    }
}

/// `rows` rows of one panel over one block of the depth.
#define DEFINE_PANEL(NAME, VECTORS, A_ROW, A_STEP) \
    static void NAME(ptrdiff_t rows, const float *a, ptrdiff_t a_distance, const float *b, \
                     ptrdiff_t width, ptrdiff_t depth, float *c, ptrdiff_t c_row, \
                     ptrdiff_t columns, int adds, const float *bias, upcoming_operands *next) { \
        for (ptrdiff_t i = 0; i < rows; i += TILE_ROWS) \
            tile_rows(smaller(TILE_ROWS, rows - i), VECTORS, a + i * (A_ROW), A_ROW, \
                      A_STEP, b, width, depth, c + i * c_row, c_row, columns, adds, bias, next); \
    }
/// Those functions for panels of `V` vectors.
#define DEFINE_PANELS(V) \
    DEFINE_PANEL(rows_##V, V, a_distance, 1) \
    DEFINE_PANEL(steps_##V, V, 1, a_distance)
#define PANEL_FUNCTIONS(V) {rows_##V, steps_##V}

typedef void panel_function(ptrdiff_t, const float *, ptrdiff_t, const float *, ptrdiff_t, ptrdiff_t,
                            float *, ptrdiff_t, ptrdiff_t, int, const float *, upcoming_operands *);

DEFINE_PANELS(1)
#if TILE_VECTORS >= 4
DEFINE_PANELS(2)
DEFINE_PANELS(3)
DEFINE_PANELS(4)
#endif

/// By the vectors of a panel, less 1; by steps.
static panel_function *const panel_functions[TILE_VECTORS][2] = {
    PANEL_FUNCTIONS(1),
#if TILE_VECTORS >= 4
    PANEL_FUNCTIONS(2), PANEL_FUNCTIONS(3), PANEL_FUNCTIONS(4),
#endif
};
_Static_assert(TILE_VECTORS == 1 || TILE_VECTORS == 4, "panels of one vector or of four");

/// How a block of rows of A lies in memory: `panel` rows with steps side by side or, where
/// `by_steps`, rows side by side; the next such panel is `panel * depth` floats further.
typedef struct {
    const float *first;
    ptrdiff_t distance, panel;
    int by_steps;
} a_block;

/// The panel that is read after panel `p` of the steps `k`: the next one, or the first of the next steps.
INLINE upcoming panel_after(const poe_product *q, ptrdiff_t p, ptrdiff_t panel_begin,
                            ptrdiff_t panel_end, ptrdiff_t k, ptrdiff_t depth) {
    if (++p == panel_end) {
        p = panel_begin;
        k += depth;
        depth = smaller(depth, q->panel_depth - k);
    }
    ptrdiff_t width = panel_width(p, q->panel_columns);
    return (upcoming){.first = q->panels + p * PANEL * q->panel_depth + k * width,
                      .rows = depth > 0, .lines = depth * width / LANES};
}

/// `rows` rows from `row` on, all panels, over the `depth` steps from `k` on; `next` is what follows of A.
INLINE void multiply_block(const poe_product *q, a_block a, ptrdiff_t row, ptrdiff_t rows,
                           ptrdiff_t k, ptrdiff_t depth, ptrdiff_t panel_begin,
                           ptrdiff_t panel_end, upcoming next_a) {
    upcoming_operands next = {.a = next_a};
    for (ptrdiff_t p = panel_begin; p < panel_end; p++) {
        ptrdiff_t width = panel_width(p, q->panel_columns), first = p * PANEL;
        ptrdiff_t columns = smaller(width, q->columns - first);
        const float *panel = q->panels + first * q->panel_depth + k * width;
        const float *bias = q->bias && k == 0 ? q->bias + first : NULL;
        ptrdiff_t vectors = round_up(columns, LANES) / LANES;
        panel_function *run = panel_functions[vectors - 1][a.by_steps];
        next.b = panel_after(q, p, panel_begin, panel_end, k, depth);
        for (ptrdiff_t i = 0; i < rows; i += a.panel)
            run(smaller(a.panel, rows - i), a.first + i * depth, a.distance, panel, width, depth,
                q->c + (row + i) * q->c_row + first, q->c_row, columns, q->accumulate || k > 0,
                bias, &next);
    }
}

/// What is read of A after the block of rows `row` and steps `k`.
INLINE upcoming after(const poe_product *q, ptrdiff_t row, ptrdiff_t row_begin, ptrdiff_t row_end,
                      ptrdiff_t k) {
    row += A_ROWS;
    if (row >= row_end) {
        row = row_begin;
        k += DEPTH_BLOCK;
    }
    if (k >= q->depth) return (upcoming){0};
    ptrdiff_t rows = smaller(A_ROWS, row_end - row), depth = smaller(DEPTH_BLOCK, q->depth - k);
    upcoming next = {.first = q->a + row * q->a_row + k * q->a_step, .row = q->a_row,
                     .rows = rows, .lines = (depth + LANES - 1) / LANES};
    if (q->a_step != 1) {
        next.row = q->a_step;
        next.rows = depth;
        next.lines = (rows + LANES - 1) / LANES;
    }
    return next;
}

static void multiply(const poe_product *product, ptrdiff_t row_begin, ptrdiff_t row_end,
                     ptrdiff_t panel_begin, ptrdiff_t panel_end, float *scratch) {
    const poe_product q = *product;
    int by_steps = q.a_step != 1;
    // A depth of 0 still writes C.
    ptrdiff_t k = 0;
    do {
        ptrdiff_t depth = smaller(DEPTH_BLOCK, q.depth - k);
        for (ptrdiff_t i = row_begin; i < row_end; i += A_ROWS) {
            ptrdiff_t rows = smaller(A_ROWS, row_end - i);
            a_block a = {q.a + i * q.a_row + k * q.a_step, by_steps ? q.a_step : q.a_row, A_ROWS,
                         by_steps};
            if (by_steps && scratch) {
                pack_a(a.first, q.a_step, depth, rows, scratch);
                a = (a_block){scratch, TILE_ROWS, TILE_ROWS, 1};
            }
            multiply_block(&q, a, i, rows, k, depth, panel_begin, panel_end,
                           after(&q, i, row_begin, row_end, k));
        }
        k += DEPTH_BLOCK;
    } while (k < q.depth);
}
