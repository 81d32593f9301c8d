/* Bounds of whole numbers, whatever the counters of loops inside are, for the first or the last
 * iteration of a strip; and with them, which memory its iterations touch. Together they do each
 * operation before any does the next one, so none may touch what another one stores. Two accesses
 *
 *   are at one place    the same address in each iteration, one element behind the other from
 *                       iteration to iteration: each has its own (c[i, j] += ...)
 *   or lie apart        which is asked when the program runs: what each touches in the whole strip
 *                       lies between its bounds, which follow from those of the loops inside
 *
 * Bounds of addresses are the first iteration's; a strip adds what its lanes touch. */
#include "strips.h"

#include <string.h>

/* ---- bounds ----
 *
 * Sums and products of bounds wrap where the program's own would. So bounds hold as long as they
 * are less than 2^63 apart, which the bits that a value is given here say, and the lower one is the
 * lesser number, which is asked wherever that matters. What the bits stand on is asked, too. */

enum {
  RANGE_BITS = 28, /* what counters and the like go through, and factors */
  MOST_BITS = 62,
  NO_BOUNDS = -1
};

/* A counter of a loop inside, in a block of whose body it is needed. */
typedef struct Counter {
  uint32_t from, below; /* where it begins; what it, times so much, stays below */
  int64_t times;
} Counter;

/* `asked` is the counter, or so many times that. */
static bool is_times(const Strips *s, uint32_t asked, uint32_t counter, int64_t *times) {
  const IrIns *ins = strip_ins(s, asked);
  *times = 1;
  for (int a = 0; a < 2 && ins->kind == IR_OP && ins->op == QL_OP_MULTIPLY; a++)
    if (ins->args[a] == counter && strip_number(s, ins->args[1 - a], times))
      return *times > 0 && *times >> RANGE_BITS == 0;
  return asked == counter;
}

static bool counter_of(const Strips *s, uint32_t id, uint32_t user, Counter *counter) {
  const IrIns *phi = strip_ins(s, id);
  const IrBlock *block = &s->fn->blocks[s->home[id]];
  if (phi->kind != IR_PHI || phi->count != 2 || block->end != IR_JNZ || !s->deeper[s->home[id]])
    return false;
  const IrIns *asked = strip_ins(s, block->condition);
  if (asked->kind != IR_OP || asked->op != QL_OP_LESS ||
      !is_times(s, asked->args[0], id, &counter->times))
    return false;
  if (!ir_dominates(&s->flow, block->to[0], user) || block->to[0] == s->home[id]) return false;
  bool counts = false;
  counter->from = 0, counter->below = asked->args[1];
  for (uint32_t arm = phi->extra; arm; arm = s->fn->phis[arm].next) {
    uint32_t value = s->fn->phis[arm].value;
    const IrIns *next = strip_ins(s, value);
    bool again = ir_dominates(&s->flow, s->home[id], s->fn->phis[arm].block);
    int64_t step;
    if (!again) counter->from = value;
    for (int a = 0; a < 2 && again && next->kind == IR_OP && next->op == QL_OP_ADD; a++)
      counts |= next->args[a] == id && strip_number(s, next->args[1 - a], &step) && step > 0 &&
                step >> RANGE_BITS == 0;
  }
  int64_t first; /* so that what is asked does not wrap */
  if (counter->times > 1 && !(strip_number(s, counter->from, &first) && first >= 0)) return false;
  return counter->from && counts;
}

/* By how many bits do bounds differ? 0: the number is known at entry. */
static int bits_of(Strips *s, uint32_t id, uint32_t user);

static int bits_of_product(Strips *s, const uint32_t *args, int bits) {
  int64_t factor;
  if (!strip_at_entry(s, args[0]) && !strip_at_entry(s, args[1])) return NO_BOUNDS;
  if (!strip_number(s, args[strip_at_entry(s, args[1])], &factor)) return 2 * RANGE_BITS;
  if (factor >> RANGE_BITS != -(factor < 0)) return NO_BOUNDS;
  for (factor = factor < 0 ? -factor : factor; factor > 1; bits++) factor -= factor / 2;
  return bits;
}

