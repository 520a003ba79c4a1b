/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Findings are made before a section is written, stand in the view that they belong to, and the worst are the verdict. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "plugin_load.h"
#include "plugin_run.h"
#include "report_write.h"
#include "verdict.h"

/* What a plugin of this test finds; the kernel hands it on. */
struct found {
	const char *plugin, *view;
	struct mo_finding finding;
};

struct mo_kernel {
	const struct found *found;
	size_t n_found;
	enum mo_error_code fails; /* judging of "memory" */
	unsigned n_judged;
	struct mo_kernel_facts facts;
	bool is_placed;           /* the view of "memory" writes its findings itself */
	bool is_unread;           /* "memory" could not read all */
};

const struct mo_kernel_facts *mo_kernel_facts(const struct mo_kernel *kernel)
{
	return &kernel->facts;
}

static struct mo_error *judge_for(struct mo_run *run, const char *plugin)
{
	struct mo_kernel *kernel = mo_run_kernel(run);

	kernel->n_judged++;
	for (size_t i = 0; i < kernel->n_found; i++)
		if (!strcmp(kernel->found[i].plugin, plugin))
			mo_run_judge(run, kernel->found[i].view, &kernel->found[i].finding);
	return kernel->fails ? mo_error_create(kernel->fails, "the list is broken") : NULL;
}

static struct mo_error *judge_memory(struct mo_run *run)
{
	return judge_for(run, "memory");
}

static struct mo_error *judge_groups(struct mo_run *run)
{
	return judge_for(run, "groups");
}

static struct mo_error *gather(struct mo_run *run, void **ret)
{
	*ret = mo_run_kernel(run);
	return NULL;
}

static struct mo_error *gather_memory(struct mo_run *run, void **ret)
{
	if (mo_run_kernel(run)->is_unread)
		mo_run_finding(run, &(struct mo_finding){ .id = "unread", .verdict = "a page", .is_about_reading = true });
	return gather(run, ret);
}

/* A section that shares its function with a command of more options. */
static struct mo_error *show(struct mo_run *run, struct mo_report *report)
{
	uint64_t number;

	assert_false(mo_run_flag(run, "all"));
	assert_null(mo_run_text(run, "by"));
	assert_false(mo_run_number(run, "top", &number));
	if (mo_run_kernel(run)->is_placed)
		mo_run_show_findings(run, report);
	mo_report_note(report, "shown");
	return NULL;
}

static const struct mo_view memory_views[] = {
	{ .name = "memory", .title = "Memory", .report_order = 100, .show = show },
	{ .name = "frames", .title = "Frames", .show = show },
};
static const struct mo_view groups_views[] = {
	{ .name = "groups", .title = "Groups", .report_order = 200, .show = show },
};

static const struct mo_model_ref groups_reads[] = { { .name = "memory", .version = 1 } };

static struct mo_loaded_plugin loaded[] = {
	{ .plugin = { .name = "groups", .reads = groups_reads, .n_reads = 1, .gather = gather, .judge = judge_groups, .views = groups_views, .n_views = 1 } },
	{ .plugin = { .name = "memory", .publishes = { .name = "memory", .version = 1 }, .gather = gather_memory, .judge = judge_memory, .views = memory_views, .n_views = 2 } },
};

#define N_PLUGINS (sizeof(loaded) / sizeof(loaded[0]))

static struct mo_host *start(struct mo_kernel *kernel)
{
	const struct mo_plugin_set set = { .items = loaded, .count = N_PLUGINS };
	const bool wanted[N_PLUGINS] = { true, true };
	struct mo_host *host;

	assert_null(mo_host_create(&set, kernel, NULL, &host));
	assert_null(mo_host_prepare(host, wanted, NULL, 0));
	return host;
}

static struct mo_host *start_and_judge(struct mo_kernel *kernel, const struct found *found, size_t n_found)
{
	struct mo_host *host;

	kernel->found = found;
	kernel->n_found = n_found;
	host = start(kernel);
	for (size_t i = 0; i < N_PLUGINS; i++)
		assert_null(mo_host_judge(host, i));
	return host;
}

