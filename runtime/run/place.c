/* Arrays of middle size on the ranks of one node: partitioned while statements compute many of
 * their elements, replicated while they compute few.
 *
 * A loop over the elements of an array that is partitioned makes each rank wait for the others at
 * every one; replicated, each has it for itself, and the statements are executed at once
 * (immediate.c). So where a number of statements in a row were on few elements of an array, it is
 * copied to every rank; where after that most were on many, it is partitioned again. Each move
 * makes the next one less likely. A new array whose memory is still to come is not moved: it
 * becomes replicated after fewer of them. What is counted are statements, which are the same on all
 * ranks; values do not depend on where they lie.
 *
 * The copy is a statement like any other; then array and copy change their places. */
#include "runtime.h"

#include <string.h>

enum {
  FEW = 16,      /* statements in a row on few elements, after which an array is replicated, */
  FEW_NEW = 8,   /* one that lies nowhere yet; */
  MANY = 32,     /* and on many, after which it is not any more: */
  WORTH_FEW = 16 /* so many on few count as much as one on many */
};
enum { LARGEST = 1 << 17, MOVES = 6 }; /* elements that are replicated so; of an array, at most */

static bool has_places(const QlContext *ctx) {
  return ctx->info->size > 1 && ctx->info->node_count == 1 && ctx->params.replicate >= 0 &&
         rt_is_immediate(ctx);
}

static bool is_partitioned(const Storage *storage) {
  return storage->layout && storage->layout->template;
}

/* All of the array, as it is numbered in its storage. */
static QlStatus view_whole(QlArray *seen, QlArray **whole, QlError *error) {
  const Storage *storage = seen->storage;
  int64_t stride[QL_MAX_DIMS];
  c_strides(storage->ndim, storage->shape, 1, stride);
  QL_TRY(ql_view(seen, storage->ndim, storage->shape, stride, 0, whole, error));
  (*whole)->part = QL_PART_ALL, (*whole)->dtype = storage->dtype;
  return QL_OK;
}

static void exchange(Storage *a, Storage *b) {
  rt_copies_forget(a), rt_copies_forget(b);
  Layout *layout = a->layout;
  Block *block = a->block;
  Ghosts *ghosts = a->ghosts;
  a->layout = b->layout, a->block = b->block, a->ghosts = b->ghosts;
  b->layout = layout, b->block = block, b->ghosts = ghosts;
  a->replicated = b->replicated, a->stores++, b->stores++;
}

/* Where memory for it is lacking, or its kernel, the array stays where it is, for good. */
static QlStatus move_through(QlContext *ctx, QlArray *whole, QlArray *copy, QlError *error) {
  Storage *storage = whole->storage;
  QL_ERROR(local);
  QL_TRY(ql_assign(ctx, copy, &(QlOperand){.array = whole}, error));
  QlStatus status = rt_flush(ctx, &local);
  if (status == QL_ERR_MEMORY || status == QL_ERR_COMPILE) {
    storage->moves = MOVES, storage->moved = false;
    return QL_OK;
  }
  if (status && error) *error = local;
  if (status) return status;
  exchange(storage, copy->storage);
  storage->moved = !is_partitioned(storage); /* in a spell it is not partitioned again */
  return QL_OK;
}

static QlStatus move(QlContext *ctx, QlArray *seen, bool replicate, QlError *error) {
  Storage *storage = seen->storage;
  QlArray *whole, *copy;
  if (ctx->log.count) QL_TRY(rt_flush(ctx, error)); /* what fails in it is the user's */
  QL_TRY(view_whole(seen, &whole, error));
  QlStatus status =
      rt_array_new(ctx, (QlDtype)storage->dtype, storage->ndim, storage->shape, &copy, error);
  if (!status) {
    copy->storage->replicated = replicate;
    storage->moves++, storage->few = storage->many = 0;
    status = move_through(ctx, whole, copy, error);
    ql_release(copy);
  }
  ql_release(whole);
  return status;
}

/* What they read they find in the memory of the node. */
QlStatus rt_place_few(QlContext *ctx, const LogRequest *r, QlError *error) {
  QlArray *target = (QlArray *)(uintptr_t)r->operand[0].array;
  Storage *storage = target->storage;
  if (!has_places(ctx) || !is_partitioned(storage) || !storage->block) return QL_OK;
  if (storage->size > LARGEST || storage->moves >= MOVES) return QL_OK;
  return ++storage->few < FEW << storage->moves ? QL_OK : move(ctx, target, true, error);
}

void rt_place_new(QlContext *ctx, const LogRequest *r) {
  if (!has_places(ctx)) return;
  for (int k = 0; k < r->operands; k++) {
    const QlArray *array = r->operand[k].array;
    Storage *storage = array ? array->storage : NULL;
    if (!storage || storage->layout || storage->replicated || storage->size > LARGEST) continue;
    if (k && storage == r->operand[0].array->storage) continue;
    if (++storage->few >= FEW_NEW) storage->replicated = storage->moved = true, storage->few = 0;
  }
}

QlStatus rt_place_many(QlContext *ctx, const LogRequest *r, QlError *error) {
  if (!has_places(ctx)) return QL_OK;
  for (int k = 0; k < r->operands; k++) {
    const QlArray *array = r->operand[k].array;
    if (!array) continue;
    Storage *storage = array->storage;
    storage->few = 0;
    if (!storage->moved || !storage->block) continue;
    storage->many += WORTH_FEW;
    if (storage->many >= (MANY * WORTH_FEW) << storage->moves)
      QL_TRY(move(ctx, (QlArray *)(uintptr_t)array, false, error));
  }
  return QL_OK;
}
