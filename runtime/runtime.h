/* The inside of the runtime: every type, then the prototypes grouped under the file that defines
 * them.
 *
 *   handle (QlArray) ──> storage ──> block                 what the user holds, is, lies in
 *   record ──> log ──> plan (cached) ──> agree ──> execute what happens to a statement
 *
 * Three index spaces. *Storage* coordinates count elements of an array along its axes. *Template*
 * coordinates are those of the partition; a layout shifts storage coordinates into them. *Domain*
 * coordinates count the points of a statement. All are int64_t; a struct says which it holds. */
#ifndef QUELEA_RUNTIME_H
#define QUELEA_RUNTIME_H

#include "base.h"
#include "comm.h"
#include "jit.h"
#include "quelea.h"

#include <pthread.h>

#ifndef QUELEA_CANARIES /* 1 in debug builds: guard.c is at work */
#define QUELEA_CANARIES 0
#endif

/* ---- boxes and maps ---- */

typedef struct Box {
  int64_t lo[QL_MAX_DIMS], hi[QL_MAX_DIMS]; /* half open; empty when some hi <= lo */
} Box;

/* How one storage axis follows a domain: index = start + step * position[dim]; dim -1: it stays at
 * start. */
typedef struct AxisMap {
  int64_t start, step;
  int dim;
} AxisMap;

/* ---- partition ---- */

/* A partition of an index space over nodes, and of this node's part over its workers. Boxes tile
 * [0, extent). Counted. */
typedef struct TemplateRecipe { /* how it came about: two templates are one exactly when their
                                   recipes are equal, on all nodes alike */
  uint64_t parent;              /* id; 0: from a shape */
  int64_t kind, axis, origin, unit;
} TemplateRecipe;
typedef struct Template {
  int64_t references;
  uint64_t id; /* never used again for another template */
  TemplateRecipe recipe;
  int ndim;
  int64_t extent[QL_MAX_DIMS];
  Box *node;             /* [nodes] */
  Box *worker;           /* [workers of this node] tile node[this] */
  bool cut[QL_MAX_DIMS]; /* some node does not span the axis */
  int64_t margin[QL_MAX_DIMS]
                [2]; /* the deepest ghosts any storage of it needed: new blocks get them at once */
  struct Template *next; /* in the registry */
} Template;

/* Where a storage lies: storage coordinate + offset = template coordinate. template NULL:
 * replicated on every rank. Counted. */
typedef struct Layout {
  int64_t references;
  Template *template;
  int64_t offset[QL_MAX_DIMS];
} Layout;

/* Memory of a storage on this node (partitioned: in the arena, C order over `alloc`) or on this
 * rank (replicated: malloc'ed, C order over the whole shape). Counted: an export shares it, and a
 * shared block is copied before it is written. */
typedef struct Block {
  int64_t references;
  bool private_memory;
  bool watched;                /* guard.c: the slack before it holds a pattern */
  int64_t offset, bytes;       /* in the arena */
  char *data;                  /* the element at alloc.lo */
  Box alloc;                   /* storage coordinates: what this node owns and its margins */
  int64_t stride[QL_MAX_DIMS]; /* bytes */
  int64_t margin[QL_MAX_DIMS][2];
} Block;

/* Which remote elements this node and every other node hold valid copies of, in the margins of a
 * storage's block. A family is one box per node: what the node needed for some read, its own part
 * included. All nodes keep all boxes, so that all agree when an exchange can be skipped. Immutable,
 * counted; a write to the storage drops it. */
typedef struct Ghosts {
  int64_t references;
  uint64_t hash;
  int families, nodes;
  Box box[]; /* [families][nodes] storage coordinates */
} Ghosts;

