/* Values: their types in registers and in memory, constants, loads and stores, lanes of vectors. */
#include "ops.h"

#include <string.h>

/* ---- types ---- */

LLVMTypeRef emit_widen(Emit *e, LLVMTypeRef type) {
  return e->width > 1 ? LLVMVectorType(type, e->width) : type;
}

/* The type of a real dtype in a register and in memory. */
LLVMTypeRef emit_type(Emit *e, QlDtype dtype) {
  switch (dtype) {
    case QL_BOOL: return emit_widen(e, LLVMInt1TypeInContext(e->context));
    case QL_F16:
    case QL_F32: return emit_widen(e, LLVMFloatTypeInContext(e->context));
    case QL_F64: return emit_widen(e, LLVMDoubleTypeInContext(e->context));
    default: return emit_widen(e, LLVMIntTypeInContext(e->context, bits_of(dtype)));
  }
}

static LLVMTypeRef memory_type(Emit *e, QlDtype dtype) {
  if (dtype == QL_BOOL) return emit_widen(e, LLVMInt8TypeInContext(e->context));
  return dtype == QL_F16 ? emit_widen(e, LLVMHalfTypeInContext(e->context)) : emit_type(e, dtype);
}

static EmitRef splat(Emit *e, EmitRef constant) {
  EmitRef lanes[EMIT_LANES];
  if (e->width == 1) return constant;
  for (unsigned lane = 0; lane < e->width; lane++) lanes[lane] = constant;
  return LLVMConstVector(lanes, e->width);
}

/* A number in the register type of a real dtype. */
EmitRef emit_number(Emit *e, QlDtype dtype, double value) {
  LLVMTypeRef type = emit_type(&(Emit){.context = e->context, .width = 1}, dtype);
  if (kind_of(dtype) == QL_KIND_FLOAT) return splat(e, LLVMConstReal(type, value));
  return splat(e, LLVMConstInt(type, (uint64_t)(int64_t)value, true));
}

EmitRef emit_truth(Emit *e, bool value) {
  return splat(e, LLVMConstInt(LLVMInt1TypeInContext(e->context), value, false));
}

EmitValue emit_phi(Emit *e, QlDtype dtype) {
  LLVMTypeRef type = emit_type(e, ql_dtype_info[dtype].part);
  EmitValue phi = real(LLVMBuildPhi(e->builder, type, ""));
  if (kind_of(dtype) == QL_KIND_COMPLEX) phi.part[1] = LLVMBuildPhi(e->builder, type, "");
  return phi;
}

EmitValue emit_const(Emit *e, QlDtype dtype, QlValue value) {
  switch (dtype) {
    case QL_BOOL: return real(emit_truth(e, value.b));
    case QL_F16: return real(emit_number(e, QL_F16, ql_half_to_float(value.h)));
    case QL_F32: return real(emit_number(e, QL_F32, value.f));
    case QL_F64: return real(emit_number(e, QL_F64, value.d));
    case QL_C64:
      return (EmitValue){{emit_number(e, QL_F32, value.c[0]), emit_number(e, QL_F32, value.c[1])}};
    case QL_C128:
      return (EmitValue){{emit_number(e, QL_F64, value.z[0]), emit_number(e, QL_F64, value.z[1])}};
    default:
      return real(
          splat(e, LLVMConstInt(LLVMIntTypeInContext(e->context, bits_of(dtype)), value.u, false)));
  }
}

EmitValue emit_select(Emit *e, EmitRef condition, EmitValue a, EmitValue b) {
  EmitValue result = real(CHOOSE(condition, a.part[0], b.part[0]));
  if (a.part[1]) result.part[1] = CHOOSE(condition, a.part[1], b.part[1]);
  return result;
}

/* ---- memory ---- */

static void mark_streamed(Emit *e, EmitRef store) {
  static const char name[] = "nontemporal";
  EmitMetadata one =
      LLVMValueAsMetadata(LLVMConstInt(LLVMInt32TypeInContext(e->context), 1, false));
  LLVMSetMetadata(store, LLVMGetMDKindIDInContext(e->context, name, sizeof name - 1),
                  LLVMMetadataAsValue(e->context, LLVMMDNodeInContext2(e->context, &one, 1)));
}

