/* Loops that are reductions. What is one is decided by the program's text alone:
 *
 *     for i in range(n):
 *         for j in range(m):
 *             if w[i, j] > 0:
 *                 s += a[i, j] * w[i, j]         s: a sum; nothing else in the loop names it
 *             top = max(top, a[i, j])            top: a maximum
 *
 * An iteration has such a variable for itself: it begins with nothing (of sums 0, of products 1; of
 * the others with what was there before the loop, which they may take in any number of times), and
 * at its end it stores what it has into an array of terms, at its own place. The array is reduced
 * in the order of contract C7, as np.sum(terms) is, and what was there before is combined with
 * that. */
#include "loops.h"
#include "nest.h"

#include <string.h>

/* ---- by the text ---- */

enum { NONE = -1 };

static bool is_name(const Node *node, int variable) {
  return node->kind == NODE_NAME && node->number == variable;
}

static bool same_text(const Node *a, const Node *b) {
  if (a->kind != b->kind || a->count != b->count || a->number != b->number) return false;
  if (!a->text != !b->text || (a->text && strcmp(a->text, b->text))) return false;
  for (int k = 0; k < a->count; k++)
    if (!same_text(a->items[k], b->items[k])) return false;
  return true;
}

static const struct {
  const char *name; /* of an operator, or a function */
  int8_t reduction;
  bool swaps; /* the variable may be the second operand */
} words[] = {
    {"add", QL_REDUCE_SUM, true},
    {"sub", QL_REDUCE_SUM, false},
    {"mul", QL_REDUCE_PROD, true},
    {"or", QL_REDUCE_ANY, true},
    {"and", QL_REDUCE_ALL, true},
    {"max", QL_REDUCE_MAX, false}, /* as Python compares a NaN, their order matters */
    {"min", QL_REDUCE_MIN, false},
    {"numpy.maximum", QL_REDUCE_MAX, true},
    {"numpy.minimum", QL_REDUCE_MIN, true},
};

static int reduction_of(const char *name, bool swapped) {
  for (int k = 0; k < (int)(sizeof words / sizeof *words); k++)
    if (!strcmp(words[k].name, name) && (!swapped || words[k].swaps)) return words[k].reduction;
  return NONE;
}

/* s = s + x, s = max(s, x), s = s or x */
static int of_value(const Node *value, int v) {
  int first = value->kind == NODE_CALL, at = NONE;
  const char *name = value->kind == NODE_BINARY ? value->text
                     : value->kind == NODE_OR   ? "or"
                     : value->kind == NODE_AND  ? "and"
                                                : NULL;
  if (first && value->items[0]->kind == NODE_REF) name = value->items[0]->text;
  if (!name || value->count != first + 2) return NONE;
  for (int k = first; k < value->count; k++) {
    if (is_name(value->items[k], v) && at == NONE)
      at = k - first;
    else if (nest_mentions(value->items[k], v) || value->items[k]->kind == NODE_KEYWORD ||
             value->items[k]->kind == NODE_STARRED)
      return NONE;
  }
  bool lazy = value->kind == NODE_OR || value->kind == NODE_AND; /* may leave x alone */
  return at == NONE || (lazy && at) ? NONE : reduction_of(name, at == 1);
}

/* if x > s: s = x */
static int of_condition(const Node *node, int v) {
  const Node *test = node->items[0], *block = node->items[1];
  if (node->count > 2 || test->kind != NODE_COMPARE || test->count != 3 || block->count != 1)
    return NONE;
  const Node *assign = block->items[0];
  bool above = !strcmp(test->items[1]->text, "gt"), below = !strcmp(test->items[1]->text, "lt");
  if ((!above && !below) || assign->kind != NODE_ASSIGN || assign->count != 2) return NONE;
  int s = is_name(test->items[0], v) ? 0 : 2;
  const Node *x = test->items[2 - s];
  if (!is_name(test->items[s], v) || !is_name(assign->items[0], v) || nest_mentions(x, v) ||
      !same_text(x, assign->items[1]))
    return NONE;
  return above == (s == 2) ? QL_REDUCE_MAX : QL_REDUCE_MIN;
}

