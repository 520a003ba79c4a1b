/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Display width of UTF-8 text: fitting, padding, wrapping. */
#include "wrap.h"

#include <string.h>
#include <wchar.h>

/* The character at chars and how many bytes it takes; text that is not UTF-8 counts byte by byte. */
static size_t next_character(const char *chars, size_t n, size_t *width)
{
	const uint8_t *bytes = (const uint8_t *)chars;
	size_t length = bytes[0] < 0xc0 ? 1 : bytes[0] < 0xe0 ? 2 : bytes[0] < 0xf0 ? 3 : 4;
	uint32_t character;
	int columns;

	if (length == 1 || length > n) {
		*width = 1;
		return 1;
	}
	character = bytes[0] & (0x7fu >> length);
	for (size_t i = 1; i < length; i++)
		character = character << 6 | (bytes[i] & 0x3f);
	columns = wcwidth((wchar_t)character);
	*width = columns < 0 ? 1 : (size_t)columns;
	return length;
}

size_t mo_display_width(const char *chars, size_t n)
{
	size_t width = 0;

	for (size_t i = 0; i < n;) {
		size_t columns;

		i += next_character(chars + i, n - i, &columns);
		width += columns;
	}
	return width;
}

size_t mo_display_fit(const char *chars, size_t n, size_t width)
{
	size_t used = 0;
	size_t i = 0;

	while (i < n) {
		size_t columns;
		size_t length = next_character(chars + i, n - i, &columns);

		if (used + columns > width)
			break;
		used += columns;
		i += length;
	}
	return i;
}

static void append_spaces(struct mo_text *out, size_t n)
{
	for (size_t i = 0; i < n; i++)
		mo_text_append_char(out, ' ');
}

void mo_append_padded(struct mo_text *out, const char *chars, size_t width)
{
	size_t used = mo_display_width(chars, strlen(chars));

	mo_text_append(out, chars);
	if (used < width)
		append_spaces(out, width - used);
}

void mo_append_cut(struct mo_text *out, const char *chars, size_t n, size_t width)
{
	size_t fits = mo_display_fit(chars, n, width);

	if (fits == n) {
		mo_text_append_n(out, chars, n);
		return;
	}
	if (width < 6) {
		mo_text_append_n(out, chars, fits);
		return;
	}
	mo_text_append_n(out, chars, mo_display_fit(chars, n, width - 3));
	mo_text_append(out, "...");
}

void mo_append_wrapped(struct mo_text *out, const char *chars, size_t width, size_t column, size_t indent)
{
	const char *at = chars + strspn(chars, " ");
	bool is_line_start = true;

	while (*at) {
		size_t length = strcspn(at, " ");
		size_t columns = mo_display_width(at, length);

		if (!is_line_start && width && column + 1 + columns > width) {
			mo_text_append_char(out, '\n');
			append_spaces(out, indent);
			column = indent;
			is_line_start = true;
		}
		if (!is_line_start) {
			mo_text_append_char(out, ' ');
			column++;
		}
		mo_text_append_n(out, at, length);
		column += columns;
		is_line_start = false;
		at += length;
		at += strspn(at, " ");
	}
}
