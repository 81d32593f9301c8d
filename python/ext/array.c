/* array: the Python type quelea.ndarray, a counted handle of a QlArray. Objects are recycled
 * through a short free list, because an expression makes and drops several per line. */
#include "ext.h"

enum { FREE_LIST_ROOM = 64 };

static struct {
  QxArray *items[FREE_LIST_ROOM];
  int count;
} free_list; /* belongs to the type, like CPython's own free lists */

PyObject *qx_wrap(QlArray *array, bool value) {
  QxArray *self;
  if (QX_LIKELY(free_list.count > 0)) {
    self = free_list.items[--free_list.count];
    (void)PyObject_Init((PyObject *)self, &qx_array_type);
  } else {
    self = PyObject_New(QxArray, &qx_array_type);
    if (!self) {
      qx_release(array);
      return NULL;
    }
  }
  self->array = array, self->weakrefs = NULL, self->value = value, self->readonly = value;
  qx_sampler_look();
  return (PyObject *)self;
}

PyObject *qx_wrap_result(QlArray *array, PyObject *out) {
  if (!out) return qx_wrap(array, array->ndim == 0);
  qx_release(array);
  qx_sampler_look();
  return Py_NewRef(out);
}

static void array_dealloc(PyObject *object) {
  QxArray *self = (QxArray *)object;
  if (QX_UNLIKELY(self->weakrefs != NULL)) PyObject_ClearWeakRefs(object);
  qx_release(self->array);
  if (free_list.count < FREE_LIST_ROOM)
    free_list.items[free_list.count++] = self;
  else
    PyObject_Free(self);
}

static PyObject *array_new(PyTypeObject *type, PyObject *args, PyObject *kwargs) {
  static char *words[] = {"shape", "dtype", "buffer", "offset", "strides", "order", NULL};
  PyObject *shape, *dtype = NULL, *buffer = NULL, *offset = NULL, *strides = NULL, *order = NULL;
  (void)type;
  if (!PyArg_ParseTupleAndKeywords(args, kwargs, "O|OOOOO:ndarray", words, &shape, &dtype, &buffer,
                                   &offset, &strides, &order))
    return NULL;
  if (!qx_absent(buffer) || !qx_absent(strides) || (offset && PyObject_IsTrue(offset) != 0))
    return PyErr_Format(PyExc_NotImplementedError,
                        "ndarray(buffer=, offset=, strides=) is not in Quelea yet; write "
                        "quelea.asarray(numpy.ndarray(...)), a copy");
  PyObject *const call[3] = {shape, dtype ? dtype : Py_None, order ? order : Py_None};
  return PyObject_Vectorcall(qx.hooks.empty, call, 3, NULL);
}

static PyObject *call_hook(PyObject *hook, PyObject *self) {
  if (!hook) return PyErr_Format(PyExc_RuntimeError, "quelea._quelea is used without its package");
  return PyObject_CallOneArg(hook, self);
}
static PyObject *array_repr(PyObject *self) { return call_hook(qx.hooks.repr, self); }
static PyObject *array_str(PyObject *self) { return call_hook(qx.hooks.str, self); }

/* What NumPy gives as a scalar can be a key of a dictionary, and hashes as the number. */
static Py_hash_t array_hash(PyObject *self) {
  if (!((QxArray *)self)->value) return PyObject_HashNotImplemented(self);
  QlScalar scalar;
  if (qx_item(qx_array(self), &scalar) < 0) return -1;
  PyObject *number = qx_scalar_to_numpy(scalar.dtype, &scalar.value);
  Py_hash_t hash = number ? PyObject_Hash(number) : -1;
  Py_XDECREF(number);
  return hash;
}

PyTypeObject qx_array_type = {
    PyVarObject_HEAD_INIT(NULL, 0).tp_name = "quelea.ndarray",
    .tp_doc =
        "An N-dimensional array whose elements are partitioned over the ranks of an MPI job.\n\n"
        "It behaves as numpy.ndarray does; operations are recorded, and executed when a value is "
        "looked at. All ranks make the same calls; shapes and sizes are those of the whole array. "
        "`quelea.asarray`, `quelea.zeros` and their like make arrays.",
    .tp_basicsize = sizeof(QxArray),
    .tp_dealloc = array_dealloc,
    .tp_repr = array_repr,
    .tp_str = array_str,
    .tp_as_number = &qx_array_number,
    .tp_as_mapping = &qx_array_mapping,
    .tp_as_sequence = &qx_array_sequence,
    .tp_as_buffer = &qx_array_buffer,
    .tp_hash = array_hash,
    .tp_flags = Py_TPFLAGS_DEFAULT,
    .tp_richcompare = qx_array_compare,
    .tp_weaklistoffset = offsetof(QxArray, weakrefs),
    .tp_iter = qx_array_iterator,
    .tp_methods = qx_array_methods,
    .tp_getset = qx_array_attributes,
    .tp_new = array_new,
};

bool qx_array_setup(PyObject *module) {
  /* values can be hashed, arrays not; of the type, which both are of, collections.abc says no */
  return PyType_Ready(&qx_array_type) == 0 && PyType_Ready(&qx_iterator_type) == 0 &&
         PyDict_SetItemString(qx_array_type.tp_dict, "__hash__", Py_None) == 0 &&
         PyModule_AddObjectRef(module, "ndarray", (PyObject *)&qx_array_type) == 0;
}
