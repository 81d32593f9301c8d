/* Loops over arrays on ranks. A loop whose iterations each store elements of their own becomes a
 * *nest*: a function of its own, which computes a box of the iterations, and a call of the driver,
 * which records it with all that it touches:
 *
 *     for i in range(1, m - 1):             dimensions 0 and 1: i and j stand, each alone, in the
 *         for j in range(1, n - 1):         indices of all that is stored
 *             v[i, j] = u[i - 1, j] + u[i + 1, j]
 *
 *     nest 0 (2)    v stored {1 + p0, 1 + p1}    u read {p0 to p0 + 2, 1 + p1}
 *
 * Loops inside that are no dimensions stay in the kernel. What an iteration has in variables is its
 * own. Where that is not so, or iterations depend on one another, the outer loop is tried alone, by
 * rows (rows.c). Loops that store nothing so are run by every rank; the nests in them are recorded
 * turn by turn, as statements of a Python loop are. */
#include "loops.h"
#include "nest.h"

/* ---- what is raised ---- */

JitRef low_nest_iteration(Lower *l) {
  JitRef number = l->nest->at[0];
  for (int d = 1; d < l->nest->ndim; d++)
    number = low_add(l, low_op(l, QL_OP_MULTIPLY, number, nest_import_int(l, l->nest->extent[d])),
                     l->nest->at[d]);
  return number;
}

JitRef low_nest_failure(Lower *l, int64_t what) {
  Nest *nest = l->nest;
  if (nest->order < 0)
    nest->order = nest_parameter(l, QL_I64, (JitNestParam){.kind = JIT_NEST_ORDER});
  JitRef order = jit_param(l->fn, nest->order, low_source(l));
  l->nests_raise = true;
  nest_acts(l);
  return low_add(l, low_op(l, QL_OP_LEFT_SHIFT, order, low_const(l, JIT_FAIL_BITS)),
                 low_const(l, what));
}

/* ---- the kernel ---- */

enum { SCRATCH = JIT_SLOTS_BEFORE * JIT_SLOT }; /* what a call has for itself (reduce.c) */

void nest_release(Lower *l, const Variable *before) {
  for (int v = 0; v < l->frame->function->variables; v++) {
    Variable *variable = &l->frame->now[v];
    if (variable->defined != NEVER && memcmp(variable, &before[v], sizeof *variable))
      low_release(l, &variable->value);
  }
}

/* An end of the box as an iteration's number. None is negative, or so large that sums wrap; that
 * this is said lets LLVM see it of what loops go through, and of indices like i - 1 and i + 2 - 1
 * in range(1, n): else each would be asked whether it counts from the end, and no elements be read
 * side by side. */
enum { LARGE_BITS = 60 };
JitRef nest_end(Lower *l, const Nest *nest, int d, int param) {
  JitRef end = jit_param(l->fn, param, low_source(l));
  if (nest->guarded)
    end = low_add(l, end, jit_param(l->fn, nest->scalar_params[nest->first + d], low_source(l)));
  end = low_op(l, QL_OP_MAXIMUM, end, low_const(l, 0));
  return low_op(l, QL_OP_MINIMUM, end, low_const(l, (int64_t)1 << LARGE_BITS));
}

/* A loop's variable in the iteration of that number, in the kernel. */
Value nest_variable(Lower *l, Nest *nest, int d, JitRef at) {
  JitRef moved = low_op(l, QL_OP_MULTIPLY, at, nest_import_int(l, nest->step[d]));
  Value value = low_scalar(QL_I64, true, low_add(l, nest_import_int(l, nest->start[d]), moved));
  Span *span = low_get(l, sizeof *span);
  *span = (Span){.dim = d, .step = nest->step[d], .lo = nest->start[d], .hi = nest->start[d]};
  value.span = span, value.natural = nest->natural[d], value.floor = nest->floor[d];
  nest->at[d] = at;
  return value;
}

