/* A whole array in the memory of one rank (contract C3). Every node's leader sends what its node
 * holds, node after node and in pieces, so that nobody but the root needs memory for more than a
 * piece. */
#include "runtime.h"

#include <stdlib.h>
#include <string.h>

enum { PIECE_BYTES = 32 << 20 };

/* The next piece of a box along its first axis, from `*from` on. False: there is none. */
static bool next_piece(int ndim, const Box *box, size_t item, int64_t *from, Box *piece) {
  if (box_empty(ndim, box) || *from >= box->hi[0]) return false;
  Box row = *box;
  row.hi[0] = row.lo[0] + 1;
  int64_t rows = QL_MAX(PIECE_BYTES / (box_volume(ndim, &row) * (int64_t)item), 1);
  *piece = *box;
  piece->lo[0] = *from;
  piece->hi[0] = *from = QL_MIN(*from + rows, box->hi[0]);
  return true;
}

static int64_t largest_piece(const QlContext *ctx, const Storage *storage, size_t item) {
  int64_t most = 0;
  for (int p = 0; p < ctx->info->node_count; p++) {
    Box box = rt_layout_node(storage->layout, storage->ndim, storage->shape, p), piece;
    for (int64_t from = box.lo[0]; next_piece(storage->ndim, &box, item, &from, &piece);)
      most = QL_MAX(most, box_volume(storage->ndim, &piece) * (int64_t)item);
  }
  return most;
}

/* One piece from a node's leader to the root. */
static QlStatus pass_piece(QlContext *ctx, const Storage *storage, const Box *piece, int leader,
                           int root, char *buffer, char *host, QlError *error) {
  size_t item = ql_dtype_info[storage->dtype].size;
  int me = ctx->info->rank, ndim = storage->ndim;
  int64_t packed[QL_MAX_DIMS], whole[QL_MAX_DIMS];
  Box all = box_of_shape(ndim, storage->shape);
  CommMessage message = {me == root ? leader : root, buffer,
                         box_volume(ndim, piece) * (int64_t)item};
  CommExchange *exchange;
  box_strides(ndim, piece, (int64_t)item, packed);
  c_strides(ndim, storage->shape, (int64_t)item, whole);
  if (me == leader)
    box_copy(ndim, piece, item, buffer, piece, packed, storage->block->data, &storage->block->alloc,
             storage->block->stride);
  QL_TRY(comm_exchange_start(ctx->comm, me == root, &message, me == leader, &message, &exchange,
                             error));
  QL_TRY(comm_exchange_finish(exchange, error));
  if (me == root) box_copy(ndim, piece, item, host, &all, whole, buffer, piece, packed);
  return QL_OK;
}

QlStatus rt_gather_storage(QlContext *ctx, Storage *storage, int root, char *host, QlError *error) {
  const CommInfo *info = ctx->info;
  size_t item = ql_dtype_info[storage->dtype].size;
  int ndim = storage->ndim, root_node = info->node_of_rank[root];
  bool takes_part = info->rank == root || (info->node_rank == 0 && info->node != root_node);
  char *buffer = NULL;
  QlStatus status = QL_OK;
  if (takes_part) {
    int64_t largest = largest_piece(ctx, storage, item);
    status = comm_exchange_reserve(ctx->comm, 1, comm_message_pieces(largest), error);
    if (!status && !(buffer = malloc((size_t)largest + 1)))
      status = ql_fail(error, QL_ERR_MEMORY, "out of memory for gathering an array");
  }
  if ((status = rt_agree_status(ctx, status, error)) || !takes_part) {
    free(buffer);
    return status;
  }
  rt_wait_node(ctx);
  for (int p = 0; p < info->node_count && !status; p++) {
    Box box = rt_layout_node(storage->layout, ndim, storage->shape, p),
        all = box_of_shape(ndim, storage->shape), piece;
    if (p == root_node) {
      int64_t whole[QL_MAX_DIMS];
      c_strides(ndim, storage->shape, (int64_t)item, whole);
      if (info->rank == root)
        box_copy(ndim, &box, item, host, &all, whole, storage->block->data, &storage->block->alloc,
                 storage->block->stride);
      continue;
    }
    if (info->rank != root && p != info->node) continue;
    for (int64_t from = box.lo[0]; !status && next_piece(ndim, &box, item, &from, &piece);)
      status = pass_piece(ctx, storage, &piece, info->leader_of_node[p], root, buffer, host, error);
  }
  free(buffer);
  if (status)
    comm_abort(ctx->comm, "gathering an array failed: %s",
               error->text); /* the others wait, or are through */
  return status;
}
