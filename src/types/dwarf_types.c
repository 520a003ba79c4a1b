/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * DWARF as a source of types: a table of what was asked for so far, filled from the cache, or from the DWARF when a
 * name is not in it.
 */
#include <stdio.h>

#include <memopsy/progress.h>

#include "btf.h"
#include "cleanup.h"
#include "dwarf_extract.h"
#include "dwarf_file.h"
#include "dwarf_scan.h"
#include "elf_file.h"
#include "type_cache.h"
#include "type_model.h"
#include "type_table.h"

struct dwarf_types {
	struct mo_raw_source source; /* first: the operations cast back */
	struct mo_elf *elf;          /* the caller's, or own_elf */
	struct mo_elf *own_elf;      /* a separate debug file; NULL: none */
	struct mo_dwarf_file *file;  /* opened when the first name is not in the table */
	struct mo_type_table table;
	struct mo_progress *progress;
	char *cache_path;            /* NULL: no cache */
	const char *build_id;
	char *remark;
};

static struct dwarf_types *dwarf_of(struct mo_raw_source *source)
{
	return (struct dwarf_types *)source;
}

/* Takes an error as the remark on the cache. */
static void set_remark(struct dwarf_types *dwarf, struct mo_error *error)
{
	free(dwarf->remark);
	dwarf->remark = strdup(mo_error_text(error));
	dwarf->source.remark = dwarf->remark;
	mo_error_destroy(error);
}

static struct mo_error *need_file(struct dwarf_types *dwarf)
{
	return dwarf->file ? NULL : mo_dwarf_file_open(dwarf->elf, &dwarf->file);
}

/*
 * A vmlinux that has BTF lists all its types there, by name: a name that BTF does not have need not be looked for in
 * every unit. NULL: no BTF, or none that can be read to its end.
 */
static struct mo_btf *open_proof(struct mo_elf *elf)
{
	struct mo_elf_section section;
	struct mo_btf *btf = NULL;
	struct mo_error *error;

	if (mo_elf_is_relocatable(elf) || !mo_elf_has_section(elf, ".BTF"))
		return NULL;
	error = mo_elf_section_named(elf, ".BTF", &section);
	if (!error && section.bytes)
		error = mo_btf_open(NULL, section.bytes, section.n_bytes, &btf);
	mo_error_destroy(error);
	if (btf && btf->is_cut) {
		mo_btf_destroy(btf);
		return NULL;
	}
	return btf;
}

static bool is_proven_absent(struct mo_btf *btf, const struct mo_type_name *name)
{
	uint32_t id = 0;
	struct mo_error *error = btf ? mo_btf_find(btf, name, &id) : NULL;
	bool is_known = btf && !error;

	mo_error_destroy(error);
	return is_known && !id;
}

/* Leaves out of `names` what the table knows and what is proven absent. */
static struct mo_error *sort_out(struct dwarf_types *dwarf, const struct mo_type_name *names, size_t n_names,
				 const struct mo_type_name **wanted, size_t *n_wanted)
{
	struct mo_btf *proof = NULL;
	struct mo_error *error = NULL;
	uint32_t id;

	*n_wanted = 0;
	for (size_t i = 0; i < n_names; i++) {
		if (!mo_type_table_root(&dwarf->table, names[i].key, &id))
			wanted[(*n_wanted)++] = &names[i];
	}
	if (!*n_wanted)
		return NULL;
	proof = open_proof(dwarf->elf);
	for (size_t i = 0; proof && i < *n_wanted && !error;) {
		/* Of variables BTF has at most the per-CPU ones. */
		if (wanted[i]->space == MO_NAME_VARIABLE || !is_proven_absent(proof, wanted[i])) {
			i++;
			continue;
		}
		error = mo_type_table_add_root(&dwarf->table, wanted[i]->key, 0);
		wanted[i] = wanted[--*n_wanted];
	}
	if (proof)
		mo_btf_destroy(proof);
	return error;
}

/* By unit, so that each is opened once. */
static int compare_requests(const void *left, const void *right)
{
	const struct mo_dwarf_request *a = *(struct mo_dwarf_request *const *)left;
	const struct mo_dwarf_request *b = *(struct mo_dwarf_request *const *)right;
	uint64_t a_unit = atomic_load(&a->found_unit);
	uint64_t b_unit = atomic_load(&b->found_unit);

	if (a_unit != b_unit)
		return a_unit < b_unit ? -1 : 1;
	return a->found_offset < b->found_offset ? -1 : a->found_offset > b->found_offset;
}

