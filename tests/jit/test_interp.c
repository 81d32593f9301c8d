/* The interpreter against results written down or computed another way: loads and stores, control
 * flow, the rule of what runs once, and reductions in their exact order. */
#include "../check.h"
#include "ir.h"

#include <stdlib.h>

static JitFn *parse(const char *text) {
  JitFn *fn = NULL;
  QlError error = {0};
  if (jit_parse(text, &fn, &error) != QL_OK) fprintf(stderr, "%s\n", error.text);
  return fn;
}

static QlStatus interpret(const char *text, const JitCall *call, QlError *error) {
  JitFn *fn = parse(text);
  QlStatus status = fn ? jit_interpret(fn, call, error) : QL_ERR_VALUE;
  if (status != QL_OK && error->text[0] == 0)
    fprintf(stderr, "status %d without a message\n", status);
  jit_fn_free(fn);
  return status;
}

/* ---- points ---- */

static void stencil(void) {
  static const char text[] =
      "function rank 2\n"
      "array $0: f64 read (any, unit)\n"
      "array $1: f64 write (any, unit)\n"
      "@0\n"
      "  %1: f64[:,:] = load $0[-1, 0]\n"
      "  %2: f64[:,:] = load $0[0, 1]\n"
      "  %3: f64[:,:] = subtract %1, %2\n"
      "  store $1, %3\n"
      "  ret\n";
  double in[4][5], out[2][3];
  for (int y = 0; y < 4; y++)
    for (int x = 0; x < 5; x++) in[y][x] = 10 * y + x * x;
  QlError error = {0};
  JitCall call = {.lo = (int64_t[]){0, 0},
                  .hi = (int64_t[]){2, 3},
                  .base = (char *[]){(char *)&in[1][1], (char *)out},
                  .stride = (int64_t[]){40, 8, 24, 8}};
  CHECK_INT_EQ(interpret(text, &call, &error), QL_OK);
  for (int y = 0; y < 2; y++)
    for (int x = 0; x < 3; x++) CHECK_INT_EQ(out[y][x], in[y][x + 1] - in[y + 1][x + 2]);
}

/* An operand's base, of position 0: the element at hand less what lies before it. */
static char *base_at(const void *element, int64_t bytes) {
  return (char *)((uintptr_t)element - (uintptr_t)bytes);
}

/* Negative strides, a broadcast operand, an index, a parameter, in a box far from position 0. */
static void addressing(void) {
  static const char text[] =
      "function rank 1\n"
      "array $0: i32 read (any)\n"
      "array $1: i32 read (zero)\n"
      "array $2: i64 update (any)\n"
      "param ?0: i64\n"
      "@0\n"
      "  %1: i32[:] = load $0[0]\n"
      "  %2: i32 = load $1[5]\n"
      "  %3: i32[:] = multiply %1, %2\n"
      "  %4: i64[:] = cast %3\n"
      "  %5: i64[:] = index 0\n"
      "  %6: i64[:] = add %4, %5\n"
      "  %7: i64 = param ?0\n"
      "  %8: i64[:] = add %6, %7\n"
      "  %9: i64[:] = load $2[0]\n"
      "  %10: i64[:] = add %8, %9\n"
      "  store $2, %10\n"
      "  ret\n";
  int32_t in[4] = {1, 2, 3, 4}, factor = 100;
  int64_t out[8] = {7, 0, 7, 0, 7, 0, 7, 0};
  QlError error = {0};
  JitCall call = {
      .lo = (int64_t[]){1000},
      .hi = (int64_t[]){1004},
      .base = (char *[]){base_at(&in[3], -4 * 1000), (char *)&factor, base_at(out, 16 * 1000)},
      .stride = (int64_t[]){-4, 0, 16},
      .param = (QlValue[]){{.i = 100000}}};
  CHECK_INT_EQ(interpret(text, &call, &error), QL_OK);
  for (int k = 0; k < 4; k++) {
    CHECK_INT_EQ(out[2 * k], 7 + 100 * (4 - k) + 1000 + k + 100000);
    CHECK_INT_EQ(out[2 * k + 1], 0);
  }
}

/* Collatz steps per point: a loop whose count depends on the point, a branch in it, phis that swap.
 */
