/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MO_MODULES_H
#define MO_MODULES_H

/*
 * What else the dump holds of modules than include/memopsy/module_list.h tells: symbols (mod_kallsyms) and BTF.
 */

#include <stddef.h>

#include <memopsy/module_list.h>

/*
 * Reads the module's kallsyms (symtab, strtab, typetab) in bulk and adds them to `symbols`; partial tables are added as
 * far as they go, *remark_ret (may be NULL, static text) then says why.
 */
struct mo_symbols;
struct mo_error *mo_module_add_symbols(struct mo_reader *reader, const struct mo_module *module,
				       struct mo_symbols *symbols, const char **remark_ret) MO_MUST_USE;

/* Part of mo_modules_gather(): fills in btf_kva and btf_bytes from the kernel's registry of BTF, where there is one. */
void mo_modules_find_btf(struct mo_reader *reader, struct mo_modules *modules);

#endif
