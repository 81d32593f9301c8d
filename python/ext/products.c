/* products: matrices and vectors, as sums of broadcast products (contract C7's fixed tree on any
 * number of ranks). What is common is here; stacks of matrices, other operands and errors are left
 * to quelea/linear.py. */
#include "ext.h"

/* A view with a new axis before the given one, or behind the last. */
static QlStatus with_axis(QlArray *array, int axis, QlArray **view, QlError *error) {
  int64_t shape[QL_MAX_DIMS], strides[QL_MAX_DIMS];
  for (int a = 0, k = 0; a <= array->ndim; a++) {
    bool is_new = a == axis;
    shape[a] = is_new ? 1 : array->shape[k], strides[a] = is_new ? 0 : array->strides[k];
    k += !is_new;
  }
  return ql_view(array, array->ndim + 1, shape, strides, array->offset, view, error);
}

/* Sum of the products over an axis of theirs, in their dtype. */
static QlStatus contract(QlArray *left, QlArray *right, int axis, QlArray **result,
                         QlError *error) {
  QlArray *product;
  QlOperand in[2] = {{.array = left}, {.array = right}};
  QL_TRY(ql_ufunc(qx.context, QL_OP_MULTIPLY, 2, in, NULL, NULL, QL_DTYPE_NONE, &product, error));
  bool truth = product->dtype == QL_BOOL;
  QlStatus status =
      ql_reduce(qx.context, truth ? QL_REDUCE_ANY : QL_REDUCE_SUM, product, 1u << axis, false,
                truth ? QL_DTYPE_NONE : (QlDtype)product->dtype, NULL, result, error);
  qx_release(product);
  return status;
}

/* left[i, k] right[k], left[k] right[k, j], left[i, k] right[k, j] */
static QlStatus product_of(QlArray *left, QlArray *right, QlArray **result, QlError *error) {
  if (right->ndim == 1) return contract(left, right, left->ndim - 1, result, error);
  QlArray *columns, *rows = right;
  QL_TRY(with_axis(left, left->ndim, &columns, error));
  QlStatus status = QL_OK;
  if (left->ndim == 2 && (status = with_axis(right, 0, &rows, error))) rows = right;
  if (!status) status = contract(columns, rows, left->ndim - 1, result, error);
  if (rows != right) qx_release(rows);
  qx_release(columns);
  return status;
}

static bool is_plain(const QlArray *left, const QlArray *right) {
  bool shapes = left->ndim >= 1 && left->ndim <= 2 && right->ndim >= 1 && right->ndim <= 2;
  return shapes && left->shape[left->ndim - 1] == right->shape[0];
}

PyObject *qx_product(PyObject *left, PyObject *right) {
  QL_ERROR(error);
  QlArray *result;
  if (!qx_is_array(left) || !qx_is_array(right) || !is_plain(qx_array(left), qx_array(right)))
    Py_RETURN_NONE;
  if (qx_enter_at() < 0) return NULL;
  if (product_of(qx_array(left), qx_array(right), &result, &error)) return qx_raise(&error);
  return qx_wrap(result, result->ndim == 0);
}
