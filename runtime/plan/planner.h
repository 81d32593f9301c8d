/* What the files of the planner share. The planner turns a log into a plan in steps, each a file:
 *
 *   analyse.c   who reads and writes what, what is dead, which temporaries are computed inside
 *               their consumers
 *   tiles.c     temporaries that are written in parts; statements over them in pieces
 *   expr.c      a statement's value as a DAG over views of stored arrays, temporaries replaced by
 *               their expressions
 *   group.c     statements into groups: one domain, one kernel; placement; reductions in
 *               reduce_plan.c, compiled loops in nest_plan.c, those by rows in rows_plan.c,
 *               routines in call_plan.c
 *   order.c     the axes of a nest in the order in which its operands lie
 *   terms.c     the first step of a reduction into the compiled loop whose terms it reads
 *   fuse.c      groups over one domain into one, also across others that they do not touch
 *   deepen.c    what nodes compute beyond what they own, so that they bring ghosts once for several
 *               steps
 *   reach.c     where each operand is read: in place, in ghosts, or in a copy of remote elements;
 *               by what nodes need beyond what they own (needs.c); the transfers (bring.c); copies
 *               that are there already (copies.c)
 *   kernel.c    the IR of a group, its operands' addresses and its workers' boxes
 *   live.c      which block each slot lies in, one after another
 *   exchange.c  the messages before a group, and who of the node packs and unpacks what
 *   sweep.c     runs of groups that are computed front by front, while their data is in the cache
 *   stream.c    results that no cache keeps are stored past the caches
 *   portions.c  what workers take in turn, where points cost different amounts
 *   overlap.c   what is computed while messages travel
 *   schedule.c  groups and exchanges as steps, in the order in which every worker takes them
 *   depend.c    which worker must wait for which
 *   guards.c    whether the plan can be moved to other positions, and moving it
 *   compile.c   the kernels: known, or compiled once per node
 *   explain.c   what the plan is, told to who asks (quelea.explain)
 *
 * Boxes and maps of a group are in its domain's coordinates. */
#ifndef QUELEA_PLANNER_H
#define QUELEA_PLANNER_H

#include "runtime.h"

typedef enum NodeKind {
  NODE_LEAF,
  NODE_SCALAR,
  NODE_ZERO,
  NODE_OP,
  NODE_CAST,
  NODE_RAMP,
  NODE_REDUCE
} NodeKind;

/* A value of a group's expression. Arguments come before their users. */
typedef struct ExprNode {
  NodeKind kind;
  QlDtype dtype;
  QlOp op;
  QlReduction reduction; /* REDUCE: along the group's axis, in its form */
  bool line;             /* a value per line along that axis: a reduction, or computed of some */
  int args[3], count;
  SlotView view; /* LEAF */
  int scalar;    /* SCALAR: index into the log's scalars; RAMP: of the start, the step follows */
  AxisMap ramp;  /* RAMP: the position along the domain */
  int statement; /* for its source position */
} ExprNode;

/* Where a leaf is read from, decided by reach.c. */
typedef struct Reach {
  int slot; /* the slot itself, or the copy of remote elements */
  bool is_copy;
  bool is_brought; /* the exchange before the group fills its ghosts or the copy */
  bool as_copy;    /* it can be read in no other way, on several nodes */
  bool has_axes;
  AxisSpan axes[QL_MAX_DIMS]; /* what a point touches of the leaf's slot, when it has that form */
} Reach;

typedef struct GroupStore {
  SlotView view;
  int node;
  int slot;  /* written: the target, or a copy of all of it that is moved back */
  bool line; /* once per line along the group's axis */
} GroupStore;

enum {
  GROUP_STORES = 4,
  GROUP_NODES = 256,
  EXPRESSION_LEAVES = 24,
  EXPRESSION_NODES = (GROUP_NODES - 8) / 3 /* a statement has 3 inputs */
};

