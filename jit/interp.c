/* The oracle: runs a function at every point of a box as jit/ir.md says, one instruction after the
 * other. It is written to be plainly right; compiled code must give the same bits.
 *
 *   once per call:   the values of rank 0 in block 0
 *   at each point:   everything else, from block 0 to a return, following jumps
 *   calls:           the caller waits in a list of frames, not on the stack of this process
 *   reductions:      the points of a line along their axis in order, what is of the line, then the
 *                    next line */
#include "ir.h"

#include <stdlib.h>

enum { MOST_CALLS = 1000000 }; /* within each other */

typedef struct Frame { /* of a function that runs */
  const JitFn *fn;
  QlValue *values, *incoming;
  const QlValue *params;
  uint32_t block, place; /* what comes next */
} Frame;

typedef struct Machine {
  const JitFn *fn;
  const IrIns *reduction; /* the first; NULL: there is none */
  const JitCall *call;
  QlValue *values;   /* [ins_count] at this point; of a reduction: what it got. Behind both: what
                        lane 1 has, lane 2, ... */
  QlValue *incoming; /* [ins_count] of phis, before any of them changes */
  const QlValue *params;
  Frame *callers; /* those that wait for the function at hand */
  uint32_t depth, room;
  QlError *error;
  int64_t at[QL_MAX_DIMS]; /* the point */
} Machine;

static char *element(const Machine *m, int32_t array, const int32_t *offsets) {
  const int64_t *stride = m->call->stride + (int64_t)array * m->fn->rank;
  char *address = m->call->base[array];
  for (int axis = 0; axis < m->fn->rank; axis++)
    address += (m->at[axis] + (offsets ? offsets[axis] : 0)) * stride[axis];
  return address;
}

/* base + offset */
static char *address(const QlValue *args) { return (char *)(uintptr_t)(args[0].u + args[1].u); }

/* ---- lanes ---- */

static size_t most_lanes(const JitFn *fn) {
  size_t most = 1;
  for (uint32_t id = 1; id < fn->ins_count; id++) most = QL_MAX(most, fn->ins[id].lanes);
  return most;
}

/* From what one lane has to what the next one has. */
static size_t of_lane(const Machine *m, int lane) { return 2 * (size_t)lane * m->fn->ins_count; }

/* A single value is the same in all lanes. */
static QlValue value_in(const Machine *m, uint32_t id, int lane) {
  return m->values[(m->fn->ins[id].lanes ? of_lane(m, lane) : 0) + id];
}

static QlValue some_lane(const Machine *m, uint32_t mask) {
  bool some = false;
  for (int lane = 0; lane < m->fn->ins[mask].lanes; lane++) some |= value_in(m, mask, lane).b;
  return (QlValue){.b = some};
}

/* ---- values ---- */

/* How many lie before private memory. */
static size_t fixed_values(const JitFn *fn) {
  return 2 * most_lanes(fn) * fn->ins_count + fn->param_count;
}

/* Private memory lies behind the values: 16 bytes are a value. */
static size_t stack_values(const JitFn *fn, const IrIns *until) {
  size_t count = 0;
  for (uint32_t id = 1; id < fn->ins_count && &fn->ins[id] != until; id++)
    if (fn->ins[id].kind == IR_STACK)
      count += ((size_t)fn->ins[id].number + sizeof(QlValue) - 1) / sizeof(QlValue);
  return count;
}

static QlValue stack_at(const Machine *m, const IrIns *ins) {
  const JitFn *fn = m->fn;
  size_t before = fixed_values(fn) + stack_values(fn, ins);
  return (QlValue){.u = (uintptr_t)(m->values + before)};
}

