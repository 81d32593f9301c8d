/* Compiled code against the interpreter, bit by bit: every operation, cast and reduction in every
 * place that a loop has (whole vectors, the tail, a gather from odd strides), and random functions.
 */
#include "../check.h"
#include "generate.h"
#include "random.h"

#include <math.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

enum { FUNCTIONS = 160, CALLS = 6 };

typedef struct Operand { /* a rank-1 or rank-2 operand of a directed case */
  QlDtype dtype;
  JitAccess access;
  JitStride stride[2];
} Operand;

static QlSource no_source(void) { return (QlSource){0}; }

static Jit *open_jit(bool fastmath) {
  Jit *jit = NULL;
  QlError error = {0};
  if (!CHECK(jit_open(&(JitOptions){.fastmath = fastmath}, &jit, &error) == QL_OK))
    fprintf(stderr, "%s\n", error.text);
  return jit;
}

static JitEntry *compile(Jit *jit, const JitFn *fn, QlError *error) {
  JitFn *copy = jit_fn_copy(fn);
  JitKey key;
  const JitKernel *kernel;
  bool good = copy && jit_key(jit, copy, &key, error) == QL_OK &&
              jit_compile(jit, copy, key, &kernel, error) == QL_OK;
  jit_fn_free(copy);
  return good ? jit_entry(kernel) : NULL;
}

static void report(const JitFn *fn, const char *what, const char *text) {
  char *printed = jit_print(fn);
  fprintf(stderr, "%s: %s\n%s", what, text, printed ? printed : "");
  free(printed);
}

/* The compiled kernel and the interpreter on equal memory. */
static bool agree(const JitFn *fn, JitEntry *entry, GenerateCall *a, GenerateCall *b,
                  QlError *error) {
  if (!a || !b || jit_interpret(fn, &a->call, error) != QL_OK) return false;
  entry(&b->call);
  return generate_equal(fn, a, b, error->text, sizeof error->text);
}

/* ---- random functions ---- */

static void random_functions(void) {
  Jit *jit = open_jit(false);
  for (uint64_t seed = 0; jit && seed < FUNCTIONS; seed++) {
    JitFn *fn = generate_function(seed, NULL);
    QlError error = {0};
    JitEntry *entry = compile(jit, fn, &error);
    if (!CHECK(entry)) report(fn, "not compiled", error.text);
    for (uint64_t n = 0; entry && n < CALLS; n++) {
      GenerateCall *a = generate_call(fn, seed * CALLS + n),
                   *b = generate_call(fn, seed * CALLS + n);
      if (!CHECK(agree(fn, entry, a, b, &error))) report(fn, "differs", error.text);
      generate_call_free(a), generate_call_free(b);
    }
    jit_fn_free(fn);
  }
  jit_close(jit);
}

/* ---- directed cases: memory of `points` elements per operand, whatever its strides ---- */

enum { POINTS = 137, SPREAD = 5 }; /* of float64: 8 whole pairs of vectors, and 9 */

typedef struct Case {
  JitFn *fn;
  int operands;
  QlDtype dtype[4];
  int64_t stride[4]; /* in bytes */
  char *memory[4], *copy[4], *base[4], *copy_base[4];
  int64_t bytes;
} Case;

static void case_free(Case *c) {
  for (int k = 0; k < c->operands; k++) free(c->memory[k]), free(c->copy[k]);
  jit_fn_free(c->fn);
}

/* An operand with nasty values. step: elements from one point to the next. */
static void case_operand(Case *c, Random *random, QlDtype dtype, JitAccess access, int step) {
  int k = c->operands++;
  int64_t size = ql_dtype_info[dtype].size, elements = POINTS * SPREAD;
  JitStride stride = step == 0 ? JIT_STRIDE_ZERO : step == 1 ? JIT_STRIDE_UNIT : JIT_STRIDE_ANY;
  jit_fn_array(c->fn, dtype, access, &stride);
  c->dtype[k] = dtype, c->stride[k] = step * size;
  c->memory[k] = malloc((size_t)(elements * size)), c->copy[k] = malloc((size_t)(elements * size));
  for (int64_t i = 0; i < elements; i++)
    ir_write(dtype, c->memory[k] + i * size, random_value(random, dtype));
  memcpy(c->copy[k], c->memory[k], (size_t)(elements * size));
  int64_t first = step < 0 ? (POINTS - 1) * -c->stride[k] : 0;
  c->base[k] = c->memory[k] + first, c->copy_base[k] = c->copy[k] + first;
}

static bool same_element(QlDtype dtype, const char *a, const char *b) {
  QlDtype part = (QlDtype)ql_dtype_info[dtype].part;
  size_t size = ql_dtype_info[part].size;
  for (size_t at = 0; at < ql_dtype_info[dtype].size; at += size) {
    QlValue x = ir_read(part, a + at), y = ir_read(part, b + at);
    bool nan = ql_dtype_info[part].kind == QL_KIND_FLOAT && ir_eval(QL_OP_ISNAN, part, &x).b &&
               ir_eval(QL_OP_ISNAN, part, &y).b;
    if (x.bits[0] != y.bits[0] && !nan) return false;
  }
  return true;
}

