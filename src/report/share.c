/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The check that every share in a sentence goes through, and the words for it. */
#include <memopsy/share.h>

bool mo_share_is_sound(struct mo_share share)
{
	return share.whole_bytes && share.part_bytes <= share.whole_bytes;
}

const char *mo_share_words(struct mo_share share)
{
	if (!mo_share_is_sound(share))
		return NULL;
	if (share.part_bytes >= share.whole_bytes - share.whole_bytes / 10)
		return "nearly all";
	return share.part_bytes >= share.whole_bytes - share.whole_bytes / 2 ? "most" : "the largest part";
}

bool mo_share_percent(struct mo_share share, uint64_t *thousandths_ret)
{
	if (!mo_share_is_sound(share))
		return false;
	*thousandths_ret = (uint64_t)((double)share.part_bytes * 100000 / (double)share.whole_bytes + 0.5);
	return true;
}
