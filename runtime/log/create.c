/* Making arrays: empty, full, ramp, and from the user's memory. */
#include "runtime.h"

#include <stdlib.h>
#include <string.h>

static QlStatus make_full(QlContext *ctx, QlDtype dtype, int ndim, const int64_t *shape,
                          const int *order, QlScalar value, QlArray **array, QlError *error) {
  QL_TRY(rt_log_due(ctx, error));
  QlArray *made;
  QL_TRY(order ? rt_array_new_in_order(ctx, dtype, ndim, shape, order, &made, error)
               : rt_array_new(ctx, dtype, ndim, shape, &made, error));
  rt_log_fresh(ctx, made);
  QlOperand operand = {.scalar = value};
  QlStatus status = ql_assign(ctx, made, &operand, error);
  ctx->log.at_end_of_assignment = false; /* it may be read at once, and never be stored */
  if (status)
    ql_release(made);
  else
    *array = made;
  return status;
}

QlStatus rt_empty_in_order(QlContext *ctx, QlDtype dtype, int ndim, const int64_t *shape,
                           const int *order, QlArray **array, QlError *error) {
  QlScalar value = {.dtype = dtype}; /* never shows old memory */
  if (QUELEA_CANARIES) value.value = rt_canary(dtype);
  return make_full(ctx, dtype, ndim, shape, order, value, array, error);
}

QlStatus ql_empty(QlContext *ctx, QlDtype dtype, int ndim, const int64_t *shape, QlArray **array,
                  QlError *error) {
  return rt_empty_in_order(ctx, dtype, ndim, shape, NULL, array, error);
}

QlStatus ql_full(QlContext *ctx, QlDtype dtype, int ndim, const int64_t *shape, QlScalar value,
                 QlArray **array, QlError *error) {
  return make_full(ctx, dtype, ndim, shape, NULL, value, array, error);
}

QlStatus ql_ramp(QlContext *ctx, QlDtype dtype, int ndim, const int64_t *shape, int axis,
                 QlScalar start, QlScalar step, QlArray **array, QlError *error) {
  if (axis < 0 || axis >= ndim)
    return ql_fail(error, QL_ERR_VALUE, "axis %d is out of bounds for array of dimension %d", axis,
                   ndim);
  QL_TRY(rt_log_due(ctx, error));
  QlArray *made;
  QL_TRY(rt_array_new(ctx, dtype, ndim, shape, &made, error));
  rt_log_fresh(ctx, made);
  RequestOperand operand[] = {
      request_array(LOG_WRITE, made, ndim, made->strides),
      request_scalar(dtype, ql_convert(start.dtype, start.value, dtype)),
      request_scalar(dtype, ql_convert(step.dtype, step.value, dtype)),
  };
  LogRequest request = {.kind = STATEMENT_RAMP,
                        .loop = dtype,
                        .axes = 1u << axis,
                        .ndim = ndim,
                        .shape = shape,
                        .operands = 3,
                        .operand = operand};
  QlStatus status = made->size ? rt_log_append(ctx, &request, error) : QL_OK;
  if (status)
    ql_release(made);
  else
    *array = made;
  return status;
}

/* A copy of this rank's part, behind the struct, for when the statement is executed. */
static ImportPart *copy_part(const Box *box, int ndim, const int64_t *shape, size_t item,
                             const void *data, const int64_t *stride) {
  size_t bytes = (size_t)box_volume(ndim, box) * item;
  ImportPart *part = malloc(sizeof *part + bytes + 16);
  if (!part) return NULL;
  int64_t extent[QL_MAX_DIMS];
  Box whole = box_of_shape(ndim, shape);
  part->box = *box;
  part->data = (char *)(((uintptr_t)(part + 1) + 15) / 16 * 16);
  for (int a = 0; a < ndim; a++) extent[a] = box->hi[a] - box->lo[a];
  c_strides(ndim, extent, (int64_t)item, part->stride);
  box_copy(ndim, box, item, part->data, box, part->stride, data, &whole, stride);
  return part;
}

/* The user's memory itself, for a statement that is executed before it can change. */
static ImportPart *see_whole(int ndim, const int64_t *shape, const void *data,
                             const int64_t *stride) {
  ImportPart *part = malloc(sizeof *part);
  if (!part) return NULL;
  part->box = box_of_shape(ndim, shape);
  part->data = (char *)(uintptr_t)data;
  memcpy(part->stride, stride, (size_t)ndim * sizeof *stride);
  return part;
}

enum { WHOLLY_COMPARED = 16 << 10, SAMPLES = 512 };

/* Contract C4: what enters is compared between the ranks, as bytes in C order: all of it when it is
 * small or QUELEA_CHECK is set, else elements at even distances. */
