/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What BTF says of a type, one level at a time, and the opening of BTF as types.
 */
#include "btf.h"

#include <stdio.h>

#include "cleanup.h"

/* Typedefs and qualifiers between a member and its integer; more is a cycle. */
#define CHAIN_MAX 64

static const struct mo_btf *btf_of(const struct mo_raw_source *source)
{
	return (const struct mo_btf *)source;
}

static void get_int(const struct mo_btf *btf, const struct mo_btf_record *record, struct mo_raw_type *ret)
{
	unsigned encoding = mo_btf_int_encoding(mo_btf_word(btf, record->bytes + MO_BTF_RECORD_BYTES));

	ret->kind = MO_TYPE_INT;
	ret->size_bytes = record->size_or_type;
	ret->is_signed = encoding & MO_BTF_INT_SIGNED;
	ret->is_bool = encoding & MO_BTF_INT_BOOL;
}

static void get_array(const struct mo_btf *btf, const struct mo_btf_record *record, struct mo_raw_type *ret)
{
	const uint8_t *array = record->bytes + MO_BTF_RECORD_BYTES; /* element type, index type, elements */

	ret->kind = MO_TYPE_ARRAY;
	ret->target = mo_btf_word(btf, array);
	ret->array_length = mo_btf_word(btf, array + 8);
	ret->is_flexible = !ret->array_length;
}

/*
 * Whether an enum is signed. Before kind_flag said so (pahole 1.24, 2022) it was not recorded: then -1 and its like
 * are taken for what they mostly are, and other values with the top bit set (0x80000000, 0xefffffff) for flags.
 */
static bool is_enum_signed(const struct mo_btf *btf, const struct mo_btf_record *record)
{
	const uint8_t *values = record->bytes + MO_BTF_RECORD_BYTES + 4;

	if (btf->has_enum_signs || mo_btf_kind(record->info) == MO_BTF_ENUM64)
		return mo_btf_flag(record->info);
	for (uint32_t i = 0; i < mo_btf_n_items(record->info); i++) {
		if (mo_btf_word(btf, values + (size_t)i * 8) >= (uint32_t)-4096)
			return true;
	}
	return false;
}

static void get_enum(const struct mo_btf *btf, const struct mo_btf_record *record, struct mo_raw_type *ret)
{
	ret->kind = MO_TYPE_ENUM;
	ret->size_bytes = record->size_or_type;
	ret->n_enumerators = mo_btf_n_items(record->info);
	ret->is_signed = is_enum_signed(btf, record);
	ret->is_incomplete = !ret->n_enumerators;
}

/* "..." is a last parameter of no name and no type. */
static void get_function(const struct mo_btf *btf, const struct mo_btf_record *record, struct mo_raw_type *ret)
{
	const uint8_t *parameters = record->bytes + MO_BTF_RECORD_BYTES;

	ret->kind = MO_TYPE_FUNCTION;
	ret->target = record->size_or_type;
	ret->n_members = mo_btf_n_items(record->info);
	if (ret->n_members && !mo_btf_word(btf, parameters + (size_t)(ret->n_members - 1) * 8) &&
	    !mo_btf_word(btf, parameters + (size_t)(ret->n_members - 1) * 8 + 4)) {
		ret->is_variadic = true;
		ret->n_members--;
	}
}

static void get_reference(enum mo_type_kind kind, const struct mo_btf_record *record, struct mo_raw_type *ret)
{
	ret->kind = kind;
	ret->target = record->size_or_type;
}

static struct mo_error *get_compound(const struct mo_btf_record *record, struct mo_raw_type *ret)
{
	bool is_forward = mo_btf_kind(record->info) == MO_BTF_FWD;
	bool is_union = is_forward ? mo_btf_flag(record->info) : mo_btf_kind(record->info) == MO_BTF_UNION;

