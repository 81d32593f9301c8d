/* Reductions in their fixed order (contract C7; jit.h has the order), in two loop nests.
 *
 * Along the last axis: a leaf of 128 elements is computed into a buffer by a loop that LLVM
 * vectorises; then its lanes are one vector of 8 elements that runs over the buffer. Elements that
 * need no call are computed in the lanes at once, those of four leaves side by side, so that a
 * sum need not wait for the one before it; the rest of the whole leaves, one by one, as straight
 * code. Where no order changes a bit, there are more lanes.
 *
 *   for outer axes:                                   buffer   [128 elements]       lanes  [8]
 *     for leaf:  buffer <- elements;  lanes <- buffer, 8 at a time;
 *                value <- ((0+1)+(2+3)) + ((4+5)+(6+7))
 *
 * Along another axis: many neighbouring lines are reduced side by side, so that the innermost loop
 * runs along the last axis. Eight rows go to one lane at a time.
 *
 *   for outer axes:  for tile of the last axis:       lanes    [8][tile]            value  [tile]
 *     for leaf:  for k in leaf: lanes[k % 8] += row k;  value <- the eight rows combined
 *
 * Values go to the tree: a stack of partial results (each a number, or a row of the tile), as many
 * as a counter of leaves has ones. Leaf values along the last axis come to it eight at a time, a
 * subtree each. Lanes that got nothing hold garbage, which a choice leaves out: no neutral element
 * is needed. Where no order changes a bit there is one. */
#include "emit.h"

#include <stdlib.h>

enum {
  TILE_BYTES = 16384,            /* of a row of the tile, per part of a complex number */
  BUFFER = JIT_LEAF + JIT_LANES, /* room for a whole vector behind the last element */
  TREE_DEPTH = 58,               /* leaves of 2^7 in an axis of 2^64 */
  ROWS_DEPTH = 43,               /* of rows, in one of 2^50, which would take weeks */
  FEW_INSTRUCTIONS = 8           /* of a function that leaves registers for several of its points */
};

/* One of the function's reductions, all of which have one form and axis. */
typedef struct Sum {
  const IrIns *ins;
  QlDtype dtype;
  QlOp op;
  int64_t part;   /* bytes of an element, or of a part of one */
  EmitRef buffer; /* scratch of a leaf */
  EmitRef tree;   /* [depth + 1] rows of the tile */
  EmitRef target; /* address of the row that the sink writes */
} Sum;

