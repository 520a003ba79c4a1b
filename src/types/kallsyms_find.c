/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * The kallsyms tables found by their shape, for a dump that does not say where they are. Read from scripts/kallsyms.c
 * of 5.10, 6.1, 6.12 and 7.2, in ascending order of addresses:
 *
 *   until 6.3   offsets | relative_base | num_syms | names | markers | [seqs_of_names] | token_table | token_index
 *               addresses               | num_syms | ...
 *   from 6.4    num_syms | names | markers | token_table | token_index | offsets | [relative_base] | seqs_of_names
 *
 * seqs_of_names (three bytes a symbol) is there from 6.2 on, and in later 6.1. The token table is the beacon: the
 * digits' tokens are the digits themselves, and the index must agree with the table byte for byte. From there it
 * goes back over the markers to the names, whose length must agree with the markers and their number with num_syms.
 * Where the addresses are is then tried: linux_banner must hold the banner.
 */

#include "kallsyms.h"

#include <stdlib.h>
#include <string.h>

#include "bytes.h"
#include "cleanup.h"

#define MAX_SEARCH_BYTES (UINT64_C(64) << 20)
#define CHUNK_BYTES ((size_t)1 << 20)
#define PAGE_BYTES ((size_t)4096)

#define N_TOKENS 256u
#define SYMS_PER_MARKER 256u

/* Damaged or hostile memory may hold many beginnings that lead nowhere. */
#define MAX_BEACONS 1000
#define MAX_MARKER_TRIES 64

/* The part of the image that was read so far, zeros where it cannot be read. Places are offsets in it. */
struct image {
	const struct mo_kva_source *source;
	uint64_t first_kva;
	uint8_t *bytes;
	size_t n_bytes;
	size_t n_filled;
};

/* What was found so far. */
struct findings {
	size_t token_table, token_index;
	size_t markers, n_markers;
	size_t names, num_syms;
	uint32_t n_syms;
};

static size_t align_up(size_t offset, size_t alignment)
{
	return (offset + alignment - 1) & ~(alignment - 1);
}

static uint32_t u32_at(const struct image *image, size_t offset)
{
	return mo_load_u32(image->bytes + offset, image->source->is_big_endian);
}

static void read_next_chunk(struct image *image)
{
	size_t n_chunk = image->n_bytes - image->n_filled < CHUNK_BYTES ? image->n_bytes - image->n_filled : CHUNK_BYTES;
	const struct mo_kva_source *source = image->source;
	struct mo_error *error = source->read(source->context, image->first_kva + image->n_filled,
					      image->bytes + image->n_filled, n_chunk);

	for (size_t done = 0; error && done < n_chunk; done += PAGE_BYTES) {
		size_t n_piece = n_chunk - done < PAGE_BYTES ? n_chunk - done : PAGE_BYTES;
		uint8_t *piece = image->bytes + image->n_filled + done;
		struct mo_error *missing = source->read(source->context, image->first_kva + image->n_filled + done, piece,
							n_piece);

		if (missing)
			memset(piece, 0, n_piece);
		mo_error_destroy(missing);
	}
	mo_error_destroy(error);
	image->n_filled += n_chunk;
}

/* Whether the strings from token_table on are those that the index speaks of. */
static bool check_token_table(const struct image *image, const struct findings *found)
{
	size_t offset = found->token_table;

	for (unsigned i = 0; i < N_TOKENS; i++) {
		const uint8_t *entry = image->bytes + found->token_index + 2 * (size_t)i;

		if (offset >= found->token_index ||
		    offset - found->token_table != mo_load_u16(entry, image->source->is_big_endian))
			return false;
		offset += strnlen((const char *)image->bytes + offset, found->token_index - offset) + 1;
	}
	return offset <= found->token_index;
}

/*
 * From where the token "0" stands forward over the other tokens to the index, which says how far back the table
 * begins. What stands before the table could be mistaken for a part of it.
 */
