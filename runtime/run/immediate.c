/* The immediate path: a statement on few elements is executed when it is recorded, without a plan.
 * Most programs are full of them, and a plan costs more than they do.
 *
 * It is taken when
 *
 *   - the statement has at most QUELEA_IMMEDIATE points, along an axis if it is a ramp; sixteen
 *     times as many if it is a reduction, whose few values cost nothing when they are stored, and
 *     for any while every log needs a new plan,
 *   - every rank has all that it reads and writes for itself: a process that is alone, or what is
 *     replicated. Nobody is asked; what was done enters the next agreement (log/history.c),
 *   - what it reads is computed, and no pending statement names what it reads or writes: so nothing
 *     changes by its being earlier than they,
 *   - what it writes is what it reads at the same points, or does not overlap it.
 *
 *     nest       the operands' addresses, over as few axes as they need
 *     form       what a kernel depends on: operation, dtypes, which operands move how; a word
 *     elements   one by one, while a form has not been met often enough to be worth compiling
 *     kernel     afterwards
 *
 * Everything else is recorded. The values are the same either way. Whether the path is taken
 * follows from what all ranks have done alike. */
#include "profile.h"

#include <string.h>

enum { POINTS_TO_COMPILE = 1 << 16, CALL_POINTS = 16 }; /* CALL_POINTS: what a call costs beside */

/* ---- operands ---- */

/* The statement over axes along which something moves, neighbouring ones made one where all
 * operands run on. Operand 0 is the target. */
typedef struct Nest {
  int rank, operands;
  int64_t extent[QL_MAX_DIMS];
  JitElements operand[LOG_OPERANDS];
  int64_t stride[LOG_OPERANDS][QL_MAX_DIMS]; /* bytes */
  bool updates[LOG_OPERANDS];                /* this input is the target, point for point */
  bool reduced[QL_MAX_DIMS];
  int along; /* the axis that is reduced next; -1 */
} Nest;

/* Of a routine's point, as much as others cost. */
enum { MORE_POINTS = 16, CALL_COST = 8 };
/* Multiplications of a routine with tiles that take about as long as a point of other statements
 * may: 2^21 of them, a product of 128 x 128, half as long as a plan that is known. */
enum { WORK_OF_POINT = 2048 };

int64_t rt_immediate_points(const QlContext *ctx, StatementKind kind) {
  bool more = kind == STATEMENT_REDUCE || ctx->spell.left > 0;
  return ctx->params.immediate * (more ? MORE_POINTS : 1);
}

/* Plans that are used once cost more than what they fuse and share among threads brings. So many
 * statements in plans that were all new begin a spell: long loops have repeated themselves by then.
 * It ends so that the program is tried again, later each time, or when plans have been found. What
 * is made meanwhile every rank of the node has for itself (place.c). */
enum { STATEMENTS_MADE = 2048, STATEMENTS_FOUND = 128, SPELL = 4096, LONGEST_SPELL = 1 << 16 };
enum { SPELL_MEMORY = 16 }; /* this part of the budget */

void rt_immediate_learn(QlContext *ctx, bool made) {
  ImmediateSpell *spell = &ctx->spell;
  if (ctx->info->node_count > 1 || ctx->params.replicate < 0) return; /* nothing is replicated */
  spell->found = made ? 0 : spell->found + ctx->log.count;
  if (spell->found >= STATEMENTS_FOUND) *spell = (ImmediateSpell){0};
  if (made && (spell->made += ctx->log.count) >= STATEMENTS_MADE) {
    spell->length = QL_MIN(QL_MAX(4 * spell->length, SPELL), LONGEST_SPELL);
    spell->left = spell->length, spell->made = 0, spell->bytes = 0;
  }
}

/* What a spell makes is not in the node's budget: it ends when that is much. */
static void add_to_spell(QlContext *ctx, const Storage *storage) {
  ImmediateSpell *spell = &ctx->spell;
  spell->bytes += storage->size * ql_dtype_info[storage->dtype].size * ctx->info->size;
  if (spell->bytes > comm_arena_bytes(ctx->comm) / SPELL_MEMORY) spell->left = 0;
}

