/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Symbols of the kernel and its modules: by name, by address, in order. */
#include "symbol_source.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <memopsy/containers.h>

#include "cleanup.h"
#include "symbol_table.h"
#include "text.h"

/* A symbol without a size (a label in assembly) stands for what follows, but not for all memory behind the last. */
#define UNSIZED_REACH_BYTES (UINT64_C(64) << 10)

/* Symbols nest a few deep; in a damaged table no walk is longer than this. */
#define MAX_NESTING 256
#define MAX_ALIASES 256

void mo_symbol_part_deinit(struct mo_symbol_part *part)
{
	if (part->map.bytes) {
		mo_unmap_file(&part->map);
	} else {
		free((void *)part->records);
		free((void *)part->names);
		mo_name_index_deinit(&part->index);
	}
	free(part->module);
}

struct mo_error *mo_symbols_create(struct mo_symbol_part *part, struct mo_symbols **ret, const char *format, ...)
{
	struct mo_symbols *symbols = calloc(1, sizeof(*symbols));
	struct mo_text description = MO_TEXT_EMPTY;
	va_list arguments;

	va_start(arguments, format);
	mo_text_vprintf(&description, format, arguments);
	va_end(arguments);
	if (symbols)
		symbols->description = mo_text_take(&description);
	if (!symbols || !symbols->description || !mo_vector_append(&symbols->parts, *part)) {
		mo_text_deinit(&description);
		mo_symbol_part_deinit(part);
		mo_symbols_destroy(symbols);
		return mo_error_no_memory();
	}
	*ret = symbols;
	return NULL;
}

struct mo_error *mo_symbols_load_none(struct mo_symbols **ret)
{
	struct mo_symbol_part none = { .n_records = 0 };

	return mo_symbols_create(&none, ret, "nothing");
}

void mo_symbols_destroy(struct mo_symbols *symbols)
{
	if (!symbols)
		return;
	for (size_t i = 0; i < symbols->parts.count; i++)
		mo_symbol_part_deinit(&symbols->parts.items[i]);
	mo_vector_deinit(&symbols->parts);
	free(symbols->description);
	free(symbols);
}

const char *mo_symbols_describe(const struct mo_symbols *symbols)
{
	return symbols->description;
}

bool mo_symbols_is_partial(const struct mo_symbols *symbols)
{
	return symbols->is_partial;
}

/* The type character and name of a record, which may come from a damaged cache file. */
static const char *typed_name(const struct mo_symbol_part *part, const struct mo_symbol_record *record)
{
	return (size_t)record->name + 1 < part->n_names_bytes ? part->names + record->name : "?";
}

static const char *name_of(const struct mo_symbol_part *part, const struct mo_symbol_record *record)
{
	return typed_name(part, record) + 1;
}

/* "?" has nothing behind it but its terminator, so that a name is always there. */
static void fill(const struct mo_symbol_part *part, size_t number, struct mo_symbol *ret)
{
	const struct mo_symbol_record *record = &part->records[number];
	bool is_address = number >= part->n_low && number - part->n_low < part->n_addresses;

	*ret = (struct mo_symbol){
		.name = name_of(part, record),
		.module = part->module,
		.value_kva = record->value + (is_address ? part->slide : 0),
		.size_bytes = record->size_bytes,
		.type = *typed_name(part, record),
	};
}

size_t mo_symbols_count(const struct mo_symbols *symbols)
{
	size_t count = 0;

	for (size_t i = 0; i < symbols->parts.count; i++)
		count += symbols->parts.items[i].n_records;
	return count;
}

void mo_symbols_get(const struct mo_symbols *symbols, size_t index, struct mo_symbol *ret)
{
	for (size_t i = 0; i < symbols->parts.count; i++) {
		const struct mo_symbol_part *part = &symbols->parts.items[i];

		if (index < part->n_records) {
			fill(part, index, ret);
			return;
		}
		index -= part->n_records;
	}
	*ret = (struct mo_symbol){ .name = "", .type = '?' };
}

/* Counts the symbols of that name in a part; the first one's number is stored. */
static size_t find_in_part(const struct mo_symbol_part *part, const char *name, uint64_t hash, size_t *first)
{
	size_t n_found = 0;
	size_t cursor = 0;
	uint32_t number;

	while (mo_name_index_next(&part->index, hash, &cursor, &number)) {
		if (number >= part->n_records || strcmp(name_of(part, &part->records[number]), name) != 0)
			continue;
		if (n_found++ == 0)
			*first = number;
	}
	return n_found;
}

/* "virtio-net" and "virtio_net" are one module. */
static bool is_module_name(const char *module, const char *wanted)
{
	while (*module && (*module == '-' ? '_' : *module) == (*wanted == '-' ? '_' : *wanted))
		module++, wanted++;
	return *module == '\0' && *wanted == '\0';
}

static bool is_wanted_part(const struct mo_symbol_part *part, const char *module)
{
	if (!module)
		return true;
	return part->module ? is_module_name(part->module, module) : *module == '\0';
}

struct mo_error *mo_symbols_find(const struct mo_symbols *symbols, const char *module, const char *name,
				 struct mo_symbol *ret, size_t *n_same)
{
	uint64_t hash = mo_name_hash(name, strlen(name));
	bool has_module = false;
	size_t n_all = 0;

