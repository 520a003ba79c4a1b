/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MEMOPSY_LAYOUT_H
#define MEMOPSY_LAYOUT_H

/*
 * Layouts: which types, members, enumerators and symbols a piece of code needs, declared as data and bound once.
 *
 * The rows of a `struct mo_need` table name what is wanted and where in a struct of the caller's own (the *layout*)
 * the handle goes. Binding fills the handles with offset, width and sign from this kernel's type information. A
 * needed thing that is absent is an error that names it and every alternative tried; an optional one stays unbound,
 * and mo_has() says so. Nobody outside the binder sees an offset, and using an unbound handle is a caller's bug that
 * stops the program at once (assert), not a read at a wrong place.
 *
 * A bound layout is read-only and may be used by all threads.
 *
 * Kernel differences (docs/architecture.md): a renamed or moved member is an alternative in `.or_names`; an absent
 * one is optional; `.why` cites the kernel release or commit, and docs/kernel-differences.md is made from these rows.
 */

#include <assert.h>
#include <stddef.h>
#include <string.h>

#include <memopsy/kernel.h>

MO_API_BEGIN

/* A member. Offsets are from the start of the struct named in its row, however deep its path goes. */
struct mo_field {
	const char *name;         /* "struct zone.name": what was found (not an alternative that was not) */
	uint64_t offset_bytes;
	uint64_t size_bytes;      /* of the whole member */
	uint64_t element_bytes;   /* of an array: of one element; else size_bytes */
	uint64_t n_elements;      /* of an array: its length, 0 if flexible; else 1 */
	uint8_t width_bytes;      /* of the number that is loaded: 1, 2, 4, 8; 0: the member is no number */
	uint8_t bitfield_shift;   /* bit-fields: right shift after loading ... */
	uint8_t bitfield_bits;    /* ... and how many bits remain; 0: not a bit-field */
	bool is_signed;
	bool is_big_endian;
	bool is_bound;
};

/* The size of a type. */
struct mo_size {
	const char *name;
	uint64_t bytes;
	bool is_bound;
};

/* An enumerator's value. */
struct mo_constant {
	const char *name;
	int64_t value;
	bool is_bound;
};

/* A symbol's address. For a per-CPU variable see mo_percpu() in walk.h. */
struct mo_address {
	const char *name;
	uint64_t kva;
	uint64_t size_bytes;      /* 0: not known */
	bool is_bound;
};

enum mo_need_kind {
	MO_NEED_FIELD = 1,
	MO_NEED_SIZE = 2,
	MO_NEED_CONSTANT = 3,
	MO_NEED_ADDRESS = 4,
	MO_NEED_SHARED = 5, /* a layout that the session binds once for all: a const pointer to it */
};

/* A layout of the core's own with its rows, such as mo_page_table() of page.h. */
struct mo_layout_table;

#define MO_NEED_ALTERNATIVES 5

struct mo_need {
	enum mo_need_kind kind;
	size_t into_bytes;        /* offset of the handle in the layout struct */
	const char *type;         /* "struct zone", "enum zone_stat_item" (NULL: any enum); of a shared layout: what of */
	const char *name;         /* member path, enumerator or symbol; unused for sizes */
	/*
	 * Older or newer names, tried in order after the first: fields "struct slab.slab_list" (type and path), sizes
	 * "struct slab", constants "NAME" in the same enum (or "enum other.NAME"), symbols "name".
	 */
	const char *or_names[MO_NEED_ALTERNATIVES];
	bool is_optional;
	const char *why;          /* kernel file, and release or commit that made an alternative necessary */
	const struct mo_layout_table *(*shared)(void); /* MO_NEED_SHARED */
};

/* A table of rows with their number, so that it may live in a file of its own. */
struct mo_need_table {
	const struct mo_need *needs;
	size_t n_needs;
};

/* After what each names first, designated initialisers may follow: MO_FIELD(..., "member", .is_optional = true). */
#define MO_FIELD(layout, into, type_name, /* member_path */...) \
	{ .kind = MO_NEED_FIELD, .into_bytes = offsetof(layout, into), .type = type_name, .name = __VA_ARGS__ }
#define MO_SIZE(layout, into, /* type_name */...) \
	{ .kind = MO_NEED_SIZE, .into_bytes = offsetof(layout, into), .type = __VA_ARGS__ }
#define MO_CONSTANT(layout, into, enum_name, /* enumerator */...) \
	{ .kind = MO_NEED_CONSTANT, .into_bytes = offsetof(layout, into), .type = enum_name, .name = __VA_ARGS__ }
#define MO_ADDRESS(layout, into, /* symbol */...) \
	{ .kind = MO_NEED_ADDRESS, .into_bytes = offsetof(layout, into), .name = __VA_ARGS__ }
