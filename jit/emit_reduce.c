/* Reductions in their fixed order (contract C7; jit.h has the order), in two loop nests.
 *
 * Along the last axis: a leaf of 128 elements is computed into a buffer by a loop that LLVM
 * vectorises; then its lanes are one vector of 8 elements that runs over the buffer. Elements that
 * need no call are computed in the lanes at once.
 *
 *   for outer axes:                                   buffer   [128 elements]       lanes  [8]
 *     for leaf:  buffer <- elements;  lanes <- buffer, 8 at a time;
 *                value <- ((0+1)+(2+3)) + ((4+5)+(6+7))
 *
 * Along another axis: many neighbouring lines are reduced side by side, so that the innermost loop
 * runs along the last axis.
 *
 *   for outer axes:  for tile of the last axis:       lanes    [8][tile]            value  [tile]
 *     for leaf:  for k in leaf: lanes[k % 8] += row k;  value <- the eight rows combined
 *
 * Values go to the tree: a stack of partial results (each a number, or a row of the tile), as many
 * as a counter of leaves has ones. Lanes that got nothing hold garbage, which a choice leaves out:
 * no neutral element is needed, so not even a sign of zero can change. */
#include "emit.h"

#include <stdlib.h>

enum {
  TILE_BYTES = 2048,             /* of a row of the tile, per part of a complex number */
  BUFFER = JIT_LEAF + JIT_LANES, /* room for a whole vector behind the last element */
  TREE_DEPTH = 58                /* leaves of 2^7 in an axis of 2^64 */
};

/* One of the function's reductions, all of which have one form and axis. */
typedef struct Sum {
  const IrIns *ins;
  QlDtype dtype;
  QlOp op;
  int64_t part;   /* bytes of an element, or of a part of one */
  EmitRef buffer; /* scratch of a leaf */
  EmitRef tree;   /* [TREE_DEPTH + 1] rows of the tile */
  EmitRef target; /* address of the row that the sink writes */
} Sum;

typedef struct Reduction {
  int count;
  Sum *sums; /* [count] */
  JitReduceForm form;
  int axis;
  bool along_last;
  bool direct;     /* a leaf's elements are computed in its lanes, without the buffer */
  int64_t tile;    /* columns side by side; 1 along the last axis */
  EmitRef columns; /* how many of them there are */
  EmitRef depth;   /* of the trees, an i64 in stack memory */
  EmitPoint outer; /* the first point of the lines at hand, the last axis left out */
  EmitPoint row;   /* the row that is being computed */
  EmitRef column;  /* in the tile; the sink's */
  int64_t target_columns;
  EmitPlace *lanes;  /* [count] scratch of a leaf's lanes */
  EmitValue *values; /* [count] of the lanes at hand */
  EmitRef fresh; /* do the targets get their first values? NULL: they are overwritten in any case */
} Reduction;

static bool is_complex(const Sum *s) { return ql_dtype_info[s->dtype].kind == QL_KIND_COMPLEX; }

/* ---- scratch memory: rows of `columns` elements, imaginary parts behind the real ones ---- */

static int64_t row_bytes(const Sum *s, int64_t columns) {
  return columns * s->part * (is_complex(s) ? 2 : 1);
}

static EmitPlace scratch(Emit *e, const Sum *s, EmitRef row, EmitRef column, int64_t columns) {
  return (EmitPlace){emit_move(e, row, emit_mul(e, column, emit_int(e, s->part))),
                     columns * s->part, e->fn->array_count};
}

static EmitRef row_of(Emit *e, const Reduction *r, const Sum *s, EmitRef rows, EmitRef number) {
  return emit_move(e, rows, emit_mul(e, number, emit_int(e, row_bytes(s, r->tile))));
}

static EmitValue combine(Emit *e, const Sum *s, EmitValue a, EmitValue b) {
  return emit_op(e, s->op, s->dtype, (EmitValue[]){a, b});
}

