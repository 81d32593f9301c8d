/* What the files of compiled functions share (compiled*.c): a call's arguments, as their types and
 * 64-bit parts, and what it gives. */
#ifndef QUELEA_EXT_COMPILED_PARTS_H
#define QUELEA_EXT_COMPILED_PARTS_H

#include "ext.h"

#include "compiled.h"

#include <string.h>

enum { TYPES_ROOM = 1024, MOST_PARTS = 512 };

typedef struct Gather {
  char types[TYPES_ROOM];
  size_t length;
  QlValue parts[MOST_PARTS];
  int count;
  PyObject *arrays[MOST_PARTS]; /* number k + 1 owns the memory of parts */
  int at[MOST_PARTS];           /* where in parts it is */
  int array_count;
  bool ours;       /* some are Quelea's: NumPy's beside them are read only */
  QlOnRanks ranks; /* some of these are, or may be, on ranks: then all go so */
  bool foreign;    /* some are nothing that has a value here: functions, dtypes, texts */
} Gather;

/* A block that several arrays of the results lie in, as an array of Quelea's. */
typedef struct Shared {
  int64_t block;
  const char *low; /* where its first element was */
  PyObject *array;
} Shared;

/* What a call has given, and what is made of it. */
typedef struct Results {
  const char *type;
  const QlValue *parts;
  const Gather *arguments;
  Shared *shared;
  int shared_count;
} Results;

/* ---- compiled_arguments.c ---- */
bool compiled_write_letters(Gather *g, const char *text, size_t length);
static inline bool compiled_write_type(Gather *g, const char *text) { /* mostly known here */
  return compiled_write_letters(g, text, strlen(text));
}
bool compiled_take(Gather *g, PyObject *object); /* an argument: its type and its parts */
bool compiled_holds_ours(PyObject *object);      /* arrays of Quelea's? */
QlOnRanks compiled_on_ranks(PyObject *object);   /* may, or must, they go as arrays on ranks? */
/* Something that would have to be copied, for longer than it takes to read it here. */
bool compiled_holds_large(PyObject *object);
/* Of all that the call depends on but arrays of Quelea's, for the other ranks to have the same. */
uint64_t compiled_hash(const Gather *g);
void compiled_end_gather(const Gather *g);

/* ---- compiled_results.c ---- */
/* The object of the result's type, whose text it goes through. All parts are taken, also after a
 * failure. */
PyObject *compiled_give(const char **type, const QlValue **parts, Results *r);
void compiled_forget_shared(Results *r);

#endif
