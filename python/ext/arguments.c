/* arguments: keyword arguments of vectorcalls, shapes and axes. CPython's own parser is too slow
 * for what is called once per array operation and cannot take a shape as several arguments. */
#include "ext.h"

#include <string.h>

bool qx_absent(PyObject *value) { return value == NULL || value == Py_None; }

static int word_index(const QxSignature *signature, PyObject *keyword) {
  for (int i = 0; i < signature->count; i++)
    if (PyUnicode_CompareWithASCIIString(keyword, signature->words[i]) == 0) return i;
  return -1;
}

bool qx_parse(const QxSignature *signature, PyObject *const *args, Py_ssize_t nargs,
              PyObject *kwnames, PyObject **values) {
  if (nargs > signature->positional) {
    PyErr_Format(PyExc_TypeError, "%s() takes at most %d positional arguments but %zd were given",
                 signature->name, signature->positional, nargs);
    return false;
  }
  for (int i = 0; i < signature->count; i++) values[i] = i < nargs ? args[i] : NULL;
  Py_ssize_t named = kwnames ? PyTuple_GET_SIZE(kwnames) : 0;
  for (Py_ssize_t k = 0; k < named; k++) {
    PyObject *keyword = PyTuple_GET_ITEM(kwnames, k);
    int i = word_index(signature, keyword);
    if (i < 0) {
      PyErr_Format(PyExc_TypeError, "%s() got an unexpected keyword argument '%U'", signature->name,
                   keyword);
      return false;
    }
    if (values[i]) {
      PyErr_Format(PyExc_TypeError, "%s() got multiple values for argument '%U'", signature->name,
                   keyword);
      return false;
    }
    values[i] = args[nargs + k];
  }
  for (int i = 0; i < signature->required; i++)
    if (!values[i]) {
      PyErr_Format(PyExc_TypeError, "%s() missing required argument '%s' (pos %d)", signature->name,
                   signature->words[i], i + 1);
      return false;
    }
  return true;
}

/* As NumPy, which takes no boolean for an integer here. */
static bool refuse_bool(PyObject *object) {
  if (!PyBool_Check(object) && !PyArray_IsScalar(object, Bool)) return false;
  PyErr_SetString(PyExc_TypeError, "an integer is required");
  return true;
}

static int extent_from_python(PyObject *object, int64_t *extent, bool allow_negative) {
  if (refuse_bool(object)) return -1;
  Py_ssize_t value = PyNumber_AsSsize_t(object, PyExc_ValueError);
  if (value == -1 && PyErr_Occurred()) return -1;
  if (value < 0 && !allow_negative) {
    PyErr_SetString(PyExc_ValueError, "negative dimensions are not allowed");
    return -1;
  }
  *extent = value;
  return 0;
}

int qx_shape_from_args(PyObject *const *args, Py_ssize_t nargs, int *ndim, int64_t *shape) {
  if (nargs > QL_MAX_DIMS) {
    PyErr_Format(PyExc_ValueError,
                 "maximum supported dimension for an ndarray is currently %d, found %zd",
                 QL_MAX_DIMS, nargs);
    return -1;
  }
  for (Py_ssize_t i = 0; i < nargs; i++)
    if (extent_from_python(args[i], &shape[i], true) < 0) return -1;
  *ndim = (int)nargs;
  return 0;
}

/* An array has __index__ too, but only one without axes is an int. */
static bool is_int(PyObject *object) {
  if (PyLong_CheckExact(object)) return true;
  if (!PyIndex_Check(object)) return false;
  if (!PySequence_Check(object) || PySequence_Size(object) < 0) return PyErr_Clear(), true;
  return false;
}

int qx_shape_from_python(PyObject *object, int *ndim, int64_t *shape, bool allow_negative) {
  if (is_int(object)) {
    *ndim = 1;
    return extent_from_python(object, shape, allow_negative);
  }
  if (!PySequence_Check(object)) /* sets and generators are none */
    return PyErr_Format(PyExc_TypeError,
                        "expected a sequence of integers or a single integer, got %R", object),
           -1;
  PyObject *given = PySequence_Fast(object, "a shape must be an int or a sequence of ints");
  PyObject *items =
      given ? PySequence_Tuple(given) : NULL; /* not a list, which __index__ may change */
  Py_XDECREF(given);
  if (!items) return -1;
  int status =
      qx_shape_from_args(PySequence_Fast_ITEMS(items), PyTuple_GET_SIZE(items), ndim, shape);
  Py_DECREF(items);
  for (int i = 0; status == 0 && !allow_negative && i < *ndim; i++)
    if (shape[i] < 0) {
      PyErr_SetString(PyExc_ValueError, "negative dimensions are not allowed");
      return -1;
    }
  return status;
}

