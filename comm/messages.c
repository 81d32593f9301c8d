/* Messages between ranks, and gathers.
 *
 * An exchange is one batch of the transport. A message to oneself is copied at the start: the k-th
 * receive from oneself takes the k-th send. Gathers go round a ring, each block one hop in each
 * step: every link is busy, sizes may differ, and nothing is counted in 32 bits. */
#include "internal.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

struct CommExchange {
  Comm *comm;
  CommExchange *next; /* spare one */
  TransportBatch *batch;
  int64_t capacity; /* of the batch, in pieces of messages */
  bool done;
  QlError error;
};

/* params.fault: "message:N" or "message:N@RANK" among others. */
QlStatus comm_messages_open(Comm *comm, QlError *error) {
  const char *fault = comm->params->fault ? strstr(comm->params->fault, "message:") : NULL;
  if (!fault) return QL_OK;
  char *end = NULL;
  long long nth = strtoll(fault + strlen("message:"), &end, 10), rank = comm->info.rank;
  if (nth > 0 && *end == '@') rank = strtoll(end + 1, &end, 10);
  if (nth <= 0 || (*end && *end != ','))
    return ql_fail(error, QL_ERR_VALUE, "QUELEA_FAULT=%s: message:N or message:N@RANK is meant",
                   fault);
  if (rank == comm->info.rank) comm->fault_message = nth;
  return QL_OK;
}

/* Counts `count` more messages; fails if the one that is to fail is among them. */
static QlStatus inject(Comm *comm, int64_t count, QlError *error) {
  int64_t before = comm->fault_count;
  comm->fault_count += count;
  if (comm->fault_message == 0 || before >= comm->fault_message ||
      comm->fault_count < comm->fault_message)
    return QL_OK;
  return ql_fail(error, QL_ERR_COMM, "message %lld of rank %d failed on purpose (QUELEA_FAULT)",
                 (long long)comm->fault_message, comm->info.rank);
}

/* ---- exchanges ---- */

static QlStatus copy_own(const Comm *comm, int receives, const CommMessage *receive, int sends,
                         const CommMessage *send, QlError *error) {
  int self = comm->info.rank, from = 0;
  for (int to = 0; to < receives; to++) {
    if (receive[to].peer != self) continue;
    while (from < sends && send[from].peer != self) from++;
    if (from == sends || send[from].bytes != receive[to].bytes)
      return ql_fail(error, QL_ERR_COMM,
                     "rank %d does not send itself the %lld bytes that it wants to receive", self,
                     (long long)receive[to].bytes);
    if (receive[to].bytes > 0)
      memmove(receive[to].data, send[from].data, (size_t)receive[to].bytes);
    from++;
  }
  return QL_OK;
}

static int64_t pieces(const Comm *comm, int count, const CommMessage *message) {
  int64_t total = 0;
  for (int i = 0; i < count; i++) {
    assert(message[i].peer >= 0 && message[i].peer < comm->info.size && message[i].bytes >= 0);
    if (message[i].peer != comm->info.rank) total += transport_pieces(message[i].bytes);
  }
  return total;
}

static QlStatus post(CommExchange *exchange, int receives, const CommMessage *receive, int sends,
                     const CommMessage *send, QlError *error) {
  Comm *comm = exchange->comm;
  for (int i = 0; i < receives; i++)
    if (receive[i].peer != comm->info.rank)
      QL_TRY(transport_receive(exchange->batch, receive[i].peer, receive[i].data, receive[i].bytes,
                               TRANSPORT_DATA, error));
  for (int i = 0; i < sends; i++) {
    if (send[i].peer == comm->info.rank || send[i].bytes == 0) continue;
    QL_TRY(transport_send(exchange->batch, send[i].peer, send[i].data, send[i].bytes,
                          TRANSPORT_DATA, error));
    atomic_fetch_add_explicit(&comm->messages, 1, memory_order_relaxed);
    atomic_fetch_add_explicit(&comm->bytes, send[i].bytes, memory_order_relaxed);
  }
  return QL_OK;
}

static void exchange_free(CommExchange *exchange) {
  if (!exchange) return;
  transport_batch_free(exchange->batch);
  free(exchange);
}

static CommExchange *exchange_new(Comm *comm, int64_t capacity) {
  CommExchange *exchange = calloc(1, sizeof *exchange);
  if (!exchange) return NULL;
  exchange->comm = comm, exchange->capacity = capacity;
  if (comm->transport) exchange->batch = transport_batch_new(comm->transport, capacity);
  if (exchange->batch || !comm->transport) return exchange;
  free(exchange);
  return NULL;
}

