/* Is a function well-formed? Types, ranks, control flow, dominance, and what operands may be used
 * for.
 *
 * Requires nothing. Every later room trusts what is checked here, so a mistake of a front end or of
 * a pass is caught at the next check, with the number that the text form gives the instruction, and
 * the recorded source. */
#include "ir.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct Verifier {
  const JitFn *fn;
  IrFlow flow;
  uint32_t *home;         /* [ins_count] the block that lists an instruction, or NOWHERE */
  uint32_t *place;        /* [ins_count] and its place there */
  uint32_t *jumps;        /* [block_count] how many blocks jump to a block */
  uint32_t *met;          /* [block_count] the last phi that has an arm for a block */
  const IrIns *reduction; /* the first */
  QlError *error;
} Verifier;

#define NOWHERE UINT32_MAX

static const char *kind_name(const IrIns *ins) {
  static const char *const names[IR_KINDS] = {
      "none",   "const", "param", "index",  "load", "load at", "",     "cast",  "phi",
      "reduce", "stack", "lane",  "spread", "some", "call",    "host", "store", "store at"};
  if (ins->kind == IR_HOST) return ir_host[ins->number].name;
  return ins->kind == IR_OP && ins->op < QL_OP_COUNT ? ql_op_info[ins->op].name : names[ins->kind];
}

/* "%5 = add: MESSAGE" or "store: MESSAGE" */
__attribute__((format(printf, 3, 4))) static QlStatus wrong(const Verifier *v, uint32_t id,
                                                            const char *format, ...) {
  const IrIns *ins = &v->fn->ins[id];
  char text[256], name[32] = "";
  va_list args;
  va_start(args, format);
  vsnprintf(text, sizeof text, format, args);
  va_end(args);
  if (ir_has_value(ins)) snprintf(name, sizeof name, "%%%u = ", ir_number(v->fn, id));
  QlStatus status = ql_fail(v->error, QL_ERR_COMPILE, "%s%s: %s", name, kind_name(ins), text);
  if (v->error) v->error->source = ins->source;
  return status;
}

/* ---- blocks ---- */

static QlStatus check_block_end(const Verifier *v, uint32_t b) {
  const JitFn *fn = v->fn;
  const IrBlock *block = &fn->blocks[b];
  uint32_t to[2];
  if (ir_end(fn, b) == IR_OPEN) return ql_fail(v->error, QL_ERR_COMPILE, "block @%u has no end", b);
  for (int t = 0, count = ir_targets(fn, b, to); t < count; t++) {
    if (to[t] >= fn->block_count)
      return ql_fail(v->error, QL_ERR_COMPILE, "block @%u jumps to @%u, which does not exist", b,
                     to[t]);
    if (to[t] == 0) return ql_fail(v->error, QL_ERR_COMPILE, "block @%u jumps to the entry @0", b);
  }
  if (block->end == IR_JNZ && to[0] == to[1])
    return ql_fail(v->error, QL_ERR_COMPILE, "block @%u branches to @%u either way: jmp says that",
                   b, to[0]);
  return QL_OK;
}

/* Every instruction in a list exists, is listed once, and gets its home; phis come first. */
static QlStatus check_lists(Verifier *v) {
  const JitFn *fn = v->fn;
  memset(v->home, 0xff, fn->ins_count * sizeof *v->home);
  for (uint32_t b = 0; b < fn->block_count; b++) {
    bool phis = true;
    for (uint32_t i = 0; i < fn->blocks[b].count; i++) {
      uint32_t id = fn->blocks[b].ins[i];
      if (id == 0 || id >= fn->ins_count || fn->ins[id].kind == IR_NONE ||
          fn->ins[id].kind >= IR_KINDS)
        return ql_fail(v->error, QL_ERR_COMPILE,
                       "block @%u lists an instruction that does not exist", b);
      if (fn->ins[id].kind == IR_OP && fn->ins[id].op >= QL_OP_COUNT)
        return wrong(v, id, "there is no such operation");
      if (fn->ins[id].kind == IR_HOST && (uint32_t)fn->ins[id].number >= JIT_HOST_COUNT)
        return ql_fail(v->error, QL_ERR_COMPILE, "block @%u calls what the host does not have", b);
      if (fn->ins[id].kind == IR_CALL && (uint32_t)fn->ins[id].number >= fn->module->local_count)
        return ql_fail(v->error, QL_ERR_COMPILE, "block @%u calls a function that does not exist",
                       b);
      if (fn->ins[id].dtype >= QL_DTYPE_COUNT) return wrong(v, id, "has no dtype");
      if (v->home[id] != NOWHERE) return wrong(v, id, "listed twice");
      if (fn->ins[id].kind == IR_PHI && !phis)
        return wrong(v, id, "a phi behind other instructions of its block");
      phis = fn->ins[id].kind == IR_PHI;
      v->home[id] = b, v->place[id] = i;
    }
  }
  return QL_OK;
}

