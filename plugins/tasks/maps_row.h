/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef TASKS_MAPS_ROW_H
#define TASKS_MAPS_ROW_H

/* The line of a VMA in maps, with which its lines in smaps begin as well. */

#include "vmas.h"

enum { MAPS_START, MAPS_END, MAPS_PERMISSIONS, MAPS_OFFSET, MAPS_DEVICE, MAPS_INODE, MAPS_PATH, MAPS_VMA, N_MAPS_COLUMNS };

#define MAPS_COLUMNS \
	[MAPS_START] = { .key = "start", .heading = "START", .kind = MO_CELL_ADDRESS, .help = "first address (vm_start)" }, \
	[MAPS_END] = { .key = "end", .heading = "END", .kind = MO_CELL_ADDRESS, .help = "one past the last (vm_end)" }, \
	[MAPS_PERMISSIONS] = { .key = "permissions", .heading = "PERM", .kind = MO_CELL_TEXT, \
			       .help = "read, write, execute; private or shared" }, \
	[MAPS_OFFSET] = { .key = "offset_bytes", .heading = "OFFSET", .kind = MO_CELL_FLAGS, .help = "where in the file it begins" }, \
	[MAPS_DEVICE] = { .key = "device", .heading = "DEV", .kind = MO_CELL_TEXT, .help = "the file's device, major:minor" }, \
	[MAPS_INODE] = { .key = "inode", .heading = "INODE", .kind = MO_CELL_COUNT, .help = "the file's inode number" }, \
	[MAPS_PATH] = { .key = "path", .heading = "PATH", .kind = MO_CELL_TEXT, .help = "the file's path, or what else it is" }, \
	[MAPS_VMA] = { .key = "vma", .heading = "VMA", .kind = MO_CELL_ADDRESS, .flags = MO_COLUMN_HIDDEN, \
		       .help = "its struct vm_area_struct" }

/* Where the path begins in a line: seq_setwidth(m, 25 + sizeof(void *) * 6 - 1), and a blank. */
#define MAPS_PATH_COLUMN 73

/* What the cells of a row point to. */
struct map_texts {
	char permissions[5];
	char device[24];
	struct vma_name name;
};

/* cells has room for N_MAPS_COLUMNS. */
void set_map_cells(struct tasks_state *state, const struct mo_mm *mm, const struct vma *vma, struct map_texts *texts,
		   struct mo_cell *cells);
void write_map_line(const struct mo_cell *cells, struct mo_line *line);

#endif
