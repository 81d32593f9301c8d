/* Who reads and writes what; what is dead; which temporaries are computed inside their consumers.
 *
 * A temporary is *inlined* (its expression replaces every read of it) when nobody holds it after
 * the flush, one statement writes all of it, or a few write boxes of it (tiles.c), before it is
 * read, every reader sees it as a box with steps, nothing that its expression reads is written
 * before its readers run, computing it again at every reader costs little, and its expression is
 * not so large that the kernels of its readers would outgrow GROUP_NODES. */
#include "planner.h"

enum {
  RECOMPUTE_LIMIT = 8,   /* additions per element that we rather do again than store and load */
  EXPRESSION_PATHS = 512 /* bounds the planner's own work: each tile of a tile is a path */
};

/* Does the statement's target cover its storage, element for element in C order? Points of a nest
 * have elements of their own. */
static bool writes_whole(const Planner *planner, const Statement *s, const LogOperand *operand) {
  const SlotView *target = &operand->view;
  const Storage *storage = planner->slots[target->slot].storage;
  if (operand->access & LOG_ALL)
    return !(operand->access & LOG_READ) &&
           shape_volume(s->ndim, log_shape(planner->log, s)) == storage->size;
  const int64_t *shape = log_shape(planner->log, s);
  int64_t stride[QL_MAX_DIMS];
  if (operand->access & LOG_READ) return false; /* it is updated */
  if (!statement_traits[s->kind].covers || s->ndim != storage->ndim || target->offset) return false;
  c_strides(s->ndim, storage->shape, 1, stride);
  for (int a = 0; a < s->ndim; a++)
    if (shape[a] != storage->shape[a] || (shape[a] > 1 && stride[a] != target->stride[a]))
      return false;
  return true;
}

static void find_live(Planner *planner) {
  const Log *log = planner->log;
  for (int k = 0; k < log->slot_count; k++) planner->slots[k].needed = planner->slots[k].alive;
  for (int k = log->count - 1; k >= 0; k--) {
    const Statement *s = &log->statements[k];
    LogOperand operand;
    bool live = s->kind == STATEMENT_NEST && /* what it raises is wanted too */
                rt_nest_kernel_of(planner->ctx, log_kernel(log, s))->raises;
    for (int j = 0; j < s->operands; j++)
      if (log_operand(log, s, j, &operand) && operand.access & LOG_WRITE)
        live |= planner->slots[operand.view.slot].needed;
    planner->statements[k].live = live;
    if (!live) continue;
    for (int j = 0; j < s->operands; j++)
      if (log_operand(log, s, j, &operand) && operand.access & LOG_WRITE &&
          writes_whole(planner, s, &operand))
        planner->slots[operand.view.slot].needed = false;
    for (int j = 0; j < s->operands; j++)
      if (log_operand(log, s, j, &operand) && operand.access & LOG_READ)
        planner->slots[operand.view.slot].needed = true;
  }
}

static void count_accesses(Planner *planner) {
  const Log *log = planner->log;
  for (int k = 0; k < log->slot_count; k++) {
    SlotInfo *slot = &planner->slots[k];
    slot->write_count = slot->read_count = 0,
    slot->first_write = slot->last_write = slot->producer = -1;
  }
  for (int k = 0; k < log->count; k++) {
    const Statement *s = &log->statements[k];
    LogOperand operand;
    if (!planner->statements[k].live) continue;
    for (int j = 0; j < s->operands; j++) {
      if (!log_operand(log, s, j, &operand)) continue;
      SlotInfo *slot = &planner->slots[operand.view.slot];
      if (operand.access & LOG_READ) slot->read_count++;
      if (!(operand.access & LOG_WRITE)) continue;
      if (slot->write_count++ == 0) slot->first_write = k;
      slot->last_write = k;
    }
  }
}

/* Is the slot written by a statement in (from, before)? */
static bool written_between(const Planner *planner, int slot, int from, int before) {
  const SlotInfo *info = &planner->slots[slot];
  if (info->last_write <= from || info->first_write >= before || info->first_write < 0)
    return false;
  for (int k = from + 1; k < before; k++) {
    if (!planner->statements[k].live || planner->statements[k].inlined) continue;
    if (log_accesses(planner->log, &planner->log->statements[k], LOG_WRITE, slot)) return true;
  }
  return false;
}

