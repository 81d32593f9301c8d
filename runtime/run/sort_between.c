/* Which elements belong to which node, exactly; and their way there.
 *
 * Node j's part begins at the element that has place b_j among all. Its leader looks for that one's
 * key, some bits at a time: it asks all nodes how many of their elements are below each of some
 * keys, and adds. All leaders do so at once; where there are many, with fewer bits, since each is
 * asked by all:
 *
 *     8 rounds for 64 bits     prefix ->   <- 255 counts
 *     the last                 key ->      <- elements below it, and equal to it
 *                              of the latter so many belong to nodes before j ->
 *
 * Of equal elements those of lower nodes come first, which is the order of their indices. So
 * nothing is estimated, no node receives more than its part, and messages are as many and as large
 * for any values. */
#include "runtime.h"

#include <stdlib.h>
#include <string.h>

enum { DIGIT = 8, DIGIT_OF_MANY = 4, MANY = 16, TRIES = (1 << DIGIT) - 1 };

typedef struct Ends {
  int64_t below, equal;
} Ends;

struct SortBetween {
  int64_t *begin;          /* [nodes + 1] of the nodes' parts */
  SortRun *run;            /* [workers] this node's */
  SortKey key, *keys;      /* [nodes] what this leader looks for, and the others */
  int64_t *given, *counts; /* [nodes] to them and by them */
  Ends *ends, *all;        /* the same */
  int64_t *take, *taken;   /* the same: of equal ones so many */
  int64_t *split;          /* [nodes + 1][workers] of the runs */
  int64_t *sends;          /* [nodes][workers] elements */
  int64_t *come;           /* [runs] */
  CommMessage *messages;   /* [2 * runs * nodes at most], receives first */
  int receives, sent, room;
};

QlStatus sort_between_new(const Sort *s, SortBetween **between, QlError *error) {
  const CommInfo *info = s->ctx->info;
  int64_t nodes = info->node_count, workers = info->workers;
  SortBetween *b = *between = calloc(1, sizeof *b);
  if (!b) return ql_fail(error, QL_ERR_MEMORY, "out of memory for sorting");
  b->room = (int)QL_MAX(s->runs, nodes * workers);
  b->begin = calloc((size_t)(nodes + 1), sizeof *b->begin);
  b->run = calloc((size_t)(workers), sizeof *b->run);
  b->keys = calloc((size_t)(nodes), sizeof *b->keys);
  b->given = calloc((size_t)(nodes * TRIES), sizeof *b->given);
  b->counts = calloc((size_t)(nodes * TRIES), sizeof *b->counts);
  b->ends = calloc((size_t)(nodes), sizeof *b->ends),
  b->all = calloc((size_t)(nodes), sizeof *b->all);
  b->take = calloc((size_t)(nodes), sizeof *b->take);
  b->taken = calloc((size_t)(nodes), sizeof *b->taken);
  b->split = calloc((size_t)((nodes + 1) * workers), sizeof *b->split);
  b->sends = calloc((size_t)(nodes * workers), sizeof *b->sends);
  b->come = calloc((size_t)(s->runs), sizeof *b->come);
  b->messages = calloc((size_t)(2 * b->room), sizeof *b->messages);
  if (!b->begin || !b->run || !b->keys || !b->given || !b->counts || !b->ends || !b->all ||
      !b->take || !b->taken || !b->split || !b->sends || !b->come || !b->messages)
    return ql_fail(error, QL_ERR_MEMORY, "out of memory for sorting");
  return comm_exchange_reserve(s->ctx->comm, 1, 2 * nodes, error);
}

void sort_between_free(SortBetween *b) {
  if (!b) return;
  free(b->begin), free(b->run), free(b->keys), free(b->given), free(b->counts), free(b->ends);
  free(b->all), free(b->take), free(b->taken), free(b->split), free(b->sends), free(b->come);
  free(b->messages), free(b);
}

/* ---- messages of one size, from each leader to each ---- */

static void exchange(const Sort *s, int receives, const CommMessage *receive, int sends,
                     const CommMessage *send) {
  CommExchange *under_way;
  QL_ERROR(error);
  if (comm_exchange_start(s->ctx->comm, receives, receive, sends, send, &under_way, &error) ||
      comm_exchange_finish(under_way, &error))
    comm_abort(s->ctx->comm, "elements to sort did not arrive: %s", error.text);
}

