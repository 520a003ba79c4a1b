/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* `memopsy report`: a page for a ticket, or with --full and in JSON every section of all plugins. */
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "command.h"
#include "identity.h"
#include "live.h"
#include "log_lines.h"
#include "plugin_run.h"
#include "report_page.h"
#include "report_write.h"
#include "session.h"
#include "text.h"
#include "verdict.h"

#define LAST_LOG_LINES 20 /* and whatever follows the line of a panic, an oops, a BUG, a hung task or an OOM */
#define PAGE_LOG_LINES 2
#define MAX_PAGE_LOG_LINES 10
#define JSON_ROWS 1000 /* of a long table: programs compare reports row by row */
#define MAX_LOG_LINES 60 /* of what follows such a line */

/* A view with a place in the report. */
struct place {
	size_t plugin;
	const struct mo_view *view;
};

static int compare_places(const void *a, const void *b)
{
	const struct place *left = a;
	const struct place *right = b;

	if (left->view->report_order != right->view->report_order)
		return left->view->report_order < right->view->report_order ? -1 : 1;
	return left->plugin < right->plugin ? -1 : left->plugin > right->plugin;
}

/* Whether a section is among those that --sections names, separated by commas; all are if nothing is named. */
static bool is_wanted(const char *sections, const char *name)
{
	size_t n = strlen(name);

	for (const char *at = sections; at; at = strchr(at, ',') ? strchr(at, ',') + 1 : NULL)
		if (!strncmp(at, name, n) && (!at[n] || at[n] == ','))
			return true;
	return !sections;
}

static struct mo_error *check_sections(const struct mo_plugin_set *set, const char *sections)
{
	for (const char *at = sections; at; at = strchr(at, ',') ? strchr(at, ',') + 1 : NULL) {
		size_t n = strcspn(at, ",");
		bool is_known = false;

		for (size_t i = 0; i < set->count; i++)
			for (size_t j = 0; j < set->items[i].plugin.n_views; j++) {
				const struct mo_view *view = &set->items[i].plugin.views[j];

				is_known |= view->report_order && strlen(view->name) == n && !strncmp(view->name, at, n);
			}
		if (!is_known)
			return mo_error_create(MO_E_INVALID, "--sections: the report has no section \"%.*s\"", (int)n, at);
	}
	return NULL;
}

/* All views that have a place and are wanted, in their order. */
static struct mo_error *list_places(const struct mo_plugin_set *set, const char *sections, struct place **ret, size_t *n_ret)
{
	struct place *places;
	size_t n = 0;

	for (size_t i = 0; i < set->count; i++)
		n += set->items[i].plugin.n_views;
	places = calloc(n + 1, sizeof(*places));
	if (!places)
		return mo_error_no_memory();
	n = 0;
	for (size_t i = 0; i < set->count; i++)
		for (size_t j = 0; j < set->items[i].plugin.n_views; j++)
			if (set->items[i].plugin.views[j].report_order && is_wanted(sections, set->items[i].plugin.views[j].name))
				places[n++] = (struct place){ .plugin = i, .view = &set->items[i].plugin.views[j] };
	qsort(places, n, sizeof(*places), compare_places);
	*ret = places;
	*n_ret = n;
	return NULL;
}

static void add_text(struct mo_evidence *evidence, size_t *n, const char *label, const char *text)
{
	if (text)
		evidence[(*n)++] = (struct mo_evidence){ .label = label, .kind = MO_CELL_TEXT, .cell = mo_cell_text(text) };
}

/* What the machine died of, as far as its log says, as a finding. */
static void write_crash(struct mo_cli *cli, const struct mo_identity *identity)
{
	const struct mo_crash_lines *crash = &identity->crash;
	struct mo_evidence evidence[3];
	size_t n = 0;
	MO_CLEANUP(mo_cleanup_text) struct mo_text verdict = MO_TEXT_EMPTY;
	struct mo_finding finding = {
		.id = crash->panic.id,
		.severity = MO_CRITICAL,
		.evidence = evidence,
	};

	add_text(evidence, &n, "before it", crash->trouble.text);
	add_text(evidence, &n, "running", crash->place.task);
	add_text(evidence, &n, "at", crash->place.code);
	finding.n_evidence = n;
	mo_text_printf(&verdict, "The kernel panicked: %s", crash->panic.text);
	finding.verdict = mo_text_chars(&verdict);
	mo_report_finding(cli->report, &finding);
}

