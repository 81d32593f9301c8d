/* making: functions that make arrays: what the Python layer calls, and the plain forms of its own
 * functions, which are called often (function.c). A plain form has a shape or an object, and a
 * dtype, and nothing else; any other is left to quelea/creation.py and ranges.py by NotImplemented.
 */
#include "ext.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define FUNCTION(name)                                                             \
  static PyObject *name(PyObject *module, PyObject *const *args, Py_ssize_t nargs, \
                        PyObject *kwnames)

/* ---- from a shape ---- */

FUNCTION(function_empty) {
  static const char *const words[] = {"shape", "dtype"};
  static const QxSignature signature = {"empty", words, 2, 2, 1};
  PyObject *values[2];
  QlDtype dtype;
  int ndim;
  int64_t shape[QL_MAX_DIMS];
  QlArray *array;
  QL_ERROR(error);
  (void)module;
  if (!qx_parse(&signature, args, nargs, kwnames, values) ||
      qx_dtype_from_python(values[1], &dtype) < 0 ||
      qx_shape_from_python(values[0], &ndim, shape, false) < 0 || qx_enter_at() < 0)
    return NULL;
  if (dtype == QL_DTYPE_NONE) dtype = QL_F64;
  if (ql_empty(qx.context, dtype, ndim, shape, &array, &error)) return qx_raise(&error);
  return qx_wrap(array, false);
}

/* A scalar converted to `dtype` as an assignment does it; NONE: its own. 1, 0: no scalar, -1:
 * exception. */
static int scalar_of_dtype(PyObject *object, QlDtype *dtype, QlScalar *scalar) {
  bool huge = false;
  int done = qx_scalar_from_python(object, scalar, &huge);
  if (done <= 0) return done;
  if (*dtype == QL_DTYPE_NONE) *dtype = scalar->dtype;
  if (qx_scalar_for_assignment(object, scalar, *dtype) < 0) return -1;
  scalar->value = ql_convert(scalar->dtype, scalar->value, *dtype);
  scalar->dtype = *dtype, scalar->weak = false;
  return 1;
}

FUNCTION(function_full) {
  static const char *const words[] = {"shape", "fill_value", "dtype"};
  static const QxSignature signature = {"full", words, 3, 3, 2};
  PyObject *values[3];
  QlDtype dtype;
  QlScalar scalar = {0};
  int ndim;
  int64_t shape[QL_MAX_DIMS];
  QlArray *array;
  QL_ERROR(error);
  (void)module;
  if (!qx_parse(&signature, args, nargs, kwnames, values) ||
      qx_dtype_from_python(values[2], &dtype) < 0 ||
      qx_shape_from_python(values[0], &ndim, shape, false) < 0)
    return NULL;
  int done = scalar_of_dtype(values[1], &dtype, &scalar);
  if (done == 0) return PyErr_Format(PyExc_TypeError, "fill_value must be a scalar");
  if (done < 0 || qx_enter_at() < 0) return NULL;
  if (ql_full(qx.context, dtype, ndim, shape, scalar, &array, &error)) return qx_raise(&error);
  return qx_wrap(array, false);
}

FUNCTION(function_ramp) {
  static const char *const words[] = {"shape", "axis", "start", "step", "dtype"};
  static const QxSignature signature = {"ramp", words, 5, 5, 5};
  PyObject *values[5];
  QlDtype dtype;
  QlScalar start = {0}, step = {0};
  int ndim, axis;
  int64_t shape[QL_MAX_DIMS];
  QlArray *array;
  QL_ERROR(error);
  (void)module;
  if (!qx_parse(&signature, args, nargs, kwnames, values) ||
      qx_dtype_from_python(values[4], &dtype) < 0 ||
      qx_shape_from_python(values[0], &ndim, shape, false) < 0 ||
      qx_axis_from_python(values[1], ndim, &axis, NULL) < 0)
    return NULL;
  int first = scalar_of_dtype(values[2], &dtype, &start),
      second = first > 0 ? scalar_of_dtype(values[3], &dtype, &step) : first;
  if (second == 0) return PyErr_Format(PyExc_TypeError, "start and step must be scalars");
  if (second < 0 || qx_enter_at() < 0) return NULL;
  if (ql_ramp(qx.context, dtype, ndim, shape, axis, start, step, &array, &error))
    return qx_raise(&error);
  return qx_wrap(array, false);
}

/* ---- from what Python has ---- */

