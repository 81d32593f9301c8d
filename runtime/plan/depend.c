/* Which worker must wait for which. A worker takes the steps in order and publishes how many it has
 * finished; so one number per worker is enough. Before a step, a worker waits for those who touched
 * in an earlier step what it is about to touch, in memory that one of the two writes. Slots that
 * lie in one block, one after another, meet there too: whoever stores waits for those who used an
 * earlier one. Replicated storages are private to a rank: only its own workers meet there. */
#include "planner.h"

#include <string.h>

enum {
  LOOK_BACK = 12 /* accesses of one block that are compared; beyond, every worker is waited for */
};

/* What a step does with a slot. */
typedef struct Access {
  int step, slot, previous; /* previous access of the block, -1 */
  bool write, private_memory, has_spans;
  AxisSpan spans[QL_MAX_DIMS]; /* of a group's kernel: seen from its domain */
  int share;                   /* of an exchange: each worker its share of this slot, */
  Box hull;                    /* of what lies in here */
  int touch;                   /* of a sweep: which of what it touches */
} Access;

typedef struct Accesses {
  Access *items;
  int count, room;
  int *last;          /* [places] */
  int *first_of_step; /* [steps + 1] */
} Accesses;

static QlStatus add(const Planner *planner, Accesses *all, const Access *access) {
  int place = planner->plan->slots[access->slot].place;
  QL_TRY(planner_grow(planner, &all->items, all->count, &all->room, sizeof *all->items));
  all->items[all->count] = *access;
  all->items[all->count].previous = all->last[place];
  all->last[place] = all->count++;
  return QL_OK;
}

/* ---- what groups touch ---- */

static bool is_private(const PlanSlot *slot) { return slot->layout && !slot->layout->template; }

static QlStatus collect_move(const Planner *planner, int step, const Group *group, Accesses *all) {
  Access access = {.step = step, .slot = group->move_to, .write = true, .share = -1};
  access.private_memory = is_private(&planner->plan->slots[group->move_to]);
  QL_TRY(add(planner, all, &access));
  if (group->move_from == group->move_to) return QL_OK;
  access.slot = group->move_from, access.write = false;
  return add(planner, all, &access);
}

/* Reads of one array at points beside each other, as those of a stencil, are one access. */
static QlStatus collect_read(const Planner *planner, int step, const Reach *reach, Accesses *all) {
  const PlanSlot *slot = &planner->plan->slots[reach->slot];
  Access access = {.step = step, .slot = reach->slot, .share = -1, .has_spans = reach->has_axes};
  access.private_memory = is_private(slot);
  if (reach->has_axes) memcpy(access.spans, reach->axes, sizeof access.spans);
  for (int k = all->first_of_step[step]; k < all->count; k++) {
    Access *other = &all->items[k];
    if (other->slot == access.slot && !other->write && other->has_spans && access.has_spans &&
        span_join(slot->ndim, other->spans, access.spans))
      return QL_OK;
  }
  return add(planner, all, &access);
}

static QlStatus collect_group(const Planner *planner, int step, const Group *group, Accesses *all) {
  if (group->kind == GROUP_MOVE) return collect_move(planner, step, group, all);
  for (int k = 0; k < group->store_count; k++) {
    const GroupStore *store = &group->stores[k];
    const PlanSlot *slot = &planner->plan->slots[store->view.slot];
    AxisMap axes[QL_MAX_DIMS];
    Access access = {.step = step, .slot = store->slot, .write = true, .share = -1};
    access.private_memory = is_private(slot);
    access.has_spans = group->kind == GROUP_KERNEL && !store_steps(group, store) &&
                       slot_axes(planner, group->rank, group->extent, &store->view, axes);
    if (access.has_spans) span_of_map(slot->ndim, axes, access.spans);
    for (int a = 0; a < slot->ndim && access.has_spans && nest_by_rows(group); a++)
      if (axes[a].dim < 0) access.spans[a] = (AxisSpan){.hi = slot->shape[a] - 1, .dim = -1};
    QL_TRY(add(planner, all, &access));
  }
  for (int k = 0; k < group->node_count; k++)
    if (group->nodes[k].kind == NODE_LEAF)
      QL_TRY(collect_read(planner, step, &group->reach[k], all));
  return QL_OK;
}

