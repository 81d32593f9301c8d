/* Products of vectors and matrices: sums of broadcast products over one axis of theirs. Those of
 * matrices are a routine (routine/product.c); of the others, and of matrices of one row or column,
 * the order is that of contract C7's fixed tree on any number of ranks.
 *
 *     left[k] right[k]      left[i,k] right[k]      left[k] right[k,j]      left[i,k] right[k,j]
 *     domain (k)            (i, k)                  (k, j)                  (i, k, j)
 *
 * Few of those are summed at once. Otherwise a product and a reduction are recorded, which one
 * kernel computes. */
#include "runtime.h"

/* The points of the sum: k is axis `summed`, and the result has the others. */
typedef struct Domain {
  int ndim, summed;
  int64_t shape[3], left[3], right[3], made[3]; /* extents, strides */
} Domain;

static void add_axis(Domain *d, int64_t extent, int64_t left, int64_t right) {
  d->shape[d->ndim] = extent, d->left[d->ndim] = left, d->right[d->ndim++] = right;
}

static Domain domain_of(const QlArray *left, const QlArray *right) {
  Domain d = {0};
  if (left->ndim == 2) add_axis(&d, left->shape[0], left->strides[0], 0);
  d.summed = d.ndim;
  add_axis(&d, right->shape[0], left->strides[left->ndim - 1], right->strides[0]);
  if (right->ndim == 2) add_axis(&d, right->shape[1], 0, right->strides[1]);
  return d;
}

/* ---- at once ---- */

static QlStatus new_result(QlContext *ctx, QlDtype dtype, Domain *d, QlArray **made,
                           QlError *error) {
  int64_t shape[2], stride = 1;
  int ndim = 0;
  for (int a = 0; a < d->ndim; a++)
    if (a != d->summed) shape[ndim++] = d->shape[a];
  for (int a = d->ndim - 1; a >= 0; a--) {
    d->made[a] = a == d->summed ? 0 : stride;
    if (a != d->summed) stride *= d->shape[a];
  }
  return rt_array_new(ctx, dtype, ndim, shape, made, error);
}

/* A sum of products is a reduction of two inputs; only the immediate path knows it. True: it is
 * done, or has failed. */
static bool at_once(QlContext *ctx, QlArray *left, QlArray *right, QlArray **result,
                    QlStatus *status, QlError *error) {
  QlDtype loop, dtype;
  QlOperand in[2] = {{.array = left}, {.array = right}};
  Domain d = domain_of(left, right);
  int64_t most = rt_immediate_points(ctx, STATEMENT_REDUCE);
  if (left->part || right->part || left->size == 0 || right->size == 0) return false;
  if (left->size > most || right->size > most) return false;
  if ((*status = ql_resolve(QL_OP_MULTIPLY, 2, in, QL_DTYPE_NONE, &loop, &dtype, error)))
    return true;
  if (loop == QL_BOOL || loop == QL_F16) return false; /* of several steps */
  QlArray *made;
  if ((*status = new_result(ctx, dtype, &d, &made, error))) return true;
  RequestOperand operand[] = {request_array(LOG_WRITE, made, d.ndim, d.made),
                              request_array(LOG_READ, left, d.ndim, d.left),
                              request_array(LOG_READ, right, d.ndim, d.right)};
  LogRequest request = {.kind = STATEMENT_REDUCE,
                        .op = QL_REDUCE_SUM,
                        .loop = loop,
                        .axes = 1u << d.summed,
                        .ndim = d.ndim,
                        .shape = d.shape,
                        .operands = 3,
                        .operand = operand};
  bool done = rt_immediate(ctx, &request, status, error);
  if (!done || *status)
    ql_release(made);
  else
    *result = made;
  return done;
}

/* ---- recorded ---- */

static QlStatus sum_of_products(QlContext *ctx, QlArray *left, QlArray *right, int axis,
                                QlArray **result, QlError *error) {
  QlOperand in[2] = {{.array = left}, {.array = right}};
  QlArray *product;
  QL_TRY(ql_ufunc(ctx, QL_OP_MULTIPLY, 2, in, NULL, NULL, QL_DTYPE_NONE, &product, error));
  bool truth = product->dtype == QL_BOOL;
  QlStatus status =
      rt_reduce(ctx, truth ? QL_REDUCE_ANY : QL_REDUCE_SUM, product, 1u << axis, false, QL_ORDER_C,
                truth ? QL_DTYPE_NONE : (QlDtype)product->dtype, NULL, result, error);
  ql_release(product);
  return status;
}

