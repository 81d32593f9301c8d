/* Which worker must wait for which. A worker runs the groups in order and publishes how many it has
 * finished; so one number per worker is enough. Before a group, a worker waits for those whose
 * boxes in an earlier group meet its own, in memory that one of the two writes. Slots that lie in
 * one block, one after another, meet there too: whoever stores waits for those who used an earlier
 * one. Replicated storages are private to a rank: only its own workers meet there. */
#include "planner.h"

#include <stdlib.h>
#include <string.h>

enum {
  LOOK_BACK = 12
}; /* accesses of one block that are compared; beyond, every worker is waited for */

typedef struct Access {
  int group, slot, previous; /* previous access of the block, -1 */
  bool write, private_memory, has_axes;
  AxisMap axes[QL_MAX_DIMS];
} Access;

typedef struct Accesses {
  Access *items;
  int count, room;
  int *last;           /* [places] */
  int *first_of_group; /* [groups + 1] */
} Accesses;

static QlStatus add(const Planner *planner, Accesses *all, const Access *access) {
  int place = planner->plan->slots[access->slot].place;
  if (all->count == all->room) {
    int room = all->room ? 2 * all->room : 64;
    Access *items = realloc(all->items, (size_t)room * sizeof *items);
    if (!items) return QL_ERR_MEMORY;
    all->items = items, all->room = room;
  }
  all->items[all->count] = *access;
  all->items[all->count].previous = all->last[place];
  all->last[place] = all->count++;
  return QL_OK;
}

