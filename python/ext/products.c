/* products: of matrices and vectors. Stacks of matrices, other operands and errors are left to
 * quelea/linear.py. */
#include "ext.h"

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
  if (ql_product(qx.context, qx_array(left), qx_array(right), &result, &error))
    return qx_raise(&error);
  return qx_wrap(result, result->ndim == 0);
}
