/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The tables of an event: zones with the kernel's test, kinds of memory, candidates, the memory cgroup. */
#include "gathering.h"

#include <assert.h>
#include <string.h>

#include "sentence.h"

#define MAX_CANDIDATES_SHOWN 40

/* The help text comes last, with flags behind it where there are some. */
#define TEXT(key_, heading_, ...) { .key = key_, .heading = heading_, .kind = MO_CELL_TEXT, .help = __VA_ARGS__ }
#define OF(key_, heading_, kind_, ...) { .key = key_, .heading = heading_, .kind = kind_, .help = __VA_ARGS__ }
#define HIDDEN .flags = MO_COLUMN_HIDDEN

enum { Z_EVENT, Z_NODE, Z_ZONE, Z_FREE, Z_MARK, Z_RESERVE, Z_UNUSABLE, Z_NEEDED, Z_VERDICT, Z_LARGEST, Z_MANAGED, Z_SOURCE,
       N_Z };

static const struct mo_column zone_columns[N_Z] = {
	[Z_EVENT] = OF("event", "EVENT", MO_CELL_COUNT, "number of the event", HIDDEN),
	[Z_NODE] = OF("node", "NODE", MO_CELL_COUNT, "the NUMA node"),
	[Z_ZONE] = TEXT("zone", "ZONE", "the zone's name"),
	[Z_FREE] = OF("free_bytes", "FREE", MO_CELL_BYTES, "free pages (NR_FREE_PAGES)"),
	[Z_MARK] = OF("mark_bytes", "MARK", MO_CELL_BYTES, "what of the min watermark this request has to leave"),
	[Z_RESERVE] = OF("reserve_bytes", "RESERVE", MO_CELL_BYTES,
			 "what the zone keeps from requests that may use higher zones "
			 "(lowmem_reserve)"),
	[Z_UNUSABLE] = OF("unusable_bytes", "UNUSABLE", MO_CELL_BYTES,
			  "free, and not for this request: highatomic, CMA, its own order"),
	[Z_NEEDED] = OF("needed_bytes", "NEEDED", MO_CELL_BYTES, "the sum: free must exceed it"),
	[Z_VERDICT] = TEXT("verdict", "VERDICT",
			   "passes, watermark (too little free), below high (the last attempt "
			   "needs that), no block (none of the order), reserved (free blocks are "
		"highatomic or CMA), other zone, other node"),
	[Z_LARGEST] = OF("largest_order", "LARGEST", MO_CELL_SIGNED,
			 "the largest order with a block that an ordinary request may take; "
			 "-1: none",
			 HIDDEN),
	[Z_MANAGED] = OF("managed_bytes", "MANAGED", MO_CELL_BYTES, "the zone's memory (managed_pages)", HIDDEN),
	[Z_SOURCE] = TEXT("source", "SOURCE", "where the numbers come from", HIDDEN),
};

const struct mo_table_spec oom_zones_table = {
	.name = "oom_zones",
	.title = "The watermark test of each zone",
	.help = "As the kernel made it (__zone_watermark_ok), with the numbers that it printed: free must exceed mark, reserve "
		"and what is unusable.",
	.columns = zone_columns,
	.n_columns = N_Z,
};

enum { S_EVENT_, S_CAUSE_, S_TITLE_, S_BYTES_, S_PERCENT_, S_ORDINARY_, S_KIND_, S_HOLDER_, S_HOLDS_, S_SWAP_, S_SECOND_,
       S_SECOND_BYTES_, S_AT_MOST_, S_PID_, S_N_, S_MODULE_,
       S_SOURCE_, S_HOLDER_SOURCE_, N_S_ };

