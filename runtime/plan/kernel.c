/* The IR of each group, the addresses of its operands, and the boxes of this rank's workers. What
 * the IR becomes is compile.c's.
 *
 * Leaves that see one array with the same strides, a small step apart, are one operand of the
 * kernel with loads at offsets (contract C6: the offsets are part of the kernel; extents, bounds
 * and scalars are not). */
#include "planner.h"

#include <string.h>

enum { SMALL_SHIFT = 8 };

/* ---- the blocks of the plan's slots ---- */

/* The deepest ghosts of the template's storages: before this plan, and in it. The template learns
 * of them when the plan has run. */
static void deepest_margins(const Planner *planner, const Template *template, int64_t margin[][2]) {
  memcpy(margin, template->margin, sizeof template->margin);
  for (int k = 0; k < planner->plan->slot_count; k++) {
    const PlanSlot *slot = &planner->plan->slots[k];
    if (!slot->layout || slot->layout->template != template) continue;
    for (int a = 0; a < slot->ndim; a++)
      for (int side = 0; side < 2; side++)
        margin[a][side] = QL_MAX(margin[a][side], planner->slots[k].margin[a][side]);
  }
}

static QlStatus settle_slot(Planner *planner, int index) {
  QlContext *ctx = planner->ctx;
  PlanSlot *slot = &planner->plan->slots[index];
  SlotInfo *info = &planner->slots[index];
  int64_t margin[QL_MAX_DIMS][2];
  if (!slot->layout) {
    /* a copy: its geometry is set already */
    slot->allocate = index >= planner->log->slot_count && slot->number < 0;
    return QL_OK;
  }
  Template *template = slot->layout->template;
  Storage *storage = info->storage;
  const Block *have = storage ? storage->block : NULL;
  if (template) deepest_margins(planner, template, margin);
  for (int a = 0; a < slot->ndim && template && have; a++)
    for (int side = 0; side < 2; side++)
      margin[a][side] = QL_MAX(margin[a][side], have->margin[a][side]);
  slot->flat = !template || ctx->info->node_count == 1;
  bool grows = false;
  for (int a = 0; a < slot->ndim && have; a++)
    grows |= info->margin[a][0] > have->margin[a][0] || info->margin[a][1] > have->margin[a][1];
  slot->stored = info->stored;
  if (have && !grows && !(template && have->references > 1 && info->stored)) {
    slot->geometry = *have;
    return QL_OK;
  }
  slot->geometry =
      rt_block_geometry(ctx, slot->layout, slot->ndim, slot->shape, ql_dtype_info[slot->dtype].size,
                        template ? (const int64_t(*)[2])margin : NULL);
  if (slot->geometry.bytes == INT64_MAX)
    return ql_fail(planner->error, QL_ERR_MEMORY,
                   "out of memory: with its padding an array takes more than 2**63 bytes");
  slot->renew = have != NULL;
  bool has_nothing = shape_volume(slot->ndim, slot->shape) == 0; /* which is never stored */
  slot->allocate = have != NULL || info->stored || has_nothing;
  return QL_OK;
}

/* ---- operands ---- */

typedef struct Operand {
  int slot;
  const SlotView *view;
  bool has_axes;
  AxisSpan axes[QL_MAX_DIMS]; /* one element at each point */
  JitAccess access;
} Operand;

/* By how much along each dimension of the domain `axes` is ahead of the operand's; false: they are
 * not one operand. */
static bool shift_between(const Planner *planner, const Group *group, const Operand *operand,
                          const Reach *reach, const SlotView *view, int32_t *shift) {
  if (operand->slot != reach->slot ||
      memcmp(operand->view->stride, view->stride, (size_t)group->rank * sizeof(int64_t)))
    return false;
  memset(shift, 0, QL_MAX_DIMS * sizeof *shift);
  if (operand->view->offset == view->offset) return true;
  if (group->is_edge || !operand->has_axes || !reach->has_axes) return false;
  for (int a = 0; a < planner->plan->slots[view->slot].ndim; a++) {
    const AxisSpan *have = &operand->axes[a], *want = &reach->axes[a];
    int64_t ahead = want->lo - have->lo;
    if (have->dim != want->dim) return false;
    if (have->dim < 0 ? ahead != 0 : ahead % have->step != 0) return false;
    if (have->dim < 0) continue;
    ahead /= have->step;
    if (ahead < -SMALL_SHIFT || ahead > SMALL_SHIFT) return false;
    shift[have->dim] = (int32_t)ahead;
  }
  return true;
}

