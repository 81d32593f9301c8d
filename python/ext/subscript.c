/* subscript: indexing by ints, slices of any step, Ellipsis and newaxis. A key becomes shape,
 * strides and offset of a view; an int for every axis copies one element, as NumPy gives a scalar
 * there. Reading by arrays is quelea/indexing.py's, assigning by them quelea/putting.py's. */
#include "ext.h"

typedef struct View {
  int ndim, axis; /* axes made, axes of the array consumed */
  int64_t offset;
  int64_t shape[QL_MAX_DIMS + 1], strides[QL_MAX_DIMS + 1];
  bool element; /* nothing but ints, one for each axis */
} View;

typedef enum Outcome { FAILED = -1, BASIC, MASK, FANCY } Outcome;

static const char invalid_index[] =
    "only integers, slices (`:`), ellipsis (`...`), numpy.newaxis (`None`) and integer or boolean "
    "arrays are valid indices";

/* ---- one item of a key ---- */

static bool room_for_axis(const View *view) {
  if (view->ndim < QL_MAX_DIMS) return true;
  PyErr_Format(PyExc_IndexError,
               "number of dimensions must be within [0, %d], indexing result would have %d",
               QL_MAX_DIMS, view->ndim + 1);
  return false;
}

static bool take_index(const QlArray *array, View *view, PyObject *item) {
  Py_ssize_t index = PyNumber_AsSsize_t(item, PyExc_IndexError);
  if (index == -1 && PyErr_Occurred()) return false;
  int64_t extent = array->shape[view->axis];
  if (QX_UNLIKELY(index < -extent || index >= extent)) {
    PyErr_Format(PyExc_IndexError, "index %zd is out of bounds for axis %d with size %lld", index,
                 view->axis, (long long)extent);
    return false;
  }
  view->offset += (index < 0 ? index + extent : index) * array->strides[view->axis++];
  return true;
}

static bool take_slice(const QlArray *array, View *view, PyObject *item) {
  Py_ssize_t start, stop, step;
  if (PySlice_Unpack(item, &start, &stop, &step) < 0 || !room_for_axis(view)) return false;
  int64_t stride = array->strides[view->axis];
  Py_ssize_t extent =
      PySlice_AdjustIndices((Py_ssize_t)array->shape[view->axis++], &start, &stop, step);
  view->shape[view->ndim] = extent;
  view->strides[view->ndim++] = stride * step;
  if (extent > 0) view->offset += start * stride; /* an empty slice may start outside */
  view->element = false;
  return true;
}

static void take_whole_axes(const QlArray *array, View *view, int count) {
  for (; count > 0; count--, view->axis++) {
    view->shape[view->ndim] = array->shape[view->axis];
    view->strides[view->ndim++] = array->strides[view->axis];
    view->element = false;
  }
}

static bool take_newaxis(View *view) {
  if (!room_for_axis(view)) return false;
  view->shape[view->ndim] = 1, view->strides[view->ndim++] = 0;
  view->element = false;
  return true;
}

/* A list of booleans is a mask. */
static Outcome classify_list(PyObject *item) {
  PyObject *array = qx_holds_arrays(item) ? NULL : PyArray_FROM_O(item);
  bool is_mask = array && PyArray_ISBOOL((PyArrayObject *)array);
  Py_XDECREF(array);
  PyErr_Clear();
  return is_mask ? MASK : FANCY;
}

/* What an item that is no int, slice, Ellipsis or None asks for. */
static Outcome classify(PyObject *item) {
  if (PyBool_Check(item) || PyArray_IsScalar(item, Bool)) return MASK;
  if (qx_is_array(item)) return qx_array(item)->dtype == QL_BOOL ? MASK : FANCY;
  if (PyArray_Check(item)) return PyArray_ISBOOL((PyArrayObject *)item) ? MASK : FANCY;
  if (PyList_Check(item) || PyTuple_Check(item)) return classify_list(item);
  if (PyRange_Check(item)) return FANCY;
  PyErr_SetString(PyExc_IndexError, invalid_index);
  return FAILED;
}

static bool is_plain_index(PyObject *item) {
  if (PyLong_CheckExact(item)) return true;
  if (PyBool_Check(item) || PyArray_IsScalar(item, Bool)) return false;
  if (qx_is_array(item))
    return qx_array(item)->ndim == 0 && qx_array(item)->dtype != QL_BOOL &&
           ql_dtype_info[qx_array(item)->dtype].kind <= QL_KIND_UINT;
  if (PyArray_Check(item))
    return PyArray_NDIM((PyArrayObject *)item) == 0 && PyArray_ISINTEGER((PyArrayObject *)item);
  return PyIndex_Check(item);
}

/* ---- the whole key ---- */

