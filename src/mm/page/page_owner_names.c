/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Whose a page is by its struct page, in a phrase: a file by its path, a slab by its cache, anonymous memory by its anon_vma. */
#include <memopsy/dentry_path.h>
#include <memopsy/page_facts.h>
#include <memopsy/page_overlays.h>

#include <inttypes.h>
#include <stdio.h>

#include "mm_layouts.h"

struct mo_page_names {
	struct mo_field host, ino, sb, sb_id, fs_type, fs_name;
	struct mo_inode_dentries dentries;
	struct mo_dentry_names dentry;
	struct mo_field slab_cache, cache_name;
};

#define L struct mo_page_names
#define OPTIONAL .is_optional = true

static const struct mo_need rows[] = {
	MO_FIELD(L, host, "struct address_space", "host", OPTIONAL),
	MO_FIELD(L, ino, "struct inode", "i_ino", OPTIONAL),
	MO_FIELD(L, sb, "struct inode", "i_sb", OPTIONAL),
	MO_FIELD(L, sb_id, "struct super_block", "s_id", OPTIONAL),
	MO_FIELD(L, fs_type, "struct super_block", "s_type", OPTIONAL),
	MO_FIELD(L, fs_name, "struct file_system_type", "name", OPTIONAL),
	MO_INODE_DENTRIES_NEEDS(L, dentries, OPTIONAL),
	MO_DENTRY_NAMES_NEEDS(L, dentry, OPTIONAL),
	MO_FIELD(L, cache_name, "struct kmem_cache", "name", OPTIONAL),
	MO_SLAB_CACHE_NEED(L, slab_cache, OPTIONAL),
};

const struct mo_layout_table mo_page_owner_names_table = {
	.id = MO_LAYOUT_PAGE_NAMES,
	.layout_bytes = sizeof(struct mo_page_names),
	.needs = rows,
	.n_needs = MO_N_ROWS(rows),
};

const struct mo_layout_table *mo_page_names_table(void)
{
	return &mo_page_owner_names_table;
}

/* A string behind a pointer member, or nothing. */
static void read_name(struct mo_reader *reader, const struct mo_field *field, uint64_t object_kva, char *text,
		      size_t n_bytes)
{
	struct mo_error *error;

	*text = '\0';
	if (!mo_has(field) || !object_kva)
		return;
	error = mo_read_field_string(reader, field, object_kva, text, n_bytes);
	if (error)
		*text = '\0';
	mo_error_destroy(error);
}

static uint64_t follow(struct mo_reader *reader, const struct mo_field *field, uint64_t object_kva)
{
	uint64_t value = 0;
	struct mo_error *error;

	if (!mo_has(field) || !object_kva)
		return 0;
	error = mo_read_field(reader, field, object_kva, &value);
	mo_error_destroy(error);
	return value;
}

/* A file's path within its file system, by its first dentry; "" if it has none. What is too long lacks its begin. */
static void describe_path(struct mo_reader *reader, const struct mo_page_names *names, uint64_t inode, char *text,
			  size_t n_bytes)
{
	char path[MO_PATH_BYTES_MAX];
	uint64_t dentry_kva = 0;
	size_t n = 0;
	size_t from = 0;
	struct mo_error *error = mo_inode_dentry(reader, &names->dentries, inode, &dentry_kva);

	if (!error && dentry_kva)
		error = mo_dentry_path(reader, &names->dentry, dentry_kva, path, &n);
	if (error || n == 1) /* the root */
		n = 0;
	mo_error_destroy(error);
	if (n >= n_bytes)
		from = n - (n_bytes - 1);
	while (from && from < n && path[from] != '/')
		from++;
	memcpy(text, path + from, n - from);
	text[n - from] = '\0';
}

static void describe_file(struct mo_reader *reader, const struct mo_page_names *names, uint64_t mapping, char *text,
			  size_t n_bytes)
{
	uint64_t inode = follow(reader, &names->host, mapping);
	uint64_t sb = follow(reader, &names->sb, inode);
	char path[256];
	char type[40];
	char id[40];

	read_name(reader, &names->fs_name, follow(reader, &names->fs_type, sb), type, sizeof(type));
	read_name(reader, &names->sb_id, sb, id, sizeof(id));
	if (!inode)
		return;
	describe_path(reader, names, inode, path, sizeof(path));
	snprintf(text, n_bytes, "%s%sinode %" PRIu64 " at 0x%" PRIx64 " of %s %s", path, *path ? ", " : "",
		 follow(reader, &names->ino, inode), inode, *type ? type : "an unknown file system", id);
}

static void describe_slab(struct mo_reader *reader, const struct mo_page_names *names, uint64_t page_kva, char *text,
			  size_t n_bytes)
{
	uint64_t cache = follow(reader, &names->slab_cache, page_kva);
	char name[64];

	read_name(reader, &names->cache_name, cache, name, sizeof(name));
	if (cache)
		snprintf(text, n_bytes, "kmem_cache %s at 0x%" PRIx64, *name ? name : "without a name", cache);
}

void mo_page_describe_owner(struct mo_reader *reader, const struct mo_page_names *names, enum mo_page_class class,
			     uint64_t page_kva, const struct mo_page_facts *facts, char *text, size_t n_bytes)
{
	uint64_t mapping = facts->mapping & ~(uint64_t)MO_MAPPING_FLAGS;

	*text = '\0';
	if (!names)
		return;
	switch (class) {
	case MO_PAGE_SLAB:
		describe_slab(reader, names, page_kva, text, n_bytes);
		break;
	case MO_PAGE_FILE:
	case MO_PAGE_FILE_THP:
	case MO_PAGE_SHMEM:
	case MO_PAGE_SHMEM_THP:
		describe_file(reader, names, mapping, text, n_bytes);
		break;
	case MO_PAGE_ANON:
	case MO_PAGE_ANON_THP:
	case MO_PAGE_SWAP_CACHE:
		if ((facts->mapping & MO_MAPPING_FLAGS) == MO_MAPPING_FLAGS)
			snprintf(text, n_bytes, "KSM stable node at 0x%" PRIx64, mapping);
		else if (mapping)
			snprintf(text, n_bytes, "anon_vma at 0x%" PRIx64, mapping);
		break;
	default:
		break;
	}
}
