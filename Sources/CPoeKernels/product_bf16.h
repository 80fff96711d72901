// Packing of operands rounded to bfloat16, and their product. A word holds two steps of the depth; a
// depth that is odd ends in a word whose odd step is zero.

// Columns of A that are rounded into one panel, all the lanes of a vector at a time.
#define WORD_PANEL 48
_Static_assert(A_ROWS % WORD_PANEL == 0 && WORD_PANEL % TILE_ROWS == 0 && WORD_PANEL % LANES == 0,
               "sizes of rounded panels");

INLINE ptrdiff_t words_in(ptrdiff_t depth) { return (depth + 1) / 2; }

/// Words of steps k and k + 1 from two rows, `left` columns; the second is missing at the end.
INLINE v16 word_lanes(const float *row, ptrdiff_t next, int has_next, ptrdiff_t left) {
    v16 odd = has_next ? load_some(row + next, left) : splat(0.0f);
    return (v16)words_of(load_some(row, left), odd);
}

/// Packs rows as they stand, `depth` rows of `columns`.
INLINE void pack_word_rows(const float *b, ptrdiff_t b_row, ptrdiff_t depth, ptrdiff_t columns,
                           ptrdiff_t panel_begin, ptrdiff_t panel_end, float *panels) {
    for (ptrdiff_t k0 = 0; k0 < depth; k0 += PACK_ROWS) {
        ptrdiff_t k1 = smaller(k0 + PACK_ROWS, depth);
        for (ptrdiff_t p = panel_begin; p < panel_end; p++) {
            ptrdiff_t width = panel_width(p, columns), first = p * PANEL;
            float *panel = panels + first * words_in(depth);
            for (ptrdiff_t k = k0; k < k1; k += 2) {
                for (ptrdiff_t j = 0; j < width; j += LANES)
                    store(panel + k / 2 * width + j,
                          word_lanes(b + k * b_row + first + j, b_row, k + 1 < depth,
                                     columns - first - j));
            }
        }
    }
}

/// Words of 32 steps of a row, of which there are `left`.
INLINE v16 step_lanes(const float *row, ptrdiff_t left) {
    return (v16)words_of_steps(load_some(row, left),
                               left > LANES ? load_some(row + LANES, left - LANES) : splat(0.0f));
}

/// Packs the columns of `columns` rows of `depth`.
INLINE void pack_word_columns(const float *b, ptrdiff_t b_row, ptrdiff_t depth, ptrdiff_t columns,
                              ptrdiff_t panel_begin, ptrdiff_t panel_end, float *panels) {
    for (ptrdiff_t p = panel_begin; p < panel_end; p++) {
        ptrdiff_t width = panel_width(p, columns);
        float *panel = panels + p * PANEL * words_in(depth);
        for (ptrdiff_t j = 0; j < width; j += LANES) {
            ptrdiff_t column = p * PANEL + j;
            for (ptrdiff_t k = 0; k < depth; k += 2 * LANES) {
                v16 lanes[LANES];
                for (ptrdiff_t i = 0; i < LANES; i++)
                    lanes[i] = column + i < columns
                        ? step_lanes(b + (column + i) * b_row + k, depth - k) : splat(0.0f);
                transpose_lanes(lanes);
                ptrdiff_t words = smaller(LANES, words_in(depth - k));
                for (ptrdiff_t i = 0; i < words; i++)
                    store(panel + (k / 2 + i) * width + j, lanes[i]);
            }
        }
    }
}

static void pack_bf16(const float *b, ptrdiff_t b_row, int32_t transposed, ptrdiff_t depth,
                      ptrdiff_t columns, ptrdiff_t panel_begin, ptrdiff_t panel_end,
                      float *panels) {
    if (transposed)
        pack_word_columns(b, b_row, depth, columns, panel_begin, panel_end, panels);
    else
        pack_word_rows(b, b_row, depth, columns, panel_begin, panel_end, panels);
}

/// Rounds `rows` rows of `depth` steps, a row of words every DEPTH_BLOCK_WORDS.
INLINE a_block pack_a_rows(const float *a, ptrdiff_t a_row, ptrdiff_t depth, ptrdiff_t rows,
                           float *words) {
    for (ptrdiff_t i = 0; i < rows; i++) {
        for (ptrdiff_t k = 0; k < depth; k += 2 * LANES)
            store(words + i * DEPTH_BLOCK_WORDS + k / 2, step_lanes(a + i * a_row + k, depth - k));
    }
    return (a_block){words, DEPTH_BLOCK_WORDS, A_ROWS, 0};
}

/// Rounds `rows` columns of `depth` steps into panels of WORD_PANEL.
INLINE a_block pack_a_columns(const float *a, ptrdiff_t a_step, ptrdiff_t depth, ptrdiff_t rows,
                              float *words) {
    for (ptrdiff_t k0 = 0; k0 < depth; k0 += PACK_ROWS) {
        ptrdiff_t k1 = smaller(k0 + PACK_ROWS, depth);
        for (ptrdiff_t i = 0; i < rows; i += WORD_PANEL) {
            float *panel = words + i * words_in(depth);
            for (ptrdiff_t k = k0; k < k1; k += 2) {
                for (ptrdiff_t j = 0; j < WORD_PANEL && i + j < rows; j += LANES)
                    store(panel + k / 2 * WORD_PANEL + j,
                          word_lanes(a + k * a_step + i + j, a_step, k + 1 < depth, rows - i - j));
            }
        }
    }
    return (a_block){words, WORD_PANEL, WORD_PANEL, 1};
}

/// Out of line, so that no arithmetic leaves the region where subnormals are flushed.
static __attribute__((noinline)) void multiply_words(const poe_product *product,
                                                     ptrdiff_t row_begin, ptrdiff_t row_end,
                                                     ptrdiff_t panel_begin, ptrdiff_t panel_end,
                                                     float *scratch) {
    poe_product q = *product;
    q.panel_depth = words_in(product->panel_depth);
    // A depth of 0 still writes C.
    ptrdiff_t k = 0;
    do {
        ptrdiff_t depth = smaller(DEPTH_BLOCK, q.depth - k);
        for (ptrdiff_t i = row_begin; i < row_end; i += A_ROWS) {
            ptrdiff_t rows = smaller(A_ROWS, row_end - i);
            const float *first = q.a + i * q.a_row + k * q.a_step;
            a_block a = q.a_step == 1 ? pack_a_rows(first, q.a_row, depth, rows, scratch)
                                      : pack_a_columns(first, q.a_step, depth, rows, scratch);
            multiply_block(&q, 1, a, i, rows, k / 2, words_in(depth), panel_begin, panel_end,
                           after(&q, i, row_begin, row_end, k));
        }
        k += DEPTH_BLOCK;
    } while (k < q.depth);
}

static void multiply_bf16(const poe_product *product, ptrdiff_t row_begin, ptrdiff_t row_end,
                          ptrdiff_t panel_begin, ptrdiff_t panel_end, float *scratch) {
    uint64_t before = flush_subnormals();
    multiply_words(product, row_begin, row_end, panel_begin, panel_end, scratch);
    treat_subnormals_as(before);
}
