/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which addresses `whatis` is asked about: ADDRESS, SYMBOL[+OFFSET], pfn:N, pa:N, or "-" for standard input. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include <memopsy/numbers.h>

#include "whatis.h"

#define MAX_WORD_BYTES 512

static struct mo_error *append_address(struct whatis_words *words, uint64_t address, bool is_pa)
{
	if (words->n == words->n_slots) {
		size_t n_slots = words->n_slots ? words->n_slots * 2 : 64;
		struct whatis_word *grown = reallocarray(words->words, n_slots, sizeof(*grown));

		if (!grown)
			return mo_error_no_memory();
		words->words = grown;
		words->n_slots = n_slots;
	}
	words->words[words->n++] = (struct whatis_word){ .address = address, .is_pa = is_pa };
	return NULL;
}

/* A per-CPU variable is meant as what each CPU has of it. */
static struct mo_error *append_percpu(const struct whatis_state *state, uint64_t offset, struct whatis_words *words)
{
	struct mo_error *error = NULL;

	for (size_t i = 0; i < state->units.n && !error; i++)
		error = append_address(words, state->units.ranges[i].first_kva + offset, false);
	return error;
}

static struct mo_error *append_symbol(const struct whatis_state *state, const char *text, struct whatis_words *words)
{
	uint64_t kva = 0;
	struct mo_error *error = mo_symbols_find_place(mo_kernel_symbols(state->kernel), text, &kva);

	if (error)
		return error;
	if (kva - state->layout->percpu_start.kva < state->percpu_static_bytes)
		return append_percpu(state, kva - state->layout->percpu_start.kva, words);
	return append_address(words, kva, false);
}

static struct mo_error *append_word(const struct whatis_state *state, const char *text, struct whatis_words *words)
{
	bool is_pfn = !strncmp(text, "pfn:", 4);
	uint64_t number;

	if (is_pfn || !strncmp(text, "pa:", 3)) {
		const char *digits = strchr(text, ':') + 1;

		if (!mo_parse_number(digits, &number) || (is_pfn && number > UINT64_MAX >> state->page_shift))
			return mo_error_create(MO_E_INVALID, "\"%s\": \"%s\" is not a number (decimal, or hexadecimal "
							     "with 0x)", text,
					       digits);
		return append_address(words, is_pfn ? number << state->page_shift : number, true);
	}
	if (mo_parse_address(text, &number))
		return append_address(words, number, false);
	return append_symbol(state, text, words);
}

static struct mo_error *append_standard_input(const struct whatis_state *state, struct whatis_words *words)
{
	char text[MAX_WORD_BYTES];
	struct mo_error *error = NULL;

	while (!error && scanf("%511s", text) == 1)
		error = append_word(state, text, words);
	if (!error && ferror(stdin))
		error = mo_error_create(MO_E_IO, "cannot read standard input: %s", strerror(errno));
	return error;
}

struct mo_error *read_words(struct mo_run *run, struct whatis_words *ret)
{
	const struct whatis_state *state = mo_run_model(run);
	struct whatis_words words = { .n = 0 };
	struct mo_error *error = NULL;

	for (size_t i = 0; i < mo_run_argument_count(run) && !error; i++) {
		const char *text = mo_run_argument(run, i);

		error = strcmp(text, "-") ? append_word(state, text, &words) : append_standard_input(state, &words);
	}
	if (error)
		free(words.words);
	else
		*ret = words;
	return error;
}
