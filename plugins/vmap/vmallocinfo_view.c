/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* `memopsy vmallocinfo`: s_show(), since 6.9 vmalloc_info_show() (mm/vmalloc.c), byte for byte. */
#include "gathering.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { COLUMN_FIRST, COLUMN_END, COLUMN_SIZE, COLUMN_STATE, COLUMN_CALLER, COLUMN_MODULE, COLUMN_PAGES, COLUMN_PHYS,
       COLUMN_USES, COLUMN_NODES, COLUMN_AREA, COLUMN_VM, N_COLUMNS };

#define HIDDEN .flags = MO_COLUMN_HIDDEN

static const struct mo_column columns[N_COLUMNS] = {
	[COLUMN_FIRST] = { .key = "first_kva", .heading = "START", .kind = MO_CELL_ADDRESS, .help = "where the area begins" },
	[COLUMN_END] = { .key = "end_kva", .heading = "END", .kind = MO_CELL_ADDRESS, .help = "where it ends" },
	[COLUMN_SIZE] = { .key = "size_bytes", .heading = "SIZE", .kind = MO_CELL_BYTES,
			  .help = "its addresses, guard page included (vm_struct.size)" },
	[COLUMN_STATE] = { .key = "state", .heading = "STATE", .kind = MO_CELL_TEXT,
			   .help = "in use, of vm_map_ram(), or freed and not purged" },
	[COLUMN_CALLER] = { .key = "caller", .heading = "CALLER", .kind = MO_CELL_TEXT,
			    .help = "the code that allocated it (vm_struct.caller); empty: not recorded" },
	[COLUMN_MODULE] = { .key = "module", .heading = "MODULE", .kind = MO_CELL_TEXT, HIDDEN,
			    .help = "the caller's module; empty: the kernel itself" },
	[COLUMN_PAGES] = { .key = "pages", .heading = "PAGES", .kind = MO_CELL_COUNT,
			   .help = "pages that the area owns (vm_struct.nr_pages)" },
	[COLUMN_PHYS] = { .key = "first_pa", .heading = "PHYS", .kind = MO_CELL_ADDRESS,
			  .help = "the physical address that it maps (vm_struct.phys_addr); 0: none" },
	[COLUMN_USES] = { .key = "uses", .heading = "USES", .kind = MO_CELL_TEXT,
			  .help = "its use, as /proc/vmallocinfo prints it (vm_struct.flags)" },
	[COLUMN_NODES] = { .key = "nodes", .heading = "NODES", .kind = MO_CELL_TEXT, .help = "its pages by NUMA node" },
	[COLUMN_AREA] = { .key = "vmap_area", .heading = "STRUCT VMAP_AREA", .kind = MO_CELL_ADDRESS, HIDDEN,
			  .help = "where it is" },
	[COLUMN_VM] = { .key = "vm_struct", .heading = "STRUCT VM_STRUCT", .kind = MO_CELL_ADDRESS, HIDDEN,
			.help = "where it is; 0: none" },
};

static const char *const words_of_state[] = {
	[MO_VMAP_BUSY] = "busy",
	[MO_VMAP_RAM] = "vm_map_ram",
	[MO_VMAP_DYING] = "dying",
	[MO_VMAP_LAZY] = "unpurged vm_area",
};

static unsigned long long number(const struct mo_cell *cells, unsigned column)
{
	return cells[column].as.number.value;
}

static const char *text(const struct mo_cell *cells, unsigned column)
{
	return cells[column].as.text.bytes ? cells[column].as.text.bytes : "";
}

/* pointer_digits: of %pK; phys_digits: of %pa, without "0x". */
static void put_line(const struct mo_cell *cells, int pointer_digits, int phys_digits, struct mo_line *line)
{
	mo_line_printf(line, "0x%0*llx-0x%0*llx %7llu", pointer_digits, number(cells, COLUMN_FIRST), pointer_digits,
		       number(cells, COLUMN_END), number(cells, COLUMN_SIZE));
	if (strcmp(text(cells, COLUMN_STATE), words_of_state[MO_VMAP_BUSY])) {
		mo_line_printf(line, " %s\n", text(cells, COLUMN_STATE));
		return;
	}
	if (!cells[COLUMN_CALLER].as.text.bytes) {
		mo_line_printf(line, " ?\n");
		return;
	}
	if (*text(cells, COLUMN_CALLER))
		mo_line_printf(line, " %s", text(cells, COLUMN_CALLER));
	if (number(cells, COLUMN_PAGES))
		mo_line_printf(line, " pages=%llu", number(cells, COLUMN_PAGES));
	if (number(cells, COLUMN_PHYS))
		mo_line_printf(line, " phys=0x%0*llx", phys_digits, number(cells, COLUMN_PHYS));
	if (*text(cells, COLUMN_USES))
		mo_line_printf(line, " %s", text(cells, COLUMN_USES));
	if (*text(cells, COLUMN_NODES))
		mo_line_printf(line, " %s", text(cells, COLUMN_NODES));
	mo_line_printf(line, "\n");
}

static void wide_line(const struct mo_cell *cells, struct mo_line *line)
{
	put_line(cells, 16, 16, line);
}

static void narrow_line(const struct mo_cell *cells, struct mo_line *line)
{
	put_line(cells, 8, 8, line);
}

/* 32-bit kernels with more than 4 GiB of physical addresses. */
static void narrow_line_wide_phys(const struct mo_cell *cells, struct mo_line *line)
{
	put_line(cells, 8, 16, line);
}

const struct mo_table_spec vmallocinfo_table = {
	.name = "vmallocinfo",
	.title = "Areas of vmalloc, as /proc/vmallocinfo printed them",
	.help = "What /proc/vmallocinfo would have printed to root at the moment of the dump.",
	.columns = columns,
	.n_columns = N_COLUMNS,
	.flags = MO_TABLE_NO_TITLE,
	.line = wide_line,
};

