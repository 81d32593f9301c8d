/* Functions compiled whole: for each set of types lowered, looked up in the caches, compiled. */
#include "compiled.h"

#include "inside.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

struct QlCompiler {
  Jit *jit;
  char *cache_folder;
};

struct QlProgram {
  JitProgram *tree;
};

QlStatus ql_compiler_open(QlCompiler **compiler, QlError *error) {
  QlParams params;
  QL_TRY(ql_params_read(&params, error));
  QlCompiler *made = calloc(1, sizeof *made);
  if (!made) return ql_fail(error, QL_ERR_MEMORY, "out of memory for the compiler");
  made->cache_folder = rt_find_cache_folder(&params);
  JitOptions options = {.cache_folder = made->cache_folder,
                        .cache_bytes = params.cache_bytes,
                        .fastmath = params.fastmath,
                        .verify = params.check};
  QlStatus status = jit_open(&options, &made->jit, error);
  if (status) {
    ql_compiler_close(made);
    return status;
  }
  *compiler = made;
  return QL_OK;
}

void ql_compiler_close(QlCompiler *compiler) {
  if (!compiler) return;
  jit_close(compiler->jit);
  free(compiler->cache_folder);
  free(compiler);
}

QlStatus ql_program_open(const char *text, QlProgram **program, QlError *error) {
  QlProgram *made = calloc(1, sizeof *made);
  if (!made) return ql_fail(error, QL_ERR_MEMORY, "out of memory for a program");
  QlStatus status = jit_program_parse(text, &made->tree, error);
  if (status)
    free(made);
  else
    *program = made;
  return status;
}

void ql_program_close(QlProgram *program) {
  if (!program) return;
  jit_program_free(program->tree);
  free(program);
}

/* ---- compiling ---- */

static QlStatus no_memory(QlError *error) {
  return ql_fail(error, QL_ERR_MEMORY, "out of memory for a compiled function");
}

/* What was refused and what is raised, for front ends. */
static bool list_all(QlCompiled *compiled) {
  const JitLowered *lowered = &compiled->inside->lowered;
  QlRefusal *refusals = calloc((size_t)lowered->refusal_count + 1, sizeof *refusals);
  QlRaise *raises = calloc((size_t)lowered->raise_count + 1, sizeof *raises);
  QlNote *notes = calloc((size_t)lowered->note_count + 1, sizeof *notes);
  compiled->notes = compiled->inside->notes = notes;
  compiled->refusals = compiled->inside->refusals = refusals;
  compiled->raises = compiled->inside->raises = raises;
  if (!refusals || !raises || !notes) return false;
  for (int k = 0; k < lowered->refusal_count; k++) {
    const JitRefusal *from = &lowered->refusals[k];
    refusals[k] = (QlRefusal){from->code,           from->text,       from->advice,
                              from->place.function, from->place.line, from->place.column};
  }
  for (int k = 0; k < lowered->raise_count; k++) {
    const JitRaise *from = &lowered->raises[k];
    raises[k] = (QlRaise){from->exception, from->text, from->place.function, from->place.line,
                          from->place.column};
  }
  for (int k = 0; k < lowered->note_count; k++) {
    const JitNote *from = &lowered->notes[k];
    notes[k] = (QlNote){from->text, from->place.function, from->place.line, from->variable};
  }
  compiled->note_count = lowered->note_count;
  compiled->refusal_count = lowered->refusal_count, compiled->raise_count = lowered->raise_count;
  return true;
}

static QlStatus build(QlCompiler *compiler, QlCompiled *compiled, QlError *error) {
  QlCompiledInside *inside = compiled->inside;
  const JitType *result = &inside->lowered.result;
  JitKey key;
  QL_TRY(jit_key(compiler->jit, inside->lowered.fn, &key, error));
  JitCounters before = jit_counters(compiler->jit), after;
  const JitKernel *kernel = jit_find(compiler->jit, key);
  if (!kernel) {
    JitFn *fn = jit_fn_copy(inside->lowered.fn); /* what is compiled is used up */
    if (!fn) return no_memory(error);
    QlStatus status = jit_compile(compiler->jit, fn, key, &kernel, error);
    jit_fn_free(fn);
    if (status) return status;
  }
  after = jit_counters(compiler->jit);
  const void *bytes;
  QL_TRY(jit_object(kernel, &bytes, &compiled->size));
  compiled->found = after.compiled > before.compiled     ? QL_CODE_COMPILED
                    : after.from_disk > before.from_disk ? QL_CODE_ON_DISK
                                                         : QL_CODE_IN_MEMORY;
  inside->entry = jit_entry(kernel);
  compiled->result_count = jit_type_parts(result);
  size_t size = jit_type_print(result, NULL, 0) + 1;
  if (!(compiled->result = malloc(size))) return no_memory(error);
  jit_type_print(result, compiled->result, size);
  return QL_OK;
}

