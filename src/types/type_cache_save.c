/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Writes a file of the type cache, and removes old ones. */
#include "type_cache.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "cleanup.h"
#include "file.h"
#include "text.h"
#include "type_cache_format.h"

/* Files that are kept for as many vmlinux; a file is about a megabyte. */
#define FILES_MAX 64
#define CACHE_BYTES_MAX ((size_t)64 << 20)

/* The file as it grows in memory. Names are put down when first used and found again by their address. */
struct saving {
	const struct mo_type_table *table;
	struct mo_text body;
	struct mo_text names;
	struct mo_name_index index;
	MO_VECTOR(uint32_t) name_offsets;
	MO_VECTOR(const char *) name_texts;
};

static void cleanup_saving(struct saving *saving)
{
	mo_text_deinit(&saving->body);
	mo_text_deinit(&saving->names);
	mo_name_index_deinit(&saving->index);
	mo_vector_deinit(&saving->name_offsets);
	mo_vector_deinit(&saving->name_texts);
}

static struct mo_error *put_name(struct saving *saving, const char *name, uint32_t *ret)
{
	size_t length = name ? strlen(name) : 0;
	uint64_t hash;
	size_t cursor = 0;
	uint32_t item;

	*ret = 0;
	if (!length)
		return NULL;
	hash = mo_name_hash(name, length);
	while (mo_name_index_next(&saving->index, hash, &cursor, &item)) {
		if (!strcmp(saving->name_texts.items[item], name)) {
			*ret = saving->name_offsets.items[item];
			return NULL;
		}
	}
	*ret = (uint32_t)saving->names.length;
	mo_text_append_n(&saving->names, name, length);
	mo_text_append_n(&saving->names, "", 1);
	if (!mo_vector_append(&saving->name_offsets, *ret) || !mo_vector_append(&saving->name_texts, name))
		return mo_error_no_memory();
	return mo_name_index_add(&saving->index, hash, (uint32_t)(saving->name_texts.count - 1));
}

static void put_bytes(struct saving *saving, const void *bytes, size_t n_bytes)
{
	mo_text_append_n(&saving->body, bytes, n_bytes);
}

static struct mo_error *put_type(struct saving *saving, const struct mo_table_type *type)
{
	const struct mo_raw_type *raw = &type->raw;
	struct mo_cache_type on_disk = {
		.size_bytes = raw->size_bytes,
		.array_length = raw->array_length,
		.origin = type->origin.offset,
		.kind = raw->kind,
		.flags = (raw->is_signed ? MO_CACHE_SIGNED : 0u) | (raw->is_bool ? MO_CACHE_BOOL : 0u) |
			 (raw->is_flexible ? MO_CACHE_FLEXIBLE : 0u) | (raw->is_incomplete ? MO_CACHE_INCOMPLETE : 0u) |
			 (raw->is_variadic ? MO_CACHE_VARIADIC : 0u) |
			 (type->origin.how == MO_BUILD_SHALLOW ? MO_CACHE_SHALLOW : 0u),
		.target = raw->target,
		.first_item = type->first_item,
		.n_items = raw->kind == MO_TYPE_ENUM ? raw->n_enumerators : raw->n_members,
		.full_id = type->full_id,
	};

	MO_TRY(put_name(saving, raw->name, &on_disk.name));
	put_bytes(saving, &on_disk, sizeof(on_disk));
	return NULL;
}

static struct mo_error *put_items(struct saving *saving)
{
	const struct mo_type_table *table = saving->table;

	for (size_t i = 0; i < table->members.count; i++) {
		struct mo_cache_member on_disk = {
			.offset_bits = table->members.items[i].offset_bits,
			.type = table->members.items[i].type,
			.bitfield_bits = table->members.items[i].bitfield_bits,
		};

		MO_TRY(put_name(saving, table->members.items[i].name, &on_disk.name));
		put_bytes(saving, &on_disk, sizeof(on_disk));
	}
	for (size_t i = 0; i < table->enumerators.count; i++) {
		struct mo_cache_enumerator on_disk = { .value = table->enumerators.items[i].value };

		MO_TRY(put_name(saving, table->enumerators.items[i].name, &on_disk.name));
		put_bytes(saving, &on_disk, sizeof(on_disk));
	}
	for (size_t i = 0; i < table->roots.count; i++) {
		struct mo_cache_root on_disk = { .id = table->roots.items[i].id };

		MO_TRY(put_name(saving, table->roots.items[i].key, &on_disk.key));
		put_bytes(saving, &on_disk, sizeof(on_disk));
	}
	return NULL;
}

