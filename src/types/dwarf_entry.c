/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Attributes, children and siblings of DWARF entries. */
#include "dwarf_entry.h"

/* An error on one attribute means no more than that it is not there. */
static void drop(const struct mo_dwarf_handle *handle, Dwarf_Error error)
{
	if (error)
		dwarf_dealloc_error(handle->debug, error);
}

Dwarf_Half mo_dwarf_tag(const struct mo_dwarf_handle *handle, Dwarf_Die die)
{
	Dwarf_Error error = NULL;
	Dwarf_Half tag = 0;

	if (dwarf_tag(die, &tag, &error) != DW_DLV_OK) {
		drop(handle, error);
		return 0;
	}
	return tag;
}

const char *mo_dwarf_name(const struct mo_dwarf_handle *handle, Dwarf_Die die)
{
	Dwarf_Error error = NULL;
	char *name = NULL;

	if (dwarf_diename(die, &name, &error) != DW_DLV_OK) {
		drop(handle, error);
		return NULL;
	}
	return name && *name ? name : NULL;
}

bool mo_dwarf_has(const struct mo_dwarf_handle *handle, Dwarf_Die die, Dwarf_Half attribute)
{
	Dwarf_Error error = NULL;
	Dwarf_Bool has = 0;

	if (dwarf_hasattr(die, attribute, &has, &error) != DW_DLV_OK) {
		drop(handle, error);
		return false;
	}
	return has;
}

static Dwarf_Attribute find_attribute(const struct mo_dwarf_handle *handle, Dwarf_Die die, Dwarf_Half attribute)
{
	Dwarf_Error error = NULL;
	Dwarf_Attribute found = NULL;

	if (dwarf_attr(die, attribute, &found, &error) == DW_DLV_OK)
		return found;
	drop(handle, error);
	return NULL;
}

static Dwarf_Half form_of(const struct mo_dwarf_handle *handle, Dwarf_Attribute attribute)
{
	Dwarf_Error error = NULL;
	Dwarf_Half form = 0;

	if (dwarf_whatform(attribute, &form, &error) != DW_DLV_OK)
		drop(handle, error);
	return form;
}

static bool read_signed(const struct mo_dwarf_handle *handle, Dwarf_Attribute attribute, uint64_t *ret)
{
	Dwarf_Error error = NULL;
	Dwarf_Signed value = 0;

	if (dwarf_formsdata(attribute, &value, &error) != DW_DLV_OK) {
		drop(handle, error);
		return false;
	}
	*ret = (uint64_t)value;
	return true;
}

static bool read_unsigned(const struct mo_dwarf_handle *handle, Dwarf_Attribute attribute, uint64_t *ret)
{
	Dwarf_Error error = NULL;
	Dwarf_Unsigned value = 0;

	if (dwarf_formudata(attribute, &value, &error) != DW_DLV_OK) {
		drop(handle, error);
		return false;
	}
	*ret = value;
	return true;
}

enum mo_dwarf_presence mo_dwarf_constant(const struct mo_dwarf_handle *handle, Dwarf_Die die, Dwarf_Half attribute,
					 uint64_t *ret, bool *is_signed)
{
	Dwarf_Attribute found = find_attribute(handle, die, attribute);
	Dwarf_Half form;
	bool has_sign, is_read;

	if (!found)
		return MO_DWARF_ABSENT;
	form = form_of(handle, found);
	has_sign = form == DW_FORM_sdata || form == DW_FORM_implicit_const;
	is_read = has_sign ? read_signed(handle, found, ret) : read_unsigned(handle, found, ret);
	dwarf_dealloc_attribute(found);
	if (is_read && is_signed)
		*is_signed = has_sign;
	return is_read ? MO_DWARF_PRESENT : MO_DWARF_ABSENT;
}

struct mo_error *mo_dwarf_reference(const struct mo_dwarf_handle *handle, Dwarf_Die die, Dwarf_Half attribute,
				    bool *has_reference, uint64_t *ret)
{
	Dwarf_Attribute found = find_attribute(handle, die, attribute);
	bool is_narrow = handle->base_offset || handle->end_offset != handle->file->info.n_bytes;
	Dwarf_Error error = NULL;
	Dwarf_Off offset = 0;
	int result;

	*has_reference = found != NULL;
	if (!found)
		return NULL;
	if (is_narrow && form_of(handle, found) == DW_FORM_ref_addr) {
		dwarf_dealloc_attribute(found);
		return mo_error_create(MO_E_LIMIT, "%s: a type is in another unit", handle->file->path);
	}
	result = dwarf_global_formref(found, &offset, &error);
	dwarf_dealloc_attribute(found);
	if (result != DW_DLV_OK)
		return mo_dwarf_error(handle, result == DW_DLV_ERROR ? error : NULL, "a reference to a type");
	*ret = handle->base_offset + offset;
	return NULL;
}

