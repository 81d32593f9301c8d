/* A compiler with its memory: keys, the table of kernels, and the way from a function to one.
 *
 *   key -> table in memory -> folder on disk -> passes and LLVM
 *
 * A key is made at every plan, so it is a walk over the function's structures, not over a text of
 * it. */
#include "code_version.h"
#include "emit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

struct JitKernel {
  JitKey key;
  void *object;
  size_t size;
  JitEntry *entry;
};

struct Jit {
  JitOptions options;
  char *target; /* emit_machine_text */
  char title[160];
  JitKey seed;
  EmitMachine *machine;
  Disk disk;
  JitKernel *
      *table; /* [room] open addressing by key.word[0]; room a power of 2, at most half full */
  size_t room, count;
  int64_t attempts; /* calls of jit_compile */
  JitCounters counters;
};

/* ---- opening ---- */

static JitKey key_of_machine(const char *target, const JitOptions *options) {
  size_t size = strlen(target);
  uint64_t rest = ql_mix(CODE_VERSION, options->fastmath); /* of the sources of the compiler */
  return (JitKey){{ql_hash_bytes(rest, target, size), ql_hash_bytes(~rest, target, size)}};
}

QlStatus jit_open(const JitOptions *options, Jit **jit, QlError *error) {
  Jit *opened = calloc(1, sizeof *opened);
  if (!opened) goto memory;
  opened->options = *options;
  opened->options.cache_folder = NULL; /* the caller's; Disk has a copy */
  opened->room = 64;
  opened->table = calloc(opened->room, sizeof *opened->table);
  opened->target = emit_machine_text();
  if (!opened->table || !opened->target) goto memory;
  emit_machine_title(opened->target, opened->title, sizeof opened->title);
  opened->seed = key_of_machine(opened->target, options);
  disk_open(&opened->disk, options->cache_folder, options->cache_bytes);
  *jit = opened;
  return QL_OK;
memory:
  jit_close(opened);
  return ql_fail(error, QL_ERR_MEMORY, "out of memory for the compiler");
}

void jit_close(Jit *jit) {
  if (!jit) return;
  for (size_t slot = 0; slot < jit->room && jit->table; slot++) {
    if (jit->table[slot]) free(jit->table[slot]->object);
    free(jit->table[slot]);
  }
  emit_machine_close(jit->machine);
  disk_close(&jit->disk);
  free(jit->table), free(jit->target);
  free(jit);
}

JitCounters jit_counters(const Jit *jit) { return jit->counters; }
const char *jit_target(const Jit *jit) { return jit->title; }

/* ---- keys ---- */

static void take(JitKey *key, uint64_t word) { /* two hashes of the same words */
  key->word[0] = ql_mix(key->word[0], word);
  key->word[1] = ql_mix(key->word[1] + 0x632be59bd9b4e019u, word);
}

static uint64_t pair(uint64_t high, uint64_t low) { return high << 32 | (uint32_t)low; }

static void take_array(JitKey *key, const IrArray *array, int rank) {
  uint64_t strides = 0;
  for (int axis = 0; axis < rank; axis++) strides = strides << 2 | array->stride[axis];
  take(key, pair(strides, (uint64_t)array->dtype << 8 | array->access));
}

static void take_ins(JitKey *key, const JitFn *fn, const IrIns *ins) {
  uint64_t what = (uint64_t)ins->lanes << 56 | (uint64_t)ins->line << 48 |
                  (uint64_t)ins->kind << 40 | (uint64_t)ins->op << 32 | (uint64_t)ins->dtype << 24 |
                  (uint64_t)ins->rank << 16 | (uint64_t)ins->form << 8 | ins->axis;
  take(key, what);
  switch (ins->kind) {
    case IR_CONST: take(key, ins->value.bits[0]), take(key, ins->value.bits[1]); break;
    case IR_LOAD:
      take(key, (uint64_t)ins->number);
      for (int axis = 0; axis < fn->rank; axis++)
        take(key, (uint64_t)fn->offsets[ins->extra + (uint32_t)axis]);
      break;
    case IR_PHI:
      take(key, ins->count);
      for (uint32_t arm = ins->extra; arm; arm = fn->phis[arm].next)
        take(key, pair(fn->phis[arm].block, fn->phis[arm].value));
      break;
    case IR_LOAD_AT: take(key, ins->count); /* fall through */
    case IR_OP:
    case IR_STORE_AT: take(key, pair(ins->args[0], ins->args[1])), take(key, ins->args[2]); break;
    case IR_CALL:
    case IR_HOST:
      take(key, pair((uint32_t)ins->number, ins->count));
      for (uint32_t a = 0; a < ins->count; a++) take(key, fn->lists[ins->extra + a]);
      break;
    default: take(key, pair((uint32_t)ins->number, ins->args[0])); break;
  }
}

