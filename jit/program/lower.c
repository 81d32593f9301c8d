/* One translation, from the tree to a function of the IR: arguments in, calls between functions,
 * what is raised, results out. */
#include "lower.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

enum { MOST_DEPTH = 40 }; /* of calls that are lowered inline */

/* ---- memory, texts, refusals ---- */

void *low_get(Lower *l, size_t bytes) {
  void *zeros = ql_pool_zeros(l->pool, bytes);
  if (!zeros) longjmp(l->no_memory, 1);
  return zeros;
}

const char *low_text(Lower *l, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  char text[512];
  int size = vsnprintf(text, sizeof text, format, arguments);
  va_end(arguments);
  char *copy = low_get(l, sizeof text);
  memcpy(copy, text, (size_t)QL_MIN(size, (int)sizeof text - 1));
  return copy;
}

bool low_is_library(const Node *function) { return strchr(function->text, '.') != NULL; }

static JitPlace place_of(const Lower *l, const Node *node) {
  const Frame *frame = l->frame;
  for (; frame && frame->caller && low_is_library(frame->function); frame = frame->caller)
    node = frame->call;
  return (JitPlace){frame ? frame->function->number : 0, node->line, node->column};
}

static bool same_place(JitPlace a, JitPlace b) {
  return a.function == b.function && a.line == b.line && a.column == b.column;
}

Value low_refuse(Lower *l, const Node *node, const char *code, const char *text,
                 const char *advice) {
  JitPlace place = place_of(l, node);
  for (int k = 0; k < l->refusal_count; k++)
    if (same_place(l->refusals[k].place, place)) return low_unknown();
  if (!ql_pool_grow(l->pool, &l->refusals, l->refusal_count, &l->refusal_room, sizeof *l->refusals))
    longjmp(l->no_memory, 1);
  l->refusals[l->refusal_count++] = (JitRefusal){code, text, advice, place};
  return low_unknown();
}

JitRef low_text_address(Lower *l, const char *text) {
  int k = 0;
  if (l->nest)
    low_refuse(l, l->at, "QJ407", "print in a loop over distributed arrays", "print outside of it");
  while (k < l->text_count && strcmp(l->text[k], text)) k++;
  if (k == l->text_count) {
    if (!ql_pool_grow(l->pool, &l->text, k, &l->text_room, sizeof *l->text))
      longjmp(l->no_memory, 1);
    l->text[l->text_count++] = text;
  }
  return jit_load_at(l->fn, QL_I64, l->texts, low_const(l, k * (int64_t)sizeof(char *)),
                     low_source(l));
}

bool low_dead(const Lower *l) { return !l->frame->now; }

/* ---- raising ---- */

static int raise_number(Lower *l, const Node *node, const char *exception, const char *text) {
  JitPlace place = place_of(l, node);
  for (int k = 0; k < l->raise_count; k++)
    if (same_place(l->raises[k].place, place) && !strcmp(l->raises[k].text, text)) return k;
  if (!ql_pool_grow(l->pool, &l->raises, l->raise_count, &l->raise_room, sizeof *l->raises))
    longjmp(l->no_memory, 1);
  l->raises[l->raise_count] = (JitRaise){exception, text, place};
  return l->raise_count++;
}

static void leave_function(Lower *l) {
  if (l->fn == l->main)
    jit_jump(l->fn, l->exit);
  else
    jit_return(l->fn, jit_const(l->fn, l->local_result, (QlValue){.bits = {0, 0}}));
}

void low_raise_if(Lower *l, const Node *node, JitRef condition, const char *exception,
                  const char *text) {
  if (low_dead(l)) return;
  JitBlock on = {0};
  if (condition.id) {
    JitBlock raise = jit_block_new(l->fn);
    on = jit_block_new(l->fn);
    jit_branch(l->fn, condition, raise, on);
    jit_block_open(l->fn, raise);
  }
  low_release_all(l);
  int number = raise_number(l, node, exception, text) + 1;
  if (l->nest)
    jit_host(l->fn, JIT_HOST_FAIL, 2,
             (JitRef[]){low_nest_iteration(l), low_nest_failure(l, number)}, low_source(l));
  else
    jit_store_at(l->fn, l->results, low_const(l, 0), low_const(l, number), low_source(l));
  leave_function(l);
  l->raised = true;
  if (condition.id)
    jit_block_open(l->fn, on);
  else
    l->frame->now = NULL;
}

