/* functions: module functions below the Python layer: the reductions, views, and looking at arrays.
 * Those that make arrays are in making.c. */
#include "ext.h"

#define FUNCTION(name)                                                             \
  static PyObject *name(PyObject *module, PyObject *const *args, Py_ssize_t nargs, \
                        PyObject *kwnames)

/* ---- reductions ----
 * As methods: x.sum(axis, dtype, out, keepdims, initial, where), x.min(axis, out, keepdims,
 * initial, where), x.any(axis, out, keepdims, *, where). As functions, the array comes first.
 * `initial` and `where` take the slow way, in Python. */

enum { A, AXIS, DTYPE, OUT, KEEPDIMS, INITIAL, WHERE, WORDS };

static const char *const words_of_sum[] = {"a",        "axis",    "dtype", "out",
                                           "keepdims", "initial", "where"};
static const char *const words_of_min[] = {"a", "axis", "out", "keepdims", "initial", "where"};
static const char *const words_of_any[] = {"a", "axis", "out", "keepdims", "where"};
static const char *const reduction_names[] = {"sum", "prod", "min",          "max",
                                              "any", "all",  "count_nonzero"};

static bool parse_reduction(QlReduction reduction, bool method, PyObject *const *args,
                            Py_ssize_t nargs, PyObject *kwnames, PyObject **values) {
  bool has_dtype = reduction == QL_REDUCE_SUM || reduction == QL_REDUCE_PROD;
  bool has_initial = has_dtype || reduction == QL_REDUCE_MIN || reduction == QL_REDUCE_MAX;
  const char *const *words = has_dtype ? words_of_sum : has_initial ? words_of_min : words_of_any;
  int skip = method ? 1 : 0, count = 5 + has_dtype + has_initial - skip;
  QxSignature signature = {reduction_names[reduction], words + skip, count,
                           has_initial ? count : count - 1, 1 - skip};
  PyObject *given[WORDS] = {NULL};
  if (!qx_parse(&signature, args, nargs, kwnames, given + skip)) return false;
  for (int i = 0, j = 0; i < WORDS; i++) {
    bool is_word = i == DTYPE ? has_dtype : i == INITIAL ? has_initial : true;
    values[i] = is_word ? given[j++] : NULL;
  }
  return true;
}

PyObject *qx_reduce_slowly(const char *reduction, PyObject *const *values) {
  PyObject *name = PyUnicode_FromString(reduction);
  if (!name) return NULL;
  PyObject *const call[] = {name,
                            values[A],
                            values[AXIS] ? values[AXIS] : Py_None,
                            values[DTYPE] ? values[DTYPE] : Py_None,
                            values[OUT] ? values[OUT] : Py_None,
                            values[KEEPDIMS] ? values[KEEPDIMS] : Py_False,
                            values[INITIAL] ? values[INITIAL] : Py_Ellipsis, /* not given */
                            values[WHERE] ? values[WHERE] : Py_True};
  PyObject *result = PyObject_Vectorcall(qx.hooks.reduce_slowly, call, 8, NULL);
  Py_DECREF(name);
  return result;
}

PyObject *qx_reduction_call(QlReduction reduction, PyObject *self, PyObject *const *args,
                            Py_ssize_t nargs, PyObject *kwnames) {
  PyObject *values[WORDS];
  if (!parse_reduction(reduction, self != NULL, args, nargs, kwnames, values)) return NULL;
  if (self) values[A] = self;
  int keepdims = qx_integer_flag(values[KEEPDIMS], false);
  if (keepdims >= 0 && (values[INITIAL] || (values[WHERE] && values[WHERE] != Py_True)))
    return qx_reduce_slowly(reduction_names[reduction], values);
  QlArray *array = keepdims < 0 ? NULL : qx_array_from_python(values[A], QL_DTYPE_NONE);
  if (!array) return NULL;
  PyObject *result =
      qx_reduce(reduction, array, values[AXIS], values[DTYPE], values[OUT], keepdims);
  qx_release(array);
  return result;
}

