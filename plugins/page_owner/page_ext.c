/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Where the records of pages lie: behind the struct page_ext of each, which of every section of memory stand in one
 * array (mm/page_ext.c); struct page_owner is at page_owner_ops.offset in it.
 */
#include "gathering.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define MAX_COMM_BYTES 16u

struct mo_error *read_key(const struct page_owner_state *state, const struct mo_address *key, bool *ret)
{
	int64_t enabled = 0;
	struct mo_error *error;

	if (!mo_has(key) || !mo_has(&state->layout->key_enabled)) {
		*ret = false;
		return NULL;
	}
	/* struct static_key_true and static_key_false begin with their struct static_key. */
	error = mo_read_field_signed(state->reader, &state->layout->key_enabled, key->kva, &enabled);
	if (error)
		return mo_error_prepend(error, "%s", key->name);
	*ret = enabled > 0;
	return NULL;
}

static bool fits(const struct mo_field *field, uint64_t bytes)
{
	return field->width_bytes && field->offset_bytes <= bytes && field->size_bytes <= bytes - field->offset_bytes;
}

static bool may_fit(const struct mo_field *field, uint64_t bytes)
{
	return !mo_has(field) || fits(field, bytes);
}

static bool is_owner_known(const struct page_owner_layout *layout)
{
	uint64_t bytes = mo_has(&layout->owner.size) ? layout->owner.size.bytes : 0;

	return bytes && mo_has(&layout->owner.order) && mo_has(&layout->owner.handle) && mo_has(&layout->owner.gfp_mask) &&
	       mo_has(&layout->ops_offset) && mo_has(&layout->ext_flags) &&
	       mo_has(&layout->flag_owner) && mo_has(&layout->flag_allocated) && layout->flag_owner.value >= 0 &&
	       layout->flag_owner.value < 32 && layout->flag_allocated.value >= 0 && layout->flag_allocated.value < 32 &&
	       fits(&layout->owner.order, bytes) && fits(&layout->owner.handle, bytes) && fits(&layout->owner.gfp_mask, bytes) &&
	       may_fit(&layout->owner.free_handle, bytes) && may_fit(&layout->owner.migrate_reason, bytes) &&
	       may_fit(&layout->owner.ns, bytes) && may_fit(&layout->owner.free_ns, bytes) &&
	       may_fit(&layout->owner.pid, bytes) && may_fit(&layout->owner.tgid, bytes);
}

static struct mo_error *find_owners(struct page_owner_state *state)
{
	const struct page_owner_layout *layout = state->layout;
	bool is_on = false;
	struct mo_error *error;

	state->model.state = MO_PAGE_OWNER_NOT_BUILT;
	if (!mo_has(&layout->owner_ops) || !mo_has(&layout->owner_inited))
		return NULL;
	state->model.state = MO_PAGE_OWNER_UNREADABLE;
	if (!is_owner_known(layout))
		return mo_error_create(MO_E_ABSENT, "struct page_owner or struct page_ext is not known");
	error = read_key(state, &layout->owner_inited, &is_on);
	if (error)
		return error;
	if (!is_on) {
		state->model.state = MO_PAGE_OWNER_OFF;
		return NULL;
	}
	error = mo_read_field(state->reader, &layout->ops_offset, layout->owner_ops.kva, &state->owner_offset);
	if (error)
		return mo_error_prepend(error, "page_owner_ops");
	if (!fits(&layout->ext_flags, state->ext_bytes) || state->owner_offset > state->ext_bytes ||
	    layout->owner.size.bytes > state->ext_bytes - state->owner_offset)
		return mo_error_create(MO_E_CORRUPT, "page_owner_ops.offset is %" PRIu64 " of page_ext_size %" PRIu64,
				       state->owner_offset, state->ext_bytes);
	state->model.state = MO_PAGE_OWNER_ON;
	state->has_owners = true;
	return NULL;
}

