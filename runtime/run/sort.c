/* Sorting along an axis. It is no statement: its stages depend on what elements are, and nodes tell
 * each other meanwhile. So what is recorded is executed first, as for a look; the array is copied
 * into a new one, which nobody else knows of, and that is sorted:
 *
 *   an axis that no node cuts    each worker sorts lines
 *   the only axis, which is cut  three nodes of two workers:
 *
 *       x   |  run  |  run  |     |  run  |  run  |     |  run  |  run  |     each worker sorts a
 * run |a  |b|c|a |b |c|     ...                                          which part is whose:
 *                                                                              sort_between.c
 *       y   |a  |a |a|a|a  |a|    |b|b |b |b|b|b |     ...                     messages
 *       x   |   the first  |      |  the second  |     |   the third  |        each worker merges
 * its part
 *
 * Each node ends with exactly its part of the array. On one node nothing is sent: runs of values
 * are merged from x into y, which takes x's place; what has an index, too, goes from the cache to
 * where it is wanted. Memory is there before the ranks agree to begin; what can fail after that are
 * the messages' own requests, before anything has been sent. */
#include "runtime.h"

#include <stdlib.h>
#include <string.h>

/* ---- what workers do ---- */

static int64_t part_of(const Sort *s, int worker) {
  return part_start(s->count, worker, s->workers);
}

/* elements: NULL gives NULL */
static char *element(const Sort *s, char *elements, int64_t number) {
  return elements ? elements + number * sort_forms[s->form].bytes : NULL;
}

static char *value(const Sort *s, int64_t number) {
  return s->values + number * (int64_t)ql_dtype_info[s->dtype].size;
}

/* Where values go from that number on; NULL: nobody wants them. */
static char *values_to(const Sort *s, int64_t number) {
  return s->values && s->wants_values ? value(s, number) : NULL;
}

static void decode(const Sort *s, char *elements, int64_t from, int64_t end) {
  sort_decode(s->dtype, s->indices, element(s, elements, from), end - from, values_to(s, from),
              s->index ? s->index + from : NULL);
}

static void sort_part(void *subject, int worker) {
  const Sort *s = subject;
  int64_t from = part_of(s, worker), end = part_of(s, worker + 1);
  sort_encode(s->dtype, s->indices, value(s, from), (int64_t)ql_dtype_info[s->dtype].size,
              end - from, s->first + from, element(s, s->x, from));
  sort_run(s->form, element(s, s->x, from), element(s, s->y, from), end - from);
  if (s->runs == 1) decode(s, s->x, from, end);
}

/* Elements with more than the values are decoded while they are in the cache. */
static void merge_and_decode(const Sort *s, SortRun *run, char *scratch, int64_t from) {
  int64_t some;
  for (;; from += some) {
    const char *elements = sort_merge_some(s->form, s->runs, run, scratch, &some);
    if (!some) return;
    sort_decode(s->dtype, s->indices, elements, some, values_to(s, from),
                s->index ? s->index + from : NULL);
  }
}

static void merge_part(void *subject, int worker) {
  const Sort *s = subject;
  size_t thread = (size_t)(worker % s->ctx->info->threads), runs = (size_t)s->runs;
  char *elements = s->has_come ? s->y : s->x, *to = s->has_come ? s->x : s->y,
       *scratch = s->scratch + (int64_t)thread * sort_merge_scratch(s->form, s->runs);
  SortRun *run = s->run + thread * runs;
  int64_t *begin = s->split + thread * 2 * runs, *end = begin + runs, from = part_of(s, worker),
          behind = part_of(s, worker + 1);
  for (int r = 0; r < s->runs; r++)
    run[r] = (SortRun){element(s, elements, s->starts[r]), s->starts[r + 1] - s->starts[r]};
  sort_split(s->form, s->runs, run, from, begin);
  sort_split(s->form, s->runs, run, behind, end);
  for (int r = 0; r < s->runs; r++)
    run[r].at += begin[r] * sort_forms[s->form].bytes, run[r].count = end[r] - begin[r];
  if (!s->in_place) {
    merge_and_decode(s, run, scratch, from);
    return;
  }
  sort_merge(s->form, s->runs, run, scratch, element(s, to, from));
  decode(s, to, from, behind);
}

static void nothing(void *subject, int worker) { (void)subject, (void)worker; }

/* ---- lines ---- */

typedef struct Lines {
  Sort *sort;
  const Block *values, *indices; /* indices: NULL */
  Box owned;
  int64_t count, length;
} Lines;

