/* Reads program text: nested lists, of which the first word is the kind of a node.
 *
 *   (assign@3:4 (name y) (binary@3:10 "add" (name x) (int "1")))
 *
 * A node without a position has that of the one around it. Names of variables are numbered, per
 * function. */
#include "tree.h"

#include <stdio.h>
#include <stdlib.h>

const char *const jit_node_name[NODE_KINDS] = {
#define JIT_NODE(NAME, name) [NODE_##NAME] = name,
#include "nodes.def"
#undef JIT_NODE
};

enum { MOST_ITEMS = 4096, MOST_DEPTH = 500 };

typedef struct Reader {
  const char *at, *begin;
  QlPool *pool;
  Node *function; /* around what is read */
  int room;       /* for its names */
  int depth;
  uint64_t hash[2];
  QlError *error;
} Reader;

static void *wrong(Reader *r, const char *what) {
  int line = 1, column = 1;
  for (const char *c = r->begin; c < r->at; c++)
    if (*c == '\n')
      line++, column = 1;
    else
      column++;
  ql_fail(r->error, QL_ERR_COMPILE, "program text %d:%d: %s", line, column, what);
  return NULL;
}

static void *out_of_memory(Reader *r) {
  ql_fail(r->error, QL_ERR_MEMORY, "out of memory for a program");
  return NULL;
}

static void skip(Reader *r) {
  while (*r->at == ' ' || *r->at == '\n') r->at++;
}

static bool is_word(char c) {
  return c && c != ' ' && c != '\n' && c != '(' && c != ')' && c != '@' && c != '"';
}

static void mix(Reader *r, const char *text, size_t size) {
  for (int k = 0; k < 2; k++)
    r->hash[k] = ql_mix(r->hash[k], ql_hash_bytes((uint64_t)k + 1, text, size));
}

/* A word, or what stands in quotes: \" \\ \n there. */
static const char *read_text(Reader *r) {
  bool quoted = *r->at == '"';
  const char *from = r->at + quoted, *end = from;
  if (quoted)
    while (*end && *end != '"') end += *end == '\\' && end[1] ? 2 : 1;
  else
    while (is_word(*end)) end++;
  if (quoted && !*end) return wrong(r, "a text without an end");
  char *text = ql_pool_get(r->pool, (size_t)(end - from) + 1), *to = text;
  if (!text) return out_of_memory(r);
  for (const char *c = from; c < end; c++)
    if (quoted && *c == '\\')
      c++, *to++ = *c == 'n' ? '\n' : *c;
    else
      *to++ = *c;
  *to = 0;
  mix(r, text, (size_t)(to - text));
  r->at = end + quoted;
  return text;
}

static int kind_named(const char *name) {
  for (int kind = 0; kind < NODE_KINDS; kind++)
    if (!strcmp(jit_node_name[kind], name)) return kind;
  return -1;
}

/* The number of a variable of the function. */
static int variable(Reader *r, const char *name) {
  Node *function = r->function;
  for (int v = 0; v < function->variables; v++)
    if (!strcmp(function->names[v], name)) return v;
  if (!ql_pool_grow(r->pool, &function->names, function->variables, &r->room,
                    sizeof *function->names)) {
    out_of_memory(r);
    return -1;
  }
  function->names[function->variables] = name;
  return function->variables++;
}

static bool read_place(Reader *r, Node *node) {
  if (*r->at != '@') return true;
  char *end;
  node->line = (int)strtol(r->at + 1, &end, 10);
  if (*end != ':') return wrong(r, "LINE:COLUMN was expected"), false;
  node->column = (int)strtol(end + 1, &end, 10);
  r->at = end;
  return true;
}

static Node *read_node(Reader *r, const Node *around);

static bool read_items(Reader *r, Node *node) {
  Node **items = NULL;
  int count = 0, room = 0;
  for (skip(r); *r->at != ')'; skip(r)) {
    if (*r->at != '(') {
      if (node->text || count) return wrong(r, "a node was expected"), false;
      if (!(node->text = read_text(r))) return false;
      continue;
    }
    Node *item = read_node(r, node);
    if (!item) return false;
    if (count == MOST_ITEMS) return wrong(r, "more than 4096 items"), false;
    if (!ql_pool_grow(r->pool, &items, count, &room, sizeof *items))
      return out_of_memory(r) != NULL;
    items[count++] = item;
  }
  r->at++;
  node->items = items, node->count = (uint16_t)count;
  return true;
}

