/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MO_DUMP_H
#define MO_DUMP_H

/*
 * A dump: pages of physical memory, and what the file says about itself.
 *
 * What it does not do: it knows no virtual addresses, no kernel structures and no architecture's registers; notes
 * are handed out as bytes. It never takes another source than the one it was given.
 *
 * Lifetimes: a `struct mo_dump` is immutable once open and may be shared by all threads; readers live no longer than
 * their dump. A reader belongs to one thread at a time: it holds that thread's decompression buffers.
 *
 * Addresses are physical addresses in bytes (`_pa`) or page frame numbers (`_pfn`); a range is [first, first+count).
 */

#include <stddef.h>
#include <stdint.h>

#include <memopsy/error.h>

struct mo_dump;
struct mo_dump_reader;
struct mo_progress;
struct mo_text;

/* One ELF note of the dump, e.g. {"CORE", NT_PRSTATUS}, {"QEMU", 0}, {"VMCOREINFO", 0}. Not terminated, not aligned. */
struct mo_dump_note {
	const char *name;        /* terminated */
	uint32_t type;
	const uint8_t *desc;
	size_t desc_bytes;
};

/* Unknown strings are NULL. All live as long as the dump. */
struct mo_dump_info {
	const char *format;      /* "ELF", "kdump-compressed", "flattened kdump-compressed", "/proc/kcore", ... */
	const char *compression; /* "zlib", "lzo", "snappy", "zstd", "mixed", "none" as far as the headers say */
	const char *reader;      /* which code reads it: "mapped", "pread", "live", "kdump", "libkdumpfile" */
	const char *arch;        /* "x86_64", "aarch64", "i386", ... as uname -m names them; NULL: the headers do not say */
	const char *os_release;  /* from the dump header's utsname, if it has one */
	const char *os_version;
	const char *os_machine;
	const char *os_nodename;
	unsigned pointer_bytes;  /* 4 or 8; 0: unknown */
	bool is_big_endian;
	bool is_live;            /* /proc/kcore: it changes while we read */
	bool is_truncated;       /* the file ends before what its headers promise */
	bool is_incomplete;      /* the dump program itself marked the dump as incomplete */
	bool has_missing_parts;  /* a split dump, not all of whose parts were given: their pages count as excluded */
	bool has_dump_level;
	bool has_dump_time;
	uint32_t page_bytes;     /* a power of two */
	unsigned page_shift;
	unsigned dump_level;     /* makedumpfile's -d bits, if has_dump_level */
	int64_t dump_time;       /* seconds since 1970, if has_dump_time */
	uint64_t file_bytes;     /* sum over the files of a split dump; 0 for a live one */
	uint64_t stored_bytes;   /* of these, what the file system stores: less for a file with holes */
	uint64_t promised_bytes; /* if is_truncated: how long the file should be; 0: what is left does not tell */
	bool is_promise_partial; /* it should be longer than that, by how much what is left does not tell */
	uint64_t end_pfn;        /* one past the highest page frame that the dump can speak of */
	uint64_t present_pages;  /* page frames that it holds */
	const char *vmcoreinfo;  /* text of the VMCOREINFO note, terminated; NULL: none */
	size_t vmcoreinfo_bytes;
	const struct mo_dump_note *notes;
	size_t n_notes;
	bool has_phys_base;      /* kdump-compressed headers carry it */
	uint64_t phys_base;
};

/*
 * Opens a dump: one path, or all the parts of a split one in any order. Errors name the path and say what is wrong
 * (no such file, a directory, empty, not a dump, cut short at offset N, ...). A truncated file opens as long as its
 * headers are whole: is_truncated is set, and each page that lies behind the file's end is MO_EXCLUDED, and MO_E_CORRUPT
 * when read all the same.
 * "/proc/kcore" (or any ELF core that should not be mapped: /proc/vmcore, a block device) is read with pread.
 *
 * A file that somebody shortens while it is open and mapped ends the process with SIGBUS.
 */
struct mo_error *mo_dump_open(const char *const *paths, size_t n_paths, struct mo_dump **ret) MO_MUST_USE;

