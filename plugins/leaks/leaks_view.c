/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* `memopsy leaks`: what is lost, by cache and owner, or object by object. */
#include <inttypes.h>
#include <stdio.h>

#include <memopsy/stack_depot.h>
#include <string.h>

#include "leaks_views.h"
#include "records.h"

enum { COLUMN_CACHE, COLUMN_OBJECTS, COLUMN_BYTES, COLUMN_HEADS, COLUMN_HELD_OBJECTS, COLUMN_HELD_BYTES, COLUMN_OWNER,
       COLUMN_OWNER_BY,
       COLUMN_ALLOCATED_BY, COLUMN_STACK, COLUMN_POINTS_AT, COLUMN_WHAT, COLUMN_CONFIDENCE, COLUMN_ADDRESS, N_COLUMNS };

static const struct mo_column columns[N_COLUMNS] = {
	[COLUMN_CACHE] = { .key = "cache", .heading = "WHAT", .kind = MO_CELL_TEXT,
			   .help = "slab cache; page blocks, with their order; vmalloc and vmap areas" },
	[COLUMN_OBJECTS] = { .key = "objects", .heading = "COUNT", .kind = MO_CELL_COUNT, .help = "that nothing leads to" },
	[COLUMN_BYTES] = { .key = "bytes", .heading = "SIZE", .kind = MO_CELL_BYTES, .help = "of these objects" },
	[COLUMN_HEADS] = { .key = "heads", .heading = "HEADS", .kind = MO_CELL_COUNT,
			   .help = "of them, those that no other lost object points at; of a cycle one" },
	[COLUMN_HELD_OBJECTS] = { .key = "held_objects", .heading = "HELD OBJECTS", .kind = MO_CELL_COUNT,
				  .flags = MO_COLUMN_HIDDEN, .help = "lost objects that hang on the heads" },
	[COLUMN_HELD_BYTES] = { .key = "held_bytes", .heading = "HELD", .kind = MO_CELL_BYTES,
				.help = "lost objects that hang on the heads, counted in rows of their own, too" },
	[COLUMN_OWNER] = { .key = "owner", .heading = "OWNER", .kind = MO_CELL_TEXT,
			   .help = "module that allocated them by the kernel's records, else whose text or data they point at" },
	[COLUMN_OWNER_BY] = { .key = "owner_by", .heading = "BY", .kind = MO_CELL_TEXT, .flags = MO_COLUMN_HIDDEN,
			      .help = "how the owner is known: track, page_owner and alloc_tag are records of the kernel" },
	[COLUMN_ALLOCATED_BY] = { .key = "allocated_by", .heading = "ALLOCATED BY", .kind = MO_CELL_TEXT,
				  .flags = MO_COLUMN_TRUNCATE | MO_COLUMN_HIDDEN,
				  .help = "the function that allocated them, where the kernel recorded it; then it is shown" },
	[COLUMN_STACK] = { .key = "stack", .heading = "STACK", .kind = MO_CELL_TEXT, .flags = MO_COLUMN_HIDDEN,
			   .help = "recorded when they were allocated, innermost first" },
	[COLUMN_POINTS_AT] = { .key = "points_at", .heading = "POINTS AT", .kind = MO_CELL_TEXT, .flags = MO_COLUMN_TRUNCATE,
			       .help = "the first such symbol" },
	[COLUMN_WHAT] = { .key = "what", .heading = "FORM", .kind = MO_CELL_TEXT, .flags = MO_COLUMN_HIDDEN,
			  .help = "what they are, where their form tells" },
	[COLUMN_CONFIDENCE] = { .key = "confidence", .heading = "CONFIDENCE", .kind = MO_CELL_TEXT,
				.help = "likely; suspect: a number may refer to them; guess: memory is missing; on purpose: the kernel loses these" },
	[COLUMN_ADDRESS] = { .key = "address", .heading = "ONE OF THEM", .kind = MO_CELL_ADDRESS,
			     .help = "of a head, if there is one" },
};

/* What cells of a row have to live in. */
struct allocation_text {
	char function[300];
	char stack[2000];
};

const struct mo_table_spec leaks_table = {
	.name = "leaks",
	.title = "Leaks",
	.help = "Slab objects, blocks of pages and areas of vmalloc that are allocated and that nothing in the kernel's memory "
		"leads to.",
	.columns = columns,
	.n_columns = N_COLUMNS,
};