static void control_flow(void) {
  static const char text[] =
      "function rank 1\n"
      "array $0: i64 write (unit)\n"
      "@0\n"
      "  %zero: i64 = const 0\n"
      "  %one: i64 = const 1\n"
      "  %two: i64 = const 2\n"
      "  %three: i64 = const 3\n"
      "  %start: i64[:] = index 0\n"
      "  jmp @head\n"
      "@head\n"
      "  %n: i64[:] = phi @0 %start, @even %half, @odd %more\n"
      "  %steps: i64[:] = phi @0 %zero, @even %next, @odd %next\n"
      "  %go: b8[:] = greater %n, %one\n"
      "  jnz %go, @body, @done\n"
      "@body\n"
      "  %next: i64[:] = add %steps, %one\n"
      "  %rest: i64[:] = remainder %n, %two\n"
      "  %is_odd: b8[:] = equal %rest, %one\n"
      "  jnz %is_odd, @odd, @even\n"
      "@even\n"
      "  %half: i64[:] = floor_divide %n, %two\n"
      "  jmp @head\n"
      "@odd\n"
      "  %triple: i64[:] = multiply %n, %three\n"
      "  %more: i64[:] = add %triple, %one\n"
      "  jmp @head\n"
      "@done\n"
      "  store $0, %steps\n"
      "  ret\n";
  int64_t steps[10] = {0};
  static const int64_t want[10] = {0, 1, 7, 2, 5, 8, 16, 3, 19, 6};
  QlError error = {0};
  JitCall call = {.lo = (int64_t[]){1},
                  .hi = (int64_t[]){11},
                  .base = (char *[]){base_at(steps, 8)},
                  .stride = (int64_t[]){8}};
  CHECK_INT_EQ(interpret(text, &call, &error), QL_OK);
  for (int k = 0; k < 10; k++) CHECK_INT_EQ(steps[k], want[k]);
}

/* Phis of one block take their values at once: a and b swap three times. */
static void phis_are_parallel(void) {
  static const char text[] =
      "function rank 0\n"
      "array $0: i64 write ()\n"
      "@0\n"
      "  %zero: i64 = const 0\n"
      "  %one: i64 = const 1\n"
      "  %three: i64 = const 3\n"
      "  %x: i64 = const 10\n"
      "  %y: i64 = const 20\n"
      "  jmp @head\n"
      "@head\n"
      "  %a: i64 = phi @0 %x, @body %b\n"
      "  %b: i64 = phi @0 %y, @body %a\n"
      "  %i: i64 = phi @0 %zero, @body %next\n"
      "  %go: b8 = less %i, %three\n"
      "  jnz %go, @body, @done\n"
      "@body\n"
      "  %next: i64 = add %i, %one\n"
      "  jmp @head\n"
      "@done\n"
      "  %difference: i64 = subtract %a, %b\n"
      "  store $0, %difference\n"
      "  ret\n";
  int64_t out = 0;
  QlError error = {0};
  JitCall call = {.base = (char *[]){(char *)&out}};
  CHECK_INT_EQ(interpret(text, &call, &error), QL_OK);
  CHECK_INT_EQ(out, 10);
}

/* A box without points touches nothing, not even an operand of one element. */
static void nothing_to_do(void) {
  static const char text[] =
      "function rank 2\n"
      "array $0: f64 read (zero, zero)\n"
      "array $1: f64 write (any, unit)\n"
      "@0\n"
      "  %1: f64 = load $0[0, 0]\n"
      "  store $1, %1\n"
      "  ret\n";
  QlError error = {0};
  JitCall call = {.lo = (int64_t[]){0, 0},
                  .hi = (int64_t[]){3, 0},
                  .base = (char *[]){NULL, NULL},
                  .stride = (int64_t[]){0, 0, 0, 8}};
  CHECK_INT_EQ(interpret(text, &call, &error), QL_OK);
}

static void classes_are_checked(void) {
  static const char text[] =
      "function rank 1\n"
      "array $0: f64 write (unit)\n"
      "@0\n"
      "  %1: f64 = const 1.0\n"
      "  store $0, %1\n"
      "  ret\n";
  double out[4] = {0};
  QlError error = {0};
  JitCall call = {.lo = (int64_t[]){0},
                  .hi = (int64_t[]){2},
                  .base = (char *[]){(char *)out},
                  .stride = (int64_t[]){16}};
  CHECK_INT_EQ(interpret(text, &call, &error), QL_ERR_VALUE);
  CHECK_STR_EQ(error.text, "operand $0 moves 16 bytes along axis 0, which is not unit");
}

/* ---- reductions: the order of contract C7, computed by recursion instead of a counter ---- */

