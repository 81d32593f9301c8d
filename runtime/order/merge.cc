/* Two runs into one, by vectors: a bitonic network orders two of them, the lower one is stored, and
 * the next comes from the run whose first element is lower (Inoue, Moriyama, Komatsu, Nakatani:
 * AA-Sort, PACT 2007). Its steps wait for each other, so both halves of the result are made at
 * once. Compiled for each width of vectors, of which the processor's is chosen when it runs. */
#include "order.h"

#include <algorithm>
#include <cstring>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "merge.cc"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace order {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

template <class T>
struct Runs {
  const T *a, *a_end, *b, *b_end;
  T *to;

  size_t least() const { return static_cast<size_t>(std::min(a_end - a, b_end - b)); }
};

template <class T>
T *copy(const T *from, const T *end, T *to) {
  std::memcpy(to, from, static_cast<size_t>(end - from) * sizeof(T));
  return to + (end - from);
}

/* Some elements, which stay, into a run, by its stretches between them. */
template <class T>
void merge_few(const T *few, const T *few_end, const T *run, const T *run_end, T *to) {
  for (; few < few_end; few++) {
    const T *next = std::lower_bound(run, run_end, *few);
    to = copy(run, next, to), run = next;
    *to++ = *few;
  }
  copy(run, run_end, to);
}

#if HWY_HAVE_SCALABLE || HWY_TARGET == HWY_SCALAR
template <class T>
void merge(const Runs<T> &runs) {
  std::merge(runs.a, runs.a_end, runs.b, runs.b_end, runs.to);
}
#else

template <class T>
struct Network {
  using D = hn::ScalableTag<T>;
  using V = hn::Vec<D>;
  using Indices = decltype(hn::IndicesFromVec(D(), hn::Vec<hn::RebindToSigned<D> >()));
  static constexpr size_t lanes = HWY_LANES(T);

  Indices reverse, by_1, by_2, by_4, by_8;
  hn::Mask<D> upper_1, upper_2, upper_4, upper_8;

  static Indices indices(size_t change) {
    hwy::MakeSigned<T> lane[lanes];
    for (size_t k = 0; k < lanes; k++)
      lane[k] = static_cast<hwy::MakeSigned<T> >((k ^ change) % lanes);
    return hn::SetTableIndices(D(), lane);
  }

  static hn::Mask<D> upper(size_t distance) {
    T lane[lanes];
    for (size_t k = 0; k < lanes; k++) lane[k] = static_cast<T>(k & distance ? 1 : 0);
    return hn::Gt(hn::LoadU(D(), lane), hn::Zero(D()));
  }

  Network()
      : reverse(indices(lanes - 1)),
        by_1(indices(1)),
        by_2(indices(2)),
        by_4(indices(4)),
        by_8(indices(8)),
        upper_1(upper(1)),
        upper_2(upper(2)),
        upper_4(upper(4)),
        upper_8(upper(8)) {}

  static HWY_INLINE V exchange(V v, Indices by, hn::Mask<D> upper) {
    V other = hn::TableLookupLanes(v, by);
    return hn::IfThenElse(upper, hn::Max(v, other), hn::Min(v, other));
  }

  HWY_INLINE V sorted(V v) const {
    if (lanes > 8) v = exchange(v, by_8, upper_8);
    if (lanes > 4) v = exchange(v, by_4, upper_4);
    if (lanes > 2) v = exchange(v, by_2, upper_2);
    return exchange(v, by_1, upper_1);
  }

  /* Stores the lower half of both, and keeps the upper one. */
  HWY_INLINE V step(V kept, V next, T *to) const {
    next = hn::TableLookupLanes(next, reverse);
    hn::StoreU(sorted(hn::Min(kept, next)), D(), to);
    return sorted(hn::Max(kept, next));
  }

  /* Where both runs have a vector: from that which begins lower, without a branch. */
  HWY_INLINE V advance(Runs<T> &runs, V kept) const {
    ptrdiff_t of_a = *runs.a <= *runs.b, by = static_cast<ptrdiff_t>(lanes);
    const T *from = of_a ? runs.a : runs.b;
    runs.a += of_a * by, runs.b += by - of_a * by, runs.to += by;
    return step(kept, hn::LoadU(D(), from), runs.to - by);
  }

  V begin(Runs<T> &runs) const {
    const T *&from = *runs.a <= *runs.b ? runs.a : runs.b;
    return hn::LoadU(D(), (from += lanes) - lanes);
  }

