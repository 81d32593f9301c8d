/* Loops in strips do what they did: interpreted before and after the pass, and compiled; over any
 * number of iterations and turns, and over memory where what is stored lies anywhere beside what is
 * loaded. */
#include "../check.h"
#include "ir.h"
#include "parsed.h"
#include "random.h"

#include <stdlib.h>
#include <string.h>

enum { ELEMENTS = 400, MIDDLE = 160 };

typedef struct Run {
  double memory[ELEMENTS];
} Run;

/* out[j] = the largest of in[max(j - r, 0)] .. in[min(j + r, n) - 1], and in[j] */
static const char window[] =
    "function rank 0\nparam ?0: i64\nparam ?1: i64\nparam ?2: i64\nparam ?3: i64\n@0\n"
    "%in: i64 = param ?0\n%out: i64 = param ?1\n%n: i64 = param ?2\n%r: i64 = param ?3\n"
    "%zero: i64 = const 0\n%one: i64 = const 1\n%size: i64 = const 8\njmp @head\n"
    "@head\n%j: i64 = phi @0 %zero, @last %next\n%go: b8 = less %j, %n\njnz %go, @body, @end\n"
    "@body\n%at: i64 = multiply %j, %size\n%x: f64 = load at %in + %at\n"
    "%left: i64 = subtract %j, %r\n%cut: b8 = less %left, %zero\n"
    "%from: i64 = where %cut, %zero, %left\n%right: i64 = add %j, %r\n"
    "%cut2: b8 = less %n, %right\n%to: i64 = where %cut2, %n, %right\n"
    "%turns: i64 = subtract %to, %from\njmp @window\n"
    "@window\n%best: f64 = phi @body %x, @turn %more\n%k: i64 = phi @body %zero, @turn %k1\n"
    "%on: b8 = less %k, %turns\njnz %on, @turn, @last\n"
    "@turn\n%jj: i64 = add %from, %k\n%o: i64 = multiply %jj, %size\n"
    "%y: f64 = load at %in + %o\n%g: b8 = greater %y, %best\n"
    "%more: f64 = where %g, %y, %best\n%k1: i64 = add %k, %one\njmp @window\n"
    "@last\nstore at %out + %at, %best\n%next: i64 = add %j, %one\njmp @head\n@end\nret\n";

/* out[j] += in[k] * in[j + k] where in[j + k] < in[k], else in[j - k] is taken away: r turns */
static const char parting[] =
    "function rank 0\nparam ?0: i64\nparam ?1: i64\nparam ?2: i64\nparam ?3: i64\n@0\n"
    "%in: i64 = param ?0\n%out: i64 = param ?1\n%n: i64 = param ?2\n%r: i64 = param ?3\n"
    "%zero: i64 = const 0\n%one: i64 = const 1\n%size: i64 = const 8\njmp @head\n"
    "@head\n%j: i64 = phi @0 %zero, @last %next\n%go: b8 = less %j, %n\njnz %go, @body, @end\n"
    "@body\n%at: i64 = multiply %j, %size\njmp @window\n"
    "@window\n%k: i64 = phi @body %zero, @join %k1\n%on: b8 = less %k, %r\njnz %on, @turn, @last\n"
    "@turn\n%jj: i64 = add %j, %k\n%o: i64 = multiply %jj, %size\n%w: i64 = multiply %k, %size\n"
    "%y: f64 = load at %in + %o\n%x: f64 = load at %in + %w\n%old: f64 = load at %out + %at\n"
    "%g: b8 = less %y, %x\njnz %g, @less, @more\n"
    "@less\n%xy: f64 = multiply %x, %y\n%plus: f64 = add %old, %xy\njmp @join\n"
    "@more\n%jm: i64 = subtract %j, %k\n%om: i64 = multiply %jm, %size\n"
    "%z: f64 = load at %in + %om\n%minus: f64 = subtract %old, %z\njmp @join\n"
    "@join\n%new: f64 = phi @less %plus, @more %minus\nstore at %out + %at, %new\n"
    "%k1: i64 = add %k, %one\njmp @window\n"
    "@last\n%next: i64 = add %j, %one\njmp @head\n@end\nret\n";

