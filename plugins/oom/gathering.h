/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef GATHERING_H
#define GATHERING_H

/*
 * How the model is made: lines of the log become events (log/, events.h), the dump says who is in the OOM killer now
 * (judge/dump_state.c, oom_control.c, dump_numbers.c), and each event is explained (judge/): the request (gfp_flags.c), the
 * zones (watermark_test.c), what was short (constraint.c), what held the memory (balance.c) and who (holders.c,
 * dump_holders.c), the victim (badness.c). say/ has the words and the tables.
 */

#include <memopsy/cgroups.h>
#include <memopsy/files.h>
#include <memopsy/leaks.h>
#include <memopsy/mem_map.h>
#include <memopsy/owners.h>
#include <memopsy/plugin.h>
#include <memopsy/slab.h>
#include <memopsy/tasks.h>
#include <memopsy/vmap.h>
#include <memopsy/zones.h>

#include "events.h"
#include "oom_layout.h"

/* What flags say of a request, as far as they are known by name. */
struct request {
	bool is_known;             /* all of its names are; else only the zone is */
	bool has_zone;
	enum zone_kind zone;       /* the highest that it may take pages from: gfp_zone() */
	bool may_block;            /* __GFP_DIRECT_RECLAIM */
	bool is_high;              /* __GFP_HIGH: may use half of the reserve */
	bool is_movable;
	bool is_this_node;
	bool is_a_try;             /* __GFP_NORETRY: whoever asks has another way */
	bool may_use_fs;
	bool may_use_io;
};

/* A task that the dump marks. */
struct marked_task {
	uint32_t task;             /* index into the model tasks */
	const char *mark;          /* "killed by the OOM killer", "waits for the reaper", "in the OOM killer" */
};
#define MAX_MARKED 256

/* A limit near its end, or reached. */
struct limit_row {
	const char *name;
	struct mo_count used_bytes;
	struct mo_count max_bytes;  /* unknown: none */
	bool is_number;             /* of mappings, not of bytes */
	int32_t pid;                /* 0: of the machine */
	char comm[64];
	char verdict[96];
	bool is_reached;
};
#define MAX_LIMITS 64

/* What asking for a late model ended with, until it is returned. */
struct late_models {
	struct mo_error *error;
};

struct oom_state {
	struct mo_oom_model model;
	struct mo_run *run;
	struct mo_reader *reader;
	const struct oom_layout *layout;
	uint64_t page_bytes;
	struct log_scan scan;
	struct mo_oom_event *events;
	const struct mo_zones_model *zones;
	const struct mo_tasks_model *tasks;
	struct marked_task marked[MAX_MARKED];
	size_t n_marked;
	struct mo_count victims_in_flight;
	uint64_t in_oom_task_kva;   /* holder of oom_lock; 0: nobody, or not known */
	struct limit_row limits[MAX_LIMITS];
	size_t n_limits;
	struct mo_count swap_total_bytes, swap_free_bytes, available_bytes, total_bytes; /* of the dump */
	bool has_first_log_ns;
	uint64_t first_log_ns;
	const char *release;        /* of the kernel; NULL: not known */
	bool is_text;               /* a log without a dump */
	bool has_memory;            /* else there is a dump's log, and nothing else */
	bool is_page_size_assumed;  /* neither does the log say it */
	struct oom_layout own_layout; /* without memory: what the log says of the order of zones */
	int panic_on_oom;           /* -1: not known */
	struct late_models *late;
};

/*
 * judge/models.c: models that only some events need; each is gathered when it is first asked for, and costs nothing before.
 * NULL: cannot be had.
 */
const struct mo_mem_map_model *mem_map_of(const struct oom_state *state);
const struct mo_slab_model *slab_of(const struct oom_state *state);
const struct mo_vmap_model *vmap_of(const struct oom_state *state);
const struct mo_cgroups_model *cgroups_of(const struct oom_state *state);
const struct mo_files_model *files_of(const struct oom_state *state);
const struct mo_owners_model *owners_of(const struct oom_state *state);
struct mo_error *late_error_of(const struct oom_state *state) MO_MUST_USE; /* what gathering one ended with; NULL: none */

