/* Messages, gathers, and what a leader gives to its node. */
#include "job.h"

#include <stdlib.h>
#include <string.h>

/* Every byte of a message says where it belongs. */
static uint8_t byte_of(int from, int to, int number, int64_t at) {
  return (uint8_t)(job_random((uint64_t)from * 1000 + (uint64_t)to, (uint64_t)number,
                              (uint64_t)at >> 3) >>
                   (at & 7) * 8);
}

static void fill(char *data, int64_t bytes, int from, int to, int number) {
  for (int64_t at = 0; at < bytes; at++) data[at] = (char)byte_of(from, to, number, at);
}

static int64_t first_wrong(const char *data, int64_t bytes, int from, int to, int number) {
  for (int64_t at = 0; at < bytes; at++)
    if ((uint8_t)data[at] != byte_of(from, to, number, at)) return at;
  return -1;
}

/* Around the eager limits of the transports. */
static const int64_t sizes[] = {0, 1, 7, 8, 100, 4095, 4096, 4097, 65536, 70001, 0, 300000};
enum { SIZES = sizeof sizes / sizeof *sizes };

static CommMessage *make(bool sending, int *count) {
  CommMessage *message = calloc((size_t)where->size * SIZES, sizeof *message);
  *count = 0;
  for (int peer = 0; peer < where->size; peer++)
    for (int number = 0; number < SIZES; number++) {
      int64_t bytes =
          sizes[(number + peer + where->rank) % SIZES]; /* the same seen from both ends */
      char *data = calloc(1, (size_t)bytes + 1);
      if (sending) fill(data, bytes, where->rank, peer, number);
      message[(*count)++] = (CommMessage){peer, data, bytes};
    }
  return message;
}

static void drop(CommMessage *message, int count) {
  for (int i = 0; i < count; i++) free(message[i].data);
  free(message);
}

/* Every pair of ranks, oneself included, many sizes in one exchange. */
static void every_pair_exchanges_every_size(void) {
  for (int polls = 0; polls < 2; polls++) {
    int sends, receives;
    CommMessage *send = make(true, &sends), *receive = make(false, &receives);
    CommExchange *exchange = NULL;
    QlError error = {0};
    if (!CHECK_INT_EQ(comm_exchange_start(job, receives, receive, sends, send, &exchange, &error),
                      QL_OK))
      return;
    while (polls && !comm_exchange_poll(exchange)) continue;
    CHECK_INT_EQ(comm_exchange_finish(exchange, &error), QL_OK);
    for (int i = 0; i < receives; i++)
      CHECK_INT_EQ(
          first_wrong(receive[i].data, receive[i].bytes, receive[i].peer, where->rank, i % SIZES),
          -1);
    drop(send, sends), drop(receive, receives);
  }
}

static void two_exchanges_may_be_under_way(void) {
  int right = (where->rank + 1) % where->size, left = (where->rank + where->size - 1) % where->size;
  int64_t out[2] = {where->rank, where->rank + 100}, in[2] = {-1, -1};
  CommExchange *exchange[2] = {NULL, NULL};
  QlError error = {0};
  for (int i = 0; i < 2; i++) {
    CommMessage receive = {left, &in[i], sizeof in[i]}, send = {right, &out[i], sizeof out[i]};
    if (!CHECK_INT_EQ(comm_exchange_start(job, 1, &receive, 1, &send, &exchange[i], &error), QL_OK))
      return;
  }
  CHECK_INT_EQ(comm_exchange_finish(exchange[1], &error), QL_OK);
  CHECK_INT_EQ(comm_exchange_finish(exchange[0], &error), QL_OK);
  CHECK_INT_EQ(in[0], left);
  CHECK_INT_EQ(in[1], left + 100);
}

/* Of any sizes, in any order, more than are reserved; what was reserved for few is used for many.
 */
static void exchanges_are_reserved(void) {
  enum { MOST = 6 };
  int right = (where->rank + 1) % where->size, left = (where->rank + where->size - 1) % where->size;
  QlError error = {0};
  for (int turn = 0; turn < 4; turn++) {
    int64_t out[MOST][MOST], in[MOST][MOST];
    CommMessage send[MOST][MOST], receive[MOST][MOST];
    CommExchange *exchange[MOST] = {NULL};
    CHECK_INT_EQ(comm_exchange_reserve(job, 1 + turn, 2 * (int64_t)(1 + turn), &error), QL_OK);
    for (int i = 0; i < MOST; i++) {
      int count = (i + turn) % MOST;
      for (int k = 0; k < count; k++) {
        out[i][k] = where->rank + 100 * i + 10000 * k, in[i][k] = -1;
        send[i][k] = (CommMessage){right, &out[i][k], sizeof out[i][k]};
        receive[i][k] = (CommMessage){left, &in[i][k], sizeof in[i][k]};
      }
      if (!CHECK_INT_EQ(
              comm_exchange_start(job, count, receive[i], count, send[i], &exchange[i], &error),
              QL_OK))
        return;
    }
    for (int i = MOST; i-- > 0;) CHECK_INT_EQ(comm_exchange_finish(exchange[i], &error), QL_OK);
    for (int i = 0; i < MOST; i++)
      for (int k = 0; k < (i + turn) % MOST; k++)
        CHECK_INT_EQ(in[i][k], left + 100 * i + 10000 * k);
  }
}

static void an_empty_exchange_is_done(void) {
  CommExchange *exchange = NULL;
  QlError error = {0};
  if (!CHECK_INT_EQ(comm_exchange_start(job, 0, NULL, 0, NULL, &exchange, &error), QL_OK)) return;
  CHECK(comm_exchange_poll(exchange));
  CHECK_INT_EQ(comm_exchange_finish(exchange, &error), QL_OK);
}

