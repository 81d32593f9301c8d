/* Values and their types: what meets, what is converted, which IR values carry it. */
#include "lower.h"

#include <math.h>
#include <stdio.h>

/* ---- making values ---- */

Value low_scalar(QlDtype dtype, bool weak, JitRef ref) {
  return (Value){.kind = JIT_SCALAR, .dtype = (uint8_t)dtype, .weak = weak, .ref = ref};
}

static Value known(QlDtype dtype, QlValue constant) {
  return (Value){.kind = JIT_SCALAR,
                 .dtype = (uint8_t)dtype,
                 .weak = true,
                 .known = true,
                 .natural = dtype == QL_BOOL || (dtype == QL_I64 && constant.i >= 0),
                 .constant = constant};
}

int64_t low_floor(const Value *value) {
  if (!value->known) return value->natural ? value->floor : 0;
  return value->natural && value->dtype == QL_I64 ? value->constant.i : 0;
}

Value low_int(int64_t value) { return known(QL_I64, (QlValue){.i = value}); }
Value low_float(double value) { return known(QL_F64, (QlValue){.d = value}); }
Value low_bool(bool value) { return known(QL_BOOL, (QlValue){.b = value}); }

Value low_tuple(Lower *l, int count, const Value *items) {
  Value *copy = low_get(l, (size_t)count * sizeof *copy + 1);
  if (count) memcpy(copy, items, (size_t)count * sizeof *copy);
  return (Value){.kind = JIT_TUPLE, .count = count, .items = copy};
}

JitRef low_const(Lower *l, int64_t value) {
  return jit_const(l->fn, QL_I64, (QlValue){.i = value});
}

Value low_slice(Lower *l, Value start, Value stop, Value step) {
  Value slice = low_tuple(l, 3, (Value[]){start, stop, step});
  slice.kind = JIT_SLICE;
  return slice;
}

JitRef low_ref(Lower *l, const Value *value) {
  return value->known ? jit_const(l->fn, (QlDtype)value->dtype, value->constant) : value->ref;
}

JitRef low_ref_as(Lower *l, const Value *value, QlDtype dtype) {
  if (value->known)
    return jit_const(l->fn, dtype, ql_convert((QlDtype)value->dtype, value->constant, dtype));
  return jit_cast(l->fn, value->ref, dtype, low_source(l));
}

bool low_is_int(const Value *value) {
  return value->kind == JIT_SCALAR && ql_dtype_info[value->dtype].kind <= QL_KIND_UINT;
}

bool low_is_index(const Value *value) { return low_is_int(value) && value->dtype != QL_BOOL; }

JitRef low_op(Lower *l, QlOp op, JitRef a, JitRef b) {
  return jit_op(l->fn, op, 2, (JitRef[]){a, b}, low_source(l));
}
JitRef low_op1(Lower *l, QlOp op, JitRef a) { return jit_op(l->fn, op, 1, &a, low_source(l)); }
JitRef low_add(Lower *l, JitRef a, JitRef b) { return low_op(l, QL_OP_ADD, a, b); }
JitRef low_select(Lower *l, JitRef condition, JitRef a, JitRef b) {
  return jit_op(l->fn, QL_OP_SELECT, 3, (JitRef[]){condition, a, b}, low_source(l));
}

/* ---- truth ---- */

bool low_known_truth(const Value *value, bool *truth) {
  switch (value->kind) {
    case JIT_NONE: return *truth = false, true;
    case JIT_TUPLE: return *truth = value->count > 0, true;
    case JIT_TEXT: return *truth = value->text[0] != 0, true;
    case JIT_SCALAR:
      *truth = ql_convert((QlDtype)value->dtype, value->constant, QL_BOOL).b;
      return value->known;
    default: return *truth = true, value->kind != JIT_ARRAY && value->kind != JIT_UNKNOWN;
  }
}

/* Of a list: it has items. Of an array of one element: that of the element. */
static JitRef truth_of_array(Lower *l, const Node *node, const Value *value) {
  JitRef size = low_size(l, value->array);
  if (value->array->list) return low_op(l, QL_OP_NOT_EQUAL, size, low_const(l, 0));
  Value memory = low_in_memory(l, node, value);
  if (memory.kind != JIT_ARRAY || low_on_ranks(l, node, &memory, "the truth of an array"))
    return (JitRef){0};
  low_raise_if(l, node, low_op(l, QL_OP_NOT_EQUAL, size, low_const(l, 1)), "ValueError",
               "the truth of an array of several elements, or of none, is not defined");
  JitRef ref = jit_load_at(l->fn, (QlDtype)memory.array->dtype, memory.array->base, low_const(l, 0),
                           low_source(l));
  return jit_cast(l->fn, ref, QL_BOOL, low_source(l));
}

