/* Elements stored, or combined with others, where places say: target[place[c]] = value[c].
 *
 *     x[i, :] = v     x (9, 70)   i (4)   v (4, 70)
 *
 *     lead 1: a place counts rows of x; a block of 70 elements belongs to each
 *     place   7  2  7 -1      one below 0 counts from the end
 *     value   of block c element r at c * 70 + r; both steps are scalars
 *
 * Places count the elements of the target's first `lead` axes in C order. A worker that computes a
 * box of the target goes through all places in their order and stores what belongs to the box: so
 * the last one of equal places wins, and numbers are added in the order of the places, whoever owns
 * what. It reads places in pieces and lists those of its box first, without a branch that nobody
 * can foresee. */
#include "runtime.h"

#include <string.h>

enum { TARGET, PLACES, VALUES };
enum { GIVEN_KIND, GIVEN_COUNT, GIVEN_PLACE_STEP, GIVEN_VALUE_STEP, GIVEN_STEP_IN_BLOCK };
enum { PIECE = 1024 };

/* What is done with an element, in a scalar. */
typedef struct Kind {
  bool stores; /* the value as it is; else */
  QlOp op;
  QlDtype loop, value;
  bool has_value;
  int lead;
} Kind;

static QlValue pack(const Kind *kind) {
  return (QlValue){.u = (uint64_t)kind->stores | (uint64_t)kind->has_value << 1 |
                        (uint64_t)kind->lead << 8 | (uint64_t)kind->op << 16 |
                        (uint64_t)kind->loop << 32 | (uint64_t)kind->value << 40};
}

static Kind unpack(QlValue word) {
  return (Kind){.stores = word.u & 1,
                .has_value = word.u >> 1 & 1,
                .lead = (int)(word.u >> 8 & 0xff),
                .op = (QlOp)(word.u >> 16 & 0xffff),
                .loop = (QlDtype)(word.u >> 32 & 0xff),
                .value = (QlDtype)(word.u >> 40 & 0xff)};
}

typedef struct Scatter {
  const RoutineShape *shape;
  const JitCall *call;
  Kind kind;
  int64_t count, size, place_stride; /* of places; what they may be; bytes between them */
  int64_t first, last;               /* those of the box lie between, */
  int64_t step;                      /* bytes between blocks of equal distance; 0: they have none */
  int64_t value_stride, in_block;
  const char *places, *values; /* of this piece */
  int hits;                    /* of it */
  bool all;                    /* they are all there are; else their numbers in the piece */
  uint16_t hit[PIECE];
  char *to[PIECE];
} Scatter;

static inline int64_t place_of(const Scatter *s, int64_t k) {
  int64_t place;
  memcpy(&place, s->places + k * s->place_stride, sizeof place);
  return place < 0 ? place + s->size : place;
}

static inline const char *value_of(const Scatter *s, int h) {
  return s->values + (s->all ? h : s->hit[h]) * s->value_stride;
}

/* ---- one element for each place ---- */

/* What a loop reads of the struct, in registers: what is stored could be the struct's own words, as
 * far as the compiler knows. */
typedef struct Walk {
  const char *places, *values;
  char *base, *const *to; /* of equal distance: the first; else all */
  const uint16_t *hit;    /* NULL: all */
  int64_t place_stride, value_stride, size, step;
} Walk;

static inline Walk walk_of(const Scatter *s) {
  return (Walk){.places = s->places,
                .values = s->values,
                .base = s->call->base[TARGET],
                .to = s->to,
                .hit = s->all ? NULL : s->hit,
                .place_stride = s->place_stride,
                .value_stride = s->value_stride,
                .size = s->size,
                .step = s->step};
}

static inline char *target_of(const Walk *w, int64_t h, const char **from) {
  int64_t k = w->hit ? w->hit[h] : h, place;
  *from = w->values + k * w->value_stride;
  if (!w->step) return w->to[h];
  memcpy(&place, w->places + k * w->place_stride, sizeof place);
  return w->base + (place < 0 ? place + w->size : place) * w->step;
}

#define EACH(type, value)                              \
  for (int64_t h = 0, hits = s->hits; h < hits; h++) { \
    const char *from;                                  \
    char *to = target_of(&walk, h, &from);             \
    type x, y;                                         \
    memcpy(&x, to, sizeof x);                          \
    memcpy(&y, from, sizeof y);                        \
    x = (type)(value), memcpy(to, &x, sizeof x);       \
  }                                                    \
  return true