/* What has ended is kept for the next exchange: as many as were ever under way together. */
static void exchange_return(CommExchange *exchange) {
  Comm *comm = exchange->comm;
  if (exchange->error.status) {
    exchange_free(exchange);
    return;
  }
  exchange->done = false;
  exchange->next = comm->spares, comm->spares = exchange;
}

/* A spare one that has room for so many pieces; NULL: none has. */
static CommExchange *spare_take(Comm *comm, int64_t capacity) {
  CommExchange **link = &comm->spares, *exchange;
  while (*link && (*link)->capacity < capacity) link = &(*link)->next;
  if ((exchange = *link)) *link = exchange->next;
  return exchange;
}

/* A spare one, or a new one in the place of a spare one that is too small. */
static CommExchange *exchange_take(Comm *comm, int64_t capacity) {
  CommExchange *exchange = spare_take(comm, capacity);
  if (exchange || !(exchange = exchange_new(comm, capacity))) return exchange;
  exchange_free(spare_take(comm, 0));
  return exchange;
}

void comm_messages_close(Comm *comm) {
  while (comm->spares) exchange_free(spare_take(comm, 0));
}

static QlStatus no_memory(int64_t capacity, QlError *error) {
  return ql_fail(error, QL_ERR_MEMORY, "no memory for an exchange of %lld messages",
                 (long long)capacity);
}

int64_t comm_message_pieces(int64_t bytes) { return transport_pieces(bytes); }

QlStatus comm_exchange_reserve(Comm *comm, int at_once, int64_t pieces, QlError *error) {
  for (const CommExchange *e = comm->spares; e && at_once > 0; e = e->next)
    at_once -= e->capacity >= pieces;
  for (; at_once > 0; at_once--) {
    CommExchange *exchange = exchange_new(comm, pieces), **link = &comm->spares;
    if (!exchange) return no_memory(pieces, error);
    while (*link && (*link)->capacity >= pieces) link = &(*link)->next;
    if (*link) { /* too small: the new one takes its place */
      CommExchange *small = *link;
      *link = small->next;
      exchange_free(small);
    }
    exchange_return(exchange);
  }
  return QL_OK;
}

static QlStatus start(Comm *comm, int receives, const CommMessage *receive, int sends,
                      const CommMessage *send, CommExchange **out, QlError *error) {
  QL_TRY(copy_own(comm, receives, receive, sends, send, error));
  int64_t capacity = pieces(comm, receives, receive) + pieces(comm, sends, send);
  CommExchange *exchange = exchange_take(comm, capacity);
  if (!exchange) return no_memory(capacity, error);
  exchange->done = capacity == 0;
  QlStatus status = post(exchange, receives, receive, sends, send, error);
  if (status)
    exchange_free(exchange);
  else
    *out = exchange;
  return status;
}

QlStatus comm_exchange_start(Comm *comm, int receives, const CommMessage *receive, int sends,
                             const CommMessage *send, CommExchange **exchange, QlError *error) {
  *exchange = NULL;
  QL_TRY(inject(comm, (int64_t)receives + sends, error));
  return start(comm, receives, receive, sends, send, exchange, error);
}

bool comm_exchange_poll(CommExchange *exchange) {
  if (!exchange->done &&
      transport_poll(exchange->batch, &exchange->done, &exchange->error) != QL_OK)
    exchange->done = true;
  return exchange->done;
}

int comm_exchange_pending(const CommExchange *exchange) {
  return exchange->batch ? transport_pending(exchange->batch) : -1;
}

static bool exchange_ready(void *subject) { return comm_exchange_poll(subject); }

QlStatus comm_exchange_finish(CommExchange *exchange, QlError *error) {
  if (!comm_exchange_poll(exchange))
    comm_wait(
        exchange->comm,
        &(Wait){
            .kind = WAIT_MESSAGES, .is_main = true, .ready = exchange_ready, .subject = exchange});
  QlStatus status = exchange->error.status;
  if (status != QL_OK && error && error->status == QL_OK) *error = exchange->error;
  exchange_return(exchange);
  return status;
}

/* ---- gathers ---- */

