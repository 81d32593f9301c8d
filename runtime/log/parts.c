/* Views of the real or imaginary parts of complex arrays. Storages hold whole elements, and so do
 * the statements of the log: one that reads or writes a part becomes several. What they store in
 * between is dead, and computed inside its readers.
 *
 *     z.imag[:] = z.real + 1        t = real(z);  u = t + 1;  w = real(z);  z = from_parts(w, u)
 */
#include "runtime.h"

#include <string.h>

bool rt_parts_in(const LogRequest *request) {
  if (request->target->part) return true;
  for (int k = 0; k < request->inputs; k++)
    if (request->input[k].array && request->input[k].array->part) return true;
  return false;
}

/* A new array of the statement's domain; `stride` is that of C order. */
static QlStatus make_temporary(QlContext *ctx, const LogRequest *of, QlDtype dtype, QlArray **made,
                               QlError *error) {
  QL_TRY(rt_array_new(ctx, dtype, of->ndim, of->shape, made, error));
  rt_log_fresh(ctx, *made);
  return QL_OK;
}

/* Whole elements of what a handle shows the parts of. */
static QlArray whole_of(const QlArray *part) {
  QlArray whole = *part;
  whole.dtype = part->storage->dtype, whole.part = QL_PART_ALL;
  return whole;
}

/* Records the part of complex elements, in a new array of the statement's domain. */
static QlStatus read_part(QlContext *ctx, const LogRequest *of, const QlArray *array,
                          const int64_t *stride, QlPart part, QlArray **made, QlError *error) {
  QlArray whole = whole_of(array);
  QL_TRY(make_temporary(ctx, of, (QlDtype)ql_dtype_info[whole.dtype].part, made, error));
  LogRequest read = {.kind = STATEMENT_MAP,
                     .op = part == QL_PART_REAL ? QL_OP_REAL : QL_OP_IMAG,
                     .loop = whole.dtype,
                     .ndim = of->ndim,
                     .inputs = 1,
                     .shape = of->shape,
                     .target = *made,
                     .target_stride = (*made)->strides};
  read.input[0] = (LogOperand){.array = &whole, .stride = stride};
  QlStatus status = rt_log_append(ctx, &read, error);
  if (status) ql_release(*made), *made = NULL;
  return status;
}

/* Records the new elements of the target: `value` and the part that stays. */
static QlStatus write_part(QlContext *ctx, const LogRequest *of, const QlArray *value,
                           QlError *error) {
  QlArray whole = whole_of(of->target), *stays = NULL;
  bool is_real = of->target->part == QL_PART_REAL;
  QL_TRY(read_part(ctx, of, of->target, of->target_stride, is_real ? QL_PART_IMAG : QL_PART_REAL,
                   &stays, error));
  LogRequest write = {.kind = STATEMENT_MAP,
                      .op = QL_OP_FROM_PARTS,
                      .loop = whole.dtype,
                      .ndim = of->ndim,
                      .inputs = 2,
                      .shape = of->shape,
                      .target = &whole,
                      .target_stride = of->target_stride};
  write.input[!is_real] = (LogOperand){.array = value, .stride = value->strides};
  write.input[is_real] = (LogOperand){.array = stays, .stride = stays->strides};
  QlStatus status = rt_log_append(ctx, &write, error);
  ql_release(stays);
  return status;
}

QlStatus rt_parts_append(QlContext *ctx, const LogRequest *request, QlError *error) {
  LogRequest r = *request;
  QlArray *made[4] = {NULL};
  QlStatus status = QL_OK;
  for (int k = 0; k < r.inputs && !status; k++) {
    const QlArray *array = r.input[k].array;
    if (!array || !array->part) continue;
    status =
        read_part(ctx, request, array, r.input[k].stride, (QlPart)array->part, &made[k], error);
    if (!status) r.input[k].array = made[k], r.input[k].stride = made[k]->strides;
  }
  if (!status && r.target->part &&
      !(status = make_temporary(ctx, request, (QlDtype)r.target->dtype, &made[3], error)))
    r.target = made[3], r.target_stride = made[3]->strides;
  if (!status) status = rt_log_append(ctx, &r, error);
  if (!status && made[3]) status = write_part(ctx, request, made[3], error);
  for (int k = 0; k < 4; k++) ql_release(made[k]);
  return status;
}
