/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* From symbols in any order to the sorted, indexed arrays of a part. */

#include "symbol_table.h"

#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "text.h"

/* Two neighbours farther apart are not one object: the kernel's largest ones are some ten megabytes. */
#define MAX_DISTANCE_BYTES (UINT64_C(64) << 20)

#define MAX_SYMBOLS ((size_t)1 << 31)

void mo_symbol_builder_deinit(struct mo_symbol_builder *builder)
{
	mo_vector_deinit(&builder->records);
	mo_vector_deinit(&builder->hashes);
	mo_vector_deinit(&builder->names);
}

struct mo_error *mo_symbol_builder_reserve(struct mo_symbol_builder *builder, size_t n_symbols, size_t n_names_bytes)
{
	if (!mo_vector_reserve(&builder->records, n_symbols) || !mo_vector_reserve(&builder->hashes, n_symbols) ||
	    !mo_vector_reserve(&builder->names, n_names_bytes))
		return mo_error_no_memory();
	return NULL;
}

static bool is_plain(const char *name, size_t n_bytes)
{
	bool is_odd = false;

	for (size_t i = 0; i < n_bytes; i++)
		is_odd |= (uint8_t)(name[i] - 0x20) >= 0x5f; /* control characters, DEL and all above */
	return !is_odd;
}

static struct mo_error *append_name(struct mo_symbol_builder *builder, char type, const char *name, size_t n_bytes)
{
	size_t start = builder->names.count;

	if (!mo_vector_reserve(&builder->names, start + n_bytes + 2))
		return mo_error_no_memory();
	builder->names.items[start] = type;
	memcpy(builder->names.items + start + 1, name, n_bytes);
	builder->names.items[start + 1 + n_bytes] = '\0';
	builder->names.count = start + n_bytes + 2;
	return NULL;
}

struct mo_error *mo_symbol_builder_add(struct mo_symbol_builder *builder, const char *name, size_t n_bytes, char type,
				       uint64_t value, uint64_t size_bytes, unsigned flags)
{
	MO_CLEANUP(mo_cleanup_text) struct mo_text visible = MO_TEXT_EMPTY;
	size_t start;

	if (!is_plain(name, n_bytes)) {
		mo_text_append_visible(&visible, name, n_bytes, MO_ONE_LINE);
		if (mo_text_failed(&visible))
			return mo_error_no_memory();
		name = mo_text_chars(&visible);
		n_bytes = visible.length;
	}
	if (builder->names.count == 0)
		MO_TRY(append_name(builder, '?', "", 0)); /* so that 0 is no one's name */
	start = builder->names.count;
	if (builder->records.count >= MAX_SYMBOLS || n_bytes >= UINT32_MAX - 2 || start > UINT32_MAX - 2 - n_bytes)
		return mo_error_create(MO_E_LIMIT, "too many symbols (%zu)", builder->records.count);
	MO_TRY(append_name(builder, is_plain(&type, 1) ? type : '?', name, n_bytes));
	if (!mo_vector_append(&builder->hashes, mo_name_hash(name, n_bytes)) ||
	    !mo_vector_append(&builder->records, (struct mo_symbol_record){
							 .value = value,
							 .size_bytes = size_bytes,
							 .name = (uint32_t)start,
							 .parent = flags & MO_SYMBOL_FIXED,
						 }))
		return mo_error_no_memory();
	return NULL;
}

struct sort_key {
	uint64_t value;
	uint32_t number;
};

#define DIGIT_BITS 11
#define N_DIGITS (1u << DIGIT_BITS)

/* One stable pass by one digit. Returns false, having done nothing, if all keys have the same. */
static bool sort_by_digit(const struct sort_key *from, struct sort_key *to, size_t n_keys, unsigned shift)
{
	uint32_t starts[N_DIGITS] = { 0 };
	uint32_t sum = 0;

	for (size_t i = 0; i < n_keys; i++)
		starts[(from[i].value >> shift) & (N_DIGITS - 1)]++;
	if (starts[(from[0].value >> shift) & (N_DIGITS - 1)] == n_keys)
		return false;
	for (unsigned digit = 0; digit < N_DIGITS; digit++) {
		uint32_t count = starts[digit];

		starts[digit] = sum;
		sum += count;
	}
	for (size_t i = 0; i < n_keys; i++)
		to[starts[(from[i].value >> shift) & (N_DIGITS - 1)]++] = from[i];
	return true;
}

