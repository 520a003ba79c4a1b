/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* `memopsy whatis`: what addresses are, in sentences or in one line each. */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "whatis.h"

#define FACT_COLUMNS(address_flags) \
	[FACT_ADDRESS] = { .key = "address", .heading = "ADDRESS", .kind = MO_CELL_ADDRESS, .flags = address_flags, \
			   .help = "the address asked for" }, \
	[FACT_WHAT] = { .key = "what", .heading = "WHAT", .kind = MO_CELL_TEXT, .help = "symbol, object, page, ..." }, \
	[FACT_DETAIL] = { .key = "detail", .heading = "DETAIL", .kind = MO_CELL_TEXT, .flags = MO_COLUMN_WRAP, \
			  .help = "which one, and the offset in it" }

static const struct mo_column one_columns[N_FACT_COLUMNS] = { FACT_COLUMNS(MO_COLUMN_HIDDEN) };
static const struct mo_column many_columns[N_FACT_COLUMNS] = { FACT_COLUMNS(0) };

const struct mo_table_spec whatis_table = {
	.name = "whatis",
	.title = "What is it",
	.help = "Everything known about an address.",
	.columns = one_columns,
	.n_columns = N_FACT_COLUMNS,
};

/* The same of several addresses. */
static const struct mo_table_spec whatis_many_table = {
	.name = "whatis",
	.title = "What is it",
	.columns = many_columns,
	.n_columns = N_FACT_COLUMNS,
};

/* Beside the record of a page frame. */
const struct mo_table_spec page_facts_table = {
	.name = "page_is",
	.title = "What it is",
	.help = "What the page frame belongs to, and what the kernel recorded about it.",
	.columns = one_columns,
	.n_columns = N_FACT_COLUMNS,
};

void put_fact(const struct whatis_run *whatis, const char *what, const char *format, ...)
{
	char detail[600];
	struct mo_cell cells[N_FACT_COLUMNS] = { [FACT_ADDRESS] = mo_cell_number(mo_exact(whatis->address)),
						 [FACT_WHAT] = mo_cell_text(what) };
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(detail, sizeof(detail), format, arguments);
	va_end(arguments);
	cells[FACT_DETAIL] = mo_cell_text(detail);
	mo_report_row(whatis->report, cells);
}

const char *const place_kind_names[MO_N_PLACE_KINDS] = {
	[MO_PLACE_NONE] = "unknown",
	[MO_PLACE_SYMBOL] = "symbol",
	[MO_PLACE_PERCPU_SYMBOL] = "per-CPU variable",
	[MO_PLACE_PERCPU] = "per-CPU memory",
	[MO_PLACE_SLAB_OBJECT] = "object",
	[MO_PLACE_LARGE_KMALLOC] = "large kmalloc",
	[MO_PLACE_STACK] = "stack",
	[MO_PLACE_IRQ_STACK] = "interrupt stack",
	[MO_PLACE_VMAP_AREA] = "vmalloc area",
	[MO_PLACE_STRUCT_PAGE] = "struct page",
	[MO_PLACE_PAGE_TABLE] = "page table",
	[MO_PLACE_MODULE] = "module",
	[MO_PLACE_PAGE_BLOCK] = "pages",
};

static void put_named(const struct whatis_run *whatis, const struct mo_place *place, const char *what)
{
	put_fact(whatis, what, "%s+0x%" PRIx64 "%s%s%s", place->name, place->offset_bytes, place->module ? " [" : "",
		 place->module ? place->module : "", place->module ? "]" : "");
}

static void put_span(const struct whatis_run *whatis, const struct mo_place *place)
{
	put_fact(whatis, place_kind_names[place->kind], "%s; byte 0x%" PRIx64 " of 0x%" PRIx64 " from 0x%" PRIx64 " on", place->name,
		 place->offset_bytes, place->bytes, place->kva);
}

static void put_percpu(const struct whatis_run *whatis, const struct mo_place *place)
{
	char what[32] = "per-CPU";

	if (place->cpu >= 0)
		snprintf(what, sizeof(what), "per-CPU, CPU %d", place->cpu);
	if (place->kind == MO_PLACE_PERCPU_SYMBOL)
		put_named(whatis, place, what);
	else
		put_fact(whatis, what, "%s; byte 0x%" PRIx64 " of 0x%" PRIx64, place->name, place->offset_bytes, place->bytes);
}

static void put_area(const struct whatis_run *whatis, const struct mo_place *place)
{
	const struct mo_vmap_area *area = whatis->state->vmap ? mo_vmap_area_at(whatis->state->vmap, place->kva) : NULL;

	if (!area || !area->has_vm)
		return;
	put_fact(whatis, "area", "0x%" PRIx64 "-0x%" PRIx64 ", %" PRIu64 " pages, allocated by %s%s%s%s", area->first_kva,
		 area->end_kva, area->n_pages, area->caller ? area->caller : "?",
		 area->flags & MO_VM_ALLOC ? ", vmalloc" : "", area->flags & MO_VM_MAP ? ", vmap" : "",
		 area->flags & MO_VM_IOREMAP ? ", ioremap" : "");
	if (area->first_pa)
		put_fact(whatis, "physical", "0x%" PRIx64, area->first_pa + (whatis->address - area->first_kva));
}

