/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* `memopsy modules`: what each module is made of and holds; with --proc, what /proc/modules printed. */
#include "modules_gathering.h"

#include <stdlib.h>
#include <string.h>

enum { COLUMN_NAME, COLUMN_SIZE, COLUMN_TEXT, COLUMN_RODATA, COLUMN_DATA, COLUMN_INIT, COLUMN_PERCPU, COLUMN_VMALLOC,
       COLUMN_SLAB, COLUMN_REFERENCES, COLUMN_USERS, COLUMN_STATE, COLUMN_TAINTS, COLUMN_ADDRESS, COLUMN_AREAS, COLUMN_MAPPED,
       COLUMN_CTOR_CACHES, COLUMN_CTOR_BYTES, COLUMN_NAMED_CACHES, COLUMN_NAMED_BYTES, COLUMN_MODULE, COLUMN_BUILD_ID,
       N_COLUMNS };

#define BYTES(column, json_key, title, hidden, text) \
	[column] = { .key = json_key, .heading = title, .kind = MO_CELL_BYTES, .flags = hidden, .help = text }
#define COUNT(column, json_key, title, text) \
	[column] = { .key = json_key, .heading = title, .kind = MO_CELL_COUNT, .flags = MO_COLUMN_HIDDEN, .help = text }

static const struct mo_column columns[N_COLUMNS] = {
	[COLUMN_NAME] = { .key = "name", .heading = "MODULE", .kind = MO_CELL_TEXT, .help = "its name" },
	BYTES(COLUMN_SIZE, "size_bytes", "SIZE", 0, "all its sections, as /proc/modules has it"),
	BYTES(COLUMN_TEXT, "text_bytes", "TEXT", 0, "its code"),
	BYTES(COLUMN_RODATA, "rodata_bytes", "RODATA", MO_COLUMN_HIDDEN, "read-only data"),
	BYTES(COLUMN_DATA, "data_bytes", "DATA", 0, "its data, ro_after_init included"),
	BYTES(COLUMN_INIT, "init_bytes", "INIT", MO_COLUMN_HIDDEN, "init sections that were not freed"),
	BYTES(COLUMN_PERCPU, "percpu_bytes", "PERCPU", 0, "its static per-CPU variables, of one CPU (percpu_size)"),
	BYTES(COLUMN_VMALLOC, "owned_bytes", "VMALLOC", 0, "memory of vmalloc areas that its code allocated"),
	BYTES(COLUMN_SLAB, "slab_bytes", "SLAB", 0, "slab caches with its constructor or named after it"),
	[COLUMN_REFERENCES] = { .key = "references", .heading = "REFS", .kind = MO_CELL_SIGNED, .flags = MO_COLUMN_HIDDEN,
				.help = "its refcnt, as in /proc/modules" },
	[COLUMN_USERS] = { .key = "users", .heading = "USERS", .kind = MO_CELL_TEXT, .flags = MO_COLUMN_HIDDEN,
			   .help = "modules that use it, as in /proc/modules" },
	[COLUMN_STATE] = { .key = "state", .heading = "STATE", .kind = MO_CELL_TEXT, .flags = MO_COLUMN_HIDDEN,
			   .help = "live, coming, going" },
	[COLUMN_TAINTS] = { .key = "taints", .heading = "TAINT", .kind = MO_CELL_TEXT, .help = "how it taints the kernel" },
	[COLUMN_ADDRESS] = { .key = "text_kva", .heading = "ADDRESS", .kind = MO_CELL_ADDRESS, .flags = MO_COLUMN_HIDDEN,
			     .help = "where its code begins" },
	COUNT(COLUMN_AREAS, "areas", "AREAS", "vmalloc areas that its code allocated"),
	BYTES(COLUMN_MAPPED, "mapped_bytes", "MAPPED", MO_COLUMN_HIDDEN, "memory owned elsewhere that its areas map (vmap)"),
	COUNT(COLUMN_CTOR_CACHES, "constructed_caches", "CTORS", "slab caches with a constructor of its code"),
	BYTES(COLUMN_CTOR_BYTES, "constructed_bytes", "CTOR SLAB", MO_COLUMN_HIDDEN, "memory of these"),
	COUNT(COLUMN_NAMED_CACHES, "named_caches", "NAMED", "slab caches whose name begins with its name"),
	BYTES(COLUMN_NAMED_BYTES, "named_bytes", "NAMED SLAB", MO_COLUMN_HIDDEN, "memory of these"),
	[COLUMN_MODULE] = { .key = "module_kva", .heading = "STRUCT MODULE", .kind = MO_CELL_ADDRESS, .flags = MO_COLUMN_HIDDEN,
			    .help = "struct module" },
	[COLUMN_BUILD_ID] = { .key = "build_id", .heading = "BUILD ID", .kind = MO_CELL_TEXT, .flags = MO_COLUMN_HIDDEN,
			      .help = "of its file" },
};

