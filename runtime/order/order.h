/* Keys that are nothing else, in place and ascending: equal ones are one, so that it does not
 * matter which stays first. Of floats none is NaN, and zeros have one sign. Takes no memory beyond
 * some kilobytes of each thread, once. */
#ifndef QUELEA_ORDER_H
#define QUELEA_ORDER_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

void order_32(int32_t *keys, size_t count);
void order_64(int64_t *keys, size_t count);
void order_f32(float *keys, size_t count);
void order_f64(double *keys, size_t count);

#ifdef __cplusplus
}
#endif

#endif
