/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * `memopsy watch`: what grew between two looks at the running kernel. Each look is a report of a process of its own, so that
 * nothing of one look is left in the next; two of them are compared as `diff` does.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <memopsy/progress.h>

#include "changes.h"
#include "cleanup.h"
#include "command.h"
#include "diff_tables.h"
#include "one_line.h"
#include "output.h"
#include "passed_options.h"
#include "report_write.h"
#include "worker.h"

/* What has a name and may grow: not the leaks, which take seconds to look for. */
#define SECTIONS "--sections=meminfo,usage,owners,slabs,tasks,memory_cgroups"
#define INTERVAL_SECONDS 10
#define MAX_INTERVAL_SECONDS (365u * 86400u)
#define KINDS 5           /* of holders, each with rows of its own */
#define OTHER_LINES 8     /* of a screen: heading, notes */
#define MIN_BYTES (64u << 10)
#define DEFAULT_ROWS 5
#define POLL_NS 50000000l

struct watching {
	struct mo_cli *cli;
	const char *dump;         /* NULL: the running kernel */
	struct mo_report_file before;
	uint64_t interval_seconds;
	uint64_t count;           /* of comparisons; 0: without end */
	size_t rows;              /* of each kind */
	bool is_json;
	bool is_screen;           /* drawn over, from the top */
};

static uint64_t number_of(const struct mo_cli *cli, const char *option, uint64_t usual)
{
	const struct mo_given_option *given = mo_parsed_find(cli->parsed, option);

	return given ? given->number : usual;
}

/* So many that all kinds fit on the screen. */
static size_t rows_that_fit(bool is_screen)
{
	struct winsize size;

	if (!is_screen || ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) || size.ws_row <= OTHER_LINES + KINDS)
		return DEFAULT_ROWS;
	return (size_t)(size.ws_row - OTHER_LINES) / KINDS;
}

static struct mo_error *parse(struct watching *watching, const struct mo_worker *worker, struct mo_report_file *ret)
{
	size_t n_messages, n_bytes;
	MO_FREE char *messages = mo_worker_text(worker->message_fd, &n_messages);
	MO_FREE char *json = mo_worker_text(worker->output_fd, &n_bytes);

	if (!messages || !json)
		return mo_error_no_memory();
	if (WIFSIGNALED(worker->status))
		return mo_error_create(MO_E_CORRUPT, "the look ended by signal %d", WTERMSIG(worker->status));
	if (WEXITSTATUS(worker->status) > MO_EXIT_PARTIAL) {
		watching->cli->cannot_open = true;
		return mo_error_create(MO_E_CORRUPT, "%s", mo_worker_last_line(messages));
	}
	return mo_report_file_parse(watching->dump ? watching->dump : "/proc/kcore", json, n_bytes, "report", ret);
}

static struct mo_error *look(struct watching *watching, struct mo_report_file *ret)
{
	static const char *const own[] = { "report", "--json", "--quiet", SECTIONS, NULL };
	struct mo_worker worker = MO_WORKER_NONE;
	struct mo_worker_line line;
	struct mo_error *error;

	MO_TRY(mo_worker_line_make(watching->cli, own, watching->dump, &line));
	error = mo_worker_start(line.words, &worker);
	mo_worker_line_deinit(&line);
	if (!error)
		error = mo_workers_wait(&worker, 1, watching->cli->progress);
	if (!error)
		error = parse(watching, &worker, ret);
	mo_worker_deinit(&worker);
	return error;
}

static struct mo_error *pause_until_next(const struct watching *watching)
{
	const struct timespec poll = { .tv_nsec = POLL_NS };
	struct timespec now, end;

	clock_gettime(CLOCK_MONOTONIC, &end);
	end.tv_sec += (time_t)watching->interval_seconds;
	do {
		if (!mo_progress_add(watching->cli->progress, 0))
			return mo_progress_cancelled(watching->cli->progress);
		nanosleep(&poll, NULL);
		clock_gettime(CLOCK_MONOTONIC, &now);
	} while (now.tv_sec < end.tv_sec || (now.tv_sec == end.tv_sec && now.tv_nsec < end.tv_nsec));
	return NULL;
}

