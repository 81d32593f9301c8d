/* Which block each slot lies in. A slot lives from the first group that uses it to the last, or
 * for ever when its storage is alive behind the flush; slots whose lives do not overlap may lie in
 * one block, one after another:
 *
 *     group         0     1     2     3
 *     x            ==========                    dies in this flush
 *     t = f(x)           ==========              dies in this flush
 *     y = g(t)                 ========== ...    is alive behind it: takes x's block and keeps it
 *     u = h(y)                       =======     dies in this flush: takes t's
 *
 * Never in one group: kernels take their operands for disjoint. A block is as large as the largest
 * slot in it, unless it comes from a storage; one that a storage keeps is no larger than that.
 *
 * All nodes choose alike, although the bytes of a block differ between them: by the sizes of whole
 * arrays, and by layouts.
 *
 * Requires geometries and the groups' final order. Breaks that what a slot holds is its own memory:
 * an access is to be ordered with all those of the block (depend.c). */
#include "planner.h"

#include <limits.h>
#include <string.h>

enum { TAKEN = INT_MAX, GROUP_SLOTS = 2 * (GROUP_NODES + GROUP_STORES) + 2 };

/* A place in the making. */
typedef struct Room {
  int first;      /* the slot that has it first */
  bool uniform;   /* all slots in it have the first one's geometry */
  int64_t size;   /* bytes of the largest slot, on all nodes together */
  int free_since; /* the group that used it last, -1: before all, or TAKEN */
} Room;

typedef struct Lives {
  Planner *planner;
  int *first, *last; /* [slots] groups; -1 */
  Room *rooms;       /* [places] */
  int64_t least;     /* bytes of the slots that may share a place */
} Lives;

/* The slots that a group uses, on whichever node, in itself or in its transfers; some twice. */
static int slots_of(const Group *group, int *slots) {
  int count = 0;
  if (group->kind == GROUP_MOVE) slots[count++] = group->move_to, slots[count++] = group->move_from;
  for (int k = 0; k < group->store_count; k++)
    slots[count++] = group->stores[k].view.slot, slots[count++] = group->stores[k].slot;
  for (int k = 0; k < group->node_count && group->reach; k++)
    if (group->nodes[k].kind == NODE_LEAF)
      slots[count++] = group->nodes[k].view.slot, slots[count++] = group->reach[k].slot;
  return count;
}

static void lives_at(Lives *lives, int slot, int g) {
  if (lives->first[slot] < 0) lives->first[slot] = g;
  lives->last[slot] = g;
}

/* What is brought before a group for later ones is there by then. */
static void find_lives(Lives *lives) {
  const Planner *planner = lives->planner;
  int slots[GROUP_SLOTS];
  for (int k = 0; k < planner->plan->slot_count; k++) lives->first[k] = lives->last[k] = -1;
  for (int g = 0; g < planner->group_count; g++) {
    const Group *group = &planner->groups[g];
    for (int j = 0; j < group->brought_count; j++) lives_at(lives, group->brought[j], g);
    for (int j = slots_of(group, slots) - 1; j >= 0; j--) lives_at(lives, slots[j], g);
  }
}

static bool is_private(const PlanSlot *slot) { return slot->layout && !slot->layout->template; }

/* Is its block the array itself, on every node? */
static bool is_plain(const Planner *planner, const PlanSlot *slot) {
  return is_private(slot) || (slot->layout && planner->ctx->info->node_count == 1);
}

/* Of the whole array, also where a copy holds a part of it. */
static int64_t size_of(const Planner *planner, int k) {
  const PlanSlot *slot = &planner->plan->slots[k];
  return shape_volume(slot->ndim, slot->shape) * ql_dtype_info[slot->dtype].size;
}

