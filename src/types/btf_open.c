/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Reading BTF: the header is checked, then one pass over the records notes where each begins and what it is called
 * (btf_gaps.c finds the records).
 * After that every record and all that belongs to it is known to lie within the type section.
 */
#include "btf.h"

#include "cleanup.h"

/* The kernel's own is about 6 MB; what is larger than this is not BTF. */
#define BTF_BYTES_MAX ((size_t)1 << 30)

static void fill_known_layout(struct mo_btf_layout *layout)
{
	static const uint8_t info_bytes[MO_BTF_N_KINDS] = {
		[MO_BTF_INT] = 4, [MO_BTF_ARRAY] = 12, [MO_BTF_VAR] = 4, [MO_BTF_DECL_TAG] = 4,
	};
	static const uint8_t item_bytes[MO_BTF_N_KINDS] = {
		[MO_BTF_STRUCT] = 12, [MO_BTF_UNION] = 12, [MO_BTF_ENUM] = 8, [MO_BTF_FUNC_PROTO] = 8,
		[MO_BTF_DATASEC] = 12, [MO_BTF_ENUM64] = 12,
	};

	for (unsigned kind = 1; kind < MO_BTF_N_KINDS; kind++) {
		layout->info_bytes[kind] = info_bytes[kind];
		layout->item_bytes[kind] = item_bytes[kind];
		layout->is_known[kind] = true;
	}
}

/* The layout section (7.1 on) tells the length of kinds that we do not know. Without one, the table stays as it is. */
static void read_layout_section(const struct mo_btf *btf, const uint8_t *body, size_t body_bytes, uint32_t header_bytes,
				struct mo_btf_layout *layout)
{
	uint32_t offset, length;

	if (header_bytes < MO_BTF_HEADER_LAYOUT_BYTES)
		return;
	offset = mo_btf_word(btf, btf->bytes + MO_BTF_HEADER_LAYOUT_OFFSET);
	length = mo_btf_word(btf, btf->bytes + MO_BTF_HEADER_LAYOUT_LENGTH);
	if (!mo_is_within(offset, length, body_bytes))
		return;
	for (uint32_t kind = MO_BTF_N_KINDS; kind < 128 && kind < length / 4; kind++) {
		const uint8_t *entry = body + offset + (size_t)kind * 4;

		layout->info_bytes[kind] = entry[0];
		layout->item_bytes[kind] = entry[1];
		layout->is_known[kind] = true;
	}
}

static struct mo_error *check_header(struct mo_btf *btf, size_t n_bytes, struct mo_btf_layout *layout)
{
	uint32_t header_bytes, type_offset, type_bytes, string_offset, string_bytes;
	const uint8_t *body;
	size_t body_bytes;

	if (n_bytes < MO_BTF_HEADER_BYTES)
		return mo_error_create(MO_E_CORRUPT, "BTF of %zu bytes is shorter than its header", n_bytes);
	if (mo_load_u16(btf->bytes, false) == MO_BTF_MAGIC)
		btf->is_big_endian = false;
	else if (mo_load_u16(btf->bytes, true) == MO_BTF_MAGIC)
		btf->is_big_endian = true;
	else
		return mo_error_create(MO_E_CORRUPT, "not BTF: it begins with %02x %02x", btf->bytes[0], btf->bytes[1]);
	if (btf->bytes[MO_BTF_HEADER_VERSION] != MO_BTF_VERSION)
		return mo_error_create(MO_E_UNSUPPORTED, "BTF of version %u", btf->bytes[MO_BTF_HEADER_VERSION]);
	header_bytes = mo_btf_word(btf, btf->bytes + MO_BTF_HEADER_LENGTH);
	if (header_bytes < MO_BTF_HEADER_BYTES || header_bytes > n_bytes)
		return mo_error_create(MO_E_CORRUPT, "BTF has a header of %u bytes", header_bytes);
	body = btf->bytes + header_bytes;
	body_bytes = n_bytes - header_bytes;
	type_offset = mo_btf_word(btf, btf->bytes + MO_BTF_HEADER_TYPE_OFFSET);
	type_bytes = mo_btf_word(btf, btf->bytes + MO_BTF_HEADER_TYPE_LENGTH);
	string_offset = mo_btf_word(btf, btf->bytes + MO_BTF_HEADER_STRING_OFFSET);
	string_bytes = mo_btf_word(btf, btf->bytes + MO_BTF_HEADER_STRING_LENGTH);
	if (!mo_is_within(type_offset, type_bytes, body_bytes))
		return mo_error_create(MO_E_CORRUPT, "BTF's types (%u bytes at %u) lie outside of its %zu bytes", type_bytes,
				       type_offset, body_bytes);
	if (!mo_is_within(string_offset, string_bytes, body_bytes))
		return mo_error_create(MO_E_CORRUPT, "BTF's strings (%u bytes at %u) lie outside of its %zu bytes",
				       string_bytes, string_offset, body_bytes);
	if (string_bytes && body[string_offset + string_bytes - 1])
		return mo_error_create(MO_E_CORRUPT, "BTF's strings do not end");
	btf->types = body + type_offset;
	btf->types_bytes = type_bytes;
	btf->strings = (const char *)body + string_offset;
	btf->strings_bytes = string_bytes;
	read_layout_section(btf, body, body_bytes, header_bytes, layout);
	return NULL;
}

