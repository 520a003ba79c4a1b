/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* __show_smap() (fs/proc/task_mmu.c) */
#include "smaps_lines.h"

#include <inttypes.h>

void set_smaps_cells(const struct mem_size_stats *stats, struct mo_cell *cells)
{
#define AS_VALUE(name, key, label, member, is_pss) [NUMBER_##name] = stats->member >> ((is_pss) ? PSS_SHIFT : 0) >> 10,
	const uint64_t kib[N_SMAPS_NUMBERS] = { SMAPS_NUMBERS(AS_VALUE) };
#undef AS_VALUE

	for (unsigned i = 0; i < N_SMAPS_NUMBERS; i++)
		cells[i] = mo_cell_number(stats->is_partial ? mo_at_least(kib[i]) : mo_exact(kib[i]));
	if (!stats->has_swap_pss)
		cells[NUMBER_SWAP_PSS] = mo_cell_unknown();
}

bool has_smaps_line(const struct tasks_state *state, unsigned number, bool is_rollup)
{
	switch (number) {
	case NUMBER_PSS_DIRTY:
		return mo_has(&state->layout->smaps.pss_dirty);
	case NUMBER_PSS_ANON:
	case NUMBER_PSS_FILE:
	case NUMBER_PSS_SHMEM:
		return is_rollup;
	case NUMBER_KSM:
		return mo_has(&state->layout->smaps.ksm);
	default:
		return true;
	}
}

void write_smaps_line(unsigned number, const struct mo_cell *cell, struct mo_line *line)
{
#define AS_LABEL(name, key, label, member, is_pss) [NUMBER_##name] = label,
	static const char *const labels[N_SMAPS_NUMBERS] = { SMAPS_NUMBERS(AS_LABEL) };
#undef AS_LABEL

	if (cell->as.number.certainty == MO_UNKNOWN)
		mo_line_printf(line, "%s%8s kB\n", labels[number], "?");
	else
		mo_line_printf(line, "%s%8" PRIu64 " kB\n", labels[number], cell->as.number.value);
}
