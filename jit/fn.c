/* Building a function: declarations, instructions in the open block, control flow.
 *
 * Building never fails on the spot. The first mistake is kept in `bad` and every later call gives
 * the reference 0, so that a front end builds without looking and jit_verify tells what was wrong.
 */
#include "ir.h"

#include <stdlib.h>
#include <string.h>

enum { NO_BLOCK = -1 };
#define CLOSED ((uint32_t)NO_BLOCK)

/* ---- what the tables say about operations ---- */

bool ir_has_loop(QlOp op, QlDtype loop) {
  enum {
    BITS = 1 << QL_KIND_BOOL,
    WHOLE = 1 << QL_KIND_INT | 1 << QL_KIND_UINT,
    REAL = 1 << QL_KIND_FLOAT,
    COMPLEX = 1 << QL_KIND_COMPLEX
  };
  static const uint8_t kinds[] = {
      [QL_DOMAIN_ANY] = BITS | WHOLE | REAL | COMPLEX,
      [QL_DOMAIN_NUMBER] = WHOLE | REAL | COMPLEX,
      [QL_DOMAIN_NOBOOL] = WHOLE | REAL | COMPLEX,
      [QL_DOMAIN_REAL] = WHOLE | REAL,
      [QL_DOMAIN_ORDERED] = BITS | WHOLE | REAL,
      [QL_DOMAIN_DIVIDE] = REAL | COMPLEX,
      [QL_DOMAIN_WIDE] = REAL | COMPLEX,
      [QL_DOMAIN_INEXACT] = REAL | COMPLEX,
      [QL_DOMAIN_FLOAT] = REAL,
      [QL_DOMAIN_INTEGER] = WHOLE,
      [QL_DOMAIN_BITS] = BITS | WHOLE,
      [QL_DOMAIN_WHOLE] = WHOLE,
      [QL_DOMAIN_COMPLEX] = COMPLEX,
      [QL_DOMAIN_WORD] = 1 << QL_KIND_UINT,
  };
  if (ql_op_info[op].domain == QL_DOMAIN_WIDE && loop != QL_F64 && loop != QL_C128) return false;
  if (ql_op_info[op].domain == QL_DOMAIN_WORD && loop == QL_U8) return false;
  return loop < QL_DTYPE_COUNT && (kinds[ql_op_info[op].domain] >> ql_dtype_info[loop].kind & 1);
}

QlDtype ir_result(QlOp op, QlDtype loop) { return ql_op_result(op, loop); }

bool ir_has_value(const IrIns *ins) {
  if (ins->kind == IR_HOST) return ir_host[ins->number].result != QL_DTYPE_NONE;
  return ins->kind >= IR_CONST && ins->kind <= IR_CALL;
}

bool ir_is_program(const JitFn *fn) {
  for (uint32_t b = 0; b < fn->block_count && fn->rank == 0; b++)
    for (uint32_t i = 0; i < fn->blocks[b].count; i++) switch (fn->ins[fn->blocks[b].ins[i]].kind) {
        case IR_LOAD_AT:
        case IR_STORE_AT:
        case IR_STACK:
        case IR_CALL:
        case IR_HOST: return true;
        default: break;
      }
  return false;
}

bool ir_has_lanes(const JitFn *fn) {
  for (uint32_t b = 0; b < fn->block_count; b++)
    for (uint32_t i = 0; i < fn->blocks[b].count; i++)
      if (fn->ins[fn->blocks[b].ins[i]].lanes) return true;
  return false;
}

bool ir_has_effect(const IrIns *ins) { return ins->kind >= IR_CALL; }

int ir_arg_count(const IrIns *ins) {
  switch (ins->kind) {
    case IR_OP: return ql_op_info[ins->op].arity;
    case IR_CALL:
    case IR_HOST: return (int)ins->count;
    case IR_STORE_AT: return 3;
    case IR_LOAD_AT: return 2 + (int)ins->count;
    case IR_CAST:
    case IR_SPREAD:
    case IR_SOME:
    case IR_STORE:
    case IR_REDUCE: return 1;
    default: return 0;
  }
}

uint32_t *ir_args(const JitFn *fn, const IrIns *ins) {
  bool calls = ins->kind == IR_CALL || ins->kind == IR_HOST;
  return calls ? fn->lists + ins->extra : fn->ins[ins - fn->ins].args;
}

IrEnd ir_end(const JitFn *fn, uint32_t block) {
  bool returns = fn->blocks[block].end == IR_OPEN && block == fn->open && !fn->name;
  return returns ? IR_RET : (IrEnd)fn->blocks[block].end;
}