/* ---- frames ---- */

static Frame frame_of(Lower *l, const Node *function) {
  Frame frame = {.function = function, .temporaries = l->temporary_count};
  frame.now = low_get(l, (size_t)function->variables * sizeof *frame.now + 1);
  frame.heads = low_get(l, (size_t)function->loops * sizeof *frame.heads + 1);
  return frame;
}

static int argument_count(const Node *function) {
  int count = 0;
  while (count < function->count && function->items[count]->kind == NODE_ARGUMENT) count++;
  return count;
}

/* The body in the open frame; the value that it returns, where all ways that return meet. */
static Value lower_body(Lower *l) {
  const Node *body = l->frame->function->items[l->frame->function->count - 1];
  low_block(l, body);
  if (!low_dead(l)) {
    for (int v = 0; v < l->frame->function->variables; v++)
      if (l->frame->now[v].defined != NEVER) low_release(l, &l->frame->now[v].value);
    low_leave(l, &l->frame->returns, low_none());
  }
  return low_join(l, &l->frame->returns);
}

/* ---- binding arguments ---- */

static bool is_marked(const Node *argument, NodeKind mark) {
  return argument->count && argument->items[0]->kind == mark;
}

/* Which argument a keyword names; -1: none, or it is given by its place alone. */
static int find_argument(const Node *function, int count, const char *name) {
  for (int k = 0; k < count; k++)
    if (!strcmp(function->items[k]->text, name))
      return is_marked(function->items[k], NODE_PASS) ? -1 : k;
  return -1;
}

/* The default of an argument; NULL: it has none. */
static const Node *default_of(const Node *argument) {
  const Node *last = argument->count ? argument->items[argument->count - 1] : NULL;
  bool is_mark =
      last && (last->kind == NODE_STARRED || last->kind == NODE_KEYWORD || last->kind == NODE_PASS);
  return is_mark ? NULL : last;
}

/* Puts the arguments of a call into their places; missing ones are the defaults. */
static bool bind(Lower *l, const Node *node, const Node *function, int count,
                 const Value *arguments, const char *const *keywords, Value *bound) {
  int places = argument_count(function), next = 0;
  bool rest = places && is_marked(function->items[places - 1], NODE_STARRED);
  int most = places - rest; /* by position */
  while (most && is_marked(function->items[most - 1], NODE_KEYWORD)) most--;
  bool *given = low_get(l, (size_t)places + 1);
  Value *more = low_get(l, (size_t)count * sizeof *more + 1);
  int more_count = 0;
  for (int k = 0; k < count; k++) {
    const char *keyword = keywords ? keywords[k] : NULL;
    int place = keyword ? find_argument(function, places - rest, keyword) : next++;
    if (!keyword && place >= most && rest) {
      more[more_count++] = low_settled(l, node, &arguments[k]);
      continue;
    }
    if (!keyword && place >= most) place = -1;
    if (place < 0 || place >= places || given[place]) {
      low_refuse(
          l, node, "QJ320",
          keyword
              ? low_text(l, "%s() has no argument '%s', or has it twice", function->text, keyword)
              : low_text(l, "%s() takes %d arguments, not %d", function->text, places, count),
          "call it as it is defined");
      return false;
    }
    given[place] = true, bound[place] = arguments[k];
  }
  if (rest) given[places - 1] = true, bound[places - 1] = low_tuple(l, more_count, more);
  for (int k = 0; k < places; k++) {
    if (given[k]) continue;
    if (!default_of(function->items[k])) {
      low_refuse(l, node, "QJ321",
                 low_text(l, "%s() is not given its argument '%s'", function->text,
                          function->items[k]->text),
                 "call it as it is defined");
      return false;
    }
    const Node *caller = l->frame->function;
    l->frame->function = function; /* it stands there, for what is refused of it */
    bound[k] = low_expression(l, default_of(function->items[k]));
    l->frame->function = caller;
  }
  return true;
}

/* ---- functions that call themselves ---- */

static Frame *open_frame(Lower *l, const Node *function) {
  for (Frame *frame = l->frame; frame; frame = frame->caller)
    if (frame->function == function) return frame;
  for (Frame *frame = l->outer; frame; frame = frame->outer_link)
    if (frame->function == function) return frame;
  return NULL;
}

