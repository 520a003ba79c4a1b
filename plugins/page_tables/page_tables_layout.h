/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef PAGE_TABLES_LAYOUT_H
#define PAGE_TABLES_LAYOUT_H

/* What the page_tables plugin needs of a kernel. */

#include <memopsy/page_overlays.h>

struct page_tables_layout {
	struct mo_field mm_pgd, mm_pgtables_bytes, mm_deposited;
	struct mo_address pgd_list, poking_mm, efi_mm, init_mm;
	struct mo_ptdesc ptdesc;
	struct mo_address boot_cpu_data;
	struct mo_field capability;
};

extern const struct mo_need_table page_tables_needs;

#endif
