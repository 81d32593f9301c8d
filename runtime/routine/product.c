/* Products of matrices, and of stacks of them: tiles of the result, each one call of BLAS over the
 * whole of k by one thread.
 *
 *     c = a @ b       domain (i, j)      tiles of 128 to 512 rows, 256 to 1024 columns
 *                     left   (i, k)      of row i from one end to the other: a span
 *                     right  (k, j)      of column j
 *
 * How long tiles are, and whether a factor is transposed for BLAS, follows from extents and logical
 * strides alone, so an element has the same bits whoever computes its tile. (Of OpenBLAS: leading
 * dimensions and addresses change no bits; extents, transposition and threads do.)
 *
 * A factor has the domain's axes, but k in the place of the one along which it does not move. Other
 * axes than a row and a column are gone through one by one. Where k is much longer than both (x.T @
 * x of many rows), it is cut into chunks, an axis of the domain in front, whose products are added
 * as sums are (contract C7):
 *
 *     chunk c of left (i, k)    touches k in [CHUNK * c, CHUNK * (c + 1))
 *
 * What BLAS does not have (integers, bools, halves) has loops of ours (multiply.c). */
#include "product.h"

#include <limits.h>
#include <string.h>

enum { CHUNK = 2048, CHUNKED = 4 * CHUNK, CHUNKED_RATIO = 8 };
/* Multiplications; smaller products are sums: what a call of BLAS costs beside is too much. */
enum { LOOPED_TINY = 1024 }; /* of stacks; else PRODUCT_TINY */

/* ---- tiles ---- */

enum { SMALL = 128, MIDDLE = 512, LARGE = 4096, LINES = 16 };

/* Even ones: of 1000 rows 4 times 250, so that nodes, which share rows evenly, begin where tiles
 * do. Twice as many columns: workers share rows, and the fewer tiles beside each other, the less
 * often rows are packed. */
int64_t tile_product(int64_t extent, bool is_last) {
  int64_t most = SMALL * (extent <= MIDDLE ? 1 : extent <= LARGE ? 2 : 4) * (is_last ? 2 : 1);
  if (extent <= most) return QL_MAX(extent, 1);
  int64_t count = (extent + most - 1) / most, even = (extent + count - 1) / count;
  return is_last ? (even + LINES - 1) / LINES * LINES : even;
}

/* ---- a box ---- */

enum { TARGET, LEFT, RIGHT };
enum { IS_CHUNKED = 1, LEFT_TRANSPOSED = 2, RIGHT_TRANSPOSED = 4, HALVES = 8 };

/* Scalars: axes of rows and of columns, flags, how long k is. */
enum { ROW, COLUMN, FLAGS, LENGTH, SCALARS };

static void run_matrix(const RoutineShape *shape, const JitCall *call, const int64_t *at) {
  int rank = shape->rank, row = (int)call->param[ROW].i, column = (int)call->param[COLUMN].i;
  int64_t flags = call->param[FLAGS].i, length = call->param[LENGTH].i;
  const int64_t *to = call->stride, *left = to + rank, *right = left + rank;
  Tile whole = {.k = length,
                .to = call->base[TARGET],
                .to_row = to[row],
                .to_column = to[column],
                .left = {call->base[LEFT], left[row], left[column]},
                .right = {call->base[RIGHT], right[column], right[row]},
                .transposed = {flags & LEFT_TRANSPOSED, flags & RIGHT_TRANSPOSED}};
  for (int a = 0; a < rank; a++) {
    if (a == row || a == column) continue;
    whole.to += at[a] * to[a], whole.left.at += at[a] * left[a];
    whole.right.at += at[a] * right[a];
  }
  if (flags & IS_CHUNKED) {
    whole.left.at += at[0] * CHUNK * whole.left.k, whole.right.at += at[0] * CHUNK * whole.right.k;
    whole.k = QL_MIN(length - at[0] * CHUNK, CHUNK);
  }
  int64_t rows = shape->tile[row], columns = shape->tile[column];
  for (int64_t i = call->lo[row]; i < call->hi[row]; i += rows)
    for (int64_t j = call->lo[column]; j < call->hi[column]; j += columns) {
      Tile t = whole;
      t.rows = QL_MIN(shape->extent[row] - i, rows);
      t.columns = QL_MIN(shape->extent[column] - j, columns);
      t.to += i * t.to_row + j * t.to_column;
      t.left.at += i * t.left.outer, t.right.at += j * t.right.outer;
      product_multiply(&t, shape->dtype, flags & HALVES);
    }
}

