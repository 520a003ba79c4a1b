/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "elf_file.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <gelf.h>
#include <libelf.h>

#include "bytes.h"
#include "cleanup.h"
#include "text.h"

#ifndef ELFCOMPRESS_ZSTD
#define ELFCOMPRESS_ZSTD 2
#endif
#ifndef EM_LOONGARCH
#define EM_LOONGARCH 258
#endif

/* A build-id is 20 bytes from every common linker; 16 and 8 exist. Longer than this is no build-id. */
#define MAX_BUILD_ID_BYTES 64

enum packing {
	PACKING_NONE = 0,
	PACKING_CHDR = 1, /* SHF_COMPRESSED: an Elf_Chdr, then the stream */
	PACKING_GNU = 2,  /* ".zdebug_*": "ZLIB", the size as 8 bytes big-endian, then the stream */
};

struct section_entry {
	struct mo_elf_section section; /* n_bytes as after inflating */
	uint64_t file_offset;
	uint64_t file_bytes;
	enum packing packing;
	uint32_t compression;          /* ELFCOMPRESS_* */
	char *plain_name;              /* ".debug_info" for ".zdebug_info"; else NULL */
	bool is_behind_end;            /* of the file */
	bool is_inflated;              /* guarded by the lock */
};

struct mo_elf {
	char *path;
	int fd;
	Elf *libelf;
	const uint8_t *image; /* the whole file, mapped by libelf */
	size_t image_bytes;
	GElf_Ehdr header;
	bool is_64_bit;
	bool is_big_endian;
	char *build_id;
	struct section_entry *entries;
	size_t n_entries;
	pthread_mutex_t lock; /* guards libelf and is_inflated once the file is open */
};

/* libelf wants to be told the ELF version before its first use. Doing it while loading needs no lock and no static. */
__attribute__((constructor)) static void tell_libelf_the_version(void)
{
	elf_version(EV_CURRENT);
}

static const char *why_libelf_failed(void)
{
	const char *text = elf_errmsg(-1);

	return text ? text : "no reason given";
}

/* What people give in place of a vmlinux, said by name. */
static struct mo_error *describe_stranger(const char *path, const uint8_t *bytes, size_t n_bytes)
{
	if (n_bytes >= 2 && bytes[0] == 0x1f && bytes[1] == 0x8b)
		return mo_error_create(MO_E_UNSUPPORTED, "%s is compressed with gzip: unpack it first", path);
	if (n_bytes >= 6 && memcmp(bytes, "\xfd" "7zXZ", 6) == 0)
		return mo_error_create(MO_E_UNSUPPORTED, "%s is compressed with xz: unpack it first", path);
	if (n_bytes >= 4 && memcmp(bytes, "\x28\xb5\x2f\xfd", 4) == 0)
		return mo_error_create(MO_E_UNSUPPORTED, "%s is compressed with zstd: unpack it first", path);
	if (n_bytes >= 0x206 && memcmp(bytes + 0x202, "HdrS", 4) == 0)
		return mo_error_create(MO_E_INVALID,
				       "%s is a bootable kernel image (vmlinuz), not the vmlinux that it was made from",
				       path);
	return mo_error_create(MO_E_INVALID, "%s is not an ELF file", path);
}

static struct mo_error *open_regular_file(const char *path, int *ret)
{
	struct stat status;
	MO_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return mo_error_from_errno(errno, "cannot open %s", path);
	if (fstat(fd, &status) != 0)
		return mo_error_from_errno(errno, "cannot ask about %s", path);
	if (S_ISDIR(status.st_mode))
		return mo_error_create(MO_E_INVALID, "%s is a directory, not an ELF file", path);
	if (!S_ISREG(status.st_mode))
		return mo_error_create(MO_E_INVALID, "%s is not a regular file", path);
	if (status.st_size == 0)
		return mo_error_create(MO_E_INVALID, "%s is empty", path);
	*ret = fd;
	fd = -1;
	return NULL;
}

/* The file as libelf sees it: its kind, its header, and the map of the whole. */
static struct mo_error *begin(struct mo_elf *elf)
{
	char *image;