#define REDUCTION(name, reduction)                                   \
  FUNCTION(function_##name) {                                        \
    (void)module;                                                    \
    return qx_reduction_call(reduction, NULL, args, nargs, kwnames); \
  }
REDUCTION(sum, QL_REDUCE_SUM)
REDUCTION(prod, QL_REDUCE_PROD)
REDUCTION(min, QL_REDUCE_MIN)
REDUCTION(max, QL_REDUCE_MAX)
REDUCTION(any, QL_REDUCE_ANY)
REDUCTION(all, QL_REDUCE_ALL)
#undef REDUCTION

FUNCTION(function_count_nonzero) {
  static const char *const words[] = {"a", "axis", "keepdims"};
  static const QxSignature signature = {"count_nonzero", words, 3, 2, 1};
  PyObject *values[3];
  (void)module;
  if (!qx_parse(&signature, args, nargs, kwnames, values)) return NULL;
  int keepdims = qx_flag_from_python(values[2], false);
  if (keepdims > 0 || (!keepdims && !qx_absent(values[1])))
    keepdims = qx_integer_flag(values[2], false); /* of all elements anything false is taken */
  QlArray *array = keepdims < 0 ? NULL : qx_array_from_python(values[0], QL_DTYPE_NONE);
  if (!array) return NULL;
  PyObject *result = qx_reduce(QL_REDUCE_COUNT, array, values[1], NULL, NULL, keepdims);
  qx_release(array);
  return result;
}

/* ---- views ---- */

FUNCTION(function_broadcast_to) {
  static const char *const words[] = {"array", "shape"};
  static const QxSignature signature = {"broadcast_to", words, 2, 2, 2};
  PyObject *values[2];
  int ndim;
  int64_t shape[QL_MAX_DIMS];
  (void)module;
  if (!qx_parse(&signature, args, nargs, kwnames, values) ||
      qx_shape_from_python(values[1], &ndim, shape, false) < 0)
    return NULL;
  if (!qx_is_array(values[0]))
    return PyErr_Format(PyExc_TypeError, "broadcast_to takes a quelea.ndarray");
  return qx_broadcast_to((QxArray *)values[0], ndim, shape);
}

static PyObject *function_expand_dims(PyObject *module, PyObject *const *args, Py_ssize_t nargs) {
  (void)module;
  if (nargs != 2 || !qx_is_array(args[0]))
    return PyErr_Format(PyExc_TypeError, "expand_dims takes a quelea.ndarray and an axis");
  const QlArray *array = qx_array(args[0]);
  int64_t wanted[QL_MAX_DIMS], shape[QL_MAX_DIMS], strides[QL_MAX_DIMS];
  int count;
  uint32_t fresh = 0;
  if (qx_shape_from_python(args[1], &count, wanted, true) < 0) return NULL;
  int ndim = array->ndim + count;
  if (ndim > QL_MAX_DIMS)
    return PyErr_Format(PyExc_ValueError,
                        "maximum supported dimension for an ndarray is currently %d, found %d",
                        QL_MAX_DIMS, ndim);
  for (int i = 0; i < count; i++) {
    if (wanted[i] < -ndim || wanted[i] >= ndim)
      return qx_axis_error((Py_ssize_t)wanted[i], ndim, NULL);
    uint32_t bit = 1u << (wanted[i] < 0 ? wanted[i] + ndim : wanted[i]);
    if (fresh & bit) return PyErr_Format(PyExc_ValueError, "repeated axis");
    fresh |= bit;
  }
  for (int i = 0, from = 0; i < ndim; i++) {
    bool is_new = fresh >> i & 1;
    shape[i] = is_new ? 1 : array->shape[from], strides[i] = is_new ? 0 : array->strides[from++];
  }
  return qx_view((QxArray *)args[0], ndim, shape, strides, array->offset);
}

/* ---- looking ---- */

