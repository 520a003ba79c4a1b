/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* All superblocks (fs/super.c), and for each the mount that stands for it: the first of the first process's namespace. */
#include "gathering.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define MAX_MOUNTS (1u << 20)
#define MAX_DEVICE_BYTES 512u
#define ERR_PTR_FROM (UINT64_MAX - 4095) /* MNT_NS_INTERNAL (fs/mount.h) is an error pointer */

/* The mounts of a superblock: a list until 6.17, a chain since. */
struct mount_walk {
	const struct files_layout *layout;
	bool is_list;
	union {
		struct mo_list_walk list;
		struct mo_chain_walk chain;
	} walk;
};

static struct mo_error *mounts_begin(struct mount_walk *walk, const struct files_state *state, uint64_t sb_kva)
{
	const struct files_layout *layout = state->layout;
	uint64_t first_kva = 0;
	struct mo_error *error;

	*walk = (struct mount_walk){ .layout = layout, .is_list = mo_has(&layout->sb.mnt_instance) };
	if (walk->is_list) {
		mo_list_begin(&walk->walk.list, state->reader, mo_field_kva(&layout->sb.mounts, sb_kva), MAX_MOUNTS);
		return NULL;
	}
	if (!mo_has(&layout->sb.mnt_next_for_sb))
		return mo_error_create(MO_E_ABSENT, "how mounts are linked is unknown");
	error = mo_read_field(state->reader, &layout->sb.mounts, sb_kva, &first_kva);
	if (!error)
		mo_chain_begin(&walk->walk.chain, state->reader, first_kva, layout->sb.mnt_next_for_sb.offset_bytes, MAX_MOUNTS);
	return error;
}

static bool mounts_next(struct mount_walk *walk, uint64_t *mount_kva)
{
	if (!walk->is_list)
		return mo_chain_next(&walk->walk.chain, mount_kva);
	if (!mo_list_next(&walk->walk.list, mount_kva))
		return false;
	*mount_kva -= walk->layout->sb.mnt_instance.offset_bytes;
	return true;
}

static struct mo_error *mounts_end(struct mount_walk *walk)
{
	return walk->is_list ? mo_list_end(&walk->walk.list) : mo_chain_end(&walk->walk.chain);
}

/* How well a mount stands for its superblock: 0 not at all (the kernel's own), 3 best. */
static struct mo_error *rank_mount(const struct files_state *state, const struct superblock *sb, uint64_t mount_kva,
				   uint64_t first_ns_kva, unsigned *rank)
{
	const struct files_layout *layout = state->layout;
	uint64_t ns_kva = 0;
	uint64_t root_kva = 0;
	struct mo_error *error = mo_read_field(state->reader, &layout->sb.mnt_ns, mount_kva, &ns_kva);

	if (!error)
		error = mo_read_field(state->reader, &layout->dentry.mnt_root, mo_field_kva(&layout->dentry.mnt, mount_kva),
				      &root_kva);
	if (error)
		return error;
	*rank = 0;
	if (ns_kva && ns_kva < ERR_PTR_FROM)
		*rank = 1 + (first_ns_kva && ns_kva == first_ns_kva) * 2 + (root_kva == sb->root_kva);
	return NULL;
}

static void choose_mount(struct files_state *state, struct superblock *sb, uint64_t first_ns_kva)
{
	struct mount_walk walk;
	uint64_t mount_kva;
	unsigned best = 0;
	struct mo_error *error = mounts_begin(&walk, state, sb->kva);

	if (error) {
		mo_trouble_note(&state->bad_superblocks, mo_error_prepend(error, "mounts of the superblock at 0x%" PRIx64, sb->kva));
		return;
	}
	while (state->n_mounts_met++ < MAX_MOUNTS && mounts_next(&walk, &mount_kva)) {
		unsigned rank = 0;

		error = rank_mount(state, sb, mount_kva, first_ns_kva, &rank);
		if (error) {
			mo_trouble_note(&state->bad_superblocks, mo_error_prepend(error, "mount at 0x%" PRIx64, mount_kva));
			break;
		}
		if (!sb->mnt_kva || rank > best) {
			sb->mnt_kva = mo_field_kva(&state->layout->dentry.mnt, mount_kva);
			best = rank;
		}
	}
	if (state->n_mounts_met > MAX_MOUNTS)
		mo_trouble_note(&state->bad_superblocks, mo_error_create(MO_E_LIMIT, "more than %u mounts", MAX_MOUNTS));
	sb->is_mounted = best > 0;
	mo_trouble_note(&state->bad_superblocks,
		     mo_error_prepend(mounts_end(&walk), "mounts of the superblock at 0x%" PRIx64, sb->kva));
}