typedef struct Level {
  Nest *nest;
  int dimension;
} Level;

static void box_axis(Lower *l, Nest *nest, int d);

static void begin_sums(Lower *l, const Nest *nest) {
  for (int k = 0; k < nest->sums.count; k++) {
    const Sum *sum = &nest->sums.items[k];
    Value before = nest_import(l, &sum->before);
    l->frame->now[sum->variable] =
        (Variable){.value = nest_sum_start(sum, &before), .defined = ALWAYS};
  }
}

/* Into the iteration's place of the terms, whose dtype is now known. */
static void store_terms(Lower *l, Nest *nest) {
  JitRef zero = nest_const(l, 0), one = nest_const(l, 1);
  Value *at = low_get(l, (size_t)nest->ndim * sizeof *at);
  for (int d = 0; d < nest->ndim; d++) {
    Span *span = low_get(l, sizeof *span);
    *span = (Span){.dim = d, .step = one, .lo = zero, .hi = zero};
    at[d] = low_scalar(QL_I64, true, nest->at[d]);
    at[d].span = span;
  }
  for (int k = 0; k < nest->sums.count; k++) {
    Sum *sum = &nest->sums.items[k];
    Value value = l->frame->now[sum->variable].value;
    bool logical = sum->reduction == QL_REDUCE_ANY || sum->reduction == QL_REDUCE_ALL;
    if (value.kind == JIT_UNKNOWN) continue;
    if (value.kind != JIT_SCALAR || (logical && value.dtype != QL_BOOL)) {
      low_refuse(l, nest->loops[0], "QJ402",
                 low_text(l, "what the loop puts together in '%s' is %s",
                          l->frame->function->names[sum->variable], low_type_text(l, &value)),
                 logical ? "use True and False with 'or' and 'and'" : "put numbers together");
      continue;
    }
    sum->terms->dtype = value.dtype, sum->weak = value.weak;
    Array *seen = low_get(l, sizeof *seen);
    *seen = (Array){.dtype = value.dtype, .ndim = (uint8_t)nest->ndim, .place = JIT_IN_NEST};
    seen->ranks = sum->terms;
    for (int d = 0; d < nest->ndim; d++) seen->extent[d] = -1;
    Array *part = low_nest_part(l, nest->loops[0], seen, at, nest->ndim, true);
    if (!part) continue;
    JitRef offset = low_const(l, 0);
    for (int d = 0; d < nest->ndim; d++)
      offset = low_add(l, offset, low_op(l, QL_OP_MULTIPLY, nest->at[d], part->stride[d]));
    jit_store_at(l->fn, part->base, offset, low_ref(l, &value), low_source(l));
  }
}

/* What stands before the next loop is done once for all its iterations. */
static void iteration(Lower *l, void *data, const JitRef *index) {
  Nest *nest = ((Level *)data)->nest;
  int d = ((Level *)data)->dimension;
  const Node *loop = nest->loops[d], *block = loop->items[2];
  Variable *before = l->frame->now;
  bool last = d == nest->ndim - 1;
  const Region *region = l->region;
  l->frame->now = low_save(l);
  for (int v = 0; v < l->frame->function->variables; v++)
    if (loop->assigns[v]) l->frame->now[v] = (Variable){.hidden = HIDDEN_IN_NEST};
  for (int e = d + 1; e < nest->ndim; e++) nest->at[e] = low_const(l, 0);
  low_assign(l, loop->items[0], nest_variable(l, nest, d, index[0]));
  if (last) begin_sums(l, nest);
  Loop leaves = {.temporaries = l->temporary_count};
  l->frame->loop = &leaves;
  for (int k = 0; k < block->count - !last && !low_dead(l); k++) low_statement(l, block->items[k]);
  if (!last && !low_dead(l)) box_axis(l, nest, d + 1);
  l->frame->loop = &leaves;
  low_leave(l, &leaves.continues, low_unknown());
  low_join(l, &leaves.continues);
  if (last && !low_dead(l)) store_terms(l, nest);
  l->frame->loop = NULL;
  if (low_dead(l))
    jit_block_open(l->fn, jit_block_new(l->fn));
  else
    nest_release(l, before);
  nest->end[d] = l->fn->open;
  l->frame->now = before, l->region = region;
}