/* Runs both ways over the points; what the operands hold must be the same. */
static bool case_agrees(Case *c, Jit *jit, QlError *error) {
  JitEntry *entry = compile(jit, c->fn, error);
  if (!entry) return false;
  int64_t extent = POINTS, origin = 0;
  JitCall call = {&origin, &extent, c->base, c->stride, NULL},
          other = {&origin, &extent, c->copy_base, c->stride, NULL};
  if (jit_interpret(c->fn, &call, error) != QL_OK) return false;
  entry(&other);
  for (int k = 0; k < c->operands; k++)
    for (int64_t i = 0, size = ql_dtype_info[c->dtype[k]].size; i < POINTS * SPREAD; i++) {
      if (same_element(c->dtype[k], c->memory[k] + i * size, c->copy[k] + i * size)) continue;
      snprintf(error->text, sizeof error->text, "operand $%d, element %lld", k, (long long)i);
      return false;
    }
  return true;
}

/* A result may depend on the sign of a NaN, which is nobody's promise: such operations get numbers.
 */
static void drop_nans(Case *c) {
  for (int k = 0; k < c->operands; k++) {
    QlDtype part = (QlDtype)ql_dtype_info[c->dtype[k]].part;
    int64_t size = ql_dtype_info[part].size,
            count = POINTS * SPREAD * ql_dtype_info[c->dtype[k]].size / size;
    if (ql_dtype_info[part].kind != QL_KIND_FLOAT) continue;
    for (int64_t i = 0; i < count; i++) {
      QlValue x = ir_read(part, c->memory[k] + i * size);
      if (ir_eval(QL_OP_ISNAN, part, &x).b)
        memset(c->memory[k] + i * size, 0, (size_t)size),
            memset(c->copy[k] + i * size, 0, (size_t)size);
    }
  }
}

static bool reads_nan_sign(QlOp op, QlDtype loop) {
  if (op == QL_OP_SIGNBIT || op == QL_OP_COPYSIGN || op == QL_OP_BITS) return true;
  return ql_dtype_info[loop].kind == QL_KIND_COMPLEX &&
         (ql_op_info[op].domain == QL_DOMAIN_INEXACT || op == QL_OP_POWER ||
          op == QL_OP_FLOAT_POWER);
}

/* One operation. steps: of the first and the second argument and of the result. */
static void try_op(Jit *jit, QlOp op, QlDtype loop, const int steps[3]) {
  Case c = {.fn = jit_fn_new(1, NULL)};
  Random random = {(uint64_t)op * 100 + loop};
  JitRef args[3];
  QlError error = {0};
  int arity = ql_op_info[op].arity;
  for (int a = 0; a < arity; a++) {
    case_operand(&c, &random, a == 0 && op == QL_OP_SELECT ? QL_BOOL : loop, JIT_READ,
                 steps[a % 2]);
    args[a] = jit_load(c.fn, a, NULL, no_source());
  }
  case_operand(&c, &random, ir_result(op, loop), JIT_WRITE, steps[2]);
  jit_store(c.fn, arity, jit_op(c.fn, op, arity, args, no_source()), no_source());
  if (reads_nan_sign(op, loop)) drop_nans(&c);
  if (!CHECK(case_agrees(&c, jit, &error))) report(c.fn, "differs", error.text);
  case_free(&c);
}

static void every_operation(void) {
  Jit *jit = open_jit(false);
  static const int contiguous[3] = {1, 1, 1}, odd[3] = {-2, 0, 3};
  for (int op = 0; op < QL_OP_COUNT; op++) {
    for (int loop = 0; loop < QL_DTYPE_COUNT; loop++) {
      if (!ir_has_loop((QlOp)op, (QlDtype)loop)) continue;
      try_op(jit, (QlOp)op, (QlDtype)loop, contiguous);
      if ((op + loop) % 5 == 0) try_op(jit, (QlOp)op, (QlDtype)loop, odd);
    }
  }
  jit_close(jit);
}

static void every_cast(void) {
  Jit *jit = open_jit(false);
  for (int from = 0; from < QL_DTYPE_COUNT; from++) {
    for (int to = 0; to < QL_DTYPE_COUNT; to++) {
      Case c = {.fn = jit_fn_new(1, NULL)};
      Random random = {(uint64_t)from * 100 + (uint64_t)to};
      QlError error = {0};
      case_operand(&c, &random, (QlDtype)from, JIT_READ, 1);
      case_operand(&c, &random, (QlDtype)to, JIT_WRITE, (from + to) % 3 ? 1 : -1);
      jit_store(c.fn, 1,
                jit_cast(c.fn, jit_load(c.fn, 0, NULL, no_source()), (QlDtype)to, no_source()),
                no_source());
      if (!CHECK(case_agrees(&c, jit, &error))) report(c.fn, "differs", error.text);
      case_free(&c);
    }
  }
  jit_close(jit);
}

