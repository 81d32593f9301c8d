/* The arguments of a compiled function: a call writes down their types as text, and their parts in
 * the order in which the code takes them. */
#include "compiled_parts.h"

enum { FEW_ELEMENTS = 1024 };

bool compiled_write_letters(Gather *g, const char *text, size_t length) {
  if (g->length + length >= TYPES_ROOM) {
    PyErr_SetString(PyExc_TypeError, "too many arguments for a compiled function");
    return false;
  }
  memcpy(g->types + g->length, text, length);
  g->types[g->length += length] = 0;
  return true;
}

/* "f64[:,::1]" */
static bool write_array_type(Gather *g, QlDtype dtype, int ndim, bool contiguous, bool readonly) {
  if (readonly && !compiled_write_type(g, "const ")) return false;
  if (g->ranks && !compiled_write_type(g, "ranks ")) return false;
  char text[8 + 2 * QL_MAX_DIMS], *at = text;
  for (const char *name = ql_dtype_info[dtype].ir; *name;) *at++ = *name++;
  *at++ = '[';
  for (int axis = 0; axis < ndim; axis++) {
    if (axis) *at++ = ',';
    *at++ = ':';
  }
  if (contiguous && ndim) *at++ = ':', *at++ = '1';
  *at++ = ']';
  return compiled_write_letters(g, text, (size_t)(at - text));
}

static bool has_room(const Gather *g, int ndim) {
  if (ndim <= QL_MAX_DIMS && g->count + 2 + 2 * ndim <= MOST_PARTS) return true;
  PyErr_SetString(PyExc_TypeError, "too many arguments, or dimensions, for a compiled function");
  return false;
}

static void begin_array(Gather *g, PyObject *array) {
  g->at[g->array_count] = g->count;
  g->arrays[g->array_count++] = Py_NewRef(array);
  g->parts[g->count++].i = g->array_count;
}

/* By its handle. */
static bool take_on_ranks(Gather *g, PyObject *object, bool readonly) {
  const QlArray *array = qx_array(object);
  int ndim = array->ndim;
  if (array->part != QL_PART_ALL) {
    PyErr_SetString(PyExc_TypeError,
                    "a compiled function takes no views of real or imaginary parts, nor of bits as "
                    "another dtype, of arrays that are partitioned among ranks; give it a copy");
    return false;
  }
  if (!has_room(g, ndim) ||
      !write_array_type(g, (QlDtype)array->dtype, ndim, false,
                        readonly || array->readonly || ((QxArray *)object)->readonly))
    return false;
  begin_array(g, object);
  g->parts[g->count++].u = (uintptr_t)array;
  for (int axis = 0; axis < ndim; axis++) g->parts[g->count++].i = array->shape[axis];
  for (int axis = 0; axis < ndim; axis++) g->parts[g->count++].i = array->strides[axis];
  return true;
}

/* One of NumPy's beside arrays on ranks: every rank has it, and it is the same on all. */
static bool take_in(Gather *g, PyArrayObject *array) {
  QlArray *made = qx_enter_at() < 0 ? NULL : qx_array_from_python((PyObject *)array, QL_DTYPE_NONE);
  PyObject *object = made ? qx_wrap(made, false) : NULL;
  bool taken = object && take_on_ranks(g, object, true);
  Py_XDECREF(object);
  return taken;
}

/* One of Quelea's, whose memory is taken when the code for it is there. */
static bool take_ours(Gather *g, PyObject *object) {
  if (g->ranks) return take_on_ranks(g, object, false);
  const QlArray *array = qx_array(object);
  int ndim = array->ndim;
  int64_t item = (int64_t)ql_item_step(array);
  if (!has_room(g, ndim)) return false;
  bool readonly = array->readonly || ((QxArray *)object)->readonly;
  bool contiguous =
      item == (int64_t)ql_dtype_size(array->dtype) && qx_is_contiguous(array, QL_ORDER_C);
  if (!compiled_write_type(g, "ours ") ||
      !write_array_type(g, (QlDtype)array->dtype, ndim, contiguous, readonly))
    return false;
  begin_array(g, object);
  g->parts[g->count++].u = 0;
  for (int axis = 0; axis < ndim; axis++) g->parts[g->count++].i = array->shape[axis];
  for (int axis = 0; axis < ndim; axis++) g->parts[g->count++].i = array->strides[axis] * item;
  return true;
}