/* out[j] = the sum of in[j + k] up to where in[k] is above 10: at most 2^6r turns */
static const char endless[] =
    "function rank 0\nparam ?0: i64\nparam ?1: i64\nparam ?2: i64\nparam ?3: i64\n@0\n"
    "%in: i64 = param ?0\n%out: i64 = param ?1\n%n: i64 = param ?2\n%r: i64 = param ?3\n"
    "%zero: i64 = const 0\n%one: i64 = const 1\n%size: i64 = const 8\n%none: f64 = const 0.0\n"
    "%ten: f64 = const 10.0\n%six: i64 = const 6\n%bits: i64 = multiply %six, %r\n"
    "%most: i64 = left_shift %one, %bits\njmp @head\n"
    "@head\n%j: i64 = phi @0 %zero, @last %next\n%go: b8 = less %j, %n\njnz %go, @body, @end\n"
    "@body\n%at: i64 = multiply %j, %size\njmp @window\n"
    "@window\n%sum: f64 = phi @body %none, @add %more\n%k: i64 = phi @body %zero, @add %k1\n"
    "%on: b8 = less %k, %most\njnz %on, @turn, @last\n"
    "@turn\n%w: i64 = multiply %k, %size\n%x: f64 = load at %in + %w\n"
    "%enough: b8 = less %ten, %x\njnz %enough, @last, @add\n"
    "@add\n%jj: i64 = add %j, %k\n%o: i64 = multiply %jj, %size\n"
    "%y: f64 = load at %in + %o\n%more: f64 = add %sum, %y\n%k1: i64 = add %k, %one\n"
    "jmp @window\n"
    "@last\n%found: f64 = phi @window %sum, @turn %sum\nstore at %out + %at, %found\n"
    "%next: i64 = add %j, %one\njmp @head\n@end\nret\n";

/* out[j] = j * the sum of in[j] .. in[j + r - 1]: the head computes what each iteration has for
 * itself, */
static const char heavy[] =
    "function rank 0\nparam ?0: i64\nparam ?1: i64\nparam ?2: i64\nparam ?3: i64\n@0\n"
    "%in: i64 = param ?0\n%out: i64 = param ?1\n%n: i64 = param ?2\n%r: i64 = param ?3\n"
    "%zero: i64 = const 0\n%one: i64 = const 1\n%size: i64 = const 8\n%none: f64 = const 0.0\n"
    "jmp @head\n"
    "@head\n%j: i64 = phi @0 %zero, @last %next\n%real: f64 = cast %j\n"
    "%go: b8 = less %j, %n\njnz %go, @body, @end\n"
    "@body\n%at: i64 = multiply %j, %size\njmp @window\n"
    "@window\n%sum: f64 = phi @body %none, @turn %more\n%k: i64 = phi @body %zero, @turn %k1\n"
    "%on: b8 = less %k, %r\njnz %on, @turn, @last\n"
    "@turn\n%jj: i64 = add %j, %k\n%o: i64 = multiply %jj, %size\n"
    "%y: f64 = load at %in + %o\n%yy: f64 = multiply %y, %real\n%more: f64 = add %sum, %yy\n"
    "%k1: i64 = add %k, %one\njmp @window\n"
    "@last\nstore at %out + %at, %sum\n%next: i64 = add %j, %one\njmp @head\n@end\nret\n";

/* or is asked what it has been asked in the head: out[j] = in[j] + ... + in[j + r - 1], from 0 on
 * where j is not below n. */