struct QlStorage {
  QlContext *context;
  int64_t handles; /* handles and exports of this rank; 0: dropped here */
  int64_t pins;    /* the log, plans under way, and lists of the context; freed when both are 0 */
  uint64_t id;     /* number of its creation: the same on all ranks */
  uint8_t dtype, ndim;
  bool dead;     /* dropped on all ranks, as far as this rank can tell; the agreement confirms it */
  bool poisoned; /* its value was lost in a flush that failed */
  bool replicated;    /* must become replicated, whatever its size */
  uint64_t log_epoch; /* `slot` counts for the log with this number */
  int32_t slot;
  int64_t size;
  int64_t *shape, inline_shape[4];
  Layout *layout; /* NULL until the first statement that writes it is planned */
  Block *block;
  Ghosts *ghosts; /* NULL: none valid */
  struct QlStorage *next_dropped;
};
typedef struct QlStorage Storage;

/* ---- the log ---- */

typedef enum StatementKind {
  STATEMENT_MAP,    /* target = op(inputs) */
  STATEMENT_COPY,   /* target = input, cast */
  STATEMENT_RAMP,   /* target = scalar[0] + position[axis] * scalar[1] */
  STATEMENT_REDUCE, /* target = reduction over `axes` of the one input */
  STATEMENT_IMPORT /* target = what the user's memory held when it was recorded; its one scalar is a
                      hash of that */
} StatementKind;

/* One recorded statement. Its domain has the shape of the target (of the input for REDUCE, where
 * the target's strides are 0 on the reduced axes). `words` in the log, and nothing else, decides
 * how it is planned: head; shape[ndim]; target: slot, offset, stride[ndim]; each input: slot or
 * ~scalar, offset, stride[ndim] (elements)  */
typedef struct Statement {
  uint8_t kind, op, loop, ndim, inputs;
  uint8_t axis;               /* RAMP */
  uint32_t axes;              /* REDUCE */
  uint32_t words, word_count; /* where in Log.words */
  uint32_t scalars;           /* first in Log.scalars */
  QlSource source;
  void *payload; /* IMPORT: this rank's part, owned by the log */
} Statement;

typedef struct LogScalar {
  QlValue value;
  QlDtype dtype;
} LogScalar;

typedef struct Log {
  uint64_t epoch;
  Statement *statements;
  int count, room;
  int64_t *words;
  int64_t word_count, word_room;
  LogScalar *scalars;
  int scalar_count, scalar_room;
  Storage **slots;
  int slot_count, slot_room; /* pinned */
  int64_t fresh_bytes;       /* of arrays that the log creates */
  bool at_end_of_assignment;
  int due; /* 0, or the length at which it is executed though no assignment has ended */
} Log;

/* ---- the plan of a flush ---- */

/* A piece of memory that a plan uses: a storage of the log, or a temporary of the plan (also a
 * node's copy of remote elements). */
typedef struct PlanSlot {
  bool allocate; /* gets a block when the plan runs: a fresh storage that is stored, or a temporary
                  */
  bool renew; /* a storage gets a new block: its margins grow, or its block is shared with an export
                 and is written */
  uint8_t dtype, ndim;
  int64_t shape[QL_MAX_DIMS];
  Layout *layout;       /* what a fresh storage gets; of temporaries; NULL: staging */
  Block geometry;       /* of the block as this plan sees it (data and references unused) */
  bool flat;            /* the block is a stretch of the array in C order, */
  int64_t flat_start;   /* from this element on */
  Ghosts *ghosts_after; /* NULL: none */
} PlanSlot;

/* Copies a box between this node and another, or within this node, before a group runs. */
typedef enum TransferKind { TRANSFER_SEND, TRANSFER_RECEIVE, TRANSFER_LOCAL } TransferKind;
typedef struct Transfer {
  TransferKind kind;
  int peer;        /* node */
  int source_slot; /* whose elements */
  int target_slot; /* where they go; the same slot: its ghosts */
  Box box;         /* storage coordinates of source_slot */
  int64_t at;      /* packed, in the group's buffer */
} Transfer;

/* All transfers of a group between this node and another, in one direction, in the order in which
 * both nodes list them. */
typedef struct PlanMessage {
  int node;
  bool receive;
  int64_t at, bytes; /* in the group's buffer */
} PlanMessage;

