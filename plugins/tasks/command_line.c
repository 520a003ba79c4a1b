/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A process's command line, out of its own memory: read only when it is asked for, and there only if the dump holds
 * user pages. What /proc/PID/cmdline printed, with blanks where it had NULs.
 */
#include <memopsy/memmap.h>

#include "gathering.h"

#include <inttypes.h>

/* Reads user memory page by page. */
static struct mo_error *read_user(const struct tasks_state *state, uint64_t pgd_pa, uint64_t va, char *bytes, size_t n_bytes)
{
	while (n_bytes) {
		struct mo_translation found;
		size_t n = n_bytes;
		struct mo_error *error = mo_walk_page_table(state->reader, pgd_pa, va, &found);

		if (!error && (!found.is_mapped || !found.span_bytes))
			error = mo_error_create(MO_E_NOT_MAPPED, "0x%" PRIx64 " is not mapped", va);
		if (!error && found.span_bytes < n)
			n = (size_t)found.span_bytes;
		if (!error)
			error = mo_read_pa(state->reader, found.pa, bytes, n);
		if (error)
			return error;
		va += n;
		bytes += n;
		n_bytes -= n;
	}
	return NULL;
}

struct mo_error *read_command_line(const struct tasks_state *state, const struct mo_mm *mm,
				   char bytes[MOST_COMMAND_LINE_BYTES], size_t *n_bytes)
{
	const struct tasks_layout *layout = state->layout;
	uint64_t start = 0;
	uint64_t end = 0;
	uint64_t pgd_pa = 0;
	size_t n;
	struct mo_error *error;

	if (!mo_has(&layout->mm.arg_start) || !mo_has(&layout->mm.arg_end))
		return mo_error_create(MO_E_ABSENT, "where command lines are is not known");
	error = mo_read_field(state->reader, &layout->mm.arg_start, mm->kva, &start);
	if (!error)
		error = mo_read_field(state->reader, &layout->mm.arg_end, mm->kva, &end);
	if (!error)
		error = mo_direct_map_to_pa(mo_run_kernel(state->run), mm->pgd_kva, &pgd_pa);
	if (error || end <= start) {
		*n_bytes = 0;
		return error;
	}
	n = end - start < MOST_COMMAND_LINE_BYTES ? (size_t)(end - start) : MOST_COMMAND_LINE_BYTES;
	error = read_user(state, pgd_pa, start, bytes, n);
	if (error)
		return error;
	while (n && !bytes[n - 1])
		n--;
	for (size_t i = 0; i < n; i++)
		if (!bytes[i])
			bytes[i] = ' ';
	*n_bytes = n;
	return NULL;
}
