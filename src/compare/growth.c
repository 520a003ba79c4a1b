/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The verdict of a comparison. */
#include "growth.h"

#include <stdlib.h>
#include <string.h>

#include <memopsy/numbers.h>

#include "cleanup.h"
#include "text.h"

#define GROWTH_MIN_BYTES (1u << 20)
#define GROWTH_PART 500              /* of the memory */
#define GROWERS_NAMED 3
#define PACE_MIN_SECONDS 60
#define PACE_MAX_HOURS 1000

uint64_t mo_growth_min_bytes(const struct mo_comparison *comparison)
{
	uint64_t part = comparison->facts[1].memory_bytes.value / GROWTH_PART;

	return part > GROWTH_MIN_BYTES ? part : GROWTH_MIN_BYTES;
}

/* Kinds whose entries are memory of their own: what modules, cgroups and mounts have is in these as well. */
static bool holds_memory(enum mo_holding kind)
{
	return kind == MO_HOLDING_CACHE || kind == MO_HOLDING_OWNER || kind == MO_HOLDING_PROCESS || kind == MO_HOLDING_FILE;
}

/* Owners that are no growth: free, or as large as the kernel and the machine are. */
static bool is_no_growth(const struct mo_change *change)
{
	static const char *const fixed[] = { ", free", "(kernel-text)", "(kernel-data)", "(mem-map)", "(reserved)" };

	for (size_t i = 0; change->kind == MO_HOLDING_OWNER && i < sizeof(fixed) / sizeof(fixed[0]); i++)
		if (strstr(change->name, fixed[i]))
			return true;
	return false;
}

static int compare_growers(const void *a, const void *b)
{
	const struct mo_change *left = *(const struct mo_change *const *)a;
	const struct mo_change *right = *(const struct mo_change *const *)b;

	return left->grew_bytes > right->grew_bytes ? -1 : left->grew_bytes < right->grew_bytes;
}

size_t mo_growers(const struct mo_comparison *comparison, const struct mo_change **ret, size_t n_max)
{
	int64_t min_bytes = (int64_t)mo_growth_min_bytes(comparison);
	MO_FREE const struct mo_change **all = calloc(comparison->changes.count + 1, sizeof(*all));
	size_t n = 0;

	for (size_t i = 0; all && i < comparison->changes.count; i++) {
		const struct mo_change *change = &comparison->changes.items[i];

		if (holds_memory(change->kind) && change->is_known && change->grew_bytes >= min_bytes && !is_no_growth(change))
			all[n++] = change;
	}
	if (n)
		qsort(all, n, sizeof(*all), compare_growers);
	for (size_t i = 0; i < n && i < n_max; i++)
		ret[i] = all[i];
	return n;
}

static void write_finding(struct mo_report *report, const char *id, enum mo_severity severity, const struct mo_text *verdict,
			  const char *advice)
{
	mo_report_finding(report, &(const struct mo_finding){
		.id = id,
		.severity = severity,
		.basis = severity == MO_WARNING ? MO_BASIS_INFERENCE : MO_BASIS_FACTS,
		.verdict = mo_text_chars(verdict),
		.advice = advice,
	});
}

/* "Memory in use grew by 31.0 MiB in 2.0 h; what grew most: ", or that it shrank. */
static void append_in_use(const struct mo_comparison *comparison, struct mo_text *text)
{
	char size[MO_SIZE_TEXT_BYTES];
	int64_t grew = 0;
	bool is_known = mo_grew_in_use(comparison, &grew);

	if (!is_known) {
		mo_text_append(text, "What grew most");
	} else {
		mo_format_bytes(size, sizeof(size), (uint64_t)(grew < 0 ? -grew : grew), false);
		mo_text_printf(text, "Memory in use %s by %s", grew < 0 ? "shrank" : "grew", size);
	}
	if (comparison->is_one_boot && comparison->elapsed_seconds > 0) {
		mo_text_append(text, " in ");
		mo_append_elapsed(text, comparison->elapsed_seconds);
	}
	mo_text_append(text, is_known ? "; what grew most: " : ": ");
}

