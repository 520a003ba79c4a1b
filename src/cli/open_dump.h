/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MO_OPEN_DUMP_H
#define MO_OPEN_DUMP_H

/* From words and options to an open kernel session. */

#include "command.h"

/*
 * Splits the words after the command into dumps and the command's own arguments. A command without arguments takes
 * every word as (a part of) the dump. Of one with arguments, the leading words that contain a slash or name an
 * existing file are the dump; after "--" all are arguments; with --dump, all are. No dump named: /proc/kcore.
 * `paths` has room for all words and all --dump values.
 */
struct mo_error *mo_split_words(struct mo_cli *cli, const char **paths) MO_MUST_USE;

/* Opens the session and its first reader. Errors are those of opening. */
struct mo_error *mo_cli_open_dump(struct mo_cli *cli) MO_MUST_USE;

#endif
