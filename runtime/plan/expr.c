/* A group's expression: a DAG over views of stored arrays, built by following inlined temporaries
 * to their producers.
 *
 * A producer's statement has a domain of its own; a map says how each of its dimensions follows the
 * group's domain. Views compose: an operand that starts at `offset` and moves by stride[d] along
 * dimension d of the statement starts, seen from the group, at offset + sum stride[d] *
 * map[d].start, and moves by stride[d] * map[d].step along map[d].dim. A read of an inlined
 * temporary is decomposed onto the temporary's axes, which are its producer's dimensions, or move
 * along those of the tile that is read. */
#include "planner.h"

#include <assert.h>
#include <string.h>

bool view_equal(int rank, const SlotView *a, const SlotView *b) {
  return a->slot == b->slot && a->offset == b->offset &&
         !memcmp(a->stride, b->stride, (size_t)rank * sizeof *a->stride);
}

static int add_node(Group *group, const ExprNode *node) {
  if (group->node_count == group->node_room) return -1;
  group->nodes[group->node_count] = *node;
  return group->node_count++;
}

SlotView view_through(const SlotView *view, int ndim, const AxisMap *map) {
  SlotView seen = {.slot = view->slot, .origin = view->origin, .offset = view->offset};
  for (int d = 0; d < ndim; d++) {
    seen.offset += view->stride[d] * map[d].start;
    if (map[d].dim >= 0) seen.stride[map[d].dim] += view->stride[d] * map[d].step;
  }
  return seen;
}

static int cast_to(Group *group, int node, QlDtype dtype, int statement) {
  if (node < 0 || group->nodes[node].dtype == dtype) return node;
  for (int k = node + 1; k < group->node_count; k++) {
    const ExprNode *n = &group->nodes[k];
    if (n->kind == NODE_CAST && n->args[0] == node && n->dtype == dtype) return k;
  }
  return add_node(
      group,
      &(ExprNode){
          .kind = NODE_CAST, .dtype = dtype, .args = {node}, .count = 1, .statement = statement});
}

int expr_op(Group *group, QlOp op, QlDtype dtype, int a, int b, int statement) {
  if (a < 0 || b < 0) return -1;
  return add_node(group, &(ExprNode){.kind = NODE_OP,
                                     .op = op,
                                     .dtype = dtype,
                                     .args = {a, b},
                                     .count = 2,
                                     .statement = statement});
}

int expr_reduce(Group *group, QlReduction reduction, int node) {
  const ExprNode *value = &group->nodes[node];
  return add_node(group, &(ExprNode){.kind = NODE_REDUCE,
                                     .reduction = reduction,
                                     .line = true,
                                     .dtype = value->dtype,
                                     .args = {node},
                                     .count = 1,
                                     .statement = value->statement});
}

int expr_from_zero(Group *group, int node, int statement) {
  QlDtype dtype = group->nodes[node].dtype;
  ExprNode zero = {.kind = NODE_ZERO, .dtype = dtype, .statement = statement};
  return expr_op(group, QL_OP_ADD, dtype, node, add_node(group, &zero), statement);
}

/* A read of a tiled temporary; map: of its axes. Where the domain sees several tiles, the group is
 * told to be cut. */
static int read_tile(Planner *planner, Group *group, const SlotView *view, const AxisMap *map) {
  const SlotInfo *info = &planner->slots[view->slot];
  int ndim = planner->plan->slots[view->slot].ndim;
  Box domain = box_of_shape(group->rank, group->extent), seen = view_box(ndim, map, &domain);
  for (int t = info->tile_count - 1; t >= 0; t--) {
    const Tile *tile = &info->tiles[t];
    if (!box_intersect(ndim, &seen, &tile->box, NULL)) continue;
    for (int a = 0; a < ndim; a++) {
      bool below = seen.lo[a] < tile->box.lo[a];
      if (!below && seen.hi[a] <= tile->box.hi[a]) continue;
      group->cut = map[a].dim,
      group->cut_at = axis_crossing(&map[a], below ? tile->box.lo[a] : tile->box.hi[a]);
      return -1;
    }
    AxisMap inner[QL_MAX_DIMS];
    for (int d = 0; d < QL_MAX_DIMS; d++) inner[d] = (AxisMap){.dim = -1};
    for (int a = 0; a < ndim; a++)
      if (tile->dim[a] >= 0)
        inner[tile->dim[a]] = (AxisMap){map[a].start - tile->box.lo[a], map[a].step, map[a].dim};
    return expr_statement(planner, group, tile->statement, inner);
  }
  assert(!"the tiles hold every element");
  return -1;
}

