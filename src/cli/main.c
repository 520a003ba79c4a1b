/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The program's main function: finds the command, loads plugins, reports errors. */
#include "memopsy_main.h"

#include <locale.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "cleanup.h"
#include "command.h"
#include "completion.h"
#include "dispatch.h"
#include "report_write.h"
#include "suggest.h"
#include "text.h"

void mo_cli_missing(struct mo_cli *cli, const char *format, ...)
{
	MO_CLEANUP(mo_cleanup_text) struct mo_text text = MO_TEXT_EMPTY;
	va_list arguments;

	va_start(arguments, format);
	mo_text_vprintf(&text, format, arguments);
	va_end(arguments);
	if (cli->report)
		mo_report_missing(cli->report, mo_text_chars(&text));
	else if (!cli->n_missing++)
		cli->missing = mo_text_take(&text);
}

void mo_cli_remark(const struct mo_cli *cli, const char *format, ...)
{
	va_list arguments;

	if (cli->parsed && mo_parsed_has(cli->parsed, "quiet"))
		return;
	fputs("memopsy: ", stderr);
	va_start(arguments, format);
	vfprintf(stderr, format, arguments);
	va_end(arguments);
	fputc('\n', stderr);
}

bool mo_cli_is_for_programs(const struct mo_cli *cli)
{
	return mo_parsed_has(cli->parsed, "json") || mo_parsed_has(cli->parsed, "csv");
}

/*
 * The values of --plugin-dir, wherever they stand: whether a word is a command, and so what its options are, is known
 * only when plugins are loaded. `dirs` has room for all words; how many there are.
 */
static size_t collect_plugin_dirs(char *const *argv, size_t argc, const char **dirs)
{
	static const char name[] = "--plugin-dir";
	size_t length = sizeof(name) - 1;
	size_t n = 0;

	for (size_t i = 0; i < argc && strcmp(argv[i], "--"); i++) {
		if (!strncmp(argv[i], name, length) && argv[i][length] == '=')
			dirs[n++] = argv[i] + length + 1;
		else if (!strcmp(argv[i], name) && i + 1 < argc)
			dirs[n++] = argv[++i];
	}
	return n;
}

struct mo_error *mo_cli_load_plugins(struct mo_cli *cli)
{
	const char **dirs;
	size_t n_dirs;
	struct mo_error *error;

	if (cli->has_plugins)
		return NULL;
	dirs = calloc(cli->argc + 1, sizeof(*dirs));
	if (!dirs)
		return mo_error_no_memory();
	n_dirs = collect_plugin_dirs(cli->argv, cli->argc, dirs);
	error = mo_plugin_set_load(dirs, n_dirs, &cli->plugins);
	free(dirs);
	if (error)
		return error;
	cli->has_plugins = true;
	for (size_t i = 0; i < cli->plugins.n_refused; i++)
		if (!cli->plugins.refused[i].is_shadowed)
			mo_cli_remark(cli, "%s", cli->plugins.refused[i].why);
	return NULL;
}

/* Prints and frees the error; its exit status is the caller's business. */
static int fail(struct mo_error *error, int status)
{
	fprintf(stderr, "memopsy: %s\n", mo_error_text(error));
	mo_error_destroy(error);
	return status;
}

static int unknown_command(const struct mo_cli *cli, const char *name)
{
	struct mo_suggestion suggestion;

	mo_suggest_begin(&suggestion, name, strlen(name));
	for (size_t i = 0; mo_commands[i]; i++)
		mo_suggest_try(&suggestion, mo_commands[i]->name);
	for (size_t i = 0; i < cli->plugins.count; i++)
		for (size_t j = 0; j < cli->plugins.items[i].plugin.n_views; j++)
			if (!cli->plugins.items[i].plugin.views[j].is_hidden)
				mo_suggest_try(&suggestion, cli->plugins.items[i].plugin.views[j].name);
	if (suggestion.best)
		fprintf(stderr, "memopsy: unknown command '%s' (did you mean %s?)\n", name, suggestion.best);
	else if (!access(name, F_OK))
		fprintf(stderr, "memopsy: the command comes first: memopsy report %s\n", name);
	else
		fprintf(stderr, "memopsy: unknown command '%s' (see memopsy help)\n", name);
	return MO_EXIT_USAGE;
}

