/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MO_DEBUG_FILES_H
#define MO_DEBUG_FILES_H

/*
 * The search for debug files, as its parts see it. The entry points are in elf_file.h.
 *
 * A search tries one path after another and remembers why each was not taken, so that its failure can say so. A
 * file whose build-id is another one is never taken; that is worth more in the error text than all files that are
 * simply not there, so it decides the code: MO_E_MISMATCH instead of MO_E_ABSENT.
 */

#include <stddef.h>
#include <stdint.h>

#include <memopsy/error.h>

#include "text.h"

struct mo_elf;

struct mo_debug_search {
	const char *build_id;     /* wanted, lower-case hex; NULL: not known, any file is taken */
	bool needs_debug_info;    /* without .debug_info a file is useless; else it is the second choice */
	struct mo_elf *found;     /* with debug information; owned by the search until taken */
	struct mo_elf *second;    /* right file without debug information */
	struct mo_text tried;     /* "PATH, PATH (why not)" */
	struct mo_text mismatch;  /* the first file with a wrong build-id, and that id */
};

void mo_debug_search_init(struct mo_debug_search *search, const char *build_id, bool needs_debug_info);
void mo_debug_search_deinit(struct mo_debug_search *search);

/* Each try does nothing once a file was found. Paths that are not there are no errors; shortage of memory is. */
struct mo_error *mo_debug_search_try(struct mo_debug_search *search, const char *path) MO_MUST_USE;

/* The same, if the file's CRC32 is the one given. */
struct mo_error *mo_debug_search_try_checksum(struct mo_debug_search *search, const char *path,
					      uint32_t checksum) MO_MUST_USE;

/* ROOT/.build-id/xx/yyyy.debug; nothing if the build-id is unknown. */
struct mo_error *mo_debug_search_try_build_id(struct mo_debug_search *search, const char *root) MO_MUST_USE;

/* ROOT/FORMAT..., where root may be "/" or end in one. */
struct mo_error *mo_debug_search_try_below(struct mo_debug_search *search, const char *root, const char *format,
					   ...) MO_PRINTF(3, 4) MO_MUST_USE;

/* Adds a remark to what was tried. */
void mo_debug_search_remark(struct mo_debug_search *search, const char *format, ...) MO_PRINTF(2, 3);

/*
 * Asks debuginfod, where $DEBUGINFOD_URLS says which and the library can be loaded. A build-id is needed. The library
 * is not linked: it is optional at run time.
 */
struct mo_error *mo_debug_search_ask_debuginfod(struct mo_debug_search *search) MO_MUST_USE;

/* What was found, or an error: "WHAT: no ... ; tried ...". The search is empty afterwards. */
struct mo_error *mo_debug_search_take(struct mo_debug_search *search, const char *what, struct mo_elf **ret) MO_MUST_USE;

/* Hex, and long enough to be cut in two. It may come from a dump, and becomes part of a path. */
bool mo_is_build_id(const char *text);

/* The checksum of .gnu_debuglink: CRC-32 as in IEEE 802.3. */
uint32_t mo_debug_link_crc32(const uint8_t *bytes, size_t n_bytes);

#endif