bool ir_moves(const JitFn *fn, uint32_t array) {
  for (int axis = 0; axis < fn->rank; axis++)
    if (fn->arrays[array].stride[axis] != JIT_STRIDE_ZERO) return true;
  return false;
}

bool ir_is_uniform(const JitFn *fn, uint32_t block, const IrIns *ins) {
  return fn->rank > 0 && block == 0 && ins->rank == 0 && ir_has_value(ins);
}

const IrIns *ir_reduction(const JitFn *fn) {
  for (uint32_t b = 0; b < fn->block_count; b++)
    for (uint32_t i = 0; i < fn->blocks[b].count; i++)
      if (fn->ins[fn->blocks[b].ins[i]].kind == IR_REDUCE) return &fn->ins[fn->blocks[b].ins[i]];
  return NULL;
}

bool ir_of_line(const JitFn *fn, const IrIns *reduce, const IrIns *ins) {
  if (ins->kind != IR_STORE) return ins->line && ins->kind != IR_REDUCE;
  const IrIns *value = &fn->ins[ins->args[0]];
  if (value->line || !reduce || value->rank || jit_form_steps((JitReduceForm)reduce->form))
    return value->line;
  return fn->arrays[ins->number].stride[reduce->axis] == JIT_STRIDE_ZERO;
}

int ir_reductions(const JitFn *fn) {
  int count = 0;
  for (uint32_t b = 0; b < fn->block_count; b++)
    for (uint32_t i = 0; i < fn->blocks[b].count; i++)
      count += fn->ins[fn->blocks[b].ins[i]].kind == IR_REDUCE;
  return count;
}

/* ---- memory ---- */

bool ir_grow(JitFn *fn, void *items, uint32_t *room, uint32_t need, size_t size) {
  if (need <= *room) return true;
  uint32_t more = QL_MAX(need, *room * 2 + 8);
  void *old, *grown = ql_pool_zeros(fn->pool, more * size);
  if (!grown)
    return ql_fail(&fn->bad, QL_ERR_MEMORY, "out of memory for a kernel's instructions"), false;
  memcpy(&old, items, sizeof old);
  if (*room) memcpy(grown, old, *room * size);
  memcpy(items, &grown, sizeof grown);
  *room = more;
  return true;
}

enum { USUAL = 6144 }; /* bytes of a small function */

/* In a pool of its own. */
static JitFn *fn_alone(size_t usual) {
  QlPool own = {.usual = usual};
  JitFn *fn = ql_pool_zeros(&own, sizeof *fn);
  if (fn) fn->own = own, fn->pool = &fn->own;
  return fn;
}

static JitFn *fn_in(QlPool *pool) {
  JitFn *fn = ql_pool_zeros(pool, sizeof *fn);
  if (fn) fn->pool = pool;
  return fn;
}

/* Room for the first instructions, and an open block; false: out of memory. */
static bool begin(JitFn *fn) {
  fn->open = CLOSED;
  if (!ir_grow(fn, &fn->ins, &fn->ins_room, 16, sizeof *fn->ins) ||
      !ir_grow(fn, &fn->phis, &fn->phi_room, 1, sizeof *fn->phis))
    return false;
  fn->ins_count = fn->phi_count = 1;
  jit_block_open(fn, jit_block_new(fn));
  return fn->block_count != 0;
}

JitFn *jit_fn_new(int rank, QlPool *pool) {
  JitFn *fn = pool ? fn_in(pool) : fn_alone(USUAL);
  if (!fn) return NULL;
  fn->rank = rank;
  fn->module = fn;
  if (rank < 0 || rank > QL_MAX_DIMS)
    ql_fail(&fn->bad, QL_ERR_VALUE, "a domain of rank %d", rank), fn->rank = 0;
  if (begin(fn)) return fn;
  jit_fn_free(fn);
  return NULL;
}

JitFn *ir_local_new(JitFn *fn, const char *name, size_t length, QlDtype result) {
  JitFn *module = fn->module, *local = fn_in(module->pool);
  char *copy = ql_pool_zeros(module->pool, length + 1);
  if (!local || !copy ||
      !ir_grow(module, &module->locals, &module->local_room, module->local_count + 1,
               sizeof *module->locals))
    return NULL;
  local->module = module, local->name = memcpy(copy, name, length), local->result = (uint8_t)result;
  if (!begin(local)) return NULL;
  return module->locals[module->local_count++] = local;
}

