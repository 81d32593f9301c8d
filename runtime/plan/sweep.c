/* Time blocking: a run of groups front by front instead of one after another, so that what one
 * stores the next ones read while it is in the cache.
 *
 *     v[1:-1] = f(u[:-2], u[2:])    group 0      fronts go downwards; at front y a group computes
 *     u[1:-1] = f(v[:-2], v[2:])    group 1      the rows from y + ahead: 0, 1, 2, ...
 *     v[1:-1] = f(u[:-2], u[2:])    group 2
 *
 *      rows ^   worker 1    \                 The cut between two workers lies lower from group to
 *           |    - - - - - - -\  groups ->    group, by `below`. So what a worker needs of the one
 *           |   worker 0        \             below it, that one computes first, and it needs last;
 *                                             and what it overwrites has been read, in the same
 *                                             order. Nobody waits for the one above.
 *
 * Where a front's rows are too long for the cache, columns are cut into strips in the same way, and
 * a worker computes all fronts of a strip before those of the next. Nothing is copied or computed
 * twice, kernels and blocks are as they are without, and bits do not depend on it.
 *
 * A group's points lie at *positions* along an axis of what it stores. Of two groups that touch the
 * same memory, one of which stores it, let the earlier, h, touch elements p + a of it at position
 * p, a in [a.lo, a.hi], and the later, g, p + b. They meet where p_g - p_h lies from a.lo - b.hi to
 * a.hi - b.lo. h comes first there, if
 *
 *     ahead_g >= ahead_h + a.hi - b.lo      in one worker; and where h is of a worker below, which
 *                                           has finished the same front (run/fronts.c)
 *     below_g >= below_h + b.hi - a.lo      then h is not of a worker above, nor of a later strip
 *
 * whatever the groups do: stencils in place, several fields, names that rotate, new arrays in the
 * memory of dead ones, boundaries (groups at a single position).
 *
 * Requires groups in their final order, reaches, places. Breaks that a group is a step. */
#include "planner.h"

#include <string.h>

enum {
  LONG_CALL = 2048,  /* points, from which on the call of a kernel costs little */
  LEAST_STRIP = 512, /* points of it; */
  SHORTEST = 128,    /* but so many, where without the sweep would reuse less than */
  ENOUGH = 12,       /* so often what it has brought into the cache */
  HEAVY = 2,         /* additions for each byte that is touched */
  LINE = 8, /* points of a cache line, of which strips of an array's last axis have whole ones */
  FAR = 1 << 20 /* cuts of a sweep that was asked for sink by at most so many positions */
};

/* What a group does with a slot, seen from its positions. */
typedef struct Use {
  int slot, place;
  bool stores;
  bool along[2];        /* it follows the positions; else [lo, hi] holds all that it touches */
  int64_t lo[2], hi[2]; /* elements from position + lo to position + hi */
  int64_t bytes_of_row; /* of the slot's memory; 0: not known */
} Use;

enum { USES = 32 };

typedef struct SweepMember {
  SweepGroup sides;
  int use_count, depth; /* so many of the sweep follow from one another up to this one */
  Use *uses;
} SweepMember;

/* Rows of a place that are in use at a front. */
typedef struct Window {
  int64_t lo, hi; /* from a front's position; empty: the sweep does not touch the place */
  int64_t bytes_of_row;
} Window;

/* By whom a place is touched. */
typedef enum TouchedBy {
  MEMBER_READS = 1,
  MEMBER_STORES = 2,
  BEHIND_READS = 4,
  BEHIND_STORES = 8
} TouchedBy;

typedef struct Finder {
  Planner *planner;
  int axis; /* of what is stored; strips are cut along the next one */
  int slabs;
  int64_t cache;          /* bytes */
  int depth;              /* at most; 0: as deep as the cache allows */
  SweepMember *members;   /* [groups] */
  int count;              /* members of the sweep in the making, */
  int aside;              /* and so many groups among them that are not in it */
  SweepRole *roles;       /* [groups] */
  TouchedBy *by;          /* [places] */
  Window *windows;        /* [places] */
  int ended_by;           /* the group before which the sweep has ended; -1: the last, or one that
                             would have made it too deep */
  QlRemarkKind why;       /* it has */
  double row_bytes;       /* of its places, and */
  double touched;         /* bytes that its groups touch, */
  double work;            /* and what they cost, in additions */
  int most;               /* groups that it may have; 0: any number */
  int shared;             /* so many sweeps are still to have as many at most */
  Interval rows, columns; /* positions of all its groups */
  int64_t across;         /* points of the longest column */
} Finder;