/* What copy= asks for; AVOIDED: for no copy, which is an error where one is needed. */
typedef enum Copy { AS_NEEDED, ALWAYS, AVOIDED } Copy;

/* `object` itself where it is such an array already, and no copy is asked for. */
static PyObject *as_array(PyObject *object, QlDtype dtype, Copy copy) {
  bool same =
      qx_is_array(object) && (dtype == QL_DTYPE_NONE || dtype == (QlDtype)qx_array(object)->dtype);
  bool is_there = same && !((QxArray *)object)->value; /* of a value an array is a copy */
  if (copy == AVOIDED && !is_there)
    return PyErr_Format(PyExc_ValueError,
                        "Unable to avoid copy while creating an array as requested.");
  if (!qx_is_array(object)) {
    QlArray *array = qx_array_from_python(object, dtype);
    return array ? qx_wrap(array, false) : NULL;
  }
  if (is_there && copy != ALWAYS) return Py_NewRef(object);
  return qx_astype(qx_array(object), same ? (QlDtype)qx_array(object)->dtype : dtype, QL_ORDER_K,
                   false);
}

/* asarray(object, dtype=None, copy=None): anything array-like as a quelea array. */
FUNCTION(function_asarray) {
  static const char *const words[] = {"a", "dtype", "copy"};
  static const QxSignature signature = {"asarray", words, 3, 3, 1};
  PyObject *values[3];
  QlDtype dtype;
  (void)module;
  if (!qx_parse(&signature, args, nargs, kwnames, values) ||
      qx_dtype_from_python(values[1], &dtype) < 0)
    return NULL;
  if (qx_absent(values[2])) return as_array(values[0], dtype, AS_NEEDED);
  if (PyUnicode_Check(values[2]))
    return PyErr_Format(PyExc_ValueError,
                        "strings are not allowed for 'copy' keyword. Use True/False/None instead.");
  int copies = PyObject_IsTrue(values[2]);
  return copies < 0 ? NULL : as_array(values[0], dtype, copies ? ALWAYS : AVOIDED);
}

/* ---- lists of numbers ----
 * Small ones of Python's floats and ints, nested evenly, as NumPy takes them; anything else it
 * takes itself. */

enum { MOST_NUMBERS = 1024 };

typedef struct Numbers {
  int ndim;
  int64_t shape[QL_MAX_DIMS], count;
  bool any_float, complete; /* complete: the depth of the numbers is known */
  union {
    double d;
    int64_t i;
  } value[MOST_NUMBERS];
} Numbers;

static bool is_list(PyObject *object) {
  return PyList_CheckExact(object) || PyTuple_CheckExact(object);
}

/* False: it is no such list. */
static bool measure(PyObject *list, int depth, Numbers *n) {
  PyObject **items = PySequence_Fast_ITEMS(list);
  Py_ssize_t count = PySequence_Fast_GET_SIZE(list);
  if (count == 0 || depth == QL_MAX_DIMS || (n->complete && depth >= n->ndim)) return false;
  if (depth == n->ndim && !n->complete)
    n->shape[n->ndim++] = count;
  else if (n->shape[depth] != count)
    return false;
  for (Py_ssize_t i = 0; i < count; i++) {
    if (is_list(items[i])) {
      if (!measure(items[i], depth + 1, n)) return false;
      continue;
    }
    bool is_float = PyFloat_CheckExact(items[i]);
    if (!is_float && !PyLong_CheckExact(items[i])) return false;
    if (depth + 1 != n->ndim || ++n->count > MOST_NUMBERS) return false;
    n->any_float |= is_float, n->complete = true;
  }
  return true;
}

/* False: one does not fit. */
static bool collect(PyObject *list, bool floats, Numbers *n) {
  PyObject **items = PySequence_Fast_ITEMS(list);
  Py_ssize_t count = PySequence_Fast_GET_SIZE(list);
  for (Py_ssize_t i = 0; i < count; i++) {
    int overflow = 0;
    if (is_list(items[i])) {
      if (!collect(items[i], floats, n)) return false;
    } else if (PyFloat_CheckExact(items[i])) {
      n->value[n->count++].d = PyFloat_AS_DOUBLE(items[i]);
    } else {
      long long integer = PyLong_AsLongLongAndOverflow(items[i], &overflow);
      if (overflow) return false;
      if (floats)
        n->value[n->count++].d = (double)integer;
      else
        n->value[n->count++].i = integer;
    }
  }
  return true;
}

