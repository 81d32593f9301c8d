/* comm inside: what its files share. Prototypes are grouped by the file that defines them.
 *
 *   comm.c      opens and closes: brings the parts below up in order, agreeing on success after
 *               each
 *   launch.c    which launcher started this process
 *   start.c     a clock beside MPI's start
 *   topology.c  cores and threads; the only file that includes hwloc.h
 *   budget.c    memory and processor time that the machine and its cgroups leave us
 *   nodes.c     who is where: hosts, nodes, workers
 *   arena.c     the node's shared memory: the control segment and the arena
 *   ring.c      who notices that another node is gone
 *   cells.c     counters to wait for
 *   wait.c      how to wait, and how a job ends
 *   agree.c     contract C1
 *   messages.c  messages
 *   wires.c     what messages between two ranks take
 *   mpi.c       the transport behind transport.h; the only file that includes mpi.h
 *
 * The control segment, one for each node, shared by its ranks, zero at the start:
 *
 *   0                Control: aborting | arrivals | portions (each on lines of its own)
 *   then             RankSlot[node_size]      a rank's state
 *   then             Cell[workers + COMM_EXTRA_CELLS + CELL_WORDS + 2 * node_size]
 */
#ifndef QUELEA_COMM_INTERNAL_H
#define QUELEA_COMM_INTERNAL_H

#include "comm.h"
#include "transport.h"

#include <pthread.h>
#include <stdalign.h>

enum {
  COMM_LINE = 128, /* two cache lines: the prefetcher of x86 fetches pairs */
  COMM_MAX_CORES = 8192
};

/* ---- comm.c ---- */

/* Collective. One exit for all ranks: OK if it is so everywhere; otherwise the lowest failing
 * rank's status and error, on all. */
QlStatus comm_settle(Comm *comm, QlStatus status, QlError *error);

/* ---- launch.c ---- */

typedef struct Launch {
  const char *name; /* "mpirun of Open MPI", or NULL: no launcher */
  int size;         /* ranks that the launcher started, 1 without one */
  int local_size;   /* of them on this host, 0 if unknown */
  bool by_caller;   /* a communicator was given */
} Launch;

/* Fails with QL_ERR_STATE when the environment shows the launcher of another MPI than ours. */
QlStatus comm_launch_find(const CommOptions *options, Launch *launch, QlError *error);
/* Sets what Open MPI reads from the environment at its start, and marks this process as a rank. */
void comm_launch_prepare(const Launch *launch, int cpus);
/* The launcher, which would clean up, is gone: removes Open MPI's shared-memory files of this job,
 * which are those that we have mapped. */
void comm_launch_tidy(void);
QlStatus comm_launch_check(const Launch *launch, int size, QlError *error);

/* ---- start.c ---- */

/* Local. Until comm_start_end, says every now and then (QUELEA_WAIT_REPORT) that the ranks have not
 * met, and ends the process after QUELEA_WAIT_ABORT. NULL: nobody watches, because none is
 * wanted or there is no memory for it. */
typedef struct StartWatch StartWatch;
StartWatch *comm_start_watch(const Comm *comm);
void comm_start_end(StartWatch *watch); /* NULL is fine */

/* ---- topology.c ---- */

/* The cores in this process's binding, as a set; a core is named by its lowest processing unit. */
typedef struct CoreSet {
  uint64_t bits[COMM_MAX_CORES / 64];
} CoreSet;

QlStatus comm_cores_read(CoreSet *cores, int *machine_cores, QlError *error);
int comm_cores_count(const CoreSet *cores);
/* By a thread, of itself; what the system refuses is left as it is. */
void comm_cores_bind(const CoreSet *cores, int which);

/* ---- budget.c ---- */

/* Bytes that the machine and the cgroups of this process leave it. */
int64_t comm_memory_available(void);
/* Cores' worth of time that the cgroups allow; a large number when they do not limit it. */
double comm_cpu_quota(void);

/* ---- nodes.c ---- */

/* What a rank tells the others of its host. */
typedef struct Place {
  CoreSet cores;
  double quota;
  int64_t memory;
  int machine_cores;
} Place;

/* Fills comm->info and the budget. Collective. */
QlStatus comm_nodes_find(Comm *comm, QlError *error);
/* The rank in the job of a rank of this node. */
int comm_node_member(const Comm *comm, int node_rank);

/* ---- arena.c ---- */

QlStatus comm_arena_open(Comm *comm, QlError *error);
void comm_arena_close(Comm *comm);
/* Closes the connections that tell who has died. */
void comm_arena_hang_up(Comm *comm);
/* A rank of the node whose process has ended, or -1. It may have closed in an orderly way. */
int comm_arena_lost(const Comm *comm);

/* ---- ring.c ---- */

typedef enum RingWord {
  RING_NOTHING,
  RING_KEPT = 'k',   /* who connected will keep the connection */
  RING_LEAVES = 'l', /* in good order */
  RING_ABORTS = 'a', /* it ends the job, and has said why */
  RING_LOST = 'x'    /* never sent: the connection has ended without a word */
} RingWord;

/* A connection to the leader of the node before or behind. */
typedef struct RingSide {
  int file; /* -1: there is none */
  int rank;
  bool kept;
  int failure; /* an errno */
  int64_t lost_at;
  char host[64];
} RingSide;

enum { RING_SIDES = 2 };

/* Collective, after comm_agree_open; fails alike on all ranks, and only if messages do.
 * Connections that cannot be made are not there. */
QlStatus comm_ring_open(Comm *comm, QlError *error);
void comm_ring_close(Comm *comm);
/* From any thread: tells both sides. */
void comm_ring_say(Comm *comm, RingWord word);
/* Local: RING_ABORTS, or RING_LOST and a text that says who, once it is half a second ago: the
 * launcher may know more, and ends the job first. Else RING_NOTHING. */
