/* Loops. The variables that a loop assigns are phis at its head; what types they have there is
 * known only when the body has been lowered. So it is lowered with the types of the way in, and
 * again with those that its end brings, until they hold:
 *
 *   before:  s: int            s: float (found by the first try)
 *   head:    s: int = phi      s: float = phi before, end
 *   end:     s: float          s: float
 *
 * What a try has built is taken back (jit_rewind). Types only widen, and a frame remembers them for
 * the next try of the loop around. */
#include "lower.h"

enum {
  MOST_KNOWN = 64, /* items of a tuple that is made of a range */
  FEW = 16
};

/* What a `for` goes through. */
typedef struct Items Items;
struct Items {
  JitRef count; /* i64 */
  Value (*item)(Lower *l, const Items *items, JitRef k);
  JitRef start, step; /* of a range */
  const Span *span;
  bool natural;
  bool few; /* a known, small number: LLVM makes no loop of them */
  Value value;
  int inner_count; /* zip, enumerate, map: what they go through side by side */
  Items *inner;
};

/* ---- the head ---- */

typedef struct Try {
  const Node *node;
  JitMark mark;
  JitBlock before, head;
  Head *heads; /* [variables] */
  const Variable *entry;
  JitRef *phis; /* of the variables that the loop assigns, one behind the other */
} Try;

static bool assigned(const Try *t, int v) { return t->node->assigns[v]; }

static int phi_count(const Head *head) {
  return jit_type_parts(&head->type) + (head->defined == MAYBE);
}

/* Arrays that somebody owns. */
static bool holds_arrays(const JitType *type) {
  bool found = type->kind == JIT_ARRAY && type->place != JIT_IN_NEST;
  for (int k = 0; k < type->count && !found; k++) found = holds_arrays(&type->items[k]);
  return found;
}

/* Parts of arrays on ranks, which no phi carries. */
static bool holds_parts(const JitType *type) {
  bool found = type->kind == JIT_ARRAY && type->place == JIT_IN_NEST;
  for (int k = 0; k < type->count && !found; k++) found = holds_parts(&type->items[k]);
  return found;
}

/* Is it nothing that a loop computes: a function, a text, a dtype? */
static bool is_name(const JitType *type) {
  return type->kind == JIT_FUNCTION || type->kind == JIT_TEXT || type->kind == JIT_DTYPE ||
         type->kind == JIT_ELLIPSIS;
}

/* Takes what a variable is on one more way into the types at the head. True: they have changed. */
static bool widen(Lower *l, const Try *t, int v, const Variable *variable) {
  Head *head = &t->heads[v], old = *head;
  if (variable->defined == NEVER) {
    if (head->defined == ALWAYS) head->defined = MAYBE;
    return head->defined != old.defined;
  }
  JitType type = low_type(l, &variable->value), both;
  if (head->dropped && !holds_arrays(&type)) return false;
  bool in_nest = holds_parts(&type);
  if (head->dropped || in_nest || !low_join_types(l, &head->type, &type, &both)) {
    bool names = is_name(&head->type) || is_name(&type) || in_nest;
    if (names && !holds_arrays(&head->type) && !holds_arrays(&type)) {
      *head = (Head){.dropped = true}; /* it is known again when it is set */
      return true;
    }
    low_refuse(l, t->node, "QJ302",
               low_text(l, "'%s' has another type at the end of the loop than at its beginning",
                        l->frame->function->names[v]),
               "give it one type before the loop and in it, or use two names");
    return false;
  }
  head->type = both;
  if (head->defined == NEVER || variable->defined == MAYBE) head->defined = MAYBE;
  return head->defined != old.defined || !low_same_type(&head->type, &old.type);
}

static void begin_heads(Lower *l, Try *t) {
  int variables = l->frame->function->variables;
  Head **kept = &l->frame->heads[t->node->number];
  if (!*kept) *kept = low_get(l, (size_t)variables * sizeof **kept + 1);
  t->heads = *kept;
  for (int v = 0; v < variables; v++) {
    if (!assigned(t, v)) continue;
    Head *head = &t->heads[v];
    if (head->defined == NEVER && !head->dropped) head->defined = t->entry[v].defined;
    widen(l, t, v, &t->entry[v]);
  }
}

