/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * `memopsy files --dentries`: the dentry cache, counted by walking each superblock's tree from its root, beside what the
 * kernel counted; and the directories with most negative ones. Dentries of pipes, sockets and nameless files hang in no tree.
 */
#include "negative_dirs.h"

#include <inttypes.h>
#include <stdlib.h>

#define MAX_DENTRIES (1u << 27) /* of all superblocks */
#define MAX_DENTRY_BYTES 1024u

enum { COLUMN_TYPE, COLUMN_DENTRIES, COLUMN_POSITIVE, COLUMN_NEGATIVE, COLUMN_UNUSED, COLUMN_LRU, COLUMN_INODE_LRU,
       COLUMN_PATH, COLUMN_DEVICE, COLUMN_SB, N_COLUMNS };

static const struct mo_column columns[N_COLUMNS] = {
	[COLUMN_TYPE] = { .key = "type", .heading = "TYPE", .kind = MO_CELL_TEXT, .help = "of the file system" },
	[COLUMN_DENTRIES] = { .key = "dentries", .heading = "DENTRIES", .kind = MO_CELL_COUNT,
			      .help = "found in the tree under s_root" },
	[COLUMN_POSITIVE] = { .key = "positive", .heading = "POSITIVE", .kind = MO_CELL_COUNT, .help = "with an inode" },
	[COLUMN_NEGATIVE] = { .key = "negative", .heading = "NEGATIVE", .kind = MO_CELL_COUNT,
			      .help = "for names that do not exist" },
	[COLUMN_UNUSED] = { .key = "unused", .heading = "UNUSED", .kind = MO_CELL_COUNT, .help = "without a reference" },
	[COLUMN_LRU] = { .key = "unused_dentries", .heading = "LRU", .kind = MO_CELL_COUNT,
			 .help = "on s_dentry_lru, as the kernel counts" },
	[COLUMN_INODE_LRU] = { .key = "unused_inodes", .heading = "INODES", .kind = MO_CELL_COUNT,
			       .help = "on s_inode_lru, as the kernel counts" },
	[COLUMN_PATH] = { .key = "mounted_at", .heading = "MOUNTED AT", .kind = MO_CELL_TEXT,
			  .help = "empty: not mounted (internal to the kernel)" },
	[COLUMN_DEVICE] = { .key = "device", .heading = "DEVICE", .kind = MO_CELL_TEXT, .flags = MO_COLUMN_HIDDEN,
			    .help = "the mounted device, or s_id" },
	[COLUMN_SB] = { .key = "super_block", .heading = "STRUCT SUPER_BLOCK", .kind = MO_CELL_ADDRESS,
			.flags = MO_COLUMN_HIDDEN, .help = "where it is" },
};

const struct mo_table_spec dentries_table = {
	.name = "dentries",
	.title = "Dentries by file system",
	.help = "The trees of dentries, largest file system first.",
	.columns = columns,
	.n_columns = N_COLUMNS,
};

enum { STATE_DENTRIES, STATE_UNUSED, STATE_NEGATIVE, STATE_INODES, STATE_UNUSED_INODES, N_STATE_COLUMNS };

static const struct mo_column state_columns[N_STATE_COLUMNS] = {
	[STATE_DENTRIES] = { .key = "nr_dentry", .heading = "Dentries", .kind = MO_CELL_COUNT,
			     .help = "all, including those in no tree" },
	[STATE_UNUSED] = { .key = "nr_unused", .heading = "Unused dentries", .kind = MO_CELL_COUNT, .help = "on LRU lists" },
	[STATE_NEGATIVE] = { .key = "nr_negative", .heading = "Negative dentries", .kind = MO_CELL_COUNT,
			     .help = "of the unused ones (since 5.0)" },
	[STATE_INODES] = { .key = "nr_inodes", .heading = "Inodes", .kind = MO_CELL_COUNT, .help = "all" },
	[STATE_UNUSED_INODES] = { .key = "nr_unused_inodes", .heading = "Unused inodes", .kind = MO_CELL_COUNT,
				  .help = "on LRU lists" },
};

