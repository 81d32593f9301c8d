/* transforms: Fourier transforms of lines (quelea/fft.py says which). */
#include "ext.h"

/* transform(x, kind, axis, length, backward, factor): (result, does one node compute it?) */
PyObject *qx_transform(PyObject *module, PyObject *const *args, Py_ssize_t nargs) {
  QlArray *result;
  bool on_one;
  QL_ERROR(error);
  (void)module;
  if (nargs != 6 || !qx_is_array(args[0]))
    return PyErr_Format(PyExc_TypeError, "transform(x, kind, axis, length, backward, factor)");
  long kind = PyLong_AsLong(args[1]), axis = PyLong_AsLong(args[2]);
  long long length = PyLong_AsLongLong(args[3]);
  int backward = PyObject_IsTrue(args[4]);
  double factor = PyFloat_AsDouble(args[5]);
  if (PyErr_Occurred()) return NULL;
  if (kind < 0 || kind > QL_TRANSFORM_REAL)
    return PyErr_Format(PyExc_ValueError, "no such transform");
  if (qx_enter_at() < 0) return NULL;
  QlTransform transform = {.kind = (QlTransformKind)kind,
                           .axis = (int)axis,
                           .length = length,
                           .backward = backward,
                           .factor = factor};
  if (ql_transform(qx.context, qx_array(args[0]), &transform, &result, &on_one, &error))
    return qx_raise(&error);
  return Py_BuildValue("(NO)", qx_wrap(result, false), on_one ? Py_True : Py_False);
}