enum { LONGEST = 9000 };

static float leaf_value(const float *x, int count) {
  float lane[JIT_LANES] = {0};
  for (int k = 0; k < count; k++)
    lane[k % JIT_LANES] = k < JIT_LANES ? x[k] : lane[k % JIT_LANES] + x[k];
  switch (count < JIT_LANES ? count : JIT_LANES) {
    case 1: return lane[0];
    case 2: return lane[0] + lane[1];
    case 3: return (lane[0] + lane[1]) + lane[2];
    case 4: return (lane[0] + lane[1]) + (lane[2] + lane[3]);
    case 5: return ((lane[0] + lane[1]) + (lane[2] + lane[3])) + lane[4];
    case 6: return ((lane[0] + lane[1]) + (lane[2] + lane[3])) + (lane[4] + lane[5]);
    case 7: return ((lane[0] + lane[1]) + (lane[2] + lane[3])) + ((lane[4] + lane[5]) + lane[6]);
    default:
      return ((lane[0] + lane[1]) + (lane[2] + lane[3])) +
             ((lane[4] + lane[5]) + (lane[6] + lane[7]));
  }
}

/* The largest power of two that fits is a complete tree on the left; the rest is the same on the
 * right. */
static float tree_value(const float *leaf, int count) {
  int left = 1;
  while (2 * left < count) left *= 2;
  return count == 1 ? leaf[0] : tree_value(leaf, left) + tree_value(leaf + left, count - left);
}

static uint32_t bits(float value) {
  uint32_t word;
  memcpy(&word, &value, sizeof word);
  return word;
}

static void fill(float *x, int count) { /* of many magnitudes: every other order gives other bits */
  uint32_t state = 1;
  for (int k = 0; k < count; k++) {
    state = state * 1664525u + 1013904223u;
    x[k] = ((float)(int32_t)state) / (float)(1u << (state >> 27));
  }
}

static QlStatus reduce(const char *form, const char *class, const float *in, float *out,
                       int64_t extent, QlError *error) {
  char text[512];
  snprintf(text, sizeof text,
           "function rank 1\narray $0: f32 read (unit)\narray $1: f32 write (%s)\n@0\n  %%1: "
           "f32[:] = load $0[0]\n  "
           "%%2: f32[-] = reduce sum %s %%1\n  store $1, %%2\n  ret\n",
           class, form);
  JitCall call = {.lo = (int64_t[]){0},
                  .hi = &extent,
                  .base = (char *[]){(char *)in, (char *)out},
                  .stride = (int64_t[]){4, strcmp(class, "zero") ? 4 : 0}};
  return interpret(text, &call, error);
}

static void reductions_keep_their_order(void) {
  static const int counts[] = {1,   2,   3,   4,   5,   6,   7,   8,   9,    15,   16,   127,
                               128, 129, 255, 256, 257, 383, 384, 640, 1000, 1024, 1151, LONGEST};
  static float x[LONGEST], leaves[LONGEST / JIT_LEAF + 1], from_leaves[LONGEST / JIT_LEAF + 1];
  fill(x, LONGEST);
  for (size_t c = 0; c < sizeof counts / sizeof counts[0]; c++) {
    int count = counts[c], leaf_count = (count + JIT_LEAF - 1) / JIT_LEAF;
    float whole = 0, tree = 0;
    QlError error = {0};
    for (int l = 0; l < leaf_count; l++)
      leaves[l] = leaf_value(x + l * JIT_LEAF,
                             count - l * JIT_LEAF < JIT_LEAF ? count - l * JIT_LEAF : JIT_LEAF);
    CHECK_INT_EQ(reduce("whole", "zero", x, &whole, count, &error), QL_OK);
    CHECK_INT_EQ(bits(whole), bits(tree_value(leaves, leaf_count)));
    CHECK_INT_EQ(reduce("leaves", "unit", x, from_leaves, count, &error), QL_OK);
    for (int l = 0; l < leaf_count; l++) CHECK_INT_EQ(bits(from_leaves[l]), bits(leaves[l]));
    CHECK_INT_EQ(reduce("tree", "zero", from_leaves, &tree, leaf_count, &error), QL_OK);
    CHECK_INT_EQ(bits(tree), bits(whole));
  }
}

