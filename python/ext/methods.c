/* methods: the methods of quelea.ndarray that are called often or are trivial. The others are
 * Python functions that quelea/__init__.py adds to the type (add_methods). */
#include "ext.h"

#define SELF ((QxArray *)self)
#define METHOD(name) \
  static PyObject *name(PyObject *self, PyObject *const *args, Py_ssize_t nargs, PyObject *kwnames)

/* ---- copies ---- */

METHOD(method_copy) {
  static const char *const words[] = {"order"};
  static const QxSignature signature = {"copy", words, 1, 1, 0};
  PyObject *values[1];
  QlOrder order;
  if (!qx_parse(&signature, args, nargs, kwnames, values) ||
      qx_order_from_python(values[0], qx_array(self), QL_ORDER_C, &order) < 0)
    return NULL;
  return qx_astype(qx_array(self), qx_array(self)->dtype, order, SELF->value);
}

static int check_casting(QlDtype from, QlDtype to, PyObject *casting) {
  int allowed = qx_casting_allows(casting, from, to);
  if (allowed) return allowed < 0 ? -1 : 0;
  PyErr_Format(PyExc_TypeError,
               "Cannot cast array data from dtype('%s') to dtype('%s') according to the rule '%s'",
               ql_dtype_name(from), ql_dtype_name(to), qx_word(casting));
  return -1;
}

METHOD(method_astype) {
  static const char *const words[] = {"dtype", "order", "casting", "subok", "copy"};
  static const QxSignature signature = {"astype", words, 5, 5, 1};
  PyObject *values[5];
  QlDtype dtype;
  QlOrder order;
  if (!qx_parse(&signature, args, nargs, kwnames, values) ||
      qx_dtype_from_python(values[0], &dtype) < 0 ||
      qx_order_from_python(values[1], qx_array(self), QL_ORDER_K, &order) < 0)
    return NULL;
  if (dtype == QL_DTYPE_NONE) dtype = QL_F64; /* NumPy's default */
  int copy = qx_flag_from_python(values[4], true);
  if (copy < 0 || qx_integer_flag(values[3], true) < 0 ||
      check_casting(qx_array(self)->dtype, dtype, values[2]) < 0)
    return NULL;
  if (!copy && dtype == qx_array(self)->dtype &&
      (order == QL_ORDER_K || qx_is_contiguous(qx_array(self), order)))
    return Py_NewRef(self);
  return qx_astype(qx_array(self), dtype, order, SELF->value);
}

/* As elements of the same dtype; what else it may be, Python says. */
METHOD(method_view) {
  static const char *const words[] = {"dtype", "type"};
  static const QxSignature signature = {"view", words, 2, 2, 0};
  PyObject *values[2];
  if (!qx_parse(&signature, args, nargs, kwnames, values)) return NULL;
  if (values[0] || values[1]) {
    PyObject *const call[] = {self, values[0] ? values[0] : Py_Ellipsis,
                              values[1] ? values[1] : Py_Ellipsis};
    return PyObject_Vectorcall(qx.hooks.view, call, 3, NULL);
  }
  const QlArray *array = qx_array(self);
  if (SELF->value) return Py_NewRef(self);
  return qx_view(SELF, array->ndim, array->shape, array->strides, array->offset);
}

/* ---- shapes ---- */

/* f(2, 3), f((2, 3)) and f(*axes): the arguments, or the only argument, as ints. */
static int ints_from_args(PyObject *const *args, Py_ssize_t nargs, int *count, int64_t *values) {
  if (nargs == 1) return qx_shape_from_python(args[0], count, values, true);
  return qx_shape_from_args(args, nargs, count, values);
}

