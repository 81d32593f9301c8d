/* Factorisations of matrices, and of stacks of them: each matrix is one call of LAPACK by one
 * worker. What comes of a matrix is one tile of the target, part below part, as factors.def says:
 *
 *     svd of (2, 5, 3)     target (2, 5 + 3 + 2, 3)     rows 0 to 4  u
 *                                                       rows 5 to 7  vh
 *                                                       row 8        s
 *                                                       row 9        status
 *
 * Elements are float64 or complex128: NumPy computes in these too, whatever it is given.
 *
 * Its last row begins with LAPACK's info: not 0 where the matrix has no such factors, or LACKS
 * where there was no memory to work in. Nothing else fails, and the program looks at it before it
 * uses what was computed. */
#include "runtime.h"

#include <complex.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { QR_REDUCED, QR_COMPLETE, QR_R, QR_RAW }; /* option of QR */
enum { LACKS = 1 << 20 };

/* ---- one matrix ---- */

typedef struct Matrix {
  char *at;
  int64_t row, column; /* bytes */
} Matrix;

enum { MOST_TAKEN = 16 };

typedef struct Problem {
  QlFactorKind function;
  int m, n, r; /* of a: m x n; of b: m x r */
  int option;
  double least; /* LSTSQ: singular values that are smaller beside the largest count as 0 */
  Matrix a, b, to;
  bool lacks; /* memory */
  void *taken[MOST_TAKEN];
  int count;
} Problem;

/* Zeros, until the matrix is done. */
static void *take(Problem *p, size_t item, int64_t count) {
  void *memory = calloc((size_t)QL_MAX(count, 1), item);
  if (!memory) p->lacks = true;
  return p->taken[p->count++] = memory;
}

#define SCALAR double
#define REAL double
#define IS_COMPLEX 0
#define NAME(x) x##_f64
#define FORTRAN(x) d##x##_
#define magnitude_f64 fabs
#define conjugate_f64
#define log_f64 log
#include "lapack_any.h"

#define SCALAR double _Complex
#define REAL double
#define IS_COMPLEX 1
#define NAME(x) x##_c128
#define FORTRAN(x) z##x##_
#define magnitude_c128 cabs
#define conjugate_c128 conj
#define real_c128 creal
#define log_c128 log
#include "lapack_any.h"

static int factor(Problem *p, QlDtype dtype) {
  int info = dtype == QL_F64 ? factor_f64(p) : factor_c128(p);
  if (p->lacks) info = LACKS;
  for (int k = 0; k < p->count; k++) free(p->taken[k]);
  p->count = 0, p->lacks = false;
  return info;
}

static void put(char *to, QlDtype dtype, double value) {
  double both[2] = {value, 0};
  memcpy(to, both, ql_dtype_info[dtype].size);
}

/* ---- a box of the target: whole matrices ---- */

enum { TARGET, A, B };
enum { KIND, OPTION, COLUMNS_OF_B, LEAST, DTYPE_OF_A, SCALARS };
enum { MOST_OPERANDS = 3 + SCALARS };

int64_t tile_whole(int64_t extent, bool is_last) {
  (void)is_last;
  return QL_MAX(extent, 1);
}

static void one_matrix(const RoutineShape *shape, const JitCall *call, Problem *p,
                       const int64_t *at) {
  int rank = shape->rank, row = rank - 2, column = rank - 1;
  Matrix *matrix[] = {&p->to, &p->a, &p->b};
  for (int k = 0; k < shape->operands; k++) {
    const int64_t *stride = call->stride + k * rank;
    *matrix[k] = (Matrix){call->base[k], stride[row], stride[column]};
    for (int a = 0; a < row; a++) matrix[k]->at += at[a] * stride[a];
  }
  int64_t rows = shape->extent[row], columns = shape->extent[column];
  for (int64_t i = 0; i < rows; i++)
    for (int64_t j = 0; j < columns; j++)
      put(p->to.at + i * p->to.row + j * p->to.column, shape->dtype, 0);
  int info = factor(p, (QlDtype)call->param[DTYPE_OF_A].i);
  put(p->to.at + (rows - 1) * p->to.row, shape->dtype, info);
}

