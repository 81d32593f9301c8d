/* What messages between two ranks take, sent as the runtime sends its own: there and back, again
 * and again. cluster/bench/wires.c measures the same by MPI alone, for who starts a job to ask only
 * that; here the job is there, and its ranks, bindings and waits are those that programs have. */
#include "internal.h"

/* One way: `sends`, or else receives. */
static QlStatus one_way(Comm *comm, const CommMessage *message, bool sends, QlError *error) {
  CommExchange *exchange = NULL;
  QL_TRY(comm_exchange_start(comm, !sends, message, sends, message, &exchange, error));
  return comm_exchange_finish(exchange, error);
}

QlStatus comm_wire(Comm *comm, int peer, void *data, int64_t bytes, int turns, double *seconds,
                   QlError *error) {
  CommMessage message = {peer, data, bytes};
  bool begins = comm->info.rank < peer;
  *seconds = 1e30;
  QL_TRY(comm_exchange_reserve(comm, 1, comm_message_pieces(bytes), error));
  for (int turn = 0; turn <= turns; turn++) { /* in the first one they wait for each other */
    int64_t start = comm_now();
    QL_TRY(one_way(comm, &message, begins, error));
    QL_TRY(one_way(comm, &message, !begins, error));
    double taken = 0.5e-9 * (double)(comm_now() - start);
    if (turn > 0) *seconds = QL_MIN(*seconds, taken);
  }
  return QL_OK;
}
