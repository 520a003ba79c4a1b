/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Recognises dates and times in log lines. */
#include "wall_clock.h"

#define NS 1000000000ll

static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
static const char days[] = "MonTueWedThuFriSatSun";

struct date {
	uint64_t year, month, day, hour, minute, second, ns;
	int64_t zone_seconds;
};

/* Days since 1970 of a date in the Gregorian calendar. */
static int64_t days_of(const struct date *date)
{
	int64_t year = (int64_t)date->year - (date->month <= 2);
	int64_t era = year / 400;
	int64_t year_of_era = year - era * 400;
	int64_t month = (int64_t)date->month + (date->month > 2 ? -3 : 9);
	int64_t day_of_year = (153 * month + 2) / 5 + (int64_t)date->day - 1;

	return era * 146097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719468;
}

static int64_t ns_of(const struct date *date)
{
	int64_t seconds = days_of(date) * 86400 + (int64_t)(date->hour * 3600 + date->minute * 60 + date->second) -
			  date->zone_seconds;

	return seconds * NS + (int64_t)date->ns;
}

static bool is_possible(const struct date *date)
{
	return date->year >= 1970 && date->year < 2200 && date->month >= 1 && date->month <= 12 && date->day >= 1 &&
	       date->day <= 31 && date->hour < 24 && date->minute < 60 && date->second <= 60;
}

static bool take_hms(struct cursor *cursor, struct date *date)
{
	return take_number(cursor, 2, 2, &date->hour) && take_char(cursor, ':') && take_number(cursor, 2, 2, &date->minute) &&
	       take_char(cursor, ':') && take_number(cursor, 2, 2, &date->second);
}

/* Z, +01:00, +0100; false: none. */
static bool take_zone(struct cursor *cursor, struct date *date)
{
	struct cursor at = *cursor;
	uint64_t hours, minutes;
	bool is_west;

	if (take_char(cursor, 'Z'))
		return true;
	is_west = cursor_peek(&at, 0) == '-';
	if (!take_char(&at, '+') && !take_char(&at, '-'))
		return false;
	if (!take_number(&at, 2, 2, &hours))
		return false;
	take_char(&at, ':');
	if (!take_number(&at, 2, 2, &minutes) || hours > 15 || minutes > 59)
		return false;
	date->zone_seconds = (int64_t)(hours * 3600 + minutes * 60) * (is_west ? -1 : 1);
	*cursor = at;
	return true;
}

static bool take_ymd(struct cursor *cursor, struct date *date)
{
	return take_number(cursor, 4, 4, &date->year) && take_char(cursor, '-') && take_number(cursor, 2, 2, &date->month) &&
	       take_char(cursor, '-') && take_number(cursor, 2, 2, &date->day);
}

bool take_iso_time(struct cursor *cursor, struct wall_clock *ret, bool *is_comma)
{
	struct cursor at = *cursor;
	struct date date = { .year = 0 };
	bool has_zone;

	*is_comma = false;
	if (!take_ymd(&at, &date) || !(take_char(&at, 'T') || take_char(&at, ' ')) || !take_hms(&at, &date))
		return false;
	if (cursor_peek(&at, 0) == '.' || cursor_peek(&at, 0) == ',') {
		*is_comma = *at.at == ',';
		at.at++;
		if (!take_fraction(&at, &date.ns))
			return false;
	}
	has_zone = take_zone(&at, &date) || take_word(&at, " UTC");
	if (!is_possible(&date))
		return false;
	*ret = (struct wall_clock){ .is_known = true, .has_year = true, .has_zone = has_zone, .ns = ns_of(&date) };
	*cursor = at;
	return true;
}

/* Three letters of a name out of a list of such; 0: none of them. */
static unsigned take_name(struct cursor *cursor, const char *names)
{
	if (cursor_left(cursor) < 3)
		return 0;
	for (unsigned i = 0; names[i]; i += 3) {
		if (memcmp(cursor->at, names + i, 3))
			continue;
		cursor->at += 3;
		return i / 3 + 1;
	}
	return 0;
}

/* "Dec  1 " */
static bool take_month_day(struct cursor *cursor, struct date *date)
{
	date->month = take_name(cursor, months);
	if (!date->month || !take_char(cursor, ' '))
		return false;
	take_char(cursor, ' ');
	return take_number(cursor, 1, 2, &date->day) && take_char(cursor, ' ');
}

