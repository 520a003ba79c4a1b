/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * From what a source says to the public types. The rules that this file keeps are listed in type_model.h.
 *
 * BTF comes out of a dump: every number may be a lie. A type that contains itself by value, or a chain of types
 * longer than any C programmer writes, is refused; a member must lie within its struct.
 */
#include "type_model.h"

#include "cleanup.h"

/* Deeper nesting than C programmers write, and little enough for any stack. */
#define DEPTH_MAX 96

static const struct mo_type void_type = { .kind = MO_TYPE_VOID };

struct build {
	struct mo_types *types;
	unsigned depth;
};

static struct mo_error *build_type(struct build *build, struct mo_raw_source *source, uint32_t id,
				   enum mo_build_how how, const struct mo_type **ret);

static struct mo_error *corrupt_name(const struct mo_raw_source *source, uint32_t id)
{
	return mo_error_create(MO_E_CORRUPT, "%s: type %u has a name that is not a C name", source->description, id);
}

/* Room for the built version of type number `id`. */
static struct mo_error *reserve_built(struct mo_raw_source *source, uint32_t id)
{
	size_t n_wanted = source->n_built ? source->n_built : 1024;

	if (id < source->n_built)
		return NULL;
	while (n_wanted <= id)
		n_wanted *= 2;
	for (unsigned how = 0; how < 2; how++) {
		struct mo_type_node **built = calloc(n_wanted, sizeof(*built));

		if (!built)
			return mo_error_no_memory();
		if (source->n_built)
			memcpy(built, source->built[how], source->n_built * sizeof(*built));
		free(source->built[how]);
		source->built[how] = built;
	}
	source->n_built = n_wanted;
	return NULL;
}


enum mo_build_how mo_type_effective_how(const struct mo_raw_type *raw, enum mo_build_how how)
{
	switch (raw->kind) {
	case MO_TYPE_TYPEDEF:
	case MO_TYPE_CONST:
	case MO_TYPE_VOLATILE:
	case MO_TYPE_ARRAY:
		return how;
	case MO_TYPE_STRUCT:
	case MO_TYPE_UNION:
		return raw->name ? how : MO_BUILD_FULL;
	default:
		return MO_BUILD_FULL;
	}
}

static void describe_integer(const struct mo_raw_type *raw, struct mo_type *type)
{
	const char *usual = raw->name ? mo_type_name_integer(raw->name) : NULL;

	type->is_signed = raw->is_signed && !raw->is_bool;
	type->is_bool = raw->is_bool;
	if (!usual)
		return;
	type->name = usual;
	if (strstr(usual, "char") && type->size_bytes == 1) {
		type->is_char = true;
		type->is_signed = !strcmp(usual, "signed char");
	}
}

static struct mo_error *build_enumerators(struct build *build, const struct mo_raw_type *raw, struct mo_type_node *node)
{
	struct mo_raw_source *source = node->source;
	uint32_t n_enumerators = raw->n_enumerators;
	/* The bits of a large unsigned 64-bit enumerator look negative. */
	bool may_be_signed = raw->size_bytes != 8 || raw->is_signed;
	struct mo_type_enumerator *enumerators =
		mo_arena_allocate_array(&build->types->arena, n_enumerators, sizeof(*enumerators));

	if (!enumerators)
		return mo_error_no_memory();
	for (uint32_t i = 0; i < n_enumerators; i++) {
		MO_TRY(source->operations->enumerator(source, node->id, i, &enumerators[i]));
		if (!enumerators[i].name || !mo_type_name_is_sane(enumerators[i].name))
			return corrupt_name(source, node->id);
		if (enumerators[i].value < 0 && may_be_signed)
			node->type.is_signed = true;
	}
	node->type.enumerators = enumerators;
	node->type.n_enumerators = n_enumerators;
	return NULL;
}

/* How many bits of the struct a member takes; 0 for those that end a struct with no size of their own. */
static uint64_t member_bits(const struct mo_type_member *member)
{
	return member->bitfield_bits ? member->bitfield_bits : member->type->size_bytes * 8;
}