typedef struct PlanOperand {
  int slot;
  int64_t offset;              /* bytes from the block's first element, for domain position 0 */
  int64_t stride[QL_MAX_DIMS]; /* bytes per domain position */
} PlanOperand;

/* An argument of the kernel: a scalar of the log by its index, or (-1) a number that follows from
 * the log's words. */
typedef struct PlanParam {
  int scalar;
  int64_t value;
} PlanParam;

typedef struct PlanWait {
  int worker, group;
} PlanWait; /* wait until that worker has finished that group */
typedef struct PlanWaits {
  int count;
  PlanWait *list;
} PlanWaits;

typedef struct PlanTask { /* what one worker of this rank does for one group */
  Box box;                /* domain coordinates; of IMPORT and MOVE: storage coordinates */
  bool empty;
  Box *interior; /* NULL, or what needs nothing that the group's messages bring: it is computed
                    while they travel */
  PlanWaits waits;
} PlanTask;

typedef enum GroupKind {
  GROUP_KERNEL,
  GROUP_IMPORT, /* the payload of `statement` into slot `operands[0].slot` */
  GROUP_MOVE /* the block of slot operands[1].slot into that of operands[0].slot; the same slot: its
                old block into its new one */
} GroupKind;

typedef struct PlanGroup {
  GroupKind kind;
  int rank; /* of the domain */
  JitEntry *entry;
  int operand_count, param_count;
  int store_count;
  PlanOperand *operands; /* [0] is the first target; [0, store_count) are stored */
  int64_t *strides;      /* [operands][rank] bytes, as the kernel takes them */
  PlanParam *params;
  bool replicated; /* each rank computes all of it, by its main thread */
  PlanTask *tasks; /* [threads] of this rank */
  int transfer_count;
  Transfer *transfers; /* by the node's leader: packed and sent before the group, unpacked before
                          what reads them */
  int message_count;
  PlanMessage *messages; /* by node */
  int64_t message_bytes; /* the buffer of all of them */
  bool exchanges; /* some node transfers something: every worker waits until this node's are done */
  bool stores_source; /* the group stores into a slot that its transfers read: nothing is computed
                         before they are packed */
  PlanWaits before_packing, before_unpacking; /* of the leader */
  int statement;   /* the statement of the log that it serves (the first of them) */
  int reduce_axis; /* -1; the target moves by one per JIT_LEAF points along it */
} PlanGroup;

typedef struct PlanMovement {
  QlMovementKind kind;
  int statement;
  int64_t bytes;
} PlanMovement;

typedef struct Plan {
  uint64_t hash;
  int64_t *key;
  int64_t key_count;
  int slot_count, log_slots;
  PlanSlot *slots;
  int group_count;
  PlanGroup *groups;
  QlCounters adds; /* to the counters, each time it runs */
  PlanMovement *movements;
  int movement_count, movement_room;
  uint64_t last_used;
  struct Plan *next;
} Plan;

/* ---- the context ---- */

typedef struct FreeRange {
  int64_t offset, bytes;
} FreeRange;

typedef struct Heap { /* the node's arena, handed out alike on all ranks of the node */
  FreeRange *ranges;
  int count, room;              /* by offset, never adjacent */
  int64_t blocks, used, peak;   /* used: bytes */
  int64_t allocations, fail_at; /* fault injection */
  unsigned colour;
} Heap;

typedef struct Movements {
  QlMovement *lines;
  int count, room, last;
} Movements;

typedef struct Team Team;
typedef struct Run Run;

/* The cache of plans holds at most so many, of slots and groups together so many: some 2 KB each
 * with two threads, 64 MB. */
enum { PLAN_BUCKETS = 256, PLAN_LIMIT = 512, PLAN_WEIGHT = 32768 };

