/* Operations on floats. float32 and float64 compute in themselves; float16 computes in float32 and
 * rounds after each operation. The arithmetic is written once, in eval_real.h, for both precisions.
 *
 * Transcendental functions are those of ir_math, which compiled code calls too. */
#include "ir.h"

#include <assert.h>
#include <math.h>

static QlValue logical(bool value) { return (QlValue){.bits = {value, 0}}; }

#define REAL float
#define MEMBER f
#define DTYPE QL_F32
#define WORD QL_U32
#define NAME(name) name##_f32
#define LIBM(name) name##f
#define LITERAL(x) x##f
#include "eval_real.h"

#define REAL double
#define MEMBER d
#define DTYPE QL_F64
#define WORD QL_U64
#define NAME(name) name##_f64
#define LIBM(name) name
#define LITERAL(x) x
#include "eval_real.h"

/* The neighbour of a in the direction of b, by the bits: sign and magnitude count like an integer.
 */
static uint16_t nextafter_f16(uint16_t a, uint16_t b) {
  float x = ql_half_to_float(a), y = ql_half_to_float(b);
  if (isnan(x) || isnan(y)) return 0x7e00;
  if (x == y) return a;
  if (x == 0) return (uint16_t)((b & 0x8000) | 1);
  return (uint16_t)((x < y) == (x > 0) ? a + 1 : a - 1);
}

/* The distance to the next number with more bits set above; of -2^k to the smaller neighbour. Below
 * the exponents that leave room for it, it is the smallest number there is. */
static uint16_t spacing_f16(uint16_t x) {
  unsigned exponent = x & 0x7c00u, fraction = x & 0x3ffu;
  if (exponent == 0x7c00) return 0x7e00;
  if (x == 0x7bff) return 0x7c00;
  unsigned below = x & 0x8000 && !fraction ? 11 : 10; /* binary places */
  if (exponent > below << 10) return (uint16_t)(exponent - (below << 10));
  return exponent > 0x400 ? (uint16_t)(1u << ((exponent >> 10) + 9 - below)) : 1;
}

/* float16 has no instruction: of equal arguments NumPy's loops give the first. */
static bool first_f16(QlOp op, float x, float y) {
  switch (op) {
    case QL_OP_MINIMUM: return x <= y || isnan(x);
    case QL_OP_MAXIMUM: return x >= y || isnan(x);
    case QL_OP_FMIN: return x <= y || isnan(y);
    default: return x >= y || isnan(y);
  }
}

QlValue ir_eval_real(QlOp op, QlDtype loop, const QlValue *args) {
  if (loop == QL_F64) return eval_f64(op, args);
  if (loop == QL_F32) return eval_f32(op, args);
  if (op == QL_OP_NEXTAFTER) return (QlValue){.bits = {nextafter_f16(args[0].h, args[1].h), 0}};
  if (op == QL_OP_SPACING) return (QlValue){.bits = {spacing_f16(args[0].h), 0}};
  if (op == QL_OP_BITS) return (QlValue){.bits = {args[0].h, 0}};
  QlValue wide[2] = {{.bits = {0, 0}}, {.bits = {0, 0}}};
  for (int a = 0; a < ql_op_info[op].arity; a++) wide[a].f = ql_half_to_float(args[a].h);
  if (op == QL_OP_MINIMUM || op == QL_OP_MAXIMUM || op == QL_OP_FMIN || op == QL_OP_FMAX)
    return first_f16(op, wide[0].f, wide[1].f) ? args[0] : args[1];
  QlValue result = eval_f32(op, wide);
  return ql_op_info[op].result != QL_RESULT_SAME && ql_op_info[op].result != QL_RESULT_PART
             ? result
             : (QlValue){.bits = {ql_half_from_float(result.f), 0}};
}
