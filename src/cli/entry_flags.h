/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MO_ENTRY_FLAGS_H
#define MO_ENTRY_FLAGS_H

/* The bits of page-table entries in words. */

#include <memopsy/kernel.h>

#include "text.h"

/*
 * Appends the names of the bits that are set in an entry, as far as the architecture (as uname -m names it) is known
 * here.
 */
void mo_entry_append_flags(const char *arch, const struct mo_translation_step *step, struct mo_text *text);

#endif