static const struct mo_column share_columns[N_S_] = {
	[S_EVENT_] = OF("event", "EVENT", MO_CELL_COUNT, "number of the event", HIDDEN),
	[S_CAUSE_] = TEXT("cause", "CAUSE", "kind of memory, as a word for programs", HIDDEN),
	[S_TITLE_] = TEXT("kind", "KIND", "kind of memory"),
	[S_BYTES_] = OF("bytes", "SIZE", MO_CELL_BYTES, "at the event"),
	[S_PERCENT_] = OF("percent", "PERCENT", MO_CELL_PERCENT, "of the machine's memory, or of the limit"),
	[S_ORDINARY_] = TEXT("ordinary", "USUAL", "what an ordinary machine shows"),
	[S_KIND_] = TEXT("holder_kind", "HOLDER-KIND", "process, processes, cache, file, mount, pool, module, caller, owner",
			 HIDDEN),
	[S_HOLDER_] = TEXT("holder", "HOLDER", "who holds most of it", .flags = MO_COLUMN_WRAP),
	[S_HOLDS_] = OF("holder_bytes", "HOLDS", MO_CELL_BYTES, "how much of it"),
	[S_SWAP_] = OF("holder_swap_bytes", "SWAP", MO_CELL_BYTES, "what a holder has in swap beside that", HIDDEN),
	[S_SECOND_] = TEXT("second", "SECOND", "another holder of comparable size", HIDDEN),
	[S_SECOND_BYTES_] = OF("second_bytes", "SECOND-HOLDS", MO_CELL_BYTES, "how much of it", HIDDEN),
	[S_AT_MOST_] = OF("is_of_machine", "AT-MOST", MO_CELL_BOOL, "the size is at most that: the log has it of the whole machine alone",
			  HIDDEN),
	[S_PID_] = OF("holder_pid", "PID", MO_CELL_SIGNED, "of a process", HIDDEN),
	[S_N_] = OF("holders", "COUNT", MO_CELL_COUNT, "processes of that name", HIDDEN),
	[S_MODULE_] = TEXT("holder_module", "MODULE", "the module that the holder's memory points into", HIDDEN),
	[S_SOURCE_] = TEXT("source", "SOURCE", "of the size: log, or dump (another moment)", HIDDEN),
	[S_HOLDER_SOURCE_] = TEXT("holder_source", "HOLDER-SOURCE", "of the holder", HIDDEN),
};

const struct mo_table_spec oom_causes_table = {
	.name = "oom_causes", .title = "What held the memory",
	.help = "Kinds of memory, largest first. The cause is the one that exceeds an ordinary machine's by most.",
	.columns = share_columns, .n_columns = N_S_,
};

enum { C_EVENT_, C_PID_, C_COMM_, C_UID_, C_ADJ_, C_RSS_, C_SWAP_, C_TABLES_, C_BADNESS_, C_SCORE_, C_EXEMPT_, C_VICTIM_,
       C_FATE_, N_C_ };

static const struct mo_column candidate_columns[N_C_] = {
	[C_EVENT_] = OF("event", "EVENT", MO_CELL_COUNT, "number of the event", HIDDEN),
	[C_PID_] = OF("pid", "PID", MO_CELL_SIGNED, "process id"),
	[C_COMM_] = TEXT("comm", "COMMAND", "the task's name", .flags = MO_COLUMN_TRUNCATE),
	[C_UID_] = OF("uid", "UID", MO_CELL_COUNT, "its user", HIDDEN),
	[C_ADJ_] = OF("oom_score_adj", "ADJ", MO_CELL_SIGNED, "oom_score_adj"),
	[C_RSS_] = OF("rss_bytes", "RSS", MO_CELL_BYTES, "resident"),
	[C_SWAP_] = OF("swap_bytes", "SWAP", MO_CELL_BYTES, "in swap"),
	[C_TABLES_] = OF("pgtables_bytes", "PGTABLES", MO_CELL_BYTES, "page tables"),
	[C_BADNESS_] = OF("badness_pages", "BADNESS", MO_CELL_SIGNED,
			  "oom_badness(): pages, and ADJ thousandths of all; the highest dies"),
	[C_SCORE_] = OF("oom_score", "SCORE", MO_CELL_COUNT, "what /proc/PID/oom_score would have said", HIDDEN),
	[C_EXEMPT_] = TEXT("exempt", "EXEMPT", "why it could not be chosen", HIDDEN),
	[C_VICTIM_] = OF("is_victim", "KILLED", MO_CELL_BOOL, "whether it was killed", HIDDEN),
	[C_FATE_] = TEXT("fate", "FATE",
			 "killed; exempt: by oom_score_adj; dying: killed before, its memory is being given back; "
			 "empty: no memory left; unkillable: by the kernel's own word",
			 .flags = MO_COLUMN_WRAP),
};

const struct mo_table_spec oom_candidates_table = {
	.name = "oom_candidates", .title = "Candidates",
	.help = "The processes of the report's table, highest badness first; init and kernel threads are never candidates.",
	.columns = candidate_columns, .n_columns = N_C_,
};

