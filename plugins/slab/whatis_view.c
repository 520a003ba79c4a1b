/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* `memopsy whatis`: what an address is, as far as symbols, slabs, per-CPU areas and the memory map can tell. */
#include <ctype.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "slab_views.h"

enum { COLUMN_WHAT, COLUMN_DETAIL, N_COLUMNS };

static const struct mo_column columns[N_COLUMNS] = {
	[COLUMN_WHAT] = { .key = "what", .heading = "WHAT", .kind = MO_CELL_TEXT, .help = "symbol, object, page, ..." },
	[COLUMN_DETAIL] = { .key = "detail", .heading = "DETAIL", .kind = MO_CELL_TEXT, .flags = MO_COLUMN_WRAP,
			    .help = "which one, and where in it" },
};

const struct mo_table_spec whatis_table = {
	.name = "whatis",
	.title = "What is it",
	.help = "Everything that is known about one address.",
	.columns = columns,
	.n_columns = N_COLUMNS,
};

static void put(struct mo_report *report, const char *what, const char *format, ...) MO_PRINTF(3, 4);

static void put(struct mo_report *report, const char *what, const char *format, ...)
{
	char detail[400];
	struct mo_cell cells[N_COLUMNS] = { [COLUMN_WHAT] = mo_cell_text(what) };
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(detail, sizeof(detail), format, arguments);
	va_end(arguments);
	cells[COLUMN_DETAIL] = mo_cell_text(detail);
	mo_report_row(report, cells);
}

static void put_symbol(struct mo_run *run, struct mo_report *report, const char *what, uint64_t kva)
{
	struct mo_symbol symbol;
	struct mo_error *error = mo_symbols_at(mo_kernel_symbols(mo_run_kernel(run)), kva, &symbol);

	if (error) {
		mo_error_destroy(error);
		return;
	}
	put(report, what, "%s+0x%" PRIx64 "%s%s%s", symbol.name, kva - symbol.value_kva, symbol.module ? " [" : "",
	    symbol.module ? symbol.module : "", symbol.module ? "]" : "");
}

/* A CPU's copy of the kernel's own per-CPU variables. */
static void put_percpu(struct mo_run *run, struct mo_report *report, uint64_t kva)
{
	const struct slab_layout *layout = mo_run_layout(run);
	struct mo_reader *reader = mo_run_reader(run);
	struct mo_set cpus;
	struct mo_error *error;

	if (!mo_has(&layout->percpu_start) || !mo_has(&layout->percpu_end))
		return;
	error = mo_cpus(reader, MO_CPUS_POSSIBLE, &cpus);
	for (int cpu = error ? -1 : mo_set_next(&cpus, 0); cpu >= 0 && !error; cpu = mo_set_next(&cpus, (unsigned)cpu + 1)) {
		uint64_t first_kva = 0;
		char what[32];

		error = mo_percpu(reader, layout->percpu_start.kva, (unsigned)cpu, &first_kva);
		if (error || kva - first_kva >= layout->percpu_end.kva - layout->percpu_start.kva)
			continue;
		snprintf(what, sizeof(what), "per-CPU, CPU %d", cpu);
		put_symbol(run, report, what, layout->percpu_start.kva + (kva - first_kva));
	}
	mo_error_destroy(error);
}

/* "byte 24 of the object" or what else an object's room holds. */
static void describe_place(const struct mo_slab_cache *cache, uint64_t offset, char *text, size_t n_bytes)
{
	if (offset < cache->red_left_bytes)
		snprintf(text, n_bytes, "byte %" PRIu64 " of the red zone before it", offset);
	else if (offset - cache->red_left_bytes < cache->object_bytes)
		snprintf(text, n_bytes, "byte %" PRIu64 " of %" PRIu32, offset - cache->red_left_bytes, cache->object_bytes);
	else
		snprintf(text, n_bytes, "%" PRIu64 " bytes behind its %" PRIu32 ": padding, red zone or tracks",
			 offset - cache->red_left_bytes - cache->object_bytes, cache->object_bytes);
}

