/* What compiled code calls of the process: memory with counts of owners, and output. host.def lists
 * the functions. Any number of threads may call them. */
#include "ir.h"

#include <math.h>
#include <sleef.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

/* ---- memory ---- */

/* A block:  owner -> | owners, bytes; 64 bytes | data, aligned to 64 bytes */
typedef struct Block {
  _Alignas(JIT_OWNER_BYTES) _Atomic int64_t owners;
  size_t size;  /* with this */
  void *memory; /* of malloc, which it lies in */
} Block;
_Static_assert(sizeof(Block) == JIT_OWNER_BYTES, "data follows at once");
_Static_assert(sizeof(QlValue) == JIT_SLOT, "a slot holds any value");

static bool is_owner(int64_t owner) { return (uint64_t)owner >= JIT_NO_OWNER; }
static Block *block_of(int64_t owner) { return (Block *)(uintptr_t)owner; }

/* From LARGE bytes on a block lies in large pages, where the system has any. Each page is asked
 * for, and filled with zeros, when it is first touched, which takes as long as some loops over it:
 * so a few such blocks that were given back are kept for the next that fit. */
enum { LARGE = 4 << 20, LARGE_PAGE = 2 << 20, KEPT = 4, KEPT_BYTES = 256 << 20 };
/* They begin at different places within a page, so that streams through several do not alias one
 * another's low address bits. */
enum { COLOURS = 8, COLOUR_BYTES = 10 * JIT_OWNER_BYTES };
static struct {
  atomic_flag busy;
  int count; /* the first has been there longest */
  size_t bytes;
  Block *block[KEPT];
} kept = {.busy = ATOMIC_FLAG_INIT};

static void kept_enter(void) {
  while (atomic_flag_test_and_set_explicit(&kept.busy, memory_order_acquire)) continue;
}
static void kept_leave(void) { atomic_flag_clear_explicit(&kept.busy, memory_order_release); }

static Block *kept_remove(int which) {
  Block *block = kept.block[which];
  kept.count--, kept.bytes -= block->size;
  for (int k = which; k < kept.count; k++) kept.block[k] = kept.block[k + 1];
  return block;
}

/* The smallest that is as large, and not twice as large; NULL: there is none. */
static Block *take_kept(size_t size) {
  int best = -1;
  kept_enter();
  for (int k = 0; k < kept.count; k++) {
    size_t has = kept.block[k]->size;
    if (has >= size && has / 2 < size && (best < 0 || has < kept.block[best]->size)) best = k;
  }
  Block *taken = best < 0 ? NULL : kept_remove(best);
  kept_leave();
  return taken;
}

/* Keeps it, or frees it; those for which there is no more room go. */
static void give_back(Block *block) {
  Block *gone[KEPT];
  int count = 0;
  if (block->size < LARGE || block->size > KEPT_BYTES) return free(block->memory);
  kept_enter();
  while (kept.count == KEPT || (kept.count > 0 && kept.bytes + block->size > KEPT_BYTES))
    gone[count++] = kept_remove(0);
  kept.block[kept.count++] = block, kept.bytes += block->size;
  kept_leave();
  while (count > 0) free(gone[--count]->memory);
}

static void free_kept(void) {
  Block *gone[KEPT];
  int count = 0;
  kept_enter();
  while (kept.count > 0) gone[count++] = kept_remove(0);
  kept_leave();
  while (count > 0) free(gone[--count]->memory);
}

/* Of any size, other than aligned_alloc's. */
static void *new_pages(size_t size) {
  void *pages;
  return posix_memalign(&pages, LARGE_PAGE, size) ? NULL : pages;
}

static Block *new_large(size_t size) {
  static _Atomic unsigned colour;
  Block *block = take_kept(size);
  if (block) return block;
  size_t room = size + COLOURS * COLOUR_BYTES;
  char *memory = new_pages(room);
  if (!memory) {
    free_kept();
    if (!(memory = new_pages(room))) return NULL;
  }
#ifdef MADV_HUGEPAGE
  (void)madvise(memory, room / LARGE_PAGE * LARGE_PAGE, MADV_HUGEPAGE); /* it may be refused */
#endif
  block = (Block *)(void *)(memory + colour++ % COLOURS * COLOUR_BYTES);
  block->size = size, block->memory = memory;
  return block;
}

