/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* `memopsy pages`: struct pages as a stream, equal neighbours in one row. */

#include "gathering.h"

#include <inttypes.h>
#include <stdio.h>
#include <strings.h>

#include <memopsy/numbers.h>

enum {
	COLUMN_PFN,
	COLUMN_PAGES,
	COLUMN_PA,
	COLUMN_CLASS,
	COLUMN_ORDER,
	COLUMN_REFCOUNT,
	COLUMN_MAPCOUNT,
	COLUMN_MAPPING,
	COLUMN_FLAGS,
	COLUMN_ZONE,
	COLUMN_MIGRATETYPE,
	COLUMN_PAGE,
	COLUMN_HEAD,
	N_COLUMNS
};

static const struct mo_column columns[N_COLUMNS] = {
	[COLUMN_PFN] = { .key = "pfn", .heading = "PFN", .kind = MO_CELL_PFN, .help = "first page frame" },
	[COLUMN_PAGES] = { .key = "pages",
			   .heading = "PAGES",
			   .kind = MO_CELL_COUNT,
			   .help = "page frames in this run" },
	[COLUMN_PA] = { .key = "physical",
			.heading = "PHYSICAL",
			.kind = MO_CELL_ADDRESS,
			.help = "its physical address" },
	[COLUMN_CLASS] = { .key = "class", .heading = "CLASS", .kind = MO_CELL_TEXT, .help = "class, as in usage" },
	[COLUMN_ORDER] = { .key = "order",
			   .heading = "ORDER",
			   .kind = MO_CELL_COUNT,
			   .help = "of the compound page or free block; a run may hold several" },
	[COLUMN_REFCOUNT] = { .key = "refcount",
			      .heading = "REFS",
			      .kind = MO_CELL_SIGNED,
			      .help = "_refcount, of the head" },
	[COLUMN_MAPCOUNT] = { .key = "mapcount",
			      .heading = "MAPS",
			      .kind = MO_CELL_COUNT,
			      .help = "_mapcount + 1; unknown for large folios" },
	[COLUMN_MAPPING] = { .key = "mapping",
			     .heading = "MAPPING",
			     .kind = MO_CELL_TEXT,
			     .help = "address_space or anon_vma (page->mapping without its low bits)" },
	[COLUMN_FLAGS] = { .key = "flags",
			   .heading = "FLAGS",
			   .kind = MO_CELL_TEXT,
			   .flags = MO_COLUMN_TRUNCATE,
			   .help = "page->flags by name (enum pageflags), of the head" },
	[COLUMN_ZONE] = { .key = "zone",
			  .heading = "ZONE",
			  .kind = MO_CELL_TEXT,
			  .flags = MO_COLUMN_HIDDEN,
			  .help = "zone" },
	[COLUMN_MIGRATETYPE] = { .key = "migratetype",
				 .heading = "MIGRATETYPE",
				 .kind = MO_CELL_TEXT,
				 .flags = MO_COLUMN_HIDDEN,
				 .help = "of the first page frame's pageblock" },
	[COLUMN_PAGE] = { .key = "page",
			  .heading = "PAGE",
			  .kind = MO_CELL_ADDRESS,
			  .flags = MO_COLUMN_HIDDEN,
			  .help = "address of the struct page" },
	[COLUMN_HEAD] = { .key = "head",
			  .heading = "HEAD",
			  .kind = MO_CELL_ADDRESS,
			  .flags = MO_COLUMN_HIDDEN,
			  .help = "of a tail page (--each): the struct page of its head" },
};

/* Millions of rows: their width is fixed, so that none waits for the others. */
static void pages_line(const struct mo_cell *cells, struct mo_line *line)
{
	const char *mapping = cells[COLUMN_MAPPING].as.text.bytes;
	const char *flags = cells[COLUMN_FLAGS].as.text.bytes;
	char mapcount[24] = "?";
	char pfn[24];
	char pa[24];

	if (cells[COLUMN_MAPCOUNT].as.number.certainty == MO_EXACT)
		snprintf(mapcount, sizeof(mapcount), "%" PRIu64, cells[COLUMN_MAPCOUNT].as.number.value);
	snprintf(pfn, sizeof(pfn), "0x%" PRIx64, cells[COLUMN_PFN].as.number.value);
	snprintf(pa, sizeof(pa), "0x%" PRIx64, cells[COLUMN_PA].as.number.value);
	mo_line_printf(line, "%10s %8" PRIu64 " %14s  %-13s %5" PRIu64 " %5" PRId64 " %5s", pfn,
		       cells[COLUMN_PAGES].as.number.value, pa, cells[COLUMN_CLASS].as.text.bytes,
		       cells[COLUMN_ORDER].as.number.value, cells[COLUMN_REFCOUNT].as.signed_number.value, mapcount);
	mo_line_printf(line, *flags ? "  %-18s  %s\n" : *mapping ? "  %s%s\n" : "%s%s\n", mapping, flags);
}

