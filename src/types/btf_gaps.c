/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Where the records of BTF begin, also behind memory that is missing. Records have no marks of their own: they follow each
 * other, and are numbered in that order. Behind a gap a place is taken for a beginning if many records follow from it
 * whose heads make sense (a member or an enumerator read as a head has kind 0, which is none). The numbers come from
 * functions: pahole writes each right behind its prototype, and it names the prototype's number (kernel 5.10 to 7.2: seven
 * pages of eight hold some). Records between two gaps that hold none stay without numbers, and are lost like the gap.
 */
#include "btf.h"

#include <stdlib.h>

#include "cleanup.h"

/* Records in a row that must make sense, or all up to the next gap. */
#define TRIAL_RECORDS 24

/* No struct, enum or prototype has more items; behind those of one that began in a gap there is a beginning. */
#define MAX_SEARCH_BYTES (1u << 20)

/* Functions that must agree on the numbers; of those that follow a prototype at most one in four may disagree. */
#define MIN_VOTES 2

/* The records between two gaps. */
struct segment {
	uint64_t start, end; /* the bytes to read, within the types */
	MO_VECTOR(uint32_t) offsets;
};

bool mo_btf_is_missing(const struct mo_btf *btf, const void *bytes, size_t n_bytes)
{
	size_t offset = (size_t)((const uint8_t *)bytes - btf->bytes);
	size_t low = 0, high = btf->n_gaps;

	if (!btf->n_gaps)
		return false;
	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (btf->gaps[middle].offset + btf->gaps[middle].n_bytes <= offset)
			low = middle + 1;
		else
			high = middle;
	}
	return low < btf->n_gaps && btf->gaps[low].offset < offset + n_bytes;
}

bool mo_btf_has_string(const struct mo_btf *btf, const char *name)
{
	size_t n_bytes = strlen(name) + 1;
	const char *at = btf->strings, *end = btf->strings + btf->strings_bytes;

	while (at && at < end) {
		at = memmem(at, (size_t)(end - at), name, n_bytes);
		if (at && (at == btf->strings || !at[-1]))
			return true;
		at = at ? at + 1 : NULL;
	}
	return false;
}

/* Where the gap that begins at or behind an offset into the types does so, and where it ends; the types' end: none. */
static void next_gap(const struct mo_btf *btf, uint64_t offset, uint64_t *start, uint64_t *end)
{
	uint64_t types = (uint64_t)(btf->types - btf->bytes);

	*start = *end = btf->types_bytes;
	for (size_t i = 0; i < btf->n_gaps; i++) {
		const struct mo_type_gap *gap = &btf->gaps[i];

		if (gap->offset + gap->n_bytes <= types + offset)
			continue;
		if (gap->offset >= types + btf->types_bytes)
			return;
		*start = gap->offset > types + offset ? gap->offset - types : offset;
		*end = gap->offset + gap->n_bytes - types;
		if (*end > btf->types_bytes)
			*end = btf->types_bytes;
		return;
	}
}

/* How long the record at an offset is; 0: it does not fit, or nobody knows. */
static uint64_t record_bytes(const struct mo_btf *btf, const struct mo_btf_layout *layout, uint64_t offset, uint64_t end)
{
	uint64_t n_bytes = MO_BTF_RECORD_BYTES;
	uint32_t info;
	unsigned kind;

	if (!mo_is_within(offset, n_bytes, end))
		return 0;
	info = mo_btf_word(btf, btf->types + offset + 4);
	kind = mo_btf_kind(info);
	if (!layout->is_known[kind])
		return 0;
	n_bytes += layout->info_bytes[kind] + (uint64_t)layout->item_bytes[kind] * mo_btf_n_items(info);
	return mo_is_within(offset, n_bytes, end) ? n_bytes : 0;
}