JitRef low_truth(Lower *l, const Node *node, const Value *value) {
  bool truth;
  if (low_known_truth(value, &truth)) return jit_const(l->fn, QL_BOOL, (QlValue){.b = truth});
  if (value->kind == JIT_SCALAR) return low_ref_as(l, value, QL_BOOL);
  return value->kind == JIT_ARRAY ? truth_of_array(l, node, value) : (JitRef){0};
}

/* ---- types ---- */

static bool has_items(int kind) {
  return kind == JIT_TUPLE || kind == JIT_SLICE || kind == JIT_RANGE;
}

static bool same_name(const char *a, const char *b) { return a == b || (a && b && !strcmp(a, b)); }

bool low_same_function(const Value *a, const Value *b) {
  return a->node == b->node && same_name(a->text, b->text);
}

/* Of a constant: between its parts, as far as they are finite. */
static void find_constant_bounds(const Value *value, JitType *type) {
  QlValue wide = ql_convert((QlDtype)value->dtype, value->constant, QL_C128);
  bool is_complex = ql_dtype_info[value->dtype].kind == QL_KIND_COMPLEX;
  double a = isfinite(wide.z[0]) ? wide.z[0] : 0,
         b = is_complex && isfinite(wide.z[1]) ? wide.z[1] : a;
  type->least = fmin(a, b), type->most = fmax(a, b);
}

/* Between which numbers one of Python's own is, as far as that is known. */
static void find_bounds(const Value *value, JitType *type) {
  bool natural = value->natural && value->dtype == QL_I64;
  type->bounded = true, type->least = 0, type->most = 1;
  if (value->dtype == QL_BOOL) return;
  if (value->known)
    find_constant_bounds(value, type);
  else if (value->bounded)
    type->least = value->least, type->most = value->most;
  else if (natural)
    type->most = 0x1p63;
  else
    type->bounded = false, type->most = 0;
}

/* What no value of the IR carries is a part of the type: which function, which text, a step. */
JitType low_type(Lower *l, const Value *value) {
  JitType type = {.kind = value->kind, .text = value->text, .node = value->node};
  if (value->kind == JIT_SCALAR || value->kind == JIT_DTYPE)
    type.dtype = value->dtype, type.weak = value->weak;
  if (value->kind == JIT_SCALAR && value->weak) find_bounds(value, &type);
  if (value->kind == JIT_ARRAY)
    type.dtype = value->array->dtype, type.ndim = value->array->ndim,
    type.contiguous = value->array->contiguous && !value->array->element,
    type.lent = value->array->lent, type.readonly = value->array->readonly,
    type.site = value->array->site, type.ours = value->array->ours, type.list = value->array->list,
    type.weak = value->array->weak, type.place = value->array->place;
  if (!has_items(value->kind)) return type;
  type.count = value->count;
  if (value->kind == JIT_TUPLE) type.named = value->text, type.text = NULL;
  type.items = low_get(l, (size_t)value->count * sizeof *type.items + 1);
  for (int k = 0; k < value->count; k++) type.items[k] = low_type(l, &value->items[k]);
  bool steps = value->kind == JIT_SLICE || (value->text && !strcmp(value->text, "range"));
  if (steps && value->items[2].known && low_is_int(&value->items[2]))
    type.items[2].known = true, type.items[2].constant = value->items[2].constant.i;
  return type;
}

const char *low_type_text(Lower *l, const Value *value) {
  JitType type = low_type(l, value);
  size_t size = jit_type_print(&type, NULL, 0) + 1;
  char *text = low_get(l, size);
  jit_type_print(&type, text, size);
  return text;
}

bool low_same_type(const JitType *a, const JitType *b) {
  if (a->kind != b->kind || a->dtype != b->dtype || a->ndim != b->ndim || a->weak != b->weak ||
      a->contiguous != b->contiguous || a->lent != b->lent || a->readonly != b->readonly ||
      a->ours != b->ours || a->list != b->list || a->site != b->site || a->place != b->place ||
      a->known != b->known || a->constant != b->constant || a->count != b->count ||
      a->bounded != b->bounded || a->least != b->least || a->most != b->most ||
      a->torn != b->torn || a->node != b->node || !same_name(a->text, b->text) ||
      !same_name(a->named, b->named))
    return false;
  for (int k = 0; k < a->count; k++)
    if (!low_same_type(&a->items[k], &b->items[k])) return false;
  return true;
}