/* What one way brings to the phis at the head. */
static void bring(Lower *l, const Try *t, const Variable *variables, JitBlock from) {
  JitRef *phi = t->phis;
  for (int v = 0; v < l->frame->function->variables; v++) {
    if (!assigned(t, v)) continue;
    const Head *head = &t->heads[v];
    int parts = jit_type_parts(&head->type);
    Value value = variables[v].defined == NEVER ? low_unknown() : variables[v].value;
    JitRef *refs = low_get(l, ((size_t)parts + 1) * sizeof *refs);
    value = low_convert(l, &value, &head->type);
    low_parts(l, &head->type, &value, refs);
    if (head->defined == MAYBE)
      refs[parts++] = variables[v].defined == MAYBE
                          ? variables[v].flag
                          : jit_const(l->fn, QL_BOOL, (QlValue){.b = variables[v].defined});
    for (int p = 0; p < parts; p++) jit_phi_from(l->fn, *phi++, from, refs[p]);
  }
}

static void open_head(Lower *l, Try *t) {
  int variables = l->frame->function->variables, count = 0;
  for (int v = 0; v < variables; v++) count += assigned(t, v) ? phi_count(&t->heads[v]) : 0;
  t->phis = low_get(l, ((size_t)count + 1) * sizeof *t->phis);
  t->head = jit_block_new(l->fn);
  jit_block_open(l->fn, t->head);
  JitRef *phi = t->phis;
  for (int v = 0; v < variables; v++) {
    const Head *head = &t->heads[v];
    int parts = assigned(t, v) ? jit_type_parts(&head->type) : 0;
    for (int p = 0; p < parts; p++) *phi++ = jit_phi(l->fn, low_part_dtype(&head->type, p), 0);
    if (assigned(t, v) && head->defined == MAYBE) *phi++ = jit_phi(l->fn, QL_BOOL, 0);
  }
}

/* The variables as they are at the head. */
static void enter_head(Lower *l, const Try *t) {
  l->frame->now = low_save(l);
  const JitRef *phi = t->phis;
  for (int v = 0; v < l->frame->function->variables; v++) {
    if (!assigned(t, v)) continue;
    const Head *head = &t->heads[v];
    Variable *variable = &l->frame->now[v];
    Value value = low_of_parts(l, &head->type, &phi);
    *variable = (Variable){.value = value, .defined = head->defined, .hidden = t->entry[v].hidden};
    if (head->defined == MAYBE) variable->flag = *phi++;
  }
}

static JitMark begin_try(Lower *l, Try *t, const Node *node) {
  *t = (Try){.node = node, .entry = l->frame->now, .before = jit_block_new(l->fn)};
  jit_jump(l->fn, t->before);
  jit_block_open(l->fn, t->before);
  begin_heads(l, t);
  return jit_mark(l->fn);
}

/* Opens the head from the way in. */
static void enter_try(Lower *l, Try *t) {
  open_head(l, t);
  jit_block_open(l->fn, t->before);
  bring(l, t, t->entry, t->before);
}

/* Do the types at the head hold for what the end of the body brings? */
static bool holds(Lower *l, const Try *t) {
  bool changed = false;
  if (low_dead(l)) return true;
  for (int v = 0; v < l->frame->function->variables; v++)
    if (assigned(t, v)) changed |= widen(l, t, v, &l->frame->now[v]);
  return !changed;
}

static void end_try(Lower *l, const Try *t) {
  JitBlock end = jit_block_new(l->fn);
  jit_jump(l->fn, end);
  jit_block_open(l->fn, end);
  bring(l, t, l->frame->now, end);
}

/* ---- what is to be forgotten when a try is taken back ---- */

typedef struct Kept {
  JitMark mark;
  Edges returns, breaks, continues;
  Edge *last[3];
  int refusals, raises, temporaries, nests;
  bool raised;
  const Region *region;
  Local *locals; /* those made since are built again: what they raise is forgotten */
} Kept;

static Edges *edges_of(Lower *l, int k) {
  Loop *loop = l->frame->loop;
  return k == 0 ? &l->frame->returns : !loop ? NULL : k == 1 ? &loop->breaks : &loop->continues;
}