int qx_array_from_numbers(PyObject *object, QlDtype dtype, QlArray **array) {
  Numbers n;
  n.ndim = 0, n.count = 0, n.any_float = n.complete = false;
  if (!is_list(object) || !measure(object, 0, &n)) return 0;
  QlDtype own = n.any_float ? QL_F64 : QL_I64;
  if (dtype == QL_DTYPE_NONE) dtype = own;
  if (dtype != own && dtype != QL_F64) return 0;
  n.count = 0;
  if (!collect(object, dtype == QL_F64, &n)) return 0;
  QL_ERROR(error);
  if (qx_enter_at() < 0) return -1;
  if (ql_import(qx.context, dtype, n.ndim, n.shape, n.value, NULL, array, &error))
    return qx_raise_int(&error);
  return 1;
}

/* ---- plain forms ---- */

/* Fills values[2] by position, or the second by its word. False: it is no plain form. */
static bool take_plain(PyObject *const *args, Py_ssize_t nargs, PyObject *kwnames,
                       PyObject **values) {
  Py_ssize_t named = kwnames ? PyTuple_GET_SIZE(kwnames) : 0;
  if (nargs < 1 || nargs + named > 2) return false;
  values[0] = args[0], values[1] = nargs + named > 1 ? args[1] : NULL;
  return !named || PyUnicode_CompareWithASCIIString(PyTuple_GET_ITEM(kwnames, 0), "dtype") == 0;
}

static PyObject *filled(PyObject *const *args, Py_ssize_t nargs, PyObject *kwnames, int number) {
  PyObject *values[2];
  QlDtype dtype;
  int ndim;
  int64_t shape[QL_MAX_DIMS];
  QlArray *array;
  QL_ERROR(error);
  if (!take_plain(args, nargs, kwnames, values)) Py_RETURN_NOTIMPLEMENTED;
  if (qx_dtype_from_python(values[1], &dtype) < 0 ||
      qx_shape_from_python(values[0], &ndim, shape, false) < 0 || qx_enter_at() < 0)
    return NULL;
  if (dtype == QL_DTYPE_NONE) dtype = QL_F64;
  QlScalar value = {ql_convert(QL_I64, (QlValue){.i = number}, dtype), dtype, .weak = false};
  if (ql_full(qx.context, dtype, ndim, shape, value, &array, &error)) return qx_raise(&error);
  return qx_wrap(array, false);
}

#define PLAIN(name) PyObject *name(PyObject *const *args, Py_ssize_t nargs, PyObject *kwnames)

PLAIN(qx_plain_zeros) { return filled(args, nargs, kwnames, 0); }
PLAIN(qx_plain_ones) { return filled(args, nargs, kwnames, 1); }

PLAIN(qx_plain_empty) {
  PyObject *values[2];
  if (!take_plain(args, nargs, kwnames, values)) Py_RETURN_NOTIMPLEMENTED;
  return function_empty(NULL, values, values[1] ? 2 : 1, NULL);
}

static PyObject *taken(PyObject *const *args, Py_ssize_t nargs, PyObject *kwnames, Copy copy) {
  PyObject *values[2];
  QlDtype dtype;
  if (!take_plain(args, nargs, kwnames, values)) Py_RETURN_NOTIMPLEMENTED;
  if (qx_dtype_from_python(values[1], &dtype) < 0) return NULL;
  return as_array(values[0], dtype, copy);
}

PLAIN(qx_plain_array) { return taken(args, nargs, kwnames, ALWAYS); }
PLAIN(qx_plain_asarray) { return taken(args, nargs, kwnames, AS_NEEDED); }

/* ---- ranges ---- */

enum { START, STOP, STEP };
static const int64_t EXACT = 1LL << 53; /* integers up to it are float64 numbers */

/* A number of Python's, as integer or float64; false: it is none of these. */
static bool number_of(PyObject *object, int64_t *integer, double *number, bool *any_float) {
  if (PyFloat_CheckExact(object)) {
    *number = PyFloat_AS_DOUBLE(object), *any_float = true;
    return true;
  }
  if (!PyLong_CheckExact(object)) return false;
  int overflow;
  *integer = PyLong_AsLongLongAndOverflow(object, &overflow);
  *number = (double)*integer;
  return !overflow && llabs(*integer) <= EXACT / 2;
}

static int64_t count_integers(const int64_t *n) {
  int64_t extent = n[STOP] - n[START], count = extent / n[STEP];
  return count + (extent % n[STEP] != 0 && (extent < 0) == (n[STEP] < 0));
}

