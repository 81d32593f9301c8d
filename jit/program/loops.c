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
#include "loops.h"
#include "nest.h"

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
    head->hidden = QL_MAX(head->hidden, variable->hidden);
    return head->defined != old.defined || head->hidden != old.hidden;
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
  bool torn = low_is_torn(&both);
  if (torn && both.kind == JIT_SCALAR) {
    *head = (Head){.dropped = true, .hidden = HIDDEN_TORN};
    return true;
  }
  if (torn) low_refuse_torn(l, t->node, low_text(l, "'%s'", l->frame->function->names[v]));
  head->type = both;
  if (head->defined == NEVER || variable->defined == MAYBE) head->defined = MAYBE;
  return head->defined != old.defined || !low_same_type(&head->type, &old.type);
}

static Head *heads_of(Lower *l, const Node *node) {
  Head **kept = &l->frame->heads[node->number];
  if (!*kept) *kept = low_get(l, (size_t)l->frame->function->variables * sizeof **kept + 1);
  return *kept;
}

void loop_drop(Lower *l, const Node *node, int variable) {
  heads_of(l, node)[variable] = (Head){.dropped = true};
}

static void begin_heads(Lower *l, Try *t) {
  int variables = l->frame->function->variables;
  t->heads = heads_of(l, t->node);
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
    *variable = (Variable){.value = value,
                           .defined = head->defined,
                           .hidden = QL_MAX(head->hidden, t->entry[v].hidden)};
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

static Edges *edges_of(Lower *l, int k) {
  Loop *loop = l->frame->loop;
  return k == 0 ? &l->frame->returns : !loop ? NULL : k == 1 ? &loop->breaks : &loop->continues;
}

Kept loop_keep(Lower *l, JitMark mark) {
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

void loop_take_back(Lower *l, const Kept *kept, const Variable *entry) {
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
  l->frame->now = (Variable *)entry;
  l->frame->now = low_save(l);
}

/* After the loop: what left it by its condition runs `else`, and meets what broke out of it. */
static Value leave_loop(Lower *l, Loop *loop, Edges *exits, const Node *otherwise) {
  bool matters = loop->broken.kind != JIT_UNKNOWN;
  low_join(l, exits);
  if (otherwise) low_block(l, otherwise);
  low_leave(l, &loop->breaks, matters ? low_bool(false) : low_unknown());
  return low_join(l, &loop->breaks);
}

/* ---- chunks ----
 *
 * A loop of chunks around a loop that is to stay a plain one, for LLVM to make vectors of. k is the
 * number of the turn of a `for`, and the variable that counts of a `while`:
 *
 *   chunks:  k, variables: phi before, again
 *            limit = min(k + CHUNK, count)
 *   head:    k: phi chunks, end      k < limit? body : pause
 *   pause:   k < count? ask, again : exit */
typedef struct Chunks {
  Try outer;
  JitRef from; /* of a `for`: k, in the head of the chunks */
  JitRef count, limit;
  bool reduces, asks; /* what ends with a chunk */
} Chunks;

static void open_chunks(Lower *l, const Try *t, bool reduces, bool asks, Chunks *chunks) {
  *chunks = (Chunks){.outer = *t, .reduces = reduces, .asks = asks};
  enter_try(l, &chunks->outer);
  jit_jump(l->fn, chunks->outer.head);
  jit_block_open(l->fn, chunks->outer.head);
}

/* In the head of the chunks; the loop itself begins behind. A sum that wraps is no limit. */
static void begin_chunk(Lower *l, Try *t, Chunks *chunks, JitRef k, JitRef count) {
  JitRef turns = low_const(l, chunks->reduces ? LOW_TERMS : LOW_CHUNK);
  JitRef to = low_add(l, k, turns), wraps = low_op(l, QL_OP_LESS, to, k);
  chunks->count = count;
  chunks->limit = low_select(l, wraps, count, low_op(l, QL_OP_MINIMUM, to, count));
  t->before = jit_block_new(l->fn), t->entry = l->frame->now;
  jit_jump(l->fn, t->before);
  jit_block_open(l->fn, t->before);
}

/* In the head of the loop itself. */
static void end_chunk(Lower *l, const Chunks *chunks, Edges *exits, JitRef k) {
  const Try *outer = &chunks->outer;
  JitBlock pause = jit_block_new(l->fn), body = jit_block_new(l->fn), again = jit_block_new(l->fn);
  jit_branch(l->fn, low_op(l, QL_OP_LESS, k, chunks->limit), body, pause);
  jit_block_open(l->fn, pause);
  if (chunks->reduces) low_chunk_ends(l, chunks->from, k);
  low_branch(l, low_op(l, QL_OP_LESS, k, chunks->count), exits);
  if (chunks->asks) low_stop_turn(l, outer->node);
  jit_jump(l->fn, again);
  jit_block_open(l->fn, again);
  bring(l, outer, l->frame->now, again);
  if (chunks->from.id) jit_phi_from(l->fn, chunks->from, again, k);
  jit_jump(l->fn, outer->head);
  jit_block_open(l->fn, body);
}

/* ---- while ---- */

/* while i < n: what i and n are now. */
static JitRef side_of(Lower *l, const Node *loop, int side) {
  Value value = low_expression(l, loop->items[0]->items[side]);
  return low_ref_as(l, &value, QL_I64);
}

/* In the head: goes on where the condition holds. */
static void test_condition(Lower *l, const Node *node, Edges *exits) {
  int temporaries = l->temporary_count;
  Value condition = low_expression(l, node);
  JitRef truth = low_truth(l, node, &condition);
  low_end_temporaries(l, temporaries);
  bool is_true, is_known = low_known_truth(&condition, &is_true);
  if (is_known && !is_true)
    low_leave(l, exits, low_unknown());
  else if (!is_known && truth.id)
    low_branch(l, truth, exits);
}

/* One try of the loop; false: other types at the head are wanted. */
static bool try_while(Lower *l, Try *t, Loop *loop, Edges *exits) {
  bool in_chunks = low_stops_counted(l, t->node);
  JitBlock before = t->before;
  const Variable *entry = t->entry;
  Chunks chunks;
  if (in_chunks) {
    open_chunks(l, t, false, true, &chunks);
    enter_head(l, &chunks.outer);
    begin_chunk(l, t, &chunks, side_of(l, t->node, 0), side_of(l, t->node, 2));
  }
  enter_try(l, t);
  jit_jump(l->fn, t->head);
  jit_block_open(l->fn, t->head);
  enter_head(l, t);
  if (in_chunks)
    end_chunk(l, &chunks, exits, side_of(l, t->node, 0));
  else
    test_condition(l, t->node->items[0], exits);
  t->before = before, t->entry = entry; /* for another try */
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
  if (!in_chunks && low_stops_while(l, t->node, l->loop_count > loops + 1))
    low_stop_turn(l, t->node);
  end_try(l, t);
  jit_jump(l->fn, t->head);
  return true;
}

void low_while(Lower *l, const Node *node) {
  if (l->ranks && !l->nest && !low_dead(l) && low_nest_while(l, node)) return;
  low_note_loop(l, node, false);
  Try t;
  Kept kept = loop_keep(l, begin_try(l, &t, node));
  for (;;) {
    Loop loop = {.outer = l->frame->loop, .temporaries = l->temporary_count};
    Edges exits = {0};
    if (!try_while(l, &t, &loop, &exits)) {
      loop_take_back(l, &kept, t.entry);
      continue;
    }
    leave_loop(l, &loop, &exits, node->count > 2 ? node->items[2] : NULL);
    return;
  }
}

/* ---- for ---- */

void loop_forget_heads(Lower *l, const Node *node) {
  if (node->kind == NODE_FOR || node->kind == NODE_WHILE) l->frame->heads[node->number] = NULL;
  for (int k = 0; k < node->count; k++) loop_forget_heads(l, node->items[k]);
}

/* The body once for each item of a tuple, which may be of different types. */
static void unroll(Lower *l, const Node *node, const Value *tuple) {
  Loop loop = {.outer = l->frame->loop, .temporaries = l->temporary_count};
  for (int k = 0; k < tuple->count && !low_dead(l); k++) {
    loop.continues = (Edges){0};
    loop_forget_heads(l, node->items[2]); /* of an item of another type */
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

static bool try_for(Lower *l, Try *t, Loop *loop, Edges *exits, const Items *items) {
  bool asks = !items->few && low_stops_chunks(l, t->node->items[2]),
       reduces = low_reduces_chunks(l, t->node), in_chunks = asks || reduces;
  JitRef first = low_const(l, 0);
  JitBlock before = t->before;
  const Variable *entry = t->entry;
  Chunks chunks;
  if (in_chunks) {
    open_chunks(l, t, reduces, asks, &chunks);
    chunks.from = jit_phi(l->fn, QL_I64, 0);
    jit_phi_from(l->fn, chunks.from, before, first);
    enter_head(l, &chunks.outer);
    begin_chunk(l, t, &chunks, chunks.from, items->count);
    first = chunks.from;
    if (reduces) low_chunk_begins(l, first);
  }
  enter_try(l, t);
  jit_jump(l->fn, t->head);
  jit_block_open(l->fn, t->head);
  JitRef k = jit_phi(l->fn, QL_I64, 0);
  jit_phi_from(l->fn, k, t->before, first);
  enter_head(l, t);
  if (in_chunks)
    end_chunk(l, &chunks, exits, k);
  else
    low_branch(l, low_op(l, QL_OP_LESS, k, items->count), exits);
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
  nest_row_ends(l, t->node);
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

Value loop_turns(Lower *l, const Node *node, const Items *items) {
  Try t;
  Kept kept = loop_keep(l, begin_try(l, &t, node));
  for (;;) {
    Loop loop = {.outer = l->frame->loop, .temporaries = l->temporary_count};
    Edges exits = {0};
    if (nest_may_end(l, node)) loop.broken = low_bool(true);
    if (!try_for(l, &t, &loop, &exits, items)) {
      loop_take_back(l, &kept, t.entry);
      continue;
    }
    return leave_loop(l, &loop, &exits, node->count > 3 ? node->items[3] : NULL);
  }
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
  if (low_dead(l) || !loop_items(l, node->items[1], &value, &items))
    return low_end_temporaries(l, temporaries);
  low_note_loop(l, node, items.few);
  loop_turns(l, node, &items);
  low_line_ends(l, node);
  low_end_temporaries(l, temporaries);
}
