/* taking: elements by index arrays (quelea/indexing.py makes these of a key). */
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
