/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MO_SYMBOL_TABLE_H
#define MO_SYMBOL_TABLE_H

/*
 * The inside of a symbol table: one part for the kernel, one for each module. A part is three arrays without
 * pointers (records in address order, names, slots of the name index), so that a cache file can be one.
 *
 *   records  | fixed values below | addresses, to which the slide is added | fixed values above |
 *   names    "\0" "Tschedule\0" "dinit_task\0" ...: the type character stands before each name
 *
 * A fixed value is a per-CPU offset or an absolute symbol. What lies in a part that came out of a cache file is not
 * trusted: every number in it is checked when it is used.
 */

#include <stddef.h>
#include <stdint.h>

#include <memopsy/containers.h>
#include <memopsy/error.h>
#include <memopsy/symbols.h>

#include "file.h"
#include "name_index.h"

struct mo_symbol_record {
	uint64_t value;      /* without the slide */
	uint64_t size_bytes;
	uint32_t name;       /* where in the names the type character stands */
	uint32_t parent;     /* number + 1 of the innermost earlier symbol that reaches over this one's start; 0: none */
};

struct mo_symbol_part {
	char *module;        /* NULL: the kernel */
	const struct mo_symbol_record *records;
	const char *names;   /* terminated as a whole */
	struct mo_name_index index;
	size_t n_records;
	size_t n_names_bytes;
	size_t n_low;        /* fixed values below */
	size_t n_addresses;
	uint64_t slide;
	struct mo_mapped_file map; /* if it has bytes, the three arrays lie in it; else they are the part's own */
};

struct mo_symbols {
	MO_VECTOR(struct mo_symbol_part) parts;
	char *description;
	bool is_partial;     /* something of the source could not be read */
};

/* Takes over the part (also on failure) and makes a table of it. The description is formatted. */
struct mo_error *mo_symbols_create(struct mo_symbol_part *part, struct mo_symbols **ret, const char *format, ...)
	MO_PRINTF(3, 4) MO_MUST_USE;

void mo_symbol_part_deinit(struct mo_symbol_part *part);

/* Collects symbols in any order and makes a part of them. All zero is empty. */
struct mo_symbol_builder {
	MO_VECTOR(struct mo_symbol_record) records; /* parent: 1 for a fixed value */
	MO_VECTOR(uint64_t) hashes;
	MO_VECTOR(char) names;
};

enum mo_symbol_builder_flags {
	MO_SYMBOL_FIXED = 1 << 0, /* the slide is not added */
};

void mo_symbol_builder_deinit(struct mo_symbol_builder *builder);

struct mo_error *mo_symbol_builder_reserve(struct mo_symbol_builder *builder, size_t n_symbols,
					   size_t n_names_bytes) MO_MUST_USE;

/* The name is n_bytes of any bytes; it is made visible. MO_E_LIMIT past 2^31 symbols or 4 GiB of names. */
struct mo_error *mo_symbol_builder_add(struct mo_symbol_builder *builder, const char *name, size_t n_bytes, char type,
				       uint64_t value, uint64_t size_bytes, unsigned flags) MO_MUST_USE;

#define MO_SIZE_UNKNOWN (UINT64_MAX - 1)

enum mo_symbol_sizes {
	MO_SIZES_AS_GIVEN = 0,
	/* MO_SIZE_UNKNOWN of a symbol: the one behind it is missing, so that the distance would lie; its size is then 0. */
	MO_SIZES_BY_DISTANCE = 1, /* to the next higher symbol; 0 where that is too far to be true */
};

/*
 * Sorts (symbols of one address keep the order in which they were added), indexes the names, and empties the
 * builder. The part owns its arrays; its slide and module are left for the caller to set.
 */
struct mo_error *mo_symbol_builder_finish(struct mo_symbol_builder *builder, enum mo_symbol_sizes sizes,
					  struct mo_symbol_part *ret) MO_MUST_USE;

/*
 * The cache of a vmlinux's symbols: cache_dir/BUILD-ID.symbols. symtab_bytes and strtab_bytes tell two files of one
 * build apart (stripped or not). Opening returns false for whatever reason the cache cannot be used, saving fails
 * silently.
 */
struct mo_symbol_cache_key {
	const char *cache_dir;
	const char *build_id;
	uint64_t symtab_bytes;
	uint64_t strtab_bytes;
};

bool mo_symbol_cache_open(const struct mo_symbol_cache_key *key, struct mo_symbol_part *ret);
void mo_symbol_cache_save(const struct mo_symbol_cache_key *key, const struct mo_symbol_part *part);

#endif