/* Opens the loop over the columns of the tile; a single column needs none. */
static EmitLoop open_columns(Emit *e, const Reduction *r) {
  return r->tile == 1 ? (EmitLoop){.i = emit_int(e, 0)} : emit_loop_open(e, r->columns);
}
static void close_columns(Emit *e, const Reduction *r, EmitLoop *loop, EmitLoopKind kind) {
  if (r->tile > 1) emit_loop_close(e, loop, kind);
}

/* ---- the trees ---- */

/* tree[to] = tree[to] op tree[to + 1] */
static void combine_rows(Emit *e, const Reduction *r, const Sum *s, EmitRef to) {
  EmitRef left = row_of(e, r, s, s->tree, to),
          right = row_of(e, r, s, s->tree, emit_add(e, to, emit_int(e, 1)));
  EmitLoop loop = open_columns(e, r);
  EmitPlace place = scratch(e, s, left, loop.i, r->tile);
  EmitValue a = emit_load(e, s->dtype, place),
            b = emit_load(e, s->dtype, scratch(e, s, right, loop.i, r->tile));
  emit_store(e, s->dtype, combine(e, s, a, b), place);
  close_columns(e, r, &loop, EMIT_LOOP_PARALLEL);
}

/* Where the next leaf's value goes: the top of a tree. */
static EmitRef tree_top(Emit *e, const Reduction *r, const Sum *s) {
  return row_of(e, r, s, s->tree, emit_get_int(e, r->depth, 0));
}

/* The values of leaf number `leaf` out of `leaves` lie on top. Equal subtrees combine: as often as
 * leaf + 1 has zeros at its end. After the last leaf everything does, from right to left. */
static void push(Emit *e, const Reduction *r, EmitRef leaf, EmitRef leaves) {
  EmitRef one = emit_int(e, 1), top = emit_get_int(e, r->depth, 0), next = emit_add(e, leaf, one);
  EmitLoop loop = emit_loop_open(
      e, emit_choose(e, emit_equal(e, next, leaves), top, emit_trailing_zeros(e, next)));
  EmitRef left = emit_sub(e, emit_sub(e, top, one), loop.i);
  for (int k = 0; k < r->count; k++) combine_rows(e, r, &r->sums[k], left);
  emit_set_int(e, r->depth, left);
  emit_loop_close(e, &loop, EMIT_LOOP_RARE);
  emit_set_int(e, r->depth, emit_add(e, emit_get_int(e, r->depth, 0), one));
}

/* Stores the first row of a tree to the operand; along the axis at `position`. */
static void store_row(Emit *e, const Reduction *r, const Sum *s, EmitRef position) {
  uint32_t array = (uint32_t)s->ins->number;
  int last = e->fn->rank - 1;
  EmitRef address = r->outer.row[array];
  EmitRef stride = e->stride[array * (uint32_t)e->fn->rank + (uint32_t)r->axis];
  if (stride) address = emit_move(e, address, emit_mul(e, position, stride));
  EmitLoop loop = open_columns(e, r);
  EmitValue value = emit_load(e, s->dtype, scratch(e, s, s->tree, loop.i, r->tile));
  EmitRef element = address;
  if (!r->along_last)
    element = emit_element(e, array, address, emit_add(e, r->outer.position[last], loop.i), 0);
  emit_store(e, s->dtype, value, (EmitPlace){element, s->part, array});
  close_columns(e, r, &loop, jit_form_steps(r->form) ? EMIT_LOOP_PARALLEL : EMIT_LOOP_RARE);
}

static void store_rows(Emit *e, const Reduction *r, EmitRef position) {
  for (int k = 0; k < r->count; k++) store_row(e, r, &r->sums[k], position);
}

/* ---- elements ---- */

static int sum_of(const Reduction *r, const IrIns *reduce) {
  int k = 0;
  while (r->sums[k].ins != reduce) k++;
  return k;
}

static void take_value(Emit *e, void *data, const IrIns *reduce, EmitValue value) {
  Reduction *r = data;
  const Sum *s = &r->sums[sum_of(r, reduce)];
  EmitPlace place = scratch(e, s, s->target, r->column, r->target_columns);
  if (r->fresh)
    value = emit_select(e, r->fresh, value, combine(e, s, emit_load(e, s->dtype, place), value));
  emit_store(e, s->dtype, value, place);
}

