/* Random numbers: an array filled with the numbers that NumPy's generators give one after another,
 * each worker its own part. Both bit generators can be entered at any place of their stream, so
 * element k of the array, in C order, is made of the k-th draw whoever makes it, and bits are the
 * same on any number of ranks.
 *
 *     PCG64    s' = M * s + c, modulo 2^128, and a hash of s'; n steps at once are another M and c
 *     Philox   a hash of a counter and a key: four numbers of 64 bits for each count
 *
 * A draw has 64 bits, or half of them: the low half of a number first, then the high one, which the
 * generator keeps when the last draw took the low one. Small integers take 16, 8 bits or one of
 * such a half, the low ones first.
 *
 *     uniform      low + range * u, with 53 bits of u (24 for float32): NumPy's
 *     integers     Lemire's multiplication: NumPy's, until it rejects a draw and makes another,
 *                  by which all later ones move; here that element alone gets other bits
 *     normal       the inverse of the distribution, at one draw
 *     exponential  -log(u)
 *
 * O'Neill 2014 (PCG); Brown 1994 (jumps); Salmon and others 2011 (Philox); Lemire 2019; Wichura
 * 1988, AS 241 (the inverse normal distribution). The arithmetic is our own throughout, so bits do
 * not depend on the processor or its libraries. */
#include "runtime.h"

#include <math.h>
#include <string.h>

__extension__ typedef unsigned __int128 Wide;

enum { DRAWS = 256 }; /* at a time: they stay in the first cache */

/* ---- what a statement's scalars say ---- */

enum {
  GIVEN_GENERATOR,
  GIVEN_DISTRIBUTION,
  GIVEN_STATE,
  GIVEN_TAKEN = GIVEN_STATE + QL_RANDOM_STATE,
  GIVEN_HAS_HALF,
  GIVEN_HALF,
  GIVEN_WIDTH,
  GIVEN_FIRST,
  GIVEN_SECOND,
  GIVEN_COUNT
};

typedef struct Jump { /* s' = times * s + plus */
  Wide times, plus;
} Jump;

/* A stream of draws, from the generator's state on. */
typedef struct Stream {
  QlGenerator generator;
  Wide state; /* PCG64 */
  Jump one, four;
  Wide now; /* the state after the first so many draws */
  uint64_t at;
  uint64_t counter[4], key[2]; /* Philox */
  uint64_t taken;              /* of the counter's four numbers */
  bool has_half;
  uint32_t half;
} Stream;

/* ---- PCG64 ---- */

static Jump jump_by(uint64_t steps, Jump step) {
  Jump jump = {1, 0};
  for (; steps; steps >>= 1) {
    if (steps & 1) jump = (Jump){jump.times * step.times, jump.plus * step.times + step.plus};
    step = (Jump){step.times * step.times, (step.times + 1) * step.plus};
  }
  return jump;
}

static Wide jumped(Wide state, const Jump *jump) { return jump->times * state + jump->plus; }

static uint64_t hash_of(Wide state) { /* XSL RR */
  uint64_t word = (uint64_t)(state >> 64) ^ (uint64_t)state;
  unsigned turn = (unsigned)(state >> 122);
  return word >> turn | word << (-turn & 63);
}

static void go_to(Stream *stream, uint64_t first) {
  if (first < stream->at) stream->now = stream->state, stream->at = 0;
  Jump jump = jump_by(first - stream->at, stream->one);
  stream->now = jumped(stream->now, &jump), stream->at = first;
}

/* Four draws at once: a step waits for the one before it. */
static void pcg64(Stream *stream, uint64_t first, int count, uint64_t *words) {
  Wide s[4];
  int n = 0;
  if (first != stream->at) go_to(stream, first);
  s[3] = stream->now;
  for (int k = 0; k < 4; k++) s[k] = jumped(s[(k + 3) % 4], &stream->one);
  for (; n + 4 < count; n += 4)
    for (int k = 0; k < 4; k++) words[n + k] = hash_of(s[k]), s[k] = jumped(s[k], &stream->four);
  for (int k = 0; n < count; n++, k++) words[n] = hash_of(stream->now = s[k]);
  stream->at = first + (uint64_t)count;
}

