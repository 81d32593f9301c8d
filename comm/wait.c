/* How a worker waits, and how a job ends (contract C11).
 *
 *   polls   a bounded number of times (comm_await does that itself): a neighbour is usually a few
 *           microseconds late
 *   yields  a few: where workers outnumber cores, the one that is waited for needs ours
 *   sleeps  in a futex on a cell; for messages, which move only while somebody looks, by yielding,
 *           then by naps in proportion to the time waited (at most a hundredth of it is lost)
 *
 * Ten times a second a sleeper looks around: has the job been ended, did the user press Ctrl-C, has
 * the rank it waits for left or died, is there still a launcher, has it been too long? Whatever
 * looks wrong counts only if the wait is still not over after that look, for ranks leave in good
 * order too. Ctrl-C ends a job of several ranks, which it may have reached at different points. A
 * lone rank waits for its own workers only, who will finish, or stop because the caller's callback
 * has told them.
 *
 * A job is ended by one rank of a node, the first to set Control.aborting; it prints and calls
 * MPI_Abort. The others are killed by the launcher; should that not happen they end by themselves.
 */
#include "internal.h"

#include <pthread.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { YIELDS = 8, POLL_COST = 8 /* a look at messages in looks at a flag */ };

static const int64_t microsecond = 1000, millisecond = 1000000, second = 1000000000;

int64_t comm_now(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (int64_t)now.tv_sec * second + now.tv_nsec;
}

static void nap(int64_t nanoseconds) {
  nanosleep(&(struct timespec){nanoseconds / second, nanoseconds % second}, NULL);
}

void comm_where(const Comm *comm, char *text, size_t size) {
  text[0] = 0;
  if (comm->options.where && pthread_equal(pthread_self(), comm->main_thread))
    comm->options.where(comm->options.data, text, size);
  if (!text[0]) snprintf(text, size, "an unknown line");
}

/* ---- the end ---- */

/* Whole lines, so that those of several ranks do not mix. */
static void say(const char *text, size_t length) {
  ssize_t wrote = write(STDERR_FILENO, text, length);
  (void)wrote; /* nobody may be listening, and there is nobody else to tell */
}

void comm_tell(const Comm *comm, const char *format, ...) {
  char text[2048];
  va_list arguments;
  va_start(arguments, format);
  int length = snprintf(text, sizeof text, "quelea: rank %d ", comm->info.rank);
  vsnprintf(text + length, sizeof text - (size_t)length - 1, format, arguments);
  va_end(arguments);
  strcat(text, "\n");
  say(text, strlen(text));
}

static bool is_orphan(const Comm *comm) { return comm->transport && getppid() != comm->parent; }

/* Somebody else has ended the job: wait to be killed. */
void comm_stand_by(Comm *comm) {
  bool mine = atomic_load(&comm->control->aborting) == (uint32_t)comm->info.rank + 1;
  if (mine && comm->transport && pthread_equal(pthread_self(), comm->main_thread))
    transport_abort(comm->transport,
                    atomic_load(&comm->end_code)); /* for another thread, which must not call MPI */
  for (int i = mine ? 40 : 200; i > 0 && !is_orphan(comm); i--) nap(50 * millisecond);
  if (is_orphan(comm)) comm_launch_tidy();
  _exit(1);
}

static _Noreturn void end(Comm *comm, int code, const char *format, va_list arguments) {
  char text[2048];
  uint32_t nobody = 0;
  int length = comm->transport ? snprintf(text, sizeof text, "quelea: rank %d: ", comm->info.rank)
                               : snprintf(text, sizeof text, "quelea: ");
  vsnprintf(text + length, sizeof text - (size_t)length - 1, format, arguments);
  strcat(text, "\n");
  atomic_store(&comm->end_code, code);
  if (!atomic_compare_exchange_strong(&comm->control->aborting, &nobody,
                                      (uint32_t)comm->info.rank + 1))
    comm_stand_by(comm);
  if (is_orphan(comm)) comm_launch_tidy();
  say(text, strlen(text));
  comm_ring_say(comm, RING_ABORTS);
  if (is_orphan(comm) || !comm->transport) _exit(code); /* MPI_Abort would wait for the launcher */
  if (!pthread_equal(pthread_self(), comm->main_thread)) comm_stand_by(comm);
  transport_abort(comm->transport, code);
}

void comm_end(Comm *comm, int code, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  end(comm, code, format, arguments);
}

void comm_abort(Comm *comm, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  end(comm, 1, format, arguments);
}

/* ---- whom do we wait for? ---- */

static void describe_agreement(const Comm *comm, const Wait *wait, char *text, size_t size) {
  size_t used = (size_t)snprintf(text, size, "%s", "");
  int listed = 0;
  for (int i = 0; i < comm->info.node_size && listed < 8; i++) {
    if (atomic_load(&comm->slots[i].round) >= comm->round) continue;
    used += (size_t)snprintf(text + used, size - used, "%s%d", listed++ ? ", " : "rank ",
                             comm_node_member(comm, i));
  }
  if (listed) return;
  int pending = wait->ready ? transport_pending(comm->agree_batch) : -1;
  if (pending >= 0)
    snprintf(text, size, "the node of rank %d", pending);
  else
    snprintf(text, size, "other nodes");
}

