/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* `memopsy diff`: two dumps, or reports saved as JSON: what grew. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <memopsy/progress.h>

#include "changes.h"
#include "cleanup.h"
#include "command.h"
#include "diff_tables.h"
#include "growth.h"
#include "passed_options.h"
#include "worker.h"

#define ROWS_OF_A_KIND 6
#define MIN_BYTES (64u << 10)           /* what is shown without --all */
#define REPORT_FILE_MAX_BYTES (1ull << 30)

struct side {
	const char *path;
	struct mo_worker worker;     /* of a dump */
	char *json;                  /* the report */
	size_t n_bytes;
};

static void side_deinit(struct side *side)
{
	mo_worker_deinit(&side->worker);
	free(side->json);
}

/* Reads a report in JSON; what is something else, a dump or a log, is left to a worker. */
static struct mo_error *read_report(struct side *side)
{
	MO_CLOSE int fd = open(side->path, O_RDONLY | O_CLOEXEC);
	char beginning[64];
	struct stat status;
	ssize_t n;

	if (fd < 0)
		return strcmp(side->path, "-") ? mo_error_from_errno(errno, "%s", side->path) : NULL;
	if (fstat(fd, &status))
		return mo_error_from_errno(errno, "%s", side->path);
	if (S_ISDIR(status.st_mode))
		return mo_error_create(MO_E_INVALID, "%s: a directory; diff takes a dump, a log or a report in JSON on each side", side->path);
	n = S_ISREG(status.st_mode) ? pread(fd, beginning, sizeof(beginning), 0) : 0;
	if (n <= 0 || !mo_is_report_file(beginning, (size_t)n))
		return NULL;
	if ((uint64_t)status.st_size > REPORT_FILE_MAX_BYTES)
		return mo_error_create(MO_E_LIMIT, "%s: a report of more than 1 GiB", side->path);
	side->json = mo_worker_text(fd, &side->n_bytes);
	return side->json ? NULL : mo_error_no_memory();
}

/* memopsy report --json of a dump. */
static struct mo_error *start_worker(const struct mo_cli *cli, struct side *side)
{
	static const char *const own[] = { "report", "--json", NULL };
	struct mo_worker_line line;
	struct mo_error *error;

	MO_TRY(mo_worker_line_make(cli, own, side->path, &line));
	error = mo_worker_start(line.words, &side->worker);
	mo_worker_line_deinit(&line);
	return error;
}

static struct mo_error *take_report(struct mo_cli *cli, struct side *side)
{
	size_t n_messages;
	MO_FREE char *messages = mo_worker_text(side->worker.message_fd, &n_messages);
	int status = side->worker.status;

	side->json = mo_worker_text(side->worker.output_fd, &side->n_bytes);
	if (!messages || !side->json)
		return mo_error_no_memory();
	if (WIFSIGNALED(status))
		return mo_error_create(MO_E_CORRUPT, "%s: the analysis ended by signal %d%s%s", side->path, WTERMSIG(status),
				       n_messages ? ": " : "", mo_worker_last_line(messages));
	if (WEXITSTATUS(status) > MO_EXIT_PARTIAL || !side->n_bytes)
		return mo_error_create(MO_E_CORRUPT, "%s", n_messages ? mo_worker_last_line(messages) : side->path);
	if (n_messages)
		mo_cli_remark(cli, "%s", mo_worker_last_line(messages));
	return NULL;
}

/* Reports of both sides, those of dumps made at the same time. */
static struct mo_error *get_reports(struct mo_cli *cli, struct side *sides)
{
	struct mo_worker *running[2];
	struct mo_worker workers[2];
	size_t n = 0;
	struct mo_error *error;

	for (unsigned i = 0; i < 2; i++) {
		MO_TRY(read_report(&sides[i]));
		if (sides[i].json)
			continue;
		MO_TRY(start_worker(cli, &sides[i]));
		running[n] = &sides[i].worker;
		workers[n++] = sides[i].worker;
	}
	if (!n)
		return NULL;
	mo_progress_begin(cli->progress, n == 2 ? "analysing both dumps" : "analysing the dump", 0);
	error = mo_workers_wait(workers, n, cli->progress);
	mo_progress_end(cli->progress);
	for (size_t i = 0; i < n; i++)
		*running[i] = workers[i];
	for (unsigned i = 0; i < 2 && !error; i++)
		if (!sides[i].json)
			error = take_report(cli, &sides[i]);
	return error;
}

/* By more than a hundredth: MemTotal of one machine is not the same at every boot. */
static bool differ_in_memory(const struct mo_report_facts *before, const struct mo_report_facts *after)
{
	uint64_t a = before->memory_bytes.value;
	uint64_t b = after->memory_bytes.value;

	return before->memory_bytes.certainty == MO_EXACT && after->memory_bytes.certainty == MO_EXACT &&
	       (a > b ? a - b : b - a) > a / 100;
}