/* What the log says of how the machine ended. */
static void write_last_words(struct mo_cli *cli, const struct mo_identity *identity, const struct mo_verdict *verdict)
{
	const struct mo_crash_lines *crash = &identity->crash;

	if (!identity->has_log && !verdict->n && mo_kernel_facts(cli->kernel)->lacks_types)
		mo_report_note(cli->report, "Nothing can be said of what happened: neither the kernel's memory nor its log could be "
					    "read.");
	else if (!identity->has_log)
		mo_report_note(cli->report, "%s the kernel log could not be read.",
			       verdict->n ? "The last kernel messages are unknown:" :
					    "Nothing wrong was found in what could be read;");
	else if (crash->panic.text)
		write_crash(cli, identity);
	else if (crash->trouble.text && mo_verdict_supersedes(verdict, crash->trouble.id))
		mo_report_note(cli->report, "No panic. Last serious event in the log: out of memory.");
	else if (crash->trouble.text)
		mo_report_note(cli->report, "No panic. Last serious event in the log: %s%s%s%s%s%s", crash->trouble.text,
			       crash->place.task ? " (" : "", crash->place.task ? crash->place.task : "",
			       crash->place.code ? ", at " : "", crash->place.code ? crash->place.code : "",
			       crash->place.task ? ")" : "");
	else if (!verdict->n)
		mo_report_note(cli->report, "No panic, and nothing wrong was found in what was looked at.");
	else
		mo_report_note(cli->report, "No panic, and no errors in the kernel log.");
}

/* What the sections are written from. */
struct sections {
	struct mo_host *host;
	const struct place *places;
	size_t n_places;
	const struct mo_live_counters *before; /* of a running kernel; NULL: it is a dump */
};

/* What was not analysed, by the names of the commands: the verdict is silent on it, and must not sound as if all were well. */
static void write_not_analysed(struct mo_cli *cli, const struct sections *sections)
{
	MO_CLEANUP(mo_cleanup_text) struct mo_text names = MO_TEXT_EMPTY;

	for (size_t i = 0; i < sections->n_places; i++) {
		size_t plugin = sections->places[i].plugin;
		bool is_listed = !mo_host_why_skipped(sections->host, plugin);

		for (size_t k = 0; k < i; k++)
			is_listed |= sections->places[k].plugin == plugin;
		if (!is_listed)
			mo_text_printf(&names, "%s%s", names.length ? ", " : "", cli->plugins.items[plugin].plugin.name);
	}
	if (names.length && !mo_text_failed(&names))
		mo_report_note(cli->report, "Not analysed (why: see %s): %s.",
			       mo_parsed_has(cli->parsed, "full") || mo_parsed_has(cli->parsed, "json") ?
				       "Completeness" : "What this dump cannot tell",
			       mo_text_chars(&names));
}

/* What the log says, then the worst that looking at memory found: the machine's own words are not its whole story. */
static void write_verdict(struct mo_cli *cli, const struct mo_identity *identity, const struct mo_verdict *verdict,
			  const struct sections *sections)
{
	mo_report_section_begin(cli->report, "verdict", "Verdict");
	if (!mo_kernel_facts(cli->kernel)->is_log)
		mo_identity_write_cut(cli->report, mo_kernel_dump_info(cli->kernel));
	write_last_words(cli, identity, verdict);
	if (mo_kernel_is_read_in_part(cli->kernel))
		mo_report_note(cli->report, "Parts of what this rests on are missing from the dump (see Completeness): what is "
					    "not said here is not known to be well.");
	for (size_t i = 0; i < verdict->n; i++)
		mo_report_note(cli->report, "%s%s", verdict->findings[i]->severity == MO_NOTICE ? "Worth a look: " : "",
			       verdict->findings[i]->verdict);
	for (size_t i = 0; i < verdict->n_unknowns; i++)
		mo_report_note(cli->report, "Incomplete: %s", verdict->unknowns[i]->verdict);
	if (!mo_kernel_facts(cli->kernel)->lacks_types)
		write_not_analysed(cli, sections);
	else if (!mo_kernel_facts(cli->kernel)->is_log)
		mo_report_note(cli->report, "The dump's memory could not be read: only its kernel log was analysed.");
	mo_report_section_end(cli->report);
}