/* ---- what a group does ---- */

static bool may_sweep(const Finder *f, const Group *group) {
  const Placement *p = &group->placement;
  if (group->kind != GROUP_KERNEL || !group->rank || group->routine) return false;
  if (group->exchanges && f->count) return false;
  if (p->replicated || p->everywhere || p->in_order || p->in_lines) return false;
  if (group->reduce_axis >= 0 && (group->nest || jit_form_steps(group->form))) return false;
  if (group->nest && (group->nest->form != JIT_NEST_POINTS || group->nest_from)) return false;
  for (int r = 0; r < group->rank; r++)
    if (group->extent[r] <= 0) return false;
  return true;
}

/* Where the points of a group lie along an axis of its target; false: they cannot be cut there. */
static bool side_of(const Group *group, const Box *domain, const AxisMap *map, SweepSide *side) {
  int r = map->dim;
  *side = (SweepSide){.dim = r, .step = map->step, .start = map->start};
  side->within = (Interval){map->start, map->start + 1};
  if (r < 0) return true;
  if (map->step <= 0 || r == group->reduce_axis) return false;
  side->within = (Interval){map->start + map->step * domain->lo[r],
                            map->start + map->step * (domain->hi[r] - 1) + 1};
  return true;
}

/* What this node computes of a group; false: nothing. */
static bool domain_here(const Planner *planner, const Group *group, Box *domain) {
  const Grid *grid = placement_grid(group);
  *domain = box_of_shape(group->rank, group->extent);
  if (grid) {
    Cells cells = grid_cells_of(grid, planner->ctx->info->node);
    *domain = placement_cells(group, &cells);
  }
  return !box_empty(group->rank, domain);
}

/* One side of a use: which elements, counted from the position. Where they do not move with it,
 * from the lowest seen from the highest position to the highest seen from the lowest. */
static void use_along(const Group *group, const SweepSide *side, const AxisSpan *span, int k,
                      Use *use) {
  use->along[k] = span->dim == side->dim && (side->dim < 0 || span->step == side->step);
  int64_t lo = span->lo, hi = span->hi;
  if (use->along[k]) {
    use->lo[k] = lo - side->start, use->hi[k] = hi - side->start;
    return;
  }
  if (span->dim >= 0) {
    int64_t end = span->step * (group->extent[span->dim] - 1);
    lo += QL_MIN(end, 0), hi += QL_MAX(end, 0);
  }
  use->lo[k] = lo - (side->within.hi - 1), use->hi[k] = hi - side->within.lo;
}

static Use use_of(const Finder *f, const Group *group, const SweepMember *member, int slot,
                  const AxisSpan *spans, bool stores) {
  const PlanSlot *s = &f->planner->plan->slots[slot];
  Use use = {.slot = slot, .place = s->place, .stores = stores};
  const SweepSide *sides[2] = {&member->sides.row, &member->sides.column};
  for (int k = 0; k < 2; k++) {
    int axis = f->axis + k;
    AxisSpan all = {.lo = 0, .hi = axis < s->ndim ? s->shape[axis] - 1 : 0, .dim = -1};
    use_along(group, sides[k], spans && axis < s->ndim ? &spans[axis] : &all, k, &use);
  }
  if (s->ndim > f->axis) {
    const Box *alloc = &s->geometry.alloc;
    use.bytes_of_row = s->geometry.bytes / QL_MAX(alloc->hi[f->axis] - alloc->lo[f->axis], 1);
  }
  return use;
}

