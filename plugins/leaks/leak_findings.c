/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the losses mean for a reader who has one minute; and what the scan could not see. */
#include <inttypes.h>
#include <stdio.h>

#include <memopsy/numbers.h>

#include "leaks_views.h"

#define WARNING_OBJECTS 100    /* one that is lost happens; a hundred of a kind is a habit */
#define WARNING_BYTES (1u << 20)
#define PAGES_TOLD_BYTES (4u << 20) /* half of what the finding about pages without an owner begins at */
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

/* "objects of kmalloc-192", "compound pages of order 5", "vmap areas". */
static void print_sort(char *text, size_t n_bytes, const struct mo_slab_model *slabs, const struct mo_leak_group *group, bool is_first)
{
	const char *many = group->objects == 1 ? "" : "s";
	char room[64];

	switch (group->kind) {
	case MO_LOST_LARGE_KMALLOC:
		snprintf(text, n_bytes, "large kmalloc block%s", many);
		break;
	case MO_LOST_PAGES:
		if (group->is_compound)
			snprintf(text, n_bytes, "compound page%s of order %u", many, group->order);
		else if (group->order)
			snprintf(text, n_bytes, "page block%s of order %u", many, group->order);
		else
			snprintf(text, n_bytes, "single page%s", many);
		break;
	case MO_LOST_AREA:
		snprintf(text, n_bytes, "%s area%s", group->is_mapping ? "vmap" : "vmalloc", many);
		break;
	default:
		snprintf(text, n_bytes, "%s%sof %s", is_first ? "object" : "", is_first ? (*many ? "s " : " ") : "",
			 group_name(slabs, group, room, sizeof(room)));
	}
}

/* "4,000 objects of kmalloc-192 (750.0 KiB)" */
static int print_group(char *text, size_t n_bytes, const struct mo_slab_model *slabs, const struct mo_leak_group *group,
		       bool is_first)
{
	char count[40];
	char size[40];
	char sort[160];

	print_count(count, sizeof(count), group->objects);
	print_size(size, sizeof(size), group->bytes);
	print_sort(sort, sizeof(sort), slabs, group, is_first);
	return snprintf(text, n_bytes, "%s %s (%s)", count, sort, size);
}

/* The largest groups that are lost whatever is missing, but for suspects and for what the kernel loses on purpose. */
struct losses {
	uint64_t objects, bytes, page_bytes, largest_objects;
	size_t n_groups;
};

static bool is_same_owner(const struct mo_leak_group *group, const struct mo_leak_group *other)
{
	return group->module == other->module || (group->module && other->module && !strcmp(group->module, other->module));
}

static struct losses sum_losses(const struct mo_leaks_model *model, const struct mo_slab_model *slabs)
{
	struct losses losses = { .objects = 0 };