static uint64_t first_namespace(const struct files_state *state)
{
	const struct files_layout *layout = state->layout;
	uint64_t nsproxy_kva = 0;
	uint64_t ns_kva = 0;
	struct mo_error *error;

	if (!state->tasks || !state->tasks->n_tasks || !mo_has(&layout->sb.nsproxy) || !mo_has(&layout->sb.task_mnt_ns))
		return 0;
	error = mo_read_field(state->reader, &layout->sb.nsproxy, state->tasks->tasks[0].kva, &nsproxy_kva);
	if (!error && nsproxy_kva)
		error = mo_read_field(state->reader, &layout->sb.task_mnt_ns, nsproxy_kva, &ns_kva);
	return mo_error_destroy(error) ? 0 : ns_kva;
}

static char *copy_bytes(const char *bytes, size_t n)
{
	char *copy = malloc(n + 1);

	if (copy) {
		memcpy(copy, bytes, n);
		copy[n] = '\0';
	}
	return copy;
}

/* What a mount was made from, else the superblock's id. */
static void read_device(struct files_state *state, const struct superblock *sb, char *device, size_t n_bytes)
{
	const struct files_layout *layout = state->layout;
	struct mo_error *error = NULL;

	*device = '\0';
	if (sb->mnt_kva && mo_has(&layout->sb.mnt_devname))
		error = mo_read_field_string(state->reader, &layout->sb.mnt_devname,
					     sb->mnt_kva - layout->dentry.mnt.offset_bytes, device, n_bytes);
	if (!*device && !error)
		error = mo_read_field_string(state->reader, &layout->sb.id, sb->kva, device, n_bytes);
	mo_trouble_note(&state->bad_superblocks, mo_error_prepend(error, "name of the superblock at 0x%" PRIx64, sb->kva));
}

static struct mo_error *name_superblock(struct files_state *state, struct superblock *sb, struct mo_mount *mount)
{
	const struct files_layout *layout = state->layout;
	char device[MAX_DEVICE_BYTES];
	char path[MO_PATH_BYTES_MAX];
	size_t n_bytes = 0;
	struct mo_path at = { .mnt_kva = sb->mnt_kva };
	struct mo_error *error = NULL;

	read_device(state, sb, device, sizeof(device));
	mount->device = copy_bytes(device, strlen(device));
	mount->type = copy_bytes(sb->type, strlen(sb->type));
	if (!mount->device || !mount->type)
		return mo_error_no_memory();
	if (!sb->is_mounted)
		return NULL;
	error = mo_read_field(state->reader, &layout->dentry.mnt_root, sb->mnt_kva, &at.dentry_kva);
	if (!error)
		error = mo_path_print(&state->paths, at, path, &n_bytes);
	if (error) {
		mo_trouble_note(&state->bad_paths, mo_error_prepend(error, "where the superblock at 0x%" PRIx64 " is mounted", sb->kva));
		return NULL;
	}
	mount->path = copy_bytes(path, n_bytes);
	return mount->path ? NULL : mo_error_no_memory();
}

static struct mo_error *read_superblock(struct files_state *state, struct superblock *sb)
{
	const struct files_layout *layout = state->layout;
	uint64_t type_kva = 0;
	uint64_t bdi_kva = 0;
	uint64_t ops_kva = 0;
	uint64_t dev = 0;
	struct mo_error *error = mo_read_field(state->reader, &layout->sb.type, sb->kva, &type_kva);