static void box_axis(Lower *l, Nest *nest, int d) {
  JitRef from = nest_end(l, nest, d, nest->lo[d]), to = nest_end(l, nest, d, nest->hi[d]);
  const Node *at = l->at;
  nest->enter[d] = l->fn->open;
  l->at = nest->loops[d];
  low_box_between(l, 1, &from, &to, iteration, &(Level){nest, d});
  l->at = at;
}

/* Where the box begins that is computed, of each dimension: known when all conditions are. */
static void add_firsts(Lower *l, Nest *nest) {
  nest->first = nest->scalar_count;
  for (int d = 0; d < nest->ndim; d++) {
    int k = nest->scalar_count++;
    nest->scalars[k] = (JitRef){0}, nest->dtypes[k] = QL_I64;
    nest->scalar_params[k] = nest_parameter(l, QL_I64, (JitNestParam){.kind = JIT_NEST_SCALAR});
  }
}

/* Everything that belongs to the function around is put aside. */
static void build_kernel(Lower *l, Nest *nest, const Node *node) {
  Lower kept = *l;
  Variable *now = l->frame->now;
  Loop *outer = l->frame->loop;
  Frame *caller = l->frame->caller;
  Edges returns = l->frame->returns;
  int temporaries = l->frame->temporaries;
  l->nest = nest, l->fn = l->main = nest->kernel;
  l->temporaries = NULL, l->temporary_count = l->temporary_room = l->statement = 0;
  for (int d = 0; d < nest->ndim; d++)
    nest->lo[d] = jit_fn_param(l->fn, QL_I64), nest->hi[d] = jit_fn_param(l->fn, QL_I64);
  if (nest->guarded) add_firsts(l, nest);
  l->results = jit_stack(l->fn, SCRATCH, low_source(l)), l->texts = low_const(l, 0);
  l->captures = low_get(l, (size_t)l->program->captures * sizeof *l->captures + 1);
  for (int k = 0; k < l->program->captures; k++) l->captures[k] = nest_import(l, &kept.captures[k]);
  l->frame->now = nest_import_variables(l, node);
  l->frame->loop = NULL, l->frame->caller = NULL;
  l->frame->returns = (Edges){0}, l->frame->temporaries = 0;
  l->exit = jit_block_new(l->fn);
  if (nest_has_rows(nest))
    nest_rows(l, nest, node);
  else
    box_axis(l, nest, 0);
  jit_jump(l->fn, l->exit);
  jit_block_open(l->fn, l->exit); /* the last: it returns */
  l->frame->now = now, l->frame->loop = outer, l->frame->caller = caller;
  l->frame->returns = returns, l->frame->temporaries = temporaries;
  kept.nests_raise = l->nests_raise;
  kept.raises = l->raises, kept.raise_count = l->raise_count, kept.raise_room = l->raise_room;
  kept.refusals = l->refusals, kept.refusal_count = l->refusal_count,
  kept.refusal_room = l->refusal_room;
  kept.text = l->text, kept.text_count = l->text_count, kept.text_room = l->text_room;
  kept.locals = l->locals, kept.names = l->names;
  kept.shared = l->shared, kept.shared_count = l->shared_count, kept.shared_room = l->shared_room,
  kept.again = l->again;
  memcpy(l, &kept, offsetof(Lower, no_memory));
}

