/* A plan at other positions. Loops whose views move or shrink leave logs of one *form*: words that
 * differ in offsets and extents alone.
 *
 *     for k in range(n):                          A 100 x 100, k = 0       k = 1
 *         A[k + 1:, k] /= A[k, k]                 offset 100, extent 99    201, 98
 *         A[k + 1:, k + 1:] -= A[k + 1:, k : k + 1] * A[k, k + 1:]
 *
 * Most of a plan depends on neither: what is fused, which kernels there are, what waits for what.
 * So once there are a few plans of a form (QUELEA_POSITIONS), the one that was not used for longest
 * is *moved*: the addresses of its operands are shifted by as much as the offsets have grown, its
 * domains and boxes are computed anew, and it is found by the new words from then on. It serves if
 * its *guards* hold, which ask of the two logs what planning would have asked of the positions:
 *
 *   ties      what is one operand for the plan, or a fixed distance from one, has moved as far
 *   pairs     of two views of an array, one of which is stored: both have moved equally far; or
 *             they were the same elements and still are; or they have no element in common now
 *   extents   where some changed: equal ones have remained equal, others different, also from 1 and
 *             from those of arrays that are there; and the plan stretches
 *
 * A plan stretches if its operands are those of the log, element for element: without reductions,
 * parts or temporaries of its own, and storing no new array whose extents change.
 *
 * Plans are moved on one node, or where all is replicated, without messages. The plan that moves
 * may differ from the one that would be made in what is fast, never in what is computed; so all
 * ranks move the same one, and where one has to make a plan, all do. Nothing is changed before they
 * have agreed on it (run/flush.c): else those whose first try was void, since they had dropped
 * different arrays, would go on with plans at different positions. */
#include "planner.h"

#include <stdlib.h>
#include <string.h>

enum {
  EXTENTS = 32, /* different ones of a log whose plan can be moved */
  VIEWS = 64,   /* of one array that have moved differently, or stretched */
  TRIED = 8,    /* plans of a form */
  SELDOM = 8    /* where so many were made and none could be moved, every so many times */
};

static bool equal_words(const int64_t *a, const int64_t *b, int64_t count) {
  return !memcmp(a, b, (size_t)count * sizeof *a);
}

/* ---- what is noted while a plan is made ---- */

void planner_tie(Planner *planner, const SlotView *a, const SlotView *b) {
  if (a->origin == b->origin || planner_grow(planner, &planner->ties, planner->tie_count,
                                             &planner->tie_room, sizeof *planner->ties))
    return;
  planner->ties[planner->tie_count++] = (PlanTie){a->origin, b->origin};
}

static bool has_origin(const Planner *planner, const SlotView *view) {
  return view->origin || view->slot >= planner->plan->log_slots;
}

/* Is the view, over the group's domain, an operand of the log, element for element? */
static bool is_operand(const Planner *planner, const SlotView *view) {
  return view->origin && planner->log->words[view->origin + 1] == view->offset;
}

/* Does the plan lie whole on each node? The same answer on all of them. */
static bool lies_here(const Planner *planner) {
  const Plan *plan = planner->plan;
  for (int k = 0; k < plan->slot_count && planner->ctx->info->node_count > 1; k++)
    if (plan->slots[k].is_copy || (plan->slots[k].layout && plan->slots[k].layout->template))
      return false;
  return true;
}

static void look_at_group(const Planner *planner, const Group *group) {
  Plan *plan = planner->plan;
  for (int k = 0; k < group->store_count; k++) {
    plan->movable &= has_origin(planner, &group->stores[k].view);
    plan->stretches &= is_operand(planner, &group->stores[k].view);
  }
  for (int k = 0; k < group->node_count; k++) {
    const SlotView *view = &group->nodes[k].view;
    if (group->nodes[k].kind != NODE_LEAF) continue;
    plan->movable &= has_origin(planner, view), plan->stretches &= is_operand(planner, view);
  }
  plan->stretches &= group->kind == GROUP_KERNEL && group->reduce_axis < 0;
  plan->movable &= !group_is_given(group);
}

