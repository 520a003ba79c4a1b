/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What was found of a log by its shape: texts, and what is known of each. */
#include "printk_shape_private.h"

#include <stdlib.h>
#include <string.h>

#include <memopsy/printk.h>

void mo_shape_log_destroy(struct mo_shape_log *log)
{
	if (!log)
		return;
	mo_vector_deinit(&log->infos);
	mo_vector_deinit(&log->blocks);
	mo_vector_deinit(&log->texts);
	free(log);
}

bool mo_shape_keep_text(struct mo_shape_log *log, uint64_t id, const uint8_t *text, size_t n_bytes)
{
	struct mo_shape_text block = { .id = id, .text = log->texts.count, .n_bytes = n_bytes };

	if (log->blocks.count >= MO_SHAPE_MAX_RECORDS)
		return true;
	if (!mo_vector_reserve(&log->texts, log->texts.count + n_bytes) || !mo_vector_append(&log->blocks, block))
		return false;
	memcpy(log->texts.items + log->texts.count, text, n_bytes);
	log->texts.count += n_bytes;
	return true;
}

size_t mo_shape_log_count(const struct mo_shape_log *log)
{
	return log->blocks.count;
}

void mo_shape_log_get(const struct mo_shape_log *log, size_t index, struct mo_shape_record *ret)
{
	const struct mo_shape_text *block = &log->blocks.items[index];
	const char *text = log->texts.items + block->text;

	*ret = (struct mo_shape_record){ .sequence = index, .text = text, .level = MO_LOG_LEVEL_UNKNOWN };
	if (!block->info) {
		ret->text_bytes = strnlen(text, block->n_bytes);
		return;
	}
	ret->has_info = true;
	ret->sequence = block->info->sequence;
	ret->time_ns = block->info->time_ns;
	ret->text_bytes = block->info->text_bytes;
	ret->level = block->info->level;
	ret->facility = block->info->facility;
	ret->caller_id = block->info->caller_id;
}
