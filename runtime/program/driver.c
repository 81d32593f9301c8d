/* The driver of functions with arrays on ranks: what they ask for (JitDrive) is recorded, as what
 * the program asks for itself. Arrays are handles; each that is given to the function is counted
 * for it. Every rank runs the function, and asks for the same. */
#include "inside.h"

#include <stdlib.h>
#include <string.h>

typedef struct Drive {
  QlContext *ctx;
  QlCompiledInside *inside;
  QlError *error;
  int64_t nests, raised; /* recorded so far; what one has raised, as a status of the call, or 0 */
  bool stores;           /* something that was there before the call may have been stored into */
} Drive;
static Drive current; /* of the process: the innermost call that runs */

/* ---- slots ---- */

static QlArray *handle_of(const QlValue *slot) { return (QlArray *)(uintptr_t)slot->u; }
static void give(QlValue *slots, QlArray *array) { slots[0].u = (uintptr_t)array; }

/* Three slots. */
static QlOperand number_of(const QlValue *slot) {
  if (!slot[0].i) return (QlOperand){.array = handle_of(&slot[1])};
  QlDtype dtype = (QlDtype)slot[1].i;
  return (QlOperand){.scalar = {jit_slot_read(dtype, &slot[2]), dtype, slot[0].i == 2}};
}

/* ---- arrays ---- */

static QlStatus new_array(QlValue *slots, QlError *error) {
  QlDtype dtype = (QlDtype)slots[1].i;
  int ndim = (int)slots[2].i;
  int64_t shape[QL_MAX_DIMS];
  QlArray *array;
  for (int axis = 0; axis < ndim; axis++) shape[axis] = slots[7 + axis].i;
  if (slots[3].i) {
    QlOperand fill = number_of(slots + 4);
    fill.scalar.value = ql_convert(fill.scalar.dtype, fill.scalar.value, dtype);
    fill.scalar.dtype = dtype, fill.scalar.weak = false;
    QL_TRY(ql_full(current.ctx, dtype, ndim, shape, fill.scalar, &array, error));
  } else {
    QL_TRY(ql_empty(current.ctx, dtype, ndim, shape, &array, error));
  }
  give(slots, array);
  return QL_OK;
}

static QlStatus view(QlValue *slots, QlError *error) {
  QlArray *base = handle_of(&slots[1]), *made;
  int ndim = (int)slots[2].i;
  int64_t shape[QL_MAX_DIMS], strides[QL_MAX_DIMS];
  for (int axis = 0; axis < ndim; axis++)
    shape[axis] = slots[3 + axis].i, strides[axis] = slots[3 + ndim + axis].i;
  QL_TRY(ql_view(base, ndim, shape, strides, base->offset + slots[3 + 2 * ndim].i, &made, error));
  give(slots, made);
  return QL_OK;
}

/* A view where one can be, as NumPy decides it; otherwise of a copy. */
static QlStatus reshape(QlValue *slots, QlError *error) {
  QlArray *from = handle_of(&slots[1]), *copy = NULL, *made = NULL;
  int ndim = (int)slots[2].i;
  int64_t shape[QL_MAX_DIMS], strides[QL_MAX_DIMS];
  for (int axis = 0; axis < ndim; axis++) shape[axis] = slots[3 + axis].i;
  QlStatus status = QL_OK;
  if (!ql_reshape_strides(from, ndim, shape, strides)) {
    status = ql_astype(current.ctx, from, (QlDtype)from->dtype, QL_ORDER_C, &copy, error);
    if (!status) (void)ql_reshape_strides(from = copy, ndim, shape, strides);
  }
  if (!status) status = ql_view(from, ndim, shape, strides, from->offset, &made, error);
  ql_release(copy);
  QL_TRY(status);
  give(slots, made);
  for (int axis = 0; axis < ndim; axis++) slots[1 + axis].i = strides[axis];
  return QL_OK;
}

static QlStatus convert(QlValue *slots, QlError *error) {
  QlArray *made;
  QL_TRY(
      ql_astype(current.ctx, handle_of(&slots[1]), (QlDtype)slots[2].i, QL_ORDER_C, &made, error));
  give(slots, made);
  return QL_OK;
}

/* ---- statements ---- */

