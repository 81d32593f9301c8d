/* Arrays on ranks outside of nests: what a function does with them as wholes, or with an element,
 * every rank does alike, by its driver (JitDrive): statements are recorded, elements looked at.
 *
 * Such an array is known by its handle, which is its base, with its shape; strides count elements.
 * One that the function has made owns its handle. */
#include "lower.h"

/* ---- a call of the driver ---- */

typedef struct Slots {
  JitRef area;
  int next;
} Slots;

static Slots begin(Lower *l, const Node *node, int count) {
  JitRef size = low_const(l, count + 1);
  JitRef area = jit_host(l->fn, JIT_HOST_AREA, 1, &size, low_source(l));
  low_raise_if(l, node, low_op(l, QL_OP_EQUAL, area, low_const(l, 0)), "MemoryError",
               "no memory for an array");
  return (Slots){area, 1};
}

static void put(Lower *l, Slots *slots, JitRef ref) {
  jit_store_at(l->fn, slots->area, low_const(l, (int64_t)slots->next++ * JIT_SLOT), ref,
               low_source(l));
}
static void put_int(Lower *l, Slots *slots, int64_t value) { put(l, slots, low_const(l, value)); }

/* A number, or an array on ranks: three slots. */
static void put_number(Lower *l, Slots *slots, const Value *value) {
  if (value->kind == JIT_ARRAY) {
    put_int(l, slots, 0);
    put(l, slots, value->array->base);
    slots->next++;
    return;
  }
  put_int(l, slots, 1 + value->weak);
  put_int(l, slots, value->dtype);
  put(l, slots, low_ref(l, value));
}

/* What failed is the driver's to say. */
static void drive(Lower *l, const Node *node, JitDrive what, const Slots *slots) {
  JitRef code = low_const(l, what | (int64_t)slots->next << 8);
  JitRef status = jit_host(l->fn, JIT_HOST_DRIVE, 1, &code, low_source(l));
  low_raise_if(l, node, low_op(l, QL_OP_NOT_EQUAL, status, low_const(l, 0)), "", "");
}

static JitRef result(Lower *l, const Slots *slots, QlDtype dtype) {
  return jit_load_at(l->fn, dtype, slots->area, low_const(l, 0), low_source(l));
}

/* ---- arrays ---- */

static void set_strides(Lower *l, Array *array) {
  JitRef stride = low_const(l, 1);
  for (int axis = array->ndim - 1; axis >= 0; axis--) {
    array->stride[axis] = stride;
    if (axis)
      stride = low_op(l, QL_OP_MULTIPLY, stride,
                      low_op(l, QL_OP_MAXIMUM, array->shape[axis], low_const(l, 1)));
  }
}

/* The array whose handle the driver has given. */
static void own(Lower *l, const Slots *slots, Array *array) {
  array->place = JIT_ON_RANKS, array->contiguous = array->lent = array->made = false;
  array->element = NULL, array->same = (JitRef){0};
  array->base = result(l, slots, QL_I64);
  array->owner = low_op(l, QL_OP_BITWISE_OR, array->base, low_const(l, JIT_OWNER_ARRAY));
  Value value = low_array_value(array);
  low_temporary(l, &value);
}

Array *low_ranks_new(Lower *l, const Node *node, QlDtype dtype, int ndim, const JitRef *shape,
                     const int64_t *extent, const Value *fill) {
  Array *array = low_get(l, sizeof *array);
  Value nothing = low_int(0);
  array->dtype = (uint8_t)dtype, array->ndim = (uint8_t)ndim;
  Slots slots = begin(l, node, 6 + ndim);
  put_int(l, &slots, dtype);
  put_int(l, &slots, ndim);
  put_int(l, &slots, fill != NULL);
  put_number(l, &slots, fill ? fill : &nothing);
  for (int axis = 0; axis < ndim; axis++) {
    array->shape[axis] = shape[axis], array->extent[axis] = extent ? extent[axis] : -1;
    put(l, &slots, shape[axis]);
  }
  drive(l, node, JIT_DRIVE_NEW, &slots);
  set_strides(l, array);
  own(l, &slots, array);
  return array;
}

Value low_ranks_view(Lower *l, const Node *node, const Array *array, Array *view, JitRef offset) {
  Slots slots = begin(l, node, 3 + 2 * view->ndim);
  put(l, &slots, array->base);
  put_int(l, &slots, view->ndim);
  for (int axis = 0; axis < view->ndim; axis++) put(l, &slots, view->shape[axis]);
  for (int axis = 0; axis < view->ndim; axis++) put(l, &slots, view->stride[axis]);
  put(l, &slots, offset.id ? offset : low_const(l, 0));
  drive(l, node, JIT_DRIVE_VIEW, &slots);
  own(l, &slots, view);
  return low_array_value(view);
}

/* ---- elements ---- */

Value low_ranks_get(Lower *l, const Node *node, const Array *array, JitRef offset) {
  Slots slots = begin(l, node, 2);
  put(l, &slots, array->base);
  put(l, &slots, offset.id ? offset : low_const(l, 0));
  drive(l, node, JIT_DRIVE_GET, &slots);
  return low_scalar((QlDtype)array->dtype, false, result(l, &slots, (QlDtype)array->dtype));
}

void low_ranks_set(Lower *l, const Node *node, const Array *array, JitRef offset,
                   const Value *value) {
  Slots slots = begin(l, node, 5);
  put(l, &slots, array->base);
  put(l, &slots, offset.id ? offset : low_const(l, 0));
  put_number(l, &slots, value);
  drive(l, node, JIT_DRIVE_SET, &slots);
}

/* ---- statements ---- */

