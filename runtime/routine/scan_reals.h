/* What integers alone have, other numbers have not: scan.c includes this with what scan_of.h wants,
 * but for these. */
#define AND(a, b) (b)
#define OR(a, b) (b)
#define XOR(a, b) (b)
#define GCD(a, b) (b)
#define EXACT 0
#include "scan_of.h"
#undef EXACT
#undef AND
#undef OR
#undef XOR
#undef GCD
