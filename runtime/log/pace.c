/* When the log is executed unasked: at the end of an assignment, after QUELEA_FLUSH statements or
 * more, where the program repeats itself; or after a few that are for the immediate path. A plan is
 * found again when a log has the same words; so a loop is cut at a multiple of its period, and each
 * log holds the same part of it.
 *
 *     recorded    s s a b c d a b c d a b c d a b c d a b c d a b c d
 *     log                         |- - - - - - - - - - - -|
 *                         |- - - - - - - - - - - -|       the same, 4 statements earlier: period 4
 *
 * Of each statement a trace is taken: what it does, and for each operand how many statements ago
 * its storage was touched last, and how far its position is from the position there. Hence names
 * that a loop swaps or rotates keep the period, and so do positions that move evenly. sum[n] is a
 * rolling hash of the n first traces, so that two stretches are compared in one step. The trace
 * goes on over flushes. All of it follows from what was recorded, and is equal on all ranks. */
#include "runtime.h"

#include <string.h>

static const uint64_t BASE = 0x9e3779b97f4a7c15u;

/* ---- what was recorded ---- */

/* Linear in all its numbers: the difference of two is the same wherever both have moved alike. */
static uint64_t position(uint64_t start, int ndim, const int64_t *numbers) {
  for (int a = 0; a < ndim; a++) start = start * BASE + (uint64_t)numbers[a];
  return start;
}

/* What was touched long ago most logs have not seen before: it is placed beside the operand that
 * was recorded before it. A new array is placed nowhere: t in t = a[k] * b does not move as a does.
 */
static uint64_t trace_operand(Pace *pace, uint64_t trace, const RequestOperand *operand) {
  if (!operand->array) return ql_mix(trace, operand->dtype);
  Storage *storage = operand->array->storage;
  uint64_t here = position((uint64_t)operand->array->offset, operand->ndim, operand->stride);
  if (!storage->touched) {
    storage->touched = pace->count + 1, storage->place = here;
    return ql_mix(trace, PACE_LATELY + 2);
  }
  bool lately = storage->touched && pace->count - storage->touched < PACE_LATELY;
  uint64_t from = lately ? storage->place : pace->place;
  trace = ql_mix(trace, lately ? pace->count + 1 - storage->touched : PACE_LATELY + 1);
  storage->touched = pace->count + 1, storage->place = pace->place = here;
  return ql_mix(trace, here - from);
}

static uint64_t trace_of(Pace *pace, const LogRequest *r) {
  uint64_t shape = position(0, r->ndim, r->shape);
  uint64_t trace = (uint64_t)r->kind | (uint64_t)r->op << 8 | (uint64_t)r->loop << 16 |
                   (uint64_t)r->ndim << 24 | (uint64_t)r->operands << 32;
  trace = ql_mix(ql_mix(trace, r->axes), shape - pace->shape);
  pace->shape = shape;
  for (int k = 1; k < r->operands; k++) trace = trace_operand(pace, trace, &r->operand[k]);
  return trace_operand(pace, trace, &r->operand[0]);
}

void rt_pace_note(Pace *pace, const LogRequest *request) {
  uint64_t trace = trace_of(pace, request), n = pace->count++;
  uint64_t *same = &pace->last[trace % PACE_TABLE];
  pace->sum[(n + 1) % PACE_KEPT] = pace->sum[n % PACE_KEPT] * BASE + trace;
  pace->earlier[n % PACE_KEPT] = *same; /* 1 + its number; 0: none */
  *same = n + 1;
  if (n == pace->begin) pace->power = 1, pace->repeats = pace->earlier[n % PACE_KEPT];
  pace->power *= BASE;
}

void rt_pace_begin(Pace *pace) {
  pace->begin = pace->count;
  pace->period = pace->due = pace->disappointed = 0;
  pace->asked = !pace->cut, pace->cut = pace->looped = false;
}

/* ---- its period ---- */

/* Of as many statements as the log has, from that one on. */
static uint64_t hash_from(const Pace *pace, uint64_t from) {
  uint64_t end = from + (pace->count - pace->begin);
  return pace->sum[end % PACE_KEPT] - pace->sum[from % PACE_KEPT] * pace->power;
}

/* What a log does not repeat it will not repeat when it is longer: no stretch is tried twice. */
int rt_pace_period(Pace *pace) {
  uint64_t wanted = hash_from(pace, pace->begin);
  while (pace->repeats) {
    uint64_t from = pace->repeats - 1;
    if (pace->begin - from > PACE_LONGEST || pace->count - from >= PACE_KEPT)
      pace->repeats = 0;
    else if (hash_from(pace, from) == wanted)
      return (int)(pace->begin - from);
    else
      pace->repeats = pace->earlier[from % PACE_KEPT];
  }
  return 0;
}

/* Does all of the log repeat what was recorded so many statements earlier? */
static bool repeats(const Pace *pace, int period) {
  if (!period || (uint64_t)period > pace->begin) return false;
  uint64_t from = pace->begin - (uint64_t)period;
  return pace->count - from < PACE_KEPT && hash_from(pace, from) == hash_from(pace, pace->begin);
}

/* Has the program begun a loop whose steps were computed together when it ran before? The first of
 * them is unlike those that follow, since what it reads was touched elsewhere: so the whole log
 * repeats nothing but all of the loop, as far as that has come. Asked of logs behind a value that
 * was looked at alone: the program does that at the same place each time, and so they are cut at
 * the same steps. */
