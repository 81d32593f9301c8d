/* NumPy's functions that make arrays: of a shape, like another array, of lists of numbers. */
#include "calls.h"

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

bool low_dtype_argument(Lower *l, const Call *call, const Value *value, QlDtype fallback,
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
  low_refuse_type(l, call, value, "a dtype like np.float64");
  return false;
}

static Value filled(Lower *l, const Call *call, QlDtype dtype, int ndim, const JitRef *shape,
                    const int64_t *extent, const Value *fill) {
  if (low_dead(l)) return low_unknown();
  if (l->ranks && !l->nest) {
    bool number = fill && fill->kind == JIT_SCALAR;
    if (number && !low_can_store(l, call->node, fill, dtype)) return low_unknown();
    Array *made = low_ranks_new(l, call->node, dtype, ndim, shape, extent, number ? fill : NULL);
    if (fill && !number) low_copy_into(l, call->node, made, fill);
    return low_array_value(made);
  }
  Array *array = low_new_array(l, call->node, dtype, ndim, shape, extent);
  Value value = low_array_value(array);
  if (fill) low_copy_into(l, call->node, array, fill);
  return value;
}

/* empty, zeros, ones (shape, dtype); full(shape, value, dtype); of each the form of another array:
 * zeros_like(array, dtype). */
static Value call_make(Lower *l, const Call *call) {
  const char *name = call->name + strlen("numpy.");
  bool like = strstr(name, "_like"), is_full = !strncmp(name, "full", 4);
  const char *keywords = like ? "dtype fill_value" : "shape dtype fill_value";
  if (!low_takes(l, call, 1 + is_full, 2 + is_full, keywords)) return low_unknown();
  const Value *form = low_given(call, 0, like ? NULL : "shape");
  Value number = low_int(!strncmp(name, "ones", 4));
  const Value *fill = is_full ? low_given(call, 1, "fill_value")
                      : strncmp(name, "empty", 5) && strcmp(name, "ndarray") ? &number
                                                                             : NULL;
  if (!form || (is_full && !fill) || (like && form->kind != JIT_ARRAY))
    return low_refuse_type(l, call, form ? form : &call->arguments[0],
                           like ? "an array" : "a shape, and a value");
  QlDtype dtype = QL_F64;
  if (like) dtype = (QlDtype)form->array->dtype;
  if (is_full && !like && fill->kind == JIT_SCALAR) dtype = (QlDtype)fill->dtype;
  if (fill && fill->kind == JIT_ARRAY) l->creating = NULL; /* it may lie there */
  if (like && form->array->list) return low_refuse_type(l, call, form, "an array");
  if (is_full && !like && fill->kind == JIT_ARRAY) dtype = (QlDtype)fill->array->dtype;
  JitRef shape[QL_MAX_DIMS];
  int64_t extent[QL_MAX_DIMS];
  int ndim;
  if (!low_dtype_argument(l, call, low_given(call, 1 + is_full, "dtype"), dtype, &dtype))
    return low_unknown();
  if (like)
    return filled(l, call, dtype, form->array->ndim, form->array->shape, form->array->extent, fill);
  if (!low_shape(l, call->node, form, &ndim, shape, extent)) return low_unknown();
  return filled(l, call, dtype, ndim, shape, extent, fill);
}

/* The shape and the dtype of nested tuples of numbers or arrays; Python's own have theirs. */
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
  if (value->kind != JIT_SCALAR) return false;
  bool is_first = type->kind == JIT_UNKNOWN;
  QlDtype dtype = (QlDtype)value->dtype;
  type->kind = JIT_SCALAR;
  type->dtype = (uint8_t)(is_first ? dtype : ql_promote((QlDtype)type->dtype, dtype));
  return *ndim == depth;
}

static void fill_nested(Lower *l, const Node *node, const Array *array, const Value *value,
                        int64_t *at) {
  for (int k = 0; value->kind == JIT_TUPLE && k < value->count; k++)
    fill_nested(l, node, array, &value->items[k], at);
  if (value->kind == JIT_TUPLE || !low_can_store(l, node, value, (QlDtype)array->dtype)) return;
  if (array->place == JIT_ON_RANKS)
    return low_ranks_set(l, l->at, array, low_const(l, (*at)++), value);
  jit_store_at(l->fn, array->base, low_const(l, (*at)++ * ql_dtype_info[array->dtype].size),
               low_ref_as(l, value, (QlDtype)array->dtype), low_source(l));
}

/* Does it hold what is refused, or never comes to be? */
static bool has_unknown(const Value *value) {
  bool found = value->kind == JIT_UNKNOWN;
  for (int k = 0; value->kind == JIT_TUPLE && k < value->count && !found; k++)
    found = has_unknown(&value->items[k]);
  return found;
}