static int of_statement(const Node *node, int v) {
  if (node->kind == NODE_IF) return of_condition(node, v);
  if (node->kind == NODE_ASSIGN && node->count == 2 && is_name(node->items[0], v))
    return of_value(node->items[1], v);
  if (node->kind == NODE_AUGMENT && is_name(node->items[0], v) && !nest_mentions(node->items[1], v))
    return reduction_of(node->text, false);
  return NONE;
}

/* Is all that names it the same reduction? */
static bool reduces(const Node *node, int v, int *reduction) {
  int here = of_statement(node, v);
  if (here != NONE) {
    bool same = *reduction == NONE || *reduction == here;
    *reduction = here;
    return same;
  }
  if (is_name(node, v)) return false;
  for (int k = 0; k < node->count; k++)
    if (!reduces(node->items[k], v, reduction)) return false;
  return true;
}

void nest_find_sums(const Lower *l, const Node *loop, Sums *sums) {
  const Node *function = l->frame->function;
  sums->count = 0;
  if (low_is_library(function) || nest_has_inner(l)) return;
  for (int v = 0; v < function->variables && sums->count < NEST_SUMS; v++) {
    int reduction = NONE;
    if (loop->assigns[v] && reduces(loop, v, &reduction) && reduction != NONE)
      sums->items[sums->count++] = (Sum){.variable = v, .reduction = (QlReduction)reduction};
  }
}

bool nest_is_sum(const Sums *sums, const Node *node) {
  for (int k = 0; k < sums->count; k++)
    if (nest_mentions(node, sums->items[k].variable)) return true;
  return false;
}

/* ---- in an iteration ---- */

static bool takes_again(QlReduction reduction) {
  return reduction != QL_REDUCE_SUM && reduction != QL_REDUCE_PROD;
}

bool nest_sums_begin(Lower *l, Sums *sums) {
  for (int k = 0; k < sums->count; k++) {
    Sum *sum = &sums->items[k];
    const Variable *variable = &l->frame->now[sum->variable];
    if (variable->defined != ALWAYS || variable->value.kind != JIT_SCALAR) return false;
    sum->before = variable->value;
  }
  return true;
}

/* What it holds when an iteration begins. */
Value nest_sum_start(const Sum *sum, const Value *before) {
  if (takes_again(sum->reduction)) return *before;
  int64_t number = sum->reduction == QL_REDUCE_PROD;
  Value start = *before;
  start.known = true, start.span = NULL, start.natural = low_is_int(before);
  start.ref = (JitRef){0};
  start.constant = ql_convert(QL_I64, (QlValue){.i = number}, (QlDtype)before->dtype);
  return start;
}

/* ---- after the loop ---- */

/* What the terms, or lines of them, and what was there before are together. */
static void finish(Lower *l, const Node *node, const Sum *sum, Value all) {
  if (all.kind != JIT_SCALAR) return;
  QlDtype dtype = (QlDtype)sum->terms->dtype; /* of the loop, which is not always that of np.sum */
  all = low_scalar(dtype, sum->weak, low_ref_as(l, &all, dtype));
  if (!takes_again(sum->reduction))
    all = low_binary(l, node, sum->reduction == QL_REDUCE_SUM ? "add" : "mul", &sum->before, &all);
  low_set(l, sum->variable, all);
}

void nest_sum_finish(Lower *l, const Node *node, const Sum *sum) {
  Value terms = low_array_value(sum->terms);
  finish(l, node, sum, low_reduce(l, node, sum->reduction, &terms, NULL, false));
}

/* ---- arrays in memory ---- */

/* The loop is lowered as others are, in the program's order: its turns do what iterations do. Of
 * the terms only those of a chunk of turns of the innermost loop are kept; a chunk is a power of
 * two of leaves of C7's tree, and what its terms come to a part of that tree. Where no order
 * changes a bit nothing needs to be done. */
typedef struct Reducing {
  Sums *sums;
  int ndim;
  const Node *loops[QL_MAX_DIMS];
  JitRef extent[QL_MAX_DIMS], at[QL_MAX_DIMS];
  JitRef from; /* the first turn of the chunk */
  bool known;  /* the terms are there */
} Reducing;

