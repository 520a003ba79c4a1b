/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Holders that the dump shows and the log does not: files of tmpfs, slab caches, who has locked memory, callers of vmalloc.
 * What the dump shows is of its own moment. A holder is named only if it has, in the dump, a good part of what the report
 * had of that kind: else it has given it back since, or was never the one.
 */
#include <memopsy/object_modules.h>

#include "gathering.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool is_good_part(uint64_t bytes, const struct mo_oom_share *share)
{
	return bytes >= share->bytes.value / 4 && bytes;
}

static void set_holder(struct mo_oom_share *share, enum mo_oom_holder_kind kind, const char *name, uint64_t bytes)
{
	share->holder_kind = kind;
	share->holder_bytes = mo_exact(bytes);
	share->holder_source = MO_OOM_OF_DUMP;
	snprintf(share->holder, sizeof(share->holder), "%s", name);
}

/* The task with most of something, told once for all threads of an mm. */
static void find_locker(const struct oom_state *state, struct mo_oom_share *share)
{
	const struct mo_mm *most = NULL;
	uint64_t bytes;

	for (size_t i = 0; i < state->tasks->n_mms; i++) {
		const struct mo_mm *mm = &state->tasks->mms[i];

		if (mm->locked_pages.certainty == MO_EXACT && mm->n_tasks && mm->locked_pages.value < 1ull << 44 &&
		    (!most || mm->locked_pages.value > most->locked_pages.value))
			most = mm;
	}
	if (!most || most->first_task >= state->tasks->n_tasks)
		return;
	bytes = most->locked_pages.value * state->page_bytes;
	if (!is_good_part(bytes, share))
		return;
	set_holder(share, MO_OOM_PROCESS, state->tasks->tasks[most->first_task].comm, bytes);
	share->holder_pid = state->tasks->tasks[most->first_task].tgid;
}

/* The process with the most threads: each has a stack. */
static void find_thread_owner(const struct oom_state *state, struct mo_oom_share *share)
{
	const struct mo_task *most = NULL;
	uint64_t bytes;

	for (size_t i = 0; i < state->tasks->n_tasks; i++) {
		const struct mo_task *task = &state->tasks->tasks[i];

		if (task->leader == i && !task->is_kernel_thread && (!most || task->n_threads > most->n_threads))
			most = task;
	}
	if (!most || !state->tasks->n_tasks)
		return;
	bytes = (uint64_t)((double)share->bytes.value * most->n_threads / (double)state->tasks->n_tasks);
	if (!is_good_part(bytes, share))
		return;
	set_holder(share, MO_OOM_PROCESS, most->comm, bytes);
	share->holder_pid = most->pid;
}

/* One file if it has most of its mount, else the mount. */
static void find_shared_file(const struct oom_state *state, struct mo_oom_share *share)
{
	const struct mo_files_model *files = files_of(state);
	const struct mo_file *file = NULL;
	const struct mo_mount *mount = NULL;
	uint64_t file_bytes;
	uint64_t mount_bytes;

	for (size_t i = 0; files && i < files->n_files && !file; i++)
		if (files->files[i].kind == MO_FILE_SHMEM || files->files[i].kind == MO_FILE_SHMEM_INTERNAL)
			file = &files->files[i];
	if (!file)
		return;
	for (size_t i = 0; i < files->n_mounts; i++) {
		const struct mo_mount *at = &files->mounts[i];

		if (at->type && !strcmp(at->type, "tmpfs") && at->path && (!mount || at->pages > mount->pages))
			mount = at;
	}
	file_bytes = file->pages * state->page_bytes;
	mount_bytes = mount ? mount->pages * state->page_bytes : 0;
	if (file_bytes >= mount_bytes / 2 && is_good_part(file_bytes, share) && file->path)
		set_holder(share, MO_OOM_HOLDER_FILE, file->path, file_bytes);
	else if (is_good_part(mount_bytes, share))
		set_holder(share, MO_OOM_MOUNT, mount->path, mount_bytes);
	else if (is_good_part(file_bytes, share))
		set_holder(share, MO_OOM_HOLDER_FILE, file->is_memfd ? "a memfd" : "shared memory without a name", file_bytes);
}

static void find_dirty_mount(const struct oom_state *state, struct mo_oom_share *share, bool only_dirty)
{
	const struct mo_files_model *files = files_of(state);
	const struct mo_mount *most = NULL;
	uint64_t most_pages = 0;

	for (size_t i = 0; files && i < files->n_mounts; i++) {
		const struct mo_mount *mount = &files->mounts[i];
		uint64_t pages = only_dirty ? mount->dirty_pages : mount->pages;

		if (!mount->path || (mount->type && !strcmp(mount->type, "tmpfs")) || pages <= most_pages)
			continue;
		most = mount;
		most_pages = pages;
	}
	if (most && is_good_part(most_pages * state->page_bytes, share))
		set_holder(share, MO_OOM_MOUNT, most->path, most_pages * state->page_bytes);
}

/* The module that most of a cache's objects point into, seen in a sample of them; it stays unknown if that cannot be told. */
static void find_module(const struct oom_state *state, const struct mo_slab_cache *cache, struct mo_oom_share *share)
{
	struct mo_module_index index;
	const char *module = NULL;
	struct mo_error *error = mo_module_index_init(&index, state->reader);

	if (!error)
		error = mo_module_of_cache(&index, state->reader, slab_of(state), cache, &module);
	if (!error && module)
		snprintf(share->module, sizeof(share->module), "%s", module);
	mo_error_destroy(error);
	mo_module_index_deinit(&index);
}

