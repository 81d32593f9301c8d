/* Random functions. Values in reach are kept in a stack: what a branch or a loop computes leaves it
 * at the end, so that every use is dominated by its definition. A value of a wanted dtype is taken
 * from the stack, or made: constant, parameter, load, index or cast. */
#include "generate.h"
#include "random.h"

#include <stdlib.h>

enum { MAX_VALUES = 512, MAX_OPERANDS = 6, MAX_NESTING = 3 };

typedef struct Generator {
  Random random;
  JitFn *fn;
  const GenerateOptions *options;
  uint32_t dtypes; /* bit set: the dtypes of this function */
  JitRef values[MAX_VALUES];
  int count, nesting, budget;
  bool reduces;
  JitRef memory;   /* the address of generate.h's memory; 0: the function does not reach it */
  JitRef bases[4]; /* of that, of a copy of it, of the one or the other */
  int base_count;
  JitRef owner;     /* of the copy */
  JitFn *locals[2]; /* those that are done */
  int local_count;
} Generator;

static QlSource no_source(void) { return (QlSource){0}; }

static QlDtype dtype_of(const Generator *g, JitRef value) {
  return (QlDtype)g->fn->ins[value.id].dtype;
}

static int rank_of(const Generator *g, JitRef value) {
  return value.id ? g->fn->ins[value.id].rank : 0;
}

static JitRef keep(Generator *g, JitRef value) {
  if (value.id && g->count < MAX_VALUES) g->values[g->count++] = value;
  return value;
}

/* ---- declarations ---- */

static QlDtype any_dtype(Generator *g, uint32_t among) {
  QlDtype dtype;
  do dtype = (QlDtype)random_below(&g->random, QL_DTYPE_COUNT);
  while (!(among >> dtype & 1));
  return dtype;
}

static void declare_operand(Generator *g, JitAccess access, QlDtype dtype, int reduce_axis,
                            JitReduceForm form) {
  JitStride strides[QL_MAX_DIMS];
  int rank = g->fn->rank;
  bool uniform = access == JIT_READ && random_chance(&g->random, 15);
  for (int axis = 0; axis < rank; axis++) {
    strides[axis] = JIT_STRIDE_ANY;
    if (axis == rank - 1 && random_chance(&g->random, 70)) strides[axis] = JIT_STRIDE_UNIT;
    if (access == JIT_READ && (uniform || random_chance(&g->random, 15)))
      strides[axis] = JIT_STRIDE_ZERO;
    if (axis == reduce_axis && !jit_form_steps(form)) strides[axis] = JIT_STRIDE_ZERO;
  }
  jit_fn_array(g->fn, dtype, access, strides);
}

static void declare(Generator *g) {
  int operands = 1 + (int)random_below(&g->random, MAX_OPERANDS - 2),
      params = (int)random_below(&g->random, 4);
  for (int k = 0; k < operands; k++) {
    bool update = random_chance(&g->random, 25);
    declare_operand(g, update ? JIT_UPDATE : JIT_READ, any_dtype(g, g->dtypes), -1, JIT_WHOLE);
  }
  for (int k = 0; k < params; k++) jit_fn_param(g->fn, any_dtype(g, g->dtypes));
}

/* ---- values ---- */

static JitRef make_load(Generator *g, int array) {
  int32_t offset[QL_MAX_DIMS] = {0};
  if (g->fn->arrays[array].access == JIT_READ && random_chance(&g->random, 60))
    for (int axis = 0; axis < g->fn->rank; axis++)
      offset[axis] = (int32_t)random_below(&g->random, 5) - 2;
  return jit_load(g->fn, array, offset, no_source());
}

/* A number of the start of the list of declared operands (or parameters) of that dtype; -1: none.
 */
static int find_declared(Generator *g, QlDtype dtype, bool operand) {
  uint32_t count = operand ? g->fn->array_count : g->fn->param_count,
           start = count ? (uint32_t)random_below(&g->random, count) : 0;
  for (uint32_t k = 0; k < count; k++) {
    uint32_t number = (start + k) % count;
    if (!operand && number == 0 && g->memory.id) continue; /* addresses differ from call to call */
    uint8_t found = operand ? g->fn->arrays[number].dtype : g->fn->params[number];
    if (found == dtype && (!operand || g->fn->arrays[number].access != JIT_WRITE))
      return (int)number;
  }
  return -1;
}

