/* The text form read back. jit/ir.md has the grammar; a line is a declaration, the head of a block
 * or an instruction.
 *
 * Values and blocks may be named before they are defined (by phis and jumps), so while reading,
 * arguments and targets are indices of names; the end of the text resolves them. What the text
 * means is not checked here: jit_verify does that. */
#include "ir.h"

#include <ctype.h>
#include <errno.h>
#include <locale.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct Name {
  const char *text; /* in the source */
  size_t length;
  uint32_t id; /* of the instruction; of the block plus 1; 0: not defined yet */
} Name;

typedef struct Names {
  Name *items;
  uint32_t count, room;
  uint32_t *slots; /* [slot_count] open addressing, by hash: indices of items plus 1; 0: free */
  uint32_t slot_count;
} Names;

typedef struct Parser {
  const char *text, *at;
  JitFn *module, *fn;   /* fn: of the module, the one being read */
  Names values, blocks; /* of fn */
  Names functions;      /* of the module: its local functions; id: its number plus 1 */
  bool in_block;        /* the last block of fn is open */
  locale_t plain;       /* numbers have a dot, whatever the process speaks */
  QlError *error;
} Parser;

/* ---- words ---- */

__attribute__((format(printf, 3, 4))) static QlStatus fail_at(Parser *p, const char *where,
                                                              const char *format, ...) {
  int line = 1;
  const char *start = p->text;
  for (const char *c = p->text; c < where; c++)
    if (*c == '\n') line++, start = c + 1;
  char text[256];
  va_list args;
  va_start(args, format);
  vsnprintf(text, sizeof text, format, args);
  va_end(args);
  return ql_fail(p->error, QL_ERR_COMPILE, "%d:%d: %s", line, (int)(where - start) + 1, text);
}

static void skip_spaces(Parser *p) {
  while (*p->at == ' ' || *p->at == '\t' || *p->at == '\r') p->at++;
}

static void skip_lines(Parser *p) {
  for (;; p->at++) {
    skip_spaces(p);
    if (*p->at == '#') p->at += strcspn(p->at, "\n");
    if (*p->at != '\n') return;
  }
}

/* Takes the token when it is next; a word must end there. */
static bool take(Parser *p, const char *token) {
  skip_spaces(p);
  size_t length = strlen(token);
  if (strncmp(p->at, token, length)) return false;
  char next = p->at[length];
  if (isalpha((unsigned char)token[0]) && (isalnum((unsigned char)next) || next == '_'))
    return false;
  p->at += length;
  return true;
}

static QlStatus expect(Parser *p, const char *token) {
  if (take(p, token)) return QL_OK;
  return fail_at(p, p->at, "expected '%s'", token);
}

static QlStatus take_integer(Parser *p, int64_t low, int64_t high, int64_t *value) {
  skip_spaces(p);
  char *end;
  errno = 0;
  *value = strtoll(p->at, &end, 10);
  if (end == p->at || isspace((unsigned char)*p->at))
    return fail_at(p, p->at, "expected a whole number");
  if (errno || *value < low || *value > high)
    return fail_at(p, p->at, "%.*s is out of range", (int)(end - p->at), p->at);
  p->at = end;
  return QL_OK;
}

/* One of `count` words by its index; `what` is the kind of word. */
static QlStatus take_word(Parser *p, const char *what, const char *const *words, int count,
                          uint8_t *index) {
  for (int w = 0; w < count; w++)
    if (take(p, words[w])) return *index = (uint8_t)w, QL_OK;
  return fail_at(p, p->at, "expected %s", what);
}

static QlStatus take_dtype(Parser *p, uint8_t *dtype) {
  for (int d = 0; d < QL_DTYPE_COUNT; d++)
    if (take(p, ql_dtype_info[d].ir)) return *dtype = (uint8_t)d, QL_OK;
  return fail_at(p, p->at, "expected a dtype");
}

