/* jit: the compiler. It knows nothing of Python, MPI or arrays in memory: it turns a function in
 * the array IR (jit/ir.md) into machine code, or interprets it. Every call is local; one Jit is
 * used by one thread at a time. Compiled kernels may be called by any number of threads.
 *
 * An IR function says what happens at one point of a rectangular domain of rank R (all points at
 * once, in array terms). Values have a dtype and a rank: 0 is uniform (the same at every point), R
 * varies over the domain. Arrays are operands $0, $1, ... seen through a load at a constant offset
 * from the point; scalars are parameters. Control flow (blocks, phi, jmp, jnz) is per point. A
 * function ends in stores. Reductions along one axis of the domain give values of the line along
 * it, of which more can be computed, once per line, and stored.
 *
 * In a domain of rank 0, of one point, instructions have an order: such a function may also reach
 * memory by address, call local functions and the host, and have loops of its own.
 *
 *   build or parse -> verify -> fold, CSE, LICM, DCE, strips -> lower to loops -> LLVM
 *   -> object code -> memory and disk cache
 */
#ifndef QUELEA_JIT_H
#define QUELEA_JIT_H

#include "base.h"

typedef struct Jit Jit;     /* a compiler with its caches */
typedef struct JitFn JitFn; /* one IR function, under construction or done; owns all its memory */
typedef struct JitKernel JitKernel; /* compiled code; lives as long as its Jit */

typedef struct JitOptions {
  const char
      *cache_folder; /* NULL or "": no disk cache. Created when missing; unusable: silently none */
  int64_t cache_bytes; /* bound of the folder's size */
  bool fastmath;       /* allow contraction and reassociation */
  bool verify;         /* verify before passes, as programs are always, and between (in debug builds
                          always) */
  int64_t fail_compile; /* fault injection: the n-th compilation fails; 0: none */
} JitOptions;

/* The options are copied. QL_ERR_MEMORY; *jit is set by success only. */
QlStatus jit_open(const JitOptions *options, Jit **jit, QlError *error);
void jit_close(Jit *jit); /* NULL is fine. Its kernels and their object code go too. */

/* ---- fn.c: building a function ----
 * Building never fails on the spot: out of memory, a wrong dtype or a value that does not exist
 * makes the function bad, and jit_verify, jit_key and jit_compile then say what was wrong first,
 * with its source. From then on calls give the reference or number 0 and add nothing. What only the
 * whole function shows (ranks, dominance, accesses, phis) is found by jit_verify. */

typedef struct JitRef {
  uint32_t id;
} JitRef; /* an SSA value of one function; id 0 is none */

typedef enum JitAccess {
  JIT_READ,
  JIT_WRITE,
  JIT_UPDATE, /* read and written at the same point */
  JIT_STREAM  /* written, and not read again while it would be in a cache */
} JitAccess;

/* How an operand moves along one axis of the domain. Only the class is part of the kernel; the byte
 * stride is an argument. */
typedef enum JitStride {
  JIT_STRIDE_ZERO, /* it does not move: broadcast */
  JIT_STRIDE_UNIT, /* one element: the last axis of a contiguous operand */
  JIT_STRIDE_ANY
} JitStride;

/* Of a domain of up to QL_MAX_DIMS axes. In memory of its own, or in a pool that outlives it. NULL:
 * out of memory. */
JitFn *jit_fn_new(int rank, QlPool *pool);
JitFn *jit_fn_copy(const JitFn *fn); /* in memory of its own */
/* A parameter of the function that is always that number, from now on. */
void jit_fn_fix(JitFn *fn, int param, QlValue value);
int jit_fn_size(const JitFn *fn); /* instructions, those of its local functions included */
/* cost.c: of a point of a nest, whose box, of so many dimensions, are the first parameters. */
typedef struct JitCost {
  int additions; /* about so many */
  bool uneven;   /* some points may cost far more than others */
} JitCost;
QlStatus jit_fn_cost(const JitFn *fn, int dims, JitCost *cost, QlError *error);
void jit_fn_free(JitFn *fn); /* what lies in a pool of others stays there */
/* Declares the next operand; returns its number. strides has `rank` entries. Operands never overlap
 * what another operand writes, except by being the same operand: the caller guarantees it. */
