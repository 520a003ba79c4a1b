/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef PAGE_OWNER_H
#define PAGE_OWNER_H

#include <stdbool.h>
#include <stddef.h>

#define PAGE_OWNER "/sys/kernel/debug/page_owner"

/* Writes it to out, after the time at which the reading began; returns how many bytes. is_full: there was not room for all. */
size_t digest_page_owner(char *out, size_t room, bool *is_full);

#endif