/* Is the store reached by every iteration? */
static bool is_always_reached(const Nest *nest, uint32_t store) {
  IrFlow flow;
  QL_ERROR(error);
  if (ir_flow(nest->kernel, &flow, &error)) return false;
  bool reached = true;
  for (int d = 0; d < nest->ndim && reached; d++) {
    uint32_t block = d + 1 < nest->ndim ? nest->enter[d + 1] : store, end = nest->end[d];
    reached = flow.position[block] != UINT32_MAX && flow.position[end] != UINT32_MAX &&
              ir_dominates(&flow, block, end);
  }
  ir_flow_free(&flow);
  return reached;
}

/* Leaves out the iterations at the edges that conditions keep from doing anything: they may have no
 * element to store. Spans are seen from the first that is left. */
static void leave_out(Lower *l, Nest *nest) {
  l->nest = nest; /* whose numbers these are */
  for (int d = 0; d < nest->ndim && nest->guarded; d++) {
    JitRef zero = nest_const(l, 0), one = nest_const(l, 1), extent = nest->extent[d],
           from = nest->active ? nest->active->from[d] : (JitRef){0},
           to = nest->active ? nest->active->to[d] : (JitRef){0},
           last = nest_op(l, QL_OP_SUBTRACT, extent, one);
    JitRef first = from.id ? nest_op(l, QL_OP_MAXIMUM, from, zero) : zero;
    nest->scalars[nest->first + d] = first;
    if (to.id) last = nest_op(l, QL_OP_MINIMUM, to, last);
    if (!from.id && !to.id) continue;
    nest->extent[d] = nest_op(l, QL_OP_MAXIMUM, zero,
                              nest_op(l, QL_OP_ADD, nest_op(l, QL_OP_SUBTRACT, last, first), one));
    for (int k = 0; k < nest->operand_count; k++)
      for (int a = 0; a < nest->operands[k].array->ndim; a++) {
        const Span **span = &nest->operands[k].span[a], **stored = &nest->operands[k].store_span[a];
        if (*span && ((*span)->of ? (*span)->of->dim : (*span)->dim) == d)
          *span = nest_shifted(l, *span, first);
        if (*stored && (*stored)->dim == d) *stored = nest_shifted(l, *stored, first);
      }
  }
  l->nest = NULL;
}

static RanksOperand ranks_operand(const Nest *nest, const NestOperand *from) {
  bool points = nest->form == JIT_NEST_POINTS, rows = from->stored && !points;
  int access = 0;
  if (from->loaded && !nest_reads_others(nest, from)) access |= JIT_NEST_LOADS;
  if (from->stored) access |= JIT_NEST_STORES;
  if (points && from->stored && is_always_reached(nest, from->store_block)) access |= JIT_NEST_ALL;
  for (int k = 0; k < nest->sums.count; k++)
    if (from->array == nest->sums.items[k].terms) access |= JIT_NEST_TERMS;
  return (RanksOperand){.array = from->array,
                        .span = rows ? from->store_span : from->span,
                        .low = rows ? from->store_low : from->low,
                        .high = rows ? from->store_high : from->high,
                        .access = (JitNestAccess)access};
}

/* By rows, what is read of an array that is stored is an operand of its own where it is more than
 * the row that is stored. */
