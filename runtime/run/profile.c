/* Times of lines: what threads have noted of a run is given to the lines that its groups serve. */
#include "profile.h"

#include <stdlib.h>
#include <string.h>

enum { EVENTS_KEPT = 1 << 17 }; /* of a rank */
enum { SAMPLE = 16 };
enum { SHORT = 1 << 13 }; /* ticks: a look at where the program is costs less than 3 % of them */

/* ---- lines ---- */

static QlProfileLine *slot_of(QlProfileLine *lines, int room, QlSource source) {
  uint64_t hash = ((uintptr_t)source.code >> 4) * 0x9e3779b97f4a7c15u + (uint64_t)source.at;
  hash = (hash ^ hash >> 29) * 0xbf58476d1ce4e5b9u;
  for (uint64_t k = hash >> 32;; k++) {
    QlProfileLine *line = &lines[k & (uint64_t)(room - 1)];
    if (!line->used || (line->source.code == source.code && line->source.at == source.at))
      return line;
  }
}

/* NULL: out of memory, and the line is missing in the report. */
static QlProfileLine *line_of(Profile *profile, QlSource source) {
  if (2 * profile->line_count >= profile->line_room) {
    int room = profile->line_room ? 2 * profile->line_room : 256;
    QlProfileLine *grown = calloc((size_t)room, sizeof *grown);
    if (!grown) return NULL;
    for (int k = 0; k < profile->line_room; k++)
      if (profile->lines[k].used)
        *slot_of(grown, room, profile->lines[k].source) = profile->lines[k];
    free(profile->lines);
    profile->lines = grown, profile->line_room = room;
  }
  QlProfileLine *line = slot_of(profile->lines, profile->line_room, source);
  if (!line->used) *line = (QlProfileLine){.used = true, .source = source}, profile->line_count++;
  return line;
}

static QlSource source_of(const QlContext *ctx, int statement) {
  return ctx->log.statements[statement].source;
}

/* The one that is noted: for how many it stands. */
static int sample_taken(ProfileSample *sample) {
  int times = sample->skip;
  sample->skip = SAMPLE / 2 + rand_r(&sample->random) % SAMPLE;
  sample->left = sample->skip;
  return times;
}

/* ---- phases ---- */

/* NULL: the phase is no line's, or (PROGRAM) is given to lines by ql_profile_here. */
static double *part_of(QlProfileLine *line, QlPhase phase) {
  switch (phase) {
    case QL_PHASE_FUNCTION: return &line->functions;
    case QL_PHASE_WORK: return &line->at_work;
    case QL_PHASE_LOOK: return &line->looking;
    case QL_PHASE_ROOT: return &line->root;
    default: return NULL;
  }
}

static QlSource give_to_line(QlContext *ctx, QlPhase phase, uint64_t ticks) {
  Profile *profile = ctx->profile;
  QlProfileLine unused = {0};
  QlSource source = {0};
  int times = 1;
  if (!ticks || !part_of(&unused, phase)) return source;
  if (ticks < SHORT) {
    if (--profile->shorts.left > 0) return source;
    times = sample_taken(&profile->shorts);
  }
  source = ctx->options.where ? ctx->options.where(ctx->options.data) : rt_source(ctx);
  QlProfileLine *line = line_of(profile, source);
  if (line) *part_of(line, phase) += (double)times * (double)ticks;
  return source;
}

void profile_phase_over(QlContext *ctx, QlPhase phase, uint64_t now) {
  Profile *profile = ctx->profile;
  uint64_t ticks = now - profile->since;
  bool is_event = phase != QL_PHASE_PROGRAM && phase != QL_PHASE_STEPS;
  if (phase == QL_PHASE_FUNCTION && ticks < SHORT) is_event = false; /* others would have no room */
  QlSource source = give_to_line(ctx, phase, ticks);
  profile->phases[phase] += ticks, profile->last = ticks;
  if (profile->traces && is_event)
    profile_event(profile, &profile->events,
                  &(ProfileEvent){profile->since, now, source, -1, 0, (int)phase});
  profile->since = now;
}

QlPhase ql_profile_phase(QlContext *ctx, QlPhase phase) { return rt_phase(ctx, phase); }

bool ql_profile_was_short(const QlContext *ctx) {
  return ctx->profile && ctx->profile->last < SHORT;
}

bool ql_profile_in_program(const QlContext *ctx) {
  return atomic_load_explicit(&ctx->profile->phase, memory_order_relaxed) == QL_PHASE_PROGRAM;
}

void ql_profile_here(QlContext *ctx, QlSource source) {
  Profile *profile = ctx->profile;
  if (!profile) return;
  (void)rt_phase(ctx, profile->phase); /* up to now */
  double ticks = (double)profile->phases[QL_PHASE_PROGRAM] - profile->immediate - profile->given;
  QlProfileLine *line = ticks > 0 ? line_of(profile, source) : NULL;
  if (line) line->program += ticks, profile->given += ticks;
}

/* ---- runs ---- */

