/* Templates tile their space: every point belongs to one node and, there, to one worker; whatever
 * the shape and their number. */
#include "runtime.h"

#include "../check.h"

#include <stdlib.h>

enum { PARTS = 24 };

static int owners(int ndim, const Box *boxes, int count, const int64_t *point) {
  int found = 0;
  for (int k = 0; k < count; k++) {
    bool in = true;
    for (int a = 0; a < ndim; a++) in &= point[a] >= boxes[k].lo[a] && point[a] < boxes[k].hi[a];
    found += in;
  }
  return found;
}

static bool next_point(int ndim, const Box *box, int64_t *point) {
  for (int a = ndim - 1; a >= 0; a--) {
    if (++point[a] < box->hi[a]) return true;
    point[a] = box->lo[a];
  }
  return false;
}

/* Points of a box that another number of boxes than one hold. */
static int64_t badly_held(int ndim, const Box *space, const Box *boxes, int count) {
  int64_t wrong = 0, point[QL_MAX_DIMS];
  if (box_empty(ndim, space)) return 0;
  memcpy(point, space->lo, sizeof point);
  do wrong += owners(ndim, boxes, count, point) != 1;
  while (next_point(ndim, space, point));
  return wrong;
}

/* What all parts of a grid own. */
static void boxes_of(const Grid *grid, int count, Box *boxes) {
  for (int k = 0; k < count; k++) {
    Cells cells = grid_cells_of(grid, k);
    boxes[k] = grid_box(grid, &cells);
    CHECK_INT_EQ(grid_part(grid, &cells), k);
  }
}

static void check_tiles(const CommInfo *info, const Template *t, const int64_t *extent) {
  Box space = box_of_shape(t->ndim, extent), node[PARTS], worker[PARTS];
  int64_t volume = 0;
  boxes_of(&t->nodes, info->node_count, node), boxes_of(&t->workers, info->workers, worker);
  CHECK_INT_EQ(badly_held(t->ndim, &space, node, info->node_count), 0);
  for (int n = 0; n < info->node_count; n++) volume += box_volume(t->ndim, &node[n]);
  CHECK_INT_EQ(volume, box_volume(t->ndim, &space)); /* nothing lies outside */
  const Box *mine = &node[info->node];
  CHECK_INT_EQ(badly_held(t->ndim, mine, worker, info->workers), 0);
  volume = 0;
  for (int w = 0; w < info->workers; w++) volume += box_volume(t->ndim, &worker[w]);
  CHECK_INT_EQ(volume, box_volume(t->ndim, mine));
  for (int a = 0; a < t->ndim; a++) {
    bool cut = false;
    for (int n = 0; n < info->node_count; n++)
      cut |= node[n].lo[a] > 0 || node[n].hi[a] < extent[a];
    CHECK_INT_EQ(t->cut[a], cut);
  }
}

static const struct {
  int ndim;
  int64_t extent[4];
} shapes[] = {
    {1, {1}},          {1, {2}},        {1, {7}},          {1, {300}},
    {1, {0}},          {2, {1, 1}},     {2, {3, 5}},       {2, {40, 33}},
    {2, {1, 200}},     {2, {200, 1}},   {2, {0, 9}},       {3, {2, 3, 4}},
    {3, {11, 1, 130}}, {3, {5, 13, 7}}, {4, {3, 2, 5, 4}}, {4, {1, 1, 1, 17}},
};
enum { SHAPES = sizeof shapes / sizeof *shapes };
static const int counts[] = {1, 2, 3, 4, 5, 6, 7, 12, 16, 24};
enum { COUNTS = sizeof counts / sizeof *counts };

/* What one kind of template must be, made from that of each shape, seen by every node of jobs of
 * many sizes. */
static void for_each(void (*check)(QlContext *ctx, Template *base, int shape)) {
  for (int n = 0; n < COUNTS; n++)
    for (int w = 0; w < COUNTS; w += 3)
      for (int node = 0; node < counts[n]; node += counts[n] > 4 ? 3 : 1)
        for (int s = 0; s < SHAPES; s++) {
          CommInfo info = {.node = node,
                           .node_count = counts[n],
                           .workers = counts[w],
                           .threads = counts[w],
                           .node_size = 1};
          QlContext ctx = {.info = &info};
          Template *base = rt_template_for_shape(&ctx, shapes[s].ndim, shapes[s].extent, NULL);
          if (!CHECK(base)) return;
          check(&ctx, base, s);
          rt_template_release(&ctx, base);
          CHECK(!ctx.template_count); /* the registry holds no reference of its own */
        }
}

