/* Functions of rank 0: memory by address, calls of the host. Each runs twice, interpreted and
 * compiled, on equal memory. */
#include "../check.h"
#include "generate.h"
#include "parsed.h"
#include "random.h"

#include <math.h>
#include <stdlib.h>

/* ---- running ---- */

enum { MOST_MEMORY = 4096, MOST_PARAMS = 8, MOST_OUTPUT = 512 };

/* A run: params, of which the first is the address of the memory, and what is left behind. */
typedef struct Run {
  QlValue param[MOST_PARAMS];
  _Alignas(64) char memory[MOST_MEMORY];
  char output[MOST_OUTPUT];
} Run;

static char *output; /* of the run at hand */

static void take_output(const char *text, size_t size) { strncat(output, text, size); }

static Jit *open_jit(void) {
  Jit *jit = NULL;
  QlError error = {0};
  if (!CHECK_INT_EQ(jit_open(&(JitOptions){.verify = true}, &jit, &error), QL_OK)) abort();
  return jit;
}

static JitEntry *compiled(Jit *jit, const JitFn *fn) {
  JitFn *copy = jit_fn_copy(fn);
  QlError error = {0};
  JitKey key;
  const JitKernel *kernel = NULL;
  if (!CHECK(copy && jit_key(jit, copy, &key, &error) == QL_OK &&
             jit_compile(jit, copy, key, &kernel, &error) == QL_OK)) {
    fprintf(stderr, "%s\n", error.text);
    abort();
  }
  jit_fn_free(copy);
  return jit_entry(kernel);
}

/* Runs both ways from `run`, which becomes what came out; checks that both are alike. */
static void run_both(const char *text, Run *run) {
  Jit *jit = open_jit();
  JitFn *fn = parsed(text);
  JitEntry *entry = compiled(jit, fn);
  Run other = *run;
  QlError error = {0};
  jit_set_output(take_output);
  output = run->output;
  run->param[0].i = (int64_t)(uintptr_t)run->memory;
  JitCall call = {.param = run->param};
  if (!CHECK_INT_EQ(jit_interpret(fn, &call, &error), QL_OK)) fprintf(stderr, "%s\n", error.text);
  output = other.output;
  other.param[0].i = (int64_t)(uintptr_t)other.memory;
  call.param = other.param;
  entry(&call);
  jit_set_output(NULL);
  if (!CHECK(!memcmp(run->memory, other.memory, sizeof run->memory))) fprintf(stderr, "%s", text);
  CHECK_STR_EQ(other.output, run->output);
  jit_fn_free(fn);
  jit_close(jit);
}

/* ---- memory ---- */

/* Every dtype, copied from and to addresses that are multiples of nothing. */
static void all_dtypes(void) {
  for (int dtype = 0; dtype < QL_DTYPE_COUNT; dtype++) {
    char text[512];
    int size = ql_dtype_info[dtype].size;
    Random random = {(uint64_t)dtype};
    Run run = {0};
    snprintf(text, sizeof text,
             "function rank 0\nparam ?0: i64\n@0\n%%b: i64 = param ?0\n%%i: i64 = const 1\n"
             "%%o: i64 = const 101\n%%x: %s = load at %%b + %%i\nstore at %%b + %%o, %%x\nret\n",
             ql_dtype_info[dtype].ir);
    QlValue value = random_value(&random, (QlDtype)dtype);
    ir_write((QlDtype)dtype, run.memory + 1, value);
    run_both(text, &run);
    CHECK(!memcmp(run.memory + 101, run.memory + 1, (size_t)size));
    CHECK(!run.memory[100] && !run.memory[101 + size]);
  }
}

/* Of a bool any byte but 0 is true; it is written as 1. */
static void bools_are_bytes(void) {
  Run run = {.memory = {0, 1, 2, (char)0x80}};
  run_both(
      "function rank 0\nparam ?0: i64\n@0\n%b: i64 = param ?0\n%i: i64 = const 2\n%j: i64 = const "
      "3\n"
      "%x: b8 = load at %b + %i\n%y: b8 = load at %b + %j\nstore at %b + %i, %x\n"
      "store at %b + %j, %y\nret\n",
      &run);
  CHECK_INT_EQ(run.memory[2], 1);
  CHECK_INT_EQ(run.memory[3], 1);
}

