/* The oracle: runs a function at every point of a box as jit/ir.md says, one instruction after the
 * other. It is written to be plainly right; compiled code must give the same bits.
 *
 *   once per call:   the values of rank 0 in block 0
 *   at each point:   everything else, from block 0 to a return, following jumps
 *   a reduction:     the points of a line along its axis in order, then the next line */
#include "ir.h"

#include <stdlib.h>

typedef struct Machine {
  const JitFn *fn;
  const JitCall *call;
  QlValue *values;         /* [ins_count] */
  QlValue *incoming;       /* [ins_count] of phis, before any of them changes */
  int64_t at[QL_MAX_DIMS]; /* the point, from the corner of the box */
  QlValue reduced;         /* what the reduction got at this point */
} Machine;

static char *element(const Machine *m, int32_t array, const int32_t *offsets) {
  const int64_t *stride = m->call->stride + (int64_t)array * m->fn->rank;
  char *address = m->call->base[array];
  for (int axis = 0; axis < m->fn->rank; axis++)
    address += (m->at[axis] + (offsets ? offsets[axis] : 0)) * stride[axis];
  return address;
}

static QlValue compute(const Machine *m, const IrIns *ins) {
  const JitFn *fn = m->fn;
  QlValue args[3];
  int count = ir_arg_count(ins);
  for (int a = 0; a < count; a++) args[a] = m->values[ins->args[a]];
  switch (ins->kind) {
    case IR_CONST: return ins->value;
    case IR_PARAM: return ir_canonical((QlDtype)ins->dtype, m->call->param[ins->number]);
    case IR_INDEX:
      return (QlValue){.bits = {(uint64_t)(m->call->origin[ins->number] + m->at[ins->number]), 0}};
    case IR_LOAD:
      return ir_read((QlDtype)ins->dtype, element(m, ins->number, fn->offsets + ins->extra));
    case IR_OP: return ir_eval((QlOp)ins->op, (QlDtype)fn->ins[ins->args[count - 1]].dtype, args);
    case IR_CAST:
      return ir_canonical((QlDtype)ins->dtype, ql_convert((QlDtype)fn->ins[ins->args[0]].dtype,
                                                          args[0], (QlDtype)ins->dtype));
    default: return m->incoming[ins - fn->ins]; /* a phi */
  }
}

static void run_uniform(Machine *m) {
  const IrBlock *entry = &m->fn->blocks[0];
  for (uint32_t i = 0; i < entry->count; i++) {
    const IrIns *ins = &m->fn->ins[entry->ins[i]];
    if (ir_is_uniform(m->fn, 0, ins)) m->values[entry->ins[i]] = compute(m, ins);
  }
}

/* All phis of a block take their values at once, from the block that control comes from. */
static void receive(Machine *m, uint32_t block, uint32_t from) {
  const JitFn *fn = m->fn;
  for (uint32_t i = 0; i < fn->blocks[block].count; i++) {
    uint32_t id = fn->blocks[block].ins[i];
    if (fn->ins[id].kind != IR_PHI) return;
    for (uint32_t arm = fn->ins[id].extra; arm; arm = fn->phis[arm].next)
      if (fn->phis[arm].block == from) m->incoming[id] = m->values[fn->phis[arm].value];
  }
}

static void run_block(Machine *m, uint32_t block) {
  const JitFn *fn = m->fn;
  for (uint32_t i = 0; i < fn->blocks[block].count; i++) {
    uint32_t id = fn->blocks[block].ins[i];
    const IrIns *ins = &fn->ins[id];
    if (ir_is_uniform(fn, block, ins)) continue;
    if (ins->kind == IR_STORE)
      ir_write((QlDtype)ins->dtype, element(m, ins->number, NULL), m->values[ins->args[0]]);
    else if (ins->kind == IR_REDUCE)
      m->reduced = m->values[ins->args[0]];
    else
      m->values[id] = compute(m, ins);
  }
}

static void run_point(Machine *m) {
  const JitFn *fn = m->fn;
  for (uint32_t block = 0;;) {
    run_block(m, block);
    if (ir_end(fn, block) == IR_RET) return;
    const IrBlock *b = &fn->blocks[block];
    uint32_t next = b->end == IR_JMP || m->values[b->condition].b ? b->to[0] : b->to[1];
    receive(m, next, block);
    block = next;
  }
}

/* The next point, last axis fastest, leaving out `skip`; false after the last. */
static bool advance(Machine *m, int skip) {
  for (int axis = m->fn->rank - 1; axis >= 0; axis--) {
    if (axis == skip) continue;
    if (++m->at[axis] < m->call->extent[axis]) return true;
    m->at[axis] = 0;
  }
  return false;
}

/* ---- reductions (contract C7) ---- */

typedef struct Line { /* one line along the axis, and what reduces it */
  Machine *m;
  const IrIns *reduce;
  QlReduction reduction;
  QlDtype dtype;
  int depth; /* of the counter: subtrees waiting, sizes falling */
  QlValue tree[64];
  int64_t size[64];
} Line;

static QlValue combine(const Line *line, QlValue a, QlValue b) {
  return ir_reduce_combine(line->reduction, line->dtype, a, b);
}

static QlValue value_at(Line *line, int64_t position) {
  line->m->at[line->reduce->axis] = position;
  run_point(line->m);
  return line->m->reduced;
}