void run_factor(const RoutineShape *shape, const JitCall *call) {
  int rank = shape->rank;
  int64_t at[QL_MAX_DIMS], extents = call->param[COLUMNS_OF_B].i;
  Problem p = {.function = (QlFactorKind)call->param[KIND].i,
               .option = (int)call->param[OPTION].i,
               .least = call->param[LEAST].d};
  /* 20 bits each: what no target is too long for, LAPACK's matrices are not */
  p.m = (int)(extents & 0xfffff), p.n = (int)(extents >> 20 & 0xfffff), p.r = (int)(extents >> 40);
  for (int r = 0; r < rank; r++)
    if (call->hi[r] <= call->lo[r]) return;
  memcpy(at, call->lo, (size_t)rank * sizeof *at);
  for (;;) {
    one_matrix(shape, call, &p, at);
    int r = rank - 3;
    for (; r >= 0 && ++at[r] == call->hi[r]; r--) at[r] = call->lo[r];
    if (r < 0) return;
  }
}

/* ---- recording ---- */

enum { LONGEST = (1 << 20) - 1 };
enum { CALL_WORK = 20000 }; /* multiplications in the time of a call beside them: a guess */

/* Rows and columns of what comes of a matrix. */
static void extents_of(const QlFactor *f, int64_t m, int64_t n, int64_t r, int64_t *shape) {
  int64_t k = QL_MIN(m, n), u = f->option ? m : k, v = f->option ? n : k;
  int64_t q = f->option == QR_COMPLETE ? m : k;
  switch (f->kind) {
#define FACTOR(NAME, rows, columns) \
  case QL_FACTOR_##NAME: shape[0] = (rows) + 1, shape[1] = (columns); break;
#include "factors.def"
#undef FACTOR
  }
}

/* An input over the target's axes: stacks, then its rows and columns, which a point touches whole.
 */
typedef struct Input {
  QlArray *seen, *copy;
  int64_t shape[QL_MAX_DIMS], stride[QL_MAX_DIMS];
  AxisSpan span[QL_MAX_DIMS];
} Input;

static void look_at(const QlArray *array, Input *in) {
  for (int a = 0; a < array->ndim; a++) {
    bool core = a >= array->ndim - 2, moves = array->strides[a] && array->shape[a] > 1;
    in->shape[a] = core || moves ? array->shape[a] : 1;
    in->stride[a] = array->strides[a];
    if (!moves) in->stride[a] = 0;
    in->span[a] = (AxisSpan){.dim = -1, .hi = in->shape[a] - 1};
    if (!core && moves) in->span[a] = (AxisSpan){.dim = a, .step = 1};
  }
}

/* What does not lie as a box, or shows parts of complex elements, is copied. */
static QlStatus prepare(QlContext *ctx, QlArray *array, Input *in, QlError *error) {
  const Storage *storage = array->storage;
  AxisMap axes[QL_MAX_DIMS];
  look_at(array, in);
  if (array->part || !view_axes(array->ndim, in->shape, in->stride, array->offset, storage->ndim,
                                storage->shape, axes)) {
    QL_TRY(ql_astype(ctx, array, (QlDtype)array->dtype, QL_ORDER_C, &in->copy, error));
    array = in->copy;
    look_at(array, in);
  }
  return ql_view(array, array->ndim, in->shape, in->stride, array->offset, &in->seen, error);
}