QlStatus planner_guards(Planner *planner) {
  Plan *plan = planner->plan;
  plan->movable = planner->ctx->params.positions >= 0 && !plan->sweep_count && lies_here(planner);
  plan->stretches = plan->slot_count == plan->log_slots;
  for (int g = 0; g < planner->group_count && plan->movable; g++)
    look_at_group(planner, &planner->groups[g]);
  for (int k = 0; k < planner->log->count; k++)
    plan->stretches &= planner->statements[k].live && !planner->statements[k].tiled &&
                       planner->log->statements[k].kind != STATEMENT_REDUCE;
  plan->tie_count = plan->movable ? planner->tie_count : 0;
  plan->ties = planner_keep(planner, planner->ties, (size_t)plan->tie_count * sizeof *plan->ties);
  return plan->ties ? QL_OK : QL_ERR_MEMORY;
}

/* ---- forms ---- */

/* Nothing is decided about the storage yet: where it is only computed inside its readers, its shape
 * does not matter. */
static bool is_open(const Storage *storage) { return !storage->layout; }

void plan_set_form(QlContext *ctx) {
  PlanKey *key = &ctx->key;
  const Log *log = &ctx->log;
  uint64_t hash = ql_mix(7, (uint64_t)key->words[0]);
  if (key->form) return;
  for (int s = 0; s < log->slot_count; s++) {
    const int64_t *words = key->words + key->first[s];
    int count = key->first[s + 1] - key->first[s];
    if (is_open(log->slots[s]))
      hash = ql_mix(ql_mix(hash, (uint64_t)words[0]), (uint64_t)words[count - 1]);
    else
      hash = ql_hash_bytes(hash, words, (size_t)count * sizeof *words);
  }
  for (int k = 0; k < log->count; k++) {
    const Statement *s = &log->statements[k];
    LogOperand operand;
    hash = ql_mix(hash, (uint64_t)log->words[s->words]);
    for (int j = 0; j < s->operands; j++) {
      bool is_array = log_operand(log, s, j, &operand);
      hash = ql_mix(hash, (uint64_t)operand.view.slot << 8 | (uint64_t)operand.access);
      if (is_array && !is_open(log->slots[operand.view.slot]))
        hash = ql_hash_bytes(hash, operand.view.stride,
                             (size_t)operand.ndim * sizeof *operand.view.stride);
    }
  }
  key->form = hash | 1;
}

Plan *plan_newest(const QlContext *ctx, uint64_t form) {
  Plan *plan = ctx->forms[form % PLAN_BUCKETS];
  while (plan && plan->form != form) plan = plan->next_alike;
  return plan;
}

/* ---- two logs of one form ---- */

typedef struct Use { /* of an array, by a statement */
  uint32_t origin;
  int previous;   /* use of the same array; -1 */
  int slot, ndim; /* of the view: as that of the statement's domain */
  bool stores, stretched;
  const int64_t *shape[2], *stride[2]; /* where the plan is, and where it is wanted */
  int64_t offset[2];
} Use;

typedef struct SlotUses {
  int count, last; /* use; -1 */
  bool moved_alike;
} SlotUses;

typedef struct Comparison {
  const QlContext *ctx;
  const Plan *plan;
  const Log *log;
  bool stretched;
  int use_count, extent_count;
  Use *uses;       /* [operands of the log] */
  SlotUses *slots; /* [slots of the log] */
  int64_t extents[EXTENTS][2];
} Comparison;

static int64_t moved_by(const Comparison *c, uint32_t origin) {
  return origin ? c->log->words[origin + 1] - c->plan->log_words[origin + 1] : 0;
}

/* ---- extents ---- */

/* Where extents differ, each has one that it becomes, and that only it becomes. */
static bool note_extent(Comparison *c, int64_t from, int64_t to) {
  for (int k = 0; k < c->extent_count; k++) {
    bool same_from = c->extents[k][0] == from, same_to = c->extents[k][1] == to;
    if (same_from && same_to) return true;
    if (same_from || same_to) return false;
  }
  if (c->extent_count == EXTENTS || !from || !to) return false;
  c->extents[c->extent_count][0] = from, c->extents[c->extent_count++][1] = to;
  return true;
}

static bool note_extents(Comparison *c, int ndim, const int64_t *from, const int64_t *to) {
  for (int a = 0; a < ndim; a++)
    if (!note_extent(c, from[a], to[a])) return false;
  return true;
}

static int64_t extent_now(const Comparison *c, int64_t extent) {
  for (int k = 0; k < c->extent_count; k++)
    if (c->extents[k][0] == extent) return c->extents[k][1];
  return extent;
}

/* ---- slots ---- */

