/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MO_FILE_H
#define MO_FILE_H

/* Files: mapped whole to read, written to a temporary file and renamed. Errors name the path. */

#include <stddef.h>
#include <stdint.h>

#include <memopsy/error.h>

/* A read-only private map of a regular file. An empty file gives bytes NULL and n_bytes 0. */
struct mo_mapped_file {
	const uint8_t *bytes;
	size_t n_bytes;
};

/* MO_E_INVALID for a directory or anything else that is not a regular file. */
struct mo_error *mo_map_file(const char *path, struct mo_mapped_file *ret) MO_MUST_USE;
void mo_unmap_file(struct mo_mapped_file *file);

/*
 * A file that appears under its name only when it is complete: written beside its final place (mode 0600, O_EXCL),
 * synced by commit and renamed over what was there. abort, or a crash, leaves the old file.
 */
struct mo_staged_file;
struct mo_error *mo_staged_open(const char *path, struct mo_staged_file **ret) MO_MUST_USE;
struct mo_error *mo_staged_write(struct mo_staged_file *staged, const void *bytes, size_t n_bytes) MO_MUST_USE;
struct mo_error *mo_staged_commit(struct mo_staged_file *staged) MO_MUST_USE; /* frees staged in any case */
/* Removes the temporary name and touches nothing else: for a process that ends this moment. */
void mo_staged_unlink(const struct mo_staged_file *staged);
void mo_staged_abort(struct mo_staged_file *staged);

/* Makes a directory and its parents, mode 0700. Existing is fine. */
struct mo_error *mo_make_directories(const char *path) MO_MUST_USE;

/*
 * The cache directory: $MEMOPSY_CACHE, else $XDG_CACHE_HOME/memopsy, else $HOME/.cache/memopsy. free() it. NULL:
 * there is none, or $MEMOPSY_CACHE is set and empty (no cache wanted). Not created here.
 */
char *mo_cache_directory(void);

#endif
