/* Handles and storages: what the user holds, and what it looks at. Everything here is local and
 * cheap; both kinds of object are recycled through free lists, because a NumPy expression makes and
 * drops several of them per microsecond.
 *
 * A storage gets its number when a statement first names it: what one rank alone makes and never
 * uses is no business of the others.
 *
 * A storage that the log has named and whose last handle goes is *dropped*: it is linked into the
 * context's list and its number enters the hash that the next agreement compares. It dies, with its
 * block, when all ranks have dropped it (contract C1). What no plan knows goes at once. */
#include "runtime.h"

#include <stdlib.h>
#include <string.h>

void rt_context_unlink(QlContext *ctx) {
  if (--ctx->live_objects || !ctx->closed) return;
  free(ctx);
}

/* ---- storages ---- */

static QlStatus shape_size(int ndim, const int64_t *shape, QlDtype dtype, int64_t *size,
                           QlError *error) {
  int64_t count = 1, bytes = ql_dtype_info[dtype].size;
  bool empty = false;
  if (ndim < 0 || ndim > QL_MAX_DIMS)
    return ql_fail(error, QL_ERR_VALUE, "an array has at most %d dimensions; %d were asked for",
                   QL_MAX_DIMS, ndim);
  for (int a = 0; a < ndim; a++) {
    if (shape[a] < 0) return ql_fail(error, QL_ERR_VALUE, "negative dimensions are not allowed");
    empty |= shape[a] == 0;
  }
  for (int a = 0; a < ndim;
       a++) { /* as in NumPy, extents of 0 do not excuse the others: strides are their products */
    int64_t extent = QL_MAX(shape[a], 1);
    if (__builtin_mul_overflow(count, extent, &count) ||
        __builtin_mul_overflow(bytes, extent, &bytes))
      return ql_fail(error, QL_ERR_VALUE, "array is too big: its size exceeds 2**63 bytes");
  }
  *size = empty ? 0 : count;
  return QL_OK;
}

/* It is told where ranks use different arrays. */
static QlSource where_made(QlContext *ctx) {
  return ctx->info->size > 1 ? rt_source(ctx) : (QlSource){0};
}

static QlStatus storage_new(QlContext *ctx, QlDtype dtype, int ndim, const int64_t *shape,
                            Storage **result, QlError *error) {
  int64_t size;
  QL_TRY(shape_size(ndim, shape, dtype, &size, error));
  Storage *storage = ctx->free_storages;
  if (storage)
    ctx->free_storages = *(Storage **)storage;
  else if (!(storage = malloc(sizeof *storage)))
    return rt_history_lacks(ctx, "an array", error);
  memset(storage, 0, offsetof(Storage, inline_shape));
  storage->shape = storage->inline_shape;
  storage->layout = NULL, storage->block = NULL, storage->ghosts = NULL, storage->copies = NULL,
  storage->next_dropped = NULL;
  if (ndim > 4 && !(storage->shape = malloc((size_t)ndim * sizeof *shape))) {
    *(Storage **)storage = ctx->free_storages, ctx->free_storages = storage;
    return rt_history_lacks(ctx, "an array", error);
  }
  for (int a = 0; a < ndim; a++) storage->shape[a] = shape[a];
  storage->context = ctx, storage->made = where_made(ctx);
  storage->dtype = (uint8_t)dtype, storage->ndim = (uint8_t)ndim, storage->size = size;
  ctx->live_objects++;
  *result = storage;
  return QL_OK;
}

static void storage_free(Storage *storage) {
  QlContext *ctx = storage->context;
  if (storage->shape != storage->inline_shape) free(storage->shape);
  rt_ghosts_release(storage->ghosts);
  rt_copies_forget(storage);
  if (ctx->closed) {
    if (storage->layout && --storage->layout->references == 0)
      free(storage->layout); /* its template went with the context */
    if (storage->block && --storage->block->references == 0) {
      if (storage->block->private_memory) rt_block_free_private(storage->block);
      free(storage->block); /* the arena went with the context */
    }
    free(storage);
  } else {
    if (storage->block) rt_block_release(ctx, storage->block);
    rt_layout_release(ctx, storage->layout);
    *(Storage **)storage = ctx->free_storages, ctx->free_storages = storage;
  }
  rt_context_unlink(ctx);
}

void rt_storage_unpin(Storage *storage) {
  if (--storage->pins == 0 && storage->handles == 0) storage_free(storage);
}

static void storage_drop_handle(Storage *storage) {
  if (--storage->handles) return;
  QlContext *ctx = storage->context;
  if (ctx->closed || !storage->known) {
    if (!storage->pins) storage_free(storage);
    return;
  }
  storage->pins++; /* by the list of dropped storages */
  rt_drops_add(ctx, storage);
}

/* ---- handles ---- */