/* Addresses: byte offset of domain position 0 from the block's first element, and byte strides. */
static PlanOperand address(const Planner *planner, const Group *group, const Operand *operand,
                           int64_t *stride) {
  const PlanSlot *slot = &planner->plan->slots[operand->slot];
  PlanOperand result = {.slot = operand->slot, .origin = operand->view->origin};
  int64_t item = ql_dtype_info[slot->dtype].size;
  if (slot->flat) {
    result.offset = (operand->view->offset - slot->flat_start) * item;
    for (int r = 0; r < group->rank; r++) stride[r] = operand->view->stride[r] * item;
    return result;
  }
  for (int a = 0; a < slot->ndim; a++) {
    const AxisSpan *axis = &operand->axes[a];
    result.offset += (axis->lo - slot->geometry.alloc.lo[a]) * slot->geometry.stride[a];
    if (axis->dim >= 0) stride[axis->dim] = axis->step * slot->geometry.stride[a];
  }
  return result;
}

/* A target (`store`) moves along every axis but the one that is reduced away, also along one of
 * extent 1, where its stride says nothing. */
static void stride_classes(const Group *group, const int64_t *stride, int64_t item,
                           const GroupStore *store, JitStride *classes) {
  for (int r = 0; r < group->rank; r++) {
    bool moves = store && !(store->line && r == group->reduce_axis && !store_steps(group, store));
    if (r == group->rank - 1 && stride[r] == item)
      classes[r] = JIT_STRIDE_UNIT;
    else
      classes[r] = stride[r] == 0 && !moves ? JIT_STRIDE_ZERO : JIT_STRIDE_ANY;
  }
}

/* ---- the function ---- */

/* One for all groups, in turn. */
typedef struct Builder {
  Planner *planner;
  const Group *group;
  JitFn *fn;
  Operand operands[GROUP_NODES + GROUP_STORES];
  int operand_count;
  int operand_of[GROUP_NODES]; /* of leaves */
  int32_t shift_of[GROUP_NODES][QL_MAX_DIMS];
  PlanParam params[4 * GROUP_NODES]; /* a ramp has two scalars, a start and a step */
  int param_count;
  JitRef refs[GROUP_NODES];
} Builder;

static Operand stored_by(const Planner *planner, const Group *group, const GroupStore *store) {
  Operand operand = {.slot = store->slot, .view = &store->view, .access = JIT_WRITE};
  AxisMap axes[QL_MAX_DIMS];
  operand.has_axes = store_axes(planner, group, store, axes);
  if (operand.has_axes)
    span_of_map(planner->plan->slots[store->view.slot].ndim, axes, operand.axes);
  return operand;
}

static Operand read_by(const Group *group, int leaf) {
  const Reach *reach = &group->reach[leaf];
  Operand operand = {.slot = reach->slot,
                     .view = &group->nodes[leaf].view,
                     .has_axes = reach->has_axes,
                     .access = JIT_READ};
  memcpy(operand.axes, reach->axes, sizeof reach->axes);
  return operand;
}

static void collect_operands(Builder *b) {
  const Group *group = b->group;
  for (int k = 0; k < group->store_count; k++)
    b->operands[b->operand_count++] = stored_by(b->planner, group, &group->stores[k]);
  for (int k = 0; k < group->node_count; k++) {
    const ExprNode *node = &group->nodes[k];
    if (node->kind != NODE_LEAF) continue;
    const Reach *reach = &group->reach[k];
    int found = -1;
    for (int o = 0; o < b->operand_count && found < 0; o++) {
      if (!shift_between(b->planner, group, &b->operands[o], reach, &node->view, b->shift_of[k]))
        continue;
      bool same_point = true;
      for (int r = 0; r < group->rank; r++) same_point &= b->shift_of[k][r] == 0;
      if (b->operands[o].access == JIT_READ)
        found = o;
      else if (same_point && o < group->store_count && group->stores[o].line == node->line)
        found = o, b->operands[o].access = JIT_UPDATE;
    }
    if (found >= 0) {
      planner_tie(b->planner, b->operands[found].view, &node->view);
    } else {
      found = b->operand_count++;
      b->operands[found] = read_by(group, k);
      memset(b->shift_of[k], 0, sizeof b->shift_of[k]);
    }
    b->operand_of[k] = found;
  }
}

static JitRef param(Builder *b, QlDtype dtype, int scalar, int64_t value, QlSource source) {
  b->params[b->param_count++] = (PlanParam){scalar, value};
  return jit_param(b->fn, jit_fn_param(b->fn, dtype), source);
}

/* The position along the ramp's axis at the points of the domain. What depends on bounds is an
 * argument, not part of the kernel (contract C6). */
static JitRef ramp_position(Builder *b, const AxisMap *ramp, bool line, QlSource source) {
  if (ramp->dim < 0) return param(b, QL_I64, -1, ramp->start, source);
  JitRef position = line ? jit_index_of_line(b->fn, ramp->dim, b->group->reduce_axis, source)
                         : jit_index(b->fn, ramp->dim, source);
  if (ramp->step != 1)
    position = jit_op(b->fn, QL_OP_MULTIPLY, 2,
                      (JitRef[]){position, param(b, QL_I64, -1, ramp->step, source)}, source);
  if (ramp->start != 0)
    position = jit_op(b->fn, QL_OP_ADD, 2,
                      (JitRef[]){position, param(b, QL_I64, -1, ramp->start, source)}, source);
  return position;
}

