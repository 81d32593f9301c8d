/* What LAPACK does with one matrix, for one type: included by lapack.c once for each. Matrices are
 * pulled into Fortran's order and results pushed into the rows of the target.
 *
 *   SCALAR, REAL   of elements, and of what is real about them
 *   IS_COMPLEX     0 or 1
 *   NAME(x)        of a function here
 *   FORTRAN(x)     of LAPACK's
 */

/* ---- LAPACK's own: every argument by address; behind them the lengths of texts ---- */

#if IS_COMPLEX
#define ORGQR FORTRAN(ungqr)
#define SYEVD FORTRAN(heevd)
#else
#define ORGQR FORTRAN(orgqr)
#define SYEVD FORTRAN(syevd)
#endif
#define INT const int *
void FORTRAN(gesv)(INT, INT, SCALAR *, INT, int *, SCALAR *, INT, int *);
void FORTRAN(getrf)(INT, INT, SCALAR *, INT, int *, int *);
void FORTRAN(potrf)(const char *, INT, SCALAR *, INT, int *, size_t);
void FORTRAN(geqrf)(INT, INT, SCALAR *, INT, SCALAR *, SCALAR *, INT, int *);
void ORGQR(INT, INT, INT, SCALAR *, INT, const SCALAR *, SCALAR *, INT, int *);
#if IS_COMPLEX
void SYEVD(const char *, const char *, INT, SCALAR *, INT, REAL *, SCALAR *, INT, REAL *, INT,
           int *, INT, int *, size_t, size_t);
void FORTRAN(geev)(const char *, const char *, INT, SCALAR *, INT, SCALAR *, SCALAR *, INT,
                   SCALAR *, INT, SCALAR *, INT, REAL *, int *, size_t, size_t);
void FORTRAN(gesdd)(const char *, INT, INT, SCALAR *, INT, REAL *, SCALAR *, INT, SCALAR *, INT,
                    SCALAR *, INT, REAL *, int *, int *, size_t);
void FORTRAN(gelsd)(INT, INT, INT, SCALAR *, INT, SCALAR *, INT, REAL *, const REAL *, int *,
                    SCALAR *, INT, REAL *, int *, int *);
#else
void SYEVD(const char *, const char *, INT, SCALAR *, INT, REAL *, SCALAR *, INT, int *, INT, int *,
           size_t, size_t);
void FORTRAN(geev)(const char *, const char *, INT, SCALAR *, INT, SCALAR *, SCALAR *, SCALAR *,
                   INT, SCALAR *, INT, SCALAR *, INT, int *, size_t, size_t);
void FORTRAN(gesdd)(const char *, INT, INT, SCALAR *, INT, REAL *, SCALAR *, INT, SCALAR *, INT,
                    SCALAR *, INT, int *, int *, size_t);
void FORTRAN(gelsd)(INT, INT, INT, SCALAR *, INT, SCALAR *, INT, REAL *, const REAL *, int *,
                    SCALAR *, INT, int *, int *);
#endif
#undef INT

/* ---- moving ---- */

/* A matrix of m x n into columns that are `lines` apart. */
static void NAME(pull)(const Matrix *from, int m, int n, int lines, SCALAR *to) {
  for (int j = 0; j < n; j++)
    for (int i = 0; i < m; i++)
      memcpy(&to[(size_t)j * (size_t)lines + (size_t)i],
             from->at + i * from->row + j * from->column, sizeof *to);
}

static void NAME(push)(const Problem *p, int row, int m, int n, int lines, const SCALAR *from) {
  for (int i = 0; i < m; i++)
    for (int j = 0; j < n; j++)
      memcpy(p->to.at + (row + i) * p->to.row + j * p->to.column,
             &from[(size_t)j * (size_t)lines + (size_t)i], sizeof *from);
}

static void NAME(push_one)(const Problem *p, int row, int column, SCALAR value) {
  memcpy(p->to.at + row * p->to.row + column * p->to.column, &value, sizeof value);
}

static void NAME(push_reals)(const Problem *p, int row, int n, const REAL *from) {
  for (int j = 0; j < n; j++) NAME(push_one)(p, row, j, from[j]);
}

/* How long the workspace is to be, as LAPACK has answered. */
static int NAME(length)(SCALAR answer) {
#if IS_COMPLEX
  return (int)NAME(real)(answer);
#else
  return (int)answer;
#endif
}

#define TAKE(p, type, count) ((type *)take(p, sizeof(type), (int64_t)(count)))

/* ---- one function each: LAPACK's info ---- */

