/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Loads a file of the type cache, and checks every part of it. */
#include "type_cache.h"

#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include "bytes.h"
#include "cleanup.h"
#include "file.h"
#include "type_cache_format.h"

/* Larger than any table that we write. */
#define CACHE_BYTES_MAX ((uint64_t)256 << 20)

struct loading {
	const uint8_t *bytes; /* a copy: the file may change under a map */
	struct mo_cache_header header;
	const uint8_t *types, *members, *enumerators, *roots;
	const char *names;    /* the table's copy, whose names are used as they lie */
	struct mo_type_table *table;
};

char *mo_type_cache_path(const char *cache_dir, const char *build_id)
{
	char *path;

	return asprintf(&path, "%s/types-%s.cache", cache_dir, build_id) < 0 ? NULL : path;
}

static struct mo_error *damaged(const char *what)
{
	return mo_error_create(MO_E_CORRUPT, "it is damaged (%s)", what);
}

static struct mo_error *check_header(struct loading *loading, uint64_t n_bytes, const char *build_id)
{
	const struct mo_cache_header *header = &loading->header;
	size_t summed = offsetof(struct mo_cache_header, build_id);
	uint64_t wanted = sizeof(*header);
	char expected_id[sizeof(header->build_id)] = "";

	if (memcmp(header->magic, MO_TYPE_CACHE_MAGIC, sizeof(header->magic)))
		return damaged("it does not begin as one");
	if (header->byte_order != MO_TYPE_CACHE_BYTE_ORDER)
		return mo_error_create(MO_E_UNSUPPORTED, "it is of a machine of the other byte order");
	if (header->version != MO_TYPE_CACHE_VERSION)
		return mo_error_create(MO_E_UNSUPPORTED, "it is of version %u, and this build writes %u", header->version,
				       MO_TYPE_CACHE_VERSION);
	if (header->n_bytes != n_bytes)
		return damaged("it is cut short");
	if (mo_cache_checksum(MO_CACHE_CHECKSUM_START, loading->bytes + summed, n_bytes - summed) != header->checksum)
		return damaged("its checksum is wrong");
	(void)snprintf(expected_id, sizeof(expected_id), "%s", build_id);
	if (memcmp(header->build_id, expected_id, sizeof(expected_id)))
		return mo_error_create(MO_E_MISMATCH, "it is of another build-id");
	loading->types = loading->bytes + wanted;
	wanted += (uint64_t)header->n_types * sizeof(struct mo_cache_type);
	loading->members = loading->bytes + wanted;
	wanted += (uint64_t)header->n_members * sizeof(struct mo_cache_member);
	loading->enumerators = loading->bytes + wanted;
	wanted += (uint64_t)header->n_enumerators * sizeof(struct mo_cache_enumerator);
	loading->roots = loading->bytes + wanted;
	wanted += (uint64_t)header->n_roots * sizeof(struct mo_cache_root);
	if (!header->n_types || wanted > n_bytes || header->names_bytes != n_bytes - wanted || !header->names_bytes ||
	    loading->bytes[wanted] || loading->bytes[n_bytes - 1])
		return damaged("its parts do not add up");
	loading->names = mo_arena_allocate(&loading->table->arena, header->names_bytes);
	if (!loading->names)
		return mo_error_no_memory();
	memcpy((char *)(uintptr_t)loading->names, loading->bytes + wanted, header->names_bytes);
	return NULL;
}

static bool find_name(const struct loading *loading, uint32_t offset, const char **ret)
{
	if (offset >= loading->header.names_bytes)
		return false;
	*ret = offset ? loading->names + offset : NULL;
	return true;
}

static bool are_items_sane(const struct loading *loading, const struct mo_cache_type *type)
{
	uint32_t n_there = type->kind == MO_TYPE_ENUM ? loading->header.n_enumerators : loading->header.n_members;

	return mo_is_within(type->first_item, type->n_items, n_there);
}

static struct mo_error *load_type(struct loading *loading, uint32_t id)
{
	const struct mo_cache_header *header = &loading->header;
	struct mo_cache_type on_disk;
	struct mo_table_type type = { .first_item = 0 };

	memcpy(&on_disk, loading->types + (size_t)id * sizeof(on_disk), sizeof(on_disk));
	if (on_disk.kind > MO_TYPE_FUNCTION || on_disk.flags & ~(uint32_t)MO_CACHE_FLAGS ||
	    on_disk.target >= header->n_types || on_disk.full_id >= header->n_types || !are_items_sane(loading, &on_disk) ||
	    !find_name(loading, on_disk.name, &type.raw.name))
		return damaged("a type is invalid");
	type.raw.kind = (enum mo_type_kind)on_disk.kind;
	type.raw.target = on_disk.target;
	type.raw.size_bytes = on_disk.size_bytes;
	type.raw.array_length = on_disk.array_length;
	if (on_disk.kind == MO_TYPE_ENUM)
		type.raw.n_enumerators = on_disk.n_items;
	else
		type.raw.n_members = on_disk.n_items;
	type.raw.is_signed = on_disk.flags & MO_CACHE_SIGNED;
	type.raw.is_bool = on_disk.flags & MO_CACHE_BOOL;
	type.raw.is_flexible = on_disk.flags & MO_CACHE_FLEXIBLE;
	type.raw.is_incomplete = on_disk.flags & MO_CACHE_INCOMPLETE;
	type.raw.is_variadic = on_disk.flags & MO_CACHE_VARIADIC;
	type.origin.offset = on_disk.origin;
	type.origin.how = on_disk.flags & MO_CACHE_SHALLOW ? MO_BUILD_SHALLOW : MO_BUILD_FULL;
	type.first_item = on_disk.first_item;
	type.full_id = on_disk.full_id;
	loading->table->types.items[id] = type; /* room was made for all */
	loading->table->types.count = id + 1;
	return mo_type_table_index_origin(loading->table, id);
}

