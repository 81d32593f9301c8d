/* What of a value differs from one iteration of a loop to the next. For
 *
 *     for j in range(n):
 *         for jj in range(max(j - 3, 0), min(j + 4, n)):
 *             best = max(best, image[i, jj])
 *
 * j - 3 moves by one. A strip is a run of iterations in which comparisons of what moves come out
 * alike, so max(j - 3, 0) is j - 3 in all of them, or in none: a strip asks that it is. Then both
 * bounds move by one, and their distance, the number of turns, is the same in all iterations; jj
 * moves by one, too, and what is loaded there is each iteration's own.
 *
 * No value is held to be known before all that it follows from is: that goes round until nothing
 * changes. */
#include "strips.h"

static Lane same(void) { return (Lane){.kind = LANE_SAME}; }
static Lane own(void) { return (Lane){.kind = LANE_OWN}; }

/* Beyond such steps nothing is said. */
enum { MOST_STEP = 1 << 30 };

static Lane moves(int64_t step, uint32_t unit) {
  if (step == 0) return same();
  if (step > MOST_STEP || step < -MOST_STEP) return own();
  return (Lane){.kind = LANE_MOVES, .step = step, .unit = unit};
}

static bool equal(Lane a, Lane b) {
  return a.kind == b.kind && a.step == b.step && a.unit == b.unit;
}

/* Of what is either. */
static Lane either(Lane a, Lane b) {
  if (a.kind == LANE_UNKNOWN) return b;
  return b.kind == LANE_UNKNOWN || equal(a, b) ? a : own();
}

bool strip_number(const Strips *s, uint32_t id, int64_t *number) {
  const IrIns *ins = strip_ins(s, id);
  *number = ins->value.i;
  return ins->kind == IR_CONST && ins->dtype == QL_I64;
}

bool strip_at_entry(Strips *s, uint32_t id) {
  const IrIns *ins = strip_ins(s, id);
  if (!strip_is_inside(s, id) || id == s->counter) return true;
  if (s->entry[id]) return s->entry[id] == 1;
  bool known =
      ins->kind == IR_CONST || ins->kind == IR_PARAM || ins->kind == IR_OP || ins->kind == IR_CAST;
  for (int a = 0, count = known ? ir_arg_count(ins) : 0; a < count; a++)
    known = known && strip_at_entry(s, strip_ins(s, id)->args[a]);
  s->entry[id] = known ? 1 : 2;
  return known;
}

/* ---- sums ---- */

static Lane sum(Lane a, Lane b, int sign) {
  bool both = a.kind == LANE_MOVES && b.kind == LANE_MOVES;
  if (a.kind == LANE_OWN || b.kind == LANE_OWN || (both && a.unit != b.unit)) return own();
  return moves((a.kind == LANE_MOVES ? a.step : 0) + sign * (b.kind == LANE_MOVES ? b.step : 0),
               a.kind == LANE_MOVES ? a.unit : b.unit);
}

/* What moves, times what is the same. */
static Lane product(const Strips *s, Lane a, uint32_t factor) {
  int64_t number;
  if (a.kind != LANE_MOVES || s->lane[factor].kind != LANE_SAME) return own();
  if (strip_number(s, factor, &number))
    return number > MOST_STEP || number < -MOST_STEP ? own() : moves(a.step * number, a.unit);
  bool is_unit = strip_ins(s, factor)->kind == IR_PARAM && !a.unit;
  return is_unit ? moves(a.step, factor) : own();
}

/* ---- choices ---- */

/* Can a strip ask for something of these two whole numbers? */
static bool can_ask(Strips *s, uint32_t id) {
  const IrIns *ins = strip_ins(s, id);
  uint32_t block = s->home[id];
  bool any = false;
  for (int a = 0; a < 2; a++) {
    Lane lane = s->lane[ins->args[a]];
    if (lane.kind == LANE_OWN || lane.unit || !strip_is_bounded(s, ins->args[a], block))
      return false;
    any |= lane.kind == LANE_MOVES;
  }
  return any;
}

/* That of the head is true in all iterations. */
static Lane comparison(Strips *s, uint32_t id) {
  if (id == s->fn->blocks[s->head].condition) return same();
  if (!can_ask(s, id)) return own();
  s->want[id] = QL_MAX(s->want[id], WANT_ALIKE);
  return same();
}

/* Of two whole numbers of which one moves and the other does not, the strip asks for one. Which one
 * makes loops inside alike is found by trying: of max(j - 3, 0) the one that moves, of min(3, n -
 * j) the other. */
