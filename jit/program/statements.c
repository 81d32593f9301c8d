/* Statements: assignment, branches, what leaves. */
#include "lower.h"

/* ---- assignment ---- */

/* The items that a value unpacks into, of a known number; NULL: it does not. */
static Value *unpack(Lower *l, const Node *node, const Value *value, int *count) {
  if (value->kind == JIT_TUPLE) return *count = value->count, value->items;
  if (value->kind == JIT_UNKNOWN) return NULL;
  if (value->kind != JIT_ARRAY || value->array->ndim == 0 || *count < 0) {
    low_refuse(l, node, "QJ330", low_text(l, "%s cannot be unpacked here", low_type_text(l, value)),
               "unpack tuples, or arrays into as many names as they have items");
    return NULL;
  }
  Value array = low_in_memory(l, node, value);
  JitRef differs = low_op(l, QL_OP_NOT_EQUAL, array.array->shape[0], low_const(l, *count));
  low_raise_if(l, node, differs, "ValueError",
               low_text(l, "the array does not have %d items to unpack", *count));
  Value *items = low_get(l, (size_t)*count * sizeof *items + 1);
  for (int k = 0; k < *count; k++) {
    Value index = low_int(k);
    items[k] = low_index(l, node, &array, &index);
  }
  return items;
}

/* After a refusal: what is done with the names is not refused too. */
static void assign_unknown(Lower *l, const Node *target) {
  for (int k = 0; k < target->count; k++) {
    const Node *item = target->items[k];
    low_assign(l, item->kind == NODE_STARRED ? item->items[0] : item, low_unknown());
  }
}

static void assign_items(Lower *l, const Node *target, const Value *value) {
  int star = -1, count = target->count;
  for (int k = 0; k < target->count; k++)
    if (target->items[k]->kind == NODE_STARRED) star = k, count = -1;
  Value *items = unpack(l, target, value, &count);
  if (!items) return assign_unknown(l, target);
  int before = star < 0 ? target->count : star, after = star < 0 ? 0 : target->count - star - 1;
  if (star < 0 ? count != target->count : count < before + after) {
    low_refuse(l, target, "QJ331",
               low_text(l, "%d values cannot be unpacked into %d names", count, target->count),
               "give as many names as there are values");
    return assign_unknown(l, target);
  }
  for (int k = 0; k < before; k++) low_assign(l, target->items[k], items[k]);
  if (star < 0) return;
  low_assign(l, target->items[star]->items[0],
             low_tuple(l, count - before - after, items + before));
  for (int k = 0; k < after; k++)
    low_assign(l, target->items[star + 1 + k], items[count - after + k]);
}

void low_assign(Lower *l, const Node *target, Value value) {
  switch (target->kind) {
    case NODE_NAME: low_set(l, target->number, value); return;
    case NODE_TUPLE:
    case NODE_LIST: assign_items(l, target, &value); return;
    case NODE_INDEX: {
      Value array = low_expression(l, target->items[0]),
            index = low_expression(l, target->items[1]);
      low_store_index(l, target, &array, &index, &value);
      return;
    }
    case NODE_REFUSE: low_expression(l, target); return;
    default:
      low_refuse(l, target, "QJ332", "this cannot be assigned to here",
                 "assign to names, tuples of names and elements of arrays");
  }
}

/* np.empty(...), zeros, ones, full, array of what is written down: what gives an array of its own.
 */
static bool creates(const Node *node) {
  static const char *const names[] = {"empty", "zeros", "ones", "full", "array"};
  if (node->kind != NODE_CALL || node->items[0]->kind != NODE_REF) return false;
  const char *name = node->items[0]->text;
  for (int k = 0; k < 5 && !strncmp(name, "numpy.", 6); k++)
    if (!strcmp(name + 6, names[k])) return true;
  return false;
}

