/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A thread's window on the kernel's memory. */
#include "kernel_private.h"

#include <inttypes.h>
#include <stdlib.h>

#include "bytes.h"
#include "cleanup.h"

static struct mo_error *read_pa_for_arch(void *context, uint64_t pa, void *buffer, size_t n_bytes)
{
	const struct mo_reader *reader = context;

	return mo_dump_read(reader->dump_reader, pa, buffer, n_bytes);
}

struct mo_error *mo_reader_create(struct mo_kernel *kernel, struct mo_reader **ret)
{
	struct mo_reader *reader = calloc(1, sizeof(*reader));
	struct mo_error *error;

	if (!reader)
		return mo_error_no_memory();
	reader->kernel = kernel;
	reader->view = (struct mo_arch_view){ .context = reader, .read_pa = read_pa_for_arch };
	error = kernel->dump ? mo_dump_reader_create(kernel->dump, &reader->dump_reader) : NULL;
	if (error) {
		free(reader);
		return error;
	}
	*ret = reader;
	return NULL;
}

void mo_reader_destroy(struct mo_reader *reader)
{
	if (!reader)
		return;
	mo_dump_reader_destroy(reader->dump_reader);
	free(reader);
}

void mo_reader_forget(struct mo_reader *reader)
{
	if (reader->dump_reader)
		mo_dump_reader_forget(reader->dump_reader);
}

struct mo_kernel *mo_reader_kernel(const struct mo_reader *reader)
{
	return reader->kernel;
}

struct mo_error *mo_view(struct mo_reader *reader, uint64_t kva, size_t max_bytes, const void **ret, size_t *n_bytes_ret)
{
	uint64_t pa;
	uint64_t span_bytes;

	MO_TRY(mo_translate(reader, kva, &pa, &span_bytes));
	if (span_bytes < max_bytes)
		max_bytes = (size_t)span_bytes;
	return mo_dump_view(reader->dump_reader, pa, max_bytes, ret, n_bytes_ret);
}

struct mo_error *mo_view_pa(struct mo_reader *reader, uint64_t pa, size_t max_bytes, const void **ret,
			    size_t *n_bytes_ret)
{
	if (!reader->dump_reader)
		return mo_error_of_text();
	return mo_dump_view(reader->dump_reader, pa, max_bytes, ret, n_bytes_ret);
}

void mo_view_done(struct mo_reader *reader, const void *bytes, size_t n_bytes)
{
	if (reader->dump_reader)
		mo_dump_view_done(reader->dump_reader, bytes, n_bytes);
}

struct mo_error *mo_read(struct mo_reader *reader, uint64_t kva, void *buffer, size_t n_bytes)
{
	uint8_t *to = buffer;

	if (n_bytes && kva > UINT64_MAX - (n_bytes - 1))
		return mo_error_create(MO_E_NOT_MAPPED, "%zu bytes at 0x%" PRIx64 " run over the end of memory", n_bytes,
				       kva);
	while (n_bytes) {
		const void *bytes;
		size_t part;
		struct mo_error *error = mo_view(reader, kva, n_bytes, &bytes, &part);

		if (error)
			return mo_error_prepend(error, "cannot read memory at 0x%" PRIx64, kva);
		memcpy(to, bytes, part);
		to += part;
		kva += part;
		n_bytes -= part;
	}
	return NULL;
}

struct mo_error *mo_read_pa(struct mo_reader *reader, uint64_t pa, void *buffer, size_t n_bytes)
{
	if (!reader->dump_reader)
		return mo_error_of_text();
	return mo_dump_read(reader->dump_reader, pa, buffer, n_bytes);
}

struct mo_error *mo_read_u8(struct mo_reader *reader, uint64_t kva, uint8_t *ret)
{
	return mo_read(reader, kva, ret, sizeof(*ret));
}

struct mo_error *mo_read_u16(struct mo_reader *reader, uint64_t kva, uint16_t *ret)
{
	uint8_t raw[2];

	MO_TRY(mo_read(reader, kva, raw, sizeof(raw)));
	*ret = mo_load_u16(raw, reader->kernel->facts.is_big_endian);
	return NULL;
}

struct mo_error *mo_read_u32(struct mo_reader *reader, uint64_t kva, uint32_t *ret)
{
	uint8_t raw[4];

	MO_TRY(mo_read(reader, kva, raw, sizeof(raw)));
	*ret = mo_load_u32(raw, reader->kernel->facts.is_big_endian);
	return NULL;
}

struct mo_error *mo_read_u64(struct mo_reader *reader, uint64_t kva, uint64_t *ret)
{
	uint8_t raw[8];

	MO_TRY(mo_read(reader, kva, raw, sizeof(raw)));
	*ret = mo_load_u64(raw, reader->kernel->facts.is_big_endian);
	return NULL;
}

struct mo_error *mo_read_pointer(struct mo_reader *reader, uint64_t kva, uint64_t *ret)
{
	uint32_t narrow;

	if (reader->kernel->facts.pointer_bytes == 8)
		return mo_read_u64(reader, kva, ret);
	MO_TRY(mo_read_u32(reader, kva, &narrow));
	*ret = narrow;
	return NULL;
}

struct mo_error *mo_read_string(struct mo_reader *reader, uint64_t kva, char *buffer, size_t buffer_bytes,
				size_t *length_ret)
{
	size_t length = 0;

	while (length + 1 < buffer_bytes) {
		const void *bytes;
		size_t part;
		size_t used;
		struct mo_error *error = mo_view(reader, kva + length, buffer_bytes - 1 - length, &bytes, &part);

		if (error)
			return mo_error_prepend(error, "cannot read a string at 0x%" PRIx64, kva);
		used = strnlen(bytes, part);
		memcpy(buffer + length, bytes, used);
		length += used;
		if (used < part)
			break;
	}
	if (buffer_bytes)
		buffer[length] = '\0';
	if (length_ret)
		*length_ret = length;
	return NULL;
}

enum mo_frame_presence mo_kernel_frame_presence(const struct mo_kernel *kernel, uint64_t pfn)
{
	if (!kernel->dump)
		return MO_FRAME_HOLE;
	switch (mo_dump_presence(kernel->dump, pfn)) {
	case MO_PRESENT:
		return MO_FRAME_PRESENT;
	case MO_EXCLUDED:
		return MO_FRAME_EXCLUDED;
	default:
		return MO_FRAME_HOLE;
	}
}

bool mo_kernel_next_frames(const struct mo_kernel *kernel, uint64_t pfn, uint64_t *first_pfn, uint64_t *n_pages)
{
	return kernel->dump && mo_dump_next_run(kernel->dump, pfn, first_pfn, n_pages);
}
