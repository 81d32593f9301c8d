/* What exists: boxes, partitions, blocks of memory, storages and the handles on them. */
#ifndef QUELEA_ARRAY_H
#define QUELEA_ARRAY_H

#include "base.h"
#include "comm.h"
#include "quelea.h"

#ifndef QUELEA_CANARIES /* 1 in debug builds: guard.c is at work */
#define QUELEA_CANARIES 0
#endif

/* ---- boxes and maps ---- */

typedef struct Box {
  int64_t lo[QL_MAX_DIMS], hi[QL_MAX_DIMS]; /* half open; empty when some hi <= lo */
} Box;

typedef struct Interval {
  int64_t lo, hi; /* half open */
} Interval;

/* How one storage axis follows a domain: index = start + step * position[dim]; dim -1: it stays at
 * start. */
typedef struct AxisMap {
  int64_t start, step;
  int dim;
} AxisMap;

/* Rounded up; b > 0. */
static inline int64_t ceil_div(int64_t a, int64_t b) {
  if (b == 1) return a;
  return a >= 0 ? (a + b - 1) / b : -(-a / b);
}

/* The first position at which the map is on the other side of an edge. */
static inline int64_t axis_crossing(const AxisMap *map, int64_t edge) {
  return map->step > 0 ? ceil_div(edge - map->start, map->step)
                       : ceil_div(map->start - edge + 1, -map->step);
}

/* What an operand touches along one storage axis: at position p of the domain's dimension `dim`
 * the elements from step * p + lo to step * p + hi, both included; dim -1: those from lo to hi, at
 * every position. A view touches one element (lo == hi); the two reads u[:-2] + u[2:] together
 * touch lo = 0, hi = 2, step 1. */
typedef struct AxisSpan {
  int64_t lo, hi, step;
  int dim;
} AxisSpan;

/* ---- partition ---- */

/* A box in parts (grid.c). Along an axis the cells lie between cuts; part k lies in cell
 * k / stride % cells of each. */
typedef struct GridAxis {
  int cells, stride;
  int axis;     /* of the box; -1: it was projected away, */
  int owner;    /* and parts of other cells than this own nothing; -1: no part owns anything */
  int64_t *cut; /* [cells + 1] */
} GridAxis;
typedef struct Grid {
  int count;
  GridAxis axis[QL_MAX_DIMS];
  int64_t *cuts; /* of all axes */
} Grid;
typedef struct Cells { /* of each axis of a grid those in [lo, hi) */
  int lo[QL_MAX_DIMS], hi[QL_MAX_DIMS];
} Cells;

/* A partition of an index space over nodes, and of this node's part over its workers: the parts of
 * either tile [0, extent), or this node's part of it. Counted. */
typedef struct TemplateRecipe { /* how it came about: two templates are one exactly when their
                                   recipes are equal, on all nodes alike */
  uint64_t parent;              /* id; 0: from a shape */
  int64_t kind, axis, origin, unit;
} TemplateRecipe;
typedef struct Template {
  int64_t references;
  uint64_t id; /* never used again for another template */
  TemplateRecipe recipe;
  struct Template *parent; /* of the recipe, which stays known while this one is; NULL: none */
  int ndim;
  int64_t extent[QL_MAX_DIMS];
  Grid nodes, workers;
  bool cut[QL_MAX_DIMS]; /* some node does not span the axis */
  bool is_lopsided; /* refined; the largest part is twice as large as an even one: of nodes, or of
                       the workers of the only one */
  int64_t margin[QL_MAX_DIMS]
                [2]; /* the deepest ghosts any storage of it needed: new blocks get them at once */
  uint64_t hash;     /* of recipe and extent */
  struct Template *next; /* in the registry, by hash */
} Template;
enum { TEMPLATE_BUCKETS = 256 };

/* Where a storage lies: storage coordinate + offset = template coordinate. template NULL:
 * replicated on every rank. Counted. */
typedef struct Layout {
  int64_t references;
  Template *template;
  int64_t offset[QL_MAX_DIMS];
} Layout;

/* Memory of a storage on this node (partitioned: in the arena, C order over `alloc`) or on this
 * rank (replicated: malloc'ed, C order over the whole shape; or what a compiled function made).
 * Counted: an export shares it, and a shared block is copied before it is written. */
typedef struct Block {
  int64_t references;
  bool private_memory;
  bool watched;                /* guard.c: the slack before it holds a pattern */
  int64_t offset, bytes;       /* in the arena */
  char *data;                  /* the element at alloc.lo */
  int64_t owner;               /* of private memory: the compiled function's block; 0: malloc */
  Box alloc;                   /* storage coordinates: what this node owns and its margins */
  int64_t stride[QL_MAX_DIMS]; /* bytes */
  int64_t margin[QL_MAX_DIMS][2];
  struct Block *next; /* of the spare ones */
} Block;

