/* operands: Python objects become operands, and elements become Python objects. A Python bool, int,
 * float or complex is a weak scalar (NEP 50); NumPy scalars and 0-d NumPy arrays are strong ones;
 * lists and NumPy arrays are taken in as arrays, the same on every rank (contract C4). */
#include "ext.h"

#include <stdlib.h>
#include <string.h>

/* ---- dtypes ---- */

QlDtype qx_dtype_from_descr(PyArray_Descr *descr) {
  if (!PyArray_ISNBO(descr->byteorder)) return QL_DTYPE_NONE;
  switch (descr->type_num) {
    case NPY_BOOL: return QL_BOOL;
    case NPY_HALF: return QL_F16;
    case NPY_FLOAT: return QL_F32;
    case NPY_DOUBLE: return QL_F64;
    case NPY_CFLOAT: return QL_C64;
    case NPY_CDOUBLE: return QL_C128;
    default: break;
  }
  if (!PyTypeNum_ISINTEGER(descr->type_num)) return QL_DTYPE_NONE;
  bool is_unsigned = PyTypeNum_ISUNSIGNED(descr->type_num);
  switch (PyDataType_ELSIZE(descr)) {
    case 1: return is_unsigned ? QL_U8 : QL_I8;
    case 2: return is_unsigned ? QL_U16 : QL_I16;
    case 4: return is_unsigned ? QL_U32 : QL_I32;
    case 8: return is_unsigned ? QL_U64 : QL_I64;
    default: return QL_DTYPE_NONE;
  }
}

static int refuse_dtype(PyArray_Descr *descr) {
  PyErr_Format(PyExc_TypeError,
               "dtype %S is not in Quelea; there are bool, int8 to int64, uint8 to uint64, "
               "float16, float32, float64, "
               "complex64 and "
               "complex128",
               descr);
  return -1;
}

int qx_dtype_from_python(PyObject *object, QlDtype *dtype) {
  *dtype = QL_DTYPE_NONE;
  if (qx_absent(object)) return 0;
  if (object == (PyObject *)&PyFloat_Type) return *dtype = QL_F64, 0;
  PyArray_Descr *descr = NULL;
  if (PyArray_DescrCheck(object))
    descr = (PyArray_Descr *)Py_NewRef(object);
  else if (!PyArray_DescrConverter(object, &descr))
    return -1;
  *dtype = qx_dtype_from_descr(descr);
  int status = *dtype == QL_DTYPE_NONE ? refuse_dtype(descr) : 0;
  Py_DECREF(descr);
  return status;
}

int qx_casting_allows(PyObject *rule, QlDtype from, QlDtype to) {
  const char *text = !rule ? "unsafe" : qx_word(rule);
  if (!text && PyErr_Occurred()) return -1;
  if (!text)
    return PyErr_Format(PyExc_TypeError, "casting must be str, not %s", Py_TYPE(rule)->tp_name), -1;
  if (!strcmp(text, "unsafe")) return 1;
  if (!strcmp(text, "same_kind")) return ql_can_cast_same_kind(from, to);
  if (!strcmp(text, "safe")) return ql_can_cast_safely(from, to);
  if (!strcmp(text, "no") || !strcmp(text, "equiv")) return from == to;
  if (!strcmp(text, "same_value"))
    return PyErr_Format(PyExc_NotImplementedError,
                        "casting='same_value' is not in Quelea yet; cast, and compare the result "
                        "with what was cast"),
           -1;
  PyErr_Format(PyExc_ValueError,
               "casting must be one of 'no', 'equiv', 'safe', 'same_kind', 'unsafe' (got %R)",
               rule);
  return -1;
}

/* ---- elements ---- */

QlValue qx_value_from_memory(QlDtype dtype, const void *data) {
  QlValue value = {.bits = {0, 0}};
  switch (dtype) {
    case QL_BOOL: value.b = *(const npy_bool *)data != 0; break;
    case QL_I8: value.i = *(const int8_t *)data; break;
    case QL_I16: value.i = *(const int16_t *)data; break;
    case QL_I32: value.i = *(const int32_t *)data; break;
    case QL_U8: value.u = *(const uint8_t *)data; break;
    case QL_U16: value.u = *(const uint16_t *)data; break;
    case QL_U32: value.u = *(const uint32_t *)data; break;
    default: memcpy(&value, data, ql_dtype_size(dtype)); break; /* the union's own layout */
  }
  return value;
}

/* On a little-endian machine the low bytes of the union are the element. */
static const void *value_memory(const QlValue *value) { return value; }

