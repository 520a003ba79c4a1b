/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MEMOPSY_PERCPU_H
#define MEMOPSY_PERCPU_H

/*
 * The model "percpu": the chunks of the per-CPU allocator and every allocation in them.
 *
 * Each allocation exists once a unit (one a possible CPU, as a rule) at the same place in it. What the kernel keeps as
 * a pointer to it is percpu_kva; mo_percpu() (walk.h) turns that into a CPU's copy.
 *
 * Immutable once published; lives until the run ends. Decodes struct pcpu_chunk (mm/percpu-internal.h), its maps of
 * what is allocated and where allocations begin, and struct pcpuobj_ext.
 */

#include <memopsy/report.h>

#ifdef __cplusplus
extern "C" {
#endif

#define MO_PERCPU_MODEL "percpu"
#define MO_PERCPU_MODEL_VERSION 1

/* Append only. */
enum mo_percpu_chunk_kind {
	MO_PERCPU_FIRST = 0,      /* made at boot, behind the kernel's own per-CPU variables */
	MO_PERCPU_RESERVED = 1,   /* made at boot for modules' own per-CPU variables */
	MO_PERCPU_OTHER = 2,      /* made when those before were full */
};

struct mo_percpu_chunk {
	uint64_t chunk_kva;          /* struct pcpu_chunk */
	uint64_t base_kva;           /* of its part of the lowest unit */
	enum mo_percpu_chunk_kind kind;
	bool is_charged;             /* its allocations may be charged to memory cgroups */
	bool is_readable;            /* its maps were read; else it has no allocations here */
	/* All of one unit. */
	uint64_t n_pages;
	uint64_t populated_pages;    /* with memory behind them */
	uint64_t empty_pages;        /* of these, without an allocation */
	uint64_t served_bytes;       /* what may be handed out */
	uint64_t allocated_bytes;
	uint64_t free_bytes;         /* as the kernel counts: chunk->free_bytes */
	size_t first_allocation;     /* in the model's allocations */
	size_t n_allocations;
};

struct mo_percpu_allocation {
	uint64_t percpu_kva;         /* the __percpu pointer */
	uint64_t kva;                /* in the lowest unit */
	uint32_t bytes;              /* of one unit */
	uint32_t chunk;              /* index */
	uint64_t memcg_kva;          /* the memory cgroup that pays for it; 0: none, or not known */
	uint64_t tag_kva;            /* struct alloc_tag of who asked for it (since 6.10); 0: none, or not known */
};

struct mo_percpu_model {
	const struct mo_percpu_chunk *chunks; /* the first, the reserved, then ascending by address */
	size_t n_chunks;
	const struct mo_percpu_allocation *allocations; /* chunk by chunk, ascending in each */
	size_t n_allocations;
	uint64_t n_units;
	uint64_t static_bytes;       /* of a unit: the kernel's own per-CPU variables; 0: not known */
	uint64_t static_percpu_kva;  /* where those begin, as a per-CPU pointer (__per_cpu_start) */
	uint64_t populated_pages;    /* of a unit, found; /proc/meminfo's Percpu is this times n_units */
	struct mo_count counted_populated_pages; /* pcpu_nr_populated */
	bool is_complete;            /* every list was followed to its end */
};

/* The allocation that holds a per-CPU address (a pointer as the kernel keeps it, or into what it points to). */
static inline const struct mo_percpu_allocation *mo_percpu_allocation_at(const struct mo_percpu_model *percpu,
									 uint64_t percpu_kva)
{
	for (size_t i = 0; i < percpu->n_chunks; i++) {
		size_t low = percpu->chunks[i].first_allocation;
		size_t high = low + percpu->chunks[i].n_allocations;

		while (low < high) {
			size_t middle = low + (high - low) / 2;
			const struct mo_percpu_allocation *allocation = &percpu->allocations[middle];

			if (percpu_kva < allocation->percpu_kva)
				high = middle;
			else if (percpu_kva - allocation->percpu_kva >= allocation->bytes)
				low = middle + 1;
			else
				return allocation;
		}
	}
	return 0;
}

#ifdef __cplusplus
}
#endif

#endif