static void assert_verdict(const struct found *found, size_t n_found, const char *const *expected)
{
	struct mo_kernel kernel = { .n_judged = 0 };
	struct mo_host *host = start_and_judge(&kernel, found, n_found);
	struct mo_verdict verdict;

	assert_null(mo_host_verdict(host, &verdict));
	for (size_t i = 0; i < verdict.n; i++) {
		assert_non_null(expected[i]);
		assert_string_equal(verdict.findings[i]->verdict, expected[i]);
	}
	assert_null(expected[verdict.n]);
	mo_host_destroy(host);
}

#define FOUND(plugin_, view_, id_, severity_, basis_, ...) \
	{ .plugin = plugin_, .view = view_, \
	  .finding = { .id = id_, .severity = severity_, .basis = basis_, .verdict = __VA_ARGS__ } }

/* How sure "groups" is of a finding. */
static enum mo_confidence confidence_with(const struct mo_finding *finding, bool is_unread)
{
	const struct found found = { .plugin = "groups", .view = "groups", .finding = *finding };
	struct mo_kernel kernel = { .is_unread = is_unread };
	struct mo_host *host = start_and_judge(&kernel, &found, 1);
	struct mo_verdict verdict;
	enum mo_confidence confidence;

	assert_null(mo_host_verdict(host, &verdict));
	assert_int_equal(verdict.n, 1);
	confidence = mo_finding_confidence(verdict.findings[0]);
	mo_host_destroy(host);
	return confidence;
}

static void what_a_finding_rests_on_decides(void **state)
{
	static const struct {
		enum mo_basis basis;
		bool is_incomplete;
		enum mo_confidence all_read, not_all_read;
	} rows[] = {
		{ MO_BASIS_FACTS, false, MO_CERTAIN, MO_CERTAIN },
		{ MO_BASIS_FACTS, true, MO_LIKELY, MO_LIKELY },
		{ MO_BASIS_INFERENCE, false, MO_LIKELY, MO_LIKELY },
		{ MO_BASIS_INFERENCE, true, MO_GUESS, MO_GUESS },
		/* What is nowhere may lie in what the other plugin could not read. */
		{ MO_BASIS_ABSENCE, false, MO_LIKELY, MO_GUESS },
		{ MO_BASIS_ABSENCE, true, MO_GUESS, MO_GUESS },
		{ MO_BASIS_FIT, false, MO_GUESS, MO_GUESS },
		{ MO_BASIS_FIT, true, MO_GUESS, MO_GUESS },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct mo_finding finding = { .id = "lost", .severity = MO_CRITICAL, .basis = rows[i].basis,
						    .is_incomplete = rows[i].is_incomplete, .verdict = "lost" };

		assert_int_equal(confidence_with(&finding, false), rows[i].all_read);
		assert_int_equal(confidence_with(&finding, true), rows[i].not_all_read);
	}
}

static void the_worst_of_different_kinds_are_told(void **state)
{
	static const struct found found[] = {
		FOUND("groups", "groups", "slab", MO_WARNING, MO_BASIS_INFERENCE, "slab grew"),
		FOUND("memory", "memory", "leak", MO_WARNING, MO_BASIS_INFERENCE, "leak"),
		FOUND("memory", "memory", "leak", MO_WARNING, MO_BASIS_INFERENCE, "leak, no worse"),
		FOUND("memory", "memory", "note", MO_NOTICE, MO_BASIS_FACTS, "worth a look"),
		FOUND("groups", "groups", "unread", MO_WARNING, MO_BASIS_INFERENCE, "unread", .is_about_reading = true),
		FOUND("groups", "groups", "oom", MO_CRITICAL, MO_BASIS_FIT, "killed"),
		FOUND("memory", "frames", "frames", MO_CRITICAL, MO_BASIS_FACTS, "in no section"),
	};

	(void)state;
	/* Sections decide among equals: memory stands before groups. */
	assert_verdict(found, 7, (const char *const[]){ "killed", "leak", "slab grew", NULL });
	/* A notice is told if there is nothing worse. */
	assert_verdict(&found[3], 2, (const char *const[]){ "worth a look", NULL });
	assert_verdict(&found[4], 1, (const char *const[]){ NULL });
	assert_verdict(found, 0, (const char *const[]){ NULL });
}

