/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MO_BTF_H
#define MO_BTF_H

/* BTF as a source of raw types. Its bytes come out of a dump: nothing in them is trusted. */

#include "btf_format.h"
#include "bytes.h"
#include "type_model.h"

/* Of a type that lies in missing memory, in place of its offset. */
#define MO_BTF_LOST UINT32_MAX

/* How long the records of each kind are: what follows the head, and each item. */
struct mo_btf_layout {
	uint32_t info_bytes[128];
	uint32_t item_bytes[128];
	bool is_known[128];
};

struct mo_btf_enumerator {
	uint32_t id;
	uint32_t index;
};

struct mo_btf {
	struct mo_raw_source source; /* first: the operations cast back */
	uint8_t *bytes;              /* a copy of all */
	const uint8_t *types;
	uint64_t types_bytes;
	const char *strings;
	uint32_t strings_bytes;
	uint32_t first_string;       /* offset of the first string that is not the base's */
	bool is_big_endian;
	bool has_enum_signs;         /* the writer recorded which enums are signed (2022 on) */
	unsigned pointer_bytes;
	uint32_t n_types;            /* numbers first_id .. first_id + n_types - 1 are here */
	bool is_cut;                 /* a type of unknown kind and length ended the reading */
	unsigned unknown_kind;       /* which; 0, where there are gaps: what follows lies behind one, and has no numbers */
	struct mo_type_gap *gaps;    /* ascending; NULL: nothing is missing */
	size_t n_gaps;
	uint32_t n_lost;             /* types that lie in missing memory */
	MO_VECTOR(uint32_t) offsets; /* of each type within types, or MO_BTF_LOST */
	struct mo_name_index names;  /* of structs, unions, enums, typedefs and base types, by number */
	/* Filled when the first enumerator is looked for without its enum. */
	bool has_enumerator_index;
	MO_VECTOR(struct mo_btf_enumerator) enumerators;
	struct mo_name_index enumerator_names;
};

/* One type as it lies in the bytes. */
struct mo_btf_record {
	const uint8_t *bytes;
	uint32_t name_offset;
	uint32_t info;
	uint32_t size_or_type;
};

/*
 * btf_gaps.c: records where memory is missing. What a record is, is told from its bytes; which number it has, from the
 * functions behind the gap, each of which stands behind its prototype and names it by number.
 */
/* Whether the last records lie behind missing memory and have no numbers: it is not known how many there are. */
static inline bool mo_btf_ends_in_gap(const struct mo_btf *btf)
{
	return btf->n_gaps && btf->is_cut && !btf->unknown_kind;
}

bool mo_btf_is_missing(const struct mo_btf *btf, const void *bytes, size_t n_bytes);
struct mo_error *mo_btf_find_records(struct mo_btf *btf, const struct mo_btf_layout *layout) MO_MUST_USE;

/* Whether a name stands somewhere in the strings, be it of a type or of something else. */
bool mo_btf_has_string(const struct mo_btf *btf, const char *name);

/* Reads header and type section: where each type is, and the names. base: the kernel's, for a module; else NULL. */
struct mo_error *mo_btf_open(struct mo_btf *base, const void *bytes, size_t n_bytes, struct mo_btf **ret) MO_MUST_USE;
/* The same without a copy: the bytes, from malloc(), are freed with it, or at once if it fails. */
struct mo_error *mo_btf_take(struct mo_btf *base, uint8_t *bytes, size_t n_bytes, struct mo_btf **ret) MO_MUST_USE;
/* The same where parts of the bytes are missing; the gaps are copied. */
struct mo_error *mo_btf_take_with_gaps(uint8_t *bytes, size_t n_bytes, const struct mo_type_gap *gaps, size_t n_gaps,
				       struct mo_btf **ret) MO_MUST_USE;
void mo_btf_destroy(struct mo_btf *btf);

/* The record of a number at or above first_id. MO_E_CORRUPT if there is none. */
struct mo_error *mo_btf_record(const struct mo_btf *btf, uint32_t id, struct mo_btf_record *ret) MO_MUST_USE;

/* The record of any number, the base's too; *owner is whose it is. */
struct mo_error *mo_btf_record_any(const struct mo_btf *btf, uint32_t id, const struct mo_btf **owner,
				   struct mo_btf_record *ret) MO_MUST_USE;

/* A terminated string; NULL for the empty one. MO_E_CORRUPT outside of the strings. */
struct mo_error *mo_btf_string(const struct mo_btf *btf, uint32_t offset, const char **ret) MO_MUST_USE;

/* The number of the first complete type of a name (or enum with an enumerator); 0: there is none. */
struct mo_error *mo_btf_find(struct mo_btf *btf, const struct mo_type_name *name, uint32_t *ret) MO_MUST_USE;

static inline uint32_t mo_btf_word(const struct mo_btf *btf, const uint8_t *bytes)
{
	return mo_load_u32(bytes, btf->is_big_endian);
}

#endif