static bool take_array(Gather *g, PyArrayObject *array) {
  QlDtype dtype = qx_dtype_from_descr(PyArray_DESCR(array));
  int ndim = PyArray_NDIM(array);
  if (dtype == QL_DTYPE_NONE || !PyArray_ISNBO(PyArray_DESCR(array)->byteorder)) {
    PyErr_Format(PyExc_TypeError, "arrays of dtype %S are not in @jit",
                 (PyObject *)PyArray_DESCR(array));
    return false;
  }
  if (g->ranks) return take_in(g, array);
  bool readonly = g->ours || !PyArray_ISWRITEABLE(array);
  if (!has_room(g, ndim) ||
      !write_array_type(g, dtype, ndim, PyArray_IS_C_CONTIGUOUS(array), readonly))
    return false;
  begin_array(g, (PyObject *)array);
  g->parts[g->count++].u = (uintptr_t)PyArray_DATA(array);
  for (int axis = 0; axis < ndim; axis++) g->parts[g->count++].i = PyArray_DIM(array, axis);
  for (int axis = 0; axis < ndim; axis++) g->parts[g->count++].i = PyArray_STRIDE(array, axis);
  return true;
}

static bool take_scalar(Gather *g, PyObject *object) {
  QlScalar scalar;
  bool huge = false;
  int taken = qx_scalar_from_python(object, &scalar, &huge);
  if (taken < 0) return false;
  huge |= taken && scalar.weak && ql_dtype_info[scalar.dtype].kind == QL_KIND_UINT;
  if (!taken || huge) {
    if (huge)
      PyErr_SetString(PyExc_OverflowError, "integers in compiled functions have 64 bits");
    else
      g->foreign = true;
    return false;
  }
  static const char *const weak[] = {[QL_KIND_BOOL] = "bool",
                                     [QL_KIND_INT] = "int",
                                     [QL_KIND_FLOAT] = "float",
                                     [QL_KIND_COMPLEX] = "complex"};
  if (g->count == MOST_PARTS) {
    PyErr_SetString(PyExc_TypeError, "too many arguments for a compiled function");
    return false;
  }
  g->parts[g->count++] = scalar.value;
  return compiled_write_type(
      g, scalar.weak ? weak[ql_dtype_info[scalar.dtype].kind] : ql_dtype_info[scalar.dtype].ir);
}

static bool take_tuple(Gather *g, PyObject *tuple) {
  if (!compiled_write_type(g, "(") ||
      Py_EnterRecursiveCall(" in the arguments of a compiled function"))
    return false;
  bool good = true;
  for (Py_ssize_t k = 0; good && k < PyTuple_GET_SIZE(tuple); k++)
    good = (k == 0 || compiled_write_type(g, ", ")) && compiled_take(g, PyTuple_GET_ITEM(tuple, k));
  Py_LeaveRecursiveCall();
  return good && compiled_write_type(g, ")");
}

/* "named3 x y(f64, int)"; other subclasses of tuple are tuples. */
static bool take_named(Gather *g, PyObject *tuple) {
  PyObject *type = (PyObject *)Py_TYPE(tuple);
  if (!PyObject_HasAttrString(type, "_fields")) return take_tuple(g, tuple);
  PyObject *names = PyImport_ImportModule("quelea.compiling.names"),
           *text = names ? PyObject_CallMethod(names, "named", "O", type) : NULL;
  const char *name = text ? PyUnicode_AsUTF8(text) : NULL;
  bool good = name && compiled_write_type(g, "named") && compiled_write_type(g, name);
  Py_XDECREF(text);
  Py_XDECREF(names);
  return good && take_tuple(g, tuple);
}

