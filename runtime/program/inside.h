/* What the files of this folder share of a compiled function. */
#ifndef QUELEA_PROGRAM_INSIDE_H
#define QUELEA_PROGRAM_INSIDE_H

#include "compiled.h"
#include "program/program.h"
#include "runtime.h"

struct QlCompiledInside {
  JitLowered lowered; /* fn: as it was built; NULL: refused */
  QlRefusal *refusals;
  QlRaise *raises;
  QlNote *notes;
  JitEntry *entry;
  const NestKernel **kernels; /* [nests] those that were met, of a context; NULL: none yet */
  uint64_t kernels_of;        /* rt_nests_of it */
};

/* ---- nests.c ---- */
/* Records a nest that the driver is asked for, the call's `order`th; *recorded: something was. */
QlStatus compiled_nest(QlContext *ctx, QlCompiledInside *inside, int64_t order,
                       const QlValue *slots, bool *recorded, QlError *error);

#endif
