/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Decodes the tables of kallsyms. */
#include "kallsyms.h"

#include <stdlib.h>
#include <string.h>

#include "bytes.h"
#include "cleanup.h"

/* What is missing in a dump is missing in pages; no architecture has smaller ones. */
#define PIECE_BYTES 4096u

#define CHUNK_BYTES (256u << 10)

/* The longest name as the table has it: two bytes of length, then up to 0x3fff token numbers. */
#define MAX_COMPRESSED_BYTES (2u + 0x3fffu)

/* Offsets in the token index are 16 bits; the last token may reach a little beyond. */
#define MAX_TOKEN_TABLE_BYTES (0xffffu + 1u + MO_KALLSYMS_MAX_NAME)

size_t mo_kallsyms_read_some(const struct mo_kva_source *source, uint64_t kva, void *buffer, size_t n_bytes,
			     struct mo_error **why)
{
	struct mo_error *error = n_bytes ? source->read(source->context, kva, buffer, n_bytes) : NULL;
	size_t n_read = 0;

	if (!error)
		return n_bytes;
	if (n_bytes > PIECE_BYTES) {
		mo_error_destroy(error);
		error = NULL;
	}
	while (!error && n_read < n_bytes) {
		size_t n_piece = PIECE_BYTES - (size_t)((kva + n_read) % PIECE_BYTES);

		if (n_piece > n_bytes - n_read)
			n_piece = n_bytes - n_read;
		error = source->read(source->context, kva + n_read, (uint8_t *)buffer + n_read, n_piece);
		if (!error)
			n_read += n_piece;
	}
	if (error && why)
		*why = error;
	else
		mo_error_destroy(error);
	return n_read;
}

/* How many bytes of the token table to read, at most: the index usually stands right behind it. */
static size_t token_table_bytes(uint64_t table_kva, uint64_t index_kva)
{
	if (index_kva > table_kva && index_kva - table_kva <= MAX_TOKEN_TABLE_BYTES)
		return (size_t)(index_kva - table_kva);
	return MAX_TOKEN_TABLE_BYTES;
}

/* *is_cut: the table does not end in the n_bytes that there are. */
static struct mo_error *check_tokens(struct mo_kallsyms_tokens *tokens, const uint8_t *index, size_t n_bytes,
				     bool is_big_endian, bool *is_cut)
{
	size_t offset = 0;

	for (unsigned i = 0; i < 256; i++) {
		const char *token = tokens->table + offset;
		size_t length = strnlen(token, n_bytes - offset);

		if (mo_load_u16(index + 2 * i, is_big_endian) != offset)
			return mo_error_create(MO_E_CORRUPT,
					       "kallsyms: token %u begins at offset %u by the index, at %zu by the table", i,
					       mo_load_u16(index + 2 * i, is_big_endian), offset);
		*is_cut = length == n_bytes - offset;
		if (*is_cut)
			return mo_error_create(MO_E_CORRUPT, "kallsyms: token %u does not end within %zu bytes", i, n_bytes);
		tokens->offsets[i] = (uint16_t)offset;
		tokens->lengths[i] = (uint16_t)length;
		memcpy(tokens->heads[i], token, length < MO_TOKEN_COPY_BYTES ? length : MO_TOKEN_COPY_BYTES);
		offset += length + 1;
	}
	return NULL;
}

/* Less than was asked for may still be the whole table: that a read failed matters only if the table is cut. */
static struct mo_error *read_tokens(const struct mo_kva_source *source, uint64_t table_kva, uint64_t index_kva,
				    size_t n_bytes, struct mo_kallsyms_tokens *tokens)
{
	struct mo_error *why = NULL, *error;
	bool is_cut = false;
	uint8_t index[512];

	MO_TRY(source->read(source->context, index_kva, index, sizeof(index)));
	n_bytes = mo_kallsyms_read_some(source, table_kva, tokens->table, n_bytes, &why);
	error = check_tokens(tokens, index, n_bytes, source->is_big_endian, &is_cut);
	if (error && is_cut && why) {
		mo_error_destroy(error);
		return why;
	}
	mo_error_destroy(why);
	return error;
}

struct mo_error *mo_kallsyms_tokens_init(const struct mo_kva_source *source, uint64_t table_kva, uint64_t index_kva,
					 struct mo_kallsyms_tokens *ret)
{
	size_t n_bytes = token_table_bytes(table_kva, index_kva);
	struct mo_kallsyms_tokens tokens = { .table = calloc(1, n_bytes + 1) };
	struct mo_error *error;

	if (!tokens.table)
		return mo_error_no_memory();
	error = read_tokens(source, table_kva, index_kva, n_bytes, &tokens);
	if (error) {
		free(tokens.table);
		return mo_error_prepend(error, "kallsyms_token_table at 0x%llx", (unsigned long long)table_kva);
	}
	*ret = tokens;
	return NULL;
}

void mo_kallsyms_tokens_deinit(struct mo_kallsyms_tokens *tokens)
{
	free(tokens->table);
}

