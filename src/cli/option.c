/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The parser of command-line options, driven by tables. */
#include "option.h"

#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "suggest.h"

static const struct mo_cli_option *find_long(const struct mo_option_table *tables, size_t n_tables, const char *name,
					     size_t length)
{
	for (size_t i = 0; i < n_tables; i++)
		for (size_t j = 0; j < tables[i].n_options; j++) {
			const struct mo_cli_option *option = &tables[i].options[j];

			if (strlen(option->name) == length && !memcmp(option->name, name, length))
				return option;
		}
	return NULL;
}

static const struct mo_cli_option *find_letter(const struct mo_option_table *tables, size_t n_tables, char letter)
{
	for (size_t i = 0; i < n_tables; i++)
		for (size_t j = 0; j < tables[i].n_options; j++)
			if (tables[i].options[j].letter == letter)
				return &tables[i].options[j];
	return NULL;
}

static struct mo_error *unknown_long(const struct mo_option_table *tables, size_t n_tables, const char *name,
				     size_t length)
{
	struct mo_suggestion suggestion;

	mo_suggest_begin(&suggestion, name, length);
	for (size_t i = 0; i < n_tables; i++)
		for (size_t j = 0; j < tables[i].n_options; j++)
			mo_suggest_try(&suggestion, tables[i].options[j].name);
	if (suggestion.best)
		return mo_error_create(MO_E_INVALID, "unknown option --%.*s (did you mean --%s?)", (int)length, name,
				       suggestion.best);
	return mo_error_create(MO_E_INVALID, "unknown option --%.*s", (int)length, name);
}

static bool is_choice(const char *choices, const char *text)
{
	size_t length = strlen(text);

	for (const char *at = choices; at; at = strchr(at, '|')) {
		at += *at == '|';
		if (!strncmp(at, text, length) && (at[length] == '|' || !at[length]))
			return true;
	}
	return false;
}

static struct mo_error *add_given(struct mo_parsed *parsed, const struct mo_cli_option *option, const char *text)
{
	struct mo_given_option given = { .option = option, .text = text };

	/* No option means anything by nothing: "--level=" comes of a variable that a script left empty. */
	if (option->kind != MO_OPTION_FLAG && !*text)
		return mo_error_create(MO_E_INVALID, "--%s needs a value (%s)", option->name, option->value);
	if (option->choices && !is_choice(option->choices, text))
		return mo_error_create(MO_E_INVALID, "--%s: '%s' must be one of %s", option->name, text, option->choices);
	if (option->kind == MO_OPTION_NUMBER && !mo_parse_number(text, &given.number))
		return mo_error_create(MO_E_INVALID, "--%s: '%s' is not a number", option->name, text);
	parsed->given[parsed->n_given++] = given;
	return NULL;
}

/* "--name", "--name=value", "--name value": how many of argv it took is added to *at. */
static struct mo_error *parse_long(struct mo_parsed *parsed, char *const *argv, size_t argc,
				   const struct mo_option_table *tables, size_t n_tables, size_t *at)
{
	const char *name = argv[*at] + 2;
	const char *equals = strchr(name, '=');
	size_t length = equals ? (size_t)(equals - name) : strlen(name);
	const struct mo_cli_option *option = find_long(tables, n_tables, name, length);

	if (!option)
		return unknown_long(tables, n_tables, name, length);
	++*at;
	if (option->kind == MO_OPTION_FLAG) {
		if (equals)
			return mo_error_create(MO_E_INVALID, "--%s takes no value", option->name);
		return add_given(parsed, option, NULL);
	}
	if (equals)
		return add_given(parsed, option, equals + 1);
	if (*at == argc)
		return mo_error_create(MO_E_INVALID, "--%s needs a value (%s)", option->name, option->value);
	return add_given(parsed, option, argv[(*at)++]);
}