	elf->libelf = elf_begin(elf->fd, ELF_C_READ_MMAP, NULL);
	if (!elf->libelf)
		return mo_error_create(MO_E_CORRUPT, "cannot read %s as ELF: %s", elf->path, why_libelf_failed());
	image = elf_rawfile(elf->libelf, &elf->image_bytes);
	if (!image)
		return mo_error_create(MO_E_IO, "cannot map %s: %s", elf->path, why_libelf_failed());
	elf->image = (const uint8_t *)image;
	if (elf_kind(elf->libelf) != ELF_K_ELF)
		return describe_stranger(elf->path, elf->image, elf->image_bytes);
	if (!gelf_getehdr(elf->libelf, &elf->header))
		return mo_error_create(MO_E_CORRUPT, "%s: ELF header: %s", elf->path, why_libelf_failed());
	elf->is_64_bit = elf->header.e_ident[EI_CLASS] == ELFCLASS64;
	elf->is_big_endian = elf->header.e_ident[EI_DATA] == ELFDATA2MSB;
	if (elf->header.e_type == ET_CORE)
		return mo_error_create(MO_E_INVALID, "%s is a core file, not a kernel, module or debug file", elf->path);
	return NULL;
}

/* libelf silently shows no sections where the table is cut off; here that is an error. */
static struct mo_error *check_section_table(const struct mo_elf *elf, size_t n_sections)
{
	uint64_t entry_bytes = elf->is_64_bit ? sizeof(Elf64_Shdr) : sizeof(Elf32_Shdr);
	uint64_t n_promised = elf->header.e_shnum;

	if (elf->header.e_shoff == 0)
		return NULL;
	if (n_promised == 0) /* too many for the header: section 0 says how many */
		n_promised = n_sections ? n_sections : 1;
	if (!mo_is_within(elf->header.e_shoff, n_promised * entry_bytes, elf->image_bytes))
		return mo_error_create(MO_E_CORRUPT,
				       "%s: the section header table (%llu entries at offset %llu) lies behind the end of "
				       "the file (%zu bytes): the file is cut short", elf->path,
				       (unsigned long long)n_promised, (unsigned long long)elf->header.e_shoff,
				       elf->image_bytes);
	if (n_sections < n_promised)
		return mo_error_create(MO_E_CORRUPT, "%s: the section header table is damaged: %zu of %llu sections",
				       elf->path, n_sections, (unsigned long long)n_promised);
	return NULL;
}

/* What a compressed section says of itself. A header that makes no sense is found when the section is inflated. */
static void look_into_packing(const struct mo_elf *elf, struct section_entry *entry)
{
	const uint8_t *bytes = elf->image + entry->file_offset;

	if (entry->section.flags & SHF_COMPRESSED) {
		entry->packing = PACKING_CHDR;
		if (elf->is_64_bit && entry->file_bytes >= sizeof(Elf64_Chdr)) {
			entry->compression = mo_load_u32(bytes, elf->is_big_endian);
			entry->section.n_bytes = mo_load_u64(bytes + 8, elf->is_big_endian);
		} else if (!elf->is_64_bit && entry->file_bytes >= sizeof(Elf32_Chdr)) {
			entry->compression = mo_load_u32(bytes, elf->is_big_endian);
			entry->section.n_bytes = mo_load_u32(bytes + 4, elf->is_big_endian);
		}
	} else if (strncmp(entry->section.name, ".zdebug", 7) == 0 && entry->file_bytes >= 12 &&
		   memcmp(bytes, "ZLIB", 4) == 0) {
		entry->packing = PACKING_GNU;
		entry->compression = ELFCOMPRESS_ZLIB;
		entry->section.n_bytes = mo_load_u64(bytes + 4, true);
	}
}

static struct mo_error *read_section_header(struct mo_elf *elf, size_t index, size_t names_index)
{
	struct section_entry *entry = &elf->entries[index];
	Elf_Scn *scn = elf_getscn(elf->libelf, index);
	const char *name;
	GElf_Shdr header;