void jit_fn_fix(JitFn *fn, int param, QlValue value) {
  for (uint32_t k = 1; k < fn->ins_count; k++) {
    IrIns *ins = &fn->ins[k];
    if (ins->kind != IR_PARAM || ins->number != param) continue;
    ins->kind = IR_CONST, ins->number = 0;
    ins->value = ir_canonical((QlDtype)ins->dtype, value);
  }
}

int jit_fn_size(const JitFn *fn) {
  int64_t size = fn->ins_count;
  for (uint32_t k = 0; k < fn->local_count; k++) size += fn->locals[k]->ins_count;
  return (int)QL_MIN(size, INT32_MAX / 2);
}

void jit_fn_free(JitFn *fn) {
  if (!fn || fn->pool != &fn->own) return;
  QlPool own = fn->own;
  ql_pool_free(&own);
}

static void *duplicate(JitFn *copy, const void *items, uint32_t room, size_t size) {
  return ql_pool_copy(copy->pool, items, room * size);
}

/* What the function points to; false: out of memory. */
static bool copy_parts(JitFn *copy, const JitFn *fn) {
  copy->arrays = duplicate(copy, fn->arrays, fn->array_room, sizeof *fn->arrays);
  copy->params = duplicate(copy, fn->params, fn->param_room, sizeof *fn->params);
  copy->ins = duplicate(copy, fn->ins, fn->ins_room, sizeof *fn->ins);
  copy->blocks = duplicate(copy, fn->blocks, fn->block_room, sizeof *fn->blocks);
  copy->offsets = duplicate(copy, fn->offsets, fn->offset_room, sizeof *fn->offsets);
  copy->phis = duplicate(copy, fn->phis, fn->phi_room, sizeof *fn->phis);
  copy->lists = duplicate(copy, fn->lists, fn->list_room, sizeof *fn->lists);
  bool complete = copy->arrays && copy->params && copy->ins && copy->blocks && copy->offsets &&
                  copy->phis && copy->lists;
  for (uint32_t b = 0; b < fn->block_count && complete; b++) {
    copy->blocks[b].ins = duplicate(copy, fn->blocks[b].ins, fn->blocks[b].room, sizeof(uint32_t));
    complete = copy->blocks[b].ins != NULL;
  }
  return complete;
}

static JitFn *copy_local(JitFn *module, const JitFn *local) {
  JitFn *copy = fn_in(module->pool);
  if (!copy) return NULL;
  *copy = *local, copy->own = (QlPool){0}, copy->pool = module->pool, copy->module = module;
  copy->name = ql_pool_copy(module->pool, local->name, strlen(local->name) + 1);
  return copy->name && copy_parts(copy, local) ? copy : NULL;
}

JitFn *jit_fn_copy(const JitFn *fn) {
  JitFn *copy = fn_alone(USUAL);
  if (!copy) return NULL;
  QlPool own = copy->own;
  *copy = *fn, copy->own = own, copy->pool = &copy->own, copy->module = copy;
  copy->strips = NULL, copy->strip_count = copy->strip_room = 0;
  copy->locals = duplicate(copy, fn->locals, fn->local_room, sizeof *fn->locals);
  bool complete = copy->locals && copy_parts(copy, fn);
  for (uint32_t k = 0; k < fn->local_count && complete; k++)
    complete = (copy->locals[k] = copy_local(copy, fn->locals[k])) != NULL;
  if (complete) return copy;
  jit_fn_free(copy);
  return NULL;
}

/* ---- instructions ---- */

static uint32_t insert(JitFn *fn, uint32_t block, uint32_t at, const IrIns *ins) {
  IrBlock *home = &fn->blocks[block];
  if (!ir_grow(fn, &fn->ins, &fn->ins_room, fn->ins_count + 1, sizeof *fn->ins) ||
      !ir_grow(fn, &home->ins, &home->room, home->count + 1, sizeof *home->ins))
    return 0;
  uint32_t id = fn->ins_count++;
  fn->ins[id] = *ins;
  memmove(home->ins + at + 1, home->ins + at, (home->count - at) * sizeof *home->ins);
  home->ins[at] = id;
  home->count++;
  return id;
}

uint32_t ir_append(JitFn *fn, uint32_t block, const IrIns *ins) {
  return insert(fn, block, fn->blocks[block].count, ins);
}

/* A mistake of the front end: kept when it is the first. */
static JitRef spoil(JitFn *fn, QlSource source, QlStatus status, const char *text) {
  if (fn->bad.status == QL_OK) {
    ql_fail(&fn->bad, status, "%s", text);
    fn->bad.source = source;
  }
  return (JitRef){0};
}