/* What the verdict has no place for: of each kind one, and nothing that it tells. */
static void what_else_was_found(void **state)
{
	static const struct found found[] = {
		FOUND("groups", "groups", "slab", MO_WARNING, MO_BASIS_INFERENCE, "slab grew"),
		FOUND("memory", "memory", "leak", MO_WARNING, MO_BASIS_INFERENCE, "leak"),
		FOUND("memory", "memory", "leak", MO_WARNING, MO_BASIS_INFERENCE, "leak, no worse"),
		FOUND("memory", "memory", "note", MO_NOTICE, MO_BASIS_FACTS, "worth a look"),
		FOUND("groups", "groups", "unread", MO_WARNING, MO_BASIS_INFERENCE, "unread", .is_about_reading = true),
		FOUND("groups", "groups", "oom", MO_CRITICAL, MO_BASIS_FIT, "killed"),
		FOUND("memory", "memory", "stacks", MO_WARNING, MO_BASIS_FIT, "stacks"),
	};
	struct mo_kernel kernel = { .n_judged = 0 };
	struct mo_host *host = start_and_judge(&kernel, found, 7);
	struct mo_verdict verdict;

	(void)state;
	assert_null(mo_host_verdict(host, &verdict));
	assert_int_equal(verdict.n, 3);
	assert_int_equal(verdict.n_others, 2);
	assert_int_equal(verdict.n_left_out, 0);
	assert_string_equal(verdict.others[0]->verdict, "stacks");
	assert_string_equal(verdict.others[1]->verdict, "worth a look");
	assert_int_equal(verdict.n_unknowns, 1);
	assert_string_equal(verdict.unknowns[0]->verdict, "unread");
	mo_host_destroy(host);
}

static void rank_decides_among_equals(void **state)
{
	static const struct found found[] = {
		FOUND("memory", "memory", "surer", MO_WARNING, MO_BASIS_FACTS, "surer"),
		FOUND("groups", "groups", "ranked", MO_WARNING, MO_BASIS_INFERENCE, "ranked", .rank = 1),
	};

	(void)state;
	assert_verdict(found, 2, (const char *const[]){ "ranked", "surer", NULL });
}

static const char *const of_groups[] = { "group-oom", "log-out-of-memory" };
static const char *const of_oom[] = { "oom" };

static void what_is_superseded_takes_no_place(void **state)
{
	static const struct found found[] = {
		FOUND("groups", "groups", "group-oom", MO_CRITICAL, MO_BASIS_FACTS, "a group was full"),
		FOUND("memory", "memory", "oom", MO_WARNING, MO_BASIS_INFERENCE, "memory ran out", .supersedes = of_groups, .n_supersedes = 2),
		FOUND("memory", "memory", "leak", MO_WARNING, MO_BASIS_FIT, "leak"),
		FOUND("memory", "memory", "slab", MO_WARNING, MO_BASIS_FIT, "slab grew"),
	};
	/* Two that say so of each other: one of them is told. */
	static const struct found circle[] = {
		FOUND("memory", "memory", "oom", MO_WARNING, MO_BASIS_INFERENCE, "memory ran out", .supersedes = of_groups, .n_supersedes = 2),
		FOUND("groups", "groups", "group-oom", MO_WARNING, MO_BASIS_INFERENCE, "a group was full", .supersedes = of_oom, .n_supersedes = 1),
	};
	struct mo_kernel kernel = { .n_judged = 0 };
	struct mo_host *host = start_and_judge(&kernel, found, 4);
	struct mo_verdict verdict;

	(void)state;
	assert_verdict(found, 4, (const char *const[]){ "memory ran out", "leak", "slab grew", NULL });
	assert_null(mo_host_verdict(host, &verdict));
	assert_true(mo_verdict_supersedes(&verdict, "log-out-of-memory"));
	assert_false(mo_verdict_supersedes(&verdict, "leak"));
	mo_host_destroy(host);
	host = start_and_judge(&kernel, circle, 2);
	assert_null(mo_host_verdict(host, &verdict));
	assert_in_range(verdict.n, 1, 2);
	mo_host_destroy(host);
}

