/* Memory for routines, and for terms of nests: what they need beside their operands while they
 * compute, which ends with them. It is taken before ranks agree on a run, as all memory is
 * (contract C9). */
#include "runtime.h"

#include <stdlib.h>

enum { LINE = 64 };

static void drop(Scratch *scratch) {
  free(scratch->memory);
  *scratch = (Scratch){.each = 0};
}

QlStatus rt_scratch_reserve(QlContext *ctx, int64_t each, QlError *error) {
  Scratch *scratch = &ctx->team->run.scratch;
  each = (each + LINE - 1) / LINE * LINE;
  if (each <= scratch->each) return QL_OK;
  drop(scratch);
  int64_t bytes = each * ctx->info->threads;
  if (!(scratch->memory = malloc((size_t)bytes + LINE)))
    return ql_fail(error, QL_ERR_MEMORY, "out of memory: a function needs %s beside its arrays",
                   ql_bytes_text(bytes).text);
  scratch->data = (char *)scratch->memory + LINE - (uintptr_t)scratch->memory % LINE;
  scratch->each = each;
  return QL_OK;
}

void rt_scratch_release(QlContext *ctx) {
  Scratch *scratch = &ctx->team->run.scratch;
  if (scratch->each * ctx->info->threads > SCRATCH_KEPT) drop(scratch);
}
