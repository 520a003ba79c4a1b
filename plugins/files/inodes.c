/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * From address_spaces to inodes, on all cores. A mapping that is not its inode's is none: the page that named it holds
 * garbage, or something else than a file's data.
 */
#include "gathering.h"

#include <memopsy/parallel.h>

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define GRAIN_FILES 512u
#define MOST_INODE_BYTES 2048u
#define MOST_SWAPPED_INODES (1u << 24)
#define S_DAX 8192u /* include/linux/fs.h: BIT(13) */

static struct mo_count read_count(struct mo_reader *reader, const struct mo_field *field, uint64_t kva)
{
	uint64_t value = 0;
	struct mo_error *error;

	if (!mo_has(field) || !field->width_bytes)
		return mo_unknown();
	error = mo_read_field(reader, field, kva, &value);
	mo_error_destroy(error);
	return error ? mo_unknown() : mo_exact(value);
}

static bool is_shmem(const struct files_layout *layout, struct mo_reader *reader, uint64_t mapping_kva)
{
	uint64_t ops_kva = 0;

	if (!mo_has(&layout->mapping.a_ops) || !mo_has(&layout->mapping.shmem_aops))
		return false;
	mo_error_destroy(mo_read_field(reader, &layout->mapping.a_ops, mapping_kva, &ops_kva));
	return ops_kva == layout->mapping.shmem_aops.kva;
}

/* Fills what the inode says. */
static struct mo_error *read_inode(const struct files_state *state, struct mo_reader *reader, struct mo_file *file,
				   uint64_t *sb_kva)
{
	const struct files_layout *layout = state->layout;
	uint8_t inode[MOST_INODE_BYTES];
	struct mo_error *error = mo_read_field(reader, &layout->mapping.host, file->mapping_kva, &file->inode_kva);

	if (!error && !file->inode_kva)
		error = mo_error_create(MO_E_CORRUPT, "it has no inode");
	if (!error)
		error = mo_read(reader, file->inode_kva, inode, (size_t)layout->inode.size.bytes);
	if (error)
		return error;
	if (file->inode_kva + layout->inode.i_data.offset_bytes != file->mapping_kva &&
	    mo_get(&layout->inode.i_mapping, inode) != file->mapping_kva)
		return mo_error_create(MO_E_CORRUPT, "the inode at 0x%" PRIx64 " has another mapping", file->inode_kva);
	*sb_kva = mo_get(&layout->inode.sb, inode);
	file->inode_number = mo_get(&layout->dentry.i_ino, inode);
	file->size_bytes = mo_exact(mo_get(&layout->inode.i_size, inode));
	file->is_deleted = !mo_get(&layout->inode.nlink, inode);
	file->is_dax = mo_has(&layout->inode.flags) && mo_get(&layout->inode.flags, inode) & S_DAX;
	file->nrpages = read_count(reader, &layout->mapping.nrpages, file->mapping_kva);
	if (file->kind == MO_FILE_HUGETLB)
		return NULL;
	if (!is_shmem(layout, reader, file->mapping_kva))
		return NULL;
	file->kind = MO_FILE_SHMEM;
	if (mo_has(&layout->inode.shmem_inode))
		file->swapped_pages = read_count(reader, &layout->inode.swapped,
						 file->inode_kva - layout->inode.shmem_inode.offset_bytes);
	return NULL;
}

struct resolved {
	struct mo_file file;
	uint64_t sb_kva;
};

struct resolving {
	const struct files_state *state;
	struct resolved *files;
	struct mo_trouble *troubles; /* one a thread */
};

static struct mo_error *resolve_chunk(void *context, struct mo_reader *reader, unsigned thread_index, uint64_t first,
				      uint64_t n_items)
{
	struct resolving *all = context;

	for (uint64_t i = first; i < first + n_items; i++) {
		struct resolved *resolved = &all->files[i];
		struct mo_error *error = read_inode(all->state, reader, &resolved->file, &resolved->sb_kva);

		if (!error)
			continue;
		resolved->file.kind = MO_FILE_ANOTHER;
		resolved->file.inode_kva = 0;
		resolved->sb_kva = 0;
		mo_trouble_note(&all->troubles[thread_index],
			     mo_error_prepend(error, "address_space at 0x%" PRIx64, resolved->file.mapping_kva));
	}
	return NULL;
}

/* Inodes of shared memory all of whose pages may be in swap: shmem_swaplist (mm/shmem.c). */
static struct mo_error *add_swapped_inodes(struct files_state *state)
{
	const struct files_layout *layout = state->layout;
	struct mo_list_walk walk;
	uint64_t node_kva;

	if (!mo_has(&layout->inode.shmem_swaplist) || !mo_has(&layout->inode.swaplist) || !mo_has(&layout->inode.shmem_inode))
		return NULL;
	mo_list_begin(&walk, state->reader, layout->inode.shmem_swaplist.kva, MOST_SWAPPED_INODES);
	while (mo_list_next(&walk, &node_kva)) {
		uint64_t inode_kva = node_kva - layout->inode.swaplist.offset_bytes + layout->inode.shmem_inode.offset_bytes;

		if (!mapping_table_get(&state->mappings, mo_field_kva(&layout->inode.i_data, inode_kva))) {
			mo_error_destroy(mo_list_end(&walk));
			return mo_error_no_memory();
		}
	}
	mo_trouble_note(&state->bad_mappings, mo_error_prepend(mo_list_end(&walk), "shared memory in swap"));
	return NULL;
}