	ret->kind = is_union ? MO_TYPE_UNION : MO_TYPE_STRUCT;
	ret->is_incomplete = is_forward;
	if (is_forward)
		return NULL;
	ret->size_bytes = record->size_or_type;
	ret->n_members = mo_btf_n_items(record->info);
	return NULL;
}

static struct mo_error *get_by_kind(const struct mo_btf *btf, uint32_t id, const struct mo_btf_record *record,
				    struct mo_raw_type *ret)
{
	unsigned kind = mo_btf_kind(record->info);

	switch (kind) {
	case MO_BTF_INT:
		get_int(btf, record, ret);
		return NULL;
	case MO_BTF_FLOAT:
		ret->kind = MO_TYPE_FLOAT;
		ret->size_bytes = record->size_or_type;
		return NULL;
	case MO_BTF_PTR:
		get_reference(MO_TYPE_POINTER, record, ret);
		ret->size_bytes = btf->pointer_bytes;
		return NULL;
	case MO_BTF_ARRAY:
		get_array(btf, record, ret);
		return NULL;
	case MO_BTF_STRUCT:
	case MO_BTF_UNION:
	case MO_BTF_FWD:
		return get_compound(record, ret);
	case MO_BTF_ENUM:
	case MO_BTF_ENUM64:
		get_enum(btf, record, ret);
		return NULL;
	case MO_BTF_TYPEDEF:
		get_reference(MO_TYPE_TYPEDEF, record, ret);
		return NULL;
	case MO_BTF_VOLATILE:
		get_reference(MO_TYPE_VOLATILE, record, ret);
		return NULL;
	case MO_BTF_CONST:
		get_reference(MO_TYPE_CONST, record, ret);
		return NULL;
	case MO_BTF_RESTRICT:
	case MO_BTF_TYPE_TAG:
		ret->target = record->size_or_type;
		ret->is_transparent = true;
		ret->name = NULL;
		return NULL;
	case MO_BTF_FUNC_PROTO:
		get_function(btf, record, ret);
		return NULL;
	default:
		return mo_error_create(MO_E_CORRUPT, "BTF type %u of kind %u is not a type", id, kind);
	}
}

static struct mo_error *btf_get(struct mo_raw_source *source, uint32_t id, struct mo_raw_type *ret)
{
	const struct mo_btf *btf = btf_of(source);
	struct mo_raw_type type = { .kind = MO_TYPE_VOID };
	struct mo_btf_record record;
	struct mo_error *error = mo_btf_record(btf, id, &record);

	/* What contains a lost type is known all the same, but for what is in there. */
	if (error && mo_error_catch(&error, MO_E_NOT_IN_DUMP)) {
		*ret = (struct mo_raw_type){ .kind = MO_TYPE_STRUCT, .is_incomplete = true, .name = MO_TYPE_MISSING_NAME };
		return NULL;
	}
	MO_TRY(error);
	MO_TRY(mo_btf_string(btf, record.name_offset, &type.name));
	MO_TRY(get_by_kind(btf, id, &record, &type));
	*ret = type;
	return NULL;
}

/* Structs without kind_flag have their bit-fields' width and place in an integer type of odd size. */
static struct mo_error *apply_odd_integer(const struct mo_btf *btf, struct mo_raw_member *member)
{
	const struct mo_btf *owner = btf;
	struct mo_btf_record record;
	uint32_t id = member->type, word;

	for (unsigned steps = 0; id && steps < CHAIN_MAX; steps++) {
		unsigned kind;

		struct mo_error *error = mo_btf_record_any(btf, id, &owner, &record);

		if (error && mo_error_catch(&error, MO_E_NOT_IN_DUMP))
			return NULL;
		MO_TRY(error);
		kind = mo_btf_kind(record.info);
		if (kind == MO_BTF_INT) {
			word = mo_btf_word(owner, record.bytes + MO_BTF_RECORD_BYTES);
			if (mo_btf_int_bits(word) == record.size_or_type * 8ull || mo_btf_int_bits(word) > 64 ||
			    !mo_btf_int_bits(word))
				return NULL;
			member->bitfield_bits = mo_btf_int_bits(word);
			member->offset_bits += mo_btf_int_offset_bits(word);
			return NULL;
		}
		if (kind != MO_BTF_TYPEDEF && kind != MO_BTF_CONST && kind != MO_BTF_VOLATILE &&
		    kind != MO_BTF_RESTRICT && kind != MO_BTF_TYPE_TAG)
			return NULL;
		id = record.size_or_type;
	}
	return NULL;
}

