/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MO_RUN_H
#define MO_RUN_H

/* The inside of struct mo_run, for the host alone: what one plugin sees of its run. */

#include <stddef.h>

#include <memopsy/plugin.h>

#include "finding_queue.h"
#include "plugin_run.h"

struct mo_run {
	struct mo_host *host;
	const struct mo_plugin *plugin;
	void *layout;
	void *module_layout;                   /* NULL until it is asked for */
	void *model;                           /* once gathered */
	bool is_gathered;
	bool is_waiting;                       /* to be gathered: in its turn, or when somebody asks for its model */
	bool is_judged;
	struct mo_finding_queue findings;      /* of gather and judge */
	bool has_shown_findings;               /* the view that is shown has written its own */
	const struct mo_view *view;            /* while one is shown, with what the user said to it */
	const struct mo_view_arguments *said;
};

#endif