static bool is_replicated(const QlContext *ctx, const Storage *storage) {
  return storage->replicated || !storage->ndim || rt_is_replicated_size(ctx, storage->size);
}

/* Will the storage, which has no memory yet, be replicated? In a spell more are. */
static bool becomes_own(const QlContext *ctx, const Storage *storage) {
  if (storage->layout) return !storage->layout->template;
  return is_replicated(ctx, storage) ||
         (ctx->spell.left > 0 && storage->size <= rt_immediate_points(ctx, STATEMENT_COPY));
}

enum {
  PRODUCTS = 128 << 10, /* bytes for the products of a line, */
  VALUES = 16 << 10     /* and for the values between two axes */
};

/* Is it a sum of the products of its two inputs? */
static bool is_product(const LogRequest *r) {
  return r->kind == STATEMENT_REDUCE && r->operands == 3;
}

/* Do the products of a line, and the values between two axes, have room? */
static bool has_room(const LogRequest *r, int64_t points) {
  int64_t item = (int64_t)ql_dtype_info[r->loop].size, last = 1;
  int count = 0;
  if (r->ndim == QL_MAX_DIMS) return false;
  for (int a = 0; a < r->ndim; a++)
    if (r->axes >> a & 1 && r->shape[a] > 1) last = r->shape[a], count++;
  return is_product(r) ? last * item <= PRODUCTS : count < 2 || points / last * item <= VALUES;
}

/* Can this rank address the elements of the storage when they are computed? */
static bool is_here(const QlContext *ctx, const Storage *storage) {
  return rt_is_own(storage) || (storage->layout && ctx->info->node_count == 1);
}

static bool has_few_points(const QlContext *ctx, const LogRequest *r, int64_t *points) {
  bool is_best = r->kind == STATEMENT_CALL && r->op == ROUTINE_BEST; /* which is a reduction too */
  int64_t most = rt_immediate_points(ctx, is_best ? STATEMENT_REDUCE : r->kind);
  if (r->kind == STATEMENT_CALL) most /= QL_MAX(routines[r->op].cost / CALL_COST, 1);
  *points = 1;
  if (r->work > most * WORK_OF_POINT) return false;
  if (r->work) most *= MORE_POINTS;
  for (int a = 0; a < r->ndim; a++) {
    *points *= r->shape[a];
    if (*points > most) return false;
  }
  return r->kind != STATEMENT_RAMP || r->shape[__builtin_ctz(r->axes)] == *points;
}

static bool is_known(const LogRequest *r, int64_t points) {
  if (r->kind == STATEMENT_MAP) return !rt_compares_signs((QlOp)r->op, (QlDtype)r->loop);
  return r->kind != STATEMENT_REDUCE || has_room(r, points);
}

/* Are all its arrays where the path is for them? */
typedef enum Readiness {
  READY,
  WAITS, /* for what is pending */
  AWAY   /* another rank must have a part in it */
} Readiness;

static Readiness readiness_of(const QlContext *ctx, const LogRequest *r) {
  bool waits = false;
  for (int k = 0; k < r->operands; k++) {
    const QlArray *array = r->operand[k].array;
    if (!array) continue;
    const Storage *storage = array->storage;
    bool waits_here = rt_is_pending(storage) || (k > 0 && !storage->block);
    bool lies_here = k ? is_here(ctx, storage) : rt_is_own(storage);
    lies_here |= waits_here && !storage->layout; /* nobody knows yet */
    if (!becomes_own(ctx, storage) && !(lies_here && (storage->block || waits_here))) return AWAY;
    waits |= waits_here;
  }
  return waits ? WAITS : READY;
}

/* A rank that lacks the memory records what others execute: they will hear of it. */
static bool lacks_memory(QlContext *ctx) {
  if (ctx->info->size > 1) (void)rt_history_lacks(ctx, "an array", NULL);
  return false;
}