int jit_fn_array(JitFn *fn, QlDtype dtype, JitAccess access, const JitStride *strides);
int jit_fn_param(JitFn *fn,
                 QlDtype dtype); /* declares the next scalar parameter; returns its number */

JitRef jit_const(JitFn *fn, QlDtype dtype, QlValue value); /* rank 0 */
JitRef jit_param(JitFn *fn, int param, QlSource source);   /* rank 0 */
JitRef jit_index(JitFn *fn, int axis,
                 QlSource source); /* i64: the position in the domain; rank R */
/* The same once per line along `reduced`, for what is computed of reductions along it. */
JitRef jit_index_of_line(JitFn *fn, int axis, int reduced, QlSource source);
JitRef jit_load(JitFn *fn, int array, const int32_t *offset,
                QlSource source); /* offset in elements along each axis; NULL: 0 */
/* The same once per line along `reduced`, along which the operand does not move. */
JitRef jit_load_of_line(JitFn *fn, int array, int reduced, const int32_t *offset, QlSource source);
/* All args of the loop dtype (SELECT's condition: b8). A comparison also takes an i64 and a u64 and
 * is exact: it becomes several instructions. */
JitRef jit_op(JitFn *fn, QlOp op, int count, const JitRef *args, QlSource source);
JitRef jit_cast(JitFn *fn, JitRef value, QlDtype dtype,
                QlSource source); /* to the same dtype: the value itself */
void jit_store(JitFn *fn, int array, JitRef value,
               QlSource source); /* at the point itself, or for the line; dtype must match */

/* Reduction along `axis` of the domain, in the fixed order of contract C7. Leaves are blocks of 128
 * consecutive elements counted from the start of the axis (the box begins at a multiple of 128),
 * each in 8 interleaved accumulators (element k goes to accumulator k mod 8 in order of k; a[0..7]
 * combine as ((0+1)+(2+3))+((4+5)+(6+7)); absent ones are skipped). Leaf values combine in the
 * binary tree of a counter: push leaves left to right; two subtrees of equal size combine at once;
 * what is left at the end combines from right to left. Sums begin with zero, as NumPy's do: of what
 * has signs of zero 0 is added to the result, so that of negative zeros it is 0. */
typedef enum JitReduceForm {
  JIT_LEAVES,   /* elements -> leaf values: their operand has one element per leaf along `axis` */
  JIT_BRANCHES, /* leaf values -> branches: 128 to one by the tree, which then takes them like leaf
                   values */
  JIT_TREE,     /* leaf values -> result: every element along `axis` is a leaf value already */
  JIT_WHOLE     /* elements -> result: both at once */
} JitReduceForm;
/* Does the operand have one element per JIT_LEAF points along the axis? */
static inline bool jit_form_steps(JitReduceForm form) {
  return form == JIT_LEAVES || form == JIT_BRANCHES;
}
enum { JIT_LEAF = 128, JIT_LANES = 8 };
/* Does no order of a reduction change a bit? Sums of integers wrap, and the largest of numbers
 * without a second zero is the largest. */
static inline bool jit_any_order(QlDtype dtype) {
  return ql_dtype_info[dtype].kind <= QL_KIND_UINT;
}
static inline bool jit_has_zero(QlReduction reduction, QlDtype dtype) {
  return reduction == QL_REDUCE_SUM && !jit_any_order(dtype);
}
/* 1 * z is not z where one part is infinite or NaN, and has other signs of zeros: what NumPy begins
 * with is multiplied into the first elements before they are reduced. */
static inline bool jit_has_one(QlReduction reduction, QlDtype dtype) {
  return reduction == QL_REDUCE_PROD && ql_dtype_info[dtype].kind == QL_KIND_COMPLEX;
}
/* All reductions of a function have one form and axis. The result has the dtype of the value. It is
 * a value of the line: what is computed of it happens once per line, and is stored to operands that
 * do not move along the axis. Of JIT_LEAVES and JIT_BRANCHES results are only stored. */
