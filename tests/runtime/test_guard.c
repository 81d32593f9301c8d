/* What debug builds add, seen by functions that stand in for compiled kernels: memory that nobody
 * wrote holds canaries, stale ghosts do too, and whoever leaves a block ends the process. On one
 * process; `margins_of_targets` on two ranks that pretend to be two nodes. */
#include "runtime.h"

#include "../check.h"

#include <math.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

static QlContext *open_context(void) {
  QlContext *ctx = NULL;
  QlError error = {0};
  setenv("QUELEA_CACHE", "off", 1), setenv("QUELEA_THREADS", "1", 1);
  if (ql_open(NULL, &ctx, &error)) fprintf(stderr, "%s\n", error.text);
  return ctx;
}

/* A plan of two groups over one array of float64, each with one operand and its entry; the blocks
 * are released when it ends. */
typedef struct Probe {
  PlanSlot slot;
  PlanPlace place;
  PlanOperand operand;
  PlanTask task;
  PlanWaits waits;
  PlanGroup groups[2];
  PlanStep steps[2];
  Plan plan;
  int64_t strides[1];
} Probe;

enum { COUNT = 100 };

static void make_probe(Probe *probe, Layout *layout, Block geometry, JitEntry *first,
                       JitEntry *second) {
  *probe = (Probe){.strides = {8}};
  probe->slot = (PlanSlot){.allocate = true,
                           .dtype = QL_F64,
                           .ndim = 1,
                           .shape = {COUNT},
                           .layout = layout,
                           .geometry = geometry};
  probe->place = (PlanPlace){
      .from = -1, .keeper = -1, .private_memory = geometry.private_memory, .bytes = geometry.bytes};
  probe->operand = (PlanOperand){0};
  probe->task = (PlanTask){.box = {{0}, {geometry.bytes / 8}}};
  for (int g = 0; g < 2; g++) {
    probe->steps[g] = (PlanStep){.kind = STEP_GROUP, .group = g, .waits = &probe->waits};
    probe->groups[g] = (PlanGroup){.kind = GROUP_KERNEL,
                                   .rank = 1,
                                   .entry = g ? second : first,
                                   .operand_count = 1,
                                   .store_count = g == 0,
                                   .operands = &probe->operand,
                                   .strides = probe->strides,
                                   .tasks = &probe->task,
                                   .first_step = g,
                                   .last_step = g,
                                   .reduce_axis = -1};
  }
  probe->plan = (Plan){.slot_count = 1,
                       .slots = &probe->slot,
                       .place_count = 1,
                       .places = &probe->place,
                       .group_count = second ? 2 : 1,
                       .groups = probe->groups,
                       .threads = 1,
                       .step_count = second ? 2 : 1,
                       .steps = probe->steps};
}

static Block whole_block(bool private_memory) {
  return (Block){
      .private_memory = private_memory, .bytes = COUNT * 8, .alloc = {{0}, {COUNT}}, .stride = {8}};
}

static void run_probe(QlContext *ctx, Probe *probe) {
  CHECK_INT_EQ(rt_plan_prepare(ctx, &probe->plan, NULL), QL_OK);
  rt_plan_run(ctx, &probe->plan);
  rt_plan_finish(ctx, &probe->plan);
}

/* ---- canaries ---- */

static void every_element_is_a_canary(const JitCall *call) {
  const double *u = (const double *)call->base[0];
  int canaries = 0;
  for (int64_t i = 0; i < call->hi[0]; i++) canaries += isnan(u[i]);
  CHECK_INT_EQ(call->hi[0], COUNT);
  CHECK_INT_EQ(canaries, COUNT);
}

static void store_one(const JitCall *call) {
  double *u = (double *)call->base[0];
  for (int64_t i = 0; i < call->hi[0]; i++) u[i] = 1;
}

static void fresh_blocks(void) {
  QlContext *ctx = open_context();
  Probe probe;
  if (!CHECK(ctx)) return;
  for (int round = 0; round < 4; round++) { /* memory that was used before is no exception */
    make_probe(&probe, NULL, whole_block(round % 2), every_element_is_a_canary, store_one);
    run_probe(ctx, &probe);
  }
  ql_close(ctx);
}

static void every_dtype(void) {
  for (int d = 0; d < QL_DTYPE_COUNT; d++) {
    QlValue value = rt_canary((QlDtype)d);
    QlKind kind = (QlKind)ql_dtype_info[d].kind;
    if (kind == QL_KIND_FLOAT || kind == QL_KIND_COMPLEX) {
      QlValue real = ql_convert((QlDtype)d, value, QL_F64);
      CHECK(isnan(real.d));
    } else {
      CHECK_INT_EQ(ql_convert((QlDtype)d, value, QL_U8).u, d == QL_BOOL ? 1 : 0xa5);
    }
  }
}

static void empty_arrays(void) {
  QlContext *ctx = open_context();
  QlArray *array;
  double host[3] = {0};
  if (!CHECK(ctx)) return;
  CHECK_INT_EQ(ql_empty(ctx, QL_F64, 1, (int64_t[]){3}, &array, NULL), QL_OK);
  CHECK_INT_EQ(ql_gather(array, -1, host, NULL), QL_OK);
  CHECK(isnan(host[0]) && isnan(host[1]) && isnan(host[2]));
  ql_release(array);
  ql_close(ctx);
}

/* ---- copies ---- */

static void store_both(const JitCall *call) {
  double *u = (double *)call->base[0], *copy = (double *)call->base[1];
  for (int64_t i = 0; i < call->hi[0]; i++) u[i] = copy[i] = 1;
}

