/* compute: the calls that record an operation. Each one enters the context with the position in the
 * user's program, makes the call of quelea.h, and wraps what comes back. */
#include "ext.h"

/* ---- casting warnings ---- */

static int warn_if_complex_is_lost(QlDtype from, QlDtype to) {
  if (QX_LIKELY(ql_dtype_info[from].kind != QL_KIND_COMPLEX)) return 0;
  uint8_t kind = ql_dtype_info[to].kind;
  if (kind == QL_KIND_COMPLEX || kind == QL_KIND_BOOL) return 0;
  PyObject *home = PyImport_ImportModule("numpy.exceptions");
  PyObject *category = home ? PyObject_GetAttrString(home, "ComplexWarning") : NULL;
  int status =
      category
          ? PyErr_WarnEx(category, "Casting complex values to real discards the imaginary part", 1)
          : -1;
  Py_XDECREF(category), Py_XDECREF(home);
  return status;
}

/* ---- ufuncs ---- */

int qx_check_is_array(PyObject *out) {
  if (qx_is_array(out) && !((QxArray *)out)->value) return 0;
  PyErr_Format(PyExc_TypeError, "return arrays must be of type quelea.ndarray%s, not %s%s",
               PyArray_Check(out) ? "" : " or numpy.ndarray", Py_TYPE(out)->tp_name,
               PyArray_Check(out) ? "; assign the result to it" : "");
  return -1;
}

int qx_check_out(PyObject *out) {
  if (qx_check_is_array(out) < 0) return -1;
  if (((QxArray *)out)->readonly || qx_array(out)->readonly) {
    PyErr_SetString(PyExc_ValueError, "output array is read-only");
    return -1;
  }
  return 0;
}

/* What is written into an array of NumPy's is computed into one of ours, and then brought to all
 * ranks; `keeps`: not all of it is written. */
PyObject *qx_out_open(PyObject *out, bool keeps) {
  if (!PyArray_Check(out)) return qx_check_out(out) < 0 ? NULL : Py_NewRef(out);
  PyArrayObject *theirs = (PyArrayObject *)out;
  if (!PyArray_ISWRITEABLE(theirs))
    return PyErr_Format(PyExc_ValueError, "output array is read-only");
  QlDtype dtype;
  QlArray *array = NULL;
  QL_ERROR(error);
  int64_t shape[NPY_MAXDIMS];
  int ndim = PyArray_NDIM(theirs);
  if (qx_dtype_from_python((PyObject *)PyArray_DESCR(theirs), &dtype) < 0) return NULL;
  if (keeps) {
    if (!(array = qx_array_from_python(out, QL_DTYPE_NONE))) return NULL;
    return qx_wrap(array, false);
  }
  for (int a = 0; a < ndim; a++) shape[a] = PyArray_DIM(theirs, a);
  if (qx_enter_at() < 0) return NULL;
  if (ql_empty(qx.context, dtype, ndim, shape, &array, &error)) return qx_raise(&error);
  return qx_wrap(array, false);
}

/* Takes over what qx_out_open gave, and the result. */
PyObject *qx_out_close(PyObject *out, PyObject *ours, PyObject *result) {
  if (result && out != ours)
    Py_SETREF(result, PyObject_SetItem(out, Py_Ellipsis, ours) < 0 ? NULL : Py_NewRef(out));
  Py_XDECREF(ours);
  return result;
}

static PyObject *too_large(void) {
  return PyErr_Format(PyExc_OverflowError, "Python int too large to convert to C long");
}

/* An integer array compared with a Python int that its dtype cannot hold: the answer is the same
 * for every element. (Of booleans there is none, in NumPy either.) */
static PyObject *compare_out_of_range(QlOp op, const QxOperands *in) {
  bool scalar_first = in->of[0].array == NULL;
  const QlScalar *scalar = &in->of[scalar_first ? 0 : 1].scalar;
  const QlOperand it = in->of[scalar_first ? 1 : 0], twice[2] = {it, it};
  const QlArray *array = it.array;
  if (array->dtype == QL_BOOL) return too_large();
  bool above = scalar->dtype == QL_F64 ? scalar->value.d > 0
                                       : scalar->dtype == QL_U64 || scalar->value.i > 0;
  bool array_is_less = above != scalar_first; /* left < right, as the comparison is written */
  bool answer = op == QL_OP_NOT_EQUAL ||
                ((op == QL_OP_LESS || op == QL_OP_LESS_EQUAL) && array_is_less) ||
                ((op == QL_OP_GREATER || op == QL_OP_GREATER_EQUAL) && !array_is_less);
  QlOp same =
      answer ? QL_OP_EQUAL : QL_OP_NOT_EQUAL; /* of the array with itself: lies as it does */
  QlArray *result;
  QL_ERROR(error);
  if (ql_ufunc(qx.context, same, 2, twice, NULL, NULL, QL_DTYPE_NONE, &result, &error))
    return qx_raise(&error);
  return qx_wrap(result, array->ndim == 0);
}