/* False: too many uses, or the group has no positions along the axis. */
static bool member_of(Finder *f, const Group *group, SweepMember *member) {
  const Planner *planner = f->planner;
  AxisMap axes[QL_MAX_DIMS];
  Use uses[USES];
  int count = 0;
  f->why = group->exchanges ? QL_SWEEP_MESSAGE : QL_SWEEP_ORDER;
  if (!may_sweep(f, group)) return false;
  Box domain;
  if (!domain_here(planner, group, &domain)) return false;
  for (int k = 0; k < group->store_count; k++) {
    const GroupStore *store = &group->stores[k];
    int ndim = planner->plan->slots[store->view.slot].ndim;
    if (ndim <= f->axis || !store_axes(planner, group, store, axes)) return false;
    if (k == 0) {
      static const AxisMap none = {0, 0, -1};
      if (!side_of(group, &domain, &axes[f->axis], &member->sides.row)) return false;
      if (!side_of(group, &domain, ndim > f->axis + 1 ? &axes[f->axis + 1] : &none,
                   &member->sides.column))
        member->sides.column = (SweepSide){.dim = -1, .within = {0, 1}};
    }
    AxisSpan spans[QL_MAX_DIMS];
    span_of_map(ndim, axes, spans);
    uses[count++] = use_of(f, group, member, store->slot, spans, true);
  }
  for (int k = 0; k < group->node_count; k++) {
    const Reach *reach = &group->reach[k];
    if (group->nodes[k].kind != NODE_LEAF) continue;
    Use use = use_of(f, group, member, reach->slot, reach->has_axes ? reach->axes : NULL, false);
    int j = 0;
    while (j < count && (uses[j].stores || uses[j].slot != use.slot ||
                         memcmp(uses[j].along, use.along, sizeof use.along) != 0))
      j++;
    if (j == USES) return false;
    if (j == count) {
      uses[count++] = use;
      continue;
    }
    for (int a = 0; a < 2; a++) {
      uses[j].lo[a] = QL_MIN(uses[j].lo[a], use.lo[a]);
      uses[j].hi[a] = QL_MAX(uses[j].hi[a], use.hi[a]);
    }
  }
  for (int k = 0; k < count; k++)
    if (uses[k].place < 0) return false;
  member->use_count = count;
  member->uses = ql_pool_copy(f->planner->pool, uses, (size_t)count * sizeof *uses);
  if (!member->uses) (void)planner_no_memory(planner); /* the plan fails: others have the member */
  return member->uses != NULL;
}

/* ---- order ---- */

/* From where to where p_g - p_h lies where the two touch the same element along one side; false:
 * they do not. */
static bool meets(const Use *h, const SweepSide *h_side, const Use *g, const SweepSide *g_side,
                  int k, Interval *between) {
  *between = (Interval){
      QL_MAX(h->lo[k] - g->hi[k], g_side->within.lo - (h_side->within.hi - 1)),
      QL_MIN(h->hi[k] - g->lo[k], g_side->within.hi - 1 - h_side->within.lo)}; /* both included */
  return between->lo <= between->hi;
}

/* Lets `g` come behind `h`. False: nothing is known of where they meet. */
static bool order(const Finder *f, const SweepMember *h, SweepMember *g, bool *any) {
  const PlanSlot *slots = f->planner->plan->slots;
  SweepSide *row = &g->sides.row, *column = &g->sides.column;
  for (int i = 0; i < h->use_count; i++)
    for (int j = 0; j < g->use_count; j++) {
      const Use *a = &h->uses[i], *b = &g->uses[j];
      Interval rows, columns;
      if (a->place != b->place || !(a->stores || b->stores)) continue;
      if (!planner_same_memory(&slots[a->slot], &slots[b->slot])) return false;
      if (!meets(a, &h->sides.row, b, row, 0, &rows)) continue;
      if (!meets(a, &h->sides.column, b, column, 1, &columns)) continue;
      int64_t ahead = h->sides.row.ahead + rows.hi, below = h->sides.row.below - rows.lo;
      int64_t left = h->sides.column.below - columns.lo;
      row->ahead = *any ? QL_MAX(row->ahead, ahead) : ahead;
      row->below = *any ? QL_MAX(row->below, below) : below;
      column->below = *any ? QL_MAX(column->below, left) : left;
      g->depth = QL_MAX(g->depth, h->depth + 1);
      *any = true;
    }
  return true;
}

static bool order_all(const Finder *f, SweepMember *g) {
  bool any = false;
  g->depth = 1;
  for (int k = 0; k < f->count; k++)
    if (!order(f, &f->members[k], g, &any)) return false;
  if (any || !f->count) return true;
  const SweepGroup *last = &f->members[f->count - 1].sides;
  g->sides.row.ahead = last->row.ahead, g->sides.row.below = last->row.below;
  g->sides.column.below = last->column.below;
  return true;
}

/* ---- how much fits ---- */

static void widen(Interval *interval, Interval by) {
  bool none = interval->lo >= interval->hi;
  interval->lo = none ? by.lo : QL_MIN(interval->lo, by.lo);
  interval->hi = none ? by.hi : QL_MAX(interval->hi, by.hi);
}

