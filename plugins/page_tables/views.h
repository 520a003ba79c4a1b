/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef PAGE_TABLES_VIEWS_H
#define PAGE_TABLES_VIEWS_H

/* The views of the page_tables plugin. */

#include <memopsy/mem_map.h>
#include <memopsy/page_tables.h>
#include <memopsy/plugin.h>
#include <memopsy/zones.h>

#define N_PAGETABLES_OPTIONS 1
extern const struct mo_option pagetables_options[N_PAGETABLES_OPTIONS];
extern const struct mo_table_spec table_levels_table, table_sums_table, table_owners_table, table_differences_table;

struct mo_error *show_pagetables(struct mo_run *run, struct mo_report *report) MO_MUST_USE;
struct mo_error *show_differences(struct mo_run *run, struct mo_report *report) MO_MUST_USE;

/* Page tables that mem_map knows as such and no walk has found: calls take(context, pfn) for each; returns how many. */
uint64_t for_each_stray(const struct mo_page_tables_model *model, const struct mo_mem_map_model *mem_map,
			void (*take)(void *context, uint64_t pfn), void *context);

#endif
