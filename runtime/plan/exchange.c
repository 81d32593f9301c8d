/* The exchange before a group: everything that goes from one node to another is one message, packed
 * and unpacked by all workers of the node, each its part. Messages lie in the plan's staging, in
 * the node's arena. */
#include "planner.h"

#include <stdlib.h>
#include <string.h>

/* ---- messages ---- */

static int compare_messages(const void *a, const void *b) {
  const PlanMessage *x = a, *y = b;
  return x->node != y->node ? (x->node > y->node) - (x->node < y->node)
                            : (int)x->receive - (int)y->receive;
}

static PlanMessage *message_of(const PlanExchange *exchange, const Transfer *t) {
  PlanMessage sought = {.node = t->peer, .receive = t->kind == TRANSFER_RECEIVE};
  return bsearch(&sought, exchange->messages, (size_t)exchange->message_count, sizeof sought,
                 compare_messages);
}

/* One message for each node and direction that occurs, by node. */
static QlStatus list_messages(const Planner *planner, PlanExchange *exchange) {
  int count = 0, kept = 0;
  PlanMessage *messages =
      planner_zeros(planner, (size_t)exchange->transfer_count * sizeof *messages);
  if (!messages) return QL_ERR_MEMORY;
  for (int k = 0; k < exchange->transfer_count; k++) {
    const Transfer *t = &exchange->transfers[k];
    if (t->kind != TRANSFER_LOCAL)
      messages[count++] = (PlanMessage){.node = t->peer, .receive = t->kind == TRANSFER_RECEIVE};
  }
  qsort(messages, (size_t)count, sizeof *messages, compare_messages);
  for (int m = 0; m < count; m++)
    if (!kept || compare_messages(&messages[kept - 1], &messages[m]))
      messages[kept++] = messages[m];
  exchange->message_count = kept;
  exchange->messages = planner_keep(planner, messages, (size_t)kept * sizeof *messages);
  return exchange->messages ? QL_OK : QL_ERR_MEMORY;
}

/* Both nodes list the transfers between them in the same order, so the parts of a message need no
 * names. */
static QlStatus form_messages(const Planner *planner, PlanExchange *exchange) {
  int64_t at = 0;
  QL_TRY(list_messages(planner, exchange));
  for (int k = 0; k < exchange->transfer_count; k++) {
    Transfer *t = &exchange->transfers[k];
    const PlanSlot *source = &planner->plan->slots[t->source_slot];
    if (t->kind == TRANSFER_LOCAL) continue;
    PlanMessage *message = message_of(exchange, t);
    t->at = message->bytes;
    message->bytes += box_volume(source->ndim, t->box) * ql_dtype_info[source->dtype].size;
  }
  for (int m = 0; m < exchange->message_count; m++) {
    exchange->messages[m].at = at;
    at += (exchange->messages[m].bytes + 63) / 64 * 64;
  }
  for (int k = 0; k < exchange->transfer_count; k++) {
    Transfer *t = &exchange->transfers[k];
    if (t->kind != TRANSFER_LOCAL) t->at += message_of(exchange, t)->at;
  }
  exchange->bytes = at;
  return QL_OK;
}

/* With their boxes, of which those that go to many nodes stay one. */
static QlStatus keep_transfers(Planner *planner, const Group *group, PlanExchange *exchange) {
  const Box *box = NULL, *kept = NULL;
  exchange->transfer_count = group->transfer_count;
  exchange->transfers = planner_keep(planner, group->transfers,
                                     (size_t)group->transfer_count * sizeof *group->transfers);
  if (!exchange->transfers) return QL_ERR_MEMORY;
  for (int k = 0; k < exchange->transfer_count; k++) {
    Transfer *t = &exchange->transfers[k];
    if (t->box != box) kept = planner_keep(planner, box = t->box, sizeof *box);
    if (!(t->box = kept)) return QL_ERR_MEMORY;
  }
  return QL_OK;
}