static int bits_of_op(Strips *s, uint32_t id, uint32_t user) {
  const IrIns *ins = strip_ins(s, id);
  const uint32_t *args = ins->args + (ins->op == QL_OP_SELECT);
  int64_t number;
  bool known = strip_number(s, args[1], &number) && number >= 0;
  switch ((QlOp)ins->op) {
    case QL_OP_REMAINDER: /* or it is what is divided */
      if (!strip_at_entry(s, args[1])) return NO_BOUNDS;
      return QL_MAX((int)RANGE_BITS, bits_of(s, args[0], user));
    case QL_OP_BITWISE_AND: return known && number >> RANGE_BITS == 0 ? RANGE_BITS : NO_BOUNDS;
    case QL_OP_FLOOR_DIVIDE: return known && number ? bits_of(s, args[0], user) : NO_BOUNDS;
    case QL_OP_MULTIPLY:
    case QL_OP_ADD:
    case QL_OP_SUBTRACT:
    case QL_OP_MINIMUM:
    case QL_OP_MAXIMUM:
    case QL_OP_SELECT: break;
    default: return NO_BOUNDS;
  }
  int a = bits_of(s, args[0], user), b = bits_of(s, args[1], user), most = QL_MAX(a, b);
  if (a == NO_BOUNDS || b == NO_BOUNDS) return NO_BOUNDS;
  switch ((QlOp)ins->op) {
    case QL_OP_MULTIPLY: return bits_of_product(s, args, most);
    case QL_OP_SELECT: return QL_MAX((int)RANGE_BITS, most);
    case QL_OP_ADD:
    case QL_OP_SUBTRACT: return most + 1;
    default: return most;
  }
}

/* While that is asked, there are none. */
static int bits_of(Strips *s, uint32_t id, uint32_t user) {
  Counter counter;
  const IrIns *ins = strip_ins(s, id);
  if (ins->dtype != QL_I64) return NO_BOUNDS;
  if (strip_at_entry(s, id)) return 0;
  if (s->bits[id]) return s->bits[id] > 0 ? s->bits[id] : NO_BOUNDS;
  s->bits[id] = NO_BOUNDS;
  int bits = NO_BOUNDS;
  if (ins->kind == IR_OP)
    bits = bits_of_op(s, id, user);
  else if (counter_of(s, id, user, &counter) && bits_of(s, counter.from, user) != NO_BOUNDS &&
           bits_of(s, counter.below, user) != NO_BOUNDS)
    bits = RANGE_BITS;
  return s->bits[id] = (int8_t)(bits > MOST_BITS ? NO_BOUNDS : bits);
}

bool strip_is_bounded(Strips *s, uint32_t id, uint32_t block) {
  memset(s->bits, 0, s->values * sizeof *s->bits);
  return bits_of(s, id, block) != NO_BOUNDS;
}

/* ---- what bounds stand on ---- */

/* Is a number, which is not negative, of so few bits? */
static void ask_few_bits(StripAsk *ask, JitRef number, int bits) {
  JitFn *fn = ask->s->fn;
  JitRef others = strip_op(fn, QL_OP_BITWISE_AND, number, strip_int(fn, -((int64_t)1 << bits)));
  strip_and(ask, strip_op(fn, QL_OP_EQUAL, others, strip_int(fn, 0)));
}

static void ask_range(StripAsk *ask, const StripEnd *end, uint32_t id) {
  JitRef range = strip_op(ask->s->fn, QL_OP_SUBTRACT, end->highest[id], end->lowest[id]);
  ask_few_bits(ask, range, RANGE_BITS);
}

void strip_ask_bounds(StripAsk *ask, int end, uint32_t id) {
  JitRef lowest = ask->ends[end].lowest[id], highest = ask->ends[end].highest[id];
  if (lowest.id != highest.id)
    strip_and(ask, strip_op(ask->s->fn, QL_OP_LESS_EQUAL, lowest, highest));
}

/* ---- bounds, as code ---- */

static JitRef of_both(StripAsk *ask, const JitRef *values, QlOp op, uint32_t a, uint32_t b) {
  return strip_op(ask->s->fn, op, values[a], values[b]);
}

