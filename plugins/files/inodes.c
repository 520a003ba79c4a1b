/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * From address_spaces to inodes, on all cores. A mapping that is not its inode's is none: the page that named it holds
 * garbage, or something else than a file's data.
 *
 * They are read in the order of their addresses, out of windows that reach over many slabs: a translation and a page
 * fault for each of a million inodes would take longer than all the rest.
 */
#include "gathering.h"

#include <memopsy/parallel.h>

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define GRAIN_FILES 2048u
#define MAX_INODE_BYTES 2048u
#define MAX_MAPPING_BYTES 512u
#define MAX_SWAPPED_INODES (1u << 24)
#define WINDOW_ALIGN_BYTES 4096u
#define WINDOW_BYTES (1u << 20)
#define LARGE_WINDOW_BYTES (1u << 17) /* worth giving back */
#define S_DAX 8192u /* include/linux/fs.h: BIT(13) */

/* A view under way; nothing else may be read with its reader meanwhile. */
struct window {
	struct mo_reader *reader;
	const uint8_t *bytes;
	uint64_t first_kva;
	size_t n_bytes;
};

static void close_window(struct window *window)
{
	if (window->n_bytes >= LARGE_WINDOW_BYTES)
		mo_view_done(window->reader, window->bytes, window->n_bytes);
	window->n_bytes = 0;
}

static bool is_inside(const struct window *window, uint64_t kva, size_t n_bytes)
{
	return kva >= window->first_kva && kva - window->first_kva <= window->n_bytes &&
	       window->n_bytes - (kva - window->first_kva) >= n_bytes;
}

/* Bytes of memory: inside the window, which moves there, or read into `raw`. Valid until the next call. */
static struct mo_error *look(struct window *window, uint64_t kva, size_t n_bytes, uint8_t *raw, const uint8_t **ret)
{
	const void *bytes;
	struct mo_error *error = NULL;

	if (!is_inside(window, kva, n_bytes)) {
		close_window(window);
		window->first_kva = kva & ~(uint64_t)(WINDOW_ALIGN_BYTES - 1);
		error = mo_view(window->reader, window->first_kva, WINDOW_BYTES, &bytes, &window->n_bytes);
		if (error)
			window->n_bytes = 0;
		else
			window->bytes = bytes;
		mo_error_destroy(error);
		error = NULL;
	}
	if (is_inside(window, kva, n_bytes)) {
		*ret = window->bytes + (kva - window->first_kva);
	} else {
		window->n_bytes = 0;
		error = mo_read(window->reader, kva, raw, n_bytes);
		*ret = raw;
	}
	return error;
}

/* What is read of struct address_space. */
struct mapping_facts {
	uint64_t host_kva;
	uint64_t ops_kva;
	struct mo_count nrpages;
	bool has_vmas;
};

static size_t end_of(const struct mo_field *field)
{
	return mo_has(field) && field->width_bytes ? (size_t)(field->offset_bytes + field->size_bytes) : 0;
}

/* How many bytes of it hold all that is wanted; a field that would lie far away is not. */
static size_t mapping_bytes(const struct files_layout *layout)
{
	const struct mo_field *const fields[] = { &layout->mapping.host, &layout->mapping.nrpages, &layout->mapping.a_ops };
	size_t n = 0;

	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++)
		if (end_of(fields[i]) > n)
			n = end_of(fields[i]);
	if (mo_has(&layout->mapping.i_mmap) && layout->mapping.i_mmap.offset_bytes + sizeof(uint64_t) > n)
		n = (size_t)layout->mapping.i_mmap.offset_bytes + sizeof(uint64_t);
	return n;
}

static struct mo_error *read_mapping(const struct files_layout *layout, struct window *window, uint64_t kva,
				     struct mapping_facts *ret)
{
	uint8_t raw[MAX_MAPPING_BYTES];
	const uint8_t *mapping = NULL;
	uint64_t first_vma = 1;
	struct mo_error *error = look(window, kva, mapping_bytes(layout), raw, &mapping);

	if (error)
		return error;
	if (mo_has(&layout->mapping.i_mmap)) /* struct rb_root_cached begins with the root, a pointer */
		memcpy(&first_vma, mapping + layout->mapping.i_mmap.offset_bytes, sizeof(first_vma));
	*ret = (struct mapping_facts){
		.host_kva = mo_get(&layout->mapping.host, mapping),
		.ops_kva = mo_has(&layout->mapping.a_ops) ? mo_get(&layout->mapping.a_ops, mapping) : 0,
		.nrpages = end_of(&layout->mapping.nrpages) ? mo_exact(mo_get(&layout->mapping.nrpages, mapping)) : mo_unknown(),
		.has_vmas = first_vma != 0,
	};
	return NULL;
}

