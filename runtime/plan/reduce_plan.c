/* Reductions into groups (contract C7): one axis at a time, the last first, each by the tree that
 * jit.h fixes. The bits depend on the logical index space alone; what is chosen here is in which
 * order a nest's axes lie (order.c) and who computes which part of the tree:
 *
 *   short    a few elements along the last axes are written out as an expression: a reduction of
 *            (10^6, 3) reads its array once, in long rows.
 *   WHOLE    an owner of a result runs along the whole axis. When no node cuts the axis and there
 *            are results for everybody.
 *   LEAVES   the owner of a leaf's first element reduces the leaf's 128 elements (some of which may
 *            be ghosts);
 *   BRANCHES while there are many: the owner of the first of 128 values combines them;
 *   TREE     the few that are left go to where the result is.
 *
 * Where the best elements are (routine/best.c) is a reduction of pairs, a value and its place,
 * which a routine computes in the same forms; between them there is a temporary for each half.
 */
#include "planner.h"

#include <string.h>

enum { FEW_VALUES = 2048 }; /* that one rank may combine alone, and that may go to every node */
enum { LONG_LINE = 1024 };  /* terms of a nest's line that are better not reduced at once */

/* The expression or array that is still to be reduced, over a domain of its own. Never of nothing:
 * that is the identity, which reduce.c assigns. */
typedef struct Operand {
  int rank;
  int64_t extent[QL_MAX_DIMS];
  bool reduced[QL_MAX_DIMS];
  int dim[QL_MAX_DIMS]; /* which dimension of the statement it is: the last is reduced first */
  SlotView target;      /* the statement's, seen from these axes */
  AxisMap
      map[QL_MAX_DIMS]; /* of the statement's dimensions, while it is the statement's expression */
  int slot;             /* -1: the statement's expression; else a temporary of this shape */
  int short_count;      /* dimensions of the statement that are written out, by dimension */
  int short_dim[QL_MAX_DIMS];
  int64_t short_extent[QL_MAX_DIMS];
  const RoutineInfo *routine; /* NULL, or it reduces pairs: of this array, while slot is -1, */
  SlotView input;
  int places; /* else of the values in `slot` and the places in this one */
} Operand;

static int last_reduced(const Operand *x) {
  int last = -1;
  for (int r = 0; r < x->rank; r++)
    if (x->reduced[r] && (last < 0 || x->dim[r] > x->dim[last])) last = r;
  return last;
}

static void drop_axis(Operand *x, int axis) {
  view_drop_axis(&x->target, x->rank, axis);
  view_drop_axis(&x->input, x->rank, axis);
  for (int r = axis; r < x->rank - 1; r++) {
    x->extent[r] = x->extent[r + 1], x->reduced[r] = x->reduced[r + 1], x->dim[r] = x->dim[r + 1];
  }
  x->rank--;
}

/* ---- short axes ---- */

enum { SHORT_AXIS = 16, WRITTEN_OUT = 24 };

/* The value at the points of the domain, all written out axes combined as a leaf of so many
 * elements is (jit.h). */
static int written_out(Planner *planner, Group *group, int statement, Operand *x, int level) {
  if (level == x->short_count) return expr_statement(planner, group, statement, x->map);
  const Statement *s = &planner->log->statements[statement];
  QlOp op = (QlOp)ql_reduction_info[s->op].op;
  int lanes[JIT_LANES] = {0};
  AxisMap *map = &x->map[x->short_dim[level]];
  int64_t extent = x->short_extent[level];
  for (int64_t k = 0; k < extent; k++) {
    *map = (AxisMap){.start = k, .dim = -1};
    int value = written_out(planner, group, statement, x, level + 1), *lane = &lanes[k % JIT_LANES];
    if (value < 0) return -1;
    *lane = k < JIT_LANES ? value : expr_op(group, op, (QlDtype)s->loop, *lane, value, statement);
  }
  for (int step = 1; step < JIT_LANES; step *= 2)
    for (int lane = 0; lane + step < QL_MIN(extent, JIT_LANES); lane += 2 * step)
      lanes[lane] =
          expr_op(group, op, (QlDtype)s->loop, lanes[lane], lanes[lane + step], statement);
  return lanes[0];
}

/* Takes the axes that are reduced first out of the domain while they are short and the expression
 * stays small. */
