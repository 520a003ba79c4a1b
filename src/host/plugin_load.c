/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Loads plugins, and checks their descriptions. */
#include "plugin_load.h"

#include <ctype.h>
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <stdlib.h>

#include "cleanup.h"
#include "plugin_dir.h"
#include "text.h"
#include "trust.h"

#define MAX_PLUGINS 256
#define MAX_LAYOUT_BYTES (1u << 20)
#define MIN_STRUCT_BYTES (2 * sizeof(uint32_t))

#define X(name) const struct mo_plugin *memopsy_plugin_entry_##name(void);
MO_STATIC_PLUGINS
#undef X

static bool is_word(const char *name)
{
	if (!name || !islower((unsigned char)*name))
		return false;
	for (; *name; name++)
		if (!islower((unsigned char)*name) && !isdigit((unsigned char)*name) && *name != '-' && *name != '_')
			return false;
	return true;
}

static size_t handle_bytes(enum mo_need_kind kind)
{
	switch (kind) {
	case MO_NEED_FIELD:
		return sizeof(struct mo_field);
	case MO_NEED_SIZE:
		return sizeof(struct mo_size);
	case MO_NEED_CONSTANT:
		return sizeof(struct mo_constant);
	case MO_NEED_ADDRESS:
		return sizeof(struct mo_address);
	case MO_NEED_SHARED:
		return sizeof(const void *);
	}
	return 0;
}

static struct mo_error *check_needs(const struct mo_need_table *table, size_t layout_bytes)
{
	if (table && table->n_needs && !table->needs)
		return mo_error_create(MO_E_INVALID, "it has a number of needs but no list of them");
	if (layout_bytes > MAX_LAYOUT_BYTES)
		return mo_error_create(MO_E_INVALID, "its layout is larger than 1 MiB");
	for (size_t i = 0; table && i < table->n_needs; i++) {
		size_t bytes = handle_bytes(table->needs[i].kind);

		if (!bytes || (table->needs[i].kind == MO_NEED_SHARED && !table->needs[i].shared))
			return mo_error_create(MO_E_INVALID, "need %zu is of unknown kind", i);
		if (bytes > layout_bytes || table->needs[i].into_bytes > layout_bytes - bytes)
			return mo_error_create(MO_E_INVALID, "need %zu points outside of the layout", i);
	}
	return NULL;
}

static struct mo_error *check_options(const struct mo_view *view)
{
	if (view->n_options && !view->options)
		return mo_error_create(MO_E_INVALID, "view %s has a number of options but no list of them", view->name);
	for (size_t i = 0; i < view->n_options; i++) {
		const struct mo_option *option = &view->options[i];

		if (!is_word(option->name))
			return mo_error_create(MO_E_INVALID, "option %zu of view %s has no name of lower-case letters", i,
					       view->name);
		if (option->kind > MO_OPTION_NUMBER)
			return mo_error_create(MO_E_INVALID, "option --%s of view %s is of unknown kind", option->name,
					       view->name);
		for (size_t k = 0; k < i; k++)
			if (!strcmp(view->options[k].name, option->name))
				return mo_error_create(MO_E_INVALID, "view %s has two options --%s", view->name, option->name);
	}
	return NULL;
}

static struct mo_error *check_views(const struct mo_plugin *plugin)
{
	if (plugin->n_views && !plugin->views)
		return mo_error_create(MO_E_INVALID, "it has a number of views but no list of them");
	for (size_t i = 0; i < plugin->n_views; i++) {
		const struct mo_view *view = &plugin->views[i];

		if (!is_word(view->name))
			return mo_error_create(MO_E_INVALID, "view %zu has no name of lower-case letters", i);
		if (!view->show || !view->title || !view->summary)
			return mo_error_create(MO_E_INVALID, "view %s lacks its function, title or summary",
					       view->name);
		MO_TRY(check_options(view));
	}
	return NULL;
}

struct mo_error *mo_plugin_check(const struct mo_plugin *plugin)
{
	if (!is_word(plugin->name))
		return mo_error_create(MO_E_INVALID, "it has no name of lower-case letters");
	if (plugin->publishes.name && !plugin->gather)
		return mo_error_create(MO_E_INVALID, "it publishes the model %s, and has no function to gather it",
				       plugin->publishes.name);
	if (plugin->n_reads && !plugin->reads)
		return mo_error_create(MO_E_INVALID, "it has a number of models to read but no list of them");
	for (size_t i = 0; i < plugin->n_reads; i++)
		if (!plugin->reads[i].name)
			return mo_error_create(MO_E_INVALID, "model %zu that it reads has no name", i);
	MO_TRY(check_needs(plugin->needs, plugin->layout_bytes));
	MO_TRY(check_needs(plugin->module_needs, plugin->module_layout_bytes));
	return check_views(plugin);
}

