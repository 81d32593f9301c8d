/* The body of a loop once more, for a strip of iterations. What is each iteration's own has a lane
 * for each; everything else is computed as the first one does. Of what moves there is a value with
 * lanes, too, where it is needed so.
 *
 * Where iterations take different ways (strip_ways.c) the blocks of all ways become one, which says
 * in which lanes each is gone:
 *
 *     if image[i, jj] > best:           %m = greater %x, %best
 *         best = image[i, jj]           %best = where %m, %x, %best
 *
 * What is loaded on such a way is loaded in its lanes alone: in others it may not be there. */
#include "strips.h"

#include <string.h>

typedef struct Arm { /* of a phi where ways meet, which is not there yet */
  uint32_t phi;
  JitBlock from;
  JitRef value;
} Arm;

typedef struct Copy {
  Strips *s;
  JitRef *value;   /* [values] as the first iteration has it, or with a lane for each */
  JitRef *vector;  /* [values] of what moves and is needed so: with a lane for each */
  JitRef *mask;    /* [blocks] on the ways of a branch: the lanes in which the block is gone */
  JitBlock *block; /* [blocks] */
  bool *needed;    /* [values] what moves is needed so */
  bool *copied;    /* [blocks] */
  bool *between;   /* [blocks] on the ways of the branch at hand */
  Arm *arms;
  int arm_count, arm_room;
  JitBlock enter;
  JitRef lanes_of; /* where the instruction at hand is computed; id 0: in all lanes */
  int lanes;
  bool no_memory;
} Copy;

static bool moves(const Copy *c, uint32_t id) { return c->s->lane[id].kind == LANE_MOVES; }
static bool is_own(const Copy *c, uint32_t id) { return c->s->lane[id].kind == LANE_OWN; }
static const IrBlock *block_at(const Copy *c, uint32_t block) { return &c->s->fn->blocks[block]; }

/* ---- values ---- */

/* first + lane * step * unit */
static void make_vector(Copy *c, uint32_t id) {
  JitFn *fn = c->s->fn;
  Lane lane = c->s->lane[id];
  JitRef by = ir_lane(fn, c->lanes);
  if (lane.step != 1) by = strip_op(fn, QL_OP_MULTIPLY, by, strip_int(fn, lane.step));
  if (lane.unit) {
    JitRef unit = jit_param(fn, strip_ins(c->s, lane.unit)->number, (QlSource){0});
    by = strip_op(fn, QL_OP_MULTIPLY, by, unit);
  }
  c->vector[id] = strip_op(fn, QL_OP_ADD, c->value[id], by);
}

/* A value that the loop does not compute stays what it is. */
static JitRef value_of(const Copy *c, uint32_t id) {
  return c->value[id].id ? c->value[id] : (JitRef){id};
}

/* As an argument of what is each iteration's own. */
static JitRef own_value(const Copy *c, uint32_t id) {
  return moves(c, id) ? c->vector[id] : value_of(c, id);
}

static void find_needed(Copy *c) {
  const Strips *s = c->s;
  for (uint32_t id = 1; id < s->values; id++) {
    const IrIns *ins = strip_ins(s, id);
    if (!strip_is_inside(s, id)) continue;
    bool computed = ins->kind == IR_OP || ins->kind == IR_CAST;
    for (int a = 0; a < ir_arg_count(ins) && computed && is_own(c, id); a++)
      c->needed[ins->args[a]] |= moves(c, ins->args[a]);
    if (ins->kind == IR_STORE_AT) c->needed[ins->args[2]] |= moves(c, ins->args[2]);
    for (uint32_t arm = ins->kind == IR_PHI && is_own(c, id) ? ins->extra : 0; arm;
         arm = s->fn->phis[arm].next)
      c->needed[s->fn->phis[arm].value] |= moves(c, s->fn->phis[arm].value);
  }
}

/* ---- instructions ---- */

