/* Compiled Python functions, for front ends: program text (jit/program.md) in, code for given types
 * of arguments out. Everything is local, communicates nothing and needs no context; one thread of a
 * process at a time. */
#ifndef QUELEA_COMPILED_H
#define QUELEA_COMPILED_H

#include "quelea.h"

typedef struct QlCompiler QlCompiler; /* LLVM and the caches of kernels, of this process */
typedef struct QlProgram QlProgram;   /* a text that was read */

/* With the QUELEA_* parameters. QL_ERR_VALUE for a malformed one, QL_ERR_MEMORY. */
QL_API QlStatus ql_compiler_open(QlCompiler **compiler, QlError *error);
QL_API void ql_compiler_close(QlCompiler *compiler); /* its code goes too. NULL is fine */

/* Local. Reads program text (jit/program.md). QL_ERR_COMPILE where it is none; QL_ERR_MEMORY. */
QL_API QlStatus ql_program_open(const char *text, QlProgram **program, QlError *error);
QL_API void ql_program_close(QlProgram *program); /* NULL is fine */

/* What the language does not have; columns count bytes from 0, functions as in the text. */
typedef struct QlRefusal {
  const char *code, *text, *advice;
  int function, line, column;
} QlRefusal;
/* What the code can raise. */
typedef struct QlRaise {
  const char *exception, *text;
  int function, line, column;
} QlRaise;

/* What became of a loop, in words. */
typedef struct QlNote {
  const char *text;
  int function, line;
  const char *variable; /* of a `for`: its own; or NULL */
} QlNote;

typedef struct QlCompiledOptions {
  bool boundscheck, python_error;
  bool
      alone; /* arrays on ranks are of a process that has no others: what is in order is refused; */
  bool single; /* and has one thread: so is what has no steps that could be computed together */
} QlCompiledOptions;

typedef struct QlCompiledInside QlCompiledInside;

/* Where its code was found. */
typedef enum QlCodeFound { QL_CODE_COMPILED, QL_CODE_ON_DISK, QL_CODE_IN_MEMORY } QlCodeFound;

/* A program's first function for arguments of some types. Its memory is its own. */
typedef struct QlCompiled {
  char *result;              /* the type that it gives; NULL: it is refused */
  const QlRefusal *refusals; /* why */
  const QlRaise *raises;     /* status k + 1 of a call is raises[k] */
  int refusal_count, raise_count;
  int parameter_count, result_count; /* QlValues that a call takes, and gives */
  uint64_t key;   /* of the program, its options and types but for gaps in arrays: the same on all
                     processors */
  double seconds; /* that it took */
  size_t size;    /* bytes of object code, but for nests' kernels, which contexts have */
  QlCodeFound found;
  const QlNote *notes;
  int note_count;
  QlCompiledInside *inside;
} QlCompiled;
/* types: as text, "(f64[:,::1], int)". QL_ERR_VALUE: they cannot be read; QL_ERR_MEMORY,
 * QL_ERR_COMPILE. What is refused is no failure. */
QL_API QlStatus ql_compile(QlCompiler *compiler, const QlProgram *program, const char *types,
                           const QlCompiledOptions *options, QlCompiled **compiled, QlError *error);
QL_API void ql_compiled_free(QlCompiled *compiled); /* the code itself is the compiler's */

/* Calls it. parameters [parameter_count]: a scalar is one; an array is a number below 4096 that
 * says whose memory it lies in, the address of its first element, its extents, its strides in
 * bytes; a tuple is what it holds. results [result_count] likewise; an array is the block that
 * holds it (below 4096: the argument that does), to which the caller then has a reference. 0, or
 * the number of what it raised, plus one: then there are no results. */
QL_API int64_t ql_compiled_call(const QlCompiled *compiled, const QlValue *parameters,
                                QlValue *results);
/* Gives back the reference to a block that a call gave. */
QL_API void ql_block_release(int64_t block);
/* The same of a function with arrays on ranks: an array among its parameters is a number below
 * 4096, its handle, its extents, its strides in elements; among its results its handle, which is
 * the caller's then, with those. Collective: what it does with them is recorded as the program's
 * statements are. -1, with the error: recording failed; -2: before anything was stored into. */
QL_API int64_t ql_compiled_drive(QlContext *context, const QlCompiled *compiled,
                                 const QlValue *parameters, QlValue *results, QlError *error);
/* Can an array be where a call made it? It can in a process that is alone, if it is large, in C
 * order, most of its block, and nobody else has a reference to that. */
QL_API bool ql_keeps_block(const QlContext *context, QlDtype dtype, int ndim, const int64_t *shape,
                           const int64_t *byte_strides, int64_t block);
/* Then: an array of that memory, with a reference to the block of its own. */
QL_API QlStatus ql_keep_block(QlContext *context, QlDtype dtype, int ndim, const int64_t *shape,
                              int64_t block, void *data, QlArray **array, QlError *error);
/* Do functions take the array as one on ranks? They must where it is, or will be, in parts that
 * only some ranks have; of a process that is alone they may where it is large enough for several
 * threads, or too large for the caches in which the next step of a loop would find it. */
typedef enum QlOnRanks { QL_NOT_ON_RANKS, QL_MAYBE_ON_RANKS, QL_ON_RANKS } QlOnRanks;
QL_API QlOnRanks ql_is_on_ranks(const QlArray *array);

/* Collective. The memory of arrays that a compiled function is to work on: data[k] is the address
 * of the first element of arrays[k], whose strides count elements of item[k] bytes. It executes
 * what is recorded of them. `what` is a hash of all else that the call depends on: ranks on which
 * it differs are QL_ERR_DIVERGED at the next agreement. QL_ERR_TYPE for an array that is
 * partitioned among several ranks. The memory is the context's, until the next call that takes it.
 */
QL_API QlStatus ql_borrow(QlContext *context, uint64_t what, int count, QlArray *const *arrays,
                          char **data, int64_t *item, QlError *error);

/* Which notes are of loops whose neighbouring iterations are computed together, in vectors:
 * [note_count], malloc'ed; NULL after an error. */
QL_API bool *ql_compiled_vectorised(const QlCompiled *compiled, QlError *error);

/* "ir" (as lowered), "optimised", "llvm", "asm", "nests": malloc'ed; NULL after an error. */
QL_API char *ql_compiled_text(QlCompiler *compiler, const QlCompiled *compiled, const char *stage,
                              QlError *error);

/* Object code of texts of LLVM's IR, put together, malloc'ed; and its way into the process, for as
 * long as the compiler is open: the address of a symbol that it defines, whose name is new. */
QL_API QlStatus ql_compiler_assemble(QlCompiler *compiler, int count, const char *const *texts,
                                     void **object, size_t *size, QlError *error);
QL_API QlStatus ql_compiler_link(QlCompiler *compiler, const char *symbol, const void *object,
                                 size_t size, void **address, QlError *error);

/* Where a function of C is that programs call by that name; false: the name has another address. */
QL_API bool ql_define(const char *name, void *address);

/* Is compiled code to be stopped: has a signal come? Asked while it runs, on its thread, some times
 * in a second; then it raises KeyboardInterrupt, or what the front end makes of it. */
QL_API void ql_set_look(bool (*look)(void));
/* Where `print` in compiled code writes. NULL: C's stdout. */
QL_API void ql_set_output(void (*write)(const char *text, size_t size));

#endif