bool rt_immediate_memory(QlContext *ctx, Storage *storage) {
  bool had_layout = storage->layout;
  if (!becomes_own(ctx, storage)) return false;
  if (!had_layout && !(storage->layout = rt_layout_replicated(ctx))) return lacks_memory(ctx);
  if (!had_layout && !is_replicated(ctx, storage)) {
    storage->moved = true;
    add_to_spell(ctx, storage);
  }
  if ((storage->block = rt_block_private(ctx, storage))) return true;
  if (!had_layout) rt_layout_release(ctx, storage->layout), storage->layout = NULL;
  return lacks_memory(ctx);
}

/* A target that has no memory yet gets it; one whose memory an export shares gets a copy. */
static bool target_is_ready(QlContext *ctx, Storage *storage, bool *is_new) {
  const Block *shared = storage->block;
  *is_new = !shared;
  if (shared && shared->references == 1) return true;
  if (!shared) return rt_immediate_memory(ctx, storage);
  Block *block;
  if (rt_block_new(ctx, "an array needs", shared, &block, NULL)) return lacks_memory(ctx);
  memcpy(block->data, shared->data, (size_t)shared->bytes);
  rt_block_release(ctx, storage->block);
  storage->block = block;
  return true;
}

static void see_operand(const RequestOperand *operand, JitElements *elements, int64_t *item) {
  const QlArray *array = operand->array;
  *elements = (JitElements){.dtype = (QlDtype)operand->dtype, .value = operand->value};
  *item = 0;
  if (!array) return;
  elements->dtype = (QlDtype)array->storage->dtype;
  *item = (int64_t)ql_dtype_info[elements->dtype].size;
  elements->at = array->storage->block->data + array->offset * *item;
}

/* Axes of one element go, and neighbours join, but for those of a reduction. */
static void make_nest(const LogRequest *r, Nest *nest) {
  int64_t item[LOG_OPERANDS];
  bool reduces = r->kind == STATEMENT_REDUCE;
  nest->rank = 0, nest->operands = r->operands, nest->along = -1;
  for (int k = 0; k < r->operands; k++) see_operand(&r->operand[k], &nest->operand[k], &item[k]);
  for (int a = 0; a < r->ndim; a++) {
    if (r->shape[a] == 1) continue;
    int64_t stride[LOG_OPERANDS], extent = r->shape[a];
    bool joins = nest->rank > 0 && !reduces;
    for (int k = 0; k < r->operands; k++) {
      stride[k] = nest->operand[k].at ? r->operand[k].stride[a] * item[k] : 0;
      joins = joins && nest->stride[k][nest->rank - 1] == stride[k] * extent;
    }
    int at = joins ? nest->rank - 1 : nest->rank++;
    nest->extent[at] = joins ? nest->extent[at] * extent : extent;
    for (int k = 0; k < r->operands; k++) nest->stride[k][at] = stride[k];
    nest->reduced[at] = reduces && r->axes >> a & 1;
  }
}

/* The addresses that an operand takes, from lo to below hi. */
static void reach_of(const Nest *nest, int k, uintptr_t *lo, uintptr_t *hi) {
  *lo = (uintptr_t)nest->operand[k].at, *hi = *lo + ql_dtype_info[nest->operand[k].dtype].size;
  for (int a = 0; a < nest->rank; a++) {
    int64_t by = nest->stride[k][a] * (nest->extent[a] - 1);
    *(by < 0 ? lo : hi) += (uintptr_t)by;
  }
}

/* May each point be stored before the next is read? */
static bool is_safe(const LogRequest *r, Nest *nest) {
  const Storage *target = r->operand[0].array->storage;
  for (int a = 0; a < nest->rank; a++)
    if (nest->stride[0][a] == 0 && r->kind != STATEMENT_REDUCE) return false;
  for (int k = 1; k < nest->operands; k++) {
    nest->updates[k] = false;
    if (!r->operand[k].array || r->operand[k].array->storage != target || nest->rank == 0) continue;
    nest->updates[k] =
        r->kind != STATEMENT_REDUCE && nest->operand[k].at == nest->operand[0].at &&
        !memcmp(nest->stride[k], nest->stride[0], (size_t)nest->rank * sizeof(int64_t));
    if (nest->updates[k]) continue;
    uintptr_t lo, hi, target_lo, target_hi;
    reach_of(nest, k, &lo, &hi), reach_of(nest, 0, &target_lo, &target_hi);
    if (lo < target_hi && target_lo < hi) return false;
  }
  return true;
}