static bool takes(const Local *local, const Node *function, int count, const JitType *types) {
  if (local->function != function || local->count != count) return false;
  for (int k = 0; k < count; k++)
    if (!low_same_type(&local->arguments[k], &types[k])) return false;
  return true;
}

static Local *find_local(Lower *l, const Node *function, int count, const JitType *types) {
  for (Local *local = l->locals; local; local = local->next)
    if (takes(local, function, count, types)) return local;
  return NULL;
}

static Value take_argument(Lower *l, const JitType *type) {
  int parts = jit_type_parts(type);
  JitRef *refs = low_get(l, ((size_t)parts + 1) * sizeof *refs);
  for (int p = 0; p < parts; p++)
    refs[p] = jit_param(l->fn, jit_fn_param(l->fn, low_part_dtype(type, p)), (QlSource){0});
  const JitRef *next = refs;
  return low_of_parts(l, type, &next);
}

/* Builds the function once, with what is known of its result; true: it is what came out. */
static bool build_local(Lower *l, Local *local, JitFn *fn) {
  Lower kept = *l;
  QlDtype result = local->result.kind == JIT_SCALAR ? (QlDtype)local->result.dtype : QL_I64;
  l->fn = fn, l->raised = false, l->temporaries = NULL, l->temporary_count = l->temporary_room = 0;
  l->local_result = result;
  l->loop_depth = 0, l->quiet = local->quiet;
  Frame frame = frame_of(l, local->function);
  frame.outer_link = kept.frame ? kept.frame : kept.outer;
  l->results = jit_param(fn, jit_fn_param(fn, QL_I64), (QlSource){0});
  l->texts = jit_param(fn, jit_fn_param(fn, QL_I64), (QlSource){0});
  for (int k = 0; k < local->count; k++) {
    JitRef ref = jit_param(fn, jit_fn_param(fn, (QlDtype)local->arguments[k].dtype), (QlSource){0});
    frame.now[k] = (Variable){.defined = ALWAYS};
    frame.now[k].value =
        low_scalar((QlDtype)local->arguments[k].dtype, local->arguments[k].weak, ref);
  }
  l->captures = low_get(l, (size_t)l->program->captures * sizeof *l->captures + 1);
  for (int k = 0; k < l->program->captures; k++) {
    JitType captured = low_type(l, &kept.captures[k]);
    l->captures[k] = take_argument(l, &captured);
  }
  l->frame = &frame, l->outer = frame.outer_link;
  low_note(l, local->function, "calls itself: a function of its own");
  JitRef results = l->results;
  low_stop_begin(l);
  low_stop_call(l, local->function);
  Value value = lower_body(l);
  JitType type = low_type(l, &value), both;
  bool joined = low_join_types(l, &local->result, &type, &both),
       held = joined && low_same_type(&both, &local->result);
  if (!low_dead(l)) {
    JitRef ref = value.kind == JIT_SCALAR && local->result.kind == JIT_SCALAR
                     ? low_ref_as(l, &value, result)
                     : jit_const(fn, result, (QlValue){.bits = {0, 0}});
    jit_return(fn, ref);
  }
  if (joined) local->result = both;
  local->raises |= l->raised;
  local->quiet = local->quiet && low_is_quiet(fn, results);
  kept.asks = true;
  kept.raises = l->raises, kept.raise_count = l->raise_count, kept.raise_room = l->raise_room;
  kept.refusals = l->refusals, kept.refusal_count = l->refusal_count,
  kept.refusal_room = l->refusal_room;
  kept.text = l->text, kept.text_count = l->text_count, kept.text_room = l->text_room;
  kept.locals = l->locals, kept.names = l->names;
  memcpy(l, &kept, offsetof(Lower, no_memory));
  return held;
}

/* Letters that the IR has for names; what has others is a function as well. */
static const char *name_of_local(Lower *l, const Node *function) {
  const char *c = function->text;
  while ((*c >= 'a' && *c <= 'z') || (*c >= 'A' && *c <= 'Z') || (*c >= '0' && *c <= '9') ||
         *c == '_')
    c++;
  return low_text(l, "%s_%d", *c ? "f" : function->text, l->names++);
}

