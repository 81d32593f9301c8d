/* Templates: how an index space is cut over nodes, and a node's part over its workers, by a grid
 * each. Templates are found again by how they were made, never by their boxes: the boxes of workers
 * may coincide on one node and not on another, and all nodes must decide alike. */
#include "runtime.h"

#include <stdlib.h>
#include <string.h>

static Template *template_new(int ndim, const int64_t *extent) {
  Template *template = calloc(1, sizeof *template);
  if (!template) return NULL;
  template->references = 1;
  template->ndim = ndim;
  memcpy(template->extent, extent, (size_t)ndim * sizeof *extent);
  return template;
}

static void template_free(Template *template) {
  if (template) grid_free(&template->nodes), grid_free(&template->workers);
  free(template);
}

static uint64_t hash_of(int ndim, const int64_t *extent, const TemplateRecipe *recipe) {
  uint64_t hash = ql_hash_bytes((uint64_t)ndim, extent, (size_t)ndim * sizeof *extent);
  return ql_hash_bytes(hash, recipe, sizeof *recipe);
}

/* A new reference to the template made from that recipe and extent, if it exists. */
static Template *template_find(QlContext *ctx, int ndim, const int64_t *extent,
                               const TemplateRecipe *recipe) {
  uint64_t hash = hash_of(ndim, extent, recipe);
  for (Template *t = ctx->templates[hash % TEMPLATE_BUCKETS]; t; t = t->next) {
    if (t->hash != hash || t->ndim != ndim) continue;
    if (memcmp(t->extent, extent, (size_t)ndim * sizeof *extent)) continue;
    if (memcmp(&t->recipe, recipe, sizeof *recipe)) continue;
    t->references++;
    return t;
  }
  return NULL;
}

/* Takes the template over, whose grids were made unless memory was lacking. */
static Template *template_register(QlContext *ctx, Template *template, bool made, Template *parent,
                                   const TemplateRecipe *recipe, QlError *error) {
  if (!made) {
    template_free(template);
    ql_fail(error, QL_ERR_MEMORY, "out of memory for a partition");
    return NULL;
  }
  for (int a = 0; a < template->ndim; a++)
    template->cut[a] = grid_cuts(&template->nodes, a, template->extent[a]);
  template->recipe = *recipe;
  template->parent = parent;
  if (parent) parent->references++;
  template->id = ++ctx->next_template;
  template->hash = hash_of(template->ndim, template->extent, recipe);
  Template **bucket = &ctx->templates[template->hash % TEMPLATE_BUCKETS];
  template->next = *bucket, *bucket = template;
  ctx->template_count++;
  return template;
}

enum { FROM_SHAPE, PROJECTED, COARSENED, REFINED, ROWS, WHOLE, BESIDE };

/* This node's part over its workers. */
static bool share_out(QlContext *ctx, Template *t) {
  Cells mine = grid_cells_of(&t->nodes, ctx->info->node);
  Box box = grid_box(&t->nodes, &mine);
  return grid_of_box(&t->workers, t->ndim, &box, ctx->info->workers, true);
}

static bool is_cut(const Grid *grid, int axis) {
  for (int g = 0; g < grid->count; g++)
    if (grid->axis[g].axis == axis && grid->axis[g].cells > 1) return true;
  return false;
}

Template *rt_template_for_shape(QlContext *ctx, int ndim, const int64_t *shape, QlError *error) {
  TemplateRecipe recipe = {.kind = FROM_SHAPE};
  Template *t = template_find(ctx, ndim, shape, &recipe);
  if (t) return t;
  Box box = box_of_shape(ndim, shape);
  t = template_new(ndim, shape);
  bool made =
      t && grid_of_box(&t->nodes, ndim, &box, ctx->info->node_count, false) && share_out(ctx, t);
  return template_register(ctx, t, made, NULL, &recipe, error);
}

Template *rt_template_project(QlContext *ctx, Template *from, int axis, QlError *error) {
  int64_t extent[QL_MAX_DIMS];
  for (int a = 0, k = 0; a < from->ndim; a++)
    if (a != axis) extent[k++] = from->extent[a];
  TemplateRecipe recipe = {.parent = from->id, .kind = PROJECTED, .axis = axis};
  Template *t = template_find(ctx, from->ndim - 1, extent, &recipe);
  if (t) return t;
  t = template_new(from->ndim - 1, extent);
  bool made = t && grid_project(&t->nodes, &from->nodes, axis);
  if (made)
    made = is_cut(&from->workers, axis) ? share_out(ctx, t)
                                        : grid_project(&t->workers, &from->workers, axis);
  return template_register(ctx, t, made, from, &recipe, error);
}

Template *rt_template_coarsen(QlContext *ctx, Template *from, int axis, int64_t origin,
                              int64_t extent, int64_t unit, QlError *error) {
  int64_t shape[QL_MAX_DIMS], blocks = (extent + unit - 1) / unit;
  memcpy(shape, from->extent, sizeof shape);
  shape[axis] = blocks;
  TemplateRecipe recipe = {
      .parent = from->id, .kind = COARSENED, .axis = axis, .origin = origin, .unit = unit};
  Template *t = template_find(ctx, from->ndim, shape, &recipe);
  if (t) return t;
  t = template_new(from->ndim, shape);
  bool made = t && grid_coarsen(&t->nodes, &from->nodes, axis, origin, blocks, unit) &&
              grid_coarsen(&t->workers, &from->workers, axis, origin, blocks, unit);
  return template_register(ctx, t, made, from, &recipe, error);
}