static struct mo_error *show_place(struct mo_cli *cli, struct mo_host *host, const struct place *place)
{
	const struct mo_view_arguments said = {
		.is_report = true,
		.report_rows = mo_parsed_has(cli->parsed, "json") ? JSON_ROWS : 0,
	};
	struct mo_error *error;

	mo_report_section_begin(cli->report, place->view->name, place->view->title);
	error = mo_host_show(host, place->plugin, place->view, &said, cli->report);
	if (error && !mo_error_ends_run(error)) {
		MO_CLEANUP(mo_cleanup_text) struct mo_text verdict = MO_TEXT_EMPTY;
		struct mo_finding finding = {
			.id = "section-incomplete",
			.severity = MO_NOTICE,
			.is_about_reading = true,
		};

		mo_text_printf(&verdict, "The section %s is incomplete: %s", place->view->name, mo_error_text(error));
		finding.verdict = mo_text_chars(&verdict);
		mo_report_finding(cli->report, &finding);
		mo_error_destroy(error);
		return NULL; /* mo_host_show has closed the section */
	}
	if (!error)
		mo_report_section_end(cli->report);
	return error;
}

/* Of all plugins that ran, before the first section is written. */
static struct mo_error *judge_all(const struct sections *sections)
{
	for (size_t i = 0; i < sections->n_places; i++)
		if (!mo_host_why_skipped(sections->host, sections->places[i].plugin))
			MO_TRY(mo_host_judge(sections->host, sections->places[i].plugin));
	return NULL;
}

/* The sections of all plugins that ran; what is found of a plugin as a whole stands before its first. */
static struct mo_error *write_sections(struct mo_cli *cli, const struct sections *sections)
{
	struct mo_host *host = sections->host;
	const struct place *places = sections->places;
	MO_FREE bool *has_findings_out = calloc(cli->plugins.count + 1, sizeof(*has_findings_out));

	if (!has_findings_out)
		return mo_error_no_memory();
	for (size_t i = 0; i < sections->n_places; i++) {
		size_t plugin = places[i].plugin;

		if (mo_host_why_skipped(host, plugin))
			continue;
		if (!has_findings_out[plugin])
			mo_host_write_findings(host, plugin, cli->report);
		has_findings_out[plugin] = true;
		MO_TRY(show_place(cli, host, &places[i]));
	}
	return NULL;
}

/* Where the last messages begin: at the first of the lines that say how the machine ended, if more follow it than n. */
static uint64_t first_of_last(const struct mo_crash_lines *crash, uint64_t n)
{
	uint64_t first = crash->n_records > n ? crash->n_records - n : 0;
	uint64_t begin = crash->trouble.text ? crash->trouble.index : crash->panic.index;

	/* Trouble long before the end is not what the machine ended with. */
	if (crash->panic.text && (crash->panic.index < begin || begin + MAX_LOG_LINES < crash->n_records))
		begin = crash->panic.index;
	if ((!crash->panic.text && !crash->trouble.text) || begin + MAX_LOG_LINES < crash->n_records)
		return first;
	return begin < first ? begin : first;
}

