/* Reads the tables that numpy_tables.py wrote: lines of words, the first of which says what the
 * others are.
 *
 *   Table table;
 *   if (!CHECK(table_open(&table, "numpy_types.txt"))) return;
 *   while (table_next(&table)) ... table.word[0] ... table.word[table.count - 1] ...
 *   table_close(&table);
 */
#ifndef QUELEA_TESTS_BASE_TABLE_H
#define QUELEA_TESTS_BASE_TABLE_H

#include "base.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TABLE_WORDS = 400 };

typedef struct Table {
  FILE *file;
  char *line; /* the words point into it: they last until the next line */
  size_t room;
  char *word[TABLE_WORDS];
  int count;
  char text[1024]; /* the line as it was, without its end */
} Table;

static inline bool table_open(Table *table, const char *name) {
  char path[4096];
  snprintf(path, sizeof path, "%s/%s", TABLES_FOLDER, name);
  *table = (Table){.file = fopen(path, "r")};
  return table->file != NULL;
}

static inline void table_close(Table *table) {
  free(table->line);
  fclose(table->file);
}

/* Takes the next line that is no comment; false at the end. */
static inline bool table_next(Table *table) {
  do {
    if (getline(&table->line, &table->room, table->file) < 0) return false;
  } while (table->line[0] == '#');
  table->line[strcspn(table->line, "\n")] = 0;
  snprintf(table->text, sizeof table->text, "%s", table->line);
  table->count = 0;
  char *rest = NULL;
  for (char *word = strtok_r(table->line, " ", &rest); word && table->count < TABLE_WORDS;
       word = strtok_r(NULL, " ", &rest))
    table->word[table->count++] = word;
  return true;
}

static inline bool table_is(const Table *table, const char *kind) {
  return strcmp(table->word[0], kind) == 0;
}

/* The dtype of a name of the IR; QL_DTYPE_NONE when there is none. */
static inline QlDtype table_dtype(const char *name) {
  for (int dtype = 0; dtype < QL_DTYPE_COUNT; dtype++)
    if (strcmp(ql_dtype_info[dtype].ir, name) == 0) return (QlDtype)dtype;
  return QL_DTYPE_NONE;
}

/* The operation of a name; QL_OP_COUNT when there is none. */
static inline QlOp table_op(const char *name) {
  int op = 0;
  while (op < QL_OP_COUNT && strcmp(ql_op_info[op].name, name) != 0) op++;
  return (QlOp)op;
}

/* One element from its hexadecimal bits, as ql_convert expects it: extended to its union member. */
static inline QlValue table_value(QlDtype dtype, const char *text) {
  QlValue value = {.bits = {0, 0}};
  uint64_t part[2] = {0, 0};
  QlDtype of = (QlDtype)ql_dtype_info[dtype].part;
  uint64_t nan = of == QL_F16 ? 0x7e00 : of == QL_F32 ? 0x7fc00000 : UINT64_C(0x7ff8000000000000);
  const char *comma = strchr(text, ',');
  part[0] = strncmp(text, "nan", 3) == 0 ? nan : strtoull(text, NULL, 16);
  if (comma) part[1] = strcmp(comma + 1, "nan") == 0 ? nan : strtoull(comma + 1, NULL, 16);
  switch (dtype) {
    case QL_I8: value.i = (int8_t)part[0]; break;
    case QL_I16: value.i = (int16_t)part[0]; break;
    case QL_I32: value.i = (int32_t)part[0]; break;
    case QL_C64: value.bits[0] = part[0] | part[1] << 32; break;
    default: value.bits[0] = part[0], value.bits[1] = part[1]; break;
  }
  return value;
}

/* Are the parts of a float's bits a NaN? */
static inline bool part_is_nan(QlDtype part, uint64_t bits) {
  if (part == QL_F16) return (bits & 0x7fff) > 0x7c00;
  if (part == QL_F32) return (bits & 0x7fffffff) > 0x7f800000;
  return part == QL_F64 && (bits & INT64_MAX) > UINT64_C(0x7ff0000000000000);
}

/* Same bits in every bit of the union, the unused ones too; but any NaN is like any other. */
static inline bool same_value(QlDtype dtype, QlValue a, QlValue b) {
  QlDtype part = (QlDtype)ql_dtype_info[dtype].part;
  uint64_t of_a[2] = {a.bits[0], a.bits[1]}, of_b[2] = {b.bits[0], b.bits[1]};
  if (dtype == QL_C64) {
    of_a[0] = (uint32_t)a.bits[0], of_a[1] = a.bits[0] >> 32;
    of_b[0] = (uint32_t)b.bits[0], of_b[1] = b.bits[0] >> 32;
    if (a.bits[1] != b.bits[1]) return false;
  }
  for (int k = 0; k < 2; k++)
    if (of_a[k] != of_b[k] && !(part_is_nan(part, of_a[k]) && part_is_nan(part, of_b[k])))
      return false;
  return true;
}

/* A Python literal of the line `literals` as a weak scalar. */
static inline QlScalar table_literal(const char *text) {
  QlScalar scalar = {.value = {.bits = {0, 0}}, .weak = true};
  size_t length = strlen(text);
  char *end;
  if (strcmp(text, "True") == 0 || strcmp(text, "False") == 0) {
    scalar.dtype = QL_BOOL, scalar.value.b = text[0] == 'T';
  } else if (strspn(text, "-0123456789") == length) {
    scalar.value.u = strtoull(text, NULL, 10); /* a minus sign wraps, as it should */
    scalar.dtype = text[0] != '-' && scalar.value.u > INT64_MAX ? QL_U64 : QL_I64;
  } else if (text[length - 1] != 'j') {
    scalar.dtype = QL_F64, scalar.value.d = strtod(text, NULL);
  } else { /* "a+bj" or "bj" */
    scalar.dtype = QL_C128, scalar.value.z[1] = strtod(text, &end);
    if (*end != 'j') scalar.value.z[0] = scalar.value.z[1], scalar.value.z[1] = strtod(end, NULL);
  }
  return scalar;
}

#endif