static void check_shape(QlContext *ctx, Template *base, int s) {
  check_tiles(ctx->info, base, shapes[s].extent);
  Template *again = rt_template_for_shape(ctx, shapes[s].ndim, shapes[s].extent, NULL);
  CHECK(again == base);
  rt_template_release(ctx, again);
  if (shapes[s].ndim == 1 &&
      shapes[s].extent[0] >= ctx->info->node_count) /* nobody idles where there is enough */
    for (int n = 0; n < ctx->info->node_count; n++) {
      Cells cells = grid_cells_of(&base->nodes, n);
      Box box = grid_box(&base->nodes, &cells);
      CHECK(!box_empty(1, &box));
    }
}

/* Each worker of this node has some of its part, where there is enough for all. */
static void check_nobody_idles(const CommInfo *info, const Template *t) {
  Cells mine = grid_cells_of(&t->nodes, info->node);
  Box part = grid_box(&t->nodes, &mine), worker[PARTS];
  if (part.hi[0] - part.lo[0] < info->workers) return;
  boxes_of(&t->workers, info->workers, worker);
  for (int w = 0; w < info->workers; w++) CHECK(!box_empty(1, &worker[w]));
}

static void check_projected(QlContext *ctx, Template *base, int s) {
  for (int axis = 0; axis < base->ndim; axis++) {
    if (base->ndim == 1 || shapes[s].extent[axis] == 0) continue;
    int64_t extent[QL_MAX_DIMS];
    for (int a = 0, k = 0; a < base->ndim; a++)
      if (a != axis) extent[k++] = shapes[s].extent[a];
    Template *t = rt_template_project(ctx, base, axis, NULL);
    if (!CHECK(t)) return;
    check_tiles(ctx->info, t, extent);
    if (t->ndim == 1) check_nobody_idles(ctx->info, t);
    rt_template_release(ctx, t);
  }
}

static void check_coarsened(QlContext *ctx, Template *base, int s) {
  for (int axis = 0; axis < base->ndim; axis++) {
    int64_t extent[QL_MAX_DIMS], unit = axis % 2 ? 4 : 128;
    memcpy(extent, shapes[s].extent, sizeof shapes[s].extent);
    extent[axis] = (extent[axis] + unit - 1) / unit;
    Template *t = rt_template_coarsen(ctx, base, axis, 0, shapes[s].extent[axis], unit, NULL);
    if (!CHECK(t)) return;
    check_tiles(ctx->info, t, extent);
    rt_template_release(ctx, t);
  }
}

/* Each point of the base as several: its boxes begin and end at multiples of these. */
static void check_refined(QlContext *ctx, Template *base, int s) {
  for (int axis = 0; axis < base->ndim; axis++) {
    int64_t extent[QL_MAX_DIMS], unit = axis % 2 ? 16 : 5;
    memcpy(extent, shapes[s].extent, sizeof shapes[s].extent);
    int64_t whole = extent[axis] = QL_MAX(extent[axis] * unit - 3, 0);
    Template *t = rt_template_refine(ctx, base, axis, whole, unit, NULL);
    if (!CHECK(t)) return;
    check_tiles(ctx->info, t, extent);
    const Grid *grids[] = {&t->nodes, &t->workers};
    for (int k = 0; k < 2; k++)
      for (int g = 0; g < grids[k]->count; g++)
        for (int c = 0; grids[k]->axis[g].axis == axis && c <= grids[k]->axis[g].cells; c++) {
          int64_t cut = grids[k]->axis[g].cut[c];
          CHECK(cut % unit == 0 || cut == whole);
        }
    rt_template_release(ctx, t);
  }
}

/* ---- box by box ---- */

/* The same rules, written for one box and not for cuts. */
static Box projected_box(int ndim, const Box *box, int axis) {
  Box projected = {{0}, {0}};
  bool owns = box->lo[axis] == 0 && box->hi[axis] > 0;
  for (int a = 0, k = 0; a < ndim; a++) {
    if (a == axis) continue;
    projected.lo[k] = box->lo[a], projected.hi[k] = owns ? box->hi[a] : box->lo[a], k++;
  }
  return projected;
}

static Box coarsened_box(const Box *box, int axis, int64_t origin, int64_t blocks, int64_t unit) {
  Box coarse = *box;
  int64_t lo = box->lo[axis] - origin, hi = box->hi[axis] - origin;
  lo = lo <= 0 ? 0 : (lo + unit - 1) / unit, hi = hi <= 0 ? 0 : (hi + unit - 1) / unit;
  coarse.lo[axis] = QL_MIN(lo, blocks), coarse.hi[axis] = QL_MIN(hi, blocks);
  return coarse;
}