static Kept keep(Lower *l, JitMark mark) {
  Kept kept = {.mark = mark,
               .refusals = l->refusal_count,
               .raises = l->raise_count,
               .temporaries = l->temporary_count,
               .nests = l->nest_count,
               .raised = l->raised,
               .region = l->region,
               .locals = l->locals};
  for (int k = 0; k < 3; k++) kept.last[k] = edges_of(l, k) ? edges_of(l, k)->last : NULL;
  return kept;
}

static void take_back(Lower *l, const Kept *kept, const Try *t) {
  jit_rewind(l->fn, kept->mark);
  for (int k = 0; k < 3; k++) {
    Edges *edges = edges_of(l, k);
    if (!edges) continue;
    edges->last = kept->last[k];
    if (edges->last)
      edges->last->next = NULL;
    else
      edges->first = NULL;
  }
  l->refusal_count = kept->refusals, l->raise_count = kept->raises;
  l->temporary_count = kept->temporaries, l->raised = kept->raised;
  l->nest_count = kept->nests, l->region = kept->region;
  l->locals = kept->locals;
  l->frame->now = (Variable *)t->entry;
  l->frame->now = low_save(l);
}

/* After the loop: what left it by its condition runs `else`, and meets what broke out of it. */
static void leave_loop(Lower *l, Loop *loop, Edges *exits, const Node *otherwise) {
  low_join(l, exits);
  if (otherwise) low_block(l, otherwise);
  low_leave(l, &loop->breaks, low_unknown());
  low_join(l, &loop->breaks);
}

/* ---- while ---- */

/* One try of the loop; false: other types at the head are wanted. */
static bool try_while(Lower *l, Try *t, Loop *loop, Edges *exits) {
  enter_try(l, t);
  jit_jump(l->fn, t->head);
  jit_block_open(l->fn, t->head);
  enter_head(l, t);
  int temporaries = l->temporary_count;
  Value condition = low_expression(l, t->node->items[0]);
  JitRef truth = low_truth(l, t->node->items[0], &condition);
  low_end_temporaries(l, temporaries);
  bool is_true, is_known = low_known_truth(&condition, &is_true);
  if (is_known && !is_true)
    low_leave(l, exits, low_unknown());
  else if (!is_known && truth.id)
    low_branch(l, truth, exits);
  l->frame->loop = loop;
  int loops = l->loop_count++;
  l->loop_depth++;
  low_block(l, t->node->items[1]);
  l->loop_depth--;
  low_leave(l, &loop->continues, low_unknown());
  low_join(l, &loop->continues);
  l->frame->loop = loop->outer;
  if (!holds(l, t)) return false;
  if (low_dead(l)) return true;
  if (low_stops_while(l, t->node, l->loop_count > loops + 1)) low_stop_turn(l, t->node);
  end_try(l, t);
  jit_jump(l->fn, t->head);
  return true;
}

void low_while(Lower *l, const Node *node) {
  if (l->ranks && !l->nest && !low_dead(l) && low_by_element(l, node, node->items[1])) return;
  low_note_loop(l, node, false);
  Try t;
  Kept kept = keep(l, begin_try(l, &t, node));
  for (;;) {
    Loop loop = {.outer = l->frame->loop, .temporaries = l->temporary_count};
    Edges exits = {0};
    if (!try_while(l, &t, &loop, &exits)) {
      take_back(l, &kept, &t);
      continue;
    }
    leave_loop(l, &loop, &exits, node->count > 2 ? node->items[2] : NULL);
    return;
  }
}

/* ---- for ---- */

