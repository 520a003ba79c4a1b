/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The memory map: from page frames to struct pages and back (SPARSEMEM, FLATMEM). */

#include "memmap_build.h"

#include "cleanup.h"

#define WHY_USAGE "include/linux/mmzone.h: struct mem_section_usage came in 5.3 (f1eca35a0dc7)"

static const struct mo_need memmap_needs[] = {
	MO_SIZE(struct mo_memmap_layout, page, "struct page"),
	MO_SIZE(struct mo_memmap_layout, section, "struct mem_section", .is_optional = true, .why = "absent in FLATMEM"),
	MO_FIELD(struct mo_memmap_layout, section_mem_map, "struct mem_section", "section_mem_map", .is_optional = true,
		 .why = "absent in FLATMEM"),
	MO_FIELD(struct mo_memmap_layout, usage, "struct mem_section", "usage",
		 .or_names = { "struct mem_section.pageblock_flags" }, .is_optional = true, .why = WHY_USAGE),
	MO_FIELD(struct mo_memmap_layout, page_ext, "struct mem_section", "page_ext", .is_optional = true,
		 .why = "include/linux/mmzone.h: CONFIG_PAGE_EXTENSION"),
	MO_FIELD(struct mo_memmap_layout, subsection_map, "struct mem_section_usage", "subsection_map",
		 .is_optional = true, .why = WHY_USAGE),
	MO_ADDRESS(struct mo_memmap_layout, mem_section, "mem_section", .is_optional = true, .why = "absent in FLATMEM"),
	MO_ADDRESS(struct mo_memmap_layout, highest_section, "__highest_present_section_nr", .is_optional = true,
		   .why = "mm/sparse.c: since 4.13 (c4e1be9ec113)"),
	MO_ADDRESS(struct mo_memmap_layout, mem_map, "mem_map", .is_optional = true, .why = "only in FLATMEM"),
	MO_ADDRESS(struct mo_memmap_layout, max_mapnr, "max_mapnr", .is_optional = true, .why = "only in FLATMEM"),
	MO_ADDRESS(struct mo_memmap_layout, vmemmap_base, "vmemmap_base", .is_optional = true,
		   .why = "arch/x86: a variable where the kernel may choose its place, absent elsewhere"),
};

#define SUBSECTION_BITS 21 /* include/linux/mmzone.h; the same on every architecture */
#define SUBSECTION_MAP_BYTES_MAX 512
#define STRUCT_PAGE_BYTES_MAX 512

/*
 * Low bits of section_mem_map (include/linux/mmzone.h). Bits 0 and 1 always were "present" and "has a map"; bit 2 is
 * "online" since 4.13 (2d070eab2e82), bit 3 "early" since 5.3 (326e1b8f83a4), and more came since. They are enumerators
 * of an anonymous enum since 6.0, which takes a search of all types to find, and macros before; none ever moved. A
 * section's struct pages begin at a page, so whatever flags there will be, the low 12 bits are no address.
 */
#define SECTION_FLAGS 4095ull
#define SECTION_IS_ONLINE (1ull << 2)
#define SECTION_IS_EARLY (1ull << 3)

typedef MO_VECTOR(struct mo_memmap_run) run_vector;

struct building {
	struct mo_reader *reader;
	struct mo_memmap_layout *layout;
	struct mo_sections sections;
	uint64_t online_flag;   /* 0: this kernel has none: all are online */
	uint64_t early_flag;    /* 0: this kernel has none: no subsections */
	uint64_t address_mask;
	uint64_t n_pages;       /* of all runs, online or not */
	run_vector online;
	run_vector offline;
};

