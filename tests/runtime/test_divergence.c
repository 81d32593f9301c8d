/* Generated programs in which one rank does one thing more, or leaves one out (contract C1). Either
 * nothing is at stake, and all ranks get the values that the program gives without it; or all ranks
 * raise the same DivergenceError, which names the line that only some ranks ran. Never is a value
 * wrong, never does a rank wait for another for ever.
 *
 * An operation's line is its number in the program; what one rank does more has a line of its own.
 * A model in plain C says what the values are. Each case has a context of its own. */
#include "quelea.h"

#include "../check.h"

#include <mpi.h>
#include <stdlib.h>

enum { SIZE = 700, SMALL = 8, MANY = 2500, LENGTH = 9, EXTRA_LINE = 1000, NO_RANK = -1 };

typedef enum Kind {
  ADD,      /* a += p, statement */
  STENCIL,  /* b[1:-1] = (a[:-2] + a[2:]) * p */
  FRESH,    /* a = a * p, a new array */
  SUM,      /* looks at (a * p).sum() */
  ELEMENT,  /* looks at a[p] */
  GATHER,   /* looks at all of b[p:]; refused when strict */
  SNAPSHOT, /* keeps the memory of a */
  FORGET,   /* lets the snapshot go */
  SYNC,
  STRICT,      /* sets it to what it is not */
  SMALL_ADD,   /* c += p, replicated: at once */
  SMALL_FRESH, /* c = c * p, a new array */
  SMALL_PUT,   /* c[p % 8] = p */
  SMALL_GET,   /* c[0] = c[p % 8], through an array of no axes */
  SMALL_SUM,   /* looks at c.sum() */
  PUT_MANY,    /* a[k] = p + k, for 80 k: on one node a is replicated then */
  SMALL_MANY,  /* c[k % 8] = p + k, for 2500 k */
  SMALL_LOOK,  /* looks at c[p % 8] */
  SMALL_KEEP,  /* keeps the memory of c */
  NO_ELEMENTS, /* makes an array of none */
  MAKE,        /* makes an array and drops it */
  KINDS
} Kind;

static const char *const kind_names[] = {
    "add",       "stencil",  "fresh",      "sum",        "element",     "gather",      "snapshot",
    "forget",    "sync",     "strict",     "small_add",  "small_fresh", "small_put",   "small_get",
    "small_sum", "put_many", "small_many", "small_look", "small_keep",  "no_elements", "make"};

/* What one rank alone does. */
typedef struct Deviation {
  int rank, at;
  bool skips; /* else `extra` is done before operation `at` */
  Kind extra;
} Deviation;

typedef struct Program {
  Kind kind[LENGTH];
  Deviation deviation;
} Program;

static int me, ranks; /* of the job */

/* ---- the model ---- */

typedef struct Model {
  double a[SIZE], b[SIZE], c[SMALL];
} Model;

static void model_step(Model *m, Kind kind, int p) {
  switch (kind) {
    case ADD:
      for (int i = 0; i < SIZE; i++) m->a[i] += p;
      break;
    case STENCIL:
      for (int i = 1; i < SIZE - 1; i++) m->b[i] = (m->a[i - 1] + m->a[i + 1]) * p;
      break;
    case FRESH:
      for (int i = 0; i < SIZE; i++) m->a[i] *= p;
      break;
    case SMALL_ADD:
      for (int i = 0; i < SMALL; i++) m->c[i] += p;
      break;
    case SMALL_FRESH:
      for (int i = 0; i < SMALL; i++) m->c[i] *= p;
      break;
    case SMALL_PUT: m->c[p % SMALL] = p; break;
    case SMALL_GET: m->c[0] = m->c[p % SMALL]; break;
    case PUT_MANY:
      for (int k = 0; k < 80; k++) m->a[k] = p + k;
      break;
    case SMALL_MANY:
      for (int k = 0; k < MANY; k++) m->c[k % SMALL] = p + k;
      break;
    default: break;
  }
}

/* ---- a rank's run ---- */

typedef struct Rank {
  QlContext *ctx;
  QlArray *a, *b, *c;
  QlExport *snapshot;
  const double *kept; /* the snapshot's memory, */
  double first;       /* and its first element when it was taken */
  bool strict;
  QlError error;
} Rank;

static QlStatus view_of(QlArray *array, int64_t from, int64_t count, QlArray **view) {
  return ql_view(array, 1, &count, array->strides, from, view, NULL);
}

