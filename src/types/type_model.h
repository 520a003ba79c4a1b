/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MO_TYPE_MODEL_H
#define MO_TYPE_MODEL_H

/*
 * How the type model is made. A *source* (BTF, or DWARF by way of a table) describes types by number, one level at a
 * time, as `struct mo_raw_type`; the builder turns those that are asked for into the immutable `struct mo_type` of
 * the public header. All rules that make both sources say the same are in the builder, none in the sources' users:
 *
 * - An integer's name is its usual spelling; whether it is a character follows from the name. Plain `char` counts as
 *   unsigned, because BTF does not record what the compiler did with it.
 * - An enum is signed if one of its enumerators is negative.
 * - `restrict`, `_Atomic` and type tags are looked through.
 * - An array of several dimensions has one, their product: BTF records no more until pahole of about 2024.
 * - A bit-field that fills a whole, aligned unit of its type is an ordinary member.
 * - Whatever is reached through a pointer, or through a function type, has its named structs and unions incomplete.
 */

#include <pthread.h>
#include <stddef.h>
#include <stdint.h>

#include <memopsy/containers.h>
#include <memopsy/error.h>
#include <memopsy/types.h>

#include "name_index.h"
#include "type_arena.h"
#include "type_name.h"
#include "type_source.h"

/* What a source says of one type. Number 0 is void in every source. */
struct mo_raw_type {
	enum mo_type_kind kind;
	uint32_t target;        /* a type's number */
	const char *name;       /* NULL: none */
	uint64_t size_bytes;    /* not for typedefs, qualifiers and arrays */
	uint64_t array_length;
	uint32_t n_members;     /* or parameters */
	uint32_t n_enumerators;
	bool is_signed;
	bool is_bool;
	bool is_flexible;
	bool is_incomplete;
	bool is_variadic;
	bool is_transparent;    /* restrict and the like: target stands in its place */
};

struct mo_raw_member {
	const char *name; /* NULL: none */
	uint64_t offset_bits;
	uint32_t type;
	uint32_t bitfield_bits;
};

/* Stands for a name, and is the name of a type, that lies in missing memory; a C name, since layouts are printed. */
#define MO_TYPE_MISSING_NAME "__missing_in_dump"

struct mo_raw_source;

/* Names live as long as the source. Numbers out of range give MO_E_CORRUPT. */
struct mo_raw_operations {
	struct mo_error *(*get)(struct mo_raw_source *source, uint32_t id, struct mo_raw_type *ret);
	/* index is below n_members / n_enumerators of a type that get() gave. */
	struct mo_error *(*member)(struct mo_raw_source *source, uint32_t id, uint32_t index, struct mo_raw_member *ret);
	struct mo_error *(*enumerator)(struct mo_raw_source *source, uint32_t id, uint32_t index,
				       struct mo_type_enumerator *ret);
	/* The number of the first complete type of the name, or of the first enum with the enumerator; 0: there is none. */
	struct mo_error *(*find)(struct mo_raw_source *source, const struct mo_type_name *name, uint32_t *ret);
	/* The number of the full version of a struct or union that was reached through a pointer; 0: not known. */
	struct mo_error *(*complete)(struct mo_raw_source *source, uint32_t id, uint32_t *ret);
	/* Optional. */
	struct mo_error *(*prefetch)(struct mo_raw_source *source, const struct mo_type_name *names, size_t n_names);
	void (*save)(struct mo_raw_source *source);
	void (*destroy)(struct mo_raw_source *source);
};

struct mo_type_node;

struct mo_raw_source {
	const struct mo_raw_operations *operations;
	struct mo_raw_source *base; /* numbers below first_id are its; NULL: none */
	uint32_t first_id;
	char *description;          /* "DWARF of vmlinux-6.1.0"; freed by the store */
	const char *remark;         /* of the cache; NULL: none */
	bool is_partial;            /* some of it could not be read */
	/* What was built so far, by number: the full version, and the one with incomplete structs. */
	struct mo_type_node **built[2];
	size_t n_built;
};

/* A built type, and where it came from. */
struct mo_type_node {
	struct mo_type type;
	struct mo_raw_source *source;
	uint32_t id;
	bool is_under_way; /* being built: meeting it again by value is a cycle */
};

struct mo_found_name {
	const char *key;
	const struct mo_type *type; /* NULL: absent */
};

struct mo_types {
	pthread_mutex_t lock; /* guards all below, and the sources */
	struct mo_arena arena;
	MO_VECTOR(struct mo_raw_source *) sources; /* the kernel's, then the modules' */
	MO_VECTOR(struct mo_found_name) found;
	struct mo_name_index found_index;
};

enum mo_build_how {
	MO_BUILD_FULL = 0,
	MO_BUILD_SHALLOW = 1, /* named structs and unions are left incomplete */
};

/*
 * The two versions of a type differ only where a struct or union can be within it by value: which one is meant when
 * this one is asked for.
 */
enum mo_build_how mo_type_effective_how(const struct mo_raw_type *raw, enum mo_build_how how);

/* Builds (or gives again) a type. The lock is held. */
struct mo_error *mo_type_build(struct mo_types *types, struct mo_raw_source *source, uint32_t id,
			       enum mo_build_how how, const struct mo_type **ret) MO_MUST_USE;

/* A store with one source, which it owns from then on, also on failure. */
struct mo_error *mo_types_create(struct mo_raw_source *source, struct mo_types **ret) MO_MUST_USE;

/* Adds a module's source, which the store owns from then on, also on failure. */
struct mo_error *mo_types_add_source(struct mo_types *types, struct mo_raw_source *source) MO_MUST_USE;

#endif
