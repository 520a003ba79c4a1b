/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MEMOPSY_TYPES_H
#define MEMOPSY_TYPES_H

/*
 * The type model: what DWARF and BTF both say, in one shape.
 *
 * Everything that a find function hands out is immutable and lives as long as its `struct mo_types`. The functions
 * may be called from any thread (a lock guards the loading of types not seen before); a per-object loop has no
 * business here: bind a layout (layout.h) beforehand.
 *
 * A struct or union that was only reached through a pointer may be *incomplete* (its members not loaded, or known to
 * this unit by name only); mo_types_complete() gives the full one.
 */

#include <stddef.h>

#include <memopsy/error.h>

MO_API_BEGIN

enum mo_type_kind {
	MO_TYPE_VOID = 0,
	MO_TYPE_INT = 1,      /* integers, _Bool and characters: is_signed, is_bool, is_char */
	MO_TYPE_FLOAT = 2,
	MO_TYPE_ENUM = 3,     /* enumerators; is_signed */
	MO_TYPE_POINTER = 4,  /* target */
	MO_TYPE_ARRAY = 5,    /* target, array_length; several dimensions are one, their product (BTF has no more) */
	MO_TYPE_STRUCT = 6,   /* members */
	MO_TYPE_UNION = 7,    /* members */
	MO_TYPE_TYPEDEF = 8,  /* target */
	MO_TYPE_CONST = 9,    /* target */
	MO_TYPE_VOLATILE = 10, /* target */
	MO_TYPE_FUNCTION = 11, /* target is the return type; members are the parameters (offset 0) */
};

struct mo_type;

struct mo_type_member {
	const char *name;           /* NULL: an anonymous struct or union, or an unnamed bit-field or parameter */
	const struct mo_type *type; /* never NULL */
	uint64_t offset_bits;       /* from the start of the enclosing struct; little-endian bit numbering as in BTF */
	uint32_t bitfield_bits;     /* width of a bit-field; 0: not a bit-field */
};

struct mo_type_enumerator {
	const char *name;
	int64_t value; /* an unsigned 64-bit enumerator keeps its bits */
};

struct mo_type {
	enum mo_type_kind kind;
	const char *name;       /* tag, typedef name or base type name; NULL: none */
	uint64_t size_bytes;    /* 0 for void, functions, incomplete types and flexible arrays */
	const struct mo_type *target; /* see the kinds; void is a type of kind MO_TYPE_VOID, so NULL only where none */
	uint64_t array_length;  /* elements; meaningless if is_flexible */
	const struct mo_type_member *members;
	const struct mo_type_enumerator *enumerators;
	uint32_t n_members;
	uint32_t n_enumerators;
	bool is_signed;
	bool is_bool;
	bool is_char;
	bool is_flexible;       /* an array of unknown length ("[]" and "[0]") */
	bool is_incomplete;     /* a struct, union or enum of which only the name is known here */
	bool is_variadic;       /* a function with "..." */
};

/* A member as found by path: through anonymous structs and unions, dots and constant indices. */
struct mo_type_path {
	const struct mo_type *type; /* of the member, typedefs and qualifiers kept */
	uint64_t offset_bits;
	uint32_t bitfield_bits;     /* 0: not a bit-field */
};

struct mo_types;

/*
 * Finds a type by its C name: "struct page", "union x", "enum zone_type", or a typedef or base type ("pgd_t",
 * "unsigned long"; the usual spellings of an integer type are one). MO_E_ABSENT if there is none; the text names
 * what was searched. Where several types have the name, the first that the type information lists is taken.
 */
struct mo_error *mo_types_find(struct mo_types *types, const char *name, const struct mo_type **ret) MO_MUST_USE;

/*
 * The type of a variable of the kernel or its modules, outside of functions: "init_task". Only DWARF knows it: MO_E_ABSENT
 * where types are BTF's, and for symbols that no C source declares. Where several variables have the name, the first.
 */
struct mo_error *mo_types_find_variable(struct mo_types *types, const char *name, const struct mo_type **ret) MO_MUST_USE;

/*
 * The full version of a struct or union that may be incomplete; typedefs and qualifiers before it are then left
 * behind. Any other type comes back as it is. MO_E_ABSENT: nothing is known but the name.
 */
struct mo_error *mo_types_complete(struct mo_types *types, const struct mo_type *type,
				   const struct mo_type **ret) MO_MUST_USE;

/*
 * Finds a member by path, e.g. "lru.next", "free_area[0].nr_free", "_mapcount.counter". Names are looked up through
 * anonymous structs and unions, as C does. The index of an array is checked against its length.
 */
struct mo_error *mo_types_find_member(struct mo_types *types, const struct mo_type *type, const char *path,
				      struct mo_type_path *ret) MO_MUST_USE;

/*
 * The value of an enumerator. enum_name ("enum zone_stat_item") narrows and speeds up the search; NULL searches
 * every enum, anonymous ones too.
 */
struct mo_error *mo_types_find_enumerator(struct mo_types *types, const char *enum_name, const char *name,
					  int64_t *ret) MO_MUST_USE;

/* Follows typedefs and qualifiers. Never NULL. */
const struct mo_type *mo_type_strip(const struct mo_type *type);

/*
 * Declaration of `name` as type in C ("struct list_head *next", "char comm[16]", "void (*func)(struct rcu_head *)"),
 * into a caller's buffer, cut to fit, always terminated. name may be NULL (just the type). Returns the length that
 * was wanted, as snprintf does.
 */
size_t mo_type_declare(const struct mo_type *type, const char *name, char *buffer, size_t buffer_bytes);

MO_API_END

#endif
