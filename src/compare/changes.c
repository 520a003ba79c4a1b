/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Merges the entries of two reports. */
#include "changes.h"

#include <string.h>

#include "cleanup.h"

#define SAME_BOOT_SECONDS 120 /* clocks are set while a machine runs */

static bool are_equal(const char *a, const char *b)
{
	return a && b && !strcmp(a, b);
}

/* What a report that may have left rows out says of an entry that it does not name. */
static struct mo_count absent(const struct mo_entries *entries)
{
	return entries->may_be_cut ? mo_unknown() : mo_exact(0);
}

static struct mo_error *append_change(struct mo_comparison *comparison, enum mo_holding kind, const struct mo_entry *before,
				      const struct mo_entry *after)
{
	const struct mo_entries *sides[2] = { &comparison->entries[0][kind], &comparison->entries[1][kind] };
	struct mo_change change = {
		.kind = kind,
		.name = after ? after->name : before->name,
		.module = after && after->module ? after->module : before ? before->module : NULL,
		.before_bytes = before ? before->bytes : absent(sides[0]),
		.after_bytes = after ? after->bytes : absent(sides[1]),
		.before_pieces = before ? before->pieces : absent(sides[0]),
		.after_pieces = after ? after->pieces : absent(sides[1]),
	};

	change.is_known = change.before_bytes.certainty == MO_EXACT && change.after_bytes.certainty == MO_EXACT &&
			  change.before_bytes.value <= INT64_MAX && change.after_bytes.value <= INT64_MAX;
	if (change.is_known)
		change.grew_bytes = (int64_t)change.after_bytes.value - (int64_t)change.before_bytes.value;
	return mo_vector_append(&comparison->changes, change) ? NULL : mo_error_no_memory();
}

/* Both are in the order of their keys. */
static struct mo_error *merge_kind(struct mo_comparison *comparison, enum mo_holding kind)
{
	const struct mo_entries *before = &comparison->entries[0][kind];
	const struct mo_entries *after = &comparison->entries[1][kind];
	size_t i = 0;
	size_t j = 0;

	while (i < before->count || j < after->count) {
		int order = i == before->count ? 1 :
			    j == after->count ? -1 : strcmp(before->items[i].key, after->items[j].key);

		MO_TRY(append_change(comparison, kind, order <= 0 ? &before->items[i] : NULL,
				     order >= 0 ? &after->items[j] : NULL));
		i += order <= 0;
		j += order >= 0;
	}
	return NULL;
}

static int compare_changes(const void *a, const void *b)
{
	const struct mo_change *left = a;
	const struct mo_change *right = b;

	if (left->kind != right->kind)
		return left->kind < right->kind ? -1 : 1;
	if (left->is_known != right->is_known)
		return left->is_known ? -1 : 1;
	if (left->grew_bytes != right->grew_bytes)
		return left->grew_bytes > right->grew_bytes ? -1 : 1;
	return strcmp(left->name, right->name);
}

static void relate(struct mo_comparison *comparison)
{
	const struct mo_report_facts *before = &comparison->facts[0];
	const struct mo_report_facts *after = &comparison->facts[1];
	int64_t apart = before->booted_seconds - after->booted_seconds;

	comparison->is_one_kernel = are_equal(before->build_id, after->build_id);
	comparison->is_one_host = are_equal(before->nodename, after->nodename);
	comparison->is_one_boot = comparison->is_one_kernel && comparison->is_one_host &&
				  are_equal(before->kaslr_offset, after->kaslr_offset) && before->has_booted && after->has_booted && apart >= -SAME_BOOT_SECONDS && apart <= SAME_BOOT_SECONDS &&
				  before->has_uptime && after->has_uptime;
	if (comparison->is_one_boot)
		comparison->elapsed_seconds = after->uptime_seconds - before->uptime_seconds;
}

static struct mo_error *compare_all(const struct mo_report_file *before, const struct mo_report_file *after,
				    struct mo_comparison *comparison)
{
	const struct mo_entries_how how = {
		.by_pid = comparison->is_one_boot,
		.without_offsets = !comparison->is_one_kernel,
	};

	for (unsigned kind = 0; kind < MO_N_HOLDINGS; kind++) {
		MO_TRY(mo_entries_read(before, (enum mo_holding)kind, how, &comparison->entries[0][kind]));
		MO_TRY(mo_entries_read(after, (enum mo_holding)kind, how, &comparison->entries[1][kind]));
		comparison->is_compared[kind] = comparison->entries[0][kind].is_there && comparison->entries[1][kind].is_there;
		if (comparison->is_compared[kind])
			MO_TRY(merge_kind(comparison, (enum mo_holding)kind));
	}
	if (comparison->changes.count)
		qsort(comparison->changes.items, comparison->changes.count, sizeof(*comparison->changes.items), compare_changes);
	return NULL;
}

struct mo_error *mo_compare(const struct mo_report_file *before, const struct mo_report_file *after, struct mo_comparison *ret)
{
	struct mo_comparison comparison = { .elapsed_seconds = 0 };
	struct mo_error *error;

	mo_report_file_facts(before, &comparison.facts[0]);
	mo_report_file_facts(after, &comparison.facts[1]);
	relate(&comparison);
	error = compare_all(before, after, &comparison);
	if (error)
		mo_comparison_deinit(&comparison);
	else
		*ret = comparison;
	return error;
}

void mo_comparison_deinit(struct mo_comparison *comparison)
{
	for (unsigned kind = 0; kind < MO_N_HOLDINGS; kind++) {
		mo_entries_deinit(&comparison->entries[0][kind]);
		mo_entries_deinit(&comparison->entries[1][kind]);
	}
	mo_vector_deinit(&comparison->changes);
}

bool mo_grew_in_use(const struct mo_comparison *comparison, int64_t *ret)
{
	int64_t grew_bytes = 0;

	if (!comparison->is_compared[MO_HOLDING_CLASS])
		return false;
	for (size_t i = 0; i < comparison->changes.count; i++) {
		const struct mo_change *change = &comparison->changes.items[i];

		if (change->kind != MO_HOLDING_CLASS || !strcmp(change->name, "free") || !strcmp(change->name, "free-pcp"))
			continue;
		if (!change->is_known || __builtin_add_overflow(grew_bytes, change->grew_bytes, &grew_bytes))
			return false;
	}
	*ret = grew_bytes;
	return true;
}