/* ---- elements ---- */

static void sum_products(QlDtype loop, const JitElements *in, const JitElements *out,
                         int64_t points) {
  _Alignas(64) char products[PRODUCTS];
  JitElements line = {.at = products, .stride = ql_dtype_info[loop].size, .dtype = loop};
  jit_map_elements(QL_OP_MULTIPLY, loop, 2, in, &line, points);
  jit_reduce_elements(QL_REDUCE_SUM, loop, &line, out, points);
}

static void along_last(const LogRequest *r, const Nest *nest) {
  int64_t points = nest->rank ? nest->extent[nest->rank - 1] : 1;
  if (r->kind == STATEMENT_MAP)
    jit_map_elements((QlOp)r->op, (QlDtype)r->loop, r->operands - 1, &nest->operand[1],
                     &nest->operand[0], points);
  else if (r->kind == STATEMENT_COPY)
    jit_copy_elements((QlDtype)r->loop, &nest->operand[1], &nest->operand[0], points);
  else if (r->kind == STATEMENT_RAMP)
    jit_ramp_elements(nest->operand[1].value, nest->operand[2].value, &nest->operand[0], points);
  else if (is_product(r))
    sum_products((QlDtype)r->loop, &nest->operand[1], &nest->operand[0], points);
  else
    jit_reduce_elements((QlReduction)r->op, (QlDtype)r->loop, &nest->operand[1], &nest->operand[0],
                        points);
}

static void run_elements(const LogRequest *r, Nest *nest) {
  int64_t at[QL_MAX_DIMS] = {0};
  int last = nest->rank - 1;
  for (int k = 0; k < nest->operands && nest->rank; k++)
    nest->operand[k].stride = nest->stride[k][last];
  for (;;) {
    along_last(r, nest);
    int axis = last - 1;
    for (; axis >= 0; axis--) {
      bool ends = ++at[axis] == nest->extent[axis];
      int64_t steps = ends ? 1 - nest->extent[axis] : 1;
      for (int k = 0; k < nest->operands; k++)
        if (nest->operand[k].at) nest->operand[k].at += steps * nest->stride[k][axis];
      if (!ends) break;
      at[axis] = 0;
    }
    if (axis < 0) return;
  }
}

/* ---- kernels ---- */

enum { FORM_RANK = 3 };

static JitStride class_along_last(const Nest *nest, int k) {
  int64_t stride = nest->stride[k][nest->rank - 1];
  if (stride == (int64_t)ql_dtype_info[nest->operand[k].dtype].size) return JIT_STRIDE_UNIT;
  return stride == 0 ? JIT_STRIDE_ZERO : JIT_STRIDE_ANY;
}

/* In a word. Never 0. */
static uint64_t form_of(const LogRequest *r, const Nest *nest) {
  uint64_t form = 1 + (uint64_t)r->kind;
  form = form << 8 | (uint64_t)r->op;
  form = form << 5 | (uint64_t)r->loop;
  form = form << 3 | (uint64_t)nest->rank;
  form = form << 3 | (uint64_t)nest->operands;
  form = form << 1 | (uint64_t)(nest->along == nest->rank - 1);
  for (int k = 0; k < nest->operands; k++) {
    bool is_array = nest->operand[k].at;
    form = form << 9 | (uint64_t)nest->operand[k].dtype << 4 | (uint64_t)is_array << 3 |
           (uint64_t)(k > 0 && nest->updates[k]) << 2 |
           (is_array ? (uint64_t)class_along_last(nest, k) : 0);
  }
  return form;
}

