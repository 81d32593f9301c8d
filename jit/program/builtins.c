/* Python's own functions, as the language has them, and those of math and cmath. */
#include "calls.h"

#include <math.h>
#include <stdlib.h>

const JitType low_weak_int = {.kind = JIT_SCALAR, .dtype = QL_I64, .weak = true};
const JitType low_weak_float = {.kind = JIT_SCALAR, .dtype = QL_F64, .weak = true};

/* ---- builtins ---- */

/* A number as one of Python's. */
static Value as_weak(Lower *l, const Node *node, const Value *value, QlDtype dtype) {
  JitType type = {.kind = JIT_SCALAR, .dtype = (uint8_t)dtype, .weak = true};
  if (dtype != QL_I64 || ql_dtype_info[value->dtype].kind != QL_KIND_FLOAT)
    return low_convert(l, value, &type);
  Value wide = low_convert(l, value, &low_weak_float);
  return low_int_of_float(l, node, &wide);
}

Value low_as_weak(Lower *l, const Call *call, QlDtype dtype) {
  Value zero = low_int(0);
  const Value *value = call->count ? &call->arguments[0] : &zero;
  if (value->kind == JIT_ARRAY) {
    Value array = low_in_memory(l, call->node, value);
    if (array.array->place == JIT_ON_RANKS && !array.array->ndim) {
      Value one = low_ranks_get(l, call->node, array.array, (JitRef){0});
      return as_weak(l, call->node, &one, dtype);
    }
    if (low_on_ranks(l, call->node, value, "an array of axes as a number")) return low_unknown();
    JitRef wrong = low_op(l, QL_OP_NOT_EQUAL, low_size(l, array.array), low_const(l, 1));
    low_raise_if(l, call->node, wrong, "TypeError",
                 "only arrays of one element can be converted to a number");
    JitRef ref = jit_load_at(l->fn, (QlDtype)array.array->dtype, array.array->base, low_const(l, 0),
                             low_source(l));
    Value one = low_scalar((QlDtype)array.array->dtype, false, ref);
    return as_weak(l, call->node, &one, dtype);
  }
  if (value->kind != JIT_SCALAR) return low_refuse_type(l, call, value, "a number");
  if (ql_dtype_info[value->dtype].kind == QL_KIND_COMPLEX && dtype != QL_C128 && dtype != QL_BOOL)
    return low_refuse_type(l, call, value, "a real number");
  return as_weak(l, call->node, value, dtype);
}

static Value call_int(Lower *l, const Call *call) { return low_as_weak(l, call, QL_I64); }
/* float("inf"): a text is a constant. */
static Value call_float(Lower *l, const Call *call) {
  if (!call->count || call->arguments[0].kind != JIT_TEXT) return low_as_weak(l, call, QL_F64);
  const char *text = call->arguments[0].text;
  char *end;
  double value = strtod(text, &end);
  while (*end == ' ') end++;
  bool good = end != text && !*end && !strpbrk(text, "xX(_");
  return good ? low_float(value)
              : low_refuse_type(l, call, &call->arguments[0], "a number, or the text of one");
}

static Value call_bool(Lower *l, const Call *call) {
  if (!call->count) return low_bool(false);
  bool truth;
  if (low_known_truth(&call->arguments[0], &truth)) return low_bool(truth);
  JitRef ref = low_truth(l, call->node, &call->arguments[0]);
  return ref.id ? low_scalar(QL_BOOL, true, ref) : low_unknown();
}

