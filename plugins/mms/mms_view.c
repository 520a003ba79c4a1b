/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* `memopsy mms` */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <memopsy/containers.h>

#include "gathering.h"

enum { COLUMN_MM, COLUMN_USERS, COLUMN_COUNT, COLUMN_VSS, COLUMN_RSS, COLUMN_PGTABLES, COLUMN_HELD, N_COLUMNS };

static const struct mo_column columns[N_COLUMNS] = {
	[COLUMN_MM] = { .key = "mm", .heading = "MM", .kind = MO_CELL_ADDRESS, .help = "struct mm_struct" },
	[COLUMN_USERS] = { .key = "users", .heading = "USERS", .kind = MO_CELL_COUNT,
			   .help = "mm_users: references on the address space; 0: its memory was freed" },
	[COLUMN_COUNT] = { .key = "count", .heading = "COUNT", .kind = MO_CELL_COUNT,
			   .help = "mm_count: references on the struct and its top-level page table" },
	[COLUMN_VSS] = { .key = "vss_bytes", .heading = "VSS", .kind = MO_CELL_BYTES, .help = "address space (total_vm)" },
	[COLUMN_RSS] = { .key = "rss_bytes", .heading = "RSS", .kind = MO_CELL_BYTES,
			 .help = "resident set by its counters (file, anon, shmem)" },
	[COLUMN_PGTABLES] = { .key = "pgtables_bytes", .heading = "PGTABLES", .kind = MO_CELL_BYTES, .help = "page tables" },
	[COLUMN_HELD] = { .key = "held_by", .heading = "HELD BY", .kind = MO_CELL_TEXT, .flags = MO_COLUMN_WRAP,
			  .help = "slab objects and variables that point at it" },
};

const struct mo_table_spec mms_table = {
	.name = "mms",
	.title = "Address spaces without tasks",
	.help = "Allocated mm_structs that no task uses as its mm.",
	.columns = columns,
	.n_columns = N_COLUMNS,
	.flags = MO_TABLE_NO_TITLE,
};

#define MAX_TEXT_BYTES 1024
#define LARGE_BYTES (16ull << 20) /* worth a word in a report */
#define REPORT_ROWS 10u

static struct mo_count read_count(struct mo_run *run, const struct mo_field *field, uint64_t kva)
{
	uint64_t value = 0;
	struct mo_error *error;

	if (!mo_has(field) || !field->width_bytes)
		return mo_unknown();
	error = mo_read_field(mo_run_reader(run), field, kva, &value);
	return mo_error_destroy(error) ? mo_unknown() : mo_exact(value);
}

static bool has_task(const struct mo_tasks_model *tasks, uint64_t mm_kva)
{
	size_t low = mo_lower_bound(tasks->n_mms, at, tasks->mms[at].kva < mm_kva);

	return low < tasks->n_mms && tasks->mms[low].kva == mm_kva;
}

static const struct mo_slab_cache *mm_cache(const struct mo_slab_model *slab)
{
	for (size_t i = 0; i < slab->n_caches; i++)
		if (slab->caches[i].name && !strcmp(slab->caches[i].name, MM_CACHE))
			return &slab->caches[i];
	return NULL;
}

static int compare_orphans(const void *left, const void *right)
{
	const struct orphan *a = left;
	const struct orphan *b = right;

	return a->kva < b->kva ? -1 : a->kva > b->kva;
}

/* Returns how many were written; orphans has room for `most`. */
static size_t list_orphans(struct mo_run *run, const struct mo_slab_cache *cache, struct orphan *orphans, size_t most)
{
	const struct mms_layout *layout = mo_run_layout(run);
	const struct mo_slab_model *slab = mo_run_model_of(run, MO_SLAB_MODEL);
	const struct mo_tasks_model *tasks = mo_run_model_of(run, MO_TASKS_MODEL);
	size_t n = 0;

	for (size_t i = 0; i < cache->n_slabs; i++) {
		const struct mo_slab *at = &slab->slabs[cache->slabs[i]];

		for (uint32_t j = 0; j < at->objects && n < most; j++) {
			uint64_t kva = mo_object_kva(slab, at, j);

			if (mo_object_state_of(slab, at, j) != MO_OBJECT_ALLOCATED || has_task(tasks, kva))
				continue;
			orphans[n++] = (struct orphan){ .kva = kva,
							.users = read_count(run, &layout->users, kva),
							.count = read_count(run, &layout->count, kva),
							.pgtables_bytes = read_count(run, &layout->pgtables_bytes, kva),
							.total_vm_pages = read_count(run, &layout->total_vm, kva),
							.rss_pages = read_rss(run, kva) };
		}
	}
	qsort(orphans, n, sizeof(*orphans), compare_orphans);
	return n;
}

static bool is_member(const struct mo_field *field, const struct holder *holder, const char *cache, const char *wanted)
{
	return mo_has(field) && !strcmp(cache, wanted) && field->offset_bytes == holder->offset_bytes;
}

