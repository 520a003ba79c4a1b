/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MO_JOURNAL_FIELDS_H
#define MO_JOURNAL_FIELDS_H

/*
 * The fields of a journal's entry that say whose line it is and of when (systemd.journal-fields(7)), whatever carries
 * them.
 */

#include "peel.h"

struct journal_entry {
	struct cursor message, host, identifier, comm, boot_id;
	bool has_message;
	bool is_kernel;              /* _TRANSPORT=kernel */
	bool has_priority, has_facility;
	uint64_t priority, facility;
	bool has_realtime, has_monotonic, has_source_monotonic;
	uint64_t realtime_us, monotonic_us, source_monotonic_us;
};

/* Text fields are kept as they are given: they must live as long as the entry. */
void journal_field(struct journal_entry *entry, struct cursor key, struct cursor value);

void journal_entry_peel(const struct journal_entry *entry, struct peeled *line);

#endif
