/* plain: plain forms of functions that compute, which are called often with small arrays
 * (function.c): an array of ours or two, numbers, and what few words decide. Each does what its
 * function in quelea/ does with such arguments, operation by operation, and leaves any other to it
 * by NotImplemented: errors, too. */
#include "ext.h"

#define PLAIN(name) PyObject *name(PyObject *const *args, Py_ssize_t nargs, PyObject *kwnames)

/* ---- arguments ---- */

/* By position or by word; false: it is no plain form. NULL: not given. */
static bool take(const char *const *words, int count, int required, PyObject *const *args,
                 Py_ssize_t nargs, PyObject *kwnames, PyObject **values) {
  if (nargs > count) return false;
  for (int i = 0; i < count; i++) values[i] = i < nargs ? args[i] : NULL;
  Py_ssize_t named = kwnames ? PyTuple_GET_SIZE(kwnames) : 0;
  for (Py_ssize_t k = 0; k < named; k++) {
    int i = 0;
    while (i < count &&
           PyUnicode_CompareWithASCIIString(PyTuple_GET_ITEM(kwnames, k), words[i]) != 0)
      i++;
    if (i == count || values[i]) return false;
    values[i] = args[nargs + k];
  }
  for (int i = 0; i < required; i++)
    if (!values[i]) return false;
  return true;
}

static bool is_real(QlDtype dtype) { return dtype == QL_F64 || dtype == QL_F32; }

/* An array of ours of real numbers or of 64-bit integers. */
static bool is_plain_array(PyObject *object) {
  if (!object || !qx_is_array(object)) return false;
  QlDtype dtype = (QlDtype)qx_array(object)->dtype;
  return is_real(dtype) || dtype == QL_I64;
}

static bool is_axis(PyObject *object) {
  return !object || object == Py_None || PyLong_CheckExact(object) || PyTuple_CheckExact(object);
}

/* A number of Python's, or a float64, which has its dtype. */
static bool is_number(PyObject *object) {
  return PyFloat_CheckExact(object) || PyLong_CheckExact(object) ||
         PyArray_IsScalar(object, Double);
}

/* ---- operations ----
 * Those that take arrays take them over; NULL stays NULL. */

static PyObject *one(QlOp op, PyObject *array) {
  PyObject *result = array ? qx_unary(op, array) : NULL;
  Py_XDECREF(array);
  return result;
}

/* `right` stays the caller's. */
static PyObject *two(QlOp op, PyObject *left, PyObject *right) {
  QxOperands in = {0};
  if (!left) return NULL;
  bool added = qx_operand_add(&in, left) > 0 && qx_operand_add(&in, right) > 0;
  PyObject *result = added ? qx_ufunc(op, &in, NULL, NULL, QL_DTYPE_NONE) : NULL;
  qx_operands_release(&in);
  Py_DECREF(left);
  return result;
}

/* array op number, where the number has the array's dtype if that is real. */
static PyObject *by_number(QlOp op, PyObject *array, double number) {
  if (!array) return NULL;
  QlDtype own = (QlDtype)qx_array(array)->dtype, dtype = is_real(own) ? own : QL_F64;
  QxOperands in = {.count = 2, .any_array = true};
  in.of[0].array = qx_array(array);
  in.of[1].scalar = (QlScalar){ql_convert(QL_F64, (QlValue){.d = number}, dtype), dtype, false};
  PyObject *result = qx_ufunc(op, &in, NULL, NULL, QL_DTYPE_NONE);
  Py_DECREF(array);
  return result;
}

/* ---- of elements ---- */

static bool is_limit_of(PyObject *limit, const QlArray *array) {
  int overflow = 0;
  if (PyLong_CheckExact(limit) && array->dtype != QL_F32) {
    (void)PyLong_AsLongLongAndOverflow(limit, &overflow);
    return !overflow;
  }
  return array->dtype == QL_F64   ? is_number(limit)
         : array->dtype == QL_F32 ? PyFloat_CheckExact(limit)
                                  : false;
}

static bool is_array_beside(PyObject *limit, const QlArray *array) {
  return qx_is_array(limit) && qx_array(limit)->dtype == array->dtype && qx_array(limit)->size > 1;
}

/* clip(x, low, high), also as a method: numbers as limits keep the signs of zeros, as
 * min(high, max(low, x)); arrays give their own. */
