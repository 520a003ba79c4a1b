/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MO_TOY_TABLES_H
#define MO_TOY_TABLES_H

/*
 * A toy machine with page tables of 4 levels in 64 page frames of memory (FLATMEM), walked by a small walk of its own:
 * the kernel's tables, two processes, and the models that the plugin reads.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fake_run.h"

#include <memopsy/mem_map.h>
#include <memopsy/memmap.h>
#include <memopsy/page_tables.h>
#include <memopsy/parallel.h>
#include <memopsy/table_walk.h>

const struct mo_plugin *memopsy_plugin_entry_page_tables(void);

#define TOY_PAGES 64u
#define TOY_PAGE_KVA(pfn) (BASE_KVA + 0x100000 + (pfn) * 64ull)
#define TOY_KERNEL_ROOT 1u
#define TOY_MM(i) (BASE_KVA + 0x90000 + (i) * 0x100ull)
#define TOY_PGD_LIST (BASE_KVA + 0x91000)

/* The processes' tables: process i has its PGD, PUD, PMD and PTE table in four page frames from here on. */
#define TOY_PGD(i) (10u + (i) * 4u)
#define TOY_PUD(i) (TOY_PGD(i) + 1)
#define TOY_PMD(i) (TOY_PGD(i) + 2)
#define TOY_PTE(i) (TOY_PGD(i) + 3)

struct mo_kernel *toy_kernel(void);

/* Makes an entry of the table in page frame `pfn` point at another. */
void toy_point(struct mo_kernel *kernel, unsigned pfn, unsigned index, uint64_t target_pfn);

/* What the mms say that they have, in pages. */
struct mo_run *toy_run(struct mo_kernel *kernel, uint64_t first_said, uint64_t second_said);
void toy_end(struct mo_kernel *kernel, struct mo_run *run);

#endif