struct QlContext {
  QlOptions options;
  QlParams params;
  Comm *comm;
  const CommInfo *info;
  Jit *jit;
  Team *team;
  Log log;
  Heap heap;
  QlSource source;  /* of what is recorded next */
  Storage *dropped; /* by this rank since the last agreement */
  uint64_t dropped_hash;
  Storage **unmatched;
  int unmatched_count, unmatched_room; /* dropped here, not yet everywhere */
  uint64_t next_id, next_template, plan_clock;
  Template *templates;
  Plan *plans[PLAN_BUCKETS];
  int plan_count;
  int64_t plan_weight;
  QlArray *free_arrays;
  Storage *free_storages; /* linked through their first words */
  uint64_t progress;      /* the value of every worker's cell when nothing runs */
  QlCounters counters;
  Movements movements;
  bool strict, closed, trace_flush, trace_plan;
  int64_t exports;      /* of this rank; */
  CommMapping kept;     /* where they lie, from ql_close to the end of the last */
  int64_t live_objects; /* handles, storages and exports; a closed context goes when it reaches 0 */
  char *cache_folder;
};

/* Where the k-th of n even parts of an extent begins: extent * k / n, also where the product has no
 * 64 bits. */
static inline int64_t part_start(int64_t extent, int64_t k, int64_t n) {
  return extent / n * k + extent % n * k / n;
}

/* ---- box.c ---- */
bool box_empty(int ndim, const Box *box);
bool box_intersect(int ndim, const Box *a, const Box *b,
                   Box *both); /* false: empty; both may be NULL */
bool box_contains(int ndim, const Box *outer, const Box *inner);
bool box_equal(int ndim, const Box *a, const Box *b);
int64_t box_volume(int ndim, const Box *box);
int64_t shape_volume(int ndim, const int64_t *shape);
Box box_of_shape(int ndim, const int64_t *shape);
Box box_shift(int ndim, const Box *box, const int64_t *by, int sign);
void box_hull(int ndim, Box *grow, const Box *by);
/* Copies a box between two C-order blocks whose element [alloc.lo] lies at `data`; strides in
 * bytes. */
void box_copy(int ndim, const Box *box, size_t item, char *to, const Box *to_alloc,
              const int64_t *to_stride, const char *from, const Box *from_alloc,
              const int64_t *from_stride);
void c_strides(int ndim, const int64_t *shape, int64_t item, int64_t *stride);
void box_strides(int ndim, const Box *box, int64_t item,
                 int64_t *stride); /* of its elements alone, packed in C order */

/* ---- view.c: views over a virtual C-order global array ---- */

/* Writes how each storage axis follows the domain, if every domain dimension that moves follows
 * exactly one axis and stays inside it (contract C2). False: the view cannot be seen as a box with
 * steps. */
bool view_axes(int rank, const int64_t *extent, const int64_t *stride, int64_t offset, int ndim,
               const int64_t *shape, AxisMap *axes);
/* The storage box that a domain box touches (bounding box when steps exceed 1). */
Box view_box(int ndim, const AxisMap *axes, const Box *domain);
/* The same for any view: the smallest box that is a stretch of the array in C order and holds all
 * of it. Not for an empty domain. */
Box view_stretch(int rank, const int64_t *extent, int64_t offset, const int64_t *stride, int ndim,
                 const Box *domain);
/* Is the box a stretch of the array in C order? Then `start` is its first element. */
bool box_is_stretch(int ndim, const int64_t *extent, const Box *box, int64_t *start);

/* ---- template.c, layout.c ---- */
Template *rt_template_for_shape(QlContext *ctx, int ndim, const int64_t *shape,
                                QlError *error); /* new reference */
/* The partition of a template's space without `axis`; workers that own nothing at its start own
 * nothing. */
Template *rt_template_project(QlContext *ctx, Template *from, int axis, QlError *error);
/* Along `axis`, blocks of `unit` points counted from `origin` become one: a block belongs to the
 * owner of its first point. */
Template *rt_template_coarsen(QlContext *ctx, Template *from, int axis, int64_t origin,
                              int64_t extent, int64_t unit, QlError *error);
