/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Which kernel is it? VMCOREINFO from the dump's note, else found in memory; the architecture; the page tables, checked
 * by whether they lead to themselves.
 */
#include "kernel_private.h"

#include <stdlib.h>

#include "cleanup.h"

#define MAX_TEXTS 16

/* What an architecture may look at while the session opens. */
struct boot_view {
	struct mo_kernel *kernel;
	const char *vmcoreinfo;
};

static struct mo_error *read_pa(void *context, uint64_t pa, void *buffer, size_t n_bytes)
{
	const struct boot_view *boot = context;

	return mo_dump_read(boot->kernel->boot_reader, pa, buffer, n_bytes);
}

static bool vmcoreinfo_value(void *context, const char *key, int64_t *ret)
{
	const struct boot_view *boot = context;
	MO_DROP_ERROR struct mo_error *error = mo_vmcoreinfo_number(boot->vmcoreinfo, key, ret);

	return !error;
}

static bool link_address(void *context, const char *symbol, uint64_t *ret)
{
	const struct boot_view *boot = context;
	struct mo_symbols *symbols = NULL;
	struct mo_symbol found;
	struct mo_error *error;

	if (!boot->kernel->vmlinux)
		return false;
	error = mo_symbols_load_elf(boot->kernel->vmlinux, 0, NULL, &symbols);
	if (!error)
		error = mo_symbols_find(symbols, NULL, symbol, &found, NULL);
	if (!error)
		*ret = found.value_kva;
	mo_symbols_destroy(symbols);
	return !mo_error_destroy(error);
}

static struct mo_error *try_vmcoreinfo(struct mo_kernel *kernel, const char *vmcoreinfo)
{
	const struct mo_dump_info *info = kernel->dump_info;
	struct boot_view boot = { .kernel = kernel, .vmcoreinfo = vmcoreinfo };
	struct mo_arch_view view = {
		.context = &boot,
		.read_pa = read_pa,
		.vmcoreinfo = vmcoreinfo ? vmcoreinfo_value : NULL,
		.link_address = link_address,
		.is_big_endian = info->is_big_endian,
		.has_phys_base = info->has_phys_base,
		.phys_base = info->phys_base,
	};
	MO_FREE struct mo_arch_note *notes = calloc(info->n_notes + 1, sizeof(*notes));
	const char *arch_name = info->arch;

	if (!notes)
		return mo_error_no_memory();
	for (size_t i = 0; i < info->n_notes; i++)
		notes[i] = (struct mo_arch_note){ .name = info->notes[i].name, .type = info->notes[i].type,
						  .desc = info->notes[i].desc, .desc_bytes = info->notes[i].desc_bytes };
	view.notes = notes;
	view.n_notes = info->n_notes;
	if (!arch_name && kernel->vmlinux)
		arch_name = mo_elf_arch(kernel->vmlinux);
	kernel->arch = arch_name ? mo_arch_by_name(arch_name) : mo_arch_by_vmcoreinfo(&view);
	if (!kernel->arch)
		return mo_error_create(MO_E_UNSUPPORTED, "the dump is of %s%s; supported: %s",
				       arch_name ? "architecture " : "an unknown architecture",
				       arch_name ? arch_name : "", mo_arch_supported());
	return kernel->arch->find_paging(&view, &kernel->paging);
}

static struct mo_error *adopt(struct mo_kernel *kernel, const char *vmcoreinfo)
{
	if (!vmcoreinfo)
		return NULL;
	kernel->vmcoreinfo = strdup(vmcoreinfo);
	return kernel->vmcoreinfo ? NULL : mo_error_no_memory();
}

/* Tries the texts found in memory; the one that leads to page tables is taken. */
static struct mo_error *try_memory(struct mo_kernel *kernel, bool *found)
{
	char *texts[MAX_TEXTS];
	size_t n_texts = 0;
	struct mo_error *error = mo_vmcoreinfo_search(kernel, texts, MAX_TEXTS, &n_texts);

	for (size_t i = 0; i < n_texts && !error && !*found; i++) {
		struct mo_error *wrong = try_vmcoreinfo(kernel, texts[i]);

		if (mo_error_ends_run(wrong)) {
			error = mo_take(wrong);
			break;
		}
		/* Found by the CPUs' registers does not make this text the kernel's. */
		if (!wrong && !strcmp(kernel->paging.found_by, "VMCOREINFO")) {
			*found = true;
			error = adopt(kernel, texts[i]);
		}
		mo_error_destroy(wrong);
	}
	for (size_t i = 0; i < n_texts; i++)
		free(texts[i]);
	return error;
}

static struct mo_error *remark_on_note(struct mo_kernel *kernel, const struct mo_error *why)
{
	return mo_kernel_add_remark(kernel, "the dump's VMCOREINFO note is wrong; the one found in memory is used (%s)",
				    why ? mo_error_text(why) : "the note's page tables are not in the dump");
}

/* Nothing is found where no page can be read: compressed by what this build lacks, which is the thing to say. */
static struct mo_error *check_first_page(struct mo_kernel *kernel)
{
	uint64_t first_pfn;
	uint64_t n_pages;
	const void *bytes;
	size_t n_bytes;
	struct mo_error *error;

	if (!mo_dump_next_run(kernel->dump, 0, &first_pfn, &n_pages))
		return NULL;
	error = mo_dump_view(kernel->boot_reader, first_pfn << kernel->dump_info->page_shift, 1, &bytes, &n_bytes);
	if (error && (mo_error_code(error) == MO_E_UNSUPPORTED || mo_error_ends_run(error)))
		return mo_error_prepend(error, "cannot read the dump's pages");
	mo_error_destroy(error);
	return NULL;
}

static struct mo_error *identify(struct mo_kernel *kernel)
{
	const char *note = kernel->dump_info->vmcoreinfo;
	MO_DROP_ERROR struct mo_error *by_note = try_vmcoreinfo(kernel, note);
	bool found = false;

	if (!by_note && note && !strcmp(kernel->paging.found_by, "VMCOREINFO"))
		return adopt(kernel, note);
	if (mo_error_ends_run(by_note))
		return mo_take(by_note);
	if (by_note && mo_error_code(by_note) == MO_E_UNSUPPORTED && kernel->dump_info->arch)
		return mo_take(by_note);
	MO_TRY(try_memory(kernel, &found));
	if (found) {
		if (note)
			return remark_on_note(kernel, by_note);
		return mo_kernel_add_remark(kernel, "the dump has no VMCOREINFO note; it was found in memory");
	}
	MO_TRY(check_first_page(kernel));
	if (!by_note || !note) {
		mo_error_destroy(by_note);
		by_note = try_vmcoreinfo(kernel, NULL);
		if (!by_note)
			return mo_kernel_add_remark(kernel, "%s; the page tables were found by CR3 of a CPU",
						    note ? "the dump's VMCOREINFO is wrong" : "there is no VMCOREINFO");
	}
	return mo_error_prepend(mo_take(by_note), "cannot find the kernel's page tables%s",
				note ? "" : " (the dump has no VMCOREINFO, and none was found in its memory)");
}

struct mo_error *mo_kernel_identify(struct mo_kernel *kernel)
{
	MO_TRY(identify(kernel));
	/* Of a dump without VMCOREINFO the page tables tell. */
	mo_dump_use_page_bytes(kernel->dump, 1u << kernel->paging.page_shift);
	return NULL;
}
