/* The node's heap: blocks in the arena that the node's ranks share, handed out alike on all of
 * them.
 *
 * Every rank keeps the same list of free ranges and makes the same decisions, because it allocates
 * and frees at the same points of the program (contract C1); so an offset is known without a
 * message. First fit, coalescing; freed pages are reused rather than returned, since first touch
 * costs over a second per GB. Replicated storages live in each rank's own memory instead. */
#include "runtime.h"

#include <stdlib.h>
#include <string.h>

enum { ALIGNMENT = 128, LARGE = 1 << 20, COLOURS = 8, COLOUR_BYTES = 5 * 128 };

/* Large blocks start at different places within a page, so that streams through several arrays do
 * not all fall on one set of a cache nor alias one another's low address bits. */
/* Requires no more bytes than the arena has. */
static int64_t rounded(int64_t bytes) {
  if (QUELEA_CANARIES) return rt_guard_size(bytes);
  int64_t size = (QL_MAX(bytes, 1) + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
  return size >= LARGE ? size + COLOURS * COLOUR_BYTES : size;
}

/* Between n blocks there are at most n + 1 free ranges. They have room before a block is handed
 * out, so that freeing never needs memory: a range that one rank lost would put later blocks
 * elsewhere than on the others. */
static QlStatus ranges_reserve(Heap *heap, int64_t blocks, QlError *error) {
  if (blocks + 1 <= heap->room) return QL_OK;
  int64_t room = QL_MAX(2 * (int64_t)heap->room, blocks + 63);
  FreeRange *ranges = realloc(heap->ranges, (size_t)room * sizeof *ranges);
  if (!ranges) return ql_fail(error, QL_ERR_MEMORY, "out of memory for the list of free blocks");
  heap->ranges = ranges, heap->room = (int)room;
  return QL_OK;
}

static QlStatus pieces_reserve(QlContext *ctx, QlError *error) {
  size_t pieces = (size_t)(comm_arena_bytes(ctx->comm) / COMM_PIECE) + 1;
  if (ctx->heap.backed || ctx->info->node_size == 1) return QL_OK;
  if ((ctx->heap.backed = calloc(pieces, 1))) return QL_OK;
  return ql_fail(error, QL_ERR_MEMORY, "out of memory for the list of large pages");
}

QlStatus rt_heap_allocate(QlContext *ctx, const char *needs, int64_t bytes, int64_t *offset,
                          QlError *error) {
  Heap *heap = &ctx->heap;
  bool first = !heap->room;
  if (first) QL_TRY(pieces_reserve(ctx, error));
  QL_TRY(ranges_reserve(heap, heap->blocks + 1, error));
  if (first) {
    heap->ranges[heap->count++] = (FreeRange){0, comm_arena_bytes(ctx->comm)};
    if (QUELEA_CANARIES) rt_guard_shut(ctx, 0, comm_arena_bytes(ctx->comm));
  }
  if (++heap->allocations == heap->fail_at)
    return ql_fail(error, QL_ERR_MEMORY, "out of memory (a fault on purpose)");
  int64_t size = bytes <= comm_arena_bytes(ctx->comm) ? rounded(bytes) : INT64_MAX;
  for (int k = 0; k < heap->count; k++) {
    if (heap->ranges[k].bytes < size) continue;
    if (QUELEA_CANARIES) QL_TRY(rt_guard_open(ctx, heap->ranges[k].offset, bytes, error));
    *offset = heap->ranges[k].offset;
    heap->ranges[k].offset += size, heap->ranges[k].bytes -= size;
    if (!heap->ranges[k].bytes) {
      memmove(&heap->ranges[k], &heap->ranges[k + 1],
              (size_t)(heap->count - k - 1) * sizeof(FreeRange));
      heap->count--;
    }
    heap->used += size, heap->peak = QL_MAX(heap->peak, heap->used), heap->blocks++;
    return QL_OK;
  }
  return ql_fail(error, QL_ERR_MEMORY,
                 "%s %s on each node, but of the node's budget of %s only %s are free; "
                 "use more nodes, or raise QUELEA_MEMORY",
                 needs, ql_bytes_text(bytes).text, ql_bytes_text(comm_arena_bytes(ctx->comm)).text,
                 ql_bytes_text(comm_arena_bytes(ctx->comm) - heap->used).text);
}

void rt_heap_free(QlContext *ctx, int64_t offset, int64_t bytes) {
  Heap *heap = &ctx->heap;
  int64_t size = rounded(bytes);
  if (QUELEA_CANARIES) rt_guard_shut(ctx, offset, bytes);
  heap->used -= size, heap->blocks--;
  int k = 0, above = heap->count; /* the first range behind the freed one */
  while (k < above) {
    int middle = (k + above) / 2;
    if (heap->ranges[middle].offset < offset)
      k = middle + 1;
    else
      above = middle;
  }
  bool joins_left = k > 0 && heap->ranges[k - 1].offset + heap->ranges[k - 1].bytes == offset;
  bool joins_right = k < heap->count && offset + size == heap->ranges[k].offset;
  if (joins_left && joins_right) {
    heap->ranges[k - 1].bytes += size + heap->ranges[k].bytes;
    memmove(&heap->ranges[k], &heap->ranges[k + 1],
            (size_t)(heap->count - k - 1) * sizeof(FreeRange));
    heap->count--;
  } else if (joins_left) {
    heap->ranges[k - 1].bytes += size;
  } else if (joins_right) {
    heap->ranges[k].offset = offset, heap->ranges[k].bytes += size;
  } else {
    memmove(&heap->ranges[k + 1], &heap->ranges[k], (size_t)(heap->count - k) * sizeof(FreeRange));
    heap->ranges[k] = (FreeRange){offset, size};
    heap->count++;
  }
}

/* Whole cache lines; NULL: out of memory. */
static char *private_memory(int64_t bytes) {
  if (bytes > INT64_MAX / 2) return NULL; /* not to be rounded */
  if (QUELEA_CANARIES) return rt_guard_private(bytes);
  return aligned_alloc(64, ((size_t)QL_MAX(bytes, 1) + 63) / 64 * 64);
}

void rt_block_free_private(Block *block) {
  if (block->owner)
    jit_release(block->owner);
  else if (QUELEA_CANARIES)
    rt_guard_private_free(block->data, block->bytes);
  else
    free(block->data);
}

/* ---- blocks ---- */

/* Small private blocks that went wait for the next ones, by the powers of 2 that hold them. In
 * debug builds each is new, between guards. */
enum { SMALLEST = 64, SPARE_OF_SIZE = 32 };

/* Behind the last: it is none of them. */
static int size_class(int64_t bytes) {
  int class = 0;
  while (class < SPARE_SIZES && (int64_t)SMALLEST << class < bytes) class ++;
  return QUELEA_CANARIES ? SPARE_SIZES : class;
}

static Block *private_block(QlContext *ctx, int64_t bytes) {
  int class = size_class(bytes);
  SpareBlocks *spare = class < SPARE_SIZES ? &ctx->spare_blocks[class] : NULL;
  Block *block = spare ? spare->first : NULL;
  if (block) {
    spare->first = block->next, spare->count--;
    return block;
  }
  if (!(block = malloc(sizeof *block))) return NULL;
  block->owner = 0;
  block->data = private_memory(spare ? (int64_t)SMALLEST << class : bytes);
  if (block->data) return block;
  free(block);
  return NULL;
}

static void release_private(QlContext *ctx, Block *block) {
  int class = size_class(block->bytes);
  SpareBlocks *spare = class < SPARE_SIZES ? &ctx->spare_blocks[class] : NULL;
  if (spare && spare->count < SPARE_OF_SIZE) {
    block->next = spare->first, spare->first = block, spare->count++;
    return;
  }
  rt_block_free_private(block);
  free(block);
}

void rt_blocks_close(QlContext *ctx) {
  for (int class = 0; class < SPARE_SIZES; class ++) {
    for (Block *block = ctx->spare_blocks[class].first, *next; block; block = next)
      next = block->next, rt_block_free_private(block), free(block);
    ctx->spare_blocks[class] = (SpareBlocks){0};
  }
}

Block *rt_block_private(QlContext *ctx, const Storage *storage) {
  int64_t item = ql_dtype_info[storage->dtype].size, bytes = item;
  for (int a = 0; a < storage->ndim; a++) bytes *= storage->shape[a];
  Block *block = private_block(ctx, bytes);
  if (!block) return NULL;
  block->references = 1, block->private_memory = true, block->watched = false;
  block->offset = 0, block->bytes = bytes;
  for (int a = storage->ndim - 1; a >= 0; a--) {
    block->alloc.lo[a] = 0, block->alloc.hi[a] = storage->shape[a];
    block->margin[a][0] = block->margin[a][1] = 0;
    block->stride[a] = item, item *= storage->shape[a];
  }
  return block;
}

QlStatus rt_block_new(QlContext *ctx, const char *needs, const Block *geometry, Block **result,
                      QlError *error) {
  bool is_private = geometry->private_memory;
  Block *block = is_private ? private_block(ctx, geometry->bytes) : malloc(sizeof *block);
  if (!block && is_private)
    return ql_fail(error, QL_ERR_MEMORY, "out of memory for a replicated array of %s",
                   ql_bytes_text(geometry->bytes).text);
  if (!block) return ql_fail(error, QL_ERR_MEMORY, "out of memory for a block");
  char *data = is_private ? block->data : NULL;
  *block = *geometry;
  block->references = 1, block->watched = false, block->data = data, block->owner = 0;
  if (!is_private) {
    QlStatus status = rt_heap_allocate(ctx, needs, block->bytes, &block->offset, error);
    if (status) {
      free(block);
      return status;
    }
    block->data = comm_arena_base(ctx->comm) + block->offset;
    if (QUELEA_CANARIES)
      block->data += rt_guard_slack(block->bytes);
    else if (block->bytes >= LARGE)
      block->data += (ctx->heap.colour++ % COLOURS) * COLOUR_BYTES;
  }
  *result = block;
  return QL_OK;
}

Block *rt_block_of_owner(const Block *geometry, int64_t owner, void *data) {
  Block *block = malloc(sizeof *block);
  if (!block) return NULL;
  *block = *geometry;
  block->references = 1, block->watched = false, block->data = data, block->owner = owner;
  block->private_memory = true;
  return block;
}

/* Each piece once: freed memory is not returned. */
void rt_block_back(QlContext *ctx, const Block *block) {
  const CommInfo *info = ctx->info;
  uint8_t *backed = ctx->heap.backed;
  int64_t first = (block->offset + COMM_PIECE - 1) / COMM_PIECE,
          end = (block->offset + block->bytes) / COMM_PIECE;
  if (block->private_memory || info->node_size == 1 || QUELEA_CANARIES || first >= end) return;
  int64_t mine = first + part_start(end - first, info->node_rank, info->node_size),
          behind = first + part_start(end - first, info->node_rank + 1, info->node_size);
  for (int64_t p = mine, next; p < behind; p = next) {
    for (next = p + 1; next < behind && backed[next] == backed[p];) next++;
    if (!backed[p]) comm_arena_back(ctx->comm, p * COMM_PIECE, (next - p) * COMM_PIECE);
  }
  memset(backed + first, 1, (size_t)(end - first));
}

void rt_block_release(QlContext *ctx, Block *block) {
  if (!block || --block->references) return;
  if (QUELEA_CANARIES) rt_guard_check(ctx, block);
  if (block->private_memory) {
    release_private(ctx, block);
    return;
  }
  rt_heap_free(ctx, block->offset, block->bytes);
  free(block);
}
