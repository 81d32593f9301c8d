/* What an integer in a nest is, seen from the iterations: a number that is the same for all, or one
 * that follows a dimension and stays within some distance of it. Numbers of spans are computed
 * beside the nest, by the function around it, which then knows what the nest touches before it
 * runs:
 *
 *     for i in range(1, n - 1):                  i        {dim 0, step 1, lo 1, hi 1}
 *         for k in range(max(i - w, 0), i + 1):  k        {dim 0, step 1, lo 1 - w, hi 1}
 *             s += u[k]                          touches  u[1 - w + p] to u[1 + p] at position p
 *
 * A number that follows two dimensions is followed along the one in which it goes farther, and is
 * anywhere along the other: u[128 * k + j] is within u[128 * p] to u[128 * p + 127].
 *
 * A span is a bound, never more: what a condition keeps from being touched is in it too (regions.c
 * says what conditions on the loops' variables leave of it). */
#include "nest.h"

#include <stdlib.h>

/* ---- numbers of the function around ---- */

JitRef nest_const(Lower *l, int64_t value) {
  Nest *nest = l->nest;
  for (int k = 0; k < nest->const_count; k++)
    if (nest->consts[k].value == value) return nest->consts[k].ref;
  JitRef ref = jit_const(nest->around, QL_I64, (QlValue){.i = value});
  if (nest->const_count < NEST_NUMBERS) nest->consts[nest->const_count++] = (NestConst){value, ref};
  return ref;
}

const int64_t *nest_known(const Nest *nest, JitRef ref) {
  for (int k = 0; k < nest->const_count; k++)
    if (nest->consts[k].ref.id == ref.id) return &nest->consts[k].value;
  return NULL;
}

JitRef nest_op(Lower *l, QlOp op, JitRef a, JitRef b) {
  Nest *nest = l->nest;
  const int64_t *x = nest_known(nest, a), *y = nest_known(nest, b);
  if (x && y) return nest_const(l, ir_eval(op, QL_I64, (QlValue[]){{.i = *x}, {.i = *y}}).i);
  if (op == QL_OP_MULTIPLY && ((x && *x == 0) || (y && *y == 1))) return a;
  if (op == QL_OP_MULTIPLY && ((y && *y == 0) || (x && *x == 1))) return b;
  if (y && *y == 0 && (op == QL_OP_ADD || op == QL_OP_SUBTRACT)) return a;
  if (x && *x == 0 && op == QL_OP_ADD) return b;
  if (op == QL_OP_SUBTRACT && a.id == b.id) return nest_const(l, 0);
  if ((op == QL_OP_MINIMUM || op == QL_OP_MAXIMUM) && a.id == b.id) return a;
  if (op == QL_OP_FLOOR_DIVIDE && y && *y == 1) return a;
  for (int k = 0; k < nest->op_count; k++) {
    const NestOp *known = &nest->ops[k];
    if (known->op == op && known->a.id == a.id && known->b.id == b.id) return known->ref;
  }
  JitRef ref = jit_op(nest->around, op, 2, (JitRef[]){a, b}, low_source(l));
  if (nest->op_count < NEST_NUMBERS) nest->ops[nest->op_count++] = (NestOp){op, a, b, ref};
  return ref;
}

static JitRef least(Lower *l, JitRef a, JitRef b) { return nest_op(l, QL_OP_MINIMUM, a, b); }
static JitRef most(Lower *l, JitRef a, JitRef b) { return nest_op(l, QL_OP_MAXIMUM, a, b); }

/* ---- spans ---- */

static const Span *make(Lower *l, int dim, JitRef step, JitRef lo, JitRef hi) {
  Span *span = low_get(l, sizeof *span);
  *span = (Span){.dim = dim, .step = step, .lo = lo, .hi = hi};
  return span;
}

/* Sums and products of a few numbers within LARGE do not wrap, and beyond it is no array. */
static const int64_t LARGE = (int64_t)1 << 40, LARGE_FACTOR = (int64_t)1 << 20;

static JitRef within(Lower *l, JitRef ref, int64_t limit) {
  return most(l, least(l, ref, nest_const(l, limit)), nest_const(l, -limit));
}