static JitRef make_value(Generator *g, QlDtype dtype) {
  int array = find_declared(g, dtype, true), param = find_declared(g, dtype, false);
  if (array >= 0 && random_chance(&g->random, 60)) return keep(g, make_load(g, array));
  if (param >= 0 && random_chance(&g->random, 40))
    return keep(g, jit_param(g->fn, param, no_source()));
  if (g->fn->rank && random_chance(&g->random, 10)) {
    int axis = (int)random_below(&g->random, (uint64_t)g->fn->rank);
    return keep(g,
                jit_cast(g->fn, keep(g, jit_index(g->fn, axis, no_source())), dtype, no_source()));
  }
  if (g->count && random_chance(&g->random, 60))
    return keep(g, jit_cast(g->fn, g->values[random_below(&g->random, (uint64_t)g->count)], dtype,
                            no_source()));
  return keep(g, jit_const(g->fn, dtype, random_value(&g->random, dtype)));
}

/* A value in reach, the newer the likelier; or a new one. */
static JitRef find_value(Generator *g, QlDtype dtype) {
  for (int tries = 0; tries < 12 && g->count; tries++) {
    int near = 1 + (int)random_below(&g->random, (uint64_t)g->count);
    JitRef value = g->values[g->count - 1 - (int)random_below(&g->random, (uint64_t)near)];
    if (dtype_of(g, value) == dtype) return value;
  }
  return make_value(g, dtype);
}

/* The value with a number in place of NaN. */
static JitRef without_nan(Generator *g, JitRef value) {
  QlDtype dtype = dtype_of(g, value);
  JitRef one = jit_const(g->fn, dtype, ql_convert(QL_I64, (QlValue){.bits = {1, 0}}, dtype));
  JitRef nan = jit_op(g->fn, QL_OP_ISNAN, 1, &value, no_source());
  return jit_op(g->fn, QL_OP_SELECT, 3, (JitRef[]){nan, one, value}, no_source());
}

/* Does a result other than NaN depend on the sign of a NaN? The complex functions of the C library
 * may do so. */
static bool reads_nan_sign(QlOp op, QlDtype loop) {
  if (op == QL_OP_SIGNBIT || op == QL_OP_COPYSIGN || op == QL_OP_BITS) return true;
  if (ql_dtype_info[loop].kind != QL_KIND_COMPLEX) return false;
  return ql_op_info[op].domain == QL_DOMAIN_INEXACT || op == QL_OP_POWER || op == QL_OP_FLOAT_POWER;
}

typedef JitRef FindArgument(Generator *g, void *among, QlDtype dtype);

/* Any operation, over any loop that it has, of what `find` gives. */
static JitRef any_op(Generator *g, FindArgument *find, void *among) {
  QlOp op;
  QlDtype loop;
  do op = (QlOp)random_below(&g->random, QL_OP_COUNT), loop = any_dtype(g, g->dtypes);
  while (!ir_has_loop(op, loop));
  JitRef args[3];
  int arity = ql_op_info[op].arity, first = op == QL_OP_SELECT;
  for (int a = first; a < arity; a++) {
    args[a] = find(g, among, loop);
    if (reads_nan_sign(op, loop)) args[a] = without_nan(g, args[a]);
  }
  if (first) args[0] = find(g, among, QL_BOOL);
  return jit_op(g->fn, op, arity, args, no_source());
}

static JitRef value_of_point(Generator *g, void *among, QlDtype dtype) {
  (void)among;
  return find_value(g, dtype);
}

static void make_op(Generator *g) { keep(g, any_op(g, value_of_point, NULL)); }

static void make_store(Generator *g) {
  if (!g->fn->array_count) return;
  uint32_t array = (uint32_t)random_below(&g->random, g->fn->array_count);
  const IrArray *operand = &g->fn->arrays[array];
  for (int axis = 0; axis < g->fn->rank; axis++)
    if (operand->stride[axis] == JIT_STRIDE_ZERO) return;
  if (operand->access != JIT_READ)
    jit_store(g->fn, (int)array, find_value(g, (QlDtype)operand->dtype), no_source());
}

/* ---- memory by address, calls ---- */

static JitRef whole_number(Generator *g, int64_t number) {
  return jit_const(g->fn, QL_I64, (QlValue){.i = number});
}

static JitRef op_of(Generator *g, QlOp op, JitRef a, JitRef b) {
  return jit_op(g->fn, op, 2, (JitRef[]){a, b}, no_source());
}