static JitRef append(JitFn *fn, const IrIns *ins) {
  if (fn->bad.status) return (JitRef){0};
  if (fn->open == CLOSED)
    return spoil(fn, ins->source, QL_ERR_STATE, "an instruction outside any open block");
  return (JitRef){ir_append(fn, fn->open, ins)};
}

/* The instruction that computes a value, or NULL when there is none. */
static const IrIns *defined(const JitFn *fn, JitRef value) {
  return value.id && value.id < fn->ins_count && ir_has_value(&fn->ins[value.id])
             ? &fn->ins[value.id]
             : NULL;
}

int jit_fn_array(JitFn *fn, QlDtype dtype, JitAccess access, const JitStride *strides) {
  if (fn->name) {
    spoil(fn, (QlSource){0}, QL_ERR_STATE, "an operand of a local function");
    return 0;
  }
  if (!ir_grow(fn, &fn->arrays, &fn->array_room, fn->array_count + 1, sizeof *fn->arrays)) return 0;
  IrArray *array = &fn->arrays[fn->array_count];
  *array = (IrArray){.dtype = (uint8_t)dtype, .access = (uint8_t)access};
  for (int axis = 0; axis < fn->rank; axis++) array->stride[axis] = (uint8_t)strides[axis];
  return (int)fn->array_count++;
}

int jit_fn_param(JitFn *fn, QlDtype dtype) {
  if (!ir_grow(fn, &fn->params, &fn->param_room, fn->param_count + 1, sizeof *fn->params)) return 0;
  fn->params[fn->param_count] = (uint8_t)dtype;
  return (int)fn->param_count++;
}

JitRef jit_const(JitFn *fn, QlDtype dtype, QlValue value) {
  return append(
      fn, &(IrIns){.kind = IR_CONST, .dtype = (uint8_t)dtype, .value = ir_canonical(dtype, value)});
}

JitRef jit_param(JitFn *fn, int param, QlSource source) {
  if (param < 0 || (uint32_t)param >= fn->param_count)
    return spoil(fn, source, QL_ERR_INDEX, "a parameter that is not declared");
  return append(
      fn,
      &(IrIns){.kind = IR_PARAM, .dtype = fn->params[param], .number = param, .source = source});
}

/* `reduced`: the axis of the line that it belongs to; -1: to a point. */
static JitRef make_index(JitFn *fn, int axis, int reduced, QlSource source) {
  if (axis < 0 || axis >= fn->rank || reduced >= fn->rank)
    return spoil(fn, source, QL_ERR_INDEX, "an index along an axis that the domain does not have");
  return append(fn, &(IrIns){.kind = IR_INDEX,
                             .dtype = QL_I64,
                             .rank = (uint8_t)fn->rank,
                             .line = reduced >= 0,
                             .axis = (uint8_t)QL_MAX(reduced, 0),
                             .number = axis,
                             .source = source});
}

JitRef jit_index(JitFn *fn, int axis, QlSource source) { return make_index(fn, axis, -1, source); }

JitRef jit_index_of_line(JitFn *fn, int axis, int reduced, QlSource source) {
  return make_index(fn, axis, reduced, source);
}

static JitRef make_load(JitFn *fn, int array, int reduced, const int32_t *offset, QlSource source) {
  if (array < 0 || (uint32_t)array >= fn->array_count || reduced >= fn->rank)
    return spoil(fn, source, QL_ERR_INDEX, "a load from an operand that is not declared");
  uint32_t rank = (uint32_t)fn->rank, first = fn->offset_count;
  if (!ir_grow(fn, &fn->offsets, &fn->offset_room, first + rank, sizeof *fn->offsets))
    return (JitRef){0};
  for (uint32_t axis = 0; axis < rank; axis++)
    fn->offsets[first + axis] = offset ? offset[axis] : 0;
  fn->offset_count += rank;
  bool moves = ir_moves(fn, (uint32_t)array), line = moves && reduced >= 0;
  return append(fn, &(IrIns){.kind = IR_LOAD,
                             .dtype = fn->arrays[array].dtype,
                             .number = array,
                             .extra = first,
                             .source = source,
                             .rank = moves ? (uint8_t)rank : 0,
                             .line = line,
                             .axis = line ? (uint8_t)reduced : 0});
}

JitRef jit_load(JitFn *fn, int array, const int32_t *offset, QlSource source) {
  return make_load(fn, array, -1, offset, source);
}

JitRef jit_load_of_line(JitFn *fn, int array, int reduced, const int32_t *offset, QlSource source) {
  return make_load(fn, array, reduced, offset, source);
}

/* A comparison of an i64 with a u64: below 0 the signed one is less than all others; otherwise both
 * are u64. */