bool mo_kallsyms_expand(const struct mo_kallsyms_tokens *tokens, const uint8_t *compressed, size_t n_compressed,
			char *name, size_t *length)
{
	size_t n = 0;

	for (size_t i = 0; i < n_compressed; i++) {
		unsigned token = compressed[i];
		size_t n_token = tokens->lengths[token];

		if (n_token > MO_KALLSYMS_MAX_NAME - n)
			return false;
		if (n_token <= MO_TOKEN_COPY_BYTES)
			memcpy(name + n, tokens->heads[token], MO_TOKEN_COPY_BYTES);
		else
			memcpy(name + n, tokens->table + tokens->offsets[token], n_token);
		n += n_token;
	}
	*length = n;
	return true;
}

struct mo_error *mo_kallsyms_names_init(const struct mo_kva_source *source, uint64_t kva, struct mo_kallsyms_names *ret)
{
	uint8_t *window = malloc(CHUNK_BYTES + MAX_COMPRESSED_BYTES);

	if (!window)
		return mo_error_no_memory();
	*ret = (struct mo_kallsyms_names){ .source = source, .start_kva = kva, .next_kva = kva, .window = window };
	return NULL;
}

void mo_kallsyms_names_deinit(struct mo_kallsyms_names *names)
{
	free(names->window);
	mo_error_destroy(names->why);
}

void mo_kallsyms_names_seek(struct mo_kallsyms_names *names, uint64_t offset)
{
	names->next_kva = names->start_kva + offset;
	names->first = names->end = 0;
	names->is_at_end = false;
	mo_error_destroy(names->why);
	names->why = NULL;
}

/* Whether n_bytes are at hand; reads on if they are not. */
static bool have(struct mo_kallsyms_names *names, size_t n_bytes)
{
	size_t n_left = names->end - names->first;
	size_t n_read;

	names->is_cut = false;
	if (n_bytes <= n_left)
		return true;
	if (names->is_at_end) {
		names->is_cut = true;
		return false;
	}
	memmove(names->window, names->window + names->first, n_left);
	n_read = mo_kallsyms_read_some(names->source, names->next_kva, names->window + n_left, CHUNK_BYTES,
				       &names->why);
	names->is_at_end = n_read < CHUNK_BYTES;
	names->next_kva += n_read;
	names->first = 0;
	names->end = n_left + n_read;
	names->is_cut = n_bytes > names->end;
	return !names->is_cut;
}

bool mo_kallsyms_names_next(struct mo_kallsyms_names *names, const uint8_t **compressed, size_t *n_compressed,
			    const char **problem)
{
	size_t n_length = 1, length;

	*problem = "names cannot be read";
	if (!have(names, 1))
		return false;
	length = names->window[names->first];
	if (length & 0x80) {
		if (!have(names, 2))
			return false;
		length = (length & 0x7f) | (size_t)names->window[names->first + 1] << 7;
		n_length = 2;
		if (length > 0x3fff) {
			*problem = "a name is impossibly long";
			return false;
		}
	}
	if (length == 0) {
		*problem = "a name is empty";
		return false;
	}
	if (!have(names, n_length + length))
		return false;
	*compressed = names->window + names->first + n_length;
	*n_compressed = length;
	names->first += n_length + length;
	return true;
}

/* Pages are counted from the one on which the table begins. */
static size_t page_of(const struct mo_kallsyms_addresses *addresses, size_t offset)
{
	return (size_t)(addresses->table_kva % PIECE_BYTES + offset) / PIECE_BYTES;
}

/* Marks what cannot be read, page by page. */
static void read_pages(const struct mo_kva_source *source, struct mo_kallsyms_addresses *addresses, size_t n_bytes)
{
	size_t n_piece;

	for (size_t offset = 0; offset < n_bytes; offset += n_piece) {
		struct mo_error *error;
		size_t page = page_of(addresses, offset);

		n_piece = PIECE_BYTES - (size_t)((addresses->table_kva + offset) % PIECE_BYTES);
		if (n_piece > n_bytes - offset)
			n_piece = n_bytes - offset;
		error = source->read(source->context, addresses->table_kva + offset, addresses->bytes + offset, n_piece);
		if (error)
			addresses->missing_pages[page / 8] |= (uint8_t)(1u << (page % 8));
		mo_error_destroy(error);
	}
}

static struct mo_error *read_relative_base(const struct mo_kva_source *source, uint64_t kva,
					   struct mo_kallsyms_addresses *addresses)
{
	uint8_t bytes[8];

	if (kva == 0)
		return NULL;
	MO_TRY(mo_error_prepend(source->read(source->context, kva, bytes, source->pointer_bytes),
				"kallsyms_relative_base at 0x%llx", (unsigned long long)kva));
	addresses->relative_base = mo_load_unsigned(bytes, source->pointer_bytes, source->is_big_endian);
	addresses->has_relative_base = true;
	return NULL;
}