/* Appends page frames, to the last run where they continue it. */
static struct mo_error *append(struct building *building, run_vector *runs, uint64_t first_pfn, uint64_t n_pages,
			       uint64_t base_kva)
{
	uint64_t max_pages = mo_kernel_facts(mo_reader_kernel(building->reader))->max_pages;
	uint64_t page_bytes = building->layout->page.bytes;
	uint64_t page_kva = (base_kva + first_pfn * page_bytes) & building->address_mask;
	struct mo_memmap_run *last = runs->count ? &runs->items[runs->count - 1] : NULL;

	/* Tables whose entries all lead to the same few pages describe any amount of memory. */
	building->n_pages += n_pages;
	if (max_pages && building->n_pages > max_pages)
		return mo_error_create(MO_E_LIMIT, "the sections claim more than %llu page frames, which a dump of this size "
				       "cannot hold", (unsigned long long)max_pages);
	if (last && last->first_pfn + last->n_pages == first_pfn &&
	    ((last->first_page_kva + last->n_pages * page_bytes) & building->address_mask) == page_kva) {
		last->n_pages += n_pages;
		return NULL;
	}
	if (!mo_vector_append(runs, (struct mo_memmap_run){ .first_pfn = first_pfn, .n_pages = n_pages,
							    .first_page_kva = page_kva }))
		return mo_error_no_memory();
	return NULL;
}

/*
 * A section that was hot-added may have struct pages for some of its 2 MiB subsections only. Those of boot have all
 * (pfn_valid() in include/linux/mmzone.h).
 */
static struct mo_error *append_subsections(struct building *building, run_vector *runs, const struct mo_section *section,
					   uint64_t base_kva)
{
	const struct mo_field *map = &building->layout->subsection_map;
	unsigned page_shift = mo_kernel_facts(mo_reader_kernel(building->reader))->page_shift;
	uint64_t n_pages = 1ull << building->sections.pfn_shift;
	uint64_t sub_pages = 1ull << (SUBSECTION_BITS - page_shift);
	uint64_t first_pfn = section->number << building->sections.pfn_shift;
	uint8_t bytes[SUBSECTION_MAP_BYTES_MAX];
	uint64_t i;

	if (sub_pages >= n_pages || map->size_bytes > sizeof(bytes) || n_pages / sub_pages > map->size_bytes * 8)
		return append(building, runs, first_pfn, n_pages, base_kva);
	MO_TRY(mo_read(building->reader, mo_field_kva(map, section->usage_kva), bytes, map->size_bytes));
	for (i = 0; i < n_pages / sub_pages; i++) {
		uint64_t word_bits = map->element_bytes * 8;
		uint64_t word = mo_decode_(map, bytes + i / word_bits * map->element_bytes);

		if (word >> (i % word_bits) & 1)
			MO_TRY(append(building, runs, first_pfn + i * sub_pages, sub_pages, base_kva));
	}
	return NULL;
}

static void note(struct building *building, struct mo_error *error)
{
	building->sections.n_unreadable++;
	if (building->sections.first_error)
		mo_error_destroy(error);
	else
		building->sections.first_error = error;
}

static struct mo_error *append_section(struct building *building, const struct mo_section *section)
{
	const struct mo_kernel_facts *facts = mo_kernel_facts(mo_reader_kernel(building->reader));
	bool is_online = !building->online_flag || section->encoded & building->online_flag;
	bool has_subsections = building->early_flag && !(section->encoded & building->early_flag) &&
			       section->usage_kva && mo_has(&building->layout->subsection_map);
	run_vector *runs = is_online ? &building->online : &building->offline;
	uint64_t base_kva = section->encoded & ~SECTION_FLAGS;
	uint64_t first_pfn = section->number << building->sections.pfn_shift;
	uint64_t page_kva = (base_kva + first_pfn * building->layout->page.bytes) & building->address_mask;
	struct mo_error *error;

	if (is_online && facts->end_pfn && first_pfn >= facts->end_pfn) {
		note(building, mo_error_create(MO_E_CORRUPT, "section %llu would be memory behind the end of all memory",
					       (unsigned long long)section->number));
		return NULL;
	}
	if (building->address_mask == UINT64_MAX ? !(page_kva >> 63) : !(page_kva >> 30)) {
		note(building, mo_error_create(MO_E_CORRUPT, "the struct pages of section %llu would lie at 0x%llx",
					       (unsigned long long)section->number, (unsigned long long)page_kva));
		return NULL;
	}
	if (!has_subsections)
		return append(building, runs, first_pfn, 1ull << building->sections.pfn_shift, base_kva);
	error = append_subsections(building, runs, section, base_kva);
	if (error && !mo_error_ends_run(error)) {
		note(building, mo_error_prepend(error, "cannot read which subsections section %llu has",
						(unsigned long long)section->number));
		return NULL;
	}
	return error;
}

