/* What can be called by name: Python's builtins, math, NumPy's functions, methods and attributes.
 *
 * A table says what each name is. What is not in it may be a function of the program that the front
 * end has added under that name, written in the language itself; otherwise it is refused. */
#include "lower.h"

#include <math.h>
#include <stdio.h>

/* ---- arguments of a call ---- */

typedef struct Call {
  const Node *node;
  const char *name;
  int count;
  const Value *arguments;
  const char *const *keywords;
} Call;

/* The argument at a place, or of that name; NULL: it is not given. */
static const Value *given(const Call *call, int place, const char *name) {
  int position = 0;
  for (int k = 0; k < call->count; k++) {
    const char *keyword = call->keywords ? call->keywords[k] : NULL;
    if (keyword ? name && !strcmp(keyword, name) : position++ == place) return &call->arguments[k];
  }
  return NULL;
}

static int positional(const Call *call) {
  int count = 0;
  for (int k = 0; k < call->count; k++) count += !(call->keywords && call->keywords[k]);
  return count;
}

/* The keywords that a function takes, with spaces between; others are refused, and so is another
 * number of arguments. */
static bool takes(Lower *l, const Call *call, int least, int most, const char *keywords) {
  for (int k = 0; k < call->count; k++) {
    const char *keyword = call->keywords ? call->keywords[k] : NULL;
    if (!keyword) continue;
    char padded[64], all[256];
    snprintf(padded, sizeof padded, " %s ", keyword);
    snprintf(all, sizeof all, " %s ", keywords);
    if (strstr(all, padded)) continue;
    low_refuse(l, call->node, "QJ370",
               low_text(l, "%s(%s=) is not there in @jit", call->name, keyword),
               "leave it out, or compute it in steps");
    return false;
  }
  int count = positional(call);
  if (count <= most && call->count >= least) return true;
  low_refuse(
      l, call->node, "QJ371",
      low_text(l, "%s() takes %d to %d arguments, not %d", call->name, least, most, call->count),
      "call it as NumPy and Python define it");
  return false;
}

static Value refuse_type(Lower *l, const Call *call, const Value *value, const char *wanted) {
  if (value->kind == JIT_UNKNOWN) return low_unknown();
  return low_refuse(
      l, call->node, "QJ372",
      low_text(l, "%s() takes %s, not %s", call->name, wanted, low_type_text(l, value)),
      "convert it before");
}

static const JitType weak_int = {.kind = JIT_SCALAR, .dtype = QL_I64, .weak = true};
static const JitType weak_float = {.kind = JIT_SCALAR, .dtype = QL_F64, .weak = true};

/* ---- builtins ---- */

static Value as_weak(Lower *l, const Call *call, QlDtype dtype) {
  Value zero = low_int(0);
  const Value *value = call->count ? &call->arguments[0] : &zero;
  if (value->kind == JIT_ARRAY) {
    Value array = low_in_memory(l, call->node, value), none = low_tuple(l, 0, NULL);
    JitRef wrong = low_op(l, QL_OP_NOT_EQUAL, low_size(l, array.array), low_const(l, 1));
    low_raise_if(l, call->node, wrong, "TypeError",
                 "only arrays of one element can be converted to a number");
    (void)none;
    JitRef ref = jit_load_at(l->fn, (QlDtype)array.array->dtype, array.array->base, low_const(l, 0),
                             low_source(l));
    Value one = low_scalar((QlDtype)array.array->dtype, false, ref);
    return low_scalar(dtype, true, low_ref_as(l, &one, dtype));
  }
  if (value->kind != JIT_SCALAR) return refuse_type(l, call, value, "a number");
  if (ql_dtype_info[value->dtype].kind == QL_KIND_COMPLEX && dtype != QL_C128 && dtype != QL_BOOL)
    return refuse_type(l, call, value, "a real number");
  JitType type = {.kind = JIT_SCALAR, .dtype = (uint8_t)dtype, .weak = true};
  bool is_float = ql_dtype_info[value->dtype].kind == QL_KIND_FLOAT;
  if (dtype == QL_I64 && is_float && !value->known) {
    Value wide = low_convert(l, value, &weak_float);
    JitRef bad = low_op1(l, QL_OP_LOGICAL_NOT, low_op1(l, QL_OP_ISFINITE, wide.ref));
    low_raise_if(l, call->node, bad, "ValueError",
                 "cannot convert a float that is infinite or NaN to an integer");
  }
  return low_convert(l, value, &type);
}

static Value call_int(Lower *l, const Call *call) { return as_weak(l, call, QL_I64); }
static Value call_float(Lower *l, const Call *call) { return as_weak(l, call, QL_F64); }

static Value call_bool(Lower *l, const Call *call) {
  if (!call->count) return low_bool(false);
  bool truth;
  if (low_known_truth(&call->arguments[0], &truth)) return low_bool(truth);
  JitRef ref = low_truth(l, call->node, &call->arguments[0]);
  return ref.id ? low_scalar(QL_BOOL, true, ref) : low_unknown();
}

static Value call_complex(Lower *l, const Call *call) {
  if (call->count < 2) return as_weak(l, call, QL_C128);
  Value parts[2];
  for (int k = 0; k < 2; k++) {
    if (call->arguments[k].kind != JIT_SCALAR ||
        ql_dtype_info[call->arguments[k].dtype].kind == QL_KIND_COMPLEX)
      return refuse_type(l, call, &call->arguments[k], "two real numbers");
    parts[k] = low_convert(l, &call->arguments[k], &weak_float);
  }
  return low_scalar(QL_C128, true,
                    low_op(l, QL_OP_FROM_PARTS, low_ref_as(l, &parts[0], QL_C128),
                           low_ref_as(l, &parts[1], QL_C128)));
}

static Value call_range(Lower *l, const Call *call) {
  Value parts[3] = {low_int(0), low_int(0), low_int(1)};
  if (call->count == 1)
    parts[1] = call->arguments[0];
  else
    for (int k = 0; k < call->count; k++) parts[k] = call->arguments[k];
  Value range = low_tuple(l, 3, parts);
  range.kind = JIT_RANGE, range.text = "range";
  return range;
}