static void compute_columns(Emit *e, Reduction *r, EmitRef first, EmitRef column, EmitRef count,
                            EmitLoopKind kind) {
  EmitLoop loop = emit_loop_open(e, count);
  r->column = emit_add(e, column, loop.i);
  r->row.position[e->fn->rank - 1] = emit_add(e, first, r->column);
  emit_point(e, &r->row, take_value, r);
  emit_loop_close(e, &loop, kind);
}

/* Computes `count` elements along the last axis from `first` on, into the targets. */
static void compute_elements(Emit *e, Reduction *r, EmitRef first, EmitRef count) {
  EmitRef zero = emit_int(e, 0);
  int64_t pair = emit_pair(e);
  emit_point_rows(e, &r->row);
  if (pair) {
    EmitRef whole = emit_and(e, count, emit_int(e, -pair));
    compute_columns(e, r, first, zero, whole, EMIT_LOOP_WHOLE);
    compute_columns(e, r, first, whole, emit_and(e, count, emit_int(e, pair - 1)), EMIT_LOOP_TAIL);
  } else {
    compute_columns(e, r, first, zero, count, EMIT_LOOP_PARALLEL);
  }
}

/* The row of the tile at `position` along the axis. */
static void compute_row(Emit *e, Reduction *r, EmitRef position) {
  emit_point_move(e, &r->row, &r->outer, r->axis, position);
  compute_elements(e, r, r->outer.position[e->fn->rank - 1], r->columns);
}

/* ---- a leaf along the last axis ---- */

typedef struct Kept {
  const Reduction *r;
  EmitValue *values; /* [r->count] */
} Kept;

static void keep_value(Emit *e, void *data, const IrIns *reduce, EmitValue value) {
  (void)e;
  const Kept *kept = data;
  kept->values[sum_of(kept->r, reduce)] = value;
}

/* Elements number at .. at + 7 of the leaf, of which `present` are there; NULL: all. */
static void lanes_at(Emit *e, Reduction *r, EmitRef first, EmitRef at, EmitRef present,
                     EmitValue *values) {
  if (!r->direct) {
    for (int k = 0; k < r->count; k++)
      values[k] =
          emit_load(e, r->sums[k].dtype, scratch(e, &r->sums[k], r->sums[k].buffer, at, BUFFER));
    return;
  }
  r->row.position[e->fn->rank - 1] = emit_add(e, first, at);
  e->mask = present ? emit_lanes_below(e, 0, 1, present) : NULL;
  emit_point(e, &r->row, keep_value, &(Kept){r, values});
  e->mask = NULL;
}

/* The vectors of lanes over a leaf of `count` elements: whole groups of 8, and the rest. */
static void run_lanes(Emit *e, Reduction *r, EmitRef first, EmitRef count) {
  EmitPlace *lanes = r->lanes;
  EmitValue *values = r->values;
  EmitRef zero = emit_int(e, 0), one = emit_int(e, 1), eight = emit_int(e, JIT_LANES);
  EmitRef groups = emit_shift_right(e, count, 3),
          rest = emit_and(e, count, emit_int(e, JIT_LANES - 1));
  lanes_at(e, r, first, zero, count, values);
  for (int k = 0; k < r->count; k++) {
    lanes[k] = (EmitPlace){emit_stack(e, 2 * JIT_LANES * (int64_t)sizeof(double)),
                           JIT_LANES * (int64_t)sizeof(double), e->fn->array_count};
    emit_store(e, r->sums[k].dtype, values[k], lanes[k]);
  }
  EmitLoop loop = emit_loop_open(e, emit_sub(e, groups, one));
  lanes_at(e, r, first, emit_mul(e, emit_add(e, loop.i, one), eight), NULL, values);
  for (int k = 0; k < r->count; k++) {
    const Sum *s = &r->sums[k];
    emit_store(e, s->dtype, combine(e, s, emit_load(e, s->dtype, lanes[k]), values[k]), lanes[k]);
  }
  emit_loop_close(e, &loop, EMIT_LOOP);
  EmitRef extra = emit_choose(e, emit_less(e, zero, groups), rest,
                              zero); /* the only group is in `lanes` already */
  lanes_at(e, r, first, emit_mul(e, groups, eight), extra, values);
  for (int k = 0; k < r->count; k++) {
    EmitValue sum = emit_load(e, r->sums[k].dtype, lanes[k]);
    values[k] = emit_select(e, emit_lanes_below(e, 0, 1, extra),
                            combine(e, &r->sums[k], sum, values[k]), sum);
  }
}