static void write_heading(struct mo_report *report, const struct mo_comparison *comparison)
{
	const struct mo_report_facts *facts = &comparison->facts[1];
	char available[MO_SIZE_TEXT_BYTES] = "?";
	char grew[MO_SIZE_TEXT_BYTES];
	int64_t n_bytes;

	if (facts->available_bytes.certainty == MO_EXACT)
		mo_format_bytes(available, sizeof(available), facts->available_bytes.value, false);
	if (!mo_grew_in_use(comparison, &n_bytes)) {
		mo_report_note(report, "%s; %s available.", facts->clock ? facts->clock : "", available);
		return;
	}
	mo_format_bytes(grew, sizeof(grew), (uint64_t)(n_bytes < 0 ? -n_bytes : n_bytes), false);
	mo_report_note(report, "%s; %s available; memory in use %s by %s in %.1f s.", facts->clock ? facts->clock : "", available,
		       n_bytes < 0 ? "shrank" : "grew", grew, comparison->elapsed_seconds);
}

static struct mo_error *write_look(const struct watching *watching, const struct mo_comparison *comparison, FILE *out)
{
	const struct mo_cli *cli = watching->cli;
	const struct mo_report_options options = {
		.format = watching->is_json ? MO_FORMAT_JSON : MO_FORMAT_TEXT,
		.plain_bytes = mo_parsed_has(cli->parsed, "bytes"),
		.width = mo_output_width(cli->output),
	};
	const struct mo_report_head head = {
		.tool_version = MEMOPSY_VERSION, .command = cli->command->name, .dump_path = watching->dump ? watching->dump : "/proc/kcore",
		.release = comparison->facts[1].release, .build_id = comparison->facts[1].build_id,
	};
	bool all = mo_parsed_has(cli->parsed, "all");
	struct mo_report *report;
	struct mo_error *error;

	MO_TRY(mo_report_create(out, &options, &head, false, &report));
	write_heading(report, comparison);
	mo_diff_write_changes(report, comparison, all ? SIZE_MAX : watching->rows, all ? 0 : MIN_BYTES);
	error = mo_report_finish(report);
	mo_report_destroy(report);
	return error;
}

/* In one piece, so that a screen does not flicker, and as one line if programs read it. */
static struct mo_error *show(const struct watching *watching, const struct mo_comparison *comparison)
{
	FILE *out = watching->cli->out;
	MO_FREE char *text = NULL;
	size_t n_bytes = 0;
	FILE *memory = open_memstream(&text, &n_bytes);
	struct mo_error *error;

	if (!memory)
		return mo_error_no_memory();
	error = write_look(watching, comparison, memory);
	if (fclose(memory) && !error)
		error = mo_error_no_memory();
	if (error)
		return error;
	if (watching->is_json)
		return mo_write_json_line(text, n_bytes, out);
	if (watching->is_screen)
		fputs("\033[H\033[J", out);
	fwrite(text, 1, n_bytes, out);
	fputs(watching->is_screen ? "" : "\n", out);
	return fflush(out) ? mo_error_create(MO_E_IO, "cannot write") : NULL;
}

/* What watching itself costs, and each look anew, is no growth of the machine's. */
static void leave_out_ourselves(struct mo_comparison *comparison)
{
	static const char ours[] = "memopsy(";
	size_t n = 0;

	for (size_t i = 0; i < comparison->changes.count; i++)
		if (comparison->changes.items[i].kind != MO_HOLDING_PROCESS ||
		    strncmp(comparison->changes.items[i].name, ours, sizeof(ours) - 1))
			comparison->changes.items[n++] = comparison->changes.items[i];
	comparison->changes.count = n;
}

/* One more look, held against the one before (or the first one). */
static struct mo_error *step(struct watching *watching)
{
	struct mo_report_file now = { .root = NULL };
	struct mo_comparison comparison;
	struct mo_error *error;

