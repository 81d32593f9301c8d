/* ufunc: the type quelea.ufunc. One object for each row of ops.def, with NumPy's name; they are
 * what the module's elementwise functions are, and what NumPy's own ufuncs reach through
 * __array_ufunc__. What NumPy's ufuncs are that are no operation of one result (divmod, matmul) is
 * composed of a function in Python. */
#include "ext.h"

#include <string.h>

typedef struct Ufunc {
  PyObject ob_base;
  vectorcallfunc vectorcall;
  QlOp op;         /* QL_OP_COUNT: it is composed */
  PyObject *numpy; /* NumPy's ufunc of that name, or None */
  const char *name;
  PyObject *name_object; /* whose text it is; or NULL */
  int nin, nout;
  PyObject *function; /* what computes a composed one; or NULL */
  PyObject *core;     /* the axes that it takes and gives as NumPy's signature says; or None */
} Ufunc;

static PyObject *numpy_ufuncs[QL_OP_COUNT]; /* borrowed from ours, which the module keeps */

#define OP(self) (((Ufunc *)(self))->op)
#define NAME(self) (((Ufunc *)(self))->name)
#define ARITY(self) (((Ufunc *)(self))->nin)

/* ---- calling ---- */

enum { OUT, WHERE, DTYPE, CASTING, ORDER, SUBOK, SIGNATURE, SIG, KEYWORDS };
static const char *const keyword_words[] = {"out",   "where", "dtype",     "casting",
                                            "order", "subok", "signature", "sig"};

/* out=... asks for an array where there would be a scalar; it is written as a keyword, and alone. 0
 * or -1. */
static int check_no_ellipsis(PyObject *given, const char *words) {
  bool is_there = given == Py_Ellipsis;
  for (Py_ssize_t i = 0; PyTuple_Check(given) && i < PyTuple_GET_SIZE(given); i++)
    is_there |= PyTuple_GET_ITEM(given, i) == Py_Ellipsis;
  if (is_there) PyErr_SetString(PyExc_TypeError, words);
  return is_there ? -1 : 0;
}

static int check_positional(PyObject *out) {
  if (PyTuple_Check(out)) {
    PyErr_SetString(PyExc_TypeError, "return arrays must be of type quelea.ndarray");
    return -1;
  }
  return check_no_ellipsis(out, "out=... is only allowed as a keyword argument.");
}

static int check_tuple(PyObject *out) {
  return check_no_ellipsis(out, "must use `...` as `out=...` and not per-operand/in a tuple");
}

/* out= may be a tuple of one. NULL: none. false: exception. */
static bool only_output(PyObject *given, PyObject **out) {
  if (given == Py_Ellipsis) given = NULL;
  if (given && PyTuple_Check(given)) {
    if (check_tuple(given) < 0) return false;
    if (PyTuple_GET_SIZE(given) != 1) {
      PyErr_SetString(PyExc_ValueError,
                      "The 'out' tuple must have exactly one entry per ufunc output");
      return false;
    }
    given = PyTuple_GET_ITEM(given, 0);
  }
  *out = qx_absent(given) ? NULL : given;
  return true;
}

/* out=...: an array where there would be a scalar. Takes over the result, which may be NULL; what
 * another type's arrays have given stays. */
static PyObject *true_array(PyObject *result) {
  if (!result) return NULL;
  bool is_ours = qx_is_array(result);
  if (is_ours ? !((QxArray *)result)->value
              : !PyArray_CheckExact(result) && !PyArray_IsScalar(result, Generic))
    return result;
  if (is_ours) {
    QlArray *value = qx_array(result);
    Py_SETREF(result, qx_astype(value, value->dtype, QL_ORDER_C, false));
    return result;
  }
  QlArray *array = qx_array_from_python(result, QL_DTYPE_NONE);
  Py_SETREF(result, array ? qx_wrap(array, false) : NULL);
  return result;
}

/* As NumPy does, whose words these are. 0 or -1. */
static int warn_of_where(void) {
  return PyErr_WarnEx(PyExc_UserWarning,
                      "'where' used without 'out', expect unitialized memory in output. If this is "
                      "intentional, use out=None.",
                      1);
}

typedef enum Casting { SAME_KIND, UNSAFE, STRICTER } Casting;

/* -1: exception */
static int casting_from_python(PyObject *casting) {
  if (!casting) return SAME_KIND;
  if (qx_casting_allows(casting, QL_BOOL, QL_BOOL) < 0) return -1;
  const char *rule = qx_word(casting);
  return !strcmp(rule, "same_kind") ? SAME_KIND : !strcmp(rule, "unsafe") ? UNSAFE : STRICTER;
}

