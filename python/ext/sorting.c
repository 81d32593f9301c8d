/* sorting: the order of elements (quelea/sorting.py says along which axis). */
#include "ext.h"

/* sort(x, values, indices): along the last axis; a tuple of what is wanted, None for what is not.
 */
PyObject *qx_sort(PyObject *module, PyObject *const *args, Py_ssize_t nargs) {
  QlArray *values = NULL, *indices = NULL;
  QL_ERROR(error);
  (void)module;
  if (nargs != 3 || !qx_is_array(args[0]))
    return PyErr_Format(PyExc_TypeError, "sort(x, values, indices)");
  int has_values = PyObject_IsTrue(args[1]), has_indices = PyObject_IsTrue(args[2]);
  if (has_values < 0 || has_indices < 0 || qx_enter_at() < 0) return NULL;
  if (ql_sort(qx.context, qx_array(args[0]), has_values ? &values : NULL,
              has_indices ? &indices : NULL, &error))
    return qx_raise(&error);
  PyObject *first = values ? qx_wrap(values, false) : Py_NewRef(Py_None),
           *second = indices ? qx_wrap(indices, false) : Py_NewRef(Py_None);
  PyObject *both = first && second ? PyTuple_Pack(2, first, second) : NULL;
  Py_XDECREF(first), Py_XDECREF(second);
  return both;
}

/* search(sorted, wanted, behind) */
PyObject *qx_search(PyObject *module, PyObject *const *args, Py_ssize_t nargs) {
  QlArray *places;
  QL_ERROR(error);
  (void)module;
  if (nargs != 3 || !qx_is_array(args[0]) || !qx_is_array(args[1]))
    return PyErr_Format(PyExc_TypeError, "search(sorted, wanted, behind)");
  int behind = PyObject_IsTrue(args[2]);
  if (behind < 0 || qx_enter_at() < 0) return NULL;
  if (ql_search(qx.context, qx_array(args[0]), qx_array(args[1]), behind, &places, &error))
    return qx_raise(&error);
  return qx_wrap(places, false);
}
