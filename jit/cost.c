/* What an iteration of a nest costs, about, in additions: how many threads it is worth, and whether
 * its data should stay in the cache, is decided by that.
 *
 * Counted is what each point does: elements that it touches, and what is computed for what it
 * stores, asks and calls. Addresses are not, which LLVM moves along with the loops, nor what stands
 * outside of the loops over the box, whose ends are parameters. A loop inside is a number of turns
 * where that is known, and a guess elsewhere.
 *
 * Points are uneven when a loop inside takes more turns at some than at others: it may end in its
 * middle, or on what is read or computed; or its range grows with the point; or some points do not
 * come to it. Then nobody knows beforehand which share of the box takes how long.
 *
 * Requires a verified function of rank 0. */
#include "ir.h"

#include <stdlib.h>

enum { GUESS = 16, HIGHEST = 1 << 16, DEEP = 4, DEEPER = 10 };

typedef struct Costs {
  const JitFn *fn;
  IrFlow flow;
  double *turns;    /* [block_count] how often a point comes there */
  int *within;      /* [block_count] so many loops over the box are around it */
  uint32_t *around; /* [block_count] the head of the innermost loop that it is in, but for a head:
                       of the one around it; 0: none */
  bool *wanted;     /* [ins_count] it is more than an address */
  bool *inside;     /* [block_count] of the loop that is looked at */
  uint32_t *stack;  /* [ins_count] */
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

/* Does such a loop go over the box? */
static bool goes_over_box(const Costs *c, uint32_t head) {
  uint32_t end = counts_to(c, head);
  return end && is_end(c, end, DEEP);
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
    bool of_box = goes_over_box(c, head);
    const IrIns *number = &c->fn->ins[end];
    double turns = end && number->kind == IR_CONST ? (double)QL_MAX(number->value.i, 1) : GUESS;
    for (uint32_t b = 0; b < c->fn->block_count; b++) {
      if (!c->inside[b]) continue;
      c->within[b] += of_box;
      if (b != head) c->around[b] = head; /* heads come after those of the loops around them */
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
    if (block->end == IR_JNZ && !goes_over_box(c, c->flow.order[i])) want(c, block->condition);
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

static double cost_of_point(const Costs *c, int dims) {
  double sum = 0;
  for (uint32_t i = 0; i < c->flow.count; i++) {
    const IrBlock *block = &c->fn->blocks[c->flow.order[i]];
    if (c->within[c->flow.order[i]] < dims) continue;
    for (uint32_t k = 0; k < block->count; k++)
      sum += c->turns[c->flow.order[i]] * cost_of(c, block->ins[k]);
  }
  return sum;
}

/* ---- are points alike? ---- */

/* By how much a value grows from point to point: the sum over the box's dimensions of as many times
 * their `grain`s. */
typedef struct Growth {
  bool known;
  uint64_t by;
} Growth;
static const Growth any_growth = {.known = false}, no_growth = {.known = true};

static uint64_t grain(uint32_t head) { return ql_mix(head + 1, 1) | 1; }

static Growth growth_of(const Costs *c, uint32_t value, int deep);

/* What a limit keeps back at some points grows as what it limits. */
static Growth of_limited(Growth a, Growth b) {
  if (!a.known || !b.known || (a.by && b.by && a.by != b.by)) return any_growth;
  return a.by ? a : b;
}

static Growth of_operation(const Costs *c, const IrIns *ins, int deep) {
  Growth arg[3] = {no_growth, no_growth, no_growth};
  bool still = true;
  for (int a = 0; a < ir_arg_count(ins); a++) {
    arg[a] = growth_of(c, ins->args[a], deep - 1);
    still &= arg[a].known && !arg[a].by;
  }
  if (still) return no_growth;
  switch ((QlOp)ins->op) {
    case QL_OP_ADD: return (Growth){arg[0].known && arg[1].known, arg[0].by + arg[1].by};
    case QL_OP_SUBTRACT: return (Growth){arg[0].known && arg[1].known, arg[0].by - arg[1].by};
    case QL_OP_MULTIPLY:
      for (int a = 0; a < 2; a++)
        if (c->fn->ins[ins->args[a]].kind == IR_CONST)
          return (Growth){arg[!a].known, arg[!a].by * (uint64_t)c->fn->ins[ins->args[a]].value.i};
      return any_growth;
    case QL_OP_MAXIMUM:
    case QL_OP_MINIMUM: return of_limited(arg[0], arg[1]);
    case QL_OP_SELECT: return of_limited(arg[1], arg[2]);
    default: return any_growth;
  }
}

/* The turn that a loop is at. */
static bool is_counter(const Costs *c, uint32_t value, uint32_t *head) {
  for (uint32_t i = 0; i < c->flow.count; i++) {
    *head = c->flow.order[i];
    if (counts_to(c, *head) && c->fn->ins[c->fn->blocks[*head].condition].args[0] == value)
      return true;
  }
  return false;
}

static Growth growth_of(const Costs *c, uint32_t value, int deep) {
  const IrIns *ins = &c->fn->ins[value];
  uint32_t head;
  switch ((IrKind)ins->kind) {
    case IR_CONST:
    case IR_PARAM: return no_growth;
    case IR_CAST: return deep ? growth_of(c, ins->args[0], deep - 1) : any_growth;
    case IR_OP: return deep ? of_operation(c, ins, deep) : any_growth;
    case IR_PHI:
      if (!is_counter(c, value, &head)) return any_growth;
      return (Growth){true, goes_over_box(c, head) ? grain(head) : 0};
    default: return any_growth;
  }
}

/* From a beginning to an end that are as far apart at all points, by steps that are the same. */
static bool counts_alike(const Costs *c, uint32_t head) {
  uint32_t end = counts_to(c, head);
  if (!end) return false;
  uint32_t counter = c->fn->ins[c->fn->blocks[head].condition].args[0];
  const IrIns *phi = &c->fn->ins[counter];
  Growth ends = growth_of(c, end, DEEPER);
  if (!ends.known || phi->kind != IR_PHI) return false;
  for (uint32_t arm = phi->extra; arm; arm = c->fn->phis[arm].next) {
    const IrIns *next = &c->fn->ins[c->fn->phis[arm].value];
    if (!c->inside[c->fn->phis[arm].block]) {
      Growth begins = growth_of(c, c->fn->phis[arm].value, DEEPER);
      if (!begins.known || begins.by != ends.by) return false;
      continue;
    }
    if (next->kind != IR_OP || next->op != QL_OP_ADD) return false;
    bool steps = false;
    for (int a = 0; a < 2; a++) {
      Growth step = growth_of(c, next->args[!a], DEEPER);
      steps |= next->args[a] == counter && step.known && !step.by;
    }
    if (!steps) return false;
  }
  return true;
}

/* Is it left from its head alone? Ways out of the loops over the box end the box. */
static bool ends_at_head(const Costs *c, uint32_t head, int dims) {
  for (uint32_t b = 0; b < c->fn->block_count; b++) {
    uint32_t to[2];
    int count = c->inside[b] && b != head ? ir_targets(c->fn, b, to) : 0;
    for (int t = 0; t < count; t++)
      if (!c->inside[to[t]] && c->within[to[t]] == dims) return false;
  }
  return true;
}

/* Does each turn of the loop around it come there? */
static bool is_always_met(const Costs *c, uint32_t block) {
  uint32_t head = c->around[block];
  for (uint32_t i = 0; i < c->flow.count; i++) {
    uint32_t to[2], b = c->flow.order[i];
    for (int t = 0, count = ir_targets(c->fn, b, to); t < count; t++)
      if (to[t] == head && ir_dominates(&c->flow, head, b) && !ir_dominates(&c->flow, block, b))
        return false;
  }
  return true;
}

static bool is_uneven(Costs *c, int dims) {
  for (uint32_t i = 0; i < c->flow.count; i++) {
    uint32_t head = c->flow.order[i];
    const IrBlock *block = &c->fn->blocks[head];
    if (c->within[head] < dims) continue;
    for (uint32_t k = 0; k < block->count; k++) /* it calls itself, or is C's */
      if (c->fn->ins[block->ins[k]].kind == IR_CALL) return true;
    if (goes_over_box(c, head) || !find_loop(c, head)) continue;
    if (!counts_alike(c, head) || !ends_at_head(c, head, dims) || !is_always_met(c, head))
      return true;
  }
  return false;
}

static int dims_of(const Costs *c) {
  int dims = 0;
  for (uint32_t b = 0; b < c->fn->block_count; b++) dims = QL_MAX(dims, c->within[b]);
  return dims;
}

QlStatus jit_fn_cost(const JitFn *fn, int dims, JitCost *cost, QlError *error) {
  Costs c = {.fn = fn, .box = 2 * dims};
  QL_TRY(ir_flow(fn, &c.flow, error));
  QlStatus status = QL_OK;
  c.turns = calloc(fn->block_count, sizeof *c.turns);
  c.within = calloc(fn->block_count, sizeof *c.within);
  c.around = calloc(fn->block_count, sizeof *c.around);
  c.inside = calloc(fn->block_count, sizeof *c.inside);
  c.wanted = calloc(fn->ins_count, sizeof *c.wanted);
  c.stack = calloc(fn->ins_count, sizeof *c.stack);
  if (c.turns && c.within && c.around && c.inside && c.wanted && c.stack) {
    for (uint32_t b = 0; b < fn->block_count; b++) c.turns[b] = 1;
    weigh_loops(&c), find_wanted(&c);
    int around = dims_of(&c);
    cost->additions = (int)QL_MAX(QL_MIN(cost_of_point(&c, around), HIGHEST), 1);
    cost->uneven = is_uneven(&c, around);
  } else {
    status = ql_fail(error, QL_ERR_MEMORY, "out of memory for a compiled loop");
  }
  free(c.turns), free(c.within), free(c.around), free(c.inside), free(c.wanted), free(c.stack);
  ir_flow_free(&c.flow);
  return status;
}
