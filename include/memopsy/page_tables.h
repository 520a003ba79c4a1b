/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MEMOPSY_PAGE_TABLES_H
#define MEMOPSY_PAGE_TABLES_H

/*
 * The model "page_tables": every page of page tables that was found by walking them, with its level and whose it is.
 *
 * Immutable once published; lives until the run ends. Heights count from the memory up: a PTE table has height 0, and
 * the top table n_levels - 1. What the kernel's half of an address space has in common with the kernel's own tables is
 * the kernel's.
 */

#include <memopsy/report.h>
#include <memopsy/tasks.h>

#ifdef __cplusplus
extern "C" {
#endif

#define MO_PAGE_TABLES_MODEL "page_tables"
#define MO_PAGE_TABLES_MODEL_VERSION 1

#define MO_MAX_TABLE_LEVELS 5

/* Append only. */
enum mo_table_owner_kind {
	MO_TABLES_OF_KERNEL = 0,  /* init_mm: the kernel's own address space */
	MO_TABLES_OF_TASKS = 1,   /* an mm of the model "tasks" */
	MO_TABLES_OF_NO_TASK = 2, /* an mm that is on the kernel's list of top tables and that no task has */
	MO_TABLES_OF_PATCHING = 3, /* poking_mm, text_poke_mm: through it the kernel writes its own code */
	MO_TABLES_OF_EFI = 4,     /* efi_mm */
	MO_TABLES_OF_ENTRY = 5,   /* what is mapped of the kernel while users' code runs (arm64's tramp_pg_dir) */
};

struct mo_table_owner {
	enum mo_table_owner_kind kind;
	uint64_t mm_kva;          /* struct mm_struct; 0: not known */
	uint64_t root_pa;         /* of its top table */
	int32_t pid;              /* of the first task that uses it; 0: none */
	char comm[MO_TASK_COMM_BYTES]; /* its name, raw bytes; of others than tasks a name for people */
	uint64_t tables[MO_MAX_TABLE_LEVELS]; /* by height, without the deposited ones */
	uint64_t deposited;       /* PTE tables kept behind huge pages, for the time when they are split */
	uint64_t shared;          /* of tables[], those that another owner had first (huge pages of hugetlbfs, mostly) */
	struct mo_count counted_pages; /* what the mm itself counts (pgtables_bytes): without the upper two levels of five */
	bool is_complete;         /* every table of it could be read */
};

struct mo_page_table {
	uint64_t pfn;
	uint32_t owner;           /* index */
	uint8_t height;
	bool is_deposited;
	bool is_shared;           /* more than one owner's tables lead to it */
};

struct mo_page_tables_model {
	const struct mo_table_owner *owners; /* the kernel first, then the tasks' in the order of their model, then others */
	size_t n_owners;
	const struct mo_page_table *tables;  /* ascending by page frame, each once */
	size_t n_tables;
	unsigned n_levels;
	const char *level_names[MO_MAX_TABLE_LEVELS]; /* by height: "PTE", "PMD", ... */
	uint64_t counts[MO_MAX_TABLE_LEVELS][2]; /* by height: [0] of processes, [1] of the kernel (and EFI) */
	bool is_complete;
};

/* The page table that a page frame is; NULL: none that was found. */
static inline const struct mo_page_table *mo_page_table_at(const struct mo_page_tables_model *model, uint64_t pfn)
{
	size_t low = 0;
	size_t high = model->n_tables;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (pfn < model->tables[middle].pfn)
			high = middle;
		else if (pfn > model->tables[middle].pfn)
			low = middle + 1;
		else
			return &model->tables[middle];
	}
	return 0;
}

#ifdef __cplusplus
}
#endif

#endif
