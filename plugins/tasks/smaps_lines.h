/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef TASKS_SMAPS_LINES_H
#define TASKS_SMAPS_LINES_H

/* The numbers of struct mem_size_stats as columns of a table, and as the lines that smaps prints. */

#include "maps_row.h"
#include "smaps.h"

/* X(name, key, label with its colon and blanks, member, is_pss) in the order in which __show_smap() prints. */
#define SMAPS_NUMBERS(X) \
	X(RSS, "rss_kib", "Rss:            ", resident, 0) \
	X(PSS, "pss_kib", "Pss:            ", pss, 1) \
	X(PSS_DIRTY, "pss_dirty_kib", "Pss_Dirty:      ", pss_dirty, 1) \
	X(PSS_ANON, "pss_anon_kib", "Pss_Anon:       ", pss_anon, 1) \
	X(PSS_FILE, "pss_file_kib", "Pss_File:       ", pss_file, 1) \
	X(PSS_SHMEM, "pss_shmem_kib", "Pss_Shmem:      ", pss_shmem, 1) \
	X(SHARED_CLEAN, "shared_clean_kib", "Shared_Clean:   ", shared_clean, 0) \
	X(SHARED_DIRTY, "shared_dirty_kib", "Shared_Dirty:   ", shared_dirty, 0) \
	X(PRIVATE_CLEAN, "private_clean_kib", "Private_Clean:  ", private_clean, 0) \
	X(PRIVATE_DIRTY, "private_dirty_kib", "Private_Dirty:  ", private_dirty, 0) \
	X(REFERENCED, "referenced_kib", "Referenced:     ", referenced, 0) \
	X(ANONYMOUS, "anonymous_kib", "Anonymous:      ", anonymous, 0) \
	X(KSM, "ksm_kib", "KSM:            ", ksm, 0) \
	X(LAZYFREE, "lazyfree_kib", "LazyFree:       ", lazyfree, 0) \
	X(ANON_HUGE, "anon_huge_kib", "AnonHugePages:  ", anonymous_thp, 0) \
	X(SHMEM_HUGE, "shmem_huge_kib", "ShmemPmdMapped: ", shmem_thp, 0) \
	X(FILE_HUGE, "file_huge_kib", "FilePmdMapped:  ", file_thp, 0) \
	X(SHARED_HUGETLB, "shared_hugetlb_kib", "Shared_Hugetlb: ", shared_hugetlb, 0) \
	X(PRIVATE_HUGETLB, "private_hugetlb_kib", "Private_Hugetlb:", private_hugetlb, 0) \
	X(SWAP, "swap_kib", "Swap:           ", swap, 0) \
	X(SWAP_PSS, "swap_pss_kib", "SwapPss:        ", swap_pss, 1) \
	X(LOCKED, "locked_kib", "Locked:         ", pss_locked, 1)

#define AS_INDEX(name, key, label, member, is_pss) NUMBER_##name,
enum { SMAPS_NUMBERS(AS_INDEX) N_SMAPS_NUMBERS };
#undef AS_INDEX

#define SMAPS_NUMBER_COLUMN(index, name_, key_) \
	[index] = { .key = key_, .heading = #name_, .kind = MO_CELL_KIB, .help = "as in /proc/PID/smaps" }

/* Cells for N_SMAPS_NUMBERS columns. */
void set_smaps_cells(const struct mem_size_stats *stats, struct mo_cell *cells);

/* Which of the lines this kernel has; those that are unknown to it are left out. */
bool has_smaps_line(const struct tasks_state *state, unsigned number, bool is_rollup);
void write_smaps_line(unsigned number, const struct mo_cell *cell, struct mo_line *line);

#endif