/* to: one for each node, `step` bytes apart, so that with 0 all are sent the same one. */
static void tell(const Sort *s, SortBetween *b, char *to, int64_t step, char *from, int64_t bytes) {
  const CommInfo *info = s->ctx->info;
  int count = 0;
  CommMessage *send = b->messages + info->node_count;
  for (int p = 0; p < info->node_count; p++) {
    if (p == info->node) {
      memcpy(from + p * bytes, to + p * step, (size_t)bytes);
      continue;
    }
    b->messages[count] = (CommMessage){info->leader_of_node[p], from + p * bytes, bytes};
    send[count++] = (CommMessage){info->leader_of_node[p], to + p * step, bytes};
  }
  exchange(s, count, b->messages, count, send);
}

/* ---- where the parts begin ---- */

static int64_t below(const Sort *s, const SortBetween *b, SortKey key) {
  int64_t sum = 0;
  for (int w = 0; w < s->workers; w++) sum += sort_below(s->form, &b->run[w], key);
  return sum;
}

static void try_digit(const Sort *s, SortBetween *b, int bits, int shift, int64_t place) {
  int nodes = s->nodes, digit = 0, tries = (1 << bits) - 1;
  int64_t bytes = tries * (int64_t)sizeof *b->given;
  tell(s, b, (char *)&b->key, 0, (char *)b->keys, sizeof b->key);
  for (int p = 0; p < nodes; p++)
    for (int d = 0; d < tries; d++)
      b->given[p * tries + d] = below(s, b, b->keys[p] | (SortKey)(d + 1) << shift);
  tell(s, b, (char *)b->given, bytes, (char *)b->counts, bytes);
  for (int d = 0; d < tries; d++) {
    int64_t sum = 0;
    for (int p = 0; p < nodes; p++) sum += b->counts[p * tries + d];
    if (sum <= place) digit = d + 1;
  }
  b->key |= (SortKey)digit << shift;
}

/* How the elements that are equal to the one at that place are shared out. */
static void share_equal(const Sort *s, SortBetween *b, int64_t place) {
  tell(s, b, (char *)&b->key, 0, (char *)b->keys, sizeof b->key);
  for (int p = 0; p < s->nodes; p++) {
    b->ends[p].below = below(s, b, b->keys[p]);
    b->ends[p].equal = below(s, b, b->keys[p] + 1) - b->ends[p].below;
  }
  tell(s, b, (char *)b->ends, sizeof *b->ends, (char *)b->all, sizeof *b->all);
  for (int p = 0; p < s->nodes; p++) place -= b->all[p].below;
  for (int p = 0; p < s->nodes; p++) {
    b->take[p] = QL_MAX(QL_MIN(b->all[p].equal, place), 0);
    place -= b->take[p];
  }
  tell(s, b, (char *)b->take, sizeof *b->take, (char *)b->taken, sizeof *b->taken);
}

/* Where this node's runs are cut: what belongs to nodes before p. */
static void cut_runs(const Sort *s, SortBetween *b, int p, int64_t size) {
  int64_t *split = b->split + (int64_t)p * s->workers, left = p < s->nodes ? b->taken[p] : 0;
  bool none = b->begin[p] == 0, all = p == s->nodes || b->begin[p] >= size;
  for (int w = 0; w < s->workers; w++) {
    const SortRun *run = &b->run[w];
    split[w] = none ? 0 : run->count;
    if (none || all) continue;
    split[w] = sort_below(s->form, run, b->keys[p]);
    int64_t equal = sort_below(s->form, run, b->keys[p] + 1) - split[w];
    equal = QL_MIN(equal, left);
    split[w] += equal, left -= equal;
  }
}