static void record(Lower *l, const Node *node, Nest *nest) {
  RanksOperand operands[NEST_ARRAYS + JIT_NEST_TARGETS];
  uint8_t place[NEST_ARRAYS];
  int count = 0;
  for (int stored = 1; stored >= 0; stored--)
    for (int k = 0; k < nest->operand_count; k++) {
      const NestOperand *from = &nest->operands[k];
      if (from->stored != stored) continue;
      place[k] = (uint8_t)count;
      operands[count++] = ranks_operand(nest, from);
    }
  for (int k = 0; k < nest->operand_count; k++) {
    if (!nest_reads_others(nest, &nest->operands[k])) continue;
    RanksOperand *read = &operands[count++];
    *read = ranks_operand(nest, &nest->operands[k]);
    read->span = nest->operands[k].span, read->access = JIT_NEST_LOADS;
    read->low = nest->operands[k].low, read->high = nest->operands[k].high;
  }
  JitNestParam *params = low_get(l, (size_t)nest->param_count * sizeof *params + 1);
  for (int k = 0; k < nest->param_count; k++) {
    params[k] = nest->params[k];
    if (params[k].kind <= JIT_NEST_STRIDE) params[k].operand = place[params[k].operand];
  }
  if (!ql_pool_grow(l->pool, &l->nests, l->nest_count, &l->nest_room, sizeof *l->nests))
    longjmp(l->no_memory, 1);
  JitNestForm form = nest->form;
  JitRef one = low_const(l, 1);
  l->nests[l->nest_count] = (JitNest){.fn = nest->kernel,
                                      .ndim = nest->ndim,
                                      .param_count = nest->param_count,
                                      .params = params,
                                      .form = form,
                                      .first = nest->guarded ? nest->first : -1};
  if (form == JIT_NEST_LINES) l->nests[l->nest_count].along = nest_along(nest);
  low_ranks_nest(l, node,
                 &(RanksNest){.number = l->nest_count++,
                              .ndim = nest->ndim,
                              .operand_count = count,
                              .scalar_count = nest->scalar_count,
                              .extent = form == JIT_NEST_ON_ONE ? &one : nest->extent,
                              .scalars = nest->scalars,
                              .dtypes = nest->dtypes,
                              .operands = operands});
}

/* What it has assigned belongs to its iterations. */
static void hide_variables(Lower *l, const Node *node, const Nest *nest) {
  for (int v = 0; v < l->frame->function->variables && !low_dead(l); v++) {
    if (!node->assigns[v] || nest_hands_on(nest, v)) continue;
    if (l->frame->now[v].defined != NEVER) low_release(l, &l->frame->now[v].value);
    l->frame->now[v] = (Variable){.hidden = HIDDEN_AFTER_NEST};
  }
}

/* Something by which iterations at an edge may be others: conditions, and indices that wrap. */
static bool has_edges(const Node *node) {
  if (node->kind == NODE_IF || node->kind == NODE_IFEXP || node->kind == NODE_AND ||
      node->kind == NODE_OR || (node->kind == NODE_BINARY && !strcmp(node->text, "mod")))
    return true;
  for (int k = 0; k < node->count; k++)
    if (has_edges(node->items[k])) return true;
  return false;
}

static bool find_ranges(Lower *l, Nest *nest) {
  for (int d = 0; d < nest->loop_count; d++) {
    Value range = low_expression(l, nest->loops[d]->items[1]), start, step;
    if (!low_range(l, nest->loops[d]->items[1], &range, &nest->extent[d], &start, &step))
      return false;
    nest->natural[d] = start.natural && step.natural;
    nest->floor[d] = nest->natural[d] ? low_floor(&start) : 0;
    nest->start[d] = low_ref_as(l, &start, QL_I64), nest->step[d] = low_ref_as(l, &step, QL_I64);
    if (start.known)
      nest->consts[nest->const_count++] = (NestConst){start.constant.i, nest->start[d]};
    if (step.known) nest->consts[nest->const_count++] = (NestConst){step.constant.i, nest->step[d]};
  }
  return true;
}

/* The array of the terms of a sum, which is made when the kernel is there, and its dtype known. */
static Array *new_terms(Lower *l, const Nest *nest, int sum) {
  Array *terms = low_get(l, sizeof *terms);
  *terms = (Array){.ndim = (uint8_t)nest->loop_count, .place = JIT_ON_RANKS};
  terms->base.id = UINT32_MAX - (uint32_t)sum; /* no other array's */
  for (int d = 0; d < nest->loop_count; d++)
    terms->shape[d] = nest->extent[d], terms->extent[d] = -1;
  return terms;
}

