/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Values of C types as text. */
#include "format_value.h"

#include "bytes.h"

#define MAX_STRING_BYTES 256

bool mo_value_is_scalar(const struct mo_type *type)
{
	const struct mo_type *stripped = mo_type_strip(type);

	switch (stripped->kind) {
	case MO_TYPE_STRUCT:
	case MO_TYPE_UNION:
		return false;
	case MO_TYPE_ARRAY:
		return !stripped->is_flexible && mo_type_strip(stripped->target)->is_char;
	default:
		return true;
	}
}

/*
 * The bits of a bit-field. They are counted from the lowest bit of the first byte on little-endian machines, from the
 * highest on big-endian ones.
 */
static bool load_bits(const struct mo_print_object *object, uint64_t offset_bits, uint32_t n_bits, bool is_big_endian,
		      uint64_t *ret)
{
	uint64_t first_byte = offset_bits / 8;
	uint64_t n_bytes = (offset_bits + n_bits + 7) / 8 - first_byte;
	const uint8_t *bytes = mo_print_object_at(object, first_byte, n_bytes);
	uint64_t value = 0;

	if (!bytes || !n_bits || n_bits > 64)
		return false;
	for (uint32_t i = 0; i < n_bits; i++) {
		uint64_t bit = offset_bits % 8 + i;
		unsigned in_byte = is_big_endian ? 7 - bit % 8 : bit % 8;
		uint64_t is_set = bytes[bit / 8] >> in_byte & 1;

		value |= is_set << (is_big_endian ? n_bits - 1 - i : i);
	}
	*ret = value;
	return true;
}

bool mo_value_number(struct mo_cli *cli, const struct mo_print_object *object, const struct mo_value_place *place,
		     uint64_t *ret)
{
	bool is_big_endian = mo_kernel_facts(cli->kernel)->is_big_endian;
	const struct mo_type *type = mo_type_strip(place->type);
	const uint8_t *bytes;

	if (place->bitfield_bits)
		return load_bits(object, place->offset_bits, place->bitfield_bits, is_big_endian, ret);
	if (type->size_bytes != 1 && type->size_bytes != 2 && type->size_bytes != 4 && type->size_bytes != 8)
		return false;
	bytes = mo_print_object_at(object, place->offset_bits / 8, type->size_bytes);
	if (!bytes)
		return false;
	*ret = mo_load_unsigned(bytes, (unsigned)type->size_bytes, is_big_endian);
	return true;
}

static int64_t sign_extend(uint64_t value, unsigned n_bits)
{
	return n_bits < 64 && n_bits && value >> (n_bits - 1) & 1 ? (int64_t)(value | ~0ull << n_bits) : (int64_t)value;
}

static void append_quoted(struct mo_text *text, const char *bytes, size_t n_bytes)
{
	mo_text_append_char(text, '"');
	mo_text_append_visible(text, bytes, strnlen(bytes, n_bytes), MO_ONE_LINE);
	mo_text_append_char(text, '"');
}

static void append_integer(const struct mo_type *type, uint64_t value, unsigned n_bits, bool as_hex, struct mo_text *text)
{
	if (type->is_bool && value <= 1)
		mo_text_append(text, value ? "true" : "false");
	else if (as_hex || (!type->is_signed && value >> 32))
		mo_text_printf(text, "0x%llx", (unsigned long long)value);
	else if (type->is_signed)
		mo_text_printf(text, "%lld", (long long)sign_extend(value, n_bits));
	else
		mo_text_printf(text, "%llu", (unsigned long long)value);
}

static void append_enum(const struct mo_type *type, uint64_t value, unsigned n_bits, struct mo_text *text)
{
	int64_t number = type->is_signed ? sign_extend(value, n_bits) : (int64_t)value;

	for (uint32_t i = 0; i < type->n_enumerators; i++)
		if (type->enumerators[i].value == number) {
			mo_text_printf(text, "%s (%lld)", type->enumerators[i].name, (long long)number);
			return;
		}
	mo_text_printf(text, "%lld", (long long)number);
}

static void append_pointer(struct mo_cli *cli, const struct mo_type *type, uint64_t value, bool with_strings,
			   struct mo_text *text)
{
	struct mo_text symbol = MO_TEXT_EMPTY;

	if (!value) {
		mo_text_append(text, "NULL");
		return;
	}
	mo_text_printf(text, "0x%llx", (unsigned long long)value);
	mo_cli_append_symbol(cli, value, &symbol);
	if (symbol.length)
		mo_text_printf(text, " <%s>", mo_text_chars(&symbol));
	mo_text_deinit(&symbol);
	if (with_strings && type->target && mo_type_strip(type->target)->is_char) {
		char buffer[MAX_STRING_BYTES];
		size_t length;
		struct mo_error *error = mo_read_string(cli->reader, value, buffer, sizeof(buffer), &length);

		mo_text_append_char(text, ' ');
		if (error)
			mo_text_append_char(text, '?');
		else
			append_quoted(text, buffer, length);
		mo_error_destroy(error);
	}
}

static void append_char_array(const struct mo_print_object *object, const struct mo_value_place *place,
			      const struct mo_type *type, struct mo_text *text)
{
	const uint8_t *bytes = mo_print_object_at(object, place->offset_bits / 8, type->size_bytes);

	if (bytes)
		append_quoted(text, (const char *)bytes, (size_t)type->size_bytes);
	else
		mo_text_append_char(text, '?');
}

void mo_value_append(struct mo_cli *cli, const struct mo_print_object *object, const struct mo_value_place *place,
		     bool as_hex, bool with_strings, struct mo_text *text)
{
	const struct mo_type *type = mo_type_strip(place->type);
	unsigned n_bits = place->bitfield_bits ? place->bitfield_bits : (unsigned)(type->size_bytes * 8);
	uint64_t value;

	if (type->kind == MO_TYPE_ARRAY) {
		append_char_array(object, place, type, text);
		return;
	}
	if (!mo_value_number(cli, object, place, &value)) {
		mo_text_append_char(text, '?');
		return;
	}
	if (type->kind == MO_TYPE_POINTER)
		append_pointer(cli, type, value, with_strings, text);
	else if (type->kind == MO_TYPE_ENUM)
		append_enum(type, value, n_bits, text);
	else
		append_integer(type, value, n_bits, as_hex, text);
}