	if (!scn || !gelf_getshdr(scn, &header))
		return mo_error_create(MO_E_CORRUPT, "%s: header of section %zu: %s", elf->path, index,
				       why_libelf_failed());
	name = elf_strptr(elf->libelf, names_index, header.sh_name);
	entry->section = (struct mo_elf_section){
		.name = name ? name : "",
		.n_bytes = header.sh_size,
		.address = header.sh_addr,
		.type = header.sh_type,
		.link = header.sh_link,
		.info = header.sh_info,
		.flags = header.sh_flags,
		.entry_bytes = header.sh_entsize,
	};
	if (header.sh_type == SHT_NOBITS || header.sh_type == SHT_NULL)
		return NULL;
	entry->file_offset = header.sh_offset;
	entry->file_bytes = header.sh_size;
	entry->is_behind_end = !mo_is_within(header.sh_offset, header.sh_size, elf->image_bytes);
	if (entry->is_behind_end)
		return NULL;
	look_into_packing(elf, entry);
	if (entry->packing == PACKING_NONE)
		entry->section.bytes = elf->image + entry->file_offset;
	if (entry->packing == PACKING_GNU) {
		struct mo_text plain = MO_TEXT_EMPTY;

		mo_text_printf(&plain, ".%s", name + 2); /* ".zdebug_info" -> ".debug_info" */
		entry->plain_name = mo_text_take(&plain);
		if (!entry->plain_name)
			return mo_error_no_memory();
		entry->section.name = entry->plain_name;
	}
	return NULL;
}

static struct mo_error *read_section_table(struct mo_elf *elf)
{
	size_t n_sections = 0, names_index = 0;

	if (elf_getshdrnum(elf->libelf, &n_sections) != 0)
		return mo_error_create(MO_E_CORRUPT, "%s: section header table: %s", elf->path, why_libelf_failed());
	MO_TRY(check_section_table(elf, n_sections));
	if (n_sections == 0)
		return NULL;
	if (elf_getshdrstrndx(elf->libelf, &names_index) != 0)
		return mo_error_create(MO_E_CORRUPT, "%s: section names: %s", elf->path, why_libelf_failed());
	elf->entries = calloc(n_sections, sizeof(*elf->entries));
	if (!elf->entries)
		return mo_error_no_memory();
	elf->n_entries = n_sections;
	for (size_t i = 0; i < n_sections; i++)
		MO_TRY(read_section_header(elf, i, names_index));
	return NULL;
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
		const struct section_entry *entry = &elf->entries[i];

		if (entry->section.type == SHT_NOTE && entry->packing == PACKING_NONE)
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

static struct mo_error *read_build_id(struct mo_elf *elf)
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

struct mo_error *mo_elf_open(const char *path, struct mo_elf **ret)
{
	struct mo_elf *elf = calloc(1, sizeof(*elf));
	struct mo_error *error;

	if (!elf)
		return mo_error_no_memory();
	elf->fd = -1;
	pthread_mutex_init(&elf->lock, NULL);
	elf->path = strdup(path);
	error = elf->path ? open_regular_file(path, &elf->fd) : mo_error_no_memory();
	if (!error)
		error = begin(elf);
	if (!error)
		error = read_section_table(elf);
	if (!error)
		error = read_build_id(elf);
	if (error) {
		mo_elf_close(elf);
		return error;
	}
	*ret = elf;
	return NULL;
}

void mo_elf_close(struct mo_elf *elf)
{
	if (!elf)
		return;
	for (size_t i = 0; i < elf->n_entries; i++)
		free(elf->entries[i].plain_name);
	free(elf->entries);
	free(elf->build_id);
	if (elf->libelf)
		elf_end(elf->libelf);
	if (elf->fd >= 0)
		close(elf->fd);
	free(elf->path);
	pthread_mutex_destroy(&elf->lock);
	free(elf);
}

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

size_t mo_elf_section_count(const struct mo_elf *elf)
{
	return elf->n_entries;
}

/* Under the lock. libelf bounds what it allocates by the ratio that zlib can reach. */
static struct mo_error *inflate(struct mo_elf *elf, size_t index)
{
	struct section_entry *entry = &elf->entries[index];
	Elf_Scn *scn = elf_getscn(elf->libelf, index);
	Elf_Data *data;
	int result;