/* Of all members: by how much cuts sink from the highest to the lowest, along rows or columns. */
static Interval sinks(const Finder *f, bool columns) {
  Interval all = {0, 0};
  for (int k = 0; k < f->count; k++) {
    const SweepGroup *sides = &f->members[k].sides;
    int64_t below = columns ? sides->column.below : sides->row.below;
    widen(&all, (Interval){below, below + 1});
  }
  return all;
}

static int64_t spread(Interval all) { return QL_MAX(all.hi - 1 - all.lo, 0); }

/* Bytes of a front with whole rows, of so many positions. */
static double front_bytes(const Finder *f, int64_t height) {
  double bytes = 0;
  for (int p = 0; p < f->planner->plan->place_count; p++) {
    const Window *window = &f->windows[p];
    if (window->lo < window->hi)
      bytes += (double)(window->hi - window->lo - 1 + height) * (double)window->bytes_of_row;
  }
  return bytes;
}

/* Of all rows of its places. */
static double all_bytes(const Finder *f) {
  return (double)(f->rows.hi - f->rows.lo) * f->row_bytes;
}

typedef struct Shape { /* of fronts */
  int64_t height, strip;
  bool fits;
} Shape;

static Shape shape_of(const Finder *f) {
  int64_t columns = QL_MAX(f->columns.hi - f->columns.lo, 1);
  int64_t points = f->touched < ENOUGH * all_bytes(f) ? SHORTEST : LEAST_STRIP;
  int64_t least = QL_MAX(ceil_div(points, f->across), spread(sinks(f, true)));
  Shape shape = {.height = 1, .strip = columns, .fits = true};
  double part = (double)f->cache / front_bytes(f, 1);
  if (part < 1) {
    int64_t most = (int64_t)((double)columns * part);
    shape.fits = most >= least;
    shape.strip = QL_MIN(QL_MAX(most, least), columns);
    if (f->across == 1 && shape.strip > LINE) shape.strip = shape.strip / LINE * LINE;
  }
  double strips = (double)columns / (double)shape.strip;
  shape.height = QL_MAX(ceil_div(LONG_CALL, QL_MAX(shape.strip * f->across, 1)), 1);
  while (shape.height > 1 && front_bytes(f, shape.height) > (double)f->cache * strips)
    shape.height /= 2;
  return shape;
}

/* ---- members ---- */

static void add_windows(Finder *f, const SweepMember *member) {
  for (int k = 0; k < member->use_count; k++) {
    const Use *use = &member->uses[k];
    Window *window = &f->windows[use->place];
    Interval rows = {window->lo, window->hi};
    widen(&rows, (Interval){member->sides.row.ahead + use->lo[0],
                            member->sides.row.ahead + use->hi[0] + 1});
    window->lo = rows.lo, window->hi = rows.hi;
    f->row_bytes += (double)QL_MAX(use->bytes_of_row - window->bytes_of_row, 0);
    window->bytes_of_row = QL_MAX(window->bytes_of_row, use->bytes_of_row);
  }
}

static void forget_members(Finder *f) {
  memset(f->by, 0, (size_t)f->planner->plan->place_count * sizeof *f->by);
  f->aside = 0;
  memset(f->windows, 0, (size_t)f->planner->plan->place_count * sizeof *f->windows);
  f->count = 0, f->across = 1, f->row_bytes = f->touched = f->work = 0;
  f->rows = f->columns = (Interval){0, 0};
}

/* Bytes of what a group touches: each slot once. */
static double touched_by(const Finder *f, const Box *domain, int rank, const SweepMember *member) {
  double item = 0;
  for (int k = 0; k < member->use_count; k++) {
    bool again = false;
    for (int j = 0; j < k; j++) again |= member->uses[j].slot == member->uses[k].slot;
    if (!again && member->uses[k].along[0])
      item += (double)ql_dtype_info[f->planner->plan->slots[member->uses[k].slot].dtype].size;
  }
  return item * (double)box_volume(rank, domain);
}

static int64_t points_across(const Box *domain, int rank, const SweepGroup *sides) {
  int64_t points = 1;
  for (int r = 0; r < rank; r++)
    if (r != sides->row.dim && r != sides->column.dim) points *= domain->hi[r] - domain->lo[r];
  return points;
}

static void add_member(Finder *f, const Group *group) {
  const SweepMember *member = &f->members[f->count++];
  widen(&f->rows, member->sides.row.within);
  widen(&f->columns, member->sides.column.within);
  Box domain;
  (void)domain_here(f->planner, group, &domain);
  f->across = QL_MAX(f->across, points_across(&domain, group->rank, &member->sides));
  f->touched += touched_by(f, &domain, group->rank, member);
  f->work +=
      (double)box_volume(group->rank, &domain) * f->planner->plan->groups[member->sides.group].cost;
  add_windows(f, member);
}

