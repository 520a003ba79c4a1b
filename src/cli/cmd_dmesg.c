/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* `memopsy dmesg`: the kernel log. */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <memopsy/printk.h>

#include "cleanup.h"
#include "command.h"
#include "log_lines.h"
#include "machine_state.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const char *const level_names[] = { "emerg", "alert", "crit", "err", "warn", "notice", "info", "debug" };

/* include/linux/syslog.h has no names for them; these are syslog(3)'s, in the order of its numbers. */
static const char *const facility_names[] = {
	"kern", "user", "mail", "daemon", "auth", "syslog", "lpr", "news", "uucp", "cron", "authpriv", "ftp",
};

enum log_column {
	LOG_SEQUENCE,
	LOG_TIME,
	LOG_CLOCK,
	LOG_LEVEL,
	LOG_FACILITY,
	LOG_CALLER,
	LOG_HOST,
	LOG_PROGRAM,
	LOG_TEXT,
	LOG_COLUMNS,
};

static const struct mo_column columns[LOG_COLUMNS] = {
	[LOG_SEQUENCE] = { .key = "sequence", .heading = "SEQUENCE", .kind = MO_CELL_COUNT,
			   .help = "sequence number of the record; its lines share it" },
	[LOG_TIME] = { .key = "time_seconds", .heading = "TIME", .kind = MO_CELL_SECONDS,
		       .help = "printk timestamp, since boot" },
	[LOG_CLOCK] = { .key = "clock", .heading = "CLOCK", .kind = MO_CELL_TIME, .flags = MO_COLUMN_HIDDEN,
			.help = "the same as wall-clock time; off by the time that the machine was suspended" },
	[LOG_LEVEL] = { .key = "level", .heading = "LEVEL", .help = "emerg, alert, crit, err, warn, notice, info, debug" },
	[LOG_FACILITY] = { .key = "facility", .heading = "FACILITY", .flags = MO_COLUMN_HIDDEN, .help = "kern, user, ..." },
	[LOG_CALLER] = { .key = "caller", .heading = "CALLER", .flags = MO_COLUMN_HIDDEN,
			 .help = "T and the thread ID, or C and the CPU" },
	[LOG_HOST] = { .key = "host", .heading = "HOST", .flags = MO_COLUMN_HIDDEN, .help = "in text logs that name it" },
	[LOG_PROGRAM] = { .key = "program", .heading = "PROGRAM", .flags = MO_COLUMN_HIDDEN,
			  .help = "the program that wrote the line, if not the kernel (text logs)" },
	[LOG_TEXT] = { .key = "text", .heading = "TEXT", .flags = MO_COLUMN_TABS, .help = "the line" },
};

/* As the kernel prints it (kernel/printk/printk.c, print_time). */
static void boot_time_line(const struct mo_cell *cells, struct mo_line *line)
{
	uint64_t time_ns = cells[LOG_TIME].as.number.value;

	if (cells[LOG_TIME].as.number.certainty != MO_EXACT) {
		mo_line_printf(line, "%.*s\n", (int)cells[LOG_TEXT].as.text.n_bytes, cells[LOG_TEXT].as.text.bytes);
		return;
	}
	mo_line_printf(line, "[%5llu.%06llu] %.*s\n", (unsigned long long)(time_ns / 1000000000),
		       (unsigned long long)(time_ns % 1000000000 / 1000), (int)cells[LOG_TEXT].as.text.n_bytes,
		       cells[LOG_TEXT].as.text.bytes);
}

static void clock_line(const struct mo_cell *cells, struct mo_line *line)
{
	time_t seconds = (time_t)cells[LOG_CLOCK].as.signed_number.value;
	char text[64] = "?";
	struct tm utc;

	if (cells[LOG_CLOCK].as.signed_number.certainty == MO_EXACT && gmtime_r(&seconds, &utc))
		strftime(text, sizeof(text), "%a %b %e %H:%M:%S %Y", &utc);
	mo_line_printf(line, "[%s] %.*s\n", text, (int)cells[LOG_TEXT].as.text.n_bytes, cells[LOG_TEXT].as.text.bytes);
}

