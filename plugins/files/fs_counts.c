/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Sums by superblock, what tmpfs counts against its limit, and the kernel's own counts of dentries and inodes. */
#include "gathering.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* list_lru_count(): a number for each node. */
static struct mo_count count_lru(struct files_state *state, const struct mo_field *field, uint64_t sb_kva)
{
	const struct files_layout *layout = state->layout;
	struct mo_set nodes;
	uint64_t nodes_kva = 0;
	int64_t sum = 0;
	struct mo_error *error;

	if (!mo_has(field) || !mo_has(&layout->sb.lru_node) || !mo_has(&layout->sb.lru_items) ||
	    !mo_has(&layout->sb.lru_node_size))
		return mo_unknown();
	error = mo_read_field(state->reader, &layout->sb.lru_node, mo_field_kva(field, sb_kva), &nodes_kva);
	if (!error)
		error = mo_nodes(state->reader, "N_POSSIBLE", &nodes);
	for (int node = error ? -1 : mo_set_next(&nodes, 0); node >= 0 && !error; node = mo_set_next(&nodes, (unsigned)node + 1)) {
		int64_t n = 0;

		error = mo_read_field_signed(state->reader, &layout->sb.lru_items,
					     nodes_kva + (unsigned)node * layout->sb.lru_node_size.bytes, &n);
		sum += n < INT32_MAX && n > INT32_MIN ? n : 0;
	}
	if (!error)
		return mo_exact(sum < 0 ? 0 : (uint64_t)sum);
	mo_trouble_note(&state->unreadable_counts, mo_error_prepend(error, "unused entries of the superblock at 0x%" PRIx64, sb_kva));
	return mo_unknown();
}

/* struct shmem_sb_info: max_blocks 0 is no limit, and then used_blocks is not kept. */
static void read_tmpfs(struct files_state *state, struct mo_mount *mount)
{
	const struct files_layout *layout = state->layout;
	uint64_t info_kva = 0;
	uint64_t most = 0;
	int64_t used = 0;
	struct mo_error *error;

	if (!mo_has(&layout->sb.max_blocks) || !mo_has(&layout->sb.used_blocks))
		return;
	error = mo_read_field(state->reader, &layout->sb.fs_info, mount->sb_kva, &info_kva);
	if (!error)
		error = mo_read_field(state->reader, &layout->sb.max_blocks, info_kva, &most);
	if (!error && most && most <= UINT64_MAX / state->page_bytes) {
		error = mo_percpu_counter_sum(state->reader, mo_field_kva(&layout->sb.used_blocks, info_kva), &used);
		mount->limit_bytes = mo_exact(most * state->page_bytes);
		if (!error && used >= 0)
			mount->used_blocks_bytes = mo_exact((uint64_t)used * state->page_bytes);
	}
	mo_trouble_note(&state->unreadable_counts, mo_error_prepend(error, "tmpfs at 0x%" PRIx64, mount->sb_kva));
}

struct ordered {
	struct mo_mount mount;
	struct superblock superblock;
	uint32_t index;
};

static int compare_mounts(const void *left, const void *right)
{
	const struct ordered *a = left;
	const struct ordered *b = right;

	if (a->mount.pages != b->mount.pages)
		return a->mount.pages > b->mount.pages ? -1 : 1;
	if (a->superblock.is_mounted != b->superblock.is_mounted)
		return a->superblock.is_mounted ? -1 : 1;
	return a->index < b->index ? -1 : 1;
}

/* Most pages first; the files learn the new indexes. */
static struct mo_error *order_mounts(struct files_state *state)
{
	struct ordered *ordered = calloc(state->n_superblocks + 1, sizeof(*ordered));
	uint32_t *new_index = calloc(state->n_superblocks + 1, sizeof(*new_index));

	if (!ordered || !new_index) {
		free(ordered);
		free(new_index);
		return mo_error_no_memory();
	}
	for (size_t i = 0; i < state->n_superblocks; i++)
		ordered[i] = (struct ordered){ state->mounts[i], state->superblocks[i], (uint32_t)i };
	qsort(ordered, state->n_superblocks, sizeof(*ordered), compare_mounts);
	for (size_t i = 0; i < state->n_superblocks; i++) {
		state->mounts[i] = ordered[i].mount;
		state->superblocks[i] = ordered[i].superblock;
		new_index[ordered[i].index] = (uint32_t)i;
	}
	for (size_t i = 0; i < state->n_files; i++)
		if (state->files[i].mount != MO_FILES_NO_MOUNT)
			state->files[i].mount = new_index[state->files[i].mount];
	free(new_index);
	free(ordered);
	return NULL;
}

struct mo_error *sum_up_mounts(struct files_state *state)
{
	const struct files_layout *layout = state->layout;

	for (size_t i = 0; i < state->n_files; i++) {
		const struct mo_file *file = &state->files[i];
		struct mo_mount *mount;

		if (file->mount == MO_FILES_NO_MOUNT)
			continue;
		mount = &state->mounts[file->mount];
		mount->files += file->pages || file->swapped_pages.value;
		mount->pages += file->pages;
		mount->dirty_pages += file->dirty_pages;
		mount->swapped_pages = mo_count_add(mount->swapped_pages, file->swapped_pages);
	}
	for (size_t i = 0; i < state->n_superblocks; i++) {
		struct mo_mount *mount = &state->mounts[i];

		if (mount->is_tmpfs)
			read_tmpfs(state, mount);
		mount->dentries = count_lru(state, &layout->sb.dentry_lru, mount->sb_kva);
		mount->inodes = count_lru(state, &layout->sb.inode_lru, mount->sb_kva);
	}
	return order_mounts(state);
}

/* A long for each possible CPU; the kernel shows 0 for sums below that. */
static struct mo_count sum_of_cpus(struct files_state *state, const struct mo_address *variable)
{
	struct mo_set cpus;
	uint64_t sum = 0;
	struct mo_error *error;

	if (!mo_has(variable))
		return mo_unknown();
	error = mo_cpus(state->reader, MO_CPUS_POSSIBLE, &cpus);
	for (int cpu = error ? -1 : mo_set_next(&cpus, 0); cpu >= 0 && !error; cpu = mo_set_next(&cpus, (unsigned)cpu + 1)) {
		uint64_t kva = 0;
		uint64_t n = 0;

		error = mo_percpu(state->reader, variable->kva, (unsigned)cpu, &kva);
		if (!error)
			error = mo_read_pointer(state->reader, kva, &n);
		sum += n;
	}
	if (!error)
		return mo_exact((int64_t)sum < 0 ? 0 : sum);
	mo_trouble_note(&state->unreadable_counts, mo_error_prepend(error, "%s", variable->name));
	return mo_unknown();
}

void gather_counts(struct files_state *state)
{
	const struct files_layout *layout = state->layout;

	state->model.dentries = sum_of_cpus(state, &layout->counts.n_dentries);
	state->model.unused_dentries = sum_of_cpus(state, &layout->counts.n_unused_dentries);
	state->model.negative_dentries = sum_of_cpus(state, &layout->counts.n_negative_dentries);
	state->model.inodes = sum_of_cpus(state, &layout->counts.n_inodes);
	state->model.unused_inodes = sum_of_cpus(state, &layout->counts.n_unused_inodes);
}
