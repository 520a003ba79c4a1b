/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * fuzz-dump [MUTATIONS [SEED]] or --write-seeds DIR: small valid dumps of each format, damaged in ways that are the same at each run, opened
 * and read from end to end. What counts is that nothing crashes, hangs or is reported by the sanitizers that this is
 * meant to be built with; whether a damaged dump opens is not judged. FUZZ_VERBOSE=1 names each mutation before it is
 * tried, and FUZZ_ONLY=format:number runs that one alone.
 */

#include "dump_fixture.h"
#include "dump_input.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#define N(array) (sizeof(array) / sizeof((array)[0]))

/* All of it must be over in this time, on a slow machine under sanitizers too. */
#define MAX_SECONDS 60

struct random {
	uint64_t state;
};

/* xorshift64*: any fixed sequence would do. */
static uint64_t next_random(struct random *random)
{
	random->state ^= random->state >> 12;
	random->state ^= random->state << 25;
	random->state ^= random->state >> 27;
	return random->state * 0x2545f4914f6cdd1du;
}

static uint64_t below(struct random *random, uint64_t limit)
{
	return limit ? next_random(random) % limit : 0;
}

static void make_elf(struct image *ret)
{
	static const struct elf_segment_spec segments[] = {
		{ .pa = 0x1000, .file_bytes = 0x3000 },
		{ .pa = 0x3000, .file_bytes = 0x1000, .memory_bytes = 0x4000 },
		{ .pa = 0x100000, .file_bytes = 0x1800 },
	};

	build_elf(&(struct elf_spec){ .segments = segments, .n_segments = N(segments), .vmcoreinfo = "PAGESIZE=4096\nA=1\n" },
		  ret);
}

static void make_elf_extended(struct image *ret)
{
	static const struct elf_segment_spec segments[] = { { .pa = 0x1000, .file_bytes = 0x1000 } };

	build_elf(&(struct elf_spec){ .segments = segments, .n_segments = 1, .uses_extended_number = true, .is_32 = true,
				      .machine = 3, .is_big_endian = false },
		  ret);
}

static void make_kdump(struct image *ret)
{
	build_kdump(&(struct kdump_spec){ .version = 6, .pages = "zrlst0.x(20)z(9).0", .vmcoreinfo = "A=1\n",
					  .machine = "x86_64", .is_zero_page_compressed = true },
		    ret);
}

static void make_kdump_32(struct image *ret)
{
	build_kdump(&(struct kdump_spec){ .version = 5, .is_32 = true, .is_big_endian = true, .pages = "zrlst0.x(20)z",
					  .vmcoreinfo = "A=1\n" },
		    ret);
}

static void make_split(struct image *ret)
{
	build_kdump(&(struct kdump_spec){ .version = 6, .pages = "zrlst0.x(20)z", .split_start = 2, .split_end = 12 }, ret);
}

static void flatten(struct image *image)
{
	struct image flattened;

	build_flattened(image, &(struct flatten_spec){ .record_bytes = 1500, .has_stale_copies = true }, &flattened);
	image_free(image);
	*image = flattened;
}

static void make_flattened_kdump(struct image *ret)
{
	make_kdump(ret);
	flatten(ret);
}

static void make_flattened_elf(struct image *ret)
{
	make_elf(ret);
	flatten(ret);
}

static const struct format {
	const char *name;
	void (*make)(struct image *ret);
} formats[] = {
	{ "elf", make_elf },
	{ "elf-extended", make_elf_extended },
	{ "kdump", make_kdump },
	{ "kdump-32", make_kdump_32 },
	{ "split", make_split },
	{ "flattened-kdump", make_flattened_kdump },
	{ "flattened-elf", make_flattened_elf },
};

/* Numbers at which arithmetic goes wrong. */
static uint64_t interesting(struct random *random)
{
	static const uint64_t numbers[] = {
		0, 1, 2, 0x7f, 0xff, 0xfff, 0x1000, 0x1001, 0x7fff, 0xffff, 0x10000, 0x7fffffff, 0x80000000, 0xfffffff0,
		0xffffffff, 0x100000000, 0x7ffffffffffff000, INT64_MAX, 0x8000000000000000, UINT64_MAX - 4096,
		UINT64_MAX - 15, UINT64_MAX - 1, UINT64_MAX,
	};

	return numbers[below(random, N(numbers))];
}