static bool one_array_one_scalar(const QxOperands *in) {
  return in->count == 2 && (in->of[0].array == NULL) != (in->of[1].array == NULL);
}

/* Integers beyond 64 bits become what the loop computes with, which is another for them than for
 * floats. True: it computes with integers. */
static bool has_huge_integer(QlOp op, QxOperands *in, QlDtype dtype) {
  if (QX_LIKELY(!in->huge)) return false;
  if (op >= QL_OP_LOGICAL_AND && op <= QL_OP_LOGICAL_XOR) return true; /* a C long, too */
  QlOperand small[QX_OPERANDS];
  QlDtype loop, result;
  QL_ERROR(error);
  memcpy(small, in->of, sizeof small);
  for (int k = 0; k < QX_OPERANDS; k++)
    if (in->huge >> k & 1)
      small[k].scalar = (QlScalar){.value = {.i = 1}, .dtype = QL_I64, .weak = true};
  if (ql_resolve(op, in->count, small, dtype, &loop, &result, &error)) return false;
  if (ql_dtype_info[loop].kind < QL_KIND_FLOAT) return loop != QL_BOOL;
  for (int k = 0; k < QX_OPERANDS; k++) {
    QlScalar *scalar = &in->of[k].scalar;
    if (in->huge >> k & 1)
      *scalar = (QlScalar){ql_convert(QL_F64, scalar->value, loop), loop, .weak = false};
  }
  return false;
}

static PyObject *huge_integer(QlOp op, const QxOperands *in) {
  if (ql_is_comparison(op) && one_array_one_scalar(in)) return compare_out_of_range(op, in);
  return too_large();
}

static PyObject *huge_integer_into(QlOp op, const QxOperands *in, PyObject *out, PyObject *where) {
  PyObject *result = huge_integer(op, in);
  if (!result || !out) return result;
  if (where && where != Py_True) {
    Py_DECREF(result);
    return PyErr_Format(PyExc_NotImplementedError,
                        "%s with a Python integer beyond 64 bits, out= and where= is not in Quelea "
                        "yet; assign np.where(where, result, out) to out",
                        ql_op_name(op));
  }
  int done = qx_array_assign(out, Py_Ellipsis, result);
  Py_DECREF(result);
  return done < 0 ? NULL : Py_NewRef(out);
}

/* Scalars, lists and what else is no array become booleans one by one, as NumPy takes them; an
 * array must be of booleans. */
static int mask_operand(PyObject *where, QxOperands *operands) {
  QlOperand *mask = &operands->of[0];
  bool is_scalar = PyArray_IsScalar(where, Generic);
  if (qx_is_array(where) || PyBool_Check(where) || PyObject_HasAttrString(where, "__array__")) {
    int added = qx_operand_take(operands, where);
    if (added > 0 && !mask->array && (mask->scalar.weak || is_scalar))
      mask->scalar.value = ql_convert(mask->scalar.dtype, mask->scalar.value, QL_BOOL),
      mask->scalar.dtype = QL_BOOL;
    return added;
  }
  mask->array = qx_array_from_python(where, QL_BOOL);
  if (!mask->array) return -1;
  operands->owned[operands->owned_count++] = mask->array, operands->count++;
  return 1;
}

static int where_operand(PyObject *where, QxOperands *operands) {
  int added = mask_operand(where, operands);
  if (added < 0) return -1;
  QlDtype dtype = !added                  ? QL_DTYPE_NONE
                  : operands->of[0].array ? operands->of[0].array->dtype
                                          : operands->of[0].scalar.dtype;
  if (dtype == QL_BOOL) return 0;
  PyErr_Format(
      PyExc_TypeError,
      "Cannot cast array data from dtype('%s') to dtype('bool') according to the rule 'safe'",
      added ? ql_dtype_name(dtype) : Py_TYPE(where)->tp_name);
  qx_operands_release(operands);
  return -1;
}