PLAIN(qx_plain_clip) {
  if (nargs != 3 || (kwnames && PyTuple_GET_SIZE(kwnames)) || !is_plain_array(args[0]))
    Py_RETURN_NOTIMPLEMENTED;
  PyObject *x = args[0], *low = args[1], *high = args[2], *raised, *result = NULL;
  const QlArray *array = qx_array(x);
  if (is_limit_of(low, array) && is_limit_of(high, array)) {
    raised = two(QL_OP_MAXIMUM, Py_NewRef(low), x);
    if (raised) result = two(QL_OP_MINIMUM, Py_NewRef(high), raised);
    Py_XDECREF(raised);
    return result;
  }
  if (!is_array_beside(low, array) || !is_array_beside(high, array)) Py_RETURN_NOTIMPLEMENTED;
  return two(QL_OP_MINIMUM, two(QL_OP_MAXIMUM, Py_NewRef(x), low), high);
}

/* Elements that follow one another in C order: nothing else is said of where the result lies. */
static bool lies_plainly(PyObject *object) {
  return qx_array(object)->ndim < 2 || qx_is_contiguous(qx_array(object), QL_ORDER_C);
}

/* round(x, decimals) */
PLAIN(qx_plain_round) {
  static const char *const words[] = {"a", "decimals"};
  static const double power[] = {1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8};
  enum { MOST = 8 };
  PyObject *values[2];
  if (!take(words, 2, 1, args, nargs, kwnames, values) || !is_plain_array(values[0]) ||
      !is_real((QlDtype)qx_array(values[0])->dtype) || (values[1] && !PyLong_CheckExact(values[1])))
    Py_RETURN_NOTIMPLEMENTED;
  int overflow = 0;
  long decimals = values[1] ? PyLong_AsLongAndOverflow(values[1], &overflow) : 0;
  if (overflow || decimals > MOST || decimals < -MOST || (decimals && !lies_plainly(values[0])))
    Py_RETURN_NOTIMPLEMENTED;
  PyObject *x = Py_NewRef(values[0]);
  if (decimals == 0) return one(QL_OP_RINT, x);
  QlOp first = decimals > 0 ? QL_OP_MULTIPLY : QL_OP_DIVIDE;
  QlOp last = decimals > 0 ? QL_OP_DIVIDE : QL_OP_MULTIPLY;
  double by = power[decimals > 0 ? decimals : -decimals];
  return by_number(last, one(QL_OP_RINT, by_number(first, x, by)), by);
}

static bool is_chosen_from(PyObject *object) {
  return qx_is_array(object) || PyFloat_CheckExact(object) || PyLong_CheckExact(object) ||
         PyBool_Check(object) || PyComplex_CheckExact(object) ||
         PyArray_CheckAnyScalarExact(object);
}

/* where(condition, x, y) */
PLAIN(qx_plain_where) {
  QxOperands in = {0};
  if (nargs != 3 || (kwnames && PyTuple_GET_SIZE(kwnames)) || !qx_is_array(args[0]) ||
      qx_array(args[0])->dtype != QL_BOOL || !is_chosen_from(args[1]) || !is_chosen_from(args[2]))
    Py_RETURN_NOTIMPLEMENTED;
  for (int k = 0; k < 3; k++) {
    int added = qx_operand_add(&in, args[k]);
    if (added > 0) continue;
    qx_operands_release(&in);
    if (added < 0) return NULL;
    Py_RETURN_NOTIMPLEMENTED;
  }
  PyObject *result = qx_ufunc(QL_OP_SELECT, &in, NULL, NULL, QL_DTYPE_NONE);
  qx_operands_release(&in);
  if (result) ((QxArray *)result)->value = false; /* NumPy gives an array of no axes */
  return result;
}

/* ---- of arrays beside one another ---- */

static PyObject *join(PyObject *const *args, Py_ssize_t nargs, PyObject *kwnames, bool new_axis) {
  static const char *const words[] = {"arrays", "axis"};
  PyObject *values[2];
  if (!take(words, 2, 1, args, nargs, kwnames, values)) Py_RETURN_NOTIMPLEMENTED;
  PyObject *zero = PyLong_FromLong(0);
  PyObject *const call[3] = {values[0], values[1] ? values[1] : zero,
                             new_axis ? Py_True : Py_False};
  PyObject *joined = zero ? qx_join(NULL, call, 3) : NULL;
  Py_XDECREF(zero);
  if (joined != Py_None) return joined;
  Py_DECREF(joined);
  Py_RETURN_NOTIMPLEMENTED;
}