static bool is_lopsided(const CommInfo *info, const Template *t) {
  const Grid *grid = info->node_count > 1 ? &t->nodes : &t->workers;
  double largest = info->node_count > 1 ? info->node_count : info->workers;
  for (int g = 0; g < grid->count; g++) {
    int64_t longest = 0;
    const GridAxis *axis = &grid->axis[g];
    for (int c = 0; c < axis->cells; c++)
      longest = QL_MAX(longest, axis->cut[c + 1] - axis->cut[c]);
    if (axis->axis >= 0) largest *= (double)longest / (double)QL_MAX(t->extent[axis->axis], 1);
  }
  return largest >= 2;
}

Template *rt_template_refine(QlContext *ctx, Template *from, int axis, int64_t extent, int64_t unit,
                             QlError *error) {
  int64_t shape[QL_MAX_DIMS];
  memcpy(shape, from->extent, sizeof shape);
  shape[axis] = extent;
  TemplateRecipe recipe = {.parent = from->id, .kind = REFINED, .axis = axis, .unit = unit};
  Template *t = template_find(ctx, from->ndim, shape, &recipe);
  if (t) return t;
  t = template_new(from->ndim, shape);
  bool made = t && grid_refine(&t->nodes, &from->nodes, axis, extent, unit) &&
              grid_refine(&t->workers, &from->workers, axis, extent, unit);
  if (made) t->is_lopsided = is_lopsided(ctx->info, t);
  return template_register(ctx, t, made, from, &recipe, error);
}

/* ---- rows: what loops by rows store into (rows_plan.c) ---- */

static bool cut_rows(QlContext *ctx, Template *t, int axis, const int64_t *cuts) {
  return grid_along(&t->nodes, t->ndim, t->extent, axis, ctx->info->node_count, cuts) &&
         share_out(ctx, t);
}

Template *rt_template_rows(QlContext *ctx, int ndim, const int64_t *shape, int axis, bool whole,
                           QlError *error) {
  TemplateRecipe recipe = {.kind = whole ? WHOLE : ROWS, .axis = axis};
  Template *t = template_find(ctx, ndim, shape, &recipe);
  if (t) return t;
  size_t count = (size_t)ctx->info->node_count + 1;
  int64_t *cuts = whole ? malloc(count * sizeof *cuts) : NULL;
  for (size_t c = 0; cuts && c < count; c++) cuts[c] = c ? shape[axis] : 0;
  t = template_new(ndim, shape);
  bool made = t && (!whole || cuts) && cut_rows(ctx, t, axis, cuts);
  free(cuts);
  return template_register(ctx, t, made, NULL, &recipe, error);
}

Template *rt_template_beside(QlContext *ctx, Template *from, int from_axis, int ndim,
                             const int64_t *shape, int axis, int64_t shift, QlError *error) {
  TemplateRecipe recipe = {
      .parent = from->id, .kind = BESIDE, .axis = axis, .origin = shift, .unit = from_axis};
  Template *t = template_find(ctx, ndim, shape, &recipe);
  if (t) return t;
  int nodes = ctx->info->node_count;
  int64_t *cuts = malloc(((size_t)nodes + 1) * sizeof *cuts);
  for (int c = 0; cuts && c <= nodes; c++) {
    int64_t at = from->nodes.axis[from_axis].cut[c] + shift;
    cuts[c] = c == nodes ? shape[axis] : c ? QL_MIN(QL_MAX(at, 0), shape[axis]) : 0;
  }
  t = template_new(ndim, shape);
  bool made = t && cuts && cut_rows(ctx, t, axis, cuts);
  free(cuts);
  return template_register(ctx, t, made, from, &recipe, error);
}

bool rt_template_is_rows(const Template *template, int axis) {
  const Grid *grid = &template->nodes;
  bool rows = true, found = false;
  for (int g = 0; g < grid->count && rows; g++) {
    rows = grid->axis[g].axis == axis || grid->axis[g].cells == 1;
    found |= grid->axis[g].axis == axis;
  }
  return rows && found;
}

void rt_template_release(QlContext *ctx, Template *template) {
  while (template && --template->references == 0) {
    Template **link = &ctx->templates[template->hash % TEMPLATE_BUCKETS];
    Template *parent = template->parent;
    while (*link != template) link = &(*link)->next;
    *link = template->next, ctx->template_count--;
    template_free(template);
    template = parent;
  }
}

void rt_templates_close(QlContext *ctx) {
  for (int b = 0; b < TEMPLATE_BUCKETS; b++) {
    for (Template *t = ctx->templates[b], *next; t; t = next) next = t->next, template_free(t);
    ctx->templates[b] = NULL;
  }
  ctx->template_count = 0;
}
