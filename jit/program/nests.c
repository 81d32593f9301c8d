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
 * own. Loops that store nothing so are run by every rank; the nests in them are recorded turn by
 * turn, as statements of a Python loop are. */
#include "nest.h"

/* ---- which loops are dimensions ---- */

/* The value that a name stands for, without evaluating anything; NULL: it is no name. */
static const Value *named(const Lower *l, const Node *node) {
  if (node->kind == NODE_CAPTURE) return &l->captures[node->number];
  if (node->kind == NODE_OUTER) return low_outer(l, node);
  if (node->kind != NODE_NAME || l->frame->now[node->number].defined != ALWAYS) return NULL;
  return &l->frame->now[node->number].value;
}

/* Is it an array on ranks, or one that would be if all were? */
static bool is_on_ranks(const Lower *l, const Node *node) {
  const Value *value = named(l, node);
  if (!value || value->kind != JIT_ARRAY || value->array->list) return false;
  return value->array->place == JIT_ON_RANKS || (l->trees && value->array->place == JIT_IN_MEMORY);
}

static bool mentions(const Node *node, int variable) {
  if (node->kind == NODE_NAME && node->number == variable) return true;
  for (int k = 0; k < node->count; k++)
    if (mentions(node->items[k], variable)) return true;
  return false;
}

/* The components of an index. */
static int index_parts(const Node *index, Node *const **parts) {
  const Node *whole = index->items[1];
  *parts = whole->kind == NODE_TUPLE ? whole->items : index->items + 1;
  return whole->kind == NODE_TUPLE ? whole->count : 1;
}

static bool is_element(const Lower *l, const Node *node) {
  Node *const *parts;
  if (node->kind != NODE_INDEX || !is_on_ranks(l, node->items[0])) return false;
  for (int count = index_parts(node, &parts), k = 0; k < count; k++)
    if (parts[k]->kind == NODE_SLICE || parts[k]->kind == NODE_ELLIPSIS ||
        parts[k]->kind == NODE_NONE)
      return false;
  return true;
}

typedef struct Stores {
  const Node *element[NEST_ARRAYS];
  int count;
  bool whole; /* something is done with whole arrays */
} Stores;

static void add_target(const Lower *l, const Node *target, Stores *stores) {
  if (target->kind == NODE_TUPLE || target->kind == NODE_LIST)
    for (int k = 0; k < target->count; k++) add_target(l, target->items[k], stores);
  if (target->kind == NODE_INDEX && is_on_ranks(l, target->items[0])) {
    if (is_element(l, target) && stores->count < NEST_ARRAYS)
      stores->element[stores->count++] = target;
    else
      stores->whole = true;
  }
  if (target->kind == NODE_NAME && is_on_ranks(l, target)) stores->whole = true;
}

static void find_stores(const Lower *l, const Node *node, Stores *stores) {
  if (node->kind == NODE_ASSIGN)
    for (int k = 0; k + 1 < node->count; k++) add_target(l, node->items[k], stores);
  if (node->kind == NODE_AUGMENT) add_target(l, node->items[0], stores);
  for (int k = 0; k < node->count; k++) find_stores(l, node->items[k], stores);
}

/* Can it leave the loop before its end? */
static bool leaves(const Node *node, bool inside) {
  if (node->kind == NODE_RETURN || (node->kind == NODE_BREAK && !inside)) return true;
  bool loop = node->kind == NODE_FOR || node->kind == NODE_WHILE;
  for (int k = 0; k < node->count; k++)
    if (leaves(node->items[k], inside || loop)) return true;
  return false;
}

static bool is_range_loop(const Node *node) {
  return node->kind == NODE_FOR && node->count == 3 && node->items[0]->kind == NODE_NAME &&
         node->items[1]->kind == NODE_CALL && node->items[1]->items[0]->kind == NODE_REF &&
         !strcmp(node->items[1]->items[0]->text, "range");
}

static bool touches_elements(const Lower *l, const Node *node, int variable);

