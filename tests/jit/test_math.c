/* How exact are the transcendental functions? Every function of math.def, as the IR's operators use
 * it, is held against the C library in a higher precision: double for float16 and float32, long
 * double for float64. The error of a result is counted in units of the last place that the exact
 * one would have; results that are too small for a normal number are counted in the smallest
 * subnormal, and infinity is the number after the largest one. SLEEF promises 1 for its u10
 * functions; float16, rounded once more, gets all but one half.
 *
 * What is not a number, zeros and infinities must come out as the C library, which NumPy follows,
 * gives them. */
#include "../check.h"
#include "ir.h"
#include "random.h"

#include <complex.h>
#include <float.h>

/* How many random arguments a function gets; the special ones come on top. */
enum { ARGUMENTS = 20000 };

/* The bound, and what the reference may be wrong by: an ulp of long double or double. */
static const double bound = 1 + 0x1p-9;

typedef struct Function {
  QlOp op;
  const char *name;
  int arity;
  union {
    double (*one)(double);
    double (*two)(double, double);
  } in_double;
  union {
    long double (*one)(long double);
    long double (*two)(long double, long double);
  } in_long_double;
} Function;

static const Function functions[] = {
#define IR_MATH1(OP, name, ulp) {QL_OP_##OP, #name, 1, {.one = name}, {.one = name##l}},
#define IR_MATH2(OP, name, ulp) {QL_OP_##OP, #name, 2, {.two = name}, {.two = name##l}},
#define IR_OURS1(OP, name) IR_MATH1(OP, name, )
#define IR_OURS2(OP, name) IR_MATH2(OP, name, )
#include "math.def"
};
enum { FUNCTIONS = sizeof functions / sizeof *functions };

/* ---- arguments ---- */

static const double special[] = {
    0.0,          -0.0,     1.0,         -1.0,        0.5,         -0.5,        2.0,
    -2.0,         3.0,      -3.0,        10.0,        1e22,        INFINITY,    -INFINITY,
    NAN,          FLT_MAX,  -FLT_MAX,    FLT_MIN,     -FLT_MIN,    0x1p-149,    -0x1p-149,
    DBL_MAX,      -DBL_MAX, DBL_MIN,     -DBL_MIN,    0x1p-1074,   -0x1p-1074,  0x1p60,
    0x1p61,       -0x1p61,  0x1p500,     0x1p501,     -0x1p501,    88.8,        -103.9,
    709.8,        -745.2,   1 - 0x1p-24, 1 + 0x1p-23, 1 - 0x1p-53, 1 + 0x1p-52, -1 + 0x1p-24,
    -1 + 0x1p-53, 0x1p24,   0x1p53};
enum { SPECIALS = sizeof special / sizeof *special };

/* A number of the dtype whose bits are random: exponents from the subnormal to the largest are
 * alike. */
static double any_number(Random *random, QlDtype dtype) {
  QlValue value = {.u = random_bits(random)};
  if (dtype == QL_F32) value.u &= UINT32_MAX;
  double x = ql_convert(dtype, value, QL_F64).d;
  return isfinite(x) ? x : 1;
}

/* Near something: what it is near to, and a little more or less, of any size. */
static double near(Random *random, double x) {
  double sign = random_chance(random, 50) ? 1 : -1;
  return x + sign * ldexp(1 + (double)random_below(random, 1000) / 1000,
                          -(int)random_below(random, 54));
}

/* Where exponentials overflow or vanish. */
static const double edges[] = {88.7228,  89.416,   -103.97, 128,  -126,  -150,
                               709.7827, 710.4758, -745.13, 1024, -1022, -1075};
enum { EDGES = sizeof edges / sizeof *edges };

static double argument(Random *random, QlDtype dtype) {
  const double pi = 3.14159265358979323846;
  double unit = (double)(int64_t)random_bits(random) * 0x1p-63;
  switch (random_below(random, 10)) {
    case 0:
    case 1: return any_number(random, dtype);
    case 2: return unit;
    case 3: return unit * 10;
    case 4: return unit * 1000;
    case 5:
      return near(random, (double)((int)random_below(random, 5) - 2)); /* branch points, zeros */
    case 6: return (double)((int)random_below(random, 2000) - 1000) * pi / 2;
    case 7:
      return near(random, random_chance(random, 80) ? 1 : -1) * edges[random_below(random, EDGES)];
    case 8: /* subnormals */
      return ldexp((double)((int64_t)random_bits(random) >> random_below(random, 64)),
                   dtype == QL_F32 ? -149 : -1074);
    default: return unit * ldexp(1, (int)random_below(random, 100)); /* sines of large numbers */
  }
}