const struct mo_table_spec pages_table = {
	.name = "pages",
	.title = "Page frames",
	.help = "One row per run of equal page frames; all pages of a compound page are described by its head.",
	.columns = columns,
	.n_columns = N_COLUMNS,
	.flags = MO_TABLE_NO_TITLE,
	.line = pages_line,
	.line_head = "       PFN    PAGES       PHYSICAL  CLASS         ORDER  REFS  MAPS  MAPPING             FLAGS\n",
};

const struct mo_option pages_options[N_PAGES_OPTIONS] = {
	{ .name = "class", .kind = MO_OPTION_TEXT, .value = "CLASS", .help = "only this class; names as in usage" },
	{ .name = "flag",
	  .kind = MO_OPTION_TEXT,
	  .value = "FLAG",
	  .help = "only pages with this flag (dirty, lru, swapcache)" },
	{ .name = "zone",
	  .kind = MO_OPTION_TEXT,
	  .value = "ZONE",
	  .help = "only zones of this name (DMA32, Normal)" },
	{ .name = "order", .kind = MO_OPTION_NUMBER, .value = "N", .help = "only blocks of this order" },
	{ .name = "pfn", .kind = MO_OPTION_TEXT, .value = "A[-B]", .help = "only this page frame, or this range" },
	{ .name = "each", .help = "one row per page" },
};

struct filter {
	int class;              /* -1: any */
	uint64_t flags;         /* all of these */
	const char *zone;       /* NULL: any */
	bool has_order;
	uint64_t order;
	uint64_t first_pfn;
	uint64_t last_pfn;
	bool each;
};

struct listing {
	struct mo_run *run;
	struct mo_report *report;
	const struct mem_map_state *state;
	struct mo_reader *reader;
	struct mo_page_flag_names names;
	struct filter filter;

	/* The row under way: page frames from pfn on, all with these facts. */
	uint64_t pfn;
	uint64_t n_pages;
	uint64_t page_kva;
	uint8_t class;
	uint32_t zone;
	struct mo_page_facts facts;
};

static void write_row(struct listing *listing)
{
	const struct mo_page_facts *facts = &listing->facts;
	uint64_t mapping = facts->mapping & ~3ull;
	char flags[512];
	char mapping_text[24] = "";
	struct mo_cell cells[N_COLUMNS];

	if (!listing->n_pages)
		return;
	mo_page_describe_flags(&listing->names, listing->state->shape, facts->flags, flags, sizeof(flags));
	if (facts->has_mapping && mapping)
		snprintf(mapping_text, sizeof(mapping_text), "0x%" PRIx64, mapping);
	cells[COLUMN_PFN] = mo_cell_number(mo_exact(listing->pfn));
	cells[COLUMN_PAGES] = mo_cell_number(mo_exact(listing->n_pages));
	cells[COLUMN_PA] =
		mo_cell_number(mo_exact(listing->pfn << mo_kernel_facts(mo_run_kernel(listing->run))->page_shift));
	cells[COLUMN_CLASS] = mo_cell_text(page_class_infos[listing->class].name);
	cells[COLUMN_ORDER] = mo_cell_number(mo_exact(facts->order));
	cells[COLUMN_REFCOUNT] = mo_cell_signed(facts->refcount);
	cells[COLUMN_MAPCOUNT] = mo_cell_number(facts->mapcount);
	cells[COLUMN_MAPPING] = mo_cell_text(mapping_text);
	cells[COLUMN_FLAGS] = mo_cell_text(flags);
	cells[COLUMN_ZONE] =
		mo_cell_text(listing->zone == MO_ZONE_NONE ? NULL : listing->state->zones->zones[listing->zone].name);
	cells[COLUMN_MIGRATETYPE] = mo_cell_text(mo_pageblock_type_name(listing->state->free_areas, listing->pfn));
	cells[COLUMN_PAGE] = mo_cell_number(mo_exact(listing->page_kva));
	cells[COLUMN_HEAD] = facts->is_tail ? mo_cell_number(mo_exact(facts->head_kva)) : mo_cell_unknown();
	mo_report_row(listing->report, cells);
	listing->n_pages = 0;
}

static bool same_facts(const struct mo_page_facts *a, const struct mo_page_facts *b)
{
	return a->flags == b->flags && a->refcount == b->refcount && a->order == b->order && a->is_tail == b->is_tail &&
	       a->mapcount.certainty == b->mapcount.certainty && a->mapcount.value == b->mapcount.value &&
	       (!a->has_mapping || a->mapping == b->mapping);
}

