// The kernels of one set. A set's source file defines KERNELS (the table's name), NAME, TILE_ROWS
// and TILE_VECTORS, INTEGER_ROWS and INTEGER_VECTORS, and which `dot4` it has (dot.h), opens its target
// region and includes this.

#pragma clang fp contract(off)
#pragma clang diagnostic push
#pragma clang diagnostic ignored "-Wpsabi"

#if defined(__has_feature)
#if __has_feature(thread_sanitizer)
void __tsan_read_range(void *, unsigned long);
void __tsan_write_range(void *, unsigned long);
#endif
#endif

#define PANEL (TILE_VECTORS * LANES)

#include "vectors.h"
#include "dot.h"
#include "bf16.h"
#include "product.h"
#include "elementwise.h"
#include "product_bf16.h"
#include "attention.h"
#include "integer.h"
#include "attention_integer.h"
#include "sampling.h"

const poe_kernels KERNELS = {
    .name = NAME,
    .tile_rows = TILE_ROWS,
    .panel_columns = PANEL,
    .pack = pack,
    .multiply = multiply,
    .pack_bf16 = pack_bf16,
    .multiply_bf16 = multiply_bf16,
    .layer_norm = layer_norm,
    .layer_norm_backward = layer_norm_backward,
    .layer_norm_gradients = layer_norm_gradients,
    .activate = activate,
    .activate_backward = activate_backward,
    .column_sums = column_sums,
    .dropout = dropout,
    .add_residual = add_residual,
    .attention_scratch = attention_scratch,
    .attention = attention,
    .attention_backward = attention_backward,
    .attend_cached = attend_cached,
    .softmax_cross_entropy = softmax_cross_entropy,
    .embed = embed,
    .embed_backward = embed_backward,
    .sum_of_squares = sum_of_squares,
    .adamw = adamw,
    .multiply_adds = multiply_adds,
    .multiply_adds_bf16 = multiply_adds_bf16,
    .scale_add = scale_add,
    .quantize = quantize,
    .normalize_quantize = normalize_quantize,
    .pack_integers = pack_integers,
    .unpack_integers = unpack_integers,
    .multiply_integers = multiply_integers,
    .store_cached = store_cached,
    .select_largest = select_largest,
    .attend_integers = attend_integers,
    .integer_dots = integer_dots,
    .read_bytes = read_bytes,
};

#pragma clang diagnostic pop
