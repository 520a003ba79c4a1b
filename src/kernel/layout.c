/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Binding of needs: names in, offsets, widths and signs out. */
#include <memopsy/layout.h>

#include <inttypes.h>

#include "cleanup.h"
#include "kernel_layouts.h"
#include "kernel_private.h"
#include "text.h"

/* "struct slab.slab_list.next" is type "struct slab" and path "slab_list.next". */
struct full_name {
	char type[128];
	const char *member; /* NULL: no dot */
};

static struct mo_error *split_name(const char *name, struct full_name *ret)
{
	const char *dot = strchr(name, '.');
	size_t n_bytes = dot ? (size_t)(dot - name) : strlen(name);

	if (n_bytes >= sizeof(ret->type))
		return mo_error_create(MO_E_INVALID, "the name \"%s\" is too long", name);
	memcpy(ret->type, name, n_bytes);
	ret->type[n_bytes] = '\0';
	ret->member = dot ? dot + 1 : NULL;
	return NULL;
}

/*
 * A struct whose only member is a number, as wide as itself, is that number: atomic_t, pgd_t, memdesc_flags_t (what
 * page.flags became in 6.18).
 */
static const struct mo_type *unwrap(const struct mo_type *type)
{
	type = mo_type_strip(type);
	while (type->kind == MO_TYPE_STRUCT && type->n_members == 1 && !type->members[0].offset_bits &&
	       !type->members[0].bitfield_bits && mo_type_strip(type->members[0].type)->size_bytes == type->size_bytes)
		type = mo_type_strip(type->members[0].type);
	return type;
}

/* *width_bytes: 0 for what is no number. A number of 3 bytes, say, is a mark of damaged types, and of no use. */
static struct mo_error *number_width(const struct mo_type *type, const char *name, uint8_t *width_bytes)
{
	uint64_t bytes = type->size_bytes;

	*width_bytes = 0;
	if (type->kind != MO_TYPE_INT && type->kind != MO_TYPE_ENUM && type->kind != MO_TYPE_POINTER)
		return NULL;
	if (bytes != 1 && bytes != 2 && bytes != 4 && bytes != 8)
		return mo_error_create(MO_E_CORRUPT, "%s is a number of %" PRIu64 " bytes", name, bytes);
	*width_bytes = (uint8_t)bytes;
	return NULL;
}

/*
 * Bit-fields load the smallest aligned number that holds them (bits are numbered from the little end, as in the type
 * model) and shift.
 */
static struct mo_error *place_bitfield(const struct mo_type_path *path, struct mo_field *field)
{
	for (unsigned width_bytes = 1; width_bytes <= 8; width_bytes *= 2) {
		uint64_t unit_bits = width_bytes * 8u;
		uint64_t first_bit = path->offset_bits % unit_bits;

		if (first_bit + path->bitfield_bits > unit_bits)
			continue;
		field->offset_bytes = (path->offset_bits - first_bit) / 8;
		field->width_bytes = (uint8_t)width_bytes;
		field->bitfield_shift = (uint8_t)(field->is_big_endian ? unit_bits - first_bit - path->bitfield_bits :
									first_bit);
		field->bitfield_bits = (uint8_t)path->bitfield_bits;
		return NULL;
	}
	return mo_error_create(MO_E_UNSUPPORTED, "a bit-field of %u bits at bit %" PRIu64 " fits no number",
			       path->bitfield_bits, path->offset_bits);
}

static struct mo_error *field_from_path(const struct mo_kernel *kernel, const struct mo_type_path *path, const char *name,
					struct mo_field *ret)
{
	const struct mo_type *type = mo_type_strip(path->type);
	const struct mo_type *element = unwrap(path->type);
	const struct mo_type *innermost = type->kind == MO_TYPE_ARRAY ? mo_type_strip(type->target) : type;
	struct mo_field field = {
		.name = name,
		.offset_bytes = path->offset_bits / 8,
		.size_bytes = type->size_bytes,
		.element_bytes = type->size_bytes,
		.n_elements = 1,
		.is_big_endian = kernel->facts.is_big_endian,
		.is_bound = true,
	};

