/* [element for target in items]: a list, whose dtype is found by lowering one element; of what is
 * known, a tuple. */
#include "loops.h"

enum { MOST_KNOWN = 64 }; /* items of a tuple that is made of a range */

/* One element of it; its target is a variable that nothing else has. */
static Value element_at(Lower *l, const Node *node, const Items *items, JitRef k) {
  low_assign(l, node->items[1], items->item(l, items, k));
  return low_expression(l, node->items[0]);
}

typedef struct Comprehension {
  const Node *node;
  const Items *items;
  const Array *array;
} Comprehension;

/* The target is of one turn: what it holds goes with it. */
static void forget_target(Lower *l, Variable *before) {
  for (int v = 0; l->frame->now && v < l->frame->function->variables; v++)
    if (l->frame->now[v].defined != NEVER && l->frame->now[v].value.kind != JIT_UNKNOWN &&
        !low_same_variable(&l->frame->now[v], &before[v]))
      low_release(l, &l->frame->now[v].value);
  if (l->frame->now) l->frame->now = before;
}

static void store_item(Lower *l, void *data, const JitRef *index) {
  const Comprehension *c = data;
  Variable *before = low_save(l);
  int temporaries = l->temporary_count;
  Value value = element_at(l, c->node, c->items, index[0]), at = low_scalar(QL_I64, true, index[0]),
        array = low_array_value((Array *)c->array);
  at.natural = true;
  low_store_index(l, c->node, &array, &at, &value);
  low_end_temporaries(l, temporaries);
  forget_target(l, before);
}

/* What a comprehension goes through, where all of it is known: a tuple, a short range of known
 * numbers. */
static bool known_items(Lower *l, const Value *from, Value *items) {
  if (from->kind == JIT_TUPLE) return *items = *from, true;
  if (from->kind != JIT_RANGE || strcmp(from->text, "range")) return false;
  int64_t count = loop_known_count(from->items);
  if (count < 0 || count > MOST_KNOWN) return false;
  int64_t start = from->items[0].constant.i, step = from->items[2].constant.i;
  Value *all = low_get(l, (size_t)count * sizeof *all + 1);
  for (int k = 0; k < count; k++) all[k] = low_int(start + k * step);
  return *items = low_tuple(l, (int)count, all), true;
}

/* Does one of its items count? Its conditions are known. */
static bool is_wanted(Lower *l, const Node *node) {
  for (int k = 3; k < node->count; k++) {
    Value condition = low_expression(l, node->items[k]);
    bool truth = false;
    if (!low_known_truth(&condition, &truth) && condition.kind != JIT_UNKNOWN)
      low_refuse(l, node->items[k], "QJ336", "which items a tuple has must be known here",
                 "make an array: np.array([... for ... in ... if ...])");
    if (!truth) return false;
  }
  return true;
}

static Value tuple_of(Lower *l, const Node *node, const Value *from) {
  Value *values = low_get(l, (size_t)from->count * sizeof *values + 1);
  int count = 0;
  for (int k = 0; k < from->count && !low_dead(l); k++) {
    Variable *before = low_save(l);
    low_assign(l, node->items[1], from->items[k]);
    if (is_wanted(l, node)) {
      values[count] = low_expression(l, node->items[0]);
      values[count] = low_settled(l, node, &values[count]);
      if (!low_dead(l)) low_hold(l, &values[count++]);
    }
    forget_target(l, before);
  }
  return low_tuple(l, count, values);
}

/* Of which dtype the elements are is found by lowering one of them, which is taken back. */
Value low_comprehension(Lower *l, const Node *node) {
  if (l->ranks && !l->nest && !node->text)
    return low_refuse(l, node, "QJ400",
                      "a list of elements is not there yet for arrays that are partitioned among "
                      "ranks",
                      "make an array, and fill it in a loop");
  Value from = low_expression(l, node->items[2]), all;
  if (low_dead(l) || from.kind == JIT_UNKNOWN) return low_unknown();
  bool wants_tuple = node->text != NULL;
  if (wants_tuple ? known_items(l, &from, &all) : from.kind == JIT_TUPLE) {
    Value tuple = tuple_of(l, node, wants_tuple ? &all : &from);
    return wants_tuple ? tuple : low_as_list(l, node, &tuple);
  }
  if (wants_tuple)
    return low_refuse(l, node, "QJ336", "which items a tuple has must be known here",
                      "make an array: np.array([... for ... in ...])");
  low_hold(l, &from);
  Items items;
  if (!loop_items(l, node->items[2], &from, &items)) return low_unknown();
  JitBlock before = jit_block_new(l->fn);
  jit_jump(l->fn, before);
  jit_block_open(l->fn, before);
  Kept kept = loop_keep(l, jit_mark(l->fn));
  const Variable *entry = low_save(l);
  Value one = element_at(l, node, &items, low_const(l, 0));
  JitType type = low_type(l, &one);
  if (l->refusal_count > kept.refusals) return low_unknown();
  if (low_dead(l) || one.kind == JIT_UNKNOWN) /* it raises, if there is one at all */
    type = (JitType){.kind = JIT_SCALAR, .dtype = QL_F64};
  loop_take_back(l, &kept, entry);
  if (type.kind != JIT_SCALAR) return low_refuse_list(l, node, &one);
  Comprehension c = {node, &items,
                     low_new_array(l, node, (QlDtype)type.dtype, 1, &items.count, NULL)};
  Value list = low_array_value((Array *)c.array);
  list.array->list = true, list.array->weak = type.weak;
  low_box(l, 1, &items.count, store_item, &c);
  return list;
}