/* From 0 to what it is divided by, which is known at entry; or the other way. */
static void bound_remainder(StripAsk *ask, int end, uint32_t id, uint32_t by) {
  JitFn *fn = ask->s->fn;
  JitRef divisor = strip_clone(ask->s, by, ask->ends[end].value), zero = strip_int(fn, 0),
         one = strip_int(fn, 1), least = strip_op(fn, QL_OP_ADD, divisor, one);
  ask->ends[end].lowest[id] = strip_op(fn, QL_OP_MINIMUM, least, zero);
  JitRef most = strip_op(fn, QL_OP_SUBTRACT, divisor, one);
  ask->ends[end].highest[id] = strip_op(fn, QL_OP_MAXIMUM, most, zero);
  ask_range(ask, &ask->ends[end], id);
}

static void bound_product(StripAsk *ask, int end, uint32_t id, uint32_t factor, uint32_t other) {
  Strips *s = ask->s;
  JitFn *fn = s->fn;
  StripEnd *e = &ask->ends[end];
  int64_t number;
  JitRef by = e->lowest[factor], lowest = strip_op(fn, QL_OP_MULTIPLY, by, e->lowest[other]);
  if (strip_number(s, factor, &number)) {
    JitRef highest = strip_op(fn, QL_OP_MULTIPLY, by, e->highest[other]);
    e->lowest[id] = number < 0 ? highest : lowest, e->highest[id] = number < 0 ? lowest : highest;
    return;
  }
  JitRef half = strip_int(fn, (int64_t)1 << RANGE_BITS >> 1), zero = strip_int(fn, 0),
         range = strip_op(fn, QL_OP_SUBTRACT, e->highest[other], e->lowest[other]);
  ask_few_bits(ask, strip_op(fn, QL_OP_ADD, by, half), RANGE_BITS);
  ask_few_bits(ask, range, RANGE_BITS);
  range = strip_op(fn, QL_OP_MULTIPLY, by, range);
  JitRef below = strip_op(fn, QL_OP_MINIMUM, range, zero),
         above = strip_op(fn, QL_OP_MAXIMUM, range, zero);
  e->lowest[id] = strip_op(fn, QL_OP_ADD, lowest, below);
  e->highest[id] = strip_op(fn, QL_OP_ADD, lowest, above);
}

static void bound_op(StripAsk *ask, int end, uint32_t id, uint32_t block) {
  Strips *s = ask->s;
  JitFn *fn = s->fn;
  const IrIns ins = *strip_ins(s, id);
  JitRef *lowest = ask->ends[end].lowest, *highest = ask->ends[end].highest;
  uint32_t arm = strip_arm(s, id), a = ins.args[ins.op == QL_OP_SELECT],
           b = ins.args[(ins.op == QL_OP_SELECT) + 1];
  if (arm) {
    strip_bound(ask, end, arm, block);
    lowest[id] = lowest[arm], highest[id] = highest[arm];
    return;
  }
  if (ins.op == QL_OP_REMAINDER) {
    bound_remainder(ask, end, id, b);
    return;
  }
  if (ins.op == QL_OP_BITWISE_AND) {
    lowest[id] = strip_int(fn, 0), highest[id] = strip_clone(s, b, ask->ends[end].value);
    return;
  }
  strip_bound(ask, end, a, block), strip_bound(ask, end, b, block);
  bool sum = ins.op == QL_OP_ADD || ins.op == QL_OP_SUBTRACT || ins.op == QL_OP_MULTIPLY;
  if (!sum) strip_ask_bounds(ask, end, a), strip_ask_bounds(ask, end, b);
  switch ((QlOp)ins.op) {
    case QL_OP_SUBTRACT:
      lowest[id] = strip_op(fn, QL_OP_SUBTRACT, lowest[a], highest[b]);
      highest[id] = strip_op(fn, QL_OP_SUBTRACT, highest[a], lowest[b]);
      break;
    case QL_OP_MULTIPLY:
      if (strip_at_entry(s, a))
        bound_product(ask, end, id, a, b);
      else
        bound_product(ask, end, id, b, a);
      break;
    case QL_OP_SELECT:
      lowest[id] = of_both(ask, lowest, QL_OP_MINIMUM, a, b);
      highest[id] = of_both(ask, highest, QL_OP_MAXIMUM, a, b);
      ask_range(ask, &ask->ends[end], id);
      break;
    default:
      lowest[id] = of_both(ask, lowest, (QlOp)ins.op, a, b);
      highest[id] = of_both(ask, highest, (QlOp)ins.op, a, b);
      break;
  }
}