static Value call_complex(Lower *l, const Call *call) {
  if (call->count < 2) return low_as_weak(l, call, QL_C128);
  Value parts[2];
  for (int k = 0; k < 2; k++) {
    if (call->arguments[k].kind != JIT_SCALAR ||
        ql_dtype_info[call->arguments[k].dtype].kind == QL_KIND_COMPLEX)
      return low_refuse_type(l, call, &call->arguments[k], "two real numbers");
    parts[k] = low_convert(l, &call->arguments[k], &low_weak_float);
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
  if (!low_takes(l, call, 1, 2, "iterable start")) return low_unknown();
  const Value *over = low_given(call, 0, "iterable"), *start = low_given(call, 1, "start");
  if (!over || (start && !low_is_int(start)))
    return low_refuse_type(l, call, over ? start : &call->arguments[0],
                           over ? "an integer as start" : "what it goes through");
  Value parts[2] = {*over, start ? *start : low_int(0)};
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
  if (value->kind == JIT_RANGE && !strcmp(value->text, "range")) {
    JitRef count;
    Value start, step;
    if (!low_range(l, call->node, value, &count, &start, &step)) return low_unknown();
    return low_scalar(QL_I64, true, count);
  }
  if (value->kind != JIT_ARRAY || value->array->ndim == 0)
    return low_refuse_type(l, call, value, "an array or a tuple");
  Value length = low_scalar(QL_I64, true, value->array->shape[0]);
  length.natural = true;
  if (value->array->place == JIT_IN_NEST) length.span = low_nest_extent(l, value->array, 0);
  return length;
}

/* A function of the library goes through what a loop goes through. */
static Value by_loop(Lower *l, const Call *call) {
  const Value *value = &call->arguments[0];
  const Node *added = low_added(l, low_text(l, "builtins.%s", call->name));
  if (!added || (value->kind != JIT_RANGE && value->kind != JIT_ARRAY))
    return low_refuse_type(l, call, value, "a tuple, an array, or what a loop goes through");
  return low_call(l, call->node, added, call->count, call->arguments, call->keywords);
}

/* Of which NumPy's minimum is Python's too: of integers, where no NaN is. */
static bool is_whole_array(const Value *value) {
  return value->kind == JIT_ARRAY && value->array->ndim == 1 &&
         ql_dtype_info[value->array->dtype].kind <= QL_KIND_UINT;
}

/* Of an unsigned number and a known one below zero: which one it is. NULL: it is not that. */
static const Value *below_zero(const Value *a, const Value *b, bool is_min) {
  for (int k = 0; k < 2; k++) {
    const Value *known = k ? b : a, *other = k ? a : b;
    if (known->known && low_is_index(known) && known->constant.i < 0 && other->dtype == QL_U64)
      return is_min ? known : other;
  }
  return NULL;
}

/* min(a, b, ...): Python's rule, the first of those that no other is less than. Numbers meet in it
 * as where ways do. */
static Value least_of(Lower *l, const Call *call, bool is_min) {
  const Value *items = call->arguments;
  int count = call->count;
  bool wants_key = low_given(call, -1, "key") || low_given(call, -1, "default");
  if (!low_takes(l, call, 1, 1000, "default")) return low_unknown();
  if (count == 1 && items[0].kind == JIT_TUPLE) count = items[0].count, items = items[0].items;
  if (count == 1 && !wants_key && is_whole_array(&items[0])) {
    Value least =
        low_reduce(l, call->node, is_min ? QL_REDUCE_MIN : QL_REDUCE_MAX, &items[0], NULL, false);
    least.weak = items[0].array->list && items[0].array->weak && least.kind == JIT_SCALAR;
    return least;
  }
  if (items[0].kind == JIT_ARRAY || items[0].kind == JIT_RANGE) return by_loop(l, call);
  if (wants_key)
    return low_refuse_type(l, call, &call->arguments[0], "default= with a loop's items");
  if (call->count == 1 && items == call->arguments)
    return low_refuse_type(l, call, &items[0], "several numbers, a tuple or an array");
  if (count == 0) return low_refuse_type(l, call, &call->arguments[0], "at least one number");
  Value best = items[0];
  for (int k = 0; k < count; k++)
    if (items[k].kind != JIT_SCALAR)
      return low_refuse_type(l, call, &items[k], "numbers, a tuple, or an array of one dimension");
  for (int k = 1; k < count; k++) {
    JitType a = low_type(l, &best), b = low_type(l, &items[k]), both;
    low_join_types(l, &a, &b, &both);
    const Value *sure = both.torn ? below_zero(&best, &items[k], is_min) : NULL;
    if (sure) {
      best = *sure;
      continue;
    }
    if (both.torn) return low_refuse_torn(l, call->node, "what is the least or the greatest");
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
    best = low_bounded(best, &both);
    int64_t a_floor = low_floor(&x), b_floor = low_floor(&y);
    best.natural = natural && low_is_int(&best);
    best.floor = is_min ? QL_MIN(a_floor, b_floor) : QL_MAX(a_floor, b_floor);
    if (best.dtype == QL_I64)
      best.span = low_span_of(l, is_min ? QL_OP_MINIMUM : QL_OP_MAXIMUM, &x, &y);
  }
  return best;
}
static Value call_min(Lower *l, const Call *call) { return least_of(l, call, true); }
static Value call_max(Lower *l, const Call *call) { return least_of(l, call, false); }

static Value call_abs(Lower *l, const Call *call) {
  Value value = call->arguments[0];
  if (value.kind != JIT_SCALAR || !value.weak)
    return low_ufunc(l, call->node, QL_OP_ABSOLUTE, 1, &value);
  if (value.dtype == QL_BOOL) value = low_convert(l, &value, &low_weak_int);
  QlDtype result = (QlDtype)ql_dtype_info[value.dtype].part;
  if (value.known && low_is_int(&value))
    return low_int(value.constant.i < 0 ? (int64_t)(0 - value.constant.u) : value.constant.i);
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

/* round(x, 2): of Python's float its own, of NumPy's numbers NumPy's. */
static Value round_digits(Lower *l, const Call *call) {
  const Value *value = &call->arguments[0], *digits = &call->arguments[1];
  if (!low_is_index(digits) || !digits->known || digits->constant.i < 0)
    return low_refuse(l, call->node, "QJ373",
                      "round() is to a constant number of digits here, not below 0",
                      "write the number; divide before, and multiply after it");
  if (value->kind != JIT_SCALAR) return low_refuse_type(l, call, value, "a number");
  if (!value->weak) return low_call_known(l, call->node, "numpy.round", 2, call->arguments, NULL);
  if (low_is_int(value)) return low_convert(l, value, &low_weak_int);
  if (value->dtype != QL_F64) return low_refuse_type(l, call, value, "a real number");
  JitRef refs[2] = {low_ref(l, value), low_ref_as(l, digits, QL_I64)};
  return low_scalar(QL_F64, true, jit_host(l->fn, JIT_HOST_ROUND, 2, refs, low_source(l)));
}

static Value call_round(Lower *l, const Call *call) {
  Value value = call->arguments[0];
  if (call->count > 1 && call->arguments[1].kind != JIT_NONE) return round_digits(l, call);
  if (value.kind != JIT_SCALAR) return low_refuse_type(l, call, &value, "a number");
  if (low_is_int(&value)) return low_convert(l, &value, &low_weak_int);
  Value wide = low_convert(l, &value, &low_weak_float),
        whole = low_scalar(QL_F64, true, low_op1(l, QL_OP_RINT, low_ref(l, &wide)));
  return low_int_of_float(l, call->node, &whole);
}

/* np.ndindex(2, 3), np.ndindex(a.shape): all indices, the last fastest. */
static Value call_ndindex(Lower *l, const Call *call) {
  bool is_shape = call->count == 1 && call->arguments[0].kind == JIT_TUPLE;
  Value several = is_shape ? call->arguments[0] : low_tuple(l, call->count, call->arguments);
  for (int k = 0; k < several.count; k++)
    if (!low_is_index(&several.items[k]))
      return low_refuse_type(l, call, &several.items[k], "integers");
  several.kind = JIT_RANGE, several.text = "ndindex";
  return several;
}

/* np.ndenumerate(a): the index of each element, and the element. */
static Value call_ndenumerate(Lower *l, const Call *call) {
  if (call->arguments[0].kind != JIT_ARRAY)
    return low_refuse_type(l, call, &call->arguments[0], "an array");
  Value memory = low_in_memory(l, call->node, &call->arguments[0]);
  if (low_dead(l) || memory.kind != JIT_ARRAY) return low_unknown();
  if (low_on_ranks(l, call->node, &memory, "np.ndenumerate")) return low_unknown();
  Value shape = low_shape_of(l, memory.array),
        parts[2] = {low_call_known(l, call->node, "numpy.ndindex", 1, &shape, NULL), memory};
  Value several = low_tuple(l, 2, parts);
  several.kind = JIT_RANGE, several.text = "ndenumerate";
  return several;
}

/* map(f, x, ...): of tuples a tuple, of else what a loop goes through. */
static Value call_map(Lower *l, const Call *call) {
  const Value *function = &call->arguments[0];
  Value rest = low_tuple(l, call->count - 1, call->arguments + 1),
        zipped = low_call_known(l, call->node, "zip", rest.count, rest.items, NULL);
  if (zipped.kind == JIT_TUPLE) {
    for (int k = 0; k < zipped.count && !low_dead(l); k++) {
      Value item =
          low_apply(l, call->node, function, zipped.items[k].count, zipped.items[k].items, NULL);
      zipped.items[k] = low_settled(l, call->node, &item);
    }
    return zipped;
  }
  Value several = low_tuple(l, call->count, call->arguments);
  several.kind = JIT_RANGE, several.text = "map";
  return several;
}

static Value call_reversed(Lower *l, const Call *call) {
  const Value *value = &call->arguments[0];
  if (value->kind == JIT_TUPLE) {
    Value *items = low_get(l, (size_t)value->count * sizeof *items + 1);
    for (int k = 0; k < value->count; k++) items[k] = value->items[value->count - 1 - k];
    return low_tuple(l, value->count, items);
  }
  if (value->kind != JIT_ARRAY || value->array->ndim == 0)
    return low_refuse_type(l, call, value, "a tuple or an array");
  Value memory = low_in_memory(l, call->node, value);
  if (low_dead(l) || memory.kind != JIT_ARRAY) return low_unknown();
  Array *plain = low_get(l, sizeof *plain);
  *plain = *memory.array, plain->list = false; /* a view, though of a list */
  Value all = low_array_value(plain), backwards = low_slice(l, low_none(), low_none(), low_int(-1)),
        view = low_index(l, call->node, &all, &backwards);
  if (view.kind == JIT_ARRAY) view.array->list = memory.array->list;
  return view;
}

/* type(x): of NumPy's a dtype, of Python's own numbers their type. */
static Value call_type(Lower *l, const Call *call) {
  static const char *const own[] = {[QL_KIND_BOOL] = "bool",
                                    [QL_KIND_INT] = "int",
                                    [QL_KIND_FLOAT] = "float",
                                    [QL_KIND_COMPLEX] = "complex"};
  const Value *value = &call->arguments[0];
  if (value->kind == JIT_SCALAR && !value->weak)
    return (Value){.kind = JIT_DTYPE, .dtype = value->dtype};
  if (value->kind == JIT_SCALAR)
    return (Value){.kind = JIT_FUNCTION, .text = own[ql_dtype_info[value->dtype].kind]};
  if (value->kind == JIT_TUPLE && !value->text)
    return (Value){.kind = JIT_FUNCTION, .text = "tuple"};
  return low_refuse_type(l, call, value, "a number or a tuple");
}

static Value call_list(Lower *l, const Call *call) {
  if (call->count && call->arguments[0].kind == JIT_TUPLE)
    return low_as_list(l, call->node, &call->arguments[0]);
  if (call->count) return by_loop(l, call);
  Value nothing = low_tuple(l, 0, NULL);
  return low_as_list(l, call->node, &nothing);
}
static Value call_sorted(Lower *l, const Call *call) {
  Value list = low_call_known(l, call->node, "list", 1, call->arguments, NULL);
  if (list.kind == JIT_UNKNOWN) return list;
  if (!low_is_list(&list)) return low_refuse_type(l, call, &list, "numbers");
  Value sorted = low_call_known(l, call->node, "numpy.sort", 1, &list, NULL);
  if (sorted.kind == JIT_ARRAY) sorted.array->list = true, sorted.array->weak = list.array->weak;
  return sorted;
}

static Value call_tuple(Lower *l, const Call *call) {
  if (!call->count) return low_tuple(l, 0, NULL);
  const Value *value = &call->arguments[0];
  if (value->kind == JIT_ARRAY && value->array->ndim && value->array->extent[0] >= 0 &&
      value->array->extent[0] <= 64) {
    Value *items = low_get(l, (size_t)value->array->extent[0] * sizeof *items + 1);
    for (int k = 0; k < value->array->extent[0]; k++) {
      Value at = low_int(k);
      items[k] = low_index(l, call->node, value, &at);
    }
    return low_tuple(l, (int)value->array->extent[0], items);
  }
  return call->arguments[0].kind == JIT_TUPLE
             ? call->arguments[0]
             : low_refuse_type(l, call, &call->arguments[0], "a tuple");
}

static Value call_slice(Lower *l, const Call *call) {
  Value parts[3] = {low_none(), low_none(), low_none()};
  if (call->count == 1)
    parts[1] = call->arguments[0];
  else
    for (int k = 0; k < call->count; k++) parts[k] = call->arguments[k];
  return low_slice(l, parts[0], parts[1], parts[2]);
}

/* any and all of a tuple; of an array of one dimension. */
static Value truths(Lower *l, const Call *call, bool is_any) {
  const Value *value = &call->arguments[0];
  if (value->kind == JIT_ARRAY && value->array->ndim == 1) {
    Value found =
        low_reduce(l, call->node, is_any ? QL_REDUCE_ANY : QL_REDUCE_ALL, value, NULL, false);
    found.weak = found.kind == JIT_SCALAR;
    return found;
  }
  if (value->kind != JIT_TUPLE) return by_loop(l, call);
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
  if (!low_takes(l, call, 1, 2, "start")) return low_unknown();
  if (value->kind == JIT_TUPLE) {
    const Value *start = low_given(call, 1, "start");
    Value total = start ? *start : low_int(0);
    for (int k = 0; k < value->count; k++)
      total = low_binary(l, call->node, "add", &total, &value->items[k]);
    return total;
  }
  return by_loop(l, call);
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
  bool typed = inside && !value->weak, is_bool = kind == QL_KIND_BOOL;
  JitHost host = ways[kind].host;
  QlDtype dtype = ways[kind].dtype;
  if (value->dtype == QL_F32 || value->dtype == QL_F16)
    host = value->dtype == QL_F32 ? JIT_HOST_PRINT_F32 : JIT_HOST_PRINT_F16, dtype = QL_F32;
  if (value->dtype == QL_C64) host = typed ? JIT_HOST_PRINT_INSIDE_C64 : JIT_HOST_PRINT_C64;
  if (value->dtype == QL_C128 && typed) host = JIT_HOST_PRINT_INSIDE_C128;
  if (typed)
    print_text(l, is_bool ? "np." : low_text(l, "np.%s(", ql_dtype_info[value->dtype].name));
  JitRef ref = low_ref_as(l, value, dtype);
  jit_host(l->fn, host, 1, &ref, low_source(l));
  if (typed) print_text(l, is_bool ? "_" : ")");
}

/* As Python's repr writes it. */
static const char *text_repr(Lower *l, const char *text) {
  char quote = strchr(text, '\'') && !strchr(text, '"') ? '"' : '\'';
  char *made = low_get(l, 4 * strlen(text) + 3), *at = made;
  *at++ = quote;
  for (; *text; text++) {
    unsigned char c = (unsigned char)*text;
    const char *known = strchr("\nn\tt\rr", *text), *hexadecimal = "0123456789abcdef";
    bool escaped = c == '\\' || *text == quote;
    if (known && (c == '\n' || c == '\t' || c == '\r'))
      *at++ = '\\', *at++ = known[1];
    else if (c < ' ' || c == 127)
      *at++ = '\\', *at++ = 'x', *at++ = hexadecimal[c >> 4], *at++ = hexadecimal[c & 15];
    else if (escaped)
      *at++ = '\\', *at++ = *text;
    else
      *at++ = *text;
  }
  *at++ = quote, *at = 0;
  return made;
}

static bool print_value(Lower *l, const Call *call, const Value *value, bool inside) {
  if (value->kind == JIT_TEXT)
    return print_text(l, inside ? text_repr(l, value->text) : value->text), true;
  if (value->kind == JIT_NONE) return print_text(l, "None"), true;
  if (value->kind == JIT_SCALAR) return print_scalar(l, value, inside), true;
  if (value->kind != JIT_TUPLE)
    return low_refuse_type(l, call, value, "numbers, texts and tuples"), false;
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
  if (!low_takes(l, call, arity, arity, "")) return low_unknown();
  JitRef refs[2];
  JitType type = {.kind = JIT_SCALAR, .dtype = (uint8_t)dtype, .weak = true};
  for (int k = 0; k < call->count; k++) {
    if (call->arguments[k].kind != JIT_SCALAR)
      return low_refuse_type(l, call, &call->arguments[k], "a number");
    if (dtype == QL_F64 && ql_dtype_info[call->arguments[k].dtype].kind == QL_KIND_COMPLEX)
      return low_refuse_type(l, call, &call->arguments[k], "a real number");
    Value value = low_convert(l, &call->arguments[k], &type);
    refs[k] = low_ref(l, &value);
  }
  QlDtype result = ql_op_result(op, dtype);
  Value value =
      low_scalar(result, true, jit_op(l->fn, op, ql_op_info[op].arity, refs, low_source(l)));
  if (logarithm.kind == JIT_SCALAR) return low_binary(l, call->node, "truediv", &value, &logarithm);
  bool whole = op == QL_OP_FLOOR || op == QL_OP_CEIL || op == QL_OP_TRUNC;
  return whole && dtype == QL_F64 ? low_int_of_float(l, call->node, &value) : value;
}

/* erf and the like, which are no operations. */
static bool special(Lower *l, const Call *call, const char *name, Value *value) {
  static const struct {
    const char *name;
    JitHost host;
  } rows[] = {{"erf", JIT_HOST_ERF},
              {"erfc", JIT_HOST_ERFC},
              {"gamma", JIT_HOST_GAMMA},
              {"lgamma", JIT_HOST_LGAMMA}};
  for (int k = 0; k < 4; k++) {
    if (strcmp(rows[k].name, name)) continue;
    *value = low_unknown();
    if (!low_takes(l, call, 1, 1, "")) return true;
    const Value *x = &call->arguments[0];
    bool is_real = x->kind == JIT_SCALAR && ql_dtype_info[x->dtype].kind != QL_KIND_COMPLEX;
    if (!is_real) return *value = low_refuse_type(l, call, x, "a real number"), true;
    JitRef ref = low_ref_as(l, x, QL_F64);
    ref = jit_host(l->fn, rows[k].host, 1, &ref, low_source(l));
    return *value = low_scalar(QL_F64, true, ref), true;
  }
  return false;
}

bool low_math(Lower *l, const Call *call, const char *name, bool is_complex, Value *value) {
  if (!is_complex && special(l, call, name, value)) return true;
  for (int k = 0; k < MATH_ROWS; k++) {
    QlOp op = math_rows[k].op;
    if (strcmp(math_rows[k].name, name)) continue;
    if (is_complex && ql_op_info[op].domain != QL_DOMAIN_INEXACT) return false;
    return *value = call_math(l, call, op, is_complex ? QL_C128 : QL_F64), true;
  }
  return false;
}

/* ---- the table ---- */

const KnownRow low_builtins[] = {
    {"int", call_int, 0, 1},
    {"float", call_float, 0, 1},
    {"bool", call_bool, 0, 1},
    {"complex", call_complex, 0, 2},
    {"range", call_range, 1, 3},
    {"len", call_len, 1, 1},
    {"min", call_min, 0, 0},
    {"max", call_max, 0, 0},
    {"abs", call_abs, 1, 1},
    {"pow", call_pow, 2, 2},
    {"divmod", call_divmod, 2, 2},
    {"round", call_round, 1, 2},
    {"sum", call_sum, 0, 0},
    {"any", call_any, 1, 1},
    {"all", call_all, 1, 1},
    {"enumerate", call_enumerate, 0, 0},
    {"zip", call_zip, 0, 1000},
    {"tuple", call_tuple, 0, 1},
    {"list", call_list, 0, 1},
    {"sorted", call_sorted, 1, 1},
    {"map", call_map, 2, 1000},
    {"reversed", call_reversed, 1, 1},
    {"numpy.ndindex", call_ndindex, 1, 16},
    {"numpy.ndenumerate", call_ndenumerate, 1, 1},
    {"type", call_type, 1, 1},
    {"slice", call_slice, 1, 3},
    {"print", call_print, 0, 1000},
    {NULL},
};