/* Every node hears how much of each run comes to it. */
static void tell_sizes(const Sort *s, SortBetween *b) {
  const CommInfo *info = s->ctx->info;
  CommMessage *send = b->messages + info->node_count;
  int64_t *come = b->come;
  int count = 0;
  for (int p = 0; p < s->nodes; p++) {
    int64_t *mine = b->sends + (int64_t)p * s->workers, *split = b->split + (int64_t)p * s->workers;
    for (int w = 0; w < s->workers; w++) mine[w] = split[s->workers + w] - split[w];
    size_t bytes = (size_t)info->workers_of_node[p] * sizeof *come;
    if (p == info->node) {
      memcpy(come, mine, bytes);
    } else {
      b->messages[count] = (CommMessage){info->leader_of_node[p], come, (int64_t)bytes};
      send[count++] =
          (CommMessage){info->leader_of_node[p], mine, s->workers * (int64_t)sizeof *mine};
    }
    come += info->workers_of_node[p];
  }
  exchange(s, count, b->messages, count, send);
}

/* A message for each stretch of a run. */
static int64_t list_messages(const Sort *s, SortBetween *b) {
  const CommInfo *info = s->ctx->info;
  int64_t item = sort_forms[s->form].bytes, pieces = 0;
  int receives = 0, sends = 0, r = 0;
  CommMessage *send = b->messages + b->room;
  for (int p = 0; p < s->nodes; p++) {
    int leader = info->leader_of_node[p];
    for (int w = 0; w < info->workers_of_node[p]; w++, r++)
      if (p != info->node && b->come[r])
        b->messages[receives++] =
            (CommMessage){leader, s->y + s->starts[r] * item, b->come[r] * item};
    for (int w = 0; w < s->workers; w++) {
      int64_t at = b->split[(int64_t)p * s->workers + w],
              count = b->sends[(int64_t)p * s->workers + w];
      if (p != info->node && count)
        send[sends++] =
            (CommMessage){leader, (char *)(uintptr_t)b->run[w].at + at * item, count * item};
    }
  }
  b->receives = receives, b->sent = sends;
  for (int k = 0; k < receives; k++) pieces += comm_message_pieces(b->messages[k].bytes);
  for (int k = 0; k < sends; k++) pieces += comm_message_pieces(send[k].bytes);
  return pieces;
}

QlStatus sort_between_split(Sort *s, SortBetween *b, QlError *error) {
  const CommInfo *info = s->ctx->info;
  int64_t size = s->of->shape[0], item = sort_forms[s->form].bytes;
  for (int p = 0; p <= s->nodes; p++)
    b->begin[p] = p < s->nodes ? rt_layout_node(s->of->layout, 1, s->of->shape, p).lo[0] : size;
  for (int w = 0; w < s->workers; w++) {
    int64_t from = part_start(s->count, w, s->workers);
    b->run[w] = (SortRun){s->x + from * item, part_start(s->count, w + 1, s->workers) - from};
  }
  int64_t place = b->begin[info->node];
  int bits = s->nodes > MANY ? DIGIT_OF_MANY : DIGIT;
  for (int shift = sort_forms[s->form].key_bits - bits; shift >= 0; shift -= bits)
    try_digit(s, b, bits, shift, place);
  share_equal(s, b, place);
  for (int p = 0; p <= s->nodes; p++) cut_runs(s, b, p, size);
  tell_sizes(s, b);
  s->starts[0] = 0;
  for (int r = 0; r < s->runs; r++) s->starts[r + 1] = s->starts[r] + b->come[r];
  return comm_exchange_reserve(s->ctx->comm, 1, list_messages(s, b), error);
}

int64_t sort_between_exchange(Sort *s, SortBetween *b) {
  const CommInfo *info = s->ctx->info;
  int64_t item = sort_forms[s->form].bytes, bytes = 0;
  CommExchange *under_way;
  QL_ERROR(error);
  if (comm_exchange_start(s->ctx->comm, b->receives, b->messages, b->sent, b->messages + b->room,
                          &under_way, &error))
    comm_abort(s->ctx->comm, "elements to sort were not sent: %s", error.text);
  int first = 0;
  for (int p = 0; p < info->node; p++) first += info->workers_of_node[p];
  for (int w = 0; w < s->workers; w++) { /* what stays, meanwhile */
    int64_t at = b->split[(int64_t)info->node * s->workers + w];
    memcpy(s->y + s->starts[first + w] * item, b->run[w].at + at * item,
           (size_t)(b->come[first + w] * item));
  }
  if (comm_exchange_finish(under_way, &error))
    comm_abort(s->ctx->comm, "elements to sort did not arrive: %s", error.text);
  for (int k = 0; k < b->receives; k++) bytes += b->messages[k].bytes;
  return bytes;
}
