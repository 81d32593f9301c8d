/* Progress counters that other workers wait for, between threads and between processes alike.
 *
 * A cell is two cache lines of its own in the control segment, with one writer at a time. The
 * writer pays one exchange and one load, and a system call only when somebody sleeps. A waiter
 * spins, gives up its core for a moment, then sleeps in a futex. */
#include "internal.h"

#include <assert.h>
#include <linux/futex.h>
#include <limits.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static long futex(const Comm *comm, _Atomic uint32_t *word, int operation, uint32_t value,
                  const struct timespec *timeout) {
  int scope = comm->info.node_size == 1 ? FUTEX_PRIVATE_FLAG : 0;
  return syscall(SYS_futex, word, operation | scope, value, timeout, NULL, 0);
}

int comm_cell_count(const Comm *comm) {
  return comm->info.workers + COMM_EXTRA_CELLS + CELL_WORDS + 2 * comm->info.node_size;
}

void comm_publish(Comm *comm, int index, uint64_t value) {
  Cell *cell = &comm->cells[index];
  assert(index >= 0 && index < comm_cell_count(comm));
  assert(atomic_load_explicit(&cell->value, memory_order_relaxed) <= value);
  atomic_exchange_explicit(&cell->value, value, memory_order_seq_cst);
  if (atomic_load_explicit(&cell->sleepers, memory_order_seq_cst) == 0) return;
  atomic_fetch_add_explicit(&cell->wakes, 1, memory_order_seq_cst);
  futex(comm, &cell->wakes, FUTEX_WAKE, INT_MAX, NULL);
}

uint64_t comm_peek(const Comm *comm, int index) {
  return atomic_load_explicit(&comm->cells[index].value, memory_order_acquire);
}

bool comm_polls(const Comm *comm, int index, uint64_t value) {
  for (int spin = comm->spins; spin >= 0; spin--) {
    if (comm_peek(comm, index) >= value) return true;
    comm_pause();
  }
  return false;
}

void comm_await(Comm *comm, int index, uint64_t value, bool is_main) {
  Cell *cell = &comm->cells[index];
  if (comm_polls(comm, index, value)) return;
  int worker_cells = comm->info.workers + COMM_EXTRA_CELLS;
  comm_wait(comm, &(Wait){.kind = index < worker_cells ? WAIT_CELL : WAIT_AGREE,
                          .is_main = is_main,
                          .index = index,
                          .cell = cell,
                          .value = value});
}

void comm_await_moving(Comm *comm, int index, uint64_t value, void (*move)(void *), void *subject) {
  if (comm_peek(comm, index) >= value) return;
  comm_wait(comm, &(Wait){.kind = WAIT_CELL,
                          .is_main = true,
                          .index = index,
                          .cell = &comm->cells[index],
                          .value = value,
                          .move = move,
                          .subject = subject});
}

void comm_cell_sleep(Comm *comm, Cell *cell, uint64_t value, int64_t nanoseconds) {
  struct timespec timeout = {nanoseconds / 1000000000, nanoseconds % 1000000000};
  atomic_fetch_add_explicit(&cell->sleepers, 1, memory_order_seq_cst);
  uint32_t wakes = atomic_load_explicit(&cell->wakes, memory_order_seq_cst);
  if (atomic_load_explicit(&cell->value, memory_order_seq_cst) < value)
    futex(comm, &cell->wakes, FUTEX_WAIT, wakes, &timeout);
  atomic_fetch_sub_explicit(&cell->sleepers, 1, memory_order_seq_cst);
}

/* ---- portions ---- */

/* One word for all pieces of work: the turn of the latest that somebody has begun, and how many of
 * its portions are taken. Nobody sets it back: a later turn takes it over, when nothing is left of
 * the one before, and who comes late to that sees so. */
enum { TURN_SHIFT = 16 };

bool comm_take(Comm *comm, uint64_t turn, int count, int *portion) {
  _Atomic uint64_t *word = &comm->control->portions;
  uint64_t seen = atomic_load_explicit(word, memory_order_relaxed), taken;
  assert(count <= COMM_PORTIONS && !(turn >> (64 - TURN_SHIFT)));
  do {
    if (seen >> TURN_SHIFT > turn) return false;
    taken = seen >> TURN_SHIFT == turn ? seen & COMM_PORTIONS : 0;
    if (taken >= (uint64_t)count) return false;
  } while (!atomic_compare_exchange_weak_explicit(word, &seen, (turn << TURN_SHIFT) + taken + 1,
                                                  memory_order_relaxed, memory_order_relaxed));
  *portion = (int)taken;
  return true;
}