static struct mo_error *btf_member(struct mo_raw_source *source, uint32_t id, uint32_t index, struct mo_raw_member *ret)
{
	const struct mo_btf *btf = btf_of(source);
	struct mo_raw_member member = { .name = NULL };
	struct mo_btf_record record;
	const uint8_t *bytes;
	uint32_t offset;

	MO_TRY(mo_btf_record(btf, id, &record));
	if (mo_btf_kind(record.info) == MO_BTF_FUNC_PROTO) {
		bytes = record.bytes + MO_BTF_RECORD_BYTES + (size_t)index * 8;
		MO_TRY(mo_btf_string(btf, mo_btf_word(btf, bytes), &member.name));
		member.type = mo_btf_word(btf, bytes + 4);
		*ret = member;
		return NULL;
	}
	bytes = record.bytes + MO_BTF_RECORD_BYTES + (size_t)index * 12;
	MO_TRY(mo_btf_string(btf, mo_btf_word(btf, bytes), &member.name));
	member.type = mo_btf_word(btf, bytes + 4);
	offset = mo_btf_word(btf, bytes + 8);
	if (mo_btf_flag(record.info)) {
		member.offset_bits = offset & 0xffffff;
		member.bitfield_bits = offset >> 24;
	} else {
		member.offset_bits = offset;
		MO_TRY(apply_odd_integer(btf, &member));
	}
	*ret = member;
	return NULL;
}

static struct mo_error *btf_enumerator(struct mo_raw_source *source, uint32_t id, uint32_t index,
				       struct mo_type_enumerator *ret)
{
	const struct mo_btf *btf = btf_of(source);
	struct mo_type_enumerator enumerator = { .name = NULL };
	struct mo_btf_record record;
	const uint8_t *bytes;

	MO_TRY(mo_btf_record(btf, id, &record));
	if (mo_btf_kind(record.info) == MO_BTF_ENUM64) {
		bytes = record.bytes + MO_BTF_RECORD_BYTES + (size_t)index * 12;
		enumerator.value = (int64_t)(mo_btf_word(btf, bytes + 4) | (uint64_t)mo_btf_word(btf, bytes + 8) << 32);
	} else {
		uint32_t value;

		bytes = record.bytes + MO_BTF_RECORD_BYTES + (size_t)index * 8;
		value = mo_btf_word(btf, bytes + 4);
		enumerator.value = value >> 31 && is_enum_signed(btf, &record) ? (int32_t)value : (int64_t)value;
	}
	MO_TRY(mo_btf_string(btf, mo_btf_word(btf, bytes), &enumerator.name));
	*ret = enumerator;
	return NULL;
}

static struct mo_error *index_enumerators(struct mo_btf *btf)
{
	for (uint32_t i = 0; i < btf->n_types; i++) {
		uint32_t id = btf->source.first_id + i;
		struct mo_btf_record record;

		if (btf->offsets.items[i] == MO_BTF_LOST)
			continue;
		MO_TRY(mo_btf_record(btf, id, &record));
		if (mo_btf_kind(record.info) != MO_BTF_ENUM && mo_btf_kind(record.info) != MO_BTF_ENUM64)
			continue;
		for (uint32_t index = 0; index < mo_btf_n_items(record.info); index++) {
			struct mo_btf_enumerator place = { .id = id, .index = index };
			struct mo_type_enumerator enumerator;
			uint64_t hash;

			MO_TRY(btf_enumerator(&btf->source, id, index, &enumerator));
			if (!enumerator.name)
				continue;
			hash = mo_name_hash(enumerator.name, strlen(enumerator.name));
			if (!mo_vector_append(&btf->enumerators, place))
				return mo_error_no_memory();
			MO_TRY(mo_name_index_add(&btf->enumerator_names, hash, (uint32_t)(btf->enumerators.count - 1)));
		}
	}
	btf->has_enumerator_index = true;
	return NULL;
}

