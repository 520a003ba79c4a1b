/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "report_stream.h"

#include <string.h>

#include "cell.h"

/* What a report keeps until its end: notes and findings, since JSON lists them last and the verdict needs the worst. */

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
	[MO_CONFIDENCE_UNSTATED] = NULL,
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
	assert(confidence <= MO_CERTAIN);
	return confidences[confidence];
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
	return !failed && copy->evidence;
}

/* What could not be read comes behind what is wrong with the machine, unless it is as bad as a corrupt machine. */
static int weight(const struct mo_finding *finding)
{
	return finding->is_about_reading && finding->severity < MO_CRITICAL ? -1 : (int)finding->severity;
}

/* Of two as bad the surer one. */
static bool is_worse(const struct mo_finding *finding, const struct mo_finding *than)
{
	if (weight(finding) != weight(than))
		return weight(finding) > weight(than);
	return finding->confidence > than->confidence;
}

/* Where a finding belongs among the worst; MO_REPORT_WORST: not among them. */
static size_t place_among_worst(const struct mo_report *report, const struct mo_finding *finding)
{
	size_t place = 0;

	while (place < report->n_worst && !is_worse(finding, &report->worst[place])) {
		if (!strcmp(report->worst[place].id, finding->id))
			return MO_REPORT_WORST;
		place++;
	}
	return place;
}

/* Puts it there; one of the same id that is less bad goes, else the last one if there are too many. */
static void insert_worst(struct mo_report *report, const struct mo_finding *finding, size_t place)
{
	size_t gap = place;

	while (gap < report->n_worst && strcmp(report->worst[gap].id, finding->id))
		gap++;
	if (gap == report->n_worst && gap < MO_REPORT_WORST)
		report->n_worst++;
	else if (gap == MO_REPORT_WORST)
		gap--;
	for (; gap > place; gap--)
		report->worst[gap] = report->worst[gap - 1];
	report->worst[place] = *finding;
}

const struct mo_finding *mo_report_keep_finding(struct mo_report *report, const struct mo_finding *finding)
{
	struct mo_kept_finding kept = { .section = report->open_section };
	size_t place = place_among_worst(report, finding);
	bool is_worst = place < MO_REPORT_WORST;
	bool is_kept = report->findings.count < MO_KEPT_MAXIMUM;

	if (finding->is_about_reading)
		report->is_partial = true;
	if (!is_kept)
		report->n_findings_left_out++;
	if (!is_kept && !is_worst)
		return NULL;
	/* One left out is copied if it is among the worst: some dozens of times at most, as severities and confidences go. */
	if (!copy_finding(report, finding, &kept.finding) || (is_kept && !mo_vector_append(&report->findings, kept))) {
		mo_report_fail(report, mo_error_no_memory());
		return NULL;
	}
	if (is_worst)
		insert_worst(report, &kept.finding, place);
	return is_kept ? &report->findings.items[report->findings.count - 1].finding : NULL;
}

const struct mo_finding *mo_report_worst(const struct mo_report *report, size_t index)
{
	return index < report->n_worst ? &report->worst[index] : NULL;
}

void mo_report_keep_deinit(struct mo_report *report)
{
	for (size_t i = 0; i < report->blocks.count; i++)
		free(report->blocks.items[i]);
	mo_vector_deinit(&report->blocks);
	mo_vector_deinit(&report->sections);
	mo_vector_deinit(&report->tables);
	mo_vector_deinit(&report->notes);
	mo_vector_deinit(&report->findings);
	mo_text_store_deinit(&report->texts);
}
