/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The places of memory allocation profiling: arrays of struct alloc_tag, of the kernel and of each module, found by
 * alloc_tag_cttype (lib/alloc_tag.c, lib/codetag.c), in the order in which /proc/allocinfo goes through them.
 */
#include "gathering.h"

#include <memopsy/walk.h>

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define MAX_RANGES 65536u
#define MAX_SITES (1u << 20)
#define MAX_TAG_BYTES 256u
#define TAGS_A_READ 64u
#define MAX_WORD_BYTES 256u
#define MAX_WORDS_BYTES (64u << 20)

/* A string that was read, and what was read last, since neighbours share their file and function. */
struct word {
	uint64_t kva;
	size_t at;           /* in words, + 1; 0: could not be read */
};

enum { WORD_FILE, WORD_FUNCTION, WORD_MODULE, N_WORDS };

struct sites {
	struct page_owner_state *state;
	struct mo_set cpus;
	size_t room;
	struct site_words {
		size_t at[N_WORDS];
	} *words;            /* one a site: where its strings are, + 1 */
	struct word last[N_WORDS];
	size_t words_bytes, words_room;
};

static bool is_known(const struct page_owner_layout *layout)
{
	const struct mo_field *const fields[] = { &layout->tag.flags,  &layout->tag.line, &layout->tag.module,
						  &layout->tag.function, &layout->tag.file, &layout->tag.counters };
	const struct mo_field *const sums[] = { &layout->counters.bytes, &layout->counters.calls };

	if (!mo_has(&layout->type.modules) || !mo_has(&layout->type.tag_bytes) || !mo_has(&layout->range.start) ||
	    !mo_has(&layout->range.stop) || !mo_has(&layout->tag.size) || !mo_has(&layout->counters.size) ||
	    !layout->tag.size.bytes || layout->tag.size.bytes > MAX_TAG_BYTES || layout->counters.size.bytes > MAX_TAG_BYTES)
		return false;
	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++)
		if (!mo_has(fields[i]) || !fields[i]->width_bytes ||
		    fields[i]->offset_bytes + fields[i]->width_bytes > layout->tag.size.bytes)
			return false;
	for (size_t i = 0; i < sizeof(sums) / sizeof(sums[0]); i++)
		if (!mo_has(sums[i]) || !sums[i]->width_bytes ||
		    sums[i]->offset_bytes + sums[i]->width_bytes > layout->counters.size.bytes)
			return false;
	return true;
}

/* Appends a string of the kernel; *at_ret is where, + 1. */
static struct mo_error *add_word(struct sites *sites, unsigned which, uint64_t kva, size_t *at_ret)
{
	struct page_owner_state *state = sites->state;
	struct word *last = &sites->last[which];
	char text[MAX_WORD_BYTES];
	struct mo_error *error;
	size_t length = 0;

	if (!kva || last->kva == kva) {
		*at_ret = kva ? last->at : 0;
		return NULL;
	}
	*last = (struct word){ .kva = kva };
	*at_ret = 0;
	error = mo_read_string(state->reader, kva, text, sizeof(text), &length);
	if (error)
		return mo_trouble_or_end(&state->broken_sites, error);
	if (sites->words_bytes + length + 1 > sites->words_room) {
		size_t room = sites->words_room ? sites->words_room * 2 : 65536;
		char *grown = room > MAX_WORDS_BYTES ? NULL : realloc(state->words, room);

		if (!grown)
			return mo_error_no_memory();
		state->words = grown;
		sites->words_room = room;
	}
	memcpy(state->words + sites->words_bytes, text, length + 1);
	*at_ret = last->at = sites->words_bytes + 1;
	sites->words_bytes += length + 1;
	return NULL;
}

/* alloc_tag_read(): the sum over all possible CPUs. */
static struct mo_error *add_counters(struct sites *sites, uint64_t percpu_kva, struct mo_alloc_site *site)
{
	const struct page_owner_layout *layout = sites->state->layout;
	uint64_t bytes = 0;

	for (int cpu = mo_set_next(&sites->cpus, 0); cpu >= 0; cpu = mo_set_next(&sites->cpus, (unsigned)cpu + 1)) {
		uint8_t raw[MAX_TAG_BYTES];
		uint64_t kva = 0;
		struct mo_error *error = mo_percpu(sites->state->reader, percpu_kva, (unsigned)cpu, &kva);

		if (!error)
			error = mo_read(sites->state->reader, kva, raw, (size_t)layout->counters.size.bytes);
		if (error) {
			site->is_unreadable = true;
			error = mo_trouble_or_end(&sites->state->broken_sites,
					       mo_error_prepend(error, "counters of CPU %d of the alloc_tag at 0x%" PRIx64, cpu,
								site->tag_kva));
			if (error)
				return error;
			continue;
		}
		bytes += mo_get(&layout->counters.bytes, raw);
		site->calls += mo_get(&layout->counters.calls, raw);
	}
	site->bytes = (int64_t)bytes;
	return NULL;
}

