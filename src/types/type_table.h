/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MO_TYPE_TABLE_H
#define MO_TYPE_TABLE_H

/*
 * A table of raw types: what was taken out of DWARF, and what the on-disk cache holds. Beside the types it remembers
 * which names were looked for, with the type that each led to, or that there is none.
 */

#include "type_model.h"

/* Where an entry of the table came from, so that it is taken once, and its full version can be fetched later. */
struct mo_type_origin {
	uint64_t offset;       /* of the entry in .debug_info; MO_NO_ORIGIN: none */
	enum mo_build_how how;
};

#define MO_NO_ORIGIN UINT64_MAX

struct mo_table_type {
	struct mo_raw_type raw; /* an incomplete struct has the size of the full one, if that was to be seen */
	struct mo_type_origin origin;
	uint32_t first_item;    /* its members or enumerators in the arrays below */
	uint32_t full_id;       /* of an incomplete struct: its full version; 0: not known */
};

struct mo_table_root {
	const char *key;        /* as in struct mo_type_name */
	uint32_t id;            /* 0: it was looked for and is absent */
};

struct mo_type_table {
	struct mo_arena arena;  /* all names */
	MO_VECTOR(struct mo_table_type) types; /* number 0 is void */
	MO_VECTOR(struct mo_raw_member) members;
	MO_VECTOR(struct mo_type_enumerator) enumerators;
	MO_VECTOR(struct mo_table_root) roots;
	MO_VECTOR(const char *) names;
	struct mo_name_index name_index;
	struct mo_name_index root_index;
	struct mo_name_index origin_index;
	bool is_changed;        /* since it was loaded or saved */
};

struct mo_error *mo_type_table_init(struct mo_type_table *table) MO_MUST_USE;
void mo_type_table_deinit(struct mo_type_table *table);

/* How much is in the table, to take back what was begun and failed. Roots and names are not taken back. */
struct mo_type_table_mark {
	size_t n_types;
	size_t n_members;
	size_t n_enumerators;
};

struct mo_type_table_mark mo_type_table_mark(const struct mo_type_table *table);
void mo_type_table_rewind(struct mo_type_table *table, const struct mo_type_table_mark *mark);

/* The table's own copy of a name; NULL for NULL. */
struct mo_error *mo_type_table_intern(struct mo_type_table *table, const char *name, const char **ret) MO_MUST_USE;

/* A new entry without items. */
struct mo_error *mo_type_table_add(struct mo_type_table *table, const struct mo_raw_type *raw,
				   const struct mo_type_origin *origin, uint32_t *ret) MO_MUST_USE;

/* The entry of an origin; 0: none. */
uint32_t mo_type_table_at_origin(const struct mo_type_table *table, const struct mo_type_origin *origin);

/* Makes an entry that was put in as a whole known by its origin. */
struct mo_error *mo_type_table_index_origin(struct mo_type_table *table, uint32_t id) MO_MUST_USE;

/* Gives an entry its items, all at once. Names are interned. */
struct mo_error *mo_type_table_set_members(struct mo_type_table *table, uint32_t id, const struct mo_raw_member *members,
					   size_t n_members) MO_MUST_USE;
struct mo_error *mo_type_table_set_enumerators(struct mo_type_table *table, uint32_t id,
					       const struct mo_type_enumerator *enumerators,
					       size_t n_enumerators) MO_MUST_USE;

/* What is known of a name: false: it was never looked for; else *id, 0 meaning that it is absent. */
bool mo_type_table_root(const struct mo_type_table *table, const char *key, uint32_t *id);
struct mo_error *mo_type_table_add_root(struct mo_type_table *table, const char *key, uint32_t id) MO_MUST_USE;

/* The full version of an incomplete entry, as far as the table itself knows it; 0: it does not. */
uint32_t mo_type_table_full(const struct mo_type_table *table, uint32_t id);

/* As struct mo_raw_operations, for the source that has the table. */
struct mo_error *mo_type_table_get(const struct mo_type_table *table, uint32_t id, struct mo_raw_type *ret) MO_MUST_USE;
struct mo_error *mo_type_table_member(const struct mo_type_table *table, uint32_t id, uint32_t index,
				      struct mo_raw_member *ret) MO_MUST_USE;
struct mo_error *mo_type_table_enumerator(const struct mo_type_table *table, uint32_t id, uint32_t index,
					  struct mo_type_enumerator *ret) MO_MUST_USE;

#endif