static Stream stream_of(const QlValue *given) {
  const QlValue *s = given + GIVEN_STATE;
  Stream stream = {.generator = (QlGenerator)given[GIVEN_GENERATOR].u,
                   .state = (Wide)s[0].u << 64 | s[1].u,
                   .counter = {s[0].u, s[1].u, s[2].u, s[3].u},
                   .key = {s[4].u, s[5].u},
                   .taken = given[GIVEN_TAKEN].u,
                   .has_half = given[GIVEN_HAS_HALF].u != 0,
                   .half = (uint32_t)given[GIVEN_HALF].u};
  stream.one =
      (Jump){(Wide)0x2360ed051fc65da4 << 64 | 0x4385df649fccf645, (Wide)s[2].u << 64 | s[3].u};
  stream.four = jump_by(4, stream.one), stream.now = stream.state;
  return stream;
}

/* ---- Philox 4x64, ten rounds ---- */

static void philox_block(const Stream *stream, uint64_t block, uint64_t *words) {
  uint64_t c[4], key[2] = {stream->key[0], stream->key[1]}, carry = block;
  for (int k = 0; k < 4; k++) {
    c[k] = stream->counter[k] + carry;
    carry = c[k] < carry;
  }
  for (int round = 0; round < 10; round++) {
    Wide a = (Wide)0xd2e7470ee14c6c93 * c[0], b = (Wide)0xca5a826395121157 * c[2];
    c[0] = (uint64_t)(b >> 64) ^ c[1] ^ key[0], c[1] = (uint64_t)b;
    c[2] = (uint64_t)(a >> 64) ^ c[3] ^ key[1], c[3] = (uint64_t)a;
    key[0] += 0x9e3779b97f4a7c15, key[1] += 0xbb67ae8584caa73b;
  }
  memcpy(words, c, sizeof c);
}

static void philox(const Stream *stream, uint64_t first, int count, uint64_t *words) {
  uint64_t at = stream->taken + first;
  for (int n = 0; n < count;) {
    uint64_t block[4];
    philox_block(stream, at / 4, block);
    for (; n < count; n++) {
      words[n] = block[at % 4];
      if (++at % 4 == 0) {
        n++;
        break;
      }
    }
  }
}

/* ---- draws ---- */

/* Of 64 bits: those with the numbers first to first + count - 1. */
static void draw_words(Stream *stream, uint64_t first, int count, uint64_t *words) {
  if (stream->generator == QL_GENERATOR_PCG64)
    pcg64(stream, first, count, words);
  else
    philox(stream, first, count, words);
}

/* Of 32 bits. Without the half that is left, draw k is half k % 2 of word k / 2. */
static void draw_halves(Stream *stream, uint64_t first, int count, uint32_t *halves) {
  uint64_t words[DRAWS / 2 + 1];
  if (count && stream->has_half) {
    if (first == 0)
      *halves++ = stream->half, count--;
    else
      first--;
  }
  if (count <= 0) return;
  uint64_t from = first / 2;
  int begins = (int)(first % 2), n = 0; /* within the first word */
  draw_words(stream, from, (begins + count + 1) / 2, words);
  if (begins) halves[n++] = (uint32_t)(words[0] >> 32);
  const uint64_t *word = words + begins;
  for (; n + 2 <= count; n += 2, word++)
    halves[n] = (uint32_t)*word, halves[n + 1] = (uint32_t)(*word >> 32);
  if (n < count) halves[n] = (uint32_t)*word;
}

/* Of `width` bits, as numbers. */
static void draw(Stream *stream, int width, uint64_t first, int count, uint64_t *draws) {
  uint32_t halves[DRAWS] = {0};
  if (width == 64) {
    draw_words(stream, first, count, draws);
    return;
  }
  int each = 32 / width, begins = (int)(first % (uint64_t)each); /* within the first half */
  draw_halves(stream, first / (uint64_t)each, (begins + count + each - 1) / each, halves);
  if (width == 32) {
    for (int n = 0; n < count; n++) draws[n] = halves[n];
    return;
  }
  const uint32_t *half = halves, mask = (UINT32_C(1) << width) - 1;
  uint32_t bits = *half >> begins * width;
  for (int n = 0, left = each - begins; n < count; n++, left--, bits >>= width) {
    if (!left) bits = *++half, left = each;
    draws[n] = bits & mask;
  }
}