/* "2 struct file.private_data", "1 kmalloc-64 at +0x18". */
static int describe(struct mo_run *run, const struct holder *holder, char *text, size_t n_bytes)
{
	const struct mms_layout *layout = mo_run_layout(run);
	const struct mo_slab_model *slab = mo_run_model_of(run, MO_SLAB_MODEL);
	const char *cache = holder->variable || !slab->caches[holder->cache].name ? "?" : slab->caches[holder->cache].name;

	if (holder->variable && holder->cpu >= 0)
		return snprintf(text, n_bytes, "%s of CPU %d", holder->variable, holder->cpu);
	if (holder->variable)
		return snprintf(text, n_bytes, "%s", holder->variable);
	if (is_member(&layout->private_data, holder, cache, "filp"))
		return snprintf(text, n_bytes, "%" PRIu64 " open file%s of /proc/PID (struct file.private_data, 0x%" PRIx64 ")",
				holder->n_objects, holder->n_objects == 1 ? "" : "s", holder->example_kva);
	if (is_member(&layout->active_mm, holder, cache, "task_struct"))
		return snprintf(text, n_bytes, "%" PRIu64 " kernel thread%s using it lazily (task_struct.active_mm, "
							  "0x%" PRIx64 ")",
				holder->n_objects, holder->n_objects == 1 ? "" : "s", holder->example_kva);
	if (is_member(&layout->vm_mm, holder, cache, "vm_area_struct"))
		return snprintf(text, n_bytes, "%" PRIu64 " VMAs of its own", holder->n_objects);
	return snprintf(text, n_bytes, "%" PRIu64 " %s at +0x%" PRIx32 " (0x%" PRIx64 ")", holder->n_objects, cache,
			holder->offset_bytes, holder->example_kva);
}

static bool is_known(struct mo_run *run, const struct holder *holder)
{
	const struct mms_layout *layout = mo_run_layout(run);
	const struct mo_slab_model *slab = mo_run_model_of(run, MO_SLAB_MODEL);
	const char *cache = holder->variable || !slab->caches[holder->cache].name ? "" : slab->caches[holder->cache].name;

	return holder->variable || is_member(&layout->private_data, holder, cache, "filp") ||
	       is_member(&layout->active_mm, holder, cache, "task_struct") ||
	       is_member(&layout->vm_mm, holder, cache, "vm_area_struct");
}

static struct mo_count in_bytes(struct mo_run *run, struct mo_count pages)
{
	uint64_t page_bytes = mo_kernel_facts(mo_run_kernel(run))->page_bytes;

	if (pages.certainty == MO_UNKNOWN || pages.value > UINT64_MAX / page_bytes)
		return mo_unknown();
	pages.value *= page_bytes;
	return pages;
}

static void put_orphan(struct mo_run *run, struct mo_report *report, const struct orphan *orphan, uint32_t index,
		       const struct holders *holders)
{
	struct mo_cell cells[N_COLUMNS];
	char text[MAX_TEXT_BYTES] = "";
	size_t at = 0;

	/* Holders that are known by name first: others may be words that mean nothing any more. */
	for (size_t i = 0; i < 2 * holders->n && at + 2 < sizeof(text); i++) {
		const struct holder *holder = &holders->entries[i % holders->n];

		if (holder->orphan != index || is_known(run, holder) != (i < holders->n))
			continue;
		if (at) {
			memcpy(text + at, ", ", 3);
			at += 2;
		}
		describe(run, holder, text + at, sizeof(text) - at);
		at += strlen(text + at);
	}
	cells[COLUMN_MM] = mo_cell_number(mo_exact(orphan->kva));
	cells[COLUMN_USERS] = mo_cell_number(orphan->users);
	cells[COLUMN_COUNT] = mo_cell_number(orphan->count);
	cells[COLUMN_VSS] = mo_cell_number(in_bytes(run, orphan->total_vm_pages));
	cells[COLUMN_RSS] = mo_cell_number(in_bytes(run, orphan->rss_pages));
	cells[COLUMN_PGTABLES] = mo_cell_number(orphan->pgtables_bytes);
	cells[COLUMN_HELD] = *text ? mo_cell_text(text) : mo_cell_unknown();
	mo_report_row(report, cells);
}

static struct mo_error *put_orphans(struct mo_run *run, struct mo_report *report, const struct orphan *orphans, size_t n)
{
	struct holders holders = { .entries = calloc(MAX_HOLDERS, sizeof(*holders.entries)) };
	struct mo_error *error = holders.entries ? find_holders(run, orphans, n, &holders) : mo_error_no_memory();

