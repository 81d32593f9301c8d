/* Looking at values: one element, a copy of everything, or the memory itself (contract C3). */
#include "profile.h"

#include <stdlib.h>
#include <string.h>

/* Can this rank address every element of the array? */
static bool is_local(const QlArray *array) {
  const Storage *storage = array->storage;
  return storage->block && (!storage->layout->template || array->context->info->node_count == 1);
}

/* Has the array its value, whatever is pending? A look at what is partitioned among ranks is theirs
 * together: what is pending is executed then. */
static bool is_computed(const QlArray *array) {
  const Storage *storage = array->storage;
  if (!storage->block) return false;
  return rt_is_own(storage) ? !rt_is_stored(storage) : !array->context->log.count;
}

/* Executes the log where it may change the array. What one rank alone looks at changes nothing when
 * it is computed and replicated; anything else is a thing that all ranks do. */
static QlStatus settle(QlArray *array, EventKind kind, QlError *error) {
  QlContext *ctx = array->context;
  const Layout *layout = array->storage->layout;
  QL_TRY(rt_check_whole(ctx, error));
  QL_TRY(rt_check_input(ctx, array, error));
  if (!array->size) return QL_OK;
  bool computed = is_computed(array);
  if (!computed || layout->template) rt_history_look(ctx, kind, array);
  if (!computed) QL_TRY(rt_flush(ctx, error));
  return rt_check_input(ctx, array, error); /* it may have been lost by now */
}

/* Elements of a local array in memory, also when it shows parts of complex ones, or bits. */
static const char *first_byte(const QlArray *array) {
  const Storage *storage = array->storage;
  const char *whole =
      storage->block->data + array->offset * (int64_t)ql_dtype_info[storage->dtype].size;
  return whole + (array->part == QL_PART_IMAG ? ql_dtype_info[array->dtype].size : 0);
}

static void byte_strides(const QlArray *array, int64_t *stride) {
  int64_t item = (int64_t)ql_dtype_info[array->storage->dtype].size;
  for (int a = 0; a < array->ndim; a++) stride[a] = array->strides[a] * item;
}

/* Copies a local view to C order. */
static void copy_out(const QlArray *array, char *host) {
  size_t item = ql_dtype_info[array->dtype].size;
  int64_t from[QL_MAX_DIMS], to[QL_MAX_DIMS];
  Box whole = box_of_shape(array->ndim, array->shape);
  c_strides(array->ndim, array->shape, (int64_t)item, to);
  byte_strides(array, from);
  box_copy(array->ndim, &whole, item, host, &whole, to, first_byte(array), &whole, from);
}

/* ---- one element ---- */

typedef union Element {
  uint64_t words[2];
  QlValue value;
  char bytes[16];
  int8_t i8;
  int16_t i16;
  int32_t i32;
  uint8_t u8;
  uint16_t u16;
  uint32_t u32;
} Element;

/* Where the block on this node holds the element; NULL: this node does not own it. */
static const char *address_of(const QlArray *array) {
  const Storage *storage = array->storage;
  const Block *block = storage->block;
  int64_t cstride[QL_MAX_DIMS], rest = array->offset, at = 0;
  Box owned =
      rt_layout_node(storage->layout, storage->ndim, storage->shape, array->context->info->node);
  c_strides(storage->ndim, storage->shape, 1, cstride);
  for (int a = 0; a < storage->ndim; a++) {
    int64_t index = rest / cstride[a];
    rest %= cstride[a];
    if (index < owned.lo[a] || index >= owned.hi[a]) return NULL;
    at += (index - block->alloc.lo[a]) * block->stride[a];
  }
  return block->data + at;
}

/* The bytes of a computed element. In this node's memory, or from the node that owns it, in the
 * word that the ranks agree on. */