static int compare_files(const void *left, const void *right)
{
	const struct resolved *a = left;
	const struct resolved *b = right;

	if (a->file.pages != b->file.pages)
		return a->file.pages > b->file.pages ? -1 : 1;
	if (a->file.swapped_pages.value != b->file.swapped_pages.value)
		return a->file.swapped_pages.value > b->file.swapped_pages.value ? -1 : 1;
	return a->file.mapping_kva < b->file.mapping_kva ? -1 : a->file.mapping_kva > b->file.mapping_kva;
}

static size_t list_mappings(const struct files_state *state, struct resolved *files)
{
	uint64_t swap_pages = state->mem_map->marked_pages[MO_MARK_SWAP_CACHE];
	size_t n = 0;

	for (size_t i = 0; i < state->mappings.n_slots; i++) {
		const struct mapping_counts *counts = &state->mappings.slots[i];

		if (counts->mapping_kva)
			files[n++].file = (struct mo_file){
				.mapping_kva = counts->mapping_kva,
				.mount = MO_FILES_NO_MOUNT,
				.kind = counts->is_hugetlb ? MO_FILE_HUGETLB : MO_FILE_REGULAR,
				.pages = counts->pages,
				.dirty_pages = counts->dirty,
				.writeback_pages = counts->writeback,
				.mapped_pages = counts->mapped,
				.unevictable_pages = counts->unevictable,
				.swapped_pages = mo_exact(0),
			};
	}
	if (swap_pages)
		files[n++].file = (struct mo_file){ .kind = MO_FILE_SWAP, .mount = MO_FILES_NO_MOUNT, .pages = swap_pages,
						    .swapped_pages = mo_exact(0), .has_path = true };
	return n;
}

/* Moves what was resolved to its place, and finds the superblocks. */
static struct mo_error *keep_files(struct files_state *state, const struct resolved *files, size_t n_files)
{
	const struct files_layout *layout = state->layout;

	state->files = calloc(n_files + 1, sizeof(*state->files));
	if (!state->files)
		return mo_error_no_memory();
	for (size_t i = 0; i < n_files; i++) {
		struct mo_file *file = &state->files[i];
		const struct superblock *sb;
		struct mapping_counts *slot;

		*file = files[i].file;
		slot = file->mapping_kva ? mapping_table_get(&state->mappings, file->mapping_kva) : NULL;
		if (slot)
			slot->file = (uint32_t)i;
		if (!files[i].sb_kva)
			continue;
		file->mount = find_superblock(state, files[i].sb_kva);
		if (file->mount == MO_FILES_NO_MOUNT)
			continue;
		sb = &state->superblocks[file->mount];
		if (file->kind == MO_FILE_REGULAR && !strcmp(sb->type, "bdev"))
			file->kind = MO_FILE_BLOCK_DEVICE;
		else if (file->kind == MO_FILE_SHMEM && !sb->is_mounted)
			file->kind = MO_FILE_SHMEM_INTERNAL;
		/* PG_dirty says of other pages only that they are not to be dropped. */
		if (file->kind != MO_FILE_BLOCK_DEVICE && mo_has(&layout->sb.noop_bdi) && !sb->writes_back)
			file->dirty_pages = 0;
	}
	state->n_files = n_files;
	return NULL;
}

struct mo_error *gather_inodes(struct files_state *state)
{
	struct mo_kernel *kernel = mo_run_kernel(state->run);
	unsigned n_threads = mo_kernel_thread_count(kernel);
	struct resolving all = { .state = state };
	struct mo_error *error = add_swapped_inodes(state);
	size_t n = 0;

	if (error)
		return error;
	if (state->layout->inode.size.bytes > MOST_INODE_BYTES)
		return mo_error_create(MO_E_UNSUPPORTED, "struct inode has %" PRIu64 " bytes", state->layout->inode.size.bytes);
	all.files = calloc(state->mappings.n_used + 2, sizeof(*all.files));
	all.troubles = calloc(n_threads, sizeof(*all.troubles));
	if (!all.files || !all.troubles) {
		error = mo_error_no_memory();
	} else {
		n = list_mappings(state, all.files);
		/* The swap cache, if there is one, is the last, and has no inode. */
		error = mo_parallel_scan(kernel, mo_run_progress(state->run), "inodes", 0, state->mappings.n_used, GRAIN_FILES,
					 resolve_chunk, &all);
		for (unsigned i = 0; i < n_threads; i++)
			mo_trouble_merge(&state->bad_mappings, &all.troubles[i]);
	}
	if (!error) {
		qsort(all.files, n, sizeof(*all.files), compare_files);
		error = keep_files(state, all.files, n);
	}
	free(all.troubles);
	free(all.files);
	return error;
}
