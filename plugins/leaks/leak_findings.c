/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the losses mean for a reader who has one minute; and what the scan could not see. */
#include <inttypes.h>
#include <stdio.h>

#include <memopsy/numbers.h>

#include "leaks_views.h"

#define WARNING_OBJECTS 100    /* one that is lost happens; a hundred of a kind is a habit */
#define WARNING_BYTES (1u << 20)
#define NAMED_GROUPS 3
#define NAMED_OWNERS 3

/* "4,000" */
static void print_count(char *text, size_t n_bytes, uint64_t count)
{
	char digits[32];
	int n_digits = snprintf(digits, sizeof(digits), "%" PRIu64, count);
	size_t n = 0;

	for (int i = 0; i < n_digits && n + 2 < n_bytes; i++) {
		if (i && (n_digits - i) % 3 == 0)
			text[n++] = ',';
		text[n++] = digits[i];
	}
	text[n] = '\0';
}

/* As the tables have it; small sizes are exact. */
static void print_size(char *text, size_t n_bytes, uint64_t bytes)
{
	if (bytes >= 10u << 10)
		mo_format_bytes(text, n_bytes, bytes, false);
	else
		snprintf(text, n_bytes, "%" PRIu64 " bytes", bytes);
}

/* "4,000 objects of kmalloc-192 (750.0 KiB)" */
static int print_group(char *text, size_t n_bytes, const struct mo_slab_model *slabs, const struct mo_leak_group *group,
		       bool is_first)
{
	static const char *const units[MO_N_LOST_KINDS][2] = {
		[MO_LOST_OBJECT] = { " object", " objects" },
		[MO_LOST_LARGE_KMALLOC] = { " block", " blocks" },
		[MO_LOST_PAGES] = { " block", " blocks" },
		[MO_LOST_AREA] = { " area", " areas" },
	};
	char count[40];
	char size[40];
	char room[64];

	print_count(count, sizeof(count), group->objects);
	print_size(size, sizeof(size), group->bytes);
	return snprintf(text, n_bytes, "%s%s of %s (%s)", count,
			is_first || group->kind != MO_LOST_OBJECT ? units[group->kind][group->objects != 1] : "",
			group_name(slabs, group, room, sizeof(room)), size);
}

/* What is lost, but for suspects and for what the kernel loses on purpose. */
struct losses {
	uint64_t objects, bytes, largest_objects;
	size_t n_groups;
};

static bool is_same_owner(const struct mo_leak_group *group, const struct mo_leak_group *other)
{
	return group->module == other->module || (group->module && other->module && !strcmp(group->module, other->module));
}

static struct losses sum_losses(const struct mo_leaks_model *model)
{
	struct losses losses = { .objects = 0 };

	for (size_t i = 0; i < model->n_groups && model->groups[i].confidence == MO_LOST_LIKELY; i++) {
		losses.n_groups++;
		losses.objects += model->groups[i].objects;
		losses.bytes += model->groups[i].bytes;
		if (model->groups[i].objects > losses.largest_objects)
			losses.largest_objects = model->groups[i].objects;
	}
	return losses;
}

/* Of two stacks, but the same pieces. */
static bool is_same_sort(const struct mo_leak_group *group, const struct mo_leak_group *other)
{
	return group->kind == other->kind && group->cache == other->cache && group->order == other->order &&
	       group->is_compound == other->is_compound && group->is_mapping == other->is_mapping &&
	       is_same_owner(group, other);
}

/* The sum of a group and those like it behind it; false: one before it has been summed with it. */
static bool sum_sort(const struct mo_leaks_model *model, const struct losses *losses, size_t at, struct mo_leak_group *ret)
{
	struct mo_leak_group sum = model->groups[at];

	for (size_t i = 0; i < at; i++)
		if (is_same_sort(&model->groups[i], &sum))
			return false;
	for (size_t i = at + 1; i < losses->n_groups; i++)
		if (is_same_sort(&model->groups[i], &sum)) {
			sum.objects += model->groups[i].objects;
			sum.bytes += model->groups[i].bytes;
		}
	*ret = sum;
	return true;
}