/* op of the operands, the plain case: no out, where, dtype. */
static inline PyObject *record(QlOp op, QxOperands *in) {
  QL_ERROR(error);
  QlArray *result;
  if (QX_UNLIKELY(qx_enter_at() < 0)) return NULL;
  if (QX_UNLIKELY(has_huge_integer(op, in, QL_DTYPE_NONE))) return huge_integer(op, in);
  QlStatus status =
      ql_ufunc(qx.context, op, in->count, in->of, NULL, NULL, QL_DTYPE_NONE, &result, &error);
  if (QX_LIKELY(status == QL_OK)) return qx_wrap(result, result->ndim == 0);
  if (status == QL_ERR_OVERFLOW && ql_is_comparison(op) && one_array_one_scalar(in))
    return compare_out_of_range(op, in);
  return qx_raise(&error);
}

PyObject *qx_ufunc(QlOp op, QxOperands *in, PyObject *out, PyObject *where, QlDtype dtype) {
  if (!out && !where && dtype == QL_DTYPE_NONE) return record(op, in);
  QxOperands mask = {0};
  QlArray *result;
  QL_ERROR(error);
  PyObject *object = NULL;
  if (out && qx_check_out(out) < 0) return NULL;
  if (where && where != Py_True && where_operand(where, &mask) < 0) return NULL;
  if (qx_enter_at() < 0) goto out;
  if (has_huge_integer(op, in, dtype)) {
    object = huge_integer_into(op, in, out, where);
    goto out;
  }
  if (ql_ufunc(qx.context, op, in->count, in->of, out ? qx_array(out) : NULL,
               mask.count ? mask.of : NULL, dtype, &result, &error))
    qx_raise(&error);
  else
    object = qx_wrap_result(result, out);
out:
  qx_operands_release(&mask);
  return object;
}

/* ---- operators beside operands that are none of ours ---- */

static PyObject *power_of_two(PyObject *left, PyObject *right) {
  return PyNumber_Power(left, right, Py_None);
}
#define COMPARE(name, operation)                           \
  static PyObject *name(PyObject *left, PyObject *right) { \
    return PyObject_RichCompare(left, right, operation);   \
  }
COMPARE(is_less, Py_LT)
COMPARE(is_less_equal, Py_LE)
COMPARE(is_equal, Py_EQ)
COMPARE(is_not_equal, Py_NE)
COMPARE(is_greater, Py_GT)
COMPARE(is_greater_equal, Py_GE)
#undef COMPARE

typedef struct Operator {
  binaryfunc compute;
  const char *reflected;
} Operator;

static const Operator operators[QL_OP_COUNT] = {
    [QL_OP_ADD] = {PyNumber_Add, "__radd__"},
    [QL_OP_SUBTRACT] = {PyNumber_Subtract, "__rsub__"},
    [QL_OP_MULTIPLY] = {PyNumber_Multiply, "__rmul__"},
    [QL_OP_DIVIDE] = {PyNumber_TrueDivide, "__rtruediv__"},
    [QL_OP_FLOOR_DIVIDE] = {PyNumber_FloorDivide, "__rfloordiv__"},
    [QL_OP_REMAINDER] = {PyNumber_Remainder, "__rmod__"},
    [QL_OP_POWER] = {power_of_two, "__rpow__"},
    [QL_OP_BITWISE_AND] = {PyNumber_And, "__rand__"},
    [QL_OP_BITWISE_OR] = {PyNumber_Or, "__ror__"},
    [QL_OP_BITWISE_XOR] = {PyNumber_Xor, "__rxor__"},
    [QL_OP_LEFT_SHIFT] = {PyNumber_Lshift, "__rlshift__"},
    [QL_OP_RIGHT_SHIFT] = {PyNumber_Rshift, "__rrshift__"},
    [QL_OP_LESS] = {is_less, "__gt__"},
    [QL_OP_LESS_EQUAL] = {is_less_equal, "__ge__"},
    [QL_OP_EQUAL] = {is_equal, "__eq__"},
    [QL_OP_NOT_EQUAL] = {is_not_equal, "__ne__"},
    [QL_OP_GREATER] = {is_greater, "__lt__"},
    [QL_OP_GREATER_EQUAL] = {is_greater_equal, "__le__"},
};

