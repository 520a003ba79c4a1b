/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* `memopsy info`: the identity of dump, kernel and machine. */
#include "identity.h"
#include "info_unidentified.h"
#include "session.h"

static const struct mo_table_spec *const tables[] = {
	&mo_identity_kernel_table,
	&mo_identity_machine_table,
	&mo_identity_setup_table,
	&mo_identity_sysctls_table,
	&mo_identity_dump_table,
	&mo_identity_excluded_table,
	&mo_unidentified_table,
};

static struct mo_error *run_info(struct mo_cli *cli)
{
	const struct mo_need *const needs[] = { mo_machine_state_needs, mo_machine_settings_needs };
	const size_t n_needs[] = { mo_machine_state_n_needs, mo_machine_settings_n_needs };
	struct mo_identity identity;
	struct mo_error *error = mo_kernel_prefetch(cli->kernel, needs, n_needs, 2);

	if (error)
		return error;
	error = mo_identity_gather(cli, &identity);
	if (error)
		return error;
	if (!mo_kernel_facts(cli->kernel)->is_log)
		mo_identity_write_cut(cli->report, mo_kernel_dump_info(cli->kernel));
	mo_identity_write_kernel(cli, &identity);
	mo_identity_write_machine(cli, &identity);
	if (!mo_kernel_facts(cli->kernel)->is_log && !mo_kernel_facts(cli->kernel)->lacks_types)
		mo_identity_write_settings(cli, &identity);
	mo_identity_write_dump(cli);
	mo_identity_write_completeness(cli, false);
	mo_identity_write_remarks(cli);
	mo_identity_deinit(&identity);
	return NULL;
}

const struct mo_command mo_cmd_info = {
	.name = "info",
	.summary = "identity of the dump: kernel, machine, time, panic, what is missing",
	.help = "Shows which kernel the dump is from, when and how long after boot it was taken, why the machine stopped "
		"(as far as the kernel log says), and what the dump excludes. '?' marks what is unknown.",
	.tables = tables,
	.n_tables = sizeof(tables) / sizeof(tables[0]),
	.flags = MO_COMMAND_DUMP | MO_COMMAND_REPORT | MO_COMMAND_SHOW_HEAD | MO_COMMAND_TYPES_OPTIONAL |
		 MO_COMMAND_READS_LOGS,
	.run = run_info,
	.run_unidentified = mo_info_unidentified,
};
