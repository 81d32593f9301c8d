/* Dead code: what no effect and no branch needs goes, and so do blocks that nothing reaches.
 *
 * Requires a verified function; ensures one whose every value is used, or listed for a branch. Of
 * reductions one stays: stores that happen once per line go by its axis.
 * Loops stay, even when they compute nothing: control flow is not removed. */
#include "ir.h"

#include <stdlib.h>

typedef struct Dce {
  JitFn *fn;
  bool *needed;      /* [ins_count] */
  uint32_t *waiting; /* [ins_count] a stack: needed, its arguments not looked at yet */
  uint32_t count;
} Dce;

static void need(Dce *d, uint32_t id) {
  if (d->needed[id]) return;
  d->needed[id] = true;
  d->waiting[d->count++] = id;
}

static void need_roots(Dce *d) {
  for (uint32_t b = 0; b < d->fn->block_count; b++) {
    const IrBlock *block = &d->fn->blocks[b];
    for (uint32_t i = 0; i < block->count; i++)
      if (ir_has_effect(&d->fn->ins[block->ins[i]])) need(d, block->ins[i]);
    if (block->condition) need(d, block->condition);
  }
}

static void keep_reduction(Dce *d) {
  const IrIns *first = ir_reduction(d->fn);
  for (uint32_t id = 1; id < d->fn->ins_count; id++)
    if (d->fn->ins[id].kind == IR_REDUCE && d->needed[id]) return;
  if (first) need(d, (uint32_t)(first - d->fn->ins));
}

static void need_arguments(Dce *d, uint32_t id) {
  const IrIns *ins = &d->fn->ins[id];
  const uint32_t *args = ir_args(d->fn, ins);
  for (int a = 0, count = ir_arg_count(ins); a < count; a++) need(d, args[a]);
  for (uint32_t arm = ins->kind == IR_PHI ? ins->extra : 0; arm; arm = d->fn->phis[arm].next)
    need(d, d->fn->phis[arm].value);
}

static QlStatus remove_dead(JitFn *fn, QlError *error) {
  Dce d = {.fn = fn,
           .needed = calloc(fn->ins_count, sizeof *d.needed),
           .waiting = malloc(fn->ins_count * sizeof *d.waiting)};
  QlStatus status = QL_OK;
  if (!d.needed || !d.waiting || !ir_prune(fn)) {
    status = ql_fail(error, QL_ERR_MEMORY, "out of memory for a pass");
    goto out;
  }
  need_roots(&d);
  while (d.count) need_arguments(&d, d.waiting[--d.count]);
  keep_reduction(&d);
  while (d.count) need_arguments(&d, d.waiting[--d.count]);
  for (uint32_t b = 0; b < fn->block_count; b++) {
    IrBlock *block = &fn->blocks[b];
    uint32_t kept = 0;
    for (uint32_t i = 0; i < block->count; i++)
      if (d.needed[block->ins[i]]) block->ins[kept++] = block->ins[i];
    block->count = kept;
  }
out:
  free(d.needed), free(d.waiting);
  return status;
}

QlStatus jit_dce(JitFn *fn, QlError *error) { return ir_each(fn, remove_dead, error); }