void rt_template_release(QlContext *ctx, Template *template);
Layout *rt_layout_new(Template *template /* taken over; NULL: replicated */, const int64_t *offset);
Layout *rt_layout_retain(Layout *layout);
void rt_layout_release(QlContext *ctx, Layout *layout);
/* What node / worker of this node owns, in the coordinates of a storage of that shape. */
Box rt_layout_node(const Layout *layout, int ndim, const int64_t *shape, int node);
Box rt_layout_worker(const Layout *layout, int ndim, const int64_t *shape, int worker);
/* The layout of a storage that nothing decided yet: replicated when small, else by its shape alone.
 */
Layout *rt_layout_for_storage(QlContext *ctx, const Storage *storage, QlError *error);
bool rt_is_replicated_size(const QlContext *ctx, int64_t size);
/* The geometry of a block of that layout on this node, with margins; `bytes` is INT64_MAX when it
 * or its addresses leave 64 bits. */
Block rt_block_geometry(const QlContext *ctx, const Layout *layout, int ndim, const int64_t *shape,
                        size_t item, const int64_t margin[][2]);

/* ---- heap.c ---- */
QlStatus rt_heap_allocate(QlContext *ctx, int64_t bytes, int64_t *offset, QlError *error);
void rt_heap_free(QlContext *ctx, int64_t offset, int64_t bytes);
QlStatus rt_block_new(QlContext *ctx, const Block *geometry, Block **block, QlError *error);
void rt_block_release(QlContext *ctx, Block *block);
void rt_block_free_private(Block *block); /* its memory */

/* ---- guard.c: debug builds ---- */
QlValue rt_canary(QlDtype dtype);
/* Fills what the plan allocated; `run` grows from run to run. On the main thread of every rank of
 * the node, before any worker starts. */
void rt_canary_fresh(QlContext *ctx, const Plan *plan, Block *const *blocks, uint64_t run);
/* The group has stored: the ghosts of its targets are invalid, their margins are filled. By the
 * node's leader; `finished` is the value of a worker's cell that has finished the group. */
void rt_canary_stored(QlContext *ctx, const Plan *plan, const PlanGroup *group, char *const *data,
                      uint64_t finished);
int64_t rt_guard_slack(int64_t bytes); /* from the start of a block's pages to its first element */
int64_t rt_guard_size(int64_t bytes);  /* of its pages and the one behind them */
QlStatus rt_guard_open(QlContext *ctx, int64_t offset, int64_t bytes, QlError *error);
void rt_guard_shut(QlContext *ctx, int64_t offset, int64_t bytes);
char *rt_guard_private(int64_t bytes); /* NULL: out of memory */
void rt_guard_private_free(char *data, int64_t bytes);
void rt_guard_check(QlContext *ctx,
                    const Block *block); /* ends the job when its slack was written */

/* ---- array.c ---- */
void rt_storage_unpin(Storage *storage);
QlStatus rt_array_new(QlContext *ctx, QlDtype dtype, int ndim, const int64_t *shape,
                      QlArray **array, QlError *error);
void rt_context_unlink(QlContext *ctx); /* one live object less */

/* ---- log.c ---- */
typedef struct LogOperand {
  const QlArray *array;
  const int64_t *stride;
  QlValue value;
  QlDtype dtype;
} LogOperand;
typedef struct LogRequest {
  StatementKind kind;
  int op, loop, axis;
  uint32_t axes;
  int ndim, inputs;
  const int64_t *shape; /* of the domain */
  const QlArray *target;
  const int64_t *target_stride;
  LogOperand input[3];
  void *payload;
  uint64_t contents; /* IMPORT */
} LogRequest;
QlStatus rt_log_append(QlContext *ctx, const LogRequest *request, QlError *error);
/* Executes the log first if it is long and a statement has just ended; every recording call begins
 * with it. */
QlStatus rt_log_due(QlContext *ctx, QlError *error);
void rt_log_fresh(QlContext *ctx, const QlArray *made); /* the log makes this array */
void rt_log_clear(QlContext *ctx);
int rt_log_slot(QlContext *ctx, Storage *storage); /* -1: out of memory */

/* ---- parts.c: views of the parts of complex arrays ---- */
bool rt_parts_in(const LogRequest *request); /* does the statement read or write one? */
QlStatus rt_parts_append(QlContext *ctx, const LogRequest *request,
                         QlError *error); /* as several that do not */