/* An input as the loop takes it, whatever is lost. 0 or -1. */
static int cast_input(QxOperands *in, int k, QlDtype loop) {
  QlScalar *scalar = &in->of[k].scalar;
  if (in->of[k].array) {
    if (in->of[k].array->dtype == loop) return 0;
    PyObject *cast = qx_astype(in->of[k].array, loop, QL_ORDER_ITERATOR, false);
    if (!cast) return -1;
    ql_retain(qx_array(cast));
    in->of[k].array = in->owned[in->owned_count++] = qx_array(cast);
    Py_DECREF(cast);
    return 0;
  }
  if (scalar->weak && ql_dtype_info[scalar->dtype].kind <= QL_KIND_UINT) return 0; /* is checked */
  scalar->value = ql_convert(scalar->dtype, scalar->value, loop);
  scalar->dtype = loop, scalar->weak = false;
  return 0;
}

/* casting='unsafe': inputs are cast to what the loop takes, and the result is assigned. */
static PyObject *call_unsafely(PyObject *self, QxOperands *in, PyObject *out, PyObject *where,
                               QlDtype dtype) {
  QlDtype loop = QL_DTYPE_NONE, unused;
  QL_ERROR(error);
  if (out && qx_check_out(out) < 0) return NULL;
  QlStatus status = ql_resolve(OP(self), in->count, in->of, dtype, &loop, &unused, &error);
  bool casts = status == QL_ERR_CAST && loop != QL_DTYPE_NONE;
  for (int k = 0; casts && k < in->count; k++)
    if (cast_input(in, k, loop) < 0) return NULL;
  if (!out) return qx_ufunc(OP(self), in, NULL, where, dtype);
  if (where && where != Py_True)
    return PyErr_Format(PyExc_NotImplementedError,
                        "%s with casting='unsafe', out= and where= is not in Quelea yet; assign "
                        "np.where(where, result, out) to out",
                        NAME(self));
  PyObject *result = qx_ufunc(OP(self), in, NULL, NULL, dtype);
  bool longer = result && qx_array(result)->ndim > qx_array(out)->ndim;
  if (longer) /* an assignment would leave out axes of one element */
    PyErr_SetString(PyExc_ValueError,
                    "non-broadcastable output operand doesn't match the broadcast shape");
  int done = result && !longer ? qx_array_assign(out, Py_Ellipsis, result) : -1;
  Py_XDECREF(result);
  return done < 0 ? NULL : Py_NewRef(out);
}

static int refuse_cast(PyObject *self, const char *which, int k, QlDtype from, QlDtype to,
                       PyObject *casting) {
  QL_ERROR(error);
  char place[16] = "";
  if (k >= 0 && ARITY(self) > 1) snprintf(place, sizeof place, " %d", k);
  (void)ql_fail(
      &error, QL_ERR_CAST,
      "Cannot cast ufunc '%s' %s%s from dtype('%s') to dtype('%s') with casting rule '%s'",
      NAME(self), which, place, ql_dtype_name(from), ql_dtype_name(to), qx_word(casting));
  return qx_raise_int(&error);
}

static int refuse_number(const QlScalar *scalar, QlDtype to) {
  static const char *const names[] = {[QL_KIND_BOOL] = "bool",
                                      [QL_KIND_INT] = "int",
                                      [QL_KIND_UINT] = "int",
                                      [QL_KIND_FLOAT] = "float",
                                      [QL_KIND_COMPLEX] = "complex"};
  PyErr_Format(PyExc_TypeError, "cannot cast Python %s to %s under the casting rule 'equiv'",
               names[ql_dtype_info[scalar->dtype].kind], ql_dtype_name(to));
  return -1;
}

static bool has_python_integer(const QxOperands *in) {
  for (int k = 0; k < in->count; k++) {
    const QlScalar *scalar = &in->of[k].scalar;
    if (in->of[k].array || !scalar->weak) continue;
    QlKind kind = ql_dtype_info[scalar->dtype].kind;
    if (kind == QL_KIND_INT || kind == QL_KIND_UINT) return true;
  }
  return false;
}

