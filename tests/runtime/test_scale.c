/* Planning for thousands of nodes, in one process that pretends to be one of them: neither time nor
 * memory grow with the number of nodes as such, and both sides of every transfer list it alike.
 * Nothing runs. */
#include "runtime.h"

#include "../check.h"

#include <stdlib.h>
#include <time.h>

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *old, size_t size);
void *__real_ql_pool_get(QlPool *pool, size_t bytes);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *old, size_t size);
void *__wrap_ql_pool_get(QlPool *pool, size_t bytes);

#ifdef NDEBUG
enum { OPTIMISED = true };
#else
enum { OPTIMISED = false }; /* looking at a cell takes as long as much of the rest */
#endif
enum { MANY = 4096, FEW = 64, ARRAYS = 40, REPEATS = 9 };

/* The tests' only state: the job, what it has recorded, and how much memory was asked for. */
static QlContext *ctx;
static QlArray *made[ARRAYS];
static int made_count;
static int64_t asked;

void *__wrap_malloc(size_t size) {
  asked += (int64_t)size;
  return __real_malloc(size);
}
void *__wrap_calloc(size_t count, size_t size) {
  asked += (int64_t)(count * size);
  return __real_calloc(count, size);
}
void *__wrap_realloc(void *old, size_t size) {
  asked += (int64_t)size;
  return __real_realloc(old, size);
}
/* Whether its pool has kept the memory or not. */
void *__wrap_ql_pool_get(QlPool *pool, size_t bytes) {
  int64_t sum = asked + (int64_t)bytes;
  void *given = __real_ql_pool_get(pool, bytes);
  asked = sum;
  return given;
}

/* ---- programs ---- */

static QlArray *keep(QlArray *array) {
  if (CHECK(array) && CHECK(made_count < ARRAYS)) made[made_count++] = array;
  return array;
}

static QlArray *array(int ndim, int64_t rows, int64_t columns) {
  QlArray *a = NULL;
  int64_t shape[] = {rows, columns};
  CHECK_INT_EQ(ql_full(ctx, QL_F64, ndim, shape, ql_f64(1), &a, NULL), QL_OK);
  return keep(a);
}

/* base[from:from + extent], for each axis */
static QlArray *part(QlArray *base, int64_t i, int64_t rows, int64_t j, int64_t columns) {
  QlArray *view = NULL;
  int64_t shape[] = {rows, columns}, offset = i * base->strides[0];
  if (base->ndim > 1) offset += j * base->strides[1];
  CHECK_INT_EQ(ql_view(base, base->ndim, shape, base->strides, offset, &view, NULL), QL_OK);
  return keep(view);
}

static QlArray *sum(QlArray *a, QlArray *b) {
  QlArray *value = NULL;
  QlOperand in[] = {{.array = a}, {.array = b}};
  CHECK_INT_EQ(ql_ufunc(ctx, QL_OP_ADD, 2, in, NULL, NULL, QL_DTYPE_NONE, &value, NULL), QL_OK);
  return keep(value);
}

static void assign(QlArray *to, QlArray *value) {
  CHECK_INT_EQ(ql_assign(ctx, to, &(QlOperand){.array = value}, NULL), QL_OK);
}

static QlArray *reduce(QlArray *a, uint32_t axes) {
  QlArray *value = NULL;
  CHECK_INT_EQ(ql_reduce(ctx, QL_REDUCE_SUM, a, axes, false, QL_DTYPE_NONE, NULL, &value, NULL),
               QL_OK);
  return keep(value);
}

/* v[1:-1, 1:-1] = the sum of u's four neighbours */
static void record_stencil(int64_t n) {
  QlArray *u = array(2, n, n), *v = array(2, n, n);
  QlArray *rows = sum(part(u, 0, n - 2, 1, n - 2), part(u, 2, n - 2, 1, n - 2)),
          *columns = sum(part(u, 1, n - 2, 0, n - 2), part(u, 1, n - 2, 2, n - 2));
  assign(part(v, 1, n - 2, 1, n - 2), sum(rows, columns));
}

static void record_sums(int64_t n) {
  QlArray *u = array(2, n, n);
  (void)reduce(u, 3), (void)reduce(u, 1), (void)reduce(u, 2);
}