static const int64_t *old_shape(const Comparison *c, int slot) {
  return c->plan->key_words + c->ctx->key.first[slot] + 1;
}

static bool slot_stretched(const Comparison *c, int slot) {
  const Storage *storage = c->log->slots[slot];
  return is_open(storage) && !equal_words(old_shape(c, slot), storage->shape, storage->ndim);
}

/* Are the slots the same but for extents of what is only computed inside its readers? */
static bool compare_slots(Comparison *c) {
  const PlanKey *key = &c->ctx->key;
  const Plan *plan = c->plan;
  if (plan->key_word_count != key->count || plan->log_slots != c->log->slot_count) return false;
  if (plan->key_words[0] != key->words[0]) return false;
  for (int s = 0; s < c->log->slot_count; s++) {
    int first = key->first[s], count = key->first[s + 1] - first;
    const int64_t *from = plan->key_words + first, *to = key->words + first;
    if (equal_words(from, to, count)) continue;
    if (!is_open(c->log->slots[s]) || from[0] != to[0] || from[count - 1] != to[count - 1] ||
        plan->slots[s].stored || plan->slots[s].allocate)
      return false;
    c->stretched = true;
  }
  return true;
}

/* Does the view see all of an array in C order, axis by axis, perhaps some again and again? */
static bool sees_all(int ndim, const int64_t *shape, const int64_t *stride, int64_t offset,
                     int array_ndim, const int64_t *array_shape) {
  int64_t c_stride[QL_MAX_DIMS];
  int a = 0;
  c_strides(array_ndim, array_shape, 1, c_stride);
  for (int d = 0; d < ndim; d++) {
    if (shape[d] == 1 || !stride[d]) continue;
    while (a < array_ndim && array_shape[a] == 1) a++;
    if (a == array_ndim || shape[d] != array_shape[a] || stride[d] != c_stride[a]) return false;
    a++;
  }
  while (a < array_ndim && array_shape[a] == 1) a++;
  return a == array_ndim && offset == 0;
}

static const int64_t *shape_of(const Comparison *c, int slot, int when) {
  return when ? c->log->slots[slot]->shape : old_shape(c, slot);
}

static bool is_all(const Comparison *c, const Use *use, int when) {
  return sees_all(use->ndim, use->shape[when], use->stride[when], use->offset[when],
                  c->log->slots[use->slot]->ndim, shape_of(c, use->slot, when));
}

/* ---- statements ---- */

static bool same_strides(const Comparison *c, const Use *use) {
  if (!slot_stretched(c, use->slot)) return equal_words(use->stride[0], use->stride[1], use->ndim);
  for (int d = 0; d < use->ndim; d++)
    if ((use->stride[0][d] == 0) != (use->stride[1][d] == 0)) return false;
  return is_all(c, use, 0) && is_all(c, use, 1);
}

static bool alike(const Use *a, const Use *b) {
  return a->offset[1] - a->offset[0] == b->offset[1] - b->offset[0];
}

/* Words of an operand, which both logs have at one place; gives how many, or 0: they differ. */
static int compare_operand(Comparison *c, const int64_t *from, const int64_t *to,
                           const Use *model) {
  if (*from != *to) return 0;
  if (*from < 0) return 1;
  Use *use = &c->uses[c->use_count];
  SlotUses *slot = &c->slots[model->slot];
  *use = *model;
  use->origin = (uint32_t)(to - c->log->words), use->previous = slot->last;
  use->offset[0] = from[1], use->offset[1] = to[1];
  use->stride[0] = from + 2, use->stride[1] = to + 2;
  slot->moved_alike &= !use->stretched && (slot->last < 0 || alike(use, &c->uses[slot->last]));
  slot->last = c->use_count++, slot->count++;
  return same_strides(c, use) ? 2 + use->ndim : 0;
}

static bool compare_statement(Comparison *c, const Statement *s) {
  const int64_t *from = c->plan->log_words + s->words, *to = c->log->words + s->words;
  if (*from++ != *to++) return false;
  Use use = {.ndim = s->ndim, .shape = {from, to}, .stretched = !equal_words(from, to, s->ndim)};
  c->stretched |= use.stretched;
  from += s->ndim, to += s->ndim;
  for (int j = 0; j < s->operands; j++) {
    LogOperand operand;
    bool is_array = log_operand(c->log, s, j, &operand);
    if (is_array && operand.ndim != s->ndim) return false;
    use.slot = operand.view.slot, use.stores = operand.access & LOG_WRITE;
    int words = compare_operand(c, from, to, &use);
    if (!words) return false;
    from += words, to += words;
  }
  return true;
}

