/* Random functions: the text form gives them back, passes keep them well-formed, and the
 * interpreter gives the same bits before and after every pass. */
#include "../check.h"
#include "generate.h"

#include <stdlib.h>

enum { FUNCTIONS = 800, FUNCTIONS_FOR_ALL = 3000 };

static const char *const pass_names[] = {"fold", "signs",  "cse",     "licm",
                                         "dce",  "strips", "optimise"};

static void report(uint64_t seed, const char *what, const JitFn *fn, const char *text) {
  char *printed = jit_print(fn);
  fprintf(stderr, "seed %llu, %s: %s\n%s", (unsigned long long)seed, what, text,
          printed ? printed : "");
  free(printed);
}

static void verifies(void) {
  for (uint64_t seed = 0; seed < FUNCTIONS; seed++) {
    JitFn *fn = generate_function(seed, NULL);
    QlError error = {0};
    if (!CHECK(fn && jit_verify(fn, &error) == QL_OK)) report(seed, "generated", fn, error.text);
    jit_fn_free(fn);
  }
}

static void text_comes_back(void) {
  for (uint64_t seed = 0; seed < FUNCTIONS; seed++) {
    JitFn *fn = generate_function(seed, NULL), *again = NULL;
    QlError error = {0};
    char *text = jit_print(fn);
    if (CHECK(jit_parse(text, &again, &error) == QL_OK)) {
      char *text_again = jit_print(again);
      CHECK_STR_EQ(text_again, text);
      CHECK_INT_EQ(jit_verify(again, &error), QL_OK);
      free(text_again);
    } else {
      report(seed, "parsed", fn, error.text);
    }
    free(text);
    jit_fn_free(fn), jit_fn_free(again);
  }
}

static bool runs(const JitFn *fn, GenerateCall *call, QlError *error) {
  return call && jit_interpret(fn, &call->call, error) == QL_OK;
}

/* Does `changed` do on equal memory what `want` holds? */
static bool agrees(const JitFn *changed, const GenerateCall *want, uint64_t seed, QlError *error) {
  GenerateCall *got = generate_call(changed, seed);
  bool same = runs(changed, got, error) &&
              generate_equal(changed, want, got, error->text, sizeof error->text);
  generate_call_free(got);
  return same;
}

static void passes_keep_bits(void) {
  for (uint64_t seed = 0; seed < FUNCTIONS; seed++) {
    JitFn *fn = generate_function(seed, NULL);
    GenerateCall *want = generate_call(fn, seed);
    QlError error = {0};
    if (!CHECK(runs(fn, want, &error))) report(seed, "interpreted", fn, error.text);
    for (size_t p = 0; p < sizeof pass_names / sizeof pass_names[0]; p++) {
      JitFn *changed = jit_fn_copy(fn);
      error = (QlError){0};
      bool good = jit_pass_named(pass_names[p])(changed, &error) == QL_OK &&
                  jit_verify(changed, &error) == QL_OK && agrees(changed, want, seed, &error);
      if (!CHECK(good)) report(seed, pass_names[p], changed, error.text);
      jit_fn_free(changed);
    }
    generate_call_free(want);
    jit_fn_free(fn);
  }
}

/* What a pass does, doing it twice does not change. */
static void passes_settle(void) {
  for (uint64_t seed = 0; seed < FUNCTIONS; seed++) {
    for (size_t p = 0; p < 4; p++) {
      JitFn *fn = generate_function(seed, NULL);
      QlError error = {0};
      CHECK(jit_pass_named(pass_names[p])(fn, &error) == QL_OK);
      char *once = jit_print(fn);
      CHECK(jit_pass_named(pass_names[p])(fn, &error) == QL_OK);
      char *twice = jit_print(fn);
      CHECK_STR_EQ(twice, once);
      free(once), free(twice);
      jit_fn_free(fn);
    }
  }
}

/* The generator covers what it promises: every operation with every dtype, every kind of
 * instruction, every reduction.
 */
static void everything_occurs(void) {
  bool seen[QL_OP_COUNT][QL_DTYPE_COUNT] = {{false}}, reduced[IR_REDUCTIONS][IR_FORMS] = {{false}},
       kinds[IR_KINDS] = {false};
  for (uint64_t seed = 0; seed < FUNCTIONS_FOR_ALL; seed++) {
    JitFn *fn = generate_function(seed, NULL);
    for (uint32_t i = 1; i < fn->ins_count; i++) {
      const IrIns *ins = &fn->ins[i];
      kinds[ins->kind] = true;
      if (ins->kind == IR_OP)
        seen[ins->op][fn->ins[ins->args[ql_op_info[ins->op].arity - 1]].dtype] = true;
      if (ins->kind == IR_REDUCE) reduced[ins->op][ins->form] = true;
    }
    jit_fn_free(fn);
  }
  for (int op = 0; op < QL_OP_COUNT; op++)
    for (int dtype = 0; dtype < QL_DTYPE_COUNT; dtype++)
      if (!CHECK_INT_EQ(seen[op][dtype], ir_has_loop((QlOp)op, (QlDtype)dtype)))
        fprintf(stderr, "%s of %s\n", ql_op_info[op].name, ql_dtype_info[dtype].name);
  for (int kind = IR_CONST; kind < IR_KINDS; kind++) CHECK(kinds[kind]);
  for (int reduction = 0; reduction < IR_REDUCTIONS; reduction++)
    for (int form = 0; form < IR_FORMS; form++) CHECK(reduced[reduction][form]);
}

CHECK_MAIN(CHECK_TEST(verifies), CHECK_TEST(text_comes_back), CHECK_TEST(passes_keep_bits),
           CHECK_TEST(passes_settle), CHECK_TEST(everything_occurs))
