/* The groups and their exchanges as steps, which every worker of the node takes in order:
 *
 *     v[1:-1] = u[:-2] + u[2:]     group 0, needs ghosts of u
 *     t[1:-1] = s[:-2] - v[1:-1]   group 1, needs ghosts of s
 *
 *     PACK 0  POST 0  PACK 1  POST 1  INTERIOR 0  COMPLETE 0  UNPACK 0  GROUP 0  INTERIOR 1 ...
 *
 * What an exchange sends is packed as soon as the last group before that stores it has run; so
 * messages travel while other groups are computed. Which steps there are and in which order follows
 * from the groups alone, and is the same on all nodes: whoever waits for a message finds that its
 * sender posts it before it waits for anything later. */
#include "planner.h"

enum {
  IN_FLIGHT = 4, /* exchanges at once: each has staging, */
  SHARE = 16     /* together of this part of the budget; more only while none fits beside others */
};

/* ---- the order ---- */

/* The group before which what `group` needs of other nodes can be sent, from the groups that stored
 * each slot last. */
static int can_post(const Group *group, const int *stored) {
  int at = 0;
  for (int k = 0; k < group->node_count && group->reach; k++)
    if (group->nodes[k].kind == NODE_LEAF && group->reach[k].is_brought)
      at = QL_MAX(at, stored[group->nodes[k].view.slot]);
  for (int k = 0; k < group->store_count && group->placement.everywhere; k++)
    at = QL_MAX(at, stored[group->stores[k].view.slot]);
  for (int k = 0; k < group->brought_count; k++) at = QL_MAX(at, stored[group->brought[k]]);
  return at;
}

static void note_stores(const Group *group, int behind, int *stored) {
  if (group->kind == GROUP_MOVE) stored[group->move_to] = behind;
  for (int k = 0; k < group->store_count; k++)
    stored[group->stores[k].view.slot] = stored[group->stores[k].slot] = behind;
}

static PlanStep *add_step(Plan *plan, StepKind kind, int group) {
  plan->steps[plan->step_count] = (PlanStep){.kind = kind, .group = group};
  return &plan->steps[plan->step_count++];
}

/* What runs a group: its part of the exchange is due now. */
static void add_group(const Planner *planner, int g) {
  Plan *plan = planner->plan;
  plan->groups[g].first_step = plan->step_count;
  if (overlap_may_split(planner, &planner->groups[g])) add_step(plan, STEP_INTERIOR, g);
  if (planner->groups[g].exchanges)
    add_step(plan, STEP_COMPLETE, g), add_step(plan, STEP_UNPACK, g);
  plan->groups[g].last_step = plan->step_count;
  add_step(plan, STEP_GROUP, g);
}

/* A sweep, between the groups among its own that are run before it and behind it. Of all of them
 * only its first exchanges anything, for any of them. */
static void add_sweep(const Planner *planner, int w) {
  Plan *plan = planner->plan;
  const Swept *swept = &planner->swept[w];
  if (planner->groups[swept->first].exchanges)
    add_step(plan, STEP_COMPLETE, swept->first), add_step(plan, STEP_UNPACK, swept->first);
  for (int g = swept->first; g < swept->end; g++)
    if (swept->roles[g - swept->first] == SWEEP_BEFORE) add_group(planner, g);
  int step = plan->step_count;
  add_step(plan, STEP_SWEEP, swept->first)->sweep = w;
  for (int g = swept->first; g < swept->end; g++) {
    if (swept->roles[g - swept->first] == SWEEP_MEMBER)
      plan->groups[g].first_step = plan->groups[g].last_step = step;
    if (swept->roles[g - swept->first] == SWEEP_BEHIND) add_group(planner, g);
  }
}

typedef struct Exchanges {  /* in the order of their groups */
  int count, *group, *post; /* post: the group before which it can be sent */
  bool *posted;
} Exchanges;

/* In the order of their groups, which is the same on all nodes, whatever of these are sweeps there.
 * What travels early takes no memory that the plan may need: the sizes are those of the node that
 * brings most. */
static bool has_room(const Planner *planner, int64_t flying, int64_t bytes) {
  const QlContext *ctx = planner->ctx;
  return !ctx->frugal && flying + bytes <= comm_arena_bytes(ctx->comm) / SHARE;
}

