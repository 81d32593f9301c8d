/* The terms of what a nest puts together (jit/program/sums.c), which only a reduction reads, are
 * not stored. The first step of that reduction (reduce_plan.c) becomes a part of the nest: whoever
 * computes its points does so in chunks, the terms of a chunk in memory of its own, and reduces
 * them while they are in its cache (run/terms.c).
 *
 *     nest     (m, n) -> terms (m, n)               nest     (m, n) -> leaves (m, n / 128)
 *     sum      (m, n) -> leaves (m, n / 128)   =>   sum      ...
 *     sum      ...
 *
 * The leaves are those of the array of terms, and so are the bits. They are placed as leaves are:
 * by the owner of the first term. On several nodes that is not the owner of whatever else the nest
 * stores; there a nest that does so stores its terms too. So does one whose points cost different
 * amounts: portions of it (portions.c) may end anywhere.
 *
 * Ensures that such an array has no memory, and is touched by no group. */
#include "planner.h"

#include <string.h>

enum { MOST_BYTES = 1 << 18 }; /* of the smallest chunk of terms: a second-level cache has room */
enum { LEAVES = 8 }; /* for each worker, or they would share terms less evenly than those */

/* ---- which they are ---- */

/* Is it, element for element, the nest's domain? */
static bool is_domain(const Planner *planner, const Group *group, const NestArray *array) {
  const PlanSlot *slot = &planner->plan->slots[array->view.slot];
  int64_t stride[QL_MAX_DIMS];
  if (slot->ndim != group->rank || array->ndim != group->rank || array->view.offset) return false;
  c_strides(slot->ndim, slot->shape, 1, stride);
  for (int a = 0; a < group->rank; a++) {
    const AxisSpan *span = &array->spans[a];
    if (slot->shape[a] != group->extent[a] || array->view.stride[a] != stride[a] ||
        span->dim != a || span->step != 1 || span->lo || span->hi)
      return false;
  }
  return true;
}

/* Does each point store its term? */
static bool are_terms(const Planner *planner, const Group *group, const NestArray *array) {
  const PlanSlot *slot = &planner->plan->slots[array->view.slot];
  const SlotInfo *info = &planner->slots[array->view.slot];
  return info->storage && !info->alive && info->fresh && info->write_count == 1 &&
         info->read_count == 1 && array->always && slot->layout->template &&
         is_domain(planner, group, array);
}

void terms_mark(Planner *planner, const Group *group) {
  const GroupNest *nest = group->nest;
  if (!nest->kernel || nest->form != JIT_NEST_POINTS || nest->kernel->uneven) return;
  for (int k = 0; k < nest->count; k++) {
    const NestArray *array = &nest->arrays[k];
    if (array->store >= 0 && group->stores[array->store].view.slot == array->view.slot)
      planner->slots[array->view.slot].terms = are_terms(planner, group, array);
  }
}

bool terms_are_read(const Planner *planner, const Group *group) {
  bool read = false;
  for (int k = 0; k < group->node_count; k++)
    read |= group->nodes[k].kind == NODE_LEAF && planner->slots[group->nodes[k].view.slot].terms;
  return read;
}

/* ---- what takes them ---- */

/* What becomes of a nest's stores. */
typedef struct Taken {
  int reducer[GROUP_STORES]; /* the group that reads its terms; -1: it stays as it is */
  GroupStore store[GROUP_STORES];
  int count, axis; /* the nest's, along which they are reduced; */
  JitReduceForm form;
  uint32_t whole; /* along these no chunk is cut */
} Taken;

/* The only group that reads the slot; -1: there are none or several. */
static int reader_of(const Planner *planner, int slot) {
  int reader = -1, count = 0;
  for (int g = 0; g < planner->group_count; g++) {
    const Group *group = &planner->groups[g];
    bool reads = false;
    for (int k = 0; k < group->node_count && group->kind == GROUP_KERNEL; k++)
      reads |= group->nodes[k].kind == NODE_LEAF && group->nodes[k].view.slot == slot;
    if (reads) reader = g, count++;
  }
  return count == 1 ? reader : -1;
}

/* Which dimension of the reducer's domain each of the nest's is; -1: none, for what it reads lies
 * at some places of it. False: it reads something else, otherwise, or too much. */
static bool follows(const Planner *planner, const Group *nest, const Group *reducer, int slot,
                    int *dim) {
  int leaves = 0;
  uint32_t met = 0;
  for (int k = 0; k < reducer->node_count; k++) {
    const ExprNode *node = &reducer->nodes[k];
    AxisMap axes[QL_MAX_DIMS];
    if (node->kind == NODE_SCALAR || node->kind == NODE_RAMP) return false;
    if (node->kind != NODE_LEAF) continue;
    if (node->view.slot != slot ||
        !slot_axes(planner, reducer->rank, reducer->extent, &node->view, axes))
      return false;
    for (int a = 0; a < nest->rank; a++) {
      int r = axes[a].dim;
      if (leaves && r != dim[a]) return false;
      dim[a] = r;
      if (r < 0) continue;
      if (axes[a].start || axes[a].step != 1 || reducer->extent[r] != nest->extent[a]) return false;
      met |= 1u << r;
    }
    leaves++;
  }
  return leaves && leaves < TERMS_OPERANDS && met == (1u << reducer->rank) - 1;
}

int64_t terms_least(int rank, const int64_t *extent, int axis, uint32_t whole) {
  int64_t points = 1;
  for (int a = 0; a < rank; a++) {
    if (whole >> a & 1)
      points *= extent[a];
    else if (a == axis)
      points *= QL_MIN(extent[a], (int64_t)JIT_LEAF);
  }
  return points;
}

