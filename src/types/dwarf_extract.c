/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Takes types out of DWARF into a type table. */
#include "dwarf_extract.h"

#include "cleanup.h"
#include "dwarf_entry.h"
#include "dwarf_members.h"

/* The builder refuses what is nested deeper. */
#define DEPTH_MAX 128

static struct mo_error *extract_offset(struct mo_dwarf_extraction *extraction, uint64_t offset, enum mo_build_how how,
				       uint32_t *ret);

struct mo_error *mo_dwarf_extract_target(struct mo_dwarf_extraction *extraction, Dwarf_Die die, enum mo_build_how how,
					 uint32_t *ret)
{
	bool has_target;
	uint64_t offset;

	*ret = 0; /* void */
	MO_TRY(mo_dwarf_reference(extraction->handle, die, DW_AT_type, &has_target, &offset));
	if (!has_target)
		return NULL;
	return extract_offset(extraction, offset, how, ret);
}

/* restrict and _Atomic change nothing of what we say of a type, and of a variable its type is wanted. */
static bool is_transparent(Dwarf_Half tag)
{
	return tag == DW_TAG_restrict_type || tag == DW_TAG_atomic_type || tag == DW_TAG_variable;
}

static bool kind_of_tag(Dwarf_Half tag, enum mo_type_kind *ret)
{
	switch (tag) {
	case DW_TAG_base_type:
		*ret = MO_TYPE_INT;
		return true;
	case DW_TAG_enumeration_type:
		*ret = MO_TYPE_ENUM;
		return true;
	case DW_TAG_pointer_type:
	case DW_TAG_reference_type:
	case DW_TAG_rvalue_reference_type:
	case DW_TAG_ptr_to_member_type:
		*ret = MO_TYPE_POINTER;
		return true;
	case DW_TAG_array_type:
		*ret = MO_TYPE_ARRAY;
		return true;
	case DW_TAG_structure_type:
	case DW_TAG_class_type:
		*ret = MO_TYPE_STRUCT;
		return true;
	case DW_TAG_union_type:
		*ret = MO_TYPE_UNION;
		return true;
	case DW_TAG_typedef:
		*ret = MO_TYPE_TYPEDEF;
		return true;
	case DW_TAG_const_type:
		*ret = MO_TYPE_CONST;
		return true;
	case DW_TAG_volatile_type:
		*ret = MO_TYPE_VOLATILE;
		return true;
	case DW_TAG_subroutine_type:
		*ret = MO_TYPE_FUNCTION;
		return true;
	default:
		return false;
	}
}

static void describe_base_type(const struct mo_dwarf_handle *handle, Dwarf_Die die, struct mo_raw_type *raw)
{
	uint64_t encoding = 0;

	(void)mo_dwarf_constant(handle, die, DW_AT_encoding, &encoding, NULL);
	switch (encoding) {
	case DW_ATE_float:
	case DW_ATE_complex_float:
	case DW_ATE_imaginary_float:
	case DW_ATE_decimal_float:
		raw->kind = MO_TYPE_FLOAT;
		break;
	case DW_ATE_boolean:
		raw->is_bool = true;
		break;
	case DW_ATE_signed:
	case DW_ATE_signed_char:
	case DW_ATE_signed_fixed:
		raw->is_signed = true;
		break;
	default:
		break;
	}
}

static void describe_head(const struct mo_dwarf_handle *handle, Dwarf_Die die, struct mo_raw_type *raw)
{
	raw->name = mo_dwarf_name(handle, die);
	if (raw->kind == MO_TYPE_POINTER || raw->kind == MO_TYPE_CONST || raw->kind == MO_TYPE_VOLATILE ||
	    raw->kind == MO_TYPE_ARRAY || raw->kind == MO_TYPE_FUNCTION)
		raw->name = NULL;
	if (raw->kind == MO_TYPE_POINTER)
		raw->size_bytes = handle->file->object.pointer_bytes;
	if (raw->kind == MO_TYPE_TYPEDEF || raw->kind == MO_TYPE_ARRAY || raw->kind == MO_TYPE_CONST ||
	    raw->kind == MO_TYPE_VOLATILE)
		return;
	(void)mo_dwarf_constant(handle, die, DW_AT_byte_size, &raw->size_bytes, NULL);
	if (raw->kind == MO_TYPE_INT)
		describe_base_type(handle, die, raw);
	raw->is_incomplete = mo_dwarf_has(handle, die, DW_AT_declaration);
}

/* What lies behind the head: target, members, enumerators. Types that it needs are taken first. */
static struct mo_error *fill_entry(struct mo_dwarf_extraction *extraction, Dwarf_Die die, uint32_t id,
				   enum mo_build_how how)
{
	struct mo_type_table *table = extraction->table;
	enum mo_type_kind kind = table->types.items[id].raw.kind;
	uint32_t target = 0;

