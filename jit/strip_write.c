/* Strips in the place of a loop:
 *
 *   head     j < n ? due : exit
 *   due      j < again ? single : wide
 *   wide     are there 32 iterations, inside of all edges? memory apart?     -> strip of 32
 *   narrow   the same of 8                                                    -> strip of 8
 *   edge     again: j + 4        beside   where memory is not apart; again: j + 64
 *   single   -> body: one iteration, as it was
 *
 * Body and strips go back to the head, with so many iterations more. */
#include "strips.h"

/* Where it goes on without a strip, and from which iteration on it asks again. */
typedef struct Single {
  JitBlock block;
  JitRef again;
} Single;

enum { AT_EDGES = 4, BESIDE_MEMORY = 64 }; /* iterations one by one, before it asks again */

static void go_single(Strips *s, const Single *single, int64_t wait) {
  JitRef by = strip_int(s->fn, wait), again = strip_op(s->fn, QL_OP_ADD, (JitRef){s->counter}, by);
  jit_phi_from(s->fn, single->again, (JitBlock){s->fn->open}, again);
  jit_jump(s->fn, single->block);
}

/* Ends the open block: where the condition holds, so far as there is one, in a new one. */
static void go_where(StripAsk *ask, JitBlock otherwise) {
  JitFn *fn = ask->s->fn;
  JitBlock on = jit_block_new(fn);
  if (ask->condition.id)
    jit_branch(fn, ask->condition, on, otherwise);
  else
    jit_jump(fn, on);
  ask->condition = (JitRef){0};
  jit_block_open(fn, on);
}

/* Asks in the open block for a strip, and writes it. Goes to `narrower` where it is too wide, and
 * to `beside` where iterations may touch each other's memory. */
static QlStatus write_strip(StripAsk *ask, JitBlock narrower, JitBlock beside, QlError *error) {
  Strips *s = ask->s;
  JitFn *fn = s->fn;
  JitRef counter = {s->counter}, rest = strip_op(fn, QL_OP_SUBTRACT, (JitRef){s->count}, counter),
         lanes = strip_int(fn, ask->lanes);
  ask->condition = strip_op(fn, QL_OP_GREATER_EQUAL, rest, lanes);
  go_where(ask, narrower);
  JitRef to_last = strip_int(fn, ask->lanes - 1);
  ask->ends[0].value[s->counter] = counter;
  ask->ends[1].value[s->counter] = strip_op(fn, QL_OP_ADD, counter, to_last);
  strip_ask_choices(ask);
  go_where(ask, narrower);
  strip_ask_memory(ask);
  go_where(ask, beside);
  return strip_copy(s, ask->lanes, error);
}

/* The body's phis get from the block before it what the head gave them. */
static void move_arms(Strips *s, uint32_t to) {
  JitFn *fn = s->fn;
  for (uint32_t i = 0; i < fn->blocks[s->body].count; i++) {
    const IrIns *ins = &fn->ins[fn->blocks[s->body].ins[i]];
    for (uint32_t arm = ins->kind == IR_PHI ? ins->extra : 0; arm; arm = fn->phis[arm].next)
      if (fn->phis[arm].block == s->head) fn->phis[arm].block = to;
  }
}

/* What the counter is at first. */
static JitRef first_count(const Strips *s) {
  for (uint32_t arm = strip_ins(s, s->counter)->extra; arm; arm = s->fn->phis[arm].next)
    if (s->fn->phis[arm].block == s->before) return (JitRef){s->fn->phis[arm].value};
  return (JitRef){0};
}

/* The phi of the iteration from which on it asks: in the head, which has ended. */
static JitRef open_again(Strips *s) {
  JitFn *fn = s->fn;
  IrBlock *head = &fn->blocks[s->head];
  uint8_t end = head->end;
  head->end = IR_OPEN;
  jit_block_open(fn, (JitBlock){s->head});
  JitRef again = jit_phi(fn, QL_I64, 0);
  fn->blocks[s->head].end = end;
  jit_phi_from(fn, again, (JitBlock){s->before}, first_count(s));
  return again;
}

