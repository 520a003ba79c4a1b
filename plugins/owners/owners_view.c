/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* `memopsy owners`: holders in one table, their sums, the groups of direct pages; and the holders of each class for the report. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include <memopsy/numbers.h>

#include "gathering.h"

#define USUAL_TOP 30u
#define SECTION_HOLDERS 5u /* of each class */

const char *const holder_kind_names[MO_N_HOLDER_KINDS] = {
	[MO_HOLDER_CACHE] = "slab cache",
	[MO_HOLDER_LARGE_KMALLOC] = "large kmalloc",
	[MO_HOLDER_VMAP_CALLER] = "vmalloc",
	[MO_HOLDER_PERCPU] = "per-CPU",
	[MO_HOLDER_STACKS] = "stacks",
	[MO_HOLDER_PAGE_TABLES] = "page tables",
	[MO_HOLDER_KERNEL_IMAGE] = "since boot",
	[MO_HOLDER_DIRECT] = "direct pages",
};

const char *const holder_evidence_names[MO_N_HOLDER_EVIDENCES] = {
	[MO_HOLDER_BY_ALLOCATOR] = "accounting",
	[MO_HOLDER_BY_RECORD] = "record",
	[MO_HOLDER_BY_STRUCTURE] = "structure",
	[MO_HOLDER_BY_POINTER] = "pointer",
	[MO_HOLDER_BY_GUESS] = "guess",
	[MO_HOLDER_BY_NOBODY] = "nobody",
};

enum {
	COLUMN_BYTES, COLUMN_KIND, COLUMN_NAME, COLUMN_MODULE, COLUMN_EVIDENCE, COLUMN_PIECES, COLUMN_ORDER, COLUMN_CLASS,
	COLUMN_DETAIL, COLUMN_RECLAIMABLE, COLUMN_EXAMPLE, COLUMN_GUESSED, N_COLUMNS
};

#define HOLDER_COLUMNS(kind_flags, order_flags, detail_flags) \
	[COLUMN_BYTES] = { .key = "size_bytes", .heading = "SIZE", .kind = MO_CELL_BYTES, .help = "memory that is held" }, \
	[COLUMN_KIND] = { .key = "kind", .heading = "KIND", .kind = MO_CELL_TEXT, .flags = kind_flags, .help = "which allocator" }, \
	[COLUMN_NAME] = { .key = "name", .heading = "HOLDER", .kind = MO_CELL_TEXT, .flags = MO_COLUMN_TRUNCATE, \
			  .help = "cache, function that asked for it, variable, cache and byte of an object, ..." }, \
	[COLUMN_MODULE] = { .key = "module", .heading = "MODULE", .kind = MO_CELL_TEXT, \
			    .help = "whose; none: the kernel itself, or not known" }, \
	[COLUMN_EVIDENCE] = { .key = "evidence", .heading = "BY", .kind = MO_CELL_TEXT, \
			      .help = "what that rests on: the allocator's accounting, the kernel's record, a structure, a pointer, a guess" }, \
	[COLUMN_PIECES] = { .key = "pieces", .heading = "PIECES", .kind = MO_CELL_COUNT, .help = "objects, pages or blocks of pages" }, \
	[COLUMN_ORDER] = { .key = "order", .heading = "ORDER", .kind = MO_CELL_COUNT, .flags = order_flags, \
			   .help = "of blocks of pages: each is of 2^order pages" }, \
	[COLUMN_CLASS] = { .key = "class", .heading = "CLASS", .kind = MO_CELL_TEXT, .flags = MO_COLUMN_HIDDEN, \
			   .help = "class of its pages, as in usage" }, \
	[COLUMN_DETAIL] = { .key = "detail", .heading = "DETAIL", .kind = MO_CELL_TEXT, .flags = detail_flags, \
			    .help = "what the holder does with it" }, \
	[COLUMN_RECLAIMABLE] = { .key = "is_reclaimable", .heading = "RECLAIMABLE", .kind = MO_CELL_BOOL, \
				 .flags = MO_COLUMN_HIDDEN, .help = "whether the kernel counts it as such" }, \
	[COLUMN_EXAMPLE] = { .key = "example", .heading = "EXAMPLE", .kind = MO_CELL_ADDRESS, .flags = MO_COLUMN_HIDDEN, \
			     .help = "one of the pieces; of a slab cache its struct kmem_cache" }, \
	[COLUMN_GUESSED] = { .key = "is_module_guessed", .heading = "MODULE GUESSED", .kind = MO_CELL_BOOL, \
			     .flags = MO_COLUMN_HIDDEN, .help = "whether the module is one that samples of it point into" }

