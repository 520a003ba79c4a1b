/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef LEAKS_RECORDS_H
#define LEAKS_RECORDS_H

/*
 * Who allocated a lost piece, where the kernel itself kept a record: struct track behind the object (slub_debug=U), the
 * object's tag of allocation profiling, page_owner's and the profiling's of a block of pages.
 */

#include "gathering.h"

struct record {
	uint8_t source;           /* MO_OWNER_UNKNOWN: there is none */
	const char *function;     /* that allocated; NULL: in no symbol */
	const char *module;       /* the function's, else the next one's on the stack that has one; NULL: the kernel itself */
	uint64_t offset_bytes;
	uint64_t caller_kva;
	uint64_t stack_key;
};

struct record_finder;
struct mo_error *create_record_finder(const struct leaks_state *state, struct record_finder **ret) MO_MUST_USE;
void destroy_record_finder(struct record_finder *finder);
struct record find_allocation(struct record_finder *finder, uint32_t lost);

/* The return addresses of an allocating stack, innermost first; 0: none are known. Room for MO_STACK_DEPOT_FRAMES. */
size_t read_allocating_stack(struct mo_run *run, const struct mo_leaks_model *model, uint32_t lost, uint64_t *frames_kva);

#endif