void low_ranks_assign(Lower *l, const Node *node, const Array *array, const Value *value) {
  Slots slots = begin(l, node, 4);
  put(l, &slots, array->base);
  put_number(l, &slots, value);
  drive(l, node, JIT_DRIVE_ASSIGN, &slots);
}

Value low_ranks_ufunc(Lower *l, const Node *node, QlOp op, QlDtype dtype, int count,
                      const Value *arguments, Array *into) {
  Slots slots = begin(l, node, 2 + 3 * count);
  put_int(l, &slots, op);
  put_int(l, &slots, count);
  for (int k = 0; k < count; k++) put_number(l, &slots, &arguments[k]);
  drive(l, node, JIT_DRIVE_UFUNC, &slots);
  into->dtype = (uint8_t)dtype;
  set_strides(l, into);
  own(l, &slots, into);
  return low_array_value(into);
}

Value low_ranks_convert(Lower *l, const Node *node, const Array *array, QlDtype dtype) {
  Array *copy = low_get(l, sizeof *copy);
  *copy = *array;
  Slots slots = begin(l, node, 2);
  put(l, &slots, array->base);
  put_int(l, &slots, dtype);
  drive(l, node, JIT_DRIVE_CONVERT, &slots);
  copy->dtype = (uint8_t)dtype, copy->readonly = false;
  set_strides(l, copy);
  own(l, &slots, copy);
  return low_array_value(copy);
}

Value low_ranks_reduce(Lower *l, const Node *node, QlReduction reduction, const Array *array,
                       uint32_t axes, bool keepdims, Array *into) {
  Slots slots = begin(l, node, 4);
  put_int(l, &slots, reduction);
  put(l, &slots, array->base);
  put_int(l, &slots, axes);
  put_int(l, &slots, keepdims);
  drive(l, node, JIT_DRIVE_REDUCE, &slots);
  set_strides(l, into);
  own(l, &slots, into);
  return into->ndim ? low_array_value(into) : low_ranks_get(l, node, into, (JitRef){0});
}

Value low_ranks_product(Lower *l, const Node *node, const Array *left, const Array *right,
                        Array *into) {
  Slots slots = begin(l, node, 2);
  put(l, &slots, left->base);
  put(l, &slots, right->base);
  drive(l, node, JIT_DRIVE_PRODUCT, &slots);
  set_strides(l, into);
  own(l, &slots, into);
  return low_array_value(into);
}

Value low_ranks_reshape(Lower *l, const Node *node, const Array *array, Array *view) {
  Slots slots = begin(l, node, 2 + view->ndim);
  put(l, &slots, array->base);
  put_int(l, &slots, view->ndim);
  for (int axis = 0; axis < view->ndim; axis++) put(l, &slots, view->shape[axis]);
  drive(l, node, JIT_DRIVE_RESHAPE, &slots);
  for (int axis = 0; axis < view->ndim; axis++)
    view->stride[axis] = jit_load_at(l->fn, QL_I64, slots.area,
                                     low_const(l, (int64_t)(1 + axis) * JIT_SLOT), low_source(l));
  own(l, &slots, view);
  return low_array_value(view);
}

bool low_on_ranks(Lower *l, const Node *node, const Value *value, const char *what) {
  if (value->kind != JIT_ARRAY || value->array->place != JIT_ON_RANKS) return false;
  low_refuse(l, node, "QJ400",
             low_text(l, "%s is not there yet for arrays that are partitioned among ranks", what),
             "do it outside the function, or write it as a loop that stores elements");
  return true;
}

/* ---- nests ---- */

/* Of a span beside the nest; what is not known is all of the axis. With what conditions say. */
static void put_span(Lower *l, Slots *slots, const Span *span, JitRef extent, JitRef low,
                     JitRef high) {
  put(l, slots, low.id ? low : low_const(l, INT64_MIN));
  put(l, slots, high.id ? high : low_const(l, INT64_MAX));
  put(l, slots, span && span->of ? span->how : low_const(l, JIT_SPAN));
  put(l, slots, span && span->of ? span->by : low_const(l, 0));
  if (span && span->of) span = span->of;
  if (span) {
    put_int(l, slots, span->dim);
    put(l, slots, span->step), put(l, slots, span->lo), put(l, slots, span->hi);
    return;
  }
  put_int(l, slots, -1), put_int(l, slots, 0), put_int(l, slots, 0);
  put(l, slots, low_op(l, QL_OP_SUBTRACT, extent, low_const(l, 1)));
}

void low_ranks_nest(Lower *l, const Node *node, const RanksNest *nest) {
  int count = 4 + nest->ndim + 2 * nest->scalar_count;
  for (int k = 0; k < nest->operand_count; k++) count += 3 + 8 * nest->operands[k].array->ndim;
  Slots slots = begin(l, node, count);
  put_int(l, &slots, nest->number);
  put_int(l, &slots, nest->ndim);
  for (int d = 0; d < nest->ndim; d++) put(l, &slots, nest->extent[d]);
  put_int(l, &slots, nest->operand_count);
  for (int k = 0; k < nest->operand_count; k++) {
    const RanksOperand *operand = &nest->operands[k];
    put(l, &slots, operand->array->base);
    put_int(l, &slots, operand->access);
    put_int(l, &slots, operand->array->ndim);
    for (int a = 0; a < operand->array->ndim; a++)
      put_span(l, &slots, operand->span[a], operand->array->shape[a], operand->low[a],
               operand->high[a]);
  }
  put_int(l, &slots, nest->scalar_count);
  for (int k = 0; k < nest->scalar_count; k++) {
    put_int(l, &slots, nest->dtypes[k]);
    put(l, &slots, nest->scalars[k]);
  }
  drive(l, node, JIT_DRIVE_NEST, &slots);
}
