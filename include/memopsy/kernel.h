/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MEMOPSY_KERNEL_H
#define MEMOPSY_KERNEL_H

/*
 * The kernel session: one dumped (or live) kernel, its memory by kernel virtual address, its types and symbols.
 *
 * What it does not do: it knows no subsystem. It has no notion of zones, slabs or tasks.
 *
 * Lifetimes: a `struct mo_kernel` outlives everything that was obtained from it. Facts, types and symbols live as
 * long as it does.
 * Threads: a session is shared by all threads and read-only. A `struct mo_reader` belongs to one thread at a time:
 * it holds that thread's translations and decompressed pages. A parallel scan makes one reader per thread.
 *
 * Addresses: `_kva` kernel virtual, `_pa` physical, in bytes; `_pfn` page frame numbers. A range is [first, first + n).
 */

#include <stddef.h>

#include <memopsy/error.h>
#include <memopsy/progress.h>
#include <memopsy/symbols.h>
#include <memopsy/types.h>

MO_API_BEGIN

struct mo_kernel;
struct mo_reader;

/* What was learned when the dump was opened. Unknown strings are NULL. */
struct mo_kernel_facts {
	const char *dump_path;
	const char *dump_format;   /* "ELF", "kdump-compressed", ... */
	const char *arch;          /* "x86_64", "aarch64" */
	const char *release;       /* "6.1.0-50-amd64" */
	const char *banner;        /* linux_banner, one visible line */
	const char *build_id;      /* lower-case hex */
	const char *types_from;    /* "BTF of the dump" */
	const char *symbols_from;  /* "kallsyms of the dump" */
	unsigned pointer_bytes;
	unsigned page_shift;
	uint64_t page_bytes;
	uint64_t end_pfn;          /* one past the highest page frame that the dump can speak of */
	uint64_t kaslr_offset;     /* of the kernel image, in bytes */
	uint64_t page_offset_kva;  /* start of the direct map; 0: not known */
	unsigned paging_levels;    /* of the kernel's page tables: 3, 4, 5 */
	bool is_big_endian;
	bool is_live;              /* it changes while we read: retry rather than trust */
	/*
	 * A text instead of a dump: there is its log (printk.h), and no memory, type or symbol. Reads give MO_E_NOT_IN_DUMP. Of
	 * the facts those are known that the text says; page_bytes and page_shift are 0 if it does not.
	 */
	bool is_log;
	bool lacks_types;          /* of a text always; of all plugins only those run that read the log */
	const char *host;          /* of a log of one machine that names it */
	const char *cache_dir;     /* where things learned of dumps may be kept; NULL: nowhere (--no-cache) */
	/*
	 * Types, symbols or the dump's end are missing in part: what was not found may be there all the same, and no
	 * conclusion may rest on its absence.
	 */
	bool is_read_in_part;
	uint64_t max_pages;        /* more page frames than this no dump of this size can tell of; 0: no bound */
};

const struct mo_kernel_facts *mo_kernel_facts(const struct mo_kernel *kernel);
struct mo_types *mo_kernel_types(const struct mo_kernel *kernel);
const struct mo_symbols *mo_kernel_symbols(const struct mo_kernel *kernel);

/* Threads that a parallel pass should use. */
unsigned mo_kernel_thread_count(const struct mo_kernel *kernel);

/*
 * A value of VMCOREINFO by its whole key: "NUMBER(phys_base)", "PAGESIZE", "SYMBOL(init_uts_ns)". The number form
 * takes what the kernel prints for that key: hexadecimal for SYMBOL and KERNELOFFSET, decimal otherwise.
 * MO_E_ABSENT: no such key (or no VMCOREINFO at all); MO_E_CORRUPT: not a number.
 */
struct mo_error *mo_kernel_vmcoreinfo_number(const struct mo_kernel *kernel, const char *key, int64_t *ret) MO_MUST_USE;
const char *mo_kernel_vmcoreinfo_text(const struct mo_kernel *kernel); /* the whole; NULL: none */

/* What the dump says of a page frame. */
enum mo_frame_presence {
	MO_FRAME_PRESENT = 0,
	MO_FRAME_EXCLUDED = 1, /* memory of the machine, left out of the dump */
	MO_FRAME_HOLE = 2,     /* the dump knows no memory there */
};
enum mo_frame_presence mo_kernel_frame_presence(const struct mo_kernel *kernel, uint64_t pfn);

/*
 * What a CPU had in its general registers when the dump was taken, by the dump's notes: PRSTATUS of ELF and kdump files, or,
 * where there are none, what QEMU notes of its CPUs. Numbers of CPUs are not noted: the kernel and QEMU note them in
 * ascending order, and the kernel leaves those out that were offline.
 */
#define MO_CPU_REGISTERS 40
struct mo_cpu_registers {
	uint64_t words[MO_CPU_REGISTERS]; /* all that are as wide as a pointer, in the note's order; in user mode a user's */
	size_t n_words;                   /* all of them 0: the CPU did not answer before the dump was taken */
	uint64_t instruction_kva;
	uint64_t stack_kva;
};

/* Of the CPU that is noted in place `index`; false: no more are. */
bool mo_kernel_registers(const struct mo_kernel *kernel, size_t index, struct mo_cpu_registers *ret);

/* The next run of page frames in the dump at or after pfn; false: no more. */
bool mo_kernel_next_frames(const struct mo_kernel *kernel, uint64_t pfn, uint64_t *first_pfn, uint64_t *n_pages);

struct mo_error *mo_reader_create(struct mo_kernel *kernel, struct mo_reader **ret) MO_MUST_USE;
void mo_reader_destroy(struct mo_reader *reader);
/*
 * Lets go of what a reader keeps of memory that it has read, so that it reads anew: for who looks twice at a kernel that
 * runs. Views end.
 */
