/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MO_KERNEL_PRIVATE_H
#define MO_KERNEL_PRIVATE_H

/* The session's own shape, for the files of this room only. */

#include <pthread.h>

#include <memopsy/containers.h>
#include <memopsy/kernel.h>

#include "arch.h"
#include "dump.h"
#include "elf_file.h"
#include "session.h"
#include "symbol_source.h"
#include "text_log.h"
#include "type_source.h"

struct mo_kernel_layouts;

struct mo_kernel {
	struct mo_dump *dump;           /* NULL: of a text */
	const struct mo_dump_info *dump_info;
	struct mo_text_file *text;      /* NULL: of a dump */
	struct mo_text_log_facts text_facts;
	struct mo_shape_log *shape_log; /* of a dump in which nothing says where its log is; NULL: none */
	struct mo_dump_info text_info;  /* what dump_info is of a text */
	const struct mo_arch *arch;
	struct mo_paging paging;        /* of what has arch; else nothing translates */
	struct mo_arch_direct_map direct_map; /* facts.page_offset_kva 0: none */
	struct mo_elf *vmlinux;         /* NULL: none */
	struct mo_elf *separate_debug;  /* NULL: vmlinux holds its own debug information, or there is none */
	struct mo_types *types;
	bool lacks_types;               /* types is there, and empty */
	struct mo_symbols *symbols;
	struct mo_kernel_layouts *layouts;
	struct mo_kernel_facts facts;
	struct mo_progress *progress;

	char *vmcoreinfo;               /* text of our own, terminated; NULL: none */
	char *cache_dir;                /* NULL: no cache */
	char *path;                     /* of the dump, visible; parts of a split one comma-separated */
	char *banner;
	char *build_id;
	char *release;

	MO_VECTOR(char *) remarks;

	/* Opening only: readers of other threads have their own. */
	struct mo_dump_reader *boot_reader;

	pthread_mutex_t modules_lock;
	bool modules_loaded;
	bool module_types_loaded;
	size_t n_module_types;          /* modules whose types are known */
	MO_VECTOR(struct mo_elf *) module_files; /* whose DWARF the types use: closed after them */
	MO_VECTOR(char *) debug_roots;  /* NULL-terminated; empty: the standard directories */
};

struct mo_reader {
	struct mo_kernel *kernel;
	struct mo_dump_reader *dump_reader;
	struct mo_arch_view view;       /* whose context is this reader */
	/* Translations seen, by 2 MiB of virtual address; an entry covers [first_kva, first_kva + n_bytes). */
	struct mo_mapping {
		uint64_t first_kva;
		uint64_t n_bytes;       /* 0: free */
		uint64_t pa;
	} mappings[64];
};

/* session.c */
struct mo_error *mo_kernel_add_remark(struct mo_kernel *kernel, const char *format, ...) MO_PRINTF(2, 3) MO_MUST_USE;

/* vmcoreinfo.c: values of a VMCOREINFO text. */
bool mo_vmcoreinfo_value(const char *vmcoreinfo, const char *key, const char **value, size_t *n_bytes);
struct mo_error *mo_vmcoreinfo_number(const char *vmcoreinfo, const char *key, int64_t *ret) MO_MUST_USE;
/* Copies a text value as visible text; NULL: no such key. */
struct mo_error *mo_vmcoreinfo_copy(const char *vmcoreinfo, const char *key, char **ret) MO_MUST_USE;

/* vmcoreinfo_search.c: pages of the dump that look like vmcoreinfo_data, as texts. At most room; *n_ret of them. */
struct mo_error *mo_vmcoreinfo_search(struct mo_kernel *kernel, char **texts, size_t room, size_t *n_ret) MO_MUST_USE;

/* identify.c: VMCOREINFO, architecture and page tables. kernel->vmlinux may be open already. */
struct mo_error *mo_kernel_identify(struct mo_kernel *kernel) MO_MUST_USE;

/* sources.c */
struct mo_error *mo_kernel_open_vmlinux(struct mo_kernel *kernel, const struct mo_session_options *options) MO_MUST_USE;
struct mo_error *mo_kernel_open_symbols(struct mo_kernel *kernel, const struct mo_session_options *options) MO_MUST_USE;
struct mo_error *mo_kernel_open_types(struct mo_kernel *kernel, const struct mo_session_options *options) MO_MUST_USE;
/* btf_of_dump.c: the BTF that the kernel keeps in its own memory, as far as it is in the dump. */
struct mo_error *mo_kernel_open_btf(struct mo_kernel *kernel) MO_MUST_USE;

/* Checks that the vmlinux is the dump's, where only its banner can tell. */
struct mo_error *mo_kernel_check_banner(struct mo_kernel *kernel) MO_MUST_USE;

struct mo_error *mo_kernel_open_no_types(struct mo_kernel *kernel) MO_MUST_USE;

/* find_log.c: where nothing says where the log is, by its shape; takes over the error that finding nothing leaves. */
struct mo_error *mo_kernel_find_log(struct mo_kernel *kernel, struct mo_error *why) MO_MUST_USE;
/* Whether what the dump says of its log is enough to read it; if not, by its shape. */
struct mo_error *mo_kernel_check_log(struct mo_kernel *kernel) MO_MUST_USE;

/* text_session.c: if the only path is a text, all that can be known of it. */
struct mo_error *mo_kernel_open_text(struct mo_kernel *kernel, const struct mo_session_options *options, bool *is_text)
	MO_MUST_USE;

/* translate.c: what every read of a text's session gives. */
struct mo_error *mo_error_of_text(void) MO_MUST_USE;

/* translate.c: the direct map, once symbols are known. */
void mo_kernel_find_direct_map(struct mo_kernel *kernel);

/* What of page-table entries only symbols and types tell. */
void mo_kernel_refine_paging(struct mo_kernel *kernel);

/* registers.c: as mo_kernel_registers(), in the architecture's own form. */
bool mo_kernel_arch_registers(const struct mo_kernel *kernel, size_t index, struct mo_arch_registers *ret);

/* layout.c: the types and enumerators that need tables ask for. */
struct mo_error *mo_needs_prefetch(struct mo_types *types, const struct mo_need *const *tables, const size_t *n_needs,
				   size_t n_tables) MO_MUST_USE;

#endif