const struct mo_table_spec modules_table = {
	.name = "modules",
	.title = "Modules",
	.help = "Loaded modules, newest first, their sections and what they hold.",
	.columns = columns,
	.n_columns = N_COLUMNS,
	.flags = MO_TABLE_NO_TITLE,
};

const struct mo_option modules_options[N_MODULES_OPTIONS] = {
	{ .name = "proc", .kind = MO_OPTION_FLAG, .help = "contents of /proc/modules" },
};

static const char *text_of(const struct mo_cell *cell, const char *otherwise)
{
	return cell->as.text.bytes ? cell->as.text.bytes : otherwise;
}

/* m_show(), kernel/module/procfs.c */
static void proc_line(const struct mo_cell *cells, struct mo_line *line)
{
	const char *state = text_of(&cells[COLUMN_STATE], "?");
	const char *taints = text_of(&cells[COLUMN_TAINTS], "");
	const char *word = !strcmp(state, "going") ? "Unloading" : !strcmp(state, "coming") ? "Loading" : "Live";

	mo_line_printf(line, "%s %llu", text_of(&cells[COLUMN_NAME], "?"),
		       (unsigned long long)cells[COLUMN_SIZE].as.number.value);
	if (cells[COLUMN_REFERENCES].as.signed_number.certainty == MO_EXACT)
		mo_line_printf(line, " %lld", (long long)cells[COLUMN_REFERENCES].as.signed_number.value);
	else
		mo_line_printf(line, " -");
	mo_line_printf(line, " %s %s 0x%016llx", text_of(&cells[COLUMN_USERS], "?"), word,
		       (unsigned long long)cells[COLUMN_ADDRESS].as.number.value);
	if (*taints)
		mo_line_printf(line, " (%s%s)", taints,
			       !strcmp(state, "going") ? "-" : !strcmp(state, "coming") ? "+" : "");
	mo_line_printf(line, "\n");
}

const struct mo_table_spec proc_modules_table = {
	.name = "modules",
	.title = "Modules, as /proc/modules printed them",
	.help = "What /proc/modules would have printed to root at the moment of the dump.",
	.columns = columns,
	.n_columns = N_COLUMNS,
	.flags = MO_TABLE_NO_TITLE,
	.line = proc_line,
};

static void put_taints(uint64_t taints, char text[65])
{
	size_t n = 0;

	for (unsigned bit = 0; bit < 64; bit++)
		if (taints >> bit & 1)
			text[n++] = mo_taint_letter(bit) ? mo_taint_letter(bit) : '?';
	text[n] = '\0';
}

static struct mo_cell known(bool is_known, uint64_t value)
{
	return mo_cell_number(is_known ? mo_exact(value) : mo_unknown());
}

