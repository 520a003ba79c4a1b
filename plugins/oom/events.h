/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef EVENTS_H
#define EVENTS_H

/*
 * An event while it is being put together from the lines of the log, and kept as the place that the model points into.
 */

#include <memopsy/printk.h>

#include <assert.h>

#include "oom.h"

#include "log/span.h"

/* The counters of "Mem-Info:", in pages, of the whole machine. */
enum counter {
	C_ACTIVE_ANON, C_INACTIVE_ANON, C_ISOLATED_ANON, C_ACTIVE_FILE, C_INACTIVE_FILE, C_ISOLATED_FILE, C_UNEVICTABLE,
	C_DIRTY, C_WRITEBACK, C_SLAB_RECLAIMABLE, C_SLAB_UNRECLAIMABLE, C_SHMEM, C_PAGE_TABLES, C_SEC_PAGE_TABLES, C_BOUNCE,
	C_KERNEL_MISC, C_FREE, C_FREE_PCP, C_FREE_CMA, N_COUNTERS
};
static_assert(N_COUNTERS == MO_OOM_COUNTERS, "a zone has room for all");

/* The statistics of a memory cgroup, in bytes. */
enum memcg_stat {
	S_ANON, S_FILE, S_SHMEM, S_KERNEL_STACK, S_PAGE_TABLES, S_SEC_PAGE_TABLES, S_PERCPU, S_SOCK, S_VMALLOC, S_ZSWAP,
	S_DIRTY, S_WRITEBACK, S_UNEVICTABLE, S_SLAB_RECLAIMABLE, S_SLAB_UNRECLAIMABLE, S_HUGETLB, S_KERNEL, N_MEMCG_STATS
};

/* A size of huge pages, over all nodes. */
struct huge_pool {
	uint64_t page_kib;
	uint64_t total;
	uint64_t free;
};
#define MAX_HUGE_POOLS 4

struct slab_row {
	char name[64];
	uint64_t used_kib;
	uint64_t total_kib;
};
#define MAX_SLAB_ROWS 8

/* Columns of a task table, as its heading names them. */
enum task_column {
	T_UID, T_TGID, T_TOTAL_VM, T_RSS, T_RSS_ANON, T_RSS_FILE, T_RSS_SHMEM, T_NR_PTES, T_NR_PMDS, T_NR_PUDS,
	T_PGTABLES_BYTES, T_SWAPENTS, T_OOM_ADJ, T_OOM_SCORE_ADJ, T_OTHER, N_TASK_COLUMNS
};
#define MAX_TASK_COLUMNS 16

/* Which part of an event's lines was met. */
enum part { PART_HEADER = 1, PART_MEMINFO = 2, PART_ZONES = 4, PART_ORDERS = 8, PART_SWAP = 16, PART_TASKS = 32,
	    PART_SUMMARY = 64, PART_KILL = 128, PART_MEMCG = 256, PART_NODES = 512 };

