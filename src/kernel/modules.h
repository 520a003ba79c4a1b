/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MO_MODULES_H
#define MO_MODULES_H

/*
 * The loaded modules (kernel/module/main.c; struct module in include/linux/module.h): name, where their parts lie,
 * and their symbols (mod_kallsyms) and BTF, out of the dump.
 */

#include <stddef.h>

#include <memopsy/kernel.h>

enum mo_module_part { MO_MODULE_TEXT, MO_MODULE_DATA, MO_MODULE_RODATA, MO_MODULE_RO_AFTER_INIT, MO_MODULE_INIT_TEXT,
		      MO_MODULE_INIT_DATA, MO_MODULE_INIT_RODATA };

struct mo_module_range {
	enum mo_module_part part;
	uint64_t first_kva;
	uint64_t n_bytes;
};

struct mo_module {
	const char *name;           /* visible text */
	uint64_t module_kva;        /* its struct module */
	const char *state;          /* "live", "coming", "going", "unformed" */
	uint64_t size_bytes;        /* as /proc/modules prints it: all parts that are still there */
	uint64_t n_references;      /* as /proc/modules prints it; meaningless if !has_references */
	bool has_references;
	const char *build_id;       /* lower-case hex; NULL: not known */
	uint64_t taints;            /* bits of enum taint_flag numbers */
	const struct mo_module_range *ranges;
	size_t n_ranges;
	uint64_t percpu_kva;        /* 0: none */
	uint64_t percpu_bytes;
	uint64_t btf_kva;           /* split BTF bytes; 0: none */
	uint64_t btf_bytes;
};

struct mo_modules {
	struct mo_module *items;    /* in the order of the kernel's list, newest first */
	size_t count;
	const char *remark;         /* why the list ended early; NULL: complete */
};

/* Gathers the list; free with mo_modules_destroy(). MO_E_ABSENT: a kernel without modules. */
struct mo_error *mo_modules_gather(struct mo_reader *reader, struct mo_modules **ret) MO_MUST_USE;
void mo_modules_destroy(struct mo_modules *modules);

/*
 * Reads the module's kallsyms (symtab, strtab, typetab) in bulk and adds them to `symbols`; partial tables are added as
 * far as they go, *remark_ret (may be NULL, static text) then says why.
 */
struct mo_symbols;
struct mo_error *mo_module_add_symbols(struct mo_reader *reader, const struct mo_module *module,
				       struct mo_symbols *symbols, const char **remark_ret) MO_MUST_USE;

#endif