static char *line_of(const Lines *lines, const Block *block, int64_t number) {
  char *at = block->data;
  for (int a = lines->sort->of->ndim - 1; a >= 0; a--) {
    int64_t extent = lines->owned.hi[a] - lines->owned.lo[a], here = 0;
    if (a < lines->sort->of->ndim - 1) here = number % extent, number /= extent;
    at += (lines->owned.lo[a] + here - block->alloc.lo[a]) * block->stride[a];
  }
  return at;
}

static void sort_lines(void *subject, int worker) {
  const Lines *lines = subject;
  const Sort *s = lines->sort;
  int64_t length = lines->length;
  char *own_x = element(s, s->x, worker * length), *y = element(s, s->y, worker * length);
  for (int64_t k = part_start(lines->count, worker, s->workers);
       k < part_start(lines->count, worker + 1, s->workers); k++) {
    char *line = line_of(lines, lines->values, k), *x = s->in_place ? line : own_x;
    sort_encode(s->dtype, s->indices, line, (int64_t)ql_dtype_info[s->dtype].size, length, 0, x);
    sort_run(s->form, x, y, length);
    sort_decode(s->dtype, s->indices, x, length, s->wants_values ? line : NULL,
                lines->indices ? (int64_t *)(void *)line_of(lines, lines->indices, k) : NULL);
  }
}

/* ---- memory ---- */

/* Of the node, or of this rank where it sorts alone. */
static QlStatus new_block(const Sort *s, int64_t bytes, Block **block, char **data,
                          QlError *error) {
  Block geometry = {.private_memory = s->alone, .bytes = bytes};
  QlStatus status = rt_block_new(s->ctx, "sorting needs", &geometry, block, error);
  if (!status) *data = (*block)->data;
  return status;
}

static void release(Sort *s) {
  for (int k = 2; k >= 0; k--) rt_block_release(s->ctx, s->block[k]);
  free(s->run), free(s->split), free(s->scratch);
}

static QlStatus reserve_runs(Sort *s, QlError *error) {
  size_t threads = (size_t)s->ctx->info->threads, runs = (size_t)s->runs;
  char *starts;
  QL_TRY(new_block(s, (s->runs + 1) * (int64_t)sizeof *s->starts, &s->block[2], &starts, error));
  s->starts = (int64_t *)(void *)starts;
  s->run = malloc(threads * runs * sizeof *s->run);
  s->split = malloc(threads * 2 * runs * sizeof *s->split);
  s->scratch = malloc(threads * (size_t)sort_merge_scratch(s->form, s->runs));
  if (s->run && s->split && s->scratch) return QL_OK;
  return ql_fail(error, QL_ERR_MEMORY, "out of memory for sorting");
}

/* x and y, for so many elements, where they are needed. */
static QlStatus reserve(Sort *s, const Block *values, int64_t count, QlError *error) {
  int64_t bytes = count * sort_forms[s->form].bytes;
  if (!s->in_place) QL_TRY(new_block(s, bytes, &s->block[0], &s->x, error));
  bool within = s->runs == 1 || (!s->in_place && s->nodes == 1);
  if (within && sort_forms[s->form].in_place) return QL_OK;
  if (!s->in_place) return new_block(s, bytes, &s->block[1], &s->y, error);
  if (s->of->ndim > 1 || !values) return new_block(s, bytes, &s->block[1], &s->y, error);
  QL_TRY(rt_block_new(s->ctx, "sorting needs", values, &s->block[1], error));
  s->y = s->block[1]->data + (s->values - values->data); /* it may take the values' place */
  return QL_OK;
}

static QlStatus agree(const Sort *s, QlStatus status, QlError *error) {
  return s->ctx->info->size == 1 ? status : rt_agree_status(s->ctx, status, error);
}

static void together(Sort *s, int64_t points, void (*work)(void *, int), void *subject) {
  if (s->alone)
    work(subject, 0);
  else
    rt_together(s->ctx, points, work, subject);
}

/* ---- the whole ---- */

static QlStatus along_lines(Sort *s, const Storage *indices, QlError *error) {
  const Storage *of = s->of;
  int last = of->ndim - 1;
  Lines lines = {.sort = s,
                 .values = of->block,
                 .indices = indices ? indices->block : NULL,
                 .length = of->shape[last]};
  lines.owned = rt_layout_node(of->layout, of->ndim, of->shape, s->ctx->info->node);
  lines.count = box_volume(of->ndim, &lines.owned) / lines.length, s->runs = 1;
  QlStatus status = reserve(s, of->block, s->workers * lines.length, error);
  if ((status = agree(s, status, error))) return status;
  together(s, lines.count * lines.length, sort_lines, &lines);
  return QL_OK;
}