/* Has every iteration been there, before their ways part? */
static bool is_known_to_be_there(const Copy *c, uint32_t id) {
  const Strips *s = c->s;
  const IrIns *ins = strip_ins(s, id);
  for (uint32_t other = 1; other < s->values; other++) {
    const IrIns *access = strip_ins(s, other);
    if ((access->kind == IR_LOAD_AT || access->kind == IR_STORE_AT) && strip_is_inside(s, other) &&
        access->args[0] == ins->args[0] && access->args[1] == ins->args[1] &&
        access->dtype == ins->dtype && !c->between[s->home[other]] &&
        ir_dominates(&s->flow, s->home[other], s->home[id]))
      return true;
  }
  return false;
}

/* What is the same for all iterations is loaded where one of them asks for it. */
static JitRef load_where_some(Copy *c, const IrIns *ins, JitRef base, JitRef offset) {
  JitFn *fn = c->s->fn;
  JitRef some = ir_some(fn, c->lanes_of),
         zero = jit_const(fn, (QlDtype)ins->dtype, (QlValue){.bits = {0, 0}});
  JitBlock before = {fn->open}, load = jit_block_new(fn), on = jit_block_new(fn);
  jit_branch(fn, some, load, on);
  jit_block_open(fn, load);
  JitRef loaded = jit_load_at(fn, (QlDtype)ins->dtype, base, offset, ins->source);
  jit_jump(fn, on);
  jit_block_open(fn, on);
  JitRef value = jit_phi(fn, (QlDtype)ins->dtype, 0);
  jit_phi_from(fn, value, before, zero), jit_phi_from(fn, value, load, loaded);
  return value;
}

/* Is it a known element of private memory? */
static bool is_within(const Copy *c, const IrIns *ins) {
  const IrIns *stack = strip_ins(c->s, ins->args[0]);
  int64_t offset, size = ql_dtype_info[ins->dtype].size;
  return strip_number(c->s, ins->args[1], &offset) && offset >= 0 && offset <= stack->number - size;
}

/* Where the lanes of an element of private memory are. Where no lane asks for it, it need not be
 * there: the first is looked at instead. */
static JitRef private_offset(const Copy *c, uint32_t id) {
  JitFn *fn = c->s->fn;
  const IrIns ins = *strip_ins(c->s, id);
  JitRef offset = value_of(c, ins.args[1]);
  if (c->lanes_of.id && !is_within(c, &ins) && !is_known_to_be_there(c, id)) {
    JitRef some = ir_some(fn, c->lanes_of), first = strip_int(fn, 0);
    offset = jit_op(fn, QL_OP_SELECT, 3, (JitRef[]){some, offset, first}, ins.source);
  }
  return strip_op(fn, QL_OP_MULTIPLY, offset, strip_int(fn, c->lanes));
}

static JitRef load_private(const Copy *c, uint32_t id, JitRef offset) {
  const IrIns ins = *strip_ins(c->s, id);
  return ir_load_lanes(c->s->fn, (QlDtype)ins.dtype, value_of(c, ins.args[0]), offset, c->lanes,
                       (JitRef){0}, ins.source);
}

static JitRef copy_load(Copy *c, uint32_t id) {
  JitFn *fn = c->s->fn;
  const IrIns ins = *strip_ins(c->s, id);
  if (strip_is_private(c->s, id)) return load_private(c, id, private_offset(c, id));
  JitRef base = value_of(c, ins.args[0]), offset = value_of(c, ins.args[1]), none = {0};
  bool all = !c->lanes_of.id || is_known_to_be_there(c, id);
  if (!is_own(c, id) && !all) return load_where_some(c, &ins, base, offset);
  return ir_load_lanes(fn, (QlDtype)ins.dtype, base, offset, is_own(c, id) ? c->lanes : 0,
                       all ? none : c->lanes_of, ins.source);
}

/* In private memory other lanes keep what they have. */
static void copy_store(Copy *c, uint32_t id) {
  JitFn *fn = c->s->fn;
  const IrIns ins = *strip_ins(c->s, id);
  JitRef value = own_value(c, ins.args[2]),
         offset = strip_is_private(c->s, id) ? private_offset(c, id) : value_of(c, ins.args[1]);
  if (!fn->ins[value.id].lanes) value = ir_spread(fn, value, c->lanes);
  if (c->lanes_of.id) {
    JitRef before = load_private(c, id, offset);
    value = jit_op(fn, QL_OP_SELECT, 3, (JitRef[]){c->lanes_of, value, before}, ins.source);
  }
  jit_store_at(fn, value_of(c, ins.args[0]), offset, value, ins.source);
}