	switch (kind) {
	case MO_TYPE_STRUCT:
	case MO_TYPE_UNION:
		if (table->types.items[id].raw.is_incomplete)
			return NULL;
		return mo_dwarf_extract_members(extraction, die, id);
	case MO_TYPE_ENUM:
		return mo_dwarf_extract_enumerators(extraction, die, id);
	case MO_TYPE_FUNCTION:
		MO_TRY(mo_dwarf_extract_target(extraction, die, MO_BUILD_SHALLOW, &target));
		table->types.items[id].raw.target = target;
		return mo_dwarf_extract_parameters(extraction, die, id);
	case MO_TYPE_ARRAY:
		MO_TRY(mo_dwarf_extract_target(extraction, die, how, &target));
		table->types.items[id].raw.target = target;
		return mo_dwarf_extract_dimensions(extraction, die, id);
	case MO_TYPE_POINTER:
		how = MO_BUILD_SHALLOW;
		break;
	case MO_TYPE_VOID:
	case MO_TYPE_INT:
	case MO_TYPE_FLOAT:
		return NULL;
	case MO_TYPE_TYPEDEF:
	case MO_TYPE_CONST:
	case MO_TYPE_VOLATILE:
		break;
	}
	MO_TRY(mo_dwarf_extract_target(extraction, die, how, &target));
	table->types.items[id].raw.target = target;
	return NULL;
}

static struct mo_error *extract_die(struct mo_dwarf_extraction *extraction, Dwarf_Die die, uint64_t offset,
				    enum mo_build_how how, uint32_t *ret)
{
	struct mo_raw_type raw = { .kind = MO_TYPE_VOID };
	struct mo_type_origin origin = { .offset = offset };
	Dwarf_Half tag = mo_dwarf_tag(extraction->handle, die);

	if (is_transparent(tag))
		return mo_dwarf_extract_target(extraction, die, how, ret);
	*ret = 0;
	if (!kind_of_tag(tag, &raw.kind))
		return NULL; /* what C does not have counts as void */
	describe_head(extraction->handle, die, &raw);
	origin.how = mo_type_effective_how(&raw, how);
	/* Asked for before its name was known. */
	*ret = mo_type_table_at_origin(extraction->table, &origin);
	if (*ret)
		return NULL;
	if (origin.how == MO_BUILD_SHALLOW && (raw.kind == MO_TYPE_STRUCT || raw.kind == MO_TYPE_UNION)) {
		if (raw.is_incomplete)
			raw.size_bytes = 0;
		raw.is_incomplete = true;
	}
	MO_TRY(mo_type_table_add(extraction->table, &raw, &origin, ret));
	return fill_entry(extraction, die, *ret, origin.how);
}

static struct mo_error *extract_offset(struct mo_dwarf_extraction *extraction, uint64_t offset, enum mo_build_how how,
				       uint32_t *ret)
{
	struct mo_type_origin origin = { .offset = offset, .how = how };
	Dwarf_Error error = NULL;
	MO_DIE die = NULL;
	struct mo_error *failure;
	int result;

	*ret = mo_type_table_at_origin(extraction->table, &origin);
	if (*ret)
		return NULL;
	if (offset < extraction->handle->base_offset || offset >= extraction->handle->end_offset)
		return mo_error_create(MO_E_CORRUPT, "%s: no type at 0x%llx of .debug_info",
				       extraction->handle->file->path, (unsigned long long)offset);
	if (extraction->depth >= DEPTH_MAX)
		return mo_error_create(MO_E_CORRUPT, "%s: types are nested too deep at 0x%llx of .debug_info",
				       extraction->handle->file->path, (unsigned long long)offset);
	result = dwarf_offdie_b(extraction->handle->debug, offset - extraction->handle->base_offset, 1, &die, &error);
	if (result != DW_DLV_OK) {
		die = NULL;
		return mo_dwarf_error(extraction->handle, result == DW_DLV_ERROR ? error : NULL, "a type's entry");
	}
	extraction->depth++;
	failure = extract_die(extraction, die, offset, how, ret);
	extraction->depth--;
	return failure;
}

static struct mo_error *extract_with(const struct mo_dwarf_file *file, const struct mo_dwarf_unit *unit,
				     struct mo_type_table *table, const uint64_t *offsets, size_t n_offsets,
				     uint32_t *ids)
{
	struct mo_dwarf_handle handle;
	struct mo_dwarf_extraction extraction = { .handle = &handle, .table = table };
	struct mo_error *error = mo_dwarf_handle_open(file, unit, &handle);

	if (error)
		return error;
	for (size_t i = 0; i < n_offsets && !error; i++)
		error = extract_offset(&extraction, offsets[i], MO_BUILD_FULL, &ids[i]);
	mo_dwarf_handle_close(&handle);
	return error;
}

struct mo_error *mo_dwarf_extract(const struct mo_dwarf_file *file, const struct mo_dwarf_unit *unit,
				  struct mo_type_table *table, const uint64_t *offsets, size_t n_offsets, uint32_t *ids)
{
	struct mo_type_table_mark mark = mo_type_table_mark(table);
	struct mo_error *error = extract_with(file, unit, table, offsets, n_offsets, ids);

	if (!error)
		return NULL;
	/* What was begun is half done: none of it may stay. */
	mo_type_table_rewind(table, &mark);
	if (!mo_error_catch(&error, MO_E_LIMIT))
		return error;
	error = extract_with(file, NULL, table, offsets, n_offsets, ids);
	if (error)
		mo_type_table_rewind(table, &mark);
	return error;
}
