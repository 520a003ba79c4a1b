/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Which lines a file of /proc has, and how they are indented, changed over time and is backported by distributions.
 * The format strings that the kernel prints with tell it for each kernel; they lie between __start_rodata and
 * __end_rodata.
 */
#include "gathering.h"

#include <stdlib.h>
#include <string.h>

#define CHUNK_BYTES (256u << 10)
#define MAX_RODATA_BYTES (256ull << 20)

/* Copies the string at `at`, which may end past this chunk: it is read from the kernel again. */
static void take_words(const struct zones_state *state, uint64_t kva, char *found)
{
	struct mo_error *error = mo_read_string(state->reader, kva, found, MAX_WORDS_BYTES, NULL);

	if (error)
		*found = '\0';
	mo_error_destroy(error);
}

/* How many are still to be found. */
static unsigned search_chunk(const struct zones_state *state, const uint8_t *bytes, size_t n_bytes, uint64_t kva,
			     struct kernel_words *words)
{
	unsigned n_missing = 0;

	for (unsigned i = 0; i < MAX_WORDS && words->beginnings[i]; i++) {
		const uint8_t *at;

		if (*words->found[i])
			continue;
		at = memmem(bytes, n_bytes, words->beginnings[i], strlen(words->beginnings[i]));
		if (at)
			take_words(state, kva + (uint64_t)(at - bytes), words->found[i]);
		n_missing += !*words->found[i];
	}
	return n_missing;
}

/* As much as can be read, page by page; what is not in the dump reads as zeros. */
static void read_chunk(const struct zones_state *state, uint64_t kva, uint8_t *bytes, size_t n_bytes)
{
	struct mo_error *error = mo_read(state->reader, kva, bytes, n_bytes);
	size_t page_bytes = (size_t)mo_kernel_facts(mo_run_kernel(state->run))->page_bytes;

	if (!error)
		return;
	mo_error_destroy(error);
	memset(bytes, 0, n_bytes);
	for (size_t done = 0; done < n_bytes;) {
		size_t n = page_bytes - (size_t)((kva + done) % page_bytes);

		if (n > n_bytes - done)
			n = n_bytes - done;
		error = mo_read(state->reader, kva + done, bytes + done, n);
		mo_error_destroy(error);
		done += n;
	}
}

void find_kernel_words(const struct zones_state *state, struct kernel_words *words)
{
	const struct zones_layout *layout = state->layout;
	const size_t overlap_bytes = 64;
	uint64_t kva = layout->rodata_start.kva;
	uint64_t end_kva = layout->rodata_end.kva;
	uint8_t *bytes;

	if (!mo_has(&layout->rodata_start) || !mo_has(&layout->rodata_end) || kva >= end_kva ||
	    end_kva - kva > MAX_RODATA_BYTES)
		return;
	bytes = malloc(CHUNK_BYTES);
	while (bytes && end_kva - kva > overlap_bytes) {
		size_t n_bytes = end_kva - kva < CHUNK_BYTES ? (size_t)(end_kva - kva) : CHUNK_BYTES;

		read_chunk(state, kva, bytes, n_bytes);
		if (!search_chunk(state, bytes, n_bytes, kva, words))
			break;
		kva += n_bytes - overlap_bytes;
	}
	free(bytes);
}