static PyObject *function_gather(PyObject *module, PyObject *const *args, Py_ssize_t nargs) {
  (void)module;
  if (nargs != 2 || !qx_is_array(args[0]))
    return PyErr_Format(PyExc_TypeError, "gather takes a quelea.ndarray and a rank, or -1");
  long root = PyLong_AsLong(args[1]);
  if (root == -1 && PyErr_Occurred()) return NULL;
  return qx_gather(qx_array(args[0]), (int)root);
}

/* The element of a 0-d array as a NumPy scalar. */
static PyObject *function_scalar(PyObject *module, PyObject *object) {
  QlScalar scalar;
  (void)module;
  if (!qx_is_array(object)) return PyErr_Format(PyExc_TypeError, "scalar takes a quelea.ndarray");
  if (qx_item(qx_array(object), &scalar) < 0) return NULL;
  return qx_scalar_to_numpy(scalar.dtype, &scalar.value);
}

static PyObject *function_is_value(PyObject *module, PyObject *object) {
  (void)module;
  return PyBool_FromLong(qx_is_array(object) && ((QxArray *)object)->value);
}

/* Whose business an operand is: '' ours, else 'overrides', 'subclass' or 'defers'. */
static PyObject *function_foreign(PyObject *module, PyObject *object) {
  static const char *const names[] = {[QX_TAKEN] = "",
                                      [QX_OVERRIDES] = "overrides",
                                      [QX_SUBCLASS] = "subclass",
                                      [QX_PRIOR] = "prior",
                                      [QX_DEFERS] = "defers"};
  (void)module;
  return PyUnicode_FromString(names[qx_foreign(object)]);
}

static PyObject *function_is_writable(PyObject *module, PyObject *object) {
  (void)module;
  return PyBool_FromLong(qx_is_array(object) && !((QxArray *)object)->readonly &&
                         !qx_array(object)->readonly);
}

/* Of this object alone: others that see the same elements are not asked. */
static PyObject *function_set_writable(PyObject *module, PyObject *const *args, Py_ssize_t nargs) {
  (void)module;
  if (nargs != 2 || !qx_is_array(args[0]))
    return PyErr_Format(PyExc_TypeError, "set_writable takes a quelea.ndarray and a truth");
  QxArray *object = (QxArray *)args[0];
  int writable = PyObject_IsTrue(args[1]);
  if (writable < 0) return NULL;
  if (writable && (object->value || object->array->readonly))
    return PyErr_Format(PyExc_ValueError, "cannot set WRITEABLE flag to True of this array");
  object->readonly = !writable;
  Py_RETURN_NONE;
}

/* Lets an array be another one from now on, as the other one is it. */
static PyObject *function_exchange(PyObject *module, PyObject *const *args, Py_ssize_t nargs) {
  (void)module;
  if (nargs != 2 || !qx_is_array(args[0]) || !qx_is_array(args[1]))
    return PyErr_Format(PyExc_TypeError, "exchange takes two arrays");
  QlArray *first = qx_array(args[0]);
  ((QxArray *)args[0])->array = qx_array(args[1]), ((QxArray *)args[1])->array = first;
  Py_RETURN_NONE;
}

static PyObject *function_is_part(PyObject *module, PyObject *object) {
  (void)module;
  return PyBool_FromLong(qx_is_array(object) && qx_array(object)->part != QL_PART_ALL);
}

static PyObject *function_is_box(PyObject *module, PyObject *object) {
  (void)module;
  return PyBool_FromLong(qx_is_array(object) && ql_is_box(qx_array(object)));
}

static PyObject *function_is_contiguous(PyObject *module, PyObject *const *args, Py_ssize_t nargs) {
  QlOrder order;
  (void)module;
  if (nargs != 2 || !qx_is_array(args[0]))
    return PyErr_Format(PyExc_TypeError, "is_contiguous takes a quelea.ndarray and 'C' or 'F'");
  if (qx_order_from_python(args[1], qx_array(args[0]), QL_ORDER_C, &order) < 0) return NULL;
  return PyBool_FromLong(qx_is_contiguous(qx_array(args[0]), order));
}

