/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the kernel loses on purpose, told by its form. */
#include "gathering.h"

#include <string.h>

/* Whether an address lies in the kernel's own image. */
static bool is_in_image(const struct leaks_state *state, uint64_t kva)
{
	struct mo_symbol symbol;
	struct mo_error *error = mo_symbols_at(mo_kernel_symbols(mo_run_kernel(state->run)), kva, &symbol);

	return !mo_error_destroy(error) && !symbol.module;
}

/*
 * The header of a sysctl table that was registered at boot and is never unregistered (__register_sysctl_init() in
 * fs/proc/proc_sysctl.c): it leads to the root of all tables and to a table in the kernel image, and of an empty
 * directory nothing leads to it.
 */
static bool is_sysctl_header(const struct leaks_state *state, struct mo_reader *reader, uint64_t kva, uint64_t n_bytes)
{
	const struct leaks_layout *layout = state->layout;
	uint64_t root = 0;
	uint64_t table = 0;
	struct mo_error *error;

	if (!mo_has(&layout->sysctl_table_root) || !mo_has(&layout->sysctl_header.size) || !mo_has(&layout->sysctl_header.root) ||
	    !mo_has(&layout->sysctl_header.table) || n_bytes < layout->sysctl_header.size.bytes)
		return false;
	error = mo_read_field(reader, &layout->sysctl_header.root, kva, &root);
	if (!error)
		error = mo_read_field(reader, &layout->sysctl_header.table, kva, &table);
	return !mo_error_destroy(error) && root == layout->sysctl_table_root.kva && is_in_image(state, table);
}

/*
 * The header that stood for a whole tree of tables (__register_sysctl_base() in fs/proc/proc_sysctl.c, until 6.5): it
 * has the tree, in the kernel image, and behind it the addresses of headers with a root.
 */
static bool is_sysctl_tree(const struct leaks_state *state, struct mo_reader *reader, uint64_t kva, uint64_t n_bytes)
{
	const struct leaks_layout *layout = state->layout;
	uint64_t header_bytes = layout->sysctl_header.size.bytes;
	uint64_t tree = 0;
	uint64_t root = 1;
	uint64_t sub = 0;
	struct mo_error *error;

	if (!mo_has(&layout->sysctl_table_root) || !mo_has(&layout->sysctl_header.size) || !mo_has(&layout->sysctl_header.root) ||
	    !mo_has(&layout->sysctl_header.table_arg) || n_bytes < header_bytes + state->index.word_bytes)
		return false;
	error = mo_read_field(reader, &layout->sysctl_header.table_arg, kva, &tree);
	if (!error)
		error = mo_read_field(reader, &layout->sysctl_header.root, kva, &root);
	if (!error && !root)
		error = mo_read_pointer(reader, kva + header_bytes, &sub);
	if (!error && mo_pointed_slab(&state->index, sub))
		error = mo_read_field(reader, &layout->sysctl_header.root, sub, &root);
	return !mo_error_destroy(error) && sub && root == layout->sysctl_table_root.kva && is_in_image(state, tree);
}

/*
 * The page with VMCOREINFO: a crash makes vmcoreinfo_data point at the copy that the crash kernel has
 * (crash_save_vmcoreinfo() in kernel/crash_core.c, in kernel/vmcore_info.c since 6.9).
 */
static bool is_vmcoreinfo(struct mo_reader *reader, uint64_t kva)
{
	static const char begins_with[] = "OSRELEASE=";
	char text[sizeof(begins_with) - 1];
	struct mo_error *error = mo_read(reader, kva, text, sizeof(text));

	return !mo_error_destroy(error) && !memcmp(text, begins_with, sizeof(text));
}

const char *purpose_of(const struct leaks_state *state, struct mo_reader *reader, uint32_t lost)
{
	uint64_t kva;
	uint64_t n_bytes;

	if (state->lost[lost].kind == MO_LOST_PAGES && lost_bytes(state, &state->lost[lost]) == state->index.page_bytes &&
	    is_vmcoreinfo(reader, state->lost[lost].kva))
		return "VMCOREINFO, of which the crash kernel has a copy";
	if (state->lost[lost].kind != MO_LOST_OBJECT)
		return NULL;
	mo_object_span(&state->index, ref_of(state, &state->lost[lost]), &kva, &n_bytes);
	if (is_sysctl_header(state, reader, kva, n_bytes))
		return "ctl_table_header of a sysctl table registered at boot";
	if (is_sysctl_tree(state, reader, kva, n_bytes))
		return "ctl_table_header of a tree of sysctl tables registered at boot";
	return NULL;
}