static JitRef ramp_value(Builder *b, const ExprNode *node, QlSource source) {
  /* start + i * step, as NumPy's arange fills; halves in float32 */
  QlDtype dtype = node->dtype == QL_F16 ? QL_F32 : node->dtype;
  JitRef scalar[2];
  for (int k = 0; k < 2; k++)
    scalar[k] = jit_cast(b->fn, param(b, node->dtype, node->scalar + k, 0, source), dtype, source);
  JitRef at = jit_cast(b->fn, ramp_position(b, &node->ramp, node->line, source), dtype, source);
  JitRef moved = jit_op(b->fn, QL_OP_MULTIPLY, 2, (JitRef[]){at, scalar[1]}, source);
  JitRef value = jit_op(b->fn, QL_OP_ADD, 2, (JitRef[]){scalar[0], moved}, source);
  return jit_cast(b->fn, value, node->dtype, source);
}

static JitRef leaf(Builder *b, int k, QlSource source) {
  int operand = b->operand_of[k];
  return b->group->nodes[k].line
             ? jit_load_of_line(b->fn, operand, b->group->reduce_axis, b->shift_of[k], source)
             : jit_load(b->fn, operand, b->shift_of[k], source);
}

static void build_nodes(Builder *b) {
  const Group *group = b->group;
  for (int k = 0; k < group->node_count; k++) {
    const ExprNode *node = &group->nodes[k];
    QlSource source = b->planner->log->statements[node->statement].source;
    JitRef args[3];
    for (int j = 0; j < node->count; j++) args[j] = b->refs[node->args[j]];
    switch (node->kind) {
      case NODE_LEAF: b->refs[k] = leaf(b, k, source); break;
      case NODE_SCALAR: b->refs[k] = param(b, node->dtype, node->scalar, 0, source); break;
      case NODE_ZERO: b->refs[k] = jit_const(b->fn, node->dtype, (QlValue){.bits = {0, 0}}); break;
      case NODE_OP: b->refs[k] = jit_op(b->fn, node->op, node->count, args, source); break;
      case NODE_CAST: b->refs[k] = jit_cast(b->fn, args[0], node->dtype, source); break;
      case NODE_RAMP: b->refs[k] = ramp_value(b, node, source); break;
      case NODE_REDUCE:
        b->refs[k] =
            jit_reduce(b->fn, node->reduction, group->form, group->reduce_axis, args[0], source);
        break;
    }
  }
}

static void build_function(Builder *b, PlanGroup *out) {
  const Group *group = b->group;
  for (int o = 0; o < b->operand_count; o++) {
    const Operand *operand = &b->operands[o];
    QlDtype dtype = b->planner->plan->slots[operand->slot].dtype;
    const GroupStore *store = o < group->store_count ? &group->stores[o] : NULL;
    JitStride classes[QL_MAX_DIMS];
    int64_t *stride = out->strides + o * group->rank;
    out->operands[o] = address(b->planner, group, operand, stride);
    stride_classes(group, stride, ql_dtype_info[dtype].size, store, classes);
    bool streams = operand->access == JIT_WRITE && store && group->streams >> o & 1;
    jit_fn_array(b->fn, dtype, streams ? JIT_STREAM : operand->access, classes);
  }
  build_nodes(b);
  for (int k = 0; k < group->store_count; k++) {
    QlSource source = b->planner->log->statements[group->statement].source;
    jit_store(b->fn, k, b->refs[group->stores[k].node], source);
  }
}

static QlStatus build_kernel(Builder *b, const Group *group, PlanGroup *out, int number, int terms);

/* ---- terms of a nest, which are reduced chunk by chunk ---- */

/* Of terms: they stay in a first-level cache, beside what is read. */
enum { CHUNK_BYTES = 1 << 14 };

/* Where the nest is told that its terms are, and what the reducer reads of them. */
static QlStatus find_terms(const Builder *b, const NestArray *array, const JitNestParam *params,
                           int param_count, int first, PlanTerms *terms) {
  const PlanSlot *slot = &b->planner->plan->slots[array->view.slot];
  const Group *group = b->group; /* the reducer */
  terms->ndim = slot->ndim, terms->item = ql_dtype_info[slot->dtype].size, terms->base = -1;
  terms->start =
      planner_keep_zeros(b->planner, (size_t)terms->reducer->operand_count * sizeof *terms->start);
  if (!terms->start) return QL_ERR_MEMORY;
  for (int a = 0; a < slot->ndim; a++) terms->stride[a] = -1;
  for (int k = 0; k < param_count; k++) {
    bool is_base = params[k].kind == JIT_NEST_BASE;
    if ((!is_base && params[k].kind != JIT_NEST_STRIDE) || params[k].operand != first) continue;
    *(is_base ? &terms->base : &terms->stride[params[k].axis]) = k;
  }
  for (int o = group->store_count; o < b->operand_count; o++)
    for (int a = 0; a < slot->ndim; a++) {
      terms->dim[a] = b->operands[o].axes[a].dim;
      terms->start[o][a] = b->operands[o].axes[a].lo;
    }
  return QL_OK;
}

