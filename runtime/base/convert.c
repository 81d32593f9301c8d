/* One element converted to another dtype, as NumPy's astype does on x86-64.
 *
 * A value is first taken to the widest form of its kind (integer word, double or complex double;
 * all exact), then to the target. Three conversions are fixed by NumPy or by the machine rather
 * than by C:
 *   - A float that an integer dtype does not hold. cvttsd2si gives the "indefinite" value, the
 *     smallest integer of its width. 8- and 16-bit targets and int32 convert to 32 bits and keep
 *     the low ones; uint32 converts to 64 bits and keeps the low ones (NumPy's loop over contiguous
 *     floats vectorises uint32 otherwise, tails excepted; strided ones and scalars do as we do).
 *     uint64 converts 2^63 and above after taking 2^63 away. The cases are written out because C
 *     leaves them undefined.
 *   - An integer to float16 goes through float32, so it rounds twice; a double rounds once.
 *   - A complex number to anything real but bool loses its imaginary part; what is not zero,
 *     NaN too, is true. */
#include "base.h"

static int32_t truncate_to_i32(double x) {
  return x > -0x1p31 - 1 && x < 0x1p31 ? (int32_t)x : INT32_MIN;
}

static int64_t truncate_to_i64(double x) {
  return x >= -0x1p63 && x < 0x1p63 ? (int64_t)x : INT64_MIN;
}

static uint64_t truncate_to_u64(double x) {
  return x >= 0x1p63 ? (uint64_t)truncate_to_i64(x - 0x1p63) ^ UINT64_C(1) << 63
                     : (uint64_t)truncate_to_i64(x);
}

/* The low bits of an integer word as an element of an integer dtype. */
static QlValue integer_element(uint64_t word, QlDtype to) {
  QlValue out = {.bits = {0, 0}};
  switch (to) {
    case QL_I8: out.i = (int8_t)word; break;
    case QL_I16: out.i = (int16_t)word; break;
    case QL_I32: out.i = (int32_t)word; break;
    case QL_I64: out.i = (int64_t)word; break;
    case QL_U8: out.u = (uint8_t)word; break;
    case QL_U16: out.u = (uint16_t)word; break;
    case QL_U32: out.u = (uint32_t)word; break;
    default: out.u = word; break;
  }
  return out;
}

static QlValue convert_integer(uint64_t word, bool with_sign, QlDtype to) {
  QlValue out = {.bits = {0, 0}};
  switch (ql_dtype_info[to].part) {
    case QL_BOOL: out.b = word != 0; break;
    case QL_F16: out.h = ql_half_from_float(with_sign ? (float)(int64_t)word : (float)word); break;
    case QL_F32:
      out.f = with_sign ? (float)(int64_t)word : (float)word;
      break; /* also C64: imaginary part 0 */
    case QL_F64: out.d = with_sign ? (double)(int64_t)word : (double)word; break;
    default: out = integer_element(word, to); break;
  }
  return out;
}

static QlValue convert_real(double x, QlDtype to) {
  QlValue out = {.bits = {0, 0}};
  switch (to) {
    case QL_BOOL: out.b = x != 0; break;
    case QL_I8:
    case QL_I16:
    case QL_I32:
    case QL_U8:
    case QL_U16: out = integer_element((uint64_t)(int64_t)truncate_to_i32(x), to); break;
    case QL_U32:
    case QL_I64: out = integer_element((uint64_t)truncate_to_i64(x), to); break;
    case QL_U64: out.u = truncate_to_u64(x); break;
    case QL_F16: out.h = ql_half_from_double(x); break;
    case QL_F32:
    case QL_C64: out.f = (float)x; break;
    default: out.d = x; break;
  }
  return out;
}

static QlValue convert_complex(double re, double im, QlDtype to) {
  QlValue out = {.bits = {0, 0}};
  switch (to) {
    case QL_BOOL: out.b = re != 0 || im != 0; break;
    case QL_C64: out.c[0] = (float)re, out.c[1] = (float)im; break;
    case QL_C128: out.z[0] = re, out.z[1] = im; break;
    default: out = convert_real(re, to); break;
  }
  return out;
}

static QlValue convert(QlDtype from, QlValue value, QlDtype to) {
  switch (from) {
    case QL_BOOL: return convert_integer(value.b, false, to);
    case QL_I8:
    case QL_I16:
    case QL_I32:
    case QL_I64: return convert_integer((uint64_t)value.i, true, to);
    case QL_U8:
    case QL_U16:
    case QL_U32:
    case QL_U64: return convert_integer(value.u, false, to);
    case QL_F16: return convert_real(ql_half_to_float(value.h), to);
    case QL_F32: return convert_real(value.f, to);
    case QL_F64: return convert_real(value.d, to);
    case QL_C64: return convert_complex(value.c[0], value.c[1], to);
    case QL_C128: return convert_complex(value.z[0], value.z[1], to);
    default: return value;
  }
}

QlValue ql_convert(QlDtype from, QlValue value, QlDtype to) {
  if (from == to) return value;
  QlFloats floats = ql_floats_enter();
  QL_FLOATS_HOLD(value);
  QlValue converted = convert(from, value, to);
  QL_FLOATS_HOLD(converted);
  ql_floats_leave(floats);
  return converted;
}

QlValue ql_scalar_as(const QlScalar *scalar, QlDtype to) {
  bool is_integer = scalar->dtype == QL_I64 || scalar->dtype == QL_U64;
  if (!scalar->weak || !is_integer || ql_dtype_info[to].kind < QL_KIND_FLOAT)
    return ql_convert(scalar->dtype, scalar->value, to);
  return ql_convert(QL_F64, ql_convert(scalar->dtype, scalar->value, QL_F64), to);
}
