/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MO_DUMP_FORMAT_H
#define MO_DUMP_FORMAT_H

/*
 * What a dump format is to dump.c, which opens and dispatches and knows no format itself.
 *
 * To add a format: write one file with a `const struct mo_dump_format`, put it into the table in dump.c (the first one
 * whose probe says yes opens the dump, so the catch-all stays last), and add a builder and cases to tests/unit/dump.
 */

#include "dump.h"
#include "file_bytes.h"
#include "notes.h"

struct mo_dump_format {
	/* Whether the first file is of this format; looks at the signature only. */
	bool (*probe)(const struct mo_file_bytes *file);

	/*
	 * Reads the headers: fills info and state of a dump whose files are open (n_files >= 1). On failure, whatever state
	 * has been set is passed to close all the same.
	 */
	struct mo_error *(*open)(struct mo_dump *dump);
	void (*close)(struct mo_dump *dump); /* frees state, which may be NULL */

	enum mo_presence (*presence)(const struct mo_dump *dump, uint64_t pfn);
	bool (*next_run)(const struct mo_dump *dump, uint64_t pfn, uint64_t *first_pfn, uint64_t *n_pages);

	/* As mo_dump_next_stored_run(); NULL: as next_run, since what is present is stored. */
	bool (*next_stored_run)(const struct mo_dump *dump, uint64_t pfn, uint64_t *first_pfn, uint64_t *n_pages);

	struct mo_error *(*reader_create)(const struct mo_dump *dump, void **state_ret);
	void (*reader_destroy)(void *state);
	void (*reader_forget)(void *state); /* of a kernel that runs: as mo_dump_reader_forget(); NULL: it keeps nothing */

	/* As mo_dump_view(); max_bytes is not 0. */
	struct mo_error *(*view)(struct mo_dump_reader *reader, uint64_t pa, size_t max_bytes, const void **ret,
				 size_t *bytes_ret);
};

struct mo_dump {
	const struct mo_dump_format *format;
	struct mo_dump_info info;
	struct mo_file_bytes **files;
	size_t n_files;
	unsigned unit_shift;    /* of what the format counts in: info.page_shift after open(), the kernel's page is info's */
	struct mo_notes notes;
	char *vmcoreinfo;       /* what info.vmcoreinfo points at */
	char *uts_strings[4];   /* what info.os_* point at */
	void *state;            /* the format's own */
};

struct mo_dump_reader {
	const struct mo_dump *dump;
	void *state; /* the format's own */
};

extern const struct mo_dump_format mo_elf_core_format;
extern const struct mo_dump_format mo_kdump_compressed_format;
extern const struct mo_dump_format mo_kdumpfile_format;

/* Opens with one given format, unprobed: for tests that compare two readers of the same file. */
struct mo_error *mo_dump_open_as(const struct mo_dump_format *format, const char *const *paths, size_t n_paths,
				 struct mo_dump **ret) MO_MUST_USE;

/* Powers of two from 4 KiB to 256 KiB: what Linux has had as page sizes on machines that dump. */
static inline bool mo_dump_is_page_size(uint64_t n_bytes)
{
	return n_bytes >= 4096 && n_bytes <= 262144 && (n_bytes & (n_bytes - 1)) == 0;
}

/* Sets page_bytes and page_shift. n_bytes is a page size. */
void mo_dump_set_page_bytes(struct mo_dump_info *info, uint32_t n_bytes);

/* After the notes are in: sets info.notes, and info.vmcoreinfo from the VMCOREINFO note if there is one. */
struct mo_error *mo_dump_adopt_notes(struct mo_dump *dump) MO_MUST_USE;

/* The MO_E_NOT_IN_DUMP error of a page that is MO_EXCLUDED or MO_HOLE. */
struct mo_error *mo_dump_absent_error(uint64_t pfn, enum mo_presence presence) MO_MUST_USE;

#endif
