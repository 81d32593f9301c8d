/* Where the axes of a new array lie in memory, as NumPy decides it: from outside to inside, the
 * axis of the largest steps first. It decides whether a later reshape is a view. NumPy has three
 * rules:
 *
 *   its iterator's  of ufuncs and reductions: axes of step 0 say nothing
 *   of copies       every step counts, those of 0 lie innermost
 *   of joins        every step counts, but axes of one element say nothing
 *
 * Where operands contradict each other, C order wins. */
#include "runtime.h"

#include <stdlib.h>
#include <string.h>

/* What one operand says of two axes, of which `first` lies outside so far. */
typedef struct Steps {
  int64_t first, second;
} Steps;

/* false: it says nothing */
typedef bool Ask(const void *operands, int k, int first, int second, Steps *steps);

/* By insertion from one end of the axes: the next one passes those that all operands want on its
 * other side, also across axes of which they say nothing. The end decides what becomes of these;
 * NumPy's iterator begins at the innermost axis, its joins and copies at the outermost one. True:
 * it is not C order. */
static bool sort_axes(int ndim, int count, const void *operands, Ask *ask, bool from_inside,
                      int *order) {
  bool moved = false;
  int sorted[QL_MAX_DIMS];
  for (int n = 0; n < ndim; n++) {
    int i = from_inside ? ndim - 1 - n : n, to = n;
    for (int j = n - 1; j >= 0; j--) {
      int outer = from_inside ? i : sorted[j], inner = from_inside ? sorted[j] : i;
      bool says = false, swap = false;
      for (int k = 0; k < count; k++) {
        Steps steps;
        if (!ask(operands, k, outer, inner, &steps)) continue;
        if (steps.second <= steps.first)
          swap = false;
        else if (!says)
          swap = true;
        says = true;
      }
      if (says && !swap) break;
      if (says) to = j;
    }
    memmove(&sorted[to + 1], &sorted[to], (size_t)(n - to) * sizeof *sorted);
    sorted[to] = i;
    moved |= to != n;
  }
  for (int n = 0; n < ndim; n++) order[from_inside ? ndim - 1 - n : n] = sorted[n];
  return moved;
}

/* ---- the iterator's ---- */

static bool lies_in_c_order(const QlArray *array) {
  int64_t above = INT64_MAX;
  for (int a = 0; a < array->ndim; a++) {
    int64_t step = llabs(array->strides[a]);
    if (array->shape[a] == 1 || step == 0) continue;
    if (step > above) return false;
    above = step;
  }
  return true;
}

typedef struct Operands {
  int ndim;
  const QlOperand *in;
} Operands;

static int64_t moving_step(const QlArray *array, int axis) {
  return axis < 0 || array->shape[axis] == 1 ? 0 : llabs(array->strides[axis]);
}

static bool ask_operand(const void *data, int k, int first, int second, Steps *steps) {
  const Operands *operands = data;
  const QlArray *array = operands->in[k].array;
  if (!array) return false;
  int lead = operands->ndim - array->ndim;
  *steps = (Steps){moving_step(array, first - lead), moving_step(array, second - lead)};
  return steps->first && steps->second;
}

bool rt_iterator_order(int ndim, int count, const QlOperand *in, int *order) {
  bool c_order = true;
  for (int k = 0; k < count && c_order; k++)
    c_order = !in[k].array || in[k].array->ndim < 2 || lies_in_c_order(in[k].array);
  if (c_order) return false;
  return sort_axes(ndim, count, &(Operands){ndim, in}, ask_operand, true, order);
}

bool rt_keeps_order(QlArray *array, int *order) {
  QlOperand operand = {.array = array};
  return array->ndim > 1 && rt_iterator_order(array->ndim, 1, &operand, order);
}

void ql_lying_order(int ndim, int count, QlArray *const *arrays, int *order) {
  QlOperand in[3] = {{.array = NULL}};
  for (int a = 0; a < ndim; a++) order[a] = a;
  for (int k = 0; k < count; k++) in[k].array = arrays[k];
  if (ndim > 1) (void)rt_iterator_order(ndim, count, in, order);
}

/* ---- copies ---- */

static bool ask_array(const void *array, int k, int first, int second, Steps *steps) {
  const QlArray *it = array;
  (void)k;
  *steps = (Steps){llabs(it->strides[first]), llabs(it->strides[second])};
  return true;
}

bool rt_order_of_copy(QlArray *array, QlOrder wanted, int *order) {
  int ndim = array->ndim;
  if (wanted == QL_ORDER_ITERATOR) return rt_keeps_order(array, order);
  if (wanted == QL_ORDER_C || ndim < 2) return false;
  if (wanted == QL_ORDER_K) return sort_axes(ndim, 1, array, ask_array, false, order);
  for (int a = 0; a < ndim; a++) order[a] = ndim - 1 - a;
  return true;
}

/* ---- joins ---- */

typedef struct Parts {
  int new_axis;
  QlArray *const *parts;
} Parts;

static bool ask_part(const void *data, int k, int first, int second, Steps *steps) {
  const Parts *join = data;
  const QlArray *part = join->parts[k];
  if (first == join->new_axis || second == join->new_axis) return false;
  if (join->new_axis >= 0) first -= first > join->new_axis, second -= second > join->new_axis;
  if (part->shape[first] == 1 || part->shape[second] == 1) return false;
  *steps = (Steps){llabs(part->strides[first]), llabs(part->strides[second])};
  return true;
}

QlStatus ql_empty_join(QlContext *ctx, QlDtype dtype, int ndim, const int64_t *shape, int new_axis,
                       int count, QlArray *const *parts, QlArray **array, QlError *error) {
  int order[QL_MAX_DIMS];
  QL_TRY(rt_log_due(ctx, error));
  bool ordered =
      ndim > 1 && sort_axes(ndim, count, &(Parts){new_axis, parts}, ask_part, false, order);
  return rt_empty_in_order(ctx, dtype, ndim, shape, ordered ? order : NULL, array, error);
}