/* Does the loop's variable stand in one component of the index of each store? Of what is reduced
 * each iteration has a term, so it only has to stand in some index. */
static bool selects(const Lower *l, const Node *loop, const Stores *stores, const Sums *sums) {
  if (!stores->count) return sums->count && touches_elements(l, loop, loop->items[0]->number);
  for (int s = 0; s < stores->count; s++) {
    Node *const *parts;
    int count = index_parts(stores->element[s], &parts), found = 0;
    for (int k = 0; k < count; k++) found += mentions(parts[k], loop->items[0]->number);
    if (found != 1) return false;
  }
  return true;
}

static bool is_property(const Node *node);

/* Is it the same for all iterations around it, as long as the variables in it are? */
bool low_is_fixed(const Node *node) {
  static const char *const functions[] = {"range", "min", "max", "abs", "int"};
  bool known = false;
  if (is_property(node)) return true;
  switch (node->kind) {
    case NODE_NAME:
    case NODE_CAPTURE:
    case NODE_OUTER:
    case NODE_INT:
    case NODE_TRUE:
    case NODE_FALSE: return true;
    case NODE_INDEX: return is_property(node->items[0]) && low_is_fixed(node->items[1]);
    case NODE_CALL:
      for (int k = 0; k < (int)(sizeof functions / sizeof *functions); k++)
        known |= node->items[0]->kind == NODE_REF && !strcmp(node->items[0]->text, functions[k]);
      if (!known) return false;
      break;
    case NODE_BINARY:
    case NODE_UNARY: break;
    default: return false;
  }
  for (int k = node->kind == NODE_CALL; k < node->count; k++)
    if (!low_is_fixed(node->items[k])) return false;
  return true;
}

int nest_dimensions(const Lower *l, const Node *node, const Node **loops) {
  Stores stores = {0};
  Sums sums;
  int count = 0;
  if (!is_range_loop(node)) return 0;
  find_stores(l, node, &stores);
  nest_find_sums(l, node, &sums);
  if (stores.whole) return 0;
  for (const Node *loop = node; count < QL_MAX_DIMS && is_range_loop(loop);) {
    bool depends = count && !low_is_fixed(loop->items[1]); /* on what an iteration around it does */
    for (int k = 0; k < count; k++) depends |= loop->items[0]->number == loops[k]->items[0]->number;
    for (int v = 0; v < l->frame->function->variables && count; v++)
      depends |= node->assigns[v] && mentions(loop->items[1], v);
    if (depends || !selects(l, loop, &stores, &sums) || leaves(loop->items[2], false)) break;
    loops[count++] = loop;
    const Node *block = loop->items[2];
    bool sums_before = false; /* the next loop: they are this one's */
    for (int k = 0; k + 1 < block->count; k++) sums_before |= nest_is_sum(&sums, block->items[k]);
    if (sums_before) break;
    loop = loop->items[2]->items[loop->items[2]->count - 1];
  }
  return count;
}

/* ---- what every rank would do element by element ---- */

static bool touches_elements(const Lower *l, const Node *node, int variable) {
  if (is_element(l, node) && mentions(node->items[1], variable)) return true;
  for (int k = 0; k < node->count; k++)
    if (touches_elements(l, node->items[k], variable)) return true;
  return false;
}

/* What is known of an array without looking at it. */
static bool is_property(const Node *node) {
  static const char *const names[] = {"shape", "size", "ndim", "dtype", "nbytes", "itemsize"};
  for (int k = 0; node->kind == NODE_ATTR && k < (int)(sizeof names / sizeof *names); k++)
    if (!strcmp(node->text, names[k])) return true;
  return node->kind == NODE_CALL && node->items[0]->kind == NODE_REF &&
         !strcmp(node->items[0]->text, "len");
}

