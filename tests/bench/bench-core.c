/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * bench-core DUMP [VMLINUX]: what the dump room costs, beside what the machine allows. For an ELF core: a plain sum over
 * the mapped file against the same sum through views of all pages. For a kdump-compressed dump: the decompressors alone,
 * given every page's bytes, against views of the same pages. With one thread and with all cores; the best of some runs,
 * which take turns, so that a busy machine slows both. The vmlinux plays no part in that.
 *
 * It prints, and judges nothing. It looks behind dump.h, to have the compressed bytes without the code that it measures.
 */

#include <inttypes.h>
#include <sys/mman.h>
#include <time.h>

#include <memopsy/containers.h>

#include "bytes.h"
#include "cleanup.h"
#include "dump_format.h"
#include "kdump_parts.h"
#include "page_codec.h"
#include "threads.h"

#define N_RUNS 9
#define MAX_THREADS 256

struct compressed_page {
	const uint8_t *bytes;
	uint64_t pfn;
	uint32_t n_bytes;
	uint32_t codec;
};

struct bench {
	struct mo_dump *dump;
	struct mo_dump_reader *readers[MAX_THREADS];
	struct mo_page_codec *codecs[MAX_THREADS];
	uint8_t *pages_out[MAX_THREADS]; /* what the decompressors alone write to */
	uint64_t sums[MAX_THREADS][8]; /* one cache line each */
	const uint8_t *bytes;          /* of the plain sum */
	MO_VECTOR(struct compressed_page) pages;
};

static double seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static uint64_t sum_of(const uint8_t *bytes, size_t n_bytes)
{
	uint64_t sums[4] = { 0 }, words[4];
	size_t i = 0;

	for (; i + sizeof(words) <= n_bytes; i += sizeof(words)) {
		memcpy(words, bytes + i, sizeof(words));
		for (size_t k = 0; k < 4; k++)
			sums[k] += words[k];
	}
	for (; i < n_bytes; i++)
		sums[0] += bytes[i];
	return sums[0] + sums[1] + sums[2] + sums[3];
}

static struct mo_error *plain_chunk(void *context, unsigned thread, uint64_t first, uint64_t n_bytes)
{
	struct bench *bench = context;

	bench->sums[thread][0] += sum_of(bench->bytes + first, n_bytes);
	return NULL;
}

/* All present pages in a range of page frames, in views as long as they come. */
static struct mo_error *view_chunk(void *context, unsigned thread, uint64_t first, uint64_t n_pfns)
{
	struct bench *bench = context;
	unsigned shift = mo_dump_info(bench->dump)->page_shift;
	uint64_t pfn = first, n_pages;

	while (mo_dump_next_run(bench->dump, pfn, &pfn, &n_pages) && pfn < first + n_pfns) {
		uint64_t pa, end_pfn = pfn + n_pages < first + n_pfns ? pfn + n_pages : first + n_pfns;

		for (pa = pfn << shift; pa < end_pfn << shift;) {
			const void *bytes;
			size_t n_bytes;
			struct mo_error *error = mo_dump_view(bench->readers[thread], pa, (end_pfn << shift) - pa, &bytes,
							      &n_bytes);

			if (error) {
				mo_error_destroy(error);
				pa = ((pa >> shift) + 1) << shift;
				continue;
			}
			bench->sums[thread][0] += sum_of(bytes, n_bytes);
			pa += n_bytes;
		}
		pfn = end_pfn;
	}
	return NULL;
}

static struct mo_error *codec_chunk(void *context, unsigned thread, uint64_t first, uint64_t n_pages)
{
	struct bench *bench = context;
	uint32_t page_bytes = mo_dump_info(bench->dump)->page_bytes;
	uint8_t *page = bench->pages_out[thread];

	for (uint64_t i = first; i < first + n_pages; i++) {
		const struct compressed_page *from = &bench->pages.items[i];

		MO_TRY(mo_page_codec_decompress(bench->codecs[thread], from->codec, from->bytes, from->n_bytes, page,
						page_bytes));
		bench->sums[thread][0] += page[0];
	}
	return NULL;
}

/* The same pages by views. */
static struct mo_error *compressed_view_chunk(void *context, unsigned thread, uint64_t first, uint64_t n_pages)
{
	struct bench *bench = context;
	const struct mo_dump_info *info = mo_dump_info(bench->dump);

