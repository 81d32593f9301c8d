/* The agreement of contract C1: one word of every rank, combined and given back to all; a barrier
 * too.
 *
 *   each rank         writes its Sum into its cell
 *   of two ranks      each combines it with the other one's: one transfer of a cell's lines lies
 *                     between the last one and the verdict
 *   of more           each counts itself in Control.arrivals, the last one combines; the others
 *                     sleep once, on the verdict's cell
 *   the leader        exchanges its node's Sum with the other leaders by dissemination (Hensgen,
 *                     Finkel, Manber 1988): log2(nodes) steps, each one message to the node 2^k
 *                     further; combining is idempotent, so any number of nodes will do. Its ranks
 *                     wait for the verdict then, however few
 *
 * Everything a round writes has two places, chosen by the parity of the round: a rank reaches round
 * r + 2 only after all have arrived at r + 1, and so have read what r left.
 *
 * A rank may say its word and go on, and hear the verdict before it says the next one: then it
 * waits only for those that are a whole round behind. */
#include "internal.h"

#include <assert.h>
#include <pthread.h>

static Sum sum_of(const CommWord *word, int rank, bool leaves) {
  uint64_t failed = word->status ? ~((uint64_t)(uint32_t)rank << 32 | (uint32_t)word->status) : 0;
  uint64_t mark = ~(uint64_t)rank;
  return (Sum){.state = word->state,
               .not_state = ~word->state,
               .drops = word->drops,
               .not_drops = ~word->drops,
               .failed = failed,
               .leaving = leaves ? mark : 0,
               .staying = leaves ? 0 : mark,
               .value = {word->value[0], word->value[1]},
               .requests = word->requests};
}

static void combine(Sum *into, const Sum *other) {
  uint64_t *a = (uint64_t *)into;
  const uint64_t *b = (const uint64_t *)other;
  for (size_t i = 0; i < offsetof(Sum, requests) / sizeof *a; i++) a[i] = QL_MAX(a[i], b[i]);
  into->requests |= other->requests;
}

/* ---- between nodes ---- */

typedef struct Step {
  Comm *comm;
  QlError error;
} Step;

static bool step_done(void *subject) {
  Step *step = subject;
  bool done = false;
  return transport_poll(step->comm->agree_batch, &done, &step->error) != QL_OK || done;
}

QlStatus comm_agree_exchange(Comm *comm, int to, int from, const void *out, void *in, int64_t bytes,
                             QlError *error) {
  Step step;
  step.comm = comm;
  ql_no_error(&step.error);
  QL_TRY(transport_receive(comm->agree_batch, from, in, bytes, TRANSPORT_AGREE, error));
  QL_TRY(transport_send(comm->agree_batch, to, out, bytes, TRANSPORT_AGREE, error));
  if (!step_done(&step))
    comm_wait(comm,
              &(Wait){.kind = WAIT_AGREE, .is_main = true, .ready = step_done, .subject = &step});
  if (step.error.status != QL_OK) *error = step.error;
  return step.error.status;
}

static void disseminate(Comm *comm, Sum *sum) {
  int nodes = comm->info.node_count, node = comm->info.node;
  QL_ERROR(error);
  for (int step = 1; step < nodes; step *= 2) {
    Sum in, out = *sum;
    int to = comm->info.leader_of_node[(node + step) % nodes],
        from = comm->info.leader_of_node[(node + nodes - step) % nodes];
    if (comm_agree_exchange(comm, to, from, &out, &in, sizeof in, &error) != QL_OK)
      comm_end(comm, 1, "the agreement of the ranks failed: %s", error.text);
    combine(sum, &in);
  }
}

/* ---- inside a node ---- */

enum { FEW_RANKS = 2 }; /* of more, who sleeps would be woken for each */

static bool are_few(const Comm *comm) { return comm->info.node_size <= FEW_RANKS; }

static int verdict_cell(const Comm *comm) {
  return comm->info.workers + COMM_EXTRA_CELLS + CELL_VERDICT + (int)(comm->round & 1);
}

static int leader_cell(const Comm *comm) {
  return comm->info.workers + COMM_EXTRA_CELLS + CELL_LEADER;
}

static int cell_of(const Comm *comm, int node_rank) {
  return comm->info.workers + COMM_EXTRA_CELLS + CELL_WORDS + 2 * node_rank +
         (int)(comm->round & 1);
}

static void tell(Comm *comm, int cell, const Sum *sum) {
  comm->cells[cell].sum = *sum;
  comm_publish(comm, cell, comm->round);
}

