/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reading bound fields straight from the kernel's memory. */
#include <memopsy/layout.h>

#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

#include "cleanup.h"

void mo_field_misfit(const struct mo_field *field)
{
	/* No clean-up: other threads may be at work. */
	(void)fprintf(stderr, "memopsy: %s is no number in this dump's types: they are damaged, or of an unknown kernel\n",
		      field->name ? field->name : "a field");
	_exit(3);
}

struct mo_error *mo_read_element(struct mo_reader *reader, const struct mo_field *field, uint64_t object_kva,
				 uint64_t index, uint64_t *ret)
{
	uint8_t raw[8];
	struct mo_field at_zero = *field;
	uint64_t kva;

	if (!field->is_bound || !field->width_bytes || (field->n_elements && index >= field->n_elements))
		return mo_error_create(MO_E_INVALID, "%s[%" PRIu64 "] cannot be read as a number",
				       field->name ? field->name : "an unbound field", index);
	kva = mo_element_kva(field, object_kva, index);
	MO_TRY(mo_error_prepend(mo_read(reader, kva, raw, field->width_bytes), "cannot read %s of the object at 0x%" PRIx64,
				field->name, object_kva));
	at_zero.offset_bytes = 0;
	*ret = mo_get(&at_zero, raw);
	return NULL;
}

struct mo_error *mo_read_field(struct mo_reader *reader, const struct mo_field *field, uint64_t object_kva, uint64_t *ret)
{
	return mo_read_element(reader, field, object_kva, 0, ret);
}

struct mo_error *mo_read_field_signed(struct mo_reader *reader, const struct mo_field *field, uint64_t object_kva,
				      int64_t *ret)
{
	uint64_t value;

	MO_TRY(mo_read_element(reader, field, object_kva, 0, &value));
	*ret = mo_sign_(field, value);
	return NULL;
}

struct mo_error *mo_read_field_string(struct mo_reader *reader, const struct mo_field *field, uint64_t object_kva,
				      char *buffer, size_t buffer_bytes)
{
	uint64_t string_kva;
	size_t n_bytes = buffer_bytes;

	if (!field->is_bound || !buffer_bytes)
		return mo_error_create(MO_E_INVALID, "%s cannot be read as a string",
				       field->name ? field->name : "an unbound field");
	if (field->element_bytes == 1) {
		/* A char array need not be terminated. */
		if (field->size_bytes && field->size_bytes < n_bytes)
			n_bytes = (size_t)field->size_bytes + 1;
		string_kva = mo_field_kva(field, object_kva);
	} else {
		MO_TRY(mo_read_field(reader, field, object_kva, &string_kva));
	}
	return mo_error_prepend(mo_read_string(reader, string_kva, buffer, n_bytes, NULL),
				"cannot read %s of the object at 0x%" PRIx64, field->name, object_kva);
}
