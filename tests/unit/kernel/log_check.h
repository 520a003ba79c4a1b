/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MO_LOG_CHECK_H
#define MO_LOG_CHECK_H

/* What tests of the kernel log in either form share. */

#include <memopsy/printk.h>

#include "kernel_rows.h"

#define TEXTS(...) ((const char *const[]){ __VA_ARGS__, NULL })
#define NO_TEXTS ((const char *const[]){ NULL })

/*
 * Opens the log, and fails unless its records are these texts, NULL-terminated, and the reason of the last that was
 * skipped contains why_part (NULL: none was). Returns how many were skipped.
 */
uint64_t check_log(struct mo_kernel *kernel, const char *const *texts, const char *why_part);

#endif
