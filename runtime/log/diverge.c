/* Ranks that have not done the same (contract C1): the first event that differs is found, by
 * bisection over the chains of their histories, and what two of them do there is said. After that
 * nothing can be agreed any more: the context is broken. */
#include "runtime.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- which event ---- */

/* The chain up to an event; of what this rank has not done, a word that only its count gives. */
static uint64_t chain_of(const QlContext *ctx, int64_t number) {
  const Event *event = rt_history_event(ctx, number);
  return event ? event->chain : ql_mix(0xd1ff, (uint64_t)ctx->history.count);
}

static CommVerdict meet(QlContext *ctx, CommWord word) {
  CommVerdict verdict;
  comm_agree(ctx->comm, &word, &verdict);
  return verdict;
}

/* The number of the first event that is not the same on all ranks, among those that all have kept,
 * from `oldest` on; behind the last: none is. */
static int64_t first_difference(QlContext *ctx, int64_t *oldest) {
  CommVerdict range = meet(
      ctx, (CommWord){.value = {(uint64_t)rt_history_first(ctx), (uint64_t)ctx->history.count}});
  int64_t low = *oldest = (int64_t)range.value[0], high = (int64_t)range.value[1];
  while (low < high) {
    int64_t middle = low + (high - low) / 2;
    if (meet(ctx, (CommWord){.state = chain_of(ctx, middle)}).same_state)
      low = middle + 1;
    else
      high = middle;
  }
  return low;
}

/* The lowest rank that is not as rank 0. */
static int first_other(QlContext *ctx, uint64_t mine) {
  bool root = ctx->info->rank == 0;
  CommVerdict roots = meet(ctx, (CommWord){.value = {root ? mine : 0}});
  return meet(ctx, (CommWord){.status = roots.value[0] != mine}).status_rank;
}

/* ---- what it is ---- */

enum { PLACE_SIZE = 240, VALUE_SIZE = 120, MADE_SIZE = 140, ARRAYS = 4 };

/* What a rank says of it. */
typedef struct Account {
  bool acts; /* else it has come to `place` without doing anything more */
  EventKind kind;
  bool imports;
  uint64_t hash;
  char place[PLACE_SIZE], values[VALUE_SIZE];
  int arrays;
  uint64_t name[ARRAYS];
  bool is_element[ARRAYS]; /* that was read at once */
  char made[ARRAYS][MADE_SIZE];
} Account;

static void describe_values(int ndim, const int64_t *shape, int known, const LogScalar *scalars,
                            int count, char *text, size_t size) {
  int used = snprintf(text, size, "shape (");
  for (int a = 0; a < known && used < (int)size - 60; a++)
    used += snprintf(text + used, size - (size_t)used, "%s%lld%s", a ? "," : "",
                     (long long)shape[a], ndim == 1 ? "," : "");
  used += snprintf(text + used, size - (size_t)used, "%s)", known < ndim ? ",..." : "");
  for (int j = 0; j < count && used < (int)size - 60; j++) {
    QlValue value = ql_convert(scalars[j].dtype, scalars[j].value, QL_C128);
    used += snprintf(text + used, size - (size_t)used, ", %.17g", value.z[0]);
    if (value.z[1] != 0) used += snprintf(text + used, size - (size_t)used, "%+.17gj", value.z[1]);
  }
}

static void add_array(QlContext *ctx, Account *mine, uint64_t name, bool is_element,
                      QlSource made) {
  if (mine->arrays == ARRAYS) return;
  mine->name[mine->arrays] = name, mine->is_element[mine->arrays] = is_element;
  rt_describe(ctx, made, mine->made[mine->arrays++], MADE_SIZE);
}

/* What a statement does, and with which numbers, whichever arrays it does it with. */
static uint64_t what_is_done(const Log *log, const Statement *s) {
  LogOperand operand;
  uint64_t hash = ql_mix(s->values_hash, (uint64_t)log->words[s->words]);
  hash = ql_hash_bytes(hash, log_shape(log, s), s->ndim * sizeof(int64_t));
  for (int k = 0; k < s->operands; k++) {
    if (!log_operand(log, s, k, &operand)) continue;
    hash = ql_mix(hash, (uint64_t)operand.view.offset);
    hash = ql_hash_bytes(hash, operand.view.stride, (size_t)operand.ndim * sizeof(int64_t));
  }
  return hash;
}