/* Collects the stored slots that the whole expression of a statement reads. False: more than
 * `room`. */
static bool leaf_slots(const Planner *planner, int statement, int *leaves, int *count, int room) {
  const Statement *s = &planner->log->statements[statement];
  for (int k = 0; k < s->operands; k++) {
    LogOperand operand;
    if (!log_operand(planner->log, s, k, &operand) || !(operand.access & LOG_READ)) continue;
    const SlotInfo *slot = &planner->slots[operand.view.slot];
    if (slot->producer >= 0 && !leaf_slots(planner, slot->producer, leaves, count, room))
      return false;
    for (int t = 0; t < slot->tile_count; t++)
      if (!leaf_slots(planner, slot->tiles[t].statement, leaves, count, room)) return false;
    bool known = slot->producer >= 0 || slot->tile_count;
    for (int l = 0; l < *count && !known; l++) known = leaves[l] == operand.view.slot;
    if (known) continue;
    if (*count == room) return false;
    leaves[(*count)++] = operand.view.slot;
  }
  return true;
}

static int own_cost(const Statement *s) {
  return s->kind == STATEMENT_MAP ? ql_op_info[s->op].cost : 0;
}

/* What reading an inlined slot adds to an expression: of its tiles, one is read. */
static StatementInfo inlined_part(const Planner *planner, const SlotInfo *slot) {
  if (slot->producer >= 0) return planner->statements[slot->producer];
  StatementInfo part = {.tiled = true};
  for (int t = 0; t < slot->tile_count; t++) {
    const StatementInfo *tile = &planner->statements[slot->tiles[t].statement];
    part.cost = QL_MAX(part.cost, tile->cost), part.leaves = QL_MAX(part.leaves, tile->leaves);
    part.nodes = QL_MAX(part.nodes, tile->nodes), part.paths += tile->paths;
  }
  return part;
}

static void sum_expression(Planner *planner, int statement) {
  const Statement *s = &planner->log->statements[statement];
  StatementInfo *info = &planner->statements[statement];
  info->cost = own_cost(s), info->leaves = 0, info->nodes = 2, info->paths = 1, info->tiled = false;
  for (int k = 0; k < s->operands; k++) {
    LogOperand operand;
    bool is_array = log_operand(planner->log, s, k, &operand);
    if (!(operand.access & LOG_READ)) continue;
    info->nodes += 2; /* the operand and its cast */
    if (!is_array) continue;
    const SlotInfo *slot = &planner->slots[operand.view.slot];
    if (slot->producer < 0 && !slot->tile_count) {
      info->leaves++;
      continue;
    }
    StatementInfo part = inlined_part(planner, slot);
    info->cost += part.cost, info->leaves += part.leaves, info->nodes += part.nodes;
    info->paths += part.paths, info->tiled |= part.tiled;
  }
}

/* Do all readers see the slot as a box with steps, while what its statements read is as it was, and
 * little is computed twice? */
