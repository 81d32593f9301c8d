/* taking: calls of routines: elements by index arrays (quelea/indexing.py makes these of a key),
 * where masks are true, factors of matrices (quelea/lapack.py). */
#include "ext.h"

/* take(x, axes, place, indices): an index array of int64 for each of the axes, which ascend. */
PyObject *qx_take(PyObject *module, PyObject *const *args, Py_ssize_t nargs) {
  QlArray *index[QL_MAX_DIMS], *result;
  QL_ERROR(error);
  (void)module;
  if (nargs != 4 || !qx_is_array(args[0]) || !PyTuple_Check(args[1]) || !PyTuple_Check(args[3]) ||
      PyTuple_GET_SIZE(args[1]) != PyTuple_GET_SIZE(args[3]) ||
      PyTuple_GET_SIZE(args[1]) > QL_MAX_DIMS)
    return PyErr_Format(PyExc_TypeError, "take(x, axes, place, indices)");
  QlTake take = {.source = qx_array(args[0]), .index = index};
  take.place = (int)PyLong_AsLong(args[2]), take.count = (int)PyTuple_GET_SIZE(args[1]);
  for (int k = 0; k < take.count; k++) {
    long axis = PyLong_AsLong(PyTuple_GET_ITEM(args[1], k));
    if (axis >= 0 && axis < QL_MAX_DIMS) take.selected |= 1u << axis;
    if (!qx_is_array(PyTuple_GET_ITEM(args[3], k)))
      return PyErr_Format(PyExc_TypeError, "an index is no array");
    index[k] = qx_array(PyTuple_GET_ITEM(args[3], k));
  }
  if (PyErr_Occurred() || qx_enter_at() < 0) return NULL;
  if (ql_take(qx.context, &take, &result, &error)) return qx_raise(&error);
  return qx_wrap(result, false);
}

/* factor(name, a, b, option, least): what LAPACK makes of stacks of matrices; b may be None. */
PyObject *qx_factor(PyObject *module, PyObject *const *args, Py_ssize_t nargs) {
  static const char *const names[] = {
#define FACTOR(NAME, rows, columns) #NAME,
#include "factors.def"
#undef FACTOR
  };
  enum { NAMES = sizeof names / sizeof *names };
  QL_ERROR(error);
  QlArray *result;
  (void)module;
  if (nargs != 5 || !PyUnicode_Check(args[0]) || !qx_is_array(args[1]) ||
      (args[2] != Py_None && !qx_is_array(args[2])))
    return PyErr_Format(PyExc_TypeError, "factor(name, a, b, option, least)");
  int kind = 0;
  while (kind < NAMES && PyUnicode_CompareWithASCIIString(args[0], names[kind])) kind++;
  if (kind == NAMES) return PyErr_Format(PyExc_ValueError, "no such factors: %S", args[0]);
  QlFactor factor = {.kind = (QlFactorKind)kind,
                     .a = qx_array(args[1]),
                     .b = args[2] == Py_None ? NULL : qx_array(args[2]),
                     .option = (int)PyLong_AsLong(args[3]),
                     .least = PyFloat_AsDouble(args[4])};
  if (PyErr_Occurred() || qx_enter_at() < 0) return NULL;
  if (ql_factor(qx.context, &factor, &result, &error)) return qx_raise(&error);
  return qx_wrap(result, false);
}

/* count_true(mask, chunk) */
PyObject *qx_count_true(PyObject *module, PyObject *const *args, Py_ssize_t nargs) {
  QlArray *counts;
  QL_ERROR(error);
  (void)module;
  if (nargs != 2 || !qx_is_array(args[0]))
    return PyErr_Format(PyExc_TypeError, "count_true(mask, chunk)");
  long long chunk = PyLong_AsLongLong(args[1]);
  if (PyErr_Occurred() || qx_enter_at() < 0) return NULL;
  if (ql_count_true(qx.context, qx_array(args[0]), chunk, &counts, &error)) return qx_raise(&error);
  return qx_wrap(counts, false);
}

/* find_true(mask, chunk, starts, size) */
PyObject *qx_find_true(PyObject *module, PyObject *const *args, Py_ssize_t nargs) {
  QlArray *places;
  QL_ERROR(error);
  (void)module;
  if (nargs != 4 || !qx_is_array(args[0]) || !qx_is_array(args[2]))
    return PyErr_Format(PyExc_TypeError, "find_true(mask, chunk, starts, size)");
  long long chunk = PyLong_AsLongLong(args[1]), size = PyLong_AsLongLong(args[3]);
  if (PyErr_Occurred() || qx_enter_at() < 0) return NULL;
  if (ql_find_true(qx.context, qx_array(args[0]), chunk, qx_array(args[2]), size, &places, &error))
    return qx_raise(&error);
  return qx_wrap(places, false);
}
