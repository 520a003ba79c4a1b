/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The store: sources, what was built out of them, and which names were looked for.
 */
#include "type_model.h"

#include <stddef.h>

#include "cleanup.h"

static void destroy_source(struct mo_raw_source *source)
{
	free(source->built[0]);
	free(source->built[1]);
	free(source->description);
	source->operations->destroy(source);
}

static struct mo_types *allocate_store(void)
{
	struct mo_types *types = calloc(1, sizeof(*types));

	if (types && pthread_mutex_init(&types->lock, NULL)) {
		free(types);
		return NULL;
	}
	return types;
}

struct mo_error *mo_types_create(struct mo_raw_source *source, struct mo_types **ret)
{
	struct mo_types *types = allocate_store();
	struct mo_error *error;

	if (!types) {
		destroy_source(source);
		return mo_error_no_memory();
	}
	error = mo_types_add_source(types, source);
	if (error) {
		mo_types_destroy(types);
		return error;
	}
	*ret = types;
	return NULL;
}

struct mo_error *mo_types_add_source(struct mo_types *types, struct mo_raw_source *source)
{
	if (!mo_vector_append(&types->sources, source)) {
		destroy_source(source);
		return mo_error_no_memory();
	}
	/* What was absent so far may be in the new source. */
	types->found.count = 0;
	mo_name_index_deinit(&types->found_index);
	return NULL;
}

void mo_types_destroy(struct mo_types *types)
{
	if (!types)
		return;
	mo_types_save_cache(types);
	/* A split source reads its base: the last goes first. */
	while (types->sources.count)
		destroy_source(types->sources.items[--types->sources.count]);
	mo_vector_deinit(&types->sources);
	mo_vector_deinit(&types->found);
	mo_name_index_deinit(&types->found_index);
	mo_arena_deinit(&types->arena);
	pthread_mutex_destroy(&types->lock);
	free(types);
}

static struct mo_error *absent(const struct mo_types *types, const struct mo_type_name *name)
{
	bool has_modules = types->sources.count > 1;

	return mo_error_create(MO_E_ABSENT, "%s has no %s%s", types->sources.items[0]->description, name->key,
			       has_modules ? ", nor has a module" : "");
}

static struct mo_found_name *find_remembered(struct mo_types *types, const struct mo_type_name *name, uint64_t hash)
{
	size_t cursor = 0;
	uint32_t item;

	while (mo_name_index_next(&types->found_index, hash, &cursor, &item)) {
		if (!strcmp(types->found.items[item].key, name->key))
			return &types->found.items[item];
	}
	return NULL;
}

static struct mo_error *remember(struct mo_types *types, const struct mo_type_name *name, uint64_t hash,
				 const struct mo_type *type)
{
	struct mo_found_name found = { .key = mo_arena_copy_text(&types->arena, name->key, strlen(name->key)),
				       .type = type };

	if (!found.key || !mo_vector_append(&types->found, found))
		return mo_error_no_memory();
	return mo_name_index_add(&types->found_index, hash, (uint32_t)(types->found.count - 1));
}

/* *ret is NULL if no source has the name. */
static struct mo_error *search_sources(struct mo_types *types, const struct mo_type_name *name,
				       const struct mo_type **ret)
{
	*ret = NULL;
	for (size_t i = 0; i < types->sources.count && !*ret; i++) {
		struct mo_raw_source *source = types->sources.items[i];
		uint32_t id = 0;

		MO_TRY(source->operations->find(source, name, &id));
		if (id)
			MO_TRY(mo_type_build(types, source, id, MO_BUILD_FULL, ret));
	}
	return NULL;
}

static struct mo_error *find_locked(struct mo_types *types, const struct mo_type_name *name, const struct mo_type **ret)
{
	uint64_t hash = mo_name_hash(name->key, strlen(name->key));
	struct mo_found_name *known = find_remembered(types, name, hash);
	const struct mo_type *type = NULL;

	if (known) {
		type = known->type;
	} else {
		MO_TRY(search_sources(types, name, &type));
		MO_TRY(remember(types, name, hash, type));
	}
	if (!type)
		return absent(types, name);
	*ret = type;
	return NULL;
}

struct mo_error *mo_types_find(struct mo_types *types, const char *name, const struct mo_type **ret)
{
	struct mo_type_name parsed;
	struct mo_error *error = mo_type_name_parse(name, &parsed);

	if (error)
		return error;
	pthread_mutex_lock(&types->lock);
	error = find_locked(types, &parsed, ret);
	pthread_mutex_unlock(&types->lock);
	return mo_error_prepend(error, "cannot find type \"%s\"", parsed.key);
}

struct mo_error *mo_types_find_variable(struct mo_types *types, const char *name, const struct mo_type **ret)
{
	struct mo_type_name parsed;
	struct mo_error *error = mo_type_name_parse_tag(MO_NAME_VARIABLE, name, &parsed);

	if (error)
		return error;
	pthread_mutex_lock(&types->lock);
	error = find_locked(types, &parsed, ret);
	pthread_mutex_unlock(&types->lock);
	return mo_error_prepend(error, "cannot find the type of \"%s\"", parsed.tag);
}

/* The full version, by number where the source knows it, else by name. */
static struct mo_error *complete_locked(struct mo_types *types, const struct mo_type *type, const struct mo_type **ret)
{
	const struct mo_type_node *node = (const struct mo_type_node *)type;
	struct mo_raw_source *source = node->source;
	struct mo_type_name name;
	uint32_t id = 0;