static Block *new_small(size_t size) {
  Block *block = aligned_alloc(JIT_OWNER_BYTES, size);
  if (block) block->size = size, block->memory = block;
  return block;
}

static int64_t host_allocate(int64_t bytes) {
  if (bytes < 0 || bytes > INT64_MAX - 2 * JIT_OWNER_BYTES) return 0;
  size_t size = ((size_t)bytes + 2 * JIT_OWNER_BYTES - 1) / JIT_OWNER_BYTES * JIT_OWNER_BYTES;
  Block *block = size < LARGE ? new_small(size) : new_large(size);
  if (block) atomic_init(&block->owners, 1);
  return (int64_t)(uintptr_t)block;
}

/* ---- the driver ---- */

static JitDriver *driver; /* of the process, and its slots */
static QlValue *slots;
static int64_t slot_room;

void jit_set_driver(JitDriver *drive) { driver = drive; }
QlValue jit_slot_read(QlDtype dtype, const QlValue *slot) { return ir_read(dtype, slot); }
void jit_slot_write(QlDtype dtype, QlValue *slot, QlValue value) { ir_write(dtype, slot, value); }

static int64_t host_area(int64_t count) {
  if (count > slot_room) {
    QlValue *more = realloc(slots, (size_t)count * sizeof *more);
    if (!more) return 0;
    slots = more, slot_room = count;
  }
  return (int64_t)(uintptr_t)slots;
}

static int64_t host_drive(int64_t what) { return driver((JitDrive)(what & 255), what >> 8, slots); }

static void drive_owner(JitDrive what, int64_t owner) {
  QlValue given[2] = {{.i = 0}, {.i = owner & ~(int64_t)JIT_OWNER_ARRAY}};
  (void)driver(what, 2, given);
}

/* ---- what nests raise ---- */

static JitFailure failure;
static atomic_flag failing = ATOMIC_FLAG_INIT;

bool jit_fails_before(const JitFailure *a, const JitFailure *b) {
  if (!a->what || !b->what) return a->what != 0;
  int64_t x = a->what >> JIT_FAIL_BITS, y = b->what >> JIT_FAIL_BITS;
  if (x != y) return x < y;
  return a->iteration != b->iteration ? a->iteration < b->iteration : a->what < b->what;
}

static void host_fail(int64_t iteration, int64_t what) {
  JitFailure mine = {what, iteration};
  while (atomic_flag_test_and_set_explicit(&failing, memory_order_acquire)) continue;
  if (jit_fails_before(&mine, &failure)) failure = mine;
  atomic_flag_clear_explicit(&failing, memory_order_release);
}

JitFailure jit_take_failure(void) {
  JitFailure first = failure;
  failure = (JitFailure){0};
  return first;
}

/* ---- being stopped ---- */

/* Compiled code has instructions for these two. */
static int64_t host_poll(int64_t address) { return *(volatile int64_t *)(uintptr_t)address; }
static int64_t host_frame(void) { return (int64_t)(uintptr_t)__builtin_frame_address(0); }

static int64_t host_look(int64_t frame) { return jit_stop_look(frame); }

/* ---- owners ---- */

static void host_retain(int64_t owner) {
  if (!is_owner(owner)) return;
  if (owner & JIT_OWNER_ARRAY) return drive_owner(JIT_DRIVE_RETAIN, owner);
  atomic_fetch_add_explicit(&block_of(owner)->owners, 1, memory_order_relaxed);
}

static void host_release(int64_t owner) {
  if (!is_owner(owner)) return;
  if (owner & JIT_OWNER_ARRAY) return drive_owner(JIT_DRIVE_RELEASE, owner);
  Block *block = block_of(owner);
  if (atomic_fetch_sub_explicit(&block->owners, 1, memory_order_acq_rel) == 1) give_back(block);
}