/* Where the points of a group's domain are computed. */
typedef struct Placement {
  uint32_t origin; /* the operand of the log, as in a SlotView, by which they are placed; 0: none */
  bool replicated; /* by every rank, all of it */
  bool everywhere; /* by every node, all of it (its workers share it): targets that cannot be cut */
  Layout *layout;  /* else by the owner of the target: this layout, */
  int slot_ndim;
  int64_t slot_shape[QL_MAX_DIMS];
  AxisMap axes[QL_MAX_DIMS]; /* seen from the domain */
  bool flat;                 /* no axes (one node): the first axis of the domain is split evenly */
  int by_rows;   /* 0, or 1 + that axis of the target: points before its first row, and behind its
                    last one, go with these */
  bool in_order; /* by the first worker of the node */
  bool in_lines; /* along by_rows' dimension alone workers share them */
  int leaf_axis; /* -1; this axis of the domain counts elements, of the target leaves of JIT_LEAF */
  bool widened;  /* nodes compute also what lies so far beyond what they own, into the margins: */
  int64_t wider[QL_MAX_DIMS][2]; /* along the target's axes, below and above (deepen.c) */
} Placement;

/* An operand of a compiled nest, which its kernel addresses by the array's own axes. */
typedef struct NestArray {
  int store, leaf; /* of the group; -1 */
  bool always;     /* each point stores its element, and none is read */
  int ndim;
  SlotView view; /* seen by its own axes */
  bool has_own;
  AxisMap own[QL_MAX_DIMS];    /* how the axes of its slot follow its own */
  AxisSpan spans[QL_MAX_DIMS]; /* what is touched along its own axes */
  int64_t extent[QL_MAX_DIMS]; /* of these */
} NestArray;
typedef struct GroupNest {
  const NestKernel *kernel;
  JitNestForm form;
  uint32_t along; /* LINES */
  int count;
  NestArray arrays[NEST_OPERANDS];
} GroupNest;

/* What a group serves of a routine along axes (scan_plan.c, reduce_plan.c). */
typedef struct GroupAlong {
  uint32_t axes;         /* of the domain */
  int axis, part;        /* RoutineShape */
  int whole, whole_axis; /* -1; this leaf is read whole along that axis of its slot */
  int64_t before;        /* of the first leaf a point touches so many elements before its own too */
} GroupAlong;

typedef struct Group {
  GroupKind kind;
  int statement;
  int rank;
  int64_t extent[QL_MAX_DIMS];
  Placement placement;
  int node_count;
  ExprNode *nodes; /* [node_room]; until the group stores something: the planner's */
  int node_room;
  Reach *reach; /* [node_count], of the leaves */
  int store_count;
  GroupStore stores[GROUP_STORES];
  const GroupNest *nest;      /* its kernel is given; NULL: it is that of its expression, */
  const RoutineInfo *routine; /* or this, which computes it instead of a kernel, */
  const int64_t *tile;        /* [rank] in tiles; NULL: in any boxes */
  const NestArray *touched;   /* [node_count], of leaves with spans (ndim 0: it has none); NULL */
  GroupAlong along;           /* of one that goes along axes */
  int64_t nest_from; /* of a part of its first dimension: what position 0 of the domain is there */
  int reduce_axis;   /* -1: nothing is reduced */
  JitReduceForm form;
  const struct Group *terms[GROUP_STORES]; /* of a nest: what reduces, chunk by chunk, the terms of
                                              which that store gets the leaves; NULL (terms.c) */
  uint32_t whole;                          /* then no chunk is cut along these dimensions */
  int move_from, move_to;                  /* MOVE: slots */
  int64_t exchange_bytes; /* about: what the node brings, and sends, that brings most */
  bool exchanges; /* its transfers fill ghosts or copies: all workers of the node wait for them */
  int transfer_count, transfer_room;
  Transfer *transfers;
  int merged; /* statements beyond the first */
  int block;  /* the first of the groups that read what is brought before it (deepen.c), */
  const int64_t (*wanted)[QL_MAX_DIMS][2];   /* [slots] as deep as this; NULL: it is the only one */
  int *brought, brought_count, brought_room; /* slots whose ghosts are brought for those groups */
  int cut;        /* -1; an expression needs the domain cut along this dimension, */
  int64_t cut_at; /* before this position */
  bool is_piece; /* of a statement: what it brings from other nodes is wanted by other pieces too */
  bool swept;    /* with others, front by front (sweep.c) */
  uint8_t streams; /* bit k: what store k stores goes past the caches (stream.c) */
  bool is_edge;    /* a small piece: its kernel has no offsets, so that all edges share it */
  QlApart apart;   /* for who asks */
} Group;