static QlStatus build_terms(Builder *b, const Group *group, PlanGroup *out) {
  const GroupNest *nest = group->nest;
  const int number = (int)(out - b->planner->plan->groups);
  int64_t item = 0;
  out->whole = group->whole;
  out->terms = planner_keep_zeros(b->planner, GROUP_STORES * sizeof *out->terms);
  if (!out->terms) return QL_ERR_MEMORY;
  for (int k = 0; k < nest->count; k++) {
    const NestArray *array = &nest->arrays[k];
    const Group *reducer = array->store < 0 ? NULL : group->terms[array->store];
    if (!reducer) continue;
    int t = out->term_count++;
    PlanTerms *terms = &out->terms[t];
    PlanGroup made = {.kind = GROUP_KERNEL, .rank = reducer->rank};
    terms->reducer = planner_keep(b->planner, &made, sizeof made);
    if (!terms->reducer) return QL_ERR_MEMORY;
    QL_TRY(build_kernel(b, reducer, terms->reducer, number, t));
    QL_TRY(find_terms(b, array, nest->kernel->params, nest->kernel->param_count, k, terms));
    item += terms->item;
  }
  if (!item) return QL_OK;
  int64_t least = terms_least(group->rank, group->extent, group->reduce_axis, group->whole);
  out->chunk = QL_MAX(CHUNK_BYTES / item, least);
  out->bytes = out->chunk * item + out->term_count * TERMS_ALIGNED;
  return QL_OK;
}

/* ---- the kernel of a nest, which is there ---- */

static void give(Builder *b, int scalar, int64_t value) {
  b->params[b->param_count++] = (PlanParam){scalar, value};
}

/* Where the element of index 0 along each of the array's own axes would be, and strides. */
static QlStatus address_own(const Planner *planner, const Group *group, const NestArray *array,
                            PlanOperand *out, int64_t *stride) {
  int index = array->store >= 0 ? group->stores[array->store].slot : group->reach[array->leaf].slot;
  const PlanSlot *slot = &planner->plan->slots[index];
  int64_t item = ql_dtype_info[slot->dtype].size;
  *out = (PlanOperand){.slot = index, .origin = array->view.origin};
  memset(stride, 0, QL_MAX_DIMS * sizeof *stride);
  if (slot->flat) {
    out->offset = (array->view.offset - slot->flat_start) * item;
    for (int a = 0; a < array->ndim; a++) stride[a] = array->view.stride[a] * item;
    return QL_OK;
  }
  if (!array->has_own)
    return ql_fail(
        planner->error, QL_ERR_VALUE,
        "a loop over distributed arrays takes a view whose elements do not lie as a box; "
        "give it a copy");
  for (int a = 0; a < slot->ndim; a++) {
    const AxisMap *map = &array->own[a];
    out->offset += (map->start - slot->geometry.alloc.lo[a]) * slot->geometry.stride[a];
    if (map->dim >= 0) stride[map->dim] = map->step * slot->geometry.stride[a];
  }
  return QL_OK;
}

/* The kernel that is for arrays whose last axis has no gaps, where theirs has none: loops along it
 * are computed many elements at a time (contract C6: stride classes are part of the kernel). */
static QlStatus want_nest(Builder *b, const GroupNest *nest, int rank,
                          int64_t (*stride)[QL_MAX_DIMS], int number) {
  JitFn *fn = jit_fn_copy(nest->kernel->fn);
  if (!fn) return planner_no_memory(b->planner);
  for (int k = 0; k < nest->kernel->param_count; k++) {
    const JitNestParam *param = &nest->kernel->params[k];
    if (param->kind != JIT_NEST_STRIDE) continue;
    const NestArray *array = &nest->arrays[param->operand];
    int64_t item = ql_dtype_info[b->planner->plan->slots[array->view.slot].dtype].size;
    bool unit = param->axis == array->ndim - 1 && stride[param->operand][param->axis] == item;
    if (unit) jit_fn_fix(fn, 2 * rank + k, (QlValue){.i = item});
  }
  QlStatus status = planner_wants_kernel(b->planner, fn, number, -1);
  jit_fn_free(fn);
  return status;
}

/* Terms that are reduced where they are computed lie in C order, at an address that is known then.
 * The reducer has the leaves at its own. */
static void address_terms(const Planner *planner, const Group *group, const NestArray *array,
                          PlanOperand *out, int64_t *stride) {
  const PlanSlot *terms = &planner->plan->slots[array->view.slot];
  *out = (PlanOperand){.slot = group->stores[array->store].slot, .origin = array->view.origin};
  c_strides(array->ndim, terms->shape, ql_dtype_info[terms->dtype].size, stride);
}

