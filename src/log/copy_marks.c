/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* File names, line numbers and entities of HTML that a copy of a log has, and the log had not. */
#include "copy_marks.h"

#define MAX_NAME_BYTES 160
#define MIN_LINES 3
#define MAX_STEP 4          /* between numbers of lines that follow each other: empty lines are not seen */
#define MAX_SAMPLED 400

/* A name of a file: nothing in it that other prefixes have, and a dot or a slash. */
static bool take_name(struct cursor *line, char end)
{
	size_t n = cursor_left(line) < MAX_NAME_BYTES ? cursor_left(line) : MAX_NAME_BYTES;
	bool is_name = false;

	for (size_t i = 0; i < n && !strchr(" [{<,;=\"", line->at[i]); i++) {
		is_name |= line->at[i] == '.' || line->at[i] == '/';
		if (line->at[i] != end)
			continue;
		if (!is_name || !i)
			return false;
		line->at += i + 1;
		return true;
	}
	return false;
}

/* A line's number and what stands behind it. */
static bool take_line_number(struct cursor *line, char behind, uint64_t *ret)
{
	struct cursor at = *line;

	if (behind != ':')
		while (take_char(&at, ' ') || take_char(&at, '\t'))
			;
	if (!take_number(&at, 1, 9, ret))
		return false;
	if (behind == '|') {
		take_spaces(&at);
		if (!take_char(&at, '|'))
			return false;
		take_char(&at, ' ');
	} else if (behind == '.') {
		if (!take_char(&at, '.') || !take_char(&at, ' '))
			return false;
	} else if (!take_char(&at, behind)) {
		return false;
	}
	*line = at;
	return true;
}

struct sample {
	size_t n_lines, n_named, n_numbered, n_rising, n_steps;
};

static bool next_line(struct cursor *rest, struct cursor *line)
{
	const char *newline = memchr(rest->at, '\n', cursor_left(rest));

	*line = (struct cursor){ rest->at, newline ? newline : rest->end };
	rest->at = newline ? newline + 1 : rest->end;
	while (line->end > line->at && line->end[-1] == '\r')
		line->end--;
	return newline != NULL;
}

/* grep writes "--" between the places that it shows. */
static bool is_divider(struct cursor line)
{
	return !cursor_left(&line) || is_text(line, "--");
}

static struct sample sample_of(struct cursor head, bool has_name, char behind, bool is_context)
{
	struct sample sample = { .n_lines = 0 };
	uint64_t last = 0;
	struct cursor line;

	while (sample.n_lines < MAX_SAMPLED && next_line(&head, &line)) {
		uint64_t number;

		if (is_divider(line))
			continue;
		sample.n_lines++;
		if (has_name && !take_name(&line, ':') && !(is_context && take_name(&line, '-')))
			continue;
		sample.n_named++;
		if (!behind || (!take_line_number(&line, behind, &number) &&
				!(is_context && take_line_number(&line, '-', &number))))
			continue;
		sample.n_numbered++;
		sample.n_rising += number > last;
		sample.n_steps += number > last && number <= last + MAX_STEP;
		last = number;
	}
	return sample;
}

/* Nearly all: some lines are of what was copied along. */
static bool is_nearly_all(size_t n, size_t n_lines)
{
	return n_lines >= MIN_LINES && n * 16 >= n_lines * 15;
}

/* Lines of grep have numbers that rise; those of a whole text count up. */
static bool is_numbered(const struct sample *sample, char behind)
{
	size_t n_good = behind == ':' ? sample->n_rising : sample->n_steps;

	return is_nearly_all(sample->n_numbered, sample->n_lines) && is_nearly_all(n_good + 1, sample->n_numbered);
}

static bool try_form(struct copy_marks *marks, struct cursor head, bool has_name, char behind, bool is_context)
{
	const struct sample sample = sample_of(head, has_name, behind, is_context);

	if (has_name && !is_nearly_all(sample.n_named, sample.n_lines))
		return false;
	if (behind && !is_numbered(&sample, behind))
		return false;
	marks->has_name = has_name;
	marks->has_number = behind != '\0';
	marks->behind = behind;
	marks->is_grep = is_context;
	return true;
}

static bool has(struct cursor text, const char *word)
{
	return memmem(text.at, cursor_left(&text), word, strlen(word)) != NULL;
}

void copy_marks_find(struct copy_marks *marks, const char *head, size_t n_bytes)
{
	static const char ends[] = { '\t', ':', '|', '.', ' ' };
	const struct cursor text = { head, head + n_bytes };

	*marks = (struct copy_marks){ .is_html = has(text, "&lt;") && has(text, "&gt;") };
	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++)
		if (try_form(marks, text, false, ends[i], false))
			return;
	if (try_form(marks, text, true, ':', false) || try_form(marks, text, false, ':', true) ||
	    try_form(marks, text, true, ':', true) || try_form(marks, text, true, '\0', false))
		return;
	try_form(marks, text, true, '\0', true);
}

/* The entity at the cursor as one byte; 0: none of those that escaping makes. */
static char take_entity(struct cursor *at)
{
	static const struct {
		const char *name;
		char byte;
	} entities[] = { { "&lt;", '<' },    { "&gt;", '>' },     { "&amp;", '&' }, { "&quot;", '"' },
			 { "&#39;", '\'' }, { "&#x27;", '\'' }, { "&#34;", '"' }, { "&nbsp;", ' ' } };

	for (size_t i = 0; i < sizeof(entities) / sizeof(entities[0]); i++)
		if (take_word(at, entities[i].name))
			return entities[i].byte;
	return '\0';
}

static bool ends_in(struct cursor line, const char *what)
{
	size_t n = strlen(what);

	return cursor_left(&line) >= n && !memcmp(line.end - n, what, n);
}

/* Marks of a page around a line are no part of it; what a log has in such brackets is escaped there. */
static void take_off_html(struct cursor *line)
{
	static const char *const first[] = { "<pre>", "<code>", "<br>", "<br/>", "<br />", "<p>" };
	static const char *const last[] = { "<br>", "<br/>", "<br />", "</code>", "</pre>", "</p>" };
	struct cursor at;
	char *to;

	for (size_t i = 0; i < sizeof(first) / sizeof(first[0]); i++)
		take_word(line, first[i]);
	for (size_t i = 0; i < sizeof(last) / sizeof(last[0]); i++)
		if (ends_in(*line, last[i]))
			line->end -= strlen(last[i]);
	at = *line;
	to = (char *)(uintptr_t)line->at;
	while (at.at < at.end) {
		char byte = *at.at == '&' ? take_entity(&at) : '\0';

		*to++ = byte ? byte : *at.at++;
	}
	line->end = to;
}

void copy_marks_take_off(const struct copy_marks *marks, struct cursor *line)
{
	struct cursor at = *line;
	uint64_t number;
	bool is_other = false;

	if (marks->has_name && !take_name(&at, ':') && !(marks->is_grep && take_name(&at, '-')))
		is_other = true;
	if (!is_other && marks->has_number && !take_line_number(&at, marks->behind, &number) &&
	    !(marks->is_grep && take_line_number(&at, '-', &number)))
		is_other = true;
	if (!is_other)
		*line = at;
	else if (is_divider(*line))
		line->at = line->end;
	if (marks->is_html)
		take_off_html(line);
}
