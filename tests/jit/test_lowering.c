/* Program text to a function: what is read, what it becomes, what is refused. What was lowered runs
 * twice, interpreted and compiled. */
#include "../check.h"
#include "ir.h"
#include "program/program.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { MOST = 16 };

static JitProgram *parsed(const char *text) {
  JitProgram *program = NULL;
  QlError error = {0};
  if (jit_program_parse(text, &program, &error) == QL_OK) return program;
  fprintf(stderr, "%s\n%s\n", text, error.text);
  abort();
}

static JitLowered lowered(const JitProgram *program, const char *types) {
  QlPool pool = {0};
  JitType type;
  JitLowered result;
  QlError error = {0};
  const char *end = jit_type_parse(types, &pool, &type);
  if (!end || *end) abort();
  CHECK_INT_EQ(
      jit_program_lower(program, type.count, type.items, &(JitLowerOptions){0}, &result, &error),
      QL_OK);
  ql_pool_free(&pool);
  return result;
}

/* Runs it both ways; the slots of the compiled one. */
static void run(const JitLowered *l, int count, const QlValue *arguments, QlValue *slots) {
  QlValue param[MOST], other[MOST];
  QlError error = {0};
  Jit *jit = NULL;
  JitKey key;
  const JitKernel *kernel = NULL;
  memset(slots, 0, MOST * sizeof *slots), memset(other, 0, sizeof other);
  slots[1].u = other[1].u = (uintptr_t)jit_stop_word();
  param[0].u = (uintptr_t)other, param[1].u = (uintptr_t)l->texts;
  for (int k = 0; k < count; k++) param[k + 2] = arguments[k];
  CHECK_INT_EQ(jit_interpret(l->fn, &(JitCall){.param = param}, &error), QL_OK);
  CHECK_INT_EQ(jit_open(&(JitOptions){.verify = true}, &jit, &error), QL_OK);
  JitFn *fn = jit_fn_copy(l->fn);
  CHECK_INT_EQ(jit_key(jit, fn, &key, &error), QL_OK);
  if (CHECK_INT_EQ(jit_compile(jit, fn, key, &kernel, &error), QL_OK)) {
    param[0].u = (uintptr_t)slots;
    jit_entry(kernel)(&(JitCall){.param = param});
    for (int k = JIT_SLOTS_BEFORE; k < MOST; k++) CHECK_INT_EQ(slots[k].i, other[k].i);
    CHECK_INT_EQ(slots[0].i, other[0].i);
  } else {
    fprintf(stderr, "%s\n", error.text);
  }
  jit_fn_free(fn);
  jit_close(jit);
}

static void check_type(const JitType *type, const char *want) {
  char text[128];
  jit_type_print(type, text, sizeof text);
  CHECK_STR_EQ(text, want);
}

/* ---- types ---- */

static void types_are_read_and_written(void) {
  static const char *const texts[] = {"none",
                                      "bool",
                                      "int",
                                      "float",
                                      "complex",
                                      "f32",
                                      "c128",
                                      "f64[:]",
                                      "f64[:,::1]",
                                      "const u8[:,:,:]",
                                      "(int,)",
                                      "(f64, (int, b8[:]), none)",
                                      "()",
                                      "ours f64[:]",
                                      "list i64[::1]",
                                      "slice(int, int, none)",
                                      "named3 x y(f64, int)"};
  for (size_t k = 0; k < sizeof texts / sizeof *texts; k++) {
    QlPool pool = {0};
    JitType type;
    const char *end = jit_type_parse(texts[k], &pool, &type);
    if (CHECK(end && !*end)) check_type(&type, texts[k]);
    ql_pool_free(&pool);
  }
  static const char *const wrong[] = {"",      "f65",     "f64[",  "f64[:",    "f64[:;:]", "(int",
                                      "(int;", "integer", "slice", "named3 x", "named"};
  for (size_t k = 0; k < sizeof wrong / sizeof *wrong; k++) {
    QlPool pool = {0};
    JitType type;
    const char *end = jit_type_parse(wrong[k], &pool, &type);
    CHECK(!end || *end);
    ql_pool_free(&pool);
  }
}

/* ---- texts ---- */

static const char sum[] =
    "(program \"0\" (function@1:0 \"total\" (argument \"x\") (block"
    " (assign@2:4 (name \"s\") (float \"0x0p+0\"))"
    " (for@3:4 (name \"i\") (call (ref \"range\") (call (ref \"len\") (name \"x\")))"
    "  (block (augment@4:8 \"add\" (name \"s\") (index (name \"x\") (name \"i\")))))"
    " (return@5:4 (name \"s\")))))";