/* A kernel in which no section is online is taken for one that does not have that flag. */
static void choose_flags(struct building *building)
{
	size_t i;

	for (i = 0; i < building->sections.found.count; i++)
		building->online_flag |= building->sections.found.items[i].encoded & SECTION_IS_ONLINE;
	if (mo_has(&building->layout->subsection_map))
		building->early_flag = SECTION_IS_EARLY;
}

static struct mo_error *build_sparse(struct building *building)
{
	struct mo_memmap_layout *layout = building->layout;
	struct mo_kernel *kernel = mo_reader_kernel(building->reader);
	int64_t unused;
	struct mo_error *no_vmemmap;
	size_t i;

	if (!mo_has(&layout->section) || !mo_has(&layout->section_mem_map))
		return mo_error_create(MO_E_ABSENT, "this kernel has SPARSEMEM, but struct mem_section is unknown");
	MO_TRY(mo_sections_read(building->reader, layout, &building->sections));
	choose_flags(building);
	for (i = 0; i < building->sections.found.count; i++)
		MO_TRY(append_section(building, &building->sections.found.items[i]));
	no_vmemmap = mo_kernel_vmcoreinfo_number(kernel, "SYMBOL(vmemmap)", &unused);
	layout->map.model = mo_has(&layout->vmemmap_base) || mo_has(&layout->subsection_map) || !no_vmemmap ?
				    "SPARSEMEM_VMEMMAP" : "SPARSEMEM";
	mo_error_destroy(no_vmemmap);
	return NULL;
}

/* One array for all (include/asm-generic/memory_model.h), from page frame 0 on. */
static struct mo_error *build_flat(struct building *building)
{
	struct mo_memmap_layout *layout = building->layout;
	const struct mo_kernel_facts *facts = mo_kernel_facts(mo_reader_kernel(building->reader));
	uint64_t base_kva = 0;
	uint64_t n_pages = facts->end_pfn;

	MO_TRY(mo_error_prepend(mo_read_pointer(building->reader, layout->mem_map.kva, &base_kva), "cannot read mem_map"));
	if (mo_has(&layout->max_mapnr))
		MO_TRY(mo_error_prepend(mo_read_pointer(building->reader, layout->max_mapnr.kva, &n_pages),
					"cannot read max_mapnr"));
	if (!base_kva || !n_pages || n_pages > 1ull << (52 - facts->page_shift))
		return mo_error_create(MO_E_CORRUPT, "mem_map is 0x%llx and max_mapnr is %llu",
				       (unsigned long long)base_kva, (unsigned long long)n_pages);
	layout->map.model = "FLATMEM";
	return append(building, &building->online, 0, n_pages, base_kva);
}

/* Of those at one address the one of the lowest page frame first: a damaged entry that is a copy stands behind what it copies. */
static int compare_by_page(const void *a, const void *b)
{
	const struct mo_memmap_run *left = a;
	const struct mo_memmap_run *right = b;

	if (left->first_page_kva != right->first_page_kva)
		return left->first_page_kva > right->first_page_kva ? 1 : -1;
	return (left->first_pfn > right->first_pfn) - (left->first_pfn < right->first_pfn);
}

static int compare_by_pfn(const void *a, const void *b)
{
	const struct mo_memmap_run *left = a;
	const struct mo_memmap_run *right = b;

	return (left->first_pfn > right->first_pfn) - (left->first_pfn < right->first_pfn);
}

/* Where every section keeps what is known of its page blocks. */
static struct mo_error *publish_sections(struct building *building)
{
	struct mo_memmap_layout *layout = building->layout;
	const struct mo_sections *sections = &building->sections;

	if (!sections->found.count)
		return NULL;
	layout->sections = calloc(sections->found.count, sizeof(*layout->sections));
	if (!layout->sections)
		return mo_error_no_memory();
	for (size_t i = 0; i < sections->found.count; i++)
		layout->sections[i] = (struct mo_memmap_section){
			.first_pfn = sections->found.items[i].number << sections->pfn_shift,
			.usage_kva = sections->found.items[i].usage_kva,
			.page_ext_kva = sections->found.items[i].page_ext_kva,
		};
	layout->map.sections = layout->sections;
	layout->map.n_sections = sections->found.count;
	layout->map.section_pages = 1ull << sections->pfn_shift;
	return NULL;
}

