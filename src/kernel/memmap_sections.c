/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * The section table of SPARSEMEM (mm/sparse.c): an array of struct mem_section, or with SPARSEMEM_EXTREME an array of
 * pointers to pages full of them. Since 4.15 (83e3c48729d9) the array of pointers is allocated and mem_section is a
 * pointer to it; VMCOREINFO's SYMBOL(mem_section) is the array's address either way.
 */

#include "memmap_build.h"

#include "bytes.h"
#include "cleanup.h"

/* 128 TiB of memory in sections of 128 MiB; a machine with more is not known, a broken table with more is. */
#define SECTIONS_MAX (1ull << 20)
#define PAGE_BYTES_MAX (64u << 10)
#define SECTION_HAS_MEM_MAP 2ull

struct section_table {
	struct mo_reader *reader;
	const struct mo_memmap_layout *layout;
	struct mo_sections *sections;
	uint64_t table_kva;
	uint64_t n_sections;   /* that the table may hold */
	uint64_t per_root;     /* SPARSEMEM_EXTREME: sections in a page of them; 0: an array of sections */
	unsigned pointer_bytes;
	bool is_big_endian;
	uint8_t *root_bytes;   /* a page of pointers */
	uint8_t *section_bytes; /* a page of sections */
	uint64_t page_bytes;
	bool is_unreadable;    /* some of what was looked at last could not be read */
};

void mo_sections_deinit(struct mo_sections *sections)
{
	mo_vector_deinit(&sections->found);
	mo_error_destroy(sections->first_error);
	sections->first_error = NULL;
}

/* A number that VMCOREINFO has, within bounds; else the one that is known otherwise. */
static uint64_t number_or(struct mo_kernel *kernel, const char *key, uint64_t first, uint64_t last, uint64_t otherwise)
{
	int64_t value = 0;
	MO_DROP_ERROR struct mo_error *error = mo_kernel_vmcoreinfo_number(kernel, key, &value);

	return !error && value >= (int64_t)first && value <= (int64_t)last ? (uint64_t)value : otherwise;
}

/*
 * SECTION_SIZE_BITS where VMCOREINFO does not tell (before 5.13): 27 on x86_64 (arch/x86/include/asm/sparsemem.h); on
 * arm64 it changed in 5.12 (f0b13ee23241) from 30 to 27 or 29. Since 5.3 the length of the bitmap of 2 MiB subsections
 * tells it, down to 64 of them.
 */
static uint64_t section_bits(struct mo_kernel *kernel, const struct mo_memmap_layout *layout)
{
	const struct mo_kernel_facts *facts = mo_kernel_facts(kernel);
	uint64_t otherwise = 27;

	if (mo_has(&layout->subsection_map) && layout->subsection_map.size_bytes > 8)
		otherwise = 21 + (uint64_t)(63 - __builtin_clzll(layout->subsection_map.size_bytes * 8));
	else if (facts->arch && !strcmp(facts->arch, "aarch64") && !mo_has(&layout->subsection_map))
		otherwise = 30;
	else if (facts->pointer_bytes == 4)
		otherwise = 29; /* i386 with PAE */
	return number_or(kernel, "NUMBER(SECTION_SIZE_BITS)", facts->page_shift + 1, 40, otherwise);
}

static uint64_t physical_bits(struct mo_kernel *kernel)
{
	const struct mo_kernel_facts *facts = mo_kernel_facts(kernel);
	uint64_t otherwise = facts->pointer_bytes == 4 ? 36 : facts->paging_levels == 4 ? 46 : 52;

	return number_or(kernel, "NUMBER(MAX_PHYSMEM_BITS)", 30, 57, otherwise);
}

/* Sections behind the end of all memory are none that anybody misses. */
static void note(struct section_table *table, uint64_t first, uint64_t n_sections, struct mo_error *error)
{
	uint64_t end_pfn = mo_kernel_facts(mo_reader_kernel(table->reader))->end_pfn;
	uint64_t end = end_pfn ? ((end_pfn - 1) >> table->sections->pfn_shift) + 1 : table->n_sections;

	if (first >= end) {
		mo_error_destroy(error);
		return;
	}
	table->sections->n_unreadable += n_sections < end - first ? n_sections : end - first;
	if (table->sections->first_error)
		mo_error_destroy(error);
	else
		table->sections->first_error = error;
}

static bool is_kernel_pointer(const struct section_table *table, uint64_t kva)
{
	return !(kva & (table->pointer_bytes - 1)) && (table->pointer_bytes == 8 ? kva >> 63 : kva >> 30 >= 1);
}

/* Keeps the sections of n_sections in section_bytes that have a memory map. */
static struct mo_error *keep(struct section_table *table, uint64_t number, uint64_t n_sections)
{
	uint64_t i;