static QlValue compute(const Machine *m, const IrIns *ins, int lane) {
  const JitFn *fn = m->fn;
  QlValue args[3];
  int count = ir_arg_count(ins);
  const uint32_t *from = ir_args(fn, ins);
  for (int a = 0; a < count; a++) args[a] = value_in(m, from[a], lane);
  switch (ins->kind) {
    case IR_SOME: return some_lane(m, ins->args[0]);
    case IR_LOAD_AT:
      if (count == 3 && !args[2].b) return (QlValue){.bits = {0, 0}};
      return ir_read((QlDtype)ins->dtype,
                     address(args) + lane * (int64_t)ql_dtype_info[ins->dtype].size);
    case IR_LANE: return (QlValue){.i = lane};
    case IR_SPREAD: return args[0];
    case IR_STACK: return stack_at(m, ins);
    case IR_HOST: return ir_host_call((JitHost)ins->number, args);
    case IR_CONST: return ins->value;
    case IR_PARAM: return ir_canonical((QlDtype)ins->dtype, m->params[ins->number]);
    case IR_INDEX: return (QlValue){.bits = {(uint64_t)(m->at[ins->number]), 0}};
    case IR_LOAD:
      return ir_read((QlDtype)ins->dtype, element(m, ins->number, fn->offsets + ins->extra));
    case IR_OP: return ir_eval((QlOp)ins->op, (QlDtype)fn->ins[ins->args[count - 1]].dtype, args);
    case IR_CAST:
      return ir_canonical((QlDtype)ins->dtype, ql_convert((QlDtype)fn->ins[ins->args[0]].dtype,
                                                          args[0], (QlDtype)ins->dtype));
    default: return m->incoming[of_lane(m, lane) + (size_t)(ins - fn->ins)]; /* a phi */
  }
}

static void run_uniform(Machine *m) {
  const IrBlock *entry = &m->fn->blocks[0];
  for (uint32_t i = 0; i < entry->count; i++) {
    const IrIns *ins = &m->fn->ins[entry->ins[i]];
    if (ir_is_uniform(m->fn, 0, ins)) m->values[entry->ins[i]] = compute(m, ins, 0);
  }
}

/* All phis of a block take their values at once, from the block that control comes from. */
static void receive(Machine *m, uint32_t block, uint32_t from) {
  const JitFn *fn = m->fn;
  for (uint32_t i = 0; i < fn->blocks[block].count; i++) {
    uint32_t id = fn->blocks[block].ins[i];
    if (fn->ins[id].kind != IR_PHI) return;
    for (uint32_t arm = fn->ins[id].extra; arm; arm = fn->phis[arm].next)
      for (int lane = 0; lane < QL_MAX(1, fn->ins[id].lanes) && fn->phis[arm].block == from; lane++)
        m->incoming[of_lane(m, lane) + id] = value_in(m, fn->phis[arm].value, lane);
  }
}

/* Lane after lane. */
static void store_at(const Machine *m, const IrIns *ins) {
  char *to = address((QlValue[]){m->values[ins->args[0]], m->values[ins->args[1]]});
  for (int lane = 0; lane < QL_MAX(1, ins->lanes); lane++)
    ir_write((QlDtype)ins->dtype, to + lane * (int64_t)ql_dtype_info[ins->dtype].size,
             value_in(m, ins->args[2], lane));
}

static void execute(Machine *m, uint32_t id) {
  const IrIns *ins = &m->fn->ins[id];
  if (ins->kind == IR_STORE)
    ir_write((QlDtype)ins->dtype, element(m, ins->number, NULL), m->values[ins->args[0]]);
  else if (ins->kind == IR_STORE_AT)
    store_at(m, ins);
  else if (ins->kind == IR_REDUCE)
    m->values[id] = m->values[ins->args[0]];
  else
    for (int lane = 0; lane < QL_MAX(1, ins->lanes); lane++)
      m->values[of_lane(m, lane) + id] = compute(m, ins, lane);
}

/* ---- calls ---- */

/* Memory of a function's run: its values, those that come to its phis, its parameters, what is
 * private to it. */
static QlValue *new_values(const JitFn *fn) {
  return calloc(fixed_values(fn) + stack_values(fn, NULL), sizeof(QlValue));
}

static bool make_room(Machine *m) {
  if (m->depth < m->room) return true;
  uint32_t more = m->room * 2 + 16;
  Frame *grown = realloc(m->callers, more * sizeof *grown);
  if (!grown) return false;
  m->callers = grown, m->room = more;
  return true;
}