/* casting= stricter than 'same_kind'. 0 or -1. */
static int check_casting(PyObject *self, const QxOperands *in, PyObject *out, QlDtype dtype,
                         PyObject *casting) {
  QlDtype loop, result;
  QL_ERROR(error);
  if (ql_resolve(OP(self), in->count, in->of, dtype, &loop, &result, &error))
    return qx_raise_int(&error);
  bool is_equivalence = !strcmp(qx_word(casting), "equiv");
  bool is_logical = OP(self) >= QL_OP_LOGICAL_AND && OP(self) <= QL_OP_LOGICAL_XOR;
  for (int k = 0; k < in->count && !is_logical; k++) { /* truths are taken of any dtype */
    const QlScalar *scalar = &in->of[k].scalar;
    bool is_weak = !in->of[k].array && scalar->weak;
    if (ql_is_comparison(OP(self)) && has_python_integer(in) &&
        ql_dtype_info[loop].kind <= QL_KIND_UINT)
      continue; /* integers of any size are compared */
    if (is_weak && is_equivalence && scalar->dtype != ql_op_input(OP(self), k, scalar->dtype, loop))
      return refuse_number(scalar, loop);
    QlDtype from = in->of[k].array                            ? (QlDtype)in->of[k].array->dtype
                   : scalar->weak && scalar->dtype != QL_BOOL ? ql_lift_weak(loop, scalar->dtype)
                                                              : scalar->dtype;
    QlDtype to = ql_op_input(OP(self), k, from, loop);
    if (OP(self) == QL_OP_LDEXP && k == 1) /* NumPy's loops have two kinds of exponents */
      to = ql_can_cast_safely(from, QL_I32) ? QL_I32 : QL_I64;
    if (!qx_casting_allows(casting, from, to))
      return refuse_cast(self, "input", k, from, to, casting);
  }
  if (out && qx_is_array(out) && !qx_casting_allows(casting, result, qx_array(out)->dtype))
    return refuse_cast(self, "output", -1, result, qx_array(out)->dtype, casting);
  return 0;
}

/* 'A' is 'F' where all arrays lie so. 0 or -1. */
static int order_of_result(PyObject *order, const QxOperands *in, PyObject *out, QlOrder *wanted) {
  *wanted = QL_ORDER_K;
  if (qx_absent(order)) return 0;
  switch (qx_order_letter(order)) {
    case 0: return -1;
    case 'C': *wanted = QL_ORDER_C; return 0;
    case 'F': *wanted = QL_ORDER_F; return 0;
    case 'K': return 0;
    default: break;
  }
  bool is_fortran = !out || !qx_is_array(out) || qx_is_contiguous(qx_array(out), QL_ORDER_F);
  for (int k = 0; k < in->count; k++)
    is_fortran &= !in->of[k].array || qx_is_contiguous(in->of[k].array, QL_ORDER_F);
  *wanted = is_fortran ? QL_ORDER_F : QL_ORDER_C;
  return 0;
}

static PyObject *call_into(PyObject *self, QxOperands *in, PyObject **values, PyObject *out);

static PyObject *call_with_keywords(PyObject *self, QxOperands *in, PyObject **values) {
  PyObject *out;
  if (values[SIGNATURE] == Py_None || values[SIG] == Py_None)
    return PyErr_Format(PyExc_TypeError,
                        "the signature object to ufunc must be a string or a tuple.");
  if (values[SIGNATURE] || values[SIG])
    return PyErr_Format(PyExc_NotImplementedError,
                        "%s(signature=) is not in Quelea yet; write dtype=, or astype of the "
                        "operands",
                        NAME(self));
  if (!only_output(values[OUT], &out)) return NULL;
  if (!out || !PyArray_Check(out)) return call_into(self, in, values, out);
  PyObject *ours = qx_out_open(out, !qx_absent(values[WHERE]) && values[WHERE] != Py_True);
  return ours ? qx_out_close(out, ours, call_into(self, in, values, ours)) : NULL;
}

static PyObject *call_into(PyObject *self, QxOperands *in, PyObject **values, PyObject *out) {
  QlDtype dtype;
  if ((out && qx_check_is_array(out) < 0) || qx_dtype_from_python(values[DTYPE], &dtype) < 0)
    return NULL;
  int casting = casting_from_python(values[CASTING]);
  QlOrder order;
  if (casting < 0 || order_of_result(values[ORDER], in, out, &order) < 0) return NULL;
  if (values[SUBOK] && !PyBool_Check(values[SUBOK]))
    return PyErr_Format(PyExc_TypeError, "'subok' must be a boolean");
  PyObject *where = values[WHERE] == Py_True ? NULL : values[WHERE];
  if (casting == STRICTER && check_casting(self, in, out, dtype, values[CASTING]) < 0) return NULL;
  PyObject *result = casting == UNSAFE ? call_unsafely(self, in, out, where, dtype)
                                       : qx_ufunc(OP(self), in, out, where, dtype);
  if (!result || out || qx_absent(values[ORDER])) return result;
  QlArray *array = qx_array(result);
  if (order != QL_ORDER_K && !qx_is_contiguous(array, order))
    Py_SETREF(result, qx_astype(array, array->dtype, order, false));
  return result;
}

static bool is_array_like(PyObject *object) {
  return object && (qx_is_array(object) || PyTuple_Check(object));
}

