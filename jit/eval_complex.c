/* Operations on complex numbers, written once for both precisions in eval_complex.h.
 *
 * Arithmetic is NumPy's sequence of real operations. Transcendental functions are those of the C
 * library, as in NumPy; the modulus is ir_math's hypot, so that compiled code can call it for
 * vectors. Compiled code has instructions for the arithmetic and calls ir_eval_elements for the
 * rest. */
#include "ir.h"

#include <assert.h>
#include <complex.h>
#include <math.h>
#include <string.h>

static QlValue logical(bool value) { return (QlValue){.bits = {value, 0}}; }

#define REAL float
#define COMPLEX float _Complex
#define PAIR c
#define MEMBER f
#define PART QL_F32
#define NAME(name) name##_c64
#define LIBM(name) name##f
#define LITERAL(x) x##f
#include "eval_complex.h"

#define REAL double
#define COMPLEX double _Complex
#define PAIR z
#define MEMBER d
#define PART QL_F64
#define NAME(name) name##_c128
#define LIBM(name) name
#define LITERAL(x) x
#include "eval_complex.h"

QlValue ir_eval_complex(QlOp op, QlDtype loop, const QlValue *args) {
  return loop == QL_C64 ? eval_c64(op, args) : eval_c128(op, args);
}