/* ---- every length of a row, so that every length of a tail occurs; and what lies behind the row
 * stays ---- */

static void every_length(void) {
  Jit *jit = open_jit(false);
  static const QlDtype dtypes[] = {QL_F64, QL_F32, QL_F16, QL_I8, QL_BOOL};
  for (size_t d = 0; d < sizeof dtypes / sizeof *dtypes; d++) {
    enum { LONGEST = 150, GUARD = 100 };
    QlDtype dtype = dtypes[d];
    Random random = {d};
    int64_t size = ql_dtype_info[dtype].size;
    JitFn *fn = jit_fn_new(1, NULL);
    JitStride unit = JIT_STRIDE_UNIT;
    int x = jit_fn_array(fn, dtype, JIT_READ, &unit),
        y = jit_fn_array(fn, dtype, JIT_UPDATE, &unit);
    JitRef args[2] = {jit_load(fn, x, (int32_t[]){1}, no_source()),
                      jit_load(fn, y, NULL, no_source())};
    jit_store(fn, y, jit_op(fn, QL_OP_ADD, 2, args, no_source()), no_source());
    QlError error = {0};
    JitEntry *entry = compile(jit, fn, &error);
    for (int64_t length = 0; entry && length <= LONGEST; length++) {
      char in[(LONGEST + GUARD) * 8], want[(LONGEST + GUARD) * 8], got[(LONGEST + GUARD) * 8];
      for (int64_t i = 0; i < LONGEST + GUARD; i++) {
        ir_write(dtype, in + i * size, random_value(&random, dtype));
        ir_write(dtype, want + i * size, random_value(&random, dtype));
      }
      memcpy(got, want, sizeof got);
      int64_t origin = 0, stride[2] = {size, size};
      jit_interpret(fn, &(JitCall){&origin, &length, (char *[]){in, want}, stride, NULL}, &error);
      entry(&(JitCall){&origin, &length, (char *[]){in, got}, stride, NULL});
      bool same = true;
      for (int64_t i = 0; i < LONGEST + GUARD; i++)
        same = same && same_element(dtype, want + i * size, got + i * size);
      if (!CHECK(same))
        fprintf(stderr, "%s, length %lld\n", ql_dtype_info[dtype].name, (long long)length);
    }
    CHECK(entry);
    jit_fn_free(fn);
  }
  jit_close(jit);
}

/* ---- library functions: vectors against scalars ---- */

/* Mostly plain numbers, of which a vector has nothing else, and some of all others between them. */
static QlValue library_argument(Random *random, QlDtype dtype, int n) {
  double range = n % 3 == 0   ? 1
                 : n % 3 == 1 ? 20
                              : 1000,
         a = (double)(int64_t)random_bits(random) * 0x1p-63,
         b = (double)(int64_t)random_bits(random) * 0x1p-63;
  if (n / 100 % 4 == 3 && random_chance(random, 10)) return random_value(random, dtype);
  if (n / 100 % 4 == 2) a = rint(a * 8) / range, b = n % 2 ? 0 : b;
  return ql_convert(QL_C128, (QlValue){.z = {a * range, b * range}}, dtype);
}

static void library_functions_are_the_same_in_vectors(void) {
  enum { COUNT = 3001 };
  Jit *jit = open_jit(false);
  static char memory[3][COUNT * sizeof(QlValue)];
  for (int op = 0; op < QL_OP_COUNT; op++)
    for (int loop = QL_F16; loop <= QL_C128; loop++) {
      bool composed = op == QL_OP_FLOOR_DIVIDE || op == QL_OP_REMAINDER || op == QL_OP_ABSOLUTE;
      QlDtype dtype = (QlDtype)loop, result = ir_result((QlOp)op, dtype);
      if (!ir_has_loop((QlOp)op, dtype)) continue;
      if (!composed && !ir_math((QlOp)op, QL_F64) && !ir_math_part((QlOp)op, dtype, 0)) continue;
      int64_t size = ql_dtype_info[dtype].size, origin = 0, extent = COUNT,
              stride[] = {size, size, size};
      int arity = ql_op_info[op].arity;
      stride[arity] = ql_dtype_info[result].size;
      JitFn *fn = jit_fn_new(1, NULL);
      JitStride unit = JIT_STRIDE_UNIT;
      JitRef args[2];
      QlError error = {0};
      Random random = {(uint64_t)(op * 100 + loop)};
      for (int a = 0; a < arity; a++) {
        jit_fn_array(fn, dtype, JIT_READ, &unit), args[a] = jit_load(fn, a, NULL, no_source());
        for (int n = 0; n < COUNT; n++)
          ir_write(dtype, memory[a] + n * size, library_argument(&random, dtype, n));
      }
      jit_fn_array(fn, result, JIT_WRITE, &unit);
      jit_store(fn, arity, jit_op(fn, (QlOp)op, arity, args, no_source()), no_source());
      JitEntry *entry = compile(jit, fn, &error);
      if (!CHECK(entry)) report(fn, "not compiled", error.text);
      if (entry)
        entry(&(JitCall){&origin, &extent, (char *[]){memory[0], memory[1], memory[2]}, stride,
                         NULL});
      for (int n = 0; entry && n < COUNT; n++) {
        char want[sizeof(QlValue)];
        QlValue given[2] = {ir_read(dtype, memory[0] + n * size),
                            ir_read(dtype, memory[1] + n * size)};
        ir_write(result, want, ir_eval((QlOp)op, dtype, given));
        if (CHECK(same_element(result, want, memory[arity] + n * stride[arity]))) continue;
        fprintf(stderr, "%s %s, element %d\n", ql_op_info[op].name, ql_dtype_info[dtype].name, n);
        break;
      }
      jit_fn_free(fn);
    }
  jit_close(jit);
}

