/* number: the operators of quelea.ndarray. Most are one row of BINARY or UNARY, after NumPy's table
 * of operators and ufuncs. */
#include "ext.h"

#define BINARY(slot, op)                                             \
  static PyObject *slot(PyObject *left, PyObject *right) {           \
    return qx_binary(QL_OP_##op, left, right);                       \
  }                                                                  \
  static PyObject *slot##_inplace(PyObject *self, PyObject *other) { \
    return qx_inplace(QL_OP_##op, self, other);                      \
  }
BINARY(add, ADD)
BINARY(subtract, SUBTRACT)
BINARY(divide, DIVIDE)
BINARY(floor_divide, FLOOR_DIVIDE)
BINARY(modulo, REMAINDER)
BINARY(and, BITWISE_AND)
BINARY(or, BITWISE_OR)
BINARY(xor, BITWISE_XOR)
BINARY(left_shift, LEFT_SHIFT)
BINARY(right_shift, RIGHT_SHIFT)
#undef BINARY

/* [1, 2] * x[i] repeats the list, as beside NumPy's integers. NULL without an exception: it is no
 * such product. */
static PyObject *repeated_sequence(PyObject *left, PyObject *right) {
  bool is_left = qx_is_array(left);
  PyObject *number = is_left ? left : right, *sequence = is_left ? right : left;
  PyTypeObject *type = Py_TYPE(sequence);
  if (!type->tp_as_sequence || !type->tp_as_sequence->sq_repeat || qx_is_array(sequence) ||
      (type->tp_as_number && type->tp_as_number->nb_multiply) || !((QxArray *)number)->value)
    return NULL;
  QlKind kind = ql_dtype_info[qx_array(number)->dtype].kind;
  if (kind != QL_KIND_INT && kind != QL_KIND_UINT)
    return PyErr_Format(PyExc_TypeError, "can't multiply sequence by non-int of type '%s'",
                        ql_dtype_name(qx_array(number)->dtype));
  Py_ssize_t count = PyNumber_AsSsize_t(number, PyExc_OverflowError);
  return count == -1 && PyErr_Occurred() ? NULL : PySequence_Repeat(sequence, count);
}

static PyObject *multiply(PyObject *left, PyObject *right) {
  if (QX_UNLIKELY(PyList_Check(left) || PyTuple_Check(left) || PyList_Check(right) ||
                  PyTuple_Check(right) || PyUnicode_Check(left) || PyUnicode_Check(right))) {
    PyObject *repeated = repeated_sequence(left, right);
    if (repeated || PyErr_Occurred()) return repeated;
  }
  return qx_binary(QL_OP_MULTIPLY, left, right);
}
static PyObject *multiply_inplace(PyObject *self, PyObject *other) {
  if (QX_UNLIKELY(((QxArray *)self)->value)) return multiply(self, other); /* makes a new one */
  return qx_inplace(QL_OP_MULTIPLY, self, other);
}

#define UNARY(slot, op) \
  static PyObject *slot(PyObject *self) { return qx_unary(QL_OP_##op, self); }
UNARY(negate, NEGATIVE)
UNARY(plus, POSITIVE)
UNARY(magnitude, ABSOLUTE)
UNARY(invert, INVERT)
#undef UNARY

/* ---- powers ----
 * As in NumPy, a literal exponent 2 squares; in floating point 0.5 and the integer -1 have their
 * own loops too. */

static bool power_shortcut(const QxArray *base, PyObject *exponent, QlOp *op) {
  uint8_t kind = ql_dtype_info[base->array->dtype].kind;
  bool inexact = kind >= QL_KIND_FLOAT, is_complex = kind == QL_KIND_COMPLEX;
  double e;
  if (PyFloat_CheckExact(exponent) && inexact)
    e = PyFloat_AS_DOUBLE(exponent);
  else if (PyLong_CheckExact(exponent) &&
           !(base->value && kind == QL_KIND_BOOL)) /* NumPy's bool scalar has none */
    e = PyLong_AsDouble(exponent);
  else
    return false;
  if (e == -1.0 && PyErr_Occurred()) PyErr_Clear();
  if (e == 2.0)
    *op = QL_OP_SQUARE;
  else if (inexact && !is_complex && e == 1.0)
    *op = QL_OP_POSITIVE;
  else if (inexact && e == 0.5)
    *op = QL_OP_SQRT;
  else if (inexact && e == -1.0 && !(is_complex && PyFloat_CheckExact(exponent)))
    *op = QL_OP_RECIPROCAL;
  else
    return false;
  return true;
}

static PyObject *power(PyObject *left, PyObject *right, PyObject *modulo_or_none) {
  if (modulo_or_none != Py_None) Py_RETURN_NOTIMPLEMENTED;
  QlOp op;
  if (qx_is_array(left) && power_shortcut((QxArray *)left, right, &op)) return qx_unary(op, left);
  return qx_binary(QL_OP_POWER, left, right);
}

static PyObject *power_inplace(PyObject *self, PyObject *exponent, PyObject *modulo_or_none) {
  if (modulo_or_none != Py_None) Py_RETURN_NOTIMPLEMENTED;
  QlOp op;
  if (((QxArray *)self)->value || !power_shortcut((QxArray *)self, exponent, &op))
    return qx_inplace(QL_OP_POWER, self, exponent);
  QxOperands in = {0};
  qx_operand_add(&in, self);
  return qx_ufunc(op, &in, self, NULL, QL_DTYPE_NONE);
}

static PyObject *divide_with_remainder(PyObject *left, PyObject *right) {
  if (qx_foreign(left) == QX_OVERRIDES || qx_foreign(right) == QX_OVERRIDES) {
    PyObject *const args[2] = {left, right};
    return PyObject_Vectorcall(qx.hooks.divmod, args, 2, NULL);
  }
  PyObject *quotient = qx_binary(QL_OP_FLOOR_DIVIDE, left, right);
  if (!quotient || quotient == Py_NotImplemented) return quotient;
  PyObject *remainder = qx_binary(QL_OP_REMAINDER, left, right);
  PyObject *pair = remainder ? PyTuple_Pack(2, quotient, remainder) : NULL;
  Py_DECREF(quotient);
  Py_XDECREF(remainder);
  return pair;
}

/* ---- matrix product ---- */

static PyObject *matrix_multiply(PyObject *left, PyObject *right) {
  PyObject *plain = qx_product(left, right);
  if (plain != Py_None) return plain;
  PyObject *const args[2] = {left, right};
  return PyObject_Vectorcall(qx.hooks.matmul, args, 2, NULL);
}

static int check_product_cast(QlDtype product, QlDtype target) {
  QL_ERROR(error);
  if (ql_can_cast_same_kind(product, target)) return 0;
  (void)ql_fail(&error, QL_ERR_CAST,
                "Cannot cast ufunc 'matmul' output from dtype('%s') to dtype('%s') with casting "
                "rule 'same_kind'",
                ql_dtype_name(product), ql_dtype_name(target));
  return qx_raise_int(&error);
}

/* Does a product go where its first factor is? NumPy broadcasts nothing there. 0 or -1. */
static int check_product(const QlArray *target, const QlArray *product) {
  bool fits = target->ndim == product->ndim;
  for (int a = 0; fits && a < target->ndim; a++) fits = target->shape[a] == product->shape[a];
  if (!fits) {
    PyErr_SetString(PyExc_ValueError,
                    "the product of an in-place matrix multiplication must have the shape of its "
                    "first operand");
    return -1;
  }
  return check_product_cast((QlDtype)product->dtype, (QlDtype)target->dtype);
}

static PyObject *matrix_multiply_inplace(PyObject *self, PyObject *other) {
  QlDtype own = (QlDtype)qx_array(self)->dtype;
  if (PyList_CheckExact(other) || PyTuple_CheckExact(other) || PyRange_Check(other) ||
      PyArray_CheckExact(other)) {
    QlArray *taken = qx_array_from_python(other, QL_DTYPE_NONE);
    PyObject *array = taken ? qx_wrap(taken, false) : NULL;
    PyObject *result = array ? matrix_multiply_inplace(self, array) : NULL;
    Py_XDECREF(array);
    return result;
  }
  if (!((QxArray *)self)->value && qx_is_array(other) &&
      check_product_cast(ql_promote(own, (QlDtype)qx_array(other)->dtype), own) < 0)
    return NULL; /* before shapes that do not fit */
  PyObject *product = matrix_multiply(self, other);
  if (!product || !qx_is_array(product) || ((QxArray *)self)->value) return product;
  const QlArray *target = qx_array(self);
  if (target->ndim > 0 && qx_array(product)->ndim == target->ndim - 1 && qx_is_array(other) &&
      qx_array(other)->ndim < 2) {
    Py_DECREF(product);
    return PyErr_Format(PyExc_ValueError,
                        "inplace matrix multiplication requires the first operand to have at least "
                        "one and the second at least two dimensions.");
  }
  if (check_product(target, qx_array(product)) < 0) {
    Py_DECREF(product);
    return NULL;
  }
  int status = qx_array_assign(self, Py_Ellipsis, product);
  Py_DECREF(product);
  return status < 0 ? NULL : Py_NewRef(self);
}

/* ---- looking at one element ---- */

static int truth(PyObject *self) {
  QlArray *array = qx_array(self);
  if (array->size == 0) {
    PyErr_SetString(PyExc_ValueError,
                    "The truth value of an empty array is ambiguous. Use `array.size > 0` to check "
                    "that an array is not empty.");
    return -1;
  }
  if (array->size > 1) {
    PyErr_SetString(PyExc_ValueError,
                    "The truth value of an array with more than one element is ambiguous. Use "
                    "a.any() or a.all()");
    return -1;
  }
  QlScalar scalar;
  if (qx_item(array, &scalar) < 0) return -1;
  return ql_convert(scalar.dtype, scalar.value, QL_BOOL).b;
}

/* The only element as a number. NumPy refuses anything else here. */
static PyObject *only_element(PyObject *self) {
  QlArray *array = qx_array(self);
  QlScalar scalar;
  if (array->ndim > 0)
    return PyErr_Format(PyExc_TypeError,
                        "only 0-dimensional arrays can be converted to Python scalars");
  if (qx_item(array, &scalar) < 0) return NULL;
  /* of complex numbers NumPy's type says what float() makes of them */
  bool is_value = ((QxArray *)self)->value && ql_dtype_info[scalar.dtype].kind == QL_KIND_COMPLEX;
  return is_value ? qx_scalar_to_numpy(scalar.dtype, &scalar.value)
                  : qx_scalar_to_python(scalar.dtype, &scalar.value);
}

static PyObject *convert_with(PyObject *self, PyObject *(*convert)(PyObject *)) {
  PyObject *element = only_element(self);
  PyObject *result = element ? convert(element) : NULL;
  Py_XDECREF(element);
  return result;
}

static PyObject *to_float(PyObject *self) { return convert_with(self, PyNumber_Float); }
static PyObject *to_int(PyObject *self) { return convert_with(self, PyNumber_Long); }

static PyObject *to_index(PyObject *self) {
  QlArray *array = qx_array(self);
  uint8_t kind = ql_dtype_info[array->dtype].kind;
  bool is_integer = kind == QL_KIND_INT || kind == QL_KIND_UINT;
  if (((QxArray *)self)->value && !is_integer)
    return PyErr_Format(PyExc_TypeError, "'numpy.%s' object cannot be interpreted as an integer",
                        ql_dtype_name((QlDtype)array->dtype));
  if (array->ndim > 0 || !is_integer)
    return PyErr_Format(PyExc_TypeError,
                        "only integer scalar arrays can be converted to a scalar index");
  return convert_with(self, PyNumber_Index);
}

PyNumberMethods qx_array_number = {
    .nb_add = add,
    .nb_inplace_add = add_inplace,
    .nb_subtract = subtract,
    .nb_inplace_subtract = subtract_inplace,
    .nb_multiply = multiply,
    .nb_inplace_multiply = multiply_inplace,
    .nb_true_divide = divide,
    .nb_inplace_true_divide = divide_inplace,
    .nb_floor_divide = floor_divide,
    .nb_inplace_floor_divide = floor_divide_inplace,
    .nb_remainder = modulo,
    .nb_inplace_remainder = modulo_inplace,
    .nb_power = power,
    .nb_inplace_power = power_inplace,
    .nb_divmod = divide_with_remainder,
    .nb_and = and,
    .nb_inplace_and = and_inplace,
    .nb_or = or
    ,
    .nb_inplace_or = or_inplace,
    .nb_xor = xor,
    .nb_inplace_xor = xor_inplace,
    .nb_lshift = left_shift,
    .nb_inplace_lshift = left_shift_inplace,
    .nb_rshift = right_shift,
    .nb_inplace_rshift = right_shift_inplace,
    .nb_matrix_multiply = matrix_multiply,
    .nb_inplace_matrix_multiply = matrix_multiply_inplace,
    .nb_negative = negate,
    .nb_positive = plus,
    .nb_absolute = magnitude,
    .nb_invert = invert,
    .nb_bool = truth,
    .nb_float = to_float,
    .nb_int = to_int,
    .nb_index = to_index,
};

/* ---- comparisons ---- */

/* == and != with what is no number: no element is equal to it. */
static PyObject *compare_with_stranger(PyObject *array, int operation) {
  QlScalar answer = {.value = {.b = operation == Py_NE}, .dtype = QL_BOOL, .weak = false};
  QlArray *like = qx_array(array), *result;
  QL_ERROR(error);
  if (qx_enter_at() < 0) return NULL;
  if (ql_full(qx.context, QL_BOOL, like->ndim, like->shape, answer, &result, &error))
    return qx_raise(&error);
  return qx_wrap(result, like->ndim == 0);
}

/* The other side may know better, as an object with its own __eq__. What NumPy gives as a scalar
 * leaves the answer to Python. */
static PyObject *ask_stranger(PyObject *array, PyObject *stranger, int operation) {
  richcmpfunc compare = Py_TYPE(stranger)->tp_richcompare;
  PyObject *answer = compare ? compare(stranger, array, operation) : Py_NewRef(Py_NotImplemented);
  if (answer != Py_NotImplemented || ((QxArray *)array)->value || qx_foreign(stranger) == QX_DEFERS)
    return answer;
  Py_DECREF(answer);
  return compare_with_stranger(array, operation);
}

PyObject *qx_array_compare(PyObject *left, PyObject *right, int operation) {
  static const QlOp op[] = {
      [Py_LT] = QL_OP_LESS,      [Py_LE] = QL_OP_LESS_EQUAL, [Py_EQ] = QL_OP_EQUAL,
      [Py_NE] = QL_OP_NOT_EQUAL, [Py_GT] = QL_OP_GREATER,    [Py_GE] = QL_OP_GREATER_EQUAL};
  bool asks_equal = operation == Py_EQ || operation == Py_NE;
  if (asks_equal && (PyUnicode_Check(right) || PyBytes_Check(right)))
    return compare_with_stranger(left, operation);
  PyObject *result = qx_binary(op[operation], left, right);
  if (result != Py_NotImplemented || !asks_equal) return result;
  Py_DECREF(result);
  return ask_stranger(left, right, operation);
}