static void a_text_that_ends_early_is_an_error(void) {
  char text[sizeof sum];
  for (size_t size = 0; size + 1 < sizeof sum; size++) {
    memcpy(text, sum, size);
    text[size] = 0;
    JitProgram *program = NULL;
    QlError error = {0};
    CHECK_INT_EQ(jit_program_parse(text, &program, &error), QL_ERR_COMPILE);
    CHECK(program == NULL && error.text[0]);
  }
}

static bool same_key(const char *a, const char *b) {
  JitProgram *one = parsed(a), *other = parsed(b);
  JitKey x = jit_program_key(one), y = jit_program_key(other);
  jit_program_free(one), jit_program_free(other);
  return x.word[0] == y.word[0] && x.word[1] == y.word[1];
}

static void keys_do_not_depend_on_places(void) {
  CHECK(same_key("(program 0 (function@1:0 f (block (return@2:0 (int 1)))))",
                 "(program \"0\" (function@7:3 \"f\" (block (return (int@9:9 \"1\")))))"));
  CHECK(!same_key("(program 0 (function f (block (return (int 1)))))",
                  "(program 0 (function f (block (return (int 2)))))"));
  CHECK(!same_key("(program 0 (function f (block (return (tuple (int 1) (int 2))))))",
                  "(program 0 (function f (block (return (tuple (int 12))))))"));
}

/* ---- functions ---- */

static void a_sum_of_float32_is_float32(void) {
  JitProgram *program = parsed(sum);
  JitLowered l = lowered(program, "(f32[::1],)");
  float x[5] = {1, 2, 3, 4, 0.5f};
  QlValue slots[MOST], arguments[4] = {{.i = 1}, {.u = (uintptr_t)x}, {.i = 5}, {.i = 4}};
  check_type(&l.result, "f32");
  if (CHECK(l.fn != NULL)) run(&l, 4, arguments, slots);
  CHECK_INT_EQ(slots[0].i, 0);
  CHECK(slots[JIT_SLOTS_BEFORE].f == 10.5f);
  jit_lowered_free(&l);
  jit_program_free(program);
}

static void fibonacci_calls_itself(void) {
  JitProgram *program = parsed(
      "(program 0 (function fib (argument n) (block"
      " (if (compare (name n) (text lt) (int 2)) (block (return (name n))))"
      " (return (binary add (call (use 0) (binary sub (name n) (int 1))) (call (use 0) (binary sub "
      "(name n) (int 2))))))))");
  JitLowered l = lowered(program, "(int,)");
  QlValue slots[MOST], argument = {.i = 20};
  check_type(&l.result, "int");
  if (CHECK(l.fn != NULL)) run(&l, 1, &argument, slots);
  CHECK_INT_EQ(slots[JIT_SLOTS_BEFORE].i, 6765);
  jit_lowered_free(&l);
  jit_program_free(program);
}

static void what_is_raised_has_its_place(void) {
  JitProgram *program = parsed(
      "(program 0 (function f (argument a) (argument b) (block (return@7:3 (binary@7:10 mod (name "
      "a) (name b))))))");
  JitLowered l = lowered(program, "(int, int)");
  QlValue slots[MOST], arguments[2] = {{.i = 3}, {.i = 0}};
  if (CHECK(l.fn != NULL)) run(&l, 2, arguments, slots);
  if (CHECK_INT_EQ(slots[0].i, 1) && CHECK_INT_EQ(l.raise_count, 1)) {
    CHECK_STR_EQ(l.raises[0].exception, "ZeroDivisionError");
    CHECK_INT_EQ(l.raises[0].place.line, 7);
    CHECK_INT_EQ(l.raises[0].place.column, 10);
  }
  arguments[1].i = -2;
  run(&l, 2, arguments, slots);
  CHECK_INT_EQ(slots[0].i, 0);
  CHECK_INT_EQ(slots[JIT_SLOTS_BEFORE].i, -1);
  jit_lowered_free(&l);
  jit_program_free(program);
}

/* t = np.empty(2); t[0] = x; t[1] = t[0] + t[0]; return t[1], or t itself. */
static const char small[] =
    "(program 0 (function f (argument x) (block"
    " (assign (name t) (call (ref numpy.empty) (int 2)))"
    " (assign (index (name t) (int 0)) (name x))"
    " (assign (index (name t) (int 1)) (binary add (index (name t) (int 0)) (index (name t) (int "
    "0))))"
    " (return %s))))";

static void small_arrays_are_private(void) {
  char text[sizeof small + 64];
  QlValue slots[MOST], argument = {.d = 2.5};
  snprintf(text, sizeof text, small, "(index (name t) (int 1))");
  JitProgram *program = parsed(text);
  JitLowered l = lowered(program, "(float,)");
  if (CHECK(l.fn != NULL)) {
    char *printed = jit_print(l.fn);
    CHECK(strstr(printed, "stack 16") && !strstr(printed, "host allocate"));
    free(printed);
    run(&l, 1, &argument, slots);
    CHECK(slots[JIT_SLOTS_BEFORE].d == 5);
  }
  jit_lowered_free(&l);
  jit_program_free(program);
}

