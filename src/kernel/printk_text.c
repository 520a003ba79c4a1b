/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The log of a session that has nothing but a text, and that of a dump whose log was found by its shape. */
#include "printk_log.h"

#include "kernel_private.h"
#include "printk_shape.h"

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

static bool next_of_shape(struct mo_log *log, struct mo_log_record *ret)
{
	const struct mo_shape_log *shape = mo_reader_kernel(log->reader)->shape_log;
	struct mo_shape_record record;

	if (log->shape_index >= mo_shape_log_count(shape))
		return false;
	mo_shape_log_get(shape, log->shape_index++, &record);
	*ret = (struct mo_log_record){
		.sequence = record.sequence, .time_ns = record.time_ns, .is_time_unknown = !record.has_info,
		.level = record.level, .facility = record.facility,
		.text = record.text, .text_bytes = record.text_bytes,
		.caller_id = record.caller_id, .has_caller_id = record.caller_id != 0,
	};
	return true;
}

struct mo_error *mo_log_open_text(struct mo_log *log)
{
	const struct mo_kernel *kernel = mo_reader_kernel(log->reader);
	struct mo_error *error;

	if (kernel->shape_log) {
		log->next = next_of_shape;
		return NULL;
	}
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
