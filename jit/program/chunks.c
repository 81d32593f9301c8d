/* Loops that are reductions (sums.c) over arrays in memory. They are lowered as others are, in the
 * program's order: their turns do what iterations do. Of the terms only those of a chunk of turns
 * of the innermost loop are kept; a chunk is a power of two of leaves of C7's tree, and what its
 * terms come to a part of that tree:
 *
 *     for i in range(n):                         lines[i]: what its parts come to, by the tree
 *         for chunk in range(0, m, 4096):        parts[chunk]: what its terms come to
 *             for j in chunk: terms[j - chunk] = a[i, j]
 *
 * Where no order changes a bit nothing of this is needed. */
#include "loops.h"
#include "nest.h"

#include <string.h>

typedef struct Reducing {
  Sums *sums;
  int ndim;
  const Node *loops[QL_MAX_DIMS];
  JitRef extent[QL_MAX_DIMS], at[QL_MAX_DIMS];
  JitRef from; /* the first turn of the chunk */
  bool known;  /* the terms are there */
} Reducing;

void low_turn_begins(Lower *l, const Node *node, JitRef k) {
  Reducing *r = l->reducing;
  for (int d = 0; r && d < r->ndim; d++) {
    if (r->loops[d] != node) continue;
    r->at[d] = l->nest && l->nest->form != JIT_NEST_ON_ONE && d == 0 ? l->nest->at[0] : k;
    for (int n = 0; n < r->sums->count && d == r->ndim - 1 && !low_dead(l); n++) {
      const Sum *sum = &r->sums->items[n];
      Value before = l->nest ? nest_import(l, &sum->before) : sum->before;
      l->frame->now[sum->variable] =
          (Variable){.value = nest_sum_start(sum, &before), .defined = ALWAYS};
    }
  }
}

void low_turn_ends(Lower *l, const Node *node) {
  Reducing *r = l->reducing;
  if (!r || low_dead(l) || !r->ndim || r->loops[r->ndim - 1] != node) return;
  for (int n = 0; n < r->sums->count; n++) {
    Sum *sum = &r->sums->items[n];
    const Value *value = &l->frame->now[sum->variable].value;
    bool logical = sum->reduction == QL_REDUCE_ANY || sum->reduction == QL_REDUCE_ALL;
    if (!r->known) {
      r->sums->good &= value->kind == JIT_SCALAR && (!logical || value->dtype == QL_BOOL);
      sum->terms->dtype = value->dtype, sum->weak = value->weak;
    } else if (value->kind == JIT_SCALAR) {
      JitRef offset = low_const(l, 0);
      for (int d = 0; d < r->ndim && l->nest; d++)
        offset = low_add(l, offset, low_op(l, QL_OP_MULTIPLY, r->at[d], sum->into->stride[d]));
      if (!l->nest) {
        JitRef place = low_op(l, QL_OP_SUBTRACT, r->at[r->ndim - 1], r->from);
        offset = low_op(l, QL_OP_MULTIPLY, place, sum->into->stride[0]);
      }
      jit_store_at(l->fn, sum->into->base, offset, low_ref_as(l, value, (QlDtype)sum->terms->dtype),
                   low_source(l));
    }
  }
}

void nest_reduce_turns(Lower *l, Sums *sums, int ndim, const Node *const *loops, bool known) {
  Reducing *r = low_get(l, sizeof *r);
  *r = (Reducing){.sums = sums, .ndim = ndim, .known = known};
  sums->good = true;
  memcpy(r->loops, loops, (size_t)ndim * sizeof *loops);
  l->reducing = r;
}

static bool find_extents(Lower *l, Reducing *r) {
  for (int d = 0; d < r->ndim; d++) {
    Value range = low_expression(l, r->loops[d]->items[1]), start, step;
    if (!low_range(l, r->loops[d]->items[1], &range, &r->extent[d], &start, &step)) return false;
  }
  return true;
}

/* Lowers the loop to see of what dtypes its terms are, and takes that back. */
static void find_dtypes(Lower *l, const Node *node, Reducing *r) {
  JitBlock start = jit_block_new(l->fn);
  jit_jump(l->fn, start);
  jit_block_open(l->fn, start);
  const Variable *before = low_save(l);
  Kept kept = loop_keep(l, jit_mark(l->fn));
  r->sums->good = true;
  low_for(l, node);
  r->sums->good &= l->refusal_count == kept.refusals;
  loop_take_back(l, &kept, before);
}

bool low_reduces_chunks(const Lower *l, const Node *node) {
  const Reducing *r = l->reducing;
  return r && !l->nest && r->known && r->sums->count && r->loops[r->ndim - 1] == node;
}

void low_chunk_begins(Lower *l, JitRef from) { l->reducing->from = from; }

void low_chunk_ends(Lower *l, JitRef from, JitRef k) {
  JitRef chunk = low_op(l, QL_OP_RIGHT_SHIFT, from, low_const(l, __builtin_ctz(LOW_TERMS)));
  JitRef count = low_op(l, QL_OP_SUBTRACT, k, from);
  for (int n = 0; n < l->reducing->sums->count; n++) {
    const Sum *sum = &l->reducing->sums->items[n];
    QlDtype loop = (QlDtype)sum->parts->dtype;
    JitRef value =
        low_reduce_line(l, sum->reduction, loop, sum->into, sum->into->base, count, false);
    jit_store_at(l->fn, sum->parts->base, low_op(l, QL_OP_MULTIPLY, chunk, sum->parts->stride[0]),
                 value, low_source(l));
  }
}