/* v = u + u.T */
static void record_transpose(int64_t n) {
  QlArray *u = array(2, n, n), *v = array(2, n, n), *turned = NULL;
  int64_t shape[] = {n, n}, strides[] = {1, n};
  CHECK_INT_EQ(ql_view(u, 2, shape, strides, 0, &turned, NULL), QL_OK);
  assign(v, sum(u, keep(turned)));
}

/* v[5:] = u[:-5]; v[:5] = u[-5:] */
static void record_roll(int64_t n) {
  QlArray *u = array(2, n, n), *v = array(2, n, n);
  assign(part(v, 5, n - 5, 0, n), part(u, 0, n - 5, 0, n));
  assign(part(v, 0, 5, 0, n), part(u, n - 5, 5, 0, n));
}

/* y[1:-1] = x[:-2] + x[2:], each node a few neighbours along the only axis */
static void record_line(int64_t n) {
  QlArray *x = array(1, n, 1), *y = array(1, n, 1);
  assign(part(y, 1, n - 2, 0, 1), sum(part(x, 0, n - 2, 0, 1), part(x, 2, n - 2, 0, 1)));
}

/* Positions: (p[1:] + p[:-1]).sum(1) */
static void record_points(int64_t n) {
  QlArray *p = array(2, n, 3);
  (void)reduce(sum(part(p, 1, n - 1, 0, 3), part(p, 0, n - 1, 0, 3)), 2);
}

/* x[:] = u.reshape(-1) of other rows than x has parts */
static void record_reshape(int64_t n) {
  QlArray *u = array(2, n, 48), *x = array(1, n * 48, 1), *flat = NULL;
  int64_t shape[] = {n * 48}, strides[] = {1};
  CHECK_INT_EQ(ql_view(u, 1, shape, strides, 0, &flat, NULL), QL_OK);
  assign(x, keep(flat));
}

static const struct {
  const char *name;
  void (*record)(int64_t n);
  int64_t n, small; /* on many nodes; on twelve */
  int most;         /* messages of a group to and from a node */
  int slower;       /* on 64 times as many nodes, at most; where one axis is cut into all: 64 */
} programs[] = {
    {"stencil", record_stencil, 1 << 16, 61, 8, 32},
    {"sums", record_sums, 1 << 16, 61, INT32_MAX, 64}, /* the last values go to all nodes */
    {"transpose", record_transpose, 1 << 16, 61, 8, 32},
    {"roll", record_roll, 1 << 16, 61, 8, 32},
    {"line", record_line, 1 << 20, 301, 4, 64},
    {"points", record_points, 1 << 20, 301, 4, 64},
    {"reshape", record_reshape, 1 << 16, 61, 8, 64},
};
enum { PROGRAMS = sizeof programs / sizeof *programs };

/* ---- pretending ---- */

/* Planned by a node of that many, with so many threads in one rank; what it made and asked for is
 * given back. */
static Plan *plan_with(int threads, int node, int nodes) {
  static int number[MANY], workers[MANY];
  static CommInfo info;
  Plan *plan = NULL;
  QlError error = {0};
  for (int n = 0; n < nodes; n++) number[n] = n, workers[n] = threads;
  info = (CommInfo){.rank = node,
                    .size = nodes,
                    .node = node,
                    .node_count = nodes,
                    .node_size = 1,
                    .threads = threads,
                    .workers = threads,
                    .node_of_rank = number,
                    .leader_of_node = number,
                    .workers_of_node = workers};
  ctx->info = &info;
  CHECK(!ctx->template_count); /* they know this node's part */
  QlStatus status = rt_plan_key(ctx, &error);
  if (!status) status = rt_plan_make(ctx, &plan, &error);
  if (!CHECK_INT_EQ(status, QL_OK)) fprintf(stderr, "%s\n", error.text);
  return plan;
}

static Plan *plan_as(int node, int nodes) { return plan_with(1, node, nodes); }

static void forget(Plan *plan, const CommInfo *real) {
  if (plan) rt_plan_forget(ctx, plan);
  ctx->info = real;
}