/* log/reading.c */
struct mo_error *read_log(struct oom_state *state) MO_MUST_USE;

/* log/zone_order.c: the numbers of zones, where no type gives them */
void find_zone_order(const struct oom_state *state, struct oom_layout *layout);

/* judge/explain.c */
struct mo_error *explain_event(const struct oom_state *state, size_t index) MO_MUST_USE;

/* judge/gfp_flags.c */
struct request request_of(const struct mo_oom_event *event);
void name_gfp(const struct oom_state *state, uint64_t gfp, char *text, size_t text_bytes); /* empty: not known */

/* judge/gfp_values.c: by what the bits meant in that release (NULL, empty: not known; then by the number's own shape) */
void name_gfp_by_release(const char *release, uint64_t gfp, char *text, size_t text_bytes);

/* judge/node_lists.c: whether a list like "0-1,3" has a node; false in *is_known: it is none ("(null)", empty) */
bool node_list_has(const char *list, uint32_t node_id, bool *is_known);
bool is_node_allowed(const struct mo_oom_event *event, uint32_t node_id);

/* judge/watermark_test.c: the kernel's test of every zone */
void test_zones(const struct oom_state *state, struct draft *draft);
bool has_reserved_zone(const struct draft *draft); /* enough is free, all of it kept for others */
bool has_passing_zone(const struct draft *draft);
bool passes_for_one_page(const struct mo_oom_zone *zone, const struct request *request);

/* judge/constraint.c */
void find_constraint(const struct oom_state *state, struct draft *draft);
enum scope { SCOPE_MACHINE, SCOPE_NODES, SCOPE_ZONES }; /* what of the machine an event's numbers are of */
enum scope scope_of(const struct oom_state *state, const struct draft *draft);
uint64_t victims_part(const struct draft *draft); /* what of the cause the killed processes had, in bytes */
bool is_in_scope(enum scope scope, const struct mo_oom_zone *zone);
bool has_all_of_kernel(const struct draft *draft, enum scope scope); /* all of the machine's slab lies in the scope */

/* judge/scope_in_dump.c: what the dump has of a kind in the scope; unknown: there is none, or it cannot be told */
struct mo_count scope_bytes_in_dump(const struct oom_state *state, const struct draft *draft, enum scope scope,
				    enum mo_oom_cause cause);

/* judge/balance.c */
struct mo_error *balance(const struct oom_state *state, struct draft *draft) MO_MUST_USE;
struct mo_oom_share *share_of(const struct draft *draft, enum mo_oom_cause cause);
/* The one to tell: of the cause; of fragmentation the largest kind that compaction cannot move. NULL: none. */
const struct mo_oom_share *told_share(const struct draft *draft);

/* judge/holders.c, judge/dump_holders.c */
void find_holders(const struct oom_state *state, struct draft *draft);
void find_module_of_cache(const struct oom_state *state, struct mo_oom_share *share); /* the cache that is its holder */
void find_holder_in_dump(const struct oom_state *state, const struct draft *draft, struct mo_oom_share *share);

/* judge/badness.c */
void judge_candidates(const struct oom_state *state, struct draft *draft, const struct draft *earlier);
void judge_victim(struct draft *draft);

/* say/sentences.c, say/sentences_held.c (say/sentence.h) */
struct sentence;
struct event_sentences {
	char text[3][640]; /* what ran out, what held it, who died; empty: nothing to say */
};
void write_sentences(const struct oom_state *state, const struct draft *draft, struct event_sentences *ret);
void say_held(struct sentence *sentence, const struct draft *draft);
void say_died(struct sentence *sentence, const struct oom_state *state, const struct draft *draft);
bool is_harmless(const struct draft *draft); /* a large block that was only tried for */

/* say/others.c: kinds that are neither the OOM killer's nor a failed request; false, NULL: it is none of them */
bool write_other_sentences(const struct oom_state *state, const struct draft *draft, struct sentence *sentences);
const char *advice_of_other(const struct mo_oom_event *event);
const char *id_of_other(enum mo_oom_kind kind);

/* say/series.c: kills that belong together; nothing if there are no others */
void say_series(struct sentence *sentence, const struct oom_state *state, const struct draft *told);