static int different(const Grid *grid, int ndim, const Box *boxes, int count) {
  Box have[PARTS];
  int wrong = 0;
  boxes_of(grid, count, have);
  for (int k = 0; k < count; k++) wrong += !box_equal(ndim, &have[k], &boxes[k]);
  return wrong;
}

/* A node's workers share what is left anew where the axis was cut among them. */
static void project_workers(const Template *from, const Template *to, int axis, int workers,
                            Box *worker) {
  bool anew = false;
  for (int k = 0; k < workers; k++) worker[k] = projected_box(from->ndim, &worker[k], axis);
  for (int g = 0; g < from->workers.count; g++)
    anew |= from->workers.axis[g].axis == axis && from->workers.axis[g].cells > 1;
  if (anew) boxes_of(&to->workers, workers, worker);
}

/* What a chain of projections and coarsenings makes of each box of the base. */
static void check_chain(QlContext *ctx, Template *base, int s) {
  const CommInfo *info = ctx->info;
  uint32_t random = (uint32_t)s;
  Box node[PARTS] = {{{0}, {0}}}, worker[PARTS] = {{{0}, {0}}};
  Template *chain[4] = {base};
  int made = 1;
  boxes_of(&base->nodes, info->node_count, node), boxes_of(&base->workers, info->workers, worker);
  for (; made < 4; made++) {
    Template *from = chain[made - 1];
    random = random * 1664525 + 1013904223;
    int ndim = from->ndim, axis = (int)(random >> 16) % ndim;
    int64_t extent = from->extent[axis], unit = 1 + (random >> 8) % 5, origin = (random >> 4) % 3;
    bool projects = random >> 31 && ndim > 1;
    if (origin > extent) origin = 0;
    extent -= origin;
    chain[made] = projects ? rt_template_project(ctx, from, axis, NULL)
                           : rt_template_coarsen(ctx, from, axis, origin, extent, unit, NULL);
    if (!CHECK(chain[made])) break;
    for (int k = 0; k < QL_MAX(info->node_count, info->workers); k++) {
      int64_t blocks = (extent + unit - 1) / unit;
      node[k] = projects ? projected_box(ndim, &node[k], axis)
                         : coarsened_box(&node[k], axis, origin, blocks, unit);
      if (!projects) worker[k] = coarsened_box(&worker[k], axis, origin, blocks, unit);
    }
    if (projects) project_workers(from, chain[made], axis, info->workers, worker);
    CHECK_INT_EQ(different(&chain[made]->nodes, chain[made]->ndim, node, info->node_count), 0);
    CHECK_INT_EQ(different(&chain[made]->workers, chain[made]->ndim, worker, info->workers), 0);
  }
  while (--made > 0) rt_template_release(ctx, chain[made]);
}

/* Halving a grid until single parts are left gives each of them once, inside all that it was halved
 * from. */
static int64_t halved(const Grid *grid, int ndim, Cells cells, const Box *outer, int *seen) {
  Box box = grid_box(grid, &cells);
  int64_t wrong = !box_empty(ndim, &box) && !box_contains(ndim, outer, &box);
  Cells rest;
  if (!grid_halve(grid, &cells, &rest)) {
    seen[grid_part(grid, &cells)]++;
    return wrong;
  }
  return wrong + halved(grid, ndim, cells, &box, seen) + halved(grid, ndim, rest, &box, seen);
}

static void check_halves(QlContext *ctx, Template *base, int s) {
  Template *t = base;
  Box space = box_of_shape(base->ndim, shapes[s].extent);
  int axis = s % base->ndim, seen[PARTS] = {0};
  if (base->ndim > 1) {
    space = projected_box(base->ndim, &space, axis);
    if (!CHECK(t = rt_template_project(ctx, base, axis, NULL))) return;
  }
  CHECK_INT_EQ(halved(&t->nodes, t->ndim, grid_all(&t->nodes), &space, seen), 0);
  for (int n = 0; n < ctx->info->node_count; n++) CHECK_INT_EQ(seen[n], 1);
  if (t != base) rt_template_release(ctx, t);
}

static void shapes_tile(void) { for_each(check_shape); }
static void projections_tile(void) { for_each(check_projected); }
static void coarsened_tile(void) { for_each(check_coarsened); }
static void refined_tile(void) { for_each(check_refined); }

static void boxes_are_as_if_derived_one_by_one(void) { for_each(check_chain); }
static void halves_hold_their_parts(void) { for_each(check_halves); }

CHECK_MAIN(CHECK_TEST(shapes_tile), CHECK_TEST(projections_tile), CHECK_TEST(coarsened_tile),
           CHECK_TEST(refined_tile), CHECK_TEST(boxes_are_as_if_derived_one_by_one),
           CHECK_TEST(halves_hold_their_parts))