/* Exponents for which the power is neither 0 nor infinity, mostly. */
static double exponent(Random *random, QlDtype dtype, double x) {
  double unit = (double)(int64_t)random_bits(random) * 0x1p-63, size = fabs(x);
  if (random_chance(random, 30)) return rint(unit * 40);
  if (random_chance(random, 10) || size == 0 || size == 1) return argument(random, dtype);
  return unit * (dtype == QL_F32 ? 150 : 1080) / log2(size);
}

/* ---- errors ---- */

static long double exact(const Function *f, QlDtype dtype, const double *x) {
  if (dtype != QL_F64) return f->arity == 1 ? f->in_double.one(x[0]) : f->in_double.two(x[0], x[1]);
  return f->arity == 1 ? f->in_long_double.one(x[0]) : f->in_long_double.two(x[0], x[1]);
}

/* In ulps; infinite when one of the two is no number, or the signs differ. */
static double error_of(QlDtype dtype, double got, long double want) {
  static const int digits[] = {[QL_F16] = 11, [QL_F32] = FLT_MANT_DIG, [QL_F64] = DBL_MANT_DIG};
  static const int least[] = {[QL_F16] = -13, [QL_F32] = FLT_MIN_EXP, [QL_F64] = DBL_MIN_EXP};
  static const int most[] = {[QL_F16] = 16, [QL_F32] = FLT_MAX_EXP, [QL_F64] = DBL_MAX_EXP};
  if (isnan(got) || isnan(want)) return isnan(got) && isnan(want) ? 0 : INFINITY;
  if (!signbit(got) != !signbit(want)) return INFINITY;
  long double limit = ldexpl(1, most[dtype]), a = fminl(fabsl((long double)got), limit),
              b = fminl(fabsl(want), limit);
  int exponent;
  frexpl(b, &exponent);
  return (double)ldexpl(fabsl(a - b),
                        digits[dtype] - QL_MIN(QL_MAX(exponent, least[dtype]), most[dtype]));
}

/* SLEEF's double pow, which is ours without FMA, is infinite where the logarithm of the result is
 * within 1.75e-6 of the largest one. */
static bool overflows_early(const Function *f, QlDtype dtype, double y, double got,
                            long double want) {
  return f->op == QL_OP_POWER && dtype == QL_F64 && isinf(got) && y != 1 &&
         strstr(ir_math(f->op, dtype)->scalar, "cinz") && fabsl(want) > (1 - 1.75e-6L) * DBL_MAX;
}

typedef struct Worst {
  double error, x[2], got;
  long double want;
} Worst;

static void measure(const Function *f, QlDtype dtype, const QlValue *args, Worst *worst) {
  double x[2] = {0, 0}, got = ql_convert(dtype, ir_eval(f->op, dtype, args), QL_F64).d;
  for (int a = 0; a < f->arity; a++) x[a] = ql_convert(dtype, args[a], QL_F64).d;
  long double want = exact(f, dtype, x);
  double error = error_of(dtype, got, want);
  if (error > worst->error && !overflows_early(f, dtype, x[1], got, want))
    *worst = (Worst){error, {x[0], x[1]}, got, want};
}

static void measure_at(const Function *f, QlDtype dtype, double x, double y, Worst *worst) {
  QlValue args[2] = {ql_convert(QL_F64, (QlValue){.d = x}, dtype),
                     ql_convert(QL_F64, (QlValue){.d = y}, dtype)};
  measure(f, dtype, args, worst);
}

static void check_worst(const Function *f, QlDtype dtype, const Worst *worst, double most) {
  if (CHECK(worst->error <= most)) return;
  fprintf(stderr, "%s, %s: %.3f ulp at %.17g, %.17g: %.17g, exactly %.21Lg\n", f->name,
          ql_dtype_name(dtype), worst->error, worst->x[0], worst->x[1], worst->got, worst->want);
}

