/* The vector functions of vector_math.c give each lane the bits of the scalar one, at every width
 * and in both families, as far as this processor has the instructions. */
#include "../check.h"
#include "ir.h"
#include "random.h"
#include "vector_names.h"

#include <math.h>

enum { LANES = 16, ROUNDS = 600, ARGS = 4 };

typedef double D1;
typedef float F1;
#define VECTOR(name, type, count) \
  typedef type name __attribute__((vector_size(count * sizeof(type)), may_alias, aligned(4)))
VECTOR(D2, double, 2);
VECTOR(D4, double, 4);
VECTOR(D8, double, 8);
VECTOR(F4, float, 4);
VECTOR(F8, float, 8);
VECTOR(F16, float, 16);

typedef void Caller(void *function, int arity, const void *const *args, void *result);

/* Calls a function of `arity` vectors for all LANES elements. */
#define CALLER(name, V, REAL, target)                                                         \
  target static void name(void *function, int arity, const void *const *args, void *result) { \
    for (size_t at = 0; at < LANES * sizeof(REAL); at += sizeof(V)) {                         \
      V a[ARGS], value;                                                                       \
      for (int k = 0; k < arity; k++) memcpy(&a[k], (const char *)args[k] + at, sizeof(V));   \
      value = arity == 1   ? ((V(*)(V))function)(a[0])                                        \
              : arity == 2 ? ((V(*)(V, V))function)(a[0], a[1])                               \
                           : ((V(*)(V, V, V, V))function)(a[0], a[1], a[2], a[3]);            \
      memcpy((char *)result + at, &value, sizeof(V));                                         \
    }                                                                                         \
  }
CALLER(call_d1, D1, double, )
CALLER(call_f1, F1, float, )
#ifdef __x86_64__
CALLER(call_d2, D2, double, )
CALLER(call_f4, F4, float, )
CALLER(call_d4, D4, double, __attribute__((target("avx"))))
CALLER(call_f8, F8, float, __attribute__((target("avx"))))
CALLER(call_d8, D8, double, __attribute__((target("avx512f"))))
CALLER(call_f16, F16, float, __attribute__((target("avx512f"))))
#endif

typedef struct Function {
  const char *name;
  int arity;
  void *scalar, *vector[3]; /* of 128, 256 and 512 bits; NULL: there is none */
} Function;

typedef void AnyFunction(void);
#define DECLARE_FAMILY(family, name, p, s, m, l) \
  OURS(family, name, p##1), OURS(family, name, p##s), OURS(family, name, p##m)
#define DECLARE(name)                                                                          \
  AnyFunction DECLARE_FAMILY(cinz, name, d, 2, 4, 8), DECLARE_FAMILY(cinz, name, f, 4, 8, 16), \
      DECLARE_FAMILY(finz, name, d, 2, 4, 8), DECLARE_FAMILY(finz, name, f, 4, 8, 16),         \
      OURS(finz, name, d8), OURS(finz, name, f16);
#ifdef __x86_64__
#define IR_OURS1(OP, name) DECLARE(name)
#define IR_OURS2 IR_OURS1
#define IR_COMPLEX1(OP, name) DECLARE(name##_re) DECLARE(name##_im)
#define IR_EXACT1 IR_COMPLEX1
#define IR_EXACT2 IR_COMPLEX1
#include "math.def"

#define ROW(family, name, arity, p, s, m, widest) \
  {#family " " #name " " #p,                      \
   arity,                                         \
   (void *)OURS(family, name, p##1),              \
   {(void *)OURS(family, name, p##s), (void *)OURS(family, name, p##m), widest}},
#define ROWS(name, arity)                                       \
  ROW(cinz, name, arity, d, 2, 4, NULL)                         \
  ROW(cinz, name, arity, f, 4, 8, NULL)                         \
  ROW(finz, name, arity, d, 2, 4, (void *)OURS(finz, name, d8)) \
  ROW(finz, name, arity, f, 4, 8, (void *)OURS(finz, name, f16))
static const Function functions[] = {
#define IR_OURS1(OP, name) ROWS(name, 1)
#define IR_OURS2(OP, name) ROWS(name, 2)
#define IR_COMPLEX1(OP, name) ROWS(name##_re, 2) ROWS(name##_im, 2)
#define IR_EXACT1 IR_COMPLEX1
#define IR_EXACT2(OP, name) ROWS(name##_re, 4) ROWS(name##_im, 4)
#include "math.def"
};
enum { FUNCTIONS = sizeof functions / sizeof *functions };

/* Plain numbers; among them, in a third of the rounds, some of all others. */
static double element(Random *random, bool wide, int round) {
  double unit = (double)(int64_t)random_bits(random) * 0x1p-63;
  if (round % 3 == 0 && random_chance(random, 8))
    return ql_convert(wide ? QL_F64 : QL_F32, random_value(random, wide ? QL_F64 : QL_F32), QL_F64)
        .d;
  return round % 3 == 1 ? rint(unit * 6) : unit * ldexp(1, (int)random_below(random, 12) - 4);
}

static bool same_bits(bool wide, const char *a, const char *b, int lane) {
  QlDtype dtype = wide ? QL_F64 : QL_F32;
  QlValue x = ir_read(dtype, a + lane * (wide ? 8 : 4)),
          y = ir_read(dtype, b + lane * (wide ? 8 : 4));
  return x.bits[0] == y.bits[0] ||
         (ir_eval(QL_OP_ISNAN, dtype, &x).b && ir_eval(QL_OP_ISNAN, dtype, &y).b);
}

static void lanes_are_scalars(void) {
  __builtin_cpu_init();
  bool fma = __builtin_cpu_supports("fma") && __builtin_cpu_supports("avx2"),
       avx = __builtin_cpu_supports("avx"), avx512 = fma && __builtin_cpu_supports("avx512f");
  for (const Function *f = functions; f < functions + FUNCTIONS; f++) {
    bool wide = strchr(f->name, 0)[-1] == 'd', fused = !strncmp(f->name, "finz", 4);
    Random random = {(uint64_t)(f - functions)};
    Caller *const callers[2][4] = {{call_f1, call_f4, call_f8, call_f16},
                                   {call_d1, call_d2, call_d4, call_d8}};
    if (fused && !fma) continue;
    for (int round = 0; round < ROUNDS; round++) {
      double memory[ARGS][LANES];
      float narrow[ARGS][LANES];
      const void *args[ARGS];
      double want[LANES], got[LANES];
      for (int a = 0; a < ARGS; a++) {
        for (int lane = 0; lane < LANES; lane++)
          narrow[a][lane] = (float)(memory[a][lane] = element(&random, wide, round));
        args[a] = wide ? (void *)memory[a] : (void *)narrow[a];
      }
      callers[wide][0](f->scalar, f->arity, args, want);
      for (int w = 0; w < 3; w++) {
        if (!f->vector[w] || (w == 1 && !avx) || (w == 2 && !avx512)) continue;
        callers[wide][w + 1](f->vector[w], f->arity, args, got);
        for (int lane = 0; lane < LANES; lane++)
          if (!CHECK(same_bits(wide, (char *)want, (char *)got, lane))) {
            fprintf(stderr, "%s, %d bits, lane %d of round %d\n", f->name, 128 << w, lane, round);
            round = ROUNDS, w = 3;
            break;
          }
      }
    }
  }
}
#else
static void lanes_are_scalars(void) { CHECK(true); }
#endif

CHECK_MAIN(CHECK_TEST(lanes_are_scalars))
