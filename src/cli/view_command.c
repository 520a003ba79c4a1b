/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A plugin's view as a command of the program. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "command.h"
#include "identity.h"
#include "plugin_run.h"

/* "[PID]..." : how many words at least and at most. A word in brackets may be left out, "..." repeats. */
static void count_arguments(const char *usage, unsigned *min, unsigned *max)
{
	*min = *max = 0;
	if (!usage)
		return;
	for (const char *at = usage; *at; at++) {
		bool begins = !isspace((unsigned char)*at) && (at == usage || isspace((unsigned char)at[-1]));

		if (begins && strncmp(at, "...", 3)) {
			++*max;
			*min += *at != '[';
		}
	}
	if (strstr(usage, "..."))
		*max = MO_MAX_ARGUMENTS;
}

/* What was given of the view's own options. */
static size_t collect_options(const struct mo_cli *cli, struct mo_option_value *ret)
{
	size_t n = 0;

	for (size_t i = 0; i < cli->view->n_options; i++) {
		const struct mo_given_option *given = mo_parsed_find(cli->parsed, cli->view->options[i].name);

		if (given)
			ret[n++] = (struct mo_option_value){
				.name = given->option->name,
				.text = given->text,
				.number = given->number,
			};
	}
	return n;
}

static struct mo_error *show_view(struct mo_cli *cli, struct mo_host *host)
{
	MO_FREE struct mo_option_value *options = calloc(cli->view->n_options + 1, sizeof(*options));
	struct mo_view_arguments said = {
		.options = options,
		.arguments = cli->arguments,
		.n_arguments = cli->n_arguments,
	};
	struct mo_error *error;

	if (!options)
		return mo_error_no_memory();
	said.n_options = collect_options(cli, options);
	error = mo_host_judge(host, cli->plugin);
	if (error)
		return error;
	error = mo_host_show(host, cli->plugin, cli->view, &said, cli->report);
	if (!error)
		mo_host_write_findings(host, cli->plugin, cli->report);
	return error;
}

struct mo_error *mo_cli_prepare_view(struct mo_cli *cli, struct mo_host **ret)
{
	MO_FREE bool *wanted = calloc(cli->plugins.count + 1, sizeof(*wanted));
	struct mo_host *host;
	struct mo_error *error;

	if (!wanted)
		return mo_error_no_memory();
	wanted[cli->plugin] = true;
	MO_TRY(mo_host_create(&cli->plugins, cli->kernel, cli->progress, &host));
	error = mo_host_prepare(host, wanted, NULL, 0);
	if (!error && mo_host_why_skipped(host, cli->plugin))
		error = mo_error_create(MO_E_ABSENT, "%s", mo_host_why_skipped(host, cli->plugin));
	if (error)
		mo_host_destroy(host);
	else
		*ret = host;
	return error;
}

static struct mo_error *run_view(struct mo_cli *cli)
{
	struct mo_host *host;
	struct mo_error *error;

	if (mo_cli_takes_each(cli))
		return mo_cli_show_each(cli);
	MO_TRY(mo_cli_prepare_view(cli, &host));
	error = show_view(cli, host);
	if (!error)
		mo_identity_write_log_only(cli);
	mo_host_destroy(host);
	return error;
}

void mo_command_of_view(const struct mo_plugin *plugin, const struct mo_view *view, struct mo_cli_option *options,
			struct mo_command *ret)
{
	for (size_t i = 0; i < view->n_options; i++)
		options[i] = (struct mo_cli_option){
			.name = view->options[i].name,
			.kind = view->options[i].kind,
			.value = view->options[i].value ? view->options[i].value : "VALUE",
			.help = view->options[i].help,
			.letter = view->options[i].letter,
		};
	*ret = (struct mo_command){
		.name = view->name,
		.arguments = view->arguments,
		.summary = view->summary,
		.help = view->show_each ? "With several files, at least one of them a log, it prints one table with "
					  "the rows of all." :
					  NULL,
		.options = options,
		.n_options = view->n_options,
		.tables = view->tables,
		.n_tables = view->n_tables,
		.flags = MO_COMMAND_DUMP | MO_COMMAND_REPORT | (plugin->reads_logs ? MO_COMMAND_READS_LOGS : 0),
		.run = run_view,
	};
	count_arguments(view->arguments, &ret->min_arguments, &ret->max_arguments);
}
