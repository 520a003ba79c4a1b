/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * bench-slab DUMP: what all objects of all slab caches with their states cost, without the start of the program: the slab
 * plugin's gather alone. Each run opens the dump anew, so that nothing that was read or unpacked before helps.
 *
 * Of an ELF dump also what a loop in plain C takes for the same: over the struct pages in the mapped file, through every
 * slab's free list, with a state for each object. It is told beforehand where in the file everything lies, and what forms
 * the kernel has; it checks nothing. It knows SLUB on x86_64 without sheaves only.
 *
 * It prints, and judges nothing.
 */

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include <elf.h>

#include "gathering.h"
#include "bench_run.h"
#include "session.h"

#define N_RUNS 7

const struct mo_plugin *memopsy_plugin_entry_slab(void);

struct times {
	double seconds, cpu_seconds;
};

static struct times start_clock(void)
{
	return (struct times){ now_seconds(CLOCK_MONOTONIC), now_seconds(CLOCK_PROCESS_CPUTIME_ID) };
}

static void stop_clock(struct times start, struct times *best)
{
	double seconds = now_seconds(CLOCK_MONOTONIC) - start.seconds;
	double cpu_seconds = now_seconds(CLOCK_PROCESS_CPUTIME_ID) - start.cpu_seconds;

	best->seconds = seconds < best->seconds ? seconds : best->seconds;
	best->cpu_seconds = cpu_seconds < best->cpu_seconds ? cpu_seconds : best->cpu_seconds;
}

static struct mo_error *open_run(const char *path, struct mo_run *run)
{
	const struct mo_plugin *plugin = memopsy_plugin_entry_slab();
	const struct mo_session_options options = { .dump_paths = &path, .n_dump_paths = 1, .types = MO_TYPES_OF_DUMP };
	const struct mo_memmap *memmap;
	struct mo_error *error = mo_kernel_open(&options, &run->kernel);

	if (error)
		return error;
	run->layout = calloc(1, plugin->layout_bytes);
	error = run->layout ? mo_reader_create(run->kernel, &run->reader) : mo_error_no_memory();
	if (!error)
		error = mo_bind(run->kernel, plugin->needs->needs, plugin->needs->n_needs, run->layout);
	/* The session keeps it for all plugins. */
	if (!error)
		error = mo_memmap(run->reader, &memmap);
	return error;
}

static void close_run(struct mo_run *run)
{
	mo_reader_destroy(run->reader);
	free(run->layout);
	mo_kernel_close(run->kernel);
	*run = (struct mo_run){ .kernel = NULL };
}

static struct mo_error *measure(const char *path, const char *threads)
{
	const struct mo_plugin *plugin = memopsy_plugin_entry_slab();
	struct times best = { 1e9, 1e9 };
	uint64_t n_objects = 0;
	size_t n_slabs = 0;
	unsigned n_threads = 0;
	struct mo_error *error = NULL;

	if (threads)
		setenv("MEMOPSY_THREADS", threads, 1);
	else
		unsetenv("MEMOPSY_THREADS");
	for (unsigned i = 0; i < N_RUNS && !error; i++) {
		struct mo_run run = { .kernel = NULL };
		const struct mo_slab_model *model;
		void *gathered = NULL;
		struct times start;

		error = open_run(path, &run);
		start = start_clock();
		if (!error)
			error = plugin->gather(&run, &gathered);
		stop_clock(start, &best);
		model = gathered;
		for (size_t k = 0; model && k < model->n_caches; k++)
			n_objects += i ? 0 : model->caches[k].objects;
		n_slabs = model ? model->n_slabs : 0;
		n_threads = run.kernel ? mo_kernel_thread_count(run.kernel) : 0;
		plugin->release(gathered);
		close_run(&run);
	}
	if (!error)
		printf("%u threads: %" PRIu64 " objects in %zu slabs in %.4f s (%.4f s of CPU)\n", n_threads, n_objects, n_slabs,
		       best.seconds, best.cpu_seconds);
	return error;
}

/* ---- the plain loop ---------------------------------------------------------------------------------------------- */

struct segment {
	uint64_t first_pa, end_pa;
	uint64_t offset;
};

struct span { /* of struct pages that lie one after the other in the file */
	uint64_t offset, first_pfn, n_pages;
};

#define MAX_SEGMENTS 64
#define MAX_SPANS 65536
#define CACHE_SLOTS 8192