/* Pages of shared memory in swap. */
static struct mo_count read_swapped(const struct files_layout *layout, struct window *window, uint64_t inode_kva)
{
	struct mo_field number = layout->inode.swapped;
	uint8_t raw[sizeof(uint64_t)];
	const uint8_t *bytes = NULL;
	struct mo_error *error;

	if (!end_of(&number) || number.size_bytes > sizeof(raw))
		return mo_unknown();
	error = look(window, mo_field_kva(&number, inode_kva - layout->inode.shmem_inode.offset_bytes), number.size_bytes, raw,
		     &bytes);
	number.offset_bytes = 0;
	return mo_error_destroy(error) ? mo_unknown() : mo_exact(mo_get(&number, bytes));
}

/* Fills what the inode says. */
static struct mo_error *read_inode(const struct files_layout *layout, struct window *window, const struct mapping_facts *mapping,
				   struct mo_file *file, uint64_t *sb_kva)
{
	uint8_t raw[MAX_INODE_BYTES];
	const uint8_t *inode = NULL;
	struct mo_error *error;

	file->inode_kva = mapping->host_kva;
	if (!file->inode_kva)
		return mo_error_create(MO_E_CORRUPT, "it has no inode");
	error = look(window, file->inode_kva, (size_t)layout->inode.size.bytes, raw, &inode);
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
	file->nrpages = mapping->nrpages;
	if (file->kind == MO_FILE_HUGETLB || !mo_has(&layout->mapping.a_ops) || !mo_has(&layout->mapping.shmem_aops) ||
	    mapping->ops_kva != layout->mapping.shmem_aops.kva)
		return NULL;
	file->kind = MO_FILE_SHMEM;
	if (mo_has(&layout->inode.shmem_inode))
		file->swapped_pages = read_swapped(layout, window, file->inode_kva);
	return NULL;
}

/* What the superblock says of its file. */
static void place_file(const struct files_state *state, struct mo_file *file, uint64_t sb_kva)
{
	const struct superblock *sb;

	file->mount = find_superblock(state, sb_kva);
	if (file->mount == MO_FILES_NO_MOUNT)
		return;
	sb = &state->superblocks[file->mount];
	if (file->kind == MO_FILE_REGULAR && !strcmp(sb->type, "bdev"))
		file->kind = MO_FILE_BLOCK_DEVICE;
	else if (file->kind == MO_FILE_SHMEM && !sb->is_mounted)
		file->kind = MO_FILE_SHMEM_INTERNAL;
	/* PG_dirty says of other pages only that they are not to be dropped. */
	if (file->kind != MO_FILE_BLOCK_DEVICE && mo_has(&state->layout->sb.noop_bdi) && !sb->writes_back)
		file->dirty_pages = 0;
}

struct resolving {
	struct files_state *state;
	struct mo_trouble *troubles; /* one a thread */
};

