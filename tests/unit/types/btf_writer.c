/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "btf_writer.h"

#include <stdlib.h>
#include <string.h>

#include "btf_format.h"

static void *need(void *memory)
{
	if (!memory)
		abort();
	return memory;
}

void btf_writer_init(struct btf_writer *writer)
{
	*writer = (struct btf_writer){ .n_types = 1 };
	(void)btf_add_string(writer, "");
}

void btf_writer_init_split(struct btf_writer *writer, const struct btf_writer *base)
{
	*writer = (struct btf_writer){
		.n_types = base->n_types,
		.first_string = base->first_string + (uint32_t)base->strings_bytes,
		.is_big_endian = base->is_big_endian,
	};
}

void btf_writer_deinit(struct btf_writer *writer)
{
	free(writer->words);
	free(writer->strings);
}

uint32_t btf_add_string(struct btf_writer *writer, const char *string)
{
	size_t n_bytes = strlen(string) + 1;
	uint32_t offset = writer->first_string + (uint32_t)writer->strings_bytes;

	if (!*string && writer->strings_bytes + writer->first_string)
		return 0;
	writer->strings = need(realloc(writer->strings, writer->strings_bytes + n_bytes));
	memcpy(writer->strings + writer->strings_bytes, string, n_bytes);
	writer->strings_bytes += n_bytes;
	return offset;
}

void btf_add_word(struct btf_writer *writer, uint32_t word)
{
	/* Doubled whenever a power of two is full: a sanitizer's realloc() copies each time. */
	if (!(writer->n_words & (writer->n_words - 1)))
		writer->words = need(realloc(writer->words, (writer->n_words ? writer->n_words * 2 : 1) * sizeof(*writer->words)));
	writer->words[writer->n_words++] = word;
}

uint32_t btf_add_head(struct btf_writer *writer, const char *name, unsigned kind, bool flag, uint32_t n_items,
		      uint32_t size_or_type)
{
	btf_add_word(writer, name ? btf_add_string(writer, name) : 0);
	btf_add_word(writer, (uint32_t)flag << 31 | kind << 24 | n_items);
	btf_add_word(writer, size_or_type);
	return writer->n_types++;
}

uint32_t btf_add_int(struct btf_writer *writer, const char *name, uint32_t size_bytes, unsigned encoding,
		     unsigned offset_bits, unsigned n_bits)
{
	uint32_t id = btf_add_head(writer, name, MO_BTF_INT, false, 0, size_bytes);

	btf_add_word(writer, encoding << 24 | offset_bits << 16 | n_bits);
	return id;
}

uint32_t btf_add_reference(struct btf_writer *writer, unsigned kind, const char *name, uint32_t target)
{
	return btf_add_head(writer, name, kind, false, 0, target);
}

uint32_t btf_add_array(struct btf_writer *writer, uint32_t element, uint32_t n_elements)
{
	uint32_t id = btf_add_head(writer, NULL, MO_BTF_ARRAY, false, 0, 0);

	btf_add_word(writer, element);
	btf_add_word(writer, element); /* the index type, which nobody needs */
	btf_add_word(writer, n_elements);
	return id;
}

uint32_t btf_add_struct(struct btf_writer *writer, unsigned kind, const char *name, uint32_t size_bytes, uint32_t n_items)
{
	return btf_add_head(writer, name, kind, false, n_items, size_bytes);
}

uint32_t btf_add_bitfield_struct(struct btf_writer *writer, const char *name, uint32_t size_bytes, uint32_t n_items)
{
	return btf_add_head(writer, name, MO_BTF_STRUCT, true, n_items, size_bytes);
}

void btf_add_member(struct btf_writer *writer, const char *name, uint32_t type, uint32_t offset_bits)
{
	btf_add_word(writer, name ? btf_add_string(writer, name) : 0);
	btf_add_word(writer, type);
	btf_add_word(writer, offset_bits);
}

void btf_add_bitfield(struct btf_writer *writer, const char *name, uint32_t type, uint32_t offset_bits, unsigned n_bits)
{
	btf_add_member(writer, name, type, (uint32_t)n_bits << 24 | offset_bits);
}

void btf_add_enumerator(struct btf_writer *writer, const char *name, int32_t value)
{
	btf_add_word(writer, btf_add_string(writer, name));
	btf_add_word(writer, (uint32_t)value);
}

void btf_add_enumerator64(struct btf_writer *writer, const char *name, int64_t value)
{
	btf_add_word(writer, btf_add_string(writer, name));
	btf_add_word(writer, (uint32_t)value);
	btf_add_word(writer, (uint32_t)((uint64_t)value >> 32));
}

void btf_add_parameter(struct btf_writer *writer, const char *name, uint32_t type)
{
	btf_add_word(writer, name ? btf_add_string(writer, name) : 0);
	btf_add_word(writer, type);
}

static void put_word(const struct btf_writer *writer, uint8_t *at, uint32_t word)
{
	for (unsigned i = 0; i < 4; i++)
		at[i] = (uint8_t)(word >> 8 * (writer->is_big_endian ? 3 - i : i));
}

static void put_layout(uint8_t *layout)
{
	memset(layout, 0, 21 * 4);
	layout[20 * 4] = 4;     /* bytes of its own */
	layout[20 * 4 + 1] = 8; /* bytes of an item */
}

struct btf_bytes btf_write(const struct btf_writer *writer)
{
	size_t header_bytes = writer->has_layout ? MO_BTF_HEADER_LAYOUT_BYTES : MO_BTF_HEADER_BYTES;
	size_t types_bytes = writer->n_words * 4;
	size_t layout_bytes = writer->has_layout ? 21 * 4 : 0;
	struct btf_bytes ret = { .n_bytes = header_bytes + types_bytes + writer->strings_bytes + layout_bytes };
	uint8_t *bytes = need(calloc(1, ret.n_bytes + 1));

	bytes[writer->is_big_endian ? 0 : 1] = MO_BTF_MAGIC >> 8;
	bytes[writer->is_big_endian ? 1 : 0] = MO_BTF_MAGIC & 0xff;
	bytes[MO_BTF_HEADER_VERSION] = MO_BTF_VERSION;
	put_word(writer, bytes + MO_BTF_HEADER_LENGTH, (uint32_t)header_bytes);
	put_word(writer, bytes + MO_BTF_HEADER_TYPE_LENGTH, (uint32_t)types_bytes);
	put_word(writer, bytes + MO_BTF_HEADER_STRING_OFFSET, (uint32_t)types_bytes);
	put_word(writer, bytes + MO_BTF_HEADER_STRING_LENGTH, (uint32_t)writer->strings_bytes);
	if (writer->has_layout) {
		put_word(writer, bytes + MO_BTF_HEADER_LAYOUT_OFFSET, (uint32_t)(types_bytes + writer->strings_bytes));
		put_word(writer, bytes + MO_BTF_HEADER_LAYOUT_LENGTH, (uint32_t)layout_bytes);
		put_layout(bytes + header_bytes + types_bytes + writer->strings_bytes);
	}
	for (size_t i = 0; i < writer->n_words; i++)
		put_word(writer, bytes + header_bytes + i * 4, writer->words[i]);
	if (writer->strings_bytes)
		memcpy(bytes + header_bytes + types_bytes, writer->strings, writer->strings_bytes);
	ret.bytes = bytes;
	return ret;
}