static struct mo_error *put_all(struct saving *saving)
{
	mo_text_append_n(&saving->names, "", 1);
	for (size_t i = 0; i < saving->table->types.count; i++)
		MO_TRY(put_type(saving, &saving->table->types.items[i]));
	MO_TRY(put_items(saving));
	if (mo_text_failed(&saving->body) || mo_text_failed(&saving->names))
		return mo_error_no_memory();
	if (saving->body.length + saving->names.length > CACHE_BYTES_MAX)
		return mo_error_create(MO_E_LIMIT, "%zu bytes are too much for a cache",
				       saving->body.length + saving->names.length);
	return NULL;
}

static void fill_header(const struct saving *saving, const char *build_id, struct mo_cache_header *header)
{
	size_t summed = offsetof(struct mo_cache_header, build_id);
	uint64_t sum;

	*header = (struct mo_cache_header){
		.byte_order = MO_TYPE_CACHE_BYTE_ORDER,
		.version = MO_TYPE_CACHE_VERSION,
		.n_bytes = sizeof(*header) + saving->body.length + saving->names.length,
		.n_types = (uint32_t)saving->table->types.count,
		.n_members = (uint32_t)saving->table->members.count,
		.n_enumerators = (uint32_t)saving->table->enumerators.count,
		.n_roots = (uint32_t)saving->table->roots.count,
		.names_bytes = saving->names.length,
	};
	memcpy(header->magic, MO_TYPE_CACHE_MAGIC, sizeof(header->magic));
	(void)snprintf(header->build_id, sizeof(header->build_id), "%s", build_id);
	sum = mo_cache_checksum(MO_CACHE_CHECKSUM_START, (const char *)header + summed, sizeof(*header) - summed);
	sum = mo_cache_checksum(sum, mo_text_chars(&saving->body), saving->body.length);
	header->checksum = mo_cache_checksum(sum, mo_text_chars(&saving->names), saving->names.length);
}

static bool is_cache_name(const char *name)
{
	size_t length = strlen(name);

	return length > 12 && !strncmp(name, "types-", 6) && !strcmp(name + length - 6, ".cache");
}

/* What a process left that was killed while writing, long ago. */
static bool is_left_over(const char *name, const struct stat *status)
{
	return !strncmp(name, "types-", 6) && strstr(name, ".cache.") && time(NULL) - status->st_mtime > 24 * 3600;
}

/*
 * Removes the file that was not written for longest, if there are more than FILES_MAX, and what was left half
 * written. Failing is no harm.
 */
static void tidy_directory(const char *directory_path)
{
	DIR *directory = opendir(directory_path);
	struct dirent *entry;
	char oldest[256] = "";
	struct stat status;
	time_t oldest_time = 0;
	size_t n_files = 0;

	if (!directory)
		return;
	while ((entry = readdir(directory))) {
		if (fstatat(dirfd(directory), entry->d_name, &status, AT_SYMLINK_NOFOLLOW))
			continue;
		if (is_left_over(entry->d_name, &status))
			(void)unlinkat(dirfd(directory), entry->d_name, 0);
		if (!is_cache_name(entry->d_name))
			continue;
		n_files++;
		if (!oldest[0] || status.st_mtime < oldest_time) {
			oldest_time = status.st_mtime;
			(void)snprintf(oldest, sizeof(oldest), "%s", entry->d_name);
		}
	}
	if (n_files > FILES_MAX && oldest[0])
		(void)unlinkat(dirfd(directory), oldest, 0);
	closedir(directory);
}

static struct mo_error *write_file(const char *path, const struct mo_cache_header *header, const struct saving *saving)
{
	struct mo_staged_file *staged;
	struct mo_error *error;

	MO_TRY(mo_staged_open(path, &staged));
	error = mo_staged_write(staged, header, sizeof(*header));
	if (!error)
		error = mo_staged_write(staged, mo_text_chars(&saving->body), saving->body.length);
	if (!error)
		error = mo_staged_write(staged, mo_text_chars(&saving->names), saving->names.length);
	if (error) {
		mo_staged_abort(staged);
		return error;
	}
	return mo_staged_commit(staged);
}

struct mo_error *mo_type_cache_save(const char *path, const char *build_id, const struct mo_type_table *table)
{
	MO_CLEANUP(cleanup_saving) struct saving saving = { .table = table };
	const char *slash = strrchr(path, '/');
	MO_FREE char *directory = strndup(path, slash ? (size_t)(slash - path) : 0);
	struct mo_cache_header header;

	if (!directory)
		return mo_error_no_memory();
	MO_TRY(put_all(&saving));
	if (*directory)
		MO_TRY(mo_make_directories(directory));
	fill_header(&saving, build_id, &header);
	MO_TRY(write_file(path, &header, &saving));
	tidy_directory(*directory ? directory : ".");
	return NULL;
}