static void write_out_short_axes(Planner *planner, int statement, Operand *x) {
  const StatementInfo *info = &planner->statements[statement];
  int64_t copies = 1;
  for (int d = planner->log->statements[statement].ndim - 1; d >= 0; d--) {
    int r = x->map[d].dim;
    if (r < 0) continue;
    if (!x->reduced[r]) continue;
    copies *= x->extent[r];
    if (x->rank == 1 || x->extent[r] > SHORT_AXIS ||
        copies * QL_MAX(info->leaves, 1) > WRITTEN_OUT ||
        copies * (info->nodes + 1) > GROUP_NODES / 2)
      return;
    for (int k = x->short_count++; k >= 0; k--) {
      x->short_dim[k] = k ? x->short_dim[k - 1] : d;
      x->short_extent[k] = k ? x->short_extent[k - 1] : x->extent[r];
    }
    for (int other = 0; other < planner->log->statements[statement].ndim; other++)
      if (x->map[other].dim > r) x->map[other].dim--;
    x->map[d] = (AxisMap){.dim = -1};
    drop_axis(x, r);
  }
}

/* ---- the order of the axes ---- */

enum { NARROW = 512 }; /* elements of an innermost loop that is worth making longer */

static void operand_through(Operand *x, const AxisMap *map) {
  Operand old = *x;
  for (int r = 0; r < old.rank; r++) {
    int to = map[r].dim;
    x->extent[to] = old.extent[r], x->reduced[to] = old.reduced[r], x->dim[to] = old.dim[r];
  }
  x->target = view_through(&old.target, old.rank, map);
}

/* Had the axis better be one with the next? Axes that are kept, where the innermost loop is short;
 * those that are reduced, wherever no order changes a bit. */
static bool is_merged(const Operand *x, int axis, QlDtype loop) {
  if (x->reduced[axis] != x->reduced[axis + 1]) return false;
  if (x->reduced[axis]) return jit_any_order(loop);
  return axis + 1 == x->rank - 1 && x->extent[axis + 1] < NARROW;
}

/* The axes of the statement's expression and of its group in the order in which its operands lie.
 * What is merged has no axes of its own in the arrays, which nodes' layouts ask for, and the nest
 * that becomes one with this group (terms.c). */
static void put_in_order(const Planner *planner, Group *group, Operand *x) {
  AxisMap map[QL_MAX_DIMS];
  order_as_stored(group, x->reduced, map);
  group_through(group, map);
  operand_through(x, map);
  if (planner->ctx->info->node_count > 1 || terms_are_read(planner, group)) return;
  QlDtype loop = (QlDtype)planner->log->statements[group->statement].loop;
  for (int axis = x->rank - 2; axis >= 0; axis--) {
    if (!is_merged(x, axis, loop) || !group_runs_on(group, axis) ||
        !view_runs_on(&x->target, x->extent, axis))
      continue;
    group_merge(group, axis);
    x->extent[axis + 1] *= x->extent[axis];
    drop_axis(x, axis);
  }
}

/* ---- pairs ---- */

static void add_leaf(Planner *planner, Group *group, const SlotView *view) {
  group->nodes[group->node_count++] =
      (ExprNode){.kind = NODE_LEAF,
                 .dtype = (QlDtype)planner->plan->slots[view->slot].dtype,
                 .view = *view,
                 .statement = group->statement};
}

static void open_pairs(Planner *planner, Group *group, const Operand *x) {
  SlotView whole = {.slot = x->slot};
  group->routine = x->routine;
  for (int r = 0; r < x->rank; r++) group->along.axes |= (uint32_t)x->reduced[r] << r;
  group->along.axis = last_reduced(x);
  if (x->slot < 0) {
    add_leaf(planner, group, &x->input);
    return;
  }
  c_strides(x->rank, x->extent, 1, whole.stride);
  add_leaf(planner, group, &whole);
  whole.slot = x->places;
  add_leaf(planner, group, &whole);
}

/* Where lines are one after another without a gap, and all of them are reduced, they are one. */
static void join_lines(const Planner *planner, Operand *x) {
  if (planner->ctx->info->node_count > 1) return; /* whose layouts have axes of their own */
  for (int axis = x->rank - 2; axis >= 0; axis--) {
    if (!x->reduced[axis] || !x->reduced[axis + 1] || !view_runs_on(&x->input, x->extent, axis))
      continue;
    x->extent[axis + 1] *= x->extent[axis];
    drop_axis(x, axis);
  }
}

