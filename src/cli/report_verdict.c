/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "report_verdict.h"

#include <errno.h>
#include <stdlib.h>

#include "report_write.h"
#include "text.h"

static struct mo_error *copy_worst(const struct mo_report *report, char **ret)
{
	const struct mo_finding *worst = mo_report_worst(report);
	struct mo_text text = MO_TEXT_EMPTY;

	/* What is missing from the dump has a section of its own, unless it is as bad as a corrupt machine. */
	if (!worst || worst->severity < MO_NOTICE || (worst->is_about_reading && worst->severity < MO_CRITICAL))
		return NULL;
	mo_text_printf(&text, "%s%s", worst->severity == MO_NOTICE ? "Worth a look: " : "", worst->verdict);
	*ret = mo_text_take(&text);
	return *ret ? NULL : mo_error_no_memory();
}

static struct mo_error *write_to(FILE *nowhere, struct mo_cli *cli, mo_sections_writer write, void *context, char **ret)
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

struct mo_error *mo_worst_of_sections(struct mo_cli *cli, mo_sections_writer write, void *context, char **ret)
{
	FILE *nowhere = fopen("/dev/null", "we");
	char *worst = NULL;
	struct mo_error *error;

	if (!nowhere)
		return mo_error_from_errno(errno, "cannot open /dev/null");
	error = write_to(nowhere, cli, write, context, &worst);
	fclose(nowhere);
	if (error) {
		free(worst);
		return error;
	}
	*ret = worst;
	return NULL;
}
