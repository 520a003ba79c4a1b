/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The table of built-in commands. */
#include "command.h"

#include <string.h>

const struct mo_command *const mo_commands[] = {
	&mo_cmd_report,
	&mo_cmd_diff,
	&mo_cmd_watch,
	&mo_cmd_snapshot,
	&mo_cmd_info,
	&mo_cmd_dmesg,
	&mo_cmd_print,
	&mo_cmd_sym,
	&mo_cmd_vtop,
	&mo_cmd_read,
	&mo_cmd_plugins,
	&mo_cmd_help,
	NULL,
};

const struct mo_command *mo_command_find(const char *name)
{
	for (size_t i = 0; mo_commands[i]; i++)
		if (!strcmp(mo_commands[i]->name, name))
			return mo_commands[i];
	return NULL;
}
