/* Variables: what they hold at a point, where ways meet, who owns arrays.
 *
 * Ways out of a block are kept open, at their end, until all that lead to one point are known. Then
 * each of them converts what it brings to the types that they have in common, and phis take it:
 *
 *        a -> x: int        b -> x: float
 *              \               /
 *     cast x to float         /
 *                \           /
 *                 x: float = phi
 *
 * A variable that only some ways define has a flag beside it. A variable that holds an array has
 * one reference to its memory; so has what a statement makes, until its end. */
#include "lower.h"

Variable *low_save(Lower *l) {
  if (!l->frame->now) return NULL;
  size_t bytes = (size_t)l->frame->function->variables * sizeof(Variable);
  Variable *copy = low_get(l, bytes + 1);
  return memcpy(copy, l->frame->now, bytes);
}

/* ---- owners ---- */

typedef void Each(Lower *l, const Array *array);

static void each_array(Lower *l, const Value *value, Each *each) {
  if (value->kind == JIT_ARRAY && !value->array->element && !value->array->lent &&
      !value->array->site && value->array->owner.id)
    each(l, value->array);
  bool holds = value->kind == JIT_TUPLE || value->kind == JIT_RANGE;
  for (int k = 0; holds && k < value->count; k++) each_array(l, &value->items[k], each);
}

static void retain(Lower *l, const Array *array) {
  jit_host(l->fn, JIT_HOST_RETAIN, 1, &array->owner, low_source(l));
}
static void release(Lower *l, const Array *array) {
  jit_host(l->fn, JIT_HOST_RELEASE, 1, &array->owner, low_source(l));
}
static void push(Lower *l, const Array *array) {
  if (!ql_pool_grow(l->pool, &l->temporaries, l->temporary_count, &l->temporary_room,
                    sizeof *l->temporaries))
    longjmp(l->no_memory, 1);
  l->temporaries[l->temporary_count++] = array->owner;
}

static void share_all(Lower *l, const Value *value) {
  if (value->kind == JIT_ARRAY) low_share(l, value->array->site);
  bool holds = value->kind == JIT_TUPLE || value->kind == JIT_RANGE;
  for (int k = 0; holds && k < value->count; k++) share_all(l, &value->items[k]);
}

void low_retain(Lower *l, const Value *value) {
  share_all(l, value);
  each_array(l, value, retain);
}
void low_release(Lower *l, const Value *value) { each_array(l, value, release); }
void low_temporary(Lower *l, const Value *value) { each_array(l, value, push); }

void low_hold(Lower *l, const Value *value) {
  low_retain(l, value);
  low_temporary(l, value);
}

static void release_temporaries(Lower *l, int from) {
  for (int k = from; k < l->temporary_count; k++)
    jit_host(l->fn, JIT_HOST_RELEASE, 1, &l->temporaries[k], low_source(l));
}

void low_end_temporaries(Lower *l, int from) {
  if (!low_dead(l)) release_temporaries(l, from);
  l->temporary_count = from;
}

static void release_variables(Lower *l, const Frame *frame) {
  for (int v = 0; frame->now && v < frame->function->variables; v++)
    if (frame->now[v].defined != NEVER) low_release(l, &frame->now[v].value);
}

void low_release_all(Lower *l) {
  release_temporaries(l, 0);
  for (const Frame *frame = l->frame; frame; frame = frame->caller) release_variables(l, frame);
}

/* ---- variables ---- */

void low_set(Lower *l, int v, Value value) {
  if (low_dead(l)) return;
  Variable *variable = &l->frame->now[v];
  value = low_settled(l, l->at, &value);
  bool is_own = value.kind == JIT_ARRAY && value.array->site && value.array->site == l->creating;
  if (!is_own) low_retain(l, &value);
  if (variable->defined != NEVER) low_release(l, &variable->value);
  *variable = (Variable){.value = value, .defined = ALWAYS};
}