/* ---- numbers of a distribution ---- */

/* Loops over a few draws at a time, which the compiler makes vectors of: so integers become floats
 * as the bits of a number from 1 to 2. */

static inline double of_bits(uint64_t bits) {
  double x;
  memcpy(&x, &bits, sizeof x);
  return x;
}

static inline uint64_t bits_of(double x) {
  uint64_t bits;
  memcpy(&bits, &x, sizeof bits);
  return bits;
}

static const uint64_t one = UINT64_C(0x3ff) << 52; /* the bits of 1.0 */

/* The 53 high bits of a draw, times 2^-53. */
static inline double unit(uint64_t draw) {
  uint64_t last = -(draw >> 11 & 1) & (one - (UINT64_C(53) << 52)); /* 2^-53 or 0 */
  return (of_bits(draw >> 12 | one) - 1) + of_bits(last);
}

/* The middle of one of 2^52 equal parts: never 0 or 1. */
static inline double within_unit(uint64_t draw) {
  return (of_bits(draw >> 12 | one) - 1) + 0x1p-53;
}

/* Logarithms of 0 < x < 1, within two units in the last place. That of 2^e * m with m near 1 is
 * e * log(2) and twice the area tangent of s = (m - 1) / (m + 1), whose series is short: s * s is
 * below 0.0295. */
static inline double log_of(double x) {
  static const double high = 0x1.62e42fee00000p-1, low = 0x1.a39ef35793c76p-33; /* log(2) */
  /* from the square root of a half on m is in the next power of two */
  const uint64_t root = UINT64_C(0x3fe6a09e667f3bcd);
  uint64_t from_root = bits_of(x) - root;
  double m = of_bits((from_root & 0xfffffffffffff) + root);
  double e = of_bits((from_root >> 52 & 0xfff) ^ (UINT64_C(0x433) << 52 | 0x800)) -
             (0x1p52 + 0x800); /* its twelve bits are a signed number */
  double s = (m - 1) / (m + 1), z = s * s;
  double sum = ((((2.0 / 23 * z + 2.0 / 21) * z + 2.0 / 19) * z + 2.0 / 17) * z + 2.0 / 15) * z;
  sum = (((((sum + 2.0 / 13) * z + 2.0 / 11) * z + 2.0 / 9) * z + 2.0 / 7) * z + 2.0 / 5) * z;
  sum = (sum + 2.0 / 3) * z;
  return e * high + (2 * s + (s * sum + e * low));
}

/* ---- the inverse normal distribution: AS 241, PPND16 ----
 * A ratio of polynomials in the middle, others in the tails, and far out. */

typedef struct Ratio {
  double above[8], below[8];
} Ratio;

static const Ratio middle = {
    {3.3871328727963666080e0, 1.3314166789178437745e+2, 1.9715909503065514427e+3,
     1.3731693765509461125e+4, 4.5921953931549871457e+4, 6.7265770927008700853e+4,
     3.3430575583588128105e+4, 2.5090809287301226727e+3},
    {1.0, 4.2313330701600911252e+1, 6.8718700749205790830e+2, 5.3941960214247511077e+3,
     2.1213794301586595867e+4, 3.9307895800092710610e+4, 2.8729085735721942674e+4,
     5.2264952788528545610e+3}};
static const Ratio tail = {
    {1.42343711074968357734e0, 4.63033784615654529590e0, 5.76949722146069140550e0,
     3.64784832476320460504e0, 1.27045825245236838258e0, 2.41780725177450611770e-1,
     2.27238449892691845833e-2, 7.74545014278341407640e-4},
    {1.0, 2.05319162663775882187e0, 1.67638483018380384940e0, 6.89767334985100004550e-1,
     1.48103976427480074590e-1, 1.51986665636164571966e-2, 5.47593808499534494600e-4,
     1.05075007164441684324e-9}};