/* The groups of one owner, the first of which is given: "module leaker lost ... and ..." */
static size_t print_owner(char *text, size_t n_bytes, const struct mo_leaks_model *model, const struct mo_slab_model *slabs,
			  const struct losses *losses, size_t first)
{
	const struct mo_leak_group *group = &model->groups[first];
	struct mo_leak_group sum;
	size_t n_owned = 0;
	size_t n_named = 0;
	uint64_t rest = 0;
	size_t n;

	for (size_t i = first; i < losses->n_groups; i++)
		n_owned += is_same_owner(group, &model->groups[i]) && sum_sort(model, losses, i, &sum);
	n = (size_t)snprintf(text, n_bytes, "%s%s lost ", group->module ? "module " : "somebody unknown",
			     group->module ? group->module : "");
	for (size_t i = first; i < losses->n_groups && n < n_bytes; i++) {
		if (!is_same_owner(group, &model->groups[i]) || !sum_sort(model, losses, i, &sum))
			continue;
		if (n_named == NAMED_GROUPS) {
			rest += sum.objects;
			continue;
		}
		if (n_named)
			n += (size_t)snprintf(text + n, n_bytes - n, "%s", n_named + 1 == n_owned ? " and " : ", ");
		if (n < n_bytes)
			n += (size_t)print_group(text + n, n_bytes - n, slabs, &sum, !n_named);
		n_named++;
	}
	if (rest && n < n_bytes)
		n += (size_t)snprintf(text + n, n_bytes - n, " and %" PRIu64 " in %zu other groups", rest, n_owned - n_named);
	return n < n_bytes ? n : n_bytes;
}

/* Those who had something, modules first; *n_owners is how many were named so far. False: there are more than can be named. */
static bool print_owners(char *text, size_t n_bytes, size_t *n, const struct mo_leaks_model *model,
			 const struct mo_slab_model *slabs, const struct losses *losses, bool are_modules, size_t *n_owners)
{
	for (size_t i = 0; i < losses->n_groups && *n < n_bytes; i++) {
		bool is_said = !model->groups[i].module == are_modules;

		for (size_t k = 0; k < i && !is_said; k++)
			is_said = is_same_owner(&model->groups[i], &model->groups[k]);
		if (is_said)
			continue;
		if (++*n_owners > NAMED_OWNERS)
			return false;
		if (*n_owners > 1)
			*n += (size_t)snprintf(text + *n, n_bytes - *n, "; ");
		if (*n < n_bytes)
			*n += print_owner(text + *n, n_bytes - *n, model, slabs, losses, i);
	}
	return true;
}

/* "module leaker lost 4,000 objects of kmalloc-192 (750.0 KiB) and 4,000 of leak_obj (1.1 MiB); nothing else is lost" */
static void print_verdict(char *text, size_t n_bytes, const struct mo_leaks_model *model, const struct mo_slab_model *slabs,
			  const struct losses *losses)
{
	size_t n_owners = 0;
	size_t n = 0;
	bool is_all = print_owners(text, n_bytes, &n, model, slabs, losses, true, &n_owners) &&
		      print_owners(text, n_bytes, &n, model, slabs, losses, false, &n_owners);

	if (n < n_bytes)
		snprintf(text + n, n_bytes - n, "%s", is_all ? "; nothing else is lost." : "; others lost more.");
}

static void judge_losses(struct mo_run *run, const struct mo_leaks_model *model, const struct mo_slab_model *slabs,
			  struct losses losses)
{
	bool is_much = losses.largest_objects >= WARNING_OBJECTS || losses.bytes >= WARNING_BYTES;
	char verdict[1000];
	struct mo_evidence evidence[] = {
		{ .label = "lost objects", .kind = MO_CELL_COUNT, .cell = mo_cell_number(mo_exact(losses.objects)) },
		{ .label = "their size", .kind = MO_CELL_BYTES, .cell = mo_cell_number(mo_exact(losses.bytes)) },
		{ .label = "allocated objects", .kind = MO_CELL_COUNT, .cell = mo_cell_number(mo_exact(model->objects)) },
	};
	struct mo_finding finding = {
		.id = "leaks-lost",
		.severity = is_much ? MO_WARNING : MO_NOTICE,
		.confidence = MO_LIKELY,
		.verdict = verdict,
		.evidence = evidence,
		.n_evidence = sizeof(evidence) / sizeof(evidence[0]),
		.advice = "`memopsy leaks --list` has every one of them.",
	};

	print_verdict(verdict, sizeof(verdict), model, slabs, &losses);
	/* A sentence begins with a capital letter; the name of a module stays as it is. */
	verdict[0] = verdict[0] == 'm' ? 'M' : 'S';
	mo_run_judge(run, "leaks", &finding);
}