enum { M_EVENT, M_PATH, M_USAGE, M_LIMIT, M_FAILCNT, M_SWAP_USAGE, M_SWAP_LIMIT, N_M };

static const struct mo_column memcg_columns[N_M] = {
	[M_EVENT] = OF("event", "EVENT", MO_CELL_COUNT, "number of the event", HIDDEN),
	[M_PATH] = TEXT("path", "CGROUP", "the group that ran into its limit"),
	[M_USAGE] = OF("usage_bytes", "USAGE", MO_CELL_BYTES, "charged to it"),
	[M_LIMIT] = OF("limit_bytes", "LIMIT", MO_CELL_BYTES, "memory.max; unknown: none"),
	[M_FAILCNT] = OF("failcnt", "FAILCNT", MO_CELL_COUNT, "how often it was at its limit"),
	[M_SWAP_USAGE] = OF("swap_usage_bytes", "SWAP", MO_CELL_BYTES, "of swap"),
	[M_SWAP_LIMIT] = OF("swap_limit_bytes", "SWAP-LIMIT", MO_CELL_BYTES, "memory.swap.max; unknown: none"),
};

const struct mo_table_spec oom_memcg_table = {
	.name = "oom_memcg", .title = "The memory cgroup", .columns = memcg_columns, .n_columns = N_M,
};

static struct mo_cell bytes_cell(struct mo_count count, uint64_t unit)
{
	count.value = count.certainty == MO_UNKNOWN ? 0 : count.value * unit;
	return mo_cell_number(count);
}

static struct mo_cell text_or_unknown(const char *text)
{
	return text && text[0] ? mo_cell_text(text) : mo_cell_unknown();
}

static struct mo_cell largest_of(const struct mo_oom_zone *zone)
{
	for (uint32_t order = zone->n_orders; order-- > 0;)
		if (zone->has_usable[order])
			return mo_cell_signed(order);
	return zone->n_orders ? mo_cell_signed(-1) : mo_cell_unknown();
}

static void put_zone(const struct oom_state *state, const struct mo_oom_zone *zone, size_t number, bool is_of_dump,
		     struct mo_report *report)
{
	struct mo_count needed = mo_count_add(zone->mark_pages, mo_count_add(zone->reserve_pages, zone->unusable_pages));

	mo_report_row(report, (const struct mo_cell[N_Z]){
		[Z_EVENT] = mo_cell_number(mo_exact(number)),
		[Z_NODE] = mo_cell_number(mo_exact(zone->node_id)),
		[Z_ZONE] = mo_cell_text(zone->name),
		[Z_FREE] = bytes_cell(zone->free_pages, state->page_bytes),
		[Z_MARK] = bytes_cell(zone->mark_pages, state->page_bytes),
		[Z_RESERVE] = bytes_cell(zone->reserve_pages, state->page_bytes),
		[Z_UNUSABLE] = bytes_cell(zone->unusable_pages, state->page_bytes),
		[Z_NEEDED] = bytes_cell(needed, state->page_bytes),
		[Z_VERDICT] = mo_cell_text(zone_verdict_words[zone->verdict]),
		[Z_LARGEST] = largest_of(zone),
		[Z_MANAGED] = bytes_cell(zone->managed_pages, state->page_bytes),
		[Z_SOURCE] = mo_cell_text(is_of_dump ? "dump" : "log"),
	});
}

static void put_share(const struct mo_oom_share *share, size_t number, struct mo_report *report)
{
	bool has_holder = share->holder[0] != '\0';

	mo_report_row(report, (const struct mo_cell[N_S_]){
		[S_EVENT_] = mo_cell_number(mo_exact(number)),
		[S_CAUSE_] = mo_cell_text(cause_words[share->cause]),
		[S_TITLE_] = mo_cell_text(cause_kinds[share->cause]),
		[S_BYTES_] = mo_cell_number(share->bytes),
		[S_PERCENT_] = mo_cell_number(mo_exact(share->percent_thousandths)),
		[S_ORDINARY_] = mo_cell_text(share->ordinary),
		[S_KIND_] = mo_cell_text(has_holder ? holder_kind_words[share->holder_kind] : NULL),
		[S_HOLDER_] = text_or_unknown(share->holder),
		[S_HOLDS_] = mo_cell_number(has_holder ? share->holder_bytes : mo_unknown()),
		[S_SWAP_] = mo_cell_number(share->holder_swap_bytes),
		[S_SECOND_] = text_or_unknown(share->second),
		[S_SECOND_BYTES_] = mo_cell_number(share->second_bytes),
		[S_AT_MOST_] = mo_cell_number(mo_exact(share->is_of_machine)),
		[S_PID_] = share->holder_pid ? mo_cell_signed(share->holder_pid) : mo_cell_unknown(),
		[S_N_] = mo_cell_number(share->n_holders ? mo_exact(share->n_holders) : mo_unknown()),
		[S_MODULE_] = text_or_unknown(share->module),
		[S_SOURCE_] = mo_cell_text(source_words[share->source]),
		[S_HOLDER_SOURCE_] = mo_cell_text(has_holder ? source_words[share->holder_source] : NULL),
	});
}

