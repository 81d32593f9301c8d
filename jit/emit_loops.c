/* The kernel: loops over the points of the box, the last axis innermost.
 *
 *   entry:  bounds, bases and strides from the call; extents, and the bases at the box's first
 *           point; nothing at all when the box is empty
 *           uniform values: those of rank 0 in block 0
 *   for i0 in extent 0:             row of operand a: base + i0 * stride(a, 0)
 *     for i1 in extent 1:             ... + i1 * stride(a, 1)
 *       rows of the loads: row + offsets * strides
 *       for i2 in extent 2:             element: row + i2 * stride, with a constant stride where
 *                                       the class says so
 *         the function's blocks; a return goes on with the next point
 *
 * Addresses of rows are computed outside the innermost loop, so that all which is left there is
 * vectorisable. */
#include "emit.h"

#include <stdlib.h>

/* ---- the call ---- */

static int64_t size_of_array(const Emit *e, uint32_t array) {
  return ql_dtype_info[e->fn->arrays[array].dtype].size;
}
static uint8_t class_of(const Emit *e, uint32_t array, int axis) {
  return e->fn->arrays[array].stride[axis];
}
static EmitRef stride_of(const Emit *e, uint32_t array, int axis) {
  return e->stride[array * (uint32_t)e->fn->rank + (uint32_t)axis];
}

/* Do the operations cost more, one by one, than gathering their operands for vectors does? */
static bool is_worth_gathering(const JitFn *fn) {
  enum { COST_OF_GATHERING = 8 };
  int cost = 0;
  for (uint32_t block = 0; block < fn->block_count; block++)
    for (uint32_t i = 0; i < fn->blocks[block].count; i++) {
      const IrIns *ins = &fn->ins[fn->blocks[block].ins[i]];
      if (ins->kind == IR_OP && ins->rank && !ins->line) cost += ql_op_info[ins->op].cost;
    }
  return cost > COST_OF_GATHERING;
}

/* A stride that is only known when the kernel runs. LLVM takes a value that it sees nothing behind
 * for one that may be a single byte: it makes vectors for that alone, and leaves all others to a
 * scalar loop. The larger one of it and a number that no stride falls below is not such a value,
 * and the loop gathers. */
static EmitRef stride_any(Emit *e, EmitRef strides, uint32_t at) {
  EmitRef stride = emit_get_int(e, strides, at * (int64_t)sizeof(int64_t)),
          least = emit_int(e, -(INT64_C(1) << 62));
  if (!is_worth_gathering(e->fn)) return stride;
  return emit_choose(e, emit_less(e, stride, least), least, stride);
}

static void read_strides(Emit *e, EmitRef strides) {
  for (uint32_t array = 0; array < e->fn->array_count; array++) {
    for (int axis = 0; axis < e->fn->rank; axis++) {
      uint32_t at = array * (uint32_t)e->fn->rank + (uint32_t)axis;
      uint8_t class = class_of(e, array, axis);
      if (class == JIT_STRIDE_UNIT) e->stride[at] = emit_int(e, size_of_array(e, array));
      if (class == JIT_STRIDE_ANY) e->stride[at] = stride_any(e, strides, at);
    }
  }
}

/* The axis along which the operand has one element for JIT_LEAF points; -1: there is none. */
static int axis_of_leaves(const Emit *e, uint32_t array) {
  const JitFn *fn = e->fn;
  const IrIns *reduce = e->reduction;
  if (!reduce || !jit_form_steps((JitReduceForm)reduce->form)) return -1;
  for (uint32_t b = 0; b < fn->block_count; b++)
    for (uint32_t i = 0; i < fn->blocks[b].count; i++) {
      const IrIns *ins = &fn->ins[fn->blocks[b].ins[i]];
      bool stores = ins->kind == IR_STORE && (uint32_t)ins->number == array;
      if (stores && ir_of_line(fn, reduce, ins)) return reduce->axis;
    }
  return -1;
}

/* The operand's element at the first point of the box. */
static EmitRef base_at_box(Emit *e, uint32_t array, EmitRef base) {
  int leaves = axis_of_leaves(e, array);
  for (int axis = 0; axis < e->fn->rank; axis++) {
    EmitRef stride = stride_of(e, array, axis), position = e->lo[axis];
    if (!stride) continue;
    if (axis == leaves) position = emit_shift_right(e, position, __builtin_ctz(JIT_LEAF));
    base = emit_displace(e, base, emit_mul(e, position, stride));
  }
  return base;
}