/* Of arrays of one shape: one more axis in front. */
static Value array_of_arrays(Lower *l, const Call *call, const Value *items, const Value *wanted) {
  JitRef shape[QL_MAX_DIMS];
  int64_t extent[QL_MAX_DIMS];
  const Array *first = items->items[0].array;
  int ndim = first->ndim;
  QlDtype dtype = (QlDtype)first->dtype;
  for (int k = 0; k < items->count; k++) dtype = ql_promote(dtype, (QlDtype)items->items[k].dtype);
  if (!low_dtype_argument(l, call, wanted, dtype, &dtype)) return low_unknown();
  shape[0] = low_const(l, items->count), extent[0] = items->count;
  for (int axis = 0; axis < ndim; axis++)
    shape[axis + 1] = first->shape[axis], extent[axis + 1] = first->extent[axis];
  for (int k = 1; k < items->count; k++)
    for (int axis = 0; axis < ndim; axis++) {
      JitRef own = items->items[k].array->shape[axis];
      if (own.id != first->shape[axis].id)
        low_raise_if(l, call->node, low_op(l, QL_OP_NOT_EQUAL, own, first->shape[axis]),
                     "ValueError", "arrays of several shapes are not one array");
    }
  Value made = filled(l, call, dtype, ndim + 1, shape, extent, NULL);
  for (int k = 0; k < items->count && made.kind == JIT_ARRAY && !low_dead(l); k++) {
    Value at = low_int(k), part = ndim ? low_index(l, call->node, &made, &at) : made;
    low_copy_into(l, call->node, part.array, &items->items[k]);
  }
  return made;
}

static bool all_arrays(const Value *value) {
  for (int k = 0; value->kind == JIT_TUPLE && k < value->count; k++)
    if (value->items[k].kind != JIT_ARRAY || !value->items[k].array->ndim ||
        value->items[k].array->ndim != value->items[0].array->ndim ||
        value->items[k].array->ndim + 1 > QL_MAX_DIMS)
      return false;
  return value->kind == JIT_TUPLE && value->count > 0;
}

static Value call_array(Lower *l, const Call *call) {
  if (!low_takes(l, call, 1, 2, "dtype copy")) return low_unknown();
  const Value *value = &call->arguments[0], *wanted = low_given(call, 1, "dtype");
  QlDtype dtype;
  if (has_unknown(value)) return low_unknown();
  if (value->kind == JIT_ARRAY || all_arrays(value)) l->creating = NULL; /* they may lie there */
  if (value->kind == JIT_ARRAY) {
    if (!low_dtype_argument(l, call, wanted, (QlDtype)value->array->dtype, &dtype))
      return low_unknown();
    bool is_same = dtype == value->array->dtype;
    if (is_same && !strcmp(call->name, "numpy.asarray")) return *value;
    if (is_same && !strcmp(call->name, "numpy.ascontiguousarray") && value->array->contiguous)
      return *value;
    return low_astype(l, call->node, value, dtype);
  }
  if (all_arrays(value)) return array_of_arrays(l, call, value, wanted);
  int64_t extent[QL_MAX_DIMS] = {0};
  JitRef shape[QL_MAX_DIMS];
  JitType type = {.kind = JIT_UNKNOWN};
  int ndim = 0;
  if (!nested(l, value, 0, &ndim, extent, &type))
    return low_refuse_type(l, call, value, "numbers, or nested lists of numbers of one length");
  if (!low_dtype_argument(l, call, wanted, type.kind == JIT_UNKNOWN ? QL_F64 : (QlDtype)type.dtype,
                          &dtype))
    return low_unknown();
  for (int k = 0; k < ndim; k++) shape[k] = low_const(l, extent[k]);
  Value made = filled(l, call, dtype, ndim, shape, extent, NULL);
  int64_t at = 0;
  if (made.kind == JIT_ARRAY) fill_nested(l, call->node, made.array, value, &at);
  return made;
}

const KnownRow low_creation[] = {
    {"numpy.empty", call_make, 0, 0},
    {"numpy.zeros", call_make, 0, 0},
    {"numpy.ones", call_make, 0, 0},
    {"numpy.full", call_make, 0, 0},
    {"numpy.ndarray", call_make, 0, 0},
    {"numpy.empty_like", call_make, 0, 0},
    {"numpy.zeros_like", call_make, 0, 0},
    {"numpy.ones_like", call_make, 0, 0},
    {"numpy.full_like", call_make, 0, 0},
    {"numpy.array", call_array, 0, 0},
    {"numpy.asarray", call_array, 0, 0},
    {"numpy.ascontiguousarray", call_array, 0, 0},
    {NULL},
};
