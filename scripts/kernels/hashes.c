// Runs every function of a kernel table on seeded inputs of awkward sizes and prints a hash of what
// each wrote: all sets, on all processors, must print the same.
//
//     hashes SET...
#define _POSIX_C_SOURCE 200809L
#include "CPoeKernels.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static uint64_t state;

static uint64_t next(void) {
    uint64_t z = state += 0x9e3779b97f4a7c15u;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

/// Exactly `size` bytes, so that a sanitizer sees the first one too many.
static void *allocate(size_t size) {
    void *p = NULL;
    if (posix_memalign(&p, 64, size) != 0) abort();
    return p;
}

/// `count` numbers between -1 and 1.
static float *floats(size_t count) {
    float *p = allocate(count * sizeof(float));
    for (size_t i = 0; i < count; i++) p[i] = (float)(int32_t)(next() >> 32) * 0x1p-31f;
    return p;
}

/// `count` bytes of noise.
static void *noise(size_t count) {
    uint8_t *p = allocate(count);
    for (size_t i = 0; i < count; i++) p[i] = (uint8_t)(next() >> 56);
    return p;
}

static uint64_t hash;

static void add(const void *bytes, size_t count) {
    const uint8_t *p = bytes;
    for (size_t i = 0; i < count; i++) hash = (hash ^ p[i]) * 0x100000001b3u;
}

static void add_floats(const float *x, size_t count) { add(x, count * sizeof(float)); }

static void show(const char *name, const char *shape) {
    printf("%016llx %s %s\n", (unsigned long long)hash, name, shape);
    hash = 0xcbf29ce484222325u;
}

static void products(const poe_kernels *k, ptrdiff_t m, ptrdiff_t depth, ptrdiff_t n, int bf16) {
    char shape[80];
    snprintf(shape, sizeof shape, "%td x %td x %td", m, depth, n);
    float *a = floats((size_t)(m * depth)), *b = floats((size_t)(n * depth)), *bias = floats((size_t)n);
    float *scratch = floats(POE_PRODUCT_SCRATCH), *c = floats((size_t)(m * n));
    ptrdiff_t panels = (n + k->panel_columns - 1) / k->panel_columns;
    ptrdiff_t group = bf16 ? POE_GROUP_STEPS : 1;
    float *packed = floats((size_t)((n + 15) / 16 * 16 * ((depth + group - 1) / group * group)));
    for (int way = 0; way < 4; way++) {
        int by_steps = way & 1, transposed = way >> 1;
        (bf16 ? k->pack_bf16 : k->pack)(b, transposed ? depth : n, transposed, depth, n, 0, panels, packed);
        poe_product product = {.a = a, .a_row = by_steps ? 1 : depth, .a_step = by_steps ? m : 1,
                               .panels = packed, .panel_depth = depth, .panel_columns = n, .c = c,
                               .c_row = n, .bias = way == 3 ? NULL : bias, .columns = n,
                               .depth = depth, .accumulate = way >= 2};
        if (bf16)
            k->multiply_bf16(&product, 0, m, 0, panels, scratch);
        else
            k->multiply(&product, 0, m, 0, panels, by_steps ? scratch : NULL);
        add_floats(c, (size_t)(m * n));
    }
    show(bf16 ? "multiply_bf16" : "multiply", shape);
    free(a), free(b), free(bias), free(scratch), free(c), free(packed);
}

static void rows(const poe_kernels *k, ptrdiff_t r, ptrdiff_t n) {
    char shape[80];
    snprintf(shape, sizeof shape, "%td x %td", r, n);
    size_t size = (size_t)(r * n);
    float *x = floats(size), *y = floats(size), *out = floats(size), *gain = floats((size_t)n);
    float *bias = floats((size_t)n), *mean = floats((size_t)r), *inverse = floats((size_t)r);
    float *first = floats((size_t)n), *second = floats((size_t)n), *loss = floats((size_t)r);
    uint32_t *tokens = allocate((size_t)r * sizeof(uint32_t));
    for (ptrdiff_t i = 0; i < r; i++) tokens[i] = (uint32_t)(next() % (uint64_t)n);
    for (size_t i = 0; i < size; i++) x[i] *= 8.0f;
    k->layer_norm(x, n, gain, bias, 1e-5f, r, n, out, n, mean, inverse);
    add_floats(out, size), add_floats(mean, (size_t)r), add_floats(inverse, (size_t)r);
    k->layer_norm_backward(y, n, x, n, mean, inverse, gain, r, n, out, n);
    add_floats(out, size);
    k->layer_norm_gradients(y, n, x, n, mean, inverse, r, 0, n, first, second);
    add_floats(first, (size_t)n), add_floats(second, (size_t)n);
    show("layer_norm", shape);
    for (int kind = 0; kind < 2; kind++) {
        k->activate(kind, x, n, r, n, out, n);
        add_floats(out, size);
        k->activate_backward(kind, y, n, x, n, r, n, out, n);
        add_floats(out, size);
    }
    show("activate", shape);
    k->column_sums(x, n, r, 0, n, first);
    add_floats(first, (size_t)n);
    poe_dropout dropout = {.key_low = 12345, .key_high = 678, .keep = 1u << 30, .scale = 1.3f};
    k->dropout(x, n, &dropout, 3, r, n, out, n);
    add_floats(out, size);
    k->add_residual(y, n, &dropout, 7, r, n, out, n, out, n);
    k->add_residual(y, n, NULL, 0, r, n, out, n, out, n);
    add_floats(out, size);
    show("dropout", shape);
    memcpy(out, x, size * sizeof(float));
    float scale = 0.7f;
    k->softmax_cross_entropy(out, n, tokens, r, n, loss, &scale);
    add_floats(out, size), add_floats(loss, (size_t)r);
    k->softmax_cross_entropy(x, n, tokens, r, n, loss, NULL);
    add_floats(loss, (size_t)r);
    show("softmax_cross_entropy", shape);
    for (ptrdiff_t i = 0; i < r; i++) tokens[i] %= (uint32_t)r;
    k->embed(tokens, 0, r, x, n, y, n, r, n, out, n);
    add_floats(out, size);
    k->embed_backward(out, n, tokens, r, r, 0, n, x, n, y, n);
    add_floats(x, size), add_floats(y, size);
    show("embed", shape);
    double squares = k->sum_of_squares(x, (ptrdiff_t)size);
    add(&squares, sizeof squares);
    poe_adamw step = {.gradient_scale = 0.5f, .beta1 = 0.9f, .one_minus_beta1 = 0.1f,
                      .beta2 = 0.99f, .one_minus_beta2 = 0.01f, .decay = 0.999f,
                      .root_correction2 = 0.3f, .epsilon = 1e-8f, .step = 0.01f};
    for (ptrdiff_t i = 0; i < n; i++) second[i] = second[i] * second[i];
    k->adamw(x, y, first, second, n, &step);
    add_floats(x, (size_t)n), add_floats(first, (size_t)n), add_floats(second, (size_t)n);
    k->scale_add(x, 0.3f, y, -0.7f, out, (ptrdiff_t)size);
    add_floats(out, size);
    show("adamw", shape);
    free(x), free(y), free(out), free(gain), free(bias), free(mean), free(inverse), free(first);
    free(second), free(loss), free(tokens);
}

static void attention(const poe_kernels *k, ptrdiff_t length, ptrdiff_t heads, ptrdiff_t dimension,
                      int bf16) {
    char shape[80];
    snprintf(shape, sizeof shape, "%td positions, %td heads of %td", length, heads, dimension);
    ptrdiff_t width = heads * dimension;
    size_t size = (size_t)(length * width);
    float *qkv = floats(3 * size), *out = floats(size), *d_out = floats(size);
    float *d_qkv = floats(3 * size), *sums = floats((size_t)(heads * length));
    float *scratch = floats((size_t)k->attention_scratch(length, dimension));
    poe_dropout dropout = {.key_low = 1, .key_high = 2, .keep = 1u << 29, .scale = 1.1f};
    poe_attention a = {.qkv = qkv, .qkv_row = 3 * width, .out = out, .out_row = width,
                       .log_sum_exp = sums, .d_out = d_out, .d_out_row = width, .d_qkv = d_qkv,
                       .d_qkv_row = 3 * width, .length = length, .heads = heads,
                       .dimension = dimension, .score_scale = 2.0f, .dropout = &dropout,
                       .bf16 = bf16};
    for (ptrdiff_t job = 0; job < heads; job++) k->attention(&a, job, scratch);
    add_floats(out, size), add_floats(sums, (size_t)(heads * length));
    for (ptrdiff_t job = 0; job < heads; job++) k->attention_backward(&a, job, scratch);
    add_floats(d_qkv, 3 * size);
    for (ptrdiff_t head = 0; head < heads; head++)
        k->attend_cached(qkv + head * dimension, qkv + width + head * dimension, 3 * width,
                         qkv + 2 * width + head * dimension, 3 * width, length, dimension, 2.0f,
                         out + head * dimension, scratch);
    add_floats(out, (size_t)width);
    show(bf16 ? "attention_bf16" : "attention", shape);
    ptrdiff_t capacity = (length + 15) / 16 * 16;
    size_t bytes = (size_t)((capacity + 15) / 16 * heads * poe_integer_cache_block(dimension));
    poe_integer_cache cache = {.bytes = noise(bytes), .capacity = capacity, .heads = heads,
                               .dimension = dimension};
    float *integer_scratch = floats((size_t)poe_attend_scratch(length, dimension));
    for (ptrdiff_t i = 0; i < length; i++)
        k->store_cached(&cache, qkv + i * 3 * width + width, qkv + i * 3 * width + 2 * width, i, 0,
                        heads);
    add(cache.bytes, bytes);
    for (ptrdiff_t i = 0; i < length; i++) {
        k->attend_integers(&cache, qkv + i * 3 * width, 0, heads, i + 1, 2.0f, out,
                           integer_scratch);
        add_floats(out, (size_t)width);
    }
    show("attend_integers", shape);
    free(qkv), free(out), free(d_out), free(d_qkv), free(sums), free(scratch), free(cache.bytes);
    free(integer_scratch);
}

static void integers(const poe_kernels *k, ptrdiff_t m, ptrdiff_t inputs, ptrdiff_t outputs) {
    char shape[80];
    snprintf(shape, sizeof shape, "%td x %td x %td", m, inputs, outputs);
    ptrdiff_t a_row = (inputs + 63) / 64 * 64, wide = (outputs + 15) / 16 * 16;
    size_t packed = (size_t)((inputs + 3) / 4 * 4 * wide), size = (size_t)(m * outputs);
    float *x = floats((size_t)(m * inputs)), *gain = floats((size_t)inputs);
    float *scratch = floats((size_t)inputs), *scales = floats((size_t)m);
    float *steps = floats((size_t)wide), *bias = floats((size_t)outputs), *c = floats(size);
    int32_t *sums = noise((size_t)m * sizeof(int32_t));
    int8_t *a = noise((size_t)(m * a_row)), *symbols = noise((size_t)(inputs * outputs));
    uint8_t *panels = noise(packed);
    ptrdiff_t panel_count = (outputs + POE_INTEGER_PANEL - 1) / POE_INTEGER_PANEL;
    // The last row has nothing but the greatest activations, the first output the greatest weights.
    for (ptrdiff_t i = 0; i < inputs; i++) x[(m - 1) * inputs + i] = 3.0f, symbols[i] = 127;
    k->pack_integers(symbols, inputs, inputs, outputs, 0, panel_count, panels);
    add(panels, packed);
    k->unpack_integers(panels, inputs, outputs, outputs - 1, 0.01f, gain, scratch);
    add_floats(scratch, (size_t)inputs);
    for (int normalized = 1; normalized >= 0; normalized--) {
        if (normalized)
            k->normalize_quantize(x, inputs, gain, NULL, 1e-5f, m, inputs, a, a_row, scales, sums,
                                  scratch);
        else
            k->quantize(x, inputs, m, inputs, a, a_row, scales, sums);
        add(a, (size_t)(m * a_row)), add_floats(scales, (size_t)m);
        add(sums, (size_t)m * sizeof(int32_t));
        for (int mode = 0; mode < 4; mode++) {
            poe_integer_product product = {
                .a = a, .a_row = a_row, .scales = scales, .sums = sums, .panels = panels,
                .steps = steps, .bias = mode ? bias : NULL, .c = c, .c_row = outputs,
                .inputs = inputs, .columns = outputs, .mode = mode};
            k->multiply_integers(&product, 0, m, 0, panel_count);
            add_floats(c, size);
        }
    }
    show("multiply_integers", shape);
    free(x), free(gain), free(scratch), free(scales), free(steps), free(bias), free(c), free(sums);
    free(a), free(symbols), free(panels);
}

/// Everything that has no result to compare is run, at least.
static void limits(const poe_kernels *k) {
    int64_t operations = 0;
    float f = k->multiply_adds(100, &operations) + k->multiply_adds_bf16(100, &operations);
    int32_t i = k->integer_dots(100, &operations);
    uint8_t *bytes = noise(1000);
    uint64_t sum = k->read_bytes(bytes, 999);
    add(&sum, sizeof sum);
    free(bytes);
    fprintf(stderr, "%s: limits made %g, %d\n", k->name, (double)f, i);
    show("read_bytes", "999");
}

int main(int count, char **names) {
    for (int i = 1; i < count; i++) {
        const poe_kernels *k = poe_kernels_named(names[i]);
        if (!k) {
            fprintf(stderr, "this processor has no %s\n", names[i]);
            return 3;
        }
        state = 1;
        hash = 0xcbf29ce484222325u;
        for (int bf16 = 0; bf16 < 2; bf16++) {
            products(k, 1, 1, 1, bf16), products(k, 7, 260, 70, bf16);
            products(k, 50, 33, 129, bf16);
        }
        rows(k, 1, 1), rows(k, 5, 16), rows(k, 3, 131), rows(k, 9, 300);
        for (int bf16 = 0; bf16 < 2; bf16++) {
            attention(k, 1, 1, 4, bf16), attention(k, 50, 3, 5, bf16);
            attention(k, 33, 2, 32, bf16), attention(k, 70, 1, 80, bf16);
        }
        integers(k, 1, 1, 1), integers(k, 13, 70, 146), integers(k, 1, 256, 64);
        integers(k, 6, 131, 80), integers(k, 3, 1001, 200);
        limits(k);
    }
    return 0;
}