static QlStatus build_nest(Builder *b, const Group *group, PlanGroup *out) {
  const Planner *planner = b->planner;
  const GroupNest *nest = group->nest;
  int64_t stride[NEST_OPERANDS][QL_MAX_DIMS];
  int scalar = (int)planner->log->statements[group->statement].scalars;
  b->param_count = 0;
  out->is_nest = true, out->nest_from = group->nest_from;
  out->operand_count = nest->count, out->store_count = group->store_count;
  out->operands = planner_keep_zeros(planner, (size_t)nest->count * sizeof *out->operands);
  if (!out->operands) return QL_ERR_MEMORY;
  for (int k = 0; k < nest->count; k++) {
    const NestArray *array = &nest->arrays[k];
    if (array->store >= 0 && group->terms[array->store])
      address_terms(planner, group, array, &out->operands[k], stride[k]);
    else
      QL_TRY(address_own(planner, group, array, &out->operands[k], stride[k]));
  }
  for (int r = 0; r < 2 * group->rank; r++) give(b, -1, 0);
  for (int k = 0; k < nest->kernel->param_count; k++) {
    const JitNestParam *param = &nest->kernel->params[k];
    switch ((JitNestParamKind)param->kind) {
      case JIT_NEST_BASE: give(b, PLAN_BASE, param->operand); break;
      case JIT_NEST_STRIDE: give(b, -1, stride[param->operand][param->axis]); break;
      case JIT_NEST_SCALAR:
      case JIT_NEST_ORDER: give(b, scalar++, 0); break;
    }
  }
  QL_TRY(want_nest(b, nest, group->rank, stride, (int)(out - planner->plan->groups)));
  out->param_count = b->param_count;
  out->params = planner_keep(planner, b->params, (size_t)b->param_count * sizeof *b->params);
  return out->params ? build_terms(b, group, out) : QL_ERR_MEMORY;
}

/* ---- a routine, which needs no kernel ---- */

/* Of lines: an operand has the domain's axes, along that of the lines too. */
static QlStatus address_lines(const Planner *planner, const Group *group, PlanGroup *out) {
  int64_t own[QL_MAX_DIMS];
  for (int k = 0; k < group->nest->count; k++) {
    QL_TRY(address_own(planner, group, &group->nest->arrays[k], &out->operands[k], own));
    memcpy(out->strides + (size_t)k * (size_t)group->rank, own, (size_t)group->rank * sizeof *own);
  }
  return QL_OK;
}

/* An input of which a point touches more than one element is seen at its own. */
static Operand called_with(const Planner *planner, const Group *group, int leaf) {
  Operand operand = read_by(group, leaf);
  AxisMap axes[QL_MAX_DIMS];
  const SlotView *view = operand.view;
  if (leaf < group->routine->anywhere ||
      !slot_axes(planner, group->rank, group->extent, view, axes))
    return operand;
  span_of_map(planner->plan->slots[view->slot].ndim, axes, operand.axes);
  return operand;
}

/* From one element to the next along the axis of which a leaf is read whole. */
static int64_t bytes_along(const Planner *planner, const Group *group) {
  int leaf = group->along.whole, axis = group->along.whole_axis;
  if (leaf < 0) return 0;
  const PlanSlot *slot = &planner->plan->slots[group->reach[leaf].slot];
  int64_t stride[QL_MAX_DIMS];
  c_strides(slot->ndim, slot->shape, ql_dtype_info[slot->dtype].size, stride);
  return slot->flat ? stride[axis] : slot->geometry.stride[axis];
}

/* Inputs with spans are seen by their own axes. */
static QlStatus address_points(const Planner *planner, const Group *group, PlanGroup *out) {
  int64_t *strides = out->strides, own[QL_MAX_DIMS];
  for (int o = 0; o < out->operand_count; o++, strides += group->rank) {
    int leaf = o - group->store_count;
    if (leaf >= 0 && group->touched && group->touched[leaf].ndim) {
      QL_TRY(address_own(planner, group, &group->touched[leaf], &out->operands[o], own));
      memcpy(strides, own, (size_t)group->rank * sizeof *strides);
      continue;
    }
    Operand operand =
        leaf < 0 ? stored_by(planner, group, &group->stores[o]) : called_with(planner, group, leaf);
    out->operands[o] = address(planner, group, &operand, strides);
  }
  return QL_OK;
}

/* Its operands are those of the statement, in their order, its parameters the scalars; of one that
 * goes along axes, what the planner has made of these. */
