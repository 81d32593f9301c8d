/* along: what goes along one axis. Where the smallest and largest elements are, and scans: module
 * functions, methods, and accumulate of ufuncs. */
#include "ext.h"

#include <string.h>

/* An int that stands for an axis, or None; a bool is neither. 0 or -1. */
static int axis_from_python(PyObject *object, int ndim, int *axis) {
  if (PyBool_Check(object)) {
    PyErr_SetString(PyExc_TypeError, "an integer is required for the axis");
    return -1;
  }
  return qx_axis_from_python(object, ndim, axis, NULL);
}

static bool has_shape(const QlArray *out, const QlArray *result) {
  return out->ndim == result->ndim &&
         !memcmp(out->shape, result->shape, (size_t)out->ndim * sizeof *out->shape);
}

/* May the elements of an array go there as NumPy casts positions? 0 or -1. */
static int check_safe(QlDtype from, QlDtype to) {
  PyObject *safe = PyUnicode_FromString("safe");
  int allowed = safe ? qx_casting_allows(safe, to, from) : -1;
  Py_XDECREF(safe);
  if (allowed == 0) /* the words are NumPy's, which sees it from the other side */
    PyErr_Format(PyExc_TypeError,
                 "Cannot cast array data from dtype('%s') to dtype('%s') according to the rule "
                 "'safe'",
                 ql_dtype_name(to), ql_dtype_name(from));
  return allowed > 0 ? 0 : -1;
}

/* The result, or `out`, of its shape, which it is assigned to. Takes the result over. */
static PyObject *deliver(PyObject *result, PyObject *out, bool safely, const char *mismatch) {
  if (!result || !out) return result;
  if (!has_shape(qx_array(out), qx_array(result)))
    PyErr_SetString(PyExc_ValueError, mismatch);
  else if ((!safely || check_safe(qx_array(result)->dtype, qx_array(out)->dtype) == 0) &&
           qx_array_assign(out, Py_Ellipsis, result) == 0)
    Py_SETREF(result, Py_NewRef(out));
  if (PyErr_Occurred()) Py_CLEAR(result);
  return result;
}

/* ---- positions ---- */

enum { BEST_A, BEST_AXIS, BEST_OUT, BEST_KEEPDIMS, BEST_WORDS };
static const char *const words_of_best[] = {"a", "axis", "out", "keepdims"};

static PyObject *best(bool largest, QlArray *array, PyObject *const *values, bool keepdims) {
  PyObject *out = qx_absent(values[BEST_OUT]) ? NULL : values[BEST_OUT];
  uint32_t axes = (1u << array->ndim) - 1;
  QlArray *result;
  QL_ERROR(error);
  int axis;
  PyObject *ours = out ? qx_out_open(out, false) : NULL;
  if (out && !ours) return NULL;
  if (!qx_absent(values[BEST_AXIS])) {
    if (axis_from_python(values[BEST_AXIS], QL_MAX(array->ndim, 1), &axis) < 0)
      return qx_out_close(out, ours, NULL);
    axes &= 1u << axis;
  }
  if (qx_enter_at() < 0) return qx_out_close(out, ours, NULL);
  if (ql_best(qx.context, largest, array, axes, keepdims, &result, &error))
    return qx_out_close(out, ours, qx_raise(&error));
  PyObject *made = deliver(qx_wrap(result, result->ndim == 0), ours, true,
                           largest ? "output array does not match result of np.argmax."
                                   : "output array does not match result of np.argmin.");
  return out ? qx_out_close(out, ours, made) : made;
}

PyObject *qx_best_call(bool largest, PyObject *self, PyObject *const *args, Py_ssize_t nargs,
                       PyObject *kwnames) {
  PyObject *values[BEST_WORDS] = {self};
  int skip = self ? 1 : 0;
  const QxSignature signature = {largest ? "argmax" : "argmin", words_of_best + skip,
                                 BEST_WORDS - skip, BEST_KEEPDIMS - skip, 1 - skip};
  if (!qx_parse(&signature, args, nargs, kwnames, values + skip)) return NULL;
  int keepdims = qx_flag_from_python(values[BEST_KEEPDIMS], false);
  QlArray *array = keepdims < 0 ? NULL : qx_array_from_python(values[BEST_A], QL_DTYPE_NONE);
  if (!array) return NULL;
  PyObject *result = best(largest, array, values, keepdims);
  qx_release(array);
  return result;
}

/* ---- scans ---- */

/* In which dtype: the one asked for, or, as in NumPy, what the elements and `out` promote to. 0 or
 * -1. */
