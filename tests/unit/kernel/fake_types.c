/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "fake_types.h"

#include <memopsy/types.h>

#include "elf_file.h"
#include "symbol_source.h"
#include "type_source.h"

/* A struct, and each member with its element. */
struct fake_member {
	const struct mo_fake_row *row;
	struct mo_type element;
	struct mo_type array;
};

struct fake_struct {
	const char *name;
	struct mo_type type;
};

struct mo_types {
	const struct mo_fake *fake;
	struct fake_struct *structs;
	size_t n_structs;
	struct fake_member *members;
	size_t n_members;
	struct mo_type *enums;       /* one for each enumerator's enum at most */
	size_t n_enums;
	struct mo_type_enumerator *enumerators;
};

void *mo_fake_allocate(size_t n, size_t bytes)
{
	void *memory = calloc(n ? n : 1, bytes);

	if (!memory)
		abort();
	return memory;
}

static struct fake_struct *find_struct(const struct mo_types *types, const char *name)
{
	size_t i;

	for (i = 0; i < types->n_structs; i++)
		if (!strcmp(types->structs[i].name, name))
			return &types->structs[i];
	return NULL;
}

static void add_row(struct mo_types *types, const struct mo_fake_row *row)
{
	struct fake_struct *found = find_struct(types, row->type);
	struct fake_member *member;

	if (!found) {
		found = &types->structs[types->n_structs++];
		found->name = row->type;
		found->type = (struct mo_type){ .kind = MO_TYPE_STRUCT, .name = row->type };
	}
	if (!row->member) {
		found->type.size_bytes = row->bytes;
		return;
	}
	member = &types->members[types->n_members++];
	member->row = row;
	member->element = (struct mo_type){ .kind = MO_TYPE_INT, .name = "number", .size_bytes = row->bytes,
					    .is_signed = row->is_signed };
	if (row->bytes != 1 && row->bytes != 2 && row->bytes != 4 && row->bytes != 8)
		member->element.kind = MO_TYPE_UNION; /* a struct or union: no number */
	member->array = (struct mo_type){ .kind = MO_TYPE_ARRAY, .target = &member->element,
					  .size_bytes = row->bytes * row->n_elements,
					  .array_length = row->n_elements, .is_flexible = row->is_flexible };
}

static const struct mo_type *find_enum(const struct mo_types *types, const char *name)
{
	for (size_t i = 0; i < types->n_enums; i++)
		if (!strcmp(types->enums[i].name, name))
			return &types->enums[i];
	return NULL;
}

/* Enums by their names, of what the enumerators' rows say. */
static void add_enums(struct mo_types *types)
{
	const struct mo_fake *fake = types->fake;
	size_t n = 0;

	types->enums = mo_fake_allocate(fake->n_enumerators, sizeof(*types->enums));
	types->enumerators = mo_fake_allocate(fake->n_enumerators, sizeof(*types->enumerators));
	for (size_t i = 0; i < fake->n_enumerators; i++) {
		const char *name = fake->enumerators[i].enum_name;
		struct mo_type *type = &types->enums[types->n_enums];

		if (!name || find_enum(types, name))
			continue;
		*type = (struct mo_type){ .kind = MO_TYPE_ENUM, .name = name, .size_bytes = 4,
					  .enumerators = &types->enumerators[n] };
		for (size_t j = i; j < fake->n_enumerators; j++)
			if (fake->enumerators[j].enum_name && !strcmp(fake->enumerators[j].enum_name, name)) {
				types->enumerators[n].name = fake->enumerators[j].name;
				types->enumerators[n++].value = fake->enumerators[j].value;
				type->n_enumerators++;
			}
		types->n_enums++;
	}
}

struct mo_types *mo_fake_types_create(const struct mo_fake *fake)
{
	struct mo_types *types = mo_fake_allocate(1, sizeof(*types));
	size_t n_rows = fake->n_rows + fake->n_more_rows;
	size_t i;

	types->fake = fake;
	types->structs = mo_fake_allocate(n_rows, sizeof(*types->structs));
	types->members = mo_fake_allocate(n_rows, sizeof(*types->members));
	for (i = 0; i < fake->n_rows; i++)
		add_row(types, &fake->rows[i]);
	for (i = 0; i < fake->n_more_rows; i++)
		add_row(types, &fake->more_rows[i]);
	add_enums(types);
	return types;
}

void mo_fake_types_destroy(struct mo_types *types)
{
	free(types->structs);
	free(types->members);
	free(types->enums);
	free(types->enumerators);
	free(types);
}

struct mo_error *mo_types_find(struct mo_types *types, const char *name, const struct mo_type **ret)
{
	const struct fake_struct *found = find_struct(types, name);
	const struct mo_type *type = found ? &found->type : find_enum(types, name);

	if (!type)
		return mo_error_create(MO_E_ABSENT, "there is no %s", name);
	*ret = type;
	return NULL;
}

struct mo_error *mo_types_complete(struct mo_types *types, const struct mo_type *type, const struct mo_type **ret)
{
	(void)types;
	*ret = type;
	return NULL;
}

struct mo_error *mo_types_find_member(struct mo_types *types, const struct mo_type *type, const char *path,
				      struct mo_type_path *ret)
{
	size_t i;

	for (i = 0; i < types->n_members; i++) {
		const struct fake_member *member = &types->members[i];

		if (strcmp(member->row->type, type->name) || strcmp(member->row->member, path))
			continue;
		*ret = (struct mo_type_path){
			.type = member->row->n_elements || member->row->is_flexible ? &member->array : &member->element,
			.offset_bits = member->row->offset_bytes * 8 + member->row->first_bit,
			.bitfield_bits = member->row->n_bits,
		};
		return NULL;
	}
	return mo_error_create(MO_E_ABSENT, "%s has no member %s", type->name, path);
}