static void judge_missing(struct mo_run *run, const struct mo_leaks_model *model)
{
	uint64_t unreadable_pages =
		((const struct mo_mem_map_model *)mo_run_model_of(run, MO_MEM_MAP_MODEL))->unreadable_pages;
	struct mo_evidence evidence[] = {
		{ .label = "missing pages of roots", .kind = MO_CELL_COUNT, .cell = mo_cell_number(mo_exact(model->missing_pages)) },
		{ .label = "of", .kind = MO_CELL_COUNT, .cell = mo_cell_number(mo_exact(model->root_pages)) },
		{ .label = "objects that could not be read", .kind = MO_CELL_COUNT,
		  .cell = mo_cell_number(mo_exact(model->missing_objects)) },
		{ .label = "struct pages that could not be read", .kind = MO_CELL_COUNT,
		  .cell = mo_cell_number(mo_exact(unreadable_pages)) },
		{ .label = "objects without a path in what is left", .kind = MO_CELL_COUNT,
		  .cell = mo_cell_number(mo_exact(model->n_lost)) },
	};
	bool are_objects = model->missing_objects > model->missing_pages;
	struct mo_finding finding = {
		.id = "leaks-memory-missing",
		.severity = MO_WARNING,
		.confidence = MO_CERTAIN,
		.verdict = !model->is_hopeless ? "Memory of the kernel is missing that may point at what seems to be lost: whether "
						 "anything is, and whose, is unknown." :
			   are_objects ? "Slabs are missing from this dump: what their objects point at seems lost, so nobody can tell "
					 "what is." :
					 "So much of the kernel's memory is missing that nobody can tell what is lost.",
		.evidence = evidence,
		.n_evidence = sizeof(evidence) / sizeof(evidence[0]),
		.advice = model->is_hopeless ? "`memopsy leaks --list` has the candidates; a dump with all slabs would tell." :
					       "Take what is listed for candidates.",
		.is_about_reading = true,
	};

	if (!model->is_whole)
		mo_run_judge(run, "leaks", &finding);
}

#define NAMED_SLABS 4

/* "the slab at 0xffff... (kmalloc-192, 12 objects)" of the first ones; the number of all. */
static size_t print_untold_slabs(char *text, size_t n_bytes, const struct mo_slab_model *slabs)
{
	size_t n_slabs = 0;
	size_t n = 0;

	*text = '\0';
	for (size_t i = 0; i < slabs->n_slabs; i++) {
		const struct mo_slab *slab = &slabs->slabs[i];
		uint32_t n_unknown = 0;
		char room[64];

		if (slab->fault == MO_SLAB_SOUND || slab->cache == MO_SLAB_NO_CACHE || !slab->has_states)
			continue;
		for (uint32_t k = 0; k < slab->objects; k++)
			n_unknown += mo_object_state_of(slabs, slab, k) == MO_OBJECT_UNKNOWN;
		if (!n_unknown || n_slabs++ >= NAMED_SLABS || n >= n_bytes)
			continue;
		n += (size_t)snprintf(text + n, n_bytes - n, "%s0x%" PRIx64 " (%s, %" PRIu32 " objects)", n ? "; " : "",
				      mo_slab_kva(slabs, slab), cache_name(&slabs->caches[slab->cache], room, sizeof(room)), n_unknown);
	}
	return n_slabs;
}

static void judge_unknown(struct mo_run *run, const struct mo_leaks_model *model, const struct mo_slab_model *slabs)
{
	char where[500];
	struct mo_evidence evidence[] = {
		{ .label = "objects", .kind = MO_CELL_COUNT, .cell = mo_cell_number(mo_exact(model->unknown_objects)) },
		{ .label = "slabs", .kind = MO_CELL_COUNT },
		{ .label = "where", .kind = MO_CELL_TEXT },
	};
	struct mo_finding finding = {
		.id = "leaks-unknown-objects",
		.severity = MO_NOTICE,
		.confidence = MO_CERTAIN,
		.verdict = "Slabs with broken free lists could not be judged: their objects of unknown state, and what these point at, "
			   "count as reached.",
		.evidence = evidence,
		.n_evidence = sizeof(evidence) / sizeof(evidence[0]),
		.is_about_reading = true,
	};

	if (!model->unknown_objects)
		return;
	evidence[1].cell = mo_cell_number(mo_exact(print_untold_slabs(where, sizeof(where), slabs)));
	evidence[2].cell = mo_cell_text(where);
	mo_run_judge(run, "leaks", &finding);
}

struct mo_error *judge_leaks(struct mo_run *run)
{
	const struct mo_leaks_model *model = mo_run_model(run);
	struct losses losses = sum_losses(model);

	/* Whose the losses are is said only where all memory was there to look at. */
	if (losses.objects && model->is_whole)
		judge_losses(run, model, mo_run_model_of(run, MO_SLAB_MODEL), losses);
	judge_missing(run, model);
	judge_unknown(run, model, mo_run_model_of(run, MO_SLAB_MODEL));
	return NULL;
}