int64_t jit_allocate(int64_t bytes) { return host_allocate(bytes); }
void jit_retain(int64_t owner) { host_retain(owner); }
void jit_release(int64_t owner) { host_release(owner); }

int64_t jit_sole_bytes(int64_t owner) {
  if (!is_owner(owner) || owner & JIT_OWNER_ARRAY) return 0;
  bool is_sole = atomic_load_explicit(&block_of(owner)->owners, memory_order_acquire) == 1;
  return is_sole ? (int64_t)block_of(owner)->size : 0;
}

/* ---- output ---- */

static void write_out(const char *text, size_t size) { fwrite(text, 1, size, stdout); }

static _Atomic(JitOutput *) output = write_out; /* of the process, as its stdout is */

void jit_set_output(JitOutput *write) { output = write ? write : write_out; }

/* It may run any Python, and other threads meanwhile. */
static void put(const char *text) {
  output(text, strlen(text));
  jit_stop_resume();
}

/* As Python's repr writes it, and NumPy's str: 1e+16, of float32 1e+06, of float16 1e+03. */
static void float_text(QlDtype dtype, double value, char text[IR_DECIMAL]) {
  int scientific = dtype == QL_F16 ? 3 : dtype == QL_F32 ? 6 : 16;
  if (isnan(value))
    strcpy(text, "nan");
  else if (isinf(value))
    strcpy(text, value < 0 ? "-inf" : "inf");
  else
    ir_decimal(dtype, value, scientific, text);
}

/* The parts of a complex number are without ".0". */
static void part_text(QlDtype dtype, double value, char text[IR_DECIMAL]) {
  float_text(dtype, value, text);
  size_t length = strlen(text);
  if (length > 2 && !strcmp(text + length - 2, ".0")) text[length - 2] = 0;
}

static void host_print_b8(int64_t value) { put(value ? "True" : "False"); }

static void host_print_i64(int64_t value) {
  char text[IR_DECIMAL];
  snprintf(text, sizeof text, "%lld", (long long)value);
  put(text);
}

static void host_print_u64(uint64_t value) {
  char text[IR_DECIMAL];
  snprintf(text, sizeof text, "%llu", (unsigned long long)value);
  put(text);
}

static void host_print_f16(double value) {
  char text[IR_DECIMAL];
  float_text(QL_F16, value, text);
  put(text);
}

static void host_print_f32(double value) {
  char text[IR_DECIMAL];
  float_text(QL_F32, value, text);
  put(text);
}

static void host_print_f64(double value) {
  char text[IR_DECIMAL];
  float_text(QL_F64, value, text);
  put(text);
}

/* Inside of other parentheses it has none of its own. */
static void print_complex(QlDtype part, double re, double im, bool inside) {
  char real[IR_DECIMAL], imaginary[IR_DECIMAL], text[2 * IR_DECIMAL + 8];
  part_text(part, re, real), part_text(part, im, imaginary);
  const char *sign = imaginary[0] == '-' ? "" : "+";
  if (re == 0 && !signbit(re))
    snprintf(text, sizeof text, "%sj", imaginary);
  else
    snprintf(text, sizeof text, inside ? "%s%s%sj" : "(%s%s%sj)", real, sign, imaginary);
  put(text);
}

static void host_print_c64(double re, double im) { print_complex(QL_F32, re, im, false); }
static void host_print_c128(double re, double im) { print_complex(QL_F64, re, im, false); }
static void host_print_inside_c64(double re, double im) { print_complex(QL_F32, re, im, true); }
static void host_print_inside_c128(double re, double im) { print_complex(QL_F64, re, im, true); }

static void host_print_text(int64_t address) { put((const char *)(uintptr_t)address); }

/* ---- other shapes ---- */

/* Words: how many axes there are and are wanted, a byte each; extents and strides of the array; the
 * extents that are wanted, and room for the strides of a view. Can there be one? */