typedef struct Reduction {
  int count;
  Sum *sums; /* [count] */
  JitReduceForm form;
  int axis;
  bool along_last;
  bool direct;       /* a leaf's elements are computed in its lanes, without the buffer */
  bool runs_whole;   /* whole leaves apart, so that of others there is one in a line at most */
  bool any_order;    /* no order changes a bit */
  int lanes;         /* accumulators of a leaf: JIT_LANES, or as many as are best in any order */
  int together;      /* leaves along the last axis, or rows of a lane, at a time */
  int64_t tile;      /* columns side by side; 1 along the last axis */
  EmitRef columns;   /* how many of them there are */
  EmitRef depth;     /* of the trees, an i64 in stack memory */
  EmitPoint outer;   /* the first point of the lines at hand, the last axis left out */
  EmitRef *line_row; /* [arrays] of leaves of the lines at hand */
  bool is_busy;      /* results are many, or more is computed of them */
  EmitPoint row[EMIT_ROWS]; /* the rows that are being computed */
  int rows, at;             /* how many of them there are, and which is the sink's */
  EmitRef column;           /* in the tile; the sink's */
  int64_t target_columns;
  EmitPlace *scratch; /* [count * EMIT_LEAVES] of the lanes of leaves */
  EmitValue *leaves;  /* [count * EMIT_LEAVES] values of whole leaves */
  EmitValue *values;  /* [count] at hand */
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
/* The same for what happens in scratch memory alone, where a tile has all its columns: of whole
 * vectors, so that nothing is left over. */
static EmitLoop open_scratch_columns(Emit *e, const Reduction *r, const Sum *s) {
  enum { TWO_VECTORS = 128 };
  if (r->tile == 1) return open_columns(e, r);
  int64_t step = QL_MIN(r->tile, TWO_VECTORS / s->part);
  EmitRef end = emit_and(e, emit_add(e, r->columns, emit_int(e, step - 1)), emit_int(e, -step));
  return emit_loop_open(e, end);
}
static void close_columns(Emit *e, const Reduction *r, EmitLoop *loop, EmitLoopKind kind) {
  if (r->tile > 1) emit_loop_close(e, loop, kind);
}

/* ---- the trees ---- */

/* tree[to] = tree[to] op tree[to + 1] */
static void combine_rows(Emit *e, const Reduction *r, const Sum *s, EmitRef to) {
  EmitRef left = row_of(e, r, s, s->tree, to),
          right = row_of(e, r, s, s->tree, emit_add(e, to, emit_int(e, 1)));
  EmitLoop loop = open_scratch_columns(e, r, s);
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

/* The values of 2^level leaves lie on top; `next` of the `leaves` have been there, these included.
 * Equal subtrees combine: as often as the number of such values has zeros at its end. After the
 * last leaf everything does, from right to left. */
static void push(Emit *e, const Reduction *r, EmitRef next, EmitRef leaves, int level) {
  EmitRef one = emit_int(e, 1), top = emit_get_int(e, r->depth, 0);
  EmitRef zeros = emit_trailing_zeros(e, emit_shift_right(e, next, level));
  EmitLoop loop = emit_loop_open(e, emit_choose(e, emit_equal(e, next, leaves), top, zeros));
  EmitRef left = emit_sub(e, emit_sub(e, top, one), loop.i);
  for (int k = 0; k < r->count; k++) combine_rows(e, r, &r->sums[k], left);
  emit_set_int(e, r->depth, left);
  emit_loop_close(e, &loop, EMIT_LOOP_RARE);
  emit_set_int(e, r->depth, emit_add(e, emit_get_int(e, r->depth, 0), one));
}

/* ---- results ---- */

/* The lines at hand, or their leaves at `position` along the axis. */
static EmitPoint line_at(Emit *e, const Reduction *r, EmitRef position) {
  EmitPoint line = r->outer;
  if (r->along_last) {
    line.position[r->axis] = position;
  } else if (jit_form_steps(r->form)) {
    line.row = r->line_row;
    emit_point_move(e, &line, &r->outer, r->axis, position);
  }
  emit_line_rows(e, &line);
  return line;
}

/* The values at hand are the results: what is of the line happens. A sum has the zero that it
 * begins with. */
static void finish(Emit *e, const Reduction *r, const EmitPoint *line) {
  for (int k = 0; k < r->count; k++) {
    const Sum *s = &r->sums[k];
    bool has_zero = jit_has_zero((QlReduction)s->ins->op, s->dtype) && !jit_form_steps(r->form);
    EmitValue value = r->values[k];
    if (has_zero) value = combine(e, s, value, emit_const(e, s->dtype, (QlValue){.bits = {0, 0}}));
    e->values[s->ins - e->fn->ins] = value;
  }
  emit_line(e, line);
}

/* The same of results in the first rows of the trees. */
static void finish_rows(Emit *e, Reduction *r, EmitRef position) {
  int last = e->fn->rank - 1;
  EmitPoint line = line_at(e, r, position);
  EmitLoop loop = open_columns(e, r);
  if (!r->along_last) line.position[last] = emit_add(e, r->outer.position[last], loop.i);
  for (int k = 0; k < r->count; k++) {
    const Sum *s = &r->sums[k];
    r->values[k] = emit_load(e, s->dtype, scratch(e, s, s->tree, loop.i, r->tile));
  }
  finish(e, r, &line);
  close_columns(e, r, &loop, r->is_busy ? EMIT_LOOP_PARALLEL : EMIT_LOOP_RARE);
}

/* ---- elements ---- */

static int sum_of(const Reduction *r, const IrIns *reduce) {
  int k = 0;
  while (r->sums[k].ins != reduce) k++;
  return k;
}

/* The values of the rows at one column combine, row by row, with what the target has. */
static void take_value(Emit *e, void *data, const IrIns *reduce, EmitValue value) {
  Reduction *r = data;
  int k = sum_of(r, reduce);
  const Sum *s = &r->sums[k];
  EmitPlace place = scratch(e, s, s->target, r->column, r->target_columns);
  if (r->at > 0)
    value = combine(e, s, r->values[k], value);
  else if (r->fresh)
    value = emit_select(e, r->fresh, value, combine(e, s, emit_load(e, s->dtype, place), value));
  r->values[k] = value;
  if (r->at == r->rows - 1) emit_store(e, s->dtype, value, place);
}

static void compute_columns(Emit *e, Reduction *r, EmitRef first, EmitRef column, EmitRef count,
                            EmitLoopKind kind) {
  EmitLoop loop = emit_loop_open(e, count);
  r->column = emit_add(e, column, loop.i);
  for (r->at = 0; r->at < r->rows; r->at++) {
    EmitPoint *row = &r->row[r->at];
    row->position[e->fn->rank - 1] = emit_add(e, first, r->column);
    if (r->rows > 1) emit_point_rows(e, row);
    emit_point(e, row, take_value, r);
  }
  emit_loop_close(e, &loop, kind);
}

/* Computes `count` elements along the last axis from `first` on, into the targets. */
static void compute_elements(Emit *e, Reduction *r, EmitRef first, EmitRef count) {
  EmitRef zero = emit_int(e, 0);
  int64_t pair = emit_pair(e);
  if (r->rows == 1) emit_point_rows(e, &r->row[0]);
  if (pair) {
    EmitRef whole = emit_and(e, count, emit_int(e, -pair));
    compute_columns(e, r, first, zero, whole, EMIT_LOOP_WHOLE);
    compute_columns(e, r, first, whole, emit_and(e, count, emit_int(e, pair - 1)), EMIT_LOOP_TAIL);
  } else {
    compute_columns(e, r, first, zero, count, EMIT_LOOP_PARALLEL);
  }
}

/* Rows of the tile: r->rows of them, `step` apart along the axis, from `position` on. */
static void compute_rows(Emit *e, Reduction *r, EmitRef position, int64_t step) {
  for (int k = 0; k < r->rows; k++)
    emit_point_move(e, &r->row[k], &r->outer, r->axis,
                    emit_add(e, position, emit_int(e, k * step)));
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

/* What changes nothing, in each lane, where no order changes a bit. */
static EmitValue neutral(Emit *e, const Sum *s) {
  bool is_unsigned = ql_dtype_info[s->dtype].kind != QL_KIND_INT;
  uint64_t sign = UINT64_C(1) << (8 * s->part - 1);
  QlValue value = {0};
  switch (s->op) {
    case QL_OP_MULTIPLY: value.u = 1; break;
    case QL_OP_MINIMUM: value.u = is_unsigned ? UINT64_MAX : sign - 1; break;
    case QL_OP_MAXIMUM: value.u = is_unsigned ? 0 : sign; break;
    case QL_OP_LOGICAL_AND: value.u = 1; break;
    default: break; /* sums, any */
  }
  if (s->dtype == QL_BOOL) value.b = value.u != 0;
  return emit_const(e, s->dtype, value);
}

/* Elements at, at + 1, ... of the leaf, one for each lane, of which `present` are there; NULL: all.
 * In any order, the others change nothing. */
static void lanes_at(Emit *e, Reduction *r, EmitRef first, EmitRef at, EmitRef present,
                     EmitValue *values) {
  EmitRef mask = present ? emit_lanes_below(e, 0, 1, present) : NULL;
  if (r->direct) {
    r->row[0].position[e->fn->rank - 1] = emit_add(e, first, at);
    e->present = present, e->mask = mask;
    emit_point(e, &r->row[0], keep_value, &(Kept){r, values});
    e->mask = e->present = NULL;
  }
  for (int k = 0; k < r->count; k++) {
    const Sum *s = &r->sums[k];
    if (!r->direct) values[k] = emit_load(e, s->dtype, scratch(e, s, s->buffer, at, BUFFER));
    if (mask && r->any_order) values[k] = emit_select(e, mask, values[k], neutral(e, s));
  }
}

/* The lanes begin with the elements at the beginning of a leaf ... */
static void begin_lanes(Emit *e, Reduction *r, EmitRef first, EmitRef present, EmitPlace *lanes) {
  lanes_at(e, r, first, emit_int(e, 0), present, r->values);
  for (int k = 0; k < r->count; k++) {
    lanes[k] = (EmitPlace){emit_stack(e, 2 * JIT_LANES * (int64_t)sizeof(double)),
                           JIT_LANES * (int64_t)sizeof(double), e->fn->array_count};
    emit_store(e, r->sums[k].dtype, r->values[k], lanes[k]);
  }
}

/* ... and go on with the others, of which all are there. */
static void add_lanes(Emit *e, Reduction *r, EmitRef first, EmitRef group, EmitPlace *lanes) {
  lanes_at(e, r, first, emit_mul(e, group, emit_int(e, r->lanes)), NULL, r->values);
  for (int k = 0; k < r->count; k++) {
    const Sum *s = &r->sums[k];
    EmitValue sum = combine(e, s, emit_load(e, s->dtype, lanes[k]), r->values[k]);
    emit_store(e, s->dtype, sum, lanes[k]);
  }
}

/* The vectors of lanes over a leaf of `count` elements: whole groups of lanes, and the rest. */
static void run_lanes(Emit *e, Reduction *r, EmitRef first, EmitRef count) {
  EmitRef zero = emit_int(e, 0), one = emit_int(e, 1), lanes = emit_int(e, r->lanes);
  EmitRef groups = emit_shift_right(e, count, __builtin_ctz((unsigned)r->lanes)),
          rest = emit_and(e, count, emit_int(e, r->lanes - 1));
  begin_lanes(e, r, first, count, r->scratch);
  EmitLoop loop = emit_loop_open(e, emit_sub(e, groups, one));
  add_lanes(e, r, first, emit_add(e, loop.i, one), r->scratch);
  emit_loop_close(e, &loop, r->runs_whole ? EMIT_LOOP_RARE : EMIT_LOOP);
  EmitRef is_one = emit_equal(e, groups, zero); /* which is in the lanes already */
  EmitRef extra = emit_choose(e, is_one, zero, rest);
  EmitRef at =
      emit_choose(e, is_one, one, emit_mul(e, groups, lanes)); /* an element is before it */
  lanes_at(e, r, first, at, extra, r->values);
  for (int k = 0; k < r->count; k++) {
    const Sum *s = &r->sums[k];
    EmitValue sum = emit_load(e, s->dtype, r->scratch[k]), all = combine(e, s, sum, r->values[k]);
    r->values[k] = r->any_order ? all : emit_select(e, emit_lanes_below(e, 0, 1, extra), all, sum);
  }
}

/* Neighbouring lanes combine until one is left; lane k is there when k < present (NULL: all). In
 * any order all do, since those that are not there change nothing. */
static EmitValue combine_lanes(Emit *e, const Reduction *r, const Sum *s, EmitValue lanes,
                               EmitRef present) {
  const EmitValue none = {{NULL}};
  if (r->any_order) {
    e->width = 1;
    return emit_reduced(e, s->op, s->dtype, lanes);
  }
  for (int step = 1; step < r->lanes; step *= 2) {
    e->width = (unsigned)(r->lanes / step / 2);
    EmitValue left = emit_lanes(e, lanes, none, 0), right = emit_lanes(e, lanes, none, 1);
    lanes = combine(e, s, left, right);
    if (present) lanes = emit_select(e, emit_lanes_below(e, step, 2 * step, present), lanes, left);
  }
  return lanes;
}

static void store_in_tree(Emit *e, const Reduction *r, const Sum *s, EmitRef row, EmitValue value) {
  emit_store(e, s->dtype, value,
             scratch(e, s, row_of(e, r, s, s->tree, row), emit_int(e, 0), r->tile));
}

/* The leaf's values go to row number `to` of the trees. */
static void leaf_along_last(Emit *e, Reduction *r, EmitRef first, EmitRef count, EmitRef to) {
  for (int k = 0; k < r->count; k++) r->sums[k].target = r->sums[k].buffer;
  r->target_columns = BUFFER;
  r->fresh = NULL;
  if (!r->direct) compute_elements(e, r, first, count);
  e->width = (unsigned)r->lanes;
  run_lanes(e, r, first, count);
  EmitRef present = emit_min(e, count, emit_int(e, r->lanes));
  for (int k = 0; k < r->count; k++) {
    const Sum *s = &r->sums[k];
    store_in_tree(e, r, s, to, combine_lanes(e, r, s, r->values[k], present));
  }
}

/* The lanes of whole leaves, r->together of them from the element `first` on, into the scratch of
 * each. A lane need not wait for the sum that another leaf has in the same register. */
static void run_whole_leaves(Emit *e, Reduction *r, EmitRef first) {
  EmitRef begin[EMIT_LEAVES];
  e->width = (unsigned)r->lanes;
  for (int leaf = 0; leaf < r->together; leaf++) {
    begin[leaf] = emit_add(e, first, emit_int(e, leaf * JIT_LEAF));
    begin_lanes(e, r, begin[leaf], NULL, r->scratch + leaf * r->count);
  }
  EmitLoop loop = emit_loop_open(e, emit_int(e, JIT_LEAF / r->lanes - 1));
  EmitRef group = emit_add(e, loop.i, emit_int(e, 1));
  for (int leaf = 0; leaf < r->together; leaf++)
    add_lanes(e, r, begin[leaf], group, r->scratch + leaf * r->count);
  emit_loop_close(e, &loop, EMIT_LOOP);
}

/* The even lanes of one or two vectors combine with the odd ones. */
static EmitValue combine_neighbours(Emit *e, const Sum *s, EmitValue lanes, EmitValue behind) {
  EmitValue left = emit_lanes(e, lanes, behind, 0), right = emit_lanes(e, lanes, behind, 1);
  return combine(e, s, left, right);
}

/* The values of the leaves that run_whole_leaves has left, `count` of them combined to one: fills
 * values[r->together / count]. Neighbouring lanes of two leaves combine in one vector. */
static void whole_leaves(Emit *e, const Reduction *r, const Sum *s, int count, EmitValue *values) {
  const EmitValue none = {{NULL}};
  int vectors = r->together, lanes = r->lanes * vectors, results = vectors / count;
  e->width = (unsigned)r->lanes;
  for (int j = 0; j < vectors; j++)
    values[j] = emit_load(e, s->dtype, r->scratch[j * r->count + (s - r->sums)]);
  for (; lanes > results; lanes /= 2) {
    if (vectors == 1) e->width = (unsigned)lanes / 2;
    for (int j = 0; 2 * j < vectors; j++)
      values[j] = combine_neighbours(e, s, values[2 * j], vectors > 1 ? values[2 * j + 1] : none);
    vectors = QL_MAX(vectors / 2, 1);
  }
  e->width = 1;
  EmitValue all = values[0];
  for (int j = 0; results > 1 && j < results; j++) values[j] = emit_lanes(e, all, none, j);
}

/* The same where no order changes a bit. */
static void whole_leaves_in_any_order(Emit *e, const Reduction *r, const Sum *s, int count,
                                      EmitValue *values) {
  for (int j = 0; j < r->together; j++) {
    e->width = (unsigned)r->lanes;
    EmitValue lanes = emit_load(e, s->dtype, r->scratch[j * r->count + (s - r->sums)]);
    values[j] = combine_lanes(e, r, s, lanes, NULL);
  }
  for (int j = 0; j < r->together / count; j++) {
    values[j] = values[j * count];
    for (int k = 1; k < count; k++) values[j] = combine(e, s, values[j], values[j * count + k]);
  }
}

static void find_whole_leaves(Emit *e, const Reduction *r, const Sum *s, int count,
                              EmitValue *values) {
  if (r->any_order)
    whole_leaves_in_any_order(e, r, s, count, values);
  else
    whole_leaves(e, r, s, count, values);
}

/* They are results, of leaf number `leaf` and those behind it. */
static void finish_whole_leaves(Emit *e, Reduction *r, EmitRef leaf) {
  for (int k = 0; k < r->count; k++)
    find_whole_leaves(e, r, &r->sums[k], 1, r->leaves + k * EMIT_LEAVES);
  for (int j = 0; j < r->together; j++) {
    EmitPoint line = line_at(e, r, emit_add(e, leaf, emit_int(e, j)));
    for (int k = 0; k < r->count; k++) r->values[k] = r->leaves[k * EMIT_LEAVES + j];
    finish(e, r, &line);
  }
}

/* As one, to the top of the tree. */
static void push_whole_leaves(Emit *e, Reduction *r, const Sum *s) {
  find_whole_leaves(e, r, s, r->together, r->leaves);
  store_in_tree(e, r, s, emit_get_int(e, r->depth, 0), r->leaves[0]);
}

/* As many of the leaves behind the first `done` as are whole, r->together at a time. Gives how many
 * are done then. */
static EmitRef reduce_whole_leaves(Emit *e, Reduction *r, EmitRef leaves, EmitRef done) {
  int level = __builtin_ctz((unsigned)r->together), bits = __builtin_ctz(JIT_LEAF);
  EmitRef together = emit_int(e, r->together);
  EmitRef whole = emit_sub(e, emit_shift_right(e, e->extent[r->axis], bits), done);
  EmitRef batches = emit_shift_right(e, whole, level);
  EmitLoop loop = emit_loop_open(e, batches);
  EmitRef leaf = emit_add(e, done, emit_mul(e, loop.i, together));
  run_whole_leaves(e, r, emit_mul(e, leaf, emit_int(e, JIT_LEAF)));
  if (r->form == JIT_WHOLE) {
    for (int k = 0; k < r->count; k++) push_whole_leaves(e, r, &r->sums[k]);
    push(e, r, emit_add(e, leaf, together), leaves, level);
  } else {
    finish_whole_leaves(e, r, leaf);
  }
  emit_loop_close(e, &loop, EMIT_LOOP_NEST);
  return emit_add(e, done, emit_mul(e, batches, together));
}

/* ---- leaves of neighbouring lines ---- */

static void combine_leaf_rows(Emit *e, const Reduction *r, const Sum *s, EmitRef count,
                              EmitRef to) {
  EmitLoop columns = open_scratch_columns(e, r, s);
  EmitValue lanes[JIT_LANES];
  for (int lane = 0; lane < r->lanes; lane++) {
    EmitRef row = row_of(e, r, s, s->buffer, emit_int(e, lane));
    lanes[lane] = emit_load(e, s->dtype, scratch(e, s, row, columns.i, r->tile));
  }
  for (int step = 1; step < r->lanes; step *= 2)
    for (int lane = 0; lane < r->lanes; lane += 2 * step)
      lanes[lane] = emit_select(e, emit_less(e, emit_int(e, lane + step), count),
                                combine(e, s, lanes[lane], lanes[lane + step]), lanes[lane]);
  emit_store(e, s->dtype, lanes[0],
             scratch(e, s, row_of(e, r, s, s->tree, to), columns.i, r->tile));
  close_columns(e, r, &columns, EMIT_LOOP_PARALLEL);
}

/* Adds rows from `first` on, a step of the lanes apart, to that lane. */
static void add_to_lane(Emit *e, Reduction *r, EmitRef first, EmitRef lane, EmitRef fresh) {
  for (int k = 0; k < r->count; k++)
    r->sums[k].target = row_of(e, r, &r->sums[k], r->sums[k].buffer, lane);
  r->target_columns = r->tile;
  r->fresh = fresh;
  compute_rows(e, r, first, r->lanes);
}

/* As many rows of the leaf as make whole batches, r->together rows of one lane at a time: so it is
 * loaded and stored once for them. Gives how many these are. */
static EmitRef add_batches(Emit *e, Reduction *r, EmitRef first, EmitRef count) {
  int size = r->lanes * r->together;
  EmitRef batches = emit_shift_right(e, count, __builtin_ctz((unsigned)size));
  EmitLoop lanes = emit_loop_open(e, emit_int(e, r->lanes)), loop = emit_loop_open(e, batches);
  EmitRef row = emit_add(e, emit_mul(e, loop.i, emit_int(e, size)), lanes.i);
  r->rows = r->together;
  add_to_lane(e, r, emit_add(e, first, row), lanes.i, emit_equal(e, loop.i, emit_int(e, 0)));
  r->rows = 1;
  emit_loop_close(e, &loop, EMIT_LOOP_NEST);
  emit_loop_close(e, &lanes, EMIT_LOOP_NEST);
  return emit_mul(e, batches, emit_int(e, size));
}

static void leaf_of_rows(Emit *e, Reduction *r, EmitRef first, EmitRef count, EmitRef to) {
  EmitRef done = r->together > 1 ? add_batches(e, r, first, count) : emit_int(e, 0);
  EmitLoop loop = emit_loop_open(e, emit_sub(e, count, done));
  EmitRef row = emit_add(e, done, loop.i), lane = emit_and(e, row, emit_int(e, r->lanes - 1));
  add_to_lane(e, r, emit_add(e, first, row), lane, emit_less(e, row, emit_int(e, r->lanes)));
  emit_loop_close(e, &loop, EMIT_LOOP_NEST);
  for (int k = 0; k < r->count; k++) combine_leaf_rows(e, r, &r->sums[k], count, to);
}

/* ---- lines ---- */

static void reduce_leaves(Emit *e, Reduction *r) {
  EmitRef leaf_size = emit_int(e, JIT_LEAF), extent = e->extent[r->axis];
  bool whole = r->form == JIT_WHOLE;
  EmitRef leaves = emit_tiles(e, extent, JIT_LEAF), done = emit_int(e, 0);
  if (r->runs_whole) {
    done = reduce_whole_leaves(e, r, leaves, done);
    r->together = 1; /* what is no batch: most of a short line */
    done = reduce_whole_leaves(e, r, leaves, done);
  }
  EmitLoop loop = emit_loop_open(e, emit_sub(e, leaves, done));
  EmitRef leaf = emit_add(e, done, loop.i), first = emit_mul(e, leaf, leaf_size),
          count = emit_min(e, emit_sub(e, extent, first), leaf_size);
  EmitRef to = whole ? emit_get_int(e, r->depth, 0) : emit_int(e, 0);
  if (r->along_last)
    leaf_along_last(e, r, first, count, to);
  else
    leaf_of_rows(e, r, first, count, to);
  if (whole)
    push(e, r, emit_add(e, leaf, emit_int(e, 1)), leaves, 0);
  else
    finish_rows(e, r, leaf);
  emit_loop_close(e, &loop, EMIT_LOOP_NEST);
}

/* The trees of `count` leaf values along the last axis: the lanes of a vector are a subtree, those
 * of the last one what is left at the end, which combines in the same order. */
static void tree_of_vectors(Emit *e, Reduction *r, EmitRef first, EmitRef count) {
  EmitRef lanes = emit_int(e, r->lanes);
  EmitLoop loop = emit_loop_open(e, emit_tiles(e, count, r->lanes));
  EmitRef at = emit_mul(e, loop.i, lanes), present = emit_min(e, emit_sub(e, count, at), lanes);
  EmitRef top = emit_get_int(e, r->depth, 0);
  e->width = (unsigned)r->lanes;
  lanes_at(e, r, first, at, present, r->values);
  for (int k = 0; k < r->count; k++) {
    const Sum *s = &r->sums[k];
    store_in_tree(e, r, s, top, combine_lanes(e, r, s, r->values[k], present));
  }
  push(e, r, emit_add(e, at, present), count, __builtin_ctz((unsigned)r->lanes));
  emit_loop_close(e, &loop, EMIT_LOOP_RARE);
}

/* The trees of `count` leaf values from `first` on. */
static void reduce_tree(Emit *e, Reduction *r, EmitRef first, EmitRef count) {
  emit_set_int(e, r->depth, emit_int(e, 0));
  if (r->direct) {
    tree_of_vectors(e, r, first, count);
    return;
  }
  EmitLoop loop = emit_loop_open(e, count);
  EmitRef position = emit_add(e, first, loop.i);
  for (int k = 0; k < r->count; k++) r->sums[k].target = tree_top(e, r, &r->sums[k]);
  r->target_columns = r->tile;
  r->fresh = NULL;
  if (r->along_last)
    compute_elements(e, r, position, emit_int(e, 1));
  else
    compute_rows(e, r, position, 0);
  push(e, r, emit_add(e, loop.i, emit_int(e, 1)), count, 0);
  emit_loop_close(e, &loop, EMIT_LOOP_NEST);
}

static void reduce_branches(Emit *e, Reduction *r) {
  EmitRef size = emit_int(e, JIT_LEAF), extent = e->extent[r->axis];
  EmitLoop loop = emit_loop_open(e, emit_tiles(e, extent, JIT_LEAF));
  EmitRef first = emit_mul(e, loop.i, size);
  reduce_tree(e, r, first, emit_min(e, emit_sub(e, extent, first), size));
  finish_rows(e, r, loop.i);
  emit_loop_close(e, &loop, EMIT_LOOP_NEST);
}

/* The lines at r->outer: one, or a tile of them. */
static void reduce_lines(Emit *e, Reduction *r) {
  emit_set_int(e, r->depth, emit_int(e, 0));
  if (r->direct) emit_point_rows(e, &r->row[0]);
  switch (r->form) {
    case JIT_BRANCHES: reduce_branches(e, r); return;
    case JIT_LEAVES: reduce_leaves(e, r); return;
    case JIT_WHOLE: reduce_leaves(e, r); break;
    case JIT_TREE: reduce_tree(e, r, emit_int(e, 0), e->extent[r->axis]); break;
  }
  finish_rows(e, r, emit_int(e, 0));
}

static void reduce_tiles(Emit *e, Reduction *r) {
  int last = e->fn->rank - 1;
  EmitRef tile = emit_int(e, r->tile), extent = e->extent[last];
  EmitLoop loop = emit_loop_open(e, emit_tiles(e, extent, r->tile));
  r->outer.position[last] = emit_mul(e, loop.i, tile);
  r->columns = emit_min(e, emit_sub(e, extent, r->outer.position[last]), tile);
  reduce_lines(e, r);
  emit_loop_close(e, &loop, EMIT_LOOP_NEST);
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

static bool is_any_order(const Reduction *r) {
  for (int k = 0; k < r->count; k++)
    if (!jit_any_order(r->sums[k].dtype)) return false;
  return true;
}

/* How many instructions happen at points, and (`computes`) is more than stored done with results?
 */
static uint32_t count_instructions(const Emit *e, bool *computes) {
  const JitFn *fn = e->fn;
  uint32_t count = 0;
  for (uint32_t b = 0; b < fn->block_count; b++)
    for (uint32_t i = 0; i < fn->blocks[b].count; i++) {
      const IrIns *ins = &fn->ins[fn->blocks[b].ins[i]];
      bool line = ir_of_line(fn, e->reduction, ins);
      count += !line, *computes |= line && ins->kind != IR_STORE;
    }
  return count;
}

/* How many partial results can be on a stack, beside the one that is put there? */
static int tree_depth(const Reduction *r) {
  if (r->form == JIT_LEAVES) return 0;
  if (r->form == JIT_BRANCHES) return __builtin_ctz(JIT_LEAF);
  return r->along_last ? TREE_DEPTH : ROWS_DEPTH;
}

static void reduce_box(Emit *e, Reduction *r, EmitRef *rows) {
  EmitLoop loops[QL_MAX_DIMS];
  r->along_last = r->axis == e->fn->rank - 1;
  r->any_order = is_any_order(r);
  int lanes = r->along_last ? emit_lanes_of(e, r->any_order) : 0;
  r->direct = lanes > 0;
  r->lanes = r->direct ? lanes : !r->along_last && r->any_order ? 1 : JIT_LANES;
  r->is_busy = jit_form_steps(r->form);
  bool is_small = count_instructions(e, &r->is_busy) <= FEW_INSTRUCTIONS && e->fn->block_count == 1;
  r->together = !is_small ? 1 : r->along_last ? EMIT_LEAVES : EMIT_ROWS;
  r->runs_whole = r->direct && is_small;
  r->rows = 1;
  r->tile = r->along_last ? 1 : columns_of(r);
  r->columns = emit_int(e, 1);
  for (int k = 0; k < r->count; k++) {
    Sum *s = &r->sums[k];
    s->buffer =
        emit_stack(e, r->along_last ? row_bytes(s, BUFFER) : JIT_LANES * row_bytes(s, r->tile));
    s->tree = emit_stack(e, (tree_depth(r) + 1) * row_bytes(s, r->tile));
  }
  r->depth = emit_stack(e, sizeof(int64_t));
  int count = open_outer(e, r->axis, &r->outer, rows, loops);
  for (int k = 0; k < EMIT_ROWS; k++) {
    r->row[k] = r->outer;
    if (!r->along_last) r->row[k].row = rows + (uint32_t)(count + 1 + k) * e->fn->array_count;
  }
  r->line_row = rows + (uint32_t)(e->fn->rank + 1 + EMIT_ROWS) * e->fn->array_count;
  if (r->along_last)
    reduce_lines(e, r);
  else
    reduce_tiles(e, r);
  while (count-- > 0) emit_loop_close(e, &loops[count], EMIT_LOOP_NEST);
}

QlStatus emit_reductions(Emit *e, EmitRef *rows, QlError *error) {
  int count = ir_reductions(e->fn);
  Reduction r = {.form = (JitReduceForm)e->reduction->form, .axis = e->reduction->axis};
  r.sums = calloc((size_t)count, sizeof *r.sums);
  r.scratch = calloc(EMIT_LEAVES * (size_t)count, sizeof *r.scratch);
  r.leaves = calloc(EMIT_LEAVES * (size_t)count, sizeof *r.leaves);
  r.values = calloc((size_t)count, sizeof *r.values);
  QlStatus status = QL_OK;
  if (!r.sums || !r.scratch || !r.leaves || !r.values) {
    status = ql_fail(error, QL_ERR_MEMORY, "out of memory for a kernel");
  } else {
    find_sums(e, &r);
    reduce_box(e, &r, rows);
  }
  free(r.sums), free(r.scratch), free(r.leaves), free(r.values);
  return status;
}
