/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A range of virtual addresses by its page tables: of each table, the entries that the range needs are read at once. */
#include <memopsy/table_walk.h>

#include "kernel_private.h"

#include <inttypes.h>

#include "cleanup.h"

#define ENTRIES_AT_ONCE 64u
#define MOST_ENTRY_BYTES 8u

struct walking {
	struct mo_reader *reader;
	struct mo_table_walk *walk;
	const struct mo_arch *arch;
	const struct mo_paging *paging;
};

static struct mo_error *walk_table(const struct walking *walking, unsigned height, uint64_t table_pa,
				   const struct mo_table_entry *above, uint64_t first_va, uint64_t last_va);

static unsigned shift_of(const struct mo_arch *arch, unsigned height)
{
	return arch->tables.page_shift + arch->tables.index_bits * height;
}

static struct mo_error *tell_broken(const struct walking *walking, const struct mo_table_entry *above, unsigned height,
				    uint64_t table_pa, struct mo_error *error)
{
	error = mo_error_prepend(error, "the %s table at physical 0x%" PRIx64,
				 walking->arch->level_name(walking->paging, height), table_pa);
	if (!error || !walking->walk->broken)
		return error;
	walking->walk->broken(walking->walk->context, above, error);
	return NULL;
}

static struct mo_error *take_entry(const struct walking *walking, unsigned height, const struct mo_arch_entry *decoded,
				   struct mo_table_entry *entry, uint64_t first_va, uint64_t last_va)
{
	struct mo_table_walk *walk = walking->walk;
	uint64_t entry_va = entry->va;

	entry->va = entry_va > first_va ? entry_va : first_va;
	entry->n_bytes = (last_va < entry_va + ((1ull << shift_of(walking->arch, height)) - 1) ?
				  last_va :
				  entry_va + ((1ull << shift_of(walking->arch, height)) - 1)) -
			 entry->va + 1;
	entry->pa = decoded->pa;
	if (decoded->is_leaf) {
		entry->pa += entry->va - entry_va;
		return walk->leaf ? walk->leaf(walk->context, entry) : NULL;
	}
	if (walk->table && !walk->table(walk->context, entry))
		return NULL;
	if (height <= walk->lowest_height)
		return NULL;
	return walk_table(walking, height - 1, decoded->pa, entry, entry->va, entry->va + (entry->n_bytes - 1));
}

/* n entries, the first of which maps what begins at va. */
static struct mo_error *take_entries(const struct walking *walking, unsigned height, uint64_t entry_pa, const uint8_t *raw,
				     unsigned n, uint64_t va, uint64_t first_va, uint64_t last_va)
{
	unsigned entry_bytes = walking->arch->tables.entry_bytes;

	for (unsigned i = 0; i < n; i++) {
		struct mo_table_entry entry = {
			.level = walking->arch->level_name(walking->paging, height),
			.height = height,
			.entry_pa = entry_pa + i * entry_bytes,
			.va = va + ((uint64_t)i << shift_of(walking->arch, height)),
		};
		struct mo_arch_entry decoded;

		walking->arch->decode(walking->paging, height, raw + i * entry_bytes, &decoded);
		if (!decoded.is_present)
			continue;
		for (unsigned byte = 0; byte < entry_bytes; byte++)
			entry.entry |= (uint64_t)raw[i * entry_bytes + byte]
				       << 8 * (walking->reader->kernel->facts.is_big_endian ? entry_bytes - 1 - byte : byte);
		MO_TRY(take_entry(walking, height, &decoded, &entry, first_va, last_va));
	}
	return NULL;
}

/* Depth is bounded by the height of the top table. */
static struct mo_error *walk_table(const struct walking *walking, unsigned height, uint64_t table_pa,
				   const struct mo_table_entry *above, uint64_t first_va, uint64_t last_va)
{
	const struct mo_arch_tables *tables = &walking->arch->tables;
	unsigned shift = shift_of(walking->arch, height);
	uint64_t mask = (1ull << tables->index_bits) - 1;
	uint64_t first = first_va >> shift & mask;
	uint64_t last = last_va >> shift & mask;
	uint64_t va = first_va >> shift << shift;

	if (!walking->walk->tables_left)
		return mo_error_create(MO_E_LIMIT, "too many page tables; from 0x%" PRIx64 " on they are not read", first_va);
	walking->walk->tables_left--;
	while (first <= last) {
		uint8_t raw[ENTRIES_AT_ONCE * MOST_ENTRY_BYTES];
		unsigned n = last - first < ENTRIES_AT_ONCE ? (unsigned)(last - first) + 1 : ENTRIES_AT_ONCE;
		uint64_t entry_pa = table_pa + first * tables->entry_bytes;
		struct mo_error *error = mo_read_pa(walking->reader, entry_pa, raw, n * tables->entry_bytes);

		if (error)
			return tell_broken(walking, above, height, table_pa, error);
		MO_TRY(take_entries(walking, height, entry_pa, raw, n, va, first_va, last_va));
		first += n;
		va += (uint64_t)n << shift;
	}
	return NULL;
}

unsigned mo_top_table_height(const struct mo_kernel *kernel)
{
	return kernel->paging.levels - 1;
}

void mo_address_halves(const struct mo_kernel *kernel, uint64_t *last_user_va, uint64_t *first_kernel_va)
{
	unsigned bits = shift_of(kernel->arch, kernel->paging.levels);

	*last_user_va = (1ull << (bits - 1)) - 1;
	*first_kernel_va = ~*last_user_va;
}

uint64_t mo_kernel_root_table_pa(const struct mo_kernel *kernel)
{
	return kernel->paging.root_pa;
}

struct mo_error *mo_walk_tables(struct mo_reader *reader, struct mo_table_walk *walk)
{
	const struct mo_kernel *kernel = reader->kernel;
	const struct walking walking = {
		.reader = reader, .walk = walk, .arch = kernel->arch, .paging = &kernel->paging };
	uint64_t last_user_va;
	uint64_t first_kernel_va;

	mo_address_halves(kernel, &last_user_va, &first_kernel_va);
	if (walk->first_va > walk->last_va ||
	    (walk->first_va <= last_user_va ? walk->last_va > last_user_va : walk->first_va < first_kernel_va))
		return mo_error_create(MO_E_INVALID, "0x%" PRIx64 " to 0x%" PRIx64 " is no range that page tables map",
				       walk->first_va, walk->last_va);
	return walk_table(&walking, kernel->paging.levels - 1, walk->root_pa ? walk->root_pa : kernel->paging.root_pa, NULL,
			  walk->first_va, walk->last_va);
}
