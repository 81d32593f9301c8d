/* Scans: y[i] = x[0] op x[1] op ... op x[i] along an axis. The order is fixed by the position along
 * the axis alone, in leaves of JIT_LEAF elements, so bits are the same whoever computes what:
 *
 *     x          a b c | d e f | g h          leaves of 3, op +
 *     local      a, a+b, a+b+c | d, d+e, d+e+f | g, g+h
 *     totals     A = a+b+c     D = d+e+f
 *     offsets    -             A            A+D                   one after another
 *     y          a, a+b, a+b+c | A+d, A+(d+e), A+(d+e+f) | (A+D)+g, (A+D)+(g+h)
 *
 * Up to JIT_LEAF elements that is NumPy's order. The last of a leaf is the offset of the next one,
 * to the bit: sums of what is not negative never decrease, as NumPy's.
 *
 * Where a worker has lines from their beginning on, it does all in one pass. Else
 * (plan/scan_plan.c) there are groups for the totals, for the offsets (who needs some adds the
 * totals before them) and for y, whose boxes begin anywhere: a leaf's first elements are added
 * again. */
#include "scan.h"

#include <math.h>
#include <string.h>

#define ALWAYS_INLINE inline __attribute__((always_inline))

/* Elements of a narrower dtype, with 64 bits each. */
static void widen(QlDtype from, const char *at, int64_t step, int64_t count, void *to) {
#define WIDEN(type)                                                    \
  for (int64_t i = 0; i < count; i++) {                                \
    type x;                                                            \
    memcpy(&x, at + i * step, sizeof x);                               \
    int64_t wide = (int64_t)x;                                         \
    memcpy((char *)to + i * (int64_t)sizeof wide, &wide, sizeof wide); \
  }                                                                    \
  break
  switch (from) {
    case QL_I8: WIDEN(int8_t);
    case QL_I16: WIDEN(int16_t);
    case QL_I32: WIDEN(int32_t);
    case QL_U16: WIDEN(uint16_t);
    case QL_U32: WIDEN(uint32_t);
    default: WIDEN(uint8_t); /* truths too */
  }
#undef WIDEN
}

/* Euclid's. */
static uint64_t gcd(uint64_t a, uint64_t b) {
  while (a) {
    uint64_t rest = b % a;
    b = a, a = rest;
  }
  return b;
}

/* ---- each dtype ---- */

#define T int8_t
#define U uint32_t
#define NAME(name) name##_i8
#include "scan_integers.h"
#define T int16_t
#define U uint32_t
#define NAME(name) name##_i16
#include "scan_integers.h"
#define T int32_t
#define U uint32_t
#define NAME(name) name##_i32
#include "scan_integers.h"
#define T int64_t
#define U uint64_t
#define NAME(name) name##_i64
#include "scan_integers.h"
#define T uint8_t
#define U uint32_t
#define NAME(name) name##_u8
#include "scan_integers.h"
#define T uint16_t
#define U uint32_t
#define NAME(name) name##_u16
#include "scan_integers.h"
#define T uint32_t
#define U uint32_t
#define NAME(name) name##_u32
#include "scan_integers.h"
#define T uint64_t
#define U uint64_t
#define NAME(name) name##_u64
#include "scan_integers.h"

/* Truths are 0 and 1: sums are `or`, products `and`. */
#define T uint8_t
#define NAME(name) name##_bool
#define ADD(a, b) ((a) | (b))
#define MULTIPLY(a, b) ((a) & (b))
#define SMALLER(a, b) ((a) & (b))
#define LARGER(a, b) ((a) | (b))
#define AND(a, b) ((a) & (b))
#define OR(a, b) ((a) | (b))
#define XOR(a, b) ((a) ^ (b))
#define GCD(a, b) (b)
#define EXACT 1
#include "scan_of.h"
#undef EXACT
#undef ADD
#undef MULTIPLY
#undef SMALLER
#undef LARGER
#undef AND
#undef OR
#undef XOR
#undef GCD

#define ADD(a, b) ((a) + (b))
#define MULTIPLY(a, b) ((a) * (b))
#define SMALLER(a, b) ((a) < (b) || isnan(a) ? (a) : (b))
#define LARGER(a, b) ((a) > (b) || isnan(a) ? (a) : (b))
#define T float
#define NAME(name) name##_f32
#include "scan_reals.h"
#define T double
#define NAME(name) name##_f64
#include "scan_reals.h"
#undef ADD
#undef MULTIPLY
#undef SMALLER
#undef LARGER