/* May the end of instruction `place` of `block` see `value`? What no path reaches may see anything.
 */
static bool visible(const Verifier *v, uint32_t value, uint32_t block, uint32_t place) {
  if (v->flow.position[block] == NOWHERE) return true;
  uint32_t home = v->home[value];
  if (home == block) return v->place[value] < place;
  return v->flow.position[home] != NOWHERE && ir_dominates(&v->flow, home, block);
}

static bool is_value(const Verifier *v, uint32_t id) {
  return id && id < v->fn->ins_count && v->home[id] != NOWHERE && ir_has_value(&v->fn->ins[id]);
}

static QlStatus check_result(const Verifier *v, uint32_t b) {
  uint32_t value = v->fn->blocks[b].condition;
  if (!v->fn->name)
    return value ? ql_fail(v->error, QL_ERR_COMPILE, "block @%u returns a value", b) : QL_OK;
  if (!is_value(v, value))
    return ql_fail(v->error, QL_ERR_COMPILE, "block @%u returns a value that does not exist", b);
  if (v->fn->ins[value].lanes)
    return ql_fail(v->error, QL_ERR_COMPILE, "block @%u returns a value with lanes", b);
  if (v->fn->ins[value].dtype != v->fn->result)
    return ql_fail(v->error, QL_ERR_COMPILE, "block @%u returns %s from a function of %s", b,
                   ql_dtype_info[v->fn->ins[value].dtype].ir, ql_dtype_info[v->fn->result].ir);
  if (!visible(v, value, b, NOWHERE))
    return ql_fail(v->error, QL_ERR_COMPILE,
                   "block @%u returns %%%u, which is not computed on every way to it", b,
                   ir_number(v->fn, value));
  return QL_OK;
}

static QlStatus check_condition(const Verifier *v, uint32_t b) {
  const IrBlock *block = &v->fn->blocks[b];
  if (block->end == IR_RET) return check_result(v, b);
  if (block->end != IR_JNZ) return QL_OK;
  if (!is_value(v, block->condition))
    return ql_fail(v->error, QL_ERR_COMPILE, "block @%u branches on a value that does not exist",
                   b);
  if (v->fn->ins[block->condition].dtype != QL_BOOL)
    return ql_fail(v->error, QL_ERR_COMPILE, "block @%u branches on %s: a condition is b8", b,
                   ql_dtype_info[v->fn->ins[block->condition].dtype].ir);
  if (v->fn->ins[block->condition].line)
    return ql_fail(v->error, QL_ERR_COMPILE, "block @%u branches on a value of the line", b);
  if (v->fn->ins[block->condition].lanes)
    return ql_fail(v->error, QL_ERR_COMPILE, "block @%u branches on a value with lanes", b);
  if (!visible(v, block->condition, b, NOWHERE))
    return ql_fail(v->error, QL_ERR_COMPILE,
                   "block @%u branches on %%%u, which is not computed on every way to it", b,
                   ir_number(v->fn, block->condition));
  return QL_OK;
}

/* ---- values ---- */