static void mark_access(Emit *e, EmitRef access, const EmitPlace *place, QlDtype part) {
  unsigned align = place->unaligned ? 1 : ql_dtype_info[part].size;
  if (!LLVMIsACallInst(access)) LLVMSetAlignment(access, place->streams ? align * e->width : align);
  if (place->streams) mark_streamed(e, access);
  if (place->constant) emit_mark_constant(e, access);
  static const char *const names[] = {"alias.scope", "noalias", "llvm.access.group"};
  EmitMetadata nodes[] = {place->fresh, place->other, NULL};
  if (place->scope != EMIT_UNMARKED) {
    nodes[0] = e->alias[place->scope], nodes[1] = e->noalias[place->scope];
    nodes[2] = e->group;
  }
  for (int n = 0; n < 3; n++) {
    if (!nodes[n]) continue;
    LLVMSetMetadata(access,
                    LLVMGetMDKindIDInContext(e->context, names[n], (unsigned)strlen(names[n])),
                    LLVMMetadataAsValue(e->context, nodes[n]));
  }
}

/* The lanes of the mask; zeros in the others, whose memory need not exist. */
static EmitRef masked_load(Emit *e, LLVMTypeRef type, unsigned align, EmitRef mask,
                           EmitRef address) {
  static const char name[] = "llvm.masked.load";
  LLVMTypeRef index = LLVMInt32TypeInContext(e->context);
  LLVMTypeRef overload[] = {type, LLVMTypeOf(address)};
  LLVMTypeRef signature = LLVMFunctionType(
      type, (LLVMTypeRef[]){LLVMTypeOf(address), index, LLVMTypeOf(mask), type}, 4, false);
  EmitRef args[] = {address, LLVMConstInt(index, align, false), mask, LLVMConstNull(type)};
  unsigned id = LLVMLookupIntrinsicID(name, sizeof name - 1);
  EmitRef function = LLVMGetIntrinsicDeclaration(e->module, id, overload, 2);
  return LLVMBuildCall2(e->builder, signature, function, args, 4, "");
}

/* Of the lanes of e->mask. */
static EmitRef masked_store(Emit *e, QlDtype part, EmitRef value, EmitRef address) {
  static const char name[] = "llvm.masked.store";
  LLVMTypeRef index = LLVMInt32TypeInContext(e->context), type = LLVMTypeOf(value);
  LLVMTypeRef overload[] = {type, LLVMTypeOf(address)};
  LLVMTypeRef signature = LLVMFunctionType(
      LLVMVoidTypeInContext(e->context),
      (LLVMTypeRef[]){type, LLVMTypeOf(address), index, LLVMTypeOf(e->mask)}, 4, false);
  EmitRef args[] = {value, address, LLVMConstInt(index, ql_dtype_info[part].size, false), e->mask};
  unsigned id = LLVMLookupIntrinsicID(name, sizeof name - 1);
  EmitRef function = LLVMGetIntrinsicDeclaration(e->module, id, overload, 2);
  return LLVMBuildCall2(e->builder, signature, function, args, 4, "");
}

static EmitRef load_part(Emit *e, QlDtype part, const EmitPlace *from, EmitRef address) {
  LLVMTypeRef type = memory_type(e, part);
  unsigned align = from->unaligned ? 1 : ql_dtype_info[part].size;
  EmitRef value = e->mask ? masked_load(e, type, align, e->mask, address)
                          : LLVMBuildLoad2(e->builder, type, address, "");
  mark_access(e, value, from, part);
  if (part == QL_BOOL)
    return LLVMBuildICmp(e->builder, LLVMIntNE, value, LLVMConstNull(LLVMTypeOf(value)), "");
  return part == QL_F16 ? LLVMBuildFPExt(e->builder, value, emit_type(e, part), "") : value;
}