/* All ranks come here, or none goes on. */
static QlStatus meet(Comm *comm, QlStatus status, const char *place, QlError *error) {
  CommVerdict verdict;
  uint64_t word = ql_hash_bytes(0, place, strlen(place));
  comm_agree(comm, &(CommWord){.state = word, .status = status}, &verdict);
  if (!verdict.same_state)
    return ql_fail(error, QL_ERR_DIVERGED,
                   "rank %d gathers data here, other ranks do something else", comm->info.rank);
  if (verdict.status == QL_OK || status != QL_OK) return status != QL_OK ? status : QL_OK;
  return ql_fail(error, (QlStatus)verdict.status, "a gather of data failed on rank %d",
                 verdict.status_rank);
}

static QlStatus gather_sizes(Comm *comm, int64_t size, int64_t *sizes, QlError *error) {
  if (comm_is_lone(comm)) {
    sizes[0] = size;
    return QL_OK;
  }
  CommExchange exchange = {.comm = comm, .batch = transport_batch_new(comm->transport, 1)};
  QlStatus status = QL_OK;
  if (!exchange.batch) status = ql_fail(error, QL_ERR_MEMORY, "no memory to gather data of ranks");
  status = meet(comm, status, "comm_allgather: sizes", error);
  if (status == QL_OK)
    status = transport_batch_gather(exchange.batch, &size, sizeof size, sizes, error);
  if (status == QL_OK && !comm_exchange_poll(&exchange))
    comm_wait(
        comm,
        &(Wait){
            .kind = WAIT_MESSAGES, .is_main = true, .ready = exchange_ready, .subject = &exchange});
  if (status == QL_OK && exchange.error.status != QL_OK) {
    status = exchange.error.status;
    if (error && error->status == QL_OK) *error = exchange.error;
  }
  transport_batch_free(exchange.batch);
  return status;
}

/* Room for each step of the ring. */
static QlStatus reserve_ring(Comm *comm, const int64_t *offset, QlError *error) {
  int64_t most = 0;
  for (int rank = 0; rank < comm->info.size; rank++)
    most = QL_MAX(most, transport_pieces(offset[rank + 1] - offset[rank]));
  return comm_exchange_reserve(comm, 1, 2 * most, error);
}

static QlStatus ring(Comm *comm, char *all, const int64_t *offset, QlError *error) {
  int size = comm->info.size, rank = comm->info.rank;
  for (int step = 0; step + 1 < size; step++) {
    int out = (rank - step + size) % size, in = (rank - step - 1 + size) % size;
    CommMessage send = {(rank + 1) % size, all + offset[out], offset[out + 1] - offset[out]};
    CommMessage receive = {(rank - 1 + size) % size, all + offset[in], offset[in + 1] - offset[in]};
    CommExchange *exchange = NULL;
    QL_TRY(start(comm, 1, &receive, 1, &send, &exchange, error));
    QL_TRY(comm_exchange_finish(exchange, error));
  }
  return QL_OK;
}

QlStatus comm_allgather(Comm *comm, const void *mine, int64_t size, char **all,
                        int64_t **offset_out, QlError *error) {
  int count = comm->info.size;
  int64_t *offset = calloc((size_t)count + 1, sizeof *offset);
  char *bytes = NULL;
  QlStatus status = inject(comm, 1, error);
  if (status == QL_OK && !offset)
    status = ql_fail(error, QL_ERR_MEMORY, "no memory to gather data of %d ranks", count);
  status = meet(comm, status, "comm_allgather", error);
  if (status == QL_OK) status = gather_sizes(comm, size, offset + 1, error);
  if (status != QL_OK) goto out;
  for (int rank = 0; rank < count; rank++) offset[rank + 1] += offset[rank];
  bytes = malloc((size_t)QL_MAX(offset[count], 1));
  if (!bytes)
    status =
        ql_fail(error, QL_ERR_MEMORY, "no memory to gather %lld bytes", (long long)offset[count]);
  if (status == QL_OK) status = reserve_ring(comm, offset, error);
  status = meet(comm, status, "comm_allgather: memory", error);
  if (status != QL_OK) goto out;
  if (size > 0) memcpy(bytes + offset[comm->info.rank], mine, (size_t)size);
  status = ring(comm, bytes, offset, error);
  if (status != QL_OK)
    comm_end(comm, 1, "a gather of data failed: %s",
             error ? error->text : "communication failed"); /* the others wait */
out:
  if (status != QL_OK) {
    free(bytes), free(offset);
    return status;
  }
  *all = bytes;
  *offset_out = offset;
  return QL_OK;
}

CommCounters comm_counters(const Comm *comm) {
  return (CommCounters){atomic_load(&comm->messages), atomic_load(&comm->bytes),
                        atomic_load(&comm->agreements), atomic_load(&comm->waits)};
}