static void read_call(Emit *e) {
  EmitRef lo = emit_get_pointer(e, e->call, offsetof(JitCall, lo)),
          hi = emit_get_pointer(e, e->call, offsetof(JitCall, hi)),
          bases = emit_get_pointer(e, e->call, offsetof(JitCall, base));
  for (int axis = 0; axis < e->fn->rank; axis++) {
    e->lo[axis] = emit_get_int(e, lo, axis * (int64_t)sizeof(int64_t));
    e->extent[axis] =
        emit_sub(e, emit_get_int(e, hi, axis * (int64_t)sizeof(int64_t)), e->lo[axis]);
  }
  read_strides(e, emit_get_pointer(e, e->call, offsetof(JitCall, stride)));
  for (uint32_t array = 0; array < e->fn->array_count; array++)
    e->base[array] =
        base_at_box(e, array, emit_get_pointer(e, bases, array * (int64_t)sizeof(char *)));
}

/* ---- addresses ---- */

EmitPoint emit_point_new(Emit *e, EmitRef *rows) {
  EmitPoint point = {.row = rows};
  for (uint32_t array = 0; array < e->fn->array_count; array++) rows[array] = e->base[array];
  return point;
}

void emit_point_move(Emit *e, EmitPoint *point, const EmitPoint *from, int axis, EmitRef position) {
  for (int other = 0; other < e->fn->rank; other++) point->position[other] = from->position[other];
  point->position[axis] = position;
  for (uint32_t array = 0; array < e->fn->array_count; array++) {
    EmitRef stride = stride_of(e, array, axis);
    point->row[array] =
        stride ? emit_move(e, from->row[array], emit_mul(e, position, stride)) : from->row[array];
  }
}

EmitRef emit_element(Emit *e, uint32_t array, EmitRef row, EmitRef last, int32_t offset) {
  int axis = e->fn->rank - 1;
  if (axis < 0 || class_of(e, array, axis) == JIT_STRIDE_ZERO) return row;
  row = emit_move(e, row, emit_mul(e, last, stride_of(e, array, axis)));
  return offset ? emit_move(e, row, emit_int(e, offset * size_of_array(e, array))) : row;
}

/* A load sees its operand's row at constant offsets from the point; an offset along a last axis of
 * unit stride waits for the element, where it costs nothing. */
static EmitRef row_of_load(Emit *e, const IrIns *load, const EmitPoint *point) {
  const JitFn *fn = e->fn;
  uint32_t array = (uint32_t)load->number;
  EmitRef row = point->row[array];
  for (int axis = 0; axis < fn->rank; axis++) {
    int32_t offset = fn->offsets[load->extra + (uint32_t)axis];
    EmitRef stride = stride_of(e, array, axis);
    bool waits = axis == fn->rank - 1 && class_of(e, array, axis) == JIT_STRIDE_UNIT;
    if (offset && stride && !waits)
      row = emit_move(e, row, emit_mul(e, emit_int(e, offset), stride));
  }
  return row;
}

static void find_rows(Emit *e, const EmitPoint *point, bool line) {
  const JitFn *fn = e->fn;
  for (uint32_t b = 0; b < fn->block_count; b++) {
    for (uint32_t i = 0; i < fn->blocks[b].count; i++) {
      uint32_t id = fn->blocks[b].ins[i];
      if (fn->ins[id].kind == IR_LOAD && fn->ins[id].rank && fn->ins[id].line == line)
        e->load_row[id] = row_of_load(e, &fn->ins[id], point);
    }
  }
}

void emit_point_rows(Emit *e, const EmitPoint *point) { find_rows(e, point, false); }
void emit_line_rows(Emit *e, const EmitPoint *line) { find_rows(e, line, true); }

/* ---- one point ---- */

EmitPlace emit_place_of_param(Emit *e, uint32_t number, EmitRef params) {
  return (EmitPlace){
      .address = emit_move(e, params, emit_int(e, number * (int64_t)sizeof(QlValue))),
      .imaginary = ql_dtype_info[e->fn->params[number]].size / 2,
      .scope = EMIT_UNMARKED};
}

