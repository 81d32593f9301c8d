/* putting: elements stored by index arrays and through masks (quelea/putting.py makes these of a
 * key), and counted (quelea/histograms.py). */
#include "ext.h"

/* None, or the ufunc's operation. */
static bool operation_of(PyObject *ufunc, QlScatter *scatter) {
  if (ufunc == Py_None) return true;
  int op = qx_ufunc_op(ufunc);
  if (op < 0) PyErr_SetString(PyExc_TypeError, "an operation is a ufunc of Quelea's");
  scatter->computes = true, scatter->op = (QlOp)op;
  return op >= 0;
}

/* scatter(target, lead, places, values, ufunc): values and ufunc may be None. */
PyObject *qx_scatter(PyObject *module, PyObject *const *args, Py_ssize_t nargs) {
  QL_ERROR(error);
  (void)module;
  if (nargs != 5 || !qx_is_array(args[0]) || !qx_is_array(args[2]) ||
      (args[3] != Py_None && !qx_is_array(args[3])))
    return PyErr_Format(PyExc_TypeError, "scatter(target, lead, places, values, ufunc)");
  QlScatter scatter = {.target = qx_array(args[0]),
                       .lead = (int)PyLong_AsLong(args[1]),
                       .places = qx_array(args[2]),
                       .values = args[3] == Py_None ? NULL : qx_array(args[3])};
  if (PyErr_Occurred() || !operation_of(args[4], &scatter) || qx_enter_at() < 0) return NULL;
  if (ql_scatter(qx.context, &scatter, &error)) return qx_raise(&error);
  Py_RETURN_NONE;
}

/* spread(target, mask, chunk, starts, values) */
PyObject *qx_spread(PyObject *module, PyObject *const *args, Py_ssize_t nargs) {
  QL_ERROR(error);
  (void)module;
  if (nargs != 5 || !qx_is_array(args[0]) || !qx_is_array(args[1]) || !qx_is_array(args[3]) ||
      !qx_is_array(args[4]))
    return PyErr_Format(PyExc_TypeError, "spread(target, mask, chunk, starts, values)");
  QlSpread spread = {.target = qx_array(args[0]),
                     .mask = qx_array(args[1]),
                     .chunk = PyLong_AsLongLong(args[2]),
                     .starts = qx_array(args[3]),
                     .values = qx_array(args[4])};
  if (PyErr_Occurred() || qx_enter_at() < 0) return NULL;
  if (ql_spread(qx.context, &spread, &error)) return qx_raise(&error);
  Py_RETURN_NONE;
}

/* tally(numbers, weights, bins): weights may be None. */
PyObject *qx_tally(PyObject *module, PyObject *const *args, Py_ssize_t nargs) {
  QL_ERROR(error);
  QlArray *counts;
  (void)module;
  if (nargs != 3 || !qx_is_array(args[0]) || (args[1] != Py_None && !qx_is_array(args[1])))
    return PyErr_Format(PyExc_TypeError, "tally(numbers, weights, bins)");
  QlArray *weights = args[1] == Py_None ? NULL : qx_array(args[1]);
  long long bins = PyLong_AsLongLong(args[2]);
  if (PyErr_Occurred() || qx_enter_at() < 0) return NULL;
  if (ql_tally(qx.context, qx_array(args[0]), weights, bins, &counts, &error))
    return qx_raise(&error);
  return qx_wrap(counts, false);
}

/* bins(values, edges, width) */
PyObject *qx_bins(PyObject *module, PyObject *const *args, Py_ssize_t nargs) {
  QL_ERROR(error);
  QlArray *bins;
  (void)module;
  if (nargs != 3 || !qx_is_array(args[0]) || !qx_is_array(args[1]))
    return PyErr_Format(PyExc_TypeError, "bins(values, edges, width)");
  double width = PyFloat_AsDouble(args[2]);
  if (PyErr_Occurred() || qx_enter_at() < 0) return NULL;
  if (ql_bins(qx.context, qx_array(args[0]), qx_array(args[1]), width, &bins, &error))
    return qx_raise(&error);
  return qx_wrap(bins, false);
}