static uint32_t *slot_of(const Names *names, const char *text, size_t length) {
  uint32_t mask = names->slot_count - 1, slot = (uint32_t)ql_hash_bytes(0, text, length) & mask;
  for (; names->slots[slot]; slot = (slot + 1) & mask) {
    const Name *name = &names->items[names->slots[slot] - 1];
    if (name->length == length && !memcmp(name->text, text, length)) break;
  }
  return &names->slots[slot];
}

/* Room for one name more; false: out of memory. */
static bool make_room(Parser *p, Names *names) {
  if (!ir_grow(p->fn, &names->items, &names->room, names->count + 1, sizeof *names->items))
    return false;
  if (2 * (names->count + 1) <= names->slot_count) return true;
  uint32_t more = names->slot_count ? 2 * names->slot_count : 16;
  names->slots = ql_pool_zeros(p->fn->pool, more * sizeof *names->slots);
  names->slot_count = more;
  for (uint32_t n = 0; names->slots && n < names->count; n++)
    *slot_of(names, names->items[n].text, names->items[n].length) = n + 1;
  return names->slots != NULL;
}

static void forget(Names *names) {
  names->count = 0;
  if (names->slots) memset(names->slots, 0, names->slot_count * sizeof *names->slots);
}

/* A name behind %, @ or @@; gives its index. */
static QlStatus take_name(Parser *p, const char *sigil, Names *names, uint32_t *index) {
  QL_TRY(expect(p, sigil));
  const char *start = p->at;
  while (isalnum((unsigned char)*p->at) || *p->at == '_') p->at++;
  size_t length = (size_t)(p->at - start);
  if (!length) return fail_at(p, start, "expected a name");
  if (!make_room(p, names)) return QL_ERR_MEMORY;
  uint32_t *slot = slot_of(names, start, length);
  if (!*slot) {
    names->items[names->count++] = (Name){.text = start, .length = length};
    *slot = names->count;
  }
  *index = *slot - 1;
  return QL_OK;
}

/* ---- constants ---- */

static QlStatus take_float(Parser *p, QlDtype dtype, QlValue *value) {
  skip_spaces(p);
  char *end;
  *value = (QlValue){.bits = {0, 0}};
  if (take(p, "bits")) {
    skip_spaces(p);
    errno = 0;
    value->u = strtoull(p->at, &end, 16);
    if (!isxdigit((unsigned char)*p->at)) return fail_at(p, p->at, "expected the bits of a number");
    if (errno || value->u > UINT64_MAX >> (64 - 8 * ql_dtype_info[dtype].size))
      return fail_at(p, p->at, "%.*s is out of range", (int)(end - p->at), p->at);
  } else if (dtype == QL_F32) {
    value->f = strtof_l(p->at, &end, p->plain);
  } else {
    double number = strtod_l(p->at, &end, p->plain);
    if (dtype == QL_F64)
      value->d = number;
    else
      value->h = ql_half_from_double(number);
  }
  if (end == p->at || isspace((unsigned char)*p->at)) return fail_at(p, p->at, "expected a number");
  p->at = end;
  return QL_OK;
}

static QlStatus take_unsigned(Parser *p, uint64_t high, QlValue *value) {
  skip_spaces(p);
  char *end;
  errno = 0;
  value->u = strtoull(p->at, &end, 10);
  if (!isdigit((unsigned char)*p->at))
    return fail_at(p, p->at, "expected a whole number without sign");
  if (errno || value->u > high)
    return fail_at(p, p->at, "%.*s is out of range", (int)(end - p->at), p->at);
  p->at = end;
  return QL_OK;
}

