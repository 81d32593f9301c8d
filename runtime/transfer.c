/* Transfers before a group: boxes are packed, everything for one node travels in one message, and is unpacked into ghosts or copies. By the
 * main thread of the node's leader. */
#include "runtime.h"

#include <stdlib.h>

typedef struct Parcel { int node; int64_t bytes, filled; char *data; } Parcel;

static int64_t bytes_of(const Plan *plan, const Transfer *t) {
  const PlanSlot *source = &plan->slots[t->source_slot];
  return box_volume(source->ndim, &t->box) * ql_dtype_info[source->dtype].size;
}

static Parcel *parcel_of(Parcel *parcels, int *count, int node) {
  for (int k = 0; k < *count; k++)
    if (parcels[k].node == node) return &parcels[k];
  parcels[*count] = (Parcel){.node = node};
  return &parcels[(*count)++];
}

static void contiguous(int ndim, const Box *box, int64_t item, int64_t *stride) {
  int64_t extent[QL_MAX_DIMS];
  for (int a = 0; a < ndim; a++) extent[a] = box->hi[a] - box->lo[a];
  c_strides(ndim, extent, item, stride);
}

static void move_transfer(const Plan *plan, const Transfer *t, char *const *data, Parcel *parcel) {
  const PlanSlot *source = &plan->slots[t->source_slot], *target = &plan->slots[t->target_slot];
  size_t item = ql_dtype_info[source->dtype].size;
  const Block *from = &source->geometry, *to = &target->geometry;
  int64_t stride[QL_MAX_DIMS];
  contiguous(source->ndim, &t->box, (int64_t)item, stride);
  char *packed = parcel ? parcel->data + parcel->filled : NULL;
  switch (t->kind) {
    case TRANSFER_LOCAL:
      box_copy(source->ndim, &t->box, item, data[t->target_slot], &to->alloc, to->stride, data[t->source_slot], &from->alloc, from->stride);
      break;
    case TRANSFER_SEND:
      box_copy(source->ndim, &t->box, item, packed, &t->box, stride, data[t->source_slot], &from->alloc, from->stride);
      break;
    case TRANSFER_RECEIVE:
      box_copy(source->ndim, &t->box, item, data[t->target_slot], &to->alloc, to->stride, packed, &t->box, stride);
      break;
  }
  if (parcel) parcel->filled += bytes_of(plan, t);
}

static void give_up(QlContext *ctx, const PlanGroup *group, const QlError *error) {
  char where[512];
  rt_describe(ctx, ctx->log.statements[group->statement].source, where, sizeof where);
  comm_abort(ctx->comm, "an exchange between nodes failed after results were stored: %s (%s)", error->text, where);
}

void rt_transfers_run(QlContext *ctx, const Plan *plan, const PlanGroup *group, char *const *data) {
  int nodes = ctx->info->node_count, counts[2] = {0, 0};
  Parcel *parcels[2] = {calloc((size_t)nodes, sizeof(Parcel)), calloc((size_t)nodes, sizeof(Parcel))};
  CommMessage *messages[2] = {calloc((size_t)nodes, sizeof(CommMessage)), calloc((size_t)nodes, sizeof(CommMessage))};
  CommExchange *exchange;
  QlError error = {0};
  char *buffer = NULL;
  int64_t total = 0;
  bool memory = parcels[0] && parcels[1] && messages[0] && messages[1];
  for (int k = 0; memory && k < group->transfer_count; k++) {
    const Transfer *t = &group->transfers[k];
    if (t->kind == TRANSFER_LOCAL) continue;
    int receive = t->kind == TRANSFER_RECEIVE;
    parcel_of(parcels[receive], &counts[receive], t->peer)->bytes += bytes_of(plan, t);
    total += bytes_of(plan, t) + 64;
  }
  if (!memory || !(buffer = malloc((size_t)total + 64))) comm_abort(ctx->comm, "out of memory for messages between nodes");
  char *next = buffer;
  for (int side = 0; side < 2; side++)
    for (int k = 0; k < counts[side]; k++) {
      Parcel *parcel = &parcels[side][k];
      parcel->data = next, next += (parcel->bytes + 63) / 64 * 64;
      messages[side][k] = (CommMessage){ctx->info->leader_of_node[parcel->node], parcel->data, parcel->bytes};
    }
  for (int k = 0; k < group->transfer_count; k++) {
    const Transfer *t = &group->transfers[k];
    if (t->kind == TRANSFER_SEND) move_transfer(plan, t, data, parcel_of(parcels[0], &counts[0], t->peer));
  }
  if (comm_exchange_start(ctx->comm, counts[1], messages[1], counts[0], messages[0], &exchange, &error)) give_up(ctx, group, &error);
  for (int k = 0; k < group->transfer_count; k++)
    if (group->transfers[k].kind == TRANSFER_LOCAL) move_transfer(plan, &group->transfers[k], data, NULL);
  if (comm_exchange_finish(exchange, &error)) give_up(ctx, group, &error);
  for (int k = 0; k < group->transfer_count; k++) {
    const Transfer *t = &group->transfers[k];
    if (t->kind == TRANSFER_RECEIVE) move_transfer(plan, t, data, parcel_of(parcels[1], &counts[1], t->peer));
  }
  free(buffer), free(parcels[0]), free(parcels[1]), free(messages[0]), free(messages[1]);
}