/* Axes consumed by the items other than Ellipsis; -1: an exception is set. */
static int axes_consumed(const QlArray *array, PyObject *const *items, Py_ssize_t count) {
  Py_ssize_t consumed = 0, ellipses = 0;
  for (Py_ssize_t i = 0; i < count; i++) {
    if (items[i] == Py_Ellipsis)
      ellipses++;
    else if (items[i] != Py_None)
      consumed++;
  }
  if (ellipses > 1) {
    PyErr_SetString(PyExc_IndexError, "an index can only have a single ellipsis ('...')");
    return -1;
  }
  if (consumed > array->ndim) {
    PyErr_Format(PyExc_IndexError,
                 "too many indices for array: array is %d-dimensional, but %zd were indexed",
                 array->ndim, consumed);
    return -1;
  }
  return (int)consumed;
}

static Outcome find_special(PyObject *const *items, Py_ssize_t count) {
  for (Py_ssize_t i = 0; i < count; i++) {
    PyObject *item = items[i];
    if (PySlice_Check(item) || item == Py_Ellipsis || item == Py_None || is_plain_index(item))
      continue;
    return classify(item);
  }
  return BASIC;
}

static Outcome parse_key(const QlArray *array, PyObject *key, View *view) {
  PyObject *const *items = &key;
  Py_ssize_t count = 1;
  if (PyTuple_Check(key)) items = ((PyTupleObject *)key)->ob_item, count = PyTuple_GET_SIZE(key);
  view->ndim = view->axis = 0, view->offset = array->offset, view->element = true;
  int consumed = axes_consumed(array, items, count);
  if (consumed < 0) {
    PyObject *type, *value,
        *trace; /* a mask of several dimensions consumes more than one axis: say that instead */
    PyErr_Fetch(&type, &value, &trace);
    Outcome special = find_special(items, count);
    if (special == MASK || special == FANCY)
      return Py_XDECREF(type), Py_XDECREF(value), Py_XDECREF(trace), special;
    if (special == FAILED) return Py_XDECREF(type), Py_XDECREF(value), Py_XDECREF(trace), FAILED;
    PyErr_Restore(type, value, trace);
    return FAILED;
  }
  for (Py_ssize_t i = 0; i < count; i++) {
    PyObject *item = items[i];
    bool taken = true;
    if (PyLong_CheckExact(item))
      taken = take_index(array, view, item);
    else if (PySlice_Check(item))
      taken = take_slice(array, view, item);
    else if (item == Py_Ellipsis)
      take_whole_axes(array, view, array->ndim - consumed), view->element = false;
    else if (item == Py_None)
      taken = take_newaxis(view);
    else if (is_plain_index(item))
      taken = take_index(array, view, item);
    else
      return find_special(items, count);
    if (!taken) return FAILED;
  }
  if (view->ndim + array->ndim - view->axis > QL_MAX_DIMS) {
    view->ndim = QL_MAX_DIMS;
    return room_for_axis(view) ? BASIC : FAILED;
  }
  take_whole_axes(array, view, array->ndim - view->axis);
  return BASIC;
}

/* ---- reading ---- */

static PyObject *take_element(QlArray *array, int64_t offset) {
  QL_ERROR(error);
  QlArray *element;
  if (qx_enter_at() < 0) return NULL;
  if (ql_get_element(array, offset, &element, &error)) return qx_raise(&error);
  return qx_wrap(element, true);
}

static PyObject *read_special(PyObject *self, PyObject *key) {
  PyObject *few = qx_read_few(self, key);
  if (few != Py_NotImplemented) return few;
  Py_DECREF(few);
  PyObject *const args[2] = {self, key};
  return PyObject_Vectorcall(qx.hooks.index_arrays, args, 2, NULL);
}

PyObject *qx_array_subscript(PyObject *self, PyObject *key) {
  QlArray *array = qx_array(self);
  View view;
  Outcome outcome = parse_key(array, key, &view);
  if (outcome != BASIC) return outcome == FAILED ? NULL : read_special(self, key);
  if (!view.element)
    return qx_view((QxArray *)self, view.ndim, view.shape, view.strides, view.offset);
  return ((QxArray *)self)->value ? Py_NewRef(self) : take_element(array, view.offset);
}

static PyObject *array_item(PyObject *self, Py_ssize_t index) {
  QlArray *array = qx_array(self);
  if (array->ndim == 0) return PyErr_Format(PyExc_TypeError, "iteration over a 0-d array");
  if (index < 0 || index >= array->shape[0])
    return PyErr_Format(PyExc_IndexError, "index %zd is out of bounds for axis 0 with size %lld",
                        index, (long long)array->shape[0]);
  int64_t offset = array->offset + index * array->strides[0];
  if (array->ndim == 1) return take_element(array, offset);
  return qx_view((QxArray *)self, array->ndim - 1, array->shape + 1, array->strides + 1, offset);
}

/* ---- writing ---- */

static bool same_view(const QlArray *a, const QlArray *b) {
  if (a->storage != b->storage || a->offset != b->offset || a->ndim != b->ndim ||
      a->dtype != b->dtype || a->part != b->part)
    return false;
  size_t bytes = a->ndim * sizeof(int64_t);
  return memcmp(a->shape, b->shape, bytes) == 0 && memcmp(a->strides, b->strides, bytes) == 0;
}

