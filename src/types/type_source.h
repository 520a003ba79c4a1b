/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MO_TYPE_SOURCE_H
#define MO_TYPE_SOURCE_H

/*
 * Where types come from. The rest of the program sees include/memopsy/types.h; only the kernel session, which knows
 * the files and the dump, opens sources.
 */

#include <stddef.h>
#include <stdint.h>

#include <memopsy/error.h>
#include <memopsy/types.h>

struct mo_elf;
struct mo_progress;

/* A name that will be asked for. */
struct mo_type_request {
	const char *type;       /* as for mo_types_find(); NULL: search every enum for `enumerator` */
	const char *enumerator; /* NULL: the type itself is wanted */
};

/*
 * Types out of the DWARF of a linked vmlinux (or of its separate debug file). `elf` must outlive the types. With
 * cache_dir, what was learned is kept there in a file named by the build-id, and a later start reads that instead of
 * the DWARF; whatever is wrong with the cache (unwritable, damaged, another version) is never an error: the DWARF is
 * read, and mo_types_cache_remark() says why the cache was not used.
 * MO_E_ABSENT: the file has no debug information; the text says so and names the file.
 */
struct mo_error *mo_types_open_dwarf(struct mo_elf *elf, const char *cache_dir, struct mo_progress *progress,
				     struct mo_types **ret) MO_MUST_USE;

/*
 * Types out of a BTF section's bytes (of an ELF file, or out of the dump); origin ("the dump") is for descriptions and
 * errors. The bytes are copied. A type of a kind that this build does not know is skipped where the section says how
 * long it is, and ends the reading where it does not: what stands before it is good, and the description says so.
 */
struct mo_error *mo_types_open_btf(const char *origin, const void *bytes, size_t n_bytes,
				   struct mo_types **ret) MO_MUST_USE;

/* The same without a copy: the bytes, from malloc(), are the types' own from then on, also if it fails. */
struct mo_error *mo_types_take_btf(const char *origin, uint8_t *bytes, size_t n_bytes, struct mo_types **ret) MO_MUST_USE;

/* Bytes of a BTF section that cannot be read from the dump. */
struct mo_type_gap {
	size_t offset;
	size_t n_bytes;
};

/*
 * The same with parts missing (ascending, not overlapping; the bytes there count for nothing). Types in the gaps are lost:
 * members of such a type have no size and no kind, and a name that may be that of a lost type is MO_E_NOT_IN_DUMP when it is
 * looked for, not MO_E_ABSENT. All others are as they are, as far as their numbers can be told.
 */
struct mo_error *mo_types_take_btf_with_gaps(const char *origin, uint8_t *bytes, size_t n_bytes,
					     const struct mo_type_gap *gaps, size_t n_gaps, struct mo_types **ret) MO_MUST_USE;

/* A module's split BTF on top of the kernel's. The bytes are copied. Only before other threads use the types. */
struct mo_error *mo_types_add_btf_module(struct mo_types *types, const char *module, const void *bytes,
					 size_t n_bytes) MO_MUST_USE;

/* A module's DWARF (relocatable, so relocations are applied). elf must outlive the types. */
struct mo_error *mo_types_add_dwarf_module(struct mo_types *types, const char *module, struct mo_elf *elf) MO_MUST_USE;

/*
 * Loads all that is requested in one pass over the source (several threads where that helps), and remembers which
 * are absent, so that finding them later costs a look-up. An absent type is not an error here.
 */
struct mo_error *mo_types_prefetch(struct mo_types *types, const struct mo_type_request *requests,
				   size_t n_requests) MO_MUST_USE;

/* Whether something of the source could not be read, so that a type may be absent here only. */
bool mo_types_is_partial(const struct mo_types *types);

/* "DWARF of /usr/lib/debug/boot/vmlinux-6.1.0", "BTF of the dump": for the report's head. */
const char *mo_types_describe(const struct mo_types *types);

/* Why the cache was not used or not written; NULL: all is well, or no cache was wanted. */
const char *mo_types_cache_remark(const struct mo_types *types);

/* Writes the cache if something new was learned since opening; called before destroy, harmless to call twice. */
void mo_types_save_cache(struct mo_types *types);

void mo_types_destroy(struct mo_types *types);

#endif