enum { LOST_ADDRESS, LOST_CACHE, LOST_BYTES, LOST_OWNER, LOST_ALLOCATED_BY, LOST_HEAD, LOST_HELD_OBJECTS, LOST_HELD_BYTES,
       LOST_CYCLE, LOST_CONFIDENCE, LOST_PURPOSE, N_LOST_COLUMNS };

static const struct mo_column lost_columns[N_LOST_COLUMNS] = {
	[LOST_ADDRESS] = { .key = "address", .heading = "ADDRESS", .kind = MO_CELL_ADDRESS, .help = "of the object" },
	[LOST_CACHE] = { .key = "cache", .heading = "CACHE", .kind = MO_CELL_TEXT, .help = "slab cache" },
	[LOST_BYTES] = { .key = "bytes", .heading = "SIZE", .kind = MO_CELL_BYTES, .help = "with all that the allocator adds" },
	[LOST_OWNER] = { .key = "owner", .heading = "OWNER", .kind = MO_CELL_TEXT, .help = "of its group" },
	[LOST_ALLOCATED_BY] = { .key = "allocated_by", .heading = "ALLOCATED BY", .kind = MO_CELL_TEXT, .flags = MO_COLUMN_HIDDEN,
				.help = "the function that allocated it, where the kernel recorded it" },
	[LOST_HEAD] = { .key = "head", .heading = "HANGS ON", .kind = MO_CELL_ADDRESS,
			.help = "the head that leads to it; of a head its own address" },
	[LOST_HELD_OBJECTS] = { .key = "held_objects", .heading = "HELD OBJECTS", .kind = MO_CELL_COUNT, .help = "that hang on it" },
	[LOST_HELD_BYTES] = { .key = "held_bytes", .heading = "HELD", .kind = MO_CELL_BYTES, .help = "that hang on it" },
	[LOST_CYCLE] = { .key = "in_cycle", .heading = "CYCLE", .kind = MO_CELL_BOOL,
			 .help = "of a head: what hangs on it points back at it" },
	[LOST_CONFIDENCE] = { .key = "confidence", .heading = "CONFIDENCE", .kind = MO_CELL_TEXT,
			      .help = "as in the table of groups" },
	[LOST_PURPOSE] = { .key = "on_purpose", .heading = "ON PURPOSE", .kind = MO_CELL_BOOL, .flags = MO_COLUMN_HIDDEN,
			   .help = "the kernel loses these and says so (kmemleak_not_leak())" },
};

const struct mo_table_spec lost_table = {
	.name = "lost_objects",
	.title = "Lost objects",
	.help = "With --list: every object that nothing leads to.",
	.columns = lost_columns,
	.n_columns = N_LOST_COLUMNS,
};

const char *cache_name(const struct mo_slab_cache *cache, char *room, size_t n_bytes)
{
	if (cache->name)
		return cache->name;
	snprintf(room, n_bytes, "0x%" PRIx64, cache->cache_kva);
	return room;
}

const char *group_name(const struct mo_slab_model *slabs, const struct mo_leak_group *group, char *room, size_t n_bytes)
{
	switch (group->kind) {
	case MO_LOST_LARGE_KMALLOC:
		return "large kmalloc";
	case MO_LOST_PAGES:
		/* Before 6.15 large kmalloc is not told from other compound blocks. */
		snprintf(room, n_bytes, "%s, order %u", group->is_compound ? "compound" : "pages", group->order);
		return room;
	case MO_LOST_AREA:
		return group->is_mapping ? "vmap" : "vmalloc";
	default:
		return cache_name(&slabs->caches[group->cache], room, n_bytes);
	}
}

/* With memory missing that may lead to it, what looks lost may be in use, and nobody is named for it. */
static const char *owner_name(const struct mo_leaks_model *model, const struct mo_slab_model *slabs, const struct mo_leak_group *group)
{
	return is_beyond_missing(model, slabs, group) ? group->module : NULL;
}

const char *confidence_name(const struct mo_leaks_model *model, const struct mo_slab_model *slabs,
			    const struct mo_leak_group *group)
{
	static const char *const names[MO_N_LOST_CONFIDENCES] = {
		[MO_LOST_LIKELY] = "likely",
		[MO_LOST_SUSPECT] = "suspect",
		[MO_LOST_GUESS] = "guess",
		[MO_LOST_ON_PURPOSE] = "on purpose",
	};

	if (group->confidence < MO_LOST_ON_PURPOSE && !is_beyond_missing(model, slabs, group))
		return names[MO_LOST_GUESS];
	return group->confidence < MO_N_LOST_CONFIDENCES ? names[group->confidence] : NULL;
}

