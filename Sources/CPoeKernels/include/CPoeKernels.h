// The numeric kernels: one table of functions per instruction set, all with the same bits.
//
// Conventions. Matrices are row-major f32; `X_row` is the distance in floats from a row of X to
// the next. Ranges are half open. A kernel reads and writes exactly the elements it names, needs
// no alignment, allocates nothing and starts no thread: the caller splits the work.
// Documentation/Kernels.md has the reduction orders and says how to add a set.
#pragma once

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/// Tells the core that this thread waits in a loop.
static inline void poe_pause(void) {
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("isb");
#endif
}

/// C = A B, with B in panels (see `pack`). Element (i, k) of A is a[i * a_row + k * a_step], where
/// one of the two distances must be 1.
typedef struct poe_product {
    const float *a;
    ptrdiff_t a_row, a_step;
    /// Panels of B, and the sizes they were packed with: at least `depth` and `columns`.
    const float *panels;
    ptrdiff_t panel_depth, panel_columns;
    float *c;
    ptrdiff_t c_row;
    /// One value a column, added to every row; or NULL.
    const float *bias;
    ptrdiff_t columns, depth;
    /// Whether the product is added to C instead of replacing it.
    int32_t accumulate;
} poe_product;

/// Columns of a panel of packed int8 weights, in every set.
#define POE_INTEGER_PANEL 64

/// What a product of integers does with C, in `poe_integer_product.mode`: replaces it, adds to it,
/// or replaces it by the GELU (or GELU by tanh) of the product.
#define POE_PRODUCT_STORE 0
#define POE_PRODUCT_ADD 1
#define POE_PRODUCT_GELU 2
#define POE_PRODUCT_GELU_TANH 3

/// C = A B of quantized rows A [*, inputs] and packed weights B [inputs, columns].
typedef struct poe_integer_product {
    /// Symbols in -127 ... 127; from `inputs` on, up to a multiple of 4, zeros.
    const int8_t *a;
    ptrdiff_t a_row;
    /// For each row: what a symbol stands for, and 128 times the sum of its symbols.
    const float *scales;
    const int32_t *sums;
    const uint8_t *panels;
    /// For each column, up to a multiple of 16: what a symbol stands for.
    const float *steps;
    /// One value a column, added to every row; or NULL.
    const float *bias;
    float *c;
    ptrdiff_t c_row;
    ptrdiff_t inputs, columns;
    int32_t mode;
} poe_integer_product;

/// A cache of one row's int8 keys and values: what attention reads stands together in the order of the
/// positions. Block after block of 16 positions, poe_integer_cache_block bytes for each head: keys,
/// [ceil(dimension / 4)][16][4] of symbol + 128; values, four times 4 positions of [dimension rounded up to
/// 16][4] symbols; then what a symbol stands for, for each position of the keys and of the values.
typedef struct poe_integer_cache {
    void *bytes;
    /// Positions, a multiple of 16.
    ptrdiff_t capacity;
    ptrdiff_t heads, dimension;
} poe_integer_cache;
/// Bytes of one head of a block, a multiple of 64.
static inline ptrdiff_t poe_integer_cache_block(ptrdiff_t dimension) {
    return 64 * ((dimension + 3) / 4) + 256 * ((dimension + 15) / 16) + 128;
}

/// Heads that attention over a cache takes at a time, each with its own scratch memory.
#define POE_HEADS_TOGETHER 4

/// Floats of scratch for attention over `count` positions: for each head a score and two bytes a
/// position, and the query's bytes.
static inline ptrdiff_t poe_attend_scratch(ptrdiff_t count, ptrdiff_t dimension) {
    return POE_HEADS_TOGETHER * ((count + 15) / 16 * 24 + (dimension + 15) / 16 * 4);
}

/// A dropout mask; `keep` is the least 32-bit number that keeps an element.
typedef struct poe_dropout {
    uint32_t key_low, key_high, keep;
    float scale;
} poe_dropout;

