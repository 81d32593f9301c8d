/* Exchanges between nodes, as the plan lists them: every worker copies its parts of what goes and
 * comes between blocks and staging; the messages are the main thread's of the node's leader. */
#include "runtime.h"

#include <stdlib.h>

static void copy_part(const Run *run, const Transfer *t, const Box *box, char *staging) {
  const PlanSlot *source = &run->plan->slots[t->source_slot],
                 *target = &run->plan->slots[t->target_slot];
  size_t item = ql_dtype_info[source->dtype].size;
  const Block *from = &source->geometry, *to = &target->geometry;
  char *source_data = run->data[t->source_slot], *target_data = run->data[t->target_slot],
       *packed = staging + t->at;
  int64_t stride[QL_MAX_DIMS];
  box_strides(source->ndim, t->box, (int64_t)item, stride);
  switch (t->kind) {
    case TRANSFER_LOCAL:
      box_copy(source->ndim, box, item, target_data, &to->alloc, to->stride, source_data,
               &from->alloc, from->stride);
      break;
    case TRANSFER_SEND:
      box_copy(source->ndim, box, item, packed, t->box, stride, source_data, &from->alloc,
               from->stride);
      break;
    case TRANSFER_RECEIVE:
      box_copy(source->ndim, box, item, target_data, &to->alloc, to->stride, packed, t->box,
               stride);
      break;
  }
}

static char *staging_of(const Run *run, const PlanExchange *exchange) {
  return run->staging ? run->staging->data + exchange->at : NULL;
}

void rt_parts_copy(const Run *run, const PlanExchange *exchange, const PlanParts *parts) {
  for (int k = 0; k < parts->count; k++) {
    const Transfer *t = &exchange->transfers[parts->transfers[k]];
    Box box;
    if (box_intersect(run->plan->slots[t->source_slot].ndim, t->box, parts->shares[k], &box))
      copy_part(run, t, &box, staging_of(run, exchange));
  }
}

/* ---- messages ---- */

static void give_up(QlContext *ctx, int group, const QlError *error) {
  const PlanGroup *of = &ctx->team->run.plan->groups[group];
  char where[512];
  rt_describe(ctx, ctx->log.statements[of->statement].source, where, sizeof where);
  comm_abort(ctx->comm, "an exchange between nodes failed after results were stored: %s (%s)",
             error->text, where);
}

QlStatus rt_messages_reserve(QlContext *ctx, Run *run, const Plan *plan, QlError *error) {
  run->message_count = run->flying = 0;
  if (ctx->info->node_rank) return QL_OK;
  if (plan->message_count > run->message_room) {
    CommMessage *list = realloc(run->messages, (size_t)plan->message_count * sizeof *list);
    if (!list) return ql_fail(error, QL_ERR_MEMORY, "out of memory for messages between nodes");
    run->messages = list, run->message_room = plan->message_count;
  }
  if (plan->exchanges_at_once > run->flight_room) {
    Flight *list = realloc(run->flights, (size_t)plan->exchanges_at_once * sizeof *list);
    if (!list) return ql_fail(error, QL_ERR_MEMORY, "out of memory for messages between nodes");
    run->flights = list, run->flight_room = plan->exchanges_at_once;
  }
  return comm_exchange_reserve(ctx->comm, plan->exchanges_at_once, plan->exchange_pieces, error);
}

void rt_messages_post(QlContext *ctx, Run *run, int group) {
  const PlanExchange *exchange = run->plan->groups[group].exchange;
  CommMessage *list = run->messages + run->message_count;
  Flight *flight = &run->flights[run->flying++];
  QL_ERROR(error);
  int receives = 0, sends = 0;
  for (int receive = 1; receive >= 0; receive--)
    for (int m = 0; m < exchange->message_count; m++) {
      const PlanMessage *message = &exchange->messages[m];
      if (message->receive != receive) continue;
      list[receives + sends] =
          (CommMessage){ctx->info->leader_of_node[message->node],
                        staging_of(run, exchange) + message->at, message->bytes};
      if (receive)
        receives++;
      else
        sends++;
    }
  run->message_count += receives + sends;
  *flight = (Flight){.group = group};
  if (comm_exchange_start(ctx->comm, receives, list, sends, list + receives, &flight->exchange,
                          &error))
    give_up(ctx, group, &error);
}

void rt_messages_complete(QlContext *ctx, Run *run, int group) {
  QL_ERROR(error);
  int k = 0;
  while (run->flights[k].group != group) k++;
  CommExchange *exchange = run->flights[k].exchange;
  run->flights[k] = run->flights[--run->flying];
  if (comm_exchange_finish(exchange, &error)) give_up(ctx, group, &error);
}

bool rt_messages_poll(Run *run) {
  bool all = true;
  for (int k = 0; k < run->flying; k++) all &= comm_exchange_poll(run->flights[k].exchange);
  return !all;
}
