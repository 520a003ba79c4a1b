/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Cells: certainty, comparison, text form. */
#include "cell.h"

#include <assert.h>
#include <inttypes.h>
#include <string.h>
#include <time.h>

#include <memopsy/numbers.h>

struct mo_cell mo_cell_text(const char *terminated)
{
	return mo_cell_bytes_of_text(terminated, terminated ? strlen(terminated) : 0);
}

struct mo_cell mo_cell_bytes_of_text(const char *bytes, size_t n_bytes)
{
	struct mo_cell cell = mo_cell_unknown();

	cell.as.text.bytes = bytes;
	cell.as.text.n_bytes = n_bytes;
	return cell;
}

struct mo_cell mo_cell_number(struct mo_count number)
{
	struct mo_cell cell = mo_cell_unknown();

	cell.as.number = number;
	return cell;
}

struct mo_cell mo_cell_signed(int64_t value)
{
	struct mo_cell cell = mo_cell_unknown();

	cell.as.signed_number.value = value;
	cell.as.signed_number.certainty = MO_EXACT;
	return cell;
}

struct mo_cell mo_cell_unknown(void)
{
	struct mo_cell cell;

	/* All bytes zero is unknown in each member of the union, so one value serves all kinds. */
	memset(&cell, 0, sizeof(cell));
	return cell;
}

/* What each kind is; the order is that of enum mo_cell_kind. */
static const struct kind_facts {
	const char *name;
	const char *unit;
	bool is_right_aligned;
	bool has_bounds; /* "at least N" says something */
} facts_of_kinds[] = {
	[MO_CELL_TEXT] = { .name = "text" },
	[MO_CELL_COUNT] = { .name = "count", .is_right_aligned = true, .has_bounds = true },
	[MO_CELL_SIGNED] = { .name = "signed", .is_right_aligned = true, .has_bounds = true },
	[MO_CELL_BYTES] = { .name = "bytes", .unit = "bytes", .is_right_aligned = true, .has_bounds = true },
	[MO_CELL_ADDRESS] = { .name = "address", .is_right_aligned = true },
	[MO_CELL_PFN] = { .name = "pfn", .unit = "pages", .is_right_aligned = true },
	[MO_CELL_PERCENT] = { .name = "percent", .unit = "%", .is_right_aligned = true, .has_bounds = true },
	[MO_CELL_BOOL] = { .name = "bool" },
	[MO_CELL_SECONDS] = { .name = "seconds", .unit = "seconds", .is_right_aligned = true, .has_bounds = true },
	[MO_CELL_TIME] = { .name = "time" },
	[MO_CELL_KIB] = { .name = "kib", .unit = "KiB", .is_right_aligned = true, .has_bounds = true },
	[MO_CELL_FLAGS] = { .name = "flags", .is_right_aligned = true },
	[MO_CELL_BYTES_CHANGE] = { .name = "bytes-change", .unit = "bytes", .is_right_aligned = true },
};

static const struct kind_facts *facts_of(enum mo_cell_kind kind)
{
	/* A kind comes from a plugin's own tables, never from a dump. */
	assert((size_t)kind < sizeof(facts_of_kinds) / sizeof(facts_of_kinds[0]));
	return &facts_of_kinds[kind];
}

bool mo_cell_is_right_aligned(enum mo_cell_kind kind)
{
	return facts_of(kind)->is_right_aligned;
}

const char *mo_cell_kind_name(enum mo_cell_kind kind)
{
	return facts_of(kind)->name;
}

const char *mo_cell_kind_unit(enum mo_cell_kind kind)
{
	return facts_of(kind)->unit;
}

static bool is_signed(enum mo_cell_kind kind)
{
	return kind == MO_CELL_SIGNED || kind == MO_CELL_TIME || kind == MO_CELL_BYTES_CHANGE;
}

enum mo_certainty mo_cell_certainty(enum mo_cell_kind kind, const struct mo_cell *cell)
{
	enum mo_certainty certainty;

