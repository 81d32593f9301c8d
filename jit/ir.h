/* The inside of the compiler: every type, then the prototypes grouped under the file that defines
 * them.
 *
 * A function owns arrays of instructions, blocks and operands; an SSA value is the index of its
 * instruction. Passes rewrite arguments and rebuild block lists; an instruction that no block lists
 * is gone. Index 0 of `ins` is never used. */
#ifndef QUELEA_JIT_IR_H
#define QUELEA_JIT_IR_H

#include "jit.h"

typedef enum IrKind {
  IR_NONE,
  IR_CONST, /* value                                 rank 0 */
  IR_PARAM, /* number                                rank 0 */
  IR_INDEX, /* number: axis                          rank R, i64 */
  IR_LOAD, /* number: array, extra: offsets[rank]   rank R; 0 when every stride of the array is ZERO
            */
  IR_LOAD_AT, /* args: base, offset; count 1: mask   rank 0, as all that follows with "at" */
  IR_OP,      /* op, args                              rank: the largest of the arguments' */
  IR_CAST,    /* args[0]                               rank of the argument */
  IR_PHI,     /* extra: first, count in `phis`         rank declared */
  IR_REDUCE,  /* args[0], reduction, form, axis        rank R, of the line */
  IR_STACK,   /* number: bytes; an address, i64, rank 0 */
  IR_LANE,    /* 0, 1, 2, ... in its lanes, i64     */
  IR_SPREAD,  /* args[0] in all lanes               */
  IR_SOME,    /* is args[0] true in some lane?       b8 */
  IR_CALL,    /* number: local function, extra: first, count in `lists` */
  IR_HOST,    /* number: JitHost, extra: first, count in `lists`; of some there is no value */
  IR_STORE,   /* number: array, args[0]; no value */
  IR_STORE_AT /* args: base, offset, value; no value */
} IrKind;
enum { IR_KINDS = IR_STORE_AT + 1 };

enum { IR_STACK_BYTES = 65536 }; /* of private memory at one place */
enum { IR_MOST_LANES = 64 };
enum { IR_REDUCTIONS = QL_REDUCE_COUNT }; /* those of reductions.def before COUNT */

typedef struct IrIns {
  uint8_t kind;          /* IrKind */
  uint8_t op;            /* QlOp of IR_OP; QlReduction of IR_REDUCE */
  uint8_t dtype, rank;   /* of the value; of the stored value for sinks */
  uint8_t form;          /* IR_REDUCE: JitReduceForm */
  bool line;             /* a value of the line: of rank R, but the same at all points along */
  uint8_t axis;          /* this axis */
  uint8_t lanes;         /* of a value, or of what is stored; 0: it is a single one */
  int32_t number;        /* operand, parameter or axis; IR_PHI: its last arm, while it is built */
  uint32_t args[3];      /* instructions; those of calls lie in `lists`: ir_args finds both */
  uint32_t extra, count; /* IR_LOAD: index into `offsets`; IR_PHI: index into `phis` and how many;
                            calls: index into `lists` and how many; IR_LOAD_AT: is there a mask? */
  QlValue value;         /* IR_CONST */
  QlSource source;
} IrIns;

typedef struct IrPhi {
  uint32_t block, value, next;
} IrPhi; /* next: index of the phi's next arm, 0 at the end */

typedef enum IrEnd { IR_OPEN, IR_RET, IR_JMP, IR_JNZ } IrEnd;
typedef struct IrBlock {
  uint32_t *ins; /* instructions in order, phis first */
  uint32_t count, room;
  uint8_t end;        /* IrEnd */
  uint32_t condition; /* IR_JNZ: a b8 value; IR_RET of a local function: what it gives; else 0 */
  uint32_t to[2];     /* blocks; JNZ: if true, if false */
} IrBlock;

typedef struct IrArray {
  uint8_t dtype, access;       /* QlDtype, JitAccess */
  uint8_t stride[QL_MAX_DIMS]; /* JitStride per axis of the domain */
} IrArray;

/* clang-format off */
struct JitFn {
  QlPool *pool, own;                  /* the pool holds the function and all that it points to */
  int rank;                           /* of the domain */
  IrArray *arrays;   uint32_t array_count, array_room;
  uint8_t *params;   uint32_t param_count, param_room;   /* QlDtype */
  IrIns *ins;        uint32_t ins_count, ins_room;       /* [0] unused */
  IrBlock *blocks;   uint32_t block_count, block_room;   /* [0]: entry, no predecessor */
  int32_t *offsets;  uint32_t offset_count, offset_room; /* of loads, `rank` each */
  IrPhi *phis;       uint32_t phi_count, phi_room;       /* [0] unused */
  uint32_t *lists;   uint32_t list_count, list_room;     /* arguments of calls */
  JitFn *module;                      /* the function whose local one it is; or itself */
  JitFn **locals;    uint32_t local_count, local_room;   /* of the module */
  const char *name;  uint8_t result;  /* of a local function; NULL: it is none */
  bool external;                      /* of one: it is C's, and has no blocks */
  QlSource *strips;  uint32_t strip_count, strip_room;   /* of the module: loops in strips */
  uint32_t open;                      /* the block that building appends to */
  QlError bad;                        /* the first thing that went wrong while building */
};
/* clang-format on */