static struct mo_error *add_site(struct sites *sites, const uint8_t *tag, size_t index)
{
	struct page_owner_state *state = sites->state;
	const struct page_owner_layout *layout = state->layout;
	const struct mo_field *const strings[N_WORDS] = {
		[WORD_FILE] = &layout->tag.file, [WORD_FUNCTION] = &layout->tag.function, [WORD_MODULE] = &layout->tag.module
	};
	struct mo_alloc_site *site = &state->sites[index];
	uint64_t counters_kva = mo_get(&layout->tag.counters, tag);
	struct mo_error *error = NULL;

	site->line = (uint32_t)mo_get(&layout->tag.line, tag);
	site->is_inaccurate = mo_get(&layout->tag.flags, tag) & 1; /* CODETAG_FLAG_INACCURATE; 0 where there is none */
	for (unsigned i = 0; i < N_WORDS && !error; i++)
		error = add_word(sites, i, mo_get(strings[i], tag), &sites->words[index].at[i]);
	/* Of a module that is about to go, they may be gone. */
	return error || !counters_kva ? error : add_counters(sites, counters_kva, site);
}

static struct mo_error *add_tags(struct sites *sites, const struct tag_range *range)
{
	struct page_owner_state *state = sites->state;
	size_t tag_bytes = (size_t)state->layout->tag.size.bytes;
	uint8_t raw[TAGS_A_READ * MAX_TAG_BYTES];
	struct mo_error *error = NULL;

	for (size_t i = 0; i < range->n_tags && !error; i += TAGS_A_READ) {
		size_t n = range->n_tags - i < TAGS_A_READ ? (size_t)range->n_tags - i : TAGS_A_READ;
		uint64_t kva = range->start_kva + i * tag_bytes;
		struct mo_error *unread = mo_read(state->reader, kva, raw, n * tag_bytes);

		for (size_t k = 0; k < n && !error; k++) {
			size_t index = range->first_site + i + k;

			state->sites[index].tag_kva = kva + k * tag_bytes;
			state->sites[index].is_unreadable = unread != NULL;
			if (!unread)
				error = add_site(sites, raw + k * tag_bytes, index);
		}
		if (unread && !error)
			error = mo_trouble_or_end(&state->broken_sites, mo_error_prepend(unread, "%zu alloc_tags at 0x%" PRIx64, n, kva));
		else
			mo_error_destroy(unread);
	}
	return error;
}

static struct mo_error *make_room(struct sites *sites, size_t n)
{
	struct page_owner_state *state = sites->state;
	struct mo_alloc_site *grown;
	struct site_words *words;

	if (n > MAX_SITES - state->n_sites)
		return mo_error_create(MO_E_LIMIT, "more than %u alloc_tags", MAX_SITES);
	grown = realloc(state->sites, (state->n_sites + n) * sizeof(*grown));
	if (!grown)
		return mo_error_no_memory();
	state->sites = grown;
	words = realloc(sites->words, (state->n_sites + n) * sizeof(*words));
	if (!words)
		return mo_error_no_memory();
	sites->words = words;
	memset(grown + state->n_sites, 0, n * sizeof(*grown));
	memset(words + state->n_sites, 0, n * sizeof(*words));
	return NULL;
}

/* One struct codetag_module. */
static struct mo_error *add_range(struct sites *sites, uint64_t module_kva)
{
	struct page_owner_state *state = sites->state;
	uint64_t bytes = state->layout->tag.size.bytes;
	struct tag_range range = { .first_site = state->n_sites };
	struct tag_range *grown;
	uint64_t stop_kva = 0;
	struct mo_error *error = mo_read_field(state->reader, &state->layout->range.start, module_kva, &range.start_kva);

