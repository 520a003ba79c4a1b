/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MO_TEXT_FILE_H
#define MO_TEXT_FILE_H

/*
 * A text file, plain or compressed (gzip, xz, zstd; by their magic numbers, never by name), read from its beginning to
 * its end as often as somebody asks. What cannot be read twice (standard input, a pipe) is kept in an unlinked
 * temporary file.
 *
 * Memory is bounded whatever the file unpacks to: a pass holds one input buffer and the decoder's window (at most
 * MO_TEXT_MAX_WINDOW_BYTES). A pass ends after MO_TEXT_MAX_BYTES, so that a bomb ends, too.
 *
 * Threads: the file is immutable; a pass belongs to one thread.
 */

#include <stddef.h>
#include <stdint.h>

#include <memopsy/error.h>

#define MO_TEXT_MAX_BYTES (UINT64_C(64) << 30)
#define MO_TEXT_MAX_WINDOW_BYTES (UINT64_C(128) << 20)

struct mo_text_file;
struct mo_text_pass;

/* "-" is standard input. MO_E_IO, MO_E_PERMISSION; MO_E_INVALID for a directory. */
struct mo_error *mo_text_file_open(const char *path, struct mo_text_file **ret) MO_MUST_USE;
void mo_text_file_close(struct mo_text_file *file); /* all passes must be gone; NULL is fine */

/* "gzip", "xz", "zstd"; NULL: none. */
const char *mo_text_file_compression(const struct mo_text_file *file);
uint64_t mo_text_file_bytes(const struct mo_text_file *file); /* as it is stored */

struct mo_error *mo_text_pass_create(const struct mo_text_file *file, struct mo_text_pass **ret) MO_MUST_USE;
void mo_text_pass_destroy(struct mo_text_pass *pass); /* NULL is fine */

/*
 * The next bytes, unpacked: at most n_bytes, 0 at the end. A file that is damaged or cut short gives what could be read
 * of it, then 0; mo_text_pass_remark() says so.
 */
size_t mo_text_pass_read(struct mo_text_pass *pass, void *buffer, size_t n_bytes);

/* What ended the pass too early ("the gzip data is cut short"); NULL: nothing. */
const char *mo_text_pass_remark(const struct mo_text_pass *pass);

#endif