/* Do blocks of both have the same bytes, on every node? */
static bool alike(const Planner *planner, int a, int b) {
  const PlanSlot *x = &planner->plan->slots[a], *y = &planner->plan->slots[b];
  if (is_plain(planner, x) && is_plain(planner, y))
    return is_private(x) == is_private(y) && size_of(planner, a) == size_of(planner, b);
  return x->layout && y->layout && x->layout->template == y->layout->template &&
         ql_dtype_info[x->dtype].size == ql_dtype_info[y->dtype].size &&
         !memcmp(x->layout->offset, y->layout->offset, (size_t)x->ndim * sizeof(int64_t)) &&
         !memcmp(x->shape, y->shape, (size_t)x->ndim * sizeof(int64_t)) &&
         !memcmp(x->geometry.margin, y->geometry.margin, sizeof x->geometry.margin);
}

enum { SMALL_PART = 256 };

/* What is small beside the largest slot has a place of its own, or plans would order groups, which
 * could be run in any order, for little memory. */
static int64_t least_shared(const Planner *planner) {
  int64_t largest = 0, reuse = planner->ctx->params.reuse;
  for (int k = 0; k < planner->plan->slot_count; k++)
    largest = QL_MAX(largest, size_of(planner, k));
  return reuse < 0 ? INT64_MAX : QL_MAX(reuse, largest / SMALL_PART);
}

static bool may_share(const Lives *lives, int k) {
  return size_of(lives->planner, k) >= lives->least;
}

static bool fits(const Lives *lives, int p, int k) {
  const Planner *planner = lives->planner;
  const PlanPlace *place = &planner->plan->places[p];
  const PlanSlot *slot = &planner->plan->slots[k];
  const Room *room = &lives->rooms[p];
  bool is_copy = !slot->layout, holds_copies = !planner->plan->slots[room->first].layout;
  if (room->free_since == TAKEN || place->private_memory != is_private(slot)) return false;
  if (is_copy != holds_copies) return false; /* how much of an array it is differs between nodes */
  if (planner->slots[k].alive) return room->uniform && alike(planner, room->first, k);
  if (place->from < 0) return true;
  return is_plain(planner, slot) ? size_of(planner, k) <= room->size
                                 : alike(planner, room->first, k);
}

/* Is the slot better off in p than in q? Where it makes the block grow least; where least is left
 * over; where workers find their own part; where memory is warm. */
static bool is_better(const Lives *lives, int k, int p, int q) {
  const Planner *planner = lives->planner;
  const Room *a = &lives->rooms[p], *b = &lives->rooms[q];
  int64_t size = size_of(planner, k), grows_a = QL_MAX(size - a->size, 0),
          grows_b = QL_MAX(size - b->size, 0);
  bool alike_a = alike(planner, a->first, k), alike_b = alike(planner, b->first, k);
  if (grows_a != grows_b) return grows_a < grows_b;
  if (a->size != b->size) return a->size < b->size;
  if (alike_a != alike_b) return alike_a;
  return a->free_since > b->free_since;
}

static int new_place(Lives *lives, int k, int from) {
  Plan *plan = lives->planner->plan;
  int p = plan->place_count++;
  plan->places[p] = (PlanPlace){.from = from,
                                .keeper = from,
                                .private_memory = is_private(&plan->slots[k]),
                                .bytes = plan->slots[k].geometry.bytes};
  lives->rooms[p] =
      (Room){.first = k, .uniform = true, .size = size_of(lives->planner, k), .free_since = TAKEN};
  return p;
}

/* The slot's life begins. */
static void settle(Lives *lives, int k) {
  const Planner *planner = lives->planner;
  Plan *plan = planner->plan;
  PlanSlot *slot = &plan->slots[k];
  int best = -1;
  for (int p = 0; p < plan->place_count && may_share(lives, k); p++)
    if (fits(lives, p, k) && (best < 0 || is_better(lives, k, p, best))) best = p;
  slot->follows = best >= 0;
  if (best < 0) best = new_place(lives, k, -1);
  Room *room = &lives->rooms[best];
  PlanPlace *place = &plan->places[best];
  room->free_since = TAKEN;
  room->uniform &= alike(planner, room->first, k);
  room->size = QL_MAX(room->size, size_of(planner, k));
  place->bytes = QL_MAX(place->bytes, slot->geometry.bytes);
  if (planner->slots[k].alive) place->keeper = k;
  slot->place = best, slot->begins = lives->first[k];
}

