/* Arrays whose memory a compiled function takes, or has made. Those that it takes are computed, in
 * a block of their own, and known to all ranks to be used. Every rank must have all of each array
 * for itself: it is replicated, or the process is alone. Each rank then runs the function on its
 * own memory, with the same bits. */
#include "compiled.h"

#include "runtime.h"

#include <string.h>

/* ---- memory ---- */

/* An array of no elements has no memory, ever. */
static bool has_elements(const QlArray *array) { return array->storage->size > 0; }

static bool waits(const QlArray *array) {
  return has_elements(array) && (rt_is_pending(array->storage) || !array->storage->block);
}

/* An array that nothing has computed yet has no place: it gets one as others do. */
static QlStatus compute(QlContext *ctx, int count, QlArray *const *arrays, QlError *error) {
  bool any = false;
  for (int k = 0; k < count; k++) {
    QL_TRY(rt_check_input(ctx, arrays[k], error));
    any |= waits(arrays[k]);
  }
  if (any && ctx->log.count) QL_TRY(rt_flush(ctx, error));
  any = false;
  for (int k = 0; k < count; k++) {
    if (arrays[k]->storage->block || !has_elements(arrays[k])) continue;
    QlOperand zero = {.scalar = {.dtype = QL_BOOL, .weak = true}};
    QL_TRY(ql_assign(ctx, arrays[k], &zero, error));
    any = true;
  }
  return any && ctx->log.count ? rt_flush(ctx, error) : QL_OK;
}

static QlStatus check_own(const QlArray *array, QlError *error) {
  if (rt_is_own(array->storage) || !has_elements(array)) return QL_OK;
  return ql_fail(
      error, QL_ERR_TYPE,
      "an array of %lld elements is partitioned among the ranks: compiled functions take "
      "replicated arrays so far, of at most %lld elements here (QUELEA_REPLICATE)",
      (long long)array->storage->size, (long long)ql_info(array->context).replicated_size);
}

/* A snapshot that shares the block keeps the old one. */
static QlStatus make_private(QlContext *ctx, Storage *storage, QlError *error) {
  Block *shared = storage->block, *block;
  if (shared->references == 1) return QL_OK;
  QL_TRY(rt_block_new(ctx, "an array needs", shared, &block, error));
  memcpy(block->data, shared->data, (size_t)shared->bytes);
  rt_block_release(ctx, shared);
  storage->block = block;
  return QL_OK;
}

/* ---- what all ranks must do alike ---- */

static uint64_t hash_view(uint64_t hash, const QlArray *array) {
  hash = ql_mix(hash, (uint64_t)array->offset);
  hash = ql_hash_bytes(hash, array->shape, array->ndim * sizeof *array->shape);
  return ql_hash_bytes(hash, array->strides, array->ndim * sizeof *array->strides);
}

/* The function may store into each: their own names from now on. */
static void note(QlContext *ctx, uint64_t what, int count, QlArray *const *arrays) {
  uint64_t names = 0, hash = what;
  for (int k = 0; k < count; k++) {
    names = ql_mix(names, rt_storage_name(arrays[k]->storage, &ctx->next_id));
    hash = hash_view(hash, arrays[k]);
  }
  for (int k = 0; k < count; k++) arrays[k]->storage->origin = 0;
  rt_history_add(
      ctx, &(Event){.kind = EVENT_CALL, .hash = hash, .arrays = names, .source = rt_source(ctx)});
}

QlStatus ql_borrow(QlContext *ctx, uint64_t what, int count, QlArray *const *arrays, char **data,
                   int64_t *item, QlError *error) {
  QL_TRY(rt_check_whole(ctx, error));
  QL_TRY(compute(ctx, count, arrays, error));
  for (int k = 0; k < count; k++) QL_TRY(check_own(arrays[k], error));
  QlStatus status = QL_OK;
  for (int k = 0; k < count && !status; k++)
    if (has_elements(arrays[k])) status = make_private(ctx, arrays[k]->storage, error);
  if (ctx->info->size > 1 && status) QL_TRY(rt_history_lacks(ctx, "an array", error));
  QL_TRY(status);
  for (int k = 0; k < count; k++) {
    Storage *storage = arrays[k]->storage;
    item[k] = (int64_t)ql_dtype_info[storage->dtype].size, data[k] = (char *)data;
    if (!has_elements(arrays[k])) continue;
    if (storage->layout->template) rt_wait_node(ctx);
    int64_t part = arrays[k]->part == QL_PART_IMAG ? item[k] / 2 : 0;
    data[k] = storage->block->data + arrays[k]->offset * item[k] + part;
  }
  if (ctx->info->size > 1) note(ctx, what, count, arrays);
  return QL_OK;
}

/* ---- what it has made ---- */

enum { KEPT_BYTES = 1 << 20 }; /* less is copied: spare memory is as near, and no heap of others */

/* Elements in C order, without gaps. */
static bool is_dense(int ndim, const int64_t *shape, const int64_t *byte_strides, int64_t item) {
  for (int a = ndim - 1; a >= 0; item *= shape[a--])
    if (byte_strides[a] != item && shape[a] > 1) return false;
  return true;
}

bool ql_keeps_block(const QlContext *ctx, QlDtype dtype, int ndim, const int64_t *shape,
                    const int64_t *byte_strides, int64_t block) {
  int64_t item = (int64_t)ql_dtype_info[dtype].size, bytes = item, whole = jit_sole_bytes(block);
  if (ctx->info->size > 1 || QUELEA_CANARIES || !whole) return false;
  if (!is_dense(ndim, shape, byte_strides, item)) return false;
  for (int a = 0; a < ndim; a++) bytes *= shape[a];
  return bytes >= KEPT_BYTES && bytes >= whole / 2;
}

QlStatus ql_keep_block(QlContext *ctx, QlDtype dtype, int ndim, const int64_t *shape, int64_t block,
                       void *data, QlArray **array, QlError *error) {
  QL_TRY(rt_log_due(ctx, error));
  QL_TRY(rt_array_new(ctx, dtype, ndim, shape, array, error));
  Storage *storage = (*array)->storage;
  QlStatus status = QL_ERR_MEMORY;
  if ((storage->layout = rt_layout_for_storage(ctx, storage, error))) {
    Block geometry =
        rt_block_geometry(ctx, storage->layout, ndim, shape, ql_dtype_info[dtype].size, NULL);
    if ((storage->block = rt_block_of_owner(&geometry, block, data)))
      status = QL_OK;
    else
      status = ql_fail(error, QL_ERR_MEMORY, "out of memory for a block");
  }
  if (status) {
    ql_release(*array);
    *array = NULL;
    return status;
  }
  jit_retain(block);
  return QL_OK;
}