static JitRef value_of(JitFn *fn, const LogRequest *r, JitRef *input, const Nest *nest,
                       QlSource source) {
  QlDtype loop = (QlDtype)r->loop;
  JitRef args[LOG_OPERANDS];
  if (r->kind == STATEMENT_COPY) return jit_cast(fn, input[1], loop, source);
  if (r->kind == STATEMENT_MAP) {
    for (int k = 1; k < nest->operands; k++)
      args[k - 1] = jit_cast(fn, input[k],
                             ql_op_input((QlOp)r->op, k - 1, nest->operand[k].dtype, loop), source);
    return jit_op(fn, (QlOp)r->op, nest->operands - 1, args, source);
  }
  if (is_product(r)) {
    for (int k = 0; k < 2; k++) args[k] = jit_cast(fn, input[1 + k], loop, source);
    input[1] = jit_op(fn, QL_OP_MULTIPLY, 2, args, source);
  }
  bool counts = r->op == QL_REDUCE_COUNT;
  JitRef value = counts ? jit_cast(fn, input[1], QL_BOOL, source) : input[1];
  return jit_reduce(fn, counts ? QL_REDUCE_SUM : (QlReduction)r->op, JIT_WHOLE, nest->along,
                    jit_cast(fn, value, loop, source), source);
}

/* The function of the statement's form. */
static JitFn *function_of(QlContext *ctx, const LogRequest *r, const Nest *nest) {
  ql_pool_clear(&ctx->building);
  JitFn *fn = jit_fn_new(nest->rank, &ctx->building);
  QlSource source = rt_source(ctx);
  JitRef input[LOG_OPERANDS] = {{0}};
  JitAccess access = JIT_WRITE;
  if (!fn) return NULL;
  for (int k = 1; k < nest->operands; k++)
    if (nest->updates[k]) access = JIT_UPDATE;
  for (int k = 0; k < nest->operands; k++) {
    JitStride classes[QL_MAX_DIMS];
    if (!nest->operand[k].at) {
      input[k] = jit_param(fn, jit_fn_param(fn, nest->operand[k].dtype), source);
      continue;
    }
    int array = 0;
    for (int a = 0; a < nest->rank; a++) classes[a] = JIT_STRIDE_ANY;
    if (nest->along >= 0 && nest->stride[k][nest->along] == 0)
      classes[nest->along] = JIT_STRIDE_ZERO;
    classes[nest->rank - 1] = class_along_last(nest, k);
    if (k == 0 || !nest->updates[k])
      array = jit_fn_array(fn, nest->operand[k].dtype, k ? JIT_READ : access, classes);
    if (k) input[k] = jit_load(fn, array, NULL, source);
  }
  JitRef value = value_of(fn, r, input, nest, source);
  jit_store(fn, 0, jit_cast(fn, value, nest->operand[0].dtype, source), source);
  return fn;
}

/* One that cannot be compiled is computed without. */
static JitEntry *compile(QlContext *ctx, const LogRequest *r, const Nest *nest) {
  JitKey key;
  QL_ERROR(error);
  const JitKernel *kernel = NULL;
  JitFn *fn = function_of(ctx, r, nest);
  if (!fn) return NULL;
  QlStatus status = jit_key(ctx->jit, fn, &key, &error);
  if (!status && !(kernel = jit_find(ctx->jit, key)))
    status = jit_compile(ctx->jit, fn, key, &kernel, &error);
  jit_fn_free(fn);
  return status ? NULL : jit_entry(kernel);
}

/* The form's place in the table; NULL: it is full. */
static ImmediateForm *find_form(QlContext *ctx, uint64_t form) {
  ImmediateForm *table = ctx->immediate;
  uint64_t at = ql_mix(0, form);
  for (int tries = 0; tries < IMMEDIATE_FORMS / 8; tries++, at++) {
    ImmediateForm *f = &table[at % IMMEDIATE_FORMS];
    if (f->form == form) return f;
    if (f->form) continue;
    *f = (ImmediateForm){.form = form};
    return f;
  }
  return NULL;
}

static JitEntry *kernel_of(QlContext *ctx, const LogRequest *r, const Nest *nest, int64_t points) {
  if (nest->rank > FORM_RANK || r->kind == STATEMENT_RAMP) return NULL;
  ImmediateForm *form = find_form(ctx, form_of(r, nest));
  if (!form) return NULL;
  if (!form->entry && form->points < POINTS_TO_COMPILE) {
    form->points += points + CALL_POINTS;
    if (form->points >= POINTS_TO_COMPILE) form->entry = compile(ctx, r, nest);
  }
  return form->entry;
}

