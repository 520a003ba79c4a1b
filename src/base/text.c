/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Text that grows, and bytes of a dump made printable. */
#include "text.h"

/* Longer than any text that makes sense; keeps a hostile string from eating memory. */
#define TEXT_LIMIT ((size_t)1 << 30)

void mo_text_deinit(struct mo_text *text)
{
	free(text->chars);
	*text = MO_TEXT_EMPTY;
}

void mo_text_clear(struct mo_text *text)
{
	text->length = 0;
	text->failed = false;
	if (text->chars)
		text->chars[0] = '\0';
}

/* Room for n more characters and the terminator. */
static bool make_room(struct mo_text *text, size_t n)
{
	size_t capacity = text->capacity ? text->capacity : 64;
	char *chars;

	if (text->failed)
		return false;
	if (n < text->capacity && text->length < text->capacity - n)
		return true;
	if (n > TEXT_LIMIT || text->length > TEXT_LIMIT - n) {
		text->failed = true;
		return false;
	}
	while (capacity <= text->length + n)
		capacity *= 2;
	chars = realloc(text->chars, capacity);
	if (!chars) {
		text->failed = true;
		return false;
	}
	text->chars = chars;
	text->capacity = capacity;
	return true;
}

void mo_text_append_n(struct mo_text *text, const char *chars, size_t n)
{
	if (!n || !make_room(text, n))
		return;
	memcpy(text->chars + text->length, chars, n);
	text->length += n;
	text->chars[text->length] = '\0';
}

void mo_text_append(struct mo_text *text, const char *chars)
{
	mo_text_append_n(text, chars, strlen(chars));
}

void mo_text_append_char(struct mo_text *text, char c)
{
	mo_text_append_n(text, &c, 1);
}

void mo_text_vprintf(struct mo_text *text, const char *format, va_list arguments)
{
	va_list again;
	int wanted;

	va_copy(again, arguments);
	wanted = vsnprintf(NULL, 0, format, again);
	va_end(again);
	if (wanted < 0) {
		text->failed = true;
		return;
	}
	if (!make_room(text, (size_t)wanted))
		return;
	vsnprintf(text->chars + text->length, (size_t)wanted + 1, format, arguments);
	text->length += (size_t)wanted;
}

void mo_text_printf(struct mo_text *text, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	mo_text_vprintf(text, format, arguments);
	va_end(arguments);
}

bool mo_text_failed(const struct mo_text *text)
{
	return text->failed;
}

const char *mo_text_chars(const struct mo_text *text)
{
	return text->chars ? text->chars : "";
}

char *mo_text_take(struct mo_text *text)
{
	char *chars;

	if (!make_room(text, 0)) {
		mo_text_deinit(text);
		return NULL;
	}
	chars = text->chars;
	chars[text->length] = '\0';
	*text = MO_TEXT_EMPTY;
	return chars;
}

/*
 * The length of the valid UTF-8 sequence at bytes, 0 if there is none (overlong forms, surrogates and code points
 * beyond U+10FFFF are invalid), and its code point.
 */
static size_t utf8_sequence(const uint8_t *bytes, size_t n_bytes, uint32_t *code_point)
{
	static const uint32_t smallest[5] = { 0, 0, 0x80, 0x800, 0x10000 };
	uint8_t lead = bytes[0];
	size_t length = lead < 0x80 ? 1 : lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
	uint32_t value;

	if (lead < 0x80) {
		*code_point = lead;
		return 1;
	}
	if (lead < 0xc2 || lead > 0xf4 || length > n_bytes)
		return 0;
	value = lead & (0x7fu >> length);
	for (size_t i = 1; i < length; i++) {
		if ((bytes[i] & 0xc0) != 0x80)
			return 0;
		value = value << 6 | (bytes[i] & 0x3f);
	}
	if (value < smallest[length] || value > 0x10ffff || (value >= 0xd800 && value <= 0xdfff))
		return 0;
	*code_point = value;
	return length;
}

struct code_points {
	uint32_t first, last;
};

/*
 * What is not seen, or changes the order of what is: controls, line and paragraph separators, bidirectional marks, and all
 * that Unicode lets a terminal ignore (Default_Ignorable_Code_Point of DerivedCoreProperties.txt, 15.0: zero-width spaces
 * and joiners, fillers, variation selectors, tags), so that two names that look the same are the same.
 */
static const struct code_points unseen[] = {
	{ 0x0000, 0x001f }, { 0x007f, 0x009f }, { 0x00ad, 0x00ad }, { 0x034f, 0x034f }, { 0x061c, 0x061c }, { 0x115f, 0x1160 },
	{ 0x17b4, 0x17b5 }, { 0x180b, 0x180f }, { 0x200b, 0x200f }, { 0x2028, 0x202e }, { 0x2060, 0x206f }, { 0x3164, 0x3164 },
	{ 0xfe00, 0xfe0f }, { 0xfeff, 0xfeff }, { 0xffa0, 0xffa0 }, { 0xfff0, 0xfffb }, { 0x1bca0, 0x1bca3 },
	{ 0x1d173, 0x1d17a }, { 0xe0000, 0xe0fff },
};

/* Whether a terminal, a browser or a reader's eye could be misled by it. */
static bool is_control(uint32_t c)
{
	if (c >= 0x20 && c < 0x7f)
		return false;
	for (size_t i = 0; i < sizeof(unseen) / sizeof(unseen[0]) && c >= unseen[i].first; i++)
		if (c <= unseen[i].last)
			return true;
	return false;
}

void mo_text_append_visible(struct mo_text *text, const void *bytes, size_t n_bytes, enum mo_visible how)
{
	const uint8_t *at = bytes;
	size_t left = n_bytes;

	while (left && !text->failed) {
		uint32_t code_point = 0;
		size_t length = utf8_sequence(at, left, &code_point);
		bool is_kept = length && !is_control(code_point);

		if ((how == MO_KEEP_LINES && *at == '\n') || (how != MO_ONE_LINE && *at == '\t'))
			is_kept = true;
		if (is_kept) {
			mo_text_append_n(text, (const char *)at, length);
		} else {
			length = length ? length : 1;
			for (size_t i = 0; i < length; i++)
				mo_text_printf(text, "\\x%02x", at[i]);
		}
		at += length;
		left -= length;
	}
}

char *mo_text_from_bytes(const void *bytes, size_t n_bytes)
{
	struct mo_text text = MO_TEXT_EMPTY;

	mo_text_append_visible(&text, bytes, strnlen(bytes, n_bytes), MO_ONE_LINE);
	return mo_text_take(&text);
}
