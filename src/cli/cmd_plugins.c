/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "command.h"
#include "session.h"
#include "text.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

enum plugin_column {
	PLUGIN_NAME,
	PLUGIN_VERSION,
	PLUGIN_COMMANDS,
	PLUGIN_PUBLISHES,
	PLUGIN_READS,
	PLUGIN_NEEDS,
	PLUGIN_SUMMARY,
	PLUGIN_FILE,
	PLUGIN_COLUMNS,
};

static const struct mo_column plugin_columns[PLUGIN_COLUMNS] = {
	[PLUGIN_NAME] = { .key = "name", .heading = "NAME", .help = "of the plugin" },
	[PLUGIN_VERSION] = { .key = "version", .heading = "VERSION", .help = "as the plugin says" },
	[PLUGIN_COMMANDS] = { .key = "commands", .heading = "COMMANDS", .help = "that it brings", .flags = MO_COLUMN_WRAP },
	[PLUGIN_PUBLISHES] = { .key = "publishes", .heading = "PUBLISHES", .help = "the model that it gathers" },
	[PLUGIN_READS] = { .key = "reads", .heading = "READS", .help = "models of other plugins; in brackets: optional" },
	[PLUGIN_NEEDS] = { .key = "needs", .heading = "NEEDS", .kind = MO_CELL_COUNT,
			   .help = "types, members, enumerators and symbols of the kernel" },
	[PLUGIN_SUMMARY] = { .key = "summary", .heading = "SUMMARY", .help = "what it is for", .flags = MO_COLUMN_WRAP },
	[PLUGIN_FILE] = { .key = "file", .heading = "FILE", .help = "it was loaded from; empty: linked in",
			  .flags = MO_COLUMN_HIDDEN },
};

static const struct mo_table_spec plugin_table = {
	.name = "plugins",
	.title = "Plugins",
	.columns = plugin_columns,
	.n_columns = COUNT(plugin_columns),
	.flags = MO_TABLE_NO_TITLE,
};

enum refused_column { REFUSED_FILE, REFUSED_WHY, REFUSED_COLUMNS };

static const struct mo_column refused_columns[REFUSED_COLUMNS] = {
	[REFUSED_FILE] = { .key = "file", .heading = "FILE", .help = "that was not taken" },
	[REFUSED_WHY] = { .key = "why", .heading = "WHY", .help = "it was not", .flags = MO_COLUMN_WRAP },
};

static const struct mo_table_spec refused_table = {
	.name = "refused",
	.title = "Not loaded",
	.columns = refused_columns,
	.n_columns = COUNT(refused_columns),
};

enum need_column { NEED_PLUGIN, NEED_KIND, NEED_NAME, NEED_STATE, NEED_FOUND, NEED_WHY, NEED_COLUMNS };

static const struct mo_column need_columns[NEED_COLUMNS] = {
	[NEED_PLUGIN] = { .key = "plugin", .heading = "PLUGIN", .help = "that needs it" },
	[NEED_KIND] = { .key = "kind", .heading = "KIND", .help = "field, size, constant or symbol" },
	[NEED_NAME] = { .key = "need", .heading = "NEED", .help = "type and name" },
	[NEED_STATE] = { .key = "state", .heading = "STATE",
			 .help = "bound; absent (optional: the plugin does without); missing (the plugin cannot run)" },
	[NEED_FOUND] = { .key = "found", .heading = "FOUND", .help = "under which name it was found" },
	[NEED_WHY] = { .key = "why", .heading = "WHY", .help = "of alternatives: since which release, in which file",
		       .flags = MO_COLUMN_HIDDEN },
};

static const struct mo_table_spec need_table = {
	.name = "needs",
	.title = "What the plugins need of this kernel",
	.columns = need_columns,
	.n_columns = COUNT(need_columns),
};

static void append_word(struct mo_text *text, const char *word)
{
	mo_text_printf(text, "%s%s", text->length ? " " : "", word);
}

