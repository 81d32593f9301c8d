/* Templates: how an index space is cut over nodes, and a node's part over its workers.
 *
 * Both levels choose a grid of parts. Nodes: the grid with the smallest surface, since the surface
 * is what is exchanged; the last axis costs double, since its surface is not contiguous. Workers:
 * the most even grid, and among those the one that cuts slow axes, so that no two workers share a
 * cache line of a row. Templates are found again by how they were made, never by their boxes: the
 * boxes of workers may coincide on one node and not on another, and all nodes must decide alike. */
#include "runtime.h"

#include <stdlib.h>
#include <string.h>

typedef struct GridSearch {
  int ndim;
  const int64_t *extent;
  bool for_workers;
  int grid[QL_MAX_DIMS], best[QL_MAX_DIMS];
  double best_cost;
} GridSearch;

static double grid_cost(const GridSearch *search) {
  double cost = 0, volume = 1, largest = 1; /* part */
  for (int a = 0; a < search->ndim; a++) volume *= (double)QL_MAX(search->extent[a], 1);
  for (int a = 0; a < search->ndim; a++) {
    double extent = (double)QL_MAX(search->extent[a], 1);
    int parts = search->grid[a];
    int64_t part = (QL_MAX(search->extent[a], 1) + parts - 1) / parts;
    largest *= (double)part;
    bool last = a == search->ndim - 1 && search->ndim > 1;
    /* Surfaces cut by this axis; for workers a fast axis is a last resort. */
    cost += (parts - 1) * volume / extent * (last ? (search->for_workers ? 64 : 2) : 1) *
            (1 + 1e-3 * a);
  }
  return search->for_workers ? cost + 4 * largest : cost;
}

static void search_grid(GridSearch *search, int axis, int parts) {
  if (axis == search->ndim - 1) {
    search->grid[axis] = parts;
    double cost = grid_cost(search);
    if (search->best_cost < 0 || cost < search->best_cost) {
      search->best_cost = cost;
      memcpy(search->best, search->grid, sizeof search->best);
    }
    return;
  }
  for (int p = 1; p <= parts; p++) {
    if (parts % p) continue;
    search->grid[axis] = p;
    search_grid(search, axis + 1, parts / p);
  }
}

/* Cuts `whole` into `parts` boxes: the k-th is the k-th cell of the best grid, in C order. */
static void cut_box(int ndim, const Box *whole, int parts, bool for_workers, Box *boxes) {
  int64_t extent[QL_MAX_DIMS];
  for (int a = 0; a < ndim; a++) extent[a] = whole->hi[a] - whole->lo[a];
  GridSearch search = {.ndim = ndim, .extent = extent, .for_workers = for_workers, .best_cost = -1};
  search_grid(&search, 0, parts);
  for (int k = 0; k < parts; k++) {
    int rest = k;
    for (int a = ndim - 1; a >= 0; a--) {
      int64_t cells = search.best[a], cell = rest % cells;
      rest /= (int)cells;
      int64_t lo = part_start(extent[a], cell, cells), hi = part_start(extent[a], cell + 1, cells);
      if (for_workers && a == ndim - 1 && cells > 1 &&
          extent[a] >= 16 * cells) /* whole cache lines */
        lo = cell ? lo / 16 * 16 : 0, hi = cell + 1 < cells ? hi / 16 * 16 : extent[a];
      boxes[k].lo[a] = whole->lo[a] + lo, boxes[k].hi[a] = whole->lo[a] + hi;
    }
  }
}

static Template *template_new(QlContext *ctx, int ndim, const int64_t *extent, QlError *error) {
  Template *template = calloc(1, sizeof *template);
  int nodes = ctx->info->node_count, workers = ctx->info->workers;
  if (template) {
    template->node = calloc((size_t)nodes, sizeof *template->node);
    template->worker = calloc((size_t)workers, sizeof *template->worker);
  }
  if (!template || !template->node || !template->worker) {
    if (template) free(template->node), free(template->worker), free(template);
    ql_fail(error, QL_ERR_MEMORY, "out of memory for a partition");
    return NULL;
  }
  template->references = 1;
  template->ndim = ndim;
  memcpy(template->extent, extent, (size_t)ndim * sizeof *extent);
  return template;
}

static void template_free(Template *template) {
  free(template->node), free(template->worker), free(template);
}