/* The function at hand, which goes on at `block` and `place`, waits; its callee begins. */
static QlStatus enter(Machine *m, const IrIns *call, uint32_t block, uint32_t place) {
  const JitFn *callee = m->fn->module->locals[call->number];
  const uint32_t *args = ir_args(m->fn, call);
  if (callee->external)
    return ql_fail(m->error, QL_ERR_STATE, "@@%s is a function of C, which has no meaning here",
                   callee->name);
  if (m->depth == MOST_CALLS)
    return ql_fail(m->error, QL_ERR_VALUE, "more than %d calls within each other", MOST_CALLS);
  QlValue *values = make_room(m) ? new_values(callee) : NULL;
  if (!values) return ql_fail(m->error, QL_ERR_MEMORY, "out of memory for the interpreter");
  QlValue *incoming = values + callee->ins_count,
          *params = values + fixed_values(callee) - callee->param_count;
  for (uint32_t a = 0; a < call->count; a++) params[a] = m->values[args[a]];
  m->callers[m->depth++] = (Frame){m->fn, m->values, m->incoming, m->params, block, place};
  m->fn = callee, m->values = values, m->incoming = incoming, m->params = params;
  return QL_OK;
}

/* The caller gets the value, if there is one, and goes on. */
static Frame leave(Machine *m, uint32_t value) {
  Frame frame = m->callers[--m->depth];
  const IrBlock *block = &frame.fn->blocks[frame.block];
  if (value) frame.values[block->ins[frame.place - 1]] = m->values[value];
  free(m->values);
  m->fn = frame.fn, m->values = frame.values, m->incoming = frame.incoming;
  m->params = frame.params;
  return frame;
}

/* ---- one point ---- */

static QlStatus run_point(Machine *m) {
  for (uint32_t block = 0, place = 0;;) {
    const IrBlock *b = &m->fn->blocks[block];
    if (place < b->count) {
      uint32_t id = b->ins[place++];
      const IrIns *ins = &m->fn->ins[id];
      if (ins->kind == IR_CALL) {
        QL_TRY(enter(m, ins, block, place));
        block = place = 0;
      } else if (!ir_is_uniform(m->fn, block, ins) && !ir_of_line(m->fn, m->reduction, ins)) {
        execute(m, id);
      }
    } else if (ir_end(m->fn, block) == IR_RET) {
      if (!m->depth) return QL_OK;
      Frame caller = leave(m, b->condition);
      block = caller.block, place = caller.place;
    } else {
      uint32_t next = b->end == IR_JMP || m->values[b->condition].b ? b->to[0] : b->to[1];
      receive(m, next, block);
      block = next, place = 0;
    }
  }
}

/* The next point, last axis fastest, leaving out `skip`; false after the last. */
static bool advance(Machine *m, int skip) {
  for (int axis = m->fn->rank - 1; axis >= 0; axis--) {
    if (axis == skip) continue;
    if (++m->at[axis] < m->call->hi[axis]) return true;
    m->at[axis] = m->call->lo[axis];
  }
  return false;
}

/* ---- reductions (contract C7) ---- */

typedef struct Sum { /* of one reduction, over the line at hand */
  uint32_t id;
  IrTree tree;
} Sum;

typedef struct Line { /* one line along the axis, and what reduces it */
  Machine *m;
  JitReduceForm form;
  int axis;
  int count;
  Sum *sums;
} Line;

static void run_at(Line *line, int64_t position) {
  line->m->at[line->axis] = position;
  run_point(line->m);
}

/* Elements first .. first + count - 1 of the line, count <= 128. */
static void run_leaf(Line *line, int64_t first, int64_t count) {
  for (int64_t k = 0; k < count; k++) {
    run_at(line, first + k);
    for (Sum *sum = line->sums; sum < line->sums + line->count; sum++)
      ir_tree_element(&sum->tree, k, line->m->values[sum->id]);
  }
}

/* What is of the line, or of a leaf, whose values the machine has; operands are at `position` along
 * the axis. */
static void run_of_line(const Line *line, int64_t position) {
  Machine *m = line->m;
  m->at[line->axis] = position;
  for (uint32_t b = 0; b < m->fn->block_count; b++)
    for (uint32_t i = 0; i < m->fn->blocks[b].count; i++) {
      uint32_t id = m->fn->blocks[b].ins[i];
      if (ir_of_line(m->fn, m->reduction, &m->fn->ins[id])) execute(m, id);
    }
}

