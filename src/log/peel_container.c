/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Quoted mail, the CRI's log files (Kubernetes), and all layers in turn. */
#include "peel.h"

#define MAX_LAYERS 6

bool peel_quote(struct peeled *line)
{
	struct cursor at = line->text;

	if (!take_char(&at, '>'))
		return false;
	do
		take_char(&at, ' ');
	while (take_char(&at, '>'));
	line->text = at;
	return true;
}

/* 2026-12-01T08:49:04.123456789Z stdout F text; P: the line goes on in the next entry. */
bool peel_container(struct peeled *line)
{
	struct cursor at = line->text;
	struct wall_clock wall;
	bool is_comma, is_part;

	if (!take_iso_time(&at, &wall, &is_comma) || is_comma || !(take_word(&at, " stdout ") || take_word(&at, " stderr ")))
		return false;
	is_part = cursor_peek(&at, 0) == 'P';
	if (!take_char(&at, 'P') && !take_char(&at, 'F'))
		return false;
	while (take_char(&at, ':'))
		while (at.at < at.end && *at.at != ':' && *at.at != ' ')
			at.at++;
	if (!take_char(&at, ' ') && at.at != at.end)
		return false;
	line->wall = wall;
	line->is_part = is_part;
	line->is_contained = true;
	line->text = at;
	return true;
}

/* White space of a ticket or of a console's margin, if there is a prefix behind it. */
static bool skip_margin(struct peeled *line)
{
	struct cursor at = line->text;

	while (at.at < at.end && (*at.at == ' ' || *at.at == '\t'))
		at.at++;
	if (at.at == line->text.at || at.at == at.end || !(strchr("[<{>", *at.at) || is_digit(*at.at) || is_letter(*at.at)))
		return false;
	line->text = at;
	return true;
}

static bool peel_layer(struct peel_context *context, struct peeled *line)
{
	switch (cursor_peek(&line->text, 0)) {
	case '{':
		return peel_json(context, line);
	case '>':
		return peel_quote(line);
	case 'd': /* journalctl -o json-sse: 'data: {"...' */
		return take_word(&line->text, "data: {") && (line->text.at--, peel_json(context, line));
	default:
		return peel_container(line) || peel_syslog(context, line) || peel_kmsg(line) || peel_printk(line) ||
		       peel_logcat(line);
	}
}

/* What no layer knows may still end in the kernel's own stamp: "node-1 | [   12.345678] text", "kern.log:[ 12.34..." */
static bool peel_to_stamp(struct peeled *line)
{
	struct cursor front = line->text;
	const char *stamp;

	if (cursor_left(&front) > 160)
		front.end = front.at + 160;
	stamp = find_printk_stamp(front);
	if (!stamp)
		return false;
	line->text.at = stamp;
	return peel_printk(line);
}

void peel_line(struct peel_context *context, struct cursor text, struct peeled *ret)
{
	struct peeled line = { .text = text, .level = MO_LOG_LEVEL_UNKNOWN };
	unsigned n_layers = 0;

	/* What a container printed is looked at when all of its line is there. */
	while (n_layers < MAX_LAYERS && line.origin != LINE_PROGRAM && line.origin != LINE_NOTHING && !line.is_contained) {
		const struct cursor before = line.text;
		bool had_margin = !n_layers && skip_margin(&line);
		bool was_kernel = line.origin == LINE_KERNEL;

		/*
		 * Behind a stamp of printk's comes the text, whatever it looks like; behind "kernel:" may come that
		 * stamp.
		 */
		if (line.has_time && was_kernel)
			break;
		if (was_kernel ? !peel_printk(&line) : !peel_layer(context, &line)) {
			line.text = had_margin ? before : line.text;
			break;
		}
		n_layers++;
	}
	if (line.origin == LINE_BARE && !line.is_contained)
		n_layers += peel_to_stamp(&line);
	line.has_prefix = n_layers > 0;
	*ret = line;
}
