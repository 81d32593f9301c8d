/* Nests whose terms are reduced where they are computed (plan/terms.c). A box is computed in
 * chunks, the last dimension first; the terms of a chunk lie in scratch, in C order, and what
 * reduces them takes them from there:
 *
 *     box [0, 2) x [128, 9000)      chunks of 4096 points: [0, 1) x [128, 4224), [0, 1) x ...
 *
 * Chunks begin where leaves do, and have all of dimensions that are not cut: then a leaf, or a
 * line, is in one of them. */
#include "runtime.h"

#include <assert.h>
#include <string.h>

/* How many points a chunk of the box has along each dimension, at most: first along those that are
 * not cut, which others may lie behind. */
static void lengths_of(const PlanGroup *group, const Box *box, int64_t *length) {
  int64_t points = 1;
  for (int a = 0; a < group->rank; a++) {
    length[a] = box->hi[a] - box->lo[a];
    if (group->whole >> a & 1) points *= length[a];
  }
  for (int a = group->rank - 1; a >= 0; a--) {
    int64_t grain = a == group->reduce_axis ? JIT_LEAF : 1;
    if (group->whole >> a & 1) continue;
    length[a] = QL_MIN(QL_MAX(group->chunk / points / grain, 1) * grain, length[a]);
    points *= length[a];
  }
  assert(points <= group->chunk);
}

/* The next chunk, in C order; false: it was the last. */
static bool next_chunk(int rank, const Box *box, const int64_t *length, Box *chunk) {
  int a = rank - 1;
  while (a >= 0 && chunk->hi[a] == box->hi[a]) a--;
  if (a < 0) return false;
  chunk->lo[a] = chunk->hi[a], chunk->hi[a] = QL_MIN(chunk->lo[a] + length[a], box->hi[a]);
  for (a++; a < rank; a++) {
    chunk->lo[a] = box->lo[a];
    chunk->hi[a] = QL_MIN(box->lo[a] + length[a], box->hi[a]);
  }
  return true;
}

/* Where terms are, as seen from position 0 of each dimension. */
typedef struct Place {
  char *at;
  int64_t stride[QL_MAX_DIMS];
} Place;

static char *at_chunk(const PlanTerms *terms, const Place *place, const Box *chunk) {
  uintptr_t at = (uintptr_t)place->at;
  for (int a = 0; a < terms->ndim; a++) at -= (uintptr_t)(chunk->lo[a] * place->stride[a]);
  return (char *)at;
}

static void tell_nest(const PlanTerms *terms, const Place *place, const Box *chunk, int first,
                      QlValue *params) {
  params += first;
  if (terms->base >= 0) params[terms->base].i = (int64_t)at_chunk(terms, place, chunk);
  for (int a = 0; a < terms->ndim; a++)
    if (terms->stride[a] >= 0) params[terms->stride[a]].i = place->stride[a];
}

static void reduce(const Run *run, const PlanTerms *terms, const Place *place, const Box *chunk) {
  const PlanGroup *reducer = terms->reducer;
  char *base[TERMS_OPERANDS];
  int64_t stride[TERMS_OPERANDS * QL_MAX_DIMS], lo[QL_MAX_DIMS], hi[QL_MAX_DIMS];
  int rank = reducer->rank;
  const PlanOperand *stored = &reducer->operands[0];
  base[0] = (char *)((uintptr_t)run->data[stored->slot] + (uintptr_t)stored->offset);
  memcpy(stride, reducer->strides, (size_t)rank * sizeof *stride);
  for (int o = 1; o < reducer->operand_count; o++) {
    uintptr_t at = (uintptr_t)at_chunk(terms, place, chunk);
    for (int a = 0; a < terms->ndim; a++) {
      if (terms->dim[a] >= 0)
        stride[o * rank + terms->dim[a]] = place->stride[a];
      else
        at += (uintptr_t)(terms->start[o][a] * place->stride[a]);
    }
    base[o] = (char *)at;
  }
  for (int a = 0; a < terms->ndim; a++)
    if (terms->dim[a] >= 0) lo[terms->dim[a]] = chunk->lo[a], hi[terms->dim[a]] = chunk->hi[a];
  reducer->entry(&(JitCall){.lo = lo, .hi = hi, .base = base, .stride = stride});
}

void run_terms(const Run *run, const PlanGroup *group, const JitCall *call, const Box *box,
               int thread) {
  QlValue params[NEST_PARAMS];
  int64_t length[QL_MAX_DIMS];
  Place place[NEST_TARGETS];
  char *scratch = rt_scratch_of(&run->scratch, thread);
  int rank = group->rank;
  Box chunk = *box;
  memcpy(params, call->param, (size_t)group->param_count * sizeof *params);
  lengths_of(group, box, length);
  for (int t = 0; t < group->term_count; t++) {
    place[t].at = scratch;
    c_strides(rank, length, group->terms[t].item, place[t].stride);
    int64_t bytes = shape_volume(rank, length) * group->terms[t].item;
    scratch += ceil_div(bytes, TERMS_ALIGNED) * TERMS_ALIGNED;
  }
  for (int a = 0; a < rank; a++) chunk.hi[a] = QL_MIN(box->lo[a] + length[a], box->hi[a]);
  do {
    for (int r = 0; r < rank; r++) params[2 * r].i = chunk.lo[r], params[2 * r + 1].i = chunk.hi[r];
    for (int t = 0; t < group->term_count; t++)
      tell_nest(&group->terms[t], &place[t], &chunk, 2 * rank, params);
    group->entry(&(JitCall){.param = params});
    for (int t = 0; t < group->term_count; t++) reduce(run, &group->terms[t], &place[t], &chunk);
  } while (next_chunk(rank, box, length, &chunk));
}
