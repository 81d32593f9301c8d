/* Where a compiled function can be stopped (jit/stop.c): by a signal, or because its calls fill the
 * stack. It asks
 *
 *   at the end of each turn   of `while` loops, and of the two outermost `for` loops of a function
 *                             that have others inside
 *   every CHUNK turns         of a `for` loop that stands alone (loops.c), and of such a loop
 *                             "while i < n" with "i += 1": they stay loops that LLVM makes vectors
 *                             of
 *   at each call              of a function that calls itself
 *
 * Innermost loops inside of others end by themselves, those that count too. Kernels of nests, which
 * run on several threads, ask nothing: who runs them does, between slices. */
#include "lower.h"

enum { MOST_ASKING = 2, ASK_SLOT = 1 };

void low_stop_begin(Lower *l) {
  l->stop =
      jit_load_at(l->fn, QL_I64, l->results, low_const(l, ASK_SLOT * JIT_SLOT), (QlSource){0});
}

/* Leaves with what `look` says; goes on where it says nothing. A quiet function's callers need not
 * be told: they are stopped by what they call next, or end. */
static void ask(Lower *l, const Node *node, JitRef wanted, JitRef frame, bool may_be_full) {
  JitBlock asking = jit_block_new(l->fn), on = jit_block_new(l->fn);
  bool raised = l->raised;
  jit_branch(l->fn, wanted, asking, on);
  jit_block_open(l->fn, asking);
  JitRef reason = jit_host(l->fn, JIT_HOST_LOOK, 1, &frame, low_source(l));
  if (may_be_full)
    low_raise_if(l, node, low_op(l, QL_OP_EQUAL, reason, low_const(l, JIT_STACK_FULL)),
                 "RecursionError", "maximum recursion depth exceeded: the stack is full");
  low_raise_if(l, node, low_op(l, QL_OP_NOT_EQUAL, reason, low_const(l, JIT_GOES_ON)),
               "KeyboardInterrupt", "");
  jit_jump(l->fn, on);
  jit_block_open(l->fn, on);
  l->asks = true;
  if (l->quiet) l->raised = raised;
}

void low_stop_turn(Lower *l, const Node *node) {
  if (low_dead(l)) return;
  JitRef word = jit_host(l->fn, JIT_HOST_POLL, 1, &l->stop, low_source(l));
  JitRef wanted = low_op(l, QL_OP_LESS, word, low_const(l, 0));
  ask(l, node, wanted, low_const(l, INT64_MAX), false);
}

void low_stop_call(Lower *l, const Node *node) {
  JitRef word = jit_host(l->fn, JIT_HOST_POLL, 1, &l->stop, low_source(l));
  JitRef frame = jit_host(l->fn, JIT_HOST_FRAME, 0, NULL, low_source(l));
  JitRef here = jit_cast(l->fn, frame, QL_U64, low_source(l)),
         limit = jit_cast(l->fn, word, QL_U64, low_source(l));
  ask(l, node, low_op(l, QL_OP_LESS, here, limit), frame, true);
}

/* Does a `for` loop, in so many others, ask at the end of each turn? inside: has it loops? */
bool low_stops_for(const Lower *l, bool inside) {
  if (l->nest) return false;
  return l->ranks || (inside && l->loop_depth < MOST_ASKING);
}

/* ---- while loops that count ---- */

static bool is_whole(const Value *value) {
  return value->kind == JIT_SCALAR && value->dtype == QL_I64;
}

/* Is it the same array in all turns? */
static bool is_same_in(const Node *loop, const Node *node) {
  return node->kind == NODE_CAPTURE || (node->kind == NODE_NAME && !loop->assigns[node->number]);
}

/* A name, a number, a length, or a sum of these, which the loop does not change: an integer. */
static bool is_fixed_in(const Lower *l, const Node *loop, const Node *node) {
  if (node->kind == NODE_NAME)
    return !loop->assigns[node->number] && is_whole(&l->frame->now[node->number].value);
  if (node->kind == NODE_CAPTURE) return is_whole(&l->captures[node->number]);
  if (node->kind == NODE_CALL)
    return node->items[0]->kind == NODE_REF && !strcmp(node->items[0]->text, "len") &&
           node->count == 2 && is_same_in(loop, node->items[1]);
  if (node->kind == NODE_ATTR)
    return !strcmp(node->text, "size") && is_same_in(loop, node->items[0]);
  if (node->kind == NODE_INDEX)
    return node->items[0]->kind == NODE_ATTR && !strcmp(node->items[0]->text, "shape") &&
           is_same_in(loop, node->items[0]->items[0]) && node->items[1]->kind == NODE_INT;
  bool sum =
      node->kind == NODE_BINARY && (!strcmp(node->text, "add") || !strcmp(node->text, "sub"));
  return node->kind == NODE_INT ||
         (sum && is_fixed_in(l, loop, node->items[0]) && is_fixed_in(l, loop, node->items[1]));
}

