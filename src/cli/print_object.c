/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reads the object that `print` shows, page by page. */
#include "print_object.h"

#include <stdlib.h>

#include "bytes.h"
#include "cleanup.h"

#define MAX_OBJECT_BYTES (64u << 20)

static void read_pages(struct mo_reader *reader, struct mo_print_object *object)
{
	uint64_t page_bytes = 1ull << object->page_shift;
	size_t done = 0;

	for (size_t page = 0; page < object->n_pages; page++) {
		uint64_t kva = object->kva + done;
		uint64_t to_page_end = page_bytes - (kva & (page_bytes - 1));
		size_t left = object->n_bytes - done;
		size_t n = left < to_page_end ? left : (size_t)to_page_end;
		struct mo_error *error = mo_read(reader, kva, object->bytes + done, n);

		object->is_unreadable[page] = error != NULL;
		if (object->error)
			mo_error_destroy(error);
		else
			object->error = error;
		done += n;
	}
}

struct mo_error *mo_print_object_read(struct mo_reader *reader, uint64_t kva, uint64_t n_bytes,
				      struct mo_print_object *ret)
{
	struct mo_print_object object = { .kva = kva };
	uint64_t in_page;

	object.page_shift = mo_kernel_facts(mo_reader_kernel(reader))->page_shift;
	in_page = kva & ((1ull << object.page_shift) - 1);
	if (n_bytes > MAX_OBJECT_BYTES)
		return mo_error_create(MO_E_LIMIT, "the type is %llu bytes", (unsigned long long)n_bytes);
	if (n_bytes && kva > UINT64_MAX - (n_bytes - 1))
		return mo_error_create(MO_E_INVALID, "no object of %llu bytes is at 0x%llx",
				       (unsigned long long)n_bytes, (unsigned long long)kva);
	object.n_bytes = (size_t)n_bytes;
	object.n_pages = (size_t)((in_page + n_bytes + (1ull << object.page_shift) - 1) >> object.page_shift);
	object.bytes = calloc(object.n_bytes + 1, 1);
	object.is_unreadable = calloc(object.n_pages + 1, sizeof(*object.is_unreadable));
	if (!object.bytes || !object.is_unreadable) {
		mo_print_object_deinit(&object);
		return mo_error_no_memory();
	}
	read_pages(reader, &object);
	*ret = object;
	return NULL;
}

void mo_print_object_deinit(struct mo_print_object *object)
{
	free(object->bytes);
	free(object->is_unreadable);
	mo_error_destroy(object->error);
	*object = (struct mo_print_object){ .bytes = NULL };
}

const uint8_t *mo_print_object_at(const struct mo_print_object *object, uint64_t offset_bytes, uint64_t n_bytes)
{
	uint64_t in_page = object->kva & ((1ull << object->page_shift) - 1);

	if (!mo_is_within(offset_bytes, n_bytes, object->n_bytes))
		return NULL;
	for (uint64_t page = (in_page + offset_bytes) >> object->page_shift;
	     n_bytes && page <= (in_page + offset_bytes + n_bytes - 1) >> object->page_shift; page++)
		if (object->is_unreadable[page])
			return NULL;
	return object->bytes + offset_bytes;
}
