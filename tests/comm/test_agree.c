/* Agreements: every rank knows what all ranks say in each round, and so what the verdict must be.
 */
#include "job.h"

#include <sched.h>
#include <stdlib.h>
#include <unistd.h>

/* Who differs in which round, and how: a third of the rounds has a rank whose state differs,
 * and so on. */
static CommWord word_of(uint64_t round, int rank) {
  CommWord word = {.state = job_random(round, 1, 0), .drops = job_random(round, 2, 0)};
  int odd = (int)(job_random(round, 3, 0) % (uint64_t)where->size);
  if (job_random(round, 4, 0) % 3 == 0 && rank == odd) word.state++;
  if (job_random(round, 5, 0) % 3 == 0 && rank == odd) word.drops ^= 1ull << 63;
  if (job_random(round, 6, 0) % 2 == 0 && job_random(round, 7, (uint64_t)rank) % 3 == 0)
    word.status = (int32_t)(1 + job_random(round, 8, (uint64_t)rank) % (QL_STATUS_COUNT - 1));
  if (job_random(round, 9, (uint64_t)rank) % 3 == 0)
    word.requests = (uint32_t)job_random(round, 10, (uint64_t)rank);
  for (uint64_t k = 0; k < 2; k++)
    if (job_random(round, 11 + k, 0) % (uint64_t)where->size == (uint64_t)rank)
      word.value[k] = job_random(round, 13 + k, 0);
  return word;
}

static CommVerdict expected(uint64_t round) {
  CommVerdict verdict = {.same_state = true, .same_drops = true, .status_rank = -1};
  CommWord first = word_of(round, 0);
  for (int rank = 0; rank < where->size; rank++) {
    CommWord word = word_of(round, rank);
    if (word.state != first.state) verdict.same_state = false;
    if (word.drops != first.drops) verdict.same_drops = false;
    if (word.status != QL_OK && verdict.status == QL_OK)
      verdict.status = word.status, verdict.status_rank = rank;
    verdict.requests |= word.requests;
    for (int k = 0; k < 2; k++) verdict.value[k] = QL_MAX(verdict.value[k], word.value[k]);
  }
  return verdict;
}

static void verdicts_are_those_of_all_words(void) {
  for (uint64_t round = 0; round < 400; round++) {
    CommWord mine = word_of(round, where->rank);
    CommVerdict got, want = expected(round);
    bool halves = job_random(round, 15, (uint64_t)where->rank) % 2; /* others may do it at once */
    if (halves)
      comm_agree_say(job, &mine), comm_agree_hear(job, &got);
    else
      comm_agree(job, &mine, &got);
    CHECK_INT_EQ(got.same_state, want.same_state);
    CHECK_INT_EQ(got.same_drops, want.same_drops);
    CHECK_INT_EQ(got.status, want.status);
    CHECK_INT_EQ(got.status_rank, want.status_rank);
    CHECK_INT_EQ(got.requests, want.requests);
    for (int k = 0; k < 2; k++) CHECK_INT_EQ(got.value[k], want.value[k]);
  }
}

static void extreme_words_are_told_apart(void) {
  static const uint64_t words[] = {0, 1, ~0ull, ~0ull - 1, 1ull << 63, (1ull << 63) - 1};
  for (size_t a = 0; a < 6; a++)
    for (size_t b = 0; b < 6; b++) {
      bool odd = where->rank == where->size - 1;
      CommVerdict verdict;
      comm_agree(job, &(CommWord){.state = words[odd ? a : b], .drops = words[odd ? b : a]},
                 &verdict);
      CHECK_INT_EQ(verdict.same_state, a == b || where->size == 1);
      CHECK_INT_EQ(verdict.same_drops, a == b || where->size == 1);
    }
}

/* Whatever a rank does before, happens before what any does after: words in the arena, and messages
 * of late ranks. */
static void agreement_is_a_barrier(void) {
  int64_t *words = (int64_t *)comm_arena_base(job);
  for (int round = 1; round <= 100; round++) {
    if (round % 25 == where->rank) usleep(3000);
    words[where->node_rank * 16] = round;
    job_meet();
    int64_t wrong = 0;
    for (int i = 0; i < where->node_size; i++) wrong += words[i * 16] != round;
    CHECK_INT_EQ(wrong, 0);
    job_meet();
  }
}

/* The first rank of a node speaks before any other one begins to, and need not be heard. */
static void who_speaks_does_not_wait(void) {
  int64_t *spoken = (int64_t *)comm_arena_base(job) + 1024;
  CommVerdict verdict;
  for (int round = 1; round <= 100; round++) {
    int first = where->node_rank == round % where->node_size;
    while (!first && __atomic_load_n(spoken, __ATOMIC_ACQUIRE) < round) sched_yield();
    comm_agree_say(job, &(CommWord){.state = (uint64_t)round});
    if (first) __atomic_store_n(spoken, round, __ATOMIC_RELEASE);
    comm_agree_hear(job, &verdict);
    CHECK(verdict.same_state);
  }
}

static void agreements_are_counted(void) {
  int64_t before = comm_counters(job).agreements;
  job_meet(), job_meet();
  CHECK_INT_EQ(comm_counters(job).agreements, before + 2);
}

JOB_MAIN(CHECK_TEST(verdicts_are_those_of_all_words), CHECK_TEST(extreme_words_are_told_apart),
         CHECK_TEST(agreement_is_a_barrier), CHECK_TEST(who_speaks_does_not_wait),
         CHECK_TEST(agreements_are_counted))
