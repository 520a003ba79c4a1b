/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Where this session's types and symbols come from: a vmlinux that is the dump's own, or the dump itself. Which it was
 * stands in the facts; nothing is swapped silently.
 */
#include "kernel_private.h"

#include <inttypes.h>
#include <stdlib.h>

#include "cleanup.h"
#include "text.h"

/* A vmlinux that the user named: it must be this kernel's. */
static struct mo_error *check_build_id(const struct mo_kernel *kernel, const struct mo_elf *vmlinux)
{
	const char *build_id = mo_elf_build_id(vmlinux);

	if (!kernel->build_id || !build_id || !strcmp(kernel->build_id, build_id))
		return NULL;
	return mo_error_create(MO_E_MISMATCH,
			       "%s is not the vmlinux of this dump: its build-id is %s, the dumped kernel's is %s%s%s",
			       mo_elf_path(vmlinux), build_id, kernel->build_id, kernel->release ? ", release " : "",
			       kernel->release ? kernel->release : "");
}

/* Tells the user of an error that the session can live with. */
static struct mo_error *remark_and_drop(struct mo_kernel *kernel, const char *what, struct mo_error *why)
{
	struct mo_error *error;

	if (mo_error_ends_run(why))
		return why;
	error = mo_kernel_add_remark(kernel, "%s: %s", what, mo_error_text(why));
	mo_error_destroy(why);
	return error;
}

struct mo_error *mo_kernel_open_vmlinux(struct mo_kernel *kernel, const struct mo_session_options *options)
{
	struct mo_error *error;

	if (options->types == MO_TYPES_OF_DUMP)
		return NULL;
	if (options->vmlinux_path) {
		if (!kernel->vmlinux)
			MO_TRY(mo_elf_open(options->vmlinux_path, &kernel->vmlinux));
		return check_build_id(kernel, kernel->vmlinux);
	}
	if (!kernel->build_id && !kernel->release)
		return NULL;
	error = mo_elf_find_vmlinux(kernel->build_id, kernel->release, options->debug_roots, &kernel->vmlinux);
	if (options->types == MO_TYPES_OF_VMLINUX)
		return mo_error_prepend(error, "no vmlinux for this dump");
	/* None is the usual case: the dump itself knows enough. */
	if (!error || mo_error_catch(&error, MO_E_ABSENT))
		return NULL;
	/* A file that is there and does not fit is worth knowing, and no reason to give up. */
	return remark_and_drop(kernel, "no vmlinux is used", error);
}

static struct mo_error *read_kva(void *context, uint64_t kva, void *buffer, size_t n_bytes)
{
	return mo_read(context, kva, buffer, n_bytes);
}

static uint64_t address_of(const struct mo_kernel *kernel, const char *key)
{
	int64_t number = 0;
	MO_DROP_ERROR struct mo_error *error = mo_vmcoreinfo_number(kernel->vmcoreinfo, key, &number);

	return error ? 0 : (uint64_t)number;
}

/* kernel/crash_core.c, 6.0 on (commit 5fd8fea935a1): the tables' addresses are in VMCOREINFO. */
static struct mo_kallsyms_tables tables_of_vmcoreinfo(const struct mo_kernel *kernel)
{
	return (struct mo_kallsyms_tables){
		.names_kva = address_of(kernel, "SYMBOL(kallsyms_names)"),
		.num_syms_kva = address_of(kernel, "SYMBOL(kallsyms_num_syms)"),
		.token_table_kva = address_of(kernel, "SYMBOL(kallsyms_token_table)"),
		.token_index_kva = address_of(kernel, "SYMBOL(kallsyms_token_index)"),
		.offsets_kva = address_of(kernel, "SYMBOL(kallsyms_offsets)"),
		.addresses_kva = address_of(kernel, "SYMBOL(kallsyms_addresses)"),
		.relative_base_kva = address_of(kernel, "SYMBOL(kallsyms_relative_base)"),
		.stext_kva = address_of(kernel, "SYMBOL(_stext)"),
	};
}

static struct mo_error *open_kallsyms(struct mo_kernel *kernel, struct mo_reader *reader)
{
	struct mo_kva_source source = {
		.context = reader,
		.read = read_kva,
		.pointer_bytes = kernel->facts.pointer_bytes,
		.is_big_endian = kernel->facts.is_big_endian,
	};
	struct mo_kallsyms_tables tables = tables_of_vmcoreinfo(kernel);
	const char *encoding;

	if (!tables.names_kva || !tables.token_table_kva) {
		mo_progress_begin(kernel->progress, "searching the kernel image for kallsyms", 0);
		struct mo_error *error = mo_symbols_find_kallsyms_tables(&source, kernel->paging.image_first_kva,
									 kernel->paging.image_bytes, &tables);
		mo_progress_end(kernel->progress);
		if (error)
			return error;
	}
	return mo_symbols_load_kallsyms(&source, &tables, &kernel->symbols, &encoding);
}

struct mo_error *mo_kernel_open_symbols(struct mo_kernel *kernel, const struct mo_session_options *options)
{
	struct mo_reader *reader = NULL;
	struct mo_error *error = NULL;

