/* iterating: what `for x in array` goes through, and with it list, sorted, max and the like: views
 * of an array of several axes, elements of one of one. Where these lie on other nodes many are
 * looked at together (ql_next_element). */
#include "ext.h"

typedef struct Iterator {
  PyObject ob_base;
  PyObject *array; /* NULL: it has come to the end */
  int64_t next;
  QlAhead ahead;
} Iterator;

PyObject *qx_array_iterator(PyObject *array) {
  if (qx_array(array)->ndim == 0)
    return PyErr_Format(PyExc_TypeError, "iteration over a 0-d array");
  Iterator *self = PyObject_New(Iterator, &qx_iterator_type);
  if (!self) return NULL;
  self->array = Py_NewRef(array), self->next = 0, self->ahead = (QlAhead){0};
  return (PyObject *)self;
}

static void end(Iterator *self) {
  if (self->ahead.copy) qx_release(self->ahead.copy);
  self->ahead.copy = NULL;
  Py_CLEAR(self->array);
}

static void iterator_dealloc(PyObject *self) {
  end((Iterator *)self);
  PyObject_Free(self);
}

static PyObject *take_next(QlArray *array, int64_t index, QlAhead *ahead) {
  QL_ERROR(error);
  QlArray *element;
  if (qx_enter_at() < 0) return NULL;
  if (ql_next_element(array, index, ahead, &element, &error)) return qx_raise(&error);
  return qx_wrap(element, true);
}

static PyObject *iterator_next(PyObject *object) {
  Iterator *self = (Iterator *)object;
  if (!self->array) return NULL;
  QlArray *array = qx_array(self->array);
  if (self->next >= array->shape[0]) {
    end(self);
    return NULL;
  }
  int64_t index = self->next++;
  if (array->ndim == 1) return take_next(array, index, &self->ahead);
  return qx_view((QxArray *)self->array, array->ndim - 1, array->shape + 1, array->strides + 1,
                 array->offset + index * array->strides[0]);
}

/* ---- as Python's own iterator of sequences ---- */

static PyObject *length_hint(PyObject *object, PyObject *unused) {
  const Iterator *self = (const Iterator *)object;
  (void)unused;
  int64_t left = self->array ? qx_array(self->array)->shape[0] - self->next : 0;
  return PyLong_FromLongLong(left);
}

static PyObject *reduce(PyObject *object, PyObject *unused) {
  const Iterator *self = (const Iterator *)object;
  (void)unused;
  PyObject *builtins = PyEval_GetBuiltins(), *iter;
  if (!(iter = PyDict_GetItemString(builtins, "iter")))
    return PyErr_Format(PyExc_RuntimeError, "iter is lost");
  if (!self->array) return Py_BuildValue("O(())", iter);
  return Py_BuildValue("O(O)L", iter, self->array, (long long)self->next);
}

static PyObject *set_state(PyObject *object, PyObject *state) {
  Iterator *self = (Iterator *)object;
  long long next = PyLong_AsLongLong(state);
  if (next == -1 && PyErr_Occurred()) return NULL;
  self->next = QL_MAX(next, 0);
  Py_RETURN_NONE;
}

static PyMethodDef methods[] = {{"__length_hint__", length_hint, METH_NOARGS, NULL},
                                {"__reduce__", reduce, METH_NOARGS, NULL},
                                {"__setstate__", set_state, METH_O, NULL},
                                {NULL, NULL, 0, NULL}};

PyTypeObject qx_iterator_type = {
    PyVarObject_HEAD_INIT(NULL, 0).tp_name = "quelea.ndarray_iterator",
    .tp_doc = "What goes through a quelea.ndarray.",
    .tp_basicsize = sizeof(Iterator),
    .tp_dealloc = iterator_dealloc,
    .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_DISALLOW_INSTANTIATION,
    .tp_iter = PyObject_SelfIter,
    .tp_iternext = iterator_next,
    .tp_methods = methods,
};