static void take_function(JitKey *key, const JitFn *fn) {
  take(key, pair((uint32_t)fn->rank, fn->result));
  if (fn->external) take(key, ql_hash_bytes(0, fn->name, strlen(fn->name)));
  take(key, pair(fn->array_count, fn->param_count));
  for (uint32_t array = 0; array < fn->array_count; array++)
    take_array(key, &fn->arrays[array], fn->rank);
  for (uint32_t param = 0; param < fn->param_count; param++) take(key, fn->params[param]);
  take(key, fn->block_count);
  for (uint32_t b = 0; b < fn->block_count; b++) {
    const IrBlock *block = &fn->blocks[b];
    IrEnd end = ir_end(fn, b);
    take(key, pair(block->count, end));
    for (uint32_t i = 0; i < block->count; i++) {
      take(key, block->ins[i]);
      take_ins(key, fn, &fn->ins[block->ins[i]]);
    }
    if (end == IR_JMP || end == IR_JNZ) take(key, pair(block->to[0], block->to[1]));
    if (block->condition) take(key, block->condition);
  }
}

QlStatus jit_key(const Jit *jit, const JitFn *fn, JitKey *key, QlError *error) {
  const JitFn *bad = ir_bad(fn);
  if (bad) {
    if (error && error->status == QL_OK) *error = bad->bad;
    return bad->bad.status;
  }
  *key = jit ? jit->seed : (JitKey){{0}};
  take_function(key, fn);
  for (uint32_t k = 0; k < fn->local_count; k++) take_function(key, fn->locals[k]);
  return QL_OK;
}

/* ---- the table ---- */

static JitKernel **slot_of(JitKernel **table, size_t room, JitKey key) {
  size_t slot = key.word[0] & (room - 1);
  while (table[slot] &&
         (table[slot]->key.word[0] != key.word[0] || table[slot]->key.word[1] != key.word[1]))
    slot = (slot + 1) & (room - 1);
  return &table[slot];
}

static bool make_room(Jit *jit) {
  if (2 * (jit->count + 1) <= jit->room) return true;
  JitKernel **larger = calloc(2 * jit->room, sizeof *larger);
  if (!larger) return false;
  for (size_t slot = 0; slot < jit->room; slot++)
    if (jit->table[slot]) *slot_of(larger, 2 * jit->room, jit->table[slot]->key) = jit->table[slot];
  free(jit->table);
  jit->table = larger;
  jit->room *= 2;
  return true;
}

const JitKernel *jit_find(Jit *jit, JitKey key) {
  const JitKernel *kernel = *slot_of(jit->table, jit->room, key);
  jit->counters.from_memory += kernel != NULL;
  return kernel;
}

enum { SYMBOL_SIZE = 48 };

static void symbol_of(JitKey key, char symbol[SYMBOL_SIZE]) {
  snprintf(symbol, SYMBOL_SIZE, "quelea_%016llx%016llx", (unsigned long long)key.word[0],
           (unsigned long long)key.word[1]);
}

/* Links object code and keeps it. The code becomes the Jit's when this succeeds. */
static QlStatus add_kernel(Jit *jit, JitKey key, void *object, size_t size,
                           const JitKernel **kernel, QlError *error) {
  char symbol[SYMBOL_SIZE];
  JitKernel *added = calloc(1, sizeof *added);
  QlStatus status =
      added && make_room(jit) ? QL_OK : ql_fail(error, QL_ERR_MEMORY, "out of memory for a kernel");
  symbol_of(key, symbol);
  if (status == QL_OK)
    status = emit_link(&jit->machine, symbol, object, size, &added->entry, error);
  if (status != QL_OK) {
    free(added);
    return status;
  }
  added->key = key, added->object = object, added->size = size;
  *slot_of(jit->table, jit->room, key) = added;
  jit->count++;
  *kernel = added;
  return QL_OK;
}

