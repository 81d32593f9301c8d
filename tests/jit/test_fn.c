/* Building functions: what comes out, what a mistake does, copies, blocks that go. */
#include "../check.h"
#include "ir.h"

#include <stdlib.h>

static const QlSource nowhere = {NULL, 0};

static QlSource line(int64_t at) { return (QlSource){"test_fn.c", at}; }

static void check_text(const JitFn *fn, const char *want) {
  char *text = jit_print(fn);
  CHECK_STR_EQ(text, want);
  free(text);
}

static void straight_line(void) {
  JitFn *fn = jit_fn_new(2, NULL);
  JitStride strides[2] = {JIT_STRIDE_ANY, JIT_STRIDE_UNIT},
            still[2] = {JIT_STRIDE_ZERO, JIT_STRIDE_ZERO};
  CHECK_INT_EQ(jit_fn_array(fn, QL_F32, JIT_READ, strides), 0);
  CHECK_INT_EQ(jit_fn_array(fn, QL_F32, JIT_READ, still), 1);
  CHECK_INT_EQ(jit_fn_array(fn, QL_BOOL, JIT_WRITE, strides), 2);
  CHECK_INT_EQ(jit_fn_param(fn, QL_F64), 0);
  JitRef shifted = jit_load(fn, 0, (int32_t[]){0, -1}, line(3)),
         uniform = jit_load(fn, 1, NULL, line(4));
  JitRef param = jit_cast(fn, jit_param(fn, 0, line(5)), QL_F32, line(5));
  CHECK_INT_EQ(jit_cast(fn, param, QL_F32, line(5)).id, param.id);
  JitRef sum = jit_op(fn, QL_OP_ADD, 2, (JitRef[]){uniform, param}, line(6));
  JitRef less = jit_op(fn, QL_OP_LESS, 2, (JitRef[]){shifted, sum}, line(7));
  jit_store(fn, 2, less, line(8));
  QlError error = {0};
  CHECK_INT_EQ(jit_verify(fn, &error), QL_OK);
  check_text(fn,
             "function rank 2\n"
             "array $0: f32 read (any, unit)\n"
             "array $1: f32 read (zero, zero)\n"
             "array $2: b8 write (any, unit)\n"
             "param ?0: f64\n"
             "@0\n"
             "  %1: f32[:,:] = load $0[0, -1] !3\n"
             "  %2: f32 = load $1[0, 0] !4\n"
             "  %3: f64 = param ?0 !5\n"
             "  %4: f32 = cast %3 !5\n"
             "  %5: f32 = add %2, %4 !6\n"
             "  %6: b8[:,:] = less %1, %5 !7\n"
             "  store $2, %6 !8\n"
             "  ret\n");
  jit_fn_free(fn);
}

/* A comparison of signed with unsigned integers is exact: what it becomes gives NumPy's answer for
 * every operator, in both orders, where float64 could not tell the two numbers apart. */
static void mixed_signs(void) {
  const int64_t with_sign[] = {INT64_MIN, -1, 0, 1, (1LL << 53) + 1, INT64_MAX};
  const uint64_t without[] = {0,         1,          1ULL << 53, (1ULL << 53) + 1,
                              INT64_MAX, 1ULL << 63, UINT64_MAX};
  for (int op = QL_OP_EQUAL; op <= QL_OP_GREATER_EQUAL; op++) {
    JitFn *fn = jit_fn_new(0, NULL);
    jit_fn_array(fn, QL_BOOL, JIT_WRITE, NULL), jit_fn_array(fn, QL_BOOL, JIT_WRITE, NULL);
    jit_fn_param(fn, QL_I64), jit_fn_param(fn, QL_U64);
    JitRef a = jit_param(fn, 0, nowhere), b = jit_param(fn, 1, nowhere);
    jit_store(fn, 0, jit_op(fn, (QlOp)op, 2, (JitRef[]){a, b}, nowhere), nowhere);
    jit_store(fn, 1, jit_op(fn, (QlOp)op, 2, (JitRef[]){b, a}, nowhere), nowhere);
    QlError error = {0};
    CHECK_INT_EQ(jit_verify(fn, &error), QL_OK);
    for (size_t i = 0; i < sizeof with_sign / sizeof *with_sign; i++)
      for (size_t k = 0; k < sizeof without / sizeof *without; k++) {
        bool got[2];
        QlValue params[2] = {{.i = with_sign[i]}, {.u = without[k]}};
        JitCall call = {.base = (char *[]){(char *)&got[0], (char *)&got[1]}, .param = params};
        CHECK_INT_EQ(jit_interpret(fn, &call, &error), QL_OK);
        __int128 x = with_sign[i], y = without[k];
        const bool want[] = {x == y, x != y, x<y, x <= y, x> y, x >= y},
                   swapped[] = {x == y, x != y, y<x, y <= x, y> x, y >= x};
        CHECK_INT_EQ(got[0], want[op - QL_OP_EQUAL]);
        CHECK_INT_EQ(got[1], swapped[op - QL_OP_EQUAL]);
      }
    jit_fn_free(fn);
  }
}