/* Which remote elements every node holds valid copies of, in the margins of a storage's block:
 * those of the region that lie at most so deep beyond what it owns, corners included. */
typedef struct Halo {
  int64_t depth[QL_MAX_DIMS][2]; /* elements, per axis and side */
  Box region;                    /* storage coordinates */
} Halo;

/* What was exchanged since the storage was written. One for each kind of reading rather than their
 * union: four neighbours' edges are no reason to fetch four corners. Immutable, counted; a write to
 * the storage drops it. */
enum { GHOST_HALOS = 8 }; /* at most */
typedef struct Ghosts {
  int64_t references;
  int count;
  Halo halo[];
} Ghosts;

/* What nodes read of a storage, in words that are the same on all nodes (plan/copies.c). Immutable,
 * counted. */
typedef struct Reading {
  int64_t references;
  uint64_t hash;
  int count;
  int64_t words[];
} Reading;

/* Remote elements of a storage that this node has read; nothing has written the storage since. */
typedef struct KeptCopy {
  struct QlStorage *of;
  Reading *reading;               /* what it holds */
  Block *block;                   /* this node's part of it */
  int64_t bytes;                  /* on the node with the most */
  uint64_t stores;                /* the storage's, when it was made */
  struct KeptCopy *next;          /* of the storage, in the order in which they were made */
  struct KeptCopy *older, *newer; /* of all, by last use */
} KeptCopy;
enum { STORAGE_COPIES = 8 }; /* of a storage, at most */

typedef struct KeptCopies { /* of all storages */
  KeptCopy *oldest, *newest, *spare;
  int64_t bytes, most; /* most: they may take; -1: none is kept */
} KeptCopies;

struct QlStorage {
  QlContext *context;
  int64_t handles; /* handles and exports of this rank; 0: dropped here */
  int64_t pins;    /* the log, plans under way, and lists of the context; freed when both are 0 */
  uint64_t id;     /* 0: in no event yet; else its number, the same on all ranks */
  uint64_t origin; /* 0, or of an element that was read at once: which one, and when */
  QlSource made;   /* the line that made it */
  uint8_t dtype, ndim;
  bool known;    /* a statement of the log has named it: it goes when all ranks have dropped it */
  bool dead;     /* dropped on all ranks, as far as this rank can tell; the agreement confirms it */
  bool poisoned; /* its value was lost in a flush that failed */
  bool replicated;    /* must become replicated, whatever its size */
  bool moved;         /* ... or has been, for statements on few of its elements (run/place.c): */
  uint8_t moves;      /* so often it was moved, */
  uint16_t few, many; /* and what lately were statements on few of its elements, on many */
  uint64_t log_epoch; /* `slot` counts for the log with this number */
  int32_t slot;
  uint64_t stored_epoch;   /* a statement of that log stores it */
  uint64_t touched, place; /* by which statement, and where, last (log/pace.c) */
  int64_t size;
  int64_t *shape, inline_shape[4];
  Layout *layout; /* NULL until the first statement that writes it is planned */
  Block *block;
  Ghosts *ghosts;   /* NULL: none valid */
  KeptCopy *copies; /* of what other nodes own; none is older than the last store */
  uint64_t stores;  /* plans that have stored it */
  struct QlStorage *next_dropped;
};
typedef struct QlStorage Storage;

/* ---- the heap ---- */

typedef struct FreeRange {
  int64_t offset, bytes;
} FreeRange;

typedef struct Heap { /* the node's arena, handed out alike on all ranks of the node */
  FreeRange *ranges;
  int count, room;              /* by offset, never adjacent */
  int64_t blocks, used, peak;   /* used: bytes */
  int64_t allocations, fail_at; /* fault injection */
  unsigned colour;
  uint8_t
      *backed; /* [pieces of the arena] have large pages been wished for? NULL: one rank has all */
} Heap;

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
/* Can elements of two views of one array, each over a domain, be the same element? */
bool axes_meet(int ndim, const AxisMap *a, const Box *domain_a, const AxisMap *b,
               const Box *domain_b);
/* The same of spans, which two views of one array may share: whether they follow the domain alike;
 * then `grow` touches what `by` does too. */
void span_of_map(int ndim, const AxisMap *axes, AxisSpan *spans);
bool span_join(int ndim, AxisSpan *grow, const AxisSpan *by);
Box span_box(int ndim, const AxisSpan *spans, const Box *domain);
/* What is touched along one axis, of so many elements, at those points of the dimension that it
 * follows; where the span reaches beyond the axis there is nothing to touch. */
Interval span_along(const AxisSpan *span, Interval points, int64_t extent);
Box span_box_within(int ndim, const AxisSpan *spans, const Box *domain, const int64_t *shape);
/* The same for any view: the smallest box that is a stretch of the array in C order and holds all
 * of it. Not for an empty domain. */
