/* Temporaries that are written in parts, as roll, concatenate and pad make them: each part, a
 * *tile*, is a box, and whoever reads one tile can compute it in place of the read. A statement
 * whose reads meet several tiles is computed in *pieces*: its domain is cut at the tiles' edges.
 *
 *     roll(u, 1)       | u[-1] | u[:-1] ...                     |      two tiles
 *     roll(u, -1)      |                 ... u[1:]      | u[0]  |      two tiles
 *     their sum        | edge  |     largest piece      | edge  |      three pieces
 *
 * Reductions are not cut: their bits depend on the whole domain. What they read of tiles is stored.
 */
#include "planner.h"

/* ---- tiles ---- */

bool tile_of(const Planner *planner, int statement, Tile *tile) {
  const Statement *s = &planner->log->statements[statement];
  const int64_t *shape = log_shape(planner->log, s);
  LogOperand target;
  AxisMap axes[QL_MAX_DIMS];
  if (!statement_traits[s->kind].elementwise) return false;
  log_operand(planner->log, s, 0, &target);
  const SlotView *view = &target.view;
  const Storage *storage = planner->slots[view->slot].storage;
  if (!view_axes(s->ndim, shape, view->stride, view->offset, storage->ndim, storage->shape, axes))
    return false;
  tile->statement = statement;
  for (int a = 0; a < storage->ndim; a++) {
    if (axes[a].dim >= 0 && axes[a].step != 1) return false;
    tile->dim[a] = (int8_t)axes[a].dim;
    tile->box.lo[a] = axes[a].start,
    tile->box.hi[a] = axes[a].start + (axes[a].dim >= 0 ? shape[axes[a].dim] : 1);
  }
  return shape_volume(s->ndim, shape) == box_volume(storage->ndim, &tile->box);
}

bool tiles_partition(int ndim, const int64_t *shape, const Tile *tiles, int count) {
  Box whole = box_of_shape(ndim, shape);
  int64_t missing = box_volume(ndim, &whole);
  for (int k = 0; k < count; k++) {
    missing -= box_volume(ndim, &tiles[k].box);
    for (int j = 0; j < k; j++)
      if (box_intersect(ndim, &tiles[j].box, &tiles[k].box, NULL)) return false;
  }
  return missing == 0;
}

/* Is everything that statement `fill` stores overwritten, box by box, before it is read? */
static bool is_covered(const Planner *planner, int fill) {
  const Log *log = planner->log;
  Tile tiles[TILES], whole;
  LogOperand target;
  int count = 0;
  log_operand(log, &log->statements[fill], 0, &target);
  int slot = target.view.slot;
  const Storage *storage = planner->slots[slot].storage;
  if (!tile_of(planner, fill, &whole) || !tiles_partition(storage->ndim, storage->shape, &whole, 1))
    return false;
  for (int k = fill + 1; k < log->count; k++) {
    const Statement *s = &log->statements[k];
    if (!planner->statements[k].live) continue;
    if (log_accesses(log, s, LOG_READ, slot)) return false;
    if (!log_accesses(log, s, LOG_WRITE, slot)) continue;
    if (count == TILES || !tile_of(planner, k, &tiles[count])) return false;
    if (tiles_partition(storage->ndim, storage->shape, tiles, ++count)) return true;
  }
  return false;
}

void tiles_cover(Planner *planner) {
  for (int k = 0; k < planner->log->count; k++) {
    const Statement *s = &planner->log->statements[k];
    if (planner->statements[k].live && statement_traits[s->kind].elementwise &&
        !log_accesses(planner->log, s, LOG_READ, -1) && is_covered(planner, k))
      planner->statements[k].live = false;
  }
}

/* ---- pieces ---- */

typedef struct Division {
  Planner *planner;
  Group *scratch; /* an expression over one piece */
  int statement, rank;
  const int64_t *extent;
  const AxisMap *map;
  const SlotView *target;
  Pieces *pieces;
} Division;

/* Does the piece read elements of the target that other points store? */
static bool meets_target(const Division *d, const Box *box) {
  const Planner *planner = d->planner;
  SlotView mine = view_of_piece(d->target, d->rank, box);
  int ndim = planner->plan->slots[mine.slot].ndim;
  Box domain = box_of_shape(d->rank, d->extent), piece = box_of_shape(d->rank, d->scratch->extent);
  for (int k = 0; k < d->scratch->node_count; k++) {
    const ExprNode *node = &d->scratch->nodes[k];
    AxisMap axes[QL_MAX_DIMS], stored[QL_MAX_DIMS];
    if (node->kind != NODE_LEAF || node->view.slot != mine.slot ||
        view_equal(d->rank, &node->view, &mine))
      continue;
    if (!slot_axes(planner, d->rank, d->extent, d->target, stored)) return true;
    if (!slot_axes(planner, d->rank, d->scratch->extent, &node->view, axes)) return true;
    Box written = view_box(ndim, stored, &domain), read = view_box(ndim, axes, &piece);
    if (box_intersect(ndim, &written, &read, NULL)) return true;
  }
  return false;
}

static void divide(Division *d, Box box) {
  Group *scratch = d->scratch;
  Pieces *pieces = d->pieces;
  AxisMap map[QL_MAX_DIMS];
  if (pieces->count > PIECE_ROOM) return;
  scratch->node_count = 0, scratch->cut = -1;
  for (int r = 0; r < d->rank; r++) scratch->extent[r] = box.hi[r] - box.lo[r];
  map_of_piece(d->map, d->planner->log->statements[d->statement].ndim, &box, map);
  (void)expr_statement(d->planner, scratch, d->statement, map);
  if (scratch->cut >= 0) {
    Box half = box;
    int r = scratch->cut;
    half.hi[r] = box.lo[r] = box.lo[r] + scratch->cut_at;
    divide(d, half);
    divide(d, box);
    return;
  }
  if (d->target) pieces->meets |= meets_target(d, &box);
  if (pieces->count < PIECE_ROOM) pieces->box[pieces->count] = box;
  pieces->count++;
}

