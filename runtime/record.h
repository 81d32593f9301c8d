/* What the files that record statements share: record.c, create.c, reduce.c. */
#ifndef QUELEA_RECORD_H
#define QUELEA_RECORD_H

#include "runtime.h"

/* ---- record.c ---- */
QlStatus rt_check_input(const QlContext *ctx, const QlArray *array,
                        QlError *error); /* is it of this context, and has it a value? */
int rt_shape_text(char *text, size_t size, int ndim,
                  const int64_t *shape); /* NumPy's form: (3,4) */

/* ---- create.c ---- */

/* What an IMPORT statement carries: the part of the user's array that this rank's workers own, or
 * all of it where it lies. */
typedef struct ImportPart {
  Box box;                     /* storage coordinates */
  int64_t stride[QL_MAX_DIMS]; /* bytes */
  char *data;                  /* of the element box.lo: behind this struct, or the user's */
} ImportPart;

#endif
