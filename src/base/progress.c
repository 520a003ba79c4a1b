/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Progress of long steps, drawn a few times a second, and the request to stop. */
#include "progress_line.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <time.h>

#define FIRST_LINE_NS 500000000ull
#define NEXT_LINE_NS 200000000ull

struct mo_progress {
	mo_progress_draw draw;
	void *context;
	const char *phase;       /* set by the one thread that begins phases */
	uint64_t total;
	uint64_t began_ns;
	_Atomic bool was_drawn; /* by whichever thread drew it */
	_Atomic uint64_t done;
	_Atomic uint64_t next_line_ns; /* who moves it on draws the line */
	_Atomic bool stop;
};

static uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000ull + (uint64_t)now.tv_nsec;
}

struct mo_error *mo_progress_create(mo_progress_draw draw, void *context, struct mo_progress **ret)
{
	struct mo_progress *progress = calloc(1, sizeof(*progress));

	if (!progress)
		return mo_error_no_memory();
	progress->draw = draw;
	progress->context = context;
	*ret = progress;
	return NULL;
}

void mo_progress_destroy(struct mo_progress *progress)
{
	free(progress);
}

void mo_progress_request_stop(struct mo_progress *progress)
{
	atomic_store(&progress->stop, true);
}

bool mo_progress_is_stopped(const struct mo_progress *progress)
{
	return atomic_load(&progress->stop);
}

void mo_progress_begin(struct mo_progress *progress, const char *phase, uint64_t total)
{
	if (!progress)
		return;
	progress->phase = phase;
	progress->total = total;
	progress->began_ns = now_ns();
	progress->was_drawn = false;
	atomic_store(&progress->done, 0);
	atomic_store(&progress->next_line_ns, progress->began_ns + FIRST_LINE_NS);
}

static void draw(struct mo_progress *progress, uint64_t at_ns, bool is_end)
{
	struct mo_progress_state state = {
		.phase = progress->phase,
		.done = atomic_load(&progress->done),
		.total = progress->total,
		.seconds = (double)(at_ns - progress->began_ns) / 1e9,
		.is_end = is_end,
	};

	progress->draw(progress->context, &state);
}

bool mo_progress_add(struct mo_progress *progress, uint64_t done)
{
	uint64_t at_ns;
	uint64_t due_ns;

	if (!progress)
		return true;
	atomic_fetch_add_explicit(&progress->done, done, memory_order_relaxed);
	if (progress->draw) {
		at_ns = now_ns();
		due_ns = atomic_load(&progress->next_line_ns);
		if (at_ns >= due_ns &&
		    atomic_compare_exchange_strong(&progress->next_line_ns, &due_ns, at_ns + NEXT_LINE_NS)) {
			draw(progress, at_ns, false);
			progress->was_drawn = true;
		}
	}
	return !atomic_load_explicit(&progress->stop, memory_order_relaxed);
}

struct mo_error *mo_progress_cancelled(struct mo_progress *progress)
{
	const char *phase = progress && progress->phase ? progress->phase : "working";

	return mo_error_create(MO_E_CANCELLED, "interrupted while %s", phase);
}

void mo_progress_end(struct mo_progress *progress)
{
	if (!progress)
		return;
	if (progress->draw && progress->was_drawn)
		draw(progress, now_ns(), true);
	progress->phase = NULL;
}
