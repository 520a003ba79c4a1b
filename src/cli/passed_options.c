/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Hands options of the line on to a worker. */
#include "passed_options.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const passed_on[] = { "vmlinux", "types", "debug-dir", "no-cache", "no-sandbox", "no-nice", "max-rss", "plugin-dir" };

static bool is_passed_on(const char *name)
{
	for (size_t i = 0; i < sizeof(passed_on) / sizeof(passed_on[0]); i++)
		if (!strcmp(name, passed_on[i]))
			return true;
	return false;
}

struct mo_error *mo_worker_line_make(const struct mo_cli *cli, const char *const *own, const char *dump,
				     struct mo_worker_line *ret)
{
	const struct mo_parsed *parsed = cli->parsed;
	size_t n_own = 0, n_chars = 1, n = 0, at = 0;
	struct mo_worker_line line;

	while (own[n_own])
		n_own++;
	for (size_t i = 0; i < parsed->n_given; i++)
		n_chars += strlen(parsed->given[i].option->name) + 3;
	line.words = calloc(n_own + 2 * parsed->n_given + 3, sizeof(*line.words));
	line.names = malloc(n_chars);
	if (!line.words || !line.names) {
		mo_worker_line_deinit(&line);
		return mo_error_no_memory();
	}
	for (; n < n_own; n++)
		line.words[n] = own[n];
	for (size_t i = 0; i < parsed->n_given; i++) {
		const struct mo_given_option *given = &parsed->given[i];

		if (!is_passed_on(given->option->name))
			continue;
		line.words[n++] = line.names + at;
		at += (size_t)snprintf(line.names + at, n_chars - at, "--%s", given->option->name) + 1;
		if (given->text)
			line.words[n++] = given->text;
	}
	if (dump) {
		line.words[n++] = "--";
		line.words[n++] = dump;
	}
	*ret = line;
	return NULL;
}

void mo_worker_line_deinit(struct mo_worker_line *line)
{
	free(line->words);
	free(line->names);
}