/* view_bits(x, dtype): the bits as elements of a dtype of the same size. */
static PyObject *function_view_bits(PyObject *module, PyObject *const *args, Py_ssize_t nargs) {
  QlDtype dtype;
  (void)module;
  if (nargs != 2 || !qx_is_array(args[0]))
    return PyErr_Format(PyExc_TypeError, "view_bits takes a quelea.ndarray and a dtype");
  if (qx_dtype_from_python(args[1], &dtype) < 0) return NULL;
  return qx_bits((QxArray *)args[0], dtype);
}

/* view_strided(x, shape, strides): these in elements; from its first one on. */
static PyObject *function_view_strided(PyObject *module, PyObject *const *args, Py_ssize_t nargs) {
  int ndim, count;
  int64_t shape[QL_MAX_DIMS], strides[QL_MAX_DIMS];
  (void)module;
  if (nargs != 3 || !qx_is_array(args[0]))
    return PyErr_Format(PyExc_TypeError, "view_strided takes a quelea.ndarray, shape and strides");
  if (qx_shape_from_python(args[1], &ndim, shape, false) < 0 ||
      qx_shape_from_python(args[2], &count, strides, true) < 0)
    return NULL;
  if (count != ndim) return PyErr_Format(PyExc_ValueError, "a stride for each axis");
  return qx_strided((QxArray *)args[0], ndim, shape, strides);
}

static PyObject *function_item_step(PyObject *module, PyObject *object) {
  (void)module;
  if (!qx_is_array(object)) return PyErr_Format(PyExc_TypeError, "item_step takes an array");
  return PyLong_FromSize_t(ql_item_step(qx_array(object)));
}

/* contract(a, b, axis): the sum of products over an axis. */
static PyObject *function_contract(PyObject *module, PyObject *const *args, Py_ssize_t nargs) {
  QL_ERROR(error);
  QlArray *result;
  int axis;
  (void)module;
  if (nargs != 3 || !qx_is_array(args[0]) || !qx_is_array(args[1]))
    return PyErr_Format(PyExc_TypeError, "contract takes two arrays and an axis");
  QlArray *left = qx_array(args[0]), *right = qx_array(args[1]);
  int ndim = left->ndim > right->ndim ? left->ndim : right->ndim;
  if (qx_axis_from_python(args[2], ndim, &axis, NULL) < 0 || qx_enter_at() < 0) return NULL;
  if (ql_contract(qx.context, left, right, axis, &result, &error)) return qx_raise(&error);
  return qx_wrap(result, result->ndim == 0);
}

/* product(a, b), as @ has it. */
static PyObject *function_product(PyObject *module, PyObject *const *args, Py_ssize_t nargs) {
  (void)module;
  if (nargs != 2) return PyErr_Format(PyExc_TypeError, "product takes two arrays");
  return qx_product(args[0], args[1]);
}

/* diagonal(x, offset, axis1, axis2): a view, whose last axis goes along it, of what this process
 * has alone; None on several ranks, where it cannot be read in place (contract C2). */
static PyObject *function_diagonal(PyObject *module, PyObject *const *args, Py_ssize_t nargs) {
  int first, second, ndim = 0;
  int64_t shape[QL_MAX_DIMS], strides[QL_MAX_DIMS];
  (void)module;
  if (nargs != 4 || !qx_is_array(args[0]))
    return PyErr_Format(PyExc_TypeError, "diagonal takes a quelea.ndarray and three integers");
  const QlArray *array = qx_array(args[0]);
  if (array->ndim < 2)
    return PyErr_Format(PyExc_ValueError, "diag requires an array of at least two dimensions");
  Py_ssize_t k = PyNumber_AsSsize_t(args[1], PyExc_OverflowError);
  if ((k == -1 && PyErr_Occurred()) || qx_axis_from_python(args[2], array->ndim, &first, "axis1") ||
      qx_axis_from_python(args[3], array->ndim, &second, "axis2"))
    return NULL;
  if (first == second) return PyErr_Format(PyExc_ValueError, "axis1 and axis2 cannot be the same");
  if (ql_info(qx.context).size > 1) Py_RETURN_NONE;
  int64_t rows = array->shape[first], columns = array->shape[second];
  int64_t row = k < 0 ? QL_MIN(-(k + 1), rows - 1) + 1 : 0, column = QL_MIN(QL_MAX(k, 0), columns);
  for (int a = 0; a < array->ndim; a++)
    if (a != first && a != second)
      shape[ndim] = array->shape[a], strides[ndim] = array->strides[a], ndim++;
  shape[ndim] = QL_MIN(rows - row, columns - column);
  strides[ndim] = array->strides[first] + array->strides[second];
  int64_t offset = row * array->strides[first] + column * array->strides[second];
  return qx_view((QxArray *)args[0], ndim + 1, shape, strides,
                 array->offset + (shape[ndim] ? offset : 0));
}