static const Ratio far_out = {
    {6.65790464350110377720e0, 5.46378491116411436990e0, 1.78482653991729133580e0,
     2.96560571828504891230e-1, 2.65321895265761230930e-2, 1.24266094738807843860e-3,
     2.71155556874348757815e-5, 2.01033439929228813265e-7},
    {1.0, 5.99832206555887937690e-1, 1.36929880922735805310e-1, 1.48753612908506148525e-2,
     7.86869131145613259100e-4, 1.84631831751005468180e-5, 1.42151175831644588870e-7,
     2.04426310338993978564e-15}};

static inline double polynomial(const double *c, double r) {
  return ((((((c[7] * r + c[6]) * r + c[5]) * r + c[4]) * r + c[3]) * r + c[2]) * r + c[1]) * r +
         c[0];
}

static inline double ratio(const Ratio *of, double r) {
  return polynomial(of->above, r) / polynomial(of->below, r);
}

/* As if all lay in the middle; then the others, side by side. */
static void to_normal(int count, const uint64_t *draws, double *x) {
  double q[DRAWS], r[DRAWS], out[DRAWS];
  int place[DRAWS] = {0}, others = 0;
  for (int n = 0; n < count; n++) q[n] = within_unit(draws[n]) - 0.5;
  for (int n = 0; n < count; n++) x[n] = q[n] * ratio(&middle, 0.180625 - q[n] * q[n]);
  for (int n = 0; n < count; n++) place[others] = n, others += fabs(q[n]) > 0.425;
  for (int k = 0; k < others; k++) r[k] = 0.5 - fabs(q[place[k]]);
  for (int k = 0; k < others; k++) r[k] = sqrt(-log_of(r[k]));
  for (int k = 0; k < others; k++) out[k] = ratio(&tail, r[k] - 1.6);
  for (int k = 0; k < others; k++) {
    if (r[k] > 5) out[k] = ratio(&far_out, r[k] - 5);
    x[place[k]] = copysign(out[k], q[place[k]]);
  }
}

/* Other bits for an element whose draw was rejected. */
static uint64_t other_bits(const Stream *stream, uint64_t element, uint64_t turn) {
  uint64_t hash = ql_mix((uint64_t)stream->state, (uint64_t)(stream->state >> 64));
  for (int k = 0; k < 2; k++) hash = ql_mix(hash, stream->key[k]);
  hash = ql_mix(ql_mix(hash, stream->taken), (uint64_t)stream->has_half << 32 | stream->half);
  return ql_mix(ql_mix(hash, element), turn);
}

/* A number from 0 to `most`, which is below the largest of that width. A draw is rejected where the
 * low half of the product falls short of 2^width modulo the numbers there are. */
typedef struct Bounds {
  const Stream *stream;
  uint64_t all, most, element; /* all: the largest of that width; element: of the first draw */
  int width;
} Bounds;

static uint64_t again(const Bounds *bounds, Wide product, uint64_t element) {
  uint64_t numbers = bounds->most + 1, least = (bounds->all - bounds->most) % numbers;
  for (uint64_t turn = 0; ((uint64_t)product & bounds->all) < least; turn++)
    product = (Wide)(other_bits(bounds->stream, element, turn) >> (64 - bounds->width)) * numbers;
  return (uint64_t)(product >> bounds->width);
}

static void bounded(const Bounds *bounds, int count, uint64_t *draws) {
  uint64_t numbers = bounds->most + 1, all = bounds->all, element = bounds->element;
  if (bounds->width == 64) {
    for (int n = 0; n < count; n++) {
      Wide product = (Wide)draws[n] * numbers;
      bool doubtful = (uint64_t)product < numbers;
      draws[n] =
          doubtful ? again(bounds, product, element + (uint64_t)n) : (uint64_t)(product >> 64);
    }
    return;
  }
  for (int n = 0; n < count; n++) { /* the product has 64 bits */
    uint64_t product = draws[n] * numbers;
    bool doubtful = (product & all) < numbers;
    draws[n] = doubtful ? again(bounds, product, element + (uint64_t)n) : product >> bounds->width;
  }
}