static void make_terms(Lower *l, const Node *node, Nest *nest) {
  for (int k = 0; k < nest->sums.count; k++) {
    Array *terms = nest->sums.items[k].terms;
    *terms =
        *low_ranks_new(l, node, (QlDtype)terms->dtype, nest->loop_count, nest->extent, NULL, NULL);
  }
}

/* Of the first loops, so many. */
static JitRef has_iterations(Lower *l, const Nest *nest, int loops) {
  JitRef least = nest->extent[0];
  for (int d = 1; d < loops; d++) least = low_op(l, QL_OP_MINIMUM, least, nest->extent[d]);
  return low_op(l, QL_OP_GREATER, least, low_const(l, 0));
}

/* ---- the ways ---- */

typedef enum Outcome {
  BUILT,
  REFUSED,
  TOO_LARGE,
  SCATTERED, /* it stores what its variable does not select, or several rows */
  AGAIN
} Outcome;

/* Ways on behind a nest that leaves values. */
typedef struct Behind {
  Edges empty, after, broken;
  int temporaries;
} Behind;

/* Where loops inside have no turn there are no terms. */
static void finish_sums(Lower *l, const Node *node, const Nest *nest) {
  Edges none = {0}, after = {0};
  int temporaries = l->temporary_count;
  bool may_be_none = nest->sums.count && nest->loop_count > 1 && nest_has_rows(nest);
  if (may_be_none) low_branch(l, has_iterations(l, nest, nest->loop_count), &none);
  if (!low_dead(l)) nest_sums_finish(l, node, &nest->sums, !may_be_none);
  if (!may_be_none) return;
  low_end_temporaries(l, temporaries);
  low_leave(l, &after, low_unknown());
  low_join(l, &none);
  low_leave(l, &after, low_unknown());
  low_join(l, &after);
}

static void record_all(Lower *l, const Node *node, Nest *nest, Behind *behind) {
  for (const Frame *frame = l->frame; frame; frame = frame->caller) l->turns |= frame->loop != NULL;
  leave_out(l, nest);
  make_terms(l, node, nest);
  nest_make_state(l, node, nest);
  record(l, node, nest);
  hide_variables(l, node, nest);
  finish_sums(l, node, nest);
  nest_carry_on(l, node, nest, &behind->broken, behind->temporaries);
}

/* Where the loop had no turn, or has gone to its end, its `else` comes next. */
static void go_on_behind(Lower *l, const Node *node, const Nest *nest, Behind *behind) {
  low_end_temporaries(l, behind->temporaries);
  low_leave(l, &behind->after, low_unknown());
  low_join(l, &behind->empty);
  hide_variables(l, node, nest);
  low_leave(l, &behind->after, low_unknown());
  low_join(l, &behind->after);
  if (!nest_has_else(nest, node)) return;
  low_block(l, node->items[3]);
  low_leave(l, &behind->broken, low_unknown());
  low_join(l, &behind->broken);
}

static bool returns(const Node *node) {
  if (node->kind == NODE_RETURN) return true;
  for (int k = 0; k < node->count; k++)
    if (returns(node->items[k])) return true;
  return false;
}

/* By rows, a loop that only sets variables is one in order. One process does better without those,
 * and, but for threads that can share points, without those that only put numbers together. */
static bool is_wanted(const Lower *l, const Nest *nest) {
  int stored = 0;
  bool in_order = nest->form >= JIT_NEST_IN_ORDER;
  for (int k = 0; k < nest->operand_count; k++) {
    stored += nest->operands[k].stored;
    in_order |= nest_has_rows(nest) && nest_reads_others(nest, &nest->operands[k]);
  }
  bool shared = !l->options->single && nest->form == JIT_NEST_POINTS;
  if (l->options->alone && (in_order || (stored <= nest->sums.count && !shared))) return false;
  return !nest_has_rows(nest) || stored > 0;
}