/* product_from(x, axis, keepdims, begin): of complex numbers. None: it begins with the elements. */
static PyObject *function_product_from(PyObject *module, PyObject *const *args, Py_ssize_t nargs) {
  QL_ERROR(error);
  uint32_t axes;
  QlScalar begin;
  QlArray *result;
  bool huge;
  (void)module;
  if (nargs != 4 || !qx_is_array(args[0]))
    return PyErr_Format(PyExc_TypeError, "product_from takes a quelea.ndarray and three words");
  int keepdims = qx_integer_flag(args[2], false), is_number = 0;
  if (keepdims < 0 || qx_axes_from_python(args[1], qx_array(args[0])->ndim, &axes) < 0) return NULL;
  if (args[3] != Py_None && (is_number = qx_scalar_from_python(args[3], &begin, &huge)) != 1)
    return is_number < 0 ? NULL : PyErr_Format(PyExc_TypeError, "begin must be a number");
  if (qx_enter_at() < 0) return NULL;
  if (ql_product_from(qx.context, qx_array(args[0]), axes, keepdims, is_number ? &begin : NULL,
                      &result, &error))
    return qx_raise(&error);
  return qx_wrap_result(result, NULL);
}

/* cast(x, dtype): as an operand of a ufunc is cast. */
static PyObject *function_cast(PyObject *module, PyObject *const *args, Py_ssize_t nargs) {
  QlDtype dtype;
  (void)module;
  if (nargs != 2 || !qx_is_array(args[0]))
    return PyErr_Format(PyExc_TypeError, "cast takes a quelea.ndarray and a dtype");
  if (qx_dtype_from_python(args[1], &dtype) < 0) return NULL;
  if (dtype == QL_DTYPE_NONE || dtype == (QlDtype)qx_array(args[0])->dtype)
    return Py_NewRef(args[0]);
  return qx_astype(qx_array(args[0]), dtype, QL_ORDER_ITERATOR, ((QxArray *)args[0])->value);
}

/* stack_order(a, b, core): the axes but for the last `core`, from outside to inside, in the order
 * in which NumPy's iterator goes through both. */
static PyObject *function_stack_order(PyObject *module, PyObject *const *args, Py_ssize_t nargs) {
  QL_ERROR(error);
  QlArray *stacks[2] = {NULL, NULL};
  int order[QL_MAX_DIMS], ndim = 0;
  int64_t axes[QL_MAX_DIMS];
  QlStatus status = QL_OK;
  (void)module;
  long core = nargs == 3 ? PyLong_AsLong(args[2]) : -1;
  if (core < 0 || !qx_is_array(args[0]) || !qx_is_array(args[1]))
    return PyErr_Format(PyExc_TypeError, "stack_order takes two arrays and a number of axes");
  for (int k = 0; k < 2 && !status; k++) {
    QlArray *array = qx_array(args[k]);
    int count = QL_MAX(array->ndim - (int)core, 0);
    ndim = QL_MAX(ndim, count);
    status = ql_view(array, count, array->shape, array->strides, array->offset, &stacks[k], &error);
  }
  if (!status) ql_lying_order(ndim, 2, stacks, order);
  for (int k = 0; k < 2; k++)
    if (stacks[k]) qx_release(stacks[k]);
  if (status) return qx_raise(&error);
  for (int a = 0; a < ndim; a++) axes[a] = order[a];
  return qx_shape_to_python(ndim, axes);
}

