/* overrides: NumPy's ufuncs, given quelea arrays, and those among their operands that know better
 * (NEP 13). */
#include "ext.h"

bool qx_is_overridden(PyObject *out) {
  if (PyTuple_Check(out)) {
    for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(out); i++)
      if (qx_is_overridden(PyTuple_GET_ITEM(out, i))) return true;
    return false;
  }
  return out != Py_None && qx_foreign(out) == QX_OVERRIDES;
}

/* NumPy gives out= as a tuple: what is no array in it is refused; one alone goes on without the
 * tuple. A new reference. */
static PyObject *keywords_from_numpy(PyObject *kwargs) {
  PyObject *ours = kwargs ? PyDict_Copy(kwargs) : PyDict_New();
  PyObject *out = ours ? PyDict_GetItemString(ours, "out") : NULL;
  bool done = ours != NULL, is_tuple = out && PyTuple_Check(out);
  for (Py_ssize_t i = 0; done && is_tuple && i < PyTuple_GET_SIZE(out); i++)
    done = PyTuple_GET_ITEM(out, i) == Py_None || PyArray_Check(PyTuple_GET_ITEM(out, i)) ||
           qx_check_out(PyTuple_GET_ITEM(out, i)) == 0;
  if (done && is_tuple && PyTuple_GET_SIZE(out) == 1)
    done = PyDict_SetItemString(ours, "out", PyTuple_GET_ITEM(out, 0)) == 0;
  if (!done) Py_CLEAR(ours);
  return ours;
}

/* What the operands of a ufunc of NumPy's are: the most foreign of the inputs, and whether out=
 * overrides it. */
static QxForeign foreign_among(PyObject *inputs, PyObject *kwargs) {
  QxForeign most = QX_TAKEN;
  for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(inputs) && most != QX_OVERRIDES; i++) {
    QxForeign it = qx_foreign(PyTuple_GET_ITEM(inputs, i));
    if (it == QX_OVERRIDES || it == QX_SUBCLASS) most = it;
  }
  PyObject *out = kwargs ? PyDict_GetItemString(kwargs, "out") : NULL;
  if (out && qx_is_overridden(out)) return QX_OVERRIDES;
  return out && most == QX_SUBCLASS ? QX_TAKEN : most;
}

/* With our arrays as NumPy's, beside subclasses of its array, which it wraps the result in. */
static PyObject *compute_with_numpy(PyObject *target, PyObject *inputs, PyObject *kwargs) {
  PyObject *theirs = PyTuple_New(PyTuple_GET_SIZE(inputs)), *result = NULL;
  bool copied;
  for (Py_ssize_t i = 0; theirs && i < PyTuple_GET_SIZE(inputs); i++) {
    PyObject *input = PyTuple_GET_ITEM(inputs, i);
    PyObject *host = qx_is_array(input) ? qx_snapshot(qx_array(input), &copied) : Py_NewRef(input);
    if (!host)
      Py_CLEAR(theirs);
    else
      PyTuple_SET_ITEM(theirs, i, host);
  }
  PyObject *ours = kwargs ? PyDict_GetItemString(kwargs, "out") : NULL;
  if (ours && PyTuple_Check(ours) && PyTuple_GET_SIZE(ours) == 1) ours = PyTuple_GET_ITEM(ours, 0);
  if (ours && !qx_is_array(ours)) ours = NULL;
  PyObject *keywords = kwargs ? PyDict_Copy(kwargs) : NULL;
  bool done =
      theirs && (keywords || !kwargs) && (!ours || PyDict_DelItemString(keywords, "out") == 0);
  if (done) result = PyObject_Call(target, theirs, keywords);
  if (result && ours)
    Py_SETREF(result, qx_array_assign(ours, Py_Ellipsis, result) < 0 ? NULL : Py_NewRef(ours));
  Py_XDECREF(theirs), Py_XDECREF(keywords);
  return result;
}

static PyObject *method_of(PyObject *ufunc, PyObject *method) {
  return PyUnicode_CompareWithASCIIString(method, "__call__") == 0
             ? Py_NewRef(ufunc)
             : PyObject_GetAttr(ufunc, method);
}

/* The first answer of those that override it. */
static PyObject *ask_overrides(PyObject *args, PyObject *inputs, PyObject *kwargs) {
  PyObject *result = Py_NewRef(Py_NotImplemented);
  for (Py_ssize_t i = 0; result == Py_NotImplemented && i < PyTuple_GET_SIZE(inputs); i++) {
    PyObject *input = PyTuple_GET_ITEM(inputs, i);
    if (qx_foreign(input) != QX_OVERRIDES) continue;
    PyObject *method = PyObject_GetAttrString(input, "__array_ufunc__");
    Py_SETREF(result, method ? PyObject_Call(method, args, kwargs) : NULL);
    Py_XDECREF(method);
  }
  return result;
}

/* Beside others; NULL without an exception: there are none. Who does not know our arrays is given
 * NumPy's, as subclasses of NumPy's are. */
static PyObject *array_ufunc_elsewhere(PyObject *args, PyObject *inputs, PyObject *kwargs) {
  PyObject *numpy = PyTuple_GET_ITEM(args, 0), *method = PyTuple_GET_ITEM(args, 1);
  QxForeign foreign = foreign_among(inputs, kwargs);
  if (foreign == QX_OVERRIDES) {
    PyObject *result = ask_overrides(args, inputs, kwargs);
    if (result != Py_NotImplemented) return result;
    Py_DECREF(result);
  } else if (foreign != QX_SUBCLASS) {
    return NULL;
  }
  PyObject *target = method_of(numpy, method);
  PyObject *result = target ? compute_with_numpy(target, inputs, kwargs) : NULL;
  Py_XDECREF(target);
  return result;
}

PyObject *qx_array_ufunc(PyObject *self, PyObject *args, PyObject *kwargs) {
  (void)self;
  if (PyTuple_GET_SIZE(args) < 2 || !PyUnicode_Check(PyTuple_GET_ITEM(args, 1)))
    return PyErr_Format(PyExc_TypeError, "__array_ufunc__ takes a ufunc, a method and inputs");
  PyObject *numpy = PyTuple_GET_ITEM(args, 0), *method = PyTuple_GET_ITEM(args, 1);
  PyObject *inputs = PyTuple_GetSlice(args, 2, PyTuple_GET_SIZE(args));
  if (!inputs) return NULL;
  PyObject *target = NULL, *keywords = NULL, *ufunc = NULL;
  PyObject *result = array_ufunc_elsewhere(args, inputs, kwargs);
  if (result || PyErr_Occurred()) goto out;
  ufunc = PyDict_GetItemWithError(qx.numpy_ufuncs, numpy);
  if (!ufunc) {
    if (!PyErr_Occurred())
      PyErr_Format(PyExc_TypeError,
                   "%R is not in Quelea yet; to compute it with NumPy on one rank's copy, "
                   "pass numpy.asarray(x)",
                   numpy);
    goto out;
  }
  keywords = keywords_from_numpy(kwargs);
  target = keywords ? method_of(ufunc, method) : NULL;
  if (target) result = PyObject_Call(target, inputs, keywords);
out:
  Py_XDECREF(target), Py_XDECREF(keywords);
  Py_DECREF(inputs);
  return result;
}
