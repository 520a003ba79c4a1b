/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One command's run: options parsed, dump opened, output finished, exit status decided. */
#include "dispatch.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <memopsy/numbers.h>

#include "cleanup.h"
#include "dump.h"
#include "file.h"
#include "interrupt.h"
#include "limits.h"
#include "live.h"
#include "open_dump.h"
#include "output.h"
#include "progress_draw.h"
#include "report_write.h"
#include "sandbox.h"
#include "session.h"

#define MAX_LIMIT_SECONDS (100u * 365u * 86400u) /* what is longer is no limit */

/* How far a run has come decides what an error means to the caller of the program. */
struct outcome {
	struct mo_error *error;
	int status;
	int signal;        /* that interrupted; 0: none */
};

static bool wants_colour(const struct mo_cli *cli)
{
	const char *when = mo_parsed_text(cli->parsed, "color");
	const char *no_color = getenv("NO_COLOR");
	const char *term = getenv("TERM");

	if (when && strcmp(when, "auto"))
		return !strcmp(when, "always");
	return mo_output_is_terminal(cli->output) && !(no_color && *no_color) && term && strcmp(term, "dumb");
}

static void report_options(const struct mo_cli *cli, struct mo_report_options *ret)
{
	*ret = (struct mo_report_options){
		.format = mo_parsed_has(cli->parsed, "json") ? MO_FORMAT_JSON :
			  mo_parsed_has(cli->parsed, "csv")  ? MO_FORMAT_CSV :
							       MO_FORMAT_TEXT,
		.columns = mo_parsed_text(cli->parsed, "columns"),
		.sort = mo_parsed_text(cli->parsed, "sort"),
		.no_headings = mo_parsed_has(cli->parsed, "no-headings"),
		.plain_bytes = mo_parsed_has(cli->parsed, "bytes"),
	};
}

static bool is_page(const struct mo_cli *cli)
{
	return cli->command->flags & MO_COMMAND_PAGE && !mo_parsed_has(cli->parsed, "full") && !mo_parsed_has(cli->parsed, "json");
}

#define PAGE_WIDTH 80

/* Of a page that goes to no terminal: what $COLUMNS says, else what fits a mail or a ticket. */
static unsigned page_width(void)
{
	const char *columns = getenv("COLUMNS");
	uint64_t width = 0;

	return columns && mo_parse_number(columns, &width) && width && width < UINT16_MAX ? (unsigned)width : PAGE_WIDTH;
}

static struct mo_error *create_report(struct mo_cli *cli, const struct mo_report_head *whole_head)
{
	struct mo_report_head page_head = *whole_head;
	const struct mo_report_head *head = whole_head;
	struct mo_report_options options;

	report_options(cli, &options);
	options.width = mo_output_width(cli->output);
	options.use_colour = wants_colour(cli);
	if (is_page(cli)) {
		/* `info` and --full have what release and build-id tell already. */
		page_head.banner = page_head.symbols_from = page_head.arch = NULL;
		head = &page_head;
		options.width = options.width ? options.width : page_width();
	}
	return mo_report_create(cli->out, &options, head, cli->command->flags & MO_COMMAND_SHOW_HEAD, &cli->report);
}

/* Of a dump without a kernel. */
static struct mo_error *begin_report_of(struct mo_cli *cli, const struct mo_dump_info *info)
{
	const struct mo_report_head head = {
		.tool_version = MEMOPSY_VERSION, .command = cli->command->name, .dump_path = cli->dump_paths[0],
		.dump_format = info->format, .release = info->os_release, .arch = info->arch,
	};

	return create_report(cli, &head);
}

static struct mo_error *begin_report(struct mo_cli *cli)
{
	struct mo_report_head head = { .tool_version = MEMOPSY_VERSION, .command = cli->command->name };

	if (cli->kernel) {
		const struct mo_kernel_facts *facts = mo_kernel_facts(cli->kernel);

		head.dump_path = facts->dump_path;
		head.dump_format = facts->dump_format;
		head.banner = facts->banner;
		head.build_id = facts->build_id;
		head.release = facts->release;
		head.arch = facts->arch;
		head.types_from = facts->types_from;
		head.symbols_from = facts->symbols_from;
	}
	return create_report(cli, &head);
}

/* Before any work: what the user typed, as far as it can be judged without the dump. */
static struct mo_error *check_line(struct mo_cli *cli, const char **paths)
{
	struct mo_report_options options;

