/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a report keeps until its end: notes and findings, since JSON lists them last. */
#include "report_stream.h"

#include <string.h>

#include "cell.h"

static const struct severity_words {
	const char *label;
	const char *word;
} severities[] = {
	[MO_INFO] = { .label = "INFO", .word = "info" },
	[MO_NOTICE] = { .label = "NOTICE", .word = "notice" },
	[MO_WARNING] = { .label = "WARNING", .word = "warning" },
	[MO_CRITICAL] = { .label = "CRITICAL", .word = "critical" },
};

static const char *const confidences[] = {
	[MO_GUESS] = "guess",
	[MO_LIKELY] = "likely",
	[MO_CERTAIN] = "certain",
};

const char *mo_severity_label(enum mo_severity severity)
{
	assert(severity <= MO_CRITICAL);
	return severities[severity].label;
}

const char *mo_severity_word(enum mo_severity severity)
{
	assert(severity <= MO_CRITICAL);
	return severities[severity].word;
}

const char *mo_confidence_word(enum mo_confidence confidence)
{
	assert(confidence >= MO_GUESS && confidence <= MO_CERTAIN);
	return confidences[confidence];
}

enum mo_confidence mo_finding_confidence(const struct mo_finding *finding)
{
	int confidence = finding->basis == MO_BASIS_FACTS ? MO_CERTAIN : finding->basis == MO_BASIS_FIT ? MO_GUESS : MO_LIKELY;

	return finding->is_incomplete && confidence > MO_GUESS ? confidence - 1 : confidence;
}

const char *mo_report_keep_note(struct mo_report *report, const char *text, size_t n_chars)
{
	struct mo_kept_note note = { .section = report->open_section };
	size_t n_visible;

	if (report->notes.count >= MO_KEPT_MAXIMUM) {
		report->n_notes_left_out++;
		return NULL;
	}
	note.text = mo_text_store_add_visible(&report->texts, text, n_chars, MO_ONE_LINE, &n_visible);
	if (!note.text || !mo_vector_append(&report->notes, note)) {
		mo_report_fail(report, mo_error_no_memory());
		return NULL;
	}
	return note.text;
}

/* A copy of the evidence that lives as long as the report. */
static struct mo_evidence *copy_evidence(struct mo_report *report, const struct mo_finding *finding)
{
	struct mo_evidence *copies = reallocarray(NULL, finding->n_evidence + 1, sizeof(*copies));
	bool failed = false;

	if (!copies || !mo_vector_append(&report->blocks, copies)) {
		free(copies);
		return NULL;
	}
	for (size_t i = 0; i < finding->n_evidence; i++) {
		const struct mo_evidence *evidence = &finding->evidence[i];

		copies[i] = *evidence;
		copies[i].label = mo_text_store_add_line(&report->texts, evidence->label, &failed);
		if (!mo_cell_keep(&report->texts, evidence->kind, 0, &evidence->cell, &copies[i].cell) || failed)
			return NULL;
	}
	return copies;
}

static bool copy_finding(struct mo_report *report, const struct mo_finding *finding, struct mo_finding *copy)
{
	bool failed = false;

	*copy = *finding;
	copy->id = mo_text_store_add_line(&report->texts, finding->id, &failed);
	copy->verdict = mo_text_store_add_line(&report->texts, finding->verdict, &failed);
	copy->advice = mo_text_store_add_line(&report->texts, finding->advice, &failed);
	copy->evidence = copy_evidence(report, finding);
	copy->supersedes = NULL; /* the verdict is the host's business */
	copy->n_supersedes = 0;
	return !failed && copy->evidence;
}

void mo_report_missing(struct mo_report *report, const char *what)
{
	bool failed = false;
	const char *kept;

	if (report->n_missing++ >= MO_KEPT_MAXIMUM)
		return;
	kept = mo_text_store_add_line(&report->texts, what, &failed);
	if (failed || !mo_vector_append(&report->missing, kept))
		mo_report_fail(report, mo_error_no_memory());
}

const char *mo_report_first_missing(const struct mo_report *report, size_t *n_ret)
{
	*n_ret = report->n_missing;
	return report->missing.count ? report->missing.items[0] : NULL;
}

const struct mo_finding *mo_report_keep_finding(struct mo_report *report, const struct mo_finding *finding)
{
	struct mo_kept_finding kept = { .section = report->open_section };

	if (finding->is_about_reading)
		mo_report_missing(report, finding->verdict);
	if (report->findings.count >= MO_KEPT_MAXIMUM) {
		report->n_findings_left_out++;
		return NULL;
	}
	if (!copy_finding(report, finding, &kept.finding) || !mo_vector_append(&report->findings, kept)) {
		mo_report_fail(report, mo_error_no_memory());
		return NULL;
	}
	return &report->findings.items[report->findings.count - 1].finding;
}

void mo_report_keep_deinit(struct mo_report *report)
{
	for (size_t i = 0; i < report->blocks.count; i++)
		free(report->blocks.items[i]);
	mo_vector_deinit(&report->blocks);
	mo_vector_deinit(&report->missing);
	mo_vector_deinit(&report->sections);
	mo_vector_deinit(&report->tables);
	mo_vector_deinit(&report->notes);
	mo_vector_deinit(&report->findings);
	mo_text_store_deinit(&report->texts);
}