/* y has the values, and takes their place. */
static void exchange_blocks(Sort *s, Storage *of) {
  Block *block = of->block;
  of->block = s->block[1], s->block[1] = block;
}

static QlStatus between_nodes(Sort *s, SortBetween *between, QlError *error) {
  QL_ERROR(mine);
  QlContext *ctx = s->ctx;
  QlStatus status = between ? sort_between_split(s, between, &mine) : QL_OK;
  if (status) *error = mine;
  QL_TRY(rt_agree_status(ctx, status, error));
  int64_t bytes = between ? sort_between_exchange(s, between) : 0;
  s->has_come = true;
  ctx->counters.redistributions++, ctx->counters.redistributed_bytes += bytes;
  rt_remark(ctx, QL_MOVE_REDISTRIBUTION, rt_source(ctx), bytes);
  together(s, 0, nothing, NULL);
  return QL_OK;
}

static QlStatus along_axis(Sort *s, Storage *of, const Storage *indices, QlError *error) {
  const CommInfo *info = s->ctx->info;
  Box owned = rt_layout_node(of->layout, 1, of->shape, info->node);
  SortBetween *between = NULL;
  s->count = owned.hi[0] - owned.lo[0], s->first = owned.lo[0];
  s->values = of->block->data + (owned.lo[0] - of->block->alloc.lo[0]) * of->block->stride[0];
  if (indices)
    s->index =
        (int64_t *)(void *)(indices->block->data + (owned.lo[0] - indices->block->alloc.lo[0]) * 8);
  s->nodes = s->alone ? 1 : info->node_count, s->runs = s->workers;
  for (int p = 0; p < s->nodes && !s->alone; p++)
    s->runs += p == info->node ? 0 : info->workers_of_node[p];
  if (s->in_place) s->x = s->values;
  QlStatus status = reserve(s, of->block, s->count, error);
  if (!status) status = reserve_runs(s, error);
  if (!status && s->nodes > 1 && info->node_rank == 0)
    status = sort_between_new(s, &between, error);
  if ((status = agree(s, status, error))) goto out;
  together(s, s->count, sort_part, s);
  if (s->runs == 1) goto out;
  if (s->nodes == 1 && (s->alone || info->node_rank == 0))
    for (int r = 0; r <= s->runs; r++) s->starts[r] = part_of(s, r);
  if (s->nodes == 1) together(s, 0, nothing, NULL);
  if (s->nodes > 1 && (status = between_nodes(s, between, error))) goto out;
  if (s->in_place && !s->has_come) s->values = s->y;
  together(s, s->count, merge_part, s);
  if (s->in_place && !s->has_come) exchange_blocks(s, of);
out:
  sort_between_free(between);
  return status;
}

/* Storages that are computed, and that nothing else knows of. */
static QlStatus sort(QlContext *ctx, Storage *of, bool wants_values, Storage *indices,
                     QlError *error) {
  Sort s = {.ctx = ctx,
            .of = of,
            .dtype = (QlDtype)of->dtype,
            .indices = indices != NULL,
            .wants_values = wants_values};
  s.form = sort_form(s.dtype, s.indices), s.in_place = sort_is_in_place(s.dtype, s.indices);
  s.alone = !of->layout->template, s.workers = s.alone ? 1 : ctx->info->workers;
  if (!s.alone) rt_wait_node(ctx);
  QlStatus status =
      of->ndim == 1 ? along_axis(&s, of, indices, error) : along_lines(&s, indices, error);
  release(&s);
  rt_ghosts_release(of->ghosts), of->ghosts = NULL;
  rt_copies_forget(of);
  of->stores++;
  return status;
}

/* A signal that has come while this thread waited for others raises an exception, of which only a
 * failure may tell; and it is not to stop what is executed next. */
static QlStatus hear(QlContext *ctx, QlError *error) {
  if (!rt_stops(ctx)) return QL_OK;
  atomic_store(&ctx->stop, false);
  return ql_fail(error, QL_ERR_INTERRUPTED, "interrupted");
}

/* ---- new arrays ---- */

/* Where the values lie: in whole lines, or by their only axis. */
static Layout *new_layout(QlContext *ctx, const Storage *of, QlError *error) {
  if (of->ndim == 1 || rt_is_replicated_size(ctx, of->size))
    return rt_layout_for_storage(ctx, of, error);
  int axis = 0;
  for (int a = 1; a < of->ndim - 1; a++) axis = of->shape[a] > of->shape[axis] ? a : axis;
  Template *template = rt_template_rows(ctx, of->ndim, of->shape, axis, false, error);
  Layout *layout = template ? rt_layout_new(template, NULL) : NULL;
  if (template && !layout)
    rt_template_release(ctx, template), ql_fail(error, QL_ERR_MEMORY, "out of memory for a layout");
  return layout;
}

