/* The rows of a table of math.c, from math.def: the functions of SCALAR and LEVEL. */
#define IR_MATH1(OP, name, ulp) .real[QL_OP_##OP] = ROWS(SCALAR, LEVEL, SLEEF_NAME, name, ulp),
#define IR_MATH2 IR_MATH1
#define IR_OURS1(OP, name) .real[QL_OP_##OP] = ROWS(SCALAR, LEVEL, NAME_OURS, name, ),
#define IR_OURS2 IR_OURS1
#define IR_COMPLEX1(OP, name)                                         \
  .part[0][QL_OP_##OP] = ROWS(SCALAR, LEVEL, NAME_OURS, name##_re, ), \
  .part[1][QL_OP_##OP] = ROWS(SCALAR, LEVEL, NAME_OURS, name##_im, ),
#define IR_EXACT1 IR_COMPLEX1
#define IR_EXACT2 IR_COMPLEX1
#include "math.def"