static EmitPlace element_of_load(Emit *e, uint32_t id, const EmitPoint *point) {
  const JitFn *fn = e->fn;
  const IrIns *ins = &fn->ins[id];
  uint32_t array = (uint32_t)ins->number;
  EmitPlace place = {.imaginary = size_of_array(e, array) / 2, .scope = array};
  int axis = fn->rank - 1;
  if (ins->rank == 0) {
    place.address = e->base[array];
  } else {
    bool unit = class_of(e, array, axis) == JIT_STRIDE_UNIT;
    place.address = emit_element(e, array, e->load_row[id], point->position[axis],
                                 unit ? fn->offsets[ins->extra + (uint32_t)axis] : 0);
  }
  return place;
}

/* A value as an argument: in every lane, if it is a uniform or a single one. */
static EmitValue argument(Emit *e, uint32_t id) {
  const IrIns *ins = &e->fn->ins[id];
  EmitValue value = e->values[id];
  bool single = e->fn->rank ? ir_is_uniform(e->fn, 0, ins) : !ins->lanes;
  for (int part = 0; part < 2 && value.part[part] && single; part++)
    value.part[part] = emit_all_lanes(e, value.part[part]);
  return value;
}

/* The element of lane k, which is the last one that is there for those that are not: behind it
 * there may be no memory. `place`: of lane 0, or of the one behind the last. */
static EmitValue load_lane(Emit *e, QlDtype dtype, EmitPlace place, EmitRef stride, unsigned lane,
                           EmitRef present) {
  EmitRef k = emit_int(e, lane);
  if (present) k = emit_min(e, k, emit_sub(e, present, emit_int(e, 1)));
  place.address = emit_move(e, place.address, emit_mul(e, k, stride));
  return emit_load(e, dtype, place);
}

/* In all lanes; one by one, where the operand does not move by one element. */
static EmitValue load_of(Emit *e, uint32_t id, const EmitPoint *point) {
  const IrIns *ins = &e->fn->ins[id];
  uint32_t array = (uint32_t)ins->number;
  QlDtype dtype = (QlDtype)ins->dtype;
  EmitPlace place = element_of_load(e, id, point);
  int axis = e->fn->rank - 1;
  if (e->width == 1 || class_of(e, array, axis) == JIT_STRIDE_UNIT)
    return emit_load(e, dtype, place);
  unsigned width = e->width;
  EmitRef mask = e->mask, lanes[EMIT_LANES];
  bool moves = class_of(e, array, axis) != JIT_STRIDE_ZERO;
  e->width = 1, e->mask = NULL;
  for (unsigned lane = 0; lane < (moves ? width : 1); lane++)
    lanes[lane] =
        moves ? load_lane(e, dtype, place, stride_of(e, array, axis), lane, e->present).part[0]
              : emit_load(e, dtype, place).part[0];
  e->width = width, e->mask = mask;
  return (EmitValue){{moves ? emit_vector(e, lanes) : emit_all_lanes(e, lanes[0]), NULL}};
}

static EmitValue load_at(Emit *e, const IrIns *ins) {
  e->mask = ins->count ? e->values[ins->args[2]].part[0] : NULL;
  EmitValue value = emit_load(e, (QlDtype)ins->dtype, emit_place_at(e, ins));
  e->mask = NULL;
  return value;
}

static EmitValue some_lane(Emit *e, const IrIns *ins) {
  return emit_reduced(e, QL_OP_LOGICAL_OR, QL_BOOL, e->values[ins->args[0]]);
}

