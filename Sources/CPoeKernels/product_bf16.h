// Products of matrices rounded to bfloat16, as the instruction TDPBF16PS of Intel's AMX makes them.
//
// The depth goes in groups of 32 steps, filled up with zeros at its end. Of a group the products of the even
// steps are a chain of fused multiply-adds from zero, those of the odd steps another, and the sum of both
// ends is added to the element, which starts as zero or as the old C, with the bias added. Subnormal numbers
// are taken and given as zeros.
//
// How a set keeps groups and multiplies them is in groups_tiles.h for those with AMX, in groups_floats.h for all
// others. Both define GROUP_FLOATS, PAIR_ROW, `a_group`, `b_group`, `store_words`, `multiply_groups`, `begin_tiles`,
// `end_tiles` and `multiply_adds_bf16`.

#define GROUP_STEPS POE_GROUP_STEPS
#define GROUP_PAIRS (GROUP_STEPS / 2)
_Static_assert(GROUP_PAIRS == LANES && DEPTH_BLOCK % GROUP_STEPS == 0, "a group is a vector of words");
// Groups of a row of A that is packed at a time.
#define GROUPS_OF_A (DEPTH_BLOCK / GROUP_STEPS)

INLINE ptrdiff_t groups_in(ptrdiff_t depth) { return (depth + GROUP_STEPS - 1) / GROUP_STEPS; }

/// What some rows of packed A and one packed panel of B make of C.
typedef struct {
    const float *a, *b;
    /// Columns and groups of the panel; then how many of its groups are multiplied.
    ptrdiff_t width, panel_groups, groups;
    float *c;
    ptrdiff_t c_row, rows, columns;
    /// Whether an element starts as what C holds, and what is added then; or NULL.
    int adds;
    const float *bias;
} group_product;

#if defined(TILES)
#include "groups_tiles.h"
#else
#include "groups_floats.h"
#endif

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
                    .width = width, .panel_groups = panel_groups, .groups = groups_in(depth),
                    .c = q->c + i * q->c_row + first, .c_row = q->c_row, .rows = rows,
                    .columns = smaller(width, q->columns - first), .adds = q->accumulate || k > 0,
                    .bias = q->bias && k == 0 ? q->bias + first : NULL};
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