static PyObject *ufunc_vectorcall(PyObject *self, PyObject *const *args, size_t flagged,
                                  PyObject *kwnames) {
  Py_ssize_t nargs = PyVectorcall_NARGS(flagged);
  int nin = ARITY(self);
  if (QX_UNLIKELY(nargs < nin || nargs > nin + 1))
    return PyErr_Format(PyExc_TypeError,
                        "%s() takes from %d to %d positional arguments but %zd were given",
                        NAME(self), nin, nin + 1, nargs);
  PyObject *values[KEYWORDS] = {NULL};
  const QxSignature signature = {NAME(self), keyword_words, KEYWORDS, 0, 0};
  if (kwnames && !qx_parse(&signature, args + nargs, 0, kwnames, values)) return NULL;
  bool warns = values[WHERE] && values[WHERE] != Py_True && !values[OUT]; /* not of out=None */
  if (nargs > nin) {
    if (values[OUT])
      return PyErr_Format(PyExc_TypeError,
                          "cannot specify 'out' as both a positional and keyword argument");
    if (check_positional(args[nin]) < 0) return NULL;
    values[OUT] = args[nin];
  }
  bool as_array = values[OUT] == Py_Ellipsis;
  if (as_array) values[OUT] = Py_None;
  QxOperands in;
  in.count = in.owned_count = 0, in.huge = in.any_array = false;
  PyObject *result = NULL, *numpy = ((Ufunc *)self)->numpy;
  bool is_elsewhere = false;
  for (int i = 0; i < nin; i++) {
    int added = qx_operand_add(&in, args[i]);
    if (QX_UNLIKELY(added == 0)) {
      QxForeign foreign = numpy == Py_None ? QX_TAKEN : qx_foreign(args[i]);
      is_elsewhere = foreign != QX_TAKEN && foreign != QX_PRIOR;
      if (is_elsewhere) break;
      added = qx_operand_take(&in, args[i]);
    }
    if (added == 0)
      PyErr_Format(PyExc_TypeError, "ufunc '%s' does not take an operand of type '%s'", NAME(self),
                   Py_TYPE(args[i])->tp_name);
    if (added <= 0) goto out;
  }
  if (QX_UNLIKELY(is_elsewhere ||
                  (values[OUT] && numpy != Py_None && qx_is_overridden(values[OUT])))) {
    result = PyObject_Vectorcall(numpy, args, flagged, kwnames);
    goto out;
  }
  warns &= qx_absent(values[OUT]) && (in.any_array || is_array_like(values[WHERE]));
  if (QX_UNLIKELY(warns) && warn_of_where() < 0) goto out;
  if (nin == 1) in.of[1].array = NULL;
  if (!in.any_array && in.huge && (as_array || !qx_absent(values[OUT]))) {
    PyErr_Format(PyExc_TypeError,
                 "ufunc '%s' of a Python integer beyond 64 bits alone is of objects, which are not "
                 "in Quelea",
                 NAME(self));
    goto out;
  }
  if (!in.any_array && qx_absent(values[OUT]) && !as_array && !is_array_like(values[WHERE]) &&
      numpy != Py_None)
    result =
        PyObject_Vectorcall(numpy, args, flagged, kwnames); /* scalars alone are NumPy's business */
  else if (!kwnames && nargs == nin)
    result = qx_ufunc(OP(self), &in, NULL, NULL, QL_DTYPE_NONE);
  else
    result = call_with_keywords(self, &in, values);
  if (QX_UNLIKELY(as_array)) result = true_array(result);
out:
  if (in.owned_count > 0) qx_operands_release(&in);
  return result;
}

/* ---- composed ones ---- */

static bool is_composed(PyObject *self) { return ((Ufunc *)self)->function != NULL; }

static PyObject *composed_vectorcall(PyObject *self, PyObject *const *args, size_t flagged,
                                     PyObject *kwnames) {
  Py_ssize_t nargs = PyVectorcall_NARGS(flagged), count = kwnames ? PyTuple_GET_SIZE(kwnames) : 0;
  for (Py_ssize_t i = ARITY(self); i < nargs; i++)
    if (check_no_ellipsis(args[i], "out=... is only allowed as a keyword argument.") < 0)
      return NULL;
  for (Py_ssize_t i = 0; i < count; i++)
    if (PyTuple_Check(args[nargs + i]) &&
        PyUnicode_CompareWithASCIIString(PyTuple_GET_ITEM(kwnames, i), "out") == 0 &&
        check_tuple(args[nargs + i]) < 0)
      return NULL;
  return PyObject_Vectorcall(((Ufunc *)self)->function, args, flagged, kwnames);
}

/* Is it of whole axes? */
static bool has_core(PyObject *self) {
  return is_composed(self) && ((Ufunc *)self)->core != Py_None;
}

/* NumPy's exception: a ufunc of several results or of several axes has no such method. */
static PyObject *refuse_method(PyObject *self, const char *method) {
  PyObject *result = PyObject_CallMethod(((Ufunc *)self)->numpy, method, NULL);
  if (!result) return NULL;
  Py_DECREF(result);
  return PyErr_Format(PyExc_TypeError, "%s has no method %s", NAME(self), method);
}

/* ---- methods ---- */

