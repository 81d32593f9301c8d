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

#endif