static void put_candidate(const struct oom_state *state, const struct mo_oom_candidate *candidate, size_t number,
			  struct mo_report *report)
{
	mo_report_row(report, (const struct mo_cell[N_C_]){
		[C_EVENT_] = mo_cell_number(mo_exact(number)),
		[C_PID_] = mo_cell_signed(candidate->pid),
		[C_COMM_] = mo_cell_text(candidate->comm),
		[C_UID_] = mo_cell_number(mo_exact(candidate->uid)),
		[C_ADJ_] = mo_cell_signed(candidate->oom_score_adj),
		[C_RSS_] = bytes_cell(candidate->rss_pages, state->page_bytes),
		[C_SWAP_] = bytes_cell(candidate->swap_pages, state->page_bytes),
		[C_TABLES_] = mo_cell_number(candidate->pgtables_bytes),
		[C_BADNESS_] = candidate->has_badness ? mo_cell_signed(candidate->badness_pages) : mo_cell_unknown(),
		[C_SCORE_] = mo_cell_number(candidate->oom_score),
		[C_EXEMPT_] = mo_cell_text(candidate->exempt ? exempt_words[candidate->exempt] : ""),
		[C_VICTIM_] = mo_cell_number(mo_exact(candidate->is_victim)),
		[C_FATE_] = mo_cell_text(candidate->is_victim ? "killed" : fate_words[candidate->exempt]),
	});
}

static struct mo_cell limit_cell(struct mo_count limit)
{
	/* PAGE_COUNTER_MAX, as the log prints it, is no limit. */
	return mo_cell_number(limit.certainty == MO_EXACT && limit.value == UINT64_MAX ? mo_unknown() : limit);
}

static void put_memcg(const struct draft *draft, size_t number, struct mo_report *report)
{
	const struct mo_oom_memcg *memcg = &draft->memcg;

	mo_report_row(report, (const struct mo_cell[N_M]){
		[M_EVENT] = mo_cell_number(mo_exact(number)),
		[M_PATH] = text_or_unknown(draft->event.memcg[0] ? draft->event.memcg : memcg->path),
		[M_USAGE] = mo_cell_number(memcg->usage_bytes),
		[M_LIMIT] = limit_cell(memcg->limit_bytes),
		[M_FAILCNT] = mo_cell_number(memcg->failcnt),
		[M_SWAP_USAGE] = mo_cell_number(memcg->swap_usage_bytes),
		[M_SWAP_LIMIT] = limit_cell(memcg->swap_limit_bytes),
	});
}

#define MAX_EVENT_COLUMNS 24

/* A table of several events, whose rows say of which. */
struct event_table {
	struct mo_table_spec spec;
	struct mo_column columns[MAX_EVENT_COLUMNS];
};

/* The number of the event is the first column of each, hidden where there is but one. It lives until the table's end. */
static void begin_table(struct mo_report *report, const struct mo_table_spec *spec, bool names_event, struct event_table *room)
{
	assert(spec->n_columns <= MAX_EVENT_COLUMNS);
	room->spec = *spec;
	memcpy(room->columns, spec->columns, spec->n_columns * sizeof(*spec->columns));
	if (names_event)
		room->columns[0].flags &= ~(unsigned)MO_COLUMN_HIDDEN;
	room->spec.columns = room->columns;
	mo_report_table_begin(report, &room->spec);
}

