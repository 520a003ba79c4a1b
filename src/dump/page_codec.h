/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MO_PAGE_CODEC_H
#define MO_PAGE_CODEC_H

/* Pages out of compressed bytes. One object a thread: it holds what the libraries need between pages. */

#include <stddef.h>
#include <stdint.h>

#include <memopsy/error.h>

struct mo_page_codec;

struct mo_error *mo_page_codec_create(struct mo_page_codec **ret) MO_MUST_USE;
void mo_page_codec_destroy(struct mo_page_codec *codec); /* NULL is fine */

/*
 * codec_flag is one of MO_KDUMP_ZLIB, _LZO, _SNAPPY, _ZSTD (kdump_header.h). MO_E_CORRUPT unless exactly page_bytes
 * come out.
 */
struct mo_error *mo_page_codec_decompress(struct mo_page_codec *codec, uint32_t codec_flag, const uint8_t *bytes,
					  size_t n_bytes, uint8_t *page, size_t page_bytes) MO_MUST_USE;

/* "zlib", "lzo", "snappy", "zstd"; "none" for 0, "mixed" for more than one. */
const char *mo_page_codec_name(uint32_t codec_flags);

#endif
