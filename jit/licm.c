/* Loop-invariant code motion. The loops here are those over points, which surround the whole
 * function: a value of rank 0 whose arguments the entry block has is computed there, once per call,
 * before everything that varies.
 *
 * Requires a verified function; ensures one. All operations may be run though no point asked for
 * them: none traps, and an operand that moves along no axis has its one element whenever a box has
 * points. */
#include "ir.h"

#include <stdlib.h>

typedef struct Licm {
  JitFn *fn;
  bool *entry; /* [ins_count] the entry block computes it, with rank 0 */
} Licm;

static bool can_move(const Licm *l, const IrIns *ins) {
  if (!ir_has_value(ins) || ins->rank != 0 || ins->kind == IR_PHI) return false;
  if (ins->kind == IR_LOAD && l->fn->arrays[ins->number].access != JIT_READ) return false;
  for (int a = 0, count = ir_arg_count(ins); a < count; a++)
    if (!l->entry[ins->args[a]]) return false;
  return true;
}

/* Keeps those that do not move, in their order; the others join the entry. */
static bool move_out(Licm *l, uint32_t b) {
  JitFn *fn = l->fn;
  uint32_t kept = 0;
  for (uint32_t i = 0; i < fn->blocks[b].count; i++) {
    uint32_t id = fn->blocks[b].ins[i];
    if (!can_move(l, &fn->ins[id])) {
      fn->blocks[b].ins[kept++] = id;
      continue;
    }
    IrBlock *entry = &fn->blocks[0];
    if (!ir_grow(fn, &entry->ins, &entry->room, entry->count + 1, sizeof *entry->ins)) return false;
    entry->ins[entry->count++] = id;
    l->entry[id] = true;
  }
  fn->blocks[b].count = kept;
  return true;
}

/* The entry block lists what is uniform first; both parts keep their order. */
static bool sort_entry(const Licm *l) {
  IrBlock *entry = &l->fn->blocks[0];
  uint32_t *sorted = ql_pool_get(l->fn->pool, entry->room * sizeof *sorted), count = 0;
  if (!sorted) return false;
  for (int pass = 0; pass < 2; pass++)
    for (uint32_t i = 0; i < entry->count; i++)
      if (l->entry[entry->ins[i]] == (pass == 0)) sorted[count++] = entry->ins[i];
  entry->ins = sorted;
  return true;
}

QlStatus jit_licm(JitFn *fn, QlError *error) {
  if (fn->rank == 0) return QL_OK; /* one point: there is no loop */
  Licm l = {.fn = fn, .entry = calloc(fn->ins_count, sizeof *l.entry)};
  IrFlow flow = {0};
  QlStatus status = QL_OK;
  if (!l.entry || ir_flow(fn, &flow, error) != QL_OK) goto memory;
  for (uint32_t i = 0; i < fn->blocks[0].count; i++) {
    uint32_t id = fn->blocks[0].ins[i];
    l.entry[id] = ir_is_uniform(fn, 0, &fn->ins[id]);
  }
  for (uint32_t i = 1; i < flow.count; i++)
    if (!move_out(&l, flow.order[i])) goto memory;
  if (!sort_entry(&l)) goto memory;
  goto out;
memory:
  status = ql_fail(error, QL_ERR_MEMORY, "out of memory for a pass");
out:
  ir_flow_free(&flow);
  free(l.entry);
  return status;
}