static QlStatus binary(Rank *r, QlOp op, QlArray *x, QlOperand y, QlArray *out, QlArray **made) {
  QlOperand in[] = {{.array = x}, y};
  return ql_ufunc(r->ctx, op, 2, in, out, NULL, QL_DTYPE_NONE, made, &r->error);
}

static QlStatus add_in_place(Rank *r, QlArray *array, double value) {
  QlArray *same = NULL;
  QlStatus status = binary(r, QL_OP_ADD, array, (QlOperand){.scalar = ql_f64(value)}, array, &same);
  ql_release(same);
  return status;
}

static QlStatus stencil(Rank *r, double factor) {
  QlArray *left = NULL, *right = NULL, *inner = NULL, *sum = NULL, *scaled = NULL;
  QlStatus status = view_of(r->a, 0, SIZE - 2, &left);
  if (!status) status = view_of(r->a, 2, SIZE - 2, &right);
  if (!status) status = view_of(r->b, 1, SIZE - 2, &inner);
  if (!status) status = binary(r, QL_OP_ADD, left, (QlOperand){.array = right}, NULL, &sum);
  if (!status)
    status = binary(r, QL_OP_MULTIPLY, sum, (QlOperand){.scalar = ql_f64(factor)}, NULL, &scaled);
  if (!status) status = ql_assign(r->ctx, inner, &(QlOperand){.array = scaled}, &r->error);
  ql_release(left), ql_release(right), ql_release(inner), ql_release(sum), ql_release(scaled);
  return status;
}

static QlStatus look_at(Rank *r, QlArray *array, int64_t index) {
  QlArray *element = NULL;
  QlScalar value;
  QlStatus status = ql_view(array, 0, NULL, NULL, index, &element, NULL);
  if (!status) status = ql_item(element, &value, &r->error);
  ql_release(element);
  return status;
}

static QlStatus sum_of(Rank *r, QlArray *array, double factor) {
  QlArray *scaled = NULL, *sum = NULL;
  QlScalar value;
  QlStatus status =
      binary(r, QL_OP_MULTIPLY, array, (QlOperand){.scalar = ql_f64(factor)}, NULL, &scaled);
  if (!status)
    status =
        ql_reduce(r->ctx, QL_REDUCE_SUM, scaled, 1, false, QL_DTYPE_NONE, NULL, &sum, &r->error);
  if (!status) status = ql_item(sum, &value, &r->error);
  ql_release(scaled), ql_release(sum);
  return status;
}

static void forget(Rank *r) {
  if (r->kept) CHECK(r->kept[0] == r->first); /* a snapshot never changes */
  ql_unexport(r->snapshot);
  r->snapshot = NULL, r->kept = NULL;
}

static QlStatus keep(Rank *r, QlArray *array) {
  const void *data;
  int64_t strides[1];
  QlExport *token;
  QlStatus status = ql_export(array, &data, strides, &token, &r->error);
  if (status) return status;
  forget(r);
  r->snapshot = token, r->kept = data;
  if (data) r->first = r->kept[0];
  return QL_OK;
}

static QlStatus make_and_drop(Rank *r, int64_t size) {
  QlArray *made = NULL;
  QlStatus status = ql_full(r->ctx, QL_F64, 1, &size, ql_f64(3), &made, &r->error);
  ql_release(made);
  return status;
}

static QlStatus scale(Rank *r, QlArray **array, double factor) {
  QlArray *made;
  QlStatus status =
      binary(r, QL_OP_MULTIPLY, *array, (QlOperand){.scalar = ql_f64(factor)}, NULL, &made);
  if (status) return status;
  ql_release(*array), *array = made;
  return QL_OK;
}

static QlStatus put(Rank *r, QlArray *array, int64_t index, double value) {
  return ql_set_element(array, index, &(QlOperand){.scalar = ql_f64(value)}, &r->error);
}

static QlStatus move_element(Rank *r, int64_t from, int64_t to) {
  QlArray *element;
  QlStatus status = ql_get_element(r->c, from, &element, &r->error);
  if (status) return status;
  status = ql_set_element(r->c, to, &(QlOperand){.array = element}, &r->error);
  ql_release(element);
  return status;
}

static QlStatus put_many(Rank *r, double value) {
  QlStatus status = QL_OK;
  for (int k = 0; k < MANY && !status; k++) status = put(r, r->c, k % SMALL, value + k);
  return status;
}