PLAIN(qx_plain_concatenate) { return join(args, nargs, kwnames, false); }
PLAIN(qx_plain_stack) { return join(args, nargs, kwnames, true); }

/* dot(a, b): of one element each it is the product alone, which is left. */
PLAIN(qx_plain_dot) {
  if (nargs != 2 || (kwnames && PyTuple_GET_SIZE(kwnames)) || !qx_is_array(args[0]) ||
      !qx_is_array(args[1]) || (qx_array(args[0])->size == 1 && qx_array(args[1])->size == 1))
    Py_RETURN_NOTIMPLEMENTED;
  PyObject *product = qx_product(args[0], args[1]);
  if (product != Py_None) return product;
  Py_DECREF(product);
  Py_RETURN_NOTIMPLEMENTED;
}

/* ---- statistics ---- */

typedef struct Lines {
  PyObject *x, *axis, *dtype;
  bool keepdims;
  double count; /* elements of a line */
} Lines;

/* The sum along the axes, in float64 of integers. Takes the array over. */
static PyObject *sum_of(const Lines *lines, PyObject *array, bool keepdims) {
  if (!array) return NULL;
  PyObject *sum =
      qx_reduce(QL_REDUCE_SUM, qx_array(array), lines->axis, lines->dtype, NULL, keepdims);
  Py_DECREF(array);
  return sum;
}

static PyObject *mean_of(Lines *lines, PyObject *array, bool keepdims) {
  double all = (double)qx_array(array)->size;
  PyObject *sum = sum_of(lines, array, keepdims);
  if (sum) lines->count = all / (double)qx_array(sum)->size;
  return by_number(QL_OP_DIVIDE, sum, lines->count);
}

/* Of some elements, so that lines have some. */
static bool take_lines(PyObject *const *values, Lines *lines) {
  PyObject *keepdims = values[2];
  *lines = (Lines){.x = values[0], .axis = values[1], .keepdims = keepdims == Py_True};
  if (!is_plain_array(values[0]) || qx_array(values[0])->size == 0 || !is_axis(values[1]) ||
      (keepdims && !PyBool_Check(keepdims)) ||
      (!qx_absent(values[1]) && qx_array(values[0])->ndim == 0))
    return false;
  bool is_integer = qx_array(values[0])->dtype == QL_I64;
  lines->dtype = is_integer ? (PyObject *)qx.descr[QL_F64] : NULL;
  return true;
}

/* mean(x, axis, keepdims=) */
PLAIN(qx_plain_mean) {
  static const char *const words[] = {"a", "axis", "keepdims"};
  PyObject *values[3];
  Lines lines;
  if (nargs > 2 || !take(words, 3, 1, args, nargs, kwnames, values) || !take_lines(values, &lines))
    Py_RETURN_NOTIMPLEMENTED;
  return mean_of(&lines, Py_NewRef(lines.x), lines.keepdims);
}

/* The mean of the squared distances from the mean. */
static PyObject *variance(PyObject *const *args, Py_ssize_t nargs, PyObject *kwnames, bool root) {
  static const char *const words[] = {"a", "axis", "keepdims", "ddof"};
  PyObject *values[4];
  Lines lines;
  int overflow = 0;
  if (nargs > 2 || !take(words, 4, 1, args, nargs, kwnames, values) ||
      !take_lines(values, &lines) || (values[3] && !PyLong_CheckExact(values[3])))
    Py_RETURN_NOTIMPLEMENTED;
  long ddof = values[3] ? PyLong_AsLongAndOverflow(values[3], &overflow) : 0;
  if (overflow || ddof < 0 || ddof > 1) Py_RETURN_NOTIMPLEMENTED;
  PyObject *centre = mean_of(&lines, Py_NewRef(lines.x), true);
  if (centre && lines.count <= (double)ddof) { /* of which it is to be warned */
    Py_DECREF(centre);
    Py_RETURN_NOTIMPLEMENTED;
  }
  PyObject *distance = centre ? two(QL_OP_SUBTRACT, Py_NewRef(lines.x), centre) : NULL;
  Py_XDECREF(centre);
  PyObject *sum = sum_of(&lines, one(QL_OP_SQUARE, distance), lines.keepdims);
  PyObject *result = by_number(QL_OP_DIVIDE, sum, lines.count - (double)ddof);
  return root ? one(QL_OP_SQRT, result) : result;
}

PLAIN(qx_plain_var) { return variance(args, nargs, kwnames, false); }
PLAIN(qx_plain_std) { return variance(args, nargs, kwnames, true); }
