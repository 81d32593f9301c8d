/* What ranks write of arrays and read of new ones, and what they ask of the program, on every
 * number of ranks: pieces tile the array, what was asked is known to all at the same call. */
#include "job.h"
#include "runtime.h"

#include <stdlib.h>
#include <string.h>

enum { ROWS = 61, COLUMNS = 47, SIZE = ROWS * COLUMNS };

static QlArray *ramp(int ndim, const int64_t *shape) {
  QlArray *array = NULL;
  CHECK_INT_EQ(
      ql_ramp(job.ctx, QL_F64, ndim, shape, ndim - 1, ql_f64(1), ql_f64(1), &array, &job.error),
      QL_OK);
  return array;
}

static int64_t volume(int ndim, const int64_t *lo, const int64_t *hi) {
  int64_t points = 1;
  for (int a = 0; a < ndim; a++) points *= hi[a] > lo[a] ? hi[a] - lo[a] : 0;
  return points;
}

static int64_t sum_of_ranks(int64_t mine) {
  char *all = NULL;
  int64_t *offset = NULL, sum = 0, one;
  int ranks = ql_info(job.ctx).size;
  CHECK_INT_EQ(ql_collect(job.ctx, &mine, sizeof mine, &all, &offset, &job.error), QL_OK);
  CHECK_INT_EQ(offset[ranks], ranks * (int64_t)sizeof mine);
  for (int r = 0; r < ranks; r++) memcpy(&one, all + offset[r], sizeof one), sum += one;
  free(all), free(offset);
  return sum;
}

/* Every element of the box is 1 + its place along the last axis. */
static void check_values(int ndim, const int64_t *lo, const int64_t *hi, const double *values) {
  int64_t line = hi[ndim - 1] - lo[ndim - 1], wrong = 0;
  for (int64_t k = 0; k < volume(ndim, lo, hi); k++)
    wrong += values[k] != (double)(1 + lo[ndim - 1] + k % line);
  CHECK_INT_EQ(wrong, 0);
}

static const int64_t shapes[][3] = {{SIZE, 1, 1}, {ROWS, COLUMNS, 1}, {1, SIZE, 1}, {3, 5, 191}};
static const int ranks_of_shapes[] = {1, 2, 2, 3};

static void written(void) {
  static double host[SIZE];
  for (size_t s = 0; s < sizeof shapes / sizeof *shapes; s++) {
    int ndim = ranks_of_shapes[s];
    int64_t lo[3], hi[3];
    QlArray *array = ramp(ndim, shapes[s]);
    CHECK(ql_is_whole(array));
    CHECK_INT_EQ(ql_piece(array, lo, hi, &job.error), QL_OK);
    CHECK_INT_EQ(sum_of_ranks(volume(ndim, lo, hi)), array->size);
    ql_piece_read(array, lo, hi, host);
    check_values(ndim, lo, hi, host);
    ql_release(array);
  }
}

/* Rows and columns with steps, downwards or turned: each element says where it lies. */
static void view_of(const QlArray *array, int ndim, const int64_t *shape, const int64_t *strides,
                    int64_t offset) {
  static double host[SIZE];
  QlArray *view = NULL;
  int64_t lo[2], hi[2], wrong = 0;
  CHECK_INT_EQ(ql_view((QlArray *)array, ndim, shape, strides, offset, &view, NULL), QL_OK);
  CHECK(!ql_is_whole(view));
  CHECK_INT_EQ(ql_piece(view, lo, hi, &job.error), QL_OK);
  CHECK_INT_EQ(sum_of_ranks(volume(ndim, lo, hi)), view->size);
  ql_piece_read(view, lo, hi, host);
  int64_t columns = ndim > 1 ? hi[1] - lo[1] : 1, points = volume(ndim, lo, hi);
  for (int64_t k = 0; k < points; k++) {
    int64_t at = offset + (lo[0] + k / columns) * strides[0];
    if (ndim > 1) at += (lo[1] + k % columns) * strides[1];
    wrong += host[k] != (double)(1 + at);
  }
  CHECK_INT_EQ(wrong, 0);
  ql_release(view);
}

static void views(void) {
  QlArray *line = ramp(1, (int64_t[]){SIZE}), *matrix = NULL;
  enum { R = ROWS, C = COLUMNS };
  CHECK_INT_EQ(ql_full(job.ctx, QL_F64, 2, (int64_t[]){R, C}, ql_f64(0), &matrix, &job.error),
               QL_OK);
  QlArray *turned = NULL; /* its elements count in C order */
  CHECK_INT_EQ(ql_view(line, 2, (int64_t[]){R, C}, (int64_t[]){C, 1}, 0, &turned, NULL), QL_OK);
  CHECK_INT_EQ(ql_assign(job.ctx, matrix, &(QlOperand){.array = turned}, &job.error), QL_OK);
  view_of(line, 1, (int64_t[]){SIZE - 1}, (int64_t[]){1}, 1);
  view_of(line, 1, (int64_t[]){SIZE / 3}, (int64_t[]){-3}, SIZE - 1);
  view_of(matrix, 2, (int64_t[]){C, R}, (int64_t[]){1, C}, 0);
  view_of(matrix, 2, (int64_t[]){R / 2, C / 4}, (int64_t[]){-2 * C, 4}, (R - 1) * C + 1);
  view_of(matrix, 2, (int64_t[]){C - 2, 7}, (int64_t[]){1, -3 * C}, 40 * C + 2);
  view_of(matrix, 1, (int64_t[]){C}, (int64_t[]){1}, 30 * C);
  view_of(matrix, 1, (int64_t[]){R}, (int64_t[]){C}, 3);
  view_of(matrix, 2, (int64_t[]){4, C}, (int64_t[]){0, 1}, 30 * C);
  int64_t lo, hi;
  QlError error = {0};
  QlArray *diagonal = NULL;
  CHECK_INT_EQ(ql_view(matrix, 1, (int64_t[]){C}, (int64_t[]){C + 1}, 0, &diagonal, NULL), QL_OK);
  if (ql_info(job.ctx).node_count > 1)
    CHECK_INT_EQ(ql_piece(diagonal, &lo, &hi, &error), QL_ERR_STATE);
  else
    view_of(matrix, 1, (int64_t[]){C}, (int64_t[]){C + 1}, 0);
  ql_release(diagonal), ql_release(turned), ql_release(matrix), ql_release(line);
}