static bool compare_statements(Comparison *c) {
  if (c->plan->log_word_count != c->log->word_count) return false;
  for (int k = 0; k < c->log->count; k++)
    if (!compare_statement(c, &c->log->statements[k])) return false;
  return true;
}

/* ---- guards ---- */

static bool ties_hold(const Comparison *c) {
  for (int k = 0; k < c->plan->tie_count; k++)
    if (moved_by(c, c->plan->ties[k].a) != moved_by(c, c->plan->ties[k].b)) return false;
  return true;
}

/* The next dimension from d on that the view moves along. */
static int moving_dim(const Use *use, int when, int d) {
  while (d < use->ndim && (use->shape[when][d] == 1 || !use->stride[when][d])) d++;
  return d;
}

/* In one order, but that either may see them again and again. */
static bool same_elements(const Comparison *c, const Use *a, const Use *b, int when) {
  if (is_all(c, a, when) && is_all(c, b, when)) return true;
  if (a->offset[when] != b->offset[when]) return false;
  int d = moving_dim(a, when, 0), e = moving_dim(b, when, 0);
  for (; d < a->ndim && e < b->ndim; d = moving_dim(a, when, d + 1), e = moving_dim(b, when, e + 1))
    if (a->shape[when][d] != b->shape[when][e] || a->stride[when][d] != b->stride[when][e])
      return false;
  return d >= a->ndim && e >= b->ndim;
}

static bool are_apart(const Comparison *c, const Use *a, const Use *b) {
  const Storage *storage = c->log->slots[a->slot];
  AxisMap axes_a[QL_MAX_DIMS], axes_b[QL_MAX_DIMS];
  Box box_a = box_of_shape(a->ndim, a->shape[1]), box_b = box_of_shape(b->ndim, b->shape[1]);
  return view_axes(a->ndim, a->shape[1], a->stride[1], a->offset[1], storage->ndim, storage->shape,
                   axes_a) &&
         view_axes(b->ndim, b->shape[1], b->stride[1], b->offset[1], storage->ndim, storage->shape,
                   axes_b) &&
         !axes_meet(storage->ndim, axes_a, &box_a, axes_b, &box_b);
}

static bool pair_holds(const Comparison *c, const Use *a, const Use *b) {
  return (!a->stretched && !b->stretched && alike(a, b)) ||
         (same_elements(c, a, b, 0) && same_elements(c, a, b, 1)) || are_apart(c, a, b);
}

static bool pairs_hold(const Comparison *c) {
  for (int s = 0; s < c->log->slot_count; s++) {
    const SlotUses *slot = &c->slots[s];
    if (slot->moved_alike) continue;
    if (slot->count > VIEWS) return false;
    for (int k = slot->last; k >= 0; k = c->uses[k].previous)
      for (int j = c->uses[k].previous; j >= 0; j = c->uses[j].previous)
        if ((c->uses[j].stores || c->uses[k].stores) && !pair_holds(c, &c->uses[j], &c->uses[k]))
          return false;
  }
  return true;
}

static bool extents_hold(Comparison *c) {
  if (!c->stretched) return true;
  if (!c->plan->stretches || !note_extent(c, 1, 1)) return false;
  for (int s = 0; s < c->log->slot_count; s++) {
    const Storage *storage = c->log->slots[s];
    if (!note_extents(c, storage->ndim, old_shape(c, s), storage->shape)) return false;
  }
  for (int k = 0; k < c->use_count; k++)
    if (!note_extents(c, c->uses[k].ndim, c->uses[k].shape[0], c->uses[k].shape[1])) return false;
  return true;
}

/* ---- boxes ---- */

static int compare_origin(const void *origin, const void *use) {
  uint32_t a = *(const uint32_t *)origin, b = ((const Use *)use)->origin;
  return a < b ? -1 : a > b;
}

/* Uses lie in the order of the log's words. */
static const Use *use_of(const Comparison *c, uint32_t origin) {
  return bsearch(&origin, c->uses, (size_t)c->use_count, sizeof *c->uses, compare_origin);
}

/* How far the elements by which a group is placed have moved along the axes of their array. False:
 * they lie along other axes now. */
