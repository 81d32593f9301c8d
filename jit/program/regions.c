/* Where in a nest a point of the program is reached: of which positions of each dimension, as far
 * as conditions on the loops' variables say.
 *
 *     for i in range(n):                 anywhere
 *         if 0 < i < n - 1:              dimension 0: from 1 to n - 2
 *             v[i] = u[i - 1]            reads u[0] to u[n - 3]: none below zero, which would wrap
 *         else:                          anywhere: a region has no holes
 *             v[i] = 0.0
 *
 * An iteration stands at one position, so what is true there stays so until its end: a region is
 * part of the way that leads to a point, and where ways meet it is what holds all of theirs. Its
 * bounds are numbers of the function around, which knows them before the nest runs. */
#include "nest.h"

#include <string.h>

/* ---- regions ---- */

static JitRef add(Lower *l, JitRef a, int64_t number) {
  return nest_op(l, QL_OP_ADD, a, nest_const(l, number));
}

static Region *copy_of(Lower *l) {
  Region *region = low_get(l, sizeof *region);
  if (l->region) *region = *l->region;
  return region;
}

static JitRef hull_of(Lower *l, QlOp op, JitRef a, JitRef b) {
  return a.id && b.id ? nest_op(l, op, a, b) : (JitRef){0};
}

const Region *low_region_hull(Lower *l, const Region *a, const Region *b) {
  if (a == b || !a || !b) return a == b ? a : NULL;
  Region *hull = low_get(l, sizeof *hull);
  for (int d = 0; d < l->nest->ndim; d++) {
    hull->from[d] = hull_of(l, QL_OP_MINIMUM, a->from[d], b->from[d]);
    hull->to[d] = hull_of(l, QL_OP_MAXIMUM, a->to[d], b->to[d]);
  }
  return hull;
}

/* Between which an index is there; id 0: it is not known. */
void nest_bounds(Lower *l, const Span *span, JitRef *low, JitRef *high) {
  const Nest *nest = l->nest;
  *low = *high = (JitRef){0};
  if (!span) return;
  const int64_t *step = span->dim >= 0 ? nest_known(nest, span->step) : NULL;
  if (!step || !*step) {
    span = nest_anywhere(l, span);
    *low = span->lo, *high = span->hi;
    return;
  }
  JitRef from = l->region ? l->region->from[span->dim] : (JitRef){0},
         to = l->region ? l->region->to[span->dim] : (JitRef){0};
  if (!from.id) from = nest_const(l, 0);
  if (!to.id) to = add(l, nest->extent[span->dim], -1);
  JitRef first = *step > 0 ? from : to, last = *step > 0 ? to : from;
  *low = nest_op(l, QL_OP_ADD, nest_op(l, QL_OP_MULTIPLY, first, span->step), span->lo);
  *high = nest_op(l, QL_OP_ADD, nest_op(l, QL_OP_MULTIPLY, last, span->step), span->hi);
}

/* How far a number is from what follows a dimension at a position. */
static JitRef distance(Lower *l, const Span *number, const Span *follows, JitRef position) {
  JitRef moved = nest_op(l, QL_OP_MULTIPLY, follows->step, position);
  return nest_op(l, QL_OP_SUBTRACT, number->lo, nest_op(l, QL_OP_ADD, follows->lo, moved));
}

/* What it can be at those positions, or the number. */
static void bound_choice(Lower *l, const Span *follows, const Region *at, const Span *number,
                         Span *choice) {
  const Region *here = l->region;
  JitRef low, high;
  l->region = at;
  nest_bounds(l, follows, &low, &high);
  l->region = here;
  if (!low.id || !high.id) return;
  choice->lo = nest_op(l, QL_OP_MINIMUM, low, number->lo);
  choice->hi = nest_op(l, QL_OP_MAXIMUM, high, number->lo);
}

