/* Statements as words: what is recorded is read back, with any number of operands of any rank, also
 * from a copy in another log. */
#include "runtime.h"

#include "../check.h"

#include <stdlib.h>
#include <string.h>

enum { MANY = 20 };

typedef struct Fixture {
  QlContext ctx;
  Storage storage[MANY];
  QlArray array[MANY];
  int64_t stride[MANY][QL_MAX_DIMS];
  RequestOperand operand[MANY];
} Fixture;

/* Operand k has k % 5 axes, the first two are written, and every third one is a scalar. */
static void set_up(Fixture *f) {
  memset(f, 0, sizeof *f);
  f->ctx.log.epoch = 1;
  for (int k = 0; k < MANY; k++) {
    f->array[k] = (QlArray){.storage = &f->storage[k], .offset = 1000 + k};
    for (int a = 0; a < QL_MAX_DIMS; a++) f->stride[k][a] = a % 2 ? -(k + a) : k + a;
    LogAccess access = k == 0 ? LOG_WRITE : k == 1 ? LOG_READ | LOG_WRITE : LOG_READ;
    f->operand[k] = request_array(access, &f->array[k], k % 5, f->stride[k]);
    if (k % 3 == 2) f->operand[k] = request_scalar(k % 2 ? QL_F64 : QL_I8, (QlValue){.i = k});
  }
}

static void tear_down(Log *log) {
  free(log->statements), free(log->words), free(log->scalars), free(log->slots);
}

static void append(Fixture *f, int first, int operands) {
  LogRequest request = {.kind = STATEMENT_MAP,
                        .op = QL_OP_ADD,
                        .loop = QL_F64,
                        .ndim = 3,
                        .shape = (int64_t[]){4, 5, 6},
                        .operands = operands,
                        .operand = f->operand + first};
  CHECK_INT_EQ(rt_log_append(&f->ctx, &request, NULL), QL_OK);
}

/* Holds operand k of the statement against operand `of` of the fixture. */
static void check_operand(const Fixture *f, const Log *log, const Statement *s, int k, int of) {
  LogOperand got;
  const RequestOperand *want = &f->operand[of];
  CHECK_INT_EQ(log_operand(log, s, k, &got), want->array != NULL);
  CHECK_INT_EQ(got.access, want->access);
  CHECK_INT_EQ(got.ndim, want->ndim);
  if (!want->array) {
    CHECK_INT_EQ(got.view.slot, -1);
    CHECK_INT_EQ(log->scalars[got.scalar].dtype, want->dtype);
    CHECK_INT_EQ(log->scalars[got.scalar].value.i, of);
    return;
  }
  CHECK(log->slots[got.view.slot] == &f->storage[of]);
  CHECK_INT_EQ(got.view.offset, 1000 + of);
  CHECK_INT_EQ(memcmp(got.view.stride, f->stride[of], (size_t)want->ndim * sizeof(int64_t)), 0);
}

static void operands_are_read_back(void) {
  static Fixture f;
  set_up(&f);
  append(&f, 0, 1), append(&f, 5, 3), append(&f, 0, MANY);
  const Log *log = &f.ctx.log;
  check_operand(&f, log, &log->statements[0], 0, 0);
  for (int k = 0; k < 3; k++) check_operand(&f, log, &log->statements[1], k, 5 + k);
  for (int k = 0; k < MANY; k++) check_operand(&f, log, &log->statements[2], k, k);
  CHECK_INT_EQ(log->statements[2].words + log->statements[2].word_count, log->word_count);
  CHECK_INT_EQ(log->statements[2].scalars + log->statements[2].scalar_count, log->scalar_count);
  CHECK_INT_EQ(log_shape(log, &log->statements[1])[2], 6);
  tear_down(&f.ctx.log);
}

static void accesses_are_told_apart(void) {
  static Fixture f;
  set_up(&f);
  append(&f, 0, 5);
  const Log *log = &f.ctx.log;
  const Statement *s = &log->statements[0];
  const int slot_of[] = {0, 1, -1, 2, 3}; /* by first use; operand 2 is a scalar */
  CHECK(log_accesses(log, s, LOG_WRITE, slot_of[0]) && !log_accesses(log, s, LOG_READ, slot_of[0]));
  CHECK(log_accesses(log, s, LOG_WRITE, slot_of[1]) && log_accesses(log, s, LOG_READ, slot_of[1]));
  CHECK(!log_accesses(log, s, LOG_WRITE, slot_of[3]) && log_accesses(log, s, LOG_READ, slot_of[3]));
  CHECK(log_accesses(log, s, LOG_READ, -1) && !log_accesses(log, s, LOG_READ, 7));
  append(&f, 0, 1);
  CHECK(!log_accesses(log, &log->statements[1], LOG_READ, -1));
  tear_down(&f.ctx.log);
}

/* The copy names the storages by the slots of its own log; read, it is the same. */
static void copies_have_slots_of_their_own(void) {
  static Fixture f;
  set_up(&f);
  append(&f, 0, MANY), append(&f, 10, 10);
  Log all = f.ctx.log, *log = &f.ctx.log;
  *log = (Log){.epoch = 2};
  log->statements = malloc(2 * sizeof *log->statements);
  log->words = malloc((size_t)all.word_count * sizeof *log->words);
  log->scalars = malloc((size_t)all.scalar_count * sizeof *log->scalars);
  rt_log_copy(&f.ctx, &all, 1), rt_log_copy(&f.ctx, &all, 0);
  for (int k = 0; k < 10; k++) check_operand(&f, log, &log->statements[0], k, 10 + k);
  for (int k = 0; k < MANY; k++) check_operand(&f, log, &log->statements[1], k, k);
  CHECK(log->slots[0] == &f.storage[10] && all.slots[0] == &f.storage[0]);
  CHECK_INT_EQ(log->word_count, all.word_count);
  CHECK_INT_EQ(log->scalar_count, all.scalar_count);
  tear_down(&all), tear_down(log);
}

CHECK_MAIN(CHECK_TEST(operands_are_read_back), CHECK_TEST(accesses_are_told_apart),
           CHECK_TEST(copies_have_slots_of_their_own))