static struct mo_error *resolve_chunk(void *context, struct mo_reader *reader, unsigned thread_index, uint64_t first,
				      uint64_t n_items)
{
	const struct resolving *all = context;
	struct window window = { .reader = reader };

	for (uint64_t i = first; i < first + n_items; i++) {
		struct mo_file *file = &all->state->files[i];
		struct mapping_facts mapping;
		uint64_t sb_kva = 0;
		struct mo_error *error = read_mapping(all->state->layout, &window, file->mapping_kva, &mapping);

		if (!error)
			error = read_inode(all->state->layout, &window, &mapping, file, &sb_kva);
		if (!error) {
			all->state->mappings.rows[i].has_vmas = mapping.has_vmas;
			place_file(all->state, file, sb_kva);
			continue;
		}
		file->kind = MO_FILE_ANOTHER;
		file->inode_kva = 0;
		mo_trouble_note(&all->troubles[thread_index],
			     mo_error_prepend(error, "address_space at 0x%" PRIx64, file->mapping_kva));
	}
	close_window(&window);
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
	mo_list_begin(&walk, state->reader, layout->inode.shmem_swaplist.kva, MAX_SWAPPED_INODES);
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

/* A file for each mapping, in the same order; the swap cache, which has no inode, is the last. */
static struct mo_error *list_mappings(struct files_state *state)
{
	const struct mapping_table *mappings = &state->mappings;
	uint64_t swap_pages = state->mem_map->marked_pages[MO_MARK_SWAP_CACHE];

	state->files = calloc(mappings->n_used + 1, sizeof(*state->files));
	if (!state->files)
		return mo_error_no_memory();
	for (size_t i = 0; i < mappings->n_used; i++) {
		const struct mapping_counts *counts = &mappings->rows[i];

		state->files[i] = (struct mo_file){
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
	state->n_files = mappings->n_used;
	if (swap_pages)
		state->files[state->n_files++] = (struct mo_file){ .kind = MO_FILE_SWAP, .mount = MO_FILES_NO_MOUNT,
								   .pages = swap_pages, .swapped_pages = mo_exact(0),
								   .has_path = true };
	return NULL;
}

struct sort_key {
	uint64_t pages, swapped_pages;
	uint32_t index;
};

static int compare_keys(const void *left, const void *right)
{
	const struct sort_key *a = left;
	const struct sort_key *b = right;

	if (a->pages != b->pages)
		return a->pages > b->pages ? -1 : 1;
	if (a->swapped_pages != b->swapped_pages)
		return a->swapped_pages > b->swapped_pages ? -1 : 1;
	return a->index < b->index ? -1 : a->index > b->index;
}

/* Puts files[keys[i].index] at i, for all i, along the cycles of the permutation. The keys' indexes are used up. */
static void permute(struct mo_file *files, struct sort_key *keys, size_t n_files)
{
	for (size_t first = 0; first < n_files; first++) {
		struct mo_file moved = files[first];
		size_t at = first;

		while (keys[at].index != first) {
			size_t from = keys[at].index;

			files[at] = files[from];
			keys[at].index = (uint32_t)at;
			at = from;
		}
		files[at] = moved;
		keys[at].index = (uint32_t)at;
	}
}

/* Most pages first; the mappings learn where their files are. */
static struct mo_error *order_files(struct files_state *state)
{
	struct sort_key *keys = calloc(state->n_files + 1, sizeof(*keys));

	if (!keys)
		return mo_error_no_memory();
	for (size_t i = 0; i < state->n_files; i++)
		keys[i] = (struct sort_key){ state->files[i].pages, state->files[i].swapped_pages.value, (uint32_t)i };
	qsort(keys, state->n_files, sizeof(*keys), compare_keys);
	for (size_t i = 0; i < state->n_files; i++)
		if (keys[i].index < state->mappings.n_used)
			state->mappings.rows[keys[i].index].file = (uint32_t)i;
	permute(state->files, keys, state->n_files);
	free(keys);
	return NULL;
}

static struct mo_error *resolve(struct files_state *state)
{
	struct mo_kernel *kernel = mo_run_kernel(state->run);
	unsigned n_threads = mo_kernel_thread_count(kernel);
	struct resolving all = { .state = state, .troubles = calloc(n_threads, sizeof(*all.troubles)) };
	struct mo_error *error;

	if (!all.troubles)
		return mo_error_no_memory();
	error = mo_parallel_scan(kernel, mo_run_progress(state->run), "inodes", 0, state->mappings.n_used, GRAIN_FILES,
				 resolve_chunk, &all);
	for (unsigned i = 0; i < n_threads; i++)
		mo_trouble_merge(&state->bad_mappings, &all.troubles[i]);
	free(all.troubles);
	return error;
}

struct mo_error *gather_inodes(struct files_state *state)
{
	const struct files_layout *layout = state->layout;
	struct mo_error *error;

	if (layout->inode.size.bytes > MAX_INODE_BYTES)
		return mo_error_create(MO_E_UNSUPPORTED, "struct inode has %" PRIu64 " bytes", layout->inode.size.bytes);
	if (mapping_bytes(layout) > MAX_MAPPING_BYTES)
		return mo_error_create(MO_E_UNSUPPORTED, "struct address_space has %zu bytes and more", mapping_bytes(layout));
	error = add_swapped_inodes(state);
	if (!error)
		error = mapping_table_sort(&state->mappings);
	if (!error)
		error = list_mappings(state);
	if (!error)
		error = resolve(state);
	return error ? error : order_files(state);
}