/* A rule that all passes keep: the values of rank 0 in block 0 do not depend on the point. The
 * emitter and the interpreter run them once per call, before the loops over points; everything
 * else, sinks included, runs per point. A box without points runs nothing at all. (In a domain of
 * rank 0 there is one point and every value has rank 0: instructions simply run in their order.) */

/* ---- fn.c ---- */

/* A new instruction at the end of a block; 0: out of memory. */
uint32_t ir_append(JitFn *fn, uint32_t block, const IrIns *ins);
/* Room for `need` items in *(T **)items; new ones are zero. false: out of memory, and the function
 * is bad. */
bool ir_grow(JitFn *fn, void *items, uint32_t *room, uint32_t need, size_t size);
bool ir_has_value(const IrIns *ins);
/* A function of rank 0 that reaches memory by address or calls something: an order matters. */
bool ir_is_program(const JitFn *fn);
const JitFn *ir_bad(const JitFn *fn); /* the first of a module that is bad; NULL: none is */
/* A local function at the end of the module's list; NULL: out of memory. The name is copied. */
JitFn *ir_local_new(JitFn *fn, const char *name, size_t length, QlDtype result);
/* Values of so many lanes, in the open block; lanes 0 of a load: a single one. */
JitRef ir_lane(JitFn *fn, int lanes);
JitRef ir_spread(JitFn *fn, JitRef value, int lanes);
JitRef ir_some(JitFn *fn, JitRef mask); /* a single one */
/* mask: of the lanes that are loaded; others are 0. id 0: all are. */
JitRef ir_load_lanes(JitFn *fn, QlDtype dtype, JitRef base, JitRef offset, int lanes, JitRef mask,
                     QlSource source);
/* Has it values of several lanes? Passes but dce leave such a function as it is. */
bool ir_has_lanes(const JitFn *fn);
bool ir_has_effect(const IrIns *ins); /* more than its value: it may not go, nor change its place */
int ir_arg_count(const IrIns *ins);
uint32_t *ir_args(const JitFn *fn, const IrIns *ins); /* the instructions that it takes */
IrEnd ir_end(const JitFn *fn,
             uint32_t block);             /* how it ends: an open last block returns (IR_RET) */
bool ir_has_loop(QlOp op, QlDtype loop);  /* is `loop` in the domain of `op`? */
QlDtype ir_result(QlOp op, QlDtype loop); /* the dtype of its result */
bool ir_moves(const JitFn *fn, uint32_t array); /* along some axis: loads have rank R */
bool ir_is_uniform(const JitFn *fn, uint32_t block,
                   const IrIns *ins);       /* by the rule above: run once per call */
const IrIns *ir_reduction(const JitFn *fn); /* the first; NULL: there is none */
/* Is the instruction executed once per line, when its reductions are done, instead of at each
 * point? `reduce`: the function's first one. A store is, of a value of the line, or of a uniform
 * one where the operand has one element per line. */
bool ir_of_line(const JitFn *fn, const IrIns *reduce, const IrIns *ins);
int ir_reductions(const JitFn *fn); /* how many, all of one form and axis */

/* ---- flow.c: what control flow implies ---- */

typedef struct IrFlow {
  uint32_t count;      /* blocks that the entry reaches */
  uint32_t *order;     /* [count] those, in reverse postorder: a block comes after its dominators */
  uint32_t *position;  /* [block_count] index in `order`, or UINT32_MAX */
  uint32_t *dominator; /* [block_count] the closest one; of the entry itself */
  uint32_t *tree;      /* [count] blocks, each with all that it dominates behind it, */
  uint32_t *place;     /* [block_count] where a block stands there, */
  uint32_t *size;      /* [block_count] and how many it dominates, itself included */
} IrFlow;
QlStatus ir_flow(const JitFn *fn, IrFlow *flow, QlError *error);
void ir_flow_free(IrFlow *flow);
bool ir_dominates(const IrFlow *flow, uint32_t a,
                  uint32_t b); /* reachable blocks; a block dominates itself */
bool ir_has_cycle(const JitFn *fn, const IrFlow *flow);          /* loops of its own? */
int ir_targets(const JitFn *fn, uint32_t block, uint32_t to[2]); /* successors, and how many */
/* Removes unreachable blocks and numbers the others anew; false: out of memory, nothing changed. */
bool ir_prune(JitFn *fn);

/* Values found equal to others while a pass walks: same[v] is the value that stands for v, v itself
 * at first. */
uint32_t *ir_same_new(const JitFn *fn, QlError *error); /* NULL: out of memory */
uint32_t ir_same(const uint32_t *same, uint32_t value);
/* Arguments become what stands for them: of one instruction, or everywhere, and what another stands
 * for goes. */