static const char *reduction_name(QlOp op) {
  switch (op) {
    case QL_OP_ADD: return "sum";
    case QL_OP_MULTIPLY: return "prod";
    case QL_OP_MINIMUM: return "min";
    case QL_OP_MAXIMUM: return "max";
    case QL_OP_LOGICAL_OR: return "any";
    case QL_OP_LOGICAL_AND: return "all";
    default: return NULL;
  }
}

/* ufunc.reduce, accumulate and reduceat in quelea/in_order.py; what was not given is Ellipsis. */
static PyObject *call_method(PyObject *self, const char *method, PyObject *const *values,
                             int count) {
  enum { MOST = 7 };
  PyObject *call[2 + MOST] = {PyUnicode_FromString(method), self}, *result = NULL;
  for (int k = 0; k < count; k++) call[2 + k] = values[k] ? values[k] : Py_Ellipsis;
  if (call[0]) result = PyObject_Vectorcall(qx.hooks.ufunc_method, call, 2 + (size_t)count, NULL);
  Py_XDECREF(call[0]);
  return result;
}

/* ufunc.reduce(array, axis=0, dtype=None, out=None, keepdims=False, initial, where) through the
 * reduction of the same meaning, if there is one. */
static PyObject *ufunc_reduce(PyObject *self, PyObject *const *args, Py_ssize_t nargs,
                              PyObject *kwnames) {
  static const char *const words[] = {"array",    "axis",    "dtype", "out",
                                      "keepdims", "initial", "where"};
  static const QxSignature signature = {"reduce", words, 7, 7, 1};
  PyObject *values[7];
  if (is_composed(self)) return refuse_method(self, "reduce");
  const char *name = reduction_name(OP(self));
  if (ARITY(self) != 2)
    return PyErr_Format(PyExc_ValueError, "reduce only supported for binary functions");
  if (!qx_parse(&signature, args, nargs, kwnames, values)) return NULL;
  if (nargs > 3 && check_positional(args[3]) < 0) return NULL;
  bool as_array = values[3] == Py_Ellipsis;
  if (qx_integer_flag(values[4], false) < 0 || !only_output(values[3], &values[3])) return NULL;
  PyObject *zero = PyLong_FromLong(0), *result = NULL;
  if (name && !values[1]) values[1] = zero;
  if (zero) result = name ? qx_reduce_slowly(name, values) : call_method(self, "reduce", values, 7);
  Py_XDECREF(zero);
  return as_array ? true_array(result) : result;
}

/* ufunc.outer(a, b): a with as many new axes at the end as b has. */
static PyObject *ufunc_outer(PyObject *self, PyObject *const *args, Py_ssize_t nargs,
                             PyObject *kwnames) {
  if (has_core(self)) return refuse_method(self, "outer");
  if (ARITY(self) != 2)
    return PyErr_Format(PyExc_ValueError, "outer product only supported for binary functions");
  if (nargs != 2) return PyErr_Format(PyExc_TypeError, "%s.outer takes two arrays", NAME(self));
  QlArray *left = qx_array_from_python(args[0], QL_DTYPE_NONE);
  QlArray *right = left ? qx_array_from_python(args[1], QL_DTYPE_NONE) : NULL;
  PyObject *result = NULL, *first = NULL, *second = NULL;
  if (!right) goto out;
  int64_t shape[2 * QL_MAX_DIMS];
  int ndim = left->ndim + right->ndim;
  if (ndim > QL_MAX_DIMS) {
    PyErr_Format(PyExc_ValueError,
                 "maximum supported dimension for an ndarray is currently %d, found %d",
                 QL_MAX_DIMS, ndim);
    goto out;
  }
  for (int i = 0; i < ndim; i++) shape[i] = i < left->ndim ? left->shape[i] : 1;
  PyObject *whole = qx_wrap(left, false);
  left = NULL;
  first = whole ? qx_reshape(whole, ndim, shape) : NULL;
  Py_XDECREF(whole);
  second = qx_wrap(right, false);
  right = NULL;
  if (first && second) {
    PyObject *const pair[2] = {first, second};
    Py_ssize_t named = kwnames ? PyTuple_GET_SIZE(kwnames) : 0;
    PyObject *call[2 + KEYWORDS];
    if (named > KEYWORDS) {
      PyErr_Format(PyExc_TypeError, "%s.outer got too many keyword arguments", NAME(self));
      goto out;
    }
    memcpy(call, pair, sizeof pair), memcpy(call + 2, args + nargs, (size_t)named * sizeof *call);
    result = PyObject_Vectorcall(self, call, 2, kwnames);
  }
out:
  if (left) qx_release(left);
  if (right) qx_release(right);
  Py_XDECREF(first), Py_XDECREF(second);
  return result;
}

