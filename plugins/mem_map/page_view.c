/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* `memopsy page`: everything known about one page frame. */
#include "page_facts.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	COLUMN_PFN,
	COLUMN_PA,
	COLUMN_KVA,
	COLUMN_PAGE,
	COLUMN_CLASS,
	COLUMN_WHAT,
	COLUMN_OWNER,
	COLUMN_FLAGS,
	COLUMN_RAW_FLAGS,
	COLUMN_REFCOUNT,
	COLUMN_MAPCOUNT,
	COLUMN_PAGE_TYPE,
	COLUMN_ORDER,
	COLUMN_HEAD,
	COLUMN_MAPPING,
	COLUMN_INDEX,
	COLUMN_PRIVATE,
	COLUMN_NODE,
	COLUMN_ZONE,
	COLUMN_MIGRATETYPE,
	COLUMN_PRESENCE,
	N_COLUMNS
};

static const struct mo_column columns[N_COLUMNS] = {
	[COLUMN_PFN] = { .key = "pfn", .heading = "PFN", .kind = MO_CELL_PFN, .help = "page frame number" },
	[COLUMN_PA] = { .key = "physical",
			.heading = "PHYSICAL",
			.kind = MO_CELL_ADDRESS,
			.help = "its physical address" },
	[COLUMN_KVA] = { .key = "direct_map",
			 .heading = "DIRECT MAP",
			 .kind = MO_CELL_ADDRESS,
			 .help = "its address in the kernel's direct map" },
	[COLUMN_PAGE] = { .key = "page",
			  .heading = "STRUCT PAGE",
			  .kind = MO_CELL_ADDRESS,
			  .help = "where its struct page is" },
	[COLUMN_CLASS] = { .key = "class", .heading = "CLASS", .kind = MO_CELL_TEXT, .help = "class, as in usage" },
	[COLUMN_WHAT] = { .key = "what", .heading = "WHAT", .kind = MO_CELL_TEXT, .help = "what the class means" },
	[COLUMN_OWNER] = { .key = "owner",
			   .heading = "OWNER",
			   .kind = MO_CELL_TEXT,
			   .help = "who has it, as far as known" },
	[COLUMN_FLAGS] = { .key = "flags", .heading = "FLAGS", .kind = MO_CELL_TEXT, .help = "page->flags by name" },
	[COLUMN_RAW_FLAGS] = { .key = "raw_flags",
			       .heading = "RAW FLAGS",
			       .kind = MO_CELL_FLAGS,
			       .help = "page->flags as it stands; zone, node and section in its high bits" },
	[COLUMN_REFCOUNT] = { .key = "refcount", .heading = "REFCOUNT", .kind = MO_CELL_SIGNED, .help = "_refcount" },
	[COLUMN_MAPCOUNT] = { .key = "mapcount",
			      .heading = "MAPCOUNT",
			      .kind = MO_CELL_COUNT,
			      .help = "_mapcount + 1" },
	[COLUMN_PAGE_TYPE] = { .key = "page_type",
			       .heading = "PAGE TYPE",
			       .kind = MO_CELL_FLAGS,
			       .help = "what stands in page_type or _mapcount" },
	[COLUMN_ORDER] = { .key = "order",
			   .heading = "ORDER",
			   .kind = MO_CELL_COUNT,
			   .help = "of the compound page or free block that begins here" },
	[COLUMN_HEAD] = { .key = "head",
			  .heading = "HEAD",
			  .kind = MO_CELL_ADDRESS,
			  .help = "of a tail page: its head" },
	[COLUMN_MAPPING] = { .key = "mapping",
			     .heading = "MAPPING",
			     .kind = MO_CELL_ADDRESS,
			     .help = "page->mapping as it stands" },
	[COLUMN_INDEX] = { .key = "index", .heading = "INDEX", .kind = MO_CELL_COUNT, .help = "page->index" },
	[COLUMN_PRIVATE] = { .key = "private", .heading = "PRIVATE", .kind = MO_CELL_FLAGS, .help = "page->private" },
	[COLUMN_NODE] = { .key = "node", .heading = "NODE", .kind = MO_CELL_COUNT, .help = "NUMA node" },
	[COLUMN_ZONE] = { .key = "zone", .heading = "ZONE", .kind = MO_CELL_TEXT, .help = "zone" },
	[COLUMN_MIGRATETYPE] = { .key = "migratetype",
				 .heading = "MIGRATE TYPE",
				 .kind = MO_CELL_TEXT,
				 .help = "of its pageblock" },
	[COLUMN_PRESENCE] = { .key = "presence",
			      .heading = "CONTENTS",
			      .kind = MO_CELL_TEXT,
			      .help = "whether the dump holds it" },
};