static bool readers_allow(const Planner *planner, int slot_number, const Tile *tiles,
                          int tile_count, int (*leaves)[EXPRESSION_LEAVES], const int *leaf_count) {
  const Log *log = planner->log;
  const SlotInfo *slot = &planner->slots[slot_number];
  double work = 0, size = (double)QL_MAX(slot->storage->size, 1);
  SlotView seen = {.slot = -1};
  LogOperand operand;
  int seen_by = -1, cost = 0;
  for (int t = 0; t < tile_count; t++)
    cost = QL_MAX(cost, planner->statements[tiles[t].statement].cost);
  for (int c = slot->last_write + 1, left = slot->read_count; c < log->count && left > 0; c++) {
    const Statement *reader = &log->statements[c];
    if (!planner->statements[c].live) continue;
    for (int k = 0; k < reader->operands; k++) {
      log_operand(log, reader, k, &operand);
      const SlotView *view = &operand.view;
      if (view->slot != slot_number || !(operand.access & LOG_READ)) continue;
      if (statement_traits[reader->kind].opaque) return false;
      left--;
      if (seen_by == c && view_equal(reader->ndim, &seen, view))
        continue; /* computed once: common subexpression */
      const int64_t *shape = log_shape(log, reader);
      AxisMap axes[QL_MAX_DIMS];
      if (!view_axes(reader->ndim, shape, view->stride, view->offset, slot->storage->ndim,
                     slot->storage->shape, axes))
        return false;
      for (int t = 0; t < tile_count; t++)
        for (int l = 0; l < leaf_count[t]; l++)
          if (written_between(planner, leaves[t][l], tiles[t].statement, c)) return false;
      work += (double)shape_volume(reader->ndim, shape) / size;
      seen = *view, seen_by = c;
    }
  }
  return (work - 1) * cost <= RECOMPUTE_LIMIT;
}

/* The statements that write a slot, all before the first reader; 0: they are not what can be
 * inlined. */
static int find_tiles(const Planner *planner, int slot_number, Tile *tiles) {
  const Log *log = planner->log;
  const SlotInfo *slot = &planner->slots[slot_number];
  int count = 0;
  bool whole = false;
  for (int k = slot->first_write; k <= slot->last_write; k++) {
    const Statement *s = &log->statements[k];
    if (!planner->statements[k].live) continue;
    if (log_accesses(log, s, LOG_READ, slot_number)) return 0;
    if (!log_accesses(log, s, LOG_WRITE, slot_number)) continue;
    if (count == TILES || !tile_of(planner, k, &tiles[count])) return 0;
    whole |= tiles_partition(slot->storage->ndim, slot->storage->shape, &tiles[count++], 1);
  }
  bool all =
      whole || (count && tiles_partition(slot->storage->ndim, slot->storage->shape, tiles, count));
  return all ? count : 0;
}

/* Inlines the slot that the statement was the last to write, if it can be. */
static QlStatus inline_slot(Planner *planner, int statement, const LogOperand *target) {
  SlotInfo *slot = &planner->slots[target->view.slot];
  Tile tiles[TILES];
  int leaves[TILES][EXPRESSION_LEAVES], leaf_count[TILES] = {0};
  if (slot->alive || !slot->fresh || slot->last_write != statement) return QL_OK;
  int count = find_tiles(planner, target->view.slot, tiles);
  bool single = count == 1 && writes_whole(planner, &planner->log->statements[statement], target);
  if (!count || (count == 1 && !single)) return QL_OK;
  for (int t = 0; t < count; t++) {
    const StatementInfo *info = &planner->statements[tiles[t].statement];
    if (info->nodes > EXPRESSION_NODES || info->paths > EXPRESSION_PATHS) return QL_OK;
    if (!leaf_slots(planner, tiles[t].statement, leaves[t], &leaf_count[t], EXPRESSION_LEAVES))
      return QL_OK;
  }
  if (!readers_allow(planner, target->view.slot, tiles, count, leaves, leaf_count)) return QL_OK;
  for (int t = 0; t < count; t++) planner->statements[tiles[t].statement].inlined = true;
  if (single) {
    slot->producer = statement;
    return QL_OK;
  }
  if (!(slot->tiles = ql_pool_copy(planner->pool, tiles, (size_t)count * sizeof *tiles)))
    return planner_no_memory(planner);
  slot->tile_count = count;
  return QL_OK;
}

QlStatus planner_analyse(Planner *planner) {
  find_live(planner);
  tiles_cover(planner);
  count_accesses(planner);
  for (int k = 0; k < planner->log->count; k++) {
    LogOperand target;
    if (!planner->statements[k].live) continue;
    sum_expression(planner, k);
    tiles_limit(planner, k);
    sum_expression(planner, k); /* of what is inlined still */
    log_operand(planner->log, &planner->log->statements[k], 0, &target);
    QL_TRY(inline_slot(planner, k, &target));
  }
  return QL_OK;
}
