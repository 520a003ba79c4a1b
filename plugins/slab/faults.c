/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What is wrong with slabs, and what could not be followed: noted while gathering, told as findings afterwards. */
#include "gathering.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

const char *const fault_names[MO_N_SLAB_FAULTS] = {
	[MO_SLAB_SOUND] = "sound",
	[MO_SLAB_NO_KMEM_CACHE] = "no cache",
	[MO_SLAB_IMPOSSIBLE_COUNT] = "impossible count",
	[MO_SLAB_OVERLAPPED] = "overlapped",
	[MO_SLAB_UNREADABLE] = "unreadable",
	[MO_SLAB_LEAVES] = "free list leaves",
	[MO_SLAB_TWICE] = "free twice",
	[MO_SLAB_MISCOUNTED] = "miscounted",
	[MO_SLAB_MOVED] = "moved",
};

const char *const object_state_names[MO_N_OBJECT_STATES] = {
	[MO_OBJECT_ALLOCATED] = "allocated",
	[MO_OBJECT_FREE] = "free",
	[MO_OBJECT_FREE_CPU] = "free, CPU's list",
	[MO_OBJECT_FREE_CPU_PARTIAL] = "free, CPU's partial slab",
	[MO_OBJECT_FREE_SHEAF] = "free, sheaf",
	[MO_OBJECT_FREE_BARN] = "free, barn",
	[MO_OBJECT_FREE_RCU] = "free after a grace period",
	[MO_OBJECT_UNKNOWN] = "unknown",
	[MO_OBJECT_FREE_NODE] = "free, node's array",
};

const char *const slab_place_names[MO_N_SLAB_PLACES] = {
	[MO_SLAB_FULL] = "nobody's list",
	[MO_SLAB_NODE_PARTIAL] = "node's partial list",
	[MO_SLAB_CPU] = "CPU's slab",
	[MO_SLAB_CPU_PARTIAL] = "CPU's partial list",
	[MO_SLAB_NODE_FREE] = "node's free list",
};

void note_wrong(struct slab_state *state, struct mo_slab *slab, const struct slab_wrong *wrong)
{
	struct slab_wrong *kept = &state->wrongs[state->n_wrongs];
	uint64_t page_kva = 0;
	struct mo_error *error;

	if (slab->fault == MO_SLAB_SOUND)
		slab->fault = (uint8_t)wrong->fault;
	if (state->n_wrongs == MAX_WRONGS)
		return;
	*kept = *wrong;
	error = mo_pfn_to_page(state->memmap, slab->pfn, &page_kva);
	mo_error_destroy(error);
	kept->slab_kva = page_kva;
	state->n_wrongs++;
}

void note_trouble(struct slab_state *state, struct mo_error *error)
{
	if (!error)
		return;
	/* A list that changes under the eye of who follows it leads anywhere: that is no trouble of the kernel's. */
	if (state->is_live && (mo_error_code(error) == MO_E_CORRUPT || mo_error_code(error) == MO_E_LIMIT ||
			       mo_error_code(error) == MO_E_NOT_MAPPED || mo_error_code(error) == MO_E_NOT_IN_DUMP)) {
		state->model.moved_lists++;
		mo_error_destroy(error);
		return;
	}
	if (!state->troubles++)
		snprintf(state->first_trouble, sizeof(state->first_trouble), "%s", mo_error_text(error));
	mo_error_destroy(error);
}

struct fault_text {
	const char *id;
	enum mo_severity severity;
	const char *verdict;
	const char *advice;
	bool is_about_reading;
};

static const struct fault_text texts[MO_N_SLAB_FAULTS] = {
	[MO_SLAB_NO_KMEM_CACHE] = {
		"slab-without-cache", MO_WARNING, "Some pages are marked as slabs and belong to no slab cache.",
		"Look at their struct pages: either they were overwritten, or the dump caught the allocator at work.", false,
	},
	[MO_SLAB_IMPOSSIBLE_COUNT] = {
		"slab-count-impossible", MO_CRITICAL, "Some slabs have counts of objects that no slab of their cache can have.",
		"Their struct pages were overwritten; their objects are in no sum.", false,
	},
	[MO_SLAB_OVERLAPPED] = {
		"slab-overlapped", MO_WARNING, "Some slabs begin within another slab.", "Their struct pages make no sense.", false,
	},
	[MO_SLAB_UNREADABLE] = {
		"slab-unreadable", MO_NOTICE, "Free objects of some slabs could not be told: the dump leaves their pages out.",
		"Counts of allocated and free objects are incomplete by these slabs.", true,
	},
	[MO_SLAB_LEAVES] = {
		"slab-freelist-corrupt", MO_CRITICAL, "Free lists lead out of their slabs: free objects were overwritten.",
		"A write after free, or beyond the end of the object before: look at that object and its neighbours.", false,
	},
	[MO_SLAB_TWICE] = {
		"slab-free-twice", MO_CRITICAL, "Objects are free twice: a free list loops, or two lists have the same object.",
		"A double free, or an overwritten free object.", false,
	},
	[MO_SLAB_MISCOUNTED] = {
		"slab-miscounted", MO_WARNING, "The free lists of some slabs are not as long as their counters say.",
		"Either one of them was overwritten, or the dump caught a CPU inside the allocator.", false,
	},
};