static void judge_growers(const struct mo_comparison *comparison, struct mo_report *report)
{
	const struct mo_change *growers[GROWERS_NAMED];
	size_t n = mo_growers(comparison, growers, GROWERS_NAMED);
	MO_CLEANUP(mo_cleanup_text) struct mo_text verdict = MO_TEXT_EMPTY;

	if (!n)
		return;
	append_in_use(comparison, &verdict);
	for (size_t i = 0; i < n && i < GROWERS_NAMED; i++) {
		mo_text_append(&verdict, i ? ", " : "");
		mo_append_grower(&verdict, growers[i]);
	}
	if (n > GROWERS_NAMED)
		mo_text_printf(&verdict, ", and %zu more", n - GROWERS_NAMED);
	mo_text_append_char(&verdict, '.');
	write_finding(report, "memory-grew", MO_NOTICE, &verdict, NULL);
}

/* What leaks calls lost, and there is more of now. */
static void judge_lost(const struct mo_comparison *comparison, struct mo_report *report)
{
	MO_CLEANUP(mo_cleanup_text) struct mo_text verdict = MO_TEXT_EMPTY;
	size_t n = 0;

	for (size_t i = 0; i < comparison->changes.count; i++) {
		const struct mo_change *change = &comparison->changes.items[i];

		if (change->kind != MO_HOLDING_LOST || !change->is_known || change->grew_bytes <= 0)
			continue;
		if (n < GROWERS_NAMED) {
			mo_text_append(&verdict, n ? ", " : "More is lost than before: ");
			mo_append_grower(&verdict, &(struct mo_change){
				.kind = MO_HOLDING_LOST, .name = change->name, .grew_bytes = change->grew_bytes,
				.before_pieces = change->before_pieces, .after_pieces = change->after_pieces });
		}
		n++;
	}
	if (!n)
		return;
	if (n > GROWERS_NAMED)
		mo_text_printf(&verdict, ", and %zu more kinds", n - GROWERS_NAMED);
	mo_text_append_char(&verdict, '.');
	write_finding(report, "lost-more", MO_WARNING, &verdict, "`memopsy leaks` on the second dump lists them.");
}

/* How long MemAvailable lasts, where it fell by what is no accident. */
static void judge_pace(const struct mo_comparison *comparison, struct mo_report *report)
{
	struct mo_count before = comparison->facts[0].available_bytes;
	struct mo_count after = comparison->facts[1].available_bytes;
	MO_CLEANUP(mo_cleanup_text) struct mo_text verdict = MO_TEXT_EMPTY;
	char from[MO_SIZE_TEXT_BYTES];
	char to[MO_SIZE_TEXT_BYTES];
	double per_second;

	if (!comparison->is_one_boot || comparison->elapsed_seconds < PACE_MIN_SECONDS || before.certainty != MO_EXACT ||
	    after.certainty != MO_EXACT || before.value < after.value ||
	    before.value - after.value < mo_growth_min_bytes(comparison))
		return;
	per_second = (double)(before.value - after.value) / comparison->elapsed_seconds;
	if ((double)after.value / per_second > PACE_MAX_HOURS * 3600.0)
		return;
	mo_format_bytes(from, sizeof(from), before.value, false);
	mo_format_bytes(to, sizeof(to), after.value, false);
	mo_text_printf(&verdict, "MemAvailable fell from %s to %s in ", from, to);
	mo_append_elapsed(&verdict, comparison->elapsed_seconds);
	mo_text_append(&verdict, "; at this pace it would last another ");
	mo_append_elapsed(&verdict, (double)after.value / per_second);
	mo_text_append_char(&verdict, '.');
	mo_report_finding(report, &(const struct mo_finding){
		.id = "available-falls", .severity = MO_NOTICE, .basis = MO_BASIS_FIT, .verdict = mo_text_chars(&verdict) });
}

void mo_growth_judge(const struct mo_comparison *comparison, struct mo_report *report)
{
	judge_lost(comparison, report);
	judge_growers(comparison, report);
	judge_pace(comparison, report);
}