static QlStatus take_constant(Parser *p, QlDtype dtype, QlValue *value) {
  int width = ql_dtype_info[dtype].size * 8;
  QlDtype part = (QlDtype)ql_dtype_info[dtype].part;
  QlValue re, im;
  switch (ql_dtype_info[dtype].kind) {
    case QL_KIND_BOOL:
      value->u = take(p, "true");
      return value->u || take(p, "false") ? QL_OK : fail_at(p, p->at, "expected true or false");
    case QL_KIND_INT:
      return take_integer(p, INT64_MIN >> (64 - width), INT64_MAX >> (64 - width), &value->i);
    case QL_KIND_UINT: return take_unsigned(p, UINT64_MAX >> (64 - width), value);
    case QL_KIND_FLOAT: return take_float(p, dtype, value);
    default: break;
  }
  QL_TRY(expect(p, "("));
  QL_TRY(take_float(p, part, &re));
  QL_TRY(expect(p, ","));
  QL_TRY(take_float(p, part, &im));
  *value = dtype == QL_C64 ? (QlValue){.c = {re.f, im.f}} : (QlValue){.z = {re.d, im.d}};
  return expect(p, ")");
}

/* ---- instructions ---- */

static QlStatus take_number(Parser *p, const char *sigil, int32_t *number) {
  int64_t value;
  QL_TRY(expect(p, sigil));
  QL_TRY(take_integer(p, 0, INT32_MAX, &value));
  *number = (int32_t)value;
  return QL_OK;
}

static QlStatus take_load(Parser *p, IrIns *ins) {
  JitFn *fn = p->fn;
  QL_TRY(take_number(p, "$", &ins->number));
  QL_TRY(expect(p, "["));
  ins->extra = fn->offset_count;
  if (!ir_grow(fn, &fn->offsets, &fn->offset_room, fn->offset_count + (uint32_t)fn->rank,
               sizeof *fn->offsets))
    return QL_ERR_MEMORY;
  for (int axis = 0; axis < fn->rank; axis++) {
    int64_t offset;
    if (axis) QL_TRY(expect(p, ","));
    QL_TRY(take_integer(p, INT32_MIN, INT32_MAX, &offset));
    fn->offsets[fn->offset_count++] = (int32_t)offset;
  }
  return expect(p, "]");
}

static QlStatus take_phi(Parser *p, IrIns *ins) {
  JitFn *fn = p->fn;
  do {
    uint32_t block, value;
    QL_TRY(take_name(p, "@", &p->blocks, &block));
    QL_TRY(take_name(p, "%", &p->values, &value));
    if (!ir_grow(fn, &fn->phis, &fn->phi_room, fn->phi_count + 1, sizeof *fn->phis))
      return QL_ERR_MEMORY;
    if (ins->count++)
      fn->phis[fn->phi_count - 1].next = fn->phi_count;
    else
      ins->extra = fn->phi_count;
    fn->phis[fn->phi_count++] = (IrPhi){.block = block, .value = value};
  } while (take(p, ","));
  return QL_OK;
}

static QlStatus take_args(Parser *p, IrIns *ins) {
  for (int a = 0, count = ir_arg_count(ins); a < count; a++) {
    if (a) QL_TRY(expect(p, ","));
    QL_TRY(take_name(p, "%", &p->values, &ins->args[a]));
  }
  return QL_OK;
}

/* %base + %offset */
static QlStatus take_address(Parser *p, IrIns *ins) {
  QL_TRY(take_name(p, "%", &p->values, &ins->args[0]));
  QL_TRY(expect(p, "+"));
  return take_name(p, "%", &p->values, &ins->args[1]);
}

/* As many as there are: whether the function takes them is seen later. */
static QlStatus take_list(Parser *p, IrIns *ins) {
  JitFn *fn = p->fn;
  ins->extra = fn->list_count;
  skip_spaces(p);
  if (*p->at != '%') return QL_OK;
  do {
    if (!ir_grow(fn, &fn->lists, &fn->list_room, fn->list_count + 1, sizeof *fn->lists))
      return QL_ERR_MEMORY;
    uint32_t *name = &fn->lists[fn->list_count++];
    ins->count++;
    QL_TRY(take_name(p, "%", &p->values, name));
  } while (take(p, ","));
  return QL_OK;
}