static void put_described_page(struct whatis_run *whatis, const struct mo_place *place)
{
	const struct whatis_state *state = whatis->state;
	struct mo_place described;
	struct mo_error *error;

	put_fact(whatis, "struct page", "of page frame 0x%" PRIx64 ", byte %" PRIu64, place->pfn_described, place->offset_bytes);
	error = find_place_pa(&state->model, mo_run_reader(whatis->run), place->pfn_described << state->page_shift, &described);
	if (!mo_error_destroy(error) && described.kind != MO_PLACE_NONE)
		put_fact(whatis, "which is", "%s: %s%s%s%s", place_kind_names[described.kind], described.name,
			 described.module ? " [" : "", described.module ? described.module : "", described.module ? "]" : "");
}

void put_container(struct whatis_run *whatis, const struct mo_place *place)
{
	switch (place->kind) {
	case MO_PLACE_SYMBOL:
		put_named(whatis, place, "symbol");
		break;
	case MO_PLACE_MODULE:
		put_named(whatis, place, "module");
		break;
	case MO_PLACE_PERCPU_SYMBOL:
	case MO_PLACE_PERCPU:
		put_percpu(whatis, place);
		break;
	case MO_PLACE_STACK:
	case MO_PLACE_IRQ_STACK:
	case MO_PLACE_LARGE_KMALLOC:
	case MO_PLACE_PAGE_TABLE:
	case MO_PLACE_VMAP_AREA:
		put_span(whatis, place);
		break;
	case MO_PLACE_STRUCT_PAGE:
		put_described_page(whatis, place);
		break;
	case MO_PLACE_NONE:
		if (!place->has_pfn)
			put_fact(whatis, "memory", "none: not mapped, and in no known area");
		break;
	default:
		break;
	}
	if (place->task_kva)
		put_fact(whatis, "task", "struct task_struct at 0x%" PRIx64, place->task_kva);
	put_object(whatis, place);
	put_area(whatis, place);
}

static void put_facts(struct whatis_run *whatis, const struct mo_place *place)
{
	put_container(whatis, place);
	if (place->has_pfn)
		put_page(whatis, place);
	put_records(whatis, place);
}

enum {
	COLUMN_ADDRESS, COLUMN_KIND, COLUMN_NAME, COLUMN_OFFSET, COLUMN_MODULE, COLUMN_CONTAINER, COLUMN_BYTES, COLUMN_CLASS,
	COLUMN_PFN, COLUMN_DESCRIBED, COLUMN_CPU, COLUMN_PERCPU, COLUMN_TASK, COLUMN_ALLOCATED, N_COLUMNS
};

static const struct mo_column columns[N_COLUMNS] = {
	[COLUMN_ADDRESS] = { .key = "address", .heading = "ADDRESS", .kind = MO_CELL_ADDRESS, .help = "the address asked for" },
	[COLUMN_KIND] = { .key = "kind", .heading = "KIND", .kind = MO_CELL_TEXT, .help = "symbol, object, stack, ..." },
	[COLUMN_NAME] = { .key = "name", .heading = "NAME", .kind = MO_CELL_TEXT, .flags = MO_COLUMN_TRUNCATE,
			  .help = "symbol, cache, whose stack, ..." },
	[COLUMN_OFFSET] = { .key = "offset_bytes", .heading = "BYTE", .kind = MO_CELL_COUNT, .help = "where in it" },
	[COLUMN_MODULE] = { .key = "module", .heading = "MODULE", .kind = MO_CELL_TEXT, .flags = MO_COLUMN_HIDDEN,
			    .help = "its module; none: the kernel itself, or unknown" },
	[COLUMN_CONTAINER] = { .key = "container", .heading = "BEGINS AT", .kind = MO_CELL_ADDRESS, .flags = MO_COLUMN_HIDDEN,
			       .help = "address of what contains it" },
	[COLUMN_BYTES] = { .key = "size_bytes", .heading = "SIZE", .kind = MO_CELL_COUNT, .flags = MO_COLUMN_HIDDEN,
			   .help = "of what contains it" },
	[COLUMN_CLASS] = { .key = "class", .heading = "CLASS", .kind = MO_CELL_TEXT, .flags = MO_COLUMN_HIDDEN,
			   .help = "class of its page, as in usage" },
	[COLUMN_PFN] = { .key = "pfn", .heading = "PFN", .kind = MO_CELL_PFN, .flags = MO_COLUMN_HIDDEN,
			 .help = "page frame behind it" },
	[COLUMN_DESCRIBED] = { .key = "described_pfn", .heading = "DESCRIBES", .kind = MO_CELL_PFN, .flags = MO_COLUMN_HIDDEN,
			       .help = "of a struct page: the page frame that it stands for" },
	[COLUMN_CPU] = { .key = "cpu", .heading = "CPU", .kind = MO_CELL_COUNT, .flags = MO_COLUMN_HIDDEN,
			 .help = "of per-CPU memory: its CPU" },
	[COLUMN_PERCPU] = { .key = "percpu", .heading = "PERCPU POINTER", .kind = MO_CELL_ADDRESS, .flags = MO_COLUMN_HIDDEN,
			    .help = "of per-CPU memory: the __percpu pointer" },
	[COLUMN_TASK] = { .key = "task", .heading = "TASK", .kind = MO_CELL_ADDRESS, .flags = MO_COLUMN_HIDDEN,
			  .help = "of a stack: the task_struct" },
	[COLUMN_ALLOCATED] = { .key = "is_allocated", .heading = "IN USE", .kind = MO_CELL_BOOL, .flags = MO_COLUMN_HIDDEN,
			       .help = "whether it is in use; objects of unknown state count as in use" },
};