static const struct mo_column columns[N_COLUMNS] = { HOLDER_COLUMNS(0, MO_COLUMN_HIDDEN, MO_COLUMN_HIDDEN) };
static const struct mo_column direct_columns[N_COLUMNS] = { HOLDER_COLUMNS(MO_COLUMN_HIDDEN, 0, MO_COLUMN_TRUNCATE) };

const struct mo_table_spec owners_table = {
	.name = "owners",
	.title = "Who holds the kernel's memory",
	.help = "Holders of the kernel's memory, over all allocators, largest first.",
	.columns = columns,
	.n_columns = N_COLUMNS,
};

const struct mo_table_spec owners_direct_table = {
	.name = "owners_direct",
	.title = "Who holds pages of the page allocator",
	.help = "Blocks of pages of the same order and origin.",
	.columns = direct_columns,
	.n_columns = N_COLUMNS,
};

static void put_holder(const struct owners_state *state, struct mo_report *report, const struct mo_holder *holder)
{
	bool has_order = holder->kind == MO_HOLDER_DIRECT || holder->kind == MO_HOLDER_LARGE_KMALLOC;
	struct mo_cell cells[N_COLUMNS] = {
		[COLUMN_BYTES] = mo_cell_number(mo_exact(holder->bytes)),
		[COLUMN_KIND] = mo_cell_text(holder_kind_names[holder->kind]),
		[COLUMN_NAME] = mo_cell_text(holder->name),
		[COLUMN_MODULE] = mo_cell_text(holder->module ? holder->module : ""),
		[COLUMN_EVIDENCE] = mo_cell_text(holder_evidence_names[holder->evidence]),
		[COLUMN_PIECES] = mo_cell_number(mo_exact(holder->pieces)),
		[COLUMN_ORDER] = has_order ? mo_cell_number(mo_exact(holder->order)) : mo_cell_unknown(),
		[COLUMN_CLASS] = mo_cell_text(state->mem_map->classes[holder->page_class].name),
		[COLUMN_DETAIL] = mo_cell_text(holder->detail ? holder->detail : ""),
		[COLUMN_RECLAIMABLE] = mo_cell_number(mo_exact(holder->is_reclaimable)),
		[COLUMN_GUESSED] = mo_cell_number(mo_exact(holder->is_module_guessed)),
		[COLUMN_EXAMPLE] = holder->example_kva ? mo_cell_number(mo_exact(holder->example_kva)) : mo_cell_unknown(),
	};

	mo_report_row(report, cells);
}

static bool is_direct(const struct mo_holder *holder)
{
	return holder->kind == MO_HOLDER_DIRECT || holder->kind == MO_HOLDER_LARGE_KMALLOC;
}

/* Holders of one sort only, or of all. */
static bool is_wanted(struct mo_run *run, const struct mo_holder *holder)
{
	return (!mo_run_flag(run, "direct") || is_direct(holder)) &&
	       (!mo_run_flag(run, "percpu") || holder->kind == MO_HOLDER_PERCPU);
}