static void counters_count_what_is_sent(void) {
  CommCounters before = comm_counters(job);
  int peer = (where->rank + 1) % where->size, from = (where->rank + where->size - 1) % where->size;
  char out[24] = "some bytes", in[24];
  CommMessage receive[2] = {{from, in, 24}, {from, NULL, 0}},
              send[2] = {{peer, out, 24}, {peer, NULL, 0}};
  CommExchange *exchange = NULL;
  QlError error = {0};
  if (!CHECK_INT_EQ(comm_exchange_start(job, 2, receive, 2, send, &exchange, &error), QL_OK))
    return;
  CHECK_INT_EQ(comm_exchange_finish(exchange, &error), QL_OK);
  CommCounters after = comm_counters(job);
  CHECK_STR_EQ(in, "some bytes");
  CHECK_INT_EQ(after.messages - before.messages, where->size > 1);
  CHECK_INT_EQ(after.bytes - before.bytes, where->size > 1 ? 24 : 0);
}

static void lengths_that_differ_are_an_error(void) {
  int peer = (where->rank + 1) % where->size, from = (where->rank + where->size - 1) % where->size;
  char out[8] = {0}, in[16];
  CommMessage receive = {from, in, 16}, send = {peer, out, 8};
  CommExchange *exchange = NULL;
  QlError error = {0};
  QlStatus status = comm_exchange_start(job, 1, &receive, 1, &send, &exchange, &error);
  if (status == QL_OK) status = comm_exchange_finish(exchange, &error);
  CHECK_INT_EQ(status, QL_ERR_COMM);
  CHECK(strlen(error.text) > 0);
}

static void gathers_have_uneven_sizes(void) {
  for (int64_t scale = 0; scale <= 100000; scale = scale * 10 + 1) {
    int64_t size = (where->rank * 3 + 1) % 5 * scale, *offset = NULL;
    char *mine = malloc((size_t)size + 1), *all = NULL;
    QlError error = {0};
    fill(mine, size, where->rank, 0, 77);
    if (!CHECK_INT_EQ(comm_allgather(job, mine, size, &all, &offset, &error), QL_OK)) return;
    CHECK_INT_EQ(offset[0], 0);
    for (int rank = 0; rank < where->size; rank++) {
      CHECK_INT_EQ(offset[rank + 1] - offset[rank], (rank * 3 + 1) % 5 * scale);
      CHECK_INT_EQ(first_wrong(all + offset[rank], offset[rank + 1] - offset[rank], rank, 0, 77),
                   -1);
    }
    free(mine), free(all), free(offset);
  }
}

/* Longer than one piece of the transport (1 GiB): only when it is named, because of its memory. */
static void long_messages_are_split(void) {
  int64_t bytes = (1ll << 30) + 12345;
  bool sender = where->rank == 0;
  char *data = where->rank <= 1 ? calloc(1, (size_t)bytes) : NULL;
  CommMessage message = {1 - where->rank, data, bytes};
  CommExchange *exchange = NULL;
  QlError error = {0};
  if (data && sender)
    data[0] = 1, data[(1ll << 30) - 1] = 2, data[1ll << 30] = 3, data[bytes - 1] = 4;
  if (where->rank > 1 || where->size < 2) return (void)CHECK(where->size > 1);
  if (!CHECK_INT_EQ(
          comm_exchange_start(job, !sender, &message, sender, &message, &exchange, &error), QL_OK))
    return;
  CHECK_INT_EQ(comm_exchange_finish(exchange, &error), QL_OK);
  CHECK_INT_EQ(
      data[0] * 1000 + data[(1ll << 30) - 1] * 100 + data[1ll << 30] * 10 + data[bytes - 1], 1234);
  free(data);
}

/* Pairs at the same time; a rank without a partner is left out. */
static void wires_are_measured_pair_by_pair(void) {
  int peer = where->rank ^ 1;
  const int64_t lengths[] = {8, 1 << 20}, before = comm_counters(job).messages;
  const int counts[] = {QL_WIRE_MESSAGES, 1};
  for (int k = 0; peer < where->size && k < 2; k++) {
    QlError error = {0};
    QlWire wire = {0, 0};
    int64_t bytes = counts[k] * lengths[k];
    char *data = malloc((size_t)bytes);
    memset(data, where->rank < peer ? 'a' + k : 'z', (size_t)bytes);
    CHECK_INT_EQ(comm_wire(job, peer, data, lengths[k], counts[k], 3, &wire, &error), QL_OK);
    CHECK(wire.best > 0 && wire.best < 1e29 && wire.usual >= wire.best);
    CHECK(data[0] == 'a' + k && data[bytes - 1] == 'a' + k); /* the lower rank's came */
    free(data);
  }
  int64_t sent = comm_counters(job).messages - before;
  CHECK_INT_EQ(sent, peer < where->size ? (QL_WIRE_MESSAGES + 1) * (1 + 3) : 0);
}

int main(int argc, char **argv) {
  static const CheckTest tests[] = {
      CHECK_TEST(every_pair_exchanges_every_size), CHECK_TEST(two_exchanges_may_be_under_way),
      CHECK_TEST(exchanges_are_reserved),          CHECK_TEST(an_empty_exchange_is_done),
      CHECK_TEST(counters_count_what_is_sent),     CHECK_TEST(lengths_that_differ_are_an_error),
      CHECK_TEST(gathers_have_uneven_sizes),       CHECK_TEST(wires_are_measured_pair_by_pair),
      CHECK_TEST(long_messages_are_split)};
  size_t count = sizeof tests / sizeof *tests;
  return job_run(tests, argc > 1 ? count : count - 1, argc, argv);
}