/* No type of the name was found: is it one of those that are lost? */
static struct mo_error *none_or_lost(const struct mo_btf *btf, const struct mo_type_name *name, uint32_t *ret)
{
	if (!strcmp(name->tag, MO_TYPE_MISSING_NAME))
		return mo_error_create(MO_E_NOT_IN_DUMP, "the type lies in missing memory");
	if ((btf->n_lost || mo_btf_ends_in_gap(btf)) && mo_btf_has_string(btf, name->tag))
		return mo_error_create(MO_E_NOT_IN_DUMP, "%s may be among the types that lie in missing memory", name->key);
	*ret = 0;
	return NULL;
}

static struct mo_error *find_enum_of(struct mo_btf *btf, const struct mo_type_name *name, uint32_t *ret)
{
	uint64_t hash = mo_name_hash(name->tag, name->tag_length);
	size_t cursor = 0;
	uint32_t item;

	if (!btf->has_enumerator_index) {
		btf->enumerators.count = 0;
		mo_name_index_deinit(&btf->enumerator_names);
		MO_TRY(index_enumerators(btf));
	}
	while (mo_name_index_next(&btf->enumerator_names, hash, &cursor, &item)) {
		struct mo_type_enumerator enumerator;

		MO_TRY(btf_enumerator(&btf->source, btf->enumerators.items[item].id, btf->enumerators.items[item].index,
				      &enumerator));
		if (enumerator.name && !strcmp(enumerator.name, name->tag)) {
			*ret = btf->enumerators.items[item].id;
			return NULL;
		}
	}
	return none_or_lost(btf, name, ret);
}

static bool is_of_space(const struct mo_raw_type *type, enum mo_name_space space)
{
	if (type->is_incomplete)
		return false;
	switch (type->kind) {
	case MO_TYPE_STRUCT:
		return space == MO_NAME_STRUCT;
	case MO_TYPE_UNION:
		return space == MO_NAME_UNION;
	case MO_TYPE_ENUM:
		return space == MO_NAME_ENUM;
	case MO_TYPE_INT:
	case MO_TYPE_FLOAT:
	case MO_TYPE_TYPEDEF:
		return space == MO_NAME_PLAIN;
	default:
		return false;
	}
}

struct mo_error *mo_btf_find(struct mo_btf *btf, const struct mo_type_name *name, uint32_t *ret)
{
	uint64_t hash = mo_name_hash(name->tag, name->tag_length);
	struct mo_raw_source *source = &btf->source;
	size_t cursor = 0;
	uint32_t item;

	if (name->space == MO_NAME_ENUMERATOR)
		return find_enum_of(btf, name, ret);
	while (mo_name_index_next(&btf->names, hash, &cursor, &item)) {
		uint32_t id = source->first_id + item;
		struct mo_raw_type type;
		const char *usual;

		MO_TRY(btf_get(source, id, &type));
		if (!is_of_space(&type, name->space) || !type.name)
			continue;
		usual = type.kind == MO_TYPE_INT ? mo_type_name_integer(type.name) : NULL;
		if (!strcmp(usual ? usual : type.name, name->tag)) {
			*ret = id;
			return NULL;
		}
	}
	return none_or_lost(btf, name, ret);
}

static struct mo_error *btf_find(struct mo_raw_source *source, const struct mo_type_name *name, uint32_t *ret)
{
	return mo_btf_find((struct mo_btf *)source, name, ret);
}