static void put_holders(struct mo_run *run, struct mo_report *report)
{
	const struct owners_state *state = mo_run_model(run);
	uint64_t most = USUAL_TOP;
	uint64_t n_shown = 0;
	uint64_t n_left = 0;
	uint64_t bytes_left = 0;

	mo_run_number(run, "top", &most);
	mo_report_table_begin(report, mo_run_flag(run, "direct") ? &owners_direct_table : &owners_table);
	for (size_t i = 0; i < state->model.n_holders; i++) {
		const struct mo_holder *holder = &state->model.holders[i];

		if (!is_wanted(run, holder))
			continue;
		if (n_shown < most || mo_run_flag(run, "all")) {
			put_holder(state, report, holder);
			n_shown++;
		} else {
			n_left++;
			bytes_left += holder->bytes;
		}
	}
	mo_report_table_end(report);
	if (n_left)
		mo_report_note(report, "%" PRIu64 " more holders have %" PRIu64 " KiB; --all shows them.", n_left, bytes_left >> 10);
}

enum { BY_BYTES, BY_NAME, BY_PIECES, BY_HOLDERS, BY_NO_EVIDENCE, N_BY_COLUMNS };

static const struct mo_column by_columns[N_BY_COLUMNS] = {
	[BY_BYTES] = { .key = "size_bytes", .heading = "SIZE", .kind = MO_CELL_BYTES, .help = "memory that is held" },
	[BY_NAME] = { .key = "name", .heading = "HOLDER", .kind = MO_CELL_TEXT, .help = "module, calling function, cache or allocator" },
	[BY_PIECES] = { .key = "pieces", .heading = "PIECES", .kind = MO_CELL_COUNT, .help = "objects, pages or blocks of pages" },
	[BY_HOLDERS] = { .key = "holders", .heading = "HOLDERS", .kind = MO_CELL_COUNT, .help = "rows of the table of holders" },
	[BY_NO_EVIDENCE] = { .key = "guessed_bytes", .heading = "GUESSED", .kind = MO_CELL_BYTES,
			     .help = "of this memory, what rests on a guess, or is nobody's" },
};

const struct mo_table_spec owners_by_table = {
	.name = "owners_by",
	.title = "Who holds the kernel's memory, in sums",
	.help = "Memory that is held, by module, caller, slab cache or allocator.",
	.columns = by_columns,
	.n_columns = N_BY_COLUMNS,
};

enum by { BY_MODULE, BY_CALLER, BY_CACHE, BY_KIND, N_BYS };
static const char *const by_words[N_BYS] = { "module", "caller", "cache", "kind" };

/* What a holder is summed up under; NULL: it is left out. */
static const char *sum_name(const struct mo_holder *holder, enum by by)
{
	switch (by) {
	case BY_MODULE:
		return holder->module ? holder->module : "(the kernel itself, or not known)";
	case BY_CALLER:
		return holder->kind == MO_HOLDER_VMAP_CALLER || holder->evidence == MO_HOLDER_BY_RECORD ? holder->name : NULL;
	case BY_CACHE:
		return holder->kind == MO_HOLDER_CACHE ? holder->name : NULL;
	default:
		return holder_kind_names[holder->kind];
	}
}

/* Whether the name that it is summed up under is no more than a guess. */
static bool is_guessed(const struct mo_holder *holder, enum by by)
{
	return holder->evidence >= MO_HOLDER_BY_GUESS || (by == BY_MODULE && holder->is_module_guessed);
}

struct sum {
	const char *name;
	uint64_t bytes, pieces, holders, guessed_bytes;
};

static int compare_names(const void *left, const void *right)
{
	return strcmp(((const struct sum *)left)->name, ((const struct sum *)right)->name);
}

static int compare_sums(const void *left, const void *right)
{
	const struct sum *a = left;
	const struct sum *b = right;

	if (a->bytes != b->bytes)
		return a->bytes > b->bytes ? -1 : 1;
	return strcmp(a->name, b->name);
}