/* Radix sort: a comparison sort of 200,000 symbols takes longer than all the rest. *keys may be swapped. */
static struct mo_error *sort_keys(struct sort_key **keys, size_t n_keys)
{
	struct sort_key *spare;
	bool is_sorted = true;

	for (size_t i = 1; i < n_keys && is_sorted; i++)
		is_sorted = (*keys)[i - 1].value <= (*keys)[i].value;
	if (is_sorted)
		return NULL;
	spare = reallocarray(NULL, n_keys, sizeof(*spare));
	if (!spare)
		return mo_error_no_memory();
	for (unsigned shift = 0; shift < 64; shift += DIGIT_BITS) {
		if (sort_by_digit(*keys, spare, n_keys, shift)) {
			struct sort_key *sorted = spare;

			spare = *keys;
			*keys = sorted;
		}
	}
	free(spare);
	return NULL;
}

/* Copies the records of one kind with values in [first_value, last_value] in sorted order; returns how many. */
static size_t take_kind(const struct mo_symbol_builder *builder, const struct sort_key *keys, bool is_fixed,
			uint64_t first_value, uint64_t last_value, struct mo_symbol_record *to, uint64_t *hashes)
{
	size_t n_taken = 0;

	for (size_t i = 0; i < builder->records.count; i++) {
		const struct mo_symbol_record *record = &builder->records.items[keys[i].number];

		if ((record->parent != 0) != is_fixed || record->value < first_value || record->value > last_value)
			continue;
		to[n_taken] = *record;
		to[n_taken].parent = 0;
		hashes[n_taken++] = builder->hashes.items[keys[i].number];
	}
	return n_taken;
}

/* From the last to the first: the next higher address is at hand. */
static void set_distances(struct mo_symbol_record *records, size_t n_records)
{
	uint64_t next = 0;         /* value of the nearest record above with another value */
	bool is_unknown = false;   /* what lies between this value and the next is not known */

	for (size_t i = n_records; i-- > 0;) {
		bool is_other = i + 1 == n_records || records[i + 1].value != records[i].value;

		if (is_other && i + 1 < n_records)
			next = records[i + 1].value;
		is_unknown = (is_unknown && !is_other) || records[i].size_bytes == MO_SIZE_UNKNOWN;
		records[i].size_bytes = next > records[i].value && !is_unknown ? next - records[i].value : 0;
		if (records[i].size_bytes > MAX_DISTANCE_BYTES)
			records[i].size_bytes = 0;
	}
}

static bool reaches(const struct mo_symbol_record *record, uint64_t value)
{
	return value - record->value < record->size_bytes;
}

/*
 * Keeps the stack of symbols still open while going up: the parent chain of a record is the stack as it was there.
 * number_base is the number of the slice's first record in its part.
 */
static void set_parents(struct mo_symbol_record *records, size_t n_records, size_t number_base)
{
	uint32_t top = 0; /* number + 1, within the slice */

	for (size_t i = 0; i < n_records; i++) {
		while (top && !reaches(&records[top - 1], records[i].value))
			top = records[top - 1].parent;
		records[i].parent = top;
		top = (uint32_t)i + 1;
	}
	for (size_t i = 0; i < n_records && number_base; i++)
		if (records[i].parent)
			records[i].parent += (uint32_t)number_base;
}

/* Slots are hit at random: asking for them some steps ahead saves waiting. A wrong guess of the slot is harmless. */
static struct mo_error *index_names(struct mo_name_index *index, const uint64_t *hashes, size_t n_names)
{
	enum { AHEAD = 16 };

	MO_TRY(mo_name_index_reserve(index, n_names));
	for (size_t i = 0; i < n_names; i++) {
		if (i + AHEAD < n_names)
			__builtin_prefetch(&index->slots[hashes[i + AHEAD] & (index->n_slots - 1)], 1);
		MO_TRY(mo_name_index_add(index, hashes[i], (uint32_t)i));
	}
	return NULL;
}

