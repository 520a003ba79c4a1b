/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Several files, each a session of its own, whose rows make one table. What cannot be opened costs its own rows. */
#include <stdlib.h>

#include "cleanup.h"
#include "command.h"
#include "open_dump.h"
#include "plugin_run.h"
#include "session.h"

bool mo_cli_takes_each(const struct mo_cli *cli)
{
	if (!cli->view || !cli->view->show_each || cli->n_dump_paths < 2)
		return false;
	for (size_t i = 0; i < cli->n_dump_paths; i++)
		if (mo_is_text_log(cli->dump_paths[i]))
			return true;
	return false;
}

static struct mo_error *show_opened(struct mo_cli *cli, const struct mo_view *each)
{
	const struct mo_view_arguments said = { .options = NULL };
	struct mo_host *host;
	struct mo_error *error;

	MO_TRY(mo_cli_prepare_view(cli, &host));
	error = mo_host_show(host, cli->plugin, each, &said, cli->report);
	mo_host_destroy(host);
	return error;
}

static struct mo_error *show_file(struct mo_cli *cli, const struct mo_view *each, const char *path)
{
	const char *const *paths = cli->dump_paths;
	size_t n_paths = cli->n_dump_paths;
	struct mo_error *error;

	cli->dump_paths = &path;
	cli->n_dump_paths = 1;
	error = mo_cli_open_dump(cli);
	cli->dump_paths = paths;
	cli->n_dump_paths = n_paths;
	if (!error)
		error = show_opened(cli, each);
	if (cli->reader)
		mo_reader_destroy(cli->reader);
	mo_kernel_close(cli->kernel);
	cli->reader = NULL;
	cli->kernel = NULL;
	return error;
}

struct mo_error *mo_cli_show_each(struct mo_cli *cli)
{
	struct mo_view each = *cli->view;
	struct mo_error *error = NULL;
	size_t n_unread = 0;

	each.show = each.show_each;
	mo_report_table_begin(cli->report, each.each_table);
	for (size_t i = 0; i < cli->n_dump_paths && !error; i++) {
		error = show_file(cli, &each, cli->dump_paths[i]);
		if (!error || mo_error_ends_run(error))
			continue;
		mo_cli_remark(cli, "%s", mo_error_text(error));
		n_unread++;
		mo_error_destroy(error);
		error = NULL;
	}
	if (n_unread)
		mo_cli_missing(cli, "%zu of %zu files could not be read", n_unread, cli->n_dump_paths);
	if (!error)
		mo_report_table_end(cli->report);
	return error;
}
