/* attributes: shape, dtype, T and their like. None of them records anything, except the parts of complex arrays. */
#include "ext.h"

#define SELF ((QxArray *)self)
#define GETTER(name) static PyObject *name(PyObject *self, void *unused)

GETTER(get_shape) {
  (void)unused;
  return qx_shape_to_python(qx_array(self)->ndim, qx_array(self)->shape);
}
GETTER(get_ndim) {
  (void)unused;
  return PyLong_FromLong(qx_array(self)->ndim);
}
GETTER(get_size) {
  (void)unused;
  return PyLong_FromLongLong(qx_array(self)->size);
}
GETTER(get_dtype) {
  (void)unused;
  return Py_NewRef((PyObject *)qx.descr[qx_array(self)->dtype]);
}
GETTER(get_itemsize) {
  (void)unused;
  return PyLong_FromSize_t(ql_dtype_size(qx_array(self)->dtype));
}

GETTER(get_nbytes) {
  (void)unused;
  return PyLong_FromLongLong(qx_array(self)->size * (int64_t)ql_dtype_size(qx_array(self)->dtype));
}

/* In bytes, over the array's virtual C-order global array (contract C2): what NumPy's array of the same history would
 * have. */
GETTER(get_strides) {
  (void)unused;
  const QlArray *array = qx_array(self);
  int64_t bytes[QL_MAX_DIMS];
  for (int i = 0; i < array->ndim; i++) bytes[i] = array->strides[i] * (int64_t)ql_dtype_size(array->dtype);
  return qx_shape_to_python(array->ndim, bytes);
}

GETTER(get_transposed) {
  (void)unused;
  return qx_array(self)->ndim < 2 ? Py_NewRef(self) : qx_transpose(SELF, NULL);
}

GETTER(get_matrix_transposed) {
  (void)unused;
  int ndim = qx_array(self)->ndim, axes[QL_MAX_DIMS];
  if (ndim < 2) return PyErr_Format(PyExc_ValueError, "matrix transpose with ndim < 2 is undefined");
  for (int i = 0; i < ndim; i++) axes[i] = i;
  axes[ndim - 1] = ndim - 2, axes[ndim - 2] = ndim - 1;
  return qx_transpose(SELF, axes);
}

/* Elements are indivisible to the runtime, so the part of a complex array is a new array, marked read-only: writing
 * into it would not reach the array, as it does in NumPy. Assigning to x.real and x.imag works. */
static PyObject *part(PyObject *self, QlOp op) {
  QlArray *array = qx_array(self);
  PyObject *result = qx_unary(op, self);
  if (result && ql_dtype_info[array->dtype].kind == QL_KIND_COMPLEX) ((QxArray *)result)->readonly = true;
  return result;
}

GETTER(get_real) {
  (void)unused;
  return ql_dtype_info[qx_array(self)->dtype].kind == QL_KIND_COMPLEX ? part(self, QL_OP_REAL) : Py_NewRef(self);
}

GETTER(get_imag) {
  (void)unused;
  PyObject *result = part(self, QL_OP_IMAG);
  if (result) ((QxArray *)result)->readonly = true; /* zeros of a real array are read-only in NumPy too */
  return result;
}

static int set_part(PyObject *hook, PyObject *self, PyObject *value) {
  if (!value) return PyErr_SetString(PyExc_AttributeError, "cannot delete the part of an array"), -1;
  PyObject *const args[2] = {self, value};
  PyObject *done = PyObject_Vectorcall(hook, args, 2, NULL);
  Py_XDECREF(done);
  return done ? 0 : -1;
}
static int set_real(PyObject *self, PyObject *value, void *unused) {
  (void)unused;
  return set_part(qx.hooks.assign_real, self, value);
}
static int set_imag(PyObject *self, PyObject *value, void *unused) {
  (void)unused;
  return set_part(qx.hooks.assign_imag, self, value);
}

GETTER(get_device) {
  (void)self, (void)unused;
  return PyUnicode_FromString("cpu");
}

PyGetSetDef qx_array_attributes[] = {
    {"shape", get_shape, NULL, "Extents, a tuple of ints.", NULL},
    {"ndim", get_ndim, NULL, "Number of axes.", NULL},
    {"size", get_size, NULL, "Number of elements, over all ranks.", NULL},
    {"dtype", get_dtype, NULL, "The numpy.dtype of the elements.", NULL},
    {"itemsize", get_itemsize, NULL, "Bytes of one element.", NULL},
    {"nbytes", get_nbytes, NULL, "Bytes of all elements, over all ranks.", NULL},
    {"strides", get_strides, NULL, "Bytes between neighbours along each axis, as in NumPy's array of the same history.",
     NULL},
    {"T", get_transposed, NULL, "A view with the axes reversed.", NULL},
    {"mT", get_matrix_transposed, NULL, "A view with the last two axes exchanged.", NULL},
    {"real", get_real, set_real, "The real part.", NULL},
    {"imag", get_imag, set_imag, "The imaginary part.", NULL},
    {"device", get_device, NULL, "\"cpu\", for the array API.", NULL},
    {NULL},
};