static void assign(Lower *l, const Node *node) {
  const Node *from = node->items[node->count - 1];
  bool to_name = node->count == 2 && node->items[0]->kind == NODE_NAME;
  l->creating = to_name && creates(from) ? from : NULL;
  Value value = low_expression(l, from);
  bool settles = value.kind != JIT_ARRAY || node->count > 2 || low_may_store(node->items[0]);
  if (settles) value = low_settled(l, node, &value);
  if (value.kind == JIT_TUPLE && !low_dead(l)) low_hold(l, &value); /* x, y = y, x */
  for (int k = 0; k + 1 < node->count; k++) low_assign(l, node->items[k], value);
  l->creating = NULL;
}

/* Is it changed in place? An array is; what comes out of one of no axes is a number. */
static bool is_changed(const Value *old, const Value *value) {
  bool single = old->kind == JIT_ARRAY && old->array->ndim == 0 && value->kind == JIT_SCALAR;
  return single || (old->kind == JIT_ARRAY && value->kind == JIT_ARRAY);
}

static bool may_change(Lower *l, const Node *node, const Value *old, const Value *value) {
  QlDtype from = (QlDtype)(value->kind == JIT_ARRAY ? value->array->dtype : value->dtype),
          to = (QlDtype)old->array->dtype;
  if (ql_can_cast_same_kind(from, to)) return true;
  low_refuse(
      l, node, "QJ335",
      low_text(l, "%s changed in place cannot hold %s", low_type_text(l, old), ql_dtype_name(from)),
      "assign to a new name, or convert with .astype(...)");
  return false;
}

static void change_in_place(Lower *l, const Node *node, const Value *old, const Value *value) {
  if (may_change(l, node, old, value)) low_copy_into(l, node, old->array, value);
}

/* x[i] += y, whose index is used twice. What arrays take out of x is stored back. */
static void augment_part(Lower *l, const Node *node) {
  const Node *target = node->items[0];
  Value array = low_expression(l, target->items[0]), index = low_expression(l, target->items[1]);
  bool is_gather = low_is_gather(&index);
  if (is_gather) index = low_settled(l, node, &index);
  if (is_gather && index.kind == JIT_ARRAY && array.kind == JIT_ARRAY &&
      !low_apart(array.array, index.array))
    index = low_copy(l, node, &index);
  Value old = low_index(l, target, &array, &index), by = low_expression(l, node->items[1]);
  Value value = low_binary(l, node, node->text, &old, &by);
  bool both = old.kind == JIT_ARRAY && value.kind == JIT_ARRAY,
       in_nest =
           array.kind == JIT_ARRAY && array.array->place == JIT_IN_NEST; /* old is only read */
  if (both && !is_gather && !in_nest) return change_in_place(l, node, &old, &value);
  if (!both || may_change(l, node, &old, &value))
    low_store_index(l, target, &array, &index, &value);
}

/* x += y changes an array in place; a name of anything else is assigned anew. */
static void augment(Lower *l, const Node *node) {
  const Node *target = node->items[0];
  if (target->kind == NODE_INDEX) return augment_part(l, node);
  if (target->kind != NODE_NAME) return low_assign(l, target, low_unknown());
  Value old = low_get_variable(l, target), by = low_expression(l, node->items[1]);
  if (low_is_list(&old)) {
    low_refuse(l, node, "QJ348", "a list is not changed in place in @jit",
               "assign anew: x = x + y");
    return;
  }
  Value value = low_binary(l, node, node->text, &old, &by);
  if (is_changed(&old, &value))
    change_in_place(l, node, &old, &value);
  else
    low_set(l, target->number, value);
}

/* ---- branches ---- */