/* A load sees what the store before it wrote, at whatever address. */
static void order_is_kept(void) {
  Run run = {0};
  run.memory[8] = 5;
  run.param[1].i = 8;
  run_both(
      "function rank 0\nparam ?0: i64\nparam ?1: i64\n@0\n%b: i64 = param ?0\n%i: i64 = param ?1\n"
      "%zero: i64 = const 0\n%eight: i64 = const 8\n%c: i64 = add %b, %i\n"
      "%x: i64 = load at %c + %zero\n%y: i64 = add %x, %eight\nstore at %b + %eight, %y\n"
      "%z: i64 = load at %c + %zero\n%s: i64 = add %x, %z\nstore at %b + %zero, %s\nret\n",
      &run);
  CHECK_INT_EQ(run.memory[8], 13);
  CHECK_INT_EQ(run.memory[0], 18);
}

/* y[i] = 2 * x[i + 1] + x[i], over memory that overlaps by `shift` elements. */
static void loops_may_overlap(void) {
  static const char text[] =
      "function rank 0\nparam ?0: i64\nparam ?1: i64\nparam ?2: i64\n@entry\n"
      "%b: i64 = param ?0\n%shift: i64 = param ?1\n%n: i64 = param ?2\n%zero: i64 = const 0\n"
      "%one: i64 = const 1\n%eight: i64 = const 8\n%two: f64 = const 2.0\n"
      "%mid: i64 = const 1024\n%x: i64 = add %b, %mid\n%y: i64 = add %x, %shift\njmp @head\n"
      "@head\n%i: i64 = phi @entry %zero, @body %more\n%go: b8 = less %i, %n\n"
      "jnz %go, @body, @done\n"
      "@body\n%o: i64 = multiply %i, %eight\n%o1: i64 = add %o, %eight\n"
      "%u: f64 = load at %x + %o\n%v: f64 = load at %x + %o1\n%w: f64 = multiply %two, %v\n"
      "%r: f64 = add %w, %u\nstore at %y + %o, %r\n%more: i64 = add %i, %one\njmp @head\n"
      "@done\nret\n";
  static const int64_t shifts[] = {0, 8, -8, 16, 64, -64, 3, -5, 1000};
  for (size_t s = 0; s < sizeof shifts / sizeof *shifts; s++) {
    Run run = {.param = {{0}, {.i = shifts[s]}, {.i = 100}}};
    for (int k = 0; k < MOST_MEMORY / 8; k++)
      memcpy(run.memory + 8 * k, &(double){k % 7 + 0.25}, sizeof(double));
    run_both(text, &run);
  }
}

/* ---- local functions ---- */

static const char fibonacci[] =
    "function rank 0\nparam ?0: i64\nparam ?1: i64\n@0\n%b: i64 = param ?0\n%n: i64 = param ?1\n"
    "%zero: i64 = const 0\n%f: i64 = call @@fib %n\nstore at %b + %zero, %f\nret\n"
    "local @@fib (i64) -> i64\n@0\n%n: i64 = param ?0\n%one: i64 = const 1\n%two: i64 = const 2\n"
    "%small: b8 = less %n, %two\njnz %small, @1, @2\n@1\nret %n\n"
    "@2\n%a: i64 = subtract %n, %one\n%c: i64 = subtract %n, %two\n%fa: i64 = call @@fib %a\n"
    "%fc: i64 = call @@fib %c\n%s: i64 = add %fa, %fc\nret %s\n";

static void calls_itself(void) {
  Run run = {.param = {{0}, {.i = 20}}};
  int64_t result;
  run_both(fibonacci, &run);
  memcpy(&result, run.memory, sizeof result);
  CHECK_INT_EQ(result, 6765);
}

