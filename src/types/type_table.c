/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The table of raw types and of the names looked up in it. */
#include "type_table.h"

#include <stdio.h>

#include "cleanup.h"

struct mo_error *mo_type_table_init(struct mo_type_table *table)
{
	struct mo_table_type nothing = { .raw = { .kind = MO_TYPE_VOID }, .origin = { .offset = MO_NO_ORIGIN } };

	*table = (struct mo_type_table){ .is_changed = false };
	return mo_vector_append(&table->types, nothing) ? NULL : mo_error_no_memory();
}

void mo_type_table_deinit(struct mo_type_table *table)
{
	mo_vector_deinit(&table->types);
	mo_vector_deinit(&table->members);
	mo_vector_deinit(&table->enumerators);
	mo_vector_deinit(&table->roots);
	mo_vector_deinit(&table->names);
	mo_name_index_deinit(&table->name_index);
	mo_name_index_deinit(&table->root_index);
	mo_name_index_deinit(&table->origin_index);
	mo_arena_deinit(&table->arena);
}

struct mo_type_table_mark mo_type_table_mark(const struct mo_type_table *table)
{
	return (struct mo_type_table_mark){
		.n_types = table->types.count,
		.n_members = table->members.count,
		.n_enumerators = table->enumerators.count,
	};
}

void mo_type_table_rewind(struct mo_type_table *table, const struct mo_type_table_mark *mark)
{
	table->types.count = mark->n_types;
	table->members.count = mark->n_members;
	table->enumerators.count = mark->n_enumerators;
}

struct mo_error *mo_type_table_intern(struct mo_type_table *table, const char *name, const char **ret)
{
	size_t length = name ? strlen(name) : 0;
	uint64_t hash;
	size_t cursor = 0;
	uint32_t item;
	char *copy;

	if (!name) {
		*ret = NULL;
		return NULL;
	}
	hash = mo_name_hash(name, length);
	while (mo_name_index_next(&table->name_index, hash, &cursor, &item)) {
		if (!strcmp(table->names.items[item], name)) {
			*ret = table->names.items[item];
			return NULL;
		}
	}
	copy = mo_arena_copy_text(&table->arena, name, length);
	if (!copy || !mo_vector_append(&table->names, copy))
		return mo_error_no_memory();
	MO_TRY(mo_name_index_add(&table->name_index, hash, (uint32_t)(table->names.count - 1)));
	*ret = copy;
	return NULL;
}

static uint64_t hash_origin(const struct mo_type_origin *origin)
{
	uint64_t hash = (origin->offset * 2 + origin->how) * 0x9e3779b97f4a7c15ull;

	return hash ^ hash >> 32;
}

uint32_t mo_type_table_at_origin(const struct mo_type_table *table, const struct mo_type_origin *origin)
{
	size_t cursor = 0;
	uint32_t id;

	if (origin->offset == MO_NO_ORIGIN)
		return 0;
	while (mo_name_index_next(&table->origin_index, hash_origin(origin), &cursor, &id)) {
		const struct mo_type_origin *other = &table->types.items[id].origin;

		/* The index may still have types that were taken back. */
		if (id < table->types.count && other->offset == origin->offset && other->how == origin->how)
			return id;
	}
	return 0;
}

struct mo_error *mo_type_table_index_origin(struct mo_type_table *table, uint32_t id)
{
	const struct mo_type_origin *origin = &table->types.items[id].origin;

	if (origin->offset == MO_NO_ORIGIN)
		return NULL;
	return mo_name_index_add(&table->origin_index, hash_origin(origin), id);
}

struct mo_error *mo_type_table_add(struct mo_type_table *table, const struct mo_raw_type *raw,
				   const struct mo_type_origin *origin, uint32_t *ret)
{
	struct mo_table_type type = { .raw = *raw, .origin = *origin };
	uint32_t id = (uint32_t)table->types.count;

	if (table->types.count >= UINT32_MAX / 2)
		return mo_error_create(MO_E_LIMIT, "more than %zu types", table->types.count);
	type.raw.n_members = type.raw.n_enumerators = 0;
	MO_TRY(mo_type_table_intern(table, raw->name, &type.raw.name));
	if (!mo_vector_append(&table->types, type))
		return mo_error_no_memory();
	MO_TRY(mo_type_table_index_origin(table, id));
	table->is_changed = true;
	*ret = id;
	return NULL;
}

struct mo_error *mo_type_table_set_members(struct mo_type_table *table, uint32_t id, const struct mo_raw_member *members,
					   size_t n_members)
{
	struct mo_table_type *type = &table->types.items[id];

	if (table->members.count + n_members > UINT32_MAX || !mo_vector_reserve(&table->members, table->members.count + n_members))
		return mo_error_no_memory();
	type->first_item = (uint32_t)table->members.count;
	type->raw.n_members = (uint32_t)n_members;
	for (size_t i = 0; i < n_members; i++) {
		struct mo_raw_member member = members[i];

		MO_TRY(mo_type_table_intern(table, members[i].name, &member.name));
		(void)mo_vector_append(&table->members, member);
	}
	return NULL;
}