static Value call_enumerate(Lower *l, const Call *call) {
  const Value *start = given(call, 1, "start");
  Value parts[2] = {call->arguments[0], start ? *start : low_int(0)};
  if (parts[0].kind == JIT_TUPLE) {
    Value *items = low_get(l, (size_t)parts[0].count * sizeof *items + 1);
    for (int k = 0; k < parts[0].count; k++) {
      Value number = low_int(k),
            pair[2] = {low_binary(l, call->node, "add", &parts[1], &number), parts[0].items[k]};
      items[k] = low_tuple(l, 2, pair);
    }
    return low_tuple(l, parts[0].count, items);
  }
  Value several = low_tuple(l, 2, parts);
  several.kind = JIT_RANGE, several.text = "enumerate";
  return several;
}

static Value call_zip(Lower *l, const Call *call) {
  int tuples = 0, least = 1 << 30;
  for (int k = 0; k < call->count; k++)
    if (call->arguments[k].kind == JIT_TUPLE)
      tuples++, least = QL_MIN(least, call->arguments[k].count);
  if (tuples && tuples == call->count) {
    Value *items = low_get(l, (size_t)least * sizeof *items + 1),
          *parts = low_get(l, (size_t)tuples * sizeof *parts + 1);
    for (int k = 0; k < least; k++) {
      for (int p = 0; p < tuples; p++) parts[p] = call->arguments[p].items[k];
      items[k] = low_tuple(l, tuples, parts);
    }
    return low_tuple(l, least, items);
  }
  Value several = low_tuple(l, call->count, call->arguments);
  several.kind = JIT_RANGE, several.text = "zip";
  return several;
}

static Value call_len(Lower *l, const Call *call) {
  const Value *value = &call->arguments[0];
  if (value->kind == JIT_TUPLE) return low_int(value->count);
  if (value->kind != JIT_ARRAY || value->array->ndim == 0)
    return refuse_type(l, call, value, "an array or a tuple");
  Value length = low_scalar(QL_I64, true, value->array->shape[0]);
  length.natural = true;
  return length;
}

/* min(a, b, ...): Python's rule, the first of those that no other is less than; NumPy's numbers
 * keep their dtype, and Python's meet. */
static Value least_of(Lower *l, const Call *call, bool is_min) {
  const Value *items = call->arguments;
  int count = call->count;
  if (count == 1 && items[0].kind == JIT_TUPLE) count = items[0].count, items = items[0].items;
  if (count == 1 && items[0].kind == JIT_ARRAY && items[0].array->ndim == 1)
    return low_reduce(l, call->node, is_min ? QL_REDUCE_MIN : QL_REDUCE_MAX, &items[0], NULL,
                      false);
  if (count == 0) return refuse_type(l, call, &call->arguments[0], "at least one number");
  Value best = items[0];
  for (int k = 0; k < count; k++)
    if (items[k].kind != JIT_SCALAR)
      return refuse_type(l, call, &items[k], "numbers, a tuple, or an array of one dimension");
  for (int k = 1; k < count; k++) {
    JitType a = low_type(l, &best), b = low_type(l, &items[k]), both;
    low_join_types(l, &a, &b, &both);
    Value other = low_compare(l, call->node, is_min ? "lt" : "gt", &items[k], &best);
    Value x = low_convert(l, &best, &both), y = low_convert(l, &items[k], &both);
    bool natural = x.natural || y.natural, first;
    if (is_min) natural = x.natural && y.natural;
    if (other.kind == JIT_UNKNOWN) return other;
    if (low_known_truth(&other, &first)) {
      best = first ? y : x;
      continue;
    }
    best = low_scalar((QlDtype)both.dtype, both.weak,
                      low_select(l, other.ref, low_ref(l, &y), low_ref(l, &x)));
    best.natural = natural && low_is_int(&best);
  }
  return best;
}
static Value call_min(Lower *l, const Call *call) { return least_of(l, call, true); }
static Value call_max(Lower *l, const Call *call) { return least_of(l, call, false); }

static Value call_abs(Lower *l, const Call *call) {
  Value value = call->arguments[0];
  if (value.kind != JIT_SCALAR || !value.weak)
    return low_ufunc(l, call->node, QL_OP_ABSOLUTE, 1, &value);
  if (value.dtype == QL_BOOL) value = low_convert(l, &value, &weak_int);
  QlDtype result = (QlDtype)ql_dtype_info[value.dtype].part;
  if (value.known && low_is_int(&value))
    return low_int(value.constant.i < 0 ? -value.constant.i : value.constant.i);
  return low_scalar(result, true, low_op1(l, QL_OP_ABSOLUTE, low_ref(l, &value)));
}

static Value call_pow(Lower *l, const Call *call) {
  return low_binary(l, call->node, "pow", &call->arguments[0], &call->arguments[1]);
}

static Value call_divmod(Lower *l, const Call *call) {
  Value parts[2] = {low_binary(l, call->node, "floordiv", &call->arguments[0], &call->arguments[1]),
                    low_binary(l, call->node, "mod", &call->arguments[0], &call->arguments[1])};
  return low_tuple(l, 2, parts);
}

static Value call_round(Lower *l, const Call *call) {
  Value value = call->arguments[0];
  if (call->count > 1)
    return low_refuse(l, call->node, "QJ373", "round() to digits is not there in @jit",
                      "multiply, round and divide");
  if (value.kind != JIT_SCALAR) return refuse_type(l, call, &value, "a number");
  if (low_is_int(&value)) return low_convert(l, &value, &weak_int);
  Value wide = low_convert(l, &value, &weak_float),
        whole = low_scalar(QL_F64, true, low_op1(l, QL_OP_RINT, low_ref(l, &wide)));
  return low_convert(l, &whole, &weak_int);
}

static Value call_tuple(Lower *l, const Call *call) {
  if (!call->count) return low_tuple(l, 0, NULL);
  return call->arguments[0].kind == JIT_TUPLE
             ? call->arguments[0]
             : refuse_type(l, call, &call->arguments[0], "a tuple");
}

