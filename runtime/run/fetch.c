/* Elements of an array on several nodes by their places: made[p] = source[place[p]], where a place
 * counts the source's elements in C order. Each rank asks for what its own part of the result
 * needs: elements of its own node it reads in memory, for others it sends their places to the
 * leader of the node that owns them, all at once, and is sent their values in that order.
 *
 *     node 0 computes made[0:4], node 1 made[4:8]; node 0 owns source[0:50], node 1 the rest
 *     place = 3 70 71 4 | 60 2 61 62      0 asks 1 for 70 71, and 1 asks 0 for 2
 *
 * It goes in rounds, so that nobody needs memory for more than a piece of what it asks for. Arrays
 * are computed before. Nothing that the program can see is stored before all is there: a failure of
 * any rank is one of all. */
#include "profile.h"

#include <stdlib.h>
#include <string.h>

enum { PIECE = 1 << 17, HALF = 1 << 9 }; /* elements that a rank asks for in a round */

typedef struct Element {
  int64_t place;
  char *to;
  int owner; /* its node */
} Element;

typedef struct Fetch {
  QlContext *ctx;
  const Storage *source, *places, *made;
  size_t item;
  int64_t source_stride[QL_MAX_DIMS]; /* elements, in C order */
  int most, count;                    /* elements of a piece; of this one */
  Element *elements;                  /* [most] */
  int64_t *asks, *asked;              /* [ranks] how many: of that one, and by that one */
  int64_t *next;                      /* [ranks] */
  int64_t *requests, *wanted;         /* places: that this rank asks for, and is asked for, */
  char *values, *given;               /* and their values; by ranks, one behind the other */
  int64_t wanted_room, given_room;
  CommMessage *messages; /* [2 * ranks] */
  int thread;            /* of whose part the piece goes on, */
  Box box;
  int64_t at[QL_MAX_DIMS]; /* there */
  bool more;               /* there is */
} Fetch;

/* ---- memory ---- */

static QlStatus no_memory(QlError *error) {
  return ql_fail(error, QL_ERR_MEMORY, "out of memory for elements of other nodes");
}

static QlStatus begin(Fetch *f, QlError *error) {
  size_t ranks = (size_t)f->ctx->info->size, most;
  f->most = QL_MAX(PIECE / (int)ranks, HALF), most = (size_t)f->most;
  c_strides(f->source->ndim, f->source->shape, 1, f->source_stride);
  f->elements = malloc(most * sizeof *f->elements);
  f->requests = malloc(most * sizeof *f->requests);
  f->values = malloc(most * f->item);
  f->asks = malloc(ranks * sizeof *f->asks), f->asked = malloc(ranks * sizeof *f->asked);
  f->next = malloc(ranks * sizeof *f->next);
  f->messages = malloc(2 * ranks * sizeof *f->messages);
  if (!f->elements || !f->requests || !f->values || !f->asks || !f->asked || !f->next ||
      !f->messages)
    return no_memory(error);
  return comm_exchange_reserve(f->ctx->comm, 1, 2 * (int64_t)ranks, error);
}

static void end(Fetch *f) {
  free(f->elements), free(f->requests), free(f->values), free(f->asks), free(f->asked);
  free(f->next);
  free(f->messages), free(f->wanted), free(f->given);
}

static bool grow(void *memory, int64_t *room, int64_t need) {
  void *old;
  if (need <= *room) return true;
  memcpy(&old, memory, sizeof old);
  void *grown = realloc(old, (size_t)need);
  if (!grown) return false;
  memcpy(memory, &grown, sizeof grown);
  *room = need;
  return true;
}

/* ---- where elements are ---- */

static char *address(const Storage *storage, const int64_t *at) {
  const Block *block = storage->block;
  int64_t offset = 0;
  for (int a = 0; a < storage->ndim; a++) offset += (at[a] - block->alloc.lo[a]) * block->stride[a];
  return block->data + offset;
}

static void find(const Fetch *f, int64_t place, int64_t *at) {
  for (int a = 0; a < f->source->ndim; a++)
    at[a] = place / f->source_stride[a], place %= f->source_stride[a];
}

static int cell_at(const GridAxis *axis, int64_t at) {
  int low = 0, high = axis->cells; /* the last cell that begins at or before it */
  while (high - low > 1) {
    int middle = low + (high - low) / 2;
    *(axis->cut[middle] <= at ? &low : &high) = middle;
  }
  return low;
}