/* i - 1 if i > 0 else n - 1: what follows a dimension, but for a number at one end. */
const Span *low_region_choice(Lower *l, const Span *a, const Region *at_a, const Span *b,
                              const Region *at_b) {
  if (!a || !b || (a->dim < 0) == (b->dim < 0) || a->lo.id != a->hi.id || b->lo.id != b->hi.id)
    return NULL;
  bool swapped = a->dim < 0;
  const Span *follows = swapped ? b : a, *number = swapped ? a : b;
  const Region *region = swapped ? at_a : at_b;
  int dim = follows->dim;
  const int64_t *step = nest_known(l->nest, follows->step);
  if (!region || (!region->from[dim].id && !region->to[dim].id) || !step ||
      (*step != 1 && *step != -1))
    return NULL;
  JitRef last = add(l, l->nest->extent[dim], -1), zero = nest_const(l, 0), one = nest_const(l, 1);
  JitRef from = region->from[dim].id ? nest_op(l, QL_OP_MAXIMUM, region->from[dim], zero) : zero,
         to = region->to[dim].id ? nest_op(l, QL_OP_MINIMUM, region->to[dim], last) : last;
  JitRef first = distance(l, number, follows, from), second = distance(l, number, follows, to);
  JitRef several = nest_op(l, QL_OP_SUBTRACT, to, from);
  several = nest_op(l, QL_OP_MAXIMUM, nest_op(l, QL_OP_MINIMUM, several, one), zero);
  JitRef least = nest_op(l, QL_OP_MINIMUM, nest_op(l, QL_OP_MINIMUM, first, second), zero),
         most = nest_op(l, QL_OP_MAXIMUM, nest_op(l, QL_OP_MAXIMUM, first, second), zero);
  Span *near = low_get(l, sizeof *near), *choice = low_get(l, sizeof *choice);
  *near = (Span){.dim = dim, .step = follows->step};
  near->lo = nest_op(l, QL_OP_ADD, follows->lo, least);
  near->hi = nest_op(l, QL_OP_ADD, follows->hi, most);
  *choice = *low_span_hull(l, a, b);
  choice->of = near, choice->how = nest_const(l, JIT_SPAN_CHOSEN);
  choice->by = nest_op(l, QL_OP_MULTIPLY, first, nest_op(l, QL_OP_SUBTRACT, one, several));
  bound_choice(l, follows, swapped ? at_b : at_a, number, choice);
  return choice;
}

/* Something stands here that is seen from outside of the iteration. */
void nest_acts(Lower *l) {
  Nest *nest = l->nest;
  nest->active = nest->acts ? low_region_hull(l, nest->active, l->region) : l->region;
  nest->acts = true;
}

/* ---- conditions ---- */

typedef enum Order { LT, LE, GT, GE, EQ, NE, ORDERS } Order;
static const struct {
  const char *name;
  Order otherwise, swapped; /* not a < b; b < a */
} orders[ORDERS] = {[LT] = {"lt", GE, GT}, [LE] = {"le", GT, GE}, [GT] = {"gt", LE, LT},
                    [GE] = {"ge", LT, LE}, [EQ] = {"eq", NE, EQ}, [NE] = {"ne", EQ, NE}};

static JitRef negative(Lower *l, JitRef a) {
  return nest_op(l, QL_OP_SUBTRACT, nest_const(l, 0), a);
}

static void cut_above(Lower *l, Region *region, int d, JitRef to) {
  region->to[d] = region->to[d].id ? nest_op(l, QL_OP_MINIMUM, region->to[d], to) : to;
}
static void cut_below(Lower *l, Region *region, int d, JitRef from) {
  region->from[d] = region->from[d].id ? nest_op(l, QL_OP_MAXIMUM, region->from[d], from) : from;
}

/* Any position but one: at an end of the region, the end moves. */
static void cut_out(Lower *l, Region *region, int d, JitRef at) {
  JitRef last = add(l, l->nest->extent[d], -1);
  JitRef *end[2] = {&region->from[d], &region->to[d]};
  for (int k = 0; k < 2; k++) {
    if (!end[k]->id) *end[k] = k ? last : nest_const(l, 0);
    JitRef by = nest_op(l, QL_OP_SUBTRACT, at, *end[k]), one = nest_const(l, 1);
    JitRef far = nest_op(l, QL_OP_MINIMUM, nest_op(l, QL_OP_MAXIMUM, by, negative(l, by)), one);
    JitRef moved = nest_op(l, QL_OP_SUBTRACT, one, far); /* 1 if it is there, else 0 */
    *end[k] = nest_op(l, k ? QL_OP_SUBTRACT : QL_OP_ADD, *end[k], moved);
  }
}