/* Who computes points of a group: of each axis of the target's grid the cells that have points, and
 * which points all of them have. A node has points where each of its cells has. */
typedef struct Readers {
  int first[QL_MAX_DIMS], last[QL_MAX_DIMS]; /* cells */
  Interval points[QL_MAX_DIMS];
  bool none;
  int alone; /* the only node with points; -1: there are several */
} Readers;

enum { GHOST_DEPTH = 128 };
typedef enum Need { NEED_NOTHING, NEED_GHOSTS, NEED_COPY } Need;

/* A part of a temporary that is written in parts: `statement` writes the box, its dimension
 * `dim[a]` runs along axis a (-1: none). */
typedef struct Tile {
  int statement;
  Box box;
  int8_t dim[QL_MAX_DIMS];
} Tile;

typedef struct SlotInfo {
  Storage *storage;  /* NULL: a temporary of the plan */
  bool alive;        /* someone holds it after the flush */
  bool fresh;        /* nothing has been stored in it before the flush */
  bool stored;       /* some group of the plan stores it */
  bool terms;        /* of what a nest puts together: a reduction alone reads them */
  bool needed;       /* scratch of the backward pass */
  int stores, reads; /* scratch of fuse.c: by how many groups, and by how many of their leaves */
  int write_count, read_count;
  int first_write, last_write;
  int producer;   /* the statement that is evaluated wherever this slot is read; -1 */
  int tile_count; /* or those, the last of which that writes an element gives it; 0 */
  Tile *tiles;
  Ghosts *ghosts;                 /* as the plan so far leaves them; counted */
  int64_t margin[QL_MAX_DIMS][2]; /* the deepest ghosts that the plan reads */
} SlotInfo;

typedef struct StatementInfo {
  bool live; /* some value that is needed depends on it */
  bool inlined;
  int cost, leaves, nodes; /* of its whole expression, inlined parts included; a part that is read
                              twice counts twice */
  int paths;               /* ways through inlined parts, all tiles counted */
  bool tiled;              /* it reads tiles */
  int pieces;              /* in which it would be computed */
} StatementInfo;

enum {
  TILES = 9,
  PIECES = 32,
  PIECE_ROOM = 4 * PIECES /* other orders of cutting may give more */
};

/* A statement's domain in pieces, each of which reads one tile of every temporary; the largest come
 * first. */
typedef struct Pieces {
  int count;
  Box box[PIECE_ROOM];
  bool meets; /* some piece reads elements of the target that are not its own */
} Pieces;

typedef struct PlannedCopy PlannedCopy; /* copies.c */

/* What a sweep does with a slot: of positions [a, b) along its axis the elements [a + lo, b + hi).
 */
typedef struct SweepTouch {
  int slot;
  bool stores, along; /* along: else it may touch all of it */
  int64_t lo, hi;
} SweepTouch;
/* When a group is run that lies among those of a sweep. */
typedef enum SweepRole { SWEEP_MEMBER, SWEEP_BEFORE, SWEEP_BEHIND } SweepRole;
typedef struct Swept { /* a sweep, as the planner sees it */
  int first, end;      /* its groups are among these */
  SweepRole *roles;    /* [end - first] */
  int touch_count, axis;
  SweepTouch *touches;
} Swept;

/* What lives only while the plan is made lies in the context's pool, what the plan keeps in the
 * plan's. */
typedef struct Planner {
  QlContext *ctx;
  Log *log;
  QlPool *pool;
  Plan *plan;
  SlotInfo *slots; /* parallel to plan->slots: what is known only while planning */
  int slot_room, info_room;
  StatementInfo *statements;
  ExprNode *nodes; /* [GROUP_NODES] of the group that is open */
  Group *groups;
  int group_count, group_room;
  PlannedCopy *copies; /* that may be read at this point of the plan */
  int copy_count, copy_room;
  int64_t copy_bytes; /* of those that the plan makes and that last beyond a statement */
  int remark_room;
  PlanTie *ties;
  int tie_count, tie_room;
  Swept *swept;  /* parallel to plan->sweeps */
  int reader;    /* the statement for whose operand something is being moved */
  bool shares;   /* somebody asks what statements have in groups, */
  bool explains; /* and why groups are what they are */
  QlError *error;
} Planner;

