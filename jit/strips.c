/* Strips: a loop whose iterations do not depend on one another, around loops with the same number
 * of turns in all of them, goes in strips of iterations that are computed together. For
 *
 *     for j in range(n):
 *         best = image[i, j]
 *         for ii in range(max(i - 3, 0), min(i + 4, m)):
 *             for jj in range(max(j - 3, 0), min(j + 4, n)):
 *                 best = max(best, image[ii, jj])
 *         out[i, j] = best
 *
 * `best` has 32 lanes, one for each of 32 neighbouring iterations, and image[ii, jj] is 32 elements
 * behind each other: that is what vectors of the processor are for, while the inner loop alone must
 * compare one element after the other. Each iteration does what it did, in its order, so no bit
 * changes. Where windows are cut at an edge, or fewer iterations are left, they go one by one.
 *
 * Requires a verified function of rank 0 behind dce, whose loops have no variables that nobody
 * needs; ensures one. Code that it leaves unused goes with the next dce. */
#include "strips.h"

#include <stdlib.h>
#include <string.h>

enum { MOST_VALUES = 600 }; /* and blocks, in a loop: its body is written three times */

/* ---- the loop ---- */

/* The blocks from which the latch is reached without the head. */
static void find_inside(const Strips *s, uint32_t head, uint32_t latch, bool *inside) {
  const JitFn *fn = s->fn;
  inside[head] = inside[latch] = true;
  for (bool changed = true; changed;) {
    changed = false;
    for (uint32_t i = s->flow.count; i-- > 0;) {
      uint32_t to[2], block = s->flow.order[i];
      for (int t = 0, count = ir_targets(fn, block, to); t < count; t++)
        if (!inside[block] && inside[to[t]] && to[t] != head) inside[block] = changed = true;
    }
  }
}

/* One way in, and one way back. */
static bool find_ways(Strips *s, uint32_t head) {
  int before = 0, again = 0;
  for (uint32_t i = 0; i < s->flow.count; i++) {
    uint32_t to[2], block = s->flow.order[i];
    for (int t = 0, count = ir_targets(s->fn, block, to); t < count; t++) {
      if (to[t] != head) continue;
      if (ir_dominates(&s->flow, head, block))
        again++, s->latch = block;
      else
        before++, s->before = block;
    }
  }
  s->head = head;
  return before == 1 && again == 1 && s->latch != head;
}

/* for (k = ...; k < count; k++), and no other variable goes from turn to turn. */
static bool find_counter(Strips *s) {
  const JitFn *fn = s->fn;
  const IrBlock *head = &fn->blocks[s->head];
  if (ir_end(fn, s->head) != IR_JNZ || !s->inside[head->to[0]] || s->inside[head->to[1]] ||
      head->to[0] == s->head)
    return false;
  const IrIns *asked = strip_ins(s, head->condition);
  if (asked->kind != IR_OP || asked->op != QL_OP_LESS || s->home[head->condition] != s->head)
    return false;
  s->counter = asked->args[0], s->count = asked->args[1];
  s->body = head->to[0], s->exit = head->to[1];
  const IrIns *phi = strip_ins(s, s->counter);
  if (phi->kind != IR_PHI || s->home[s->counter] != s->head || phi->dtype != QL_I64 ||
      strip_is_inside(s, s->count))
    return false;
  for (uint32_t i = 0; i < head->count; i++)
    if (strip_ins(s, head->ins[i])->kind == IR_PHI && head->ins[i] != s->counter) return false;
  for (uint32_t arm = phi->extra; arm; arm = fn->phis[arm].next) {
    const IrIns *next = strip_ins(s, fn->phis[arm].value);
    int64_t one;
    if (fn->phis[arm].block != s->latch) continue;
    for (int a = 0; a < 2 && next->kind == IR_OP && next->op == QL_OP_ADD; a++)
      if (next->args[a] == s->counter && strip_number(s, next->args[1 - a], &one) && one == 1)
        return true;
  }
  return false;
}

