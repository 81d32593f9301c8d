/* Copies of remote elements that are read more than once. A copy that was brought for one group
 * serves what is read after it, in this plan and in later ones, until its source is written:
 *
 *     b = a * w[::-1]       brings what each node needs of w
 *     c = b + w[::-1][:9]   finds it there
 *     w[3] = 0              ends it: it holds what w was
 *
 * What a copy holds is known as a reading: which view of the array, at which points, by which
 * nodes. Its words are the same on all nodes, and say whether another reading finds on each node
 * all that it needs there.
 *
 * Within a plan copies last while those made in it take no more than what may be kept at all; the
 * oldest end first. Otherwise they serve one statement. */
#include "planner.h"

#include <string.h>

/* A copy that may be read at this point of the plan. */
struct PlannedCopy {
  int source, slot; /* slot -1: a kept one, which nothing has read yet */
  int number;       /* among those that the storage keeps; -1: made by this plan */
  const Reading *reading;
  int64_t bytes; /* on the node with the most */
  bool lasts;    /* beyond the statement */
};

/* ---- readings ---- */

enum { READING_WORDS = 4 + 11 * QL_MAX_DIMS };

static int put_axis(int64_t *words, const AxisMap *map) {
  words[0] = map->start, words[1] = map->step, words[2] = map->dim;
  return 3;
}

static int get_axis(const int64_t *words, AxisMap *map) {
  *map = (AxisMap){.start = words[0], .step = words[1], .dim = (int)words[2]};
  return 3;
}

static int put_span(int64_t *words, const AxisSpan *span) {
  words[0] = span->lo, words[1] = span->hi, words[2] = span->step, words[3] = span->dim;
  return 4;
}

static int get_span(const int64_t *words, AxisSpan *span) {
  *span = (AxisSpan){words[0], words[1], words[2], (int)words[3]};
  return 4;
}

const Reading *copies_reading(const Planner *planner, const Group *group, int leaf) {
  int64_t words[READING_WORDS];
  const Placement *p = &group->placement;
  const SlotView *view = &group->nodes[leaf].view;
  const Reach *reach = &group->reach[leaf];
  const PlanSlot *source = &planner->plan->slots[view->slot];
  bool has_grid = placement_grid(group) != NULL;
  int n = 0;
  words[n++] = reach->has_axes | group->is_piece << 1 | p->by_rows << 2 |
               (has_grid ? p->slot_ndim + 1 : 0) << 8 | (p->leaf_axis + 1) << 16 |
               group->rank << 24;
  for (int r = 0; r < group->rank; r++) words[n++] = group->extent[r];
  if (has_grid) words[n++] = (int64_t)p->layout->template->id;
  for (int a = 0; has_grid && a < p->slot_ndim; a++) {
    words[n++] = p->layout->offset[a], words[n++] = p->slot_shape[a];
    n += put_axis(words + n, &p->axes[a]);
  }
  for (int a = 0; reach->has_axes && a < source->ndim; a++)
    n += put_span(words + n, &reach->axes[a]);
  if (!reach->has_axes) words[n++] = view->offset;
  for (int r = 0; !reach->has_axes && r < group->rank; r++) words[n++] = view->stride[r];
  size_t bytes = (size_t)n * sizeof *words;
  Reading *reading = planner_zeros(planner, sizeof *reading + bytes);
  if (reading) rt_reading_set(reading, words, n);
  return reading;
}

/* A group that reads just that. */
typedef struct Reader {
  Group group;
  ExprNode leaf;
  Reach reach;
  Layout layout;
} Reader;

/* The group of a reading, if nodes read by the grid of the other group, or all the same. */
static bool find_reader(const Reading *reading, const PlanSlot *source, const Group *other,
                        Reader *reader) {
  const int64_t *words = reading->words;
  Group *group = &reader->group;
  Placement *p = &group->placement;
  *group = (Group){.rank = (int)(words[0] >> 24 & 255), .is_piece = words[0] >> 1 & 1};
  p->leaf_axis = (int)(words[0] >> 16 & 255) - 1, p->by_rows = (int)(words[0] >> 2 & 63);
  int grid = (int)(words[0] >> 8 & 255), n = 1;
  for (int r = 0; r < group->rank; r++) group->extent[r] = words[n++];
  p->everywhere = grid == 0, p->slot_ndim = grid - 1;
  if (grid) {
    if (!placement_grid(other)) return false;
    Template *template = other->placement.layout->template;
    if ((int64_t)template->id != words[n++]) return false;
    reader->layout = (Layout){.template = template};
    p->layout = &reader->layout;
  }
  for (int a = 0; a < grid - 1; a++) {
    reader->layout.offset[a] = words[n++], p->slot_shape[a] = words[n++];
    n += get_axis(words + n, &p->axes[a]);
  }
  reader->reach = (Reach){.has_axes = words[0] & 1};
  for (int a = 0; reader->reach.has_axes && a < source->ndim; a++)
    n += get_span(words + n, &reader->reach.axes[a]);
  group->nodes = &reader->leaf, group->reach = &reader->reach;
  return true;
}

/* Does a copy for the first reading hold, on each node, what the leaf needs, whose own reading is
 * the other? */
static bool holds(const Planner *planner, const Reading *reading, const Group *group, int leaf,
                  const Reading *wanted) {
  Reader reader;
  int slot = group->nodes[leaf].view.slot;
  if (rt_reading_equal(reading, wanted)) return true;
  if (!find_reader(reading, &planner->plan->slots[slot], group, &reader)) return false;
  reader.leaf = (ExprNode){.kind = NODE_LEAF, .view.slot = slot};
  return needs_hold(planner, &reader.group, 0, group, leaf);
}

