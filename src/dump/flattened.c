/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Indexes the records of makedumpfile's flattened format. */
#include "flattened.h"

#include <inttypes.h>

#include "bytes.h"
#include "cleanup.h"

#define HEADER_BYTES 4096
#define RECORD_HEADER_BYTES 16

static const char signature[16] = "makedumpfile";

bool mo_flattened_probe(const uint8_t *bytes, uint64_t n_bytes)
{
	return n_bytes >= sizeof(signature) && memcmp(bytes, signature, sizeof(signature)) == 0;
}

static struct mo_error *check_header(const uint8_t *bytes, uint64_t n_bytes)
{
	int64_t type, version;

	if (n_bytes < HEADER_BYTES)
		return mo_error_create(MO_E_CORRUPT, "cut short at offset %" PRIu64 ", in the header of a flattened file",
				       n_bytes);
	type = (int64_t)mo_load_u64(bytes + 16, true);
	version = (int64_t)mo_load_u64(bytes + 24, true);
	if (type != 1 || version != 1)
		return mo_error_create(MO_E_UNSUPPORTED,
				       "flattened file of type %" PRId64 ", version %" PRId64
				       " (type 1, version 1 is known)",
				       type, version);
	return NULL;
}

/* Reads the record at *position and moves on; *is_end: there is no further one. */
static struct mo_error *read_record(const uint8_t *bytes, uint64_t n_bytes, uint64_t *position, struct mo_extent *record,
				    struct mo_flattened *flattened, bool *is_end)
{
	uint64_t at = *position, left = n_bytes - at;
	int64_t offset, size;

	*is_end = true;
	if (left < RECORD_HEADER_BYTES) {
		flattened->is_cut_short = true;
		return NULL;
	}
	offset = (int64_t)mo_load_u64(bytes + at, true);
	size = (int64_t)mo_load_u64(bytes + at + 8, true);
	if (offset == -1 && size == -1)
		return NULL;
	if (offset < 0 || size < 0 || size > INT64_MAX - offset)
		return mo_error_create(MO_E_CORRUPT,
				       "flattened file: the record at offset %" PRIu64 " is for %" PRId64
				       " bytes at %" PRId64 ", which is impossible",
				       at, size, offset);
	at += RECORD_HEADER_BYTES;
	left -= RECORD_HEADER_BYTES;
	if ((uint64_t)size > left) {
		flattened->is_cut_short = true;
		size = (int64_t)left;
	} else {
		*is_end = false;
	}
	*record = (struct mo_extent){ .start = (uint64_t)offset, .n_bytes = (uint64_t)size, .source = at };
	*position = at + (uint64_t)size;
	return NULL;
}

static struct mo_error *collect(const uint8_t *bytes, uint64_t n_bytes, struct mo_extent_claims *claims,
				struct mo_flattened *flattened)
{
	uint64_t position = HEADER_BYTES, rank = 0;
	bool is_end = false;

	while (!is_end) {
		struct mo_extent record = { .n_bytes = 0 };

		MO_TRY(read_record(bytes, n_bytes, &position, &record, flattened, &is_end));
		MO_TRY(mo_extent_claims_add(claims, record, rank++));
		if (record.n_bytes && flattened->n_bytes < mo_extent_end(&record))
			flattened->n_bytes = mo_extent_end(&record);
	}
	return NULL;
}

struct mo_error *mo_flattened_index(const uint8_t *bytes, uint64_t n_bytes, struct mo_flattened *ret)
{
	struct mo_flattened flattened = { .n_bytes = 0 };
	struct mo_extent_claims claims = { .list = { .items = NULL } };
	struct mo_error *error;

	MO_TRY(check_header(bytes, n_bytes));
	error = collect(bytes, n_bytes, &claims, &flattened);
	if (!error)
		error = mo_extents_settle(&claims, &flattened.records);
	mo_extent_claims_deinit(&claims);
	if (!error)
		*ret = flattened;
	return error;
}
