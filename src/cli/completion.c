/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Answers for the shells' completion: commands, options, column names. */
#include "completion.h"

#include <stdio.h>
#include <string.h>

#include "command.h"

static void list_commands(const struct mo_plugin_set *plugins)
{
	for (size_t i = 0; mo_commands[i]; i++)
		puts(mo_commands[i]->name);
	for (size_t i = 0; i < plugins->count; i++)
		for (size_t j = 0; j < plugins->items[i].plugin.n_views; j++)
			if (!plugins->items[i].plugin.views[j].is_hidden)
				puts(plugins->items[i].plugin.views[j].name);
}

/* "--name", or "--name=" if a value follows; "--name=choice" for each of its choices. */
static void list_table(const struct mo_option_table *table)
{
	for (size_t i = 0; i < table->n_options; i++) {
		const struct mo_cli_option *option = &table->options[i];

		if (option->kind == MO_OPTION_FLAG) {
			printf("--%s\n", option->name);
		} else if (!option->choices) {
			printf("--%s=\n", option->name);
		} else {
			for (const char *at = option->choices; at; at = strchr(at, '|')) {
				at += *at == '|';
				printf("--%s=%.*s\n", option->name, (int)strcspn(at, "|"), at);
			}
		}
	}
}

static void list_options(const struct mo_plugin_set *plugins, const char *name)
{
	const struct mo_command *command = mo_command_find(name);
	const struct mo_view *view = NULL;
	size_t plugin;

	list_table(&mo_options_general);
	if (command) {
		const struct mo_option_table own = { .options = command->options, .n_options = command->n_options };

		list_table(&own);
	} else if (mo_plugin_set_find_command(plugins, name, &plugin, &view)) {
		for (size_t i = 0; i < view->n_options; i++)
			printf("--%s%s\n", view->options[i].name, view->options[i].kind == MO_OPTION_FLAG ? "" : "=");
	}
	if (view || (command && command->flags & (MO_COMMAND_DUMP | MO_COMMAND_DUMP_OPTIONS)))
		list_table(&mo_options_dump);
	if (view || (command && command->flags & MO_COMMAND_REPORT))
		list_table(&mo_options_report);
}

static bool is_listed_before(const struct mo_table_spec *const *tables, size_t table, size_t column)
{
	const char *key = tables[table]->columns[column].key;

	for (size_t i = 0; i <= table; i++)
		for (size_t j = 0; j < (i < table ? tables[i]->n_columns : column); j++)
			if (!strcmp(tables[i]->columns[j].key, key))
				return true;
	return false;
}

/* Each key once, whichever of the command's tables has it. */
static void list_columns(const struct mo_plugin_set *plugins, const char *name)
{
	const struct mo_command *command = mo_command_find(name);
	const struct mo_table_spec *const *tables = command ? command->tables : NULL;
	size_t n_tables = command ? command->n_tables : 0;
	const struct mo_view *view;
	size_t plugin;

	if (!command && mo_plugin_set_find_command(plugins, name, &plugin, &view)) {
		tables = view->tables;
		n_tables = view->n_tables;
	}
	for (size_t i = 0; i < n_tables; i++)
		for (size_t j = 0; j < tables[i]->n_columns; j++)
			if (!is_listed_before(tables, i, j))
				puts(tables[i]->columns[j].key);
}

bool mo_completion_list(int argc, char *const *argv)
{
	struct mo_plugin_set plugins = { .items = NULL };
	bool wants_commands = argc == 1 && !strcmp(argv[0], "--list-commands");
	bool wants_options = argc == 2 && !strcmp(argv[0], "--list-options");
	bool wants_columns = argc == 2 && !strcmp(argv[0], "--list-columns");

	if (!wants_commands && !wants_options && !wants_columns)
		return false;
	/* Completion has nowhere to show an error: without plugins it offers the rest. */
	mo_error_destroy(mo_plugin_set_load(NULL, 0, &plugins));
	if (wants_commands)
		list_commands(&plugins);
	else if (wants_columns)
		list_columns(&plugins, argv[1]);
	else
		list_options(&plugins, argv[1]);
	mo_plugin_set_deinit(&plugins);
	return true;
}