/* even(n) = n == 0 or odd(n - 1), as deep as n: the interpreter does not use this stack. */
static void call_each_other(void) {
  Run run = {.param = {{0}, {.i = 50001}}};
  run_both(
      "function rank 0\nparam ?0: i64\nparam ?1: i64\n@0\n%b: i64 = param ?0\n%n: i64 = param ?1\n"
      "%zero: i64 = const 0\n%one: i64 = const 1\n%e: b8 = call @@even %n\n"
      "%o: b8 = call @@odd %n\nstore at %b + %zero, %e\nstore at %b + %one, %o\nret\n"
      "local @@even (i64) -> b8\n@0\n%n: i64 = param ?0\n%zero: i64 = const 0\n"
      "%done: b8 = equal %n, %zero\njnz %done, @1, @2\n@1\nret %done\n"
      "@2\n%one: i64 = const 1\n%m: i64 = subtract %n, %one\n%r: b8 = call @@odd %m\nret %r\n"
      "local @@odd (i64) -> b8\n@0\n%n: i64 = param ?0\n%zero: i64 = const 0\n"
      "%more: b8 = not_equal %n, %zero\njnz %more, @2, @1\n@1\nret %more\n"
      "@2\n%one: i64 = const 1\n%m: i64 = subtract %n, %one\n%r: b8 = call @@even %m\nret %r\n",
      &run);
  CHECK_INT_EQ(run.memory[0], 0);
  CHECK_INT_EQ(run.memory[1], 1);
}

/* Every dtype as argument and result, beside others. */
static void any_dtype_is_passed(void) {
  for (int dtype = 0; dtype < QL_DTYPE_COUNT; dtype++) {
    char text[1024];
    Random random = {(uint64_t)dtype};
    Run run = {0};
    const char *name = ql_dtype_info[dtype].ir;
    snprintf(text, sizeof text,
             "function rank 0\nparam ?0: i64\nparam ?1: %s\n@0\n%%b: i64 = param ?0\n"
             "%%x: %s = param ?1\n%%to: i64 = const 64\n%%z: i64 = const 0\n"
             "%%y: %s = load at %%b + %%z\n%%no: b8 = const false\n"
             "%%r: %s = call @@choose %%x, %%to, %%b, %%no, %%y\nstore at %%b + %%z, %%r\nret\n"
             "local @@choose (%s, i64, i64, b8, %s) -> %s\n@0\n%%x: %s = param ?0\n"
             "%%to: i64 = param ?1\n%%b: i64 = param ?2\n%%c: b8 = param ?3\n%%y: %s = param ?4\n"
             "store at %%b + %%to, %%y\n%%r: %s = where %%c, %%y, %%x\nret %%r\n",
             name, name, name, name, name, name, name, name, name, name);
    QlValue x = random_value(&random, (QlDtype)dtype), y = random_value(&random, (QlDtype)dtype);
    ir_write((QlDtype)dtype, run.memory, y);
    run.param[1] = x;
    run_both(text, &run);
    char want[16];
    size_t size = ql_dtype_info[dtype].size;
    ir_write((QlDtype)dtype, want, x);
    CHECK(!memcmp(run.memory, want, size));
    ir_write((QlDtype)dtype, want, y);
    CHECK(!memcmp(run.memory + 64, want, size));
  }
}

static void interpreted_depth_is_bounded(void) {
  JitFn *fn = parsed(
      "function rank 0\n@0\n%n: i64 = const 0\n%m: i64 = call @@f %n\nret\n"
      "local @@f (i64) -> i64\n@0\n%n: i64 = param ?0\n%m: i64 = call @@f %n\nret %m\n");
  QlError error = {0};
  CHECK_INT_EQ(jit_interpret(fn, &(JitCall){0}, &error), QL_ERR_VALUE);
  CHECK_STR_EQ(error.text, "more than 1000000 calls within each other");
  jit_fn_free(fn);
}

