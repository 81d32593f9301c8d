/* Points that cost different amounts (jit/cost.c) are not shared out beforehand. What a node
 * computes of such a nest is cut into portions, of which its workers take one after another, the
 * threads of all its ranks from one counter (comm_take):
 *
 *     rows of the node    | 0 | 1 | 2 | 3 | 4 | 5 | 6 | ...      4 takes long
 *     worker 0              0       2       4
 *     worker 1                  1       3       5   6   ...
 *
 * Whoever takes part may touch all that the group touches on the node: each waits for all who have
 * touched it before, and who comes behind for all (depend.c). While messages travel the interior is
 * taken so; the edges around it, which are thin, are cut as those of any group are. Bits do not
 * depend on it, nor do other nodes: each has portions of its own, or none. */
#include "planner.h"

/* A portion takes about 40 ns to take, as some hundred additions. What its points cost is a guess:
 * it may be a tenth of that, or a thousand times as much. So a few portions for each worker may be
 * small, and more of them are larger. */
enum { LEAST_WORK = 1 << 13, FEW_EACH = 16, USUAL_WORK = 1 << 16, MANY_EACH = 128 };

static bool is_private(const PlanSlot *slot) { return !slot->layout || !slot->layout->template; }

static bool is_uneven(const Planner *planner, const Group *group) {
  const GroupNest *nest = group->nest;
  const Placement *p = &group->placement;
  if (!nest || !nest->kernel || !nest->kernel->uneven || group->swept) return false;
  if (nest->form > JIT_NEST_ROWS || (nest->form == JIT_NEST_LINES && !p->in_lines)) return false;
  for (int k = 0; k < group->store_count; k++)
    if (is_private(&planner->plan->slots[group->stores[k].slot])) return false;
  return !p->replicated && !p->in_order;
}

/* What all workers of the node compute together; false: that is no box. */
static bool box_of_node(const Planner *planner, const Group *group, Box *whole) {
  int64_t points = 0;
  bool any = false;
  for (int x = 0; x < planner->ctx->info->workers; x++) {
    Box box = group_worker(planner, group, x);
    if (box_empty(group->rank, &box)) continue;
    if (any)
      box_hull(group->rank, whole, &box);
    else
      *whole = box;
    points += box_volume(group->rank, &box), any = true;
  }
  return any && points == box_volume(group->rank, whole);
}

/* So many of that work, as far as there are as many. */
static int64_t portions_of(double work, int64_t least, int64_t most) {
  return work < (double)least * (double)most ? (int64_t)work / least : most;
}

bool portions_cut(const Planner *planner, const Group *group, const Box *box,
                  PlanPortions *portions) {
  int workers = planner->ctx->info->node_size * planner->plan->threads;
  const Placement *p = &group->placement;
  double work = group->nest->kernel->cost * (double)box_volume(group->rank, box);
  int64_t many = QL_MIN(MANY_EACH * (int64_t)workers, COMM_PORTIONS / 2),
          wanted = QL_MAX(portions_of(work, LEAST_WORK, QL_MIN(FEW_EACH * (int64_t)workers, many)),
                          portions_of(work, USUAL_WORK, many));
  portions->box = *box, portions->count = 1;
  for (int r = 0; r < group->rank; r++) {
    bool whole = p->in_lines && r != p->axes[p->by_rows - 1].dim;
    int64_t cuts = whole ? 1 : QL_MAX(QL_MIN(box->hi[r] - box->lo[r], wanted), 1);
    portions->cuts[r] = (int)cuts, portions->count *= (int)cuts;
    wanted = (wanted + cuts - 1) / cuts;
  }
  return portions->count > workers;
}

Box portions_box(const PlanPortions *portions, int rank, int portion) {
  Box box = portions->box;
  for (int r = rank - 1; r >= 0; r--) {
    int64_t first = box.lo[r], extent = box.hi[r] - first, cuts = portions->cuts[r],
            at = portion % cuts;
    portion /= (int)cuts;
    box.lo[r] = first + part_start(extent, at, cuts);
    box.hi[r] = first + part_start(extent, at + 1, cuts);
  }
  return box;
}

QlStatus planner_portions(Planner *planner) {
  Plan *plan = planner->plan;
  if (planner->ctx->info->node_size * plan->threads == 1) return QL_OK;
  for (int g = 0; g < planner->group_count; g++) {
    const Group *group = &planner->groups[g];
    PlanPortions portions = {.inside = false};
    if (!is_uneven(planner, group) || !box_of_node(planner, group, &portions.whole) ||
        !portions_cut(planner, group, &portions.whole, &portions))
      continue;
    plan->groups[g].portions = planner_keep(planner, &portions, sizeof portions);
    if (!plan->groups[g].portions) return QL_ERR_MEMORY;
    plan->adds.portioned_kernels++;
  }
  return QL_OK;
}