static void what_is_returned_is_not_private(void) {
  char text[sizeof small + 64];
  snprintf(text, sizeof text, small, "(name t)");
  JitProgram *program = parsed(text);
  JitLowered l = lowered(program, "(float,)");
  check_type(&l.result, "f64[::1]");
  if (CHECK(l.fn != NULL)) {
    char *printed = jit_print(l.fn);
    CHECK(!strstr(printed, "stack") && strstr(printed, "host allocate"));
    free(printed);
  }
  jit_lowered_free(&l);
  jit_program_free(program);
}

/* ---- nests ---- */

/* What indices before the iteration's own are is seen, so that none is asked whether it counts from
 * the end: elements are read side by side, also where a condition makes the nest begin elsewhere.
 */
static void check_vectors(const char *value, int cost) {
  char text[1024];
  snprintf(text, sizeof text,
           "(program 0 (function f (argument x) (argument y) (argument n) (block"
           " (for (name i) (call (ref range) (int 1) (name n)) (block"
           " (assign (index (name y) (name i)) %s))))))",
           value);
  JitProgram *program = parsed(text);
  JitLowered l = lowered(program, "(ranks f64[:], ranks f64[:], int)");
  QlError error = {0};
  Jit *jit = NULL;
  if (CHECK_INT_EQ(l.nest_count, 1) &&
      CHECK_INT_EQ(jit_open(&(JitOptions){.verify = true}, &jit, &error), QL_OK)) {
    const JitNest *nest = &l.nests[0];
    JitCost counted = {0};
    CHECK_INT_EQ(jit_fn_cost(nest->fn, nest->ndim, &counted, &error), QL_OK);
    CHECK_INT_EQ(counted.additions, cost);
    CHECK_INT_EQ(counted.uneven, false);
    JitFn *fn = jit_fn_copy(nest->fn);
    for (int k = 0; k < nest->param_count; k++) /* rows without gaps, as in plans */
      if (nest->params[k].kind == JIT_NEST_STRIDE)
        jit_fn_fix(fn, 2 * nest->ndim + k, (QlValue){.i = 8});
    char *made = jit_llvm(jit, fn, &error);
    CHECK(made && strstr(made, " x double>, ptr"));
    free(made);
    jit_fn_free(fn);
    jit_close(jit);
  }
  jit_lowered_free(&l);
  jit_program_free(program);
}

#define BEFORE "(index (name x) (binary sub (name i) (int 1)))"
#define BEHIND "(index (name x) (binary add (name i) (int 1)))"
#define FAR "(index (name x) (binary sub (binary add (name i) (int 3)) (int 1)))"

static void nests_become_vectors(void) {
  check_vectors("(binary add " BEFORE " " BEHIND ")", 4);
  check_vectors("(binary add " BEFORE " " FAR ")", 4);
  check_vectors("(ifexp (compare " BEFORE " (text gt) " BEHIND ") " BEHIND " (float 0x1p-1))", 5);
}

/* Do all iterations cost the same? By the loop inside, in a block. */
static void check_evenness(const char *inside, bool uneven) {
  char text[2048];
  snprintf(text, sizeof text,
           "(program 0 (function f (argument x) (argument y) (argument n) (block"
           " (for (name i) (call (ref range) (int 0) (name n)) (block"
           " (assign (name s) (float 0x0p+0)) %s"
           " (assign (index (name y) (name i)) (name s)))))))",
           inside);
  JitProgram *program = parsed(text);
  JitLowered l = lowered(program, "(ranks f64[:], ranks f64[:], int)");
  JitCost cost = {0};
  QlError error = {0};
  if (CHECK_INT_EQ(l.nest_count, 1))
    CHECK_INT_EQ(jit_fn_cost(l.nests[0].fn, l.nests[0].ndim, &cost, &error), QL_OK);
  if (!CHECK_INT_EQ(cost.uneven, uneven)) puts(inside);
  jit_lowered_free(&l);
  jit_program_free(program);
}

#define ADD "(assign (name s) (binary add (name s) (index (name x) (name j))))"
#define OVER(from, to, body) "(for (name j) (call (ref range) " from " " to ") (block " body "))"
#define LESS(a, b) "(compare " a " (text lt) " b ")"
#define NEAR(sign) "(binary " sign " (name i) (int 3))"

