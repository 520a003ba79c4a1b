/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* `memopsy rmap PFN|ADDRESS...`: processes that map a page, where, and with which rights. */
#include "rmap.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <memopsy/containers.h>
#include <memopsy/numbers.h>

#define KERNEL_HALF (0xffull << 56)

enum { COLUMN_PFN, COLUMN_PID, COLUMN_COMM, COLUMN_VA, COLUMN_FLAGS, COLUMN_SIZE, COLUMN_VMA_NAME, COLUMN_MM, COLUMN_VMA,
       COLUMN_ENTRY, COLUMN_ENTRY_PA, N_COLUMNS };

static const struct mo_column columns[N_COLUMNS] = {
	[COLUMN_PFN] = { .key = "pfn", .heading = "PFN", .kind = MO_CELL_PFN, .help = "page frame" },
	[COLUMN_PID] = { .key = "pid", .heading = "PID", .kind = MO_CELL_SIGNED,
			 .help = "a process with this mm; unknown: no task uses it" },
	[COLUMN_COMM] = { .key = "comm", .heading = "COMMAND", .kind = MO_CELL_TEXT, .help = "its name" },
	[COLUMN_VA] = { .key = "address", .heading = "ADDRESS", .kind = MO_CELL_ADDRESS, .help = "virtual, in the process" },
	[COLUMN_FLAGS] = { .key = "flags", .heading = "FLAGS", .kind = MO_CELL_TEXT,
			   .help = "of the page table entry: writable, executable, dirty, young, none (PROT_NONE)" },
	[COLUMN_SIZE] = { .key = "entry_bytes", .heading = "BY", .kind = MO_CELL_BYTES, .help = "what the entry maps" },
	[COLUMN_VMA_NAME] = { .key = "vma_name", .heading = "VMA", .kind = MO_CELL_TEXT, .flags = MO_COLUMN_TRUNCATE,
			      .help = "the VMA's name, as in maps; empty: anonymous" },
	[COLUMN_MM] = { .key = "mm", .heading = "STRUCT MM_STRUCT", .kind = MO_CELL_ADDRESS, .flags = MO_COLUMN_HIDDEN,
			.help = "where it is" },
	[COLUMN_VMA] = { .key = "vma", .heading = "STRUCT VM_AREA_STRUCT", .kind = MO_CELL_ADDRESS, .flags = MO_COLUMN_HIDDEN,
			 .help = "where it is" },
	[COLUMN_ENTRY] = { .key = "entry", .heading = "ENTRY", .kind = MO_CELL_FLAGS, .flags = MO_COLUMN_HIDDEN,
			   .help = "the page table entry" },
	[COLUMN_ENTRY_PA] = { .key = "entry_physical", .heading = "ENTRY AT", .kind = MO_CELL_ADDRESS,
			      .flags = MO_COLUMN_HIDDEN, .help = "physical address of the entry" },
};

const struct mo_table_spec rmap_table = {
	.name = "rmap",
	.title = "Mappings of the pages",
	.help = "One row per page-table entry.",
	.columns = columns,
	.n_columns = N_COLUMNS,
};

enum { PAGE_PFN, PAGE_KIND, PAGE_MAPCOUNT, PAGE_FOUND, PAGE_MAPPING, PAGE_INDEX, PAGE_STRUCT, N_PAGE_COLUMNS };

static const struct mo_column page_columns[N_PAGE_COLUMNS] = {
	[PAGE_PFN] = { .key = "pfn", .heading = "PFN", .kind = MO_CELL_PFN, .help = "page frame" },
	[PAGE_KIND] = { .key = "kind", .heading = "KIND", .kind = MO_CELL_TEXT, .help = "anon, ksm, file, none: nothing maps it" },
	[PAGE_MAPCOUNT] = { .key = "mapcount", .heading = "MAPCOUNT", .kind = MO_CELL_COUNT,
			    .help = "map count by the kernel's counter" },
	[PAGE_FOUND] = { .key = "found", .heading = "FOUND", .kind = MO_CELL_COUNT, .help = "mappings found (rows above)" },
	[PAGE_MAPPING] = { .key = "mapping", .heading = "MAPPING", .kind = MO_CELL_ADDRESS,
			   .help = "anon_vma, KSM stable node or address_space" },
	[PAGE_INDEX] = { .key = "index", .heading = "INDEX", .kind = MO_CELL_COUNT, .help = "of the folio's first page" },
	[PAGE_STRUCT] = { .key = "page", .heading = "STRUCT PAGE", .kind = MO_CELL_ADDRESS, .flags = MO_COLUMN_HIDDEN,
			  .help = "where it is" },
};

const struct mo_table_spec rmap_pages_table = {
	.name = "rmap_pages",
	.title = "Pages",
	.help = "The pages asked for.",
	.columns = page_columns,
	.n_columns = N_PAGE_COLUMNS,
};

