/* The period of what is recorded: by the rolling hash, and by comparing statement with statement.
 */
#include "runtime.h"

#include "../check.h"

#include <stdlib.h>

enum { ARRAYS = 9, LOOP = 24, STATEMENTS = 900 };

/* A statement of a loop: op(array[from] at offset) into array[to], at its begin. Each time around
 * names rotate among the first `rotates` arrays, and offsets move by `moves`. */
typedef struct Line {
  int op, from, to;
  int64_t offset;
} Line;
typedef struct Program {
  int count, rotates;
  int64_t moves;
  Line line[LOOP];
} Program;

/* What was recorded, as the definition of a period sees it. */
typedef struct Recorded {
  int op;
  int64_t ago[2], moved[2]; /* since its array was touched last: statements, elements */
} Recorded;

static Pace pace;
static Recorded recorded[STATEMENTS];
static int recorded_count;
static int64_t touched[ARRAYS], place[ARRAYS], latest;
static Storage storages[ARRAYS];
static uint64_t state = 1;

static int draw(int below) {
  state = state * 6364136223846793005u + 1442695040888963407u;
  return (int)((state >> 33) % (uint64_t)below);
}

static void touch(int k, int array, int64_t offset) {
  Recorded *r = &recorded[recorded_count];
  r->ago[k] = recorded_count + 1 - touched[array];
  bool lately = touched[array] && r->ago[k] <= PACE_LATELY;
  if (!lately) r->ago[k] = -1;
  r->moved[k] = offset - (lately ? place[array] : latest);
  touched[array] = recorded_count + 1, place[array] = latest = offset;
}

static void record(int op, int from, int64_t offset, int to) {
  int64_t shape[] = {10}, stride[] = {1};
  QlArray read = {.storage = &storages[from], .offset = offset},
          target = {.storage = &storages[to]};
  RequestOperand operand[] = {request_array(LOG_WRITE, &target, 1, stride),
                              request_array(LOG_READ, &read, 1, stride)};
  LogRequest request = {.kind = STATEMENT_MAP,
                        .op = op,
                        .ndim = 1,
                        .shape = shape,
                        .operands = 2,
                        .operand = operand};
  rt_pace_note(&pace, &request);
  recorded[recorded_count] = (Recorded){.op = op};
  touch(0, from, offset), touch(1, to, 0);
  recorded_count++;
}

static void start(void) {
  memset(&pace, 0, sizeof pace), memset(storages, 0, sizeof storages);
  memset(touched, 0, sizeof touched), memset(place, 0, sizeof place);
  recorded_count = 0, latest = 0;
}

static Program any_program(void) {
  Program p = {.count = 1 + draw(LOOP), .rotates = 1 + draw(4), .moves = draw(3) ? 0 : draw(5)};
  int ops = 1 + draw(3), arrays = 1 + draw(ARRAYS);
  for (int k = 0; k < p.count; k++)
    p.line[k] = (Line){draw(ops), draw(arrays), draw(arrays), draw(2)};
  return p;
}

static int name_of(const Program *p, int array, int turn) {
  return array < p->rotates ? (array + turn) % p->rotates : array;
}

static void run_line(const Program *p, int n) {
  int turn = n / p->count;
  const Line *line = &p->line[n % p->count];
  record(line->op, name_of(p, line->from, turn), line->offset + turn * p->moves,
         name_of(p, line->to, turn));
}

static bool alike(const Recorded *a, const Recorded *b) {
  return a->op == b->op && a->ago[0] == b->ago[0] && a->ago[1] == b->ago[1] &&
         a->moved[0] == b->moved[0] && a->moved[1] == b->moved[1];
}

static int period_by_definition(int begin) {
  for (int p = 1; p <= begin; p++) {
    int k = begin;
    while (k < recorded_count && alike(&recorded[k], &recorded[k - p])) k++;
    if (k == recorded_count) return p;
  }
  return 0;
}

/* Logs of all lengths, begun anywhere; now and then another loop follows. */
static void is_the_smallest(void) {
  int found = 0;
  for (int round = 0; round < 300; round++) {
    start();
    for (int loops = 1 + draw(3); loops > 0; loops--) {
      Program p = any_program();
      for (int n = 0, end = draw(250); n < end; n++) {
        int begin = (int)pace.begin;
        run_line(&p, n);
        if (!draw(7)) {
          int period = period_by_definition(begin);
          CHECK_INT_EQ(rt_pace_period(&pace), period);
          found += period > 0;
        }
        if (!draw(40)) rt_pace_begin(&pace);
      }
    }
  }
  CHECK(found > 1000);
}

/* Once it has been seen, a loop's period is found in every log, whatever its names do. */
static void rotations_keep_it(void) {
  Program p = {.count = 3, .rotates = 3, .line = {{1, 0, 2, 1}, {2, 1, 2, 0}, {3, 2, 2, 0}}};
  start();
  for (int n = 0; n < 300; n++) {
    run_line(&p, n);
    if (n % 30 == 29) {
      if (n >= 60) CHECK_INT_EQ(rt_pace_period(&pace), 3);
      rt_pace_begin(&pace);
    }
  }
}

/* Of what was recorded too long ago nothing is known. */
static void long_periods(void) {
  for (int period = PACE_LONGEST - 1; period <= PACE_LONGEST + 1; period++) {
    memset(&pace, 0, sizeof pace), memset(storages, 0, sizeof storages);
    for (int n = 0; n < 2 * period + 70; n++) {
      if (n == 2 * period) rt_pace_begin(&pace);
      recorded_count = 0;
      record(n % period == 0, 0, 0, 1);
    }
    CHECK_INT_EQ(rt_pace_period(&pace), period <= PACE_LONGEST ? period : 0);
  }
}

CHECK_MAIN(CHECK_TEST(is_the_smallest), CHECK_TEST(rotations_keep_it), CHECK_TEST(long_periods))