static void write_module(struct mo_report *report, const struct mo_modules_model *model, const struct mo_module_memory *memory)
{
	const struct mo_module *module = memory->module;
	char taints[65];
	struct mo_cell cells[N_COLUMNS] = {
		[COLUMN_NAME] = mo_cell_text(module->name),
		[COLUMN_SIZE] = mo_cell_number(mo_exact(module->size_bytes)),
		[COLUMN_TEXT] = mo_cell_number(mo_exact(memory->text_bytes)),
		[COLUMN_RODATA] = mo_cell_number(mo_exact(memory->rodata_bytes)),
		[COLUMN_DATA] = mo_cell_number(mo_exact(memory->data_bytes)),
		[COLUMN_INIT] = mo_cell_number(mo_exact(memory->init_bytes)),
		[COLUMN_PERCPU] = mo_cell_number(mo_exact(memory->percpu_bytes)),
		[COLUMN_VMALLOC] = known(model->has_areas, memory->owned_bytes),
		[COLUMN_SLAB] = known(model->has_caches, memory->constructed_bytes + memory->named_bytes),
		[COLUMN_REFERENCES] = module->has_references ? mo_cell_signed(module->n_references) : mo_cell_unknown(),
		[COLUMN_USERS] = mo_cell_text(memory->users ? memory->users : module->has_references ? NULL : "-"),
		[COLUMN_STATE] = mo_cell_text(module->state),
		[COLUMN_ADDRESS] = mo_cell_number(mo_exact(module->text_kva)),
		[COLUMN_AREAS] = known(model->has_areas, memory->areas),
		[COLUMN_MAPPED] = known(model->has_areas, memory->mapped_bytes),
		[COLUMN_CTOR_CACHES] = known(model->has_caches, memory->constructed_caches),
		[COLUMN_CTOR_BYTES] = known(model->has_caches, memory->constructed_bytes),
		[COLUMN_NAMED_CACHES] = known(model->has_caches, memory->named_caches),
		[COLUMN_NAMED_BYTES] = known(model->has_caches, memory->named_bytes),
		[COLUMN_MODULE] = mo_cell_number(mo_exact(module->module_kva)),
		[COLUMN_BUILD_ID] = mo_cell_text(*module->build_id ? module->build_id : NULL),
	};

	put_taints(module->taints, taints);
	cells[COLUMN_TAINTS] = mo_cell_text(taints);
	mo_report_row(report, cells);
}

#define REPORT_ROWS 12

static uint64_t bytes_of(const struct mo_module_memory *memory)
{
	return memory->module->size_bytes + memory->owned_bytes + memory->constructed_bytes + memory->named_bytes;
}

static int compare_sizes(const void *a, const void *b)
{
	const struct mo_module_memory *first = *(const struct mo_module_memory *const *)a;
	const struct mo_module_memory *second = *(const struct mo_module_memory *const *)b;

	if (bytes_of(first) != bytes_of(second))
		return bytes_of(first) > bytes_of(second) ? -1 : 1;
	return first < second ? -1 : first > second;
}

/* In a report: the modules that are and hold most. */
static struct mo_error *show_largest(struct mo_report *report, const struct mo_modules_model *model, size_t most)
{
	const struct mo_module_memory **sorted = calloc(model->n_modules + 1, sizeof(*sorted));
	size_t n = model->n_modules < most ? model->n_modules : most;

	if (!sorted)
		return mo_error_no_memory();
	for (size_t i = 0; i < model->n_modules; i++)
		sorted[i] = &model->modules[i];
	qsort(sorted, model->n_modules, sizeof(*sorted), compare_sizes);
	mo_report_table_begin(report, &modules_table);
	for (size_t i = 0; i < n; i++)
		write_module(report, model, sorted[i]);
	mo_report_table_end(report);
	mo_report_note(report, "The %zu largest of %zu modules.", n, model->n_modules);
	free(sorted);
	return NULL;
}

struct mo_error *show_modules(struct mo_run *run, struct mo_report *report)
{
	const struct mo_modules_model *model = mo_run_model(run);

	if (mo_run_is_report(run))
		return show_largest(report, model, mo_run_report_rows(run, REPORT_ROWS));
	mo_report_table_begin(report, mo_run_flag(run, "proc") ? &proc_modules_table : &modules_table);
	for (size_t i = 0; i < model->n_modules; i++)
		write_module(report, model, &model->modules[i]);
	mo_report_table_end(report);
	return NULL;
}
