/* What a `for` goes through: ranges, arrays, and several of them side by side. All are a count, and
 * what is at place k. */
#include "loops.h"

enum { FEW = 16 };

static Value range_item(Lower *l, const Items *items, JitRef k) {
  JitRef moved = items->step.id ? low_op(l, QL_OP_MULTIPLY, k, items->step) : k;
  Value item = low_scalar(QL_I64, true, items->start.id ? low_add(l, items->start, moved) : moved);
  item.natural = items->natural, item.floor = items->floor, item.span = items->span;
  return item;
}

static Value array_item(Lower *l, const Items *items, JitRef k) {
  Value index = low_scalar(QL_I64, true, k);
  index.natural = true;
  return low_index(l, l->at, &items->value, &index);
}

static Value side_by_side(Lower *l, const Items *items, JitRef k) {
  Value *parts = low_get(l, (size_t)items->inner_count * sizeof *parts + 1);
  for (int p = 0; p < items->inner_count; p++)
    parts[p] = items->inner[p].item(l, &items->inner[p], k);
  return low_tuple(l, items->inner_count, parts);
}

/* map: what the function gives of them. */
static Value mapped(Lower *l, const Items *items, JitRef k) {
  Value parts = side_by_side(l, items, k);
  return low_apply(l, l->at, &items->value.items[0], parts.count, parts.items, NULL);
}

static bool known_int(const Value *value, int64_t *number) {
  *number = value->constant.i;
  return value->known && low_is_int(value);
}

static int64_t count_between(int64_t start, int64_t stop, int64_t step) {
  if (step > 0 && stop > start) return (stop - start + step - 1) / step;
  if (step < 0 && stop < start) return (start - stop - step - 1) / -step;
  return step ? 0 : -1;
}

/* The numbers of a range that is known; -1: it is not. */
int64_t loop_known_count(const Value *part) {
  int64_t bound[3];
  for (int k = 0; k < 3; k++)
    if (!known_int(&part[k], &bound[k])) return -1;
  return count_between(bound[0], bound[1], bound[2]);
}

/* Of sums of a value and numbers: the value, and the sum of the numbers, small ones. */
static uint32_t without_numbers(const JitFn *fn, uint32_t id, int64_t *sum) {
  for (*sum = 0;;) {
    const IrIns *ins = &fn->ins[id];
    bool adds = ins->op == QL_OP_ADD, moves = adds || ins->op == QL_OP_SUBTRACT;
    if (ins->kind != IR_OP || ins->dtype != QL_I64 || !moves) return id;
    const IrIns *number = &fn->ins[ins->args[1]];
    if (number->kind != IR_CONST || number->value.i < -FEW || number->value.i > FEW) return id;
    *sum += adds ? number->value.i : -number->value.i;
    id = ins->args[0];
  }
}

/* The numbers of range(i - 1, i + 2), whatever i is; -1: they are not known. */
static int64_t count_around(Lower *l, JitRef start, JitRef stop, const Value *step) {
  int64_t low, high, by;
  if (!start.id || !stop.id || !known_int(step, &by)) return -1;
  uint32_t same = without_numbers(l->fn, start.id, &low);
  return without_numbers(l->fn, stop.id, &high) == same ? count_between(low, high, by) : -1;
}

/* How many numbers a range has: max(0, (stop - start + step - sign) // step), with a step that is
 * not 0. */
static JitRef range_count(Lower *l, JitRef start, JitRef stop, const Value *step) {
  JitRef zero = low_const(l, 0), span = start.id ? low_op(l, QL_OP_SUBTRACT, stop, start) : stop,
         count;
  int64_t by;
  if (known_int(step, &by) && by == 1) {
    count = span;
  } else {
    JitRef each = low_ref_as(l, step, QL_I64);
    JitRef falls = low_op(l, QL_OP_LESS, each, zero);
    JitRef sign = low_select(l, falls, low_const(l, -1), low_const(l, 1));
    JitRef whole = low_op(l, QL_OP_SUBTRACT, low_add(l, span, each), sign);
    count = low_op(l, QL_OP_FLOOR_DIVIDE, whole, each);
  }
  return low_op(l, QL_OP_MAXIMUM, zero, count);
}

static bool of_range(Lower *l, const Node *node, const Value *range, Items *items) {
  const Value *part = range->items; /* start, stop, step */
  int64_t start, step;
  for (int k = 0; k < 3; k++)
    if (!low_is_index(&part[k]) && part[k].kind != JIT_UNKNOWN) {
      low_refuse(l, node, "QJ311",
                 low_text(l, "range takes integers, not %s", low_type_text(l, &part[k])),
                 "write int(...) around it");
      return false;
    } else if (part[k].kind == JIT_UNKNOWN)
      return false;
  bool from_zero = known_int(&part[0], &start) && start == 0;
  JitRef first = from_zero ? (JitRef){0} : low_ref_as(l, &part[0], QL_I64);
  bool is_one = known_int(&part[2], &step) && step == 1;
  if (!is_one) {
    JitRef each = low_ref_as(l, &part[2], QL_I64);
    if (!part[2].known || !step)
      low_raise_if(l, node, low_op(l, QL_OP_EQUAL, each, low_const(l, 0)), "ValueError",
                   "range() arg 3 must not be zero");
    items->step = each;
  }
  items->start = first;
  items->natural = part[0].natural && part[2].natural;
  items->floor = items->natural ? low_floor(&part[0]) : 0;
  items->span = low_span_range(l, &part[0], &part[1], &part[2]);
  JitRef last = low_ref_as(l, &part[1], QL_I64);
  int64_t known = loop_known_count(part);
  if (known < 0) known = count_around(l, first, last, &part[2]);
  items->count = known >= 0 ? low_const(l, known) : range_count(l, first, last, &part[2]);
  items->item = range_item;
  items->few = known >= 0 && known <= FEW;
  return true;
}