/* A quotient that is zero for being too small, or for an infinite step, is a part of one. */
static double count_floats(const double *n) {
  double quotient = (n[STOP] - n[START]) / n[STEP];
  if (quotient == 0 && n[STOP] != n[START]) return signbit(quotient) ? 0 : 1;
  return ceil(quotient);
}

/* arange(stop), arange(start, stop), arange(start, stop, step) of Python's numbers. As NumPy does
 * it, the step is the difference of the first two values. */
PLAIN(qx_plain_arange) {
  int64_t integer[] = {0, 0, 1}, count;
  double number[] = {0, 0, 1}, length = 0;
  bool any_float = false;
  if (nargs < 1 || nargs > 3 || (kwnames && PyTuple_GET_SIZE(kwnames))) Py_RETURN_NOTIMPLEMENTED;
  for (Py_ssize_t k = 0; k < nargs; k++) {
    int which = nargs == 1 ? STOP : (int)k;
    if (!number_of(args[k], &integer[which], &number[which], &any_float)) Py_RETURN_NOTIMPLEMENTED;
  }
  if (number[STEP] == 0 || (number[START] == 0 && signbit(number[START]))) Py_RETURN_NOTIMPLEMENTED;
  if (any_float) length = count_floats(number);
  if (!(fabs(length) <= (double)EXACT)) Py_RETURN_NOTIMPLEMENTED;
  QlScalar from = {.dtype = any_float ? QL_F64 : QL_I64}, by = from;
  if (any_float) {
    count = (int64_t)length;
    from.value.d = number[START];
    by.value.d = count < 2 ? 0 : (number[START] + number[STEP]) - number[START];
  } else {
    from.value.i = integer[START], by.value.i = integer[STEP];
    count = count_integers(integer);
  }
  if (count < 0) count = 0;
  QlArray *array;
  QL_ERROR(error);
  if (qx_enter_at() < 0) return NULL;
  if (ql_ramp(qx.context, from.dtype, 1, &count, 0, from, by, &array, &error))
    return qx_raise(&error);
  return qx_wrap(array, false);
}

/* linspace(start, stop, num) of Python's numbers. */
PLAIN(qx_plain_linspace) {
  int64_t integer[2], num = 50;
  double number[2];
  bool any_float = false;
  Py_ssize_t named = kwnames ? PyTuple_GET_SIZE(kwnames) : 0;
  bool by_word = named == 1 && nargs == 2 &&
                 PyUnicode_CompareWithASCIIString(PyTuple_GET_ITEM(kwnames, 0), "num") == 0;
  if (nargs < 2 || nargs > 3 || (named && !by_word)) Py_RETURN_NOTIMPLEMENTED;
  for (int k = 0; k < 2; k++)
    if (!number_of(args[k], &integer[k], &number[k], &any_float)) Py_RETURN_NOTIMPLEMENTED;
  if (nargs + named == 3) {
    int overflow;
    if (!PyLong_CheckExact(args[2])) Py_RETURN_NOTIMPLEMENTED;
    num = PyLong_AsLongLongAndOverflow(args[2], &overflow);
    if (overflow || num < 0) Py_RETURN_NOTIMPLEMENTED;
  }
  double delta = number[1] - number[0], step = num > 1 ? delta / (double)(num - 1) : 0;
  if (num > 1 && step == 0) Py_RETURN_NOTIMPLEMENTED; /* all are computed in another way then */
  QlScalar zero = {.dtype = QL_F64}, unit = {{.d = 1}, QL_F64, false};
  QlArray *array, *same;
  QL_ERROR(error);
  if (qx_enter_at() < 0) return NULL;
  if (ql_ramp(qx.context, QL_F64, 1, &num, 0, zero, unit, &array, &error)) return qx_raise(&error);
  QlOperand scaled[2] = {{.array = array}, {.scalar = ql_f64(num > 1 ? step : delta)}};
  QlOperand moved[2] = {{.array = array}, {.scalar = ql_f64(number[0])}};
  QlOperand last = {.scalar = ql_f64(number[1])};
  QlStatus status =
      ql_ufunc(qx.context, QL_OP_MULTIPLY, 2, scaled, array, NULL, QL_DTYPE_NONE, &same, &error);
  if (!status) ql_release(same);
  if (!status)
    status = ql_ufunc(qx.context, QL_OP_ADD, 2, moved, array, NULL, QL_DTYPE_NONE, &same, &error);
  if (!status) ql_release(same);
  if (!status && num > 1) status = ql_set_element(array, array->offset + num - 1, &last, &error);
  if (!status) return qx_wrap(array, false);
  ql_release(array);
  return qx_raise(&error);
}

