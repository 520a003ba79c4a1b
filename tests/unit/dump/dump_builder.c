/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "dump_builder.h"

#include <elf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void must(bool condition, const char *what)
{
	if (condition)
		return;
	fprintf(stderr, "dump_builder: %s\n", what);
	abort();
}

void image_free(struct image *image)
{
	free(image->bytes);
	*image = (struct image){ .bytes = NULL };
}

void image_put(struct image *image, size_t offset, const void *bytes, size_t n_bytes)
{
	if (offset + n_bytes > image->n_bytes) {
		image->bytes = realloc(image->bytes, offset + n_bytes);
		must(image->bytes != NULL, "out of memory");
		memset(image->bytes + image->n_bytes, 0, offset + n_bytes - image->n_bytes);
		image->n_bytes = offset + n_bytes;
	}
	if (n_bytes)
		memcpy(image->bytes + offset, bytes, n_bytes);
}

void image_put_number(struct image *image, size_t offset, uint64_t value, unsigned n_bytes, bool is_big_endian)
{
	uint8_t bytes[8];

	for (unsigned i = 0; i < n_bytes; i++)
		bytes[is_big_endian ? n_bytes - 1 - i : i] = (uint8_t)(value >> (8 * i));
	image_put(image, offset, bytes, n_bytes);
}

void image_truncate(struct image *image, size_t n_bytes)
{
	must(n_bytes <= image->n_bytes, "truncation makes longer");
	image->n_bytes = n_bytes;
}

void memory_fill(uint64_t pa, uint8_t *bytes, size_t n_bytes)
{
	/* Words that repeat within a page, so that it compresses, and differ from page to page. */
	for (size_t i = 0; i < n_bytes; i++) {
		uint64_t at = pa + i;
		uint64_t word = (at >> 12) * 0x9e3779b97f4a7c15u + (at % 4096 / 256);

		bytes[i] = (uint8_t)(word >> (8 * (at % 8)));
	}
}

/* Where the fields of an ELF file lie that differ with its class. */
struct elf_fields {
	size_t header_bytes, segment_bytes, section_bytes;
	unsigned word;
	size_t phoff, shoff, flags, phentsize, phnum, shentsize, shnum;
	size_t p_offset, p_paddr, p_filesz, p_memsz, sh_info;
};

static const struct elf_fields fields_64 = {
	.header_bytes = 64, .segment_bytes = 56, .section_bytes = 64, .word = 8,
	.phoff = 32, .shoff = 40, .flags = 48, .phentsize = 54, .phnum = 56, .shentsize = 58, .shnum = 60,
	.p_offset = 8, .p_paddr = 24, .p_filesz = 32, .p_memsz = 40, .sh_info = 44,
};
static const struct elf_fields fields_32 = {
	.header_bytes = 52, .segment_bytes = 32, .section_bytes = 40, .word = 4,
	.phoff = 28, .shoff = 32, .flags = 36, .phentsize = 42, .phnum = 44, .shentsize = 46, .shnum = 48,
	.p_offset = 4, .p_paddr = 12, .p_filesz = 16, .p_memsz = 20, .sh_info = 28,
};

static void put_note(struct image *image, size_t *offset, const char *name, uint32_t type, const void *desc, size_t n_bytes,
		     bool is_big_endian)
{
	size_t name_bytes = strlen(name) + 1;
	static const uint8_t padding[4];

	image_put_number(image, *offset, name_bytes, 4, is_big_endian);
	image_put_number(image, *offset + 4, n_bytes, 4, is_big_endian);
	image_put_number(image, *offset + 8, type, 4, is_big_endian);
	image_put(image, *offset + 12, name, name_bytes);
	*offset += 12 + (name_bytes + 3) / 4 * 4;
	image_put(image, *offset, desc, n_bytes);
	*offset += n_bytes;
	image_put(image, *offset, padding, -n_bytes & 3);
	*offset += -n_bytes & 3;
}