static void copy_ins(Copy *c, uint32_t id) {
  Strips *s = c->s;
  const IrIns ins = *strip_ins(s, id);
  JitRef args[3];
  switch ((IrKind)ins.kind) {
    case IR_STORE_AT: copy_store(c, id); return;
    case IR_LOAD_AT: c->value[id] = copy_load(c, id); return;
    case IR_STACK:
      c->value[id] = jit_stack(s->fn, (int64_t)ins.number * c->lanes, ins.source);
      return;
    default: break;
  }
  const uint32_t *from = ir_args(s->fn, strip_ins(s, id));
  uint32_t arm = strip_arm(s, id);
  for (int a = 0, count = arm ? 0 : ir_arg_count(&ins); a < count; a++)
    args[a] = is_own(c, id) ? own_value(c, from[a]) : value_of(c, from[a]);
  if (arm)
    c->value[id] = is_own(c, id) ? own_value(c, arm) : value_of(c, arm);
  else
    c->value[id] = strip_again(s->fn, &ins, args);
  if (c->needed[id]) make_vector(c, id);
}

/* ---- ways that part ---- */

static JitRef both(JitFn *fn, JitRef a, JitRef b, QlOp op) {
  return !a.id ? b : !b.id ? a : strip_op(fn, op, a, b);
}

/* The lanes that go from a block, on the ways of the branch `root` or its own, to another. */
static JitRef lanes_between(Copy *c, uint32_t root, uint32_t from, uint32_t to) {
  JitFn *fn = c->s->fn;
  JitRef lanes = from == root ? (JitRef){0} : c->mask[from];
  if (block_at(c, from)->end != IR_JNZ) return lanes;
  JitRef condition = value_of(c, block_at(c, from)->condition);
  if (block_at(c, from)->to[0] != to)
    condition = jit_op(fn, QL_OP_LOGICAL_NOT, 1, &condition, (QlSource){0});
  lanes = both(fn, lanes, condition, QL_OP_LOGICAL_AND);
  return fn->ins[lanes.id].lanes ? lanes : ir_spread(fn, lanes, c->lanes);
}

static bool leads_to(const Copy *c, uint32_t from, uint32_t to) {
  uint32_t targets[2];
  for (int t = 0, count = ir_targets(c->s->fn, from, targets); t < count; t++)
    if (targets[t] == to) return true;
  return false;
}

static bool is_on_way(const Copy *c, uint32_t root, uint32_t block) {
  return block == root || c->between[block];
}

/* What a phi gets by the ways of the branch, each in its lanes. */
static JitRef chosen(Copy *c, uint32_t root, uint32_t phi, uint32_t block) {
  JitFn *fn = c->s->fn;
  JitRef value = {0};
  for (uint32_t arm = strip_ins(c->s, phi)->extra; arm; arm = fn->phis[arm].next) {
    IrPhi from = fn->phis[arm];
    if (!is_on_way(c, root, from.block)) continue;
    JitRef own = own_value(c, from.value);
    if (!value.id) {
      value = own;
      continue;
    }
    JitRef lanes = lanes_between(c, root, from.block, block);
    value = jit_op(fn, QL_OP_SELECT, 3, (JitRef[]){lanes, own, value}, (QlSource){0});
  }
  return value;
}

static void go_block(Copy *c, uint32_t root, uint32_t block) {
  Strips *s = c->s;
  JitRef lanes = {0};
  for (uint32_t from = 0; from < s->blocks; from++)
    if (is_on_way(c, root, from) && leads_to(c, from, block))
      lanes = both(s->fn, lanes, lanes_between(c, root, from, block), QL_OP_LOGICAL_OR);
  c->mask[block] = c->lanes_of = lanes;
  for (uint32_t k = 0; k < block_at(c, block)->count; k++) {
    uint32_t id = block_at(c, block)->ins[k];
    if (strip_ins(s, id)->kind == IR_PHI)
      c->value[id] = chosen(c, root, id, block);
    else
      copy_ins(c, id);
  }
  c->lanes_of = (JitRef){0};
}

