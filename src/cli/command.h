/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MO_COMMAND_H
#define MO_COMMAND_H

/*
 * Commands. The dispatcher fulfils what a command's flags ask for (options parsed, dump opened, report begun) before
 * it calls the command's function, and finishes and cleans up after it.
 *
 * To add a command that no plugin owns:
 *	1. write src/cli/cmd_NAME.c with a `const struct mo_command mo_cmd_NAME`, and list it in src/cli/meson.build;
 *	2. declare it below and add it to the table in commands.c, in the order of `memopsy help`;
 *	3. describe it in docs/man/memopsy.1; help and completion come from the table;
 *	4. test it in tests/cli/.
 */

#include <stdio.h>

#include <memopsy/error.h>
#include <memopsy/kernel.h>
#include <memopsy/report.h>

#include "option.h"
#include "plugin_load.h"

enum mo_exit_status {
	MO_EXIT_COMPLETE = 0,
	MO_EXIT_PARTIAL = 1,     /* something was skipped, unreadable, not written or not found; output or message says what */
	MO_EXIT_USAGE = 2,
	MO_EXIT_CANNOT_OPEN = 3,
};

struct mo_cli;
struct mo_dump;

enum mo_command_flags {
	MO_COMMAND_DUMP = 1 << 0,      /* works on a dump: words name it, options of the dump apply */
	MO_COMMAND_REPORT = 1 << 1,    /* writes tables: cli->report is there, options of tables apply */
	MO_COMMAND_SHOW_HEAD = 1 << 2, /* the report begins with what was read */
	MO_COMMAND_PLUGINS = 1 << 3,   /* cli->plugins are loaded */
	MO_COMMAND_DUMP_OPTIONAL = 1 << 5,  /* with MO_COMMAND_DUMP: no dump named, none opened */
	MO_COMMAND_TYPES_OPTIONAL = 1 << 4, /* of use without any type information */
	MO_COMMAND_DUMP_OPTIONS = 1 << 7,   /* options of the dump apply to what it makes of its arguments itself */
	MO_COMMAND_PAGE = 1 << 8,           /* as text without --full a page: as wide as one, and headed in brief */
	MO_COMMAND_READS_LOGS = 1 << 6,     /* of use on the kernel's log alone: on texts, and on dumps without types */
};

struct mo_command {
	const char *name;
	const char *arguments;         /* own arguments for the usage line: "TYPE [ADDR]"; NULL: none */
	unsigned min_arguments;
	unsigned max_arguments;
	const char *summary;           /* one line */
	const char *help;              /* paragraphs for `memopsy help NAME`; may be NULL */
	const struct mo_cli_option *options;
	size_t n_options;
	const struct mo_table_spec *const *tables;
	size_t n_tables;
	unsigned flags;
	struct mo_error *(*run)(struct mo_cli *cli);
	/*
	 * Instead of run, where the dump opens but no kernel is identified in it: `why` is the session's error. NULL: then
	 * the command cannot do anything.
	 */
	struct mo_error *(*run_unidentified)(struct mo_cli *cli, const struct mo_dump *dump, const char *path, const char *why);
};

#define MO_MAX_ARGUMENTS 4096

/* One run of the program. */
struct mo_cli {
	char *const *argv;              /* the whole line, without the program's name */
	size_t argc;
	const struct mo_command *command;
	const struct mo_parsed *parsed;
	const char *const *dump_paths;  /* at least one, if the command works on a dump */
	size_t n_dump_paths;
	const char *const *arguments;   /* the command's own */
	size_t n_arguments;
	struct mo_plugin_set plugins;
	bool has_plugins;
	size_t plugin;                  /* of a view's command: which plugin, and its view */
	const struct mo_view *view;
	struct mo_output *output;
	FILE *out;
	struct mo_progress *progress;
	struct mo_kernel *kernel;
	struct mo_reader *reader;       /* the main thread's */
	struct mo_report *report;
	bool cannot_open;               /* set by a command whose error is that of opening what it was given */
	char *missing;                  /* what a command without a report left out first: mo_cli_missing() */
	size_t n_missing;
};

extern const struct mo_command *const mo_commands[]; /* NULL at its end */

extern const struct mo_command mo_cmd_report;
extern const struct mo_command mo_cmd_info;
extern const struct mo_command mo_cmd_diff;
extern const struct mo_command mo_cmd_watch;
extern const struct mo_command mo_cmd_snapshot;
extern const struct mo_command mo_cmd_dmesg;
extern const struct mo_command mo_cmd_print;
extern const struct mo_command mo_cmd_sym;
extern const struct mo_command mo_cmd_vtop;
extern const struct mo_command mo_cmd_read;
extern const struct mo_command mo_cmd_plugins;
extern const struct mo_command mo_cmd_help;

/* The one of this name among those that no plugin owns; NULL: none. */
const struct mo_command *mo_command_find(const char *name);

/* Loads the plugins, once per run, and says on standard error which files were refused. */
struct mo_error *mo_cli_load_plugins(struct mo_cli *cli) MO_MUST_USE;

/* Fills a command from a plugin's view; options (view->n_options of them) belong to the caller. */
void mo_command_of_view(const struct mo_plugin *plugin, const struct mo_view *view, struct mo_cli_option *options,
			struct mo_command *ret);

/* The models of the command's view are gathered; an error if its plugin has to be skipped. The caller destroys the host. */
struct mo_host;
struct mo_error *mo_cli_prepare_view(struct mo_cli *cli, struct mo_host **ret) MO_MUST_USE;

/* Whether the files are taken one by one, into one table: a view that can, and a log among them. They are not opened. */
bool mo_cli_takes_each(const struct mo_cli *cli);
struct mo_error *mo_cli_show_each(struct mo_cli *cli) MO_MUST_USE;

/*
 * An address as the user wrote it: hexadecimal with or without 0x, or a symbol, or symbol+offset. MO_E_INVALID or
 * MO_E_ABSENT.
 */
struct mo_error *mo_cli_address(struct mo_cli *cli, const char *text, uint64_t *ret) MO_MUST_USE;

/* "symbol+0x10" or "module:symbol+0x10" for an address; the text stays empty if no symbol covers it. */
struct mo_text;
void mo_cli_append_symbol(const struct mo_cli *cli, uint64_t kva, struct mo_text *text);

/*
 * The sandbox (sandbox.h), for a command that opens files itself: before it looks into them. Nothing after --no-sandbox.
 */
void mo_cli_enter_sandbox(const struct mo_cli *cli);

/*
 * Something that was asked for is missing, in a phrase or sentence: the status is 1, and a line says why. JSON has it under
 * "missing".
 */
void mo_cli_missing(struct mo_cli *cli, const char *format, ...) MO_PRINTF(2, 3);
/* Whether a program reads what is written: everything as rows of tables, nothing shortened. */
bool mo_cli_is_for_programs(const struct mo_cli *cli);

/* A line for people on standard error, unless --quiet. */
void mo_cli_remark(const struct mo_cli *cli, const char *format, ...) MO_PRINTF(2, 3);

/* The options that every command has, that commands on a dump have, and that commands with tables have. */
extern const struct mo_option_table mo_options_general;
extern const struct mo_option_table mo_options_dump;
extern const struct mo_option_table mo_options_report;

/* `memopsy help` and `memopsy help COMMAND`. */
struct mo_error *mo_help_overview(struct mo_cli *cli, FILE *out) MO_MUST_USE;
void mo_help_command(FILE *out, const struct mo_command *command);

#endif