/* Neighbouring lanes combine, three times; lane k is there when k < present. */
static EmitValue combine_lanes(Emit *e, const Sum *s, EmitValue lanes, EmitRef present) {
  for (int step = 1; step < JIT_LANES; step *= 2) {
    e->width /= 2;
    EmitValue even = emit_lanes(e, lanes, 0), odd = emit_lanes(e, lanes, 1);
    lanes = emit_select(e, emit_lanes_below(e, step, 2 * step, present), combine(e, s, even, odd),
                        even);
  }
  return lanes;
}

/* The leaf's values go to row number `to` of the trees. */
static void leaf_along_last(Emit *e, Reduction *r, EmitRef first, EmitRef count, EmitRef to) {
  for (int k = 0; k < r->count; k++) r->sums[k].target = r->sums[k].buffer;
  r->target_columns = BUFFER;
  r->fresh = NULL;
  if (r->direct)
    emit_point_rows(e, &r->row);
  else
    compute_elements(e, r, first, count);
  e->width = JIT_LANES;
  run_lanes(e, r, first, count);
  EmitRef present = emit_min(e, count, emit_int(e, JIT_LANES));
  for (int k = 0; k < r->count; k++) {
    const Sum *s = &r->sums[k];
    e->width = JIT_LANES;
    EmitValue value = combine_lanes(e, s, r->values[k], present);
    emit_store(e, s->dtype, value,
               scratch(e, s, row_of(e, r, s, s->tree, to), emit_int(e, 0), r->tile));
  }
}

/* ---- leaves of neighbouring lines ---- */

static void combine_leaf_rows(Emit *e, const Reduction *r, const Sum *s, EmitRef count,
                              EmitRef to) {
  EmitLoop columns = open_columns(e, r);
  EmitValue lanes[JIT_LANES];
  for (int lane = 0; lane < JIT_LANES; lane++) {
    EmitRef row = row_of(e, r, s, s->buffer, emit_int(e, lane));
    lanes[lane] = emit_load(e, s->dtype, scratch(e, s, row, columns.i, r->tile));
  }
  for (int step = 1; step < JIT_LANES; step *= 2)
    for (int lane = 0; lane < JIT_LANES; lane += 2 * step)
      lanes[lane] = emit_select(e, emit_less(e, emit_int(e, lane + step), count),
                                combine(e, s, lanes[lane], lanes[lane + step]), lanes[lane]);
  emit_store(e, s->dtype, lanes[0],
             scratch(e, s, row_of(e, r, s, s->tree, to), columns.i, r->tile));
  close_columns(e, r, &columns, EMIT_LOOP_PARALLEL);
}

static void leaf_of_rows(Emit *e, Reduction *r, EmitRef first, EmitRef count, EmitRef to) {
  EmitLoop loop = emit_loop_open(e, count);
  EmitRef lane = emit_and(e, loop.i, emit_int(e, JIT_LANES - 1));
  for (int k = 0; k < r->count; k++)
    r->sums[k].target = row_of(e, r, &r->sums[k], r->sums[k].buffer, lane);
  r->target_columns = r->tile;
  r->fresh = emit_less(e, loop.i, emit_int(e, JIT_LANES));
  compute_row(e, r, emit_add(e, first, loop.i));
  emit_loop_close(e, &loop, EMIT_LOOP);
  for (int k = 0; k < r->count; k++) combine_leaf_rows(e, r, &r->sums[k], count, to);
}

/* ---- lines ---- */