bool take_bsd_time(struct cursor *cursor, struct wall_clock *ret)
{
	struct cursor at = *cursor;
	struct date date = { .year = 1972 };
	bool has_year = false;

	if (!take_month_day(&at, &date))
		return false;
	if (cursor_left(&at) > 4 && at.at[4] == ' ' && take_number(&at, 4, 4, &date.year)) {
		has_year = true;
		take_char(&at, ' ');
	}
	if (!take_hms(&at, &date))
		return false;
	if (cursor_peek(&at, 0) == '.' && is_digit(cursor_peek(&at, 1))) {
		at.at++;
		take_fraction(&at, &date.ns);
	}
	if (!is_possible(&date))
		return false;
	*ret = (struct wall_clock){ .is_known = true, .has_year = has_year, .ns = ns_of(&date) };
	*cursor = at;
	return true;
}

bool take_day_time(struct cursor *cursor, struct wall_clock *ret)
{
	struct cursor at = *cursor;
	struct date date = { .year = 0 };
	bool is_comma;

	if (!take_name(&at, days) || !take_char(&at, ' '))
		return false;
	if (is_digit(cursor_peek(&at, 0))) {
		if (!take_iso_time(&at, ret, &is_comma))
			return false;
		/* Other zones have names that say nothing for certain. */
		if (!ret->has_zone && cursor_peek(&at, 0) == ' ' && is_letter(cursor_peek(&at, 1))) {
			at.at++;
			take_token(&at);
		}
		*cursor = at;
		return true;
	}
	if (!take_month_day(&at, &date) || !take_hms(&at, &date) || !take_char(&at, ' ') ||
	    !take_number(&at, 4, 4, &date.year) || !is_possible(&date))
		return false;
	*ret = (struct wall_clock){ .is_known = true, .has_year = true, .ns = ns_of(&date) };
	*cursor = at;
	return true;
}

#define MAX_NAME_BYTES 16 /* of a day or a month */

static bool take_any_name(struct cursor *cursor, struct cursor *name)
{
	*name = take_token(cursor);
	return cursor_left(name) && cursor_left(name) <= MAX_NAME_BYTES && !memchr(name->at, ':', cursor_left(name)) &&
	       take_spaces(cursor);
}

/* The number of "9月"; else the name, as far as a language writes it as English does. 0: another language's. */
static unsigned month_of(struct cursor name)
{
	uint64_t month;

	if (is_digit(cursor_peek(&name, 0)))
		return take_number(&name, 1, 2, &month) && month <= 12 ? (unsigned)month : 0;
	return take_name(&name, months);
}

bool take_local_day_time(struct cursor *cursor, struct wall_clock *ret)
{
	struct cursor at = *cursor;
	struct cursor day, month;
	struct date date = { .year = 0 };

	if (!take_any_name(&at, &day) || is_digit(cursor_peek(&day, 0)) || !take_any_name(&at, &month))
		return false;
	if (!take_number(&at, 1, 2, &date.day) || !take_char(&at, ' ') || !take_hms(&at, &date) || !take_char(&at, ' ') ||
	    !take_number(&at, 4, 4, &date.year))
		return false;
	date.month = month_of(month);
	*ret = (struct wall_clock){ .is_known = false };
	if (is_possible(&date))
		*ret = (struct wall_clock){ .is_known = true, .has_year = true, .ns = ns_of(&date) };
	*cursor = at;
	return true;
}

bool take_unix_time(struct cursor *cursor, struct wall_clock *ret)
{
	struct cursor at = *cursor;
	uint64_t seconds, ns;

	if (!take_number(&at, 9, 11, &seconds) || !take_char(&at, '.') || !take_fraction(&at, &ns))
		return false;
	*ret = (struct wall_clock){ .is_known = true, .has_year = true, .has_zone = true,
				    .ns = seconds > 7000000000ull ? 0 : (int64_t)seconds * NS + (int64_t)ns };
	if (!ret->ns)
		return false;
	*cursor = at;
	return true;
}

bool take_logcat_time(struct cursor *cursor, struct wall_clock *ret)
{
	struct cursor at = *cursor;
	struct date date = { .year = 1972 };

	if (!take_number(&at, 2, 2, &date.month) || !take_char(&at, '-') || !take_number(&at, 2, 2, &date.day) ||
	    !take_char(&at, ' ') || !take_hms(&at, &date) || !take_char(&at, '.') || !take_fraction(&at, &date.ns) ||
	    !is_possible(&date))
		return false;
	*ret = (struct wall_clock){ .is_known = true, .ns = ns_of(&date) };
	*cursor = at;
	return true;
}