void run_product(const RoutineShape *shape, const JitCall *call) {
  int rank = shape->rank, row = (int)call->param[ROW].i, column = (int)call->param[COLUMN].i;
  int64_t at[QL_MAX_DIMS];
  for (int r = 0; r < rank; r++)
    if (call->hi[r] <= call->lo[r]) return;
  memcpy(at, call->lo, (size_t)rank * sizeof *at);
  for (;;) {
    run_matrix(shape, call, at);
    int r = rank - 1;
    for (; r >= 0; at[r] = call->lo[r], r--)
      if (r != row && r != column && ++at[r] < call->hi[r]) break;
    if (r < 0) return;
  }
}

/* ---- recording ---- */

/* A contraction as a product of matrices. Axis k of the domain of all is the one that is summed;
 * the others are the result's, in its order. */
typedef struct Form {
  int rank; /* of the result */
  int64_t shape[QL_MAX_DIMS], k;
  int row, column;                          /* axes of the result */
  int64_t stride[2][QL_MAX_DIMS], along[2]; /* of the left factor, which moves along rows, and of
                                               the right one; 0 where they do not move; along k */
  QlArray *factor[2];
} Form;

static int64_t stride_of(const QlArray *array, int ndim, int axis) {
  int own = axis - (ndim - array->ndim);
  return own < 0 || array->shape[own] == 1 ? 0 : array->strides[own];
}

static int64_t extent_of(const QlArray *array, int ndim, int axis) {
  int own = axis - (ndim - array->ndim);
  return own < 0 ? 1 : array->shape[own];
}

static void swap_factors(Form *f) {
  Form old = *f;
  for (int k = 0; k < 2; k++) {
    memcpy(f->stride[k], old.stride[1 - k], sizeof f->stride[k]);
    f->along[k] = old.along[1 - k], f->factor[k] = old.factor[1 - k];
  }
}

/* False: it is no product of matrices, or a tiny one of many. */
static bool find_form(QlArray *left, QlArray *right, int axis, Form *f) {
  int ndim = QL_MAX(left->ndim, right->ndim), alone[QL_MAX_DIMS], looped = 0;
  *f = (Form){.row = -1, .column = -1, .factor = {left, right}};
  axis = axis < 0 ? axis + ndim : axis;
  if (axis < 0 || axis >= ndim) return false;
  f->k = extent_of(left, ndim, axis);
  if (f->k != extent_of(right, ndim, axis) || f->k == 0) return false;
  for (int s = 0; s < 2; s++) f->along[s] = stride_of(f->factor[s], ndim, axis);
  for (int a = 0; a < ndim; a++) {
    if (a == axis) continue;
    int64_t of_left = extent_of(left, ndim, a), of_right = extent_of(right, ndim, a);
    if (of_left != of_right && of_left != 1 && of_right != 1) return false;
    int r = f->rank++;
    f->shape[r] = of_left == 1 ? of_right : of_left;
    for (int s = 0; s < 2; s++) f->stride[s][r] = stride_of(f->factor[s], ndim, a);
    alone[r] = f->stride[0][r] && !f->stride[1][r]   ? 0
               : f->stride[1][r] && !f->stride[0][r] ? 1
                                                     : -1;
    if (f->shape[r] == 0) return false;
    if (f->shape[r] > 1 && alone[r] >= 0) f->column = r;
  }
  if (f->column < 0) return false;
  if (alone[f->column] == 0) {
    swap_factors(f);
    for (int r = 0; r < f->rank; r++) alone[r] = alone[r] < 0 ? -1 : 1 - alone[r];
  }
  for (int r = 0; r < f->rank; r++)
    if (f->shape[r] > 1 && alone[r] == 0 && (f->row < 0 || f->shape[r] >= f->shape[f->row]))
      f->row = r;
  if (f->row < 0) return false;
  for (int r = 0; r < f->rank; r++) looped |= r != f->row && r != f->column && f->shape[r] > 1;
  int64_t tiny = looped ? LOOPED_TINY : PRODUCT_TINY;
  return f->k > tiny || f->shape[f->row] * f->shape[f->column] > tiny / f->k;
}

static bool is_chunked(const Form *f) {
  return f->k >= CHUNKED && f->k / CHUNKED_RATIO >= f->shape[f->row] &&
         f->k / CHUNKED_RATIO >= f->shape[f->column] && f->rank < QL_MAX_DIMS;
}

/* The factor seen over the result's axes, k in the place of the one along which it does not move.
 */
static int own_axis(const Form *f, int s) { return s == 0 ? f->column : f->row; }

static void own_of(const Form *f, int s, int64_t *shape, int64_t *stride) {
  for (int r = 0; r < f->rank; r++)
    shape[r] = f->stride[s][r] ? f->shape[r] : 1, stride[r] = f->stride[s][r];
  shape[own_axis(f, s)] = f->k, stride[own_axis(f, s)] = f->along[s];
}