const struct mo_table_spec page_table = {
	.name = "page",
	.title = "Page frame",
	.columns = columns,
	.n_columns = N_COLUMNS,
	.flags = MO_TABLE_RECORD,
};

#define MOST_PAGE_STRUCT_BYTES 512

/* Hexadecimal with 0x or with a letter in it, else decimal; else a symbol. */
static struct mo_error *parse_number(struct mo_kernel *kernel, const char *text, uint64_t *ret)
{
	bool is_hex = text[strspn(text, "0123456789")] != '\0';
	uint64_t value;
	char *end;

	errno = 0;
	value = strtoull(text, &end, is_hex ? 16 : 10);
	if (isxdigit((unsigned char)*text) && !*end && !errno) {
		*ret = value;
		return NULL;
	}
	/* Without modules' symbols only the kernel's own are known. */
	mo_error_destroy(mo_kernel_load_modules(kernel));
	return mo_symbols_find_place(mo_kernel_symbols(kernel), text, ret);
}

/*
 * Kernel addresses are those of a struct page, or of memory in the direct map or mapped elsewhere; small numbers are
 * page frame numbers, larger ones physical addresses.
 */
static struct mo_error *find_pfn(struct mo_run *run, const char *text, uint64_t *ret)
{
	const struct mem_map_state *state = mo_run_model(run);
	unsigned page_shift = mo_kernel_facts(mo_run_kernel(run))->page_shift;
	uint64_t number = 0;
	uint64_t pa;
	struct mo_error *error = parse_number(mo_run_kernel(run), text, &number);

	if (error)
		return error;
	if (number >= state->shape.kernel_half) {
		error = mo_page_to_pfn(state->memmap, number - number % state->shape.page_struct_bytes, ret);
		if (!error)
			return NULL;
		mo_error_destroy(error);
		error = mo_translate(mo_run_reader(run), number, &pa, NULL);
		if (error)
			return mo_error_prepend(error, "%s", text);
		number = pa;
	} else if (class_of(state, number)) {
		*ret = number;
		return NULL;
	}
	if (!class_of(state, number >> page_shift))
		return mo_error_create(MO_E_ABSENT, "%s: no struct page exists for it", text);
	*ret = number >> page_shift;
	return NULL;
}

static const char *presence_text(struct mo_run *run, uint64_t pfn)
{
	switch (mo_kernel_frame_presence(mo_run_kernel(run), pfn)) {
	case MO_FRAME_PRESENT:
		return "in the dump";
	case MO_FRAME_EXCLUDED:
		return "left out of the dump";
	default:
		return "the dump knows no memory here";
	}
}

static void set_place(struct mo_run *run, uint64_t pfn, uint64_t page_kva, struct mo_cell *cells)
{
	const struct mem_map_state *state = mo_run_model(run);
	uint64_t pa = pfn << mo_kernel_facts(mo_run_kernel(run))->page_shift;
	uint32_t zone = zone_of_pfn(state, pfn);
	uint64_t kva;
	struct mo_error *error = mo_pa_to_kva(mo_run_kernel(run), pa, &kva);

	cells[COLUMN_PFN] = mo_cell_number(mo_exact(pfn));
	cells[COLUMN_PA] = mo_cell_number(mo_exact(pa));
	cells[COLUMN_KVA] = error ? mo_cell_unknown() : mo_cell_number(mo_exact(kva));
	mo_error_destroy(error);
	cells[COLUMN_PAGE] = mo_cell_number(mo_exact(page_kva));
	cells[COLUMN_MIGRATETYPE] = mo_cell_text(migratetype_name(state->free_areas, pfn));
	cells[COLUMN_PRESENCE] = mo_cell_text(presence_text(run, pfn));
	if (zone != MO_ZONE_NONE) {
		cells[COLUMN_ZONE] = mo_cell_text(state->zones->zones[zone].name);
		cells[COLUMN_NODE] = mo_cell_number(mo_exact(state->zones->zones[zone].node_id));
	}
}