	if (mo_parsed_has(cli->parsed, "csv") && mo_parsed_has(cli->parsed, "json"))
		return mo_error_create(MO_E_INVALID, "--csv or --json, not both");
	if (mo_parsed_has(cli->parsed, "csv") && cli->command->flags & MO_COMMAND_SHOW_HEAD)
		return mo_error_create(MO_E_INVALID, "%s has tables of many kinds: --json, or --csv with the command of one of them",
				       cli->command->name);
	MO_TRY(mo_split_words(cli, paths));
	if (!(cli->command->flags & MO_COMMAND_REPORT) || !cli->command->n_tables)
		return NULL;
	report_options(cli, &options);
	return mo_report_check_columns(&options, cli->command->tables, cli->command->n_tables);
}

static struct outcome outcome_of_run(struct mo_error *error)
{
	struct outcome outcome = { .error = error, .status = MO_EXIT_COMPLETE };

	if (error)
		outcome.status = mo_error_code(error) == MO_E_INVALID ? MO_EXIT_USAGE : MO_EXIT_PARTIAL;
	return outcome;
}

/* No session: whoever interrupted meant it, and a vmlinux that is not this dump's is the user's to mend. */
static bool is_final(const struct mo_error *error)
{
	enum mo_error_code code = mo_error_code(error);

	return mo_error_ends_run(error) || code == MO_E_MISMATCH || code == MO_E_PERMISSION ||
	       code == MO_E_UNSUPPORTED;
}

/* The dump opened, but not as a kernel's; some commands can still say what its file says of itself. */
static struct outcome without_kernel(struct mo_cli *cli, struct mo_error *why)
{
	struct outcome outcome = { .error = why, .status = MO_EXIT_CANNOT_OPEN };
	struct mo_dump *dump = NULL;
	struct mo_error *error;

	if (!cli->command->run_unidentified || is_final(why) || mo_parsed_text(cli->parsed, "vmlinux"))
		return outcome;
	error = mo_dump_open(cli->dump_paths, cli->n_dump_paths, &dump);
	if (error) {
		mo_error_destroy(error);
		return outcome;
	}
	error = begin_report_of(cli, mo_dump_info(dump));
	if (!error)
		error = cli->command->run_unidentified(cli, dump, cli->dump_paths[0], mo_error_text(why));
	fprintf(stderr, "memopsy: %s\n", mo_error_text(why));
	mo_error_destroy(why);
	mo_dump_close(dump);
	return outcome_of_run(error);
}

static void set_limits(const struct mo_cli *cli, bool may_read_dwarf)
{
	uint64_t file_bytes = 0;

	if (mo_parsed_has(cli->parsed, "no-sandbox"))
		return;
	for (size_t i = 0; i < cli->n_dump_paths; i++) {
		struct stat status;

		/* A device, and /proc/kcore, are as long as they are. */
		if (stat(cli->dump_paths[i], &status) || !S_ISREG(status.st_mode) || !strncmp(cli->dump_paths[i], "/proc/", 6))
			return;
		/* What a file system stores, so that a hole is not paid for; 16 times as much where it compresses. */
		file_bytes += (uint64_t)(status.st_size / 16 > status.st_blocks * 512 ? status.st_blocks * 512 * 16 : status.st_size);
	}
	mo_limits_set(file_bytes, may_read_dwarf);
}

/* A plugin from elsewhere may need more than ours do. */
static bool has_foreign_plugins(const struct mo_cli *cli)
{
	const char *directory;

	return mo_parsed_all(cli->parsed, "plugin-dir", &directory, 1) > 0;
}

/*
 * Before the dump is looked at: dump, output and plugins are open by name. debuginfod needs the network; it is asked before
 * types are read, and not where it is not configured.
 */
void mo_cli_enter_sandbox(const struct mo_cli *cli)
{
	const char *output = mo_parsed_text(cli->parsed, "output");
	const char *urls = getenv("DEBUGINFOD_URLS");
	MO_FREE char *cache_dir = NULL;
	MO_FREE char *target = output ? realpath(output, NULL) : NULL;
	MO_FREE char *directory = output ? strdup(target ? target : output) : NULL;
	char *slash = directory ? strrchr(directory, '/') : NULL;
	struct mo_error *no_cache = NULL;

	if (mo_parsed_has(cli->parsed, "no-sandbox") || has_foreign_plugins(cli))
		return;
	if (slash)
		slash[slash == directory] = '\0';
	/* A directory that is not there cannot be allowed, and whether something will be kept is not known yet. */
	if (!mo_parsed_has(cli->parsed, "no-cache"))
		cache_dir = mo_cache_directory();
	if (cache_dir)
		no_cache = mo_make_directories(cache_dir);
	mo_sandbox_enter(slash || !directory ? directory : ".", mo_error_destroy(no_cache) ? NULL : cache_dir, urls && *urls);
}

/* Types that are read as they are asked for, out of a file that may be larger than the dump. */
static bool types_are_dwarf(const struct mo_cli *cli)
{
	const char *types_from = mo_kernel_facts(cli->kernel)->types_from;

	return types_from && !strncmp(types_from, "DWARF", 5);
}

