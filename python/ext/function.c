/* function: the type of the module's functions, as NumPy's are of a type.
 *
 *     function(raw, numpy, take_in, only_like)
 *
 * raw is the function in Python. Where its name has a plain form in C (making.c, plain.c), that is
 * tried first. Then it is asked of the arguments whether one is another's, by its
 * __array_function__ or as operands of ufuncs are (operands.c); if so NumPy's function of that name
 * decides, which knows whom to ask, and asks us for our arrays (quelea/dispatch.py). What it gives
 * as arrays of its own is taken in. only_like: functions that make arrays ask of like= alone. */
#include "ext.h"

typedef PyObject *PlainCall(PyObject *const *args, Py_ssize_t nargs, PyObject *kwnames);

typedef struct Function {
  PyObject ob_base;
  vectorcallfunc vectorcall;
  PyObject *raw, *numpy, *take_in, *dict;
  PlainCall *plain; /* or NULL */
  bool only_like;
} Function;

/* Most arguments are of these; it is asked of each argument of each call. */
static bool is_ours_or_plain(PyObject *object) {
  return qx_is_array(object) || PyArray_CheckExact(object) || PyFloat_Check(object) ||
         PyLong_Check(object) || object == Py_None || PyUnicode_Check(object) ||
         PyType_Check(object) || PyComplex_CheckExact(object) || PySlice_Check(object) ||
         object == Py_Ellipsis || PyArray_CheckAnyScalarExact(object) || PyArray_DescrCheck(object);
}

static bool is_others(PyObject *object) {
  if (QX_LIKELY(is_ours_or_plain(object))) return false;
  QxForeign foreign = qx_foreign(object);
  return foreign != QX_TAKEN || qx_has_functions(object);
}

/* Of an argument, or of what a list of arrays holds. To ask may run code, which may change a list.
 */
static bool holds_others(PyObject *object) {
  if (!PyList_CheckExact(object) && !PyTuple_CheckExact(object)) return is_others(object);
  bool others = false;
  for (Py_ssize_t i = 0; i < PySequence_Fast_GET_SIZE(object) && !others; i++) {
    PyObject *item = Py_NewRef(PySequence_Fast_GET_ITEM(object, i));
    others = is_others(item);
    Py_DECREF(item);
  }
  return others;
}

static bool is_elsewhere(const Function *self, PyObject *const *args, Py_ssize_t nargs,
                         PyObject *kwnames) {
  Py_ssize_t named = kwnames ? PyTuple_GET_SIZE(kwnames) : 0;
  for (Py_ssize_t i = 0; i < nargs && !self->only_like; i++)
    if (QX_UNLIKELY(holds_others(args[i]))) return true;
  for (Py_ssize_t i = 0; i < named; i++) {
    bool asks = !self->only_like ||
                PyUnicode_CompareWithASCIIString(PyTuple_GET_ITEM(kwnames, i), "like") == 0;
    if (asks && holds_others(args[nargs + i])) return true;
  }
  return false;
}

static PyObject *function_vectorcall(PyObject *object, PyObject *const *args, size_t flagged,
                                     PyObject *kwnames) {
  const Function *self = (Function *)object;
  if (self->plain) {
    PyObject *made = self->plain(args, PyVectorcall_NARGS(flagged), kwnames);
    if (QX_LIKELY(made != Py_NotImplemented)) return made;
    Py_DECREF(made);
  }
  if (QX_LIKELY(!is_elsewhere(self, args, PyVectorcall_NARGS(flagged), kwnames)))
    return PyObject_Vectorcall(self->raw, args, flagged, kwnames);
  PyObject *result = PyObject_Vectorcall(self->numpy, args, flagged, kwnames);
  if (result) Py_SETREF(result, PyObject_CallOneArg(self->take_in, result));
  return result;
}

static const struct {
  const char *name;
  PlainCall *call;
} plain_forms[] = {
#define QX_PLAIN_FORM(name) {#name, qx_plain_##name},
#include "plain_forms.def"
#undef QX_PLAIN_FORM
};