/* Code differs among processors, and where arrays lie without gaps; what it computes does not. */
static uint64_t key_of(const QlProgram *program, const char *types,
                       const QlCompiledOptions *options) {
  JitKey key = jit_program_key(program->tree);
  uint64_t hash = ql_mix(ql_mix(key.word[0], key.word[1]),
                         (uint64_t)options->single << 3 | (uint64_t)options->alone << 2 |
                             (uint64_t)options->boundscheck << 1 | options->python_error);
  for (const char *c = types; *c; c++) {
    bool gaps = !strncmp(c, ":1", 2), readonly = !strncmp(c, "const ", 6);
    if (gaps || readonly)
      c += gaps ? 1 : 5;
    else
      hash = ql_mix(hash, (uint64_t)(unsigned char)*c);
  }
  return hash;
}

static double now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

QlStatus ql_compile(QlCompiler *compiler, const QlProgram *program, const char *types,
                    const QlCompiledOptions *options, QlCompiled **compiled, QlError *error) {
  double began = now();
  QlPool pool = {0};
  JitType type;
  QlCompiled *made = calloc(1, sizeof *made);
  QlCompiledInside *inside = made ? calloc(1, sizeof *inside) : NULL;
  if (inside) made->inside = inside;
  const char *end = jit_type_parse(types, &pool, &type);
  JitLowerOptions how = {.boundscheck = options->boundscheck,
                         .python_error = options->python_error,
                         .alone = options->alone,
                         .single = options->single};
  QlStatus status =
      !inside ? no_memory(error)
      : !end || *end || type.kind != JIT_TUPLE
          ? ql_fail(error, QL_ERR_VALUE, "not types of arguments: %s", types)
          : jit_program_lower(program->tree, type.count, type.items, &how, &inside->lowered, error);
  if (!status && !list_all(made)) status = no_memory(error);
  if (!status) made->parameter_count = jit_type_parts(&type);
  if (!status && inside->lowered.fn) status = build(compiler, made, error);
  ql_pool_free(&pool);
  if (status) {
    ql_compiled_free(made);
    return status;
  }
  made->key = key_of(program, types, options);
  made->seconds = now() - began;
  *compiled = made;
  return QL_OK;
}

void ql_compiled_free(QlCompiled *compiled) {
  if (!compiled) return;
  if (compiled->inside) {
    jit_lowered_free(&compiled->inside->lowered);
    free(compiled->inside->refusals), free(compiled->inside->raises), free(compiled->inside->notes);
    free(compiled->inside->kernels);
  }
  free(compiled->inside), free(compiled->result), free(compiled);
}

/* ---- calling ---- */

enum { USUAL = 32 }; /* parameters and results on the stack */

int64_t ql_compiled_call(const QlCompiled *compiled, const QlValue *parameters, QlValue *results) {
  const QlCompiledInside *inside = compiled->inside;
  int before = JIT_SLOTS_BEFORE, count = compiled->parameter_count;
  _Static_assert(sizeof(QlValue) == JIT_SLOT, "a slot holds any value");
  QlValue some[USUAL], few[USUAL], *all = some, *slots = few;
  if (count + 2 > USUAL) all = malloc(((size_t)count + 2) * sizeof *all);
  if (compiled->result_count + before > USUAL)
    slots = malloc((size_t)(compiled->result_count + before) * sizeof *slots);
  int64_t status = -1;
  if (all && slots) {
    slots[1].u = (uintptr_t)jit_stop_word();
    all[0].u = (uintptr_t)slots, all[1].u = (uintptr_t)inside->lowered.texts;
    memcpy(all + 2, parameters, (size_t)count * sizeof *all);
    QlFloats floats = ql_floats_enter();
    JitStop around = {0};
    if (inside->lowered.asks) around = jit_stop_enter();
    inside->entry(&(JitCall){.param = all});
    if (inside->lowered.asks) jit_stop_leave(around);
    ql_floats_leave(floats);
    status = slots[0].i;
    if (!status) memcpy(results, slots + before, (size_t)compiled->result_count * sizeof *results);
  }
  if (all != some) free(all);
  if (slots != few) free(slots);
  return status;
}

