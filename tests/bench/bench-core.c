/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * bench-core DUMP...: what the dump room costs, beside what the machine allows. For an ELF core: a plain sum over the
 * mapped file against the same sum through views of all pages. For a kdump-compressed dump: the decompressors alone,
 * given every page's bytes, against views of the same pages. With one thread and with all cores; the best of some runs.
 *
 * It prints, and judges nothing. It looks behind dump.h, to have the compressed bytes without the code that it measures.
 */

#include <inttypes.h>
#include <sys/mman.h>
#include <time.h>

#include "bytes.h"
#include "cleanup.h"
#include "dump_format.h"
#include "kdump_parts.h"
#include "page_codec.h"
#include "threads.h"
#include "vector.h"

#define N_RUNS 5
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

/* Best time of some runs; the sums of the last run are added up in *sum. */
static struct mo_error *measure(struct bench *bench, const char *what, unsigned n_threads, uint64_t n_items, uint64_t grain,
				mo_chunk_function function, uint64_t n_bytes, uint64_t *sum, double *rate_ret)
{
	double best = 1e9;

	for (int run = 0; run < N_RUNS; run++) {
		double start;

		memset(bench->sums, 0, sizeof(bench->sums));
		start = seconds();
		MO_TRY(mo_parallel(n_threads, n_items, grain, function, bench));
		start = seconds() - start;
		best = start < best ? start : best;
	}
	*sum = 0;
	for (unsigned i = 0; i < MAX_THREADS; i++)
		*sum += bench->sums[i][0];
	*rate_ret = (double)n_bytes / best / 1e9;
	printf("  %-44s %u thread%s %9.4f s %8.2f GB/s\n", what, n_threads, n_threads == 1 ? " " : "s", best, *rate_ret);
	return NULL;
}

static void print_ratio(double views, double limit)
{
	printf("  %-44s           %27.1f %%\n", "  views in percent of that", 100 * views / limit);
}

static struct mo_error *bench_sums(struct bench *bench, unsigned n_threads)
{
	const struct mo_dump_info *info = mo_dump_info(bench->dump);
	const struct mo_file_bytes *file = bench->dump->files[0];
	uint64_t n_bytes = info->present_pages * info->page_bytes, sum;
	double plain = 0, views;

	if (strcmp(info->reader, "mapped") == 0) {
		/* A map of its own: that of the dump may have been touched already. */
		void *map = mmap(NULL, file->map_bytes, PROT_READ, MAP_SHARED, file->fd, 0);

		if (map == MAP_FAILED)
			return mo_error_create(MO_E_IO, "cannot map the file a second time");
		bench->bytes = map;
		MO_TRY(measure(bench, "plain sum over the mapped file", n_threads, file->map_bytes, 4 << 20, plain_chunk,
			       file->map_bytes, &sum, &plain));
		munmap(map, file->map_bytes);
	}
	MO_TRY(measure(bench, "sum through views of all pages", n_threads, info->end_pfn, (4 << 20) >> info->page_shift,
		       view_chunk, n_bytes, &sum, &views));
	if (plain > 0)
		print_ratio(views, plain);
	return NULL;
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
	uint64_t n_bytes = bench->pages.count * mo_dump_info(bench->dump)->page_bytes, sum, view_sum;
	double codec, views;

	MO_TRY(measure(bench, "decompressors alone", n_threads, bench->pages.count, 1024, codec_chunk, n_bytes, &sum,
		       &codec));
	MO_TRY(measure(bench, "views of the same pages", n_threads, bench->pages.count, 1024, compressed_view_chunk, n_bytes,
		       &view_sum, &views));
	if (sum != view_sum)
		return mo_error_create(MO_E_CORRUPT, "views and decompressors differ");
	print_ratio(views, codec);
	return NULL;
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

int main(int argc, char **argv)
{
	int status = 0;

	if (argc < 2) {
		fprintf(stderr, "usage: bench-core DUMP...\n");
		return 2;
	}
	for (int i = 1; i < argc; i++) {
		struct bench *bench = calloc(1, sizeof(*bench));
		struct mo_error *error = bench ? bench_dump(bench, argv[i]) : mo_error_no_memory();

		if (error) {
			fprintf(stderr, "bench-core: %s\n", mo_error_text(error));
			mo_error_destroy(error);
			status = 3;
		}
		for (unsigned k = 0; bench && k < MAX_THREADS; k++) {
			mo_dump_reader_destroy(bench->readers[k]);
			mo_page_codec_destroy(bench->codecs[k]);
			free(bench->pages_out[k]);
		}
		if (bench) {
			mo_vector_deinit(&bench->pages);
			mo_dump_close(bench->dump);
		}
		free(bench);
	}
	return status;
}