/* Two notes, as a dump of a machine with one CPU has them; returns where they end. */
static size_t put_notes(struct image *image, size_t offset, const char *vmcoreinfo, bool is_big_endian, size_t *desc_offset)
{
	uint8_t registers[336] = { 1, 2, 3 };

	put_note(image, &offset, "CORE", NT_PRSTATUS, registers, sizeof(registers), is_big_endian);
	*desc_offset = offset + 12 + 12;
	put_note(image, &offset, "VMCOREINFO", 0, vmcoreinfo, strlen(vmcoreinfo), is_big_endian);
	return offset;
}

static void put_segment(struct image *image, const struct elf_spec *spec, const struct elf_fields *fields, size_t at,
			uint32_t type, const uint64_t values[4])
{
	const size_t places[4] = { fields->p_offset, fields->p_paddr, fields->p_filesz, fields->p_memsz };

	image_put_number(image, at, type, 4, spec->is_big_endian);
	for (size_t i = 0; i < 4; i++)
		image_put_number(image, at + places[i], values[i], fields->word, spec->is_big_endian);
	image_put(image, at + fields->segment_bytes, NULL, 0);
}

static void put_elf_header(struct image *image, const struct elf_spec *spec, const struct elf_fields *fields,
			   size_t segments_offset, size_t n_segments)
{
	uint8_t ident[16] = { 0x7f, 'E', 'L', 'F', spec->is_32 ? 1 : 2, spec->is_big_endian ? 2 : 1, 1 };
	bool is_big_endian = spec->is_big_endian;

	image_put(image, fields->header_bytes, NULL, 0);
	image_put(image, 0, ident, sizeof(ident));
	image_put_number(image, 16, spec->type ? spec->type : ET_CORE, 2, is_big_endian);
	image_put_number(image, 18, spec->machine ? spec->machine : EM_X86_64, 2, is_big_endian);
	image_put_number(image, 20, 1, 4, is_big_endian);
	image_put_number(image, fields->phoff, segments_offset, fields->word, is_big_endian);
	image_put_number(image, fields->flags, spec->flags, 4, is_big_endian);
	image_put_number(image, fields->phentsize, fields->segment_bytes, 2, is_big_endian);
	image_put_number(image, fields->phnum, spec->uses_extended_number ? 0xffff : n_segments, 2, is_big_endian);
	if (!spec->uses_extended_number)
		return;
	/* The section header lies right behind the ELF header. */
	image_put_number(image, fields->shoff, fields->header_bytes, fields->word, is_big_endian);
	image_put_number(image, fields->shentsize, fields->section_bytes, 2, is_big_endian);
	image_put_number(image, fields->shnum, 1, 2, is_big_endian);
	image_put(image, fields->header_bytes + fields->section_bytes, NULL, 0);
	image_put_number(image, fields->header_bytes + fields->sh_info, n_segments, 4, is_big_endian);
}

/* Writes a segment's memory and its header. */
static void put_load(struct image *image, const struct elf_spec *spec, const struct elf_fields *fields, size_t header_at,
		     const struct elf_segment_spec *segment, size_t *position)
{
	uint64_t offset = segment->offset ? segment->offset : *position;
	uint64_t values[4] = { offset, segment->pa, segment->file_bytes,
			       segment->memory_bytes ? segment->memory_bytes : segment->file_bytes };

	put_segment(image, spec, fields, header_at, PT_LOAD, values);
	if (segment->is_without_bytes)
		return;
	image_put(image, offset + segment->file_bytes, NULL, 0);
	memory_fill(segment->pa, image->bytes + offset, segment->file_bytes);
	if (!segment->offset)
		*position = offset + segment->file_bytes;
}