static void write_plugin(struct mo_report *report, const struct mo_loaded_plugin *loaded)
{
	const struct mo_plugin *plugin = &loaded->plugin;
	MO_CLEANUP(mo_cleanup_text) struct mo_text commands = MO_TEXT_EMPTY;
	MO_CLEANUP(mo_cleanup_text) struct mo_text publishes = MO_TEXT_EMPTY;
	MO_CLEANUP(mo_cleanup_text) struct mo_text reads = MO_TEXT_EMPTY;
	struct mo_cell cells[PLUGIN_COLUMNS];

	for (size_t i = 0; i < plugin->n_views; i++)
		if (!plugin->views[i].is_hidden)
			append_word(&commands, plugin->views[i].name);
	if (plugin->publishes.name)
		mo_text_printf(&publishes, "%s %u", plugin->publishes.name, plugin->publishes.version);
	for (size_t i = 0; i < plugin->n_reads; i++)
		mo_text_printf(&reads, plugin->reads[i].is_optional ? "%s[%s %u]" : "%s%s %u", i ? ", " : "",
			       plugin->reads[i].name, plugin->reads[i].version);
	cells[PLUGIN_NAME] = mo_cell_text(plugin->name);
	cells[PLUGIN_VERSION] = mo_cell_text(plugin->version);
	cells[PLUGIN_COMMANDS] = mo_cell_text(mo_text_chars(&commands));
	cells[PLUGIN_PUBLISHES] = mo_cell_text(mo_text_chars(&publishes));
	cells[PLUGIN_READS] = mo_cell_text(mo_text_chars(&reads));
	cells[PLUGIN_NEEDS] = mo_cell_number(mo_exact(plugin->needs ? plugin->needs->n_needs : 0));
	cells[PLUGIN_SUMMARY] = mo_cell_text(plugin->summary);
	cells[PLUGIN_FILE] = mo_cell_text(loaded->path ? loaded->path : "");
	mo_report_row(report, cells);
}

static void write_refused(struct mo_cli *cli)
{
	const struct mo_plugin_set *set = &cli->plugins;

	if (!set->n_refused)
		return;
	mo_report_table_begin(cli->report, &refused_table);
	for (size_t i = 0; i < set->n_refused; i++) {
		struct mo_cell cells[REFUSED_COLUMNS];

		cells[REFUSED_FILE] = mo_cell_text(set->refused[i].path);
		cells[REFUSED_WHY] = mo_cell_text(set->refused[i].why);
		mo_report_row(cli->report, cells);
		cli->is_partial |= !set->refused[i].is_shadowed;
	}
	mo_report_table_end(cli->report);
}

static const char *kind_name(enum mo_need_kind kind)
{
	switch (kind) {
	case MO_NEED_FIELD:
		return "field";
	case MO_NEED_SIZE:
		return "size";
	case MO_NEED_CONSTANT:
		return "constant";
	case MO_NEED_ADDRESS:
		return "symbol";
	}
	return NULL;
}

/* What a handle says after binding: all kinds have a name and whether they are bound. */
static const char *found_name(const struct mo_need *need, const void *layout)
{
	const void *handle = (const uint8_t *)layout + need->into_bytes;

	switch (need->kind) {
	case MO_NEED_FIELD:
		return mo_has((const struct mo_field *)handle) ? ((const struct mo_field *)handle)->name : NULL;
	case MO_NEED_SIZE:
		return mo_has((const struct mo_size *)handle) ? ((const struct mo_size *)handle)->name : NULL;
	case MO_NEED_CONSTANT:
		return mo_has((const struct mo_constant *)handle) ? ((const struct mo_constant *)handle)->name : NULL;
	case MO_NEED_ADDRESS:
		return mo_has((const struct mo_address *)handle) ? ((const struct mo_address *)handle)->name : NULL;
	}
	return NULL;
}

static void append_need(struct mo_text *text, const struct mo_need *need)
{
	if (need->type)
		mo_text_append(text, need->type);
	if (need->name)
		mo_text_printf(text, "%s%s", need->type ? "." : "", need->name);
}

