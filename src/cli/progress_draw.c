/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Draws the progress line. */
#include "progress_draw.h"

#include <unistd.h>

static void append_rate(struct mo_text *text, double per_second)
{
	const char *const units[] = { "", " k", " M", " G" };
	size_t unit = 0;

	while (per_second >= 10000 && unit < 3) {
		per_second /= 1000;
		unit++;
	}
	mo_text_printf(text, "  %.*f%s/s", unit ? 1 : 0, per_second, units[unit]);
}

void mo_progress_format(const struct mo_progress_state *state, struct mo_text *text)
{
	double per_second = state->seconds > 0 ? (double)state->done / state->seconds : 0;

	mo_text_append(text, state->phase);
	if (state->total && state->done <= state->total)
		mo_text_printf(text, "  %u %%", (unsigned)((double)state->done * 100 / (double)state->total));
	append_rate(text, per_second);
	if (state->total > state->done && per_second > 0) {
		double left = (double)(state->total - state->done) / per_second;

		if (left < 360000)
			mo_text_printf(text, "  %u:%02u left", (unsigned)left / 60, (unsigned)left % 60);
	}
}

/* One write, so that lines of several threads do not mix; what does not arrive is no loss. */
void mo_progress_draw_line(void *context, const struct mo_progress_state *state)
{
	struct mo_text text = MO_TEXT_EMPTY;

	(void)context;
	mo_text_append(&text, "\r\033[K");
	if (!state->is_end)
		mo_progress_format(state, &text);
	if (write(STDERR_FILENO, mo_text_chars(&text), text.length) < 0)
		mo_text_clear(&text);
	mo_text_deinit(&text);
}
