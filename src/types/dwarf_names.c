/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Names that a scan looks for, and their places in .debug_str. */
#include "dwarf_names.h"

#include <string.h>

#include "bytes.h"
#include "cleanup.h"

#define N_BUCKETS 4096
/*
 * gcc writes a string, with its NUL, into the entry itself unless it is longer than the offset that would stand for
 * it.
 */
#define SHORT_LENGTH 3
#define SHORT_LENGTH_WIDE 7

uint32_t mo_dwarf_names_find(const struct mo_dwarf_names *names, const char *name)
{
	uint64_t hash = mo_name_hash(name, strlen(name));
	size_t cursor = 0;
	uint32_t needle;

	while (mo_name_index_next(&names->needle_index, hash, &cursor, &needle)) {
		if (!strcmp(names->needles.items[needle].text, name))
			return needle + 1;
	}
	return 0;
}

static struct mo_error *add_needle(struct mo_dwarf_names *names, const char *text, uint32_t request)
{
	struct mo_dwarf_needle needle = { .text = text, .length = strlen(text), .request = request };
	uint32_t number = (uint32_t)names->needles.count;
	uint32_t first = mo_dwarf_names_find(names, text);

	if (first) {
		needle.next_same = names->needles.items[first - 1].next_same;
		names->needles.items[first - 1].next_same = number + 1;
	}
	if (!mo_vector_append(&names->needles, needle))
		return mo_error_no_memory();
	if (first)
		return NULL;
	if (needle.length <= (names->file->has_wide_units ? SHORT_LENGTH_WIDE : SHORT_LENGTH)) {
		if (!mo_vector_append(&names->short_needles, number))
			return mo_error_no_memory();
	}
	return mo_name_index_add(&names->needle_index, mo_name_hash(text, needle.length), number);
}

static struct mo_error *add_requests(struct mo_dwarf_names *names, const struct mo_type_name *const *requested)
{
	for (uint32_t i = 0; i < names->n_requests; i++) {
		names->requests[i].name = requested[i];
		atomic_init(&names->requests[i].found_unit, MO_NOT_FOUND);
		for (unsigned spelling = 0;; spelling++) {
			const char *text = requested[i]->space == MO_NAME_PLAIN ?
						   mo_type_name_spelling(requested[i]->tag, spelling) :
						   spelling ? NULL : requested[i]->tag;

			if (!text)
				break;
			MO_TRY(add_needle(names, text, i));
		}
	}
	return NULL;
}

/* A hash of a string's last two characters. */
static unsigned bucket_of(const char *end)
{
	return ((uint8_t)end[-1] * 131u + (uint8_t)end[-2] * 29u) % N_BUCKETS;
}

static struct mo_error *note_place(struct mo_dwarf_names *names, uint64_t offset, uint32_t needle)
{
	struct mo_dwarf_place place = { .offset = (uint32_t)offset, .needle = needle };

	names->offset_bits[offset >> 3] |= (uint8_t)(1u << (offset & 7));
	return mo_vector_append(&names->places, place) ? NULL : mo_error_no_memory();
}

/*
 * Finds each needle in .debug_str. The linker lets a string be the tail of a longer one, so that the tails of all
 * strings are compared.
 */
static struct mo_error *find_places(struct mo_dwarf_names *names, const uint32_t *buckets)
{
	const char *text = (const char *)names->file->text.bytes;
	uint64_t n_bytes = names->file->text.n_bytes;
	uint64_t start = 0;

	while (start < n_bytes) {
		const char *end = memchr(text + start, '\0', n_bytes - start);
		uint64_t length;

		if (!end)
			break;
		length = (uint64_t)(end - text) - start;
		for (uint32_t i = length >= 2 ? buckets[bucket_of(end)] : 0; i; i = names->needles.items[i - 1].next_bucket) {
			const struct mo_dwarf_needle *needle = &names->needles.items[i - 1];

			if (needle->length <= length && !memcmp(end - needle->length, needle->text, needle->length))
				MO_TRY(note_place(names, (uint64_t)(end - text) - needle->length, i - 1));
		}
		start = (uint64_t)(end - text) + 1;
	}
	return NULL;
}

static uint32_t slot_of(const struct mo_dwarf_names *names, uint32_t offset)
{
	return (offset * 0x9e3779b1u >> 7) & (names->n_place_slots - 1);
}