static struct outcome run_command(struct mo_cli *cli)
{
	struct mo_error *error = NULL;
	struct outcome outcome;

	if (cli->n_dump_paths) {
		mo_live_begin(cli);
		set_limits(cli, mo_parsed_has(cli->parsed, "vmlinux"));
		mo_cli_enter_sandbox(cli);
	}
	if (cli->n_dump_paths && !mo_cli_takes_each(cli)) {
		error = mo_cli_open_dump(cli);
		if (error)
			return without_kernel(cli, error);
		if (types_are_dwarf(cli))
			set_limits(cli, true);
	}
	if (cli->command->flags & MO_COMMAND_REPORT)
		error = begin_report(cli);
	if (!error)
		error = cli->command->run(cli);
	outcome = outcome_of_run(error);
	if (error && cli->cannot_open && outcome.status == MO_EXIT_PARTIAL)
		outcome.status = MO_EXIT_CANNOT_OPEN;
	return outcome;
}

/* A report keeps what is missing, since it may be JSON; the line about it is written after the output. */
static void take_missing(struct mo_cli *cli)
{
	size_t n;
	const char *first = mo_report_first_missing(cli->report, &n);

	free(cli->missing);
	cli->missing = first ? strdup(first) : NULL;
	cli->n_missing = n;
}

static void say_missing(const struct mo_cli *cli)
{
	char more[40] = "";

	if (cli->n_missing > 1)
		snprintf(more, sizeof(more), " (and %zu more)", cli->n_missing - 1);
	mo_cli_remark(cli, "status 1: some of what was asked for is missing: %s%s", cli->missing ? cli->missing : "?", more);
}

/* Ends report and output; a failure to write counts for more than what the command said. */
static void finish_output(struct mo_cli *cli, struct outcome *outcome)
{
	struct mo_error *error = NULL;
	bool keep;

	if (cli->report) {
		if (outcome->error)
			mo_report_abort(cli->report, mo_error_text(outcome->error));
		error = mo_report_finish(cli->report);
		if (!outcome->error)
			take_missing(cli);
		mo_report_destroy(cli->report);
	}
	if (error && !outcome->error)
		*outcome = outcome_of_run(mo_take(error));
	mo_error_destroy(error);
	/* A file appears if the command came to its end: complete, or partial and saying so. */
	keep = !outcome->error;
	error = mo_output_finish(cli->output, keep);
	if (error) {
		mo_error_destroy(outcome->error);
		/* Whoever closed the pipe has seen enough: no word about it, but not everything was written. */
		outcome->error = mo_output_is_broken_pipe(cli->output) ? NULL : mo_take(error);
		outcome->status = MO_EXIT_PARTIAL;
		mo_error_destroy(error);
	} else if (!outcome->error && cli->n_missing) {
		outcome->status = MO_EXIT_PARTIAL;
		say_missing(cli);
	}
	mo_output_destroy(cli->output);
}

/* Whatever the command thought of it: a file that lost pages was read as zeros, and time ran out before its end. */
static void stop_outcome(const struct mo_cli *cli, enum mo_stop_reason reason, struct outcome *outcome)
{
	bool is_own_limit = reason == MO_STOP_SECONDS || reason == MO_STOP_RSS;
	const char *path = cli->n_dump_paths ? cli->dump_paths[0] : is_own_limit ? cli->command->name : "a file";

	mo_error_destroy(outcome->error);
	if (reason == MO_STOP_BUS_ERROR)
		outcome->error = mo_error_create(MO_E_IO, "%s: became shorter while it was read, or its device failed", path);
	else if (reason == MO_STOP_SECONDS)
		outcome->error = mo_error_create(MO_E_LIMIT, "%s: stopped after the %" PRIu64 " s of --max-seconds", path,
						 mo_parsed_find(cli->parsed, "max-seconds")->number);
	else if (reason == MO_STOP_RSS)
		outcome->error = mo_error_create(MO_E_LIMIT, "%s: stopped at the %" PRIu64 " MiB of resident memory of --max-rss", path,
						 mo_parsed_find(cli->parsed, "max-rss")->number);
	else
		outcome->error = mo_error_create(MO_E_LIMIT, "%s: " MO_CPU_TIME_TEXT, path);
	outcome->status = cli->kernel || is_own_limit ? MO_EXIT_PARTIAL : MO_EXIT_CANNOT_OPEN;
}

/* What the user said that the run may cost. */
static struct mo_run_limits limits_of_line(const struct mo_cli *cli)
{
	const struct mo_given_option *seconds = mo_parsed_find(cli->parsed, "max-seconds");
	const struct mo_given_option *rss = mo_parsed_find(cli->parsed, "max-rss");

