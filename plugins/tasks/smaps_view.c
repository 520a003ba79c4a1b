/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* `memopsy smaps PID`: show_smap() (fs/proc/task_mmu.c), byte for byte. */
#include "smaps_lines.h"

#include <inttypes.h>

enum { COLUMN_SIZE = N_MAPS_COLUMNS, COLUMN_PAGE, COLUMN_NUMBERS, COLUMN_THP = COLUMN_NUMBERS + N_SMAPS_NUMBERS, COLUMN_KEY,
       COLUMN_FLAGS, COLUMN_SHAPE, N_COLUMNS };

/* What the lines of this kernel look like, for maps of cells to lines: bits of COLUMN_SHAPE. */
#define SHAPE_WIDE_THP 1u
#define SHAPE_HAS_LINE(number) (2u << (number))

#define AS_COLUMN(name, key, label, member, is_pss) SMAPS_NUMBER_COLUMN(COLUMN_NUMBERS + NUMBER_##name, name, key),

static const struct mo_column columns[N_COLUMNS] = {
	MAPS_COLUMNS,
	[COLUMN_SIZE] = { .key = "size_kib", .heading = "SIZE", .kind = MO_CELL_KIB, .help = "length of the mapping" },
	[COLUMN_PAGE] = { .key = "page_kib", .heading = "PAGE", .kind = MO_CELL_KIB, .help = "page size (KernelPageSize)" },
	SMAPS_NUMBERS(AS_COLUMN)
	[COLUMN_THP] = { .key = "thp_eligible", .heading = "THP", .kind = MO_CELL_BOOL, .help = "huge pages may be used" },
	[COLUMN_KEY] = { .key = "protection_key", .heading = "KEY", .kind = MO_CELL_COUNT, .help = "protection key" },
	[COLUMN_FLAGS] = { .key = "vm_flags", .heading = "FLAGS", .kind = MO_CELL_TEXT, .help = "VmFlags" },
	[COLUMN_SHAPE] = { .key = "lines", .heading = "LINES", .kind = MO_CELL_FLAGS, .flags = MO_COLUMN_HIDDEN,
			   .help = "which lines this kernel prints" },
};

static void smaps_line(const struct mo_cell *cells, struct mo_line *line)
{
	uint64_t shape = cells[COLUMN_SHAPE].as.number.value;
	const struct mo_cell *thp = &cells[COLUMN_THP];

	write_map_line(cells, line);
	mo_line_printf(line, "Size:           %8" PRIu64 " kB\n", cells[COLUMN_SIZE].as.number.value);
	mo_line_printf(line, "KernelPageSize: %8" PRIu64 " kB\n", cells[COLUMN_PAGE].as.number.value);
	mo_line_printf(line, "MMUPageSize:    %8" PRIu64 " kB\n", cells[COLUMN_PAGE].as.number.value);
	for (unsigned i = 0; i < N_SMAPS_NUMBERS; i++)
		if (shape & SHAPE_HAS_LINE(i))
			write_smaps_line(i, &cells[COLUMN_NUMBERS + i], line);
	mo_line_printf(line, "THPeligible:    %*s\n", shape & SHAPE_WIDE_THP ? 8 : 1,
		       thp->as.number.certainty == MO_UNKNOWN ? "?" : thp->as.number.value ? "1" : "0");
	if (cells[COLUMN_KEY].as.number.certainty == MO_EXACT)
		mo_line_printf(line, "ProtectionKey:  %8" PRIu64 "\n", cells[COLUMN_KEY].as.number.value);
	mo_line_printf(line, "VmFlags: %s\n", cells[COLUMN_FLAGS].as.text.bytes);
}

const struct mo_table_spec smaps_table = {
	.name = "smaps",
	.title = "Mappings and their pages, as /proc/PID/smaps printed them",
	.help = "The pages mapped by a process, VMA by VMA.",
	.columns = columns,
	.n_columns = N_COLUMNS,
	.flags = MO_TABLE_NO_TITLE,
	.line = smaps_line,
};

static uint64_t line_shape(const struct tasks_state *state)
{
	uint64_t shape = mo_has(&state->layout->smaps.orders_always) ? SHAPE_WIDE_THP : 0;

	for (unsigned i = 0; i < N_SMAPS_NUMBERS; i++)
		if (has_smaps_line(state, i, false))
			shape |= SHAPE_HAS_LINE(i);
	return shape;
}

static void write_vma(const struct page_reading *reading, const struct mo_mm *mm, const struct vma *vma, uint64_t shape,
		      struct mo_report *report)
{
	struct tasks_state *state = reading->state;
	struct mem_size_stats stats = { .has_swap_pss = true };
	struct map_texts texts;
	char flags[64 * 3 + 1];
	struct mo_cell cells[N_COLUMNS];
	int thp = vma_thp_eligible(state, mm, vma);

	add_vma_stats(reading, mm, vma, &stats);
	set_map_cells(state, mm, vma, &texts, cells);
	set_smaps_cells(&stats, cells + COLUMN_NUMBERS);
	describe_vma_flags(state, vma->flags, flags, sizeof(flags));
	cells[COLUMN_SIZE] = mo_cell_number(mo_exact((vma->end - vma->start) >> 10));
	cells[COLUMN_PAGE] = mo_cell_number(mo_exact(vma_page_bytes(state, vma) >> 10));
	cells[COLUMN_THP] = thp < 0 ? mo_cell_unknown() : mo_cell_number(mo_exact((uint64_t)thp));
	cells[COLUMN_KEY] = mo_cell_number(has_protection_keys(state) ? mo_exact(vma->flags >> 32 & 15) : mo_unknown());
	cells[COLUMN_FLAGS] = mo_cell_text(flags);
	cells[COLUMN_SHAPE] = mo_cell_number(mo_exact(shape));
	mo_report_row(report, cells);
}

struct mo_error *show_smaps(struct mo_run *run, struct mo_report *report)
{
	struct tasks_state state;
	struct page_reading reading;
	const struct mo_task *task = NULL;
	const struct mo_mm *mm;
	struct vma_walk walk;
	struct vma vma;
	struct mo_error *error;

	view_state(run, &state);
	error = find_task(&state.model, mo_run_argument(run, 0), &task);
	if (!error)
		error = begin_page_reading(&state, &reading);
	if (error)
		return error;
	mm = mo_task_mm(&state.model, task);
	mo_report_table_begin(report, &smaps_table);
	if (mm) {
		vmas_begin(&walk, &state, mm);
		while (vmas_next(&walk, &vma))
			write_vma(&reading, mm, &vma, line_shape(&state), report);
		vmas_end(&walk);
	}
	mo_report_table_end(report);
	report_trouble(&state);
	return NULL;
}