	for (uint64_t i = first; i < first + n_pages; i++) {
		const void *bytes;
		size_t n_bytes;

		MO_TRY(mo_dump_view(bench->readers[thread], bench->pages.items[i].pfn << info->page_shift, info->page_bytes,
				    &bytes, &n_bytes));
		bench->sums[thread][0] += *(const uint8_t *)bytes;
	}
	return NULL;
}

/* One of two ways to do the same. */
struct way {
	const char *what;
	mo_chunk_function function;
	uint64_t n_items, grain;
	uint64_t n_bytes; /* of memory that it sees */
	double first_seconds; /* with the page tables still empty */
	double best_seconds;
	uint64_t sum;     /* of all threads, in the last run */
};

static struct mo_error *run_once(struct bench *bench, unsigned n_threads, struct way *way)
{
	double start;

	memset(bench->sums, 0, sizeof(bench->sums));
	start = seconds();
	MO_TRY(mo_parallel(n_threads, way->n_items, way->grain, way->function, bench));
	start = seconds() - start;
	if (way->best_seconds == 0)
		way->first_seconds = start;
	if (way->best_seconds == 0 || start < way->best_seconds)
		way->best_seconds = start;
	way->sum = 0;
	for (unsigned i = 0; i < MAX_THREADS; i++)
		way->sum += bench->sums[i][0];
	return NULL;
}

static double rate_of(const struct way *way)
{
	return (double)way->n_bytes / way->best_seconds / 1e9;
}

static void print_way(const struct way *way, unsigned n_threads)
{
	printf("  %-34s %u thread%s %9.4f s %8.2f GB/s   first run %9.4f s\n", way->what, n_threads,
	       n_threads == 1 ? " " : "s", way->best_seconds, rate_of(way), way->first_seconds);
}

/* Measures the limit and, in turns with it, the views; a limit without a function is left out. */
static struct mo_error *measure(struct bench *bench, unsigned n_threads, struct way *limit, struct way *views)
{
	for (int run = 0; run < N_RUNS; run++) {
		if (limit->function)
			MO_TRY(run_once(bench, n_threads, limit));
		MO_TRY(run_once(bench, n_threads, views));
	}
	if (limit->function)
		print_way(limit, n_threads);
	print_way(views, n_threads);
	if (limit->function)
		printf("  %-34s %39.1f %%\n", "  that is", 100 * rate_of(views) / rate_of(limit));
	return NULL;
}

static struct mo_error *bench_sums(struct bench *bench, unsigned n_threads)
{
	const struct mo_dump_info *info = mo_dump_info(bench->dump);
	const struct mo_file_bytes *file = bench->dump->files[0];
	struct way plain = {
		.what = "plain sum over the mapped file", .n_items = file->map_bytes, .grain = 4 << 20,
		.n_bytes = file->map_bytes,
	};
	struct way views = {
		.what = "sum through views of all pages", .function = view_chunk, .n_items = info->end_pfn,
		.grain = (4 << 20) >> info->page_shift, .n_bytes = info->present_pages * info->page_bytes,
	};
	void *map = MAP_FAILED;
	struct mo_error *error;

	if (strcmp(info->reader, "mapped") == 0) {
		/* A map of its own, for the page tables of the other one may be filled already. */
		map = mmap(NULL, file->map_bytes, PROT_READ, MAP_SHARED, file->fd, 0);
		if (map == MAP_FAILED)
			return mo_error_create(MO_E_IO, "cannot map the file a second time");
		bench->bytes = map;
		plain.function = plain_chunk;
	}
	error = measure(bench, n_threads, &plain, &views);
	if (map != MAP_FAILED)
		munmap(map, file->map_bytes);
	return error;
}

/* Collects the compressed pages, without those that share the first page's bytes: views decompress that one once. */
static struct mo_error *collect_pages(struct bench *bench)
{
	const struct mo_kdump_parts *parts = bench->dump->state;
	uint64_t run = 0, n_run;

