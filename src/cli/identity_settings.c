/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The tables of how the machine was set up: command line, load, sysctls. */
#include <inttypes.h>

#include "cleanup.h"
#include "identity.h"
#include "text.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

enum setup_column { SETUP_COMMAND_LINE, SETUP_LOAD, SETUP_LOAD_1, SETUP_LOAD_5, SETUP_LOAD_15, SETUP_COLUMNS };

#define LOAD(key_, help_) { .key = key_, .heading = key_, .flags = MO_COLUMN_HIDDEN, .help = help_ }

static const struct mo_column setup_columns[SETUP_COLUMNS] = {
	[SETUP_COMMAND_LINE] = { .key = "command_line", .heading = "Command line", .flags = MO_COLUMN_WRAP,
				 .help = "as /proc/cmdline printed it" },
	[SETUP_LOAD] = { .key = "load_average", .heading = "Load average", .help = "over 1, 5 and 15 minutes (avenrun)" },
	[SETUP_LOAD_1] = LOAD("load_1", "over 1 minute"),
	[SETUP_LOAD_5] = LOAD("load_5", "over 5 minutes"),
	[SETUP_LOAD_15] = LOAD("load_15", "over 15 minutes"),
};

const struct mo_table_spec mo_identity_setup_table = {
	.name = "setup",
	.title = "Setup",
	.columns = setup_columns,
	.n_columns = COUNT(setup_columns),
	.flags = MO_TABLE_RECORD,
};

enum sysctl_column { SYSCTL_NAME, SYSCTL_VALUE, SYSCTL_COLUMNS };

static const struct mo_column sysctl_columns[SYSCTL_COLUMNS] = {
	[SYSCTL_NAME] = { .key = "name", .heading = "SYSCTL", .help = "as sysctl(8) names it" },
	[SYSCTL_VALUE] = { .key = "value", .heading = "VALUE", .kind = MO_CELL_SIGNED, .help = "in the dump" },
};

const struct mo_table_spec mo_identity_sysctls_table = {
	.name = "sysctls",
	.title = "Sysctls",
	.help = "What memory pressure, its failures and a crash depend on.",
	.columns = sysctl_columns,
	.n_columns = COUNT(sysctl_columns),
};

void mo_identity_write_settings(struct mo_cli *cli, const struct mo_identity *identity)
{
	const struct mo_machine_settings *settings = &identity->settings;
	MO_CLEANUP(mo_cleanup_text) struct mo_text load = MO_TEXT_EMPTY;
	struct mo_cell cells[SETUP_COLUMNS] = { [SETUP_COMMAND_LINE] = mo_cell_text(settings->command_line) };
	char parts[MO_LOAD_AVERAGES][32];

	for (size_t i = 0; i < MO_LOAD_AVERAGES; i++) {
		snprintf(parts[i], sizeof(parts[i]), "%" PRIu64 ".%02" PRIu64, settings->load_hundredths[i] / 100,
			 settings->load_hundredths[i] % 100);
		mo_text_printf(&load, "%s%s", i ? " " : "", parts[i]);
		cells[SETUP_LOAD_1 + i] = mo_cell_text(settings->has_load ? parts[i] : NULL);
	}
	cells[SETUP_LOAD] = mo_cell_text(settings->has_load ? mo_text_chars(&load) : NULL);
	mo_report_record(cli->report, &mo_identity_setup_table, cells);
	mo_report_table_begin(cli->report, &mo_identity_sysctls_table);
	for (size_t i = 0; i < MO_SYSCTLS; i++)
		mo_report_row(cli->report, (const struct mo_cell[SYSCTL_COLUMNS]){
			[SYSCTL_NAME] = mo_cell_text(settings->sysctls[i].name),
			[SYSCTL_VALUE] = settings->sysctls[i].is_known ? mo_cell_signed(settings->sysctls[i].value) :
									 mo_cell_unknown(),
		});
	mo_report_table_end(cli->report);
}
