/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* `memopsy snapshot`: a report in JSON in a file, to be compared later. */
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>

#include <memopsy/progress.h>

#include "cleanup.h"
#include "command.h"
#include "passed_options.h"
#include "worker.h"

/* What the worker said becomes what this process says; the last line is its error, if it failed. */
static struct mo_error *conclude(struct mo_cli *cli, const struct mo_worker *worker)
{
	size_t n_messages;
	MO_FREE char *messages = mo_worker_text(worker->message_fd, &n_messages);

	if (!messages)
		return mo_error_no_memory();
	if (WIFSIGNALED(worker->status))
		return mo_error_create(MO_E_CORRUPT, "the analysis ended by signal %d", WTERMSIG(worker->status));
	if (WEXITSTATUS(worker->status) > MO_EXIT_PARTIAL) {
		cli->cannot_open = WEXITSTATUS(worker->status) == MO_EXIT_CANNOT_OPEN;
		return mo_error_create(cli->cannot_open ? MO_E_CORRUPT : MO_E_INVALID, "%s", mo_worker_last_line(messages));
	}
	if (WEXITSTATUS(worker->status) == MO_EXIT_PARTIAL)
		mo_cli_missing(cli, "the report in %s is partial", cli->arguments[0]);
	if (n_messages)
		fputs(messages, stderr);
	mo_cli_remark(cli, "%s written; `memopsy diff %s LATER` says what grew since", cli->arguments[0], cli->arguments[0]);
	return NULL;
}

static struct mo_error *run_snapshot(struct mo_cli *cli)
{
	const char *const own[] = { "report", "--json", "--output", cli->arguments[0], NULL };
	struct mo_worker worker = MO_WORKER_NONE;
	struct mo_worker_line line;
	struct mo_error *error;

	MO_TRY(mo_worker_line_make(cli, own, cli->n_arguments > 1 ? cli->arguments[1] : NULL, &line));
	error = mo_worker_start(line.words, &worker);
	mo_worker_line_deinit(&line);
	mo_progress_begin(cli->progress, "taking a snapshot", 0);
	if (!error)
		error = mo_workers_wait(&worker, 1, cli->progress);
	mo_progress_end(cli->progress);
	if (!error)
		error = conclude(cli, &worker);
	mo_worker_deinit(&worker);
	return error;
}

const struct mo_command mo_cmd_snapshot = {
	.name = "snapshot",
	.arguments = "FILE [DUMP]",
	.min_arguments = 1,
	.max_arguments = 2,
	.summary = "a report in JSON in a file, to compare later",
	.help = "FILE becomes what `memopsy report --json -o FILE` writes of the running kernel, or of DUMP: private to its owner, and "
		"there only if it is complete. `memopsy diff FILE LATER` compares it with a later one, with a dump, or with /proc/kcore.",
	.flags = MO_COMMAND_DUMP_OPTIONS,
	.run = run_snapshot,
};
