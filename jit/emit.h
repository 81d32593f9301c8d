/* The inside of the back half: from a function of the array IR to machine code.
 *
 *   emit_loops.c    the kernel as loops over the box: addresses, control flow per point
 *   emit_reduce.c   reductions in their fixed order
 *   llvm/           the only files that see LLVM's headers:
 *     ops.c         one operation on one element; ops.h lists its parts
 *     program.c     functions of rank 0: memory by address, blocks of memory, calls
 *     build.c       building blocks, modules
 *     machine.c     the processor, passes, object code      link.c   the linker
 *   cache.c         what is compiled already, in memory   disk.c   and in a folder
 *
 * A value in a register: bool is i1, integers iN, float32 and float64 themselves, float16 a float
 * that holds a float16 exactly, complex numbers a pair. In memory: bool is a byte, float16 a half,
 * complex numbers two numbers somewhere. */
#ifndef QUELEA_JIT_EMIT_H
#define QUELEA_JIT_EMIT_H

#include "ir.h"

/* LLVM's handles, under the names that its C interface gives the structures. */
typedef struct LLVMOpaqueValue *EmitRef;
typedef struct LLVMOpaqueBasicBlock *EmitBlock;
typedef struct LLVMOpaqueMetadata *EmitMetadata;

typedef struct EmitValue {
  EmitRef part[2]; /* part[1]: the imaginary part; NULL unless complex */
} EmitValue;

/* Where elements lie: the address of the (real part of the) first one, the bytes from there to its
 * imaginary part, and what the access is known not to alias: memory of one scope is disjoint from
 * that of all others. Operand k has scope k, scratch memory the one after. */
typedef struct EmitPlace {
  EmitRef address;
  int64_t imaginary;
  uint32_t scope;
  bool unaligned;            /* at any address; otherwise at multiples of their size */
  bool pairs;                /* real and imaginary part of lane after lane */
  bool streams;              /* past the caches; all lanes together at a multiple of their size */
  bool constant;             /* nothing writes them while the function runs */
  EmitMetadata fresh, other; /* lists of scopes, or NULL: the block that it lies in, those that it
                                does not lie in */
} EmitPlace;
#define EMIT_UNMARKED UINT32_MAX /* as a scope: may alias anything */
enum { EMIT_FRESH = 16 };        /* blocks of memory that are known to be nobody else's, at most */

typedef struct Emit {
  const JitFn *fn;
  const IrIns *reduction; /* the function's first; NULL: there is none */
  IrFlow flow;
  bool fastmath, masks; /* masks: vectors can be loaded and stored in part */
  bool program;         /* loops of its own, memory by address or calls: compiled as C would be */
  unsigned width;       /* elements in a register: 1, the lanes of a leaf, of an instruction */
  EmitRef present;      /* how many of them there are; NULL: all */
  bool streams;         /* stores of JIT_STREAM are whole lines, past the caches */
  EmitRef mask;         /* which of them loads and stores may touch; NULL: all */
  struct LLVMOpaqueContext *context;
  struct LLVMOpaqueModule *module;
  struct LLVMOpaqueBuilder *builder;
  EmitRef function, call;        /* the kernel and its argument, a JitCall */
  EmitRef *locals;               /* [locals] the module's functions */
  EmitBlock entry;               /* makes stack memory, then jumps to the first block */
  EmitMetadata group;            /* of the accesses of parallel loops */
  EmitMetadata *alias, *noalias; /* [arrays + 1] by scope */
  EmitRef extent[QL_MAX_DIMS], lo[QL_MAX_DIMS]; /* of the box */
  EmitValue *params;                            /* [params] of programs, read at the start */
  EmitRef *base;                                /* [arrays] at its first point */
  EmitRef *stride;                              /* [arrays * rank] bytes; NULL: 0 */
  EmitValue *values;                            /* [ins_count] of the current point */
  EmitRef *parts;    /* [2 * lists] scratch: the parts of the arguments of a call */
  bool *is_base;     /* [ins_count] is the value the base of addresses? */
  EmitRef *pointers; /* [ins_count] those as pointers */
  uint32_t fresh[EMIT_FRESH], fresh_count; /* the calls that allocate them, each once at most */
  EmitMetadata scope_of_fresh[EMIT_FRESH];
  uint32_t *before;  /* [ins_count] bit k: the value does not come from block k */
  EmitRef *load_row; /* [ins_count] of loads: the row of the point that they see */
  EmitBlock *heads,
      *tails;         /* [blocks] first and last of a block of the function, at the current point */
  EmitRef eval_slots; /* stack memory for calls to eval.c; NULL until needed */
} Emit;