static int NAME(solve)(Problem *p) {
  int n = p->n, r = p->function == QL_FACTOR_INV ? n : p->r, info;
  SCALAR *a = TAKE(p, SCALAR, (int64_t)n * n), *b = TAKE(p, SCALAR, (int64_t)n * r);
  int *pivots = TAKE(p, int, n);
  if (p->lacks) return 0;
  NAME(pull)(&p->a, n, n, n, a);
  if (p->function == QL_FACTOR_SOLVE) NAME(pull)(&p->b, n, r, n, b);
  for (int i = 0; i < n && p->function == QL_FACTOR_INV; i++) b[(size_t)i * (size_t)(n + 1)] = 1;
  FORTRAN(gesv)(&n, &r, a, &n, pivots, b, &n, &info);
  NAME(push)(p, 0, n, r, n, b);
  return info;
}

/* Sign and logarithm of the determinant. */
static int NAME(determinant)(Problem *p) {
  int n = p->n, info;
  SCALAR *a = TAKE(p, SCALAR, (int64_t)n * n), sign = 1;
  int *pivots = TAKE(p, int, n);
  REAL logarithm = 0;
  if (p->lacks) return 0;
  NAME(pull)(&p->a, n, n, n, a);
  FORTRAN(getrf)(&n, &n, a, &n, pivots, &info);
  for (int i = 0; i < n && info == 0; i++) {
    SCALAR element = a[(size_t)i * (size_t)(n + 1)];
    REAL size = NAME(magnitude)(element);
    if (pivots[i] != i + 1) sign = -sign;
    sign *= element / size;
    logarithm += NAME(log)(size);
  }
  if (info > 0) sign = 0, logarithm = -(REAL)INFINITY;
  NAME(push_one)(p, 0, 0, sign), NAME(push_one)(p, 0, 1, logarithm);
  return 0;
}

static int NAME(cholesky)(Problem *p) {
  int n = p->n, info;
  bool upper = p->option;
  SCALAR *a = TAKE(p, SCALAR, (int64_t)n * n);
  if (p->lacks) return 0;
  NAME(pull)(&p->a, n, n, n, a);
  FORTRAN(potrf)(upper ? "U" : "L", &n, a, &n, &info, 1);
  for (int j = 0; j < n; j++)
    for (int i = upper ? j + 1 : 0; i < (upper ? n : j); i++)
      a[(size_t)j * (size_t)n + (size_t)i] = 0;
  NAME(push)(p, 0, n, n, n, a);
  return info;
}

static int NAME(qr)(Problem *p) {
  int m = p->m, n = p->n, k = QL_MIN(m, n), info, many = -1;
  int columns = p->option == QR_COMPLETE ? m : k; /* of Q */
  SCALAR *a = TAKE(p, SCALAR, (int64_t)m * QL_MAX(m, n)), *tau = TAKE(p, SCALAR, k), answer[2];
  if (p->lacks) return 0;
  NAME(pull)(&p->a, m, n, m, a);
  FORTRAN(geqrf)(&m, &n, a, &m, tau, answer, &many, &info);
  ORGQR(&m, &columns, &k, a, &m, tau, answer + 1, &many, &info);
  many = QL_MAX(NAME(length)(answer[0]), NAME(length)(answer[1]));
  SCALAR *work = TAKE(p, SCALAR, many);
  if (p->lacks) return 0;
  FORTRAN(geqrf)(&m, &n, a, &m, tau, work, &many, &info);
  if (info) return info;
  if (p->option == QR_RAW) {
    for (int j = 0; j < n; j++)
      for (int i = 0; i < m; i++) NAME(push_one)(p, j, i, a[(size_t)j * (size_t)m + (size_t)i]);
    for (int j = 0; j < k; j++) NAME(push_one)(p, n, j, tau[j]);
    return 0;
  }
  int row = p->option == QR_R ? 0 : m;
  for (int j = 0; j < n; j++)
    for (int i = 0; i <= QL_MIN(j, columns - 1) && i < m; i++)
      NAME(push_one)(p, row + i, j, a[(size_t)j * (size_t)m + (size_t)i]);
  if (p->option == QR_R) return 0;
  ORGQR(&m, &columns, &k, a, &m, tau, work, &many, &info);
  NAME(push)(p, 0, m, columns, m, a);
  return info;
}

/* Of a symmetric matrix, by its eigenvalues: the largest magnitude first, whose sign vh takes. */
static void NAME(push_hermitian)(Problem *p, int n, const REAL *w, const SCALAR *v) {
  int *order = TAKE(p, int, n);
  for (int i = 0; i < n && !p->lacks; i++) {
    int j = i;
    for (; j > 0 && fabs(w[order[j - 1]]) < fabs(w[i]); j--) order[j] = order[j - 1];
    order[j] = i;
  }
  for (int j = 0; j < n && !p->lacks; j++) {
    REAL value = w[order[j]];
    const SCALAR *column = v + (size_t)order[j] * (size_t)n;
    for (int i = 0; i < n; i++) {
      NAME(push_one)(p, i, j, column[i]);
      NAME(push_one)(p, n + j, i, NAME(conjugate)(column[i]) * copysign(1, value));
    }
    NAME(push_one)(p, 2 * n, j, fabs(value));
  }
}