/* "leak_one+0x12 < leak_init+0x40 < do_one_initcall+0x59 ..." */
static void print_stack(struct mo_run *run, const struct mo_leaks_model *model, const struct mo_leak_group *group, char *text,
			size_t n_bytes)
{
	const struct mo_symbols *symbols = mo_kernel_symbols(mo_run_kernel(run));
	uint64_t frames[MO_STACK_DEPOT_FRAMES];
	size_t n_frames = read_allocating_stack(run, model, group->representative, frames);
	size_t n = 0;

	for (size_t i = 0; i < n_frames && n < n_bytes; i++) {
		const char *before = i ? " < " : "";
		struct mo_symbol symbol;
		struct mo_error *error = mo_symbols_at(symbols, frames[i], &symbol);

		if (error)
			n += (size_t)snprintf(text + n, n_bytes - n, "%s0x%" PRIx64, before, frames[i]);
		else
			n += (size_t)snprintf(text + n, n_bytes - n, "%s%s+0x%" PRIx64, before, symbol.name, frames[i] - symbol.value_kva);
		mo_error_destroy(error);
	}
}

/* Who took the pieces of a group, where the kernel recorded it. */
static void put_record(struct mo_run *run, const struct mo_leaks_model *model, const struct mo_leak_group *group,
		       struct allocation_text *text, struct mo_cell *cells)
{
	static const char *const names[MO_N_OWNER_SOURCES] = {
		[MO_OWNER_POINTERS] = "pointers",
		[MO_OWNER_CONSTRUCTOR] = "constructor",
		[MO_OWNER_AREA] = "vmalloc",
		[MO_OWNER_TRACK] = "track",
		[MO_OWNER_PAGE_OWNER] = "page_owner",
		[MO_OWNER_ALLOC_TAG] = "alloc_tag",
	};

	cells[COLUMN_OWNER_BY] = mo_cell_text(group->owner_source < MO_N_OWNER_SOURCES ? names[group->owner_source] : NULL);
	cells[COLUMN_ALLOCATED_BY] = mo_cell_unknown();
	cells[COLUMN_STACK] = mo_cell_unknown();
	if (group->allocated_by && group->allocated_by_kva)
		snprintf(text->function, sizeof(text->function), "%s+0x%" PRIx64, group->allocated_by, group->allocated_by_offset_bytes);
	else if (group->allocated_by)
		snprintf(text->function, sizeof(text->function), "%s", group->allocated_by);
	else if (group->allocated_by_kva)
		snprintf(text->function, sizeof(text->function), "0x%" PRIx64, group->allocated_by_kva);
	if (text->function[0])
		cells[COLUMN_ALLOCATED_BY] = mo_cell_text(text->function);
	if (group->stack_key && group->kind != MO_LOST_AREA)
		print_stack(run, model, group, text->stack, sizeof(text->stack));
	if (text->stack[0])
		cells[COLUMN_STACK] = mo_cell_text(text->stack);
}

static void put_group(struct mo_run *run, struct mo_report *report, const struct mo_leaks_model *model,
		      const struct mo_slab_model *slabs, const struct mo_leak_group *group)
{
	char room[64];
	char points_at[300];
	struct allocation_text text = { .function = "" };
	struct mo_cell cells[N_COLUMNS] = {
		[COLUMN_CACHE] = mo_cell_text(group_name(slabs, group, room, sizeof(room))),
		[COLUMN_OBJECTS] = mo_cell_number(mo_exact(group->objects)),
		[COLUMN_BYTES] = mo_cell_number(mo_exact(group->bytes)),
		[COLUMN_HEADS] = mo_cell_number(mo_exact(group->heads)),
		[COLUMN_HELD_OBJECTS] = mo_cell_number(mo_exact(group->held_objects)),
		[COLUMN_HELD_BYTES] = mo_cell_number(mo_exact(group->held_bytes)),
		[COLUMN_OWNER] = mo_cell_text(owner_name(model, slabs, group)),
		[COLUMN_POINTS_AT] = mo_cell_unknown(),
		[COLUMN_WHAT] = mo_cell_text(group->form),
		[COLUMN_CONFIDENCE] = mo_cell_text(confidence_name(model, slabs, group)),
		[COLUMN_ADDRESS] = mo_cell_number(mo_exact(model->lost[group->representative].kva)),
	};

	if (group->symbol) {
		snprintf(points_at, sizeof(points_at), "%s+0x%" PRIx64, group->symbol, group->symbol_offset_bytes);
		cells[COLUMN_POINTS_AT] = mo_cell_text(points_at);
	}
	put_record(run, model, group, &text, cells);
	mo_report_row(report, cells);
}