	return (struct mo_run_limits){
		.max_seconds = seconds && seconds->number <= MAX_LIMIT_SECONDS ? seconds->number : 0,
		.max_rss_bytes = rss && rss->number <= UINT64_MAX >> 20 ? rss->number << 20 : 0,
	};
}

static struct outcome run_with_output(struct mo_cli *cli)
{
	const struct mo_run_limits limits = limits_of_line(cli);
	struct outcome outcome = { .status = MO_EXIT_PARTIAL };
	bool draws = isatty(STDERR_FILENO) && !mo_parsed_has(cli->parsed, "quiet");
	struct mo_interrupt *interrupt = NULL;

	outcome.error = mo_progress_create(draws ? mo_progress_draw_line : NULL, NULL, &cli->progress);
	if (!outcome.error)
		outcome.error = mo_interrupt_create(cli->progress, &interrupt);
	if (!outcome.error)
		outcome.error = mo_output_open(mo_parsed_text(cli->parsed, "output"), &cli->output);
	if (!outcome.error) {
		cli->out = mo_output_file(cli->output);
		mo_interrupt_watch(interrupt, cli->output);
		mo_interrupt_limit(interrupt, &limits);
		outcome = run_command(cli);
		if (mo_interrupt_reason(interrupt))
			stop_outcome(cli, mo_interrupt_reason(interrupt), &outcome);
		mo_interrupt_watch(interrupt, NULL);
		finish_output(cli, &outcome);
	}
	if (cli->reader)
		mo_reader_destroy(cli->reader);
	mo_kernel_close(cli->kernel);
	outcome.signal = mo_interrupt_destroy(interrupt);
	mo_progress_destroy(cli->progress);
	free(cli->missing);
	return outcome;
}

/* Tells the outcome. After an interruption the signal itself ends the process, so that a shell's loop ends too. */
static int conclude(struct outcome *outcome)
{
	bool is_cancelled = outcome->error && mo_error_code(outcome->error) == MO_E_CANCELLED;

	if (outcome->error)
		fprintf(stderr, "memopsy: %s\n", mo_error_text(outcome->error));
	mo_error_destroy(outcome->error);
	if (is_cancelled && outcome->signal) {
		signal(outcome->signal, SIG_DFL);
		raise(outcome->signal);
	}
	return outcome->status;
}

int mo_end_standard_output(void)
{
	errno = 0;
	if (!fflush(stdout) && !ferror(stdout))
		return MO_EXIT_COMPLETE;
	if (errno != EPIPE)
		fprintf(stderr, "memopsy: cannot write to standard output: %s\n", strerror(errno ? errno : EIO));
	return MO_EXIT_PARTIAL;
}

int mo_print_version(void)
{
	printf("memopsy %s\n", MEMOPSY_VERSION);
	return mo_end_standard_output();
}

static int run_parsed(struct mo_cli *cli)
{
	size_t n_paths = cli->parsed->n_words + cli->parsed->n_given + 1;
	MO_FREE const char **paths = calloc(n_paths, sizeof(*paths));
	struct outcome outcome = { .status = MO_EXIT_USAGE };

	if (mo_parsed_has(cli->parsed, "help")) {
		mo_help_command(stdout, cli->command);
		return mo_end_standard_output();
	}
	if (mo_parsed_has(cli->parsed, "version"))
		return mo_print_version();
	outcome.error = paths ? check_line(cli, paths) : mo_error_no_memory();
	if (!outcome.error && cli->command->flags & MO_COMMAND_PLUGINS)
		outcome.error = mo_cli_load_plugins(cli);
	if (!outcome.error)
		outcome = run_with_output(cli);
	return conclude(&outcome);
}

int mo_dispatch(struct mo_cli *cli, char *const *argv, size_t argc)
{
	const struct mo_command *command = cli->command;
	const struct mo_option_table none = { .n_options = 0 };
	const struct mo_option_table tables[] = {
		{ .options = command->options, .n_options = command->n_options },
		mo_options_general,
		command->flags & (MO_COMMAND_DUMP | MO_COMMAND_DUMP_OPTIONS) ? mo_options_dump : none,
		command->flags & MO_COMMAND_REPORT ? mo_options_report : none,
	};
	const struct mo_parsed *before = cli->parsed;
	struct mo_parsed parsed;
	struct mo_error *error = mo_parse_options(argv, argc, tables, sizeof(tables) / sizeof(tables[0]), false, &parsed);
	int status;

	if (error) {
		fprintf(stderr, "memopsy: %s: %s (see memopsy help %s)\n", command->name, mo_error_text(error),
			command->name);
		mo_error_destroy(error);
		return MO_EXIT_USAGE;
	}
	cli->parsed = &parsed;
	status = run_parsed(cli);
	cli->parsed = before;
	mo_parsed_deinit(&parsed);
	return status;
}