/* Is there work for all ranks in the loop: a nest, or something with whole arrays? */
static bool has_work(const Lower *l, const Node *node) {
  const Node *loops[QL_MAX_DIMS];
  if (node->kind == NODE_FOR && nest_dimensions(l, node, loops)) return true;
  if (is_element(l, node)) return has_work(l, node->items[1]);
  if (is_property(node)) return false;
  if (is_on_ranks(l, node)) return true;
  for (int k = 0; k < node->count; k++)
    if (has_work(l, node->items[k])) return true;
  return false;
}

static const char *why_not(const Lower *l, const Node *node) {
  Stores stores = {0};
  if (node->kind != NODE_FOR) return "it is no for loop over range(...)";
  find_stores(l, node, &stores);
  if (!stores.count)
    return "it only reads elements, into variables that go from turn to turn, and are no sums, "
           "products, counts, maxima or minima";
  if (!selects(l, node, &stores, &(Sums){0}))
    return "what it stores is not selected by its variable, once in each index";
  if (leaves(node->items[2], false)) return "break or return may end it";
  return "it is not over range(...) with one name, or has an else";
}

/* ---- values of the function around, in the kernel ---- */

static int parameter(Lower *l, QlDtype dtype, JitNestParam param) {
  Nest *nest = l->nest;
  if (nest->param_count == NEST_PARAMETERS) {
    low_refuse(l, l->at, "QJ401", "a loop over distributed arrays uses too many arrays and numbers",
               "split it into several loops");
    return 0;
  }
  nest->params[nest->param_count++] = param;
  return jit_fn_param(nest->kernel, dtype);
}

static JitRef import_ref(Lower *l, JitRef around, QlDtype dtype) {
  Nest *nest = l->nest;
  int k = 0;
  while (k < nest->scalar_count && nest->scalars[k].id != around.id) k++;
  if (k == NEST_SCALARS) {
    low_refuse(l, l->at, "QJ401", "a loop over distributed arrays uses too many arrays and numbers",
               "split it into several loops");
    return jit_const(l->fn, dtype, (QlValue){.bits = {0, 0}});
  }
  if (k == nest->scalar_count) {
    nest->scalars[k] = around, nest->dtypes[k] = (uint8_t)dtype;
    nest->scalar_params[k] = parameter(l, dtype, (JitNestParam){.kind = JIT_NEST_SCALAR});
    nest->scalar_count++;
  }
  return jit_param(l->fn, nest->scalar_params[k], low_source(l));
}

static JitRef import_int(Lower *l, JitRef around) {
  for (int k = 0; k < l->nest->const_count; k++)
    if (l->nest->consts[k].ref.id == around.id) return low_const(l, l->nest->consts[k].value);
  return import_ref(l, around, QL_I64);
}

static Value import(Lower *l, const Value *value) {
  Value made = *value;
  if (value->kind == JIT_SCALAR && !value->known) {
    made.ref = import_ref(l, value->ref, (QlDtype)value->dtype);
    if (low_is_int(value))
      made.span = nest_number(l, jit_cast(l->nest->around, value->ref, QL_I64, low_source(l)));
  }
  if (value->kind == JIT_ARRAY && value->array->place == JIT_ON_RANKS) {
    Array *array = low_get(l, sizeof *array);
    *array = *value->array;
    array->place = JIT_IN_NEST, array->ranks = value->array, array->lent = true;
    array->owner = array->base = (JitRef){0};
    for (int k = 0; k < array->ndim; k++) {
      array->shape[k] = array->extent[k] >= 0 ? low_const(l, array->extent[k])
                                              : import_ref(l, value->array->shape[k], QL_I64);
      array->stride[k] = (JitRef){0};
    }
    return low_array_value(array);
  }
  if (value->kind != JIT_TUPLE && value->kind != JIT_RANGE && value->kind != JIT_SLICE) return made;
  int count = value->kind == JIT_SLICE ? 3 : value->count;
  made.items = low_get(l, (size_t)count * sizeof *made.items + 1);
  for (int k = 0; k < count; k++) made.items[k] = import(l, &value->items[k]);
  return made;
}

