/* Making arrays: empty, full, ramp, and from the user's memory. */
#include "record.h"

#include <stdlib.h>
#include <string.h>

QlStatus ql_empty(QlContext *ctx, QlDtype dtype, int ndim, const int64_t *shape, QlArray **array, QlError *error) {
  QlScalar value = {.dtype = dtype}; /* never shows old memory */
  if (QUELEA_CANARIES) value.value = rt_canary(dtype);
  return ql_full(ctx, dtype, ndim, shape, value, array, error);
}

QlStatus ql_full(QlContext *ctx, QlDtype dtype, int ndim, const int64_t *shape, QlScalar value, QlArray **array,
                 QlError *error) {
  QL_TRY(rt_log_due(ctx, error));
  QlArray *made;
  QL_TRY(rt_array_new(ctx, dtype, ndim, shape, &made, error));
  ctx->log.fresh_bytes += made->size * ql_dtype_info[dtype].size;
  QlOperand operand = {.scalar = value};
  QlStatus status = ql_assign(ctx, made, &operand, error);
  if (status) ql_release(made);
  else *array = made;
  return status;
}

QlStatus ql_ramp(QlContext *ctx, QlDtype dtype, int ndim, const int64_t *shape, int axis, QlScalar start, QlScalar step,
                 QlArray **array, QlError *error) {
  QL_TRY(rt_log_due(ctx, error));
  QlArray *made;
  QL_TRY(rt_array_new(ctx, dtype, ndim, shape, &made, error));
  ctx->log.fresh_bytes += made->size * ql_dtype_info[dtype].size;
  LogRequest request = {.kind = STATEMENT_RAMP, .loop = dtype, .axis = axis, .ndim = ndim, .shape = shape, .target = made,
                        .target_stride = made->strides, .inputs = 2};
  request.input[0] = (LogOperand){.value = ql_convert(start.dtype, start.value, dtype), .dtype = dtype};
  request.input[1] = (LogOperand){.value = ql_convert(step.dtype, step.value, dtype), .dtype = dtype};
  QlStatus status = made->size ? rt_log_append(ctx, &request, error) : QL_OK;
  if (status) ql_release(made);
  else *array = made;
  return status;
}

/* This rank's part: the hull of what its workers own. */
static Box part_of_rank(QlContext *ctx, const Layout *layout, int ndim, const int64_t *shape) {
  if (!layout->template) return box_of_shape(ndim, shape);
  Box part = {{0}, {0}};
  int threads = ctx->info->threads, first = ctx->info->node_rank * threads;
  for (int t = 0; t < threads; t++) {
    Box box = rt_layout_worker(layout, ndim, shape, first + t);
    box_hull(ndim, &part, &box);
  }
  return part;
}

QlStatus ql_import(QlContext *ctx, QlDtype dtype, int ndim, const int64_t *shape, const void *data,
                   const int64_t *byte_strides, QlArray **array, QlError *error) {
  QL_TRY(rt_log_due(ctx, error));
  QlArray *made;
  QL_TRY(rt_array_new(ctx, dtype, ndim, shape, &made, error));
  QlStatus status = QL_OK;
  ImportPart *part = NULL;
  Storage *storage = made->storage;
  size_t item = ql_dtype_info[dtype].size;
  if (made->size == 0) goto done;
  if (!(storage->layout = rt_layout_for_storage(ctx, storage, error))) {
    status = QL_ERR_MEMORY;
    goto done;
  }
  Box box = part_of_rank(ctx, storage->layout, ndim, shape), whole = box_of_shape(ndim, shape);
  size_t bytes = (size_t)box_volume(ndim, &box) * item;
  if (!(part = malloc(sizeof *part + bytes + 16))) {
    status = ql_fail(error, QL_ERR_MEMORY, "out of memory for a copy of an array that enters (%.1f MB)", (double)bytes / 1e6);
    goto done;
  }
  int64_t extent[QL_MAX_DIMS], from_stride[QL_MAX_DIMS];
  part->box = box;
  part->data = (char *)(((uintptr_t)(part + 1) + 15) / 16 * 16);
  for (int a = 0; a < ndim; a++) extent[a] = box.hi[a] - box.lo[a];
  c_strides(ndim, extent, (int64_t)item, part->stride);
  if (byte_strides) memcpy(from_stride, byte_strides, (size_t)ndim * sizeof *from_stride);
  else c_strides(ndim, shape, (int64_t)item, from_stride);
  box_copy(ndim, &box, item, part->data, &box, part->stride, data, &whole, from_stride);
  if (ctx->params.check) {
    /* Contract C4: what enters is compared by content. Only the layout that all ranks share can be compared: bytes in C order. */
    char *all = malloc((size_t)made->size * item);
    if (all) {
      int64_t stride[QL_MAX_DIMS];
      c_strides(ndim, shape, (int64_t)item, stride);
      box_copy(ndim, &whole, item, all, &whole, stride, data, &whole, from_stride);
      ctx->log.imports = ql_mix(ctx->log.imports, ql_hash_bytes(1, all, (size_t)made->size * item));
      free(all);
    }
  }
  LogRequest request = {.kind = STATEMENT_IMPORT, .loop = dtype, .ndim = ndim, .shape = shape, .target = made,
                        .target_stride = made->strides, .payload = part};
  status = rt_log_append(ctx, &request, error);
done:
  if (status) free(part), ql_release(made);
  else *array = made;
  return status;
}