static bool passes(const struct listing *listing, const struct mo_page_facts *facts, uint32_t zone)
{
	const struct filter *filter = &listing->filter;

	return (facts->flags & filter->flags) == filter->flags &&
	       (!filter->has_order || facts->order == filter->order) &&
	       (!filter->zone ||
		(zone != MO_ZONE_NONE && !strcasecmp(listing->state->zones->zones[zone].name, filter->zone)));
}

/* n_pages page frames from pfn on with these facts: a row, or a part of the one under way. */
static void add(struct listing *listing, uint64_t pfn, uint64_t n_pages, uint64_t page_kva, uint8_t class,
		const struct mo_page_facts *facts)
{
	uint32_t zone = listing->filter.zone ? zone_of_pfn(listing->state, pfn) : MO_ZONE_NONE;

	if (!passes(listing, facts, zone))
		return;
	if (!listing->filter.each && listing->n_pages && listing->pfn + listing->n_pages == pfn &&
	    listing->class == class && same_facts(&listing->facts, facts)) {
		listing->n_pages += n_pages;
		return;
	}
	write_row(listing);
	listing->pfn = pfn;
	listing->n_pages = n_pages;
	listing->page_kva = page_kva;
	listing->class = class;
	listing->zone = listing->state->zones ? zone_of_pfn(listing->state, pfn) : MO_ZONE_NONE;
	listing->facts = *facts;
}

/* Struct pages that lie in memory, of the page frames from pfn on: n to be listed, n_readable that may be looked at. */
struct page_bytes {
	const uint8_t *bytes;
	uint64_t pfn;
	uint64_t first_kva;
	uint64_t n;
	uint64_t n_readable;
};

/* Returns for how many page frames that was, as the last may stand for a whole block. */
static uint64_t list_bytes(struct listing *listing, const struct mo_page_run *run, const struct page_bytes *pages)
{
	const struct mo_page_shape *shape = listing->state->shape;
	uint64_t i = 0;

	while (i < pages->n) {
		uint64_t pfn = pages->pfn + i;
		uint8_t class = run->classes[pfn - run->first_pfn];
		const uint8_t *page = pages->bytes + i * shape->struct_bytes;
		uint64_t page_kva = pages->first_kva + i * shape->struct_bytes;
		struct mo_page_facts facts;
		uint64_t n_block;

		if (listing->filter.class >= 0 && class != listing->filter.class) {
			i++;
			continue;
		}
		mo_page_facts_of(shape, page_kva, (enum mo_page_class) class, page,
			    i + 1 < pages->n_readable ? page + shape->struct_bytes : NULL, listing->names.all,
			    &facts);
		n_block = listing->filter.each ? 1 : 1ull << facts.order;
		if (n_block > run->first_pfn + run->n_pages - pfn)
			n_block = 1;
		add(listing, pfn, n_block, page_kva, class, &facts);
		i += n_block;
	}
	return i;
}

/* One view's worth of struct pages; the last one waits for the next view, so that a head there knows its order. */
static uint64_t list_some(struct listing *listing, size_t run_index, uint64_t pfn, uint64_t n)
{
	const struct mo_page_run *run = &listing->state->runs[run_index];
	uint64_t struct_bytes = listing->state->shape->struct_bytes;
	uint64_t page_kva =
		listing->state->memmap->runs[run_index].first_page_kva + (pfn - run->first_pfn) * struct_bytes;
	struct page_bytes pages = { .pfn = pfn, .first_kva = page_kva };
	uint64_t n_wanted = run->first_pfn + run->n_pages - pfn > n ? n + 1 : n;
	uint8_t two[2 * MO_PAGE_STRUCT_BYTES_MAX];
	const void *view;
	size_t n_bytes;
	struct mo_error *error = mo_view(listing->reader, page_kva, n_wanted * struct_bytes, &view, &n_bytes);

	if (!error && (n_bytes >= 2 * struct_bytes || n_bytes >= n_wanted * struct_bytes)) {
		pages.bytes = view;
		pages.n_readable = n_bytes / struct_bytes;
		pages.n = pages.n_readable < n_wanted ? pages.n_readable - 1 : n;
		n = list_bytes(listing, run, &pages);
		mo_view_done(listing->reader, view, pages.n * struct_bytes);
		return n;
	}
	mo_error_destroy(error);
	pages.bytes = two;
	pages.n = 1;
	pages.n_readable = 2;
	error = n_wanted > 1 ? mo_read(listing->reader, page_kva, two, 2 * struct_bytes) : NULL;
	if (error || n_wanted < 2) {
		mo_error_destroy(error);
		pages.n_readable = 1;
		error = mo_read(listing->reader, page_kva, two, struct_bytes);
	}
	if (!error)
		return list_bytes(listing, run, &pages);
	mo_error_destroy(error);
	return 1;
}