const Span *low_nest_extent(Lower *l, const Array *array, int axis) {
  return nest_number(l, array->ranks->shape[axis]);
}

static bool has_outer(const Node *node, int function) {
  if (node->kind == NODE_OUTER && node->number == function) return true;
  for (int k = 0; k < node->count; k++)
    if (has_outer(node->items[k], function)) return true;
  return false;
}

/* The variables as an iteration finds them. */
static Variable *import_variables(Lower *l, const Node *loop) {
  const Node *function = l->frame->function;
  Variable *now = low_get(l, (size_t)function->variables * sizeof *now + 1);
  bool all = false; /* functions inside may use any */
  for (int f = 0; f < l->program->count; f++)
    all |= has_outer(l->program->functions[f], function->number);
  for (int v = 0; v < function->variables; v++) {
    const Variable *variable = &l->frame->now[v];
    bool used = all || mentions(loop, v);
    now[v] = (Variable){.hidden = HIDDEN_IN_NEST};
    if (loop->assigns[v] || !used || variable->defined != ALWAYS) continue;
    now[v] = (Variable){.value = import(l, &variable->value), .defined = ALWAYS};
  }
  return now;
}

/* ---- what is touched ---- */

static bool touches_alike(const NestOperand *operand, const Array *array, const Span *const *span) {
  if (operand->array->base.id != array->base.id) return false;
  for (int a = 0; a < array->ndim; a++) {
    const Span *have = operand->span[a], *want = span[a];
    if (!have != !want) return false;
    if (have && (have->dim != want->dim || (have->dim >= 0 && have->step.id != want->step.id)))
      return false;
  }
  return true;
}

static JitRef bound_hull(Lower *l, QlOp op, JitRef a, JitRef b) {
  return a.id && b.id ? nest_op(l, op, a, b) : (JitRef){0};
}

static NestOperand *operand_for(Lower *l, const Node *node, const Array *array,
                                const Span *const *span) {
  Nest *nest = l->nest;
  JitRef low[QL_MAX_DIMS], high[QL_MAX_DIMS];
  for (int a = 0; a < array->ndim; a++) nest_bounds(l, span[a], &low[a], &high[a]);
  for (int k = 0; k < nest->operand_count; k++) {
    NestOperand *operand = &nest->operands[k];
    if (!touches_alike(operand, array, span)) continue;
    for (int a = 0; a < array->ndim; a++) {
      const Span *have = operand->span[a];
      operand->low[a] = bound_hull(l, QL_OP_MINIMUM, operand->low[a], low[a]);
      operand->high[a] = bound_hull(l, QL_OP_MAXIMUM, operand->high[a], high[a]);
      if (!have) operand->varies = true;
      if (!have || (have->lo.id == span[a]->lo.id && have->hi.id == span[a]->hi.id)) continue;
      operand->span[a] = low_span_hull(l, have, span[a]);
      operand->varies = true;
    }
    return operand;
  }
  if (nest->operand_count == NEST_ARRAYS) {
    low_refuse(l, node, "QJ401", "a loop over distributed arrays uses too many arrays and numbers",
               "split it into several loops");
    return NULL;
  }
  int number = nest->operand_count;
  NestOperand *operand = &nest->operands[nest->operand_count++];
  *operand = (NestOperand){.array = array, .at = node};
  memcpy(operand->span, span, (size_t)array->ndim * sizeof *span);
  memcpy(operand->low, low, (size_t)array->ndim * sizeof *low);
  memcpy(operand->high, high, (size_t)array->ndim * sizeof *high);
  for (int a = 0; a < array->ndim; a++)
    operand->varies |= !span[a] || span[a]->lo.id != span[a]->hi.id;
  JitNestParam param = {.kind = JIT_NEST_BASE, .operand = (uint8_t)number};
  operand->base = parameter(l, QL_I64, param);
  param.kind = JIT_NEST_STRIDE;
  for (int a = 0; a < array->ndim; a++) {
    param.axis = (uint8_t)a;
    operand->stride[a] = parameter(l, QL_I64, param);
  }
  return operand;
}