/* ---- groups ---- */

static Group *open_over(Planner *planner, int statement, Operand *x, int *node) {
  Group *group = planner_open(planner, GROUP_KERNEL, statement, x->rank, x->extent);
  if (!group) return NULL;
  if (x->routine) {
    open_pairs(planner, group, x);
    return group;
  }
  if (x->slot < 0) {
    *node = written_out(planner, group, statement, x, 0);
  } else {
    SlotView whole = {.slot = x->slot};
    c_strides(x->rank, x->extent, 1, whole.stride);
    *node = expr_read(planner, group, &whole, statement);
  }
  if (*node < 0) {
    ql_fail(planner->error, QL_ERR_COMPILE, "an expression is too large for one kernel");
    return NULL;
  }
  if (x->slot < 0) put_in_order(planner, group, x);
  return group;
}

/* Stores what comes of the axis: into the target, and, of pairs of which more is to come, the
 * values into that slot. */
static QlStatus store_along(Planner *planner, Group *group, const Operand *x,
                            const SlotView *target, int values, int node, JitReduceForm form,
                            int axis) {
  const Statement *s = &planner->log->statements[group->statement];
  if (!x->routine)
    return planner_store_reduced(planner, group, target, node, (QlReduction)s->op, form, axis);
  SlotView beside = *target;
  beside.slot = values, beside.origin = 0;
  QL_TRY(planner_store_lines(planner, group, target, form, axis));
  return values < 0 ? QL_OK : planner_store_lines(planner, group, &beside, form, axis);
}

/* Temporaries for what more is to be reduced of: the second one for values, if it is of pairs.
 * Takes the layout over. */
static QlStatus more_to_come(Planner *planner, const Statement *s, const Operand *x, int ndim,
                             const int64_t *shape, Layout *layout, int *slot, int *values) {
  Layout *beside = NULL;
  QlDtype dtype = QL_DTYPE_NONE;
  *slot = *values = -1;
  if (layout && x->routine) {
    dtype = (QlDtype)planner->plan->slots[x->slot < 0 ? x->input.slot : x->slot].dtype;
    if (layout->template) layout->template->references++;
    if (!(beside = rt_layout_new(layout->template, layout->offset)) && layout->template)
      layout->template->references--;
  }
  if (layout) *slot = planner_slot(planner, s->loop, ndim, shape, layout);
  if (beside) *values = planner_slot(planner, dtype, ndim, shape, beside);
  if (*slot >= 0 && (*values >= 0 || !x->routine)) return QL_OK;
  return ql_fail(planner->error, QL_ERR_MEMORY, "out of memory for a plan");
}

/* Which are reduced from now on. */
static void go_on_with(Operand *x, int slot, int values) {
  x->slot = x->routine ? values : slot;
  x->places = slot;
}

/* ---- one axis ---- */

/* Where the elements that are reduced lie: NULL when every rank has them all. */
static QlStatus domain_layout(Planner *planner, const Group *group, Layout **layout) {
  AxisMap identity[QL_MAX_DIMS];
  for (int r = 0; r < group->rank; r++) identity[r] = (AxisMap){0, 1, r};
  *layout = planner_operand_layout(planner, group, group->rank, group->extent, identity);
  if (*layout || rt_is_replicated_size(planner->ctx, shape_volume(group->rank, group->extent)))
    return QL_OK;
  Template *template =
      rt_template_for_shape(planner->ctx, group->rank, group->extent, planner->error);
  if (!template) return QL_ERR_MEMORY;
  if (!(*layout = rt_layout_new(template, NULL))) {
    rt_template_release(planner->ctx, template);
    return ql_fail(planner->error, QL_ERR_MEMORY, "out of memory for a plan");
  }
  return QL_OK;
}

int planner_all_workers(const Planner *planner) {
  int workers = 0;
  for (int n = 0; n < planner->ctx->info->node_count; n++)
    workers += planner->ctx->info->workers_of_node[n];
  return workers;
}