/* -1: exception. */
static int find_plain(PyObject *raw, PlainCall **call) {
  PyObject *name = PyObject_GetAttrString(raw, "__name__");
  if (!name) return -1;
  for (size_t k = 0; k < sizeof plain_forms / sizeof *plain_forms; k++)
    if (PyUnicode_CompareWithASCIIString(name, plain_forms[k].name) == 0)
      *call = plain_forms[k].call;
  Py_DECREF(name);
  return 0;
}

static PyObject *function_new(PyTypeObject *type, PyObject *args, PyObject *kwargs) {
  static char *words[] = {"raw", "numpy", "take_in", "only_like", NULL};
  PyObject *raw, *numpy, *take_in;
  int only_like;
  if (!PyArg_ParseTupleAndKeywords(args, kwargs, "OOOp:function", words, &raw, &numpy, &take_in,
                                   &only_like))
    return NULL;
  Function *self = (Function *)type->tp_alloc(type, 0);
  if (!self) return NULL;
  self->vectorcall = function_vectorcall, self->only_like = only_like;
  self->raw = Py_NewRef(raw), self->numpy = Py_NewRef(numpy), self->take_in = Py_NewRef(take_in);
  if (find_plain(raw, &self->plain) < 0) Py_CLEAR(self);
  return (PyObject *)self;
}

static int function_traverse(PyObject *object, visitproc visit, void *arg) {
  Function *self = (Function *)object;
  Py_VISIT(self->raw);
  Py_VISIT(self->numpy);
  Py_VISIT(self->take_in);
  Py_VISIT(self->dict);
  return 0;
}

static int function_clear(PyObject *object) {
  Function *self = (Function *)object;
  Py_CLEAR(self->raw);
  Py_CLEAR(self->numpy);
  Py_CLEAR(self->take_in);
  Py_CLEAR(self->dict);
  return 0;
}

static void function_dealloc(PyObject *object) {
  PyObject_GC_UnTrack(object);
  (void)function_clear(object);
  Py_TYPE(object)->tp_free(object);
}

/* As functions in classes do: the first argument is the instance. */
static PyObject *function_get(PyObject *self, PyObject *instance, PyObject *owner) {
  (void)owner;
  return instance && instance != Py_None ? PyMethod_New(self, instance) : Py_NewRef(self);
}

static PyObject *function_repr(PyObject *self) {
  PyObject *name = PyObject_GetAttrString(self, "__qualname__");
  PyObject *text = name ? PyUnicode_FromFormat("<function %U at %p>", name, self) : NULL;
  Py_XDECREF(name);
  return text;
}

/* By name, as functions are pickled. */
static PyObject *function_reduce(PyObject *self, PyObject *unused) {
  (void)unused;
  return PyObject_GetAttrString(self, "__qualname__");
}

static PyMethodDef function_methods[] = {
    {"__reduce__", function_reduce, METH_NOARGS, NULL},
    {NULL},
};

static PyGetSetDef function_attributes[] = {
    {"__dict__", PyObject_GenericGetDict, PyObject_GenericSetDict, NULL, NULL},
    {NULL},
};

static PyTypeObject function_type = {
    PyVarObject_HEAD_INIT(NULL, 0).tp_name = "quelea.function",
    .tp_basicsize = sizeof(Function),
    .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_HAVE_VECTORCALL |
                Py_TPFLAGS_METHOD_DESCRIPTOR,
    .tp_vectorcall_offset = offsetof(Function, vectorcall),
    .tp_dictoffset = offsetof(Function, dict),
    .tp_call = PyVectorcall_Call,
    .tp_new = function_new,
    .tp_dealloc = function_dealloc,
    .tp_traverse = function_traverse,
    .tp_clear = function_clear,
    .tp_descr_get = function_get,
    .tp_repr = function_repr,
    .tp_methods = function_methods,
    .tp_getset = function_attributes,
};

bool qx_function_setup(PyObject *module) {
  return PyType_Ready(&function_type) == 0 &&
         PyModule_AddObjectRef(module, "function", (PyObject *)&function_type) == 0;
}