	/* By value, only a type of which nothing else is known is incomplete. */
	if ((innermost->kind == MO_TYPE_STRUCT || innermost->kind == MO_TYPE_UNION) && innermost->is_incomplete)
		return mo_error_create(MO_E_NOT_IN_DUMP, "the type of %s lies in missing memory", name);
	if (type->kind == MO_TYPE_ARRAY) {
		field.element_bytes = mo_type_strip(type->target)->size_bytes;
		field.n_elements = type->is_flexible ? 0 : type->array_length;
		element = unwrap(type->target);
	}
	MO_TRY(number_width(element, name, &field.width_bytes));
	field.is_signed = element->is_signed && element->kind != MO_TYPE_POINTER;
	if (path->bitfield_bits)
		MO_TRY(place_bitfield(path, &field));
	*ret = field;
	return NULL;
}

static struct mo_error *bind_field(struct mo_kernel *kernel, const char *type_name, const char *member, const char *name,
				   void *handle)
{
	const struct mo_type *type;
	struct mo_type_path path;

	MO_TRY(mo_types_find(kernel->types, type_name, &type));
	MO_TRY(mo_types_find_member(kernel->types, type, member, &path));
	return field_from_path(kernel, &path, name, handle);
}

static struct mo_error *bind_size(struct mo_kernel *kernel, const char *name, void *handle)
{
	const struct mo_type *type;

	MO_TRY(mo_types_find(kernel->types, name, &type));
	*(struct mo_size *)handle = (struct mo_size){ .name = name, .bytes = mo_type_strip(type)->size_bytes, .is_bound = true };
	return NULL;
}

static struct mo_error *bind_constant(struct mo_kernel *kernel, const char *enum_name, const char *name, void *handle)
{
	int64_t value;

	MO_TRY(mo_types_find_enumerator(kernel->types, enum_name, name, &value));
	*(struct mo_constant *)handle = (struct mo_constant){ .name = name, .value = value, .is_bound = true };
	return NULL;
}

static struct mo_error *bind_address(struct mo_kernel *kernel, const char *name, void *handle)
{
	struct mo_symbol symbol;

	MO_TRY(mo_symbols_find(kernel->symbols, NULL, name, &symbol, NULL));
	*(struct mo_address *)handle = (struct mo_address){ .name = name, .kva = symbol.value_kva,
							    .size_bytes = symbol.size_bytes, .is_bound = true };
	return NULL;
}

/* Of those who can do without, only a lack of memory is a trouble: the layout is there or it is not. */
static struct mo_error *bind_shared(struct mo_kernel *kernel, const struct mo_need *need, void *handle)
{
	const void *layout = NULL;
	struct mo_error *error = mo_kernel_layout_from(kernel, need->shared(), &layout);

	if (error && (!need->is_optional || mo_error_ends_run(error)))
		return error;
	mo_error_destroy(error);
	*(const void **)handle = layout;
	return NULL;
}

/* `other` is NULL for the row's own name. */
static struct mo_error *bind_one(struct mo_kernel *kernel, const struct mo_need *need, const char *other, void *handle)
{
	struct full_name full = { .member = NULL };

	switch (need->kind) {
	case MO_NEED_FIELD:
		if (!other)
			return bind_field(kernel, need->type, need->name, need->name, handle);
		MO_TRY(split_name(other, &full));
		if (!full.member)
			return mo_error_create(MO_E_INVALID, "the alternative \"%s\" names no member", other);
		return bind_field(kernel, full.type, full.member, other, handle);
	case MO_NEED_SIZE:
		return bind_size(kernel, other ? other : need->type, handle);
	case MO_NEED_CONSTANT:
		if (!other || !strchr(other, '.'))
			return bind_constant(kernel, need->type, other ? other : need->name, handle);
		MO_TRY(split_name(other, &full));
		return bind_constant(kernel, full.type, full.member, handle);
	case MO_NEED_ADDRESS:
		return bind_address(kernel, other ? other : need->name, handle);
	case MO_NEED_SHARED:
		return bind_shared(kernel, need, handle);
	}
	return mo_error_create(MO_E_INVALID, "a need of unknown kind %d", (int)need->kind);
}

/* Adds the alternatives that were tried in vain to the error of the first. */
static struct mo_error *all_absent(const struct mo_need *need, struct mo_error *first)
{
	struct mo_text tried = MO_TEXT_EMPTY;
	struct mo_error *error;

	if (!need->or_names[0])
		return first;
	for (size_t i = 0; i < MO_NEED_ALTERNATIVES && need->or_names[i]; i++)
		mo_text_printf(&tried, "%s%s", i ? ", " : "", need->or_names[i]);
	error = mo_error_create(MO_E_ABSENT, "%s (tried as well: %s)", mo_error_text(first), mo_text_chars(&tried));
	mo_text_deinit(&tried);
	mo_error_destroy(first);
	return error;
}