Value low_get_variable(Lower *l, const Node *node) {
  if (low_dead(l)) return low_unknown();
  const Variable *variable = &l->frame->now[node->number];
  if (variable->hidden == HIDDEN_TORN && variable->defined != ALWAYS)
    return low_refuse_torn(l, node, low_text(l, "'%s'", node->text));
  if (variable->hidden && variable->defined != ALWAYS)
    return low_refuse(
        l, node, "QJ405",
        variable->hidden == HIDDEN_IN_NEST
            ? low_text(l, "'%s' would go from one iteration to the next", node->text)
            : low_text(l,
                       "'%s' has been assigned in a loop over distributed arrays, whose "
                       "iterations have it each for itself",
                       node->text),
        variable->hidden == HIDDEN_IN_NEST
            ? "assign it in each iteration before it is used; a sum (s += x) is named by nothing "
              "else in the loop"
            : "assign it anew after the loop");
  if (variable->defined == NEVER)
    return low_refuse(l, node, "QJ201", low_text(l, "'%s' has no value here", node->text),
                      "assign it before");
  if (variable->defined == MAYBE) {
    JitRef missing = low_op1(l, QL_OP_LOGICAL_NOT, variable->flag);
    low_raise_if(
        l, node, missing, "UnboundLocalError",
        low_text(l, "cannot access local variable '%s' where it is not associated with a value",
                 node->text));
  }
  return variable->value;
}

/* ---- ways ---- */

void low_leave(Lower *l, Edges *edges, Value value) {
  if (low_dead(l)) return;
  Edge *edge = low_get(l, sizeof *edge);
  edge->block = jit_block_new(l->fn);
  jit_jump(l->fn, edge->block);
  edge->variables = l->frame->now, edge->value = value, edge->region = l->region;
  if (edges->last)
    edges->last->next = edge;
  else
    edges->first = edge;
  edges->last = edge;
  l->frame->now = NULL;
}

void low_leave_with(Lower *l, Edges *edges, Value value, int temporaries) {
  if (!low_dead(l)) low_retain(l, &value);
  low_end_temporaries(l, temporaries);
  low_leave(l, edges, value);
}

void low_branch(Lower *l, JitRef condition, Edges *otherwise) {
  if (low_dead(l)) return;
  JitBlock here = jit_block_new(l->fn), there = jit_block_new(l->fn);
  jit_branch(l->fn, condition, here, there);
  Variable *variables = low_save(l);
  jit_block_open(l->fn, there);
  low_leave(l, otherwise, low_unknown());
  jit_block_open(l->fn, here);
  l->frame->now = variables;
}

void low_leave_unless(Lower *l, JitRef condition, Edges *edges, Value value, int temporaries) {
  Edges otherwise = {0};
  low_branch(l, condition, &otherwise);
  if (low_dead(l)) return;
  Variable *here = l->frame->now;
  JitBlock on = jit_block_new(l->fn);
  jit_jump(l->fn, on);
  int count = l->temporary_count;
  low_join(l, &otherwise);
  low_leave_with(l, edges, value, temporaries);
  l->temporary_count = count;
  jit_block_open(l->fn, on);
  l->frame->now = here;
}

static bool same_value(const Value *a, const Value *b) {
  if (a->kind != b->kind || a->dtype != b->dtype || a->weak != b->weak) return false;
  switch (a->kind) {
    case JIT_SCALAR:
      return a->known
                 ? b->known && !memcmp(&a->constant, &b->constant, ql_dtype_info[a->dtype].size)
                 : !b->known && a->ref.id == b->ref.id;
    case JIT_ARRAY: return a->array == b->array;
    case JIT_TUPLE:
    case JIT_SLICE:
    case JIT_RANGE:
      if (a->kind == JIT_RANGE && strcmp(a->text, b->text)) return false;
      for (int k = 0; k < a->count && a->count == b->count; k++)
        if (!same_value(&a->items[k], &b->items[k])) return false;
      return a->count == b->count;
    case JIT_FUNCTION: return low_same_function(a, b);
    case JIT_TEXT: return !strcmp(a->text, b->text);
    default: return true;
  }
}