/* ---- llvm/build.c: building blocks. Integers are i64. ---- */
EmitRef emit_int(Emit *e, int64_t value);
EmitRef emit_add(Emit *e, EmitRef a, EmitRef b);
EmitRef emit_sub(Emit *e, EmitRef a, EmitRef b);
EmitRef emit_mul(Emit *e, EmitRef a, EmitRef b);
EmitRef emit_and(Emit *e, EmitRef a, EmitRef b);
EmitRef emit_shift_right(Emit *e, EmitRef a, int bits);
/* From the pointer to the next multiple of a power of 2. */
EmitRef emit_bytes_to(Emit *e, EmitRef pointer, int64_t boundary);
EmitRef emit_less(Emit *e, EmitRef a, EmitRef b); /* signed */
EmitRef emit_equal(Emit *e, EmitRef a, EmitRef b);
EmitRef emit_min(Emit *e, EmitRef a, EmitRef b);
EmitRef emit_choose(Emit *e, EmitRef condition, EmitRef a, EmitRef b);
EmitRef emit_trailing_zeros(Emit *e, EmitRef a); /* a is not 0 */
EmitRef emit_tiles(Emit *e, EmitRef extent,
                   int64_t tile); /* extent / tile, rounded up; tile a power of 2 */
/* What was stored past the caches comes before all that is stored from now on. */
void emit_fence(Emit *e);
EmitRef emit_move(Emit *e, EmitRef pointer, EmitRef bytes);
EmitRef emit_displace(Emit *e, EmitRef pointer, EmitRef bytes); /* from where nothing may lie */
EmitRef emit_get_int(Emit *e, EmitRef pointer, int64_t bytes);  /* the i64 at pointer + bytes */
EmitRef emit_get_pointer(Emit *e, EmitRef pointer, int64_t bytes);
void emit_set_int(Emit *e, EmitRef pointer, EmitRef value);
void emit_mark_constant(Emit *e, EmitRef load); /* of what nothing writes */
EmitRef emit_stack(Emit *e, int64_t bytes);     /* 64-byte aligned, in the frame of the kernel */

EmitBlock emit_block(Emit *e);
EmitBlock emit_here(Emit *e);
void emit_enter(Emit *e, EmitBlock block);
void emit_jump(Emit *e, EmitBlock to);
void emit_branch(Emit *e, EmitRef condition, EmitBlock if_true, EmitBlock if_false);
void emit_return(Emit *e);
/* A single value comes in all lanes. */
void emit_phi_from(Emit *e, EmitValue phi, EmitBlock from, EmitValue value);

/* for (i = 0; i < end; i++) between open and close. */
typedef struct EmitLoop {
  EmitBlock body, exit;
  EmitRef i, end;
} EmitLoop;
typedef enum EmitLoopKind {
  EMIT_LOOP,          /* as LLVM sees fit */
  EMIT_LOOP_NEST,     /* around others: LLVM need not look at how it counts */
  EMIT_LOOP_PARALLEL, /* no iteration touches what another one writes */
  EMIT_LOOP_WHOLE,    /* parallel, and always a whole number of pairs of vectors */
  EMIT_LOOP_TAIL,     /* parallel, and always less than that: vectors under a mask */
  EMIT_LOOP_RARE      /* not worth any optimisation */
} EmitLoopKind;
EmitLoop emit_loop_open(Emit *e, EmitRef end);
void emit_loop_close(Emit *e, EmitLoop *loop, EmitLoopKind kind);

/* ---- llvm/machine.c, llvm/build.c, llvm/link.c: the target and the linker of a process ---- */
typedef struct EmitMachine EmitMachine;
/* What object code depends on beside the function: "LLVM 19.1.7, CPU, features". malloc'ed; NULL:
 * out of memory. Cheap.
 */
char *emit_machine_text(void);
const char *emit_machine_title(const char *text, char *title, size_t size); /* for people */
void emit_machine_close(EmitMachine *machine);
/* As what code is written. */
typedef enum EmitForm { EMIT_OBJECT, EMIT_ASSEMBLY, EMIT_LLVM_TEXT } EmitForm;
/* LLVM starts at the first call; *machine is then kept for the next. */
QlStatus emit_object(EmitMachine **machine, const JitFn *fn, const char *symbol, bool fastmath,
                     EmitForm form, void **bytes, size_t *size, QlError *error);
/* Of texts of LLVM's, put together; one at least. */
QlStatus emit_texts(EmitMachine **machine, int count, const char *const *texts, void **bytes,
                    size_t *size, QlError *error);
QlStatus emit_link(EmitMachine **machine, const char *symbol, const void *bytes, size_t size,
                   JitEntry **entry, QlError *error);

/* ---- llvm/values.c ---- */
EmitValue emit_phi(Emit *e, QlDtype dtype);
EmitValue emit_const(Emit *e, QlDtype dtype, QlValue value);
EmitValue emit_load(Emit *e, QlDtype dtype, EmitPlace from);
void emit_store(Emit *e, QlDtype dtype, EmitValue value, EmitPlace to);
EmitValue emit_select(Emit *e, EmitRef condition, EmitValue a, EmitValue b);
EmitRef emit_vector(Emit *e, const EmitRef *lanes); /* of e->width elements */
/* The lanes first, first + 2, ... of a vector, and of the one behind it if there is one. */
EmitValue emit_lanes(Emit *e, EmitValue value, EmitValue behind, int first);
/* All lanes of a bool or an integer combined, by the operation of a reduction. */
EmitValue emit_reduced(Emit *e, QlOp op, QlDtype dtype, EmitValue value);
EmitRef emit_all_lanes(Emit *e, EmitRef value); /* the same in each of e->width lanes */
EmitValue emit_lane_numbers(Emit *e);           /* 0, 1, 2, ... as i64 */
/* For each of e->width lanes: first + step * lane < limit? */
EmitRef emit_lanes_below(Emit *e, int64_t first, int64_t step, EmitRef limit);

