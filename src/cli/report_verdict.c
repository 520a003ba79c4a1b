/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "report_verdict.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "text.h"

static struct mo_error *copy_verdict(const struct mo_finding *finding, char **ret)
{
	struct mo_text text = MO_TEXT_EMPTY;

	mo_text_printf(&text, "%s%s", finding->severity == MO_NOTICE ? "Worth a look: " : "", finding->verdict);
	*ret = mo_text_take(&text);
	return *ret ? NULL : mo_error_no_memory();
}

static bool is_id(const struct mo_finding *finding, const char *id)
{
	return finding && !strcmp(finding->id, id);
}

/* One of the worst explains an OOM: that a group had one is in there. */
static bool has_out_of_memory(const struct mo_report *report)
{
	bool has = false;

	for (size_t i = 0; i < MO_REPORT_WORST; i++)
		has |= is_id(mo_report_worst(report, i), "out-of-memory") || is_id(mo_report_worst(report, i), "oom-panic");
	return has;
}

/* A notice is told if there is nothing worse. */
static struct mo_error *copy_worst(const struct mo_report *report, struct mo_worst *ret)
{
	size_t n = 0;

	ret->has_out_of_memory = has_out_of_memory(report);
	for (size_t i = 0; i < MO_REPORT_WORST; i++) {
		const struct mo_finding *finding = mo_report_worst(report, i);

		/* What is missing from the dump has a section of its own, unless it is as bad as a corrupt machine. */
		if (!finding || finding->severity < (i ? MO_WARNING : MO_NOTICE) ||
		    (finding->is_about_reading && finding->severity < MO_CRITICAL))
			break;
		if (!(ret->has_out_of_memory && is_id(finding, "cgroup-oom")))
			MO_TRY(copy_verdict(finding, &ret->verdicts[n++]));
	}
	return NULL;
}

static struct mo_error *write_to(FILE *nowhere, struct mo_cli *cli, mo_sections_writer write, void *context,
				 struct mo_worst *ret)
{
	/* JSON needs no widths of columns, and so no rows kept. */
	const struct mo_report_options options = { .format = MO_FORMAT_JSON };
	const struct mo_report_head head = { .command = "report" };
	struct mo_report *real = cli->report;
	struct mo_report *trial;
	bool was_partial = cli->is_partial;
	struct mo_error *error = mo_report_create(nowhere, &options, &head, false, &trial);

	if (error)
		return error;
	cli->report = trial;
	error = write(cli, context);
	cli->report = real;
	cli->is_partial = was_partial;
	if (!error)
		error = copy_worst(trial, ret);
	if (!error)
		error = mo_report_finish(trial);
	mo_report_destroy(trial);
	return error;
}

struct mo_error *mo_worst_of_sections(struct mo_cli *cli, mo_sections_writer write, void *context, struct mo_worst *ret)
{
	FILE *nowhere = fopen("/dev/null", "we");
	struct mo_worst worst = { .verdicts = { NULL } };
	struct mo_error *error;

	if (!nowhere)
		return mo_error_from_errno(errno, "cannot open /dev/null");
	error = write_to(nowhere, cli, write, context, &worst);
	fclose(nowhere);
	if (error) {
		mo_worst_deinit(&worst);
		return error;
	}
	*ret = worst;
	return NULL;
}

void mo_worst_deinit(struct mo_worst *worst)
{
	for (size_t i = 0; i < MO_REPORT_WORST; i++)
		free(worst->verdicts[i]);
}
