/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MO_DISPATCH_H
#define MO_DISPATCH_H

/* Runs cli->command on a command line (without the command's name): all that its flags ask for, and cleaning up. */

#include "command.h"

/* Tells errors on standard error; returns the exit status. Does not return after an interruption: the signal ends us. */
int mo_dispatch(struct mo_cli *cli, char *const *argv, size_t argc);

/* After help or version was printed: the exit status, with a message if that could not be written (but for a closed pipe). */
int mo_end_standard_output(void);

/* What --version prints, wherever it stands on the line; the exit status. */
int mo_print_version(void);

#endif