static struct mo_error *index_places(struct mo_dwarf_names *names)
{
	names->n_place_slots = 64;
	while (names->n_place_slots < names->places.count * 2)
		names->n_place_slots *= 2;
	names->place_slots = calloc(names->n_place_slots, sizeof(*names->place_slots));
	if (!names->place_slots)
		return mo_error_no_memory();
	for (uint32_t i = 0; i < names->places.count; i++) {
		uint32_t slot = slot_of(names, names->places.items[i].offset);

		while (names->place_slots[slot])
			slot = (slot + 1) & (names->n_place_slots - 1);
		names->place_slots[slot] = i + 1;
	}
	return NULL;
}

static struct mo_error *look_up_places(struct mo_dwarf_names *names)
{
	MO_FREE uint32_t *buckets = calloc(N_BUCKETS, sizeof(*buckets));
	uint64_t text_bytes = names->file->text.n_bytes;

	if (!names->file->text.bytes || names->file->has_indexed_text || text_bytes > UINT32_MAX)
		return NULL;
	names->offset_bits = calloc(text_bytes / 8 + 1, 1);
	if (!buckets || !names->offset_bits)
		return mo_error_no_memory();
	for (uint32_t i = 0; i < names->needles.count; i++) {
		struct mo_dwarf_needle *needle = &names->needles.items[i];
		unsigned bucket;

		if (needle->length < 2 || mo_dwarf_names_find(names, needle->text) != i + 1)
			continue;
		bucket = bucket_of(needle->text + needle->length);
		needle->next_bucket = buckets[bucket];
		buckets[bucket] = i + 1;
	}
	MO_TRY(find_places(names, buckets));
	MO_TRY(index_places(names));
	names->has_places = true;
	return NULL;
}

/* Marks the requests that may be found at all. */
static void find_traces(struct mo_dwarf_names *names)
{
	for (size_t i = 0; i < names->places.count; i++) {
		for (uint32_t n = names->places.items[i].needle + 1; n; n = names->needles.items[n - 1].next_same)
			names->requests[names->needles.items[n - 1].request].has_trace = true;
	}
	for (size_t i = 0; i < names->short_needles.count; i++) {
		for (uint32_t n = names->short_needles.items[i] + 1; n; n = names->needles.items[n - 1].next_same)
			names->requests[names->needles.items[n - 1].request].has_trace = true;
	}
	for (size_t i = 0; !names->has_places && i < names->n_requests; i++)
		names->requests[i].has_trace = true;
}

struct mo_error *mo_dwarf_names_init(struct mo_dwarf_names *names, const struct mo_dwarf_file *file,
				     const struct mo_type_name *const *requested, size_t n_requested)
{
	*names = (struct mo_dwarf_names){ .file = file, .n_requests = n_requested };
	if (n_requested > UINT32_MAX / 8)
		return mo_error_create(MO_E_LIMIT, "%zu names at once", n_requested);
	names->requests = calloc(n_requested ? n_requested : 1, sizeof(*names->requests));
	if (!names->requests)
		return mo_error_no_memory();
	MO_TRY(add_requests(names, requested));
	MO_TRY(look_up_places(names));
	find_traces(names);
	return NULL;
}

void mo_dwarf_names_deinit(struct mo_dwarf_names *names)
{
	free(names->requests);
	free(names->place_slots);
	free(names->offset_bits);
	mo_vector_deinit(&names->needles);
	mo_vector_deinit(&names->places);
	mo_vector_deinit(&names->short_needles);
	mo_name_index_deinit(&names->needle_index);
}

unsigned mo_dwarf_open_spaces(const struct mo_dwarf_names *names, uint32_t needle, uint64_t unit)
{
	unsigned spaces = 0;

	for (uint32_t i = needle + 1; i; i = names->needles.items[i - 1].next_same) {
		uint32_t request = names->needles.items[i - 1].request;

		if (mo_dwarf_is_open(names, request, unit))
			spaces |= 1u << names->requests[request].name->space;
	}
	return spaces;
}

unsigned mo_dwarf_open_spaces_at(const struct mo_dwarf_names *names, uint32_t offset, uint64_t unit)
{
	unsigned spaces = 0;

	for (uint32_t slot = slot_of(names, offset); names->place_slots[slot];
	     slot = (slot + 1) & (names->n_place_slots - 1)) {
		const struct mo_dwarf_place *place = &names->places.items[names->place_slots[slot] - 1];

		if (place->offset == offset)
			spaces |= mo_dwarf_open_spaces(names, place->needle, unit);
	}
	return spaces;
}