/* One of the elements that the memory has of a dtype. */
static JitRef any_offset(Generator *g, QlDtype dtype) {
  JitRef index = op_of(g, QL_OP_BITWISE_AND, find_value(g, QL_I64),
                       whole_number(g, GENERATE_ELEMENTS - 1)),
         bytes = op_of(g, QL_OP_MULTIPLY, index, whole_number(g, ql_dtype_info[dtype].size));
  return op_of(g, QL_OP_ADD, bytes, whole_number(g, generate_offset(dtype)));
}

/* A value goes through memory of its own. */
static void make_block(Generator *g, JitRef value) {
  JitRef owner =
             jit_host(g->fn, JIT_HOST_ALLOCATE, 1, (JitRef[]){whole_number(g, 100)}, no_source()),
         data = op_of(g, QL_OP_ADD, owner, whole_number(g, JIT_OWNER_BYTES));
  JitRef offset = op_of(g, QL_OP_BITWISE_AND, find_value(g, QL_I64), whole_number(g, 63));
  jit_store_at(g->fn, data, offset, value, no_source());
  keep(g, jit_load_at(g->fn, dtype_of(g, value), data, offset, no_source()));
  JitRef own = jit_stack(g->fn, sizeof(QlValue), no_source()); /* the value, and back */
  offset = whole_number(g, 0);
  jit_store_at(g->fn, own, offset, value, no_source());
  keep(g, jit_load_at(g->fn, dtype_of(g, value), own, offset, no_source()));
  jit_host(g->fn, JIT_HOST_RELEASE, 1, &owner, no_source());
}

static JitRef any_base(Generator *g) {
  return g->bases[random_below(&g->random, (uint64_t)g->base_count)];
}

/* Values of several lanes, and how many of them lie behind each other in memory. */
typedef struct Lanes {
  int lanes, count;
  JitRef values[16];
} Lanes;

static JitRef value_of_lanes(Generator *g, void *among, QlDtype dtype) {
  Lanes *some = among;
  for (int k = some->count - 1; k >= 0; k--)
    if (dtype_of(g, some->values[k]) == dtype && random_chance(&g->random, 60))
      return some->values[k];
  JitRef value = some->values[random_below(&g->random, (uint64_t)some->count)];
  if (random_chance(&g->random, 40)) return jit_cast(g->fn, value, dtype, no_source());
  if (random_chance(&g->random, 50)) return find_value(g, dtype);
  return ir_spread(g->fn, find_value(g, dtype), some->lanes);
}

/* Where so many elements of the dtype are. */
static JitRef offset_of_lanes(Generator *g, QlDtype dtype, int lanes) {
  int64_t index = (int64_t)random_below(&g->random, (uint64_t)(GENERATE_ELEMENTS - lanes) + 1);
  return whole_number(g, generate_offset(dtype) + index * ql_dtype_info[dtype].size);
}

/* Of some lanes, perhaps; what is loaded of others is 0. */
static JitRef load_of_lanes(Generator *g, const Lanes *some, QlDtype dtype) {
  JitRef mask = {0};
  if (some->count && random_chance(&g->random, 50))
    mask = jit_cast(g->fn, some->values[some->count - 1], QL_BOOL, no_source());
  JitRef base = any_base(g), offset = offset_of_lanes(g, dtype, some->lanes);
  return ir_load_lanes(g->fn, dtype, base, offset, some->lanes, mask, no_source());
}

static void make_lanes(Generator *g) {
  Lanes some = {.lanes = 2 << random_below(&g->random, 3), .count = 2};
  QlDtype dtype = any_dtype(g, g->dtypes);
  some.values[0] = ir_lane(g->fn, some.lanes);
  some.values[1] = load_of_lanes(g, &(Lanes){.lanes = some.lanes}, dtype);
  some.values[2] = load_of_lanes(g, &some, any_dtype(g, g->dtypes));
  some.count = 3;
  for (int k = (int)random_below(&g->random, 6); k >= 0; k--) {
    JitRef made = any_op(g, value_of_lanes, &some);
    if (made.id && g->fn->ins[made.id].lanes) some.values[some.count++] = made;
  }
  JitRef last = some.values[some.count - 1];
  keep(g, ir_some(g->fn, jit_cast(g->fn, last, QL_BOOL, no_source())));
  dtype = dtype_of(g, last);
  jit_store_at(g->fn, any_base(g), offset_of_lanes(g, dtype, some.lanes), last, no_source());
}

