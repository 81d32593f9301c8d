/* One array's elements in another shape. */
#include "base.h"

/* Runs of old axes and runs of new axes with equal products are matched; a run of old axes must be
 * walked evenly:
 *
 *     (4, 6) in strides (12, 2)  as (4, 2, 3): 4 | 6 is walked as 4 | 2 x 3, strides (12, 6, 2)
 *                                as (24,):     4 x 6 is one run, 12 = 6 * 2: stride 2 */
bool ql_reshape(int old_ndim, const int64_t *old_shape, const int64_t *old_stride, int ndim,
                const int64_t *shape, int64_t *stride) {
  int64_t run[QL_MAX_DIMS], step[QL_MAX_DIMS], all = 1; /* axes of one element move nothing */
  int old = 0;
  for (int a = 0; a < old_ndim; a++) {
    if (old_shape[a] != 1) run[old] = old_shape[a], step[old++] = old_stride[a];
    all *= old_shape[a];
  }
  if (!all) {
    int64_t next = 1;
    for (int a = ndim - 1; a >= 0; a--) stride[a] = next, next *= QL_MAX(shape[a], 1);
    return true;
  }
  int o = 0, n = 0;
  while (n < ndim && o < old) {
    int o_end = o + 1, n_end = n + 1;
    int64_t o_size = run[o], n_size = shape[n];
    while (o_size != n_size) {
      if (n_size < o_size)
        n_size *= shape[n_end++];
      else
        o_size *= run[o_end++];
    }
    for (int k = o; k < o_end - 1; k++)
      if (step[k] != run[k + 1] * step[k + 1]) return false;
    int64_t next = step[o_end - 1];
    for (int k = n_end - 1; k >= n; k--) stride[k] = next, next *= shape[k];
    o = o_end, n = n_end;
  }
  for (; n < ndim; n++) stride[n] = n ? stride[n - 1] : 1; /* trailing axes of extent 1 */
  return true;
}