/* What has to be known to read the rest. */
static void write_relation(struct mo_report *report, const struct mo_comparison *comparison)
{
	const struct mo_report_facts *facts = comparison->facts;

	if (!comparison->is_compared[MO_HOLDING_CLASS])
		mo_report_note(report, "One of the two has no analysis of memory (a log, or a dump without types): little can be compared.");
	if (comparison->is_one_boot && comparison->elapsed_seconds < 0)
		mo_report_note(report, "B is older than A: what grew here shrank on the machine.");
	if (!comparison->is_one_kernel)
		mo_report_note(report, "Two kernels: caches and owners are matched by name, and some differences are the kernels' own.");
	else if (!comparison->is_one_host)
		mo_report_note(report, "Two machines, of one kernel.");
	else if (!comparison->is_one_boot)
		mo_report_note(report, "One machine, booted in between: what it holds began anew.");
	if (differ_in_memory(&facts[0], &facts[1]))
		mo_report_note(report, "They do not have as much memory: sizes that follow from it differ by themselves.");
	for (unsigned i = 0; i < 2; i++)
		if (facts[i].is_partial)
			mo_report_note(report, "The report of %s is partial: what it lacks is not known to be gone.", i ? "B" : "A");
}

static void write_comparison(struct mo_cli *cli, const struct mo_comparison *comparison, const struct mo_report_file *files,
			     const struct side *sides)
{
	const char *const paths[2] = { sides[0].path, sides[1].path };
	bool all = mo_parsed_has(cli->parsed, "all") || mo_cli_is_for_programs(cli);
	const struct mo_change *grower;
	char size[MO_SIZE_TEXT_BYTES];

	mo_report_section_begin(cli->report, "verdict", "Verdict");
	mo_growth_judge(comparison, cli->report);
	if (comparison->is_compared[MO_HOLDING_CLASS] && !mo_growers(comparison, &grower, 1)) {
		mo_format_bytes(size, sizeof(size), mo_growth_min_bytes(comparison), false);
		mo_report_note(cli->report, "No cache, owner, process or file grew by %s or more.", size);
	}
	write_relation(cli->report, comparison);
	mo_report_section_end(cli->report);
	mo_diff_write_sides(cli->report, comparison, paths);
	mo_diff_write_changes(cli->report, comparison, all ? SIZE_MAX : ROWS_OF_A_KIND, all ? 0 : MIN_BYTES);
	mo_diff_write_findings(cli->report, files);
	for (unsigned i = 0; i < 2; i++)
		if (comparison->facts[i].is_partial)
			mo_cli_missing(cli, "the report of %s is partial", paths[i]);
}

static struct mo_error *compare_sides(struct mo_cli *cli, struct side *sides)
{
	struct mo_report_file files[2] = { { .root = NULL } };
	struct mo_comparison comparison;
	struct mo_error *error = get_reports(cli, sides);

	/* From here on no process is started, and what is read may come from anybody. */
	if (!error)
		mo_cli_enter_sandbox(cli);
	for (unsigned i = 0; i < 2 && !error; i++)
		error = mo_report_file_parse(sides[i].path, sides[i].json, sides[i].n_bytes, "report", &files[i]);
	cli->cannot_open = error && !mo_error_ends_run(error);
	if (!error)
		error = mo_compare(&files[0], &files[1], &comparison);
	if (!error) {
		write_comparison(cli, &comparison, files, sides);
		mo_comparison_deinit(&comparison);
	}
	mo_report_file_deinit(&files[0]);
	mo_report_file_deinit(&files[1]);
	return error;
}

static struct mo_error *run_diff(struct mo_cli *cli)
{
	struct side sides[2] = {
		{ .path = cli->arguments[0], .worker = MO_WORKER_NONE },
		{ .path = cli->arguments[1], .worker = MO_WORKER_NONE },
	};
	struct mo_error *error = compare_sides(cli, sides);

	side_deinit(&sides[0]);
	side_deinit(&sides[1]);
	return error;
}

static const struct mo_cli_option options[] = {
	{ .name = "all", .kind = MO_OPTION_FLAG, .help = "every change, however small" },
};

static const struct mo_table_spec *const tables[] = { &mo_diff_sides_table, &mo_diff_changes_table, &mo_diff_findings_table };

const struct mo_command mo_cmd_diff = {
	.name = "diff",
	.arguments = "A B",
	.min_arguments = 2,
	.max_arguments = 2,
	.summary = "what grew between two dumps, logs or reports saved as JSON",
	.help = "A is what was before, B what came after: each a dump, a log, /proc/kcore, or the JSON of `memopsy report --json`. Two "
		"moments of one machine tell what grows, and how fast; two machines of a kind, where they differ.\n\n"
		"It compares the classes of pages, what is lost, slab caches, owners of kernel memory, processes, cgroups, files, mounts, "
		"modules, and the counters of /proc/meminfo. Processes of one boot are told apart by PID, else by name. A size that one "
		"side does not know is not compared.",
	.options = options,
	.n_options = 1,
	.tables = tables,
	.n_tables = 3,
	.flags = MO_COMMAND_REPORT | MO_COMMAND_DUMP_OPTIONS,
	.run = run_diff,
};
