/* Memory of compiled code: blocks are aligned and nobody else's, also those that were another's
 * before, whatever is given back when, and by whom. */
#include "../check.h"
#include "jit.h"

#include <pthread.h>
#include <string.h>

enum { HELD = 12, ROUNDS = 400, THREADS = 4 };

static int64_t size_of(uint64_t *random) {
  static const int64_t sizes[] = {0, 1, 64, 5000, 4 << 20, (4 << 20) + 1, 7 << 20, 9 << 20};
  *random = *random * 6364136223846793005u + 1442695040888963407u;
  return sizes[*random >> 33 & 7];
}

/* The first byte and the last one of each page, of each block that is held, are its own. */
static bool is_own(const unsigned char *data, int64_t size, unsigned char mark) {
  for (int64_t k = 0; k < size; k += 4096)
    if (data[k] != mark) return false;
  return size == 0 || data[size - 1] == mark;
}

static void *take_and_give(void *argument) {
  uint64_t random = (uint64_t)(uintptr_t)argument;
  int64_t owner[HELD] = {0}, size[HELD] = {0};
  uintptr_t wrong = 0;
  for (int round = 0; round < ROUNDS; round++) {
    int k = round * 7 % HELD;
    unsigned char mark = (unsigned char)(16 * (uintptr_t)argument + (uintptr_t)k);
    unsigned char *data = (unsigned char *)(uintptr_t)(owner[k] + JIT_OWNER_BYTES);
    if (owner[k]) wrong += !is_own(data, size[k], mark), jit_release(owner[k]);
    size[k] = size_of(&random);
    if (!(owner[k] = jit_allocate(size[k]))) return (void *)1;
    data = (unsigned char *)(uintptr_t)(owner[k] + JIT_OWNER_BYTES);
    wrong += (uintptr_t)data % JIT_OWNER_BYTES != 0;
    memset(data, mark, (size_t)size[k]);
  }
  for (int k = 0; k < HELD; k++) jit_release(owner[k]);
  return (void *)wrong;
}

static void blocks_are_nobody_elses(void) {
  pthread_t thread[THREADS];
  for (uintptr_t t = 0; t < THREADS; t++)
    CHECK_INT_EQ(pthread_create(&thread[t], NULL, take_and_give, (void *)(t + 1)), 0);
  for (int t = 0; t < THREADS; t++) {
    void *wrong = NULL;
    pthread_join(thread[t], &wrong);
    CHECK_INT_EQ((intptr_t)wrong, 0);
  }
}

/* A loop that makes an array at each turn touches no new pages. */
static void large_blocks_are_kept(void) {
  int64_t size = 16 << 20, first = jit_allocate(size);
  CHECK(first != 0);
  jit_retain(first), jit_release(first); /* one owner is left */
  int64_t second = jit_allocate(size);
  CHECK(second != 0 && second != first);
  jit_release(first);
  int64_t again = jit_allocate(size - 4096);
  CHECK_INT_EQ(again, first);
  jit_release(again);
  int64_t much_smaller = jit_allocate(size / 2 - 4096);
  CHECK(much_smaller != 0 && much_smaller != first);
  jit_release(much_smaller), jit_release(second);
}

CHECK_MAIN(CHECK_TEST(large_blocks_are_kept), CHECK_TEST(blocks_are_nobody_elses))