const struct mo_table_spec dentry_state_table = {
	.name = "dentry_state",
	.title = "Kernel counters",
	.help = "/proc/sys/fs/dentry-state and inode-state.",
	.columns = state_columns,
	.n_columns = N_STATE_COLUMNS,
	.flags = MO_TABLE_RECORD,
};

struct dentry_counts {
	uint64_t all, negative, unused;
};

/* Directories that are still to be entered. */
struct pending {
	uint64_t *kvas;
	size_t n, n_allocated;
};

static struct mo_error *add_pending(struct pending *pending, uint64_t kva)
{
	if (pending->n == pending->n_allocated) {
		size_t n = pending->n_allocated ? pending->n_allocated * 2 : 1024;
		uint64_t *larger = realloc(pending->kvas, n * sizeof(*larger));

		if (!larger)
			return mo_error_no_memory();
		pending->kvas = larger;
		pending->n_allocated = n;
	}
	pending->kvas[pending->n++] = kva;
	return NULL;
}

/* Counts a dentry, which must say that `parent` is its parent: so each is met once, whatever the lists say. */
static struct mo_error *count_dentry(struct files_state *state, uint64_t kva, uint64_t parent_kva, struct pending *pending,
				     struct dentry_counts *counts)
{
	const struct files_layout *layout = state->layout;
	bool is_chain = mo_has(&layout->counts.children);
	const struct mo_field *children = is_chain ? &layout->counts.children : &layout->counts.subdirs;
	uint8_t dentry[MAX_DENTRY_BYTES];
	uint64_t first_kva = 0;
	struct mo_error *error = mo_read(state->reader, kva, dentry, (size_t)layout->counts.size.bytes);

	if (error)
		return error;
	if (mo_get(&layout->dentry.names.parent, dentry) != parent_kva)
		return mo_error_create(MO_E_CORRUPT, "the dentry at 0x%" PRIx64 " has another parent than 0x%" PRIx64, kva,
				       parent_kva);
	counts->all++;
	counts->negative += !mo_get(&layout->dentry.d_inode, dentry);
	if (mo_has(&layout->counts.count))
		counts->unused += mo_get_signed(&layout->counts.count, dentry) <= 0;
	/* Both kinds of list begin with a pointer: NULL, or to itself, if there are no children. */
	error = mo_read_pointer(state->reader, mo_field_kva(children, kva), &first_kva);
	if (!error && first_kva && first_kva != mo_field_kva(children, kva))
		return add_pending(pending, kva);
	return error;
}

static struct mo_error *count_children(struct files_state *state, uint64_t dir_kva, struct pending *pending,
				       struct dentry_counts *counts)
{
	const struct files_layout *layout = state->layout;
	bool is_chain = mo_has(&layout->counts.children);
	const struct mo_field *link = is_chain ? &layout->counts.sib : &layout->counts.child;
	struct mo_list_walk list;
	struct mo_chain_walk chain;
	uint64_t node_kva;
	struct mo_error *error = NULL;
	struct mo_error *broken;

	if (is_chain)
		mo_hlist_begin(&chain, state->reader, mo_field_kva(&layout->counts.children, dir_kva), MAX_DENTRIES);
	else
		mo_list_begin(&list, state->reader, mo_field_kva(&layout->counts.subdirs, dir_kva), MAX_DENTRIES);
	while (!error && (is_chain ? mo_chain_next(&chain, &node_kva) : mo_list_next(&list, &node_kva)))
		if (node_kva - link->offset_bytes != dir_kva)
			error = count_dentry(state, node_kva - link->offset_bytes, dir_kva, pending, counts);
	broken = is_chain ? mo_chain_end(&chain) : mo_list_end(&list);
	if (!error)
		return broken;
	mo_error_destroy(broken);
	return error;
}

static struct mo_error *count_tree(struct files_state *state, size_t mount, uint64_t most, struct dentry_counts *counts,
				   struct negative_dirs *dirs)
{
	uint64_t root_kva = state->superblocks[mount].root_kva;
	struct pending pending = { 0 };
	struct mo_error *error = NULL;