/* named: it stands behind "=". */
static QlStatus take_host(Parser *p, bool named, IrIns *ins) {
  ins->kind = IR_HOST;
  skip_spaces(p);
  const char *start = p->at;
  for (int host = 0; host < JIT_HOST_COUNT; host++) {
    const IrHost *info = &ir_host[host];
    if (!take(p, info->name)) continue;
    if (named != (info->result != QL_DTYPE_NONE))
      return fail_at(p, start, "%s gives %s", info->name, named ? "no value" : "a value");
    ins->number = host;
    return take_list(p, ins);
  }
  return fail_at(p, start, "expected a function of the host");
}

static QlStatus take_reduction(Parser *p, uint8_t *reduction) {
  for (int r = 0; r < IR_REDUCTIONS; r++)
    if (take(p, ql_reduction_info[r].name)) return *reduction = (uint8_t)r, QL_OK;
  return fail_at(p, p->at, "expected a reduction");
}

static QlStatus take_reduce(Parser *p, IrIns *ins) {
  QL_TRY(take_reduction(p, &ins->op));
  QL_TRY(take_word(p, "leaves, branches, tree or whole", ir_form_name, IR_FORMS, &ins->form));
  return take_args(p, ins);
}

static QlStatus take_call(Parser *p, IrIns *ins) {
  uint32_t name;
  QL_TRY(take_name(p, "@@", &p->functions, &name));
  ins->number = (int32_t)name;
  return take_list(p, ins);
}

/* What stands behind "=". */
static QlStatus take_computation(Parser *p, IrIns *ins) {
  ins->kind = IR_CONST;
  if (take(p, "const")) return take_constant(p, (QlDtype)ins->dtype, &ins->value);
  ins->kind = IR_PARAM;
  if (take(p, "param")) return take_number(p, "?", &ins->number);
  ins->kind = IR_INDEX;
  if (take(p, "index")) return take_number(p, "", &ins->number);
  ins->kind = IR_LOAD;
  if (take(p, "load")) {
    if (!take(p, "at")) return take_load(p, ins);
    ins->kind = IR_LOAD_AT;
    QL_TRY(take_address(p, ins));
    if (!take(p, "where")) return QL_OK;
    ins->count = 1;
    return take_name(p, "%", &p->values, &ins->args[2]);
  }
  ins->kind = IR_STACK;
  if (take(p, "stack")) return take_number(p, "", &ins->number);
  if (take(p, "host")) return take_host(p, true, ins);
  ins->kind = IR_LANE;
  if (take(p, "lane")) return QL_OK;
  ins->kind = IR_SPREAD;
  if (take(p, "spread")) return take_args(p, ins);
  ins->kind = IR_SOME;
  if (take(p, "some")) return take_args(p, ins);
  ins->kind = IR_CALL;
  if (take(p, "call")) return take_call(p, ins);
  ins->kind = IR_PHI;
  if (take(p, "phi")) return take_phi(p, ins);
  ins->kind = IR_REDUCE;
  if (take(p, "reduce")) return take_reduce(p, ins);
  ins->kind = IR_CAST;
  if (take(p, "cast")) return take_args(p, ins);
  ins->kind = IR_OP;
  for (int op = 0; op < QL_OP_COUNT; op++)
    if (take(p, ql_op_info[op].name)) return ins->op = (uint8_t)op, take_args(p, ins);
  return fail_at(p, p->at, "expected an operation");
}

static QlStatus take_type(Parser *p, IrIns *ins) {
  QL_TRY(take_dtype(p, &ins->dtype));
  if (take(p, "x")) {
    int64_t lanes;
    QL_TRY(take_integer(p, 2, IR_MOST_LANES, &lanes));
    return ins->lanes = (uint8_t)lanes, QL_OK;
  }
  if (!take(p, "[")) return QL_OK;
  do {
    bool line = !ins->line && take(p, "-");
    if (line) ins->line = true, ins->axis = ins->rank;
    if (!line) QL_TRY(expect(p, ":"));
    if (++ins->rank > QL_MAX_DIMS) return fail_at(p, p->at, "more than %d dimensions", QL_MAX_DIMS);
  } while (take(p, ","));
  return expect(p, "]");
}