/* ---- plan.c: a log into a plan ---- */
/* From the cache, which keeps it. Not there: made, which is node-collective, also where it fails at
 * once; or, unless `make`, *plan is NULL. */
QlStatus rt_plan_log(QlContext *ctx, bool make, Plan **plan, QlError *error);
/* A plan that some rank could not make leaves the cache of all of them. */
void rt_plan_forget(QlContext *ctx, Plan *plan);
void rt_plan_drop_all(QlContext *ctx);

/* ---- flush.c ---- */
QlStatus rt_flush(QlContext *ctx, QlError *error); /* collective */
uint64_t rt_hash_scalar(uint64_t hash, const LogScalar *scalar);
QlStatus rt_flush_log(QlContext *ctx,
                      QlError *error); /* plans, agrees, executes; the log stays as it is */
QlStatus rt_agree_status(QlContext *ctx, QlStatus status,
                         QlError *error); /* collective: the worst of all ranks' */
void rt_describe(QlContext *ctx, QlSource source, char *text, size_t size);
/* Waits until every worker of the node has finished what was flushed. */
void rt_wait_node(QlContext *ctx);

/* ---- diverge.c ---- */
QlStatus rt_fail_diverged(QlContext *ctx, QlError *error); /* collective: the logs differ */

/* ---- movements.c ---- */
void rt_movement(QlContext *ctx, QlMovementKind kind, QlSource source, int64_t bytes);
void rt_movements_of(QlContext *ctx, const Plan *plan); /* it has run */

/* ---- gather.c ---- */
/* Collective. A partitioned array on several nodes, executed, in C order into `host` on rank
 * `root`. */
QlStatus rt_gather_storage(QlContext *ctx, Storage *storage, int root, char *host, QlError *error);

/* ---- replay.c ---- */
/* After a flush failed with that status and error on all ranks: executes what does not depend on
 * the failure. Gives what is to be raised. */
QlStatus rt_replay(QlContext *ctx, QlStatus status, QlError *error);

/* ---- ghosts.c ---- */
Ghosts *rt_ghosts_with(const Ghosts *old, int ndim, int nodes,
                       const Box *family); /* new reference; old may be NULL */
bool rt_ghosts_hold(const Ghosts *ghosts, int ndim, const Box *family);
void rt_ghosts_release(Ghosts *ghosts);

/* ---- drops.c ---- */
void rt_drops_add(QlContext *ctx, Storage *storage); /* this rank's last handle of it has gone */
void rt_drops_assume(
    QlContext *ctx); /* what this rank dropped since the last agreement counts as dead */
QlStatus rt_drops_settle(QlContext *ctx,
                         QlError *error); /* collective: dead is what every rank dropped */
void rt_drops_bury(QlContext *ctx);       /* after an agreement: the dead leave the lists */

/* ---- transfer.c ---- */
/* Before a group: boxes are packed, all for one node into one message, and messages are started;
 * later they are awaited and unpacked. By the main thread of the node's leader, one group at a
 * time. */
void rt_transfers_start(QlContext *ctx, Run *run, const PlanGroup *group);
void rt_transfers_finish(QlContext *ctx, Run *run, const PlanGroup *group);
QlStatus rt_transfers_reserve(QlContext *ctx, Run *run, const Plan *plan,
                              QlError *error); /* buffers for all groups of the plan */
void rt_transfers_relax(Run *run); /* after a plan: a buffer of unusual size is given back */

/* ---- execute.c, team.c ---- */
QlStatus rt_plan_prepare(QlContext *ctx, const Plan *plan,
                         QlError *error); /* allocates; on failure undoes all of it */
void rt_plan_undo(QlContext *ctx, const Plan *plan);
void rt_plan_run(QlContext *ctx, const Plan *plan);
void rt_plan_finish(QlContext *ctx, const Plan *plan); /* storages get their new state */
QlStatus rt_team_new(QlContext *ctx, QlError *error);
void rt_team_free(QlContext *ctx);

#endif