	if (!error)
		error = mo_read_field_string(state->reader, &layout->sb.type_name, type_kva, sb->type, sizeof(sb->type));
	if (!error)
		error = mo_read_field(state->reader, &layout->sb.root, sb->kva, &sb->root_kva);
	if (!error)
		error = mo_read_field(state->reader, &layout->sb.bdi, sb->kva, &bdi_kva);
	if (!error)
		error = mo_read_field(state->reader, &layout->sb.ops, sb->kva, &ops_kva);
	if (!error)
		error = mo_read_field(state->reader, &layout->sb.dev, sb->kva, &dev);
	sb->dev = (uint32_t)dev;
	sb->is_tmpfs = mo_has(&layout->sb.shmem_ops) ? ops_kva == layout->sb.shmem_ops.kva : !strcmp(sb->type, "tmpfs");
	sb->writes_back = !mo_has(&layout->sb.noop_bdi) || bdi_kva != layout->sb.noop_bdi.kva;
	return mo_error_prepend(error, "superblock at 0x%" PRIx64, sb->kva);
}

static int compare_superblocks(const void *left, const void *right)
{
	const struct superblock *a = left;
	const struct superblock *b = right;

	return a->kva < b->kva ? -1 : a->kva > b->kva;
}

uint32_t find_superblock(const struct files_state *state, uint64_t sb_kva)
{
	const struct superblock wanted = { .kva = sb_kva };
	const struct superblock *found;

	if (!state->n_superblocks)
		return MO_FILES_NO_MOUNT; /* and no array, which bsearch() may not be given */
	found = bsearch(&wanted, state->superblocks, state->n_superblocks, sizeof(wanted), compare_superblocks);
	return found ? (uint32_t)(found - state->superblocks) : MO_FILES_NO_MOUNT;
}

static struct mo_error *list_superblocks(struct files_state *state)
{
	const struct files_layout *layout = state->layout;
	struct mo_list_walk walk;
	uint64_t node_kva;
	size_t n_allocated = 0;

	if (!mo_has(&layout->sb.super_blocks)) {
		mo_trouble_note(&state->bad_superblocks, mo_error_create(MO_E_ABSENT, "there is no symbol super_blocks"));
		return NULL;
	}
	mo_list_begin(&walk, state->reader, layout->sb.super_blocks.kva, MAX_SUPERBLOCKS);
	while (mo_list_next(&walk, &node_kva)) {
		if (state->n_superblocks == n_allocated) {
			struct superblock *larger;

			n_allocated = n_allocated ? n_allocated * 2 : 64;
			larger = realloc(state->superblocks, n_allocated * sizeof(*larger));
			if (!larger) {
				mo_error_destroy(mo_list_end(&walk));
				return mo_error_no_memory();
			}
			state->superblocks = larger;
		}
		state->superblocks[state->n_superblocks++] = (struct superblock){
			.kva = node_kva - layout->sb.list.offset_bytes };
	}
	mo_trouble_note(&state->bad_superblocks, mo_error_prepend(mo_list_end(&walk), "list of superblocks"));
	return NULL;
}

struct mo_error *gather_superblocks(struct files_state *state)
{
	uint64_t first_ns_kva = first_namespace(state);
	struct mo_error *error = list_superblocks(state);

	if (error)
		return error;
	if (state->n_superblocks)
		qsort(state->superblocks, state->n_superblocks, sizeof(*state->superblocks), compare_superblocks);
	state->mounts = calloc(state->n_superblocks + 1, sizeof(*state->mounts));
	if (!state->mounts)
		return mo_error_no_memory();
	for (size_t i = 0; i < state->n_superblocks && !error; i++) {
		struct superblock *sb = &state->superblocks[i];
		struct mo_mount *mount = &state->mounts[i];

		*mount = (struct mo_mount){ .sb_kva = sb->kva, .swapped_pages = mo_exact(0) };
		mo_trouble_note(&state->bad_superblocks, read_superblock(state, sb));
		choose_mount(state, sb, first_ns_kva);
		mount->dev = sb->dev;
		mount->is_mounted = sb->is_mounted;
		mount->is_tmpfs = sb->is_tmpfs;
		error = name_superblock(state, sb, mount);
	}
	return error;
}
