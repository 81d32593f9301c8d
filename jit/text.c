/* The text form of a function (jit/ir.md has the grammar): what tests compare and people read.
 *
 * Printing renumbers the values in order of appearance, so a text does not depend on how a function
 * came to be, and print(parse(print(f))) = print(f). Constants are exact: the shortest decimal
 * number that reads back as the same bits.
 */
#include "ir.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct Text {
  char *bytes; /* NULL after out of memory */
  size_t count, room;
  bool failed;
} Text;

__attribute__((format(printf, 2, 3))) static void put(Text *text, const char *format, ...) {
  while (!text->failed) {
    va_list args;
    va_start(args, format);
    int needed = vsnprintf(text->bytes + text->count, text->room - text->count, format, args);
    va_end(args);
    if (needed >= 0 && text->count + (size_t)needed < text->room) {
      text->count += (size_t)needed;
      return;
    }
    size_t room = text->room * 2 + (size_t)QL_MAX(needed, 0) + 1;
    char *grown = realloc(text->bytes, room);
    text->failed = !grown || needed < 0;
    if (grown) text->bytes = grown, text->room = room;
  }
}

/* ---- constants ---- */

static void put_number(Text *text, QlDtype dtype, double value) {
  char digits[IR_DECIMAL];
  ir_decimal(dtype, value, 0, digits);
  put(text, "%s", digits);
}

/* The quiet NaNs of both signs have names; every other is written as its bits. */
static void put_float(Text *text, QlDtype dtype, uint64_t bits) {
  int width = ql_dtype_info[dtype].size * 8, fraction = width == 16 ? 10 : width == 32 ? 23 : 52;
  uint64_t sign = bits >> (width - 1), magnitude = bits & ~(sign << (width - 1));
  uint64_t infinity = ((UINT64_C(1) << (width - 1 - fraction)) - 1) << fraction;
  if (magnitude == infinity) {
    put(text, "%sinf", sign ? "-" : "");
  } else if (magnitude == (infinity | UINT64_C(1) << (fraction - 1))) {
    put(text, "%snan", sign ? "-" : "");
  } else if (magnitude > infinity) {
    put(text, "bits 0x%" PRIx64, bits);
  } else if (width == 16) {
    put_number(text, dtype, ql_half_to_float((uint16_t)bits));
  } else if (width == 32) {
    float value;
    memcpy(&value, &(uint32_t){(uint32_t)bits}, sizeof value);
    put_number(text, dtype, value);
  } else {
    double value;
    memcpy(&value, &bits, sizeof value);
    put_number(text, dtype, value);
  }
}

static void put_constant(Text *text, QlDtype dtype, QlValue value) {
  switch (ql_dtype_info[dtype].kind) {
    case QL_KIND_BOOL: put(text, value.b ? "true" : "false"); return;
    case QL_KIND_INT: put(text, "%" PRId64, value.i); return;
    case QL_KIND_UINT: put(text, "%" PRIu64, value.u); return;
    case QL_KIND_FLOAT: put_float(text, dtype, value.bits[0]); return;
    default: break;
  }
  uint64_t re = value.bits[0], im = value.bits[1];
  if (dtype == QL_C64) im = re >> 32, re &= UINT32_MAX;
  put(text, "("), put_float(text, ql_dtype_info[dtype].part, re);
  put(text, ", "), put_float(text, ql_dtype_info[dtype].part, im), put(text, ")");
}

/* ---- instructions ---- */

const char *const ir_stride_name[] = {
    [JIT_STRIDE_ZERO] = "zero", [JIT_STRIDE_UNIT] = "unit", [JIT_STRIDE_ANY] = "any"};
const char *const ir_access_name[] = {
    [JIT_READ] = "read", [JIT_WRITE] = "write", [JIT_UPDATE] = "update", [JIT_STREAM] = "stream"};
const char *const ir_form_name[] = {[JIT_LEAVES] = "leaves",
                                    [JIT_BRANCHES] = "branches",
                                    [JIT_TREE] = "tree",
                                    [JIT_WHOLE] = "whole"};

static void put_type(Text *text, const IrIns *ins) {
  put(text, "%s", ql_dtype_info[ins->dtype].ir);
  for (int axis = 0; axis < ins->rank; axis++)
    put(text, "%s%s", axis ? "," : "[", ins->line && axis == ins->axis ? "-" : ":");
  if (ins->rank) put(text, "]");
  if (ins->lanes) put(text, " x %d", ins->lanes);
}

static void put_load(Text *text, const JitFn *fn, const IrIns *ins) {
  put(text, "load $%d[", ins->number);
  for (int axis = 0; axis < fn->rank; axis++)
    put(text, "%s%d", axis ? ", " : "", fn->offsets[ins->extra + (uint32_t)axis]);
  put(text, "]");
}

static void put_phi(Text *text, const JitFn *fn, const IrIns *ins, const uint32_t *numbers) {
  put(text, "phi");
  for (uint32_t arm = ins->extra; arm; arm = fn->phis[arm].next)
    put(text, "%s @%u %%%u", arm == ins->extra ? "" : ",", fn->phis[arm].block,
        numbers[fn->phis[arm].value]);
}