static bool find_token_table(const struct image *image, size_t digits, struct findings *found)
{
	size_t end = digits;

	for (unsigned i = '0'; i < N_TOKENS; i++) {
		size_t length = strnlen((const char *)image->bytes + end, image->n_filled - end);

		if (length > MO_KALLSYMS_MAX_NAME || length == image->n_filled - end)
			return false;
		end += length + 1;
	}
	for (size_t alignment = 4; alignment <= 8; alignment += 4) {
		uint16_t back;

		found->token_index = align_up(end, alignment);
		if (!mo_is_within(found->token_index, 2 * N_TOKENS, image->n_filled))
			return false;
		back = mo_load_u16(image->bytes + found->token_index + 2 * '0', image->source->is_big_endian);
		found->token_table = digits - back;
		if (back <= digits && check_token_table(image, found))
			return true;
	}
	return false;
}

/* Where n_names compressed names end; 0: they run past `limit` or make no sense. */
static size_t skip_names(const struct image *image, size_t offset, uint32_t n_names, size_t limit)
{
	for (; n_names > 0; n_names--) {
		size_t length, n_length = 1;

		if (limit < 2 || offset > limit - 2)
			return 0;
		length = image->bytes[offset];
		if (length & 0x80) {
			length = (length & 0x7f) | (size_t)image->bytes[offset + 1] << 7;
			n_length = 2;
		}
		if (length == 0 || length > limit - offset - n_length)
			return 0;
		offset += n_length + length;
	}
	return offset;
}

/* Whether names that begin here, n_syms of them, fit the markers. */
static bool fits_markers(const struct image *image, const struct findings *found, size_t names, uint32_t n_syms)
{
	size_t last = u32_at(image, found->markers + 4 * (found->n_markers - 1));
	uint32_t n_in_last = n_syms - (uint32_t)(found->n_markers - 1) * SYMS_PER_MARKER;
	size_t end;

	if (n_syms > found->n_markers * SYMS_PER_MARKER || n_syms <= (found->n_markers - 1) * SYMS_PER_MARKER)
		return false;
	if (skip_names(image, names, SYMS_PER_MARKER, found->markers) != names + u32_at(image, found->markers + 4))
		return false;
	end = skip_names(image, names + last, n_in_last, found->markers);
	return end != 0 && found->markers - end < 8;
}

/* The names lie before the markers; how far is known up to the length of the last group. num_syms lies before them. */
static bool find_names(const struct image *image, struct findings *found)
{
	size_t last = u32_at(image, found->markers + 4 * (found->n_markers - 1));
	size_t longest = SYMS_PER_MARKER * 130;

	if (found->markers < last)
		return false;
	for (size_t back = 0; back <= longest && found->markers - last >= back + 12; back += 4) {
		size_t names = ((found->markers - last) & ~(size_t)3) - back;

		for (size_t gap = 4; gap <= 8; gap += 4) {
			uint32_t n_syms = u32_at(image, names - gap);

			if (fits_markers(image, found, names, n_syms)) {
				found->names = names;
				found->num_syms = names - gap;
				found->n_syms = n_syms;
				return true;
			}
		}
	}
	return false;
}

/* Whether the token table comes where markers, and seqs_of_names if there is one, end. */
static bool reaches_token_table(const struct findings *found)
{
	size_t end = found->markers + 4 * found->n_markers;

	for (size_t alignment = 4; alignment <= 8; alignment += 4) {
		if (align_up(end, alignment) == found->token_table)
			return true;
		if (align_up(align_up(end, alignment) + 3 * (size_t)found->n_syms, alignment) == found->token_table)
			return true;
	}
	return false;
}

/* How many numbers from here on can be markers: 0, then each at least 256 names of two bytes farther. */
static size_t count_markers(const struct image *image, size_t offset, size_t end)
{
	size_t n_markers = 1;
	uint32_t previous = 0;

	for (offset += 4; offset + 4 <= end; offset += 4, n_markers++) {
		uint32_t value = u32_at(image, offset);

		if (value < previous || value - previous < 2 * SYMS_PER_MARKER || value - previous > 1026 * SYMS_PER_MARKER)
			break;
		previous = value;
	}
	return n_markers;
}