int expr_read(Planner *planner, Group *group, const SlotView *view, int statement) {
  const PlanSlot *slot = &planner->plan->slots[view->slot];
  int producer = planner->slots[view->slot].producer;
  if (producer >= 0 || planner->slots[view->slot].tile_count) {
    AxisMap map[QL_MAX_DIMS];
    if (!view_axes(group->rank, group->extent, view->stride, view->offset, slot->ndim, slot->shape,
                   map))
      return -1;
    return producer >= 0 ? expr_statement(planner, group, producer, map)
                         : read_tile(planner, group, view, map);
  }
  for (int k = 0; k < group->node_count; k++)
    if (group->nodes[k].kind == NODE_LEAF && view_equal(group->rank, &group->nodes[k].view, view)) {
      planner_tie(planner, &group->nodes[k].view, view);
      return k;
    }
  return add_node(
      group,
      &(ExprNode){.kind = NODE_LEAF, .dtype = slot->dtype, .view = *view, .statement = statement});
}

/* Input k, behind the target, as it is stored. */
static int read_input(Planner *planner, Group *group, int statement, int k, const AxisMap *map) {
  const Statement *s = &planner->log->statements[statement];
  LogOperand input;
  if (!log_operand(planner->log, s, 1 + k, &input))
    return add_node(group, &(ExprNode){.kind = NODE_SCALAR,
                                       .dtype = planner->log->scalars[input.scalar].dtype,
                                       .scalar = input.scalar,
                                       .statement = statement});
  SlotView seen = view_through(&input.view, s->ndim, map);
  return expr_read(planner, group, &seen, statement);
}

static bool same_op(const ExprNode *n, const ExprNode *m) {
  return n->kind == NODE_OP && n->op == m->op && n->count == m->count && n->dtype == m->dtype &&
         !memcmp(n->args, m->args, (size_t)n->count * sizeof *n->args);
}

int expr_statement(Planner *planner, Group *group, int statement, const AxisMap *map) {
  const Statement *s = &planner->log->statements[statement];
  LogOperand target;
  log_operand(planner->log, s, 0, &target);
  QlDtype stored = planner->plan->slots[target.view.slot].dtype;
  int inputs = s->operands - 1;
  ExprNode node = {.kind = NODE_OP, .op = (QlOp)s->op, .count = inputs, .statement = statement};
  switch (s->kind) {
    case STATEMENT_RAMP: {
      node = (ExprNode){.kind = NODE_RAMP,
                        .dtype = s->loop,
                        .scalar = (int)s->scalars,
                        .ramp = map[__builtin_ctz(s->axes)],
                        .statement = statement};
      return cast_to(group, add_node(group, &node), stored, statement);
    }
    case STATEMENT_MAP: {
      node.dtype = ql_op_result(node.op, s->loop);
      for (int k = 0; k < inputs; k++) {
        int value = read_input(planner, group, statement, k, map);
        if (value < 0) return -1;
        QlDtype dtype = ql_op_input(node.op, k, group->nodes[value].dtype, s->loop);
        if ((node.args[k] = cast_to(group, value, dtype, statement)) < 0) return -1;
      }
      for (int k = 0; k < group->node_count; k++)
        if (same_op(&group->nodes[k], &node)) return cast_to(group, k, stored, statement);
      return cast_to(group, add_node(group, &node), stored, statement);
    }
    case STATEMENT_REDUCE: {
      bool counts = s->op == QL_REDUCE_COUNT; /* the sum of what is not zero */
      int value = read_input(planner, group, statement, 0, map);
      if (counts) value = cast_to(group, value, QL_BOOL, statement);
      return cast_to(group, value, s->loop, statement);
    }
    default:
      return cast_to(group, read_input(planner, group, statement, 0, map), s->loop, statement);
  }
}