/* The operator with our array as NumPy's, for who knows no other. */
static PyObject *operate_on_copy(const Operator *operator, PyObject * left, PyObject *right) {
  bool is_left = qx_is_array(left);
  bool copied;
  PyObject *host = qx_snapshot(qx_array(is_left ? left : right), &copied);
  if (!host) return NULL;
  PyObject *result = is_left ? operator->compute(host, right) : operator->compute(left, host);
  Py_DECREF(host);
  return result;
}

/* The other side's own method for what stands on its left. */
static PyObject *ask_right(const Operator *operator, PyObject * left, PyObject *right) {
  PyObject *method = PyObject_GetAttrString(right, operator->reflected);
  if (!method) {
    PyErr_Clear();
    Py_RETURN_NOTIMPLEMENTED;
  }
  PyObject *result = PyObject_CallOneArg(method, left);
  Py_DECREF(method);
  return result;
}

static PyObject *binary_elsewhere(QlOp op, PyObject *left, PyObject *right) {
  bool is_reflected = !qx_is_array(left);
  PyObject *other = is_reflected ? left : right, *const operands[2] = {left, right};
  QxForeign foreign = qx_foreign(other);
  if (foreign == QX_OVERRIDES) return qx_ufunc_elsewhere(op, 2, operands, NULL);
  if (foreign != QX_SUBCLASS && foreign != QX_PRIOR) Py_RETURN_NOTIMPLEMENTED;
  PyObject *result =
      is_reflected ? Py_NewRef(Py_NotImplemented) : ask_right(&operators[op], left, right);
  if (result != Py_NotImplemented) return result;
  Py_DECREF(result);
  return operate_on_copy(&operators[op], left, right);
}

PyObject *qx_binary(QlOp op, PyObject *left, PyObject *right) {
  QxOperands in;
  in.count = in.owned_count = 0, in.huge = in.any_array = false;
  int first = qx_operand_add(&in, left);
  int second = first > 0 ? qx_operand_add(&in, right) : first;
  if (QX_LIKELY(second > 0)) {
    PyObject *result = record(op, &in);
    if (QX_UNLIKELY(in.owned_count > 0)) qx_operands_release(&in);
    return result;
  }
  qx_operands_release(&in);
  return second < 0 ? NULL : binary_elsewhere(op, left, right);
}

PyObject *qx_unary(QlOp op, PyObject *self) {
  QxOperands in;
  in.count = in.owned_count = 0, in.huge = false;
  qx_operand_add(&in, self);
  in.of[1].array = NULL;
  return record(op, &in);
}

PyObject *qx_inplace(QlOp op, PyObject *self, PyObject *other) {
  if (((QxArray *)self)->value)
    return qx_binary(op, self, other); /* like NumPy's scalars, s += 1 makes a new one */
  QxOperands in = {0};
  qx_operand_add(&in, self);
  int added = qx_operand_add(&in, other);
  if (added == 0) {
    QxForeign foreign = qx_foreign(other);
    PyObject *const operands[2] = {self, other};
    if (foreign == QX_OVERRIDES || foreign == QX_DEFERS)
      return qx_ufunc_elsewhere(op, 2, operands, self);
    if (foreign != QX_SUBCLASS) Py_RETURN_NOTIMPLEMENTED;
    added = qx_operand_take(&in, other);
  }
  PyObject *result = added < 0 ? NULL : qx_ufunc(op, &in, self, NULL, QL_DTYPE_NONE);
  qx_operands_release(&in);
  return result;
}

PyObject *qx_astype(QlArray *array, QlDtype dtype, QlOrder order, bool value) {
  QlArray *result;
  QL_ERROR(error);
  if (warn_if_complex_is_lost(array->dtype, dtype) < 0 || qx_enter_at() < 0) return NULL;
  if (ql_astype(qx.context, array, dtype, order, &result, &error)) return qx_raise(&error);
  return qx_wrap(result, value);
}

/* ---- reductions ---- */

PyObject *qx_reduce(QlReduction reduction, QlArray *array, PyObject *axis, PyObject *dtype,
                    PyObject *out, bool keepdims) {
  uint32_t axes;
  QlDtype wanted;
  QlArray *result;
  QL_ERROR(error);
  if (qx_dtype_from_python(dtype, &wanted) < 0) return NULL;
  PyObject *ours = qx_absent(out) ? NULL : qx_out_open(out, false);
  if (!ours && PyErr_Occurred()) return NULL;
  if (qx_axes_from_python(axis, array->ndim, &axes) < 0 || qx_enter_at() < 0)
    return qx_out_close(out, ours, NULL);
  if (ql_reduce(qx.context, reduction, array, axes, keepdims, wanted, ours ? qx_array(ours) : NULL,
                &result, &error))
    return qx_out_close(out, ours, qx_raise(&error));
  PyObject *object = qx_wrap_result(result, ours);
  return ours ? qx_out_close(out, ours, object) : object;
}