void build_elf(const struct elf_spec *spec, struct image *ret)
{
	const struct elf_fields *fields = spec->is_32 ? &fields_32 : &fields_64;
	size_t n_notes = spec->vmcoreinfo ? 1 : 0, n_headers = spec->n_segments + n_notes, desc_offset;
	size_t at = spec->segments_offset, position, notes;

	if (!at)
		at = fields->header_bytes + (spec->uses_extended_number ? fields->section_bytes : 0);
	*ret = (struct image){ .bytes = NULL };
	put_elf_header(ret, spec, fields, at, n_headers);
	notes = position = at + n_headers * fields->segment_bytes;
	image_put(ret, position, NULL, 0);
	if (spec->vmcoreinfo) {
		position = put_notes(ret, notes, spec->vmcoreinfo, spec->is_big_endian, &desc_offset);
		put_segment(ret, spec, fields, at, PT_NOTE, (const uint64_t[4]){ notes, 0, position - notes, 0 });
	}
	if (spec->data_offset)
		position = spec->data_offset;
	for (size_t i = 0; i < spec->n_segments; i++)
		put_load(ret, spec, fields, at + (i + n_notes) * fields->segment_bytes, &spec->segments[i], &position);
}

static void put_record(struct image *image, uint64_t offset, const uint8_t *bytes, size_t n_bytes, uint8_t spoil)
{
	size_t at = image->n_bytes;

	image_put_number(image, at, offset, 8, true);
	image_put_number(image, at + 8, n_bytes, 8, true);
	image_put(image, at + 16, bytes, n_bytes);
	for (size_t i = 0; i < n_bytes; i++)
		image->bytes[at + 16 + i] ^= spoil;
}

void build_flattened(const struct image *inner, const struct flatten_spec *spec, struct image *ret)
{
	size_t record_bytes = spec->record_bytes ? spec->record_bytes : 16384;
	size_t n_records = (inner->n_bytes + record_bytes - 1) / record_bytes;

	*ret = (struct image){ .bytes = NULL };
	image_put(ret, 4096, NULL, 0);
	image_put(ret, 0, "makedumpfile", 12);
	image_put_number(ret, 16, 1, 8, true);
	image_put_number(ret, 24, 1, 8, true);
	for (size_t i = 0; i < n_records; i++) {
		size_t k = spec->is_reversed ? n_records - 1 - i : i, offset = k * record_bytes;
		size_t n_bytes = inner->n_bytes - offset < record_bytes ? inner->n_bytes - offset : record_bytes;

		if (spec->has_stale_copies)
			put_record(ret, offset, inner->bytes + offset, n_bytes, 0xa5);
		put_record(ret, offset, inner->bytes + offset, n_bytes, 0);
	}
	if (spec->has_no_end)
		return;
	image_put_number(ret, ret->n_bytes, UINT64_MAX, 8, true);
	image_put_number(ret, ret->n_bytes, UINT64_MAX, 8, true);
}

void scratch_enter(struct scratch *scratch)
{
	*scratch = (struct scratch){ .directory = "/tmp/memopsy-dump-test-XXXXXX" };
	must(mkdtemp(scratch->directory) != NULL, "no scratch directory");
}

void scratch_leave(struct scratch *scratch)
{
	for (size_t i = 0; i < scratch->n_files; i++)
		unlink(scratch->path[i]);
	rmdir(scratch->directory);
}

const char *scratch_write(struct scratch *scratch, struct image *image)
{
	char *path = scratch->path[scratch->n_files];
	char directory[sizeof(scratch->directory)];
	FILE *file;

	must(scratch->n_files < sizeof(scratch->path) / sizeof(scratch->path[0]), "too many scratch files");
	memcpy(directory, scratch->directory, sizeof(directory));
	snprintf(path, sizeof(scratch->path[0]), "%s/dump-%zu", directory, scratch->n_files++);
	file = fopen(path, "wb");
	must(file != NULL, "cannot make a scratch file");
	if (image->n_bytes)
		must(fwrite(image->bytes, 1, image->n_bytes, file) == image->n_bytes, "cannot write a scratch file");
	must(fclose(file) == 0, "cannot write a scratch file");
	image_free(image);
	return path;
}