static QlArray *handle_new(QlContext *ctx, int ndim, QlError *error) {
  QlArray *array = ctx->free_arrays;
  if (array)
    ctx->free_arrays = *(QlArray **)array;
  else if (!(array = malloc(sizeof *array))) {
    rt_history_lacks(ctx, "an array", error);
    return NULL;
  }
  array->shape = array->inline_dims;
  if (ndim > 4 && !(array->shape = malloc(2 * (size_t)ndim * sizeof(int64_t)))) {
    *(QlArray **)array = ctx->free_arrays, ctx->free_arrays = array;
    rt_history_lacks(ctx, "an array", error);
    return NULL;
  }
  array->strides = array->shape + ndim;
  array->references = 1, array->context = ctx, array->ndim = (uint8_t)ndim, array->readonly = false,
  array->part = QL_PART_ALL;
  ctx->live_objects++;
  return array;
}

QlStatus rt_array_new(QlContext *ctx, QlDtype dtype, int ndim, const int64_t *shape,
                      QlArray **result, QlError *error) {
  Storage *storage = NULL;
  QL_TRY(storage_new(ctx, dtype, ndim, shape, &storage, error));
  QlArray *array = handle_new(ctx, ndim, error);
  if (!array) {
    storage_free(storage);
    return QL_ERR_MEMORY;
  }
  int64_t stride = storage->size ? 1 : 0; /* of nothing, as NumPy has it, 0 along all axes */
  for (int a = ndim - 1; a >= 0; a--)
    array->shape[a] = shape[a], array->strides[a] = stride, stride *= QL_MAX(shape[a], 1);
  array->storage = storage, array->dtype = (uint8_t)dtype, array->size = storage->size,
  array->offset = 0;
  storage->handles = 1;
  *result = array;
  return QL_OK;
}

QlStatus rt_array_new_in_order(QlContext *ctx, QlDtype dtype, int ndim, const int64_t *shape,
                               const int *order, QlArray **result, QlError *error) {
  int64_t lying[QL_MAX_DIMS] = {0}, stride[QL_MAX_DIMS];
  for (int a = 0; a < ndim; a++) lying[a] = shape[order[a]];
  QL_TRY(rt_array_new(ctx, dtype, ndim, lying, result, error));
  memcpy(stride, (*result)->strides, (size_t)ndim * sizeof *stride);
  for (int a = 0; a < ndim; a++)
    (*result)->shape[order[a]] = lying[a], (*result)->strides[order[a]] = stride[a];
  return QL_OK;
}

QlStatus ql_view(QlArray *base, int ndim, const int64_t *shape, const int64_t *strides,
                 int64_t offset, QlArray **view, QlError *error) {
  if (ndim > QL_MAX_DIMS)
    return ql_fail(error, QL_ERR_VALUE, "an array has at most %d dimensions; %d were asked for",
                   QL_MAX_DIMS, ndim);
  QlArray *array = handle_new(base->context, ndim, error);
  if (!array) return QL_ERR_MEMORY;
  int64_t size = 1;
  for (int a = 0; a < ndim; a++)
    array->shape[a] = shape[a], array->strides[a] = strides[a], size *= shape[a];
  array->storage = base->storage, array->dtype = base->dtype, array->readonly = base->readonly,
  array->part = base->part;
  array->size = size, array->offset = offset;
  base->storage->handles++;
  *view = array;
  return QL_OK;
}

QlStatus ql_part(QlArray *base, QlPart part, QlArray **view, QlError *error) {
  if (ql_dtype_info[base->dtype].kind != QL_KIND_COMPLEX)
    return ql_fail(error, QL_ERR_TYPE, "an array of dtype %s has no parts",
                   ql_dtype_name((QlDtype)base->dtype));
  QL_TRY(ql_view(base, base->ndim, base->shape, base->strides, base->offset, view, error));
  (*view)->part = (uint8_t)part;
  if (part != QL_PART_ALL) (*view)->dtype = (uint8_t)ql_dtype_info[base->dtype].part;
  return QL_OK;
}

QlStatus ql_bits(QlArray *base, QlDtype dtype, QlArray **view, QlError *error) {
  QlDtype shown = (QlDtype)base->dtype;
  bool is_complex = ql_dtype_info[shown].kind == QL_KIND_COMPLEX,
       to_complex = ql_dtype_info[dtype].kind == QL_KIND_COMPLEX,
       is_part = base->part == QL_PART_REAL || base->part == QL_PART_IMAG;
  if (dtype != shown && (ql_dtype_info[shown].size != ql_dtype_info[dtype].size ||
                         is_complex != to_complex || is_part))
    return ql_fail(error, QL_ERR_TYPE, "the bits of %s are not seen as %s", ql_dtype_name(shown),
                   ql_dtype_name(dtype));
  QL_TRY(ql_view(base, base->ndim, base->shape, base->strides, base->offset, view, error));
  if (dtype == shown) return QL_OK;
  (*view)->dtype = (uint8_t)dtype;
  (*view)->part = dtype == base->storage->dtype ? QL_PART_ALL : QL_PART_BITS;
  return QL_OK;
}

enum { NOWHERE = -1, APART, TWICE };

/* Where elements of a view with such strides are: beyond the storage, each at a place of its own,
 * or perhaps two at one. Axes along which all others fit between two elements keep them apart. */