/* A copy of what an array was is forgotten as soon as a group has stored the array. */
static void copies_of_targets(void) {
  QlContext *ctx = open_context();
  Probe probe;
  if (!CHECK(ctx)) return;
  make_probe(&probe, NULL, whole_block(false), store_both, every_element_is_a_canary);
  PlanSlot slots[] = {probe.slot, probe.slot};
  PlanPlace places[] = {probe.place, probe.place};
  PlanOperand operands[] = {{.slot = 0}, {.slot = 1}};
  slots[1].is_copy = true, slots[1].copied = 0, slots[1].number = -1, slots[1].place = 1;
  probe.plan.slots = slots, probe.plan.slot_count = 2;
  probe.plan.places = places, probe.plan.place_count = 2;
  probe.groups[0].operands = operands, probe.groups[0].operand_count = 2;
  int64_t strides[] = {8, 8};
  probe.groups[0].strides = strides;
  probe.groups[1].operands = operands + 1;
  run_probe(ctx, &probe);
  ql_close(ctx);
}

/* ---- ghosts: two ranks, each a node ---- */

static void owned_is_stored_and_margin_forgotten(const JitCall *call) {
  const double *u = (const double *)call->base[0];
  int ones = 0, canaries = 0;
  for (int64_t i = 0; i < call->hi[0]; i++) ones += u[i] == 1, canaries += isnan(u[i]);
  CHECK_INT_EQ(ones, COUNT / 2);
  CHECK_INT_EQ(canaries, 3);
  CHECK_INT_EQ(call->hi[0], COUNT / 2 + 3);
}

static void margins_of_targets(void) {
  QlContext *ctx = open_context();
  int64_t shape[] = {COUNT}, margin[][2] = {{3, 3}};
  Probe probe;
  if (!CHECK(ctx) || !CHECK_INT_EQ(ctx->info->node_count, 2)) return;
  Layout *layout = rt_layout_new(rt_template_for_shape(ctx, 1, shape, NULL), NULL);
  Block geometry = rt_block_geometry(ctx, layout, 1, shape, 8, (const int64_t(*)[2])margin);
  make_probe(
      &probe, layout, geometry, store_one,
      owned_is_stored_and_margin_forgotten); /* store_one also writes what looks like old ghosts */
  run_probe(ctx, &probe);
  rt_layout_release(ctx, layout);
  ql_close(ctx);
}

/* ---- guards: each crime in a process of its own ---- */

static void after_the_end(const JitCall *call) { ((double *)call->base[0])[call->hi[0]] = 1; }
static void before_the_start(const JitCall *call) { ((double *)call->base[0])[-1] = 1; }
static void a_page_before(const JitCall *call) { ((volatile double *)call->base[0])[-512] = 1; }
static void reads_after_the_end(const JitCall *call) {
  (void)((volatile double *)call->base[0])[call->hi[0]];
}

static void commit(JitEntry *crime, bool private_memory) {
  Probe probe;
  Block geometry = whole_block(false), *neighbours[3];
  signal(SIGSEGV, SIG_DFL), signal(SIGBUS, SIG_DFL); /* not the sanitizer's */
  QlContext *ctx = open_context();
  for (int k = 0; k < 3; k++)
    if (rt_block_new(ctx, "an array needs", &geometry, &neighbours[k], NULL)) _exit(2);
  rt_block_release(ctx, neighbours[1]); /* the victim comes to lie between two blocks in use */
  make_probe(&probe, NULL, whole_block(private_memory), crime, NULL);
  run_probe(ctx, &probe);
  _exit(0);
}

static void read_what_is_free(void) {
  signal(SIGSEGV, SIG_DFL), signal(SIGBUS, SIG_DFL);
  QlContext *ctx = open_context();
  Block geometry = whole_block(false), *block;
  if (rt_block_new(ctx, "an array needs", &geometry, &block, NULL)) _exit(2);
  volatile char *data = block->data;
  data[0] = 1;
  rt_block_release(ctx, block);
  data[0] = 2;
  _exit(0);
}

/* The wait status of a child that commits the crime, or reads what is free; what it printed goes to
 * `said`. */
static int end_of(JitEntry *crime, bool private_memory, char *said, size_t size) {
  int pipes[2], status = -1;
  if (pipe(pipes)) return -1;
  pid_t child = fork();
  if (!child) {
    dup2(pipes[1], STDERR_FILENO);
    if (crime) commit(crime, private_memory);
    read_what_is_free();
  }
  close(pipes[1]);
  size_t have = 0;
  for (ssize_t got; have + 1 < size && (got = read(pipes[0], said + have, size - have - 1)) > 0;)
    have += (size_t)got;
  said[have] = 0;
  close(pipes[0]);
  waitpid(child, &status, 0);
  return status;
}

static void leaving_a_block(void) {
  char said[1000];
  for (int private_memory = 0; private_memory < 2; private_memory++) {
    int status = end_of(after_the_end, private_memory, said, sizeof said);
    CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV);
    status = end_of(reads_after_the_end, private_memory, said, sizeof said);
    CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV);
    status = end_of(a_page_before, private_memory, said, sizeof said);
    CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV);
    status = end_of(before_the_start, private_memory, said, sizeof said);
    CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 1);
    CHECK(strstr(said, "wrote 1 bytes before the first element of a block of 800 bytes"));
    status = end_of(store_one, private_memory, said, sizeof said);
    CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
  }
  int status = end_of(NULL, false, said, sizeof said);
  CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV);
}

CHECK_MAIN(CHECK_TEST(fresh_blocks), CHECK_TEST(every_dtype), CHECK_TEST(empty_arrays),
           CHECK_TEST(copies_of_targets), CHECK_TEST(leaving_a_block),
           CHECK_TEST(margins_of_targets))