static QlStatus put_in_large(Rank *r, double value) {
  QlStatus status = QL_OK;
  for (int k = 0; k < 80 && !status; k++) status = put(r, r->a, k, value + k);
  return status;
}

/* One operation; p tells it from the others of its kind. */
static QlStatus step(Rank *r, Kind kind, int p) {
  static double host[SIZE];
  QlArray *made;
  QlStatus status;
  switch (kind) {
    case ADD: return add_in_place(r, r->a, p);
    case STENCIL: return stencil(r, p);
    case FRESH: return scale(r, &r->a, p);
    case SUM: return sum_of(r, r->a, p);
    case ELEMENT: return look_at(r, r->a, SIZE - 1 - p);
    case GATHER:
      if ((status = view_of(r->b, p, SIZE - p, &made))) return status;
      status = ql_gather(made, -1, host, &r->error);
      ql_release(made);
      return status;
    case SNAPSHOT: return keep(r, r->a);
    case FORGET: forget(r); return QL_OK;
    case SYNC: return ql_flush(r->ctx, &r->error);
    case STRICT: ql_set_strict(r->ctx, r->strict = !r->strict); return QL_OK;
    case SMALL_ADD: return add_in_place(r, r->c, p);
    case SMALL_FRESH: return scale(r, &r->c, p);
    case SMALL_PUT: return put(r, r->c, p % SMALL, p);
    case PUT_MANY: return put_in_large(r, p);
    case SMALL_GET: return move_element(r, p % SMALL, 0);
    case SMALL_SUM: return sum_of(r, r->c, p);
    case SMALL_MANY: return put_many(r, p);
    case SMALL_LOOK: return look_at(r, r->c, p % SMALL);
    case SMALL_KEEP: return keep(r, r->c);
    case NO_ELEMENTS: return make_and_drop(r, 0);
    case MAKE: return make_and_drop(r, SIZE + p);
    default: return QL_OK;
  }
}

static QlStatus step_at(Rank *r, Kind kind, int p, int line) {
  ql_at(r->ctx, (QlSource){"line", line});
  return step(r, kind, p);
}

static QlStatus begin(Rank *r) {
  int64_t size = SIZE, small = SMALL;
  ql_at(r->ctx, (QlSource){"begin", 0});
  QlStatus status = ql_ramp(r->ctx, QL_F64, 1, &size, 0, ql_f64(1), ql_f64(1), &r->a, &r->error);
  if (!status) status = ql_full(r->ctx, QL_F64, 1, &size, ql_f64(2), &r->b, &r->error);
  if (!status) status = ql_full(r->ctx, QL_F64, 1, &small, ql_f64(3), &r->c, &r->error);
  return status;
}

static QlStatus run_steps(Rank *r, const Program *program) {
  const Deviation *d = &program->deviation;
  for (int p = 0; p < LENGTH; p++) {
    QlStatus status = QL_OK;
    if (me == d->rank && d->at == p && ranks > 1) {
      if (d->skips) continue;
      status = step_at(r, d->extra, 50 + p, EXTRA_LINE);
    }
    if (!status) status = step_at(r, program->kind[p], 2 + p, p);
    if (status == QL_ERR_REFUSED)
      r->error = (QlError){0}; /* on all ranks alike, or what follows finds it */
    else if (status)
      return status;
  }
  return QL_OK;
}

/* All values, at the end. */
static QlStatus compare(Rank *r, const Program *program) {
  static Model m;
  static double host[SIZE];
  int wrong = 0;
  for (int i = 0; i < SIZE; i++) m.a[i] = 1 + i, m.b[i] = 2;
  for (int i = 0; i < SMALL; i++) m.c[i] = 3;
  for (int p = 0; p < LENGTH; p++) model_step(&m, program->kind[p], 2 + p);
  ql_at(r->ctx, (QlSource){"end", 0});
  QlStatus status = ql_flush(r->ctx, &r->error);
  ql_set_strict(r->ctx, false);
  if (!status) status = ql_gather(r->a, -1, host, &r->error);
  for (int i = 0; !status && i < SIZE; i++) wrong += host[i] != m.a[i];
  if (!status) status = ql_gather(r->b, -1, host, &r->error);
  for (int i = 0; !status && i < SIZE; i++) wrong += host[i] != m.b[i];
  if (!status) status = ql_gather(r->c, -1, host, &r->error);
  for (int i = 0; !status && i < SMALL; i++) wrong += host[i] != m.c[i];
  CHECK_INT_EQ(wrong, 0);
  return status;
}