static int assign_special(PyObject *self, PyObject *key, PyObject *value) {
  PyObject *const args[3] = {self, key, value};
  PyObject *done = PyObject_Vectorcall(qx.hooks.assign_arrays, args, 3, NULL);
  Py_XDECREF(done);
  return done ? 0 : -1;
}

/* One element takes a scalar or a 0-d array; a boolean also what is true or false. */
static bool is_sequence(PyObject *value) {
  if (qx_is_array(value)) return qx_array(value)->ndim > 0;
  if (PyArray_Check(value)) return PyArray_NDIM((PyArrayObject *)value) > 0;
  return PyList_Check(value) || PyTuple_Check(value) || PyRange_Check(value);
}

static void refuse_sequence(QlDtype dtype, PyObject *value) {
  QlKind kind = ql_dtype_info[dtype].kind;
  if (kind == QL_KIND_COMPLEX ||
      (kind <= QL_KIND_UINT &&
       (PyList_Check(value) || PyTuple_Check(value) || PyRange_Check(value))))
    PyErr_Format(
        PyExc_TypeError,
        "an element of dtype %s takes a number, not '%s'; write x[i:i+1] for a part of one element",
        ql_dtype_name(dtype), Py_TYPE(value)->tp_name);
  else
    PyErr_SetString(PyExc_ValueError, "setting an array element with a sequence.");
}

/* A scalar for a sequence that is put where one element belongs: NULL, or a borrowed reference. */
static PyObject *scalar_of_sequence(QlDtype dtype, PyObject *value) {
  int truth = dtype == QL_BOOL ? PyObject_IsTrue(value) : -1;
  if (truth >= 0) return truth ? Py_True : Py_False;
  if (!PyErr_Occurred()) refuse_sequence(dtype, value);
  return NULL;
}

int qx_fill(PyObject *self, PyObject *value) {
  if (is_sequence(value) && !(value = scalar_of_sequence(qx_array(self)->dtype, value))) return -1;
  return qx_array_assign(self, Py_Ellipsis, value);
}

static int assign(PyObject *self, PyObject *key, PyObject *value) {
  QlArray *array = qx_array(self);
  if (!value) return PyErr_SetString(PyExc_ValueError, "cannot delete array elements"), -1;
  if (((QxArray *)self)->value) {
    PyErr_Format(PyExc_TypeError, "'numpy.%s' object does not support item assignment",
                 ql_dtype_name(array->dtype));
    return -1;
  }
  if (((QxArray *)self)->readonly || array->readonly)
    return PyErr_SetString(PyExc_ValueError, "assignment destination is read-only"), -1;
  View view;
  Outcome outcome = parse_key(array, key, &view);
  if (outcome != BASIC) return outcome == FAILED ? -1 : assign_special(self, key, value);
  if (view.element && is_sequence(value) && !(value = scalar_of_sequence(array->dtype, value)))
    return -1;
  if (view.element) return qx_assign_element(array, view.offset, value);
  QL_ERROR(error);
  QlArray *target;
  if (qx_enter() < 0) return -1;
  if (ql_view(array, view.ndim, view.shape, view.strides, view.offset, &target, &error))
    return qx_raise_int(&error);
  /* x[key] += y ends with the assignment of the view to itself */
  bool itself = qx_is_array(value) && same_view(target, qx_array(value));
  int status = itself ? 0 : qx_assign(target, value);
  qx_release(target);
  return status;
}

int qx_array_assign(PyObject *self, PyObject *key, PyObject *value) {
  int status = assign(self, key, value);
  qx_sampler_look();
  return status;
}

/* ---- len and `in` ---- */

static Py_ssize_t array_length(PyObject *self) {
  QlArray *array = qx_array(self);
  if (array->ndim == 0) return PyErr_SetString(PyExc_TypeError, "len() of unsized object"), -1;
  return (Py_ssize_t)array->shape[0];
}

static int array_contains(PyObject *self, PyObject *value) {
  if (((QxArray *)self)->value)
    return PyErr_Format(PyExc_TypeError, "an element is not iterable"), -1; /* as NumPy's scalars */
  PyObject *equal = qx_array_compare(self, value, Py_EQ);
  if (!equal || !qx_is_array(equal)) {
    Py_XDECREF(equal);
    return equal ? 0 : -1;
  }
  PyObject *any = qx_reduce(QL_REDUCE_ANY, qx_array(equal), NULL, NULL, NULL, false);
  Py_DECREF(equal);
  int found = any ? PyObject_IsTrue(any) : -1;
  Py_XDECREF(any);
  return found;
}

PyMappingMethods qx_array_mapping = {.mp_length = array_length,
                                     .mp_subscript = qx_array_subscript,
                                     .mp_ass_subscript = qx_array_assign};
PySequenceMethods qx_array_sequence = {
    .sq_length = array_length, .sq_item = array_item, .sq_contains = array_contains};