METHOD(method_reshape) {
  static const char *const words[] = {"order", "copy"};
  static const QxSignature signature = {"reshape", words, 2, 0, 0};
  PyObject *values[2];
  int ndim;
  int64_t shape[QL_MAX_DIMS];
  QlOrder order;
  if (!qx_parse(&signature, args + nargs, 0, kwnames, values) ||
      qx_order_from_python(values[0], qx_array(self), QL_ORDER_C, &order) < 0)
    return NULL;
  if (order == QL_ORDER_K)
    return PyErr_Format(PyExc_ValueError, "order 'K' is not permitted for reshaping");
  if (nargs == 0)
    return PyErr_Format(PyExc_TypeError, "reshape() takes exactly 1 argument (0 given)");
  if (nargs == 1 && args[0] == Py_None && SELF->value) return Py_NewRef(self);
  if (nargs == 1 && args[0] == Py_None)
    return qx_view(SELF, qx_array(self)->ndim, qx_array(self)->shape, qx_array(self)->strides,
                   qx_array(self)->offset);
  if (ints_from_args(args, nargs, &ndim, shape) < 0) return NULL;
  if (SELF->value && ndim == 0) return Py_NewRef(self);
  if (values[1] && PyUnicode_Check(values[1]))
    return PyErr_Format(PyExc_ValueError,
                        "strings are not allowed for 'copy' keyword. Use True/False/None instead.");
  int copy = qx_flag_from_python(values[1] == Py_None ? NULL : values[1], false);
  if (copy < 0) return NULL;
  if (!copy) {
    PyObject *result = qx_reshape_in_order(self, ndim, shape, order);
    if (!result || qx_absent(values[1]) || SELF->value ||
        qx_array(result)->storage == qx_array(self)->storage)
      return result;
    Py_DECREF(result);
    return PyErr_Format(PyExc_ValueError, "Unable to avoid creating a copy while reshaping.");
  }
  PyObject *fresh = qx_astype(qx_array(self), qx_array(self)->dtype, order, false);
  PyObject *result = fresh ? qx_reshape_in_order(fresh, ndim, shape, order) : NULL;
  Py_XDECREF(fresh);
  return result;
}

static PyObject *ravel(const char *name, bool copy, PyObject *self, PyObject *const *args,
                       Py_ssize_t nargs, PyObject *kwnames) {
  static const char *const words[] = {"order"};
  const QxSignature signature = {name, words, 1, 1, 0};
  PyObject *values[1];
  QlOrder order;
  if (!qx_parse(&signature, args, nargs, kwnames, values) ||
      qx_order_from_python(values[0], qx_array(self), QL_ORDER_C, &order) < 0)
    return NULL;
  return qx_ravel(self, order, copy);
}

METHOD(method_ravel) { return ravel("ravel", false, self, args, nargs, kwnames); }
METHOD(method_flatten) { return ravel("flatten", true, self, args, nargs, kwnames); }

METHOD(method_transpose) {
  if (kwnames && PyTuple_GET_SIZE(kwnames) > 0)
    return PyErr_Format(PyExc_TypeError, "transpose() takes no keyword arguments");
  if (nargs == 0 || (nargs == 1 && args[0] == Py_None))
    return SELF->value ? Py_NewRef(self) : qx_transpose(SELF, NULL);
  int64_t wanted[QL_MAX_DIMS];
  int count, axes[QL_MAX_DIMS], ndim = qx_array(self)->ndim;
  uint32_t seen = 0;
  if (ints_from_args(args, nargs, &count, wanted) < 0) return NULL;
  if (count != ndim) return PyErr_Format(PyExc_ValueError, "axes don't match array");
  for (int i = 0; i < ndim; i++) {
    if (wanted[i] < -ndim || wanted[i] >= ndim)
      return qx_axis_error((Py_ssize_t)wanted[i], ndim, NULL);
    axes[i] = (int)(wanted[i] < 0 ? wanted[i] + ndim : wanted[i]);
    if (seen >> axes[i] & 1) return PyErr_Format(PyExc_ValueError, "repeated axis in transpose");
    seen |= 1u << axes[i];
  }
  if (SELF->value) return Py_NewRef(self);
  return qx_transpose(SELF, axes);
}

METHOD(method_swapaxes) {
  int first, second, axes[QL_MAX_DIMS], ndim = qx_array(self)->ndim;
  if (kwnames && PyTuple_GET_SIZE(kwnames))
    return PyErr_Format(PyExc_TypeError, "swapaxes() takes no keyword arguments");
  if (nargs != 2)
    return PyErr_Format(PyExc_TypeError, "swapaxes expected 2 arguments, got %zd", nargs);
  if (qx_axis_from_python(args[0], ndim, &first, "axis1") < 0 ||
      qx_axis_from_python(args[1], ndim, &second, "axis2") < 0)
    return NULL;
  for (int i = 0; i < ndim; i++) axes[i] = i;
  axes[first] = second, axes[second] = first;
  return qx_transpose(SELF, axes);
}

