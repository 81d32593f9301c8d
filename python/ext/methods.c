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
  if (!qx_absent(values[1]))
    return PyErr_Format(PyExc_ValueError, "The stream argument in to_device() is not supported");
  if (!PyUnicode_Check(values[0]) || PyUnicode_CompareWithASCIIString(values[0], "cpu") != 0)
    return PyErr_Format(PyExc_ValueError, "Unsupported device: %S. Only 'cpu' is accepted.",
                        values[0]);
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

enum { FAST = METH_FASTCALL | METH_KEYWORDS };

PyMethodDef qx_array_methods[] = {
    QX_METHOD("copy", method_copy, FAST, "($self, /, order='C')",
              "A new array with the same elements."),
    QX_METHOD("astype", method_astype, FAST,
              "($self, /, dtype, order='K', casting='unsafe', subok=True, copy=True)",
              "A new array with the elements converted; with copy=False the array itself where it "
              "is so already."),
    QX_METHOD("view", method_view, FAST, "($self, /, dtype=None, type=None)",
              "Another handle on the same elements, or on their bits as elements of another dtype "
              "of the same size."),
    QX_METHOD("reshape", method_reshape, FAST, "($self, /, *shape, order='C', copy=None)",
              "The elements in another shape: a view where NumPy gives one."),
    QX_METHOD("ravel", method_ravel, FAST, "($self, /, order='C')",
              "The elements along one axis: a view where NumPy gives one."),
    QX_METHOD("flatten", method_flatten, FAST, "($self, /, order='C')",
              "A copy of the elements along one axis."),
    QX_METHOD("transpose", method_transpose, FAST, "($self, /, *axes)",
              "A view with the axes in that order; reversed without them."),
    QX_METHOD("swapaxes", method_swapaxes, FAST, "($self, axis1, axis2, /)",
              "A view with two axes exchanged."),
    QX_METHOD("squeeze", method_squeeze, FAST, "($self, /, axis=None)",
              "A view without those axes, or without all, of extent 1."),
    QX_METHOD("sum", method_sum, FAST, "($self, /, axis=None, dtype=None, out=None, **kwargs)",
              "Sum over axes; see `quelea.sum`."),
    QX_METHOD("prod", method_prod, FAST, "($self, /, axis=None, dtype=None, out=None, **kwargs)",
              "Product over axes; see `quelea.prod`."),
    QX_METHOD("min", method_min, FAST, "($self, /, axis=None, out=None, **kwargs)",
              "Minimum over axes; see `quelea.min`."),
    QX_METHOD("max", method_max, FAST, "($self, /, axis=None, out=None, **kwargs)",
              "Maximum over axes; see `quelea.max`."),
    QX_METHOD("any", method_any, FAST,
              "($self, /, axis=None, out=None, keepdims=False, *, where=True)",
              "Is any element true? See `quelea.any`."),
    QX_METHOD("all", method_all, FAST,
              "($self, /, axis=None, out=None, keepdims=False, *, where=True)",
              "Are all elements true? See `quelea.all`."),
    QX_METHOD("argmin", method_argmin, FAST, "($self, /, axis=None, out=None, *, keepdims=False)",
              "Where the smallest elements are along an axis; see `quelea.argmin`."),
    QX_METHOD("argmax", method_argmax, FAST, "($self, /, axis=None, out=None, *, keepdims=False)",
              "Where the largest elements are along an axis; see `quelea.argmax`."),
    QX_METHOD("cumsum", method_cumsum, FAST, "($self, /, axis=None, dtype=None, out=None)",
              "Sums of the elements up to each, along an axis; see `quelea.cumsum`."),
    QX_METHOD("cumprod", method_cumprod, FAST, "($self, /, axis=None, dtype=None, out=None)",
              "Products of the elements up to each, along an axis; see `quelea.cumprod`."),
    QX_METHOD("fill", method_fill, METH_O, "($self, /, value)",
              "Assigns a scalar to every element, cast as in assignments."),
    QX_METHOD("item", method_item, METH_FASTCALL, "($self, /, *args)",
              "One element as a Python number, on every rank. Collective where the array lies on "
              "several nodes."),
    QX_METHOD("tolist", method_tolist, METH_NOARGS, "($self, /)",
              "All elements as nested lists of Python numbers, on every rank. Collective."),
    QX_METHOD("conj", method_conjugate, METH_FASTCALL, "($self, /)", "The complex conjugate."),
    QX_METHOD("conjugate", method_conjugate, METH_FASTCALL, "($self, /)", "The complex conjugate."),
    QX_METHOD("to_device", method_to_device, FAST, "($self, device, /, *, stream=None)",
              "The array itself; for the array API."),
    QX_METHOD("__array__", qx_array_array, FAST, "($self, dtype=None, /, *, copy=None)",
              "A NumPy array: a read-only snapshot, or private with copy=True."),
    QX_METHOD("__array_ufunc__", qx_array_ufunc, METH_VARARGS | METH_KEYWORDS,
              "($self, ufunc, method, /, *inputs, **kwargs)",
              "For NumPy's ufuncs that are given Quelea arrays."),
    QX_METHOD("__array_function__", method_array_function, METH_VARARGS,
              "($self, /, func, types, args, kwargs)",
              "For NumPy's functions that are given Quelea arrays."),
    QX_METHOD("__array_namespace__", method_array_namespace, FAST,
              "($self, /, *, api_version=None)", "The module quelea."),
    QX_METHOD(
        "__complex__", method_complex, METH_NOARGS, "($self, /)",
        "The only element as a Python number. Collective where the array lies on several nodes."),
    QX_METHOD("__format__", method_format, METH_O, "($self, spec, /)",
              "An array of no axes as a number, others as text."),
    QX_METHOD("__copy__", method_plain_copy, METH_NOARGS, "($self, /)",
              "A new array with the same elements."),
    QX_METHOD("__deepcopy__", method_deepcopy, METH_O, "($self, memo, /)",
              "A new array with the same elements."),
    {"__class_getitem__", Py_GenericAlias, METH_O | METH_CLASS,
     "For annotations: ndarray[shape, dtype]."},
    QX_METHOD("__reduce__", method_reduce, METH_NOARGS, "($self, /)",
              "Refused: elements are partitioned over ranks."),
    QX_METHOD("__reduce_ex__", method_reduce, METH_O, "($self, protocol, /)",
              "Refused: elements are partitioned over ranks."),
    {NULL},
};
