/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Parses ELF notes, and finds VMCOREINFO among them. */
#include "notes.h"

#include <errno.h>

#include "bytes.h"
#include "cleanup.h"
#include "dump_format.h"

/* namesz, descsz, type: 32 bits each in both ELF classes; name and descriptor are padded to 4 bytes in core files. */
#define NOTE_HEADER_BYTES 12

/* Far beyond thousands of CPUs' registers; an area that is not mapped is copied. */
#define MAX_COPIED_BYTES (64u << 20)

void mo_notes_deinit(struct mo_notes *notes)
{
	for (size_t i = 0; i < notes->blocks.count; i++)
		free(notes->blocks.items[i]);
	mo_vector_deinit(&notes->blocks);
	mo_vector_deinit(&notes->list);
}

/* Memory that lives as long as the notes. */
static struct mo_error *new_block(struct mo_notes *notes, size_t n_bytes, void **ret)
{
	void *block = malloc(n_bytes ? n_bytes : 1);

	if (!block || !mo_vector_append(&notes->blocks, block)) {
		free(block);
		return mo_error_no_memory();
	}
	*ret = block;
	return NULL;
}

static uint64_t padded(uint64_t n_bytes)
{
	return (n_bytes + 3) & ~(uint64_t)3;
}

struct raw_note {
	uint32_t name_bytes;
	uint32_t desc_bytes;
	uint32_t type;
	const uint8_t *name;
	const uint8_t *desc;
};

/* The note at *position; moves on. false: no whole note there. The padding of the last one may be missing. */
static bool next_note(const uint8_t *bytes, size_t n_bytes, bool is_big_endian, size_t *position, struct raw_note *ret)
{
	size_t left = n_bytes - *position;
	const uint8_t *at = bytes + *position;
	uint64_t desc_offset, end;

	if (left < NOTE_HEADER_BYTES)
		return false;
	ret->name_bytes = mo_load_u32(at, is_big_endian);
	ret->desc_bytes = mo_load_u32(at + 4, is_big_endian);
	ret->type = mo_load_u32(at + 8, is_big_endian);
	desc_offset = NOTE_HEADER_BYTES + padded(ret->name_bytes);
	end = desc_offset + ret->desc_bytes;
	if (end > left)
		return false;
	ret->name = at + NOTE_HEADER_BYTES;
	ret->desc = at + desc_offset;
	*position += padded(end) < left ? (size_t)padded(end) : left;
	return true;
}

/* An area of zeroes is how the kernel ends a CPU's notes; such a note is none. */
static bool is_terminator(const struct raw_note *note)
{
	return note->name_bytes == 0 && note->desc_bytes == 0 && note->type == 0;
}

static struct mo_error *parse(struct mo_notes *notes, const uint8_t *bytes, size_t n_bytes, bool is_big_endian)
{
	size_t position = 0;
	struct raw_note raw;
	char *names;
	void *block = NULL;

	/* Each name takes its bytes and a terminator, and 12 bytes of header pay for the terminator. */
	MO_TRY(new_block(notes, n_bytes, &block));
	names = block;
	while (next_note(bytes, n_bytes, is_big_endian, &position, &raw)) {
		struct mo_dump_note note = {
			.name = names, .type = raw.type, .desc = raw.desc, .desc_bytes = raw.desc_bytes
		};
		size_t length = strnlen((const char *)raw.name, raw.name_bytes);

		if (is_terminator(&raw))
			continue;
		memcpy(names, raw.name, length);
		names[length] = '\0';
		names += length + 1;
		if (!mo_vector_append(&notes->list, note))
			return mo_error_no_memory();
	}
	if (position < n_bytes)
		notes->is_cut_short = true;
	return NULL;
}

struct mo_error *mo_notes_add(struct mo_notes *notes, const struct mo_file_bytes *file, uint64_t offset,
			      uint64_t n_bytes, bool is_big_endian)
{
	uint64_t n_contiguous = 0;
	const uint8_t *bytes;
	void *block = NULL;

	if (!mo_is_within(offset, n_bytes, file->n_bytes)) {
		notes->is_cut_short = true;
		if (offset >= file->n_bytes)
			return NULL;
		n_bytes = file->n_bytes - offset;
	}
	bytes = mo_file_bytes_at(file, offset, &n_contiguous);
	if (!bytes || n_contiguous < n_bytes) {
		if (n_bytes > MAX_COPIED_BYTES)
			return mo_error_create(MO_E_CORRUPT, "%s: notes of more than %u bytes", file->path,
					       MAX_COPIED_BYTES);
		MO_TRY(new_block(notes, (size_t)n_bytes, &block));
		MO_TRY(mo_error_prepend(mo_file_bytes_copy(file, offset, block, (size_t)n_bytes), "cannot read the notes"));
		bytes = block;
	}
	return parse(notes, bytes, (size_t)n_bytes, is_big_endian);
}

const struct mo_dump_note *mo_notes_find(const struct mo_notes *notes, const char *name)
{
	for (size_t i = 0; i < notes->list.count; i++) {
		if (strcmp(notes->list.items[i].name, name) == 0)
			return &notes->list.items[i];
	}
	return NULL;
}

struct mo_error *mo_vmcoreinfo_text(const uint8_t *bytes, size_t n_bytes, char **ret, size_t *length_ret)
{
	size_t length = strnlen((const char *)bytes, n_bytes);
	char *text = malloc(length + 1);

	if (!text)
		return mo_error_no_memory();
	memcpy(text, bytes, length);
	text[length] = '\0';
	*ret = text;
	*length_ret = length;
	return NULL;
}

uint32_t mo_vmcoreinfo_page_bytes(const char *text)
{
	static const char key[] = "PAGESIZE=";

	while (text && *text) {
		if (strncmp(text, key, sizeof(key) - 1) == 0) {
			unsigned long value = strtoul(text + sizeof(key) - 1, NULL, 10);

			return mo_dump_is_page_size(value) ? (uint32_t)value : 0;
		}
		text = strchr(text, '\n');
		if (text)
			text++;
	}
	return 0;
}