struct draft {
	struct mo_oom_event event;
	struct mo_oom_memcg memcg;
	struct mo_count counters[N_COUNTERS];
	struct mo_count node_kib[N_COUNTERS]; /* the same of the nodes that the report shows, as far as it has them */
	struct mo_count kernel_stack_kib, zspages_kib; /* sums of nodes or zones; unknown: not printed */
	struct mo_count memcg_stats[N_MEMCG_STATS];
	struct huge_pool huge_pools[MAX_HUGE_POOLS];
	size_t n_huge_pools;
	struct slab_row slabs[MAX_SLAB_ROWS]; /* largest first */
	size_t n_slabs;
	struct mo_count ram_pages, reserved_pages;
	struct mo_oom_zone *zones;
	size_t n_zones, zones_room;
	struct mo_oom_candidate *candidates;
	size_t n_candidates, candidates_room;
	struct mo_oom_kill *kills;
	size_t n_kills, kills_room;
	struct mo_oom_share *shares;
	size_t n_shares;
	unsigned parts;             /* enum part */
	uint64_t last_time_ns;
	uint64_t nodes_seen;        /* a bit a node below 64 whose line was met */
	char release[64];           /* of the kernel, where the report says it; empty: it does not */
	char constraint_text[40];   /* "CONSTRAINT_MEMCG", as the summary line says */
	bool has_summary_pid;
	int32_t summary_pid;
	char summary_comm[64];
	bool is_cut_at_summary;     /* who was killed is known from it alone */
	bool is_ignored;            /* SysRq-m: numbers, and nothing happened */
	bool is_closed;
	bool is_interleaved;        /* the same zone twice, or lines that two reports may have printed */
	bool is_doubtful;           /* took numbers that another open report would have taken, too */
	bool has_cut_line;          /* printk or who wrote the log cut one of its lines */
	bool has_pte_columns;       /* nr_ptes and the like: before 4.15 */
	bool is_compaction_off;
	bool is_allocating_task;    /* vm.oom_kill_allocating_task */
	bool is_of_dump;            /* its numbers are the dump's */
	bool had_nobody;            /* the kernel says so: no killable processes, deadlocked on memory */
	bool is_too_large;          /* a vmalloc beyond all of memory, by the kernel's own word */
	bool is_old_badness;        /* before 2.6.36: by size, run time and oom_adj, in no unit */
	bool is_past_entry;         /* of its trace: an entry of the allocator was met */
	bool is_unproven;           /* a lockup whose trace has not shown yet that it is about memory */
	bool is_group_gone;         /* the memory cgroup at its limit is no longer in the dump */
	bool is_of_dying;           /* the process was killed by an OOM before, and was on its way out */
	bool is_trigger;            /* a daemon had the kernel's OOM killer invoked: the kernel tells the rest */
	bool is_failed_kill;        /* of a daemon, which says so */
	uint32_t n_kill_lines;
};

/* A task table's heading, once it was met. */
struct task_table {
	uint8_t columns[MAX_TASK_COLUMNS];
	size_t n_columns;
};

/* What a killer of user space said before it kills. */
struct killer_notes {
	uint64_t time_ns;           /* of the reason */
	char reason[256];
	int32_t pid;                /* nohang's victim */
	char comm[64];
	struct mo_count victim_bytes;
	char group[160];            /* that systemd-oomd considered last */
	struct mo_count group_bytes;
};

/* A report whose lines another one's came between, as the stream was in it. */
struct suspended {
	struct draft *draft;        /* NULL: free */
	struct mo_oom_zone *zone;
	struct task_table tasks;
	bool is_slab_table, is_memcg_stats, is_trace, is_foreign_trace;
	uint64_t moment_ns;         /* of its last line */
};
#define MAX_SUSPENDED 3

/* A thread or CPU that writes to the log; without caller ids all of a machine's boot are one. */
struct stream {
	bool is_used;
	const char *host;
	uint32_t boot;
	bool has_caller;
	uint32_t caller;
	const char *program;        /* of another program's lines, which are no part of the kernel's; NULL: the kernel */
	struct draft *draft;        /* NULL: none is open */
	struct mo_oom_zone *zone;   /* whose lowmem_reserve[] comes next */
	struct task_table tasks;
	bool is_slab_table;
	bool is_memcg_stats;
	bool is_trace;              /* within a call trace */
	bool is_foreign_trace;      /* the last line of CPU and process was not the event's */
	bool is_before_trace;       /* the event before has such a line, and its trace is still to come */
	size_t indent;              /* of a report that was pasted with blanks before each line */
	bool is_task_in;            /* "Task in A" without the rest, which comes as a line of its own */
	struct killer_notes notes;
	struct suspended suspended[MAX_SUSPENDED]; /* latest first */
	uint64_t last_used;
};
#define N_STREAMS 16

