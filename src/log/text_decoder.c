/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* gzip, xz and zstd behind one interface. */
#include "text_decoder.h"

#include <stdlib.h>
#include <string.h>

#include <lzma.h>
#include <zlib.h>
#include <zstd.h>

#include "text_file.h"

static void *gzip_create(void)
{
	z_stream *stream = calloc(1, sizeof(*stream));

	/* 16: a gzip header is expected. */
	if (stream && inflateInit2(stream, 16 + MAX_WBITS) != Z_OK) {
		free(stream);
		return NULL;
	}
	return stream;
}

static enum mo_decoded gzip_decode(void *state, struct mo_decoder_io *io)
{
	z_stream *stream = state;
	int result;

	stream->next_in = (Bytef *)(uintptr_t)io->in; /* zlib's pointer is not const, what it reads is */
	stream->avail_in = (uInt)io->n_in;
	stream->next_out = io->out;
	stream->avail_out = (uInt)io->n_out;
	result = inflate(stream, Z_NO_FLUSH);
	io->in = stream->next_in;
	io->n_in = stream->avail_in;
	io->out = stream->next_out;
	io->n_out = stream->avail_out;
	if (result == Z_STREAM_END)
		return inflateReset(stream) == Z_OK ? MO_DECODED_END : MO_DECODED_WRONG;
	return result == Z_OK || result == Z_BUF_ERROR ? MO_DECODED_SOME : MO_DECODED_WRONG;
}

static void gzip_destroy(void *state)
{
	inflateEnd(state);
	free(state);
}

static void *xz_create(void)
{
	lzma_stream *stream = calloc(1, sizeof(*stream));

	if (stream && lzma_stream_decoder(stream, MO_TEXT_MAX_WINDOW_BYTES, LZMA_CONCATENATED) != LZMA_OK) {
		free(stream);
		return NULL;
	}
	return stream;
}

static enum mo_decoded xz_decode(void *state, struct mo_decoder_io *io)
{
	lzma_stream *stream = state;
	lzma_ret result;

	stream->next_in = io->in;
	stream->avail_in = io->n_in;
	stream->next_out = io->out;
	stream->avail_out = io->n_out;
	/* No input is the end of the file: several streams may follow each other, and only the end says which is the last. */
	result = lzma_code(stream, io->n_in ? LZMA_RUN : LZMA_FINISH);
	io->in = stream->next_in;
	io->n_in = stream->avail_in;
	io->out = stream->next_out;
	io->n_out = stream->avail_out;
	if (result == LZMA_STREAM_END)
		return MO_DECODED_END;
	return result == LZMA_OK || result == LZMA_BUF_ERROR ? MO_DECODED_SOME : MO_DECODED_WRONG;
}

static void xz_destroy(void *state)
{
	lzma_end(state);
	free(state);
}

static void *zstd_create(void)
{
	ZSTD_DStream *stream = ZSTD_createDStream();

	if (stream && ZSTD_isError(ZSTD_DCtx_setParameter(stream, ZSTD_d_windowLogMax, 27))) {
		ZSTD_freeDStream(stream);
		return NULL;
	}
	return stream;
}

static enum mo_decoded zstd_decode(void *state, struct mo_decoder_io *io)
{
	ZSTD_inBuffer in = { .src = io->in, .size = io->n_in };
	ZSTD_outBuffer out = { .dst = io->out, .size = io->n_out };
	size_t result = ZSTD_decompressStream(state, &out, &in);

	io->in += in.pos;
	io->n_in -= in.pos;
	io->out += out.pos;
	io->n_out -= out.pos;
	if (ZSTD_isError(result))
		return MO_DECODED_WRONG;
	return result ? MO_DECODED_SOME : MO_DECODED_END;
}

static void zstd_destroy(void *state)
{
	ZSTD_freeDStream(state);
}

static const struct mo_text_decoder_kind kinds[] = {
	{ .name = "gzip", .magic = { 0x1f, 0x8b, 0x08 }, .magic_bytes = 3,
	  .create = gzip_create, .decode = gzip_decode, .destroy = gzip_destroy },
	{ .name = "xz", .magic = { 0xfd, '7', 'z', 'X', 'Z', 0x00 }, .magic_bytes = 6,
	  .create = xz_create, .decode = xz_decode, .destroy = xz_destroy },
	{ .name = "zstd", .magic = { 0x28, 0xb5, 0x2f, 0xfd }, .magic_bytes = 4,
	  .create = zstd_create, .decode = zstd_decode, .destroy = zstd_destroy },
};

const struct mo_text_decoder_kind *mo_text_decoder_kind(const uint8_t *bytes, size_t n_bytes)
{
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (n_bytes >= kinds[i].magic_bytes && !memcmp(bytes, kinds[i].magic, kinds[i].magic_bytes))
			return &kinds[i];
	return NULL;
}