/// Causal attention of windows; q, k and v stand beside each other in a row of qkv.
typedef struct poe_attention {
    const float *qkv;
    ptrdiff_t qkv_row;
    float *out;
    ptrdiff_t out_row;
    float *log_sum_exp;
    const float *d_out;
    ptrdiff_t d_out_row;
    float *d_qkv;
    ptrdiff_t d_qkv_row;
    ptrdiff_t length, heads, dimension;
    float score_scale;
    const poe_dropout *dropout;
    /// Whether the operands of its products are rounded to bfloat16.
    int32_t bf16;
} poe_attention;

/// The constants of an AdamW step.
typedef struct poe_adamw {
    float gradient_scale, beta1, one_minus_beta1, beta2, one_minus_beta2;
    /// 1 - learning rate * weight decay.
    float decay;
    float root_correction2, epsilon;
    /// learning rate / (1 - beta1^step).
    float step;
} poe_adamw;

/// Steps of the depth that a product of bfloat16 takes together.
#define POE_GROUP_STEPS 32

/// Rows that threads share out together in products of bfloat16: those of a block of tiles.
#define POE_BLOCK_ROWS 32

/// Floats of scratch that a product of a transposed A needs, and any product of bfloat16.
#define POE_PRODUCT_SCRATCH (192 * 256)

