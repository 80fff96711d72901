// Products of matrices rounded to bfloat16, as the instruction TDPBF16PS of Intel's AMX makes them.
//
// The depth goes in groups of 32 steps, filled up with zeros at its end. Of a group the products of the even
// steps are a chain of fused multiply-adds from zero, those of the odd steps another, and the sum of both
// ends is added to the element, which starts as zero or as the old C, with the bias added. Subnormal numbers
// are taken and given as zeros.
//
// A set with tiles (product_tiles.h) holds a group as 16 words, each of an even and an odd step. The others
// hold it as the floats that were rounded, first the 16 even steps and then the 16 odd ones, and multiply those
// with the processor told to flush subnormals: the same bits, at the speed of f32.

#define GROUP_STEPS POE_GROUP_STEPS
#define GROUP_PAIRS (GROUP_STEPS / 2)
_Static_assert(GROUP_PAIRS == LANES && DEPTH_BLOCK % GROUP_STEPS == 0, "a group is a vector of words");

// Floats of one row of A's groups, or of one column of B's.
#if defined(TILES)
#define GROUP_FLOATS GROUP_PAIRS
#else
#define GROUP_FLOATS GROUP_STEPS
#endif

INLINE ptrdiff_t groups_in(ptrdiff_t depth) { return (depth + GROUP_STEPS - 1) / GROUP_STEPS; }

#if defined(TILES)
// What one tile register takes stands together, and then what it takes next.
#define TILE_FLOATS (LANES * GROUP_FLOATS)
// From a pair of steps of a panel to the next.
#define PAIR_ROW(width) LANES

/// Row i of group g of packed A.
INLINE float *a_group(float *packed, ptrdiff_t i, ptrdiff_t g) {
    ptrdiff_t tile = i / LANES * (DEPTH_BLOCK / GROUP_STEPS) + g;
    return packed + tile * TILE_FLOATS + i % LANES * GROUP_FLOATS;
}

/// Group g of the 16 columns from `j` on of a panel with `groups` groups.
INLINE ptrdiff_t b_group(ptrdiff_t width, ptrdiff_t groups, ptrdiff_t j, ptrdiff_t g) {
    (void)width;
    return (j / LANES * groups + g) * TILE_FLOATS;
}
#else
#define PAIR_ROW(width) (width)
// From a row of packed A to the next.
#define GROUPS_ROW (DEPTH_BLOCK / GROUP_STEPS * GROUP_FLOATS)

INLINE float *a_group(float *packed, ptrdiff_t i, ptrdiff_t g) {
    return packed + i * GROUPS_ROW + g * GROUP_FLOATS;
}

INLINE ptrdiff_t b_group(ptrdiff_t width, ptrdiff_t groups, ptrdiff_t j, ptrdiff_t g) {
    (void)groups;
    return g * GROUP_FLOATS * width + j;
}
#endif

/// Stores words; where floats are held, their even steps here and their odd ones `odd` floats further.
INLINE void store_words(float *out, ptrdiff_t odd, u16 words) {
#if defined(TILES)
    store(out, (v16)words);
    (void)odd;
#else
    store(out, (v16)(words << 16));
    store(out + odd, (v16)(words & 0xffff0000u));
#endif
}

/// Words of the first two of the `steps` rows from `row` on; `columns` are left of each.
INLINE u16 words_of_rows(const float *row, ptrdiff_t next, ptrdiff_t steps, ptrdiff_t columns) {
    return words_of(steps > 0 ? load_some(row, columns) : splat(0.0f),
                    steps > 1 ? load_some(row + next, columns) : splat(0.0f));
}

/// Words of 32 steps of a row, of which there are `left`.
INLINE u16 words_of_row(const float *row, ptrdiff_t left) {
    return words_of_steps(load_some(row, left),
                          left > LANES ? load_some(row + LANES, left - LANES) : splat(0.0f));
}

