/* The planner, top to bottom, and the cache of plans.
 *
 * The key of a plan is the log's words and, for each slot, what the plan depends on: dtype, shape,
 * layout, the geometry of the block, valid ghosts, whether it lives on, whether it is shared with
 * an export. Equal keys mean equal plans, so that a loop is planned once however long it runs. All
 * ranks keep the same plans: what they agree on depends on who knows one. So the cache is bounded
 * by numbers that are the same on all of them. */
#include "planner.h"

#include <stdlib.h>
#include <string.h>

/* ---- key ---- */

typedef struct Key {
  int64_t *words;
  int64_t count, room;
  bool failed;
} Key;

static void put(Key *key, int64_t word) {
  if (key->count == key->room) {
    int64_t room = key->room ? 2 * key->room : 512;
    int64_t *words = realloc(key->words, (size_t)room * sizeof *words);
    if (!words) {
      key->failed = true;
      return;
    }
    key->words = words, key->room = room;
  }
  key->words[key->count++] = word;
}

static bool is_alive(const Storage *storage) { return !storage->dead; }

static void put_ghosts(Key *key, int ndim, const Ghosts *ghosts) {
  put(key, ghosts ? ghosts->count : 0);
  for (int k = 0; ghosts && k < ghosts->count; k++)
    for (int a = 0; a < ndim; a++) {
      const Halo *halo = &ghosts->halo[k];
      put(key, halo->depth[a][0]), put(key, halo->depth[a][1]);
      put(key, halo->region.lo[a]), put(key, halo->region.hi[a]);
    }
}

static void put_slot(Key *key, const Storage *storage) {
  put(key, storage->dtype | storage->ndim << 8 | is_alive(storage) << 16 |
               (storage->block != NULL) << 17 | storage->replicated << 18 |
               (storage->block && storage->block->references > 1) << 19 |
               (storage->layout != NULL) << 20);
  for (int a = 0; a < storage->ndim; a++) put(key, storage->shape[a]);
  if (!storage->layout) return;
  put(key, storage->layout->template ? (int64_t)storage->layout->template->id : 0);
  if (!storage->layout->template) return;
  for (int a = 0; a < storage->ndim; a++) {
    put(key, storage->layout->offset[a]);
    if (storage->block)
      put(key, storage->block->margin[a][0]), put(key, storage->block->margin[a][1]);
  }
  put_ghosts(key, storage->ndim, storage->ghosts);
}

static QlStatus make_key(QlContext *ctx, Key *key, QlError *error) {
  const Log *log = &ctx->log;
  key->room = log->word_count + 8 * log->slot_count + 16;
  if (!(key->words = malloc((size_t)key->room * sizeof *key->words)))
    return ql_fail(error, QL_ERR_MEMORY, "out of memory for a plan");
  memcpy(key->words, log->words, (size_t)log->word_count * sizeof *key->words);
  key->count = log->word_count;
  put(key, ctx->strict);
  for (int k = 0; k < log->slot_count; k++) put_slot(key, log->slots[k]);
  return key->failed ? ql_fail(error, QL_ERR_MEMORY, "out of memory for a plan") : QL_OK;
}

/* ---- plans ---- */

static void free_group(PlanGroup *group, int threads) {
  for (int t = 0; group->tasks && t < threads; t++)
    free(group->tasks[t].interior), free(group->tasks[t].waits.list);
  free(group->tasks), free(group->operands), free(group->strides), free(group->params),
      free(group->transfers);
  free(group->messages), free(group->before_packing.list), free(group->before_unpacking.list);
}

static void plan_free(QlContext *ctx, Plan *plan) {
  for (int g = 0; g < plan->group_count; g++) free_group(&plan->groups[g], ctx->info->threads);
  for (int k = 0; k < plan->slot_count; k++) {
    rt_layout_release(ctx, plan->slots[k].layout);
    rt_ghosts_release(plan->slots[k].ghosts_after);
  }
  free(plan->groups), free(plan->slots), free(plan->places), free(plan->movements), free(plan->key),
      free(plan);
}