/* Binds one need alone, so that each is told and none hides the next. */
static struct mo_error *write_need(struct mo_cli *cli, const struct mo_plugin *plugin, const struct mo_need *need,
				   void *layout)
{
	struct mo_error *error = mo_bind(cli->kernel, need, 1, layout);
	const char *found = error ? NULL : found_name(need, layout);
	MO_CLEANUP(mo_cleanup_text) struct mo_text name = MO_TEXT_EMPTY;
	struct mo_cell cells[NEED_COLUMNS];

	if (error && mo_error_code(error) == MO_E_NO_MEMORY)
		return error;
	append_need(&name, need);
	cells[NEED_PLUGIN] = mo_cell_text(plugin->name);
	cells[NEED_KIND] = mo_cell_text(kind_name(need->kind));
	cells[NEED_NAME] = mo_cell_text(mo_text_chars(&name));
	cells[NEED_STATE] = mo_cell_text(error ? "missing" : found ? "bound" : "absent");
	cells[NEED_FOUND] = mo_cell_text(error ? mo_error_text(error) : found ? found : "");
	cells[NEED_WHY] = mo_cell_text(need->why ? need->why : "");
	mo_report_row(cli->report, cells);
	cli->is_partial |= error != NULL;
	mo_error_destroy(error);
	return NULL;
}

static struct mo_error *prefetch_all(struct mo_cli *cli)
{
	const struct mo_plugin_set *set = &cli->plugins;
	MO_FREE const struct mo_need **tables = calloc(set->count + 1, sizeof(*tables));
	MO_FREE size_t *n_needs = calloc(set->count + 1, sizeof(*n_needs));

	if (!tables || !n_needs)
		return mo_error_no_memory();
	for (size_t i = 0; i < set->count; i++) {
		const struct mo_need_table *table = set->items[i].plugin.needs;

		tables[i] = table ? table->needs : NULL;
		n_needs[i] = table ? table->n_needs : 0;
	}
	return mo_kernel_prefetch(cli->kernel, tables, n_needs, set->count);
}

static struct mo_error *write_needs(struct mo_cli *cli)
{
	struct mo_error *error = prefetch_all(cli);

	if (error)
		return error;
	mo_report_table_begin(cli->report, &need_table);
	for (size_t i = 0; i < cli->plugins.count && !error; i++) {
		const struct mo_plugin *plugin = &cli->plugins.items[i].plugin;
		size_t n_needs = plugin->needs ? plugin->needs->n_needs : 0;
		MO_FREE uint8_t *layout = calloc(1, plugin->layout_bytes + 1);

		if (!layout)
			error = mo_error_no_memory();
		for (size_t j = 0; j < n_needs && !error; j++)
			error = write_need(cli, plugin, &plugin->needs->needs[j], layout);
	}
	mo_report_table_end(cli->report);
	return error;
}

static struct mo_error *run_plugins(struct mo_cli *cli)
{
	mo_report_table_begin(cli->report, &plugin_table);
	for (size_t i = 0; i < cli->plugins.count; i++)
		write_plugin(cli->report, &cli->plugins.items[i]);
	mo_report_table_end(cli->report);
	write_refused(cli);
	return cli->kernel ? write_needs(cli) : NULL;
}

static const struct mo_table_spec *const tables[] = { &plugin_table, &refused_table, &need_table };

const struct mo_command mo_cmd_plugins = {
	.name = "plugins",
	.summary = "the plugins, and what of a dump they can bind",
	.help = "Lists the plugins that were loaded, and files that were not taken, with the reason. With a dump it shows "
		"each type, member, enumerator and symbol that a plugin needs, and under which of its names it was found.",
	.tables = tables,
	.n_tables = COUNT(tables),
	.flags = MO_COMMAND_DUMP | MO_COMMAND_DUMP_OPTIONAL | MO_COMMAND_REPORT | MO_COMMAND_PLUGINS,
	.run = run_plugins,
};