PyObject *qx_scalar_to_numpy(QlDtype dtype, const QlValue *value) {
  return PyArray_Scalar((void *)value_memory(value), qx.descr[dtype], NULL);
}

PyObject *qx_scalar_to_python(QlDtype dtype, const QlValue *value) {
  QlValue wide;
  switch (ql_dtype_info[dtype].kind) {
    case QL_KIND_BOOL: return PyBool_FromLong(value->b);
    case QL_KIND_INT: return PyLong_FromLongLong(value->i);
    case QL_KIND_UINT: return PyLong_FromUnsignedLongLong(value->u);
    case QL_KIND_COMPLEX:
      wide = ql_convert(dtype, *value, QL_C128);
      return PyComplex_FromDoubles(wide.z[0], wide.z[1]);
    default: return PyFloat_FromDouble(ql_convert(dtype, *value, QL_F64).d);
  }
}

/* ---- scalars ---- */

static int scalar_from_int(PyObject *object, QlScalar *scalar, bool *huge) {
  int overflow;
  scalar->weak = true, scalar->dtype = QL_I64, scalar->value.bits[1] = 0;
  scalar->value.i = PyLong_AsLongLongAndOverflow(object, &overflow);
  if (QX_LIKELY(!overflow)) return scalar->value.i == -1 && PyErr_Occurred() ? -1 : 1;
  if (overflow > 0) {
    scalar->value.u = PyLong_AsUnsignedLongLong(object);
    scalar->dtype = QL_U64;
    if (!(scalar->value.u == (uint64_t)-1 && PyErr_Occurred())) return 1;
    PyErr_Clear();
  }
  *huge = true; /* fits no integer dtype; beside floats it is a float */
  scalar->dtype = QL_F64;
  scalar->value.d = PyLong_AsDouble(object);
  return scalar->value.d == -1.0 && PyErr_Occurred() ? -1 : 1;
}

static int scalar_from_numpy(PyObject *object, QlScalar *scalar) {
  PyArray_Descr *descr = PyArray_DescrFromScalar(object);
  if (!descr) return -1;
  QlDtype dtype = qx_dtype_from_descr(descr);
  if (dtype == QL_DTYPE_NONE) {
    int status = PyTypeNum_ISNUMBER(descr->type_num) ? refuse_dtype(descr) : 0;
    Py_DECREF(descr);
    return status;
  }
  Py_DECREF(descr);
  QlValue raw = {.bits = {0, 0}};
  PyArray_ScalarAsCtype(object, &raw);
  scalar->value = qx_value_from_memory(dtype, &raw), scalar->dtype = dtype, scalar->weak = false;
  return 1;
}

int qx_scalar_from_python(PyObject *object, QlScalar *scalar, bool *huge) {
  if (PyBool_Check(object)) {
    scalar->value.bits[0] = scalar->value.bits[1] = 0, scalar->value.b = object == Py_True;
    scalar->dtype = QL_BOOL, scalar->weak = true;
    return 1;
  }
  if (PyArray_IsScalar(object, Generic))
    return scalar_from_numpy(object, scalar); /* before float: numpy.float64 is one */
  if (PyLong_Check(object)) return scalar_from_int(object, scalar, huge);
  if (PyFloat_Check(object)) {
    scalar->value.d = PyFloat_AS_DOUBLE(object), scalar->value.bits[1] = 0;
    scalar->dtype = QL_F64, scalar->weak = true;
    return 1;
  }
  if (PyComplex_Check(object)) {
    Py_complex z = PyComplex_AsCComplex(object);
    scalar->value.z[0] = z.real, scalar->value.z[1] = z.imag, scalar->dtype = QL_C128,
    scalar->weak = true;
    return 1;
  }
  return 0;
}

/* ---- arrays ---- */

static QlArray *import_as_is(PyArrayObject *array, QlDtype dtype) {
  QlArray *result = NULL;
  QL_ERROR(error);
  int ndim = PyArray_NDIM(array);
  int64_t shape[NPY_MAXDIMS], strides[NPY_MAXDIMS];
  for (int i = 0; i < ndim; i++)
    shape[i] = PyArray_DIM(array, i), strides[i] = PyArray_STRIDE(array, i);
  if (ql_import(qx.context, dtype, ndim, shape, PyArray_DATA(array), strides, &result, &error))
    qx_raise(&error);
  return result;
}