/* Along the first axis of two: one result for each column. */
static void reduction_along_first_axis(void) {
  static const char text[] =
      "function rank 2\n"
      "array $0: i16 read (any, unit)\n"
      "array $1: i16 write (zero, unit)\n"
      "@0\n"
      "  %1: i16[:,:] = load $0[0, 0]\n"
      "  %2: i16[-,:] = reduce min whole %1\n"
      "  store $1, %2\n"
      "  ret\n";
  int16_t in[300][3], out[3];
  for (int y = 0; y < 300; y++)
    for (int x = 0; x < 3; x++) in[y][x] = (int16_t)((y * 7 + x * 131) % 401 - 40 * x);
  QlError error = {0};
  JitCall call = {.lo = (int64_t[]){0, 0},
                  .hi = (int64_t[]){300, 3},
                  .base = (char *[]){(char *)in, (char *)out},
                  .stride = (int64_t[]){6, 2, 0, 2}};
  CHECK_INT_EQ(interpret(text, &call, &error), QL_OK);
  for (int x = 0; x < 3; x++) {
    int16_t least = in[0][x];
    for (int y = 0; y < 300; y++) least = in[y][x] < least ? in[y][x] : least;
    CHECK_INT_EQ(out[x], least);
  }
}

/* A box without points stores nothing. */
static void reductions_of_nothing(void) {
  float out = 5, in = 0;
  QlError error = {0};
  CHECK_INT_EQ(reduce("whole", "zero", &in, &out, 0, &error), QL_OK);
  CHECK_INT_EQ(reduce("leaves", "unit", &in, &out, 0, &error), QL_OK);
  CHECK(out == 5);
}

/* The mean of each row is added to the operand times the row's number. */
static void results_are_used_once_per_line(void) {
  static const char text[] =
      "function rank 2\n"
      "array $0: f64 read (any, unit)\n"
      "array $1: f64 update (any, zero)\n"
      "param ?0: f64\n"
      "@0\n"
      "  %1: f64 = param ?0\n"
      "  %2: f64[:,:] = load $0[0, 0]\n"
      "  %3: f64[:,-] = reduce sum whole %2\n"
      "  %4: f64[:,-] = divide %3, %1\n"
      "  %5: f64[:,-] = load $1[0, 0]\n"
      "  %6: i64[:,-] = index 0\n"
      "  %7: f64[:,-] = cast %6\n"
      "  %8: f64[:,-] = multiply %5, %7\n"
      "  %9: f64[:,-] = add %4, %8\n"
      "  store $1, %9\n"
      "  ret\n";
  double in[3][300], out[3] = {7, 8, 9};
  for (int y = 0; y < 3; y++)
    for (int x = 0; x < 300; x++) in[y][x] = y * 10 + x % 3;
  QlError error = {0};
  JitCall call = {.lo = (int64_t[]){0, 0},
                  .hi = (int64_t[]){3, 300},
                  .base = (char *[]){(char *)in, (char *)out},
                  .stride = (int64_t[]){300 * sizeof(double), sizeof(double), sizeof(double), 0},
                  .param = &(QlValue){.d = 300}};
  CHECK_INT_EQ(interpret(text, &call, &error), QL_OK);
  CHECK(out[0] == 1 && out[1] == 11 + 8 && out[2] == 21 + 18);
}

/* A sum begins with zero, as NumPy's does; its leaves do not. */
static void sum_of_minus_zero(void) {
  QL_ERROR(error);
  float in = -0.0f, out = 0, leaf = 0;
  CHECK_INT_EQ(reduce("whole", "zero", &in, &out, 1, &error), QL_OK);
  CHECK_INT_EQ(bits(out), bits(0.0f));
  CHECK_INT_EQ(reduce("leaves", "unit", &in, &leaf, 1, &error), QL_OK);
  CHECK_INT_EQ(bits(leaf), bits(-0.0f));
  CHECK_INT_EQ(reduce("tree", "zero", &leaf, &out, 1, &error), QL_OK);
  CHECK_INT_EQ(bits(out), bits(0.0f));
}

CHECK_MAIN(CHECK_TEST(stencil), CHECK_TEST(addressing), CHECK_TEST(control_flow),
           CHECK_TEST(phis_are_parallel), CHECK_TEST(nothing_to_do),
           CHECK_TEST(classes_are_checked), CHECK_TEST(reductions_keep_their_order),
           CHECK_TEST(reduction_along_first_axis), CHECK_TEST(reductions_of_nothing),
           CHECK_TEST(results_are_used_once_per_line), CHECK_TEST(sum_of_minus_zero))