void find_module_of_cache(const struct oom_state *state, struct mo_oom_share *share)
{
	const struct mo_slab_model *slab = slab_of(state);
	for (size_t i = 0; slab && i < slab->n_caches; i++) {
		const struct mo_slab_cache *cache = &slab->caches[i];

		if (!cache->name || strcmp(cache->name, share->holder) != 0 ||
		    !is_good_part(cache->pages * state->page_bytes, share))
			continue;
		find_module(state, cache, share);
		return;
	}
}

static void find_slab_cache(const struct oom_state *state, struct mo_oom_share *share)
{
	const struct mo_slab_model *slab = slab_of(state);
	const struct mo_slab_cache *most = NULL;
	bool reclaimable = share->cause == MO_OOM_SLAB_RECLAIMABLE;

	for (size_t i = 0; slab && i < slab->n_caches; i++) {
		const struct mo_slab_cache *cache = &slab->caches[i];

		if (cache->is_reclaimable == reclaimable && cache->name && (!most || cache->pages > most->pages))
			most = cache;
	}
	if (!most || !is_good_part(most->pages * state->page_bytes, share))
		return;
	set_holder(share, MO_OOM_CACHE, most->name, most->pages * state->page_bytes);
	if (!reclaimable)
		find_module(state, most, share);
}

/* Sums of vmalloc by caller; areas are few beside pages. */
static void find_vmap_caller(const struct oom_state *state, struct mo_oom_share *share)
{
	const struct mo_vmap_model *vmap = vmap_of(state);
	const struct mo_vmap_area *most = NULL;
	uint64_t most_pages = 0;

	for (size_t i = 0; vmap && i < vmap->n_areas; i++) {
		const struct mo_vmap_area *area = &vmap->areas[i];

		/* The per-CPU allocator's memory is told as its own. */
		if (!area->caller_name || !strncmp(area->caller_name, "pcpu_", 5) || area->n_found_pages <= most_pages)
			continue;
		most = area;
		most_pages = area->n_found_pages;
	}
	if (!most)
		return;
	most_pages = 0;
	for (size_t i = 0; i < vmap->n_areas; i++)
		if (vmap->areas[i].caller_name && !strcmp(vmap->areas[i].caller_name, most->caller_name))
			most_pages += vmap->areas[i].n_found_pages;
	if (!is_good_part(most_pages * state->page_bytes, share))
		return;
	set_holder(share, most->caller_module ? MO_OOM_MODULE : MO_OOM_CALLER,
		   most->caller_module ? most->caller_module : most->caller_name, most_pages * state->page_bytes);
	if (most->caller_module)
		snprintf(share->module, sizeof(share->module), "%s", most->caller_module);
}

/* "kmalloc-256+8" is a pointer 8 bytes into objects of that cache. */
static void name_pointer(const char *place, char *name, size_t name_bytes)
{
	const char *plus = strrchr(place, '+');
	int n = plus && plus[1] && !plus[1 + strspn(plus + 1, "0123456789")] ? (int)(plus - place) : (int)strlen(place);

	snprintf(name, name_bytes, "whoever made the objects of %.*s that point at it", n, place);
}

static void find_direct_owner(const struct oom_state *state, struct mo_oom_share *share)
{
	const struct mo_owners_model *owners = owners_of(state);
	for (size_t i = 0; owners && i < owners->n_holders; i++) {
		const struct mo_holder *holder = &owners->holders[i];
		const char *module = holder->module;

		if (holder->kind != MO_HOLDER_DIRECT || (!holder->name && !module) || !is_good_part(holder->bytes, share) ||
		    holder->bytes / 2 > share->bytes.value)
			continue;
		set_holder(share, module ? MO_OOM_MODULE : MO_OOM_OWNER, module ? module : holder->name, holder->bytes);
		if (!module && holder->evidence == MO_HOLDER_BY_POINTER)
			name_pointer(holder->name, share->holder, sizeof(share->holder));
		if (module)
			snprintf(share->module, sizeof(share->module), "%s", module);
		return;
	}
}

#define WORTH_A_LOOK_THOUSANDTHS 5000

/* Files and owners of single pages take a pass over all of memory: that is for what explains something. */
static bool is_worth_a_look(const struct draft *draft, const struct mo_oom_share *share)
{
	return share->percent_thousandths >= WORTH_A_LOOK_THOUSANDTHS || share == told_share(draft);
}

void find_holder_in_dump(const struct oom_state *state, const struct draft *draft, struct mo_oom_share *share)
{
	bool is_worth = is_worth_a_look(draft, share);

	/* Of a group's limit only the group's own tables speak. */
	if (draft->event.constraint == MO_OOM_MEMCG && share->cause != MO_OOM_SHMEM)
		return;
	switch (share->cause) {
	case MO_OOM_MLOCKED: find_locker(state, share); break;
	case MO_OOM_KERNEL_STACKS: find_thread_owner(state, share); break;
	case MO_OOM_SHMEM:
		if (is_worth)
			find_shared_file(state, share);
		break;
	case MO_OOM_DIRTY:
	case MO_OOM_FILE:
		if (is_worth)
			find_dirty_mount(state, share, share->cause == MO_OOM_DIRTY);
		break;
	case MO_OOM_SLAB:
	case MO_OOM_SLAB_RECLAIMABLE: find_slab_cache(state, share); break;
	case MO_OOM_VMALLOC: find_vmap_caller(state, share); break;
	case MO_OOM_UNACCOUNTED:
		if (is_worth)
			find_direct_owner(state, share);
		break;
	default: break;
	}
}