static bool find_markers_and_names(const struct image *image, struct findings *found)
{
	size_t n_tries = 0;
	size_t limit = found->token_table & ~(size_t)3;

	for (size_t offset = limit; offset >= 4 && n_tries < MAX_MARKER_TRIES;) {
		size_t n_markers;

		offset -= 4;
		if (u32_at(image, offset) != 0)
			continue;
		n_markers = count_markers(image, offset, limit);
		/* The bytes behind the markers may look like one or two more. */
		for (size_t n_extra = 0; n_extra < 3 && n_markers - n_extra >= 2 && n_markers > n_extra; n_extra++) {
			found->markers = offset;
			found->n_markers = n_markers - n_extra;
			n_tries += n_extra == 0;
			if (find_names(image, found) && reaches_token_table(found))
				return true;
		}
	}
	return false;
}

/* The number of a symbol in the table. */
struct known_symbol {
	const char *typed_name; /* without the type: compared from the second character on */
	size_t number;
	bool is_found;
};

static struct mo_error *find_numbers(const struct image *image, const struct findings *found,
				     struct known_symbol *known, size_t n_known)
{
	char name[MO_KALLSYMS_MAX_NAME + 1 + MO_TOKEN_COPY_BYTES];
	struct mo_kallsyms_tokens tokens;
	struct mo_kallsyms_names names;
	const uint8_t *compressed;
	size_t n_compressed, length;
	struct mo_error *error;
	const char *problem;

	MO_TRY(mo_kallsyms_tokens_init(image->source, image->first_kva + found->token_table,
				       image->first_kva + found->token_index, &tokens));
	error = mo_kallsyms_names_init(image->source, image->first_kva + found->names, &names);
	for (uint32_t i = 0; !error && i < found->n_syms; i++) {
		if (!mo_kallsyms_names_next(&names, &compressed, &n_compressed, &problem) ||
		    !mo_kallsyms_expand(&tokens, compressed, n_compressed, name, &length))
			break;
		for (size_t k = 0; k < n_known; k++)
			if (!known[k].is_found && length == strlen(known[k].typed_name) + 1 &&
			    memcmp(name + 1, known[k].typed_name, length - 1) == 0)
				known[k] = (struct known_symbol){ known[k].typed_name, i, true };
	}
	if (!error)
		mo_kallsyms_names_deinit(&names);
	mo_kallsyms_tokens_deinit(&tokens);
	return error;
}

static bool has_banner(const struct mo_kva_source *source, uint64_t kva)
{
	static const char banner[] = "Linux version ";
	char text[sizeof(banner) - 1];
	struct mo_error *error = source->read(source->context, kva, text, sizeof(text));
	bool is_readable = !error;

	mo_error_destroy(error);
	return is_readable && memcmp(text, banner, sizeof(text)) == 0;
}

/* Whether the banner is where these tables put it; sets stext_kva if it is. */
static bool try_addresses(const struct mo_kva_source *source, struct mo_kallsyms_tables *tables, uint32_t n_syms,
			  const struct known_symbol *banner, const struct known_symbol *stext)
{
	struct mo_kallsyms_addresses addresses;
	struct mo_error *error = mo_kallsyms_addresses_init(source, tables, tables->addresses_kva != 0, n_syms, &addresses);
	bool is_right = false;

	if (error) {
		mo_error_destroy(error);
		return false;
	}
	for (int i = 0; i < MO_KALLSYMS_N_ENCODINGS && !is_right; i++) {
		enum mo_kallsyms_encoding encoding = (enum mo_kallsyms_encoding)i;

		is_right = mo_kallsyms_is_possible(&addresses, encoding) &&
			   !mo_kallsyms_is_missing(&addresses, banner->number) &&
			   mo_kallsyms_gives_order(&addresses, encoding) &&
			   has_banner(source, mo_kallsyms_address(&addresses, encoding, banner->number));
		if (is_right && stext->is_found && !mo_kallsyms_is_missing(&addresses, stext->number))
			tables->stext_kva = mo_kallsyms_address(&addresses, encoding, stext->number);
	}
	mo_kallsyms_addresses_deinit(&addresses);
	return is_right;
}