const struct mo_option rmap_options[N_RMAP_OPTIONS] = {
	{ .name = "search", .help = "search all page tables of all processes instead of following the reverse map" },
};

/* A number as of a page frame, else a symbol. */
static struct mo_error *parse_number(struct mo_kernel *kernel, const char *text, uint64_t *ret)
{
	if (mo_parse_pfn(text, ret))
		return NULL;
	/* Without modules' symbols only the kernel's own are known. */
	mo_error_destroy(mo_kernel_load_modules(kernel));
	return mo_symbols_find_place(mo_kernel_symbols(kernel), text, ret);
}

/* As `page` understands it: a struct page, kernel memory, a page frame number, or a physical address. */
static struct mo_error *find_pfn(const struct page_reading *reading, const char *text, uint64_t *ret)
{
	struct mo_reader *reader = reading->state->reader;
	unsigned page_shift = mo_kernel_facts(mo_run_kernel(reading->state->run))->page_shift;
	uint64_t number = 0;
	uint64_t page_kva;
	uint64_t pfn;
	struct mo_error *error = parse_number(mo_run_kernel(reading->state->run), text, &number);

	if (error)
		return error;
	pfn = number;
	if (number >= KERNEL_HALF) {
		error = mo_page_to_pfn(reading->memmap, number - number % reading->state->layout->page->struct_bytes, ret);
		if (!error)
			return NULL;
		mo_error_destroy(error);
		error = mo_translate(reader, number, &number, NULL);
		if (error)
			return mo_error_prepend(error, "%s", text);
		pfn = number >> page_shift;
	}
	error = mo_pfn_to_page(reading->memmap, pfn, &page_kva);
	if (error && pfn == number) {
		mo_error_destroy(error);
		pfn = number >> page_shift;
		error = mo_pfn_to_page(reading->memmap, pfn, &page_kva);
	}
	if (error)
		return mo_error_prepend(error, "%s", text);
	*ret = pfn;
	return NULL;
}

static int compare_pages(const void *left, const void *right)
{
	const struct rmap_page *a = left;
	const struct rmap_page *b = right;

	return a->pfn < b->pfn ? -1 : a->pfn > b->pfn;
}

/* The pages of the arguments, ascending, each once. */
static struct mo_error *read_pages(struct mo_run *run, const struct page_reading *reading, struct rmap_page *pages, size_t *n)
{
	size_t n_read = mo_run_argument_count(run);
	size_t n_kept = 0;

	for (size_t i = 0; i < n_read; i++) {
		uint64_t pfn = 0;
		struct mo_error *error = find_pfn(reading, mo_run_argument(run, i), &pfn);

		if (!error)
			error = read_rmap_page(reading, pfn, &pages[i]);
		if (error)
			return error;
	}
	if (n_read)
		qsort(pages, n_read, sizeof(*pages), compare_pages);
	for (size_t i = 0; i < n_read; i++)
		if (!n_kept || pages[n_kept - 1].pfn != pages[i].pfn)
			pages[n_kept++] = pages[i];
	*n = n_kept;
	return NULL;
}

static void describe_entry(const struct rmap_hit *hit, char *text, size_t n_bytes)
{
	snprintf(text, n_bytes, "%s%s%s%s", hit->kind == MO_ENTRY_LEAF ? hit->flags & MO_ENTRY_WRITABLE ? "rw" : "r-" : "none",
		 hit->kind == MO_ENTRY_LEAF ? hit->flags & MO_ENTRY_NO_EXEC ? "-" : "x" : "",
		 hit->flags & MO_ENTRY_DIRTY ? " dirty" : "", hit->flags & MO_ENTRY_ACCESSED ? " young" : "");
}

static const struct mo_mm *mm_at(const struct tasks_state *state, uint64_t mm_kva)
{
	size_t i = mo_lower_bound(state->model.n_mms, at, state->model.mms[at].kva < mm_kva);

	return i < state->model.n_mms && state->model.mms[i].kva == mm_kva ? &state->model.mms[i] : NULL;
}

/* The VMA of an address, where a search of the page tables found it. */
static bool find_vma(struct tasks_state *state, const struct mo_mm *mm, uint64_t va, struct vma *ret)
{
	struct vma_walk walk;
	bool is_found = false;

	vmas_begin(&walk, state, mm);
	while (!is_found && vmas_next(&walk, ret) && ret->start <= va)
		is_found = va < ret->end;
	vmas_end(&walk);
	return is_found;
}

