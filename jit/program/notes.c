/* What is said of loops, for people (`explain`): one note at each place, of the last time that it
 * was lowered. Only what is known when the function is compiled is said. */
#include "nest.h"

void low_note(Lower *l, const Node *node, const char *text) {
  if (low_dead(l) || low_is_library(l->frame->function)) return;
  bool named = node->kind == NODE_FOR && node->items[0]->kind == NODE_NAME;
  JitNote note = {text,
                  {l->frame->function->number, node->line, node->column},
                  named ? node->items[0]->text : NULL};
  LowNotes *notes = l->notes;
  for (int k = 0; k < notes->count; k++)
    if (notes->items[k].place.function == note.place.function &&
        notes->items[k].place.line == note.place.line) {
      notes->items[k] = note;
      return;
    }
  if (!ql_pool_grow(l->pool, &notes->items, notes->count, &notes->room, sizeof note))
    longjmp(l->no_memory, 1);
  notes->items[notes->count++] = note;
}

/* ---- nests ---- */

/* How far is it from the first value of the loop's variable? */
static bool distance(const Nest *nest, JitRef ref, JitRef start, int64_t *by) {
  const int64_t *a = nest_known(nest, ref), *b = nest_known(nest, start);
  if (ref.id == start.id) return *by = 0, true;
  if (a && b) return *by = *a - *b, true;
  for (int k = 0; k < nest->op_count; k++) {
    const NestOp *op = &nest->ops[k];
    b = nest_known(nest, op->b);
    if (op->ref.id != ref.id || op->a.id != start.id || !b) continue;
    if (op->op == QL_OP_ADD) return *by = *b, true;
    if (op->op == QL_OP_SUBTRACT) return *by = -*b, true;
  }
  return false;
}

static const char *index_text(Lower *l, const char *name, int64_t by) {
  return by ? low_text(l, "%s %c %lld", name, by < 0 ? '-' : '+', (long long)(by < 0 ? -by : by))
            : name;
}

/* What an iteration touches along an axis: "i", "i - 1 to i + 1"; what is not known, "...". */
static const char *span_text(Lower *l, const Nest *nest, const Span *span) {
  int64_t lo, hi;
  if (!span) return ":";
  if (span->dim < 0) {
    const int64_t *known = span->lo.id == span->hi.id ? nest_known(nest, span->lo) : NULL;
    return known ? low_text(l, "%lld", (long long)*known) : "...";
  }
  JitRef start = nest->start[span->dim];
  const char *name = nest->loops[span->dim]->items[0]->text;
  if (span->step.id != nest->step[span->dim].id || !distance(nest, span->lo, start, &lo) ||
      !distance(nest, span->hi, start, &hi))
    return low_text(l, "... of %s", name);
  return lo == hi ? index_text(l, name, lo)
                  : low_text(l, "%s to %s", index_text(l, name, lo), index_text(l, name, hi));
}

static const char *operand_text(Lower *l, const Nest *nest, const NestOperand *operand,
                                const Span *const *span) {
  const Node *at = operand->at;
  bool named = at->kind == NODE_INDEX && at->items[0]->text;
  const char *text = low_text(l, "%s[", named ? at->items[0]->text : "an array");
  for (int a = 0; a < operand->array->ndim; a++)
    text = low_text(l, "%s%s%s", text, a ? ", " : "", span_text(l, nest, span[a]));
  return low_text(l, "%s]", text);
}

/* Is it an array of the nest's own? */
static bool is_own(const Nest *nest, const NestOperand *operand) {
  bool found = nest->carried.state && operand->array == nest->carried.state;
  for (int k = 0; k < nest->sums.count; k++) found |= operand->array == nest->sums.items[k].terms;
  return found;
}

static const char *way_text(Lower *l, const Nest *nest, const char *names) {
  bool in_order = nest->carried.state;
  if (nest->form == JIT_NEST_ON_ONE)
    return "in order, by one node, to which all that it touches is brought:";
  if (nest->form == JIT_NEST_POINTS) return low_text(l, "parallel over ranks, by %s:", names);
  if (nest->form == JIT_NEST_LINES) {
    const char *lines = NULL;
    for (int d = 0; d < nest->ndim; d++) {
      const char *name = nest->loops[d]->items[0]->text;
      if (nest_along(nest) >> d & 1) lines = lines ? low_text(l, "%s, %s", lines, name) : name;
    }
    return low_text(l, "in order along lines, which are parallel over ranks, by %s:", lines);
  }
  for (int k = 0; k < nest->operand_count; k++)
    in_order |= nest_reads_others(nest, &nest->operands[k]);
  const char *text = low_text(
      l,
      nest->carried.ends ? "in order, one node after another, by rows %s, until it ends early:"
      : in_order         ? "in order, one node after another, by rows %s:"
                         : "parallel over ranks, by rows %s (in order, one node after "
                           "another, where one reads what another stores):",
      names);
  if (!nest->carried.count) return text;
  text = low_text(l, "%s hands on", text);
  for (int k = 0; k < nest->carried.count; k++)
    text = low_text(l, "%s%s%s", text, k ? ", " : " ",
                    l->frame->function->names[nest->carried.variable[k]]);
  return low_text(l, "%s;", text);
}

const char *nest_sums_text(Lower *l, const Sums *sums) {
  const char *text = NULL;
  for (int k = 0; k < sums->count; k++) {
    const char *name = l->frame->function->names[sums->items[k].variable];
    text = k ? low_text(l, "%s, %s", text, name) : low_text(l, "puts together %s", name);
  }
  return text;
}

/* The names of the loops' variables stand for an iteration; "..." for what is known when it runs.
 */
void low_note_nest(Lower *l, const Nest *nest) {
  const char *names = nest->loops[0]->items[0]->text, *text = NULL;
  for (int d = 1; d < nest->ndim; d++)
    names = low_text(l, "%s, %s", names, nest->loops[d]->items[0]->text);
  text = way_text(l, nest, names);
  bool any = false;
  for (int stored = 1; stored >= 0; stored--)
    for (int k = 0, some = 0; k < nest->operand_count; k++) {
      const NestOperand *operand = &nest->operands[k];
      if (stored ? !operand->stored : !operand->loaded) continue;
      if (is_own(nest, operand)) continue;
      const char *before = some++ ? ", " : any ? "; " : " ", *what = stored ? "stores " : "reads ";
      text = low_text(l, "%s%s%s%s", text, before, some > 1 ? "" : what,
                      operand_text(l, nest, operand, stored ? operand->store_span : operand->span));
      any = true;
    }
  if (nest->sums.count)
    text = low_text(l, "%s%s%s", text, any ? "; " : " ", nest_sums_text(l, &nest->sums));
  low_note(l, nest->loops[0], text);
  for (int d = 1; d < nest->ndim; d++)
    low_note(l, nest->loops[d], "a dimension of the parallel loop around it");
}

/* ---- other loops ---- */

void low_note_loop(Lower *l, const Node *node, bool few) {
  const char *text = l->nest ? "in order, inside of an iteration of the loop over ranks"
                     : l->ranks
                         ? "in order, by every rank; what it does with distributed arrays is "
                           "done by all together"
                     : few ? "in order, a small, known number of turns"
                           : "in order, by this process";
  low_note(l, node, text);
}