static Value call_slice(Lower *l, const Call *call) {
  Value parts[3] = {low_none(), low_none(), low_none()};
  if (call->count == 1)
    parts[1] = call->arguments[0];
  else
    for (int k = 0; k < call->count; k++) parts[k] = call->arguments[k];
  Value slice = low_tuple(l, 3, parts);
  slice.kind = JIT_SLICE;
  return slice;
}

/* any and all of a tuple; of an array of one dimension. */
static Value truths(Lower *l, const Call *call, bool is_any) {
  const Value *value = &call->arguments[0];
  if (value->kind == JIT_ARRAY)
    return low_reduce(l, call->node, is_any ? QL_REDUCE_ANY : QL_REDUCE_ALL, value, NULL, false);
  if (value->kind != JIT_TUPLE) return refuse_type(l, call, value, "a tuple or an array");
  JitRef found = {0};
  for (int k = 0; k < value->count; k++) {
    JitRef one = low_truth(l, call->node, &value->items[k]);
    if (!one.id) return low_unknown();
    found = found.id ? low_op(l, is_any ? QL_OP_LOGICAL_OR : QL_OP_LOGICAL_AND, found, one) : one;
  }
  return found.id ? low_scalar(QL_BOOL, true, found) : low_bool(!is_any);
}
static Value call_any(Lower *l, const Call *call) { return truths(l, call, true); }
static Value call_all(Lower *l, const Call *call) { return truths(l, call, false); }

static Value call_sum(Lower *l, const Call *call) {
  const Value *value = &call->arguments[0];
  if (value->kind == JIT_TUPLE) {
    Value total = call->count > 1 ? call->arguments[1] : low_int(0);
    for (int k = 0; k < value->count; k++)
      total = low_binary(l, call->node, "add", &total, &value->items[k]);
    return total;
  }
  for (int k = 0; k < l->program->count; k++)
    if (!strcmp(l->program->functions[k]->text, "builtins.sum"))
      return low_call(l, call->node, l->program->functions[k], call->count, call->arguments,
                      call->keywords);
  return refuse_type(l, call, value, "a tuple or an array");
}

/* ---- print ---- */

static void print_text(Lower *l, const char *text) {
  JitRef at = low_text_address(l, text);
  jit_host(l->fn, JIT_HOST_PRINT_TEXT, 1, &at, low_source(l));
}

/* As str writes it; inside a tuple as repr does: of NumPy's numbers with their type. */
static void print_scalar(Lower *l, const Value *value, bool inside) {
  static const struct {
    JitHost host;
    QlDtype dtype;
  } ways[] = {[QL_KIND_BOOL] = {JIT_HOST_PRINT_B8, QL_BOOL},
              [QL_KIND_INT] = {JIT_HOST_PRINT_I64, QL_I64},
              [QL_KIND_UINT] = {JIT_HOST_PRINT_U64, QL_U64},
              [QL_KIND_FLOAT] = {JIT_HOST_PRINT_F64, QL_F64},
              [QL_KIND_COMPLEX] = {JIT_HOST_PRINT_C128, QL_C128}};
  int kind = ql_dtype_info[value->dtype].kind;
  bool is_single = value->dtype == QL_F32, typed = inside && !value->weak,
       is_bool = kind == QL_KIND_BOOL;
  if (typed)
    print_text(l, is_bool ? "np." : low_text(l, "np.%s(", ql_dtype_info[value->dtype].name));
  JitRef ref = low_ref_as(l, value, is_single ? QL_F32 : ways[kind].dtype);
  jit_host(l->fn, is_single ? JIT_HOST_PRINT_F32 : ways[kind].host, 1, &ref, low_source(l));
  if (typed) print_text(l, is_bool ? "_" : ")");
}

static bool print_value(Lower *l, const Call *call, const Value *value, bool inside) {
  if (value->kind == JIT_TEXT)
    return print_text(l, inside ? low_text(l, "'%s'", value->text) : value->text), true;
  if (value->kind == JIT_NONE) return print_text(l, "None"), true;
  if (value->kind == JIT_SCALAR) return print_scalar(l, value, inside), true;
  if (value->kind != JIT_TUPLE)
    return refuse_type(l, call, value, "numbers, texts and tuples"), false;
  print_text(l, "(");
  for (int k = 0; k < value->count; k++) {
    if (!print_value(l, call, &value->items[k], true)) return false;
    if (k + 1 < value->count || value->count == 1) print_text(l, k + 1 < value->count ? ", " : ",");
  }
  return print_text(l, ")"), true;
}

static Value call_print(Lower *l, const Call *call) {
  for (int k = 0; k < call->count; k++) {
    if (!print_value(l, call, &call->arguments[k], false)) return low_unknown();
    if (k + 1 < call->count) print_text(l, " ");
  }
  print_text(l, "\n");
  return low_none();
}

/* ---- math ---- */

typedef struct MathRow {
  const char *name;
  QlOp op;
} MathRow;
static const MathRow math_rows[] = {
    {"sqrt", QL_OP_SQRT},     {"exp", QL_OP_EXP},           {"exp2", QL_OP_EXP2},
    {"expm1", QL_OP_EXPM1},   {"log", QL_OP_LOG},           {"log2", QL_OP_LOG2},
    {"log10", QL_OP_LOG10},   {"log1p", QL_OP_LOG1P},       {"sin", QL_OP_SIN},
    {"cos", QL_OP_COS},       {"tan", QL_OP_TAN},           {"asin", QL_OP_ARCSIN},
    {"acos", QL_OP_ARCCOS},   {"atan", QL_OP_ARCTAN},       {"sinh", QL_OP_SINH},
    {"cosh", QL_OP_COSH},     {"tanh", QL_OP_TANH},         {"asinh", QL_OP_ARCSINH},
    {"acosh", QL_OP_ARCCOSH}, {"atanh", QL_OP_ARCTANH},     {"fabs", QL_OP_FABS},
    {"cbrt", QL_OP_CBRT},     {"radians", QL_OP_DEG2RAD},   {"degrees", QL_OP_RAD2DEG},
    {"floor", QL_OP_FLOOR},   {"ceil", QL_OP_CEIL},         {"trunc", QL_OP_TRUNC},
    {"isnan", QL_OP_ISNAN},   {"isinf", QL_OP_ISINF},       {"isfinite", QL_OP_ISFINITE},
    {"atan2", QL_OP_ARCTAN2}, {"hypot", QL_OP_HYPOT},       {"pow", QL_OP_POWER},
    {"fmod", QL_OP_FMOD},     {"copysign", QL_OP_COPYSIGN}, {"nextafter", QL_OP_NEXTAFTER},
};
enum { MATH_ROWS = sizeof math_rows / sizeof *math_rows };