static QlStatus read_element(const QlArray *array, Element *element, QlError *error) {
  QlContext *ctx = array->context;
  size_t item = ql_dtype_info[array->dtype].size;
  if (rt_is_own(array->storage)) {
    memcpy(element->bytes, first_byte(array), item);
    return QL_OK;
  }
  const char *from = address_of(array);
  if (array->storage->layout->template) rt_wait_node(ctx);
  if (from) memcpy(element->bytes, from + (array->part == QL_PART_IMAG ? item : 0), item);
  return is_local(array) ? QL_OK : rt_agree_value(ctx, element->words, error);
}

QlStatus ql_item(QlArray *array, QlScalar *value, QlError *error) {
  if (array->size != 1)
    return ql_fail(error, QL_ERR_VALUE, "can only convert an array of size 1 to a Python scalar");
  Element element = {{0}};
  QL_ERROR(local);
  if (!error) error = &local;
  QL_TRY(settle(array, EVENT_LOOK, error));
  QL_TRY(read_element(array, &element, error));
  *value = (QlScalar){.dtype = (QlDtype)array->dtype};
  switch ((QlDtype)array->dtype) {
    case QL_BOOL: value->value.b = element.u8 != 0; break;
    case QL_I8: value->value.i = element.i8; break;
    case QL_I16: value->value.i = element.i16; break;
    case QL_I32: value->value.i = element.i32; break;
    case QL_U8: value->value.u = element.u8; break;
    case QL_U16: value->value.u = element.u16; break;
    case QL_U32: value->value.u = element.u32; break;
    default: value->value = element.value; break;
  }
  return QL_OK;
}

/* ---- all of them ---- */

/* Memory for a copy of what a view shows: recording it cannot fail then. */
static QlStatus copy_new(const QlArray *array, bool replicated, QlArray **copy, QlError *error) {
  QlContext *ctx = array->context;
  QL_TRY(rt_log_reserve(ctx, 1, error));
  QL_TRY(rt_array_new(ctx, (QlDtype)array->dtype, array->ndim, array->shape, copy, error));
  (*copy)->storage->replicated = replicated;
  return QL_OK;
}

static QlStatus copy_fill(QlArray *array, QlArray *copy, QlError *error) {
  QlContext *ctx = array->context;
  if (array->part)
    QL_TRY(rt_parts_read(ctx, array, (QlPart)array->part, array->ndim, array->shape, array->strides,
                         copy, error));
  else
    QL_TRY(ql_assign(ctx, copy, &(QlOperand){.array = array}, error));
  return rt_flush(ctx, error);
}

/* Through the copy, where there is one. */
static QlStatus deliver(QlArray *array, QlArray *copy, int root, void *host, QlError *error) {
  QlContext *ctx = array->context;
  if (copy) QL_TRY(copy_fill(array, copy, error));
  if (copy) array = copy;
  QlPhase before = rt_phase(ctx, QL_PHASE_LOOK);
  QlStatus status = QL_OK;
  if (!is_local(array)) status = rt_gather_storage(ctx, array->storage, root, host, error);
  (void)rt_phase(ctx, before);
  if (!is_local(array)) return status;
  if (array->storage->layout->template) rt_wait_node(ctx);
  if (root < 0 || root == ctx->info->rank) copy_out(array, host);
  return QL_OK;
}