bool low_same_variable(const Variable *a, const Variable *b) {
  if (a->defined != b->defined || a->flag.id != b->flag.id) return false;
  return a->defined == NEVER || same_value(&a->value, &b->value);
}

/* One thing that the ways bring: a variable, or the value. */
typedef struct Meeting {
  JitType type;
  Defined defined;
  bool same, clash;
  Variable first;
} Meeting;

static void meet(Lower *l, Meeting *meeting, const Variable *variable, bool is_first) {
  if (is_first) {
    *meeting = (Meeting){.type = low_type(l, &variable->value),
                         .defined = variable->defined,
                         .same = true,
                         .first = *variable};
    if (variable->defined == NEVER) meeting->type.kind = JIT_UNKNOWN;
    return;
  }
  bool differs = variable->defined != meeting->defined;
  meeting->same = meeting->same && low_same_variable(variable, &meeting->first);
  if (differs) meeting->defined = MAYBE;
  if (variable->defined == NEVER || meeting->same) return;
  JitType type = low_type(l, &variable->value), both;
  if (!low_join_types(l, &meeting->type, &type, &both)) meeting->clash = true;
  meeting->type = both;
}

static Variable *of_edge(Edge *edge, int v) { return &edge->variables[v]; }

/* What refuses that two types meet, with both. */
static Value clash(Lower *l, const Edges *edges, const char *name, int v) {
  const char *one = NULL, *other = NULL;
  for (Edge *edge = edges->first; edge; edge = edge->next) {
    const Variable *variable = v < 0 ? NULL : of_edge(edge, v);
    if (variable && variable->defined == NEVER) continue;
    const Value *value = variable ? &variable->value : &edge->value;
    if (value->kind == JIT_UNKNOWN) continue;
    const char *text = low_type_text(l, value);
    if (!one)
      one = text;
    else if (strcmp(one, text))
      other = text;
  }
  return low_refuse(l, l->at, "QJ301",
                    low_text(l, "%s is %s on one way through the program and %s on another", name,
                             one, other ? other : "another such one"),
                    "give it one type on all ways, or use two names");
}