struct log_scan {
	struct draft **drafts;
	size_t n_drafts, drafts_room;
	uint64_t n_untold;          /* events beyond the most that are kept */
	struct stream streams[N_STREAMS];
	uint64_t n_lines;
	uint64_t page_bytes;
	uint64_t time_ns;           /* of the record that is looked at */
	uint64_t sequence;
	const struct mo_log_record *record; /* the same; NULL: lines without one */
	bool is_out_of_memory;      /* of this process */
};

/* Gives every line of a record. */
struct log_line {
	struct span text;
	uint64_t time_ns;
	uint64_t sequence;
	bool has_caller;
	uint32_t caller;
	const char *program;        /* that kills, or says what was killed; NULL: the kernel */
	bool is_cut;                /* it was longer */
	const struct mo_log_record *record;
};
void log_scan_line(struct log_scan *scan, const struct log_line *line);
void log_scan_finish(struct log_scan *scan);
void log_scan_free(struct log_scan *scan);

/* A new event, which the stream writes from now on; NULL: no room, or too many. */
struct draft *open_draft(struct log_scan *scan, struct stream *stream, enum mo_oom_kind kind);
/* The event that numbers belong to: the open one, or one whose beginning was lost. */
struct draft *draft_for_numbers(struct log_scan *scan, struct stream *stream);

/* log/interleave.c: where two CPUs print at once and nothing says which of them a line is of. */
void suspend_report(const struct log_scan *scan, struct stream *stream);       /* before another one opens */
void choose_report(const struct log_scan *scan, struct stream *stream, struct span line); /* whose line it is */

bool is_counters_line(struct span line); /* of counters in pages; those of nodes and zones say kB */

/* The parts of lines that more than one file takes apart. */
bool take_node(struct span *line, uint32_t *node_id);
bool take_zone_name(struct span *line, char *name, size_t name_bytes);
struct mo_oom_zone *zone_of(struct draft *draft, uint32_t node_id, const char *name);

extern const char *const counter_names[N_COUNTERS];

void take_victim_of_summary(struct log_scan *scan, struct draft *draft); /* log/kills.c: once all lines were met */

void join_triggers(struct log_scan *scan); /* log/killers.c: likewise */

/* Each takes a line if it is of its kind. */
bool take_opening(struct log_scan *scan, struct stream *stream, struct span line);
bool take_request_details(struct log_scan *scan, struct stream *stream, struct span line);
bool take_counters(struct log_scan *scan, struct stream *stream, struct span line);
bool take_zone(struct log_scan *scan, struct stream *stream, struct span line);
bool take_memory_facts(struct log_scan *scan, struct stream *stream, struct span line);
bool take_task_row(struct log_scan *scan, struct stream *stream, struct span line);
bool take_slab_row(struct log_scan *scan, struct stream *stream, struct span line);
bool take_memcg(struct log_scan *scan, struct stream *stream, struct span line);
bool take_kill(struct log_scan *scan, struct stream *stream, struct span line);
bool take_stack(struct stream *stream, struct span line); /* of the stream's event */
bool take_shortage(struct log_scan *scan, struct stream *stream, struct span line);
bool take_lockup(struct log_scan *scan, struct stream *stream, struct span line);
bool take_killer(struct log_scan *scan, struct stream *stream, struct span line);
bool take_container(struct log_scan *scan, struct stream *stream, struct span line);
bool take_refusal(struct log_scan *scan, struct stream *stream, struct span line);

/* Room for one more element; NULL: memory is short (noted in scan). */
void *grow(struct log_scan *scan, void *array, size_t n, size_t *room, size_t element_bytes);

static inline struct mo_count pages_of_kib(const struct log_scan *scan, struct mo_count kib)
{
	kib.value = kib.certainty == MO_UNKNOWN ? 0 : kib.value * 1024 / scan->page_bytes;
	return kib;
}

/* Adds to a sum that begins unknown. */
static inline void add_to(struct mo_count *sum, struct mo_count more)
{
	if (more.certainty == MO_EXACT)
		*sum = mo_exact((sum->certainty == MO_EXACT ? sum->value : 0) + more.value);
}

#endif