/*
 * Struct pages describe one page frame each: of two runs that would share some, one is wrong, and what was there first stands.
 * Runs are few; those that sections of a damaged table alias are cut away here, so that a pass meets no struct page twice.
 */
static void drop_shared(struct building *building, run_vector *runs)
{
	const uint64_t page_bytes = building->layout->page.bytes;
	MO_FREE struct mo_memmap_run *sorted = calloc(runs->count + 1, sizeof(*sorted));
	uint64_t end_kva = 0;
	uint64_t n_dropped = 0;
	size_t n = 0;

	if (!sorted || !runs->count)
		return;
	memcpy(sorted, runs->items, runs->count * sizeof(*sorted));
	qsort(sorted, runs->count, sizeof(*sorted), compare_by_page);
	for (size_t i = 0; i < runs->count; i++) {
		if (sorted[i].first_page_kva < end_kva) {
			n_dropped++;
			continue;
		}
		end_kva = sorted[i].first_page_kva + sorted[i].n_pages * page_bytes;
		sorted[n++] = sorted[i];
	}
	if (!n_dropped)
		return;
	qsort(sorted, n, sizeof(*sorted), compare_by_pfn);
	memcpy(runs->items, sorted, n * sizeof(*sorted));
	runs->count = n;
	note(building, mo_error_create(MO_E_CORRUPT, "%llu runs of sections would share struct pages with others",
				       (unsigned long long)n_dropped));
}

/* Hands what was built over to the layout. */
static struct mo_error *publish(struct building *building)
{
	struct mo_memmap_layout *layout = building->layout;
	struct mo_memmap *map = &layout->map;
	size_t n_all = building->online.count + building->offline.count;
	size_t i;

	layout->runs = mo_take(building->online.items);
	layout->offline_runs = mo_take(building->offline.items);
	map->runs = layout->runs;
	map->n_runs = building->online.count;
	map->offline_runs = layout->offline_runs;
	map->n_offline_runs = building->offline.count;
	map->page_struct_bytes = layout->page.bytes;
	map->n_unreadable_sections = building->sections.n_unreadable;
	for (i = 0; i < map->n_runs; i++)
		map->n_pages += map->runs[i].n_pages;
	if (building->sections.first_error) {
		layout->remark = strdup(mo_error_text(building->sections.first_error));
		map->remark = layout->remark ? layout->remark : "some sections could not be read";
	}
	layout->runs_by_page = calloc(n_all, sizeof(*layout->runs_by_page));
	if (!layout->runs_by_page)
		return mo_error_no_memory();
	memcpy(layout->runs_by_page, map->runs, map->n_runs * sizeof(*map->runs));
	if (map->n_offline_runs)
		memcpy(layout->runs_by_page + map->n_runs, map->offline_runs,
		       map->n_offline_runs * sizeof(*map->runs));
	layout->n_runs_by_page = n_all;
	qsort(layout->runs_by_page, n_all, sizeof(*layout->runs_by_page), compare_by_page);
	return publish_sections(building);
}

static struct mo_error *build(struct building *building)
{
	struct mo_memmap_layout *layout = building->layout;
	int64_t unused;
	struct mo_error *not_said = mo_kernel_vmcoreinfo_number(mo_reader_kernel(building->reader), "SYMBOL(mem_section)",
								&unused);
	bool is_sparse = !not_said || mo_has(&layout->mem_section);

	mo_error_destroy(not_said);
	if (!layout->page.bytes || layout->page.bytes > STRUCT_PAGE_BYTES_MAX)
		return mo_error_create(MO_E_CORRUPT, "struct page has %llu bytes", (unsigned long long)layout->page.bytes);
	if (is_sparse)
		MO_TRY(build_sparse(building));
	else if (mo_has(&layout->mem_map))
		MO_TRY(build_flat(building));
	else
		return mo_error_create(MO_E_ABSENT, "neither mem_section nor mem_map was found: struct pages cannot be "
				       "found");
	drop_shared(building, &building->online);
	drop_shared(building, &building->offline);
	if (!building->online.count)
		return mo_error_create(MO_E_CORRUPT, "no section of memory has struct pages%s%s",
				       building->sections.first_error ? ": " : "",
				       building->sections.first_error ? mo_error_text(building->sections.first_error) : "");
	return publish(building);
}