/* What a node's number means follows from its kind. */
static bool number_node(Reader *r, Node *node) {
  bool named = node->kind == NODE_NAME || node->kind == NODE_ARGUMENT;
  if (!named && node->kind != NODE_USE && node->kind != NODE_CAPTURE && node->kind != NODE_OUTER)
    return true;
  if (!node->text) return wrong(r, "a node without its name"), false;
  if (named && !r->function) return wrong(r, "a name outside functions"), false;
  node->number = named ? variable(r, node->text) : atoi(node->text);
  return node->number >= 0;
}

static Node *read_node(Reader *r, const Node *around) {
  if (*r->at != '(') return wrong(r, "'(' was expected");
  if (++r->depth > MOST_DEPTH) return wrong(r, "nested deeper than 500 levels");
  r->at++;
  const char *name = read_text(r);
  Node *node = name ? ql_pool_zeros(r->pool, sizeof *node) : NULL, *outer = r->function;
  int room = r->room, kind = name ? kind_named(name) : 0;
  if (!name) return NULL;
  if (!node) return out_of_memory(r);
  if (kind < 0) return wrong(r, "no such kind of node");
  node->kind = (uint8_t)kind;
  if (around) node->line = around->line, node->column = around->column;
  if (kind == NODE_FUNCTION) r->function = node, r->room = 0;
  if (!read_place(r, node) || !read_items(r, node) || !number_node(r, node)) return NULL;
  mix(r, ")", 1);
  if (kind == NODE_FUNCTION) r->function = outer, r->room = room;
  r->depth--;
  return node;
}

/* ---- which variables loops assign ---- */

static void mark_targets(const Node *target, uint8_t *assigns) {
  if (target->kind == NODE_NAME) assigns[target->number] = 1;
  bool holds =
      target->kind == NODE_TUPLE || target->kind == NODE_LIST || target->kind == NODE_STARRED;
  for (int k = 0; k < target->count && holds; k++) mark_targets(target->items[k], assigns);
}

static void mark_assigned(const Node *node, uint8_t *assigns) {
  bool one = node->kind == NODE_AUGMENT || node->kind == NODE_FOR || node->kind == NODE_NAMED;
  int targets = node->kind == NODE_ASSIGN ? node->count - 1 : one;
  for (int k = 0; k < targets; k++) mark_targets(node->items[k], assigns);
  for (int k = 0; k < node->count; k++) mark_assigned(node->items[k], assigns);
}

static bool mark_loops(QlPool *pool, Node *function, Node *node) {
  if (node->kind == NODE_FOR || node->kind == NODE_WHILE) {
    if (!(node->assigns = ql_pool_zeros(pool, (size_t)function->variables + 1))) return false;
    mark_assigned(node, node->assigns);
    node->number = function->loops++;
  }
  for (int k = 0; k < node->count; k++)
    if (!mark_loops(pool, function, node->items[k])) return false;
  return true;
}

static bool set_functions(Reader *r, JitProgram *program, Node *top) {
  program->functions = top->items, program->count = top->count;
  if (!top->count) return wrong(r, "a program without functions"), false;
  for (int k = 0; k < top->count; k++) {
    if (top->items[k]->kind != NODE_FUNCTION || !top->items[k]->count)
      return wrong(r, "a function was expected"), false;
    top->items[k]->number = k;
    if (!mark_loops(r->pool, top->items[k], top->items[k])) return out_of_memory(r) != NULL;
  }
  program->captures = top->text ? atoi(top->text) : 0;
  return true;
}

QlStatus jit_program_parse(const char *text, JitProgram **program, QlError *error) {
  *program = calloc(1, sizeof **program);
  if (!*program) return ql_fail(error, QL_ERR_MEMORY, "out of memory for a program");
  Reader r = {.at = text, .begin = text, .pool = &(*program)->pool, .error = error};
  skip(&r);
  Node *top = read_node(&r, NULL);
  skip(&r);
  if (top && *r.at) top = wrong(&r, "the end was expected");
  if (top && top->kind != NODE_PROGRAM) top = wrong(&r, "a program was expected");
  if (top && set_functions(&r, *program, top)) {
    memcpy((*program)->key.word, r.hash, sizeof r.hash);
    return QL_OK;
  }
  jit_program_free(*program);
  *program = NULL;
  return error->status;
}

void jit_program_free(JitProgram *program) {
  if (!program) return;
  ql_pool_free(&program->pool);
  free(program);
}

JitKey jit_program_key(const JitProgram *program) { return program->key; }