static void put_hit(struct tasks_state *state, struct mo_report *report, const struct rmap_hit *hit)
{
	const struct mo_mm *mm = mm_at(state, hit->mm_kva);
	const struct mo_task *task = mm ? &state->model.tasks[state->model.tasks[mm->first_task].leader] : NULL;
	char flags[48];
	struct vma vma = { .kva = hit->vma_kva };
	struct vma_name name = { .is_known = false };
	bool has_vma = false;
	struct mo_cell cells[N_COLUMNS] = {
		[COLUMN_PFN] = mo_cell_number(mo_exact(hit->pfn)),
		[COLUMN_VA] = mo_cell_number(mo_exact(hit->va)),
		[COLUMN_SIZE] = mo_cell_number(mo_exact(hit->covers_bytes)),
		[COLUMN_MM] = mo_cell_number(mo_exact(hit->mm_kva)),
		[COLUMN_ENTRY] = mo_cell_number(mo_exact(hit->entry)),
		[COLUMN_ENTRY_PA] = mo_cell_number(mo_exact(hit->entry_pa)),
	};

	describe_entry(hit, flags, sizeof(flags));
	cells[COLUMN_FLAGS] = mo_cell_text(flags);
	if (hit->vma_kva) {
		struct mo_error *error = read_vma(state, hit->vma_kva, &vma);

		has_vma = !error;
		mo_error_destroy(error);
	} else if (mm) {
		has_vma = find_vma(state, mm, hit->va, &vma);
	}
	if (has_vma && mm)
		name_vma(state, mm, &vma, &name);
	if (name.is_known)
		cells[COLUMN_VMA_NAME] = mo_cell_bytes_of_text(name.bytes, name.n_bytes);
	if (has_vma)
		cells[COLUMN_VMA] = mo_cell_number(mo_exact(vma.kva));
	if (task) {
		cells[COLUMN_PID] = mo_cell_signed(task->pid);
		cells[COLUMN_COMM] = mo_cell_text(task->comm);
	}
	mo_report_row(report, cells);
}

static int compare_for_show(const void *left, const void *right)
{
	const struct rmap_hit *a = left;
	const struct rmap_hit *b = right;

	if (a->pfn != b->pfn)
		return a->pfn < b->pfn ? -1 : 1;
	if (a->mm_kva != b->mm_kva)
		return a->mm_kva < b->mm_kva ? -1 : 1;
	return a->va < b->va ? -1 : a->va > b->va;
}

static void put_tables(struct tasks_state *state, struct mo_report *report, struct rmap_page *pages, size_t n_pages,
		       const struct rmap_hits *hits)
{
	static const char *const kinds[] = { [RMAP_ANON] = "anon", [RMAP_KSM] = "ksm", [RMAP_FILE] = "file", [RMAP_NONE] = "none" };
	size_t at = 0;

	mo_report_table_begin(report, &rmap_table);
	for (size_t i = 0; i < n_pages; i++)
		for (; at < hits->n && hits->hits[at].pfn == pages[i].pfn; at++) {
			put_hit(state, report, &hits->hits[at]);
			pages[i].n_found++;
		}
	mo_report_table_end(report);
	mo_report_table_begin(report, &rmap_pages_table);
	for (size_t i = 0; i < n_pages; i++) {
		const struct rmap_page *page = &pages[i];
		const struct mo_cell cells[N_PAGE_COLUMNS] = {
			[PAGE_PFN] = mo_cell_number(mo_exact(page->pfn)),
			[PAGE_KIND] = mo_cell_text(kinds[page->kind]),
			[PAGE_MAPCOUNT] = mo_cell_number(page->mapcount),
			[PAGE_FOUND] = mo_cell_number(mo_exact(page->n_found)),
			[PAGE_MAPPING] = page->kind == RMAP_NONE ? mo_cell_unknown() : mo_cell_number(mo_exact(page->mapping_kva)),
			[PAGE_INDEX] = page->kind == RMAP_NONE ? mo_cell_unknown() : mo_cell_number(mo_exact(page->index)),
			[PAGE_STRUCT] = mo_cell_number(mo_exact(page->page.kva)),
		};

		mo_report_row(report, cells);
	}
	mo_report_table_end(report);
}

struct mo_error *show_rmap(struct mo_run *run, struct mo_report *report)
{
	struct tasks_state state;
	struct page_reading reading;
	struct rmap_page *pages = calloc(mo_run_argument_count(run) + 1, sizeof(*pages));
	struct rmap_hits hits = { 0 };
	size_t n_pages = 0;
	struct mo_error *error;

	if (!pages)
		return mo_error_no_memory();
	view_state(run, &state);
	error = begin_page_reading(&state, &reading);
	if (!error)
		error = read_pages(run, &reading, pages, &n_pages);
	if (!error && mo_run_flag(run, "search"))
		error = search_mappings(&state, pages, n_pages, &hits);
	else
		for (size_t i = 0; i < n_pages && !error; i++)
			error = find_mappings(&reading, &pages[i], &hits);
	if (!error) {
		if (hits.n)
			qsort(hits.hits, hits.n, sizeof(*hits.hits), compare_for_show);
		put_tables(&state, report, pages, n_pages, &hits);
	}
	free(hits.hits);
	free(pages);
	report_trouble(&state);
	return error;
}
