/* One operation on scalars, as NumPy computes it. This is the meaning of the IR's operators: the
 * interpreter and the constant folder call it, and compiled code gives the same bits. Where an
 * operation is a sequence of roundings, the comment above its function in eval_int.c, eval_real.c
 * or eval_complex.c lists the steps; whoever computes it elsewhere follows them.
 *
 * Values are canonical: integers extended to 64 bits, bits that the dtype does not use 0. */
#include "ir.h"

#include <assert.h>
#include <string.h>

QlValue ir_canonical(QlDtype dtype, QlValue value) {
  QlValue result = {.bits = {0, 0}};
  switch (dtype) {
    case QL_BOOL: result.u = value.bits[0] & 0xff ? 1 : 0; break;
    case QL_I8: result.i = (int8_t)value.i; break;
    case QL_I16: result.i = (int16_t)value.i; break;
    case QL_I32: result.i = (int32_t)value.i; break;
    case QL_U8: result.u = (uint8_t)value.u; break;
    case QL_U16:
    case QL_F16: result.u = (uint16_t)value.u; break;
    case QL_U32:
    case QL_F32: result.u = (uint32_t)value.u; break;
    case QL_C128: result.bits[1] = value.bits[1]; /* fall through */
    default: result.bits[0] = value.bits[0]; break;
  }
  return result;
}

QlValue ir_read(QlDtype dtype, const void *element) {
  QlValue value = {.bits = {0, 0}};
  memcpy(&value, element, ql_dtype_info[dtype].size); /* little-endian: the low bytes come first */
  return ir_canonical(dtype, value);
}

void ir_write(QlDtype dtype, void *element, QlValue value) {
  value = ir_canonical(dtype, value);
  memcpy(element, &value, ql_dtype_info[dtype].size);
}

/* bool: addition is "or", multiplication "and", as in NumPy. */
static QlValue eval_bool(QlOp op, const QlValue *args) {
  bool a = args[0].b, b = ql_op_info[op].arity > 1 && args[1].b, result = a;
  switch (op) {
    case QL_OP_ISNAN:
    case QL_OP_ISINF:
    case QL_OP_IMAG: result = false; break;
    case QL_OP_ISFINITE: result = true; break;
    case QL_OP_LOGICAL_NOT:
    case QL_OP_INVERT: result = !a; break;
    case QL_OP_ADD:
    case QL_OP_LOGICAL_OR:
    case QL_OP_BITWISE_OR:
    case QL_OP_MAXIMUM:
    case QL_OP_FMAX: result = a || b; break;
    case QL_OP_MULTIPLY:
    case QL_OP_LOGICAL_AND:
    case QL_OP_BITWISE_AND:
    case QL_OP_MINIMUM:
    case QL_OP_FMIN: result = a && b; break;
    case QL_OP_LOGICAL_XOR:
    case QL_OP_BITWISE_XOR:
    case QL_OP_NOT_EQUAL: result = a != b; break;
    case QL_OP_EQUAL: result = a == b; break;
    case QL_OP_LESS: result = a < b; break;
    case QL_OP_LESS_EQUAL: result = a <= b; break;
    case QL_OP_GREATER: result = a > b; break;
    case QL_OP_GREATER_EQUAL: result = a >= b; break;
    default:
      assert(ql_op_info[op].arity == 1);
      break; /* absolute, real, floor, ceil, trunc: the value itself */
  }
  return (QlValue){.bits = {result, 0}};
}

QlValue ir_eval(QlOp op, QlDtype loop, const QlValue *args) {
  assert(ir_has_loop(op, loop));
  if (op == QL_OP_SELECT) return args[0].b ? args[1] : args[2];
  switch (ql_dtype_info[loop].kind) {
    case QL_KIND_BOOL: return eval_bool(op, args);
    case QL_KIND_FLOAT: return ir_eval_real(op, loop, args);
    case QL_KIND_COMPLEX: return ir_eval_complex(op, loop, args);
    default: return ir_eval_int(op, loop, args);
  }
}

void ir_eval_elements(int32_t op, int32_t loop, const void *a, const void *b, void *result) {
  QlDtype dtype = (QlDtype)loop;
  QlValue args[2] = {ir_read(dtype, a), {.bits = {0, 0}}};
  if (ql_op_info[op].arity > 1) args[1] = ir_read(dtype, b);
  ir_write(ir_result((QlOp)op, dtype), result, ir_eval((QlOp)op, dtype, args));
}

/* ---- reductions ---- */

QlValue ir_reduce_combine(QlReduction reduction, QlDtype dtype, QlValue a, QlValue b) {
  return ir_eval((QlOp)ql_reduction_info[reduction].op, dtype, (QlValue[3]){a, b});
}