static void run_kernel(const Nest *nest, JitEntry *entry) {
  static const int64_t lo[QL_MAX_DIMS] = {0};
  char *base[LOG_OPERANDS];
  int64_t stride[LOG_OPERANDS * QL_MAX_DIMS];
  QlValue param[LOG_OPERANDS];
  int arrays = 0, params = 0;
  for (int k = 0; k < nest->operands; k++) {
    if (!nest->operand[k].at) {
      param[params++] = nest->operand[k].value;
      continue;
    }
    if (k && nest->updates[k]) continue;
    for (int a = 0; a < nest->rank; a++) stride[arrays * nest->rank + a] = nest->stride[k][a];
    base[arrays++] = nest->operand[k].at;
  }
  entry(&(JitCall){lo, nest->extent, base, stride, param});
}

/* ---- all of it ---- */

static void exchange_axes(Nest *nest, int a, int b) {
  int64_t extent = nest->extent[a];
  nest->extent[a] = nest->extent[b], nest->extent[b] = extent;
  for (int k = 0; k < nest->operands; k++) {
    int64_t stride = nest->stride[k][a];
    nest->stride[k][a] = nest->stride[k][b], nest->stride[k][b] = stride;
  }
}

static void move_axis(Nest *nest, int axis, int to) {
  for (int step = to > axis ? 1 : -1; axis != to; axis += step)
    exchange_axes(nest, axis, axis + step);
}

static void run(QlContext *ctx, const LogRequest *r, Nest *nest) {
  int64_t points = 1;
  for (int a = 0; a < nest->rank; a++) points *= nest->extent[a];
  JitEntry *entry = points > 1 ? kernel_of(ctx, r, nest, points) : NULL;
  if (entry) {
    run_kernel(nest, entry);
    return;
  }
  if (nest->along >= 0) move_axis(nest, nest->along, nest->rank - 1);
  run_elements(r, nest);
}

static bool run_on(const Nest *nest, int a) {
  bool does = true;
  for (int k = 0; k < nest->operands; k++)
    does = does && nest->stride[k][a] == nest->stride[k][a + 1] * nest->extent[a + 1];
  return does;
}

/* Those that stay, where all operands run on from one to the next. */
static void join_axes(Nest *nest) {
  for (int a = nest->rank - 2; a >= 0; a--) {
    if (a == nest->along || a + 1 == nest->along || !run_on(nest, a)) continue;
    nest->extent[a] *= nest->extent[a + 1];
    for (int k = 0; k < nest->operands; k++) nest->stride[k][a] = nest->stride[k][a + 1];
    for (int b = a + 1; b < nest->rank - 1; b++) exchange_axes(nest, b, b + 1);
    nest->rank--, nest->along -= nest->along > a;
  }
}

/* Kernels take lines side by side where the last of the axes that stay is the one along which
 * elements lie side by side: the axis that goes is then the one before it. */
static void run_reduction(QlContext *ctx, const LogRequest *r, Nest *nest, int axis) {
  nest->along = axis;
  join_axes(nest);
  int last = nest->rank - 1, kept = nest->along == last ? last - 1 : last;
  int64_t item = (int64_t)ql_dtype_info[nest->operand[1].dtype].size;
  bool side_by_side = kept >= 0 && nest->stride[1][kept] == item;
  int to = side_by_side ? last - 1 : last;
  move_axis(nest, nest->along, to);
  nest->along = to;
  run(ctx, r, nest);
}

static int last_reduced(const Nest *nest, int *count) {
  int last = -1;
  *count = 0;
  for (int a = 0; a < nest->rank; a++)
    if (nest->reduced[a]) last = a, ++*count;
  return last;
}

