/* Memory that goes at once. Allocations lie one behind the other in chunks; what a pool has given
 * is given back as a whole.
 *
 *     newest ──> chunk  previous  |  a  | b |    c    | free ...
 *                         └─────> chunk  NULL  |  d  |  e  | left over
 *
 * Under AddressSanitizer what is not given is poisoned, with a gap behind each allocation. */
#include "base.h"

#include <stdlib.h>
#include <string.h>

#ifdef __SANITIZE_ADDRESS__
#include <sanitizer/asan_interface.h>
enum { GAP = 32 };
#else
#define ASAN_POISON_MEMORY_REGION(at, bytes) ((void)(at), (void)(bytes))
#define ASAN_UNPOISON_MEMORY_REGION(at, bytes) ((void)(at), (void)(bytes))
enum { GAP = 0 };
#endif

enum { ALIGNMENT = 16, SMALLEST = 2048, EXCESS = 4, KEPT = 1 << 18 };

struct QlChunk {
  QlChunk *previous;
  char *end;
  _Alignas(ALIGNMENT) char data[];
};

/* Chunks double what the pool has, or hold what it is known to need. */
static bool add_chunk(QlPool *pool, size_t bytes) {
  size_t capacity = QL_MAX(QL_MAX(bytes, pool->usual), QL_MAX(pool->capacity, (size_t)SMALLEST));
  QlChunk *chunk = malloc(sizeof *chunk + capacity);
  if (!chunk) return false;
  *chunk = (QlChunk){.previous = pool->newest, .end = chunk->data + capacity};
  ASAN_POISON_MEMORY_REGION(chunk->data, capacity);
  pool->newest = chunk, pool->next = chunk->data, pool->capacity += capacity;
  return true;
}

void *ql_pool_get(QlPool *pool, size_t bytes) {
  size_t taken = (bytes + GAP + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
  if ((!pool->newest || taken > (size_t)(pool->newest->end - pool->next)) &&
      !add_chunk(pool, taken))
    return NULL;
  void *given = pool->next;
  pool->next += taken, pool->used += taken;
  ASAN_UNPOISON_MEMORY_REGION(given, bytes);
  return given;
}

bool ql_pool_grow(QlPool *pool, void *items, int count, int *room, size_t size) {
  char *old, *grown;
  if (count < *room) return true;
  int more = 2 * count + 8;
  memcpy(&old, items, sizeof old);
  if (!(grown = ql_pool_get(pool, (size_t)more * size))) return false;
  if (count) {
    memcpy(grown, old, (size_t)count * size);
    ASAN_POISON_MEMORY_REGION(old, (size_t)*room * size);
  }
  memcpy(items, &grown, sizeof grown);
  *room = more;
  return true;
}

void ql_pool_free(QlPool *pool) {
  for (QlChunk *chunk = pool->newest, *previous; chunk; chunk = previous) {
    previous = chunk->previous;
    free(chunk);
  }
  pool->newest = NULL, pool->next = NULL, pool->used = pool->capacity = 0;
}

bool ql_pool_is_whole(const QlPool *pool) { return pool->newest && !pool->newest->previous; }

void ql_pool_clear(QlPool *pool) {
  if (pool->used) /* else it has been cleared already */
    pool->usual = QL_MAX(pool->used, pool->usual - pool->usual / 8);
  if (!pool->newest) return;
  if (pool->newest->previous || pool->capacity > EXCESS * pool->usual + KEPT) {
    ql_pool_free(pool);
    return;
  }
  pool->next = pool->newest->data, pool->used = 0;
  ASAN_POISON_MEMORY_REGION(pool->next, pool->capacity);
}