void mo_reader_forget(struct mo_reader *reader);
struct mo_kernel *mo_reader_kernel(const struct mo_reader *reader);

/*
 * Reads n_bytes at a kernel virtual (physical) address, over page borders; all or an error.
 * MO_E_NOT_MAPPED: no translation; MO_E_NOT_IN_DUMP: translated, but the page is not in the dump; MO_E_CORRUPT.
 */
struct mo_error *mo_read(struct mo_reader *reader, uint64_t kva, void *buffer, size_t n_bytes) MO_MUST_USE;
struct mo_error *mo_read_pa(struct mo_reader *reader, uint64_t pa, void *buffer, size_t n_bytes) MO_MUST_USE;

/*
 * A pointer to memory at kva without a copy: *n_bytes_ret is at least 1 and at most max_bytes, and ends where the
 * mapping or the file is no longer contiguous. Valid until this reader has handed out 8 more views; any alignment.
 */
struct mo_error *mo_view(struct mo_reader *reader, uint64_t kva, size_t max_bytes, const void **ret,
			 size_t *n_bytes_ret) MO_MUST_USE;
struct mo_error *mo_view_pa(struct mo_reader *reader, uint64_t pa, size_t max_bytes, const void **ret,
			    size_t *n_bytes_ret) MO_MUST_USE;

/*
 * Says that a view will not be looked at again, so that a pass over much memory does not make this process as large as
 * what it read. Never needed for a few pages.
 */
void mo_view_done(struct mo_reader *reader, const void *bytes, size_t n_bytes);

/* Numbers in the kernel's byte order. */
struct mo_error *mo_read_u8(struct mo_reader *reader, uint64_t kva, uint8_t *ret) MO_MUST_USE;
struct mo_error *mo_read_u16(struct mo_reader *reader, uint64_t kva, uint16_t *ret) MO_MUST_USE;
struct mo_error *mo_read_u32(struct mo_reader *reader, uint64_t kva, uint32_t *ret) MO_MUST_USE;
struct mo_error *mo_read_u64(struct mo_reader *reader, uint64_t kva, uint64_t *ret) MO_MUST_USE;
struct mo_error *mo_read_pointer(struct mo_reader *reader, uint64_t kva, uint64_t *ret) MO_MUST_USE; /* or unsigned long */

/*
 * A NUL-terminated string of at most buffer_bytes - 1 bytes; longer ones are cut. Raw bytes: make them visible before
 * they are shown (report cells do). The buffer is always terminated. *length_ret (may be NULL) is the length.
 */
struct mo_error *mo_read_string(struct mo_reader *reader, uint64_t kva, char *buffer, size_t buffer_bytes,
				size_t *length_ret) MO_MUST_USE;

/*
 * The physical address behind a kernel virtual one, and for how many bytes from kva on the mapping continues
 * (*span_bytes_ret; may be NULL).
 */
struct mo_error *mo_translate(struct mo_reader *reader, uint64_t kva, uint64_t *pa_ret, uint64_t *span_bytes_ret) MO_MUST_USE;

/* What an entry of a page table says; more of it in page_entry.h. */
enum mo_entry_kind {
	MO_ENTRY_NONE = 0,      /* pte_none(): nothing */
	MO_ENTRY_TABLE = 1,     /* leads to a lower table */
	MO_ENTRY_LEAF = 2,      /* maps memory */
	MO_ENTRY_NO_ACCESS = 3, /* holds memory that the CPU may not touch: PROT_NONE, NUMA balancing */
	MO_ENTRY_SWAP = 4,      /* not present and not empty: swapped out, or migrated, poisoned, a marker */
};

/* One level of a page-table walk. */
struct mo_translation_step {
	const char *level;     /* "PGD", "P4D", "PUD", "PMD", "PTE" */
	uint64_t entry_pa;     /* where the entry lies */
	uint64_t entry;        /* its value */
	uint64_t covers_bytes; /* how much virtual memory one entry of this level maps */
	unsigned height;       /* of its table above the memory: 0 maps pages */
	enum mo_entry_kind kind;
	uint32_t flags;        /* enum mo_entry_flag (page_entry.h) */
};
#define MO_TRANSLATION_STEPS 5

struct mo_translation {
	struct mo_translation_step steps[MO_TRANSLATION_STEPS];
	unsigned n_steps;
	bool is_mapped;        /* there is memory at pa, whether or not it may be accessed */
	uint64_t pa;           /* if is_mapped */
	uint64_t span_bytes;   /* from the address to the end of the mapping, or of the hole */
};

/*
 * Walks page tables with every step recorded; root_pa 0 means the kernel's own. An address that is not mapped is no
 * error: is_mapped is false and the last step says why. Errors are unreadable or impossible tables.
 */
struct mo_error *mo_walk_page_table(struct mo_reader *reader, uint64_t root_pa, uint64_t va,
				    struct mo_translation *ret) MO_MUST_USE;

/* Loads the modules' symbols (once; any thread). Until then only the kernel's own are known. */
struct mo_error *mo_kernel_load_modules(struct mo_kernel *kernel) MO_MUST_USE;

/*
 * Adds the modules' types to the kernel's: split BTF out of the dump where the kernel's types are BTF, the modules'
 * debug files where a vmlinux gave them. Little needs them, so it is done on demand: once, before other threads use the
 * types. What cannot be read is left out, and a remark of the session says so; *n_modules_ret (may be NULL) is of how
 * many modules the types are known.
 */
struct mo_error *mo_kernel_load_module_types(struct mo_kernel *kernel, size_t *n_modules_ret) MO_MUST_USE;

MO_API_END

#endif