static QlStatus check_args(const Verifier *v, uint32_t id) {
  const IrIns *ins = &v->fn->ins[id];
  int rank = 0, count = ir_arg_count(ins);
  const uint32_t *args = ir_args(v->fn, ins);
  bool line = false, points = false;
  for (int a = 0; a < count; a++) {
    if (!is_value(v, args[a])) return wrong(v, id, "argument %d does not exist", a + 1);
    if (!visible(v, args[a], v->home[id], v->place[id]))
      return wrong(v, id, "%%%u is not computed on every way to it", ir_number(v->fn, args[a]));
    const IrIns *arg = &v->fn->ins[args[a]];
    rank = QL_MAX(rank, arg->rank);
    line |= arg->line, points |= arg->rank && !arg->line;
  }
  if (ins->kind == IR_REDUCE) return line ? wrong(v, id, "reduces what is reduced already") : QL_OK;
  if (line && points) return wrong(v, id, "of values of a line and of its points");
  if (!count) return QL_OK;
  if (ins->rank != rank)
    return wrong(v, id, "rank %d, its arguments have rank %d", ins->rank, rank);
  if (ir_has_value(ins) && ins->line != line)
    return wrong(v, id, "its arguments are %s", line ? "of the line" : "not of the line");
  return QL_OK;
}

static QlStatus check_op(const Verifier *v, uint32_t id) {
  const IrIns *ins = &v->fn->ins[id];
  int first = ins->op == QL_OP_SELECT, arity = ql_op_info[ins->op].arity;
  QlDtype loop = v->fn->ins[ins->args[arity - 1]].dtype;
  for (int a = first; a < arity - 1; a++) {
    QlDtype dtype = v->fn->ins[ins->args[a]].dtype;
    if (dtype != loop)
      return wrong(v, id, "arguments of %s and %s: one needs a cast", ql_dtype_info[dtype].ir,
                   ql_dtype_info[loop].ir);
  }
  if (first && v->fn->ins[ins->args[0]].dtype != QL_BOOL)
    return wrong(v, id, "chooses by %s: a condition is b8",
                 ql_dtype_info[v->fn->ins[ins->args[0]].dtype].ir);
  if (!ir_has_loop((QlOp)ins->op, loop))
    return wrong(v, id, "there is no loop for %s", ql_dtype_info[loop].ir);
  QlDtype result = ir_result((QlOp)ins->op, loop);
  if (ins->dtype != result)
    return wrong(v, id, "declared %s, gives %s", ql_dtype_info[ins->dtype].ir,
                 ql_dtype_info[result].ir);
  return QL_OK;
}

static QlStatus check_load(const Verifier *v, uint32_t id) {
  const JitFn *fn = v->fn;
  const IrIns *ins = &fn->ins[id];
  if (ins->number < 0 || (uint32_t)ins->number >= fn->array_count)
    return wrong(v, id, "operand $%d is not declared", ins->number);
  const IrArray *array = &fn->arrays[ins->number];
  if (array->access == JIT_WRITE || array->access == JIT_STREAM)
    return wrong(v, id, "operand $%d is only written", ins->number);
  if (ins->dtype != array->dtype)
    return wrong(v, id, "declared %s, operand $%d holds %s", ql_dtype_info[ins->dtype].ir,
                 ins->number, ql_dtype_info[array->dtype].ir);
  if (ins->rank != (ir_moves(fn, (uint32_t)ins->number) ? fn->rank : 0))
    return wrong(v, id, "rank %d does not fit the strides of operand $%d", ins->rank, ins->number);
  if ((uint64_t)ins->extra + (uint64_t)fn->rank > fn->offset_count)
    return wrong(v, id, "has no offsets");
  if (ins->line && ins->axis < fn->rank && array->stride[ins->axis] != JIT_STRIDE_ZERO)
    return wrong(v, id, "operand $%d moves along axis %d", ins->number, ins->axis);
  for (int axis = 0; axis < fn->rank && array->access == JIT_UPDATE; axis++)
    if (fn->offsets[ins->extra + (uint32_t)axis])
      return wrong(v, id, "operand $%d is updated: it can be read at the point itself only",
                   ins->number);
  return QL_OK;
}

