/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MO_OPTION_H
#define MO_OPTION_H

/*
 * Options as tables of rows: the same row is parser, --help text and completion.
 *
 * Long options take their value as --name=VALUE or --name VALUE, letters as -xVALUE or -x VALUE; "--" ends them.
 * Given twice, the last one counts, unless the option may be repeated.
 */

#include <stddef.h>

#include <memopsy/error.h>
#include <memopsy/numbers.h>
#include <memopsy/plugin.h>

struct mo_cli_option {
	const char *name;            /* long, without dashes */
	char letter;                 /* 0: none */
	enum mo_option_kind kind;
	const char *value;           /* what help calls it: "FILE" */
	const char *help;
	const char *choices;         /* "auto|never|always": the only values; NULL: any */
};

struct mo_option_table {
	const struct mo_cli_option *options;
	size_t n_options;
};

struct mo_given_option {
	const struct mo_cli_option *option;
	const char *text;            /* of the command line; NULL for flags */
	uint64_t number;
};

/* A command line taken apart. Strings are those of argv. */
struct mo_parsed {
	struct mo_given_option *given;
	size_t n_given;
	const char **words;          /* what is no option, in order */
	size_t n_words;
	size_t n_words_before_dashes; /* how many of them stood before "--" (all, if there was none) */
	size_t n_consumed;           /* of argv */
};

/*
 * Takes apart argv[0 .. argc-1] (no program name among them). With stop_at_word it ends before the first word.
 * MO_E_INVALID: unknown option, value missing, empty or not of its kind.
 */
struct mo_error *mo_parse_options(char *const *argv, size_t argc, const struct mo_option_table *tables, size_t n_tables,
				  bool stop_at_word, struct mo_parsed *ret) MO_MUST_USE;
void mo_parsed_deinit(struct mo_parsed *parsed);

/* The last one given under this name; NULL: none. */
const struct mo_given_option *mo_parsed_find(const struct mo_parsed *parsed, const char *name);
bool mo_parsed_has(const struct mo_parsed *parsed, const char *name);
const char *mo_parsed_text(const struct mo_parsed *parsed, const char *name); /* NULL: not given */

/* Every value given under this name: at most n_max go into ret; how many there are. */
size_t mo_parsed_all(const struct mo_parsed *parsed, const char *name, const char **ret, size_t n_max);

#endif