static void drop_all(void) {
  while (made_count) ql_release(made[--made_count]);
  rt_log_clear(ctx);
}

/* ---- growth ---- */

typedef struct Cost {
  double seconds; /* the least of several */
  int64_t bytes;
} Cost;

static double now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

static Cost cost_of(int node, int nodes, int most) {
  const CommInfo *real = ctx->info;
  Cost cost = {1e9, 0};
  for (int k = 0; k < REPEATS; k++) {
    double before = now();
    asked = 0;
    Plan *plan = plan_as(node, nodes);
    cost.seconds = QL_MIN(cost.seconds, now() - before), cost.bytes = asked;
    for (int g = 0; plan && g < plan->group_count; g++)
      CHECK(!plan->groups[g].exchange || plan->groups[g].exchange->message_count <= most);
    forget(plan, real);
  }
  return cost;
}

/* 64 times as many nodes take much less than 64 times the time, and hardly more memory. Where
 * values go to every node there are so many messages. */
static void grows_less_than_the_nodes(void) {
  for (int p = 0; p < PROGRAMS; p++) {
    programs[p].record(programs[p].n);
    const int nodes[] = {0, MANY / 2, 63, MANY - 1}; /* first, middle, a corner, last */
    for (int k = 0; k < 4; k++) {
      Cost few = cost_of(QL_MIN(nodes[k], FEW - 1), FEW, programs[p].most),
           many = cost_of(nodes[k], MANY, programs[p].most);
      bool to_all = programs[p].most == INT32_MAX,
           ok = CHECK(!OPTIMISED || many.seconds < programs[p].slower * few.seconds);
      ok &= CHECK(to_all || many.bytes < 2 * few.bytes);
      if (!ok)
        fprintf(stderr, "%s on node %d: from %.1f to %.1f us, from %lld to %lld bytes\n",
                programs[p].name, nodes[k], 1e6 * few.seconds, 1e6 * many.seconds,
                (long long)few.bytes, (long long)many.bytes);
    }
    drop_all();
  }
}

/* ---- steps ---- */

enum { FIELDS = 6 };

/* Fields that have nothing to do with each other, of different lengths: v[1:-1] = u[:-2] + u[2:],
 * and then the same back. */
static void record_fields(void) {
  QlArray *u[FIELDS], *v[FIELDS];
  for (int k = 0; k < FIELDS; k++) u[k] = array(1, 300 + k, 1), v[k] = array(1, 300 + k, 1);
  for (int turn = 0; turn < 2; turn++)
    for (int k = 0; k < FIELDS; k++) {
      QlArray *from = turn ? v[k] : u[k], *to = turn ? u[k] : v[k];
      int64_t n = 298 + k;
      assign(part(to, 1, n, 0, 1), sum(part(from, 0, n, 0, 1), part(from, 2, n, 0, 1)));
      while (made_count > 2 * FIELDS) ql_release(made[--made_count]); /* nothing else lives on */
    }
}

static bool apart(const PlanExchange *a, const PlanExchange *b) {
  return a->at + a->bytes <= b->at || b->at + b->bytes <= a->at;
}

static bool stores(const PlanGroup *group, int slot) {
  for (int o = 0; o < group->store_count; o++)
    if (group->operands[o].slot == slot) return true;
  return false;
}

/* What a plan sends has been stored by all groups before the one that needs it; exchanges under way
 * together lie apart. Gives how many are at most. */
static int check_flights(const Plan *plan) {
  const PlanExchange *flying[FIELDS * 2];
  bool ran[FIELDS * 8] = {false};
  int count = 0, most = 0, wrong = 0;
  for (int s = 0; s < plan->step_count; s++) {
    const PlanStep *step = &plan->steps[s];
    const PlanExchange *exchange = plan->groups[step->group].exchange;
    switch (step->kind) {
      case STEP_PACK:
        for (int k = 0; k < count; k++) wrong += !apart(flying[k], exchange);
        wrong += exchange->at + exchange->bytes > plan->staging_bytes;
        for (int t = 0; t < exchange->transfer_count; t++)
          for (int g = 0; g < step->group; g++)
            wrong += stores(&plan->groups[g], exchange->transfers[t].source_slot) && !ran[g];
        flying[count++] = exchange;
        most = QL_MAX(most, count);
        break;
      case STEP_UNPACK: {
        int k = 0;
        while (k < count && flying[k] != exchange) k++;
        if (CHECK(k < count)) flying[k] = flying[--count];
        break;
      }
      case STEP_GROUP: ran[step->group] = true; break;
      default: break;
    }
  }
  CHECK_INT_EQ(wrong, 0);
  CHECK_INT_EQ(count, 0);
  return most;
}