/* Each step is rounded to a half, as NumPy's. */
static inline uint16_t add_halves(uint16_t a, uint16_t b) {
  return ql_half_from_float(ql_half_to_float(a) + ql_half_to_float(b));
}
static inline uint16_t multiply_halves(uint16_t a, uint16_t b) {
  return ql_half_from_float(ql_half_to_float(a) * ql_half_to_float(b));
}
static inline uint16_t smaller_half(uint16_t a, uint16_t b) {
  float x = ql_half_to_float(a), y = ql_half_to_float(b);
  return x < y || isnan(x) ? a : b;
}
static inline uint16_t larger_half(uint16_t a, uint16_t b) {
  float x = ql_half_to_float(a), y = ql_half_to_float(b);
  return x > y || isnan(x) ? a : b;
}
#define ADD(a, b) add_halves(a, b)
#define MULTIPLY(a, b) multiply_halves(a, b)
#define SMALLER(a, b) smaller_half(a, b)
#define LARGER(a, b) larger_half(a, b)
#define T uint16_t
#define NAME(name) name##_f16
#include "scan_reals.h"
#undef ADD
#undef MULTIPLY
#undef SMALLER
#undef LARGER

typedef struct Complex64 {
  float re, im;
} Complex64;
typedef struct Complex128 {
  double re, im;
} Complex128;
#define T Complex64
#define NAME(name) name##_c64
#include "scan_complex.h"
#define T Complex128
#define NAME(name) name##_c128
#include "scan_complex.h"

#undef ALWAYS_INLINE

static void run_line(QlDtype dtype, const ScanLine *line) {
  switch (dtype) {
    case QL_BOOL: scan_bool(line); break;
    case QL_I8: scan_i8(line); break;
    case QL_I16: scan_i16(line); break;
    case QL_I32: scan_i32(line); break;
    case QL_I64: scan_i64(line); break;
    case QL_U8: scan_u8(line); break;
    case QL_U16: scan_u16(line); break;
    case QL_U32: scan_u32(line); break;
    case QL_U64: scan_u64(line); break;
    case QL_F16: scan_f16(line); break;
    case QL_F32: scan_f32(line); break;
    case QL_F64: scan_f64(line); break;
    case QL_C64: scan_c64(line); break;
    default: scan_c128(line); break;
  }
}

/* ---- lines of a box ---- */

/* The dimension along which lines lie closest beside each other, if that is closer than their own
 * elements; -1. */
static int side_of(const RoutineShape *shape, const JitCall *call, int axis) {
  const int64_t *step = call->stride + SCAN_INPUT * shape->rank;
  int side = -1;
  for (int r = 0; r < shape->rank; r++)
    if (r != axis && call->hi[r] - call->lo[r] > 1 &&
        (side < 0 || llabs(step[r]) < llabs(step[side])))
      side = r;
  return side >= 0 && llabs(step[side]) < llabs(step[axis]) ? side : -1;
}

void run_scan(const RoutineShape *shape, const JitCall *call) {
  int rank = shape->rank, axis = __builtin_ctz(shape->axes);
  int side = side_of(shape, call, axis);
  bool has_offsets = shape->operands > SCAN_OFFSETS;
  const int64_t *to = call->stride, *in = to + rank, *offsets = has_offsets ? in + rank : NULL;
  int64_t at[QL_MAX_DIMS];
  for (int r = 0; r < rank; r++)
    if (call->hi[r] <= call->lo[r]) return;
  memcpy(at, call->lo, (size_t)rank * sizeof *at);
  ScanLine line = {.op = (QlOp)call->param[0].i,
                   .from = shape->from,
                   .widens = shape->from != shape->dtype,
                   .part = (ScanPart)shape->part,
                   .lo = call->lo[axis],
                   .hi = call->hi[axis],
                   .to_step = to[axis],
                   .in_step = shape->part == SCAN_ADDS_TOTALS ? shape->along : in[axis],
                   .offsets_step = shape->along};
  for (;;) {
    line.to = call->base[SCAN_TARGET], line.in = call->base[SCAN_INPUT];
    line.offsets = has_offsets ? call->base[SCAN_OFFSETS] : NULL;
    for (int r = 0; r < rank; r++) {
      if (r == axis) continue;
      line.to += at[r] * to[r], line.in += at[r] * in[r];
      if (has_offsets) line.offsets += at[r] * offsets[r];
    }
    line.lines = 1;
    if (side >= 0) {
      line.lines = QL_MIN(call->hi[side] - at[side], SCAN_SIDE);
      line.to_side = to[side], line.in_side = in[side];
      line.offsets_side = has_offsets ? offsets[side] : 0;
    }
    run_line(shape->dtype, &line);
    int r = rank - 1;
    for (; r >= 0; r--) {
      if (r == axis) continue;
      if ((at[r] += r == side ? line.lines : 1) < call->hi[r]) break;
      at[r] = call->lo[r];
    }
    if (r < 0) return;
  }
}