static bool is_scan(QlOp op) {
  switch (op) {
    case QL_OP_ADD:
    case QL_OP_MULTIPLY:
    case QL_OP_MINIMUM:
    case QL_OP_MAXIMUM:
    case QL_OP_LOGICAL_AND:
    case QL_OP_LOGICAL_OR:
    case QL_OP_LOGICAL_XOR:
    case QL_OP_BITWISE_AND:
    case QL_OP_BITWISE_OR:
    case QL_OP_BITWISE_XOR:
    case QL_OP_GCD: return true;
    default: return false;
  }
}

/* One axis, as an int or in a tuple. 0 or -1. */
static int axis_of_scan(PyObject *given, int ndim, int *axis) {
  uint32_t axes;
  *axis = 0;
  if (given && qx_axes_from_python(given, ndim, &axes) < 0) return -1;
  if (given && __builtin_popcount(axes) != 1) {
    PyErr_SetString(PyExc_ValueError, "accumulate does not allow multiple axes");
    return -1;
  }
  if (given) *axis = __builtin_ctz(axes);
  return 0;
}

/* ufunc.accumulate(array, axis=0, dtype=None, out=None) */
static PyObject *ufunc_accumulate(PyObject *self, PyObject *const *args, Py_ssize_t nargs,
                                  PyObject *kwnames) {
  static const char *const words[] = {"array", "axis", "dtype", "out"};
  static const QxSignature signature = {"accumulate", words, 4, 4, 1};
  PyObject *values[4], *result = NULL, *out;
  QlDtype dtype;
  int axis;
  if (is_composed(self)) return refuse_method(self, "accumulate");
  if (ARITY(self) != 2)
    return PyErr_Format(PyExc_ValueError, "accumulate only supported for binary functions");
  if (!qx_parse(&signature, args, nargs, kwnames, values)) return NULL;
  if (nargs > 3 && check_positional(args[3]) < 0) return NULL;
  if (!only_output(values[3], &out) || qx_dtype_from_python(values[2], &dtype) < 0) return NULL;
  PyObject *ours = out ? qx_out_open(out, false) : NULL;
  if (out && !ours) return NULL;
  if (!is_scan(OP(self))) {
    values[3] = ours;
    result = call_method(self, "accumulate", values, 4);
    return out ? qx_out_close(out, ours, result) : result;
  }
  QlArray *array = qx_array_from_python(values[0], QL_DTYPE_NONE);
  PyObject *whole = array ? qx_wrap(array, false) : NULL;
  if (whole && array->ndim == 0)
    PyErr_SetString(PyExc_TypeError, "cannot accumulate on a scalar");
  else if (whole && axis_of_scan(values[1], array->ndim, &axis) == 0)
    result = qx_scan(OP(self), whole, axis, dtype, ours);
  Py_XDECREF(whole);
  return out ? qx_out_close(out, ours, result) : result;
}

/* ufunc.reduceat(array, indices, axis=0, dtype=None, out=None) */
static PyObject *ufunc_reduceat(PyObject *self, PyObject *const *args, Py_ssize_t nargs,
                                PyObject *kwnames) {
  static const char *const words[] = {"array", "indices", "axis", "dtype", "out"};
  static const QxSignature signature = {"reduceat", words, 5, 5, 2};
  PyObject *values[5], *out;
  QlDtype dtype;
  if (is_composed(self)) return refuse_method(self, "reduceat");
  if (ARITY(self) != 2)
    return PyErr_Format(PyExc_ValueError, "reduceat only supported for binary functions");
  if (!qx_parse(&signature, args, nargs, kwnames, values)) return NULL;
  if (nargs > 4 && check_positional(args[4]) < 0) return NULL;
  if (!only_output(values[4], &out) || qx_dtype_from_python(values[3], &dtype) < 0) return NULL;
  values[4] = out ? qx_out_open(out, false) : NULL;
  if (out && !values[4]) return NULL;
  PyObject *result = call_method(self, "reduceat", values, 5);
  return out ? qx_out_close(out, values[4], result) : result;
}

/* ufunc.at(a, indices, b): quelea/putting.py. */
static PyObject *ufunc_at(PyObject *self, PyObject *const *args, Py_ssize_t nargs) {
  PyObject *call[4] = {self};
  if (is_composed(self)) return refuse_method(self, "at");
  if (nargs < 2 || nargs > 3)
    return PyErr_Format(PyExc_TypeError,
                        "at() takes from 2 to 3 positional arguments but %zd %s given", nargs,
                        nargs == 1 ? "was" : "were");
  memcpy(call + 1, args, (size_t)nargs * sizeof *call);
  return PyObject_Vectorcall(qx.hooks.ufunc_at, call, (size_t)nargs + 1, NULL);
}

/* By name, as functions are pickled. */
static PyObject *ufunc_reduced(PyObject *self, PyObject *unused) {
  (void)unused;
  return PyUnicode_FromString(NAME(self));
}

