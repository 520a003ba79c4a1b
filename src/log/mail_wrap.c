/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Puts broken lines together. */
#include "mail_wrap.h"

#include <stdlib.h>

#include "text.h"

#define MIN_WIDTH 50
#define MAX_WIDTH 260
#define MIN_BROKEN 3
#define MAX_SAMPLED 1000
#define MAX_JOINED_BYTES (64u << 10)

static struct cursor without_quote(struct cursor line)
{
	struct peeled quoted = { .text = line };

	peel_quote(&quoted);
	return quoted.text;
}

static size_t first_word_bytes(struct cursor line)
{
	return cursor_left(&(struct cursor){ line.at, take_token(&line).end });
}

/* Whether somebody's name, time or stamp stands before the line: then it begins there. */
static bool has_prefix(struct cursor line, char *scratch, size_t scratch_bytes)
{
	struct peel_context context = { .json_text = NULL };
	struct peeled peeled;
	size_t n = cursor_left(&line) < scratch_bytes ? cursor_left(&line) : scratch_bytes;

	if (cursor_peek(&line, 0) == '{')
		return true;
	memcpy(scratch, line.at, n);
	peel_line(&context, (struct cursor){ scratch, scratch + n }, &peeled);
	return peeled.origin != LINE_BARE;
}

/* A line that may be the rest of one that was broken. */
static bool may_go_on(struct cursor line, char *scratch, size_t scratch_bytes)
{
	return cursor_left(&line) && *line.at != ' ' && *line.at != '\t' && !has_prefix(line, scratch, scratch_bytes);
}

static bool has_word(const char *head, size_t n_bytes, const char *word)
{
	return memmem(head, n_bytes, word, strlen(word)) != NULL;
}

struct pair {
	size_t before, first_word; /* bytes of the line before, and of the first word of the one that may go on */
};

/* Breaks of the text, as far as its first lines have any. */
static size_t sample(struct cursor rest, struct pair *pairs)
{
	char scratch[1024];
	size_t n_pairs = 0, before = 0;
	bool is_after_prefix = false;

	for (size_t n_lines = 0; rest.at < rest.end && n_lines < 4 * MAX_SAMPLED && n_pairs < MAX_SAMPLED; n_lines++) {
		const char *newline = memchr(rest.at, '\n', cursor_left(&rest));
		struct cursor line = { rest.at, newline ? newline : rest.end };

		rest.at = newline ? newline + 1 : rest.end;
		if (line.end > line.at && line.end[-1] == '\r')
			line.end--;
		line = without_quote(line);
		if (is_after_prefix && may_go_on(line, scratch, sizeof(scratch)))
			pairs[n_pairs++] = (struct pair){ before, first_word_bytes(line) };
		else
			is_after_prefix = has_prefix(line, scratch, sizeof(scratch));
		before = cursor_left(&line);
	}
	return n_pairs;
}

static bool is_nearly_all(size_t n, size_t n_all)
{
	return n >= MIN_BROKEN && n * 10 >= n_all * 9;
}

/* Of the margins that there may be the one that explains most breaks. */
static void find_margin(struct line_wrap *wrap, const struct pair *pairs, size_t n_pairs)
{
	size_t n_best = 0;

	for (size_t width = MIN_WIDTH; width <= MAX_WIDTH; width++) {
		size_t n_hard = 0, n_soft = 0;

		for (size_t i = 0; i < n_pairs; i++) {
			n_hard += pairs[i].before == width;
			n_soft += pairs[i].before <= width && pairs[i].before + 1 + pairs[i].first_word > width;
		}
		if (n_soft <= n_best || !is_nearly_all(n_soft, n_pairs))
			continue;
		n_best = n_soft;
		wrap->width = width;
		wrap->is_hard = is_nearly_all(n_hard, n_pairs);
	}
}

void line_wrap_find(struct line_wrap *wrap, const char *head, size_t n_bytes)
{
	struct pair *pairs = calloc(MAX_SAMPLED, sizeof(*pairs));

	*wrap = (struct line_wrap){ .width = 0 };
	if (!pairs)
		return;
	find_margin(wrap, pairs, sample((struct cursor){ head, head + n_bytes }, pairs));
	free(pairs);
	wrap->is_flowed = has_word(head, n_bytes, "format=flowed") || has_word(head, n_bytes, "format=\"flowed\"");
	wrap->is_quoted_printable = has_word(head, n_bytes, "Content-Transfer-Encoding: quoted-printable");
}