/* step * p <= most, or >= least: the quotients are exact or rounded inwards. */
static void cut_by(Lower *l, Region *region, int d, int64_t step, bool below, JitRef limit) {
  if (step < 0) step = -step, below = !below, limit = negative(l, limit);
  JitRef by = nest_const(l, step);
  if (below)
    cut_above(l, region, d, nest_op(l, QL_OP_FLOOR_DIVIDE, limit, by));
  else
    cut_below(l, region, d, negative(l, nest_op(l, QL_OP_FLOOR_DIVIDE, negative(l, limit), by)));
}

static bool is_exact(const Span *span) { return span && span->lo.id == span->hi.id; }

/* a < b and the like, one of which follows a dimension while the other is the same everywhere. */
static void learn(Lower *l, const Span *a, Order order, const Span *b) {
  if (!is_exact(a) || !is_exact(b) || (a->dim < 0) == (b->dim < 0)) return;
  if (a->dim < 0) {
    const Span *swap = a;
    a = b, b = swap, order = orders[order].swapped;
  }
  const int64_t *step = nest_known(l->nest, a->step);
  if (!step || !*step) return;
  Region *region = copy_of(l);
  JitRef limit = nest_op(l, QL_OP_SUBTRACT, b->lo, a->lo);
  if (order == NE) {
    if (*step != 1 && *step != -1) return;
    cut_out(l, region, a->dim, *step > 0 ? limit : negative(l, limit));
  }
  if (order == LT || order == LE || order == EQ)
    cut_by(l, region, a->dim, *step, true, order == LT ? add(l, limit, -1) : limit);
  if (order == GT || order == GE || order == EQ)
    cut_by(l, region, a->dim, *step, false, order == GT ? add(l, limit, 1) : limit);
  l->region = region;
}

static bool has_values(const Lower *l, const Node *node) {
  if (node->kind == NODE_NAME && l->frame->now[node->number].defined != ALWAYS) return false;
  for (int k = 0; k < node->count; k++)
    if (!has_values(l, node->items[k])) return false;
  return true;
}

static const Span *span_of(Lower *l, const Node *node) {
  if (!low_is_fixed(node) || !has_values(l, node)) return NULL;
  Value value = low_expression(l, node);
  return low_is_int(&value) ? low_span(l, &value) : NULL;
}

static void learn_pair(Lower *l, const Node *a, const char *name, const Node *b, bool holds) {
  int order = 0;
  while (order < ORDERS && strcmp(orders[order].name, name)) order++;
  if (order == ORDERS) return;
  const Span *one = span_of(l, a), *other = one ? span_of(l, b) : NULL;
  if (other) learn(l, one, holds ? (Order)order : orders[order].otherwise, other);
}

void low_nest_learn(Lower *l, const Node *node, bool holds) {
  if (!l->nest || low_dead(l)) return;
  bool both = node->kind == NODE_AND || (node->kind == NODE_BINARY && !strcmp(node->text, "and")),
       either = node->kind == NODE_OR || (node->kind == NODE_BINARY && !strcmp(node->text, "or"));
  if (node->kind == NODE_UNARY && !strcmp(node->text, "not"))
    return low_nest_learn(l, node->items[0], !holds);
  if (both || either) {
    for (int k = 0; k < node->count && holds == both; k++) {
      bool is_truth = node->kind != NODE_BINARY || node->items[k]->kind == NODE_COMPARE;
      if (is_truth) low_nest_learn(l, node->items[k], holds);
    }
    return;
  }
  if (node->kind == NODE_COMPARE) {
    for (int k = 0; k + 2 < node->count && (holds || node->count == 3); k += 2)
      learn_pair(l, node->items[k], node->items[k + 1]->text, node->items[k + 2], holds);
    return;
  }
  const Span *span = node->kind == NODE_NAME ? span_of(l, node) : NULL;
  if (span)
    learn(l, span, holds ? NE : EQ,
          low_span(l, &(Value){.kind = JIT_SCALAR, .dtype = QL_I64, .known = true}));
}