static void reduce_leaves(Emit *e, Reduction *r) {
  EmitRef leaf_size = emit_int(e, JIT_LEAF), extent = e->extent[r->axis];
  bool whole = r->form == JIT_WHOLE;
  EmitRef leaves = emit_tiles(e, extent, JIT_LEAF);
  EmitLoop loop = emit_loop_open(e, leaves);
  EmitRef first = emit_mul(e, loop.i, leaf_size),
          count = emit_min(e, emit_sub(e, extent, first), leaf_size);
  EmitRef to = whole ? emit_get_int(e, r->depth, 0) : emit_int(e, 0);
  if (r->along_last)
    leaf_along_last(e, r, first, count, to);
  else
    leaf_of_rows(e, r, first, count, to);
  if (whole)
    push(e, r, loop.i, leaves);
  else
    store_rows(e, r, loop.i);
  emit_loop_close(e, &loop, EMIT_LOOP);
}

/* The trees of `count` leaf values from `first` on. */
static void reduce_tree(Emit *e, Reduction *r, EmitRef first, EmitRef count) {
  emit_set_int(e, r->depth, emit_int(e, 0));
  EmitLoop loop = emit_loop_open(e, count);
  EmitRef position = emit_add(e, first, loop.i);
  for (int k = 0; k < r->count; k++) r->sums[k].target = tree_top(e, r, &r->sums[k]);
  r->target_columns = r->tile;
  r->fresh = NULL;
  if (r->along_last)
    compute_elements(e, r, position, emit_int(e, 1));
  else
    compute_row(e, r, position);
  push(e, r, loop.i, count);
  emit_loop_close(e, &loop, EMIT_LOOP);
}

static void reduce_branches(Emit *e, Reduction *r) {
  EmitRef size = emit_int(e, JIT_LEAF), extent = e->extent[r->axis];
  EmitLoop loop = emit_loop_open(e, emit_tiles(e, extent, JIT_LEAF));
  EmitRef first = emit_mul(e, loop.i, size);
  reduce_tree(e, r, first, emit_min(e, emit_sub(e, extent, first), size));
  store_rows(e, r, loop.i);
  emit_loop_close(e, &loop, EMIT_LOOP);
}

/* The lines at r->outer: one, or a tile of them. */
static void reduce_lines(Emit *e, Reduction *r) {
  emit_set_int(e, r->depth, emit_int(e, 0));
  switch (r->form) {
    case JIT_BRANCHES: reduce_branches(e, r); return;
    case JIT_LEAVES: reduce_leaves(e, r); return;
    case JIT_WHOLE: reduce_leaves(e, r); break;
    case JIT_TREE: reduce_tree(e, r, emit_int(e, 0), e->extent[r->axis]); break;
  }
  store_rows(e, r, emit_int(e, 0));
}

static void reduce_tiles(Emit *e, Reduction *r) {
  int last = e->fn->rank - 1;
  EmitRef tile = emit_int(e, r->tile), extent = e->extent[last];
  EmitLoop loop = emit_loop_open(e, emit_tiles(e, extent, r->tile));
  r->outer.position[last] = emit_mul(e, loop.i, tile);
  r->columns = emit_min(e, emit_sub(e, extent, r->outer.position[last]), tile);
  reduce_lines(e, r);
  emit_loop_close(e, &loop, EMIT_LOOP);
}

/* Loops over all axes but the reductions' and, when that is another one, the last. */
static int open_outer(Emit *e, int reduced, EmitPoint *point, EmitRef *rows, EmitLoop *loops) {
  uint32_t arrays = e->fn->array_count;
  int count = 0;
  *point = emit_point_new(e, rows);
  for (int axis = 0; axis < e->fn->rank - 1; axis++) {
    if (axis == reduced) continue;
    loops[count++] = emit_loop_open(e, e->extent[axis]);
    EmitPoint outer = *point;
    point->row = rows + (uint32_t)count * arrays;
    emit_point_move(e, point, &outer, axis, loops[count - 1].i);
  }
  return count;
}