/* One value for 128 of `x` along `axis` into a temporary, which then is x. */
static QlStatus reduce_blocks(Planner *planner, Group *group, int node, Layout *domain, Operand *x,
                              int axis, JitReduceForm form) {
  const Statement *s = &planner->log->statements[group->statement];
  int64_t shape[QL_MAX_DIMS], offset[QL_MAX_DIMS];
  memcpy(shape, x->extent, sizeof shape), memcpy(offset, domain->offset, sizeof offset);
  shape[axis] = ceil_div(x->extent[axis], JIT_LEAF);
  Template *template = rt_template_coarsen(planner->ctx, domain->template, axis, offset[axis],
                                           x->extent[axis], JIT_LEAF, planner->error);
  if (!template) return QL_ERR_MEMORY;
  offset[axis] = 0;
  Layout *layout = rt_layout_new(template, offset);
  if (!layout) rt_template_release(planner->ctx, template);
  int leaves, values;
  QL_TRY(more_to_come(planner, s, x, x->rank, shape, layout, &leaves, &values));
  SlotView target = {.slot = leaves};
  c_strides(x->rank, shape, 1, target.stride);
  QL_TRY(store_along(planner, group, x, &target, values, node, form, axis));
  go_on_with(x, leaves, values);
  memcpy(x->extent, shape, sizeof shape);
  return QL_OK;
}

/* The layout of what is left when `axis` has been reduced where its elements are. */
static Layout *projected(Planner *planner, const Layout *domain, int rank, int axis) {
  Template *template = rt_template_project(planner->ctx, domain->template, axis, planner->error);
  int64_t offset[QL_MAX_DIMS];
  for (int r = 0, k = 0; r < rank; r++)
    if (r != axis) offset[k++] = domain->offset[r];
  Layout *layout = template ? rt_layout_new(template, offset) : NULL;
  if (template && !layout) {
    rt_template_release(planner->ctx, template);
    ql_fail(planner->error, QL_ERR_MEMORY, "out of memory for a plan");
  }
  return layout;
}

/* Are the axes of the statement's target those of the operand without `axis`? */
static bool target_lies_alike(const PlanSlot *target, const Operand *x, int axis) {
  SlotView kept = x->target;
  int64_t stride[QL_MAX_DIMS];
  view_drop_axis(&kept, x->rank, axis);
  c_strides(target->ndim, target->shape, 1, stride);
  return target->ndim == x->rank - 1 && kept.offset == 0 &&
         !memcmp(kept.stride, stride, (size_t)target->ndim * sizeof *stride);
}

/* Gives the target of the group that ends the reduction of `axis`: the statement's, or a new
 * temporary. */
static QlStatus result_of(Planner *planner, Group *group, const Operand *x, int axis,
                          Layout *domain, bool in_place, bool is_last, SlotView *target, int *slot,
                          int *values) {
  const Statement *s = &planner->log->statements[group->statement];
  int64_t shape[QL_MAX_DIMS], stride[QL_MAX_DIMS];
  int rank = 0;
  for (int r = 0; r < x->rank; r++)
    if (r != axis) shape[rank++] = x->extent[r];
  memset(target, 0, sizeof *target);
  if (is_last) {
    PlanSlot *last = &planner->plan->slots[x->target.slot];
    if (!last->layout && in_place && target_lies_alike(last, x, axis))
      last->layout = projected(planner, domain, x->rank, axis);
    *target = x->target;
    return planner_decide_layout(planner, group, target);
  }
  Layout *layout = NULL;
  if (in_place) {
    layout = projected(planner, domain, x->rank, axis);
  } else {
    Template *template = NULL;
    if (domain && !(template = rt_template_for_shape(planner->ctx, rank, shape, planner->error)))
      return QL_ERR_MEMORY;
    if (!(layout = rt_layout_new(template, NULL))) rt_template_release(planner->ctx, template);
  }
  QL_TRY(more_to_come(planner, s, x, rank, shape, layout, slot, values));
  target->slot = *slot;
  c_strides(rank, shape, 1, stride);
  for (int r = 0, k = 0; r < x->rank; r++) target->stride[r] = r == axis ? 0 : stride[k++];
  return QL_OK;
}

