/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One struct page out of the dump, with its head; and how large the records beside struct pages are. */
#include <memopsy/page.h>

#include <inttypes.h>

#include "mm_layouts.h"

struct mo_error *mo_page_read(struct mo_reader *reader, const struct mo_page_shape *shape, uint64_t page_kva, uint8_t *bytes,
			      uint64_t *head_kva)
{
	uint8_t second[MO_PAGE_STRUCT_BYTES_MAX];
	bool has_second = false;
	struct mo_error *error = mo_read(reader, page_kva, bytes, shape->struct_bytes);

	if (error)
		return error;
	if (!mo_page_is_tail(shape, bytes, false) &&
	    mo_page_may_be_fake_head(shape, page_kva, mo_page_word(shape, bytes, shape->at.flags, false))) {
		error = mo_read(reader, page_kva + shape->struct_bytes, second, shape->struct_bytes);
		has_second = !error;
		mo_error_destroy(error);
	}
	*head_kva = mo_page_head_kva(shape, page_kva, bytes, has_second ? second : NULL);
	return NULL;
}

struct page_ext_layout {
	struct mo_address size;
};

static const struct mo_need rows[] = {
	MO_ADDRESS(struct page_ext_layout, size, "page_ext_size", .is_optional = true,
		   .why = "mm/page_ext.c: CONFIG_PAGE_EXTENSION"),
};

const struct mo_layout_table mo_page_ext_table = {
	.id = MO_LAYOUT_PAGE_EXT,
	.layout_bytes = sizeof(struct page_ext_layout),
	.needs = rows,
	.n_needs = MO_N_ROWS(rows),
};

struct mo_error *mo_page_ext_bytes(struct mo_reader *reader, uint64_t *ret)
{
	const struct page_ext_layout *layout;
	const void *bound = NULL;
	uint64_t n_bytes = 0;
	struct mo_error *error = mo_kernel_layout_from(mo_reader_kernel(reader), &mo_page_ext_table, &bound);

	if (error)
		return error;
	layout = bound;
	if (mo_has(&layout->size))
		error = mo_read_pointer(reader, layout->size.kva, &n_bytes);
	if (error)
		return mo_error_prepend(error, "page_ext_size");
	if (n_bytes > MO_PAGE_EXT_BYTES_MAX || n_bytes % 4)
		return mo_error_create(MO_E_CORRUPT, "page_ext_size is %" PRIu64, n_bytes);
	*ret = n_bytes;
	return NULL;
}