/* Of a symmetric matrix; only vectors if they are wanted. */
static int NAME(eigh)(Problem *p) {
  int n = p->n, info, many = -1, integers = -1, integer;
  bool vectors = p->function != QL_FACTOR_EIGVALSH;
  const char *job = vectors ? "V" : "N", *half = p->option ? "U" : "L";
  SCALAR *a = TAKE(p, SCALAR, (int64_t)n * n), answer;
  REAL *w = TAKE(p, REAL, n);
  if (p->lacks) return 0;
  NAME(pull)(&p->a, n, n, n, a);
#if IS_COMPLEX
  int reals = -1;
  REAL real;
  SYEVD(job, half, &n, a, &n, w, &answer, &many, &real, &reals, &integer, &integers, &info, 1, 1);
  reals = (int)real;
  REAL *real_work = TAKE(p, REAL, reals);
#else
  SYEVD(job, half, &n, a, &n, w, &answer, &many, &integer, &integers, &info, 1, 1);
#endif
  many = NAME(length)(answer), integers = integer;
  SCALAR *work = TAKE(p, SCALAR, many);
  int *integer_work = TAKE(p, int, integers);
  if (p->lacks) return 0;
#if IS_COMPLEX
  SYEVD(job, half, &n, a, &n, w, work, &many, real_work, &reals, integer_work, &integers, &info, 1,
        1);
#else
  SYEVD(job, half, &n, a, &n, w, work, &many, integer_work, &integers, &info, 1, 1);
#endif
  if (p->function == QL_FACTOR_SVDH) {
    NAME(push_hermitian)(p, n, w, a);
    return info;
  }
  if (vectors) NAME(push)(p, 0, n, n, n, a);
  NAME(push_reals)(p, vectors ? n : 0, n, w);
  return info;
}

#if !IS_COMPLEX
/* The target is complex. */
static void NAME(push_pair)(const Problem *p, int row, int column, REAL real, REAL imaginary) {
  REAL both[2] = {real, imaginary};
  memcpy(p->to.at + row * p->to.row + column * p->to.column, both, sizeof both);
}
#endif

static int NAME(eig)(Problem *p) {
  int n = p->n, info, many = -1, one = 1;
  bool vectors = p->function == QL_FACTOR_EIG;
  const char *job = vectors ? "V" : "N";
  int lines = vectors ? n : 1, row = vectors ? n : 0;
  SCALAR *a = TAKE(p, SCALAR, (int64_t)n * n), answer, none[1];
  SCALAR *w = TAKE(p, SCALAR, 2 * (int64_t)n), *v = TAKE(p, SCALAR, (int64_t)lines * lines);
#if IS_COMPLEX
  REAL *real_work = TAKE(p, REAL, 2 * (int64_t)n);
#define GEEV(work) \
  FORTRAN(geev)("N", job, &n, a, &n, w, none, &one, v, &lines, work, &many, real_work, &info, 1, 1)
#else
#define GEEV(work) \
  FORTRAN(geev)("N", job, &n, a, &n, w, w + n, none, &one, v, &lines, work, &many, &info, 1, 1)
#endif
  if (p->lacks) return 0;
  NAME(pull)(&p->a, n, n, n, a);
  GEEV(&answer);
  many = NAME(length)(answer);
  SCALAR *work = TAKE(p, SCALAR, many);
  if (p->lacks) return 0;
  GEEV(work);
#undef GEEV
#if IS_COMPLEX
  NAME(push)(p, row, 1, n, 1, w);
  if (vectors) NAME(push)(p, 0, n, n, n, v);
#else
  for (int j = 0; j < n; j++) NAME(push_pair)(p, row, j, w[j], w[n + j]);
  for (int j = 0; j < n && vectors; j++) {
    bool pair = w[n + j] != 0 && j + 1 < n; /* of conjugates: their parts, column by column */
    for (int i = 0; i < n; i++) {
      REAL x = v[(size_t)j * (size_t)n + (size_t)i],
           y = pair ? v[(size_t)(j + 1) * (size_t)n + (size_t)i] : 0;
      NAME(push_pair)(p, i, j, x, y);
      if (pair) NAME(push_pair)(p, i, j + 1, x, -y);
    }
    j += pair;
  }
#endif
  return info;
}