/* The next page frame of the class that is wanted; classes are at hand without a look at the dump. */
static uint64_t next_wanted(const struct listing *listing, const struct mo_page_run *run, uint64_t pfn,
			    uint64_t end_pfn)
{
	if (listing->filter.class < 0)
		return pfn;
	while (pfn < end_pfn && run->classes[pfn - run->first_pfn] != listing->filter.class)
		pfn++;
	return pfn;
}

#define PROGRESS_PAGES 32768

static struct mo_error *list_run(struct listing *listing, size_t run_index)
{
	const struct mo_page_run *run = &listing->state->runs[run_index];
	const struct filter *filter = &listing->filter;
	struct mo_progress *progress = mo_run_progress(listing->run);
	uint64_t end_pfn = run->first_pfn + run->n_pages;
	uint64_t pfn = run->first_pfn > filter->first_pfn ? run->first_pfn : filter->first_pfn;

	if (filter->last_pfn < end_pfn)
		end_pfn = filter->last_pfn + 1;
	while (pfn < end_pfn && !mo_report_failed(listing->report)) {
		uint64_t n;

		pfn = next_wanted(listing, run, pfn, end_pfn);
		if (pfn >= end_pfn)
			break;
		n = list_some(listing, run_index, pfn, end_pfn - pfn < PROGRESS_PAGES ? end_pfn - pfn : PROGRESS_PAGES);
		pfn += n;
		if (!mo_progress_add(progress, n))
			return mo_progress_cancelled(progress);
	}
	return NULL;
}

static struct mo_error *parse_class(const char *name, int *ret)
{
	for (unsigned class = 0; class < MO_N_PAGE_CLASSES; class++)
		if (!strcmp(page_class_infos[class].name, name)) {
			*ret = (int)class;
			return NULL;
		}
	return mo_error_create(MO_E_INVALID,
			       "--class: no class \"%s\" (`memopsy usage DUMP --all` names them)", name);
}

/* "A" or "A-B", decimal or hexadecimal with 0x. */
static struct mo_error *parse_range(const char *text, uint64_t *first, uint64_t *last)
{
	size_t n = strcspn(text, "-");
	char begin[24];

	snprintf(begin, sizeof(begin), "%.*s", (int)(n < sizeof(begin) ? n : sizeof(begin)), text);
	if (n >= sizeof(begin) || !mo_parse_number(begin, first) || !mo_parse_number(text[n] ? text + n + 1 : begin, last) ||
	    *last < *first || *last == UINT64_MAX)
		return mo_error_create(MO_E_INVALID, "--pfn: \"%s\" is neither a page frame number nor a range A-B",
				       text);
	return NULL;
}

static struct mo_error *check_zone(const struct mem_map_state *state, const char *name)
{
	for (size_t i = 0; state->zones && i < state->zones->n_zones; i++)
		if (!strcasecmp(state->zones->zones[i].name, name))
			return NULL;
	return mo_error_create(MO_E_ABSENT, "--zone: no zone \"%s\"", name);
}

static struct mo_error *parse_filter(struct listing *listing)
{
	struct mo_run *run = listing->run;
	struct filter *filter = &listing->filter;
	const char *class = mo_run_text(run, "class");
	const char *flag = mo_run_text(run, "flag");
	const char *pfn = mo_run_text(run, "pfn");
	struct mo_error *error = NULL;

	*filter = (struct filter){ .class = -1, .last_pfn = UINT64_MAX - 1, .each = mo_run_flag(run, "each"),
				   .zone = mo_run_text(run, "zone") };
	filter->has_order = mo_run_number(run, "order", &filter->order);
	if (class)
		error = parse_class(class, &filter->class);
	if (!error && pfn)
		error = parse_range(pfn, &filter->first_pfn, &filter->last_pfn);
	if (!error && filter->zone)
		error = check_zone(listing->state, filter->zone);
	if (!error && flag) {
		filter->flags = mo_page_flag_by_name(&listing->names, listing->state->shape, flag);
		if (!filter->flags)
			error = mo_error_create(MO_E_ABSENT, "--flag: no page flag \"%s\" in this kernel", flag);
	}
	return error;
}

struct mo_error *show_pages(struct mo_run *run, struct mo_report *report)
{
	const struct mem_map_state *state = mo_run_model(run);
	struct listing listing = {
		.run = run,
		.report = report,
		.state = state,
		.reader = mo_run_reader(run),
		.zone = MO_ZONE_NONE,
	};
	struct mo_error *error = mo_page_flag_names(mo_run_kernel(run), &listing.names);

	if (!error)
		error = parse_filter(&listing);
	if (error)
		return error;
	mo_progress_begin(mo_run_progress(run), "listing page frames", state->model.n_pages);
	mo_report_table_begin(report, &pages_table);
	for (size_t i = 0; i < state->model.n_runs && !error; i++)
		error = list_run(&listing, i);
	if (!error)
		write_row(&listing);
	mo_report_table_end(report);
	mo_progress_end(mo_run_progress(run));
	return error;
}
