/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which words of a command line are the dump, and the session opened on it. */
#include "open_dump.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cleanup.h"
#include "dump.h"
#include "file.h"
#include "session.h"
#include "text.h"
#include "trust.h"

#define LIVE_KERNEL "/proc/kcore"
#define MAX_DEBUG_DIRS 64

/* Something that can be a dump, or a part of one. */
static bool is_file(const char *path)
{
	struct stat status;

	return !stat(path, &status) && !S_ISDIR(status.st_mode);
}

/*
 * How many of the words name the dump. A slash makes the first one a dump, whether it is there or not; those behind it may
 * as well be arguments (paths of the dumped machine), so that they have to be there.
 */
static size_t count_dump_words(const struct mo_cli *cli)
{
	const struct mo_parsed *parsed = cli->parsed;
	size_t n = 0;

	if (!cli->command->max_arguments)
		return parsed->n_words;
	if (mo_parsed_has(parsed, "dump"))
		return 0;
	/* What an argument needs is left to it, even if a file of that name happens to lie here. */
	while (n < parsed->n_words_before_dashes &&
	       ((strchr(parsed->words[n], '/') && (!n || is_file(parsed->words[n]))) ||
		(!strchr(parsed->words[n], '/') && n + cli->command->min_arguments < parsed->n_words && !access(parsed->words[n], F_OK))))
		n++;
	return n;
}

/* A file as the last word, where no dump was named: it is meant as the dump, and the running kernel is not. */
static struct mo_error *check_dump_is_not_last(const struct mo_cli *cli)
{
	const struct mo_command *command = cli->command;
	const char *last = cli->n_arguments ? cli->arguments[cli->n_arguments - 1] : "";

	if (!(command->flags & MO_COMMAND_DUMP) || cli->n_dump_paths || cli->n_arguments <= command->min_arguments ||
	    cli->parsed->n_words_before_dashes < cli->parsed->n_words || !is_file(last))
		return NULL;
	return mo_error_create(MO_E_INVALID, "the dump comes before the arguments: memopsy %s %s %s (use \"--\" "
					     "before arguments that "
			       "are also names of files)", command->name, last, cli->arguments[0]);
}

static struct mo_error *check_argument_count(const struct mo_cli *cli)
{
	const struct mo_command *command = cli->command;
	const char *first_word = cli->n_arguments ? cli->arguments[0] : "";

	if (cli->n_arguments < command->min_arguments)
		return mo_error_create(MO_E_INVALID, "%s needs %s", command->name, command->arguments);
	if (cli->n_arguments > command->max_arguments && !cli->n_dump_paths && (command->flags & MO_COMMAND_DUMP) &&
	    !mo_parsed_has(cli->parsed, "dump"))
		return mo_error_create(MO_E_INVALID,
				       "%s takes %s: too many arguments (and '%s', taken as the dump, does not exist)",
				       command->name, command->arguments, first_word);
	if (cli->n_arguments > command->max_arguments && command->max_arguments)
		return mo_error_create(MO_E_INVALID, "%s takes %s: too many arguments", command->name, command->arguments);
	if (cli->n_arguments > command->max_arguments)
		return mo_error_create(MO_E_INVALID, "%s takes no arguments: '%s'", command->name, first_word);
	return NULL;
}

struct mo_error *mo_split_words(struct mo_cli *cli, const char **paths)
{
	const struct mo_parsed *parsed = cli->parsed;
	size_t n_words = cli->command->flags & MO_COMMAND_DUMP ? count_dump_words(cli) : 0;
	size_t n_paths = 0;

	if (cli->command->flags & MO_COMMAND_DUMP)
		n_paths = mo_parsed_all(parsed, "dump", paths, SIZE_MAX);
	for (size_t i = 0; i < n_words; i++)
		paths[n_paths++] = parsed->words[i];
	cli->dump_paths = paths;
	cli->n_dump_paths = n_paths;
	cli->arguments = parsed->words + n_words;
	cli->n_arguments = parsed->n_words - n_words;
	MO_TRY(check_dump_is_not_last(cli));
	MO_TRY(check_argument_count(cli));
	if (!n_paths && (cli->command->flags & (MO_COMMAND_DUMP | MO_COMMAND_DUMP_OPTIONAL)) == MO_COMMAND_DUMP) {
		paths[0] = LIVE_KERNEL;
		cli->n_dump_paths = 1;
	}
	return NULL;
}

static enum mo_type_choice type_choice(const char *text)
{
	if (text && !strcmp(text, "btf"))
		return MO_TYPES_OF_DUMP;
	if (text && !strcmp(text, "dwarf"))
		return MO_TYPES_OF_VMLINUX;
	return MO_TYPES_BEST;
}

/* Before anything else: whatever is said of such a dump is said of a part of it. */
static void remark_on_cut(const struct mo_cli *cli)
{
	MO_CLEANUP(mo_cleanup_text) struct mo_text cut = MO_TEXT_EMPTY;

	mo_dump_append_cut(mo_kernel_dump_info(cli->kernel), &cut);
	if (cut.length && !mo_kernel_facts(cli->kernel)->is_log)
		mo_cli_remark(cli, "%s: %s", mo_kernel_facts(cli->kernel)->dump_path, mo_text_chars(&cut));
}

/* What is in a cache that everybody may write to could be anybody's; the run goes on without. */
static void drop_untrusted(const struct mo_cli *cli, char **cache_dir)
{
	MO_DROP_ERROR struct mo_error *error = *cache_dir ? mo_trust_for_cache(*cache_dir) : NULL;

	if (!error)
		return;
	mo_cli_remark(cli, "no cache is used: %s", mo_error_text(error));
	free(*cache_dir);
	*cache_dir = NULL;
}

struct mo_error *mo_cli_open_dump(struct mo_cli *cli)
{
	const struct mo_parsed *parsed = cli->parsed;
	const char *debug_dirs[MAX_DEBUG_DIRS + 1] = { NULL };
	size_t n_debug_dirs = mo_parsed_all(parsed, "debug-dir", debug_dirs, MAX_DEBUG_DIRS);
	MO_FREE char *cache_dir = mo_parsed_has(parsed, "no-cache") ? NULL : mo_cache_directory();
	struct mo_session_options options = {
		.dump_paths = cli->dump_paths,
		.n_dump_paths = cli->n_dump_paths,
		.vmlinux_path = mo_parsed_text(parsed, "vmlinux"),
		.debug_roots = n_debug_dirs ? debug_dirs : NULL,
		.types = type_choice(mo_parsed_text(parsed, "types")),
		.types_are_optional = cli->command->flags & MO_COMMAND_TYPES_OPTIONAL,
		.log_is_enough = cli->command->flags & MO_COMMAND_READS_LOGS,
		.progress = cli->progress,
	};

	drop_untrusted(cli, &cache_dir);
	options.cache_dir = cache_dir;
	if (n_debug_dirs > MAX_DEBUG_DIRS)
		return mo_error_create(MO_E_INVALID, "--debug-dir was given more than %d times", MAX_DEBUG_DIRS);
	MO_TRY(mo_kernel_open(&options, &cli->kernel));
	if (mo_kernel_facts(cli->kernel)->is_log && !(cli->command->flags & MO_COMMAND_READS_LOGS))
		return mo_error_create(MO_E_UNSUPPORTED,
				       "%s is a log, and a log contains no memory: only oom, report, dmesg and info read logs",
				       mo_kernel_facts(cli->kernel)->dump_path);
	remark_on_cut(cli);
	return mo_reader_create(cli->kernel, &cli->reader);
}
