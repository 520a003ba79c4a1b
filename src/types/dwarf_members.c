/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Members, parameters, enumerators and dimensions of a DWARF entry. */
#include "dwarf_members.h"

#include "cleanup.h"
#include "dwarf_entry.h"

struct member_list {
	MO_VECTOR(struct mo_raw_member) members;
};

struct enumerator_list {
	MO_VECTOR(struct mo_type_enumerator) enumerators;
};

static void cleanup_members(struct member_list *list)
{
	mo_vector_deinit(&list->members);
}

static void cleanup_enumerators(struct enumerator_list *list)
{
	mo_vector_deinit(&list->enumerators);
}

/* The bytes of a raw type of the table, typedefs and qualifiers looked through; 0: not known. */
static uint64_t size_of(const struct mo_type_table *table, uint32_t id)
{
	for (unsigned steps = 0; steps < 64; steps++) {
		const struct mo_raw_type *raw = &table->types.items[id].raw;

		if (raw->kind != MO_TYPE_TYPEDEF && raw->kind != MO_TYPE_CONST && raw->kind != MO_TYPE_VOLATILE)
			return raw->size_bytes;
		id = raw->target;
	}
	return 0;
}

/*
 * Where a bit-field is. DWARF 4 on has DW_AT_data_bit_offset, counted as BTF counts. Before that, DW_AT_bit_offset
 * counts from the most significant bit of the storage unit at the member's location, whose size is the member's own
 * DW_AT_byte_size or that of its type.
 */
static struct mo_error *place_bitfield(const struct mo_dwarf_extraction *extraction, Dwarf_Die die,
				       struct mo_raw_member *member)
{
	const struct mo_dwarf_handle *handle = extraction->handle;
	uint64_t storage_bytes = size_of(extraction->table, member->type);
	uint64_t bit_offset;

	if (mo_dwarf_constant(handle, die, DW_AT_bit_offset, &bit_offset, NULL) != MO_DWARF_PRESENT)
		return NULL;
	(void)mo_dwarf_constant(handle, die, DW_AT_byte_size, &storage_bytes, NULL);
	if (storage_bytes > 16 || bit_offset + member->bitfield_bits > storage_bytes * 8)
		return mo_error_create(MO_E_CORRUPT, "%s: a bit-field lies outside of its storage unit",
				       handle->file->path);
	member->offset_bits += handle->object.is_big_endian ?
				       bit_offset :
				       storage_bytes * 8 - bit_offset - member->bitfield_bits;
	return NULL;
}

static struct mo_error *read_member(struct mo_dwarf_extraction *extraction, Dwarf_Die die, struct mo_raw_member *ret)
{
	const struct mo_dwarf_handle *handle = extraction->handle;
	struct mo_raw_member member = { .name = mo_dwarf_name(handle, die) };
	uint64_t width_bits = 0, offset;

	MO_TRY(mo_dwarf_extract_target(extraction, die, MO_BUILD_FULL, &member.type));
	if (mo_dwarf_constant(handle, die, DW_AT_bit_size, &width_bits, NULL) == MO_DWARF_PRESENT && width_bits > 64)
		return mo_error_create(MO_E_CORRUPT, "%s: a bit-field of %llu bits", handle->file->path,
				       (unsigned long long)width_bits);
	member.bitfield_bits = (uint32_t)width_bits;
	if (mo_dwarf_constant(handle, die, DW_AT_data_bit_offset, &member.offset_bits, NULL) == MO_DWARF_PRESENT) {
		*ret = member;
		return NULL;
	}
	MO_TRY(mo_dwarf_member_location(handle, die, &offset));
	if (offset > UINT64_MAX / 16)
		return mo_error_create(MO_E_CORRUPT, "%s: a member at impossible offset %llu", handle->file->path,
				       (unsigned long long)offset);
	member.offset_bits = offset * 8;
	if (width_bits)
		MO_TRY(place_bitfield(extraction, die, &member));
	*ret = member;
	return NULL;
}

struct mo_error *mo_dwarf_extract_members(struct mo_dwarf_extraction *extraction, Dwarf_Die die, uint32_t id)
{
	MO_CLEANUP(cleanup_members) struct member_list list = { .members = { .items = NULL } };
	MO_DIE child = NULL;

	MO_TRY(mo_dwarf_first_child(extraction->handle, die, &child));
	while (child) {
		struct mo_raw_member member;

		if (mo_dwarf_tag(extraction->handle, child) == DW_TAG_member) {
			MO_TRY(read_member(extraction, child, &member));
			if (!mo_vector_append(&list.members, member))
				return mo_error_no_memory();
		}
		MO_TRY(mo_dwarf_next_sibling(extraction->handle, &child));
	}
	return mo_type_table_set_members(extraction->table, id, list.members.items, list.members.count);
}

struct mo_error *mo_dwarf_extract_parameters(struct mo_dwarf_extraction *extraction, Dwarf_Die die, uint32_t id)
{
	MO_CLEANUP(cleanup_members) struct member_list list = { .members = { .items = NULL } };
	MO_DIE child = NULL;