/* Requests that were found in one unit, or (unit MO_NOT_FOUND) not at all. */
static struct mo_error *take_unit(struct dwarf_types *dwarf, uint64_t unit, struct mo_dwarf_request *const *requests,
				  size_t n_requests)
{
	MO_FREE uint64_t *offsets = calloc(n_requests, sizeof(*offsets));
	MO_FREE uint32_t *ids = calloc(n_requests, sizeof(*ids));

	if (!offsets || !ids)
		return mo_error_no_memory();
	for (size_t i = 0; i < n_requests; i++)
		offsets[i] = requests[i]->found_offset;
	if (unit != MO_NOT_FOUND)
		MO_TRY(mo_dwarf_extract(dwarf->file, &dwarf->file->units.items[unit], &dwarf->table, offsets, n_requests,
					ids));
	for (size_t i = 0; i < n_requests; i++)
		MO_TRY(mo_type_table_add_root(&dwarf->table, requests[i]->name->key, ids[i]));
	return NULL;
}

static struct mo_error *scan_and_take(struct dwarf_types *dwarf, struct mo_dwarf_names *names)
{
	MO_FREE struct mo_dwarf_request **sorted = calloc(names->n_requests, sizeof(*sorted));
	size_t first = 0;

	if (!sorted)
		return mo_error_no_memory();
	MO_TRY(mo_dwarf_scan(names, dwarf->progress));
	for (size_t i = 0; i < names->n_requests; i++)
		sorted[i] = &names->requests[i];
	qsort(sorted, names->n_requests, sizeof(struct mo_dwarf_request *), compare_requests);
	while (first < names->n_requests) {
		uint64_t unit = atomic_load(&sorted[first]->found_unit);
		size_t end = first + 1;

		while (end < names->n_requests && atomic_load(&sorted[end]->found_unit) == unit)
			end++;
		MO_TRY(take_unit(dwarf, unit, sorted + first, end - first));
		first = end;
	}
	return NULL;
}

static struct mo_error *dwarf_prefetch(struct mo_raw_source *source, const struct mo_type_name *names, size_t n_names)
{
	struct dwarf_types *dwarf = dwarf_of(source);
	MO_FREE const struct mo_type_name **wanted = calloc(n_names ? n_names : 1, sizeof(*wanted));
	struct mo_dwarf_names sought;
	struct mo_error *error;
	size_t n_wanted;

	if (!wanted)
		return mo_error_no_memory();
	MO_TRY(sort_out(dwarf, names, n_names, wanted, &n_wanted));
	if (!n_wanted)
		return NULL;
	MO_TRY(need_file(dwarf));
	error = mo_dwarf_names_init(&sought, dwarf->file, wanted, n_wanted);
	if (!error)
		error = scan_and_take(dwarf, &sought);
	mo_dwarf_names_deinit(&sought);
	return mo_error_prepend(error, "cannot read the debug information");
}

static struct mo_error *dwarf_find(struct mo_raw_source *source, const struct mo_type_name *name, uint32_t *ret)
{
	struct dwarf_types *dwarf = dwarf_of(source);

	if (mo_type_table_root(&dwarf->table, name->key, ret))
		return NULL;
	MO_TRY(dwarf_prefetch(source, name, 1));
	if (!mo_type_table_root(&dwarf->table, name->key, ret))
		*ret = 0;
	return NULL;
}

static const struct mo_dwarf_unit *unit_of(const struct mo_dwarf_file *file, uint64_t offset)
{
	for (size_t i = 0; i < file->units.count; i++) {
		if (offset > file->units.items[i].offset && offset < file->units.items[i].end_offset)
			return &file->units.items[i];
	}
	return NULL;
}

static struct mo_error *take_at(struct dwarf_types *dwarf, uint64_t offset, uint32_t *ret)
{
	const struct mo_dwarf_unit *unit;

	MO_TRY(need_file(dwarf));
	unit = unit_of(dwarf->file, offset);
	if (!unit)
		return mo_error_create(MO_E_CORRUPT, "%s has no unit at 0x%llx", dwarf->file->path,
				       (unsigned long long)offset);
	return mo_dwarf_extract(dwarf->file, unit, &dwarf->table, &offset, 1, ret);
}

/* The unit that points to a struct may define it; only then is its own definition the right one for sure. */
static struct mo_error *dwarf_complete(struct mo_raw_source *source, uint32_t id, uint32_t *ret)
{
	struct dwarf_types *dwarf = dwarf_of(source);
	struct mo_table_type *type;
	uint32_t full;

	*ret = mo_type_table_full(&dwarf->table, id);
	if (*ret)
		return NULL;
	type = &dwarf->table.types.items[id];
	if (type->origin.how != MO_BUILD_SHALLOW || type->origin.offset == MO_NO_ORIGIN || !type->raw.size_bytes)
		return NULL;
	MO_TRY(take_at(dwarf, type->origin.offset, &full));
	if (!dwarf->table.types.items[full].raw.is_incomplete) {
		dwarf->table.types.items[id].full_id = full;
		*ret = full;
	}
	return NULL;
}

static struct mo_error *dwarf_get(struct mo_raw_source *source, uint32_t id, struct mo_raw_type *ret)
{
	return mo_type_table_get(&dwarf_of(source)->table, id, ret);
}