/* The last records of the log: counted first, so that no more than these are kept. */
static struct mo_error *write_last_log_lines(struct mo_cli *cli, const struct mo_identity *identity, uint64_t n_wanted,
					     uint64_t n_most)
{
	uint64_t first = first_of_last(&identity->crash, n_wanted);
	struct mo_log_record record;
	struct mo_log *log;
	struct mo_error *error = mo_log_open(cli->reader, &log);

	if (mo_error_ends_run(error))
		return error;
	mo_report_section_begin(cli->report, "last_messages", "Last kernel messages");
	if (error) {
		mo_report_note(cli->report, "The kernel log could not be read: %s.", mo_error_text(error));
		mo_error_destroy(error);
	} else {
		mo_report_table_begin(cli->report, &mo_log_table);
		for (uint64_t i = 0; mo_log_next(log, &record); i++)
			if (i >= first && i - first < n_most)
				mo_log_write_record(cli->report, &record, NULL);
		mo_report_table_end(cli->report);
		mo_log_write_skipped(cli->report, log);
		mo_log_close(log);
	}
	mo_report_section_end(cli->report);
	return NULL;
}

/* What was left out of the dump, of the plugins and of the report. */
static void write_completeness(struct mo_cli *cli, const struct mo_host *host, bool is_page)
{
	const struct mo_plugin_set *set = &cli->plugins;

	mo_report_section_begin(cli->report, "completeness", is_page ? "What this dump cannot tell" : "Completeness");
	if (!is_page)
		mo_identity_write_dump(cli);
	mo_identity_write_completeness(cli, is_page);
	mo_identity_write_remarks(cli);
	mo_identity_write_log_only(cli);
	for (size_t i = 0; i < set->count; i++)
		if (mo_host_why_skipped(host, i))
			mo_host_write_findings(host, i, cli->report);
	for (size_t i = 0; i < set->n_refused; i++) {
		const struct mo_finding finding = {
			.id = "plugin-refused",
			.severity = MO_NOTICE,
			.verdict = set->refused[i].why,
			.is_about_reading = true,
		};

		if (!set->refused[i].is_shadowed)
			mo_report_finding(cli->report, &finding);
	}
	if (!set->count)
		mo_report_note(cli->report, "No plugin was found: the report has no sections of plugins.");
	mo_report_section_end(cli->report);
}

/* After all that was read: how much of it may have moved. */
static void write_consistency(struct mo_cli *cli, const struct sections *sections)
{
	struct mo_live_counters after;

	if (!sections->before)
		return;
	mo_live_counters_read(&after);
	mo_report_section_begin(cli->report, "consistency", "Consistency");
	mo_live_write_consistency(cli->report, sections->before, &after);
	mo_report_section_end(cli->report);
}

/* The sections of which something stands on the page. */
static struct mo_error *write_page_sections(struct mo_cli *cli, const struct sections *sections)
{
	for (size_t i = 0; i < sections->n_places; i++) {
		const struct place *place = &sections->places[i];
		const struct mo_report_brief *brief =
			mo_page_part_of(place->view->name, mo_host_has_found(sections->host, place->plugin));

		if (!brief || mo_host_why_skipped(sections->host, place->plugin))
			continue;
		mo_report_set_brief(cli->report, brief);
		MO_TRY(show_place(cli, sections->host, place));
	}
	return NULL;
}

/* Text without --full: a page. What could not be read is on it all the same. */
static struct mo_error *write_page(struct mo_cli *cli, const struct sections *sections, const struct mo_identity *identity,
				   const struct mo_verdict *verdict)
{
	mo_report_set_brief(cli->report, &mo_page_paragraph);
	mo_report_set_brief(cli->report, NULL);
	write_verdict(cli, identity, verdict, sections);
	mo_report_set_brief(cli->report, &mo_page_paragraph);
	mo_page_write_others(cli, verdict);
	mo_page_write_machine(cli, identity);
	MO_TRY(write_page_sections(cli, sections));
	write_consistency(cli, sections);
	mo_report_set_brief(cli->report, NULL);
	if (identity->has_log && (identity->crash.panic.text || identity->crash.trouble.text))
		MO_TRY(write_last_log_lines(cli, identity, PAGE_LOG_LINES, MAX_PAGE_LOG_LINES));
	write_completeness(cli, sections->host, true);
	mo_page_write_steps(cli, verdict);
	return NULL;
}