Box view_stretch(int rank, const int64_t *extent, int64_t offset, const int64_t *stride, int ndim,
                 const Box *domain);
/* Is the box a stretch of the array in C order? Then `start` is its first element. */
bool box_is_stretch(int ndim, const int64_t *extent, const Box *box, int64_t *start);

/* ---- grid.c ---- */
/* A grid over a box. False: out of memory; grid_free is due nevertheless, as for those below. */
bool grid_of_box(Grid *grid, int ndim, const Box *whole, int parts, bool for_workers);
/* Cut along one axis alone, at parts + 1 positions that ascend from 0 to its end, or (NULL) evenly.
 */
bool grid_along(Grid *grid, int ndim, const int64_t *extent, int axis, int parts,
                const int64_t *cuts);
/* Without `axis`; parts that own nothing at its start own nothing. */
bool grid_project(Grid *grid, const Grid *from, int axis);
/* Along `axis`, blocks of `unit` counted from `origin` become one: a block belongs to the owner of
 * its first point. */
bool grid_coarsen(Grid *grid, const Grid *from, int axis, int64_t origin, int64_t blocks,
                  int64_t unit);
/* Every point along `axis` becomes `unit` points, the last one what is left of `extent`. */
bool grid_refine(Grid *grid, const Grid *from, int axis, int64_t extent, int64_t unit);
void grid_free(Grid *grid);
int grid_cell(const GridAxis *axis, int part);
Cells grid_all(const Grid *grid);
Cells grid_cells_of(const Grid *grid, int part); /* one of each axis */
int grid_part(const Grid *grid, const Cells *cells);
/* Leaves the first half of the parts, and gives the others. False: there is one only. */
bool grid_halve(const Grid *grid, Cells *cells, Cells *rest);
/* What the parts own; of several the smallest box that holds it, or a larger one. */
Box grid_box(const Grid *grid, const Cells *cells);
bool grid_cuts(const Grid *grid, int axis, int64_t extent); /* some part does not span the axis */

/* ---- template.c, layout.c ---- */
Template *rt_template_for_shape(QlContext *ctx, int ndim, const int64_t *shape,
                                QlError *error); /* new reference */
/* The partition of a template's space without `axis`: nodes that own nothing at its start own
 * nothing; a node's workers share its part anew where the axis was cut among them. */
Template *rt_template_project(QlContext *ctx, Template *from, int axis, QlError *error);
/* Along `axis`, blocks of `unit` points counted from `origin` become one: a block belongs to the
 * owner of its first point. */
Template *rt_template_coarsen(QlContext *ctx, Template *from, int axis, int64_t origin,
                              int64_t extent, int64_t unit, QlError *error);
/* Along `axis`, every point becomes `unit` points, so that all cuts are multiples of it. */
Template *rt_template_refine(QlContext *ctx, Template *from, int axis, int64_t extent, int64_t unit,
                             QlError *error);
/* Cut along `axis` alone: evenly, or (`whole`) not at all: the first node owns everything. */
Template *rt_template_rows(QlContext *ctx, int ndim, const int64_t *shape, int axis, bool whole,
                           QlError *error);
/* Cut along `axis` alone, where `from` is cut along `from_axis`: position p there is p + shift
 * here. The first and the last node own what lies beyond. */
Template *rt_template_beside(QlContext *ctx, Template *from, int from_axis, int ndim,
                             const int64_t *shape, int axis, int64_t shift, QlError *error);
/* Is it cut along that axis alone, into a cell for each node? */
bool rt_template_is_rows(const Template *template, int axis);
void rt_template_release(QlContext *ctx, Template *template);
void rt_templates_close(QlContext *ctx); /* all of them, whoever still refers to them */
Layout *rt_layout_new(Template *template /* taken over; NULL: replicated */, const int64_t *offset);
Layout *rt_layout_replicated(QlContext *ctx); /* new reference; NULL: out of memory */
Layout *rt_layout_retain(Layout *layout);
void rt_layout_release(QlContext *ctx, Layout *layout);
/* What node / worker of this node owns, in the coordinates of a storage of that shape. */
Box rt_layout_node(const Layout *layout, int ndim, const int64_t *shape, int node);
Box rt_layout_worker(const Layout *layout, int ndim, const int64_t *shape, int worker);
/* The hull of what the workers of this rank own. */
Box rt_layout_rank(const QlContext *ctx, const Layout *layout, int ndim, const int64_t *shape);
/* What several nodes own: the smallest box that holds it, or a larger one. Not of a replicated
 * layout. */