void strip_bound(StripAsk *ask, int end, uint32_t id, uint32_t block) {
  Strips *s = ask->s;
  JitRef *lowest = ask->ends[end].lowest, *highest = ask->ends[end].highest;
  Counter counter;
  if (lowest[id].id) return;
  if (strip_at_entry(s, id)) {
    lowest[id] = highest[id] = strip_clone(s, id, ask->ends[end].value);
  } else if (counter_of(s, id, block, &counter)) {
    strip_bound(ask, end, counter.from, block), strip_bound(ask, end, counter.below, block);
    strip_ask_bounds(ask, end, counter.from), strip_ask_bounds(ask, end, counter.below);
    JitRef one = strip_int(s->fn, 1),
           last = strip_op(s->fn, QL_OP_SUBTRACT, highest[counter.below], one);
    if (counter.times > 1) {
      JitRef times = strip_int(s->fn, counter.times);
      last = strip_op(s->fn, QL_OP_FLOOR_DIVIDE, last, times);
    }
    lowest[id] = lowest[counter.from];
    highest[id] = strip_op(s->fn, QL_OP_MAXIMUM, lowest[counter.from], last);
    ask_range(ask, &ask->ends[end], id);
  } else {
    bound_op(ask, end, id, block);
  }
}

/* ---- accesses ---- */

/* Equal expressions of so many levels. */
static bool is_same_value(Strips *s, uint32_t a, uint32_t b, int levels) {
  const IrIns *x = strip_ins(s, a), *y = strip_ins(s, b);
  if (a == b || !levels) return a == b;
  if (x->kind != y->kind || x->dtype != y->dtype || !strip_at_entry(s, a) || !strip_at_entry(s, b))
    return false;
  switch ((IrKind)x->kind) {
    case IR_CONST: return x->value.bits[0] == y->value.bits[0];
    case IR_PARAM: return x->number == y->number;
    case IR_OP:
      if (x->op != y->op) return false;
      break;
    case IR_CAST: break;
    default: return false;
  }
  for (int k = 0, count = ir_arg_count(x); k < count; k++)
    if (!is_same_value(s, x->args[k], y->args[k], levels - 1)) return false;
  return true;
}

static bool is_at_entry(Strips *s, uint32_t access) {
  const uint32_t *args = strip_ins(s, access)->args;
  return strip_at_entry(s, args[0]) && strip_at_entry(s, args[1]);
}

/* ---- rows ----
 *
 * What turns of a loop inside move may be stored too, if it lies in rows: planes[k, i, j] by k. Two
 * numbers k are two rows, which lie further apart than a strip is wide, as is asked. So an address
 * follows from what is known at entry, and from one number, times what is known at entry, by a few
 * operations: it is gone through as if nothing in it were there twice. */

/* *number: the one that was met before, or 0. */
static bool is_row_of(Strips *s, uint32_t id, uint32_t *number, int levels) {
  const IrIns *ins = strip_ins(s, id);
  uint32_t arm = strip_arm(s, id);
  if (strip_at_entry(s, id)) return true;
  if (!levels--) return false;
  if (arm) return is_row_of(s, arm, number, levels);
  if (ins->kind == IR_OP && (ins->op == QL_OP_ADD || ins->op == QL_OP_SUBTRACT))
    return is_row_of(s, ins->args[0], number, levels) && is_row_of(s, ins->args[1], number, levels);
  for (int a = 0; a < 2 && ins->kind == IR_OP && ins->op == QL_OP_MULTIPLY; a++)
    if (strip_at_entry(s, ins->args[a])) return is_row_of(s, ins->args[1 - a], number, levels);
  if (s->lane[id].kind != LANE_SAME || (*number && *number != id)) return false;
  *number = id;
  return true;
}

/* The number whose rows an access goes to; 0: none. false: it is no such access. */
static bool row_number(Strips *s, uint32_t access, uint32_t *number) {
  enum { LEVELS = 12 };
  const uint32_t *args = strip_ins(s, access)->args;
  *number = 0;
  return is_row_of(s, args[0], number, LEVELS) && is_row_of(s, args[1], number, LEVELS);
}

