/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MO_DISPATCH_H
#define MO_DISPATCH_H

/* Runs cli->command on a command line (without the command's name): all that its flags ask for, and cleaning up. */

#include "command.h"

/* Tells errors on standard error; returns the exit status. Does not return after an interruption: the signal ends us. */
int mo_dispatch(struct mo_cli *cli, char *const *argv, size_t argc);

/* What --version prints, wherever it stands on the line; the exit status. */
int mo_print_version(void);

#endif