/* All readers must be gone. NULL is fine. */
void mo_dump_close(struct mo_dump *dump);

const struct mo_dump_info *mo_dump_info(const struct mo_dump *dump);

/*
 * Sets the kernel's page size, which info and page frame numbers then go by: a file may be written in other units (QEMU's
 * kdump of arm64 in 64 KiB), and what it says itself is taken where it has VMCOREINFO. Before there are other threads.
 */
void mo_dump_use_page_bytes(struct mo_dump *dump, uint32_t n_bytes);

/* Of a truncated dump: "cut short at 70123456 of 71922048 bytes", as far as it is known. Nothing for others. */
void mo_dump_append_cut(const struct mo_dump_info *info, struct mo_text *text);

enum mo_presence {
	MO_PRESENT = 0,  /* at least a part of the page is in the dump */
	MO_EXCLUDED = 1, /* memory of the machine that is not in the dump: filtered, not written, or behind a cut file's end */
	MO_HOLE = 2,     /* the dump knows no memory there */
};

/* Constant time, or logarithmic in the number of segments. Any thread. */
enum mo_presence mo_dump_presence(const struct mo_dump *dump, uint64_t pfn);

/*
 * The next run of present page frames that begins at or after pfn, or contains it (then first_pfn == pfn).
 * false: no more. Runs are as long as presence is contiguous, whatever lies between them in the file.
 */
bool mo_dump_next_run(const struct mo_dump *dump, uint64_t pfn, uint64_t *first_pfn, uint64_t *n_pages);

/*
 * The same without the page frames of which a file stores nothing, since they lie in a hole of it and are zero: for searches.
 * Such a run may end before the run of presence does.
 */
bool mo_dump_next_stored_run(const struct mo_dump *dump, uint64_t pfn, uint64_t *first_pfn, uint64_t *n_pages);

/*
 * How many page frames a search of all memory looks at: more than any honest dump of this size has. Of a dishonest one,
 * whose segments all name the same bytes, the rest is not searched.
 */
uint64_t mo_dump_max_search_pages(const struct mo_dump_info *info);

struct mo_error *mo_dump_reader_create(const struct mo_dump *dump, struct mo_dump_reader **ret) MO_MUST_USE;
void mo_dump_reader_destroy(struct mo_dump_reader *reader);

/* Lets go of the pages that it keeps of a kernel that runs: the next view shows what is there then. Views end. */
void mo_dump_reader_forget(struct mo_dump_reader *reader);

/* A view stays valid until its reader has handed out this many more views of other pages. */
#define MO_DUMP_VIEWS_KEPT 8

/*
 * A pointer to the bytes of physical memory at pa, without a copy: *bytes_ret is at least 1 and at most max_bytes; it
 * ends at the page's end, or later where memory and file are contiguous (mapped ELF: as far as the segment goes), or
 * earlier where the dump has only a part of the page (the file ends within it, or an ELF segment does).
 * MO_E_NOT_IN_DUMP: excluded or a hole (the text says which); MO_E_CORRUPT: the page does not decompress, or lies
 * behind the file's end; MO_E_IO: the system could not read it. A failing page never affects another.
 * The pointer has no alignment beyond 1 (QEMU's ELF segments lie at odd offsets).
 */
struct mo_error *mo_dump_view(struct mo_dump_reader *reader, uint64_t pa, size_t max_bytes, const void **ret,
			      size_t *bytes_ret) MO_MUST_USE;

/*
 * Says that a view will not be looked at again: what it takes of a mapped file no longer counts as this process's
 * memory. A whole pass over a dump needs it, or the process grows as large as what it read.
 */
void mo_dump_view_done(struct mo_dump_reader *reader, const void *bytes, size_t n_bytes);

/* Copies n_bytes from pa on, over page borders; all or an error, and then the buffer's bytes mean nothing. */
struct mo_error *mo_dump_read(struct mo_dump_reader *reader, uint64_t pa, void *buffer, size_t n_bytes) MO_MUST_USE;

#endif
