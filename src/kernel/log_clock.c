/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The wall-clock time of a log record, as text. */
#include <memopsy/printk.h>

#include <time.h>

void mo_log_clock_text(const struct mo_log_record *record, char *text, size_t text_bytes)
{
	int64_t seconds = record->wall_clock_ns / 1000000000;
	time_t time = (time_t)(seconds - (record->wall_clock_ns % 1000000000 < 0));
	struct tm utc;
	const char *format = !record->has_wall_year ? "%b %e %H:%M:%S" :
			     record->has_wall_zone  ? "%Y-%m-%d %H:%M:%S UTC" : "%Y-%m-%d %H:%M:%S";

	if (!text_bytes)
		return;
	if (!record->has_wall_clock || !gmtime_r(&time, &utc) || !strftime(text, text_bytes, format, &utc))
		text[0] = '\0';
}