/* Are the terms to be of another dtype, as what was there before the loop has it? */
static bool widens_sums(Lower *l, Nest *nest) {
  NestTypes *types = nest->types;
  if (nest_has_rows(nest) && !nest->sums.good) return false;
  bool wider = nest_sums_widen(l, &nest->sums);
  for (int k = 0; k < nest->sums.count && wider; k++) types->start[k] = nest->sums.items[k].start;
  if (wider) types->known = false;
  return wider;
}

static Outcome build(Lower *l, const Node *node, Nest *nest, int ndim) {
  int refusals = l->refusal_count;
  bool on_one = nest->form == JIT_NEST_ON_ONE, is_for = node->kind == NODE_FOR;
  Behind behind = {.temporaries = l->temporary_count};
  if (is_for && !find_ranges(l, nest)) return REFUSED;
  if (ndim && !nest->types->no_sums) nest_find_sums(l, node, &nest->sums);
  for (int k = 0; k < nest->sums.count; k++) nest->sums.items[k].start = nest->types->start[k];
  if (!nest_sums_begin(l, &nest->sums))
    nest->sums.count = 0; /* they are refused as what they are */
  for (int k = 0; k < nest->sums.count; k++) nest->sums.items[k].terms = new_terms(l, nest, k);
  nest->carried.ends =
      on_one ? returns(node) : nest->form == JIT_NEST_IN_ORDER && nest_ends_early(node);
  if (nest->form >= JIT_NEST_IN_ORDER && !nest_find_carried(l, node, nest)) return REFUSED;
  nest->guarded = !on_one && has_edges(node);
  bool leaves_values = nest->sums.count || nest->carried.state || nest_has_else(nest, node);
  bool may_be_empty = is_for && !(on_one && node->count > 3); /* its else is in the kernel */
  int loops = nest->sums.count && !nest_has_rows(nest) ? nest->loop_count : 1;
  if (leaves_values && may_be_empty) low_branch(l, has_iterations(l, nest, loops), &behind.empty);
  build_kernel(l, nest, node);
  bool built = l->refusal_count == refusals;
  if (built && widens_sums(l, nest)) return AGAIN;
  built = l->refusal_count == refusals;
  if (built && nest_has_rows(nest) && nest_is_again(nest)) return AGAIN;
  if (built && !is_wanted(l, nest))
    low_refuse(l, node, "QJ402", "nothing of this loop is to be shared out",
               "store elements of arrays in it, or put numbers together");
  built = l->refusal_count == refusals && nest_is_apart(l, nest);
  low_note_nest(l, nest);
  if (built)
    record_all(l, node, nest, &behind);
  else
    hide_variables(l, node, nest);
  if (leaves_values) go_on_behind(l, node, nest, &behind);
  return built ? BUILT : REFUSED;
}

/* Is all that was refused of these codes? */
static bool is_only(const Lower *l, const Kept *kept, const char *code, const char *other) {
  bool only = l->refusal_count > kept->refusals;
  for (int k = kept->refusals; k < l->refusal_count; k++)
    only &= !strcmp(l->refusals[k].code, code) || !strcmp(l->refusals[k].code, other);
  return only;
}

/* As the kernel builds it: what stands in `else` comes behind the nest. */
static const Node *without_else(Lower *l, const Node *loop) {
  if (loop->kind != NODE_FOR || loop->count < 4) return loop;
  Node *copy = low_get(l, sizeof *copy);
  *copy = *loop, copy->count = 3;
  return copy;
}

