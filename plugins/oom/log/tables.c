/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The tables of a report: dump_tasks() (mm/oom_kill.c), whose columns have changed often and are therefore taken from its
 * heading, and dump_unreclaimable_slab() (mm/slab_common.c, 4.15 on).
 */
#include "events.h"

#include <string.h>

#define MAX_CANDIDATES 100000

static const char *const column_names[N_TASK_COLUMNS] = {
	[T_UID] = "uid", [T_TGID] = "tgid", [T_TOTAL_VM] = "total_vm", [T_RSS] = "rss", [T_RSS_ANON] = "rss_anon",
	[T_RSS_FILE] = "rss_file", [T_RSS_SHMEM] = "rss_shmem", [T_NR_PTES] = "nr_ptes", [T_NR_PMDS] = "nr_pmds",
	[T_NR_PUDS] = "nr_puds", [T_PGTABLES_BYTES] = "pgtables_bytes", [T_SWAPENTS] = "swapents",
	[T_OOM_ADJ] = "oom_adj", [T_OOM_SCORE_ADJ] = "oom_score_adj", [T_OTHER] = "",
};

static bool has_column(const struct task_table *table, enum task_column column)
{
	return memchr(table->columns, column, table->n_columns) != NULL;
}

/* "[  pid  ]   uid  tgid total_vm ... name" */
static bool take_heading(struct log_scan *scan, struct stream *stream, struct span line)
{
	struct task_table table = { .n_columns = 0 };
	struct span word;

	if (!span_skip(&line, "["))
		return false;
	span_blanks(&line);
	if (!span_skip(&line, "pid"))
		return false;
	span_blanks(&line);
	if (!span_skip(&line, "]"))
		return false;
	for (word = span_word(&line); word.n && !span_is(word, "name"); word = span_word(&line)) {
		uint8_t column = 0;

		if (table.n_columns == MAX_TASK_COLUMNS)
			return true;
		while (column < T_OTHER && !span_is(word, column_names[column]))
			column++;
		table.columns[table.n_columns++] = column;
	}
	if (draft_for_numbers(scan, stream)) {
		stream->draft->is_old_badness |= has_column(&table, T_OOM_ADJ) && !has_column(&table, T_OOM_SCORE_ADJ);
		stream->tasks = table;
		stream->draft->parts |= PART_TASKS;
	}
	return true;
}

/*
 * oom_adj was -17 (never) to 15; what 2.6.36 made of it (proc_oom_adjust_write(), fs/proc/base.c). oom_score_adj comes behind
 * it where a table has both.
 */
static int32_t score_of_adj(int64_t adj)
{
	if (adj < -17 || adj > 15)
		return 0;
	return adj == 15 ? 1000 : (int32_t)adj * 1000 / 17;
}

static void set_value(struct draft *draft, struct mo_oom_candidate *candidate, enum task_column column, int64_t value,
		      uint64_t page_bytes)
{
	struct mo_count count = value >= 0 && !((uint64_t)value >> 46) ? mo_exact((uint64_t)value) : mo_unknown();

	switch (column) {
	case T_UID: candidate->uid = (uint32_t)value; break;
	case T_TGID: candidate->tgid = (int32_t)value; break;
	case T_TOTAL_VM: candidate->total_vm_pages = count; break;
	case T_RSS: candidate->rss_pages = count; break;
	case T_RSS_ANON: candidate->anon_pages = count; break;
	case T_RSS_FILE: candidate->file_pages = count; break;
	case T_RSS_SHMEM: candidate->shmem_pages = count; break;
	case T_SWAPENTS: candidate->swap_pages = count; break;
	case T_PGTABLES_BYTES: candidate->pgtables_bytes = count; break;
	case T_OOM_ADJ: candidate->oom_score_adj = score_of_adj(value); break;
	case T_OOM_SCORE_ADJ: candidate->oom_score_adj = value >= -1000 && value <= 1000 ? (int32_t)value : 0; break;
	case T_NR_PTES:
	case T_NR_PMDS:
	case T_NR_PUDS:
		draft->has_pte_columns = true;
		count.value *= page_bytes;
		add_to(&candidate->pgtables_bytes, count);
		break;
	case T_OTHER:
	case N_TASK_COLUMNS: break;
	}
}

/* "[    120]     0   120    88055    87928   741376        0             0 eat-memory" */
bool take_task_row(struct log_scan *scan, struct stream *stream, struct span line)
{
	struct draft *draft = stream->draft;
	struct mo_oom_candidate candidate = { .pid = 0 };
	struct mo_oom_candidate *candidates;

	if (take_heading(scan, stream, line))
		return true;
	if (!draft || draft->is_closed || !stream->tasks.n_columns || !span_skip(&line, "["))
		return false;
	span_blanks(&line);
	if (!span_int(&line, &candidate.pid) || !span_skip(&line, "]"))
		return false;
	for (size_t i = 0; i < stream->tasks.n_columns; i++) {
		int64_t value;

		span_blanks(&line);
		if (!span_signed(&line, &value))
			return false;
		set_value(draft, &candidate, stream->tasks.columns[i], value, scan->page_bytes);
	}
	span_skip(&line, " ");
	span_copy(line, candidate.comm, sizeof(candidate.comm));
	if (draft->n_candidates >= MAX_CANDIDATES)
		return true;
	candidates = grow(scan, draft->candidates, draft->n_candidates, &draft->candidates_room, sizeof(candidate));
	if (!candidates)
		return true;
	draft->candidates = candidates;
	draft->candidates[draft->n_candidates++] = candidate;
	return true;
}

static void keep_slab(struct draft *draft, const struct slab_row *row)
{
	size_t at = draft->n_slabs;

	while (at && draft->slabs[at - 1].total_kib < row->total_kib)
		at--;
	if (at == MAX_SLAB_ROWS)
		return;
	if (draft->n_slabs < MAX_SLAB_ROWS)
		draft->n_slabs++;
	memmove(&draft->slabs[at + 1], &draft->slabs[at], (draft->n_slabs - 1 - at) * sizeof(*row));
	draft->slabs[at] = *row;
}

/* "kmalloc-8k               123KB        456KB" below "Unreclaimable slab info:". */
bool take_slab_row(struct log_scan *scan, struct stream *stream, struct span line)
{
	struct slab_row row;
	struct span name;

	(void)scan;
	if (!stream->draft || stream->draft->is_closed)
		return false;
	if (span_has(line, "Unreclaimable slab info:")) {
		stream->is_slab_table = true;
		return true;
	}
	if (!stream->is_slab_table)
		return false;
	name = span_word(&line);
	if (span_is(name, "Name"))
		return true;
	span_blanks(&line);
	if (!name.n || !span_number(&line, &row.used_kib) || !span_skip(&line, "KB")) {
		stream->is_slab_table = false;
		return false;
	}
	span_blanks(&line);
	if (!span_number(&line, &row.total_kib) || !span_skip(&line, "KB") || row.total_kib >> 44)
		return true;
	span_copy(name, row.name, sizeof(row.name));
	keep_slab(stream->draft, &row);
	return true;
}