static bool wanted(Strips *s, uint32_t by, const uint32_t arms[2], Lane *lane) {
  Lane a = s->lane[arms[0]], b = s->lane[arms[1]];
  bool one = (a.kind == LANE_MOVES && b.kind == LANE_SAME) ||
             (a.kind == LANE_SAME && b.kind == LANE_MOVES),
       stays = s->stays[by];
  uint8_t want = (a.kind == LANE_MOVES) != stays ? WANT_FIRST : WANT_SECOND;
  if (!one || (s->want[by] > WANT_ALIKE && s->want[by] != want)) return false;
  s->want[by] = want;
  *lane = want == WANT_FIRST ? a : b;
  return true;
}

static Lane choice(Strips *s, const IrIns *ins) {
  Lane a = s->lane[ins->args[1]], b = s->lane[ins->args[2]], lane;
  if (s->lane[ins->args[0]].kind != LANE_SAME) return own();
  if (equal(a, b) && a.kind != LANE_OWN) return a;
  bool asked = s->want[ins->args[0]] != WANT_NOTHING;
  return asked && wanted(s, ins->args[0], ins->args + 1, &lane) ? lane : own();
}

static Lane extreme(Strips *s, uint32_t id) {
  const IrIns *ins = strip_ins(s, id);
  Lane lane;
  return can_ask(s, id) && wanted(s, id, ins->args, &lane) ? lane : own();
}

/* (j + q) % n is j + q, unless it wraps. */
static Lane rest(Strips *s, uint32_t id) {
  const uint32_t *args = strip_ins(s, id)->args;
  int64_t divisor;
  bool small = strip_number(s, args[1], &divisor) && divisor < IR_MOST_LANES;
  if (s->lane[args[0]].kind != LANE_MOVES || s->lane[args[1]].kind != LANE_SAME || small ||
      !can_ask(s, id))
    return own();
  s->want[id] = WANT_FIRST;
  return s->lane[args[0]];
}

bool strip_is_asked(const Strips *s, uint32_t id) {
  return strip_is_inside(s, id) && s->want[id] != WANT_NOTHING && s->lane[id].kind != LANE_OWN;
}

uint32_t strip_arm(const Strips *s, uint32_t id) {
  const IrIns *ins = strip_ins(s, id);
  bool selects = ins->op == QL_OP_SELECT;
  uint32_t by = selects ? ins->args[0] : id;
  if (ql_is_comparison((QlOp)ins->op) || !strip_is_asked(s, by) || s->want[by] == WANT_ALIKE)
    return 0;
  return ins->args[selects + (s->want[by] == WANT_SECOND)];
}

/* ---- all ---- */

/* Functions that go through memory, and divisions that vectors do not have. */
static bool is_slow(const Strips *s, const IrIns *ins) {
  QlDtype loop = (QlDtype)strip_ins(s, ins->args[ir_arg_count(ins) - 1])->dtype;
  QlKind kind = (QlKind)ql_dtype_info[loop].kind;
  bool whole = kind == QL_KIND_INT || kind == QL_KIND_UINT;
  int64_t number;
  switch ((QlOp)ins->op) {
    case QL_OP_GCD:
    case QL_OP_LCM:
    case QL_OP_NEXTAFTER: return true;
    case QL_OP_POWER:
    case QL_OP_FLOAT_POWER: return whole || kind == QL_KIND_COMPLEX;
    case QL_OP_FLOOR_DIVIDE:
    case QL_OP_REMAINDER:
    case QL_OP_FMOD:
      return whole && ql_dtype_info[loop].size == 8 &&
             !(strip_number(s, ins->args[1], &number) && number > 0);
    default: return false;
  }
}

static Lane lane_of_op(Strips *s, uint32_t id) {
  const IrIns *ins = strip_ins(s, id);
  int count = ir_arg_count(ins);
  bool all_same = true;
  for (int a = 0; a < count; a++) {
    if (s->lane[ins->args[a]].kind == LANE_UNKNOWN) return (Lane){0};
    all_same = all_same && s->lane[ins->args[a]].kind == LANE_SAME;
  }
  if (all_same) return same();
  Lane a = s->lane[ins->args[0]], b = count > 1 ? s->lane[ins->args[1]] : same();
  Lane lane = own();
  if (ql_is_comparison((QlOp)ins->op)) {
    lane = comparison(s, id);
  } else if (ins->dtype == QL_I64)
    switch ((QlOp)ins->op) {
      case QL_OP_ADD: lane = sum(a, b, 1); break;
      case QL_OP_SUBTRACT: lane = sum(a, b, -1); break;
      case QL_OP_NEGATIVE: lane = sum(same(), a, -1); break;
      case QL_OP_MULTIPLY:
        lane = a.kind == LANE_MOVES ? product(s, a, ins->args[1]) : product(s, b, ins->args[0]);
        break;
      case QL_OP_SELECT: lane = choice(s, ins); break;
      case QL_OP_MINIMUM:
      case QL_OP_MAXIMUM: lane = extreme(s, id); break;
      case QL_OP_REMAINDER: lane = rest(s, id); break;
      default: break;
    }
  s->refused |= lane.kind == LANE_OWN && is_slow(s, ins);
  return lane;
}

