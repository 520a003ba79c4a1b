/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef REFS_LAYOUT_H
#define REFS_LAYOUT_H

/* Where the kernel's own per-CPU variables lie. */

#include <memopsy/layout.h>

struct refs_layout {
	struct mo_address percpu_start, percpu_end;
};

extern const struct mo_need_table refs_needs;

#endif