const Span *nest_number(Lower *l, JitRef ref) {
  ref = within(l, ref, LARGE);
  return make(l, -1, nest_const(l, 0), ref, ref);
}

/* The lowest and the highest of step * p. */
static JitRef end_of(Lower *l, const Span *span, bool highest) {
  JitRef zero = nest_const(l, 0);
  if (span->dim < 0) return zero;
  JitRef last = nest_op(l, QL_OP_SUBTRACT, l->nest->extent[span->dim], nest_const(l, 1));
  JitRef end = nest_op(l, QL_OP_MULTIPLY, span->step, last);
  return highest ? most(l, end, zero) : least(l, end, zero);
}

/* The same from any position. */
const Span *nest_anywhere(Lower *l, const Span *span) {
  if (span->dim < 0) return span;
  return make(l, -1, nest_const(l, 0), nest_op(l, QL_OP_ADD, span->lo, end_of(l, span, false)),
              nest_op(l, QL_OP_ADD, span->hi, end_of(l, span, true)));
}

static bool follow_alike(const Span *a, const Span *b) {
  return a->dim == b->dim && (a->dim < 0 || a->step.id == b->step.id);
}

const Span *low_span_hull(Lower *l, const Span *a, const Span *b) {
  if (!a || !b || a == b) return a == b ? a : NULL;
  if (!follow_alike(a, b)) a = nest_anywhere(l, a), b = nest_anywhere(l, b);
  return make(l, a->dim, a->step, least(l, a->lo, b->lo), most(l, a->hi, b->hi));
}

const Span *low_span(Lower *l, const Value *value) {
  if (!l->nest || !low_is_int(value)) return NULL;
  if (value->span || !value->known) return value->span;
  QlValue wide = ql_convert((QlDtype)value->dtype, value->constant, QL_I64);
  return nest_number(l, nest_const(l, wide.i));
}

const Span *nest_shifted(Lower *l, const Span *span, JitRef by) {
  if (span->of) {
    Span *moved = low_get(l, sizeof *moved);
    *moved = *span, moved->of = nest_shifted(l, span->of, by);
    return moved;
  }
  JitRef moved = nest_op(l, QL_OP_MULTIPLY, by, span->step);
  return make(l, span->dim, span->step, nest_op(l, QL_OP_ADD, span->lo, moved),
              nest_op(l, QL_OP_ADD, span->hi, moved));
}

/* The remainder of what follows a dimension by steps of one. */
static const Span *wrapped(Lower *l, const Span *span, JitRef modulo) {
  JitRef zero = nest_const(l, 0);
  Span *made = low_get(l, sizeof *made);
  *made = (Span){.dim = -1, .step = zero, .lo = zero};
  made->hi = nest_op(l, QL_OP_SUBTRACT, modulo, nest_const(l, 1));
  const int64_t *step = span && span->dim >= 0 ? nest_known(l->nest, span->step) : NULL;
  if (step && (*step == 1 || *step == -1) && span->lo.id == span->hi.id)
    made->of = span, made->how = nest_const(l, JIT_SPAN_REMAINDER), made->by = modulo;
  return made;
}

static bool is_number(const Span *span) { return span->dim < 0 && span->lo.id == span->hi.id; }

/* 128 * k + j: where nodes have parts of k, they touch parts of the array, and nearly all of it
 * where they have parts of j. So the one with the larger steps is followed; one with steps that are
 * not known is taken for it. */
static bool has_larger_steps(Lower *l, const Span *a, const Span *b) {
  const int64_t *x = nest_known(l->nest, a->step), *y = nest_known(l->nest, b->step);
  if (x && y && llabs(*x) != llabs(*y)) return llabs(*x) > llabs(*y);
  return !x == !y ? a->dim < b->dim : !x;
}

static const Span *added(Lower *l, const Span *a, const Span *b) {
  if (a->dim >= 0 && b->dim >= 0 && a->dim != b->dim) {
    if (has_larger_steps(l, a, b))
      b = nest_anywhere(l, b);
    else
      a = nest_anywhere(l, a);
  }
  JitRef step = a->dim < 0   ? b->step
                : b->dim < 0 ? a->step
                             : nest_op(l, QL_OP_ADD, a->step, b->step);
  return make(l, QL_MAX(a->dim, b->dim), step, nest_op(l, QL_OP_ADD, a->lo, b->lo),
              nest_op(l, QL_OP_ADD, a->hi, b->hi));
}

