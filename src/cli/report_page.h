/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MO_REPORT_PAGE_H
#define MO_REPORT_PAGE_H

/*
 * The page that `report` is without --full: what of which section stands on it, the machine in one paragraph, what else was
 * found, and what to do next.
 */

#include "command.h"
#include "identity.h"
#include "report_write.h"
#include "verdict.h"

/* How much of a view's section stands on the page, by whether its plugin has found anything; NULL: none of it. */
const struct mo_report_brief *mo_page_part_of(const char *view_name, bool has_found);
/* A section as one paragraph. */
extern const struct mo_report_brief mo_page_paragraph;

void mo_page_write_machine(struct mo_cli *cli, const struct mo_identity *identity);

/* Findings that the verdict has no place for, one line each. */
void mo_page_write_others(struct mo_cli *cli, const struct mo_verdict *verdict);

/* An action each; what comes of which finding is clear from the order. */
void mo_page_write_steps(struct mo_cli *cli, const struct mo_verdict *verdict);

#endif