static const char *name_of(const Node *node) {
  bool named = node->kind == NODE_INDEX && node->items[0]->kind == NODE_NAME;
  return named ? node->items[0]->text : "an array";
}

/* Which elements an iteration stores must follow from where it is, one for each. */
static bool stores_one(Lower *l, const Node *node, const Array *array, const Span *const *span) {
  for (int a = 0; a < array->ndim; a++) {
    if (span[a] && span[a]->lo.id == span[a]->hi.id) continue;
    low_refuse(l, node, "QJ403",
               low_text(l,
                        "which element of '%s' an iteration stores does not follow from the "
                        "variables of the outer loops",
                        name_of(node)),
               "index it by those variables, each alone in one place, plus or minus what is the "
               "same for all iterations");
    return false;
  }
  return true;
}

Array *low_nest_part(Lower *l, const Node *node, const Array *array, const Value *parts, int count,
                     bool stores) {
  const Span *span[QL_MAX_DIMS];
  int axis = 0;
  for (int k = 0; k < count; k++) {
    if (parts[k].kind == JIT_NONE) continue;
    span[axis++] = parts[k].kind == JIT_SLICE ? NULL : low_span(l, &parts[k]);
  }
  if (stores && !stores_one(l, node, array, span)) return NULL;
  NestOperand *operand = operand_for(l, node, array->ranks, span);
  if (!operand) return NULL;
  if (stores) {
    if (!operand->stored) operand->at = node;
    operand->store_block = l->fn->open, operand->stored = true;
    nest_acts(l);
  } else {
    operand->loaded = true;
  }
  Array *part = low_get(l, sizeof *part);
  *part = *array;
  part->place = JIT_IN_MEMORY, part->ranks = NULL, part->contiguous = false;
  part->readonly = !stores; /* what is not recorded as stored is not */
  part->owner = low_const(l, 0), part->base = jit_param(l->fn, operand->base, low_source(l));
  for (int a = 0; a < array->ndim; a++)
    part->stride[a] = jit_param(l->fn, operand->stride[a], low_source(l));
  return part;
}

Array *low_nest_whole(Lower *l, const Node *node, const Array *array) {
  Value *parts = low_get(l, (size_t)array->ndim * sizeof *parts + 1);
  for (int a = 0; a < array->ndim; a++) parts[a].kind = JIT_SLICE;
  return low_nest_part(l, node, array, parts, array->ndim, false);
}

/* No iteration may see what another stores, nor store where another does. */
static bool are_apart(Lower *l, const Nest *nest) {
  int targets = 0;
  for (int k = 0; k < nest->operand_count; k++) targets += nest->operands[k].stored;
  if (targets > JIT_NEST_TARGETS) {
    low_refuse(l, nest->loops[0], "QJ401",
               low_text(l, "a loop stores into %d distributed arrays, at most %d are possible",
                        targets, JIT_NEST_TARGETS),
               "split it into several loops");
    return false;
  }
  for (int k = 0; k < nest->operand_count; k++) {
    const NestOperand *stored = &nest->operands[k];
    bool apart = !stored->stored || !stored->varies;
    for (int j = 0; stored->stored && j < nest->operand_count; j++)
      apart &= j == k || nest->operands[j].array->base.id != stored->array->base.id;
    if (apart) continue;
    low_refuse(l, stored->at, "QJ404",
               low_text(l,
                        "iterations of the loop depend on one another: elements of '%s' that "
                        "one stores, others read or store",
                        name_of(stored->at)),
               "store into another array than is read from, and exchange their names after the "
               "loop; loops that must run in order over distributed arrays are not there yet");
    return false;
  }
  return true;
}

/* ---- what is raised ---- */

