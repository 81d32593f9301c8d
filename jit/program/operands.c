/* What the kernel of a nest takes from the function around: numbers, and parts of arrays, each an
 * operand with the spans of all that touches it. */
#include "nest.h"

#include <string.h>

/* ---- values of the function around, in the kernel ---- */

int nest_parameter(Lower *l, QlDtype dtype, JitNestParam param) {
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
    nest->scalar_params[k] = nest_parameter(l, dtype, (JitNestParam){.kind = JIT_NEST_SCALAR});
    nest->scalar_count++;
  }
  return jit_param(l->fn, nest->scalar_params[k], low_source(l));
}

JitRef nest_import_int(Lower *l, JitRef around) {
  for (int k = 0; k < l->nest->const_count; k++)
    if (l->nest->consts[k].ref.id == around.id) return low_const(l, l->nest->consts[k].value);
  return import_ref(l, around, QL_I64);
}

Value nest_import(Lower *l, const Value *value) {
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
  for (int k = 0; k < count; k++) made.items[k] = nest_import(l, &value->items[k]);
  return made;
}

const Span *low_nest_extent(Lower *l, const Array *array, int axis) {
  return nest_number(l, array->ranks->shape[axis]);
}

/* The variables as an iteration finds them. */
Variable *nest_import_variables(Lower *l, const Node *loop) {
  const Node *function = l->frame->function;
  Variable *now = low_get(l, (size_t)function->variables * sizeof *now + 1);
  bool all = nest_has_inner(l); /* functions inside may use any */
  for (int v = 0; v < function->variables; v++) {
    const Variable *variable = &l->frame->now[v];
    bool used = all || nest_mentions(loop, v);
    now[v] = (Variable){.hidden = HIDDEN_IN_NEST};
    if (loop->assigns[v] || !used || variable->defined != ALWAYS) continue;
    now[v] = (Variable){.value = nest_import(l, &variable->value), .defined = ALWAYS};
  }
  return now;
}

/* ---- what is touched ---- */

/* What an access touches along each axis. */
typedef struct Touch {
  const Span *span[QL_MAX_DIMS];
  JitRef low[QL_MAX_DIMS], high[QL_MAX_DIMS]; /* between which indices are; id 0: any */
} Touch;

/* An index that is never negative, as max(i - 1, 0), counts from no end, wherever its span begins.
 */
static void touch_axis(Lower *l, const Value *index, Touch *touch, int axis) {
  JitRef *low = &touch->low[axis];
  touch->span[axis] = index->kind == JIT_SLICE ? NULL : low_span(l, index);
  nest_bounds(l, touch->span[axis], low, &touch->high[axis]);
  if (!touch->span[axis] || !index->natural) return;
  JitRef zero = nest_const(l, 0);
  *low = low->id ? nest_op(l, QL_OP_MAXIMUM, *low, zero) : zero;
}

static bool follows(const Span *span) { return span && span->dim >= 0; }

/* What wraps is read apart from what does not, and wraps elsewhere. */
static bool wraps_alike(const Span *a, const Span *b) {
  const Span *x = a ? a->of : NULL, *y = b ? b->of : NULL;
  if (!x || !y) return !x && !y;
  return x->dim == y->dim && x->step.id == y->step.id && x->lo.id == y->lo.id &&
         x->hi.id == y->hi.id && a->how.id == b->how.id && a->by.id == b->by.id;
}

/* Along an axis of an array by rows: both follow the dimension, at the same pace. */
static bool follow_alike(const Span *a, const Span *b) {
  return follows(a) && follows(b) && a->step.id == b->step.id && wraps_alike(a, b);
}

/* By rows, only what follows the dimension matters: other axes are whole, and so are those that
 * something else touches otherwise, if an axis is left: what stores a[i, i] stores a row of a. */
static bool touches_alike(const Nest *nest, const NestOperand *operand, const Array *array,
                          const Span *const *span) {
  bool points = !nest_has_rows(nest), alike = false, differs = false;
  if (operand->array->base.id != array->base.id) return false;
  for (int a = 0; a < array->ndim; a++) {
    const Span *have = operand->span[a], *want = span[a];
    if (!points) {
      bool both = follow_alike(have, want);
      alike |= both, differs |= !both && (follows(have) || follows(want));
      continue;
    }
    if (!have != !want || !wraps_alike(have, want)) return false;
    if (have && (have->dim != want->dim || (have->dim >= 0 && have->step.id != want->step.id)))
      return false;
  }
  return points || alike || !differs;
}

