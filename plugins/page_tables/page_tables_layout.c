/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The types, members, enumerators and symbols of the kernel that the page_tables plugin binds. */
#include "page_tables_layout.h"

#define L struct page_tables_layout
#define OPTIONAL .is_optional = true

static const struct mo_need rows[] = {
	MO_FIELD(L, mm_pgd, "struct mm_struct", "pgd"),
	MO_FIELD(L, mm_pgtables_bytes, "struct mm_struct", "pgtables_bytes", OPTIONAL, .why = "CONFIG_MMU; since 4.15"),
	MO_FIELD(L, mm_deposited, "struct mm_struct", "pmd_huge_pte", OPTIONAL,
		 .why = "where PMD tables have no lock of their own"),
	MO_ADDRESS(L, pgd_list, "pgd_list", OPTIONAL, .why = "arch/x86/mm: the list of all top tables"),
	MO_ADDRESS(L, poking_mm, "text_poke_mm", .or_names = { "poking_mm" }, OPTIONAL,
		   .why = "arch/x86/kernel/alternative.c: since 5.2, renamed after 6.12"),
	MO_ADDRESS(L, efi_mm, "efi_mm", OPTIONAL, .why = "CONFIG_EFI"),
	MO_ADDRESS(L, init_mm, "init_mm", OPTIONAL),
	MO_PTDESC_NEEDS(L, ptdesc),
	MO_ADDRESS(L, boot_cpu_data, "boot_cpu_data", OPTIONAL, .why = "x86"),
	MO_FIELD(L, capability, "struct cpuinfo_x86", "x86_capability", OPTIONAL, .why = "x86"),
};

const struct mo_need_table page_tables_needs = { .needs = rows, .n_needs = sizeof(rows) / sizeof(rows[0]) };
