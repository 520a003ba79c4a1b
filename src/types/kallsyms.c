/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* From the kallsyms tables in the dump's memory to a symbol table. */

#include "kallsyms.h"

#include <stdlib.h>
#include <string.h>

#include "bytes.h"
#include "cleanup.h"
#include "symbol_table.h"
#include "text.h"

/* Memory for a table that claims millions of symbols is asked for as its names are read, not at once. */
#define RESERVE_SYMS (UINT32_C(256) << 10)

/* Names of a kernel are some six megabytes; no table makes us hold more than this. */
#define MAX_NAMES_BYTES (UINT32_C(256) << 20)

#define MAX_STEXT 4

/* Kernels have some 1000 groups of names; each skip reads anew. */
#define MAX_SKIPS 4096

/* A record that is not to stay; no symbol has this size. */
#define DROPPED UINT64_MAX

struct decoder {
	const struct mo_kva_source *source;
	const struct mo_kallsyms_tables *tables;
	struct mo_kallsyms_tokens tokens;
	struct mo_symbol_builder builder; /* until the addresses are known, record i is entry i of the table */
	struct mo_kallsyms_addresses addresses;
	enum mo_kallsyms_encoding encoding;
	uint32_t n_syms;
	uint32_t n_without_address;
	uint32_t n_without_name;
	const char *problem;              /* why there are fewer names than symbols; NULL: there are not */
	struct mo_error *why_cut;         /* of the first name that cannot be read */
	MO_VECTOR(uint32_t) group_offsets; /* where the names of each group of 256 begin, as far as they were read in order */
	struct mo_kallsyms_markers markers;
	bool has_markers;                 /* were looked for */
	bool is_confirmed;                /* the markers fit the names */
	unsigned n_skips;
	size_t stext_numbers[MAX_STEXT];
	size_t n_stext;
};

static struct mo_error *check_tables(const struct mo_kva_source *source, const struct mo_kallsyms_tables *tables)
{
	const char *missing = !tables->names_kva	? "kallsyms_names" :
			      !tables->num_syms_kva	? "kallsyms_num_syms" :
			      !tables->token_table_kva	? "kallsyms_token_table" :
			      !tables->token_index_kva	? "kallsyms_token_index" :
			      !tables->offsets_kva && !tables->addresses_kva ? "kallsyms_offsets or kallsyms_addresses" :
										 NULL;

	if (missing)
		return mo_error_create(MO_E_ABSENT, "no kallsyms: it is not known where %s is", missing);
	if (source->pointer_bytes != 4 && source->pointer_bytes != 8)
		return mo_error_create(MO_E_INVALID, "no kallsyms: pointers of %u bytes", source->pointer_bytes);
	return NULL;
}

/* An unsigned int; an unsigned long before 4.20, where on a big-endian machine the low half comes second. */
static struct mo_error *read_num_syms(const struct mo_kva_source *source, uint64_t kva, uint32_t *ret)
{
	uint8_t bytes[8] = { 0 };
	uint32_t n_syms;

	MO_TRY(mo_error_prepend(source->read(source->context, kva, bytes, 4), "kallsyms_num_syms at 0x%llx",
				(unsigned long long)kva));
	n_syms = mo_load_u32(bytes, source->is_big_endian);
	if (n_syms == 0 && source->is_big_endian && source->pointer_bytes == 8) {
		MO_TRY(mo_error_prepend(source->read(source->context, kva + 4, bytes + 4, 4),
					"kallsyms_num_syms at 0x%llx", (unsigned long long)kva));
		n_syms = mo_load_u32(bytes + 4, true);
	}
	if (n_syms == 0 || n_syms > MO_KALLSYMS_MAX_SYMS)
		return mo_error_create(MO_E_CORRUPT, "kallsyms_num_syms at 0x%llx is %u, not between 1 and %u",
				       (unsigned long long)kva, n_syms, MO_KALLSYMS_MAX_SYMS);
	*ret = n_syms;
	return NULL;
}

static struct mo_error *add_name(struct decoder *decoder, const char *name, size_t length)
{
	size_t number = decoder->builder.records.count;
	bool is_empty = length < 2; /* the type alone */