/* The values over the axes that are left, for the reduction of the next one. */
static void reduce_into(QlContext *ctx, const LogRequest *r, Nest *nest, int axis, char *values) {
  Nest part = *nest;
  int64_t stride = (int64_t)ql_dtype_info[r->loop].size;
  part.operand[0] = (JitElements){.at = values, .dtype = (QlDtype)r->loop};
  for (int a = nest->rank - 1; a >= 0; a--) {
    part.stride[0][a] = a == axis ? 0 : stride;
    if (a != axis) stride *= nest->extent[a];
  }
  nest->operand[1] = part.operand[0];
  memcpy(nest->stride[1], part.stride[0], sizeof nest->stride[1]);
  move_axis(nest, axis, nest->rank - 1);
  for (int a = axis; a < nest->rank - 1; a++) nest->reduced[a] = nest->reduced[a + 1];
  nest->rank--;
  run_reduction(ctx, r, &part, axis);
}

/* One axis at a time, the last first (contract C7). */
static void reduce(QlContext *ctx, const LogRequest *request, Nest *nest) {
  _Alignas(64) char values[2][VALUES];
  LogRequest r = *request;
  int count, axis = last_reduced(nest, &count);
  for (int turn = 0; count > 1; turn ^= 1, axis = last_reduced(nest, &count)) {
    reduce_into(ctx, &r, nest, axis, values[turn]);
    if (r.op == QL_REDUCE_COUNT) r.op = QL_REDUCE_SUM; /* of what was counted */
  }
  if (axis < 0) { /* of one element each */
    axis = nest->rank++, nest->extent[axis] = 1;
    for (int k = 0; k < nest->operands; k++) nest->stride[k][axis] = 0;
  }
  run_reduction(ctx, &r, nest, axis);
}

/* Whether the path is for a statement. What it waits for or lacks is counted, and may be brought
 * about before it is recorded, or executed after all. */
static bool takes(QlContext *ctx, const LogRequest *r, int64_t *points, QlStatus *status,
                  QlError *error) {
  if (!rt_is_immediate(ctx)) return false;
  if (!has_few_points(ctx, r, points)) {
    *status = rt_place_many(ctx, r, error);
    ctx->log.waiting = 0;
    return false;
  }
  if (r->kind == STATEMENT_CALL
          ? r->operands > NOTED_OPERANDS
          : statement_traits[r->kind].payload || statement_traits[r->kind].opaque ||
                r->operands > LOG_OPERANDS || !is_known(r, *points))
    return false;
  Readiness readiness = readiness_of(ctx, r);
  if (readiness == AWAY && !(*status = rt_place_few(ctx, r, error)) &&
      (readiness = readiness_of(ctx, r)) == AWAY)
    ctx->log.waiting = 0;
  if (readiness == WAITS) ctx->log.waiting += !ctx->log.patient, rt_place_new(ctx, r);
  return readiness == READY && !*status;
}

/* Has every worker of the node finished what this one reads? */
static void wait_for_others(QlContext *ctx, const LogRequest *r) {
  for (int k = 1; k < r->operands; k++)
    if (r->operand[k].array && !rt_is_own(r->operand[k].array->storage)) {
      rt_wait_node(ctx);
      return;
    }
}

/* A routine, over the whole of its domain. */
typedef struct RoutineCall {
  RoutineShape shape;
  char *base[NOTED_OPERANDS];
  int64_t stride[NOTED_OPERANDS * QL_MAX_DIMS], tile[QL_MAX_DIMS];
  QlValue param[NOTED_OPERANDS];
} RoutineCall;