/* Elements first .. first + count - 1 of the line, count <= 128: element k into accumulator k mod
 * 8, then
 * ((0+1)+(2+3)) + ((4+5)+(6+7)), leaving out accumulators that got nothing. */
static QlValue leaf(Line *line, int64_t first, int64_t count) {
  QlValue lanes[JIT_LANES];
  for (int64_t k = 0; k < count; k++) {
    QlValue value = value_at(line, first + k);
    lanes[k % JIT_LANES] = k < JIT_LANES ? value : combine(line, lanes[k % JIT_LANES], value);
  }
  int64_t present = QL_MIN(count, (int64_t)JIT_LANES);
  for (int64_t step = 1; step < JIT_LANES; step *= 2)
    for (int64_t lane = 0; lane + step < present; lane += 2 * step)
      lanes[lane] = combine(line, lanes[lane], lanes[lane + step]);
  return lanes[0];
}

static void push(Line *line, QlValue value) {
  int64_t size = 1;
  while (line->depth && line->size[line->depth - 1] == size) {
    value = combine(line, line->tree[--line->depth], value);
    size *= 2;
  }
  line->tree[line->depth] = value;
  line->size[line->depth++] = size;
}

static QlValue finish(Line *line) {
  if (line->depth == 0) return ir_reduce_identity(line->reduction, line->dtype);
  QlValue value = line->tree[--line->depth];
  while (line->depth) value = combine(line, line->tree[--line->depth], value);
  return value;
}

static void reduce_line(Line *line) {
  Machine *m = line->m;
  const IrIns *reduce = line->reduce;
  int64_t extent = m->call->extent[reduce->axis];
  line->depth = 0;
  if (reduce->form == JIT_TREE) {
    for (int64_t k = 0; k < extent; k++) push(line, value_at(line, k));
  } else if (reduce->form == JIT_BRANCHES) {
    for (int64_t first = 0; first < extent; first += JIT_LEAF) {
      for (int64_t k = first; k < QL_MIN(extent, first + JIT_LEAF); k++)
        push(line, value_at(line, k));
      m->at[reduce->axis] = first / JIT_LEAF;
      ir_write(line->dtype, element(m, reduce->number, NULL), finish(line));
    }
  } else {
    for (int64_t first = 0; first < extent; first += JIT_LEAF) {
      QlValue value = leaf(line, first, QL_MIN(extent - first, (int64_t)JIT_LEAF));
      m->at[reduce->axis] = first / JIT_LEAF;
      if (reduce->form == JIT_LEAVES)
        ir_write(line->dtype, element(m, reduce->number, NULL), value);
      else
        push(line, value);
    }
  }
  m->at[reduce->axis] = 0;
  if (!jit_form_steps((JitReduceForm)reduce->form))
    ir_write(line->dtype, element(m, reduce->number, NULL), finish(line));
}

/* ---- the whole ---- */

static QlStatus check_call(const JitFn *fn, const JitCall *call, const IrIns *reduce,
                           QlError *error) {
  for (uint32_t a = 0; a < fn->array_count; a++) {
    for (int axis = 0; axis < fn->rank; axis++) {
      int64_t stride = call->stride[(int64_t)a * fn->rank + axis],
              unit = ql_dtype_info[fn->arrays[a].dtype].size;
      uint8_t class = fn->arrays[a].stride[axis];
      if ((class == JIT_STRIDE_ZERO && stride != 0) || (class == JIT_STRIDE_UNIT && stride != unit))
        return ql_fail(error, QL_ERR_VALUE,
                       "operand $%u moves %lld bytes along axis %d, which is not %s", a,
                       (long long)stride, axis, ir_stride_name[class]);
    }
  }
  if (reduce && (reduce->op == QL_REDUCE_MIN || reduce->op == QL_REDUCE_MAX) &&
      call->extent[reduce->axis] == 0)
    return ql_fail(error, QL_ERR_VALUE, "%s of nothing", ql_reduction_info[reduce->op].name);
  return QL_OK;
}

static void run(Machine *m, const IrIns *reduce) {
  int skip = reduce ? reduce->axis : -1;
  for (int axis = 0; axis < m->fn->rank; axis++)
    if (axis != skip && m->call->extent[axis] <= 0) return;
  if (!reduce || m->call->extent[skip] > 0) run_uniform(m);
  Line line = {.m = m, .reduce = reduce};
  if (reduce) line.reduction = (QlReduction)reduce->op, line.dtype = (QlDtype)reduce->dtype;
  do {
    if (reduce)
      reduce_line(&line);
    else
      run_point(m);
  } while (advance(m, skip));
}

QlStatus jit_interpret(const JitFn *fn, const JitCall *call, QlError *error) {
  QL_TRY(jit_verify(fn, error));
  const IrIns *reduce = ir_reduction(fn);
  QL_TRY(check_call(fn, call, reduce, error));
  Machine m = {.fn = fn, .call = call};
  m.values = calloc(fn->ins_count, sizeof *m.values);
  m.incoming = calloc(fn->ins_count, sizeof *m.incoming);
  QlStatus status = QL_OK;
  if (m.values && m.incoming)
    run(&m, reduce);
  else
    status = ql_fail(error, QL_ERR_MEMORY, "out of memory for the interpreter");
  free(m.values), free(m.incoming);
  return status;
}