static void set_facts(const struct mem_map_layout *layout, const struct page_facts *facts, const uint8_t *page,
		      struct mo_cell *cells)
{
	cells[COLUMN_RAW_FLAGS] = mo_cell_number(mo_exact(facts->raw_flags));
	cells[COLUMN_REFCOUNT] = mo_cell_signed(facts->refcount);
	cells[COLUMN_MAPCOUNT] = mo_cell_number(facts->mapcount);
	cells[COLUMN_PAGE_TYPE] = mo_cell_number(mo_exact(facts->page_type));
	cells[COLUMN_ORDER] = mo_cell_number(mo_exact(facts->order));
	if (facts->is_tail)
		cells[COLUMN_HEAD] = mo_cell_number(mo_exact(facts->head_kva));
	cells[COLUMN_MAPPING] = mo_cell_number(mo_exact(facts->mapping));
	if (mo_has(&layout->page.index))
		cells[COLUMN_INDEX] = mo_cell_number(mo_exact(mo_get(&layout->page.index, page)));
	cells[COLUMN_PRIVATE] = mo_cell_number(mo_exact(facts->private_));
}

/* The struct page that tells of the owner: the head's, for a tail page. */
static void find_owner(struct mo_run *run, enum mo_page_class class, uint64_t page_kva, const struct page_facts *facts,
		       char *text, size_t n_bytes)
{
	const struct mem_map_state *state = mo_run_model(run);
	uint8_t head[MOST_PAGE_STRUCT_BYTES];
	struct page_facts head_facts = *facts;
	struct mo_error *error;
	uint64_t pfn;

	if (facts->is_tail) {
		error = mo_page_to_pfn(state->memmap, facts->head_kva, &pfn);
		if (!error)
			error = mo_read(mo_run_reader(run), facts->head_kva, head, state->shape.page_struct_bytes);
		if (error) {
			mo_error_destroy(error);
			*text = '\0';
			return;
		}
		page_kva = facts->head_kva;
		decode_page(&state->shape, page_kva, class, head, NULL, ~0ull, &head_facts);
	}
	describe_owner(mo_run_reader(run), mo_run_layout(run), class, page_kva, &head_facts, text, n_bytes);
}

static struct mo_error *show_one(struct mo_run *run, struct mo_report *report, const struct flag_names *names,
				 uint64_t pfn)
{
	const struct mem_map_state *state = mo_run_model(run);
	enum mo_page_class class = (enum mo_page_class)*class_of(state, pfn);
	struct mo_reader *reader = mo_run_reader(run);
	uint64_t struct_bytes = state->shape.page_struct_bytes;
	uint8_t page[2 * MOST_PAGE_STRUCT_BYTES];
	struct mo_cell cells[N_COLUMNS];
	struct page_facts facts;
	bool has_second;
	uint64_t page_kva;
	char flags[512];
	char owner[200];
	struct mo_error *error = mo_pfn_to_page(state->memmap, pfn, &page_kva);

	if (error)
		return error;
	for (unsigned i = 0; i < N_COLUMNS; i++)
		cells[i] = mo_cell_unknown();
	set_place(run, pfn, page_kva, cells);
	cells[COLUMN_CLASS] = mo_cell_text(page_class_infos[class].name);
	cells[COLUMN_WHAT] = mo_cell_text(page_class_infos[class].help);
	error = mo_read(reader, page_kva, page, struct_bytes);
	if (!error) {
		error = mo_read(reader, page_kva + struct_bytes, page + struct_bytes, struct_bytes);
		has_second = !error;
		mo_error_destroy(error);
		error = NULL;
		decode_page(&state->shape, page_kva, class, page, has_second ? page + struct_bytes : NULL, names->all,
			    &facts);
		set_facts(mo_run_layout(run), &facts, page, cells);
		describe_flags(names, &state->shape, facts.flags, flags, sizeof(flags));
		cells[COLUMN_FLAGS] = mo_cell_text(flags);
		find_owner(run, class, page_kva, &facts, owner, sizeof(owner));
		cells[COLUMN_OWNER] = mo_cell_text(*owner ? owner : NULL);
	}
	mo_report_record(report, &page_table, cells);
	if (error)
		mo_report_note(report, "The struct page cannot be read: %s", mo_error_text(error));
	mo_error_destroy(error);
	return NULL;
}

struct mo_error *show_page(struct mo_run *run, struct mo_report *report)
{
	struct flag_names names;
	struct mo_error *error = find_flag_names(mo_run_kernel(run), &names);
	uint64_t pfn;

	if (!error)
		error = find_pfn(run, mo_run_argument(run, 0), &pfn);
	if (!error)
		error = show_one(run, report, &names, pfn);
	return error;
}