static void make_call(Generator *g) {
  JitFn *callee = g->locals[random_below(&g->random, (uint64_t)g->local_count)];
  JitRef args[4] = {any_base(g)};
  for (uint32_t p = 1; p < callee->param_count; p++)
    args[p] = find_value(g, (QlDtype)callee->params[p]);
  keep(g, jit_call(g->fn, callee, (int)callee->param_count, args, no_source()));
}

static void make_effect(Generator *g) {
  QlDtype dtype = any_dtype(g, g->dtypes);
  if (g->local_count && random_chance(&g->random, 20)) {
    make_call(g);
  } else if (random_chance(&g->random, 8)) {
    make_lanes(g);
  } else if (random_chance(&g->random, 10)) {
    make_block(g, find_value(g, dtype));
  } else if (random_chance(&g->random, 50)) {
    keep(g, jit_load_at(g->fn, dtype, any_base(g), any_offset(g, dtype), no_source()));
  } else {
    JitRef offset = any_offset(g, dtype);
    jit_store_at(g->fn, any_base(g), offset, find_value(g, dtype), no_source());
  }
}

/* ---- control flow ---- */

static void make_body(Generator *g, int instructions);

/* if condition: x = ... else: x = ... */
static void make_branch(Generator *g) {
  JitFn *fn = g->fn;
  QlDtype dtype = any_dtype(g, g->dtypes);
  JitBlock sides[2] = {jit_block_new(fn), jit_block_new(fn)}, join = jit_block_new(fn), from[2];
  JitRef value[2];
  jit_branch(fn, find_value(g, QL_BOOL), sides[0], sides[1]);
  int reach = g->count;
  for (int side = 0; side < 2; side++) {
    jit_block_open(fn, sides[side]);
    make_body(g, (int)random_below(&g->random, 6));
    value[side] = find_value(g, dtype);
    from[side] = (JitBlock){fn->open};
    jit_jump(fn, join);
    g->count = reach;
  }
  jit_block_open(fn, join);
  int rank = QL_MAX(rank_of(g, value[0]), rank_of(g, value[1]));
  JitRef phi = jit_phi(fn, dtype, random_chance(&g->random, 50) ? rank : fn->rank);
  for (int side = 0; side < 2; side++) jit_phi_from(fn, phi, from[side], value[side]);
  keep(g, phi);
}

/* for (i = 0; i < n; i++) x = ...; n is at most 7 and may depend on the point. */
static void make_loop(Generator *g) {
  JitFn *fn = g->fn;
  QlDtype dtype = any_dtype(g, g->dtypes);
  QlSource source = no_source();
  JitRef zero = jit_const(fn, QL_I64, (QlValue){.bits = {0, 0}}),
         one = jit_const(fn, QL_I64, (QlValue){.bits = {1, 0}});
  JitRef seven = jit_const(fn, QL_I64, (QlValue){.bits = {7, 0}});
  JitRef end = jit_op(fn, QL_OP_BITWISE_AND, 2, (JitRef[]){find_value(g, QL_I64), seven}, source);
  JitRef start = find_value(g, dtype);
  JitBlock before = {fn->open}, head = jit_block_new(fn), body = jit_block_new(fn),
           after = jit_block_new(fn);
  jit_jump(fn, head);
  jit_block_open(fn, head);
  JitRef i = jit_phi(fn, QL_I64, random_chance(&g->random, 50) ? 0 : fn->rank),
         x = jit_phi(fn, dtype, fn->rank);
  jit_branch(fn, jit_op(fn, QL_OP_LESS, 2, (JitRef[]){i, end}, source), body, after);
  int reach = g->count;
  jit_block_open(fn, body);
  keep(g, i), keep(g, x);
  make_body(g, (int)random_below(&g->random, 6));
  JitRef next = find_value(g, dtype), more = jit_op(fn, QL_OP_ADD, 2, (JitRef[]){i, one}, source);
  JitBlock last = {fn->open};
  jit_jump(fn, head);
  jit_phi_from(fn, i, before, zero), jit_phi_from(fn, i, last, more);
  jit_phi_from(fn, x, before, start), jit_phi_from(fn, x, last, next);
  g->count = reach;
  jit_block_open(fn, after);
  keep(g, x);
}