/* Who waits within a sweep is the sweep's. */
static QlStatus collect_sweep(const Planner *planner, int step, Accesses *all) {
  const Swept *swept = &planner->swept[planner->plan->steps[step].sweep];
  for (int k = 0; k < swept->touch_count; k++) {
    const SweepTouch *touch = &swept->touches[k];
    QL_TRY(add(planner, all,
               &(Access){.step = step,
                         .slot = touch->slot,
                         .write = touch->stores,
                         .private_memory = is_private(&planner->plan->slots[touch->slot]),
                         .share = -1,
                         .touch = k}));
  }
  return QL_OK;
}

/* ---- what exchanges touch ---- */

static QlStatus touch(const Planner *planner, int step, int slot, int share, bool write,
                      const Box *box, Accesses *all) {
  for (int k = all->first_of_step[step]; k < all->count; k++) {
    Access *other = &all->items[k];
    if (other->slot != slot || other->share != share || other->write != write) continue;
    box_hull(planner->plan->slots[slot].ndim, &other->hull, box);
    return QL_OK;
  }
  return add(planner, all,
             &(Access){.step = step, .slot = slot, .share = share, .write = write, .hull = *box});
}

static QlStatus collect_exchange(const Planner *planner, int step, const PlanExchange *exchange,
                                 bool unpacks, Accesses *all) {
  for (int k = 0; k < exchange->transfer_count; k++) {
    const Transfer *t = &exchange->transfers[k];
    int share = exchange_copies_into(t, unpacks);
    if (share < 0) continue;
    if (t->kind != TRANSFER_RECEIVE)
      QL_TRY(touch(planner, step, t->source_slot, share, false, t->box, all));
    if (t->kind != TRANSFER_SEND)
      QL_TRY(touch(planner, step, t->target_slot, share, true, t->box, all));
  }
  return QL_OK;
}

static QlStatus collect_step(const Planner *planner, int s, Accesses *all) {
  const PlanStep *step = &planner->plan->steps[s];
  switch (step->kind) {
    case STEP_POST:
    case STEP_COMPLETE: return QL_OK;
    case STEP_PACK:
    case STEP_UNPACK:
      return collect_exchange(planner, s, planner->plan->groups[step->group].exchange,
                              step->kind == STEP_UNPACK, all);
    case STEP_SWEEP: return collect_sweep(planner, s, all);
    default: return collect_group(planner, s, &planner->groups[step->group], all);
  }
}

/* ---- who waits ---- */

/* The storage box that a group touches at those points of its domain, or a larger one. */
static Box touched_at(const Planner *planner, const Access *access, const Box *domain) {
  const PlanSlot *slot = &planner->plan->slots[access->slot];
  return access->has_spans ? span_box(slot->ndim, access->spans, domain)
                           : box_of_shape(slot->ndim, slot->shape);
}

/* The same of a worker of the node; false: it touches nothing. */
static bool touched(const Planner *planner, const Access *access, int worker, Box *box) {
  const PlanStep *step = &planner->plan->steps[access->step];
  const Group *group = &planner->groups[step->group];
  const PlanSlot *slot = &planner->plan->slots[access->slot];
  if (step->kind == STEP_SWEEP)
    return sweep_touched(planner, step->sweep, access->touch, worker, box);
  if (access->share >= 0) {
    *box = exchange_share(planner, access->share, worker);
    return box_intersect(slot->ndim, box, &access->hull, box);
  }
  *box = box_of_shape(slot->ndim, slot->shape);
  if (group->kind != GROUP_KERNEL) return true; /* rare: taken for the whole */
  const PlanPortions *portions = planner->plan->groups[step->group].portions;
  Box domain = portions ? portions->whole : group_worker(planner, group, worker);
  if (box_empty(group->rank, &domain)) return false;
  *box = touched_at(planner, access, &domain);
  return true;
}

/* What `worker` must see finished before it touches a box of a slot: need[x] becomes the last such
 * step of worker x. What is read was stored in the slot itself, by someone who waited for the slots
 * before it. */
static void add_needs(const Planner *planner, const Accesses *all, const Access *mine, int worker,
                      const Box *box, int *need) {
  const CommInfo *info = planner->ctx->info;
  const PlanSlot *slots = planner->plan->slots;
  int depth = 0;
  for (int j = mine->previous; j >= 0; j = all->items[j].previous) {
    const Access *other = &all->items[j];
    if (other->step == mine->step) continue;
    if (!mine->write && (!other->write || other->slot != mine->slot)) continue;
    bool give_up = ++depth > LOOK_BACK;
    bool comparable = planner_same_memory(&slots[other->slot], &slots[mine->slot]);
    for (int x = 0; x < info->workers; x++) {
      if (x == worker || need[x] >= other->step) continue;
      if (mine->private_memory && x / info->threads != worker / info->threads) continue;
      Box theirs;
      if (!give_up && !touched(planner, other, x, &theirs)) continue;
      if (give_up || !comparable || box_intersect(slots[mine->slot].ndim, box, &theirs, NULL))
        need[x] = other->step;
    }
    if (give_up) break;
  }
}