static EmitValue value_of(Emit *e, uint32_t id, const EmitPoint *point) {
  const JitFn *fn = e->fn;
  const IrIns *ins = &fn->ins[id];
  EmitValue args[3];
  bool by_itself = ins->kind == IR_CALL || ins->kind == IR_HOST || ins->kind == IR_LOAD_AT ||
                   ins->kind == IR_SOME;
  int count = by_itself ? 0 : ir_arg_count(ins);
  for (int a = 0; a < count; a++) args[a] = argument(e, ins->args[a]);
  switch (ins->kind) {
    case IR_LOAD_AT: return load_at(e, ins);
    case IR_STACK: return emit_private(e, id);
    case IR_LANE: return emit_lane_numbers(e);
    case IR_SPREAD: return args[0];
    case IR_SOME: return some_lane(e, ins);
    case IR_CALL: return emit_call_local(e, id);
    case IR_HOST: return emit_host(e, id);
    case IR_CONST: return emit_const(e, (QlDtype)ins->dtype, ins->value);
    case IR_PARAM: {
      if (e->params[ins->number].part[0]) return e->params[ins->number];
      EmitRef params = emit_get_pointer(e, e->call, offsetof(JitCall, param));
      return emit_load(e, (QlDtype)ins->dtype,
                       emit_place_of_param(e, (uint32_t)ins->number, params));
    }
    case IR_INDEX:
      return (EmitValue){{emit_add(e, e->lo[ins->number], point->position[ins->number]), NULL}};
    case IR_LOAD: return load_of(e, id, point);
    case IR_CAST:
      return emit_cast(e, (QlDtype)fn->ins[ins->args[0]].dtype, args[0], (QlDtype)ins->dtype);
    default: return emit_op(e, (QlOp)ins->op, (QlDtype)fn->ins[ins->args[count - 1]].dtype, args);
  }
}

static void emit_ins(Emit *e, uint32_t id, const EmitPoint *point, EmitSink *sink, void *data) {
  const IrIns *ins = &e->fn->ins[id];
  uint32_t array = (uint32_t)ins->number;
  unsigned width = e->width;
  if (ins->lanes) e->width = ins->lanes;
  switch (ins->kind) {
    case IR_PHI: e->values[id] = emit_phi(e, (QlDtype)ins->dtype); break;
    case IR_STORE: {
      EmitRef last = e->fn->rank ? point->position[e->fn->rank - 1] : NULL;
      EmitPlace place = {emit_element(e, array, point->row[array], last, 0),
                         size_of_array(e, array) / 2, array};
      place.streams = e->streams && e->fn->arrays[array].access == JIT_STREAM;
      emit_store(e, (QlDtype)ins->dtype, argument(e, ins->args[0]), place);
      break;
    }
    case IR_STORE_AT:
      emit_store(e, (QlDtype)ins->dtype, e->values[ins->args[2]], emit_place_at(e, ins));
      break;
    case IR_REDUCE: sink(e, data, ins, argument(e, ins->args[0])); break;
    default: e->values[id] = value_of(e, id, point); break;
  }
  e->width = width;
}

static void emit_block_end(Emit *e, uint32_t block, const EmitBlock *heads, EmitBlock after) {
  const IrBlock *ir = &e->fn->blocks[block];
  switch (ir_end(e->fn, block)) {
    case IR_JMP: emit_jump(e, heads[ir->to[0]]); break;
    case IR_JNZ:
      emit_branch(e, e->values[ir->condition].part[0], heads[ir->to[0]], heads[ir->to[1]]);
      break;
    default:
      if (e->fn->name)
        emit_result(e, e->values[ir->condition]);
      else
        emit_jump(e, after);
      break;
  }
}

static void connect_phis(Emit *e, uint32_t block, const EmitBlock *tails) {
  const JitFn *fn = e->fn;
  for (uint32_t i = 0; i < fn->blocks[block].count; i++) {
    uint32_t id = fn->blocks[block].ins[i];
    if (fn->ins[id].kind != IR_PHI) return;
    for (uint32_t arm = fn->ins[id].extra; arm; arm = fn->phis[arm].next) {
      const IrPhi *phi = &fn->phis[arm];
      if (e->flow.position[phi->block] != UINT32_MAX)
        emit_phi_from(e, e->values[id], tails[phi->block], e->values[phi->value]);
    }
  }
}

static bool is_phi(const Emit *e, uint32_t block, uint32_t place) {
  const IrBlock *ir = &e->fn->blocks[block];
  return place < ir->count && e->fn->ins[ir->ins[place]].kind == IR_PHI;
}

/* Of the instruction before `end` and the phis before it: behind phis LLVM allows others. */
static void emit_pointers(Emit *e, uint32_t block, uint32_t end) {
  const uint32_t *ids = e->fn->blocks[block].ins;
  do emit_pointer(e, ids[--end]);
  while (end && is_phi(e, block, end - 1));
}

/* Blocks come in reverse postorder, so a value is there before its uses, but for phis, which are
 * connected at the end.
 */