/* ---- assignment ---- */

/* NumPy ignores leading extents of 1 that the target does not have. A new reference. */
static QlArray *without_leading_ones(QlArray *value, int ndim, QlError *error) {
  int skip = 0;
  while (value->ndim - skip > ndim && value->shape[skip] == 1) skip++;
  QlArray *view = NULL;
  (void)ql_view(value, value->ndim - skip, value->shape + skip, value->strides + skip,
                value->offset, &view, error);
  return view;
}

/* Complex values that lose their part warn; a weak scalar has passed qx_scalar_for_assignment. */
static int check_cast(const QlOperand *value, QlDtype to) {
  if (!value->array && value->scalar.weak) return 0;
  return warn_if_complex_is_lost(value->array ? value->array->dtype : value->scalar.dtype, to);
}

static int assign_operand(QlArray *target, const QlOperand *operand) {
  QL_ERROR(error);
  QlOperand value = *operand;
  bool longer = value.array && value.array->ndim > target->ndim;
  if (longer && !(value.array = without_leading_ones(value.array, target->ndim, &error)))
    return qx_raise_int(&error);
  QlStatus status = ql_assign(qx.context, target, &value, &error);
  if (longer) qx_release(value.array);
  return status ? qx_raise_int(&error) : 0;
}

static int element_for_assignment(QxOperands *in, PyObject *value, QlDtype target) {
  QlOperand *operand = &in->of[in->count];
  if (qx_element_from_python(value, target, &operand->scalar) < 0) return -1;
  operand->array = NULL, in->count++;
  return 1;
}

/* As in NumPy, scalars and the numbers in a list are converted one by one to the target's dtype,
 * which must hold them; the list is no deeper than the target has axes. */
static int operand_for_assignment(QxOperands *in, PyObject *value, QlDtype target, int ndim) {
  if (PyArray_IsScalar(value, Generic)) return element_for_assignment(in, value, target);
  if ((!PyList_Check(value) && !PyTuple_Check(value)) || qx_holds_arrays(value)) {
    int added = qx_operand_take(in, value);
    return added ? added : element_for_assignment(in, value, target);
  }
  QlArray *array = qx_array_from_python(value, target);
  if (!array) return -1;
  if (array->ndim > ndim) {
    PyErr_Format(PyExc_ValueError,
                 "setting an array element with a sequence. The requested array would exceed the "
                 "maximum number of dimension of %d.",
                 ndim);
    qx_release(array);
    return -1;
  }
  in->of[in->count++].array = in->owned[in->owned_count++] = array;
  return 1;
}

/* The value as an operand for a target of that dtype and so many axes, whose call comes next. 0 or
 * -1. */
static int take_assigned(QxOperands *in, PyObject *value, QlDtype target, int ndim) {
  int added = operand_for_assignment(in, value, target, ndim);
  if (added > 0 && !in->of[0].array &&
      qx_scalar_for_assignment(value, &in->of[0].scalar, target) < 0)
    added = -1;
  if (added > 0 && check_cast(&in->of[0], target) < 0) added = -1;
  return added > 0 && qx_enter_at() == 0 ? 0 : -1;
}

int qx_assign(QlArray *target, PyObject *value) {
  QxOperands in;
  in.count = in.owned_count = 0, in.huge = in.any_array = false;
  int status = take_assigned(&in, value, target->dtype, target->ndim);
  if (status == 0) status = assign_operand(target, &in.of[0]);
  if (in.owned_count > 0) qx_operands_release(&in);
  return status;
}

int qx_assign_element(QlArray *array, int64_t offset, PyObject *value) {
  QxOperands in;
  QL_ERROR(error);
  in.count = in.owned_count = 0, in.huge = in.any_array = false;
  int status = take_assigned(&in, value, array->dtype, 0);
  if (status == 0 && ql_set_element(array, offset, &in.of[0], &error))
    status = qx_raise_int(&error);
  if (in.owned_count > 0) qx_operands_release(&in);
  return status;
}