JitRef low_nest_iteration(Lower *l) {
  JitRef number = l->nest->at[0];
  for (int d = 1; d < l->nest->ndim; d++)
    number = low_add(l, low_op(l, QL_OP_MULTIPLY, number, import_int(l, l->nest->extent[d])),
                     l->nest->at[d]);
  return number;
}

JitRef low_nest_failure(Lower *l, int64_t what) {
  Nest *nest = l->nest;
  if (nest->order < 0) nest->order = parameter(l, QL_I64, (JitNestParam){.kind = JIT_NEST_ORDER});
  JitRef order = jit_param(l->fn, nest->order, low_source(l));
  l->nests_raise = true;
  nest_acts(l);
  return low_add(l, low_op(l, QL_OP_LEFT_SHIFT, order, low_const(l, JIT_FAIL_BITS)),
                 low_const(l, what));
}

/* ---- the kernel ---- */

enum { SCRATCH = JIT_SLOTS_BEFORE * JIT_SLOT }; /* what a call has for itself (reduce.c) */

static void release_own(Lower *l, const Variable *before) {
  for (int v = 0; v < l->frame->function->variables; v++) {
    Variable *variable = &l->frame->now[v];
    if (variable->defined != NEVER && memcmp(variable, &before[v], sizeof *variable))
      low_release(l, &variable->value);
  }
}

/* A loop's variable at that place of the box, in the kernel. */
static Value loop_variable(Lower *l, Nest *nest, int d, JitRef index) {
  JitRef lo = jit_param(l->fn, nest->lo[d], low_source(l)), at = low_add(l, index, lo);
  if (nest->guarded)
    at = low_add(l, at, jit_param(l->fn, nest->scalar_params[nest->first + d], low_source(l)));
  JitRef moved = low_op(l, QL_OP_MULTIPLY, at, import_int(l, nest->step[d]));
  Value value = low_scalar(QL_I64, true, low_add(l, import_int(l, nest->start[d]), moved));
  Span *span = low_get(l, sizeof *span);
  *span = (Span){d, nest->step[d], nest->start[d], nest->start[d]};
  value.span = span, value.natural = nest->natural[d];
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
    Value before = import(l, &sum->before);
    l->frame->now[sum->variable] =
        (Variable){.value = nest_sum_start(l, sum, &before), .defined = ALWAYS};
  }
}

/* Into the iteration's place of the terms, whose dtype is now known. */
static void store_terms(Lower *l, Nest *nest) {
  JitRef zero = nest_const(l, 0), one = nest_const(l, 1);
  Value *at = low_get(l, (size_t)nest->ndim * sizeof *at);
  for (int d = 0; d < nest->ndim; d++) {
    Span *span = low_get(l, sizeof *span);
    *span = (Span){d, one, zero, zero};
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
  low_assign(l, loop->items[0], loop_variable(l, nest, d, index[0]));
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
    release_own(l, before);
  nest->end[d] = l->fn->open;
  l->frame->now = before, l->region = region;
}

static void box_axis(Lower *l, Nest *nest, int d) {
  JitRef lo = jit_param(l->fn, nest->lo[d], low_source(l)),
         hi = jit_param(l->fn, nest->hi[d], low_source(l));
  JitRef extent = low_op(l, QL_OP_SUBTRACT, hi, lo);
  nest->enter[d] = l->fn->open;
  low_box(l, 1, &extent, iteration, &(Level){nest, d});
}

/* Where the box begins that is computed, of each dimension: known when all conditions are. */
static void add_firsts(Lower *l, Nest *nest) {
  nest->first = nest->scalar_count;
  for (int d = 0; d < nest->ndim; d++) {
    int k = nest->scalar_count++;
    nest->scalars[k] = (JitRef){0}, nest->dtypes[k] = QL_I64;
    nest->scalar_params[k] = parameter(l, QL_I64, (JitNestParam){.kind = JIT_NEST_SCALAR});
  }
}

/* Everything that belongs to the function around is put aside. */
static void build_kernel(Lower *l, Nest *nest, const Node *node) {
  Lower kept = *l;
  Variable *now = l->frame->now;
  Loop *outer = l->frame->loop;
  Frame *caller = l->frame->caller;
  l->nest = nest, l->fn = l->main = nest->kernel;
  l->temporaries = NULL, l->temporary_count = l->temporary_room = l->statement = 0;
  for (int d = 0; d < nest->ndim; d++)
    nest->lo[d] = jit_fn_param(l->fn, QL_I64), nest->hi[d] = jit_fn_param(l->fn, QL_I64);
  if (nest->guarded) add_firsts(l, nest);
  l->results = jit_stack(l->fn, SCRATCH, low_source(l)), l->texts = low_const(l, 0);
  l->captures = low_get(l, (size_t)l->program->captures * sizeof *l->captures + 1);
  for (int k = 0; k < l->program->captures; k++) l->captures[k] = import(l, &kept.captures[k]);
  l->frame->now = import_variables(l, node);
  l->frame->loop = NULL, l->frame->caller = NULL;
  l->exit = jit_block_new(l->fn);
  box_axis(l, nest, 0);
  jit_jump(l->fn, l->exit);
  jit_block_open(l->fn, l->exit); /* the last: it returns */
  l->frame->now = now, l->frame->loop = outer, l->frame->caller = caller;
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
        const Span **span = &nest->operands[k].span[a];
        if (*span && (*span)->dim == d) *span = nest_shifted(l, *span, first);
      }
  }
  l->nest = NULL;
}

