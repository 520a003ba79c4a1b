/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What bytes may be that something wrote where it must not: whose they are says who wrote them. */
#include "checks.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define MAX_BYTES 32u
#define MIN_TEXT_BYTES 4u
#define MIN_POINTER_BYTES 4u /* so many bytes of a pointer must be wrong: the others may be what had to stand there */

static bool describe_pointer(const struct slab_state *state, uint64_t value, char *text, size_t n_bytes)
{
	const struct mo_slab *slab = NULL;
	struct mo_symbol symbol = { .name = NULL };
	uint32_t index = 0;
	struct mo_error *error;

	if (mo_object_at(&state->model, value, &slab, &index)) {
		const struct mo_slab_cache *cache = &state->model.caches[slab->cache];

		snprintf(text, n_bytes, "pointer to an object of %s (%s)", cache->name ? cache->name : "?",
			 object_state_names[mo_object_state_of(&state->model, slab, index)]);
		return true;
	}
	error = mo_symbols_at(mo_kernel_symbols(mo_run_kernel(state->run)), value, &symbol);
	if (error) {
		mo_error_destroy(error);
		return false;
	}
	snprintf(text, n_bytes, "pointer to %s+0x%" PRIx64 "%s%s%s", symbol.name, value - symbol.value_kva,
		 symbol.module ? " [" : "", symbol.module ? symbol.module : "", symbol.module ? "]" : "");
	return true;
}

static bool describe_words(const struct slab_state *state, uint64_t kva, uint32_t n_bytes, char *text, size_t n_text_bytes)
{
	unsigned width = state->shape.word_bytes;
	uint64_t end = kva + n_bytes;

	for (uint64_t at = kva - kva % width; at < end; at += width) {
		uint64_t first = at > kva ? at : kva;
		uint64_t last = at + width < end ? at + width : end;
		uint64_t value = 0;
		struct mo_error *error;

		if (last - first < MIN_POINTER_BYTES)
			continue;
		error = mo_read_pointer(state->reader, at, &value);
		if (!error && value && describe_pointer(state, value, text, n_text_bytes))
			return true;
		mo_error_destroy(error);
	}
	return false;
}

static bool is_printable(uint8_t byte)
{
	return byte >= 0x20 && byte < 0x7f;
}

static bool describe_bytes(const uint8_t *bytes, size_t n_bytes, char *text, size_t n_text_bytes)
{
	size_t n_printable = 0;
	size_t n_same = 0;

	while (n_printable < n_bytes && is_printable(bytes[n_printable]))
		n_printable++;
	while (n_same < n_bytes && bytes[n_same] == bytes[0])
		n_same++;
	if (n_same == n_bytes && bytes[0] == 0)
		snprintf(text, n_text_bytes, "zeros");
	else if (n_same == n_bytes && bytes[0] == 0xbb)
		snprintf(text, n_text_bytes, "the red zone of a free object");
	else if (n_same == n_bytes && bytes[0] == 0xcc)
		snprintf(text, n_text_bytes, "the red zone of an allocated object");
	else if (n_same == n_bytes && bytes[0] == 0x6b && n_bytes > 1)
		snprintf(text, n_text_bytes, "the poison of a free object");
	else if (n_printable >= MIN_TEXT_BYTES)
		snprintf(text, n_text_bytes, "text \"%.*s\"", (int)n_printable, (const char *)bytes);
	else
		return false;
	return true;
}

void describe_overwriting(const struct slab_state *state, uint64_t kva, uint32_t n_bytes, char *text, size_t n_text_bytes)
{
	uint8_t bytes[MAX_BYTES];
	size_t n = n_bytes < sizeof(bytes) ? n_bytes : sizeof(bytes);
	struct mo_error *error;

	*text = '\0';
	if (!n || describe_words(state, kva, (uint32_t)n, text, n_text_bytes))
		return;
	error = mo_read(state->reader, kva, bytes, n);
	if (!error)
		(void)describe_bytes(bytes, n, text, n_text_bytes);
	mo_error_destroy(error);
}