/* Its life ends, if the flush is its end. */
static void leave(Lives *lives, int k) {
  const Planner *planner = lives->planner;
  const SlotInfo *info = &planner->slots[k];
  PlanSlot *slot = &planner->plan->slots[k];
  bool exported =
      !slot->allocate && info->storage && !is_private(slot) && info->storage->block->references > 1;
  if (!info->alive && !exported && may_share(lives, k))
    lives->rooms[slot->place].free_since = lives->last[k];
}

static void assign_places(Lives *lives) {
  const Planner *planner = lives->planner;
  Plan *plan = planner->plan;
  int slots[GROUP_SLOTS];
  for (int k = 0; k < plan->slot_count; k++) {
    plan->slots[k].place = -1;
    const Storage *storage = planner->slots[k].storage;
    bool is_kept = plan->slots[k].is_copy && !plan->slots[k].allocate;
    if (plan->slots[k].allocate || (!is_kept && !(storage && storage->block))) continue;
    plan->slots[k].place = new_place(lives, k, k);
    if (lives->first[k] < 0) leave(lives, k);
  }
  for (int g = 0; g < planner->group_count; g++) {
    const Group *group = &planner->groups[g];
    int count = slots_of(group, slots);
    for (int j = 0; j < group->brought_count; j++)
      if (plan->slots[group->brought[j]].allocate && plan->slots[group->brought[j]].place < 0)
        settle(lives, group->brought[j]);
    for (int j = 0; j < count; j++)
      if (plan->slots[slots[j]].allocate && plan->slots[slots[j]].place < 0)
        settle(lives, slots[j]);
    for (int j = 0; j < count; j++)
      if (lives->last[slots[j]] == g && plan->slots[slots[j]].place >= 0) leave(lives, slots[j]);
  }
}

static void count_new(const Lives *lives) {
  Plan *plan = lives->planner->plan;
  for (int p = 0; p < plan->place_count; p++)
    if (plan->places[p].from < 0 &&
        __builtin_add_overflow(plan->new_bytes, lives->rooms[p].size, &plan->new_bytes))
      plan->new_bytes = INT64_MAX;
}

static void note_stores(Plan *plan) {
  for (int k = 0; k < plan->slot_count; k++) {
    const PlanSlot *slot = &plan->slots[k];
    if (slot->place >= 0) plan->places[slot->place].stored |= slot->stored || slot->allocate;
  }
}

QlStatus planner_live(Planner *planner) {
  Plan *plan = planner->plan;
  size_t slots = (size_t)plan->slot_count;
  Lives lives = {.planner = planner,
                 .first = ql_pool_get(planner->pool, slots * sizeof(int)),
                 .last = ql_pool_get(planner->pool, slots * sizeof(int)),
                 .rooms = ql_pool_get(planner->pool, slots * sizeof(Room)),
                 .least = least_shared(planner)};
  plan->places = ql_pool_get(planner->pool, slots * sizeof *plan->places);
  if (!lives.first || !lives.last || !lives.rooms || !plan->places)
    return planner_no_memory(planner);
  find_lives(&lives), assign_places(&lives), count_new(&lives), note_stores(plan);
  plan->places =
      planner_keep(planner, plan->places, (size_t)plan->place_count * sizeof *plan->places);
  return plan->places ? QL_OK : QL_ERR_MEMORY;
}

bool planner_same_memory(const PlanSlot *a, const PlanSlot *b) {
  size_t axes = (size_t)a->ndim * sizeof(int64_t);
  return a == b || (a->ndim == b->ndim && a->geometry.bytes == b->geometry.bytes &&
                    !memcmp(a->geometry.alloc.lo, b->geometry.alloc.lo, axes) &&
                    !memcmp(a->geometry.alloc.hi, b->geometry.alloc.hi, axes) &&
                    !memcmp(a->geometry.stride, b->geometry.stride, axes));
}
