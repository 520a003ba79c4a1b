/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Numbers as people type and read them. */
#include <memopsy/numbers.h>

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool parse_digits(const char *digits, int base, uint64_t *ret)
{
	char *end;
	unsigned long long value;

	if (!digits[0] || !strchr("0123456789abcdefABCDEF", digits[0]))
		return false;
	errno = 0;
	value = strtoull(digits, &end, base);
	/* strtoull() takes a second 0x for one of its own. */
	if (errno || *end || digits[strspn(digits, "0123456789abcdefABCDEF")])
		return false;
	*ret = value;
	return true;
}

static const char *after_0x(const char *text)
{
	return text[0] == '0' && (text[1] == 'x' || text[1] == 'X') ? text + 2 : NULL;
}

bool mo_parse_number(const char *text, uint64_t *ret)
{
	const char *hex = after_0x(text);

	return hex ? parse_digits(hex, 16, ret) : parse_digits(text, 10, ret);
}

bool mo_parse_address(const char *text, uint64_t *ret)
{
	const char *hex = after_0x(text);

	return parse_digits(hex ? hex : text, 16, ret);
}

bool mo_parse_pfn(const char *text, uint64_t *ret)
{
	return text[strspn(text, "0123456789")] ? mo_parse_address(text, ret) : parse_digits(text, 10, ret);
}

void mo_format_bytes(char *ret, size_t n_bytes, uint64_t bytes, bool is_lower_bound)
{
	static const char *const names[] = { "B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB" };
	unsigned unit = 0;
	uint64_t half;
	uint64_t rest;
	uint64_t tenths;

	if (bytes < 1024) {
		snprintf(ret, n_bytes, "%" PRIu64 " B", bytes);
		return;
	}
	while (unit < 6 && bytes >> (10 * unit) >= 1024)
		unit++;
	/* The remainder is below 2^60, so ten times it fits. */
	half = is_lower_bound ? 0 : UINT64_C(1) << (10 * unit - 1);
	rest = bytes & ((UINT64_C(1) << (10 * unit)) - 1);
	tenths = (bytes >> (10 * unit)) * 10 + ((rest * 10 + half) >> (10 * unit));
	if (tenths >= 10240 && unit < 6) {
		tenths = 10;
		unit++;
	}
	snprintf(ret, n_bytes, "%" PRIu64 ".%" PRIu64 " %s", tenths / 10, tenths % 10, names[unit]);
}