static void put_lost(struct mo_report *report, const struct mo_leaks_model *model, const struct mo_slab_model *slabs,
		     uint32_t at)
{
	const struct mo_lost_object *lost = &model->lost[at];
	const struct mo_leak_group *group = &model->groups[lost->group];
	const struct mo_lost_head *head = mo_lost_head_of(model, at);
	char room[64];
	struct mo_cell cells[N_LOST_COLUMNS] = {
		[LOST_ADDRESS] = mo_cell_number(mo_exact(lost->kva)),
		[LOST_CACHE] = mo_cell_text(group_name(slabs, group, room, sizeof(room))),
		[LOST_BYTES] = mo_cell_number(mo_exact(mo_lost_bytes(slabs, lost))),
		[LOST_OWNER] = mo_cell_text(owner_name(model, slabs, group)),
		[LOST_ALLOCATED_BY] = mo_cell_text(group->allocated_by),
		[LOST_HEAD] = mo_cell_number(mo_exact(model->lost[lost->head].kva)),
		[LOST_HELD_OBJECTS] = mo_cell_number(mo_exact(head ? head->held_objects : 0)),
		[LOST_HELD_BYTES] = mo_cell_number(mo_exact(head ? head->held_bytes : 0)),
		[LOST_CYCLE] = mo_cell_number(mo_exact(lost->is_in_cycle)),
		[LOST_CONFIDENCE] =
			mo_cell_text(confidence_name(model, slabs, group)),
		[LOST_PURPOSE] = mo_cell_number(mo_exact(group->is_on_purpose)),
	};

	mo_report_row(report, cells);
}

#define REPORT_GROUPS 12

static void put_list(struct mo_report *report, const struct mo_leaks_model *model, const struct mo_slab_model *slabs,
		     bool has_suspects)
{
	mo_report_table_begin(report, &lost_table);
	for (uint32_t i = 0; i < model->n_lost && !mo_report_failed(report); i++)
		if (has_suspects || model->groups[model->lost[i].group].confidence != MO_LOST_SUSPECT)
			put_lost(report, model, slabs, i);
	mo_report_table_end(report);
}

/* Whether something hangs on something: else every piece is a head, which says nothing. */
static bool has_held(const struct mo_leaks_model *model)
{
	for (size_t i = 0; i < model->n_groups; i++)
		if (model->groups[i].held_objects || model->groups[i].cycles)
			return true;
	return false;
}

/* What the answer rests on: how much could be read, and what an idle kernel shows. */
static void put_scope(struct mo_report *report, const struct mo_leaks_model *model)
{
	char registers[100] = "";
	char read[200] = "All of them could be read.";

	if (model->register_sets)
		snprintf(registers, sizeof(registers), " and the registers of %" PRIu64 " CPU%s", model->register_sets,
			 model->register_sets == 1 ? "" : "s");
	else
		snprintf(registers, sizeof(registers), "; no CPU's registers are known");
	if (model->missing_pages || model->missing_objects)
		snprintf(read, sizeof(read), "Of these, %" PRIu64 " objects and %" PRIu64 " pages (%.1f %% and %.1f %%) could not be read.",
			 model->missing_objects, model->missing_pages,
			 100.0 * (double)model->missing_objects / (double)(model->objects ? model->objects : 1),
			 100.0 * (double)model->missing_pages / (double)(model->root_pages ? model->root_pages : 1));
	mo_report_note(report,
		       "Looked at: %" PRIu64 " allocated objects, %" PRIu64 " blocks of pages, %" PRIu64
		       " areas of vmalloc; roots: %" PRIu64 " pages%s; %.1f MiB of words. %s",
		       model->objects, model->blocks, model->areas, model->root_pages, registers,
		       (double)model->scanned_bytes / (1 << 20), read);
	if (model->rescans)
		mo_report_note(report,
			       "The kernel runs: what is listed was lost in each of %" PRIu64 " looks a second apart, with the same bytes; %" PRIu64
			       " pieces seemed so at first.",
			       model->rescans + 1, model->n_lost + model->vanished_objects);
	if (model->moved_objects)
		mo_report_note(report,
			       "%" PRIu64 " objects count as reached, because their slabs moved while they were looked at.",
			       model->moved_objects);
	if (!model->is_hopeless)
		mo_report_note(report, "An idle kernel shows no likely loss: a few headers of sysctl tables, lost on purpose (of a crashed "
				       "one VMCOREINFO, too), and tens to hundreds of suspect pages, nearly all of them tails of "
				       "alloc_pages_exact().");
}