static void describe_statement(QlContext *ctx, int k, Account *mine) {
  const Log *log = &ctx->log;
  const Statement *s = &log->statements[k];
  LogOperand operand;
  mine->imports = statement_traits[s->kind].payload; /* whose scalar is a hash */
  mine->hash = what_is_done(log, s);
  describe_values(s->ndim, log_shape(log, s), s->ndim, log->scalars + s->scalars,
                  mine->imports ? 0 : (int)s->scalar_count, mine->values, sizeof mine->values);
  for (int j = 0; j < s->operands; j++) {
    if (!log_operand(log, s, j, &operand)) continue;
    Storage *storage = log->slots[operand.view.slot];
    uint64_t name = rt_storage_name(storage, &ctx->next_id);
    add_array(ctx, mine, name, storage->origin, storage->made);
  }
}

static void describe_executed(QlContext *ctx, const Event *event, Account *mine) {
  Executed e = rt_history_executed(ctx, event);
  mine->imports = statement_traits[e.kind].payload;
  describe_values(e.ndim, e.shape, QL_MIN(e.ndim, EXECUTED_AXES), e.scalar,
                  mine->imports ? 0 : e.scalars, mine->values, sizeof mine->values);
  for (int k = 0; k < e.arrays; k++) add_array(ctx, mine, e.name[k], e.is_element[k], e.made[k]);
}

static void give_account(QlContext *ctx, int64_t number, Account *mine) {
  const Event *event = rt_history_event(ctx, number);
  memset(mine, 0, sizeof *mine);
  QlSource here = event ? event->source
                  : number >= ctx->history.count && ctx->options.where
                      ? ctx->options.where(ctx->options.data)
                      : rt_source(ctx);
  rt_describe(ctx, here, mine->place, sizeof mine->place);
  if (!event) return;
  mine->acts = event->kind != EVENT_END, mine->kind = event->kind, mine->hash = event->hash;
  if (event->kind == EVENT_STATEMENT)
    describe_statement(ctx, (int)event->at, mine);
  else if (event->kind == EVENT_EXECUTED)
    describe_executed(ctx, event, mine);
  else if (event->kind == EVENT_LOOK || event->kind == EVENT_SNAPSHOT)
    add_array(ctx, mine, event->arrays, false, event->made);
}

static const char *what_it_does(const Account *a) {
  static const char *const verbs[] = {[EVENT_STATEMENT] = "computes",
                                      [EVENT_EXECUTED] = "computes",
                                      [EVENT_CALL] = "calls a compiled function",
                                      [EVENT_LOOK] = "looks at a value",
                                      [EVENT_SNAPSHOT] = "takes a snapshot of an array",
                                      [EVENT_SYNC] = "waits for all ranks",
                                      [EVENT_STRICT] = "sets quelea.config.strict",
                                      [EVENT_END] = "has come"};
  return a->acts ? verbs[a->kind] : "has come";
}

static QlStatus tell_arrays(const Account *a, const Account *b, int other, QlError *error) {
  int k = 0;
  while (k < a->arrays - 1 && a->name[k] == b->name[k]) k++;
  bool same_line = !strcmp(a->made[k], b->made[k]);
  if (a->is_element[k] && b->is_element[k])
    return ql_fail(
        error, QL_ERR_DIVERGED,
        "the ranks use different elements at %s: rank 0 one that was read at %s, rank %d one that "
        "was read at %s%s; every rank must read the same ones, at the same point of the program",
        a->place, a->made[k], other, b->made[k], same_line ? ", but not the same" : "");
  return ql_fail(
      error, QL_ERR_DIVERGED,
      "the ranks use different arrays at %s: rank 0 the one that was made at %s, rank %d "
      "the one that was made at %s%s; the order of a set, of a directory or of what "
      "arrives differs between ranks: sort it",
      a->place, a->made[k], other, b->made[k], same_line ? " at another time" : "");
}