/* A new round. */
static void arrive(Comm *comm, const Sum *mine) {
  const CommInfo *info = &comm->info;
  assert(!info->finalised && pthread_equal(pthread_self(), comm->main_thread) && !comm->said);
  uint64_t round = ++comm->round;
  comm->said = true;
  atomic_store_explicit(&comm->slots[info->node_rank].round, round, memory_order_relaxed);
  tell(comm, cell_of(comm, info->node_rank), mine);
  if (are_few(comm)) return;
  uint64_t arrived =
      atomic_fetch_add_explicit(&comm->control->arrivals, 1, memory_order_acq_rel) + 1;
  if (arrived < round * (uint64_t)info->node_size) return;
  int cell = info->node_count == 1 ? verdict_cell(comm) : leader_cell(comm);
  Sum sum = *mine;
  for (int i = 0; i < info->node_size; i++) combine(&sum, &comm->cells[cell_of(comm, i)].sum);
  tell(comm, cell, &sum);
}

static Sum hear(Comm *comm, int cell) {
  comm_await(comm, cell, comm->round, true);
  return comm->cells[cell].sum;
}

static Sum hear_all(Comm *comm) {
  Sum sum = comm->cells[cell_of(comm, comm->info.node_rank)].sum;
  for (int i = 0; i < comm->info.node_size; i++) {
    Sum theirs = hear(comm, cell_of(comm, i));
    combine(&sum, &theirs);
  }
  return sum;
}

/* What has come of it. */
static Sum conclude(Comm *comm) {
  bool leads = comm->info.node_rank == 0, alone = comm->info.node_count == 1;
  assert(comm->said);
  comm->said = false;
  if (alone) return are_few(comm) ? hear_all(comm) : hear(comm, verdict_cell(comm));
  if (!leads) return hear(comm, verdict_cell(comm));
  Sum sum = are_few(comm) ? hear_all(comm) : hear(comm, leader_cell(comm));
  disseminate(comm, &sum);
  tell(comm, verdict_cell(comm), &sum);
  return sum;
}

/* Some leave, some do not: the lowest of those that stay says so, for it knows where it is. */
static void check_leaving(Comm *comm, const Sum *sum) {
  if (!sum->leaving || !sum->staying) return;
  char where[256];
  int leaver = (int)~sum->leaving, stayer = (int)~sum->staying;
  comm_where(comm, where, sizeof where);
  if (comm->info.rank == stayer)
    comm_end(comm, 1,
             "rank %d has left the program, but rank %d is at %s, which every rank must reach: "
             "move what looks at arrays "
             "out of branches that depend on the rank",
             leaver, stayer, where);
  comm_stand_by(comm);
}

void comm_agree_say(Comm *comm, const CommWord *mine) {
  atomic_fetch_add_explicit(&comm->agreements, 1, memory_order_relaxed);
  Sum sum = sum_of(mine, comm->info.rank, false);
  arrive(comm, &sum);
}

void comm_agree_hear(Comm *comm, CommVerdict *verdict) {
  Sum sum = conclude(comm);
  check_leaving(comm, &sum);
  verdict->same_state = sum.state == ~sum.not_state;
  verdict->same_drops = sum.drops == ~sum.not_drops;
  verdict->status = sum.failed ? (int32_t)(uint32_t)~sum.failed : QL_OK;
  verdict->status_rank = sum.failed ? (int)(~sum.failed >> 32) : -1;
  verdict->requests = (uint32_t)sum.requests;
  verdict->value[0] = sum.value[0], verdict->value[1] = sum.value[1];
}

void comm_agree(Comm *comm, const CommWord *mine, CommVerdict *verdict) {
  if (!comm_is_lone(comm)) {
    comm_agree_say(comm, mine);
    comm_agree_hear(comm, verdict);
    return;
  }
  atomic_fetch_add_explicit(&comm->agreements, 1, memory_order_relaxed);
  *verdict = (CommVerdict){.same_state = true,
                           .same_drops = true,
                           .status = mine->status,
                           .status_rank = mine->status ? comm->info.rank : -1,
                           .requests = mine->requests,
                           .value = {mine->value[0], mine->value[1]}};
}

void comm_agree_to_leave(Comm *comm) {
  CommVerdict unheard;
  if (comm->info.finalised || comm_is_lone(comm)) return;
  if (comm->said) comm_agree_hear(comm, &unheard);
  atomic_store(&comm->slots[comm->info.node_rank].closing, 1);
  Sum sum = sum_of(&(CommWord){0}, comm->info.rank, true);
  arrive(comm, &sum);
  sum = conclude(comm);
  check_leaving(comm, &sum);
  comm_ring_say(comm, RING_LEAVES);
  comm->info.finalised = true;
}

QlStatus comm_agree_open(Comm *comm, QlError *error) {
  comm->agree_batch = transport_batch_new(comm->transport, 2);
  return comm->agree_batch ? QL_OK
                           : ql_fail(error, QL_ERR_MEMORY, "no memory for the agreement of ranks");
}