	MO_TRY(mo_dwarf_first_child(extraction->handle, die, &child));
	while (child) {
		Dwarf_Half tag = mo_dwarf_tag(extraction->handle, child);

		if (tag == DW_TAG_formal_parameter) {
			struct mo_raw_member parameter = { .name = mo_dwarf_name(extraction->handle, child) };

			MO_TRY(mo_dwarf_extract_target(extraction, child, MO_BUILD_SHALLOW, &parameter.type));
			if (!mo_vector_append(&list.members, parameter))
				return mo_error_no_memory();
		} else if (tag == DW_TAG_unspecified_parameters) {
			extraction->table->types.items[id].raw.is_variadic = true;
		}
		MO_TRY(mo_dwarf_next_sibling(extraction->handle, &child));
	}
	return mo_type_table_set_members(extraction->table, id, list.members.items, list.members.count);
}

/*
 * Values of an enum. A form without a sign (data1 ... data8) says only which bits: they are cut or extended as the
 * enum's size and the sign of its underlying type say.
 */
static int64_t extend_value(uint64_t value, bool form_is_signed, bool enum_is_signed, uint64_t size_bytes)
{
	unsigned bits = size_bytes && size_bytes < 8 ? (unsigned)size_bytes * 8 : 64;

	if (form_is_signed || bits == 64)
		return (int64_t)value;
	value &= (UINT64_C(1) << bits) - 1;
	if (enum_is_signed && value >> (bits - 1))
		value |= ~((UINT64_C(1) << bits) - 1);
	return (int64_t)value;
}

/* The sign of the underlying type; compilers that do not give one write negative values in a signed form. */
static bool is_enum_signed(struct mo_dwarf_extraction *extraction, Dwarf_Die die)
{
	uint64_t encoding;

	if (mo_dwarf_constant(extraction->handle, die, DW_AT_encoding, &encoding, NULL) == MO_DWARF_PRESENT)
		return encoding == DW_ATE_signed || encoding == DW_ATE_signed_char;
	return false;
}

struct mo_error *mo_dwarf_extract_enumerators(struct mo_dwarf_extraction *extraction, Dwarf_Die die, uint32_t id)
{
	MO_CLEANUP(cleanup_enumerators) struct enumerator_list list = { .enumerators = { .items = NULL } };
	uint64_t size_bytes = extraction->table->types.items[id].raw.size_bytes;
	bool is_signed = is_enum_signed(extraction, die);
	MO_DIE child = NULL;

	MO_TRY(mo_dwarf_first_child(extraction->handle, die, &child));
	while (child) {
		struct mo_type_enumerator enumerator = { .name = mo_dwarf_name(extraction->handle, child) };
		bool form_is_signed = false;
		uint64_t value;

		if (enumerator.name && mo_dwarf_tag(extraction->handle, child) == DW_TAG_enumerator &&
		    mo_dwarf_constant(extraction->handle, child, DW_AT_const_value, &value, &form_is_signed)) {
			enumerator.value = extend_value(value, form_is_signed, is_signed, size_bytes);
			if (!mo_vector_append(&list.enumerators, enumerator))
				return mo_error_no_memory();
			if (enumerator.value < 0 && form_is_signed)
				is_signed = true;
		}
		MO_TRY(mo_dwarf_next_sibling(extraction->handle, &child));
	}
	extraction->table->types.items[id].raw.is_signed = is_signed;
	return mo_type_table_set_enumerators(extraction->table, id, list.enumerators.items, list.enumerators.count);
}

/* The elements of one dimension; false: not said, "[]". */
static bool read_dimension(const struct mo_dwarf_handle *handle, Dwarf_Die subrange, uint64_t *ret)
{
	uint64_t upper_bound;
	bool is_signed = false;

	if (mo_dwarf_constant(handle, subrange, DW_AT_count, ret, NULL) == MO_DWARF_PRESENT)
		return true;
	if (mo_dwarf_constant(handle, subrange, DW_AT_upper_bound, &upper_bound, &is_signed) != MO_DWARF_PRESENT)
		return false;
	/* gcc gives a length of 0 as an upper bound of -1, in whatever width. */
	*ret = upper_bound == UINT64_MAX || upper_bound == UINT32_MAX ? 0 : upper_bound + 1;
	return true;
}

struct mo_error *mo_dwarf_extract_dimensions(struct mo_dwarf_extraction *extraction, Dwarf_Die die, uint32_t id)
{
	struct mo_raw_type *raw = &extraction->table->types.items[id].raw;
	uint64_t n_elements = 1;
	unsigned n_dimensions = 0;
	bool is_flexible = false;
	MO_DIE child = NULL;

	MO_TRY(mo_dwarf_first_child(extraction->handle, die, &child));
	while (child) {
		uint64_t dimension;

		if (mo_dwarf_tag(extraction->handle, child) == DW_TAG_subrange_type) {
			n_dimensions++;
			if (!read_dimension(extraction->handle, child, &dimension))
				is_flexible = true;
			else if (__builtin_mul_overflow(n_elements, dimension, &n_elements))
				return mo_error_create(MO_E_CORRUPT, "%s: an array of impossible length",
						       extraction->handle->file->path);
		}
		MO_TRY(mo_dwarf_next_sibling(extraction->handle, &child));
	}
	raw->is_flexible = is_flexible || !n_dimensions || !n_elements;
	raw->array_length = raw->is_flexible ? 0 : n_elements;
	return NULL;
}