/* Are the fronts of the sweep in the cache, and is the part in which workers wait small? */
static bool is_sound(const Finder *f) {
  int64_t slab = (f->rows.hi - f->rows.lo) / f->slabs, sink = spread(sinks(f, false));
  int64_t ahead_lo = INT64_MAX, ahead_hi = INT64_MIN;
  for (int k = 0; k < f->count; k++) {
    ahead_lo = QL_MIN(ahead_lo, f->members[k].sides.row.ahead);
    ahead_hi = QL_MAX(ahead_hi, f->members[k].sides.row.ahead);
  }
  if (f->depth) return sink <= FAR && ahead_hi - ahead_lo <= FAR;
  return f->count == 1 ||
         (2 * sink <= slab && 2 * (ahead_hi - ahead_lo) <= slab && shape_of(f).fits);
}

enum {
  NEAR = 128, /* positions */
  EDGE = 16   /* rows of a slab: what lies in one row is a small part of so many */
};

/* Would one worker compute what all could share? */
static bool is_alone(const Finder *f, const SweepMember *member) {
  int64_t rows = f->rows.hi - f->rows.lo;
  return !f->depth && member->sides.row.dim < 0 && f->slabs > 1 && rows < EDGE * f->slabs;
}

/* Would the group be computed so far behind the one before it that hardly anything is shared? */
static bool is_far(const Finder *f, const SweepMember *member) {
  if (!f->count) return false;
  const SweepSide *last = &f->members[f->count - 1].sides.row, *row = &member->sides.row;
  return row->ahead - last->ahead > NEAR || row->below - last->below > NEAR;
}

typedef enum Joined { JOIN_YES, JOIN_NEVER, JOIN_NOT_NOW } Joined;

/* Takes the next group into the sweep, unless that cannot be, or the sweep would become too deep.
 */
static Joined join(Finder *f, const Group *group, int g) {
  SweepMember *member = &f->members[f->count];
  Finder before = *f;
  Window windows[USES];
  if (!member_of(f, group, member)) return JOIN_NEVER;
  f->why = QL_SWEEP_FAR;
  if (!order_all(f, member) || is_far(f, member) || is_alone(f, member)) return JOIN_NEVER;
  member->sides.group = g;
  if ((f->depth && member->depth > f->depth) || (f->most && f->count >= f->most))
    return JOIN_NOT_NOW;
  for (int k = 0; k < member->use_count; k++) windows[k] = f->windows[member->uses[k].place];
  add_member(f, group);
  if (is_sound(f)) return JOIN_YES;
  for (int k = member->use_count - 1; k >= 0; k--) f->windows[member->uses[k].place] = windows[k];
  *f = before;
  return JOIN_NOT_NOW;
}

/* ---- is it worth it? ---- */

/* What is near enough as it is, in the caches of all cores that workers have. */
static double near_bytes(const Planner *planner) {
  const QlContext *ctx = planner->ctx;
  int slabs = ctx->info->node_size * planner->plan->threads;
  return (double)ctx->near_bytes * QL_MIN(slabs, ctx->cores);
}

/* Where all lies in the caches of the workers as it is, or is touched hardly more than once, or so
 * much is computed that memory keeps up with it, fronts are only calls. */
static bool is_worth(const Finder *f) {
  if (f->count < 2) return false;
  if (f->depth) return true;
  double bytes = all_bytes(f);
  return f->touched >= 1.5 * bytes && f->work <= HEAVY * f->touched &&
         bytes > near_bytes(f->planner);
}

/* ---- what the plan keeps ---- */

/* The fronts of a slab: [begin, over). */
static void fronts_of_slab(const PlanSweep *sweep, int slab, int *begin, int *over) {
  *begin = (int)sweep->fronts, *over = 0;
  for (int k = 0; k < sweep->count; k++) {
    const SweepSide *row = &sweep->groups[k].row;
    int64_t lo = QL_MAX(row->within.lo, sweep->cut[slab] - row->below),
            hi = QL_MIN(row->within.hi, sweep->cut[slab + 1] - row->below);
    if (lo >= hi) continue;
    *begin = QL_MIN(*begin, (int)((sweep->top - hi + row->ahead) / sweep->height));
    *over = QL_MAX(*over, (int)((sweep->top - 1 - lo + row->ahead) / sweep->height) + 1);
  }
}