static bool move_placement(const Comparison *c, const PlanGroup *group, Placement *p) {
  *p = *group->placement;
  if (p->replicated || p->flat || !p->origin) return true;
  const Use *use = use_of(c, p->origin);
  AxisMap axes[2][QL_MAX_DIMS];
  for (int when = 0; when < 2; when++)
    if (!view_axes(use->ndim, use->shape[when], use->stride[when], use->offset[when], p->slot_ndim,
                   p->slot_shape, axes[when]))
      return false;
  for (int a = 0; a < p->slot_ndim; a++) {
    const AxisMap *from = &axes[0][a], *to = &axes[1][a];
    if (from->dim != to->dim || from->step != to->step) return false;
    p->axes[a].start += to->start - from->start;
  }
  return true;
}

/* ---- waits ---- */

/* Room for a wait for every worker before each task, which a plan gets once. */
static bool reserve_waits(const CommInfo *info, Plan *plan) {
  size_t tasks = (size_t)plan->step_count * (size_t)info->threads;
  if (!plan->waits)
    plan->waits = ql_pool_get(&plan->pool, tasks * (size_t)info->workers * sizeof *plan->waits);
  return plan->waits;
}

/* The last steps that touch, and store, something in each block of the plan. */
typedef struct Touched {
  int *touched, *stored; /* [places] step + 1 */
} Touched;

/* After which step, plus one, a step can run, as far as blocks are concerned that are private to a
 * rank or not. */
static int step_after(const Plan *plan, const PlanGroup *group, const Touched *last, bool private) {
  int after = 0;
  for (int o = 0; o < group->operand_count; o++) {
    int place = plan->slots[group->operands[o].slot].place;
    if (plan->places[place].private_memory == private)
      after = QL_MAX(after, o < group->store_count ? last->touched[place] : last->stored[place]);
  }
  return after;
}

/* Positions are not compared: before a step, every worker has finished what touched the same
 * blocks. */
static void set_waits(const CommInfo *info, Plan *plan, const Touched *last) {
  PlanWait *list = plan->waits;
  int mine = info->node_rank * info->threads;
  for (int s = 0; s < plan->step_count; s++) {
    const PlanGroup *group = &plan->groups[plan->steps[s].group];
    int own = step_after(plan, group, last, true), all = step_after(plan, group, last, false);
    for (int t = 0; t < info->threads; t++, list += info->workers) {
      PlanWaits *waits = &plan->steps[s].waits[t];
      *waits = (PlanWaits){.list = list};
      for (int x = 0; x < info->workers; x++) {
        bool is_mine = x >= mine && x < mine + info->threads;
        int after = is_mine ? QL_MAX(own, all) : all;
        if (after && x != mine + t) waits->list[waits->count++] = (PlanWait){x, after - 1};
      }
    }
    for (int o = 0; o < group->operand_count; o++) {
      int place = plan->slots[group->operands[o].slot].place;
      last->touched[place] = s + 1;
      if (o < group->store_count) last->stored[place] = s + 1;
    }
  }
}

/* ---- a move ---- */

struct PlanMove {
  Plan *plan;
  Comparison comparison;
  Placement *placements; /* [groups] where the plan is wanted */
  Touched last;          /* nothing yet */
};

static void move_group(const Comparison *c, PlanGroup *group, const Placement *placement) {
  for (int o = 0; o < group->operand_count; o++) {
    PlanOperand *operand = &group->operands[o];
    int64_t item = ql_dtype_info[c->plan->slots[operand->slot].dtype].size;
    if (operand->slot < c->plan->log_slots) operand->offset += item * moved_by(c, operand->origin);
  }
  if (group->kind != GROUP_KERNEL) return;
  for (int r = 0; r < group->rank && c->stretched; r++)
    group->extent[r] = extent_now(c, group->extent[r]);
  *(Placement *)group->placement = *placement;
}

/* The plan's words become those of the log. */
static void take_words(QlContext *ctx, Plan *plan) {
  const Log *log = &ctx->log;
  Plan **link = &ctx->plans[plan->hash % PLAN_BUCKETS];
  while (*link != plan) link = &(*link)->next;
  *link = plan->next;
  memcpy(plan->log_words, log->words, (size_t)log->word_count * sizeof *log->words);
  memcpy(plan->key_words, ctx->key.words, (size_t)ctx->key.count * sizeof *ctx->key.words);
  plan->hash = ctx->key.hash;
  link = &ctx->plans[plan->hash % PLAN_BUCKETS];
  plan->next = *link, *link = plan;
}