static void put_slab(struct mo_report *report, const struct mo_slab_model *model, uint64_t direct_kva, uint64_t pfn)
{
	const struct mo_slab *slab = mo_slab_at(model, pfn);
	const struct mo_slab_cache *cache;
	const struct mo_slab *of;
	char place[120];
	char room[32];
	uint32_t index;

	if (!slab)
		return;
	if (slab->cache == MO_SLAB_NO_CACHE) {
		put(report, "slab", "of no cache that is known; %u objects by its own account", slab->objects);
		return;
	}
	cache = &model->caches[slab->cache];
	if (mo_object_at(model, direct_kva, &of, &index)) {
		uint64_t offset = direct_kva - mo_slab_kva(model, slab) - (uint64_t)index * cache->size_bytes;

		describe_place(cache, offset, place, sizeof(place));
		put(report, "object", "0x%" PRIx64 " of %s, %s; %s", mo_object_kva(model, slab, index),
		    name_cell(cache, room, sizeof(room)).as.text.bytes, object_state_names[mo_object_state_of(model, slab, index)],
		    place);
		put(report, "place", "object %" PRIu32 " of %u in its slab", index, slab->objects);
	} else {
		put(report, "object", "none: behind the last object of a slab of %s",
		    name_cell(cache, room, sizeof(room)).as.text.bytes);
	}
	put(report, "slab", "page frame 0x%" PRIx64 ", order %u, %u of %u objects in use, %s%s%s", slab->pfn, slab->order,
	    slab->inuse, slab->objects, slab_place_names[slab->place], slab->fault ? "; at fault: " : "",
	    slab->fault ? fault_names[slab->fault] : "");
	put(report, "cache", "struct kmem_cache at 0x%" PRIx64 "%s", cache->cache_kva,
	    cache->refcount > 1 ? "; other caches are merged into it" : "");
}

static const char *presence_of(struct mo_run *run, uint64_t pfn)
{
	switch (mo_kernel_frame_presence(mo_run_kernel(run), pfn)) {
	case MO_FRAME_PRESENT:
		return "in the dump";
	case MO_FRAME_EXCLUDED:
		return "left out of the dump";
	default:
		return "the dump knows no memory there";
	}
}

static void put_memory(struct mo_run *run, struct mo_report *report, uint64_t kva)
{
	const struct slab_state *state = mo_run_model(run);
	uint64_t page_mask = state->shape.page_bytes - 1;
	uint64_t pa = 0;
	uint64_t span_bytes = 0;
	uint64_t page_kva = 0;
	uint64_t direct_kva = 0;
	uint64_t pfn;
	struct mo_error *error = mo_translate(mo_run_reader(run), kva, &pa, &span_bytes);

	if (error) {
		put(report, "memory", "none: %s", mo_error_text(error));
		mo_error_destroy(error);
		return;
	}
	pfn = pa >> state->model.page_shift;
	error = mo_pfn_to_page(state->memmap, pfn, &page_kva);
	if (error)
		put(report, "page", "0x%" PRIx64 " (physical 0x%" PRIx64 "), without a struct page", pfn, pa);
	else
		put(report, "page", "0x%" PRIx64 " (physical 0x%" PRIx64 "), struct page at 0x%" PRIx64 ", %s", pfn, pa, page_kva,
		    presence_of(run, pfn));
	mo_error_destroy(error);
	error = mo_pa_to_kva(mo_run_kernel(run), pa & ~page_mask, &direct_kva);
	direct_kva += pa & page_mask;
	if (error || direct_kva != kva)
		put(report, "mapping", "not the direct map, where this memory is at 0x%" PRIx64, error ? 0 : direct_kva);
	if (!error)
		put_slab(report, &state->model, direct_kva, pfn);
	mo_error_destroy(error);
}

/* The struct pages themselves are memory, too. */
static void put_struct_page(struct mo_run *run, struct mo_report *report, uint64_t kva)
{
	const struct slab_state *state = mo_run_model(run);
	uint64_t pfn;

	for (size_t i = 0; i < state->memmap->n_runs; i++) {
		const struct mo_memmap_run *of = &state->memmap->runs[i];
		uint64_t offset = kva - of->first_page_kva;

		if (kva < of->first_page_kva || offset / state->shape.page_struct_bytes >= of->n_pages)
			continue;
		pfn = of->first_pfn + offset / state->shape.page_struct_bytes;
		put(report, "struct page", "of page frame 0x%" PRIx64 ", byte %" PRIu64, pfn,
		    offset % state->shape.page_struct_bytes);
		if (mo_slab_at(&state->model, pfn))
			put_slab(report, &state->model, mo_slab_kva(&state->model, mo_slab_at(&state->model, pfn)), pfn);
		return;
	}
}

struct mo_error *show_whatis(struct mo_run *run, struct mo_report *report)
{
	const char *word = mo_run_argument(run, 0);
	uint64_t kva;
	char *end;
	struct mo_error *error;

	kva = strtoull(word, &end, 16);
	if (!isxdigit((unsigned char)*word) || *end)
		return mo_error_create(MO_E_INVALID, "\"%s\" is no address (hexadecimal, with or without 0x)", word);
	error = mo_kernel_load_modules(mo_run_kernel(run));
	mo_report_table_begin(report, &whatis_table);
	put_symbol(run, report, "symbol", kva);
	put_percpu(run, report, kva);
	put_struct_page(run, report, kva);
	put_memory(run, report, kva);
	mo_report_table_end(report);
	if (error)
		mo_report_note(report, "Modules' symbols are not known: %s.", mo_error_text(error));
	mo_error_destroy(error);
	return NULL;
}
