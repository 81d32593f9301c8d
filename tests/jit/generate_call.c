/* Random calls. An operand's memory is a box in some order of its axes, with margins for offsets on
 * both sides of each axis and sometimes a gap between elements. */
#include "generate.h"
#include "random.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MARGIN = 2 };

/* The first reduction if the operand gets values of its lines; or NULL. */
static const IrIns *find_reduction(const JitFn *fn, uint32_t array) {
  const IrIns *first = ir_reduction(fn);
  for (uint32_t i = 1; i < fn->ins_count; i++) {
    const IrIns *ins = &fn->ins[i];
    if (ins->kind == IR_STORE && (uint32_t)ins->number == array && ir_of_line(fn, first, ins))
      return first;
  }
  return NULL;
}

static void choose_box(GenerateCall *c, Random *random, const JitFn *fn, const IrIns *reduce) {
  bool empty = random_chance(random, 6);
  for (int axis = 0; axis < fn->rank; axis++) {
    int64_t extent =
        1 + (int64_t)random_below(random, axis == fn->rank - 1 && fn->rank < 3 ? 40 : 5);
    c->lo[axis] = (int64_t)random_below(random, 1000) - 100;
    if (empty && random_chance(random, 50)) extent = 0;
    c->hi[axis] = c->lo[axis] + extent;
  }
  if (!reduce) return;
  bool nothing = random_chance(random, 8);
  c->lo[reduce->axis] = JIT_LEAF * (int64_t)random_below(random, 5);
  c->hi[reduce->axis] = c->lo[reduce->axis];
  if (!nothing)
    c->hi[reduce->axis] += 1 + (int64_t)random_below(random, random_chance(random, 50) ? 20 : 700);
}

/* How many points of the axis the operand has an element for. */
static int64_t points_of_element(const IrIns *reduce, int axis) {
  bool leaves = reduce && reduce->axis == axis && jit_form_steps((JitReduceForm)reduce->form);
  return leaves ? JIT_LEAF : 1;
}

static bool place_operand(GenerateCall *c, Random *random, const JitFn *fn, uint32_t array) {
  const IrIns *reduce = find_reduction(fn, array);
  const IrArray *operand = &fn->arrays[array];
  int64_t size = ql_dtype_info[operand->dtype].size, elements = 1, first = 0, behind = 0,
          *stride = c->stride + (int64_t)array * fn->rank;
  int order[QL_MAX_DIMS];
  for (int axis = 0; axis < fn->rank; axis++) order[axis] = axis;
  bool unit = fn->rank && operand->stride[fn->rank - 1] == JIT_STRIDE_UNIT;
  for (int k = fn->rank - 1 - unit; k > 0; k--) { /* shuffle; a unit axis stays innermost */
    int other = (int)random_below(random, (uint64_t)k + 1), kept = order[k];
    order[k] = order[other], order[other] = kept;
  }
  for (int k = fn->rank - 1; k >= 0; k--) {
    int axis = order[k];
    stride[axis] = 0;
    if (operand->stride[axis] == JIT_STRIDE_ZERO) continue;
    bool is_unit = operand->stride[axis] == JIT_STRIDE_UNIT;
    int64_t step = is_unit ? 1 : 1 + (int64_t)random_below(random, 3) / 2,
            points = points_of_element(reduce, axis),
            room = (c->hi[axis] - c->lo[axis] + points - 1) / points + 2 * MARGIN;
    bool backward = !is_unit && random_chance(random, 25);
    stride[axis] = (backward ? -1 : 1) * elements * step * size;
    first += (backward ? room - 1 - MARGIN : MARGIN) * elements * step;
    behind += c->lo[axis] / points * stride[axis];
    elements *= room * step;
  }
  c->size[array] = (size_t)(elements * size);
  c->memory[array] = malloc(c->size[array]);
  if (!c->memory[array]) return false;
  for (int64_t k = 0; k < elements; k++)
    ir_write((QlDtype)operand->dtype, c->memory[array] + k * size,
             random_value(random, (QlDtype)operand->dtype));
  c->base[array] = (char *)((uintptr_t)c->memory[array] + (uintptr_t)(first * size - behind));
  return true;
}