struct mo_error *mo_kallsyms_addresses_init(const struct mo_kva_source *source, const struct mo_kallsyms_tables *tables,
					    bool is_absolute, size_t n_entries, struct mo_kallsyms_addresses *ret)
{
	struct mo_kallsyms_addresses addresses = {
		.table_kva = is_absolute ? tables->addresses_kva : tables->offsets_kva,
		.n_entries = n_entries,
		.is_absolute = is_absolute,
		.entry_bytes = is_absolute ? source->pointer_bytes : 4,
		.is_big_endian = source->is_big_endian,
		.pointer_bytes = source->pointer_bytes,
	};
	size_t n_bytes = n_entries * addresses.entry_bytes;
	struct mo_error *error = NULL;

	if (!is_absolute)
		MO_TRY(read_relative_base(source, tables->relative_base_kva, &addresses));
	addresses.bytes = calloc(1, n_bytes + 1);
	addresses.missing_pages = calloc(1, page_of(&addresses, n_bytes) / 8 + 1);
	if (!addresses.bytes || !addresses.missing_pages) {
		mo_kallsyms_addresses_deinit(&addresses);
		return mo_error_no_memory();
	}
	error = source->read(source->context, addresses.table_kva, addresses.bytes, n_bytes);
	if (error)
		read_pages(source, &addresses, n_bytes);
	mo_error_destroy(error);
	*ret = addresses;
	return NULL;
}

void mo_kallsyms_addresses_deinit(struct mo_kallsyms_addresses *addresses)
{
	free(addresses->bytes);
	free(addresses->missing_pages);
}

bool mo_kallsyms_is_missing(const struct mo_kallsyms_addresses *addresses, size_t number)
{
	size_t page = page_of(addresses, number * addresses->entry_bytes); /* entries are aligned: none lies on two */

	return addresses->missing_pages[page / 8] & (1u << (page % 8));
}

bool mo_kallsyms_is_possible(const struct mo_kallsyms_addresses *addresses, enum mo_kallsyms_encoding encoding)
{
	switch (encoding) {
	case MO_KALLSYMS_ABSOLUTE:
		return addresses->is_absolute;
	case MO_KALLSYMS_BASE_RELATIVE:
	case MO_KALLSYMS_ABSOLUTE_PERCPU:
		return !addresses->is_absolute && addresses->has_relative_base;
	case MO_KALLSYMS_PLACE_RELATIVE:
		return !addresses->is_absolute;
	case MO_KALLSYMS_PLAIN:
		return !addresses->is_absolute && addresses->pointer_bytes == 4;
	}
	return false;
}

uint64_t mo_kallsyms_address(const struct mo_kallsyms_addresses *addresses, enum mo_kallsyms_encoding encoding,
			     size_t number)
{
	uint64_t offset = (uint64_t)number * addresses->entry_bytes;
	uint64_t entry = mo_load_unsigned(addresses->bytes + offset, addresses->entry_bytes, addresses->is_big_endian);
	uint64_t extended = (uint64_t)(int64_t)(int32_t)(uint32_t)entry;
	uint64_t address = entry;

	if (encoding == MO_KALLSYMS_BASE_RELATIVE)
		address = addresses->relative_base + entry;
	else if (encoding == MO_KALLSYMS_ABSOLUTE_PERCPU && (uint32_t)entry > INT32_MAX)
		address = addresses->relative_base - 1 - extended;
	else if (encoding == MO_KALLSYMS_PLACE_RELATIVE)
		address = addresses->table_kva + offset + extended;
	return addresses->pointer_bytes == 4 ? (uint32_t)address : address;
}

bool mo_kallsyms_gives_order(const struct mo_kallsyms_addresses *addresses, enum mo_kallsyms_encoding encoding)
{
	uint64_t previous = 0;
	size_t n_descents = 0, n_below = 0, n_known = 0;

	for (size_t i = 0; i < addresses->n_entries; i++) {
		uint64_t kva;

		if (mo_kallsyms_is_missing(addresses, i))
			continue;
		kva = mo_kallsyms_address(addresses, encoding, i);
		n_descents += kva < previous;
		n_below += addresses->has_relative_base && kva < addresses->relative_base;
		n_known++;
		previous = kva;
	}
	return n_known > 0 && n_descents <= n_known / 100 && n_below <= n_known / 2;
}

const char *mo_kallsyms_encoding_name(enum mo_kallsyms_encoding encoding)
{
	switch (encoding) {
	case MO_KALLSYMS_ABSOLUTE:
		return "absolute";
	case MO_KALLSYMS_BASE_RELATIVE:
		return "base-relative";
	case MO_KALLSYMS_ABSOLUTE_PERCPU:
		return "base-relative, per-CPU absolute";
	case MO_KALLSYMS_PLACE_RELATIVE:
		return "place-relative";
	case MO_KALLSYMS_PLAIN:
		return "plain 32-bit";
	}
	return "unknown";
}