JitRef jit_reduce(JitFn *fn, QlReduction reduction, JitReduceForm form, int axis, JitRef value,
                  QlSource source);

/* ---- memory by address, and calls: in functions of rank 0 ----
 * A domain of rank 0 has one point: its instructions run in the order in which they are written,
 * and may read and write any memory, and call what has effects. */

/* The element of `dtype` at base + offset: base is an i64, an address within an object in memory
 * (or at its end), offset an i64, bytes to an element of that object. It may lie at any address,
 * and be what any store before wrote. Of a bool any byte but 0 is true. */
JitRef jit_load_at(JitFn *fn, QlDtype dtype, JitRef base, JitRef offset, QlSource source);
void jit_store_at(JitFn *fn, JitRef base, JitRef offset, JitRef value, QlSource source);
/* The address of memory that is private to one run of the function, until it returns: the same
 * each time that it is asked for. Nothing is in it at first. */
JitRef jit_stack(JitFn *fn, int64_t bytes, QlSource source);

/* A function of scalars beside fn, in its module and memory. It is built by the same calls: its
 * arguments are its parameters, to be declared before it is called; it has rank 0 and no operands;
 * every way through it ends in jit_return. Names are letters, digits and _, each only once in a
 * module. Passes, printing, keys, ... take the module's first function and do all. Never NULL: when
 * it cannot be made, the module's function is bad, and is what comes back. */
JitFn *jit_fn_local(JitFn *fn, const char *name, QlDtype result);
/* A function of C, as a local function without blocks: the one of that name, of which a module has
 * one. Its name is what the linker knows it by (jit_define), so no address is a part of what is
 * compiled. Arguments and result are passed as C passes them: integers of less than 32 bits are
 * given to it as such of 32, addresses as i64. */
JitFn *jit_fn_external(JitFn *fn, const char *name, QlDtype result, int count,
                       const uint8_t *dtypes);
/* From any function of the module, the callee's own blocks included. */
JitRef jit_call(JitFn *fn, JitFn *callee, int count, const JitRef *args, QlSource source);
/* Ends the open block: with the value of a local function; with none of others, {0}. */
void jit_return(JitFn *fn, JitRef value);

/* Functions of the process that compiled code calls; host.def is the list.
 *   allocate    a new block of so many bytes: the address of its owner count, which is 1; its data
 *               begin JIT_OWNER_BYTES after that, aligned to as many. 0: out of memory
 *   retain      one owner more   release   one owner less; without owners the block is freed.
 *               Numbers below JIT_NO_OWNER are no blocks: nothing happens
 *   reduce      a line of elements, as jit_reduce_elements does, of no points too; its argument is
 *               the address of where the result goes (16 bytes), behind which lie 64-bit integers:
 *               reduction | loop << 8 | dtype << 16, address, stride and number of the elements;
 *               with 1 << 24, as jit_reduce_leaves does
 *   area        the address of so many slots of JIT_SLOT bytes, for the next `drive`; 0: no memory
 *   drive       asks who has arrays on several ranks (jit_set_driver): JitDrive | slots << 8. Its
 *               arguments are the slots from 1 on, its result is slot 0. 0, or a status: it failed
 *   fail        something of a nest is to be raised: at which iteration, and what it is |
 *               the nest's place in the program << JIT_FAIL_BITS; any thread may say so
 *   poll        the word at an address, jit_stop_word's, as it is now
 *   frame       an address in the stack frame of the function that asks
 *   look        why the function must stop (JitStopReason), where the word says so; of a frame, or
 *               INT64_MAX. It is seen, and sees, nothing of the memory of programs
 *   print_...   a value as Python's repr writes it; print_inside_...: without parentheses;
 *               print_text: the bytes before the next 0 */
