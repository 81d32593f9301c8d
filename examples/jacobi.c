/* Jacobi's iteration from C alone, against quelea.h: the step of jacobi.py, from one hot edge.
 *
 *     mpirun -n 4 build/release/examples/jacobi [N] [STEPS] */
#include <quelea.h>

#include <stdio.h>
#include <stdlib.h>

static QlError error;

/* What went wrong is the same on every rank; one message is enough. */
static void check(QlContext *ctx, QlStatus status) {
  if (!status) return;
  if (!ctx || ql_info(ctx).rank == 0)
    fprintf(stderr, "jacobi: %s: %s\n%s", ql_status_exception(status), error.text, error.notes);
  exit(1);
}

/* The view of rows top.. and columns left.. of a square field, `inside` points each way. */
static QlArray *square(QlArray *field, int64_t top, int64_t left, int64_t inside) {
  QlArray *view;
  int64_t offset = field->offset + top * field->strides[0] + left * field->strides[1];
  check(field->context,
        ql_view(field, 2, (int64_t[]){inside, inside}, field->strides, offset, &view, &error));
  return view;
}

/* A new array, op(a, b); both references are consumed. */
static QlArray *combine(QlOp op, QlArray *a, QlArray *b) {
  QlArray *result;
  check(a->context, ql_ufunc(a->context, op, 2, (QlOperand[]){{.array = a}, {.array = b}}, NULL,
                             NULL, QL_DTYPE_NONE, &result, &error));
  ql_release(a), ql_release(b);
  return result;
}

/* v[1:-1, 1:-1] = 0.25 * (u[:-2, 1:-1] + u[2:, 1:-1] + u[1:-1, :-2] + u[1:-1, 2:]) */
static void relax(QlArray *u, QlArray *v) {
  QlContext *ctx = u->context;
  int64_t inside = u->shape[0] - 2;
  QlArray *sum = combine(QL_OP_ADD, square(u, 0, 1, inside), square(u, 2, 1, inside)), *mean,
          *target = square(v, 1, 1, inside);
  sum = combine(QL_OP_ADD, sum, square(u, 1, 0, inside));
  sum = combine(QL_OP_ADD, sum, square(u, 1, 2, inside));
  QlOperand factors[] = {{.scalar = ql_f64(0.25)}, {.array = sum}};
  check(ctx, ql_ufunc(ctx, QL_OP_MULTIPLY, 2, factors, NULL, NULL, QL_DTYPE_NONE, &mean, &error));
  check(ctx, ql_assign(ctx, target, &(QlOperand){.array = mean}, &error));
  ql_release(sum), ql_release(mean), ql_release(target);
}

int main(int count, char **words) {
  int64_t n = count > 1 ? atoll(words[1]) : 1000, steps = count > 2 ? atoll(words[2]) : 1000;
  QlContext *ctx = NULL;
  check(NULL, ql_open(NULL, &ctx, &error));

  QlArray *u, *v, *edge, *mean;
  check(ctx, ql_full(ctx, QL_F64, 2, (int64_t[]){n, n}, ql_f64(0.0), &u, &error));
  check(ctx, ql_view(u, 1, &n, &u->strides[1], u->offset, &edge, &error));
  check(ctx, ql_assign(ctx, edge, &(QlOperand){.scalar = ql_f64(1.0)}, &error));
  check(ctx, ql_astype(ctx, u, QL_F64, QL_ORDER_K, &v, &error));
  for (int64_t step = 0; step < steps; step++) {
    relax(u, v);
    QlArray *old = u;
    u = v, v = old;
  }

  QlScalar sum;
  check(ctx, ql_reduce(ctx, QL_REDUCE_SUM, u, 3, false, QL_DTYPE_NONE, NULL, &mean, &error));
  check(ctx, ql_item(mean, &sum, &error));
  QlInfo info = ql_info(ctx);
  if (info.rank == 0)
    printf("%lld x %lld, %lld steps on %d ranks of %d threads: mean %.17g\n", (long long)n,
           (long long)n, (long long)steps, info.size, info.threads, sum.value.d / (double)(n * n));
  ql_release(edge), ql_release(mean), ql_release(u), ql_release(v);
  ql_close(ctx);
}