	if (kernel->vmlinux) {
		error = mo_symbols_load_elf(kernel->vmlinux, kernel->paging.kaslr_offset, options->cache_dir,
					    &kernel->symbols);
		/* A stripped vmlinux still has types; the dump may have the symbols. */
		if (!error || !mo_error_catch(&error, MO_E_ABSENT))
			return error;
	}
	MO_TRY(mo_reader_create(kernel, &reader));
	error = open_kallsyms(kernel, reader);
	mo_reader_destroy(reader);
	error = mo_error_prepend(error,
				 "no symbols: no vmlinux was given or found, and kallsyms cannot be read from the dump");
	if (!error || !options->log_is_enough || mo_error_ends_run(error))
		return error;
	MO_TRY(remark_and_drop(kernel, "symbols are unknown", error));
	return mo_symbols_load_none(&kernel->symbols);
}

static struct mo_error *open_types_of_vmlinux(struct mo_kernel *kernel, const struct mo_session_options *options)
{
	struct mo_elf_section btf;
	struct mo_error *error =
		mo_types_open_dwarf(kernel->vmlinux, options->cache_dir, kernel->progress, &kernel->types);

	if (!error || !mo_error_catch(&error, MO_E_ABSENT))
		return error;
	error = mo_elf_open_separate_debug(kernel->vmlinux, options->debug_roots, &kernel->separate_debug);
	if (!error)
		return mo_types_open_dwarf(kernel->separate_debug, options->cache_dir, kernel->progress, &kernel->types);
	if (mo_error_ends_run(error) || options->types == MO_TYPES_OF_VMLINUX || !mo_elf_has_section(kernel->vmlinux, ".BTF"))
		return mo_error_prepend(error, "%s has no debug information", mo_elf_path(kernel->vmlinux));
	mo_error_destroy(error);
	MO_TRY(mo_elf_section_named(kernel->vmlinux, ".BTF", &btf));
	MO_TRY(mo_types_open_btf(mo_elf_path(kernel->vmlinux), btf.bytes, btf.n_bytes, &kernel->types));
	return mo_kernel_add_remark(kernel, "%s has no DWARF; its BTF is used", mo_elf_path(kernel->vmlinux));
}

/* A BTF blob without a single type: a session for which types are not essential still opens. */
struct mo_error *mo_kernel_open_no_types(struct mo_kernel *kernel)
{
	/* struct btf_header: magic, version, flags, hdr_len, type_off, type_len, str_off, str_len; one NUL of strings. */
	static const uint8_t empty[] = { 0x9f, 0xeb, 1, 0, 24, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0 };

	kernel->lacks_types = true;
	return mo_types_open_btf("nothing", empty, sizeof(empty), &kernel->types);
}

struct mo_error *mo_kernel_open_types(struct mo_kernel *kernel, const struct mo_session_options *options)
{
	struct mo_error *error;

	if (kernel->vmlinux) {
		error = open_types_of_vmlinux(kernel, options);
		if (!error || options->vmlinux_path || options->types == MO_TYPES_OF_VMLINUX)
			return error;
		MO_TRY(remark_and_drop(kernel, "the vmlinux found is unusable", error));
	}
	error = mo_kernel_open_btf(kernel);
	if (!error)
		return NULL;
	error = mo_error_prepend(error, "no type information: no vmlinux was given or found for %s, and the dump has no BTF",
				 kernel->release ? kernel->release : "this kernel");
	if (!options->types_are_optional && !options->log_is_enough)
		return error;
	MO_TRY(remark_and_drop(kernel, "types are unknown", error));
	return mo_kernel_open_no_types(kernel);
}

/*
 * Without a build-id (kernels before 5.9, or no VMCOREINFO) the banner decides: the vmlinux's constant against the
 * dump's memory at the same symbol.
 */
struct mo_error *mo_kernel_check_banner(struct mo_kernel *kernel)
{
	struct mo_symbol symbol;
	char in_file[256] = "";
	MO_FREE char *visible = NULL;
	struct mo_error *error;

	if (!kernel->vmlinux || (kernel->build_id && mo_elf_build_id(kernel->vmlinux)))
		return NULL;
	error = mo_symbols_find(kernel->symbols, NULL, "linux_banner", &symbol, NULL);
	if (!error)
		error = mo_elf_read_address(kernel->vmlinux, symbol.value_kva - kernel->paging.kaslr_offset, in_file,
					    sizeof(in_file) - 1);
	if (error) {
		/* Nothing to compare with is not a mismatch; but it must be said. */
		MO_DROP_ERROR struct mo_error *why = error;

		if (mo_error_ends_run(why))
			return mo_take(why);
		return mo_kernel_add_remark(kernel, "whether %s is this dump's vmlinux cannot be checked: %s",
					    mo_elf_path(kernel->vmlinux), mo_error_text(why));
	}
	visible = mo_text_from_bytes(in_file, strcspn(in_file, "\n"));
	if (!visible)
		return mo_error_no_memory();
	if (kernel->banner && !strncmp(kernel->banner, visible, strlen(visible)))
		return NULL;
	return mo_error_create(MO_E_MISMATCH, "%s is not the vmlinux of this dump: its banner is \"%s\", the dump has \"%s\"",
			       mo_elf_path(kernel->vmlinux), visible, kernel->banner ? kernel->banner : "(unreadable)");
}