/* Whether a head could be one: kind, unused bits, and a name that begins where a string does. */
static bool is_plausible(const struct mo_btf *btf, uint64_t offset)
{
	const uint8_t *bytes = btf->types + offset;
	uint32_t name = mo_btf_word(btf, bytes), info = mo_btf_word(btf, bytes + 4);
	unsigned kind = mo_btf_kind(info);

	if (kind == 0 || kind >= MO_BTF_N_KINDS || info & 0x60ff0000u)
		return false;
	if (!name)
		return true;
	name -= btf->first_string;
	return name < btf->strings_bytes &&
	       (!name || !btf->strings[name - 1] || mo_btf_is_missing(btf, btf->strings + name - 1, 1));
}

/* Where the first record behind a gap begins; `end` if none is found. */
static uint64_t find_beginning(const struct mo_btf *btf, const struct mo_btf_layout *layout, uint64_t start, uint64_t end)
{
	uint64_t last = end - start > MAX_SEARCH_BYTES ? start + MAX_SEARCH_BYTES : end;

	for (uint64_t at = (start + 3) & ~3ull; at < last; at += 4) {
		uint64_t offset = at, n_bytes = 1;
		unsigned n = 0;

		while (n < TRIAL_RECORDS && n_bytes && mo_is_within(offset, MO_BTF_RECORD_BYTES, end) &&
		       is_plausible(btf, offset)) {
			n_bytes = record_bytes(btf, layout, offset, end);
			offset += n_bytes;
			n += n_bytes != 0;
		}
		/* The last one before a gap may reach into it. */
		if (n == TRIAL_RECORDS || (n > 2 && (!n_bytes || end - offset < MO_BTF_RECORD_BYTES)))
			return at;
	}
	return end;
}

static int compare_numbers(const void *left, const void *right)
{
	uint32_t a = *(const uint32_t *)left, b = *(const uint32_t *)right;

	return a < b ? -1 : a > b;
}

/* The number that most agree on; 0: too few, or too divided. */
static uint32_t winner(uint32_t *votes, size_t n_votes)
{
	uint32_t best = 0;
	size_t n_best = 0;

	qsort(votes, n_votes, sizeof(*votes), compare_numbers);
	for (size_t i = 0, n = 0; i < n_votes; i++) {
		n = i && votes[i] == votes[i - 1] ? n + 1 : 1;
		if (n > n_best) {
			n_best = n;
			best = votes[i];
		}
	}
	return n_best >= MIN_VOTES && n_best > n_votes / 2 ? best : 0;
}

/* The number of a segment's first record. Votes: a function right behind a prototype names its number. */
static struct mo_error *number_segment(const struct mo_btf *btf, const struct segment *segment, uint32_t *ret)
{
	MO_FREE uint32_t *votes = calloc(segment->offsets.count + 1, sizeof(*votes));
	size_t n_votes = 0;

	if (!votes)
		return mo_error_no_memory();
	for (size_t i = 1; i < segment->offsets.count; i++) {
		const uint8_t *record = btf->types + segment->offsets.items[i];
		const uint8_t *before = btf->types + segment->offsets.items[i - 1];
		uint32_t number = mo_btf_word(btf, record + 8);

		if (mo_btf_kind(mo_btf_word(btf, record + 4)) == MO_BTF_FUNC &&
		    mo_btf_kind(mo_btf_word(btf, before + 4)) == MO_BTF_FUNC_PROTO && number >= i)
			votes[n_votes++] = number - (uint32_t)(i - 1);
	}
	*ret = winner(votes, n_votes);
	return NULL;
}

/* Notes the records from offset on up to `end`, or to one that reaches further. */
static struct mo_error *read_segment(struct mo_btf *btf, const struct mo_btf_layout *layout, struct segment *segment)
{
	uint64_t offset = segment->start, n_bytes;

	while ((n_bytes = record_bytes(btf, layout, offset, segment->end)) != 0) {
		if (!mo_vector_append(&segment->offsets, (uint32_t)offset))
			return mo_error_no_memory();
		offset += n_bytes;
	}
	segment->start = offset;
	return NULL;
}