static int places_of(const QlArray *base, int ndim, const int64_t *shape, const int64_t *strides) {
  int64_t low = base->offset, high = base->offset, reach = 0;
  bool seen[QL_MAX_DIMS] = {false}, twice = false;
  for (int a = 0; a < ndim; a++) {
    int64_t last;
    if (__builtin_mul_overflow(strides[a], shape[a] - 1, &last) ||
        __builtin_add_overflow(last < 0 ? low : high, last, last < 0 ? &low : &high))
      return NOWHERE;
  }
  if (low < 0 || high >= base->storage->size) return NOWHERE;
  for (int done = 0; done < ndim; done++) {
    int next = -1;
    for (int a = 0; a < ndim; a++)
      if (!seen[a] && (next < 0 || llabs(strides[a]) < llabs(strides[next]))) next = a;
    seen[next] = true;
    if (shape[next] == 1) continue;
    twice |= llabs(strides[next]) <= reach;
    reach += llabs(strides[next]) * (shape[next] - 1);
  }
  return twice ? TWICE : APART;
}

QlStatus ql_strided(QlArray *base, int ndim, const int64_t *shape, const int64_t *strides,
                    QlArray **view, QlError *error) {
  bool is_empty = false;
  for (int a = 0; a < ndim; a++) is_empty |= shape[a] == 0;
  int places = is_empty ? APART : places_of(base, ndim, shape, strides);
  if (places == NOWHERE)
    return ql_fail(error, QL_ERR_VALUE, "a view with these strides reaches beyond the array");
  QL_TRY(ql_view(base, ndim, shape, strides, base->offset, view, error));
  (*view)->readonly |= places == TWICE;
  return QL_OK;
}

size_t ql_item_step(const QlArray *array) { return ql_dtype_info[array->storage->dtype].size; }

void ql_retain(QlArray *array) { array->references++; }

/* Computed arrays of no axes that no statement names are used again as they are. */
static bool keep_element(QlContext *ctx, QlArray *array) {
  Storage *storage = array->storage;
  if (array->ndim || storage->ndim || storage->known || storage->handles > 1 || storage->pins ||
      !storage->block || storage->block->references > 1 || storage->poisoned || array->part ||
      ctx->closed || QUELEA_CANARIES || ctx->element_count == SPARE_ELEMENTS)
    return false;
  ctx->elements[ctx->element_count++] = array;
  return true;
}

QlArray *rt_element_again(QlContext *ctx, QlDtype dtype) {
  QlArray *array = ctx->elements[--ctx->element_count];
  Storage *storage = array->storage;
  array->references = 1, array->dtype = storage->dtype = (uint8_t)dtype, array->readonly = false;
  storage->id = storage->origin = 0, storage->made = where_made(ctx),
  storage->block->bytes = (int64_t)ql_dtype_info[dtype].size;
  return array;
}

void rt_elements_close(QlContext *ctx) {
  int count = ctx->element_count;
  ctx->element_count = SPARE_ELEMENTS; /* none is kept again */
  for (int k = 0; k < count; k++) ctx->elements[k]->references = 1, ql_release(ctx->elements[k]);
}

void ql_release(QlArray *array) {
  if (!array || --array->references) return;
  QlContext *ctx = array->context;
  if (keep_element(ctx, array)) return;
  storage_drop_handle(array->storage);
  if (array->shape != array->inline_dims) free(array->shape);
  if (ctx->closed)
    free(array);
  else
    *(QlArray **)array = ctx->free_arrays, ctx->free_arrays = array;
  rt_context_unlink(ctx);
}

/* ---- shapes of views ---- */

QlStatus ql_broadcast(QlArray *base, int ndim, const int64_t *shape, QlArray **view,
                      QlError *error) {
  int64_t strides[QL_MAX_DIMS], size;
  int lead = ndim - base->ndim;
  if (ndim > QL_MAX_DIMS || lead < 0)
    return ql_fail(error, QL_ERR_VALUE,
                   "input operand has more dimensions than allowed by the axis remapping");
  QL_TRY(shape_size(ndim, shape, (QlDtype)base->dtype, &size, error));
  for (int a = 0; a < ndim; a++) {
    strides[a] = 0;
    if (a < lead) continue;
    if (base->shape[a - lead] == shape[a])
      strides[a] = shape[a] == 1 ? 0 : base->strides[a - lead]; /* as NumPy has it */
    else if (base->shape[a - lead] != 1)
      return ql_fail(error, QL_ERR_VALUE, "an axis of extent %lld cannot be broadcast to %lld",
                     (long long)base->shape[a - lead], (long long)shape[a]);
  }
  QL_TRY(ql_view(base, ndim, shape, strides, base->offset, view, error));
  (*view)->readonly = true;
  return QL_OK;
}

bool ql_is_box(const QlArray *array) {
  const Storage *storage = array->storage;
  AxisMap axes[QL_MAX_DIMS];
  return view_axes(array->ndim, array->shape, array->strides, array->offset, storage->ndim,
                   storage->shape, axes);
}

bool ql_reshape_strides(const QlArray *base, int ndim, const int64_t *shape, int64_t *strides) {
  return ql_reshape(base->ndim, base->shape, base->strides, ndim, shape, strides);
}