static const char twice[] =
    "function rank 0\nparam ?0: i64\nparam ?1: i64\nparam ?2: i64\nparam ?3: i64\n@0\n"
    "%in: i64 = param ?0\n%out: i64 = param ?1\n%n: i64 = param ?2\n%r: i64 = param ?3\n"
    "%zero: i64 = const 0\n%one: i64 = const 1\n%size: i64 = const 8\n%none: f64 = const 0.0\n"
    "jmp @head\n"
    "@head\n%j: i64 = phi @0 %zero, @last %next\n%go: b8 = less %j, %n\njnz %go, @body, @end\n"
    "@body\n%at: i64 = multiply %j, %size\n%from: i64 = where %go, %one, %j\njmp @window\n"
    "@window\n%sum: f64 = phi @body %none, @turn %more\n%k: i64 = phi @body %zero, @turn %k1\n"
    "%on: b8 = less %k, %r\njnz %on, @turn, @last\n"
    "@turn\n%jj: i64 = add %from, %k\n%o: i64 = multiply %jj, %size\n"
    "%y: f64 = load at %in + %o\n%old: f64 = load at %out + %at\n%yy: f64 = multiply %y, %old\n"
    "%more: f64 = add %sum, %yy\n%k1: i64 = add %k, %one\njmp @window\n"
    "@last\nstore at %out + %at, %sum\n%next: i64 = add %j, %one\njmp @head\n@end\nret\n";

static void fill(Run *run, uint64_t seed) {
  Random random = {seed};
  for (int k = 0; k < ELEMENTS; k++) run->memory[k] = (double)random_below(&random, 100) / 8;
}

typedef struct Ways { /* of running a function */
  JitFn *before, *after;
  JitEntry *entry;
} Ways;

static void run_all(const Ways *ways, int64_t shift, int64_t n, int64_t r) {
  Run runs[3];
  QlError error = {0};
  for (int k = 0; k < 3; k++) {
    fill(&runs[k], (uint64_t)(shift + 1000 * n));
    char *in = (char *)(runs[k].memory + MIDDLE);
    QlValue param[] = {
        {.i = (int64_t)(uintptr_t)in}, {.i = (int64_t)(uintptr_t)(in + shift)}, {.i = n}, {.i = r}};
    JitCall call = {.param = param};
    if (k < 2)
      CHECK_INT_EQ(jit_interpret(k ? ways->after : ways->before, &call, &error), QL_OK);
    else
      ways->entry(&call);
    if (!CHECK(!k || !memcmp(&runs[0], &runs[k], sizeof runs[0])))
      fprintf(stderr, "way %d, shift %lld, n %lld, r %lld\n", k, (long long)shift, (long long)n,
              (long long)r);
  }
}

static void check_loop(const char *text, bool together) {
  static const int64_t shifts[] = {0, 8, -8, 24, 56, 64, -64, 3, -5, 400, -400, 1040, -1000};
  static const int64_t counts[] = {0, 1, 8, 9, 33, 71, 100};
  Jit *jit = NULL;
  QlError error = {0};
  JitKey key;
  const JitKernel *kernel = NULL;
  if (jit_open(&(JitOptions){.verify = true}, &jit, &error) != QL_OK) abort();
  Ways ways = {.before = parsed(text), .after = parsed(text)};
  CHECK_INT_EQ(jit_strips(ways.after, &error), QL_OK);
  CHECK_INT_EQ(jit_verify(ways.after, &error), QL_OK);
  CHECK(ir_has_lanes(ways.after) == together);
  const QlSource *sources;
  CHECK_INT_EQ(jit_strip_sources(ways.after, &sources), together);
  JitFn *fn = parsed(text);
  CHECK(jit_key(jit, fn, &key, &error) == QL_OK &&
        jit_compile(jit, fn, key, &kernel, &error) == QL_OK);
  ways.entry = kernel ? jit_entry(kernel) : NULL;
  for (size_t k = 0; kernel && k < sizeof shifts / sizeof *shifts; k++)
    for (size_t c = 0; c < sizeof counts / sizeof *counts; c++)
      for (int64_t r = 0; r < 12; r += 5) run_all(&ways, shifts[k], counts[c], r);
  jit_fn_free(ways.before), jit_fn_free(ways.after), jit_fn_free(fn);
  jit_close(jit);
}

static void windows(void) { check_loop(window, true); }
static void ways_that_part(void) { check_loop(parting, true); }
static void bounds_that_wrap(void) { check_loop(endless, true); }
static void heads(void) { check_loop(heavy, false), check_loop(twice, false); }

CHECK_MAIN(CHECK_TEST(windows), CHECK_TEST(ways_that_part), CHECK_TEST(bounds_that_wrap),
           CHECK_TEST(heads))