/* What is below a slab begins no earlier than it does: then nobody looks further down than to the
 * first that has not begun. */
static void set_fronts(const PlanSweep *sweep) {
  for (int p = 0; p < sweep->slabs; p++)
    fronts_of_slab(sweep, p, &sweep->begin[p], &sweep->over[p]);
  for (int p = 1; p < sweep->slabs; p++)
    sweep->begin[p] = QL_MIN(sweep->begin[p], sweep->begin[p - 1]);
}

/* Shares are even in the middle of the sweep: the lowest shrinks, the highest grows. */
static void set_cuts(const Finder *f, PlanSweep *sweep) {
  Interval sink = sinks(f, false);
  int64_t length = f->rows.hi - f->rows.lo, middle = sink.lo + spread(sink) / 2;
  for (int p = 1; p < f->slabs; p++)
    sweep->cut[p] = f->rows.lo + part_start(length, p, f->slabs) + middle;
  sweep->cut[0] = INT64_MIN / 4, sweep->cut[f->slabs] = INT64_MAX / 4;
}

static void set_shape(const Finder *f, PlanSweep *sweep) {
  Shape shape = shape_of(f);
  Interval left = sinks(f, true);
  int64_t bottom = INT64_MAX;
  sweep->top = INT64_MIN, sweep->height = shape.height;
  for (int k = 0; k < f->count; k++) {
    const SweepSide *row = &f->members[k].sides.row;
    sweep->top = QL_MAX(sweep->top, row->within.hi - row->ahead);
    bottom = QL_MIN(bottom, row->within.lo - row->ahead);
  }
  sweep->fronts = ceil_div(sweep->top - bottom, sweep->height);
  sweep->strip = shape.strip, sweep->strips = 1;
  if (shape.strip >= f->columns.hi - f->columns.lo) return;
  sweep->left = f->columns.lo + left.lo;
  sweep->strips = (int)ceil_div(f->columns.hi - f->columns.lo + spread(left), shape.strip);
}

static void touch(Swept *swept, const SweepMember *member, const Use *use) {
  int64_t below = member->sides.row.below;
  SweepTouch made = {.slot = use->slot,
                     .stores = use->stores,
                     .along = use->along[0],
                     .lo = use->lo[0] - below,
                     .hi = use->hi[0] - below};
  int k = 0;
  while (k < swept->touch_count && swept->touches[k].slot != use->slot) k++;
  if (k == swept->touch_count) {
    swept->touches[swept->touch_count++] = made;
    return;
  }
  SweepTouch *have = &swept->touches[k];
  have->stores |= made.stores, have->along &= made.along;
  have->lo = QL_MIN(have->lo, made.lo), have->hi = QL_MAX(have->hi, made.hi);
}

static QlStatus keep_sweep(Finder *f, PlanSweep *sweep, Swept *swept) {
  const Planner *planner = f->planner;
  size_t slabs = (size_t)f->slabs, members = (size_t)f->count, uses = 0;
  *sweep = (PlanSweep){.count = f->count, .slabs = f->slabs};
  *swept = (Swept){.first = f->members[0].sides.group,
                   .end = f->members[f->count - 1].sides.group + 1,
                   .axis = f->axis};
  sweep->groups = planner_keep_zeros(planner, members * sizeof *sweep->groups);
  sweep->cut = planner_keep_zeros(planner, (slabs + 1) * sizeof *sweep->cut);
  sweep->begin = planner_keep_zeros(planner, slabs * sizeof *sweep->begin);
  sweep->over = planner_keep_zeros(planner, slabs * sizeof *sweep->over);
  for (int k = 0; k < f->count; k++) uses += (size_t)f->members[k].use_count;
  swept->touches = planner_zeros(planner, uses * sizeof *swept->touches);
  swept->roles = ql_pool_copy(planner->pool, f->roles + swept->first,
                              (size_t)(swept->end - swept->first) * sizeof *swept->roles);
  if (!swept->roles) return planner_no_memory(planner);
  if (!sweep->groups || !sweep->cut || !sweep->begin || !sweep->over || !swept->touches)
    return QL_ERR_MEMORY;
  for (int k = 0; k < f->count; k++) {
    Group *group = &planner->groups[f->members[k].sides.group];
    Box domain;
    group->swept = domain_here(planner, group, &domain);
    sweep->groups[k] = f->members[k].sides;
    sweep->groups[k].domain = planner_keep(planner, &domain, sizeof domain);
    if (!sweep->groups[k].domain) return QL_ERR_MEMORY;
    for (int u = 0; u < f->members[k].use_count; u++)
      touch(swept, &f->members[k], &f->members[k].uses[u]);
  }
  set_cuts(f, sweep), set_shape(f, sweep), set_fronts(sweep);
  return QL_OK;
}