/* say/evidence_list.c */
#define MAX_EVIDENCE 20
struct evidence_list {
	struct mo_evidence items[MAX_EVIDENCE];
	size_t n;
	char request[400];
	char zone[128];
	char swap[80];
	char badness[128];
};
bool is_hinted(const struct draft *draft); /* the owner is unknown, and the failing stack has a module */
const struct mo_oom_zone *zone_with(const struct draft *draft, enum mo_oom_zone_verdict verdict); /* the largest; NULL: none */
void list_evidence(const struct oom_state *state, const struct draft *draft, struct evidence_list *list);

/* say/advice.c: findings, of judge or of an event that an option named */
struct finding_sink {
	struct mo_run *run;
	struct mo_report *report;   /* NULL: the plugin judges */
};
void say_finding(const struct finding_sink *sink, const struct mo_finding *finding);
void report_event(const struct oom_state *state, const struct draft *draft, bool is_told_first, const struct finding_sink *sink);

/* judge/: dump_state.c, oom_control.c, dump_numbers.c, limits.c */
void take_numbers_of_dump(struct oom_state *state, struct draft *draft);
void gather_dump_state(struct oom_state *state);
struct mo_error *gather_running_oom(struct oom_state *state) MO_MUST_USE;
void gather_limits(struct oom_state *state);

/* say/limits_view.c */
void say_limits(struct sentence *sentence, const struct oom_state *state, const struct mo_oom_event *told); /* of others */
void report_limits(const struct oom_state *state, const struct finding_sink *sink);
void put_limits(const struct oom_state *state, struct mo_report *report);

/* What the killed processes had, as far as the log says it of one of them. */
static inline struct mo_count freed_of(const struct draft *draft)
{
	for (size_t i = 0; i < draft->n_kills; i++)
		if (draft->kills[i].anon_bytes.certainty == MO_EXACT)
			return mo_exact(draft->event.freed_bytes);
	return mo_unknown();
}

/* say/words.c */
extern const char *const kind_words[MO_OOM_N_KINDS];
extern const char *const constraint_words[MO_OOM_N_CONSTRAINTS];
extern const char *const cause_words[MO_OOM_N_CAUSES];
const char *cause_word(const struct mo_oom_event *event); /* "none": nothing was short */
extern const char *const cause_kinds[MO_OOM_N_CAUSES];  /* short, for tables */
extern const char *const cause_titles[MO_OOM_N_CAUSES]; /* the subject of a sentence */
extern const char *const role_words[];
/* NULL where the value is that of "not known" or "none" */
extern const char *const zone_verdict_words[MO_OOM_N_ZONE_VERDICTS];
extern const char *const exempt_words[MO_OOM_N_EXEMPT];
extern const char *const fate_words[MO_OOM_N_EXEMPT]; /* short; "" for one that could be chosen */
extern const char *const source_words[MO_OOM_N_SOURCES];
extern const char *const holder_kind_words[MO_OOM_N_HOLDER_KINDS];
extern const char *const gap_words[MO_OOM_N_GAPS];
enum swap_state { SWAP_STATE_UNKNOWN, SWAP_STATE_ABSENT, SWAP_STATE_FULL, SWAP_STATE_FREE };
enum swap_state swap_of(const struct mo_oom_event *event);
extern const char *const swap_words[];

/* the views */
extern const struct mo_table_spec oom_many_table;
struct mo_error *show_many(struct mo_run *run, struct mo_report *report) MO_MUST_USE;
struct mo_error *judge_oom(struct mo_run *run) MO_MUST_USE;
struct mo_error *show_oom(struct mo_run *run, struct mo_report *report) MO_MUST_USE;
extern const struct mo_table_spec oom_verdict_table, oom_events_table, oom_zones_table, oom_causes_table, oom_candidates_table,
	oom_memcg_table, oom_limits_table, oom_marked_table, oom_now_table;
#define N_OOM_OPTIONS 2
extern const struct mo_option oom_options[N_OOM_OPTIONS];
void put_event_tables(const struct oom_state *state, size_t first, size_t end, struct mo_report *report);
void put_now(const struct oom_state *state, bool is_brief, struct mo_report *report);

#endif