METHOD(method_squeeze) {
  static const char *const words[] = {"axis"};
  static const QxSignature signature = {"squeeze", words, 1, 1, 0};
  PyObject *values[1];
  if (!qx_parse(&signature, args, nargs, kwnames, values)) return NULL;
  return qx_squeeze(SELF, values[0]);
}

/* ---- values ---- */

static PyObject *method_fill(PyObject *self, PyObject *value) {
  if (qx_fill(self, value) < 0) return NULL;
  Py_RETURN_NONE;
}

/* item(), item(flat index), item(i, j, ...), item((i, j, ...)) */
static PyObject *item_key(const QlArray *array, PyObject *const *args, Py_ssize_t nargs) {
  if (nargs != 1 || PyTuple_Check(args[0])) {
    PyObject *key = nargs == 1 ? Py_NewRef(args[0]) : PyTuple_New(nargs);
    for (Py_ssize_t i = 0; key && nargs != 1 && i < nargs; i++)
      PyTuple_SET_ITEM(key, i, Py_NewRef(args[i]));
    if (key && PyTuple_GET_SIZE(key) != array->ndim) {
      Py_DECREF(key);
      return PyErr_Format(PyExc_ValueError, "incorrect number of indices for array");
    }
    return key;
  }
  if (PyBool_Check(args[0])) return PyErr_Format(PyExc_TypeError, "an integer is required");
  Py_ssize_t flat = PyNumber_AsSsize_t(args[0], PyExc_IndexError);
  if (flat == -1 && PyErr_Occurred()) return NULL;
  if (flat < -array->size || flat >= array->size)
    return PyErr_Format(PyExc_IndexError, "index %zd is out of bounds for size %lld", flat,
                        (long long)array->size);
  int64_t rest = flat < 0 ? flat + array->size : flat, at[QL_MAX_DIMS];
  for (int i = array->ndim - 1; i >= 0; i--)
    at[i] = rest % array->shape[i], rest /= array->shape[i];
  return qx_shape_to_python(array->ndim, at);
}

static PyObject *method_item(PyObject *self, PyObject *const *args, Py_ssize_t nargs) {
  QlScalar scalar;
  QlArray *array = qx_array(self);
  if (nargs == 0) {
    if (array->size != 1)
      return PyErr_Format(PyExc_ValueError,
                          "can only convert an array of size 1 to a Python scalar");
    return qx_item(array, &scalar) < 0 ? NULL : qx_scalar_to_python(scalar.dtype, &scalar.value);
  }
  PyObject *key = item_key(array, args, nargs);
  PyObject *element = key ? qx_array_subscript(self, key) : NULL;
  Py_XDECREF(key);
  if (!element) return NULL;
  PyObject *number = NULL;
  if (qx_item(qx_array(element), &scalar) == 0)
    number = qx_scalar_to_python(scalar.dtype, &scalar.value);
  Py_DECREF(element);
  return number;
}

/* Python's number of the element there. */
static PyObject *number_at(QlDtype dtype, const char *at) {
  if (dtype == QL_F64) return PyFloat_FromDouble(*(const double *)at);
  if (dtype == QL_I64) return PyLong_FromLongLong(*(const int64_t *)at);
  QlValue value = qx_value_from_memory(dtype, at);
  return qx_scalar_to_python(dtype, &value);
}

/* The elements along one axis, where they can be seen without executing anything; else NULL,
 * without an exception unless there is no memory. The list comes first: making one may run the
 * program's finalisers. */
static PyObject *list_of_line(const QlArray *array) {
  int64_t stride;
  PyObject *list = PyList_New((Py_ssize_t)array->size);
  const char *at = list ? ql_memory_of(array, &stride) : NULL;
  for (int64_t i = 0; at && i < array->size; i++, at += stride) {
    PyObject *item = number_at((QlDtype)array->dtype, at);
    if (!item) break;
    PyList_SET_ITEM(list, i, item);
  }
  if (!at || PyErr_Occurred()) Py_CLEAR(list);
  return list;
}

static PyObject *method_tolist(PyObject *self, PyObject *unused) {
  (void)unused;
  bool copied;
  if (qx_array(self)->ndim == 1) {
    PyObject *list = qx_enter_at() < 0 ? NULL : list_of_line(qx_array(self));
    if (list || PyErr_Occurred()) return list;
  }
  PyObject *host = qx_snapshot(qx_array(self), &copied);
  if (!host) return NULL;
  PyObject *list = qx_together(qx_array(self), PyArray_ToList((PyArrayObject *)host));
  Py_DECREF(host);
  return list;
}