static int owner_of(const Fetch *f, const int64_t *at) {
  const Layout *layout = f->source->layout;
  if (!layout->template) return f->ctx->info->node;
  const Grid *grid = &layout->template->nodes;
  int node = 0;
  for (int g = 0; g < grid->count; g++) {
    const GridAxis *axis = &grid->axis[g];
    int cell =
        axis->axis < 0 ? axis->owner : cell_at(axis, at[axis->axis] + layout->offset[axis->axis]);
    node += cell * axis->stride;
  }
  return node;
}

/* ---- this rank's part, piece by piece ---- */

static bool next_box(Fetch *f) {
  const CommInfo *info = f->ctx->info;
  const Storage *of = f->places;
  while (++f->thread < info->threads) {
    int worker = info->node_rank * info->threads + f->thread;
    f->box = of->layout->template ? rt_layout_worker(of->layout, of->ndim, of->shape, worker)
                                  : box_of_shape(of->ndim, of->shape);
    if (!of->layout->template && f->thread > 0) return false; /* each rank has all of it */
    if (box_empty(of->ndim, &f->box)) continue;
    memcpy(f->at, f->box.lo, sizeof f->at);
    return true;
  }
  return false;
}

/* False: that was the box. */
static bool step(Fetch *f) {
  int a = f->places->ndim - 1;
  for (; a >= 0 && ++f->at[a] == f->box.hi[a]; a--) f->at[a] = f->box.lo[a];
  return a >= 0;
}

/* Takes what this node has, and lists the rest. */
static void collect(Fetch *f) {
  const CommInfo *info = f->ctx->info;
  memset(f->asks, 0, (size_t)info->size * sizeof *f->asks);
  f->count = 0;
  while (f->more && f->count < f->most) {
    int64_t at[QL_MAX_DIMS];
    Element *element = &f->elements[f->count];
    memcpy(&element->place, address(f->places, f->at), sizeof element->place);
    element->to = address(f->made, f->at);
    find(f, element->place, at);
    element->owner = owner_of(f, at);
    if (element->owner == info->node)
      memcpy(element->to, address(f->source, at), f->item);
    else
      f->asks[info->leader_of_node[element->owner]]++, f->count++;
    f->more = step(f) || next_box(f);
  }
}

/* ---- messages ---- */

static void exchange(Fetch *f, int receives, int sends, CommMessage *receive, CommMessage *send) {
  CommExchange *under_way;
  QL_ERROR(error);
  if (comm_exchange_start(f->ctx->comm, receives, receive, sends, send, &under_way, &error) ||
      comm_exchange_finish(under_way, &error))
    comm_abort(f->ctx->comm, "elements of other nodes did not arrive: %s", error.text);
}

/* Every rank tells the leaders of other nodes how many elements it asks them for. */
static void exchange_counts(Fetch *f) {
  const CommInfo *info = f->ctx->info;
  int receives = 0, sends = 0;
  CommMessage *send = f->messages + info->size;
  memset(f->asked, 0, (size_t)info->size * sizeof *f->asked);
  for (int r = 0; r < info->size; r++) {
    if (info->node_of_rank[r] == info->node) continue;
    if (info->node_rank == 0)
      f->messages[receives++] = (CommMessage){r, &f->asked[r], sizeof *f->asked};
    if (r == info->leader_of_node[info->node_of_rank[r]])
      send[sends++] = (CommMessage){r, &f->asks[r], sizeof *f->asks};
  }
  exchange(f, receives, sends, f->messages, send);
}

/* Parts of two blocks of memory, a part for each rank: what this rank asks for, of so many bytes
 * each, and what it is asked for. Gives how many parts there are. */
static int parts(const Fetch *f, const int64_t *counts, void *memory, size_t item,
                 CommMessage *messages) {
  int count = 0;
  char *at = memory;
  for (int r = 0; r < f->ctx->info->size; r++) {
    if (!counts[r]) continue;
    messages[count++] = (CommMessage){r, at, counts[r] * (int64_t)item};
    at += counts[r] * (int64_t)item;
  }
  return count;
}

static int64_t total(const Fetch *f, const int64_t *counts) {
  int64_t sum = 0;
  for (int r = 0; r < f->ctx->info->size; r++) sum += counts[r];
  return sum;
}