/* A loop whose phi is added after the instructions that use it. */
static void control_flow(void) {
  JitFn *fn = jit_fn_new(1, NULL);
  jit_fn_array(fn, QL_I64, JIT_WRITE, (JitStride[]){JIT_STRIDE_UNIT});
  JitRef zero = jit_const(fn, QL_I64, (QlValue){.i = 0}),
         ten = jit_const(fn, QL_I64, (QlValue){.i = 10}), at = jit_index(fn, 0, nowhere);
  JitBlock entry = {0}, head = jit_block_new(fn), body = jit_block_new(fn),
           done = jit_block_new(fn);
  jit_jump(fn, head);
  jit_block_open(fn, head);
  JitRef i = jit_phi(fn, QL_I64, 1), go = jit_op(fn, QL_OP_LESS, 2, (JitRef[]){i, ten}, nowhere),
         sum = jit_phi(fn, QL_I64, 1);
  jit_branch(fn, go, body, done);
  jit_block_open(fn, body);
  JitRef next = jit_op(fn, QL_OP_ADD, 2, (JitRef[]){i, at}, nowhere);
  jit_jump(fn, head);
  jit_phi_from(fn, i, entry, at), jit_phi_from(fn, i, body, next);
  jit_phi_from(fn, sum, entry, zero), jit_phi_from(fn, sum, body, i);
  jit_block_open(fn, done);
  jit_store(fn, 0, sum, nowhere);
  QlError error = {0};
  CHECK_INT_EQ(jit_verify(fn, &error), QL_OK);
  check_text(fn,
             "function rank 1\n"
             "array $0: i64 write (unit)\n"
             "@0\n"
             "  %1: i64 = const 0\n"
             "  %2: i64 = const 10\n"
             "  %3: i64[:] = index 0\n"
             "  jmp @1\n"
             "@1\n"
             "  %4: i64[:] = phi @0 %3, @2 %7\n"
             "  %5: i64[:] = phi @0 %1, @2 %4\n"
             "  %6: b8[:] = less %4, %2\n"
             "  jnz %6, @2, @3\n"
             "@2\n"
             "  %7: i64[:] = add %4, %3\n"
             "  jmp @1\n"
             "@3\n"
             "  store $0, %5\n"
             "  ret\n");
  jit_fn_free(fn);
}

/* ---- mistakes ---- */

/* The first mistake is what verification says, with its source; what follows gives no value and
 * adds nothing. */
static void first_mistake_stays(void) {
  JitFn *fn = jit_fn_new(0, NULL);
  JitRef truth = jit_const(fn, QL_BOOL, (QlValue){.b = true});
  CHECK_INT_EQ(jit_op(fn, QL_OP_SUBTRACT, 2, (JitRef[]){truth, truth}, line(42)).id, 0);
  CHECK_INT_EQ(jit_param(fn, 3, line(43)).id, 0);
  CHECK_INT_EQ(jit_const(fn, QL_BOOL, (QlValue){.b = true}).id, 0);
  QlError error = {0};
  CHECK_INT_EQ(jit_verify(fn, &error), QL_ERR_CAST);
  CHECK_STR_EQ(error.text, "subtract has no loop for bool");
  CHECK_INT_EQ(error.source.at, 42);
  jit_fn_free(fn);
}