static void find_sums(const Emit *e, Reduction *r) {
  const JitFn *fn = e->fn;
  for (uint32_t b = 0; b < fn->block_count; b++)
    for (uint32_t i = 0; i < fn->blocks[b].count; i++) {
      const IrIns *ins = &fn->ins[fn->blocks[b].ins[i]];
      if (ins->kind != IR_REDUCE) continue;
      QlDtype dtype = (QlDtype)ins->dtype;
      r->sums[r->count++] = (Sum){.ins = ins,
                                  .dtype = dtype,
                                  .op = (QlOp)ql_reduction_info[ins->op].op,
                                  .part = ql_dtype_info[ql_dtype_info[dtype].part].size};
    }
}

/* Columns of which a row of all sums takes about TILE_BYTES: a power of 2. */
static int64_t columns_of(const Reduction *r) {
  int64_t bytes = 0, columns = TILE_BYTES;
  for (int k = 0; k < r->count; k++) bytes += r->sums[k].part;
  while (columns * bytes > TILE_BYTES) columns /= 2;
  return columns;
}

static void reduce_box(Emit *e, Reduction *r, EmitRef *rows) {
  EmitLoop loops[QL_MAX_DIMS];
  r->along_last = r->axis == e->fn->rank - 1;
  r->direct = r->along_last && emit_has_lanes(e);
  r->tile = r->along_last ? 1 : columns_of(r);
  r->columns = emit_int(e, 1);
  for (int k = 0; k < r->count; k++) {
    Sum *s = &r->sums[k];
    s->buffer =
        emit_stack(e, r->along_last ? row_bytes(s, BUFFER) : JIT_LANES * row_bytes(s, r->tile));
    s->tree = emit_stack(e, (TREE_DEPTH + 1) * row_bytes(s, r->tile));
  }
  r->depth = emit_stack(e, sizeof(int64_t));
  int count = open_outer(e, r->axis, &r->outer, rows, loops);
  r->row = r->outer;
  if (!r->along_last) r->row.row = rows + (uint32_t)(count + 1) * e->fn->array_count;
  if (r->along_last)
    reduce_lines(e, r);
  else
    reduce_tiles(e, r);
  while (count-- > 0) emit_loop_close(e, &loops[count], EMIT_LOOP);
}

/* No elements along the axis: the identity for every line. */
static void store_identity(Emit *e, const Reduction *r, const Sum *s, EmitRef *rows) {
  uint32_t array = (uint32_t)s->ins->number;
  int last = e->fn->rank - 1;
  EmitLoop loops[QL_MAX_DIMS];
  EmitPoint point;
  int count = open_outer(e, r->axis, &point, rows, loops);
  EmitRef element = point.row[array];
  if (r->axis != last) {
    loops[count++] = emit_loop_open(e, e->extent[last]);
    element = emit_element(e, array, element, loops[count - 1].i, 0);
  }
  EmitValue identity =
      emit_const(e, s->dtype, ir_reduce_identity((QlReduction)s->ins->op, s->dtype));
  emit_store(e, s->dtype, identity, (EmitPlace){element, s->part, array});
  while (count-- > 0) emit_loop_close(e, &loops[count], EMIT_LOOP_RARE);
}

QlStatus emit_reductions(Emit *e, bool is_empty, EmitRef *rows, QlError *error) {
  int count = ir_reductions(e->fn);
  const IrIns *first = ir_reduction(e->fn);
  Reduction r = {.form = (JitReduceForm)first->form, .axis = first->axis};
  r.sums = calloc((size_t)count, sizeof *r.sums);
  r.lanes = calloc((size_t)count, sizeof *r.lanes);
  r.values = calloc((size_t)count, sizeof *r.values);
  QlStatus status = QL_OK;
  if (!r.sums || !r.lanes || !r.values) {
    status = ql_fail(error, QL_ERR_MEMORY, "out of memory for a kernel");
  } else {
    find_sums(e, &r);
    if (!is_empty) reduce_box(e, &r, rows);
    for (int k = 0; k < count && is_empty && !jit_form_steps(r.form); k++)
      store_identity(e, &r, &r.sums[k], rows);
  }
  free(r.sums), free(r.lanes), free(r.values);
  return status;
}