GenerateCall *generate_call(const JitFn *fn, uint64_t seed) {
  Random random = {seed};
  const IrIns *reduce = ir_reduction(fn);
  GenerateCall *c = calloc(1, sizeof *c);
  if (!c) return NULL;
  c->arrays = fn->array_count;
  c->base = calloc(fn->array_count + 1u, sizeof *c->base);
  c->memory = calloc(fn->array_count + 1u, sizeof *c->memory);
  c->size = calloc(fn->array_count + 1u, sizeof *c->size);
  c->stride = calloc(fn->array_count * (size_t)fn->rank + 1, sizeof *c->stride);
  c->param = calloc(fn->param_count + 1u, sizeof *c->param);
  bool complete = c->base && c->memory && c->size && c->stride && c->param;
  if (complete) choose_box(c, &random, fn, reduce);
  for (uint32_t a = 0; complete && a < fn->array_count; a++)
    complete = place_operand(c, &random, fn, a);
  for (uint32_t p = 0; complete && p < fn->param_count; p++)
    c->param[p] = random_value(&random, (QlDtype)fn->params[p]);
  for (int d = 0; d < QL_DTYPE_COUNT; d++)
    for (int k = 0; k < GENERATE_ELEMENTS; k++)
      ir_write((QlDtype)d, c->reached + generate_offset((QlDtype)d) + k * ql_dtype_info[d].size,
               random_value(&random, (QlDtype)d));
  if (complete && ir_is_program(fn)) c->param[0].i = (int64_t)(uintptr_t)c->reached;
  c->call =
      (JitCall){.lo = c->lo, .hi = c->hi, .base = c->base, .stride = c->stride, .param = c->param};
  if (complete) return c;
  generate_call_free(c);
  return NULL;
}

void generate_call_free(GenerateCall *c) {
  if (!c) return;
  for (uint32_t a = 0; c->memory && a < c->arrays; a++) free(c->memory[a]);
  free(c->base), free(c->memory), free(c->size), free(c->stride), free(c->param), free(c);
}

/* ---- comparing ---- */

static bool same_number(QlDtype dtype, const void *a, const void *b) {
  QlDtype part = (QlDtype)ql_dtype_info[dtype].part;
  size_t size = ql_dtype_info[part].size;
  for (size_t at = 0; at < ql_dtype_info[dtype].size; at += size) {
    const char *x = (const char *)a + at, *y = (const char *)b + at;
    if (!memcmp(x, y, size)) continue;
    if (ql_dtype_info[part].kind != QL_KIND_FLOAT) return false;
    QlValue u = ir_read(part, x), v = ir_read(part, y);
    if (!ir_eval(QL_OP_ISNAN, part, &u).b || !ir_eval(QL_OP_ISNAN, part, &v).b) return false;
  }
  return true;
}

static bool same_memory(const GenerateCall *a, const GenerateCall *b, char *text, size_t size) {
  for (int d = 0; d < QL_DTYPE_COUNT; d++)
    for (int k = 0; k < GENERATE_ELEMENTS; k++) {
      int64_t at = generate_offset((QlDtype)d) + k * ql_dtype_info[d].size;
      if (same_number((QlDtype)d, a->reached + at, b->reached + at)) continue;
      snprintf(text, size, "element %d of %s by address", k, ql_dtype_info[d].ir);
      return false;
    }
  return true;
}

bool generate_equal(const JitFn *fn, const GenerateCall *a, const GenerateCall *b, char *text,
                    size_t size) {
  for (uint32_t k = 0; k < fn->array_count; k++) {
    QlDtype dtype = (QlDtype)fn->arrays[k].dtype;
    size_t bytes = ql_dtype_info[dtype].size;
    for (size_t at = 0; at < a->size[k]; at += bytes) {
      if (same_number(dtype, a->memory[k] + at, b->memory[k] + at)) continue;
      QlValue x = ir_read(dtype, a->memory[k] + at), y = ir_read(dtype, b->memory[k] + at);
      snprintf(text, size,
               "operand $%u (%s), %td elements behind its base: 0x%llx %llx and 0x%llx %llx", k,
               ql_dtype_info[dtype].ir, (a->memory[k] + at - a->base[k]) / (ptrdiff_t)bytes,
               (unsigned long long)x.bits[1], (unsigned long long)x.bits[0],
               (unsigned long long)y.bits[1], (unsigned long long)y.bits[0]);
      return false;
    }
  }
  return same_memory(a, b, text, size);
}
