/* Which loops are dimensions of a nest, found by the text alone: those over range(...) whose
 * variable stands once in the index of all that is stored, or in some index where terms are put
 * together; and which loops would make every rank look at element after element, which is refused.
 */
#include "nest.h"

#include <string.h>

/* ---- what is in a text ---- */

bool nest_mentions(const Node *node, int variable) {
  if (node->kind == NODE_NAME && node->number == variable) return true;
  for (int k = 0; k < node->count; k++)
    if (nest_mentions(node->items[k], variable)) return true;
  return false;
}

/* The same, but for what stands in indices. */
static bool mentions_outside(const Node *node, int variable) {
  if (node->kind == NODE_NAME && node->number == variable) return true;
  for (int k = 0; k < node->count && node->kind != NODE_INDEX; k++)
    if (mentions_outside(node->items[k], variable)) return true;
  return false;
}

static bool has_outer(const Node *node, int function) {
  if (node->kind == NODE_OUTER && node->number == function) return true;
  for (int k = 0; k < node->count; k++)
    if (has_outer(node->items[k], function)) return true;
  return false;
}

bool nest_has_inner(const Lower *l) {
  bool found = false;
  for (int f = 0; f < l->program->count && !found; f++)
    found = has_outer(l->program->functions[f], l->frame->function->number);
  return found;
}

/* The value that a name stands for, without evaluating anything; NULL: it is no name. */
static const Value *named(const Lower *l, const Node *node) {
  if (node->kind == NODE_CAPTURE) return &l->captures[node->number];
  if (node->kind == NODE_OUTER) return low_outer(l, node);
  if (node->kind != NODE_NAME || l->frame->now[node->number].defined != ALWAYS) return NULL;
  return &l->frame->now[node->number].value;
}

/* Is it an array on ranks, or one that would be if all were? */
static bool is_on_ranks(const Lower *l, const Node *node) {
  const Value *value = named(l, node);
  if (!value || value->kind != JIT_ARRAY || value->array->list) return false;
  return value->array->place == JIT_ON_RANKS || (l->trees && value->array->place == JIT_IN_MEMORY);
}

/* The components of an index. */
static int index_parts(const Node *index, Node *const **parts) {
  const Node *whole = index->items[1];
  *parts = whole->kind == NODE_TUPLE ? whole->items : index->items + 1;
  return whole->kind == NODE_TUPLE ? whole->count : 1;
}

static bool is_element(const Lower *l, const Node *node) {
  Node *const *parts;
  if (node->kind != NODE_INDEX || !is_on_ranks(l, node->items[0])) return false;
  for (int count = index_parts(node, &parts), k = 0; k < count; k++)
    if (parts[k]->kind == NODE_SLICE || parts[k]->kind == NODE_ELLIPSIS ||
        parts[k]->kind == NODE_NONE)
      return false;
  return true;
}

typedef struct Stores {
  const Node *element[NEST_ARRAYS];
  int count;
  bool whole; /* something is done with whole arrays */
} Stores;

static void add_target(const Lower *l, const Node *target, Stores *stores) {
  if (target->kind == NODE_TUPLE || target->kind == NODE_LIST)
    for (int k = 0; k < target->count; k++) add_target(l, target->items[k], stores);
  if (target->kind == NODE_INDEX && is_on_ranks(l, target->items[0])) {
    if (is_element(l, target) && stores->count < NEST_ARRAYS)
      stores->element[stores->count++] = target;
    else
      stores->whole = true;
  }
  if (target->kind == NODE_NAME && is_on_ranks(l, target)) stores->whole = true;
}

static void find_stores(const Lower *l, const Node *node, Stores *stores) {
  if (node->kind == NODE_ASSIGN)
    for (int k = 0; k + 1 < node->count; k++) add_target(l, node->items[k], stores);
  if (node->kind == NODE_AUGMENT) add_target(l, node->items[0], stores);
  for (int k = 0; k < node->count; k++) find_stores(l, node->items[k], stores);
}

/* Can it leave the loop before its end? */
static bool leaves(const Node *node, bool inside) {
  if (node->kind == NODE_RETURN || (node->kind == NODE_BREAK && !inside)) return true;
  bool loop = node->kind == NODE_FOR || node->kind == NODE_WHILE;
  for (int k = 0; k < node->count; k++)
    if (leaves(node->items[k], inside || loop)) return true;
  return false;
}

/* Can it begin the next turn before the last statement, which is the next loop? */
static bool skips(const Node *node, bool last) {
  if (node->kind == NODE_CONTINUE) return true;
  if (node->kind == NODE_FOR || node->kind == NODE_WHILE) return false;
  for (int k = 0; k < node->count - last; k++)
    if (skips(node->items[k], false)) return true;
  return false;
}

