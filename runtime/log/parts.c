/* Views of the real or imaginary parts of complex arrays, and of bits as elements of another dtype.
 * Storages hold whole elements of one dtype, and so do the statements of the log: one that reads or
 * writes such a view becomes several. What they store in between is dead, and computed inside its
 * readers.
 *
 *     z.imag[:] = z.real + 1        t = real(z);  u = t + 1;  w = real(z);  z = from_parts(w, u)
 *     x.view("u4")[:] |= 1          t = bits(x);  u = t | 1;  x = from_bits(u)
 */
#include "runtime.h"

#include <assert.h>
#include <string.h>

bool rt_parts_in(const LogRequest *request) {
  for (int k = 0; k < request->operands; k++)
    if (request->operand[k].array && request->operand[k].array->part) return true;
  return false;
}

/* A new array of the statement's domain; `stride` is that of C order. */
static QlStatus make_temporary(QlContext *ctx, const LogRequest *of, QlDtype dtype, QlArray **made,
                               QlError *error) {
  QL_TRY(rt_array_new(ctx, dtype, of->ndim, of->shape, made, error));
  rt_log_fresh(ctx, *made);
  return QL_OK;
}

QlArray rt_whole_of(const QlArray *part) {
  QlArray whole = *part;
  whole.dtype = part->storage->dtype, whole.part = QL_PART_ALL;
  return whole;
}

/* Which statement makes of an element one of another dtype with the same bits: integers and bools
 * are cast, floats become unsigned integers first. */
static LogRequest same_bits(QlDtype from, QlDtype to) {
  if (ql_dtype_info[from].kind == QL_KIND_FLOAT)
    return (LogRequest){.kind = STATEMENT_MAP, .op = QL_OP_BITS, .loop = from};
  if (ql_dtype_info[to].kind == QL_KIND_FLOAT)
    return (LogRequest){
        .kind = STATEMENT_MAP, .op = QL_OP_FROM_BITS, .loop = ql_op_result(QL_OP_BITS, to)};
  return (LogRequest){.kind = STATEMENT_COPY, .loop = to};
}

static LogRequest part_of(const QlArray *whole, QlPart part) {
  return (LogRequest){.kind = STATEMENT_MAP,
                      .op = part == QL_PART_REAL ? QL_OP_REAL : QL_OP_IMAG,
                      .loop = whole->dtype};
}

QlStatus rt_parts_read(QlContext *ctx, const QlArray *array, QlPart part, int ndim,
                       const int64_t *shape, const int64_t *stride, const QlArray *made,
                       QlError *error) {
  QlArray whole = rt_whole_of(array);
  LogRequest read = part == QL_PART_BITS ? same_bits((QlDtype)whole.dtype, (QlDtype)made->dtype)
                                         : part_of(&whole, part);
  RequestOperand operand[] = {request_array(LOG_WRITE, made, ndim, made->strides),
                              request_array(LOG_READ, &whole, ndim, stride)};
  read.ndim = ndim, read.shape = shape, read.operands = 2, read.operand = operand;
  return rt_log_append(ctx, &read, error);
}

/* Records what the view shows, in a new array of the statement's domain. */
static QlStatus read_part(QlContext *ctx, const LogRequest *of, const QlArray *array,
                          const int64_t *stride, QlPart part, QlArray **made, QlError *error) {
  QL_TRY(make_temporary(ctx, of, (QlDtype)array->dtype, made, error));
  QlStatus status = rt_parts_read(ctx, array, part, of->ndim, of->shape, stride, *made, error);
  if (status) ql_release(*made), *made = NULL;
  return status;
}

/* Records the new elements of the target: the bits of `value`. */
static QlStatus write_bits(QlContext *ctx, const LogRequest *of, const QlArray *value,
                           QlError *error) {
  const RequestOperand *target = &of->operand[0];
  QlArray whole = rt_whole_of(target->array);
  RequestOperand operand[] = {request_array(LOG_WRITE, &whole, of->ndim, target->stride),
                              request_array(LOG_READ, value, of->ndim, value->strides)};
  LogRequest write = same_bits((QlDtype)value->dtype, (QlDtype)whole.dtype);
  write.ndim = of->ndim, write.shape = of->shape, write.operands = 2, write.operand = operand;
  return rt_log_append(ctx, &write, error);
}

/* Records the new elements of the target: `value` and the part that stays. */
static QlStatus write_part(QlContext *ctx, const LogRequest *of, const QlArray *value,
                           QlError *error) {
  const RequestOperand *target = &of->operand[0];
  QlArray whole = rt_whole_of(target->array), *stays = NULL;
  if (target->array->part == QL_PART_BITS) return write_bits(ctx, of, value, error);
  bool is_real = target->array->part == QL_PART_REAL;
  QL_TRY(read_part(ctx, of, target->array, target->stride, is_real ? QL_PART_IMAG : QL_PART_REAL,
                   &stays, error));
  const QlArray *real = is_real ? value : stays, *imag = is_real ? stays : value;
  RequestOperand operand[] = {request_array(LOG_WRITE, &whole, of->ndim, target->stride),
                              request_array(LOG_READ, real, of->ndim, real->strides),
                              request_array(LOG_READ, imag, of->ndim, imag->strides)};
  LogRequest write = {.kind = STATEMENT_MAP,
                      .op = QL_OP_FROM_PARTS,
                      .loop = whole.dtype,
                      .ndim = of->ndim,
                      .shape = of->shape,
                      .operands = 3,
                      .operand = operand};
  QlStatus status = rt_log_append(ctx, &write, error);
  ql_release(stays);
  return status;
}

QlStatus rt_parts_append(QlContext *ctx, const LogRequest *request, QlError *error) {
  RequestOperand operand[LOG_OPERANDS];
  LogRequest r = *request;
  QlArray *made[LOG_OPERANDS] = {NULL};
  QlStatus status = QL_OK;
  assert(r.operands <= LOG_OPERANDS);
  r.operand = memcpy(operand, request->operand, (size_t)r.operands * sizeof *operand);
  for (int n = 1; n <= r.operands && !status; n++) {
    int k = n % r.operands; /* the inputs, then the target */
    const QlArray *array = operand[k].array;
    if (!array || !array->part) continue;
    status = k == 0 ? make_temporary(ctx, request, (QlDtype)array->dtype, &made[0], error)
                    : read_part(ctx, request, array, operand[k].stride, (QlPart)array->part,
                                &made[k], error);
    if (!status) operand[k].array = made[k], operand[k].stride = made[k]->strides;
  }
  if (!status) status = rt_log_append(ctx, &r, error);
  if (!status && made[0]) status = write_part(ctx, request, made[0], error);
  for (int k = 0; k < r.operands; k++) ql_release(made[k]);
  return status;
}
