/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Lines of a text, cleaned of control characters. */
#include "text_lines.h"

#include <stdlib.h>
#include <string.h>

#define RECORD_SEPARATOR '\036' /* in front of each entry of journalctl -o json-seq */
#define WINDOW_BYTES (2 * MO_TEXT_MAX_LINE_BYTES)

struct mo_text_lines {
	struct mo_text_pass *pass;
	char *window;          /* WINDOW_BYTES */
	size_t at, end;        /* what of it is not given yet */
	size_t line_end;       /* of the line that is being given, piece by piece; at > line_end: none is */
	bool has_line;
	bool is_line_cut;
	size_t raw_bytes;
	uint64_t number;
	bool is_over;
};

struct mo_text_lines *mo_text_lines_create(struct mo_text_pass *pass)
{
	struct mo_text_lines *lines = calloc(1, sizeof(*lines));

	if (!lines)
		return NULL;
	lines->pass = pass;
	lines->window = malloc(WINDOW_BYTES);
	if (!lines->window) {
		free(lines);
		return NULL;
	}
	return lines;
}

void mo_text_lines_destroy(struct mo_text_lines *lines)
{
	if (!lines)
		return;
	free(lines->window);
	free(lines);
}

/* More bytes behind those that are there; false: there are none, or no room. */
static bool fill(struct mo_text_lines *lines)
{
	size_t n;

	if (lines->is_over)
		return false;
	if (lines->at) {
		memmove(lines->window, lines->window + lines->at, lines->end - lines->at);
		lines->end -= lines->at;
		lines->at = 0;
	}
	if (lines->end == WINDOW_BYTES)
		return false;
	n = mo_text_pass_read(lines->pass, lines->window + lines->end, WINDOW_BYTES - lines->end);
	lines->end += n;
	lines->is_over = !n;
	return n > 0;
}

/* Passes over what is left of a line that is too long. */
static void skip_to_newline(struct mo_text_lines *lines)
{
	for (;;) {
		char *newline = memchr(lines->window + lines->at, '\n', lines->end - lines->at);

		if (newline) {
			lines->at = (size_t)(newline - lines->window) + 1;
			return;
		}
		lines->at = lines->end;
		if (!fill(lines))
			return;
	}
}

/* Finds the next line's end: [at, line_end). */
static bool find_line(struct mo_text_lines *lines)
{
	size_t searched = 0;
	char *newline;

	if (lines->is_line_cut)
		skip_to_newline(lines);
	lines->is_line_cut = false;
	for (;;) {
		newline = memchr(lines->window + lines->at + searched, '\n', lines->end - lines->at - searched);
		if (newline)
			break;
		searched = lines->end - lines->at;
		if (searched > MO_TEXT_MAX_LINE_BYTES || !fill(lines))
			break;
	}
	if (!newline && lines->at == lines->end)
		return false;
	lines->number++;
	lines->line_end = newline ? (size_t)(newline - lines->window) : lines->end;
	if (lines->line_end - lines->at > MO_TEXT_MAX_LINE_BYTES) {
		lines->line_end = lines->at + MO_TEXT_MAX_LINE_BYTES;
		lines->is_line_cut = true;
	}
	lines->raw_bytes = lines->line_end - lines->at;
	while (lines->raw_bytes && lines->window[lines->at + lines->raw_bytes - 1] == '\r')
		lines->raw_bytes--;
	return true;
}

/* ESC [ ... letter (CSI), ESC ] ... BEL or ESC \ (OSC), ESC and one character. Returns how long the sequence is. */
static size_t escape_length(const char *at, size_t left)
{
	size_t n = 2;

	if (left < 2)
		return left;
	if (at[1] == '[') {
		while (n < left && (unsigned char)at[n] >= 0x20 && (unsigned char)at[n] < 0x40)
			n++;
		return n < left ? n + 1 : left;
	}
	if (at[1] == ']') {
		while (n < left && at[n] != '\a' && at[n] != '\033')
			n++;
		return n < left && at[n] == '\a' ? n + 1 : n;
	}
	return n;
}

static size_t clean(char *chars, size_t n)
{
	size_t kept = 0;

	if (!memchr(chars, '\033', n) && !memchr(chars, '\0', n) && !memchr(chars, '\b', n) && (!n || *chars != RECORD_SEPARATOR))
		return n;
	for (size_t i = 0; i < n;) {
		if (chars[i] == '\033') {
			i += escape_length(chars + i, n - i);
		} else {
			if (chars[i] && chars[i] != '\b' && chars[i] != RECORD_SEPARATOR)
				chars[kept++] = chars[i];
			i++;
		}
	}
	return kept;
}

static size_t byte_order_mark(const struct mo_text_lines *lines, const char *chars, size_t n)
{
	return lines->number == 1 && n >= 3 && !memcmp(chars, "\xef\xbb\xbf", 3) ? 3 : 0;
}

bool mo_text_lines_next(struct mo_text_lines *lines, struct mo_text_line *ret)
{
	for (;;) {
		char *chars;
		char *carriage_return;
		size_t n, skipped;

		if (!lines->has_line && !find_line(lines))
			return false;
		chars = lines->window + lines->at;
		n = lines->line_end - lines->at;
		carriage_return = memchr(chars, '\r', n);
		if (carriage_return)
			n = (size_t)(carriage_return - chars);
		lines->has_line = carriage_return != NULL;
		lines->at += n + 1;
		if (!carriage_return && lines->is_line_cut)
			lines->at = lines->line_end;
		if (lines->at > lines->end)
			lines->at = lines->end;
		n = clean(chars, n);
		skipped = byte_order_mark(lines, chars, n);
		if (n == skipped)
			continue;
		*ret = (struct mo_text_line){
			.chars = chars + skipped, .n = n - skipped, .raw_bytes = lines->raw_bytes, .number = lines->number,
			.is_cut = lines->is_line_cut,
		};
		return true;
	}
}

const char *mo_text_lines_block(struct mo_text_lines *lines, uint64_t n_bytes)
{
	bool is_too_long = n_bytes > MO_TEXT_MAX_LINE_BYTES;
	const char *block;

	lines->has_line = false;
	while (n_bytes > lines->end - lines->at) {
		if (is_too_long) {
			n_bytes -= lines->end - lines->at;
			lines->at = lines->end;
		}
		if (!fill(lines))
			return NULL;
	}
	block = lines->window + lines->at;
	lines->at += n_bytes;
	return is_too_long ? NULL : block;
}
