/* What the functions of the library (python/quelea/compiling/library) ask of types, and what they
 * could not write themselves. Nobody else can name these. */
#include "calls.h"

const char *low_kind_text(QlDtype dtype) {
  static const char *const kinds[] = {[QL_KIND_BOOL] = "b",
                                      [QL_KIND_INT] = "i",
                                      [QL_KIND_UINT] = "u",
                                      [QL_KIND_FLOAT] = "f",
                                      [QL_KIND_COMPLEX] = "c"};
  return kinds[ql_dtype_info[dtype].kind];
}

static Value text(const char *text) { return (Value){.kind = JIT_TEXT, .text = text}; }
static Value dtype_value(QlDtype dtype) {
  return (Value){.kind = JIT_DTYPE, .dtype = (uint8_t)dtype};
}

static bool has_dtype(const Value *value) {
  return value->kind == JIT_SCALAR || value->kind == JIT_ARRAY || value->kind == JIT_DTYPE;
}

/* refuse(what, advice): what the function does not do, where the user calls it. */
static Value call_refuse(Lower *l, const Call *call) {
  const Value *what = &call->arguments[0], *advice = &call->arguments[1];
  return low_refuse(l, call->node, "QJ385", what->text, advice->text);
}

static Value call_kind(Lower *l, const Call *call) {
  const Value *value = &call->arguments[0];
  if (!has_dtype(value)) return low_refuse_type(l, call, value, "numbers and arrays");
  return text(low_kind_text((QlDtype)value->dtype));
}

static Value call_dtype(Lower *l, const Call *call) {
  const Value *value = &call->arguments[0];
  QlDtype dtype = QL_F64;
  if (has_dtype(value)) return dtype_value((QlDtype)value->dtype);
  return low_dtype_argument(l, call, value, QL_F64, &dtype) ? dtype_value(dtype) : low_unknown();
}

/* What NumPy computes of them in: Python's own numbers take the dtype of the others. */
static Value call_result_type(Lower *l, const Call *call) {
  QlDtype own[2] = {QL_BOOL, QL_BOOL}; /* of Python's, and of NumPy's */
  bool any = false;
  for (int k = 0; k < call->count; k++) {
    const Value *value = &call->arguments[k];
    if (!has_dtype(value)) return low_refuse_type(l, call, value, "numbers and arrays");
    bool strong = value->kind != JIT_SCALAR || !value->weak;
    own[strong] = ql_promote(own[strong], (QlDtype)value->dtype), any |= strong;
  }
  return dtype_value(any ? ql_lift_weak(own[1], own[0]) : own[0]);
}

/* As an array or a number of NumPy's: tuples of numbers, and lists, are arrays. */
static Value call_value(Lower *l, const Call *call) {
  const Value *value = &call->arguments[0];
  if (value->kind == JIT_TUPLE) return low_call_known(l, call->node, "numpy.array", 1, value, NULL);
  if (value->kind == JIT_SCALAR)
    return low_convert(l, value, &(JitType){.kind = JIT_SCALAR, .dtype = value->dtype});
  if (value->kind == JIT_ARRAY) return low_without_list(l, call->node, value, false);
  return low_refuse_type(l, call, value, "numbers and arrays");
}

static Value call_is_array(Lower *l, const Call *call) {
  (void)l;
  return low_bool(call->arguments[0].kind == JIT_ARRAY);
}
static Value call_is_tuple(Lower *l, const Call *call) {
  (void)l;
  return low_bool(call->arguments[0].kind == JIT_TUPLE);
}
static Value call_is_contiguous(Lower *l, const Call *call) {
  (void)l;
  const Value *value = &call->arguments[0];
  return low_bool(value->kind == JIT_ARRAY && value->array->contiguous && !value->array->element);
}

/* An axis from 0. */
static Value call_axis(Lower *l, const Call *call) {
  int at;
  if (!call->arguments[1].known) return low_unknown();
  bool good = low_axis(l, call->node, &call->arguments[0], (int)call->arguments[1].constant.i, &at);
  return good ? low_int(at) : low_unknown();
}

static Value call_nonzero(Lower *l, const Call *call) {
  Value value = call->arguments[0];
  if (value.kind != JIT_ARRAY || !value.array->ndim)
    return low_refuse_type(l, call, &value, "an array");
  if (low_on_ranks(l, call->node, &value, "a list of indices")) return low_unknown();
  if (value.dtype != QL_BOOL) {
    Value zero = low_int(0), both[2] = {value, zero};
    value = low_ufunc(l, call->node, QL_OP_NOT_EQUAL, 2, both);
  }
  return low_nonzero(l, call->node, &value);
}

/* Refuses what loops over elements, by the name of what the user calls. */
static Value call_in_memory(Lower *l, const Call *call) {
  const Value *value = &call->arguments[0];
  return low_on_ranks(l, call->node, value, call->arguments[1].text) ? low_unknown() : *value;
}

static Value call_is_on_ranks(Lower *l, const Call *call) {
  (void)l;
  const Value *value = &call->arguments[0];
  return low_bool(value->kind == JIT_ARRAY && value->array->place == JIT_ON_RANKS);
}

