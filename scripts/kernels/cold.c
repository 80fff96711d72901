// Times the kernels of a training step on operands that stand in main memory, one thread: the products of a
// block of the reference shape, forward and both gradients, and attention, in f32 and in bf16. Times are of
// the thread's own clock, so that a busy machine disturbs them little. One product that stays in the
// first-level cache stands before them: what it misses of the peak is missed within the core.
//
//     clang -O2 -ISources/CPoeKernels/include scripts/kernels/cold.c Sources/CPoeKernels/*.c -lm -o cold
//     ./cold SET...
//
// Built by compare.sh, which defines BEFORE as the kernels of another commit, it times those and these by turns:
// what a neighbour takes from the core it takes from both.
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

static void pack(const poe_kernels *k, int bf16, const float *b, ptrdiff_t depth, ptrdiff_t columns, float *panels) {
    ptrdiff_t count = (columns + k->panel_columns - 1) / k->panel_columns;
    (bf16 ? k->pack_bf16 : k->pack)(b, columns, 0, depth, columns, 0, count, panels);
}

static void multiply(const poe_kernels *k, int bf16, const poe_product *product, ptrdiff_t rows, float *scratch) {
    ptrdiff_t count = (product->columns + k->panel_columns - 1) / k->panel_columns;
    (bf16 ? k->multiply_bf16 : k->multiply)(product, 0, rows, 0, count, scratch);
}

/// What is timed: the kernels of a set and, where there are two, those of another commit before them.
typedef struct {
    const poe_kernels *kernels[2];
    int count;
} variants;