static QlStatus tell_difference(const Account *a, const Account *b, int other, QlError *error) {
  bool same_line = a->acts && b->acts && a->kind == b->kind && !strcmp(a->place, b->place);
  if (same_line && a->hash == b->hash && a->arrays) return tell_arrays(a, b, other, error);
  if (same_line && a->imports && !strcmp(a->values, b->values))
    return ql_fail(error, QL_ERR_DIVERGED,
                   "what enters differs between the ranks: rank 0 and rank %d give other contents "
                   "at %s; every rank must give the same array: seed "
                   "random numbers alike, and read what changes on one rank",
                   other, a->place);
  if (same_line && (a->kind == EVENT_STATEMENT || a->kind == EVENT_EXECUTED))
    return ql_fail(error, QL_ERR_DIVERGED,
                   "the ranks compute with different values at %s: %s on rank 0, %s on rank %d; "
                   "Python's numbers must be the same on every rank: "
                   "seed random numbers alike, and do not compute with ranks, times or what one "
                   "rank alone has read",
                   a->place, a->values, b->values, other);
  if (same_line && a->kind == EVENT_CALL)
    return ql_fail(error, QL_ERR_DIVERGED,
                   "the ranks call a compiled function with different arguments, or compiled from "
                   "different source, at %s: rank 0 and rank %d; numbers, arrays and elements read "
                   "from arrays must be the same on every rank",
                   a->place, other);
  return ql_fail(
      error, QL_ERR_DIVERGED,
      "the ranks run different code: rank 0 %s %s %s, but rank %d %s %s %s; every rank must make "
      "the same calls with the same values, so move what looks at arrays out of branches that "
      "depend on the rank (quelea.on_root runs a function on rank 0 alone)",
      what_it_does(a), a->acts ? "at" : "to", a->place, other, what_it_does(b),
      b->acts ? "at" : "to", b->place);
}

/* ---- all of it ---- */

/* Rank 0 and the other one say what they do; all hear it, and raise the same. */
static QlStatus compare_accounts(QlContext *ctx, const Account *mine, int other, QlError *error) {
  char *all = NULL;
  int64_t *offset = NULL;
  int rank = ctx->info->rank;
  int64_t size = rank == 0 || rank == other ? (int64_t)sizeof *mine : 0;
  QlError local = {0};
  QlStatus status = comm_allgather(ctx->comm, mine, size, &all, &offset, &local);
  if (status) return ql_fail(error, status, "%s", local.text);
  const Account *accounts = (const Account *)all;
  status = tell_difference(&accounts[0], &accounts[1], other, error);
  free(all), free(offset);
  return status;
}

/* A rank that had no memory to record something has not done it. */
static QlStatus tell_lack(QlContext *ctx, int rank, QlError *error) {
  char place[PLACE_SIZE] = "", *all = NULL;
  int64_t *offset = NULL;
  QlError local = {0};
  bool mine = ctx->info->rank == rank;
  if (mine) rt_describe(ctx, ctx->history.lacked, place, sizeof place);
  QlStatus status =
      comm_allgather(ctx->comm, place, mine ? (int64_t)strlen(place) : 0, &all, &offset, &local);
  if (status) return ql_fail(error, status, "%s", local.text);
  ql_fail(error, QL_ERR_DIVERGED,
          "rank %d had no memory to record what other ranks have recorded, at %.*s: the ranks have "
          "not done the same, and cannot go on together",
          rank, (int)offset[ctx->info->size], all);
  free(all), free(offset);
  return QL_ERR_DIVERGED;
}

QlStatus rt_fail_diverged(QlContext *ctx, QlError *error) {
  Account mine;
  int64_t oldest, number = first_difference(ctx, &oldest);
  int other = first_other(ctx, chain_of(ctx, number));
  int lacking = meet(ctx, (CommWord){.status = ctx->history.lacks}).status_rank;
  ctx->broken = true;
  if (lacking >= 0) return tell_lack(ctx, lacking, error);
  if (other < 0)
    return ql_fail(error, QL_ERR_DIVERGED,
                   "the ranks have done the same, but what they know of their arrays differs: "
                   "a defect of Quelea");
  give_account(ctx, number, &mine);
  QlStatus status = compare_accounts(ctx, &mine, other, error);
  if (number == oldest && number > ctx->history.agreed)
    ql_note(error, "or before: what the ranks did earlier is not known any more");
  return status;
}

QlStatus rt_fail_broken(const QlContext *ctx, QlError *error) {
  if (ctx->executes)
    return ql_fail(
        error, QL_ERR_STATE,
        "Quelea cannot be used by a function that is called while it executes or explains");
  if (ctx->info->finalised)
    return ql_fail(
        error, QL_ERR_STATE,
        "MPI has been finalised (by MPI.Finalize() of mpi4py, say), and Quelea cannot be "
        "used after that: leave it to the end of the program");
  return ql_fail(error, QL_ERR_DIVERGED,
                 "the ranks of this job have diverged before (a DivergenceError was raised, and "
                 "caught): Quelea cannot be used any more in this program");
}