/* A path that goes on where this kernel has a plain number finds nothing there either: the next name is tried. */
static bool is_absent(const struct mo_error *error)
{
	return mo_error_code(error) == MO_E_ABSENT || mo_error_code(error) == MO_E_INVALID;
}

static bool is_missing(const struct mo_error *error)
{
	return mo_error_code(error) == MO_E_NOT_IN_DUMP;
}

static struct mo_error *bind_row(struct mo_kernel *kernel, const struct mo_need *need, void *handle)
{
	struct mo_error *first = bind_one(kernel, need, NULL, handle);

	if (!first || !(is_absent(first) || is_missing(first)))
		return first;
	for (size_t i = 0; i < MO_NEED_ALTERNATIVES && need->or_names[i]; i++) {
		struct mo_error *error = bind_one(kernel, need, need->or_names[i], handle);

		if (!error || !(is_absent(error) || is_missing(error))) {
			mo_error_destroy(first);
			return error;
		}
		/* What may only be missing from the dump is not taken for absent from the kernel. */
		if (is_missing(error) && !is_missing(first)) {
			mo_error_destroy(first);
			first = mo_take(error);
		}
		mo_error_destroy(error);
	}
	if (is_missing(first))
		return first;
	if (need->is_optional) {
		mo_error_destroy(first);
		return NULL;
	}
	return all_absent(need, first);
}

struct mo_error *mo_bind(struct mo_kernel *kernel, const struct mo_need *needs, size_t n_needs, void *layout)
{
	for (size_t i = 0; i < n_needs; i++)
		MO_TRY(bind_row(kernel, &needs[i], (uint8_t *)layout + needs[i].into_bytes));
	return NULL;
}

/* The names outlive this call only as long as `names` keeps them. */
struct request_list {
	MO_VECTOR(struct mo_type_request) requests;
	MO_VECTOR(char *) names;
};

static bool add_request(struct request_list *list, const char *type, const char *enumerator)
{
	return mo_vector_append(&list->requests, (struct mo_type_request){ .type = type, .enumerator = enumerator });
}

static struct mo_error *add_alternative(struct request_list *list, const struct mo_need *need, const char *other)
{
	struct full_name full;
	char *type;

	if (need->kind == MO_NEED_SIZE)
		return add_request(list, other, NULL) ? NULL : mo_error_no_memory();
	if (need->kind == MO_NEED_CONSTANT && !strchr(other, '.'))
		return add_request(list, need->type, other) ? NULL : mo_error_no_memory();
	MO_TRY(split_name(other, &full));
	type = strdup(full.type);
	if (!type || !mo_vector_append(&list->names, type)) {
		free(type);
		return mo_error_no_memory();
	}
	return add_request(list, type, need->kind == MO_NEED_CONSTANT ? full.member : NULL) ? NULL : mo_error_no_memory();
}

static struct mo_error *add_needs(struct request_list *list, const struct mo_need *needs, size_t n_needs);

static struct mo_error *add_need(struct request_list *list, const struct mo_need *need)
{
	if (need->kind == MO_NEED_ADDRESS)
		return NULL;
	if (need->kind == MO_NEED_SHARED)
		return add_needs(list, need->shared()->needs, need->shared()->n_needs);
	if (!add_request(list, need->type, need->kind == MO_NEED_CONSTANT ? need->name : NULL))
		return mo_error_no_memory();
	for (size_t i = 0; i < MO_NEED_ALTERNATIVES && need->or_names[i]; i++)
		MO_TRY(add_alternative(list, need, need->or_names[i]));
	return NULL;
}

/* A shared layout has rows of its own, and none of these is shared. */
static struct mo_error *add_needs(struct request_list *list, const struct mo_need *needs, size_t n_needs)
{
	for (size_t i = 0; i < n_needs; i++)
		MO_TRY(add_need(list, &needs[i]));
	return NULL;
}

struct mo_error *mo_needs_prefetch(struct mo_types *types, const struct mo_need *const *tables, const size_t *n_needs,
				   size_t n_tables)
{
	struct request_list list = { .requests = { .items = NULL } };
	struct mo_error *error = NULL;

	for (size_t t = 0; t < n_tables && !error; t++)
		error = add_needs(&list, tables[t], n_needs[t]);
	if (!error)
		error = mo_types_prefetch(types, list.requests.items, list.requests.count);
	for (size_t i = 0; i < list.names.count; i++)
		free(list.names.items[i]);
	mo_vector_deinit(&list.names);
	mo_vector_deinit(&list.requests);
	return error;
}
