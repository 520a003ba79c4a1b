/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A range of virtual addresses by its page tables: of each table, the entries that the range needs are read at once. */
#include <memopsy/table_walk.h>

#include "kernel_private.h"

#include <inttypes.h>

#include "cleanup.h"

#define ENTRIES_AT_ONCE 128u
#define MAX_ENTRY_BYTES 8u

struct walking {
	struct mo_reader *reader;
	struct mo_table_walk *walk;
	const struct mo_arch *arch;
	const struct mo_paging *paging;
};

/* Entries of one table, those from va on that are looked at together. */
struct batch {
	unsigned height;
	unsigned n;
	uint64_t entry_pa;      /* of the first */
	uint64_t va;            /* what the first maps begins there */
	uint64_t first_va, last_va; /* what is walked of the table */
};

static struct mo_error *walk_table(const struct walking *walking, unsigned height, uint64_t table_pa,
				   const struct mo_table_entry *above, uint64_t first_va, uint64_t last_va);

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

static struct mo_error *take_entry(const struct walking *walking, const struct batch *batch, const struct mo_page_entry *decoded)
{
	struct mo_table_walk *walk = walking->walk;
	unsigned shift = walking->paging->shift[batch->height];
	uint64_t entry_va = batch->va + ((uint64_t)decoded->index << shift);
	uint64_t entry_last_va = entry_va + ((1ull << shift) - 1);
	struct mo_table_entry entry = {
		.height = batch->height,
		.entry_pa = batch->entry_pa + decoded->index * walking->paging->entry_bytes,
		.entry = decoded->value,
		.covers_bytes = 1ull << shift,
		.va = entry_va > batch->first_va ? entry_va : batch->first_va,
		.kind = decoded->kind,
		.flags = decoded->flags,
	};

	entry.n_bytes = (batch->last_va < entry_last_va ? batch->last_va : entry_last_va) - entry.va + 1;
	if (decoded->kind == MO_ENTRY_SWAP) {
		if (!walk->swap)
			return NULL;
		entry.swap_type = decoded->swap_type;
		entry.swap_offset = decoded->swap_offset;
		entry.level = walking->arch->level_name(walking->paging, batch->height);
		return walk->swap(walk->context, &entry);
	}
	entry.pa = decoded->pa;
	entry.level = walking->arch->level_name(walking->paging, batch->height);
	if (decoded->kind != MO_ENTRY_TABLE) {
		entry.pa += entry.va - entry_va;
		return walk->leaf ? walk->leaf(walk->context, &entry) : NULL;
	}
	if (walk->table && !walk->table(walk->context, &entry))
		return NULL;
	if (batch->height <= walk->lowest_height)
		return NULL;
	return walk_table(walking, batch->height - 1, decoded->pa, &entry, entry.va, entry.va + (entry.n_bytes - 1));
}

/* The entries `from` to before `to` are empty. */
static struct mo_error *take_hole(const struct walking *walking, const struct batch *batch, unsigned from, unsigned to)
{
	unsigned shift = walking->paging->shift[batch->height];
	uint64_t first_va = batch->va + ((uint64_t)from << shift);
	uint64_t last_va = batch->va + (((uint64_t)to << shift) - 1);

	if (from >= to || !walking->walk->hole)
		return NULL;
	return walking->walk->hole(walking->walk->context, first_va > batch->first_va ? first_va : batch->first_va,
				   last_va < batch->last_va ? last_va : batch->last_va, batch->height);
}

static struct mo_error *take_entries(const struct walking *walking, const struct batch *batch, const uint8_t *raw)
{
	struct mo_page_entry decoded[ENTRIES_AT_ONCE];
	unsigned n = walking->arch->decode(walking->paging, batch->height, raw, batch->n, decoded);
	unsigned next = 0;

	for (unsigned i = 0; i < n; i++) {
		MO_TRY(take_hole(walking, batch, next, decoded[i].index));
		next = decoded[i].index + 1u;
		MO_TRY(take_entry(walking, batch, &decoded[i]));
	}
	return take_hole(walking, batch, next, batch->n);
}

/* Depth is bounded by the height of the top table. */
static struct mo_error *walk_table(const struct walking *walking, unsigned height, uint64_t table_pa,
				   const struct mo_table_entry *above, uint64_t first_va, uint64_t last_va)
{
	const struct mo_paging *paging = walking->paging;
	unsigned shift = paging->shift[height];
	uint64_t mask = (1ull << paging->index_bits[height]) - 1;
	uint64_t first = first_va >> shift & mask;
	uint64_t last = last_va >> shift & mask;
	struct batch batch = { .height = height, .va = first_va >> shift << shift, .first_va = first_va, .last_va = last_va };

	if (!walking->walk->tables_left)
		return mo_error_create(MO_E_LIMIT, "too many page tables; from 0x%" PRIx64 " on they are not read", first_va);
	walking->walk->tables_left--;
	while (first <= last) {
		uint8_t raw[ENTRIES_AT_ONCE * MAX_ENTRY_BYTES];
		struct mo_error *error;

		batch.n = last - first < ENTRIES_AT_ONCE ? (unsigned)(last - first) + 1 : ENTRIES_AT_ONCE;
		batch.entry_pa = table_pa + first * paging->entry_bytes;
		error = mo_read_pa(walking->reader, batch.entry_pa, raw, batch.n * paging->entry_bytes);
		if (error)
			return tell_broken(walking, above, height, table_pa, error);
		MO_TRY(take_entries(walking, &batch, raw));
		first += batch.n;
		batch.va += (uint64_t)batch.n << shift;
	}
	return NULL;
}

unsigned mo_top_table_height(const struct mo_kernel *kernel)
{
	return kernel->paging.levels - 1;
}

void mo_address_halves(const struct mo_kernel *kernel, uint64_t *last_user_va, uint64_t *first_kernel_va)
{
	*last_user_va = kernel->paging.last_user_va;
	*first_kernel_va = kernel->paging.first_kernel_va;
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
	const struct mo_paging *paging = &kernel->paging;
	bool is_users = walk->first_va <= paging->last_user_va;
	/* Where a process's top table serves one half, that is the user's, and the kernel's serves the other. */
	bool is_others = paging->has_own_user_root && !walk->has_kernels_half && is_users == (!walk->root_pa || walk->root_pa == paging->root_pa);
	uint64_t last_va = walk->last_va == UINT64_MAX && !is_users ? paging->last_kernel_va : walk->last_va;

	if (!kernel->arch)
		return mo_error_create(MO_E_NOT_MAPPED, "there are no page tables to walk");
	if (walk->first_va > last_va ||
	    (is_users ? last_va > paging->last_user_va :
			walk->first_va < paging->first_kernel_va || last_va > paging->last_kernel_va))
		return mo_error_create(MO_E_INVALID, "0x%" PRIx64 " to 0x%" PRIx64 " is no range that page tables map",
				       walk->first_va, last_va);
	if (is_others)
		return NULL;
	return walk_table(&walking, paging->levels - 1, walk->root_pa ? walk->root_pa : paging->root_pa, NULL,
			  walk->first_va, last_va);
}