static struct mo_error *check_member(const struct mo_type_node *node, const struct mo_type_member *member)
{
	uint64_t size_bits = node->type.size_bytes * 8;
	uint64_t bits = member_bits(member);
	bool is_bitfield_sane = !member->bitfield_bits ||
				(member->bitfield_bits <= 64 && member->bitfield_bits <= member->type->size_bytes * 8);

	if (is_bitfield_sane && member->type->size_bytes <= UINT64_MAX / 8 && node->type.size_bytes <= UINT64_MAX / 8 &&
	    bits <= size_bits && member->offset_bits <= size_bits - bits)
		return NULL;
	return mo_error_create(MO_E_CORRUPT, "%s: member %s of %s %s lies outside of it", node->source->description,
			       member->name ? member->name : "(anonymous)",
			       node->type.kind == MO_TYPE_STRUCT ? "struct" : "union",
			       node->type.name ? node->type.name : "(anonymous)");
}

/* A bit-field as wide as its type, at a place where the type could stand, is an ordinary member. */
static void normalise_bitfield(struct mo_type_member *member)
{
	uint64_t type_bits = mo_type_strip(member->type)->size_bytes * 8;

	if (member->bitfield_bits && member->bitfield_bits == type_bits && member->offset_bits % type_bits == 0)
		member->bitfield_bits = 0;
}

static struct mo_error *build_members(struct build *build, struct mo_type_node *node, uint32_t n_members)
{
	struct mo_raw_source *source = node->source;
	bool is_function = node->type.kind == MO_TYPE_FUNCTION;
	struct mo_type_member *members = mo_arena_allocate_array(&build->types->arena, n_members, sizeof(*members));

	if (!members)
		return mo_error_no_memory();
	for (uint32_t i = 0; i < n_members; i++) {
		struct mo_raw_member raw = { .name = NULL };

		MO_TRY(source->operations->member(source, node->id, i, &raw));
		if (raw.name && !mo_type_name_is_sane(raw.name))
			return corrupt_name(source, node->id);
		MO_TRY(build_type(build, source, raw.type, is_function ? MO_BUILD_SHALLOW : MO_BUILD_FULL,
				  &members[i].type));
		members[i].name = raw.name;
		members[i].offset_bits = raw.offset_bits;
		members[i].bitfield_bits = raw.bitfield_bits;
		if (is_function)
			continue;
		normalise_bitfield(&members[i]);
		MO_TRY(check_member(node, &members[i]));
	}
	node->type.members = members;
	node->type.n_members = n_members;
	return NULL;
}

static struct mo_error *build_array(struct build *build, const struct mo_raw_type *raw, struct mo_type_node *node,
				    enum mo_build_how how)
{
	struct mo_type *type = &node->type;
	uint64_t n_elements = raw->is_flexible ? 0 : raw->array_length;
	uint64_t element_bytes;
	bool is_sane = true;

	MO_TRY(build_type(build, node->source, raw->target, how, &type->target));
	if (type->target->kind == MO_TYPE_ARRAY) { /* a dimension more, not an array behind a typedef */
		is_sane = !__builtin_mul_overflow(n_elements, type->target->array_length, &n_elements);
		type->target = type->target->target;
	}
	type->is_flexible = !n_elements;
	type->array_length = n_elements;
	element_bytes = mo_type_strip(type->target)->size_bytes;
	if (!is_sane || __builtin_mul_overflow(element_bytes, n_elements, &type->size_bytes) ||
	    type->size_bytes > UINT64_MAX / 8)
		return mo_error_create(MO_E_CORRUPT, "%s: type %u is an array of impossible size",
				       node->source->description, node->id);
	return NULL;
}

static struct mo_error *fill_node(struct build *build, const struct mo_raw_type *raw, struct mo_type_node *node,
				  enum mo_build_how how)
{
	struct mo_type *type = &node->type;