/* The phis of one meeting, and in each way what they take. */
static Variable join_one(Lower *l, Edges *edges, JitBlock at, const Meeting *meeting, int v) {
  int parts = jit_type_parts(&meeting->type), n = 0;
  JitRef *phis = low_get(l, ((size_t)parts + 1) * sizeof *phis),
         *refs = low_get(l, ((size_t)parts + 1) * sizeof *refs);
  jit_block_open(l->fn, at);
  for (int p = 0; p < parts; p++) phis[p] = jit_phi(l->fn, low_part_dtype(&meeting->type, p), 0);
  bool flagged = meeting->defined == MAYBE;
  if (flagged) phis[parts] = jit_phi(l->fn, QL_BOOL, 0);
  bool natural = meeting->type.kind == JIT_SCALAR;
  int64_t floor = INT64_MAX;
  for (Edge *edge = edges->first; edge; edge = edge->next, n++) {
    const Variable *variable =
        v < 0 ? &(Variable){.value = edge->value, .defined = ALWAYS} : of_edge(edge, v);
    Value value = variable->defined == NEVER ? low_unknown() : variable->value;
    jit_block_open(l->fn, edge->block);
    value = low_convert(l, &value, &meeting->type);
    natural = natural && (value.natural || value.kind == JIT_UNKNOWN);
    if (value.kind != JIT_UNKNOWN) floor = QL_MIN(floor, low_floor(&value));
    low_parts(l, &meeting->type, &value, refs);
    for (int p = 0; p < parts; p++) jit_phi_from(l->fn, phis[p], edge->block, refs[p]);
    if (!flagged) continue;
    JitRef flag = variable->defined == MAYBE
                      ? variable->flag
                      : jit_const(l->fn, QL_BOOL, (QlValue){.b = variable->defined == ALWAYS});
    jit_phi_from(l->fn, phis[parts], edge->block, flag);
  }
  jit_block_open(l->fn, at);
  const JitRef *next = phis;
  Variable joined = {.value = low_of_parts(l, &meeting->type, &next),
                     .defined = (uint8_t)meeting->defined};
  const Span *hull = NULL, *choice = NULL;
  for (Edge *edge = edges->first; edge && v >= 0; edge = edge->next) {
    const Variable *variable = of_edge(edge, v);
    joined.hidden = QL_MAX(joined.hidden, variable->hidden);
  }
  for (Edge *edge = edges->first; edge && l->nest; edge = edge->next) {
    const Variable *variable =
        v < 0 ? &(Variable){.value = edge->value, .defined = ALWAYS} : of_edge(edge, v);
    const Span *span = variable->defined == NEVER ? NULL : low_span(l, &variable->value);
    if (edge == edges->first->next && !edge->next)
      choice = low_region_choice(l, hull, edges->first->region, span, edge->region);
    hull = edge == edges->first ? span : low_span_hull(l, hull, span);
  }
  if (joined.value.kind == JIT_SCALAR) joined.value.span = choice ? choice : hull;
  joined.value.natural = natural, joined.value.floor = natural && n ? floor : 0;
  if (flagged) joined.flag = phis[parts];
  return joined;
}

/* A variable that no dtype holds is refused where it is used. */
static Variable join_meeting(Lower *l, Edges *edges, JitBlock at, Meeting *meeting,
                             const char *name, int v) {
  if (meeting->clash) return (Variable){.value = clash(l, edges, name, v), .defined = ALWAYS};
  if (meeting->same) return meeting->first;
  bool torn = low_is_torn(&meeting->type);
  if (torn && v >= 0 && meeting->type.kind == JIT_SCALAR) return (Variable){.hidden = HIDDEN_TORN};
  if (torn) return (Variable){.value = low_refuse_torn(l, l->at, name), .defined = ALWAYS};
  return join_one(l, edges, at, meeting, v);
}

Value low_join(Lower *l, Edges *edges) {
  if (!edges->first) return l->frame->now = NULL, low_unknown();
  if (!edges->first->next) { /* one way only */
    jit_block_open(l->fn, edges->first->block);
    l->frame->now = edges->first->variables, l->region = edges->first->region;
    return edges->first->value;
  }
  const Node *function = l->frame->function;
  Variable *joined = low_get(l, (size_t)function->variables * sizeof *joined + 1);
  JitBlock at = jit_block_new(l->fn);
  Meeting meeting;
  for (int v = 0; v < function->variables; v++) {
    for (Edge *edge = edges->first; edge; edge = edge->next)
      meet(l, &meeting, of_edge(edge, v), edge == edges->first);
    joined[v] = join_meeting(l, edges, at, &meeting, low_text(l, "'%s'", function->names[v]), v);
  }
  for (Edge *edge = edges->first; edge; edge = edge->next)
    meet(l, &meeting, &(Variable){.value = edge->value, .defined = ALWAYS}, edge == edges->first);
  Variable value = join_meeting(l, edges, at, &meeting, "the value", -1);
  for (Edge *edge = edges->first; edge; edge = edge->next) {
    jit_block_open(l->fn, edge->block);
    jit_jump(l->fn, at);
  }
  jit_block_open(l->fn, at);
  l->frame->now = joined, l->region = edges->first->region;
  for (Edge *edge = edges->first->next; edge; edge = edge->next)
    l->region = low_region_hull(l, l->region, edge->region);
  return value.value;
}