typedef void Mistake(JitFn *fn, JitRef number);
static void unknown_operand(JitFn *fn, JitRef number) { jit_store(fn, 7, number, nowhere); }
static void unknown_load(JitFn *fn, JitRef number) { (void)number, jit_load(fn, 7, NULL, nowhere); }
static void unknown_param(JitFn *fn, JitRef number) { (void)number, jit_param(fn, 7, nowhere); }
static void unknown_axis(JitFn *fn, JitRef number) { (void)number, jit_index(fn, 1, nowhere); }
static void unknown_reduction_axis(JitFn *fn, JitRef number) {
  jit_reduce(fn, QL_REDUCE_SUM, JIT_WHOLE, 1, number, nowhere);
}
static void two_dtypes(JitFn *fn, JitRef number) {
  jit_op(fn, QL_OP_ADD, 2, (JitRef[]){jit_cast(fn, number, QL_F32, nowhere), number}, nowhere);
}
static void choice_by_number(JitFn *fn, JitRef number) {
  jit_op(fn, QL_OP_SELECT, 3, (JitRef[]){number, number, number}, nowhere);
}
static void store_of_another(JitFn *fn, JitRef number) {
  jit_store(fn, 0, jit_cast(fn, number, QL_F32, nowhere), nowhere);
}
static void no_value(JitFn *fn, JitRef number) {
  (void)number, jit_store(fn, 0, (JitRef){0}, nowhere);
}
static void no_argument(JitFn *fn, JitRef number) {
  jit_op(fn, QL_OP_ADD, 2, (JitRef[]){number, {0}}, nowhere);
}
static void one_argument(JitFn *fn, JitRef number) { jit_op(fn, QL_OP_ADD, 1, &number, nowhere); }
static void cast_of_nothing(JitFn *fn, JitRef number) {
  (void)number, jit_cast(fn, (JitRef){0}, QL_F32, nowhere);
}
static void after_the_end(JitFn *fn, JitRef number) {
  jit_jump(fn, jit_block_new(fn));
  jit_store(fn, 0, number, nowhere);
}
static void ended_block(JitFn *fn, JitRef number) {
  (void)number;
  jit_jump(fn, jit_block_new(fn));
  jit_block_open(fn, (JitBlock){0});
}
static void branch_on_number(JitFn *fn, JitRef number) {
  jit_branch(fn, number, jit_block_new(fn), jit_block_new(fn));
}
static void jump_nowhere(JitFn *fn, JitRef number) { (void)number, jit_jump(fn, (JitBlock){9}); }
static void phi_of_no_phi(JitFn *fn, JitRef number) {
  jit_phi_from(fn, number, (JitBlock){0}, number);
}

static void mistakes_are_told(void) {
  static Mistake *const mistakes[] = {
      unknown_operand,  unknown_load,     unknown_param, unknown_axis,    unknown_reduction_axis,
      no_value,         no_argument,      one_argument,  cast_of_nothing, after_the_end,
      ended_block,      branch_on_number, jump_nowhere,  phi_of_no_phi,   two_dtypes,
      choice_by_number, store_of_another};
  for (size_t m = 0; m < sizeof mistakes / sizeof mistakes[0]; m++) {
    JitFn *fn = jit_fn_new(1, NULL);
    jit_fn_array(fn, QL_F64, JIT_WRITE, (JitStride[]){JIT_STRIDE_UNIT});
    mistakes[m](fn, jit_const(fn, QL_F64, (QlValue){.d = 1}));
    QlError error = {0};
    CHECK(fn->bad.status != QL_OK); /* known without verification, which release builds leave out */
    if (!CHECK(jit_verify(fn, &error) != QL_OK && error.text[0]))
      fprintf(stderr, "mistake %zu\n", m);
    jit_fn_free(fn);
  }
  JitFn *fn = jit_fn_new(QL_MAX_DIMS + 1, NULL);
  QlError error = {0};
  CHECK_INT_EQ(jit_verify(fn, &error), QL_ERR_VALUE);
  jit_fn_free(fn);
}