static QlStatus build_call(Builder *b, const Group *group, PlanGroup *out) {
  const Planner *planner = b->planner;
  const Statement *s = &planner->log->statements[group->statement];
  int stores = group->store_count;
  size_t operands = (size_t)(stores + group->node_count), rank = (size_t)group->rank;
  b->param_count = 0;
  for (uint32_t k = 0; k < s->scalar_count; k++) give(b, (int)(s->scalars + k), 0);
  out->operand_count = (int)operands, out->store_count = stores, out->param_count = b->param_count;
  out->operands = planner_keep_zeros(planner, operands * sizeof *out->operands);
  out->strides = planner_keep_zeros(planner, operands * rank * sizeof *out->strides);
  out->params = planner_keep(planner, b->params, (size_t)b->param_count * sizeof *b->params);
  if (!out->operands || !out->strides || !out->params) return QL_ERR_MEMORY;
  if (group->nest)
    QL_TRY(address_lines(planner, group, out));
  else
    QL_TRY(address_points(planner, group, out));
  if (group->nest) out->whole_axis = call_line_axis(group); /* else build_domain has said it */
  RoutineShape shape = {.routine = group->routine,
                        .rank = group->rank,
                        .operands = (int)operands,
                        .dtype = (QlDtype)planner->plan->slots[group->stores[0].slot].dtype,
                        .extent = out->extent,
                        .axes = group->along.axes,
                        .axis = group->along.axis,
                        .stores = stores,
                        .steps = store_steps(group, &group->stores[0]),
                        .part = group->along.part,
                        .along = bytes_along(planner, group)};
  if (group->node_count) shape.from = group->nodes[0].dtype;
  if (group->tile)
    out->tile = planner_keep(planner, group->tile, (size_t)group->rank * sizeof *group->tile);
  shape.tile = out->tile;
  out->routine = planner_keep(planner, &shape, sizeof shape);
  return out->routine && (out->tile || !group->tile) ? QL_OK : QL_ERR_MEMORY;
}

/* terms: as planner_wants_kernel has it. */
static QlStatus build_kernel(Builder *b, const Group *group, PlanGroup *out, int number,
                             int terms) {
  const Planner *planner = b->planner;
  b->group = group, b->operand_count = b->param_count = 0;
  collect_operands(b);
  size_t operands = (size_t)b->operand_count;
  out->operand_count = b->operand_count, out->store_count = group->store_count;
  out->operands = planner_keep_zeros(planner, operands * sizeof *out->operands);
  out->strides = planner_keep_zeros(planner, operands * (size_t)group->rank * sizeof *out->strides);
  if (!out->operands || !out->strides) return QL_ERR_MEMORY;
  QlPool *pool = &planner->ctx->building;
  ql_pool_clear(pool); /* of the kernel before */
  if (!(b->fn = jit_fn_new(group->rank, pool))) return planner_no_memory(planner);
  build_function(b, out);
  QL_TRY(planner_wants_kernel(b->planner, b->fn, number, terms));
  out->param_count = b->param_count;
  out->params = planner_keep(planner, b->params, (size_t)b->param_count * sizeof *b->params);
  return out->params ? QL_OK : QL_ERR_MEMORY;
}

QlStatus planner_kernel_again(Planner *planner, int group) {
  Plan *plan = planner->plan;
  Builder *b = ql_pool_get(planner->pool, sizeof *b);
  int k = 0;
  if (!b) return planner_no_memory(planner);
  while (plan->kernels[k].group != group) k++;
  jit_fn_free(plan->kernels[k].fn);
  plan->kernels[k] = plan->kernels[--plan->kernel_count];
  b->planner = planner;
  return build_kernel(b, &planner->groups[group], &plan->groups[group], group, -1);
}

/* ---- workers ---- */

static int cost_of(const Group *group) {
  if (group->routine) return group->nest ? group->routine->cost : call_cost(group);
  if (group->nest) return group->nest->kernel->cost;
  int cost = group->store_count;
  for (int k = 0; k < group->node_count; k++)
    cost += group->nodes[k].kind == NODE_OP ? ql_op_info[group->nodes[k].op].cost : 1;
  return group->kind == GROUP_MOVE ? 2 : cost;
}

/* ---- for profiles ---- */

static double operations_of(const ExprNode *node) {
  bool floats = ql_dtype_info[node->dtype].kind == QL_KIND_FLOAT,
       complex = ql_dtype_info[node->dtype].kind == QL_KIND_COMPLEX;
  if ((node->kind != NODE_OP && node->kind != NODE_REDUCE) || (!floats && !complex)) return 0;
  if (!complex) return 1;
  return node->kind == NODE_OP && node->op == QL_OP_MULTIPLY ? 6 : 2;
}

static void add_share(PlanGroup *out, int statement, double cost, double operations) {
  int k = 0;
  while (k < out->share_count && out->shares[k].statement != statement) k++;
  if (k == out->share_count) out->shares[out->share_count++] = (PlanShare){.statement = statement};
  out->shares[k].part += cost, out->shares[k].operations += operations;
}

/* Each array once, where the group's points move in it. */
static double bytes_touched(const Plan *plan, const PlanGroup *out) {
  double bytes = 0;
  for (int o = 0; o < out->operand_count; o++) {
    double part = 1;
    bool again = false;
    for (int p = 0; p < o; p++) again |= out->operands[p].slot == out->operands[o].slot;
    for (int r = 0; out->strides && r < out->rank; r++)
      if (!out->strides[o * out->rank + r]) part /= (double)QL_MAX(out->extent[r], 1);
    if (!again)
      bytes += part * (double)ql_dtype_info[plan->slots[out->operands[o].slot].dtype].size;
  }
  return bytes;
}

