/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What an ELF file says of itself as a whole, and what stands at an address of it. */

#include "elf_inside.h"

#include <string.h>

#include "bytes.h"
#include "text.h"

#ifndef EM_LOONGARCH
#define EM_LOONGARCH 258
#endif

/* A build-id is 20 bytes from every common linker; 16 and 8 exist. Longer than this is no build-id. */
#define MAX_BUILD_ID_BYTES 64

const char *mo_elf_path(const struct mo_elf *elf)
{
	return elf->path;
}

unsigned mo_elf_pointer_bytes(const struct mo_elf *elf)
{
	return elf->is_64_bit ? 8 : 4;
}

bool mo_elf_is_big_endian(const struct mo_elf *elf)
{
	return elf->is_big_endian;
}

const char *mo_elf_arch(const struct mo_elf *elf)
{
	switch (elf->header.e_machine) {
	case EM_X86_64:
		return "x86_64";
	case EM_386:
		return "i386";
	case EM_AARCH64:
		return "aarch64";
	case EM_ARM:
		return "arm";
	case EM_PPC64:
		return elf->is_big_endian ? "ppc64" : "ppc64le";
	case EM_S390:
		return elf->is_64_bit ? "s390x" : NULL;
	case EM_RISCV:
		return elf->is_64_bit ? "riscv64" : "riscv32";
	case EM_LOONGARCH:
		return elf->is_64_bit ? "loongarch64" : NULL;
	default:
		return NULL;
	}
}

bool mo_elf_is_relocatable(const struct mo_elf *elf)
{
	return elf->header.e_type == ET_REL;
}

const char *mo_elf_build_id(const struct mo_elf *elf)
{
	return elf->build_id;
}

/*
 * Looks for NT_GNU_BUILD_ID among a run of notes. Returns its bytes, or NULL. Notes are padded to 4 bytes, with an
 * alignment of 8 (x86 property notes) to 8.
 */
static const uint8_t *find_build_id_note(const struct mo_elf *elf, uint64_t offset, uint64_t n_bytes, uint64_t alignment,
					 size_t *n_id_bytes)
{
	uint64_t padding = alignment == 8 ? 7 : 3;

	if (!mo_is_within(offset, n_bytes, elf->image_bytes))
		return NULL;
	for (const uint8_t *note = elf->image + offset; n_bytes >= 12;) {
		uint64_t name_bytes = mo_load_u32(note, elf->is_big_endian);
		uint64_t desc_bytes = mo_load_u32(note + 4, elf->is_big_endian);
		uint32_t type = mo_load_u32(note + 8, elf->is_big_endian);
		uint64_t desc_offset = (12 + name_bytes + padding) & ~padding;
		uint64_t next_offset = (desc_offset + desc_bytes + padding) & ~padding;

		if (desc_offset + desc_bytes > n_bytes)
			return NULL;
		if (type == NT_GNU_BUILD_ID && name_bytes == 4 && memcmp(note + 12, "GNU", 4) == 0 && desc_bytes > 0 &&
		    desc_bytes <= MAX_BUILD_ID_BYTES) {
			*n_id_bytes = desc_bytes;
			return note + desc_offset;
		}
		if (next_offset >= n_bytes)
			return NULL;
		note += next_offset;
		n_bytes -= next_offset;
	}
	return NULL;
}

static const uint8_t *find_build_id(const struct mo_elf *elf, size_t *n_id_bytes)
{
	const uint8_t *id = NULL;
	size_t n_headers = 0;

	for (size_t i = 0; i < elf->n_entries && !id; i++) {
		const struct mo_elf_entry *entry = &elf->entries[i];

		if (entry->section.type == SHT_NOTE && entry->packing == MO_PACKING_NONE)
			id = find_build_id_note(elf, entry->file_offset, entry->file_bytes, 4, n_id_bytes);
	}
	/* A debug file may have lost the bytes of its sections' notes, or a stripped one its sections. */
	if (elf_getphdrnum(elf->libelf, &n_headers) != 0)
		n_headers = 0;
	for (size_t i = 0; i < n_headers && i < INT32_MAX && !id; i++) {
		GElf_Phdr header;

		if (gelf_getphdr(elf->libelf, (int)i, &header) && header.p_type == PT_NOTE)
			id = find_build_id_note(elf, header.p_offset, header.p_filesz, header.p_align, n_id_bytes);
	}
	return id;
}

struct mo_error *mo_elf_read_build_id(struct mo_elf *elf)
{
	size_t n_id_bytes = 0;
	const uint8_t *id = find_build_id(elf, &n_id_bytes);
	struct mo_text hex = MO_TEXT_EMPTY;

	if (!id)
		return NULL;
	for (size_t i = 0; i < n_id_bytes; i++)
		mo_text_printf(&hex, "%02x", id[i]);
	elf->build_id = mo_text_take(&hex);
	return elf->build_id ? NULL : mo_error_no_memory();
}

/* Through the segments, for a file whose section headers were stripped. Returns the bytes, or NULL. */
static const uint8_t *find_in_segments(struct mo_elf *elf, uint64_t address, size_t n_bytes)
{
	const uint8_t *bytes = NULL;
	size_t n_headers = 0;

	pthread_mutex_lock(&elf->lock);
	if (elf_getphdrnum(elf->libelf, &n_headers) != 0)
		n_headers = 0;
	for (size_t i = 0; i < n_headers && i < INT32_MAX && !bytes; i++) {
		GElf_Phdr header;

		if (!gelf_getphdr(elf->libelf, (int)i, &header) || header.p_type != PT_LOAD || address < header.p_vaddr ||
		    !mo_is_within(address - header.p_vaddr, n_bytes, header.p_filesz) ||
		    !mo_is_within(header.p_offset, header.p_filesz, elf->image_bytes))
			continue;
		bytes = elf->image + header.p_offset + (address - header.p_vaddr);
	}
	pthread_mutex_unlock(&elf->lock);
	return bytes;
}

/*
 * Sections come first: in a debug file the segments still claim file offsets whose bytes are gone, while its sections
 * are truthfully SHT_NOBITS.
 */
struct mo_error *mo_elf_read_address(struct mo_elf *elf, uint64_t address, void *buffer, size_t n_bytes)
{
	const uint8_t *bytes = NULL;
	bool has_sections = false;

	for (size_t i = 0; i < elf->n_entries && !mo_elf_is_relocatable(elf); i++) {
		const struct mo_elf_entry *entry = &elf->entries[i];

		if (!(entry->section.flags & SHF_ALLOC) || entry->packing != MO_PACKING_NONE)
			continue;
		has_sections = true;
		if (address < entry->section.address ||
		    !mo_is_within(address - entry->section.address, n_bytes, entry->section.n_bytes))
			continue;
		if (!entry->section.bytes)
			return mo_error_create(MO_E_NOT_MAPPED, "%s has no bytes for address 0x%llx: section %s is empty "
					       "in this file", elf->path, (unsigned long long)address, entry->section.name);
		bytes = entry->section.bytes + (address - entry->section.address);
		break;
	}
	if (!bytes && !has_sections && !mo_elf_is_relocatable(elf))
		bytes = find_in_segments(elf, address, n_bytes);
	if (!bytes)
		return mo_error_create(MO_E_NOT_MAPPED, "%s has nothing at address 0x%llx (%zu bytes)", elf->path,
				       (unsigned long long)address, n_bytes);
	memcpy(buffer, bytes, n_bytes);
	return NULL;
}