/* ---- division by constants ---- */

static void constants_divide(void) {
  static const int64_t divisors[] = {
      0,  1,  2,  3,    5,         7,         8,         10,       64,       100, 127,
      -1, -2, -3, -128, INT32_MAX, INT64_MAX, INT64_MIN, 1L << 30, 1L << 62, 1e18};
  static const QlOp ops[] = {QL_OP_FLOOR_DIVIDE, QL_OP_REMAINDER, QL_OP_FMOD};
  Jit *jit = open_jit(false);
  for (int dtype = QL_I8; dtype <= QL_U64; dtype++)
    for (size_t d = 0; d < sizeof divisors / sizeof *divisors; d++) {
      Case c = {.fn = jit_fn_new(1, NULL)};
      Random random = {d};
      QlError error = {0};
      QlValue divisor = ql_convert(QL_I64, (QlValue){.i = divisors[d]}, (QlDtype)dtype);
      case_operand(&c, &random, (QlDtype)dtype, JIT_READ, 1);
      JitRef args[2] = {jit_load(c.fn, 0, NULL, no_source()),
                        jit_const(c.fn, (QlDtype)dtype, divisor)};
      for (int k = 0; k < 3; k++) {
        case_operand(&c, &random, (QlDtype)dtype, JIT_WRITE, 1);
        jit_store(c.fn, 1 + k, jit_op(c.fn, ops[k], 2, args, no_source()), no_source());
      }
      if (!CHECK(case_agrees(&c, jit, &error))) report(c.fn, "differs", error.text);
      case_free(&c);
    }
  jit_close(jit);
}

/* ---- division of small integers, which goes through floats ---- */

/* Every pair of 8 bits; of more bits: products, and their neighbours, where a rounded quotient
 * would show. */
static void dividend_and_divisor(Random *random, QlDtype dtype, uint64_t n, QlValue *a,
                                 QlValue *b) {
  *a = ir_canonical(dtype, (QlValue){.u = n & 255}),
  *b = ir_canonical(dtype, (QlValue){.u = n >> 8});
  if (ql_dtype_info[dtype].size == 1) return;
  uint64_t high = random_bits(random) >> random_below(random, 64),
           factor = random_bits(random) >> random_below(random, 64);
  *b = random_chance(random, 20) ? random_value(random, dtype)
                                 : ir_canonical(dtype, (QlValue){.u = high});
  uint64_t product = b->u * factor + random_below(random, 3) - 1;
  *a = random_chance(random, 20) ? random_value(random, dtype)
                                 : ir_canonical(dtype, (QlValue){.u = product});
}

