// Times the kernels of a training step on operands that stand in main memory, one thread: the products of a
// block of the reference shape, forward and both gradients, and attention, in f32 and in bf16. Times are of
// the thread's own clock, so that a busy machine disturbs them little. One product that stays in the
// first-level cache stands before them: what it misses of the peak is missed within the core.
//
//     clang -O2 -ISources/CPoeKernels/include scripts/kernels/cold.c Sources/CPoeKernels/*.c -lm -o cold
//     ./cold SET...
#define _POSIX_C_SOURCE 200809L
#include "CPoeKernels.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { TOKENS = 1024, WIDTH = 256, HEADS = 8, LAYERS = 6, WINDOWS = 8, LENGTH = 128, RUNS = 48 };
// Operands of this many calls are taken in turns, 192 MB in all.
enum { TURNS = 16, LARGEST = 1 << 20 };

static double seconds(void) {
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static float *floats(size_t count) {
    void *memory = NULL;
    if (posix_memalign(&memory, 4096, count * sizeof(float)) != 0) abort();
    float *p = memory;
    for (size_t i = 0; i < count; i++) p[i] = (float)(rand() % 1000) / 1000.0f - 0.5f;
    return p;
}

static int ascending(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double median(double *times) {
    qsort(times, RUNS, sizeof(double), ascending);
    return times[RUNS / 2];
}

static double peak(const poe_kernels *k, int bf16) {
    __typeof__(k->multiply_adds) multiply_adds = bf16 ? k->multiply_adds_bf16 : k->multiply_adds;
    int64_t operations = 0;
    multiply_adds(1000000, &operations);
    double start = seconds();
    volatile float result = multiply_adds(10000000, &operations);
    (void)result;
    return (double)operations / (seconds() - start);
}

/// Rows, depth and columns; whether A is transposed, as in the gradient of weights, and B packed each time.
typedef struct { ptrdiff_t rows, depth, columns; int transposed; } shape;

/// The share of `limit` that a product of 12 rows with one panel of 16 KB reaches, over and over in the same memory.
static double hot(const poe_kernels *k, int bf16, double limit) {
    const ptrdiff_t rows = 12, columns = k->panel_columns, depth = 4096 / columns;
    float *a = floats((size_t)(rows * depth)), *b = floats((size_t)(depth * columns)),
          *panel = floats((size_t)(depth * columns)), *c = floats((size_t)(rows * columns)),
          *scratch = floats(POE_PRODUCT_SCRATCH);
    (bf16 ? k->pack_bf16 : k->pack)(b, columns, 0, depth, columns, 0, 1, panel);
    const poe_product product = {.a = a, .a_row = depth, .a_step = 1, .panels = panel, .panel_depth = depth,
                                 .panel_columns = columns, .c = c, .c_row = columns, .columns = columns,
                                 .depth = depth};
    double times[RUNS];
    for (int i = 0; i < RUNS; i++) {
        double start = seconds();
        for (int j = 0; j < 200; j++) (bf16 ? k->multiply_bf16 : k->multiply)(&product, 0, rows, 0, 1, scratch);
        times[i] = seconds() - start;
    }
    return 200.0 * 2.0 * (double)(rows * depth * columns) / limit / median(times);
}

static void products(const poe_kernels *k, int bf16) {
    __typeof__(k->pack) pack = bf16 ? k->pack_bf16 : k->pack;
    __typeof__(k->multiply) multiply = bf16 ? k->multiply_bf16 : k->multiply;
    const shape shapes[] = {
        {TOKENS, WIDTH, 3 * WIDTH, 0}, {TOKENS, WIDTH, WIDTH, 0}, {TOKENS, WIDTH, 4 * WIDTH, 0},
        {TOKENS, 4 * WIDTH, WIDTH, 0}, {TOKENS, 3 * WIDTH, WIDTH, 0}, {3 * WIDTH, TOKENS, WIDTH, 1},
        {WIDTH, TOKENS, WIDTH, 1}, {4 * WIDTH, TOKENS, WIDTH, 1}, {WIDTH, TOKENS, 4 * WIDTH, 1}};
    float *a[TURNS], *b[TURNS], *c[TURNS];
    for (int i = 0; i < TURNS; i++) a[i] = floats(LARGEST), b[i] = floats(LARGEST), c[i] = floats(LARGEST);
    float *panels = floats(LARGEST), *scratch = floats(POE_PRODUCT_SCRATCH);
    double limit = peak(k, bf16), total = 0, ideal = 0;
    printf("  in the first-level cache             %5.1f %% of the peak\n", 100 * hot(k, bf16, limit));
    for (size_t s = 0; s < sizeof shapes / sizeof *shapes; s++) {
        shape x = shapes[s];
        ptrdiff_t count = (x.columns + k->panel_columns - 1) / k->panel_columns;
        double times[RUNS];
        pack(b[0], x.columns, 0, x.depth, x.columns, 0, count, panels);
        for (int i = 0; i < RUNS; i++) {
            int turn = i % TURNS;
            poe_product product = {
                .a = a[turn], .a_row = x.transposed ? 1 : x.depth, .a_step = x.transposed ? x.rows : 1,
                .panels = panels, .panel_depth = x.depth, .panel_columns = x.columns, .c = c[turn],
                .c_row = x.columns, .columns = x.columns, .depth = x.depth, .accumulate = x.transposed};
            double start = seconds();
            if (x.transposed) pack(b[turn], x.columns, 0, x.depth, x.columns, 0, count, panels);
            multiply(&product, 0, x.rows, 0, count, scratch);
            times[i] = seconds() - start;
        }
        double least = 2.0 * (double)(x.rows * x.depth * x.columns) / limit, time = median(times);
        printf("  %4td x %4td x %4td %s %7.0f us, %5.1f %% of the peak\n", x.rows, x.depth, x.columns,
               x.transposed ? "transposed" : "          ", time * 1e6, 100 * least / time);
        total += time;
        ideal += least;
    }
    printf("  all products: %.1f %% of the peak, %.0f GFLOP/s\n", 100 * ideal / total, limit * 1e-9);
}

static void attention(const poe_kernels *k, int bf16) {
    const size_t rows = WINDOWS * LENGTH;
    float *qkv = floats(rows * 3 * WIDTH), *d_qkv = floats(rows * 3 * WIDTH), *out = floats(rows * WIDTH),
          *d_out = floats(rows * WIDTH), *log_sum_exp = floats(rows * HEADS),
          *scratch = floats((size_t)k->attention_scratch(LENGTH, WIDTH / HEADS));
    const poe_dropout dropout = {1, 2, 429496730u, 1.0f / 0.9f};
    double times[RUNS];
    for (int i = 0; i < RUNS; i++) {
        poe_attention a = {
            .qkv = qkv, .qkv_row = 3 * WIDTH, .out = out, .out_row = WIDTH, .log_sum_exp = log_sum_exp,
            .length = LENGTH, .heads = HEADS, .dimension = WIDTH / HEADS, .score_scale = 0.17677669f,
            .dropout = &dropout, .bf16 = bf16};
        double start = seconds();
        for (ptrdiff_t job = 0; job < WINDOWS * HEADS; job++) k->attention(&a, job, scratch);
        a.d_out = d_out, a.d_out_row = WIDTH, a.d_qkv = d_qkv, a.d_qkv_row = 3 * WIDTH;
        for (ptrdiff_t job = 0; job < WINDOWS * HEADS; job++) k->attention_backward(&a, job, scratch);
        times[i] = seconds() - start;
    }
    printf("  attention, forward and backward: %.1f us a token in %d layers\n",
           median(times) * 1e6 / (double)rows * LAYERS, LAYERS);
}

int main(int count, char **names) {
    for (int i = 1; i < count; i++) {
        const poe_kernels *k = poe_kernels_named(names[i]);
        if (!k) {
            fprintf(stderr, "cold: this machine has no kernels named %s\n", names[i]);
            return 64;
        }
        for (int bf16 = 0; bf16 < 2; bf16++) {
            printf("%s, %s\n", k->name, bf16 ? "bf16" : "f32");
            products(k, bf16);
            attention(k, bf16);
        }
    }
    return 0;
}