Lane strip_place(const Strips *s, uint32_t id) {
  const uint32_t *args = strip_ins(s, id)->args;
  Lane base = s->lane[args[0]], offset = s->lane[args[1]];
  if (base.kind == LANE_UNKNOWN || offset.kind == LANE_UNKNOWN) return (Lane){0};
  return sum(base, offset, 1);
}

/* Do iterations touch one element after the other? By a parameter, it is asked. */
static bool is_dense(const Strips *s, uint32_t id) {
  Lane place = strip_place(s, id);
  return place.kind == LANE_MOVES &&
         (place.unit ? place.step == 1 : place.step == ql_dtype_info[strip_ins(s, id)->dtype].size);
}

/* Private memory is each iteration's own: an element has a lane for each, behind one another. So
 * all iterations touch the same one, and it is of the same dtype each time. */
static void check_private(Strips *s, uint32_t stack) {
  int dtype = -1;
  for (uint32_t id = 1; id < s->values; id++) {
    const IrIns *ins = strip_ins(s, id);
    const uint32_t *args = ir_args(s->fn, ins);
    bool access = ins->kind == IR_LOAD_AT || ins->kind == IR_STORE_AT;
    if (s->home[id] == STRIP_NOWHERE) continue;
    for (int a = 0, count = ir_arg_count(ins); a < count; a++) {
      if (args[a] != stack) continue;
      s->refused |= !access || a != 0 || (dtype >= 0 && dtype != ins->dtype);
      dtype = ins->dtype;
    }
    for (uint32_t arm = ins->kind == IR_PHI ? ins->extra : 0; arm; arm = s->fn->phis[arm].next)
      s->refused |= s->fn->phis[arm].value == stack;
  }
}

static Lane lane_of_private(Strips *s, uint32_t id) {
  uint8_t kind = s->lane[strip_ins(s, id)->args[1]].kind;
  s->refused |= kind > LANE_SAME;
  return kind == LANE_UNKNOWN ? (Lane){0} : own();
}

static Lane lane_of_load(Strips *s, uint32_t id) {
  if (strip_is_private(s, id)) return lane_of_private(s, id);
  Lane place = strip_place(s, id);
  if (place.kind == LANE_UNKNOWN || place.kind == LANE_SAME) return place;
  s->refused |= !is_dense(s, id);
  return own();
}

static Lane lane_of_phi(const Strips *s, uint32_t id) {
  Lane lane = {0};
  if (s->torn[s->home[id]]) return own();
  for (uint32_t arm = strip_ins(s, id)->extra; arm; arm = s->fn->phis[arm].next)
    lane = either(lane, s->lane[s->fn->phis[arm].value]);
  return lane;
}

static Lane lane_of(Strips *s, uint32_t id) {
  const IrIns *ins = strip_ins(s, id);
  if (id == s->counter) return moves(1, 0);
  switch ((IrKind)ins->kind) {
    case IR_CONST:
    case IR_PARAM: return same();
    case IR_LOAD_AT: return lane_of_load(s, id);
    case IR_OP: return lane_of_op(s, id);
    case IR_CAST: {
      uint8_t kind = s->lane[ins->args[0]].kind;
      return kind == LANE_MOVES ? own() : (Lane){.kind = kind};
    }
    case IR_PHI: return lane_of_phi(s, id);
    case IR_HOST:
      s->refused |= ins->number != JIT_HOST_POLL && ins->number != JIT_HOST_LOOK;
      return same();
    case IR_STORE_AT:
      if (strip_is_private(s, id)) lane_of_private(s, id);
      return same();
    case IR_STACK: return same();
    default: s->refused = true; return same();
  }
}

void strip_find_lanes(Strips *s) {
  for (uint32_t id = 1; id < s->values; id++) {
    s->lane[id] = strip_is_inside(s, id) ? (Lane){0} : same();
    if (strip_is_inside(s, id) && strip_ins(s, id)->kind == IR_STACK) check_private(s, id);
  }
  for (bool changed = true; changed && !s->refused;) {
    changed = false;
    for (uint32_t i = 0; i < s->flow.count; i++) {
      uint32_t at = s->flow.order[i];
      const IrBlock *block = &s->fn->blocks[at];
      if (!s->inside[at]) continue;
      for (uint32_t k = 0; k < block->count; k++) {
        uint32_t id = block->ins[k];
        Lane lane = either(s->lane[id], lane_of(s, id));
        changed |= !equal(lane, s->lane[id]);
        s->lane[id] = lane;
      }
      bool parts = ir_end(s->fn, at) == IR_JNZ && s->lane[block->condition].kind == LANE_OWN;
      if (!parts || s->join[at] != STRIP_NOWHERE || s->refused) continue;
      changed = true;
      strip_part(s, at);
    }
  }
}