static struct mo_error *load_members(struct loading *loading)
{
	for (uint32_t i = 0; i < loading->header.n_members; i++) {
		struct mo_cache_member on_disk;
		struct mo_raw_member member;

		memcpy(&on_disk, loading->members + (size_t)i * sizeof(on_disk), sizeof(on_disk));
		if (on_disk.type >= loading->header.n_types || on_disk.bitfield_bits > 64 ||
		    !find_name(loading, on_disk.name, &member.name))
			return damaged("a member is invalid");
		member.type = on_disk.type;
		member.offset_bits = on_disk.offset_bits;
		member.bitfield_bits = on_disk.bitfield_bits;
		if (!mo_vector_append(&loading->table->members, member))
			return mo_error_no_memory();
	}
	return NULL;
}

static struct mo_error *load_enumerators(struct loading *loading)
{
	for (uint32_t i = 0; i < loading->header.n_enumerators; i++) {
		struct mo_cache_enumerator on_disk;
		struct mo_type_enumerator enumerator;

		memcpy(&on_disk, loading->enumerators + (size_t)i * sizeof(on_disk), sizeof(on_disk));
		if (!find_name(loading, on_disk.name, &enumerator.name) || !enumerator.name)
			return damaged("an enumerator is invalid");
		enumerator.value = on_disk.value;
		if (!mo_vector_append(&loading->table->enumerators, enumerator))
			return mo_error_no_memory();
	}
	return NULL;
}

static struct mo_error *load_roots(struct loading *loading)
{
	for (uint32_t i = 0; i < loading->header.n_roots; i++) {
		struct mo_cache_root on_disk;
		const char *key;

		memcpy(&on_disk, loading->roots + (size_t)i * sizeof(on_disk), sizeof(on_disk));
		if (on_disk.id >= loading->header.n_types || !find_name(loading, on_disk.key, &key) || !key)
			return damaged("a name is invalid");
		MO_TRY(mo_type_table_add_root(loading->table, key, on_disk.id));
	}
	return NULL;
}

static struct mo_error *load_all(struct loading *loading, uint64_t n_bytes, const char *build_id)
{
	struct mo_type_table *table = loading->table;

	if (n_bytes < sizeof(loading->header) || n_bytes > CACHE_BYTES_MAX)
		return damaged("its size is invalid");
	memcpy(&loading->header, loading->bytes, sizeof(loading->header));
	MO_TRY(check_header(loading, n_bytes, build_id));
	if (!mo_vector_reserve(&table->types, loading->header.n_types) ||
	    !mo_vector_reserve(&table->members, loading->header.n_members) ||
	    !mo_vector_reserve(&table->enumerators, loading->header.n_enumerators))
		return mo_error_no_memory();
	for (uint32_t id = 1; id < loading->header.n_types; id++)
		MO_TRY(load_type(loading, id));
	MO_TRY(load_members(loading));
	MO_TRY(load_enumerators(loading));
	return load_roots(loading);
}

/* Reads the file through a map into memory of our own: what was checked is then what is used. */
static struct mo_error *read_file(const char *path, uint8_t **bytes, size_t *n_bytes)
{
	struct mo_mapped_file file;

	if (access(path, F_OK))
		return mo_error_create(MO_E_ABSENT, "there is no %s", path);
	MO_TRY(mo_map_file(path, &file));
	*n_bytes = file.n_bytes;
	*bytes = malloc(file.n_bytes ? file.n_bytes : 1);
	if (*bytes && file.n_bytes)
		memcpy(*bytes, file.bytes, file.n_bytes);
	mo_unmap_file(&file);
	return *bytes ? NULL : mo_error_no_memory();
}

struct mo_error *mo_type_cache_load(const char *path, const char *build_id, struct mo_type_table *table)
{
	struct loading loading = { .table = table };
	MO_FREE uint8_t *bytes = NULL;
	size_t n_bytes = 0;
	struct mo_error *error;

	MO_TRY(read_file(path, &bytes, &n_bytes));
	loading.bytes = bytes;
	error = load_all(&loading, n_bytes, build_id);
	if (!error) {
		table->is_changed = false;
		return NULL;
	}
	mo_type_table_deinit(table);
	MO_TRY(mo_type_table_init(table));
	return mo_error_prepend(error, "%s is not used", path);
}
