/* Which library function computes an operation. One table per level of the CPU, made from math.def:
 *
 *   level    family  scalar              2 doubles        4 doubles    8 doubles
 *   plain    cinz    d1_u10purec         d2_u10sse2
 *   avx      cinz    d1_u10purec         d2_u10sse2       d4_u10avx
 *   fma      finz    d1_u10purecfma      d2_u10avx2128    d4_u10avx2
 *   avx512   finz    d1_u10purecfma      d2_u10avx2128    d4_u10avx2   d8_u10avx512f
 *
 * Vectors of floats have twice as many elements. All members of a family give the same bits, so it
 * does not matter at which width LLVM vectorises a call, or that the tail of a loop calls the
 * scalar function. Processors other than x86-64 use the scalar functions only. */
#include "ir.h"

typedef void AnyFunction(void);

/* SLEEF's header declares these only under compiler flags of their instruction sets; here addresses
 * are enough. */
#define SLEEF(family, name, width, variant) Sleef_##family##_##name##width##_##variant
#define SLEEF_TEXT_(name) #name
#define SLEEF_TEXT(name) SLEEF_TEXT_(name)

#ifdef __x86_64__
#define IR_MATH1(OP, name, ulp)                                                    \
  AnyFunction SLEEF(cinz, name, d1, ulp##purec), SLEEF(cinz, name, d2, ulp##sse2), \
      SLEEF(cinz, name, d4, ulp##avx), SLEEF(finz, name, d1, ulp##purecfma),       \
      SLEEF(finz, name, d2, ulp##avx2128), SLEEF(finz, name, d4, ulp##avx2),       \
      SLEEF(finz, name, d8, ulp##avx512f), SLEEF(cinz, name, f1, ulp##purec),      \
      SLEEF(cinz, name, f4, ulp##sse2), SLEEF(cinz, name, f8, ulp##avx),           \
      SLEEF(finz, name, f1, ulp##purecfma), SLEEF(finz, name, f4, ulp##avx2128),   \
      SLEEF(finz, name, f8, ulp##avx2), SLEEF(finz, name, f16, ulp##avx512f);
#else
#define IR_MATH1(OP, name, ulp) \
  AnyFunction SLEEF(finz, name, d1, ulp##purecfma), SLEEF(finz, name, f1, ulp##purecfma);
#endif
#define IR_MATH2 IR_MATH1
#include "math.def"
#undef IR_MATH1

#define SYMBOL(family, name, width, variant) SLEEF_TEXT(SLEEF(family, name, width, variant))
#define ADDRESS(family, name, width, variant) ((void *)SLEEF(family, name, width, variant))

enum { PRECISION_F32, PRECISION_F64, PRECISION_COUNT };
typedef const IrMath MathTable[QL_OP_COUNT][PRECISION_COUNT];

#ifdef __x86_64__
static MathTable plain_table = {
#define IR_MATH1(OP, name, ulp)                                 \
  [QL_OP_##OP] = {{SYMBOL(cinz, name, f1, ulp##purec),          \
                   ADDRESS(cinz, name, f1, ulp##purec),         \
                   {NULL, SYMBOL(cinz, name, f4, ulp##sse2)},   \
                   {NULL, ADDRESS(cinz, name, f4, ulp##sse2)}}, \
                  {SYMBOL(cinz, name, d1, ulp##purec),          \
                   ADDRESS(cinz, name, d1, ulp##purec),         \
                   {SYMBOL(cinz, name, d2, ulp##sse2)},         \
                   {ADDRESS(cinz, name, d2, ulp##sse2)}}},
#include "math.def"
#undef IR_MATH1
};

static MathTable avx_table = {
#define IR_MATH1(OP, name, ulp)                                                                    \
  [QL_OP_##OP] = {{SYMBOL(cinz, name, f1, ulp##purec),                                             \
                   ADDRESS(cinz, name, f1, ulp##purec),                                            \
                   {NULL, SYMBOL(cinz, name, f4, ulp##sse2), SYMBOL(cinz, name, f8, ulp##avx)},    \
                   {NULL, ADDRESS(cinz, name, f4, ulp##sse2), ADDRESS(cinz, name, f8, ulp##avx)}}, \
                  {SYMBOL(cinz, name, d1, ulp##purec),                                             \
                   ADDRESS(cinz, name, d1, ulp##purec),                                            \
                   {SYMBOL(cinz, name, d2, ulp##sse2), SYMBOL(cinz, name, d4, ulp##avx)},          \
                   {ADDRESS(cinz, name, d2, ulp##sse2), ADDRESS(cinz, name, d4, ulp##avx)}}},
#include "math.def"
#undef IR_MATH1
};

static MathTable fma_table = {
#define IR_MATH1(OP, name, ulp)                                                                   \
  [QL_OP_##                                                                                       \
      OP] = {{SYMBOL(finz, name, f1, ulp##purecfma),                                              \
              ADDRESS(finz, name, f1, ulp##purecfma),                                             \
              {NULL, SYMBOL(finz, name, f4, ulp##avx2128), SYMBOL(finz, name, f8, ulp##avx2)},    \
              {NULL, ADDRESS(finz, name, f4, ulp##avx2128), ADDRESS(finz, name, f8, ulp##avx2)}}, \
             {SYMBOL(finz, name, d1, ulp##purecfma),                                              \
              ADDRESS(finz, name, d1, ulp##purecfma),                                             \
              {SYMBOL(finz, name, d2, ulp##avx2128), SYMBOL(finz, name, d4, ulp##avx2)},          \
              {ADDRESS(finz, name, d2, ulp##avx2128), ADDRESS(finz, name, d4, ulp##avx2)}}},
#include "math.def"
#undef IR_MATH1
};

static MathTable avx512_table = {
#define IR_MATH1(OP, name, ulp)                                                                    \
  [QL_OP_##OP] = {{SYMBOL(finz, name, f1, ulp##purecfma),                                          \
                   ADDRESS(finz, name, f1, ulp##purecfma),                                         \
                   {NULL, SYMBOL(finz, name, f4, ulp##avx2128), SYMBOL(finz, name, f8, ulp##avx2), \
                    SYMBOL(finz, name, f16, ulp##avx512f)},                                        \
                   {NULL, ADDRESS(finz, name, f4, ulp##avx2128),                                   \
                    ADDRESS(finz, name, f8, ulp##avx2), ADDRESS(finz, name, f16, ulp##avx512f)}},  \
                  {SYMBOL(finz, name, d1, ulp##purecfma),                                          \
                   ADDRESS(finz, name, d1, ulp##purecfma),                                         \
                   {SYMBOL(finz, name, d2, ulp##avx2128), SYMBOL(finz, name, d4, ulp##avx2),       \
                    SYMBOL(finz, name, d8, ulp##avx512f)},                                         \
                   {ADDRESS(finz, name, d2, ulp##avx2128), ADDRESS(finz, name, d4, ulp##avx2),     \
                    ADDRESS(finz, name, d8, ulp##avx512f)}}},
#include "math.def"
#undef IR_MATH1
};

static MathTable *table_of_cpu(void) {
  __builtin_cpu_init();
  bool fma = __builtin_cpu_supports("fma") && __builtin_cpu_supports("avx2");
  if (fma && __builtin_cpu_supports("avx512f")) return &avx512_table;
  return fma ? &fma_table : __builtin_cpu_supports("avx") ? &avx_table : &plain_table;
}
#else
static MathTable scalar_table = {
#define IR_MATH1(OP, name, ulp)                                                               \
  [QL_OP_##                                                                                   \
      OP] = {{SYMBOL(finz, name, f1, ulp##purecfma), ADDRESS(finz, name, f1, ulp##purecfma)}, \
             {SYMBOL(finz, name, d1, ulp##purecfma), ADDRESS(finz, name, d1, ulp##purecfma)}},
#include "math.def"
#undef IR_MATH1
};

static MathTable *table_of_cpu(void) { return &scalar_table; }
#endif

const IrMath *ir_math(QlOp op, QlDtype dtype) {
  if (dtype != QL_F32 && dtype != QL_F64) return NULL;
  const IrMath *math = &(*table_of_cpu())[op][dtype == QL_F64 ? PRECISION_F64 : PRECISION_F32];
  return math->scalar ? math : NULL;
}

const IrRange *ir_range(QlDtype dtype) {
  static const IrRange f32 = {0x1p-126, 0x1p60, 88, 0x1.62e43p6, -0x1.05c61p-22, 0x1p127},
                       f64 = {0x1p-1022, 0x1p500, 709, 0x1.62e42fefa39efp9, 0x1.abc9e3b39803fp-46,
                              0x1p1023};
  return dtype == QL_F64 ? &f64 : &f32;
}