/* ---- a stretch of elements ---- */

static int width_of(const RoutineShape *shape, const QlValue *given) {
  QlDistribution distribution = (QlDistribution)given[GIVEN_DISTRIBUTION].u;
  if (distribution == QL_RANDOM_INTEGERS) return (int)given[GIVEN_WIDTH].u;
  return distribution == QL_RANDOM_UNIFORM && shape->dtype == QL_F32 ? 32 : 64;
}

static void to_reals(const RoutineShape *shape, const QlValue *given, int count,
                     const uint64_t *draws, char *out) {
  double low = given[GIVEN_FIRST].d, range = given[GIVEN_SECOND].d;
  QlDistribution distribution = (QlDistribution)given[GIVEN_DISTRIBUTION].u;
  bool is_single = shape->dtype == QL_F32;
  double x[DRAWS];
  float narrow[DRAWS];
  if (distribution == QL_RANDOM_NORMAL) {
    to_normal(count, draws, x);
  } else if (distribution == QL_RANDOM_EXPONENTIAL) {
    for (int n = 0; n < count; n++) x[n] = -log_of(within_unit(draws[n]));
  } else if (is_single) {
    for (int n = 0; n < count; n++) x[n] = (double)(int32_t)(draws[n] >> 8) * 0x1p-24;
  } else {
    for (int n = 0; n < count; n++) x[n] = unit(draws[n]);
  }
  for (int n = 0; n < count; n++) x[n] = low + range * x[n];
  for (int n = 0; n < count && is_single; n++) narrow[n] = (float)x[n];
  memcpy(out, is_single ? (const void *)narrow : x, (size_t)count * (is_single ? 4 : 8));
}

static void to_integers(const RoutineShape *shape, const QlValue *given, const Stream *stream,
                        uint64_t first, int count, uint64_t *draws, char *out) {
  int width = (int)given[GIVEN_WIDTH].u;
  uint64_t low = given[GIVEN_FIRST].u, all = width == 64 ? UINT64_MAX : (UINT64_C(1) << width) - 1;
  Bounds bounds = {stream, all, given[GIVEN_SECOND].u, first, width};
  if (bounds.most != all) bounded(&bounds, count, draws);
  for (int n = 0; n < count; n++) draws[n] += low;
#define STORE(bytes) \
  for (int n = 0; n < count; n++) memcpy(out + (size_t)n * (bytes), &draws[n], bytes)
  switch (ql_dtype_info[shape->dtype].size) { /* the low bytes */
    case 1: STORE(1); break;
    case 2: STORE(2); break;
    case 4: STORE(4); break;
    default: STORE(8); break;
  }
#undef STORE
}

/* Elements that lie side by side, from number `first` of the array on. */
static void fill(const RoutineShape *shape, const QlValue *given, Stream *stream, uint64_t first,
                 int64_t count, char *out) {
  uint64_t draws[DRAWS];
  int width = width_of(shape, given), item = ql_dtype_info[shape->dtype].size;
  bool integers = (QlDistribution)given[GIVEN_DISTRIBUTION].u == QL_RANDOM_INTEGERS;
  for (int64_t done = 0, now; done < count; done += now) {
    now = QL_MIN(count - done, DRAWS);
    uint64_t at = first + (uint64_t)done;
    draw(stream, width, at, (int)now, draws);
    if (integers)
      to_integers(shape, given, stream, at, (int)now, draws, out + done * item);
    else
      to_reals(shape, given, (int)now, draws, out + done * item);
  }
}

/* ---- the routine ---- */

