/* Scans of integers, which wrap: scan.c includes this with T, U (unsigned, at least as wide as an
 * int) and NAME. */
#define ADD(a, b) (T)((U)(a) + (U)(b))
#define MULTIPLY(a, b) (T)((U)(a) * (U)(b))
#define SMALLER(a, b) ((a) < (b) ? (a) : (b))
#define LARGER(a, b) ((a) > (b) ? (a) : (b))
#define AND(a, b) (T)((a) & (b))
#define OR(a, b) (T)((a) | (b))
#define XOR(a, b) (T)((a) ^ (b))
#define IS_BELOW(a) ((T) - 1 < 1 && (a) >> (8 * (int)sizeof(T) - 1))
#define MAGNITUDE(a) (IS_BELOW(a) ? 0 - (uint64_t)(a) : (uint64_t)(a))
#define GCD(a, b) (T) gcd(MAGNITUDE(a), MAGNITUDE(b))
#define EXACT 1
#include "scan_of.h"
#undef EXACT
#undef ADD
#undef MULTIPLY
#undef SMALLER
#undef LARGER
#undef AND
#undef OR
#undef XOR
#undef GCD
#undef MAGNITUDE
#undef IS_BELOW
#undef U