void rt_plan_drop_all(QlContext *ctx) {
  for (int b = 0; b < PLAN_BUCKETS; b++)
    for (Plan *plan = ctx->plans[b], *next; plan; plan = next)
      next = plan->next, plan_free(ctx, plan);
  memset(ctx->plans, 0, sizeof ctx->plans);
  ctx->plan_count = 0, ctx->plan_weight = 0;
}

/* About a plan's size; its bytes differ from node to node. */
static int64_t weight_of(const Plan *plan) { return plan->slot_count + plan->group_count; }

static Plan *longest_unused(const QlContext *ctx) {
  Plan *found = NULL;
  for (int b = 0; b < PLAN_BUCKETS; b++)
    for (Plan *plan = ctx->plans[b]; plan; plan = plan->next)
      if (!found || plan->last_used < found->last_used) found = plan;
  return found;
}

/* When the cache is full, the half that was not used for longest goes. What that is all ranks
 * decide alike. */
static void trim_cache(QlContext *ctx) {
  if (ctx->plan_count < PLAN_LIMIT && ctx->plan_weight < PLAN_WEIGHT) return;
  while (ctx->plan_count > PLAN_LIMIT / 2 || ctx->plan_weight > PLAN_WEIGHT / 2)
    rt_plan_forget(ctx, longest_unused(ctx));
}

void rt_plan_forget(QlContext *ctx, Plan *plan) {
  Plan **link = &ctx->plans[plan->hash % PLAN_BUCKETS];
  while (*link != plan) link = &(*link)->next;
  *link = plan->next;
  ctx->plan_count--, ctx->plan_weight -= weight_of(plan);
  plan_free(ctx, plan);
}

int planner_slot(Planner *planner, QlDtype dtype, int ndim, const int64_t *shape, Layout *layout) {
  Plan *plan = planner->plan;
  PlanSlot made = {.dtype = (uint8_t)dtype, .ndim = (uint8_t)ndim, .layout = layout};
  memcpy(made.shape, shape,
         (size_t)ndim * sizeof *shape); /* it may be another slot's, which is about to move */
  if (plan->slot_count == planner->slot_room) {
    int room = 2 * planner->slot_room + 16;
    PlanSlot *slots = realloc(plan->slots, (size_t)room * sizeof *slots);
    if (slots) plan->slots = slots;
    SlotInfo *infos = realloc(planner->slots, (size_t)room * sizeof *infos);
    if (infos) planner->slots = infos;
    if (!slots || !infos) {
      rt_layout_release(planner->ctx, layout);
      return -1;
    }
    planner->slot_room = room;
  }
  int index = plan->slot_count++;
  plan->slots[index] = made;
  planner->slots[index] =
      (SlotInfo){.fresh = true, .producer = -1, .first_write = -1, .last_write = -1};
  return index;
}

static QlStatus take_slots(Planner *planner) {
  for (int k = 0; k < planner->log->slot_count; k++) {
    Storage *storage = planner->log->slots[k];
    int slot = planner_slot(planner, (QlDtype)storage->dtype, storage->ndim, storage->shape,
                            rt_layout_retain(storage->layout));
    if (slot < 0) return ql_fail(planner->error, QL_ERR_MEMORY, "out of memory for a plan");
    SlotInfo *info = &planner->slots[slot];
    info->storage = storage, info->alive = is_alive(storage), info->fresh = storage->block == NULL;
    info->ghosts = storage->ghosts;
    if (info->ghosts) info->ghosts->references++;
  }
  return QL_OK;
}

static void free_planner(Planner *planner) {
  int slots = planner->plan ? planner->plan->slot_count : 0;
  for (int g = 0; g < planner->group_count; g++)
    free(planner->groups[g].nodes), free(planner->groups[g].reach),
        free(planner->groups[g].transfers);
  for (int k = 0; k < slots; k++)
    rt_ghosts_release(planner->slots[k].ghosts), free(planner->slots[k].tiles);
  planner_free_wanted(planner);
  free(planner->shared), free(planner->groups), free(planner->slots), free(planner->statements);
}