static struct mo_error *put_sums(struct mo_run *run, struct mo_report *report, enum by by)
{
	const struct owners_state *state = mo_run_model(run);
	struct sum *sums = calloc(state->model.n_holders + 1, sizeof(*sums));
	size_t n_all = 0;
	size_t n = 0;

	if (!sums)
		return mo_error_no_memory();
	for (size_t i = 0; i < state->model.n_holders; i++) {
		const struct mo_holder *holder = &state->model.holders[i];
		const char *name = sum_name(holder, by);

		if (name)
			sums[n_all++] = (struct sum){ .name = name, .bytes = holder->bytes, .pieces = holder->pieces, .holders = 1,
						      .guessed_bytes = is_guessed(holder, by) ? holder->bytes : 0 };
	}
	qsort(sums, n_all, sizeof(*sums), compare_names);
	for (size_t i = 0; i < n_all; i++) {
		if (n && !strcmp(sums[n - 1].name, sums[i].name)) {
			sums[n - 1].bytes += sums[i].bytes;
			sums[n - 1].pieces += sums[i].pieces;
			sums[n - 1].holders++;
			sums[n - 1].guessed_bytes += sums[i].guessed_bytes;
		} else {
			sums[n++] = sums[i];
		}
	}
	qsort(sums, n, sizeof(*sums), compare_sums);
	mo_report_table_begin(report, &owners_by_table);
	for (size_t i = 0; i < n; i++)
		mo_report_row(report, (const struct mo_cell[N_BY_COLUMNS]){
			[BY_BYTES] = mo_cell_number(mo_exact(sums[i].bytes)),
			[BY_NAME] = mo_cell_text(sums[i].name),
			[BY_PIECES] = mo_cell_number(mo_exact(sums[i].pieces)),
			[BY_HOLDERS] = mo_cell_number(mo_exact(sums[i].holders)),
			[BY_NO_EVIDENCE] = mo_cell_number(mo_exact(sums[i].guessed_bytes)) });
	mo_report_table_end(report);
	free(sums);
	return NULL;
}

enum { SECTION_CLASS, SECTION_BYTES, SECTION_NAME, SECTION_MODULE, SECTION_EVIDENCE, SECTION_PIECES, N_SECTION_COLUMNS };

static const struct mo_column section_columns[N_SECTION_COLUMNS] = {
	[SECTION_CLASS] = { .key = "class", .heading = "CLASS", .kind = MO_CELL_TEXT, .help = "class of pages, as in usage" },
	[SECTION_BYTES] = { .key = "size_bytes", .heading = "SIZE", .kind = MO_CELL_BYTES, .help = "memory that is held" },
	[SECTION_NAME] = { .key = "name", .heading = "HOLDER", .kind = MO_CELL_TEXT, .flags = MO_COLUMN_TRUNCATE,
			   .help = "the largest ones of the class, and the others together" },
	[SECTION_MODULE] = { .key = "module", .heading = "MODULE", .kind = MO_CELL_TEXT, .help = "whose" },
	[SECTION_EVIDENCE] = { .key = "evidence", .heading = "BY", .kind = MO_CELL_TEXT, .help = "what that rests on" },
	[SECTION_PIECES] = { .key = "pieces", .heading = "PIECES", .kind = MO_CELL_COUNT,
			     .help = "objects, pages or blocks of pages" },
};

const struct mo_table_spec owners_section_table = {
	.name = "owners_by_class",
	.title = "Who holds the kernel's memory",
	.help = "The largest holders of each class of pages.",
	.columns = section_columns,
	.n_columns = N_SECTION_COLUMNS,
};