static const Span *negated(Lower *l, const Span *a) {
  JitRef zero = nest_const(l, 0);
  return make(l, a->dim, nest_op(l, QL_OP_SUBTRACT, zero, a->step),
              nest_op(l, QL_OP_SUBTRACT, zero, a->hi), nest_op(l, QL_OP_SUBTRACT, zero, a->lo));
}

static const Span *multiplied(Lower *l, const Span *a, const Span *number) {
  JitRef by = within(l, number->lo, LARGE_FACTOR), lo = nest_op(l, QL_OP_MULTIPLY, a->lo, by),
         hi = nest_op(l, QL_OP_MULTIPLY, a->hi, by);
  return make(l, a->dim, nest_op(l, QL_OP_MULTIPLY, a->step, by), least(l, lo, hi),
              most(l, lo, hi));
}

/* max(a, b): nowhere below a, and above it only as far as b is. */
static const Span *larger(Lower *l, const Span *a, const Span *b, bool is_max) {
  QlOp toward = is_max ? QL_OP_MAXIMUM : QL_OP_MINIMUM;
  if (follow_alike(a, b))
    return make(l, a->dim, a->step, nest_op(l, toward, a->lo, b->lo),
                nest_op(l, toward, a->hi, b->hi));
  if (a->dim < 0) {
    const Span *swap = a;
    a = b, b = swap;
  }
  b = nest_anywhere(l, b);
  JitRef lo = a->lo, hi = a->hi;
  if (is_max)
    hi = most(l, hi, nest_op(l, QL_OP_SUBTRACT, b->hi, end_of(l, a, false)));
  else
    lo = least(l, lo, nest_op(l, QL_OP_SUBTRACT, b->lo, end_of(l, a, true)));
  return make(l, a->dim, a->step, lo, hi);
}

const Span *low_span_of(Lower *l, QlOp operation, const Value *a, const Value *b) {
  if (!l->nest) return NULL;
  const Span *x = low_span(l, a), *y = b ? low_span(l, b) : NULL;
  if (operation == QL_OP_REMAINDER && y && is_number(y) && b->natural) {
    if (x && is_number(x)) return nest_number(l, nest_op(l, operation, x->lo, y->lo));
    return wrapped(l, x, y->lo);
  }
  if (!x || (b && !y)) return NULL;
  switch (operation) {
    case QL_OP_POSITIVE: return x;
    case QL_OP_NEGATIVE: return negated(l, x);
    case QL_OP_ADD: return added(l, x, y);
    case QL_OP_SUBTRACT: return added(l, x, negated(l, y));
    case QL_OP_MULTIPLY:
      return is_number(y) ? multiplied(l, x, y) : is_number(x) ? multiplied(l, y, x) : NULL;
    case QL_OP_MAXIMUM:
    case QL_OP_MINIMUM: return larger(l, x, y, operation == QL_OP_MAXIMUM);
    case QL_OP_FLOOR_DIVIDE:
    case QL_OP_REMAINDER:
    case QL_OP_LEFT_SHIFT:
    case QL_OP_RIGHT_SHIFT:
      return is_number(x) && is_number(y) ? nest_number(l, nest_op(l, operation, x->lo, y->lo))
                                          : NULL;
    default: return NULL;
  }
}

const Span *low_span_range(Lower *l, const Value *start, const Value *stop, const Value *step) {
  if (!l->nest || !step->known || !low_is_int(step)) return NULL;
  const Span *from = low_span(l, start), *to = low_span(l, stop);
  if (!from || !to) return NULL;
  const Span *one = nest_number(l, nest_const(l, 1));
  bool rises = step->constant.i > 0;
  to = added(l, to, rises ? negated(l, one) : one); /* the last item at most */
  const Span *low = rises ? from : to, *high = rises ? to : from;
  if (!follow_alike(low, high)) low = nest_anywhere(l, low), high = nest_anywhere(l, high);
  return make(l, low->dim, low->step, low->lo, high->hi);
}