struct mo_error *mo_type_table_set_enumerators(struct mo_type_table *table, uint32_t id,
					       const struct mo_type_enumerator *enumerators, size_t n_enumerators)
{
	struct mo_table_type *type = &table->types.items[id];

	if (table->enumerators.count + n_enumerators > UINT32_MAX ||
	    !mo_vector_reserve(&table->enumerators, table->enumerators.count + n_enumerators))
		return mo_error_no_memory();
	type->first_item = (uint32_t)table->enumerators.count;
	type->raw.n_enumerators = (uint32_t)n_enumerators;
	for (size_t i = 0; i < n_enumerators; i++) {
		struct mo_type_enumerator enumerator = enumerators[i];

		MO_TRY(mo_type_table_intern(table, enumerators[i].name, &enumerator.name));
		(void)mo_vector_append(&table->enumerators, enumerator);
	}
	return NULL;
}

bool mo_type_table_root(const struct mo_type_table *table, const char *key, uint32_t *id)
{
	uint64_t hash = mo_name_hash(key, strlen(key));
	size_t cursor = 0;
	uint32_t item;

	while (mo_name_index_next(&table->root_index, hash, &cursor, &item)) {
		if (!strcmp(table->roots.items[item].key, key)) {
			*id = table->roots.items[item].id;
			return true;
		}
	}
	return false;
}

struct mo_error *mo_type_table_add_root(struct mo_type_table *table, const char *key, uint32_t id)
{
	struct mo_table_root root = { .id = id };
	uint32_t known;

	if (mo_type_table_root(table, key, &known))
		return NULL;
	MO_TRY(mo_type_table_intern(table, key, &root.key));
	if (!mo_vector_append(&table->roots, root))
		return mo_error_no_memory();
	table->is_changed = true;
	return mo_name_index_add(&table->root_index, mo_name_hash(key, strlen(key)), (uint32_t)(table->roots.count - 1));
}

/*
 * Two units may have different structs of one name. One that was found by name stands for the incomplete one if the
 * sizes agree, or if the unit of the incomplete one knows no more than the name.
 */
static bool may_stand_for(const struct mo_table_type *full, const struct mo_table_type *incomplete)
{
	return full->raw.kind == incomplete->raw.kind && !full->raw.is_incomplete &&
	       (!incomplete->raw.size_bytes || incomplete->raw.size_bytes == full->raw.size_bytes);
}

uint32_t mo_type_table_full(const struct mo_type_table *table, uint32_t id)
{
	const struct mo_table_type *type = &table->types.items[id];
	struct mo_type_origin origin = { .offset = type->origin.offset, .how = MO_BUILD_FULL };
	char key[MO_TYPE_NAME_BYTES + 16];
	uint32_t full;

	if (!type->raw.is_incomplete)
		return id;
	if (type->full_id)
		return type->full_id;
	full = mo_type_table_at_origin(table, &origin);
	if (full && !table->types.items[full].raw.is_incomplete)
		return full;
	(void)snprintf(key, sizeof(key), "%s%s", type->raw.kind == MO_TYPE_UNION ? "union " : "struct ",
		       type->raw.name ? type->raw.name : "");
	if (mo_type_table_root(table, key, &full) && full && may_stand_for(&table->types.items[full], type))
		return full;
	return 0;
}

struct mo_error *mo_type_table_get(const struct mo_type_table *table, uint32_t id, struct mo_raw_type *ret)
{
	if (id >= table->types.count)
		return mo_error_create(MO_E_CORRUPT, "type %u does not exist", id);
	*ret = table->types.items[id].raw;
	return NULL;
}

struct mo_error *mo_type_table_member(const struct mo_type_table *table, uint32_t id, uint32_t index,
				      struct mo_raw_member *ret)
{
	if (id >= table->types.count || index >= table->types.items[id].raw.n_members)
		return mo_error_create(MO_E_CORRUPT, "member %u of type %u does not exist", index, id);
	*ret = table->members.items[table->types.items[id].first_item + index];
	return NULL;
}

struct mo_error *mo_type_table_enumerator(const struct mo_type_table *table, uint32_t id, uint32_t index,
					  struct mo_type_enumerator *ret)
{
	if (id >= table->types.count || index >= table->types.items[id].raw.n_enumerators)
		return mo_error_create(MO_E_CORRUPT, "enumerator %u of type %u does not exist", index, id);
	*ret = table->enumerators.items[table->types.items[id].first_item + index];
	return NULL;
}