static bool binds(const Node *target, int variable) {
  if (target->kind == NODE_NAME) return target->number == variable;
  bool found = false;
  for (int k = 0; k < target->count && target->kind != NODE_INDEX; k++)
    found |= binds(target->items[k], variable);
  return found;
}

int low_assigned_in(const Node *node, int variable) {
  int count = 0, targets = 0;
  if (node->kind == NODE_ASSIGN) targets = node->count - 1;
  if (node->kind == NODE_AUGMENT || node->kind == NODE_FOR || node->kind == NODE_NAMED) targets = 1;
  for (int k = 0; k < targets; k++) count += binds(node->items[k], variable);
  for (int k = 0; k < node->count; k++) count += low_assigned_in(node->items[k], variable);
  return count;
}

static bool continues(const Node *node) {
  if (node->kind == NODE_CONTINUE) return true;
  for (int k = 0; k < node->count; k++)
    if (continues(node->items[k])) return true;
  return false;
}

/* while i < n: ... i += 1; it ends as `for i in range(n)` does. */
static bool is_counted(const Lower *l, const Node *loop) {
  const Node *condition = loop->items[0], *body = loop->items[1];
  if (condition->kind != NODE_COMPARE || condition->count != 3) return false;
  const Node *counter = condition->items[0], *how = condition->items[1];
  if (counter->kind != NODE_NAME || !how->text || strcmp(how->text, "lt") ||
      !is_whole(&l->frame->now[counter->number].value) ||
      !is_fixed_in(l, loop, condition->items[2]))
    return false;
  bool counts = false;
  for (int k = 0; k < body->count; k++) {
    const Node *step = body->items[k];
    counts |= step->kind == NODE_AUGMENT && binds(step->items[0], counter->number) &&
              !strcmp(step->text, "add") && step->items[1]->kind == NODE_INT &&
              !strcmp(step->items[1]->text, "1");
  }
  return counts && !continues(body) && low_assigned_in(body, counter->number) == 1;
}

/* And a `while` loop? Those of the library end by themselves. */
bool low_stops_while(const Lower *l, const Node *loop, bool inside) {
  if (l->nest) return false;
  if (inside || l->ranks) return true;
  return !low_is_library(l->frame->function) && !(l->loop_depth && is_counted(l, loop));
}

static bool has_loop(const Node *node) {
  if (node->kind == NODE_FOR || node->kind == NODE_WHILE) return true;
  for (int k = 0; k < node->count; k++)
    if (has_loop(node->items[k])) return true;
  return false;
}

/* Does a `for` loop ask every CHUNK turns? */
bool low_stops_chunks(const Lower *l, const Node *body) {
  return !l->nest && !l->ranks && !l->loop_depth && !has_loop(body);
}

/* And a `while` loop, which then is one that counts? */
bool low_stops_counted(const Lower *l, const Node *loop) {
  return low_stops_chunks(l, loop->items[1]) && !low_is_library(l->frame->function) &&
         is_counted(l, loop);
}

/* Does the function nothing but compute what it gives? `results`: where what is raised is noted. */
bool low_is_quiet(const JitFn *fn, JitRef results) {
  for (uint32_t b = 0; b < fn->block_count; b++)
    for (uint32_t i = 0; i < fn->blocks[b].count; i++) {
      const IrIns *ins = &fn->ins[fn->blocks[b].ins[i]];
      bool asks =
          ins->kind == IR_HOST && (ins->number == JIT_HOST_POLL || ins->number == JIT_HOST_FRAME ||
                                   ins->number == JIT_HOST_LOOK);
      if (ins->kind == IR_HOST && !asks) return false;
      if (ins->kind == IR_CALL && fn->module->locals[ins->number]->external) return false;
      if (ins->kind == IR_STORE_AT && ins->args[0] != results.id) return false;
    }
  return true;
}