	if (length == 7 && memcmp(name + 1, "_stext", 6) == 0 && decoder->n_stext < MAX_STEXT)
		decoder->stext_numbers[decoder->n_stext++] = number;
	return mo_symbol_builder_add(&decoder->builder, name + 1, is_empty ? 0 : length - 1, is_empty ? '?' : name[0], 0,
				     is_empty ? DROPPED : 0, 0);
}

/* Where the next name begins. */
static uint32_t offset_of(const struct mo_kallsyms_names *names)
{
	return (uint32_t)(names->next_kva - (names->end - names->first) - names->start_kva);
}

/* The next name and what follows from it; *problem (static text) if there is none. */
static struct mo_error *decode_name(struct decoder *decoder, struct mo_kallsyms_names *names, const char **problem)
{
	char name[MO_KALLSYMS_MAX_NAME + 1 + MO_TOKEN_COPY_BYTES];
	size_t number = decoder->builder.records.count;
	const uint8_t *compressed;
	size_t n_compressed, length;

	if (number % MO_KALLSYMS_SYMS_PER_MARKER == 0 && !decoder->problem &&
	    !mo_vector_append(&decoder->group_offsets, offset_of(names)))
		return mo_error_no_memory();
	if (!mo_kallsyms_names_next(names, &compressed, &n_compressed, problem))
		return NULL;
	*problem = "a name is impossibly long";
	if (!mo_kallsyms_expand(&decoder->tokens, compressed, n_compressed, name, &length))
		return NULL;
	*problem = NULL;
	return add_name(decoder, name, length);
}

/* Whether the names of a group end where the next is marked to begin; leaves the names at the group's beginning. */
static bool is_group(const struct decoder *decoder, struct mo_kallsyms_names *names, size_t group)
{
	const uint32_t *offsets = decoder->markers.offsets;
	uint32_t end = group + 1 < decoder->markers.count ? offsets[group + 1] : MO_KALLSYMS_NO_OFFSET;
	bool is_read = true;

	mo_kallsyms_names_seek(names, offsets[group]);
	for (unsigned i = 0; i < MO_KALLSYMS_SYMS_PER_MARKER && is_read; i++) {
		const uint8_t *compressed;
		const char *problem;
		size_t n_compressed;

		is_read = mo_kallsyms_names_next(names, &compressed, &n_compressed, &problem);
	}
	is_read = is_read && offset_of(names) == end;
	mo_kallsyms_names_seek(names, offsets[group]);
	return is_read;
}

/*
 * Goes on with the next group of names whose beginning is known, and leaves those before without one. *is_done: there is
 * no such group. The markers are believed once they have told what was read, too.
 */
static struct mo_error *skip_names(struct decoder *decoder, struct mo_kallsyms_names *names, bool *is_done)
{
	size_t number = decoder->builder.records.count;
	size_t group = number / MO_KALLSYMS_SYMS_PER_MARKER + 1;
	const struct mo_kallsyms_markers *markers = &decoder->markers;

	if (!decoder->has_markers)
		mo_kallsyms_markers_find(decoder->source, decoder->tables, decoder->n_syms, decoder->group_offsets.items,
					 decoder->group_offsets.count, &decoder->markers);
	decoder->has_markers = true;
	decoder->is_confirmed |= decoder->group_offsets.count > 1;
	for (; markers->offsets && group < markers->count; group++) {
		if (markers->offsets[group] == MO_KALLSYMS_NO_OFFSET)
			continue;
		decoder->is_confirmed = decoder->is_confirmed || is_group(decoder, names, group);
		if (decoder->is_confirmed)
			break;
	}
	*is_done = !markers->offsets || group >= markers->count || decoder->n_skips++ == MAX_SKIPS;
	if (*is_done)
		return NULL;
	for (; number < group * MO_KALLSYMS_SYMS_PER_MARKER; number++) {
		MO_TRY(add_name(decoder, "?", 1));
		decoder->n_without_name++;
	}
	mo_kallsyms_names_seek(names, markers->offsets[group]);
	return NULL;
}

/* All names in the order of the table, or as many as can be read. */
static struct mo_error *decode_names(struct decoder *decoder, struct mo_kallsyms_names *names)
{
	uint32_t n_expected = decoder->n_syms < RESERVE_SYMS ? decoder->n_syms : RESERVE_SYMS;
	bool is_done = false;

