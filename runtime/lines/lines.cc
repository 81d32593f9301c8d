/* Lines through pocketfft (pocketfft/), for vectors of one width: FFT_VARIANT says which,
 * and the flags that this file is compiled with. Everything but the table at the end is this file's
 * own, so that the linker takes no function for wide vectors in the place of another.
 *
 *     lines along axis 0, two numbers in a vector        line   0   1   2   3   4
 *                                                               `---'   `---'   `- alone
 * The library's memory, while it computes, is a stretch that the caller gives. */
#include "lines.h"

#include <algorithm>
#include <cmath>
#include <complex>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <new>
#include <stdexcept>
#include <type_traits>
#include <vector>

namespace {

/* ---- memory ---- */

/* What is taken last goes first: `top` is where the next piece begins. */
struct Stretch {
  char *begin, *top, *end;
};
thread_local Stretch stretch;

void *take(size_t bytes) {
  size_t whole = (bytes + 15) & ~(size_t)15;
  if (!stretch.begin || whole > (size_t)(stretch.end - stretch.top)) return std::malloc(bytes);
  void *piece = stretch.top;
  stretch.top += whole;
  return piece;
}

void give(void *piece) {
  char *at = static_cast<char *>(piece);
  if (at >= stretch.begin && at < stretch.end)
    stretch.top = at;
  else
    std::free(piece);
}

}  // namespace

/* Its memory is the stretch's; its names are this file's. The standard headers that it includes
 * have been included above. */
#define malloc(bytes) take(bytes)
#define free(piece) give(piece)
#define POCKETFFT_NO_MULTITHREADING
namespace {
#include "pocketfft_hdronly.h"
}
#undef malloc
#undef free

