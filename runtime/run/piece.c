/* The pieces of arrays that ranks hold, for files: each rank writes its piece of an array, and a
 * new one is made of what each has read.
 *
 *     writing   a node's part is cut among its ranks: their pieces tile the array, or what a view
 *               shows of it (rank 0 has all of an array that is replicated)
 *
 *     reading   what the workers of a rank own of a new array of that shape; where that is no box,
 *               the hull of it, of which others have something too */
#include "runtime.h"

#include <stdlib.h>
#include <string.h>

static void give_box(int ndim, const Box *box, int64_t *lo, int64_t *hi) {
  memcpy(lo, box->lo, (size_t)ndim * sizeof *lo), memcpy(hi, box->hi, (size_t)ndim * sizeof *hi);
}

bool ql_is_whole(const QlArray *array) {
  const Storage *storage = array->storage;
  int64_t stride[QL_MAX_DIMS];
  c_strides(array->ndim, array->shape, 1, stride);
  return !array->part && array->ndim == storage->ndim && array->offset == 0 &&
         !memcmp(array->shape, storage->shape, (size_t)array->ndim * sizeof *array->shape) &&
         !memcmp(array->strides, stride, (size_t)array->ndim * sizeof *stride);
}

/* ---- writing ---- */

/* Along the first axis with something for each rank of the node, or the last. */
static Box share_of_rank(const CommInfo *info, int ndim, Box box) {
  int a = 0;
  while (a < ndim - 1 && box.hi[a] - box.lo[a] < info->node_size) a++;
  int64_t lo = box.lo[a], extent = box.hi[a] - lo;
  box.lo[a] = lo + part_start(extent, info->node_rank, info->node_size);
  box.hi[a] = lo + part_start(extent, info->node_rank + 1, info->node_size);
  return box;
}

/* Cuts what a view shows to that which lies in a box of its storage. False: none of it does. */
static bool cut_view(int ndim, const AxisMap *axes, const Box *owned, Box *box) {
  for (int a = 0; a < ndim; a++) {
    int r = axes[a].dim;
    if (r < 0 && (axes[a].start < owned->lo[a] || axes[a].start >= owned->hi[a])) return false;
    if (r < 0) continue;
    bool up = axes[a].step > 0;
    Interval within = {axis_crossing(&axes[a], up ? owned->lo[a] : owned->hi[a]),
                       axis_crossing(&axes[a], up ? owned->hi[a] : owned->lo[a])};
    box->lo[r] = QL_MAX(box->lo[r], within.lo), box->hi[r] = QL_MIN(box->hi[r], within.hi);
    if (box->lo[r] >= box->hi[r]) return false;
  }
  return true;
}

static bool axes_of(const QlArray *array, AxisMap *axes) {
  const Storage *storage = array->storage;
  return view_axes(array->ndim, array->shape, array->strides, array->offset, storage->ndim,
                   storage->shape, axes);
}

QlStatus ql_piece(QlArray *array, int64_t *lo, int64_t *hi, QlError *error) {
  QlContext *ctx = array->context;
  const Storage *storage = array->storage;
  AxisMap axes[QL_MAX_DIMS];
  QL_ERROR(local);
  if (!error) error = &local;
  bool several = ctx->info->node_count > 1;
  bool is_box = axes_of(array, axes) && (array->ndim || !storage->ndim); /* an element has no box */
  if (several && !is_box)
    return ql_fail(
        error, QL_ERR_STATE,
        "between nodes pieces are those of arrays, or of views that lie in them as boxes");
  QL_TRY(ql_settle(array, error));
  Box box = box_of_shape(array->ndim, array->shape);
  bool mine = ctx->info->rank == 0;
  if (array->size && storage->layout->template) {
    Box owned = rt_layout_node(storage->layout, storage->ndim, storage->shape, ctx->info->node);
    mine = !several || cut_view(storage->ndim, axes, &owned, &box);
    if (mine && array->ndim) box = share_of_rank(ctx->info, array->ndim, box);
    rt_wait_node(ctx);
  }
  for (int a = 0; a < array->ndim && !mine; a++) box.hi[a] = box.lo[a] = 0;
  give_box(array->ndim, &box, lo, hi);
  return QL_OK;
}

