/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef TYPE_WALK_H
#define TYPE_WALK_H

/* What the fuzzers of types share: a random source that is the same each time, and a walk over all that a type leads to. */

#include <stddef.h>
#include <stdint.h>

#include <memopsy/types.h>

struct type_fuzzer {
	const char *name;
	uint64_t random;
	unsigned long round;
	size_t n_opened, n_refused, n_found, n_absent, n_broken;
	size_t n_steps_left; /* of the walk that is under way */
};

uint64_t fuzz_random(struct type_fuzzer *fuzzer, uint64_t below);

/* Aborts, naming the round, unless it holds. */
void fuzz_demand(const struct type_fuzzer *fuzzer, bool holds, const char *what);

/*
 * Looks the names up and walks over all that they lead to: members by path, declarations, what pointers point to.
 * What must hold of a sound type is demanded; errors are counted.
 */
void fuzz_look_up(struct type_fuzzer *fuzzer, struct mo_types *types, const char *const *names, size_t n_names);

/* Some bytes set to something else: single bits, small numbers, all ones, copies of other places. */
void fuzz_damage(struct type_fuzzer *fuzzer, uint8_t *bytes, size_t n_bytes);

void fuzz_report(const struct type_fuzzer *fuzzer);

#endif
