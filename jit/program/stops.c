/* Where a compiled function can be stopped (jit/stop.c): by a signal, or because its calls fill the
 * stack. It asks
 *
 *   at the end of each turn   of `while` loops, and of the two outermost `for` loops of a function
 *                             that have others inside
 *   every CHUNK turns         of a `for` loop that stands alone (loops.c), which so stays one that
 *                             LLVM makes vectors of
 *   at each call              of a function that calls itself
 *
 * Innermost loops inside of others end by themselves. Kernels of nests, which run on several
 * threads, ask nothing: who runs them does, between slices. */
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

/* And a `while` loop? Those of the library end by themselves. */
bool low_stops_while(const Lower *l, bool inside) {
  return !l->nest && (inside || !low_is_library(l->frame->function));
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

/* Does the function nothing but compute what it gives? `results`: where what is raised is noted. */
bool low_is_quiet(const JitFn *fn, JitRef results) {
  for (uint32_t b = 0; b < fn->block_count; b++)
    for (uint32_t i = 0; i < fn->blocks[b].count; i++) {
      const IrIns *ins = &fn->ins[fn->blocks[b].ins[i]];
      bool asks =
          ins->kind == IR_HOST && (ins->number == JIT_HOST_POLL || ins->number == JIT_HOST_FRAME ||
                                   ins->number == JIT_HOST_LOOK);
      if (ins->kind == IR_HOST && !asks) return false;
      if (ins->kind == IR_STORE_AT && ins->args[0] != results.id) return false;
    }
  return true;
}
