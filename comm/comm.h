/* comm: processes, nodes, memory that ranks share, waiting, and messages. The only room that knows
 * MPI and hwloc.
 *
 *   host ── node (a host, or k ranks of it under QUELEA_NODE_SIZE) ── rank (a process)
 *        ── worker (a thread of a rank)
 *
 * The ranks of a node map one arena: memory at the same offset is the same memory, at an address of
 * each rank's own. Workers of a node are numbered node_rank * threads + thread; each has one cell,
 * a counter on a cache line of its own that only grows. Without a launcher there is one rank, and
 * MPI is never initialised (the null transport).
 *
 * Unless said otherwise a call is made by the main thread of a rank. "Collective" means by all
 * ranks of the job in the same order; "node-collective" by all ranks of one node. */
#ifndef QUELEA_COMM_H
#define QUELEA_COMM_H

#include "base.h"

typedef struct Comm Comm;

typedef struct CommOptions {
  const QlParams *params; /* must outlive the Comm */
  const void *mpi_comm;   /* points at an MPI_Comm to work on (it is duplicated), or NULL: the
                             launcher's world, or none */
  /* Called about ten times a second while the main thread waits, and by comm_look. Non-zero: the
   * user pressed Ctrl-C; a job of several ranks is ended. A lone rank goes on waiting, for its own
   * workers, which the callback may stop. */
  int (*interrupted)(void *data);
  /* Writes the line of the user's program that this rank is at, for reports of long waits and of
   * divergence. */
  void (*where)(void *data, char *text, size_t size);
  /* The main thread is about to wait for long, or has; the other two are called between. */
  void (*away)(void *data, bool leaves);
  void *data;
  /* What this rank cannot go on for: comm_open fails with it, on all ranks. NULL: it can. */
  const QlError *failure;
} CommOptions;

typedef struct CommInfo {
  int rank, size;       /* in the job */
  int node, node_count; /* nodes are numbered by their lowest rank */
  int node_rank,
      node_size; /* among the ranks of the node, in rank order; node_rank 0 is its leader */
  int threads;   /* workers of this rank, equal for all ranks of a node */
  int workers;   /* node_size * threads */
  int cores; /* cores that the node's ranks may use together (by binding); workers may exceed it */
  bool launched;              /* MPI is in use */
  bool oversubscribed;        /* workers > cores, on this host */
  bool finalised;             /* MPI has been, by others: nothing can be agreed any more */
  const int *node_of_rank;    /* [size] */
  const int *leader_of_node;  /* [node_count] ranks */
  const int *workers_of_node; /* [node_count] */
  char host[64];
  char text[256]; /* for people: "Open MPI 4.1.4, 4 ranks on 2 nodes, 1 thread each, bound to 1 core
                     each" */
} CommInfo;

/* Local, before comm_open: leaves in the environment which process is the rank, so that its forks
 * and the programs that it starts count as processes of their own. Does nothing without a launcher.
 */
void comm_note_process(void);
/* Local, at any time: the number that a launcher gave to this process, by the rule of comm_open;
 * -1: it is no rank. */
int comm_launched_rank(void);
/* Collective. Initialises MPI when a launcher started the process and nobody did before
 * (MPI_THREAD_SERIALIZED, FUNNELED is accepted); compares parameters among ranks; finds nodes,
 * cores and threads; makes the arena. Fails, alike on all ranks: QL_ERR_STATE when a launcher of
 * another MPI started N independent processes, QL_ERR_VALUE when parameters differ, QL_ERR_OS,
 * QL_ERR_MEMORY. */
QlStatus comm_open(const CommOptions *options, Comm **comm, QlError *error);
/* Collective; a rank that closes while others wait for it in an agreement ends the job, with one
 * message. Finalises MPI only if comm_open initialised it. Clean-up also hangs on an attribute of
 * MPI_COMM_SELF, so that MPI_Finalize by others is safe. */