static JitRef compare_signs(JitFn *fn, QlOp op, JitRef with_sign, JitRef without, QlSource source) {
  bool if_negative = op == QL_OP_LESS || op == QL_OP_LESS_EQUAL || op == QL_OP_NOT_EQUAL;
  JitRef zero = jit_const(fn, QL_I64, (QlValue){.i = 0}),
         same = jit_cast(fn, with_sign, QL_U64, source);
  JitRef sign = jit_op(fn, if_negative ? QL_OP_LESS : QL_OP_GREATER_EQUAL, 2,
                       (JitRef[]){with_sign, zero}, source);
  JitRef rest = jit_op(fn, op, 2, (JitRef[]){same, without}, source);
  return jit_op(fn, if_negative ? QL_OP_LOGICAL_OR : QL_OP_LOGICAL_AND, 2, (JitRef[]){sign, rest},
                source);
}

static QlOp mirrored(QlOp comparison) {
  switch (comparison) {
    case QL_OP_LESS: return QL_OP_GREATER;
    case QL_OP_LESS_EQUAL: return QL_OP_GREATER_EQUAL;
    case QL_OP_GREATER: return QL_OP_LESS;
    case QL_OP_GREATER_EQUAL: return QL_OP_LESS_EQUAL;
    default: return comparison;
  }
}

static bool is_of(const JitFn *fn, JitRef value, QlDtype dtype) {
  const IrIns *ins = defined(fn, value);
  return ins && ins->dtype == dtype;
}

JitRef jit_op(JitFn *fn, QlOp op, int count, const JitRef *args, QlSource source) {
  if (fn->bad.status) return (JitRef){0};
  if (count == 2 && ql_is_comparison(op)) {
    if (is_of(fn, args[0], QL_I64) && is_of(fn, args[1], QL_U64))
      return compare_signs(fn, op, args[0], args[1], source);
    if (is_of(fn, args[0], QL_U64) && is_of(fn, args[1], QL_I64))
      return compare_signs(fn, mirrored(op), args[1], args[0], source);
  }
  if ((unsigned)op >= QL_OP_COUNT || count != ql_op_info[op].arity)
    return spoil(fn, source, QL_ERR_VALUE, "an operation with a wrong number of arguments");
  IrIns ins = {.kind = IR_OP, .op = (uint8_t)op, .source = source};
  for (int a = 0; a < count; a++) {
    const IrIns *arg = defined(fn, args[a]);
    if (!arg) return spoil(fn, source, QL_ERR_VALUE, "an operation on a value that does not exist");
    ins.args[a] = args[a].id;
    ins.rank = QL_MAX(ins.rank, arg->rank);
    ins.lanes = QL_MAX(ins.lanes, arg->lanes);
    if (arg->line) ins.line = true, ins.axis = arg->axis;
  }
  QlDtype loop = fn->ins[args[count - 1].id].dtype;
  for (int a = 0; a < count - 1; a++)
    if (!is_of(fn, args[a], op == QL_OP_SELECT && a == 0 ? QL_BOOL : loop))
      return spoil(fn, source, QL_ERR_TYPE,
                   "an operation on values of different dtypes: one needs a cast");
  if (!ir_has_loop(op, loop)) {
    ql_fail(&fn->bad, QL_ERR_CAST, "%s has no loop for %s", ql_op_info[op].name,
            ql_dtype_info[loop].name);
    fn->bad.source = source;
    return (JitRef){0};
  }
  ins.dtype = (uint8_t)ir_result(op, loop);
  return append(fn, &ins);
}

JitRef jit_cast(JitFn *fn, JitRef value, QlDtype dtype, QlSource source) {
  if (fn->bad.status) return (JitRef){0};
  const IrIns *arg = defined(fn, value);
  if (!arg) return spoil(fn, source, QL_ERR_VALUE, "a cast of a value that does not exist");
  if (arg->dtype == dtype) return value;
  return append(fn, &(IrIns){.kind = IR_CAST,
                             .dtype = (uint8_t)dtype,
                             .rank = arg->rank,
                             .line = arg->line,
                             .axis = arg->axis,
                             .lanes = arg->lanes,
                             .args = {value.id},
                             .source = source});
}

/* ---- lanes ---- */

JitRef ir_lane(JitFn *fn, int lanes) {
  return append(fn, &(IrIns){.kind = IR_LANE, .dtype = QL_I64, .lanes = (uint8_t)lanes});
}