/// Packs a group of 16 columns of B that stand in rows, of which `steps` are left.
INLINE void pack_group_of_rows(const float *b, ptrdiff_t b_row, ptrdiff_t steps, ptrdiff_t columns,
                               ptrdiff_t width, float *group) {
    for (ptrdiff_t pair = 0; pair < GROUP_PAIRS; pair++)
        store_words(group + pair * PAIR_ROW(width), GROUP_PAIRS * width,
                    words_of_rows(b + 2 * pair * b_row, b_row, steps - 2 * pair, columns));
}

/// Packs a group of 16 columns of B, each of which is a row of `b`.
INLINE void pack_group_of_columns(const float *b, ptrdiff_t b_row, ptrdiff_t steps,
                                  ptrdiff_t columns, ptrdiff_t width, float *group) {
    v16 words[LANES];
    for (ptrdiff_t i = 0; i < LANES; i++)
        words[i] = i < columns ? (v16)words_of_row(b + i * b_row, steps) : splat(0.0f);
    transpose_lanes(words);
    for (ptrdiff_t pair = 0; pair < GROUP_PAIRS; pair++)
        store_words(group + pair * PAIR_ROW(width), GROUP_PAIRS * width, (u16)words[pair]);
}

static void pack_bf16(const float *b, ptrdiff_t b_row, int32_t transposed, ptrdiff_t depth,
                      ptrdiff_t columns, ptrdiff_t panel_begin, ptrdiff_t panel_end,
                      float *panels) {
    for (ptrdiff_t p = panel_begin; p < panel_end; p++) {
        ptrdiff_t width = panel_width(p, columns);
        ptrdiff_t groups = groups_in(depth);
        float *panel = panels + p * PANEL * groups * GROUP_FLOATS;
        for (ptrdiff_t g = 0; g < groups; g++) {
            for (ptrdiff_t j = 0; j < width; j += LANES) {
                ptrdiff_t k = g * GROUP_STEPS, column = p * PANEL + j, left = columns - column;
                float *group = panel + b_group(width, groups, j, g);
                if (transposed)
                    pack_group_of_columns(b + column * b_row + k, b_row, depth - k, left, width, group);
                else
                    pack_group_of_rows(b + k * b_row + column, b_row, depth - k, left, width, group);
            }
        }
    }
}

/// Rounds `rows` rows of `depth` steps.
INLINE void pack_a_rows(const float *a, ptrdiff_t a_row, ptrdiff_t depth, ptrdiff_t rows,
                        float *packed) {
    for (ptrdiff_t i = 0; i < rows; i++) {
        for (ptrdiff_t k = 0; k < depth; k += GROUP_STEPS)
            store_words(a_group(packed, i, k / GROUP_STEPS), GROUP_PAIRS,
                        words_of_row(a + i * a_row + k, depth - k));
    }
}

/// Rounds `rows` columns of `depth` steps, and makes rows of them.
INLINE void pack_a_columns(const float *a, ptrdiff_t a_step, ptrdiff_t depth, ptrdiff_t rows,
                           float *packed) {
    for (ptrdiff_t k = 0; k < depth; k += GROUP_STEPS) {
        for (ptrdiff_t i = 0; i < rows; i += LANES) {
            v16 words[LANES];
            for (ptrdiff_t pair = 0; pair < GROUP_PAIRS; pair++)
                words[pair] = (v16)words_of_rows(a + (k + 2 * pair) * a_step + i, a_step,
                                                 depth - k - 2 * pair, rows - i);
            transpose_lanes(words);
            ptrdiff_t count = smaller(LANES, rows - i);
            for (ptrdiff_t row = 0; row < count; row++)
                store_words(a_group(packed, i + row, k / GROUP_STEPS), GROUP_PAIRS, (u16)words[row]);
        }
    }
}

/// What some rows of packed A and one packed panel of B make of C.
typedef struct {
    const float *a, *b;
    /// Of the panel, and its groups; then how many of them are multiplied.
    ptrdiff_t width, panel_groups, groups;
    float *c;
    ptrdiff_t c_row, rows, columns;
    /// Whether an element starts as what C holds, and what is added then; or NULL.
    int adds;
    const float *bias;
} group_product;

