/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The kernel log: picks the format of its buffer, and counts records that cannot be read. */

#include "printk_log.h"

#include "cleanup.h"

#define OFFSET_MAX (1 << 20)

void mo_vmcoreinfo_bind_field(struct mo_kernel *kernel, struct mo_field *field, const char *outer_key,
			      const char *key, unsigned width_bytes)
{
	int64_t outer = 0;
	int64_t offset = 0;
	MO_DROP_ERROR struct mo_error *no_outer = NULL;
	MO_DROP_ERROR struct mo_error *no_offset = NULL;

	if (mo_has(field))
		return;
	if (outer_key)
		no_outer = mo_kernel_vmcoreinfo_number(kernel, outer_key, &outer);
	no_offset = mo_kernel_vmcoreinfo_number(kernel, key, &offset);
	if (no_outer || no_offset || outer < 0 || outer > OFFSET_MAX || offset < 0 || offset > OFFSET_MAX)
		return;
	*field = (struct mo_field){
		.name = key,
		.offset_bytes = (uint64_t)(outer + offset),
		.size_bytes = width_bytes,
		.element_bytes = width_bytes,
		.n_elements = 1,
		.width_bytes = (uint8_t)width_bytes,
		.is_big_endian = mo_kernel_facts(kernel)->is_big_endian,
		.is_bound = true,
	};
}

void mo_vmcoreinfo_bind_size(struct mo_kernel *kernel, struct mo_size *size, const char *key)
{
	int64_t bytes = 0;
	MO_DROP_ERROR struct mo_error *error = NULL;

	if (mo_has(size))
		return;
	error = mo_kernel_vmcoreinfo_number(kernel, key, &bytes);
	if (!error && bytes > 0 && bytes <= OFFSET_MAX)
		*size = (struct mo_size){ .name = key, .bytes = (uint64_t)bytes, .is_bound = true };
}

void mo_vmcoreinfo_bind_address(struct mo_kernel *kernel, struct mo_address *address, const char *name)
{
	char key[64];
	int64_t kva = 0;
	MO_DROP_ERROR struct mo_error *error = NULL;

	if (mo_has(address))
		return;
	snprintf(key, sizeof(key), "SYMBOL(%s)", name);
	error = mo_kernel_vmcoreinfo_number(kernel, key, &kva);
	if (!error && kva)
		*address = (struct mo_address){ .name = name, .kva = (uint64_t)kva, .is_bound = true };
}

void mo_log_skip(struct mo_log *log, struct mo_error *why)
{
	log->n_skipped++;
	mo_error_destroy(log->why);
	log->why = why;
}

struct mo_error *mo_log_array_get(struct mo_reader *reader, struct mo_log_array *array, uint64_t item, const uint8_t **ret)
{
	uint64_t n_items = MO_LOG_ARRAY_BYTES / array->item_bytes;
	struct mo_error *error;

	if (item - array->first_item >= array->n_loaded) {
		if (n_items > array->n_items - item)
			n_items = array->n_items - item;
		array->n_loaded = 0;
		error = mo_read(reader, array->base_kva + item * array->item_bytes, array->bytes,
				n_items * array->item_bytes);
		if (error && n_items > 1) {
			mo_error_destroy(error);
			n_items = 1;
			error = mo_read(reader, array->base_kva + item * array->item_bytes, array->bytes, array->item_bytes);
		}
		if (error)
			return error;
		array->first_item = item;
		array->n_loaded = n_items;
	}
	*ret = array->bytes + (item - array->first_item) * array->item_bytes;
	return NULL;
}

/* Of a session on a text, the text; of a dump, what its kernel has. */
static struct mo_error *open_any(struct mo_log *log)
{
	struct mo_error *error = mo_log_open_text(log);
	struct mo_error *no_ring;

	if (!error || !mo_error_catch(&error, MO_E_ABSENT))
		return error;
	no_ring = mo_log_open_ring(log);

	if (!no_ring || mo_error_code(no_ring) != MO_E_ABSENT)
		return no_ring;
	error = mo_log_open_records(log);
	if (error && mo_error_code(error) == MO_E_ABSENT)
		error = mo_error_prepend(error, "the kernel log is neither a lockless ring (%s) nor one of records",
					 mo_error_text(no_ring));
	mo_error_destroy(no_ring);
	return error;
}

struct mo_error *mo_log_open(struct mo_reader *reader, struct mo_log **ret)
{
	struct mo_log *log = calloc(1, sizeof(*log));
	struct mo_error *error = NULL;

	if (!log)
		return mo_error_no_memory();
	log->reader = reader;
	log->text = malloc(MO_LOG_TEXT_BYTES);
	log->descs.bytes = malloc(MO_LOG_ARRAY_BYTES);
	log->infos.bytes = malloc(MO_LOG_ARRAY_BYTES);
	if (!log->text || !log->descs.bytes || !log->infos.bytes)
		error = mo_error_no_memory();
	if (!error)
		error = mo_error_prepend(open_any(log), "cannot read the kernel log");
	if (error) {
		mo_log_close(log);
		return error;
	}
	*ret = log;
	return NULL;
}

void mo_log_close(struct mo_log *log)
{
	if (!log)
		return;
	if (log->close)
		log->close(log);
	free(log->text);
	free(log->descs.bytes);
	free(log->infos.bytes);
	mo_error_destroy(log->why);
	free(log);
}

bool mo_log_next(struct mo_log *log, struct mo_log_record *ret)
{
	*ret = (struct mo_log_record){ .sequence = 0 };
	return log->next(log, ret);
}

uint64_t mo_log_skipped(const struct mo_log *log, const char **why)
{
	if (log->lost)
		return log->lost(log, why);
	if (why)
		*why = log->why ? mo_error_text(log->why) : NULL;
	return log->n_skipped;
}