bool nest_is_range(const Node *node) {
  return node->kind == NODE_FOR && node->items[0]->kind == NODE_NAME &&
         node->items[1]->kind == NODE_CALL && node->items[1]->items[0]->kind == NODE_REF &&
         !strcmp(node->items[1]->items[0]->text, "range");
}
/* Without an else. */
static bool is_range_loop(const Node *node) { return node->count == 3 && nest_is_range(node); }

static bool touches_elements(const Lower *l, const Node *node, int variable);

/* In how many components of an index does it stand? What elements hold selects nothing where it
 * stands elsewhere too. */
static int selected(const Node *index, int variable) {
  Node *const *parts;
  int count = index_parts(index, &parts), by_itself = 0, anyhow = 0;
  for (int k = 0; k < count; k++) {
    anyhow += nest_mentions(parts[k], variable);
    by_itself += mentions_outside(parts[k], variable);
  }
  return by_itself ? by_itself : anyhow;
}

/* Does the loop's variable stand in one component of the index of each store? Of what is reduced
 * each iteration has a term, so it only has to stand in some index. */
static bool selects(const Lower *l, const Node *loop, const Stores *stores, const Sums *sums) {
  if (!stores->count) return sums->count && touches_elements(l, loop, loop->items[0]->number);
  for (int s = 0; s < stores->count; s++)
    if (selected(stores->element[s], loop->items[0]->number) != 1) return false;
  return true;
}

static bool is_property(const Node *node);

/* Is it the same for all iterations around it, as long as the variables in it are? */
bool low_is_fixed(const Node *node) {
  static const char *const functions[] = {"range", "min", "max", "abs", "int"};
  bool known = false;
  if (is_property(node)) return true;
  switch (node->kind) {
    case NODE_NAME:
    case NODE_CAPTURE:
    case NODE_OUTER:
    case NODE_INT:
    case NODE_TRUE:
    case NODE_FALSE: return true;
    case NODE_INDEX: return is_property(node->items[0]) && low_is_fixed(node->items[1]);
    case NODE_CALL:
      for (int k = 0; k < (int)(sizeof functions / sizeof *functions); k++)
        known |= node->items[0]->kind == NODE_REF && !strcmp(node->items[0]->text, functions[k]);
      if (!known) return false;
      break;
    case NODE_BINARY:
    case NODE_UNARY: break;
    default: return false;
  }
  for (int k = node->kind == NODE_CALL; k < node->count; k++)
    if (!low_is_fixed(node->items[k])) return false;
  return true;
}

int nest_dimensions(const Lower *l, const Node *node, const Node **loops) {
  Stores stores = {0};
  Sums sums;
  int count = 0;
  if (!is_range_loop(node)) return 0;
  find_stores(l, node, &stores);
  nest_find_sums(l, node, &sums);
  if (stores.whole) return 0;
  for (const Node *loop = node; count < QL_MAX_DIMS && is_range_loop(loop);) {
    bool depends = count && !low_is_fixed(loop->items[1]); /* on what an iteration around it does */
    for (int k = 0; k < count; k++) depends |= loop->items[0]->number == loops[k]->items[0]->number;
    for (int v = 0; v < l->frame->function->variables && count; v++)
      depends |= node->assigns[v] && nest_mentions(loop->items[1], v);
    if (depends || !selects(l, loop, &stores, &sums) || leaves(loop->items[2], false)) break;
    loops[count++] = loop;
    const Node *block = loop->items[2];
    bool sums_before = sums.count && skips(block, true); /* the next loop: they are this one's */
    for (int k = 0; k + 1 < block->count; k++) sums_before |= nest_is_sum(&sums, block->items[k]);
    if (sums_before) break;
    loop = loop->items[2]->items[loop->items[2]->count - 1];
  }
  return count;
}

bool nest_selects_rows(const Lower *l, const Node *node) {
  Stores stores = {0};
  if (!nest_is_plain(node)) return false;
  find_stores(l, node, &stores);
  for (int s = 0; s < stores.count; s++)
    if (!nest_mentions(stores.element[s]->items[1], node->items[0]->number)) return false;
  return stores.count && !stores.whole;
}

/* The array that an index stands behind, by its name: a number; -1: it has none. */
static int name_of(const Node *index) {
  return index->items[0]->kind == NODE_NAME ? index->items[0]->number : -1;
}

