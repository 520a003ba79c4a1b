/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* `memopsy help` and `--help`: all commands, or one command with its options and columns. */
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "command.h"
#include "report_write.h"
#include "text.h"
#include "wrap_text.h"

#define HELP_WIDTH 78
#define OPTION_INDENT 26

static void put_entry(FILE *out, const char *left, const char *right, unsigned indent)
{
	int printed = fprintf(out, "  %s", left);

	if (printed < 0 || (unsigned)printed + 2 > indent) {
		fputc('\n', out);
		printed = 0;
	}
	fprintf(out, "%*s", (int)indent - printed, "");
	mo_wrap_text(out, right, HELP_WIDTH, indent);
}

static void put_options(FILE *out, const char *title, const struct mo_option_table *table)
{
	if (!table->n_options)
		return;
	fprintf(out, "\n%s:\n", title);
	for (size_t i = 0; i < table->n_options; i++) {
		const struct mo_cli_option *option = &table->options[i];
		MO_CLEANUP(mo_cleanup_text) struct mo_text left = MO_TEXT_EMPTY;

		if (option->letter)
			mo_text_printf(&left, "-%c, ", option->letter);
		mo_text_printf(&left, "--%s", option->name);
		if (option->kind != MO_OPTION_FLAG)
			mo_text_printf(&left, "=%s", option->choices ? option->choices : option->value);
		put_entry(out, mo_text_chars(&left), option->help, OPTION_INDENT);
	}
}

static void put_usage(FILE *out, const struct mo_command *command)
{
	fprintf(out, "Usage: memopsy %s", command->name);
	if (command->flags & MO_COMMAND_DUMP)
		fputs(" [DUMP...]", out);
	if (command->arguments)
		fprintf(out, " %s", command->arguments);
	fputs(" [OPTION...]\n\n", out);
}

void mo_help_command(FILE *out, const struct mo_command *command)
{
	const struct mo_option_table own = { .options = command->options, .n_options = command->n_options };

	put_usage(out, command);
	mo_wrap_text(out, command->summary, HELP_WIDTH, 0);
	if (command->help) {
		fputc('\n', out);
		mo_wrap_text(out, command->help, HELP_WIDTH, 0);
	}
	if ((command->flags & (MO_COMMAND_DUMP | MO_COMMAND_DUMP_OPTIONAL)) == MO_COMMAND_DUMP)
		fputs("\nDUMP is a dump file, or all files of a split dump; default: /proc/kcore.\n", out);
	if (command->flags & MO_COMMAND_READS_LOGS)
		fputs("It may also be a log: a text, plain or compressed; - is standard input.\n", out);
	if (command->flags & MO_COMMAND_DUMP && command->arguments)
		mo_wrap_text(out, "Leading words that contain a slash or name an existing file are the dump (from the "
				  "second on, they must exist); everything after \"--\" is an argument.", HELP_WIDTH, 0);
	put_options(out, "Options", &own);
	if (command->flags & MO_COMMAND_REPORT)
		put_options(out, "Options of tables", &mo_options_report);
	if (command->flags & (MO_COMMAND_DUMP | MO_COMMAND_DUMP_OPTIONS))
		put_options(out, "Options of the dump", &mo_options_dump);
	put_options(out, "Options of every command", &mo_options_general);
	for (size_t i = 0; i < command->n_tables; i++) {
		fputc('\n', out);
		mo_report_describe_columns(out, command->tables[i]);
	}
}

/* A plugin that is newer may know a topic that the program does not. */
static unsigned topic_of(const struct mo_view *view)
{
	return (unsigned)view->topic < MO_N_TOPICS ? (unsigned)view->topic : MO_TOPIC_OTHER;
}

static int compare_names(const void *a, const void *b)
{
	const struct mo_view *const *left = a;
	const struct mo_view *const *right = b;

	return strcmp((*left)->name, (*right)->name);
}