/* Of floats, as C computes it: nan and inf where Python's raise. */
static Value call_math(Lower *l, const Call *call, QlOp op, QlDtype dtype) {
  int arity = ql_op_info[op].arity;
  Value logarithm = low_unknown();
  if (op == QL_OP_LOG && call->count == 2) {
    Call base = *call;
    base.count = 1, base.arguments++;
    logarithm = call_math(l, &base, op, dtype);
    arity = 2;
  }
  if (!takes(l, call, arity, arity, "")) return low_unknown();
  JitRef refs[2];
  JitType type = {.kind = JIT_SCALAR, .dtype = (uint8_t)dtype, .weak = true};
  for (int k = 0; k < call->count; k++) {
    if (call->arguments[k].kind != JIT_SCALAR)
      return refuse_type(l, call, &call->arguments[k], "a number");
    if (dtype == QL_F64 && ql_dtype_info[call->arguments[k].dtype].kind == QL_KIND_COMPLEX)
      return refuse_type(l, call, &call->arguments[k], "a real number");
    Value value = low_convert(l, &call->arguments[k], &type);
    refs[k] = low_ref(l, &value);
  }
  QlDtype result = ql_op_info[op].result == QL_RESULT_BOOL ? QL_BOOL : dtype;
  Value value =
      low_scalar(result, true, jit_op(l->fn, op, ql_op_info[op].arity, refs, low_source(l)));
  if (logarithm.kind == JIT_SCALAR) return low_binary(l, call->node, "truediv", &value, &logarithm);
  bool whole = op == QL_OP_FLOOR || op == QL_OP_CEIL || op == QL_OP_TRUNC;
  return whole && dtype == QL_F64 ? low_convert(l, &value, &weak_int) : value;
}

/* ---- NumPy: new arrays ---- */

bool low_shape(Lower *l, const Node *node, const Value *value, int *ndim, JitRef *shape,
               int64_t *extent) {
  const Value *items = value->kind == JIT_TUPLE ? value->items : value;
  *ndim = value->kind == JIT_TUPLE ? value->count : 1;
  if (*ndim > QL_MAX_DIMS) {
    low_refuse(l, node, "QJ374", "an array has at most 16 dimensions", "use fewer");
    return false;
  }
  for (int k = 0; k < *ndim; k++) {
    if (items[k].kind == JIT_UNKNOWN) return false;
    if (!low_is_index(&items[k])) {
      low_refuse(l, node, "QJ375",
                 low_text(l, "a shape is of integers, not of %s", low_type_text(l, &items[k])),
                 "write int(...) around it");
      return false;
    }
    shape[k] = low_ref_as(l, &items[k], QL_I64);
    extent[k] = items[k].known ? items[k].constant.i : -1;
  }
  return true;
}

static bool dtype_of(Lower *l, const Call *call, const Value *value, QlDtype fallback,
                     QlDtype *dtype) {
  *dtype = fallback;
  if (!value || value->kind == JIT_NONE) return true;
  if (value->kind == JIT_DTYPE) return *dtype = (QlDtype)value->dtype, true;
  if (value->kind == JIT_FUNCTION && value->text) {
    static const struct {
      const char *name;
      QlDtype dtype;
    } types[] = {{"int", QL_I64}, {"float", QL_F64}, {"bool", QL_BOOL}, {"complex", QL_C128}};
    for (int k = 0; k < 4; k++)
      if (!strcmp(value->text, types[k].name)) return *dtype = types[k].dtype, true;
  }
  if (value->kind == JIT_TEXT)
    for (int d = 0; d < QL_DTYPE_COUNT; d++)
      if (!strcmp(value->text, ql_dtype_info[d].name)) return *dtype = (QlDtype)d, true;
  refuse_type(l, call, value, "a dtype like np.float64");
  return false;
}

static Value filled(Lower *l, const Call *call, QlDtype dtype, int ndim, const JitRef *shape,
                    const int64_t *extent, const Value *fill) {
  if (low_dead(l)) return low_unknown();
  Array *array = low_new_array(l, call->node, dtype, ndim, shape, extent);
  Value value = low_array_value(array);
  if (fill) low_copy_into(l, call->node, array, fill);
  return value;
}

/* empty, zeros, ones (shape, dtype); full(shape, value, dtype). */
static Value create(Lower *l, const Call *call, const Value *fill, bool is_full) {
  if (!takes(l, call, 1 + is_full, 2 + is_full, "shape dtype fill_value")) return low_unknown();
  const Value *wanted = given(call, 0, "shape"),
              *value = is_full ? given(call, 1, "fill_value") : fill;
  QlDtype dtype, usual = QL_F64;
  JitRef shape[QL_MAX_DIMS];
  int64_t extent[QL_MAX_DIMS];
  int ndim;
  if (!wanted || (is_full && !value))
    return refuse_type(l, call, &call->arguments[0], "a shape, and a value");
  if (is_full && (value->kind == JIT_SCALAR || value->kind == JIT_ARRAY))
    usual = value->kind == JIT_SCALAR ? (QlDtype)value->dtype : (QlDtype)value->array->dtype;
  if (!dtype_of(l, call, given(call, 1 + is_full, "dtype"), usual, &dtype) ||
      !low_shape(l, call->node, wanted, &ndim, shape, extent))
    return low_unknown();
  return filled(l, call, dtype, ndim, shape, extent, value);
}
static Value call_empty(Lower *l, const Call *call) { return create(l, call, NULL, false); }
static Value call_zeros(Lower *l, const Call *call) {
  Value zero = low_int(0);
  return create(l, call, &zero, false);
}
static Value call_ones(Lower *l, const Call *call) {
  Value one = low_int(1);
  return create(l, call, &one, false);
}
static Value call_full(Lower *l, const Call *call) { return create(l, call, NULL, true); }

