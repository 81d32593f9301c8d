/* attributes: shape, dtype, T and their like. None of them records anything, except the parts of
 * complex arrays. */
#include "ext.h"

#define SELF ((QxArray *)self)
#define GETTER(name) static PyObject *name(PyObject *self, void *unused)

GETTER(get_shape) {
  (void)unused;
  return qx_shape_to_python(qx_array(self)->ndim, qx_array(self)->shape);
}
/* The same elements in another shape, where no copy is needed. */
static int set_shape(PyObject *self, PyObject *value, void *unused) {
  (void)unused;
  int ndim;
  int64_t shape[QL_MAX_DIMS];
  if (!value) return PyErr_SetString(PyExc_AttributeError, "Cannot delete array shape"), -1;
  if (SELF->value)
    return PyErr_SetString(PyExc_AttributeError, "attribute 'shape' of a scalar is not writable"),
           -1;
  if (qx_shape_from_python(value, &ndim, shape, true) < 0) return -1;
  PyObject *seen = qx_reshape(self, ndim, shape);
  if (!seen) return -1;
  QlArray *view = qx_array(seen);
  int status = 0;
  if (view->storage != qx_array(self)->storage) {
    PyErr_SetString(PyExc_AttributeError,
                    "Incompatible shape for in-place modification. Use `.reshape()` to make a copy "
                    "with the desired shape.");
    status = -1;
  } else {
    ((QxArray *)seen)->array = SELF->array, SELF->array = view;
  }
  Py_DECREF(seen);
  return status;
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

/* In bytes, over the array's virtual C-order global array (contract C2): what NumPy's array of the
 * same history would have. */
GETTER(get_strides) {
  (void)unused;
  const QlArray *array = qx_array(self);
  int64_t bytes[QL_MAX_DIMS];
  int64_t step = (int64_t)ql_item_step(array);
  for (int i = 0; i < array->ndim; i++) bytes[i] = array->strides[i] * step;
  return qx_shape_to_python(array->ndim, bytes);
}

GETTER(get_transposed) {
  (void)unused;
  return qx_array(self)->ndim < 2 ? Py_NewRef(self) : qx_transpose(SELF, NULL);
}

GETTER(get_matrix_transposed) {
  (void)unused;
  int ndim = qx_array(self)->ndim, axes[QL_MAX_DIMS];
  if (ndim < 2)
    return PyErr_Format(PyExc_ValueError, "matrix transpose with ndim < 2 is undefined");
  for (int i = 0; i < ndim; i++) axes[i] = i;
  axes[ndim - 1] = ndim - 2, axes[ndim - 2] = ndim - 1;
  return qx_transpose(SELF, axes);
}

/* A view of the parts of a complex array; what is a value, as NumPy's scalars are, has values as
 * parts. */
static PyObject *part(PyObject *self, QlPart part) {
  QlArray *view;
  QL_ERROR(error);
  if (SELF->value) return qx_unary(part == QL_PART_REAL ? QL_OP_REAL : QL_OP_IMAG, self);
  if (ql_part(qx_array(self), part, &view, &error)) return qx_raise(&error);
  PyObject *result = qx_wrap(view, false);
  if (result) ((QxArray *)result)->readonly = SELF->readonly;
  return result;
}

static bool is_complex(PyObject *self) {
  return ql_dtype_info[qx_array(self)->dtype].kind == QL_KIND_COMPLEX;
}

GETTER(get_real) {
  (void)unused;
  return is_complex(self) ? part(self, QL_PART_REAL) : Py_NewRef(self);
}

GETTER(get_imag) {
  (void)unused;
  if (is_complex(self)) return part(self, QL_PART_IMAG);
  /* NumPy makes them in C or Fortran order */
  QlArray *array = qx_array(self);
  PyObject *result = qx_unary(QL_OP_IMAG, self);
  bool is_fortran = qx_is_contiguous(array, QL_ORDER_F) && !qx_is_contiguous(array, QL_ORDER_C);
  QlOrder order = is_fortran ? QL_ORDER_F : QL_ORDER_C;
  if (result && !SELF->value && !qx_is_contiguous(qx_array(result), order))
    Py_SETREF(result, qx_astype(qx_array(result), qx_array(result)->dtype, order, false));
  if (result) ((QxArray *)result)->value = SELF->value;
  if (result)
    ((QxArray *)result)->readonly = true; /* zeros of a real array are read-only in NumPy too */
  return result;
}

static int set_part(PyObject *part, PyObject *value) { /* takes the reference to part over */
  int done = part ? PyObject_SetItem(part, Py_Ellipsis, value) : -1;
  Py_XDECREF(part);
  return done;
}
static int set_real(PyObject *self, PyObject *value, void *unused) {
  if (!value)
    return PyErr_SetString(PyExc_AttributeError, "cannot delete the real part of an array"), -1;
  return set_part(get_real(self, unused), value);
}
static int set_imag(PyObject *self, PyObject *value, void *unused) {
  if (!value)
    return PyErr_SetString(PyExc_AttributeError, "cannot delete the imaginary part of an array"),
           -1;
  if (!is_complex(self))
    return PyErr_SetString(PyExc_TypeError, "array does not have imaginary part to set"), -1;
  return set_part(get_imag(self, unused), value);
}

GETTER(get_device) {
  (void)self, (void)unused;
  return PyUnicode_FromString("cpu");
}

PyGetSetDef qx_array_attributes[] = {
    {"shape", get_shape, set_shape,
     "Extents, a tuple of ints; assigning another one of as many elements reshapes in place, "
     "without a copy.",
     NULL},
    {"ndim", get_ndim, NULL, "Number of axes.", NULL},
    {"size", get_size, NULL, "Number of elements, over all ranks.", NULL},
    {"dtype", get_dtype, NULL, "The numpy.dtype of the elements.", NULL},
    {"itemsize", get_itemsize, NULL, "Bytes of one element.", NULL},
    {"nbytes", get_nbytes, NULL, "Bytes of all elements, over all ranks.", NULL},
    {"strides", get_strides, NULL,
     "Bytes between neighbours along each axis, as in NumPy's array of the same history.", NULL},
    {"T", get_transposed, NULL, "A view with the axes reversed.", NULL},
    {"mT", get_matrix_transposed, NULL, "A view with the last two axes exchanged.", NULL},
    {"real", get_real, set_real,
     "The real parts: of complex arrays a view, of others the array itself.", NULL},
    {"imag", get_imag, set_imag,
     "The imaginary parts: of complex arrays a view, of others zeros that cannot be assigned.",
     NULL},
    {"device", get_device, NULL, "\"cpu\", for the array API.", NULL},
    {NULL},
};