/* First what it gives is found, in functions that are thrown away; then it is built. */
static Local *make_local(Lower *l, const Node *node, const Node *function, int count,
                         JitType *types) {
  Local *local = low_get(l, sizeof *local);
  *local = (Local){
      .function = function, .count = count, .arguments = types, .quiet = true, .next = l->locals};
  l->locals = local;
  JitFn *real_main = l->main;
  for (bool held = false; !held;) {
    JitFn *aside = jit_fn_new(0, l->pool);
    if (!aside) longjmp(l->no_memory, 1);
    l->main = aside;
    local->fn = jit_fn_local(
        aside, "aside", local->result.kind == JIT_SCALAR ? (QlDtype)local->result.dtype : QL_I64);
    bool raised = local->raises, quiet = local->quiet;
    int refusals = l->refusal_count;
    Local *inside = l->locals;
    held = build_local(l, local, local->fn) && raised == local->raises && quiet == local->quiet;
    l->locals = inside; /* those made meanwhile belong to what is thrown away */
    if (!held) l->refusal_count = refusals;
  }
  l->main = real_main;
  if (local->result.torn) low_refuse_torn(l, node, low_text(l, "what %s() gives", function->text));
  if (local->result.kind != JIT_SCALAR && local->result.kind != JIT_NONE && l->refusal_count == 0)
    low_refuse(l, node, "QJ322",
               low_text(l, "%s() calls itself, and gives %s", function->text,
                        local->result.kind == JIT_UNKNOWN ? "nothing, ever" : "more than a number"),
               "functions that call themselves take numbers and give one number");
  local->fn =
      jit_fn_local(real_main, name_of_local(l, function),
                   local->result.kind == JIT_SCALAR ? (QlDtype)local->result.dtype : QL_I64);
  if (!build_local(l, local, local->fn) && l->refusal_count == 0)
    low_refuse(
        l, node, "QJ322",
        low_text(l, "%s() calls itself, and no type holds for what it gives", function->text),
        "functions that call themselves take numbers and give one number");
  return local;
}

static Value call_local(Lower *l, const Node *node, const Node *function, int count,
                        const Value *arguments) {
  if (l->nest)
    return low_refuse(
        l, node, "QJ406",
        low_text(l, "%s() calls itself, in a loop over distributed arrays", function->text),
        "write it as a loop");
  JitType *types = low_get(l, (size_t)count * sizeof *types + 1);
  int parts = count + 2;
  for (int k = 0; k < l->program->captures; k++) {
    JitType captured = low_type(l, &l->captures[k]);
    parts += jit_type_parts(&captured);
  }
  JitRef *refs = low_get(l, (size_t)parts * sizeof *refs);
  for (int k = 0; k < count; k++) {
    types[k] = low_type(l, &arguments[k]);
    types[k].bounded = false, types[k].least = types[k].most = 0; /* it is built once for all */
    if (types[k].kind == JIT_UNKNOWN) return low_unknown();
    if (types[k].kind != JIT_SCALAR)
      return low_refuse(
          l, node, "QJ323",
          low_text(l, "%s() calls itself with %s", function->text, low_type_text(l, &arguments[k])),
          "functions that call themselves take numbers and give one number");
  }
  Local *local = find_local(l, function, count, types);
  if (!local) local = make_local(l, node, function, count, types);
  if (local->result.kind == JIT_UNKNOWN) {
    /* nothing is known of it yet: what follows is never reached in this try */
    bool raised = l->raised;
    low_raise_if(l, node, jit_const(l->fn, QL_BOOL, (QlValue){.b = true}), "RuntimeError", "never");
    l->raised = raised;
    return low_unknown();
  }
  refs[0] = l->results, refs[1] = l->texts;
  for (int k = 0; k < count; k++) refs[k + 2] = low_ref(l, &arguments[k]);
  int next = count + 2;
  for (int k = 0; k < l->program->captures; k++) {
    JitType captured = low_type(l, &l->captures[k]);
    next += low_parts(l, &captured, &l->captures[k], refs + next);
  }
  /* While one is tried aside, it may call one that is built elsewhere: what is built of that call
   * is thrown away, and only its type matters. */
  bool is_here = local->fn->module == l->fn->module;
  QlDtype dtype = local->result.kind == JIT_SCALAR ? (QlDtype)local->result.dtype : QL_I64;
  bool gives_more = local->result.kind != JIT_SCALAR && local->result.kind != JIT_NONE;
  if (gives_more) return low_unknown(); /* it is refused (make_local) */
  JitRef ref = is_here ? jit_call(l->fn, local->fn, parts, refs, low_source(l))
                       : jit_const(l->fn, dtype, (QlValue){.bits = {0, 0}});
  l->loop_count++;
  if (local->raises || !local->quiet || !l->quiet) {
    bool raised = l->raised;
    JitRef status = jit_load_at(l->fn, QL_I64, l->results, low_const(l, 0), low_source(l));
    JitBlock leave = jit_block_new(l->fn), on = jit_block_new(l->fn);
    jit_branch(l->fn, low_op(l, QL_OP_NOT_EQUAL, status, low_const(l, 0)), leave, on);
    jit_block_open(l->fn, leave);
    low_release_all(l);
    leave_function(l);
    jit_block_open(l->fn, on);
    l->raised = raised || local->raises || !l->quiet;
  }
  if (local->result.kind == JIT_NONE) return low_none();
  Value value = low_scalar((QlDtype)local->result.dtype, local->result.weak, ref);
  return low_bounded(value, &local->result);
}