static int64_t host_reshape(int64_t address) {
  int64_t *words = (int64_t *)(uintptr_t)address, *shape = words + 1;
  int old = (int)(words[0] & 255), ndim = (int)(words[0] >> 8);
  const int64_t *stride = shape + old, *wanted = stride + old;
  return ql_reshape(old, shape, stride, ndim, wanted, shape + 2 * old + ndim);
}

/* ---- a reduction of one line ---- */

/* What it is told, and where it puts the result. */
typedef struct Line {
  _Alignas(16) char result[16];
  int64_t code; /* QlReduction, the loop's dtype, the elements', are they leaves'?: a byte each */
  char *base;
  int64_t stride, count;
} Line;

static void host_reduce(int64_t address) {
  Line *line = (Line *)(uintptr_t)address;
  QlReduction reduction = (QlReduction)(line->code & 255);
  QlDtype loop = (QlDtype)(line->code >> 8 & 255), dtype = (QlDtype)(line->code >> 16 & 255);
  if (line->count == 0) {
    QlValue identity = {.i = ql_reduction_info[reduction].identity};
    ir_write(loop, line->result, ql_convert(QL_I64, identity, loop));
    return;
  }
  JitElements in = {.at = line->base, .stride = line->stride, .dtype = dtype};
  JitElements out = {.at = line->result, .dtype = loop};
  if (line->code >> 24 & 1)
    jit_reduce_leaves(reduction, loop, &in, &out, line->count);
  else
    jit_reduce_elements(reduction, loop, &in, &out, line->count);
}

/* ---- functions of floats ----
 *
 * SLEEF's for processors without fused operations: the same bits on all. */

static double host_erf(double x) { return Sleef_cinz_erfd1_u10purec(x); }
static double host_erfc(double x) { return Sleef_cinz_erfcd1_u15purec(x); }
static double host_gamma(double x) { return Sleef_cinz_tgammad1_u10purec(x); }
static double host_lgamma(double x) { return Sleef_cinz_lgammad1_u10purec(x); }

/* To so many digits after the point, 0 or more: the decimal that is nearest, as Python's round. */
static double host_round(double x, int64_t digits) {
  enum { MOST_DIGITS = 330, ROOM = 700 }; /* of any float64, all of them */
  char text[ROOM];
  if (!isfinite(x) || digits > MOST_DIGITS) return x;
  snprintf(text, sizeof text, "%.*f", (int)QL_MAX(digits, 0), x);
  return strtod(text, NULL);
}

/* ---- the table ---- */

enum { QL_NONE = QL_DTYPE_NONE };
const IrHost ir_host[] = {
#define JIT_HOST_ROW(NAME, name, result, fresh, count, a0, a1) \
  {#name,                                                      \
   QL_##result,                                                \
   count,                                                      \
   {QL_##a0, QL_##a1},                                         \
   fresh,                                                      \
   "quelea_host_" #name,                                       \
   (void (*)(void))host_##name},
#include "host.def"
#undef JIT_HOST_ROW
};

#define BOOL_OF(value) (int64_t)(value).b
#define I64_OF(value) (value).i
#define U64_OF(value) (value).u
#define F32_OF(value) (double)(value).f
#define F64_OF(value) (value).d
#define C128_OF(value) (value).z[0], (value).z[1]
#define CALL_0(function, a0, a1) function()
#define CALL_1(function, a0, a1) function(a0##_OF(args[0]))
#define CALL_2(function, a0, a1) function(a0##_OF(args[0]), a1##_OF(args[1]))
#define GIVE_NONE(call) call
#define GIVE_F64(call) result.d = (call)
#define GIVE_I64(call) result.i = (call)

QlValue ir_host_call(JitHost host, const QlValue *args) {
  QlValue result = {.bits = {0, 0}};
  switch (host) {
#define JIT_HOST_ROW(NAME, name, result, fresh, count, a0, a1) \
  case JIT_HOST_##NAME: GIVE_##result(CALL_##count(host_##name, a0, a1)); break;
#include "host.def"
#undef JIT_HOST_ROW
    default: break;
  }
  return result;
}