/* The target has its memory. False: the routine lacks some. */
static bool prepare_routine(QlContext *ctx, const LogRequest *r, RoutineCall *call) {
  RoutineShape *shape = &call->shape;
  RoutineNeeds needs;
  int params = 0;
  *shape = (RoutineShape){.routine = &routines[r->op],
                          .rank = r->ndim,
                          .dtype = (QlDtype)r->loop,
                          .extent = r->shape,
                          .axes = r->axes,
                          .axis = -1,
                          .stores = 1};
  for (int k = 0; k < r->operands; k++) {
    const QlArray *array = r->operand[k].array;
    if (!array) {
      call->param[params++] = r->operand[k].value;
      continue;
    }
    int64_t item = (int64_t)ql_dtype_info[array->storage->dtype].size;
    if (k == 1) shape->from = (QlDtype)array->storage->dtype;
    call->base[shape->operands] = array->storage->block->data + array->offset * item;
    for (int a = 0; a < r->ndim; a++)
      call->stride[shape->operands * r->ndim + a] = r->operand[k].stride[a] * item;
    shape->operands++;
  }
  if (shape->routine->tile && r->axes) shape->tile = call->tile;
  for (int a = 0; a < r->ndim && shape->tile; a++)
    call->tile[a] = routine_tile(shape->routine, r->axes, a, r->shape[a]);
  if (!shape->routine->prepare) return true;
  if (rt_routine_needs(ctx, shape, call->param, &needs, NULL) ||
      rt_scratch_reserve(ctx, needs.scratch, NULL))
    return lacks_memory(ctx);
  shape->tables = needs.tables;
  shape->scratch = rt_scratch_of(&ctx->team->run.scratch, 0);
  return true;
}

static void call_routine(QlContext *ctx, const LogRequest *r, const RoutineCall *call) {
  static const int64_t lo[QL_MAX_DIMS];
  call->shape.routine->run(&call->shape,
                           &(JitCall){lo, r->shape, call->base, call->stride, call->param});
  rt_scratch_release(ctx);
}

/* What a routine stores is new, or updated: nothing else that it reads is of that storage. */
static bool can_be_done(QlContext *ctx, const LogRequest *r, Nest *nest, RoutineCall *call) {
  if (r->kind == STATEMENT_CALL) return prepare_routine(ctx, r, call);
  make_nest(r, nest);
  return is_safe(r, nest);
}

bool rt_immediate(QlContext *ctx, const LogRequest *r, QlStatus *status, QlError *error) {
  Nest nest;
  RoutineCall call;
  int64_t points;
  bool is_new, reduces = r->kind == STATEMENT_REDUCE;
  if (!takes(ctx, r, &points, status, error)) return *status != QL_OK;
  Storage *target = r->operand[0].array->storage;
  if (!target_is_ready(ctx, target, &is_new)) return false;
  bool is_taken = can_be_done(ctx, r, &nest, &call);
  if (is_taken) *status = rt_history_executes(ctx, r, error);
  if (!is_taken || *status) {
    if (is_new) rt_block_release(ctx, target->block), target->block = NULL;
    return is_taken;
  }
  if (ctx->info->size > 1) wait_for_others(ctx, r);
  uint64_t began = rt_profile_samples(ctx) ? profile_ticks() : 0;
  QlFloats floats = ql_floats_enter();
  if (reduces)
    reduce(ctx, r, &nest);
  else if (r->kind == STATEMENT_CALL)
    call_routine(ctx, r, &call);
  else
    run(ctx, r, &nest);
  ql_floats_leave(floats);
  if (began) profile_immediate(ctx, points, began);
  rt_place_stays(target);
  if (ctx->log.made == target) ctx->log.fresh_bytes -= ctx->log.made_bytes, ctx->log.made = NULL;
  ctx->counters.immediate++;
  if (points > ctx->params.immediate && ctx->spell.left > 0) ctx->spell.left--;
  return true;
}

bool rt_immediate_takes(const QlContext *ctx, const QlArray *made) {
  return made->size <= ctx->params.immediate && becomes_own(ctx, made->storage);
}

bool rt_immediate_import(QlContext *ctx, const LogRequest *r, const void *data,
                         const int64_t *byte_strides, QlStatus *status, QlError *error) {
  const QlArray *made = r->operand[0].array;
  Storage *storage = made->storage;
  if (!rt_immediate_memory(ctx, storage)) return false;
  if ((*status = rt_history_executes(ctx, r, error))) return true;
  Box whole = box_of_shape(made->ndim, made->shape);
  box_copy(made->ndim, &whole, ql_dtype_info[made->dtype].size, storage->block->data, &whole,
           storage->block->stride, data, &whole, byte_strides);
  ctx->counters.immediate++;
  return true;
}