static bool are_shared(const Planner *planner, const Group *nest, int axis, JitReduceForm form) {
  int64_t leaves = ceil_div(nest->extent[axis], JIT_LEAF);
  for (int a = 0; a < nest->rank; a++)
    if (a != axis) leaves *= nest->extent[a];
  return form == JIT_WHOLE || leaves >= (int64_t)LEAVES * planner_all_workers(planner);
}

/* The reducer's store, and how it reduces, seen from the nest. */
static bool take_store(const Planner *planner, const Group *nest, int slot, Taken *taken, int k) {
  const Group *reducer = &planner->groups[taken->reducer[k]];
  const GroupStore *from = &reducer->stores[0];
  int dim[QL_MAX_DIMS], axis = -1;
  uint32_t whole = 0;
  if (reducer->kind != GROUP_KERNEL || group_is_given(reducer) || reducer->reduce_axis < 0 ||
      (reducer->form != JIT_LEAVES && reducer->form != JIT_WHOLE) || reducer->store_count != 1 ||
      !from->line || from->view.slot < planner->log->slot_count ||
      !follows(planner, nest, reducer, slot, dim))
    return false;
  GroupStore *store = &taken->store[k];
  *store = (GroupStore){.view = from->view, .node = -1, .slot = from->slot, .line = true};
  for (int a = 0; a < nest->rank; a++) {
    bool reduced = dim[a] >= 0 && dim[a] == reducer->reduce_axis,
         uncut = dim[a] < 0 || (reduced && reducer->form == JIT_WHOLE);
    store->view.stride[a] = dim[a] < 0 ? 0 : from->view.stride[dim[a]];
    if (axis >= 0 && !uncut && nest->extent[a] > 1) return false; /* chunks would be large */
    if (reduced) axis = a;
    whole |= (uint32_t)uncut << a;
  }
  int64_t item = ql_dtype_info[planner->plan->slots[slot].dtype].size;
  if (terms_least(nest->rank, nest->extent, axis, whole) * item > MOST_BYTES ||
      !are_shared(planner, nest, axis, reducer->form))
    return false;
  bool alike = !taken->count ||
               (taken->axis == axis && taken->form == reducer->form && taken->whole == whole);
  taken->axis = axis, taken->form = reducer->form, taken->whole = whole, taken->count++;
  return alike;
}

/* The nest as it would be; false: it stays as it is. */
static bool takes(const Planner *planner, Group *nest, const Taken *taken) {
  bool first = true;
  nest->reduce_axis = taken->axis, nest->form = taken->form;
  for (int k = 0; k < nest->store_count; k++) {
    bool stays = taken->reducer[k] < 0;
    Placement p = planner_place(planner, nest, stays ? &nest->stores[k] : &taken->store[k]);
    if (stays && (planner->ctx->info->node_count > 1 || p.replicated)) return false;
    if (stays) continue;
    if (p.replicated || p.everywhere || p.flat) return false;
    if (!first && !placed_alike(&p, &nest->placement)) return false;
    nest->placement = p, first = false;
  }
  return true;
}

static const Group *reducer_in_memory(const Planner *planner, const Group *from) {
  Group *reducer = ql_pool_copy(planner->pool, from, sizeof *from);
  if (!reducer) return (void)planner_no_memory(planner), NULL;
  reducer->reach = planner_zeros(planner, (size_t)from->node_count * sizeof *reducer->reach);
  if (!reducer->reach) return NULL;
  for (int k = 0; k < from->node_count; k++) {
    if (from->nodes[k].kind != NODE_LEAF) continue;
    reducer->reach[k].slot = from->nodes[k].view.slot;
    reach_axes(planner, reducer, k);
  }
  return reducer;
}

/* ---- the pass ---- */

static QlStatus take(Planner *planner, int index, bool *gone) {
  Group nest = planner->groups[index];
  Taken taken = {.count = 0};
  for (int k = 0; k < nest.store_count; k++) {
    int slot = nest.stores[k].view.slot;
    taken.reducer[k] = planner->slots[slot].terms ? reader_of(planner, slot) : -1;
    if (taken.reducer[k] >= 0 && !take_store(planner, &nest, slot, &taken, k)) return QL_OK;
  }
  if (!taken.count || !takes(planner, &nest, &taken)) return QL_OK;
  nest.whole = taken.whole;
  for (int k = 0; k < nest.store_count; k++) {
    if (taken.reducer[k] < 0) continue;
    nest.terms[k] = reducer_in_memory(planner, &planner->groups[taken.reducer[k]]);
    if (!nest.terms[k]) return QL_ERR_MEMORY;
    planner->slots[nest.stores[k].view.slot].stored = false;
    nest.stores[k] = taken.store[k];
    gone[taken.reducer[k]] = true;
  }
  planner->groups[index] = nest;
  return QL_OK;
}

QlStatus planner_terms(Planner *planner) {
  bool *gone = planner_zeros(planner, (size_t)planner->group_count * sizeof *gone + 1);
  int count = 0;
  if (!gone) return QL_ERR_MEMORY;
  for (int g = 0; g < planner->group_count; g++)
    if (planner->groups[g].nest) QL_TRY(take(planner, g, gone));
  for (int g = 0; g < planner->group_count; g++)
    if (!gone[g]) planner->groups[count++] = planner->groups[g];
  planner->group_count = count;
  return QL_OK;
}