/* Each layout that was seen, newest first. */
static struct mo_error *find_addresses(const struct image *image, const struct findings *found,
				       struct mo_kallsyms_tables *tables, bool *is_found)
{
	struct known_symbol known[] = { { .typed_name = "linux_banner" }, { .typed_name = "_stext" } };
	unsigned pointer_bytes = image->source->pointer_bytes;
	uint64_t behind = image->first_kva + found->token_index + 2 * N_TOKENS;
	uint64_t before = image->first_kva + found->num_syms;
	uint64_t offsets_bytes = 4 * (uint64_t)found->n_syms;
	struct {
		uint64_t offsets_kva, relative_base_kva, addresses_kva;
	} places[] = {
		{ .offsets_kva = behind },
		{ .offsets_kva = behind, .relative_base_kva = behind + offsets_bytes },
		{ .offsets_kva = (behind + 7) & ~UINT64_C(7),
		  .relative_base_kva = (((behind + 7) & ~UINT64_C(7)) + offsets_bytes + 7) & ~UINT64_C(7) },
		{ .offsets_kva = before - pointer_bytes - ((offsets_bytes + pointer_bytes - 1) & ~(uint64_t)(pointer_bytes - 1)),
		  .relative_base_kva = before - pointer_bytes },
		{ .addresses_kva = before - (uint64_t)found->n_syms * pointer_bytes },
	};

	MO_TRY(find_numbers(image, found, known, 2));
	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]) && !*is_found && known[0].is_found; i++) {
		*tables = (struct mo_kallsyms_tables){
			.names_kva = image->first_kva + found->names,
			.num_syms_kva = image->first_kva + found->num_syms,
			.token_table_kva = image->first_kva + found->token_table,
			.token_index_kva = image->first_kva + found->token_index,
			.offsets_kva = places[i].offsets_kva,
			.relative_base_kva = places[i].relative_base_kva,
			.addresses_kva = places[i].addresses_kva,
		};
		*is_found = try_addresses(image->source, tables, found->n_syms, &known[0], &known[1]);
	}
	return NULL;
}

/* Looks for beacons in what was filled, from *from on, which is moved behind those that were tried. */
static struct mo_error *search_filled(const struct image *image, size_t *from, size_t *n_beacons,
				      struct mo_kallsyms_tables *tables, bool *is_found)
{
	/* The tokens "0" to "9": every kernel has digits in names, so that these stand for themselves. */
	static const char digits[] = "0\0001\0002\0003\0004\0005\0006\0007\0008\0009";

	while (!*is_found && *n_beacons < MAX_BEACONS) {
		const uint8_t *hit = memmem(image->bytes + *from, image->n_filled - *from, digits, sizeof(digits));
		struct findings found = { .n_syms = 0 };

		/* A table that reaches into the next chunk is looked at when that is there. */
		if (!hit || (size_t)(image->bytes + image->n_filled - hit) < 64 * 1024) {
			if (image->n_filled < image->n_bytes)
				return NULL;
			if (!hit)
				return NULL;
		}
		*from = (size_t)(hit - image->bytes) + 1;
		++*n_beacons;
		if (find_token_table(image, *from - 1, &found) && find_markers_and_names(image, &found))
			MO_TRY(find_addresses(image, &found, tables, is_found));
	}
	return NULL;
}

struct mo_error *mo_symbols_find_kallsyms_tables(const struct mo_kva_source *source, uint64_t first_kva, uint64_t n_bytes,
						 struct mo_kallsyms_tables *ret)
{
	struct image image = { .source = source, .first_kva = first_kva & ~(uint64_t)(PAGE_BYTES - 1) };
	struct mo_kallsyms_tables tables;
	MO_FREE uint8_t *bytes = NULL;
	size_t from = 0, n_beacons = 0;
	bool is_found = false;

	image.n_bytes = (size_t)(n_bytes < MAX_SEARCH_BYTES ? n_bytes : MAX_SEARCH_BYTES);
	if (image.n_bytes > UINT64_MAX - image.first_kva)
		image.n_bytes = (size_t)(UINT64_MAX - image.first_kva);
	image.bytes = bytes = malloc(image.n_bytes + 1);
	if (!bytes)
		return mo_error_no_memory();
	while (!is_found && image.n_filled < image.n_bytes) {
		read_next_chunk(&image);
		MO_TRY(search_filled(&image, &from, &n_beacons, &tables, &is_found));
	}
	if (!is_found)
		return mo_error_create(MO_E_ABSENT, "no kallsyms tables in the %zu KiB from 0x%llx on", image.n_bytes / 1024,
				       (unsigned long long)image.first_kva);
	*ret = tables;
	return NULL;
}