static JitRef bound_hull(Lower *l, QlOp op, JitRef a, JitRef b) {
  return a.id && b.id ? nest_op(l, op, a, b) : (JitRef){0};
}

static NestOperand *operand_for(Lower *l, const Node *node, const Array *array,
                                const Touch *touch) {
  Nest *nest = l->nest;
  const Span *const *span = touch->span;
  for (int k = 0; k < nest->operand_count; k++) {
    NestOperand *operand = &nest->operands[k];
    if (!touches_alike(nest, operand, array, span)) continue;
    for (int a = 0; a < array->ndim; a++) {
      const Span *have = operand->span[a];
      operand->low[a] = bound_hull(l, QL_OP_MINIMUM, operand->low[a], touch->low[a]);
      operand->high[a] = bound_hull(l, QL_OP_MAXIMUM, operand->high[a], touch->high[a]);
      bool points = !nest_has_rows(nest);
      bool whole = !points && (follows(have) || follows(span[a])) && !follow_alike(have, span[a]);
      if (!have || !span[a] || whole) {
        operand->span[a] = NULL, operand->varies |= points;
        continue;
      }
      if (have->lo.id == span[a]->lo.id && have->hi.id == span[a]->hi.id) continue;
      operand->span[a] = low_span_hull(l, have, span[a]);
      operand->varies |= points || follows(have);
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
  memcpy(operand->low, touch->low, (size_t)array->ndim * sizeof *touch->low);
  memcpy(operand->high, touch->high, (size_t)array->ndim * sizeof *touch->high);
  for (int a = 0; a < array->ndim; a++)
    operand->varies |= !nest_has_rows(nest) ? !span[a] || span[a]->lo.id != span[a]->hi.id
                                            : follows(span[a]) && span[a]->lo.id != span[a]->hi.id;
  JitNestParam param = {.kind = JIT_NEST_BASE, .operand = (uint8_t)number};
  operand->base = nest_parameter(l, QL_I64, param);
  param.kind = JIT_NEST_STRIDE;
  for (int a = 0; a < array->ndim; a++) {
    param.axis = (uint8_t)a;
    operand->stride[a] = nest_parameter(l, QL_I64, param);
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

/* By rows: one that the loop's variable selects, whatever of it. */
static bool stores_row(Lower *l, const Node *node, const Array *array, const Span *const *span) {
  for (int a = 0; a < array->ndim; a++)
    if (follows(span[a]) && span[a]->lo.id == span[a]->hi.id) return true;
  low_refuse(
      l, node, "QJ403",
      low_text(l,
               "which row of '%s' an iteration stores does not follow from the variable of "
               "the loop",
               name_of(node)),
      "index it by that variable, alone in one place, plus or minus what is the same for all "
      "iterations");
  return false;
}

/* The axis of what is stored that selects rows; -1: none. */
static int row_axis(const NestOperand *operand) {
  for (int a = 0; a < operand->array->ndim; a++) {
    const Span *span = operand->store_span[a];
    if (follows(span) && span->lo.id == span->hi.id) return a;
  }
  return -1;
}

/* Of all stores into an array the same rows. */
static bool keep_stored(Lower *l, const Node *node, NestOperand *operand, const Touch *touch) {
  const Span *const *span = touch->span;
  bool points = !nest_has_rows(l->nest);
  for (int a = 0; a < operand->array->ndim; a++) {
    const Span **kept = &operand->store_span[a];
    JitRef *least = &operand->store_low[a], *most = &operand->store_high[a], low = touch->low[a],
           high = touch->high[a];
    if (!operand->stored) *kept = span[a];
    *least = operand->stored ? bound_hull(l, QL_OP_MINIMUM, *least, low) : low;
    *most = operand->stored ? bound_hull(l, QL_OP_MAXIMUM, *most, high) : high;
    bool same = !*kept || !span[a] || (*kept)->lo.id == span[a]->lo.id;
    operand->several |= !same;
    if (!points && !(follow_alike(*kept, span[a]) && same)) *kept = NULL;
  }
  if (points || l->nest->form == JIT_NEST_ON_ONE || row_axis(operand) >= 0) return true;
  low_refuse(l, node, "QJ404",
             low_text(l, "an iteration of the loop stores several rows of '%s'", name_of(node)),
             "split it into several loops");
  return false;
}

bool nest_reads_others(const Nest *nest, const NestOperand *operand) {
  if (nest->form == JIT_NEST_POINTS || !operand->stored || !operand->loaded) return false;
  if (operand->varies || !nest_has_rows(nest)) return operand->varies;
  int axis = row_axis(operand);
  return axis < 0 || !follows(operand->span[axis]);
}

Array *low_nest_part(Lower *l, const Node *node, const Array *array, const Value *parts, int count,
                     bool stores) {
  Touch touch = {0};
  bool points = !nest_has_rows(l->nest), whole = l->nest->form == JIT_NEST_ON_ONE;
  for (int k = 0, axis = 0; k < count && !whole; k++)
    if (parts[k].kind != JIT_NONE) touch_axis(l, &parts[k], &touch, axis++);
  if (stores && !whole && !(points ? stores_one : stores_row)(l, node, array, touch.span))
    return NULL;
  NestOperand *operand = operand_for(l, node, array->ranks, &touch);
  if (!operand) return NULL;
  if (stores) {
    if (!keep_stored(l, node, operand, &touch)) return NULL;
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

static bool is_same_place(const Span *a, const Span *b) {
  return a && b && !a->of && !b->of && a->dim == b->dim && a->step.id == b->step.id &&
         a->lo.id == b->lo.id && a->hi.id == b->hi.id && a->lo.id == a->hi.id;
}

/* Which axis of the array a dimension selects; of what is stored there is one. */
static int axis_of(const NestOperand *stored, int dim) {
  int axis = 0;
  while (axis < stored->array->ndim && stored->store_span[axis]->dim != dim) axis++;
  return axis;
}

uint32_t nest_along(const Nest *nest) {
  uint32_t along = (1u << nest->ndim) - 1;
  for (int k = 0; k < nest->operand_count; k++) {
    const NestOperand *stored = &nest->operands[k];
    for (int d = 0; stored->stored && d < nest->ndim; d++) {
      int axis = axis_of(stored, d);
      bool same = axis < stored->array->ndim;
      for (int j = 0; j < nest->operand_count && same; j++)
        same = nest->operands[j].array->base.id != stored->array->base.id ||
               is_same_place(stored->store_span[axis], nest->operands[j].span[axis]);
      if (!same) along &= ~(1u << d);
    }
  }
  return along;
}

/* Is it the only one that is stored of its array, always the same element at a point? */
static bool stores_elements_once(const Nest *nest, int k) {
  const NestOperand *stored = &nest->operands[k];
  bool once = true;
  for (int j = 0; j < nest->operand_count; j++)
    once &= j == k || !nest->operands[j].stored ||
            nest->operands[j].array->base.id != stored->array->base.id;
  return once && !stored->several;
}

/* No iteration may see what another stores, nor store where another does. */
bool nest_is_apart(Lower *l, const Nest *nest) {
  int targets = 0;
  for (int k = 0; k < nest->operand_count; k++) targets += nest->operands[k].stored;
  if (targets > JIT_NEST_TARGETS) {
    low_refuse(l, nest->loops[0], "QJ401",
               low_text(l,
                        "a loop stores into %d distributed arrays, at most %d are possible; each "
                        "variable that it puts together is one, those that it hands on are another",
                        targets, JIT_NEST_TARGETS),
               "split it into several loops");
    return false;
  }
  for (int k = 0; k < nest->operand_count; k++) {
    const NestOperand *stored = &nest->operands[k];
    if (nest->form == JIT_NEST_LINES && stores_elements_once(nest, k) && nest_along(nest)) continue;
    bool points = !nest_has_rows(nest), apart = !stored->stored || !stored->varies || !points;
    for (int j = 0; stored->stored && j < nest->operand_count; j++)
      apart &= j == k || nest->operands[j].array->base.id != stored->array->base.id ||
               (!points && !nest->operands[j].stored);
    if (apart) continue;
    low_refuse(l, stored->at, "QJ404",
               low_text(l,
                        "iterations of the loop depend on one another: elements of '%s' that "
                        "one stores, others read or store",
                        name_of(stored->at)),
               "store into another array than is read from, and exchange their names after the "
               "loop");
    return false;
  }
  return true;
}
