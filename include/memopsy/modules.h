/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MEMOPSY_MODULES_H
#define MEMOPSY_MODULES_H

/*
 * The model "modules": the loaded modules, what memory each is made of, and what it holds besides: areas of vmalloc that
 * it asked for, and slab caches that are its own.
 *
 * Immutable once published; lives until the run ends. The list itself, for who needs no more, is module_list.h's.
 */

#include <memopsy/module_list.h>
#include <memopsy/report.h>

#ifdef __cplusplus
extern "C" {
#endif

#define MO_MODULES_MODEL "modules"
#define MO_MODULES_MODEL_VERSION 1

struct mo_module_memory {
	const struct mo_module *module;
	const char *users;           /* "zram," as /proc/modules has it; "-": none; NULL: not known */
	bool is_permanent;           /* it has an init function and no exit function: it cannot be unloaded */
	uint64_t text_bytes;
	uint64_t data_bytes;         /* data and what is read-only after init */
	uint64_t rodata_bytes;
	uint64_t init_bytes;         /* text and data that are still there and only the init function needs */
	uint64_t percpu_bytes;       /* of one CPU */

	/* Areas of vmalloc whose caller is its code; 0 without the model "vmap". */
	uint64_t areas;
	uint64_t owned_bytes;        /* memory that they own */
	uint64_t mapped_bytes;       /* memory of others that they map */
	/* Slab caches; 0 without the model "slab". By their constructor, and by their name (it begins with the module's). */
	uint64_t constructed_caches;
	uint64_t constructed_bytes;
	uint64_t named_caches;
	uint64_t named_bytes;
};

struct mo_modules_model {
	const struct mo_module_memory *modules; /* in the order of /proc/modules */
	size_t n_modules;
	bool has_areas;              /* the vmalloc columns are known */
	bool has_caches;             /* the slab columns are known */
	bool is_complete;
};

#ifdef __cplusplus
}
#endif

#endif