static QlStatus build_shares(const Planner *planner, const Group *group, PlanGroup *out) {
  if (!planner->shares) return QL_OK;
  out->touched = bytes_touched(planner->plan, out), out->apart = group->apart;
  out->shares = planner_keep_zeros(planner, (size_t)(group->node_count + 1) * sizeof *out->shares);
  if (!out->shares) return QL_ERR_MEMORY;
  bool given = group_is_given(group) || group->kind != GROUP_KERNEL;
  add_share(out, group->statement, 1, 0);
  for (int k = 0; k < group->node_count && !given; k++) {
    const ExprNode *node = &group->nodes[k];
    double cost = node->kind == NODE_OP ? ql_op_info[node->op].cost : 1;
    add_share(out, node->statement, cost, operations_of(node));
  }
  double all = 0;
  for (int k = 0; k < out->share_count; k++) all += out->shares[k].part;
  for (int k = 0; k < out->share_count; k++) out->shares[k].part /= all;
  return QL_OK;
}

/* In additions, for all points of the group together. */
static double work_of(const Plan *plan, const PlanGroup *group) {
  const PlanSlot *slot = &plan->slots[group->operands[0].slot];
  return group->cost * (double)(group->kind == GROUP_KERNEL
                                    ? shape_volume(group->rank, group->extent)
                                    : shape_volume(slot->ndim, slot->shape));
}

void plan_weigh(const QlContext *ctx, Plan *plan) {
  const CommInfo *info = ctx->info;
  double work = 0, least = (double)ctx->params.share;
  for (int g = 0; g < plan->group_count; g++) {
    if (plan->groups[g].replicated) continue; /* by main threads in any case */
    work += work_of(plan, &plan->groups[g]) / info->node_count / info->node_size;
    least += (double)ctx->params.share / 2;
  }
  plan->work = work;
  if (work < least)
    plan->threads = 1;
  else if (work >= least * info->threads)
    plan->threads = info->threads;
  else
    plan->threads = QL_MIN(1 + (int)(work / least), info->threads);
}

/* ---- tasks ---- */

/* Makes a box of two that lie beside each other; false: they do not. */
static bool join_boxes(int ndim, Box *box, const Box *other) {
  int axis = -1;
  for (int a = 0; a < ndim; a++) {
    if (box->lo[a] == other->lo[a] && box->hi[a] == other->hi[a]) continue;
    if (axis >= 0 || (box->hi[a] != other->lo[a] && other->hi[a] != box->lo[a])) return false;
    axis = a;
  }
  if (axis < 0) return false;
  box->lo[axis] = QL_MIN(box->lo[axis], other->lo[axis]);
  box->hi[axis] = QL_MAX(box->hi[axis], other->hi[axis]);
  return true;
}

/* What one thread does in the place of several is one task where their boxes are one: first those
 * beside each other, then rows of them. */
static void join_tasks(int ndim, PlanTask *tasks, int first, int end) {
  for (bool joined = true; joined;) {
    PlanTask *last = NULL;
    joined = false;
    for (int t = first; t < end; t++) {
      if (tasks[t].empty) continue;
      if (!last || !join_boxes(ndim, &last->box, &tasks[t].box)) {
        last = &tasks[t];
        continue;
      }
      tasks[t].empty = joined = true;
      last->through = QL_MAX(last->through, tasks[t].through);
    }
  }
}

static void join_all(const CommInfo *info, int used, int ndim, PlanTask *tasks) {
  for (int j = 0; j < used; j++)
    join_tasks(ndim, tasks, plan_first_task(info->threads, used, j),
               plan_first_task(info->threads, used, j + 1));
}

void plan_cut(const CommInfo *info, const Plan *plan, PlanGroup *group) {
  int whole = QL_MAX(group->reduce_axis, group->whole_axis);
  for (int t = 0; t < info->threads; t++) {
    PlanTask *task = &group->tasks[t];
    task->box = placement_worker(info, group->placement, group->rank, group->extent, whole,
                                 info->node_rank * info->threads + t);
    task->empty = box_empty(group->rank, &task->box), task->through = t;
  }
  join_all(info, plan->threads, group->rank, group->tasks);
}

/* Of an import or a move: storage coordinates. */
static void cut_slot(const Planner *planner, const PlanGroup *group) {
  const CommInfo *info = planner->ctx->info;
  int slot = group->operands[0].slot;
  const PlanSlot *s = &planner->plan->slots[slot];
  bool renews = group->kind == GROUP_MOVE && group->operands[1].slot == slot;
  for (int t = 0; t < info->threads; t++) {
    PlanTask *task = &group->tasks[t];
    int worker = info->node_rank * info->threads + t;
    task->box = rt_layout_worker(s->layout, s->ndim, s->shape, worker), task->through = t;
    task->empty = box_empty(s->ndim, &task->box) || (!s->layout->template && t > 0);
    if (!renews || info->node_count == 1 || !s->layout->template) continue;
    task->box = planner->slots[slot]
                    .storage->block->alloc; /* valid ghosts move too, and belong to no worker */
    task->empty = worker != 0;
  }
  join_all(info, planner->plan->threads, s->ndim, group->tasks);
}

