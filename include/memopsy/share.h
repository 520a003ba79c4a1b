/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MEMOPSY_SHARE_H
#define MEMOPSY_SHARE_H

/*
 * A part of a whole, as a sentence says it. Words like "most" follow from the numbers here and nowhere else, and a part that
 * is larger than its whole has no words: numbers of different moments or of different kinds (resident and swapped, say) do
 * not make a share, and a sentence has to put them side by side instead.
 *
 * Pure functions; any thread.
 */

#include <memopsy/error.h>

MO_API_BEGIN

struct mo_share {
	uint64_t part_bytes;
	uint64_t whole_bytes;
};

/* Whether the part may be said to be one of the whole. */
bool mo_share_is_sound(struct mo_share share);

/*
 * "nearly all" from nine tenths on, "most" from half on, else "the largest part", which is for the caller to know: none
 * is larger. NULL: the share is not sound.
 */
const char *mo_share_words(struct mo_share share);

/* Thousandths of a per cent, rounded, for MO_CELL_PERCENT; false: the share is not sound. */
bool mo_share_percent(struct mo_share share, uint64_t *thousandths_ret) MO_MUST_USE;

MO_API_END

#endif