const struct mo_option vmallocinfo_options[N_VMALLOCINFO_OPTIONS] = {
	{ .name = "by", .kind = MO_OPTION_TEXT, .value = "WHAT", .help = "totals by caller or module" },
};

struct use {
	uint64_t flag;
	const char *word;
};

/* In the order of show; vpages comes last. */
static const struct use uses[] = {
	{ MO_VM_IOREMAP, "ioremap" }, { MO_VM_SPARSE, "sparse" },    { MO_VM_ALLOC, "vmalloc" },
	{ MO_VM_MAP, "vmap" },	      { MO_VM_USERMAP, "user" },     { MO_VM_DMA_COHERENT, "dma-coherent" },
};

static void append(char *buffer, size_t n_bytes, const char *word)
{
	size_t length = strlen(buffer);

	snprintf(buffer + length, n_bytes - length, "%s%s", length ? " " : "", word);
}

static void put_uses(const struct mo_vmap_area *area, bool has_sparse, char *buffer, size_t n_bytes)
{
	buffer[0] = '\0';
	for (size_t i = 0; i < sizeof(uses) / sizeof(uses[0]); i++)
		if (area->flags & uses[i].flag && (has_sparse || uses[i].flag != MO_VM_SPARSE))
			append(buffer, n_bytes, uses[i].word);
	if (area->has_vpages)
		append(buffer, n_bytes, "vpages");
}

static void put_nodes(const struct mo_vmap_area *area, char *buffer, size_t n_bytes)
{
	buffer[0] = '\0';
	for (size_t i = 0; i < area->n_nodes; i++) {
		char word[64];

		snprintf(word, sizeof(word), "N%" PRIu32 "=%" PRIu64, area->nodes[i].node_id, area->nodes[i].n_pages);
		append(buffer, n_bytes, word);
	}
}

static void write_row(struct mo_report *report, const struct mo_vmap_area *area, bool has_sparse)
{
	char words[128];
	char nodes[8192];
	struct mo_cell cells[N_COLUMNS] = {
		[COLUMN_FIRST] = mo_cell_number(mo_exact(area->has_vm ? area->vm_first_kva : area->first_kva)),
		[COLUMN_END] = mo_cell_number(mo_exact(area->has_vm ? area->vm_first_kva + area->vm_bytes : area->end_kva)),
		[COLUMN_SIZE] = mo_cell_number(mo_exact(area->has_vm ? area->vm_bytes : area->end_kva - area->first_kva)),
		[COLUMN_STATE] = mo_cell_text(words_of_state[area->state]),
		[COLUMN_CALLER] = mo_cell_text(area->state == MO_VMAP_BUSY && !area->has_vm ? NULL :
					       area->caller				    ? area->caller :
											      ""),
		[COLUMN_MODULE] = mo_cell_text(area->caller_module ? area->caller_module : ""),
		[COLUMN_PAGES] = mo_cell_number(mo_exact(area->n_pages)),
		[COLUMN_PHYS] = mo_cell_number(mo_exact(area->first_pa)),
		[COLUMN_AREA] = mo_cell_number(mo_exact(area->area_kva)),
		[COLUMN_VM] = mo_cell_number(mo_exact(area->vm_kva)),
	};

	put_uses(area, has_sparse, words, sizeof(words));
	put_nodes(area, nodes, sizeof(nodes));
	cells[COLUMN_USES] = mo_cell_text(words);
	cells[COLUMN_NODES] = mo_cell_text(nodes);
	if (area->state == MO_VMAP_BUSY && !area->has_vm)
		cells[COLUMN_PAGES] = cells[COLUMN_PHYS] = cells[COLUMN_USES] = cells[COLUMN_NODES] = mo_cell_unknown();
	mo_report_row(report, cells);
}

/*
 * Since 6.9 (8e1d743f2c26) what is not yet initialized is left out; before, it is shown without its nodes. Areas
 * without a vm_struct that are not of vm_map_ram() are left out wherever the kernel can tell.
 */
static bool is_shown(const struct vmap_layout *layout, const struct mo_vmap_area *area)
{
	return area->state != MO_VMAP_DYING && !(mo_has(&layout->nodes) && area->flags & MO_VM_UNINITIALIZED);
}

static struct mo_error *show_all(struct mo_run *run, struct mo_report *report)
{
	const struct mo_vmap_model *vmap = mo_run_model(run);
	const struct vmap_layout *layout = mo_run_layout(run);
	struct mo_table_spec table = vmallocinfo_table;
	bool has_sparse = mo_has(&layout->nodes); /* both came with 6.9 */

	if (mo_kernel_facts(mo_run_kernel(run))->pointer_bytes == 4)
		table.line = layout->vm.phys_addr.width_bytes == 8 ? narrow_line_wide_phys : narrow_line;
	mo_report_table_begin(report, &table);
	for (size_t i = 0; i < vmap->n_areas; i++)
		if (is_shown(layout, &vmap->areas[vmap->listed[i]]))
			write_row(report, &vmap->areas[vmap->listed[i]], has_sparse);
	mo_report_table_end(report);
	return NULL;
}

struct mo_error *show_vmallocinfo(struct mo_run *run, struct mo_report *report)
{
	const char *by = mo_run_text(run, "by");

	if (mo_run_is_report(run))
		return show_holders(run, report, false);
	if (!by)
		return show_all(run, report);
	if (strcmp(by, "caller") && strcmp(by, "module"))
		return mo_error_create(MO_E_INVALID, "--by: '%s' must be caller or module", by);
	return show_holders(run, report, !strcmp(by, "module"));
}