/* ---- plan.c ---- */
QlStatus planner_no_memory(const Planner *planner);
/* Memory while the plan is made, and for the plan; NULL: out of memory, and planner->error says so.
 */
void *planner_zeros(const Planner *planner, size_t bytes);
void *planner_keep(const Planner *planner, const void *items, size_t bytes); /* a copy of them */
void *planner_keep_zeros(const Planner *planner, size_t bytes);
/* Room for one more than `count` items, as ql_pool_grow. */
QlStatus planner_grow(const Planner *planner, void *items, int count, int *room, size_t size);
/* Something to be said of the statement's line each time the plan runs. */
QlStatus planner_remark(Planner *planner, QlRemarkKind kind, int statement, int64_t bytes);
bool plan_is_current(const Plan *plan); /* would it be made as it is? */
/* A new temporary of the plan; takes the layout over. -1: out of memory. */
int planner_slot(Planner *planner, QlDtype dtype, int ndim, const int64_t *shape, Layout *layout);

/* ---- analyse.c ---- */
QlStatus planner_analyse(Planner *planner);

/* ---- tiles.c ---- */
/* Statements that fill an array whose every element is overwritten before it is read are dead. */
void tiles_cover(Planner *planner);
/* The box that a statement writes with steps of one; false: it is none. */
bool tile_of(const Planner *planner, int statement, Tile *tile);
/* Do the tiles hold every element of an array of that shape exactly once? */
bool tiles_partition(int ndim, const int64_t *shape, const Tile *tiles, int count);
/* Cuts the domain; more than PIECE_ROOM: only that is known. `target`: seen from the domain, or
 * NULL. While no group is open. */
void tiles_pieces(Planner *planner, int statement, int rank, const int64_t *extent,
                  const AxisMap *map, const SlotView *target, Pieces *pieces);
/* Stores temporaries that the statement would have to read in too many pieces, or that a reduction
 * would. */
void tiles_limit(Planner *planner, int statement);
/* A view, or how a statement's dimensions follow a domain, seen from a box of the domain. */
SlotView view_of_piece(const SlotView *view, int rank, const Box *box);
void map_of_piece(const AxisMap *map, int ndim, const Box *box, AxisMap *piece);

/* ---- expr.c ---- */
/* The value of a statement at the points of a group's domain; map: how each dimension of the
 * statement follows the domain. Gives the node, or -1 when the group's expression would grow too
 * large or, if group->cut is set, the domain must be cut. */
int expr_statement(Planner *planner, Group *group, int statement, const AxisMap *map);
int expr_read(Planner *planner, Group *group, const SlotView *view, int statement);
int expr_op(Group *group, QlOp op, QlDtype dtype, int a, int b,
            int statement); /* of two values of that dtype */
int expr_reduce(Group *group, QlReduction reduction, int node);
/* The zero that a sum begins with, and a value: as of a sum of one element. */
int expr_from_zero(Group *group, int node, int statement);
bool view_equal(int rank, const SlotView *a, const SlotView *b);
/* A view over a domain of `ndim` dimensions, seen from the domain that the map leads from. */
SlotView view_through(const SlotView *view, int ndim, const AxisMap *map);

/* ---- group.c ---- */
QlStatus planner_group(Planner *planner);
/* Opens a group with that domain; NULL: out of memory. Pointers to earlier groups become invalid.
 * A kernel's group is open, and no other may be, until something is stored. */
Group *planner_open(Planner *planner, GroupKind kind, int statement, int rank,
                    const int64_t *extent);
/* Sets the store of a group, and places it by its target, whose layout is decided. */
QlStatus planner_store(Planner *planner, Group *group, const SlotView *target, int node);
QlStatus planner_store_reduced(Planner *planner, Group *group, const SlotView *target, int node,
                               QlReduction reduction, JitReduceForm form, int axis);