/* A new reference to the template made from that recipe and extent, if it exists. */
static Template *template_find(QlContext *ctx, int ndim, const int64_t *extent,
                               const TemplateRecipe *recipe) {
  for (Template *t = ctx->templates; t; t = t->next) {
    if (t->ndim != ndim || memcmp(t->extent, extent, (size_t)ndim * sizeof *extent)) continue;
    if (memcmp(&t->recipe, recipe, sizeof *recipe)) continue;
    t->references++;
    return t;
  }
  return NULL;
}

static Template *template_register(QlContext *ctx, Template *template,
                                   const TemplateRecipe *recipe) {
  for (int a = 0; a < template->ndim; a++)
    for (int n = 0; n < ctx->info->node_count; n++)
      template->cut[a] |=
          template->node[n].lo[a] > 0 || template->node[n].hi[a] < template->extent[a];
  template->recipe = *recipe;
  template->id = ++ctx->next_template;
  template->next = ctx->templates;
  ctx->templates = template;
  return template;
}

enum { FROM_SHAPE, PROJECTED, COARSENED };

Template *rt_template_for_shape(QlContext *ctx, int ndim, const int64_t *shape, QlError *error) {
  TemplateRecipe recipe = {.kind = FROM_SHAPE};
  Template *template = template_find(ctx, ndim, shape, &recipe);
  if (template || !(template = template_new(ctx, ndim, shape, error))) return template;
  Box whole = box_of_shape(ndim, shape);
  cut_box(ndim, &whole, ctx->info->node_count, false, template->node);
  cut_box(ndim, &template->node[ctx->info->node], ctx->info->workers, true, template->worker);
  return template_register(ctx, template, &recipe);
}

static Box project_box(int ndim, const Box *box, int axis) {
  Box projected;
  bool owns = box->lo[axis] == 0 && box->hi[axis] > 0;
  for (int a = 0, k = 0; a < ndim; a++) {
    if (a == axis) continue;
    projected.lo[k] = box->lo[a], projected.hi[k] = owns ? box->hi[a] : box->lo[a], k++;
  }
  return projected;
}

Template *rt_template_project(QlContext *ctx, Template *from, int axis, QlError *error) {
  int64_t extent[QL_MAX_DIMS];
  for (int a = 0, k = 0; a < from->ndim; a++)
    if (a != axis) extent[k++] = from->extent[a];
  TemplateRecipe recipe = {.parent = from->id, .kind = PROJECTED, .axis = axis};
  Template *template = template_find(ctx, from->ndim - 1, extent, &recipe);
  if (template || !(template = template_new(ctx, from->ndim - 1, extent, error))) return template;
  for (int n = 0; n < ctx->info->node_count; n++)
    template->node[n] = project_box(from->ndim, &from->node[n], axis);
  for (int w = 0; w < ctx->info->workers; w++)
    template->worker[w] = project_box(from->ndim, &from->worker[w], axis);
  return template_register(ctx, template, &recipe);
}

static void coarsen_box(Box *box, int axis, int64_t origin, int64_t blocks, int64_t unit) {
  int64_t lo = box->lo[axis] - origin, hi = box->hi[axis] - origin;
  lo = lo <= 0 ? 0 : (lo + unit - 1) / unit, hi = hi <= 0 ? 0 : (hi + unit - 1) / unit;
  box->lo[axis] = QL_MIN(lo, blocks), box->hi[axis] = QL_MIN(hi, blocks);
}

Template *rt_template_coarsen(QlContext *ctx, Template *from, int axis, int64_t origin,
                              int64_t extent, int64_t unit, QlError *error) {
  int64_t shape[QL_MAX_DIMS], blocks = (extent + unit - 1) / unit;
  memcpy(shape, from->extent, sizeof shape);
  shape[axis] = blocks;
  TemplateRecipe recipe = {
      .parent = from->id, .kind = COARSENED, .axis = axis, .origin = origin, .unit = unit};
  Template *template = template_find(ctx, from->ndim, shape, &recipe);
  if (template || !(template = template_new(ctx, from->ndim, shape, error))) return template;
  memcpy(template->node, from->node, (size_t)ctx->info->node_count * sizeof(Box));
  memcpy(template->worker, from->worker, (size_t)ctx->info->workers * sizeof(Box));
  for (int n = 0; n < ctx->info->node_count; n++)
    coarsen_box(&template->node[n], axis, origin, blocks, unit);
  for (int w = 0; w < ctx->info->workers; w++)
    coarsen_box(&template->worker[w], axis, origin, blocks, unit);
  return template_register(ctx, template, &recipe);
}

void rt_template_release(QlContext *ctx, Template *template) {
  if (!template || --template->references) return;
  Template **link = &ctx->templates;
  while (*link != template) link = &(*link)->next;
  *link = template->next;
  template_free(template);
}
