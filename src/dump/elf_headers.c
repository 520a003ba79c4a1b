/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reads and checks the headers of ELF core files. */
#include "elf_headers.h"

#include <elf.h>
#include <inttypes.h>

#include "bytes.h"
#include "cleanup.h"

static const struct mo_elf_machine machines[] = {
	{ .machine = EM_X86_64, .name_64 = "x86_64", .page_bytes = 4096 },
	{ .machine = EM_386, .name_32 = "i386", .page_bytes = 4096 },
	{ .machine = EM_AARCH64, .name_64 = "aarch64", .page_bytes = 4096 },
	{ .machine = EM_ARM, .name_32 = "arm", .page_bytes = 4096 },
	{ .machine = EM_PPC64, .name_64 = "ppc64", .page_bytes = 65536 },
	{ .machine = EM_PPC, .name_32 = "ppc", .page_bytes = 4096 },
	{ .machine = EM_S390, .name_64 = "s390x", .name_32 = "s390", .page_bytes = 4096 },
	{ .machine = EM_RISCV, .name_64 = "riscv64", .name_32 = "riscv32", .page_bytes = 4096 },
	{ .machine = 258 /* EM_LOONGARCH, younger than some C libraries */, .name_64 = "loongarch64", .page_bytes = 16384 },
	{ .machine = EM_MIPS, .name_64 = "mips64", .name_32 = "mips", .page_bytes = 4096 },
	{ .machine = EM_SPARCV9, .name_64 = "sparc64", .page_bytes = 8192 },
	{ .machine = EM_IA_64, .name_64 = "ia64", .page_bytes = 16384 },
	{ .machine = EM_ALPHA, .name_64 = "alpha", .page_bytes = 8192 },
	{ .machine = 0x9026 /* what Linux on Alpha writes */, .name_64 = "alpha", .page_bytes = 8192 },
};

/* Where the fields lie; the two classes differ in the width of an address and, for segments, in order. */
struct elf_layout {
	unsigned header_bytes, word_bytes;
	unsigned phoff, shoff, flags, phentsize, phnum, shentsize, shnum;
	unsigned segment_bytes, p_offset, p_paddr, p_filesz, p_memsz;
	unsigned section_bytes, sh_offset, sh_size, sh_info;
};

static const struct elf_layout layouts[] = {
	[0] = {
		.header_bytes = sizeof(Elf32_Ehdr), .word_bytes = 4,
		.phoff = offsetof(Elf32_Ehdr, e_phoff), .shoff = offsetof(Elf32_Ehdr, e_shoff),
		.flags = offsetof(Elf32_Ehdr, e_flags), .phentsize = offsetof(Elf32_Ehdr, e_phentsize),
		.phnum = offsetof(Elf32_Ehdr, e_phnum), .shentsize = offsetof(Elf32_Ehdr, e_shentsize),
		.shnum = offsetof(Elf32_Ehdr, e_shnum),
		.segment_bytes = sizeof(Elf32_Phdr), .p_offset = offsetof(Elf32_Phdr, p_offset),
		.p_paddr = offsetof(Elf32_Phdr, p_paddr), .p_filesz = offsetof(Elf32_Phdr, p_filesz),
		.p_memsz = offsetof(Elf32_Phdr, p_memsz),
		.section_bytes = sizeof(Elf32_Shdr), .sh_offset = offsetof(Elf32_Shdr, sh_offset),
		.sh_size = offsetof(Elf32_Shdr, sh_size), .sh_info = offsetof(Elf32_Shdr, sh_info),
	},
	[1] = {
		.header_bytes = sizeof(Elf64_Ehdr), .word_bytes = 8,
		.phoff = offsetof(Elf64_Ehdr, e_phoff), .shoff = offsetof(Elf64_Ehdr, e_shoff),
		.flags = offsetof(Elf64_Ehdr, e_flags), .phentsize = offsetof(Elf64_Ehdr, e_phentsize),
		.phnum = offsetof(Elf64_Ehdr, e_phnum), .shentsize = offsetof(Elf64_Ehdr, e_shentsize),
		.shnum = offsetof(Elf64_Ehdr, e_shnum),
		.segment_bytes = sizeof(Elf64_Phdr), .p_offset = offsetof(Elf64_Phdr, p_offset),
		.p_paddr = offsetof(Elf64_Phdr, p_paddr), .p_filesz = offsetof(Elf64_Phdr, p_filesz),
		.p_memsz = offsetof(Elf64_Phdr, p_memsz),
		.section_bytes = sizeof(Elf64_Shdr), .sh_offset = offsetof(Elf64_Shdr, sh_offset),
		.sh_size = offsetof(Elf64_Shdr, sh_size), .sh_info = offsetof(Elf64_Shdr, sh_info),
	},
};

/* More than any kernel writes into /proc/kcore; other files bound the number by their length. */
#define MAX_LIVE_SEGMENTS 1000000