static void small_integers_divide(void) {
  enum { PAIRS = 0x10000 };
  static const QlOp ops[] = {QL_OP_FLOOR_DIVIDE, QL_OP_REMAINDER, QL_OP_FMOD};
  Jit *jit = open_jit(false);
  Random random = {13};
  char *memory[3];
  for (int k = 0; k < 3; k++) memory[k] = calloc(PAIRS, sizeof(int32_t));
  for (int dtype = QL_I8; dtype <= QL_U32; dtype++) {
    int64_t size = ql_dtype_info[dtype].size, extent = PAIRS, origin = 0,
            stride[] = {size, size, size};
    JitStride unit = JIT_STRIDE_UNIT;
    if (size == 8) continue;
    for (uint64_t n = 0; n < PAIRS; n++) {
      QlValue a, b;
      dividend_and_divisor(&random, (QlDtype)dtype, n, &a, &b);
      ir_write((QlDtype)dtype, memory[0] + (int64_t)n * size, a),
          ir_write((QlDtype)dtype, memory[1] + (int64_t)n * size, b);
    }
    for (int op = 0; op < 3; op++) {
      JitFn *fn = jit_fn_new(1, NULL);
      QlError error = {0};
      for (int k = 0; k < 3; k++)
        jit_fn_array(fn, (QlDtype)dtype, k == 2 ? JIT_WRITE : JIT_READ, &unit);
      JitRef args[] = {jit_load(fn, 0, NULL, no_source()), jit_load(fn, 1, NULL, no_source())};
      jit_store(fn, 2, jit_op(fn, ops[op], 2, args, no_source()), no_source());
      JitEntry *entry = compile(jit, fn, &error);
      if (!CHECK(entry)) report(fn, "not compiled", error.text);
      if (entry) entry(&(JitCall){&origin, &extent, memory, stride, NULL});
      bool right = true;
      for (int64_t at = 0; entry && right && at < PAIRS * size; at += size) {
        QlValue pair[] = {ir_read((QlDtype)dtype, memory[0] + at),
                          ir_read((QlDtype)dtype, memory[1] + at)};
        QlValue got = ir_read((QlDtype)dtype, memory[2] + at),
                want = ir_eval(ops[op], (QlDtype)dtype, pair);
        if (!CHECK_INT_EQ(got.i, want.i)) right = false, report(fn, "differs", "");
      }
      jit_fn_free(fn);
    }
  }
  for (int k = 0; k < 3; k++) free(memory[k]);
  jit_close(jit);
}

/* ---- reductions ---- */

enum { REDUCE_EXTENTS = 12 };

static JitFn *reduction_of(QlReduction reduction, JitReduceForm form, int axis, QlDtype dtype,
                           bool unit) {
  JitFn *fn = jit_fn_new(2, NULL);
  JitStride in[2] = {JIT_STRIDE_ANY, unit ? JIT_STRIDE_UNIT : JIT_STRIDE_ANY},
            out[2] = {JIT_STRIDE_ANY, JIT_STRIDE_ANY};
  if (!jit_form_steps(form)) out[axis] = JIT_STRIDE_ZERO;
  jit_fn_array(fn, dtype, JIT_READ, in), jit_fn_array(fn, dtype, JIT_WRITE, out);
  JitRef value = jit_load(fn, 0, NULL, no_source());
  jit_store(fn, 1, jit_reduce(fn, reduction, form, axis, value, no_source()), no_source());
  return fn;
}

/* Elements of both signs and sizes, so that every other order of a sum has other bits; some
 * infinities and NaNs in some. */
static QlValue element_of(Random *random, QlDtype dtype, bool nasty) {
  if (nasty) return random_value(random, dtype);
  double a = (double)(int64_t)random_bits(random) * 0x1p-62,
         b = (double)(int64_t)random_bits(random) * 0x1p-62;
  if (ql_dtype_info[dtype].kind < QL_KIND_FLOAT) return random_value(random, dtype);
  return ql_convert(QL_C128, (QlValue){.z = {a, b}}, dtype);
}

static void try_reduction(JitEntry *entry, const JitFn *fn, const IrIns *reduce,
                          const int64_t extent[2], Random *random) {
  QlDtype dtype = (QlDtype)reduce->dtype;
  int64_t size = ql_dtype_info[dtype].size, points = extent[0] * extent[1], origin[2] = {0, 0},
          lines = extent[1 - reduce->axis];
  int64_t per_line = jit_form_steps((JitReduceForm)reduce->form)
                         ? (extent[reduce->axis] + JIT_LEAF - 1) / JIT_LEAF
                         : 1,
          results = lines * per_line + 1;
  char *in = malloc((size_t)((points + 1) * size)), *want = calloc((size_t)results, (size_t)size),
       *got = calloc((size_t)results, (size_t)size);
  for (int64_t i = 0; i < points; i++)
    ir_write(dtype, in + i * size, element_of(random, dtype, extent[0] % 2));
  int64_t along = jit_form_steps((JitReduceForm)reduce->form) ? size : 0, across = per_line * size;
  int64_t stride[4] = {extent[1] * size, size, reduce->axis ? across : along,
                       reduce->axis ? along : across};
  QlError error = {0};
  CHECK_INT_EQ(
      jit_interpret(fn, &(JitCall){origin, extent, (char *[]){in, want}, stride, NULL}, &error),
      QL_OK);
  entry(&(JitCall){origin, extent, (char *[]){in, got}, stride, NULL});
  bool same = true;
  for (int64_t i = 0; i < results; i++)
    same = same && same_element(dtype, want + i * size, got + i * size);
  if (!CHECK(same)) {
    snprintf(error.text, sizeof error.text, "%lld x %lld", (long long)extent[0],
             (long long)extent[1]);
    report(fn, "differs", error.text);
  }
  free(in), free(want), free(got);
}

