/* Grids: a box cut into parts, along each axis at a few positions. A box of 100 x 60 in 6 parts,
 * whose cuts are {0, 33, 66, 100} and {0, 30, 60}:
 *
 *        0    30    60        parts are numbered through the cells, the last axis first; part 3 is
 *      0 +-----+-----+        cell (1, 1) and owns [33, 66) x [30, 60)
 *        |  0  |  1  |
 *     33 +-----+-----+        An axis that is projected away keeps its cells: without the second,
 *        |  2  |  3  |        parts 0, 2 and 4, at its start, own the rows, and the others nothing.
 *     66 +-----+-----+
 *        |  4  |  5  |
 *    100 +-----+-----+
 *
 * So a grid takes as much memory as its axes have cells, and not as it has parts.
 *
 * How many cells an axis gets is chosen by cost. Nodes: the grid with the smallest surface, since
 * the surface is what is exchanged; the last axis costs double, since its surface is not
 * contiguous. Workers: the most even grid, and among those the one that cuts slow axes, so that no
 * two workers share a cache line of a row. */
#include "runtime.h"

#include <stdlib.h>
#include <string.h>

/* ---- how many cells ---- */

typedef struct GridSearch {
  int ndim;
  const int64_t *extent;
  bool for_workers;
  int cells[QL_MAX_DIMS], best[QL_MAX_DIMS];
  double volume, best_cost;
} GridSearch;

/* What it costs to cut `axis` so often. */
static double surface(const GridSearch *search, int axis, int cells) {
  bool last = axis == search->ndim - 1 && search->ndim > 1;
  /* For workers a fast axis is a last resort. */
  return (cells - 1) * search->volume / (double)QL_MAX(search->extent[axis], 1) *
         (last ? (search->for_workers ? 64 : 2) : 1) * (1 + 1e-3 * axis);
}

static double largest_part(const GridSearch *search) {
  double largest = 1;
  for (int a = 0; a < search->ndim; a++) {
    int cells = search->cells[a];
    largest *= (double)((QL_MAX(search->extent[a], 1) + cells - 1) / cells);
  }
  return largest;
}

/* cost: of the axes before. It only grows, so what costs more than the best already is left. */
static void search_cells(GridSearch *search, int axis, int parts, double cost) {
  if (search->best_cost >= 0 && cost >= search->best_cost) return;
  if (axis == search->ndim - 1) {
    search->cells[axis] = parts;
    cost += surface(search, axis, parts);
    if (search->for_workers) cost += 4 * largest_part(search);
    if (search->best_cost < 0 || cost < search->best_cost) {
      search->best_cost = cost;
      memcpy(search->best, search->cells, sizeof search->best);
    }
    return;
  }
  for (int p = 1; p <= parts; p++) {
    if (parts % p) continue;
    search->cells[axis] = p;
    search_cells(search, axis + 1, parts / p, cost + surface(search, axis, p));
  }
}

static void choose_cells(Grid *grid, int ndim, const int64_t *extent, int parts, bool for_workers) {
  GridSearch search = {
      .ndim = ndim, .extent = extent, .for_workers = for_workers, .volume = 1, .best_cost = -1};
  for (int a = 0; a < ndim; a++) search.volume *= (double)QL_MAX(extent[a], 1);
  search_cells(&search, 0, parts, 0);
  grid->count = ndim;
  for (int a = ndim - 1, stride = 1; a >= 0; a--) {
    grid->axis[a] = (GridAxis){.cells = search.best[a], .stride = stride, .axis = a};
    stride *= search.best[a];
  }
}

void ql_grid_cells(int ndim, const int64_t *shape, int nodes, int *cells) {
  Grid grid;
  choose_cells(&grid, ndim, shape, nodes, false);
  for (int a = 0; a < ndim; a++) cells[a] = grid.axis[a].cells;
}

/* ---- making ---- */

static bool reserve_cuts(Grid *grid) {
  int64_t room = 1;
  for (int g = 0; g < grid->count; g++) room += grid->axis[g].cells + 1;
  int64_t *at = grid->cuts = malloc((size_t)room * sizeof *at);
  for (int g = 0; at && g < grid->count; g++) {
    grid->axis[g].cut = at;
    at += grid->axis[g].cells + 1;
  }
  return grid->cuts != NULL;
}

bool grid_of_box(Grid *grid, int ndim, const Box *whole, int parts, bool for_workers) {
  int64_t extent[QL_MAX_DIMS];
  for (int a = 0; a < ndim; a++) extent[a] = whole->hi[a] - whole->lo[a];
  choose_cells(grid, ndim, extent, parts, for_workers);
  if (!reserve_cuts(grid)) return false;
  for (int a = 0; a < ndim; a++) {
    GridAxis *axis = &grid->axis[a];
    bool lines = for_workers && a == ndim - 1 && axis->cells > 1 && extent[a] >= 16 * axis->cells;
    for (int c = 0; c <= axis->cells; c++) {
      int64_t at = part_start(extent[a], c, axis->cells);
      if (lines && c < axis->cells) at = at / 16 * 16; /* whole cache lines */
      axis->cut[c] = whole->lo[a] + at;
    }
  }
  return true;
}