static void lower_if(Lower *l, const Node *node) {
  Value condition = low_expression(l, node->items[0]);
  bool truth;
  if (low_known_truth(&condition, &truth)) {
    if (truth || node->count > 2) low_block(l, node->items[truth ? 1 : 2]);
    return;
  }
  JitRef ref = low_truth(l, node->items[0], &condition);
  if (!ref.id && condition.kind != JIT_UNKNOWN) condition = low_unknown();
  if (low_dead(l)) return;
  if (!ref.id)
    ref = jit_const(l->fn, QL_BOOL, (QlValue){.b = true}); /* refused: both are looked through */
  Edges otherwise = {0}, after = {0};
  low_end_temporaries(l, l->statement);
  low_branch(l, ref, &otherwise);
  low_nest_learn(l, node->items[0], true);
  low_block(l, node->items[1]);
  low_leave(l, &after, low_unknown());
  low_join(l, &otherwise);
  low_nest_learn(l, node->items[0], false);
  if (node->count > 2) low_block(l, node->items[2]);
  low_leave(l, &after, low_unknown());
  low_join(l, &after);
}

/* ---- what leaves ---- */

void low_return(Lower *l, const Value *value) {
  low_retain(l, value);
  int from = l->frame->temporaries, count = l->temporary_count;
  low_end_temporaries(l, from);
  l->temporary_count = count; /* of loops around, on other ways */
  for (int v = 0; v < l->frame->function->variables; v++)
    if (l->frame->now[v].defined != NEVER) low_release(l, &l->frame->now[v].value);
  low_leave(l, &l->frame->returns, *value);
}

static void lower_return(Lower *l, const Node *node) {
  Value value = node->count ? low_expression(l, node->items[0]) : low_none();
  if (low_dead(l)) return;
  value = low_settled(l, node, &value);
  low_return(l, &value);
}

static void lower_assert(Lower *l, const Node *node) {
  Value condition = low_expression(l, node->items[0]);
  JitRef truth = low_truth(l, node->items[0], &condition);
  if (node->count > 1 && node->items[1]->kind == NODE_REFUSE) low_expression(l, node->items[1]);
  if (!truth.id || low_dead(l)) return;
  low_raise_if(l, node, low_op1(l, QL_OP_LOGICAL_NOT, truth), "AssertionError",
               node->count > 1 ? node->items[1]->text : "");
}

static void leave_loop(Lower *l, const Node *node) {
  Loop *loop = l->frame->loop;
  if (!loop) return;
  int count = l->temporary_count;
  low_end_temporaries(l, loop->temporaries);
  l->temporary_count = count; /* of loops around, on other ways */
  if (node->kind == NODE_BREAK)
    low_leave(l, &loop->breaks, loop->broken);
  else
    low_leave(l, &loop->continues, low_unknown());
}

void low_statement(Lower *l, const Node *node) {
  const Node *outer = l->at;
  int temporaries = l->temporary_count, statement = l->statement;
  l->at = node, l->statement = temporaries;
  switch (node->kind) {
    case NODE_ASSIGN: assign(l, node); break;
    case NODE_AUGMENT: augment(l, node); break;
    case NODE_EXPR: low_expression(l, node->items[0]); break;
    case NODE_IF: lower_if(l, node); break;
    case NODE_WHILE: low_while(l, node); break;
    case NODE_FOR: low_for(l, node); break;
    case NODE_BREAK:
    case NODE_CONTINUE: leave_loop(l, node); break;
    case NODE_PASS: break;
    case NODE_RETURN: lower_return(l, node); break;
    case NODE_ASSERT: lower_assert(l, node); break;
    case NODE_RAISE:
      if (node->count && node->items[0]->kind == NODE_REFUSE) low_expression(l, node->items[0]);
      low_raise_if(l, node, (JitRef){0}, node->text, node->count ? node->items[0]->text : "");
      break;
    default: low_expression(l, node); break;
  }
  low_end_temporaries(l, temporaries);
  l->at = outer, l->statement = statement;
}

void low_block(Lower *l, const Node *block) {
  for (int k = 0; k < block->count && !low_dead(l); k++) low_statement(l, block->items[k]);
}