/* Builds the nest in that form; what is refused is taken back, unless it is `last`. */
static Outcome goes(Lower *l, const Node *node, const Node *const *loops, int ndim,
                    JitNestForm form, bool last) {
  JitBlock start = jit_block_new(l->fn);
  jit_jump(l->fn, start);
  jit_block_open(l->fn, start);
  const Variable *before = low_save(l);
  Kept kept = loop_keep(l, jit_mark(l->fn));
  NestTypes types = {0};
  loop_forget_heads(l, node);
  for (;;) {
    Nest *nest = low_get(l, sizeof *nest);
    *nest = (Nest){.around = l->fn, .form = form, .order = -1, .types = &types};
    nest->ndim = nest_has_rows(nest) ? 1 : ndim, nest->loop_count = QL_MAX(ndim, 1);
    if (!(nest->kernel = jit_fn_new(0, l->pool))) longjmp(l->no_memory, 1);
    memcpy(nest->loops, loops, (size_t)nest->loop_count * sizeof *loops);
    if (form == JIT_NEST_IN_ORDER) nest->loops[0] = without_else(l, node);
    Outcome outcome = build(l, node, nest, ndim);
    if (outcome == BUILT || (last && outcome == REFUSED)) return BUILT;
    if (outcome == REFUSED && is_only(l, &kept, "QJ401", "QJ401")) outcome = TOO_LARGE;
    if (outcome == REFUSED && is_only(l, &kept, "QJ403", "QJ404")) outcome = SCATTERED;
    loop_take_back(l, &kept, before);
    loop_forget_heads(l, node);
    if (outcome != AGAIN) return outcome;
  }
}

/* Can a loop with so many dimensions be of that form? */
static bool is_possible(const Node *node, int ndim, bool by_element, JitNestForm form) {
  if (form <= JIT_NEST_LINES) return ndim > (int)form;
  return nest_is_plain(node) || (form == JIT_NEST_IN_ORDER && by_element && nest_is_range(node));
}

/* Each iteration by itself; else lines of them, which are; else by rows; else one after another;
 * else all of them on one node, where only what they store stands in the way of that. What cannot
 * be done is refused as the first way would have it in which there is only too much of something,
 * else as the first way would. */
bool low_nest(Lower *l, const Node *node) {
  const Node *loops[QL_MAX_DIMS] = {node};
  int ndim = nest_dimensions(l, node, loops);
  bool by_element = nest_is_by_element(l, node, node->items[2]), too_large = false,
       ends = by_element && nest_is_range(node) && !nest_is_plain(node);
  if (!ndim && !nest_selects_rows(l, node) && !by_element) return false;
  JitNestForm told = ends ? JIT_NEST_IN_ORDER : JIT_NEST_POINTS;
  Outcome outcome = REFUSED;
  for (int form = JIT_NEST_POINTS; form <= JIT_NEST_IN_ORDER; form++) {
    if (!is_possible(node, ndim, by_element, (JitNestForm)form)) continue;
    outcome = goes(l, node, loops, ndim, (JitNestForm)form, false);
    if (outcome == BUILT) return true;
    if (outcome == TOO_LARGE && !too_large) too_large = true, told = (JitNestForm)form;
  }
  bool on_one = outcome == SCATTERED && (ndim || by_element) && nest_selects_some(l, node);
  if (on_one && goes(l, node, loops, ndim, JIT_NEST_ON_ONE, false) == BUILT) return true;
  if (!ndim && by_element && nest_is_around(l, node)) return false;
  if (ndim || ends || (too_large && by_element))
    return goes(l, node, loops, ndim, told, true) == BUILT;
  if (by_element) nest_refuse_by_element(l, node);
  return by_element;
}

/* Where it would make every rank look at element after element: in order, if it counts; else on one
 * node. One that does so in its condition alone may call what has work for all ranks. */
bool low_nest_while(Lower *l, const Node *node) {
  bool inside = nest_is_by_element(l, node, node->items[1]);
  if (!nest_is_by_element(l, node, node) || (!inside && low_may_store(node->items[1])))
    return false;
  const Node *counted = nest_counted(l, node);
  if (counted && goes(l, counted, &counted, 0, JIT_NEST_IN_ORDER, false) == BUILT) return true;
  if (nest_is_around(l, node)) return false;
  return goes(l, node, &node, 0, JIT_NEST_ON_ONE, inside || l->options->alone) == BUILT;
}
