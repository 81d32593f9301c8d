/* The tables of status.def, dtype.def, ops.def and reductions.def as constant arrays, and their
 * public look-ups. */
#include "base.h"

const QlDtypeInfo ql_dtype_info[QL_DTYPE_COUNT] = {
#define QL_DTYPE(NAME, numpy, ir, ctype, size, kind, part) \
  [QL_##NAME] = {numpy, ir, size, QL_KIND_##kind, QL_##part},
#include "dtype.def"
#undef QL_DTYPE
};

#define QL_DTYPE(NAME, numpy, ir, ctype, size, kind, part) \
  _Static_assert(sizeof(ctype) == size, "size of " numpy);
#include "dtype.def"
#undef QL_DTYPE

const QlOpInfo ql_op_info[QL_OP_COUNT] = {
#define QL_OP_ROW(NAME, numpy, arity, domain, result, cost) \
  [QL_OP_##NAME] = {numpy, arity, QL_DOMAIN_##domain, QL_RESULT_##result, cost},
#include "ops.def"
#undef QL_OP_ROW
};

const QlReductionInfo ql_reduction_info[QL_REDUCE_COUNT + 1] = {
#define QL_REDUCTION(NAME, name, op, identity) [QL_REDUCE_##NAME] = {name, QL_OP_##op, identity},
#include "reductions.def"
#undef QL_REDUCTION
};

static const struct {
  const char *exception, *text;
} statuses[QL_STATUS_COUNT] = {
#define QL_STATUS(NAME, python, text) [QL_##NAME] = {python, text},
#include "status.def"
#undef QL_STATUS
};

const char *ql_dtype_name(QlDtype dtype) {
  return (unsigned)dtype < QL_DTYPE_COUNT ? ql_dtype_info[dtype].name : "none";
}

size_t ql_dtype_size(QlDtype dtype) {
  return (unsigned)dtype < QL_DTYPE_COUNT ? ql_dtype_info[dtype].size : 0;
}

const char *ql_op_name(QlOp op) {
  return (unsigned)op < QL_OP_COUNT ? ql_op_info[op].name : "none";
}

const char *ql_status_exception(QlStatus status) {
  return (unsigned)status < QL_STATUS_COUNT ? statuses[status].exception : "SystemError";
}

const char *ql_status_text(QlStatus status) {
  return (unsigned)status < QL_STATUS_COUNT ? statuses[status].text : "unknown status";
}