/* The value of an arm is seen at the end of its block. */
static QlStatus check_arm(const Verifier *v, uint32_t id, const IrPhi *arm) {
  const IrIns *ins = &v->fn->ins[id], *value = &v->fn->ins[arm->value];
  if (!is_value(v, arm->value))
    return wrong(v, id, "the value from @%u does not exist", arm->block);
  if (value->dtype != ins->dtype)
    return wrong(v, id, "declared %s, gets %s from @%u", ql_dtype_info[ins->dtype].ir,
                 ql_dtype_info[value->dtype].ir, arm->block);
  if (value->rank > ins->rank)
    return wrong(v, id, "rank %d, gets rank %d from @%u", ins->rank, value->rank, arm->block);
  if (value->line) return wrong(v, id, "gets a value of the line from @%u", arm->block);
  if (!visible(v, arm->value, arm->block, NOWHERE))
    return wrong(v, id, "%%%u is not computed on every way through @%u",
                 ir_number(v->fn, arm->value), arm->block);
  return QL_OK;
}

/* What is wrong with the arms of a phi of which one is missing, or of no block that jumps here. */
static QlStatus wrong_arms(const Verifier *v, uint32_t id) {
  const JitFn *fn = v->fn;
  const IrIns *ins = &fn->ins[id];
  for (uint32_t b = 0; b < fn->block_count; b++) {
    uint32_t to[2], found = 0;
    bool jumps = false;
    for (int t = 0, count = ir_targets(fn, b, to); t < count; t++) jumps |= to[t] == v->home[id];
    for (uint32_t arm = ins->extra; jumps && arm; arm = fn->phis[arm].next)
      found += fn->phis[arm].block == b;
    if (jumps && found != 1) return wrong(v, id, "%u arms for @%u, which jumps here", found, b);
  }
  return wrong(v, id, "an arm from a block that does not jump here");
}

/* One arm for each predecessor, and no other. */
static QlStatus check_phi(const Verifier *v, uint32_t id) {
  const JitFn *fn = v->fn;
  const IrIns *ins = &fn->ins[id];
  uint32_t arms = 0;
  for (uint32_t arm = ins->extra; arm; arm = fn->phis[arm].next, arms++) {
    uint32_t from = fn->phis[arm].block, to[2];
    bool jumps = false;
    for (int t = 0, n = from < fn->block_count ? ir_targets(fn, from, to) : 0; t < n; t++)
      jumps |= to[t] == v->home[id];
    if (!jumps || v->met[from] == id) return wrong_arms(v, id);
    v->met[from] = id;
  }
  if (arms != v->jumps[v->home[id]]) return wrong_arms(v, id);
  if (arms == 0) return wrong(v, id, "no block jumps here");
  for (uint32_t arm = ins->extra; arm; arm = fn->phis[arm].next)
    QL_TRY(check_arm(v, id, &fn->phis[arm]));
  return QL_OK;
}

/* ---- memory by address, calls ---- */

/* One instruction after the other, as written: only a domain of one point has such an order. */
static QlStatus check_order(const Verifier *v, uint32_t id) {
  return v->fn->rank
             ? wrong(v, id, "in a domain of rank %d, whose points have no order", v->fn->rank)
             : QL_OK;
}

static QlStatus check_address(const Verifier *v, uint32_t id) {
  const IrIns *ins = &v->fn->ins[id];
  for (int a = 0; a < 2; a++)
    if (v->fn->ins[ins->args[a]].dtype != QL_I64)
      return wrong(v, id, "%s of %s: both parts of an address are i64", a ? "an offset" : "a base",
                   ql_dtype_info[v->fn->ins[ins->args[a]].dtype].ir);
  return check_order(v, id);
}

static QlStatus check_store_at(const Verifier *v, uint32_t id) {
  const IrIns *ins = &v->fn->ins[id];
  if (ins->dtype != v->fn->ins[ins->args[2]].dtype)
    return wrong(v, id, "declared %s, stores %s", ql_dtype_info[ins->dtype].ir,
                 ql_dtype_info[v->fn->ins[ins->args[2]].dtype].ir);
  return check_address(v, id);
}