/* An array beside another one, with memory, unless it is to have the other's, and without values.
 */
static QlStatus new_beside(QlContext *ctx, const Storage *of, bool shares, QlArray **made,
                           QlError *error) {
  QL_TRY(rt_array_new(ctx, QL_I64, of->ndim, of->shape, made, error));
  Storage *storage = (*made)->storage;
  storage->layout = rt_layout_retain(of->layout);
  if (shares) return QL_OK;
  Block geometry = rt_block_geometry(ctx, of->layout, of->ndim, of->shape, sizeof(int64_t), NULL);
  return rt_block_new(ctx, "an array needs", &geometry, &storage->block, error);
}

/* All that the ranks agree on before anything is recorded, for then nobody fails alone. */
static QlStatus prepare(QlContext *ctx, const QlArray *array, QlArray **made, bool shares,
                        QlArray **beside, QlError *error) {
  QL_TRY(rt_log_reserve(ctx, 1, error));
  QL_TRY(rt_array_new(ctx, (QlDtype)array->dtype, array->ndim, array->shape, made, error));
  Storage *storage = (*made)->storage;
  if (!(storage->layout = new_layout(ctx, storage, error))) return QL_ERR_MEMORY;
  return beside ? new_beside(ctx, storage, shares, beside, error) : QL_OK;
}

/* Computed arrays: a copy, and one beside it whose values are still to come. */
static QlStatus copy_of(QlContext *ctx, QlArray *array, QlArray **made, bool shares,
                        QlArray **beside, QlError *error) {
  uint64_t next_template = ctx->next_template;
  QlStatus status = prepare(ctx, array, made, shares, beside, error);
  if (ctx->info->size > 1) status = rt_agree_status(ctx, status, error);
  if (status) {
    ctx->next_template = next_template;
    return status;
  }
  if (beside) {
    (void)rt_storage_number((*beside)->storage, &ctx->next_id);
    (*beside)->storage->known = true;
  }
  rt_log_fresh(ctx, *made);
  QL_TRY(ql_assign(ctx, *made, &(QlOperand){.array = array}, error));
  QL_TRY(ql_settle(*made, error));
  if (beside && shares) {
    (*beside)->storage->block = (*made)->storage->block;
    (*made)->storage->block->references++;
  }
  return QL_OK;
}

enum { UNDER_STRICT = 1024 };

static QlStatus check(const QlContext *ctx, const QlArray *array, QlError *error) {
  QL_TRY(rt_check_input(ctx, array, error));
  if (array->ndim < 1) return ql_fail(error, QL_ERR_VALUE, "what has no axis has no order");
  if (ctx->strict && ctx->info->node_count > 1 && array->ndim == 1 && array->size > UNDER_STRICT &&
      !rt_is_replicated_size(ctx, array->size))
    return ql_fail(error, QL_ERR_REFUSED,
                   "this sorts %lld elements that lie on several nodes (a redistribution), which "
                   "quelea.config.strict forbids beyond %d",
                   (long long)array->size, UNDER_STRICT);
  return QL_OK;
}

QlStatus ql_sort(QlContext *ctx, QlArray *array, QlArray **values, QlArray **indices,
                 QlError *error) {
  QL_ERROR(local);
  QlArray *made = NULL, *beside = NULL;
  if (!error) error = &local;
  QL_TRY(rt_log_due(ctx, error));
  QL_TRY(check(ctx, array, error));
  if (!array->size) {
    if (values)
      QL_TRY(ql_empty(ctx, (QlDtype)array->dtype, array->ndim, array->shape, values, error));
    return indices ? ql_empty(ctx, QL_I64, array->ndim, array->shape, indices, error) : QL_OK;
  }
  /* indices alone take the place of the values, which are in x by then */
  bool shares = indices && !values && ql_dtype_info[array->dtype].size == sizeof(int64_t);
  QlStatus status = copy_of(ctx, array, &made, shares, indices ? &beside : NULL, error);
  if (!status)
    status = sort(ctx, made->storage, values != NULL, beside ? beside->storage : NULL, error);
  if (!status) status = hear(ctx, error);
  if (!status && values) ql_retain(*values = made);
  if (!status && indices) ql_retain(*indices = beside);
  ql_release(made), ql_release(beside);
  return status;
}