/* How far the value goes when the number is one more; id 0: nowhere. */
static JitRef distance(StripAsk *ask, uint32_t id, uint32_t number) {
  Strips *s = ask->s;
  const IrIns ins = *strip_ins(s, id);
  uint32_t arm = strip_arm(s, id);
  if (strip_at_entry(s, id)) return (JitRef){0};
  if (arm) return distance(ask, arm, number);
  if (id == number) return strip_int(s->fn, 1);
  if (ins.op == QL_OP_MULTIPLY) {
    int known = !strip_at_entry(s, ins.args[0]);
    JitRef by = strip_clone(s, ins.args[known], ask->ends[0].value),
           of = distance(ask, ins.args[1 - known], number);
    return of.id ? strip_op(s->fn, QL_OP_MULTIPLY, of, by) : of;
  }
  JitRef a = distance(ask, ins.args[0], number), b = distance(ask, ins.args[1], number);
  if (b.id && ins.op == QL_OP_SUBTRACT) b = jit_op(s->fn, QL_OP_NEGATIVE, 1, &b, (QlSource){0});
  return a.id && b.id ? strip_op(s->fn, QL_OP_ADD, a, b) : a.id ? a : b;
}

static void ask_rows(StripAsk *ask, uint32_t store) {
  Strips *s = ask->s;
  const IrIns ins = *strip_ins(s, store);
  uint32_t number;
  if (!row_number(s, store, &number) || !number) return;
  JitRef base = distance(ask, ins.args[0], number), offset = distance(ask, ins.args[1], number),
         far = base.id && offset.id ? strip_op(s->fn, QL_OP_ADD, base, offset)
                                    : (base.id ? base : offset);
  JitRef bytes = strip_int(s->fn, (int64_t)ask->lanes * ql_dtype_info[ins.dtype].size);
  far = jit_op(s->fn, QL_OP_ABSOLUTE, 1, &far, (QlSource){0});
  strip_and(ask, strip_op(s->fn, QL_OP_GREATER_EQUAL, far, bytes));
}

/* ---- pairs ---- */

/* The same address each time, or the same row for the same number. */
static bool are_at_one_place(Strips *s, uint32_t a, uint32_t b) {
  enum { LEVELS = 12 };
  const IrIns *x = strip_ins(s, a), *y = strip_ins(s, b);
  uint32_t number;
  bool same = x->args[0] == y->args[0] && x->args[1] == y->args[1] && row_number(s, a, &number);
  if (same) return ql_dtype_info[x->dtype].size == ql_dtype_info[y->dtype].size;
  return is_at_entry(s, a) && is_at_entry(s, b) &&
         is_same_value(s, x->args[0], y->args[0], LEVELS) &&
         is_same_value(s, x->args[1], y->args[1], LEVELS) &&
         ql_dtype_info[x->dtype].size == ql_dtype_info[y->dtype].size;
}

/* ---- memory that is known to be apart ---- */

/* The block of memory that an address lies in, if the function has allocated it; 0: not known. */
static uint32_t block_of(const Strips *s, uint32_t base) {
  for (;;) {
    const IrIns *ins = strip_ins(s, base);
    if (ins->kind == IR_HOST) return ir_host[ins->number].fresh ? base : 0;
    int64_t number;
    if (ins->kind != IR_OP || ins->op != QL_OP_ADD || !strip_number(s, ins->args[1], &number))
      return 0;
    base = ins->args[0];
  }
}

/* Is it made of parameters, numbers, and other blocks alone? Such an address is in no block. */
static bool is_outside(const Strips *s, uint32_t id, uint32_t block, int levels) {
  const IrIns *ins = strip_ins(s, id);
  if (ins->kind == IR_HOST) return ir_host[ins->number].fresh && id != block;
  if (ins->kind == IR_PARAM || ins->kind == IR_CONST) return true;
  if ((ins->kind != IR_OP && ins->kind != IR_CAST) || !levels) return false;
  for (int a = 0, count = ir_arg_count(ins); a < count; a++)
    if (!is_outside(s, ins->args[a], block, levels - 1)) return false;
  return true;
}

static bool are_known_apart(const Strips *s, uint32_t a, uint32_t b) {
  enum { LEVELS = 8 };
  uint32_t x = strip_ins(s, a)->args[0], y = strip_ins(s, b)->args[0];
  uint32_t of_x = block_of(s, x), of_y = block_of(s, y);
  return (of_x && is_outside(s, y, of_x, LEVELS)) || (of_y && is_outside(s, x, of_y, LEVELS));
}

/* ---- all ---- */

enum { MOST_ASKED = 24 };