/* The same as `fibonacci`, built. */
static void locals_are_built(void) {
  QlSource source = {0};
  JitFn *fn = jit_fn_new(0, NULL);
  jit_fn_param(fn, QL_I64), jit_fn_param(fn, QL_I64);
  JitFn *fib = jit_fn_local(fn, "fib", QL_I64);
  jit_fn_param(fib, QL_I64);
  JitRef base = jit_param(fn, 0, source), n = jit_param(fn, 1, source),
         zero = jit_const(fn, QL_I64, (QlValue){.i = 0});
  jit_store_at(fn, base, zero, jit_call(fn, fib, 1, &n, source), source);
  jit_return(fn, (JitRef){0});
  n = jit_param(fib, 0, source);
  JitRef one = jit_const(fib, QL_I64, (QlValue){.i = 1}),
         two = jit_const(fib, QL_I64, (QlValue){.i = 2});
  JitBlock small = jit_block_new(fib), other = jit_block_new(fib);
  jit_branch(fib, jit_op(fib, QL_OP_LESS, 2, (JitRef[]){n, two}, source), small, other);
  jit_block_open(fib, small);
  jit_return(fib, n);
  jit_block_open(fib, other);
  JitRef a = jit_op(fib, QL_OP_SUBTRACT, 2, (JitRef[]){n, one}, source),
         c = jit_op(fib, QL_OP_SUBTRACT, 2, (JitRef[]){n, two}, source);
  JitRef parts[2] = {jit_call(fib, fib, 1, &a, source), jit_call(fib, fib, 1, &c, source)};
  jit_return(fib, jit_op(fib, QL_OP_ADD, 2, parts, source));
  JitFn *read = parsed(fibonacci);
  char *built_text = jit_print(fn), *read_text = jit_print(read);
  CHECK_STR_EQ(built_text, read_text);
  free(built_text), free(read_text);
  jit_fn_free(fn), jit_fn_free(read);
}

static const char *mistake(JitFn *fn) {
  static QlError error;
  error = (QlError){0};
  CHECK(jit_verify(fn, &error) != QL_OK);
  jit_fn_free(fn);
  return error.text;
}

static void mistakes_are_told(void) {
  QlSource source = {0};
  JitFn *fn = jit_fn_new(0, NULL), *f = jit_fn_local(fn, "f", QL_I64);
  JitRef x = jit_const(f, QL_F64, (QlValue){.d = 1});
  jit_return(f, x);
  CHECK_STR_EQ(mistake(fn), "a return without a value of the function's dtype");
  fn = jit_fn_new(0, NULL);
  jit_fn_local(fn, "f", QL_I64), jit_fn_local(fn, "f", QL_I64);
  CHECK_STR_EQ(mistake(fn), "two local functions of one name");
  fn = jit_fn_new(0, NULL);
  CHECK(jit_fn_local(fn, "a b", QL_I64) == fn);
  CHECK_STR_EQ(mistake(fn), "a local function without a proper name");
  fn = jit_fn_new(0, NULL), f = jit_fn_local(fn, "f", QL_I64);
  jit_fn_param(f, QL_I64);
  x = jit_const(fn, QL_F64, (QlValue){.d = 1});
  jit_call(fn, f, 1, &x, source);
  CHECK_STR_EQ(mistake(fn), "an argument of a call is not of the parameter's dtype");
  fn = jit_fn_new(0, NULL), f = jit_fn_local(fn, "f", QL_I64);
  jit_call(fn, fn, 0, NULL, source);
  CHECK_STR_EQ(mistake(fn), "a call of what is no local function");
  fn = jit_fn_new(0, NULL), f = jit_fn_local(fn, "f", QL_I64);
  jit_fn_array(f, QL_F64, JIT_READ, NULL);
  CHECK_STR_EQ(mistake(fn), "an operand of a local function");
  fn = jit_fn_new(0, NULL), f = jit_fn_local(fn, "f", QL_I64);
  CHECK_STR_EQ(mistake(fn), "block @0 has no end");
}

/* ---- the host ---- */