void tiles_pieces(Planner *planner, int statement, int rank, const int64_t *extent,
                  const AxisMap *map, const SlotView *target, Pieces *pieces) {
  Group scratch = {.rank = rank, .nodes = planner->nodes, .node_room = GROUP_NODES};
  Division d = {planner, &scratch, statement, rank, extent, map, target, pieces};
  pieces->count = 0, pieces->meets = false;
  divide(&d, box_of_shape(rank, extent));
  for (int k = 1; k < QL_MIN(pieces->count, PIECE_ROOM);
       k++) { /* stable: equal pieces stay in order */
    Box box = pieces->box[k];
    int at = k;
    for (; at > 0 && box_volume(rank, &pieces->box[at - 1]) < box_volume(rank, &box); at--)
      pieces->box[at] = pieces->box[at - 1];
    pieces->box[at] = box;
  }
}

SlotView view_of_piece(const SlotView *view, int rank, const Box *box) {
  SlotView piece = *view;
  for (int r = 0; r < rank; r++) piece.offset += view->stride[r] * box->lo[r];
  return piece;
}

void map_of_piece(const AxisMap *map, int ndim, const Box *box, AxisMap *piece) {
  for (int d = 0; d < ndim; d++) {
    piece[d] = map[d];
    if (map[d].dim >= 0) piece[d].start += map[d].step * box->lo[map[d].dim];
  }
}

/* ---- what is stored after all ---- */

/* The slot is stored by its statements, as if it had never been inlined: who was inlined on the
 * strength of it can now read the slot instead, which nothing writes any more. */
static void store_slot(Planner *planner, int slot) {
  SlotInfo *info = &planner->slots[slot];
  if (info->producer >= 0) planner->statements[info->producer].inlined = false;
  for (int t = 0; t < info->tile_count; t++)
    planner->statements[info->tiles[t].statement].inlined = false;
  info->tiles = NULL, info->tile_count = 0, info->producer = -1;
}

/* In how many pieces a statement that reads all of the slot has to read it. */
static int pieces_of_slot(const Planner *planner, int slot) {
  const SlotInfo *info = &planner->slots[slot];
  int pieces = info->tile_count;
  if (info->producer >= 0) return planner->statements[info->producer].pieces;
  for (int t = 0; t < info->tile_count; t++)
    pieces += planner->statements[info->tiles[t].statement].pieces - 1;
  return pieces;
}

/* The largest tiled slot that the slot's expression reads; 0: none. */
static int64_t largest_tiled(const Planner *planner, int slot) {
  const SlotInfo *info = &planner->slots[slot];
  if (info->tile_count) return info->storage->size;
  if (info->producer < 0 || !planner->statements[info->producer].tiled) return 0;
  const Statement *s = &planner->log->statements[info->producer];
  int64_t largest = 0;
  LogOperand operand;
  for (int k = 0; k < s->operands; k++)
    if (log_operand(planner->log, s, k, &operand) && operand.access & LOG_READ)
      largest = QL_MAX(largest, largest_tiled(planner, operand.view.slot));
  return largest;
}

static void store_inputs(Planner *planner, const Statement *s);

/* A product that is reduced at once, as by matmul, may be much larger than the tiled slots that it
 * reads; then those are stored. */
static void store_for_reduction(Planner *planner, int slot) {
  const SlotInfo *info = &planner->slots[slot];
  int64_t largest = largest_tiled(planner, slot);
  if (!largest) return;
  if (info->tile_count || info->storage->size <= largest) {
    store_slot(planner, slot);
    return;
  }
  store_inputs(planner, &planner->log->statements[info->producer]);
}

/* Those of a reduction, or of what it consumes. */
static void store_inputs(Planner *planner, const Statement *s) {
  LogOperand operand;
  for (int k = 0; k < s->operands; k++)
    if (log_operand(planner->log, s, k, &operand) && operand.access & LOG_READ)
      store_for_reduction(planner, operand.view.slot);
}

void tiles_limit(Planner *planner, int statement) {
  const Statement *s = &planner->log->statements[statement];
  StatementInfo *info = &planner->statements[statement];
  LogOperand operand;
  AxisMap identity[QL_MAX_DIMS];
  Pieces pieces;
  int64_t one = 1;
  info->pieces = 1;
  if (!info->tiled) return;
  if (!statement_traits[s->kind].elementwise) {
    store_inputs(planner, s);
    return;
  }
  for (int d = 0; d < s->ndim; d++) identity[d] = (AxisMap){0, 1, d};
  for (;;) {
    const int64_t *shape = s->ndim ? log_shape(planner->log, s) : &one;
    tiles_pieces(planner, statement, QL_MAX(s->ndim, 1), shape, identity, NULL, &pieces);
    info->pieces = pieces.count;
    if (pieces.count <= PIECES) return;
    int worst = -1, most = 0;
    for (int k = 0; k < s->operands; k++) {
      if (!log_operand(planner->log, s, k, &operand) || !(operand.access & LOG_READ)) continue;
      int slot = operand.view.slot, count = pieces_of_slot(planner, slot);
      bool inlined = planner->slots[slot].tile_count || planner->slots[slot].producer >= 0;
      if (inlined && count > most) worst = slot, most = count;
    }
    store_slot(planner, worst);
  }
}