static void keep_arm(Copy *c, uint32_t phi, JitRef value) {
  JitFn *fn = c->s->fn;
  if (!ql_pool_grow(fn->pool, &c->arms, c->arm_count, &c->arm_room, sizeof *c->arms)) {
    c->no_memory = true;
    return;
  }
  c->arms[c->arm_count++] = (Arm){phi, {fn->open}, value};
}

/* All ways of the branch, in the open block, which goes on where they meet. Values of the ways are
 * needed nowhere else; the block may be on the ways of another branch, too. */
static void go_all_ways(Copy *c, uint32_t root) {
  Strips *s = c->s;
  uint32_t join = s->join[root];
  strip_between(s, root, join, c->between);
  for (uint32_t i = s->flow.position[root] + 1; i < s->flow.count; i++)
    if (c->between[s->flow.order[i]]) go_block(c, root, s->flow.order[i]);
  for (uint32_t k = 0; k < block_at(c, join)->count; k++) {
    uint32_t id = block_at(c, join)->ins[k];
    if (strip_ins(s, id)->kind != IR_PHI) break;
    keep_arm(c, id, chosen(c, root, id, join));
  }
  for (uint32_t id = 1; id < s->values; id++)
    if (s->home[id] != STRIP_NOWHERE && c->between[s->home[id]]) c->value[id] = (JitRef){0};
  jit_jump(s->fn, c->block[join]);
}

/* ---- blocks ---- */

/* Which blocks have a copy: those that are not on the ways of a branch alone. */
static void find_copied(Copy *c, uint32_t block) {
  const Strips *s = c->s;
  uint32_t to[2];
  if (c->copied[block] || !s->inside[block] || block == s->head) return;
  c->copied[block] = true;
  if (s->join[block] != STRIP_NOWHERE) {
    find_copied(c, s->join[block]);
    return;
  }
  for (int t = 0, count = ir_targets(s->fn, block, to); t < count; t++) find_copied(c, to[t]);
}

static void copy_phi(Copy *c, uint32_t id) {
  JitFn *fn = c->s->fn;
  JitRef phi = jit_phi(fn, (QlDtype)strip_ins(c->s, id)->dtype, 0);
  if (phi.id && is_own(c, id)) fn->ins[phi.id].lanes = (uint8_t)c->lanes;
  c->value[id] = phi;
}

/* From blocks that have copies; what comes by ways that parted is kept. */
static void copy_arms(Copy *c, uint32_t id) {
  Strips *s = c->s;
  for (uint32_t arm = strip_ins(s, id)->extra; arm; arm = s->fn->phis[arm].next) {
    IrPhi from = s->fn->phis[arm];
    bool before = from.block == s->head;
    if (!before && (!c->copied[from.block] || s->join[from.block] != STRIP_NOWHERE)) continue;
    jit_phi_from(s->fn, c->value[id], before ? c->enter : c->block[from.block],
                 is_own(c, id) ? own_value(c, from.value) : value_of(c, from.value));
  }
}

void strip_add_arm(JitFn *fn, uint32_t phi, uint32_t block, uint32_t value) {
  if (!ir_grow(fn, &fn->phis, &fn->phi_room, fn->phi_count + 1, sizeof *fn->phis)) return;
  uint32_t added = fn->phi_count++, *link = &fn->ins[phi].extra;
  while (*link) link = &fn->phis[*link].next;
  fn->phis[added] = (IrPhi){.block = block, .value = value};
  *link = added;
  fn->ins[phi].count++;
}

/* What the phis of a block outside get from the loop's block they get from the open one. */
static void copy_exit(const Copy *c, uint32_t from, uint32_t to) {
  JitFn *fn = c->s->fn;
  for (uint32_t i = 0; i < fn->blocks[to].count; i++) {
    uint32_t id = fn->blocks[to].ins[i], value = 0;
    if (fn->ins[id].kind != IR_PHI) return;
    for (uint32_t arm = fn->ins[id].extra; arm; arm = fn->phis[arm].next)
      if (fn->phis[arm].block == from) value = fn->phis[arm].value;
    strip_add_arm(fn, id, fn->open, value);
  }
}

