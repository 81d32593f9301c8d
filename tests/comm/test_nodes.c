/* Ranks, nodes and workers, the arena that a node's ranks share, and the cells that their workers
 * wait for. */
#include "internal.h"
#include "job.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static int64_t number(const char *variable) {
  const char *text = getenv(variable);
  return text ? strtoll(text, NULL, 10) : 0;
}

/* ---- tables ---- */

static void tables_are_consistent(void) {
  int members = 0, lower = 0;
  CHECK(where->rank >= 0 && where->rank < where->size);
  CHECK_INT_EQ(where->node_of_rank[where->rank], where->node);
  for (int rank = 0; rank < where->size; rank++) {
    int node = where->node_of_rank[rank];
    CHECK(node >= 0 && node < where->node_count);
    CHECK(where->leader_of_node[node] <= rank);
    members += node == where->node;
    lower += node == where->node && rank < where->rank;
  }
  CHECK_INT_EQ(members, where->node_size);
  CHECK_INT_EQ(lower, where->node_rank);
  for (int node = 0; node < where->node_count; node++) {
    CHECK_INT_EQ(where->node_of_rank[where->leader_of_node[node]], node);
    if (node > 0) CHECK(where->leader_of_node[node - 1] < where->leader_of_node[node]);
  }
  CHECK_INT_EQ(where->workers_of_node[where->node], where->workers);
  CHECK_INT_EQ(where->workers, where->node_size * where->threads);
}

/* On one host. */
static void nodes_have_the_size_asked_for(void) {
  int size = (int)number("QUELEA_NODE_SIZE"), ranks = where->size;
  CHECK_INT_EQ(where->node_count, size ? (ranks + size - 1) / size : 1);
  for (int rank = 0; rank < ranks; rank++)
    CHECK_INT_EQ(where->node_of_rank[rank], size ? rank / size : 0);
}

static void threads_fit_the_cores(void) {
  int asked = (int)number("QUELEA_THREADS");
  CHECK(where->threads >= 1 && where->cores >= 1);
  if (asked) CHECK_INT_EQ(where->threads, asked);
  if (!asked && !where->oversubscribed) CHECK(where->workers <= where->cores);
  if (!asked && where->workers > where->cores) CHECK_INT_EQ(where->threads, 1);
  if (where->workers > where->cores) CHECK(where->oversubscribed);
  CHECK(strlen(where->text) > 0 && strlen(where->host) > 0);
}

/* ---- the arena ---- */

enum { PAGE = 4096, STRIDE = 1 << 20 };

static uint64_t *word_of(int node_rank) {
  return (uint64_t *)(comm_arena_base(job) + (int64_t)node_rank * STRIDE);
}

static void arena_is_shared_by_the_node_alone(void) {
  CHECK(comm_arena_bytes(job) >= (int64_t)where->node_size * STRIDE);
  CHECK_INT_EQ((uintptr_t)comm_arena_base(job) % PAGE, 0);
  CHECK_INT_EQ(*word_of(where->node_rank), 0);
  job_meet();
  *word_of(where->node_rank) = 1000 + (uint64_t)where->rank;
  job_meet();
  for (int rank = 0, member = 0; rank < where->size; rank++)
    if (where->node_of_rank[rank] == where->node) CHECK_INT_EQ(*word_of(member++), 1000 + rank);
  job_meet();
}

static void arena_reaches_its_end(void) {
  char *last = comm_arena_base(job) + comm_arena_bytes(job) - 1;
  if (where->node_rank == 0) *last = 42;
  job_meet();
  CHECK_INT_EQ(*last, 42);
  job_meet();
}

/* Each rank wishes for large pages behind all of it, once before and once after its words are
 * there, while the others write theirs. */
static void words_stay_when_their_pages_are_backed(void) {
  enum { PIECES = 3, WORDS = COMM_PIECE / 8 };
  const int64_t first = 3 * (int64_t)COMM_PIECE;
  uint64_t *words = (uint64_t *)(comm_arena_base(job) + first);
  if (comm_arena_bytes(job) < first + PIECES * (int64_t)COMM_PIECE) return;
  for (int round = 0; round < 2; round++) {
    for (int64_t k = where->node_rank; k < PIECES * WORDS; k += 97 * (int64_t)where->node_size) {
      if (k % 5 == 0 && !round) words[k] = (uint64_t)k;
      CHECK_INT_EQ(words[k], k % 5 ? 0 : k);
    }
    comm_arena_back(job, first - 100, PIECES * (int64_t)COMM_PIECE + 100);
    job_meet();
  }
  int64_t wrong = 0;
  for (int rank = 0; rank < where->node_size; rank++)
    for (int64_t k = rank; k < PIECES * WORDS; k += 97 * (int64_t)where->node_size)
      wrong += words[k] != (k % 5 ? 0u : (uint64_t)k);
  CHECK_INT_EQ(wrong, 0);
  job_meet();
}

/* ---- cells ---- */

enum { ROUNDS = 300 };

typedef struct Worker {
  pthread_t thread;
  int index, rounds; /* of the thread in its rank */
  uint64_t base;     /* what all cells hold before */
  int64_t wrong;
} Worker;

static int64_t *ring_word(int worker) {
  return (int64_t *)(comm_arena_base(job) + 2 * STRIDE) + 16 * worker;
}

/* A ring. In round r a worker writes its word and publishes 2 r - 1, waits for that of its left
 * neighbour, reads its word and publishes 2 r; it writes again when its right neighbour has read.
 */