static void check_precision(QlDtype dtype) {
  for (const Function *f = functions; f < functions + FUNCTIONS; f++) {
    Random random = {(uint64_t)f->op};
    Worst worst = {.error = 0};
    for (int i = 0; i < SPECIALS; i++)
      for (int k = 0; k < (f->arity > 1 ? SPECIALS : 1); k++)
        measure_at(f, dtype, special[i], special[k], &worst);
    for (int n = 0; n < ARGUMENTS; n++) {
      double x = argument(&random, dtype);
      measure_at(f, dtype, x,
                 f->op == QL_OP_POWER ? exponent(&random, dtype, x) : argument(&random, dtype),
                 &worst);
    }
    bool without_fma =
        strstr(ir_math(f->op, dtype)->scalar, "cinz"); /* arctan2 and hypot: 1.7 among subnormals */
    check_worst(f, dtype, &worst, f->op == QL_OP_FMOD ? 0 : without_fma ? 2 : bound);
  }
}

static void float32_is_exact(void) { check_precision(QL_F32); }
static void float64_is_exact(void) { check_precision(QL_F64); }

/* Every float16. */
static void float16_is_exact(void) {
  for (const Function *f = functions; f < functions + FUNCTIONS; f++) {
    Worst worst = {.error = 0};
    for (uint32_t bits = 0; bits < 0x10000; bits++) {
      QlValue args[2] = {{.u = bits}, {.u = bits * 40503 & 0xffff}};
      measure(f, QL_F16, args, &worst);
    }
    check_worst(f, QL_F16, &worst, 0.5 + 0x1p-12);
  }
}

/* ---- complex numbers ---- */

/* A function, and the C library's in double, for what is not a number, zeros and infinities, and in
 * long double. */
typedef struct ComplexFunction {
  QlOp op;
  const char *name;
  double _Complex (*in_double)(double _Complex);
  long double _Complex (*exact)(long double _Complex);
} ComplexFunction;

static const ComplexFunction complex_functions[] = {
    {QL_OP_SQRT, "sqrt", csqrt, csqrtl},
    {QL_OP_EXP, "exp", cexp, cexpl},
    {QL_OP_LOG, "log", clog, clogl},
    {QL_OP_SIN, "sin", csin, csinl},
    {QL_OP_COS, "cos", ccos, ccosl},
    {QL_OP_TAN, "tan", ctan, ctanl},
    {QL_OP_ARCSIN, "arcsin", casin, casinl},
    {QL_OP_ARCCOS, "arccos", cacos, cacosl},
    {QL_OP_ARCTAN, "arctan", catan, catanl},
    {QL_OP_SINH, "sinh", csinh, csinhl},
    {QL_OP_COSH, "cosh", ccosh, ccoshl},
    {QL_OP_TANH, "tanh", ctanh, ctanhl},
    {QL_OP_ARCSINH, "arcsinh", casinh, casinhl},
    {QL_OP_ARCCOSH, "arccosh", cacosh, cacoshl},
    {QL_OP_ARCTANH, "arctanh", catanh, catanhl},
};
enum { COMPLEX_FUNCTIONS = sizeof complex_functions / sizeof *complex_functions };

static double _Complex complex_of(double re, double im) {
  double parts[2] = {re, im};
  double _Complex z;
  memcpy(&z, parts, sizeof z);
  return z;
}

static double _Complex evaluated(QlOp op, QlDtype dtype, double _Complex z) {
  QlValue arg = ql_convert(QL_C128, (QlValue){.z = {creal(z), cimag(z)}}, dtype);
  QlValue value = ql_convert(dtype, ir_eval(op, dtype, &arg), QL_C128);
  return complex_of(value.z[0], value.z[1]);
}

/* Are both NaN, or the same zero or infinity, or is `want` none of these? (The C library's root may
 * be 0 where the smallest number is right.) */
static bool same_kind(double got, double want) {
  if (isnan(want)) return isnan(got);
  if (want == 0 && fabs(got) == 0x1p-1074) return true;
  return (want != 0 && !isinf(want)) || (got == want && !signbit(got) == !signbit(want));
}