struct wrapped_lines {
	struct mo_text_lines *lines;
	struct line_wrap wrap;
	struct mo_text joined;
	struct mo_text_line ahead;   /* the line that was read to see whether it goes on */
	bool has_ahead;
	char scratch[1024];
};

struct wrapped_lines *wrapped_lines_create(struct mo_text_lines *lines, const struct line_wrap *wrap)
{
	struct wrapped_lines *wrapped = calloc(1, sizeof(*wrapped));

	if (!wrapped)
		return NULL;
	wrapped->lines = lines;
	wrapped->wrap = *wrap;
	return wrapped;
}

void wrapped_lines_destroy(struct wrapped_lines *wrapped)
{
	if (!wrapped)
		return;
	mo_text_deinit(&wrapped->joined);
	free(wrapped);
}

static int hex_digit(char c)
{
	return is_digit(c) ? c - '0' : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* =XX as a byte; in place. */
static size_t decode_quoted_printable(char *chars, size_t n_bytes)
{
	size_t n = 0;

	for (size_t i = 0; i < n_bytes; i++) {
		int high = i + 2 < n_bytes && chars[i] == '=' ? hex_digit(chars[i + 1]) : -1;
		int low = high >= 0 ? hex_digit(chars[i + 2]) : -1;

		if (low < 0 || high * 16 + low < 32) {
			chars[n++] = chars[i];
			continue;
		}
		chars[n++] = (char)(high * 16 + low);
		i += 2;
	}
	return n;
}

/* What stands between the two parts where the line goes on in the other: a blank, or nothing. NULL: it does not. */
static const char *joint(struct wrapped_lines *wrapped, size_t before, bool is_prefixed, const struct mo_text_line *next)
{
	const struct line_wrap *wrap = &wrapped->wrap;
	struct mo_text *joined = &wrapped->joined;
	struct cursor line = without_quote((struct cursor){ next->chars, next->chars + next->n });

	if (wrap->is_quoted_printable && joined->length && joined->chars[joined->length - 1] == '=') {
		joined->chars[--joined->length] = '\0';
		return "";
	}
	if (wrap->is_flowed && joined->length && joined->chars[joined->length - 1] == ' ' && cursor_left(&line))
		return "";
	if (!wrap->width || !is_prefixed)
		return NULL;
	if (wrap->is_hard) /* the break may be among blanks */
		return before == wrap->width && !has_prefix(line, wrapped->scratch, sizeof(wrapped->scratch)) ? "" : NULL;
	if (!may_go_on(line, wrapped->scratch, sizeof(wrapped->scratch)))
		return NULL;
	/* In tables there were more blanks than one where the break is. */
	return before <= wrap->width &&
			       (before >= wrap->width / 4 * 3 || before + 1 + first_word_bytes(line) > wrap->width) ?
		       " " : NULL;
}

static bool read_ahead(struct wrapped_lines *wrapped)
{
	wrapped->has_ahead = mo_text_lines_next(wrapped->lines, &wrapped->ahead);
	return wrapped->has_ahead;
}

bool wrapped_lines_next(struct wrapped_lines *wrapped, struct mo_text_line *ret)
{
	struct mo_text *joined = &wrapped->joined;
	struct cursor line;
	size_t before;
	bool is_prefixed;

	if (!wrapped->has_ahead && !read_ahead(wrapped))
		return false;
	*ret = wrapped->ahead;
	mo_text_clear(joined);
	mo_text_append_n(joined, ret->chars, ret->n);
	line = without_quote((struct cursor){ ret->chars, ret->chars + ret->n });
	before = cursor_left(&line);
	is_prefixed = wrapped->wrap.width && has_prefix(line, wrapped->scratch, sizeof(wrapped->scratch));
	while (read_ahead(wrapped) && joined->length < MAX_JOINED_BYTES) {
		const char *between = joint(wrapped, before, is_prefixed, &wrapped->ahead);

		if (!between)
			break;
		line = without_quote((struct cursor){ wrapped->ahead.chars, wrapped->ahead.chars + wrapped->ahead.n });
		before = cursor_left(&line);
		mo_text_append(joined, between);
		mo_text_append_n(joined, line.at, before);
	}
	if (mo_text_failed(joined) || !joined->chars)
		return false;
	ret->chars = joined->chars;
	ret->n = wrapped->wrap.is_quoted_printable ? decode_quoted_printable(joined->chars, joined->length) : joined->length;
	ret->raw_bytes = ret->n;
	return true;
}