/* Where headers are, mostly; else anywhere. */
static size_t choose_offset(struct random *random, const struct image *image)
{
	static const size_t hot[][2] = { { 0, 600 }, { 4096, 600 }, { 8192, 64 }, { 16384, 800 } };
	size_t i = below(random, N(hot) + 1);

	if (i < N(hot) && hot[i][0] + hot[i][1] < image->n_bytes)
		return hot[i][0] + below(random, hot[i][1]);
	return below(random, image->n_bytes);
}

static void mutate(struct random *random, struct image *image)
{
	size_t n = 1 + below(random, 5);

	while (n-- > 0) {
		size_t at = choose_offset(random, image);
		unsigned width = 1u << below(random, 4);

		switch (below(random, 6)) {
		case 0:
			image->bytes[at] ^= (uint8_t)(1 << below(random, 8));
			break;
		case 1:
			image->bytes[at] = (uint8_t)next_random(random);
			break;
		case 2:
			if (image->n_bytes > 64 && below(random, 4) == 0)
				image_truncate(image, 1 + below(random, image->n_bytes - 1));
			break;
		default:
			/* Fields are aligned to their width. */
			at &= ~(size_t)(width - 1);
			if (at + width <= image->n_bytes)
				image_put_number(image, at, interesting(random) + below(random, 3) - 1, width, below(random, 2));
		}
	}
}

static bool run_one(const struct format *format, const struct image *whole, uint64_t seed)
{
	struct random random = { .state = seed * 0x9e3779b97f4a7c15u + (uint64_t)(format - formats) + 1 };
	struct image image = { .bytes = NULL };
	int fd = memfd_create("fuzz-dump", 0);
	char path[64];
	bool is_open;

	image_put(&image, 0, whole->bytes, whole->n_bytes);
	mutate(&random, &image);
	if (fd < 0 || write(fd, image.bytes, image.n_bytes) != (ssize_t)image.n_bytes)
		abort();
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	is_open = open_and_read(path);
	close(fd);
	image_free(&image);
	return is_open;
}

/* Each format undamaged, as a seed for a fuzzing engine: DIR/FORMAT. */
static int write_seeds(const char *directory)
{
	for (size_t i = 0; i < N(formats); i++) {
		char path[4096];
		struct image image;
		FILE *file;

		formats[i].make(&image);
		snprintf(path, sizeof(path), "%s/%s", directory, formats[i].name);
		file = fopen(path, "wb");
		if (!file || fwrite(image.bytes, 1, image.n_bytes, file) != image.n_bytes || fclose(file)) {
			perror(path);
			return 1;
		}
		image_free(&image);
	}
	return 0;
}

int main(int argc, char **argv)
{
	uint64_t n_mutations = argc > 1 ? strtoull(argv[1], NULL, 0) : 1000;
	uint64_t seed = argc > 2 ? strtoull(argv[2], NULL, 0) : 1;
	const char *only = getenv("FUZZ_ONLY");
	time_t start = time(NULL);
	uint64_t n_opened = 0;

	if (argc == 3 && !strcmp(argv[1], "--write-seeds"))
		return write_seeds(argv[2]);
	for (size_t i = 0; i < N(formats); i++) {
		size_t name_length = strlen(formats[i].name);
		struct image whole;

		if (only && (strncmp(only, formats[i].name, name_length) != 0 || only[name_length] != ':'))
			continue;
		formats[i].make(&whole);
		for (uint64_t k = 0; k < n_mutations; k++) {
			if (only && strtoull(only + name_length + 1, NULL, 0) != seed + k)
				continue;
			if (getenv("FUZZ_VERBOSE"))
				fprintf(stderr, "%s:%llu\n", formats[i].name, (unsigned long long)(seed + k));
			n_opened += run_one(&formats[i], &whole, seed + k);
			if (time(NULL) - start > MAX_SECONDS) {
				fprintf(stderr, "fuzz-dump: %s:%llu: out of time\n", formats[i].name,
					(unsigned long long)(seed + k));
				return 1;
			}
		}
		image_free(&whole);
	}
	printf("%llu mutations of each of %zu formats from seed %llu on: %llu opened, nothing crashed\n",
	       (unsigned long long)n_mutations, N(formats), (unsigned long long)seed, (unsigned long long)n_opened);
	/* If none opens, the pages' code has not been reached: then the builders or the readers are broken. */
	return n_opened > 0 || only ? 0 : 1;
}