/* ---- the list ---- */

static QlStatus append(Planner *planner, const PlannedCopy *copy) {
  QL_TRY(planner_grow(planner, &planner->copies, planner->copy_count, &planner->copy_room,
                      sizeof *planner->copies));
  planner->copies[planner->copy_count++] = *copy;
  return QL_OK;
}

static void end_copy(Planner *planner, const PlannedCopy *copy) {
  if (copy->number < 0 && copy->lasts) planner->copy_bytes -= copy->bytes;
}

void copies_forget(Planner *planner, int source) {
  int kept = 0;
  for (int c = 0; c < planner->copy_count; c++)
    if (planner->copies[c].source == source)
      end_copy(planner, &planner->copies[c]);
    else
      planner->copies[kept++] = planner->copies[c];
  planner->copy_count = kept;
}

void copies_end_statement(Planner *planner) {
  int kept = 0;
  for (int c = 0; c < planner->copy_count; c++)
    if (!planner->copies[c].lasts)
      end_copy(planner, &planner->copies[c]);
    else
      planner->copies[kept++] = planner->copies[c];
  planner->copy_count = kept;
}

/* Those made by this plan take no more than may be kept. */
static void end_oldest(Planner *planner) {
  for (int c = 0; c < planner->copy_count; c++) {
    PlannedCopy *copy = &planner->copies[c];
    if (planner->copy_bytes <= planner->ctx->copies.most) return;
    if (copy->number >= 0 || !copy->lasts) continue;
    copy->lasts = false, planner->copy_bytes -= copy->bytes;
  }
}

/* ---- what reach.c asks ---- */

QlStatus copies_begin(Planner *planner) {
  for (int s = 0; s < planner->log->slot_count; s++) {
    int number = 0;
    for (const KeptCopy *kept = planner->slots[s].storage->copies; kept; kept = kept->next) {
      PlannedCopy copy = {.source = s, .slot = -1, .number = number++};
      copy.reading = kept->reading, copy.bytes = kept->bytes, copy.lasts = true;
      QL_TRY(append(planner, &copy));
    }
  }
  return QL_OK;
}

QlStatus copies_slot(Planner *planner, int source, const Box *alloc, int *slot) {
  const PlanSlot *from = &planner->plan->slots[source];
  *slot = planner_slot(planner, (QlDtype)from->dtype, from->ndim, from->shape, NULL);
  if (*slot < 0) return QL_ERR_MEMORY;
  PlanSlot *made = &planner->plan->slots[*slot];
  int64_t item = ql_dtype_info[made->dtype].size;
  bool empty = box_empty(made->ndim, alloc);
  made->is_copy = true, made->copied = source, made->number = -1;
  made->geometry = (Block){.alloc = *alloc};
  box_strides(made->ndim, alloc, item, made->geometry.stride);
  made->geometry.bytes = empty ? 0 : box_volume(made->ndim, alloc) * item;
  made->flat = empty || box_is_stretch(made->ndim, made->shape, alloc, &made->flat_start);
  return QL_OK;
}

/* A kept copy becomes a slot of the plan when something reads it. */
static QlStatus take(Planner *planner, PlannedCopy *copy) {
  const KeptCopy *kept = rt_copy_at(planner->slots[copy->source].storage, copy->number);
  QL_TRY(copies_slot(planner, copy->source, &kept->block->alloc, &copy->slot));
  planner->plan->slots[copy->slot].number = copy->number;
  planner->slots[copy->slot].alive = true;
  return QL_OK;
}

QlStatus copies_find(Planner *planner, const Group *group, int leaf, const Reading *reading,
                     int *slot) {
  *slot = -1;
  for (int c = 0; c < planner->copy_count; c++) {
    PlannedCopy *copy = &planner->copies[c];
    if (copy->source != group->nodes[leaf].view.slot) continue;
    if (!holds(planner, copy->reading, group, leaf, reading)) continue;
    if (copy->slot < 0) QL_TRY(take(planner, copy));
    *slot = copy->slot;
    return QL_OK;
  }
  return QL_OK;
}

QlStatus copies_add(Planner *planner, const Group *group, int leaf, const Reading *reading,
                    int slot) {
  int64_t most = planner->ctx->copies.most;
  PlannedCopy copy = {.source = group->nodes[leaf].view.slot, .slot = slot, .number = -1};
  copy.reading = reading, copy.bytes = needs_most(planner, group, leaf);
  copy.lasts = copy.bytes <= most && !planner->ctx->frugal && !bring_is_gather(planner, group);
  QL_TRY(append(planner, &copy));
  if (copy.lasts) planner->copy_bytes += copy.bytes;
  end_oldest(planner);
  return QL_OK;
}

QlStatus copies_keep(Planner *planner) {
  for (int c = 0; c < planner->copy_count; c++) {
    PlannedCopy *copy = &planner->copies[c];
    if (!copy->lasts || copy->number >= 0 || copy->source >= planner->plan->log_slots) continue;
    if (!planner->slots[copy->source].alive) continue;
    PlanSlot *slot = &planner->plan->slots[copy->slot];
    if (!(slot->reading = rt_reading_new(copy->reading))) return planner_no_memory(planner);
    slot->kept_bytes = copy->bytes;
    planner->slots[copy->slot].alive = true;
  }
  return QL_OK;
}