struct plain {
	const uint8_t *file;
	struct segment segments[MAX_SEGMENTS];
	size_t n_segments;
	struct span spans[MAX_SPANS];
	size_t n_spans;
	struct {
		uint64_t cache_kva;
		uint64_t random;
		uint32_t size, link_at, red_left;
		uint64_t allocated, free;
	} caches[CACHE_SLOTS];
	uint64_t direct_map_kva, n_objects;
	struct slab_shape shape;
	const struct slab_layout *layout;
	uint8_t *states;
};

static size_t slot_of(const struct plain *plain, uint64_t cache_kva)
{
	size_t slot = (cache_kva >> 6) * 0x9e3779b97f4a7c15 >> 51;

	while (plain->caches[slot].cache_kva && plain->caches[slot].cache_kva != cache_kva)
		slot = (slot + 1) % CACHE_SLOTS;
	return slot;
}

static const uint8_t *byte_of(const struct plain *plain, uint64_t pa)
{
	for (size_t i = 0; i < plain->n_segments; i++)
		if (pa - plain->segments[i].first_pa < plain->segments[i].end_pa - plain->segments[i].first_pa)
			return plain->file + plain->segments[i].offset + (pa - plain->segments[i].first_pa);
	return NULL;
}

static uint64_t get_word(const uint8_t *at)
{
	uint64_t word;

	memcpy(&word, at, sizeof(word));
	return word;
}

static void walk_plain_slab(struct plain *plain, const uint8_t *page, uint64_t pfn)
{
	const struct slab_layout *layout = plain->layout;
	size_t slot = slot_of(plain, get_word(page + layout->slab.cache.offset_bytes));
	uint64_t pointer = get_word(page + layout->slab.freelist.offset_bytes);
	uint64_t slab_kva = plain->direct_map_kva + (pfn << 12);
	const uint8_t *bytes = pointer ? byte_of(plain, pfn << 12) : NULL;
	uint64_t n_objects = mo_get(&layout->slab.objects, page);
	uint64_t n_free = 0;

	if (!plain->caches[slot].cache_kva)
		return;
	while (pointer) {
		uint64_t offset = pointer - slab_kva;
		uint64_t link = offset + plain->caches[slot].link_at;

		plain->states[plain->n_objects + (offset - plain->caches[slot].red_left) / plain->caches[slot].size] = 1;
		n_free++;
		pointer = decode_freelist_pointer(&plain->shape, plain->shape.form, plain->caches[slot].random,
						  get_word(bytes + link), slab_kva + link);
	}
	plain->caches[slot].free += n_free;
	plain->caches[slot].allocated += n_objects - n_free;
	plain->n_objects += n_objects;
}

static void run_plain(struct plain *plain)
{
	uint64_t mark_offset = plain->layout->page->at.flags;
	uint64_t head_offset = plain->layout->page->at.compound;

	for (size_t i = 0; i < plain->n_spans; i++) {
		const uint8_t *page = plain->file + plain->spans[i].offset;

		for (uint64_t k = 0; k < plain->spans[i].n_pages; k++, page += plain->shape.page_struct_bytes)
			if (get_word(page + mark_offset) & plain->shape.flag && !(get_word(page + head_offset) & 1))
				walk_plain_slab(plain, page, plain->spans[i].first_pfn + k);
	}
}

static bool read_segments(struct plain *plain)
{
	const Elf64_Ehdr *head = (const void *)plain->file;
	const Elf64_Phdr *programs = (const void *)(plain->file + head->e_phoff);

	for (unsigned i = 0; i < head->e_phnum && plain->n_segments < MAX_SEGMENTS; i++)
		if (programs[i].p_type == PT_LOAD)
			plain->segments[plain->n_segments++] = (struct segment){
				programs[i].p_paddr, programs[i].p_paddr + programs[i].p_filesz, programs[i].p_offset };
	return plain->n_segments;
}

static struct mo_error *find_spans(struct plain *plain, struct mo_reader *reader, const struct mo_memmap *memmap)
{
	for (size_t i = 0; i < memmap->n_runs; i++)
		for (uint64_t k = 0; k < memmap->runs[i].n_pages && plain->n_spans < MAX_SPANS;) {
			uint64_t pa = 0;
			uint64_t n_bytes = 0;
			uint64_t n;
			const uint8_t *at;
			struct mo_error *error = mo_translate(reader, memmap->runs[i].first_page_kva + k * memmap->page_struct_bytes,
							      &pa, &n_bytes);

			if (error)
				return error;
			n = n_bytes / memmap->page_struct_bytes;
			n = n < memmap->runs[i].n_pages - k ? n : memmap->runs[i].n_pages - k;
			at = byte_of(plain, pa);
			if (!n || !at)
				return mo_error_create(MO_E_NOT_IN_DUMP, "struct pages at 0x%" PRIx64, pa);
			plain->spans[plain->n_spans++] = (struct span){ (uint64_t)(at - plain->file), memmap->runs[i].first_pfn + k, n };
			k += n;
		}
	return NULL;
}