/* Halves are multiplied and summed in float32, and the sum is rounded once. */
static QlStatus sum_of_halves(QlContext *ctx, QlArray *left, QlArray *right, int axis,
                              QlArray **result, QlError *error) {
  QlArray *wide[2] = {NULL, NULL}, *sum = NULL;
  QlStatus status = ql_astype(ctx, left, QL_F32, QL_ORDER_ITERATOR, &wide[0], error);
  if (!status) status = ql_astype(ctx, right, QL_F32, QL_ORDER_ITERATOR, &wide[1], error);
  if (!status) status = sum_of_products(ctx, wide[0], wide[1], axis, &sum, error);
  if (!status) status = ql_astype(ctx, sum, QL_F16, QL_ORDER_C, result, error);
  ql_release(wide[0]), ql_release(wide[1]), ql_release(sum);
  return status;
}

/* How a product of matrices is computed. */
typedef enum Way { IN_TILES, BY_TREE } Way;

static QlStatus contract(QlContext *ctx, Way way, QlArray *left, QlArray *right, int axis,
                         QlArray **result, QlError *error) {
  QlDtype loop, dtype;
  QlOperand in[2] = {{.array = left}, {.array = right}};
  QL_TRY(rt_log_due(ctx, error));
  QlStatus status = QL_OK;
  QL_TRY(ql_resolve(QL_OP_MULTIPLY, 2, in, QL_DTYPE_NONE, &loop, &dtype, error));
  if (way == IN_TILES && rt_product(ctx, left, right, axis, loop, result, &status, error))
    return status;
  return loop == QL_F16 ? sum_of_halves(ctx, left, right, axis, result, error)
                        : sum_of_products(ctx, left, right, axis, result, error);
}

QlStatus ql_contract(QlContext *ctx, QlArray *left, QlArray *right, int axis, QlArray **result,
                     QlError *error) {
  return contract(ctx, IN_TILES, left, right, axis, result, error);
}

static bool are_matrices(const QlArray *left, const QlArray *right) {
  return left->ndim == 2 && right->ndim == 2 && left->shape[0] > 1 && right->shape[1] > 1 &&
         (left->size > PRODUCT_TINY || left->size * right->shape[1] > PRODUCT_TINY);
}

/* A view over the domain without the axes along which it does not move at the front. */
static QlStatus view_in(QlArray *array, const Domain *d, const int64_t *stride, int first,
                        QlArray **view, QlError *error) {
  int64_t shape[3];
  bool is_left = stride == d->left;
  for (int a = first; a < d->ndim; a++) {
    bool moves = is_left ? a <= d->summed : a >= d->summed;
    shape[a] = moves ? d->shape[a] : 1;
  }
  return ql_view(array, d->ndim - first, shape + first, stride + first, array->offset, view, error);
}

static QlStatus record(QlContext *ctx, Way way, QlArray *left, QlArray *right, QlArray **result,
                       QlError *error) {
  Domain d = domain_of(left, right);
  QlArray *seen[2] = {NULL, NULL};
  bool leads = left->ndim == 2 && right->ndim == 1; /* right has no axis for the rows of left */
  QlStatus status = view_in(left, &d, d.left, 0, &seen[0], error);
  if (!status) status = view_in(right, &d, d.right, leads ? 1 : 0, &seen[1], error);
  if (!status) status = contract(ctx, way, seen[0], seen[1], d.summed, result, error);
  ql_release(seen[0]), ql_release(seen[1]);
  return status;
}

static QlStatus multiply(QlContext *ctx, Way way, QlArray *left, QlArray *right, QlArray **result,
                         QlError *error) {
  QL_TRY(rt_log_due(ctx, error));
  QL_TRY(rt_check_input(ctx, left, error));
  QL_TRY(rt_check_input(ctx, right, error));
  QlStatus status = QL_OK;
  bool plain = left->ndim >= 1 && left->ndim <= 2 && right->ndim >= 1 && right->ndim <= 2;
  if (!plain || left->shape[left->ndim - 1] != right->shape[0])
    return ql_fail(error, QL_ERR_VALUE,
                   "a product is of arrays of one or two axes, the last of "
                   "the first as long as the first of the second");
  bool tiles = way == IN_TILES && are_matrices(left, right);
  if (tiles || !at_once(ctx, left, right, result, &status, error))
    return record(ctx, way, left, right, result, error);
  ctx->log.at_end_of_assignment = false;
  return status;
}

QlStatus ql_product(QlContext *ctx, QlArray *left, QlArray *right, QlArray **result,
                    QlError *error) {
  return multiply(ctx, IN_TILES, left, right, result, error);
}

QlStatus rt_product_by_tree(QlContext *ctx, QlArray *left, QlArray *right, QlArray **result,
                            QlError *error) {
  return multiply(ctx, BY_TREE, left, right, result, error);
}
