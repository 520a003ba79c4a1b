/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MO_DWARF_NAMES_H
#define MO_DWARF_NAMES_H

/*
 * The names that a scan looks for, and where in .debug_str they stand. An entry's name is an offset into .debug_str:
 * a name that does not stand there does not exist, and pointers can be compared instead of strings. Names of up to
 * three characters (seven in the 64-bit format) stand in the entries themselves: gcc never makes an offset of what is no
 * longer than one.
 */

#include <stdatomic.h>

#include "dwarf_file.h"
#include "type_model.h"

#define MO_NOT_FOUND UINT64_MAX

struct mo_dwarf_request {
	const struct mo_type_name *name;
	/* The number of the first unit that has the definition, as far as is known. */
	_Atomic uint64_t found_unit;
	uint64_t found_offset; /* guarded by the scan's lock */
	bool has_trace;        /* false: the name stands nowhere, so that nothing has it */
};

/* A spelling of a request's name. */
struct mo_dwarf_needle {
	const char *text;
	size_t length;
	uint32_t request;
	uint32_t next_same;   /* needle of the same text + 1; 0: none */
	uint32_t next_bucket; /* while offsets are looked for */
};

struct mo_dwarf_place {
	uint32_t offset;      /* in .debug_str */
	uint32_t needle;      /* the first of its text */
};

struct mo_dwarf_names {
	const struct mo_dwarf_file *file;
	struct mo_dwarf_request *requests;
	size_t n_requests;
	bool has_places;                      /* false: names may be given in ways that leave no trace */
	MO_VECTOR(struct mo_dwarf_needle) needles;
	struct mo_name_index needle_index;    /* the first needle of each text */
	MO_VECTOR(struct mo_dwarf_place) places;
	uint32_t *place_slots;                /* by offset: place + 1 */
	uint32_t n_place_slots;
	uint8_t *offset_bits;                 /* one bit for each byte of .debug_str: a place is there */
	MO_VECTOR(uint32_t) short_needles;
};

/* names stay the caller's and must outlive it. */
struct mo_error *mo_dwarf_names_init(struct mo_dwarf_names *names, const struct mo_dwarf_file *file,
				     const struct mo_type_name *const *requested, size_t n_requested) MO_MUST_USE;
void mo_dwarf_names_deinit(struct mo_dwarf_names *names);

/* Whether the request may still be found in this unit: it was not found in an earlier one. */
static inline bool mo_dwarf_is_open(const struct mo_dwarf_names *names, uint32_t request, uint64_t unit)
{
	return atomic_load_explicit(&names->requests[request].found_unit, memory_order_relaxed) >= unit;
}

/* The name spaces (a bit for each) of the requests of a needle, and of those of the same text, that are still open. */
unsigned mo_dwarf_open_spaces(const struct mo_dwarf_names *names, uint32_t needle, uint64_t unit);

/* The same for whatever is named by an offset into .debug_str. */
unsigned mo_dwarf_open_spaces_at(const struct mo_dwarf_names *names, uint32_t offset, uint64_t unit);

/* Whether a needle may stand at this offset; a bit test that tells off nearly all. offset is within .debug_str. */
static inline bool mo_dwarf_may_be_named(const struct mo_dwarf_names *names, uint64_t offset)
{
	return names->offset_bits[offset >> 3] >> (offset & 7) & 1;
}

/* The first needle whose text is this name; 0: none, else needle + 1. */
uint32_t mo_dwarf_names_find(const struct mo_dwarf_names *names, const char *name);

#endif