/* What is computed of arrays in another order may lie in theirs; the function counts on C order. */
static bool is_in_order(const QlArray *array) {
  int64_t stride = 1;
  for (int axis = array->ndim - 1; axis >= 0; axis--) {
    if (array->strides[axis] != stride && array->shape[axis] > 1) return false;
    stride *= array->shape[axis];
  }
  return true;
}

static QlStatus give_in_order(QlValue *slots, QlArray *made, QlError *error) {
  QlArray *array = made;
  QlStatus status = QL_OK;
  if (made->size > 0 && !is_in_order(made)) {
    status = ql_astype(current.ctx, made, (QlDtype)made->dtype, QL_ORDER_C, &array, error);
    ql_release(made);
  }
  if (!status) give(slots, array);
  return status;
}

static QlStatus ufunc(QlValue *slots, QlError *error) {
  QlOperand in[3];
  QlArray *made;
  int count = (int)slots[2].i;
  for (int k = 0; k < count; k++) in[k] = number_of(slots + 3 + 3 * k);
  QL_TRY(
      ql_ufunc(current.ctx, (QlOp)slots[1].i, count, in, NULL, NULL, QL_DTYPE_NONE, &made, error));
  return give_in_order(slots, made, error);
}

static QlStatus assign(const QlValue *slots, QlError *error) {
  QlOperand value = number_of(slots + 2);
  return ql_assign(current.ctx, handle_of(&slots[1]), &value, error);
}

static QlStatus reduce(QlValue *slots, QlError *error) {
  QlArray *made;
  QL_TRY(ql_reduce(current.ctx, (QlReduction)slots[1].i, handle_of(&slots[2]), (uint32_t)slots[3].i,
                   slots[4].i, QL_DTYPE_NONE, NULL, &made, error));
  return give_in_order(slots, made, error);
}

/* In the order that compiled code has where all is in memory, as small arrays of several ranks are:
 * the bits must not depend on where arrays lie. */
static QlStatus product(QlValue *slots, QlError *error) {
  QlArray *left = handle_of(&slots[1]), *right = handle_of(&slots[2]), *made;
  QL_TRY(rt_product_by_tree(current.ctx, left, right, &made, error));
  return give_in_order(slots, made, error);
}

/* ---- elements ---- */

static QlStatus get(QlValue *slots, QlError *error) {
  QlArray *array = handle_of(&slots[1]), *element;
  QlScalar value;
  QL_TRY(ql_get_element(array, array->offset + slots[2].i, &element, error));
  QlStatus status = ql_item(element, &value, error);
  ql_release(element);
  if (!status) jit_slot_write(value.dtype, &slots[0], value.value);
  return status;
}

static QlStatus set(const QlValue *slots, QlError *error) {
  QlArray *array = handle_of(&slots[1]);
  QlOperand value = number_of(slots + 3);
  return ql_set_element(array, array->offset + slots[2].i, &value, error);
}

/* ---- nests ---- */

static QlStatus nest(const QlValue *slots, QlError *error) {
  bool recorded = false;
  QlStatus status =
      compiled_nest(current.ctx, current.inside, current.nests, slots, &recorded, error);
  current.nests += recorded, current.stores |= recorded;
  return status;
}

/* ---- what they raise ---- */

/* Collective, and in the history as such: what is recorded is executed; what was to be raised
 * first, on any rank, as a status of the call; 0: nothing. */
static QlStatus look_for_raised(int64_t *raised, QlError *error) {
  QlContext *ctx = current.ctx;
  char *all = NULL;
  int64_t *offset = NULL;
  *raised = 0;
  if (!current.inside->lowered.nests_raise || !current.nests) return QL_OK;
  QlStatus status = rt_flush(ctx, error);
  JitFailure mine = jit_take_failure(), first = {0};
  QL_TRY(status);
  rt_history_call(ctx, EVENT_SYNC, false);
  QL_TRY(rt_history_meet(ctx, error));
  QL_TRY(comm_allgather(ctx->comm, &mine, sizeof mine, &all, &offset, error));
  for (int r = 0; r < ctx->info->size; r++) {
    JitFailure theirs;
    memcpy(&theirs, all + offset[r], sizeof theirs);
    if (jit_fails_before(&theirs, &first)) first = theirs;
  }
  free(all), free(offset);
  *raised = first.what & ((1 << JIT_FAIL_BITS) - 1);
  return QL_OK;
}