/* ---- cases ---- */

static bool same_on_all_ranks(const void *mine, int size) {
  char first[1024] = {0};
  memcpy(first, mine, (size_t)size);
  MPI_Bcast(first, size, MPI_BYTE, 0, MPI_COMM_WORLD);
  int same = !memcmp(first, mine, (size_t)size), all = 0;
  MPI_Allreduce(&same, &all, 1, MPI_INT, MPI_MIN, MPI_COMM_WORLD);
  return all;
}

static void describe(const Program *program, const QlError *error) {
  const Deviation *d = &program->deviation;
  fprintf(stderr, "  rank %d of %d: rank %d %s %s before %d of:", me, ranks, d->rank,
          d->skips ? "skips" : "does", d->skips ? "" : kind_names[d->extra], d->at);
  for (int p = 0; p < LENGTH; p++) fprintf(stderr, " %s", kind_names[program->kind[p]]);
  fprintf(stderr, "\n  %s\n", error->text);
}

/* Is `a` replicated somewhere in the program? Then a rank may look at it alone. */
static bool moves(const Program *program) {
  bool moved = !program->deviation.skips && program->deviation.extra == PUT_MANY;
  for (int p = 0; p < LENGTH; p++) moved |= program->kind[p] == PUT_MANY;
  return moved;
}

/* Does it change what other ranks see? Then it must be noticed. */
static bool matters(const Program *program) {
  const Deviation *d = &program->deviation;
  switch (d->skips ? program->kind[d->at] : d->extra) {
    case FORGET:
    case SMALL_LOOK:
    case SMALL_KEEP:
    case NO_ELEMENTS: return false;
    case ELEMENT:
    case SNAPSHOT: return !moves(program);
    default: return true;
  }
}

/* "line:N" with nothing behind that belongs to the number. */
static bool names_line(const char *text, int line) {
  char sought[32];
  int length = snprintf(sought, sizeof sought, "line:%d", line);
  for (const char *at = strstr(text, sought); at; at = strstr(at + 1, sought))
    if (at[length] < '0' || at[length] > '9') return true;
  return false;
}

/* The line that only some ranks ran; or another that does the same thing, when the ranks had done
 * as many of them so far. */
static bool names_it(const Program *program, const char *text) {
  const Deviation *d = &program->deviation;
  Kind kind = d->skips ? program->kind[d->at] : d->extra;
  bool named = names_line(text, d->skips ? d->at : EXTRA_LINE);
  bool alike = kind == SYNC || kind == SNAPSHOT || kind == SMALL_LOOK || kind == SMALL_KEEP;
  for (int p = 0; p < LENGTH && alike && !named; p++)
    named = program->kind[p] == kind && names_line(text, p);
  return named || (kind == SYNC && strstr(text, "end:0"));
}

static bool run_case(const Program *program) {
  MPI_Comm world = MPI_COMM_WORLD;
  const Deviation *d = &program->deviation;
  Rank r = {0};
  long failures = check_tally.failures;
  if (!CHECK_INT_EQ(ql_open(&(QlOptions){.mpi_comm = &world}, &r.ctx, &r.error), QL_OK))
    return false;
  QlStatus status = begin(&r);
  if (!status) status = run_steps(&r, program);
  if (!status) status = compare(&r, program);
  CHECK(status == QL_OK || status == QL_ERR_DIVERGED);
  CHECK(same_on_all_ranks(&status, sizeof status));
  CHECK(same_on_all_ranks(r.error.text, sizeof r.error.text));
  bool deviates = d->rank != NO_RANK && ranks > 1;
  if (!deviates) CHECK_INT_EQ(status, QL_OK);
  if (deviates && matters(program)) CHECK_INT_EQ(status, QL_ERR_DIVERGED);
  if (status) {
    CHECK(names_it(program, r.error.text));
    QlError again = {0};
    QlArray *made = NULL;
    int64_t size = 5;
    CHECK_INT_EQ(ql_full(r.ctx, QL_F64, 1, &size, ql_f64(1), &made, &again), QL_ERR_DIVERGED);
    CHECK(strstr(again.text, "diverged before"));
    CHECK_INT_EQ(ql_flush(r.ctx, NULL), QL_ERR_DIVERGED);
  }
  if (check_tally.failures > failures) describe(program, &r.error);
  forget(&r);
  ql_release(r.a), ql_release(r.b), ql_release(r.c);
  ql_close(r.ctx);
  return status != QL_OK;
}