/* A block is written, read, given an owner more and two less. */
static void blocks_have_owners(void) {
  Run run = {0};
  run_both(
      "function rank 0\nparam ?0: i64\n@0\n%b: i64 = param ?0\n%n: i64 = const 100\n"
      "%zero: i64 = const 0\n%head: i64 = const 64\n%last: i64 = const 92\n"
      "%o: i64 = host allocate %n\n%d: i64 = add %o, %head\nstore at %d + %last, %n\n"
      "host retain %o\n%owners: i64 = load at %o + %zero\nhost release %o\n"
      "%x: i64 = load at %d + %last\n%low: i64 = bitwise_and %o, %n\n"
      "host release %o\nhost release %zero\nhost retain %n\nhost release %n\n"
      "store at %b + %zero, %x\nstore at %b + %head, %owners\n"
      "%minus: i64 = const -1\n%none: i64 = host allocate %minus\n"
      "%sixteen: i64 = const 16\nstore at %b + %sixteen, %none\nret\n",
      &run);
  CHECK_INT_EQ(run.memory[0], 100);
  CHECK_INT_EQ(run.memory[64], 2);
  CHECK_INT_EQ(run.memory[16], 0);
}

static void prints(const char *dtype, const char *constant, const char *function,
                   const char *want) {
  char text[512];
  Run run = {0};
  snprintf(text, sizeof text, "function rank 0\n@0\n%%x: %s = const %s\nhost print_%s %%x\nret\n",
           dtype, constant, function);
  run_both(text, &run);
  CHECK_STR_EQ(run.output, want);
}

/* As Python writes them. */
static void values_are_printed(void) {
  prints("b8", "true", "b8", "True");
  prints("b8", "false", "b8", "False");
  prints("i64", "-9223372036854775808", "i64", "-9223372036854775808");
  prints("u64", "18446744073709551615", "u64", "18446744073709551615");
  prints("f64", "0.1", "f64", "0.1");
  prints("f64", "1", "f64", "1.0");
  prints("f64", "-0.0", "f64", "-0.0");
  prints("f64", "1e15", "f64", "1000000000000000.0");
  prints("f64", "1e16", "f64", "1e+16");
  prints("f64", "123456789012345680", "f64", "1.2345678901234568e+17");
  prints("f64", "0.0001", "f64", "0.0001");
  prints("f64", "0.00001", "f64", "1e-05");
  prints("f64", "123.456", "f64", "123.456");
  prints("f64", "5e-324", "f64", "5e-324");
  prints("f64", "0x1p-44", "f64", "5.684341886080802e-14");
  prints("f64", "0x1p-1023", "f64", "1.1125369292536007e-308");
  prints("f64", "inf", "f64", "inf");
  prints("f64", "-inf", "f64", "-inf");
  prints("f64", "nan", "f64", "nan");
  prints("f32", "0.1", "f32", "0.1");
  prints("c128", "(0.0, 1.0)", "c128", "1j");
  prints("c128", "(-0.0, 1.0)", "c128", "(-0+1j)");
  prints("c128", "(1.5, -2.0)", "c128", "(1.5-2j)");
  prints("c128", "(1e16, nan)", "c128", "(1e+16+nanj)");
}

static void text_is_printed(void) {
  Run run = {.memory = "two lines\nof text"};
  run_both("function rank 0\nparam ?0: i64\n@0\n%b: i64 = param ?0\nhost print_text %b\nret\n",
           &run);
  CHECK_STR_EQ(run.output, "two lines\nof text");
}

/* ---- compiled code ---- */

/* y[i] = exp(x[i]) over addresses: LLVM takes the widest vector form that there is. */
static void loops_are_vectorised(void) {
  enum { WIDTHS = 4 };
  static const char text[] =
      "function rank 0\nparam ?0: i64\nparam ?1: i64\nparam ?2: i64\n@0\n%x: i64 = param ?0\n"
      "%y: i64 = param ?1\n%n: i64 = param ?2\n%zero: i64 = const 0\n%one: i64 = const 1\n"
      "%eight: i64 = const 8\njmp @1\n"
      "@1\n%i: i64 = phi @0 %zero, @2 %more\n%go: b8 = less %i, %n\njnz %go, @2, @3\n"
      "@2\n%o: i64 = multiply %i, %eight\n%u: f64 = load at %x + %o\n%v: f64 = exp %u\n"
      "store at %y + %o, %v\n%more: i64 = add %i, %one\njmp @1\n@3\nret\n";
  const IrMath *math = ir_math(QL_OP_EXP, QL_F64);
  const char *widest = math->scalar;
  for (int w = 0; w < WIDTHS; w++) widest = math->vector[w] ? math->vector[w] : widest;
  Jit *jit = open_jit();
  JitFn *fn = parsed(text);
  QlError error = {0};
  char *assembly = jit_assembly(jit, fn, &error);
  CHECK(assembly && strstr(assembly, widest));
  free(assembly);
  jit_fn_free(fn);
  jit_close(jit);
}