/* Gives the segment's records their numbers; those between are lost. */
static struct mo_error *place_segment(struct mo_btf *btf, const struct segment *segment, uint32_t first)
{
	uint32_t next = btf->source.first_id + btf->n_types;
	uint64_t behind = btf->n_types && btf->offsets.items[btf->n_types - 1] != MO_BTF_LOST ?
				  btf->offsets.items[btf->n_types - 1] : 0;

	/* No more can be lost than the bytes between would hold. */
	if (first < next || first - next > (segment->offsets.items[0] - behind) / MO_BTF_RECORD_BYTES)
		return NULL;
	for (; next < first; next++, btf->n_types++, btf->n_lost++)
		if (!mo_vector_append(&btf->offsets, MO_BTF_LOST))
			return mo_error_no_memory();
	for (size_t i = 0; i < segment->offsets.count; i++, btf->n_types++)
		if (!mo_vector_append(&btf->offsets, segment->offsets.items[i]))
			return mo_error_no_memory();
	btf->is_cut = false;
	return NULL;
}

/* Goes on behind gaps. is_cut stays set if the last records got no numbers: then it is not known how many there are. */
static struct mo_error *read_behind_gaps(struct mo_btf *btf, const struct mo_btf_layout *layout, uint64_t gap_end)
{
	struct mo_error *error = NULL;

	btf->is_cut = true;
	while (gap_end < btf->types_bytes && !error) {
		struct segment segment = { .start = gap_end };
		uint32_t first = 0;

		next_gap(btf, segment.start, &segment.end, &gap_end);
		segment.start = find_beginning(btf, layout, segment.start, segment.end);
		error = read_segment(btf, layout, &segment);
		if (!error && segment.offsets.count)
			error = number_segment(btf, &segment, &first);
		btf->is_cut = true;
		if (!error && first)
			error = place_segment(btf, &segment, first);
		mo_vector_deinit(&segment.offsets);
	}
	return error;
}

static struct mo_error *make_no_sense(const struct mo_btf *btf, uint64_t offset)
{
	uint32_t info;

	if (!mo_is_within(offset, MO_BTF_RECORD_BYTES, btf->types_bytes))
		return mo_error_create(MO_E_CORRUPT, "BTF is cut short within type %u", btf->source.first_id + btf->n_types);
	info = mo_btf_word(btf, btf->types + offset + 4);
	return mo_error_create(MO_E_CORRUPT, "BTF type %u of %u items does not fit into the types",
			       btf->source.first_id + btf->n_types, mo_btf_n_items(info));
}

/* Notes where the records begin. A kind whose length nobody tells ends the reading; what was read stays good. */
struct mo_error *mo_btf_find_records(struct mo_btf *btf, const struct mo_btf_layout *layout)
{
	uint64_t offset = 0, gap, gap_end, n_bytes;

	/* Records have about 24 bytes on average; growing from there costs little. */
	if (!mo_vector_reserve(&btf->offsets, (size_t)btf->types_bytes / 24 + 16))
		return mo_error_no_memory();
	next_gap(btf, 0, &gap, &gap_end);
	while ((n_bytes = record_bytes(btf, layout, offset, gap)) != 0) {
		if (!mo_vector_append(&btf->offsets, (uint32_t)offset))
			return mo_error_no_memory();
		btf->n_types++;
		offset += n_bytes;
	}
	if (gap < btf->types_bytes)
		return read_behind_gaps(btf, layout, gap_end);
	if (offset == btf->types_bytes)
		return NULL;
	if (mo_is_within(offset, MO_BTF_RECORD_BYTES, btf->types_bytes)) {
		btf->unknown_kind = mo_btf_kind(mo_btf_word(btf, btf->types + offset + 4));
		btf->is_cut = !layout->is_known[btf->unknown_kind];
	}
	return btf->is_cut ? NULL : make_no_sense(btf, offset);
}