/* Line by line of the box; where these follow one another, as one. */
void run_random(const RoutineShape *shape, const JitCall *call) {
  Stream stream = stream_of(call->param);
  int64_t at[QL_MAX_DIMS], item = ql_dtype_info[shape->dtype].size, line = 1;
  int rank = shape->rank, outer = rank;
  for (int r = 0; r < rank; r++)
    if (call->hi[r] <= call->lo[r]) return;
  bool goes_on = true; /* from one line to the next, in the array and in memory */
  while (outer > 0 && goes_on) {
    outer--;
    if (call->hi[outer] - call->lo[outer] > 1) goes_on = call->stride[outer] == line * item;
    if (!goes_on) {
      outer++;
      break;
    }
    line *= call->hi[outer] - call->lo[outer];
    goes_on = call->hi[outer] - call->lo[outer] == shape->extent[outer];
  }
  memcpy(at, call->lo, (size_t)rank * sizeof *at);
  for (;;) {
    char *out = call->base[0];
    uint64_t first = 0;
    for (int r = 0; r < rank; r++) {
      first = first * (uint64_t)shape->extent[r] + (uint64_t)at[r];
      out += at[r] * call->stride[r];
    }
    fill(shape, call->param, &stream, first, line, out);
    int r = outer - 1;
    for (; r >= 0 && ++at[r] == call->hi[r]; r--) at[r] = call->lo[r];
    if (r < 0) return;
  }
}

/* ---- recording ---- */

static RequestOperand word(uint64_t value) { return request_scalar(QL_U64, (QlValue){.u = value}); }

static bool is_possible(QlDtype dtype, const QlRandom *random) {
  QlKind kind = ql_dtype_info[dtype].kind;
  if (random->distribution != QL_RANDOM_INTEGERS) return dtype == QL_F64 || dtype == QL_F32;
  int width = random->width;
  bool known = width == 1 || width == 8 || width == 16 || width == 32 || width == 64;
  return known && (kind == QL_KIND_INT || kind == QL_KIND_UINT || kind == QL_KIND_BOOL) &&
         (width == 64 || random->second.u < UINT64_C(1) << width);
}

static QlStatus record(QlContext *ctx, const QlArray *made, const QlRandom *random,
                       QlError *error) {
  static const int64_t single[] = {1}, still[] = {0};
  int ndim = QL_MAX(made->ndim, 1);
  QlDtype dtype = random->distribution == QL_RANDOM_INTEGERS ? QL_U64 : QL_F64;
  RequestOperand operand[1 + GIVEN_COUNT], *given = operand + 1;
  operand[0] = request_array(LOG_WRITE, made, ndim, made->ndim ? made->strides : still);
  given[GIVEN_GENERATOR] = word(random->generator);
  given[GIVEN_DISTRIBUTION] = word(random->distribution);
  for (int k = 0; k < QL_RANDOM_STATE; k++) given[GIVEN_STATE + k] = word(random->state[k]);
  given[GIVEN_TAKEN] = word(random->taken);
  given[GIVEN_HAS_HALF] = word(random->has_half), given[GIVEN_HALF] = word(random->half);
  given[GIVEN_WIDTH] = word((uint64_t)random->width);
  given[GIVEN_FIRST] = request_scalar(dtype, random->first);
  given[GIVEN_SECOND] = request_scalar(dtype, random->second);
  return rt_log_append(ctx,
                       &(LogRequest){.kind = STATEMENT_CALL,
                                     .op = ROUTINE_RANDOM,
                                     .loop = made->dtype,
                                     .ndim = ndim,
                                     .shape = made->ndim ? made->shape : single,
                                     .operands = 1 + GIVEN_COUNT,
                                     .operand = operand},
                       error);
}

QlStatus ql_random(QlContext *ctx, QlDtype dtype, int ndim, const int64_t *shape,
                   const QlRandom *random, QlArray **array, QlError *error) {
  QlArray *made;
  if (!is_possible(dtype, random))
    return ql_fail(error, QL_ERR_VALUE, "no such random numbers of dtype %s", ql_dtype_name(dtype));
  QL_TRY(rt_log_due(ctx, error));
  QL_TRY(rt_array_new(ctx, dtype, ndim, shape, &made, error));
  rt_log_fresh(ctx, made);
  QlStatus status = made->size ? record(ctx, made, random, error) : QL_OK;
  if (status)
    ql_release(made);
  else
    *array = made;
  return status;
}
