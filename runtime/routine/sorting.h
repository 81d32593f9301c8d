/* Sorting in memory: what one thread does, without Python, messages or memory of its own.
 *
 *     elements of a dtype ──encode──> sort elements: an unsigned key, and more where it is needed
 *         sort_run      each worker sorts a run
 *         sort_split    how many elements of each run are among the first n of all
 *         sort_merge    runs into one
 *     sort elements ──decode──> values, or where they were
 *
 * The order is that of keys, and of equal keys the one that they had: runs are stable, and an
 * element of an earlier run comes first. So whoever computes what, the result is the same.
 *
 *     dtype         key                                   more
 *     integers      the number, its sign bit flipped
 *     floats        the bits, so that they ascend:        with indices: the index, and the sign of
 *                   -0.0 before 0.0, NaN last; of         zero, which is not in the key then
 *                   float32 and float64 alone it
 *                   is computed where it is needed
 *     complex       both parts' keys (keys.c)             the signs of zeros, and the index
 */
#ifndef QUELEA_SORTING_H
#define QUELEA_SORTING_H

#include "base.h"

__extension__ typedef unsigned __int128 SortKey;

typedef enum SortForm {
  SORT_8,
  SORT_16,
  SORT_32, /* a key less its highest bit: an integer with a sign, as vectors compare them */
  SORT_64,
  SORT_F32, /* a number, whose key is computed where it is needed; NaN is one */
  SORT_F64,
  SORT_64_MORE, /* a key and a word more */
  SORT_128_MORE,
  SORT_FORMS
} SortForm;

typedef struct SortFormInfo {
  int bytes, key_bits;
  bool in_place; /* sort_run takes no scratch */
} SortFormInfo;
#define SORT_TOP_32 (1u << 31)
#define SORT_TOP_64 (1ull << 63)
extern const SortFormInfo sort_forms[SORT_FORMS];

typedef struct SortRun {
  const char *at;
  int64_t count;
} SortRun;

/* ---- keys.c ---- */
SortForm sort_form(QlDtype dtype, bool indices);
/* Are the elements of that form as large as those of the dtype, and hold all of them? */
bool sort_is_in_place(QlDtype dtype, bool indices);
/* `count` elements, `stride` bytes apart, of which the first one has that index. `to` may be `from`
 * where it is in place. */
void sort_encode(QlDtype dtype, bool indices, const char *from, int64_t stride, int64_t count,
                 int64_t index, char *to);
/* values, indices: where they go, one behind the other; NULL: they are not wanted. */
void sort_decode(QlDtype dtype, bool indices, const char *from, int64_t count, char *values,
                 int64_t *index);
/* An element's key, without the signs of zeros: equal elements have equal keys. */
SortKey sort_key(QlDtype dtype, const char *element);

/* ---- runs.c ---- */
/* In place; scratch: as much memory, where the form needs it. */
void sort_run(SortForm form, char *elements, char *scratch, int64_t count);
/* How many elements of a run have a lower key. */
int64_t sort_below(SortForm form, const SortRun *run, SortKey key);
/* Of the first `position` elements of all runs together, how many are each one's: split[count]. */
void sort_split(SortForm form, int count, const SortRun *runs, int64_t position, int64_t *split);
/* Merges runs, of which nothing is left then. scratch: so many bytes. */
int64_t sort_merge_scratch(SortForm form, int count);
void sort_merge(SortForm form, int count, SortRun *runs, char *scratch, char *to);
/* The next elements of those that are left, in the scratch, and how many; 0: none is left. */
const char *sort_merge_some(SortForm form, int count, SortRun *runs, char *scratch, int64_t *made);

#endif