struct mo_error *find_records(struct page_owner_state *state)
{
	const struct mo_kernel_facts *facts = mo_kernel_facts(mo_run_kernel(state->run));
	struct mo_error *error;

	state->word_bytes = facts->pointer_bytes;
	state->is_big_endian = facts->is_big_endian;
	error = mo_trouble_or_end(&state->broken_setup, mo_page_ext_bytes(state->reader, &state->ext_bytes));
	if (!error)
		error = mo_trouble_or_end(&state->broken_setup, find_owners(state));
	if (!error)
		error = mo_trouble_or_end(&state->broken_setup, find_page_tags(state));
	if (!error && (state->has_owners || state->has_tag_refs || state->has_tag_indexes))
		error = mo_trouble_or_end(&state->broken_setup, mo_memmap(state->reader, &state->memmap));
	if (!error && state->memmap && !state->memmap->section_pages && (state->has_owners || state->has_tag_refs))
		mo_trouble_note(&state->broken_setup,
			     mo_error_create(MO_E_UNSUPPORTED, "struct page_ext with FLATMEM (node_page_ext) is not "
							       "supported"));
	if (!error && state->has_owners && (!state->memmap || !state->memmap->section_pages)) {
		state->model.state = MO_PAGE_OWNER_UNREADABLE;
		state->has_owners = false;
	}
	return error;
}

const struct mo_memmap_section *section_of(const struct mo_memmap *memmap, uint64_t pfn)
{
	size_t low = 0;
	size_t high = memmap ? memmap->n_sections : 0;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		const struct mo_memmap_section *section = &memmap->sections[middle];

		if (pfn < section->first_pfn)
			high = middle;
		else if (pfn - section->first_pfn >= memmap->section_pages)
			low = middle + 1;
		else
			return section;
	}
	return NULL;
}

#define MAX_FREE_ORDER 20u

bool is_free_after_all(const struct page_owner_state *state, struct mo_reader *reader, uint64_t pfn)
{
	const struct mo_page_shape *shape = state->layout->page;

	if (!shape)
		return false;
	for (unsigned order = 0; order <= MAX_FREE_ORDER; order++) {
		uint64_t head_pfn = pfn & ~((1ull << order) - 1);
		uint64_t page_kva = 0;
		uint64_t type = 0;
		uint64_t head_order = 0;
		struct mo_error *error;

		if (order && head_pfn == (pfn & ~((1ull << (order - 1)) - 1)))
			continue; /* it was looked at */
		error = mo_pfn_to_page(state->memmap, head_pfn, &page_kva);
		if (!error)
			error = mo_read_field(reader, &shape->field.page_type, page_kva, &type);
		if (!error && mo_page_has_type(shape->types[MO_PAGE_TYPE_BUDDY], (uint32_t)type))
			error = mo_read_field(reader, &shape->field.private_, page_kva, &head_order);
		if (!error && mo_page_has_type(shape->types[MO_PAGE_TYPE_BUDDY], (uint32_t)type) && head_order <= MAX_FREE_ORDER &&
		    pfn - head_pfn < 1ull << head_order)
			return true;
		if (error) { /* no struct page: a block does not begin there */
			mo_error_destroy(error);
			return false;
		}
	}
	return false;
}

static void decode_process(const struct page_owner_layout *layout, const uint8_t *owner, struct mo_page_owner_record *record)
{
	if (mo_has(&layout->owner.free_ns))
		record->freed_ns = mo_get(&layout->owner.free_ns, owner);
	if (!mo_has(&layout->owner.pid) || !mo_has(&layout->owner.tgid) || !mo_has(&layout->owner.comm) ||
	    !mo_has(&layout->owner.ns) || layout->owner.comm.offset_bytes > layout->owner.size.bytes ||
	    layout->owner.size.bytes - layout->owner.comm.offset_bytes < MAX_COMM_BYTES)
		return;
	record->has_process = true;
	record->pid = (int32_t)mo_get_signed(&layout->owner.pid, owner);
	record->tgid = (int32_t)mo_get_signed(&layout->owner.tgid, owner);
	record->allocated_ns = mo_get(&layout->owner.ns, owner);
	memcpy(record->comm, owner + layout->owner.comm.offset_bytes, sizeof(record->comm) - 1);
}