int qx_axis_from_python(PyObject *object, int ndim, int *axis, const char *prefix) {
  Py_ssize_t value = PyNumber_AsSsize_t(object, PyExc_OverflowError);
  if (value == -1 && PyErr_Occurred()) return -1;
  if (value < -ndim || value >= ndim) {
    qx_axis_error(value, ndim, prefix);
    return -1;
  }
  *axis = (int)(value < 0 ? value + ndim : value);
  return 0;
}

static int axis_into_mask(PyObject *object, int ndim, uint32_t *axes) {
  int axis;
  if (refuse_bool(object)) return -1;
  Py_ssize_t value = PyNumber_AsSsize_t(object, PyExc_OverflowError);
  if (value != (int)value)
    return PyErr_SetString(PyExc_ValueError, "integer won't fit into a C int"), -1;
  if (qx_axis_from_python(object, ndim, &axis, NULL) < 0) return -1;
  if (*axes >> axis & 1) {
    PyErr_SetString(PyExc_ValueError, "duplicate value in 'axis'");
    return -1;
  }
  *axes |= 1u << axis;
  return 0;
}

int qx_axes_from_python(PyObject *object, int ndim, uint32_t *axes) {
  *axes = 0;
  if (qx_absent(object)) {
    *axes = (1u << ndim) - 1;
    return 0;
  }
  if (!PyTuple_Check(object)) {
    if (ndim > 0 || !PyIndex_Check(object)) return axis_into_mask(object, ndim, axes);
    uint32_t ignored = 0; /* NumPy lets axis 0 and -1 of a 0-d array stand for no axis */
    return axis_into_mask(object, 1, &ignored);
  }
  for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(object); i++)
    if (axis_into_mask(PyTuple_GET_ITEM(object, i), ndim, axes) < 0) return -1;
  return 0;
}

int qx_flag_from_python(PyObject *value, bool fallback) {
  if (!value) return fallback;
  return PyObject_IsTrue(value);
}

PyObject *qx_shape_to_python(int ndim, const int64_t *shape) {
  PyObject *tuple = PyTuple_New(ndim);
  for (int i = 0; tuple && i < ndim; i++) {
    PyObject *extent = PyLong_FromLongLong(shape[i]);
    if (!extent) {
      Py_CLEAR(tuple);
      break;
    }
    PyTuple_SET_ITEM(tuple, i, extent);
  }
  return tuple;
}

int qx_integer_flag(PyObject *value, bool fallback) {
  if (!value || PyBool_Check(value)) return value ? value == Py_True : fallback;
  PyObject *index = PyNumber_Index(value);
  long flag = index ? PyLong_AsLong(index) : -1;
  Py_XDECREF(index);
  if (flag == -1 && PyErr_Occurred()) return -1;
  if (flag == (int)flag) return flag != 0;
  PyErr_SetString(PyExc_OverflowError, "Python int too large to convert to C int");
  return -1;
}

const char *qx_word(PyObject *object) {
  if (PyBytes_Check(object)) return PyBytes_AS_STRING(object);
  return PyUnicode_Check(object) ? PyUnicode_AsUTF8(object) : NULL;
}

char qx_order_letter(PyObject *object) {
  const char *text = qx_word(object);
  if (text && text[0] && !text[1] && strchr("CFAKcfak", text[0])) return (char)(text[0] & ~0x20);
  if (!PyErr_Occurred() && text)
    PyErr_Format(PyExc_ValueError, "order must be one of 'C', 'F', 'A', or 'K' (got %R)", object);
  else if (!PyErr_Occurred())
    PyErr_Format(PyExc_TypeError, "order must be str, not %s", Py_TYPE(object)->tp_name);
  return 0;
}

int qx_order_from_python(PyObject *object, const QlArray *array, QlOrder otherwise,
                         QlOrder *order) {
  *order = otherwise;
  if (qx_absent(object)) return 0;
  bool is_fortran = false;
  switch (qx_order_letter(object)) {
    case 0: return -1;
    case 'F': is_fortran = true; break;
    case 'K': *order = QL_ORDER_K; return 0;
    case 'A':
      is_fortran = qx_is_contiguous(array, QL_ORDER_F) && !qx_is_contiguous(array, QL_ORDER_C);
      break;
    default: break;
  }
  *order = is_fortran ? QL_ORDER_F : QL_ORDER_C;
  return 0;
}
