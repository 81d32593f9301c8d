/* Random functions of the array IR and random calls of them, from a seed: for testing two ways of
 * running a function against each other (interpreter before and after a pass, interpreter and
 * compiled code).
 *
 * Everything that the IR has occurs: all operations and dtypes, loads at offsets, parameters,
 * casts, selects, stores, branches, bounded loops, reductions of all forms; in functions of rank 0
 * memory by address, lanes, local functions and blocks of the host. The sign of a NaN is
 * nobody's promise, so no result depends on it.
 */
#ifndef QUELEA_TESTS_JIT_GENERATE_H
#define QUELEA_TESTS_JIT_GENERATE_H

#include "ir.h"

typedef struct GenerateOptions {
  int instructions; /* about how many operations; 0: the seed chooses, up to 40 */
  bool straight;    /* no control flow */
  bool no_reduce;   /* stores only */
  bool program;     /* of rank 0, with memory by address */
  uint32_t dtypes;  /* bit d: QlDtype d may be computed with; 0: all */
} GenerateOptions;

/* A verified function, the same for the same seed and options. NULL: out of memory. The caller
 * frees it. */
JitFn *generate_function(uint64_t seed, const GenerateOptions *options);

/* What a function reaches by its first parameter: for each dtype a region with some elements, of
 * every other one at odd addresses. */
enum { GENERATE_ELEMENTS = 8, GENERATE_REGION = 256 };
static inline int64_t generate_offset(QlDtype dtype) {
  return (int64_t)dtype * GENERATE_REGION + dtype % 2;
}

/* Memory for a call: operands with margins for offsets, gaps, negative strides where the classes
 * allow; nasty values.
 */
typedef struct GenerateCall {
  JitCall call;
  int64_t lo[QL_MAX_DIMS], hi[QL_MAX_DIMS];
  char **base;     /* [arrays] */
  int64_t *stride; /* [arrays][rank] */
  QlValue *param;  /* [params] */
  char **memory;   /* [arrays] whole allocation of each operand */
  size_t *size;    /* [arrays] bytes of it, a multiple of the element */
  uint32_t arrays;
  _Alignas(8) char reached[QL_DTYPE_COUNT * GENERATE_REGION];
} GenerateCall;

/* The same call for the same seed. NULL: out of memory. */
GenerateCall *generate_call(const JitFn *fn, uint64_t seed);
void generate_call_free(GenerateCall *call);

/* Are the operands of two calls of `fn` from one seed equal, bit by bit, NaNs being equal to each
 * other? Gaps and margins count. When not, says where in `text`. */
bool generate_equal(const JitFn *fn, const GenerateCall *a, const GenerateCall *b, char *text,
                    size_t size);

#endif