enum { FAST = METH_FASTCALL | METH_KEYWORDS };
static PyMethodDef ufunc_methods[] = {
    QX_METHOD("reduce", ufunc_reduce, FAST,
              "($self, array, /, axis=0, dtype=None, out=None, **kwargs)",
              "Reduces over axes (default: axis 0)."),
    QX_METHOD("outer", ufunc_outer, FAST, "($self, A, B, /, **kwargs)",
              "The operation on all pairs of elements."),
    QX_METHOD("accumulate", ufunc_accumulate, FAST,
              "($self, array, /, axis=0, dtype=None, out=None)",
              "What reduces along an axis, up to each element."),
    QX_METHOD("reduceat", ufunc_reduceat, FAST,
              "($self, array, /, indices, axis=0, dtype=None, out=None)",
              "Reduces pieces of an axis."),
    QX_METHOD("at", ufunc_at, METH_FASTCALL, "($self, a, indices, b=None, /)",
              "Stores the operation's results at indices, one after another."),
    {"__reduce__", ufunc_reduced, METH_NOARGS, NULL},
    {NULL},
};

/* ---- attributes ---- */

static PyObject *ufunc_name(PyObject *self, void *unused) {
  (void)unused;
  return PyUnicode_FromString(NAME(self));
}
static PyObject *ufunc_nin(PyObject *self, void *unused) {
  (void)unused;
  return PyLong_FromLong(ARITY(self));
}
static PyObject *ufunc_nout(PyObject *self, void *unused) {
  (void)unused;
  return PyLong_FromLong(((Ufunc *)self)->nout);
}
static PyObject *ufunc_nargs(PyObject *self, void *unused) {
  (void)unused;
  return PyLong_FromLong(ARITY(self) + ((Ufunc *)self)->nout);
}
static PyObject *ufunc_signature(PyObject *self, void *unused) {
  (void)unused;
  return Py_NewRef(((Ufunc *)self)->core);
}
static PyObject *ufunc_module(PyObject *self, void *unused) {
  (void)self, (void)unused;
  return PyUnicode_FromString("quelea");
}

static PyObject *ufunc_from_numpy(PyObject *self, void *attribute) {
  PyObject *numpy = ((Ufunc *)self)->numpy;
  return numpy == Py_None ? Py_NewRef(Py_None) : PyObject_GetAttrString(numpy, attribute);
}

/* What NumPy's text does not say of ours. */
static const char *const notes[QL_OP_COUNT] = {
    [QL_OP_POWER] =
        "In Quelea, an array of signed integer exponents of integers is looked at: what is "
        "recorded is "
        "executed, and every rank raises ValueError when one of them is negative.",
};

static PyObject *ufunc_doc(PyObject *self, void *unused) {
  (void)unused;
  if (is_composed(self)) return PyObject_GetAttrString(((Ufunc *)self)->function, "__doc__");
  PyObject *doc = ufunc_from_numpy(self, "__doc__");
  if (!doc || !notes[OP(self)]) return doc;
  PyObject *whole = PyUnicode_FromFormat("%S\n\n%s", doc, notes[OP(self)]);
  Py_DECREF(doc);
  return whole;
}

static PyGetSetDef ufunc_attributes[] = {
    {"__name__", ufunc_name, NULL, NULL, NULL},
    {"__qualname__", ufunc_name, NULL, NULL, NULL},
    {"__module__", ufunc_module, NULL, NULL, NULL},
    {"__doc__", ufunc_doc, NULL, NULL, NULL},
    {"nin", ufunc_nin, NULL, "Number of inputs.", NULL},
    {"nout", ufunc_nout, NULL, "Number of outputs.", NULL},
    {"nargs", ufunc_nargs, NULL, "Number of inputs and outputs.", NULL},
    {"identity", ufunc_from_numpy, NULL, "The identity value.", "identity"},
    {"types", ufunc_from_numpy, NULL, "The types of NumPy's loops.", "types"},
    {"ntypes", ufunc_from_numpy, NULL, "How many they are.", "ntypes"},
    {"resolve_dtypes", ufunc_from_numpy, NULL, "Dtypes of operands and results.", "resolve_dtypes"},
    {"signature", ufunc_signature, NULL, "The axes of operands; None: it is elementwise.", NULL},
    {"__signature__", ufunc_from_numpy, NULL, NULL, "__signature__"},
    {NULL},
};

static PyObject *ufunc_repr(PyObject *self) {
  return PyUnicode_FromFormat("<ufunc '%s'>", NAME(self));
}

static void ufunc_dealloc(PyObject *self) {
  Ufunc *ufunc = (Ufunc *)self;
  Py_XDECREF(ufunc->numpy), Py_XDECREF(ufunc->function), Py_XDECREF(ufunc->core);
  Py_XDECREF(ufunc->name_object);
  PyObject_Free(self);
}

