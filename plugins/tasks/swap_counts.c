/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How often swapped pages are used, and how much of a file of shared memory is in swap. */
#include "smaps.h"

#include <inttypes.h>

/* include/linux/swap.h, mm/swapfile.c */
#define SWAP_HAS_CACHE 0x40u
#define COUNT_CONTINUED 0x80u
#define MAX_SWAP_TYPES 32u
/* mm/swap_table.h (7.1): the count is in the first four bits of an entry; clusters have as many as a huge page has pages. */
#define CLUSTER_ENTRIES 512u
#define TABLE_COUNT_SHIFT 60u
#define TABLE_COUNT_MAX 15u

#define MAX_SHMEM_ENTRIES (1u << 28)

unsigned swap_type_count(const struct tasks_state *state)
{
	const struct tasks_layout *layout = state->layout;
	uint32_t n = 0;

	if (!mo_has(&layout->swap.n_files))
		return 0;
	mo_error_destroy(mo_read_u32(state->reader, layout->swap.n_files.kva, &n));
	return n < MAX_SWAP_TYPES ? n : MAX_SWAP_TYPES;
}

static struct mo_error *count_in_map(const struct tasks_state *state, uint64_t info_kva, uint64_t offset,
				     struct mo_count *ret)
{
	uint64_t map_kva = 0;
	uint8_t count = 0;
	struct mo_error *error = mo_read_field(state->reader, &state->layout->swap.map, info_kva, &map_kva);

	if (!error)
		error = mo_read_u8(state->reader, map_kva + offset, &count);
	if (!error)
		*ret = count & COUNT_CONTINUED ? mo_at_least(count & 0x3fu) : mo_exact(count & ~SWAP_HAS_CACHE);
	return error;
}

static struct mo_error *count_in_table(const struct tasks_state *state, uint64_t info_kva, uint64_t offset,
				       struct mo_count *ret)
{
	const struct tasks_layout *layout = state->layout;
	uint64_t clusters_kva = 0;
	uint64_t table_kva = 0;
	uint64_t entry = 0;
	struct mo_error *error = mo_read_field(state->reader, &layout->swap.cluster_info, info_kva, &clusters_kva);

	if (!error)
		error = mo_read_field(state->reader, &layout->swap.table,
				      clusters_kva + offset / CLUSTER_ENTRIES * layout->swap.cluster.bytes, &table_kva);
	if (!error)
		error = mo_read_u64(state->reader, table_kva + offset % CLUSTER_ENTRIES * 8, &entry);
	if (!error)
		*ret = entry >> TABLE_COUNT_SHIFT == TABLE_COUNT_MAX ? mo_at_least(TABLE_COUNT_MAX) :
								       mo_exact(entry >> TABLE_COUNT_SHIFT);
	return error;
}

struct mo_count swap_entry_count(const struct tasks_state *state, unsigned type, uint64_t offset)
{
	const struct tasks_layout *layout = state->layout;
	struct mo_count count = mo_unknown();
	uint64_t info_kva = 0;
	uint64_t max = 0;
	struct mo_error *error;

	if (!mo_has(&layout->swap.info) || !mo_has(&layout->swap.max))
		return count;
	error = mo_read_pointer(state->reader, layout->swap.info.kva + (uint64_t)type * mo_kernel_facts(mo_run_kernel(state->run))->pointer_bytes, &info_kva);
	if (!error)
		error = mo_read_field(state->reader, &layout->swap.max, info_kva, &max);
	if (!error && offset < (uint32_t)max) {
		if (mo_has(&layout->swap.map))
			error = count_in_map(state, info_kva, offset, &count);
		else if (mo_has(&layout->swap.cluster_info) && mo_has(&layout->swap.table) && mo_has(&layout->swap.cluster))
			error = count_in_table(state, info_kva, offset, &count);
	}
	return mo_error_destroy(error) ? mo_unknown() : count;
}

static bool read_mapping(const struct tasks_state *state, const struct vma *vma, uint64_t *mapping_kva)
{
	const struct tasks_layout *layout = state->layout;
	struct mo_error *error;

	if (!vma->file_kva || !mo_has(&layout->swap.f_mapping))
		return false;
	error = mo_read_field(state->reader, &layout->swap.f_mapping, vma->file_kva, mapping_kva);
	return !mo_error_destroy(error);
}

bool is_shmem_vma(const struct tasks_state *state, const struct vma *vma)
{
	const struct tasks_layout *layout = state->layout;
	uint64_t mapping_kva = 0;
	uint64_t ops_kva = 0;
	struct mo_error *error;

	if (!mo_has(&layout->swap.shmem_aops) || !mo_has(&layout->swap.a_ops) || !read_mapping(state, vma, &mapping_kva))
		return false;
	error = mo_read_field(state->reader, &layout->swap.a_ops, mapping_kva, &ops_kva);
	return !mo_error_destroy(error) && ops_kva == layout->swap.shmem_aops.kva;
}

/* shmem_partial_swap_usage(): value entries of the page cache are swap entries. */
static struct mo_error *count_swapped_range(const struct tasks_state *state, const struct vma *vma, uint64_t mapping_kva,
					    uint64_t *ret)
{
	const struct mo_kernel_facts *facts = mo_kernel_facts(mo_run_kernel(state->run));
	uint64_t n_pages = (vma->end - vma->start) >> facts->page_shift;
	struct mo_xarray_walk walk;
	uint64_t index;
	uint64_t entry = 0;

	*ret = 0;
	if (n_pages == 1) {
		struct mo_error *error = mo_xarray_load(state->reader, mo_field_kva(&state->layout->swap.i_pages, mapping_kva),
							vma->pgoff, &entry);

		if (!error && entry & 1)
			*ret = facts->page_bytes;
		return error;
	}
	mo_xarray_begin(&walk, state->reader, mo_field_kva(&state->layout->swap.i_pages, mapping_kva), MAX_SHMEM_ENTRIES);
	while (mo_xarray_next(&walk, &index, &entry))
		if (entry & 1 && index >= vma->pgoff && index - vma->pgoff < n_pages)
			*ret += facts->page_bytes;
	return mo_xarray_end(&walk);
}

/* shmem_swap_usage() */
struct mo_error *shmem_swap_bytes(const struct tasks_state *state, const struct vma *vma, uint64_t *ret)
{
	const struct tasks_layout *layout = state->layout;
	uint64_t mapping_kva = 0;
	uint64_t inode_kva = 0;
	uint64_t swapped = 0;
	uint64_t size = 0;
	struct mo_error *error;

	*ret = 0;
	if (!mo_has(&layout->swap.shmem_inode) || !mo_has(&layout->swap.swapped) || !mo_has(&layout->swap.i_size) ||
	    !mo_has(&layout->swap.i_pages) || !read_mapping(state, vma, &mapping_kva))
		return mo_error_create(MO_E_ABSENT, "struct shmem_inode_info is not known");
	error = mo_read_field(state->reader, &layout->file.f_inode, vma->file_kva, &inode_kva);
	if (!error)
		error = mo_read_field(state->reader, &layout->swap.swapped, inode_kva - layout->swap.shmem_inode.offset_bytes,
				      &swapped);
	if (!error && swapped)
		error = mo_read_field(state->reader, &layout->swap.i_size, inode_kva, &size);
	if (error || !swapped)
		return error;
	if (!vma->pgoff && vma->end - vma->start >= size) {
		*ret = swapped << mo_kernel_facts(mo_run_kernel(state->run))->page_shift;
		return NULL;
	}
	return count_swapped_range(state, vma, mapping_kva, ret);
}