static void put_topic(FILE *out, const char *title, unsigned topic, const struct mo_view *const *views, size_t n_views)
{
	bool is_first = true;

	for (size_t i = 0; i < n_views; i++) {
		if (topic_of(views[i]) != topic)
			continue;
		if (is_first)
			fprintf(out, "\n%s:\n", title);
		is_first = false;
		put_entry(out, views[i]->name, views[i]->summary, 16);
	}
}

/* By what people look for, and within that by name. */
static struct mo_error *put_views(FILE *out, const struct mo_plugin_set *plugins)
{
	static const struct {
		unsigned topic;
		const char *title;
	} topics[MO_N_TOPICS] = {
		{ MO_TOPIC_CAUSE, "What went wrong" },
		{ MO_TOPIC_HOLDER, "Who has the memory" },
		{ MO_TOPIC_PROC, "Kernel files (/proc and /sys)" },
		{ MO_TOPIC_DETAIL, "Single objects" },
		{ MO_TOPIC_OTHER, "Other commands of plugins" },
	};
	MO_FREE const struct mo_view **views = NULL;
	size_t n_slots = 0;
	size_t n = 0;

	for (size_t i = 0; i < plugins->count; i++)
		n_slots += plugins->items[i].plugin.n_views;
	views = calloc(n_slots + 1, sizeof(*views));
	if (!views)
		return mo_error_no_memory();
	for (size_t i = 0; i < plugins->count; i++)
		for (size_t j = 0; j < plugins->items[i].plugin.n_views; j++) {
			const struct mo_view *view = &plugins->items[i].plugin.views[j];

			if (!view->is_hidden && !mo_command_find(view->name))
				views[n++] = view;
		}
	qsort(views, n, sizeof(*views), compare_names);
	for (size_t i = 0; i < MO_N_TOPICS; i++)
		put_topic(out, topics[i].title, topics[i].topic, views, n);
	return NULL;
}

struct mo_error *mo_help_overview(struct mo_cli *cli, FILE *out)
{
	MO_TRY(mo_cli_load_plugins(cli));
	fputs("Usage: memopsy COMMAND [DUMP...] [ARGUMENT...] [OPTION...]\n\n"
	      "The memory autopsy of Linux kernels: reads a dump, or the running kernel.\n\n"
	      "Commands:\n", out);
	for (size_t i = 0; mo_commands[i]; i++)
		put_entry(out, mo_commands[i]->name, mo_commands[i]->summary, 16);
	MO_TRY(put_views(out, &cli->plugins));
	put_options(out, "Options of every command", &mo_options_general);
	put_options(out, "Options of commands on a dump", &mo_options_dump);
	put_options(out, "Options of commands with tables", &mo_options_report);
	fputs("\nmemopsy help COMMAND shows the other options of a command, and its columns.\n"
	      "Exit status: 0 complete, 1 partial (the output says what is missing), 2 usage, 3 cannot open.\n", out);
	return NULL;
}

static struct mo_error *help_on_view(struct mo_cli *cli, const char *name)
{
	struct mo_command command;
	const struct mo_view *view;
	size_t plugin;
	MO_FREE struct mo_cli_option *options = NULL;

	if (!mo_plugin_set_find_command(&cli->plugins, name, &plugin, &view))
		return mo_error_create(MO_E_INVALID, "no command '%s'", name);
	options = calloc(view->n_options + 1, sizeof(*options));
	if (!options)
		return mo_error_no_memory();
	mo_command_of_view(&cli->plugins.items[plugin].plugin, view, options, &command);
	mo_help_command(cli->out, &command);
	return NULL;
}

static struct mo_error *run_help(struct mo_cli *cli)
{
	const struct mo_command *command;

	if (!cli->n_arguments)
		return mo_help_overview(cli, cli->out);
	command = mo_command_find(cli->arguments[0]);
	if (!command)
		return help_on_view(cli, cli->arguments[0]);
	mo_help_command(cli->out, command);
	return NULL;
}

const struct mo_command mo_cmd_help = {
	.name = "help",
	.arguments = "[COMMAND]",
	.max_arguments = 1,
	.summary = "this list, or one command's options and columns",
	.flags = MO_COMMAND_PLUGINS,
	.run = run_help,
};