bool sweep_touched(const Planner *planner, int sweep, int touch, int worker, Box *box) {
  const PlanSweep *w = &planner->plan->sweeps[sweep];
  int axis = planner->swept[sweep].axis;
  const SweepTouch *t = &planner->swept[sweep].touches[touch];
  const PlanSlot *slot = &planner->plan->slots[t->slot];
  int slab = plan_slab(planner->ctx->info->threads, planner->plan->threads, worker);
  if (slab < 0) return false;
  *box = box_of_shape(slot->ndim, slot->shape);
  if (!t->along) return true;
  box->lo[axis] = QL_MAX(box->lo[axis], w->cut[slab] + t->lo);
  box->hi[axis] = QL_MIN(box->hi[axis], w->cut[slab + 1] + t->hi);
  return !box_empty(slot->ndim, box);
}

enum { FEW_ROWS = 32, AMONG = 16 };

/* Rows are cut along the first axis along which the largest of the next groups has many: it may be
 * one of a few components, or the group lie at one position of it. */
static int axis_of(const Planner *planner, int first) {
  const Group *largest = NULL;
  AxisMap axes[QL_MAX_DIMS];
  int64_t most = 0;
  for (int g = first; g < QL_MIN(first + AMONG, planner->group_count); g++) {
    const Group *group = &planner->groups[g];
    if (group->kind != GROUP_KERNEL || shape_volume(group->rank, group->extent) <= most) continue;
    most = shape_volume(group->rank, group->extent), largest = group;
  }
  if (!largest || !store_axes(planner, largest, &largest->stores[0], axes)) return 0;
  int ndim = planner->plan->slots[largest->stores[0].view.slot].ndim;
  for (int a = 0; a < ndim; a++)
    if (axes[a].dim >= 0 && largest->extent[axes[a].dim] >= FEW_ROWS) return a;
  return 0;
}

/* ---- groups among those of a sweep ---- */

/* A group that cannot be in the sweep, a sum's last few values for example, is run before it, if it
 * does not touch what members before it have stored, nor store what they touch; else behind it, if
 * that can be said of the members that follow. */
static void note(const Finder *f, const Group *group, TouchedBy stores, TouchedBy reads) {
  const PlanSlot *slots = f->planner->plan->slots;
  for (int k = 0; k < group->store_count; k++)
    if (slots[group->stores[k].slot].place >= 0)
      f->by[slots[group->stores[k].slot].place] |= stores;
  for (int k = 0; k < group->node_count; k++)
    if (group->nodes[k].kind == NODE_LEAF && slots[group->reach[k].slot].place >= 0)
      f->by[slots[group->reach[k].slot].place] |= reads;
}

/* Does the group touch what others store, or store what they touch? */
static bool collides(const Finder *f, const Group *group, TouchedBy stores, TouchedBy reads) {
  const PlanSlot *slots = f->planner->plan->slots;
  for (int k = 0; k < group->store_count; k++) {
    int place = slots[group->stores[k].slot].place;
    if (place >= 0 && f->by[place] & (stores | reads)) return true;
  }
  for (int k = 0; k < group->node_count; k++) {
    if (group->nodes[k].kind != NODE_LEAF) continue;
    int place = slots[group->reach[k].slot].place;
    if (place >= 0 && f->by[place] & stores) return true;
  }
  return false;
}

/* False: the sweep ends before it. */
static bool step_aside(Finder *f, int g) {
  const Group *group = &f->planner->groups[g];
  if (!f->count || group->exchanges || group->kind != GROUP_KERNEL || ++f->aside > 2 * f->count + 2)
    return false;
  bool behind = collides(f, group, MEMBER_STORES | BEHIND_STORES, MEMBER_READS | BEHIND_READS);
  f->roles[g] = behind ? SWEEP_BEHIND : SWEEP_BEFORE;
  if (behind) note(f, group, BEHIND_STORES, BEHIND_READS);
  return true;
}

