/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* `memopsy plugins`: what was loaded, and what it needs of the kernel in the dump. */
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "command.h"
#include "mm_layouts.h"
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
	[PLUGIN_COMMANDS] = { .key = "commands", .heading = "COMMANDS", .help = "that it adds", .flags = MO_COLUMN_WRAP },
	[PLUGIN_PUBLISHES] = { .key = "publishes", .heading = "PUBLISHES", .help = "the model it gathers" },
	[PLUGIN_READS] = { .key = "reads", .heading = "READS", .help = "models of other plugins; optional ones in brackets" },
	[PLUGIN_NEEDS] = { .key = "needs", .heading = "NEEDS", .kind = MO_CELL_COUNT,
			   .help = "types, members, enumerators and symbols of the kernel" },
	[PLUGIN_SUMMARY] = { .key = "summary", .heading = "SUMMARY", .help = "what it is for", .flags = MO_COLUMN_WRAP },
	[PLUGIN_FILE] = { .key = "file", .heading = "FILE", .help = "loaded from; empty: linked in",
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
	[REFUSED_FILE] = { .key = "file", .heading = "FILE", .help = "rejected file" },
	[REFUSED_WHY] = { .key = "why", .heading = "REASON", .help = "reason", .flags = MO_COLUMN_WRAP },
};

static const struct mo_table_spec refused_table = {
	.name = "refused",
	.title = "Rejected files",
	.columns = refused_columns,
	.n_columns = COUNT(refused_columns),
};

enum need_column {
	NEED_PLUGIN,
	NEED_KIND,
	NEED_NAME,
	NEED_OTHERS,
	NEED_STATE,
	NEED_FOUND,
	NEED_OPTIONAL,
	NEED_WHY,
	NEED_COLUMNS,
};

static const struct mo_column need_columns[NEED_COLUMNS] = {
	[NEED_PLUGIN] = { .key = "plugin", .heading = "PLUGIN", .help = "that needs it; core: needed by all" },
	[NEED_KIND] = { .key = "kind", .heading = "KIND",
			.help = "field, size, constant or symbol; layout: bound by the core for all" },
	[NEED_NAME] = { .key = "need", .heading = "NEED", .help = "type and name" },
	[NEED_OTHERS] = { .key = "other_names", .heading = "OTHER NAMES", .help = "tried after the first, in this order",
			  .flags = MO_COLUMN_HIDDEN },
	[NEED_STATE] = { .key = "state", .heading = "STATE",
			 .help = "bound; absent (optional, the plugin works without); missing (the plugin cannot run)" },
	[NEED_FOUND] = { .key = "found", .heading = "FOUND", .help = "name under which it was found" },
	[NEED_OPTIONAL] = { .key = "optional", .heading = "OPTIONAL", .kind = MO_CELL_BOOL,
			    .help = "whether the plugin works without it", .flags = MO_COLUMN_HIDDEN },
	[NEED_WHY] = { .key = "why", .heading = "WHY", .help = "of alternatives: since which release, in which file",
		       .flags = MO_COLUMN_HIDDEN },
};