static Value range_item(Lower *l, const Items *items, JitRef k) {
  JitRef moved = items->step.id ? low_op(l, QL_OP_MULTIPLY, k, items->step) : k;
  Value item = low_scalar(QL_I64, true, items->start.id ? low_add(l, items->start, moved) : moved);
  item.natural = items->natural, item.span = items->span;
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

/* The numbers of a range that is known; -1: it is not. */
static int64_t known_count(const Value *part) {
  int64_t bound[3];
  for (int k = 0; k < 3; k++)
    if (!known_int(&part[k], &bound[k])) return -1;
  if (bound[2] > 0 && bound[1] > bound[0]) return (bound[1] - bound[0] + bound[2] - 1) / bound[2];
  if (bound[2] < 0 && bound[1] < bound[0]) return (bound[0] - bound[1] - bound[2] - 1) / -bound[2];
  return bound[2] ? 0 : -1;
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
  items->span = low_span_range(l, &part[0], &part[1], &part[2]);
  items->count = range_count(l, first, low_ref_as(l, &part[1], QL_I64), &part[2]);
  items->item = range_item;
  items->few = known_count(part) >= 0 && known_count(part) <= FEW;
  return true;
}

bool low_range(Lower *l, const Node *node, const Value *range, JitRef *count, Value *start,
               Value *step) {
  Items items = {0};
  if (range->kind == JIT_UNKNOWN || !of_range(l, node, range, &items)) return false;
  *count = items.count, *start = range->items[0], *step = range->items[2];
  return true;
}

static bool items_of(Lower *l, const Node *node, const Value *value, Items *items);

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
    if (!items_of(l, node, &value->items[0], &items->inner[1])) return false;
    items->count = items->inner[1].count;
    return true;
  }
  for (int k = 0; k < items->inner_count; k++) {
    Value one = as_items(l, node, &each[k]);
    if (!items_of(l, node, &one, &items->inner[k])) return false;
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

static bool items_of(Lower *l, const Node *node, const Value *value, Items *items) {
  *items = (Items){.value = *value};
  if (value->kind == JIT_UNKNOWN) return false;
  if (value->kind == JIT_RANGE && !strncmp(value->text, "nd", 2))
    return of_box(l, value, items), true;
  if (value->kind == JIT_RANGE)
    return !strcmp(value->text, "range") ? of_range(l, node, value, items)
                                         : of_several(l, node, value, items);
  if (value->kind == JIT_ARRAY && value->array->ndim == 1 && value->array->place == JIT_ON_RANKS) {
    low_refuse(l, node, "QJ402",
               "this loop goes through the elements of a distributed array, on every rank",
               "write np.sum(...) and the like, or a loop over range(...) that stores elements");
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

/* The types at the heads of the loops in there are of this item; of the next they are found anew.
 */
static void forget_heads(Lower *l, const Node *node) {
  if (node->kind == NODE_FOR || node->kind == NODE_WHILE) l->frame->heads[node->number] = NULL;
  for (int k = 0; k < node->count; k++) forget_heads(l, node->items[k]);
}

/* The body once for each item of a tuple, which may be of different types. */
static void unroll(Lower *l, const Node *node, const Value *tuple) {
  Loop loop = {.outer = l->frame->loop, .temporaries = l->temporary_count};
  for (int k = 0; k < tuple->count && !low_dead(l); k++) {
    loop.continues = (Edges){0};
    forget_heads(l, node->items[2]);
    l->frame->loop = &loop;
    low_assign(l, node->items[0], tuple->items[k]);
    low_block(l, node->items[2]);
    low_leave(l, &loop.continues, low_unknown());
    low_join(l, &loop.continues);
    l->frame->loop = loop.outer;
  }
  Edges exits = {0};
  low_leave(l, &exits, low_unknown());
  leave_loop(l, &loop, &exits, node->count > 3 ? node->items[3] : NULL);
}

/* A loop of chunks around a loop that is to stay a plain one, for LLVM to make vectors of:
 *
 *   chunks:  from, variables: phi before, again
 *            limit = min(from + CHUNK, count)
 *   head:    k: phi from, end        k < limit? body : pause
 *   pause:   k < count? ask, again : exit */
typedef struct Chunks {
  Try outer;
  JitRef from, limit;
} Chunks;

static void open_chunks(Lower *l, Try *t, Chunks *chunks, JitRef count) {
  chunks->outer = *t;
  enter_try(l, &chunks->outer);
  jit_jump(l->fn, chunks->outer.head);
  jit_block_open(l->fn, chunks->outer.head);
  chunks->from = jit_phi(l->fn, QL_I64, 0);
  enter_head(l, &chunks->outer);
  JitRef to = low_add(l, chunks->from, low_const(l, LOW_CHUNK));
  chunks->limit = low_op(l, QL_OP_MINIMUM, to, count);
  t->before = jit_block_new(l->fn), t->entry = l->frame->now;
  jit_jump(l->fn, t->before);
  jit_block_open(l->fn, t->before);
}

/* In the inner loop's head. */
static void end_chunk(Lower *l, const Chunks *chunks, Edges *exits, JitRef count, JitRef k) {
  const Try *outer = &chunks->outer;
  JitBlock pause = jit_block_new(l->fn), body = jit_block_new(l->fn), again = jit_block_new(l->fn);
  jit_branch(l->fn, low_op(l, QL_OP_LESS, k, chunks->limit), body, pause);
  jit_block_open(l->fn, pause);
  low_branch(l, low_op(l, QL_OP_LESS, k, count), exits);
  low_stop_turn(l, outer->node);
  jit_jump(l->fn, again);
  jit_block_open(l->fn, again);
  bring(l, outer, l->frame->now, again);
  jit_phi_from(l->fn, chunks->from, again, k);
  jit_jump(l->fn, outer->head);
  jit_block_open(l->fn, body);
}

static bool try_for(Lower *l, Try *t, Loop *loop, Edges *exits, const Items *items) {
  bool in_chunks = !items->few && low_stops_chunks(l, t->node->items[2]);
  JitRef first = low_const(l, 0), limit = items->count;
  JitBlock before = t->before;
  const Variable *entry = t->entry;
  Chunks chunks;
  if (in_chunks) {
    open_chunks(l, t, &chunks, items->count);
    jit_phi_from(l->fn, chunks.from, before, first);
    first = chunks.from, limit = chunks.limit;
  }
  enter_try(l, t);
  jit_jump(l->fn, t->head);
  jit_block_open(l->fn, t->head);
  JitRef k = jit_phi(l->fn, QL_I64, 0);
  jit_phi_from(l->fn, k, t->before, first);
  enter_head(l, t);
  if (in_chunks)
    end_chunk(l, &chunks, exits, items->count, k);
  else
    low_branch(l, low_op(l, QL_OP_LESS, k, limit), exits);
  t->before = before, t->entry = entry; /* for another try */
  l->frame->loop = loop;
  int temporaries = l->temporary_count;
  Value item = items->item(l, items, k);
  low_assign(l, t->node->items[0], item);
  low_end_temporaries(l, temporaries);
  low_turn_begins(l, t->node, k);
  int loops = l->loop_count += !items->few;
  l->loop_depth += !items->few;
  low_block(l, t->node->items[2]);
  l->loop_depth -= !items->few;
  low_leave(l, &loop->continues, low_unknown());
  low_join(l, &loop->continues);
  low_turn_ends(l, t->node);
  l->frame->loop = loop->outer;
  if (!holds(l, t)) return false;
  if (low_dead(l)) return true;
  if (!items->few && low_stops_for(l, l->loop_count > loops)) low_stop_turn(l, t->node);
  JitRef next = low_add(l, k, low_const(l, 1));
  JitBlock end = jit_block_new(l->fn);
  jit_jump(l->fn, end);
  jit_block_open(l->fn, end);
  bring(l, t, l->frame->now, end);
  jit_phi_from(l->fn, k, end, next);
  jit_jump(l->fn, t->head);
  return true;
}

void low_for(Lower *l, const Node *node) {
  int temporaries = l->temporary_count;
  if (l->ranks && !l->nest && !low_dead(l) && low_nest(l, node))
    return low_end_temporaries(l, temporaries);
  if (l->trees && !l->reducing && !low_dead(l) && low_reducing(l, node))
    return low_end_temporaries(l, temporaries);
  Value value = low_expression(l, node->items[1]);
  if (value.kind == JIT_TUPLE && !low_dead(l)) {
    low_hold(l, &value);
    low_note(l, node, low_text(l, "written out: %d times", value.count));
    unroll(l, node, &value);
    return low_end_temporaries(l, temporaries);
  }
  if (!low_dead(l)) low_hold(l, &value);
  Items items;
  if (low_dead(l) || !items_of(l, node->items[1], &value, &items))
    return low_end_temporaries(l, temporaries);
  low_note_loop(l, node, items.few);
  Try t;
  Kept kept = keep(l, begin_try(l, &t, node));
  for (;;) {
    Loop loop = {.outer = l->frame->loop, .temporaries = l->temporary_count};
    Edges exits = {0};
    if (!try_for(l, &t, &loop, &exits, &items)) {
      take_back(l, &kept, &t);
      continue;
    }
    leave_loop(l, &loop, &exits, node->count > 3 ? node->items[3] : NULL);
    break;
  }
  low_end_temporaries(l, temporaries);
}

/* ---- comprehensions ---- */

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
  int64_t count = known_count(from->items);
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
  if (!items_of(l, node->items[2], &from, &items)) return low_unknown();
  JitBlock before = jit_block_new(l->fn);
  jit_jump(l->fn, before);
  jit_block_open(l->fn, before);
  Kept kept = keep(l, jit_mark(l->fn));
  Try none = {.entry = low_save(l)};
  Value one = element_at(l, node, &items, low_const(l, 0));
  JitType type = low_type(l, &one);
  if (l->refusal_count > kept.refusals) return low_unknown();
  if (low_dead(l) || one.kind == JIT_UNKNOWN) /* it raises, if there is one at all */
    type = (JitType){.kind = JIT_SCALAR, .dtype = QL_F64};
  take_back(l, &kept, &none);
  if (type.kind != JIT_SCALAR) return low_refuse_list(l, node, &one);
  Comprehension c = {node, &items,
                     low_new_array(l, node, (QlDtype)type.dtype, 1, &items.count, NULL)};
  Value list = low_array_value((Array *)c.array);
  list.array->list = true, list.array->weak = type.weak;
  low_box(l, 1, &items.count, store_item, &c);
  return list;
}

/* ---- loops of our own, over the elements of arrays ---- */

typedef struct Box {
  int ndim;
  const JitRef *extent;
  LowBody *body;
  void *data;
  JitRef *carried; /* NULL: nothing is */
  JitRef index[QL_MAX_DIMS];
} Box;

static void box_axis(Lower *l, Box *box, int axis) {
  if (axis == box->ndim) return box->body(l, box->data, box->index);
  JitFn *fn = l->fn;
  JitBlock before = jit_block_new(fn), head = jit_block_new(fn), body = jit_block_new(fn),
           end = jit_block_new(fn);
  jit_jump(fn, before);
  jit_block_open(fn, before);
  JitRef zero = low_const(l, 0), one = low_const(l, 1);
  jit_jump(fn, head);
  jit_block_open(fn, head);
  JitRef k = jit_phi(fn, QL_I64, 0);
  jit_phi_from(fn, k, before, zero);
  JitRef carried = {0};
  if (box->carried) {
    carried = jit_phi(fn, QL_I64, 0);
    jit_phi_from(fn, carried, before, *box->carried);
    *box->carried = carried;
  }
  jit_branch(fn, low_op(l, QL_OP_LESS, k, box->extent[axis]), body, end);
  jit_block_open(fn, body);
  box->index[axis] = k;
  box_axis(l, box, axis + 1);
  JitBlock latch = jit_block_new(fn);
  jit_jump(fn, latch);
  jit_block_open(fn, latch);
  jit_phi_from(fn, k, latch, low_add(l, k, one));
  if (box->carried) {
    jit_phi_from(fn, carried, latch, *box->carried);
    *box->carried = carried;
  }
  jit_jump(fn, head);
  jit_block_open(fn, end);
}

void low_box_with(Lower *l, int ndim, const JitRef *extent, LowBody *body, void *data,
                  JitRef *carried) {
  if (low_dead(l)) return;
  Box box = {.ndim = ndim, .extent = extent, .body = body, .data = data, .carried = carried};
  box_axis(l, &box, 0);
}

void low_box(Lower *l, int ndim, const JitRef *extent, LowBody *body, void *data) {
  if (low_dead(l)) return;
  Box box = {.ndim = ndim, .extent = extent, .body = body, .data = data};
  box_axis(l, &box, 0);
}