/* Finds the command among our own and among the plugins' views, and runs it. */
static int run_named(struct mo_cli *cli, const char *name, char *const *argv, size_t argc)
{
	const struct mo_command *command = mo_command_find(name);
	struct mo_command view_command = { .name = NULL };
	MO_FREE struct mo_cli_option *view_options = NULL;

	if (!command) {
		struct mo_error *error = mo_cli_load_plugins(cli);

		if (error)
			return fail(error, MO_EXIT_USAGE);
		if (!mo_plugin_set_find_command(&cli->plugins, name, &cli->plugin, &cli->view))
			return unknown_command(cli, name);
		view_options = calloc(cli->view->n_options + 1, sizeof(*view_options));
		if (!view_options)
			return fail(mo_error_no_memory(), MO_EXIT_PARTIAL);
		mo_command_of_view(&cli->plugins.items[cli->plugin].plugin, cli->view, view_options, &view_command);
		command = &view_command;
	}
	cli->command = command;
	return mo_dispatch(cli, argv, argc);
}

/* The options before the command are those that any command may have; together with what follows they are one line. */
static int run_program(struct mo_cli *cli, char *const *argv, size_t argc)
{
	const struct mo_option_table tables[] = { mo_options_general, mo_options_dump, mo_options_report };
	struct mo_parsed before;
	struct mo_error *error = mo_parse_options(argv, argc, tables, 3, true, &before);
	MO_FREE char **rest = calloc(argc + 1, sizeof(*rest));
	size_t at;
	int status;

	if (error)
		return fail(error, MO_EXIT_USAGE);
	cli->parsed = &before;
	cli->argv = argv;
	cli->argc = argc;
	at = before.n_consumed;
	if (at < argc && rest) {
		/* The line without the command's name. */
		memcpy(rest, argv, at * sizeof(*rest));
		memcpy(rest + at, argv + at + 1, (argc - at - 1) * sizeof(*rest));
		status = run_named(cli, argv[at], rest, argc - 1);
	} else if (mo_parsed_has(&before, "version")) {
		status = mo_print_version();
	} else {
		bool was_asked = mo_parsed_has(&before, "help");

		error = mo_help_overview(cli, was_asked ? stdout : stderr);
		status = was_asked ? mo_end_standard_output() : MO_EXIT_USAGE;
		if (error)
			status = fail(error, MO_EXIT_USAGE);
	}
	mo_parsed_deinit(&before);
	return status;
}

/* A worker is started from /proc/self/exe, after which the kernel names it: people look for memopsy. */
static void take_name(void)
{
	char name[16] = "";

	if (!prctl(PR_GET_NAME, name) && !strcmp(name, "exe"))
		(void)prctl(PR_SET_NAME, "memopsy");
}

int memopsy_main(int argc, char **argv)
{
	struct mo_cli cli = { .command = NULL };
	int status;

	take_name();

	/* A pipe that nobody reads is an error of writing, handled where output ends, not the end of the process. */
	signal(SIGPIPE, SIG_IGN);
	/* Characters only: numbers look the same everywhere. */
	setlocale(LC_CTYPE, "");
	if (argc > 1 && mo_completion_list(argc - 1, argv + 1))
		return MO_EXIT_COMPLETE;
	status = run_program(&cli, argv + (argc > 0), argc > 0 ? (size_t)argc - 1 : 0);
	if (cli.has_plugins)
		mo_plugin_set_deinit(&cli.plugins);
	return status;
}
