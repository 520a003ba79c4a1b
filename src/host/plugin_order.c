/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The order in which plugins run, by the models that they read. */
#include "plugin_order.h"

#include <stdlib.h>

#include "cleanup.h"
#include "text.h"

enum visit_state { NOT_VISITED = 0, VISITING, WILL_RUN, CANNOT_RUN };

/* One walk through the graph of models. path is the chain of plugins being visited. */
struct walk {
	const struct mo_plugin *const *plugins;
	enum visit_state *states;
	size_t *path;
	size_t path_length;
	struct mo_plugin_order *order;
};

size_t mo_plugin_find_publisher(const struct mo_plugin *const *plugins, size_t n_plugins, const char *model,
				unsigned version)
{
	for (size_t i = 0; i < n_plugins; i++)
		if (plugins[i]->publishes.name && !strcmp(plugins[i]->publishes.name, model) &&
		    plugins[i]->publishes.version == version)
			return i;
	return n_plugins;
}

static struct mo_error *cannot_run(struct walk *walk, size_t plugin, struct mo_text *why)
{
	walk->states[plugin] = CANNOT_RUN;
	walk->order->why_not[plugin] = mo_text_take(why);
	return walk->order->why_not[plugin] ? NULL : mo_error_no_memory();
}

static void describe_circle(const struct walk *walk, size_t back_to, struct mo_text *why)
{
	size_t first = 0;

	while (walk->path[first] != back_to)
		first++;
	mo_text_append(why, "plugins read each other's models in a circle: ");
	for (size_t i = first; i < walk->path_length; i++)
		mo_text_printf(why, "%s -> ", walk->plugins[walk->path[i]]->name);
	mo_text_append(why, walk->plugins[back_to]->name);
}

static void describe_absent(const struct walk *walk, const struct mo_model_ref *model, struct mo_text *why)
{
	mo_text_printf(why, "it reads the model %s, version %u, which no plugin publishes", model->name,
		       model->version);
	for (size_t i = 0; i < walk->order->n_plugins; i++)
		if (walk->plugins[i]->publishes.name && !strcmp(walk->plugins[i]->publishes.name, model->name))
			mo_text_printf(why, " (%s publishes version %u)", walk->plugins[i]->name,
				       walk->plugins[i]->publishes.version);
}

static struct mo_error *visit(struct walk *walk, size_t plugin);

/* Sees to it that the publisher of a model runs before; `why` stays empty if it does. */
static struct mo_error *visit_model(struct walk *walk, const struct mo_model_ref *model, struct mo_text *why)
{
	size_t publisher = mo_plugin_find_publisher(walk->plugins, walk->order->n_plugins, model->name, model->version);

	if (publisher == walk->order->n_plugins) {
		describe_absent(walk, model, why);
		return NULL;
	}
	if (walk->states[publisher] == VISITING) {
		describe_circle(walk, publisher, why);
		return NULL;
	}
	MO_TRY(visit(walk, publisher));
	if (walk->states[publisher] == CANNOT_RUN)
		mo_text_printf(why, "it reads the model %s, and %s cannot run: %s", model->name,
			       walk->plugins[publisher]->name, walk->order->why_not[publisher]);
	return NULL;
}

/* Recursion is as deep as there are plugins at most. */
static struct mo_error *visit(struct walk *walk, size_t plugin)
{
	const struct mo_plugin *description = walk->plugins[plugin];

	if (walk->states[plugin] != NOT_VISITED)
		return NULL;
	walk->states[plugin] = VISITING;
	walk->path[walk->path_length++] = plugin;
	for (size_t i = 0; i < description->n_reads && walk->states[plugin] == VISITING; i++) {
		MO_CLEANUP(mo_cleanup_text) struct mo_text why = MO_TEXT_EMPTY;

		MO_TRY(visit_model(walk, &description->reads[i], &why));
		if (why.length && !description->reads[i].is_optional)
			MO_TRY(cannot_run(walk, plugin, &why));
	}
	walk->path_length--;
	if (walk->states[plugin] == VISITING) {
		walk->states[plugin] = WILL_RUN;
		walk->order->run[walk->order->n_run++] = plugin;
	}
	return NULL;
}

struct mo_error *mo_plugin_order(const struct mo_plugin *const *plugins, size_t n_plugins, const bool *wanted,
				 struct mo_plugin_order *ret)
{
	struct mo_plugin_order order = { .n_plugins = n_plugins };
	MO_FREE enum visit_state *states = calloc(n_plugins + 1, sizeof(*states));
	MO_FREE size_t *path = calloc(n_plugins + 1, sizeof(*path));
	struct walk walk = { .plugins = plugins, .states = states, .path = path, .order = &order };
	struct mo_error *error = NULL;

	order.run = calloc(n_plugins + 1, sizeof(*order.run));
	order.why_not = calloc(n_plugins + 1, sizeof(*order.why_not));
	if (!states || !path || !order.run || !order.why_not)
		error = mo_error_no_memory();
	for (size_t i = 0; i < n_plugins && !error; i++)
		if (wanted[i])
			error = visit(&walk, i);
	if (error) {
		mo_plugin_order_deinit(&order);
		return error;
	}
	*ret = order;
	return NULL;
}

void mo_plugin_order_deinit(struct mo_plugin_order *order)
{
	for (size_t i = 0; order->why_not && i < order->n_plugins; i++)
		free(order->why_not[i]);
	free(order->why_not);
	free(order->run);
	*order = (struct mo_plugin_order){ .run = NULL };
}
