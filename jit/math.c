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
#include "vector_names.h"

typedef void AnyFunction(void);

/* SLEEF's header declares these only under compiler flags of their instruction sets; here addresses
 * are enough. A namer makes an identifier of (family, name, width, ulp, variant). */
#define NAME_OURS(family, name, width, ulp, variant) OURS(family, name, width)
#define TEXT_(name) #name
#define TEXT(name) TEXT_(name)
#define ADDRESS(name) ((void *)name)

/* ---- the functions of a level: SCALAR, and LEVEL_D and _F for vectors of each precision; `as`
 * makes a symbol or an address of a name ---- */

#define FINZ_SCALAR(as, namer, name, precision, ulp) \
  as(namer(finz, name, precision##1, ulp, purecfma))
#ifdef __x86_64__
#define CINZ_SCALAR(as, namer, name, precision, ulp) as(namer(cinz, name, precision##1, ulp, purec))
#define PLAIN_D(as, namer, name, ulp) {as(namer(cinz, name, d2, ulp, sse2))}
#define PLAIN_F(as, namer, name, ulp) {NULL, as(namer(cinz, name, f4, ulp, sse2))}
#define AVX_D(as, namer, name, ulp) \
  {as(namer(cinz, name, d2, ulp, sse2)), as(namer(cinz, name, d4, ulp, avx))}
#define AVX_F(as, namer, name, ulp) \
  {NULL, as(namer(cinz, name, f4, ulp, sse2)), as(namer(cinz, name, f8, ulp, avx))}
#define FMA_D(as, namer, name, ulp) \
  {as(namer(finz, name, d2, ulp, avx2128)), as(namer(finz, name, d4, ulp, avx2))}
#define FMA_F(as, namer, name, ulp) \
  {NULL, as(namer(finz, name, f4, ulp, avx2128)), as(namer(finz, name, f8, ulp, avx2))}
#define AVX512_D(as, namer, name, ulp)                                            \
  {as(namer(finz, name, d2, ulp, avx2128)), as(namer(finz, name, d4, ulp, avx2)), \
   as(namer(finz, name, d8, ulp, avx512f))}
#define AVX512_F(as, namer, name, ulp)                                                  \
  {NULL, as(namer(finz, name, f4, ulp, avx2128)), as(namer(finz, name, f8, ulp, avx2)), \
   as(namer(finz, name, f16, ulp, avx512f))}
#else
#define OTHER_D(as, namer, name, ulp) {NULL}
#define OTHER_F(as, namer, name, ulp) {NULL}
#endif

/* An IrMath of each precision. */
#define ROW(scalar, level, namer, name, precision, P, ulp)                                  \
  {scalar(TEXT, namer, name, precision, ulp), scalar(ADDRESS, namer, name, precision, ulp), \
   level##_##P(TEXT, namer, name, ulp), level##_##P(ADDRESS, namer, name, ulp)}
#define ROWS(scalar, level, namer, name, ulp) \
  {ROW(scalar, level, namer, name, f, F, ulp), ROW(scalar, level, namer, name, d, D, ulp)}

/* ---- tables ---- */

enum { PRECISION_F32, PRECISION_F64, PRECISION_COUNT };
typedef struct MathTable {
  IrMath real[QL_OP_COUNT][PRECISION_COUNT], part[2][QL_OP_COUNT][PRECISION_COUNT];
} MathTable;

#ifdef __x86_64__
#define DECLARE(namer, name, ulp)                                                  \
  AnyFunction namer(cinz, name, d1, ulp, purec), namer(cinz, name, d2, ulp, sse2), \
      namer(cinz, name, d4, ulp, avx), namer(finz, name, d1, ulp, purecfma),       \
      namer(finz, name, d2, ulp, avx2128), namer(finz, name, d4, ulp, avx2),       \
      namer(finz, name, d8, ulp, avx512f), namer(cinz, name, f1, ulp, purec),      \
      namer(cinz, name, f4, ulp, sse2), namer(cinz, name, f8, ulp, avx),           \
      namer(finz, name, f1, ulp, purecfma), namer(finz, name, f4, ulp, avx2128),   \
      namer(finz, name, f8, ulp, avx2), namer(finz, name, f16, ulp, avx512f);
#else
#define DECLARE(namer, name, ulp) \
  AnyFunction namer(finz, name, d1, ulp, purecfma), namer(finz, name, f1, ulp, purecfma);
#endif

#define IR_MATH1(OP, name, ulp) DECLARE(SLEEF_NAME, name, ulp)
#define IR_MATH2 IR_MATH1
#define IR_OURS1(OP, name) DECLARE(NAME_OURS, name, )
#define IR_OURS2 IR_OURS1
#define IR_COMPLEX1(OP, name) DECLARE(NAME_OURS, name##_re, ) DECLARE(NAME_OURS, name##_im, )
#define IR_EXACT1 IR_COMPLEX1
#define IR_EXACT2 IR_COMPLEX1
#include "math.def"

#ifdef __x86_64__
#define SCALAR CINZ_SCALAR
#define LEVEL PLAIN
static const MathTable plain_table = {
#include "math_rows.h"
};
#undef LEVEL
#define LEVEL AVX
static const MathTable avx_table = {
#include "math_rows.h"
};
#undef SCALAR
#undef LEVEL
#define SCALAR FINZ_SCALAR
#define LEVEL FMA
static const MathTable fma_table = {
#include "math_rows.h"
};
#undef LEVEL
#define LEVEL AVX512
static const MathTable avx512_table = {
#include "math_rows.h"
};

static const MathTable *table_of_cpu(void) {
  __builtin_cpu_init();
  bool fma = __builtin_cpu_supports("fma") && __builtin_cpu_supports("avx2");
  if (fma && __builtin_cpu_supports("avx512f")) return &avx512_table;
  return fma ? &fma_table : __builtin_cpu_supports("avx") ? &avx_table : &plain_table;
}
#else
#define SCALAR FINZ_SCALAR
#define LEVEL OTHER
static const MathTable scalar_table = {
#include "math_rows.h"
};

static const MathTable *table_of_cpu(void) { return &scalar_table; }
#endif

static const IrMath *if_there(const IrMath *math) { return math->scalar ? math : NULL; }

const IrMath *ir_math(QlOp op, QlDtype dtype) {
  if (dtype != QL_F32 && dtype != QL_F64) return NULL;
  return if_there(&table_of_cpu()->real[op][dtype == QL_F64 ? PRECISION_F64 : PRECISION_F32]);
}

const IrMath *ir_math_part(QlOp op, QlDtype dtype, int part) {
  if (dtype != QL_C64 && dtype != QL_C128) return NULL;
  return if_there(
      &table_of_cpu()->part[part][op][dtype == QL_C128 ? PRECISION_F64 : PRECISION_F32]);
}