void low_turn_begins(Lower *l, const Node *node, JitRef k) {
  Reducing *r = l->reducing;
  for (int d = 0; r && d < r->ndim; d++) {
    if (r->loops[d] != node) continue;
    r->at[d] = l->nest && d == 0 ? l->nest->at[0] : k;
    for (int n = 0; n < r->sums->count && d == r->ndim - 1 && !low_dead(l); n++) {
      const Sum *sum = &r->sums->items[n];
      Value before = l->nest ? nest_import(l, &sum->before) : sum->before;
      l->frame->now[sum->variable] =
          (Variable){.value = nest_sum_start(sum, &before), .defined = ALWAYS};
    }
  }
}

void low_turn_ends(Lower *l, const Node *node) {
  Reducing *r = l->reducing;
  if (!r || low_dead(l) || !r->ndim || r->loops[r->ndim - 1] != node) return;
  for (int n = 0; n < r->sums->count; n++) {
    Sum *sum = &r->sums->items[n];
    const Value *value = &l->frame->now[sum->variable].value;
    bool logical = sum->reduction == QL_REDUCE_ANY || sum->reduction == QL_REDUCE_ALL;
    if (!r->known) {
      r->sums->good &= value->kind == JIT_SCALAR && (!logical || value->dtype == QL_BOOL);
      sum->terms->dtype = value->dtype, sum->weak = value->weak;
    } else if (value->kind == JIT_SCALAR) {
      JitRef offset = low_const(l, 0);
      for (int d = 0; d < r->ndim && l->nest; d++)
        offset = low_add(l, offset, low_op(l, QL_OP_MULTIPLY, r->at[d], sum->into->stride[d]));
      if (!l->nest) {
        JitRef place = low_op(l, QL_OP_SUBTRACT, r->at[r->ndim - 1], r->from);
        offset = low_op(l, QL_OP_MULTIPLY, place, sum->into->stride[0]);
      }
      jit_store_at(l->fn, sum->into->base, offset, low_ref_as(l, value, (QlDtype)sum->terms->dtype),
                   low_source(l));
    }
  }
}

void nest_reduce_turns(Lower *l, Sums *sums, int ndim, const Node *const *loops, bool known) {
  Reducing *r = low_get(l, sizeof *r);
  *r = (Reducing){.sums = sums, .ndim = ndim, .known = known};
  sums->good = true;
  memcpy(r->loops, loops, (size_t)ndim * sizeof *loops);
  l->reducing = r;
}

static bool find_extents(Lower *l, Reducing *r) {
  for (int d = 0; d < r->ndim; d++) {
    Value range = low_expression(l, r->loops[d]->items[1]), start, step;
    if (!low_range(l, r->loops[d]->items[1], &range, &r->extent[d], &start, &step)) return false;
  }
  return true;
}

/* Lowers the loop to see of what dtypes its terms are, and takes that back. */
static void find_dtypes(Lower *l, const Node *node, Reducing *r) {
  JitBlock start = jit_block_new(l->fn);
  jit_jump(l->fn, start);
  jit_block_open(l->fn, start);
  const Variable *before = low_save(l);
  Kept kept = loop_keep(l, jit_mark(l->fn));
  r->sums->good = true;
  low_for(l, node);
  r->sums->good &= l->refusal_count == kept.refusals;
  loop_take_back(l, &kept, before);
}

bool low_reduces_chunks(const Lower *l, const Node *node) {
  const Reducing *r = l->reducing;
  return r && !l->nest && r->known && r->sums->count && r->loops[r->ndim - 1] == node;
}

void low_chunk_begins(Lower *l, JitRef from) { l->reducing->from = from; }

void low_chunk_ends(Lower *l, JitRef from, JitRef k) {
  JitRef chunk = low_op(l, QL_OP_RIGHT_SHIFT, from, low_const(l, __builtin_ctz(LOW_TERMS)));
  JitRef count = low_op(l, QL_OP_SUBTRACT, k, from);
  for (int n = 0; n < l->reducing->sums->count; n++) {
    const Sum *sum = &l->reducing->sums->items[n];
    QlDtype loop = (QlDtype)sum->parts->dtype;
    JitRef value =
        low_reduce_line(l, sum->reduction, loop, sum->into, sum->into->base, count, false);
    jit_store_at(l->fn, sum->parts->base, low_op(l, QL_OP_MULTIPLY, chunk, sum->parts->stride[0]),
                 value, low_source(l));
  }
}