static struct mo_error *arrange(struct mo_symbol_builder *builder, const struct sort_key *keys,
				struct mo_symbol_record *records, uint64_t *hashes, struct mo_symbol_part *part)
{
	uint64_t lowest = UINT64_MAX; /* address */
	size_t n_low = 0, n_fixed = 0, n_addresses;

	for (size_t i = 0; i < builder->records.count; i++) {
		if (builder->records.items[i].parent)
			n_fixed++;
		else if (builder->records.items[i].value < lowest)
			lowest = builder->records.items[i].value;
	}
	if (n_fixed && lowest)
		n_low = take_kind(builder, keys, true, 0, lowest - 1, records, hashes);
	n_addresses = take_kind(builder, keys, false, 0, UINT64_MAX, records + n_low, hashes + n_low);
	if (n_fixed > n_low)
		take_kind(builder, keys, true, lowest, UINT64_MAX, records + n_low + n_addresses,
			  hashes + n_low + n_addresses);
	MO_TRY(index_names(&part->index, hashes, builder->records.count));
	part->n_low = n_low;
	part->n_addresses = n_addresses;
	return NULL;
}

/* Addresses only, and sorted: what kallsyms of the kernel gives. */
static bool is_arranged(const struct mo_symbol_builder *builder)
{
	for (size_t i = 0; i < builder->records.count; i++) {
		const struct mo_symbol_record *record = &builder->records.items[i];

		if (record->parent || (i && record[-1].value > record->value))
			return false;
	}
	return true;
}

/* No copy of a quarter of a million symbols where they already lie as they should. */
static struct mo_error *take_arranged(struct mo_symbol_builder *builder, struct mo_symbol_record **records,
				      struct mo_symbol_part *part)
{
	MO_TRY(index_names(&part->index, builder->hashes.items, builder->records.count));
	part->n_addresses = builder->records.count;
	*records = builder->records.items;
	builder->records.items = NULL;
	return NULL;
}

static struct mo_error *sort(struct mo_symbol_builder *builder, struct mo_symbol_record **ret, struct mo_symbol_part *part)
{
	size_t n_records = builder->records.count;
	MO_FREE struct sort_key *keys = calloc(n_records + 1, sizeof(*keys));
	MO_FREE struct mo_symbol_record *records = calloc(n_records + 1, sizeof(*records));
	MO_FREE uint64_t *hashes = calloc(n_records + 1, sizeof(*hashes));

	if (!keys || !records || !hashes)
		return mo_error_no_memory();
	for (size_t i = 0; i < n_records; i++)
		keys[i] = (struct sort_key){ .value = builder->records.items[i].value, .number = (uint32_t)i };
	MO_TRY(sort_keys(&keys, n_records));
	MO_TRY(arrange(builder, keys, records, hashes, part));
	*ret = mo_take(records);
	return NULL;
}

static struct mo_error *finish(struct mo_symbol_builder *builder, enum mo_symbol_sizes sizes,
			       struct mo_symbol_part *part)
{
	size_t n_records = builder->records.count;
	struct mo_symbol_record *records = NULL;
	size_t above;

	if (n_records && is_arranged(builder))
		MO_TRY(take_arranged(builder, &records, part));
	else
		MO_TRY(sort(builder, &records, part));
	above = part->n_low + part->n_addresses;
	if (sizes == MO_SIZES_BY_DISTANCE)
		set_distances(records, n_records);
	set_parents(records, part->n_low, 0);
	set_parents(records + part->n_low, part->n_addresses, part->n_low);
	set_parents(records + above, n_records - above, above);
	part->records = records;
	part->n_records = n_records;
	return NULL;
}

struct mo_error *mo_symbol_builder_finish(struct mo_symbol_builder *builder, enum mo_symbol_sizes sizes,
					  struct mo_symbol_part *ret)
{
	struct mo_symbol_part part = { .module = NULL };
	struct mo_error *error = NULL;

	if (builder->names.count == 0)
		error = append_name(builder, '?', "", 0);
	if (!error)
		error = finish(builder, sizes, &part);
	if (error) {
		mo_name_index_deinit(&part.index);
		mo_symbol_builder_deinit(builder);
		return error;
	}
	part.names = builder->names.items;
	part.n_names_bytes = builder->names.count;
	builder->names.items = NULL;
	mo_symbol_builder_deinit(builder);
	*ret = part;
	return NULL;
}
