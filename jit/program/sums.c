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
    bool as_it_is = sum->start.kind == JIT_UNKNOWN;
    sum->before = as_it_is ? variable->value : low_convert(l, &variable->value, &sum->start);
  }
  return true;
}

/* What was there before a sum may be of a type that the terms, which begin with 0, are not of:
 * where it meets them, as at the head of a loop, both are of one that holds both, and the terms are
 * built again. True: they are. */
bool nest_sums_widen(Lower *l, Sums *sums) {
  bool wider = false;
  for (int k = 0; k < sums->count; k++) {
    Sum *sum = &sums->items[k];
    JitType before = low_type(l, &sum->before), both, terms = {.kind = JIT_SCALAR};
    terms.dtype = sum->terms->dtype, terms.weak = sum->weak;
    if (takes_again(sum->reduction)) continue;
    low_join_types(l, &before, &terms, &both);
    if (both.torn)
      low_refuse_torn(l, l->at, low_text(l, "'%s'", l->frame->function->names[sum->variable]));
    if (both.torn || both.dtype == terms.dtype || low_same_type(&both, &sum->start)) continue;
    sum->start = both, wider = true;
  }
  return wider;
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

void nest_sum_take(Lower *l, const Node *node, const Sum *sum, Value all) {
  if (all.kind != JIT_SCALAR) return;
  QlDtype dtype = (QlDtype)sum->terms->dtype; /* of the loop, which is not always that of np.sum */
  all = low_scalar(dtype, sum->weak, low_ref_as(l, &all, dtype));
  if (!takes_again(sum->reduction))
    all = low_binary(l, node, sum->reduction == QL_REDUCE_SUM ? "add" : "mul", &sum->before, &all);
  low_set(l, sum->variable, all);
}

/* All are reduced, and given back, before one is looked at: so terms that nothing else reads need
 * not be stored. */
void nest_sums_finish(Lower *l, const Node *node, const Sums *sums, bool ends) {
  Value all[NEST_SUMS];
  for (int k = 0; k < sums->count; k++) {
    const Sum *sum = &sums->items[k];
    Value terms = low_array_value(sum->terms);
    all[k] = low_reduce(l, node, sum->reduction, &terms, NULL, true);
    if (ends) low_end_temporary(l, &terms);
  }
  for (int k = 0; k < sums->count && !low_dead(l); k++)
    if (all[k].kind == JIT_ARRAY)
      nest_sum_take(l, node, &sums->items[k], low_ranks_get(l, node, all[k].array, (JitRef){0}));
}