void ir_same_args(const JitFn *fn, const uint32_t *same, const IrIns *ins);
void ir_same_apply(JitFn *fn, const uint32_t *same);

/* ---- text.c ---- */

/* The number that the text gives to a value; 0: no block lists it. */
uint32_t ir_number(const JitFn *fn, uint32_t value);
/* The words for JitStride, JitAccess, JitReduceForm. */
enum { IR_STRIDES = 3, IR_ACCESSES = 4, IR_FORMS = 4 };
extern const char *const ir_stride_name[IR_STRIDES], *const ir_access_name[IR_ACCESSES],
                                                         *const ir_form_name[IR_FORMS];

/* ---- decimal.c ---- */

/* A finite number as the shortest decimal that reads back, "-1.5", "3.0", "1e-05": with an exponent
 * below 0.0001, and from 10^limit on; limit 0: where zeros would follow its digits. */
enum { IR_DECIMAL = 48 };
void ir_decimal(QlDtype dtype, double value, int limit, char text[IR_DECIMAL]);

/* ---- pipeline.c ---- */

/* A pass of single functions over all of a module. */
QlStatus ir_each(JitFn *fn, JitPass *pass, QlError *error);

/* jit_optimise; verify: between passes, as debug builds always do. */
QlStatus ir_optimise(JitFn *fn, bool verify, QlError *error);

/* ---- eval.c: one operation on scalars, as NumPy computes it; shared by the interpreter and the
 * folder ---- */

QlValue ir_eval(QlOp op, QlDtype loop, const QlValue *args); /* SELECT: args[0] is a bool */
/* Its parts: eval_int.c, eval_real.c, eval_complex.c. */
QlValue ir_eval_int(QlOp op, QlDtype loop, const QlValue *args);
QlValue ir_eval_real(QlOp op, QlDtype loop, const QlValue *args);
QlValue ir_eval_complex(QlOp op, QlDtype loop, const QlValue *args);
/* The same by address, for compiled code to call: elements of `loop` in, one of the op's result
 * dtype out; at most two arguments, b is not read when there is one. */
void ir_eval_elements(int32_t op, int32_t loop, const void *a, const void *b, void *result);
QlValue ir_read(QlDtype dtype, const void *element);
void ir_write(QlDtype dtype, void *element, QlValue value);
/* Bits that the dtype does not use become 0; integers are extended. */
QlValue ir_canonical(QlDtype dtype, QlValue value);
QlValue ir_reduce_combine(QlReduction reduction, QlDtype dtype, QlValue a, QlValue b);

/* ---- host.c: what functions may call of the process, by host.def ---- */

enum { IR_HOST_ARGS = 2 }; /* at most */
typedef struct IrHost {
  const char *name;           /* in the text form */
  uint8_t result;             /* QlDtype; QL_DTYPE_NONE: it gives nothing */
  uint8_t count;              /* of arguments */
  uint8_t args[IR_HOST_ARGS]; /* their QlDtypes */
  bool fresh;                 /* its result is the address of memory that nothing else knows */
  const char *symbol;
  void (*address)(void);
} IrHost;
extern const IrHost ir_host[JIT_HOST_COUNT];
QlValue ir_host_call(JitHost host, const QlValue *args);

/* ---- tree.c: the order of reductions, on single values ---- */
typedef struct IrTree {
  QlReduction reduction;
  QlDtype dtype;
  int depth; /* of the counter: subtrees waiting, sizes falling */
  QlValue lanes[JIT_LANES];
  QlValue value[64];
  int64_t size[64];
} IrTree;
void ir_tree_element(IrTree *tree, int64_t k, QlValue value); /* number k of a leaf, in order */
QlValue ir_tree_leaf(IrTree *tree, int64_t count);            /* of a leaf of so many */
void ir_tree_push(IrTree *tree, QlValue value);               /* the next leaf's */
QlValue ir_tree_branch(IrTree *tree);                         /* of all that was pushed */
QlValue ir_tree_finish(IrTree *tree);                         /* the result, of all of it */

/* ---- math.c: which function computes a transcendental, for the emitter and for ir_eval: equal
 * bits at every width
 * ---- */
typedef struct IrMath {
  const char *scalar;    /* symbol of the scalar function */
  void *address;         /* the function itself */
  const char *vector[4]; /* symbols at widths 2, 4, 8, 16 elements, or NULL */
  void *vector_address[4];
} IrMath;
const IrMath *ir_math(
    QlOp op,
    QlDtype dtype); /* F32 or F64; NULL: not a library function. By the running CPU (FMA or not) */
/* The function of the parts of its complex arguments that gives the real (0) or imaginary (1) part.
 */
const IrMath *ir_math_part(QlOp op, QlDtype dtype, int part); /* C64 or C128 */

/* ---- emit.h: from here to machine code ---- */

#endif
