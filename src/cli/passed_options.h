/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MO_PASSED_OPTIONS_H
#define MO_PASSED_OPTIONS_H

/* The command line of a worker: words of its own, and those options of this line that are about how a dump is read. */

#include <memopsy/error.h>

#include "command.h"

struct mo_worker_line {
	const char **words; /* NULL at its end */
	char *names;
};

/* own: before the options, NULL at its end. dump: behind them; NULL: none is named. */
struct mo_error *mo_worker_line_make(const struct mo_cli *cli, const char *const *own, const char *dump,
				     struct mo_worker_line *ret) MO_MUST_USE;
void mo_worker_line_deinit(struct mo_worker_line *line);

#endif