static int NAME(svd)(Problem *p) {
  int m = p->m, n = p->n, k = QL_MIN(m, n), info, many = -1;
  bool vectors = p->function == QL_FACTOR_SVD, full = vectors && p->option;
  const char *job = !vectors ? "N" : full ? "A" : "S";
  int of_u = full ? m : k, of_v = full ? n : k, lines_v = vectors ? of_v : 1;
  SCALAR *a = TAKE(p, SCALAR, (int64_t)m * n), answer;
  SCALAR *u = TAKE(p, SCALAR, vectors ? (int64_t)m * of_u : 1);
  SCALAR *v = TAKE(p, SCALAR, vectors ? (int64_t)of_v * n : 1);
  REAL *s = TAKE(p, REAL, k);
  int *integer_work = TAKE(p, int, 8 * (int64_t)k);
#if IS_COMPLEX
  int64_t few = k, most = QL_MAX(m, n);
  REAL *real_work =
      TAKE(p, REAL, QL_MAX(5 * few * few + 7 * few, 2 * most * few + 2 * few * few + few));
#define GESDD(work)                                                                               \
  FORTRAN(gesdd)(job, &m, &n, a, &m, s, u, &m, v, &lines_v, work, &many, real_work, integer_work, \
                 &info, 1)
#else
#define GESDD(work) \
  FORTRAN(gesdd)(job, &m, &n, a, &m, s, u, &m, v, &lines_v, work, &many, integer_work, &info, 1)
#endif
  if (p->lacks) return 0;
  NAME(pull)(&p->a, m, n, m, a);
  GESDD(&answer);
  many = NAME(length)(answer);
  SCALAR *work = TAKE(p, SCALAR, many);
  if (p->lacks) return 0;
  GESDD(work);
#undef GESDD
  if (vectors) {
    NAME(push)(p, 0, m, of_u, m, u);
    NAME(push)(p, m, of_v, n, of_v, v);
  }
  NAME(push_reals)(p, vectors ? m + of_v : 0, k, s);
  return info;
}

static int NAME(lstsq)(Problem *p) {
  int m = p->m, n = p->n, r = p->r, k = QL_MIN(m, n), lines = QL_MAX(m, n), info, many = -1, rank;
  int integers;
  SCALAR *a = TAKE(p, SCALAR, (int64_t)m * n), *b = TAKE(p, SCALAR, (int64_t)lines * r), answer;
  REAL *s = TAKE(p, REAL, k), least = (REAL)p->least;
  if (p->lacks) return 0;
  NAME(pull)(&p->a, m, n, m, a), NAME(pull)(&p->b, m, r, lines, b);
#if IS_COMPLEX
  REAL reals;
  FORTRAN(gelsd)
  (&m, &n, &r, a, &m, b, &lines, s, &least, &rank, &answer, &many, &reals, &integers, &info);
  REAL *real_work = TAKE(p, REAL, (int64_t)reals);
#else
  FORTRAN(gelsd)
  (&m, &n, &r, a, &m, b, &lines, s, &least, &rank, &answer, &many, &integers, &info);
#endif
  many = NAME(length)(answer);
  SCALAR *work = TAKE(p, SCALAR, many);
  int *integer_work = TAKE(p, int, integers);
  if (p->lacks) return 0;
#if IS_COMPLEX
  FORTRAN(gelsd)
  (&m, &n, &r, a, &m, b, &lines, s, &least, &rank, work, &many, real_work, integer_work, &info);
#else
  FORTRAN(gelsd)
  (&m, &n, &r, a, &m, b, &lines, s, &least, &rank, work, &many, integer_work, &info);
#endif
  NAME(push)(p, 0, n, r, lines, b);
  for (int j = 0; j < r && rank == n; j++) { /* what is left of each column */
    REAL left = 0;
    for (int i = n; i < m; i++) {
      REAL size = NAME(magnitude)(b[(size_t)j * (size_t)lines + (size_t)i]);
      left += size * size;
    }
    NAME(push_one)(p, n, j, left);
  }
  NAME(push_reals)(p, n + 1, k, s);
  NAME(push_one)(p, n + 2, 1, rank);
  return info;
}

static int NAME(factor)(Problem *p) {
  switch (p->function) {
    case QL_FACTOR_SOLVE:
    case QL_FACTOR_INV: return NAME(solve)(p);
    case QL_FACTOR_SLOGDET: return NAME(determinant)(p);
    case QL_FACTOR_CHOLESKY: return NAME(cholesky)(p);
    case QL_FACTOR_QR: return NAME(qr)(p);
    case QL_FACTOR_EIGH:
    case QL_FACTOR_EIGVALSH:
    case QL_FACTOR_SVDH: return NAME(eigh)(p);
    case QL_FACTOR_EIG:
    case QL_FACTOR_EIGVALS: return NAME(eig)(p);
    case QL_FACTOR_SVD:
    case QL_FACTOR_SVDVALS: return NAME(svd)(p);
    default: return NAME(lstsq)(p);
  }
}

#undef SCALAR
#undef REAL
#undef IS_COMPLEX
#undef NAME
#undef FORTRAN
#undef ORGQR
#undef SYEVD
#undef TAKE