static const struct mo_table_spec need_table = {
	.name = "needs",
	.title = "What the plugins need from this kernel",
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
		if (!set->refused[i].is_shadowed)
			mo_cli_missing(cli, "%s: %s", set->refused[i].path, set->refused[i].why);
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
	case MO_NEED_SHARED:
		return "layout";
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
	case MO_NEED_SHARED:
		return *(const void *const *)handle ? need->type : NULL;
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

static void append_others(struct mo_text *text, const struct mo_need *need)
{
	for (size_t i = 0; i < MO_NEED_ALTERNATIVES && need->or_names[i]; i++)
		mo_text_printf(text, "%s%s", i ? ", " : "", need->or_names[i]);
}

/* A table of needs and who has it. */
struct needing {
	const char *name;
	const struct mo_need *needs;
	size_t n_needs;
	size_t layout_bytes;
	bool is_core;
};

/* Binds one need alone, so that each is told and none hides the next. Without a dump its state is unknown. */
static struct mo_error *write_need(struct mo_cli *cli, const struct needing *user, const struct mo_need *need, void *layout)
{
	struct mo_error *error = cli->kernel ? mo_bind(cli->kernel, need, 1, layout) : NULL;
	const char *found = error || !cli->kernel ? NULL : found_name(need, layout);
	MO_CLEANUP(mo_cleanup_text) struct mo_text name = MO_TEXT_EMPTY;
	MO_CLEANUP(mo_cleanup_text) struct mo_text others = MO_TEXT_EMPTY;
	struct mo_cell cells[NEED_COLUMNS];

	if (mo_error_ends_run(error))
		return error;
	append_need(&name, need);
	append_others(&others, need);
	cells[NEED_PLUGIN] = mo_cell_text(user->name);
	cells[NEED_KIND] = mo_cell_text(kind_name(need->kind));
	cells[NEED_NAME] = mo_cell_text(mo_text_chars(&name));
	cells[NEED_OTHERS] = mo_cell_text(mo_text_chars(&others));
	cells[NEED_STATE] = mo_cell_text(!cli->kernel ? NULL : error ? "missing" : found ? "bound" : "absent");
	cells[NEED_FOUND] = mo_cell_text(error ? mo_error_text(error) : found ? found : "");
	cells[NEED_OPTIONAL] = mo_cell_number(mo_exact(need->is_optional));
	cells[NEED_WHY] = mo_cell_text(need->why ? need->why : "");
	mo_report_row(cli->report, cells);
	if (error && !user->is_core)
		mo_cli_missing(cli, "%s: %s", user->name, mo_error_text(error));
	mo_error_destroy(error);
	return NULL;
}

static struct mo_error *write_table(struct mo_cli *cli, const struct needing *user)
{
	MO_FREE uint8_t *layout = calloc(1, user->layout_bytes + 1);
	struct mo_error *error = NULL;

	if (!layout)
		return mo_error_no_memory();
	for (size_t i = 0; i < user->n_needs && !error; i++)
		error = write_need(cli, user, &user->needs[i], layout);
	return error;
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

/* The core's layouts that this kernel has not (another shape of the log, say) are no shortcoming: only told of. */
static struct mo_error *write_core_tables(struct mo_cli *cli, const struct mo_layout_table *const *tables, size_t n_tables)
{
	struct mo_error *error = NULL;

	for (size_t i = 0; i < n_tables && !error; i++) {
		struct needing core = { .name = "core", .needs = tables[i]->needs, .n_needs = tables[i]->n_needs,
					.layout_bytes = tables[i]->layout_bytes, .is_core = true };

		error = write_table(cli, &core);
	}
	return error;
}

static struct mo_error *write_core_needs(struct mo_cli *cli)
{
	size_t n_of_kernel, n_of_mm;
	const struct mo_layout_table *const *of_kernel = mo_kernel_layout_tables(&n_of_kernel);
	const struct mo_layout_table *const *of_mm = mo_mm_layout_tables(&n_of_mm);
	struct mo_error *error = write_core_tables(cli, of_kernel, n_of_kernel);

	if (!error)
		error = write_core_tables(cli, of_mm, n_of_mm);
	return error;
}

static struct mo_error *write_plugin_table(struct mo_cli *cli, const struct mo_plugin *plugin, const struct mo_need_table *table,
					   size_t layout_bytes)
{
	const struct needing user = { .name = plugin->name, .layout_bytes = layout_bytes, .needs = table ? table->needs : NULL,
				      .n_needs = table ? table->n_needs : 0 };

	return write_table(cli, &user);
}

/* What is needed of modules can only be told once their types are known. */
static struct mo_error *load_module_types(struct mo_cli *cli)
{
	bool is_needed = false;

	for (size_t i = 0; i < cli->plugins.count; i++)
		is_needed |= cli->plugins.items[i].plugin.module_needs != NULL;
	if (!is_needed)
		return NULL;
	MO_TRY(mo_kernel_load_modules(cli->kernel));
	return mo_kernel_load_module_types(cli->kernel, NULL);
}

static struct mo_error *write_needs(struct mo_cli *cli)
{
	struct mo_error *error = cli->kernel ? prefetch_all(cli) : NULL;

	if (!error && cli->kernel)
		error = load_module_types(cli);
	if (error)
		return error;
	mo_report_table_begin(cli->report, &need_table);
	error = write_core_needs(cli);
	for (size_t i = 0; i < cli->plugins.count && !error; i++) {
		const struct mo_plugin *plugin = &cli->plugins.items[i].plugin;
		error = write_plugin_table(cli, plugin, plugin->needs, plugin->layout_bytes);
		if (!error)
			error = write_plugin_table(cli, plugin, plugin->module_needs, plugin->module_layout_bytes);
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
	return cli->kernel || mo_parsed_has(cli->parsed, "needs") ? write_needs(cli) : NULL;
}

static const struct mo_cli_option options[] = {
	{ .name = "needs", .help = "show what the plugins and the core need from a kernel; works without a dump" },
};

static const struct mo_table_spec *const tables[] = { &plugin_table, &refused_table, &need_table };

const struct mo_command mo_cmd_plugins = {
	.name = "plugins",
	.summary = "the plugins, and what they find in a dump",
	.help = "Lists the loaded plugins, and rejected files with the reason. With a dump it shows "
		"each type, member, enumerator and symbol that a plugin needs, and the name under which it was found.",
	.options = options,
	.n_options = COUNT(options),
	.tables = tables,
	.n_tables = COUNT(tables),
	.flags = MO_COMMAND_DUMP | MO_COMMAND_DUMP_OPTIONAL | MO_COMMAND_REPORT | MO_COMMAND_PLUGINS,
	.run = run_plugins,
};
