/* indices: small index arrays and masks as keys, x[index], x[i, j], x[:, index], x[mask], and take.
 * Programs read a few elements at a time again and again. A key is plain where its arrays are few,
 * of one shape and side by side, and are computed in memory that every rank has for itself: what
 * quelea/indexing.py asks of them by statements is then seen at once. Any other key is left to it,
 * errors too, and so are keys whose indices are out of bounds. */
#include "ext.h"

enum { FEW = 1 << 14 }; /* elements of an index array or a mask */

/* ---- what is in them ---- */

static int64_t element_at(const char *at) {
  int64_t value;
  memcpy(&value, at, sizeof value);
  return value;
}

/* Calls `visit` with each line of a small array in memory; false: it is not there, or stopped. */
typedef bool Visit(const char *line, int64_t count, int64_t stride, int64_t *data);

static bool visit_lines(const QlArray *array, Visit *visit, int64_t *data) {
  int64_t stride[QL_MAX_DIMS], at[QL_MAX_DIMS] = {0};
  int last = array->ndim - 1;
  if (array->size > FEW) return false;
  if (!array->size) return true;
  const char *line = ql_memory_of(array, stride);
  if (!line) return false;
  for (;;) {
    if (!visit(line, array->shape[last], stride[last], data)) return false;
    int axis = last - 1;
    for (; axis >= 0; axis--) {
      line += stride[axis];
      if (++at[axis] < array->shape[axis]) break;
      line -= stride[axis] * array->shape[axis], at[axis] = 0;
    }
    if (axis < 0) return true;
  }
}

static bool are_within(const char *line, int64_t count, int64_t stride, int64_t *extent) {
  int64_t least = 0, most = -1;
  for (int64_t k = 0; k < count; k++) {
    int64_t index = element_at(line + k * stride);
    least = index < least ? index : least, most = index > most ? index : most;
  }
  return least >= -*extent && most < *extent;
}

static bool count_true(const char *line, int64_t count, int64_t stride, int64_t *trues) {
  for (int64_t k = 0; k < count; k++) *trues += line[k * stride] != 0;
  return true;
}

/* ---- keys ---- */

static bool is_integer(QlDtype dtype) {
  QlKind kind = ql_dtype_info[dtype].kind;
  return kind == QL_KIND_INT || kind == QL_KIND_UINT;
}

/* A new reference to an index array of int64; NULL: it is none that is plain. */
static QlArray *index_of(PyObject *item) {
  QlArray *array = NULL, *integers = NULL;
  if (qx_is_array(item)) {
    array = qx_array(item);
    if (array->ndim == 0 || array->size > FEW || !is_integer((QlDtype)array->dtype)) return NULL;
    ql_retain(array);
  } else if (PyArray_Check(item)) {
    PyArrayObject *given = (PyArrayObject *)item;
    if (!PyArray_ISINTEGER(given) || PyArray_NDIM(given) == 0 || PyArray_SIZE(given) > FEW ||
        !PyArray_ISNOTSWAPPED(given))
      return NULL;
    array = qx_array_from_numpy(given);
  } else if (!PyList_Check(item) || PyList_GET_SIZE(item) == 0 ||
             qx_array_from_numbers(item, QL_DTYPE_NONE, &array) <= 0) {
    PyErr_Clear();
    return NULL;
  }
  if (array && array->dtype != QL_I64 && is_integer((QlDtype)array->dtype)) {
    if (ql_astype(qx.context, array, QL_I64, QL_ORDER_C, &integers, NULL)) integers = NULL;
    ql_release(array);
    array = integers;
  }
  if (array && array->dtype == QL_I64) return array;
  ql_release(array);
  PyErr_Clear();
  return NULL;
}

static bool is_whole(PyObject *item) {
  if (!PySlice_Check(item)) return false;
  PySliceObject *slice = (PySliceObject *)item;
  return slice->start == Py_None && slice->stop == Py_None && slice->step == Py_None;
}

/* Adds an index for an axis; false: it is not plain there. */
static bool add_index(QlTake *take, QlArray **index, int axis, PyObject *item) {
  const QlArray *source = take->source;
  int64_t extent = axis < source->ndim ? source->shape[axis] : 0;
  if (axis >= source->ndim || (take->count && !(take->selected >> (axis - 1) & 1))) return false;
  QlArray *array = index_of(item);
  if (!array) return false;
  if (!take->count) take->place = axis;
  index[take->count++] = array, take->selected |= 1u << axis;
  return array->ndim == index[0]->ndim &&
         !memcmp(array->shape, index[0]->shape, array->ndim * sizeof *array->shape) &&
         visit_lines(array, are_within, &extent);
}