/* Where a value is looked at, so that no loop goes on with what is not there. */
static QlStatus look(QlValue *slots, QlError *error) {
  QL_TRY(look_for_raised(&current.raised, error));
  return current.raised ? QL_ERR_STATE : get(slots, error);
}

/* ---- all ---- */

static int64_t drive(JitDrive what, int64_t count, QlValue *slots) {
  QlError *error = current.error;
  (void)count;
  switch (what) {
    case JIT_DRIVE_RETAIN: ql_retain(handle_of(&slots[1])); return QL_OK;
    case JIT_DRIVE_RELEASE: ql_release(handle_of(&slots[1])); return QL_OK;
    case JIT_DRIVE_NEW: return new_array(slots, error);
    case JIT_DRIVE_VIEW: return view(slots, error);
    case JIT_DRIVE_UFUNC: return ufunc(slots, error);
    case JIT_DRIVE_CONVERT: return convert(slots, error);
    case JIT_DRIVE_ASSIGN: current.stores = true; return assign(slots, error);
    case JIT_DRIVE_REDUCE: return reduce(slots, error);
    case JIT_DRIVE_PRODUCT: return product(slots, error);
    case JIT_DRIVE_RESHAPE: return reshape(slots, error);
    case JIT_DRIVE_GET: return look(slots, error);
    case JIT_DRIVE_SET: current.stores = true; return set(slots, error);
    case JIT_DRIVE_NEST: return nest(slots, error);
  }
  return QL_ERR_STATE;
}

/* Results that nobody gets. */
static void drop(const JitType *type, const QlValue **result) {
  if (type->kind == JIT_ARRAY) {
    jit_release((*result)->i);
    *result += 2 + 2 * type->ndim;
  }
  *result += type->kind == JIT_SCALAR;
  for (int k = 0; k < type->count; k++) drop(&type->items[k], result);
}

int64_t ql_compiled_drive(QlContext *context, const QlCompiled *compiled, const QlValue *parameters,
                          QlValue *results, QlError *error) {
  Drive outer = current;
  current = (Drive){.ctx = context, .inside = compiled->inside, .error = error};
  (void)jit_take_failure();
  jit_set_driver(drive);
  int64_t status = ql_compiled_call(compiled, parameters, results);
  bool returned = status == 0;
  QL_ERROR(later);
  QlError *of = error->status ? &later : error;
  if (!current.raised && error->status != QL_ERR_DIVERGED &&
      !look_for_raised(&current.raised, of) && current.raised)
    *error = (QlError){0}; /* earlier than what went wrong, or was raised, outside of nests */
  if (current.raised) status = current.raised;
  if (returned && (status || error->status)) {
    const QlValue *result = results;
    drop(&compiled->inside->lowered.result, &result);
  }
  bool nothing_done = error->status == QL_ERR_VALUE && !current.stores;
  current = outer;
  return !error->status ? status : nothing_done ? -2 : -1;
}

/* Guesses: additions for an element; arrays that steps touch. */
enum { WORK = 8, FIELDS = 4 };

/* Of a process that is alone: may threads gain by the array, or sweeps? */
static bool is_large(const QlArray *array) {
  const QlContext *ctx = array->context;
  int64_t bytes = array->size * ql_dtype_info[array->dtype].size;
  bool shared = ctx->info->threads > 1, asked = ctx->params.time_block > 1;
  if (array->part != QL_PART_ALL) return false;
  if (shared || asked) return array->size >= ctx->params.share / WORK;
  return !ctx->params.time_block && bytes >= ctx->near_bytes / FIELDS;
}

QlOnRanks ql_is_on_ranks(const QlArray *array) {
  const Storage *storage = array->storage;
  const QlContext *ctx = array->context;
  if (ctx->info->size == 1) return is_large(array) ? QL_MAYBE_ON_RANKS : QL_NOT_ON_RANKS;
  bool small = storage->replicated || !storage->ndim || rt_is_replicated_size(ctx, storage->size);
  bool cut = storage->layout ? storage->layout->template != NULL : !small;
  return cut ? QL_ON_RANKS : QL_NOT_ON_RANKS;
}