Box rt_layout_cells(const Layout *layout, int ndim, const int64_t *shape, const Cells *cells);
/* Along an axis that was not projected away. */
Interval rt_layout_along(const Layout *layout, const int64_t *shape, const GridAxis *axis,
                         int cell);
/* The layout of a storage that nothing decided yet: replicated when small, else by its shape alone.
 */
Layout *rt_layout_for_storage(QlContext *ctx, const Storage *storage, QlError *error);
/* As many elements at most are replicated: by the number of nodes alone, which all ranks know. */
int64_t rt_replicated_size(const QlContext *ctx);
bool rt_is_replicated_size(const QlContext *ctx, int64_t size);
/* The geometry of a block of that layout on this node, with margins; `bytes` is INT64_MAX when it
 * or its addresses leave 64 bits. */
Block rt_block_geometry(const QlContext *ctx, const Layout *layout, int ndim, const int64_t *shape,
                        size_t item, const int64_t margin[][2]);

enum { SPARE_ELEMENTS = 64 };
enum { SPARE_SIZES = 8 }; /* of small private blocks */
typedef struct SpareBlocks {
  Block *first;
  int count;
} SpareBlocks;

/* ---- heap.c ---- */
/* needs: who asks, as the error says it: "an array needs". */
QlStatus rt_heap_allocate(QlContext *ctx, const char *needs, int64_t bytes, int64_t *offset,
                          QlError *error);
void rt_heap_free(QlContext *ctx, int64_t offset, int64_t bytes);
QlStatus rt_block_new(QlContext *ctx, const char *needs, const Block *geometry, Block **block,
                      QlError *error);
/* Before a block of the arena is stored for the first time, by all ranks of the node, each of which
 * touches its own part: with large pages, where the system has them. */
void rt_block_back(QlContext *ctx, const Block *block);
/* Of a replicated storage; NULL: out of memory. */
Block *rt_block_private(QlContext *ctx, const Storage *storage);
/* In memory of a compiled function's block, to which it has a reference then; NULL: out of memory.
 */
Block *rt_block_of_owner(const Block *geometry, int64_t owner, void *data);
void rt_block_release(QlContext *ctx, Block *block);
void rt_blocks_close(QlContext *ctx);
void rt_block_free_private(Block *block); /* its memory */

/* ---- guard.c: debug builds ---- */
QlValue rt_canary(QlDtype dtype);
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
/* Its number, from now on. In an event, which all ranks have in common. */
static inline uint64_t rt_storage_number(Storage *storage, uint64_t *next) {
  if (!storage->id) storage->id = ++*next;
  return storage->id;
}
/* What events call it. */
static inline uint64_t rt_storage_name(Storage *storage, uint64_t *next) {
  return storage->origin ? storage->origin : rt_storage_number(storage, next);
}
QlStatus rt_array_new(QlContext *ctx, QlDtype dtype, int ndim, const int64_t *shape,
                      QlArray **array, QlError *error);
/* The same; its axes lie in that order, the slowest first, and the handle is a view. */
QlStatus rt_array_new_in_order(QlContext *ctx, QlDtype dtype, int ndim, const int64_t *shape,
                               const int *order, QlArray **array, QlError *error);
/* Of a computed array of no axes that went: everything but its value. ctx->element_count is not 0.
 */
QlArray *rt_element_again(QlContext *ctx, QlDtype dtype);
void rt_elements_close(QlContext *ctx);
void rt_context_unlink(QlContext *ctx); /* one live object less */

/* ---- ghosts.c ---- */
Ghosts *rt_ghosts_with(const Ghosts *old, int ndim,
                       const Halo *halo); /* new reference; old may be NULL */
bool rt_ghosts_hold(const Ghosts *ghosts, int ndim, const Halo *halo);
void rt_ghosts_release(Ghosts *ghosts);

/* ---- copies.c ---- */
void rt_reading_set(Reading *reading, const int64_t *words, int count); /* has room for them */
Reading *rt_reading_new(const Reading *other); /* the same; new reference; NULL: out of memory */
bool rt_reading_equal(const Reading *a, const Reading *b);
void rt_reading_release(Reading *reading);
KeptCopy *rt_copy_at(const Storage *storage, int number); /* in the order in which they were made */
void rt_copy_used(QlContext *ctx, KeptCopy *copy);        /* it becomes the newest */
/* So many can be kept without memory: after the first store nothing fails. */
QlStatus rt_copies_reserve(QlContext *ctx, int count, QlError *error);
/* Takes the block over. A storage keeps the latest ones. */
void rt_copy_keep(Storage *storage, Reading *reading, Block *block, int64_t bytes);
void rt_copies_forget(Storage *storage);
bool rt_copies_forget_all(QlContext *ctx); /* false: there were none */
void rt_copies_trim(QlContext *ctx);       /* to what may be kept */
void rt_copies_close(QlContext *ctx);

#endif
