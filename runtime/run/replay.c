/* After a flush that failed: its statements again, assignment by assignment, so that only what
 * depends on the failure is lost (contract C9).
 *
 * The log is cut behind each statement that stores something the program can still see; the
 * temporaries before it belong to it. Each piece is a log of its own, planned, agreed and executed
 * like any other. When one fails, its targets are lost, and with them whatever a later statement
 * computes from them or stores into them: such statements are skipped. A lost array keeps the value
 * that it had before, or has none.
 *
 * Where memory was lacking on some rank, all give up their kept copies first, and the pieces keep
 * none: what fits without them is computed.
 *
 * All ranks have agreed on the statements before, so they cut alike, and they agree on every
 * piece's outcome, so they skip alike. */
#include "runtime.h"

#include <stdlib.h>
#include <string.h>

typedef struct Replay {
  QlContext *ctx;
  Log all;       /* the log that failed */
  int *last_use; /* [slots] statement */
  bool *dead;    /* [slots] as agreed; while its users are still to come a storage is kept alive */
  bool *temporary; /* [slots] the program never sees it */
  bool *lost;      /* [slots] */
} Replay;

/* ---- the pieces ---- */

/* Does it store only what the program never sees? */
static bool is_hidden(const Replay *r, int statement) {
  const Statement *s = &r->all.statements[statement];
  LogOperand operand;
  for (int k = 0; k < s->operands; k++)
    if (log_operand(&r->all, s, k, &operand) && operand.access & LOG_WRITE &&
        !r->temporary[operand.view.slot])
      return false;
  return true;
}

/* The statement behind the last one of the piece that begins at `first`. */
static int piece_end(const Replay *r, int first) {
  int k = first;
  while (k < r->all.count - 1 && is_hidden(r, k)) k++;
  return k + 1;
}

static void look_at_slots(Replay *r) {
  for (int s = 0; s < r->all.slot_count; s++) {
    const Storage *storage = r->all.slots[s];
    r->dead[s] = storage->dead, r->temporary[s] = storage->dead && !storage->block;
  }
  for (int k = 0; k < r->all.count; k++) {
    const Statement *s = &r->all.statements[k];
    LogOperand operand;
    for (int j = 0; j < s->operands; j++)
      if (log_operand(&r->all, s, j, &operand)) r->last_use[operand.view.slot] = k;
  }
}

/* Does it read, or store into, what is lost? */
static bool is_lost(const Replay *r, int statement) {
  const Statement *s = &r->all.statements[statement];
  LogOperand operand;
  for (int k = 0; k < s->operands; k++)
    if (log_operand(&r->all, s, k, &operand) && r->lost[operand.view.slot]) return true;
  return false;
}

static void lose_targets(Replay *r, int statement) {
  const Statement *s = &r->all.statements[statement];
  LogOperand operand;
  for (int k = 0; k < s->operands; k++)
    if (log_operand(&r->all, s, k, &operand) && operand.access & LOG_WRITE)
      r->lost[operand.view.slot] = true;
}

/* ---- one statement, from the log that failed into the one of its piece ---- */

/* Room for the largest piece, so that nothing can fail on one rank alone later. */
static QlStatus reserve(Replay *r, Log *piece, QlError *error) {
  piece->statements = malloc((size_t)r->all.count * sizeof *piece->statements),
  piece->room = r->all.count;
  piece->words = malloc((size_t)r->all.word_count * sizeof *piece->words),
  piece->word_room = r->all.word_count;
  piece->scalars = malloc(((size_t)r->all.scalar_count + 1) * sizeof *piece->scalars),
  piece->scalar_room = r->all.scalar_count;
  piece->slots = malloc((size_t)r->all.slot_count * sizeof(Storage *)),
  piece->slot_room = r->all.slot_count;
  r->last_use = malloc((size_t)r->all.slot_count * sizeof *r->last_use);
  r->dead = calloc((size_t)r->all.slot_count, sizeof *r->dead);
  r->temporary = calloc((size_t)r->all.slot_count, sizeof *r->temporary);
  r->lost = calloc((size_t)r->all.slot_count, sizeof *r->lost);
  if (piece->statements && piece->words && piece->scalars && piece->slots && r->last_use &&
      r->dead && r->temporary && r->lost)
    return QL_OK;
  return ql_fail(error, QL_ERR_MEMORY, "out of memory for repeating what failed");
}