	while (mo_dump_next_run(bench->dump, run, &run, &n_run)) {
		for (uint64_t pfn = run; pfn < run + n_run; pfn++) {
			const struct mo_kdump_part *part = mo_kdump_parts_find(parts, pfn);
			uint64_t i = mo_kdump_bitmap_rank(&part->dumped, pfn) - part->start_rank, offset, n_contiguous = 0;
			struct compressed_page page = { .pfn = pfn };
			uint8_t descriptor[MO_KDUMP_DESCRIPTOR_BYTES];

			MO_TRY(mo_file_bytes_copy(part->file, part->descriptors + i * sizeof(descriptor), descriptor,
						  sizeof(descriptor)));
			offset = mo_load_u64(descriptor, parts->is_big_endian);
			page.n_bytes = mo_load_u32(descriptor + 8, parts->is_big_endian);
			page.codec = mo_load_u32(descriptor + 12, parts->is_big_endian) & MO_KDUMP_CODECS;
			page.bytes = mo_file_bytes_at(part->file, offset, &n_contiguous);
			if (page.codec == 0 || offset == part->first_page.offset || n_contiguous < page.n_bytes)
				continue;
			if (!mo_vector_append(&bench->pages, page))
				return mo_error_no_memory();
		}
		run += n_run;
	}
	return NULL;
}

static struct mo_error *bench_codec(struct bench *bench, unsigned n_threads)
{
	uint64_t n_pages = bench->pages.count, n_bytes = n_pages * mo_dump_info(bench->dump)->page_bytes;
	struct way codec = {
		.what = "decompressors alone", .function = codec_chunk, .n_items = n_pages, .grain = 1024, .n_bytes = n_bytes,
	};
	struct way views = {
		.what = "views of the same pages", .function = compressed_view_chunk, .n_items = n_pages, .grain = 1024,
		.n_bytes = n_bytes,
	};

	if (n_pages == 0)
		return NULL;
	MO_TRY(measure(bench, n_threads, &codec, &views));
	return codec.sum == views.sum ? NULL : mo_error_create(MO_E_CORRUPT, "views and decompressors differ");
}

static struct mo_error *bench_dump(struct bench *bench, const char *path)
{
	unsigned n_threads = mo_thread_count();
	double start = seconds();
	const struct mo_dump_info *info;

	MO_TRY(mo_dump_open(&path, 1, &bench->dump));
	info = mo_dump_info(bench->dump);
	printf("%s: %s, %s, %" PRIu64 " pages of %" PRIu32 " bytes, opened in %.4f s\n", path, info->format,
	       info->compression ? info->compression : "?", info->present_pages, info->page_bytes, seconds() - start);
	for (unsigned i = 0; i < n_threads; i++) {
		MO_TRY(mo_dump_reader_create(bench->dump, &bench->readers[i]));
		MO_TRY(mo_page_codec_create(&bench->codecs[i]));
		bench->pages_out[i] = malloc(info->page_bytes);
		if (!bench->pages_out[i])
			return mo_error_no_memory();
	}
	MO_TRY(bench_sums(bench, 1));
	if (n_threads > 1)
		MO_TRY(bench_sums(bench, n_threads));
	if (strcmp(info->reader, "kdump") != 0)
		return NULL;
	MO_TRY(collect_pages(bench));
	MO_TRY(bench_codec(bench, 1));
	return n_threads > 1 ? bench_codec(bench, n_threads) : NULL;
}

static void free_bench(struct bench *bench)
{
	for (unsigned i = 0; i < MAX_THREADS; i++) {
		mo_dump_reader_destroy(bench->readers[i]);
		mo_page_codec_destroy(bench->codecs[i]);
		free(bench->pages_out[i]);
	}
	mo_vector_deinit(&bench->pages);
	mo_dump_close(bench->dump);
	free(bench);
}

int main(int argc, char **argv)
{
	struct bench *bench;
	struct mo_error *error;

	if (argc < 2 || argc > 3) {
		fprintf(stderr, "usage: bench-core DUMP [VMLINUX]\n");
		return 2;
	}
	bench = calloc(1, sizeof(*bench));
	error = bench ? bench_dump(bench, argv[1]) : mo_error_no_memory();
	if (bench)
		free_bench(bench);
	if (!error)
		return 0;
	fprintf(stderr, "bench-core: %s\n", mo_error_text(error));
	mo_error_destroy(error);
	return 3;
}