static const struct elf_layout *layout_of(const struct mo_elf_header *header)
{
	return &layouts[header->is_64 ? 1 : 0];
}

static uint64_t load_word(const struct mo_elf_header *header, const uint8_t *bytes)
{
	return mo_load_unsigned(bytes, layout_of(header)->word_bytes, header->is_big_endian);
}

static bool try_copy(const struct mo_file_bytes *file, uint64_t offset, void *buffer, size_t n_bytes)
{
	struct mo_error *error = mo_file_bytes_copy(file, offset, buffer, n_bytes);
	bool is_copied = !error;

	mo_error_destroy(error);
	return is_copied;
}

/* The offset and size of section i; false: there is none such in the file. */
static bool find_section(const struct mo_file_bytes *file, const struct mo_elf_header *header, const uint8_t *elf,
			 uint16_t i, uint32_t *name, uint64_t *offset, uint64_t *n_bytes)
{
	const struct elf_layout *layout = layout_of(header);
	uint16_t entry_bytes = mo_load_u16(elf + layout->shentsize, header->is_big_endian);
	uint64_t sections = load_word(header, elf + layout->shoff);
	uint8_t section[sizeof(Elf64_Shdr)];

	if (entry_bytes < layout->section_bytes || sections > UINT64_MAX / 2 ||
	    !try_copy(file, sections + (uint64_t)i * entry_bytes, section, layout->section_bytes))
		return false;
	*name = mo_load_u32(section, header->is_big_endian);
	*offset = load_word(header, section + layout->sh_offset);
	*n_bytes = load_word(header, section + layout->sh_size);
	return mo_is_within(*offset, *n_bytes, file->n_bytes);
}

static bool has_xen_pages(const struct mo_file_bytes *file, const struct mo_elf_header *header, const uint8_t *elf)
{
	static const char wanted[] = ".xen_pages";
	const struct elf_layout *layout = layout_of(header);
	uint16_t n_sections = mo_load_u16(elf + layout->shnum, header->is_big_endian);
	uint16_t names_index = mo_load_u16(elf + layout->shnum + 2, header->is_big_endian);
	uint64_t names, names_bytes, offset, n_bytes;
	uint32_t name;

	if (names_index >= n_sections || !find_section(file, header, elf, names_index, &name, &names, &names_bytes))
		return false;
	for (uint16_t i = 0; i < n_sections; i++) {
		char found[sizeof(wanted)];

		if (find_section(file, header, elf, i, &name, &offset, &n_bytes) &&
		    mo_is_within(name, sizeof(found), names_bytes) && try_copy(file, names + name, found, sizeof(found)) &&
		    memcmp(found, wanted, sizeof(found)) == 0)
			return true;
	}
	return false;
}

bool mo_elf_header_probe(const struct mo_file_bytes *file)
{
	uint8_t bytes[sizeof(Elf64_Ehdr)] = { 0 };
	uint64_t n_bytes = file->n_bytes < sizeof(bytes) ? file->n_bytes : sizeof(bytes);
	struct mo_elf_header header = { .is_64 = false };

	if (!try_copy(file, 0, bytes, (size_t)n_bytes) || memcmp(bytes, ELFMAG, SELFMAG) != 0)
		return false;
	header.is_64 = bytes[EI_CLASS] == ELFCLASS64;
	header.is_big_endian = bytes[EI_DATA] == ELFDATA2MSB;
	return mo_load_u16(bytes + layout_of(&header)->phnum, header.is_big_endian) != 0 ||
	       !has_xen_pages(file, &header, bytes);
}

static struct mo_error *check_ident(const struct mo_file_bytes *file, const uint8_t *bytes, uint64_t n_bytes)
{
	if (n_bytes >= EI_NIDENT &&
	    ((bytes[EI_CLASS] != ELFCLASS32 && bytes[EI_CLASS] != ELFCLASS64) ||
	     (bytes[EI_DATA] != ELFDATA2LSB && bytes[EI_DATA] != ELFDATA2MSB)))
		return mo_error_create(MO_E_CORRUPT, "%s: an ELF file of class %u and byte order %u, which do not exist",
				       file->path, bytes[EI_CLASS], bytes[EI_DATA]);
	if (n_bytes < layouts[bytes[EI_CLASS] == ELFCLASS64].header_bytes)
		return mo_error_create(MO_E_CORRUPT, "%s: cut short at offset %" PRIu64 ", in the ELF header", file->path,
				       n_bytes);
	return NULL;
}

/* From 65535 segments on, their number is in sh_info of the first section header (System V ABI, PN_XNUM). */
static struct mo_error *read_extended_number(const struct mo_file_bytes *file, const uint8_t *bytes,
					     struct mo_elf_header *header)
{
	const struct elf_layout *layout = layout_of(header);
	uint64_t section_offset = load_word(header, bytes + layout->shoff);
	uint8_t section[sizeof(Elf64_Shdr)];