/* ---- llvm/calls.c ---- */
#define EMIT_EVAL "quelea_eval" /* ir_eval_elements */
void emit_call_attribute(Emit *e, EmitRef call, const char *name);
QlStatus emit_keep_functions(
    Emit *e, QlError *error); /* when all is emitted: what the vectoriser may call */

/* ---- llvm/program.c ---- */
QlStatus emit_find_fresh(Emit *e, QlError *error); /* what is known of blocks of memory */
void emit_begin_program(Emit *e);
void emit_pointer(Emit *e,
                  uint32_t id); /* of a value that has just been computed, if it is a base */
EmitPlace emit_place_at(Emit *e, const IrIns *ins); /* of a load or store by address */
EmitValue emit_host(Emit *e, uint32_t id);
EmitValue emit_private(Emit *e, uint32_t id);
EmitValue emit_call_local(Emit *e, uint32_t id);
EmitRef emit_declare_local(Emit *e, uint32_t number); /* NULL: out of memory */
void emit_local(Emit *e); /* of e->fn into e->function, whose first block is open */
void emit_result(Emit *e, EmitValue value); /* returns it from a local function */

/* ---- llvm/ops.c ---- */
EmitValue emit_op(Emit *e, QlOp op, QlDtype loop, const EmitValue *args);
EmitValue emit_cast(Emit *e, QlDtype from, EmitValue value, QlDtype to);
bool emit_is_inline(QlOp op,
                    QlDtype loop);         /* no call, or one of functions that have vector forms */
bool emit_is_plain(QlOp op, QlDtype loop); /* no call at all */

/* ---- emit_loops.c ---- */

/* Where a loop nest is. */
typedef struct EmitPoint {
  EmitRef *row; /* [arrays] address of each operand at the point, the last axis left out */
  EmitRef position[QL_MAX_DIMS]; /* in the box */
} EmitPoint;
/* Takes the value that a reduction gets at a point. */
typedef void EmitSink(Emit *e, void *data, const IrIns *reduce, EmitValue value);

QlStatus emit_kernel(Emit *e, QlError *error);
EmitPlace emit_place_of_param(Emit *e, uint32_t number,
                              EmitRef params); /* of those that params points to */
EmitPoint emit_point_new(Emit *e,
                         EmitRef *rows); /* the box's first point; rows: [arrays] of the caller */
void emit_point_move(Emit *e, EmitPoint *point, const EmitPoint *from, int axis,
                     EmitRef position); /* not along the last axis */
void emit_point_rows(
    Emit *e,
    const EmitPoint *point); /* fills e->load_row: done outside the loop over the last axis */
void emit_point(Emit *e, const EmitPoint *point, EmitSink *sink,
                void *data); /* everything that happens at a point */
/* What happens once per line, or leaf: its reductions are in e->values, its rows in e->load_row. */
void emit_line_rows(Emit *e, const EmitPoint *line);
void emit_line(Emit *e, const EmitPoint *line);
EmitRef emit_element(Emit *e, uint32_t array, EmitRef row, EmitRef last, int32_t offset);
/* Of how many elements are two vectors? 0: when a loop over the last axis had better not be split
 * into whole vectors and a tail, since LLVM would not use masks for the tail. */
int64_t emit_pair(const Emit *e);
/* How many neighbouring points of the last axis can emit_point compute as one vector, which it does
 * if e->width says so? JIT_LANES, in any order perhaps more, or 0: none. */
int emit_lanes_of(const Emit *e, bool any_order);

/* ---- emit_reduce.c ---- */
enum {
  EMIT_LANES = 64,
  EMIT_LEAVES = 4,
  EMIT_ROWS = 8
}; /* the most lanes; leaves, rows at a time */
/* All reductions of the function, its stores along with them. rows: [(rank + 2 + EMIT_ROWS) *
 * arrays] of scratch. */
QlStatus emit_reductions(Emit *e, EmitRef *rows, QlError *error);

/* ---- disk.c ---- */
typedef struct Disk {
  char *folder;    /* NULL: there is none, every call does nothing */
  int64_t limit;   /* bytes */
  int64_t unswept; /* bytes written since the folder was last measured; negative: it never was */
} Disk;
void disk_open(Disk *disk, const char *folder, int64_t limit);
void disk_close(Disk *disk);
bool disk_read(const Disk *disk, JitKey key, void **bytes,
               size_t *size); /* malloc'ed; false: not there, or damaged */
void disk_write(Disk *disk, JitKey key, const void *bytes, size_t size);

#endif