static void store_part(Emit *e, QlDtype part, EmitRef value, const EmitPlace *to, EmitRef address) {
  if (part == QL_BOOL) value = LLVMBuildZExt(e->builder, value, memory_type(e, part), "");
  if (part == QL_F16) value = LLVMBuildFPTrunc(e->builder, value, memory_type(e, part), "");
  mark_access(
      e,
      e->mask ? masked_store(e, part, value, address) : LLVMBuildStore(e->builder, value, address),
      to, part);
}

/* Each lane two times, one behind the other. */
static EmitRef twice(Emit *e, EmitRef vector) {
  EmitRef places[2 * EMIT_LANES];
  LLVMTypeRef index = LLVMInt32TypeInContext(e->context);
  for (unsigned k = 0; k < 2 * e->width; k++) places[k] = LLVMConstInt(index, k / 2, false);
  return LLVMBuildShuffleVector(e->builder, vector, vector, LLVMConstVector(places, 2 * e->width),
                                "");
}

static EmitValue load_pairs(Emit *e, QlDtype part, const EmitPlace *from) {
  LLVMTypeRef pairs = LLVMVectorType(LLVMGetElementType(memory_type(e, part)), 2 * e->width);
  EmitRef mask = e->mask ? twice(e, e->mask) : NULL;
  EmitValue loaded = real(mask ? masked_load(e, pairs, 1, mask, from->address)
                               : LLVMBuildLoad2(e->builder, pairs, from->address, ""));
  mark_access(e, loaded.part[0], from, part);
  return (EmitValue){
      {emit_lanes(e, loaded, real(NULL), 0).part[0], emit_lanes(e, loaded, real(NULL), 1).part[0]}};
}

static void store_pairs(Emit *e, QlDtype part, EmitValue value, const EmitPlace *to) {
  EmitRef places[2 * EMIT_LANES];
  LLVMTypeRef index = LLVMInt32TypeInContext(e->context);
  for (unsigned lane = 0; lane < e->width; lane++)
    for (unsigned k = 0; k < 2; k++)
      places[2 * lane + k] = LLVMConstInt(index, lane + k * e->width, false);
  EmitRef pairs = LLVMBuildShuffleVector(e->builder, value.part[0], value.part[1],
                                         LLVMConstVector(places, 2 * e->width), "");
  mark_access(e, LLVMBuildStore(e->builder, pairs, to->address), to, part);
}

EmitValue emit_load(Emit *e, QlDtype dtype, EmitPlace from) {
  QlDtype part = (QlDtype)ql_dtype_info[dtype].part;
  if (part != dtype && from.pairs) return load_pairs(e, part, &from);
  EmitValue value = real(load_part(e, part, &from, from.address));
  if (part != dtype)
    value.part[1] =
        load_part(e, part, &from, emit_move(e, from.address, emit_int(e, from.imaginary)));
  return value;
}

void emit_store(Emit *e, QlDtype dtype, EmitValue value, EmitPlace to) {
  QlDtype part = (QlDtype)ql_dtype_info[dtype].part;
  if (part != dtype && to.pairs) {
    store_pairs(e, part, value, &to);
    return;
  }
  store_part(e, part, value.part[0], &to, to.address);
  if (part != dtype)
    store_part(e, part, value.part[1], &to, emit_move(e, to.address, emit_int(e, to.imaginary)));
}

/* ---- lanes ---- */

EmitValue emit_lanes(Emit *e, EmitValue value, EmitValue behind, int first) {
  EmitRef lanes[EMIT_LANES];
  LLVMTypeRef index = LLVMInt32TypeInContext(e->context);
  for (unsigned lane = 0; lane < e->width; lane++)
    lanes[lane] = LLVMConstInt(index, (unsigned)first + 2 * lane, false);
  for (int k = 0; k < 2 && value.part[k]; k++) {
    EmitRef part = value.part[k],
            other = behind.part[k] ? behind.part[k] : LLVMGetPoison(LLVMTypeOf(part));
    value.part[k] = e->width == 1 ? LLVMBuildExtractElement(e->builder, part, lanes[0], "")
                                  : LLVMBuildShuffleVector(e->builder, part, other,
                                                           LLVMConstVector(lanes, e->width), "");
  }
  return value;
}