static PyObject *method_complex(PyObject *self, PyObject *unused) {
  (void)unused;
  QlScalar scalar;
  if (qx_array(self)->ndim > 0)
    return PyErr_Format(PyExc_TypeError,
                        "only 0-dimensional arrays can be converted to Python scalars");
  if (qx_item(qx_array(self), &scalar) < 0) return NULL;
  QlValue z = ql_convert(scalar.dtype, scalar.value, QL_C128);
  return PyComplex_FromDoubles(z.z[0], z.z[1]);
}

static PyObject *method_conjugate(PyObject *self, PyObject *const *args, Py_ssize_t nargs) {
  if (nargs > 1)
    return PyErr_Format(PyExc_TypeError, "conjugate() takes at most 1 argument (%zd given)", nargs);
  bool is_real = ql_dtype_info[qx_array(self)->dtype].kind != QL_KIND_COMPLEX;
  if (nargs == 1 && args[0] != Py_None) {
    if (qx_array(self)->dtype == QL_BOOL) /* the ufunc makes integers of truths */
      return qx_check_out(args[0]) < 0 || qx_array_assign(args[0], Py_Ellipsis, self) < 0
                 ? NULL
                 : Py_NewRef(args[0]);
    QxOperands in = {0};
    qx_operand_add(&in, self);
    return qx_ufunc(QL_OP_CONJUGATE, &in, args[0], NULL, QL_DTYPE_NONE);
  }
  if (is_real) return Py_NewRef(self);
  return qx_unary(QL_OP_CONJUGATE, self);
}

static PyObject *method_format(PyObject *self, PyObject *spec) {
  PyObject *const args[2] = {self, spec};
  return PyObject_Vectorcall(qx.hooks.format, args, 2, NULL);
}

/* ---- protocols ---- */

static PyObject *method_array_function(PyObject *self, PyObject *args) {
  (void)self;
  return PyObject_CallObject(qx.hooks.array_function, args);
}

METHOD(method_array_namespace) {
  static const char *const words[] = {"api_version"};
  static const QxSignature signature = {"__array_namespace__", words, 1, 0, 0};
  PyObject *values[1];
  (void)self;
  if (!qx_parse(&signature, args, nargs, kwnames, values)) return NULL;
  return PyObject_CallOneArg(qx.hooks.namespace, values[0] ? values[0] : Py_None);
}

static PyObject *method_deepcopy(PyObject *self, PyObject *memo) {
  (void)memo;
  return qx_astype(qx_array(self), qx_array(self)->dtype, QL_ORDER_K, SELF->value);
}
static PyObject *method_plain_copy(PyObject *self, PyObject *unused) {
  return method_deepcopy(self, unused);
}

static PyObject *method_reduce(PyObject *self, PyObject *unused) {
  (void)self, (void)unused;
  return PyErr_Format(
      PyExc_TypeError,
      "a quelea.ndarray cannot be pickled: its elements are partitioned over ranks; pickle "
      "numpy.asarray(x), which gathers it");
}

METHOD(method_to_device) {
  static const char *const words[] = {"device", "stream"};
  static const QxSignature signature = {"to_device", words, 2, 1, 1};
  PyObject *values[2];
  if (!qx_parse(&signature, args, nargs, kwnames, values)) return NULL;
  if (!PyUnicode_Check(values[0]) || PyUnicode_CompareWithASCIIString(values[0], "cpu") != 0)
    return PyErr_Format(PyExc_ValueError, "Unsupported device %R: there is only 'cpu'", values[0]);
  return Py_NewRef(self);
}

/* ---- reductions ---- */