	for (i = 0; i < n_sections; i++) {
		const uint8_t *bytes = table->section_bytes + i * table->layout->section.bytes;
		struct mo_section section = { .number = number + i };

		section.encoded = mo_get(&table->layout->section_mem_map, bytes);
		if (!(section.encoded & SECTION_HAS_MEM_MAP))
			continue;
		if (mo_has(&table->layout->usage))
			section.usage_kva = mo_get(&table->layout->usage, bytes);
		if (mo_has(&table->layout->page_ext))
			section.page_ext_kva = mo_get(&table->layout->page_ext, bytes);
		if (table->sections->found.count == SECTIONS_MAX)
			return mo_error_create(MO_E_LIMIT, "more than %llu sections of memory",
					       (unsigned long long)SECTIONS_MAX);
		if (!mo_vector_append(&table->sections->found, section))
			return mo_error_no_memory();
	}
	return NULL;
}

static struct mo_error *read_sections(struct section_table *table, uint64_t kva, uint64_t number, uint64_t n_sections)
{
	struct mo_error *error;

	if (number >= table->n_sections)
		return NULL;
	if (n_sections > table->n_sections - number)
		n_sections = table->n_sections - number;
	error = mo_read(table->reader, kva, table->section_bytes, n_sections * table->layout->section.bytes);
	if (error) {
		table->is_unreadable = true;
		note(table, number, n_sections, mo_error_prepend(error, "cannot read the sections of memory from %llu on",
							 (unsigned long long)number));
		return NULL;
	}
	return keep(table, number, n_sections);
}

static struct mo_error *read_root(struct section_table *table, uint64_t root, uint64_t kva)
{
	uint64_t number = root * table->per_root;

	if (!kva)
		return NULL;
	if (!is_kernel_pointer(table, kva)) {
		note(table, number, table->per_root, mo_error_create(MO_E_CORRUPT, "mem_section[%llu] is 0x%llx, which is no "
							     "kernel pointer", (unsigned long long)root,
							     (unsigned long long)kva));
		return NULL;
	}
	return read_sections(table, kva, number, table->per_root);
}

static struct mo_error *read_extreme(struct section_table *table)
{
	uint64_t n_roots = (table->n_sections + table->per_root - 1) / table->per_root;
	uint64_t per_page = table->page_bytes / table->pointer_bytes;
	uint64_t root;
	uint64_t i;

	for (root = 0; root < n_roots; root += per_page) {
		uint64_t n = n_roots - root < per_page ? n_roots - root : per_page;
		struct mo_error *error = mo_read(table->reader, table->table_kva + root * table->pointer_bytes,
						 table->root_bytes, n * table->pointer_bytes);

		if (error) {
			table->is_unreadable = true;
			note(table, root * table->per_root, n * table->per_root, mo_error_prepend(error, "cannot read mem_section[%llu] and on",
									  (unsigned long long)root));
			continue;
		}
		for (i = 0; i < n; i++)
			MO_TRY(read_root(table, root + i,
					 mo_load_unsigned(table->root_bytes + i * table->pointer_bytes,
							  table->pointer_bytes, table->is_big_endian)));
	}
	return NULL;
}

static struct mo_error *read_array(struct section_table *table)
{
	uint64_t per_read = table->page_bytes / table->layout->section.bytes;
	uint64_t number;

	for (number = 0; number < table->n_sections; number += per_read)
		MO_TRY(read_sections(table, table->table_kva + number * table->layout->section.bytes, number, per_read));
	return NULL;
}

/*
 * Reads the table from kva, as far as it makes sense. Comes after attempts that found nothing: if this one does not
 * either, the error of the first one stays.
 */
static struct mo_error *attempt(struct section_table *table, uint64_t kva)
{
	struct mo_sections *sections = table->sections;
	struct mo_error *before = mo_take(sections->first_error);
	struct mo_error *error;

	sections->n_unreadable = 0;
	table->is_unreadable = false;
	table->table_kva = kva;
	error = table->per_root ? read_extreme(table) : read_array(table);
	if (before && !sections->found.count) {
		mo_error_destroy(sections->first_error);
		sections->first_error = before;
	} else {
		mo_error_destroy(before);
	}
	return error;
}

/* Whether an attempt settled the matter: it found sections, or what it did not find may be in what cannot be read. */
static bool is_settled(const struct section_table *table)
{
	return table->sections->found.count || table->is_unreadable;
}

/*
 * Whether the symbol is that of the array: then what its first element points to begins with a section, whose encoded
 * map is never aligned as a pointer is. Known only if both can be read; a first element of 0 tells nothing.
 */