typedef enum JitHost {
#define JIT_HOST_ROW(NAME, name, result, fresh, count, a0, a1) JIT_HOST_##NAME,
#include "host.def"
#undef JIT_HOST_ROW
  JIT_HOST_COUNT
} JitHost;
enum { JIT_OWNER_BYTES = 64, JIT_NO_OWNER = 4096 };
/* An owner with this bit is an array of the driver's: what it retains and releases. */
enum { JIT_OWNER_ARRAY = 1 };
enum { JIT_SLOT = 16 }; /* bytes, of any value */
JitRef jit_host(JitFn *fn, JitHost host, int count, const JitRef *args,
                QlSource source); /* number 0 of those that give nothing */

/* The same for others: what compiled code allocated they may own, and the other way round. */
int64_t jit_allocate(int64_t bytes);
void jit_retain(int64_t owner);
void jit_release(int64_t owner);
/* What a block takes to which there is no other reference; 0: there is, or it is none. */
int64_t jit_sole_bytes(int64_t owner);
/* What compiled code asks of the driver; arguments are slots of 64-bit integers, and numbers in
 * their dtype. An array is its handle, of which a new one is the caller's. `number` is 0 and a
 * handle, or 1 + whether it is weak, a dtype, and the number.
 *   RETAIN, RELEASE  handle
 *   NEW      dtype, number of axes, whether it is filled, a number, extents -> handle
 *   VIEW     handle, number of axes, extents, strides, offset (elements, from the first) -> handle
 *   UFUNC    operation, count, numbers -> handle
 *   CONVERT  handle, dtype -> handle, of a copy
 *   ASSIGN   handle, number
 *   REDUCE   reduction, handle, axes as bits, whether they stay -> handle
 *   PRODUCT  two handles, of one or two axes -> handle
 *   RESHAPE  handle, number of axes, extents -> handle, strides
 *   GET      handle, offset -> the element
 *   SET      handle, offset, number
 *   NEST     number of the nest, of dimensions, extents; operands; numbers: lower.h */
typedef enum JitDrive {
  JIT_DRIVE_RETAIN,
  JIT_DRIVE_RELEASE,
  JIT_DRIVE_NEW,
  JIT_DRIVE_VIEW,
  JIT_DRIVE_UFUNC,
  JIT_DRIVE_CONVERT,
  JIT_DRIVE_ASSIGN,
  JIT_DRIVE_REDUCE,
  JIT_DRIVE_PRODUCT,
  JIT_DRIVE_RESHAPE,
  JIT_DRIVE_GET,
  JIT_DRIVE_SET,
  JIT_DRIVE_NEST
} JitDrive;
typedef int64_t JitDriver(JitDrive what, int64_t count, QlValue *slots);
/* A slot holds a number as an element of its dtype. */
QlValue jit_slot_read(QlDtype dtype, const QlValue *slot);
void jit_slot_write(QlDtype dtype, QlValue *slot, QlValue value);
/* Of the process: there is one program. */
void jit_set_driver(JitDriver *driver);
/* What was to be raised first, of all that `fail` was told since it was asked last. */
enum { JIT_FAIL_BITS = 16 };
typedef struct JitFailure {
  int64_t what, iteration; /* what 0: nothing */
} JitFailure;
JitFailure jit_take_failure(void);
bool jit_fails_before(const JitFailure *a, const JitFailure *b);
/* ---- stop.c: compiled code that is stopped from outside ----
 * A call's second slot is the address of the word that says so. Who calls code that looks at it
 * enters before and leaves behind; one call may be in another. */
typedef enum JitStopReason { JIT_GOES_ON, JIT_INTERRUPTED, JIT_STACK_FULL } JitStopReason;
typedef struct JitStop {
  int64_t word, stopped;
} JitStop; /* of the call around */
const int64_t *jit_stop_word(void);
JitStop jit_stop_enter(void);
void jit_stop_leave(JitStop before);
void jit_stop_resume(void);           /* what was called may have let another thread run */
int64_t jit_stop_look(int64_t frame); /* JitStopReason */
/* Has a signal come for which the program is to be stopped? On the thread that called the code. */
typedef bool JitLook(void);
void jit_set_look(JitLook *look);

/* Where prints of the process go; NULL: to C's stdout, as at first. */
typedef void JitOutput(const char *text, size_t size);
void jit_set_output(JitOutput *write);

