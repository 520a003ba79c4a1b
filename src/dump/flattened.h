/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MO_FLATTENED_H
#define MO_FLATTENED_H

/*
 * makedumpfile's flattened format: a file written to a pipe, as records of "these bytes belong at that offset". A block
 * of 4096 bytes comes first ("makedumpfile", type 1, version 1), then records of a big-endian offset and size, each
 * followed by its bytes; offset -1 and size -1 end it. A later record overwrites an earlier one.
 */

#include "extents.h"

struct mo_flattened {
	struct mo_extents records; /* offset in the unfolded file -> offset in this one */
	uint64_t n_bytes;          /* of the unfolded file, as far as records go */
	bool is_cut_short;         /* no end mark, or a record that goes past the file's end */
};

bool mo_flattened_probe(const uint8_t *bytes, uint64_t n_bytes);

/* Memory: 24 bytes a record, and a record takes at least 17 in the file. */
struct mo_error *mo_flattened_index(const uint8_t *bytes, uint64_t n_bytes, struct mo_flattened *ret) MO_MUST_USE;

#endif