/* With the axes in the order in which they lie in NumPy's memory, as NumPy's copy has them. */
static QlArray *import_as_it_lies(PyArrayObject *array, QlDtype dtype) {
  QlArray *lying = NULL, *result = NULL;
  QL_ERROR(error);
  int ndim = PyArray_NDIM(array), order[NPY_MAXDIMS];
  int64_t shape[NPY_MAXDIMS] = {0}, strides[NPY_MAXDIMS] = {0};
  for (int i = 0; i < ndim; i++) {
    int to = i;
    int64_t step = llabs(PyArray_STRIDE(array, i));
    for (; to > 0 && llabs(PyArray_STRIDE(array, order[to - 1])) < step; to--)
      order[to] = order[to - 1];
    order[to] = i;
  }
  for (int i = 0; i < ndim; i++)
    shape[i] = PyArray_DIM(array, order[i]), strides[i] = PyArray_STRIDE(array, order[i]);
  QlStatus status =
      ql_import(qx.context, dtype, ndim, shape, PyArray_DATA(array), strides, &lying, &error);
  for (int i = 0; i < ndim && !status; i++)
    shape[order[i]] = lying->shape[i], strides[order[i]] = lying->strides[i];
  if (!status) status = ql_view(lying, ndim, shape, strides, 0, &result, &error);
  if (status) qx_raise(&error);
  if (lying) qx_release(lying);
  return result;
}

QlArray *qx_array_from_numpy(PyArrayObject *array) {
  QlDtype dtype = qx_dtype_from_descr(PyArray_DESCR(array));
  PyArrayObject *native = NULL;
  if (dtype == QL_DTYPE_NONE &&
      PyTypeNum_ISNUMBER(PyArray_TYPE(array))) { /* perhaps foreign byte order */
    PyArray_Descr *descr = PyArray_DescrFromType(PyArray_TYPE(array));
    dtype = qx_dtype_from_descr(descr);
    if (dtype != QL_DTYPE_NONE)
      native = (PyArrayObject *)PyArray_CastToType(array, descr, 0); /* takes descr */
    else
      Py_DECREF(descr);
    if (dtype != QL_DTYPE_NONE && !native) return NULL;
    array = native ? native : array;
  }
  if (dtype == QL_DTYPE_NONE) return refuse_dtype(PyArray_DESCR(array)), NULL;
  QlArray *result = NULL;
  int ndim = PyArray_NDIM(array);
  if (ndim > QL_MAX_DIMS)
    PyErr_Format(PyExc_ValueError,
                 "maximum supported dimension for an ndarray is currently %d, found %d",
                 QL_MAX_DIMS, ndim);
  else if (qx_enter_at() == 0)
    result = PyArray_IS_C_CONTIGUOUS(array) ? import_as_is(array, dtype)
                                            : import_as_it_lies(array, dtype);
  Py_XDECREF(native);
  return result;
}

/* 1: there is one; 0: there is none; -1: the list is nested deeper than any array, for instance
 * because it contains itself. */
static int find_array(PyObject *object, int depth) {
  if (!PyList_Check(object) && !PyTuple_Check(object)) return 0;
  if (depth == NPY_MAXDIMS) return -1;
  PyObject **items = PySequence_Fast_ITEMS(object);
  int found = 0;
  for (Py_ssize_t i = 0; !found && i < PySequence_Fast_GET_SIZE(object); i++)
    found = qx_is_array(items[i]) ? 1 : find_array(items[i], depth + 1);
  return found;
}

bool qx_holds_arrays(PyObject *object) {
  return find_array(object, 0) > 0; /* NumPy refuses what is too deep */
}

static QlArray *take_over(
    PyObject *wrapped) { /* the array inside a quelea.ndarray; drops the Python object */
  if (!wrapped) return NULL;
  QlArray *array = NULL;
  if (qx_is_array(wrapped))
    ql_retain(array = qx_array(wrapped));
  else
    PyErr_SetString(PyExc_TypeError, "a quelea.ndarray was expected");
  Py_DECREF(wrapped);
  return array;
}

static QlArray *cast_to(QlArray *array, QlDtype dtype) { /* takes the reference over */
  if (!array || dtype == QL_DTYPE_NONE || array->dtype == dtype) return array;
  QlArray *result = NULL;
  QL_ERROR(error);
  if (qx_enter_at() == 0 && ql_astype(qx.context, array, dtype, QL_ORDER_K, &result, &error))
    qx_raise(&error);
  qx_release(array);
  return result;
}

static bool has_interface(PyObject *object) {
  return PyObject_HasAttrString(object, "__array_interface__") ||
         PyObject_HasAttrString(object, "__array_struct__");
}

/* What its __array__ gives, where NumPy would ask for that: an array of ours, which NumPy does not
 * take, or one of NumPy's. Otherwise the object itself. */