static bool is_finite_in(QlDtype dtype, double number) {
  QlValue there = ql_convert(QL_F64, (QlValue){.d = number}, dtype);
  return isfinite(ql_convert(dtype, there, QL_F64).d);
}

/* Does the dtype hold all that one of Python's own numbers may be? Floats may be rounded. */
static bool holds(QlDtype dtype, const JitType *weak) {
  const QlDtypeInfo *info = &ql_dtype_info[dtype];
  bool whole = weak->dtype == QL_I64, is_unsigned = info->kind == QL_KIND_UINT;
  if (weak->dtype == QL_BOOL || dtype == QL_I64) return true;
  double least = weak->bounded ? weak->least : -0x1p63, most = weak->bounded ? weak->most : 0x1p63;
  if (info->kind >= QL_KIND_FLOAT) {
    QlDtype part = (QlDtype)info->part;
    if (part == QL_F64) return true;
    return (whole || weak->bounded) && is_finite_in(part, least) && is_finite_in(part, most);
  }
  double end = ldexp(1, 8 * info->size - !is_unsigned);
  return least >= (is_unsigned ? 0 : -end) && (most < end || dtype == QL_U64);
}

static bool counts(const JitType *type) {
  return type->torn || ql_dtype_info[type->dtype].kind <= QL_KIND_UINT;
}

/* Two of Python's own numbers are the wider one. One of them beside another is of the other's
 * dtype, lifted as NumPy does, if that holds it; else of one that holds both: as an int64, a
 * float64 or a complex128 of NumPy's it is promoted. */
static JitType join_scalars(const JitType *a, const JitType *b) {
  QlDtype dtype = ql_promote((QlDtype)a->dtype, (QlDtype)b->dtype);
  JitType both = {.kind = JIT_SCALAR, .weak = a->weak && b->weak};
  if (a->weak != b->weak) {
    const JitType *weak = a->weak ? a : b, *other = a->weak ? b : a;
    QlDtype lifted = ql_lift_weak((QlDtype)other->dtype, (QlDtype)weak->dtype);
    if (holds(lifted, weak)) dtype = lifted;
  }
  if (both.weak && a->bounded && b->bounded)
    both.bounded = true, both.least = fmin(a->least, b->least), both.most = fmax(a->most, b->most);
  both.dtype = (uint8_t)dtype;
  both.torn = counts(a) && counts(b) && ql_dtype_info[dtype].kind > QL_KIND_UINT;
  return both;
}

bool low_is_torn(const JitType *type) {
  bool torn = type->torn;
  for (int k = 0; k < type->count && !torn; k++) torn = low_is_torn(&type->items[k]);
  return torn;
}

Value low_bounded(Value value, const JitType *type) {
  value.bounded = type->bounded, value.least = type->least, value.most = type->most;
  return value;
}

bool low_join_types(Lower *l, const JitType *a, const JitType *b, JitType *both) {
  *both = a->kind == JIT_UNKNOWN ? *b : *a;
  if (a->kind == JIT_UNKNOWN || b->kind == JIT_UNKNOWN) return true;
  if (a->kind != b->kind) return false;
  if (a->kind == JIT_SCALAR)
    return *both = a->known && low_same_type(a, b) ? *a : join_scalars(a, b), true;
  if (a->kind == JIT_ARRAY && a->site != b->site) low_share(l, a->site), low_share(l, b->site);
  if (a->kind == JIT_ARRAY)
    return both->contiguous = a->contiguous && b->contiguous, both->lent = a->lent && b->lent,
           both->readonly = a->readonly || b->readonly, both->ours = a->ours || b->ours,
           both->weak = a->weak && b->weak,
           a->dtype == b->dtype && a->ndim == b->ndim && a->list == b->list &&
               a->place == b->place && a->place != JIT_IN_NEST;
  if (!has_items(a->kind)) return low_same_type(a, b);
  if (a->count != b->count || !same_name(a->named, b->named) || !same_name(a->text, b->text))
    return false;
  both->items = low_get(l, (size_t)a->count * sizeof *both->items + 1);
  for (int k = 0; k < a->count; k++)
    if (!low_join_types(l, &a->items[k], &b->items[k], &both->items[k])) return false;
  return true;
}