/// Prints each variant's time and, where there is a `least` one, its share of the peak; then the times' ratio.
static void print_times(const variants *v, double unit, const char *what, const double *times, double least) {
    for (int i = 0; i < v->count; i++) {
        printf("  %7.1f %s", times[i] * unit, what);
        if (least > 0) printf(", %4.1f %%", 100 * least / times[i]);
    }
    if (v->count == 2) printf("  time x %.3f", times[1] / times[0]);
    printf("\n");
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

/// A product of 32 rows with one panel of 16 KB, over and over in the same memory.
static void hot(const variants *v, int bf16, double limit) {
    const ptrdiff_t rows = 32, columns = v->kernels[0]->panel_columns, depth = 4096 / columns;
    enum { REPEATS = 200 };
    float *a = floats((size_t)(rows * depth)), *b = floats((size_t)(depth * columns)),
          *panel = floats((size_t)(depth * columns)), *c = floats((size_t)(rows * columns)),
          *scratch = floats(POE_PRODUCT_SCRATCH);
    const poe_product product = {.a = a, .a_row = depth, .a_step = 1, .panels = panel, .panel_depth = depth,
                                 .panel_columns = columns, .c = c, .c_row = columns, .columns = columns,
                                 .depth = depth};
    double times[2][RUNS], medians[2];
    for (int i = 0; i < RUNS * v->count; i++) {
        const poe_kernels *k = v->kernels[i % v->count];
        pack(k, bf16, b, depth, columns, panel);
        double start = seconds();
        for (int j = 0; j < REPEATS; j++) multiply(k, bf16, &product, rows, scratch);
        times[i % v->count][i / v->count] = (seconds() - start) / REPEATS;
    }
    for (int n = 0; n < v->count; n++) medians[n] = median(times[n]);
    printf("  in the first-level cache      ");
    print_times(v, 1e6, "us", medians, 2.0 * (double)(rows * depth * columns) / limit);
}

static void products(const variants *v, int bf16) {
    const shape shapes[] = {
        {TOKENS, WIDTH, 3 * WIDTH, 0}, {TOKENS, WIDTH, WIDTH, 0}, {TOKENS, WIDTH, 4 * WIDTH, 0},
        {TOKENS, 4 * WIDTH, WIDTH, 0}, {TOKENS, 3 * WIDTH, WIDTH, 0}, {3 * WIDTH, TOKENS, WIDTH, 1},
        {WIDTH, TOKENS, WIDTH, 1}, {4 * WIDTH, TOKENS, WIDTH, 1}, {WIDTH, TOKENS, 4 * WIDTH, 1}};
    float *a[TURNS], *b[TURNS], *c[TURNS];
    for (int i = 0; i < TURNS; i++) a[i] = floats(LARGEST), b[i] = floats(LARGEST), c[i] = floats(LARGEST);
    float *panels[2] = {floats(LARGEST), floats(LARGEST)}, *scratch = floats(POE_PRODUCT_SCRATCH);
    double limit = peak(v->kernels[v->count - 1], bf16), total[2] = {0}, ideal = 0;
    hot(v, bf16, limit);
    for (size_t s = 0; s < sizeof shapes / sizeof *shapes; s++) {
        shape x = shapes[s];
        double times[2][RUNS], medians[2];
        for (int n = 0; n < v->count; n++) pack(v->kernels[n], bf16, b[0], x.depth, x.columns, panels[n]);
        for (int i = 0; i < RUNS * v->count; i++) {
            int turn = i % TURNS, n = i % v->count;
            poe_product product = {
                .a = a[turn], .a_row = x.transposed ? 1 : x.depth, .a_step = x.transposed ? x.rows : 1,
                .panels = panels[n], .panel_depth = x.depth, .panel_columns = x.columns, .c = c[turn],
                .c_row = x.columns, .columns = x.columns, .depth = x.depth, .accumulate = x.transposed};
            double start = seconds();
            if (x.transposed) pack(v->kernels[n], bf16, b[turn], x.depth, x.columns, panels[n]);
            multiply(v->kernels[n], bf16, &product, x.rows, scratch);
            times[n][i / v->count] = seconds() - start;
        }
        double least = 2.0 * (double)(x.rows * x.depth * x.columns) / limit;
        for (int n = 0; n < v->count; n++) total[n] += medians[n] = median(times[n]);
        ideal += least;
        printf("  %4td x %4td x %4td %s", x.rows, x.depth, x.columns, x.transposed ? "transposed" : "          ");
        print_times(v, 1e6, "us", medians, least);
    }
    printf("  all products                  ");
    print_times(v, 1e6, "us", total, ideal);
    printf("  the peak is %.0f GFLOP/s\n", limit * 1e-9);
}

static void attention(const variants *v, int bf16) {
    const size_t rows = WINDOWS * LENGTH;
    float *qkv = floats(rows * 3 * WIDTH), *d_qkv = floats(rows * 3 * WIDTH), *out = floats(rows * WIDTH),
          *d_out = floats(rows * WIDTH), *log_sum_exp = floats(rows * HEADS), *scratch[2];
    for (int n = 0; n < v->count; n++)
        scratch[n] = floats((size_t)v->kernels[n]->attention_scratch(LENGTH, WIDTH / HEADS));
    const poe_dropout dropout = {1, 2, 429496730u, 1.0f / 0.9f};
    double times[2][RUNS], medians[2];
    for (int i = 0; i < RUNS * v->count; i++) {
        int n = i % v->count;
        poe_attention a = {
            .qkv = qkv, .qkv_row = 3 * WIDTH, .out = out, .out_row = WIDTH, .log_sum_exp = log_sum_exp,
            .length = LENGTH, .heads = HEADS, .dimension = WIDTH / HEADS, .score_scale = 0.17677669f,
            .dropout = &dropout, .bf16 = bf16};
        double start = seconds();
        for (ptrdiff_t job = 0; job < WINDOWS * HEADS; job++) v->kernels[n]->attention(&a, job, scratch[n]);
        a.d_out = d_out, a.d_out_row = WIDTH, a.d_qkv = d_qkv, a.d_qkv_row = 3 * WIDTH;
        for (ptrdiff_t job = 0; job < WINDOWS * HEADS; job++)
            v->kernels[n]->attention_backward(&a, job, scratch[n]);
        times[n][i / v->count] = (seconds() - start) / (double)rows;
    }
    for (int n = 0; n < v->count; n++) medians[n] = median(times[n]);
    printf("  attention of 6 layers, a token");
    print_times(v, 1e6 * LAYERS, "us", medians, 0);
}

/// Times a set, in f32 and in bf16.
static void compare(const variants *v) {
    for (int bf16 = 0; bf16 < 2; bf16++) {
        printf("%s, %s%s\n", v->kernels[0]->name, bf16 ? "bf16" : "f32", v->count == 2 ? ", before and now" : "");
        products(v, bf16);
        attention(v, bf16);
        fflush(stdout);
    }
}

#if defined(BEFORE)
extern const poe_kernels BEFORE;
#endif

int main(int count, char **names) {
    for (int i = 1; i < count; i++) {
        const poe_kernels *k = poe_kernels_named(names[i]);
        if (!k) {
            fprintf(stderr, "cold: this machine has no kernels named %s\n", names[i]);
            return 64;
        }
#if defined(BEFORE)
        compare(&(variants){{&BEFORE, k}, 2});
#else
        compare(&(variants){{k}, 1});
#endif
    }
    return 0;
}
