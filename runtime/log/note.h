/* Notes of statements that are executed without the log, on several ranks: an event each in the
 * history, written operand by operand, the target first. Inline, for small programs write one for
 * each of their statements.
 *
 * In words: head, as note_head gives it, and the number of axes; the first extents; of an array
 * name << 2 | (is it an element that was read) << 1 | 1 and where it was made, of a scalar
 * dtype << 1 and its bits. */
#ifndef QUELEA_NOTE_H
#define QUELEA_NOTE_H

#include "runtime.h"

#include <string.h>

typedef struct Note {
  uint64_t hash, arrays; /* apart: they are written one by one, not read as one */
  uint64_t *word;
} Note;

static inline uint64_t note_head(StatementKind kind, int op, int loop, uint32_t axes,
                                 int operands) {
  return (uint64_t)kind | (uint64_t)op << 8 | (uint64_t)loop << 16 | (uint64_t)axes << 32 |
         (uint64_t)operands << 48;
}

/* Every bit of a word reaches all of the hash within two more words. */
static inline uint64_t note_word(uint64_t hash, uint64_t word) {
  hash = (hash + word) * 0x9e3779b97f4a7c15u;
  return hash << 29 | hash >> 35;
}

static inline QlStatus note_begin(QlContext *ctx, Note *note, uint64_t head, int ndim,
                                  const int64_t *shape, QlError *error) {
  History *h = &ctx->history;
  if (h->count - h->said >= EVENTS_TO_MEET) QL_TRY(rt_history_pass(ctx, error));
  uint64_t *word = h->words + h->word_count, hash = head |= (uint64_t)ndim << 24;
  *word++ = head;
  for (int a = 0; a < ndim; a++) hash = note_word(hash, (uint64_t)shape[a]);
  for (int a = 0; a < QL_MIN(ndim, EXECUTED_AXES); a++) *word++ = (uint64_t)shape[a];
  *note = (Note){.hash = hash, .word = word};
  return QL_OK;
}

static inline void note_array(QlContext *ctx, Note *note, Storage *storage, int64_t offset,
                              int ndim, const int64_t *stride) {
  uint64_t name = rt_storage_name(storage, &ctx->next_id), hash = note->hash;
  hash = note_word(hash, (uint64_t)offset);
  for (int a = 0; a < ndim; a++) hash = note_word(hash, (uint64_t)stride[a]);
  note->hash = hash, note->arrays = note_word(note->arrays, name);
  *note->word++ = name << 2 | (uint64_t)(storage->origin != 0) << 1 | 1;
  *note->word++ = (uint64_t)(uintptr_t)storage->made.code;
  *note->word++ = (uint64_t)storage->made.at;
}

/* An array that is stored: what was an element has a name of its own then. */
static inline void note_target(QlContext *ctx, Note *note, Storage *storage, int64_t offset,
                               int ndim, const int64_t *stride) {
  if (storage->origin) note->arrays = note_word(note->arrays, storage->origin);
  storage->origin = 0;
  note_array(ctx, note, storage, offset, ndim, stride);
}

static inline void note_bits(Note *note, QlDtype dtype, uint64_t low, uint64_t high) {
  note->hash = note_word(note_word(note_word(note->hash, dtype), low), high);
  *note->word++ = (uint64_t)dtype << 1;
  *note->word++ = low;
  *note->word++ = high;
}

static inline void note_scalar(Note *note, QlDtype dtype, const QlValue *value) {
  size_t size = ql_dtype_info[dtype].size;
  uint64_t bits[2] = {0, 0};
  QlKind kind = ql_dtype_info[dtype].kind;
  if (size == 8 || kind == QL_KIND_INT || kind == QL_KIND_UINT)
    bits[0] = value->u; /* in one word, as it was written; integers have 64 bits there */
  else
    memcpy(bits, value, size);
  note_bits(note, dtype, bits[0], bits[1]);
}

static inline uint64_t chain_with(uint64_t chain, uint64_t hash, uint64_t arrays) {
  chain = (chain + hash + arrays * 0xff51afd7ed558ccdu) * 0xc4ceb9fe1a85ec53u;
  return chain ^ chain >> 32;
}

static inline Event *history_next(History *h) {
  return &h->kept[h->half][(uint64_t)(h->count++ - h->said) % HISTORY_KEPT];
}

static inline void note_end(QlContext *ctx, const Note *note) {
  History *h = &ctx->history;
  Event *event = history_next(h);
  event->kind = EVENT_EXECUTED, event->at = h->word_count;
  event->hash = note->hash, event->arrays = note->arrays, event->source = rt_source(ctx);
  h->word_count = (uint32_t)(note->word - h->words);
  h->chain = event->chain = chain_with(h->chain, note->hash, note->arrays);
  h->executed_chain = chain_with(h->executed_chain, note->hash, note->arrays);
}

/* An element that is read is in no event: what it is read from, and after which event, names it in
 * those that use it. False: that has no name itself. */
static inline bool note_origin(QlContext *ctx, Storage *made, const Storage *from, int64_t offset) {
  uint64_t name = from->origin ? from->origin : from->id;
  if (!name) return false;
  uint64_t origin = note_word(note_word(name, (uint64_t)offset), (uint64_t)ctx->history.count);
  made->origin = note_word(origin, 0) | 1;
  return true;
}

#endif