/* False: its guards do not hold, or memory is lacking. */
static bool can_move(QlContext *ctx, PlanMove *move, Plan *plan) {
  Comparison *c = &move->comparison;
  c->ctx = ctx, c->plan = plan, c->log = &ctx->log;
  c->stretched = false, c->use_count = c->extent_count = 0;
  for (int s = 0; s < ctx->log.slot_count; s++) c->slots[s] = (SlotUses){0, -1, true};
  if (!compare_slots(c) || !compare_statements(c) || !extents_hold(c) || !ties_hold(c) ||
      !pairs_hold(c))
    return false;
  size_t groups = (size_t)plan->group_count, places = (size_t)plan->place_count;
  move->placements = ql_pool_get(&ctx->planning, groups * sizeof *move->placements);
  move->last = (Touched){ql_pool_zeros(&ctx->planning, places * sizeof(int)),
                         ql_pool_zeros(&ctx->planning, places * sizeof(int))};
  if (!move->placements || !move->last.touched || !move->last.stored) return false;
  for (int g = 0; g < plan->group_count; g++)
    if (plan->groups[g].kind == GROUP_KERNEL &&
        !move_placement(c, &plan->groups[g], &move->placements[g]))
      return false;
  return reserve_waits(ctx->info, plan);
}

Plan *rt_plan_of(const PlanMove *move) { return move->plan; }

void rt_plan_move(QlContext *ctx, PlanMove *move) {
  const Comparison *c = &move->comparison;
  Plan *plan = move->plan;
  plan->moved = true;
  for (int g = 0; g < plan->group_count; g++) move_group(c, &plan->groups[g], &move->placements[g]);
  for (int s = 0; s < plan->log_slots && c->stretched; s++)
    memcpy(plan->slots[s].shape, ctx->log.slots[s]->shape,
           plan->slots[s].ndim * sizeof *plan->slots[s].shape);
  if (c->stretched) plan_weigh(ctx, plan);
  for (int g = 0; g < plan->group_count; g++)
    if (plan->groups[g].kind == GROUP_KERNEL) plan_cut(ctx->info, plan, &plan->groups[g]);
  set_waits(ctx->info, plan, &move->last);
  take_words(ctx, plan);
  plan_newest(ctx, plan->form)->made_since = 0;
}

/* Of some plans with the form of the log those that can be moved, the one that was used last at the
 * end. */
static int plans_alike(const QlContext *ctx, Plan **plans) {
  int count = 0, tried = 0;
  Plan *plan = plan_newest(ctx, ctx->key.form);
  for (; plan && tried < TRIED; plan = plan->next_alike) {
    if (plan->form != ctx->key.form) continue;
    tried++;
    if (!plan->movable || !plan_is_current(plan)) continue;
    int k = count++;
    for (; k > 0 && plans[k - 1]->last_used > plan->last_used; k--) plans[k] = plans[k - 1];
    plans[k] = plan;
  }
  return count;
}

PlanMove *rt_plan_movable(QlContext *ctx) {
  Plan *plans[TRIED];
  if (ctx->params.positions < 0) return NULL;
  plan_set_form(ctx);
  const Plan *newest = plan_newest(ctx, ctx->key.form);
  if (!newest || (newest->made_since >= SELDOM && newest->made_since % SELDOM)) return NULL;
  int count = plans_alike(ctx, plans);
  if (count < QL_MAX(1, QL_MIN(ctx->params.positions, TRIED))) return NULL;
  size_t operands = 0;
  for (int k = 0; k < ctx->log.count; k++) operands += ctx->log.statements[k].operands;
  PlanMove *move = ql_pool_get(&ctx->planning, sizeof *move);
  if (!move) return NULL;
  Comparison *c = &move->comparison;
  c->uses = ql_pool_get(&ctx->planning, operands * sizeof *c->uses);
  c->slots = ql_pool_get(&ctx->planning, (size_t)ctx->log.slot_count * sizeof *c->slots);
  for (int k = 0; k < count && c->uses && c->slots; k++) {
    move->plan = plans[k];
    if (can_move(ctx, move, plans[k])) return move;
  }
  return NULL;
}