static bool is_array_of_roots(struct section_table *table, uint64_t first_element)
{
	uint64_t word = 0;
	MO_DROP_ERROR struct mo_error *error = mo_read_pointer(
		table->reader, first_element + table->layout->section_mem_map.offset_bytes, &word);

	return !error && word & SECTION_HAS_MEM_MAP;
}

/*
 * Where the table is. VMCOREINFO has its address. The symbol is that of the array, or since 4.15 of a pointer to it;
 * which one it is shows in what is found there. A table that cannot be read is not looked for elsewhere: whatever lies
 * beside the pointer would decode to something.
 */
static struct mo_error *read_table(struct section_table *table)
{
	struct mo_kernel *kernel = mo_reader_kernel(table->reader);
	const struct mo_address *symbol = &table->layout->mem_section;
	uint64_t pointed = 0;
	int64_t address = 0;
	struct mo_error *error = mo_kernel_vmcoreinfo_number(kernel, "SYMBOL(mem_section)", &address);

	if (!error) {
		MO_TRY(attempt(table, (uint64_t)address));
		if (is_settled(table))
			return NULL;
	}
	mo_error_destroy(error);
	if (!mo_has(symbol))
		return NULL;
	if (table->per_root)
		MO_TRY(mo_error_prepend(mo_read_pointer(table->reader, symbol->kva, &pointed), "cannot read mem_section"));
	if (pointed && is_kernel_pointer(table, pointed) && !is_array_of_roots(table, pointed)) {
		MO_TRY(attempt(table, pointed));
		if (is_settled(table))
			return NULL;
	}
	return attempt(table, symbol->kva);
}

/* The highest section that is present, if the kernel says so and it makes sense (__highest_present_section_nr, 4.13). */
static void lower_bound(struct section_table *table)
{
	uint32_t highest = 0;
	MO_DROP_ERROR struct mo_error *error = NULL;

	/* An int first and an unsigned long now: the low half of either, where that comes first. */
	if (!mo_has(&table->layout->highest_section) || table->is_big_endian)
		return;
	error = mo_read_u32(table->reader, table->layout->highest_section.kva, &highest);
	if (!error && highest && highest < table->n_sections)
		table->n_sections = (uint64_t)highest + 1;
}

/* Whether the table is one of pages of sections, and how many fit in a page. */
static struct mo_error *find_shape(struct section_table *table)
{
	struct mo_kernel *kernel = mo_reader_kernel(table->reader);
	uint64_t bytes = table->layout->section.bytes;
	uint64_t static_bytes = table->n_sections * bytes;
	uint64_t n_roots = number_or(kernel, "LENGTH(mem_section)", 1, INT64_MAX, 0);

	if (!bytes || bytes > table->page_bytes || table->layout->section_mem_map.offset_bytes + 8 > bytes)
		return mo_error_create(MO_E_CORRUPT, "struct mem_section has %llu bytes", (unsigned long long)bytes);
	if (n_roots ? n_roots == table->n_sections : table->layout->mem_section.size_bytes == static_bytes)
		table->per_root = 0;
	else
		table->per_root = table->page_bytes / bytes;
	return NULL;
}

struct mo_error *mo_sections_read(struct mo_reader *reader, const struct mo_memmap_layout *layout,
				  struct mo_sections *ret)
{
	struct mo_kernel *kernel = mo_reader_kernel(reader);
	const struct mo_kernel_facts *facts = mo_kernel_facts(kernel);
	MO_FREE uint8_t *buffer = NULL;
	struct section_table table = {
		.reader = reader, .layout = layout, .sections = ret, .pointer_bytes = facts->pointer_bytes,
		.is_big_endian = facts->is_big_endian, .page_bytes = facts->page_bytes,
	};
	uint64_t bits = section_bits(kernel, layout);
	uint64_t all_bits = physical_bits(kernel);

	if (all_bits <= bits || all_bits - bits > 30)
		return mo_error_create(MO_E_CORRUPT, "SECTION_SIZE_BITS is %llu and MAX_PHYSMEM_BITS is %llu",
				       (unsigned long long)bits, (unsigned long long)all_bits);
	if (!table.page_bytes || table.page_bytes > PAGE_BYTES_MAX)
		return mo_error_create(MO_E_CORRUPT, "pages of %llu bytes", (unsigned long long)table.page_bytes);
	ret->pfn_shift = (unsigned)bits - facts->page_shift;
	table.n_sections = 1ull << (all_bits - bits);
	MO_TRY(find_shape(&table));
	lower_bound(&table);
	buffer = malloc(2 * table.page_bytes);
	if (!buffer)
		return mo_error_no_memory();
	table.root_bytes = buffer;
	table.section_bytes = buffer + table.page_bytes;
	return read_table(&table);
}