/* "object 0xffff...: 0x41414141 (kmalloc-64)" of the first ones. */
static void describe_places(const struct slab_state *state, enum mo_slab_fault fault, char *text, size_t n_bytes)
{
	size_t used = 0;
	unsigned n = 0;

	*text = '\0';
	for (size_t i = 0; i < state->n_wrongs && n < 4 && used + 1 < n_bytes; i++) {
		const struct slab_wrong *wrong = &state->wrongs[i];
		const char *name = wrong->cache == MO_SLAB_NO_CACHE ? NULL : state->caches[wrong->cache].name;

		if (wrong->fault != fault)
			continue;
		used += (size_t)snprintf(text + used, n_bytes - used, "%s0x%" PRIx64 " %s 0x%" PRIx64 " (%s)", n++ ? "; " : "",
					 wrong->object_kva ? wrong->object_kva : wrong->slab_kva,
					 fault == MO_SLAB_TWICE ? "leads again to" : "has", wrong->value,
					 name ? name : "no cache");
	}
}

/*
 * What a CPU leaves for a moment while it is inside the allocator: the dump may have caught it there. A slab that is being
 * made or given back is on nobody's list, and empty, or taken as a whole (frozen, and all in use, with its free list still
 * there); its struct page may still say what the pages' last user wrote. One object may be on its way between the free list
 * and the counter, which change one after the other where no instruction changes both.
 */
bool may_be_passing(const struct slab_state *state, const struct mo_slab *slab)
{
	/* A CPU's own slab is frozen and in use as a whole all the time: that says nothing. */
	bool is_nobodys = slab->place == MO_SLAB_FULL;
	unsigned listed_in_use = slab->objects - slab->free_objects;

	switch (slab->fault) {
	case MO_SLAB_NO_KMEM_CACHE:
	case MO_SLAB_IMPOSSIBLE_COUNT:
		return is_nobodys;
	case MO_SLAB_MISCOUNTED:
		if (listed_in_use + 1u == slab->inuse || slab->inuse + 1u == listed_in_use)
			return true;
		/* fall through */
	case MO_SLAB_LEAVES:
	case MO_SLAB_TWICE:
		return is_nobodys && (state->shape.is_slab ? slab->inuse == slab->objects || !slab->inuse :
							     !slab->inuse || (slab->is_frozen && slab->inuse == slab->objects));
	default:
		return false;
	}
}

/* Whether all slabs with a fault may be such, one for each CPU at most: a CPU is in one place of the allocator. */
static bool may_all_be_passing(const struct slab_state *state, enum mo_slab_fault fault)
{
	struct mo_set cpus;
	struct mo_error *error;

	error = mo_cpus(state->reader, MO_CPUS_POSSIBLE, &cpus);
	if (error || state->model.faults[fault] > mo_set_count(&cpus)) {
		mo_error_destroy(error);
		return false;
	}
	for (size_t i = 0; i < state->model.n_slabs; i++)
		if (state->slabs[i].fault == fault && !may_be_passing(state, &state->slabs[i]))
			return false;
	return true;
}

static void report_fault(const struct slab_state *state, enum mo_slab_fault fault)
{
	bool is_passing = may_all_be_passing(state, fault);
	const struct fault_text *text = &texts[fault];
	char places[400];
	struct mo_evidence evidence[] = {
		{ .label = "slabs", .kind = MO_CELL_COUNT, .cell = mo_cell_number(mo_exact(state->model.faults[fault])) },
		{ .label = "where", .kind = MO_CELL_TEXT },
	};
	struct mo_finding finding = {
		.id = text->id,
		.severity = text->severity,
		.basis = MO_BASIS_INFERENCE,
		.verdict = text->verdict,
		.evidence = evidence,
		.n_evidence = 2,
		.advice = text->advice,
		.is_about_reading = text->is_about_reading,
	};

	/* A running machine has such moments: no proof of anything. */
	if (is_passing) {
		finding.verdict = fault == MO_SLAB_LEAVES ? "Free lists lead out of their slabs." : text->verdict;
		finding.severity = MO_NOTICE;
		finding.basis = MO_BASIS_FIT;
		finding.advice = "The dump may have caught a CPU inside the allocator, which leaves this for a moment: see where the "
				 "CPUs were. Else these slabs were overwritten.";
	}
	describe_places(state, fault, places, sizeof(places));
	evidence[1].cell = mo_cell_text(places);
	mo_run_finding(state->run, &finding);
}

void report_slab_faults(struct slab_state *state)
{
	const struct mo_evidence evidence[] = {
		{ .label = "how many", .kind = MO_CELL_COUNT, .cell = mo_cell_number(mo_exact(state->troubles)) },
		{ .label = "the first", .kind = MO_CELL_TEXT, .cell = mo_cell_text(state->first_trouble) },
	};
	const struct mo_finding finding = {
		.id = "slab-lists-unreadable",
		.severity = MO_WARNING,
		.verdict = "Some lists of the slab allocator could not be followed to their end.",
		.evidence = evidence,
		.n_evidence = 2,
		.advice = "What hangs on them is missing from the sums, or its state is taken from the slabs alone.",
		.is_about_reading = true,
	};

	for (enum mo_slab_fault fault = MO_SLAB_SOUND + 1; fault < MO_N_SLAB_FAULTS; fault++)
		if (state->model.faults[fault] && texts[fault].id)
			report_fault(state, fault);
	if (state->troubles)
		mo_run_finding(state->run, &finding);
}