/* Each pair of accesses of which one stores, and that are not at one place. */
static int to_ask(Strips *s, void (*each)(StripAsk *, uint32_t, uint32_t), StripAsk *ask) {
  int count = 0;
  for (uint32_t i = 0; i < s->access_count; i++)
    for (uint32_t k = 0; k < s->access_count; k++) {
      uint32_t store = s->access[i], other = s->access[k];
      bool pair = i != k && strip_is_store(s, store) && !(strip_is_store(s, other) && k < i);
      if (!pair || are_at_one_place(s, store, other) || are_known_apart(s, store, other)) continue;
      count++;
      each(ask, store, other);
    }
  return count;
}

static void check_bounds(Strips *s, uint32_t access) {
  const uint32_t *args = strip_ins(s, access)->args;
  s->refused |= !strip_is_bounded(s, args[0], s->home[access]) ||
                !strip_is_bounded(s, args[1], s->home[access]);
}

static void check_pair(StripAsk *ask, uint32_t a, uint32_t b) {
  check_bounds(ask->s, a), check_bounds(ask->s, b);
}

/* Where only a parameter says how far an element is from the next one, a loop over rows looks like
 * one over columns: but in that one the loops inside store no rows. */
void strip_find_accesses(Strips *s) {
  uint32_t number = 0;
  bool rows = false, units = false;
  s->access_count = 0;
  for (uint32_t id = 1; id < s->values; id++) {
    const IrIns *ins = strip_ins(s, id);
    if (!strip_is_inside(s, id) || (ins->kind != IR_LOAD_AT && ins->kind != IR_STORE_AT) ||
        strip_is_private(s, id))
      continue;
    bool store = ins->kind == IR_STORE_AT;
    Lane place = strip_place(s, id);
    int size = ql_dtype_info[ins->dtype].size;
    bool dense = place.kind == LANE_MOVES && place.step == (place.unit ? 1 : size);
    s->access[s->access_count++] = id;
    s->refused |= store && (!dense || !row_number(s, id, &number));
    rows |= store && number, units |= place.unit != 0;
  }
  s->refused |= rows && units;
  if (s->refused) return;
  bool many = to_ask(s, check_pair, &(StripAsk){.s = s}) > MOST_ASKED;
  s->refused |= many;
}

/* ---- what is asked ---- */

/* The first byte that an access touches, and the one behind the last: its own bounds. */
static void bound_access(StripAsk *ask, uint32_t access) {
  Strips *s = ask->s;
  const IrIns ins = *strip_ins(s, access);
  JitRef *lowest = ask->ends[0].lowest, *highest = ask->ends[0].highest;
  if (lowest[access].id) return;
  for (int a = 0; a < 2; a++) strip_bound(ask, 0, ins.args[a], s->home[access]);
  int elements = strip_place(s, access).kind == LANE_SAME ? 1 : ask->lanes;
  JitRef last = lowest[access] = of_both(ask, lowest, QL_OP_ADD, ins.args[0], ins.args[1]);
  if (!is_at_entry(s, access)) last = of_both(ask, highest, QL_OP_ADD, ins.args[0], ins.args[1]);
  highest[access] = last;
  strip_ask_bounds(ask, 0, access);
  JitRef bytes = strip_int(s->fn, (int64_t)elements * ql_dtype_info[ins.dtype].size);
  highest[access] = strip_op(s->fn, QL_OP_ADD, last, bytes);
}

static void ask_pair(StripAsk *ask, uint32_t a, uint32_t b) {
  JitFn *fn = ask->s->fn;
  bound_access(ask, a), bound_access(ask, b);
  const StripEnd *first = &ask->ends[0];
  JitRef before = strip_op(fn, QL_OP_LESS_EQUAL, first->highest[a], first->lowest[b]);
  JitRef behind = strip_op(fn, QL_OP_LESS_EQUAL, first->highest[b], first->lowest[a]);
  strip_and(ask, strip_op(fn, QL_OP_LOGICAL_OR, before, behind));
}

void strip_ask_apart(StripAsk *ask) {
  const Strips *s = ask->s;
  for (uint32_t i = 0; i < s->access_count; i++)
    if (strip_is_store(s, s->access[i])) ask_rows(ask, s->access[i]);
  to_ask(ask->s, ask_pair, ask);
}