PyTypeObject qx_ufunc_type = {
    PyVarObject_HEAD_INIT(NULL, 0).tp_name = "quelea.ufunc",
    .tp_basicsize = sizeof(Ufunc),
    .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_VECTORCALL,
    .tp_vectorcall_offset = offsetof(Ufunc, vectorcall),
    .tp_call = PyVectorcall_Call,
    .tp_dealloc = ufunc_dealloc,
    .tp_repr = ufunc_repr,
    .tp_str = ufunc_repr,
    .tp_methods = ufunc_methods,
    .tp_getset = ufunc_attributes,
};

/* ---- from elsewhere ---- */

PyObject *qx_ufunc_elsewhere(QlOp op, int count, PyObject *const *operands, PyObject *out) {
  PyObject *name = PyUnicode_FromString("out"), *result = NULL;
  PyObject *kwnames = name && out ? PyTuple_Pack(1, name) : NULL;
  PyObject *args[QX_OPERANDS + 1];
  memcpy(args, operands, (size_t)count * sizeof *args);
  args[count] = out;
  if (name && (kwnames || !out))
    result = PyObject_Vectorcall(numpy_ufuncs[op], args, (size_t)count, kwnames);
  Py_XDECREF(name), Py_XDECREF(kwnames);
  return result;
}

/* ---- set-up ---- */

static bool add_ufunc(PyObject *module, PyObject *numpy_module, QlOp op) {
  Ufunc *ufunc = PyObject_New(Ufunc, &qx_ufunc_type);
  if (!ufunc) return false;
  ufunc->vectorcall = ufunc_vectorcall, ufunc->op = op, ufunc->function = NULL;
  ufunc->name = ql_op_info[op].name, ufunc->nin = ql_op_info[op].arity, ufunc->nout = 1;
  ufunc->name_object = NULL, ufunc->core = Py_NewRef(Py_None);
  ufunc->numpy = PyObject_GetAttrString(numpy_module, ql_op_info[op].name);
  if (!ufunc->numpy) PyErr_Clear(), ufunc->numpy = Py_NewRef(Py_None);
  numpy_ufuncs[op] = ufunc->numpy;
  bool done = PyModule_AddObjectRef(module, ql_op_info[op].name, (PyObject *)ufunc) == 0;
  if (done && ufunc->numpy != Py_None)
    done = PyDict_SetItem(qx.numpy_ufuncs, ufunc->numpy, (PyObject *)ufunc) == 0;
  Py_DECREF(ufunc);
  return done;
}

static int count_of(PyObject *numpy, const char *attribute) {
  PyObject *count = PyObject_GetAttrString(numpy, attribute);
  int value = count ? (int)PyLong_AsLong(count) : -1;
  Py_XDECREF(count);
  return value;
}

PyObject *qx_composed(PyObject *module, PyObject *const *args, Py_ssize_t nargs) {
  (void)module;
  if (nargs != 2) return PyErr_Format(PyExc_TypeError, "composed(function, numpy_ufunc)");
  PyObject *core = PyObject_GetAttrString(args[1], "signature");
  PyObject *name = PyObject_GetAttrString(args[1], "__name__");
  int nin = count_of(args[1], "nin"), nout = count_of(args[1], "nout");
  Ufunc *ufunc = core && name && !PyErr_Occurred() ? PyObject_New(Ufunc, &qx_ufunc_type) : NULL;
  if (!ufunc) {
    Py_XDECREF(core), Py_XDECREF(name);
    return NULL;
  }
  *ufunc = (Ufunc){.ob_base = ufunc->ob_base,
                   .vectorcall = composed_vectorcall,
                   .op = QL_OP_COUNT,
                   .numpy = Py_NewRef(args[1]),
                   .function = Py_NewRef(args[0]),
                   .core = core,
                   .nin = nin,
                   .nout = nout,
                   .name = PyUnicode_AsUTF8(name),
                   .name_object = name};
  return (PyObject *)ufunc;
}

int qx_ufunc_op(PyObject *object) {
  return Py_TYPE(object) == &qx_ufunc_type && !is_composed(object) ? (int)OP(object) : -1;
}

bool qx_ufunc_setup(PyObject *module) {
  PyObject *numpy = PyImport_ImportModule("numpy");
  qx.numpy_ufuncs = PyDict_New();
  bool done = numpy && qx.numpy_ufuncs && PyType_Ready(&qx_ufunc_type) == 0 &&
              PyModule_AddObjectRef(module, "ufunc", (PyObject *)&qx_ufunc_type) == 0 &&
              PyModule_AddObjectRef(module, "numpy_ufuncs", qx.numpy_ufuncs) == 0;
  for (int op = 0; done && op < QL_OP_COUNT; op++) done = add_ufunc(module, numpy, (QlOp)op);
  Py_XDECREF(numpy);
  return done;
}