/* A program of small statements, which come to no agreement before its end. */
static void the_end(int deviating, bool records) {
  MPI_Comm world = MPI_COMM_WORLD;
  Rank r = {0};
  if (!CHECK_INT_EQ(ql_open(&(QlOptions){.mpi_comm = &world}, &r.ctx, &r.error), QL_OK)) return;
  CHECK_INT_EQ(begin(&r), QL_OK);
  for (int p = 0; p < LENGTH; p++) CHECK_INT_EQ(step_at(&r, SMALL_ADD, p, p), QL_OK);
  if (me == deviating) CHECK_INT_EQ(step_at(&r, records ? ADD : SMALL_PUT, 1, EXTRA_LINE), QL_OK);
  CHECK_INT_EQ(look_at(&r, r.c, 0), QL_OK);
  bool diverges = deviating != NO_RANK && !records && ranks > 1;
  CHECK_INT_EQ(ql_end(r.ctx, &r.error), diverges ? QL_ERR_DIVERGED : QL_OK);
  CHECK(same_on_all_ranks(r.error.text, sizeof r.error.text));
  if (diverges) {
    CHECK(names_line(r.error.text, EXTRA_LINE));
    CHECK_INT_EQ(ql_end(r.ctx, NULL), QL_OK); /* it has been said */
  }
  ql_release(r.a), ql_release(r.b), ql_release(r.c);
  ql_close(r.ctx);
}

static void at_the_end(void) {
  the_end(NO_RANK, false);
  for (int rank = 0; rank < ranks; rank++) the_end(rank, false), the_end(rank, true);
}

static unsigned draw(unsigned *state, unsigned below) {
  *state = *state * 1664525u + 1013904223u;
  return (*state >> 8) % below;
}

/* No two neighbours of one kind, so that what one rank leaves out is not what it does next. */
static Program generate(unsigned seed) {
  Program program = {.deviation.rank = NO_RANK};
  unsigned state = seed * 2654435761u + 1;
  for (int p = 0; p < LENGTH; p++) {
    do program.kind[p] = (Kind)draw(&state, KINDS);
    while (p && program.kind[p] == program.kind[p - 1]);
  }
  return program;
}

enum { PROGRAMS = 40 };

static void all_ranks_alike(void) {
  for (unsigned seed = 0; seed < PROGRAMS; seed++) {
    Program program = generate(seed);
    run_case(&program);
  }
}

static void one_rank_does_more(void) {
  int noticed = 0;
  for (unsigned seed = 0; seed < PROGRAMS * 4; seed++) {
    Program program = generate(seed);
    unsigned state = seed;
    program.deviation = (Deviation){.rank = (int)draw(&state, (unsigned)ranks),
                                    .at = (int)draw(&state, LENGTH),
                                    .extra = (Kind)(seed % KINDS)};
    int at = program.deviation.at;
    if (program.kind[at] == program.deviation.extra) continue;
    noticed += run_case(&program);
  }
  CHECK(noticed > PROGRAMS || ranks == 1);
}

static void one_rank_does_less(void) {
  int noticed = 0;
  for (unsigned seed = 0; seed < PROGRAMS * 4; seed++) {
    Program program = generate(seed);
    unsigned state = seed + 77;
    program.deviation = (Deviation){.rank = (int)draw(&state, (unsigned)ranks),
                                    .at = (int)draw(&state, LENGTH - 1),
                                    .skips = true};
    int at = program.deviation.at;
    if (at && program.kind[at - 1] == program.kind[at + 1]) continue;
    noticed += run_case(&program);
  }
  CHECK(noticed > PROGRAMS || ranks == 1);
}

int main(int argc, char **argv) {
  static const CheckTest tests[] = {CHECK_TEST(all_ranks_alike), CHECK_TEST(one_rank_does_more),
                                    CHECK_TEST(one_rank_does_less), CHECK_TEST(at_the_end)};
  MPI_Init(&argc, &argv);
  MPI_Comm_rank(MPI_COMM_WORLD, &me), MPI_Comm_size(MPI_COMM_WORLD, &ranks);
  int status = check_run(tests, sizeof tests / sizeof *tests, argc, argv);
  MPI_Finalize();
  return status;
}
