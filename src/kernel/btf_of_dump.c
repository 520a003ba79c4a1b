/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The BTF section that the kernel keeps in its own memory (include/asm-generic/vmlinux.lds.h, 5.2 on), page by page: what
 * a dump lacks of it costs the types that lie there, not all.
 */
#include "kernel_private.h"

#include <inttypes.h>
#include <stdlib.h>

#include "bytes.h"
#include "cleanup.h"

#define PIECE_BYTES 4096u /* what is missing in a dump is missing in pages; no architecture has smaller ones */

/* The kernel's own is about 6 MB. */
#define MAX_BTF_BYTES (256u << 20)

/* Read-only data of an image; beyond lies nothing, or modules. */
#define MAX_SEARCH_BYTES (64u << 20)

/* struct btf_header (include/uapi/linux/btf.h): magic, version, flags; hdr_len, type_off, type_len, str_off, str_len. */
#define MAGIC 0xeb9f
#define VERSION 1
#define HEADER_BYTES 24u
#define MIN_TYPES_BYTES (256u << 10) /* modules' BTF is smaller, and nothing else looks like BTF */

typedef MO_VECTOR(struct mo_type_gap) gap_list;

static struct mo_error *read_pieces(struct mo_reader *reader, uint64_t kva, uint8_t *bytes, size_t n_bytes, gap_list *gaps)
{
	for (size_t done = 0, n; done < n_bytes; done += n) {
		struct mo_error *error;
		struct mo_type_gap *last = gaps->count ? &gaps->items[gaps->count - 1] : NULL;

		n = PIECE_BYTES - (size_t)((kva + done) % PIECE_BYTES);
		if (n > n_bytes - done)
			n = n_bytes - done;
		error = mo_read(reader, kva + done, bytes + done, n);
		if (!error)
			continue;
		if (mo_error_ends_run(error))
			return error;
		mo_error_destroy(error);
		memset(bytes + done, 0, n);
		if (last && last->offset + last->n_bytes == done)
			last->n_bytes += n;
		else if (!mo_vector_append(gaps, (struct mo_type_gap){ .offset = done, .n_bytes = n }))
			return mo_error_no_memory();
	}
	return NULL;
}

/* Without any of it there is nothing to degrade. */
static struct mo_error *open_at(struct mo_kernel *kernel, struct mo_reader *reader, uint64_t kva, size_t n_bytes)
{
	gap_list gaps = { .items = NULL };
	MO_FREE uint8_t *bytes = malloc(n_bytes);
	uint8_t header[HEADER_BYTES];
	struct mo_error *error;

	if (!bytes)
		return mo_error_no_memory();
	MO_TRY(mo_error_prepend(mo_read(reader, kva, header, sizeof(header)), "cannot read the kernel's BTF"));
	error = read_pieces(reader, kva, bytes, n_bytes, &gaps);
	if (!error && gaps.count)
		error = mo_types_take_btf_with_gaps("the dump", mo_take(bytes), n_bytes, gaps.items, gaps.count,
						    &kernel->types);
	else if (!error)
		error = mo_types_take_btf("the dump", mo_take(bytes), n_bytes, &kernel->types);
	if (!error && gaps.count)
		error = mo_kernel_add_remark(kernel, "not all types could be read: %s", mo_types_describe(kernel->types));
	mo_vector_deinit(&gaps);
	return error;
}

/* How long the section is whose header this may be; 0: it is none. */
static size_t section_bytes(const uint8_t *header, bool is_big_endian)
{
	uint32_t header_bytes = mo_load_u32(header + 4, is_big_endian);
	uint32_t type_offset = mo_load_u32(header + 8, is_big_endian), type_bytes = mo_load_u32(header + 12, is_big_endian);
	uint32_t string_offset = mo_load_u32(header + 16, is_big_endian);
	uint32_t string_bytes = mo_load_u32(header + 20, is_big_endian);
	uint64_t end = (uint64_t)string_offset + string_bytes;

	if (mo_load_u16(header, is_big_endian) != MAGIC || header[2] != VERSION || header_bytes < HEADER_BYTES ||
	    header_bytes > 256 || type_offset || type_bytes < MIN_TYPES_BYTES || string_offset < type_bytes)
		return 0;
	return end + header_bytes <= MAX_BTF_BYTES ? (size_t)(end + header_bytes) : 0;
}

/* For dumps whose kallsyms do not tell any more: the header itself, in the image. */
static bool search(const struct mo_kernel *kernel, struct mo_reader *reader, uint64_t *kva, size_t *n_bytes)
{
	uint64_t first_kva = kernel->paging.image_first_kva;
	uint64_t limit = kernel->paging.image_bytes < MAX_SEARCH_BYTES ? kernel->paging.image_bytes : MAX_SEARCH_BYTES;
	uint8_t page[PIECE_BYTES];

	for (uint64_t done = 0; done < limit; done += PIECE_BYTES) {
		MO_DROP_ERROR struct mo_error *error = mo_read(reader, first_kva + done, page, sizeof(page));

		for (size_t i = 0; !error && i + HEADER_BYTES <= sizeof(page); i += 4) {
			*n_bytes = section_bytes(page + i, kernel->facts.is_big_endian);
			*kva = first_kva + done + i;
			if (*n_bytes)
				return true;
		}
	}
	return false;
}

static struct mo_error *find(const struct mo_kernel *kernel, struct mo_reader *reader, uint64_t *kva, size_t *n_bytes)
{
	struct mo_symbol start, stop;
	struct mo_error *error = mo_symbols_find(kernel->symbols, NULL, "__start_BTF", &start, NULL);

	if (!error)
		error = mo_symbols_find(kernel->symbols, NULL, "__stop_BTF", &stop, NULL);
	if (error) {
		if (!mo_symbols_is_partial(kernel->symbols) || !search(kernel, reader, kva, n_bytes))
			return error;
		mo_error_destroy(error);
		return NULL;
	}
	if (stop.value_kva <= start.value_kva || stop.value_kva - start.value_kva > MAX_BTF_BYTES)
		return mo_error_create(MO_E_CORRUPT, "BTF from 0x%" PRIx64 " to 0x%" PRIx64 " makes no sense", start.value_kva,
				       stop.value_kva);
	*kva = start.value_kva;
	*n_bytes = (size_t)(stop.value_kva - start.value_kva);
	return NULL;
}

struct mo_error *mo_kernel_open_btf(struct mo_kernel *kernel)
{
	struct mo_reader *reader;
	uint64_t kva = 0;
	size_t n_bytes = 0;
	struct mo_error *error;

	MO_TRY(mo_reader_create(kernel, &reader));
	error = find(kernel, reader, &kva, &n_bytes);
	if (!error)
		error = open_at(kernel, reader, kva, n_bytes);
	mo_reader_destroy(reader);
	return error;
}
