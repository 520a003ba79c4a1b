/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MO_TYPE_CACHE_H
#define MO_TYPE_CACHE_H

/*
 * The table of types of one vmlinux on disk: one file for each build-id, replaced by rename. What is read is
 * checked against its checksum and then number by number, so that a damaged file gives a reason, never a wrong type
 * out of bounds.
 */

#include "type_table.h"

/* The path of the file within a cache directory. free() it; NULL: no memory. */
char *mo_type_cache_path(const char *cache_dir, const char *build_id);

/*
 * Loads a file into an empty table. MO_E_ABSENT: there is no such file. Any other error says why it cannot be used;
 * the table is then empty again.
 */
struct mo_error *mo_type_cache_load(const char *path, const char *build_id, struct mo_type_table *table) MO_MUST_USE;

/* Writes the table and makes the directory if need be. The oldest files are removed when there are many. */
struct mo_error *mo_type_cache_save(const char *path, const char *build_id,
				    const struct mo_type_table *table) MO_MUST_USE;

#endif