static Value create_like(Lower *l, const Call *call, const Value *fill, bool is_full) {
  if (!takes(l, call, 1 + is_full, 2 + is_full, "dtype fill_value")) return low_unknown();
  const Value *like = &call->arguments[0];
  if (like->kind != JIT_ARRAY) return refuse_type(l, call, like, "an array");
  QlDtype dtype;
  if (!dtype_of(l, call, given(call, 1 + is_full, "dtype"), (QlDtype)like->array->dtype, &dtype))
    return low_unknown();
  return filled(l, call, dtype, like->array->ndim, like->array->shape, like->array->extent,
                is_full ? given(call, 1, "fill_value") : fill);
}
static Value call_empty_like(Lower *l, const Call *call) {
  return create_like(l, call, NULL, false);
}
static Value call_zeros_like(Lower *l, const Call *call) {
  Value zero = low_int(0);
  return create_like(l, call, &zero, false);
}
static Value call_ones_like(Lower *l, const Call *call) {
  Value one = low_int(1);
  return create_like(l, call, &one, false);
}
static Value call_full_like(Lower *l, const Call *call) { return create_like(l, call, NULL, true); }

/* The shape and the type of nested tuples of numbers or arrays. */
static bool nested(Lower *l, const Value *value, int depth, int *ndim, int64_t *extent,
                   JitType *type) {
  if (value->kind == JIT_TUPLE) {
    if (depth == QL_MAX_DIMS) return false;
    if (*ndim <= depth) *ndim = depth + 1, extent[depth] = value->count;
    if (extent[depth] != value->count) return false;
    for (int k = 0; k < value->count; k++)
      if (!nested(l, &value->items[k], depth + 1, ndim, extent, type)) return false;
    return true;
  }
  JitType own = low_type(l, value), both;
  if (value->kind != JIT_SCALAR || !low_join_types(l, type, &own, &both)) return false;
  return *type = both, *ndim == depth;
}

static void fill_nested(Lower *l, const Array *array, const Value *value, int64_t *at) {
  for (int k = 0; value->kind == JIT_TUPLE && k < value->count; k++)
    fill_nested(l, array, &value->items[k], at);
  if (value->kind == JIT_TUPLE) return;
  jit_store_at(l->fn, array->base, low_const(l, (*at)++ * ql_dtype_info[array->dtype].size),
               low_ref_as(l, value, (QlDtype)array->dtype), low_source(l));
}

static Value call_array(Lower *l, const Call *call) {
  if (!takes(l, call, 1, 2, "dtype copy")) return low_unknown();
  const Value *value = &call->arguments[0], *wanted = given(call, 1, "dtype");
  QlDtype dtype;
  if (value->kind == JIT_ARRAY) {
    if (!dtype_of(l, call, wanted, (QlDtype)value->array->dtype, &dtype)) return low_unknown();
    if (!strcmp(call->name, "numpy.asarray") && dtype == value->array->dtype) return *value;
    return low_astype(l, call->node, value, dtype);
  }
  int64_t extent[QL_MAX_DIMS] = {0};
  JitRef shape[QL_MAX_DIMS];
  JitType type = {.kind = JIT_UNKNOWN};
  int ndim = 0;
  if (!nested(l, value, 0, &ndim, extent, &type))
    return refuse_type(l, call, value, "numbers, or nested lists of numbers of one length");
  if (!dtype_of(l, call, wanted, type.kind == JIT_UNKNOWN ? QL_F64 : (QlDtype)type.dtype, &dtype))
    return low_unknown();
  for (int k = 0; k < ndim; k++) shape[k] = low_const(l, extent[k]);
  Value made = filled(l, call, dtype, ndim, shape, extent, NULL);
  int64_t at = 0;
  if (made.kind == JIT_ARRAY) fill_nested(l, made.array, value, &at);
  return made;
}

/* ---- NumPy: shapes ---- */

static Value shape_of(Lower *l, const Array *array) {
  Value *items = low_get(l, (size_t)array->ndim * sizeof *items + 1);
  for (int k = 0; k < array->ndim; k++) {
    items[k] = array->extent[k] >= 0 ? low_int(array->extent[k])
                                     : low_scalar(QL_I64, true, array->shape[k]);
    items[k].natural = true;
  }
  return low_tuple(l, array->ndim, items);
}

static Value transposed(Lower *l, const Call *call, const Value *value) {
  if (value->kind != JIT_ARRAY)
    return value->kind == JIT_SCALAR ? *value : refuse_type(l, call, value, "an array");
  Value memory = low_in_memory(l, call->node, value);
  Array *view = low_get(l, sizeof *view);
  *view = *memory.array;
  for (int k = 0; k < view->ndim; k++) {
    int from = view->ndim - 1 - k;
    view->shape[k] = memory.array->shape[from], view->stride[k] = memory.array->stride[from],
    view->extent[k] = memory.array->extent[from];
  }
  view->contiguous = view->ndim < 2 && view->contiguous;
  return low_array_value(view);
}
static Value call_transpose(Lower *l, const Call *call) {
  return takes(l, call, 1, 1, "") ? transposed(l, call, &call->arguments[0]) : low_unknown();
}

