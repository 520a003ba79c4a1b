/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The options that all commands share. */
#include "command.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const struct mo_cli_option general[] = {
	{ .name = "help", .letter = 'h', .kind = MO_OPTION_FLAG,
	  .help = "show what the command does, its options and columns" },
	{ .name = "version", .letter = 'V', .kind = MO_OPTION_FLAG, .help = "show the version" },
	{ .name = "quiet", .letter = 'q', .kind = MO_OPTION_FLAG,
	  .help = "no remarks and no progress on standard error" },
	{ .name = "output", .letter = 'o', .kind = MO_OPTION_TEXT, .value = "FILE",
	  .help = "write to FILE (mode 0600, renamed into place when complete)" },
	{ .name = "plugin-dir", .kind = MO_OPTION_TEXT, .value = "DIR",
	  .help = "also load the plugins in DIR (may be repeated)" },
};

static const struct mo_cli_option dump[] = {
	{ .name = "vmlinux", .kind = MO_OPTION_TEXT, .value = "FILE",
	  .help = "the kernel's vmlinux with debug information; default: searched by build-id" },
	{ .name = "types", .kind = MO_OPTION_TEXT, .value = "WHERE", .choices = "auto|btf|dwarf",
	  .help = "btf: types and symbols from the dump only; dwarf: from a vmlinux only; auto: the best available" },
	{ .name = "debug-dir", .kind = MO_OPTION_TEXT, .value = "DIR",
	  .help = "search DIR for debug files instead of the standard directories (may be repeated)" },
	{ .name = "no-cache", .kind = MO_OPTION_FLAG, .help = "do not use the cache of debug information" },
	{ .name = "no-sandbox", .kind = MO_OPTION_FLAG,
	  .help = "no sandbox, and no limits on the CPU time and memory that a dump may cost" },
	{ .name = "max-seconds", .kind = MO_OPTION_NUMBER, .value = "N",
	  .help = "stop after N seconds, with what is there until then left out and exit status 1" },
	{ .name = "max-rss", .kind = MO_OPTION_NUMBER, .value = "MIB",
	  .help = "stop in the same way when this process has more than so many MiB resident" },
	{ .name = "no-nice", .kind = MO_OPTION_FLAG,
	  .help = "on a running kernel: do not lower this process's own priority" },
	{ .name = "dump", .kind = MO_OPTION_TEXT, .value = "FILE",
	  .help = "the dump, if a word could be taken for an argument (repeat for the parts of a split dump)" },
};

static const struct mo_cli_option report[] = {
	{ .name = "json", .kind = MO_OPTION_FLAG, .help = "JSON for programs (docs/report-schema.md)" },
	{ .name = "csv", .kind = MO_OPTION_FLAG,
	  .help = "the tables as comma-separated values, all columns unless --columns names some" },
	{ .name = "columns", .kind = MO_OPTION_TEXT, .value = "LIST",
	  .help = "columns to show, comma separated; +NAME adds one to the defaults" },
	{ .name = "sort", .kind = MO_OPTION_TEXT, .value = "LIST",
	  .help = "columns to sort by, comma separated; -NAME: descending" },
	{ .name = "no-headings", .kind = MO_OPTION_FLAG, .help = "no column headings" },
	{ .name = "bytes", .kind = MO_OPTION_FLAG, .help = "sizes in bytes" },
	{ .name = "color", .kind = MO_OPTION_TEXT, .value = "WHEN", .choices = "auto|never|always",
	  .help = "when to use colours; auto: on a terminal, unless $NO_COLOR is set" },
};

const struct mo_option_table mo_options_general = { .options = general, .n_options = COUNT(general) };
const struct mo_option_table mo_options_dump = { .options = dump, .n_options = COUNT(dump) };
const struct mo_option_table mo_options_report = { .options = report, .n_options = COUNT(report) };
