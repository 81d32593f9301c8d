#include "base.h"

#include "../check.h"

#include <stdlib.h>

#ifdef __SANITIZE_ADDRESS__
#include <sanitizer/asan_interface.h>
#else
#define __asan_address_is_poisoned(at) ((void)(at), true)
#endif

void *__real_malloc(size_t size);
void *__wrap_malloc(size_t size);
static int chunks; /* asked for */
static bool fails;

void *__wrap_malloc(size_t size) {
  chunks++;
  return fails ? NULL : __real_malloc(size);
}

/* Allocations of many sizes are aligned, apart, and stay as they were written. */
static void apart(void) {
  enum { COUNT = 500 };
  QlPool pool = {0};
  unsigned char *given[COUNT];
  for (int k = 0; k < COUNT; k++) {
    size_t size = (size_t)(k * k) % 997;
    given[k] = ql_pool_get(&pool, size);
    if (!CHECK(given[k])) return;
    CHECK((uintptr_t)given[k] % 16 == 0);
    memset(given[k], k & 0xff, size);
  }
  int wrong = 0;
  for (int k = 0; k < COUNT; k++)
    for (int j = 0; j < k * k % 997; j++) wrong += given[k][j] != (k & 0xff);
  CHECK_INT_EQ(wrong, 0);
  ql_pool_free(&pool);
  CHECK(pool.used == 0 && pool.capacity == 0);
}

/* An address sanitizer sees who leaves an allocation, on either side, and who comes too late. */
static void guarded(void) {
  QlPool pool = {0};
  char *a = ql_pool_get(&pool, 13), *b = ql_pool_get(&pool, 48);
  CHECK(__asan_address_is_poisoned(a + 13) && __asan_address_is_poisoned(b - 1));
  CHECK(__asan_address_is_poisoned(b + 48));
  a[12] = b[0] = b[47] = 1;
  ql_pool_clear(&pool);
  CHECK(__asan_address_is_poisoned(a) && __asan_address_is_poisoned(b + 47));
  CHECK(ql_pool_get(&pool, 20) == a);
  a[19] = 1;
  CHECK(__asan_address_is_poisoned(a + 20));
  ql_pool_free(&pool);
}

/* From the second time on what was needed before is there in one piece. */
static void kept(void) {
  QlPool pool = {0};
  for (int round = 0; round < 5; round++) {
    chunks = 0;
    for (int k = 0; k < 1000; k++) CHECK(ql_pool_get(&pool, 100));
    CHECK(round == 0 ? chunks > 1 : chunks <= (round == 1));
    ql_pool_clear(&pool);
  }
  ql_pool_free(&pool);
}

/* What was needed once is not kept for ever. */
static void trimmed(void) {
  QlPool pool = {0};
  CHECK(ql_pool_get(&pool, 100 << 20));
  ql_pool_clear(&pool);
  CHECK(pool.capacity >= 100 << 20);
  for (int round = 0; round < 60; round++) {
    CHECK(ql_pool_get(&pool, 1000));
    ql_pool_clear(&pool);
  }
  CHECK(pool.capacity < 1 << 20);
  ql_pool_free(&pool);
}

static void grows(void) {
  QlPool pool = {0};
  int *items = NULL, room = 0, wrong = 0;
  for (int k = 0; k < 10000; k++) {
    if (!CHECK(ql_pool_grow(&pool, &items, k, &room, sizeof *items))) return;
    items[k] = k;
  }
  for (int k = 0; k < 10000; k++) wrong += items[k] != k;
  CHECK_INT_EQ(wrong, 0);
  ql_pool_free(&pool);
}

static void out_of_memory(void) {
  QlPool pool = {0};
  int *items = NULL, room = 0;
  fails = true;
  CHECK(!ql_pool_get(&pool, 10));
  CHECK(!ql_pool_zeros(&pool, 10) && !ql_pool_copy(&pool, &room, sizeof room));
  CHECK(!ql_pool_grow(&pool, &items, 0, &room, sizeof *items) && !items && !room);
  fails = false;
  char *given = ql_pool_zeros(&pool, 10);
  CHECK(given && given[9] == 0);
  fails = true;
  CHECK(!ql_pool_get(&pool, 1 << 20));
  fails = false;
  CHECK(ql_pool_get(&pool, 1 << 20) && given[9] == 0);
  ql_pool_free(&pool);
}

int main(int argc, char **argv) {
  static const CheckTest tests[] = {CHECK_TEST(apart), CHECK_TEST(guarded),
                                    CHECK_TEST(kept),  CHECK_TEST(trimmed),
                                    CHECK_TEST(grows), CHECK_TEST(out_of_memory)};
  return check_run(tests, sizeof tests / sizeof *tests, argc, argv);
}