/* A state of the building of a function, to which it can go back. The open block must not have been
 * left, nor blocks from before been built, by what is taken back. */
typedef struct JitMark {
  uint32_t ins, blocks, offsets, phis, open, count;
} JitMark;
JitMark jit_mark(const JitFn *fn);
void jit_rewind(JitFn *fn, JitMark mark);

/* Control flow. A new function has one open block. Ending a block closes it; jit_block_open
 * continues in another. Not needed for straight-line code: an unended last block returns. */
typedef struct JitBlock {
  uint32_t id;
} JitBlock;
JitBlock jit_block_new(JitFn *fn);
void jit_block_open(JitFn *fn, JitBlock block);
void jit_jump(JitFn *fn, JitBlock to);
void jit_branch(JitFn *fn, JitRef condition, JitBlock if_true, JitBlock if_false);
/* A value of the open block that depends on where control came from: jit_phi_from gives it one
 * value, of its dtype and at most its rank, for each block that jumps here. */
JitRef jit_phi(JitFn *fn, QlDtype dtype, int rank);
void jit_phi_from(JitFn *fn, JitRef phi, JitBlock from, JitRef value);

/* ---- text.c, parse.c: the text form; jit/ir.md has the grammar ---- */
/* Malloc'ed; NULL: out of memory. Values are numbered as they appear, so equal functions give equal
 * texts. */
char *jit_print(const JitFn *fn);
/* *fn is the caller's to free; NULL after an error: QL_ERR_MEMORY, or QL_ERR_COMPILE and
 * LINE:COLUMN: what was expected. What the text means is not checked: jit_verify does that. */
QlStatus jit_parse(const char *text, JitFn **fn, QlError *error);

/* ---- verify.c ---- */
/* Is the function well-formed, as jit/ir.md says? What building found first; otherwise
 * QL_ERR_COMPILE with the instruction as the text form numbers it, and its source; QL_ERR_MEMORY.
 */
QlStatus jit_verify(const JitFn *fn, QlError *error);

/* ---- passes; each requires and ensures a verified function. After QL_ERR_MEMORY it can only be
 * freed ---- */
typedef QlStatus JitPass(JitFn *fn, QlError *error);
JitPass jit_fold; /* fold.c: constants, x*1, select of a constant, ...: never changes a bit of a
                     result */
JitPass
    jit_cse; /* cse.c: one computation per value; loads of operands that nothing writes included */
JitPass jit_signs;  /* signs.c: which integers are never negative; of rank 0 */
JitPass jit_licm;   /* licm.c: uniform computations move to the entry, out of loops over points */
JitPass jit_dce;    /* dce.c: what no sink needs goes */
JitPass jit_strips; /* strips.c: neighbouring iterations of a loop together; of rank 0 */
/* The sources of the loops that it has written so, and how many. */
int jit_strip_sources(const JitFn *fn, const QlSource **sources);
JitPass jit_optimise; /* pipeline.c: all of them, in order */
/* The pass of that name ("fold"), or NULL; for the test driver and for tracing. */
JitPass *jit_pass_named(const char *name);

/* ---- running ---- */

/* A call computes one box of the domain. A base is the address that the operand's element has at
 * position 0 of the domain, whether there is one or not: all but the box is the same for every box.
 * Over the points 10 to 19 of u[2:] * 2, with 8-byte elements, lo is {10}, hi {20}, and the bases
 * are those of t[0] and u[2]. */
typedef struct JitCall {
  const int64_t *lo, *hi; /* [rank] the box, half open; empty when some hi <= lo */
  char *const *base;      /* [arrays] */
  const int64_t *stride;  /* [arrays][rank] in bytes; ZERO and UNIT classes must agree */
  const QlValue *param;   /* [params] */
} JitCall;
typedef void JitEntry(const JitCall *call);

/* interp.c: the oracle. Same contract as compiled code, same bits. It verifies the function first,
 * and refuses strides that their classes deny (QL_ERR_VALUE). */
QlStatus jit_interpret(const JitFn *fn, const JitCall *call, QlError *error);