static JitBlock copy_target(Copy *c, uint32_t from, uint32_t to) {
  Strips *s = c->s;
  if (to == s->head) {
    JitRef lanes = strip_int(s->fn, c->lanes),
           next = strip_op(s->fn, QL_OP_ADD, (JitRef){s->counter}, lanes);
    strip_add_arm(s->fn, s->counter, s->fn->open, next.id);
    return (JitBlock){s->head};
  }
  if (s->inside[to]) return c->block[to];
  copy_exit(c, from, to);
  return (JitBlock){to};
}

static void copy_end(Copy *c, uint32_t block) {
  Strips *s = c->s;
  const IrBlock end = *block_at(c, block);
  int way;
  if (s->join[block] != STRIP_NOWHERE) {
    go_all_ways(c, block);
    return;
  }
  bool stays = strip_leaves(s, block, &way) && strip_at_entry(s, end.condition);
  JitBlock first = copy_target(c, block, end.to[stays ? way : 0]);
  if (end.end == IR_JNZ && !stays)
    jit_branch(s->fn, value_of(c, end.condition), first, copy_target(c, block, end.to[1]));
  else
    jit_jump(s->fn, first);
}

static void copy_block(Copy *c, uint32_t block) {
  Strips *s = c->s;
  uint32_t count = block_at(c, block)->count, k = 0;
  jit_block_open(s->fn, c->block[block]);
  for (; k < count && strip_ins(s, block_at(c, block)->ins[k])->kind == IR_PHI; k++)
    copy_phi(c, block_at(c, block)->ins[k]);
  for (uint32_t phi = 0; phi < k; phi++)
    if (c->needed[block_at(c, block)->ins[phi]]) make_vector(c, block_at(c, block)->ins[phi]);
  for (; k < count; k++) copy_ins(c, block_at(c, block)->ins[k]);
  copy_end(c, block);
}

static void copy_loop(Copy *c) {
  Strips *s = c->s;
  JitFn *fn = s->fn;
  find_needed(c);
  find_copied(c, s->body);
  c->enter = (JitBlock){fn->open};
  for (uint32_t i = 0; i < block_at(c, s->head)->count; i++) {
    uint32_t id = block_at(c, s->head)->ins[i];
    c->value[id] = (JitRef){id};
    if (c->needed[id]) make_vector(c, id);
  }
  for (uint32_t b = 0; b < s->blocks; b++)
    if (c->copied[b]) c->block[b] = jit_block_new(fn);
  jit_jump(fn, c->block[s->body]);
  for (uint32_t i = 0; i < s->flow.count; i++)
    if (c->copied[s->flow.order[i]]) copy_block(c, s->flow.order[i]);
  for (uint32_t id = 1; id < s->values; id++)
    if (s->home[id] != STRIP_NOWHERE && c->copied[s->home[id]] && strip_ins(s, id)->kind == IR_PHI)
      copy_arms(c, id);
  for (int k = 0; k < c->arm_count; k++)
    jit_phi_from(fn, c->value[c->arms[k].phi], c->arms[k].from, c->arms[k].value);
}

QlStatus strip_copy(Strips *s, int lanes, QlError *error) {
  size_t values = s->values, blocks = s->blocks;
  Copy c = {.s = s, .lanes = lanes};
  c.value = ql_pool_zeros(s->fn->pool, (2 * values + 2 * blocks) * sizeof *c.value);
  c.needed = ql_pool_zeros(s->fn->pool, values + 2 * blocks);
  if (!c.value || !c.needed) return ql_fail(error, QL_ERR_MEMORY, "out of memory for a pass");
  c.vector = c.value + values, c.mask = c.vector + values;
  c.block = (JitBlock *)(c.mask + blocks);
  c.copied = c.needed + values, c.between = c.copied + blocks;
  copy_loop(&c);
  return c.no_memory ? ql_fail(error, QL_ERR_MEMORY, "out of memory for a pass") : QL_OK;
}