	for (size_t i = 0; i < model->n_groups && model->groups[i].confidence == MO_LOST_LIKELY &&
			   is_beyond_missing(model, slabs, &model->groups[i]); i++) {
		losses.n_groups++;
		losses.objects += model->groups[i].objects;
		losses.bytes += model->groups[i].bytes;
		losses.page_bytes += model->groups[i].kind == MO_LOST_PAGES ? model->groups[i].bytes : 0;
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
	n = (size_t)snprintf(text, n_bytes, "%s%s%s", group->module ? "module " : "owner unknown: ",
			     group->module ? group->module : "", group->module ? " lost " : "");
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
		bool is_printed = !model->groups[i].module == are_modules;

		for (size_t k = 0; k < i && !is_printed; k++)
			is_printed = is_same_owner(&model->groups[i], &model->groups[k]);
		if (is_printed)
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

#define IDLE_SUSPECT_BYTES (1u << 20) /* idle kernels have half of it: tails of alloc_pages_exact() */

/* Whether the rest is known to be reached: then what was named is all. What is not known has its size. */
static void print_rest(char *text, size_t n_bytes, const struct mo_leaks_model *model)
{
	char size[40];

	print_size(size, sizeof(size), model->suspect_bytes);
	if (!model->is_whole)
		snprintf(text, n_bytes, "; with memory missing from the dump, more may be lost than that, or less.");
	else if (model->suspect_bytes > IDLE_SUSPECT_BYTES && model->unknown_objects)
		snprintf(text, n_bytes, "; another %s is suspect, and %" PRIu64 " objects could not be judged.", size,
			 model->unknown_objects);
	else if (model->suspect_bytes > IDLE_SUSPECT_BYTES)
		snprintf(text, n_bytes, "; another %s is suspect.", size);
	else if (model->unknown_objects)
		snprintf(text, n_bytes, "; %" PRIu64 " objects could not be judged.", model->unknown_objects);
	else
		snprintf(text, n_bytes, "; nothing else is lost.");
}

/* "module leaker lost 4,000 objects of kmalloc-192 (750.0 KiB) and 4,000 of leak_obj (1.1 MiB); nothing else is lost" */
static void print_verdict(char *text, size_t n_bytes, const struct mo_leaks_model *model, const struct mo_slab_model *slabs,
			  const struct losses *losses)
{
	size_t n_owners = 0;
	size_t n = 0;
	bool is_all = print_owners(text, n_bytes, &n, model, slabs, losses, true, &n_owners) &&
		      print_owners(text, n_bytes, &n, model, slabs, losses, false, &n_owners);

	if (n < n_bytes && is_all)
		print_rest(text + n, n_bytes - n, model);
	else if (n < n_bytes)
		snprintf(text + n, n_bytes - n, "; others lost more.");
}

static void judge_losses(struct mo_run *run, const struct mo_leaks_model *model, const struct mo_slab_model *slabs,
			  struct losses losses)
{
	/* Pages that nobody owns are told once, as lost. */
	static const char *const superseded[] = { "pages-without-owner" };
	bool is_much = losses.largest_objects >= WARNING_OBJECTS || losses.bytes >= WARNING_BYTES;
	char verdict[1000];
	struct mo_evidence evidence[] = {
		{ .label = "lost objects", .kind = MO_CELL_COUNT, .cell = mo_cell_number(mo_exact(losses.objects)) },
		{ .label = "their size", .kind = MO_CELL_BYTES, .cell = mo_cell_number(mo_exact(losses.bytes)) },
		{ .label = "suspect beside them", .kind = MO_CELL_BYTES, .cell = mo_cell_number(mo_exact(model->suspect_bytes)) },
		{ .label = "allocated objects", .kind = MO_CELL_COUNT, .cell = mo_cell_number(mo_exact(model->objects)) },
	};
	struct mo_finding finding = {
		.id = "leaks-lost",
		.severity = is_much ? MO_WARNING : MO_NOTICE,
		.basis = MO_BASIS_INFERENCE,
		.verdict = verdict,
		.evidence = evidence,
		.n_evidence = sizeof(evidence) / sizeof(evidence[0]),
		.advice = "`memopsy leaks --list` has every one of them.",
		.supersedes = superseded,
		.n_supersedes = losses.page_bytes + model->suspect_bytes >= PAGES_TOLD_BYTES,
	};

	print_verdict(verdict, sizeof(verdict), model, slabs, &losses);
	/* A sentence begins with a capital letter; the name of a module stays as it is. */
	verdict[0] = verdict[0] == 'm' ? 'M' : 'O';
	mo_run_judge(run, "leaks", &finding);
}

static void judge_missing(struct mo_run *run, const struct mo_leaks_model *model, bool has_losses)
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
		.verdict = has_losses ? "Memory of the kernel is missing that may point at the other candidates." :
			   !model->is_hopeless ? "Memory of the kernel is missing that may point at what seems to be lost: whether "
						 "anything is, and whose, is unknown." :
			   are_objects ? "Slabs are missing from this dump: what their objects point at seems lost, so nobody can tell "
					 "what is." :
					 "So much of the kernel's memory is missing that nobody can tell what is lost.",
		.evidence = evidence,
		.n_evidence = sizeof(evidence) / sizeof(evidence[0]),
		.advice = model->is_hopeless ? "`memopsy leaks --list` has the candidates; a dump with all slabs would tell." :
					       "Treat these as candidates only.",
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

		if (slab->fault == MO_SLAB_SOUND || slab->fault == MO_SLAB_MOVED || slab->cache == MO_SLAB_NO_CACHE || !slab->has_states)
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

/* ", 42 % from each other": nothing of what is less than a per cent. */
static size_t print_share(char *text, size_t n_bytes, const struct mo_grown_cache *grown, uint64_t part, const char *source,
			  bool is_first)
{
	uint64_t percent = part * 100 / grown->reached_objects;

	return percent ? (size_t)snprintf(text, n_bytes, "%s%" PRIu64 " %% from %s", is_first ? "" : ", ", percent, source) : 0;
}

/* A cache whose objects are all reachable has not lost any: whose they are is said, and takes the place of slab's doubt. */
static void judge_grown(struct mo_run *run, const struct mo_slab_model *slabs, const struct mo_grown_cache *grown, bool is_told)
{
	static const char *const superseded[] = { "slab-growth" };
	const struct mo_slab_cache *cache = &slabs->caches[grown->cache];
	const struct mo_slab_cache *holder = grown->holder_cache == MO_SLAB_NO_CACHE ? NULL : &slabs->caches[grown->holder_cache];
	char count[40], size[40], room[64], source[100] = "", verdict[600];
	size_t n;
	struct mo_finding finding = {
		.id = "leaks-grown-reachable",
		.severity = MO_NOTICE,
		.basis = MO_BASIS_INFERENCE,
		.verdict = verdict,
		.advice = "`memopsy leaks --reachable` names the lists, trees and tables that they hang on.",
		.supersedes = superseded,
		.n_supersedes = is_told,
	};

	print_count(count, sizeof(count), grown->reached_objects);
	print_size(size, sizeof(size), grown->reached_objects * cache->size_bytes);
	n = (size_t)snprintf(verdict, sizeof(verdict), "Slab cache %s has %s objects (%s) in use, all of them reachable. Reached first: ",
			     cache_name(cache, room, sizeof(room)), count, size);
	if (holder)
		snprintf(source, sizeof(source), "objects of %s", cache_name(holder, room, sizeof(room)));
	n += print_share(verdict + n, sizeof(verdict) - n, grown, holder ? grown->by_holder : 0, source, true);
	n += print_share(verdict + n, sizeof(verdict) - n, grown, grown->by_own, "each other", verdict[n - 1] == ' ');
	n += print_share(verdict + n, sizeof(verdict) - n, grown, grown->by_others, "variables, page blocks and vmalloc",
			 verdict[n - 1] == ' ');
	snprintf(verdict + n, sizeof(verdict) - n, ".");
	mo_run_judge(run, "leaks", &finding);
}

#define LOST_SHARE_MAX 100 /* one lost object in so many: beyond, the cache's growth is that loss */

static bool is_reachable(const struct mo_slab_model *slabs, const struct mo_grown_cache *grown)
{
	return grown->reached_objects && grown->reached_objects + grown->reached_objects / LOST_SHARE_MAX >=
						 slabs->caches[grown->cache].states[MO_OBJECT_ALLOCATED];
}

static void judge_all_grown(struct mo_run *run, const struct mo_leaks_model *model, const struct mo_slab_model *slabs)
{
	bool are_all = true;

	for (size_t i = 0; i < model->n_grown; i++)
		are_all &= is_reachable(slabs, &model->grown[i]);
	for (size_t i = 0; i < model->n_grown; i++)
		if (is_reachable(slabs, &model->grown[i]))
			judge_grown(run, slabs, &model->grown[i], are_all);
}

struct mo_error *judge_leaks(struct mo_run *run)
{
	const struct mo_leaks_model *model = mo_run_model(run);
	struct losses losses = sum_losses(model, mo_run_model_of(run, MO_SLAB_MODEL));

	if (losses.objects)
		judge_losses(run, model, mo_run_model_of(run, MO_SLAB_MODEL), losses);
	judge_all_grown(run, model, mo_run_model_of(run, MO_SLAB_MODEL));
	judge_missing(run, model, losses.objects);
	judge_unknown(run, model, mo_run_model_of(run, MO_SLAB_MODEL));
	return NULL;
}