/* The same of a routine, which may have several targets that lie alike. */
QlStatus planner_store_lines(Planner *planner, Group *group, const SlotView *target,
                             JitReduceForm form, int axis);
/* A temporary of the shape of the domain, whose parts are where those of the target are; a group
 * that copies it there. */
QlStatus group_temporary(Planner *planner, QlDtype dtype, int rank, const int64_t *extent,
                         const SlotView *target, SlotView *whole);
QlStatus group_copy(Planner *planner, int statement, int rank, const int64_t *extent,
                    const SlotView *from, const SlotView *to);
/* Where a group would be computed if it stored the view. */
Placement planner_place(const Planner *planner, const Group *group, const GroupStore *store);
/* Can elements of two views, each over the domain of its group, be the same element? */
bool views_overlap(const Planner *planner, const Group *group_a, const SlotView *a,
                   const Group *group_b, const SlotView *b);
bool slot_axes(const Planner *planner, int rank, const int64_t *extent, const SlotView *view,
               AxisMap *axes);
/* The same for what the group stores, which may have one element for JIT_LEAF points. */
bool store_axes(const Planner *planner, const Group *group, const GroupStore *store, AxisMap *axes);
/* Has the store one element for JIT_LEAF points of the group's axis? */
static inline bool store_steps(const Group *group, const GroupStore *store) {
  return store->line && jit_form_steps(group->form);
}
/* The grid by whose cells nodes compute the group's points; NULL: each computes all of them. */
const Grid *placement_grid(const Group *group);
/* What nodes compute; of several a box that holds it. */
Box placement_cells(const Group *group, const Cells *cells);
/* What a worker of this node computes of a domain with that placement; whole_axis: reduced, or -1.
 */
Box placement_worker(const CommInfo *info, const Placement *placement, int rank,
                     const int64_t *extent, int whole_axis, int worker);
static inline Box group_worker(const Planner *planner, const Group *group, int worker) {
  return placement_worker(planner->ctx->info, &group->placement, group->rank, group->extent,
                          group->reduce_axis, worker);
}
/* Nodes of that cell along axis g of the grid: which positions they compute along the dimension
 * that this axis of the target follows (empty: it follows none). False: they compute nothing. */
bool placement_along(const Group *group, int g, int cell, Interval *points);
/* The layout of the largest operand whose axes are those of the domain, in order, seen from it, but
 * for those that leave most to few; NULL: there is none, or planner->error is set. New reference.
 */
Layout *planner_operand_layout(Planner *planner, const Group *group, int ndim, const int64_t *shape,
                               const AxisMap *axes);
/* The layout of a slot that has none yet: replicated when small, else as above, else by its shape
 * alone. `target` shows it from the domain. */
QlStatus planner_decide_layout(Planner *planner, const Group *group, const SlotView *target);
/* Takes the template over, which may be NULL after an error. */
QlStatus planner_set_layout(Planner *planner, int slot, Template *template);

/* ---- order.c ---- */
/* How the axes of a group's domain follow another, in which they lie as those of its largest
 * operands do, in C order; forwards, those that keep their direction aside. */
void order_as_stored(const Group *group, const bool *keeps_direction, AxisMap *map);
/* The group's expression, which nothing stores yet, over the domain that the map leads to. */
void group_through(Group *group, const AxisMap *map);
/* Is a step along `axis` as many along the next one as that has points? In all operands, without
 * ramps along either? Then the two can be one. */
bool view_runs_on(const SlotView *view, const int64_t *extent, int axis);
bool group_runs_on(const Group *group, int axis);
void group_merge(Group *group, int axis); /* with the next one */
void view_drop_axis(SlotView *view, int rank, int axis);

/* ---- reduce_plan.c ---- */
QlStatus planner_reduce(Planner *planner, int statement);
QlStatus planner_best(Planner *planner, int statement); /* a call of the routine BEST */
int planner_all_workers(const Planner *planner);        /* of all nodes */

/* ---- scan_plan.c ---- */
QlStatus planner_scan(Planner *planner, int statement); /* of SCAN */