/* A view where the elements lie without gaps, otherwise a copy. */
static Value reshaped(Lower *l, const Call *call, const Value *value, const Value *wanted) {
  if (value->kind != JIT_ARRAY) return refuse_type(l, call, value, "an array");
  JitRef shape[QL_MAX_DIMS];
  int64_t extent[QL_MAX_DIMS];
  int ndim, open = -1;
  if (!low_shape(l, call->node, wanted, &ndim, shape, extent)) return low_unknown();
  Value memory =
      value->array->contiguous && !value->array->element ? *value : low_copy(l, call->node, value);
  if (low_dead(l)) return low_unknown();
  const Value *items = wanted->kind == JIT_TUPLE ? wanted->items : wanted;
  JitRef product = low_const(l, 1), size = low_size(l, memory.array);
  for (int k = 0; k < ndim; k++) {
    if (items[k].known && items[k].constant.i == -1)
      open = k;
    else
      product = low_op(l, QL_OP_MULTIPLY, product, shape[k]);
  }
  if (open >= 0) {
    low_raise_if(l, call->node, low_op(l, QL_OP_EQUAL, product, low_const(l, 0)), "ValueError",
                 "cannot reshape an array with -1 beside an extent of 0");
    shape[open] = low_op(l, QL_OP_FLOOR_DIVIDE, size, product), extent[open] = -1;
    product = low_op(l, QL_OP_MULTIPLY, product, shape[open]);
  }
  low_raise_if(l, call->node, low_op(l, QL_OP_NOT_EQUAL, product, size), "ValueError",
               "cannot reshape the array: it has another number of elements");
  Array *view = low_get(l, sizeof *view);
  *view = *memory.array, view->ndim = (uint8_t)ndim, view->contiguous = true;
  for (int k = 0; k < ndim; k++) view->shape[k] = shape[k], view->extent[k] = extent[k];
  low_set_strides(l, view);
  return low_array_value(view);
}
static Value call_reshape(Lower *l, const Call *call) {
  return takes(l, call, 2, 2, "") ? reshaped(l, call, &call->arguments[0], &call->arguments[1])
                                  : low_unknown();
}
static Value call_ravel(Lower *l, const Call *call) {
  Value all = low_int(-1);
  return takes(l, call, 1, 1, "") ? reshaped(l, call, &call->arguments[0], &all) : low_unknown();
}
static Value call_copy(Lower *l, const Call *call) {
  if (!takes(l, call, 1, 1, "")) return low_unknown();
  return call->arguments[0].kind == JIT_ARRAY ? low_copy(l, call->node, &call->arguments[0])
                                              : call->arguments[0];
}
static Value call_shape(Lower *l, const Call *call) {
  const Value *value = &call->arguments[0];
  return value->kind == JIT_ARRAY ? shape_of(l, value->array)
                                  : refuse_type(l, call, value, "an array");
}

/* ---- NumPy: reductions ---- */

static Value reduce(Lower *l, const Call *call, QlReduction reduction) {
  if (!takes(l, call, 1, 2, "axis keepdims")) return low_unknown();
  const Value *axis = given(call, 1, "axis"), *kept = given(call, -1, "keepdims");
  if (kept && !kept->known) return refuse_type(l, call, kept, "keepdims as a constant");
  if (axis && axis->kind == JIT_NONE) axis = NULL;
  return low_reduce(l, call->node, reduction, &call->arguments[0], axis, kept && kept->constant.b);
}
static Value np_sum(Lower *l, const Call *call) { return reduce(l, call, QL_REDUCE_SUM); }
static Value np_prod(Lower *l, const Call *call) { return reduce(l, call, QL_REDUCE_PROD); }
static Value np_min(Lower *l, const Call *call) { return reduce(l, call, QL_REDUCE_MIN); }
static Value np_max(Lower *l, const Call *call) { return reduce(l, call, QL_REDUCE_MAX); }
static Value np_any(Lower *l, const Call *call) { return reduce(l, call, QL_REDUCE_ANY); }
static Value np_all(Lower *l, const Call *call) { return reduce(l, call, QL_REDUCE_ALL); }

static Value np_mean(Lower *l, const Call *call) {
  Value array = call->arguments[0], total = reduce(l, call, QL_REDUCE_SUM);
  if (total.kind == JIT_UNKNOWN) return total;
  if (array.kind != JIT_ARRAY)
    return low_binary(
        l, call->node, "truediv", &array,
        &(Value){
            .kind = JIT_SCALAR, .dtype = QL_I64, .weak = true, .known = true, .constant.i = 1});
  JitRef all = low_size(l, array.array),
         left = total.kind == JIT_ARRAY ? low_size(l, total.array) : low_const(l, 1);
  Value count = low_scalar(
      QL_I64, true,
      low_op(l, QL_OP_FLOOR_DIVIDE, all, low_op(l, QL_OP_MAXIMUM, left, low_const(l, 1))));
  Value both[2] = {total, low_convert(l, &count, &weak_float)};
  return low_ufunc(l, call->node, QL_OP_DIVIDE, 2, both);
}

static Value np_clip(Lower *l, const Call *call) {
  if (!takes(l, call, 3, 3, "")) return low_unknown();
  Value first[2] = {call->arguments[0], call->arguments[1]},
        low = call->arguments[1].kind == JIT_NONE
                  ? first[0]
                  : low_ufunc(l, call->node, QL_OP_MAXIMUM, 2, first);
  Value second[2] = {low, call->arguments[2]};
  return call->arguments[2].kind == JIT_NONE ? low
                                             : low_ufunc(l, call->node, QL_OP_MINIMUM, 2, second);
}

static Value np_where(Lower *l, const Call *call) {
  if (call->count == 3 && !call->arguments[0].dtype && call->arguments[0].kind == JIT_SCALAR)
    return low_ufunc(l, call->node, QL_OP_SELECT, 3, call->arguments);
  if (call->count != 3)
    return low_refuse(l, call->node, "QJ376",
                      "np.where(mask) with one argument is not there in @jit",
                      "write a loop, or np.where(mask, x, y)");
  Value all[3] = {call->arguments[0], call->arguments[1], call->arguments[2]};
  if (all[0].kind == JIT_SCALAR)
    all[0] = low_convert(l, &all[0], &(JitType){.kind = JIT_SCALAR, .dtype = QL_BOOL});
  return low_ufunc(l, call->node, QL_OP_SELECT, 3, all);
}

/* ---- the table ---- */

