/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MO_NOTES_H
#define MO_NOTES_H

/* ELF notes, and the VMCOREINFO text that one of them holds. Their meaning beyond that is nobody's business here. */

#include <memopsy/containers.h>

#include "dump.h"
#include "file_bytes.h"

struct mo_notes {
	MO_VECTOR(struct mo_dump_note) list;
	MO_VECTOR(void *) blocks; /* what the names and descriptors point into, where the file itself does not serve */
	bool is_cut_short;        /* a note went past the end of its area, or the area past the file's */
};

void mo_notes_deinit(struct mo_notes *notes);

/*
 * Adds the notes in [offset, offset + n_bytes) of the file. What lies behind the file's end is skipped and said in
 * is_cut_short, as is all that follows a note whose sizes make no sense.
 */
struct mo_error *mo_notes_add(struct mo_notes *notes, const struct mo_file_bytes *file, uint64_t offset,
			      uint64_t n_bytes, bool is_big_endian) MO_MUST_USE;

/* The first note of that name; NULL: none. */
const struct mo_dump_note *mo_notes_find(const struct mo_notes *notes, const char *name);

/* Bytes as text: cut at the first NUL, terminated; free() it. *length_ret is without the terminator. */
struct mo_error *mo_vmcoreinfo_text(const uint8_t *bytes, size_t n_bytes, char **ret, size_t *length_ret) MO_MUST_USE;

/* PAGESIZE= in a VMCOREINFO text, if it is there and a page size that can be; else 0. text may be NULL. */
uint32_t mo_vmcoreinfo_page_bytes(const char *text);

#endif