/* ---- recording ---- */

/* The operation and the dtype in which it is computed. */
static QlStatus resolve(QlOp *op, const QlArray *array, QlDtype asked, QlDtype *dtype,
                        QlError *error) {
  QlDtype from = (QlDtype)array->dtype, result;
  QlKind kind = (QlKind)ql_dtype_info[from].kind;
  switch (*op) {
    case QL_OP_LOGICAL_AND: *op = QL_OP_BITWISE_AND, *dtype = QL_BOOL; return QL_OK;
    case QL_OP_LOGICAL_OR: *op = QL_OP_BITWISE_OR, *dtype = QL_BOOL; return QL_OK;
    case QL_OP_LOGICAL_XOR: *op = QL_OP_BITWISE_XOR, *dtype = QL_BOOL; return QL_OK;
    case QL_OP_ADD:
    case QL_OP_MULTIPLY:
      if (asked != QL_DTYPE_NONE) break;
      if (kind == QL_KIND_BOOL || kind == QL_KIND_INT) asked = QL_I64;
      if (kind == QL_KIND_UINT) asked = QL_U64;
      break;
    case QL_OP_MINIMUM:
    case QL_OP_MAXIMUM:
    case QL_OP_BITWISE_AND:
    case QL_OP_BITWISE_OR:
    case QL_OP_BITWISE_XOR:
    case QL_OP_GCD: break;
    default:
      return ql_fail(error, QL_ERR_TYPE, "%s has no scan: its order would matter",
                     ql_op_info[*op].name);
  }
  *dtype = asked == QL_DTYPE_NONE ? from : asked;
  return ql_op_types(*op, *dtype, dtype, &result, error);
}

/* Can elements be widened where they are read? */
static bool is_widened(QlDtype from, QlDtype to) {
  if (to != QL_I64 && to != QL_U64) return false;
  return ql_dtype_info[from].kind <= QL_KIND_UINT && ql_dtype_info[from].size < 8;
}

static QlStatus record(QlContext *ctx, QlOp op, QlArray *array, int axis, QlDtype dtype,
                       QlArray **result, QlError *error) {
  int order[QL_MAX_DIMS];
  QlStatus status =
      rt_order_of_copy(array, QL_ORDER_ITERATOR, order)
          ? rt_array_new_in_order(ctx, dtype, array->ndim, array->shape, order, result, error)
          : rt_array_new(ctx, dtype, array->ndim, array->shape, result, error);
  if (status) return status;
  rt_log_fresh(ctx, *result);
  if (!array->size) return QL_OK;
  RequestOperand operand[] = {request_array(LOG_WRITE, *result, array->ndim, (*result)->strides),
                              request_array(LOG_READ, array, array->ndim, array->strides),
                              request_scalar(QL_I64, (QlValue){.i = op})};
  if ((status = rt_call_along(ctx, ROUTINE_SCAN, 1u << axis, array, 3, operand, error)))
    ql_release(*result);
  return status;
}

QlStatus ql_scan(QlContext *ctx, QlOp op, QlArray *array, int axis, QlDtype asked, QlArray **result,
                 QlError *error) {
  QlDtype dtype;
  QlArray *taken = NULL;
  QL_TRY(rt_log_due(ctx, error));
  QL_TRY(rt_check_input(ctx, array, error));
  if (axis < 0 || axis >= array->ndim)
    return ql_fail(error, QL_ERR_VALUE, "a scan goes along an axis of the array");
  QL_TRY(resolve(&op, array, asked, &dtype, error));
  if (array->part || (array->dtype != dtype && !is_widened((QlDtype)array->dtype, dtype)))
    QL_TRY(ql_astype(ctx, array, dtype, QL_ORDER_ITERATOR, &taken, error));
  QlStatus status = record(ctx, op, taken ? taken : array, axis, dtype, result, error);
  ql_release(taken);
  return status;
}
