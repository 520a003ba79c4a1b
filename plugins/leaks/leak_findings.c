/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the losses mean for a reader who has one minute; and what the scan could not see. */
#include <inttypes.h>
#include <stdio.h>

#include "leaks_views.h"

#define WARNING_OBJECTS 100    /* one that is lost happens; a hundred of a kind is a habit */
#define WARNING_BYTES (1u << 20)
#define NAMED_GROUPS 3

/* "4,000" */
static void print_count(char *text, size_t n_bytes, uint64_t count)
{
	char digits[32];
	int n_digits = snprintf(digits, sizeof(digits), "%" PRIu64, count);
	size_t n = 0;

	for (int i = 0; i < n_digits && n + 2 < n_bytes; i++) {
		if (i && (n_digits - i) % 3 == 0)
			text[n++] = ',';
		text[n++] = digits[i];
	}
	text[n] = '\0';
}

static void print_size(char *text, size_t n_bytes, uint64_t bytes)
{
	uint64_t tenths = bytes / 100000 + (bytes % 100000 >= 50000);

	if (bytes >= 100000)
		snprintf(text, n_bytes, "%" PRIu64 ".%" PRIu64 " MB", tenths / 10, tenths % 10);
	else
		snprintf(text, n_bytes, "%" PRIu64 " bytes", bytes);
}

/* "4,000 of kmalloc-192 (0.8 MB, leaker)" */
static int print_group(char *text, size_t n_bytes, const struct mo_slab_model *slabs, const struct mo_leak_group *group,
		       bool is_first)
{
	char count[40];
	char size[40];
	char room[64];

	print_count(count, sizeof(count), group->objects);
	print_size(size, sizeof(size), group->bytes);
	return snprintf(text, n_bytes, "%s%s of %s (%s%s%s)", count, is_first ? group->objects == 1 ? " object" : " objects" : "",
			group_name(slabs, group, room, sizeof(room)), size, group->module ? ", module " : "",
			group->module ? group->module : "");
}

/* What is lost, but for what the kernel loses on purpose. */
struct losses {
	uint64_t objects, bytes, largest_objects;
	size_t n_groups;
};

static struct losses sum_losses(const struct mo_leaks_model *model)
{
	struct losses losses = { .objects = 0 };

	for (size_t i = 0; i < model->n_groups && !model->groups[i].is_on_purpose; i++) {
		losses.n_groups++;
		losses.objects += model->groups[i].objects;
		losses.bytes += model->groups[i].bytes;
		if (model->groups[i].objects > losses.largest_objects)
			losses.largest_objects = model->groups[i].objects;
	}
	return losses;
}

static void print_verdict(char *text, size_t n_bytes, const struct mo_leaks_model *model, const struct mo_slab_model *slabs,
			  struct losses losses)
{
	size_t n_named = losses.n_groups < NAMED_GROUPS ? losses.n_groups : NAMED_GROUPS;
	uint64_t rest = losses.objects;
	size_t n = 0;

	for (size_t i = 0; i < n_named && n < n_bytes; i++) {
		if (i)
			n += (size_t)snprintf(text + n, n_bytes - n, "%s",
					      i + 1 == n_named && losses.n_groups == n_named ? " and " : ", ");
		if (n < n_bytes)
			n += (size_t)print_group(text + n, n_bytes - n, slabs, &model->groups[i], !i);
		rest -= model->groups[i].objects;
	}
	if (rest && n < n_bytes)
		n += (size_t)snprintf(text + n, n_bytes - n, " and %" PRIu64 " in %zu other groups", rest,
				      losses.n_groups - n_named);
	if (n < n_bytes)
		snprintf(text + n, n_bytes - n, " %s lost%s", losses.objects == 1 ? "is" : "are",
			 rest ? ": nothing points at them." : "; nothing else is.");
}

static void report_losses(struct mo_report *report, const struct mo_leaks_model *model, const struct mo_slab_model *slabs,
			  struct losses losses)
{
	bool is_much = losses.largest_objects >= WARNING_OBJECTS || losses.bytes >= WARNING_BYTES;
	char verdict[1000];
	struct mo_evidence evidence[] = {
		{ .label = "lost objects", .kind = MO_CELL_COUNT, .cell = mo_cell_number(mo_exact(losses.objects)) },
		{ .label = "their size", .kind = MO_CELL_BYTES, .cell = mo_cell_number(mo_exact(losses.bytes)) },
		{ .label = "allocated objects", .kind = MO_CELL_COUNT, .cell = mo_cell_number(mo_exact(model->objects)) },
	};
	struct mo_finding finding = {
		.id = "leaks-lost",
		.severity = is_much && model->is_whole ? MO_WARNING : MO_NOTICE,
		.confidence = model->is_whole ? MO_LIKELY : MO_GUESS,
		.verdict = verdict,
		.evidence = evidence,
		.n_evidence = sizeof(evidence) / sizeof(evidence[0]),
		.advice = "`memopsy leaks --list` has every one of them.",
	};

	print_verdict(verdict, sizeof(verdict), model, slabs, losses);
	mo_report_finding(report, &finding);
}

static void report_missing(struct mo_report *report, const struct mo_leaks_model *model)
{
	struct mo_evidence evidence[] = {
		{ .label = "missing pages of roots", .kind = MO_CELL_COUNT, .cell = mo_cell_number(mo_exact(model->missing_pages)) },
		{ .label = "of", .kind = MO_CELL_COUNT, .cell = mo_cell_number(mo_exact(model->root_pages)) },
		{ .label = "objects that could not be read", .kind = MO_CELL_COUNT,
		  .cell = mo_cell_number(mo_exact(model->missing_objects)) },
		{ .label = "objects without a path in what is left", .kind = MO_CELL_COUNT,
		  .cell = mo_cell_number(mo_exact(model->n_lost)) },
	};
	struct mo_finding finding = {
		.id = "leaks-memory-missing",
		.severity = MO_WARNING,
		.confidence = MO_CERTAIN,
		.verdict = model->is_hopeless ? "So much of the kernel's memory is missing that nobody can tell what is lost." :
						"Memory of the kernel is missing that may point at what seems to be lost.",
		.evidence = evidence,
		.n_evidence = sizeof(evidence) / sizeof(evidence[0]),
		.advice = model->is_hopeless ? "`memopsy leaks --list` has the candidates; a dump with all slabs would tell." :
					       "Take what is listed for candidates.",
		.is_about_reading = true,
	};

	if (!model->is_whole)
		mo_report_finding(report, &finding);
}

static void report_unknown(struct mo_report *report, const struct mo_leaks_model *model)
{
	struct mo_evidence evidence = { .label = "objects", .kind = MO_CELL_COUNT,
					.cell = mo_cell_number(mo_exact(model->unknown_objects)) };
	struct mo_finding finding = {
		.id = "leaks-unknown-objects",
		.severity = MO_NOTICE,
		.confidence = MO_CERTAIN,
		.verdict = "Objects of slabs at fault may be lost or free: they, and what they point at, count as reached.",
		.evidence = &evidence,
		.n_evidence = 1,
		.is_about_reading = true,
	};

	if (model->unknown_objects)
		mo_report_finding(report, &finding);
}

void report_leak_findings(struct mo_run *run, struct mo_report *report)
{
	const struct mo_leaks_model *model = mo_run_model(run);
	struct losses losses = sum_losses(model);

	if (losses.objects && !model->is_hopeless)
		report_losses(report, model, mo_run_model_of(run, MO_SLAB_MODEL), losses);
	report_missing(report, model);
	report_unknown(report, model);
}