struct mo_error *mo_plugin_take(const struct mo_plugin *described, struct mo_plugin *ret)
{
	struct mo_plugin plugin = { .struct_size = 0 };
	uint32_t known_bytes;

	if (!described)
		return mo_error_create(MO_E_INVALID, "its entry function returns no description");
	if (described->abi != MO_PLUGIN_ABI)
		return mo_error_create(MO_E_UNSUPPORTED,
				       "it was built for plugin ABI %u, and this memopsy has ABI %u: build it again "
				       "with this memopsy's headers",
				       described->abi, MO_PLUGIN_ABI);
	known_bytes = described->struct_size;
	if (known_bytes < MIN_STRUCT_BYTES)
		return mo_error_create(MO_E_INVALID, "its description says that it is %u bytes long", known_bytes);
	if (known_bytes > sizeof(plugin))
		known_bytes = sizeof(plugin);
	memcpy(&plugin, described, known_bytes);
	MO_TRY(mo_plugin_check(&plugin));
	*ret = plugin;
	return NULL;
}

static struct mo_error *append(struct mo_plugin_set *set, const struct mo_plugin *plugin, const char *path)
{
	struct mo_loaded_plugin *items = realloc(set->items, (set->count + 1) * sizeof(*items));
	char *own_path = path ? strdup(path) : NULL;

	if (items)
		set->items = items;
	if (!items || (path && !own_path)) {
		free(own_path);
		return mo_error_no_memory();
	}
	items[set->count++] = (struct mo_loaded_plugin){ .plugin = *plugin, .path = own_path };
	return NULL;
}

static struct mo_error *refuse(struct mo_plugin_set *set, const char *path, const char *why, bool is_shadowed)
{
	struct mo_refused_plugin *items = realloc(set->refused, (set->n_refused + 1) * sizeof(*items));
	struct mo_refused_plugin refused = { .is_shadowed = is_shadowed };

	if (items)
		set->refused = items;
	refused.path = strdup(path);
	refused.why = strdup(why);
	if (!items || !refused.path || !refused.why) {
		free(refused.path);
		free(refused.why);
		return mo_error_no_memory();
	}
	items[set->n_refused++] = refused;
	return NULL;
}

/* Opens one file and takes over its plugin. dlopen's own text names the file. */
static struct mo_error *open_file(const char *path, struct mo_plugin *ret)
{
	mo_plugin_entry entry;
	void *handle;

	MO_TRY(mo_trust_for_code(path, false));
	handle = dlopen(path, RTLD_NOW | RTLD_LOCAL);
	if (!handle)
		return mo_error_create(MO_E_INVALID, "cannot load the plugin: %s", dlerror());
	*(void **)&entry = dlsym(handle, MO_PLUGIN_ENTRY);
	if (!entry) {
		dlclose(handle);
		return mo_error_create(MO_E_INVALID, "%s: not a plugin: it has no function %s", path, MO_PLUGIN_ENTRY);
	}
	return mo_error_prepend(mo_plugin_take(entry(), ret), "%s: plugin refused", path);
}

static const struct mo_loaded_plugin *find_name(const struct mo_plugin_set *set, const char *name)
{
	for (size_t i = 0; i < set->count; i++)
		if (!strcmp(set->items[i].plugin.name, name))
			return &set->items[i];
	return NULL;
}

static const struct mo_loaded_plugin *find_publisher(const struct mo_plugin_set *set, const char *model)
{
	for (size_t i = 0; model && i < set->count; i++)
		if (set->items[i].plugin.publishes.name && !strcmp(set->items[i].plugin.publishes.name, model))
			return &set->items[i];
	return NULL;
}

/* Two plugins of one name, or two that publish one model, would make a report depend on chance: the first stays. */
static struct mo_error *add_unless_known(struct mo_plugin_set *set, const struct mo_plugin *plugin, const char *path,
					 bool may_be_shadowed)
{
	const struct mo_loaded_plugin *twin = find_name(set, plugin->name);
	const struct mo_loaded_plugin *publisher = find_publisher(set, plugin->publishes.name);
	const char *from = path ? path : "(linked in)";
	MO_CLEANUP(mo_cleanup_text) struct mo_text why = MO_TEXT_EMPTY;

	if (!twin && !publisher)
		return append(set, plugin, path);
	if (twin)
		mo_text_printf(&why, "%s: not used: a plugin named %s was already loaded (%s)", from, plugin->name,
			       twin->path ? twin->path : "linked in");
	else
		mo_text_printf(&why, "%s: not used: the plugin %s publishes the model %s already", from,
			       publisher->plugin.name, plugin->publishes.name);
	return refuse(set, from, mo_text_chars(&why), may_be_shadowed && twin);
}