	MO_TRY(mo_symbol_builder_reserve(&decoder->builder, n_expected, (size_t)n_expected * 32));
	while (decoder->builder.records.count < decoder->n_syms && !is_done) {
		const char *problem = NULL;

		MO_TRY(decode_name(decoder, names, &problem));
		if (decoder->builder.names.count > MAX_NAMES_BYTES) {
			problem = "the names are impossibly many";
			is_done = true;
		}
		if (problem && !decoder->problem) {
			decoder->problem = problem;
			decoder->why_cut = names->is_cut ? mo_take(names->why) : NULL;
		}
		if (problem && !is_done)
			MO_TRY(skip_names(decoder, names, &is_done));
	}
	return NULL;
}

static struct mo_error *read_names(struct decoder *decoder)
{
	struct mo_kallsyms_names names;
	struct mo_error *error;

	MO_TRY(mo_kallsyms_names_init(decoder->source, decoder->tables->names_kva, &names));
	error = decode_names(decoder, &names);
	if (!error && decoder->builder.records.count == decoder->n_without_name)
		error = decoder->why_cut ? mo_take(decoder->why_cut) : mo_error_create(MO_E_CORRUPT, "%s", decoder->problem);
	mo_kallsyms_names_deinit(&names);
	return mo_error_prepend(error, "kallsyms_names at 0x%llx", (unsigned long long)decoder->tables->names_kva);
}

/* Whether _stext comes out where it is. What was tried in vain is appended to `tried`. */
static bool gives_stext(const struct decoder *decoder, enum mo_kallsyms_encoding encoding, struct mo_text *tried)
{
	for (size_t i = 0; i < decoder->n_stext; i++) {
		uint64_t kva;

		if (mo_kallsyms_is_missing(&decoder->addresses, decoder->stext_numbers[i]))
			continue;
		kva = mo_kallsyms_address(&decoder->addresses, encoding, decoder->stext_numbers[i]);
		if (kva == decoder->tables->stext_kva)
			return true;
		mo_text_printf(tried, "%s%s 0x%llx", tried->length ? ", " : "", mo_kallsyms_encoding_name(encoding),
			       (unsigned long long)kva);
	}
	return false;
}

/* The encodings in the order in which the weaker test may believe them: the last ones pass with much else. */
static struct mo_error *choose_encoding(struct decoder *decoder)
{
	static const enum mo_kallsyms_encoding order[MO_KALLSYMS_N_ENCODINGS] = {
		MO_KALLSYMS_ABSOLUTE, MO_KALLSYMS_ABSOLUTE_PERCPU, MO_KALLSYMS_BASE_RELATIVE, MO_KALLSYMS_PLACE_RELATIVE,
		MO_KALLSYMS_PLAIN,
	};
	MO_CLEANUP(mo_cleanup_text) struct mo_text tried = MO_TEXT_EMPTY;

	for (size_t i = 0; i < MO_KALLSYMS_N_ENCODINGS && decoder->tables->stext_kva; i++) {
		if (mo_kallsyms_is_possible(&decoder->addresses, order[i]) && gives_stext(decoder, order[i], &tried)) {
			decoder->encoding = order[i];
			return NULL;
		}
	}
	if (tried.length > 0)
		return mo_error_create(MO_E_CORRUPT, "kallsyms: no encoding puts _stext at 0x%llx: %s",
				       (unsigned long long)decoder->tables->stext_kva, mo_text_chars(&tried));
	for (size_t i = 0; i < MO_KALLSYMS_N_ENCODINGS; i++) {
		if (mo_kallsyms_is_possible(&decoder->addresses, order[i]) && mo_kallsyms_gives_order(&decoder->addresses, order[i])) {
			decoder->encoding = order[i];
			return NULL;
		}
	}
	return mo_error_create(MO_E_CORRUPT, "kallsyms: in no encoding do the addresses at 0x%llx ascend",
			       (unsigned long long)decoder->addresses.table_kva);
}

static struct mo_error *read_addresses(struct decoder *decoder, bool is_absolute)
{
	struct mo_error *error = mo_kallsyms_addresses_init(decoder->source, decoder->tables, is_absolute,
							    decoder->builder.records.count, &decoder->addresses);

