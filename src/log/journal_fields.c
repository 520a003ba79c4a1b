/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The fields of a journal entry that a log line needs. */
#include "journal_fields.h"

static bool take_whole(struct cursor value, uint64_t *ret)
{
	return take_number(&value, 1, 19, ret) && value.at == value.end;
}

void journal_field(struct journal_entry *entry, struct cursor key, struct cursor value)
{
	if (is_text(key, "MESSAGE")) {
		entry->message = value;
		entry->has_message = true;
	} else if (is_text(key, "_HOSTNAME")) {
		entry->host = value;
	} else if (is_text(key, "SYSLOG_IDENTIFIER")) {
		entry->identifier = value;
	} else if (is_text(key, "_COMM")) {
		entry->comm = value;
	} else if (is_text(key, "_BOOT_ID")) {
		entry->boot_id = value;
	} else if (is_text(key, "_TRANSPORT")) {
		entry->is_kernel = is_text(value, "kernel");
	} else if (is_text(key, "PRIORITY")) {
		entry->has_priority = take_whole(value, &entry->priority);
	} else if (is_text(key, "SYSLOG_FACILITY")) {
		entry->has_facility = take_whole(value, &entry->facility);
	} else if (is_text(key, "__REALTIME_TIMESTAMP")) {
		entry->has_realtime = take_whole(value, &entry->realtime_us);
	} else if (is_text(key, "__MONOTONIC_TIMESTAMP")) {
		entry->has_monotonic = take_whole(value, &entry->monotonic_us);
	} else if (is_text(key, "_SOURCE_MONOTONIC_TIMESTAMP")) {
		entry->has_source_monotonic = take_whole(value, &entry->source_monotonic_us);
	}
}

void journal_entry_peel(const struct journal_entry *entry, struct peeled *line)
{
	line->text = entry->message;
	line->host = entry->host;
	line->boot_id = entry->boot_id;
	line->tag = cursor_left(&entry->identifier) ? entry->identifier : entry->comm;
	line->origin = !entry->has_message ? LINE_NOTHING : entry->is_kernel ? LINE_KERNEL : LINE_PROGRAM;
	line->has_prefix = true;
	line->is_contained = false;
	if (entry->has_realtime && entry->realtime_us < UINT64_C(7000000000000000))
		line->wall = (struct wall_clock){ .is_known = true, .has_year = true, .has_zone = true,
						  .ns = (int64_t)entry->realtime_us * 1000 };
	/* When the kernel stamped the line, rather than when the journal had it. */
	line->has_time = entry->has_source_monotonic || entry->has_monotonic;
	line->time_ns = (entry->has_source_monotonic ? entry->source_monotonic_us : entry->monotonic_us) * 1000;
	if (entry->has_priority && entry->priority < 8)
		line->level = (unsigned)entry->priority;
	line->has_facility = entry->is_kernel || (entry->has_facility && entry->facility < 24);
	line->facility = entry->is_kernel ? 0 : (unsigned)entry->facility;
}