static struct mo_error *write_parts(struct mo_cli *cli, const struct sections *sections, const struct mo_identity *identity)
{
	struct mo_verdict verdict;

	MO_TRY(judge_all(sections));
	MO_TRY(mo_host_verdict(sections->host, &verdict));
	if (!mo_parsed_has(cli->parsed, "full") && !mo_parsed_has(cli->parsed, "json"))
		return write_page(cli, sections, identity, &verdict);
	write_verdict(cli, identity, &verdict, sections);
	mo_report_section_begin(cli->report, "identity", "Identity");
	mo_identity_write_kernel(cli, identity);
	mo_identity_write_machine(cli, identity);
	if (!mo_kernel_facts(cli->kernel)->is_log && !mo_kernel_facts(cli->kernel)->lacks_types)
		mo_identity_write_settings(cli, identity);
	mo_report_section_end(cli->report);
	MO_TRY(write_sections(cli, sections));
	write_consistency(cli, sections);
	MO_TRY(write_last_log_lines(cli, identity, LAST_LOG_LINES, UINT64_MAX));
	write_completeness(cli, sections->host, false);
	return NULL;
}

static struct mo_error *write_report(struct mo_cli *cli, const struct sections *sections)
{
	struct mo_identity identity;
	struct mo_error *error;

	MO_TRY(mo_identity_gather(cli, &identity));
	error = write_parts(cli, sections, &identity);
	mo_identity_deinit(&identity);
	return error;
}

static struct mo_error *run_report(struct mo_cli *cli)
{
	const struct mo_need_table extra[] = {
		{ .needs = mo_machine_state_needs, .n_needs = mo_machine_state_n_needs },
		{ .needs = mo_machine_settings_needs, .n_needs = mo_machine_settings_n_needs },
	};
	MO_FREE bool *wanted = calloc(cli->plugins.count + 1, sizeof(*wanted));
	MO_FREE struct place *places = NULL;
	struct mo_live_counters before;
	struct mo_host *host;
	struct mo_error *error;
	size_t n_places = 0;

	if (!wanted)
		return mo_error_no_memory();
	MO_TRY(check_sections(&cli->plugins, mo_parsed_text(cli->parsed, "sections")));
	MO_TRY(list_places(&cli->plugins, mo_parsed_text(cli->parsed, "sections"), &places, &n_places));
	for (size_t i = 0; i < n_places; i++)
		wanted[places[i].plugin] = true;
	if (mo_cli_is_live(cli))
		mo_live_counters_read(&before);
	MO_TRY(mo_host_create(&cli->plugins, cli->kernel, cli->progress, &host));
	error = mo_host_prepare(host, wanted, extra, 2);
	if (!error)
		error = write_report(cli, &(struct sections){ .host = host, .places = places, .n_places = n_places,
							      .before = mo_cli_is_live(cli) ? &before : NULL });
	mo_host_destroy(host);
	return error;
}

static const struct mo_cli_option options[] = {
	{ .name = "full", .kind = MO_OPTION_FLAG, .help = "every section of every plugin, not only a page" },
	{ .name = "sections", .kind = MO_OPTION_TEXT, .value = "LIST",
	  .help = "of the plugins' sections only these, comma separated, by the names that JSON has for them: the others are not "
		  "gathered" },
};

const struct mo_command mo_cmd_report = {
	.name = "report",
	.summary = "what happened, who holds the memory and what to do, on one page",
	.help = "The verdict comes first, to attach to a ticket; then what was short when memory ran out, where memory is now, who "
		"holds most of it, what is lost, the last kernel messages if there was trouble, what the dump cannot tell, and next "
		"steps. --full has the identity of machine and dump, the sections of all plugins with what they found, and all that "
		"is missing. --json has all of that in any case.",
	.options = options,
	.n_options = sizeof(options) / sizeof(options[0]),
	.flags = MO_COMMAND_DUMP | MO_COMMAND_REPORT | MO_COMMAND_SHOW_HEAD | MO_COMMAND_PAGE | MO_COMMAND_PLUGINS |
		 MO_COMMAND_READS_LOGS,
	.run = run_report,
};
