/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MEMOPSY_WORD_PASS_H
#define MEMOPSY_WORD_PASS_H

/*
 * One parallel pass over the words of memory, by what each page is used for: the caller says which classes of pages it
 * looks at, and gets views of as many pages of one kind as lie together. A call costs nothing per word.
 */

#include <string.h>

#include <memopsy/kernel.h>
#include <memopsy/mem_map.h>

MO_API_BEGIN

/* Memory at one physical address; whole pages, but of a page that the dump has in part what it has. In the dump's byte order. */
struct mo_word_view {
	const uint8_t *bytes;
	size_t n_bytes;
	uint64_t pa;
	unsigned kind;               /* as the pass has it for the pages' class */
};

/*
 * Called by several threads at once, never by two with one thread_index, which is below mo_kernel_thread_count(). False ends the
 * pass with MO_E_LIMIT. The view is valid during the call.
 */
typedef bool (*mo_word_function)(void *context, unsigned thread_index, const struct mo_word_view *view);

struct mo_word_pass {
	struct mo_kernel *kernel;
	struct mo_progress *progress;
	const struct mo_page_run *runs; /* of the model mem_map, or others whose classes the caller knows */
	size_t n_runs;
	const char *phase;           /* literal, for the line of progress */
	uint8_t kinds[MO_N_PAGE_CLASSES]; /* what pages of a class are to the caller; 0: they are not looked at, nor viewed */
	mo_word_function look;
	void *context;
};

/*
 * Adds to *n_missing_pages the pages that the dump should have and has not, or not as a whole: what it has of them is looked
 * at. Errors: those of mo_parallel_scan(), and
 * MO_E_LIMIT.
 */
struct mo_error *mo_scan_words(const struct mo_word_pass *pass, uint64_t *n_missing_pages) MO_MUST_USE;

static inline uint64_t mo_raw_word_(const uint8_t *at)
{
	uint64_t word;

	memcpy(&word, at, sizeof(word));
	return word;
}

/* Half of the kernel's words are 0: the first of the words from `at` on that lies in 64 bytes of which some are not. */
static inline size_t mo_skip_zero_words(const uint8_t *bytes, size_t at, size_t n_bytes)
{
	for (; at + 64 < n_bytes; at += 64) {
		const uint8_t *of = bytes + at;

		if (mo_raw_word_(of) | mo_raw_word_(of + 8) | mo_raw_word_(of + 16) | mo_raw_word_(of + 24) | mo_raw_word_(of + 32) |
		    mo_raw_word_(of + 40) | mo_raw_word_(of + 48) | mo_raw_word_(of + 56))
			break;
	}
	return at;
}

MO_API_END

#endif