static QlStatus check_call_args(const Verifier *v, uint32_t id, uint32_t count,
                                const uint8_t *dtypes) {
  const IrIns *ins = &v->fn->ins[id];
  const uint32_t *args = ir_args(v->fn, ins);
  if (ins->count != count) return wrong(v, id, "%u arguments, it takes %u", ins->count, count);
  for (uint32_t a = 0; a < count; a++)
    if (v->fn->ins[args[a]].dtype != dtypes[a])
      return wrong(v, id, "argument %u is %s, it takes %s", a + 1,
                   ql_dtype_info[v->fn->ins[args[a]].dtype].ir, ql_dtype_info[dtypes[a]].ir);
  return check_order(v, id);
}

static QlStatus check_call(const Verifier *v, uint32_t id) {
  const IrIns *ins = &v->fn->ins[id];
  const JitFn *callee = v->fn->module->locals[ins->number];
  if (ins->dtype != callee->result)
    return wrong(v, id, "declared %s, @@%s gives %s", ql_dtype_info[ins->dtype].ir, callee->name,
                 ql_dtype_info[callee->result].ir);
  return check_call_args(v, id, callee->param_count, callee->params);
}

static QlStatus check_stack(const Verifier *v, uint32_t id) {
  const IrIns *ins = &v->fn->ins[id];
  if (ins->dtype != QL_I64) return wrong(v, id, "an address is i64");
  if (ins->number < 1 || ins->number > IR_STACK_BYTES)
    return wrong(v, id, "%d bytes: 1 to %d are private memory", ins->number, IR_STACK_BYTES);
  return check_order(v, id);
}

static QlStatus check_host(const Verifier *v, uint32_t id) {
  const IrIns *ins = &v->fn->ins[id];
  const IrHost *host = &ir_host[ins->number];
  if (ir_has_value(ins) && ins->dtype != host->result)
    return wrong(v, id, "declared %s, gives %s", ql_dtype_info[ins->dtype].ir,
                 ql_dtype_info[host->result].ir);
  return check_call_args(v, id, host->count, host->args);
}

/* ---- lanes ---- */

/* Of how many lanes the arguments are; single ones stand beside any number. */
static QlStatus lanes_of_args(const Verifier *v, uint32_t id, int *lanes) {
  const IrIns *ins = &v->fn->ins[id];
  const uint32_t *args = ir_args(v->fn, ins);
  *lanes = 0;
  for (int a = 0, count = ir_arg_count(ins); a < count; a++) {
    int own = v->fn->ins[args[a]].lanes;
    if (own && *lanes && own != *lanes)
      return wrong(v, id, "arguments of %d and %d lanes", *lanes, own);
    if (own) *lanes = own;
    bool is_value = ins->kind == IR_OP || ins->kind == IR_CAST || ins->kind == IR_SOME ||
                    (a == 2 && (ins->kind == IR_STORE_AT || ins->kind == IR_LOAD_AT));
    if (own && !is_value)
      return wrong(v, id, "argument %d has lanes: it must be a single value", a + 1);
  }
  return QL_OK;
}