static bool waits_for(const PlanWaits *waits, int worker, int step) {
  for (int k = 0; k < waits->count; k++)
    if (waits->list[k].worker == worker && waits->list[k].step >= step) return true;
  return false;
}

/* Who packs into staging that an exchange had before waits for the leader, until whose COMPLETE
 * messages may still be sent from there. Gives how many do. */
static int check_reuse(const Plan *plan, int threads) {
  int wrong = 0, some = 0;
  for (int s = 0; s < plan->step_count; s++)
    for (int t = 1; t < threads && plan->steps[s].kind == STEP_PACK; t++) {
      const PlanStep *pack = &plan->steps[s];
      int u = s;
      while (u >= 0 && (plan->steps[u].kind != STEP_UNPACK ||
                        apart(plan->groups[plan->steps[u].group].exchange,
                              plan->groups[pack->group].exchange)))
        u--;
      if (u < 0 || !pack->parts[t].count) continue;
      wrong += !waits_for(&pack->waits[t], 0, u - 1), some++;
    }
  CHECK_INT_EQ(wrong, 0);
  return some;
}

static void staging_is_used_again(void) {
  enum { THREADS = 4 };
  const CommInfo *real = ctx->info;
  record_fields();
  for (int node = 0; node < 5; node++) {
    Plan *plan = plan_with(THREADS, node, 5);
    if (plan) CHECK(check_reuse(plan, plan->threads) > 0 || node == 4);
    forget(plan, real);
  }
  drop_all();
}

/* Four exchanges travel at once, on every node in the same order. */
static void exchanges_travel_together(void) {
  const CommInfo *real = ctx->info;
  uint64_t skeleton = 0, template = ctx->next_template;
  record_fields();
  CHECK_INT_EQ(rt_drops_assume(ctx, NULL), QL_OK);
  for (int node = 0; node < 5; node++) {
    ctx->next_template = template;
    Plan *plan = plan_as(node, 5);
    if (plan) {
      CHECK_INT_EQ(plan->exchange_count, 2 * FIELDS);
      CHECK_INT_EQ(check_flights(plan), 4);
      if (node) CHECK(rt_plan_skeleton(plan) == skeleton);
      skeleton = rt_plan_skeleton(plan);
    }
    forget(plan, real);
  }
  drop_all();
}

/* ---- both sides ---- */

enum { TALLY = 1 << 20 };

typedef struct Tally { /* of one group, node and peer */
  int group, node, peer;
  bool receive;
  int64_t bytes;
} Tally;

static int compare_tallies(const void *a, const void *b) {
  const Tally *x = a, *y = b;
  int from_x = x->receive ? x->peer : x->node, from_y = y->receive ? y->peer : y->node,
      to_x = x->receive ? x->node : x->peer, to_y = y->receive ? y->node : y->peer;
  if (x->group != y->group) return x->group - y->group;
  if (from_x != from_y) return from_x - from_y;
  if (to_x != to_y) return to_x - to_y;
  return x->receive - y->receive;
}

/* What one node sends another is what that one receives, for all pairs. */
static void check_pairs(int nodes) {
  const CommInfo *real = ctx->info;
  Tally *all = malloc(TALLY * sizeof *all);
  int count = 0, wrong = 0;
  for (int node = 0; all && node < nodes; node++) {
    Plan *plan = plan_as(node, nodes);
    for (int g = 0; plan && g < plan->group_count; g++) {
      const PlanExchange *exchange = plan->groups[g].exchange;
      for (int m = 0; exchange && m < exchange->message_count && count < TALLY; m++) {
        const PlanMessage *message = &exchange->messages[m];
        all[count++] = (Tally){g, node, message->node, message->receive, message->bytes};
      }
    }
    forget(plan, real);
  }
  CHECK(all && count < TALLY && count % 2 == 0 && count > 0);
  if (all) qsort(all, (size_t)count, sizeof *all, compare_tallies);
  for (int k = 0; all && k + 1 < count; k += 2) {
    const Tally *sends = &all[k], *receives = &all[k + 1];
    wrong += sends->receive || !receives->receive || sends->node != receives->peer ||
             sends->peer != receives->node || sends->group != receives->group ||
             sends->bytes != receives->bytes;
  }
  CHECK_INT_EQ(wrong, 0);
  free(all);
}

