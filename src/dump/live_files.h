/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MO_LIVE_FILES_H
#define MO_LIVE_FILES_H

/*
 * /proc/kcore opened several times. The kernel copies what is read through one page that belongs to the open file
 * (file->private_data in fs/proc/kcore.c), without a lock: two threads that read from one descriptor get each other's bytes.
 */

#include <memopsy/error.h>

struct mo_live_files;

/* first_fd stays the caller's. */
struct mo_error *mo_live_files_create(const char *path, int first_fd, struct mo_live_files **ret) MO_MUST_USE;

/* NULL is fine. Nobody may have a descriptor. */
void mo_live_files_destroy(struct mo_live_files *files);

/* A descriptor for this thread alone, until it is given back by its number. Waits if all are taken. */
int mo_live_files_take(struct mo_live_files *files, unsigned *number);
void mo_live_files_give(struct mo_live_files *files, unsigned number);

#endif
