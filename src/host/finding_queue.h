/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MO_FINDING_QUEUE_H
#define MO_FINDING_QUEUE_H

/*
 * Findings that wait for their place in the report. Running out of memory is sticky, as in struct mo_text: who
 * fills a queue asks once, at the end. Not for several threads.
 */

#include <stddef.h>

#include <memopsy/containers.h>
#include <memopsy/error.h>
#include <memopsy/plugin.h>
#include <memopsy/report.h>

struct mo_queued_finding {
	struct mo_finding finding;  /* all that it points to is the queue's own */
	const struct mo_view *view; /* that it stands in; NULL: of the plugin as a whole */
};

struct mo_finding_queue {
	struct mo_queued_finding *items;
	size_t count;
	size_t capacity;
	MO_VECTOR(void *) blocks;   /* what the findings point to */
	bool failed;
};

/* The view (may be NULL) must outlive the queue. */
void mo_finding_queue_add(struct mo_finding_queue *queue, const struct mo_view *view, const struct mo_finding *finding);
void mo_finding_queue_deinit(struct mo_finding_queue *queue);

/* Whether a is worse than b: by severity, then by rank, then by confidence; what is about reading comes behind. */
bool mo_finding_is_worse(const struct mo_finding *a, const struct mo_finding *b);

#endif
