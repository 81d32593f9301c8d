/* The tables: names are unique, rows agree with each other, and look-ups outside the tables are
 * answered. */
#include "../check.h"
#include "base.h"

static void dtypes(void) {
  for (int a = 0; a < QL_DTYPE_COUNT; a++) {
    const QlDtypeInfo *info = &ql_dtype_info[a];
    const QlDtypeInfo *part = &ql_dtype_info[info->part];
    CHECK_STR_EQ(ql_dtype_name((QlDtype)a), info->name);
    CHECK_INT_EQ(ql_dtype_size((QlDtype)a), info->size);
    CHECK_INT_EQ(info->size, info->kind == QL_KIND_COMPLEX ? 2 * part->size : part->size);
    CHECK_INT_EQ(part->part, info->part);
    for (int b = 0; b < a; b++) {
      CHECK(strcmp(ql_dtype_info[b].name, info->name) != 0);
      CHECK(strcmp(ql_dtype_info[b].ir, info->ir) != 0);
      CHECK(ql_dtype_info[b].kind != info->kind || ql_dtype_info[b].size < info->size);
    }
  }
}

static void operations(void) {
  for (int a = 0; a < QL_OP_COUNT; a++) {
    CHECK_STR_EQ(ql_op_name((QlOp)a), ql_op_info[a].name);
    CHECK(ql_op_info[a].arity >= 1 && ql_op_info[a].arity <= (a == QL_OP_SELECT ? 3 : 2));
    for (int b = 0; b < a; b++) CHECK(strcmp(ql_op_info[b].name, ql_op_info[a].name) != 0);
  }
}

static void reductions(void) {
  CHECK_INT_EQ(QL_REDUCE_COUNT + 1,
               sizeof ql_reduction_info / sizeof ql_reduction_info[0]); /* it is the last */
  for (int a = 0; a <= QL_REDUCE_COUNT; a++) {
    CHECK_INT_EQ(ql_op_info[ql_reduction_info[a].op].arity, 2);
    CHECK(ql_reduction_info[a].identity <= 1);
    for (int b = 0; b < a; b++)
      CHECK(strcmp(ql_reduction_info[b].name, ql_reduction_info[a].name) != 0);
  }
}

static void statuses(void) {
  CHECK_INT_EQ(QL_OK, 0);
  CHECK_STR_EQ(ql_status_exception(QL_OK), "");
  CHECK_STR_EQ(ql_status_exception(QL_ERR_INDEX), "IndexError");
  CHECK_STR_EQ(ql_status_text(QL_ERR_MEMORY), "out of memory");
  for (int status = 1; status < QL_STATUS_COUNT; status++)
    CHECK(*ql_status_exception((QlStatus)status) && *ql_status_text((QlStatus)status));
}

static void outside(void) {
  CHECK_STR_EQ(ql_dtype_name(QL_DTYPE_NONE), "none");
  CHECK_INT_EQ(ql_dtype_size(QL_DTYPE_NONE), 0);
  CHECK_STR_EQ(ql_op_name(QL_OP_COUNT), "none");
  CHECK_STR_EQ(ql_status_exception(QL_STATUS_COUNT), "SystemError");
  CHECK_STR_EQ(ql_status_text((QlStatus)-1), "unknown status");
}

CHECK_MAIN(CHECK_TEST(dtypes), CHECK_TEST(operations), CHECK_TEST(reductions), CHECK_TEST(statuses),
           CHECK_TEST(outside))