static QlStatus set_waits(const Planner *planner, PlanWaits *waits, int *need) {
  int workers = planner->ctx->info->workers;
  for (int x = 0; x < workers; x++) waits->count += need[x] >= 0;
  size_t bytes = (size_t)waits->count * sizeof *waits->list;
  if (bytes && !(waits->list = planner_keep_zeros(planner, bytes))) return QL_ERR_MEMORY;
  for (int x = 0, k = 0; x < workers; x++) {
    if (need[x] >= 0) waits->list[k++] = (PlanWait){x, need[x]};
    need[x] = -1;
  }
  return QL_OK;
}

/* ---- staging ---- */

enum { REUSES = 8 }; /* exchanges before one in the same staging; for those before, all workers */

/* Does the worker copy something into staging, or from there? */
static bool uses_staging(const Planner *planner, const PlanExchange *exchange, bool unpacks,
                         int worker) {
  TransferKind kind = unpacks ? TRANSFER_RECEIVE : TRANSFER_SEND;
  int known = -1;
  Box share = {{0}, {0}};
  for (int k = 0; k < exchange->transfer_count; k++) {
    const Transfer *t = &exchange->transfers[k];
    int slot = exchange_copies_into(t, unpacks);
    if (t->kind != kind) continue;
    if (slot != known) share = exchange_share(planner, known = slot, worker);
    if (box_intersect(planner->plan->slots[slot].ndim, &share, t->box, NULL)) return true;
  }
  return false;
}

static bool same_staging(const PlanExchange *a, const PlanExchange *b) {
  return a->at < b->at + b->bytes && b->at < a->at + a->bytes;
}

static int step_of(const Plan *plan, StepKind kind, int group, int before) {
  int s = before - 1;
  while (plan->steps[s].kind != kind || plan->steps[s].group != group) s--;
  return s;
}

/* Before something is packed into staging, or received there, the messages that had it before have
 * gone and come, and are unpacked. (Whoever packed them is waited for too: that the leader has seen
 * it is known to the leader's process alone, where sanitizers are concerned.) */
static void add_needs_of_reuse(const Planner *planner, int s, int *need) {
  const Plan *plan = planner->plan;
  const PlanExchange *exchange = plan->groups[plan->steps[s].group].exchange;
  int met = 0;
  for (int t = s - 1; t >= 0 && met <= REUSES; t--) {
    const PlanExchange *other = plan->groups[plan->steps[t].group].exchange;
    if (plan->steps[t].kind != STEP_UNPACK || !same_staging(exchange, other)) continue;
    int packed = step_of(plan, STEP_PACK, plan->steps[t].group, t);
    met++;
    need[0] = QL_MAX(need[0], t - 1); /* COMPLETE */
    for (int x = 0; x < planner->ctx->info->workers; x++) {
      if (uses_staging(planner, other, false, x)) need[x] = QL_MAX(need[x], packed);
      if (met > REUSES || uses_staging(planner, other, true, x)) need[x] = QL_MAX(need[x], t);
    }
  }
}

/* The leader, which is worker 0, posts what all have packed, and who unpacks waits for it. */
static void add_needs_of_staging(const Planner *planner, int s, int *need) {
  const PlanStep *step = &planner->plan->steps[s];
  const PlanExchange *exchange = planner->plan->groups[step->group].exchange;
  if (step->kind == STEP_PACK || step->kind == STEP_POST) add_needs_of_reuse(planner, s, need);
  for (int x = 0; step->kind == STEP_POST && x < planner->ctx->info->workers; x++)
    if (uses_staging(planner, exchange, false, x)) need[x] = s - 1;
  if (step->kind == STEP_UNPACK) need[0] = QL_MAX(need[0], s - 1);
}

/* ---- all ---- */