static void both_sides_list_the_same(void) {
  const int nodes[] = {2, 3, 5, 12, 16, 100};
  for (int p = 0; p < PROGRAMS; p++)
    for (int k = 0; k < 6; k++) {
      programs[p].record(programs[p].small);
      check_pairs(nodes[k]);
      drop_all();
    }
}

/* ---- what is replicated for its size ---- */

/* v[1:-1] = u[:-2] + u[2:], and s = v.sum(): are all groups replicated? */
static bool is_replicated(int64_t n, int node, int nodes) {
  const CommInfo *real = ctx->info;
  QlArray *u = array(1, n, 1), *v = array(1, n, 1);
  assign(part(v, 1, n - 2, 0, 1), sum(part(u, 0, n - 2, 0, 1), part(u, 2, n - 2, 0, 1)));
  (void)reduce(v, 1);
  Plan *plan = plan_as(node, nodes);
  int replicated = 0, count = plan ? plan->group_count : 0;
  for (int g = 0; g < count; g++) replicated += plan->groups[g].replicated;
  CHECK(count > 0 && (replicated == count || !plan->groups[0].replicated));
  if (plan && replicated == count) CHECK_INT_EQ(plan->exchange_count, 0);
  forget(plan, real), drop_all();
  return replicated == count;
}

/* The bound follows from the number of nodes, whichever of them plans. */
static void the_bound_follows_the_nodes(void) {
  static const struct {
    int64_t base;
    int nodes;
    int64_t most;
  } cases[] = {{1024, 2, 2048},   {1024, 3, 3072},          {1024, 4, 3072},   {1024, 5, 4096},
               {1024, FEW, 7168}, {1024, MANY, 13312},      {100, MANY, 1300}, {-1, MANY, 1},
               {0, MANY, 1},      {INT64_MAX, 2, INT64_MAX}};
  int64_t saved = ctx->params.replicate;
  for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
    int64_t most = cases[k].most;
    ctx->params.replicate = cases[k].base;
    for (int last = 0; last < 2; last++) {
      int node = last ? cases[k].nodes - 1 : 0;
      if (most > 8) CHECK(is_replicated(QL_MIN(most, 1 << 20), node, cases[k].nodes));
      if (most < INT64_MAX) CHECK(!is_replicated(QL_MAX(most + 1, 300), node, cases[k].nodes));
    }
  }
  ctx->params.replicate = 1024;
  CHECK(rt_is_replicated_size(ctx, 1024) && !rt_is_replicated_size(ctx, 1025)); /* one node */
  ctx->params.replicate = saved;
}

int main(int argc, char **argv) {
  static const CheckTest tests[] = {
      CHECK_TEST(grows_less_than_the_nodes), CHECK_TEST(exchanges_travel_together),
      CHECK_TEST(staging_is_used_again), CHECK_TEST(both_sides_list_the_same),
      CHECK_TEST(the_bound_follows_the_nodes)};
  QlError error = {0};
  setenv("QUELEA_FLUSH", "100000", 1), setenv("QUELEA_FLUSH_BYTES", "100000t", 1);
  setenv("QUELEA_REPLICATE", "-1", 1), setenv("QUELEA_THREADS", "1", 1);
  setenv("QUELEA_SHARE", "0", 1); /* the arrays are small */
  if (ql_open(NULL, &ctx, &error)) {
    fprintf(stderr, "%s\n", error.text);
    return 1;
  }
  int status = check_run(tests, sizeof tests / sizeof *tests, argc, argv);
  ql_close(ctx);
  return status;
}
