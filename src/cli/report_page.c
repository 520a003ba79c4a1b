/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What stands on the one page of a report. */
#include "report_page.h"

#include <inttypes.h>
#include <string.h>

#include "cleanup.h"
#include "text.h"

/* What the memory was short of and who had it then; where it is now; who holds it; what is lost. */
static const struct {
	const char *view;
	struct mo_report_brief brief;
	bool is_paragraph_if_quiet; /* no table where nothing was found */
} parts[] = {
	{ "waits", { .max_tables = 1, .max_rows = 4 }, false },
	{ "oom", { .max_tables = 4, .max_rows = 4 }, false },
	{ "usage", { .max_tables = 1, .max_rows = 4 }, false },
	{ "owners", { .max_tables = 1, .max_rows = 3 }, false },
	{ "leaks", { .max_tables = 1, .max_rows = 4 }, true },
};

const struct mo_report_brief mo_page_paragraph = { .max_tables = 0 };

const struct mo_report_brief *mo_page_part_of(const char *view_name, bool has_found)
{
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
		if (!strcmp(parts[i].view, view_name))
			return parts[i].is_paragraph_if_quiet && !has_found ? &mo_page_paragraph : &parts[i].brief;
	return NULL;
}

static void append_part(struct mo_text *text, const char *part)
{
	mo_text_printf(text, "%s%s", text->length ? ", " : "", part);
}

void mo_page_write_machine(struct mo_cli *cli, const struct mo_identity *identity)
{
	const struct mo_machine_state *state = &identity->state;
	const struct mo_kernel_facts *facts = mo_kernel_facts(cli->kernel);
	MO_CLEANUP(mo_cleanup_text) struct mo_text text = MO_TEXT_EMPTY;
	const char *name = state->nodename ? state->nodename : facts->host;

	if (name)
		append_part(&text, name);
	if (state->has_cpus)
		mo_text_printf(&text, "%s%u CPU%s online", text.length ? ", " : "", state->n_cpus_online,
			       state->n_cpus_online == 1 ? "" : "s");
	if (state->has_total_pages && facts->page_bytes && state->total_pages <= UINT64_MAX / facts->page_bytes) {
		double mib = (double)(state->total_pages * facts->page_bytes) / (1 << 20);

		mo_text_printf(&text, "%s%.1f %s of memory", text.length ? ", " : "", mib < 1024 ? mib : mib / 1024,
			       mib < 1024 ? "MiB" : "GiB");
	}
	if (state->has_time)
		mo_text_printf(&text, "%sup %" PRIu64 " days, %02u:%02u:%02u", text.length ? ", " : "",
			       state->uptime_ns / 1000000000 / 86400, (unsigned)(state->uptime_ns / 1000000000 / 3600 % 24),
			       (unsigned)(state->uptime_ns / 1000000000 / 60 % 60), (unsigned)(state->uptime_ns / 1000000000 % 60));
	if (!text.length)
		return;
	mo_report_section_begin(cli->report, "identity", "Host");
	mo_report_note(cli->report, "%s.", mo_text_chars(&text));
	mo_report_section_end(cli->report);
}

void mo_page_write_others(struct mo_cli *cli, const struct mo_verdict *verdict)
{
	MO_CLEANUP(mo_cleanup_text) struct mo_text text = MO_TEXT_EMPTY;

	for (size_t i = 0; i < verdict->n_others; i++)
		mo_text_printf(&text, "%s%s", text.length ? " " : "", verdict->others[i]->verdict);
	if (verdict->n_left_out)
		mo_text_printf(&text, " %zu more findings: --full.", verdict->n_left_out);
	if (!text.length)
		return;
	mo_report_section_begin(cli->report, "others", "Also found");
	mo_report_note(cli->report, "%s", mo_text_chars(&text));
	mo_report_section_end(cli->report);
}

static void write_step(struct mo_cli *cli, unsigned *number, const char *advice)
{
	if (advice)
		mo_report_note(cli->report, "%u. %s", ++*number, advice);
}

void mo_page_write_steps(struct mo_cli *cli, const struct mo_verdict *verdict)
{
	unsigned number = 0;

	mo_report_section_begin(cli->report, "steps", "Next steps");
	for (size_t i = 0; i < verdict->n; i++)
		write_step(cli, &number, verdict->findings[i]->advice);
	write_step(cli, &number, "`memopsy report --full` has every section of this dump.");
	mo_report_section_end(cli->report);
}