	if (error)
		return error;
	error = choose_encoding(decoder);
	if (error) {
		mo_kallsyms_addresses_deinit(&decoder->addresses);
		decoder->addresses = (struct mo_kallsyms_addresses){ .bytes = NULL };
	}
	return error;
}

/* Gives each record its address, and drops those that have none and those without a name. */
static void set_addresses(struct decoder *decoder)
{
	struct mo_symbol_builder *builder = &decoder->builder;
	size_t n_kept = 0;

	for (size_t i = 0; i < builder->records.count; i++) {
		bool is_missing = mo_kallsyms_is_missing(&decoder->addresses, i);

		decoder->n_without_address += is_missing;
		if (is_missing || builder->records.items[i].size_bytes == DROPPED) {
			/* How far the one before it reaches is not known then. */
			if (n_kept)
				builder->records.items[n_kept - 1].size_bytes = MO_SIZE_UNKNOWN;
			continue;
		}
		builder->records.items[n_kept] = builder->records.items[i];
		builder->records.items[n_kept].value = mo_kallsyms_address(&decoder->addresses, decoder->encoding, i);
		builder->hashes.items[n_kept++] = builder->hashes.items[i];
	}
	builder->records.count = builder->hashes.count = n_kept;
}

static struct mo_error *decode(struct decoder *decoder)
{
	const struct mo_kallsyms_tables *tables = decoder->tables;
	struct mo_error *error;

	MO_TRY(read_num_syms(decoder->source, tables->num_syms_kva, &decoder->n_syms));
	MO_TRY(mo_kallsyms_tokens_init(decoder->source, tables->token_table_kva, tables->token_index_kva,
				       &decoder->tokens));
	MO_TRY(read_names(decoder));
	error = read_addresses(decoder, tables->addresses_kva != 0);
	if (error && tables->addresses_kva && tables->offsets_kva) {
		mo_error_destroy(error);
		error = read_addresses(decoder, false);
	}
	if (error)
		return error;
	set_addresses(decoder);
	if (decoder->builder.records.count == 0)
		return mo_error_create(MO_E_NOT_IN_DUMP, "kallsyms: no address at 0x%llx can be read",
				       (unsigned long long)decoder->addresses.table_kva);
	return NULL;
}

static struct mo_error *make_table(struct decoder *decoder, struct mo_symbols **ret)
{
	MO_CLEANUP(mo_cleanup_text) struct mo_text remark = MO_TEXT_EMPTY;
	struct mo_symbol_part part;
	struct mo_error *error;

	if (decoder->problem)
		mo_text_printf(&remark, "; %zu of %u symbols: %s", decoder->addresses.n_entries - decoder->n_without_name,
			       decoder->n_syms, decoder->problem);
	if (decoder->n_without_address)
		mo_text_printf(&remark, "; %u symbols without their address, which cannot be read",
			       decoder->n_without_address);
	MO_TRY(mo_symbol_builder_finish(&decoder->builder, MO_SIZES_BY_DISTANCE, &part));
	error = mo_symbols_create(&part, ret, "kallsyms of the dump (%s%s)",
				  mo_kallsyms_encoding_name(decoder->encoding), mo_text_chars(&remark));
	if (!error)
		(*ret)->is_partial = remark.length > 0;
	return error;
}

struct mo_error *mo_symbols_load_kallsyms(const struct mo_kva_source *source, const struct mo_kallsyms_tables *tables,
					  struct mo_symbols **ret, const char **encoding_ret)
{
	struct decoder decoder = { .source = source, .tables = tables };
	struct mo_error *error;

	MO_TRY(check_tables(source, tables));
	error = decode(&decoder);
	if (!error)
		error = make_table(&decoder, ret);
	if (!error && encoding_ret)
		*encoding_ret = mo_kallsyms_encoding_name(decoder.encoding);
	mo_kallsyms_addresses_deinit(&decoder.addresses);
	mo_kallsyms_markers_deinit(&decoder.markers);
	mo_error_destroy(decoder.why_cut);
	mo_vector_deinit(&decoder.group_offsets);
	mo_kallsyms_tokens_deinit(&decoder.tokens);
	mo_symbol_builder_deinit(&decoder.builder);
	return error;
}