QlStatus rt_profile_reserve(QlContext *ctx, int groups, QlError *error) {
  Profile *profile = ctx->profile;
  if (!profile || groups <= profile->group_room) return QL_OK;
  for (int t = 0; t < profile->threads; t++) {
    ProfileGroup *list = realloc(profile->thread[t].groups, (size_t)groups * sizeof *list);
    if (!list) return ql_fail(error, QL_ERR_MEMORY, "out of memory for a profile");
    memset(list, 0, (size_t)groups * sizeof *list); /* nothing is under way */
    profile->thread[t].groups = list;
  }
  profile->group_room = groups;
  return QL_OK;
}

/* The messages that this node's leader has sent before the group. */
static void add_messages(QlProfileLine *line, const PlanExchange *exchange) {
  for (int m = 0; m < exchange->message_count; m++) {
    if (exchange->messages[m].receive) continue;
    line->messages++, line->sent_bytes += (double)exchange->messages[m].bytes;
  }
}

static ProfileGroup sum_of_group(Profile *profile, int group) {
  ProfileGroup sum = {{0}, 0};
  for (int t = 0; t < profile->threads; t++) {
    ProfileGroup *one = &profile->thread[t].groups[group];
    for (int k = 0; k < SPENT_KINDS; k++) sum.spent[k] += one->spent[k];
    sum.points += one->points;
    if (t) *one = (ProfileGroup){{0}, 0};
  }
  return sum;
}

static void add_group(QlContext *ctx, const PlanGroup *group, const ProfileGroup *main,
                      const ProfileGroup *all, bool leads) {
  Profile *profile = ctx->profile;
  QlProfileLine *first = line_of(profile, source_of(ctx, group->statement));
  if (!first) return;
  first->kernels += group->entry != NULL, first->swept += group->swept;
  if (group->exchange && leads) add_messages(first, group->exchange);
  first->receiving += (double)main->spent[SPENT_RECEIVING];
  first->waiting += (double)(main->spent[SPENT_WAITING] + main->spent[SPENT_RECEIVING]);
  first->moving += (double)main->spent[SPENT_MOVING];
  double points = (double)all->points;
  for (int k = 0; k < QL_MAX(group->share_count, 1); k++) {
    PlanShare one = {group->statement, 1};
    if (group->share_count) one = group->shares[k];
    QlProfileLine *line = line_of(profile, source_of(ctx, one.statement));
    if (!line) continue;
    line->computing += one.part * (double)main->spent[SPENT_COMPUTING];
    line->all_threads += one.part * (double)all->spent[SPENT_COMPUTING];
    line->points += one.part * points;
    line->operations += one.operations * points;
    line->bytes += one.part * group->touched * points;
  }
}

/* Events get the lines of their groups, while the log still has them. */
static void take_events(QlContext *ctx, const Plan *plan) {
  Profile *profile = ctx->profile;
  for (int t = 0; t < profile->threads; t++) {
    ProfileEvents *from = &profile->thread[t].events;
    for (int64_t k = 0; k < from->count; k++) {
      ProfileEvent event = from->list[k];
      event.source = source_of(ctx, plan->groups[event.group].statement);
      profile_event(profile, &profile->events, &event);
    }
    from->count = 0;
  }
}

void rt_profile_plan(QlContext *ctx, const Plan *plan) {
  Profile *profile = ctx->profile;
  if (!profile) return;
  bool leads = ctx->info->node_rank == 0;
  for (int s = 0; s < ctx->log.count; s++) {
    QlProfileLine *line = line_of(profile, source_of(ctx, s));
    if (line) line->calls++;
  }
  for (int g = 0; g < plan->group_count; g++) {
    ProfileGroup all = sum_of_group(profile, g), *main = &profile->thread[0].groups[g];
    add_group(ctx, &plan->groups[g], main, &all, leads);
    *main = (ProfileGroup){{0}, 0};
  }
  if (profile->traces) take_events(ctx, plan);
}

void rt_profile_compiled(QlContext *ctx, QlSource source, uint64_t began) {
  QlProfileLine *line = ctx->profile ? line_of(ctx->profile, source) : NULL;
  if (line) line->compiling += (double)(profile_ticks() - began);
}

void ql_profile_compiling(QlContext *ctx, bool begins) {
  if (!ctx->profile) return;
  if (begins) {
    ctx->profile->compiles_from = rt_phase(ctx, QL_PHASE_COMPILE);
    ctx->profile->compiles_since = profile_ticks();
  } else {
    (void)rt_phase(ctx, ctx->profile->compiles_from);
    QlSource source = {0};
    if (ctx->options.where) source = ctx->options.where(ctx->options.data);
    rt_profile_compiled(ctx, source, ctx->profile->compiles_since);
  }
}

/* ---- statements executed at once ---- */

void profile_immediate(QlContext *ctx, int64_t points, uint64_t began) {
  Profile *profile = ctx->profile;
  double ticks = (double)(profile_ticks() - began), times = sample_taken(&profile->at_once);
  profile->immediate += times * ticks;
  QlProfileLine *line = line_of(profile, rt_source(ctx));
  if (!line) return;
  line->calls += times, line->at_once += times, line->points += times * (double)points;
  line->few += times * ticks;
}