static void put_of_class(struct mo_report *report, const char *class, const char *name, const char *module, const char *evidence,
			 uint64_t bytes, uint64_t pieces)
{
	mo_report_row(report, (const struct mo_cell[N_SECTION_COLUMNS]){
		[SECTION_CLASS] = mo_cell_text(class),
		[SECTION_BYTES] = mo_cell_number(mo_exact(bytes)),
		[SECTION_NAME] = mo_cell_text(name),
		[SECTION_MODULE] = mo_cell_text(module ? module : ""),
		[SECTION_EVIDENCE] = mo_cell_text(evidence),
		[SECTION_PIECES] = mo_cell_number(mo_exact(pieces)) });
}

static void put_class(const struct owners_state *state, struct mo_report *report, const struct holder_table *holders,
		      enum mo_page_class class, size_t most)
{
	const char *class_name = state->mem_map->classes[class].name;
	uint64_t n_left = 0;
	uint64_t bytes_left = 0;
	uint64_t pieces_left = 0;
	size_t n_shown = 0;

	for (size_t i = 0; i < holders->n; i++) {
		const struct mo_holder *holder = &holders->holders[i];

		if (holder->page_class != class)
			continue;
		if (n_shown++ < most) {
			put_of_class(report, class_name, holder->name ? holder->name : "(nobody that is known)",
				     holder->module, holder_evidence_names[holder->evidence],
				     holder->bytes, holder->pieces);
			continue;
		}
		n_left++;
		bytes_left += holder->bytes;
		pieces_left += holder->pieces;
	}
	if (n_left)
		put_of_class(report, class_name, "(others)", NULL, "", bytes_left, pieces_left);
}

/* Blocks of all orders, whatever points at them, are one row here. */
static struct mo_error *merge_orders(const struct owners_state *state, struct holder_table *ret)
{
	struct mo_error *error = NULL;

	for (size_t i = 0; i < state->model.n_holders && !error; i++) {
		struct mo_holder holder = state->model.holders[i];

		holder.order = 0;
		holder.detail = NULL;
		error = add_holder(ret, &holder);
	}
	sort_holders(ret);
	return error;
}

static struct mo_error *put_section(const struct owners_state *state, struct mo_report *report, size_t most)
{
	bool is_done[MO_N_PAGE_CLASSES] = { false };
	struct holder_table holders = { .n = 0 };
	struct mo_error *error = merge_orders(state, &holders);

	if (error) {
		holders_deinit(&holders);
		return error;
	}
	mo_report_table_begin(report, &owners_section_table);
	for (;;) {
		unsigned largest = MO_N_PAGE_CLASSES;

		for (unsigned class = 0; class < MO_N_PAGE_CLASSES; class++)
			if (is_kernel_class((enum mo_page_class)class) && !is_done[class] && state->mem_map->pages[class] &&
			    (largest == MO_N_PAGE_CLASSES || state->mem_map->pages[class] > state->mem_map->pages[largest]))
				largest = class;
		if (largest == MO_N_PAGE_CLASSES)
			break;
		is_done[largest] = true;
		put_class(state, report, &holders, (enum mo_page_class)largest, most);
	}
	mo_report_table_end(report);
	holders_deinit(&holders);
	return NULL;
}

/* Caches, and objects that point at pages, whose module is no more than a guess: the largest ones. */
static void put_guessed_modules(const struct owners_state *state, struct mo_report *report)
{
	char text[400];
	size_t used = 0;
	unsigned n = 0;

	*text = '\0';
	for (size_t i = 0; i < state->model.n_holders && n < 4 && used + 120 < sizeof(text); i++) {
		const struct mo_holder *holder = &state->model.holders[i];

		if (!holder->is_module_guessed || !holder->name)
			continue;
		used += (size_t)snprintf(text + used, sizeof(text) - used, "%s%.40s (%.40s)", n ? ", " : "", holder->name,
					 holder->module);
		n++;
	}
	if (n)
		mo_report_note(report, "The module is a guess of these and others like them, by where their objects point: %s.", text);
}