JitEntry *jit_entry(const JitKernel *kernel) { return kernel->entry; }

QlStatus jit_object(const JitKernel *kernel, const void **bytes, size_t *size) {
  *bytes = kernel->object;
  *size = kernel->size;
  return QL_OK;
}

QlStatus jit_install(Jit *jit, JitKey key, const void *bytes, size_t size, const JitKernel **kernel,
                     QlError *error) {
  if ((*kernel = *slot_of(jit->table, jit->room, key))) return QL_OK;
  void *object = malloc(size + 1);
  if (!object) return ql_fail(error, QL_ERR_MEMORY, "out of memory for a kernel");
  memcpy(object, bytes, size);
  QlStatus status = add_kernel(jit, key, object, size, kernel, error);
  if (status != QL_OK)
    free(object);
  else
    jit->counters.installed++;
  return status;
}

/* ---- compiling ---- */

static double now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

static bool must_verify(const Jit *jit) {
#ifndef NDEBUG
  return jit != NULL;
#else
  return jit->options.verify;
#endif
}

static QlStatus make_object(Jit *jit, JitFn *fn, const char *symbol, EmitForm form, void **object,
                            size_t *size, QlError *error) {
  /* What lowering a program may get wrong, LLVM would make a crash of. */
  if (ir_bad(fn) || must_verify(jit) || ir_is_program(fn)) QL_TRY(jit_verify(fn, error));
  QL_TRY(ir_optimise(fn, must_verify(jit), error));
  return emit_object(&jit->machine, fn, symbol, jit->options.fastmath, form, object, size, error);
}

QlStatus jit_compile(Jit *jit, JitFn *fn, JitKey key, const JitKernel **kernel, QlError *error) {
  char symbol[SYMBOL_SIZE];
  void *object;
  size_t size;
  if (++jit->attempts == jit->options.fail_compile)
    return ql_fail(error, QL_ERR_COMPILE, "compilation %lld fails on request",
                   (long long)jit->attempts);
  if ((*kernel = jit_find(jit, key))) return QL_OK;
  if (disk_read(&jit->disk, key, &object, &size)) {
    if (add_kernel(jit, key, object, size, kernel, NULL) == QL_OK) {
      jit->counters.from_disk++;
      return QL_OK;
    }
    free(object); /* code that does not link is compiled again */
  }
  double start = now();
  symbol_of(key, symbol);
  QL_TRY(make_object(jit, fn, symbol, EMIT_OBJECT, &object, &size, error));
  QlStatus status = add_kernel(jit, key, object, size, kernel, error);
  if (status != QL_OK) {
    free(object);
    return status;
  }
  jit->counters.compiled++;
  jit->counters.seconds_compiling += now() - start;
  disk_write(&jit->disk, key, object, size);
  return QL_OK;
}

static char *text_of(Jit *jit, JitFn *fn, EmitForm form, QlError *error) {
  void *text = NULL;
  size_t size;
  return make_object(jit, fn, "kernel", form, &text, &size, error) == QL_OK ? text : NULL;
}

char *jit_assembly(Jit *jit, JitFn *fn, QlError *error) {
  return text_of(jit, fn, EMIT_ASSEMBLY, error);
}

char *jit_llvm(Jit *jit, JitFn *fn, QlError *error) {
  return text_of(jit, fn, EMIT_LLVM_TEXT, error);
}

QlStatus jit_assemble(Jit *jit, int count, const char *const *texts, void **object, size_t *size,
                      QlError *error) {
  return emit_texts(&jit->machine, count, texts, object, size, error);
}

QlStatus jit_link(Jit *jit, const char *symbol, const void *object, size_t size, void **address,
                  QlError *error) {
  JitEntry *entry;
  QL_TRY(emit_link(&jit->machine, symbol, object, size, &entry, error));
  *address = (void *)(uintptr_t)entry;
  return QL_OK;
}
