/* Loops of our own, over the elements of arrays: a box of indices, the last axis innermost. */
#include "lower.h"

typedef struct Box {
  int ndim;
  const JitRef *from, *to; /* from NULL: 0 */
  LowBody *body;
  void *data;
  JitRef *carried; /* NULL: nothing is */
  JitRef index[QL_MAX_DIMS];
} Box;

static void box_axis(Lower *l, Box *box, int axis) {
  if (axis == box->ndim) return box->body(l, box->data, box->index);
  JitFn *fn = l->fn;
  JitBlock before = jit_block_new(fn), head = jit_block_new(fn), body = jit_block_new(fn),
           end = jit_block_new(fn);
  jit_jump(fn, before);
  jit_block_open(fn, before);
  JitRef first = box->from ? box->from[axis] : low_const(l, 0), one = low_const(l, 1);
  jit_jump(fn, head);
  jit_block_open(fn, head);
  JitRef k = jit_phi(fn, QL_I64, 0);
  jit_phi_from(fn, k, before, first);
  JitRef carried = {0};
  if (box->carried) {
    carried = jit_phi(fn, QL_I64, 0);
    jit_phi_from(fn, carried, before, *box->carried);
    *box->carried = carried;
  }
  jit_branch(fn, low_op(l, QL_OP_LESS, k, box->to[axis]), body, end);
  jit_block_open(fn, body);
  box->index[axis] = k;
  box_axis(l, box, axis + 1);
  JitBlock latch = jit_block_new(fn);
  jit_jump(fn, latch);
  jit_block_open(fn, latch);
  jit_phi_from(fn, k, latch, low_add(l, k, one));
  if (box->carried) {
    jit_phi_from(fn, carried, latch, *box->carried);
    *box->carried = carried;
  }
  jit_jump(fn, head);
  jit_block_open(fn, end);
}

void low_box_with(Lower *l, int ndim, const JitRef *extent, LowBody *body, void *data,
                  JitRef *carried) {
  if (low_dead(l)) return;
  Box box = {.ndim = ndim, .to = extent, .body = body, .data = data, .carried = carried};
  box_axis(l, &box, 0);
}

void low_box(Lower *l, int ndim, const JitRef *extent, LowBody *body, void *data) {
  if (low_dead(l)) return;
  Box box = {.ndim = ndim, .to = extent, .body = body, .data = data};
  box_axis(l, &box, 0);
}

void low_box_between(Lower *l, int ndim, const JitRef *from, const JitRef *to, LowBody *body,
                     void *data) {
  if (low_dead(l)) return;
  Box box = {.ndim = ndim, .from = from, .to = to, .body = body, .data = data};
  box_axis(l, &box, 0);
}