struct mo_error *mo_btf_string(const struct mo_btf *btf, uint32_t offset, const char **ret)
{
	while (offset < btf->first_string)
		btf = (const struct mo_btf *)btf->source.base;
	if (offset - btf->first_string >= btf->strings_bytes) {
		/* Offset 0 is the empty name even where there are no strings at all. */
		if (offset)
			return mo_error_create(MO_E_CORRUPT, "a BTF name at %u lies outside of the strings", offset);
		*ret = NULL;
		return NULL;
	}
	*ret = btf->strings + (offset - btf->first_string);
	if (mo_btf_is_missing(btf, *ret, strlen(*ret) + 1))
		*ret = MO_TYPE_MISSING_NAME;
	else if (!**ret)
		*ret = NULL;
	return NULL;
}

struct mo_error *mo_btf_record(const struct mo_btf *btf, uint32_t id, struct mo_btf_record *ret)
{
	const uint8_t *bytes;

	if (id < btf->source.first_id || id - btf->source.first_id >= btf->n_types) {
		/* No more types can be lost than the bytes would hold: a higher number is nonsense. */
		if (mo_btf_ends_in_gap(btf) && id - btf->source.first_id <= btf->types_bytes / MO_BTF_RECORD_BYTES)
			return mo_error_create(MO_E_NOT_IN_DUMP, "BTF type %u lies behind missing memory", id);
		if (btf->is_cut && !mo_btf_ends_in_gap(btf))
			return mo_error_create(MO_E_UNSUPPORTED, "BTF type %u lies behind one of unknown kind %u", id,
					       btf->unknown_kind);
		return mo_error_create(MO_E_CORRUPT, "BTF type %u does not exist", id);
	}
	if (btf->offsets.items[id - btf->source.first_id] == MO_BTF_LOST)
		return mo_error_create(MO_E_NOT_IN_DUMP, "BTF type %u lies in missing memory", id);
	bytes = btf->types + btf->offsets.items[id - btf->source.first_id];
	*ret = (struct mo_btf_record){
		.bytes = bytes,
		.name_offset = mo_btf_word(btf, bytes),
		.info = mo_btf_word(btf, bytes + 4),
		.size_or_type = mo_btf_word(btf, bytes + 8),
	};
	return NULL;
}

struct mo_error *mo_btf_record_any(const struct mo_btf *btf, uint32_t id, const struct mo_btf **owner,
				   struct mo_btf_record *ret)
{
	while (btf->source.base && id < btf->source.first_id)
		btf = (const struct mo_btf *)btf->source.base;
	*owner = btf;
	return mo_btf_record(btf, id, ret);
}

static bool is_named_kind(unsigned kind)
{
	switch (kind) {
	case MO_BTF_INT:
	case MO_BTF_FLOAT:
	case MO_BTF_STRUCT:
	case MO_BTF_UNION:
	case MO_BTF_ENUM:
	case MO_BTF_ENUM64:
	case MO_BTF_TYPEDEF:
		return true;
	default:
		return false;
	}
}

static void note_integer(struct mo_btf *btf, const char *usual, uint32_t size_bytes)
{
	if ((!strcmp(usual, "unsigned long") || !strcmp(usual, "long")) && (size_bytes == 4 || size_bytes == 8))
		btf->pointer_bytes = size_bytes;
}

