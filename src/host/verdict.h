/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MO_VERDICT_H
#define MO_VERDICT_H

/*
 * The verdict: the worst of what gathering and judging found, known before any section is written.
 *
 * Of findings of one id the worst counts. One that another supersedes is left out, and the other stands in its place if
 * that is the better one. A notice is told if there is nothing worse, and what only says that something could not be read
 * is not told, unless it is critical: of such warnings the first are listed apart. Among equals the section that stands first in the report decides.
 */

#include <stddef.h>

#include <memopsy/report.h>

struct mo_host;

#define MO_VERDICT_FINDINGS 3
#define MO_VERDICT_OTHERS 6
#define MO_VERDICT_UNKNOWNS 3

struct mo_verdict {
	const struct mo_finding *findings[MO_VERDICT_FINDINGS]; /* the worst first; live as long as the host */
	size_t n;
	const struct mo_finding *others[MO_VERDICT_OTHERS]; /* what else was found, notices too; of each id one */
	size_t n_others;
	size_t n_left_out;      /* more of these */
	/* What could not be told because it could not be read: warnings about reading; of each id one. */
	const struct mo_finding *unknowns[MO_VERDICT_UNKNOWNS];
	size_t n_unknowns;
};

/* Of all plugins that ran and have a section. Errors: memory. */
struct mo_error *mo_host_verdict(const struct mo_host *host, struct mo_verdict *ret) MO_MUST_USE;

/* Whether this plugin found anything worth telling, other than what could not be read. */
bool mo_host_has_found(const struct mo_host *host, size_t plugin);

/* Whether the verdict tells what a finding of this id would say. */
bool mo_verdict_supersedes(const struct mo_verdict *verdict, const char *id);

#endif
