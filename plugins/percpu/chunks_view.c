/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* `memopsy percpu`: the chunks, what they come to, and who holds how much where the kernel kept that. */
#include "views.h"

enum { CHUNK_KIND, CHUNK_BASE, CHUNK_POPULATED, CHUNK_SERVED, CHUNK_ALLOCATED, CHUNK_FREE, CHUNK_COUNT, CHUNK_CHARGED,
       CHUNK_EMPTY, CHUNK_PAGES, CHUNK_KVA, N_CHUNK_COLUMNS };

static const struct mo_column chunk_columns[N_CHUNK_COLUMNS] = {
	[CHUNK_KIND] = { .key = "kind", .heading = "CHUNK", .kind = MO_CELL_TEXT,
			 .help = "first, reserved (for modules' static variables), or created later" },
	[CHUNK_BASE] = { .key = "base_kva", .heading = "BASE", .kind = MO_CELL_ADDRESS,
			 .help = "where its part of the lowest unit begins (base_addr)" },
	[CHUNK_POPULATED] = { .key = "populated_bytes", .heading = "POPULATED", .kind = MO_CELL_BYTES,
			      .help = "memory populated, per unit (nr_populated)" },
	[CHUNK_SERVED] = { .key = "served_bytes", .heading = "USABLE", .kind = MO_CELL_BYTES,
			   .help = "what a unit can allocate from" },
	[CHUNK_ALLOCATED] = { .key = "allocated_bytes", .heading = "ALLOCATED", .kind = MO_CELL_BYTES,
			      .help = "of a unit, by its bitmaps" },
	[CHUNK_FREE] = { .key = "free_bytes", .heading = "FREE", .kind = MO_CELL_BYTES, .flags = MO_COLUMN_HIDDEN,
			 .help = "of a unit, as the kernel counts (free_bytes)" },
	[CHUNK_COUNT] = { .key = "allocations", .heading = "COUNT", .kind = MO_CELL_COUNT, .help = "allocations in it" },
	[CHUNK_CHARGED] = { .key = "is_charged", .heading = "CHARGED", .kind = MO_CELL_BOOL,
			    .help = "whether it records memory cgroups (obj_cgroups, obj_exts)" },
	[CHUNK_EMPTY] = { .key = "empty_bytes", .heading = "EMPTY", .kind = MO_CELL_BYTES, .flags = MO_COLUMN_HIDDEN,
			  .help = "populated pages of a unit without an allocation (nr_empty_pop_pages)" },
	[CHUNK_PAGES] = { .key = "unit_bytes", .heading = "UNIT", .kind = MO_CELL_BYTES, .flags = MO_COLUMN_HIDDEN,
			  .help = "what it covers of a unit (nr_pages)" },
	[CHUNK_KVA] = { .key = "chunk_kva", .heading = "STRUCT PCPU_CHUNK", .kind = MO_CELL_ADDRESS, .flags = MO_COLUMN_HIDDEN,
			.help = "where it is" },
};

const struct mo_table_spec percpu_chunks_table = {
	.name = "percpu_chunks",
	.title = "Chunks of the per-CPU allocator",
	.help = "Sizes are of one unit; every possible CPU has the same again.",
	.columns = chunk_columns,
	.n_columns = N_CHUNK_COLUMNS,
	.flags = MO_TABLE_NO_TITLE,
};

enum { SUM_UNITS, SUM_POPULATED, SUM_STATIC, SUM_ALLOCATED, SUM_COUNT, SUM_SAID, N_SUMS };

static const struct mo_column sum_columns[N_SUMS] = {
	[SUM_UNITS] = { .key = "units", .heading = "Units", .kind = MO_CELL_COUNT,
			.help = "copies, one per possible CPU (pcpu_nr_units)" },
	[SUM_POPULATED] = { .key = "populated_bytes", .heading = "Populated", .kind = MO_CELL_BYTES,
			    .help = "memory of all units: Percpu of /proc/meminfo" },
	[SUM_STATIC] = { .key = "static_bytes", .heading = "Kernel static variables", .kind = MO_CELL_BYTES,
			 .help = "of all units, without those of modules" },
	[SUM_ALLOCATED] = { .key = "allocated_bytes", .heading = "Allocated", .kind = MO_CELL_BYTES, .help = "in all units" },
	[SUM_COUNT] = { .key = "allocations", .heading = "Allocations", .kind = MO_CELL_COUNT, .help = "in all chunks" },
	[SUM_SAID] = { .key = "counted_bytes", .heading = "Kernel counter", .kind = MO_CELL_BYTES,
		       .help = "pcpu_nr_populated, of all units" },
};