void emit_point(Emit *e, const EmitPoint *point, EmitSink *sink, void *data) {
  const JitFn *fn = e->fn;
  EmitBlock after = fn->block_count > 1 && !fn->name ? emit_block(e) : NULL;
  for (uint32_t n = 0; n < e->flow.count; n++) {
    uint32_t block = e->flow.order[n];
    e->heads[block] = n ? emit_block(e) : NULL;
  }
  for (uint32_t n = 0; n < e->flow.count; n++) {
    uint32_t block = e->flow.order[n];
    if (n) emit_enter(e, e->heads[block]);
    for (uint32_t i = 0; i < fn->blocks[block].count; i++) {
      uint32_t id = fn->blocks[block].ins[i];
      const IrIns *ins = &fn->ins[id];
      if (!ir_is_uniform(e->fn, block, ins) && !ir_of_line(fn, e->reduction, ins))
        emit_ins(e, id, point, sink, data);
      if (!is_phi(e, block, i + 1)) emit_pointers(e, block, i + 1);
    }
    e->tails[block] = emit_here(e);
    if (after || fn->name) emit_block_end(e, block, e->heads, after);
  }
  for (uint32_t n = 1; n < e->flow.count; n++) connect_phis(e, e->flow.order[n], e->tails);
  if (after) emit_enter(e, after);
}

void emit_line(Emit *e, const EmitPoint *line) {
  const JitFn *fn = e->fn;
  for (uint32_t b = 0; b < fn->block_count; b++)
    for (uint32_t i = 0; i < fn->blocks[b].count; i++) {
      uint32_t id = fn->blocks[b].ins[i];
      if (ir_of_line(fn, e->reduction, &fn->ins[id])) emit_ins(e, id, line, NULL, NULL);
    }
}

/* ---- the loop nest ---- */

/* Does the instruction happen at each point? */
static bool is_at_points(const Emit *e, const IrIns *ins) {
  return !ir_is_uniform(e->fn, 0, ins) && !ir_of_line(e->fn, e->reduction, ins);
}

enum { VECTOR_BYTES = 64 }; /* of the widest registers; a line of the cache, too */

int64_t emit_pair(const Emit *e) {
  const JitFn *fn = e->fn;
  int64_t widest = 1;
  if (!e->masks || fn->rank == 0 || fn->block_count > 1) return 0;
  for (uint32_t array = 0; array < fn->array_count; array++)
    if (class_of(e, array, fn->rank - 1) == JIT_STRIDE_ANY) return 0;
  for (uint32_t i = 0; i < fn->blocks[0].count; i++) {
    const IrIns *ins = &fn->ins[fn->blocks[0].ins[i]];
    if (!is_at_points(e, ins)) continue;
    if (ql_dtype_info[ins->dtype].kind == QL_KIND_COMPLEX) return 0;
    if (ins->kind == IR_OP &&
        !emit_is_inline((QlOp)ins->op, (QlDtype)fn->ins[ins->args[ir_arg_count(ins) - 1]].dtype))
      return 0;
    widest = QL_MAX(widest, (int64_t)ql_dtype_info[ins->dtype].size);
  }
  return 2 * VECTOR_BYTES / widest;
}

int emit_lanes_of(const Emit *e, bool any_order) {
  const JitFn *fn = e->fn;
  int widest = 0; /* bytes */
  bool gathers = false;
  if (fn->block_count > 1) return 0;
  for (uint32_t i = 0; i < fn->blocks[0].count; i++) {
    const IrIns *ins = &fn->ins[fn->blocks[0].ins[i]];
    QlDtype dtype = (QlDtype)ins->dtype;
    if (ir_of_line(fn, e->reduction, ins)) continue;
    bool moves = ins->kind == IR_LOAD || ins->kind == IR_STORE;
    if (ql_dtype_info[dtype].kind == QL_KIND_COMPLEX || ins->kind == IR_INDEX) return 0;
    widest = QL_MAX(widest, ql_dtype_info[dtype].size);
    if (ir_is_uniform(e->fn, 0, ins)) continue;
    bool any_stride = moves && class_of(e, (uint32_t)ins->number, fn->rank - 1) == JIT_STRIDE_ANY;
    if (any_stride && ins->kind == IR_STORE) return 0;
    gathers |= any_stride;
    if (ins->kind == IR_OP &&
        !emit_is_plain((QlOp)ins->op, (QlDtype)fn->ins[ins->args[ir_arg_count(ins) - 1]].dtype))
      return 0;
  }
  if (any_order && !gathers) return QL_MAX(JIT_LANES, EMIT_LANES / widest);
  return widest >= 4 ? JIT_LANES : 0; /* of small elements a register holds more than the lanes */
}