/* Memory for what this rank is asked for. */
static QlStatus prepare(Fetch *f, QlError *error) {
  int64_t wanted = total(f, f->asked), item = (int64_t)QL_MAX(f->item, sizeof(int64_t)), pieces = 0;
  if (!grow(&f->wanted, &f->wanted_room, wanted * (int64_t)sizeof *f->wanted) ||
      !grow(&f->given, &f->given_room, wanted * (int64_t)f->item))
    return no_memory(error);
  for (int r = 0; r < f->ctx->info->size; r++)
    pieces += comm_message_pieces(f->asks[r] * item) + comm_message_pieces(f->asked[r] * item);
  return comm_exchange_reserve(f->ctx->comm, 1, pieces, error);
}

/* The requests of this rank, by whom they are for, in the order of the elements; or the values that
 * have come for them, into the elements. */
static void sort_requests(Fetch *f, bool values) {
  const CommInfo *info = f->ctx->info;
  for (int r = 0; r < info->size; r++) f->next[r] = r ? f->next[r - 1] + f->asks[r - 1] : 0;
  for (int k = 0; k < f->count; k++) {
    const Element *element = &f->elements[k];
    int64_t n = f->next[info->leader_of_node[element->owner]]++;
    if (values)
      memcpy(element->to, f->values + n * (int64_t)f->item, f->item);
    else
      f->requests[n] = element->place;
  }
}

static void answer(Fetch *f) {
  int64_t at[QL_MAX_DIMS], wanted = total(f, f->asked);
  for (int64_t k = 0; k < wanted; k++) {
    find(f, f->wanted[k], at);
    memcpy(f->given + k * (int64_t)f->item, address(f->source, at), f->item);
  }
}

/* All ranks have agreed that they have the memory. */
static void run_round(Fetch *f) {
  CommMessage *others = f->messages + f->ctx->info->size;
  sort_requests(f, false);
  int receives = parts(f, f->asked, f->wanted, sizeof *f->wanted, f->messages),
      sends = parts(f, f->asks, f->requests, sizeof *f->requests, others);
  exchange(f, receives, sends, f->messages, others);
  answer(f);
  receives = parts(f, f->asks, f->values, f->item, f->messages);
  sends = parts(f, f->asked, f->given, f->item, others);
  exchange(f, receives, sends, f->messages, others);
  sort_requests(f, true);
}

static QlStatus run_rounds(Fetch *f, int64_t *bytes, QlError *error) {
  for (bool goes_on = true; goes_on;) {
    collect(f);
    exchange_counts(f);
    QL_ERROR(mine);
    QlStatus status = prepare(f, &mine);
    Agreement round = {.place = AGREE_STATUS, .status = status, .mine = &mine, .requests = f->more};
    for (bool again = true; again;) QL_TRY(rt_agree(f->ctx, &round, &again, error));
    run_round(f);
    *bytes += f->count * (int64_t)f->item, goes_on = round.requests;
  }
  return QL_OK;
}

static bool lie_alike(const Storage *a, const Storage *b) {
  return a->layout && b->layout && a->layout->template == b->layout->template &&
         (!a->layout->template ||
          !memcmp(a->layout->offset, b->layout->offset, a->ndim * sizeof *a->layout->offset));
}

QlStatus rt_fetch(QlContext *ctx, const QlArray *source, const QlArray *places, const QlArray *made,
                  QlError *error) {
  Fetch f = {.ctx = ctx,
             .source = source->storage,
             .places = places->storage,
             .made = made->storage,
             .item = ql_dtype_info[made->dtype].size,
             .thread = -1};
  int64_t bytes = 0;
  QlStatus status = lie_alike(f.places, f.made)
                        ? begin(&f, error)
                        : ql_fail(error, QL_ERR_STATE, "elements and their places lie apart");
  status = rt_agree_status(ctx, status, error);
  if (!status) {
    QlPhase before = rt_phase(ctx, QL_PHASE_WORK);
    rt_wait_node(ctx);
    f.more = next_box(&f);
    status = run_rounds(&f, &bytes, error);
    (void)rt_phase(ctx, before);
  }
  end(&f);
  if (status) return status;
  ctx->counters.redistributions++, ctx->counters.redistributed_bytes += bytes;
  rt_remark(ctx, QL_MOVE_REDISTRIBUTION, rt_source(ctx), bytes);
  return rt_agree_status(ctx, QL_OK, error); /* nobody of the node reads before all is there */
}