static void read_back(void) {
  static double host[SIZE], all[SIZE];
  for (size_t s = 0; s < sizeof shapes / sizeof *shapes; s++) {
    int ndim = ranks_of_shapes[s];
    int64_t lo[3], hi[3];
    QlArray *made = NULL;
    CHECK_INT_EQ(ql_piece_new(job.ctx, QL_F64, ndim, shapes[s], &made, lo, hi, &job.error), QL_OK);
    int64_t line = hi[ndim - 1] - lo[ndim - 1];
    for (int64_t k = 0; k < volume(ndim, lo, hi); k++)
      host[k] = (double)(1 + lo[ndim - 1] + k % line);
    CHECK_INT_EQ(ql_piece_store(made, host, 7, &job.error), QL_OK);
    memset(host, 0, sizeof host); /* it has its own by now */
    CHECK_INT_EQ(ql_gather(made, -1, all, &job.error), QL_OK);
    check_values(ndim, (int64_t[]){0, 0, 0}, shapes[s], all);
    ql_release(made);
  }
}

/* ---- what is asked ---- */

static unsigned asked(void) {
  unsigned bits = 99;
  CHECK_INT_EQ(ql_asked(job.ctx, &bits, &job.error), QL_OK);
  return bits;
}

/* How many looks it takes until something is asked for, the same on all ranks. */
static int looks(unsigned expected) {
  int count = 1;
  unsigned bits;
  while (!(bits = asked()) && count < 100) count++;
  CHECK_INT_EQ(bits, expected);
  CHECK_INT_EQ(sum_of_ranks(count), (int64_t)count * ql_info(job.ctx).size);
  return count;
}

static void asking(void) {
  QlInfo info = ql_info(job.ctx);
  CHECK_INT_EQ(asked(), 0);
  if (info.rank == info.size - 1) ql_ask(job.ctx, QL_ASK_SIGNAL);
  CHECK_INT_EQ(ql_flush(job.ctx, &job.error), QL_OK); /* the ranks agree */
  CHECK_INT_EQ(asked(), QL_ASK_SIGNAL);
  ql_answered(job.ctx, QL_ASK_TIME);
  CHECK_INT_EQ(asked(), QL_ASK_SIGNAL); /* until it is answered */
  ql_answered(job.ctx, QL_ASK_SIGNAL);
  CHECK_INT_EQ(asked(), 0);
  ql_ask_in(job.ctx, 1e5);
  CHECK_INT_EQ(ql_flush(job.ctx, &job.error), QL_OK);
  CHECK_INT_EQ(asked(), 0);
  ql_ask_in(job.ctx, 0);
  CHECK_INT_EQ(ql_flush(job.ctx, &job.error), QL_OK);
  CHECK_INT_EQ(asked(), QL_ASK_TIME);
  ql_answered(job.ctx, QL_ASK_SIGNAL);
  CHECK_INT_EQ(asked(), QL_ASK_TIME);
  ql_answered(job.ctx, QL_ASK_TIME);
  CHECK_INT_EQ(ql_flush(job.ctx, &job.error), QL_OK);
  CHECK_INT_EQ(asked(), 0);
}

static void meeting(void) {
  if (ql_info(job.ctx).rank == 0) ql_ask(job.ctx, QL_ASK_SIGNAL);
  CHECK(looks(QL_ASK_SIGNAL) <= 17);
  ql_answered(job.ctx, QL_ASK_SIGNAL);
}

/* What comes between the agreement and the answer is not lost. */
static void late(void) {
  ql_ask(job.ctx, QL_ASK_TIME);
  CHECK_INT_EQ(ql_flush(job.ctx, &job.error), QL_OK);
  CHECK_INT_EQ(asked(), QL_ASK_TIME);
  ql_ask(job.ctx, QL_ASK_SIGNAL);
  ql_answered(job.ctx, QL_ASK_TIME);
  CHECK_INT_EQ(ql_flush(job.ctx, &job.error), QL_OK);
  CHECK_INT_EQ(asked(), QL_ASK_SIGNAL);
  ql_answered(job.ctx, QL_ASK_SIGNAL);
}

static const CheckTest tests[] = {
    CHECK_TEST(written), CHECK_TEST(views),   CHECK_TEST(read_back),
    CHECK_TEST(asking),  CHECK_TEST(meeting), CHECK_TEST(late),
};

int main(int argc, char **argv) { return job_run(tests, sizeof tests / sizeof *tests, argc, argv); }
