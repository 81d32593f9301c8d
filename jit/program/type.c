/* Types as text, in Numba's notation where it has one: f64, f64[:,:], f64[:,::1] (contiguous),
 * const f64[:] (readonly), (f64, int), named3 x y(f64, int), slice(int, int, none). Python's own
 * numbers are bool, int, float, complex. */
#include "program.h"

#include <stdio.h>

typedef struct Word {
  const char *text;
  JitType type;
} Word;

static const Word words[] = {
    {"none", {.kind = JIT_NONE}},
    {"unknown", {.kind = JIT_UNKNOWN}},
    {"dtype", {.kind = JIT_DTYPE}},
    {"text", {.kind = JIT_TEXT}},
    {"function", {.kind = JIT_FUNCTION}},
    {"range", {.kind = JIT_RANGE}},
    {"ellipsis", {.kind = JIT_ELLIPSIS}},
    {"bool", {.kind = JIT_SCALAR, .dtype = QL_BOOL, .weak = true}},
    {"int", {.kind = JIT_SCALAR, .dtype = QL_I64, .weak = true}},
    {"float", {.kind = JIT_SCALAR, .dtype = QL_F64, .weak = true}},
    {"complex", {.kind = JIT_SCALAR, .dtype = QL_C128, .weak = true}},
};
enum { WORDS = sizeof words / sizeof *words };

static bool begins(const char **text, const char *word) {
  size_t length = strlen(word);
  char next = (*text)[strncmp(*text, word, length) ? 0 : length];
  if (strncmp(*text, word, length) || (next >= 'a' && next <= 'z') || (next >= '0' && next <= '9'))
    return false;
  *text += length;
  return true;
}

/* What follows a dtype: [:,::1]. */
static const char *parse_axes(const char *text, JitType *type) {
  if (*text != '[') return text;
  type->kind = JIT_ARRAY, type->ndim = 0;
  for (text++; *text == ':'; text += *text == ',') {
    if (++type->ndim > QL_MAX_DIMS) return NULL;
    text++;
    if (text[0] == ':' && text[1] == '1') text += 2, type->contiguous = true;
    if (*text != ',' && *text != ']') return NULL;
  }
  return *text == ']' ? text + 1 : NULL;
}

static const char *parse_items(const char *text, QlPool *pool, JitType *type) {
  int room = 0;
  if (*text != '(') return NULL;
  for (text++; *text != ')';) {
    JitType item;
    if (!(text = jit_type_parse(text, pool, &item)) ||
        !ql_pool_grow(pool, &type->items, type->count, &room, sizeof item))
      return NULL;
    type->items[type->count++] = item;
    if (*text != ')' && *text != ',') return NULL;
    text += *text == ',';
    text += *text == ' ';
  }
  return text + 1;
}

/* Of a named tuple: what stands before its items. */
static const char *parse_name(const char *text, QlPool *pool, JitType *type) {
  size_t length = strcspn(text, "(");
  char *name = ql_pool_get(pool, length + 1);
  if (!name) return NULL;
  memcpy(name, text, length);
  name[length] = 0, type->named = name;
  return text + length;
}

/* A word before a type, and the space behind it. */
static bool flagged(const char **text, const char *word) {
  size_t length = strlen(word);
  if (strncmp(*text, word, length)) return false;
  *text += length;
  return true;
}

const char *jit_type_parse(const char *text, QlPool *pool, JitType *type) {
  bool ours = flagged(&text, "ours "), readonly = flagged(&text, "const "),
       on_ranks = flagged(&text, "ranks "), list = flagged(&text, "list ");
  *type = (JitType){.kind = JIT_TUPLE};
  if (flagged(&text, "named") && !(text = parse_name(text, pool, type))) return NULL;
  if (*text == '(') return parse_items(text, pool, type);
  *type = (JitType){.kind = JIT_SLICE};
  if (flagged(&text, "slice")) return parse_items(text, pool, type);
  for (int k = 0; k < WORDS; k++)
    if (begins(&text, words[k].text)) return *type = words[k].type, text;
  for (int dtype = 0; dtype < QL_DTYPE_COUNT; dtype++)
    if (begins(&text, ql_dtype_info[dtype].ir)) {
      *type = (JitType){.kind = JIT_SCALAR, .dtype = (uint8_t)dtype};
      text = parse_axes(text, type);
      type->readonly = readonly, type->ours = ours, type->list = list;
      if (type->kind == JIT_ARRAY && on_ranks) type->place = JIT_ON_RANKS;
      return text;
    }
  return NULL;
}

int jit_type_parts(const JitType *type) {
  if (type->kind == JIT_SCALAR) return !type->known;
  if (type->kind == JIT_ARRAY) return 2 + 2 * type->ndim;
  int count = 0;
  for (int k = 0; k < type->count; k++) count += jit_type_parts(&type->items[k]);
  return count;
}

typedef struct Text {
  char *at;
  size_t room, size;
} Text;

static void add(Text *text, const char *part) {
  for (; *part; part++, text->size++)
    if (text->size + 1 < text->room) text->at[text->size] = *part;
}

static void print(const JitType *type, Text *text) {
  if (type->kind == JIT_TUPLE || type->kind == JIT_SLICE) {
    if (type->named) add(text, "named"), add(text, type->named);
    add(text, type->kind == JIT_SLICE ? "slice(" : "(");
    for (int k = 0; k < type->count; k++) {
      print(&type->items[k], text);
      add(text, k + 1 < type->count ? ", " : type->count == 1 ? "," : "");
    }
    add(text, ")");
    return;
  }
  for (int k = 0; k < WORDS; k++) {
    const JitType *word = &words[k].type;
    if (word->kind == type->kind && type->kind != JIT_ARRAY &&
        (type->kind != JIT_SCALAR || (type->weak && word->dtype == type->dtype))) {
      add(text, words[k].text);
      return;
    }
  }
  if (type->kind != JIT_SCALAR && type->kind != JIT_ARRAY) return add(text, "?");
  if (type->ours) add(text, "ours ");
  if (type->readonly) add(text, "const ");
  if (type->place == JIT_ON_RANKS) add(text, "ranks ");
  if (type->list) add(text, "list ");
  add(text, ql_dtype_info[type->dtype].ir);
  if (type->kind != JIT_ARRAY) return;
  add(text, "[");
  for (int axis = 0; axis < type->ndim; axis++)
    add(text, axis + 1 < type->ndim ? ":," : type->contiguous ? "::1" : ":");
  add(text, "]");
}

size_t jit_type_print(const JitType *type, char *text, size_t room) {
  Text into = {.at = text, .room = room};
  print(type, &into);
  if (room) text[QL_MIN(into.size, room - 1)] = 0;
  return into.size;
}