static void put_instruction(Text *text, const JitFn *fn, uint32_t id, const uint32_t *numbers) {
  const IrIns *ins = &fn->ins[id];
  put(text, "  ");
  if (ir_has_value(ins)) put(text, "%%%u: ", numbers[id]), put_type(text, ins), put(text, " = ");
  switch (ins->kind) {
    case IR_CONST: put(text, "const "), put_constant(text, ins->dtype, ins->value); break;
    case IR_PARAM: put(text, "param ?%d", ins->number); break;
    case IR_INDEX: put(text, "index %d", ins->number); break;
    case IR_LOAD: put_load(text, fn, ins); break;
    case IR_OP: put(text, "%s", ql_op_info[ins->op].name); break;
    case IR_CAST: put(text, "cast"); break;
    case IR_PHI: put_phi(text, fn, ins, numbers); break;
    case IR_STACK: put(text, "stack %d", ins->number); break;
    case IR_LANE: put(text, "lane"); break;
    case IR_SPREAD: put(text, "spread"); break;
    case IR_SOME: put(text, "some"); break;
    case IR_CALL: put(text, "call @@%s", fn->module->locals[ins->number]->name); break;
    case IR_HOST: put(text, "host %s", ir_host[ins->number].name); break;
    case IR_STORE: put(text, "store $%d,", ins->number); break;
    case IR_LOAD_AT: put(text, "load at %%%u +", numbers[ins->args[0]]); break;
    case IR_STORE_AT: put(text, "store at %%%u +", numbers[ins->args[0]]); break;
    case IR_REDUCE:
      put(text, "reduce %s %s", ql_reduction_info[ins->op].name, ir_form_name[ins->form]);
      break;
  }
  const uint32_t *args = ir_args(fn, ins);
  int first = ins->kind == IR_LOAD_AT || ins->kind == IR_STORE_AT;
  const char *between = ins->kind == IR_LOAD_AT ? " where " : ", ";
  for (int a = first, count = ir_arg_count(ins); a < count; a++)
    put(text, "%s%%%u", a > first ? between : " ", numbers[args[a]]);
}

static void put_end(Text *text, const JitFn *fn, uint32_t block, const uint32_t *numbers) {
  const IrBlock *b = &fn->blocks[block];
  switch (ir_end(fn, block)) {
    case IR_OPEN: put(text, "  open\n"); break;
    case IR_RET:
      if (b->condition)
        put(text, "  ret %%%u\n", numbers[b->condition]);
      else
        put(text, "  ret\n");
      break;
    case IR_JMP: put(text, "  jmp @%u\n", b->to[0]); break;
    case IR_JNZ:
      put(text, "  jnz %%%u, @%u, @%u\n", numbers[b->condition], b->to[0], b->to[1]);
      break;
  }
}

/* ---- the whole ---- */

/* numbers[value], from 1 in order of appearance; 0 for what no block lists. NULL: out of memory. */
static uint32_t *number_values(const JitFn *fn) {
  uint32_t *numbers = calloc(fn->ins_count, sizeof *numbers), next = 1;
  for (uint32_t b = 0; numbers && b < fn->block_count; b++)
    for (uint32_t i = 0; i < fn->blocks[b].count; i++) {
      uint32_t id = fn->blocks[b].ins[i];
      if (ir_has_value(&fn->ins[id])) numbers[id] = next++;
    }
  return numbers;
}

uint32_t ir_number(const JitFn *fn, uint32_t value) {
  uint32_t *numbers = number_values(fn);
  uint32_t number = numbers && value < fn->ins_count ? numbers[value] : 0;
  free(numbers);
  return number;
}

static void put_declarations(Text *text, const JitFn *fn) {
  put(text, "function rank %d\n", fn->rank);
  for (uint32_t a = 0; a < fn->array_count; a++) {
    const IrArray *array = &fn->arrays[a];
    put(text, "array $%u: %s %s (", a, ql_dtype_info[array->dtype].ir,
        ir_access_name[array->access]);
    for (int axis = 0; axis < fn->rank; axis++)
      put(text, "%s%s", axis ? ", " : "", ir_stride_name[array->stride[axis]]);
    put(text, ")\n");
  }
  for (uint32_t p = 0; p < fn->param_count; p++)
    put(text, "param ?%u: %s\n", p, ql_dtype_info[fn->params[p]].ir);
}

static void put_local(Text *text, const JitFn *fn) {
  put(text, "%s @@%s (", fn->external ? "external" : "local", fn->name);
  for (uint32_t p = 0; p < fn->param_count; p++)
    put(text, "%s%s", p ? ", " : "", ql_dtype_info[fn->params[p]].ir);
  put(text, ") -> %s\n", ql_dtype_info[fn->result].ir);
}

static void put_function(Text *text, const JitFn *fn) {
  uint32_t *numbers = number_values(fn);
  if (!numbers) {
    text->failed = true;
    return;
  }
  if (fn->name)
    put_local(text, fn);
  else
    put_declarations(text, fn);
  for (uint32_t b = 0; b < fn->block_count; b++) {
    put(text, "@%u\n", b);
    for (uint32_t i = 0; i < fn->blocks[b].count; i++) {
      uint32_t id = fn->blocks[b].ins[i];
      put_instruction(text, fn, id, numbers);
      if (fn->ins[id].source.at) put(text, " !%" PRId64, fn->ins[id].source.at);
      put(text, "\n");
    }
    put_end(text, fn, b, numbers);
  }
  free(numbers);
}

char *jit_print(const JitFn *fn) {
  Text text = {0};
  put_function(&text, fn);
  for (uint32_t k = 0; k < fn->local_count; k++) put_function(&text, fn->locals[k]);
  if (text.failed) free(text.bytes), text.bytes = NULL;
  return text.bytes;
}