bool grid_along(Grid *grid, int ndim, const int64_t *extent, int axis, int parts,
                const int64_t *cuts) {
  grid->count = ndim;
  for (int a = ndim - 1, stride = 1; a >= 0; a--) {
    grid->axis[a] = (GridAxis){.cells = a == axis ? parts : 1, .stride = stride, .axis = a};
    stride *= grid->axis[a].cells;
  }
  if (!reserve_cuts(grid)) return false;
  for (int a = 0; a < ndim; a++)
    for (int c = 0; c <= grid->axis[a].cells; c++)
      grid->axis[a].cut[c] =
          a == axis && cuts ? cuts[c] : part_start(extent[a], c, grid->axis[a].cells);
  return true;
}

static bool copy_grid(Grid *grid, const Grid *from) {
  *grid = *from;
  if (!reserve_cuts(grid)) return false;
  for (int g = 0; g < grid->count; g++)
    memcpy(grid->axis[g].cut, from->axis[g].cut,
           (size_t)(grid->axis[g].cells + 1) * sizeof(int64_t));
  return true;
}

bool grid_project(Grid *grid, const Grid *from, int axis) {
  if (!copy_grid(grid, from)) return false;
  for (int g = 0; g < grid->count; g++) {
    GridAxis *along = &grid->axis[g];
    if (along->axis != axis) {
      along->axis -= along->axis > axis;
      continue;
    }
    along->axis = -1, along->owner = -1;
    for (int c = 0; c < along->cells; c++)
      if (along->cut[c] == 0 && along->cut[c + 1] > 0) along->owner = c;
  }
  return true;
}

bool grid_coarsen(Grid *grid, const Grid *from, int axis, int64_t origin, int64_t blocks,
                  int64_t unit) {
  if (!copy_grid(grid, from)) return false;
  for (int g = 0; g < grid->count; g++) {
    GridAxis *along = &grid->axis[g];
    for (int c = 0; along->axis == axis && c <= along->cells; c++) {
      int64_t at = along->cut[c] - origin;
      along->cut[c] = at <= 0 ? 0 : QL_MIN((at + unit - 1) / unit, blocks);
    }
  }
  return true;
}

bool grid_refine(Grid *grid, const Grid *from, int axis, int64_t extent, int64_t unit) {
  if (!copy_grid(grid, from)) return false;
  for (int g = 0; g < grid->count; g++) {
    GridAxis *along = &grid->axis[g];
    for (int c = 0; along->axis == axis && c <= along->cells; c++)
      along->cut[c] = QL_MIN(along->cut[c] * unit, extent);
  }
  return true;
}

void grid_free(Grid *grid) { free(grid->cuts); }

/* ---- looking ---- */

Cells grid_all(const Grid *grid) {
  Cells cells;
  for (int g = 0; g < grid->count; g++) cells.lo[g] = 0, cells.hi[g] = grid->axis[g].cells;
  return cells;
}

int grid_cell(const GridAxis *axis, int part) { return part / axis->stride % axis->cells; }

Cells grid_cells_of(const Grid *grid, int part) {
  Cells cells;
  for (int g = 0; g < grid->count; g++)
    cells.lo[g] = grid_cell(&grid->axis[g], part), cells.hi[g] = cells.lo[g] + 1;
  return cells;
}

bool grid_halve(const Grid *grid, Cells *cells, Cells *rest) {
  for (int g = 0; g < grid->count; g++) {
    if (cells->hi[g] - cells->lo[g] < 2) continue;
    *rest = *cells;
    rest->lo[g] = cells->hi[g] = cells->lo[g] + (cells->hi[g] - cells->lo[g]) / 2;
    return true;
  }
  return false;
}

int grid_part(const Grid *grid, const Cells *cells) {
  int part = 0;
  for (int g = 0; g < grid->count; g++) part += cells->lo[g] * grid->axis[g].stride;
  return part;
}

Box grid_box(const Grid *grid, const Cells *cells) {
  Box box;
  bool owns = true;
  for (int g = 0; g < grid->count; g++) {
    const GridAxis *axis = &grid->axis[g];
    if (axis->axis < 0)
      owns &= axis->owner >= cells->lo[g] && axis->owner < cells->hi[g];
    else
      box.lo[axis->axis] = axis->cut[cells->lo[g]], box.hi[axis->axis] = axis->cut[cells->hi[g]];
  }
  for (int g = 0; g < grid->count && !owns; g++)
    if (grid->axis[g].axis >= 0) box.hi[grid->axis[g].axis] = box.lo[grid->axis[g].axis];
  return box;
}

bool grid_cuts(const Grid *grid, int axis, int64_t extent) {
  bool cuts = false;
  for (int g = 0; g < grid->count; g++) {
    const GridAxis *along = &grid->axis[g];
    if (along->axis < 0) /* some part owns nothing */
      cuts |= extent > 0 && (along->cells > 1 || along->owner < 0);
    for (int c = 0; along->axis == axis && c < along->cells; c++)
      cuts |= along->cut[c] > 0 || along->cut[c + 1] < extent;
  }
  return cuts;
}