static void make_body(Generator *g, int instructions) {
  g->nesting++;
  for (int k = 0; k < instructions && g->budget > 0 && g->count < MAX_VALUES - 32;
       k++, g->budget--) {
    bool flow = !g->options->straight && g->nesting <= MAX_NESTING;
    if (flow && random_chance(&g->random, 8))
      make_branch(g);
    else if (flow && random_chance(&g->random, 6))
      make_loop(g);
    else if (g->memory.id && random_chance(&g->random, 25))
      make_effect(g);
    else if (random_chance(&g->random, 12))
      make_store(g);
    else
      make_op(g);
  }
  g->nesting--;
}

/* ---- the whole ---- */

/* What is of the line: the results of reductions and what is computed of them. */
typedef struct Line {
  int axis, count;
  JitRef values[16];
} Line;

static JitRef value_of_line(Generator *g, void *among, QlDtype dtype) {
  const Line *line = among;
  JitFn *fn = g->fn;
  JitRef value = line->values[random_below(&g->random, (uint64_t)line->count)];
  if (random_chance(&g->random, 15))
    value = jit_const(fn, dtype, random_value(&g->random, dtype));
  else if (random_chance(&g->random, 15) && fn->rank > 1)
    value = jit_index_of_line(fn, line->axis ? 0 : fn->rank - 1, line->axis, no_source());
  return jit_cast(fn, value, dtype, no_source());
}

static void make_op_of_line(Generator *g, Line *line) {
  JitRef made = any_op(g, value_of_line, line);
  line->values[line->count++] = made;
}

/* Stores a value of the line, or what it and the operand give together. */
static void store_of_line(Generator *g, const Line *line, JitRef value, JitReduceForm form) {
  int array = (int)g->fn->array_count;
  QlDtype dtype = dtype_of(g, value);
  bool updates = !jit_form_steps(form) && g->fn->block_count == 1 &&
                 ir_has_loop(QL_OP_ADD, dtype) && random_chance(&g->random, 25);
  declare_operand(g, updates ? JIT_UPDATE : JIT_WRITE, dtype, line->axis, form);
  if (updates) {
    JitRef had = jit_load_of_line(g->fn, array, line->axis, NULL, no_source());
    value = jit_op(g->fn, QL_OP_ADD, 2, (JitRef[]){had, value}, no_source());
  }
  jit_store(g->fn, array, value, no_source());
}

static void make_reductions(Generator *g) {
  JitReduceForm form = (JitReduceForm)random_below(&g->random, IR_FORMS);
  int axis = (int)random_below(&g->random, (uint64_t)g->fn->rank),
      count = random_chance(&g->random, 50) ? 1 : 2 + (int)random_below(&g->random, 2);
  Line line = {.axis = axis};
  for (int k = 0; k < count; k++) {
    QlReduction reduction = (QlReduction)random_below(&g->random, IR_REDUCTIONS);
    bool truth = reduction == QL_REDUCE_ANY || reduction == QL_REDUCE_ALL;
    JitRef value = find_value(g, truth ? QL_BOOL : any_dtype(g, g->dtypes));
    line.values[line.count++] = jit_reduce(g->fn, reduction, form, axis, value, no_source());
  }
  if (!jit_form_steps(form) && g->fn->block_count == 1 && random_chance(&g->random, 60)) {
    int operand = (int)g->fn->array_count;
    declare_operand(g, JIT_READ, any_dtype(g, g->dtypes), axis, form);
    line.values[line.count++] = jit_load_of_line(g->fn, operand, axis, NULL, no_source());
    for (int k = (int)random_below(&g->random, 6); k >= 0; k--) make_op_of_line(g, &line);
  }
  for (int k = 0; k < line.count; k++) store_of_line(g, &line, line.values[k], form);
}

/* The newest values, and one of any age, each to an operand of its own: most of what was computed
 * is needed. */
static void make_last_stores(Generator *g) {
  find_value(g, any_dtype(g, g->dtypes));
  int wanted = 1 + (int)random_below(&g->random, 5), top = g->count, stores = QL_MIN(wanted, top);
  for (int k = 0; k < stores; k++) {
    JitRef value = g->values[k ? top - k : (int)random_below(&g->random, (uint64_t)top)];
    int array = (int)g->fn->array_count;
    declare_operand(g, random_chance(&g->random, 30) ? JIT_STREAM : JIT_WRITE, dtype_of(g, value),
                    -1, JIT_WHOLE);
    jit_store(g->fn, array, value, no_source());
  }
}

static void choose_dtypes(Generator *g) {
  uint32_t allowed = g->options->dtypes ? g->options->dtypes : (1u << QL_DTYPE_COUNT) - 1;
  for (int k = 1 + (int)random_below(&g->random, 4); k > 0; k--)
    g->dtypes |= 1u << any_dtype(g, allowed);
}