static struct mo_error *finish(struct mo_kernel *kernel, void *bound)
{
	struct building building = { .layout = bound };
	struct mo_error *error;

	building.address_mask = mo_kernel_facts(kernel)->pointer_bytes == 4 ? UINT32_MAX : UINT64_MAX;
	MO_TRY(mo_reader_create(kernel, &building.reader));
	error = mo_error_prepend(build(&building), "cannot find the memory map");
	mo_sections_deinit(&building.sections);
	mo_vector_deinit(&building.online);
	mo_vector_deinit(&building.offline);
	mo_reader_destroy(building.reader);
	return error;
}

static void release(void *bound)
{
	struct mo_memmap_layout *layout = bound;

	free(layout->runs);
	free(layout->offline_runs);
	free(layout->runs_by_page);
	free(layout->sections);
	free(layout->remark);
}

const struct mo_layout_table mo_memmap_table = {
	.id = MO_LAYOUT_MEMMAP,
	.layout_bytes = sizeof(struct mo_memmap_layout),
	.needs = memmap_needs,
	.n_needs = MO_N_ROWS(memmap_needs),
	.finish = finish,
	.release = release,
};

struct mo_error *mo_memmap(struct mo_reader *reader, const struct mo_memmap **ret)
{
	const void *bound = NULL;
	const struct mo_memmap_layout *layout;

	MO_TRY(mo_kernel_layout(mo_reader_kernel(reader), MO_LAYOUT_MEMMAP, &bound));
	layout = bound;
	*ret = &layout->map;
	return NULL;
}

/* The run that holds pfn; NULL: none. */
static const struct mo_memmap_run *find_pfn(const struct mo_memmap_run *runs, size_t n_runs, uint64_t pfn)
{
	size_t first = 0;
	size_t end = n_runs;

	while (first < end) {
		size_t middle = first + (end - first) / 2;

		if (pfn < runs[middle].first_pfn)
			end = middle;
		else if (pfn - runs[middle].first_pfn >= runs[middle].n_pages)
			first = middle + 1;
		else
			return &runs[middle];
	}
	return NULL;
}

struct mo_error *mo_pfn_to_page(const struct mo_memmap *memmap, uint64_t pfn, uint64_t *page_kva)
{
	const struct mo_memmap_run *run = find_pfn(memmap->runs, memmap->n_runs, pfn);

	if (!run)
		run = find_pfn(memmap->offline_runs, memmap->n_offline_runs, pfn);
	if (!run)
		return mo_error_create(MO_E_ABSENT, "page frame 0x%llx has no struct page", (unsigned long long)pfn);
	*page_kva = run->first_page_kva + (pfn - run->first_pfn) * memmap->page_struct_bytes;
	return NULL;
}

struct mo_error *mo_page_to_pfn(const struct mo_memmap *memmap, uint64_t page_kva, uint64_t *pfn)
{
	const struct mo_memmap_layout *layout =
		(const struct mo_memmap_layout *)((const char *)memmap - offsetof(struct mo_memmap_layout, map));
	const struct mo_memmap_run *runs = layout->runs_by_page;
	size_t first = 0;
	size_t end = layout->n_runs_by_page;

	while (first < end) {
		size_t middle = first + (end - first) / 2;
		uint64_t offset = page_kva - runs[middle].first_page_kva;

		if (page_kva < runs[middle].first_page_kva) {
			end = middle;
		} else if (offset / memmap->page_struct_bytes >= runs[middle].n_pages) {
			first = middle + 1;
		} else if (offset % memmap->page_struct_bytes) {
			return mo_error_create(MO_E_INVALID, "0x%llx lies within the struct page at 0x%llx",
					       (unsigned long long)page_kva,
					       (unsigned long long)(page_kva - offset % memmap->page_struct_bytes));
		} else {
			*pfn = runs[middle].first_pfn + offset / memmap->page_struct_bytes;
			return NULL;
		}
	}
	return mo_error_create(MO_E_ABSENT, "0x%llx is not the address of a struct page", (unsigned long long)page_kva);
}