static struct mo_error *dwarf_member(struct mo_raw_source *source, uint32_t id, uint32_t index,
				     struct mo_raw_member *ret)
{
	return mo_type_table_member(&dwarf_of(source)->table, id, index, ret);
}

static struct mo_error *dwarf_enumerator(struct mo_raw_source *source, uint32_t id, uint32_t index,
					 struct mo_type_enumerator *ret)
{
	return mo_type_table_enumerator(&dwarf_of(source)->table, id, index, ret);
}

static void dwarf_save(struct mo_raw_source *source)
{
	struct dwarf_types *dwarf = dwarf_of(source);
	struct mo_error *error;

	if (!dwarf->cache_path || !dwarf->table.is_changed)
		return;
	error = mo_type_cache_save(dwarf->cache_path, dwarf->build_id, &dwarf->table);
	dwarf->table.is_changed = false; /* failing once is enough */
	if (error)
		set_remark(dwarf, mo_error_prepend(error, "the type cache could not be written"));
}

static void dwarf_destroy(struct mo_raw_source *source)
{
	struct dwarf_types *dwarf = dwarf_of(source);

	mo_dwarf_file_close(dwarf->file);
	mo_type_table_deinit(&dwarf->table);
	mo_elf_close(dwarf->own_elf);
	free(dwarf->cache_path);
	free(dwarf->remark);
	free(dwarf);
}

static const struct mo_raw_operations dwarf_operations = {
	.get = dwarf_get,
	.member = dwarf_member,
	.enumerator = dwarf_enumerator,
	.find = dwarf_find,
	.complete = dwarf_complete,
	.prefetch = dwarf_prefetch,
	.save = dwarf_save,
	.destroy = dwarf_destroy,
};

static struct mo_error *find_debug_file(struct dwarf_types *dwarf, struct mo_elf *elf)
{
	struct mo_error *error;

	dwarf->elf = elf;
	if (mo_elf_has_section(elf, ".debug_info"))
		return NULL;
	error = mo_elf_open_separate_debug(elf, NULL, &dwarf->own_elf);
	if (error)
		return mo_error_prepend(error, "%s has no debug information of its own", mo_elf_path(elf));
	dwarf->elf = dwarf->own_elf;
	if (mo_elf_has_section(dwarf->own_elf, ".debug_info"))
		return NULL;
	return mo_error_create(MO_E_ABSENT, "%s and its debug file %s have no debug information", mo_elf_path(elf),
			       mo_elf_path(dwarf->own_elf));
}

static struct mo_error *create(struct mo_elf *elf, struct dwarf_types **ret)
{
	struct dwarf_types *dwarf = calloc(1, sizeof(*dwarf));
	struct mo_error *error;

	if (!dwarf)
		return mo_error_no_memory();
	dwarf->source.operations = &dwarf_operations;
	dwarf->source.first_id = 1;
	error = mo_type_table_init(&dwarf->table);
	if (!error)
		error = find_debug_file(dwarf, elf);
	if (!error && asprintf(&dwarf->source.description, "DWARF of %s", mo_elf_path(dwarf->elf)) < 0) {
		dwarf->source.description = NULL;
		error = mo_error_no_memory();
	}
	if (error) {
		dwarf_destroy(&dwarf->source);
		return error;
	}
	*ret = dwarf;
	return NULL;
}

static void load_cache(struct dwarf_types *dwarf, struct mo_elf *elf, const char *cache_dir)
{
	struct mo_error *error;

	dwarf->build_id = mo_elf_build_id(elf);
	if (!cache_dir)
		return;
	if (!dwarf->build_id) {
		set_remark(dwarf, mo_error_create(MO_E_ABSENT, "%s has no build-id, so nothing is cached", mo_elf_path(elf)));
		return;
	}
	dwarf->cache_path = mo_type_cache_path(cache_dir, dwarf->build_id);
	if (!dwarf->cache_path)
		return;
	error = mo_type_cache_load(dwarf->cache_path, dwarf->build_id, &dwarf->table);
	if (!error || mo_error_catch(&error, MO_E_ABSENT))
		return;
	set_remark(dwarf, mo_error_prepend(error, "the type cache is rebuilt"));
}

struct mo_error *mo_types_open_dwarf(struct mo_elf *elf, const char *cache_dir, struct mo_progress *progress,
				     struct mo_types **ret)
{
	struct dwarf_types *dwarf;

	MO_TRY(create(elf, &dwarf));
	dwarf->progress = progress;
	load_cache(dwarf, elf, cache_dir);
	return mo_types_create(&dwarf->source, ret);
}

struct mo_error *mo_types_add_dwarf_module(struct mo_types *types, const char *module, struct mo_elf *elf)
{
	struct dwarf_types *dwarf;
	struct mo_error *error = create(elf, &dwarf);

	if (error)
		return mo_error_prepend(error, "cannot read the types of module %s", module);
	return mo_types_add_source(types, &dwarf->source);
}