static PyObject *what_it_gives(PyObject *object) {
  if (PyArray_Check(object) || PyArray_CheckScalar(object) || PyType_Check(object) ||
      PyObject_CheckBuffer(object) || has_interface(object))
    return Py_NewRef(object);
  PyObject *method = PyObject_GetAttrString(object, "__array__");
  if (!method) return PyErr_Clear(), Py_NewRef(object);
  PyObject *given = PyObject_CallNoArgs(method);
  Py_DECREF(method);
  if (!given || qx_is_array(given) || PyArray_Check(given)) return given;
  Py_DECREF(given);
  return Py_NewRef(object); /* NumPy has an error for this */
}

/* Through NumPy: lists, scalars, NumPy arrays and what has the buffer protocol. */
static QlArray *array_through_numpy(PyObject *asked, QlDtype dtype) {
  PyObject *object = what_it_gives(asked);
  if (!object) return NULL;
  if (qx_is_array(object)) return cast_to(take_over(object), dtype);
  PyArray_Descr *descr = NULL; /* PyArray_FromAny takes the reference */
  if (dtype != QL_DTYPE_NONE) descr = (PyArray_Descr *)Py_NewRef((PyObject *)qx.descr[dtype]);
  QlFloats floats = ql_floats_enter();
  PyArrayObject *array =
      (PyArrayObject *)PyArray_FromAny(object, descr, 0, 0, NPY_ARRAY_FORCECAST, NULL);
  ql_floats_leave(floats);
  Py_DECREF(object);
  if (!array) return NULL;
  QlArray *result = qx_array_from_numpy(array);
  Py_DECREF(array);
  return result;
}

QlArray *qx_array_from_python(PyObject *object, QlDtype dtype) {
  if (qx_is_array(object)) {
    ql_retain(qx_array(object));
    return cast_to(qx_array(object), dtype);
  }
  QlArray *array;
  int made = qx_array_from_numbers(object, dtype, &array);
  if (made) return made > 0 ? array : NULL;
  if (!qx_holds_arrays(object)) return array_through_numpy(object, dtype);
  PyObject *stacked = qx_stack(object);
  if (stacked == Py_None) {
    Py_DECREF(stacked);
    stacked = PyObject_CallOneArg(qx.hooks.stack, object);
  }
  return cast_to(take_over(stacked), dtype);
}

/* ---- operands ---- */

static int operand_own(QxOperands *operands, QlArray *array) {
  if (!array) return -1;
  operands->of[operands->count++].array = array;
  operands->owned[operands->owned_count++] = array;
  operands->any_array = true;
  return 1;
}

/* An attribute of its type; NULL without an exception: there is none. */
static PyObject *attribute_of_type(PyObject *object, const char *name) {
  PyObject *attribute = PyObject_GetAttrString((PyObject *)Py_TYPE(object), name);
  if (!attribute) PyErr_Clear();
  return attribute;
}

static double priority_of(PyObject *object, double otherwise) {
  PyObject *attribute = PyObject_GetAttrString(object, "__array_priority__");
  double priority = attribute ? PyFloat_AsDouble(attribute) : otherwise;
  if (PyErr_Occurred()) PyErr_Clear(), priority = otherwise;
  Py_XDECREF(attribute);
  return priority;
}

/* Subclasses of less priority than arrays, as memory maps, are arrays to their operators too. */
static QxForeign foreign_subclass(PyObject *object) {
  PyObject *own = attribute_of_type(object, "__array_ufunc__");
  PyObject *plain = PyObject_GetAttrString((PyObject *)&PyArray_Type, "__array_ufunc__");
  QxForeign answer = own == Py_None                  ? QX_DEFERS
                     : own != plain                  ? QX_OVERRIDES
                     : priority_of(object, 0.0) >= 0 ? QX_SUBCLASS
                                                     : QX_TAKEN;
  Py_XDECREF(own), Py_XDECREF(plain);
  return answer;
}

QxForeign qx_foreign(PyObject *object) {
  if (qx_is_array(object) || PyArray_CheckExact(object) || PyArray_CheckAnyScalarExact(object) ||
      PyList_CheckExact(object) || PyTuple_CheckExact(object))
    return QX_TAKEN;
  if (PyArray_Check(object)) return foreign_subclass(object);
  PyObject *own = attribute_of_type(object, "__array_ufunc__");
  QxForeign answer = own == Py_None                    ? QX_DEFERS
                     : own                             ? QX_OVERRIDES
                     : priority_of(object, -1e6) > 0.0 ? QX_PRIOR
                                                       : QX_TAKEN;
  Py_XDECREF(own);
  return answer;
}

