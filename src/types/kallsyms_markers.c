/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Where each 256th name of kallsyms begins: how the names behind a missing page are found again. */

#include "kallsyms.h"

#include <stdlib.h>
#include <string.h>

#include "bytes.h"
#include "cleanup.h"

#define PAGE_BYTES 4096u
#define MARKER_BYTES 4u /* an unsigned long before 4.20, which is not looked for */
#define SEQUENCE_BYTES 3u

/* A name takes at least two bytes, and 16 Ki tokens at most. */
#define MIN_GROUP_BYTES (2u * MO_KALLSYMS_SYMS_PER_MARKER)

void mo_kallsyms_markers_deinit(struct mo_kallsyms_markers *markers)
{
	free(markers->offsets);
	*markers = (struct mo_kallsyms_markers){ .offsets = NULL };
}

/* What of the table at kva can be read, page by page; entries lie on one page each. */
static void read_offsets(const struct mo_kva_source *source, uint64_t kva, struct mo_kallsyms_markers *markers)
{
	uint8_t page[PAGE_BYTES];
	size_t n_done = 0;

	while (n_done < markers->count) {
		uint64_t at_kva = kva + n_done * MARKER_BYTES;
		size_t n = (PAGE_BYTES - at_kva % PAGE_BYTES) / MARKER_BYTES;
		struct mo_error *error;

		if (n > markers->count - n_done)
			n = markers->count - n_done;
		error = source->read(source->context, at_kva, page, n * MARKER_BYTES);
		for (size_t i = 0; i < n; i++)
			markers->offsets[n_done + i] =
				error ? MO_KALLSYMS_NO_OFFSET : mo_load_u32(page + i * MARKER_BYTES, source->is_big_endian);
		mo_error_destroy(error);
		n_done += n;
	}
}

/* Whether these are markers: they ascend as names do, and say what is known. */
static bool are_markers(const struct mo_kallsyms_markers *markers, const uint32_t *known, size_t n_known)
{
	uint64_t least = 0;
	size_t n_read = 0;

	for (size_t i = 0; i < markers->count; i++, least += MIN_GROUP_BYTES) {
		uint32_t offset = markers->offsets[i];

		if (offset == MO_KALLSYMS_NO_OFFSET)
			continue;
		if (offset < least || (i < n_known && offset != known[i]))
			return false;
		least = offset;
		n_read++;
	}
	return n_read > 0;
}

void mo_kallsyms_markers_find(const struct mo_kva_source *source, const struct mo_kallsyms_tables *tables, uint32_t n_syms,
			      const uint32_t *known, size_t n_known, struct mo_kallsyms_markers *ret)
{
	struct mo_kallsyms_markers markers = { .count = (n_syms - 1) / MO_KALLSYMS_SYMS_PER_MARKER + 1 };
	uint64_t table_bytes = (uint64_t)markers.count * MARKER_BYTES;
	/* Labels are aligned as pointers are, and from 7.0 on to 4 bytes. */
	const uint64_t masks[] = { source->pointer_bytes - 1, 3, source->pointer_bytes - 1, 3 };

	*ret = (struct mo_kallsyms_markers){ .offsets = NULL };
	markers.offsets = calloc(markers.count, sizeof(*markers.offsets));
	for (size_t i = 0; markers.offsets && i < sizeof(masks) / sizeof(masks[0]); i++) {
		uint64_t behind_bytes = i < 2 ? 0 : ((uint64_t)n_syms * SEQUENCE_BYTES + masks[i]) & ~masks[i];
		uint64_t kva = (tables->token_table_kva - behind_bytes - table_bytes) & ~masks[i];

		if (kva <= tables->names_kva || kva >= tables->token_table_kva)
			continue;
		read_offsets(source, kva, &markers);
		if (are_markers(&markers, known, n_known)) {
			*ret = markers;
			return;
		}
	}
	mo_kallsyms_markers_deinit(&markers);
}