static int dtype_of_scan(QlOp op, QlArray *array, PyObject *out, QlDtype *dtype) {
  QlDtype result;
  QL_ERROR(error);
  bool is_logical = op >= QL_OP_LOGICAL_AND && op <= QL_OP_LOGICAL_XOR;
  if (is_logical && *dtype != QL_DTYPE_NONE && *dtype != QL_BOOL) {
    PyErr_SetString(PyExc_TypeError,
                    "No loop matching the specified signature and casting was found: truths are "
                    "of dtype bool");
    return -1;
  }
  if (is_logical || *dtype != QL_DTYPE_NONE || !out) return 0;
  const QlOperand in[2] = {{.array = array}, {.array = qx_array(out)}};
  if (ql_resolve(op, 2, in, QL_DTYPE_NONE, dtype, &result, &error)) return qx_raise_int(&error);
  return 0;
}

/* Has what is lost where complex numbers are cast been said? 0 or -1. */
static PyObject *cast(PyObject *array, QlDtype dtype) {
  QlArray *from = qx_array(array);
  if (dtype == QL_DTYPE_NONE || (from->dtype != QL_C64 && from->dtype != QL_C128) ||
      dtype == QL_C64 || dtype == QL_C128 || dtype == QL_BOOL)
    return Py_NewRef(array);
  return qx_astype(from, dtype, QL_ORDER_ITERATOR, false);
}

PyObject *qx_scan(QlOp op, PyObject *array, int axis, QlDtype dtype, PyObject *out) {
  QlArray *result = NULL;
  QL_ERROR(error);
  if (dtype_of_scan(op, qx_array(array), out, &dtype) < 0) return NULL;
  PyObject *taken = cast(array, dtype);
  if (!taken || qx_enter_at() < 0) {
    Py_XDECREF(taken);
    return NULL;
  }
  QlStatus status = ql_scan(qx.context, op, qx_array(taken), axis, dtype, &result, &error);
  Py_DECREF(taken);
  if (status) return qx_raise(&error);
  return deliver(qx_wrap(result, false), out, false,
                 "provided out is the wrong size for the accumulation.");
}

enum { SCAN_A, SCAN_AXIS, SCAN_DTYPE, SCAN_OUT, SCAN_WORDS };
static const char *const words_of_scan[] = {"a", "axis", "dtype", "out"};

PyObject *qx_scan_call(QlOp op, PyObject *self, PyObject *const *args, Py_ssize_t nargs,
                       PyObject *kwnames) {
  PyObject *values[SCAN_WORDS] = {self}, *result = NULL;
  int skip = self ? 1 : 0, axis = 0;
  QlDtype dtype;
  const QxSignature signature = {op == QL_OP_ADD ? "cumsum" : "cumprod", words_of_scan + skip,
                                 SCAN_WORDS - skip, SCAN_WORDS - skip, 1 - skip};
  if (!qx_parse(&signature, args, nargs, kwnames, values + skip) ||
      qx_dtype_from_python(values[SCAN_DTYPE], &dtype) < 0)
    return NULL;
  PyObject *out = qx_absent(values[SCAN_OUT]) ? NULL : values[SCAN_OUT];
  PyObject *ours = out ? qx_out_open(out, false) : NULL;
  if (out && !ours) return NULL;
  QlArray *array = qx_array_from_python(values[SCAN_A], QL_DTYPE_NONE);
  PyObject *whole = array ? qx_wrap(array, false) : NULL;
  bool all = qx_absent(values[SCAN_AXIS]);
  if (whole && (array->ndim == 0 || (all && array->ndim > 1)))
    Py_SETREF(whole, qx_ravel(whole, QL_ORDER_C, false));
  if (whole && (all || axis_from_python(values[SCAN_AXIS], qx_array(whole)->ndim, &axis) == 0))
    result = qx_scan(op, whole, axis, dtype, ours);
  Py_XDECREF(whole);
  return out ? qx_out_close(out, ours, result) : result;
}

/* ---- module functions ---- */

#define FUNCTION(name, call)                                                       \
  static PyObject *name(PyObject *module, PyObject *const *args, Py_ssize_t nargs, \
                        PyObject *kwnames) {                                       \
    (void)module;                                                                  \
    return call;                                                                   \
  }
FUNCTION(function_argmin, qx_best_call(false, NULL, args, nargs, kwnames))
FUNCTION(function_argmax, qx_best_call(true, NULL, args, nargs, kwnames))
FUNCTION(function_cumsum, qx_scan_call(QL_OP_ADD, NULL, args, nargs, kwnames))
FUNCTION(function_cumprod, qx_scan_call(QL_OP_MULTIPLY, NULL, args, nargs, kwnames))

enum { FAST = METH_FASTCALL | METH_KEYWORDS };
PyMethodDef qx_along_functions[] = {
    QX_METHOD("argmin", function_argmin, FAST,
              "($module, a, axis=None, out=None, *, keepdims=False)", ""),
    QX_METHOD("argmax", function_argmax, FAST,
              "($module, a, axis=None, out=None, *, keepdims=False)", ""),
    QX_METHOD("cumsum", function_cumsum, FAST, "($module, a, axis=None, dtype=None, out=None)", ""),
    QX_METHOD("cumprod", function_cumprod, FAST, "($module, a, axis=None, dtype=None, out=None)",
              ""),
    {NULL},
};