/* A pointer leads to the full struct itself, or to a forward declaration, which has but a name. */
static struct mo_error *btf_complete(struct mo_raw_source *source, uint32_t id, uint32_t *ret)
{
	struct mo_raw_type type;

	MO_TRY(btf_get(source, id, &type));
	*ret = type.is_incomplete ? 0 : id;
	return NULL;
}

static void btf_destroy(struct mo_raw_source *source)
{
	mo_btf_destroy((struct mo_btf *)source);
}

static const struct mo_raw_operations btf_operations = {
	.get = btf_get,
	.member = btf_member,
	.enumerator = btf_enumerator,
	.find = btf_find,
	.complete = btf_complete,
	.destroy = btf_destroy,
};

static struct mo_error *describe(struct mo_btf *btf, const char *origin)
{
	int length;

	if (mo_btf_ends_in_gap(btf))
		length = asprintf(&btf->source.description, "BTF of %s (in part: some of its memory is missing)", origin);
	else if (btf->n_gaps && !btf->n_lost)
		length = asprintf(&btf->source.description, "BTF of %s (some of its names are missing)", origin);
	else if (btf->n_gaps)
		length = asprintf(&btf->source.description, "BTF of %s (%u of %u types are missing)", origin, btf->n_lost,
				  btf->n_types);
	else if (btf->is_cut)
		length = asprintf(&btf->source.description, "BTF of %s (its first %u types: then comes unknown kind %u)",
				  origin, btf->n_types, btf->unknown_kind);
	else
		length = asprintf(&btf->source.description, "BTF of %s", origin);
	if (length >= 0)
		return NULL;
	btf->source.description = NULL;
	return mo_error_no_memory();
}

/* Makes a source of what was opened, unless that failed. */
static struct mo_error *make_source(struct mo_error *error, struct mo_btf *btf, const char *origin)
{
	if (error)
		return mo_error_prepend(error, "cannot read the BTF of %s", origin);
	btf->source.operations = &btf_operations;
	btf->source.is_partial = btf->is_cut || btf->n_lost;
	error = describe(btf, origin);
	if (error)
		mo_btf_destroy(btf);
	return error;
}

struct mo_error *mo_types_open_btf(const char *origin, const void *bytes, size_t n_bytes, struct mo_types **ret)
{
	struct mo_btf *btf = NULL;
	struct mo_error *error = mo_btf_open(NULL, bytes, n_bytes, &btf);

	MO_TRY(make_source(error, btf, origin));
	return mo_types_create(&btf->source, ret);
}

struct mo_error *mo_types_take_btf(const char *origin, uint8_t *bytes, size_t n_bytes, struct mo_types **ret)
{
	struct mo_btf *btf = NULL;
	struct mo_error *error = mo_btf_take(NULL, bytes, n_bytes, &btf);

	MO_TRY(make_source(error, btf, origin));
	return mo_types_create(&btf->source, ret);
}

struct mo_error *mo_types_take_btf_with_gaps(const char *origin, uint8_t *bytes, size_t n_bytes, const struct mo_type_gap *gaps,
					     size_t n_gaps, struct mo_types **ret)
{
	struct mo_btf *btf = NULL;
	struct mo_error *error = mo_btf_take_with_gaps(bytes, n_bytes, gaps, n_gaps, &btf);

	MO_TRY(make_source(error, btf, origin));
	return mo_types_create(&btf->source, ret);
}

struct mo_error *mo_types_add_btf_module(struct mo_types *types, const char *module, const void *bytes, size_t n_bytes)
{
	struct mo_raw_source *kernel = types->sources.items[0];
	struct mo_btf *btf = NULL;
	struct mo_error *error;

	if (kernel->operations != &btf_operations)
		return mo_error_create(MO_E_INVALID, "BTF of module %s needs the kernel's BTF below it", module);
	error = mo_btf_open((struct mo_btf *)kernel, bytes, n_bytes, &btf);
	MO_TRY(make_source(error, btf, module));
	return mo_types_add_source(types, &btf->source);
}