#define UPDATE(name, type, wide, largest, smallest)       \
  static bool update_##name(const Scatter *s) {           \
    const Walk walk = walk_of(s);                         \
    switch (s->kind.op) {                                 \
      case QL_OP_ADD: EACH(type, (wide)x + (wide)y);      \
      case QL_OP_SUBTRACT: EACH(type, (wide)x - (wide)y); \
      case QL_OP_MULTIPLY: EACH(type, (wide)x *(wide)y);  \
      case QL_OP_MAXIMUM: EACH(type, largest);            \
      case QL_OP_MINIMUM: EACH(type, smallest);           \
      default: return false;                              \
    }                                                     \
  }
#define UPDATE_REAL(name, type) \
  UPDATE(name, type, type, x > y || x != x ? x : y, x < y || x != x ? x : y)
#define UPDATE_INTEGER(name, type) UPDATE(name, type, uint64_t, x > y ? x : y, x < y ? x : y)
UPDATE_REAL(f64, double)
UPDATE_REAL(f32, float)
UPDATE_INTEGER(i64, int64_t)
UPDATE_INTEGER(i32, int32_t)
UPDATE_INTEGER(i16, int16_t)
UPDATE_INTEGER(i8, int8_t)
UPDATE_INTEGER(u64, uint64_t)
UPDATE_INTEGER(u32, uint32_t)
UPDATE_INTEGER(u16, uint16_t)
UPDATE_INTEGER(u8, uint8_t)

typedef bool Update(const Scatter *s);
static Update *const updates[QL_DTYPE_COUNT] = {
    [QL_F64] = update_f64, [QL_F32] = update_f32, [QL_I64] = update_i64, [QL_I32] = update_i32,
    [QL_I16] = update_i16, [QL_I8] = update_i8,   [QL_U64] = update_u64, [QL_U32] = update_u32,
    [QL_U16] = update_u16, [QL_U8] = update_u8,
};

/* Elements of so many bytes, of equal distance: where they go need not be written down. What is
 * stored could be the struct's own words, as far as the compiler knows: so they are copied. */
static inline void store_in_steps(const Scatter *s, size_t item, bool all) {
  char *base = s->call->base[TARGET];
  const char *places = s->places, *values = s->values;
  const uint16_t *hit = s->hit;
  int64_t step = s->step, size = s->size, place_stride = s->place_stride,
          value_stride = s->value_stride, hits = s->hits;
  for (int64_t h = 0; h < hits; h++) {
    int64_t k = all ? h : hit[h], place;
    memcpy(&place, places + k * place_stride, sizeof place);
    place += place < 0 ? size : 0;
    memcpy(base + place * step, values + k * value_stride, item);
  }
}

static inline void store_each(const Scatter *s, size_t item) {
  if (!s->step)
    for (int h = 0; h < s->hits; h++) memcpy(s->to[h], value_of(s, h), item);
  else if (s->all)
    store_in_steps(s, item, true);
  else
    store_in_steps(s, item, false);
}

static void store_elements(const Scatter *s, size_t item) {
  switch (item) {
    case 1: store_each(s, 1); break;
    case 2: store_each(s, 2); break;
    case 4: store_each(s, 4); break;
    case 8: store_each(s, 8); break;
    default: store_each(s, item); break;
  }
}

static void update_line(const Scatter *s, int64_t count, char *to, int64_t to_stride,
                        const char *from, int64_t from_stride) {
  JitElements in[2] = {{.at = to, .stride = to_stride, .dtype = s->shape->dtype},
                       {.at = (char *)from, .stride = from_stride, .dtype = s->kind.value}};
  jit_map_elements(s->kind.op, s->kind.loop, s->kind.has_value ? 2 : 1, in, &in[0], count);
}

static void update_elements(const Scatter *s) {
  QlDtype dtype = s->shape->dtype;
  const Walk walk = walk_of(s);
  bool plain = s->kind.has_value && s->kind.loop == dtype && s->kind.value == dtype;
  if (plain && updates[dtype] && updates[dtype](s)) return;
  for (int h = 0; h < s->hits; h++) {
    const char *from;
    char *to = target_of(&walk, h, &from);
    update_line(s, 1, to, 0, from, 0);
  }
}

/* ---- a block for each ---- */

