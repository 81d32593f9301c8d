/* buffer: the buffer protocol (PEP 3118), and what __array_interface__ shows: an export of the
 * array's memory, read-only, for whoever knows nothing of NumPy (bytes, files, hashes, images,
 * mpi4py). Given where this process holds all of the array: it is alone, or the array is
 * replicated. What ranks share is refused alike on one node and on many.
 *
 * numpy.asarray asks in this order: for a buffer, whose errors it ignores; for
 * __array_interface__, of which it ignores AttributeError; for __array__. So what ranks share goes
 * the third way, on which they agree; and the error of a buffer whose array could not be computed
 * is raised again when __array_interface__ is asked for next. */
#include "ext.h"

#include <stdlib.h>

typedef struct Buffer {
  QlExport *token;
  Py_ssize_t extents[]; /* the shape, then the strides */
} Buffer;

static const char not_held[] =
    "the elements of this array are partitioned among the ranks, and this one does not hold them "
    "all; pass numpy.asarray(x), a copy, which every rank asks for";

/* Does this process hold all elements? Executes what is recorded. 1, 0, or -1: exception. */
static int is_held(QlArray *array) {
  QL_ERROR(error);
  if (qx_enter_at() < 0) return -1;
  if (ql_info(qx.context).size == 1) return 1;
  if (!ql_is_partitioned(array) && ql_settle(array, &error)) return qx_raise_int(&error);
  return !ql_is_partitioned(array);
}

/* ---- an error that NumPy ignores ---- */

static void forget_error(void) {
  Py_CLEAR(qx.buffer_error.of);
  Py_CLEAR(qx.buffer_error.type);
  Py_CLEAR(qx.buffer_error.value);
}

static int note_error(PyObject *object) {
  PyObject *type, *value, *trace;
  PyErr_Fetch(&type, &value, &trace);
  qx.buffer_error.of = Py_NewRef(object);
  qx.buffer_error.type = Py_XNewRef(type), qx.buffer_error.value = Py_XNewRef(value);
  PyErr_Restore(type, value, trace);
  return -1;
}

static bool raise_noted_error(PyObject *object) {
  if (QX_LIKELY(!qx.buffer_error.of)) return false;
  bool is_its = qx.buffer_error.of == object;
  if (is_its)
    PyErr_Restore(Py_XNewRef(qx.buffer_error.type), Py_XNewRef(qx.buffer_error.value), NULL);
  forget_error();
  return is_its;
}

/* ---- the protocol ---- */

static const char *format_of(QlDtype dtype) {
  static const char *const formats[QL_DTYPE_COUNT] = {
      [QL_BOOL] = "?", [QL_I8] = "b",  [QL_I16] = "h",  [QL_I32] = "i",  [QL_I64] = "l",
      [QL_U8] = "B",   [QL_U16] = "H", [QL_U32] = "I",  [QL_U64] = "L",  [QL_F16] = "e",
      [QL_F32] = "f",  [QL_F64] = "d", [QL_C64] = "Zf", [QL_C128] = "Zd"};
  return formats[dtype];
}

/* What NumPy's arrays say when they do not lie as the consumer wants them. */
static const char *unsuitable(bool c, bool fortran, int flags) {
  if ((flags & PyBUF_WRITABLE) == PyBUF_WRITABLE)
    return "buffer source array is read-only: pass a NumPy array, and assign it to this one";
  if ((flags & PyBUF_C_CONTIGUOUS) == PyBUF_C_CONTIGUOUS && !c)
    return "ndarray is not C-contiguous";
  if ((flags & PyBUF_F_CONTIGUOUS) == PyBUF_F_CONTIGUOUS && !fortran)
    return "ndarray is not Fortran contiguous";
  if ((flags & PyBUF_ANY_CONTIGUOUS) == PyBUF_ANY_CONTIGUOUS && !c && !fortran)
    return "ndarray is not contiguous";
  if ((flags & PyBUF_STRIDES) != PyBUF_STRIDES && !c) return "ndarray is not C-contiguous";
  return NULL;
}

/* In bytes. Where elements follow one another those of axes of one element are as if there were
 * more, as of NumPy's buffers. */
static void put_steps(const QlArray *array, bool c, bool fortran, const int64_t *lying,
                      Py_ssize_t *steps) {
  Py_ssize_t step = (Py_ssize_t)ql_dtype_size(array->dtype);
  for (int k = 0; k < array->ndim; k++) {
    int i = c ? array->ndim - 1 - k : k;
    steps[i] = c || fortran ? step : (Py_ssize_t)lying[i];
    step *= array->shape[i] > 0 ? (Py_ssize_t)array->shape[i] : 1;
  }
}

static int get_buffer(PyObject *self, Py_buffer *view, int flags) {
  QL_ERROR(error);
  QlArray *array = qx_array(self);
  int64_t strides[QL_MAX_DIMS];
  const void *data = NULL;
  forget_error();
  view->obj = NULL;
  int held = is_held(array);
  if (held < 0) return note_error(self);
  if (!held) return PyErr_SetString(PyExc_BufferError, not_held), -1;
  bool c = qx_is_contiguous(array, QL_ORDER_C);
  bool fortran = array->ndim < 2 ? c : qx_is_contiguous(array, QL_ORDER_F);
  const char *reason = unsuitable(c, fortran, flags);
  if (reason) return PyErr_SetString(PyExc_ValueError, reason), -1;
  int ndim = array->ndim;
  Buffer *buffer = malloc(sizeof *buffer + (size_t)(2 * ndim + 1) * sizeof *buffer->extents);
  if (!buffer) return PyErr_NoMemory(), -1;
  if (ql_export(array, &data, strides, &buffer->token, &error)) {
    free(buffer);
    qx_raise_int(&error);
    return note_error(self);
  }
  int64_t item = (int64_t)ql_dtype_size(array->dtype);
  for (int i = 0; i < ndim; i++) buffer->extents[i] = (Py_ssize_t)array->shape[i];
  put_steps(array, c, fortran, strides, buffer->extents + ndim);
  *view = (Py_buffer){
      .buf = data ? (void *)(uintptr_t)data : buffer, /* of no elements: anything */
      .obj = Py_NewRef(self),
      .len = (Py_ssize_t)(array->size * item),
      .itemsize = (Py_ssize_t)item,
      .readonly = 1,
      .ndim = (flags & PyBUF_ND) || !ndim ? ndim : 1, /* plain bytes */
      .format = (flags & PyBUF_FORMAT) ? (char *)(uintptr_t)format_of(array->dtype) : NULL,
      .shape = (flags & PyBUF_ND) ? buffer->extents : NULL,
      .strides = (flags & PyBUF_STRIDES) == PyBUF_STRIDES ? buffer->extents + ndim : NULL,
      .internal = buffer};
  return 0;
}

static void release_buffer(PyObject *self, Py_buffer *view) {
  Buffer *buffer = view->internal;
  (void)self;
  qx_unexport(buffer->token);
  free(buffer);
}

PyBufferProcs qx_array_buffer = {get_buffer, release_buffer};

PyObject *qx_held(PyObject *module, PyObject *object) {
  (void)module;
  if (!qx_is_array(object)) return PyErr_Format(PyExc_TypeError, "held takes a quelea.ndarray");
  bool copied;
  if (raise_noted_error(object)) return NULL;
  int held = is_held(qx_array(object));
  if (held == 0) PyErr_SetString(PyExc_AttributeError, not_held);
  return held > 0 ? qx_snapshot(qx_array(object), &copied) : NULL;
}
