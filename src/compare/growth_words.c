/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Growth in words. */
#include "growth.h"

#include <inttypes.h>
#include <string.h>

#include <memopsy/numbers.h>

#include "text.h"

static const char *pieces_word(const struct mo_change *change, bool is_one)
{
	switch (change->kind) {
	case MO_HOLDING_LOST:
		if (!strncmp(change->name, "pages", 5))
			return is_one ? "block" : "blocks";
		if (!strncmp(change->name, "vmalloc", 7) || !strncmp(change->name, "vmap", 4))
			return is_one ? "area" : "areas";
		return is_one ? "object" : "objects";
	case MO_HOLDING_CACHE:
		return is_one ? "object" : "objects";
	case MO_HOLDING_PROCESS:
	case MO_HOLDING_CGROUP:
		return is_one ? "process" : "processes";
	case MO_HOLDING_MOUNT:
		return is_one ? "file" : "files";
	default:
		return is_one ? "piece" : "pieces";
	}
}

/* Digits in groups of three, as the other verdicts have them. */
static void append_number(struct mo_text *text, uint64_t number)
{
	if (number >= 1000) {
		append_number(text, number / 1000);
		mo_text_printf(text, ",%03" PRIu64, number % 1000);
	} else {
		mo_text_printf(text, "%" PRIu64, number);
	}
}

/* How many more pieces there are: a page or a file is as many as its size says. */
static bool more_pieces(const struct mo_change *change, uint64_t *ret)
{
	if (change->kind == MO_HOLDING_CLASS || change->kind == MO_HOLDING_FILE || change->kind == MO_HOLDING_MODULE ||
	    change->kind == MO_HOLDING_COUNTER || change->before_pieces.certainty != MO_EXACT ||
	    change->after_pieces.certainty != MO_EXACT || change->after_pieces.value <= change->before_pieces.value)
		return false;
	*ret = change->after_pieces.value - change->before_pieces.value;
	return true;
}

void mo_append_grower(struct mo_text *text, const struct mo_change *change)
{
	char size[MO_SIZE_TEXT_BYTES];
	uint64_t more = 0;
	bool has_more = more_pieces(change, &more);

	mo_format_bytes(size, sizeof(size), change->grew_bytes > 0 ? (uint64_t)change->grew_bytes : 0, false);
	if (change->kind != MO_HOLDING_LOST)
		mo_text_printf(text, "%s ", mo_holding_word(change->kind));
	mo_text_append_visible(text, change->name, strlen(change->name), MO_ONE_LINE);
	mo_text_printf(text, " by %s", size);
	if (!has_more && !change->module)
		return;
	mo_text_append(text, " (");
	if (has_more) {
		append_number(text, more);
		mo_text_printf(text, " more %s", pieces_word(change, more == 1));
	}
	if (change->module) {
		mo_text_append(text, has_more ? ", module " : "module ");
		mo_text_append_visible(text, change->module, strlen(change->module), MO_ONE_LINE);
	}
	mo_text_append_char(text, ')');
}

void mo_append_elapsed(struct mo_text *text, double seconds)
{
	if (seconds < 120)
		mo_text_printf(text, "%.0f s", seconds);
	else if (seconds < 2 * 3600.0)
		mo_text_printf(text, "%.0f min", seconds / 60);
	else if (seconds < 48 * 3600.0)
		mo_text_printf(text, "%.1f h", seconds / 3600);
	else
		mo_text_printf(text, "%.1f days", seconds / 86400);
}