QlStatus planner_exchange(Planner *planner) {
  for (int g = 0; g < planner->group_count; g++) {
    const Group *group = &planner->groups[g];
    if (!group->exchanges) continue;
    PlanExchange *exchange = planner_keep_zeros(planner, sizeof *exchange);
    if (!exchange) return QL_ERR_MEMORY;
    planner->plan->groups[g].exchange = exchange;
    QL_TRY(keep_transfers(planner, group, exchange));
    QL_TRY(form_messages(planner, exchange));
    planner->plan->exchange_count++;
    planner->plan->message_count += exchange->message_count;
    int64_t pieces = 0;
    for (int m = 0; m < exchange->message_count; m++)
      pieces += comm_message_pieces(exchange->messages[m].bytes);
    planner->plan->exchange_pieces = QL_MAX(planner->plan->exchange_pieces, pieces);
  }
  return QL_OK;
}

/* ---- who copies what ---- */

enum { TOO_FEW_BYTES = 16384 }; /* of a copy: one worker fills it */

/* A worker's own elements, and on the outside of the node's block all that lies beyond them. */
static Box share_of_block(const Planner *planner, const PlanSlot *slot, int worker) {
  Box share = rt_layout_worker(slot->layout, slot->ndim, slot->shape, worker),
      node = rt_layout_node(slot->layout, slot->ndim, slot->shape, planner->ctx->info->node);
  if (box_empty(slot->ndim, &share)) return share;
  for (int a = 0; a < slot->ndim; a++) {
    if (share.lo[a] == node.lo[a]) share.lo[a] = INT64_MIN;
    if (share.hi[a] == node.hi[a]) share.hi[a] = INT64_MAX;
  }
  return share;
}

/* Of a copy of remote elements a slab. */
static Box share_of_copy(const Planner *planner, const PlanSlot *slot, int worker) {
  int workers = planner->ctx->info->workers, axis = 0;
  Box share = slot->geometry.alloc;
  int64_t lo, extent;
  for (int a = 1; a < slot->ndim; a++)
    if (share.hi[axis] - share.lo[axis] < workers &&
        share.hi[a] - share.lo[a] > share.hi[axis] - share.lo[axis])
      axis = a;
  lo = share.lo[axis], extent = share.hi[axis] - lo;
  bool one = slot->geometry.bytes < TOO_FEW_BYTES;
  share.lo[axis] = lo + (one ? worker ? extent : 0 : part_start(extent, worker, workers));
  share.hi[axis] = lo + (one ? extent : part_start(extent, worker + 1, workers));
  return share;
}

Box exchange_share(const Planner *planner, int slot, int worker) {
  const PlanSlot *of = &planner->plan->slots[slot];
  return of->layout ? share_of_block(planner, of, worker) : share_of_copy(planner, of, worker);
}

int exchange_copies_into(const Transfer *t, bool unpacks) {
  if ((t->kind == TRANSFER_SEND) == unpacks) return -1;
  return unpacks ? t->target_slot : t->source_slot;
}

QlStatus exchange_parts(const Planner *planner, const PlanExchange *exchange, bool unpacks,
                        int worker, PlanParts *parts) {
  const Box *kept = NULL;
  Box share = {{0}, {0}};
  *parts = (PlanParts){0};
  for (int lists = 0; lists < 2; lists++) { /* counts first */
    int count = 0, known = -1;
    for (int k = 0; k < exchange->transfer_count; k++) {
      const Transfer *t = &exchange->transfers[k];
      int slot = exchange_copies_into(t, unpacks);
      if (slot < 0) continue;
      if (slot != known) share = exchange_share(planner, known = slot, worker), kept = NULL;
      if (!box_intersect(planner->plan->slots[slot].ndim, t->box, &share, NULL)) continue;
      if (lists && !kept && !(kept = planner_keep(planner, &share, sizeof share)))
        return QL_ERR_MEMORY;
      if (lists) parts->transfers[count] = k, parts->shares[count] = kept;
      count++;
    }
    if (lists || !count) break;
    parts->transfers = planner_keep_zeros(planner, (size_t)count * sizeof *parts->transfers);
    parts->shares = planner_keep_zeros(planner, (size_t)count * sizeof *parts->shares);
    if (!parts->transfers || !parts->shares) return QL_ERR_MEMORY;
    parts->count = count;
  }
  return QL_OK;
}
