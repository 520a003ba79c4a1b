/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a verdict rests on, line by line: the numbers first, then the request, the zone, swap, the victim's badness. */
#include "gathering.h"

#include <inttypes.h>
#include <string.h>

#include "sentence.h"

static void add(struct evidence_list *list, const char *label, enum mo_cell_kind kind, struct mo_cell cell)
{
	if (list->n < MAX_EVIDENCE)
		list->items[list->n++] = (struct mo_evidence){ label, kind, cell };
}

static void add_text(struct evidence_list *list, const char *label, const char *text)
{
	if (text && text[0])
		add(list, label, MO_CELL_TEXT, mo_cell_text(text));
}

static void add_bytes(struct evidence_list *list, const char *label, struct mo_count bytes)
{
	if (bytes.certainty == MO_EXACT && bytes.value != UINT64_MAX)
		add(list, label, MO_CELL_BYTES, mo_cell_number(bytes));
}

/* The kernel's names of flags, so that lines can be broken between them. */
static void say_flags(struct sentence *sentence, const char *names)
{
	const char *bar;

	while ((bar = strchr(names, '|'))) {
		say(sentence, "%.*s | ", (int)(bar - names), names);
		names = bar + 1;
	}
	say(sentence, "%s", names);
}

static void list_request(const struct oom_state *state, const struct mo_oom_event *event, struct evidence_list *list)
{
	struct sentence sentence = begin_sentence(list->request, sizeof(list->request));

	/* Those behind a stall are no requests of the page allocator. */
	if (!(event->has_request || event->has_gfp) || event->kind == MO_OOM_REFUSAL || event->kind > MO_OOM_STALL ||
	    event->kind == MO_OOM_VMALLOC_FAILURE)
		return;
	say_who(&sentence, event->comm, event->has_pid, event->pid);
	say(&sentence, ": ");
	say_piece(&sentence, state->page_bytes, event);
	if (event->gfp_text[0]) {
		say(&sentence, ", ");
		say_flags(&sentence, event->gfp_text);
	} else if (event->has_gfp) {
		say(&sentence, ", gfp 0x%" PRIx64, event->gfp);
	}
	if (event->function[0])
		say(&sentence, ", in %s()", event->function);
	if (event->function_module[0])
		say(&sentence, " [%s]", event->function_module);
	add_text(list, "who asked", list->request);
}

/* The largest zone with that verdict. */
const struct mo_oom_zone *zone_with(const struct draft *draft, enum mo_oom_zone_verdict verdict)
{
	const struct mo_oom_zone *largest = NULL;

	for (size_t i = 0; i < draft->n_zones; i++)
		if (draft->zones[i].verdict == verdict &&
		    (!largest || draft->zones[i].managed_pages.value > largest->managed_pages.value))
			largest = &draft->zones[i];
	return largest;
}

static void say_largest(struct sentence *sentence, const struct mo_oom_zone *zone)
{
	uint32_t order = zone->n_orders;

	while (order && !zone->has_usable[order - 1])
		order--;
	if (order)
		say(sentence, " the largest block is of order %u", order - 1);
	else
		say(sentence, " it has no block that this request may take");
}

static void list_zone(const struct oom_state *state, const struct draft *draft, struct evidence_list *list)
{
	static const struct {
		enum mo_oom_zone_verdict verdict;
		const char *words;
	} tests[] = {
		{ MO_OOM_ZONE_NO_BLOCK, "enough, but" },
		{ MO_OOM_ZONE_RESERVED, "all of it kept for others (highatomic, CMA)" },
		{ MO_OOM_ZONE_PASSES, "enough again when the report was printed" },
		{ MO_OOM_ZONE_BELOW_HIGH, "the last attempt needs the high watermark" },
		{ MO_OOM_ZONE_WATERMARK, "too little" },
	};
	struct sentence sentence = begin_sentence(list->zone, sizeof(list->zone));
	const struct mo_oom_zone *zone = NULL;
	struct mo_count mark;
	size_t i = 0;

	for (; i < sizeof(tests) / sizeof(tests[0]) && !zone; i++)
		zone = zone_with(draft, tests[i].verdict);
	if (!zone)
		return;
	mark = zone->verdict == MO_OOM_ZONE_BELOW_HIGH ? zone->high_pages : zone->mark_pages;
	say(&sentence, "%s of node %u: ", zone->name, zone->node_id);
	say_kib(&sentence, zone->free_pages.value * state->page_bytes);
	say(&sentence, " free, must exceed ");
	say_kib(&sentence, (mark.value + zone->reserve_pages.value + zone->unusable_pages.value) * state->page_bytes);
	say(&sentence, ": %s", tests[i - 1].words);
	if (zone->verdict == MO_OOM_ZONE_NO_BLOCK)
		say_largest(&sentence, zone);
	add_text(list, "zone", list->zone);
}