/* The points at first .. first + count - 1 of the last axis. */
static void emit_row(Emit *e, EmitPoint *point, EmitRef first, EmitRef count, EmitLoopKind kind) {
  EmitLoop loop = emit_loop_open(e, count);
  point->position[e->fn->rank - 1] = emit_add(e, first, loop.i);
  emit_point(e, point, NULL, NULL);
  emit_loop_close(e, &loop, kind);
}

/* Does the function see neighbours? Then its target is often the inside of an array, whose rows
 * begin beside a boundary, and every other vector that is stored would lie in two lines. */
static bool sees_neighbours(const JitFn *fn) {
  for (uint32_t i = 0; i < fn->blocks[0].count; i++) {
    const IrIns *ins = &fn->ins[fn->blocks[0].ins[i]];
    for (int axis = 0; ins->kind == IR_LOAD && axis < ins->rank; axis++)
      if (fn->offsets[ins->extra + (uint32_t)axis]) return true;
  }
  return false;
}

/* The operand's elements before the next line. */
static EmitRef elements_to_line(Emit *e, uint32_t array, const EmitPoint *point) {
  return emit_shift_right(e, emit_bytes_to(e, point->row[array], VECTOR_BYTES),
                          __builtin_ctzll((uint64_t)size_of_array(e, array)));
}

/* The same of the target; none where the row is short. */
static EmitRef points_to_line(Emit *e, const EmitPoint *point, int64_t pair) {
  enum { PAIRS = 4 };
  if (!sees_neighbours(e->fn) || class_of(e, 0, e->fn->rank - 1) != JIT_STRIDE_UNIT) return NULL;
  EmitRef extent = e->extent[e->fn->rank - 1], points = elements_to_line(e, 0, point);
  return emit_choose(e, emit_less(e, extent, emit_int(e, PAIRS * pair)), emit_int(e, 0), points);
}

/* ---- stores past the caches ---- */

/* How many points fill a line of all operands that are streamed; 0: there are none, or they are not
 * stored line by line. */
static unsigned lanes_of_line(const Emit *e) {
  const JitFn *fn = e->fn;
  int64_t size = 0;
  if (fn->rank == 0) return 0;
  for (uint32_t array = 0; array < fn->array_count; array++) {
    uint8_t class = class_of(e, array, fn->rank - 1);
    if (class == JIT_STRIDE_ANY) return 0;
    if (fn->arrays[array].access != JIT_STREAM) continue;
    if (size && size_of_array(e, array) != size) return 0;
    size = size_of_array(e, array);
  }
  return size && emit_lanes_of(e, true) * size == VECTOR_BYTES ? (unsigned)(VECTOR_BYTES / size)
                                                               : 0;
}

/* Behind so many points of the row a line begins, of all that are streamed; *lines: how many whole
 * ones there are then, or none, if lines do not begin together. */
static EmitRef points_to_lines(Emit *e, const EmitPoint *point, unsigned lanes, EmitRef *lines) {
  EmitRef extent = e->extent[e->fn->rank - 1], head = NULL, together = NULL;
  for (uint32_t array = 0; array < e->fn->array_count; array++) {
    if (e->fn->arrays[array].access != JIT_STREAM) continue;
    EmitRef points = elements_to_line(e, array, point);
    if (!head) head = emit_min(e, points, extent);
    /* also where elements lie at no multiple of their size */
    EmitRef behind = emit_move(e, point->row[array],
                               emit_mul(e, head, emit_int(e, size_of_array(e, array)))),
            begins = emit_equal(e, emit_bytes_to(e, behind, VECTOR_BYTES), emit_int(e, 0));
    together = together ? emit_and(e, together, begins) : begins;
  }
  *lines = emit_shift_right(e, emit_sub(e, extent, head), __builtin_ctz(lanes));
  *lines = emit_choose(e, together, *lines, emit_int(e, 0));
  return head;
}

