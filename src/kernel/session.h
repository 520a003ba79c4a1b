/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MO_SESSION_H
#define MO_SESSION_H

/*
 * Opening a kernel session: for the host and the command line. Plugins see include/memopsy/ only.
 *
 * The dump is identified (VMCOREINFO, page tables, KASLR), a vmlinux is found and checked against it, types and
 * symbols are opened. No source is ever swapped silently: facts name what was used, remarks say what was tried.
 */

#include <stddef.h>

#include <memopsy/kernel.h>

struct mo_dump_info;
struct mo_type_request;

enum mo_type_choice {
	MO_TYPES_BEST = 0,     /* a vmlinux when there is one that matches, else the dump itself */
	MO_TYPES_OF_DUMP = 1,  /* --types=btf: only what is inside the dump */
	MO_TYPES_OF_VMLINUX = 2, /* --types=dwarf: only a vmlinux */
};

struct mo_session_options {
	const char *const *dump_paths;
	size_t n_dump_paths;
	const char *vmlinux_path;          /* NULL: look for one */
	const char *const *debug_roots;    /* NULL-terminated; NULL: the standard directories */
	enum mo_type_choice types;
	const char *cache_dir;             /* NULL: no cache */
	bool types_are_optional;           /* open even without any type information (for `info` and the like) */
	bool log_is_enough;                /* open even without symbols or page tables: what reads the kernel's log alone */
	struct mo_progress *progress;
};

/*
 * What could be opened before it failed is told in the error's text: an ELF that is no kernel dump, a dump without
 * page tables, a vmlinux of another kernel (with both build-ids).
 */
struct mo_error *mo_kernel_open(const struct mo_session_options *options, struct mo_kernel **ret) MO_MUST_USE;

/* Whether mo_kernel_open() would take a path for a log. "-" is one: standard input can be nothing else. */
bool mo_is_text_log(const char *path);

/* Saves what was learned into the cache, and closes. All readers must be gone. NULL is fine. */
void mo_kernel_close(struct mo_kernel *kernel);

/* The dump as a file. */
const struct mo_dump_info *mo_kernel_dump_info(const struct mo_kernel *kernel);

/* Whether symbols, types or the dump's end are missing, so that what is not found may be there all the same. */
bool mo_kernel_is_read_in_part(const struct mo_kernel *kernel);

/* Things that the user should know about how the session came about ("VMCOREINFO was found in memory, not in ..."). */
size_t mo_kernel_remark_count(const struct mo_kernel *kernel);
const char *mo_kernel_remark(const struct mo_kernel *kernel, size_t index);

/*
 * Tells the session which types will be bound, so that one pass over the debug information finds them all. Called by
 * the host with the needs of all plugins that will run, before it binds the first.
 */
struct mo_need;
struct mo_error *mo_kernel_prefetch(struct mo_kernel *kernel, const struct mo_need *const *tables,
				    const size_t *n_needs, size_t n_tables) MO_MUST_USE;

#endif
