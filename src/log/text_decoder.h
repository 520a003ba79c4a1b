/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MO_TEXT_DECODER_H
#define MO_TEXT_DECODER_H

/* One kind of compression, as a stream: the only users of zlib and liblzma, and of libzstd's streams. */

#include <stddef.h>
#include <stdint.h>

struct mo_text_decoder;

enum mo_decoded {
	MO_DECODED_SOME = 0,  /* go on: more input, or more room */
	MO_DECODED_END = 1,   /* a member (frame, stream) has ended; another may follow */
	MO_DECODED_WRONG = 2, /* the data is damaged, or needs too much memory */
};

/* Both spans move forward by what was used. */
struct mo_decoder_io {
	const uint8_t *in;
	size_t n_in;
	uint8_t *out;
	size_t n_out;
};

struct mo_text_decoder_kind {
	const char *name;
	uint8_t magic[6];
	size_t magic_bytes;
	void *(*create)(void); /* NULL: no memory */
	enum mo_decoded (*decode)(void *state, struct mo_decoder_io *io);
	void (*destroy)(void *state);
};

/* By a file's first bytes; NULL: not compressed (or not in a way that is known). */
const struct mo_text_decoder_kind *mo_text_decoder_kind(const uint8_t *bytes, size_t n_bytes);

#endif