static void describe(const Comm *comm, const Wait *wait, char *text, size_t size) {
  int pending;
  switch (wait->kind) {
    case WAIT_CELL:
      if (wait->index < comm->info.workers)
        snprintf(text, size, "worker %d of rank %d", wait->index % comm->info.threads,
                 comm_node_member(comm, wait->index / comm->info.threads));
      else
        snprintf(text, size, "other workers");
      return;
    case WAIT_AGREE: describe_agreement(comm, wait, text, size); return;
    case WAIT_MESSAGES:
      pending = comm_exchange_pending(wait->subject);
      snprintf(text, size, pending < 0 ? "its messages to leave" : "a message from rank %d",
               pending);
      return;
  }
}

/* ---- waiting ---- */

static bool over(const Wait *wait) {
  if (wait->move) wait->move(wait->subject);
  if (wait->cell)
    return atomic_load_explicit(&wait->cell->value, memory_order_acquire) >= wait->value;
  return wait->ready(wait->subject);
}

/* The rank whose cell this is has called comm_close. */
static int awaited_closer(const Comm *comm, const Wait *wait) {
  if (wait->kind != WAIT_CELL || wait->index >= comm->info.workers) return -1;
  int node_rank = wait->index / comm->info.threads;
  return atomic_load(&comm->slots[node_rank].closing) ? comm_node_member(comm, node_rank) : -1;
}

void comm_look(Comm *comm) {
  char where[256];
  if (!comm->options.interrupted || !comm->options.interrupted(comm->options.data)) return;
  if (comm->info.size == 1) return;
  comm_where(comm, where, sizeof where);
  comm_end(comm, 130, "interrupted at %s", where);
}

/* Another node ends the job: so does this one, in case the launcher does not. */
static _Noreturn void stand_by_for_others(Comm *comm) {
  uint32_t nobody = 0;
  atomic_store(&comm->end_code, 1);
  atomic_compare_exchange_strong(&comm->control->aborting, &nobody, (uint32_t)comm->info.rank + 1);
  comm_stand_by(comm);
}

static void look_around(Comm *comm, const Wait *wait) {
  char where[256], who[256];
  if (atomic_load(&comm->control->aborting)) comm_stand_by(comm);
  if (!wait->is_main) return;
  comm_look(comm);
  if (!comm->transport) return;
  if (is_orphan(comm)) comm_end(comm, 1, "the launcher is gone; ending");
  int closer = awaited_closer(comm, wait), lost = comm_arena_lost(comm);
  RingWord word = comm_ring_hear(comm, who, sizeof who);
  if ((closer < 0 && lost < 0 && !word) || over(wait)) return;
  if (word == RING_ABORTS) stand_by_for_others(comm);
  comm_where(comm, where, sizeof where);
  if (closer >= 0)
    comm_end(comm, 1, "rank %d has left the program while rank %d waits for it at %s", closer,
             comm->info.rank, where);
  if (lost >= 0)
    comm_end(comm, 1, "rank %d has died while rank %d waits at %s", lost, comm->info.rank, where);
  comm_end(comm, 1, "%s while rank %d waits at %s", who, comm->info.rank, where);
}

static void report(const Comm *comm, const Wait *wait, int64_t waited) {
  char where[256], whom[256];
  comm_where(comm, where, sizeof where);
  describe(comm, wait, whom, sizeof whom);
  comm_tell(comm, "has waited %.3g s for %s at %s", (double)waited / 1e9, whom, where);
}

static void give_up(Comm *comm, const Wait *wait, int64_t waited) {
  char where[256], whom[256];
  comm_where(comm, where, sizeof where);
  describe(comm, wait, whom, sizeof whom);
  comm_end(comm, 1, "ended the job (QUELEA_WAIT_ABORT) after waiting %.3g s for %s at %s",
           (double)waited / 1e9, whom, where);
}

static int64_t after(double seconds) {
  return seconds > 0 && seconds < 1e9 ? (int64_t)(seconds * 1e9) : INT64_MAX;
}

void comm_be_patient(Comm *comm, bool patient) {
  atomic_store_explicit(&comm->patient, patient, memory_order_relaxed);
}

void comm_wait(Comm *comm, const Wait *wait) {
  bool spun = wait->cell && !wait->move;
  for (int polls = spun ? 0 : 4 + comm->spins / POLL_COST; polls > 0; polls--)
    if (over(wait)) return;
  atomic_fetch_add_explicit(&comm->waits, 1, memory_order_relaxed);
  for (int i = 0; i < YIELDS; i++) {
    if (over(wait)) return;
    sched_yield();
  }
  bool leaves = wait->is_main && comm->options.away;
  if (leaves) comm->options.away(comm->options.data, true);
  int64_t began = comm_now(), next_look = 100 * millisecond,
          next_report = after(comm->params->wait_report);
  bool patient = atomic_load_explicit(&comm->patient, memory_order_relaxed);
  int64_t last = patient ? INT64_MAX : after(comm->params->wait_abort);
  if (!wait->is_main) { /* the main thread knows more, and speaks first */
    next_report = INT64_MAX;
    if (last < INT64_MAX - second) last += second;
  }
  while (!over(wait)) {
    int64_t waited = comm_now() - began;
    if (waited >= next_look) look_around(comm, wait), next_look = waited + 100 * millisecond;
    if (waited >= next_report) report(comm, wait, waited), next_report = 2 * waited;
    if (waited >= last) give_up(comm, wait, waited);
    if (wait->cell && !wait->move)
      comm_cell_sleep(comm, wait->cell, wait->value,
                      QL_MIN(QL_MIN(next_look, next_report), last) - waited);
    else if (waited < 2 * millisecond)
      sched_yield();
    else
      nap(QL_MIN(waited / 100, millisecond) + microsecond);
  }
  if (leaves) comm->options.away(comm->options.data, false);
}
