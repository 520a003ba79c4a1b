/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What `whatis` says of the page that an address lies in. */
#include <inttypes.h>
#include <stdio.h>

#include "whatis.h"

const char *page_presence(const struct whatis_state *state, uint64_t pfn)
{
	switch (mo_kernel_frame_presence(state->kernel, pfn)) {
	case MO_FRAME_PRESENT:
		return "in the dump";
	case MO_FRAME_EXCLUDED:
		return "excluded from the dump";
	default:
		return "no memory there according to the dump";
	}
}

/* The struct page that tells of the owner: the head's, for a tail page. */
static bool read_page(const struct whatis_run *whatis, uint64_t page_kva, enum mo_page_class class, struct mo_page_facts *ret)
{
	const struct mo_page_shape *shape = whatis->state->page_shape;
	struct mo_reader *reader = mo_run_reader(whatis->run);
	uint8_t page[2 * MO_PAGE_STRUCT_BYTES_MAX];
	struct mo_page_flag_names names;
	bool has_second;
	struct mo_error *error = mo_page_flag_names(whatis->state->kernel, &names);

	if (!error)
		error = mo_read(reader, page_kva, page, shape->struct_bytes);
	if (error) {
		mo_error_destroy(error);
		return false;
	}
	error = mo_read(reader, page_kva + shape->struct_bytes, page + shape->struct_bytes, shape->struct_bytes);
	has_second = !error;
	mo_error_destroy(error);
	mo_page_facts_of(shape, page_kva, class, page, has_second ? page + shape->struct_bytes : NULL, names.all, ret);
	return true;
}

static void put_struct_page(const struct whatis_run *whatis, const struct mo_place *place, uint64_t page_kva)
{
	const struct whatis_state *state = whatis->state;
	enum mo_page_class class = (enum mo_page_class)place->page_class;
	struct mo_page_flag_names names;
	struct mo_page_facts facts;
	struct mo_error *error;
	char text[640];

	if (!state->page_shape || !read_page(whatis, page_kva, class, &facts))
		return;
	if (facts.is_tail) {
		put_fact(whatis, "tail page", "head page at 0x%" PRIx64, facts.head_kva);
		page_kva = facts.head_kva;
		if (!read_page(whatis, page_kva, class, &facts))
			return;
	}
	error = mo_page_flag_names(state->kernel, &names);
	if (mo_error_destroy(error))
		return;
	mo_page_describe_flags(&names, state->page_shape, facts.flags, text, sizeof(text));
	put_fact(whatis, "flags", "%s; refcount %" PRId64 "%s", *text ? text : "none", facts.refcount,
		 facts.order ? ", compound" : "");
	mo_page_describe_owner(mo_run_reader(whatis->run), state->layout->page_names, class, page_kva, &facts, text, sizeof(text));
	if (*text)
		put_fact(whatis, "owner", "%s", text);
}

void put_page(const struct whatis_run *whatis, const struct mo_place *place)
{
	const struct whatis_state *state = whatis->state;
	const struct mo_page_class_info *class = state->mem_map ? &state->mem_map->classes[place->page_class] : NULL;
	uint64_t pa = place->pfn << state->page_shift | (whatis->address & (state->page_bytes - 1));
	uint64_t direct_kva = state->direct_map_kva + pa;
	uint64_t page_kva = 0;
	struct mo_error *error;
	bool has_page;

	error = state->memmap ? mo_pfn_to_page(state->memmap, place->pfn, &page_kva) :
				mo_error_create(MO_E_ABSENT, "no memory map");
	has_page = !mo_error_destroy(error);
	if (!has_page)
		put_fact(whatis, "page", "0x%" PRIx64 " (physical 0x%" PRIx64 "), without a struct page, %s", place->pfn, pa,
			 page_presence(state, place->pfn));
	else
		put_fact(whatis, "page", "0x%" PRIx64 " (physical 0x%" PRIx64 "), struct page at 0x%" PRIx64 ", %s", place->pfn,
			 pa, page_kva, page_presence(state, place->pfn));
	if (whatis->address >> state->page_shift != direct_kva >> state->page_shift)
		put_fact(whatis, "direct map", "same memory at 0x%" PRIx64, direct_kva);
	if (class)
		put_fact(whatis, "class", "%s: %s", class->name ? class->name : "?", class->title ? class->title : "?");
	if (has_page)
		put_struct_page(whatis, place, page_kva);
}
