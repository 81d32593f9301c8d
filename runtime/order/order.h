/* Keys that are nothing else, or with words that make each another one, in place and ascending:
 * equal ones are one, so that it does not matter which stays first. Takes no memory beyond some
 * kilobytes of each thread, once. */
#ifndef QUELEA_ORDER_H
#define QUELEA_ORDER_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* At multiples of 16 bytes. */
typedef struct OrderPair {
  uint64_t more; /* decides where keys are equal */
  uint64_t key;
} OrderPair;

void order_32(int32_t *keys, size_t count);
void order_64(int64_t *keys, size_t count);
void order_pairs(OrderPair *pairs, size_t count);

/* Two runs into one, elsewhere. Of floats none is NaN; of zeros of different signs, which are equal
 * to it, it may give as many of one sign as it likes. */
void order_merge_i32(const int32_t *a, size_t a_count, const int32_t *b, size_t b_count,
                     int32_t *to);
void order_merge_i64(const int64_t *a, size_t a_count, const int64_t *b, size_t b_count,
                     int64_t *to);
void order_merge_f32(const float *a, size_t a_count, const float *b, size_t b_count, float *to);
void order_merge_f64(const double *a, size_t a_count, const double *b, size_t b_count, double *to);

#ifdef __cplusplus
}
#endif

#endif