const struct mo_table_spec places_table = {
	.name = "places",
	.title = "Places",
	.help = "What contains each address.",
	.columns = columns,
	.n_columns = N_COLUMNS,
};

static void put_place(const struct whatis_run *whatis, const struct mo_place *place)
{
	const struct mo_mem_map_model *mem_map = whatis->state->mem_map;
	struct mo_cell cells[N_COLUMNS];

	for (unsigned i = 0; i < N_COLUMNS; i++)
		cells[i] = mo_cell_unknown();
	cells[COLUMN_ADDRESS] = mo_cell_number(mo_exact(whatis->address));
	cells[COLUMN_KIND] = mo_cell_text(place_kind_names[place->kind]);
	if (place->kind != MO_PLACE_NONE) {
		cells[COLUMN_NAME] = mo_cell_text(place->name);
		cells[COLUMN_OFFSET] = mo_cell_number(mo_exact(place->offset_bytes));
		cells[COLUMN_CONTAINER] = mo_cell_number(mo_exact(place->kva));
		cells[COLUMN_ALLOCATED] = mo_cell_number(mo_exact(place->is_allocated));
		if (place->bytes)
			cells[COLUMN_BYTES] = mo_cell_number(mo_exact(place->bytes));
	}
	cells[COLUMN_MODULE] = mo_cell_text(place->module);
	if (place->has_pfn) {
		cells[COLUMN_PFN] = mo_cell_number(mo_exact(place->pfn));
		cells[COLUMN_CLASS] = mo_cell_text(mem_map ? mem_map->classes[place->page_class].name : NULL);
	}
	if (place->kind == MO_PLACE_STRUCT_PAGE)
		cells[COLUMN_DESCRIBED] = mo_cell_number(mo_exact(place->pfn_described));
	if (place->cpu >= 0)
		cells[COLUMN_CPU] = mo_cell_number(mo_exact((uint64_t)place->cpu));
	if (place->percpu_kva)
		cells[COLUMN_PERCPU] = mo_cell_number(mo_exact(place->percpu_kva));
	if (place->task_kva)
		cells[COLUMN_TASK] = mo_cell_number(mo_exact(place->task_kva));
	mo_report_row(whatis->report, cells);
}

static struct mo_error *put_all(struct whatis_run *whatis, const struct whatis_words *words, bool is_brief)
{
	const struct whatis_state *state = whatis->state;
	struct mo_reader *reader = mo_run_reader(whatis->run);
	struct mo_error *error = NULL;

	mo_report_table_begin(whatis->report, is_brief ? &places_table : words->n == 1 ? &whatis_table : &whatis_many_table);
	for (size_t i = 0; i < words->n && !error && !mo_report_failed(whatis->report); i++) {
		const struct whatis_word *word = &words->words[i];
		struct mo_place place;

		whatis->address = word->is_pa ? state->direct_map_kva + word->address : word->address;
		error = word->is_pa ? find_place_pa(&state->model, reader, word->address, &place) :
				      find_place(&state->model, reader, word->address, &place);
		if (error)
			break;
		if (is_brief)
			put_place(whatis, &place);
		else
			put_facts(whatis, &place);
	}
	mo_report_table_end(whatis->report);
	return error;
}

struct mo_error *show_whatis(struct mo_run *run, struct mo_report *report)
{
	struct whatis_run whatis = { .run = run, .report = report, .state = mo_run_model(run) };
	struct whatis_words words = { .n = 0 };
	struct mo_error *error = read_words(run, &words);

	if (error)
		return error;
	error = mo_cache_types_init(&whatis.types, whatis.state->kernel, whatis.state->slabs);
	if (!error)
		error = put_all(&whatis, &words, mo_run_flag(run, "brief"));
	mo_cache_types_deinit(&whatis.types);
	free(words.words);
	return error;
}