static bool takes_part(const Planner *planner, const PlanStep *step, int thread) {
  const CommInfo *info = planner->ctx->info;
  const PlanGroup *group = &planner->plan->groups[step->group];
  const PlanTask *task = &group->tasks[thread];
  if (plan_portions(group, step->kind))
    return plan_slab(info->threads, planner->plan->threads, thread) >= 0;
  switch (step->kind) {
    case STEP_POST:
    case STEP_COMPLETE: return thread == 0 && info->node_rank == 0;
    case STEP_PACK:
    case STEP_UNPACK: return step->parts[thread].count > 0;
    case STEP_INTERIOR: return task->interior != NULL;
    case STEP_GROUP: return !task->empty;
    case STEP_SWEEP: return plan_slab(info->threads, planner->plan->threads, thread) >= 0;
  }
  return false;
}

/* Nobody waits for those whose tasks the same thread does: it takes them in order. */
static void forget_own(const Planner *planner, int task, int *need) {
  const CommInfo *info = planner->ctx->info;
  int used = planner->plan->threads, thread = 0;
  while (plan_first_task(info->threads, used, thread + 1) <= task) thread++;
  for (int t = plan_first_task(info->threads, used, thread);
       t < plan_first_task(info->threads, used, thread + 1); t++)
    need[info->node_rank * info->threads + t] = -1;
}

/* At which points of its group's domain a task touches something, where these are not all of the
 * worker's: NULL. */
static const Box *points_of(const PlanGroup *group, const PlanStep *step, const PlanTask *task) {
  const PlanPortions *taken = plan_portions(group, step->kind);
  if (taken) return &taken->box;
  if (step->kind == STEP_INTERIOR) return task->interior;
  return step->kind == STEP_GROUP && group->portions ? &task->box : NULL;
}

static QlStatus step_waits(const Planner *planner, const Accesses *all, int s, int task,
                           int *need) {
  const CommInfo *info = planner->ctx->info;
  const PlanStep *step = &planner->plan->steps[s];
  const PlanGroup *group = &planner->plan->groups[step->group];
  const PlanTask *own = &group->tasks[task];
  const Box *points = points_of(group, step, own);
  int through = step->parts || step->kind == STEP_SWEEP || points ? task : own->through;
  for (int k = all->first_of_step[s]; k < all->first_of_step[s + 1]; k++) {
    const Access *mine = &all->items[k];
    if (mine->previous < 0) continue;
    for (int t = task; t <= through; t++) {
      int worker = info->node_rank * info->threads + t;
      Box box;
      if (points) box = touched_at(planner, mine, points);
      if (points || touched(planner, mine, worker, &box))
        add_needs(planner, all, mine, worker, &box, need);
    }
  }
  if (step->kind != STEP_GROUP && step->kind != STEP_SWEEP) add_needs_of_staging(planner, s, need);
  forget_own(planner, task, need);
  return set_waits(planner, &step->waits[task], need);
}

/* What an interior touches its group touches too, a few steps later, between which nobody touches
 * it. */
static void forget_step(const Planner *planner, int s, Accesses *all) {
  for (; all->count > all->first_of_step[s]; all->count--) {
    const Access *last = &all->items[all->count - 1];
    all->last[planner->plan->slots[last->slot].place] = last->previous;
  }
  all->first_of_step[s + 1] = all->count;
}

QlStatus planner_depend(Planner *planner) {
  const CommInfo *info = planner->ctx->info;
  Plan *plan = planner->plan;
  size_t steps = (size_t)plan->step_count;
  if (steps < 2) return QL_OK; /* nobody waits within it */
  Accesses all = {.last = ql_pool_get(planner->pool, (size_t)plan->place_count * sizeof(int)),
                  .first_of_step = ql_pool_get(planner->pool, (steps + 1) * sizeof(int))};
  int *need = ql_pool_get(planner->pool, (size_t)info->workers * sizeof *need);
  if (!all.last || !all.first_of_step || !need) return planner_no_memory(planner);
  for (int k = 0; k < plan->place_count; k++) all.last[k] = -1;
  for (int x = 0; x < info->workers; x++) need[x] = -1;
  for (int s = 0; s < plan->step_count; s++) {
    all.first_of_step[s] = all.count;
    QL_TRY(collect_step(planner, s, &all));
    all.first_of_step[s + 1] = all.count;
    for (int t = 0; t < info->threads; t++)
      if (takes_part(planner, &plan->steps[s], t)) QL_TRY(step_waits(planner, &all, s, t, need));
    if (plan->steps[s].kind == STEP_INTERIOR) forget_step(planner, s, &all);
  }
  return QL_OK;
}
