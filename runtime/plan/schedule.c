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

enum { IN_FLIGHT = 4 }; /* exchanges at once: each has staging */

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
  return at;
}

static void note_stores(const Group *group, int behind, int *stored) {
  if (group->kind == GROUP_MOVE) stored[group->move_to] = behind;
  for (int k = 0; k < group->store_count; k++)
    stored[group->stores[k].view.slot] = stored[group->stores[k].slot] = behind;
}

static PlanStep *add_step(Plan *plan, StepKind kind, int group) {
  plan->steps[plan->step_count] = (PlanStep){.kind = kind, .group = group, .after = -1};
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

/* post: for each exchange, in the order of their groups, when it can be posted. */
static void order_steps(const Planner *planner, const int *exchanges, int count, const int *post,
                        bool *posted) {
  int done = 0;
  for (int g = 0; g < planner->group_count; g++) {
    for (int e = done; e < QL_MIN(done + IN_FLIGHT, count); e++) {
      if (posted[e] || post[e] > g) continue;
      posted[e] = true;
      add_step(planner->plan, STEP_PACK, exchanges[e]);
      add_step(planner->plan, STEP_POST, exchanges[e]);
    }
    add_group(planner, g);
    done += planner->groups[g].exchanges;
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

/* Exchanges that are not under way together have the same staging, one after another: who packs
 * waits until all workers have unpacked what was there before. */
static void place_staging(Plan *plan) {
  Ranges taken = {.count = 0};
  int unpacked = -1;
  for (int s = 0; s < plan->step_count; s++) {
    PlanStep *step = &plan->steps[s];
    PlanExchange *exchange = plan->groups[step->group].exchange;
    if (step->kind == STEP_PACK) {
      exchange->at = free_place(&taken, exchange->bytes);
      plan->staging_bytes = QL_MAX(plan->staging_bytes, exchange->at + exchange->bytes);
      taken.of[taken.count++] = exchange;
    } else if (step->kind == STEP_UNPACK) {
      int k = 0;
      while (taken.of[k] != exchange) k++;
      taken.of[k] = taken.of[--taken.count];
      unpacked = s;
    }
    if (step->kind == STEP_PACK || step->kind == STEP_POST) step->after = unpacked;
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
  int *stored = planner_zeros(planner, (size_t)plan->slot_count * sizeof *stored),
      *group_of = planner_zeros(planner, exchanges * sizeof *group_of),
      *post = planner_zeros(planner, exchanges * sizeof *post), count = 0;
  bool *posted = planner_zeros(planner, exchanges * sizeof *posted);
  plan->steps = planner_keep_zeros(planner, (groups + 5 * exchanges) * sizeof *plan->steps);
  if (!stored || !group_of || !post || !posted || !plan->steps) return QL_ERR_MEMORY;
  for (int g = 0; g < planner->group_count; g++) {
    const Group *group = &planner->groups[g];
    if (group->exchanges) post[count] = can_post(group, stored), group_of[count++] = g;
    note_stores(group, g + 1, stored);
  }
  order_steps(planner, group_of, count, post, posted);
  place_staging(plan);
  for (int s = 0; s < plan->step_count; s++) QL_TRY(list_tasks(planner, &plan->steps[s]));
  return QL_OK;
}
