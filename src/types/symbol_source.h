/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MO_SYMBOL_SOURCE_H
#define MO_SYMBOL_SOURCE_H

/*
 * Where symbols come from. Only the kernel session, which knows the files and the dump, uses this; all others see
 * include/memopsy/symbols.h.
 */

#include <stddef.h>
#include <stdint.h>

#include <memopsy/error.h>
#include <memopsy/symbols.h>

struct mo_elf;

/* Reads the dump's kernel virtual memory; all n_bytes or an error. */
struct mo_kva_source {
	void *context;
	struct mo_error *(*read)(void *context, uint64_t kva, void *buffer, size_t n_bytes);
	unsigned pointer_bytes;
	bool is_big_endian;
};

/* Addresses of the kallsyms tables, as VMCOREINFO (6.0 on) or an ELF symbol table gives them. 0: not known. */
struct mo_kallsyms_tables {
	uint64_t names_kva;
	uint64_t num_syms_kva;
	uint64_t token_table_kva;
	uint64_t token_index_kva;
	uint64_t offsets_kva;       /* kallsyms_offsets; 0 where the kernel has absolute addresses */
	uint64_t addresses_kva;     /* kallsyms_addresses: absolute tables (before 4.6, and by configuration) */
	uint64_t relative_base_kva; /* kallsyms_relative_base; 0 where offsets are relative to their place (7.0 on) */
	uint64_t stext_kva;         /* runtime address of _stext: what the decoding is checked against */
};

/*
 * Looks for the tables in [first_kva, first_kva + n_bytes), the kernel image from _stext or _text on (at most 64 MiB
 * are searched), for dumps that do not say where they are: before 6.0, or without VMCOREINFO. They are found by
 * the form of the token table and taken only if the address that they give linux_banner holds "Linux version";
 * stext_kva is set as they have it. Memory that cannot be read is passed over. Layouts known: until 6.1 and 6.4 to
 * 7.2. MO_E_ABSENT if there is nothing.
 */
struct mo_error *mo_symbols_find_kallsyms_tables(const struct mo_kva_source *source, uint64_t first_kva, uint64_t n_bytes,
						 struct mo_kallsyms_tables *ret) MO_MUST_USE;

/*
 * Decodes the kernel's own symbol table out of the dump. The encodings (absolute, base-relative with and without
 * absolute per-CPU symbols, place-relative; one- and two-byte name lengths) are told apart by trial against
 * stext_kva; if that is 0, against the ascending order of addresses. *encoding_ret (static text; may be NULL) says
 * which it was. Nothing read from the dump is trusted. Where pages of the tables are missing, there are fewer symbols:
 * see mo_symbols_is_partial(), and the description, which says how many. Sizes are distances to the next symbol.
 */
struct mo_error *mo_symbols_load_kallsyms(const struct mo_kva_source *source, const struct mo_kallsyms_tables *tables,
					  struct mo_symbols **ret, const char **encoding_ret) MO_MUST_USE;

/*
 * Out of the ELF symbol table of a vmlinux. slide is added to every address of an allocated section except the
 * per-CPU ones of x86_64 before 6.15. With cache_dir, the sorted table is kept there under the build-id (without
 * slide) and mapped at the next start; nothing that is wrong with the cache is an error.
 */
struct mo_error *mo_symbols_load_elf(struct mo_elf *elf, uint64_t slide, const char *cache_dir,
				     struct mo_symbols **ret) MO_MUST_USE;

/*
 * Adds a module's symbols: absolute addresses, any order; strings are copied. Only before other threads use the
 * table.
 */
struct mo_error *mo_symbols_add_module(struct mo_symbols *symbols, const char *module, const struct mo_symbol *entries,
				       size_t n_entries) MO_MUST_USE;

/* A table without a symbol, for a session that has none. */
struct mo_error *mo_symbols_load_none(struct mo_symbols **ret) MO_MUST_USE;

/* "symbol table of vmlinux-6.1.0 (cached)", "kallsyms of the dump (base-relative)": for the report's head. */
const char *mo_symbols_describe(const struct mo_symbols *symbols);

/* Whether something of the source could not be read, so that a symbol may be absent here only. */
bool mo_symbols_is_partial(const struct mo_symbols *symbols);

void mo_symbols_destroy(struct mo_symbols *symbols);

#endif