void comm_close(Comm *comm);
/* Local, by a worker thread (1, ...) of this rank as it begins: it stays on a core of its own, if
 * there is one (QUELEA_PIN). */
void comm_pin(const Comm *comm, int thread);
/* Local, in a child after fork, where nothing else may be called: closes its copies of the
 * connections by which the others hear that the rank has died, which would stand as long as the
 * child lives. */
void comm_forked(Comm *comm);
const CommInfo *comm_info(const Comm *comm);
/* Ends the whole job now: prints the message once, with the rank, and leaves nothing behind. From
 * any thread. */
_Noreturn void comm_abort(Comm *comm, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* The same with an exit status; comm_abort's is 1. */
_Noreturn void comm_end(Comm *comm, int code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* ---- arena.c: memory of the node ---- */

/* The node's arena: `bytes` of address space, the node's budget (contract C12), backed by pages
 * when first touched. The budget is the same number on all nodes. Offsets are the same on all ranks
 * of a node. Zero-filled at first touch. One rank per node: private memory with transparent huge
 * pages. More: a memfd passed over a UNIX socket, whose pages are large where comm_arena_back has
 * been. */
char *comm_arena_base(const Comm *comm);
int64_t comm_arena_bytes(const Comm *comm);
/* Local, at any time; bits stay. A wish for large pages behind the whole pieces of COMM_PIECE bytes
 * among these bytes of the arena, which are about to be stored: they are touched. */
enum { COMM_PIECE = 2 << 20 };
void comm_arena_back(Comm *comm, int64_t offset, int64_t bytes);
/* Local. The arena stays mapped behind comm_close, until comm_arena_unmap: for who still looks at
 * what lies there. */
typedef struct CommMapping {
  void *address;
  size_t bytes;
} CommMapping;
CommMapping comm_arena_keep(Comm *comm);
void comm_arena_unmap(const CommMapping *mapping);

/* ---- cells.c: progress ---- */

enum {
  COMM_EXTRA_CELLS = 4
}; /* beyond the workers' cells: cell workers + k, for the runtime's own purposes */

/* Release store by the cell's only writer at that time; values only grow. From any worker thread.
 */
void comm_publish(Comm *comm, int cell, uint64_t value);
/* Acquire load. */
uint64_t comm_peek(const Comm *comm, int cell);
/* Spins for a moment (QUELEA_SPIN). Has the cell reached `value`? From any worker thread. */
bool comm_polls(const Comm *comm, int cell, uint64_t value);
/* Waits until the cell reaches `value`: spins, then gives up the core (futex). Reports and ends the
 * job after long waits (contract C11). From any worker thread; only the main thread (is_main) looks
 * for Ctrl-C. */
void comm_await(Comm *comm, int cell, uint64_t value, bool is_main);
/* The same, by the main thread, which calls move(subject) again and again meanwhile. */
void comm_await_moving(Comm *comm, int cell, uint64_t value, void (*move)(void *), void *subject);

/* Of a piece of work in `count` portions (up to COMM_PORTIONS), the next one that no worker of the
 * node has taken; false: there is none left. All workers know a piece by its turn, which grows from
 * each one to the next (below 2^48); whoever asks for a portion of a later piece has been told that
 * none is left of those before. Orders nothing. From any worker thread. */
enum { COMM_PORTIONS = 0xffff };
bool comm_take(Comm *comm, uint64_t turn, int count, int *portion);

/* One line on standard error: "quelea: rank R ...". */
void comm_tell(const Comm *comm, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Looks for Ctrl-C as a wait does. From the main thread, while it computes. */
void comm_look(Comm *comm);

/* ---- agree.c: contract C1 ---- */

/* What one rank says in an agreement. */
typedef struct CommWord {
  uint64_t state;    /* hash of all that ranks must have in common */
  uint64_t drops;    /* hash of what was released */
  int32_t status;    /* QlStatus of what this rank has prepared */
  uint32_t requests; /* bits, whose meaning is the caller's */
  uint64_t value[2]; /* 0 but on ranks that have something to tell */
} CommWord;
typedef struct CommVerdict {
  bool same_state, same_drops;
  int32_t status;    /* QL_OK, or the status of the lowest rank that failed */
  int status_rank;   /* that rank; -1 */
  uint32_t requests; /* the bits that some rank has set */
  uint64_t value[2]; /* the largest of all ranks', each word by itself */
} CommVerdict;
/* Collective. Shared cells inside a node, one all-reduce between node leaders. It is also a
 * barrier: whatever any rank's main thread did before happens before what any does after. A lone
 * rank pays nothing. When another rank is in comm_close instead, the job ends. */
void comm_agree(Comm *comm, const CommWord *mine, CommVerdict *verdict);
/* The same in two halves, on several ranks: a rank says its word, goes on, and hears the verdict
 * later. This is no barrier. Nothing else is agreed in between; leaders of several nodes talk to
 * one another in the second half. */
void comm_agree_say(Comm *comm, const CommWord *mine);
void comm_agree_hear(Comm *comm, CommVerdict *verdict);

/* ---- messages.c ---- */

/* Collective, rare paths only. Gathers `size` bytes (may differ per rank) of each rank on every
 * rank, in rank order: *all is malloc'ed, and offset[r] .. offset[r+1] are rank r's bytes; offset
 * has size+1 entries, malloc'ed too. */
QlStatus comm_allgather(Comm *comm, const void *mine, int64_t size, char **all, int64_t **offset,
                        QlError *error);
/* Local. Until it is taken back, waits of this rank only report (QUELEA_WAIT_REPORT) and never end
 * the job: what is waited for may last for hours, a window that is open, say. */
void comm_be_patient(Comm *comm, bool patient);

typedef struct CommMessage {
  int peer; /* rank */
  void *data;
  int64_t bytes; /* any size; 0 is sent as nothing */
} CommMessage;
typedef struct CommExchange CommExchange;

/* So many pieces a message travels in. */
int64_t comm_message_pieces(int64_t bytes);
/* Local. Memory for exchanges of at most so many pieces, receives and sends together, of which so
 * many are under way at once: their start takes none then. */
QlStatus comm_exchange_reserve(Comm *comm, int at_once, int64_t pieces, QlError *error);
/* Posts receives, then sends. Between two ranks messages arrive in the order posted, so sender and
 * receiver must list the messages of one pair in the same order. Buffers stay the caller's and must
 * live until comm_exchange_finish. */
QlStatus comm_exchange_start(Comm *comm, int receives, const CommMessage *receive, int sends,
                             const CommMessage *send, CommExchange **exchange, QlError *error);
/* Moves messages along (Open MPI moves large ones only inside its calls). True when all is done. */
bool comm_exchange_poll(CommExchange *exchange);
/* Waits for all of it and ends the exchange. Looks for Ctrl-C, reports long waits. */
QlStatus comm_exchange_finish(CommExchange *exchange, QlError *error);

/* ---- wires.c ---- */

/* By two ranks at once, each with the other as `peer`; the others may do the same among themselves.
 * So many times there and back, halved, of `count` messages that are sent together, of so many
 * bytes (> 0) each, for which each rank gives memory; the lower rank begins. */
QlStatus comm_wire(Comm *comm, int peer, char *data, int64_t bytes, int count, int turns,
                   QlWire *wire, QlError *error);

/* ---- launch.c ---- */

/* Local, at any time. For people: "Open MPI 4.1.4"; the library that was found, or the one whose
 * headers we were built with. */
void comm_mpi(bool built, char *text, size_t size);

typedef struct CommCounters {
  int64_t messages, bytes, agreements, waits;
} CommCounters;
CommCounters comm_counters(const Comm *comm);

#endif
