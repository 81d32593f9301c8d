/* Scans of one dtype: scan.c includes this with T, NAME and what the operations do to two elements:
 * ADD, MULTIPLY, SMALLER, LARGER, AND, OR, XOR, GCD; EXACT: no order changes a bit. What takes an
 * operation is inlined where it is known. */

static ALWAYS_INLINE T NAME(combine)(QlOp op, T a, T b) {
  switch (op) {
    case QL_OP_ADD: return ADD(a, b);
    case QL_OP_MULTIPLY: return MULTIPLY(a, b);
    case QL_OP_MINIMUM: return SMALLER(a, b);
    case QL_OP_MAXIMUM: return LARGER(a, b);
    case QL_OP_BITWISE_AND: return AND(a, b);
    case QL_OP_BITWISE_OR: return OR(a, b);
    case QL_OP_GCD: return GCD(a, b);
    default: return XOR(a, b);
  }
}

/* ---- elements one after another ---- */

/* `count` elements, side by side in memory: where they lie, or copied to `room`. */
static inline const T *NAME(elements)(const ScanLine *line, const char *at, int64_t step,
                                      int64_t count, T *room) {
  if (!line->widens && step == (int64_t)sizeof(T)) return (const void *)at;
  if (line->widens)
    widen(line->from, at, step, count, room);
  else
    for (int64_t i = 0; i < count; i++) memcpy(room + i, at + i * step, sizeof(T));
  return room;
}

static inline void NAME(put)(const T *from, char *to, int64_t step, int64_t count) {
  for (int64_t i = 0; i < count; i++) memcpy(to + i * step, from + i, sizeof(T));
}

/* ---- one line ---- */

enum { NAME(GROUP) = SCAN_LEAVES * JIT_LEAF };

/* Each leaf of the group by itself; the last elements of leaves are their totals. */
static ALWAYS_INLINE void NAME(locally)(QlOp op, const T *x, int64_t count, T *y) {
  if (count == NAME(GROUP)) {
    T sum[SCAN_LEAVES];
    for (int j = 0; j < SCAN_LEAVES; j++) sum[j] = y[j * JIT_LEAF] = x[j * JIT_LEAF];
    for (int i = 1; i < JIT_LEAF; i++)
      for (int j = 0; j < SCAN_LEAVES; j++)
        y[j * JIT_LEAF + i] = sum[j] = NAME(combine)(op, sum[j], x[j * JIT_LEAF + i]);
    return;
  }
  T sum = x[0];
  for (int64_t i = 0; i < count; i++)
    y[i] = sum = i % JIT_LEAF ? NAME(combine)(op, sum, x[i]) : x[i];
}

static ALWAYS_INLINE void NAME(total)(QlOp op, const T *x, int64_t count, T *totals) {
  if (count == NAME(GROUP)) {
    T sum[SCAN_LEAVES];
    for (int j = 0; j < SCAN_LEAVES; j++) sum[j] = x[j * JIT_LEAF];
    for (int i = 1; i < JIT_LEAF; i++)
      for (int j = 0; j < SCAN_LEAVES; j++) sum[j] = NAME(combine)(op, sum[j], x[j * JIT_LEAF + i]);
    memcpy(totals, sum, sizeof sum);
    return;
  }
  for (int64_t i = 0; i < count; i++) {
    T *sum = &totals[i / JIT_LEAF];
    *sum = i % JIT_LEAF ? NAME(combine)(op, *sum, x[i]) : x[i];
  }
}

static ALWAYS_INLINE void NAME(totals)(QlOp op, const ScanLine *line) {
  T room[NAME(GROUP)], totals[SCAN_LEAVES];
  for (int64_t at = line->lo; at < line->hi; at += NAME(GROUP)) {
    int64_t count = QL_MIN(line->hi - at, NAME(GROUP)), leaves = (count + JIT_LEAF - 1) / JIT_LEAF;
    const T *x = NAME(elements)(line, line->in + at * line->in_step, line->in_step, count, room);
    NAME(total)(op, x, count, totals);
    NAME(put)(totals, line->to + at / JIT_LEAF * line->to_step, line->to_step, leaves);
  }
}

/* What comes before each leaf; before the first one that is nothing. */
static ALWAYS_INLINE void NAME(offsets)(QlOp op, const ScanLine *line) {
  T sum, next;
  memset(&sum, 0, sizeof sum);
  for (int64_t k = 0; k < line->hi; k++) {
    if (k >= line->lo) memcpy(line->to + k * line->to_step, &sum, sizeof sum);
    memcpy(&next, line->in + k * line->in_step, sizeof next);
    sum = k ? NAME(combine)(op, sum, next) : next;
  }
}

/* What comes before each of the leaves, the first of which has that number, from `offset` on; gives
 * the number of the next one. */
static ALWAYS_INLINE int64_t NAME(add_offsets)(QlOp op, int64_t leaf, int64_t count, T *offset,
                                               T *y) {
  for (int64_t i = 0; i < count; i += JIT_LEAF, leaf++) {
    int64_t end = QL_MIN(count, i + JIT_LEAF);
    for (int64_t k = i; k < end && leaf; k++) y[k] = NAME(combine)(op, *offset, y[k]);
    *offset = y[end - 1];
  }
  return leaf;
}

