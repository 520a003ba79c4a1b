/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A process's command line and environment, out of its own memory: read only when they are asked for, and there only if the
 * dump holds user pages. What /proc/PID/cmdline and environ printed, with blanks where they had NULs.
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

/* From the address that one member of the mm holds to that of another, as much as fits; NULs are blanks. */
static struct mo_error *read_text(const struct tasks_state *state, const struct mo_mm *mm, const struct mo_field *start_field,
				  const struct mo_field *end_field, char *bytes, size_t most_bytes, size_t *n_bytes)
{
	uint64_t start = 0;
	uint64_t end = 0;
	uint64_t pgd_pa = 0;
	size_t n;
	struct mo_error *error;

	if (!mo_has(start_field) || !mo_has(end_field))
		return mo_error_create(MO_E_ABSENT, "where command lines and environments are kept is unknown");
	error = mo_read_field(state->reader, start_field, mm->kva, &start);
	if (!error)
		error = mo_read_field(state->reader, end_field, mm->kva, &end);
	if (!error)
		error = mo_direct_map_to_pa(mo_run_kernel(state->run), mm->pgd_kva, &pgd_pa);
	if (error || end <= start) {
		*n_bytes = 0;
		return error;
	}
	n = end - start < most_bytes ? (size_t)(end - start) : most_bytes;
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

struct mo_error *read_command_line(const struct tasks_state *state, const struct mo_mm *mm,
				   char bytes[MAX_COMMAND_LINE_BYTES], size_t *n_bytes)
{
	return read_text(state, mm, &state->layout->mm.arg_start, &state->layout->mm.arg_end, bytes, MAX_COMMAND_LINE_BYTES,
			 n_bytes);
}

struct mo_error *read_environment(const struct tasks_state *state, const struct mo_mm *mm, char bytes[MAX_ENVIRONMENT_BYTES],
				  size_t *n_bytes)
{
	return read_text(state, mm, &state->layout->mm.env_start, &state->layout->mm.env_end, bytes, MAX_ENVIRONMENT_BYTES,
			 n_bytes);
}