static void put_zones(const struct oom_state *state, size_t first, size_t end, struct mo_report *report)
{
	struct event_table table;

	begin_table(report, &oom_zones_table, end - first > 1, &table);
	for (size_t i = first; i < end; i++)
		for (size_t k = 0; k < state->scan.drafts[i]->n_zones; k++)
			if (state->scan.drafts[i]->zones[k].verdict || state->scan.drafts[i]->zones[k].managed_pages.value)
				put_zone(state, &state->scan.drafts[i]->zones[k], i + 1, state->scan.drafts[i]->is_of_dump,
					 report);
	mo_report_table_end(report);
}

/* Of thousands of processes those that matter stand first. */
static void put_candidates(const struct oom_state *state, size_t first, size_t end, struct mo_report *report)
{
	struct event_table table;
	size_t n_left_out = 0;

	begin_table(report, &oom_candidates_table, end - first > 1, &table);
	for (size_t i = first; i < end; i++) {
		const struct draft *draft = state->scan.drafts[i];

		for (size_t k = 0; k < draft->n_candidates; k++) {
			if (k < MAX_CANDIDATES_SHOWN || end - first > 1 || draft->candidates[k].is_victim)
				put_candidate(state, &draft->candidates[k], i + 1, report);
			else
				n_left_out++;
		}
	}
	mo_report_table_end(report);
	if (n_left_out)
		mo_report_note(report, "%zu candidates with lower badness are left out; --all has them.", n_left_out);
}

/* The kinds add up to what there is, or it is said by how much they do not. */
static void note_sum(const struct draft *draft, struct mo_report *report)
{
	uint64_t total = draft->event.total_bytes.value;
	uint64_t sum = 0;
	bool has_most = false;
	char texts[2][24];

	for (size_t i = 0; i < draft->n_shares; i++) {
		sum += draft->shares[i].bytes.value;
		has_most |= draft->shares[i].is_of_machine;
	}
	if (has_most)
		mo_report_note(report, "The log has slab, kernel stacks and page tables of the whole machine alone: of these zones or "
				       "nodes the sizes are the most that they can hold.");
	if (!sum || has_most || draft->event.total_bytes.certainty != MO_EXACT)
		return;
	describe_bytes(total, texts[0], sizeof(texts[0]));
	describe_bytes(sum > total ? sum - total : total - sum, texts[1], sizeof(texts[1]));
	if (sum == total)
		mo_report_note(report, "The sizes add up to %s, %s.", texts[0],
			       draft->event.constraint == MO_OOM_MEMCG ? "the limit" :
									 "all that the page allocator manages there");
	else
		mo_report_note(report, "There are %s, %s %s than the sizes add up to: %s.", texts[0], texts[1],
			       sum > total ? "less" : "more",
			       sum > total ? "counters of the report lag behind, or count a page twice" :
					     "the report does not say the rest");
}

static void put_shares(const struct oom_state *state, size_t first, size_t end, struct mo_report *report)
{
	struct event_table table;

	begin_table(report, &oom_causes_table, end - first > 1, &table);
	for (size_t i = first; i < end; i++)
		for (size_t k = 0; k < state->scan.drafts[i]->n_shares; k++)
			if (state->scan.drafts[i]->shares[k].bytes.value)
				put_share(&state->scan.drafts[i]->shares[k], i + 1, report);
	mo_report_table_end(report);
	if (end - first == 1)
		note_sum(state->scan.drafts[first], report);
}

/* What a part of the events has: the reports of memory cgroups have no zones, and refusals have neither. */
static bool has_part(const struct oom_state *state, size_t first, size_t end, unsigned parts)
{
	bool has = false;

	for (size_t i = first; i < end; i++)
		has |= (state->scan.drafts[i]->parts & parts) != 0;
	return has;
}

void put_event_tables(const struct oom_state *state, size_t first, size_t end, struct mo_report *report)
{
	struct event_table table;

	if (end - first == 1 && state->scan.drafts[first]->event.kind == MO_OOM_REFUSAL)
		return;
	if (has_part(state, first, end, PART_ZONES) || !has_part(state, first, end, PART_MEMCG))
		put_zones(state, first, end, report);
	put_shares(state, first, end, report);
	if (has_part(state, first, end, PART_MEMCG)) {
		begin_table(report, &oom_memcg_table, end - first > 1, &table);
		for (size_t i = first; i < end; i++)
			if (state->scan.drafts[i]->parts & PART_MEMCG)
				put_memcg(state->scan.drafts[i], i + 1, report);
		mo_report_table_end(report);
	}
	put_candidates(state, first, end, report);
}