static QlStatus check_lanes(const Verifier *v, uint32_t id) {
  const IrIns *ins = &v->fn->ins[id];
  int lanes;
  QL_TRY(lanes_of_args(v, id, &lanes));
  for (uint32_t arm = ins->kind == IR_PHI ? ins->extra : 0; arm; arm = v->fn->phis[arm].next) {
    int own = v->fn->ins[v->fn->phis[arm].value].lanes;
    if (own && own != ins->lanes)
      return wrong(v, id, "%d lanes, gets %d from @%u", ins->lanes, own, v->fn->phis[arm].block);
  }
  bool follows = ins->kind == IR_OP || ins->kind == IR_CAST || ins->kind == IR_STORE_AT,
       makes = ins->kind == IR_LANE || ins->kind == IR_SPREAD,
       may = follows || makes || ins->kind == IR_LOAD_AT || ins->kind == IR_PHI;
  bool masked = ins->kind == IR_LOAD_AT && ins->count;
  if (ins->kind == IR_SOME || masked) {
    uint8_t mask = v->fn->ins[ins->args[masked ? 2 : 0]].dtype;
    if (mask != QL_BOOL || !lanes) return wrong(v, id, "a mask is of lanes of b8");
  }
  if (ins->kind == IR_SOME && ins->dtype != QL_BOOL) return wrong(v, id, "gives b8");
  if ((follows || masked) && lanes != ins->lanes)
    return wrong(v, id, "%d lanes, its arguments have %d", ins->lanes, lanes);
  if (!ins->lanes) return makes ? wrong(v, id, "of no lanes") : QL_OK;
  if (!may || v->fn->rank) return wrong(v, id, "it cannot have lanes");
  if (ins->lanes > IR_MOST_LANES || ins->lanes & (ins->lanes - 1) || ins->lanes < 2)
    return wrong(v, id, "%d lanes: they are a power of 2, up to %d", ins->lanes, IR_MOST_LANES);
  QlDtype dtype = ins->kind == IR_LANE ? QL_I64 : (QlDtype)v->fn->ins[ins->args[0]].dtype;
  return makes && ins->dtype != dtype ? wrong(v, id, "declared %s, gives %s",
                                              ql_dtype_info[ins->dtype].ir, ql_dtype_info[dtype].ir)
                                      : QL_OK;
}

/* ---- reductions, and what is computed of them ---- */

/* Reductions have one form and axis, that of the first. Every point comes to them once: they stand
 * in the one block that returns. */
static QlStatus check_reduce(const Verifier *v, uint32_t id) {
  const JitFn *fn = v->fn;
  const IrIns *ins = &fn->ins[id], *first = v->reduction;
  uint32_t returns = 0;
  if (ins->op >= IR_REDUCTIONS || ins->form > JIT_WHOLE)
    return wrong(v, id, "there is no such reduction");
  if (!ins->line || ins->rank != fn->rank)
    return wrong(v, id, "gives a value of the line along one axis of the domain");
  if (ins->dtype != fn->ins[ins->args[0]].dtype)
    return wrong(v, id, "declared %s, reduces %s", ql_dtype_info[ins->dtype].ir,
                 ql_dtype_info[fn->ins[ins->args[0]].dtype].ir);
  if ((ins->op == QL_REDUCE_ANY || ins->op == QL_REDUCE_ALL) && ins->dtype != QL_BOOL)
    return wrong(v, id, "any and all reduce b8, not %s", ql_dtype_info[ins->dtype].ir);
  for (uint32_t b = 0; b < fn->block_count; b++) returns += ir_end(fn, b) == IR_RET;
  if (returns != 1 || ir_end(fn, v->home[id]) != IR_RET)
    return wrong(v, id, "it must stand in the only block that returns");
  if (ins->form != first->form || ins->axis != first->axis)
    return wrong(v, id, "%s along axis %d beside %s along axis %d", ir_form_name[ins->form],
                 ins->axis, ir_form_name[first->form], first->axis);
  return QL_OK;
}

/* A value of the line. */
static QlStatus check_line(const Verifier *v, uint32_t id) {
  const IrIns *ins = &v->fn->ins[id], *first = v->reduction;
  if (ins->kind == IR_REDUCE) return QL_OK;
  if (ins->kind == IR_CONST || ins->kind == IR_PARAM || ins->kind == IR_PHI)
    return wrong(v, id, "it cannot be of the line");
  if (!first) return wrong(v, id, "of the line, but nothing is reduced");
  if (jit_form_steps((JitReduceForm)first->form))
    return wrong(v, id, "of %s, which can only be stored", ir_form_name[first->form]);
  if (v->fn->block_count > 1) return wrong(v, id, "of the line, where control flow is per point");
  if (ins->axis != first->axis)
    return wrong(v, id, "of the line along axis %d, the reductions are along axis %d", ins->axis,
                 first->axis);
  if (ins->kind == IR_INDEX && ins->number == first->axis)
    return wrong(v, id, "a line has no index along its axis");
  return QL_OK;
}