static ALWAYS_INLINE void NAME(whole)(QlOp op, const ScanLine *line) {
  T room[NAME(GROUP)], made[NAME(GROUP)], offset;
  int64_t at = line->lo - line->lo % JIT_LEAF, leaf = at / JIT_LEAF;
  memset(&offset, 0, sizeof offset);
  if (leaf) memcpy(&offset, line->offsets + leaf * line->offsets_step, sizeof offset);
  for (; at < line->hi; at += NAME(GROUP)) {
    int64_t count = QL_MIN(line->hi - at, NAME(GROUP)), before = QL_MAX(line->lo - at, 0);
    const T *x = NAME(elements)(line, line->in + at * line->in_step, line->in_step, count, room);
    char *to = line->to + at * line->to_step;
    bool direct = !before && line->to_step == (int64_t)sizeof(T);
    T *y = direct ? (void *)to : made;
    if (EXACT) {
      offset = y[0] = leaf ? NAME(combine)(op, offset, x[0]) : x[0];
      for (int64_t i = 1; i < count; i++) offset = y[i] = NAME(combine)(op, offset, x[i]);
      leaf += SCAN_LEAVES;
    } else {
      NAME(locally)(op, x, count, y);
      leaf = NAME(add_offsets)(op, leaf, count, &offset, y);
    }
    if (!direct) NAME(put)(y + before, to + before * line->to_step, line->to_step, count - before);
  }
}

/* ---- lines side by side ---- */

static ALWAYS_INLINE void NAME(totals_beside)(QlOp op, const ScanLine *line) {
  T room[SCAN_SIDE], sum[SCAN_SIDE];
  for (int64_t at = line->lo; at < line->hi; at++) {
    const T *x =
        NAME(elements)(line, line->in + at * line->in_step, line->in_side, line->lines, room);
    for (int64_t c = 0; c < line->lines; c++)
      sum[c] = at % JIT_LEAF ? NAME(combine)(op, sum[c], x[c]) : x[c];
    if ((at + 1) % JIT_LEAF == 0 || at + 1 == line->hi)
      NAME(put)(sum, line->to + at / JIT_LEAF * line->to_step, line->to_side, line->lines);
  }
}

static ALWAYS_INLINE void NAME(whole_beside)(QlOp op, const ScanLine *line) {
  T room[SCAN_SIDE], offset[SCAN_SIDE], sum[SCAN_SIDE], made[SCAN_SIDE];
  int64_t at = line->lo - line->lo % JIT_LEAF;
  size_t bytes = (size_t)line->lines * sizeof(T);
  for (int64_t c = 0; c < line->lines && at; c++)
    memcpy(&made[c], line->offsets + at / JIT_LEAF * line->offsets_step + c * line->offsets_side,
           sizeof(T));
  for (; at < line->hi; at++) {
    const T *x =
        NAME(elements)(line, line->in + at * line->in_step, line->in_side, line->lines, room);
    if (at % JIT_LEAF == 0) {
      memcpy(offset, made, at ? bytes : 0);
      memcpy(sum, x, bytes);
    } else {
      for (int64_t c = 0; c < line->lines; c++) sum[c] = NAME(combine)(op, sum[c], x[c]);
    }
    if (at < JIT_LEAF)
      memcpy(made, sum, bytes);
    else
      for (int64_t c = 0; c < line->lines; c++) made[c] = NAME(combine)(op, offset[c], sum[c]);
    if (at >= line->lo) NAME(put)(made, line->to + at * line->to_step, line->to_side, line->lines);
  }
}

static ALWAYS_INLINE void NAME(line)(QlOp op, const ScanLine *line) {
  if (line->part == SCAN_ADDS_TOTALS) {
    ScanLine one = *line;
    for (int64_t c = 0; c < line->lines; c++) {
      NAME(offsets)(op, &one);
      one.to += line->to_side, one.in += line->in_side;
    }
  } else if (line->lines > 1) {
    if (line->part == SCAN_TOTALS)
      NAME(totals_beside)(op, line);
    else
      NAME(whole_beside)(op, line);
  } else if (line->part == SCAN_TOTALS) {
    NAME(totals)(op, line);
  } else {
    NAME(whole)(op, line);
  }
}

static void NAME(scan)(const ScanLine *line) {
  switch (line->op) {
    case QL_OP_ADD: NAME(line)(QL_OP_ADD, line); break;
    case QL_OP_MULTIPLY: NAME(line)(QL_OP_MULTIPLY, line); break;
    case QL_OP_MINIMUM: NAME(line)(QL_OP_MINIMUM, line); break;
    case QL_OP_MAXIMUM: NAME(line)(QL_OP_MAXIMUM, line); break;
    case QL_OP_BITWISE_AND: NAME(line)(QL_OP_BITWISE_AND, line); break;
    case QL_OP_BITWISE_OR: NAME(line)(QL_OP_BITWISE_OR, line); break;
    case QL_OP_GCD: NAME(line)(QL_OP_GCD, line); break;
    default: NAME(line)(QL_OP_BITWISE_XOR, line); break;
  }
}

#undef T
#undef NAME