const struct mo_table_spec percpu_sums_table = {
	.name = "percpu_sums",
	.title = "Totals",
	.help = "Sums over all units.",
	.columns = sum_columns,
	.n_columns = N_SUMS,
	.flags = MO_TABLE_RECORD,
};

static const char *const kinds[] = {
	[MO_PERCPU_FIRST] = "first",
	[MO_PERCPU_RESERVED] = "reserved",
	[MO_PERCPU_OTHER] = "later",
};

const char *percpu_kind_name(enum mo_percpu_chunk_kind kind)
{
	return kinds[kind];
}

static struct mo_cell of_maps(const struct mo_percpu_chunk *chunk, uint64_t value)
{
	return chunk->is_readable ? mo_cell_number(mo_exact(value)) : mo_cell_unknown();
}

static void write_chunk(struct mo_report *report, const struct mo_percpu_chunk *chunk, uint64_t page_bytes)
{
	const struct mo_cell cells[N_CHUNK_COLUMNS] = {
		[CHUNK_KIND] = mo_cell_text(kinds[chunk->kind]),
		[CHUNK_BASE] = mo_cell_number(mo_exact(chunk->base_kva)),
		[CHUNK_POPULATED] = mo_cell_number(mo_exact(chunk->populated_pages * page_bytes)),
		[CHUNK_SERVED] = mo_cell_number(mo_exact(chunk->served_bytes)),
		[CHUNK_ALLOCATED] = of_maps(chunk, chunk->allocated_bytes),
		[CHUNK_FREE] = mo_cell_number(mo_exact(chunk->free_bytes)),
		[CHUNK_COUNT] = of_maps(chunk, chunk->n_allocations),
		[CHUNK_CHARGED] = mo_cell_number(mo_exact(chunk->is_charged)),
		[CHUNK_EMPTY] = mo_cell_number(mo_exact(chunk->empty_pages * page_bytes)),
		[CHUNK_PAGES] = mo_cell_number(mo_exact(chunk->n_pages * page_bytes)),
		[CHUNK_KVA] = mo_cell_number(mo_exact(chunk->chunk_kva)),
	};

	mo_report_row(report, cells);
}

static struct mo_count times(struct mo_count count, uint64_t n)
{
	if (!n)
		return mo_unknown();
	count.value *= n;
	return count;
}

static void write_sums(struct mo_report *report, const struct mo_percpu_model *percpu, uint64_t page_bytes)
{
	struct mo_cell cells[N_SUMS];
	struct mo_count allocated = mo_exact(0);
	bool is_whole = percpu->is_complete;

	for (size_t i = 0; i < percpu->n_chunks; i++) {
		allocated.value += percpu->chunks[i].allocated_bytes;
		is_whole = is_whole && percpu->chunks[i].is_readable;
	}
	allocated.certainty = is_whole ? MO_EXACT : MO_AT_LEAST;
	cells[SUM_UNITS] = mo_cell_number(percpu->n_units ? mo_exact(percpu->n_units) : mo_unknown());
	cells[SUM_POPULATED] = mo_cell_number(times(percpu->is_complete ? mo_exact(percpu->populated_pages * page_bytes) :
									  mo_at_least(percpu->populated_pages * page_bytes),
						    percpu->n_units));
	cells[SUM_STATIC] = mo_cell_number(times(percpu->static_bytes ? mo_exact(percpu->static_bytes) : mo_unknown(),
						 percpu->n_units));
	cells[SUM_ALLOCATED] = mo_cell_number(times(allocated, percpu->n_units));
	cells[SUM_COUNT] = mo_cell_number(is_whole ? mo_exact(percpu->n_allocations) : mo_at_least(percpu->n_allocations));
	cells[SUM_SAID] = mo_cell_number(times(times(percpu->counted_populated_pages, page_bytes), percpu->n_units));
	mo_report_record(report, &percpu_sums_table, cells);
}

struct mo_error *show_percpu(struct mo_run *run, struct mo_report *report)
{
	const struct mo_percpu_model *percpu = mo_run_model(run);
	uint64_t page_bytes = mo_kernel_facts(mo_run_kernel(run))->page_bytes;

	if (mo_run_flag(run, "allocations"))
		return show_allocations(run, report);
	if (!mo_run_is_report(run)) {
		mo_report_table_begin(report, &percpu_chunks_table);
		for (size_t i = 0; i < percpu->n_chunks; i++)
			write_chunk(report, &percpu->chunks[i], page_bytes);
		mo_report_table_end(report);
	}
	write_sums(report, percpu, page_bytes);
	return show_payers(run, report);
}