static void run_line(const Scatter *s, int64_t count, char *to, int64_t to_stride,
                     const char *from) {
  int64_t item = (int64_t)ql_dtype_info[s->shape->dtype].size;
  if (!s->kind.stores)
    update_line(s, count, to, to_stride, from, s->in_block);
  else if (to_stride == item && s->in_block == item)
    memcpy(to, from, (size_t)(count * item));
  else
    for (int64_t k = 0; k < count; k++)
      memcpy(to + k * to_stride, from + k * s->in_block, (size_t)item);
}

/* What of the block lies in the box, line by line. */
static void run_block(const Scatter *s, char *to, const char *from) {
  const JitCall *call = s->call;
  int rank = s->shape->rank, lead = s->kind.lead, last = rank - 1;
  int64_t at[QL_MAX_DIMS];
  memcpy(at, call->lo, (size_t)rank * sizeof *at);
  for (;;) {
    int64_t number = 0, offset = 0;
    for (int r = lead; r < rank; r++)
      number = number * s->shape->extent[r] + at[r], offset += at[r] * call->stride[r];
    run_line(s, call->hi[last] - call->lo[last], to + offset, call->stride[last],
             from + number * s->in_block);
    int r = last - 1;
    for (; r >= lead && ++at[r] == call->hi[r]; r--) at[r] = call->lo[r];
    if (r < lead) return;
  }
}

/* ---- which places are of the box ---- */

/* Lists those that lie between the first and the last of the box, without a branch that nobody can
 * foresee. */
static void list(Scatter *s, int count) {
  uint64_t span = (uint64_t)(s->last - s->first);
  int hits = 0;
  if (s->all) {
    s->hits = count;
    return;
  }
  const char *places = s->places;
  uint16_t *hit = s->hit;
  int64_t first = s->first, size = s->size, stride = s->place_stride;
  for (int k = 0; k < count; k++, places += stride) {
    int64_t place;
    memcpy(&place, places, sizeof place);
    place += place < 0 ? size : 0;
    hit[hits] = (uint16_t)k;
    hits += (uint64_t)(place - first) < span;
  }
  s->hits = hits;
}

/* Where the block of a place begins; false: it is outside of the box along another leading axis. */
static bool find(const Scatter *s, int64_t place, char **to) {
  const JitCall *call = s->call;
  int64_t offset = 0;
  for (int r = s->kind.lead - 1; r >= 0; r--) {
    int64_t extent = s->shape->extent[r], at = place % extent;
    place /= extent;
    if (at < call->lo[r] || at >= call->hi[r]) return false;
    offset += at * call->stride[r];
  }
  *to = call->base[TARGET] + offset;
  return true;
}

static void find_all(Scatter *s) {
  int found = 0;
  for (int h = 0; h < s->hits; h++) {
    int k = s->all ? h : s->hit[h];
    if (s->step)
      s->to[found] = s->call->base[TARGET] + place_of(s, k) * s->step;
    else if (!find(s, place_of(s, k), &s->to[found]))
      continue;
    if (!s->all) s->hit[found] = (uint16_t)k;
    found++;
  }
  s->hits = found;
}

/* Do the leading axes follow one another in steps of the last of them, all of each in the box but
 * of the first? */
static bool are_in_steps(const Scatter *s) {
  const JitCall *call = s->call;
  for (int r = s->kind.lead - 1; r > 0; r--)
    if (call->lo[r] || call->hi[r] != s->shape->extent[r] ||
        call->stride[r - 1] != call->stride[r] * s->shape->extent[r])
      return false;
  return true;
}

static void run_piece(Scatter *s) {
  bool elements = s->shape->rank == s->kind.lead;
  if (!elements || !s->step) find_all(s);
  if (!elements)
    for (int h = 0; h < s->hits; h++) run_block(s, s->to[h], value_of(s, h));
  else if (s->kind.stores)
    store_elements(s, ql_dtype_info[s->shape->dtype].size);
  else
    update_elements(s);
}

