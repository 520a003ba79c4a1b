/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MO_FINDING_QUEUE_H
#define MO_FINDING_QUEUE_H

/*
 * Findings that wait for their place in the report. Running out of memory is sticky, as in struct mo_text: who
 * fills a queue asks once, at the end. Not for several threads.
 */

#include <stddef.h>

#include <memopsy/error.h>
#include <memopsy/report.h>

struct mo_finding_queue {
	struct mo_finding *items; /* the queue's own copies, strings included */
	size_t count;
	bool failed;
};

void mo_finding_queue_add(struct mo_finding_queue *queue, const struct mo_finding *finding);
void mo_finding_queue_deinit(struct mo_finding_queue *queue);

/* Whether a is worse than b: by severity, then by confidence. b NULL: it is. */
bool mo_finding_is_worse(const struct mo_finding *a, const struct mo_finding *b);

#endif
