/* Numbers that a dtype may not hold. What is known of them when a function is lowered is refused
 * there; what is not is NumPy's rule, as far as it costs nothing where it holds:
 *
 *     known integer of Python's     300 into uint8         refused, as NumPy raises OverflowError
 *     other integer of Python's     n into uint8           wraps, where NumPy raises
 *     known float of Python's       1e30, nan into int32   refused
 *     other float of Python's       s into int32, uint8    raises ValueError, OverflowError
 *     float of NumPy's              x[i] into int32        raises when it is stored as an element
 *                                   x[i] into uint8        C's conversion, as NumPy's
 *     arrays of floats              y[:] = x               C's conversion, as NumPy's */
#include "lower.h"

#include <math.h>

/* ---- floats that become integers ---- */

/* The whole numbers of a dtype lie between these, both left out: but of int64, whose least one is
 * the first bound itself. */
typedef struct Bounds {
  double low, high;
  bool has_low; /* the first bound is one of them */
} Bounds;

static Bounds bounds_of(QlDtype dtype) {
  int bits = 8 * ql_dtype_info[dtype].size;
  if (ql_dtype_info[dtype].kind == QL_KIND_UINT) return (Bounds){-1, ldexp(1, bits), false};
  double end = ldexp(1, bits - 1);
  return bits == 64 ? (Bounds){-end, end, true} : (Bounds){-end - 1, end, false};
}

static bool is_whole(QlDtype dtype) {
  return ql_dtype_info[dtype].kind == QL_KIND_INT || ql_dtype_info[dtype].kind == QL_KIND_UINT;
}

static bool is_float(const Value *value) {
  return value->kind == JIT_SCALAR && ql_dtype_info[value->dtype].kind == QL_KIND_FLOAT;
}

static JitRef number(Lower *l, double value) {
  return jit_const(l->fn, QL_F64, (QlValue){.d = value});
}

/* Of int64 by one comparison, though the least number is outside: it is looked at again. */
static JitRef is_within(Lower *l, JitRef wide, Bounds bounds) {
  if (bounds.has_low)
    return low_op(l, QL_OP_LESS, low_op1(l, QL_OP_ABSOLUTE, wide), number(l, bounds.high));
  return low_op(l, QL_OP_LOGICAL_AND, low_op(l, QL_OP_GREATER, wide, number(l, bounds.low)),
                low_op(l, QL_OP_LESS, wide, number(l, bounds.high)));
}

/* What is no number of the dtype raises, as Python's int() does; `text`: of one that is too large.
 */
static void check_float(Lower *l, const Node *node, JitRef wide, QlDtype dtype, const char *text) {
  Bounds bounds = bounds_of(dtype);
  JitBlock bad = jit_block_new(l->fn), good = jit_block_new(l->fn);
  jit_branch(l->fn, is_within(l, wide, bounds), good, bad);
  jit_block_open(l->fn, bad);
  low_raise_if(l, node, low_op1(l, QL_OP_ISNAN, wide), "ValueError",
               "cannot convert float NaN to integer");
  low_raise_if(l, node, low_op1(l, QL_OP_ISINF, wide), "OverflowError",
               "cannot convert float infinity to integer");
  Variable *now = l->frame->now;
  JitRef differs = low_op(l, QL_OP_NOT_EQUAL, wide, number(l, bounds.low));
  low_raise_if(l, node, bounds.has_low ? differs : (JitRef){0}, "OverflowError", text);
  if (bounds.has_low) jit_jump(l->fn, good);
  jit_block_open(l->fn, good);
  l->frame->now = now;
}

Value low_int_of_float(Lower *l, const Node *node, const Value *value) {
  static const JitType weak_int = {.kind = JIT_SCALAR, .dtype = QL_I64, .weak = true};
  Bounds bounds = bounds_of(QL_I64);
  double known = value->constant.d;
  if (value->known && known >= bounds.low && known < bounds.high)
    return low_convert(l, value, &weak_int);
  Value wide = low_scalar(QL_F64, true, low_ref(l, value));
  check_float(l, node, wide.ref, QL_I64, "a float too large for an int, which has 64 bits in @jit");
  return low_convert(l, &wide, &weak_int);
}

static const char *misfit_of_float(Lower *l, double value, QlDtype dtype) {
  Bounds bounds = bounds_of(dtype);
  bool within = (bounds.has_low ? value >= bounds.low : value > bounds.low) && value < bounds.high;
  if (isnan(value)) return "cannot convert float NaN to integer";
  if (isinf(value)) return "cannot convert float infinity to integer";
  return within ? NULL : low_text(l, "float %g out of bounds for %s", value, ql_dtype_name(dtype));
}

/* ---- what fits ---- */

/* Why one of Python's numbers, where it is known, is none of the dtype; NULL: it is one. */
static const char *misfit(Lower *l, const Value *value, QlDtype dtype) {
  if (value->kind != JIT_SCALAR || !value->known || !value->weak) return NULL;
  if (value->dtype == QL_F64)
    return is_whole(dtype) ? misfit_of_float(l, value->constant.d, dtype) : NULL;
  QL_ERROR(error);
  QlScalar scalar = {.dtype = QL_I64, .weak = true, .value = value->constant};
  if (value->dtype != QL_I64 || ql_weak_fits(dtype, &scalar, &error) == QL_OK) return NULL;
  return low_text(l, "%s", error.text);
}

static bool fits(Lower *l, const Node *node, const Value *value, QlDtype dtype, bool of_numpy) {
  const char *why = misfit(l, value, dtype);
  if (why) {
    low_refuse(l, node, "QJ369", why, "store a number that fits, or use a wider dtype");
    return false;
  }
  bool checked = is_float(value) && !value->known && is_whole(dtype) && !low_dead(l);
  if (!checked || !(value->weak || of_numpy)) return true;
  JitRef wide = jit_cast(l->fn, value->ref, QL_F64, low_source(l));
  check_float(l, node, wide, dtype,
              low_text(l, "a float out of bounds for %s", ql_dtype_name(dtype)));
  return true;
}

bool low_fits(Lower *l, const Node *node, const Value *value, QlDtype dtype) {
  return fits(l, node, value, dtype, false);
}

bool low_can_store(Lower *l, const Node *node, const Value *value, QlDtype dtype) {
  return fits(l, node, value, dtype, ql_dtype_info[dtype].kind == QL_KIND_INT);
}

Value low_refuse_torn(Lower *l, const Node *node, const char *name) {
  return low_refuse(l, node, "QJ303",
                    low_text(l,
                             "%s is a uint64 on one way through the program and on another an "
                             "integer that may be negative: no dtype holds both",
                             name),
                    "convert on one way: np.uint64(x), np.int64(x); or use two names");
}