/// The kernels of one instruction set.
typedef struct poe_kernels {
    const char *name;
    /// Rows and columns of the tile of C that is held in registers; a panel has `panel_columns`
    /// columns, the last one only as many as it needs, rounded up to 16.
    ptrdiff_t tile_rows, panel_columns;

    /// Packs panels [panel_begin, panel_end) of B [depth, columns]: panel p holds `depth` rows of
    /// its columns, zeros to the right, and starts at panels + p * panel_columns * depth.
    /// Element (k, j) of B is b[k * b_row + j], or b[j * b_row + k] where `transposed`.
    void (*pack)(const float *b, ptrdiff_t b_row, int32_t transposed, ptrdiff_t depth,
                 ptrdiff_t columns, ptrdiff_t panel_begin, ptrdiff_t panel_end, float *panels);
    /// The elements of C in rows [row_begin, row_end) and panels [panel_begin, panel_end). With
    /// `scratch`, of POE_PRODUCT_SCRATCH floats, an A whose rows do not stand side by side is
    /// packed on the way; without (NULL) it is read where it stands, the faster for a few rows.
    void (*multiply)(const poe_product *product, ptrdiff_t row_begin, ptrdiff_t row_end,
                     ptrdiff_t panel_begin, ptrdiff_t panel_end, float *scratch);

    /// As `pack` and `multiply`, of operands rounded to bfloat16 (to nearest, ties to even). An element starts as
    /// C or zero, plus the bias; then groups of POE_GROUP_STEPS steps are added in order, each the sum of two
    /// chains from zero, of its even and of its odd steps. `panels` has room for a depth rounded up to whole
    /// groups; `depth` is `panel_depth` or whole groups. `scratch` must be given; subnormal numbers are
    /// taken and given as zeros.
    void (*pack_bf16)(const float *b, ptrdiff_t b_row, int32_t transposed, ptrdiff_t depth,
                      ptrdiff_t columns, ptrdiff_t panel_begin, ptrdiff_t panel_end, float *panels);
    void (*multiply_bf16)(const poe_product *product, ptrdiff_t row_begin, ptrdiff_t row_end,
                          ptrdiff_t panel_begin, ptrdiff_t panel_end, float *scratch);

    void (*layer_norm)(const float *x, ptrdiff_t x_row, const float *gain, const float *bias,
                       float epsilon, ptrdiff_t rows, ptrdiff_t columns, float *out,
                       ptrdiff_t out_row, float *mean, float *inverse);
    void (*layer_norm_backward)(const float *d_out, ptrdiff_t d_out_row, const float *x,
                                ptrdiff_t x_row, const float *mean, const float *inverse,
                                const float *gain, ptrdiff_t rows, ptrdiff_t columns, float *d_x,
                                ptrdiff_t d_x_row);
    /// Adds to columns [column_begin, column_end) of d_gain and, where not NULL, d_bias.
    void (*layer_norm_gradients)(const float *d_out, ptrdiff_t d_out_row, const float *x,
                                 ptrdiff_t x_row, const float *mean, const float *inverse,
                                 ptrdiff_t rows, ptrdiff_t column_begin, ptrdiff_t column_end,
                                 float *d_gain, float *d_bias);

    /// `kind` 0: GELU; 1: GELU by tanh.
    void (*activate)(int32_t kind, const float *x, ptrdiff_t x_row, ptrdiff_t rows,
                     ptrdiff_t columns, float *out, ptrdiff_t out_row);
    void (*activate_backward)(int32_t kind, const float *d_out, ptrdiff_t d_out_row,
                              const float *x, ptrdiff_t x_row, ptrdiff_t rows, ptrdiff_t columns,
                              float *d_x, ptrdiff_t d_x_row);

    void (*column_sums)(const float *x, ptrdiff_t x_row, ptrdiff_t rows, ptrdiff_t column_begin,
                        ptrdiff_t column_end, float *sums);

    /// out = dropout(x); the first row of x is row `first_row` of the mask.
    void (*dropout)(const float *x, ptrdiff_t x_row, const poe_dropout *dropout,
                    ptrdiff_t first_row, ptrdiff_t rows, ptrdiff_t columns, float *out,
                    ptrdiff_t out_row);
    /// out = residual + dropout(branch), where out may be residual; NULL adds the branch as it is.
    void (*add_residual)(const float *branch, ptrdiff_t branch_row, const poe_dropout *dropout,
                         ptrdiff_t first_row, ptrdiff_t rows, ptrdiff_t columns,
                         const float *residual, ptrdiff_t residual_row, float *out,
                         ptrdiff_t out_row);

    /// Floats of scratch that a job of `attention` or `attention_backward` needs.
    ptrdiff_t (*attention_scratch)(ptrdiff_t length, ptrdiff_t dimension);
    /// Job = window * heads + head.
    void (*attention)(const poe_attention *attention, ptrdiff_t job, float *scratch);
    void (*attention_backward)(const poe_attention *attention, ptrdiff_t job, float *scratch);
    /// One head of one query over `count` cached rows; `scratch` holds count + 16 floats.
    void (*attend_cached)(const float *query, const float *keys, ptrdiff_t keys_row,
                          const float *values, ptrdiff_t values_row, ptrdiff_t count,
                          ptrdiff_t dimension, float score_scale, float *out, float *scratch);

    /// Writes the losses; where `gradient_scale` is not NULL, overwrites the logits too.
    void (*softmax_cross_entropy)(float *logits, ptrdiff_t logits_row, const uint32_t *targets,
                                  ptrdiff_t rows, ptrdiff_t columns, float *losses,
                                  const float *gradient_scale);

    /// out[i] = token_table[tokens[i]] + position_table[(first + i) % context].
    void (*embed)(const uint32_t *tokens, ptrdiff_t first, ptrdiff_t count,
                  const float *token_table, ptrdiff_t token_row, const float *position_table,
                  ptrdiff_t position_row, ptrdiff_t context, ptrdiff_t columns, float *out,
                  ptrdiff_t out_row);
    /// Adds to columns [column_begin, column_end) of both tables, in order of i.
    void (*embed_backward)(const float *d_out, ptrdiff_t d_out_row, const uint32_t *tokens,
                           ptrdiff_t count, ptrdiff_t context, ptrdiff_t column_begin,
                           ptrdiff_t column_end, float *d_token_table, ptrdiff_t token_row,
                           float *d_position_table, ptrdiff_t position_row);

    double (*sum_of_squares)(const float *x, ptrdiff_t count);
    void (*adamw)(float *weights, const float *gradient, float *first, float *second,
                  ptrdiff_t count, const poe_adamw *settings);
    /// Runs `rounds` of independent multiply-adds in registers, to measure the machine's limit;
    /// stores how many floating-point operations that was, and returns what they made.
    float (*multiply_adds)(ptrdiff_t rounds, int64_t *operations);
    /// As `multiply_adds`, of products of bfloat16.
    float (*multiply_adds_bf16)(ptrdiff_t rounds, int64_t *operations);
    /// out = alpha x + beta y; out may be x or y.
    void (*scale_add)(const float *x, float alpha, const float *y, float beta, float *out,
                      ptrdiff_t count);

    /// Rows of int8: scale = greatest magnitude / 127, symbol = x * (127 / greatest magnitude)
    /// rounded, ties to even; zeros from `columns` to `out_row`, a multiple of 64. A row with no
    /// magnitude of 2^-100 gets scale 0, one that is not finite scale NaN; both get symbols 0.
    void (*quantize)(const float *x, ptrdiff_t x_row, ptrdiff_t rows, ptrdiff_t columns,
                     int8_t *out, ptrdiff_t out_row, float *scales, int32_t *sums);
    /// As `layer_norm`, then `quantize`; `scratch` holds `columns` floats.
    void (*normalize_quantize)(const float *x, ptrdiff_t x_row, const float *gain,
                               const float *bias, float epsilon, ptrdiff_t rows,
                               ptrdiff_t columns, int8_t *out, ptrdiff_t out_row, float *scales,
                               int32_t *sums, float *scratch);
    /// Packs panels [panel_begin, panel_end) of symbols [outputs, inputs]: panel p starts at
    /// p * 64 * 4 * ceil(inputs / 4) and holds, for each 4 inputs, 4 bytes of symbol + 128 for each
    /// of its outputs; 128 where there is no symbol.
    void (*pack_integers)(const int8_t *symbols, ptrdiff_t symbols_row, ptrdiff_t inputs,
                          ptrdiff_t outputs, ptrdiff_t panel_begin, ptrdiff_t panel_end,
                          uint8_t *panels);
    /// out[k] = symbol[output][k] * step + added[k].
    void (*unpack_integers)(const uint8_t *panels, ptrdiff_t inputs, ptrdiff_t outputs,
                            ptrdiff_t output, float step, const float *added, float *out);
    void (*multiply_integers)(const poe_integer_product *product, ptrdiff_t row_begin,
                              ptrdiff_t row_end, ptrdiff_t panel_begin, ptrdiff_t panel_end);
    /// Writes the ids of the `wanted` largest logits, ascending; of equal ones the lowest ids. Returns
    /// how many: fewer where there are not so many. `scratch` holds `count` rounded up to 16.
    ptrdiff_t (*select_largest)(const float *logits, ptrdiff_t count, ptrdiff_t wanted,
                                uint32_t *ids, int32_t *scratch);
    /// Quantizes heads [head_begin, head_end) of a key and a value, each all heads side by side.
    void (*store_cached)(const poe_integer_cache *cache, const float *keys, const float *values,
                         ptrdiff_t position, ptrdiff_t head_begin, ptrdiff_t head_end);
    /// Heads [head_begin, head_end) of a query over the first `count` positions, at least one;
    /// `scratch` holds poe_attend_scratch floats.
    void (*attend_integers)(const poe_integer_cache *cache, const float *query,
                            ptrdiff_t head_begin, ptrdiff_t head_end, ptrdiff_t count,
                            float score_scale, float *out, float *scratch);
    /// As `multiply_adds`, of products of bytes.
    int32_t (*integer_dots)(ptrdiff_t rounds, int64_t *operations);
    /// Reads every byte once, to measure how fast that is; returns something of them all.
    uint64_t (*read_bytes)(const void *bytes, ptrdiff_t count);
} poe_kernels;

/// The table called `name`, or NULL where this machine cannot run it.
const poe_kernels *poe_kernels_named(const char *name);

/// The processors that the system lets this program run on, which may be fewer than the machine has; 0
/// where it does not say.
int32_t poe_granted_processors(void);

#ifdef __cplusplus
}
#endif