/* One pass over all records: the names of those that can be asked for. */
static struct mo_error *index_names(struct mo_btf *btf)
{
	for (uint32_t i = 0; i < btf->n_types; i++) {
		bool is_lost = btf->offsets.items[i] == MO_BTF_LOST;
		const uint8_t *record = btf->types + (is_lost ? 0 : btf->offsets.items[i]);
		uint32_t info = is_lost ? 0 : mo_btf_word(btf, record + 4);
		unsigned kind = mo_btf_kind(info);
		const char *name, *usual;

		if (kind == MO_BTF_ENUM64 || (kind == MO_BTF_ENUM && mo_btf_flag(info)))
			btf->has_enum_signs = true;
		if (!is_named_kind(kind))
			continue;
		MO_TRY(mo_btf_string(btf, mo_btf_word(btf, record), &name));
		if (!name)
			continue;
		usual = kind == MO_BTF_INT ? mo_type_name_integer(name) : NULL;
		if (usual)
			note_integer(btf, usual, mo_btf_word(btf, record + 8));
		name = usual ? usual : name;
		MO_TRY(mo_name_index_add(&btf->names, mo_name_hash(name, strlen(name)), i));
	}
	return NULL;
}

static struct mo_error *read_all(struct mo_btf *btf, size_t n_bytes)
{
	struct mo_btf_layout layout = { .is_known = { false } };

	fill_known_layout(&layout);
	MO_TRY(check_header(btf, n_bytes, &layout));
	MO_TRY(mo_btf_find_records(btf, &layout));
	/* About a third of a kernel's types have a name that can be asked for. */
	MO_TRY(mo_name_index_reserve(&btf->names, btf->n_types / 3));
	return index_names(btf);
}

static struct mo_error *stack_on_base(struct mo_btf *btf, struct mo_btf *base)
{
	if (mo_btf_ends_in_gap(base))
		return mo_error_create(MO_E_NOT_IN_DUMP, "the kernel's BTF is missing in part");
	if (base->is_cut)
		return mo_error_create(MO_E_UNSUPPORTED, "the kernel's BTF could be read in part only (unknown kind %u)",
				       base->unknown_kind);
	btf->source.base = &base->source;
	btf->source.first_id = base->source.first_id + base->n_types;
	btf->first_string = base->first_string + base->strings_bytes;
	btf->pointer_bytes = base->pointer_bytes;
	btf->has_enum_signs = base->has_enum_signs;
	return NULL;
}

static struct mo_error *take(struct mo_btf *base, uint8_t *bytes, size_t n_bytes, const struct mo_type_gap *gaps, size_t n_gaps,
			     struct mo_btf **ret)
{
	struct mo_btf *btf = n_bytes <= BTF_BYTES_MAX ? calloc(1, sizeof(*btf)) : NULL;
	struct mo_error *error = NULL;

	if (!btf) {
		free(bytes);
		return n_bytes > BTF_BYTES_MAX ? mo_error_create(MO_E_LIMIT, "BTF of %zu bytes", n_bytes) : mo_error_no_memory();
	}
	btf->source.first_id = 1;
	btf->pointer_bytes = 8;
	btf->bytes = bytes;
	if (n_gaps) {
		btf->n_gaps = n_gaps;
		btf->gaps = calloc(n_gaps, sizeof(*gaps));
		if (btf->gaps)
			memcpy(btf->gaps, gaps, n_gaps * sizeof(*gaps));
		else
			error = mo_error_no_memory();
	}
	if (base)
		error = stack_on_base(btf, base);
	if (!error)
		error = read_all(btf, n_bytes);
	if (error) {
		mo_btf_destroy(btf);
		return error;
	}
	*ret = btf;
	return NULL;
}

struct mo_error *mo_btf_take(struct mo_btf *base, uint8_t *bytes, size_t n_bytes, struct mo_btf **ret)
{
	return take(base, bytes, n_bytes, NULL, 0, ret);
}

struct mo_error *mo_btf_take_with_gaps(uint8_t *bytes, size_t n_bytes, const struct mo_type_gap *gaps, size_t n_gaps,
				       struct mo_btf **ret)
{
	return take(NULL, bytes, n_bytes, gaps, n_gaps, ret);
}

struct mo_error *mo_btf_open(struct mo_btf *base, const void *bytes, size_t n_bytes, struct mo_btf **ret)
{
	uint8_t *copy;

	if (n_bytes > BTF_BYTES_MAX)
		return mo_error_create(MO_E_LIMIT, "BTF of %zu bytes", n_bytes);
	copy = malloc(n_bytes ? n_bytes : 1);
	if (!copy)
		return mo_error_no_memory();
	if (n_bytes)
		memcpy(copy, bytes, n_bytes);
	return mo_btf_take(base, copy, n_bytes, ret);
}

void mo_btf_destroy(struct mo_btf *btf)
{
	mo_vector_deinit(&btf->offsets);
	mo_vector_deinit(&btf->enumerators);
	mo_name_index_deinit(&btf->names);
	mo_name_index_deinit(&btf->enumerator_names);
	free(btf->gaps);
	free(btf->bytes);
	free(btf);
}