static void list_swap(const struct mo_oom_event *event, struct evidence_list *list)
{
	struct sentence sentence = begin_sentence(list->swap, sizeof(list->swap));
	const char *word = swap_words[swap_of(event)];

	if (!word || event->constraint == MO_OOM_LIMIT)
		return;
	say(&sentence, "%s", word);
	if (event->swap_total_bytes.value) {
		say(&sentence, ", ");
		say_bytes(&sentence, event->swap_total_bytes.value - event->swap_free_bytes.value);
		say(&sentence, " of ");
		say_bytes(&sentence, event->swap_total_bytes.value);
		say(&sentence, " used");
	}
	add_text(list, "swap", list->swap);
}

static void list_badness(const struct draft *draft, struct evidence_list *list)
{
	struct sentence sentence = begin_sentence(list->badness, sizeof(list->badness));
	const struct mo_oom_candidate *victim = NULL;
	size_t n_exempt = 0;

	for (size_t i = 0; i < draft->n_candidates; i++) {
		if (draft->candidates[i].is_victim && !victim)
			victim = &draft->candidates[i];
		n_exempt += draft->candidates[i].exempt != MO_OOM_NOT_EXEMPT;
	}
	if (!victim || !victim->has_badness)
		return;
	say(&sentence, "%" PRId64 " pages", victim->badness_pages);
	if (victim->oom_score_adj)
		say(&sentence, " with oom_score_adj %d", victim->oom_score_adj);
	if (draft->n_candidates - n_exempt == 1)
		say(&sentence, ", the only candidate");
	else
		say(&sentence, ", %s %zu candidates", victim == &draft->candidates[0] ? "the highest of" : "one of",
		    draft->n_candidates - n_exempt);
	if (n_exempt)
		say(&sentence, " (%zu more exempt)", n_exempt);
	add_text(list, "badness", list->badness);
}

static void list_memcg(const struct draft *draft, struct evidence_list *list)
{
	const struct mo_oom_event *event = &draft->event;

	if (event->constraint != MO_OOM_MEMCG)
		return;
	add_bytes(list, "in use", draft->memcg.usage_bytes);
	if (draft->memcg.failcnt.certainty == MO_EXACT)
		add(list, "times at the limit", MO_CELL_COUNT, mo_cell_number(draft->memcg.failcnt));
	if (strcmp(event->task_memcg, event->memcg) != 0)
		add_text(list, "victim's cgroup", event->task_memcg);
}

void list_evidence(const struct oom_state *state, const struct draft *draft, struct evidence_list *list)
{
	const struct mo_oom_event *event = &draft->event;
	const struct mo_oom_share *share = told_share(draft);
	bool is_limit = event->constraint == MO_OOM_MEMCG || event->constraint == MO_OOM_LIMIT;

	list->n = 0;
	add_bytes(list, is_limit ? "limit" : "memory", event->total_bytes);
	list_memcg(draft, list);
	add_bytes(list, "free", event->free_bytes);
	if (share)
		add_bytes(list, cause_kinds[share->cause], share->bytes);
	if (share && share->holder[0]) {
		add_text(list, "holder", share->holder);
		add_bytes(list, "holds", share->holder_bytes);
	}
	if (draft->n_kills) {
		add_text(list, "killed", draft->kills[0].comm);
		add_bytes(list, "freed", freed_of(draft));
	}
	list_badness(draft, list);
	list_request(state, event, list);
	if (event->constraint != MO_OOM_MEMCG)
		list_zone(state, draft, list);
	list_swap(event, list);
	add_text(list, "numbers from", event->source == MO_OOM_OF_LOG ? "the kernel log" : source_words[event->source]);
	if (event->gap)
		add_text(list, "partial", gap_words[event->gap]);
}