static void *go_round(void *data) {
  Worker *worker = data;
  int count = where->workers, me = where->node_rank * where->threads + worker->index;
  int left = (me + count - 1) % count, right = (me + 1) % count;
  bool is_main = worker->index == 0;
  for (int round = 1; round <= worker->rounds; round++) {
    uint64_t written = worker->base + 2 * (uint64_t)round - 1;
    comm_await(job, right, written - 1, is_main);
    *ring_word(me) = round * 1000 + me;
    comm_publish(job, me, written);
    comm_await(job, left, written, is_main);
    worker->wrong += *ring_word(left) != round * 1000 + left;
    comm_publish(job, me, written + 1);
  }
  return NULL;
}

static void run_ring(int rounds) {
  Worker *workers = calloc((size_t)where->threads, sizeof *workers);
  uint64_t base = comm_peek(job, where->node_rank * where->threads);
  job_meet();
  for (int i = 0; i < where->threads; i++)
    workers[i] = (Worker){.index = i, .rounds = rounds, .base = base};
  for (int i = 1; i < where->threads; i++)
    CHECK_INT_EQ(pthread_create(&workers[i].thread, NULL, go_round, &workers[i]), 0);
  go_round(&workers[0]);
  for (int i = 0; i < where->threads; i++) {
    if (i > 0) pthread_join(workers[i].thread, NULL);
    CHECK_INT_EQ(workers[i].wrong, 0);
    CHECK_INT_EQ(comm_peek(job, where->node_rank * where->threads + i),
                 base + 2 * (uint64_t)rounds);
  }
  free(workers);
  job_meet();
}

static void cells_order_what_workers_do(void) { run_ring(ROUNDS); }

/* Workers take what is left of each piece of work as they come, and go on to the next one without
 * waiting for anybody. */
enum { PIECES = 500, PORTIONS = 23 };

static atomic_int *taken_of(int piece) {
  return (atomic_int *)(comm_arena_base(job) + 3 * STRIDE) + piece * PORTIONS;
}

static void *take_all(void *data) {
  (void)data;
  for (int piece = 0, portion; piece < PIECES; piece++)
    while (comm_take(job, 7 + 3 * (uint64_t)piece, PORTIONS, &portion))
      atomic_fetch_add(&taken_of(piece)[portion], 1);
  return NULL;
}

static void portions_are_taken_once(void) {
  pthread_t *thread = calloc((size_t)where->threads, sizeof *thread);
  int wrong = 0;
  if (where->node_rank == 0) memset(taken_of(0), 0, PIECES * PORTIONS * sizeof *taken_of(0));
  job_meet();
  for (int i = 1; i < where->threads; i++)
    CHECK_INT_EQ(pthread_create(&thread[i], NULL, take_all, NULL), 0);
  take_all(NULL);
  for (int i = 1; i < where->threads; i++) pthread_join(thread[i], NULL);
  free(thread);
  job_meet();
  for (int k = 0; k < PIECES * PORTIONS; k++) wrong += atomic_load(&taken_of(0)[k]) != 1;
  CHECK_INT_EQ(wrong, 0);
  int portion;
  CHECK(!comm_take(job, 7, PORTIONS, &portion)); /* who comes late */
}

/* Two workers play ball without spinning, and sleep for a minute unless they are woken: a single
 * lost wake-up is longer than the job may take. */
typedef struct Player {
  int mine, theirs; /* extra cells */
  bool serves;
} Player;

static void *play(void *data) {
  const Player *player = data;
  for (uint64_t round = 1; round <= 2000; round++) {
    if (player->serves) comm_publish(job, player->mine, round);
    while (comm_peek(job, player->theirs) < round)
      comm_cell_sleep(job, &job->cells[player->theirs], round, 60000000000);
    if (!player->serves) comm_publish(job, player->mine, round);
  }
  return NULL;
}

static void no_wake_up_is_lost(void) {
  int first = where->workers + 1, second = where->workers + 2;
  Player server = {first, second, true}, other = {second, first, false};
  pthread_t thread;
  if (where->node_size == 1) {
    if (!CHECK_INT_EQ(pthread_create(&thread, NULL, play, &other), 0)) return;
    play(&server);
    pthread_join(thread, NULL);
  } else if (where->node_rank <= 1) {
    play(where->node_rank == 0 ? &server : &other);
  }
  job_meet();
  CHECK_INT_EQ(comm_peek(job, first), 2000);
  CHECK_INT_EQ(comm_peek(job, second), 2000);
}

/* The first of the extra cells, written by the leader after a pause that is longer than any
 * spinning. */
static void late_values_arrive(void) {
  for (uint64_t value = 1; value <= 5; value++) {
    if (where->node_rank == 0) {
      usleep(20000);
      comm_publish(job, where->workers, value);
    }
    comm_await(job, where->workers, value, true);
    CHECK_INT_EQ(comm_peek(job, where->workers), value);
    job_meet();
  }
  if (where->node_rank > 0) CHECK(comm_counters(job).waits > 0);
}

JOB_MAIN(CHECK_TEST(tables_are_consistent), CHECK_TEST(nodes_have_the_size_asked_for),
         CHECK_TEST(threads_fit_the_cores), CHECK_TEST(arena_is_shared_by_the_node_alone),
         CHECK_TEST(arena_reaches_its_end), CHECK_TEST(words_stay_when_their_pages_are_backed),
         CHECK_TEST(cells_order_what_workers_do), CHECK_TEST(portions_are_taken_once),
         CHECK_TEST(no_wake_up_is_lost), CHECK_TEST(late_values_arrive))
