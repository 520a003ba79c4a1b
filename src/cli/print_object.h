/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MO_PRINT_OBJECT_H
#define MO_PRINT_OBJECT_H

/* An object of the kernel's memory, read once, with the pages of it that could not be read marked. */

#include "command.h"

struct mo_print_object {
	uint64_t kva;
	size_t n_bytes;
	uint8_t *bytes;            /* zero where unreadable */
	bool *is_unreadable;       /* per page, counted from the page of the first byte */
	size_t n_pages;
	unsigned page_shift;
	struct mo_error *error;    /* of the first page that could not be read; NULL: all could */
};

/* Only memory is an error, or a size that no object has (more than 64 MiB). */
struct mo_error *mo_print_object_read(struct mo_reader *reader, uint64_t kva, uint64_t n_bytes,
				      struct mo_print_object *ret) MO_MUST_USE;
void mo_print_object_deinit(struct mo_print_object *object);

/* The bytes at an offset; NULL: not all of them are in the object and readable. */
const uint8_t *mo_print_object_at(const struct mo_print_object *object, uint64_t offset_bytes, uint64_t n_bytes);

#endif