/* A block that was left open is an error, unless it is the last one. */
static void forgotten_end(void) {
  JitFn *fn = jit_fn_new(0, NULL);
  JitBlock other = jit_block_new(fn);
  jit_block_open(fn, other);
  QlError error = {0};
  CHECK_INT_EQ(jit_verify(fn, &error), QL_ERR_COMPILE);
  CHECK_STR_EQ(error.text, "block @0 has no end");
  jit_fn_free(fn);
}

/* ---- changing ---- */

static void copies_are_apart(void) {
  JitFn *fn = jit_fn_new(0, NULL);
  jit_fn_array(fn, QL_F64, JIT_WRITE, NULL);
  JitRef two = jit_const(fn, QL_F64, (QlValue){.d = 2});
  jit_store(fn, 0, jit_op(fn, QL_OP_SQUARE, 1, &two, nowhere), nowhere);
  JitFn *copy = jit_fn_copy(fn);
  char *before = jit_print(fn);
  QlError error = {0};
  CHECK_INT_EQ(jit_optimise(copy, &error), QL_OK);
  check_text(fn, before);
  check_text(copy,
             "function rank 0\narray $0: f64 write ()\n@0\n  %1: f64 = const 4.0\n  store $0, %1\n "
             " ret\n");
  free(before);
  jit_fn_free(fn), jit_fn_free(copy);
}

/* An open last block is still the last one after another is removed. */
static void pruning_keeps_the_open_block(void) {
  JitFn *fn = jit_fn_new(0, NULL);
  jit_fn_array(fn, QL_F64, JIT_WRITE, NULL);
  JitBlock dead = jit_block_new(fn), last = jit_block_new(fn);
  jit_jump(fn, last);
  jit_block_open(fn, dead);
  jit_jump(fn, last);
  jit_block_open(fn, last);
  CHECK(ir_prune(fn));
  jit_store(fn, 0, jit_const(fn, QL_F64, (QlValue){.d = 1}), nowhere);
  check_text(fn,
             "function rank 0\narray $0: f64 write ()\n@0\n  jmp @1\n@1\n  %1: f64 = const 1.0\n  "
             "store $0, %1\n  ret\n");
  QlError error = {0};
  CHECK_INT_EQ(jit_verify(fn, &error), QL_OK);
  jit_fn_free(fn);
}

static void branch_to_one_block_is_a_jump(void) {
  JitFn *fn = jit_fn_new(0, NULL);
  JitBlock next = jit_block_new(fn);
  jit_branch(fn, jit_const(fn, QL_BOOL, (QlValue){.b = true}), next, next);
  jit_block_open(fn, next);
  check_text(fn, "function rank 0\n@0\n  %1: b8 = const true\n  jmp @1\n@1\n  ret\n");
  jit_fn_free(fn);
}

static void passes_have_names(void) {
  CHECK(jit_pass_named("fold") == jit_fold && jit_pass_named("cse") == jit_cse &&
        jit_pass_named("licm") == jit_licm);
  CHECK(jit_pass_named("dce") == jit_dce && jit_pass_named("optimise") == jit_optimise &&
        !jit_pass_named("unroll"));
}

CHECK_MAIN(CHECK_TEST(straight_line), CHECK_TEST(mixed_signs), CHECK_TEST(control_flow),
           CHECK_TEST(first_mistake_stays), CHECK_TEST(mistakes_are_told),
           CHECK_TEST(forgotten_end), CHECK_TEST(copies_are_apart),
           CHECK_TEST(pruning_keeps_the_open_block), CHECK_TEST(branch_to_one_block_is_a_jump),
           CHECK_TEST(passes_have_names))