static QlStatus check_value(const Verifier *v, uint32_t id) {
  const JitFn *fn = v->fn;
  const IrIns *ins = &fn->ins[id];
  if (ins->rank != 0 && ins->rank != fn->rank)
    return wrong(v, id, "rank %d in a domain of rank %d", ins->rank, fn->rank);
  if (ins->line) QL_TRY(check_line(v, id));
  switch (ins->kind) {
    case IR_CONST: return ins->rank ? wrong(v, id, "a constant has rank 0") : QL_OK;
    case IR_PARAM:
      if (ins->number < 0 || (uint32_t)ins->number >= fn->param_count)
        return wrong(v, id, "parameter ?%d is not declared", ins->number);
      if (ins->dtype != fn->params[ins->number])
        return wrong(v, id, "declared %s, parameter ?%d is %s", ql_dtype_info[ins->dtype].ir,
                     ins->number, ql_dtype_info[fn->params[ins->number]].ir);
      return ins->rank ? wrong(v, id, "a parameter has rank 0") : QL_OK;
    case IR_INDEX:
      if (ins->number < 0 || ins->number >= fn->rank)
        return wrong(v, id, "the domain has no axis %d", ins->number);
      return ins->dtype != QL_I64 || ins->rank != fn->rank
                 ? wrong(v, id, "an index is i64 and varies over the domain")
                 : QL_OK;
    case IR_LOAD: return check_load(v, id);
    case IR_LOAD_AT: return check_address(v, id);
    case IR_STACK: return check_stack(v, id);
    case IR_CALL: return check_call(v, id);
    case IR_HOST: return check_host(v, id);
    case IR_OP: return check_op(v, id);
    case IR_PHI: return check_phi(v, id);
    case IR_REDUCE: return check_reduce(v, id);
    default: return QL_OK;
  }
}

/* ---- stores ---- */

/* What a store of the line writes, points do not touch: they come before it. */
static QlStatus check_store_of_line(const Verifier *v, uint32_t id) {
  const JitFn *fn = v->fn;
  const IrIns *ins = &fn->ins[id];
  const IrArray *array = &fn->arrays[ins->number];
  int axis = v->reduction->axis;
  bool steps = jit_form_steps((JitReduceForm)v->reduction->form);
  if (fn->block_count > 1 && fn->ins[ins->args[0]].kind != IR_REDUCE)
    return wrong(v, id, "of the line, where control flow is per point");
  if ((array->stride[axis] == JIT_STRIDE_ZERO) == steps)
    return wrong(v, id, "operand $%d must %s along axis %d", ins->number,
                 steps ? "move" : "not move", axis);
  for (uint32_t other = 1; other < fn->ins_count; other++) {
    const IrIns *access = &fn->ins[other];
    bool is_load = access->kind == IR_LOAD;
    if (v->home[other] == NOWHERE || (!is_load && access->kind != IR_STORE)) continue;
    if (access->number != ins->number || ir_of_line(fn, v->reduction, access)) continue;
    if (!is_load || access->rank)
      return wrong(v, id, "operand $%d is %s at points too", ins->number,
                   is_load ? "read" : "written");
  }
  return QL_OK;
}

/* A store writes an operand with its dtype, and no two points, or lines, the same element. */
static QlStatus check_store(const Verifier *v, uint32_t id) {
  const JitFn *fn = v->fn;
  const IrIns *ins = &fn->ins[id];
  if (ins->number < 0 || (uint32_t)ins->number >= fn->array_count)
    return wrong(v, id, "operand $%d is not declared", ins->number);
  const IrArray *array = &fn->arrays[ins->number];
  QlDtype dtype = fn->ins[ins->args[0]].dtype;
  if (array->access == JIT_READ) return wrong(v, id, "operand $%d is only read", ins->number);
  if (dtype != array->dtype || ins->dtype != dtype)
    return wrong(v, id, "%s into operand $%d of %s", ql_dtype_info[dtype].ir, ins->number,
                 ql_dtype_info[array->dtype].ir);
  bool line = ir_of_line(fn, v->reduction, ins);
  for (int axis = 0; axis < fn->rank; axis++)
    if (array->stride[axis] == JIT_STRIDE_ZERO && !(line && axis == v->reduction->axis))
      return wrong(v, id, "operand $%d does not move along axis %d: %s would overwrite each other",
                   ins->number, axis, line ? "lines" : "points");
  return line ? check_store_of_line(v, id) : QL_OK;
}

