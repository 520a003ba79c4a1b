/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef PLACES_WHATIS_H
#define PLACES_WHATIS_H

/* What the parts of `whatis` share. */

#include <memopsy/member_path.h>

#include "gathering.h"

/* One word of the command line: a kernel virtual address, or a physical one. */
struct whatis_word {
	uint64_t address;
	bool is_pa;
};

/* The words that were asked for; "-" stands for all words of standard input. */
struct whatis_words {
	struct whatis_word *words;
	size_t n, n_slots;
};
struct mo_error *read_words(struct mo_run *run, struct whatis_words *ret) MO_MUST_USE;

/* The facts table is one of two: with the addresses in sight where several were asked for. */
enum { FACT_ADDRESS, FACT_WHAT, FACT_DETAIL, N_FACT_COLUMNS };
struct whatis_run {
	struct mo_run *run;
	struct mo_report *report;
	const struct whatis_state *state;
	struct mo_cache_types types;
	uint64_t address;
};
void put_fact(const struct whatis_run *whatis, const char *what, const char *format, ...) MO_PRINTF(3, 4);

/* whatis_object.c, whatis_page.c, whatis_records.c */
void put_object(struct whatis_run *whatis, const struct mo_place *place);
void put_page(const struct whatis_run *whatis, const struct mo_place *place);
const char *page_presence(const struct whatis_state *state, uint64_t pfn);
/* What the kernel recorded: who took the page, who allocated and freed the object; and who can say who maps it. */
void put_records(const struct whatis_run *whatis, const struct mo_place *place);
/* whatis_view.c: what contains the address, without the page. */
void put_container(struct whatis_run *whatis, const struct mo_place *place);

extern const struct mo_table_spec whatis_table, places_table, page_table, page_facts_table;
extern const char *const place_kind_names[MO_N_PLACE_KINDS];
struct mo_error *show_page(struct mo_run *run, struct mo_report *report) MO_MUST_USE;
struct mo_error *show_whatis(struct mo_run *run, struct mo_report *report) MO_MUST_USE;

#endif