static char *text_of(struct mo_host *host, size_t plugin, const struct mo_view *view, bool is_report)
{
	const struct mo_view_arguments said = { .is_report = is_report };
	struct mo_report *report;
	char *text = NULL;
	size_t n_bytes = 0;
	FILE *stream = open_memstream(&text, &n_bytes);

	assert_non_null(stream);
	assert_null(mo_report_create(stream, &(const struct mo_report_options){ .format = MO_FORMAT_TEXT },
				     &(const struct mo_report_head){ .command = "report" }, false, &report));
	assert_null(mo_host_show(host, plugin, view, &said, report));
	mo_host_write_findings(host, plugin, report);
	assert_null(mo_report_finish(report));
	mo_report_destroy(report);
	fclose(stream);
	return text;
}

static void assert_text(struct mo_host *host, size_t view, bool is_report, const char *first, const char *second)
{
	char *text = text_of(host, 1, &memory_views[view], is_report);

	assert_non_null(strstr(text, first));
	if (second)
		assert_true(strstr(text, second) > strstr(text, first));
	else
		assert_null(strstr(text, "leak"));
	free(text);
}

static void findings_stand_in_their_view(void **state)
{
	static const struct found found[] = {
		FOUND("memory", "memory", "leak", MO_WARNING, MO_BASIS_INFERENCE, "leak"),
	};
	struct mo_kernel kernel = { .is_placed = true };
	struct mo_host *host = start_and_judge(&kernel, found, 1);

	(void)state;
	assert_text(host, 0, true, "WARNING: leak", "shown");
	assert_text(host, 1, true, "shown", NULL);
	/* A section that places none has them at its end; a command has left them out. */
	kernel.is_placed = false;
	assert_text(host, 0, true, "shown", "WARNING: leak");
	assert_text(host, 0, false, "shown", NULL);
	/* Once. */
	assert_int_equal(kernel.n_judged, 2);
	assert_null(mo_host_judge(host, 1));
	assert_int_equal(kernel.n_judged, 2);
	mo_host_destroy(host);
}

static void judging_that_fails_costs_what_it_has_not_said(void **state)
{
	static const struct found found[] = {
		FOUND("memory", "memory", "leak", MO_WARNING, MO_BASIS_INFERENCE, "leak"),
	};
	struct mo_kernel kernel = { .fails = MO_E_CORRUPT };
	struct mo_host *host = start_and_judge(&kernel, found, 1);
	struct mo_error *error;

	(void)state;
	assert_text(host, 0, true, "WARNING: leak", "NOTICE: memory: not all findings could be made: the list is broken");
	mo_host_destroy(host);

	kernel.fails = MO_E_CANCELLED;
	host = start(&kernel);
	error = mo_host_judge(host, 1);
	assert_non_null(error);
	assert_int_equal(mo_error_code(error), MO_E_CANCELLED);
	mo_error_destroy(error);
	mo_host_destroy(host);
}

/* What a moving list can explain is no claim about a kernel that runs: it is said to have moved, and stands in no verdict. */
static void test_of_one_moment(void **state)
{
	static const struct found found[] = {
		{ "memory", "memory",
		  { .id = "lists-differ", .severity = MO_CRITICAL, .verdict = "The lists differ.", .needs_one_moment = true } },
		{ "memory", "memory", { .id = "low", .severity = MO_WARNING, .verdict = "Memory is low." } },
	};

	(void)state;
	for (unsigned is_live = 0; is_live < 2; is_live++) {
		struct mo_kernel kernel = { .facts = { .is_live = is_live } };
		struct mo_host *host = start_and_judge(&kernel, found, 2);
		struct mo_verdict verdict;

		assert_null(mo_host_verdict(host, &verdict));
		assert_int_equal(verdict.n, is_live ? 1 : 2);
		assert_string_equal(verdict.findings[0]->verdict, is_live ? "Memory is low." : "The lists differ.");
		mo_host_destroy(host);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_a_finding_rests_on_decides),
		cmocka_unit_test(test_of_one_moment),
		cmocka_unit_test(the_worst_of_different_kinds_are_told),
		cmocka_unit_test(what_else_was_found),
		cmocka_unit_test(rank_decides_among_equals),
		cmocka_unit_test(what_is_superseded_takes_no_place),
		cmocka_unit_test(findings_stand_in_their_view),
		cmocka_unit_test(judging_that_fails_costs_what_it_has_not_said),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