static void every_reduction(void) {
  static const int64_t extents[REDUCE_EXTENTS] = {0, 1, 3, 7, 8, 9, 127, 128, 129, 300, 1000, 1923};
  Jit *jit = open_jit(false);
  Random random = {7};
  for (int reduction = 0; reduction < IR_REDUCTIONS; reduction++) {
    for (int dtype = 0; dtype < QL_DTYPE_COUNT; dtype++) {
      if ((reduction == QL_REDUCE_ANY || reduction == QL_REDUCE_ALL) && dtype != QL_BOOL) continue;
      int form = (reduction + dtype) % IR_FORMS,
          axis = dtype % 2; /* random functions mix the rest */
      for (int turn = 0; turn < 2; turn++, axis = 1 - axis, form = (form + 1) % IR_FORMS) {
        JitFn *fn = reduction_of((QlReduction)reduction, (JitReduceForm)form, axis, (QlDtype)dtype,
                                 turn == 0);
        QlError error = {0};
        JitEntry *entry = compile(jit, fn, &error);
        if (!CHECK(entry)) report(fn, "not compiled", error.text);
        for (int k = 0; entry && k < REDUCE_EXTENTS; k++) {
          int64_t extent[2] = {3 + k % 3, 3 + k % 3};
          extent[axis] = extents[k];
          if (axis == 0 && k % 4 == 1) extent[1] = 2060; /* more than a tile */
          try_reduction(entry, fn, &fn->ins[2], extent, &random);
        }
        jit_fn_free(fn);
      }
    }
  }
  jit_close(jit);
}

/* The elements of a line are computed in the lanes of a leaf: uniform and broadcast operands in all
 * of them, and of the last group those that are there. The operands end where their page does, and
 * nothing may be read behind it. */