/* Finds the sweep that begins with that group. True: it could go on, but would be too deep. */
static bool find(Finder *f, int first) {
  const Planner *planner = f->planner;
  forget_members(f);
  f->ended_by = -1;
  f->axis = axis_of(planner, first);
  for (int g = first; g < planner->group_count; g++) {
    const Group *group = &planner->groups[g];
    Joined joined = JOIN_NEVER;
    Box domain;
    if (f->count && group->kind == GROUP_KERNEL && !group->exchanges &&
        !domain_here(planner, group, &domain)) {
      f->roles[g] = SWEEP_BEFORE; /* it does nothing here */
      continue;
    }
    if (!collides(f, group, BEHIND_STORES, BEHIND_READS)) joined = join(f, group, g);
    if (joined == JOIN_NOT_NOW) return true;
    if (joined == JOIN_NEVER && !step_aside(f, g)) {
      f->ended_by = g;
      return false;
    }
    if (joined != JOIN_YES) continue;
    f->roles[g] = SWEEP_MEMBER;
    note(f, group, MEMBER_STORES, MEMBER_READS);
  }
  return false;
}

static int end_of(const Finder *f) { return f->members[f->count - 1].sides.group + 1; }

/* Finds the next sweep. Of groups that are too many for one sweep each of the sweeps gets as many:
 * a short one at the end would bring all arrays into the cache for few groups. */
static void find_next(Finder *f, int first) {
  if (f->shared-- > 0) {
    find(f, first);
    return;
  }
  int count = 0, sweeps = 0, found = 0;
  bool goes_on = true;
  f->most = 0;
  for (int g = first; goes_on && g < f->planner->group_count; g = end_of(f)) {
    goes_on = find(f, g) && f->count > 1;
    found++;
    if (f->count < 2) break;
    count += f->count, sweeps++;
  }
  f->shared = sweeps - 1;
  if (found < 2) return; /* it is there */
  if (sweeps > 1) f->most = (count + sweeps - 1) / sweeps;
  find(f, first);
}

/* ---- the pass ---- */

/* Does all that the plan touches lie in the caches of the workers as it is? */
static bool fits_caches(const Planner *planner) {
  double bytes = 0;
  for (int p = 0; p < planner->plan->place_count; p++)
    bytes += (double)planner->plan->places[p].bytes;
  return bytes <= near_bytes(planner);
}

QlStatus planner_sweeps(Planner *planner) {
  const QlContext *ctx = planner->ctx;
  Plan *plan = planner->plan;
  size_t groups = (size_t)planner->group_count, places = (size_t)plan->place_count;
  for (int g = 0; g < planner->group_count; g++)
    plan->together |= planner->groups[g].placement.widened;
  if (ctx->params.time_block == 1 || groups < 2) return QL_OK;
  if (!ctx->params.time_block && fits_caches(planner)) return QL_OK;
  Finder f = {.planner = planner,
              .slabs = ctx->info->node_size * plan->threads,
              .cache = ctx->front_bytes,
              .depth = (int)QL_MIN(QL_MAX(ctx->params.time_block, 0), INT32_MAX),
              .members = planner_zeros(planner, (groups + 1) * sizeof *f.members),
              .roles = planner_zeros(planner, groups * sizeof *f.roles),
              .by = planner_zeros(planner, places * sizeof *f.by),
              .windows = planner_zeros(planner, places * sizeof *f.windows)};
  PlanSweep *sweeps = planner_zeros(planner, groups / 2 * sizeof *sweeps);
  planner->swept = planner_zeros(planner, groups / 2 * sizeof *planner->swept);
  if (!f.members || !f.roles || !f.by || !f.windows || !sweeps || !planner->swept)
    return QL_ERR_MEMORY;
  for (int g = 0; g < planner->group_count; g++) {
    find_next(&f, g);
    if (f.count && f.ended_by >= 0)
      QL_TRY(planner_remark(planner, f.why, planner->groups[f.ended_by].statement, 0));
    if (!is_worth(&f)) {
      if (f.count > 1) g = end_of(&f) - 1;
      continue;
    }
    int w = plan->sweep_count++;
    plan->sweeps = sweeps;
    QL_TRY(keep_sweep(&f, &sweeps[w], &planner->swept[w]));
    plan->adds.sweeps++, plan->adds.swept_kernels += f.count;
    g = end_of(&f) - 1;
  }
  size_t bytes = (size_t)plan->sweep_count * sizeof *sweeps;
  plan->together |= ctx->info->node_count == 1 && plan->sweep_count > 0;
  plan->sweeps = planner_keep(planner, sweeps, bytes);
  return plan->sweeps ? QL_OK : QL_ERR_MEMORY;
}