typedef Value Known(Lower *l, const Call *call);
typedef struct Row {
  const char *name;
  Known *call;
  int least, most; /* arguments; most 0: the function looks itself */
} Row;
static const Row rows[] = {
    {"int", call_int, 0, 1},
    {"float", call_float, 0, 1},
    {"bool", call_bool, 0, 1},
    {"complex", call_complex, 0, 2},
    {"range", call_range, 1, 3},
    {"len", call_len, 1, 1},
    {"min", call_min, 1, 1000},
    {"max", call_max, 1, 1000},
    {"abs", call_abs, 1, 1},
    {"pow", call_pow, 2, 2},
    {"divmod", call_divmod, 2, 2},
    {"round", call_round, 1, 2},
    {"sum", call_sum, 1, 2},
    {"any", call_any, 1, 1},
    {"all", call_all, 1, 1},
    {"enumerate", call_enumerate, 0, 0},
    {"zip", call_zip, 0, 1000},
    {"tuple", call_tuple, 0, 1},
    {"slice", call_slice, 1, 3},
    {"print", call_print, 0, 1000},
    {"numpy.empty", call_empty, 0, 0},
    {"numpy.zeros", call_zeros, 0, 0},
    {"numpy.ones", call_ones, 0, 0},
    {"numpy.full", call_full, 0, 0},
    {"numpy.empty_like", call_empty_like, 0, 0},
    {"numpy.zeros_like", call_zeros_like, 0, 0},
    {"numpy.ones_like", call_ones_like, 0, 0},
    {"numpy.full_like", call_full_like, 0, 0},
    {"numpy.array", call_array, 0, 0},
    {"numpy.asarray", call_array, 0, 0},
    {"numpy.ascontiguousarray", call_array, 0, 0},
    {"numpy.transpose", call_transpose, 0, 0},
    {"numpy.reshape", call_reshape, 0, 0},
    {"numpy.ravel", call_ravel, 0, 0},
    {"numpy.copy", call_copy, 0, 0},
    {"numpy.shape", call_shape, 1, 1},
    {"numpy.sum", np_sum, 0, 0},
    {"numpy.prod", np_prod, 0, 0},
    {"numpy.min", np_min, 0, 0},
    {"numpy.amin", np_min, 0, 0},
    {"numpy.max", np_max, 0, 0},
    {"numpy.amax", np_max, 0, 0},
    {"numpy.any", np_any, 0, 0},
    {"numpy.all", np_all, 0, 0},
    {"numpy.mean", np_mean, 0, 0},
    {"numpy.clip", np_clip, 0, 0},
    {"numpy.where", np_where, 0, 0},
};
enum { ROWS = sizeof rows / sizeof *rows };

/* NumPy's other names of its ufuncs. */
static const MathRow aliases[] = {
    {"abs", QL_OP_ABSOLUTE},
    {"pow", QL_OP_POWER},
    {"true_divide", QL_OP_DIVIDE},
    {"mod", QL_OP_REMAINDER},
    {"conj", QL_OP_CONJUGATE},
    {"bitwise_not", QL_OP_INVERT},
    {"asin", QL_OP_ARCSIN},
    {"acos", QL_OP_ARCCOS},
    {"atan", QL_OP_ARCTAN},
    {"asinh", QL_OP_ARCSINH},
    {"acosh", QL_OP_ARCCOSH},
    {"atanh", QL_OP_ARCTANH},
    {"atan2", QL_OP_ARCTAN2},
    {"radians", QL_OP_DEG2RAD},
    {"degrees", QL_OP_RAD2DEG},
    {"bitwise_invert", QL_OP_INVERT},
    {"bitwise_left_shift", QL_OP_LEFT_SHIFT},
    {"bitwise_right_shift", QL_OP_RIGHT_SHIFT},
};
enum { ALIASES = sizeof aliases / sizeof *aliases };

static bool op_of(const MathRow *table, int count, const char *name, QlOp *op) {
  for (int k = 0; k < count; k++)
    if (!strcmp(table[k].name, name)) return *op = table[k].op, true;
  return false;
}

static bool ufunc_named(const char *name, QlOp *op) {
  if (op_of(aliases, ALIASES, name, op)) return true;
  for (int k = 0; k < QL_OP_COUNT; k++)
    if (k != QL_OP_SELECT && k != QL_OP_FROM_PARTS && !strcmp(ql_op_info[k].name, name))
      return *op = (QlOp)k, true;
  return false;
}

static const Row *row_named(const char *name) {
  for (int k = 0; k < ROWS; k++)
    if (!strcmp(rows[k].name, name)) return &rows[k];
  return NULL;
}

Value low_call_known(Lower *l, const Node *node, const char *name, int count,
                     const Value *arguments, const char *const *keywords) {
  if (low_dead(l)) return low_unknown();
  Call call = {node, name, count, arguments, keywords};
  const Row *row = row_named(name);
  QlOp op;
  if (row)
    return row->most && !takes(l, &call, row->least, row->most, "") ? low_unknown()
                                                                    : row->call(l, &call);
  if (!strncmp(name, "math.", 5) && op_of(math_rows, MATH_ROWS, name + 5, &op))
    return call_math(l, &call, op, QL_F64);
  if (!strncmp(name, "cmath.", 6) && op_of(math_rows, MATH_ROWS, name + 6, &op) &&
      ql_op_info[op].domain == QL_DOMAIN_INEXACT)
    return call_math(l, &call, op, QL_C128);
  if (!strncmp(name, "numpy.", 6) && ufunc_named(name + 6, &op)) {
    int arity = ql_op_info[op].arity;
    return takes(l, &call, arity, arity, "") ? low_ufunc(l, node, op, count, arguments)
                                             : low_unknown();
  }
  for (int k = 0; k < l->program->count; k++)
    if (!strcmp(l->program->functions[k]->text, name))
      return low_call(l, node, l->program->functions[k], count, arguments, keywords);
  return low_refuse(l, node, "QJ377", low_text(l, "%s is not there in @jit", name),
                    "call it outside the function, or write it as a loop");
}

/* ---- names that are values ---- */

