/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Members by path: NAME { "[" INDEX "]" } { "." NAME { "[" INDEX "]" } }, or an index first, where the type is an
 * array. Names are looked up through anonymous structs and unions. Pointers are not followed: an address is not
 * something that a type knows.
 */
#include <ctype.h>
#include <string.h>

#include <memopsy/types.h>

#include "cleanup.h"
#include "type_model.h"

/* Anonymous structs within anonymous structs; the builder refuses deeper nesting of anything. */
#define ANONYMOUS_DEPTH_MAX 96

/*
 * Members looked at for one name. The largest struct of a kernel has about 1000 with all that is anonymous in it; where each
 * anonymous struct holds the next one twice, their number doubles with every level.
 */
#define VISITS_MAX (1u << 16)

struct walk {
	struct mo_types *types;
	const char *path;  /* what is left of it */
	struct mo_type_path at;
};

static bool is_compound(const struct mo_type *type)
{
	return type->kind == MO_TYPE_STRUCT || type->kind == MO_TYPE_UNION;
}

static const char *kind_word(const struct mo_type *type)
{
	switch (type->kind) {
	case MO_TYPE_STRUCT:
		return "struct";
	case MO_TYPE_UNION:
		return "union";
	default:
		return "type";
	}
}

static const char *name_or_anonymous(const struct mo_type *type)
{
	return type->name ? type->name : "(anonymous)";
}

/* The member `name` of a complete struct or union, or of an anonymous one in it; NULL: none. Adds up the offsets. */
static const struct mo_type_member *find_name(const struct mo_type *type, const char *name, size_t length,
					      uint64_t *offset_bits, unsigned depth, unsigned *n_visits)
{
	for (uint32_t i = 0; i < type->n_members && *n_visits < VISITS_MAX; i++, (*n_visits)++) {
		const struct mo_type_member *member = &type->members[i];
		const struct mo_type_member *inner;
		const struct mo_type *stripped;

		if (member->name) {
			if (strlen(member->name) != length || memcmp(member->name, name, length))
				continue;
			*offset_bits += member->offset_bits;
			return member;
		}
		stripped = mo_type_strip(member->type);
		if (!is_compound(stripped) || depth >= ANONYMOUS_DEPTH_MAX)
			continue;
		inner = find_name(stripped, name, length, offset_bits, depth + 1, n_visits);
		if (inner) {
			*offset_bits += member->offset_bits;
			return inner;
		}
	}
	return NULL;
}

/* Whether a name that is not found may be one of those that missing memory holds. */
static bool may_be_missing(const struct mo_type *type)
{
	for (uint32_t i = 0; i < type->n_members; i++) {
		const char *name = type->members[i].name ? type->members[i].name : mo_type_strip(type->members[i].type)->name;

		if (name && !strcmp(name, MO_TYPE_MISSING_NAME))
			return true;
	}
	return false;
}

static struct mo_error *step_into_name(struct walk *walk)
{
	size_t length = strcspn(walk->path, ".[");
	const struct mo_type *type = mo_type_strip(walk->at.type);
	const struct mo_type_member *member;
	unsigned n_visits = 0;

	if (!length)
		return mo_error_create(MO_E_INVALID, "a name is missing before \"%s\"", walk->path);
	if (type->kind == MO_TYPE_POINTER)
		return mo_error_create(MO_E_INVALID, "\"%.*s\" would follow a pointer", (int)length, walk->path);
	if (!is_compound(type))
		return mo_error_create(MO_E_INVALID, "\"%.*s\" is looked for in what is not a struct or union",
				       (int)length, walk->path);
	MO_TRY(mo_types_complete(walk->types, type, &type));
	member = find_name(type, walk->path, length, &walk->at.offset_bits, 0, &n_visits);
	if (!member && n_visits >= VISITS_MAX)
		return mo_error_create(MO_E_LIMIT, "%s %s has more than %u members", kind_word(type), name_or_anonymous(type),
				       VISITS_MAX);
	if (!member && may_be_missing(type))
		return mo_error_create(MO_E_NOT_IN_DUMP, "%s %s has no member %.*s among those whose names are in the dump",
				       kind_word(type), name_or_anonymous(type), (int)length, walk->path);
	if (!member)
		return mo_error_create(MO_E_ABSENT, "%s %s has no member %.*s", kind_word(type),
				       name_or_anonymous(type), (int)length, walk->path);
	walk->at.type = member->type;
	walk->at.bitfield_bits = member->bitfield_bits;
	walk->path += length;
	return NULL;
}

/* "[12]"; false: not a decimal number that fits, or no bracket behind it. */
static bool parse_index(const char **path, uint64_t *ret)
{
	const char *digit = *path + 1;
	uint64_t value = 0;

	if (!isdigit((unsigned char)*digit))
		return false;
	for (; isdigit((unsigned char)*digit); digit++) {
		if (__builtin_mul_overflow(value, 10, &value) ||
		    __builtin_add_overflow(value, (uint64_t)(*digit - '0'), &value))
			return false;
	}
	if (*digit != ']')
		return false;
	*path = digit + 1;
	*ret = value;
	return true;
}

static struct mo_error *step_into_index(struct walk *walk)
{
	const struct mo_type *type = mo_type_strip(walk->at.type);
	const char *text = walk->path;
	uint64_t index, offset_bits;

	if (!parse_index(&walk->path, &index))
		return mo_error_create(MO_E_INVALID, "\"%s\" is not an index", text);
	if (type->kind != MO_TYPE_ARRAY)
		return mo_error_create(MO_E_INVALID, "\"%s\" is applied to what is not an array", text);
	if (!type->is_flexible && index >= type->array_length)
		return mo_error_create(MO_E_INVALID, "index %llu is outside of an array of %llu", (unsigned long long)index,
				       (unsigned long long)type->array_length);
	if (__builtin_mul_overflow(mo_type_strip(type->target)->size_bytes, index, &offset_bits) ||
	    __builtin_mul_overflow(offset_bits, 8, &offset_bits) ||
	    __builtin_add_overflow(walk->at.offset_bits, offset_bits, &walk->at.offset_bits))
		return mo_error_create(MO_E_LIMIT, "index %llu is out of all range", (unsigned long long)index);
	walk->at.type = type->target;
	return NULL;
}

static struct mo_error *walk_path(struct walk *walk)
{
	if (*walk->path != '[')
		MO_TRY(step_into_name(walk));
	while (*walk->path) {
		if (*walk->path == '[') {
			MO_TRY(step_into_index(walk));
			continue;
		}
		if (*walk->path != '.')
			return mo_error_create(MO_E_INVALID, "\"%s\" does not go on with \".\" or \"[\"", walk->path);
		walk->path++;
		MO_TRY(step_into_name(walk));
	}
	return NULL;
}

struct mo_error *mo_types_find_member(struct mo_types *types, const struct mo_type *type, const char *path,
				      struct mo_type_path *ret)
{
	struct walk walk = { .types = types, .path = path, .at = { .type = type } };
	const struct mo_type *stripped = mo_type_strip(type);
	struct mo_error *error = walk_path(&walk);

	if (error)
		return mo_error_prepend(error, "cannot find member %s of %s %s", path, kind_word(stripped),
					name_or_anonymous(stripped));
	*ret = walk.at;
	return NULL;
}
