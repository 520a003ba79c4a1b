/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MO_WALL_CLOCK_H
#define MO_WALL_CLOCK_H

/* Dates and times as logs write them. Each function recognises one form at the cursor, or leaves it alone. */

#include "cursor.h"

struct wall_clock {
	bool is_known;
	bool has_year;      /* else the year is taken as 1972, which has every day */
	bool has_zone;      /* else ns counts as if the log's clock were UTC */
	int64_t ns;         /* since 1970 */
};

/* 2026-12-01T08:49:04[.123456|,123456][Z|+01:00|+0100|" UTC"]; a space for the T. is_comma: of the fraction. */
bool take_iso_time(struct cursor *cursor, struct wall_clock *ret, bool *is_comma);

/* Dec  1 08:49:04[.123456], also Dec 1 2026 08:49:04 */
bool take_bsd_time(struct cursor *cursor, struct wall_clock *ret);

/* Tue Dec  1 08:49:04 2026 (dmesg -T, logread) and Tue 2026-12-01 08:49:04 UTC (journalctl -o short-full) */
bool take_day_time(struct cursor *cursor, struct wall_clock *ret);

/* "Di Aug 12 08:49:04 2025", "二 9月  3 08:49:04 2024": dmesg -T in another language; not known, if the month's name is not. */
bool take_local_day_time(struct cursor *cursor, struct wall_clock *ret);

/* 1764578944.123456 (journalctl -o short-unix) */
bool take_unix_time(struct cursor *cursor, struct wall_clock *ret);

/* 12-01 08:49:04.123 (logcat) */
bool take_logcat_time(struct cursor *cursor, struct wall_clock *ret);

#endif
