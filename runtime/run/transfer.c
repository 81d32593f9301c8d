/* Transfers before a group, as the plan lists them: boxes are packed into messages and unpacked
 * into ghosts or copies. By the main thread of the node's leader. */
#include "runtime.h"

#include <stdlib.h>

static void move_box(const Run *run, const Transfer *t) {
  const PlanSlot *source = &run->plan->slots[t->source_slot],
                 *target = &run->plan->slots[t->target_slot];
  size_t item = ql_dtype_info[source->dtype].size;
  const Block *from = &source->geometry, *to = &target->geometry;
  char *source_data = run->data[t->source_slot], *target_data = run->data[t->target_slot],
       *packed = run->buffer + t->at;
  int64_t stride[QL_MAX_DIMS];
  box_strides(source->ndim, &t->box, (int64_t)item, stride);
  switch (t->kind) {
    case TRANSFER_LOCAL:
      box_copy(source->ndim, &t->box, item, target_data, &to->alloc, to->stride, source_data,
               &from->alloc, from->stride);
      break;
    case TRANSFER_SEND:
      box_copy(source->ndim, &t->box, item, packed, &t->box, stride, source_data, &from->alloc,
               from->stride);
      break;
    case TRANSFER_RECEIVE:
      box_copy(source->ndim, &t->box, item, target_data, &to->alloc, to->stride, packed, &t->box,
               stride);
      break;
  }
}

static void move_all(const Run *run, const PlanGroup *group, TransferKind kind) {
  for (int k = 0; k < group->transfer_count; k++)
    if (group->transfers[k].kind == kind) move_box(run, &group->transfers[k]);
}

static void give_up(QlContext *ctx, const PlanGroup *group, const QlError *error) {
  char where[512];
  rt_describe(ctx, ctx->log.statements[group->statement].source, where, sizeof where);
  comm_abort(ctx->comm, "an exchange between nodes failed after results were stored: %s (%s)",
             error->text, where);
}

enum { KEPT_BUFFER = 256 << 20 };

void rt_transfers_relax(Run *run) {
  if (run->buffer_bytes <= KEPT_BUFFER) return;
  free(run->buffer);
  run->buffer = NULL, run->buffer_bytes = 0;
}

QlStatus rt_transfers_reserve(QlContext *ctx, Run *run, const Plan *plan, QlError *error) {
  int64_t bytes = 0;
  int messages = 0;
  if (ctx->info->node_rank) return QL_OK;
  for (int g = 0; g < plan->group_count; g++) {
    bytes = QL_MAX(bytes, plan->groups[g].message_bytes);
    messages = QL_MAX(messages, plan->groups[g].message_count);
  }
  if (bytes > run->buffer_bytes) {
    free(run->buffer);
    run->buffer_bytes = 0;
    if (!(run->buffer = malloc((size_t)bytes)))
      return ql_fail(error, QL_ERR_MEMORY, "out of memory for %s of messages between nodes",
                     ql_bytes_text(bytes).text);
    run->buffer_bytes = bytes;
  }
  if (messages > run->message_room) {
    CommMessage *list = realloc(run->messages, (size_t)messages * sizeof *list);
    if (!list) return ql_fail(error, QL_ERR_MEMORY, "out of memory for messages between nodes");
    run->messages = list, run->message_room = messages;
  }
  return QL_OK;
}

void rt_transfers_start(QlContext *ctx, Run *run, const PlanGroup *group) {
  QlError error = {0};
  int receives = 0, sends = 0;
  for (int receive = 1; receive >= 0; receive--)
    for (int m = 0; m < group->message_count; m++) {
      const PlanMessage *message = &group->messages[m];
      if (message->receive != receive) continue;
      run->messages[receives + sends] = (CommMessage){ctx->info->leader_of_node[message->node],
                                                      run->buffer + message->at, message->bytes};
      if (receive)
        receives++;
      else
        sends++;
    }
  move_all(run, group, TRANSFER_SEND);
  if (comm_exchange_start(ctx->comm, receives, run->messages, sends, run->messages + receives,
                          &run->exchange, &error))
    give_up(ctx, group, &error);
  move_all(run, group, TRANSFER_LOCAL);
}

void rt_transfers_finish(QlContext *ctx, Run *run, const PlanGroup *group) {
  QlError error = {0};
  CommExchange *exchange = run->exchange;
  run->exchange = NULL;
  if (comm_exchange_finish(exchange, &error)) give_up(ctx, group, &error);
  move_all(run, group, TRANSFER_RECEIVE);
}