static void record(Lower *l, const Node *node, Nest *nest) {
  RanksOperand operands[NEST_ARRAYS];
  uint8_t place[NEST_ARRAYS];
  int count = 0;
  for (int stored = 1; stored >= 0; stored--)
    for (int k = 0; k < nest->operand_count; k++) {
      const NestOperand *from = &nest->operands[k];
      if (from->stored != stored) continue;
      place[k] = (uint8_t)count;
      operands[count++] =
          (RanksOperand){.array = from->array,
                         .span = from->span,
                         .low = from->low,
                         .high = from->high,
                         .loaded = from->loaded,
                         .stored = from->stored,
                         .all = stored && is_always_reached(nest, from->store_block)};
    }
  JitNestParam *params = low_get(l, (size_t)nest->param_count * sizeof *params + 1);
  for (int k = 0; k < nest->param_count; k++) {
    params[k] = nest->params[k];
    if (params[k].kind <= JIT_NEST_STRIDE) params[k].operand = place[params[k].operand];
  }
  if (!ql_pool_grow(l->pool, &l->nests, l->nest_count, &l->nest_room, sizeof *l->nests))
    longjmp(l->no_memory, 1);
  l->nests[l->nest_count] = (JitNest){nest->kernel, nest->ndim, nest->param_count, params};
  low_ranks_nest(l, node,
                 &(RanksNest){.number = l->nest_count++,
                              .ndim = nest->ndim,
                              .operand_count = count,
                              .scalar_count = nest->scalar_count,
                              .extent = nest->extent,
                              .scalars = nest->scalars,
                              .dtypes = nest->dtypes,
                              .operands = operands});
}

/* What it has assigned belongs to its iterations. */
static void hide_variables(Lower *l, const Node *node, const Sums *sums) {
  for (int v = 0; v < l->frame->function->variables; v++) {
    bool is_sum = false;
    for (int k = 0; k < sums->count; k++) is_sum |= sums->items[k].variable == v;
    if (!node->assigns[v] || is_sum) continue;
    if (l->frame->now[v].defined != NEVER) low_release(l, &l->frame->now[v].value);
    l->frame->now[v] = (Variable){.hidden = HIDDEN_AFTER_NEST};
  }
}

static bool has_branches(const Node *node) {
  if (node->kind == NODE_IF || node->kind == NODE_IFEXP || node->kind == NODE_AND ||
      node->kind == NODE_OR)
    return true;
  for (int k = 0; k < node->count; k++)
    if (has_branches(node->items[k])) return true;
  return false;
}

