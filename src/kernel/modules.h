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

#define MO_MODULE_RANGES 16

struct mo_module {
	char *name;                 /* visible text */
	uint64_t module_kva;        /* its struct module */
	const char *state;          /* "live", "coming", "going", "unformed" */
	uint64_t size_bytes;        /* as /proc/modules prints it: all parts that are still there */
	int64_t n_references;       /* as /proc/modules prints it: -1 while it unloads; meaningless if !has_references */
	bool has_references;
	char build_id[41];          /* lower-case hex; empty: not known */
	uint64_t taints;            /* bits of enum taint_flag numbers */
	struct mo_module_range ranges[MO_MODULE_RANGES];
	size_t n_ranges;
	uint64_t text_kva;          /* where its code begins, as /proc/modules prints it; 0: none */
	uint64_t percpu_kva;        /* 0: none */
	uint64_t percpu_bytes;
	uint64_t btf_kva;           /* split BTF bytes, as the BTF registry keeps them; 0: none */
	uint64_t btf_bytes;
};

struct mo_modules {
	struct mo_module *items;    /* in the order of the kernel's list, newest first */
	size_t count;
	char *remark;               /* why the list ended early, or what of it could not be read; NULL: complete */
};

/*
 * Gathers the list; free with mo_modules_destroy(). MO_E_ABSENT: a kernel without modules. Modules that are not yet
 * formed are left out, as /proc/modules does.
 */
struct mo_error *mo_modules_gather(struct mo_reader *reader, struct mo_modules **ret) MO_MUST_USE;
void mo_modules_destroy(struct mo_modules *modules);

/*
 * Reads the module's kallsyms (symtab, strtab, typetab) in bulk and adds them to `symbols`; partial tables are added as
 * far as they go, *remark_ret (may be NULL, static text) then says why.
 */
struct mo_symbols;
struct mo_error *mo_module_add_symbols(struct mo_reader *reader, const struct mo_module *module,
				       struct mo_symbols *symbols, const char **remark_ret) MO_MUST_USE;

/* Part of mo_modules_gather(): fills in btf_kva and btf_bytes from the kernel's registry of BTF, where there is one. */
void mo_modules_find_btf(struct mo_reader *reader, struct mo_modules *modules);

/*
 * Adds the modules' types to the kernel's: split BTF out of the dump where the kernel's types are BTF, the modules'
 * debug files where a vmlinux gave them. Little needs them, so it is done on demand: once, before other threads use the
 * types. What cannot be read is left out, and a remark of the session says so; *n_modules_ret (may be NULL) is of how
 * many modules the types are known.
 */
struct mo_error *mo_kernel_load_module_types(struct mo_kernel *kernel, size_t *n_modules_ret) MO_MUST_USE;

#endif