static QlStatus take_source(Parser *p, IrIns *ins) {
  return take(p, "!") ? take_integer(p, 1, INT64_MAX, &ins->source.at) : QL_OK;
}

static QlStatus append(Parser *p, IrIns *ins) {
  QL_TRY(take_source(p, ins));
  return ir_append(p->fn, p->fn->block_count - 1, ins) ? QL_OK : QL_ERR_MEMORY;
}

static QlStatus take_definition(Parser *p) {
  IrIns ins = {0};
  uint32_t name;
  const char *start = p->at;
  QL_TRY(take_name(p, "%", &p->values, &name));
  if (p->values.items[name].id)
    return fail_at(p, start, "%.*s is defined twice", (int)(p->at - start), start);
  QL_TRY(expect(p, ":"));
  QL_TRY(take_type(p, &ins));
  QL_TRY(expect(p, "="));
  p->values.items[name].id = p->fn->ins_count;
  QL_TRY(take_computation(p, &ins));
  ins.value = ir_canonical((QlDtype)ins.dtype, ins.value);
  return append(p, &ins);
}

static QlStatus take_jump(Parser *p, IrEnd end) {
  IrBlock *block = &p->fn->blocks[p->fn->block_count - 1];
  p->in_block = false;
  block->end = (uint8_t)end;
  if (end == IR_RET) return p->fn->name ? take_name(p, "%", &p->values, &block->condition) : QL_OK;
  if (end == IR_JNZ) {
    QL_TRY(take_name(p, "%", &p->values, &block->condition));
    QL_TRY(expect(p, ","));
  }
  QL_TRY(take_name(p, "@", &p->blocks, &block->to[0]));
  block->to[1] = block->to[0];
  if (end == IR_JMP) return QL_OK;
  QL_TRY(expect(p, ","));
  return take_name(p, "@", &p->blocks, &block->to[1]);
}

static QlStatus take_block_line(Parser *p) {
  IrIns ins = {0};
  if (*p->at == '%') return take_definition(p);
  if (take(p, "host")) {
    QL_TRY(take_host(p, false, &ins));
    return append(p, &ins);
  }
  if (take(p, "store")) {
    if (take(p, "at")) {
      ins.kind = IR_STORE_AT;
      QL_TRY(take_address(p, &ins));
      QL_TRY(expect(p, ","));
      QL_TRY(take_name(p, "%", &p->values, &ins.args[2]));
      return append(p, &ins);
    }
    ins.kind = IR_STORE;
    QL_TRY(take_number(p, "$", &ins.number));
    QL_TRY(expect(p, ","));
    QL_TRY(take_args(p, &ins));
    return append(p, &ins);
  }
  if (take(p, "ret")) return take_jump(p, IR_RET);
  if (take(p, "jmp")) return take_jump(p, IR_JMP);
  if (take(p, "jnz")) return take_jump(p, IR_JNZ);
  return fail_at(p, p->at, "expected an instruction, ret, jmp or jnz");
}

/* ---- declarations ---- */

static QlStatus take_array(Parser *p) {
  JitFn *fn = p->fn;
  const char *start = p->at;
  int32_t number;
  IrArray array = {0};
  QL_TRY(take_number(p, "$", &number));
  if ((uint32_t)number != fn->array_count)
    return fail_at(p, start, "expected operand $%u", fn->array_count);
  QL_TRY(expect(p, ":"));
  QL_TRY(take_dtype(p, &array.dtype));
  QL_TRY(take_word(p, "read, write, update or stream", ir_access_name, IR_ACCESSES, &array.access));
  QL_TRY(expect(p, "("));
  for (int axis = 0; axis < fn->rank; axis++) {
    if (axis) QL_TRY(expect(p, ","));
    QL_TRY(take_word(p, "zero, unit or any", ir_stride_name, IR_STRIDES, &array.stride[axis]));
  }
  QL_TRY(expect(p, ")"));
  if (!ir_grow(fn, &fn->arrays, &fn->array_room, fn->array_count + 1, sizeof *fn->arrays))
    return QL_ERR_MEMORY;
  fn->arrays[fn->array_count++] = array;
  return QL_OK;
}