/* Marks the loops inside; false: there are none. */
static bool find_deeper(Strips *s) {
  bool any = false;
  for (uint32_t i = 0; i < s->flow.count; i++) {
    uint32_t to[2], block = s->flow.order[i];
    for (int t = 0, count = ir_targets(s->fn, block, to); t < count; t++)
      if (s->inside[block] && s->inside[to[t]] && to[t] != s->head &&
          ir_dominates(&s->flow, to[t], block))
        any = true, find_inside(s, to[t], block, s->deeper);
  }
  return any;
}

/* ---- may it, and is it worth it? ---- */

/* Where a loop is left before its end: where the program is stopped, */
static bool asks_to_stop(const Strips *s, uint32_t block) {
  const IrIns *condition = strip_ins(s, s->fn->blocks[block].condition);
  for (int a = 0, count = condition->kind == IR_OP ? ir_arg_count(condition) : 0; a < count; a++) {
    const IrIns *arg = strip_ins(s, condition->args[a]);
    if (arg->kind == IR_HOST && arg->number == JIT_HOST_LOOK) return true;
  }
  return false;
}

/* or where it is known at entry that an iteration raises something. */
static bool asks_at_entry(Strips *s, uint32_t block) {
  return strip_at_entry(s, s->fn->blocks[block].condition);
}

static bool stays(Strips *s) {
  for (uint32_t i = 0; i < s->flow.count; i++) {
    uint32_t to[2], block = s->flow.order[i];
    if (!s->inside[block]) continue;
    for (int t = 0, count = ir_targets(s->fn, block, to); t < count; t++)
      if (!s->inside[to[t]] && block != s->head && !asks_to_stop(s, block) &&
          !asks_at_entry(s, block))
        return false;
  }
  return true;
}

/* A value of the body; numbers and parameters are known before it (strip_write.c). */
static bool is_of_body(const Strips *s, uint32_t id) {
  return id && strip_is_inside(s, id) && s->home[id] != s->head &&
         strip_ins(s, id)->kind != IR_CONST && strip_ins(s, id)->kind != IR_PARAM;
}

/* Does anything behind the loop need what an iteration has computed? */
static bool is_needed_behind(const Strips *s) {
  for (uint32_t b = 0; b < s->blocks; b++) {
    const IrBlock *block = &s->fn->blocks[b];
    if (s->inside[b]) continue;
    if (is_of_body(s, block->condition)) return true;
    for (uint32_t i = 0; i < block->count; i++) {
      const IrIns *ins = strip_ins(s, block->ins[i]);
      const uint32_t *args = ir_args(s->fn, ins);
      for (int a = 0, count = ir_arg_count(ins); a < count; a++)
        if (is_of_body(s, args[a])) return true;
      for (uint32_t arm = ins->kind == IR_PHI ? ins->extra : 0; arm; arm = s->fn->phis[arm].next)
        if (is_of_body(s, s->fn->phis[arm].value)) return true;
    }
  }
  return false;
}

/* The head runs once for all iterations of a strip. */
static bool is_head_shared(const Strips *s) {
  const IrBlock *head = &s->fn->blocks[s->head];
  for (uint32_t k = 0; k < head->count; k++)
    if (s->lane[head->ins[k]].kind == LANE_OWN || strip_is_store(s, head->ins[k])) return false;
  return true;
}

/* Do the loops inside compute what is each iteration's own, and is it stored? */
static bool is_worth_it(const Strips *s) {
  bool own = false, stored = false;
  for (uint32_t id = 1; id < s->values; id++) {
    if (!strip_is_inside(s, id)) continue;
    const IrIns *ins = strip_ins(s, id);
    stored |= ins->kind == IR_STORE_AT && !strip_is_private(s, id);
    own |= s->deeper[s->home[id]] && s->lane[id].kind == LANE_OWN && ins->kind == IR_OP;
  }
  return own && stored;
}

/* ---- how wide? ---- */

enum { OF_ONE = 256, OF_ALL = 512 }; /* bytes: of a value, of what goes from turn to turn */