JitRef ir_spread(JitFn *fn, JitRef value, int lanes) {
  return append(fn, &(IrIns){.kind = IR_SPREAD,
                             .dtype = fn->ins[value.id].dtype,
                             .lanes = (uint8_t)lanes,
                             .args = {value.id}});
}

JitRef ir_some(JitFn *fn, JitRef mask) {
  return append(fn, &(IrIns){.kind = IR_SOME, .dtype = QL_BOOL, .args = {mask.id}});
}

JitRef ir_load_lanes(JitFn *fn, QlDtype dtype, JitRef base, JitRef offset, int lanes, JitRef mask,
                     QlSource source) {
  JitRef value = jit_load_at(fn, dtype, base, offset, source);
  if (!value.id) return value;
  IrIns *ins = &fn->ins[value.id];
  ins->lanes = (uint8_t)lanes, ins->args[2] = mask.id, ins->count = mask.id != 0;
  return value;
}

/* ---- reductions and stores ---- */

JitRef jit_reduce(JitFn *fn, QlReduction reduction, JitReduceForm form, int axis, JitRef value,
                  QlSource source) {
  if (fn->bad.status) return (JitRef){0};
  const IrIns *arg = defined(fn, value);
  if (!arg) return spoil(fn, source, QL_ERR_VALUE, "a reduction of a value that does not exist");
  if (axis < 0 || axis >= fn->rank)
    return spoil(fn, source, QL_ERR_INDEX,
                 "a reduction along an axis that the domain does not have");
  return append(fn, &(IrIns){.kind = IR_REDUCE,
                             .op = (uint8_t)reduction,
                             .dtype = arg->dtype,
                             .rank = (uint8_t)fn->rank,
                             .form = (uint8_t)form,
                             .line = true,
                             .axis = (uint8_t)axis,
                             .args = {value.id},
                             .source = source});
}

void jit_store(JitFn *fn, int array, JitRef value, QlSource source) {
  if (fn->bad.status) return;
  const IrIns *arg = defined(fn, value);
  if (!arg)
    spoil(fn, source, QL_ERR_VALUE, "a store of a value that does not exist");
  else if (array < 0 || (uint32_t)array >= fn->array_count)
    spoil(fn, source, QL_ERR_INDEX, "a store to an operand that is not declared");
  else if (arg->dtype != fn->arrays[array].dtype)
    spoil(fn, source, QL_ERR_TYPE,
          "a store to an operand of another dtype: the value needs a cast");
  else
    append(fn, &(IrIns){.kind = IR_STORE,
                        .dtype = arg->dtype,
                        .rank = arg->rank,
                        .number = array,
                        .args = {value.id},
                        .source = source});
}

/* ---- memory by address, calls ---- */

JitRef jit_load_at(JitFn *fn, QlDtype dtype, JitRef base, JitRef offset, QlSource source) {
  if (fn->bad.status) return (JitRef){0};
  if (!is_of(fn, base, QL_I64) || !is_of(fn, offset, QL_I64))
    return spoil(fn, source, QL_ERR_TYPE, "an address is an i64 and an i64");
  return append(fn, &(IrIns){.kind = IR_LOAD_AT,
                             .dtype = (uint8_t)dtype,
                             .args = {base.id, offset.id},
                             .source = source});
}

JitRef jit_stack(JitFn *fn, int64_t bytes, QlSource source) {
  if (fn->bad.status) return (JitRef){0};
  if (bytes < 1 || bytes > IR_STACK_BYTES)
    return spoil(fn, source, QL_ERR_VALUE, "private memory is of 1 to 65536 bytes");
  return append(
      fn, &(IrIns){.kind = IR_STACK, .dtype = QL_I64, .number = (int32_t)bytes, .source = source});
}

void jit_store_at(JitFn *fn, JitRef base, JitRef offset, JitRef value, QlSource source) {
  if (fn->bad.status) return;
  const IrIns *arg = defined(fn, value);
  if (!arg)
    spoil(fn, source, QL_ERR_VALUE, "a store of a value that does not exist");
  else if (!is_of(fn, base, QL_I64) || !is_of(fn, offset, QL_I64))
    spoil(fn, source, QL_ERR_TYPE, "an address is an i64 and an i64");
  else
    append(fn, &(IrIns){.kind = IR_STORE_AT,
                        .dtype = arg->dtype,
                        .lanes = arg->lanes,
                        .args = {base.id, offset.id, value.id},
                        .source = source});
}