static void order_steps(const Planner *planner, Exchanges *all) {
  int done = 0, w = 0;
  int64_t flying = 0;
  for (int g = 0; g < planner->group_count; g++) {
    const Group *group = &planner->groups[g];
    for (int e = done; e < QL_MIN(done + IN_FLIGHT, all->count); e++) {
      int64_t bytes = planner->groups[all->group[e]].exchange_bytes;
      if (all->posted[e]) continue;
      if (all->post[e] > g || (all->group[e] != g && !has_room(planner, flying, bytes))) break;
      all->posted[e] = true, flying += bytes;
      add_step(planner->plan, STEP_PACK, all->group[e]);
      add_step(planner->plan, STEP_POST, all->group[e]);
    }
    if (group->exchanges) done++, flying -= group->exchange_bytes;
    if (w < planner->plan->sweep_count && planner->swept[w].first == g) {
      add_sweep(planner, w);
      g = planner->swept[w++].end - 1;
    } else {
      add_group(planner, g);
    }
  }
}

/* By how much the cells of workers grow. */
static void number_steps(Plan *plan) {
  int64_t behind = 0;
  for (int s = 0; s < plan->step_count; s++) {
    const PlanSweep *sweep =
        plan->steps[s].kind == STEP_SWEEP ? &plan->sweeps[plan->steps[s].sweep] : NULL;
    behind += sweep ? sweep->fronts * sweep->strips : 1;
    plan->steps[s].behind = behind;
  }
}

/* ---- staging ---- */

typedef struct Ranges {
  int count;
  const PlanExchange *of[IN_FLIGHT];
} Ranges;

/* The lowest place that no exchange under way has. */
static int64_t free_place(const Ranges *taken, int64_t bytes) {
  int64_t at = 0;
  for (int k = 0; k < taken->count; k++) {
    const PlanExchange *other = taken->of[k];
    if (at >= other->at + other->bytes || at + bytes <= other->at) continue;
    at = other->at + other->bytes, k = -1;
  }
  return at;
}

/* Exchanges that are not under way together have the same staging, one after another. */
static void place_staging(Plan *plan) {
  Ranges taken = {.count = 0};
  for (int s = 0; s < plan->step_count; s++) {
    const PlanStep *step = &plan->steps[s];
    PlanExchange *exchange = plan->groups[step->group].exchange;
    if (step->kind == STEP_PACK) {
      exchange->at = free_place(&taken, exchange->bytes);
      plan->staging_bytes = QL_MAX(plan->staging_bytes, exchange->at + exchange->bytes);
      taken.of[taken.count++] = exchange;
      plan->exchanges_at_once = QL_MAX(plan->exchanges_at_once, taken.count);
    } else if (step->kind == STEP_UNPACK) {
      int k = 0;
      while (taken.of[k] != exchange) k++;
      taken.of[k] = taken.of[--taken.count];
    }
  }
}

/* ---- all ---- */

static QlStatus list_tasks(const Planner *planner, PlanStep *step) {
  const CommInfo *info = planner->ctx->info;
  bool unpacks = step->kind == STEP_UNPACK;
  size_t threads = (size_t)info->threads;
  if (!(step->waits = planner_keep_zeros(planner, threads * sizeof *step->waits)))
    return QL_ERR_MEMORY;
  if (step->kind != STEP_PACK && !unpacks) return QL_OK;
  if (!(step->parts = planner_keep_zeros(planner, threads * sizeof *step->parts)))
    return QL_ERR_MEMORY;
  for (int t = 0; t < info->threads; t++)
    QL_TRY(exchange_parts(planner, planner->plan->groups[step->group].exchange, unpacks,
                          info->node_rank * info->threads + t, &step->parts[t]));
  return QL_OK;
}

QlStatus planner_schedule(Planner *planner) {
  Plan *plan = planner->plan;
  size_t groups = (size_t)planner->group_count, exchanges = (size_t)plan->exchange_count;
  int *stored = planner_zeros(planner, (size_t)plan->slot_count * sizeof *stored);
  Exchanges all = {.group = planner_zeros(planner, exchanges * sizeof *all.group),
                   .post = planner_zeros(planner, exchanges * sizeof *all.post),
                   .posted = planner_zeros(planner, exchanges * sizeof *all.posted)};
  plan->steps = planner_keep_zeros(planner, (groups + 5 * exchanges) * sizeof *plan->steps);
  if (!stored || !all.group || !all.post || !all.posted || !plan->steps) return QL_ERR_MEMORY;
  for (int g = 0; g < planner->group_count; g++) {
    const Group *group = &planner->groups[g];
    if (group->exchanges) all.post[all.count] = can_post(group, stored), all.group[all.count++] = g;
    plan->groups[g].swept = group->swept;
    note_stores(group, g + 1, stored);
  }
  order_steps(planner, &all);
  place_staging(plan);
  number_steps(plan);
  for (int s = 0; s < plan->step_count; s++) QL_TRY(list_tasks(planner, &plan->steps[s]));
  return QL_OK;
}
