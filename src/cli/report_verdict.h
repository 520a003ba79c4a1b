/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MO_REPORT_VERDICT_H
#define MO_REPORT_VERDICT_H

/*
 * The verdict stands first and rests on what comes after it. So the sections are written twice: once to nowhere, to
 * learn the worst of their findings (models are gathered once, so this costs little), then for real.
 */

#include "command.h"
#include "report_write.h"

/* Writes sections to cli->report. */
typedef struct mo_error *(*mo_sections_writer)(struct mo_cli *cli, void *context);

/*
 * The verdicts of the worst findings that the sections have, as far as they are worth telling, the worst first; the
 * rest stay NULL. free() each.
 */
struct mo_worst {
	char *verdicts[MO_REPORT_WORST];
	bool has_out_of_memory; /* one of them tells of the OOM killer: what the log says of it is in there */
};

/* cli->report is as before afterwards. */
struct mo_error *mo_worst_of_sections(struct mo_cli *cli, mo_sections_writer write, void *context,
				      struct mo_worst *ret) MO_MUST_USE;
void mo_worst_deinit(struct mo_worst *worst);

#endif