	MO_TRY(source->operations->complete(source, node->id, &id));
	if (id)
		return mo_type_build(types, source, id, MO_BUILD_FULL, ret);
	if (!type->name)
		return mo_error_create(MO_E_ABSENT, "%s does not say what is in it", source->description);
	MO_TRY(mo_type_name_parse_tag(type->kind == MO_TYPE_STRUCT ? MO_NAME_STRUCT : MO_NAME_UNION, type->name, &name));
	return find_locked(types, &name, ret);
}

struct mo_error *mo_types_complete(struct mo_types *types, const struct mo_type *type, const struct mo_type **ret)
{
	const struct mo_type *stripped = mo_type_strip(type);
	struct mo_error *error;

	if (!stripped->is_incomplete || (stripped->kind != MO_TYPE_STRUCT && stripped->kind != MO_TYPE_UNION)) {
		*ret = type;
		return NULL;
	}
	pthread_mutex_lock(&types->lock);
	error = complete_locked(types, stripped, ret);
	pthread_mutex_unlock(&types->lock);
	return mo_error_prepend(error, "cannot complete %s %s", stripped->kind == MO_TYPE_STRUCT ? "struct" : "union",
				stripped->name ? stripped->name : "(anonymous)");
}

static struct mo_error *search_enum(const struct mo_type *type, const char *name, int64_t *ret)
{
	const struct mo_type *stripped = mo_type_strip(type);

	if (stripped->kind != MO_TYPE_ENUM)
		return mo_error_create(MO_E_INVALID, "%s is not an enum", type->name ? type->name : "(anonymous)");
	for (uint32_t i = 0; i < stripped->n_enumerators; i++) {
		if (!strcmp(stripped->enumerators[i].name, name)) {
			*ret = stripped->enumerators[i].value;
			return NULL;
		}
	}
	return mo_error_create(MO_E_ABSENT, "enum %s has no enumerator %s",
			       stripped->name ? stripped->name : "(anonymous)", name);
}

struct mo_error *mo_types_find_enumerator(struct mo_types *types, const char *enum_name, const char *name, int64_t *ret)
{
	const struct mo_type *type;
	struct mo_type_name parsed;
	struct mo_error *error;

	if (enum_name) {
		MO_TRY(mo_types_find(types, enum_name, &type));
		return search_enum(type, name, ret);
	}
	MO_TRY(mo_type_name_parse_enumerator(name, &parsed));
	pthread_mutex_lock(&types->lock);
	error = find_locked(types, &parsed, &type);
	pthread_mutex_unlock(&types->lock);
	if (error)
		return mo_error_prepend(error, "cannot find enumerator \"%s\"", parsed.tag);
	return search_enum(type, parsed.tag, ret);
}

/* A name that one source has is not looked for in the next. */
static struct mo_error *drop_found(struct mo_raw_source *source, struct mo_type_name *names, size_t *n_names)
{
	size_t n_left = 0;

	for (size_t i = 0; i < *n_names; i++) {
		uint32_t id = 0;
		struct mo_error *error = source->operations->find(source, &names[i], &id);

		if (error && mo_error_code(error) != MO_E_NOT_IN_DUMP)
			return error;
		mo_error_destroy(error);
		if (!id)
			mo_type_name_copy(&names[n_left++], &names[i]);
	}
	*n_names = n_left;
	return NULL;
}

static struct mo_error *prefetch_locked(struct mo_types *types, struct mo_type_name *names, size_t n_names)
{
	for (size_t i = 0; i < types->sources.count && n_names; i++) {
		struct mo_raw_source *source = types->sources.items[i];

		if (source->operations->prefetch)
			MO_TRY(source->operations->prefetch(source, names, n_names));
		if (i + 1 < types->sources.count)
			MO_TRY(drop_found(source, names, &n_names));
	}
	return NULL;
}

struct mo_error *mo_types_prefetch(struct mo_types *types, const struct mo_type_request *requests, size_t n_requests)
{
	MO_FREE struct mo_type_name *names = calloc(n_requests ? n_requests : 1, sizeof(*names));
	struct mo_error *error;

	if (!names)
		return mo_error_no_memory();
	for (size_t i = 0; i < n_requests; i++) {
		if (requests[i].type)
			MO_TRY(mo_type_name_parse(requests[i].type, &names[i]));
		else
			MO_TRY(mo_type_name_parse_enumerator(requests[i].enumerator, &names[i]));
	}
	pthread_mutex_lock(&types->lock);
	error = prefetch_locked(types, names, n_requests);
	pthread_mutex_unlock(&types->lock);
	return error;
}

bool mo_types_is_partial(const struct mo_types *types)
{
	return types->sources.items[0]->is_partial;
}

const char *mo_types_describe(const struct mo_types *types)
{
	return types->sources.items[0]->description;
}

const char *mo_types_cache_remark(const struct mo_types *types)
{
	return types->sources.items[0]->remark;
}

void mo_types_save_cache(struct mo_types *types)
{
	pthread_mutex_lock(&types->lock);
	for (size_t i = 0; i < types->sources.count; i++) {
		if (types->sources.items[i]->operations->save)
			types->sources.items[i]->operations->save(types->sources.items[i]);
	}
	pthread_mutex_unlock(&types->lock);
}