  void finish(Runs<T> runs, V kept) const {
    T some[lanes], last[2 * lanes];
    for (;;) {
      bool of_a = runs.b == runs.b_end || (runs.a < runs.a_end && *runs.a <= *runs.b);
      const T *&from = of_a ? runs.a : runs.b;
      const T *end = of_a ? runs.a_end : runs.b_end;
      if (static_cast<size_t>(end - from) < lanes) {
        hn::StoreU(kept, D(), some);
        T *behind = std::merge(some, some + lanes, from, end, last);
        if (of_a)
          merge_few(last, behind, runs.b, runs.b_end, runs.to);
        else
          merge_few(last, behind, runs.a, runs.a_end, runs.to);
        return;
      }
      kept = step(kept, hn::LoadU(D(), from), runs.to);
      from += lanes, runs.to += lanes;
    }
  }

  void alone(Runs<T> runs) const {
    if (runs.least() >= lanes) {
      V kept = begin(runs);
      finish(runs, kept);
    } else if (runs.a_end - runs.a < runs.b_end - runs.b) {
      merge_few(runs.a, runs.a_end, runs.b, runs.b_end, runs.to);
    } else {
      merge_few(runs.b, runs.b_end, runs.a, runs.a_end, runs.to);
    }
  }
};

/* Cuts the runs so that the first part of each has the first `count` elements of both. */
template <class T>
Runs<T> cut(Runs<T> &runs, ptrdiff_t count) {
  ptrdiff_t a = runs.a_end - runs.a, b = runs.b_end - runs.b,
            low = std::max<ptrdiff_t>(0, count - b), high = std::min(count, a);
  while (low < high) {
    ptrdiff_t middle = low + (high - low) / 2;
    if (runs.b[count - middle - 1] > runs.a[middle])
      low = middle + 1;
    else
      high = middle;
  }
  Runs<T> first = {runs.a, runs.a + low, runs.b, runs.b + (count - low), runs.to};
  runs.a += low, runs.b += count - low, runs.to += count;
  return first;
}

template <class T>
void merge(Runs<T> upper) {
  const Network<T> network;
  constexpr size_t lanes = Network<T>::lanes;
  Runs<T> lower = cut(upper, (upper.a_end - upper.a + upper.b_end - upper.b) / 2);
  if (std::min(lower.least(), upper.least()) < 2 * lanes) {
    network.alone(lower), network.alone(upper);
    return;
  }
  auto x = network.begin(lower), y = network.begin(upper);
  while (size_t steps = std::min(lower.least(), upper.least()) / lanes)
    while (steps--) x = network.advance(lower, x), y = network.advance(upper, y);
  network.finish(lower, x), network.finish(upper, y);
}
#endif

template <class T>
void merge_runs(const T *a, size_t a_count, const T *b, size_t b_count, T *to) {
  merge(Runs<T>{a, a + a_count, b, b + b_count, to});
}

void merge_i32(const int32_t *a, size_t a_count, const int32_t *b, size_t b_count, int32_t *to) {
  merge_runs(a, a_count, b, b_count, to);
}
void merge_i64(const int64_t *a, size_t a_count, const int64_t *b, size_t b_count, int64_t *to) {
  merge_runs(a, a_count, b, b_count, to);
}
void merge_f32(const float *a, size_t a_count, const float *b, size_t b_count, float *to) {
  merge_runs(a, a_count, b, b_count, to);
}
void merge_f64(const double *a, size_t a_count, const double *b, size_t b_count, double *to) {
  merge_runs(a, a_count, b, b_count, to);
}
}  // namespace HWY_NAMESPACE
}  // namespace order
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace order {
HWY_EXPORT(merge_i32);
HWY_EXPORT(merge_i64);
HWY_EXPORT(merge_f32);
HWY_EXPORT(merge_f64);
}  // namespace order

#define MERGE(name, type)                                                               \
  void order_merge_##name(const type *a, size_t a_count, const type *b, size_t b_count, \
                          type *to) {                                                   \
    using namespace order;                                                              \
    HWY_DYNAMIC_DISPATCH(merge_##name)(a, a_count, b, b_count, to);                     \
  }
MERGE(i32, int32_t)
MERGE(i64, int64_t)
MERGE(f32, float)
MERGE(f64, double)
#endif