/* ---- numbers that the program sees ---- */

void ql_profile_looked(QlContext *ctx, const QlScalar *scalar) {
  Profile *profile = ctx->profile;
  if (!profile) return;
  uint64_t words[2] = {0, 0};
  memcpy(words, &scalar->value, ql_dtype_info[scalar->dtype].size);
  uint64_t hash = profile->looked ^ (uint64_t)scalar->dtype;
  for (int k = 0; k < 2; k++) {
    hash = (hash ^ words[k]) * 0x9e3779b97f4a7c15u;
    hash ^= hash >> 29;
  }
  profile->looked = hash, profile->looks++;
}

/* ---- events ---- */

void profile_event(Profile *profile, ProfileEvents *to, const ProfileEvent *event) {
  if (to->count == EVENTS_KEPT || event->end - event->begin == 0) {
    profile->lost += to->count == EVENTS_KEPT;
    return;
  }
  if (to->count == to->room) {
    int64_t room = to->room ? 2 * to->room : 1024;
    ProfileEvent *grown = realloc(to->list, (size_t)room * sizeof *grown);
    if (!grown) return;
    to->list = grown, to->room = room;
  }
  to->list[to->count++] = *event;
}

/* ---- the report ---- */

static double seconds_per_tick(const Profile *profile) {
  double ticks = (double)(profile_ticks() - profile->tick_began);
  return ticks > 0 ? 1e-6 * (rt_microseconds() - profile->microseconds_began) / ticks : 0;
}

bool ql_profile(QlContext *ctx, QlProfile *given) {
  Profile *profile = ctx->profile;
  if (!profile) return false;
  (void)rt_phase(ctx, profile->phase); /* up to now */
  double each = seconds_per_tick(profile);
  *given = (QlProfile){.seconds_per_tick = each,
                       .immediate = each * profile->immediate,
                       .of_lines = ctx->params.profile,
                       .lost = profile->lost,
                       .looked = profile->looked,
                       .looks = profile->looks};
  for (int k = 0; k < QL_PHASE_COUNT; k++) {
    given->phases[k] = each * (double)profile->phases[k];
    given->seconds += given->phases[k];
  }
  return true;
}

const QlProfileLine *ql_profile_line(const QlContext *ctx, int *number) {
  const Profile *profile = ctx->profile;
  while (*number < profile->line_room && !profile->lines[*number].used) ++*number;
  return *number < profile->line_room ? &profile->lines[(*number)++] : NULL;
}

bool ql_trace_event(const QlContext *ctx, int64_t number, QlTraceEvent *event) {
  Profile *profile = ctx->profile;
  if (!profile || number >= profile->events.count) return false;
  const ProfileEvent *e = &profile->events.list[number];
  if (!number) profile->microseconds_per_tick = 1e6 * seconds_per_tick(profile);
  double each = profile->microseconds_per_tick;
  *event = (QlTraceEvent){.kind = e->kind,
                          .thread = e->thread,
                          .source = e->source,
                          .begin = each * (double)(e->begin - profile->tick_began),
                          .end = each * (double)(e->end - profile->tick_began)};
  return true;
}

const char *ql_trace_kind_name(int kind) {
  static const char *const names[] = {
#define X(NAME, text) text,
      QL_PHASES(X)
#undef X
          "computing",
      "waiting", "packing and unpacking", "waiting for messages"};
  return names[kind];
}

/* ---- its life ---- */

void rt_profile_start(QlContext *ctx) {
  Profile *profile = ctx->profile;
  if (!profile) return;
  profile->tick_began = profile->since = profile_ticks();
  profile->microseconds_began = rt_microseconds();
  memset(profile->phases, 0, sizeof profile->phases);
  profile->events.count = 0;
}

QlStatus rt_profile_new(QlContext *ctx, bool traces, QlError *error) {
  Profile *profile = calloc(1, sizeof *profile);
  size_t threads = (size_t)ctx->info->threads;
  if (profile)
    profile->thread = aligned_alloc(_Alignof(ProfileThread), threads * sizeof(ProfileThread));
  if (!profile || !profile->thread) {
    free(profile);
    return ql_fail(error, QL_ERR_MEMORY, "out of memory for a profile");
  }
  memset(profile->thread, 0, threads * sizeof *profile->thread);
  profile->threads = (int)threads, profile->traces = traces;
  profile->at_once = profile->shorts = (ProfileSample){SAMPLE, SAMPLE, 1};
  ctx->profile = profile;
  rt_profile_start(ctx);
  return QL_OK;
}

void rt_profile_free(QlContext *ctx) {
  Profile *profile = ctx->profile;
  if (!profile) return;
  for (int t = 0; t < profile->threads; t++)
    free(profile->thread[t].groups), free(profile->thread[t].events.list);
  free(profile->thread), free(profile->lines), free(profile->events.list), free(profile);
  ctx->profile = NULL;
}