/* A function of the memory and up to three values. It calls those that are done, so that it ends.
 */
static void make_local(Generator *g) {
  JitFn *module = g->fn;
  QlDtype result = any_dtype(g, g->dtypes);
  char name[] = {'f', (char)('0' + g->local_count), 0};
  g->fn = jit_fn_local(module, name, result);
  jit_fn_param(g->fn, QL_I64);
  for (int k = (int)random_below(&g->random, 4); k > 0; k--)
    jit_fn_param(g->fn, any_dtype(g, g->dtypes));
  g->memory = jit_param(g->fn, 0, no_source());
  g->bases[0] = g->memory, g->base_count = 1;
  g->budget = 20;
  make_body(g, (int)random_below(&g->random, 10));
  jit_return(g->fn, find_value(g, result));
  g->locals[g->local_count++] = g->fn;
  g->fn = module, g->count = 0;
}

/* for (o = 0; o < all; o += 8) to[o] = from[o] */
static void make_copy(Generator *g, JitRef to, JitRef from) {
  JitFn *fn = g->fn;
  JitRef zero = whole_number(g, 0), eight = whole_number(g, 8),
         end = whole_number(g, QL_DTYPE_COUNT * GENERATE_REGION);
  JitBlock before = {fn->open}, body = jit_block_new(fn), after = jit_block_new(fn);
  jit_jump(fn, body);
  jit_block_open(fn, body);
  JitRef o = jit_phi(fn, QL_I64, 0), next = op_of(g, QL_OP_ADD, o, eight);
  jit_store_at(fn, to, o, jit_load_at(fn, QL_I64, from, o, no_source()), no_source());
  jit_phi_from(fn, o, before, zero), jit_phi_from(fn, o, body, next);
  jit_branch(fn, op_of(g, QL_OP_LESS, next, end), body, after);
  jit_block_open(fn, after);
}

static void begin_program(Generator *g) {
  for (int k = (int)random_below(&g->random, 3); k > 0; k--) make_local(g);
  jit_fn_param(g->fn, QL_I64);
  g->memory = jit_param(g->fn, 0, no_source());
  g->bases[0] = g->memory, g->base_count = 1;
  if (random_chance(&g->random, 50)) return;
  JitRef bytes = whole_number(g, QL_DTYPE_COUNT * GENERATE_REGION);
  g->owner = jit_host(g->fn, JIT_HOST_ALLOCATE, 1, &bytes, no_source());
  JitRef data = op_of(g, QL_OP_ADD, g->owner, whole_number(g, JIT_OWNER_BYTES));
  make_copy(g, data, g->memory);
  g->bases[g->base_count++] = data;
  if (random_chance(&g->random, 50)) return;
  JitRef choice[3] = {find_value(g, QL_BOOL), g->memory, data};
  g->bases[g->base_count++] = jit_op(g->fn, QL_OP_SELECT, 3, choice, no_source());
}

/* What the copy holds is seen, or not. */
static void end_program(Generator *g) {
  if (!g->owner.id) return;
  if (random_chance(&g->random, 50)) make_copy(g, g->memory, g->bases[1]);
  jit_host(g->fn, JIT_HOST_RELEASE, 1, &g->owner, no_source());
}

JitFn *generate_function(uint64_t seed, const GenerateOptions *options) {
  static const GenerateOptions plain;
  Generator g = {.random = {seed}, .options = options ? options : &plain};
  int rank = (int)random_below(&g.random, 5);
  if (g.options->program) rank = 0;
  g.fn = jit_fn_new(rank, NULL);
  if (!g.fn) return NULL;
  g.reduces = rank > 0 && !g.options->no_reduce && random_chance(&g.random, 35);
  choose_dtypes(&g);
  if (g.options->program || (rank == 0 && random_chance(&g.random, 70))) begin_program(&g);
  declare(&g);
  int instructions =
      g.options->instructions ? g.options->instructions : 1 + (int)random_below(&g.random, 40);
  g.budget = 2 * instructions;
  make_body(&g, instructions);
  if (!g.reduces || random_chance(&g.random, 40)) make_last_stores(&g);
  if (g.reduces) make_reductions(&g);
  end_program(&g);
  if (g.fn->bad.status != QL_ERR_MEMORY) return g.fn;
  jit_fn_free(g.fn);
  return NULL;
}
