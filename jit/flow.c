/* What control flow implies: an order of the blocks, dominators, and what no path reaches. And the
 * record that passes keep of values that equal earlier ones.
 *
 * Dominators by the algorithm Semi-NCA of Georgiadis, "Linear-Time Algorithms for Dominators and
 * Related Problems" (2005): semidominators by evaluation with path compression, as Lengauer and
 * Tarjan find them; then the dominator of a block is the nearest common ancestor, in the tree of
 * dominators, of its parent and its semidominator. About linear also for a block to which thousands
 * jump, as to the one that reports an error. */
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

/* While the flow is found. Blocks by their number in the order in which the search first sees them,
 * or by their own. */
typedef struct Search {
  uint32_t *stack;  /* of the depth-first search; later of a path */
  uint32_t *next;   /* [block] which successor comes next; later where its predecessors lie */
  uint32_t *seen;   /* [block] its number */
  uint32_t *block;  /* [number] */
  uint32_t *parent; /* [number] in the search; then, for the linked, some ancestor */
  uint32_t *semi;   /* [number] its semidominator */
  uint32_t *label;  /* [number] of the linked path above it the number with the least semi */
  uint32_t *above;  /* [number] its dominator */
  uint32_t *from;   /* the predecessors of block after block, by their numbers */
  uint32_t count;
} Search;

static void see(Search *s, uint32_t block, uint32_t parent) {
  s->seen[block] = s->count, s->block[s->count] = block, s->parent[s->count] = parent;
  s->count++;
}

/* Depth first with an explicit stack. */
static void reverse_postorder(const JitFn *fn, IrFlow *flow, Search *s) {
  uint32_t depth = 0, finished = fn->block_count;
  memset(s->seen, 0xff, fn->block_count * sizeof *s->seen);
  memset(s->next, 0, fn->block_count * sizeof *s->next);
  s->stack[depth++] = 0;
  see(s, 0, 0);
  while (depth) {
    uint32_t block = s->stack[depth - 1], to[2];
    if (s->next[block] < (uint32_t)ir_targets(fn, block, to)) {
      uint32_t target = to[s->next[block]++];
      if (s->seen[target] != NOWHERE) continue;
      see(s, target, s->seen[block]);
      s->stack[depth++] = target;
    } else {
      flow->order[--finished] = block;
      depth--;
    }
  }
  flow->count = fn->block_count - finished;
  memmove(flow->order, flow->order + finished, flow->count * sizeof *flow->order);
  for (uint32_t i = 0; i < flow->count; i++) flow->position[flow->order[i]] = i;
}

/* from[next[b]] .. from[next[b + 1] - 1] are those of block b. */
static void predecessors(const JitFn *fn, const IrFlow *flow, Search *s) {
  uint32_t to[2], total = 0;
  memset(s->next, 0, (fn->block_count + 1) * sizeof *s->next);
  for (uint32_t i = 0; i < flow->count; i++)
    for (int t = 0, count = ir_targets(fn, flow->order[i], to); t < count; t++) s->next[to[t]]++;
  for (uint32_t b = 0; b <= fn->block_count; b++) total += s->next[b], s->next[b] = total;
  for (uint32_t i = 0; i < flow->count; i++)
    for (int t = 0, count = ir_targets(fn, flow->order[i], to); t < count; t++)
      s->from[--s->next[to[t]]] = s->seen[flow->order[i]];
}

/* Of v and what is above it, linked already (numbers from `linked` on), the one with the least
 * semidominator. */
static uint32_t evaluate(Search *s, uint32_t v, uint32_t linked) {
  uint32_t depth = 0;
  if (s->parent[v] < linked) return s->label[v];
  do s->stack[depth++] = v, v = s->parent[v];
  while (s->parent[v] >= linked);
  uint32_t top = v;
  while (depth) {
    uint32_t below = s->stack[--depth];
    s->parent[below] = s->parent[top];
    if (s->semi[s->label[v]] < s->semi[s->label[below]]) s->label[below] = s->label[v];
    v = below;
  }
  return s->label[v];
}

static void dominators(IrFlow *flow, Search *s) {
  for (uint32_t n = 0; n < s->count; n++) s->above[n] = s->parent[n], s->semi[n] = s->label[n] = n;
  for (uint32_t n = s->count; n-- > 1;) {
    uint32_t block = s->block[n];
    s->semi[n] = s->parent[n];
    for (uint32_t p = s->next[block]; p < s->next[block + 1]; p++) {
      uint32_t semi = s->semi[evaluate(s, s->from[p], n + 1)];
      if (semi < s->semi[n]) s->semi[n] = semi;
    }
  }
  flow->dominator[0] = 0;
  for (uint32_t n = 1; n < s->count; n++) {
    while (s->above[n] > s->semi[n]) s->above[n] = s->above[s->above[n]];
    flow->dominator[s->block[n]] = s->block[s->above[n]];
  }
}

/* A block and all that it dominates lie next to each other in `tree`. */
static void number_tree(IrFlow *flow, uint32_t *next) {
  for (uint32_t i = 0; i < flow->count; i++) flow->size[flow->order[i]] = 1;
  for (uint32_t i = flow->count; i-- > 1;) {
    uint32_t block = flow->order[i];
    flow->size[flow->dominator[block]] += flow->size[block];
  }
  flow->place[0] = 0, next[0] = 1, flow->tree[0] = 0;
  for (uint32_t i = 1; i < flow->count; i++) {
    uint32_t block = flow->order[i], above = flow->dominator[block];
    flow->place[block] = next[above], next[above] += flow->size[block];
    next[block] = flow->place[block] + 1;
    flow->tree[flow->place[block]] = block;
  }
}

QlStatus ir_flow(const JitFn *fn, IrFlow *flow, QlError *error) {
  enum { RESULTS = 6, TEMPORARIES = 8, EDGES = 2 };
  size_t blocks = fn->block_count;
  *flow = (IrFlow){.order = malloc(RESULTS * blocks * sizeof(uint32_t))};
  uint32_t *memory = malloc(((TEMPORARIES + EDGES) * blocks + 1) * sizeof *memory);
  if (!flow->order || !memory) {
    free(memory);
    ir_flow_free(flow);
    return ql_fail(error, QL_ERR_MEMORY, "out of memory for the control flow of a kernel");
  }
  uint32_t **results[] = {&flow->position, &flow->dominator, &flow->tree, &flow->place,
                          &flow->size};
  for (int r = 1; r < RESULTS; r++) *results[r - 1] = flow->order + (size_t)r * blocks;
  memset(flow->position, 0xff, 2 * blocks * sizeof(uint32_t));
  Search s = {.stack = memory};
  uint32_t **temporaries[] = {&s.seen, &s.block, &s.parent, &s.semi, &s.label, &s.above, &s.from};
  for (int t = 1; t < TEMPORARIES; t++) *temporaries[t - 1] = memory + (size_t)t * blocks;
  s.next = s.from + EDGES * blocks;
  reverse_postorder(fn, flow, &s);
  predecessors(fn, flow, &s);
  dominators(flow, &s);
  number_tree(flow, s.next);
  free(memory);
  return QL_OK;
}

void ir_flow_free(IrFlow *flow) {
  free(flow->order);
  *flow = (IrFlow){0};
}

bool ir_dominates(const IrFlow *flow, uint32_t a, uint32_t b) {
  return flow->place[b] - flow->place[a] < flow->size[a];
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
    block->condition = ir_same(same, block->condition);
  }
  for (uint32_t arm = 1; arm < fn->phi_count; arm++)
    fn->phis[arm].value = ir_same(same, fn->phis[arm].value);
}
