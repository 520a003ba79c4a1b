/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MO_DWARF_SIEVE_H
#define MO_DWARF_SIEVE_H

/*
 * A sieve that says of a unit, from its bytes alone, that it cannot define any of the names that are looked for.
 *
 * Sifting costs less than a tenth of having libdwarf read the entries, and nearly all of a kernel's 2,400 units fall
 * through. An entry that defines a type begins with the number of its abbreviation; its name stands behind that, at
 * once or after a few bytes, how many the abbreviation tells. So where the four bytes of a wanted name's offset stand,
 * the bytes before them tell whether they can be a definition. What only looks like one costs a look at the unit by
 * libdwarf, which has the last word. A unit whose abbreviations do not tell the place of a type's name is not sifted.
 */

#include "dwarf_names.h"

struct mo_dwarf_class {
	uint8_t spaces;          /* the name spaces that such an entry can define, as bits */
	uint8_t distance;        /* bytes between the abbreviation's number and the name */
};

struct mo_dwarf_sieve {
	struct mo_dwarf_class *classes; /* by number of the abbreviation */
	size_t n_classes;
	size_t capacity;
	bool is_loaded;          /* for the unit that is being sifted */
	bool is_regular;         /* the places of all types' names are known */
	uint32_t distances;      /* a bit for each distance that occurs */
	uint8_t short_first[256];
	bool has_short;
};

void mo_dwarf_sieve_deinit(struct mo_dwarf_sieve *sieve);

/*
 * What the unit may define of all that was not found in a unit before first_open: name spaces, as bits. The sieve is
 * one thread's.
 */
struct mo_error *mo_dwarf_sift(struct mo_dwarf_sieve *sieve, const struct mo_dwarf_names *names, uint64_t unit_number,
			       uint64_t first_open, unsigned *spaces) MO_MUST_USE;

#endif