static void uneven_iterations_are_known(void) {
  check_evenness("", false);
  check_evenness(OVER("(int 0)", "(int 9)", ADD), false);
  check_evenness(OVER("(int 0)", "(name n)", ADD), false);
  check_evenness(OVER(NEAR("sub"), NEAR("add"), ADD), false);
  check_evenness(OVER("(call (ref max) " NEAR("sub") " (int 0))",
                      "(call (ref min) " NEAR("add") " (name n))", ADD),
                 false);
  check_evenness(
      OVER("(int 0)", "(name n)", "(if " LESS("(name s)", "(int 4)") " (block " ADD ") (block))"),
      false);
  check_evenness(OVER("(int 0)", "(name i)", ADD), true);
  check_evenness(OVER("(name i)", "(name n)", ADD), true);
  check_evenness(OVER("(int 0)", "(binary mul (name i) (int 2))", ADD), true);
  check_evenness(OVER("(int 0)", "(call (ref int) (index (name x) (name i)))", ADD), true);
  check_evenness(OVER("(int 0)", "(name n)",
                      ADD "(if " LESS("(int 4)", "(name s)") " (block (break)) (block))"),
                 true);
  check_evenness(
      "(if " LESS("(name i)", "(int 7)") " (block " OVER("(int 0)", "(name n)", ADD) ") (block))",
      true);
  check_evenness("(while " LESS("(name s)", "(int 4)") " (block (assign (name s)"
                 " (binary add (binary mul (name s) (name s)) (index (name x) (name i))))) (block))",
                 true);
}

/* A process with one thread gains by nests where they are steps of a loop alone. */
static void steps_are_told_from_single_loops(void) {
  static const char loop[] =
      "(for (name i) (call (ref range) (int 1) (name n)) (block"
      " (assign (index (name y) (name i)) (index (name x) (name i)))))";
  for (int steps = 0; steps < 2; steps++) {
    char text[1024];
    snprintf(text, sizeof text,
             "(program 0 (function f (argument x) (argument y) (argument n) (block %s%s%s)))",
             steps ? "(for (name k) (call (ref range) (name n)) (block " : "", loop,
             steps ? "))" : "");
    JitProgram *program = parsed(text);
    QlPool pool = {0};
    JitType type;
    JitLowered l;
    QlError error = {0};
    CHECK(jit_type_parse("(ranks f64[:], ranks f64[:], int)", &pool, &type));
    CHECK_INT_EQ(jit_program_lower(program, type.count, type.items,
                                   &(JitLowerOptions){.alone = true, .single = true}, &l, &error),
                 QL_OK);
    CHECK_INT_EQ(l.fn != NULL, steps);
    CHECK_INT_EQ(l.refusal_count, !steps);
    ql_pool_free(&pool);
    jit_lowered_free(&l);
    jit_program_free(program);
  }
}

/* ---- refusals ---- */

static void all_refusals_are_told(void) {
  JitProgram *program = parsed(
      "(program 0 (function f (argument a) (block"
      " (expr@2:0 (refuse \"QJ110\" (text \"try is not in the language\") (text \"check\")))"
      " (assign@3:0 (name x) (index@3:4 (name a) (int 0)))"
      " (expr@4:0 (call@4:0 (ref \"numpy.nothing\") (name a)))"
      " (return@5:0 (name@5:7 y)))))");
  JitLowered l = lowered(program, "(int,)");
  static const char *const codes[] = {"QJ110", "QJ358", "QJ377", "QJ201"};
  CHECK(l.fn == NULL);
  if (CHECK_INT_EQ(l.refusal_count, 4))
    for (int k = 0; k < 4; k++) {
      CHECK_STR_EQ(l.refusals[k].code, codes[k]);
      CHECK_INT_EQ(l.refusals[k].place.line, k + 2);
      CHECK(l.refusals[k].text[0] && l.refusals[k].advice[0]);
    }
  jit_lowered_free(&l);
  jit_program_free(program);
}

static void another_number_of_arguments_is_refused(void) {
  JitProgram *program = parsed(sum);
  JitLowered l = lowered(program, "(int, int)");
  CHECK(l.fn == NULL);
  if (CHECK_INT_EQ(l.refusal_count, 1)) CHECK_STR_EQ(l.refusals[0].code, "QJ320");
  jit_lowered_free(&l);
  jit_program_free(program);
}

CHECK_MAIN(CHECK_TEST(types_are_read_and_written), CHECK_TEST(a_text_that_ends_early_is_an_error),
           CHECK_TEST(keys_do_not_depend_on_places), CHECK_TEST(a_sum_of_float32_is_float32),
           CHECK_TEST(fibonacci_calls_itself), CHECK_TEST(what_is_raised_has_its_place),
           CHECK_TEST(small_arrays_are_private), CHECK_TEST(what_is_returned_is_not_private),
           CHECK_TEST(nests_become_vectors), CHECK_TEST(uneven_iterations_are_known),
           CHECK_TEST(steps_are_told_from_single_loops), CHECK_TEST(all_refusals_are_told),
           CHECK_TEST(another_number_of_arguments_is_refused))
