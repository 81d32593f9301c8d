/* Common subexpressions: a value that a dominating instruction has computed already is that value.
 *
 * Requires a verified function; ensures one.
 *
 * Two loads of an element are equal when nothing writes the operand. An operand that is updated is
 * equal to itself within a block, between two effects. Loads by address stay: LLVM knows better
 * what lies between them. Swapped arguments count as equal where the operation gives the same bits
 * either way: not minimum and maximum (zeros of both signs). */
#include "ir.h"

#include <stdlib.h>

typedef struct Scope { /* a block and what it dominates */
  uint32_t end;        /* its place in the tree of dominators */
  uint32_t count;      /* of values that are known outside */
} Scope;

typedef struct Cse {
  JitFn *fn;
  IrFlow flow;
  uint32_t *same;
  uint32_t
      *version; /* [ins_count] of loads of operands that are updated: equal between two effects */
  uint32_t *known; /* [ins_count] slots of the table in order; what was known last goes first */
  uint32_t *table; /* open addressing, by hash; 0: free */
  Scope *scopes;   /* [blocks] a stack: those around the block at hand */
  uint32_t mask, stamp, count;
} Cse;

static bool commutes(const IrIns *ins) {
  switch ((QlOp)ins->op) {
    case QL_OP_ADD:
    case QL_OP_MULTIPLY:
    case QL_OP_EQUAL:
    case QL_OP_NOT_EQUAL:
    case QL_OP_LOGICAL_AND:
    case QL_OP_LOGICAL_OR:
    case QL_OP_LOGICAL_XOR:
    case QL_OP_BITWISE_AND:
    case QL_OP_BITWISE_OR:
    case QL_OP_BITWISE_XOR: return ins->kind == IR_OP;
    default: return false;
  }
}

static uint64_t hash(const Cse *c, uint32_t id) {
  const IrIns *ins = &c->fn->ins[id];
  uint64_t h = ql_mix(ins->kind, (uint64_t)ins->op << 32 | ins->dtype);
  int count = ir_arg_count(ins);
  switch (ins->kind) {
    case IR_CONST: return ql_mix(ql_mix(h, ins->value.bits[0]), ins->value.bits[1]);
    case IR_LOAD:
      h = ql_mix(ql_mix(h, (uint64_t)ins->number), c->version[id]);
      for (int axis = 0; axis < c->fn->rank; axis++)
        h = ql_mix(h, (uint64_t)c->fn->offsets[ins->extra + (uint32_t)axis]);
      return h;
    case IR_PARAM:
    case IR_INDEX: return ql_mix(h, (uint64_t)ins->number);
    default: break;
  }
  if (commutes(ins)) return ql_mix(h, (uint64_t)ins->args[0] + ins->args[1]);
  for (int a = 0; a < count; a++) h = ql_mix(h, ins->args[a]);
  return h;
}

static bool equal_loads(const Cse *c, uint32_t a, uint32_t b) {
  const IrIns *x = &c->fn->ins[a], *y = &c->fn->ins[b];
  if (x->number != y->number || c->version[a] != c->version[b]) return false;
  for (uint32_t axis = 0; axis < (uint32_t)c->fn->rank; axis++)
    if (c->fn->offsets[x->extra + axis] != c->fn->offsets[y->extra + axis]) return false;
  return true;
}

static bool equal(const Cse *c, uint32_t a, uint32_t b) {
  const IrIns *x = &c->fn->ins[a], *y = &c->fn->ins[b];
  if (x->kind != y->kind || x->dtype != y->dtype) return false;
  switch (x->kind) {
    case IR_CONST:
      return x->value.bits[0] == y->value.bits[0] && x->value.bits[1] == y->value.bits[1];
    case IR_LOAD: return x->line == y->line && equal_loads(c, a, b);
    case IR_PARAM:
    case IR_INDEX: return x->number == y->number && x->line == y->line;
    case IR_REDUCE:
    case IR_OP:
      if (x->op != y->op) return false;
      if (commutes(x) && x->args[0] == y->args[1] && x->args[1] == y->args[0]) return true;
      break;
    default: break;
  }
  for (int i = 0, count = ir_arg_count(x); i < count; i++)
    if (x->args[i] != y->args[i]) return false;
  return true;
}

static void visit(Cse *c, uint32_t id) {
  IrIns *ins = &c->fn->ins[id];
  ir_same_args(c->fn, c->same, ins);
  if (ir_has_effect(ins)) c->stamp++;
  bool is_own = ins->kind == IR_PHI || ins->kind == IR_LOAD_AT || ins->kind == IR_STACK;
  if (ir_has_effect(ins) || is_own) return;
  if (ins->kind == IR_LOAD)
    c->version[id] = c->fn->arrays[ins->number].access == JIT_READ ? 0 : c->stamp;
  uint32_t slot = (uint32_t)hash(c, id) & c->mask;
  for (; c->table[slot]; slot = (slot + 1) & c->mask) {
    uint32_t other = c->table[slot];
    if (equal(c, other, id)) {
      c->same[id] = other;
      return;
    }
  }
  c->table[slot] = id;
  c->known[c->count++] = slot;
}

/* Block after block, each before what it dominates; behind that its values are forgotten. */
static void visit_all(Cse *c) {
  uint32_t depth = 0;
  for (uint32_t i = 0; i < c->flow.count; i++, c->stamp++) {
    const IrBlock *block = &c->fn->blocks[c->flow.tree[i]];
    for (; depth && c->scopes[depth - 1].end <= i; depth--)
      while (c->count > c->scopes[depth - 1].count) c->table[c->known[--c->count]] = 0;
    c->scopes[depth++] = (Scope){i + c->flow.size[c->flow.tree[i]], c->count};
    for (uint32_t k = 0; k < block->count; k++) visit(c, block->ins[k]);
  }
}

static QlStatus join_equal(JitFn *fn, QlError *error) {
  Cse c = {.fn = fn, .stamp = 1, .mask = 15};
  if (ir_has_lanes(fn)) return QL_OK;
  QL_TRY(ir_flow(fn, &c.flow, error));
  while (c.mask < 2 * fn->ins_count) c.mask = c.mask * 2 + 1;
  c.same = ir_same_new(fn, error);
  c.version = calloc(2 * (size_t)fn->ins_count, sizeof *c.version);
  c.table = calloc((size_t)c.mask + 1, sizeof *c.table);
  c.scopes = malloc(fn->block_count * sizeof *c.scopes);
  QlStatus status = QL_OK;
  if (!c.same || !c.version || !c.table || !c.scopes) {
    status = ql_fail(error, QL_ERR_MEMORY, "out of memory for a pass");
    goto out;
  }
  c.known = c.version + fn->ins_count;
  visit_all(&c);
  ir_same_apply(fn, c.same);
out:
  free(c.same), free(c.version), free(c.table), free(c.scopes);
  ir_flow_free(&c.flow);
  return status;
}

QlStatus jit_cse(JitFn *fn, QlError *error) { return ir_each(fn, join_equal, error); }
