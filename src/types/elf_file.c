/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Opens ELF files and hands out their sections, inflated where compressed. */
#include "elf_inside.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "bytes.h"
#include "cleanup.h"
#include "text.h"

#ifndef ELFCOMPRESS_ZSTD
#define ELFCOMPRESS_ZSTD 2
#endif

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
		return mo_error_from_errno(errno, "cannot stat %s", path);
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
static void look_into_packing(const struct mo_elf *elf, struct mo_elf_entry *entry)
{
	const uint8_t *bytes = elf->image + entry->file_offset;

	if (entry->section.flags & SHF_COMPRESSED) {
		entry->packing = MO_PACKING_CHDR;
		if (elf->is_64_bit && entry->file_bytes >= sizeof(Elf64_Chdr)) {
			entry->compression = mo_load_u32(bytes, elf->is_big_endian);
			entry->section.n_bytes = mo_load_u64(bytes + 8, elf->is_big_endian);
		} else if (!elf->is_64_bit && entry->file_bytes >= sizeof(Elf32_Chdr)) {
			entry->compression = mo_load_u32(bytes, elf->is_big_endian);
			entry->section.n_bytes = mo_load_u32(bytes + 4, elf->is_big_endian);
		}
	} else if (strncmp(entry->section.name, ".zdebug", 7) == 0 && entry->file_bytes >= 12 &&
		   memcmp(bytes, "ZLIB", 4) == 0) {
		entry->packing = MO_PACKING_GNU;
		entry->compression = ELFCOMPRESS_ZLIB;
		entry->section.n_bytes = mo_load_u64(bytes + 4, true);
	}
}

static struct mo_error *read_section_header(struct mo_elf *elf, size_t index, size_t names_index)
{
	struct mo_elf_entry *entry = &elf->entries[index];
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
	if (entry->packing == MO_PACKING_NONE)
		entry->section.bytes = elf->image + entry->file_offset;
	if (entry->packing == MO_PACKING_GNU) {
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
		error = mo_elf_read_build_id(elf);
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

size_t mo_elf_section_count(const struct mo_elf *elf)
{
	return elf->n_entries;
}

/* Under the lock. libelf bounds what it allocates by the ratio that zlib can reach. */
static struct mo_error *inflate(struct mo_elf *elf, size_t index)
{
	struct mo_elf_entry *entry = &elf->entries[index];
	Elf_Scn *scn = elf_getscn(elf->libelf, index);
	Elf_Data *data;
	int result;

	if (!scn)
		return mo_error_create(MO_E_CORRUPT, "%s", why_libelf_failed());
	if (entry->packing == MO_PACKING_GNU)
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
	struct mo_elf_entry *entry;

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
	if (entry->packing == MO_PACKING_NONE) {
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