/* order(order): 'C', 'F', 'A' or 'K'; None is None. */
static PyObject *function_order(PyObject *module, PyObject *object) {
  (void)module;
  if (object == Py_None) Py_RETURN_NONE;
  char letter = qx_order_letter(object);
  return letter ? PyUnicode_FromStringAndSize(&letter, 1) : NULL;
}

static PyObject *function_goes_on(PyObject *module, PyObject *none) {
  (void)module, (void)none;
  if (qx.context) ql_goes_on(qx.context);
  Py_RETURN_NONE;
}

static PyObject *function_shares_storage(PyObject *module, PyObject *const *args,
                                         Py_ssize_t nargs) {
  (void)module;
  if (nargs != 2) return PyErr_Format(PyExc_TypeError, "shares_storage takes two arrays");
  return PyBool_FromLong(qx_is_array(args[0]) && qx_is_array(args[1]) &&
                         qx_array(args[0])->storage == qx_array(args[1])->storage);
}

/* In bytes from the first element of its storage, as strides count them. */
static PyObject *function_first_byte(PyObject *module, PyObject *object) {
  (void)module;
  if (!qx_is_array(object)) return PyErr_Format(PyExc_TypeError, "first_byte takes an array");
  const QlArray *array = qx_array(object);
  int64_t first = array->offset * (int64_t)ql_item_step(array);
  if (array->part == QL_PART_IMAG) first += (int64_t)ql_dtype_size(array->dtype);
  return PyLong_FromLongLong(first);
}

enum { FAST = METH_FASTCALL | METH_KEYWORDS };
#define FAST_POSITIONAL(function) (PyCFunction)(void (*)(void)) function, METH_FASTCALL

