/* Operations on complex numbers, written once for both precisions in eval_complex.h.
 *
 * Arithmetic is NumPy's sequence of real operations. The modulus and the transcendental functions
 * are those of ir_math and ir_math_part, which compiled code calls too. */
#include "ir.h"

#include <assert.h>
#include <math.h>
#include <string.h>

static QlValue logical(bool value) { return (QlValue){.bits = {value, 0}}; }

#define REAL float
#define PAIR c
#define MEMBER f
#define PART QL_F32
#define LOOP QL_C64
#define NAME(name) name##_c64
#define LIBM(name) name##f
#include "eval_complex.h"

#define REAL double
#define PAIR z
#define MEMBER d
#define PART QL_F64
#define LOOP QL_C128
#define NAME(name) name##_c128
#define LIBM(name) name
#include "eval_complex.h"

QlValue ir_eval_complex(QlOp op, QlDtype loop, const QlValue *args) {
  return loop == QL_C64 ? eval_c64(op, args) : eval_c128(op, args);
}
