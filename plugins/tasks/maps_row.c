/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* show_vma_header_prefix() and show_map_vma() (fs/proc/task_mmu.c). */
#include "maps_row.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define MINOR_BITS 20 /* include/linux/kdev_t.h */

void set_map_cells(struct tasks_state *state, const struct mo_mm *mm, const struct vma *vma, struct map_texts *texts,
		   struct mo_cell *cells)
{
	unsigned page_shift = mo_kernel_facts(mo_run_kernel(state->run))->page_shift;
	uint32_t dev = 0;
	uint64_t ino = 0;
	bool has_inode = true;

	if (vma->file_kva) {
		struct mo_error *error = read_file_inode(state, vma->file_kva, &dev, &ino);

		has_inode = !error;
		mo_trouble_note(&state->broken_vmas, error);
	}
	texts->permissions[0] = vma->flags & VM_READ ? 'r' : '-';
	texts->permissions[1] = vma->flags & VM_WRITE ? 'w' : '-';
	texts->permissions[2] = vma->flags & VM_EXEC ? 'x' : '-';
	texts->permissions[3] = vma->flags & VM_MAYSHARE ? 's' : 'p';
	texts->permissions[4] = '\0';
	snprintf(texts->device, sizeof(texts->device), "%02x:%02x", dev >> MINOR_BITS, dev & ((1u << MINOR_BITS) - 1));
	name_vma(state, mm, vma, &texts->name);
	cells[MAPS_START] = mo_cell_number(mo_exact(vma->start));
	cells[MAPS_END] = mo_cell_number(mo_exact(vma->end));
	cells[MAPS_PERMISSIONS] = mo_cell_text(texts->permissions);
	cells[MAPS_OFFSET] = mo_cell_number(mo_exact(vma->file_kva ? vma->pgoff << page_shift : 0));
	cells[MAPS_DEVICE] = has_inode ? mo_cell_text(texts->device) : mo_cell_unknown();
	cells[MAPS_INODE] = has_inode ? mo_cell_number(mo_exact(ino)) : mo_cell_unknown();
	cells[MAPS_PATH] = texts->name.is_known ? mo_cell_bytes_of_text(texts->name.bytes, texts->name.n_bytes) :
						  mo_cell_unknown();
	cells[MAPS_VMA] = mo_cell_number(mo_exact(vma->kva));
}

void write_map_line(const struct mo_cell *cells, struct mo_line *line)
{
	const struct mo_cell *inode = &cells[MAPS_INODE];
	const struct mo_cell *path = &cells[MAPS_PATH];
	const char *device = cells[MAPS_DEVICE].as.text.bytes;
	char number[24] = "?";
	char head[160];
	int n_bytes;

	if (inode->as.number.certainty == MO_EXACT)
		snprintf(number, sizeof(number), "%" PRIu64, inode->as.number.value);
	n_bytes = snprintf(head, sizeof(head), "%08" PRIx64 "-%08" PRIx64 " %s %08" PRIx64 " %s %s ",
			   cells[MAPS_START].as.number.value, cells[MAPS_END].as.number.value,
			   cells[MAPS_PERMISSIONS].as.text.bytes, cells[MAPS_OFFSET].as.number.value, device ? device : "?",
			   number);
	if (path->as.text.bytes && !path->as.text.n_bytes) {
		mo_line_printf(line, "%s\n", head);
		return;
	}
	mo_line_printf(line, "%s%*s%.*s\n", head, n_bytes < MAPS_PATH_COLUMN ? MAPS_PATH_COLUMN - n_bytes : 1, "",
		       path->as.text.bytes ? (int)path->as.text.n_bytes : 1, path->as.text.bytes ? path->as.text.bytes : "?");
}
