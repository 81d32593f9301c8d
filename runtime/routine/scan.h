/* What scan.c and its code for each dtype share. */
#ifndef QUELEA_SCAN_H
#define QUELEA_SCAN_H

#include "runtime.h"

enum { SCAN_TARGET, SCAN_INPUT, SCAN_OFFSETS };
/* Leaves that are gone through side by side, so that a sum need not wait for the one before it; and
 * lines, where these lie across the memory. */
enum { SCAN_LEAVES = 4, SCAN_SIDE = 128 };

typedef struct ScanLine {
  QlOp op;
  QlDtype from;
  bool widens; /* elements of `from` are integers or truths that become 64 bits wide */
  ScanPart part;
  int64_t lo, hi;      /* of the positions along the axis */
  char *to;            /* the target's element of position 0, or of leaf 0 */
  const char *in;      /* the input's */
  const char *offsets; /* of leaf 0 */
  int64_t to_step, in_step, offsets_step;
  /* Lines beside this one, which lie closer together than its elements do; 1: it is alone. */
  int64_t lines, to_side, in_side, offsets_side;
} ScanLine;

#endif
