/* views: handles that look at the same elements in another shape. They record nothing; a copy is
 * made only where NumPy makes one. */
#include "ext.h"

#include <stdlib.h>

/* A view inherits what forbids writing, but is no scalar-like value itself. */
static PyObject *wrap_view(const QxArray *base, QlArray *view) {
  if (QX_UNLIKELY(base->value)) { /* of a value, as of NumPy's scalars, a copy */
    PyObject *copy = qx_astype(view, (QlDtype)view->dtype, QL_ORDER_C, false);
    qx_release(view);
    return copy;
  }
  PyObject *object = qx_wrap(view, false);
  if (object) ((QxArray *)object)->readonly = base->readonly;
  return object;
}

PyObject *qx_view(QxArray *base, int ndim, const int64_t *shape, const int64_t *strides,
                  int64_t offset) {
  QlArray *view;
  QL_ERROR(error);
  if (QX_UNLIKELY(qx_enter() < 0)) return NULL;
  if (QX_UNLIKELY(ql_view(base->array, ndim, shape, strides, offset, &view, &error)))
    return qx_raise(&error);
  return wrap_view(base, view);
}

PyObject *qx_bits(QxArray *base, QlDtype dtype) {
  QlArray *view;
  QL_ERROR(error);
  if (qx_enter() < 0) return NULL;
  if (ql_bits(base->array, dtype, &view, &error)) return qx_raise(&error);
  return wrap_view(base, view);
}

PyObject *qx_strided(QxArray *base, int ndim, const int64_t *shape, const int64_t *strides) {
  QlArray *view;
  QL_ERROR(error);
  if (qx_enter() < 0) return NULL;
  if (ql_strided(base->array, ndim, shape, strides, &view, &error)) return qx_raise(&error);
  return wrap_view(base, view);
}

/* ---- reshape ---- */

/* A shape as NumPy writes it in this message: unknown extents are left out at the start, and
 * "newaxis" later. */
static PyObject *shape_words(int ndim, const int64_t *shape) {
  int first = 0;
  while (first < ndim && shape[first] < 0) first++;
  PyObject *words = PyUnicode_FromString("(");
  for (int i = first; words && i < ndim; i++) {
    const char *comma = i > first ? "," : "";
    PyObject *longer = shape[i] < 0
                           ? PyUnicode_FromFormat("%U%snewaxis", words, comma)
                           : PyUnicode_FromFormat("%U%s%lld", words, comma, (long long)shape[i]);
    Py_SETREF(words, longer);
  }
  if (words)
    Py_SETREF(words, PyUnicode_FromFormat(ndim == 1 && first == 0 ? "%U,)" : "%U)", words));
  return words;
}

static PyObject *cannot_reshape(int64_t size, int ndim, const int64_t *shape) {
  PyObject *words = shape_words(ndim, shape);
  if (words)
    PyErr_Format(PyExc_ValueError, "cannot reshape array of size %lld into shape %U",
                 (long long)size, words);
  Py_XDECREF(words);
  return NULL;
}

/* Replaces the one extent that is -1. */
static bool complete_shape(int64_t size, int ndim, int64_t *shape) {
  int64_t known = 1;
  int unknown = -1;
  bool overflow = false;
  for (int i = 0; i < ndim; i++) {
    if (shape[i] >= 0) {
      overflow |= __builtin_mul_overflow(known, shape[i], &known);
    } else if (unknown >= 0) {
      PyErr_SetString(PyExc_ValueError, "can only specify one unknown dimension");
      return false;
    } else {
      unknown = i;
    }
  }
  if (unknown >= 0 && !overflow && known > 0 && size % known == 0)
    shape[unknown] = size / known, known = size;
  if (overflow || known != size || (unknown >= 0 && shape[unknown] < 0)) {
    cannot_reshape(size, ndim, shape);
    return false;
  }
  return true;
}

static void c_order_strides(int ndim, const int64_t *shape, int64_t *strides) {
  int64_t step = 1;
  for (int i = ndim - 1; i >= 0; i--) strides[i] = step, step *= shape[i] > 0 ? shape[i] : 1;
}

bool qx_is_contiguous(const QlArray *array, QlOrder order) {
  int64_t step = 1;
  if (ql_item_step(array) != ql_dtype_size(array->dtype) && array->size > 1) return false;
  for (int i = 0; i < array->ndim && array->size > 0; i++) {
    int a = order == QL_ORDER_F ? i : array->ndim - 1 - i;
    if (array->shape[a] != 1 && array->strides[a] != step) return false;
    step *= array->shape[a];
  }
  return true;
}

