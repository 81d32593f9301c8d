/* Templates tile their space: every point belongs to one node and, there, to one worker; whatever
 * the shape and their number. */
#include "runtime.h"

#include "../check.h"

#include <stdlib.h>

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

static void check_tiles(const CommInfo *info, const Template *t, const int64_t *extent) {
  Box space = box_of_shape(t->ndim, extent);
  int64_t volume = 0;
  CHECK_INT_EQ(badly_held(t->ndim, &space, t->node, info->node_count), 0);
  for (int n = 0; n < info->node_count; n++) volume += box_volume(t->ndim, &t->node[n]);
  CHECK_INT_EQ(volume, box_volume(t->ndim, &space)); /* nothing lies outside */
  const Box *mine = &t->node[info->node];
  CHECK_INT_EQ(badly_held(t->ndim, mine, t->worker, info->workers), 0);
  volume = 0;
  for (int w = 0; w < info->workers; w++) volume += box_volume(t->ndim, &t->worker[w]);
  CHECK_INT_EQ(volume, box_volume(t->ndim, mine));
  for (int a = 0; a < t->ndim; a++) {
    bool cut = false;
    for (int n = 0; n < info->node_count; n++)
      cut |= t->node[n].lo[a] > 0 || t->node[n].hi[a] < extent[a];
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
static const int counts[] = {1, 2, 3, 4, 5, 6, 7, 12};
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
          CHECK(!ctx.templates); /* the registry holds no reference of its own */
        }
}

static void check_shape(QlContext *ctx, Template *base, int s) {
  check_tiles(ctx->info, base, shapes[s].extent);
  Template *again = rt_template_for_shape(ctx, shapes[s].ndim, shapes[s].extent, NULL);
  CHECK(again == base);
  rt_template_release(ctx, again);
  if (shapes[s].ndim == 1 &&
      shapes[s].extent[0] >= ctx->info->node_count) /* nobody idles where there is enough */
    for (int n = 0; n < ctx->info->node_count; n++) CHECK(!box_empty(1, &base->node[n]));
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

static void shapes_tile(void) { for_each(check_shape); }
static void projections_tile(void) { for_each(check_projected); }
static void coarsened_tile(void) { for_each(check_coarsened); }

CHECK_MAIN(CHECK_TEST(shapes_tile), CHECK_TEST(projections_tile), CHECK_TEST(coarsened_tile))