QlStatus ql_gather(QlArray *array, int root, void *host, QlError *error) {
  QlContext *ctx = array->context;
  QL_ERROR(local);
  if (!error) error = &local;
  if (root >= ctx->info->size)
    return ql_fail(error, QL_ERR_VALUE, "there is no rank %d to gather to, of %d ranks", root,
                   ctx->info->size);
  QL_TRY(settle(array, EVENT_LOOK, error));
  if (array->size == 0) return QL_OK;
  if (ctx->strict && ctx->info->node_count > 1 && !rt_is_replicated_size(ctx, array->size)) {
    QL_TRY(rt_agree_status(ctx, QL_OK, error)); /* all are strict */
    return ql_fail(
        error, QL_ERR_REFUSED,
        "this gathers a whole array of %lld elements, which quelea.config.strict forbids "
        "beyond %lld elements",
        (long long)array->size, (long long)rt_replicated_size(ctx));
  }
  bool wanted = root < 0 || root == ctx->info->rank,
       is_partitioned = array->storage->layout->template;
  int64_t bytes = array->size * ql_dtype_info[array->dtype].size;
  QlArray *copy = NULL;
  QlStatus status = QL_OK;
  if (wanted && !host)
    status = ql_fail(error, QL_ERR_MEMORY, "out of memory for %s of a gathered array",
                     ql_bytes_text(bytes).text);
  else if (!is_local(array) && (root < 0 || !ql_is_whole(array)))
    status = copy_new(array, root < 0, &copy, error);
  if (is_partitioned) status = rt_agree_status(ctx, status, error);
  if (!status && is_partitioned) {
    ctx->counters.gathers++;
    ctx->counters.gathered_bytes += bytes;
    rt_remark(ctx, QL_MOVE_GATHER,
              ctx->options.where ? ctx->options.where(ctx->options.data) : rt_source(ctx), bytes);
  }
  if (!status) status = deliver(array, copy, root, host, error);
  ql_release(copy);
  return status;
}

/* ---- one after another ---- */

enum { LOOK_AHEAD = 1024 }; /* elements: a look costs little beside what is done with so many */

static bool is_ahead(const QlArray *array, const QlAhead *ahead, int64_t index) {
  return ahead->copy && index >= ahead->first && index < ahead->first + ahead->count &&
         ahead->stores == array->storage->stores && !rt_is_stored(array->storage);
}

/* Those from that one on, for every rank. */
static QlStatus look_ahead(QlArray *array, int64_t index, QlAhead *ahead, QlError *error) {
  QlContext *ctx = array->context;
  int64_t count = QL_MIN(array->shape[0] - index, LOOK_AHEAD);
  QlArray *view = NULL, *copy = NULL;
  ql_release(ahead->copy);
  ahead->copy = NULL;
  QL_TRY(rt_check_whole(ctx, error));
  QL_TRY(rt_check_input(ctx, array, error));
  rt_history_look(ctx, EVENT_LOOK, array);
  QlStatus status = ql_view(array, 1, &count, array->strides,
                            array->offset + index * array->strides[0], &view, error);
  if (!status) status = copy_new(view, true, &copy, error);
  status = rt_agree_status(ctx, status, error);
  if (!status) status = copy_fill(view, copy, error);
  ql_release(view);
  if (status)
    ql_release(copy);
  else
    *ahead = (QlAhead){copy, index, count, array->storage->stores};
  return status;
}

QlStatus ql_next_element(QlArray *array, int64_t index, QlAhead *ahead, QlArray **element,
                         QlError *error) {
  QlContext *ctx = array->context;
  QL_ERROR(local);
  if (!error) error = &local;
  bool at_once = rt_is_immediate(ctx);
  if (at_once && rt_is_stored(array->storage)) QL_TRY(settle(array, EVENT_LOOK, error));
  if (!at_once || !ql_is_partitioned(array) || ctx->info->node_count == 1)
    return ql_get_element(array, array->offset + index * array->strides[0], element, error);
  if (!is_ahead(array, ahead, index)) QL_TRY(look_ahead(array, index, ahead, error));
  return ql_get_element(ahead->copy, index - ahead->first, element, error);
}

/* From every rank to every rank, however long one of them takes to come. */
static QlStatus collect(QlContext *ctx, const void *bytes, int64_t size, char **all,
                        int64_t **offset, QlError *error) {
  rt_history_call(ctx, EVENT_SYNC, false);
  QlPhase before = rt_phase(ctx, QL_PHASE_ROOT);
  comm_be_patient(ctx->comm, true);
  QlStatus status = rt_agree_sync(ctx, error);
  if (!status) status = comm_allgather(ctx->comm, bytes, size, all, offset, error);
  comm_be_patient(ctx->comm, false);
  (void)rt_phase(ctx, before);
  return status;
}