/* How BLAS can have a factor as it lies; false: not at all. */
static bool lies_well(const Form *f, int s, bool *transposed) {
  int64_t shape[QL_MAX_DIMS], stride[QL_MAX_DIMS];
  int moves = s == 0 ? f->row : f->column;
  int64_t outer = f->stride[s][moves], lines = f->shape[moves];
  const Storage *storage = f->factor[s]->storage;
  AxisMap axes[QL_MAX_DIMS];
  own_of(f, s, shape, stride);
  if (!view_axes(f->rank, shape, stride, f->factor[s]->offset, storage->ndim, storage->shape, axes))
    return false;
  bool by_lines = outer == 1 && (f->k == 1 || f->along[s] >= lines); /* lines are beside another */
  bool by_k = !by_lines && (f->k == 1 || f->along[s] == 1) && outer >= f->k; /* k is contiguous */
  *transposed = s == 0 ? by_lines : by_k;
  return (by_k || by_lines) && QL_MAX(outer, f->along[s]) <= INT_MAX;
}

/* A copy in which k is contiguous, or for the right factor its columns. */
static QlStatus copy_factor(QlContext *ctx, Form *f, int s, QlDtype dtype, QlArray **copy,
                            QlError *error) {
  int64_t shape[QL_MAX_DIMS], stride[QL_MAX_DIMS], seen[QL_MAX_DIMS], moves[QL_MAX_DIMS];
  int order[QL_MAX_DIMS], rank = 0;
  QlArray *view;
  own_of(f, s, shape, stride);
  for (int r = 0; r < f->rank; r++)
    if (r != f->row && r != f->column) order[rank++] = r;
  order[rank++] = f->row, order[rank++] = f->column;
  for (int r = 0; r < rank; r++) seen[r] = shape[order[r]], moves[r] = stride[order[r]];
  QL_TRY(ql_view(f->factor[s], rank, seen, moves, f->factor[s]->offset, &view, error));
  QlStatus status = ql_astype(ctx, view, dtype, QL_ORDER_C, copy, error);
  ql_release(view);
  if (status) return status;
  for (int r = 0; r < rank; r++) {
    bool is_k = order[r] == own_axis(f, s);
    int64_t step = (*copy)->shape[r] > 1 ? (*copy)->strides[r] : 0;
    if (is_k)
      f->along[s] = step;
    else
      f->stride[s][order[r]] = step;
  }
  f->factor[s] = *copy;
  return QL_OK;
}

typedef struct Spans {
  AxisSpan span[QL_MAX_DIMS];
  int64_t shape[QL_MAX_DIMS], stride[QL_MAX_DIMS];
} Spans;

/* Of factor s over the domain, which has an axis of chunks in front if `chunked`. */
static void spans_of(const Form *f, int s, bool chunked, Spans *spans) {
  spans->shape[0] = 1, spans->stride[0] = 0, spans->span[0] = (AxisSpan){.dim = -1};
  own_of(f, s, spans->shape + chunked, spans->stride + chunked);
  for (int r = 0; r < f->rank; r++)
    spans->span[r + chunked] = spans->shape[r + chunked] > 1
                                   ? (AxisSpan){.dim = r + chunked, .step = 1}
                                   : (AxisSpan){.dim = -1};
  spans->span[own_axis(f, s) + chunked] = chunked
                                              ? (AxisSpan){.dim = 0, .step = CHUNK, .hi = CHUNK - 1}
                                              : (AxisSpan){.dim = -1, .hi = f->k - 1};
}

/* The result's axes in the order of its storage: that of the columns last. */
static void order_of(const Form *f, int *order) {
  int last = f->rank - 1, count = 0;
  while (last > 0 && f->shape[last] == 1) last--;
  for (int r = 0; r < f->rank; r++)
    if (last == f->column || r != f->column) order[count++] = r;
  if (last != f->column) order[count] = f->column;
}

static RequestOperand integer(int64_t value) {
  return request_scalar(QL_I64, (QlValue){.i = value});
}

static QlStatus record(QlContext *ctx, const Form *f, bool chunked, bool halves,
                       const bool *transposed, QlArray *made, QlError *error) {
  Spans spans[2];
  RequestOperand operand[RIGHT + 1 + SCALARS];
  QlArray *seen[2] = {NULL, NULL};
  int row = f->row + chunked, column = f->column + chunked;
  QlStatus status = QL_OK;
  operand[TARGET] = request_array(LOG_WRITE, made, made->ndim, made->strides);
  for (int s = 0; s < 2 && !status; s++) {
    spans_of(f, s, chunked, &spans[s]);
    status = ql_view(f->factor[s], made->ndim, spans[s].shape, spans[s].stride,
                     f->factor[s]->offset, &seen[s], error);
    if (status) break;
    operand[LEFT + s] = request_array(LOG_READ, seen[s], made->ndim, spans[s].stride);
    operand[LEFT + s].spans = spans[s].span;
  }
  int count = RIGHT + 1;
  operand[count++] = integer(row), operand[count++] = integer(column);
  operand[count++] = integer((chunked ? IS_CHUNKED : 0) | (transposed[0] ? LEFT_TRANSPOSED : 0) |
                             (transposed[1] ? RIGHT_TRANSPOSED : 0) | (halves ? HALVES : 0));
  operand[count++] = integer(f->k);
  double work = (double)made->size * (double)(chunked ? CHUNK : f->k);
  if (!status)
    status = rt_call_tiles(ctx, ROUTINE_PRODUCT, made, 1u << row | 1u << column,
                           work < 0x1p62 ? (int64_t)work : INT64_MAX, count, operand, error);
  ql_release(seen[0]), ql_release(seen[1]);
  return status;
}

