/* Discrete Fourier transforms of lines (lines/lines.h).
 *
 *     y = fft(x, n=6, axis=0)     x (4, 100) float64     y (6, 100) complex128
 *
 *     TRANSFORM   lines along axis 0: 4 numbers are given, 2 are zeros, 6 are stored
 *
 * A line is computed whole, by one worker; a box of them many at a time, with the same bits. Tables
 * for a length are made before ranks agree on a run, and kept by the context as long as all of them
 * together are small, or the log needs them. */
#include "runtime.h"
#include "lines.h"

#include <stdlib.h>
#include <string.h>

enum { LENGTH, GIVEN, KIND, BACKWARD, AXIS, FACTOR, SCALARS };
enum { TARGET, SOURCE, OPERANDS };

/* ---- tables ---- */

enum { TABLES_KEPT = 16 << 20 }; /* bytes */

typedef struct Transform {
  FftTables *tables;
  bool real, single;
  int64_t length;
  uint64_t epoch; /* of the log that needed them last */
  struct Transform *next;
} Transform;

static void drop(Transform *transform) {
  fft_tables_free(transform->tables);
  free(transform);
}

/* Those that were used last come first. */
static void drop_old(QlContext *ctx) {
  int64_t bytes = 0;
  for (Transform **link = &ctx->transforms; *link;) {
    Transform *transform = *link;
    bytes += fft_tables_bytes(transform->tables);
    if (bytes <= TABLES_KEPT || transform->epoch == ctx->log.epoch) {
      link = &transform->next;
      continue;
    }
    *link = transform->next;
    drop(transform);
  }
}

void rt_transforms_close(QlContext *ctx) {
  while (ctx->transforms) {
    Transform *transform = ctx->transforms;
    ctx->transforms = transform->next;
    drop(transform);
  }
}

static Transform *take(QlContext *ctx, bool real, bool single, int64_t length) {
  for (Transform **link = &ctx->transforms; *link; link = &(*link)->next) {
    Transform *transform = *link;
    if (transform->real != real || transform->single != single || transform->length != length)
      continue;
    *link = transform->next;
    return transform;
  }
  return NULL;
}

static Transform *make(FftKind kind, bool single, int64_t length) {
  Transform *transform = malloc(sizeof *transform);
  FftTables *tables = transform ? fft_tables_new(kind, single, length) : NULL;
  if (!tables) {
    free(transform);
    return NULL;
  }
  *transform = (Transform){tables, kind != FFT_COMPLEX, single, length, 0, NULL};
  return transform;
}

QlStatus prepare_transform(QlContext *ctx, const RoutineShape *shape, const QlValue *param,
                           RoutineNeeds *needs, QlError *error) {
  FftKind kind = (FftKind)param[KIND].i;
  bool single = shape->dtype == QL_C64 || shape->dtype == QL_F32;
  int64_t length = param[LENGTH].i;
  Transform *transform = take(ctx, kind != FFT_COMPLEX, single, length);
  if (!transform) drop_old(ctx), transform = make(kind, single, length);
  if (!transform)
    return ql_fail(error, QL_ERR_MEMORY,
                   "out of memory for the tables of a transform of length %lld", (long long)length);
  transform->epoch = ctx->log.epoch;
  transform->next = ctx->transforms, ctx->transforms = transform;
  needs->tables = transform->tables;
  needs->scratch = fft_scratch_bytes(transform->tables);
  return QL_OK;
}

void run_transform(const RoutineShape *shape, const JitCall *call) {
  int rank = shape->rank;
  fft_lines(shape->tables,
            &(FftBox){.kind = (FftKind)call->param[KIND].i,
                      .rank = rank,
                      .axis = (int)call->param[AXIS].i,
                      .lo = call->lo,
                      .hi = call->hi,
                      .from = call->base[SOURCE],
                      .from_stride = call->stride + (ptrdiff_t)SOURCE * rank,
                      .to = call->base[TARGET],
                      .to_stride = call->stride,
                      .given = call->param[GIVEN].i,
                      .backward = call->param[BACKWARD].i,
                      .factor = call->param[FACTOR].d},
            shape->scratch);
}

/* ---- recording ---- */

_Static_assert(QL_MAX_DIMS <= (int)FFT_AXES, "boxes of lines have as many axes as arrays");

static const struct {
  FftKind kind;
  bool from_complex, to_complex;
} forms[] = {[QL_TRANSFORM_COMPLEX] = {FFT_COMPLEX, true, true},
             [QL_TRANSFORM_SYMMETRIC] = {FFT_SYMMETRIC, false, true},
             [QL_TRANSFORM_HALF] = {FFT_HALF, false, true},
             [QL_TRANSFORM_REAL] = {FFT_REAL, true, false}};

