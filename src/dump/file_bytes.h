/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MO_FILE_BYTES_H
#define MO_FILE_BYTES_H

/*
 * The bytes of one dump file, whatever it takes to get at them:
 *  - a regular file is mapped whole, unless less than a sixteenth of it is stored;
 *  - a flattened file (makedumpfile -F, and QEMU's kdump formats) is mapped and indexed, and looks like the file that
 *    `makedumpfile -R` would make of it, without making it;
 *  - what should not or cannot be mapped (/proc/kcore, /proc/vmcore, a block device) is read with pread.
 *
 * Immutable once open; any thread. Offsets are those of the unfolded file. A mapped file that somebody shortens while
 * it is open raises SIGBUS, which the program takes as the end of its run: lengths are checked once, against fstat.
 */

#include <stddef.h>
#include <stdint.h>

#include <memopsy/error.h>

#include "extents.h"

struct mo_live_files;

struct mo_file_bytes {
	char *path;
	int fd;
	const uint8_t *map;        /* NULL: read with pread */
	uint64_t map_bytes;        /* of the file itself */
	uint64_t stored_bytes;     /* of the file itself, without its holes */
	bool has_holes;            /* its file system stores less than its length */
	uint64_t n_bytes;          /* of what it unfolds to; UINT64_MAX if it has no known end */
	struct mo_extents records; /* of a flattened file: offset -> offset in the map */
	bool is_flattened;
	bool is_cut_short;         /* flattened, and its end is missing */
	bool is_live_kernel;       /* /proc/kcore */
	struct mo_live_files *live; /* its descriptors, of which fd is the first; NULL: it is not live */
};

struct mo_error *mo_file_bytes_open(const char *path, struct mo_file_bytes **ret) MO_MUST_USE;

/* For tests: the same, but never mapped. */
struct mo_error *mo_file_bytes_open_unmapped(const char *path, struct mo_file_bytes **ret) MO_MUST_USE;

/* NULL is fine. */
void mo_file_bytes_close(struct mo_file_bytes *file);

/* A pointer to the bytes at offset and how many follow in one piece; NULL: they must be copied, or are not there. */
const uint8_t *mo_file_bytes_at(const struct mo_file_bytes *file, uint64_t offset, uint64_t *n_contiguous);

/*
 * The next bytes at or behind offset that are stored: what lies before them is a hole of a sparse file, or was never mentioned
 * in a flattened one, and reads as zeros. false: there are none up to the end. One system call a hole.
 */
bool mo_file_bytes_next_stored(const struct mo_file_bytes *file, uint64_t offset, uint64_t *start, uint64_t *end);

/*
 * Bytes of a map that will not be read again soon: their pages no longer count as this process's memory. They stay in
 * the page cache, and come back when they are read after all. Bytes outside of the map are none of its business.
 */
void mo_file_bytes_forget(const struct mo_file_bytes *file, const void *bytes, size_t n_bytes);

/*
 * Copies. MO_E_CORRUPT if the file ends before, or if a flattened file that was cut short lacks them; what a complete
 * flattened file does not mention is zero, as it is in the sparse file that it unfolds to.
 */
struct mo_error *mo_file_bytes_copy(const struct mo_file_bytes *file, uint64_t offset, void *buffer,
				    size_t n_bytes) MO_MUST_USE;

/* A pointer to n_bytes at offset: into the map, or to scratch (of at least n_bytes) after copying there. */
struct mo_error *mo_file_bytes_get(const struct mo_file_bytes *file, uint64_t offset, size_t n_bytes, void *scratch,
				   const uint8_t **ret) MO_MUST_USE;

#endif