const struct mo_table_spec mo_log_table = {
	.name = "dmesg",
	.title = "Kernel log",
	.help = "One row per line of the kernel log.",
	.columns = columns,
	.n_columns = COUNT(columns),
	.flags = MO_TABLE_NO_TITLE,
	.line = boot_time_line,
};

static const struct mo_table_spec clock_table = {
	.name = "dmesg",
	.title = "Kernel log",
	.columns = columns,
	.n_columns = COUNT(columns),
	.flags = MO_TABLE_NO_TITLE,
	.line = clock_line,
};

static struct mo_cell caller_cell(const struct mo_log_record *record, char *buffer, size_t buffer_bytes)
{
	if (!record->has_caller_id)
		return mo_cell_unknown();
	snprintf(buffer, buffer_bytes, "%c%u", record->caller_id >> 31 ? 'C' : 'T', record->caller_id & 0x7fffffff);
	return mo_cell_text(buffer);
}

/* A text's own clock, if it has a year; else the kernel's, reckoned from when it booted. */
static struct mo_cell clock_cell(const struct mo_log_record *record, const int64_t *boot_seconds)
{
	if (record->has_wall_clock)
		return record->has_wall_year ? mo_cell_signed(record->wall_clock_ns / 1000000000) : mo_cell_unknown();
	if (!boot_seconds || record->is_time_unknown)
		return mo_cell_unknown();
	return mo_cell_signed(*boot_seconds + (int64_t)(record->time_ns / 1000000000));
}

void mo_log_write_record(struct mo_report *report, const struct mo_log_record *record, const int64_t *boot_seconds)
{
	const char *at = record->text;
	size_t left = record->text_bytes;
	struct mo_cell cells[LOG_COLUMNS];
	char caller[16];

	cells[LOG_SEQUENCE] = mo_cell_number(mo_exact(record->sequence));
	cells[LOG_TIME] = record->is_time_unknown ? mo_cell_unknown() : mo_cell_number(mo_exact(record->time_ns));
	cells[LOG_CLOCK] = clock_cell(record, boot_seconds);
	cells[LOG_LEVEL] = mo_cell_text(record->level < COUNT(level_names) ? level_names[record->level] : NULL);
	cells[LOG_FACILITY] =
		mo_cell_text(record->facility < COUNT(facility_names) ? facility_names[record->facility] : NULL);
	cells[LOG_CALLER] = caller_cell(record, caller, sizeof(caller));
	cells[LOG_HOST] = mo_cell_text(record->host);
	cells[LOG_PROGRAM] = mo_cell_text(record->program);
	/* The kernel repeats the stamp in front of every line of a record. */
	do {
		const char *newline = memchr(at, '\n', left);
		size_t length = newline ? (size_t)(newline - at) : left;

		cells[LOG_TEXT] = mo_cell_bytes_of_text(at, length);
		mo_report_row(report, cells);
		length += newline != NULL;
		at += length;
		left -= length;
	} while (left);
}

/* "err,warn" or "3,4" as bits of levels; no list is all. */
static struct mo_error *parse_levels(const char *list, unsigned *ret)
{
	unsigned levels = 0;

	if (!list) {
		*ret = ~0u;
		return NULL;
	}
	for (const char *at = list; *at; at += strspn(at, ",")) {
		size_t length = strcspn(at, ",");
		unsigned level = 0;

		while (level < COUNT(level_names) &&
		       (strncmp(level_names[level], at, length) || strlen(level_names[level]) != length) &&
		       !(length == 1 && at[0] == '0' + (int)level))
			level++;
		if (level == COUNT(level_names))
			return mo_error_create(MO_E_INVALID, "--level: '%.*s' is no level of the kernel log (emerg, alert, "
					       "crit, err, warn, notice, info, debug, or 0 to 7)", (int)length, at);
		levels |= 1u << level;
		at += length;
	}
	*ret = levels;
	return NULL;
}