PyMethodDef qx_functions[] = {
    QX_METHOD(
        "sum", function_sum, FAST,
        "($module, a, axis=None, dtype=None, out=None, keepdims=False, initial=0, where=True)", ""),
    QX_METHOD(
        "prod", function_prod, FAST,
        "($module, a, axis=None, dtype=None, out=None, keepdims=False, initial=1, where=True)", ""),
    QX_METHOD("min", function_min, FAST,
              "($module, a, axis=None, out=None, keepdims=False, initial=None, where=True)", ""),
    QX_METHOD("max", function_max, FAST,
              "($module, a, axis=None, out=None, keepdims=False, initial=None, where=True)", ""),
    QX_METHOD("any", function_any, FAST,
              "($module, a, axis=None, out=None, keepdims=False, *, where=True)", ""),
    QX_METHOD("all", function_all, FAST,
              "($module, a, axis=None, out=None, keepdims=False, *, where=True)", ""),
    QX_METHOD("count_nonzero", function_count_nonzero, FAST,
              "($module, a, axis=None, *, keepdims=False)", ""),
    QX_METHOD("broadcast_to", function_broadcast_to, FAST, "($module, array, shape)", ""),
    QX_METHOD("expand_dims", function_expand_dims, METH_FASTCALL, "($module, array, axis, /)", ""),
    {"gather", FAST_POSITIONAL(function_gather),
     "gather(array, root): a NumPy array, on one rank or (-1) on all"},
    {"held", qx_held, METH_O, "A NumPy array of the memory, where this process holds all of it."},
    {"scalar", function_scalar, METH_O, "The element of an array of size 1, as a NumPy scalar."},
    {"is_value", function_is_value, METH_O, "Is it what NumPy would give as a scalar?"},
    {"foreign", function_foreign, METH_O, "Whose business an operand is; '': ours."},
    {"is_writable", function_is_writable, METH_O, "May elements be assigned?"},
    {"is_box", function_is_box, METH_O, "Do its elements lie in its storage as a box with steps?"},
    {"set_writable", FAST_POSITIONAL(function_set_writable),
     "set_writable(array, truth): may elements be assigned?"},
    {"exchange", FAST_POSITIONAL(function_exchange), "exchange(a, b): each becomes the other."},
    {"is_part", function_is_part, METH_O, "Is it a view of real or imaginary parts, or of bits?"},
    {"product", FAST_POSITIONAL(function_product),
     "product(a, b): of matrices and vectors; None: it is none of these"},
    {"diagonal", FAST_POSITIONAL(function_diagonal),
     "diagonal(x, offset, axis1, axis2): a view; None: this process has not all of it"},
    {"product_from", FAST_POSITIONAL(function_product_from),
     "product_from(x, axis, keepdims, begin): of complex numbers"},
    {"cast", FAST_POSITIONAL(function_cast), "cast(x, dtype): as an operand of a ufunc is cast."},
    {"stack_order", FAST_POSITIONAL(function_stack_order),
     "stack_order(a, b, core): the axes but for the last as NumPy's iterator goes through them"},
    {"order", function_order, METH_O, "The letter of an order=."},
    {"take", FAST_POSITIONAL(qx_take), "take(x, axes, place, indices): by index arrays"},
    {"factor", FAST_POSITIONAL(qx_factor),
     "factor(name, a, b, option, least): what LAPACK makes of stacks of matrices (factors.def)"},
    {"count_true", FAST_POSITIONAL(qx_count_true), "count_true(mask, chunk): in each chunk"},
    {"transform", FAST_POSITIONAL(qx_transform),
     "transform(x, kind, axis, length, backward, factor): (lines, whether one node computes them)"},
    {"sort", FAST_POSITIONAL(qx_sort), "sort(x, values, indices): along the last axis"},
    {"search", FAST_POSITIONAL(qx_search), "search(sorted, wanted, behind): places"},
    {"find_true", FAST_POSITIONAL(qx_find_true), "find_true(mask, chunk, starts, size): places"},
    {"composed", FAST_POSITIONAL(qx_composed),
     "composed(function, numpy_ufunc): a ufunc that a function computes"},
    {"scatter", FAST_POSITIONAL(qx_scatter),
     "scatter(target, lead, places, values, ufunc): stores or combines, one after another"},
    {"spread", FAST_POSITIONAL(qx_spread),
     "spread(target, mask, chunk, starts, values): one value for each truth"},
    {"tally", FAST_POSITIONAL(qx_tally), "tally(numbers, weights, bins): how often each occurs"},
    {"bins", FAST_POSITIONAL(qx_bins), "bins(values, edges, width): in which each lies, or -1"},
    {"join", FAST_POSITIONAL(qx_join),
     "join(parts, axis, new_axis): arrays of one dtype in a new one; None: it is no such join"},
    {"goes_on", function_goes_on, METH_NOARGS,
     "What was just assigned is part of an expression that goes on."},
    {"is_contiguous", FAST_POSITIONAL(function_is_contiguous),
     "is_contiguous(array, order): do the elements follow one another in that order?"},
    {"view_bits", FAST_POSITIONAL(function_view_bits),
     "view_bits(x, dtype): the same bits as elements of another dtype of that size"},
    {"item_step", function_item_step, METH_O, "Bytes from an element of its storage to the next."},
    {"view_strided", FAST_POSITIONAL(function_view_strided),
     "view_strided(x, shape, strides): from its first element on; in elements"},
    {"contract", FAST_POSITIONAL(function_contract),
     "contract(a, b, axis): the sum of products over an axis"},
    {"empty_join", FAST_POSITIONAL(qx_empty_join),
     "empty_join(parts, axis, new_axis, shape, dtype): what arrays are joined in"},
    {"shares_storage", FAST_POSITIONAL(function_shares_storage),
     "Are two arrays views of one storage?"},
    {"first_byte", function_first_byte, METH_O,
     "Where its first element begins, in bytes from the first one of its storage."},
    {NULL},
};
