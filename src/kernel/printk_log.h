/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MO_PRINTK_LOG_H
#define MO_PRINTK_LOG_H

/* The two forms of the kernel log behind include/memopsy/printk.h: printk_ring.c and printk_records.c. */

#include <memopsy/printk.h>

#include "kernel_layouts.h"

/* An array in the dump, read some items at a time; an item that lies beside an unreadable page can still be had. */
struct mo_log_array {
	uint64_t base_kva;
	uint64_t item_bytes;
	uint64_t n_items;
	uint64_t first_item;  /* of those in bytes */
	uint64_t n_loaded;
	uint8_t *bytes;       /* MO_LOG_ARRAY_BYTES */
};
#define MO_LOG_ARRAY_BYTES 16384u

#define MO_LOG_TEXT_BYTES 65536u /* a record's length is a 16-bit number */

struct mo_log {
	struct mo_reader *reader;
	struct mo_text_log *lines;  /* of a text; all else is of a dump */
	size_t shape_index;         /* of a log found by its shape: the next record */
	bool (*next)(struct mo_log *log, struct mo_log_record *ret);
	uint64_t (*lost)(const struct mo_log *log, const char **why); /* NULL: n_skipped and why */
	void (*close)(struct mo_log *log);                            /* NULL: nothing but this is to be freed */
	char *text;            /* MO_LOG_TEXT_BYTES: of the record handed out last */
	uint64_t n_skipped;
	struct mo_error *why;  /* the last of them */

	/* The ring. */
	const struct mo_log_ring_layout *ring;
	struct mo_log_array descs;
	struct mo_log_array infos;
	uint64_t data_kva;
	uint64_t data_bytes;   /* a power of two */
	unsigned size_bits;
	uint64_t next_id;
	uint64_t n_left;
	uint64_t id_mask;

	/* Records. */
	const struct mo_log_records_layout *records;
	uint64_t buffer_kva;
	uint64_t buffer_bytes;
	uint64_t at;           /* offset of the next record */
	uint64_t end_at;       /* offset behind the last */
	uint64_t sequence;
	uint64_t n_records_left;
	uint64_t last_time_ns;
	bool has_wrapped;
};

/* Counts a record that cannot be given. */
void mo_log_skip(struct mo_log *log, struct mo_error *why);

struct mo_error *mo_log_array_get(struct mo_reader *reader, struct mo_log_array *array, uint64_t item,
				  const uint8_t **ret) MO_MUST_USE;

/* MO_E_ABSENT: this kernel's log is of another form. */
struct mo_error *mo_log_open_text(struct mo_log *log) MO_MUST_USE;
struct mo_error *mo_log_open_ring(struct mo_log *log) MO_MUST_USE;
struct mo_error *mo_log_open_records(struct mo_log *log) MO_MUST_USE;

/* Where VMCOREINFO has what there is no type for. Nothing that is bound is touched. */
void mo_vmcoreinfo_bind_field(struct mo_kernel *kernel, struct mo_field *field, const char *outer_key,
			      const char *key, unsigned width_bytes);
void mo_vmcoreinfo_bind_size(struct mo_kernel *kernel, struct mo_size *size, const char *key);
void mo_vmcoreinfo_bind_address(struct mo_kernel *kernel, struct mo_address *address, const char *name);

#endif