/* The factors in one dtype, as BLAS can have them. */
static QlStatus prepare(QlContext *ctx, Form *f, QlDtype dtype, bool *transposed, QlArray **copy,
                        QlError *error) {
  for (int s = 0; s < 2; s++) {
    bool fits = f->factor[s]->dtype == dtype && !f->factor[s]->part;
    bool well = lies_well(f, s, &transposed[s]);
    if (fits && well) continue;
    QL_TRY(copy_factor(ctx, f, s, dtype, &copy[s], error));
    if (!lies_well(f, s, &transposed[s]))
      return ql_fail(error, QL_ERR_VALUE, "a matrix of more than 2**31 - 1 columns in a product");
  }
  return QL_OK;
}

static QlStatus in_order(QlArray *made, const int *order, QlArray **result, QlError *error) {
  int64_t shape[QL_MAX_DIMS], strides[QL_MAX_DIMS];
  for (int r = 0; r < made->ndim; r++)
    shape[order[r]] = made->shape[r], strides[order[r]] = made->strides[r];
  return ql_view(made, made->ndim, shape, strides, made->offset, result, error);
}

/* In a new array, of chunks if there are any. */
static QlStatus compute(QlContext *ctx, const Form *f, bool chunked, QlDtype dtype, bool halves,
                        const bool *transposed, QlArray **made, QlError *error) {
  int order[QL_MAX_DIMS];
  int64_t shape[QL_MAX_DIMS] = {(f->k + CHUNK - 1) / CHUNK};
  order_of(f, order);
  for (int r = 0; r < f->rank; r++) shape[r + chunked] = f->shape[order[r]];
  QlArray *stored, *seen = NULL;
  QL_TRY(rt_array_new(ctx, dtype, f->rank + chunked, shape, &stored, error));
  rt_log_fresh(ctx, stored);
  int whole[QL_MAX_DIMS] = {0};
  for (int r = 0; r < f->rank; r++) whole[r + chunked] = order[r] + chunked;
  QlStatus status = in_order(stored, whole, &seen, error);
  if (!status) status = record(ctx, f, chunked, halves, transposed, seen, error);
  ql_release(stored);
  if (status)
    ql_release(seen);
  else
    *made = seen;
  return status;
}

static QlStatus add_chunks(QlContext *ctx, QlArray *chunks, QlDtype dtype, QlArray **result,
                           QlError *error) {
  QlArray *sum;
  bool truth_of = dtype == QL_BOOL;
  QlDtype of = (QlDtype)chunks->dtype;
  QL_TRY(rt_reduce(ctx, truth_of ? QL_REDUCE_ANY : QL_REDUCE_SUM, chunks, 1, false, QL_ORDER_C,
                   truth_of ? QL_DTYPE_NONE : of, NULL, &sum, error));
  if (of == dtype) {
    *result = sum;
    return QL_OK;
  }
  QlStatus status = ql_astype(ctx, sum, dtype, QL_ORDER_C, result, error);
  ql_release(sum);
  return status;
}

bool rt_product(QlContext *ctx, QlArray *left, QlArray *right, int axis, QlDtype dtype,
                QlArray **result, QlStatus *status, QlError *error) {
  Form form;
  bool transposed[2] = {false, false}, halves = dtype == QL_F16;
  QlArray *copy[2] = {NULL, NULL}, *made = NULL;
  if (!find_form(left, right, axis, &form)) return false;
  bool chunked = is_chunked(&form);
  if (!chunked && form.k > INT_MAX) return false;
  *status = prepare(ctx, &form, dtype, transposed, copy, error);
  if (!*status)
    *status = compute(ctx, &form, chunked, chunked && halves ? QL_F32 : dtype, halves, transposed,
                      &made, error);
  if (!*status && chunked) {
    *status = add_chunks(ctx, made, dtype, result, error);
    ql_release(made);
  } else if (!*status) {
    *result = made;
  }
  ql_release(copy[0]), ql_release(copy[1]);
  return true;
}
