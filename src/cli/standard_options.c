/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The options that all commands share. */
#include "command.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const struct mo_cli_option general[] = {
	{ .name = "help", .letter = 'h', .kind = MO_OPTION_FLAG, .help = "show what the command does and takes" },
	{ .name = "version", .letter = 'V', .kind = MO_OPTION_FLAG, .help = "show the version" },
	{ .name = "quiet", .letter = 'q', .kind = MO_OPTION_FLAG,
	  .help = "no remarks and no progress line on standard error" },
	{ .name = "output", .letter = 'o', .kind = MO_OPTION_TEXT, .value = "FILE",
	  .help = "write to FILE, which is private to its owner and appears when complete" },
	{ .name = "plugin-dir", .kind = MO_OPTION_TEXT, .value = "DIR",
	  .help = "load the plugins of DIR too (may be repeated)" },
};

static const struct mo_cli_option dump[] = {
	{ .name = "vmlinux", .kind = MO_OPTION_TEXT, .value = "FILE",
	  .help = "the kernel's vmlinux with debug information; default: searched by build-id" },
	{ .name = "types", .kind = MO_OPTION_TEXT, .value = "WHERE", .choices = "auto|btf|dwarf",
	  .help = "btf: types and symbols out of the dump alone; dwarf: out of a vmlinux alone; auto: the best there is" },
	{ .name = "debug-dir", .kind = MO_OPTION_TEXT, .value = "DIR",
	  .help = "search DIR for debug files, not the standard directories (may be repeated)" },
	{ .name = "no-cache", .kind = MO_OPTION_FLAG, .help = "neither read nor write the cache of debug information" },
	{ .name = "no-sandbox", .kind = MO_OPTION_FLAG,
	  .help = "no sandbox, and no limits on the CPU time and memory that a dump may cost" },
	{ .name = "dump", .kind = MO_OPTION_TEXT, .value = "FILE",
	  .help = "the dump, where a word could be taken for an argument (repeated for the parts of a split dump)" },
};

static const struct mo_cli_option report[] = {
	{ .name = "json", .kind = MO_OPTION_FLAG, .help = "JSON for programs (docs/report-schema.md)" },
	{ .name = "columns", .kind = MO_OPTION_TEXT, .value = "LIST",
	  .help = "the columns to show, comma separated; +NAME adds one to the usual ones" },
	{ .name = "sort", .kind = MO_OPTION_TEXT, .value = "LIST",
	  .help = "the columns to sort by, comma separated; -NAME from high to low" },
	{ .name = "no-headings", .kind = MO_OPTION_FLAG, .help = "no headings above the columns" },
	{ .name = "bytes", .kind = MO_OPTION_FLAG, .help = "sizes as plain numbers of bytes" },
	{ .name = "color", .kind = MO_OPTION_TEXT, .value = "WHEN", .choices = "auto|never|always",
	  .help = "colours; auto: on a terminal, unless $NO_COLOR is set" },
};

const struct mo_option_table mo_options_general = { .options = general, .n_options = COUNT(general) };
const struct mo_option_table mo_options_dump = { .options = dump, .n_options = COUNT(dump) };
const struct mo_option_table mo_options_report = { .options = report, .n_options = COUNT(report) };