void run_scatter(const RoutineShape *shape, const JitCall *call) {
  Scatter s;
  s.shape = shape, s.call = call, s.kind = unpack(call->param[GIVEN_KIND]);
  int lead = s.kind.lead;
  for (int r = 0; r < shape->rank; r++)
    if (call->hi[r] <= call->lo[r]) return;
  int64_t inner = shape_volume(lead - 1, shape->extent + 1),
          item = (int64_t)ql_dtype_info[s.kind.value].size;
  s.size = inner * shape->extent[0];
  s.first = call->lo[0] * inner, s.last = call->hi[0] * inner;
  s.count = call->param[GIVEN_COUNT].i;
  s.place_stride = call->param[GIVEN_PLACE_STEP].i * (int64_t)sizeof(int64_t);
  s.value_stride = call->param[GIVEN_VALUE_STEP].i * item;
  s.in_block = call->param[GIVEN_STEP_IN_BLOCK].i * item;
  s.step = are_in_steps(&s) ? call->stride[lead - 1] : 0;
  s.all = s.step && s.last - s.first == s.size;
  s.places = call->base[PLACES];
  s.values = s.kind.has_value ? call->base[VALUES] : call->base[TARGET];
  for (int64_t left = s.count; left > 0; left -= PIECE) {
    list(&s, (int)QL_MIN(left, (int64_t)PIECE));
    run_piece(&s);
    s.places += PIECE * s.place_stride, s.values += PIECE * s.value_stride;
  }
}

/* ---- recording ---- */

/* Between nodes all places and values are brought to each, so many at a time. */
enum { BROUGHT = 1 << 20 };

static RequestOperand integer(int64_t value) {
  return request_scalar(QL_I64, (QlValue){.i = value});
}

static int64_t block_of(const QlScatter *scatter) {
  return shape_volume(scatter->target->ndim - scatter->lead,
                      scatter->target->shape + scatter->lead);
}

static QlStatus record(QlContext *ctx, const QlScatter *scatter, const Kind *kind, QlError *error) {
  static const int64_t still[QL_MAX_DIMS] = {0};
  const QlArray *target = scatter->target, *places = scatter->places, *values = scatter->values;
  RequestOperand operand[8];
  int count = 0;
  operand[count++] =
      request_array((LogAccess)(LOG_READ | LOG_WRITE), target, target->ndim, target->strides);
  operand[count++] = request_array(LOG_READ, places, target->ndim, still);
  if (values) operand[count++] = request_array(LOG_READ, values, target->ndim, still);
  operand[count++] = request_scalar(QL_U64, pack(kind));
  operand[count++] = integer(places->size);
  operand[count++] = integer(places->strides[0]);
  operand[count++] = integer(values ? values->strides[0] : 0);
  operand[count++] = integer(values ? values->strides[1] : 0);
  return rt_call(ctx, ROUTINE_SCATTER, target, count, operand, error);
}

/* A part of the places, and their values, as arrays of their own. */
static QlStatus record_part(QlContext *ctx, const QlScatter *scatter, const Kind *kind,
                            int64_t begin, int64_t count, QlError *error) {
  QlArray *places = scatter->places, *values = scatter->values, *view = NULL;
  QlScatter part = *scatter;
  part.places = part.values = NULL;
  QlStatus status = ql_view(places, 1, &count, places->strides,
                            places->offset + begin * places->strides[0], &view, error);
  if (!status) status = ql_astype(ctx, view, QL_I64, QL_ORDER_C, &part.places, error);
  ql_release(view), view = NULL;
  /* what is the same for all places, or along a block, is brought once */
  bool moves = values && values->strides[0], varies = values && values->strides[1];
  int64_t shape[] = {moves ? count : 1, varies ? values->shape[1] : 1};
  if (!status && values)
    status = ql_view(values, 2, shape, values->strides,
                     values->offset + (moves ? begin * values->strides[0] : 0), &view, error);
  QlArray *own = NULL;
  if (!status && values)
    status = ql_astype(ctx, view, (QlDtype)values->dtype, QL_ORDER_C, &own, error);
  ql_release(view);
  if (!status && values) {
    int64_t whole[] = {count, values->shape[1]},
            strides[] = {moves ? own->strides[0] : 0, varies ? own->strides[1] : 0};
    status = ql_view(own, 2, whole, strides, own->offset, &part.values, error);
  }
  if (!status) status = record(ctx, &part, kind, error);
  ql_release(own), ql_release(part.places), ql_release(part.values);
  return status;
}

static QlStatus record_parts(QlContext *ctx, const QlScatter *scatter, const Kind *kind,
                             QlError *error) {
  const QlArray *values = scatter->values;
  int64_t size = scatter->places->size,
          each = values && values->strides[1] ? QL_MAX(values->shape[1], 1) : 1,
          step = QL_MAX(BROUGHT / each, 1);
  for (int64_t begin = 0; begin < size; begin += step)
    QL_TRY(record_part(ctx, scatter, kind, begin, QL_MIN(step, size - begin), error));
  return QL_OK;
}