/* Where a mask over the first axis is true; NULL: it is no such mask that is plain. */
static QlArray *places_of(const QlArray *source, PyObject *item) {
  if (!qx_is_array(item) || source->ndim == 0) return NULL;
  QlArray *mask = qx_array(item), *starts = NULL, *places = NULL;
  int64_t bounds[2] = {0, 0}, two = 2;
  if (mask->dtype != QL_BOOL || mask->ndim != 1 || mask->shape[0] != source->shape[0] ||
      !mask->size || !visit_lines(mask, count_true, &bounds[1]))
    return NULL;
  if (ql_import(qx.context, QL_I64, 1, &two, bounds, NULL, &starts, NULL)) return NULL;
  if (ql_find_true(qx.context, mask, mask->size, starts, bounds[1], &places, NULL)) places = NULL;
  ql_release(starts);
  return places;
}

static PyObject *take_and_release(QlTake *take, QlArray *const *index, bool plain) {
  QlArray *result = NULL;
  QL_ERROR(error);
  QlStatus status = plain ? ql_take(qx.context, take, &result, &error) : QL_OK;
  for (int k = 0; k < take->count; k++) ql_release(index[k]);
  if (status) return qx_raise(&error);
  if (!plain) Py_RETURN_NOTIMPLEMENTED;
  return qx_wrap(result, false);
}

PyObject *qx_read_few(PyObject *self, PyObject *key) {
  QlArray *index[QL_MAX_DIMS];
  QlTake take = {.source = qx_array(self), .index = index};
  PyObject *const *items = PyTuple_CheckExact(key) ? &PyTuple_GET_ITEM(key, 0) : &key;
  Py_ssize_t count = PyTuple_CheckExact(key) ? PyTuple_GET_SIZE(key) : 1;
  bool plain = count <= take.source->ndim;
  if (qx_enter_at() < 0) return NULL;
  if (count == 1 && (index[0] = places_of(take.source, items[0]))) {
    take.selected = take.count = 1;
    return take_and_release(&take, index, true);
  }
  for (int axis = 0; axis < count && plain; axis++)
    if (!is_whole(items[axis])) plain = add_index(&take, index, axis, items[axis]);
  return take_and_release(&take, index, plain && take.count);
}

/* take(x, indices, axis) */
PyObject *qx_plain_take(PyObject *const *args, Py_ssize_t nargs, PyObject *kwnames) {
  if (nargs < 2 || nargs > 3 || (kwnames && PyTuple_GET_SIZE(kwnames)) || !qx_is_array(args[0]))
    Py_RETURN_NOTIMPLEMENTED;
  QlArray *index[QL_MAX_DIMS], *source = qx_array(args[0]);
  QlTake take = {.source = source, .index = index};
  long axis = 0;
  if (nargs == 3 && args[2] != Py_None) {
    if (!PyLong_CheckExact(args[2])) Py_RETURN_NOTIMPLEMENTED;
    axis = PyLong_AsLong(args[2]);
    if (axis < 0) axis += source->ndim;
  } else if (source->ndim != 1) {
    Py_RETURN_NOTIMPLEMENTED;
  }
  if (PyErr_Occurred() || axis < 0 || axis >= source->ndim) {
    PyErr_Clear();
    Py_RETURN_NOTIMPLEMENTED;
  }
  if (qx_enter_at() < 0) return NULL;
  return take_and_release(&take, index, add_index(&take, index, (int)axis, args[1]));
}

/* x != 0, or x itself where it is a mask; NULL: there are too many. */
static PyObject *mask_of(PyObject *object) {
  const QlArray *array = qx_array(object);
  if (array->ndim != 1 || !array->size || array->size > FEW) return NULL;
  if (array->dtype == QL_BOOL) return Py_NewRef(object);
  PyObject *zero = PyLong_FromLong(0),
           *mask = zero ? qx_binary(QL_OP_NOT_EQUAL, object, zero) : NULL;
  Py_XDECREF(zero);
  if (mask && qx_is_array(mask)) return mask;
  Py_XDECREF(mask);
  PyErr_Clear();
  return NULL;
}

/* nonzero(x), also as a method: of one axis. */
PyObject *qx_plain_nonzero(PyObject *const *args, Py_ssize_t nargs, PyObject *kwnames) {
  if (nargs != 1 || (kwnames && PyTuple_GET_SIZE(kwnames)) || !qx_is_array(args[0]))
    Py_RETURN_NOTIMPLEMENTED;
  if (qx_enter_at() < 0) return NULL;
  PyObject *mask = mask_of(args[0]);
  QlArray *places = mask ? places_of(qx_array(args[0]), mask) : NULL;
  Py_XDECREF(mask);
  if (!places) Py_RETURN_NOTIMPLEMENTED;
  PyObject *array = qx_wrap(places, false), *result = array ? PyTuple_Pack(1, array) : NULL;
  Py_XDECREF(array);
  return result;
}
