/* One tile of a product, by one thread: by BLAS, or by loops of ours where that has no such dtype.
 * Integers wrap, of bools it is whether any product is true, and halves are multiplied and added in
 * float32 in the order of k and rounded once: as NumPy's are. */
#include "product.h"

#include <cblas.h>
#include <stdlib.h>
#include <string.h>

/* ---- the processor ---- */

#if defined(__x86_64__)
/* Of variants for several processors. */
extern void gotoblas_dynamic_init(void) __attribute__((weak));
extern void gotoblas_dynamic_quit(void) __attribute__((weak));

static bool is_old(const char *name) {
  static const char *const old[] = {"Prescott",   "Core2",   "Penryn",
                                    "Dunnington", "Nehalem", "Sandybridge"};
  for (size_t k = 0; k < sizeof old / sizeof *old; k++)
    if (!strcmp(name, old[k])) return true;
  return false;
}

/* An OpenBLAS that does not know a newer processor takes it for one of the oldest, whose products
 * take several times as long (0.3.21 on Intel's fifth generation). It is told to take it for one
 * that has the same instructions, before it has computed anything, if nobody has told it what it
 * is. */
static void know_processor(void) {
  const char *word = "OPENBLAS_CORETYPE", *like = NULL;
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) like = "Haswell";
  if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512cd") &&
      __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq") &&
      __builtin_cpu_supports("avx512vl"))
    like = "SkylakeX";
  if (!like || getenv(word) || !gotoblas_dynamic_init || !gotoblas_dynamic_quit ||
      !is_old(openblas_get_corename()) || setenv(word, like, 1))
    return;
  gotoblas_dynamic_quit();
  gotoblas_dynamic_init();
  unsetenv(word);
}
#else
static void know_processor(void) {}
#endif

/* Workers are the parallelism: each call is one thread's. Debian's variant without threads does not
 * bear several at once (its calls share buffers), and OpenMP's asks the environment again. */
QlStatus rt_blas_open(QlError *error) {
  if (openblas_get_parallel() != OPENBLAS_THREAD)
    return ql_fail(error, QL_ERR_OS,
                   "this process has loaded a variant of OpenBLAS that is not for POSIX threads; "
                   "install Debian's libopenblas0-pthread, or choose it by update-alternatives");
  openblas_set_num_threads(1);
  know_processor();
  return QL_OK;
}

/* ---- BLAS ---- */

/* BLAS wants the distance between lines to be as long as a line; of a single line it says nothing.
 */
static int line_of(const Factor *f, bool along_k, int64_t item, int64_t least) {
  return (int)QL_MAX((along_k ? f->outer : f->k) / item, QL_MAX(least, 1));
}

static void call_blas(const Tile *t, QlDtype dtype) {
  int64_t item = (int64_t)ql_dtype_info[dtype].size;
  const CBLAS_TRANSPOSE left = t->transposed[0] ? CblasTrans : CblasNoTrans,
                        right = t->transposed[1] ? CblasTrans : CblasNoTrans;
  int m = (int)t->rows, n = (int)t->columns, k = (int)t->k;
  int lda = line_of(&t->left, !t->transposed[0], item, t->transposed[0] ? m : k);
  int ldb = line_of(&t->right, t->transposed[1], item, t->transposed[1] ? k : n);
  int ldc = (int)QL_MAX(t->to_row / item, n);
  const void *a = t->left.at, *b = t->right.at;
  void *c = t->to;
  switch (dtype) {
    case QL_F32:
      cblas_sgemm(CblasRowMajor, left, right, m, n, k, 1, a, lda, b, ldb, 0, c, ldc);
      break;
    case QL_F64:
      cblas_dgemm(CblasRowMajor, left, right, m, n, k, 1, a, lda, b, ldb, 0, c, ldc);
      break;
    case QL_C64: {
      const float one[2] = {1, 0}, zero[2] = {0, 0};
      cblas_cgemm(CblasRowMajor, left, right, m, n, k, one, a, lda, b, ldb, zero, c, ldc);
      break;
    }
    default: {
      const double one[2] = {1, 0}, zero[2] = {0, 0};
      cblas_zgemm(CblasRowMajor, left, right, m, n, k, one, a, lda, b, ldb, zero, c, ldc);
      break;
    }
  }
}

/* ---- without BLAS ---- */

/* Blocks of both factors are packed, and their products added in the order of k. */
enum { ROWS = 32, COLUMNS = 64, DEPTH = 32 };

static inline bool truth(uint8_t x) { return x != 0; }