static QlStatus run_pipeline(Planner *planner) {
  Plan *plan = planner->plan;
  planner->statements = calloc((size_t)planner->log->count + 1, sizeof *planner->statements);
  if (!planner->statements)
    return ql_fail(planner->error, QL_ERR_MEMORY, "out of memory for a plan");
  QL_TRY(take_slots(planner));
  plan->log_slots = plan->slot_count;
  QL_TRY(planner_analyse(planner));
  QL_TRY(planner_group(planner));
  planner_fuse(planner);
  QL_TRY(planner_reach(planner));
  QL_TRY(planner_kernels(planner));
  QL_TRY(planner_live(planner));
  QL_TRY(planner_depend(planner));
  QL_TRY(planner_overlap(planner));
  for (int k = 0; k < plan->log_slots; k++)
    plan->slots[k].ghosts_after = planner->slots[k].ghosts, planner->slots[k].ghosts = NULL;
  return planner->error->status; /* where memory was lacking for a choice, and another was taken,
                                    other ranks have not taken it */
}

/* Goes on to planner_compile whatever happens, which all ranks of a node call. Takes the key's
 * words over. */
static QlStatus make_plan(QlContext *ctx, QlStatus status, Key *key, uint64_t hash, Plan **result,
                          QlError *error) {
  trim_cache(ctx); /* whatever fails here and not elsewhere */
  Plan *plan = status ? NULL : calloc(1, sizeof *plan);
  Planner planner = {.ctx = ctx, .log = &ctx->log, .plan = plan, .error = error};
  if (plan) {
    plan->hash = hash, plan->key = key->words, plan->key_count = key->count;
    key->words = NULL;
    status = run_pipeline(&planner);
  } else if (!status) {
    status = ql_fail(error, QL_ERR_MEMORY, "out of memory for a plan");
  }
  status = planner_compile(&planner, status);
  free_planner(&planner);
  if (status) {
    if (plan) plan_free(ctx, plan);
    return status;
  }
  Plan **bucket = &ctx->plans[hash % PLAN_BUCKETS];
  plan->next = *bucket;
  *bucket = plan;
  ctx->plan_count++, ctx->plan_weight += weight_of(plan);
  *result = plan;
  return QL_OK;
}

/* Would the plan be made as it is? Templates may have learnt of deeper ghosts since, for which the
 * blocks that it allocates have no room. */
static bool is_current(const Plan *plan) {
  for (int k = 0; k < plan->slot_count; k++) {
    const PlanSlot *slot = &plan->slots[k];
    const Template *template = slot->allocate && slot->layout ? slot->layout->template : NULL;
    for (int a = 0; template && a < slot->ndim; a++)
      for (int side = 0; side < 2; side++)
        if (template->margin[a][side] > slot->geometry.margin[a][side]) return false;
  }
  return true;
}

static Plan *find_plan(const QlContext *ctx, const Key *key, uint64_t hash) {
  Plan *plan = ctx->plans[hash % PLAN_BUCKETS];
  while (plan && (plan->hash != hash || plan->key_count != key->count ||
                  memcmp(plan->key, key->words, (size_t)key->count * sizeof *key->words) ||
                  !is_current(plan)))
    plan = plan->next;
  return plan;
}

QlStatus rt_plan_log(QlContext *ctx, bool make, Plan **result, QlError *error) {
  Key key = {0};
  QlStatus status = make_key(ctx, &key, error);
  uint64_t hash = status ? 0 : ql_hash_bytes(3, key.words, (size_t)key.count * sizeof *key.words);
  *result = status ? NULL : find_plan(ctx, &key, hash);
  if (make && !*result) status = make_plan(ctx, status, &key, hash, result, error);
  free(key.words);
  return status;
}