	switch (raw->kind) {
	case MO_TYPE_INT:
		describe_integer(raw, type);
		return NULL;
	case MO_TYPE_ENUM:
		return build_enumerators(build, raw, node);
	case MO_TYPE_POINTER:
		return build_type(build, node->source, raw->target, MO_BUILD_SHALLOW, &type->target);
	case MO_TYPE_FUNCTION:
		type->is_variadic = raw->is_variadic;
		MO_TRY(build_type(build, node->source, raw->target, MO_BUILD_SHALLOW, &type->target));
		return build_members(build, node, raw->n_members);
	case MO_TYPE_ARRAY:
		return build_array(build, raw, node, how);
	case MO_TYPE_TYPEDEF:
	case MO_TYPE_CONST:
	case MO_TYPE_VOLATILE:
		MO_TRY(build_type(build, node->source, raw->target, how, &type->target));
		type->size_bytes = type->target->size_bytes;
		return NULL;
	case MO_TYPE_STRUCT:
	case MO_TYPE_UNION:
		if (raw->is_incomplete || how == MO_BUILD_SHALLOW) {
			type->is_incomplete = true;
			type->size_bytes = 0;
			return NULL;
		}
		return build_members(build, node, raw->n_members);
	case MO_TYPE_VOID:
	case MO_TYPE_FLOAT:
		break;
	}
	return NULL;
}

static struct mo_error *build_new(struct build *build, struct mo_raw_source *source, uint32_t id,
				  const struct mo_raw_type *raw, enum mo_build_how how, struct mo_type_node **ret)
{
	struct mo_type_node *node = mo_arena_allocate(&build->types->arena, sizeof(*node));
	struct mo_error *error;

	if (!node)
		return mo_error_no_memory();
	if (raw->name && !mo_type_name_is_sane(raw->name))
		return corrupt_name(source, id);
	*node = (struct mo_type_node){
		.type = { .kind = raw->kind, .name = raw->name, .size_bytes = raw->size_bytes },
		.source = source,
		.id = id,
		.is_under_way = true,
	};
	if (raw->kind == MO_TYPE_ENUM && raw->is_incomplete)
		node->type.is_incomplete = true;
	source->built[how][id] = node;
	error = fill_node(build, raw, node, how);
	node->is_under_way = false;
	if (error) {
		source->built[how][id] = NULL;
		return error;
	}
	*ret = node;
	return NULL;
}

/* The source that a number belongs to, and what it says, with all that is transparent looked through. */
static struct mo_error *get_opaque(struct mo_raw_source **source, uint32_t *id, struct mo_raw_type *raw)
{
	for (unsigned steps = 0; steps < DEPTH_MAX; steps++) {
		while ((*source)->base && *id < (*source)->first_id)
			*source = (*source)->base;
		*raw = (struct mo_raw_type){ .kind = MO_TYPE_VOID };
		if (*id)
			MO_TRY((*source)->operations->get(*source, *id, raw));
		if (!raw->is_transparent)
			return NULL;
		*id = raw->target;
	}
	return mo_error_create(MO_E_CORRUPT, "%s: type %u is a chain of qualifiers without end", (*source)->description,
			       *id);
}

static struct mo_error *build_type(struct build *build, struct mo_raw_source *source, uint32_t id,
				   enum mo_build_how how, const struct mo_type **ret)
{
	struct mo_raw_type raw;
	struct mo_type_node *node;

	MO_TRY(get_opaque(&source, &id, &raw));
	if (raw.kind == MO_TYPE_VOID) {
		*ret = &void_type;
		return NULL;
	}
	how = mo_type_effective_how(&raw, how);
	MO_TRY(reserve_built(source, id));
	node = source->built[how][id];
	if (node && node->is_under_way)
		return mo_error_create(MO_E_CORRUPT, "%s: type %u contains itself", source->description, id);
	if (!node) {
		if (build->depth >= DEPTH_MAX)
			return mo_error_create(MO_E_CORRUPT, "%s: type %u is nested too deep", source->description, id);
		build->depth++;
		MO_TRY(build_new(build, source, id, &raw, how, &node));
		build->depth--;
	}
	*ret = &node->type;
	return NULL;
}

struct mo_error *mo_type_build(struct mo_types *types, struct mo_raw_source *source, uint32_t id,
			       enum mo_build_how how, const struct mo_type **ret)
{
	struct build build = { .types = types };

	return build_type(&build, source, id, how, ret);
}

const struct mo_type *mo_type_strip(const struct mo_type *type)
{
	while (type->kind == MO_TYPE_TYPEDEF || type->kind == MO_TYPE_CONST || type->kind == MO_TYPE_VOLATILE)
		type = type->target;
	return type;
}