static uint64_t hash_contents(QlContext *ctx, int ndim, const int64_t *shape, int64_t size,
                              size_t item, const char *data, const int64_t *from) {
  char element[16];
  uint64_t hash = (uint64_t)size;
  if (ctx->info->size == 1) return 0;
  int64_t step = ctx->params.check || size * (int64_t)item <= WHOLLY_COMPARED ? 1 : size / SAMPLES;
  for (int64_t k = 0; k < size; k += step) {
    const char *at = data;
    int64_t rest = k;
    for (int a = ndim - 1; a >= 0; a--) at += rest % shape[a] * from[a], rest /= shape[a];
    memcpy(element, at, item);
    hash = ql_hash_bytes(hash, element, item);
  }
  return hash;
}

enum {
  IMPORT_AT_ONCE = 1 << 20
}; /* bytes from which on a second copy costs more than an execution of the log */

/* All that takes memory. */
static QlStatus prepare_import(QlContext *ctx, QlArray *made, const void *data,
                               const int64_t *stride, bool at_once, ImportPart **part,
                               QlError *error) {
  Storage *storage = made->storage;
  int ndim = made->ndim;
  const int64_t *shape = made->shape;
  size_t item = ql_dtype_info[made->dtype].size;
  if (!(storage->layout = rt_layout_for_storage(ctx, storage, error))) return QL_ERR_MEMORY;
  QL_TRY(rt_log_reserve(ctx, 1, error));
  Box box = rt_layout_rank(ctx, storage->layout, ndim, shape);
  *part = at_once ? see_whole(ndim, shape, data, stride)
                  : copy_part(&box, ndim, shape, item, data, stride);
  if (*part) return QL_OK;
  return ql_fail(error, QL_ERR_MEMORY, "out of memory for a copy of an array that enters (%s)",
                 ql_bytes_text(made->size * (int64_t)item).text);
}

/* With a part it is recorded; without, executed at once, if the immediate path is for it. */
static bool import(QlContext *ctx, const QlArray *made, const void *data, const int64_t *stride,
                   ImportPart *part, QlStatus *status, QlError *error) {
  if (!part && !rt_immediate_takes(ctx, made)) return false;
  uint64_t contents = hash_contents(ctx, made->ndim, made->shape, made->size,
                                    ql_dtype_info[made->dtype].size, data, stride);
  RequestOperand operand[] = {request_array(LOG_WRITE, made, made->ndim, made->strides),
                              request_scalar(QL_U64, (QlValue){.u = contents})};
  LogRequest request = {.kind = STATEMENT_IMPORT,
                        .loop = (QlDtype)made->dtype,
                        .ndim = made->ndim,
                        .shape = made->shape,
                        .operands = 2,
                        .operand = operand,
                        .payload = part};
  if (!part) return rt_immediate_import(ctx, &request, data, stride, status, error);
  *status = rt_log_append(ctx, &request, error);
  return true;
}

static int64_t bytes_of(QlDtype dtype, int ndim, const int64_t *shape) {
  int64_t bytes = ql_dtype_info[dtype].size;
  for (int a = 0; a < ndim; a++) bytes *= shape[a];
  return bytes;
}

QlStatus ql_import(QlContext *ctx, QlDtype dtype, int ndim, const int64_t *shape, const void *data,
                   const int64_t *byte_strides, QlArray **array, QlError *error) {
  QL_ERROR(local);
  if (!error) error = &local;
  QL_TRY(rt_log_due(ctx, error));
  uint64_t next_template = ctx->next_template;
  QlArray *made = NULL;
  ImportPart *part = NULL;
  QlStatus status = rt_array_new(ctx, dtype, ndim, shape, &made, error);
  if (status && status != QL_ERR_MEMORY) return status;
  int64_t bytes = bytes_of(dtype, ndim, shape), stride[QL_MAX_DIMS];
  bool at_once = bytes >= IMPORT_AT_ONCE;
  c_strides(ndim, shape, ql_dtype_info[dtype].size, stride);
  if (byte_strides) memcpy(stride, byte_strides, (size_t)ndim * sizeof *stride);
  if (!status && bytes && import(ctx, made, data, stride, NULL, &status, error)) goto done;
  if (!status && bytes) status = prepare_import(ctx, made, data, stride, at_once, &part, error);
  if (at_once) status = rt_agree_status(ctx, status, error);
  if (status) {
    if (!at_once) (void)rt_history_lacks(ctx, "an array that enters", NULL);
    free(part), ql_release(made);
    ctx->next_template = next_template;
    return status;
  }
  if (bytes) (void)import(ctx, made, data, stride, part, &status, error);
  if (!status && at_once) status = rt_flush(ctx, error);
done:
  if (status)
    ql_release(made);
  else
    *array = made;
  return status;
}
