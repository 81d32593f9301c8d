/* What an iteration of a nest costs, about, in additions: how many threads it is worth, and whether
 * its data should stay in the cache, is decided by that.
 *
 * Counted is what each point does: elements that it touches, and what is computed for what it
 * stores, asks and calls. Addresses are not, which LLVM moves along with the loops, nor what stands
 * outside of the loops over the box, whose ends are parameters. A loop inside is a number of turns
 * where that is known, and a guess elsewhere.
 *
 * Requires a verified function of rank 0. */
#include "ir.h"

#include <stdlib.h>

enum { GUESS = 16, HIGHEST = 1 << 16, DEEP = 4 };

typedef struct Costs {
  const JitFn *fn;
  IrFlow flow;
  double *turns;   /* [block_count] how often a point comes there */
  int *within;     /* [block_count] so many loops over the box are around it */
  bool *wanted;    /* [ins_count] it is more than an address */
  bool *inside;    /* [block_count] of the loop that is looked at */
  uint32_t *stack; /* [ins_count] */
  uint32_t count;
  int box; /* parameters that are the box's ends */
} Costs;

/* Is it made of an upper end of the box? */
static bool is_end(const Costs *c, uint32_t value, int deep) {
  const IrIns *ins = &c->fn->ins[value];
  if (ins->kind == IR_PARAM) return ins->number < c->box && ins->number % 2;
  if (ins->kind != IR_OP || !deep) return false;
  bool found = false;
  for (int a = 0; a < ir_arg_count(ins); a++) found |= is_end(c, ins->args[a], deep - 1);
  return found;
}

/* Up to which number the loop of that head counts; 0: to none. */
static uint32_t counts_to(const Costs *c, uint32_t head) {
  const IrBlock *block = &c->fn->blocks[head];
  const IrIns *asked = block->end == IR_JNZ ? &c->fn->ins[block->condition] : NULL;
  return asked && asked->kind == IR_OP && asked->op == QL_OP_LESS ? asked->args[1] : 0;
}

/* The blocks from which the head is come back to without leaving what it dominates. */
static bool find_loop(Costs *c, uint32_t head) {
  bool loops = false;
  for (uint32_t b = 0; b < c->fn->block_count; b++) c->inside[b] = b == head;
  for (bool more = true; more;) {
    more = false;
    for (uint32_t i = c->flow.count; i-- > 0;) {
      uint32_t to[2], b = c->flow.order[i];
      if (!ir_dominates(&c->flow, head, b)) continue;
      for (int t = 0, count = ir_targets(c->fn, b, to); t < count; t++) {
        loops |= to[t] == head;
        if (c->inside[b] || !c->inside[to[t]]) continue;
        c->inside[b] = more = true;
      }
    }
  }
  return loops;
}

static void weigh_loops(Costs *c) {
  for (uint32_t i = 0; i < c->flow.count; i++) {
    uint32_t head = c->flow.order[i];
    if (!find_loop(c, head)) continue;
    uint32_t end = counts_to(c, head);
    bool of_box = end && is_end(c, end, DEEP);
    const IrIns *number = &c->fn->ins[end];
    double turns = end && number->kind == IR_CONST ? (double)QL_MAX(number->value.i, 1) : GUESS;
    for (uint32_t b = 0; b < c->fn->block_count; b++) {
      if (!c->inside[b]) continue;
      c->within[b] += of_box;
      if (!of_box) c->turns[b] *= turns;
    }
  }
}

static void want(Costs *c, uint32_t value) {
  if (!value || c->wanted[value]) return;
  c->wanted[value] = true;
  c->stack[c->count++] = value;
}

/* From what is stored, asked and given on, backwards. */
static void find_wanted(Costs *c) {
  const JitFn *fn = c->fn;
  for (uint32_t i = 0; i < c->flow.count; i++) {
    const IrBlock *block = &fn->blocks[c->flow.order[i]];
    uint32_t end = counts_to(c, c->flow.order[i]);
    if (block->end == IR_JNZ && !(end && is_end(c, end, DEEP))) want(c, block->condition);
    for (uint32_t k = 0; k < block->count; k++) {
      const IrIns *ins = &fn->ins[block->ins[k]];
      if (ins->kind == IR_STORE_AT) want(c, ins->args[2]);
      if (ins->kind != IR_CALL && ins->kind != IR_HOST) continue;
      for (int a = 0; a < ir_arg_count(ins); a++) want(c, ir_args(fn, ins)[a]);
    }
  }
  while (c->count) {
    const IrIns *ins = &fn->ins[c->stack[--c->count]];
    for (uint32_t arm = ins->kind == IR_PHI ? ins->extra : 0; arm; arm = fn->phis[arm].next)
      want(c, fn->phis[arm].value);
    if (ins->kind == IR_OP || ins->kind == IR_CAST)
      for (int a = 0; a < ir_arg_count(ins); a++) want(c, ins->args[a]);
  }
}

/* What is not inline calls itself, or is C's, which may be anything. */
static uint32_t calls(const JitFn *local) { return QL_MAX(local->ins_count, (uint32_t)GUESS); }

static double cost_of(const Costs *c, uint32_t id) {
  const IrIns *ins = &c->fn->ins[id];
  switch ((IrKind)ins->kind) {
    case IR_LOAD_AT:
    case IR_STORE_AT: return 1;
    case IR_CAST: return c->wanted[id];
    case IR_OP: return c->wanted[id] ? ql_op_info[ins->op].cost : 0;
    case IR_CALL: return (double)GUESS * calls(c->fn->module->locals[ins->number]);
    case IR_HOST: return GUESS * GUESS;
    default: return 0;
  }
}

static double cost(const Costs *c) {
  double sum = 0;
  int dims = 0;
  for (uint32_t b = 0; b < c->fn->block_count; b++) dims = QL_MAX(dims, c->within[b]);
  for (uint32_t i = 0; i < c->flow.count; i++) {
    const IrBlock *block = &c->fn->blocks[c->flow.order[i]];
    if (c->within[c->flow.order[i]] < dims) continue;
    for (uint32_t k = 0; k < block->count; k++)
      sum += c->turns[c->flow.order[i]] * cost_of(c, block->ins[k]);
  }
  return sum;
}

QlStatus jit_fn_cost(const JitFn *fn, int dims, int *additions, QlError *error) {
  Costs c = {.fn = fn, .box = 2 * dims};
  QL_TRY(ir_flow(fn, &c.flow, error));
  QlStatus status = QL_OK;
  c.turns = calloc(fn->block_count, sizeof *c.turns);
  c.within = calloc(fn->block_count, sizeof *c.within);
  c.inside = calloc(fn->block_count, sizeof *c.inside);
  c.wanted = calloc(fn->ins_count, sizeof *c.wanted);
  c.stack = calloc(fn->ins_count, sizeof *c.stack);
  if (c.turns && c.within && c.inside && c.wanted && c.stack) {
    for (uint32_t b = 0; b < fn->block_count; b++) c.turns[b] = 1;
    weigh_loops(&c), find_wanted(&c);
    *additions = (int)QL_MAX(QL_MIN(cost(&c), HIGHEST), 1);
  } else {
    status = ql_fail(error, QL_ERR_MEMORY, "out of memory for a compiled loop");
  }
  free(c.turns), free(c.within), free(c.inside), free(c.wanted), free(c.stack);
  ir_flow_free(&c.flow);
  return status;
}