/* What waits to be freed, and nobody has any more. */
static void put_deferred(struct mo_report *report, const struct mo_leaks_model *model)
{
	uint64_t kfree_rcu = model->deferred_objects + model->deferred_kfree_rcu + model->deferred_batches;

	if (model->deferred_callbacks || model->deferred_slabs || kfree_rcu)
		mo_report_note(report,
			       "Not lost, but deferred (objects): %" PRIu64 " by call_rcu(), %" PRIu64 " by kfree_rcu(); of the "
			       "latter with a grace period under way: %" PRIu64 ". Slabs: %" PRIu64 ".",
			       model->deferred_callbacks, kfree_rcu, model->deferred_batches, model->deferred_slabs);
	if (model->deferred_areas)
		mo_report_note(report, "Freed areas of vmalloc that wait to be purged: %" PRIu64 " (%" PRIu64 " KiB of addresses).",
			       model->deferred_areas, model->deferred_area_bytes / 1024);
}

/* In a report the largest groups; none where most of them would be wrong. */
static void put_groups(struct mo_run *run, struct mo_report *report, const struct mo_leaks_model *model,
		       const struct mo_slab_model *slabs)
{
	size_t most = model->is_hopeless ? 0 : mo_run_is_report(run) ? mo_run_report_rows(run, REPORT_GROUPS) : model->n_groups;
	size_t n_shown = 0;
	size_t n_left = 0;
	struct mo_column shown[N_COLUMNS];
	struct mo_table_spec table = leaks_table;

	/* What the kernel recorded says more than what the pieces point at. */
	memcpy(shown, columns, sizeof(shown));
	if (!has_held(model)) {
		shown[COLUMN_HEADS].flags |= MO_COLUMN_HIDDEN;
		shown[COLUMN_HELD_BYTES].flags |= MO_COLUMN_HIDDEN;
	}
	for (size_t i = 0; i < model->n_groups; i++)
		if (model->groups[i].stack_key) {
			shown[COLUMN_ALLOCATED_BY].flags &= ~(unsigned)MO_COLUMN_HIDDEN;
			shown[COLUMN_POINTS_AT].flags |= MO_COLUMN_HIDDEN;
		}
	/* A report says what and whose; `leaks` has addresses. */
	if (mo_run_is_report(run))
		shown[COLUMN_ADDRESS].flags |= MO_COLUMN_HIDDEN;
	table.columns = shown;
	if (mo_run_is_report(run) && model->is_whole && !model->likely_objects)
		mo_report_note(report, "Nothing that the kernel does not lose on purpose is lost for sure.");
	mo_report_table_begin(report, &table);
	for (size_t i = 0; i < model->n_groups; i++) {
		if (model->groups[i].confidence == MO_LOST_SUSPECT && !mo_run_flag(run, "suspects"))
			continue;
		if (n_shown == most) {
			n_left++;
			continue;
		}
		put_group(run, report, model, slabs, &model->groups[i]);
		n_shown++;
	}
	mo_report_table_end(report);
	if (!model->is_hopeless && n_left)
		mo_report_note(report, "%zu smaller groups are shown by `memopsy leaks`.", n_left);
	if (model->suspect_objects && !model->is_hopeless && !mo_run_flag(run, "suspects"))
		mo_report_note(report,
			       "%" PRIu64 " more (%" PRIu64 " KiB) are suspect: no address leads to them, but a number may, or the page "
			       "before them. `memopsy leaks --suspects` shows them.",
			       model->suspect_objects, model->suspect_bytes / 1024);
	put_scope(report, model);
	put_deferred(report, model);
}

struct mo_error *show_leaks(struct mo_run *run, struct mo_report *report)
{
	const struct mo_leaks_model *model = mo_run_model(run);
	const struct mo_slab_model *slabs = mo_run_model_of(run, MO_SLAB_MODEL);

	if (mo_run_flag(run, "reachable"))
		return show_reachable(run, report);
	if (mo_run_flag(run, "list"))
		put_list(report, model, slabs, mo_run_flag(run, "suspects"));
	else
		put_groups(run, report, model, slabs);
	mo_run_show_findings(run, report);
	return NULL;
}