	if (!error)
		error = mo_read_field(state->reader, &state->layout->range.stop, module_kva, &stop_kva);
	if (!error && (stop_kva < range.start_kva || (stop_kva - range.start_kva) / bytes > MAX_SITES))
		error = mo_error_create(MO_E_CORRUPT, "alloc_tags from 0x%" PRIx64 " to 0x%" PRIx64, range.start_kva, stop_kva);
	if (error)
		return mo_trouble_or_end(&state->broken_sites, mo_error_prepend(error, "codetag_module at 0x%" PRIx64, module_kva));
	range.n_tags = (stop_kva - range.start_kva) / bytes;
	error = range.n_tags ? make_room(sites, (size_t)range.n_tags) : NULL;
	if (error)
		return mo_trouble_or_end(&state->broken_sites, error);
	if (!range.n_tags)
		return NULL;
	grown = realloc(state->ranges, (state->n_ranges + 1) * sizeof(*grown));
	if (!grown)
		return mo_error_no_memory();
	state->ranges = grown;
	state->ranges[state->n_ranges++] = range;
	state->n_sites += (size_t)range.n_tags;
	return add_tags(sites, &range);
}

static struct mo_error *walk_ranges(struct sites *sites, uint64_t type_kva)
{
	struct page_owner_state *state = sites->state;
	struct mo_xarray_walk walk;
	struct mo_error *error = NULL;
	uint64_t index;
	uint64_t module_kva;

	mo_xarray_begin(&walk, state->reader, mo_field_kva(&state->layout->type.modules, type_kva), MAX_RANGES);
	while (!error && mo_xarray_next(&walk, &index, &module_kva))
		error = add_range(sites, module_kva);
	if (error) {
		mo_error_destroy(mo_xarray_end(&walk));
		return error;
	}
	return mo_trouble_or_end(&state->broken_sites, mo_error_prepend(mo_xarray_end(&walk), "alloc_tag_cttype->mod_idr"));
}

static int compare_ranges(const void *a, const void *b)
{
	const struct tag_range *first = a;
	const struct tag_range *second = b;

	return first->start_kva < second->start_kva ? -1 : first->start_kva > second->start_kva;
}

static void place_words(struct sites *sites)
{
	struct page_owner_state *state = sites->state;

	for (size_t i = 0; i < state->n_sites; i++) {
		const size_t *at = sites->words[i].at;

		state->sites[i].file = at[WORD_FILE] ? state->words + at[WORD_FILE] - 1 : NULL;
		state->sites[i].function = at[WORD_FUNCTION] ? state->words + at[WORD_FUNCTION] - 1 : NULL;
		state->sites[i].module = at[WORD_MODULE] ? state->words + at[WORD_MODULE] - 1 : NULL;
	}
	if (state->n_ranges)
		qsort(state->ranges, state->n_ranges, sizeof(*state->ranges), compare_ranges);
}

/* struct codetag_type; *ret is 0 where nothing was registered: profiling was ruled out at boot. */
static struct mo_error *find_type(struct page_owner_state *state, uint64_t *ret)
{
	uint64_t tag_bytes = 0;
	uint64_t type_kva = 0;
	bool is_on = false;
	struct mo_error *error = mo_read_pointer(state->reader, state->layout->tag_type.kva, &type_kva);

	if (!error)
		error = read_key(state, &state->layout->profiling_key, &is_on);
	if (!error && type_kva && !is_known(state->layout))
		error = mo_error_create(MO_E_ABSENT, "struct alloc_tag or struct codetag_type is not known");
	if (!error && type_kva)
		error = mo_read_field(state->reader, &state->layout->type.tag_bytes, type_kva, &tag_bytes);
	if (!error && type_kva && tag_bytes != state->layout->tag.size.bytes)
		error = mo_error_create(MO_E_CORRUPT, "tags of %" PRIu64 " bytes, where struct alloc_tag has %" PRIu64, tag_bytes,
					state->layout->tag.size.bytes);
	state->model.sites_state = error ? MO_PAGE_OWNER_UNREADABLE : is_on && type_kva ? MO_PAGE_OWNER_ON : MO_PAGE_OWNER_OFF;
	*ret = error ? 0 : type_kva;
	return mo_error_prepend(error, "alloc_tag_cttype");
}

struct mo_error *gather_sites(struct page_owner_state *state)
{
	struct sites sites = { .state = state };
	uint64_t type_kva = 0;
	struct mo_error *error;

	state->model.sites_state = MO_PAGE_OWNER_NOT_BUILT;
	if (!mo_has(&state->layout->tag_type))
		return NULL;
	error = mo_trouble_or_end(&state->broken_sites, find_type(state, &type_kva));
	if (error || !type_kva)
		return error;
	error = mo_trouble_or_end(&state->broken_sites, mo_cpus(state->reader, MO_CPUS_POSSIBLE, &sites.cpus));
	if (!error)
		error = walk_ranges(&sites, type_kva);
	if (!error)
		place_words(&sites);
	free(sites.words);
	return error;
}