/* A copy of what is of the target's storage: the right side is read first. */
static QlStatus apart(QlContext *ctx, const QlArray *target, QlArray **array, QlArray **copy,
                      QlError *error) {
  *copy = NULL;
  if (!*array || ((*array)->storage != target->storage && !(*array)->part)) return QL_OK;
  QL_TRY(ql_astype(ctx, *array, (QlDtype)(*array)->dtype, QL_ORDER_C, copy, error));
  *array = *copy;
  return QL_OK;
}

/* Is it too much to be brought to each node at once? */
static bool is_large(const QlContext *ctx, const QlArray *array) {
  return ctx->info->node_count > 1 && array->storage->size > BROUGHT;
}

static QlStatus scatter_whole(QlContext *ctx, const QlScatter *scatter, const Kind *kind,
                              QlError *error) {
  QlScatter from = *scatter;
  QlArray *places, *values = NULL;
  QL_TRY(apart(ctx, scatter->target, &from.places, &places, error));
  QlStatus status = apart(ctx, scatter->target, &from.values, &values, error);
  bool parts = is_large(ctx, from.places) || (from.values && is_large(ctx, from.values));
  if (!status)
    status = parts ? record_parts(ctx, &from, kind, error) : record(ctx, &from, kind, error);
  ql_release(places), ql_release(values);
  return status;
}

static QlStatus check(const QlContext *ctx, const QlScatter *scatter, QlError *error) {
  const QlArray *target = scatter->target, *places = scatter->places, *values = scatter->values;
  QL_TRY(rt_check_input(ctx, target, error));
  QL_TRY(rt_check_input(ctx, places, error));
  if (values) QL_TRY(rt_check_input(ctx, values, error));
  if (target->readonly) return ql_fail(error, QL_ERR_VALUE, "assignment destination is read-only");
  if (scatter->lead < 1 || scatter->lead > target->ndim || places->ndim != 1 ||
      places->dtype != QL_I64)
    return ql_fail(error, QL_ERR_VALUE, "places of int64 in leading axes of the target");
  if (values && (values->ndim != 2 || values->shape[0] != places->size ||
                 values->shape[1] != block_of(scatter)))
    return ql_fail(error, QL_ERR_VALUE, "a block of values for each place");
  return QL_OK;
}

/* How elements are computed. The result is cast to the target whatever is lost, as NumPy does. */
static QlStatus find_kind(const QlScatter *scatter, Kind *kind, QlError *error) {
  QlDtype target = (QlDtype)scatter->target->dtype, result;
  *kind = (Kind){.stores = !scatter->computes,
                 .lead = scatter->lead,
                 .has_value = scatter->values,
                 .loop = target,
                 .value = scatter->values ? (QlDtype)scatter->values->dtype : target};
  if (kind->stores) return QL_OK;
  kind->op = scatter->op;
  QlOperand in[] = {{.array = scatter->target}, {.array = scatter->values}};
  int count = ql_op_info[scatter->op].arity;
  if (count != 1 + kind->has_value)
    return ql_fail(error, QL_ERR_VALUE, "%s takes %d operands", ql_op_info[scatter->op].name,
                   count);
  return ql_resolve(scatter->op, count, in, QL_DTYPE_NONE, &kind->loop, &result, error);
}

QlStatus ql_scatter(QlContext *ctx, const QlScatter *scatter, QlError *error) {
  QL_ERROR(local);
  QlArray *whole;
  QlScatter into = *scatter;
  Kind kind;
  if (!error) error = &local;
  QL_TRY(rt_log_due(ctx, error));
  QL_TRY(check(ctx, scatter, error));
  QL_TRY(find_kind(scatter, &kind, error));
  if (kind.stores && scatter->values->dtype != scatter->target->dtype)
    return ql_fail(error, QL_ERR_TYPE, "values of another dtype");
  if (!scatter->target->size || !scatter->places->size) return QL_OK;
  if (!scatter->target->part) return scatter_whole(ctx, scatter, &kind, error);
  /* the parts lie apart, in elements that are stored whole */
  QL_TRY(
      ql_astype(ctx, scatter->target, (QlDtype)scatter->target->dtype, QL_ORDER_C, &whole, error));
  into.target = whole;
  QlStatus status = scatter_whole(ctx, &into, &kind, error);
  if (!status) status = ql_assign(ctx, scatter->target, &(QlOperand){.array = whole}, error);
  ql_release(whole);
  return status;
}
