/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MO_ELF_INSIDE_H
#define MO_ELF_INSIDE_H

/* The inside of an ELF file, for the files that read one; libelf is seen nowhere else. */

#include "elf_file.h"

#include <pthread.h>

#include <gelf.h>
#include <libelf.h>

enum mo_elf_packing {
	MO_PACKING_NONE = 0,
	MO_PACKING_CHDR = 1, /* SHF_COMPRESSED: an Elf_Chdr, then the stream */
	MO_PACKING_GNU = 2,  /* ".zdebug_*": "ZLIB", the size as 8 bytes big-endian, then the stream */
};

struct mo_elf_entry {
	struct mo_elf_section section; /* n_bytes as after inflating */
	uint64_t file_offset;
	uint64_t file_bytes;
	enum mo_elf_packing packing;
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
	struct mo_elf_entry *entries;
	size_t n_entries;
	pthread_mutex_t lock; /* guards libelf and is_inflated once the file is open */
};

/* Sets elf->build_id, if there is one. */
struct mo_error *mo_elf_read_build_id(struct mo_elf *elf) MO_MUST_USE;

#endif