/* What is each iteration's own and goes from turn to turn of a loop inside, in bytes. */
static int own_of_turns(const Strips *s, uint32_t block) {
  int bytes = 0;
  for (uint32_t k = 0; k < s->fn->blocks[block].count && s->deeper[block]; k++) {
    uint32_t id = s->fn->blocks[block].ins[k];
    bool own = strip_ins(s, id)->kind == IR_PHI && s->lane[id].kind == LANE_OWN;
    bytes += own ? ql_dtype_info[strip_ins(s, id)->dtype].size : 0;
  }
  return bytes;
}

/* So many that the widest of what is each iteration's own fills some registers, all of it that goes
 * from turn to turn not too many, and private memory is not too much. */
static int width_of(const Strips *s) {
  int one = 1, all = 1, width = IR_MOST_LANES;
  int64_t private = 1;
  for (uint32_t id = 1; id < s->values; id++) {
    if (!strip_is_inside(s, id)) continue;
    if (s->lane[id].kind == LANE_OWN)
      one = QL_MAX(one, ql_dtype_info[strip_ins(s, id)->dtype].size);
    if (strip_ins(s, id)->kind == IR_STACK) private = QL_MAX(private, strip_ins(s, id)->number);
  }
  for (uint32_t block = 0; block < s->blocks; block++)
    if (s->inside[block]) all = QL_MAX(all, own_of_turns(s, block));
  while (width * one > OF_ONE || width * all > OF_ALL || width * private > IR_STACK_BYTES)
    width /= 2;
  return width;
}

/* As its choices are made now. */
static bool is_strip_so(Strips *s) {
  memset(s->want, 0, s->values * sizeof *s->want);
  memset(s->join, 0xff, s->blocks * sizeof *s->join);
  memset(s->torn, 0, s->blocks * sizeof *s->torn);
  s->refused = false;
  strip_find_lanes(s);
  if (s->refused || !stays(s) || !is_head_shared(s) || is_needed_behind(s) || !is_worth_it(s))
    return false;
  strip_find_accesses(s);
  s->width = width_of(s);
  return !s->refused && s->width >= STRIP_LEAST;
}

enum { MOST_TRIED = 6 };

/* max(0, turns): strips in which a loop has none are none. */
static bool is_no_turns(const Strips *s, uint32_t id) {
  const IrIns *ins = strip_ins(s, id);
  int64_t number;
  for (int a = 0; a < 2; a++)
    if (ins->op == QL_OP_MAXIMUM && strip_number(s, ins->args[a], &number) && number <= 0)
      return true;
  return false;
}

/* Is it one if what is chosen moves, or if one of these choices stays where it is? */
static bool is_strip(Strips *s) {
  uint32_t tried[MOST_TRIED], count = 0;
  memset(s->stays, 0, s->values * sizeof *s->stays);
  if (is_strip_so(s)) return true;
  for (uint32_t id = 1; id < s->values && count < MOST_TRIED; id++)
    if (strip_is_asked(s, id) && s->want[id] != WANT_ALIKE && !is_no_turns(s, id))
      tried[count++] = id;
  for (uint32_t k = 0; k < count; k++) {
    s->stays[tried[k]] = true;
    if (is_strip_so(s)) return true;
    s->stays[tried[k]] = false;
  }
  return false;
}

/* ---- the pass ---- */

/* What one look at a function needs, in one piece of memory. */
static QlStatus look(Strips *s, QlError *error) {
  JitFn *fn = s->fn;
  s->values = fn->ins_count, s->blocks = fn->block_count;
  QL_TRY(ir_flow(fn, &s->flow, error));
  size_t values = s->values;
  s->lane = malloc(values * (sizeof *s->lane + 2 * sizeof(uint32_t) + 4) +
                   s->blocks * (sizeof(uint32_t) + 5));
  if (!s->lane) return ql_fail(error, QL_ERR_MEMORY, "out of memory for a pass");
  s->home = (uint32_t *)(s->lane + values), s->access = s->home + values;
  s->join = s->access + values;
  s->want = (uint8_t *)(s->join + s->blocks), s->entry = s->want + values;
  s->bits = (int8_t *)(s->entry + values), s->stays = (bool *)(s->bits + values);
  s->inside = s->stays + values, s->deeper = s->inside + s->blocks;
  s->torn = s->deeper + s->blocks, s->heads = s->torn + 2 * (size_t)s->blocks;
  memset(s->heads, 0, s->blocks * sizeof *s->heads);
  memset(s->home, 0xff, values * sizeof *s->home);
  for (uint32_t i = 0; i < s->flow.count; i++) {
    uint32_t block = s->flow.order[i];
    for (uint32_t k = 0; k < fn->blocks[block].count; k++)
      s->home[fn->blocks[block].ins[k]] = block;
    uint32_t to[2];
    for (int t = 0, count = ir_targets(fn, block, to); t < count; t++)
      s->heads[to[t]] |= s->flow.position[to[t]] <= i;
  }
  return QL_OK;
}

