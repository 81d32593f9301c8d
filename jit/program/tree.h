/* The tree of a program, as it was read. */
#ifndef QUELEA_JIT_TREE_H
#define QUELEA_JIT_TREE_H

#include "program.h"

typedef enum NodeKind {
#define JIT_NODE(NAME, name) NODE_##NAME,
#include "nodes.def"
#undef JIT_NODE
  NODE_KINDS
} NodeKind;
extern const char *const jit_node_name[NODE_KINDS];

typedef struct Node Node;
struct Node {
  uint8_t kind;     /* NodeKind */
  uint16_t count;   /* of items */
  int line, column; /* of the user's source */
  int number; /* NAME, ARGUMENT: of the variable in its function; USE, CAPTURE, OUTER; FUNCTION,
                 FOR, WHILE: its own */
  const char *text; /* a name, a literal, an operator; NULL: none */
  Node **items;
  /* FUNCTION */
  int variables; /* how many names it has */
  const char **names;
  int loops;        /* and how many FOR and WHILE, which have numbers */
  uint8_t *assigns; /* FOR, WHILE: [variables] does the loop assign it? */
};

struct JitProgram {
  QlPool pool;
  JitKey key;
  int count, captures; /* functions; hidden arguments of the first one */
  Node **functions;
};

#endif