/* The product of two arrays on ranks, of one or two axes that fit, one of them a matrix. */
static Value call_product(Lower *l, const Call *call) {
  const Value *left = &call->arguments[0], *right = &call->arguments[1];
  if (left->kind != JIT_ARRAY || right->kind != JIT_ARRAY) return low_unknown();
  const Array *a = left->array, *b = right->array;
  Array *into = low_get(l, sizeof *into);
  into->dtype = call_result_type(l, call).dtype;
  for (int axis = 0; axis < a->ndim - 1; axis++, into->ndim++)
    into->shape[into->ndim] = a->shape[axis], into->extent[into->ndim] = a->extent[axis];
  for (int axis = 1; axis < b->ndim; axis++, into->ndim++)
    into->shape[into->ndim] = b->shape[axis], into->extent[into->ndim] = b->extent[axis];
  return low_ranks_product(l, call->node, a, b, into);
}

/* The diagonal of a matrix, as a view: k above the main one. */
static Value call_diagonal(Lower *l, const Call *call) {
  Value memory = low_in_memory(l, call->node, &call->arguments[0]);
  if (memory.kind != JIT_ARRAY || memory.array->ndim != 2 || low_dead(l))
    return low_refuse_type(l, call, &memory, "a matrix");
  if (low_on_ranks(l, call->node, &memory, "a diagonal")) return low_unknown();
  const Array *array = memory.array;
  JitRef k = low_ref_as(l, &call->arguments[1], QL_I64), zero = low_const(l, 0),
         right = low_op(l, QL_OP_MAXIMUM, k, zero),
         down = low_op(l, QL_OP_MAXIMUM, low_op(l, QL_OP_SUBTRACT, zero, k), zero);
  JitRef rows = low_op(l, QL_OP_SUBTRACT, array->shape[0], down),
         columns = low_op(l, QL_OP_SUBTRACT, array->shape[1], right),
         length = low_op(l, QL_OP_MAXIMUM, low_op(l, QL_OP_MINIMUM, rows, columns), zero);
  Array *view = low_get(l, sizeof *view);
  *view = *array, view->ndim = 1, view->contiguous = false;
  view->shape[0] = length, view->extent[0] = -1;
  view->stride[0] = low_add(l, array->stride[0], array->stride[1]);
  JitRef empty = low_op(l, QL_OP_EQUAL, length, zero), start[2] = {down, right},
         offset = low_offset(l, array, start);
  view->base = low_add(l, array->base, low_select(l, empty, zero, offset));
  return low_array_value(view);
}

/* ---- lists that grow ---- */

/* Room for items of the type of x. */
static Value call_room(Lower *l, const Call *call) {
  const Value *item = &call->arguments[0];
  if (item->kind != JIT_SCALAR) return low_refuse_list(l, call->node, item);
  if (low_list_elsewhere(l, call->node)) return low_unknown();
  JitRef room = low_const(l, 16);
  Array *list = low_new_array(l, call->node, (QlDtype)item->dtype, 1, &room, NULL);
  list->list = true, list->weak = item->weak;
  return low_array_value(list);
}

static Array *first_of(Lower *l, const Array *list, JitRef count) {
  Array *part = low_get(l, sizeof *part);
  *part = *list, part->shape[0] = count, part->extent[0] = -1;
  return part;
}

/* Twice the room, with what is there. */
static Value call_grown(Lower *l, const Call *call) {
  const Value *value = &call->arguments[0];
  if (value->kind != JIT_ARRAY) return low_unknown();
  JitRef length = value->array->shape[0], room = low_add(l, length, length);
  Array *list = low_new_array(l, call->node, (QlDtype)value->dtype, 1, &room, NULL);
  low_copy_into(l, call->node, first_of(l, list, length), value);
  list->list = true, list->weak = value->array->weak;
  return low_array_value(list);
}

/* The first n items. */
static Value call_taken(Lower *l, const Call *call) {
  const Value *value = &call->arguments[0];
  if (value->kind == JIT_UNKNOWN) return low_unknown();
  if (value->kind != JIT_ARRAY) {
    Value nothing = low_tuple(l, 0, NULL);
    return low_as_list(l, call->node, &nothing);
  }
  return low_array_value(first_of(l, value->array, low_ref_as(l, &call->arguments[1], QL_I64)));
}

const KnownRow low_library[] = {
    {"library.refuse", call_refuse, 2, 2},
    {"library.kind", call_kind, 1, 1},
    {"library.dtype", call_dtype, 1, 1},
    {"library.result_type", call_result_type, 1, 1000},
    {"library.value", call_value, 1, 1},
    {"library.is_array", call_is_array, 1, 1},
    {"library.is_tuple", call_is_tuple, 1, 1},
    {"library.is_contiguous", call_is_contiguous, 1, 1},
    {"library.axis", call_axis, 2, 2},
    {"library.nonzero", call_nonzero, 1, 1},
    {"library.is_on_ranks", call_is_on_ranks, 1, 1},
    {"library.product", call_product, 2, 2},
    {"library.in_memory", call_in_memory, 2, 2},
    {"numpy.nonzero", call_nonzero, 1, 1},
    {"library.diagonal", call_diagonal, 2, 2},
    {"library.room", call_room, 1, 1},
    {"library.grown", call_grown, 1, 1},
    {"library.taken", call_taken, 2, 2},
    {NULL},
};
