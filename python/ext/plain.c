/* plain: the type of functions that are written in Python and have a plain form in C, which is
 * tried first:
 *
 *     @plain
 *     def zeros(shape, dtype=None, order="C", ...):      the signature, the documentation,
 *         ...                                            and all forms but the plain one
 *
 * To whoever asks, such a function is the one in Python. */
#include "ext.h"

typedef struct QxPlain {
  PyObject ob_base;
  vectorcallfunc call;
  PyObject *python;
  QxPlainCall plain;
} QxPlain;

static PyObject *plain_call(PyObject *self, PyObject *const *args, size_t nargsf,
                            PyObject *kwnames) {
  QxPlain *function = (QxPlain *)self;
  PyObject *result = function->plain(args, PyVectorcall_NARGS(nargsf), kwnames);
  if (QX_LIKELY(result != Py_NotImplemented)) return result;
  Py_DECREF(result);
  return PyObject_Vectorcall(function->python, args, nargsf, kwnames);
}

/* Its own are its class, how it is called and how it is pickled: by its name. */
static PyObject *plain_getattr(PyObject *self, PyObject *name) {
  static const char *const own[] = {"__class__", "__call__", "__reduce__", "__reduce_ex__"};
  for (size_t k = 0; k < sizeof own / sizeof *own; k++)
    if (PyUnicode_CompareWithASCIIString(name, own[k]) == 0)
      return PyObject_GenericGetAttr(self, name);
  if (PyUnicode_CompareWithASCIIString(name, "__wrapped__") == 0)
    return Py_NewRef(((QxPlain *)self)->python);
  return PyObject_GetAttr(((QxPlain *)self)->python, name);
}

static int plain_setattr(PyObject *self, PyObject *name, PyObject *value) {
  return value ? PyObject_SetAttr(((QxPlain *)self)->python, name, value)
               : PyObject_DelAttr(((QxPlain *)self)->python, name);
}

static PyObject *plain_repr(PyObject *self) { return PyObject_Repr(((QxPlain *)self)->python); }

static PyObject *plain_reduce(PyObject *self, PyObject *unused) {
  (void)unused;
  return PyObject_GetAttrString(((QxPlain *)self)->python, "__qualname__");
}

static void plain_dealloc(PyObject *self) {
  Py_DECREF(((QxPlain *)self)->python);
  Py_TYPE(self)->tp_free(self);
}

static PyMethodDef plain_methods[] = {
    {"__reduce__", plain_reduce, METH_NOARGS, NULL},
    {NULL},
};

static PyTypeObject plain_type = {
    PyVarObject_HEAD_INIT(NULL, 0).tp_name = "quelea.function",
    .tp_doc = "A function of Quelea's whose plain form is in C.",
    .tp_basicsize = sizeof(QxPlain),
    .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_VECTORCALL | Py_TPFLAGS_DISALLOW_INSTANTIATION,
    .tp_vectorcall_offset = offsetof(QxPlain, call),
    .tp_call = PyVectorcall_Call,
    .tp_dealloc = plain_dealloc,
    .tp_getattro = plain_getattr,
    .tp_setattro = plain_setattr,
    .tp_repr = plain_repr,
    .tp_methods = plain_methods,
};

PyObject *qx_plain(PyObject *module, PyObject *function) {
  (void)module;
  PyObject *name = PyObject_GetAttrString(function, "__name__");
  if (!name) return NULL;
  const QxPlainForm *form = qx_plain_forms;
  while (form->name && PyUnicode_CompareWithASCIIString(name, form->name) != 0) form++;
  if (!form->name) PyErr_Format(PyExc_TypeError, "%U has no plain form", name);
  Py_DECREF(name);
  QxPlain *self = form->name ? PyObject_New(QxPlain, &plain_type) : NULL;
  if (!self) return NULL;
  self->call = plain_call, self->python = Py_NewRef(function), self->plain = form->call;
  return (PyObject *)self;
}

bool qx_plain_setup(void) { return PyType_Ready(&plain_type) == 0; }
