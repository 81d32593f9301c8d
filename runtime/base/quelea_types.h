/* The types of Quelea's public C interface that every room shares: dtypes, operations, status
 * codes, scalar values, errors. Included by quelea.h; there is no reason to include it directly
 * from a program. */
#ifndef QUELEA_TYPES_H
#define QUELEA_TYPES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define QL_API __attribute__((visibility("default")))

/* The largest number of dimensions of an array. */
enum { QL_MAX_DIMS = 16 };

typedef enum QlStatus {
#define QL_STATUS(NAME, python, text) QL_##NAME,
#include "status.def"
#undef QL_STATUS
  QL_STATUS_COUNT
} QlStatus;

typedef enum QlDtype {
#define QL_DTYPE(NAME, numpy, ir, ctype, size, kind, part) QL_##NAME,
#include "dtype.def"
#undef QL_DTYPE
  QL_DTYPE_COUNT,
  QL_DTYPE_NONE = QL_DTYPE_COUNT
} QlDtype;

typedef enum QlOp {
#define QL_OP_ROW(NAME, numpy, arity, domain, result, cost) QL_OP_##NAME,
#include "ops.def"
#undef QL_OP_ROW
  QL_OP_COUNT
} QlOp;

/* Reductions. Their fixed order is that of contract C7 in ARCHITECTURE.md. */
typedef enum QlReduction {
#define QL_REDUCTION(NAME, name, op, identity) QL_REDUCE_##NAME,
#include "reductions.def"
#undef QL_REDUCTION
} QlReduction;

/* One element of any dtype; which member is meant is said by a QlDtype beside it. */
typedef union QlValue {
  bool b;
  int64_t i;   /* I8 to I64, sign-extended */
  uint64_t u;  /* U8 to U64, zero-extended */
  uint16_t h;  /* F16, its bits */
  float f;     /* F32 */
  double d;    /* F64 */
  float c[2];  /* C64: real, imaginary */
  double z[2]; /* C128 */
  uint64_t bits[2];
} QlValue;

/* A scalar. A weak one came from a Python literal: it takes the dtype of the arrays beside it (NEP
 * 50). */
typedef struct QlScalar {
  QlValue value;
  QlDtype dtype;
  bool weak;
} QlScalar;

/* Where in the user's program something was asked for. For C it is a file's name and a line. A
 * front end of another language may store what it likes and explains it through QlOptions.describe
 * when it must be shown; recording stays cheap. */
typedef struct QlSource {
  const void *code; /* C: const char *file, which must stay valid */
  int64_t at;       /* C: the line */
} QlSource;

/* Seconds of one way of messages between two ranks, of several turns: the least, and the median. */
enum { QL_WIRE_MESSAGES = 64, QL_WIRE_TURNS = 256 }; /* at most */
typedef struct QlWire {
  double best, usual;
} QlWire;

/* What went wrong. Filled by the call that failed; a caller clears it with `QlError error = {0}`.
 */
typedef struct QlError {
  QlStatus status;
  QlSource source;  /* the recorded line that is to blame, or {NULL, 0} */
  char text[1024];  /* one line, without the exception's name */
  char notes[1024]; /* further lines, or empty */
} QlError;

/* NumPy's name ("float64"), the size of an element in bytes, NumPy's name of an operation ("add").
 */
QL_API const char *ql_dtype_name(QlDtype dtype);
QL_API size_t ql_dtype_size(QlDtype dtype);
QL_API const char *ql_op_name(QlOp op);
/* The Python exception's name, and the general text, of a status. */
QL_API const char *ql_status_exception(QlStatus status);
QL_API const char *ql_status_text(QlStatus status);

#ifdef __cplusplus
}
#endif
#endif