/* ---- elements.c: a few elements without a kernel, with the same bits ---- */
typedef struct JitElements {
  char *at;       /* the first; NULL: `value` at every point */
  int64_t stride; /* bytes */
  QlDtype dtype;
  QlValue value;
} JitElements;
/* Each point after the other: reads its inputs, casts them to the loop's dtypes, computes, casts,
 * stores. `out` may be an input. */
void jit_map_elements(QlOp op, QlDtype loop, int count, const JitElements *in,
                      const JitElements *out, int64_t points);
void jit_copy_elements(QlDtype loop, const JitElements *in, const JitElements *out, int64_t points);
/* start + k * step, in the dtype of `out`; of halves in float32, rounded once. */
void jit_ramp_elements(QlValue start, QlValue step, const JitElements *out, int64_t points);
/* As JIT_TREE, of at least one point. */
void jit_reduce_leaves(QlReduction reduction, QlDtype loop, const JitElements *in,
                       const JitElements *out, int64_t points);
/* As JIT_WHOLE, of at least one point; QL_REDUCE_COUNT is the sum of what is not zero. */
void jit_reduce_elements(QlReduction reduction, QlDtype loop, const JitElements *in,
                         const JitElements *out, int64_t points);

/* ---- cache.c ---- */

/* 128 bits of the function as built, the target CPU and its features, the compiler's version and
 * the options. Source positions are not part of it. Without a Jit (NULL): of the function alone,
 * the same on every processor. */
typedef struct JitKey {
  uint64_t word[2];
} JitKey;
QlStatus jit_key(const Jit *jit, const JitFn *fn, JitKey *key,
                 QlError *error);                /* fails for a bad function only */
const JitKernel *jit_find(Jit *jit, JitKey key); /* in memory only; NULL: not there */
/* The kernel of jit_key(fn) from memory or disk; otherwise compiled, and put there. The Jit owns
 * it. The function is consumed (optimised in place) but still freed by the caller. QL_ERR_MEMORY,
 * QL_ERR_COMPILE, what building found. */
QlStatus jit_compile(Jit *jit, JitFn *fn, JitKey key, const JitKernel **kernel, QlError *error);
/* For sharing within a node: the object code of a kernel, owned by the Jit; and its way, as a copy,
 * into a Jit of another process with the same target and options. Code that does not link is
 * QL_ERR_COMPILE. */
QlStatus jit_object(const JitKernel *kernel, const void **bytes, size_t *size);
QlStatus jit_install(Jit *jit, JitKey key, const void *bytes, size_t size, const JitKernel **kernel,
                     QlError *error);
JitEntry *jit_entry(const JitKernel *kernel);

typedef struct JitCounters {
  int64_t compiled, from_disk, from_memory, installed;
  double seconds_compiling;
} JitCounters;
JitCounters jit_counters(const Jit *jit);

/* For `python -m quelea info`: "LLVM 19.1.7, sapphirerapids, 512-bit vectors"; the Jit's. */
const char *jit_target(const Jit *jit);
/* For looking at a kernel: its assembly, malloc'ed; NULL after an error. The function is consumed
 * as by jit_compile. */
char *jit_assembly(Jit *jit, JitFn *fn, QlError *error);
/* The same as LLVM's text, after its passes. */
char *jit_llvm(Jit *jit, JitFn *fn, QlError *error);
/* Object code of such texts, put together, malloc'ed. QL_ERR_COMPILE, QL_ERR_MEMORY. */
QlStatus jit_assemble(Jit *jit, int count, const char *const *texts, void **object, size_t *size,
                      QlError *error);
/* Where the function of C is that compiled code calls by a name, in this process, for all that is
 * linked from now on. A name that is there already keeps its address; false: it is another one, or
 * there is no memory. */
bool jit_define(const char *name, void *address);
/* Links object code into the process, for as long as the Jit is open, and gives the address of a
 * symbol that it defines, whose name is new. */
QlStatus jit_link(Jit *jit, const char *symbol, const void *object, size_t size, void **address,
                  QlError *error);

#endif