/* Lines are stored whole, for the processor writes others in parts. */
static void emit_streamed_rows(Emit *e, EmitPoint *point, unsigned lanes) {
  EmitRef extent = e->extent[e->fn->rank - 1], lines,
          head = points_to_lines(e, point, lanes, &lines);
  emit_row(e, point, emit_int(e, 0), head, EMIT_LOOP_RARE);
  EmitLoop loop = emit_loop_open(e, lines);
  e->width = lanes, e->streams = true;
  point->position[e->fn->rank - 1] = emit_add(e, head, emit_mul(e, loop.i, emit_int(e, lanes)));
  emit_point(e, point, NULL, NULL);
  e->width = 1, e->streams = false;
  emit_loop_close(e, &loop, EMIT_LOOP);
  EmitRef stored = emit_add(e, head, emit_mul(e, lines, emit_int(e, lanes)));
  emit_row(e, point, stored, emit_sub(e, extent, stored), EMIT_LOOP_PARALLEL);
}

static void emit_rows(Emit *e, EmitPoint *point) {
  EmitRef zero = emit_int(e, 0), extent = e->extent[e->fn->rank - 1];
  unsigned lanes = lanes_of_line(e);
  if (lanes) {
    emit_streamed_rows(e, point, lanes);
    return;
  }
  int64_t pair = emit_pair(e);
  if (!pair) {
    emit_row(e, point, zero, extent, EMIT_LOOP_PARALLEL);
    return;
  }
  EmitRef head = points_to_line(e, point, pair), rest = head ? emit_sub(e, extent, head) : extent,
          whole = emit_and(e, rest, emit_int(e, -pair)), begin = head ? head : zero;
  if (head) emit_row(e, point, zero, head, EMIT_LOOP_TAIL);
  emit_row(e, point, begin, whole, EMIT_LOOP_WHOLE);
  emit_row(e, point, emit_add(e, begin, whole), emit_and(e, rest, emit_int(e, pair - 1)),
           EMIT_LOOP_TAIL);
}

static void emit_stores(Emit *e, EmitRef *rows) {
  int outer = e->fn->rank - 1;
  EmitLoop loops[QL_MAX_DIMS];
  EmitPoint point = emit_point_new(e, rows);
  for (int axis = 0; axis < outer; axis++) {
    EmitPoint from = point;
    loops[axis] = emit_loop_open(e, e->extent[axis]);
    point.row = rows + (uint32_t)(axis + 1) * e->fn->array_count;
    emit_point_move(e, &point, &from, axis, loops[axis].i);
  }
  emit_point_rows(e, &point);
  if (e->fn->rank)
    emit_rows(e, &point);
  else
    emit_point(e, &point, NULL, NULL);
  for (int axis = outer - 1; axis >= 0; axis--) emit_loop_close(e, &loops[axis], EMIT_LOOP_NEST);
  if (lanes_of_line(e)) emit_fence(e);
}

static void emit_uniform(Emit *e) {
  const IrBlock *entry = &e->fn->blocks[0];
  for (uint32_t i = 0; i < entry->count; i++)
    if (ir_is_uniform(e->fn, 0, &e->fn->ins[entry->ins[i]]))
      e->values[entry->ins[i]] = value_of(e, entry->ins[i], NULL);
}

QlStatus emit_kernel(Emit *e, QlError *error) {
  const JitFn *fn = e->fn;
  QlStatus status = QL_OK;
  EmitRef *rows = calloc((size_t)(fn->rank + 2 + EMIT_ROWS) * fn->array_count + 1, sizeof *rows);
  if (!rows) return ql_fail(error, QL_ERR_MEMORY, "out of memory for a kernel");
  e->reduction = ir_reduction(fn);
  read_call(e);
  if (e->program && fn->rank == 0) emit_begin_program(e);
  e->masks = e->masks && (fn->block_count > 1 || emit_pair(e));
  EmitBlock body = emit_block(e), empty = emit_block(e);
  EmitRef has_points = emit_equal(e, emit_int(e, 0), emit_int(e, 0));
  for (int axis = 0; axis < fn->rank; axis++)
    has_points = emit_and(e, has_points, emit_less(e, emit_int(e, 0), e->extent[axis]));
  emit_branch(e, has_points, body, empty);
  emit_enter(e, empty);
  emit_return(e);
  emit_enter(e, body);
  emit_uniform(e);
  if (e->reduction)
    status = emit_reductions(e, rows, error);
  else
    emit_stores(e, rows);
  emit_return(e);
  free(rows);
  return status;
}