bool low_range(Lower *l, const Node *node, const Value *range, JitRef *count, Value *start,
               Value *step) {
  Items items = {0};
  if (range->kind == JIT_UNKNOWN || !of_range(l, node, range, &items)) return false;
  *count = items.count, *start = range->items[0], *step = range->items[2];
  return true;
}

/* A tuple among other things that a loop goes through side by side is an array. */
static Value as_items(Lower *l, const Node *node, const Value *value) {
  return value->kind == JIT_TUPLE ? low_call_known(l, node, "numpy.array", 1, value, NULL) : *value;
}

/* zip: as many as the shortest has; map: so too. enumerate: a number beside each. */
static bool of_several(Lower *l, const Node *node, const Value *value, Items *items) {
  bool numbered = !strcmp(value->text, "enumerate"), is_map = !strcmp(value->text, "map");
  const Value *each = value->items + is_map;
  items->inner_count = value->count - is_map;
  items->inner = low_get(l, (size_t)value->count * sizeof *items->inner + 1);
  items->item = is_map ? mapped : side_by_side;
  if (numbered) {
    items->inner[0] = (Items){.item = range_item, .natural = value->items[1].natural};
    items->inner[0].start = low_ref_as(l, &value->items[1], QL_I64);
    if (!loop_items(l, node, &value->items[0], &items->inner[1])) return false;
    items->count = items->inner[1].count;
    return true;
  }
  for (int k = 0; k < items->inner_count; k++) {
    Value one = as_items(l, node, &each[k]);
    if (!loop_items(l, node, &one, &items->inner[k])) return false;
    items->count =
        k ? low_op(l, QL_OP_MINIMUM, items->count, items->inner[k].count) : items->inner[k].count;
  }
  if (!items->inner_count) items->count = low_const(l, 0);
  return true;
}

/* The index of point k of a box, the last axis fastest. */
static Value box_index(Lower *l, const Items *items, JitRef k) {
  const Value *shape = &items->value;
  Value *index = low_get(l, (size_t)shape->count * sizeof *index + 1);
  for (int axis = shape->count - 1; axis >= 0; axis--) {
    JitRef extent = low_ref_as(l, &shape->items[axis], QL_I64);
    index[axis] = low_scalar(QL_I64, true, axis ? low_op(l, QL_OP_REMAINDER, k, extent) : k);
    index[axis].natural = true;
    k = low_op(l, QL_OP_FLOOR_DIVIDE, k, extent);
  }
  return low_tuple(l, shape->count, index);
}

static Value box_element(Lower *l, const Items *items, JitRef k) {
  Value index = box_index(l, &items->inner[0], k),
        pair[2] = {index, low_index(l, l->at, &items->value.items[1], &index)};
  return low_tuple(l, 2, pair);
}

static void of_box(Lower *l, const Value *value, Items *items) {
  bool numbered = !strcmp(value->text, "ndenumerate");
  const Value *shape = numbered ? &value->items[0] : value;
  JitRef count = low_const(l, 1), zero = low_const(l, 0);
  for (int axis = 0; axis < shape->count; axis++) {
    JitRef extent = low_ref_as(l, &shape->items[axis], QL_I64);
    count = low_op(l, QL_OP_MULTIPLY, count, low_op(l, QL_OP_MAXIMUM, extent, zero));
  }
  items->count = count, items->item = numbered ? box_element : box_index;
  if (!numbered) return;
  items->inner = low_get(l, sizeof *items->inner);
  items->inner[0] = (Items){.value = *shape};
}

bool loop_items(Lower *l, const Node *node, const Value *value, Items *items) {
  *items = (Items){.value = *value};
  if (value->kind == JIT_UNKNOWN) return false;
  if (value->kind == JIT_RANGE && !strncmp(value->text, "nd", 2))
    return of_box(l, value, items), true;
  if (value->kind == JIT_RANGE)
    return !strcmp(value->text, "range") ? of_range(l, node, value, items)
                                         : of_several(l, node, value, items);
  if (value->kind == JIT_ARRAY && value->array->ndim == 1 && value->array->place == JIT_ON_RANKS) {
    low_refuse(
        l, node, "QJ402",
        "this loop goes through the elements of a distributed array, on every rank",
        "write np.sum(...) and the like, or a loop over range(len(...)) that takes them by its "
        "variable");
    return false;
  }
  if (value->kind == JIT_ARRAY && value->array->ndim > 0) {
    items->value = low_in_memory(l, node, value);
    if (low_dead(l)) return false;
    items->count = items->value.array->shape[0], items->item = array_item;
    items->few = items->value.array->extent[0] >= 0 && items->value.array->extent[0] <= FEW;
    return true;
  }
  low_refuse(l, node, "QJ312", low_text(l, "a loop cannot go through %s", low_type_text(l, value)),
             "go through range(...), an array, a tuple, enumerate(...) or zip(...)");
  return false;
}