static QlStatus take_param(Parser *p) {
  JitFn *fn = p->fn;
  const char *start = p->at;
  int32_t number;
  uint8_t dtype = 0;
  QL_TRY(take_number(p, "?", &number));
  if ((uint32_t)number != fn->param_count)
    return fail_at(p, start, "expected parameter ?%u", fn->param_count);
  QL_TRY(expect(p, ":"));
  QL_TRY(take_dtype(p, &dtype));
  return jit_fn_param(fn, (QlDtype)dtype), QL_OK;
}

static QlStatus take_head(Parser *p) {
  const char *start = p->at;
  uint32_t name;
  QL_TRY(take_name(p, "@", &p->blocks, &name));
  if (p->blocks.items[name].id)
    return fail_at(p, start, "%.*s is defined twice", (int)(p->at - start), start);
  JitBlock block = jit_block_new(p->fn);
  p->blocks.items[name].id = block.id + 1;
  p->in_block = true;
  return QL_OK;
}

static QlStatus end_function(Parser *p);

/* local @@fib (i64) -> i64 */
static QlStatus take_local(Parser *p, bool external) {
  skip_spaces(p);
  const char *start = p->at;
  uint32_t name;
  bool first = true;
  uint8_t dtype = 0;
  QL_TRY(take_name(p, "@@", &p->functions, &name));
  Name *named = &p->functions.items[name];
  if (named->id) return fail_at(p, start, "%.*s is defined twice", (int)(p->at - start), start);
  p->fn = ir_local_new(p->module, named->text, named->length, QL_BOOL);
  if (!p->fn) return QL_ERR_MEMORY;
  named->id = p->module->local_count;
  p->fn->block_count = 0, p->fn->open = UINT32_MAX, p->fn->external = external;
  QL_TRY(expect(p, "("));
  for (; !take(p, ")"); first = false) {
    if (!first) QL_TRY(expect(p, ","));
    QL_TRY(take_dtype(p, &dtype));
    jit_fn_param(p->fn, (QlDtype)dtype);
  }
  QL_TRY(expect(p, "->"));
  QL_TRY(take_dtype(p, &p->fn->result));
  return QL_OK;
}

static QlStatus take_line(Parser *p) {
  JitFn *fn = p->fn;
  bool complete = fn->block_count || fn->external, external = false;
  if (p->in_block) {
    QL_TRY(take_block_line(p));
  } else if (complete && (take(p, "local") || (external = take(p, "external")))) {
    QL_TRY(end_function(p));
    QL_TRY(take_local(p, external));
  } else if (*p->at == '@' && !fn->external)
    QL_TRY(take_head(p));
  else if (fn->block_count == 0 && !fn->name && take(p, "array"))
    QL_TRY(take_array(p));
  else if (fn->block_count == 0 && !fn->name && take(p, "param"))
    QL_TRY(take_param(p));
  else
    return fail_at(
        p, p->at,
        fn->block_count || fn->name ? "expected a block" : "expected array, param or a block");
  skip_spaces(p);
  return *p->at && !strchr("#\n", *p->at) ? fail_at(p, p->at, "expected the end of the line")
                                          : fn->bad.status;
}

/* ---- the whole ---- */

static QlStatus resolve(Parser *p, const Names *names, const char *sigil, uint32_t *reference) {
  const Name *name = &names->items[*reference];
  if (!name->id)
    return fail_at(p, name->text - strlen(sigil), "%s%.*s is not defined", sigil, (int)name->length,
                   name->text);
  *reference = name->id;
  return QL_OK;
}

static QlStatus resolve_block(Parser *p, uint32_t *reference) {
  QL_TRY(resolve(p, &p->blocks, "@", reference));
  *reference -= 1;
  return QL_OK;
}