static QlStatus check_instruction(const Verifier *v, uint32_t id) {
  QL_TRY(check_args(v, id));
  QL_TRY(check_lanes(v, id));
  switch (v->fn->ins[id].kind) {
    case IR_STORE: return check_store(v, id);
    case IR_STORE_AT: return check_store_at(v, id);
    default: return check_value(v, id);
  }
}

static QlStatus check_instructions(const Verifier *v) {
  const JitFn *fn = v->fn;
  for (uint32_t b = 0; b < fn->block_count; b++) {
    for (uint32_t i = 0; i < fn->blocks[b].count; i++)
      QL_TRY(check_instruction(v, fn->blocks[b].ins[i]));
    QL_TRY(check_condition(v, b));
  }
  return QL_OK;
}

static QlStatus check_declarations(const JitFn *fn, QlError *error) {
  for (uint32_t a = 0; a < fn->array_count; a++) {
    const IrArray *array = &fn->arrays[a];
    if (array->dtype >= QL_DTYPE_COUNT || array->access > JIT_STREAM)
      return ql_fail(error, QL_ERR_COMPILE, "operand $%u has no dtype or access", a);
    for (int axis = 0; axis < fn->rank; axis++)
      if (array->stride[axis] > JIT_STRIDE_ANY)
        return ql_fail(error, QL_ERR_COMPILE, "operand $%u has no stride along axis %d", a, axis);
  }
  for (uint32_t p = 0; p < fn->param_count; p++)
    if (fn->params[p] >= QL_DTYPE_COUNT)
      return ql_fail(error, QL_ERR_COMPILE, "parameter ?%u has no dtype", p);
  return QL_OK;
}

static QlStatus check_all(Verifier *v) {
  const JitFn *fn = v->fn;
  for (uint32_t b = 0; b < fn->block_count; b++) {
    uint32_t to[2];
    for (int t = 0, count = ir_targets(fn, b, to); t < count; t++) v->jumps[to[t]]++;
  }
  QL_TRY(check_lists(v));
  return check_instructions(v);
}

static QlStatus check_function(const JitFn *fn, QlError *error) {
  QL_TRY(check_declarations(fn, error));
  if (fn->external) return QL_OK;
  Verifier v = {.fn = fn, .reduction = ir_reduction(fn), .error = error};
  for (uint32_t b = 0; b < fn->block_count; b++) QL_TRY(check_block_end(&v, b));
  QL_TRY(ir_flow(fn, &v.flow, error));
  v.home = malloc(2 * (size_t)fn->ins_count * sizeof *v.home);
  v.jumps = calloc(2 * (size_t)fn->block_count, sizeof *v.jumps);
  QlStatus status = QL_OK;
  if (v.home && v.jumps) {
    v.place = v.home + fn->ins_count, v.met = v.jumps + fn->block_count;
    status = check_all(&v);
  } else {
    status = ql_fail(error, QL_ERR_MEMORY, "out of memory for the verifier");
  }
  free(v.home), free(v.jumps);
  ir_flow_free(&v.flow);
  return status;
}

QlStatus jit_verify(const JitFn *fn, QlError *error) {
  const JitFn *bad = ir_bad(fn);
  if (bad) {
    if (error && error->status == QL_OK) *error = bad->bad;
    return bad->bad.status;
  }
  if (fn->local_count && fn->rank)
    return ql_fail(error, QL_ERR_COMPILE, "local functions in a domain of rank %d", fn->rank);
  QL_TRY(check_function(fn, error));
  for (uint32_t k = 0; k < fn->local_count; k++) {
    QlStatus status = check_function(fn->locals[k], error);
    if (status != QL_OK) {
      ql_note(error, "in the local function @@%s", fn->locals[k]->name);
      return status;
    }
  }
  return QL_OK;
}