RingWord comm_ring_hear(Comm *comm, char *text, size_t size);

/* ---- cells.c ---- */

/* What ranks say in an agreement, combined: each word is the largest of all ranks', so that
 * combining is idempotent. */
typedef struct Sum {
  uint64_t state, not_state; /* all equal exactly when max(x) == ~max(~x) */
  uint64_t drops, not_drops;
  uint64_t failed;  /* ~(rank << 32 | status) of the lowest rank that failed; 0: none */
  uint64_t leaving; /* ~rank of the lowest rank in comm_close; 0: none */
  uint64_t staying; /* ~rank of the lowest rank that is not; 0: none */
  uint64_t value[2];
  uint64_t requests; /* the only word that is OR-ed */
} Sum;

/* No lost wake-ups: a sleeper first raises `sleepers`, then reads `wakes`, then looks at the value
 * again, then sleeps unless `wakes` has changed; a publisher first stores the value, then looks at
 * `sleepers`. All of these are sequentially consistent. */
typedef struct Cell {
  alignas(COMM_LINE) _Atomic uint64_t value;
  _Atomic uint32_t sleepers, wakes;
  Sum sum; /* of agree.c's cells: it comes with the value, on the same lines */
} Cell;

/* Behind the extra cells; the first and the last by parity of the round, the last of each rank. */
enum { CELL_VERDICT, CELL_LEADER = 2, CELL_WORDS };

int comm_cell_count(const Comm *comm);
/* Sleeps until the cell's value may have changed, `nanoseconds` at most. */
void comm_cell_sleep(Comm *comm, Cell *cell, uint64_t value, int64_t nanoseconds);

/* ---- agree.c ---- */

typedef struct RankSlot {
  alignas(COMM_LINE) _Atomic uint64_t round;
  _Atomic uint32_t closing;
} RankSlot;

typedef struct Control {
  alignas(COMM_LINE) _Atomic uint32_t aborting; /* 1 + the rank that ends the job */
  alignas(COMM_LINE) _Atomic uint64_t arrivals; /* of all rounds */
  alignas(COMM_LINE) _Atomic uint64_t portions; /* cells.c */
} Control;

/* The last agreement: everybody leaves. */
void comm_agree_to_leave(Comm *comm);
QlStatus comm_agree_open(Comm *comm, QlError *error);
/* Between leaders: a message to one, one from another, of so many bytes; waits for both. Takes no
 * memory. */
QlStatus comm_agree_exchange(Comm *comm, int to, int from, const void *out, void *in, int64_t bytes,
                             QlError *error);

/* ---- wait.c ---- */

typedef enum WaitKind { WAIT_CELL, WAIT_AGREE, WAIT_MESSAGES } WaitKind;

/* A wait that has become slow. It is over when the cell reaches the value, or, without a cell, when
 * ready(subject) says so. */
typedef struct Wait {
  WaitKind kind;
  bool is_main;
  int index; /* the cell, for reports */
  Cell *cell;
  uint64_t value;
  bool (*ready)(void *subject); /* of what is no cell */
  void (*move)(void *subject);  /* NULL; called while a cell is waited for */
  void *subject;
} Wait;

/* Polls messages, yields, then sleeps, until the wait is over; who waits for a cell has spun
 * already. */
void comm_wait(Comm *comm, const Wait *wait);
/* Another rank, or another thread of this one, ends the job: waits for that. */
_Noreturn void comm_stand_by(Comm *comm);
int64_t comm_now(void); /* nanoseconds */
/* The line of the user's program, for messages. */
void comm_where(const Comm *comm, char *text, size_t size);

static inline void comm_pause(void) {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  __asm__ volatile("yield");
#endif
}

/* ---- messages.c ---- */

QlStatus comm_messages_open(Comm *comm, QlError *error);
void comm_messages_close(Comm *comm);
/* A rank whose message is still missing, or -1. */
int comm_exchange_pending(const CommExchange *exchange);

/* ---- the context ---- */

struct Comm {
  CommInfo info;
  CommOptions options;
  const QlParams *params;
  Launch launch;
  Transport *transport; /* NULL: a lone rank */
  StartWatch *watch;    /* while the context is opened */
  int process, parent;  /* their ids; a child after fork is no rank */
  pthread_t main_thread;
  int *tables; /* one allocation behind the three tables of info */
  int64_t budget;
  CoreSet cores; /* in this process's binding; empty: its workers go where the system sends them */

  Control *control;
  RankSlot *slots;
  Cell *cells;
  size_t control_bytes;
  char *arena;
  int64_t arena_bytes;
  void *arena_mapping;
  size_t arena_mapping_bytes;
  bool small_pages; /* no large ones are to be had for the arena, or it has some by itself */
  int *links;       /* leader: a socket to each rank of the node; others: links[0], to the leader */
  int link_count;
  RingSide ring[RING_SIDES]; /* of a leader: the node before, the one behind */

  int spins; /* polls before giving up the core */
  uint64_t round;
  bool said; /* this rank's word of the round, whose verdict it has not heard yet */
  TransportBatch *agree_batch;
  CommExchange *spares; /* what exchanges use that have room in them */
  atomic_bool patient;  /* waits end nothing; read by workers that still wait */

  int64_t fault_message,
      fault_count; /* the message that fails, counted from 1, 0: none; those counted so far */
  _Atomic int end_code;
  _Atomic int64_t messages, bytes, agreements, waits;
};

static inline bool comm_is_lone(const Comm *comm) { return comm->transport == NULL; }

#endif