static QlStatus build_tasks(const Planner *planner) {
  Plan *plan = planner->plan;
  size_t threads = (size_t)planner->ctx->info->threads;
  plan_weigh(planner->ctx, plan);
  for (int g = 0; g < plan->group_count; g++) {
    PlanGroup *group = &plan->groups[g];
    if (!(group->tasks = planner_keep_zeros(planner, threads * sizeof *group->tasks)))
      return QL_ERR_MEMORY;
    if (group->kind == GROUP_KERNEL)
      plan_cut(planner->ctx->info, plan, group);
    else
      cut_slot(planner, group);
  }
  return QL_OK;
}

/* ---- the pass ---- */

static QlStatus build_domain(const Planner *planner, const Group *group, PlanGroup *out) {
  if (group->reduce_axis >= 0)
    *(jit_form_steps(group->form) ? &out->reduce_axis : &out->whole_axis) = group->reduce_axis;
  out->extent = planner_keep(planner, group->extent, (size_t)group->rank * sizeof *out->extent);
  out->placement = planner_keep(planner, &group->placement, sizeof group->placement);
  return out->extent && out->placement ? QL_OK : QL_ERR_MEMORY;
}

static QlStatus build_group(Builder *b, const Group *group, PlanGroup *out) {
  const Planner *planner = b->planner;
  *out = (PlanGroup){.kind = group->kind,
                     .rank = group->rank,
                     .cost = cost_of(group),
                     .uneven = group->nest && group->nest->kernel && group->nest->kernel->uneven,
                     .replicated = group->placement.replicated,
                     .widened = group->placement.widened,
                     .statement = group->statement,
                     .reduce_axis = -1,
                     .whole_axis = -1};
  if (group->kind == GROUP_KERNEL) {
    QL_TRY(build_domain(planner, group, out));
    if (group->routine) return build_call(b, group, out);
    int number = (int)(out - planner->plan->groups);
    return group->nest ? build_nest(b, group, out) : build_kernel(b, group, out, number, -1);
  }
  if (!(out->operands = planner_keep_zeros(planner, 2 * sizeof *out->operands)))
    return QL_ERR_MEMORY;
  out->operand_count = group->kind == GROUP_MOVE ? 2 : 1, out->store_count = 1;
  out->operands[0].slot = group->kind == GROUP_MOVE ? group->move_to : group->stores[0].view.slot;
  out->operands[1].slot = group->move_from;
  return QL_OK;
}

/* Storages whose block is renewed have their contents moved first. */
static QlStatus add_moves(Planner *planner) {
  int first = planner->group_count, count = planner->group_count;
  for (int k = 0; k < planner->log->slot_count; k++) {
    if (!planner->plan->slots[k].renew) continue;
    Group *move = planner_open(planner, GROUP_MOVE, 0, 0, NULL);
    if (!move) return QL_ERR_MEMORY;
    move->move_from = move->move_to = k;
  }
  int moves = planner->group_count - first;
  planner->plan->adds.renewals += moves;
  if (!moves) return QL_OK;
  Group *order = ql_pool_get(planner->pool, (size_t)planner->group_count * sizeof *order);
  if (!order) return planner_no_memory(planner);
  memcpy(order, planner->groups + count, (size_t)moves * sizeof *order);
  memcpy(order + moves, planner->groups, (size_t)count * sizeof *order);
  planner->groups = order, planner->group_room = planner->group_count;
  return QL_OK;
}

QlStatus planner_kernels(Planner *planner) {
  Plan *plan = planner->plan;
  for (int k = 0; k < plan->slot_count; k++) QL_TRY(settle_slot(planner, k));
  QL_TRY(add_moves(planner));
  size_t groups = (size_t)planner->group_count, kernels = groups;
  for (size_t g = 0; g < groups; g++)
    for (int k = 0; k < GROUP_STORES; k++) kernels += planner->groups[g].terms[k] != NULL;
  plan->groups = planner_keep_zeros(planner, groups * sizeof *plan->groups);
  plan->kernels = planner_keep_zeros(planner, kernels * sizeof *plan->kernels);
  Builder *b = ql_pool_get(planner->pool, sizeof *b);
  if (!plan->groups || !plan->kernels || !b) return planner_no_memory(planner);
  b->planner = planner;
  for (int g = 0; g < planner->group_count; g++) {
    QL_TRY(build_group(b, &planner->groups[g], &plan->groups[g]));
    QL_TRY(build_shares(planner, &planner->groups[g], &plan->groups[g]));
  }
  plan->group_count = planner->group_count;
  return build_tasks(planner);
}