struct mo_error *mo_types_find_enumerator(struct mo_types *types, const char *enum_name, const char *name, int64_t *ret)
{
	size_t i;

	for (i = 0; i < types->fake->n_enumerators; i++) {
		const struct mo_fake_enumerator *row = &types->fake->enumerators[i];

		if (strcmp(row->name, name) || (enum_name && strcmp(row->enum_name, enum_name)))
			continue;
		*ret = row->value;
		return NULL;
	}
	return mo_error_create(MO_E_ABSENT, "there is no enumerator %s", name);
}

const struct mo_type *mo_type_strip(const struct mo_type *type)
{
	return type;
}

struct mo_error *mo_types_prefetch(struct mo_types *types, const struct mo_type_request *requests, size_t n_requests)
{
	(void)types;
	(void)requests;
	(void)n_requests;
	return NULL;
}

struct mo_error *mo_types_add_btf_module(struct mo_types *types, const char *module, const void *bytes, size_t n_bytes)
{
	(void)types;
	(void)module;
	(void)bytes;
	return n_bytes ? NULL : mo_error_create(MO_E_CORRUPT, "empty BTF");
}

/* A fake has no files. */

struct mo_error *mo_types_add_dwarf_module(struct mo_types *types, const char *module, struct mo_elf *elf)
{
	(void)types;
	(void)elf;
	return mo_error_create(MO_E_ABSENT, "no debug information for module %s", module);
}

struct mo_error *mo_elf_find_module_debug(const char *release, const char *module, const char *build_id,
					  const char *const *roots, struct mo_elf **ret)
{
	(void)release;
	(void)build_id;
	(void)roots;
	(void)ret;
	return mo_error_create(MO_E_ABSENT, "no file for module %s", module);
}

void mo_elf_close(struct mo_elf *elf)
{
	(void)elf;
}

/* Symbols: rows, and what modules brought. */
struct mo_symbols {
	const struct mo_fake *fake;
	struct mo_symbol *added;
	size_t n_added;
};

struct mo_symbols *mo_fake_symbols_create(const struct mo_fake *fake)
{
	struct mo_symbols *symbols = mo_fake_allocate(1, sizeof(*symbols));

	symbols->fake = fake;
	return symbols;
}

void mo_fake_symbols_destroy(struct mo_symbols *symbols)
{
	size_t i;

	for (i = 0; i < symbols->n_added; i++) {
		free((char *)symbols->added[i].name);
		free((char *)symbols->added[i].module);
	}
	free(symbols->added);
	free(symbols);
}

static char *copy(const char *text)
{
	char *copied = strdup(text);

	if (!copied)
		abort();
	return copied;
}

struct mo_error *mo_symbols_add_module(struct mo_symbols *symbols, const char *module, const struct mo_symbol *entries,
				       size_t n_entries)
{
	struct mo_symbol *all = mo_fake_allocate(symbols->n_added + n_entries, sizeof(*all));
	size_t i;

	if (symbols->n_added)
		memcpy(all, symbols->added, symbols->n_added * sizeof(*all));
	for (i = 0; i < n_entries; i++) {
		all[symbols->n_added + i] = entries[i];
		all[symbols->n_added + i].name = copy(entries[i].name);
		all[symbols->n_added + i].module = copy(module);
	}
	free(symbols->added);
	symbols->added = all;
	symbols->n_added += n_entries;
	return NULL;
}

size_t mo_symbols_count(const struct mo_symbols *symbols)
{
	return symbols->fake->n_symbols + symbols->n_added;
}

void mo_symbols_get(const struct mo_symbols *symbols, size_t index, struct mo_symbol *ret)
{
	if (index >= symbols->fake->n_symbols) {
		*ret = symbols->added[index - symbols->fake->n_symbols];
		return;
	}
	*ret = (struct mo_symbol){ .name = symbols->fake->symbols[index].name,
				   .value_kva = symbols->fake->symbols[index].kva,
				   .size_bytes = symbols->fake->symbols[index].bytes,
				   .type = 'D' };
	if (ret->value_kva >= symbols->fake->first_text_kva && ret->value_kva < symbols->fake->end_text_kva)
		ret->type = 'T';
}

struct mo_error *mo_symbols_find(const struct mo_symbols *symbols, const char *module, const char *name,
				 struct mo_symbol *ret, size_t *n_same)
{
	size_t n_found = 0;
	size_t i;

	for (i = 0; i < mo_symbols_count(symbols); i++) {
		struct mo_symbol symbol;

		mo_symbols_get(symbols, i, &symbol);
		if (strcmp(symbol.name, name) || (module && (!symbol.module || strcmp(symbol.module, module))))
			continue;
		if (!n_found++)
			*ret = symbol;
	}
	if (!n_found)
		return mo_error_create(MO_E_ABSENT, "there is no symbol %s", name);
	if (n_same)
		*n_same = n_found;
	return NULL;
}

struct mo_error *mo_symbols_at(const struct mo_symbols *symbols, uint64_t kva, struct mo_symbol *ret)
{
	size_t i;

	for (i = 0; i < mo_symbols_count(symbols); i++) {
		struct mo_symbol symbol;

		mo_symbols_get(symbols, i, &symbol);
		if (kva - symbol.value_kva < symbol.size_bytes) {
			*ret = symbol;
			return NULL;
		}
	}
	return mo_error_create(MO_E_ABSENT, "0x%llx is in no symbol", (unsigned long long)kva);
}