static void copy_statement(Replay *r, int number) {
  rt_log_copy(r->ctx, &r->all, number);
  r->all.statements[number].payload = NULL; /* the piece owns it now */
}

/* ---- the whole ---- */

static QlStatus run_piece(Replay *r, int first, int end, QlError *error) {
  QlContext *ctx = r->ctx;
  for (int k = first; k < end; k++) {
    if (is_lost(r, k))
      lose_targets(r, k);
    else
      copy_statement(r, k);
  }
  for (int s = 0; s < r->all.slot_count; s++)
    if (r->all.slots[s]) r->all.slots[s]->dead = r->dead[s] && r->last_use[s] < end;
  QlStatus status = ctx->log.count ? rt_flush_log(ctx, error) : QL_OK;
  for (int k = first; status && k < end; k++) lose_targets(r, k);
  rt_log_clear(ctx);
  for (int s = 0; s < r->all.slot_count; s++) { /* their memory may be what the next piece needs */
    if (!r->all.slots[s] || !r->dead[s] || r->last_use[s] >= end) continue;
    rt_storage_unpin(r->all.slots[s]);
    r->all.slots[s] = NULL;
  }
  return status;
}

static QlStatus run_pieces(Replay *r, QlError *error) {
  QlStatus worst = QL_OK;
  rt_drops_bury(r->ctx);
  for (int first = 0, end; first < r->all.count; first = end) {
    QlError local = {0};
    end = piece_end(r, first);
    QlStatus status = run_piece(r, first, end, &local);
    if (status && (!worst || status == QL_ERR_INTERRUPTED)) worst = status, *error = local;
    for (int k = end; status == QL_ERR_INTERRUPTED && k < r->all.count; k++) lose_targets(r, k);
  }
  return worst;
}

/* What was lost and had no value before has none now. The log keeps the slots that are still there.
 */
static void poison(Log *log, const bool *lost) {
  int kept = 0;
  for (int s = 0; s < log->slot_count; s++) {
    Storage *storage = log->slots[s];
    if (!storage) continue;
    if (!storage->block && (!lost || lost[s])) storage->poisoned = true;
    log->slots[kept++] = storage;
  }
  log->slot_count = kept;
}

QlStatus rt_replay(QlContext *ctx, QlStatus status, QlError *error) {
  Replay r = {.ctx = ctx, .all = ctx->log};
  Log piece = {.epoch = ctx->log.epoch + 1};
  QlError local = {0};
  bool repeats = false;
  bool gave_up = status == QL_ERR_MEMORY && rt_copies_forget_all(ctx);
  if (status != QL_ERR_DIVERGED && status != QL_ERR_INTERRUPTED &&
      !rt_agree_status(ctx, reserve(&r, &piece, &local), &local)) {
    look_at_slots(&r);
    repeats = gave_up || piece_end(&r, 0) < ctx->log.count;
  }
  if (repeats) {
    ctx->log = piece;
    ctx->frugal = status == QL_ERR_MEMORY;
    QlStatus outcome = run_pieces(&r, &local);
    ctx->frugal = false;
    /* Too large together, each small enough alone: nothing is lost, nothing is raised. A failure of
     * the compiler is always told. */
    if (outcome)
      *error = local, status = outcome;
    else if (status == QL_ERR_MEMORY)
      status = QL_OK;
    piece = ctx->log;
    ctx->log = r.all, ctx->log.epoch = piece.epoch;
  }
  poison(&ctx->log, repeats ? r.lost : NULL);
  free(piece.statements), free(piece.words), free(piece.scalars), free(piece.slots);
  free(r.last_use), free(r.dead), free(r.temporary), free(r.lost);
  return status;
}