static struct mo_error *prepare(struct plain *plain, struct mo_run *run, const struct mo_slab_model *model)
{
	const struct mo_memmap *memmap = NULL;
	struct mo_error *error = mo_memmap(run->reader, &memmap);

	plain->layout = run->layout;
	plain->direct_map_kva = model->direct_map_kva;
	plain->shape = ((const struct slab_state *)model)->shape;
	for (size_t i = 0; i < model->n_caches; i++) {
		const struct mo_slab_cache *cache = &model->caches[i];
		size_t slot = slot_of(plain, cache->cache_kva);

		plain->caches[slot].cache_kva = cache->cache_kva;
		plain->caches[slot].random = cache->random;
		plain->caches[slot].size = cache->size_bytes;
		plain->caches[slot].link_at = cache->freelist_offset_bytes;
		plain->caches[slot].red_left = cache->red_left_bytes;
	}
	return error ? error : find_spans(plain, run->reader, memmap);
}

static struct mo_error *time_plain(struct plain *plain, int file, size_t n_bytes, uint64_t n_states)
{
	struct times best = { 1e9, 1e9 };
	uint64_t n_free = 0;

	for (unsigned i = 0; i < N_RUNS; i++) {
		struct times start = start_clock();
		void *bytes = mmap(NULL, n_bytes, PROT_READ, MAP_PRIVATE, file, 0);

		if (bytes == MAP_FAILED)
			return mo_error_create(MO_E_IO, "cannot map the dump");
		plain->file = bytes;
		plain->n_objects = 0;
		plain->states = calloc(n_states, 1);
		if (plain->states)
			run_plain(plain);
		free(plain->states);
		munmap(bytes, n_bytes);
		stop_clock(start, &best);
	}
	for (size_t i = 0; i < CACHE_SLOTS; i++)
		n_free += plain->caches[i].free / N_RUNS;
	printf("plain loop: %" PRIu64 " objects (%" PRIu64 " on free lists of slabs) in %.4f s (%.4f s of CPU)\n", plain->n_objects,
	       n_free, best.seconds, best.cpu_seconds);
	return NULL;
}

static struct mo_error *bench_plain(const char *path)
{
	const struct mo_plugin *plugin = memopsy_plugin_entry_slab();
	struct plain *plain = calloc(1, sizeof(*plain));
	struct mo_run run = { .kernel = NULL };
	const struct mo_slab_model *model = NULL;
	void *gathered = NULL;
	struct stat status;
	int file = open(path, O_RDONLY | O_CLOEXEC);
	void *bytes = file >= 0 && !fstat(file, &status) ? mmap(NULL, (size_t)status.st_size, PROT_READ, MAP_PRIVATE, file, 0) : MAP_FAILED;
	struct mo_error *error = NULL;

	if (!plain || bytes == MAP_FAILED) {
		error = mo_error_create(MO_E_IO, "cannot map %s", path);
	} else {
		plain->file = bytes;
		error = open_run(path, &run);
	}
	if (!error)
		error = plugin->gather(&run, &gathered);
	model = gathered;
	if (!error && (memcmp(bytes, ELFMAG, SELFMAG) || !read_segments(plain) || !((const struct slab_state *)model)->shape.flag))
		printf("plain loop: only of plain ELF dumps of kernels before 6.10\n");
	else if (!error)
		error = prepare(plain, &run, model);
	if (!error && plain->n_spans)
		error = time_plain(plain, file, (size_t)status.st_size, model->n_objects + 1);
	if (bytes != MAP_FAILED)
		munmap(bytes, (size_t)status.st_size);
	if (file >= 0)
		close(file);
	plugin->release(gathered);
	close_run(&run);
	free(plain);
	return error;
}

int main(int argc, char **argv)
{
	struct mo_error *error;

	if (argc != 2) {
		fprintf(stderr, "usage: bench-slab DUMP\n");
		return 2;
	}
	error = measure(argv[1], "1");
	if (!error)
		error = measure(argv[1], NULL);
	if (!error)
		error = bench_plain(argv[1]);
	if (!error)
		return 0;
	fprintf(stderr, "bench-slab: %s\n", mo_error_text(error));
	mo_error_destroy(error);
	return 3;
}