static void put_direct_note(const struct owners_state *state, struct mo_report *report)
{
	if (state->model.direct_pages)
		mo_report_note(report, "Of %" PRIu64 " pages that were taken from the page allocator directly, %" PRIu64
			       " %s no owner that is known.", state->model.direct_pages, state->model.direct_unowned_pages,
			       state->model.direct_unowned_pages == 1 ? "has" : "have");
	if (state->missing_pages)
		mo_report_note(report, "%" PRIu64 " kernel pages are not in the dump; what only they point at cannot be traced.", state->missing_pages);
}

#define MIN_TOLD_BYTES (1u << 20) /* idle kernels have less */

/* In a report, where `leaks` has looked at the same pages: one leak has one size. */
static struct mo_error *put_lost_note(const struct owners_state *state, struct mo_run *run, struct mo_report *report)
{
	const struct mo_leaks_model *leaks = NULL;
	const void *model = NULL;
	uint64_t unowned_bytes = state->model.direct_unowned_pages << state->page_shift;
	uint64_t bytes[MO_N_LOST_CONFIDENCES] = { 0 };
	char unowned[MO_SIZE_TEXT_BYTES], lost[MO_SIZE_TEXT_BYTES], suspect[MO_SIZE_TEXT_BYTES], rest[MO_SIZE_TEXT_BYTES];
	uint64_t found_bytes;
	struct mo_error *error = mo_run_late_model(run, MO_LEAKS_MODEL, &model);

	leaks = model;
	if (error || !leaks || unowned_bytes < MIN_TOLD_BYTES)
		return error;
	for (size_t i = 0; i < leaks->n_groups; i++)
		if (leaks->groups[i].kind == MO_LOST_PAGES || leaks->groups[i].kind == MO_LOST_LARGE_KMALLOC)
			bytes[leaks->groups[i].confidence] += leaks->groups[i].bytes;
	found_bytes = bytes[MO_LOST_LIKELY] + bytes[MO_LOST_SUSPECT];
	mo_format_bytes(unowned, sizeof(unowned), unowned_bytes, false);
	mo_format_bytes(lost, sizeof(lost), bytes[MO_LOST_LIKELY], false);
	mo_format_bytes(suspect, sizeof(suspect), bytes[MO_LOST_SUSPECT], false);
	mo_format_bytes(rest, sizeof(rest), found_bytes > unowned_bytes ? found_bytes - unowned_bytes : unowned_bytes - found_bytes,
			false);
	if (found_bytes >= unowned_bytes)
		mo_report_note(report, "Pages without a known owner: %s. Leaks counts %s of pages as lost and %s as suspect; %s of these have an "
				       "owner here, by a pointer in memory that is lost itself or as the tail of other pages.",
			       unowned, lost, suspect, rest);
	else
		mo_report_note(report, "Pages without a known owner: %s. Leaks counts %s of pages as lost and %s as suspect; to the other %s "
				       "leads something that names no owner.",
			       unowned, lost, suspect, rest);
	return NULL;
}

struct mo_error *show_owners(struct mo_run *run, struct mo_report *report)
{
	const struct owners_state *state = mo_run_model(run);
	const char *by = mo_run_text(run, "by");
	struct mo_error *error = NULL;
	unsigned which = 0;

	if (mo_run_is_report(run)) {
		error = put_section(state, report, mo_run_report_rows(run, SECTION_HOLDERS));
		put_direct_note(state, report);
		if (!error)
			error = put_lost_note(state, run, report);
		mo_run_show_findings(run, report);
		return error;
	}
	while (by && which < N_BYS && strcmp(by, by_words[which]) != 0)
		which++;
	if (which == N_BYS)
		return mo_error_create(MO_E_INVALID, "--by is module, caller, cache or kind, not \"%s\"", by);
	if (by)
		error = put_sums(run, report, (enum by)which);
	else
		put_holders(run, report);
	put_guessed_modules(state, report);
	put_direct_note(state, report);
	mo_run_show_findings(run, report);
	return error;
}