static JitKey key_of(const Jit *jit, const char *text) {
  JitKey key = {{0}};
  JitFn *fn = parsed(text);
  QlError error = {0};
  CHECK_INT_EQ(jit_key(jit, fn, &key, &error), QL_OK);
  jit_fn_free(fn);
  return key;
}

static bool replaced(char *copy, size_t size, const char *text, const char *old, const char *by) {
  const char *at = strstr(text, old);
  snprintf(copy, size, "%.*s%s%s", at ? (int)(at - text) : 0, text, by, at ? at + strlen(old) : "");
  return at != NULL;
}

/* What local functions compute is in the key; what they are called is not. */
static void keys_have_it_all(void) {
  static const char *const changes[][2] = {{"%two: i64 = const 2", "%two: i64 = const 3"},
                                           {"%s: i64 = add %fa, %fc", "%s: i64 = add %fa, %fa"},
                                           {"@1\nret %n", "@1\nret %one"},
                                           {"call @@fib %c", "call @@fib %a"},
                                           {"store at %b + %zero", "store at %n + %zero"}};
  Jit *jit = open_jit();
  JitKey key = key_of(jit, fibonacci);
  for (size_t c = 0; c < sizeof changes / sizeof *changes; c++) {
    char text[2048];
    if (!CHECK(replaced(text, sizeof text, fibonacci, changes[c][0], changes[c][1]))) continue;
    JitKey other = key_of(jit, text);
    CHECK(other.word[0] != key.word[0] && other.word[1] != key.word[1]);
  }
  jit_close(jit);
}

/* Object code that calls the host runs in another compiler. */
static void code_travels(void) {
  Jit *from = open_jit(), *to = open_jit();
  JitFn *fn = parsed(
      "function rank 0\n@0\n%x: i64 = const 7\n%y: i64 = call @@square %x\nhost print_i64 %y\nret\n"
      "local @@square (i64) -> i64\n@0\n%x: i64 = param ?0\n%y: i64 = multiply %x, %x\nret %y\n");
  JitKey key;
  const JitKernel *kernel = NULL;
  QlError error = {0};
  const void *bytes;
  size_t size;
  char text[MOST_OUTPUT] = "";
  CHECK_INT_EQ(jit_key(from, fn, &key, &error), QL_OK);
  CHECK_INT_EQ(jit_compile(from, fn, key, &kernel, &error), QL_OK);
  CHECK_INT_EQ(jit_object(kernel, &bytes, &size), QL_OK);
  if (CHECK_INT_EQ(jit_install(to, key, bytes, size, &kernel, &error), QL_OK)) {
    jit_set_output(take_output);
    output = text;
    jit_entry(kernel)(&(JitCall){0});
    jit_set_output(NULL);
  }
  CHECK_STR_EQ(text, "49");
  jit_fn_free(fn);
  jit_close(from), jit_close(to);
}

/* ---- functions of C ---- */

static int calls;

static double weighted(int32_t a, double b, int64_t c) {
  calls++;
  return a + 2 * b + 4 * (double)c;
}