/* ---- nest_plan.c ---- */
QlStatus planner_nest(Planner *planner, int statement);
/* What a leaf of a nest touches of its slot. */
void nest_reach(const Planner *planner, const Group *group, int leaf, Reach *reach);
/* An operand with spans; nest_from: what position 0 of the domain's first dimension is. */
QlStatus nest_read_array(Planner *planner, const LogOperand *operand, NestArray *array);
void nest_array_reach(const Planner *planner, const NestArray *array, int64_t nest_from,
                      Reach *reach);
/* Where the element of an axis's index 0 lies, or that in the middle of what is touched, and how it
 * moves with the domain: as a view of it. */
SlotView nest_over_domain(const NestArray *array, bool at_centre);
static inline bool nest_by_rows(const Group *group) {
  return group->nest && group->nest->form > JIT_NEST_LINES;
}

bool placed_alike(const Placement *a, const Placement *b);

/* ---- terms.c ---- */
/* Notes which of what a nest stores are terms of sums; does the group read such ones? */
void terms_mark(Planner *planner, const Group *group);
bool terms_are_read(const Planner *planner, const Group *group);
/* How many points the smallest chunk has, which is whole along some axes, and along `axis` a leaf.
 */
int64_t terms_least(int rank, const int64_t *extent, int axis, uint32_t whole);
QlStatus planner_terms(Planner *planner);

/* Is what computes the group given? Then nothing is fused with it. */
static inline bool group_is_given(const Group *group) { return group->nest || group->routine; }

/* ---- call_plan.c ---- */
QlStatus planner_call(Planner *planner, int statement);
/* What a leaf of a call touches, where that is not what it shows at each point. */
void call_reach(const Planner *planner, const Group *group, int leaf, Reach *reach);
/* Along which dimension a routine of lines takes them whole; -1: it is none. */
int call_line_axis(const Group *group);
int call_cost(const Group *group); /* of a point, in additions */

/* ---- rows_plan.c ---- */
/* The probe has the nest's domain, and its leaves as nodes. */
QlStatus planner_rows(Planner *planner, Group *probe, GroupNest *nest);

/* ---- fuse.c ---- */
QlStatus planner_fuse(Planner *planner);

/* ---- needs.c ---- */
/* What a leaf of the group reads on nodes of those cells of the target's grid; of several nodes a
 * box that holds it. */
Box needs_of_cells(const Planner *planner, const Group *group, int leaf, const Cells *cells);
Box needs_of_node(const Planner *planner, const Group *group, int leaf, int node);
Readers needs_readers(const Group *group);
/* What all nodes together need of the leaf's slot, which is partitioned, beyond what they own;
 * depth, which the caller sets to zero: how far beyond. */
Need needs_beyond(const Group *group, int leaf, const PlanSlot *slot, const Readers *readers,
                  int64_t depth[][2]);
/* Does a copy of what the other leaf needs of a slot hold what this leaf needs of it, on each node?
 */
bool needs_hold(const Planner *planner, const Group *other, int other_leaf, const Group *group,
                int leaf);
/* The bytes of what a leaf needs on the node with the most, or more. */
int64_t needs_most(const Planner *planner, const Group *group, int leaf);

/* ---- copies.c ---- */
QlStatus copies_begin(Planner *planner); /* those are there that storages keep */
/* What a leaf reads; NULL: out of memory. */
const Reading *copies_reading(const Planner *planner, const Group *group, int leaf);
/* A copy that holds what the leaf, whose reading that is, needs on each node; slot -1: none. */
QlStatus copies_find(Planner *planner, const Group *group, int leaf, const Reading *reading,
                     int *slot);
/* A new slot for a copy of that box of the source, on this node. */
QlStatus copies_slot(Planner *planner, int source, const Box *alloc, int *slot);
/* The slot is a copy of what the leaf needs: it may serve others. */
QlStatus copies_add(Planner *planner, const Group *group, int leaf, const Reading *reading,
                    int slot);
void copies_forget(Planner *planner, int source); /* it is written */
void copies_end_statement(Planner *planner);
QlStatus copies_keep(Planner *planner); /* what is there at the plan's end stays, if its source
                                           lives */