void low_line_ends(Lower *l, const Node *node) {
  Reducing *r = l->reducing;
  if (low_dead(l) || !low_reduces_chunks(l, node)) return;
  for (int n = 0; n < r->sums->count; n++) {
    Sum *sum = &r->sums->items[n];
    const Array *parts = sum->parts;
    JitRef value = low_reduce_line(l, sum->reduction, (QlDtype)parts->dtype, parts, parts->base,
                                   parts->shape[0], true);
    sum->line = jit_cast(l->fn, value, (QlDtype)sum->terms->dtype, low_source(l));
    if (!sum->lines) continue;
    JitRef offset = low_const(l, 0);
    for (int d = 0; d < r->ndim - 1; d++)
      offset = low_add(l, offset, low_op(l, QL_OP_MULTIPLY, r->at[d], sum->lines->stride[d]));
    jit_store_at(l->fn, sum->lines->base, offset, sum->line, low_source(l));
  }
}

/* What no order changes is put together as the program says. */
static void leave_any_order(Sums *sums) {
  int count = 0;
  for (int n = 0; n < sums->count; n++) {
    const Sum *sum = &sums->items[n];
    bool logical = sum->reduction == QL_REDUCE_ANY || sum->reduction == QL_REDUCE_ALL;
    if (!logical && !jit_any_order((QlDtype)sum->terms->dtype)) sums->items[count++] = *sum;
  }
  sums->count = count;
}

static void make_places(Lower *l, const Node *node, const Reducing *r, Sum *sum) {
  QlDtype dtype = (QlDtype)sum->terms->dtype;
  JitRef room = low_const(l, LOW_TERMS), one = low_const(l, LOW_TERMS - 1);
  JitRef chunks = low_op(l, QL_OP_RIGHT_SHIFT, low_add(l, r->extent[r->ndim - 1], one),
                         low_const(l, __builtin_ctz(LOW_TERMS)));
  sum->into = low_new_array(l, node, dtype, 1, &room, NULL);
  sum->parts = low_new_array(l, node, low_reduction_loop(sum->reduction, dtype), 1, &chunks, NULL);
  sum->lines = r->ndim > 1 ? low_new_array(l, node, dtype, r->ndim - 1, r->extent, NULL) : NULL;
}

/* Does a turn do more than begin the next loop? */
static bool does_more(const Reducing *r) {
  bool more = false;
  for (int d = 0; d < r->ndim - 1; d++) more |= r->loops[d]->items[2]->count > 1;
  return more;
}

static void reduce(Lower *l, const Node *node, Reducing *r) {
  Edges empty = {0}, after = {0};
  JitRef least = r->extent[0];
  for (int d = 1; d < r->ndim; d++) least = low_op(l, QL_OP_MINIMUM, least, r->extent[d]);
  low_branch(l, low_op(l, QL_OP_GREATER, least, low_const(l, 0)), &empty);
  int temporaries = l->temporary_count;
  for (int n = 0; n < r->sums->count; n++) make_places(l, node, r, &r->sums->items[n]);
  r->known = true;
  low_for(l, node);
  for (int n = 0; n < r->sums->count && !low_dead(l); n++) {
    const Sum *sum = &r->sums->items[n];
    Value lines = sum->lines ? low_array_value(sum->lines)
                             : low_scalar((QlDtype)sum->terms->dtype, false, sum->line);
    nest_sum_take(l, node, sum, low_reduce(l, node, sum->reduction, &lines, NULL, false));
  }
  low_end_temporaries(l, temporaries);
  low_leave(l, &after, low_unknown());
  low_join(l, &empty);
  if (does_more(r)) { /* where a loop inside has no turn nothing is put together */
    r->sums->count = 0;
    loop_forget_heads(l, node);
    low_for(l, node);
  }
  low_leave(l, &after, low_unknown());
  low_join(l, &after);
}

bool low_reducing(Lower *l, const Node *node) {
  Reducing *r = low_get(l, sizeof *r);
  r->sums = low_get(l, sizeof *r->sums);
  if (!(r->ndim = nest_dimensions(l, node, r->loops))) return false;
  l->reducing = r;
  nest_find_sums(l, node, r->sums);
  bool good = r->sums->count && nest_sums_begin(l, r->sums) && find_extents(l, r) && !low_dead(l);
  for (int n = 0; n < r->sums->count; n++) r->sums->items[n].terms = low_get(l, sizeof(Array));
  if (good) find_dtypes(l, node, r);
  if (good && r->sums->good && nest_sums_widen(l, r->sums)) {
    nest_sums_begin(l, r->sums);
    find_dtypes(l, node, r);
  }
  const char *said = nest_sums_text(l, r->sums);
  if (good && r->sums->good) {
    leave_any_order(r->sums);
    if (r->sums->count)
      reduce(l, node, r);
    else
      low_for(l, node);
    low_note(l, node, low_text(l, "by this process; %s, as on ranks", said));
  } else {
    r->sums->count = 0;
    low_for(l, node);
  }
  l->reducing = NULL;
  return true;
}