static struct mo_error *load_file(struct mo_plugin_set *set, const char *path, bool may_be_shadowed)
{
	struct mo_plugin plugin;
	struct mo_error *error = open_file(path, &plugin);

	if (error) {
		struct mo_error *memory_error;

		if (mo_error_ends_run(error))
			return error;
		memory_error = refuse(set, path, mo_error_text(error), false);
		mo_error_destroy(error);
		return memory_error;
	}
	return add_unless_known(set, &plugin, path, may_be_shadowed);
}

static int is_plugin_file(const struct dirent *entry)
{
	size_t length = strlen(entry->d_name);

	return length > 3 && entry->d_name[0] != '.' && !strcmp(entry->d_name + length - 3, ".so");
}

static struct mo_error *load_directory(struct mo_plugin_set *set, const struct mo_plugin_dir *dir, bool has_explicit)
{
	struct dirent **entries;
	struct mo_error *error = mo_trust_for_code(dir->path, true);
	int n_entries;

	if (error && dir->is_explicit)
		return mo_error_prepend(error, "plugin directory");
	if (error) {
		/* An installation without plugins is none of the user's doing; one that cannot be trusted is told. */
		struct mo_error *memory_error = NULL;

		if (mo_error_code(error) == MO_E_PERMISSION)
			memory_error = refuse(set, dir->path, mo_error_text(error), false);
		mo_error_destroy(error);
		return memory_error;
	}
	n_entries = scandir(dir->path, &entries, is_plugin_file, alphasort);
	if (n_entries < 0)
		return mo_error_from_errno(errno, "plugin directory: %s", dir->path);
	for (int i = 0; i < n_entries; i++) {
		MO_CLEANUP(mo_cleanup_text) struct mo_text path = MO_TEXT_EMPTY;

		mo_text_printf(&path, "%s/%s", dir->path, entries[i]->d_name);
		free(entries[i]);
		if (!error && mo_text_failed(&path))
			error = mo_error_no_memory();
		if (!error && set->count + set->n_refused < MAX_PLUGINS)
			error = load_file(set, mo_text_chars(&path), has_explicit && !dir->is_explicit);
	}
	free(entries);
	return error;
}

static struct mo_error *load_static(struct mo_plugin_set *set)
{
	const mo_plugin_entry entries[] = {
#define X(name) memopsy_plugin_entry_##name,
		MO_STATIC_PLUGINS
#undef X
		NULL,
	};

	for (size_t i = 0; entries[i]; i++) {
		struct mo_plugin plugin;

		MO_TRY(mo_plugin_take(entries[i](), &plugin));
		MO_TRY(add_unless_known(set, &plugin, NULL, false));
	}
	return NULL;
}

static int compare_names(const void *a, const void *b)
{
	const struct mo_loaded_plugin *left = a;
	const struct mo_loaded_plugin *right = b;

	return strcmp(left->plugin.name, right->plugin.name);
}

struct mo_error *mo_plugin_set_load(const char *const *explicit_dirs, size_t n_explicit_dirs,
				    struct mo_plugin_set *ret)
{
	struct mo_plugin_set set = { .items = NULL };
	struct mo_plugin_dirs dirs;
	struct mo_error *error;

	MO_TRY(mo_plugin_dirs_list(explicit_dirs, n_explicit_dirs, &dirs));
	error = load_static(&set);
	for (size_t i = 0; i < dirs.count && !error; i++)
		error = load_directory(&set, &dirs.items[i], n_explicit_dirs > 0);
	mo_plugin_dirs_deinit(&dirs);
	if (error) {
		mo_plugin_set_deinit(&set);
		return error;
	}
	if (set.count)
		qsort(set.items, set.count, sizeof(*set.items), compare_names);
	*ret = set;
	return NULL;
}

void mo_plugin_set_deinit(struct mo_plugin_set *set)
{
	for (size_t i = 0; i < set->count; i++)
		free(set->items[i].path);
	for (size_t i = 0; i < set->n_refused; i++) {
		free(set->refused[i].path);
		free(set->refused[i].why);
	}
	free(set->items);
	free(set->refused);
	*set = (struct mo_plugin_set){ .items = NULL };
}

bool mo_plugin_set_find_command(const struct mo_plugin_set *set, const char *name, size_t *plugin_ret,
				const struct mo_view **view_ret)
{
	for (size_t i = 0; i < set->count; i++)
		for (size_t j = 0; j < set->items[i].plugin.n_views; j++) {
			const struct mo_view *view = &set->items[i].plugin.views[j];

			if (view->is_hidden || strcmp(view->name, name))
				continue;
			*plugin_ret = i;
			*view_ret = view;
			return true;
		}
	return false;
}