	MO_TRY(pause_until_next(watching));
	MO_TRY(look(watching, &now));
	error = mo_compare(&watching->before, &now, &comparison);
	if (error) {
		mo_report_file_deinit(&now);
		return error;
	}
	if (comparison.facts[1].is_partial)
		mo_cli_missing(watching->cli, "what a look at the machine could not read");
	leave_out_ourselves(&comparison);
	error = show(watching, &comparison);
	mo_comparison_deinit(&comparison);
	if (mo_parsed_has(watching->cli->parsed, "since-start")) {
		mo_report_file_deinit(&now);
	} else {
		mo_report_file_deinit(&watching->before);
		watching->before = now;
	}
	return error;
}

/* Ctrl-C is how watching ends: what was shown was shown. */
static struct mo_error *end_of(struct mo_error *error, uint64_t n_shown)
{
	if (error && mo_error_code(error) == MO_E_CANCELLED && n_shown)
		mo_error_destroy(mo_take(error));
	return error;
}

static struct mo_error *run_watch(struct mo_cli *cli)
{
	bool is_json = mo_parsed_has(cli->parsed, "json");
	bool is_screen = !is_json && mo_output_is_terminal(cli->output);
	struct watching watching = {
		.cli = cli,
		.dump = cli->n_arguments ? cli->arguments[0] : NULL,
		.interval_seconds = number_of(cli, "interval", INTERVAL_SECONDS),
		.count = number_of(cli, "count", 0),
		.rows = (size_t)number_of(cli, "rows", rows_that_fit(is_screen)),
		.is_json = is_json,
		.is_screen = is_screen,
	};
	struct mo_error *error;
	uint64_t n_shown = 0;

	if (!watching.interval_seconds || watching.interval_seconds > MAX_INTERVAL_SECONDS)
		return mo_error_create(MO_E_INVALID, "--interval takes 1 to %u seconds", MAX_INTERVAL_SECONDS);
	error = look(&watching, &watching.before);
	if (!error && is_screen)
		fprintf(cli->out, "The first look is taken; in %" PRIu64 " s it is compared with the next one.\n", watching.interval_seconds);
	if (!error)
		fflush(cli->out);
	while (!error && (!watching.count || n_shown < watching.count)) {
		error = step(&watching);
		n_shown += !error;
	}
	mo_report_file_deinit(&watching.before);
	return end_of(error, n_shown);
}

static const struct mo_cli_option options[] = {
	{ .name = "interval", .letter = 'n', .kind = MO_OPTION_NUMBER, .value = "SECONDS", .help = "between two looks (10)" },
	{ .name = "count", .kind = MO_OPTION_NUMBER, .value = "N", .help = "end after N comparisons (0: only by Ctrl-C)" },
	{ .name = "rows", .kind = MO_OPTION_NUMBER, .value = "N", .help = "so many of each kind (as many as fit on the screen; else 5)" },
	{ .name = "since-start", .kind = MO_OPTION_FLAG, .help = "compare with the first look instead of the one before" },
	{ .name = "all", .kind = MO_OPTION_FLAG, .help = "every change, however small" },
	{ .name = "bytes", .kind = MO_OPTION_FLAG, .help = "sizes in bytes" },
	{ .name = "json", .kind = MO_OPTION_FLAG, .help = "one line of JSON for each comparison, of the form of reports" },
};

const struct mo_command mo_cmd_watch = {
	.name = "watch",
	.arguments = "[DUMP]",
	.max_arguments = 1,
	.summary = "what grows on the running kernel: classes of pages, caches, owners, processes, cgroups",
	.help = "Looks at the running kernel again and again, and shows what grew and shrank most between two looks: one screen, or with "
		"--json a line each. Leaks are not looked for: `memopsy leaks` does, and `memopsy diff` compares whole reports. Ctrl-C "
		"ends it, with status 0 once something was shown.",
	.options = options,
	.n_options = sizeof(options) / sizeof(options[0]),
	.flags = MO_COMMAND_DUMP_OPTIONS,
	.run = run_watch,
};