static void reductions_end_with_their_elements(void) {
  static const char text[] =
      "function rank 2\narray $0: f64 read (any, unit)\narray $1: f64 read (any, zero)\narray $2: "
      "i32 read (zero, "
      "unit)\n"
      "array $3: f64 write (any, zero)\nparam ?0: f64\n@0\n"
      "  %limit: f64 = param ?0\n  %x: f64[:,:] = load $0[0, 0]\n  %row: f64[:,:] = load $1[0, 0]\n"
      "  %count: i32[:,:] = load $2[0, 0]\n  %product: f64[:,:] = multiply %x, %row\n"
      "  %number: f64[:,:] = cast %count\n  %below: b8[:,:] = less %x, %limit\n"
      "  %value: f64[:,:] = where %below, %product, %number\n"
      "  %sum: f64[:,-] = reduce sum whole %value\n  store $3, %sum\n  ret\n";
  enum { LINES = 3, ELEMENTS = 300 };
  Jit *jit = open_jit(false);
  JitFn *fn = NULL;
  QlError error = {0};
  size_t page = (size_t)sysconf(_SC_PAGESIZE),
         room = (LINES * ELEMENTS * sizeof(double) / page + 1) * page;
  char *ends[2];
  for (int k = 0; k < 2; k++) {
    char *memory =
        mmap(NULL, room + page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (!CHECK(memory != MAP_FAILED && mprotect(memory + room, page, PROT_NONE) == 0)) return;
    ends[k] = memory + room;
  }
  JitEntry *entry = jit_parse(text, &fn, &error) == QL_OK ? compile(jit, fn, &error) : NULL;
  if (!CHECK(entry)) fprintf(stderr, "%s\n", error.text);
  Random random = {11};
  for (int64_t count = 1; entry && count <= ELEMENTS; count += count < 40 ? 1 : 37) {
    double rows[LINES] = {1.5, -0.25, 3}, got[LINES], want[LINES];
    char *numbers = ends[0] - LINES * count * (int64_t)sizeof(double),
         *counts = ends[1] - count * (int64_t)sizeof(int32_t);
    for (int64_t n = 0; n < LINES * count; n++) ((double *)numbers)[n] = random_double(&random);
    for (int64_t n = 0; n < count; n++) ((int32_t *)counts)[n] = (int32_t)random_int(&random);
    int64_t extent[] = {LINES, count}, origin[] = {0, 0};
    int64_t stride[] = {count * (int64_t)sizeof(double),
                        sizeof(double),
                        sizeof(double),
                        0,
                        0,
                        sizeof(int32_t),
                        sizeof(double),
                        0};
    char *base[] = {numbers, (char *)rows, counts, (char *)got};
    JitCall call = {origin, extent, base, stride, &(QlValue){.d = 0.5}};
    entry(&call);
    base[3] = (char *)want;
    CHECK(jit_interpret(fn, &call, &error) == QL_OK);
    for (int line = 0; line < LINES; line++)
      CHECK(same_element(QL_F64, (char *)&got[line], (char *)&want[line]));
  }
  for (int k = 0; k < 2; k++) munmap(ends[k] - room, room + page);
  jit_fn_free(fn), jit_close(jit);
}

/* Neither do elements that need no call go through memory. */
static void reductions_have_no_buffer(void) {
  Jit *jit = open_jit(false);
  JitFn *fn = reduction_of(QL_REDUCE_SUM, JIT_WHOLE, 1, QL_F64, true);
  QlError error = {0};
  char *assembly = jit_assembly(jit, fn, &error);
  CHECK(assembly && strstr(assembly, "kernel") && !strstr(assembly, "memcpy"));
  free(assembly), jit_fn_free(fn), jit_close(jit);
}

/* ---- many operands ---- */

/* The sum of products of neighbouring ones of `operands` arrays, `rounds` times over. */
static JitFn *sum_of_products(int operands, int rounds) {
  enum { MOST = 64 };
  JitFn *fn = jit_fn_new(2, NULL);
  JitStride stride[2] = {JIT_STRIDE_ANY, JIT_STRIDE_UNIT};
  JitRef load[MOST], sum;
  for (int k = 0; k < operands; k++)
    load[k] = jit_load(fn, jit_fn_array(fn, QL_F64, JIT_READ, stride), NULL, no_source());
  sum = load[0];
  for (int k = 0; k < operands * rounds; k++) {
    JitRef factors[2] = {load[k % operands], k < operands ? load[(k + 1) % operands] : sum};
    JitRef product = jit_op(fn, QL_OP_MULTIPLY, 2, factors, no_source());
    sum = jit_op(fn, QL_OP_ADD, 2, (JitRef[]){sum, product}, no_source());
  }
  jit_store(fn, jit_fn_array(fn, QL_F64, JIT_WRITE, stride), sum, no_source());
  return fn;
}

static long lines_of_assembly(int operands, int rounds) {
  Jit *jit = open_jit(false);
  JitFn *fn = sum_of_products(operands, rounds);
  QlError error = {0};
  char *text = jit_assembly(jit, fn, &error);
  long lines = 0;
  for (const char *at = text; at && (at = strchr(at, '\n')); at++) lines++;
  free(text), jit_fn_free(fn), jit_close(jit);
  return lines;
}

/* So many that addresses do not fit into registers, in rows of every length: whole vectors, tails,
 * both and none. */
static void many_operands(void) {
  Jit *jit = open_jit(false);
  for (int operands = 8; jit && operands <= 40; operands *= 2) {
    JitFn *fn = sum_of_products(operands, 2);
    QlError error = {0};
    JitEntry *entry = compile(jit, fn, &error);
    if (!CHECK(entry)) report(fn, "not compiled", error.text);
    for (uint64_t n = 0; entry && n < CALLS; n++) {
      GenerateCall *a = generate_call(fn, n), *b = generate_call(fn, n);
      if (!CHECK(agree(fn, entry, a, b, &error))) report(fn, "differs", error.text);
      generate_call_free(a), generate_call_free(b);
    }
    jit_fn_free(fn);
  }
  jit_close(jit);
}

/* Twice the operations on twice the operands are twice the code, or a little more where registers
 * are lacking. */
static void code_grows_with_operations(void) {
  CHECK(2 * lines_of_assembly(32, 2) <= 5 * lines_of_assembly(16, 2));
  CHECK(2 * lines_of_assembly(8, 16) <= 5 * lines_of_assembly(8, 8));
}

/* ---- strides that are known at the call ---- */

static char *assembly_of_strided(QlOp op) {
  Jit *jit = open_jit(false);
  JitFn *fn = jit_fn_new(1, NULL);
  jit_fn_array(fn, QL_F64, JIT_READ, (JitStride[]){JIT_STRIDE_ANY});
  jit_fn_array(fn, QL_F64, JIT_WRITE, (JitStride[]){JIT_STRIDE_UNIT});
  jit_store(fn, 1, jit_op(fn, op, 1, (JitRef[]){jit_load(fn, 0, NULL, no_source())}, no_source()),
            no_source());
  QlError error = {0};
  char *assembly = jit_assembly(jit, fn, &error);
  jit_fn_free(fn), jit_close(jit);
  return assembly;
}

/* What is dear is computed in vectors whatever the strides. */
static void strided_operands_are_gathered(void) {
  char *dear = assembly_of_strided(QL_OP_EXP);
  bool gathers = false;
#ifdef __x86_64__
  __builtin_cpu_init();
  gathers = __builtin_cpu_supports("avx512f");
#endif
  /* The indices of a gather are multiples of a stride that comes in a register. */
  CHECK(dear && (!gathers || (strstr(dear, "gatherqpd") && strstr(dear, "vpbroadcastq\t%r"))));
  free(dear);
}

/* ---- boxes ---- */

/* A box without points touches no memory, not even for a uniform load. */
static void empty_boxes(void) {
  Jit *jit = open_jit(false);
  JitFn *fn = jit_fn_new(2, NULL);
  JitStride zero[2] = {JIT_STRIDE_ZERO, JIT_STRIDE_ZERO}, any[2] = {JIT_STRIDE_ANY, JIT_STRIDE_ANY};
  jit_fn_array(fn, QL_F64, JIT_READ, zero), jit_fn_array(fn, QL_F64, JIT_WRITE, any);
  jit_store(fn, 1,
            jit_op(fn, QL_OP_SQRT, 1, (JitRef[]){jit_load(fn, 0, NULL, no_source())}, no_source()),
            no_source());
  QlError error = {0};
  JitEntry *entry = compile(jit, fn, &error);
  if (CHECK(entry)) {
    int64_t extents[3][2] = {{0, 5}, {5, 0}, {0, 0}}, origin[2] = {0, 0}, stride[4] = {0, 0, 8, 8};
    for (int k = 0; k < 3; k++)
      entry(&(JitCall){origin, extents[k], (char *[]){NULL, NULL}, stride, NULL});
    double in = 16, out = 0;
    entry(
        &(JitCall){origin, (int64_t[]){1, 1}, (char *[]){(char *)&in, (char *)&out}, stride, NULL});
    CHECK(out == 4);
  }
  jit_fn_free(fn);
  jit_close(jit);
}

/* a * b + c contracts under fastmath alone. */
static void fastmath_contracts(void) {
  double want = 1.0 + 0x1p-30, in[3] = {want, want, -1.0}, out[2];
  for (int fast = 0; fast < 2; fast++) {
    Jit *jit = open_jit(fast);
    JitFn *fn = jit_fn_new(0, NULL);
    JitRef value[3];
    for (int k = 0; k < 3; k++)
      value[k] = jit_load(fn, jit_fn_array(fn, QL_F64, JIT_READ, NULL), NULL, no_source());
    int result = jit_fn_array(fn, QL_F64, JIT_WRITE, NULL);
    JitRef product = jit_op(fn, QL_OP_MULTIPLY, 2, value, no_source());
    jit_store(fn, result, jit_op(fn, QL_OP_ADD, 2, (JitRef[]){product, value[2]}, no_source()),
              no_source());
    QlError error = {0};
    JitEntry *entry = compile(jit, fn, &error);
    if (CHECK(entry))
      entry(
          &(JitCall){NULL, NULL,
                     (char *[]){(char *)&in[0], (char *)&in[1], (char *)&in[2], (char *)&out[fast]},
                     NULL, NULL});
    jit_fn_free(fn);
    jit_close(jit);
  }
  CHECK(out[0] == 0x1p-29);
  CHECK(out[1] == 0x1p-29 + 0x1p-60 || out[1] == 0x1p-29); /* contracted where the processor can */
}

/* A contiguous loop over a library function calls its widest vector form, and no scalar one for the
 * tail where there are masks: the assembly says so. */
static void loops_are_vectorised(void) {
  enum { WIDTHS = 4 };
  static const QlDtype dtypes[] = {QL_F32, QL_F64};
  Jit *jit = open_jit(false);
  for (int d = 0; d < 2; d++) {
    const IrMath *math = ir_math(QL_OP_EXP, dtypes[d]);
    const char *widest = math->scalar;
    JitFn *fn = jit_fn_new(1, NULL);
    JitStride unit = JIT_STRIDE_UNIT;
    char scalar_call[96];
    QlError error = {0};
    for (int w = 0; w < WIDTHS; w++) widest = math->vector[w] ? math->vector[w] : widest;
    jit_fn_array(fn, dtypes[d], JIT_READ, &unit), jit_fn_array(fn, dtypes[d], JIT_WRITE, &unit);
    JitRef x = jit_load(fn, 0, NULL, no_source());
    jit_store(fn, 1, jit_op(fn, QL_OP_EXP, 1, &x, no_source()), no_source());
    char *text = jit_assembly(jit, fn, &error);
    snprintf(scalar_call, sizeof scalar_call, "%s@", math->scalar);
    CHECK(text && strstr(text, widest));
    CHECK(text && (!strstr(text, "_masked") || !strstr(text, scalar_call)));
    free(text);
    jit_fn_free(fn);
  }
  jit_close(jit);
}

CHECK_MAIN(CHECK_TEST(random_functions), CHECK_TEST(every_operation), CHECK_TEST(every_cast),
           CHECK_TEST(every_length), CHECK_TEST(library_functions_are_the_same_in_vectors),
           CHECK_TEST(constants_divide), CHECK_TEST(small_integers_divide),
           CHECK_TEST(every_reduction), CHECK_TEST(reductions_end_with_their_elements),
           CHECK_TEST(reductions_have_no_buffer), CHECK_TEST(many_operands),
           CHECK_TEST(code_grows_with_operations), CHECK_TEST(strided_operands_are_gathered),
           CHECK_TEST(empty_boxes), CHECK_TEST(fastmath_contracts),
           CHECK_TEST(loops_are_vectorised))
