/* What control flow implies: an order of the blocks, dominators, and what no path reaches. And the
 * record that passes keep of values that equal earlier ones.
 *
 * Dominators by the algorithm of Cooper, Harvey and Kennedy, "A Simple, Fast Dominance Algorithm"
 * (2001): iterate dom(b) = intersection of dom(p) over the predecessors p, on the tree of immediate
 * dominators, in reverse postorder.
 */
#include "ir.h"

#include <stdlib.h>
#include <string.h>

#define NOWHERE UINT32_MAX

int ir_targets(const JitFn *fn, uint32_t block, uint32_t to[2]) {
  to[0] = fn->blocks[block].to[0], to[1] = fn->blocks[block].to[1];
  switch (ir_end(fn, block)) {
    case IR_JMP: return 1;
    case IR_JNZ: return 2;
    default: return 0;
  }
}

/* Depth first with an explicit stack of blocks; next[b] counts the successors of b that were
 * visited. */
static void reverse_postorder(const JitFn *fn, IrFlow *flow, uint32_t *stack, uint8_t *next) {
  uint32_t depth = 0, finished = fn->block_count;
  stack[depth++] = 0;
  flow->position[0] = 0;
  while (depth) {
    uint32_t block = stack[depth - 1], to[2];
    if (next[block] < ir_targets(fn, block, to)) {
      uint32_t target = to[next[block]++];
      if (flow->position[target] == NOWHERE) flow->position[target] = 0, stack[depth++] = target;
    } else {
      flow->order[--finished] = block;
      depth--;
    }
  }
  flow->count = fn->block_count - finished;
  memmove(flow->order, flow->order + finished, flow->count * sizeof *flow->order);
  for (uint32_t i = 0; i < flow->count; i++) flow->position[flow->order[i]] = i;
}

static uint32_t common(const IrFlow *flow, uint32_t a, uint32_t b) {
  while (a != b) {
    while (flow->position[a] > flow->position[b]) a = flow->dominator[a];
    while (flow->position[b] > flow->position[a]) b = flow->dominator[b];
  }
  return a;
}

/* Visits edges forward, from each block to its successors, so that no list of predecessors is
 * needed. */
static void dominators(const JitFn *fn, IrFlow *flow) {
  flow->dominator[0] = 0;
  for (bool changed = true; changed;) {
    changed = false;
    for (uint32_t i = 0; i < flow->count; i++) {
      uint32_t block = flow->order[i], to[2];
      for (int t = 0, count = ir_targets(fn, block, to); t < count; t++) {
        uint32_t *above = &flow->dominator[to[t]];
        uint32_t better = *above == NOWHERE ? block : common(flow, *above, block);
        if (to[t] != 0 && better != *above) *above = better, changed = true;
      }
    }
  }
}

QlStatus ir_flow(const JitFn *fn, IrFlow *flow, QlError *error) {
  size_t blocks = fn->block_count;
  *flow = (IrFlow){.order = malloc(3 * blocks * sizeof(uint32_t))};
  uint32_t *stack = malloc(blocks * sizeof *stack);
  uint8_t *next = calloc(blocks, 1);
  QlStatus status = QL_OK;
  if (!flow->order || !stack || !next) {
    status = ql_fail(error, QL_ERR_MEMORY, "out of memory for the control flow of a kernel");
    ir_flow_free(flow);
    goto out;
  }
  flow->position = flow->order + blocks;
  flow->dominator = flow->position + blocks;
  memset(flow->position, 0xff, 2 * blocks * sizeof(uint32_t));
  reverse_postorder(fn, flow, stack, next);
  dominators(fn, flow);
out:
  free(stack), free(next);
  return status;
}

void ir_flow_free(IrFlow *flow) {
  free(flow->order);
  *flow = (IrFlow){0};
}

bool ir_dominates(const IrFlow *flow, uint32_t a, uint32_t b) {
  while (flow->position[b] > flow->position[a]) b = flow->dominator[b];
  return a == b;
}

bool ir_has_cycle(const JitFn *fn, const IrFlow *flow) {
  for (uint32_t i = 0; i < flow->count; i++) {
    uint32_t to[2];
    for (int t = 0, count = ir_targets(fn, flow->order[i], to); t < count; t++)
      if (flow->position[to[t]] <= i) return true;
  }
  return false;
}

/* Drops the arms of a phi that come from removed blocks and renumbers the rest. */
static void prune_arms(JitFn *fn, IrIns *phi, const uint32_t *renumbered) {
  uint32_t *link = &phi->extra;
  phi->count = 0;
  while (*link) {
    IrPhi *arm = &fn->phis[*link];
    if (renumbered[arm->block] == NOWHERE) {
      *link = arm->next;
    } else {
      arm->block = renumbered[arm->block];
      phi->count++;
      link = &arm->next;
    }
  }
}

bool ir_prune(JitFn *fn) {
  IrFlow flow;
  if (ir_flow(fn, &flow, NULL) != QL_OK) return false;
  uint32_t kept = 0, *renumbered = flow.dominator; /* dominators are not needed here */
  if (flow.count < fn->block_count) {
    for (uint32_t b = 0; b < fn->block_count; b++)
      renumbered[b] = flow.position[b] == NOWHERE ? NOWHERE : kept++;
    for (uint32_t b = 0; b < fn->block_count; b++) {
      if (renumbered[b] == NOWHERE) continue;
      IrBlock *block = &fn->blocks[b];
      for (uint32_t i = 0; i < block->count && fn->ins[block->ins[i]].kind == IR_PHI; i++)
        prune_arms(fn, &fn->ins[block->ins[i]], renumbered);
      for (int t = 0; t < 2; t++)
        if (block->end == IR_JMP || block->end == IR_JNZ) block->to[t] = renumbered[block->to[t]];
      fn->blocks[renumbered[b]] = *block;
    }
    if (fn->open < fn->block_count) fn->open = renumbered[fn->open];
    fn->block_count = kept;
  }
  ir_flow_free(&flow);
  return true;
}

/* ---- equal values ---- */

uint32_t *ir_same_new(const JitFn *fn, QlError *error) {
  uint32_t *same = malloc(fn->ins_count * sizeof *same);
  if (!same) ql_fail(error, QL_ERR_MEMORY, "out of memory for a pass");
  for (uint32_t i = 0; same && i < fn->ins_count; i++) same[i] = i;
  return same;
}

uint32_t ir_same(const uint32_t *same, uint32_t value) {
  while (same[value] != value) value = same[value];
  return value;
}

void ir_same_args(const JitFn *fn, const uint32_t *same, const IrIns *ins) {
  uint32_t *args = ir_args(fn, ins);
  for (int a = 0, count = ir_arg_count(ins); a < count; a++) args[a] = ir_same(same, args[a]);
}

void ir_same_apply(JitFn *fn, const uint32_t *same) {
  for (uint32_t b = 0; b < fn->block_count; b++) {
    IrBlock *block = &fn->blocks[b];
    uint32_t kept = 0;
    for (uint32_t i = 0; i < block->count; i++) {
      if (same[block->ins[i]] != block->ins[i]) continue;
      ir_same_args(fn, same, &fn->ins[block->ins[i]]);
      block->ins[kept++] = block->ins[i];
    }
    block->count = kept;
    if (block->end == IR_JNZ) block->condition = ir_same(same, block->condition);
  }
  for (uint32_t arm = 1; arm < fn->phi_count; arm++)
    fn->phis[arm].value = ir_same(same, fn->phis[arm].value);
}