static void decode_owner(const struct page_owner_state *state, struct mo_reader *reader, const uint8_t *ext,
			 struct mo_page_owner_record *record)
{
	const struct page_owner_layout *layout = state->layout;
	const uint8_t *owner = ext + state->owner_offset;

	record->is_recorded = has_ext_flag(state, ext, &layout->flag_owner);
	if (!record->is_recorded)
		return;
	record->is_allocated = has_ext_flag(state, ext, &layout->flag_allocated);
	record->order = (uint16_t)mo_get(&layout->owner.order, owner);
	if (record->order < 64)
		record->head_pfn = record->pfn & ~((1ull << record->order) - 1);
	record->gfp_mask = (uint32_t)mo_get(&layout->owner.gfp_mask, owner);
	if (record->is_allocated && may_be_free(record->order, record->gfp_mask))
		record->is_allocated = !is_free_after_all(state, reader, record->pfn);
	record->handle = (uint32_t)mo_get(&layout->owner.handle, owner);
	record->stack = stack_of_handle(&state->model, record->handle);
	if (mo_has(&layout->owner.free_handle))
		record->free_handle = (uint32_t)mo_get(&layout->owner.free_handle, owner);
	if (mo_has(&layout->owner.migrate_reason))
		record->migrate_reason = (int16_t)mo_get_signed(&layout->owner.migrate_reason, owner);
	decode_process(layout, owner, record);
}

/* The site in page->flags of a page. */
static struct mo_error *site_of_page(const struct page_owner_state *state, struct mo_reader *reader, uint64_t pfn, size_t *ret)
{
	uint64_t page_kva = 0;
	uint64_t flags = 0;
	struct mo_error *error = mo_pfn_to_page(state->memmap, pfn, &page_kva);

	if (!error)
		error = mo_read_field(reader, &state->layout->page->field.flags, page_kva, &flags);
	if (!error)
		*ret = site_of_page_flags(state, flags);
	return error;
}

struct mo_error *find_record(const struct mo_page_owner_model *model, struct mo_reader *reader, uint64_t pfn,
			     struct mo_page_owner_record *ret)
{
	/* The model is the first member of its state. */
	const struct page_owner_state *state = (const struct page_owner_state *)model;
	const struct mo_memmap_section *section = section_of(state->memmap, pfn);
	struct mo_page_owner_record record = { .pfn = pfn, .head_pfn = pfn, .migrate_reason = -1 };
	size_t site = state->n_sites;
	uint8_t ext[MO_PAGE_EXT_BYTES_MAX];
	struct mo_error *error = NULL;

	if (section && section->page_ext_kva && !(section->page_ext_kva & 1) && (state->has_owners || state->has_tag_refs)) {
		error = mo_read(reader, page_ext_kva(state, section, pfn), ext, (size_t)state->ext_bytes);
		if (error)
			return mo_error_prepend(error, "cannot read the struct page_ext of page frame 0x%" PRIx64, pfn);
		if (state->has_owners)
			decode_owner(state, reader, ext, &record);
		if (state->has_tag_refs)
			site = site_of_ext(state, ext);
	}
	if (state->has_tag_indexes && state->memmap)
		error = site_of_page(state, reader, pfn, &site);
	if (error)
		return error;
	if (!record.is_recorded && site >= state->n_sites)
		return mo_error_create(MO_E_ABSENT, "nothing is recorded for page frame 0x%" PRIx64, pfn);
	record.site = site < state->n_sites ? &state->sites[site] : NULL;
	*ret = record;
	return NULL;
}