static QlStatus resolve_all(Parser *p) {
  JitFn *fn = p->fn;
  for (uint32_t i = 1; i < fn->ins_count; i++) {
    IrIns *ins = &fn->ins[i];
    uint32_t *args = ir_args(fn, ins);
    for (int a = 0, count = ir_arg_count(ins); a < count; a++)
      QL_TRY(resolve(p, &p->values, "%", &args[a]));
    for (uint32_t arm = ins->kind == IR_PHI ? ins->extra : 0; arm; arm = fn->phis[arm].next) {
      QL_TRY(resolve(p, &p->values, "%", &fn->phis[arm].value));
      QL_TRY(resolve_block(p, &fn->phis[arm].block));
    }
    if (ins->kind == IR_STORE || ins->kind == IR_STORE_AT) { /* after its value in the text? */
      const IrIns *value = &fn->ins[args[ir_arg_count(ins) - 1]];
      ins->dtype = value->dtype, ins->rank = value->rank, ins->lanes = value->lanes;
    }
  }
  for (uint32_t b = 0; b < fn->block_count; b++) {
    IrBlock *block = &fn->blocks[b];
    if (block->end == IR_JNZ || (block->end == IR_RET && fn->name))
      QL_TRY(resolve(p, &p->values, "%", &block->condition));
    for (int t = 0; t < 2 && block->end != IR_RET; t++) QL_TRY(resolve_block(p, &block->to[t]));
  }
  return QL_OK;
}

/* All names of a function are known where it ends. */
static QlStatus end_function(Parser *p) {
  if (p->in_block) return fail_at(p, p->at, "expected an instruction, ret, jmp or jnz");
  if (p->fn->block_count == 0 && !p->fn->external) return fail_at(p, p->at, "expected a block");
  QL_TRY(resolve_all(p));
  forget(&p->values), forget(&p->blocks);
  return QL_OK;
}

/* And all functions where the text ends. */
static QlStatus resolve_calls(Parser *p, JitFn *fn) {
  for (uint32_t i = 1; i < fn->ins_count; i++) {
    if (fn->ins[i].kind != IR_CALL) continue;
    uint32_t name = (uint32_t)fn->ins[i].number;
    QL_TRY(resolve(p, &p->functions, "@@", &name));
    fn->ins[i].number = (int32_t)name - 1;
  }
  return QL_OK;
}

static QlStatus take_module(Parser *p) {
  int64_t rank;
  skip_lines(p);
  QL_TRY(expect(p, "function"));
  QL_TRY(expect(p, "rank"));
  QL_TRY(take_integer(p, 0, QL_MAX_DIMS, &rank));
  p->fn = p->module = jit_fn_new((int)rank, NULL);
  if (!p->fn) return ql_fail(p->error, QL_ERR_MEMORY, "out of memory for a kernel's text");
  p->fn->block_count = 0; /* blocks come from the text */
  p->fn->open = UINT32_MAX;
  for (skip_lines(p); *p->at; skip_lines(p)) QL_TRY(take_line(p));
  QL_TRY(end_function(p));
  QL_TRY(resolve_calls(p, p->module));
  for (uint32_t k = 0; k < p->module->local_count; k++)
    QL_TRY(resolve_calls(p, p->module->locals[k]));
  return QL_OK;
}

QlStatus jit_parse(const char *text, JitFn **fn, QlError *error) {
  Parser p = {
      .text = text, .at = text, .error = error, .plain = newlocale(LC_ALL_MASK, "C", (locale_t)0)};
  QlStatus status = p.plain ? take_module(&p) : QL_ERR_MEMORY;
  if (status == QL_ERR_MEMORY) ql_fail(error, status, "out of memory for a kernel's text");
  if (status != QL_OK) {
    jit_fn_free(p.module);
    p.module = NULL;
  }
  *fn = p.module;
  if (p.plain) freelocale(p.plain);
  return status;
}