static void forget(Strips *s) {
  free(s->lane);
  ir_flow_free(&s->flow);
}

static bool begin_loop(Strips *s, uint32_t head, const bool *done) {
  memset(s->inside, 0, 2 * (size_t)s->blocks * sizeof *s->inside);
  memset(s->entry, 0, s->values * sizeof *s->entry);
  if (!find_ways(s, head)) return false;
  find_inside(s, head, s->latch, s->inside);
  uint32_t values = 0;
  for (uint32_t b = 0; b < s->blocks; b++) {
    if (s->inside[b] && done[b]) return false;
    values += s->inside[b] ? s->fn->blocks[b].count + 1 : 0;
  }
  return values <= MOST_VALUES && find_counter(s) && find_deeper(s);
}

static QlStatus note_strip(const Strips *s, QlError *error) {
  JitFn *module = s->fn->module;
  if (!ir_grow(module, &module->strips, &module->strip_room, module->strip_count + 1,
               sizeof *module->strips))
    return ql_fail(error, QL_ERR_MEMORY, "out of memory for a pass");
  module->strips[module->strip_count++] = strip_ins(s, s->fn->blocks[s->head].condition)->source;
  return QL_OK;
}

/* The next loop, inner ones before those around them; *found: it has been written anew. */
static QlStatus next_loop(Strips *s, bool *done, bool *found, QlError *error) {
  *found = false;
  for (uint32_t i = s->flow.count; i-- > 1 && !*found;) {
    uint32_t head = s->flow.order[i];
    if (done[head] || !s->heads[head] || !begin_loop(s, head, done) || !is_strip(s)) continue;
    *found = true;
    for (uint32_t b = 0; b < s->blocks; b++) done[b] |= s->inside[b];
    QL_TRY(note_strip(s, error));
    QL_TRY(strip_write(s, error));
  }
  return QL_OK;
}

/* What is in strips stays, and so do loops inside and around: `done` has the blocks that were there
 * at first. */
static QlStatus strips(JitFn *fn, QlError *error) {
  if (fn->rank || !ir_is_program(fn) || ir_has_lanes(fn)) return QL_OK;
  QlStatus status = QL_OK;
  uint32_t first = fn->block_count;
  bool *done = calloc(first, sizeof *done), found = true;
  if (!done) return ql_fail(error, QL_ERR_MEMORY, "out of memory for a pass");
  while (found && status == QL_OK) {
    Strips s = {.fn = fn};
    bool *known = NULL;
    status = look(&s, error);
    if (status == QL_OK) known = calloc(s.blocks, sizeof *known);
    if (status == QL_OK && !known)
      status = ql_fail(error, QL_ERR_MEMORY, "out of memory for a pass");
    if (status == QL_OK) {
      memcpy(known, done, first * sizeof *known);
      memset(known + first, 1, s.blocks - first);
      status = next_loop(&s, known, &found, error);
      memcpy(done, known, first * sizeof *done);
    }
    free(known), forget(&s);
  }
  free(done);
  return status;
}

int jit_strip_sources(const JitFn *fn, const QlSource **sources) {
  *sources = fn->strips;
  return (int)fn->strip_count;
}

QlStatus jit_strips(JitFn *fn, QlError *error) { return ir_each(fn, strips, error); }
