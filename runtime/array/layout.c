/* Layouts: a template and a shift. They say which node and which worker owns which part of a
 * storage, and how a node's part lies in memory:
 *
 *        +---------------------+   alloc: what the node owns, and its margins (clipped to it)
 *        |   ghosts            |
 *        |   +-------------+   |   rows are padded where a node is one of several, so that
 *        |   | owned       |   |   their distance is no multiple of a page
 *        |   +-------------+   |
 *        +---------------------+
 *
 * On a lone node the block is the array itself, in C order and without padding: every view of
 * NumPy's is then a strided view of it. */
#include "runtime.h"

#include <stdlib.h>
#include <string.h>

Layout *rt_layout_new(Template *template, const int64_t *offset) {
  Layout *layout = calloc(1, sizeof *layout);
  if (!layout) return NULL;
  layout->references = 1;
  layout->template = template;
  if (template && offset) memcpy(layout->offset, offset, (size_t)template->ndim * sizeof *offset);
  return layout;
}

Layout *rt_layout_replicated(QlContext *ctx) {
  if (!ctx->replicated) ctx->replicated = rt_layout_new(NULL, NULL);
  return rt_layout_retain(ctx->replicated);
}

Layout *rt_layout_retain(Layout *layout) {
  if (layout) layout->references++;
  return layout;
}

void rt_layout_release(QlContext *ctx, Layout *layout) {
  if (!layout || --layout->references) return;
  rt_template_release(ctx, layout->template);
  free(layout);
}

static Box owned(const Layout *layout, int ndim, const int64_t *shape, const Box *part) {
  Box box = box_shift(ndim, part, layout->offset, -1), whole = box_of_shape(ndim, shape);
  box_intersect(ndim, &box, &whole, &box);
  for (int a = 0; a < ndim;
       a++) /* an empty box lies inside the array, so that geometry stays simple */
    box.lo[a] = QL_MIN(box.lo[a], shape[a]), box.hi[a] = QL_MAX(box.hi[a], box.lo[a]);
  return box;
}

Box rt_layout_cells(const Layout *layout, int ndim, const int64_t *shape, const Cells *cells) {
  Box part = grid_box(&layout->template->nodes, cells);
  return owned(layout, ndim, shape, &part);
}

Interval rt_layout_along(const Layout *layout, const int64_t *shape, const GridAxis *axis,
                         int cell) {
  int a = axis->axis;
  int64_t lo = axis->cut[cell] - layout->offset[a], hi = axis->cut[cell + 1] - layout->offset[a];
  return (Interval){QL_MAX(lo, 0), QL_MIN(hi, shape[a])};
}

static Box part_of(const Layout *layout, int ndim, const int64_t *shape, const Grid *grid,
                   int number) {
  Cells cells = grid_cells_of(grid, number);
  Box part = grid_box(grid, &cells);
  return owned(layout, ndim, shape, &part);
}

Box rt_layout_node(const Layout *layout, int ndim, const int64_t *shape, int node) {
  if (!layout->template) return box_of_shape(ndim, shape);
  return part_of(layout, ndim, shape, &layout->template->nodes, node);
}

Box rt_layout_worker(const Layout *layout, int ndim, const int64_t *shape, int worker) {
  if (!layout->template) return box_of_shape(ndim, shape);
  return part_of(layout, ndim, shape, &layout->template->workers, worker);
}

Box rt_layout_rank(const QlContext *ctx, const Layout *layout, int ndim, const int64_t *shape) {
  if (!layout->template) return box_of_shape(ndim, shape);
  Box part = {{0}, {0}};
  int threads = ctx->info->threads, first = ctx->info->node_rank * threads;
  for (int t = 0; t < threads; t++) {
    Box box = rt_layout_worker(layout, ndim, shape, first + t);
    box_hull(ndim, &part, &box);
  }
  return part;
}

enum { CACHE_LINE = 64, PAGE = 4096 };

Block rt_block_geometry(const QlContext *ctx, const Layout *layout, int ndim, const int64_t *shape,
                        size_t item, const int64_t margin[][2]) {
  Block block = {.private_memory = !layout->template};
  block.alloc = rt_layout_node(layout, ndim, shape, ctx->info->node);
  bool shared = layout->template && ctx->info->node_count > 1,
       empty = box_empty(ndim, &block.alloc);
  int64_t extent[QL_MAX_DIMS];
  for (int a = 0; a < ndim; a++) {
    if (shared && margin) {
      block.margin[a][0] = margin[a][0], block.margin[a][1] = margin[a][1];
      if (!empty) {
        block.alloc.lo[a] = QL_MAX(block.alloc.lo[a] - margin[a][0], 0);
        block.alloc.hi[a] = QL_MIN(block.alloc.hi[a] + margin[a][1], shape[a]);
      }
    }
    extent[a] = block.alloc.hi[a] - block.alloc.lo[a];
  }
  int64_t bytes = (int64_t)item;
  for (int a = ndim - 1; a >= 0; a--) {
    int64_t end; /* of the array, seen from its first element, as addresses are computed */
    block.stride[a] = bytes;
    if (__builtin_mul_overflow(bytes, shape[a], &end) ||
        __builtin_mul_overflow(bytes, QL_MAX(extent[a], 1), &bytes)) {
      block.bytes = INT64_MAX;
      return block;
    }
    if (a == ndim - 1 && ndim > 1 && shared && extent[a] > 1) {
      bytes = (bytes + CACHE_LINE - 1) / CACHE_LINE * CACHE_LINE;
      if (bytes % PAGE == 0) bytes += CACHE_LINE;
    }
  }
  block.bytes = empty ? 0 : bytes;
  return block;
}

/* To replicate costs the work that nodes could share, and saves messages, whose latency grows with
 * the depth of a tree over the nodes. */
int64_t rt_replicated_size(const QlContext *ctx) {
  int64_t depth = 0, size;
  while (depth < 31 && (int64_t)1 << depth < ctx->info->node_count) depth++;
  if (__builtin_mul_overflow(ctx->params.replicate, 1 + depth, &size)) size = INT64_MAX;
  return QL_MAX(ctx->params.replicate < 0 ? 0 : size, 1);
}

bool rt_is_replicated_size(const QlContext *ctx, int64_t size) {
  return size <= rt_replicated_size(ctx);
}

Layout *rt_layout_for_storage(QlContext *ctx, const Storage *storage, QlError *error) {
  Template *template = NULL;
  if (!storage->replicated && !(storage->ndim == 0 || rt_is_replicated_size(ctx, storage->size))) {
    if (!(template = rt_template_for_shape(ctx, storage->ndim, storage->shape, error))) return NULL;
  }
  Layout *layout = rt_layout_new(template, NULL);
  if (!layout)
    rt_template_release(ctx, template), ql_fail(error, QL_ERR_MEMORY, "out of memory for a layout");
  return layout;
}
