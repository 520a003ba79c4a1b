/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What could not be read of files: counted, and told in one finding a kind. */
#include "gathering.h"

void report_trouble(struct files_state *state)
{
	mo_trouble_tell(state->run, &state->unreadable_pages, "file-pages-unreadable",
			"Some struct pages of the page cache could not be read.", "Their pages are missing from their files.");
	mo_trouble_tell(state->run, &state->bad_mappings, "file-mappings-broken",
			"Some pages of the page cache point at invalid address_spaces.",
			"They are counted as unnamed files; `memopsy page` shows such a page.");
	mo_trouble_tell(state->run, &state->bad_superblocks, "superblocks-broken",
			"Superblocks or their mounts could not be read.", "Files may lack their path and type.");
	mo_trouble_tell(state->run, &state->bad_paths, "file-paths-broken", "The paths of some files could not be read.", NULL);
	mo_trouble_tell(state->run, &state->bad_users, "file-users-broken",
			"Some tables of open files or trees of mappings are corrupt or unreadable.",
			"Files may be used by more processes than are shown.");
	mo_trouble_tell(state->run, &state->unreadable_counts, "file-counts-unreadable",
			"Counters of dentries, inodes or tmpfs could not be read.", NULL);
}
