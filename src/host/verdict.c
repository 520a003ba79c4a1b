/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Ranks the findings of all plugins and picks those that the verdict tells. */
#include "verdict.h"

#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "host.h"

/* A finding that may be told, and where its section stands. */
struct candidate {
	const struct mo_finding *finding;
	unsigned section;
	size_t plugin, index; /* the order in which they were found, among equals of one section */
};

struct candidates {
	struct candidate *items;
	size_t n;
};

/* The plugin's first section; 0: it has none. */
static unsigned first_section(const struct mo_plugin *plugin)
{
	unsigned first = 0;

	for (size_t i = 0; i < plugin->n_views; i++)
		if (plugin->views[i].report_order && (!first || plugin->views[i].report_order < first))
			first = plugin->views[i].report_order;
	return first;
}

static bool is_worth_telling(const struct mo_finding *finding)
{
	return finding->severity >= MO_NOTICE && (!finding->is_about_reading || finding->severity >= MO_CRITICAL);
}

static void add_findings_of(struct candidates *candidates, const struct mo_host *host, size_t plugin)
{
	const struct mo_run *run = &host->runs[plugin];
	unsigned first = first_section(run->plugin);

	for (size_t i = 0; run->is_gathered && first && i < run->findings.count; i++) {
		const struct mo_queued_finding *queued = &run->findings.items[i];

		/* One of a view that is no section is not in the report. */
		if (is_worth_telling(&queued->finding) && (!queued->view || queued->view->report_order))
			candidates->items[candidates->n++] = (struct candidate){
				.finding = &queued->finding,
				.section = queued->view ? queued->view->report_order : first,
				.plugin = plugin,
				.index = i,
			};
	}
}

static int compare(const void *a, const void *b)
{
	const struct candidate *left = a;
	const struct candidate *right = b;

	if (mo_finding_is_worse(left->finding, right->finding))
		return -1;
	if (mo_finding_is_worse(right->finding, left->finding))
		return 1;
	if (left->section != right->section)
		return left->section < right->section ? -1 : 1;
	if (left->plugin != right->plugin)
		return left->plugin < right->plugin ? -1 : 1;
	return left->index < right->index ? -1 : left->index > right->index;
}

static bool supersedes(const struct mo_finding *finding, const char *id)
{
	for (size_t i = 0; i < finding->n_supersedes; i++)
		if (!strcmp(finding->supersedes[i], id))
			return true;
	return false;
}

/* The one to tell where this one stands. A chain ends, since each step goes to one that has not been passed. */
static const struct candidate *successor_of(const struct candidates *candidates, const struct candidate *candidate)
{
	size_t n_left = candidates->n;

	for (size_t i = 0; i < candidates->n && n_left; i++)
		if (strcmp(candidates->items[i].finding->id, candidate->finding->id) != 0 &&
		    supersedes(candidates->items[i].finding, candidate->finding->id)) {
			candidate = &candidates->items[i];
			n_left--;
			i = (size_t)-1;
		}
	return candidate;
}

static bool is_id_told(const struct mo_verdict *verdict, const char *id)
{
	for (size_t i = 0; i < verdict->n; i++)
		if (!strcmp(verdict->findings[i]->id, id))
			return true;
	return false;
}

static bool is_other_told(const struct mo_verdict *verdict, const char *id)
{
	for (size_t i = 0; i < verdict->n_others; i++)
		if (!strcmp(verdict->others[i]->id, id))
			return true;
	return false;
}

/* What the verdict has no place for. */
static void pick_others(const struct candidates *candidates, struct mo_verdict *ret)
{
	ret->n_others = ret->n_left_out = 0;
	for (size_t i = 0; i < candidates->n; i++) {
		const struct mo_finding *finding = successor_of(candidates, &candidates->items[i])->finding;

		if (is_id_told(ret, finding->id) || is_other_told(ret, finding->id))
			continue;
		if (ret->n_others == MO_VERDICT_OTHERS)
			ret->n_left_out++;
		else
			ret->others[ret->n_others++] = finding;
	}
}

static void pick(const struct candidates *candidates, struct mo_verdict *ret)
{
	ret->n = 0;
	for (size_t i = 0; i < candidates->n && ret->n < MO_VERDICT_FINDINGS; i++) {
		const struct candidate *candidate = &candidates->items[i];

		if (is_id_told(ret, candidate->finding->id))
			continue;
		candidate = successor_of(candidates, candidate);
		if (is_id_told(ret, candidate->finding->id))
			continue;
		if (ret->n && candidates->items[i].finding->severity < MO_WARNING)
			return;
		ret->findings[ret->n++] = candidate->finding;
	}
}

/* Ids that are told apart from the verdict, in the order of sections. */
static void pick_unknowns(const struct mo_host *host, struct mo_verdict *ret)
{
	ret->n_unknowns = 0;
	for (size_t plugin = 0; plugin < host->n_plugins; plugin++) {
		const struct mo_run *run = &host->runs[plugin];

		for (size_t i = 0; run->is_gathered && first_section(run->plugin) && i < run->findings.count; i++) {
			const struct mo_queued_finding *queued = &run->findings.items[i];
			const struct mo_finding *finding = &queued->finding;
			bool is_listed = !finding->is_about_reading || finding->severity != MO_WARNING ||
					 (queued->view && !queued->view->report_order);

			for (size_t k = 0; k < ret->n_unknowns; k++)
				is_listed |= !strcmp(ret->unknowns[k]->id, finding->id);
			if (!is_listed && ret->n_unknowns < MO_VERDICT_UNKNOWNS)
				ret->unknowns[ret->n_unknowns++] = finding;
		}
	}
}

struct mo_error *mo_host_verdict(const struct mo_host *host, struct mo_verdict *ret)
{
	MO_FREE struct candidate *items = NULL;
	struct candidates candidates = { .n = 0 };
	size_t n = 0;

	for (size_t i = 0; i < host->n_plugins; i++)
		n += host->runs[i].findings.count;
	items = calloc(n + 1, sizeof(*items));
	if (!items)
		return mo_error_no_memory();
	candidates.items = items;
	for (size_t i = 0; i < host->n_plugins; i++)
		add_findings_of(&candidates, host, i);
	qsort(items, candidates.n, sizeof(*items), compare);
	pick(&candidates, ret);
	pick_others(&candidates, ret);
	pick_unknowns(host, ret);
	return NULL;
}

bool mo_host_has_found(const struct mo_host *host, size_t plugin)
{
	const struct mo_run *run = &host->runs[plugin];

	for (size_t i = 0; i < run->findings.count; i++)
		if (is_worth_telling(&run->findings.items[i].finding))
			return true;
	return false;
}

bool mo_verdict_supersedes(const struct mo_verdict *verdict, const char *id)
{
	for (size_t i = 0; i < verdict->n; i++)
		if (supersedes(verdict->findings[i], id))
			return true;
	return false;
}