/* full(shape, number, dtype) of a float or an int of Python's, in its own dtype or as float64. */
PLAIN(qx_plain_full) {
  Py_ssize_t named = kwnames ? PyTuple_GET_SIZE(kwnames) : 0;
  QlDtype dtype = QL_DTYPE_NONE;
  if (nargs < 2 || nargs + named > 3 ||
      (named && PyUnicode_CompareWithASCIIString(PyTuple_GET_ITEM(kwnames, 0), "dtype") != 0) ||
      !(PyFloat_CheckExact(args[1]) || PyLong_CheckExact(args[1])))
    Py_RETURN_NOTIMPLEMENTED;
  if (nargs + named > 2 && qx_dtype_from_python(args[2], &dtype) < 0) return NULL;
  int64_t integer = 0;
  double number = 0;
  bool is_float = false;
  if (!number_of(args[1], &integer, &number, &is_float) ||
      (dtype != QL_DTYPE_NONE && dtype != QL_F64 && (is_float || dtype != QL_I64)))
    Py_RETURN_NOTIMPLEMENTED;
  if (dtype == QL_DTYPE_NONE) dtype = is_float ? QL_F64 : QL_I64;
  int ndim;
  int64_t shape[QL_MAX_DIMS];
  QlArray *array;
  QL_ERROR(error);
  if (qx_shape_from_python(args[0], &ndim, shape, false) < 0 || qx_enter_at() < 0) return NULL;
  QlScalar value = dtype == QL_F64 ? ql_f64(number) : ql_i64(integer);
  if (ql_full(qx.context, dtype, ndim, shape, value, &array, &error)) return qx_raise(&error);
  return qx_wrap(array, false);
}

/* zeros_like(x) and its like of an array of ours whose elements follow one another in C order. */
static bool is_like(PyObject *const *args, Py_ssize_t nargs, PyObject *kwnames) {
  return nargs == 1 && !(kwnames && PyTuple_GET_SIZE(kwnames)) && qx_is_array(args[0]) &&
         qx_is_contiguous(qx_array(args[0]), QL_ORDER_C);
}

static PyObject *filled_like(const QlArray *like, int number) {
  QlDtype dtype = (QlDtype)like->dtype;
  QlScalar value = {ql_convert(QL_I64, (QlValue){.i = number}, dtype), dtype, .weak = false};
  QlArray *array;
  QL_ERROR(error);
  if (qx_enter_at() < 0) return NULL;
  if (ql_full(qx.context, dtype, like->ndim, like->shape, value, &array, &error))
    return qx_raise(&error);
  return qx_wrap(array, false);
}

PLAIN(qx_plain_zeros_like) {
  if (!is_like(args, nargs, kwnames)) Py_RETURN_NOTIMPLEMENTED;
  return filled_like(qx_array(args[0]), 0);
}

PLAIN(qx_plain_ones_like) {
  if (!is_like(args, nargs, kwnames)) Py_RETURN_NOTIMPLEMENTED;
  return filled_like(qx_array(args[0]), 1);
}

PLAIN(qx_plain_empty_like) {
  QlArray *array;
  QL_ERROR(error);
  if (!is_like(args, nargs, kwnames)) Py_RETURN_NOTIMPLEMENTED;
  const QlArray *like = qx_array(args[0]);
  if (qx_enter_at() < 0) return NULL;
  if (ql_empty(qx.context, (QlDtype)like->dtype, like->ndim, like->shape, &array, &error))
    return qx_raise(&error);
  return qx_wrap(array, false);
}

#define FAST(function) (PyCFunction)(void (*)(void)) function, METH_FASTCALL | METH_KEYWORDS

PyMethodDef qx_making_functions[] = {
    {"empty", FAST(function_empty), "empty(shape, dtype=float64)"},
    {"full", FAST(function_full), "full(shape, scalar, dtype=None)"},
    {"ramp", FAST(function_ramp),
     "ramp(shape, axis, start, step, dtype): start + i * step along an axis"},
    {"asarray", FAST(function_asarray), "asarray(a, dtype=None, copy=None)"},
    {NULL},
};