	if (!error) {
		find_variables(run, orphans, n, &holders);
		mo_report_table_begin(report, &mms_table);
		for (uint32_t i = 0; i < n; i++)
			put_orphan(run, report, &orphans[i], i, &holders);
		mo_report_table_end(report);
		if (n == MAX_ORPHANS)
			mo_report_note(report, "The first %u are shown.", MAX_ORPHANS);
		if (holders.is_full)
			mo_report_note(report, "More than %u kinds of holders point at them; not all are shown.", MAX_HOLDERS);
	}
	free(holders.entries);
	return error;
}

/* What an orphan keeps from being free; 0 if it is not known. */
static uint64_t held_bytes(struct mo_run *run, const struct orphan *orphan)
{
	uint64_t rss_bytes = in_bytes(run, orphan->rss_pages).value;
	uint64_t held = rss_bytes + orphan->pgtables_bytes.value;

	return held < rss_bytes ? UINT64_MAX : held;
}

struct mo_error *judge_mms(struct mo_run *run)
{
	const struct mms_state *state = mo_run_model(run);
	uint64_t sum_bytes = 0;
	uint64_t n = 0;
	struct mo_evidence evidence[] = {
		{ .label = "address spaces", .kind = MO_CELL_COUNT },
		{ .label = "resident memory and page tables", .kind = MO_CELL_BYTES },
	};
	const struct mo_finding finding = {
		.id = "mm-without-task-holds-memory",
		.needs_one_moment = true,
		.severity = MO_WARNING,
		.basis = MO_BASIS_ABSENCE, /* of a task that has it */
		.is_incomplete = !((const struct mo_tasks_model *)mo_run_model_of(run, MO_TASKS_MODEL))->is_complete,
		.verdict = "Address spaces without a process hold memory.",
		.evidence = evidence,
		.n_evidence = sizeof(evidence) / sizeof(evidence[0]),
		.advice = "An mmget() reference was never dropped (missing mmput()): `memopsy mms` shows what points at them.",
	};

	for (size_t i = 0; i < state->n_orphans; i++) {
		uint64_t bytes = held_bytes(run, &state->orphans[i]);

		if (bytes < LARGE_BYTES)
			continue;
		n++;
		sum_bytes = bytes > UINT64_MAX - sum_bytes ? UINT64_MAX : sum_bytes + bytes;
	}
	evidence[0].cell = mo_cell_number(mo_exact(n));
	evidence[1].cell = mo_cell_number(mo_exact(sum_bytes));
	if (n)
		mo_run_judge(run, "mms", &finding);
	return NULL;
}

/* The section of the report: nothing, as long as none holds much. */
static struct mo_error *show_large(struct mo_run *run, struct mo_report *report, const struct mms_state *state)
{
	struct orphan *orphans = calloc(state->n_orphans + 1, sizeof(*orphans));
	struct mo_error *error;
	size_t n = 0;

	if (!orphans)
		return mo_error_no_memory();
	for (size_t i = 0; i < state->n_orphans && n < REPORT_ROWS; i++)
		if (held_bytes(run, &state->orphans[i]) >= LARGE_BYTES)
			orphans[n++] = state->orphans[i];
	mo_run_show_findings(run, report);
	error = n ? put_orphans(run, report, orphans, n) : NULL;
	free(orphans);
	return error;
}

struct mo_error *gather_mms(struct mo_run *run, void **model_ret)
{
	const struct mo_slab_cache *cache = mm_cache(mo_run_model_of(run, MO_SLAB_MODEL));
	struct mms_state *state = calloc(1, sizeof(*state));

	if (!state)
		return mo_error_no_memory();
	state->has_cache = cache != NULL;
	state->orphans = calloc(MAX_ORPHANS, sizeof(*state->orphans));
	if (!state->orphans) {
		release_mms(state);
		return mo_error_no_memory();
	}
	if (cache)
		state->n_orphans = list_orphans(run, cache, state->orphans, MAX_ORPHANS);
	*model_ret = state;
	return NULL;
}

void release_mms(void *model)
{
	struct mms_state *state = model;

	if (state)
		free(state->orphans);
	free(state);
}

struct mo_error *show_mms(struct mo_run *run, struct mo_report *report)
{
	const struct mo_slab_model *slab = mo_run_model_of(run, MO_SLAB_MODEL);
	const struct mo_tasks_model *tasks = mo_run_model_of(run, MO_TASKS_MODEL);
	const struct mms_state *state = mo_run_model(run);
	struct mo_error *error;

	if (!state->has_cache)
		return mo_error_create(MO_E_ABSENT, "no slab cache \"" MM_CACHE "\"");
	if (mo_run_is_report(run))
		return show_large(run, report, state);
	error = put_orphans(run, report, state->orphans, state->n_orphans);
	if (!error)
		mo_report_note(report, "%" PRIu64 " mm_structs, %zu without a task.%s",
			       mm_cache(slab)->states[MO_OBJECT_ALLOCATED], state->n_orphans,
			       tasks->is_complete ? "" : " The list of tasks is incomplete: some of them may have one.");
	return error;
}