/* Zeros, infinities and NaNs, and branch cuts: the signs of all parts that are numbers. */
static void complex_special_values(void) {
  for (const ComplexFunction *f = complex_functions; f < complex_functions + COMPLEX_FUNCTIONS; f++)
    for (int i = 0; i < SPECIALS; i++)
      for (int k = 0; k < SPECIALS; k++) {
        double _Complex z = complex_of(special[i], special[k]), want = f->in_double(z),
                        got = evaluated(f->op, QL_C128, z);
        bool same = same_kind(creal(got), creal(want)) && same_kind(cimag(got), cimag(want));
        bool signs = (isnan(creal(want)) || !signbit(creal(got)) == !signbit(creal(want))) &&
                     (isnan(cimag(want)) || !signbit(cimag(got)) == !signbit(cimag(want)));
        if (!CHECK(same && signs))
          fprintf(stderr, "%s of %.17g, %.17g: %.17g, %.17g, not %.17g, %.17g\n", f->name, creal(z),
                  cimag(z), creal(got), cimag(got), creal(want), cimag(want));
      }
}

static double complex_argument(Random *random, int kind) {
  double unit = (double)(int64_t)random_bits(random) * 0x1p-63;
  switch (kind) {
    case 0: return unit * 3;
    case 1: return near(random, (double)((int)random_below(random, 3) - 1)); /* -1, 0, 1 */
    case 2: return unit * ldexp(1, (int)random_below(random, 80) - 60);
    case 3: return unit * 40;
    default: return argument(random, QL_F64);
  }
}

/* The errors of both parts, in units of the last place of the whole number: `most`, and of the part
 * itself: `each`. */
static void complex_is_exact(QlDtype dtype, double most, double each) {
  const double unit = dtype == QL_C64 ? FLT_EPSILON : DBL_EPSILON,
               smallest = dtype == QL_C64 ? FLT_MIN : DBL_MIN,
               largest = dtype == QL_C64 ? FLT_MAX : DBL_MAX;
  for (const ComplexFunction *f = complex_functions; f < complex_functions + COMPLEX_FUNCTIONS;
       f++) {
    Random random = {(uint64_t)f->op};
    double worst = 0, worst_part = 0;
    double _Complex at = 0, at_part = 0;
    for (int n = 0; n < ARGUMENTS; n++) {
      int kind = (int)random_below(&random, 5);
      double re = complex_argument(&random, kind), im = complex_argument(&random, kind);
      QlValue z = ql_convert(dtype, ql_convert(QL_C128, (QlValue){.z = {re, im}}, dtype), QL_C128);
      double _Complex x = complex_of(z.z[0], z.z[1]), got = evaluated(f->op, dtype, x);
      long double _Complex want = f->exact(x);
      long double a = creall(want), b = cimagl(want), size = hypotl(a, b);
      if (!(size < largest / 4)) continue;
      double error_re = (double)(fabsl((long double)creal(got) - a) / unit),
             error_im = (double)(fabsl((long double)cimag(got) - b) / unit);
      double error = fmax(error_re, error_im) / (double)fmaxl(size, smallest);
      double part = fmax(error_re / (double)fmaxl(fabsl(a), smallest),
                         error_im / (double)fmaxl(fabsl(b), smallest));
      if (!(error <= worst)) worst = error, at = x;
      if (!(part <= worst_part)) worst_part = part, at_part = x;
    }
    if (!CHECK(worst <= most && worst_part <= each))
      fprintf(stderr, "%s, %s: %.2f ulp at %.17g, %.17g; of a part %.2f at %.17g, %.17g\n", f->name,
              ql_dtype_name(dtype), worst, creal(at), cimag(at), worst_part, creal(at_part),
              cimag(at_part));
  }
}

static void complex64_is_exact(void) { complex_is_exact(QL_C64, 0.5 + 0x1p-9, 0.5 + 0x1p-9); }
static void complex128_is_exact(void) { complex_is_exact(QL_C128, 2.5, 3.5); }

CHECK_MAIN(CHECK_TEST(float16_is_exact), CHECK_TEST(float32_is_exact), CHECK_TEST(float64_is_exact),
           CHECK_TEST(complex_special_values), CHECK_TEST(complex64_is_exact),
           CHECK_TEST(complex128_is_exact))