#define REDUCTION(name, reduction) \
  METHOD(method_##name) { return qx_reduction_call(reduction, self, args, nargs, kwnames); }
REDUCTION(sum, QL_REDUCE_SUM)
REDUCTION(prod, QL_REDUCE_PROD)
REDUCTION(min, QL_REDUCE_MIN)
REDUCTION(max, QL_REDUCE_MAX)
REDUCTION(any, QL_REDUCE_ANY)
REDUCTION(all, QL_REDUCE_ALL)
#undef REDUCTION

METHOD(method_argmin) { return qx_best_call(false, self, args, nargs, kwnames); }
METHOD(method_argmax) { return qx_best_call(true, self, args, nargs, kwnames); }
METHOD(method_cumsum) { return qx_scan_call(QL_OP_ADD, self, args, nargs, kwnames); }
METHOD(method_cumprod) { return qx_scan_call(QL_OP_MULTIPLY, self, args, nargs, kwnames); }

#define FAST(function) (PyCFunction)(void (*)(void)) function, METH_FASTCALL | METH_KEYWORDS

PyMethodDef qx_array_methods[] = {
    {"copy", FAST(method_copy), "copy(order='C'): a new array with the same elements."},
    {"astype", FAST(method_astype),
     "astype(dtype, order='K', casting='unsafe', subok=True, copy=True): a new array with the "
     "elements "
     "converted; with copy=False the array itself where it is so already."},
    {"view", FAST(method_view),
     "view(dtype=None): another handle on the same elements, or on their bits as elements of "
     "another "
     "dtype of the same size."},
    {"reshape", FAST(method_reshape),
     "The elements in another shape: a view where NumPy gives one."},
    {"ravel", FAST(method_ravel), "The elements along one axis: a view where NumPy gives one."},
    {"flatten", FAST(method_flatten), "flatten(order='C'): a copy of the elements along one axis."},
    {"transpose", FAST(method_transpose),
     "transpose(*axes): a view with the axes in that order; reversed without them."},
    {"swapaxes", FAST(method_swapaxes), "swapaxes(axis1, axis2): a view with two axes exchanged."},
    {"squeeze", FAST(method_squeeze),
     "squeeze(axis=None): a view without those axes, or without all, of extent 1."},
    {"sum", FAST(method_sum), "Sum over axes; see `quelea.sum`."},
    {"prod", FAST(method_prod), "Product over axes; see `quelea.prod`."},
    {"min", FAST(method_min), "Minimum over axes; see `quelea.min`."},
    {"max", FAST(method_max), "Maximum over axes; see `quelea.max`."},
    {"any", FAST(method_any), "Is any element true? See `quelea.any`."},
    {"all", FAST(method_all), "Are all elements true? See `quelea.all`."},
    {"argmin", FAST(method_argmin),
     "Where the smallest elements are along an axis; see `quelea.argmin`."},
    {"argmax", FAST(method_argmax),
     "Where the largest elements are along an axis; see `quelea.argmax`."},
    {"cumsum", FAST(method_cumsum),
     "Sums of the elements up to each, along an axis; see `quelea.cumsum`."},
    {"cumprod", FAST(method_cumprod),
     "Products of the elements up to each, along an axis; see `quelea.cumprod`."},
    {"fill", method_fill, METH_O,
     "fill(value): assigns a scalar to every element, cast as in assignments."},
    {"item", (PyCFunction)(void (*)(void))method_item, METH_FASTCALL,
     "item(*index): one element as a Python number, on every rank. Collective where the array lies "
     "on several nodes."},
    {"tolist", method_tolist, METH_NOARGS,
     "All elements as nested lists of Python numbers, on every rank. Collective."},
    {"conj", (PyCFunction)(void (*)(void))method_conjugate, METH_FASTCALL,
     "The complex conjugate."},
    {"conjugate", (PyCFunction)(void (*)(void))method_conjugate, METH_FASTCALL,
     "The complex conjugate."},
    {"to_device", FAST(method_to_device), "The array itself; for the array API."},
    {"__array__", FAST(qx_array_array),
     "A NumPy array: a read-only snapshot, or private with copy=True."},
    {"__array_ufunc__", (PyCFunction)(void (*)(void))qx_array_ufunc, METH_VARARGS | METH_KEYWORDS,
     NULL},
    {"__array_function__", method_array_function, METH_VARARGS, NULL},
    {"__array_namespace__", FAST(method_array_namespace), "The module quelea."},
    {"__complex__", method_complex, METH_NOARGS, NULL},
    {"__format__", method_format, METH_O, NULL},
    {"__copy__", method_plain_copy, METH_NOARGS, NULL},
    {"__deepcopy__", method_deepcopy, METH_O, NULL},
    {"__class_getitem__", Py_GenericAlias, METH_O | METH_CLASS,
     "For annotations: ndarray[shape, dtype]."},
    {"__reduce__", method_reduce, METH_NOARGS, NULL},
    {"__reduce_ex__", method_reduce, METH_O, NULL},
    {NULL},
};
