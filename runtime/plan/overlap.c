/* Messages and computation at the same time. Everything that goes from one node to another before a
 * group is one message; and a worker whose points mostly read what the node owns computes those,
 * its interior, while messages travel, and the rest when they have come.
 *
 *     leader    pack ── send ── interior, looking at the messages ── receive ── unpack ── edges
 *     others                    interior ······························ wait ──── edges
 *
 * Bits do not depend on it: an element is the same in any box. */
#include "planner.h"

#include <stdlib.h>
#include <string.h>

/* ---- messages ---- */

static int compare_messages(const void *a, const void *b) {
  const PlanMessage *x = a, *y = b;
  return x->node != y->node ? (x->node > y->node) - (x->node < y->node)
                            : (int)x->receive - (int)y->receive;
}

static PlanMessage *message_of(const PlanGroup *group, const Transfer *t) {
  PlanMessage sought = {.node = t->peer, .receive = t->kind == TRANSFER_RECEIVE};
  return bsearch(&sought, group->messages, (size_t)group->message_count, sizeof sought,
                 compare_messages);
}

/* One message for each node and direction that occurs, by node. */
static bool list_messages(PlanGroup *group) {
  int count = 0, kept = 0;
  group->messages = calloc((size_t)group->transfer_count + 1, sizeof *group->messages);
  if (!group->messages) return false;
  for (int k = 0; k < group->transfer_count; k++) {
    const Transfer *t = &group->transfers[k];
    if (t->kind != TRANSFER_LOCAL)
      group->messages[count++] =
          (PlanMessage){.node = t->peer, .receive = t->kind == TRANSFER_RECEIVE};
  }
  qsort(group->messages, (size_t)count, sizeof *group->messages, compare_messages);
  for (int m = 0; m < count; m++)
    if (!kept || compare_messages(&group->messages[kept - 1], &group->messages[m]))
      group->messages[kept++] = group->messages[m];
  group->message_count = kept;
  return true;
}

/* Both nodes list the transfers between them in the same order, so the parts of a message need no
 * names. */
static QlStatus form_messages(const Planner *planner, PlanGroup *group) {
  int64_t at = 0;
  if (!list_messages(group)) return QL_ERR_MEMORY;
  for (int k = 0; k < group->transfer_count; k++) {
    Transfer *t = &group->transfers[k];
    const PlanSlot *source = &planner->plan->slots[t->source_slot];
    if (t->kind == TRANSFER_LOCAL) continue;
    PlanMessage *message = message_of(group, t);
    t->at = message->bytes;
    message->bytes += box_volume(source->ndim, &t->box) * ql_dtype_info[source->dtype].size;
  }
  for (int m = 0; m < group->message_count; m++) {
    group->messages[m].at = at;
    at += (group->messages[m].bytes + 63) / 64 * 64;
  }
  for (int k = 0; k < group->transfer_count; k++) {
    Transfer *t = &group->transfers[k];
    if (t->kind != TRANSFER_LOCAL) t->at += message_of(group, t)->at;
  }
  group->message_bytes = at;
  return QL_OK;
}

/* ---- interiors ---- */

static int64_t floor_div(int64_t a, int64_t b) { return a / b - (a % b < 0); } /* b > 0 */

/* Cuts `box` to the points at which the leaf reads what this node owns; false: there are none. */
static bool cut_to_owned(const Planner *planner, const Reach *reach, Box *box) {
  const PlanSlot *slot = &planner->plan->slots[reach->slot];
  Box owned = rt_layout_node(slot->layout, slot->ndim, slot->shape, planner->ctx->info->node);
  for (int a = 0; a < slot->ndim; a++) {
    const AxisMap *map = &reach->axes[a];
    int64_t low = owned.lo[a] - map->start,
            high = owned.hi[a] - 1 - map->start; /* low <= step * x <= high */
    int r = map->dim;
    if (r < 0 || map->step == 0) {
      if (low > 0 || high < 0) return false;
    } else if (map->step > 0) {
      box->lo[r] = QL_MAX(box->lo[r], -floor_div(-low, map->step));
      box->hi[r] = QL_MIN(box->hi[r], floor_div(high, map->step) + 1);
    } else {
      box->lo[r] = QL_MAX(box->lo[r], -floor_div(high, -map->step));
      box->hi[r] = QL_MIN(box->hi[r], floor_div(-low, -map->step) + 1);
    }
  }
  return true;
}

static bool is_received(const PlanGroup *group, int slot) {
  for (int k = 0; k < group->transfer_count; k++)
    if (group->transfers[k].target_slot == slot && group->transfers[k].kind != TRANSFER_SEND)
      return true;
  return false;
}

/* The points of a box that need nothing of what the group receives; false: none, or too few to be
 * worth it. */
static bool find_interior(const Planner *planner, const Group *group, const PlanGroup *out,
                          Box *interior) {
  for (int k = 0; k < group->node_count; k++) {
    const Reach *reach = &group->reach[k];
    if (group->nodes[k].kind != NODE_LEAF || !is_received(out, reach->slot)) continue;
    if (reach->is_copy || !reach->has_axes || !cut_to_owned(planner, reach, interior)) return false;
  }
  return !box_empty(group->rank, interior) &&
         box_volume(group->rank, interior) >= QL_MAX(planner->ctx->params.overlap, 1);
}

static bool split_tasks(const Planner *planner, const Group *group, PlanGroup *out) {
  const QlContext *ctx = planner->ctx;
  bool any = false;
  if (group->kind != GROUP_KERNEL || group->reduce_axis >= 0 || group->placement.everywhere ||
      ctx->params.overlap < 0)
    return true;
  for (int t = 0; t < ctx->info->threads; t++) {
    PlanTask *task = &out->tasks[t];
    Box interior = task->box;
    if (task->empty || !find_interior(planner, group, out, &interior)) continue;
    if (!(task->interior = malloc(sizeof interior))) return false;
    *task->interior = interior;
    any = true;
  }
  planner->plan->adds.overlapped_statements += any;
  return true;
}

static bool stores_source(const Group *group, const PlanGroup *out) {
  for (int s = 0; s < group->store_count; s++)
    for (int k = 0; k < out->transfer_count; k++)
      if (out->transfers[k].source_slot == group->stores[s].slot) return true;
  return false;
}

QlStatus planner_overlap(Planner *planner) {
  for (int g = 0; g < planner->group_count; g++) {
    PlanGroup *out = &planner->plan->groups[g];
    if (!out->exchanges) continue;
    if (form_messages(planner, out) || !split_tasks(planner, &planner->groups[g], out))
      return ql_fail(planner->error, QL_ERR_MEMORY, "out of memory for a plan");
    out->stores_source = stores_source(&planner->groups[g], out);
  }
  return QL_OK;
}