static bool takes(QlTransformKind kind, QlDtype dtype) {
  return forms[kind].from_complex ? dtype == QL_C64 || dtype == QL_C128
                                  : dtype == QL_F32 || dtype == QL_F64;
}

static QlStatus check(const QlContext *ctx, const QlArray *source, const QlTransform *transform,
                      QlError *error) {
  QL_TRY(rt_check_input(ctx, source, error));
  if (transform->axis < 0 || transform->axis >= source->ndim)
    return ql_fail(error, QL_ERR_VALUE, "no such axis");
  if (transform->length < 1)
    return ql_fail(error, QL_ERR_VALUE, "Invalid number of FFT data points (%lld) specified.",
                   (long long)transform->length);
  if (takes(transform->kind, (QlDtype)source->dtype)) return QL_OK;
  return ql_fail(error, QL_ERR_TYPE, "no such transform of %s",
                 ql_dtype_name((QlDtype)source->dtype));
}

/* The result's lines lie in the order of the source's. */
static QlStatus make_target(QlContext *ctx, QlArray *source, const QlTransform *transform,
                            QlArray **made, QlError *error) {
  int order[QL_MAX_DIMS];
  int64_t shape[QL_MAX_DIMS], length = transform->length;
  bool single = source->dtype == QL_C64 || source->dtype == QL_F32;
  memcpy(shape, source->shape, (size_t)source->ndim * sizeof *shape);
  shape[transform->axis] = transform->kind == QL_TRANSFORM_HALF ? length / 2 + 1 : length;
  QlDtype dtype =
      forms[transform->kind].to_complex ? (single ? QL_C64 : QL_C128) : (single ? QL_F32 : QL_F64);
  bool ordered = rt_order_of_copy(source, QL_ORDER_K, order);
  if (!source->size) /* zeros are padded with zeros */
    return ql_full(ctx, dtype, source->ndim, shape, (QlScalar){.dtype = dtype}, made, error);
  QL_TRY(ordered ? rt_array_new_in_order(ctx, dtype, source->ndim, shape, order, made, error)
                 : rt_array_new(ctx, dtype, source->ndim, shape, made, error));
  rt_log_fresh(ctx, *made);
  return QL_OK;
}

static QlStatus record(QlContext *ctx, const QlArray *source, const QlTransform *transform,
                       const QlArray *made, QlError *error) {
  FftKind kind = forms[transform->kind].kind;
  int64_t wanted = kind == FFT_REAL ? transform->length / 2 + 1 : transform->length;
  int64_t scalar[FACTOR] = {[LENGTH] = transform->length,
                            [GIVEN] = QL_MIN(source->shape[transform->axis], wanted),
                            [KIND] = kind,
                            [BACKWARD] = transform->backward,
                            [AXIS] = transform->axis};
  RequestOperand operand[OPERANDS + SCALARS];
  int count = 0;
  operand[count++] = request_array(LOG_WRITE, made, made->ndim, made->strides);
  operand[count++] = request_array(LOG_READ, source, source->ndim, source->strides);
  for (int k = 0; k < FACTOR; k++)
    operand[count++] = request_scalar(QL_I64, (QlValue){.i = scalar[k]});
  operand[count++] = request_scalar(QL_F64, (QlValue){.d = transform->factor});
  return rt_call_lines(ctx, ROUTINE_TRANSFORM, made, transform->axis, count, operand, error);
}

QlStatus ql_transform(QlContext *ctx, QlArray *source, const QlTransform *transform,
                      QlArray **result, bool *on_one, QlError *error) {
  QlArray *copy = NULL, *made = NULL;
  QL_TRY(rt_log_due(ctx, error));
  QL_TRY(check(ctx, source, transform, error));
  QlStatus status = make_target(ctx, source, transform, &made, error);
  bool computes = !status && made->size && source->size;
  if (computes && !rt_has_lines(source))
    status = ql_astype(ctx, source, (QlDtype)source->dtype, QL_ORDER_K, &copy, error);
  if (computes && !status) status = record(ctx, copy ? copy : source, transform, made, error);
  ql_release(copy);
  if (status) {
    ql_release(made);
    return status;
  }
  *result = made;
  *on_one = computes && ctx->info->node_count > 1 && !rt_is_replicated_size(ctx, made->size) &&
            made->size == made->shape[transform->axis];
  return status;
}