/*
 * A layout that the session binds once and keeps, for all who ask (MO_PAGE): `into` is a const pointer to it. One that
 * cannot be bound is an error that says why; an optional one leaves NULL.
 */
#define MO_SHARED(layout, into, table_of, /* what */...) \
	{ .kind = MO_NEED_SHARED, .into_bytes = offsetof(layout, into), .shared = table_of, .type = __VA_ARGS__ }

/*
 * Binds a table into a zeroed layout struct. All required rows, or MO_E_ABSENT that names the first missing one.
 * Not for loops: this loads types.
 */
struct mo_error *mo_bind(struct mo_kernel *kernel, const struct mo_need *needs, size_t n_needs, void *layout) MO_MUST_USE;

#define mo_has(handle) ((handle)->is_bound)

/* Where a field of the object at object_kva lies; of an array, its element. */
static inline uint64_t mo_field_kva(const struct mo_field *field, uint64_t object_kva)
{
	assert(field->is_bound);
	return object_kva + field->offset_bytes;
}

static inline uint64_t mo_element_kva(const struct mo_field *field, uint64_t object_kva, uint64_t index)
{
	assert(field->is_bound && (!field->n_elements || index < field->n_elements));
	return object_kva + field->offset_bytes + index * field->element_bytes;
}

/* Whether numbers of this byte order are the other way round than those of the machine that this runs on. */
static inline bool mo_is_swapped_(bool is_big_endian)
{
	return is_big_endian != (__BYTE_ORDER__ == __ORDER_BIG_ENDIAN__);
}

/*
 * Ends the program, status 3, with a message that names the member: it is a struct or an array where all known kernels have
 * a number, and whatever were read in its place would be told as the truth. (Numbers of odd sizes do not bind.)
 */
void mo_field_misfit(const struct mo_field *field) __attribute__((noreturn, cold));

static inline uint64_t mo_decode_(const struct mo_field *field, const void *at)
{
	uint64_t value = 0;

	switch (field->width_bytes) {
	case 1: {
		uint8_t raw;

		memcpy(&raw, at, 1);
		value = raw;
		break;
	}
	case 2: {
		uint16_t raw;

		memcpy(&raw, at, 2);
		value = mo_is_swapped_(field->is_big_endian) ? __builtin_bswap16(raw) : raw;
		break;
	}
	case 4: {
		uint32_t raw;

		memcpy(&raw, at, 4);
		value = mo_is_swapped_(field->is_big_endian) ? __builtin_bswap32(raw) : raw;
		break;
	}
	case 8: {
		uint64_t raw;

		memcpy(&raw, at, 8);
		value = mo_is_swapped_(field->is_big_endian) ? __builtin_bswap64(raw) : raw;
		break;
	}
	default:
		mo_field_misfit(field);
	}
	if (field->bitfield_bits)
		value = value >> field->bitfield_shift & (~0ull >> (64 - field->bitfield_bits));
	return value;
}

/* The sign of a decoded number, spread to 64 bits. */
static inline int64_t mo_sign_(const struct mo_field *field, uint64_t value)
{
	unsigned bits = field->bitfield_bits ? field->bitfield_bits : field->width_bytes * 8u;

	return bits < 64 && value >> (bits - 1) & 1 ? (int64_t)(value | ~0ull << bits) : (int64_t)value;
}

/* A number out of the bytes of the object (the whole struct, as read or viewed); `index` picks an array's element. */
static inline uint64_t mo_get(const struct mo_field *field, const void *object)
{
	assert(field->is_bound);
	return mo_decode_(field, (const uint8_t *)object + field->offset_bytes);
}

static inline int64_t mo_get_signed(const struct mo_field *field, const void *object)
{
	return mo_sign_(field, mo_get(field, object));
}

static inline uint64_t mo_get_element(const struct mo_field *field, const void *object, uint64_t index)
{
	assert(field->is_bound && (!field->n_elements || index < field->n_elements));
	return mo_decode_(field, (const uint8_t *)object + field->offset_bytes + index * field->element_bytes);
}

/* The same, read from the kernel's memory. Errors name the field and the address. */
struct mo_error *mo_read_field(struct mo_reader *reader, const struct mo_field *field, uint64_t object_kva,
			       uint64_t *ret) MO_MUST_USE;
struct mo_error *mo_read_field_signed(struct mo_reader *reader, const struct mo_field *field, uint64_t object_kva,
				      int64_t *ret) MO_MUST_USE;
struct mo_error *mo_read_element(struct mo_reader *reader, const struct mo_field *field, uint64_t object_kva,
				 uint64_t index, uint64_t *ret) MO_MUST_USE;

/* A string member: a char array (read up to its end) or a char pointer (followed). */
struct mo_error *mo_read_field_string(struct mo_reader *reader, const struct mo_field *field, uint64_t object_kva,
				      char *buffer, size_t buffer_bytes) MO_MUST_USE;

MO_API_END

#endif