PyObject *qx_reshape(PyObject *self, int ndim, int64_t *shape) {
  QlArray *array = qx_array(self);
  int64_t strides[QL_MAX_DIMS];
  if (!complete_shape(array->size, ndim, shape)) return NULL;
  if (ql_reshape_strides(array, ndim, shape, strides))
    return qx_view((QxArray *)self, ndim, shape, strides, array->offset);
  PyObject *copy = qx_astype(array, array->dtype, QL_ORDER_C, false);
  if (!copy) return NULL;
  c_order_strides(ndim, shape, strides);
  PyObject *view = qx_view((QxArray *)copy, ndim, shape, strides, qx_array(copy)->offset);
  Py_DECREF(copy);
  return view;
}

PyObject *qx_reshape_in_order(PyObject *self, int ndim, int64_t *shape, QlOrder order) {
  if (order != QL_ORDER_F) return qx_reshape(self, ndim, shape);
  int64_t reversed[QL_MAX_DIMS];
  if (!complete_shape(qx_array(self)->size, ndim, shape)) return NULL;
  for (int i = 0; i < ndim; i++) reversed[i] = shape[ndim - 1 - i];
  PyObject *turned = qx_transpose((QxArray *)self, NULL);
  PyObject *shaped = turned ? qx_reshape(turned, ndim, reversed) : NULL;
  PyObject *result = shaped ? qx_transpose((QxArray *)shaped, NULL) : NULL;
  Py_XDECREF(turned), Py_XDECREF(shaped);
  return result;
}

/* A view whose axes are in the order in which they lie in memory. */
static PyObject *as_it_lies(PyObject *self) {
  int order[QL_MAX_DIMS];
  QlArray *const array = qx_array(self);
  ql_lying_order(array->ndim, 1, &array, order);
  return qx_transpose((QxArray *)self, order);
}

PyObject *qx_ravel(PyObject *self, QlOrder order, bool copy) {
  PyObject *seen = order == QL_ORDER_F   ? qx_transpose((QxArray *)self, NULL)
                   : order == QL_ORDER_K ? as_it_lies(self)
                                         : Py_NewRef(self);
  if (!seen) return NULL;
  QlArray *array = qx_array(seen);
  int64_t shape[1] = {array->size};
  if (copy || !qx_is_contiguous(array, QL_ORDER_C))
    Py_SETREF(seen, qx_astype(array, array->dtype, QL_ORDER_C, false));
  PyObject *flat = seen ? qx_reshape(seen, 1, shape) : NULL;
  Py_XDECREF(seen);
  return flat;
}

/* ---- axes ---- */

PyObject *qx_transpose(QxArray *self, const int *axes) {
  const QlArray *array = self->array;
  int64_t shape[QL_MAX_DIMS], strides[QL_MAX_DIMS];
  for (int i = 0; i < array->ndim; i++) {
    int from = axes ? axes[i] : array->ndim - 1 - i;
    shape[i] = array->shape[from], strides[i] = array->strides[from];
  }
  return qx_view(self, array->ndim, shape, strides, array->offset);
}

PyObject *qx_squeeze(QxArray *self, PyObject *axis) {
  const QlArray *array = self->array;
  uint32_t axes;
  if (qx_axes_from_python(axis, array->ndim, &axes) < 0) return NULL;
  int64_t shape[QL_MAX_DIMS], strides[QL_MAX_DIMS];
  int ndim = 0;
  for (int i = 0; i < array->ndim; i++) {
    bool named = axes >> i & 1;
    if (named && array->shape[i] == 1) continue;
    if (named && !qx_absent(axis))
      return PyErr_Format(PyExc_ValueError,
                          "cannot select an axis to squeeze out which has size not equal to one");
    shape[ndim] = array->shape[i], strides[ndim++] = array->strides[i];
  }
  if (self->value) return Py_NewRef((PyObject *)self);
  return qx_view(self, ndim, shape, strides, array->offset);
}

static PyObject *cannot_broadcast(const QlArray *array, int ndim, const int64_t *shape) {
  if (array->ndim > ndim)
    return PyErr_Format(PyExc_ValueError,
                        "input operand has more dimensions than allowed by the axis remapping");
  PyObject *from = shape_words(array->ndim, array->shape),
           *to = from ? shape_words(ndim, shape) : NULL;
  if (to)
    PyErr_Format(PyExc_ValueError,
                 "operands could not be broadcast together with remapped shapes "
                 "[original->remapped]: %U  and "
                 "requested shape %U",
                 from, to);
  Py_XDECREF(from), Py_XDECREF(to);
  return NULL;
}

PyObject *qx_broadcast_to(QxArray *self, int ndim, const int64_t *shape) {
  QL_ERROR(error);
  QlArray *view;
  if (qx_enter() < 0) return NULL;
  QlStatus status = ql_broadcast(self->array, ndim, shape, &view, &error);
  if (status == QL_ERR_VALUE) return cannot_broadcast(self->array, ndim, shape);
  if (status) return qx_raise(&error);
  PyObject *object = qx_wrap(view, false); /* of a value, too: nobody writes there */
  if (object) ((QxArray *)object)->readonly = true;
  return object;
}