	if (section_offset == 0 || mo_load_u16(bytes + layout->shentsize, header->is_big_endian) < layout->section_bytes)
		return mo_error_create(MO_E_CORRUPT, "%s: the number of program headers is said to be in a section header "
				       "that does not exist", file->path);
	MO_TRY(mo_error_prepend(mo_file_bytes_copy(file, section_offset, section, layout->section_bytes),
				"cannot read the number of program headers"));
	header->n_segments = mo_load_u32(section + layout->sh_info, header->is_big_endian);
	return NULL;
}

static struct mo_error *check_segments(const struct mo_file_bytes *file, const struct mo_elf_header *header)
{
	uint64_t n_bytes = (uint64_t)header->n_segments * header->segment_entry_bytes;

	if (header->n_segments && header->segment_entry_bytes < layout_of(header)->segment_bytes)
		return mo_error_create(MO_E_CORRUPT, "%s: program headers of %u bytes are too small", file->path,
				       header->segment_entry_bytes);
	if (file->is_live_kernel && header->n_segments > MAX_LIVE_SEGMENTS)
		return mo_error_create(MO_E_LIMIT, "%s: %" PRIu32 " program headers", file->path, header->n_segments);
	if (!mo_is_within(header->segments_offset, n_bytes, file->n_bytes))
		return mo_error_create(MO_E_CORRUPT,
				       "%s: cut short at offset %" PRIu64 ": %" PRIu32
				       " program headers belong at offset %" PRIu64,
				       file->path, file->n_bytes, header->n_segments, header->segments_offset);
	return NULL;
}

struct mo_error *mo_elf_header_read(const struct mo_file_bytes *file, struct mo_elf_header *ret)
{
	uint8_t bytes[sizeof(Elf64_Ehdr)] = { 0 };
	uint64_t n_bytes = file->n_bytes < sizeof(bytes) ? file->n_bytes : sizeof(bytes);
	struct mo_elf_header header = { .is_64 = false };
	const struct elf_layout *layout;

	MO_TRY(mo_file_bytes_copy(file, 0, bytes, (size_t)n_bytes));
	MO_TRY(check_ident(file, bytes, n_bytes));
	header.is_64 = bytes[EI_CLASS] == ELFCLASS64;
	header.is_big_endian = bytes[EI_DATA] == ELFDATA2MSB;
	layout = layout_of(&header);
	header.type = mo_load_u16(bytes + offsetof(Elf64_Ehdr, e_type), header.is_big_endian);
	header.machine = mo_load_u16(bytes + offsetof(Elf64_Ehdr, e_machine), header.is_big_endian);
	header.flags = mo_load_u32(bytes + layout->flags, header.is_big_endian);
	header.segments_offset = load_word(&header, bytes + layout->phoff);
	header.segment_entry_bytes = mo_load_u16(bytes + layout->phentsize, header.is_big_endian);
	header.n_segments = mo_load_u16(bytes + layout->phnum, header.is_big_endian);
	if (header.n_segments == PN_XNUM)
		MO_TRY(read_extended_number(file, bytes, &header));
	MO_TRY(check_segments(file, &header));
	*ret = header;
	return NULL;
}

struct mo_error *mo_elf_segment_read(const struct mo_file_bytes *file, const struct mo_elf_header *header, uint32_t i,
				     struct mo_elf_segment *ret)
{
	const struct elf_layout *layout = layout_of(header);
	uint64_t offset = header->segments_offset + (uint64_t)i * header->segment_entry_bytes;
	uint8_t scratch[sizeof(Elf64_Phdr)];
	const uint8_t *bytes;
	struct mo_elf_segment segment;

	MO_TRY(mo_error_prepend(mo_file_bytes_get(file, offset, layout->segment_bytes, scratch, &bytes),
				"cannot read program header %" PRIu32, i));
	segment = (struct mo_elf_segment){
		.type = mo_load_u32(bytes, header->is_big_endian),
		.offset = load_word(header, bytes + layout->p_offset),
		.pa = load_word(header, bytes + layout->p_paddr),
		.file_bytes = load_word(header, bytes + layout->p_filesz),
		.memory_bytes = load_word(header, bytes + layout->p_memsz),
	};
	/* The last 16 offsets are kept for sources that are none; no file reaches there. */
	if (segment.file_bytes > MO_SOURCE_NONE - 1 || segment.offset > MO_SOURCE_NONE - 1 - segment.file_bytes)
		return mo_error_create(MO_E_CORRUPT,
				       "%s: program header %" PRIu32 ": 0x%" PRIx64 " bytes at offset 0x%" PRIx64 " wrap",
				       file->path, i, segment.file_bytes, segment.offset);
	*ret = segment;
	return NULL;
}

const struct mo_elf_machine *mo_elf_machine_find(const struct mo_elf_header *header)
{
	for (size_t i = 0; i < sizeof(machines) / sizeof(machines[0]); i++) {
		if (machines[i].machine == header->machine &&
		    (header->is_64 ? machines[i].name_64 : machines[i].name_32))
			return &machines[i];
	}
	return NULL;
}
