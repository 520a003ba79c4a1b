/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A finding as text. */
#include "text_rendering.h"

#include <string.h>

#include "cell.h"
#include "wrap.h"

/*
 *   WARNING: verdict, wrapped with an indent
 *       label of evidence:  value
 *       Confidence: likely
 *       Next: advice, wrapped
 */

#define INDENT 4

static const char *colour_of(enum mo_severity severity)
{
	switch (severity) {
	case MO_CRITICAL:
		return "\033[1;31m";
	case MO_WARNING:
		return "\033[1;33m";
	case MO_NOTICE:
		return "\033[36m";
	case MO_INFO:
		break;
	}
	return NULL;
}

/* Behind its label; in several lines where it is too long for one. */
static void append_value(const struct mo_report *report, struct mo_text *out, const struct mo_evidence *evidence, size_t column)
{
	size_t width = mo_text_paragraph_width(report);
	struct mo_text value = MO_TEXT_EMPTY;

	mo_cell_to_text(&value, evidence->kind, &evidence->cell, report->options.plain_bytes);
	if (width && column + mo_display_width(mo_text_chars(&value), value.length) > width)
		mo_append_wrapped(out, mo_text_chars(&value), width, column, column);
	else
		mo_text_append_n(out, mo_text_chars(&value), value.length);
	out->failed |= mo_text_failed(&value);
	mo_text_deinit(&value);
	mo_text_append_char(out, '\n');
}

static void append_evidence(const struct mo_report *report, struct mo_text *out, const struct mo_finding *finding)
{
	size_t widest = 0;

	for (size_t i = 0; i < finding->n_evidence; i++) {
		size_t width = mo_display_width(finding->evidence[i].label, strlen(finding->evidence[i].label));

		widest = width > widest ? width : widest;
	}
	for (size_t i = 0; i < finding->n_evidence; i++) {
		const struct mo_evidence *evidence = &finding->evidence[i];
		size_t width = mo_display_width(evidence->label, strlen(evidence->label));

		mo_text_printf(out, "    %s:%*s", evidence->label, (int)(widest - width) + 2, "");
		append_value(report, out, evidence, INDENT + widest + 3);
	}
}

void mo_text_append_finding(const struct mo_report *report, struct mo_text *out, const struct mo_finding *finding)
{
	const char *label = mo_severity_label(finding->severity);
	const char *colour = report->options.use_colour ? colour_of(finding->severity) : NULL;
	size_t width = mo_text_paragraph_width(report);

	mo_text_printf(out, "%s%s:%s ", colour ? colour : "", label, colour ? "\033[0m" : "");
	mo_append_wrapped(out, finding->verdict, width, strlen(label) + 2, INDENT);
	mo_text_append_char(out, '\n');
	append_evidence(report, out, finding);
	mo_text_printf(out, "    Confidence: %s\n", mo_confidence_word(mo_finding_confidence(finding)));
	if (finding->advice) {
		mo_text_append(out, "    Next: ");
		mo_append_wrapped(out, finding->advice, width, INDENT + 6, INDENT + 6);
		mo_text_append_char(out, '\n');
	}
}