static QlStatus check(const QlContext *ctx, const QlFactor *f, QlError *error) {
  const QlArray *a = f->a, *b = f->b;
  QL_TRY(rt_check_input(ctx, a, error));
  if (b) QL_TRY(rt_check_input(ctx, b, error));
  QlDtype dtype = (QlDtype)a->dtype;
  bool fits = (dtype == QL_F64 || dtype == QL_C128) && a->ndim >= 2 && a->size > 0;
  bool wants = f->kind == QL_FACTOR_SOLVE || f->kind == QL_FACTOR_LSTSQ;
  fits = fits && wants == (b != NULL);
  if (fits && b) {
    fits = b->dtype == dtype && b->ndim == a->ndim && b->size > 0;
    for (int k = 0; k < a->ndim - 1 && fits; k++) fits = a->shape[k] == b->shape[k];
  }
  for (int k = 0; fits && k < 2; k++)
    fits = a->shape[a->ndim - 1 - k] <= LONGEST && (!b || b->shape[b->ndim - 1 - k] <= LONGEST);
  return fits
             ? QL_OK
             : ql_fail(error, QL_ERR_VALUE,
                       "factors are of stacks of matrices with elements, float64 or complex128, of "
                       "up to %d rows and columns",
                       LONGEST);
}

static RequestOperand integer(int64_t value) {
  return request_scalar(QL_I64, (QlValue){.i = value});
}

static QlStatus record(QlContext *ctx, const QlFactor *f, Input *in, const QlArray *made,
                       QlError *error) {
  RequestOperand operand[MOST_OPERANDS];
  int count = 0, rank = made->ndim;
  int64_t m = f->a->shape[rank - 2], n = f->a->shape[rank - 1];
  int64_t r = f->b ? f->b->shape[rank - 1] : 0;
  operand[count++] = request_array(LOG_WRITE, made, rank, made->strides);
  for (int k = 0; k < (f->b ? 2 : 1); k++) {
    operand[count] = request_array(LOG_READ, in[k].seen, rank, in[k].stride);
    operand[count++].spans = in[k].span;
  }
  operand[count++] = integer(f->kind), operand[count++] = integer(f->option);
  operand[count++] = integer(m | n << 20 | r << 40);
  operand[count++] = request_scalar(QL_F64, (QlValue){.d = f->least});
  operand[count++] = integer(f->a->dtype);
  double work =
      (double)f->a->size * ((double)(QL_MAX(m, n) + r) * 4 + (double)CALL_WORK / (double)(m * n));
  return rt_call_tiles(ctx, ROUTINE_FACTOR, made, 3u << (rank - 2),
                       work < 0x1p62 ? (int64_t)work : INT64_MAX, count, operand, error);
}

QlStatus ql_factor(QlContext *ctx, const QlFactor *f, QlArray **result, QlError *error) {
  Input in[2] = {{.seen = NULL}, {.seen = NULL}};
  int64_t shape[QL_MAX_DIMS];
  QlArray *made = NULL;
  QL_TRY(rt_log_due(ctx, error));
  QL_TRY(check(ctx, f, error));
  int rank = f->a->ndim;
  memcpy(shape, f->a->shape, (size_t)rank * sizeof *shape);
  extents_of(f, f->a->shape[rank - 2], f->a->shape[rank - 1], f->b ? f->b->shape[rank - 1] : 0,
             shape + rank - 2);
  bool general = f->kind == QL_FACTOR_EIG || f->kind == QL_FACTOR_EIGVALS;
  QlDtype dtype = (QlDtype)f->a->dtype;
  if (general) dtype = QL_C128;
  QlStatus status = prepare(ctx, f->a, &in[0], error);
  if (!status && f->b) status = prepare(ctx, f->b, &in[1], error);
  if (!status) status = rt_array_new(ctx, dtype, rank, shape, &made, error);
  if (!status) rt_log_fresh(ctx, made);
  if (!status) status = record(ctx, f, in, made, error);
  for (int k = 0; k < 2; k++) ql_release(in[k].seen), ql_release(in[k].copy);
  if (status)
    ql_release(made);
  else
    *result = made;
  return status;
}