static bool find_ranges(Lower *l, Nest *nest) {
  for (int d = 0; d < nest->ndim; d++) {
    Value range = low_expression(l, nest->loops[d]->items[1]), start, step;
    if (!low_range(l, nest->loops[d]->items[1], &range, &nest->extent[d], &start, &step))
      return false;
    nest->natural[d] = start.natural && step.natural;
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
  *terms = (Array){.ndim = (uint8_t)nest->ndim, .place = JIT_ON_RANKS};
  terms->base.id = UINT32_MAX - (uint32_t)sum; /* no other array's */
  for (int d = 0; d < nest->ndim; d++) terms->shape[d] = nest->extent[d], terms->extent[d] = -1;
  return terms;
}

static void make_terms(Lower *l, const Node *node, Nest *nest) {
  for (int k = 0; k < nest->sums.count; k++) {
    Array *terms = nest->sums.items[k].terms;
    *terms = *low_ranks_new(l, node, (QlDtype)terms->dtype, nest->ndim, nest->extent, NULL, NULL);
  }
}

static JitRef has_iterations(Lower *l, const Nest *nest) {
  JitRef least = nest->extent[0];
  for (int d = 1; d < nest->ndim; d++) least = low_op(l, QL_OP_MINIMUM, least, nest->extent[d]);
  return low_op(l, QL_OP_GREATER, least, low_const(l, 0));
}

bool low_by_element(Lower *l, const Node *node, const Node *body) {
  bool found = false;
  for (int v = 0; v < l->frame->function->variables; v++)
    found |= node->assigns[v] && touches_elements(l, body, v);
  if (!found || has_work(l, body)) return false;
  low_refuse(l, node, "QJ402",
             low_text(l,
                      "this loop over a distributed array is not one whose iterations can be "
                      "shared out: %s",
                      why_not(l, node)),
             "store elements of arrays in it, or put numbers together by s += x, s = max(s, x) and "
             "the like, where nothing else in the loop names s; loops that must run in order over "
             "distributed arrays are not there yet");
  return true;
}

bool low_nest(Lower *l, const Node *node) {
  const Node *loops[QL_MAX_DIMS];
  int ndim = nest_dimensions(l, node, loops);
  if (!ndim) return low_by_element(l, node, node->items[2]);
  Nest *nest = low_get(l, sizeof *nest);
  *nest = (Nest){.around = l->fn, .ndim = ndim, .kernel = jit_fn_new(0, l->pool), .order = -1};
  memcpy(nest->loops, loops, sizeof nest->loops);
  if (!nest->kernel) longjmp(l->no_memory, 1);
  if (!find_ranges(l, nest)) return true;
  nest_find_sums(l, node, &nest->sums);
  if (!nest_sums_begin(l, &nest->sums))
    nest->sums.count = 0; /* they are refused as what they are */
  for (int k = 0; k < nest->sums.count; k++) nest->sums.items[k].terms = new_terms(l, nest, k);
  nest->guarded = has_branches(node);
  Edges empty = {0}, after = {0};
  if (nest->sums.count) low_branch(l, has_iterations(l, nest), &empty);
  int refusals = l->refusal_count, temporaries = l->temporary_count;
  build_kernel(l, nest, node);
  if (l->refusal_count == refusals && are_apart(l, nest)) {
    leave_out(l, nest);
    make_terms(l, node, nest);
    record(l, node, nest);
    for (int k = 0; k < nest->sums.count && !low_dead(l); k++)
      nest_sum_finish(l, node, &nest->sums.items[k]);
  }
  low_note_nest(l, nest);
  if (nest->sums.count) {
    low_end_temporaries(l, temporaries);
    low_leave(l, &after, low_unknown());
    low_join(l, &empty);
    low_leave(l, &after, low_unknown());
    low_join(l, &after);
  }
  if (!low_dead(l)) hide_variables(l, node, &nest->sums);
  return true;
}
