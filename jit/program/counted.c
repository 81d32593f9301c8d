/* `while` loops that count, as loops over a range that break may end: nodes can take their parts of
 * these in turn (rows.c). What is left of the condition, and the step, stay where they are:
 *
 *     while i < n and x[i] < t:        for i in range(i, n, 1):
 *         s += x[i]                        if not (i < n and x[i] < t): break
 *         i += 1                           s += x[i]
 *                                          i += 1
 *
 * The bound stands first, so that nothing else is computed where it does not hold; it is the same
 * in all turns, in each of which the variable is moved once. Behind the last turn it is what the
 * step has made of it, as in the `while` loop. */
#include "nest.h"

#include <stdlib.h>
#include <string.h>

/* ---- what it counts ---- */

/* i < n */
typedef struct Bound {
  const Node *counter, *limit;
  bool rises, includes; /* < or <=, > or >=; the limit itself is one more */
} Bound;

static bool is_counter(const Node *loop, const Node *node) {
  return node->kind == NODE_NAME && loop->assigns[node->number];
}

static bool find_bound(const Node *loop, Bound *bound) {
  const Node *condition = loop->items[0];
  while (condition->kind == NODE_AND) condition = condition->items[0];
  if (condition->kind != NODE_COMPARE || condition->count != 3) return false;
  const char *how = condition->items[1]->text;
  const Node *left = condition->items[0], *right = condition->items[2];
  bool less = !strcmp(how, "lt") || !strcmp(how, "le");
  if (!less && strcmp(how, "gt") != 0 && strcmp(how, "ge") != 0) return false;
  *bound = (Bound){left, right, less, how[1] == 'e'};
  if (!is_counter(loop, left)) *bound = (Bound){right, left, !less, how[1] == 'e'}; /* n > i */
  return is_counter(loop, bound->counter);
}

/* Is it the same in all turns? */
static bool is_fixed(const Lower *l, const Node *loop, const Node *node) {
  bool fixed = low_is_fixed(node);
  for (int v = 0; v < l->frame->function->variables && fixed; v++)
    fixed = !loop->assigns[v] || !nest_mentions(node, v);
  return fixed;
}

static bool is_name(const Node *node, int variable) {
  return node->kind == NODE_NAME && node->number == variable;
}

/* i += 2, i -= 1, i = i + 1: by how much, as long as that is written down; 0: it is no such. */
static int64_t step_of(const Node *node, int variable) {
  const Node *by = NULL;
  const char *how = NULL;
  if (node->kind == NODE_AUGMENT && is_name(node->items[0], variable))
    how = node->text, by = node->items[1];
  if (node->kind == NODE_ASSIGN && node->count == 2 && is_name(node->items[0], variable) &&
      node->items[1]->kind == NODE_BINARY && is_name(node->items[1]->items[0], variable))
    how = node->items[1]->text, by = node->items[1]->items[1];
  if (!by || by->kind != NODE_INT || strlen(by->text) > 9) return 0;
  int64_t step = strtoll(by->text, NULL, 10);
  return !strcmp(how, "add") ? step : !strcmp(how, "sub") ? -step : 0;
}

/* Can it begin the next turn there? */
static bool continues(const Node *node) {
  if (node->kind == NODE_CONTINUE) return true;
  if (node->kind == NODE_FOR || node->kind == NODE_WHILE) return false;
  for (int k = 0; k < node->count; k++)
    if (continues(node->items[k])) return true;
  return false;
}

/* By how much each turn moves the variable; 0: that is not known. */
static int64_t step_in(const Node *loop, int variable) {
  const Node *body = loop->items[1];
  if (low_assigned_in(loop, variable) != 1) return 0;
  for (int k = 0; k < body->count; k++) {
    int64_t step = step_of(body->items[k], variable);
    if (step || continues(body->items[k])) return step;
  }
  return 0;
}

/* ---- the loop over a range ---- */

static Node *node_at(Lower *l, const Node *at, NodeKind kind, const char *text, int count) {
  Node *node = low_get(l, sizeof *node);
  *node = (Node){.kind = (uint8_t)kind,
                 .count = (uint16_t)count,
                 .line = at->line,
                 .column = at->column,
                 .text = text};
  node->items = low_get(l, (size_t)count * sizeof *node->items + 1);
  return node;
}

static Node *number_at(Lower *l, const Node *at, int64_t number) {
  Node *node = node_at(l, at, NODE_INT, low_text(l, "%lld", (long long)llabs(number)), 0);
  if (number >= 0) return node;
  Node *negative = node_at(l, at, NODE_UNARY, "neg", 1);
  negative->items[0] = node;
  return negative;
}

static Node *range_of(Lower *l, const Bound *bound, int64_t step) {
  const Node *at = bound->limit;
  Node *call = node_at(l, at, NODE_CALL, NULL, 4), *limit = (Node *)at;
  if (bound->includes) {
    limit = node_at(l, at, NODE_BINARY, bound->rises ? "add" : "sub", 2);
    limit->items[0] = (Node *)at, limit->items[1] = number_at(l, at, 1);
  }
  call->items[0] = node_at(l, at, NODE_REF, "range", 0);
  call->items[1] = (Node *)bound->counter, call->items[2] = limit;
  call->items[3] = number_at(l, at, step);
  return call;
}

/* if not condition: break */
static Node *break_unless(Lower *l, Node *condition) {
  Node *test = node_at(l, condition, NODE_IF, NULL, 2),
       *no = node_at(l, condition, NODE_UNARY, "not", 1),
       *block = node_at(l, condition, NODE_BLOCK, NULL, 1);
  no->items[0] = condition, block->items[0] = node_at(l, condition, NODE_BREAK, NULL, 0);
  test->items[0] = no, test->items[1] = block;
  return test;
}

const Node *nest_counted(Lower *l, const Node *loop) {
  Bound bound;
  if (loop->count > 2 || !find_bound(loop, &bound)) return NULL;
  const Variable *counter = &l->frame->now[bound.counter->number];
  int64_t step = step_in(loop, bound.counter->number);
  if (!step || (step > 0) != bound.rises || !is_fixed(l, loop, bound.limit) ||
      counter->defined != ALWAYS || counter->value.kind != JIT_SCALAR || !counter->value.weak ||
      counter->value.dtype != QL_I64)
    return NULL;
  const Node *body = loop->items[1];
  Node *made = node_at(l, loop, NODE_FOR, NULL, 3),
       *block = node_at(l, body, NODE_BLOCK, NULL, body->count + 1);
  block->items[0] = break_unless(l, loop->items[0]);
  for (int k = 0; k < body->count; k++) block->items[k + 1] = body->items[k];
  made->number = loop->number, made->assigns = loop->assigns;
  made->items[0] = (Node *)bound.counter, made->items[1] = range_of(l, &bound, step);
  made->items[2] = block;
  return made;
}
