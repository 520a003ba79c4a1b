/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* `memopsy page`: everything known about one page frame: its struct page, and whose it is. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <memopsy/numbers.h>

#include "whatis.h"

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
	[COLUMN_PFN] = { .key = "pfn", .heading = "Page frame", .kind = MO_CELL_PFN, .help = "page frame number" },
	[COLUMN_PA] = { .key = "physical",
			.heading = "Physical address",
			.kind = MO_CELL_ADDRESS,
			.help = "its physical address" },
	[COLUMN_KVA] = { .key = "direct_map",
			 .heading = "Direct map",
			 .kind = MO_CELL_ADDRESS,
			 .help = "its address in the kernel's direct map" },
	[COLUMN_PAGE] = { .key = "page",
			  .heading = "struct page",
			  .kind = MO_CELL_ADDRESS,
			  .help = "where its struct page is" },
	[COLUMN_CLASS] = { .key = "class", .heading = "Class", .kind = MO_CELL_TEXT, .help = "class, as in usage" },
	[COLUMN_WHAT] = { .key = "what", .heading = "Meaning", .kind = MO_CELL_TEXT, .help = "description of the class" },
	[COLUMN_OWNER] = { .key = "owner",
			   .heading = "Owner",
			   .kind = MO_CELL_TEXT,
			   .help = "what holds it, as far as known" },
	[COLUMN_FLAGS] = { .key = "flags", .heading = "Flags", .kind = MO_CELL_TEXT, .help = "page->flags by name" },
	[COLUMN_RAW_FLAGS] = { .key = "raw_flags",
			       .heading = "Raw flags",
			       .kind = MO_CELL_FLAGS,
			       .help = "page->flags as stored; zone, node and section in its high bits" },
	[COLUMN_REFCOUNT] = { .key = "refcount", .heading = "Refcount", .kind = MO_CELL_SIGNED, .help = "_refcount" },
	[COLUMN_MAPCOUNT] = { .key = "mapcount",
			      .heading = "Mapcount",
			      .kind = MO_CELL_COUNT,
			      .help = "_mapcount + 1" },
	[COLUMN_PAGE_TYPE] = { .key = "page_type",
			       .heading = "Page type",
			       .kind = MO_CELL_FLAGS,
			       .help = "page_type or _mapcount as stored" },
	[COLUMN_ORDER] = { .key = "order",
			   .heading = "Order",
			   .kind = MO_CELL_COUNT,
			   .help = "of the compound page or free block that begins here" },
	[COLUMN_HEAD] = { .key = "head",
			  .heading = "Head",
			  .kind = MO_CELL_ADDRESS,
			  .help = "of a tail page: its head" },
	[COLUMN_MAPPING] = { .key = "mapping",
			     .heading = "Mapping",
			     .kind = MO_CELL_ADDRESS,
			     .help = "page->mapping as stored" },
	[COLUMN_INDEX] = { .key = "index", .heading = "Index", .kind = MO_CELL_COUNT, .help = "page->index" },
	[COLUMN_PRIVATE] = { .key = "private", .heading = "Private", .kind = MO_CELL_FLAGS, .help = "page->private" },
	[COLUMN_NODE] = { .key = "node", .heading = "Node", .kind = MO_CELL_COUNT, .help = "NUMA node" },
	[COLUMN_ZONE] = { .key = "zone", .heading = "Zone", .kind = MO_CELL_TEXT, .help = "zone" },
	[COLUMN_MIGRATETYPE] = { .key = "migratetype",
				 .heading = "Migratetype",
				 .kind = MO_CELL_TEXT,
				 .help = "of its pageblock" },
	[COLUMN_PRESENCE] = { .key = "presence",
			      .heading = "In the dump",
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

/* A number as of a page frame, else a symbol. */
static struct mo_error *parse_number(struct mo_kernel *kernel, const char *text, uint64_t *ret)
{
	if (mo_parse_pfn(text, ret))
		return NULL;
	/* Without modules' symbols only the kernel's own are known. */
	mo_error_destroy(mo_kernel_load_modules(kernel));
	return mo_symbols_find_place(mo_kernel_symbols(kernel), text, ret);
}

/* Whether a page frame has a struct page. */
static bool has_struct_page(const struct whatis_state *state, uint64_t pfn)
{
	uint64_t page_kva;
	struct mo_error *error = mo_pfn_to_page(state->memmap, pfn, &page_kva);

	return !mo_error_destroy(error);
}

/*
 * Kernel addresses are those of a struct page, or of memory in the direct map or mapped elsewhere; small numbers are
 * page frame numbers, larger ones physical addresses.
 */
static struct mo_error *find_pfn(struct mo_run *run, const char *text, uint64_t *ret)
{
	const struct whatis_state *state = mo_run_model(run);
	uint64_t number = 0;
	uint64_t pa;
	struct mo_error *error = parse_number(mo_run_kernel(run), text, &number);

	if (error)
		return error;
	if (number >= state->page_shape->kernel_half_kva) {
		error = mo_page_to_pfn(state->memmap, number - number % state->page_shape->struct_bytes, ret);
		if (!error)
			return NULL;
		mo_error_destroy(error);
		error = mo_translate(mo_run_reader(run), number, &pa, NULL);
		if (error)
			return mo_error_prepend(error, "%s", text);
		number = pa;
	} else if (has_struct_page(state, number)) {
		*ret = number;
		return NULL;
	}
	if (!has_struct_page(state, number >> state->page_shift))
		return mo_error_create(MO_E_ABSENT, "%s has no struct page", text);
	*ret = number >> state->page_shift;
	return NULL;
}

/* Where the memory of two nodes is interleaved, the zone that begins last is the one that lies inside of the other. */
static const struct mo_zone *zone_of(const struct mo_zones_model *zones, uint64_t pfn)
{
	const struct mo_zone *found = NULL;

	for (size_t i = 0; zones && i < zones->n_zones; i++) {
		const struct mo_zone *zone = &zones->zones[i];

		if (zone->spanned_pages.certainty == MO_EXACT && pfn >= zone->start_pfn &&
		    pfn - zone->start_pfn < zone->spanned_pages.value && (!found || zone->start_pfn >= found->start_pfn))
			found = zone;
	}
	return found;
}

static void set_place(struct mo_run *run, uint64_t pfn, uint64_t page_kva, struct mo_cell *cells)
{
	const struct whatis_state *state = mo_run_model(run);
	const struct mo_zone *zone = zone_of(state->zones, pfn);
	uint64_t pa = pfn << state->page_shift;
	uint64_t kva;
	struct mo_error *error = mo_pa_to_kva(state->kernel, pa, &kva);

	cells[COLUMN_PFN] = mo_cell_number(mo_exact(pfn));
	cells[COLUMN_PA] = mo_cell_number(mo_exact(pa));
	cells[COLUMN_KVA] = error ? mo_cell_unknown() : mo_cell_number(mo_exact(kva));
	mo_error_destroy(error);
	cells[COLUMN_PAGE] = mo_cell_number(mo_exact(page_kva));
	cells[COLUMN_MIGRATETYPE] = mo_cell_text(mo_pageblock_type_name(state->free_areas, pfn));
	cells[COLUMN_PRESENCE] = mo_cell_text(page_presence(state, pfn));
	if (zone) {
		cells[COLUMN_ZONE] = mo_cell_text(zone->name);
		cells[COLUMN_NODE] = mo_cell_number(mo_exact(zone->node_id));
	}
}

static void set_facts(const struct mo_page_shape *shape, const struct mo_page_facts *facts, const uint8_t *page,
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
	if (mo_has(&shape->field.index))
		cells[COLUMN_INDEX] = mo_cell_number(mo_exact(mo_get(&shape->field.index, page)));
	cells[COLUMN_PRIVATE] = mo_cell_number(mo_exact(facts->private_));
}

/* The struct page that tells of the owner: the head's, for a tail page. */
static void describe_owner_of(struct mo_run *run, enum mo_page_class class, uint64_t page_kva, const struct mo_page_facts *facts,
			      char *text, size_t n_bytes)
{
	const struct whatis_state *state = mo_run_model(run);
	uint8_t head[MO_PAGE_STRUCT_BYTES_MAX];
	struct mo_page_facts head_facts = *facts;
	struct mo_error *error;
	uint64_t pfn;

	if (facts->is_tail) {
		error = mo_page_to_pfn(state->memmap, facts->head_kva, &pfn);
		if (!error)
			error = mo_read(mo_run_reader(run), facts->head_kva, head, state->page_shape->struct_bytes);
		if (error) {
			mo_error_destroy(error);
			*text = '\0';
			return;
		}
		page_kva = facts->head_kva;
		mo_page_facts_of(state->page_shape, page_kva, class, head, NULL, ~0ull, &head_facts);
	}
	mo_page_describe_owner(mo_run_reader(run), state->layout->page_names, class, page_kva, &head_facts, text, n_bytes);
}

/* What struct page does not tell, whatever contains the memory does: a stack, an area, a page table, ... */
static void find_owner(struct mo_run *run, enum mo_page_class class, uint64_t page_kva, const struct mo_page_facts *facts,
		       const struct mo_place *place, char *text, size_t n_bytes)
{
	describe_owner_of(run, class, page_kva, facts, text, n_bytes);
	if (!*text && place->kind != MO_PLACE_NONE && place->kind != MO_PLACE_PAGE_BLOCK && place->kind != MO_PLACE_LARGE_KMALLOC)
		snprintf(text, n_bytes, "%s%s%s%s", place->name, place->module ? " [" : "", place->module ? place->module : "",
			 place->module ? "]" : "");
}

static struct mo_error *read_facts(struct mo_run *run, const struct mo_place *place, const struct mo_page_flag_names *names,
				   uint64_t page_kva, struct mo_cell *cells, char *flags, size_t n_flags, char *owner,
				   size_t n_owner)
{
	const struct whatis_state *state = mo_run_model(run);
	struct mo_reader *reader = mo_run_reader(run);
	enum mo_page_class class = (enum mo_page_class)place->page_class;
	uint64_t struct_bytes = state->page_shape->struct_bytes;
	uint8_t page[2 * MO_PAGE_STRUCT_BYTES_MAX];
	struct mo_page_facts facts;
	bool has_second;
	struct mo_error *error = mo_read(reader, page_kva, page, struct_bytes);

	if (error)
		return error;
	error = mo_read(reader, page_kva + struct_bytes, page + struct_bytes, struct_bytes);
	has_second = !error;
	mo_error_destroy(error);
	mo_page_facts_of(state->page_shape, page_kva, class, page, has_second ? page + struct_bytes : NULL, names->all, &facts);
	set_facts(state->page_shape, &facts, page, cells);
	mo_page_describe_flags(names, state->page_shape, facts.flags, flags, n_flags);
	cells[COLUMN_FLAGS] = mo_cell_text(flags);
	find_owner(run, class, page_kva, &facts, place, owner, n_owner);
	cells[COLUMN_OWNER] = mo_cell_text(*owner ? owner : NULL);
	return NULL;
}

static struct mo_error *put_record(struct whatis_run *whatis, const struct mo_place *place)
{
	const struct whatis_state *state = whatis->state;
	struct mo_cell cells[N_COLUMNS];
	struct mo_page_flag_names names;
	uint64_t page_kva;
	char flags[512];
	char owner[640];
	struct mo_error *error = mo_page_flag_names(state->kernel, &names);

	if (!error)
		error = mo_pfn_to_page(state->memmap, place->pfn, &page_kva);
	if (error)
		return error;
	for (unsigned i = 0; i < N_COLUMNS; i++)
		cells[i] = mo_cell_unknown();
	set_place(whatis->run, place->pfn, page_kva, cells);
	cells[COLUMN_CLASS] = mo_cell_text(state->mem_map->classes[place->page_class].name);
	cells[COLUMN_WHAT] = mo_cell_text(state->mem_map->classes[place->page_class].help);
	error = read_facts(whatis->run, place, &names, page_kva, cells, flags, sizeof(flags), owner, sizeof(owner));
	mo_report_record(whatis->report, &page_table, cells);
	if (error)
		mo_report_note(whatis->report, "The struct page could not be read: %s", mo_error_text(error));
	mo_error_destroy(error);
	return NULL;
}

struct mo_error *show_page(struct mo_run *run, struct mo_report *report)
{
	struct whatis_run whatis = { .run = run, .report = report, .state = mo_run_model(run) };
	const struct whatis_state *state = whatis.state;
	struct mo_place place;
	struct mo_error *error;
	uint64_t pfn = 0;

	if (!state->memmap || !state->page_shape || !state->mem_map)
		return mo_error_create(MO_E_ABSENT, "the memory map cannot be read");
	error = find_pfn(run, mo_run_argument(run, 0), &pfn);
	if (!error)
		error = find_place_pa(&state->model, mo_run_reader(run), pfn << state->page_shift, &place);
	if (error)
		return error;
	whatis.address = state->direct_map_kva + (pfn << state->page_shift);
	error = put_record(&whatis, &place);
	if (!error)
		error = mo_cache_types_init(&whatis.types, state->kernel, state->slabs);
	if (!error) {
		mo_report_table_begin(report, &page_facts_table);
		put_container(&whatis, &place);
		put_records(&whatis, &place);
		mo_report_table_end(report);
	}
	mo_cache_types_deinit(&whatis.types);
	return error;
}