static QlStatus collect_group(const Planner *planner, int g, Accesses *all) {
  const Group *group = &planner->groups[g];
  Access access = {.group = g};
  if (group->kind == GROUP_MOVE) {
    access.slot = group->move_to, access.write = true;
    access.private_memory = !planner->plan->slots[access.slot].layout->template;
    QL_TRY(add(planner, all, &access));
    access.slot = group->move_from, access.write = false;
    return group->move_from == group->move_to ? QL_OK : add(planner, all, &access);
  }
  for (int k = 0; k < group->store_count; k++) {
    const SlotView *view = &group->stores[k].view;
    const PlanSlot *slot = &planner->plan->slots[view->slot];
    access.slot = group->stores[k].slot, access.write = true;
    access.private_memory = slot->layout && !slot->layout->template;
    access.has_axes = group->kind == GROUP_KERNEL && !store_steps(group, &group->stores[k]) &&
                      slot_axes(planner, group->rank, group->extent, view, access.axes);
    QL_TRY(add(planner, all, &access));
  }
  for (int k = 0; k < group->node_count; k++) {
    if (group->nodes[k].kind != NODE_LEAF) continue;
    const Reach *reach = &group->reach[k];
    const PlanSlot *slot = &planner->plan->slots[reach->slot];
    access.slot = reach->slot, access.write = false;
    access.private_memory = slot->layout && !slot->layout->template;
    access.has_axes = reach->has_axes;
    memcpy(access.axes, reach->axes, sizeof access.axes);
    QL_TRY(add(planner, all, &access));
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
  if (box_empty(group->rank, &domain)) return false;
  if (access->has_axes) *box = view_box(slot->ndim, access->axes, &domain);
  return true;
}

/* What `worker` must see finished before it touches a box of a slot in group g: need[x] becomes the
 * last such group of worker x. `from`: the last access of the block. What is read was stored in the
 * slot itself, by someone who waited for the slots before it. */
static void add_needs(const Planner *planner, const Accesses *all, int g, int worker, int slot,
                      const Box *box, bool write, bool private_memory, int from, int *need) {
  const CommInfo *info = planner->ctx->info;
  const PlanSlot *slots = planner->plan->slots;
  int depth = 0;
  for (int j = from; j >= 0; j = all->items[j].previous) {
    const Access *other = &all->items[j];
    if (other->group == g || (!write && (!other->write || other->slot != slot))) continue;
    bool give_up = ++depth > LOOK_BACK;
    bool comparable = planner_same_memory(&slots[other->slot], &slots[slot]);
    for (int x = 0; x < info->workers; x++) {
      if (x == worker || need[x] >= other->group) continue;
      if (private_memory && x / info->threads != worker / info->threads) continue;
      Box theirs;
      if (!give_up && !touched(planner, other, x, &theirs)) continue;
      if (give_up || !comparable || box_intersect(slots[slot].ndim, box, &theirs, NULL))
        need[x] = other->group;
    }
    if (give_up) break;
  }
}

static QlStatus set_waits(PlanWaits *waits, int workers, int *need) {
  for (int x = 0; x < workers; x++) waits->count += need[x] >= 0;
  if (waits->count && !(waits->list = malloc((size_t)waits->count * sizeof *waits->list)))
    return QL_ERR_MEMORY;
  for (int x = 0, k = 0; x < workers; x++) {
    if (need[x] >= 0) waits->list[k++] = (PlanWait){x, need[x]};
    need[x] = -1;
  }
  return QL_OK;
}

static QlStatus task_waits(const Planner *planner, const Accesses *all, int g, int thread,
                           int *need) {
  const CommInfo *info = planner->ctx->info;
  int worker = info->node_rank * info->threads + thread;
  for (int k = all->first_of_group[g]; k < all->first_of_group[g + 1]; k++) {
    const Access *mine = &all->items[k];
    Box box;
    if (touched(planner, mine, worker, &box))
      add_needs(planner, all, g, worker, mine->slot, &box, mine->write, mine->private_memory,
                mine->previous, need);
  }
  return set_waits(&planner->plan->groups[g].tasks[thread].waits, info->workers, need);
}

static int last_of(const Planner *planner, const Accesses *all, int slot) {
  return all->last[planner->plan->slots[slot].place];
}

/* The leader packs what others have stored, and unpacks over what others have read. */
static QlStatus transfer_waits(const Planner *planner, const Accesses *all, int g, int *need) {
  PlanGroup *group = &planner->plan->groups[g];
  for (int unpacks = 0; unpacks < 2; unpacks++) {
    for (int k = 0; k < group->transfer_count; k++) {
      const Transfer *t = &group->transfers[k];
      if ((t->kind == TRANSFER_RECEIVE) != unpacks) continue;
      int from = t->source_slot, to = t->target_slot;
      if (t->kind != TRANSFER_RECEIVE)
        add_needs(planner, all, g, 0, from, &t->box, false, false, last_of(planner, all, from),
                  need);
      if (t->kind != TRANSFER_SEND)
        add_needs(planner, all, g, 0, to, &t->box, true, false, last_of(planner, all, to), need);
    }
    QL_TRY(set_waits(unpacks ? &group->before_unpacking : &group->before_packing,
                     planner->ctx->info->workers, need));
  }
  return QL_OK;
}

QlStatus planner_depend(Planner *planner) {
  const CommInfo *info = planner->ctx->info;
  Plan *plan = planner->plan;
  Accesses all = {.last = malloc(((size_t)plan->place_count + 1) * sizeof(int)),
                  .first_of_group = malloc(((size_t)planner->group_count + 1) * sizeof(int))};
  int *need = malloc((size_t)info->workers * sizeof *need);
  QlStatus status = all.last && all.first_of_group && need ? QL_OK : QL_ERR_MEMORY;
  for (int k = 0; !status && k < plan->place_count; k++) all.last[k] = -1;
  for (int x = 0; !status && x < info->workers; x++) need[x] = -1;
  for (int g = 0; !status && g < planner->group_count; g++) {
    all.first_of_group[g] = all.count;
    status = collect_group(planner, g, &all);
    all.first_of_group[g + 1] = all.count;
    if (!status) status = transfer_waits(planner, &all, g, need);
    for (int t = 0; !status && t < info->threads; t++)
      if (!plan->groups[g].tasks[t].empty) status = task_waits(planner, &all, g, t, need);
  }
  free(all.items), free(all.last), free(all.first_of_group), free(need);
  return status ? ql_fail(planner->error, status, "out of memory for a plan") : QL_OK;
}