/* ---- bring.c ---- */
/* What is brought to the nodes. */
typedef struct Bring {
  Planner *planner;
  Group *group;     /* before it runs */
  int slot, into;   /* the same: into its ghosts; */
  const Halo *halo; /* what these hold */
  int leaf;         /* else what the leaf needs on each node; -1: all of the slot, on all nodes */
  const Box *box;   /* the last transfer's */
  int64_t received; /* bytes, by this node */
} Bring;
/* Adds this node's transfers to the group. */
QlStatus bring_all(Bring *bring);
/* What look.c copies to every rank is counted there. */
bool bring_is_gather(const Planner *planner, const Group *group);

/* ---- deepen.c ---- */
QlStatus planner_deepen(Planner *planner);
/* What a group's store leaves of the box that it covers; with that, nodes that compute beyond what
 * they own have all of the target so far, if they have had the rest of it: along each axis what
 * lies below the box, and above. False: nothing lies there. */
bool deepen_beside(const PlanSlot *slot, const AxisMap *axes, const int64_t *extent, int axis,
                   int side, Box *box);

/* ---- reach.c ---- */
/* How what a leaf touches follows the group's domain, into group->reach. */
void reach_axes(const Planner *planner, Group *group, int leaf);
/* Decides of all groups, in order, where their operands are read. Adds groups that move back what
 * was stored into copies. */
QlStatus planner_reach(Planner *planner);

/* ---- kernel.c ---- */
QlStatus planner_kernels(Planner *planner);
/* The kernel of a group anew, of which something was decided since. */
QlStatus planner_kernel_again(Planner *planner, int group);
/* How much is it, and how many threads of each rank save more than it costs to wake them and to
 * wait at each group? From logical sizes and costs alone: the same on all ranks of the node. */
void plan_weigh(const QlContext *ctx, Plan *plan);
/* Cuts the domain of a kernel's group, which is known, into tasks. */
void plan_cut(const CommInfo *info, const Plan *plan, PlanGroup *group);

/* ---- compile.c ---- */
/* The plan's group needs the kernel of that function; terms: -1, or for its reducer of those. */
QlStatus planner_wants_kernel(Planner *planner, const JitFn *fn, int group, int terms);

/* ---- live.c ---- */
QlStatus planner_live(Planner *planner);
/* Do equal coordinates of the two mean the same bytes, when they lie in one block? */
bool planner_same_memory(const PlanSlot *a, const PlanSlot *b);

/* ---- exchange.c ---- */
QlStatus planner_exchange(Planner *planner);
/* Where a worker of the node copies elements into the slot, or sends those of it: the shares of all
 * workers have every element once. */
Box exchange_share(const Planner *planner, int slot, int worker);
/* By whose shares a transfer is packed, or unpacked; -1: it is not. */
int exchange_copies_into(const Transfer *t, bool unpacks);
QlStatus exchange_parts(const Planner *planner, const PlanExchange *exchange, bool unpacks,
                        int worker, PlanParts *parts);

/* ---- portions.c ---- */
QlStatus planner_portions(Planner *planner);
/* Cuts that box of a group that has portions; false: it is too little. */
bool portions_cut(const Planner *planner, const Group *group, const Box *box,
                  PlanPortions *portions);

/* ---- overlap.c ---- */
QlStatus planner_overlap(Planner *planner);
/* Can something of the group be computed before its messages have come? On all nodes alike. */
bool overlap_may_split(const Planner *planner, const Group *group);

/* ---- sweep.c ---- */
QlStatus planner_sweeps(Planner *planner);
/* What a worker touches of a slot; false: nothing. */
bool sweep_touched(const Planner *planner, int sweep, int touch, int worker, Box *box);

/* ---- stream.c ---- */
QlStatus planner_streams(Planner *planner);

/* ---- schedule.c ---- */
QlStatus planner_schedule(Planner *planner);

/* ---- depend.c ---- */
QlStatus planner_depend(Planner *planner);

/* ---- guards.c ---- */
/* The plan takes the two views for one, or for a fixed distance apart. */
void planner_tie(Planner *planner, const SlotView *a, const SlotView *b);
QlStatus planner_guards(Planner *planner);
void plan_set_form(QlContext *ctx);                     /* of ctx->key, if it is not known yet */
Plan *plan_newest(const QlContext *ctx, uint64_t form); /* of that form; NULL: there is none */

#endif