Value low_constant(Lower *l, const Node *node, const char *name) {
  static const struct {
    const char *name;
    double value;
  } numbers[] = {{"pi", M_PI}, {"e", M_E},        {"inf", HUGE_VAL},
                 {"nan", NAN}, {"tau", 2 * M_PI}, {"euler_gamma", 0.57721566490153286061}};
  const char *point = strchr(name, '.');
  bool numeric = point && (!strncmp(name, "numpy.", 6) || !strncmp(name, "math.", 5) ||
                           !strncmp(name, "cmath.", 6));
  for (int k = 0; numeric && k < (int)(sizeof numbers / sizeof *numbers); k++)
    if (!strcmp(point + 1, numbers[k].name)) return low_float(numbers[k].value);
  if (numeric && !strcmp(point + 1, "newaxis")) return low_none();
  for (int d = 0; d < QL_DTYPE_COUNT && numeric; d++)
    if (!strcmp(point + 1, ql_dtype_info[d].name))
      return (Value){.kind = JIT_DTYPE, .dtype = (uint8_t)d};
  (void)node;
  (void)l;
  return (Value){.kind = JIT_FUNCTION, .text = name};
}

/* ---- attributes and methods ---- */

static Value parts(Lower *l, const Node *node, const Value *value, bool is_real) {
  if (value->kind == JIT_SCALAR && value->weak) {
    QlDtype part = (QlDtype)ql_dtype_info[value->dtype].part;
    return low_scalar(part, true, low_op1(l, is_real ? QL_OP_REAL : QL_OP_IMAG, low_ref(l, value)));
  }
  return low_ufunc(l, node, is_real ? QL_OP_REAL : QL_OP_IMAG, 1, value);
}

Value low_attribute(Lower *l, const Node *node, const Value *value, const char *name) {
  Call call = {node, name, 0, NULL, NULL};
  const Array *array = value->kind == JIT_ARRAY ? value->array : NULL;
  bool number = array || value->kind == JIT_SCALAR;
  if (number && !strcmp(name, "real")) return parts(l, node, value, true);
  if (number && !strcmp(name, "imag")) return parts(l, node, value, false);
  if (number && !strcmp(name, "dtype") && (array || !value->weak))
    return (Value){.kind = JIT_DTYPE, .dtype = array ? array->dtype : value->dtype};
  if (array && !strcmp(name, "shape")) return shape_of(l, array);
  if (number && !strcmp(name, "ndim")) return low_int(array ? array->ndim : 0);
  if (array && !strcmp(name, "T")) return transposed(l, &call, value);
  if (array && !strcmp(name, "itemsize")) return low_int(ql_dtype_info[array->dtype].size);
  if (array && (!strcmp(name, "size") || !strcmp(name, "nbytes"))) {
    Value size = low_scalar(QL_I64, true, low_size(l, array)),
          bytes = low_int(ql_dtype_info[array->dtype].size);
    size.natural = true;
    return name[0] == 's' ? size : low_binary(l, node, "mul", &size, &bytes);
  }
  return low_refuse(l, node, "QJ378",
                    low_text(l, "%s has no attribute '%s' in @jit", low_type_text(l, value), name),
                    "take it outside the function");
}

Value low_method(Lower *l, const Node *node, const Value *value, const char *name, int count,
                 const Value *arguments, const char *const *keywords) {
  Call call = {node, name, count, arguments, keywords};
  bool number = value->kind == JIT_ARRAY || value->kind == JIT_SCALAR;
  if (number && !strcmp(name, "astype")) {
    QlDtype dtype;
    if (!takes(l, &call, 1, 1, "dtype") ||
        !dtype_of(l, &call, given(&call, 0, "dtype"), QL_F64, &dtype))
      return low_unknown();
    return low_astype(l, node, value, dtype);
  }
  if (value->kind == JIT_ARRAY && !strcmp(name, "fill")) {
    if (takes(l, &call, 1, 1, "value")) low_copy_into(l, node, value->array, &arguments[0]);
    return low_none();
  }
  if (value->kind == JIT_ARRAY && !strcmp(name, "reshape") && count != 1) {
    Value shape = low_tuple(l, count, arguments);
    return reshaped(l, &call, value, &shape);
  }
  if (number && !strcmp(name, "item") && count == 0) {
    Call one = {node, name, 1, value, NULL};
    static const QlDtype wide[] = {[QL_KIND_BOOL] = QL_BOOL,
                                   [QL_KIND_INT] = QL_I64,
                                   [QL_KIND_UINT] = QL_I64,
                                   [QL_KIND_FLOAT] = QL_F64,
                                   [QL_KIND_COMPLEX] = QL_C128};
    return as_weak(
        l, &one,
        wide[ql_dtype_info[value->kind == JIT_ARRAY ? value->array->dtype : value->dtype].kind]);
  }
  if (value->kind == JIT_ARRAY && !strcmp(name, "flatten")) {
    Value copy = low_copy(l, node, value), all = low_int(-1);
    return takes(l, &call, 0, 0, "") ? reshaped(l, &call, &copy, &all) : low_unknown();
  }
  bool conjugate =
      !strcmp(name, "conjugate") && value->kind == JIT_SCALAR && value->weak && count == 0;
  if (conjugate) {
    if (ql_dtype_info[value->dtype].kind != QL_KIND_COMPLEX) return *value;
    return low_scalar((QlDtype)value->dtype, true, low_op1(l, QL_OP_CONJUGATE, low_ref(l, value)));
  }
  static const char *const methods[] = {
      "sum",     "prod",   "min",       "max",  "any",       "all",   "mean", "copy",
      "reshape", "ravel",  "transpose", "conj", "conjugate", "clip",  "dot",  "argmin",
      "argmax",  "cumsum", "cumprod",   "std",  "var",       "trace", "round"};
  for (int k = 0; number && k < (int)(sizeof methods / sizeof *methods); k++) {
    if (strcmp(methods[k], name)) continue;
    Value *all = low_get(l, (size_t)(count + 1) * sizeof *all);
    const char **names = low_get(l, (size_t)(count + 1) * sizeof *names);
    all[0] = *value;
    for (int m = 0; m < count; m++)
      all[m + 1] = arguments[m], names[m + 1] = keywords ? keywords[m] : NULL;
    return low_call_known(l, node, low_text(l, "numpy.%s", name), count + 1, all,
                          (const char *const *)names);
  }
  return low_refuse(l, node, "QJ379",
                    low_text(l, "%s has no method '%s' in @jit", low_type_text(l, value), name),
                    "call it outside the function, or write it as a loop");
}