/* Every strip goes back to the head with a new count, from which on it asks at once. */
static void close_again(Strips *s, JitRef again, const Single *single) {
  JitFn *fn = s->fn;
  for (uint32_t arm = strip_ins(s, s->counter)->extra; arm; arm = fn->phis[arm].next) {
    IrPhi from = fn->phis[arm];
    if (from.block == s->before) continue;
    JitRef value = from.block == s->latch ? single->again : (JitRef){from.value};
    jit_phi_from(fn, again, (JitBlock){from.block}, value);
  }
}

static QlStatus write_all(Strips *s, JitRef *asked, QlError *error) {
  JitFn *fn = s->fn;
  size_t values = s->values;
  JitRef again = open_again(s);
  JitBlock due = jit_block_new(fn), wide = jit_block_new(fn), narrow = jit_block_new(fn),
           edge = jit_block_new(fn), beside = jit_block_new(fn);
  Single single = {.block = jit_block_new(fn)};
  jit_block_open(fn, single.block);
  single.again = jit_phi(fn, QL_I64, 0);
  jit_jump(fn, (JitBlock){s->body});
  jit_block_open(fn, due);
  jit_phi_from(fn, single.again, due, again);
  jit_branch(fn, strip_op(fn, QL_OP_LESS, (JitRef){s->counter}, again), single.block, wide);
  for (int k = 0; k < 2; k++) {
    StripAsk ask = {.s = s, .lanes = k ? QL_MAX(STRIP_LEAST, s->width / 4) : s->width};
    for (int end = 0; end < 2; end++) {
      JitRef *own = asked + (size_t)(6 * k + 3 * end) * values;
      ask.ends[end] = (StripEnd){own, own + values, own + 2 * values};
    }
    jit_block_open(fn, k ? narrow : wide);
    QL_TRY(write_strip(&ask, k ? edge : narrow, beside, error));
  }
  jit_block_open(fn, edge), go_single(s, &single, AT_EDGES);
  jit_block_open(fn, beside), go_single(s, &single, BESIDE_MEMORY);
  close_again(s, again, &single);
  move_arms(s, single.block.id);
  fn->blocks[s->head].to[0] = due.id;
  return QL_OK;
}

/* Numbers and parameters go before the loop: its copies need none of their own. */
static QlStatus move_known(Strips *s, QlError *error) {
  JitFn *fn = s->fn;
  IrBlock *before = &fn->blocks[s->before];
  for (uint32_t b = 0; b < s->blocks; b++) {
    IrBlock *block = &fn->blocks[b];
    uint32_t kept = 0;
    for (uint32_t k = 0; k < block->count; k++) {
      uint32_t id = block->ins[k];
      bool known = strip_ins(s, id)->kind == IR_CONST || strip_ins(s, id)->kind == IR_PARAM;
      if (!s->inside[b] || !known) {
        block->ins[kept++] = id;
        continue;
      }
      if (!ir_grow(fn, &before->ins, &before->room, before->count + 1, sizeof *before->ins))
        return ql_fail(error, QL_ERR_MEMORY, "out of memory for a pass");
      before->ins[before->count++] = id, s->home[id] = s->before;
    }
    block->count = kept;
  }
  return QL_OK;
}

QlStatus strip_write(Strips *s, QlError *error) {
  JitFn *fn = s->fn;
  uint32_t open = fn->open;
  JitRef *asked = ql_pool_zeros(fn->pool, 12 * (size_t)s->values * sizeof *asked);
  if (!asked) return ql_fail(error, QL_ERR_MEMORY, "out of memory for a pass");
  QL_TRY(move_known(s, error));
  QL_TRY(write_all(s, asked, error));
  fn->open = open;
  return fn->bad.status ? ql_fail(error, fn->bad.status, "%s", fn->bad.text) : QL_OK;
}