EmitValue emit_reduced(Emit *e, QlOp op, QlDtype dtype, EmitValue value) {
  bool is_bool = dtype == QL_BOOL, is_signed = kind_of(dtype) == QL_KIND_INT;
  const char *name;
  switch (op) {
    case QL_OP_MULTIPLY:
      name = is_bool ? "llvm.vector.reduce.and" : "llvm.vector.reduce.mul";
      break;
    case QL_OP_MINIMUM:
      name = is_bool     ? "llvm.vector.reduce.and"
             : is_signed ? "llvm.vector.reduce.smin"
                         : "llvm.vector.reduce.umin";
      break;
    case QL_OP_MAXIMUM:
      name = is_bool     ? "llvm.vector.reduce.or"
             : is_signed ? "llvm.vector.reduce.smax"
                         : "llvm.vector.reduce.umax";
      break;
    case QL_OP_LOGICAL_AND: name = "llvm.vector.reduce.and"; break;
    case QL_OP_LOGICAL_OR: name = "llvm.vector.reduce.or"; break;
    default: name = is_bool ? "llvm.vector.reduce.or" : "llvm.vector.reduce.add"; break;
  }
  LLVMTypeRef vector = LLVMTypeOf(value.part[0]), element = LLVMGetElementType(vector);
  EmitRef function =
      LLVMGetIntrinsicDeclaration(e->module, LLVMLookupIntrinsicID(name, strlen(name)), &vector, 1);
  return real(LLVMBuildCall2(e->builder, LLVMFunctionType(element, &vector, 1, false), function,
                             value.part, 1, ""));
}

EmitRef emit_vector(Emit *e, const EmitRef *lanes) {
  EmitRef vector = LLVMGetPoison(emit_widen(e, LLVMTypeOf(lanes[0])));
  for (unsigned lane = 0; lane < e->width; lane++)
    vector = LLVMBuildInsertElement(e->builder, vector, lanes[lane], emit_int(e, lane), "");
  return vector;
}

EmitRef emit_all_lanes(Emit *e, EmitRef value) {
  if (e->width == 1) return value;
  LLVMTypeRef type = emit_widen(e, LLVMTypeOf(value)), index = LLVMInt32TypeInContext(e->context);
  EmitRef first =
      LLVMBuildInsertElement(e->builder, LLVMGetPoison(type), value, LLVMConstNull(index), "");
  return LLVMBuildShuffleVector(e->builder, first, LLVMGetPoison(type),
                                LLVMConstNull(emit_widen(e, index)), "");
}

EmitValue emit_lane_numbers(Emit *e) {
  EmitRef lanes[EMIT_LANES];
  for (unsigned lane = 0; lane < e->width; lane++) lanes[lane] = emit_int(e, lane);
  return real(LLVMConstVector(lanes, e->width));
}

/* In bytes: of lanes of 64 bits a mask for eight float32 would take a register of 512 bits, and
 * those of bytes eight of them. */
EmitRef emit_lanes_below(Emit *e, int64_t first, int64_t step, EmitRef limit) {
  enum { MOST = 127 };
  EmitRef lanes[EMIT_LANES];
  LLVMTypeRef byte = LLVMInt8TypeInContext(e->context);
  if (e->width == 1) return emit_less(e, emit_int(e, first), limit);
  for (unsigned lane = 0; lane < e->width; lane++)
    lanes[lane] = LLVMConstInt(byte, (uint64_t)(first + step * lane), false);
  EmitRef small = LLVMBuildTrunc(e->builder, emit_min(e, limit, emit_int(e, MOST)), byte, "");
  return LLVMBuildICmp(e->builder, LLVMIntSLT, LLVMConstVector(lanes, e->width),
                       emit_all_lanes(e, small), "");
}
