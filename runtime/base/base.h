/* base: the vocabulary that every room shares. Tables (statuses, dtypes, operations, reductions,
 * parameters), errors, hashing, pools of memory. It depends on the C library alone and keeps no
 * state; every call is local, and but for pools nothing that it gives is to be freed. The public
 * half is in quelea_types.h. */
#ifndef QUELEA_BASE_H
#define QUELEA_BASE_H

#include "floats.h"
#include "quelea_types.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* ---- error.c ---- */

/* Bytes for people, in the unit in which they have digits: "24 bytes", "1.5 KB", "37.3 MB". */
typedef struct QlBytesText {
  char text[24];
} QlBytesText;
QlBytesText ql_bytes_text(int64_t bytes);

/* A QlError in which nothing has gone wrong: its 2 KB of text are not worth clearing in each call.
 */
static inline QlError *ql_no_error(QlError *error) {
  error->status = QL_OK, error->source = (QlSource){0};
  error->text[0] = error->notes[0] = 0;
  return error;
}
#define QL_ERROR(name) \
  QlError name;        \
  ql_no_error(&name)

/* Fills *error (which may be NULL) with a printf-style message and returns the status, so that
 * `return ql_fail(...)` reads well. The first failure wins: an error that is already set is kept.
 */
QlStatus ql_fail(QlError *error, QlStatus status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
#ifdef __clang_analyzer__ /* which sees one file at a time and cannot know that a failure never is \
                             QL_OK */
#define ql_fail(error, status, ...) \
  ((ql_fail)(error, status, __VA_ARGS__), (status) ? (status) : QL_ERR_STATE)
#endif
/* Adds a line to an error that is set already (a note, in Python's words). */
void ql_note(QlError *error, const char *format, ...) __attribute__((format(printf, 2, 3)));

#define QL_TRY(call)                                    \
  do {                                                  \
    QlStatus ql_try_status_ = (call);                   \
    if (ql_try_status_ != QL_OK) return ql_try_status_; \
  } while (0)

#define QL_MIN(a, b) ((a) < (b) ? (a) : (b))
#define QL_MAX(a, b) ((a) > (b) ? (a) : (b))

/* ---- caches.c ---- */

typedef struct QlCaches {
  int64_t front; /* bytes of a core's second level that data in use may take: three quarters */
  int64_t near;  /* of a core's share of all caches, as far as it is nearly as fast as that */
  int64_t all;   /* of the last levels of this machine together */
} QlCaches;
QlCaches ql_caches(void);

/* ---- shape.c ---- */

/* The strides with which an array can be seen in another shape, of as many elements, without a
 * copy, as NumPy decides it; false: a copy is needed. They count what the array's strides count. */
bool ql_reshape(int old_ndim, const int64_t *old_shape, const int64_t *old_stride, int ndim,
                const int64_t *shape, int64_t *stride);

/* ---- tables.c ---- */

typedef enum QlKind {
  QL_KIND_BOOL,
  QL_KIND_INT,
  QL_KIND_UINT,
  QL_KIND_FLOAT,
  QL_KIND_COMPLEX
} QlKind;
typedef enum QlDomain {
  QL_DOMAIN_ANY,
  QL_DOMAIN_NUMBER,
  QL_DOMAIN_NOBOOL,
  QL_DOMAIN_REAL,
  QL_DOMAIN_ORDERED,
  QL_DOMAIN_DIVIDE,
  QL_DOMAIN_WIDE,
  QL_DOMAIN_INEXACT,
  QL_DOMAIN_FLOAT,
  QL_DOMAIN_INTEGER,
  QL_DOMAIN_BITS,
  QL_DOMAIN_WHOLE,
  QL_DOMAIN_COMPLEX,
  QL_DOMAIN_WORD
} QlDomain;
typedef enum QlResult {
  QL_RESULT_SAME,
  QL_RESULT_BOOL,
  QL_RESULT_PART,
  QL_RESULT_BYTE,
  QL_RESULT_INT,
  QL_RESULT_UNSIGNED,
  QL_RESULT_FLOAT
} QlResult;

typedef struct QlDtypeInfo {
  const char *name, *ir; /* NumPy's name; the IR's name */
  uint8_t size, kind;    /* bytes; a QlKind */
  uint8_t part;          /* a QlDtype */
} QlDtypeInfo;

typedef struct QlOpInfo {
  const char *name;
  uint8_t arity, domain, result, cost;
} QlOpInfo;

typedef struct QlReductionInfo {
  const char *name;
  uint8_t op, identity; /* a QlOp; 0 or 1 */
} QlReductionInfo;

extern const QlDtypeInfo ql_dtype_info[QL_DTYPE_COUNT];
extern const QlOpInfo ql_op_info[QL_OP_COUNT];
extern const QlReductionInfo ql_reduction_info[QL_REDUCE_COUNT + 1];

/* ---- promote.c ---- */

/* NumPy's result_type of two dtypes (NEP 50, both strong). */
QlDtype ql_promote(QlDtype a, QlDtype b);
bool ql_can_cast_safely(QlDtype from, QlDtype to);
bool ql_can_cast_same_kind(QlDtype from, QlDtype to);
/* Is the Python scalar `value` (weak: its dtype is BOOL, I64, U64, F64 or C128) representable
 * beside arrays of `dtype`? Gives the dtype in which both compute: NEP 50's rule for weak scalars.
 * Fails with QL_ERR_OVERFLOW for an integer that does not fit an integer dtype. */
QlStatus ql_promote_weak(QlDtype dtype, const QlScalar *value, QlDtype *result, QlError *error);
/* The two halves of ql_promote_weak: the dtype that a weak scalar of dtype `scalar` lifts `dtype`
 * to, and the check that an integer fits a dtype (anything fits a dtype that is not an integer's;
 * the check of a scalar that is no integer succeeds). */
QlDtype ql_lift_weak(QlDtype dtype, QlDtype scalar);
QlStatus ql_weak_fits(QlDtype dtype, const QlScalar *scalar, QlError *error);

/* ---- resolve.c ---- */

/* The loop dtype of `op` for inputs promoted to `promoted`, and the dtype of its result.
 * Fails with QL_ERR_CAST, in NumPy's words, when there is no such loop. */
QlStatus ql_op_types(QlOp op, QlDtype promoted, QlDtype *loop, QlDtype *result, QlError *error);
/* The dtype of the results of a loop. */
QlDtype ql_op_result(QlOp op, QlDtype loop);
/* NumPy's whole resolution of op(inputs...), as many as the operation takes: an input is its dtype
 * alone (and the value 0), or a scalar and its value. Gives the loop dtype, from which ql_op_input
 * tells to what each input is cast, and that of the result. It differs from ql_promote and
 * ql_op_types one after the other, as resolve.c explains: uint8 / 300 and uint8 < 300 are right,
 * uint8 + 300 is QL_ERR_OVERFLOW. Fails with QL_ERR_VALUE for an integer to the power of a negative
 * scalar. */
QlStatus ql_op_resolve(QlOp op, const QlScalar *inputs, QlDtype *loop, QlDtype *result,
                       QlError *error);
/* The same with dtype=, which names the dtype of the result: the loop that gives it. Fails with
 * QL_ERR_TYPE when there is none, and with QL_ERR_CAST for an input that is not of its kind. */
QlStatus ql_op_resolve_as(QlOp op, const QlScalar *inputs, QlDtype dtype, QlDtype *loop,
                          QlDtype *result, QlError *error);
/* The dtype as which input k of op, of dtype `from`, enters the loop: the loop's, with two
 * exceptions. The condition of `where` is a bool. In a comparison over uint64 a signed integer is
 * an int64: the two are compared as numbers. */
QlDtype ql_op_input(QlOp op, int k, QlDtype from, QlDtype loop);
static inline bool ql_is_comparison(QlOp op) {
  return op >= QL_OP_EQUAL && op <= QL_OP_GREATER_EQUAL;
}

/* ---- convert.c ---- */

/* The value converted to `to`, as NumPy's astype converts one element. Also used by the constant
 * folder. */
QlValue ql_convert(QlDtype from, QlValue value, QlDtype to);
/* The scalar as an element of `to`. NumPy takes a weak integer to floats through float64, so it may
 * round twice. */
QlValue ql_scalar_as(const QlScalar *scalar, QlDtype to);

/* ---- params.c ---- */

typedef struct QlParams {
#define QL_PARAM_C_INT int64_t
#define QL_PARAM_C_FLAG int64_t
#define QL_PARAM_C_REAL double
#define QL_PARAM_C_TEXT const char *
#define QL_PARAM(field, type, name, fallback, text) QL_PARAM_C_##type field;
#include "params.def"
#undef QL_PARAM
} QlParams;

typedef struct QlParamInfo {
  const char *name, *type, *fallback, *text;
} QlParamInfo;
extern const QlParamInfo ql_param_info[];
extern const int ql_param_count;

/* Reads the environment. A malformed value is QL_ERR_VALUE and names the variable, the value and
 * the form it must have. */
QlStatus ql_params_read(QlParams *params, QlError *error);

/* ---- hash.c ---- */

/* A running hash and one more word. Murmur3's 64-bit finaliser (A. Appleby) over the sum of both.
 */
static inline uint64_t ql_mix(uint64_t h, uint64_t word) {
  h ^= word + 0x9e3779b97f4a7c15u + (h << 6) + (h >> 2);
  h ^= h >> 33, h *= 0xff51afd7ed558ccdu;
  h ^= h >> 33, h *= 0xc4ceb9fe1a85ec53u;
  return h ^ h >> 33;
}
/* Equal bytes and seeds give equal hashes on all machines of one byte order. */
uint64_t ql_hash_bytes(uint64_t seed, const void *bytes, size_t size);

/* ---- pool.c: memory that goes at once ---- */

typedef struct QlChunk QlChunk;
typedef struct QlPool { /* {0} is an empty one; may be moved */
  QlChunk *newest;
  char *next;            /* what is free of the newest chunk */
  size_t used, capacity; /* bytes */
  size_t usual;          /* about how much is used until it is cleared: the first chunk's size */
} QlPool;

/* Not initialised, for any type; NULL: out of memory. Of 0 bytes too it gives an address. */
void *ql_pool_get(QlPool *pool, size_t bytes);
/* Takes back all that was given. What the pool usually needs it keeps, in one piece. */
void ql_pool_clear(QlPool *pool);
void ql_pool_free(QlPool *pool);           /* the same, and keeps nothing */
bool ql_pool_is_whole(const QlPool *pool); /* has it one piece of memory? */

static inline void *ql_pool_zeros(QlPool *pool, size_t bytes) {
  void *zeros = ql_pool_get(pool, bytes);
  return zeros ? memset(zeros, 0, bytes) : NULL;
}
static inline void *ql_pool_copy(QlPool *pool, const void *items, size_t bytes) {
  void *copy = ql_pool_get(pool, bytes);
  return copy && bytes ? memcpy(copy, items, bytes) : copy;
}
/* Room for one more than `count` items of that size in *(T **)items, which are copied when they
 * move: room doubles. Whoever looks where they were is found by AddressSanitizer. */
bool ql_pool_grow(QlPool *pool, void *items, int count, int *room, size_t size);

/* ---- thread.c ---- */

/* pthread_create for a thread that no signal of the program reaches, in the default floating-point
 * environment. An errno; 0: it runs. */
int ql_thread_start(pthread_t *thread, void *(*body)(void *), void *argument);

/* ---- half.c: float16 by its bits, as NumPy converts (round to nearest even) ---- */
float ql_half_to_float(uint16_t bits);
uint16_t ql_half_from_float(float value);
uint16_t ql_half_from_double(double value);

#endif