	if (kind == MO_CELL_TEXT)
		return cell->as.text.bytes ? MO_EXACT : MO_UNKNOWN;
	certainty = is_signed(kind) ? cell->as.signed_number.certainty : cell->as.number.certainty;
	assert(certainty == MO_UNKNOWN || certainty == MO_EXACT || certainty == MO_AT_LEAST);
	if (certainty == MO_AT_LEAST && !facts_of(kind)->has_bounds)
		return MO_UNKNOWN;
	return certainty;
}

bool mo_cell_keep(struct mo_text_store *store, enum mo_cell_kind kind, unsigned column_flags,
		  const struct mo_cell *cell, struct mo_cell *copy)
{
	*copy = *cell;
	if (kind != MO_CELL_TEXT || !cell->as.text.bytes)
		return true;
	copy->as.text.bytes = mo_text_store_add_visible(store, cell->as.text.bytes, cell->as.text.n_bytes,
							column_flags & MO_COLUMN_TABS ? MO_KEEP_TABS : MO_ONE_LINE,
							&copy->as.text.n_bytes);
	return copy->as.text.bytes;
}

static int compare_known(enum mo_cell_kind kind, const struct mo_cell *left, const struct mo_cell *right)
{
	if (kind == MO_CELL_TEXT) {
		size_t n_left = left->as.text.n_bytes;
		size_t n_right = right->as.text.n_bytes;
		int difference = memcmp(left->as.text.bytes, right->as.text.bytes, n_left < n_right ? n_left : n_right);

		return difference ? difference : n_left < n_right ? -1 : n_left > n_right;
	}
	if (is_signed(kind)) {
		int64_t a = left->as.signed_number.value;
		int64_t b = right->as.signed_number.value;

		return a < b ? -1 : a > b;
	}
	if (left->as.number.value != right->as.number.value)
		return left->as.number.value < right->as.number.value ? -1 : 1;
	/* At least N is more than N, if anything. */
	return (int)left->as.number.certainty - (int)right->as.number.certainty;
}

int mo_cell_compare(enum mo_cell_kind kind, const struct mo_cell *left, const struct mo_cell *right,
		    bool is_descending)
{
	bool left_known = mo_cell_certainty(kind, left) != MO_UNKNOWN;
	bool right_known = mo_cell_certainty(kind, right) != MO_UNKNOWN;
	int difference;

	if (!left_known || !right_known)
		return (int)right_known - (int)left_known;
	difference = compare_known(kind, left, right);
	return is_descending ? -difference : difference;
}

/* A lower bound is rounded down, or it would be none. */
static void append_human_bytes(struct mo_text *out, uint64_t bytes, bool is_bound)
{
	char text[MO_SIZE_TEXT_BYTES];

	mo_format_bytes(text, sizeof(text), bytes, is_bound);
	mo_text_append(out, text);
}

/* "+1.5 MiB", "-512 B", "0 B". */
static void append_change(struct mo_text *out, int64_t bytes, bool plain_bytes)
{
	uint64_t size = bytes < 0 ? 0 - (uint64_t)bytes : (uint64_t)bytes;

	if (bytes)
		mo_text_append_char(out, bytes < 0 ? '-' : '+');
	if (plain_bytes)
		mo_text_printf(out, "%" PRIu64, size);
	else
		append_human_bytes(out, size, false);
}

/* "2026-11-22<separator>06:29:21<zone>", or "@N" where a year has no four digits. */
static void append_time(struct mo_text *out, int64_t seconds, char separator, const char *zone)
{
	const int64_t year_0 = -62167219200;
	const int64_t year_10000 = 253402300800;
	time_t when = (time_t)seconds;
	struct tm broken_down;

	if (seconds < year_0 || seconds >= year_10000 || !gmtime_r(&when, &broken_down)) {
		mo_text_printf(out, "@%" PRId64, seconds);
		return;
	}
	mo_text_printf(out, "%04d-%02d-%02d%c%02d:%02d:%02d%s", broken_down.tm_year + 1900, broken_down.tm_mon + 1,
		       broken_down.tm_mday, separator, broken_down.tm_hour, broken_down.tm_min, broken_down.tm_sec, zone);
}

