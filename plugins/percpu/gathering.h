/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef PERCPU_GATHERING_H
#define PERCPU_GATHERING_H

/*
 * The model while it is being built: the chunks of all lists (chunks.c), the allocations of each by its bitmaps
 * (bitmaps.c), who pays for them (charges.c). What cannot be read is counted and told in one finding a kind (trouble.c).
 */

#include <memopsy/percpu.h>
#include <memopsy/plugin.h>
#include <memopsy/trouble.h>
#include <memopsy/walk.h>

#include "percpu_layout.h"

#define UNIT_BYTES 4u                       /* PCPU_MIN_ALLOC_SIZE, include/linux/percpu.h: what a bit stands for */
#define MAX_CHUNKS (1u << 20)
#define MAX_SLOTS 256u
#define MAX_CHUNK_PAGES (1u << 18)
#define MAX_CHUNK_BYTES 1024u              /* of the struct, without its bitmap */
#define MAX_ALLOCATIONS (1u << 26)

struct percpu_state {
	struct mo_percpu_model model; /* first: the published model is this state */
	struct mo_run *run;
	struct mo_reader *reader;
	const struct percpu_layout *layout;
	uint64_t base_kva;            /* pcpu_base_addr */
	struct mo_percpu_chunk *chunks;
	size_t n_chunks, n_chunks_allocated;
	struct mo_percpu_allocation *allocations;
	size_t n_allocations, n_allocations_allocated;
	struct mo_trouble broken_lists, unreadable, contradicting;
};

/* A chunk's struct, as it was read. */
struct chunk_bytes {
	uint8_t bytes[MAX_CHUNK_BYTES];
};

void report_trouble(struct percpu_state *state);

/* Errors are of memory only, and of what there is no model without. */
struct mo_error *gather_chunks(struct percpu_state *state) MO_MUST_USE;
struct mo_error *gather_allocations(struct percpu_state *state, struct mo_percpu_chunk *chunk,
				    const struct chunk_bytes *raw) MO_MUST_USE;
void gather_charges(struct percpu_state *state, const struct mo_percpu_chunk *chunk, const struct chunk_bytes *raw);

#endif
