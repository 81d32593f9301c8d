/* Ranks that did not record the same (contract C1): the first statement that differs is found, and
 * what each side does there is said. */
#include "runtime.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int first_difference(QlContext *ctx, QlError *error) {
  const Log *log = &ctx->log;
  uint64_t *mine = malloc(((size_t)log->count + 1) * sizeof *mine);
  char *all = NULL;
  int64_t *offset = NULL;
  int first = log->count,
      count = mine ? first
                   : 0; /* a rank without memory differs in its first statement; it takes part */
  for (int k = 0; k < count; k++)
    mine[k] = ql_mix(log->statements[k].hash, log->statements[k].values_hash);
  if (!comm_allgather(ctx->comm, mine, (int64_t)((size_t)count * sizeof *mine), &all, &offset,
                      error)) {
    int64_t longest = 0;
    for (int r = 0; r < ctx->info->size; r++)
      longest = QL_MAX(longest, (offset[r + 1] - offset[r]) / 8);
    bool differ = false;
    for (first = 0; first < longest; first++) {
      uint64_t reference = 0;
      for (int r = 0; r < ctx->info->size && !differ; r++) {
        uint64_t theirs = 0;
        if (offset[r] + 8 * first < offset[r + 1]) memcpy(&theirs, all + offset[r] + 8 * first, 8);
        if (r == 0) reference = theirs;
        differ |= theirs != reference;
      }
      if (differ) break;
    }
  }
  free(mine), free(all), free(offset);
  return first;
}

enum { PLACE_SIZE = 360, VALUE_SIZE = 160 };

/* What a rank says of the first statement that differs: where it is, and its shape and numbers. */
typedef struct Account {
  char place[PLACE_SIZE], values[VALUE_SIZE];
  bool looks, imports;
} Account;

static void describe_values(const Log *log, int k, char *text, size_t size) {
  const Statement *s = &log->statements[k];
  const int64_t *shape = log_shape(log, s);
  bool tells = !statement_traits[s->kind].payload; /* what carries memory has a hash of it */
  int used = snprintf(text, size, "shape (");
  for (int a = 0; a < s->ndim && used < (int)size - 60; a++)
    used += snprintf(text + used, size - (size_t)used, "%s%lld%s", a ? "," : "",
                     (long long)shape[a], s->ndim == 1 ? "," : "");
  used += snprintf(text + used, size - (size_t)used, ")");
  for (uint32_t j = 0; j < s->scalar_count && tells && used < (int)size - 60; j++) {
    const LogScalar *scalar = &log->scalars[s->scalars + j];
    QlValue value = ql_convert(scalar->dtype, scalar->value, QL_C128);
    used += snprintf(text + used, size - (size_t)used, ", %.17g", value.z[0]);
    if (value.z[1] != 0) used += snprintf(text + used, size - (size_t)used, "%+.17gj", value.z[1]);
  }
}

static void give_account(QlContext *ctx, int first, Account *mine) {
  const Log *log = &ctx->log;
  memset(mine, 0, sizeof *mine);
  mine->looks = first >= log->count;
  if (mine->looks) {
    rt_describe(ctx, ctx->options.where ? ctx->options.where(ctx->options.data) : ctx->source,
                mine->place, sizeof mine->place);
  } else {
    mine->imports = statement_traits[log->statements[first].kind].payload;
    rt_describe(ctx, log->statements[first].source, mine->place, sizeof mine->place);
    describe_values(log, first, mine->values, sizeof mine->values);
  }
}

static QlStatus tell_difference(const Account *a, const Account *b, int other, QlError *error) {
  bool same_line = !a->looks && !b->looks && !strcmp(a->place, b->place),
       same_values = !strcmp(a->values, b->values);
  if (same_line && same_values && a->imports)
    return ql_fail(error, QL_ERR_DIVERGED,
                   "what enters differs between the ranks: rank 0 and rank %d give other contents "
                   "at %s; every rank must give the same array: seed "
                   "random numbers alike, and read what changes on one rank",
                   other, a->place);
  if (same_line)
    return ql_fail(error, QL_ERR_DIVERGED,
                   "the ranks compute with different values at %s: %s on rank 0, %s on rank %d; "
                   "Python's numbers must be the same on every rank: "
                   "seed random numbers alike, and do not compute with ranks, times or what one "
                   "rank alone has read",
                   a->place, a->values, b->values, other);
  return ql_fail(error, QL_ERR_DIVERGED,
                 "the ranks run different code: rank 0 %s at %s, but rank %d %s at %s; every rank "
                 "must make the same calls with the same values, so "
                 "move what looks at arrays out of branches that depend on the rank "
                 "(quelea.on_root runs a function on rank 0 alone)",
                 a->looks ? "looks at a value" : "computes", a->place, other,
                 b->looks ? "looks at a value" : "computes", b->place);
}

QlStatus rt_fail_diverged(QlContext *ctx, QlError *error) {
  QlError local = {0};
  Account mine;
  char *all = NULL;
  int64_t *offset = NULL;
  give_account(ctx, first_difference(ctx, &local), &mine);
  QlStatus status = comm_allgather(ctx->comm, &mine, sizeof mine, &all, &offset, &local);
  if (status) return ql_fail(error, status, "%s", local.text);
  const Account *accounts = (const Account *)all;
  int other = 0;
  for (int r = 1; r < ctx->info->size && !other; r++)
    if (memcmp(&accounts[0], &accounts[r], sizeof mine)) other = r;
  status = tell_difference(&accounts[0], &accounts[other ? other : ctx->info->size - 1],
                           other ? other : ctx->info->size - 1, error);
  free(all), free(offset);
  return status;
}