/* The arguments of a call: of these dtypes. */
static bool take_args(JitFn *fn, IrIns *call, int count, const JitRef *args,
                      const uint8_t *dtypes) {
  for (int a = 0; a < count; a++)
    if (!is_of(fn, args[a], (QlDtype)dtypes[a])) {
      spoil(fn, call->source, QL_ERR_TYPE, "an argument of a call is not of the parameter's dtype");
      return false;
    }
  call->extra = fn->list_count, call->count = (uint32_t)count;
  if (!ir_grow(fn, &fn->lists, &fn->list_room, call->extra + call->count, sizeof *fn->lists))
    return false;
  for (int a = 0; a < count; a++) fn->lists[fn->list_count++] = args[a].id;
  return true;
}

const JitFn *ir_bad(const JitFn *fn) {
  if (fn->bad.status) return fn;
  for (uint32_t k = 0; k < fn->local_count; k++)
    if (fn->locals[k]->bad.status) return fn->locals[k];
  return NULL;
}

static bool is_name(const char *name) {
  static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_";
  return name && *name && strspn(name, letters) == strlen(name);
}

JitFn *jit_fn_local(JitFn *fn, const char *name, QlDtype result) {
  JitFn *module = fn->module;
  QlSource nowhere = {0};
  if (module->bad.status) return module;
  if (!is_name(name))
    return spoil(module, nowhere, QL_ERR_VALUE, "a local function without a proper name"), module;
  if (module->rank)
    return spoil(module, nowhere, QL_ERR_STATE, "a local function in a domain with axes"), module;
  for (uint32_t k = 0; k < module->local_count; k++)
    if (!strcmp(module->locals[k]->name, name))
      return spoil(module, nowhere, QL_ERR_VALUE, "two local functions of one name"), module;
  JitFn *local = ir_local_new(module, name, strlen(name), result);
  if (local) return local;
  return spoil(module, nowhere, QL_ERR_MEMORY, "out of memory for a kernel"), module;
}

/* The function of C of that name, which the module has already; NULL: it has none. */
static JitFn *external_named(const JitFn *module, const char *name) {
  for (uint32_t k = 0; k < module->local_count; k++)
    if (module->locals[k]->external && !strcmp(module->locals[k]->name, name))
      return module->locals[k];
  return NULL;
}

JitFn *jit_fn_external(JitFn *fn, const char *name, QlDtype result, int count,
                       const uint8_t *dtypes) {
  JitFn *known = external_named(fn->module, name);
  if (known) return known;
  JitFn *external = jit_fn_local(fn, name, result);
  if (external == fn->module) return external; /* which is bad */
  external->external = true, external->block_count = 0, external->open = CLOSED;
  for (int k = 0; k < count; k++) jit_fn_param(external, (QlDtype)dtypes[k]);
  return external;
}

/* Its number among the module's; -1: it is none of them. */
static int32_t number_of(const JitFn *fn, const JitFn *callee) {
  for (uint32_t k = 0; k < fn->module->local_count; k++)
    if (fn->module->locals[k] == callee) return (int32_t)k;
  return -1;
}

JitRef jit_call(JitFn *fn, JitFn *callee, int count, const JitRef *args, QlSource source) {
  if (fn->bad.status) return (JitRef){0};
  int32_t number = number_of(fn, callee);
  if (number < 0) return spoil(fn, source, QL_ERR_VALUE, "a call of what is no local function");
  if (count < 0 || (uint32_t)count != callee->param_count)
    return spoil(fn, source, QL_ERR_VALUE, "a call with a wrong number of arguments");
  IrIns call = {.kind = IR_CALL, .dtype = callee->result, .number = number, .source = source};
  return take_args(fn, &call, count, args, callee->params) ? append(fn, &call) : (JitRef){0};
}

JitRef jit_host(JitFn *fn, JitHost host, int count, const JitRef *args, QlSource source) {
  if (fn->bad.status) return (JitRef){0};
  if ((unsigned)host >= JIT_HOST_COUNT || count != ir_host[host].count)
    return spoil(fn, source, QL_ERR_VALUE, "a host call with a wrong number of arguments");
  const IrHost *info = &ir_host[host];
  bool gives = info->result != QL_DTYPE_NONE;
  IrIns call = {.kind = IR_HOST,
                .dtype = gives ? info->result : 0,
                .number = (int32_t)host,
                .source = source};
  if (!take_args(fn, &call, count, args, info->args)) return (JitRef){0};
  JitRef value = append(fn, &call);
  return gives ? value : (JitRef){0};
}

/* ---- control flow ---- */

JitBlock jit_block_new(JitFn *fn) {
  if (!ir_grow(fn, &fn->blocks, &fn->block_room, fn->block_count + 1, sizeof *fn->blocks))
    return (JitBlock){0};
  fn->blocks[fn->block_count] = (IrBlock){0};
  return (JitBlock){fn->block_count++};
}