/* ---- calls ---- */

static Value call_inline(Lower *l, const Node *node, const Node *function, const Value *bound) {
  Frame frame = frame_of(l, function);
  frame.caller = l->frame, frame.call = node;
  const Node *at = l->at;
  bool ours = l->ours;
  l->frame = &frame, l->depth++, l->ours = ours && low_is_library(function);
  Variable *outer = frame.caller->now;
  for (int k = 0; k < argument_count(function); k++)
    low_set(l, function->items[k]->number, bound[k]);
  frame.temporaries = l->temporary_count; /* what the arguments have made is the caller's */
  Value value = lower_body(l);
  bool returned = !low_dead(l);
  l->frame = frame.caller, l->depth--, l->at = at, l->ours = ours;
  l->frame->now = outer;
  if (returned) return low_temporary(l, &value), value;
  /* It always raises: what comes after it is built all the same, where nothing leads. */
  jit_block_open(l->fn, jit_block_new(l->fn));
  return low_unknown();
}

Value low_call(Lower *l, const Node *node, const Node *function, int count, const Value *arguments,
               const char *const *keywords) {
  if (low_dead(l)) return low_unknown();
  int places = argument_count(function);
  Value *bound = low_get(l, (size_t)places * sizeof *bound + 1);
  if (!bind(l, node, function, count, arguments, keywords, bound)) return low_unknown();
  if (open_frame(l, function)) return call_local(l, node, function, places, bound);
  if (l->depth >= MOST_DEPTH)
    return low_refuse(l, node, "QJ324", "calls are nested deeper than 40 functions",
                      "write fewer functions around each other");
  return call_inline(l, node, function, bound);
}

/* ---- the whole ---- */

static JitType lent(Lower *l, const JitType *type) {
  JitType copy = *type;
  copy.lent = type->kind == JIT_ARRAY;
  l->trees |= type->kind == JIT_ARRAY && type->ours;
  copy.ours = false; /* what is made of it is imported by who calls */
  l->ranks |= type->kind == JIT_ARRAY && type->place == JIT_ON_RANKS;
  if (type->kind != JIT_TUPLE) return copy;
  copy.items = low_get(l, (size_t)type->count * sizeof *copy.items + 1);
  for (int k = 0; k < type->count; k++) copy.items[k] = lent(l, &type->items[k]);
  return copy;
}

static void give_results(Lower *l, const Value *value, JitType *type) {
  *type = low_type(l, value);
  int parts = jit_type_parts(type);
  JitRef *refs = low_get(l, ((size_t)parts + 1) * sizeof *refs);
  low_parts(l, type, value, refs);
  for (int p = 0; p < parts; p++)
    jit_store_at(l->fn, l->results, low_const(l, (p + JIT_SLOTS_BEFORE) * JIT_SLOT), refs[p],
                 low_source(l));
}

/* The first return of a function. */
static const Node *returned(const Node *node) {
  if (node->kind == NODE_RETURN) return node;
  for (int k = 0; k < node->count; k++) {
    const Node *found = returned(node->items[k]);
    if (found) return found;
  }
  return NULL;
}

static bool can_return(const Value *value) {
  for (int k = 0; value->kind == JIT_TUPLE && k < value->count; k++)
    if (!can_return(&value->items[k])) return false;
  return value->kind == JIT_TUPLE || value->kind == JIT_SCALAR || value->kind == JIT_ARRAY ||
         value->kind == JIT_NONE || value->kind == JIT_SLICE || value->kind == JIT_UNKNOWN;
}