/* Is it the variable, times and plus what it is not in? */
static bool is_of(const Node *node, int variable) {
  if (node->kind == NODE_NAME) return node->number == variable;
  if (node->kind == NODE_UNARY)
    return !strcmp(node->text, "neg") && is_of(node->items[0], variable);
  if (node->kind != NODE_BINARY ||
      (strcmp(node->text, "add") != 0 && strcmp(node->text, "sub") != 0 &&
       strcmp(node->text, "mul") != 0))
    return false;
  bool left = nest_mentions(node->items[0], variable),
       right = nest_mentions(node->items[1], variable);
  return left != right && is_of(node->items[left ? 0 : 1], variable);
}

static bool has_row_of(const Node *index, int variable) {
  Node *const *parts;
  for (int count = index_parts(index, &parts), k = 0; k < count; k++)
    if (is_of(parts[k], variable)) return true;
  return false;
}

bool nest_selects_some(const Lower *l, const Node *node) {
  Stores stores = {0};
  find_stores(l, node, &stores);
  for (int s = 0; s < stores.count; s++) {
    bool some = false;
    for (int k = 0; k < stores.count; k++)
      some |= name_of(stores.element[k]) == name_of(stores.element[s]) &&
              has_row_of(stores.element[k], node->items[0]->number);
    if (!some) return false;
  }
  return stores.count && !stores.whole;
}

/* ---- what every rank would do element by element ---- */

static bool touches_elements(const Lower *l, const Node *node, int variable) {
  if (is_element(l, node) && nest_mentions(node->items[1], variable)) return true;
  for (int k = 0; k < node->count; k++)
    if (touches_elements(l, node->items[k], variable)) return true;
  return false;
}

/* What is known of an array without looking at it. */
static bool is_property(const Node *node) {
  static const char *const names[] = {"shape", "size", "ndim", "dtype", "nbytes", "itemsize"};
  for (int k = 0; node->kind == NODE_ATTR && k < (int)(sizeof names / sizeof *names); k++)
    if (!strcmp(node->text, names[k])) return true;
  return node->kind == NODE_CALL && node->items[0]->kind == NODE_REF &&
         !strcmp(node->items[0]->text, "len");
}

/* Is there work for all ranks in the loop: a nest, or something with whole arrays? */
static bool has_work(const Lower *l, const Node *node) {
  const Node *loops[QL_MAX_DIMS];
  if (node->kind == NODE_FOR && nest_dimensions(l, node, loops)) return true;
  if (is_element(l, node)) return has_work(l, node->items[1]);
  if (is_property(node)) return false;
  if (is_on_ranks(l, node)) return true;
  for (int k = 0; k < node->count; k++)
    if (has_work(l, node->items[k])) return true;
  return false;
}

static const char *why_not(const Lower *l, const Node *node) {
  Stores stores = {0};
  if (node->kind != NODE_FOR) return "it is no for loop over range(...)";
  find_stores(l, node, &stores);
  if (!stores.count)
    return "it only reads elements, into variables that go from turn to turn, and are no sums, "
           "products, counts, maxima or minima";
  if (!selects(l, node, &stores, &(Sums){0}))
    return "what it stores is not selected by its variable, once in each index";
  return "it is not over range(...) with one name, or has an else";
}

bool nest_ends_early(const Node *loop) { return leaves(loop->items[2], false); }
bool nest_is_plain(const Node *node) { return is_range_loop(node) && !nest_ends_early(node); }

bool nest_is_by_element(const Lower *l, const Node *node, const Node *body) {
  bool found = false;
  for (int v = 0; v < l->frame->function->variables; v++)
    found |= node->assigns[v] && touches_elements(l, body, v);
  return found && !has_work(l, body);
}

/* Does it touch no element by what the loop assigns, but in loops inside? */
static bool touches_inside(const Lower *l, const Node *loop, const Node *node) {
  if (node != loop && (node->kind == NODE_WHILE || nest_is_range(node))) return true;
  for (int v = 0; v < l->frame->function->variables && is_element(l, node); v++)
    if (loop->assigns[v] && nest_mentions(node->items[1], v)) return false;
  for (int k = 0; k < node->count; k++)
    if (!touches_inside(l, loop, node->items[k])) return false;
  return true;
}

bool nest_is_around(const Lower *l, const Node *loop) { return touches_inside(l, loop, loop); }

void nest_refuse_by_element(Lower *l, const Node *node) {
  low_refuse(l, node, "QJ402",
             low_text(l,
                      "this loop over a distributed array is not one whose iterations can be "
                      "shared out: %s",
                      why_not(l, node)),
             "store elements of arrays in it, or put numbers together, in a loop over range(...)");
}