/* STORED x, SUM s: how an element is read and a sum stored; STEP adds a product to a sum. */
#define MULTIPLY(NAME, STORED, SUM, READ, WRITE, STEP)                                            \
  static void NAME(const Tile *t) {                                                               \
    SUM sum[ROWS][COLUMNS], left[ROWS][DEPTH], right[DEPTH][COLUMNS];                             \
    for (int64_t i0 = 0; i0 < t->rows; i0 += ROWS)                                                \
      for (int64_t j0 = 0; j0 < t->columns; j0 += COLUMNS) {                                      \
        int64_t rows = QL_MIN(t->rows - i0, ROWS), columns = QL_MIN(t->columns - j0, COLUMNS);    \
        memset(sum, 0, sizeof sum);                                                               \
        for (int64_t k0 = 0; k0 < t->k; k0 += DEPTH) {                                            \
          int64_t depth = QL_MIN(t->k - k0, DEPTH);                                               \
          STORED x;                                                                               \
          for (int64_t i = 0; i < rows; i++)                                                      \
            for (int64_t k = 0; k < depth; k++) {                                                 \
              memcpy(&x, t->left.at + (i0 + i) * t->left.outer + (k0 + k) * t->left.k, sizeof x); \
              left[i][k] = READ(x);                                                               \
            }                                                                                     \
          for (int64_t k = 0; k < depth; k++)                                                     \
            for (int64_t j = 0; j < columns; j++) {                                               \
              memcpy(&x, t->right.at + (j0 + j) * t->right.outer + (k0 + k) * t->right.k,         \
                     sizeof x);                                                                   \
              right[k][j] = READ(x);                                                              \
            }                                                                                     \
          for (int64_t i = 0; i < rows; i++)                                                      \
            for (int64_t k = 0; k < depth; k++) {                                                 \
              SUM factor = left[i][k];                                                            \
              for (int64_t j = 0; j < columns; j++) sum[i][j] STEP(factor, right[k][j]);          \
            }                                                                                     \
        }                                                                                         \
        for (int64_t i = 0; i < rows; i++)                                                        \
          for (int64_t j = 0; j < columns; j++) {                                                 \
            char *to = t->to + (i0 + i) * t->to_row + (j0 + j) * t->to_column;                    \
            WRITE(to, sum[i][j]);                                                                 \
          }                                                                                       \
      }                                                                                           \
  }

#define ADDED(x, y) += (x) * (y)
#define EITHER(x, y) |= (x) & (y)
#define PUT(TYPE, to, sum)            \
  do {                                \
    TYPE value = (TYPE)(sum);         \
    memcpy(to, &value, sizeof value); \
  } while (0)
#define PUT8(to, sum) PUT(uint8_t, to, sum)
#define PUT16(to, sum) PUT(uint16_t, to, sum)
#define PUT32(to, sum) PUT(uint32_t, to, sum)
#define PUT64(to, sum) PUT(uint64_t, to, sum)
#define PUTF32(to, sum) PUT(float, to, sum)
#define PUTF16(to, sum) PUT(uint16_t, to, ql_half_from_float(sum))
MULTIPLY(multiply_bools, uint8_t, uint8_t, truth, PUT8, EITHER)
MULTIPLY(multiply_8, uint8_t, uint32_t, (uint32_t), PUT8, ADDED)
MULTIPLY(multiply_16, uint16_t, uint32_t, (uint32_t), PUT16, ADDED)
MULTIPLY(multiply_32, uint32_t, uint32_t, (uint32_t), PUT32, ADDED)
MULTIPLY(multiply_64, uint64_t, uint64_t, (uint64_t), PUT64, ADDED)
MULTIPLY(multiply_halves, uint16_t, float, ql_half_to_float, PUTF16, ADDED)
MULTIPLY(multiply_halves_to_f32, uint16_t, float, ql_half_to_float, PUTF32, ADDED)

static bool has_blas(QlDtype dtype) {
  return dtype == QL_F32 || dtype == QL_F64 || dtype == QL_C64 || dtype == QL_C128;
}

/* halves: the factors are, whatever their sum is. Integers wrap, so signs do not matter. */
void product_multiply(const Tile *t, QlDtype dtype, bool halves) {
  if (halves) {
    (dtype == QL_F16 ? multiply_halves : multiply_halves_to_f32)(t);
    return;
  }
  if (has_blas(dtype)) {
    call_blas(t, dtype);
    return;
  }
  switch (dtype) {
    case QL_BOOL: multiply_bools(t); break;
    case QL_I8:
    case QL_U8: multiply_8(t); break;
    case QL_I16:
    case QL_U16: multiply_16(t); break;
    case QL_I32:
    case QL_U32: multiply_32(t); break;
    default: multiply_64(t); break;
  }
}