#if defined(TILES)
#include "product_tiles.h"
#else

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
                tile_step(rows, vectors, a, GROUPS_ROW, b, chain);
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

/// `rows` rows from row `i` on, `vectors` vectors from column `j` on.
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
    add_groups(rows, vectors, x->a + i * GROUPS_ROW, x->b + j, x->width, x->groups, sum);
    for (int v = 0; v < vectors; v++) {
        for (int r = 0; r < rows; r++)
            store_some(c + r * x->c_row + v * LANES, sum[r][v], x->columns - j - v * LANES);
    }
}

/// Whole tiles, and what they leave: two vectors at a time and one, then single rows.
static void multiply_groups(const group_product *x) {
    ptrdiff_t i = 0, columns = round_up(x->columns, LANES);
    for (; i + TILE_ROWS <= x->rows; i += TILE_ROWS) {
        ptrdiff_t j = 0;
        for (; j + PANEL <= columns; j += PANEL) group_tile(TILE_ROWS, TILE_VECTORS, x, i, j);
#if TILE_VECTORS > 1
        for (; j + 2 * LANES <= columns; j += 2 * LANES) group_tile(TILE_ROWS, 2, x, i, j);
        if (j < columns) group_tile(TILE_ROWS, 1, x, i, j);
#endif
    }
    for (; i < x->rows; i++) {
        for (ptrdiff_t j = 0; j < columns; j += LANES) group_tile(1, 1, x, i, j);
    }
}

INLINE void begin_tiles(void) {}
INLINE void end_tiles(void) {}

static float multiply_adds_bf16(ptrdiff_t rounds, int64_t *operations) {
    return multiply_adds(rounds, operations);
}
#endif

/// Out of line, so that no arithmetic leaves the region where subnormals are flushed.
static __attribute__((noinline)) void multiply_blocks(const poe_product *q, ptrdiff_t row_begin,
                                                      ptrdiff_t row_end, ptrdiff_t panel_begin,
                                                      ptrdiff_t panel_end, float *scratch) {
    // A depth of 0 still writes C.
    ptrdiff_t k = 0;
    do {
        ptrdiff_t depth = smaller(DEPTH_BLOCK, q->depth - k);
        for (ptrdiff_t i = row_begin; i < row_end; i += A_ROWS) {
            ptrdiff_t rows = smaller(A_ROWS, row_end - i);
            const float *a = q->a + i * q->a_row + k * q->a_step;
            if (q->a_step == 1)
                pack_a_rows(a, q->a_row, depth, rows, scratch);
            else
                pack_a_columns(a, q->a_step, depth, rows, scratch);
            for (ptrdiff_t p = panel_begin; p < panel_end; p++) {
                ptrdiff_t width = panel_width(p, q->panel_columns), first = p * PANEL;
                ptrdiff_t panel_groups = groups_in(q->panel_depth);
                const float *panel = q->panels + first * panel_groups * GROUP_FLOATS;
                group_product x = {
                    .a = scratch, .b = panel + b_group(width, panel_groups, 0, k / GROUP_STEPS),
                    .width = width, .panel_groups = panel_groups, .groups = groups_in(depth), .c = q->c + i * q->c_row + first, .c_row = q->c_row,
                    .rows = rows, .columns = smaller(width, q->columns - first),
                    .adds = q->accumulate || k > 0, .bias = q->bias && k == 0 ? q->bias + first : NULL};
                multiply_groups(&x);
            }
        }
        k += DEPTH_BLOCK;
    } while (k < q->depth);
}

static void multiply_bf16(const poe_product *product, ptrdiff_t row_begin, ptrdiff_t row_end,
                          ptrdiff_t panel_begin, ptrdiff_t panel_end, float *scratch) {
    uint64_t before = flush_subnormals();
    begin_tiles();
    multiply_blocks(product, row_begin, row_end, panel_begin, panel_end, scratch);
    end_tiles();
    treat_subnormals_as(before);
}