/* An unsigned LEB128 number that ends exactly at `end`. */
static bool read_leb128(const uint8_t *bytes, const uint8_t *end, uint64_t *ret)
{
	uint64_t value = 0;
	unsigned shift = 0;

	for (; bytes < end && shift < 63; bytes++, shift += 7) {
		value |= (uint64_t)(*bytes & 0x7f) << shift;
		if (!(*bytes & 0x80)) {
			*ret = value;
			return bytes + 1 == end;
		}
	}
	return false;
}

/* The offset out of an expression: gcc before 4.x and DWARF 2 wrote DW_OP_plus_uconst with it. */
static bool read_expression(const struct mo_dwarf_handle *handle, Dwarf_Attribute attribute, uint64_t *ret)
{
	Dwarf_Error error = NULL;
	Dwarf_Unsigned n_bytes = 0;
	Dwarf_Ptr expression = NULL;
	const uint8_t *bytes;

	if (form_of(handle, attribute) == DW_FORM_exprloc) {
		if (dwarf_formexprloc(attribute, &n_bytes, &expression, &error) != DW_DLV_OK) {
			drop(handle, error);
			return false;
		}
	} else {
		Dwarf_Block *block = NULL;

		if (dwarf_formblock(attribute, &block, &error) != DW_DLV_OK) {
			drop(handle, error);
			return false;
		}
		n_bytes = block->bl_len;
		expression = block->bl_data;
		dwarf_dealloc(handle->debug, block, DW_DLA_BLOCK);
	}
	bytes = expression;
	if (n_bytes < 2 || (bytes[0] != DW_OP_plus_uconst && bytes[0] != DW_OP_constu))
		return false;
	return read_leb128(bytes + 1, bytes + n_bytes, ret);
}

struct mo_error *mo_dwarf_member_location(const struct mo_dwarf_handle *handle, Dwarf_Die die, uint64_t *ret)
{
	Dwarf_Attribute found = find_attribute(handle, die, DW_AT_data_member_location);
	bool is_read;

	if (!found) {
		*ret = 0; /* a union's members have none */
		return NULL;
	}
	switch (form_of(handle, found)) {
	case DW_FORM_exprloc:
	case DW_FORM_block:
	case DW_FORM_block1:
	case DW_FORM_block2:
	case DW_FORM_block4:
		is_read = read_expression(handle, found, ret);
		break;
	case DW_FORM_sdata:
	case DW_FORM_implicit_const:
		is_read = read_signed(handle, found, ret);
		break;
	default:
		is_read = read_unsigned(handle, found, ret);
		break;
	}
	dwarf_dealloc_attribute(found);
	if (is_read)
		return NULL;
	return mo_error_create(MO_E_UNSUPPORTED, "%s: the place of a member is given in a way that is not understood",
			       handle->file->path);
}

struct mo_error *mo_dwarf_first_child(const struct mo_dwarf_handle *handle, Dwarf_Die parent, Dwarf_Die *die)
{
	Dwarf_Error error = NULL;
	int result = dwarf_child(parent, die, &error);

	if (result == DW_DLV_OK)
		return NULL;
	*die = NULL;
	return result == DW_DLV_NO_ENTRY ? NULL : mo_dwarf_error(handle, error, "an entry's children");
}

static bool find_offset(const struct mo_dwarf_handle *handle, Dwarf_Die die, Dwarf_Off *ret)
{
	Dwarf_Error error = NULL;

	if (dwarf_dieoffset(die, ret, &error) == DW_DLV_OK)
		return true;
	drop(handle, error);
	return false;
}

/* libdwarf refuses a DW_AT_sibling that points backwards, but not one that points at its own entry: an endless loop. */
struct mo_error *mo_dwarf_next_sibling(const struct mo_dwarf_handle *handle, Dwarf_Die *die)
{
	Dwarf_Off offset = 0, next_offset = 0;
	Dwarf_Error error = NULL;
	Dwarf_Die next = NULL;
	bool has_offset = find_offset(handle, *die, &offset);
	int result = dwarf_siblingof_b(handle->debug, *die, 1, &next, &error);

	dwarf_dealloc_die(*die);
	*die = NULL;
	if (result == DW_DLV_ERROR)
		return mo_dwarf_error(handle, error, "the next entry");
	if (result != DW_DLV_OK)
		return NULL;
	if (!has_offset || !find_offset(handle, next, &next_offset) || next_offset <= offset) {
		dwarf_dealloc_die(next);
		return mo_error_create(MO_E_CORRUPT, "%s: the entries at 0x%llx of .debug_info go in a circle",
				       handle->file->path, (unsigned long long)(handle->base_offset + offset));
	}
	*die = next;
	return NULL;
}