Value low_convert(Lower *l, const Value *value, const JitType *type) {
  if (value->kind == JIT_SCALAR && type->kind == JIT_SCALAR) {
    if (value->dtype == type->dtype && value->weak == type->weak) return *value;
    Value converted = low_bounded(low_scalar((QlDtype)type->dtype, type->weak, (JitRef){0}), type);
    if (value->known)
      converted.known = true,
      converted.constant = ql_convert((QlDtype)value->dtype, value->constant, (QlDtype)type->dtype);
    else
      converted.ref = low_ref_as(l, value, (QlDtype)type->dtype);
    converted.natural =
        low_is_int(&converted) && (converted.known ? converted.constant.i >= 0 : value->natural);
    converted.floor = converted.natural ? low_floor(value) : 0;
    return converted;
  }
  if (value->kind == JIT_ARRAY && type->kind == JIT_ARRAY) {
    Array *array = low_get(l, sizeof *array);
    *array = *value->array, array->contiguous = type->contiguous, array->lent = type->lent,
    array->readonly = type->readonly, array->ours = type->ours, array->weak = type->weak;
    return low_array_value(array);
  }
  if (!has_items(value->kind) || type->kind != value->kind) return *value;
  Value copy = *value;
  copy.items = low_tuple(l, value->count, value->items).items;
  for (int k = 0; k < copy.count; k++)
    copy.items[k] = low_convert(l, &value->items[k], &type->items[k]);
  return copy;
}

/* ---- the IR's values that carry one ---- */

QlDtype low_part_dtype(const JitType *type, int part) {
  if (!has_items(type->kind)) return type->kind == JIT_SCALAR ? (QlDtype)type->dtype : QL_I64;
  for (int k = 0; k < type->count; k++) {
    int count = jit_type_parts(&type->items[k]);
    if (part < count) return low_part_dtype(&type->items[k], part);
    part -= count;
  }
  return QL_I64;
}

static JitRef or_zero(Lower *l, JitRef ref, QlDtype dtype) {
  return ref.id ? ref : jit_const(l->fn, dtype, (QlValue){.bits = {0, 0}});
}

/* A value of no kind, of a variable that is not defined on this way, is zeros. */
int low_parts(Lower *l, const JitType *type, const Value *value, JitRef *refs) {
  int count = 0;
  if (type->kind == JIT_SCALAR) {
    if (type->known) return 0;
    JitRef ref = value->kind == JIT_SCALAR ? low_ref(l, value) : (JitRef){0};
    refs[count++] = or_zero(l, ref, (QlDtype)type->dtype);
  } else if (type->kind == JIT_ARRAY) {
    static const Array nothing;
    const Array *array = value->kind == JIT_ARRAY ? value->array : &nothing;
    refs[count++] = or_zero(l, array->owner, QL_I64);
    refs[count++] = or_zero(l, array->base, QL_I64);
    for (int k = 0; k < type->ndim; k++) refs[count++] = or_zero(l, array->shape[k], QL_I64);
    for (int k = 0; k < type->ndim; k++) refs[count++] = or_zero(l, array->stride[k], QL_I64);
  } else {
    Value none = low_unknown();
    for (int k = 0; k < type->count; k++)
      count += low_parts(l, &type->items[k], value->kind == type->kind ? &value->items[k] : &none,
                         refs + count);
  }
  return count;
}

Value low_of_parts(Lower *l, const JitType *type, const JitRef **refs) {
  Value value = {.kind = type->kind,
                 .dtype = type->dtype,
                 .weak = type->weak,
                 .text = type->text,
                 .node = type->node};
  if (type->kind == JIT_SCALAR && type->known)
    value.known = true, value.constant.i = type->constant, value.natural = type->constant >= 0;
  else if (type->kind == JIT_SCALAR)
    value.ref = *(*refs)++, value.natural = type->dtype == QL_BOOL,
    value = low_bounded(value, type);
  if (type->kind == JIT_ARRAY) {
    Array *array = low_get(l, sizeof *array);
    array->dtype = type->dtype, array->ndim = type->ndim, array->contiguous = type->contiguous,
    array->lent = type->lent;
    array->readonly = type->readonly, array->ours = type->ours, array->list = type->list,
    array->weak = type->weak, array->site = type->site, array->place = type->place;
    array->owner = *(*refs)++, array->base = *(*refs)++;
    for (int k = 0; k < type->ndim; k++) array->shape[k] = *(*refs)++, array->extent[k] = -1;
    for (int k = 0; k < type->ndim; k++) array->stride[k] = *(*refs)++;
    if (array->contiguous && !array->place) low_set_strides(l, array);
    return low_array_value(array);
  }
  if (!has_items(type->kind)) return value;
  value.count = type->count;
  if (type->kind == JIT_TUPLE) value.text = type->named;
  value.items = low_get(l, (size_t)type->count * sizeof *value.items + 1);
  for (int k = 0; k < type->count; k++) value.items[k] = low_of_parts(l, &type->items[k], refs);
  return value;
}