void ql_block_release(int64_t block) { jit_release(block); }
void ql_set_output(void (*write)(const char *text, size_t size)) { jit_set_output(write); }
void ql_set_look(bool (*look)(void)) { jit_set_look(look); }

/* ---- looking inside ---- */

/* The kernels of all nests, one behind the other. */
static char *nests_text(const JitLowered *lowered, QlError *error) {
  char *all = strdup("");
  for (int k = 0; k < lowered->nest_count && all; k++) {
    char *text = jit_print(lowered->nests[k].fn);
    size_t size = strlen(all) + (text ? strlen(text) : 0) + 32;
    char *longer = text ? malloc(size) : NULL;
    if (longer) snprintf(longer, size, "%s# nest %d\n%s", all, k, text);
    free(text), free(all);
    all = longer;
  }
  if (!all) no_memory(error);
  return all;
}

static QlStatus find_vectorised(const QlCompiled *compiled, const JitFn *built, bool *found,
                                QlError *error) {
  JitFn *fn = jit_fn_copy(built);
  const QlSource *sources;
  if (!fn) return no_memory(error);
  QlStatus status = jit_optimise(fn, error);
  int count = status ? 0 : jit_strip_sources(fn, &sources);
  for (int k = 0; k < compiled->note_count; k++)
    for (int s = 0; s < count; s++)
      found[k] |=
          sources[s].at == jit_source_at(compiled->notes[k].function, compiled->notes[k].line);
  jit_fn_free(fn);
  return status;
}

bool *ql_compiled_vectorised(const QlCompiled *compiled, QlError *error) {
  const JitLowered *lowered = &compiled->inside->lowered;
  bool *found = calloc((size_t)compiled->note_count + 1, sizeof *found);
  QlStatus status = found ? QL_OK : no_memory(error);
  if (!status && lowered->fn) status = find_vectorised(compiled, lowered->fn, found, error);
  for (int k = 0; k < lowered->nest_count && !status; k++)
    status = find_vectorised(compiled, lowered->nests[k].fn, found, error);
  if (!status) return found;
  free(found);
  return NULL;
}

char *ql_compiled_text(QlCompiler *compiler, const QlCompiled *compiled, const char *stage,
                       QlError *error) {
  const JitFn *built = compiled->inside->lowered.fn;
  if (!strcmp(stage, "nests")) return nests_text(&compiled->inside->lowered, error);
  if (!strcmp(stage, "ir")) return jit_print(built);
  JitFn *fn = jit_fn_copy(built);
  char *text = NULL;
  if (!fn)
    no_memory(error);
  else if (!strcmp(stage, "asm"))
    text = jit_assembly(compiler->jit, fn, error);
  else if (!strcmp(stage, "llvm"))
    text = jit_llvm(compiler->jit, fn, error);
  else if (!strcmp(stage, "optimised"))
    text = jit_optimise(fn, error) ? NULL : jit_print(fn);
  else
    ql_fail(error, QL_ERR_VALUE, "no such stage: %s", stage);
  jit_fn_free(fn);
  return text;
}

QlStatus ql_compiler_assemble(QlCompiler *compiler, int count, const char *const *texts,
                              void **object, size_t *size, QlError *error) {
  return jit_assemble(compiler->jit, count, texts, object, size, error);
}

bool ql_define(const char *name, void *address) { return jit_define(name, address); }

QlStatus ql_compiler_link(QlCompiler *compiler, const char *symbol, const void *object, size_t size,
                          void **address, QlError *error) {
  return jit_link(compiler->jit, symbol, object, size, address, error);
}
