/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MEMOPSY_MODULE_LIST_H
#define MEMOPSY_MODULE_LIST_H

/*
 * The loaded modules (kernel/module/main.c; struct module in include/linux/module.h): name, state, and where their parts
 * lie. Each call reads the list anew; their symbols are mo_kernel_load_modules()'s.
 */

#include <stddef.h>

#include <memopsy/kernel.h>

MO_API_BEGIN

/* As enum mod_mem_type has them since 6.4. */
enum mo_module_part {
	MO_MODULE_TEXT = 0,
	MO_MODULE_DATA,
	MO_MODULE_RODATA,
	MO_MODULE_RO_AFTER_INIT,
	MO_MODULE_INIT_TEXT,
	MO_MODULE_INIT_DATA,
	MO_MODULE_INIT_RODATA,
};

/* The letter of a bit of enum taint_flag numbers (kernel/panic.c, taint_flags[]; J since 6.15); 0: none that is known. */
static inline char mo_taint_letter(unsigned bit)
{
	static const char letters[] = "PFSRMBUDAWCIOELKXTNJ";

	return bit < sizeof(letters) - 1 ? letters[bit] : '\0';
}

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

MO_API_END

#endif