	for (size_t i = 0; i < symbols->parts.count; i++) {
		const struct mo_symbol_part *part = &symbols->parts.items[i];
		size_t first = 0, n_found;

		if (!is_wanted_part(part, module))
			continue;
		has_module = true;
		n_found = find_in_part(part, name, hash, &first);
		if (n_found && n_all == 0)
			fill(part, first, ret);
		n_all += n_found;
	}
	if (n_all == 0 && !has_module)
		return mo_error_create(MO_E_ABSENT, "no symbol %s: no symbols of a module %s are loaded", name, module);
	if (n_all == 0)
		return mo_error_create(MO_E_ABSENT, "no symbol %s in %s%s%s", name, module && *module ? "module " : "",
				       module && *module ? module : "the ",
				       module && *module ? "" : symbols->description);
	if (n_same)
		*n_same = n_all;
	return NULL;
}

/* How well a symbol answers for an address. */
enum fit {
	FIT_NONE = 0,
	FIT_BEFORE = 1, /* the nearest below, without a size */
	FIT_INSIDE = 2, /* within its size */
	FIT_START = 3,  /* its very address */
};

/* Among symbols of one address: sized before unsized, global before weak before local, plain names first. */
static unsigned rank(const struct mo_symbol_part *part, const struct mo_symbol_record *record)
{
	const char *name = typed_name(part, record);
	bool is_weak = *name == 'W' || *name == 'V' || *name == 'w' || *name == 'v';
	unsigned n_underscores = (unsigned)strspn(name[0] ? name + 1 : name, "_");

	return (record->size_bytes ? 64u : 0u) + (is_weak ? 16u : isupper((unsigned char)*name) ? 32u : 0u) +
	       (n_underscores < 15 ? 15u - n_underscores : 0u);
}

/*
 * The best answer for `value` among those that share the address of record `number`, which is the last of them.
 * Those whose size does not reach it are no answer.
 */
static size_t best_alias(const struct mo_symbol_part *part, size_t first, size_t number, uint64_t value)
{
	uint64_t start = part->records[number].value;
	size_t best = number;

	for (size_t i = number, n = 0; n < MAX_ALIASES && part->records[i].value == start; n++, i--) {
		uint64_t size_bytes = part->records[i].size_bytes;

		if ((size_bytes == 0 || value - start < size_bytes) &&
		    rank(part, &part->records[i]) >= rank(part, &part->records[best]))
			best = i;
		if (i == first)
			break;
	}
	return best;
}

/* Among the records [first, first + count): the last one at or below value. false: all lie above. */
static bool search_below(const struct mo_symbol_part *part, size_t first, size_t count, uint64_t value, size_t *number)
{
	size_t n_below = mo_lower_bound(count, at, part->records[first + at].value <= value);

	*number = first + n_below - 1;
	return n_below > 0;
}

static enum fit look_up(const struct mo_symbol_part *part, size_t first, size_t count, uint64_t value, bool needs_size,
			size_t *ret)
{
	size_t below, number;

	if (!search_below(part, first, count, value, &below))
		return FIT_NONE;
	number = best_alias(part, first, below, value);
	if (part->records[number].value == value && (part->records[number].size_bytes || !needs_size)) {
		*ret = number;
		return FIT_START;
	}
	number = below;
	for (unsigned depth = 0; depth < MAX_NESTING; depth++) {
		const struct mo_symbol_record *record = &part->records[number];

		if (value - record->value < record->size_bytes) {
			*ret = best_alias(part, first, number, value);
			return FIT_INSIDE;
		}
		if (record->parent <= first || record->parent > number)
			break;
		number = record->parent - 1;
	}
	number = best_alias(part, first, below, value);
	if (needs_size || part->records[number].size_bytes || value - part->records[number].value >= UNSIZED_REACH_BYTES)
		return FIT_NONE;
	*ret = number;
	return FIT_BEFORE;
}

struct mo_error *mo_symbols_at(const struct mo_symbols *symbols, uint64_t kva, struct mo_symbol *ret)
{
	const struct mo_symbol_part *best_part = NULL;
	enum fit best = FIT_NONE;
	size_t best_number = 0, number = 0;

	for (size_t i = 0; i < symbols->parts.count; i++) {
		const struct mo_symbol_part *part = &symbols->parts.items[i];
		enum fit fit = look_up(part, part->n_low, part->n_addresses, kva - part->slide, false, &number);

		/* Fixed values: per-CPU variables have sizes; those without are plain numbers, not places. */
		if (fit == FIT_NONE)
			fit = look_up(part, 0, part->n_low, kva, true, &number);
		if (fit > best) {
			best = fit;
			best_part = part;
			best_number = number;
		}
	}
	if (best == FIT_NONE)
		return mo_error_create(MO_E_ABSENT, "no symbol covers 0x%llx in the %s", (unsigned long long)kva,
				       symbols->description);
	fill(best_part, best_number, ret);
	return NULL;
}

struct mo_error *mo_symbols_add_module(struct mo_symbols *symbols, const char *module, const struct mo_symbol *entries,
				       size_t n_entries)
{
	struct mo_symbol_builder builder = { .records = { .items = NULL } };
	struct mo_symbol_part part;
	struct mo_error *error = NULL;

	for (size_t i = 0; i < n_entries && !error; i++)
		error = mo_symbol_builder_add(&builder, entries[i].name, strlen(entries[i].name), entries[i].type,
					      entries[i].value_kva, entries[i].size_bytes, 0);
	if (error)
		mo_symbol_builder_deinit(&builder);
	else
		error = mo_symbol_builder_finish(&builder, MO_SIZES_AS_GIVEN, &part);
	if (error)
		return mo_error_prepend(error, "symbols of module %s", module);
	part.module = mo_text_from_bytes(module, strlen(module));
	if (!part.module || !mo_vector_append(&symbols->parts, part)) {
		mo_symbol_part_deinit(&part);
		return mo_error_no_memory();
	}
	return NULL;
}
