/* Highway's vqsort (Blacher, Giesen, Kuehne: Fast and Robust Vectorized In-Place Sorting of
 * Primitive Types, SEA 2021), behind C's types: quicksort by vectors, heapsort of what it does not
 * divide well. */
#include "order.h"

#include <hwy/contrib/sort/vqsort.h>

namespace {
thread_local hwy::Sorter sorter; /* its memory */
}

void order_32(int32_t *keys, size_t count) { sorter(keys, count, hwy::SortAscending()); }

void order_64(int64_t *keys, size_t count) { sorter(keys, count, hwy::SortAscending()); }

static_assert(sizeof(OrderPair) == sizeof(hwy::uint128_t) &&
                  offsetof(OrderPair, key) == offsetof(hwy::uint128_t, hi),
              "pairs are Highway's numbers of 128 bits");

void order_pairs(OrderPair *pairs, size_t count) {
  sorter(reinterpret_cast<hwy::uint128_t *>(pairs), count, hwy::SortAscending());
}