/* Where this node holds the element of a view at lo, and bytes from one to the next. */
static const char *address_of(const QlArray *array, const int64_t *lo, int64_t *stride) {
  const Storage *storage = array->storage;
  const Block *block = storage->block;
  int64_t item = (int64_t)ql_dtype_info[storage->dtype].size, at = 0;
  AxisMap axes[QL_MAX_DIMS];
  for (int r = 0; r < array->ndim; r++) stride[r] = 0;
  if (axes_of(array, axes)) {
    for (int a = 0; a < storage->ndim; a++) {
      const AxisMap *axis = &axes[a];
      int64_t index = axis->start + (axis->dim < 0 ? 0 : axis->step * lo[axis->dim]);
      at += (index - block->alloc.lo[a]) * block->stride[a];
      if (axis->dim >= 0) stride[axis->dim] = axis->step * block->stride[a];
    }
  } else { /* on one node, where blocks are in C order */
    at = array->offset * item;
    for (int r = 0; r < array->ndim; r++)
      stride[r] = array->strides[r] * item, at += lo[r] * stride[r];
  }
  if (array->part == QL_PART_IMAG) at += (int64_t)ql_dtype_info[array->dtype].size;
  return block->data + at;
}

void ql_piece_read(const QlArray *array, const int64_t *lo, const int64_t *hi, void *host) {
  size_t item = ql_dtype_info[array->dtype].size;
  int64_t packed[QL_MAX_DIMS], stride[QL_MAX_DIMS];
  Box box = {{0}, {0}};
  memcpy(box.lo, lo, (size_t)array->ndim * sizeof *lo);
  memcpy(box.hi, hi, (size_t)array->ndim * sizeof *hi);
  if (box_empty(array->ndim, &box)) return;
  const char *from = address_of(array, lo, stride);
  box_strides(array->ndim, &box, (int64_t)item, packed);
  box_copy(array->ndim, &box, item, host, &box, packed, from, &box, stride);
}

/* ---- reading ---- */

QlStatus ql_piece_new(QlContext *ctx, QlDtype dtype, int ndim, const int64_t *shape,
                      QlArray **array, int64_t *lo, int64_t *hi, QlError *error) {
  QL_ERROR(local);
  if (!error) error = &local;
  QL_TRY(rt_log_due(ctx, error));
  uint64_t next_template = ctx->next_template;
  QlArray *made = NULL;
  QlStatus status = rt_array_new(ctx, dtype, ndim, shape, &made, error);
  if (status && status != QL_ERR_MEMORY) return status;
  if (!status && !(made->storage->layout = rt_layout_for_storage(ctx, made->storage, error)))
    status = QL_ERR_MEMORY;
  rt_history_call(ctx, EVENT_SYNC, false);
  if ((status = rt_agree_status(ctx, status, error))) {
    ql_release(made);
    ctx->next_template = next_template;
    return status;
  }
  Box box = rt_layout_rank(ctx, made->storage->layout, ndim, shape);
  give_box(ndim, &box, lo, hi);
  *array = made;
  return QL_OK;
}

QlStatus ql_piece_store(QlArray *array, const void *data, uint64_t contents, QlError *error) {
  QlContext *ctx = array->context;
  QL_ERROR(local);
  if (!error) error = &local;
  QL_TRY(rt_log_due(ctx, error));
  if (!array->size) return QL_OK;
  QlStatus status = rt_log_reserve(ctx, 1, error);
  ImportPart *part = malloc(sizeof *part);
  if (!status && !part)
    status = ql_fail(error, QL_ERR_MEMORY, "out of memory for an array that is read");
  if ((status = rt_agree_status(ctx, status, error))) {
    free(part);
    return status;
  }
  part->box = rt_layout_rank(ctx, array->storage->layout, array->ndim, array->shape);
  part->data = (char *)(uintptr_t)data;
  box_strides(array->ndim, &part->box, ql_dtype_info[array->dtype].size, part->stride);
  RequestOperand operand[] = {request_array(LOG_WRITE, array, array->ndim, array->strides),
                              request_scalar(QL_U64, (QlValue){.u = contents})};
  LogRequest request = {.kind = STATEMENT_IMPORT,
                        .loop = (QlDtype)array->dtype,
                        .ndim = array->ndim,
                        .shape = array->shape,
                        .operands = 2,
                        .operand = operand,
                        .payload = part};
  QL_TRY(rt_log_append(ctx, &request, error)); /* there is room for it: it cannot fail */
  return rt_flush(ctx, error);
}