/* When the machine booted, by its own clock; false: not known. */
static struct mo_error *find_boot_time(struct mo_cli *cli, bool *is_known, int64_t *seconds)
{
	struct mo_machine_state state;

	MO_TRY(mo_machine_state_gather(cli->reader, &state));
	*is_known = state.has_time;
	if (state.has_time)
		*seconds = state.wall_seconds - (int64_t)(state.uptime_ns / 1000000000);
	mo_machine_state_deinit(&state);
	return NULL;
}

void mo_log_write_skipped(struct mo_report *report, const struct mo_log *log)
{
	const char *why = NULL;
	uint64_t n_skipped = mo_log_skipped(log, &why);
	const struct mo_evidence evidence[] = {
		{ .label = "records", .kind = MO_CELL_COUNT, .cell = mo_cell_number(mo_exact(n_skipped)) },
		{ .label = "the last because", .kind = MO_CELL_TEXT, .cell = mo_cell_text(why) },
	};
	const struct mo_finding finding = {
		.id = "log-records-skipped",
		.severity = MO_NOTICE,
		.verdict = "Some records of the kernel log could not be read.",
		.evidence = evidence,
		.n_evidence = why ? 2 : 1,
		.is_about_reading = true,
	};

	if (n_skipped)
		mo_report_finding(report, &finding);
}

static struct mo_error *run_dmesg(struct mo_cli *cli)
{
	bool wants_clock = mo_parsed_has(cli->parsed, "ctime");
	bool is_boot_known = false;
	int64_t boot_seconds = 0;
	struct mo_log_record record;
	struct mo_log *log;
	unsigned levels = 0;

	MO_TRY(parse_levels(mo_parsed_text(cli->parsed, "level"), &levels));
	if (wants_clock || mo_cli_is_for_programs(cli) || mo_parsed_has(cli->parsed, "columns"))
		MO_TRY(find_boot_time(cli, &is_boot_known, &boot_seconds));
	if (wants_clock && !is_boot_known && !mo_kernel_facts(cli->kernel)->is_log)
		return mo_error_create(MO_E_ABSENT, "--ctime: the kernel's clock is unknown");
	MO_TRY(mo_log_open(cli->reader, &log));
	mo_report_table_begin(cli->report, wants_clock ? &clock_table : &mo_log_table);
	while (mo_log_next(log, &record))
		if (record.level >= COUNT(level_names) || levels >> record.level & 1)
			mo_log_write_record(cli->report, &record, is_boot_known ? &boot_seconds : NULL);
	mo_report_table_end(cli->report);
	mo_log_write_skipped(cli->report, log);
	mo_log_close(log);
	return NULL;
}

static const struct mo_cli_option options[] = {
	{ .name = "ctime", .letter = 'T', .kind = MO_OPTION_FLAG,
	  .help = "wall-clock times, in UTC, by the kernel's clock at the dump" },
	{ .name = "level", .letter = 'l', .kind = MO_OPTION_TEXT, .value = "LIST",
	  .help = "only these levels: emerg, alert, crit, err, warn, notice, info, debug; comma separated" },
};

static const struct mo_table_spec *const tables[] = { &mo_log_table };

const struct mo_command mo_cmd_dmesg = {
	.name = "dmesg",
	.summary = "the kernel log, as dmesg prints it",
	.help = "Prints the records of the kernel's log buffer, oldest first. The stamp is repeated in front of each line of "
		"a record, as the kernel does. Of a text, the lines of the kernel without what other programs put before them.",
	.options = options,
	.n_options = COUNT(options),
	.tables = tables,
	.n_tables = COUNT(tables),
	.flags = MO_COMMAND_DUMP | MO_COMMAND_REPORT | MO_COMMAND_TYPES_OPTIONAL |
		 MO_COMMAND_READS_LOGS,
	.run = run_dmesg,
};