	if (!scn)
		return mo_error_create(MO_E_CORRUPT, "%s", why_libelf_failed());
	if (entry->packing == PACKING_GNU)
		result = elf_compress_gnu(scn, 0, 0);
	else
		result = elf_compress(scn, 0, 0);
	if (result < 0) {
		if (entry->compression != ELFCOMPRESS_ZLIB)
			return mo_error_create(MO_E_UNSUPPORTED, "compressed with %s, which this libelf cannot inflate: %s",
					       entry->compression == ELFCOMPRESS_ZSTD ? "zstd" : "an unknown algorithm",
					       why_libelf_failed());
		return mo_error_create(MO_E_CORRUPT, "cannot inflate it: %s", why_libelf_failed());
	}
	data = elf_rawdata(scn, NULL);
	if (!data || (!data->d_buf && data->d_size > 0))
		return mo_error_create(MO_E_CORRUPT, "nothing came out of inflating it: %s", why_libelf_failed());
	entry->section.bytes = data->d_buf;
	entry->section.n_bytes = data->d_size;
	entry->is_inflated = true;
	return NULL;
}

struct mo_error *mo_elf_section_header(struct mo_elf *elf, size_t index, struct mo_elf_section *ret)
{
	if (index >= elf->n_entries)
		return mo_error_create(MO_E_ABSENT, "%s has no section %zu, it has %zu", elf->path, index,
				       elf->n_entries);
	pthread_mutex_lock(&elf->lock);
	*ret = elf->entries[index].section;
	pthread_mutex_unlock(&elf->lock);
	ret->bytes = NULL;
	return NULL;
}

struct mo_error *mo_elf_section_at(struct mo_elf *elf, size_t index, struct mo_elf_section *ret)
{
	struct mo_error *error = NULL;
	struct section_entry *entry;

	if (index >= elf->n_entries)
		return mo_error_create(MO_E_ABSENT, "%s has no section %zu, it has %zu", elf->path, index,
				       elf->n_entries);
	entry = &elf->entries[index];
	if (entry->is_behind_end)
		return mo_error_create(MO_E_CORRUPT,
				       "%s: section %zu %s (offset %llu, %llu bytes) lies behind the end of the file "
				       "(%zu bytes)", elf->path, index, entry->section.name,
				       (unsigned long long)entry->file_offset, (unsigned long long)entry->file_bytes,
				       elf->image_bytes);
	if (entry->packing == PACKING_NONE) {
		*ret = entry->section;
		return NULL;
	}
	pthread_mutex_lock(&elf->lock);
	if (!entry->is_inflated)
		error = inflate(elf, index);
	if (!error)
		*ret = entry->section;
	pthread_mutex_unlock(&elf->lock);
	return mo_error_prepend(error, "%s: section %zu %s", elf->path, index, entry->section.name);
}

/* The number of the first section of that name; n_entries if there is none. */
static size_t find_section(const struct mo_elf *elf, const char *name)
{
	size_t i = 0;

	while (i < elf->n_entries && strcmp(elf->entries[i].section.name, name) != 0)
		i++;
	return i;
}

struct mo_error *mo_elf_section_named(struct mo_elf *elf, const char *name, struct mo_elf_section *ret)
{
	size_t index = find_section(elf, name);

	if (index == elf->n_entries)
		return mo_error_create(MO_E_ABSENT, "%s has no section %s", elf->path, name);
	return mo_elf_section_at(elf, index, ret);
}

bool mo_elf_has_section(struct mo_elf *elf, const char *name)
{
	return find_section(elf, name) < elf->n_entries;
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
		const struct section_entry *entry = &elf->entries[i];

		if (!(entry->section.flags & SHF_ALLOC) || entry->packing != PACKING_NONE)
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
