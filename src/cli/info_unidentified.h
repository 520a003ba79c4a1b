/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MO_INFO_UNIDENTIFIED_H
#define MO_INFO_UNIDENTIFIED_H

/* What `info` says of a dump in which no kernel could be identified. */

#include "command.h"

struct mo_dump;

extern const struct mo_table_spec mo_unidentified_table;

/* why: the error of the session. */
struct mo_error *mo_info_unidentified(struct mo_cli *cli, const struct mo_dump *dump, const char *path,
				      const char *why) MO_MUST_USE;

#endif