namespace {

using pocketfft::detail::cmplx;
using pocketfft::detail::pocketfft_c;
using pocketfft::detail::pocketfft_r;
using pocketfft::detail::VLEN;
using pocketfft::detail::vtype_t;
namespace util = pocketfft::detail;

/* So many bytes of lines side by side stay in a core's own cache with their scratch. */
constexpr int64_t NEAR = 256 << 10;

/* ---- the numbers of lines side by side ---- */

template <typename T, int L>
struct Side {
  using V = vtype_t<T>;
};
template <typename T>
struct Side<T, 1> {
  using V = T;
};

template <typename T, typename V>
inline T get(const V &value, int j) {
  if constexpr (std::is_same_v<T, V>)
    return (void)j, value;
  else
    return value[j];
}
template <typename T, typename V>
inline void set(V &value, int j, T number) {
  if constexpr (std::is_same_v<T, V>)
    (void)j, value = number;
  else
    value[j] = number;
}

/* Where the lines are read and stored, L of them: the next one `next` bytes farther, numbers of a
 * line `step` bytes apart. */
template <typename P>
struct Ends {
  P at;
  int64_t next, step;
};
using From = Ends<const char *>;
using To = Ends<char *>;

template <typename T>
inline T load(const From &from, int j, int64_t k) {
  T number;
  std::memcpy(&number, from.at + j * from.next + k * from.step, sizeof number);
  return number;
}
template <typename T>
inline void store(const To &to, int j, int64_t k, T number) {
  std::memcpy(to.at + j * to.next + k * to.step, &number, sizeof number);
}

/* ---- one kind of transform each ---- */

template <typename T>
struct Job {
  int64_t length, given;
  bool forward;
  T factor;
};

template <typename T, int L>
void complex_lines(const pocketfft_c<T> &plan, const Job<T> &job, const From &from, const To &to,
                   void *buffer) {
  using V = typename Side<T, L>::V;
  bool in_place = L == 1 && to.step == (int64_t)sizeof(cmplx<T>);
  auto *data = reinterpret_cast<cmplx<V> *>(in_place ? (void *)to.at : buffer);
  for (int64_t k = 0; k < job.given; k++)
    for (int j = 0; j < L; j++) {
      auto number = load<cmplx<T>>(from, j, k);
      set<T>(data[k].r, j, number.r), set<T>(data[k].i, j, number.i);
    }
  for (int64_t k = job.given; k < job.length; k++) data[k].r = data[k].i = V{};
  plan.exec(data, job.factor, job.forward);
  for (int64_t k = 0; k < job.length && !in_place; k++)
    for (int j = 0; j < L; j++)
      store(to, j, k, cmplx<T>(get<T>(data[k].r, j), get<T>(data[k].i, j)));
}

/* The library gives r0, r1, i1, r2, i2, ... */
template <typename T, int L>
void half_lines(const pocketfft_r<T> &plan, const Job<T> &job, const From &from, const To &to,
                void *buffer, bool all) {
  using V = typename Side<T, L>::V;
  auto *data = static_cast<V *>(buffer);
  int64_t n = job.length;
  for (int64_t k = 0; k < job.given; k++)
    for (int j = 0; j < L; j++) set<T>(data[k], j, load<T>(from, j, k));
  for (int64_t k = job.given; k < n; k++) data[k] = V{};
  plan.exec(data, job.factor, true);
  for (int j = 0; j < L; j++) store(to, j, 0, cmplx<T>(get<T>(data[0], j), T(0)));
  for (int64_t k = 1; 2 * k < n; k++)
    for (int j = 0; j < L; j++) {
      T r = get<T>(data[2 * k - 1], j), i = get<T>(data[2 * k], j);
      if (!job.forward) i = all ? T(0) - i : -i;
      store(to, j, k, cmplx<T>(r, i));
      if (all) store(to, j, n - k, cmplx<T>(r, T(0) - i)); /* no -0 */
    }
  for (int j = 0; j < L && n > 1 && n % 2 == 0; j++)
    store(to, j, n / 2, cmplx<T>(get<T>(data[n - 1], j), T(0)));
}

template <typename T, int L>
void real_lines(const pocketfft_r<T> &plan, const Job<T> &job, const From &from, const To &to,
                void *buffer) {
  using V = typename Side<T, L>::V;
  bool in_place = L == 1 && to.step == (int64_t)sizeof(T);
  auto *data = reinterpret_cast<V *>(in_place ? (void *)to.at : buffer);
  int64_t n = job.length;
  for (int j = 0; j < L; j++) set<T>(data[0], j, job.given ? load<cmplx<T>>(from, j, 0).r : T(0));
  for (int64_t k = 1; 2 * k < n; k++)
    for (int j = 0; j < L; j++) {
      auto number = k < job.given ? load<cmplx<T>>(from, j, k) : cmplx<T>(T(0), T(0));
      set<T>(data[2 * k - 1], j, number.r);
      set<T>(data[2 * k], j, job.forward ? -number.i : number.i);
    }
  for (int j = 0; j < L && n > 1 && n % 2 == 0; j++)
    set<T>(data[n - 1], j, n / 2 < job.given ? load<cmplx<T>>(from, j, n / 2).r : T(0));
  plan.exec(data, job.factor, false);
  for (int64_t k = 0; k < n && !in_place; k++)
    for (int j = 0; j < L; j++) store(to, j, k, get<T>(data[k], j));
}

template <typename T, int L>
void some_lines(const void *plan, FftKind kind, const Job<T> &job, const From &from, const To &to,
                void *buffer) {
  auto *real = static_cast<const pocketfft_r<T> *>(plan);
  switch (kind) {
    case FFT_COMPLEX:
      complex_lines<T, L>(*static_cast<const pocketfft_c<T> *>(plan), job, from, to, buffer);
      break;
    case FFT_SYMMETRIC: half_lines<T, L>(*real, job, from, to, buffer, true); break;
    case FFT_HALF: half_lines<T, L>(*real, job, from, to, buffer, false); break;
    case FFT_REAL: real_lines<T, L>(*real, job, from, to, buffer); break;
  }
}

/* ---- a box ---- */

/* Along which dimension lines are taken side by side: that along which they lie closest; -1. */
int dimension_beside(const FftBox *box) {
  int best = -1;
  for (int r = 0; r < box->rank; r++)
    if (r != box->axis && box->hi[r] - box->lo[r] > 1 &&
        (best < 0 || std::abs(box->to_stride[r]) < std::abs(box->to_stride[best])))
      best = r;
  return best;
}

template <typename T>
void row_of_lines(const void *plan, const FftBox *box, const Job<T> &job, From from, To to,
                  int64_t count, void *buffer) {
  constexpr int L = (int)VLEN<T>::val;
  int64_t bytes = job.length * L * (int64_t)(2 * sizeof(T));
  for (; L > 1 && bytes <= NEAR && count >= L; count -= L) {
    some_lines<T, L>(plan, box->kind, job, from, to, buffer);
    from.at += L * from.next, to.at += L * to.next;
  }
  for (; count > 0; count--) {
    some_lines<T, 1>(plan, box->kind, job, from, to, buffer);
    from.at += from.next, to.at += to.next;
  }
}

template <typename T>
void run_box(const void *plan, int64_t length, const FftBox *box, void *buffer) {
  Job<T> job = {length, box->given, !box->backward, (T)box->factor};
  int beside = dimension_beside(box);
  int64_t at[FFT_AXES];
  for (int r = 0; r < box->rank; r++)
    if (box->hi[r] <= box->lo[r]) return;
  for (int r = 0; r < box->rank; r++) at[r] = r == box->axis ? 0 : box->lo[r];
  for (;;) {
    From from = {box->from, 0, box->from_stride[box->axis]};
    To to = {box->to, 0, box->to_stride[box->axis]};
    for (int r = 0; r < box->rank; r++)
      from.at += at[r] * box->from_stride[r], to.at += at[r] * box->to_stride[r];
    if (beside >= 0) from.next = box->from_stride[beside], to.next = box->to_stride[beside];
    row_of_lines<T>(plan, box, job, from, to, beside < 0 ? 1 : box->hi[beside] - box->lo[beside],
                    buffer);
    int r = box->rank - 1;
    for (; r >= 0; r--) {
      if (r == box->axis || r == beside) continue;
      if (++at[r] < box->hi[r]) break;
      at[r] = box->lo[r];
    }
    if (r < 0) return;
  }
}

/* ---- tables ---- */

/* The most that the library takes at once, and the buffer; 96: what a piece takes beside its
 * numbers. */
template <typename T>
int64_t scratch_for(int64_t length) {
  int64_t L = (int64_t)VLEN<T>::val, number = (int64_t)(2 * sizeof(T)), n = length;
  if (n * L * number > NEAR) L = 1;
  int64_t prime = n < 50 ? 0 : (int64_t)util::util::largest_prime_factor((size_t)n);
  int64_t need = 2 * n * L * number + n * number;
  if (prime * prime > n)
    need += 2 * L * number * (int64_t)util::util::good_size_cmplx((size_t)(2 * n - 1));
  return need + 64 * 96;
}

template <typename Plan>
void *make_plan(int64_t length) {
  try {
    return new Plan((size_t)length);
  } catch (const std::bad_alloc &) {
    return nullptr;
  }
}

void *make(bool real, bool single, int64_t length, int64_t *bytes, int64_t *scratch) {
  *bytes = length * (single ? 8 : 16);
  *scratch = single ? scratch_for<float>(length) : scratch_for<double>(length);
  if (single)
    return real ? make_plan<pocketfft_r<float>>(length) : make_plan<pocketfft_c<float>>(length);
  return real ? make_plan<pocketfft_r<double>>(length) : make_plan<pocketfft_c<double>>(length);
}

void drop(void *plan, bool real, bool single) {
  if (real && single) delete static_cast<pocketfft_r<float> *>(plan);
  if (real && !single) delete static_cast<pocketfft_r<double> *>(plan);
  if (!real && single) delete static_cast<pocketfft_c<float> *>(plan);
  if (!real && !single) delete static_cast<pocketfft_c<double> *>(plan);
}

/* The buffer lies at the beginning of the scratch, on a cache line. */
void run(const void *plan, bool single, int64_t length, const FftBox *box, void *scratch,
         int64_t scratch_bytes) {
  int64_t number = single ? 8 : 16, lanes = single ? VLEN<float>::val : VLEN<double>::val;
  int64_t buffer = length * number * (length * number * lanes > NEAR ? 1 : lanes);
  char *begin = static_cast<char *>(scratch);
  begin += (64 - reinterpret_cast<uintptr_t>(begin) % 64) % 64;
  char *rest = begin + (buffer + 63) / 64 * 64;
  stretch = {rest, rest, static_cast<char *>(scratch) + scratch_bytes};
  if (single)
    run_box<float>(plan, length, box, begin);
  else
    run_box<double>(plan, length, box, begin);
  stretch = {nullptr, nullptr, nullptr};
}

}  // namespace

#define JOINED(a, b) a##b
#define NAMED(variant) JOINED(fft_variant_, variant)
extern "C" const FftVariant NAMED(FFT_VARIANT);
extern "C" const FftVariant NAMED(FFT_VARIANT) = {make, drop, run};