static void lower(Lower *l, int count, const JitType *arguments, JitType *result) {
  const Node *function = l->program->functions[0];
  Frame frame = frame_of(l, function);
  l->frame = &frame, l->at = function;
  l->notes = low_get(l, sizeof *l->notes);
  l->results = jit_param(l->fn, jit_fn_param(l->fn, QL_I64), (QlSource){0});
  l->texts = jit_param(l->fn, jit_fn_param(l->fn, QL_I64), (QlSource){0});
  low_stop_begin(l);
  l->exit = jit_block_new(l->fn);
  int own = argument_count(function);
  for (int k = 0; k < own; k++)
    if (is_marked(function->items[k], NODE_REFUSE)) low_expression(l, function->items[k]->items[0]);
  if (l->refusal_count) return;
  if (count != own + l->program->captures) {
    low_refuse(l, function, "QJ320",
               low_text(l, "%s() takes %d arguments, not %d", function->text, own,
                        count - l->program->captures),
               "call it as it is defined");
    return;
  }
  l->captures = low_get(l, (size_t)l->program->captures * sizeof *l->captures + 1);
  for (int k = 0; k < count; k++) {
    JitType type = lent(l, &arguments[k]);
    Value value = take_argument(l, &type);
    if (k < own)
      frame.now[function->items[k]->number] = (Variable){.value = value, .defined = ALWAYS};
    else
      l->captures[k - own] = value;
  }
  jit_store_at(l->fn, l->results, low_const(l, 0), low_const(l, 0), (QlSource){0});
  Value value = lower_body(l);
  if (low_dead(l)) return;
  if (!can_return(&value))
    low_refuse(l, returned(function), "QJ333",
               low_text(l, "a function cannot return %s", low_type_text(l, &value)),
               "return numbers, arrays, slices, tuples of them, or None");
  else
    give_results(l, &value, result);
  if (l->options->single && !l->turns)
    low_refuse(l, function, "QJ402", "there is nothing that could be computed together",
               "let its loops be computed one after another");
  jit_jump(l->fn, l->exit);
}

/* Forgets all but which arrays are not private. */
static void begin_again(Lower *l, const JitProgram *program, const JitLowerOptions *options) {
  JitFn *fn = jit_fn_new(0, NULL);
  if (!fn) longjmp(l->no_memory, 1);
  l->program = program, l->options = options;
  memset((char *)l + offsetof(Lower, fn), 0, offsetof(Lower, no_memory) - offsetof(Lower, fn));
  l->fn = l->main = fn;
}

QlStatus jit_program_lower(const JitProgram *program, int count, const JitType *arguments,
                           const JitLowerOptions *options, JitLowered *lowered, QlError *error) {
  *lowered = (JitLowered){0};
  Lower *l = calloc(1, sizeof *l);
  JitFn *fn = jit_fn_new(0, NULL);
  if (!l || !fn) {
    free(l);
    jit_fn_free(fn);
    return ql_fail(error, QL_ERR_MEMORY, "out of memory for a program");
  }
  *l =
      (Lower){.program = program, .options = options, .pool = &lowered->pool, .fn = fn, .main = fn};
  QlStatus status = QL_OK;
  if (setjmp(l->no_memory) == 0) {
    lower(l, count, arguments, &lowered->result);
    while (l->again) { /* an array was private that must not be */
      jit_fn_free(l->fn);
      begin_again(l, program, options);
      lower(l, count, arguments, &lowered->result);
    }
    jit_block_open(l->fn, l->exit); /* the last: it returns */
  } else {
    status = ql_fail(error, QL_ERR_MEMORY, "out of memory for a program");
  }
  lowered->fn = l->refusal_count || status ? NULL : l->main;
  if (!lowered->fn) jit_fn_free(l->main);
  lowered->raises = l->raises, lowered->raise_count = l->raise_count;
  lowered->refusals = l->refusals, lowered->refusal_count = l->refusal_count;
  lowered->texts = l->text, lowered->text_count = l->text_count;
  lowered->nests = l->nests, lowered->nest_count = l->nest_count;
  if (l->notes) lowered->notes = l->notes->items, lowered->note_count = l->notes->count;
  lowered->nests_raise = l->nests_raise, lowered->asks = l->asks;
  free(l);
  if (status) jit_lowered_free(lowered);
  return status;
}

void jit_lowered_free(JitLowered *lowered) {
  jit_fn_free(lowered->fn);
  ql_pool_free(&lowered->pool);
  *lowered = (JitLowered){0};
}