static void push_points(Line *line, int64_t first, int64_t end) {
  for (int64_t k = first; k < end; k++) {
    run_at(line, k);
    for (int n = 0; n < line->count; n++)
      ir_tree_push(&line->sums[n].tree, line->m->values[line->sums[n].id]);
  }
}

static void reduce_line(Line *line) {
  int64_t lo = line->m->call->lo[line->axis], hi = line->m->call->hi[line->axis];
  bool of_leaves = line->form == JIT_TREE || line->form == JIT_BRANCHES;
  Sum *end = line->sums + line->count;
  for (Sum *sum = line->sums; sum < end; sum++) sum->tree.depth = 0;
  for (int64_t first = lo; first < hi; first += JIT_LEAF) {
    int64_t count = QL_MIN(hi - first, (int64_t)JIT_LEAF);
    if (of_leaves)
      push_points(line, first, first + count);
    else
      run_leaf(line, first, count);
    for (Sum *sum = line->sums; sum < end; sum++) {
      if (line->form == JIT_BRANCHES) line->m->values[sum->id] = ir_tree_branch(&sum->tree);
      if (line->form == JIT_LEAVES) line->m->values[sum->id] = ir_tree_leaf(&sum->tree, count);
      if (line->form == JIT_WHOLE) ir_tree_push(&sum->tree, ir_tree_leaf(&sum->tree, count));
    }
    if (jit_form_steps(line->form)) run_of_line(line, first / JIT_LEAF);
  }
  for (Sum *sum = line->sums; sum < end && !jit_form_steps(line->form); sum++)
    line->m->values[sum->id] = ir_tree_finish(&sum->tree);
  if (!jit_form_steps(line->form)) run_of_line(line, lo);
  line->m->at[line->axis] = lo;
}

/* The sums of a function's reductions; NULL: out of memory. */
static Sum *new_sums(const JitFn *fn) {
  Sum *sums = calloc((size_t)ir_reductions(fn) + 1, sizeof *sums);
  int count = 0;
  for (uint32_t b = 0; sums && b < fn->block_count; b++)
    for (uint32_t i = 0; i < fn->blocks[b].count; i++) {
      uint32_t id = fn->blocks[b].ins[i];
      const IrIns *ins = &fn->ins[id];
      if (ins->kind != IR_REDUCE) continue;
      Sum *sum = &sums[count++];
      sum->id = id;
      sum->tree.reduction = (QlReduction)ins->op, sum->tree.dtype = (QlDtype)ins->dtype;
    }
  return sums;
}

/* ---- the whole ---- */

static QlStatus check_call(const JitFn *fn, const JitCall *call, QlError *error) {
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
  return QL_OK;
}

static QlStatus run(Machine *m, Line *line) {
  QlStatus status = QL_OK;
  const int64_t *lo = m->call->lo, *hi = m->call->hi;
  int skip = line->axis;
  for (int axis = 0; axis < m->fn->rank; axis++) {
    if (hi[axis] <= lo[axis]) return QL_OK;
    m->at[axis] = lo[axis];
  }
  run_uniform(m);
  do {
    if (line->count)
      reduce_line(line);
    else
      status = run_point(m);
  } while (status == QL_OK && advance(m, skip));
  while (m->depth) leave(m, 0); /* after a failure */
  return status;
}

QlStatus jit_interpret(const JitFn *fn, const JitCall *call, QlError *error) {
  QL_TRY(jit_verify(fn, error));
  const IrIns *reduce = ir_reduction(fn);
  QlValue *values = new_values(fn);
  Machine m = {.fn = fn,
               .reduction = reduce,
               .call = call,
               .params = call->param,
               .values = values,
               .incoming = values ? values + fn->ins_count : NULL,
               .error = error};
  Line line = {.m = &m, .axis = reduce ? reduce->axis : -1, .count = ir_reductions(fn)};
  if (reduce) line.form = (JitReduceForm)reduce->form;
  line.sums = new_sums(fn);
  QlStatus status = values && line.sums
                        ? check_call(fn, call, error)
                        : ql_fail(error, QL_ERR_MEMORY, "out of memory for the interpreter");
  if (!status) status = run(&m, &line);
  free(values), free(line.sums), free(m.callers);
  return status;
}
