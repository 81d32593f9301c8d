/* Results that no cache can keep are stored past the caches, in whole lines:
 *
 *     c[:] = b + 3.0 * a     24 bytes an element, of a, b and c; through a cache 32: a line of c
 *                            is read there before it is written
 *
 * So are the large results of kernels that are not computed front by front: whoever reads one next
 * begins where it was stored first, and finds nothing of it in a cache either way.
 *
 * Requires sweeps. All of it follows from extents and a size that all ranks have agreed on; the
 * kernel is another one (JIT_STREAM), its bits are the same. */
#include "planner.h"

enum { ROW = 1024 }; /* bytes: of shorter rows the ends, which are stored in parts, are too much */

static bool has_long_rows(const Planner *planner, const Group *group, int64_t item) {
  int64_t least = QL_MIN(ROW, planner->ctx->stream_bytes);
  return group->extent[group->rank - 1] * item >= least;
}

static bool may_stream(const Group *group) {
  return group->kind == GROUP_KERNEL && group->rank && !group->nest && !group->routine &&
         !group->swept && group->reduce_axis < 0 && !group->placement.replicated;
}

/* Its lines are in a cache anyway. */
static bool reads(const Group *group, int slot) {
  for (int k = 0; k < group->node_count; k++)
    if (group->nodes[k].kind == NODE_LEAF && group->reach[k].slot == slot) return true;
  return false;
}

/* On each node, about. */
static bool is_large(const Planner *planner, const Group *group, int64_t item) {
  const QlContext *ctx = planner->ctx;
  int nodes = group->placement.everywhere ? 1 : ctx->info->node_count;
  return (double)shape_volume(group->rank, group->extent) * (double)item >=
         (double)ctx->stream_bytes * nodes;
}

QlStatus planner_streams(Planner *planner) {
  Plan *plan = planner->plan;
  if (planner->ctx->stream_bytes < 0) return QL_OK;
  for (int g = 0; g < planner->group_count; g++) {
    Group *group = &planner->groups[g];
    if (!may_stream(group)) continue;
    int last = group->rank - 1;
    for (int k = 0; k < group->store_count; k++) {
      int64_t item = ql_dtype_info[plan->slots[group->stores[k].slot].dtype].size;
      if (reads(group, group->stores[k].slot)) continue;
      if (plan->groups[g].strides[k * group->rank + last] == item &&
          has_long_rows(planner, group, item) && is_large(planner, group, item))
        group->streams |= 1u << k;
    }
    if (!group->streams) continue;
    QL_TRY(planner_kernel_again(planner, g));
    plan->adds.streamed_kernels++;
  }
  return QL_OK;
}