static void append_percent(struct mo_text *out, uint64_t thousandths, bool is_bound)
{
	uint64_t tenths = thousandths / 100 + (!is_bound && thousandths % 100 >= 50);

	mo_text_printf(out, "%" PRIu64 ".%" PRIu64 " %%", tenths / 10, tenths % 10);
}

static void append_seconds(struct mo_text *out, uint64_t nanoseconds, bool is_bound)
{
	uint64_t microseconds = nanoseconds / 1000 + (!is_bound && nanoseconds % 1000 >= 500);

	mo_text_printf(out, "%" PRIu64 ".%06" PRIu64 " s", microseconds / 1000000, microseconds % 1000000);
}

void mo_cell_to_text(struct mo_text *out, enum mo_cell_kind kind, const struct mo_cell *cell, bool plain_bytes)
{
	enum mo_certainty certainty = mo_cell_certainty(kind, cell);
	bool is_bound = certainty == MO_AT_LEAST;

	if (certainty == MO_UNKNOWN) {
		mo_text_append_char(out, '?');
		return;
	}
	if (is_bound)
		mo_text_append(out, ">=");
	switch (kind) {
	case MO_CELL_TEXT:
		mo_text_append_n(out, cell->as.text.bytes, cell->as.text.n_bytes);
		break;
	case MO_CELL_BYTES:
		if (plain_bytes)
			mo_cell_to_literal(out, kind, cell);
		else
			append_human_bytes(out, cell->as.number.value, is_bound);
		break;
	case MO_CELL_PFN:
		mo_text_printf(out, "0x%" PRIx64, cell->as.number.value);
		break;
	case MO_CELL_PERCENT:
		append_percent(out, cell->as.number.value, is_bound);
		break;
	case MO_CELL_BOOL:
		mo_text_append(out, cell->as.number.value ? "yes" : "no");
		break;
	case MO_CELL_SECONDS:
		append_seconds(out, cell->as.number.value, is_bound);
		break;
	case MO_CELL_TIME:
		append_time(out, cell->as.signed_number.value, ' ', " UTC");
		break;
	case MO_CELL_KIB:
		mo_text_printf(out, "%" PRIu64 " kB", cell->as.number.value);
		break;
	case MO_CELL_BYTES_CHANGE:
		append_change(out, cell->as.signed_number.value, plain_bytes);
		break;
	case MO_CELL_COUNT:
	case MO_CELL_SIGNED:
	case MO_CELL_ADDRESS:
	case MO_CELL_FLAGS:
		mo_cell_to_literal(out, kind, cell);
		break;
	}
}

void mo_cell_to_literal(struct mo_text *out, enum mo_cell_kind kind, const struct mo_cell *cell)
{
	uint64_t value = cell->as.number.value;

	switch (kind) {
	case MO_CELL_TEXT:
		assert(!"text has no literal form");
		break;
	case MO_CELL_COUNT:
	case MO_CELL_BYTES:
	case MO_CELL_PFN:
	case MO_CELL_KIB:
		mo_text_printf(out, "%" PRIu64, value);
		break;
	case MO_CELL_SIGNED:
	case MO_CELL_BYTES_CHANGE:
		mo_text_printf(out, "%" PRId64, cell->as.signed_number.value);
		break;
	case MO_CELL_ADDRESS:
	case MO_CELL_FLAGS:
		mo_text_printf(out, "0x%" PRIx64, value);
		break;
	case MO_CELL_PERCENT:
		mo_text_printf(out, "%" PRIu64 ".%03" PRIu64, value / 1000, value % 1000);
		break;
	case MO_CELL_BOOL:
		mo_text_append(out, value ? "true" : "false");
		break;
	case MO_CELL_SECONDS:
		mo_text_printf(out, "%" PRIu64 ".%09" PRIu64, value / 1000000000, value % 1000000000);
		break;
	case MO_CELL_TIME:
		append_time(out, cell->as.signed_number.value, 'T', "Z");
		break;
	}
}