/* "-q", "-qT" (flags together), "-oFILE", "-o FILE". */
static struct mo_error *parse_letters(struct mo_parsed *parsed, char *const *argv, size_t argc,
				      const struct mo_option_table *tables, size_t n_tables, size_t *at)
{
	const char *letters = argv[(*at)++] + 1;

	for (; *letters; letters++) {
		const struct mo_cli_option *option = find_letter(tables, n_tables, *letters);

		if (!option)
			return mo_error_create(MO_E_INVALID, "unknown option -%c", *letters);
		if (option->kind == MO_OPTION_FLAG) {
			MO_TRY(add_given(parsed, option, NULL));
			continue;
		}
		if (letters[1])
			return add_given(parsed, option, letters + 1);
		if (*at == argc)
			return mo_error_create(MO_E_INVALID, "-%c needs a value (%s)", *letters, option->value);
		return add_given(parsed, option, argv[(*at)++]);
	}
	return NULL;
}

static struct mo_error *parse(struct mo_parsed *parsed, char *const *argv, size_t argc,
			      const struct mo_option_table *tables, size_t n_tables, bool stop_at_word)
{
	bool after_dashes = false;
	size_t at = 0;

	while (at < argc) {
		const char *word = argv[at];

		if (!after_dashes && !strcmp(word, "--")) {
			after_dashes = true;
			parsed->n_words_before_dashes = parsed->n_words;
			at++;
		} else if (!after_dashes && word[0] == '-' && word[1] == '-') {
			MO_TRY(parse_long(parsed, argv, argc, tables, n_tables, &at));
		} else if (!after_dashes && word[0] == '-' && word[1]) {
			MO_TRY(parse_letters(parsed, argv, argc, tables, n_tables, &at));
		} else if (stop_at_word) {
			break;
		} else {
			parsed->words[parsed->n_words++] = word;
			at++;
		}
	}
	if (!after_dashes)
		parsed->n_words_before_dashes = parsed->n_words;
	parsed->n_consumed = at;
	return NULL;
}

struct mo_error *mo_parse_options(char *const *argv, size_t argc, const struct mo_option_table *tables, size_t n_tables,
				  bool stop_at_word, struct mo_parsed *ret)
{
	struct mo_parsed parsed = { .n_given = 0 };
	struct mo_error *error;
	size_t n_max = 1;

	/* Letters stand together, so there are at most as many options as characters. */
	for (size_t i = 0; i < argc; i++)
		n_max += strlen(argv[i]);
	parsed.given = calloc(n_max, sizeof(*parsed.given));
	parsed.words = calloc(argc + 1, sizeof(*parsed.words));
	if (parsed.given && parsed.words)
		error = parse(&parsed, argv, argc, tables, n_tables, stop_at_word);
	else
		error = mo_error_no_memory();
	if (error) {
		mo_parsed_deinit(&parsed);
		return error;
	}
	*ret = parsed;
	return NULL;
}

void mo_parsed_deinit(struct mo_parsed *parsed)
{
	free(parsed->given);
	free(parsed->words);
	*parsed = (struct mo_parsed){ .n_given = 0 };
}

const struct mo_given_option *mo_parsed_find(const struct mo_parsed *parsed, const char *name)
{
	for (size_t i = parsed->n_given; i > 0; i--)
		if (!strcmp(parsed->given[i - 1].option->name, name))
			return &parsed->given[i - 1];
	return NULL;
}

bool mo_parsed_has(const struct mo_parsed *parsed, const char *name)
{
	return mo_parsed_find(parsed, name) != NULL;
}

const char *mo_parsed_text(const struct mo_parsed *parsed, const char *name)
{
	const struct mo_given_option *given = mo_parsed_find(parsed, name);

	return given ? given->text : NULL;
}

size_t mo_parsed_all(const struct mo_parsed *parsed, const char *name, const char **ret, size_t n_max)
{
	size_t n = 0;

	for (size_t i = 0; i < parsed->n_given; i++)
		if (!strcmp(parsed->given[i].option->name, name)) {
			if (n < n_max)
				ret[n] = parsed->given[i].text;
			n++;
		}
	return n;
}