/* Called by a name, wherever it is: each call is made, in its place. */
static void c_is_called(void) {
  static const char text[] =
      "function rank 0\nparam ?0: i64\n@0\n%b: i64 = param ?0\n%a: i32 = const -3\n"
      "%x: f64 = const 0.5\n%n: i64 = const 7\n%zero: i64 = const 0\n"
      "%unused: f64 = call @@test_weighted %a, %x, %n\n%y: f64 = call @@test_weighted %a, %x, %n\n"
      "%t: f64 = call @@twice %y\nstore at %b + %zero, %t\nret\n"
      "external @@test_weighted (i32, f64, i64) -> f64\n"
      "local @@twice (f64) -> f64\n@0\n%x: f64 = param ?0\n%y: f64 = add %x, %x\nret %y\n";
  Jit *jit = open_jit();
  JitFn *fn = parsed(text);
  QlError error = {0};
  char *printed = jit_print(fn);
  CHECK(printed && strstr(printed, "external @@test_weighted (i32, f64, i64) -> f64\nlocal"));
  JitFn *again = parsed(printed);
  char *twice = jit_print(again);
  CHECK_STR_EQ(twice, printed);
  free(printed), free(twice), jit_fn_free(again);
  JitCall call = {.param = (QlValue[]){{.i = 0}}};
  CHECK_INT_EQ(jit_interpret(fn, &call, &error), QL_ERR_STATE);
  JitKey key;
  const JitKernel *kernel = NULL;
  error = (QlError){0};
  CHECK_INT_EQ(jit_key(jit, fn, &key, &error), QL_OK);
  CHECK(jit_compile(jit, fn, key, &kernel, &error) != QL_OK); /* nobody knows the name yet */
  CHECK(strstr(error.text, "test_weighted"));
  CHECK(jit_define("test_weighted", (void *)(uintptr_t)weighted));
  CHECK(jit_define("test_weighted", (void *)(uintptr_t)weighted));
  CHECK(!jit_define("test_weighted", &calls));
  double result = 0;
  call.param = (QlValue[]){{.i = (int64_t)(uintptr_t)&result}};
  JitEntry *entry = compiled(jit, fn);
  entry(&call);
  CHECK(result == 2 * (-3 + 1.0 + 28));
  CHECK_INT_EQ(calls, 2);
  char other[1024];
  CHECK(replaced(other, sizeof other, text, "%unused: f64 = call @@test_weighted",
                 "%unused: f64 = call @@test_other"));
  JitFn *missing = NULL;
  error = (QlError){0};
  CHECK(jit_parse(other, &missing, &error) != QL_OK); /* it is not declared */
  jit_fn_free(fn);
  jit_close(jit);
}

/* ---- random programs ---- */

static void random_programs(void) {
  enum { PROGRAMS = 150, CALLS = 5 };
  Jit *jit = open_jit();
  for (uint64_t seed = 0; seed < PROGRAMS; seed++) {
    JitFn *fn = generate_function(seed, &(GenerateOptions){.program = true});
    JitEntry *entry = compiled(jit, fn);
    for (uint64_t n = 0; n < CALLS; n++) {
      GenerateCall *a = generate_call(fn, seed * CALLS + n),
                   *b = generate_call(fn, seed * CALLS + n);
      QlError error = {0};
      CHECK_INT_EQ(jit_interpret(fn, &a->call, &error), QL_OK);
      entry(&b->call);
      if (!CHECK(generate_equal(fn, a, b, error.text, sizeof error.text))) {
        char *text = jit_print(fn);
        fprintf(stderr, "seed %llu: %s\n%s", (unsigned long long)seed, error.text, text);
        free(text);
      }
      generate_call_free(a), generate_call_free(b);
    }
    jit_fn_free(fn);
  }
  jit_close(jit);
}

CHECK_MAIN(CHECK_TEST(all_dtypes), CHECK_TEST(bools_are_bytes), CHECK_TEST(order_is_kept),
           CHECK_TEST(loops_may_overlap), CHECK_TEST(calls_itself), CHECK_TEST(call_each_other),
           CHECK_TEST(any_dtype_is_passed), CHECK_TEST(interpreted_depth_is_bounded),
           CHECK_TEST(locals_are_built), CHECK_TEST(mistakes_are_told),
           CHECK_TEST(blocks_have_owners), CHECK_TEST(values_are_printed),
           CHECK_TEST(text_is_printed), CHECK_TEST(loops_are_vectorised),
           CHECK_TEST(keys_have_it_all), CHECK_TEST(code_travels), CHECK_TEST(c_is_called),
           CHECK_TEST(random_programs))