bool qx_has_functions(PyObject *object) {
  PyObject *own = attribute_of_type(object, "__array_function__");
  PyObject *plain = PyObject_GetAttrString((PyObject *)&PyArray_Type, "__array_function__");
  bool has = own && own != plain;
  Py_XDECREF(own), Py_XDECREF(plain);
  return has;
}

static int add_sequence(QxOperands *operands, PyObject *object) {
  return operand_own(operands, qx_array_from_python(object, QL_DTYPE_NONE));
}

int qx_operand_add_slowly(QxOperands *operands, PyObject *object) {
  QlOperand *operand = &operands->of[operands->count];
  bool huge = false;
  int scalar = qx_scalar_from_python(object, &operand->scalar, &huge);
  operands->huge |= (uint8_t)(huge << operands->count);
  if (scalar) {
    if (scalar > 0) operand->array = NULL, operands->count++;
    return scalar;
  }
  if (PyArray_Check(object) && PyArray_NDIM((PyArrayObject *)object) == 0 &&
      qx_foreign(object) == QX_TAKEN) {
    QlDtype dtype = qx_dtype_from_descr(PyArray_DESCR((PyArrayObject *)object));
    if (dtype != QL_DTYPE_NONE) {
      operand->array = NULL, operands->count++;
      operand->scalar = (QlScalar){
          qx_value_from_memory(dtype, PyArray_DATA((PyArrayObject *)object)), dtype, false};
      return 1;
    }
  }
  if (PyArray_CheckExact(object))
    return operand_own(operands, qx_array_from_numpy((PyArrayObject *)object));
  if (PyList_Check(object) || PyTuple_Check(object)) return add_sequence(operands, object);
  if (qx_foreign(object) != QX_TAKEN) return 0;
  bool is_memory = PyObject_CheckBuffer(object) && !PyBytes_Check(object); /* bytes are a text */
  return PyRange_Check(object) || is_memory || PyObject_HasAttrString(object, "__array__") ||
                 (has_interface(object) && !PyType_Check(object))
             ? operand_own(operands, array_through_numpy(object, QL_DTYPE_NONE))
             : 0;
}

int qx_operand_take(QxOperands *operands, PyObject *object) {
  int added = qx_operand_add(operands, object);
  if (added || qx_foreign(object) == QX_TAKEN) return added;
  if (PyArray_Check(object))
    return operand_own(operands, qx_array_from_numpy((PyArrayObject *)object));
  return PyObject_HasAttrString(object, "__array__") || has_interface(object)
             ? operand_own(operands, array_through_numpy(object, QL_DTYPE_NONE))
             : 0;
}

void qx_operands_release(QxOperands *operands) {
  while (operands->owned_count > 0) qx_release(operands->owned[--operands->owned_count]);
}

/* ---- assignment of Python scalars ---- */

static int integer_for_assignment(PyObject *object, QlScalar *scalar, QlDtype target) {
  PyObject *integer =
      PyNumber_Long(object); /* raises for NaN and infinity, truncates a float, refuses complex */
  if (!integer) return -1;
  bool huge = false;
  int done = scalar_from_int(integer, scalar, &huge);
  QlDtype unused;
  QL_ERROR(error);
  if (done > 0 && huge)
    done = (PyErr_Format(PyExc_OverflowError, "Python int too large to convert to C long"), -1);
  else if (done > 0 && ql_promote_weak(target, scalar, &unused, &error))
    done = qx_raise_int(&error);
  Py_DECREF(integer);
  return done < 0 ? -1 : 0;
}

int qx_element_from_python(PyObject *object, QlDtype dtype, QlScalar *scalar) {
  QlValue raw = {.bits = {0, 0}};
  QlFloats floats = ql_floats_enter();
  int failed = PyArray_Pack(qx.descr[dtype], &raw, object);
  ql_floats_leave(floats);
  if (failed < 0) return -1;
  *scalar = (QlScalar){qx_value_from_memory(dtype, &raw), dtype, false};
  return 0;
}

int qx_scalar_for_assignment(PyObject *object, QlScalar *scalar, QlDtype target) {
  uint8_t kind = ql_dtype_info[target].kind;
  if (!scalar->weak || kind == QL_KIND_BOOL) return 0;
  if (kind == QL_KIND_INT || kind == QL_KIND_UINT) {
    if (scalar->dtype == QL_BOOL) return 0;
    return integer_for_assignment(object, scalar, target);
  }
  if (kind == QL_KIND_FLOAT && scalar->dtype == QL_C128) {
    PyErr_SetString(PyExc_TypeError,
                    "float() argument must be a string or a real number, not 'complex'");
    return -1;
  }
  return 0;
}
