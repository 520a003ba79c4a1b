/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MO_COMPLETION_H
#define MO_COMPLETION_H

/*
 * What the shell's completion asks for, out of the same tables as parser and help:
 *	memopsy --list-commands
 *	memopsy --list-options COMMAND
 *	memopsy --list-columns COMMAND
 * Returns whether the line was one of these; then it has been answered on standard output.
 */

#include <stdbool.h>

bool mo_completion_list(int argc, char *const *argv);

#endif