static QlStatus reduce_axis(Planner *planner, int statement, Operand *x) {
  int node = -1, slot = -1, values = -1;
  Group *group = open_over(planner, statement, x, &node);
  if (!group) return planner->error->status;
  int axis = last_reduced(x);
  bool is_last = true;
  for (int r = 0; r < x->rank; r++) is_last &= r == axis || !x->reduced[r];
  Layout *domain = NULL;
  QL_TRY(domain_layout(planner, group, &domain));

  QlStatus status = QL_OK;
  int64_t results = shape_volume(x->rank, x->extent) / x->extent[axis];
  const PlanSlot *last = &planner->plan->slots[x->target.slot];
  bool last_replicated =
      last->layout
          ? !last->layout->template
          : rt_is_replicated_size(planner->ctx, planner->slots[x->target.slot].storage->size);
  bool is_long = x->extent[axis] > LONG_LINE && terms_are_read(planner, group);
  bool in_place = domain && x->rank > 1 && !domain->template->cut[axis] && !is_long &&
                  results >= 4 * planner_all_workers(planner) && !(is_last && last_replicated);
  JitReduceForm form = JIT_WHOLE;
  if (domain && !in_place) {
    form = JIT_LEAVES;
    do {
      if ((status = reduce_blocks(planner, group, node, domain, x, axis, form))) goto out;
      rt_layout_release(planner->ctx, domain), domain = NULL;
      if (!(group = open_over(planner, statement, x, &node)))
        status = planner->error->status;
      else
        status = domain_layout(planner, group, &domain);
      if (status) goto out;
      form = JIT_BRANCHES;
    } while (domain && x->extent[axis] > FEW_VALUES);
    form = JIT_TREE;
  }
  SlotView target;
  if ((status =
           result_of(planner, group, x, axis, domain, in_place, is_last, &target, &slot, &values)))
    goto out;
  status = store_along(planner, group, x, &target, values, node, form, axis);
  drop_axis(x, axis);
  go_on_with(x, slot, values);
out:
  rt_layout_release(planner->ctx, domain);
  return status;
}

/* The statement's domain without axes of one element: reducing one is that element. */
static Operand operand_of(const Planner *planner, const Statement *s, const SlotView *input) {
  const int64_t *shape = log_shape(planner->log, s);
  LogOperand stored;
  log_operand(planner->log, s, 0, &stored);
  SlotView target = stored.view;
  Operand x = {.slot = -1,
               .places = -1,
               .target = {.slot = target.slot, .origin = target.origin, .offset = target.offset},
               .input = {.slot = input->slot, .origin = input->origin, .offset = input->offset}};
  for (int d = 0; d < s->ndim; d++) {
    x.map[d] = (AxisMap){.dim = -1};
    if (shape[d] == 1) continue;
    x.map[d] = (AxisMap){0, 1, x.rank};
    x.extent[x.rank] = shape[d], x.target.stride[x.rank] = target.stride[d];
    x.input.stride[x.rank] = input->stride[d];
    x.reduced[x.rank] = s->axes >> d & 1, x.dim[x.rank] = d;
    x.rank++;
  }
  return x;
}

QlStatus planner_best(Planner *planner, int statement) {
  const Statement *s = &planner->log->statements[statement];
  LogOperand input;
  log_operand(planner->log, s, 1, &input);
  Operand x = operand_of(planner, s, &input.view);
  x.routine = &routines[s->op];
  join_lines(planner, &x);
  while (last_reduced(&x) >= 0) QL_TRY(reduce_axis(planner, statement, &x));
  return QL_OK;
}

QlStatus planner_reduce(Planner *planner, int statement) {
  const Statement *s = &planner->log->statements[statement];
  Operand x = operand_of(planner, s, &(SlotView){.slot = -1});
  write_out_short_axes(planner, statement, &x);
  if (last_reduced(&x) < 0) {
    if (x.rank == 0) x.extent[x.rank++] = 1;
    int node;
    Group *group = open_over(planner, statement, &x, &node);
    if (!group) return planner->error->status;
    if (jit_has_zero((QlReduction)s->op, (QlDtype)s->loop))
      node = expr_from_zero(group, node, statement);
    if (node < 0)
      return ql_fail(planner->error, QL_ERR_COMPILE, "an expression is too large for one kernel");
    QL_TRY(planner_decide_layout(planner, group, &x.target));
    return planner_store(planner, group, &x.target, node);
  }
  while (last_reduced(&x) >= 0) QL_TRY(reduce_axis(planner, statement, &x));
  return QL_OK;
}
