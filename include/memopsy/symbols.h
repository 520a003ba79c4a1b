/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MEMOPSY_SYMBOLS_H
#define MEMOPSY_SYMBOLS_H

/*
 * The symbol model: names and addresses of the kernel and its modules, whether from an ELF symbol table or from the
 * kallsyms tables of the dump.
 *
 * Addresses are those of the running kernel (KASLR offset applied). Symbols of the per-CPU section keep their value
 * as the kernel has it: on x86_64 before 6.15 an offset from 0, elsewhere an address inside the template.
 *
 * Names may repeat (static variables); finding by name gives the one with the lowest address, and says how many
 * there are. A table is immutable once loaded and may be used by any thread; strings live as long as the table.
 */

#include <stddef.h>

#include <memopsy/error.h>

MO_API_BEGIN

struct mo_symbol {
	const char *name;
	const char *module;    /* NULL: the kernel itself */
	uint64_t value_kva;
	uint64_t size_bytes;   /* as the ELF table says; from kallsyms: distance to the next symbol; 0: unknown */
	char type;             /* as in /proc/kallsyms: 'T', 'd', 'B', ... lower case is local; '?' unknown */
};

struct mo_symbols;

/*
 * By name; module NULL searches the kernel, then every module, "" the kernel alone; "-" and "_" in a module's name are
 * the same. n_same (may be NULL) is how many have the name where it was searched.
 */
struct mo_error *mo_symbols_find(const struct mo_symbols *symbols, const char *module, const char *name,
				 struct mo_symbol *ret, size_t *n_same) MO_MUST_USE;

/*
 * The address that a user means by SYMBOL or SYMBOL+OFFSET (hexadecimal with 0x, else decimal); of modules as far as their
 * symbols are loaded. MO_E_ABSENT, which quotes the text, if there is no such symbol; MO_E_INVALID: it cannot
 * be one, or OFFSET is no number.
 */
struct mo_error *mo_symbols_find_place(const struct mo_symbols *symbols, const char *text, uint64_t *ret_kva) MO_MUST_USE;

/*
 * The symbol that covers an address: one that begins there, else the innermost whose size reaches it, else the nearest
 * below that has no size (a label in assembly), up to 64 KiB away. Of several names of one place, global ones and those
 * with fewer leading underscores are preferred. MO_E_ABSENT if the address lies in no symbol.
 */
struct mo_error *mo_symbols_at(const struct mo_symbols *symbols, uint64_t kva, struct mo_symbol *ret) MO_MUST_USE;

/*
 * All symbols in ascending address order, kernel first, then module by module: index 0 .. count-1. Absolute symbols
 * with values above the kernel's first address come after its other symbols.
 */
size_t mo_symbols_count(const struct mo_symbols *symbols);
void mo_symbols_get(const struct mo_symbols *symbols, size_t index, struct mo_symbol *ret);

MO_API_END

#endif