	if (!root_kva)
		return NULL;
	error = count_dentry(state, root_kva, root_kva, &pending, counts);
	while (!error && pending.n && counts->all < most) {
		uint64_t dir_kva = pending.kvas[--pending.n];
		struct dentry_counts before = *counts;
		struct mo_error *broken = count_children(state, dir_kva, &pending, counts);

		note_negative_dir(dirs, &(struct negative_dir){ .dentry_kva = dir_kva, .mount = mount,
								.negative = counts->negative - before.negative,
								.children = counts->all - before.all });
		if (mo_error_ends_run(broken))
			error = broken;
		else
			mo_trouble_note(&state->unreadable_counts, broken);
	}
	if (!error && pending.n)
		error = mo_error_create(MO_E_LIMIT, "more than %u dentries", MAX_DENTRIES);
	free(pending.kvas);
	return error;
}

static bool knows_trees(const struct files_layout *layout)
{
	bool has_chain = mo_has(&layout->counts.children) && mo_has(&layout->counts.sib);
	bool has_list = mo_has(&layout->counts.subdirs) && mo_has(&layout->counts.child);

	return (has_chain || has_list) && layout->counts.size.bytes <= MAX_DENTRY_BYTES;
}

static void put_row(struct files_state *state, struct mo_report *report, size_t index, struct dentry_counts *sum,
		    struct negative_dirs *dirs)
{
	const struct mo_mount *mount = &state->model.mounts[index];
	struct dentry_counts counts = { 0 };
	bool is_known = knows_trees(state->layout);
	struct mo_cell cells[N_COLUMNS] = {
		[COLUMN_TYPE] = mo_cell_text(mount->type),
		[COLUMN_LRU] = mo_cell_number(mount->dentries),
		[COLUMN_INODE_LRU] = mo_cell_number(mount->inodes),
		[COLUMN_PATH] = mo_cell_text(mount->is_mounted ? mount->path : ""),
		[COLUMN_DEVICE] = mo_cell_text(mount->device),
		[COLUMN_SB] = mo_cell_number(mo_exact(mount->sb_kva)),
	};

	if (is_known && sum->all < MAX_DENTRIES)
		mo_trouble_note(&state->unreadable_counts,
			     mo_error_prepend(count_tree(state, index, MAX_DENTRIES - sum->all, &counts, dirs),
					      "dentries of the superblock at 0x%" PRIx64, mount->sb_kva));
	if (is_known) {
		cells[COLUMN_DENTRIES] = mo_cell_number(mo_exact(counts.all));
		cells[COLUMN_POSITIVE] = mo_cell_number(mo_exact(counts.all - counts.negative));
		cells[COLUMN_NEGATIVE] = mo_cell_number(mo_exact(counts.negative));
		if (mo_has(&state->layout->counts.count))
			cells[COLUMN_UNUSED] = mo_cell_number(mo_exact(counts.unused));
	}
	sum->all += counts.all;
	sum->negative += counts.negative;
	mo_report_row(report, cells);
}

void put_dentries(struct files_state *state, struct mo_report *report)
{
	const struct mo_cell cells[N_STATE_COLUMNS] = {
		[STATE_DENTRIES] = mo_cell_number(state->model.dentries),
		[STATE_UNUSED] = mo_cell_number(state->model.unused_dentries),
		[STATE_NEGATIVE] = mo_cell_number(state->model.negative_dentries),
		[STATE_INODES] = mo_cell_number(state->model.inodes),
		[STATE_UNUSED_INODES] = mo_cell_number(state->model.unused_inodes),
	};
	struct dentry_counts sum = { 0 };
	struct negative_dirs dirs = { .n = 0 };

	mo_report_table_begin(report, &dentries_table);
	for (size_t i = 0; i < state->model.n_mounts; i++)
		put_row(state, report, i, &sum, &dirs);
	mo_report_table_end(report);
	put_negative_dirs(state, &dirs, report);
	mo_report_record(report, &dentry_state_table, cells);
	if (state->model.dentries.certainty == MO_EXACT && sum.all && state->model.dentries.value > sum.all)
		mo_report_note(report, "%" PRIu64 " dentries are in no tree: those of pipes, sockets and unnamed files.",
			       state->model.dentries.value - sum.all);
}