static bool take_slice(Gather *g, PyObject *object) {
  const PySliceObject *slice = (PySliceObject *)object;
  return compiled_write_type(g, "slice(") && compiled_take(g, slice->start) &&
         compiled_write_type(g, ", ") && compiled_take(g, slice->stop) &&
         compiled_write_type(g, ", ") && compiled_take(g, slice->step) &&
         compiled_write_type(g, ")");
}

bool compiled_take(Gather *g, PyObject *object) {
  if (PyArray_CheckExact(object)) return take_array(g, (PyArrayObject *)object);
  if (qx_is_array(object)) return take_ours(g, object);
  if (object == Py_None) return compiled_write_type(g, "none");
  if (PyTuple_CheckExact(object)) return take_tuple(g, object);
  if (PyTuple_Check(object)) return take_named(g, object);
  if (PySlice_Check(object)) return take_slice(g, object);
  return take_scalar(g, object);
}

/* ---- which arrays there are ---- */

bool compiled_holds_ours(PyObject *object) {
  if (qx_is_array(object)) return true;
  if (!PyTuple_Check(object)) return false;
  for (Py_ssize_t k = 0; k < PyTuple_GET_SIZE(object); k++)
    if (compiled_holds_ours(PyTuple_GET_ITEM(object, k))) return true;
  return false;
}

QlOnRanks compiled_on_ranks(PyObject *object) {
  QlOnRanks found = QL_NOT_ON_RANKS;
  if (qx_is_array(object)) return ql_is_on_ranks(qx_array(object));
  for (Py_ssize_t k = 0; PyTuple_Check(object) && k < PyTuple_GET_SIZE(object); k++) {
    QlOnRanks one = compiled_on_ranks(PyTuple_GET_ITEM(object, k));
    if (one > found) found = one;
  }
  return found;
}

/* One of NumPy's that would have to be copied, for longer than it takes to read it here. */
bool compiled_holds_large(PyObject *object) {
  if (qx_is_array(object)) return qx_array(object)->part != QL_PART_ALL;
  if (PyArray_CheckExact(object)) return PyArray_SIZE((PyArrayObject *)object) > FEW_ELEMENTS;
  for (Py_ssize_t k = 0; PyTuple_Check(object) && k < PyTuple_GET_SIZE(object); k++)
    if (compiled_holds_large(PyTuple_GET_ITEM(object, k))) return true;
  return false;
}

/* ---- what ranks must have in common ---- */

/* An array of NumPy's: its shape and its elements, wherever they lie. */
static uint64_t hash_array(uint64_t hash, PyArrayObject *array) {
  for (int axis = 0; axis < PyArray_NDIM(array); axis++)
    hash = ql_mix(hash, (uint64_t)PyArray_DIM(array, axis));
  PyArrayObject *copy = PyArray_GETCONTIGUOUS(array);
  if (!copy) return PyErr_Clear(), hash;
  hash = ql_hash_bytes(hash, PyArray_DATA(copy), (size_t)PyArray_NBYTES(copy));
  Py_DECREF(copy);
  return hash;
}

/* The values that the call depends on but those of Quelea's arrays, for the other ranks to have the
 * same. */
uint64_t compiled_hash(const Gather *g) {
  uint64_t hash = 0;
  for (int p = 0, next = 0; p < g->count;) {
    if (next == g->array_count || p < g->at[next]) {
      hash = ql_mix(ql_mix(hash, g->parts[p].bits[0]), g->parts[p].bits[1]);
      p++;
      continue;
    }
    PyObject *array = g->arrays[next++];
    bool ours = qx_is_array(array);
    p += 2 + 2 * (ours ? qx_array(array)->ndim : PyArray_NDIM((PyArrayObject *)array));
    if (!ours) hash = hash_array(hash, (PyArrayObject *)array);
  }
  return hash;
}

void compiled_end_gather(const Gather *g) {
  for (int k = 0; k < g->array_count; k++) Py_DECREF(g->arrays[k]);
}
