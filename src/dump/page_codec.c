/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Decompresses pages: zlib, lzo, snappy, zstd. */
#include "page_codec.h"

#include <libdeflate.h>
#include <lzo/lzo1x.h>
#include <snappy-c.h>
#include <zstd.h>

#include "cleanup.h"
#include "kdump_header.h"

struct mo_page_codec {
	struct libdeflate_decompressor *zlib;
	ZSTD_DCtx *zstd;
};

void mo_page_codec_destroy(struct mo_page_codec *codec)
{
	if (!codec)
		return;
	libdeflate_free_decompressor(codec->zlib);
	ZSTD_freeDCtx(codec->zstd);
	free(codec);
}

struct mo_error *mo_page_codec_create(struct mo_page_codec **ret)
{
	struct mo_page_codec *codec;

	/* Checks that the library was built for types of these sizes; it keeps no state. */
	if (lzo_init() != LZO_E_OK)
		return mo_error_create(MO_E_UNSUPPORTED, "the lzo library does not fit this program");
	codec = calloc(1, sizeof(*codec));
	if (!codec)
		return mo_error_no_memory();
	codec->zlib = libdeflate_alloc_decompressor();
	codec->zstd = ZSTD_createDCtx();
	if (!codec->zlib || !codec->zstd) {
		mo_page_codec_destroy(codec);
		return mo_error_no_memory();
	}
	*ret = codec;
	return NULL;
}

/* Each gives the number of bytes that came out, or 0. None of them writes past page_bytes or reads past n_bytes. */

static size_t zlib_page(struct mo_page_codec *codec, const uint8_t *bytes, size_t n_bytes, uint8_t *page, size_t page_bytes)
{
	size_t n_out = 0;

	if (libdeflate_zlib_decompress(codec->zlib, bytes, n_bytes, page, page_bytes, &n_out) != LIBDEFLATE_SUCCESS)
		return 0;
	return n_out;
}

static size_t lzo_page(const uint8_t *bytes, size_t n_bytes, uint8_t *page, size_t page_bytes)
{
	lzo_uint n_out = page_bytes;

	return lzo1x_decompress_safe(bytes, n_bytes, page, &n_out, NULL) == LZO_E_OK ? n_out : 0;
}

static size_t snappy_page(const uint8_t *bytes, size_t n_bytes, uint8_t *page, size_t page_bytes)
{
	size_t n_out = page_bytes;

	return snappy_uncompress((const char *)bytes, n_bytes, (char *)page, &n_out) == SNAPPY_OK ? n_out : 0;
}

static size_t zstd_page(struct mo_page_codec *codec, const uint8_t *bytes, size_t n_bytes, uint8_t *page, size_t page_bytes)
{
	size_t n_out = ZSTD_decompressDCtx(codec->zstd, page, page_bytes, bytes, n_bytes);

	return ZSTD_isError(n_out) ? 0 : n_out;
}

struct mo_error *mo_page_codec_decompress(struct mo_page_codec *codec, uint32_t codec_flag, const uint8_t *bytes,
					  size_t n_bytes, uint8_t *page, size_t page_bytes)
{
	size_t n_out = 0;

	switch (codec_flag) {
	case MO_KDUMP_ZLIB:
		n_out = zlib_page(codec, bytes, n_bytes, page, page_bytes);
		break;
	case MO_KDUMP_LZO:
		n_out = lzo_page(bytes, n_bytes, page, page_bytes);
		break;
	case MO_KDUMP_SNAPPY:
		n_out = snappy_page(bytes, n_bytes, page, page_bytes);
		break;
	case MO_KDUMP_ZSTD:
		n_out = zstd_page(codec, bytes, n_bytes, page, page_bytes);
		break;
	}
	if (n_out != page_bytes)
		return mo_error_create(MO_E_CORRUPT, "%zu bytes of %s do not decompress to a page of %zu bytes", n_bytes,
				       mo_page_codec_name(codec_flag), page_bytes);
	return NULL;
}

const char *mo_page_codec_name(uint32_t codec_flags)
{
	switch (codec_flags) {
	case 0:
		return "none";
	case MO_KDUMP_ZLIB:
		return "zlib";
	case MO_KDUMP_LZO:
		return "lzo";
	case MO_KDUMP_SNAPPY:
		return "snappy";
	case MO_KDUMP_ZSTD:
		return "zstd";
	default:
		return "mixed";
	}
}