void jit_block_open(JitFn *fn, JitBlock block) {
  if (fn->bad.status) return;
  if (block.id >= fn->block_count || fn->blocks[block.id].end != IR_OPEN)
    spoil(fn, (QlSource){0}, QL_ERR_STATE, "a block is opened that does not exist or has ended");
  else
    fn->open = block.id;
}

static void end(JitFn *fn, IrEnd how, uint32_t condition, JitBlock first, JitBlock second) {
  if (fn->bad.status) return;
  if (fn->open == CLOSED || first.id >= fn->block_count || second.id >= fn->block_count) {
    spoil(fn, (QlSource){0}, QL_ERR_STATE,
          "a jump outside any open block, or to a block that does not exist");
    return;
  }
  IrBlock *block = &fn->blocks[fn->open];
  block->end = (uint8_t)how, block->condition = condition, block->to[0] = first.id,
  block->to[1] = second.id;
  fn->open = CLOSED;
}

void jit_jump(JitFn *fn, JitBlock to) { end(fn, IR_JMP, 0, to, to); }

void jit_branch(JitFn *fn, JitRef condition, JitBlock if_true, JitBlock if_false) {
  if (fn->bad.status) return;
  const IrIns *value = defined(fn, condition);
  if (!value || value->dtype != QL_BOOL)
    spoil(fn, (QlSource){0}, QL_ERR_TYPE, "a branch needs a bool");
  else
    end(fn, if_true.id == if_false.id ? IR_JMP : IR_JNZ,
        if_true.id == if_false.id ? 0 : condition.id, if_true, if_false);
}

void jit_return(JitFn *fn, JitRef value) {
  if (fn->bad.status) return;
  if (fn->name ? !is_of(fn, value, (QlDtype)fn->result) : value.id != 0)
    spoil(fn, (QlSource){0}, QL_ERR_TYPE,
          fn->name ? "a return without a value of the function's dtype"
                   : "a return of a value from what is no local function");
  else
    end(fn, IR_RET, value.id, (JitBlock){0}, (JitBlock){0});
}

/* A phi goes behind the phis that its block has already, so front ends may add them late. */
JitRef jit_phi(JitFn *fn, QlDtype dtype, int rank) {
  if (fn->bad.status) return (JitRef){0};
  if (fn->open == CLOSED)
    return spoil(fn, (QlSource){0}, QL_ERR_STATE, "a phi outside any open block");
  const IrBlock *block = &fn->blocks[fn->open];
  uint32_t at = 0;
  while (at < block->count && fn->ins[block->ins[at]].kind == IR_PHI) at++;
  return (JitRef){insert(fn, fn->open, at,
                         &(IrIns){.kind = IR_PHI, .dtype = (uint8_t)dtype, .rank = (uint8_t)rank})};
}

void jit_phi_from(JitFn *fn, JitRef phi, JitBlock from, JitRef value) {
  if (fn->bad.status) return;
  if (!defined(fn, phi) || !defined(fn, value) || fn->ins[phi.id].kind != IR_PHI) {
    spoil(fn, (QlSource){0}, QL_ERR_VALUE, "a phi, or its argument, does not exist");
    return;
  }
  if (!ir_grow(fn, &fn->phis, &fn->phi_room, fn->phi_count + 1, sizeof *fn->phis)) return;
  uint32_t arm = fn->phi_count++;
  fn->phis[arm] = (IrPhi){.block = from.id, .value = value.id};
  IrIns *ins = &fn->ins[phi.id];
  if (ins->count++ == 0) {
    ins->extra = arm;
  } else {
    fn->phis[ins->number].next = arm;
  }
  ins->number = (int32_t)arm;
}

/* ---- taking back ---- */

JitMark jit_mark(const JitFn *fn) {
  return (JitMark){.ins = fn->ins_count,
                   .blocks = fn->block_count,
                   .offsets = fn->offset_count,
                   .phis = fn->phi_count,
                   .open = fn->open,
                   .count = fn->open == CLOSED ? 0 : fn->blocks[fn->open].count};
}

void jit_rewind(JitFn *fn, JitMark mark) {
  if (fn->bad.status) return;
  fn->ins_count = mark.ins, fn->block_count = mark.blocks;
  fn->offset_count = mark.offsets, fn->phi_count = mark.phis;
  fn->open = mark.open;
  if (mark.open == CLOSED) return;
  fn->blocks[mark.open].count = mark.count;
  fn->blocks[mark.open].end = IR_OPEN;
}
