/* Loops in the making: what loops.c, items.c, comprehensions.c, chunks.c, nests.c and rows.c share.
 */
#ifndef QUELEA_JIT_LOOPS_H
#define QUELEA_JIT_LOOPS_H

#include "lower.h"

/* What a `for` goes through. */
typedef struct Items Items;
struct Items {
  JitRef count; /* i64 */
  Value (*item)(Lower *l, const Items *items, JitRef k);
  JitRef start, step; /* of a range */
  const Span *span;
  bool natural;
  int64_t floor;
  bool few; /* a known, small number: LLVM makes no loop of them */
  Value value;
  int inner_count; /* zip, enumerate, map: what they go through side by side */
  Items *inner;
};

/* What is to be forgotten when what was lowered since is taken back. */
typedef struct Kept {
  JitMark mark;
  Edges returns, breaks, continues;
  Edge *last[3];
  int refusals, raises, temporaries, nests;
  bool raised;
  const Region *region;
  Local *locals; /* those made since are built again: what they raise is forgotten */
} Kept;

/* ---- loops.c ---- */
Kept loop_keep(Lower *l, JitMark mark);
/* The variables become those of `entry`. */
void loop_take_back(Lower *l, const Kept *kept, const Variable *entry);
/* Goes through the items; what heads of loops in there are of is known from the last time. In a
 * nest whose loop may be left: whether it has been, a bool. */
Value loop_turns(Lower *l, const Node *node, const Items *items);
void loop_forget_heads(Lower *l, const Node *node);       /* found anew the next time */
void loop_drop(Lower *l, const Node *node, int variable); /* it has no value when a turn begins */

/* ---- items.c ---- */
/* Finds what a loop over the value goes through; false: refused. */
bool loop_items(Lower *l, const Node *node, const Value *value, Items *items);
/* The numbers of a range (start, stop, step) that is known; -1: it is not. */
int64_t loop_known_count(const Value *part);

#endif
