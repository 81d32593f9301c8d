/* The kernels of a plan. Each is known in memory, or made by the node's leader (from the disk cache
 * or by LLVM) and handed to the other ranks.
 *
 * Ranks of a node can differ in what they know, since a rank that runs out of memory may have
 * missed a kernel that the others keep. So nothing is asked: for every new plan, however planning
 * went, the leader hands over one message with all its kernels, and a rank takes from it what it
 * lacks.
 *
 *     message   per kernel: JitKey, size, object code, padding to 8 bytes */
#include "planner.h"

#include <stdlib.h>
#include <string.h>

typedef struct Wanted {
  JitFn *fn;
  JitKey key;
  int group;
  const JitKernel *kernel;
} Wanted;

typedef struct KernelHead {
  JitKey key;
  int64_t size;
} KernelHead;

static int64_t padded(int64_t size) { return (size + 7) / 8 * 8; }

QlStatus planner_wants_kernel(Planner *planner, JitFn *fn, int group) {
  JitKey key;
  QL_TRY(jit_key(planner->ctx->jit, fn, &key, planner->error));
  if (planner->wanted_count == planner->wanted_room) {
    int room = 2 * planner->wanted_room + 8;
    Wanted *grown = realloc(planner->wanted, (size_t)room * sizeof *grown);
    if (!grown) return ql_fail(planner->error, QL_ERR_MEMORY, "out of memory for a plan");
    planner->wanted = grown, planner->wanted_room = room;
  }
  planner->wanted[planner->wanted_count++] = (Wanted){.fn = fn, .key = key, .group = group};
  return QL_OK;
}

void planner_free_wanted(Planner *planner) {
  for (int k = 0; k < planner->wanted_count; k++) jit_fn_free(planner->wanted[k].fn);
  free(planner->wanted);
}

static QlStatus at_group(Planner *planner, const Wanted *wanted, QlStatus status) {
  if (status && planner->error)
    planner->error->source =
        planner->log->statements[planner->plan->groups[wanted->group].statement].source;
  return status;
}

static QlStatus compile_all(Planner *planner) {
  Jit *jit = planner->ctx->jit;
  for (int k = 0; k < planner->wanted_count; k++) {
    Wanted *wanted = &planner->wanted[k];
    if ((wanted->kernel = jit_find(jit, wanted->key))) continue;
    if (rt_interrupted(planner->ctx))
      return ql_fail(planner->error, QL_ERR_INTERRUPTED, "interrupted");
    QL_TRY(at_group(planner, wanted,
                    jit_compile(jit, wanted->fn, wanted->key, &wanted->kernel, planner->error)));
  }
  return QL_OK;
}

/* The leader's message; NULL: out of memory. */
static char *pack(const Planner *planner, int64_t *size) {
  const void *code;
  size_t bytes;
  *size = 0;
  for (int k = 0; k < planner->wanted_count; k++)
    jit_object(planner->wanted[k].kernel, &code, &bytes),
        *size += (int64_t)sizeof(KernelHead) + padded((int64_t)bytes);
  char *message = calloc(1, (size_t)*size + 1), *at = message;
  for (int k = 0; message && k < planner->wanted_count; k++) {
    jit_object(planner->wanted[k].kernel, &code, &bytes);
    memcpy(at, &(KernelHead){planner->wanted[k].key, (int64_t)bytes}, sizeof(KernelHead));
    memcpy(at + sizeof(KernelHead), code, bytes);
    at += (int64_t)sizeof(KernelHead) + padded((int64_t)bytes);
  }
  return message;
}

static const char *find_in(const char *message, int64_t size, const JitKey *key, KernelHead *head) {
  for (const char *at = message; at < message + size;
       at += (int64_t)sizeof *head + padded(head->size)) {
    memcpy(head, at, sizeof *head);
    if (!memcmp(&head->key, key, sizeof *key)) return at + sizeof *head;
  }
  return NULL;
}

static QlStatus install_all(Planner *planner, const char *message, int64_t size) {
  Jit *jit = planner->ctx->jit;
  for (int k = 0; k < planner->wanted_count; k++) {
    Wanted *wanted = &planner->wanted[k];
    KernelHead head;
    if ((wanted->kernel = jit_find(jit, wanted->key))) continue;
    const char *code = find_in(message, size, &wanted->key, &head);
    if (!code)
      return ql_fail(planner->error, QL_ERR_COMPILE,
                     "a kernel could not be compiled on this node's first rank");
    QL_TRY(at_group(
        planner, wanted,
        jit_install(jit, wanted->key, code, (size_t)head.size, &wanted->kernel, planner->error)));
  }
  return QL_OK;
}

QlStatus planner_compile(Planner *planner, QlStatus status) {
  const CommInfo *info = planner->ctx->info;
  bool leads = info->node_rank == 0;
  if (leads && !status) status = compile_all(planner);
  if (info->node_size > 1) {
    int64_t size = 0;
    char *message = leads && !status ? pack(planner, &size) : NULL;
    if (leads && !status && !message)
      status = ql_fail(planner->error, QL_ERR_MEMORY, "out of memory for a plan");
    void *bytes = message;
    QlStatus shared =
        comm_node_share(planner->ctx->comm, &bytes, &size, status ? NULL : planner->error);
    if (!status) status = shared;
    if (!leads && !status) status = install_all(planner, bytes, size);
    free(bytes);
  }
  for (int k = 0; !status && k < planner->wanted_count; k++)
    planner->plan->groups[planner->wanted[k].group].entry = jit_entry(planner->wanted[k].kernel);
  return status;
}