static bool begins_known_loop(const Pace *pace, int period) {
  uint64_t known = (uint64_t)pace->loop, half = (pace->count - pace->begin) / 2;
  if (!pace->asked || !known || half < known || (uint64_t)period < 4 * half) return false;
  uint64_t power = 1, from = pace->count - half, before = from - known;
  for (uint64_t k = 0; k < half; k++) power *= BASE;
  const uint64_t *sum = pace->sum;
  return sum[pace->count % PACE_KEPT] - sum[from % PACE_KEPT] * power ==
         sum[(pace->count - known) % PACE_KEPT] - sum[before % PACE_KEPT] * power;
}

/* ---- what is known of a period ---- */

enum { STEPS = 32, LONGEST = 1024 }; /* of a log whose steps are computed together; statements */

/* Of new arrays most are temporaries, which are never stored, or gone when others need their
 * memory. What a plan took for the last log with this period the next one will take too. */
void rt_pace_learn(QlContext *ctx, int64_t new_bytes, bool swept) {
  Pace *pace = &ctx->pace;
  int64_t fresh = ctx->log.fresh_bytes;
  int period = pace->looped ? 0 : rt_pace_period(pace);
  if (!period) return;
  pace->known = period;
  if (!swept && period == pace->loop) pace->loop = 0;
  if (swept && ctx->log.count >= period) pace->loop = period; /* not the rest of a longer one */
  pace->weight = new_bytes < fresh ? (double)new_bytes / (double)fresh : 1;
}

/* ---- the decision ---- */

static int multiple_from(int period, int length) { return (length + period - 1) / period * period; }

/* A plan of thousands of statements takes long to make, and shorter periods may follow inside of
 * that one: it is cut into parts as long as each other. The first cut that leaves at least `length`
 * statements to the log, as a length of the log. */
static int part_until(Pace *pace, int period, int length) {
  int64_t parts = (period + LONGEST - 1) / LONGEST;
  if (period != pace->parted) pace->parted = period, pace->parts_from = pace->begin;
  int64_t start = (int64_t)((pace->begin - pace->parts_from) % (uint64_t)period);
  int64_t part = start * parts / period, due = 0;
  while (due < length) due = ++part * period / parts - start;
  return (int)due;
}

static int due_from(Pace *pace, int period, int length) {
  return period > LONGEST ? part_until(pace, period, length) : multiple_from(period, length);
}

enum { DISAPPOINTMENTS = 2 };

/* At a multiple of the period, or a part of a long one; where no assignment ends there, at the end
 * of the next one. What has repeated itself for a while and then does not, such as the rows of a
 * loop that was run before from another place on, would find a longer period each time: it is not
 * waited for again and again. */
static bool is_due_by_period(Pace *pace, int period, int length, bool at_end) {
  bool missed = length > pace->due && !at_end;
  if (pace->period && period != pace->period && ++pace->disappointed >= DISAPPOINTMENTS)
    pace->due = length;
  else if (period != pace->period || missed)
    pace->due = due_from(pace, period, length);
  pace->period = period;
  return length >= pace->due;
}

enum { WAITING = 16 }; /* small statements behind larger ones: the next ones are executed at once */
enum { TRIES = 2, LONGER = 2 }; /* without a period a log may be 4, then 16 times as long */

static bool is_due(QlContext *ctx) {
  const Log *log = &ctx->log;
  Pace *pace = &ctx->pace;
  int64_t enough = ctx->params.flush, bytes = ctx->params.flush_bytes;
  int64_t fresh = log->fresh_bytes;
  int length = log->count;
  bool at_end = log->at_end_of_assignment;
  if (at_end && log->waiting >= WAITING) return true;
  if (length < enough && fresh < bytes) return false;
  if (enough > 1 && repeats(pace, pace->known)) fresh = (int64_t)((double)fresh * pace->weight);
  if (enough > 1 && pace->loop <= LONGEST && repeats(pace, pace->loop))
    enough = QL_MAX(enough, QL_MIN(STEPS * pace->loop, LONGEST));
  bool heavy = fresh >= bytes;
  if (length < enough && !heavy) return false;
  if (fresh / 4 >= bytes) return true;
  /* Expressions are not torn apart: their temporaries would have to be stored. A program without
   * assignments is executed later. */
  if (!at_end && length < 4 * enough) return false;
  if (enough <= 1 || (at_end && fresh / 2 >= bytes)) return true;
  int period = rt_pace_period(pace);
  if (period && at_end && (pace->looped = begins_known_loop(pace, period))) return true;
  if (period) {
    if (!is_due_by_period(pace, period, length, at_end)) return false;
    pace->tries = 0;
    return true;
  }
  if (!heavy && length < enough << LONGER * pace->tries) return false;
  if (!heavy) pace->tries = QL_MIN(pace->tries + 1, TRIES);
  return true;
}

enum { LARGE_PART = 64 }; /* of QUELEA_FLUSH_BYTES: a value that is not stored without need */

/* May what comes next consume the last statement's value, a large new array? A product that is
 * only summed is then never stored. */
static bool value_is_open(const QlContext *ctx) {
  const Log *log = &ctx->log;
  return log->made && log->made == log->stored && !log->at_end_of_assignment &&
         log->made_bytes >= ctx->params.flush_bytes / LARGE_PART;
}

/* A log that is due waits for the consumer: for one period, in which each of the program's places
 * has come once, or as long as a short log is; but no longer than a log grows. */
QlStatus rt_log_due_now(QlContext *ctx, QlError *error) {
  Log *log = &ctx->log;
  QL_TRY(rt_check_whole(ctx, error));
  if (!log->due_since && !is_due(ctx)) return QL_OK;
  if (!log->due_since) log->due_since = QL_MAX(log->count, 1);
  int64_t period = QL_MIN(ctx->pace.period, LONGEST),
          patience = period ? period : ctx->params.flush;
  if (value_is_open(ctx) && log->count < log->due_since + patience) return QL_OK;
  ctx->pace.cut = true;
  return rt_flush(ctx, error);
}
