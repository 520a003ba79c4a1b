/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* From physical memory back to the variables of the kernel, of its modules and of its CPUs. */
#include <inttypes.h>
#include <memopsy/walk.h>
#include <stdio.h>
#include <stdlib.h>

#include "refs.h"

#define MOST_SYMBOL_BYTES (64u << 20) /* the largest hash tables in the image are smaller */

static struct mo_error *add_span(struct places *places, const struct image_span *span)
{
	if (places->n_spans == places->n_slots) {
		size_t n_slots = places->n_slots ? places->n_slots * 2 : 256;
		struct image_span *spans = realloc(places->spans, n_slots * sizeof(*spans));

		if (!spans)
			return mo_error_no_memory();
		places->spans = spans;
		places->n_slots = n_slots;
	}
	places->spans[places->n_spans++] = *span;
	return NULL;
}

/* The mappings that a symbol lies in; those that the last one reaches are known already. */
static struct mo_error *add_symbol(const struct refs_state *state, struct places *places, const struct mo_symbol *symbol)
{
	uint64_t n_bytes = symbol->size_bytes < MOST_SYMBOL_BYTES ? symbol->size_bytes : MOST_SYMBOL_BYTES;
	uint64_t kva = symbol->value_kva;
	uint64_t end = kva + (n_bytes ? n_bytes : 1);

	while (kva < end) {
		const struct image_span *last = places->n_spans ? &places->spans[places->n_spans - 1] : NULL;
		struct image_span span = { .kva = kva & ~(state->index.page_bytes - 1) };
		struct mo_error *error;

		if (last && kva - last->kva < last->n_bytes) {
			kva = last->kva + last->n_bytes;
			continue;
		}
		error = mo_translate(mo_run_reader(state->run), span.kva, &span.pa, &span.n_bytes);
		if (!error && span.n_bytes) {
			error = add_span(places, &span);
			if (error)
				return error;
			continue;
		}
		mo_error_destroy(error); /* init sections are gone after boot */
		kva = span.kva + state->index.page_bytes;
	}
	return NULL;
}

struct mo_error *find_places(const struct refs_state *state, struct places *ret)
{
	const struct mo_symbols *symbols = mo_kernel_symbols(mo_run_kernel(state->run));
	struct places places = { .n_spans = 0 };
	struct mo_error *error = NULL;

	for (size_t i = 0; i < mo_symbols_count(symbols) && !error; i++) {
		struct mo_symbol symbol;

		mo_symbols_get(symbols, i, &symbol);
		/* Offsets of per-CPU variables begin at 0. */
		if (symbol.value_kva >> 31 && symbol.type != 'A' && symbol.type != 'a')
			error = add_symbol(state, &places, &symbol);
	}
	if (error)
		free(places.spans);
	else
		*ret = places;
	return error;
}

static bool name_symbol(const struct refs_state *state, uint64_t kva, const char *tail, char *name, size_t n_bytes)
{
	struct mo_symbol symbol;
	struct mo_error *error = mo_symbols_at(mo_kernel_symbols(mo_run_kernel(state->run)), kva, &symbol);

	if (error) {
		mo_error_destroy(error);
		return false;
	}
	snprintf(name, n_bytes, "%s+0x%" PRIx64 "%s%s%s%s", symbol.name, kva - symbol.value_kva, symbol.module ? " [" : "",
		 symbol.module ? symbol.module : "", symbol.module ? "]" : "", tail);
	return true;
}

/* A CPU's copy of the kernel's own per-CPU variables. */
static bool name_percpu(const struct refs_state *state, uint64_t kva, char *name, size_t n_bytes)
{
	const struct refs_layout *layout = mo_run_layout(state->run);
	struct mo_reader *reader = mo_run_reader(state->run);
	struct mo_set cpus;
	struct mo_error *error;
	bool is_named = false;

	if (!mo_has(&layout->percpu_start) || !mo_has(&layout->percpu_end))
		return false;
	error = mo_cpus(reader, MO_CPUS_POSSIBLE, &cpus);
	for (int cpu = error ? -1 : mo_set_next(&cpus, 0); cpu >= 0 && !error && !is_named;
	     cpu = mo_set_next(&cpus, (unsigned)cpu + 1)) {
		uint64_t first_kva = 0;
		char tail[32];

		error = mo_percpu(reader, layout->percpu_start.kva, (unsigned)cpu, &first_kva);
		if (error || kva - first_kva >= layout->percpu_end.kva - layout->percpu_start.kva)
			continue;
		snprintf(tail, sizeof(tail), " of CPU %d", cpu);
		is_named = name_symbol(state, layout->percpu_start.kva + (kva - first_kva), tail, name, n_bytes);
	}
	mo_error_destroy(error);
	return is_named;
}

bool name_place(const struct refs_state *state, const struct places *places, uint64_t pa, char *name, size_t n_bytes,
		uint64_t *kva_ret)
{
	uint64_t direct_kva = state->index.slabs->direct_map_kva + pa;

	for (size_t i = 0; i < places->n_spans; i++) {
		const struct image_span *span = &places->spans[i];

		if (pa < span->pa || pa - span->pa >= span->n_bytes ||
		    !name_symbol(state, span->kva + (pa - span->pa), "", name, n_bytes))
			continue;
		*kva_ret = span->kva + (pa - span->pa);
		return true;
	}
	*kva_ret = direct_kva;
	return name_percpu(state, direct_kva, name, n_bytes);
}
