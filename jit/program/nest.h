/* A nest in the making: what nests.c and spans.c share. */
#ifndef QUELEA_JIT_NEST_H
#define QUELEA_JIT_NEST_H

#include "lower.h"

enum { NEST_ARRAYS = 24, NEST_SCALARS = 128, NEST_PARAMETERS = 480, NEST_NUMBERS = 256 };

typedef struct NestConst {
  int64_t value;
  JitRef ref;
} NestConst;
typedef struct NestOp {
  QlOp op;
  JitRef a, b, ref;
} NestOp;

/* An array on ranks, as the nest touches it: one operand for each way in which its axes follow the
 * dimensions. */
typedef struct NestOperand {
  const Array *array;            /* outside */
  const Span *span[QL_MAX_DIMS]; /* of all accesses together; NULL: anything */
  bool stored, loaded, varies;   /* varies: not all touch the same element at a point */
  const Node *at;                /* where it was stored, or touched first */
  uint32_t store_block;          /* of the kernel: that stores; 0: none */
  int base, stride[QL_MAX_DIMS]; /* parameters of the kernel */
} NestOperand;

struct Nest {
  JitFn *around, *kernel; /* the function that it stands in */
  int ndim;
  const Node *loops[QL_MAX_DIMS];
  JitRef start[QL_MAX_DIMS], step[QL_MAX_DIMS], extent[QL_MAX_DIMS]; /* of the loops, around */
  bool natural[QL_MAX_DIMS];
  int lo[QL_MAX_DIMS], hi[QL_MAX_DIMS], order; /* parameters of the kernel; order -1: not needed */
  JitRef at[QL_MAX_DIMS];                      /* the iteration that is built, in the kernel */
  int operand_count, scalar_count, param_count, const_count, op_count;
  NestOperand operands[NEST_ARRAYS];
  JitRef scalars[NEST_SCALARS]; /* around, */
  uint8_t dtypes[NEST_SCALARS];
  int scalar_params[NEST_SCALARS];
  JitNestParam params[NEST_PARAMETERS];
  NestConst consts[NEST_NUMBERS];
  NestOp ops[NEST_NUMBERS];
  uint32_t enter[QL_MAX_DIMS], end[QL_MAX_DIMS]; /* blocks: before a loop, at its body's end */
};

/* ---- spans.c ---- */
JitRef nest_const(Lower *l, int64_t value);
const Span *nest_number(Lower *l, JitRef ref); /* of a number of the function around */

#endif