void low_line_ends(Lower *l, const Node *node) {
  Reducing *r = l->reducing;
  if (low_dead(l) || !low_reduces_chunks(l, node)) return;
  for (int n = 0; n < r->sums->count; n++) {
    Sum *sum = &r->sums->items[n];
    const Array *parts = sum->parts;
    JitRef value = low_reduce_line(l, sum->reduction, (QlDtype)parts->dtype, parts, parts->base,
                                   parts->shape[0], true);
    sum->line = jit_cast(l->fn, value, (QlDtype)sum->terms->dtype, low_source(l));
    if (!sum->lines) continue;
    JitRef offset = low_const(l, 0);
    for (int d = 0; d < r->ndim - 1; d++)
      offset = low_add(l, offset, low_op(l, QL_OP_MULTIPLY, r->at[d], sum->lines->stride[d]));
    jit_store_at(l->fn, sum->lines->base, offset, sum->line, low_source(l));
  }
}

/* What no order changes is put together as the program says. */
static void leave_any_order(Sums *sums) {
  int count = 0;
  for (int n = 0; n < sums->count; n++) {
    const Sum *sum = &sums->items[n];
    bool logical = sum->reduction == QL_REDUCE_ANY || sum->reduction == QL_REDUCE_ALL;
    if (!logical && !jit_any_order((QlDtype)sum->terms->dtype)) sums->items[count++] = *sum;
  }
  sums->count = count;
}

static void make_places(Lower *l, const Node *node, const Reducing *r, Sum *sum) {
  QlDtype dtype = (QlDtype)sum->terms->dtype;
  JitRef room = low_const(l, LOW_TERMS), one = low_const(l, LOW_TERMS - 1);
  JitRef chunks = low_op(l, QL_OP_RIGHT_SHIFT, low_add(l, r->extent[r->ndim - 1], one),
                         low_const(l, __builtin_ctz(LOW_TERMS)));
  sum->into = low_new_array(l, node, dtype, 1, &room, NULL);
  sum->parts = low_new_array(l, node, low_reduction_loop(sum->reduction, dtype), 1, &chunks, NULL);
  sum->lines = r->ndim > 1 ? low_new_array(l, node, dtype, r->ndim - 1, r->extent, NULL) : NULL;
}

static void reduce(Lower *l, const Node *node, Reducing *r) {
  Edges empty = {0}, after = {0};
  JitRef least = r->extent[0];
  for (int d = 1; d < r->ndim; d++) least = low_op(l, QL_OP_MINIMUM, least, r->extent[d]);
  low_branch(l, low_op(l, QL_OP_GREATER, least, low_const(l, 0)), &empty);
  int temporaries = l->temporary_count;
  for (int n = 0; n < r->sums->count; n++) make_places(l, node, r, &r->sums->items[n]);
  r->known = true;
  low_for(l, node);
  for (int n = 0; n < r->sums->count && !low_dead(l); n++) {
    const Sum *sum = &r->sums->items[n];
    Value lines = sum->lines ? low_array_value(sum->lines)
                             : low_scalar((QlDtype)sum->terms->dtype, false, sum->line);
    finish(l, node, sum, low_reduce(l, node, sum->reduction, &lines, NULL, false));
  }
  low_end_temporaries(l, temporaries);
  low_leave(l, &after, low_unknown());
  low_join(l, &empty);
  low_leave(l, &after, low_unknown());
  low_join(l, &after);
}

bool low_reducing(Lower *l, const Node *node) {
  Reducing *r = low_get(l, sizeof *r);
  r->sums = low_get(l, sizeof *r->sums);
  if (!(r->ndim = nest_dimensions(l, node, r->loops))) return false;
  l->reducing = r;
  nest_find_sums(l, node, r->sums);
  bool good = r->sums->count && nest_sums_begin(l, r->sums) && find_extents(l, r) && !low_dead(l);
  for (int n = 0; n < r->sums->count; n++) r->sums->items[n].terms = low_get(l, sizeof(Array));
  if (good) find_dtypes(l, node, r);
  const char *said = nest_sums_text(l, r->sums);
  if (good && r->sums->good) {
    leave_any_order(r->sums);
    if (r->sums->count)
      reduce(l, node, r);
    else
      low_for(l, node);
    low_note(l, node, low_text(l, "by this process; %s, as on ranks", said));
  } else {
    r->sums->count = 0;
    low_for(l, node);
  }
  l->reducing = NULL;
  return true;
}
