/* Which worker must wait for which. A worker runs the groups in order and publishes how many it has finished; so one number per
 * worker is enough. Before a group, a worker waits for those whose boxes in an earlier group meet its own, in memory that one of the two
 * writes. Replicated storages are private to a rank: only its own workers meet there. */
#include "planner.h"

#include <stdlib.h>
#include <string.h>

enum { LOOK_BACK = 12 }; /* accesses of one slot that are compared; beyond, every worker is waited for */

typedef struct Access {
  int group, slot, previous;  /* previous access of the slot, -1 */
  bool write, private_memory, has_axes;
  AxisMap axes[QL_MAX_DIMS];
} Access;

typedef struct Accesses {
  Access *items; int count, room;
  int *last;                  /* [slots] */
  int *first_of_group;        /* [groups + 1] */
} Accesses;

static QlStatus add(Accesses *all, const Access *access) {
  if (all->count == all->room) {
    int room = all->room ? 2 * all->room : 64;
    Access *items = realloc(all->items, (size_t)room * sizeof *items);
    if (!items) return QL_ERR_MEMORY;
    all->items = items, all->room = room;
  }
  all->items[all->count] = *access;
  all->items[all->count].previous = all->last[access->slot];
  all->last[access->slot] = all->count++;
  return QL_OK;
}

static QlStatus collect_group(const Planner *planner, int g, Accesses *all) {
  const Group *group = &planner->groups[g];
  Access access = {.group = g};
  if (group->kind == GROUP_MOVE) {
    access.slot = group->move_to, access.write = true;
    access.private_memory = !planner->plan->slots[access.slot].layout->template;
    QL_TRY(add(all, &access));
    access.slot = group->move_from, access.write = false;
    return group->move_from == group->move_to ? QL_OK : add(all, &access);
  }
  for (int k = 0; k < group->store_count; k++) {
    const SlotView *view = &group->stores[k].view;
    const PlanSlot *slot = &planner->plan->slots[view->slot];
    access.slot = group->stores[k].slot, access.write = true;
    access.private_memory = slot->layout && !slot->layout->template;
    access.has_axes = group->kind == GROUP_KERNEL && group->placement.leaf_axis < 0 &&
                      slot_axes(planner, group->rank, group->extent, view, access.axes);
    QL_TRY(add(all, &access));
  }
  for (int k = 0; k < group->node_count; k++) {
    if (group->nodes[k].kind != NODE_LEAF) continue;
    const Reach *reach = &group->reach[k];
    const PlanSlot *slot = &planner->plan->slots[reach->slot];
    access.slot = reach->slot, access.write = false;
    access.private_memory = slot->layout && !slot->layout->template;
    access.has_axes = reach->has_axes;
    memcpy(access.axes, reach->axes, sizeof access.axes);
    QL_TRY(add(all, &access));
  }
  return QL_OK;
}

/* The storage box that a worker of the node touches; false: nothing. */
static bool touched(const Planner *planner, const Access *access, int worker, Box *box) {
  const Group *group = &planner->groups[access->group];
  const PlanSlot *slot = &planner->plan->slots[access->slot];
  *box = box_of_shape(slot->ndim, slot->shape);
  if (group->kind != GROUP_KERNEL) return true; /* rare: taken for the whole */
  Box domain = placement_worker(planner, group, worker);
  if (placement_empty(group, &domain)) return false;
  if (access->has_axes && !box_empty(group->rank, &domain)) *box = view_box(slot->ndim, access->axes, &domain);
  return true;
}

/* need[x]: the last group that worker `worker` must see finished by x; -1. */
static void find_waits(const Planner *planner, const Accesses *all, int g, int worker, int *need) {
  const CommInfo *info = planner->ctx->info;
  for (int k = all->first_of_group[g]; k < all->first_of_group[g + 1]; k++) {
    const Access *mine = &all->items[k];
    Box box;
    if (!touched(planner, mine, worker, &box)) continue;
    int depth = 0;
    for (int j = mine->previous; j >= 0; j = all->items[j].previous) {
      const Access *other = &all->items[j];
      if (other->group == g) continue;
      if (!mine->write && !other->write) continue;
      bool give_up = ++depth > LOOK_BACK;
      for (int x = 0; x < info->workers; x++) {
        if (x == worker || need[x] >= other->group) continue;
        if (mine->private_memory && x / info->threads != worker / info->threads) continue;
        Box theirs;
        if (!give_up && !touched(planner, other, x, &theirs)) continue;
        if (give_up || box_intersect(planner->plan->slots[mine->slot].ndim, &box, &theirs, NULL)) need[x] = other->group;
      }
      if (give_up) break;
    }
  }
}

static QlStatus set_waits(PlanTask *task, int workers, const int *need) {
  for (int x = 0; x < workers; x++) task->wait_count += need[x] >= 0;
  if (!task->wait_count) return QL_OK;
  if (!(task->waits = malloc((size_t)task->wait_count * sizeof *task->waits))) return QL_ERR_MEMORY;
  for (int x = 0, k = 0; x < workers; x++)
    if (need[x] >= 0) task->waits[k++] = (PlanWait){x, need[x]};
  return QL_OK;
}

/* The last group before g that touches what g's transfers read or write. */
static int before_transfers(const Planner *planner, const Accesses *all, int g) {
  int last = -1;
  const Group *group = &planner->groups[g];
  const PlanGroup *out = &planner->plan->groups[g];
  for (int k = 0; k < out->transfer_count; k++) {
    const Transfer *t = &out->transfers[k];
    for (int j = all->first_of_group[g] - 1; j >= 0; j--) {
      const Access *access = &all->items[j];
      if (access->slot != t->source_slot && access->slot != t->target_slot) continue;
      last = QL_MAX(last, access->group);
      break;
    }
  }
  (void)group;
  return last;
}

QlStatus planner_depend(Planner *planner) {
  const CommInfo *info = planner->ctx->info;
  Plan *plan = planner->plan;
  Accesses all = {.last = malloc(((size_t)plan->slot_count + 1) * sizeof(int)),
                  .first_of_group = malloc(((size_t)planner->group_count + 1) * sizeof(int))};
  int *need = malloc((size_t)info->workers * sizeof *need);
  QlStatus status = all.last && all.first_of_group && need ? QL_OK : QL_ERR_MEMORY;
  for (int k = 0; !status && k < plan->slot_count; k++) all.last[k] = -1;
  for (int g = 0; !status && g < planner->group_count; g++) {
    all.first_of_group[g] = all.count;
    status = collect_group(planner, g, &all);
    all.first_of_group[g + 1] = all.count;
    plan->groups[g].transfer_after = status ? -1 : before_transfers(planner, &all, g);
    for (int t = 0; !status && t < info->threads; t++) {
      PlanTask *task = &plan->groups[g].tasks[t];
      if (task->empty) continue;
      for (int x = 0; x < info->workers; x++) need[x] = -1;
      find_waits(planner, &all, g, info->node_rank * info->threads + t, need);
      status = set_waits(task, info->workers, need);
    }
  }
  free(all.items), free(all.last), free(all.first_of_group), free(need);
  return status ? ql_fail(planner->error, status, "out of memory for a plan") : QL_OK;
}
