/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The log of a session that has nothing but a text. */
#include "printk_log.h"

#include "kernel_private.h"

static bool next_of_text(struct mo_log *log, struct mo_log_record *ret)
{
	return mo_text_log_next(log->lines, ret);
}

static uint64_t lost_of_text(const struct mo_log *log, const char **why)
{
	return mo_text_log_lost(log->lines, why);
}

static void close_text(struct mo_log *log)
{
	mo_text_log_close(log->lines);
}

struct mo_error *mo_log_open_text(struct mo_log *log)
{
	const struct mo_kernel *kernel = mo_reader_kernel(log->reader);
	struct mo_error *error;

	if (!kernel->text)
		return mo_error_create(MO_E_ABSENT, "the session is of a dump");
	error = mo_text_log_open(kernel->text, &log->lines);
	if (error)
		return error;
	log->next = next_of_text;
	log->lost = lost_of_text;
	log->close = close_text;
	return NULL;
}
