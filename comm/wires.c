/* What messages between two ranks take, sent as the runtime sends its own: there and back, again
 * and again. cluster/bench/wires.c measures the same by MPI alone, for who starts a job to ask only
 * that; here the job is there, and its ranks, bindings and waits are those that programs have. */
#include "internal.h"

#include <stdlib.h>

/* One way: `sends` them, or else receives them. */
static QlStatus one_way(Comm *comm, int count, const CommMessage *messages, bool sends,
                        QlError *error) {
  CommExchange *exchange = NULL;
  QL_TRY(comm_exchange_start(comm, sends ? 0 : count, messages, sends ? count : 0, messages,
                             &exchange, error));
  return comm_exchange_finish(exchange, error);
}

static int compare(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return x < y ? -1 : x > y;
}

QlStatus comm_wire(Comm *comm, int peer, char *data, int64_t bytes, int count, int turns,
                   QlWire *wire, QlError *error) {
  CommMessage messages[QL_WIRE_MESSAGES];
  double taken[QL_WIRE_TURNS];
  bool begins = comm->info.rank < peer;
  for (int k = 0; k < count; k++) messages[k] = (CommMessage){peer, data + k * bytes, bytes};
  QL_TRY(comm_exchange_reserve(comm, 1, count * comm_message_pieces(bytes), error));
  for (int turn = 0; turn <= turns; turn++) { /* in the first one they wait for each other */
    int64_t start = comm_now();
    QL_TRY(one_way(comm, count, messages, begins, error));
    QL_TRY(one_way(comm, count, messages, !begins, error));
    if (turn > 0) taken[turn - 1] = 0.5e-9 * (double)(comm_now() - start);
  }
  qsort(taken, (size_t)turns, sizeof *taken, compare);
  *wire = (QlWire){.best = taken[0], .usual = taken[turns / 2]};
  return QL_OK;
}