QlStatus ql_share(QlContext *ctx, const void *bytes, int64_t size, char **all, int64_t *all_size,
                  QlError *error) {
  int64_t *offset = NULL;
  QL_TRY(collect(ctx, bytes, ctx->info->rank ? 0 : size, all, &offset, error));
  *all_size = offset[1];
  free(offset);
  return QL_OK;
}

QlStatus ql_collect(QlContext *ctx, const void *bytes, int64_t size, char **all, int64_t **offset,
                    QlError *error) {
  QL_TRY(rt_check_whole(ctx, error));
  return collect(ctx, bytes, size, all, offset, error);
}

QlStatus ql_wire(QlContext *ctx, int peer, void *data, int64_t bytes, int count, int turns,
                 QlWire *wire, QlError *error) {
  QL_ERROR(local);
  if (!error) error = &local;
  QL_TRY(rt_check_whole(ctx, error));
  comm_be_patient(ctx->comm, true);
  QlStatus status = comm_wire(ctx->comm, peer, data, bytes, count, turns, wire, error);
  comm_be_patient(ctx->comm, false);
  if (status)
    comm_end(ctx->comm, 1, "a message to rank %d failed: %s", peer, error->text); /* it waits */
  return QL_OK;
}

QlStatus ql_agree(QlContext *ctx, QlStatus mine, QlError *error) {
  QL_TRY(rt_check_whole(ctx, error));
  rt_history_call(ctx, EVENT_SYNC, false);
  return rt_agree_status(ctx, mine, error);
}

QlStatus ql_settle(QlArray *array, QlError *error) {
  QL_ERROR(local);
  return settle(array, EVENT_SNAPSHOT, error ? error : &local);
}

bool ql_is_partitioned(const QlArray *array) {
  const Layout *layout = array->storage->layout;
  return layout && layout->template;
}

/* ---- the memory itself ---- */

const void *ql_memory_of(const QlArray *array, int64_t *strides) {
  const Storage *storage = array->storage;
  if (!array->size || !rt_is_own(storage) || !is_computed(array) || storage->poisoned ||
      rt_check_whole(array->context, NULL))
    return NULL;
  if (storage->layout->template) rt_wait_node(array->context);
  byte_strides(array, strides);
  return first_byte(array);
}

/* An export holds a storage of its own that shares the block: a write to the array then finds the
 * block shared and takes another one, and the block goes when the export is dropped, by the same
 * rules as any storage. */
struct QlExport {
  QlArray *keeper;
};

QlStatus ql_export(QlArray *array, const void **data, int64_t *strides, QlExport **token,
                   QlError *error) {
  QlContext *ctx = array->context;
  QL_ERROR(local);
  if (!error) error = &local;
  *data = NULL, *token = NULL;
  QL_TRY(settle(array, EVENT_SNAPSHOT, error));
  if (array->size == 0 || !is_local(array)) return QL_OK;
  Storage *storage = array->storage;
  QlExport *made = calloc(1, sizeof *made);
  QlStatus status = made ? rt_array_new(ctx, (QlDtype)storage->dtype, storage->ndim, storage->shape,
                                        &made->keeper, error)
                         : ql_fail(error, QL_ERR_MEMORY, "out of memory for an export");
  if (storage->layout->template) status = rt_agree_status(ctx, status, error);
  if (status) {
    if (made) ql_release(made->keeper);
    free(made);
    return status;
  }
  if (storage->layout->template) {
    rt_wait_node(ctx);
    (void)rt_storage_number(made->keeper->storage, &ctx->next_id);
    made->keeper->storage->known = true;
  }
  made->keeper->storage->layout = rt_layout_retain(storage->layout);
  made->keeper->storage->block = storage->block;
  storage->block->references++;
  ctx->exports++;
  byte_strides(array, strides);
  *data = first_byte(array);
  *token = made;
  return QL_OK;
}

void ql_unexport(QlExport *token) {
  if (!token) return;
  QlContext *ctx = token->keeper->context;
  if (--ctx->exports == 0 && ctx->closed) comm_arena_unmap(&ctx->kept);
  ql_release(token->keeper);
  free(token);
}
