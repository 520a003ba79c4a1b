/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * A vmlinux's symbols on disk: a header, then the three arrays of a part just as they lie in memory, so that opening
 * is mapping. Written for this machine's byte order and this version's layout; a file of any other kind is ignored
 * and written anew. Look-ups check every number that they take from the map, so that a damaged file gives wrong
 * names at worst; the checksum makes that unlikely too.
 */

#include "symbol_table.h"

#include <string.h>

#include "bytes.h"
#include "cleanup.h"
#include "debug_files.h"
#include "text.h"

#define MAGIC "memopsy symbols"
#define VERSION 2u

struct cache_header {
	char magic[16];
	uint32_t version;
	uint32_t byte_order;       /* BYTE_ORDER_MARK as this machine writes it */
	char build_id[136];
	uint64_t file_bytes;
	uint64_t symtab_bytes;
	uint64_t strtab_bytes;
	uint64_t n_records;
	uint64_t n_low;
	uint64_t n_addresses;
	uint64_t n_slots;
	uint64_t n_names_bytes;
	uint64_t probe;            /* how mo_name_hash() hashes a known name: the slots depend on it */
	uint64_t checksum;         /* of the arrays */
};

#define BYTE_ORDER_MARK 0x01020304u
#define PROBE_NAME "linux_banner"

_Static_assert(sizeof(struct cache_header) % 8 == 0, "the records that follow must be aligned");
_Static_assert(sizeof(struct mo_symbol_record) == 24, "records are written as they are: no padding");

static char *cache_path(const struct mo_symbol_cache_key *key)
{
	struct mo_text path = MO_TEXT_EMPTY;

	if (!key->cache_dir || !key->build_id || !mo_is_build_id(key->build_id))
		return NULL;
	mo_text_printf(&path, "%s/%s.symbols", key->cache_dir, key->build_id);
	return mo_text_take(&path);
}

/* Four lanes of multiply and add: as fast as memory gives the bytes. n_bytes beyond a multiple of 32 count singly. */
static uint64_t checksum(uint64_t seed, const void *data, size_t n_bytes)
{
	uint64_t lanes[4] = { seed, seed ^ 1, seed ^ 2, seed ^ 3 };
	const uint8_t *bytes = data;

	for (; n_bytes >= 32; bytes += 32, n_bytes -= 32)
		for (int i = 0; i < 4; i++)
			lanes[i] = lanes[i] * 0x9e3779b97f4a7c15ull + mo_load_u64(bytes + 8 * i, false);
	for (; n_bytes > 0; bytes++, n_bytes--)
		lanes[0] = lanes[0] * 0x9e3779b97f4a7c15ull + *bytes;
	return lanes[0] ^ (lanes[1] << 1 | lanes[1] >> 63) ^ (lanes[2] << 2 | lanes[2] >> 62) ^
	       (lanes[3] << 3 | lanes[3] >> 61);
}

static uint64_t checksum_part(const struct mo_symbol_part *part)
{
	uint64_t sum = checksum(0, part->records, part->n_records * sizeof(*part->records));

	sum = checksum(sum, part->index.slots, part->index.n_slots * sizeof(*part->index.slots));
	return checksum(sum, part->names, part->n_names_bytes);
}

static void make_header(const struct mo_symbol_cache_key *key, const struct mo_symbol_part *part,
			struct cache_header *header)
{
	*header = (struct cache_header){
		.magic = MAGIC,
		.version = VERSION,
		.byte_order = BYTE_ORDER_MARK,
		.symtab_bytes = key->symtab_bytes,
		.strtab_bytes = key->strtab_bytes,
		.n_records = part->n_records,
		.n_low = part->n_low,
		.n_addresses = part->n_addresses,
		.n_slots = part->index.n_slots,
		.n_names_bytes = part->n_names_bytes,
		.probe = mo_name_hash(PROBE_NAME, strlen(PROBE_NAME)),
		.checksum = checksum_part(part),
	};
	snprintf(header->build_id, sizeof(header->build_id), "%s", key->build_id);
	header->file_bytes = sizeof(*header) + header->n_records * sizeof(*part->records) +
			     header->n_slots * sizeof(*part->index.slots) + header->n_names_bytes;
}

/* The three arrays behind the header; false: the numbers do not make a file of this size. */
static bool lay_out(const struct cache_header *header, const struct mo_mapped_file *map, struct mo_symbol_part *part)
{
	const uint8_t *bytes = map->bytes + sizeof(*header);
	uint64_t left = map->n_bytes - sizeof(*header);

	if (header->file_bytes != map->n_bytes || header->n_records > left / sizeof(*part->records))
		return false;
	left -= header->n_records * sizeof(*part->records);
	if (header->n_slots == 0 || header->n_slots > left / sizeof(*part->index.slots) ||
	    (header->n_slots & (header->n_slots - 1)) != 0)
		return false;
	left -= header->n_slots * sizeof(*part->index.slots);
	if (header->n_names_bytes != left || left == 0 || map->bytes[map->n_bytes - 1] != '\0')
		return false;
	if (!mo_is_within(header->n_low, header->n_addresses, header->n_records))
		return false;
	*part = (struct mo_symbol_part){
		.records = (const struct mo_symbol_record *)(const void *)bytes,
		.n_records = header->n_records,
		.n_low = header->n_low,
		.n_addresses = header->n_addresses,
		.map = *map,
	};
	bytes += header->n_records * sizeof(*part->records);
	part->index.slots = (uint64_t *)(uintptr_t)bytes; /* read only: a part with a map is never added to */
	part->index.n_slots = header->n_slots;
	part->index.n_items = header->n_records;
	part->names = (const char *)bytes + header->n_slots * sizeof(*part->index.slots);
	part->n_names_bytes = header->n_names_bytes;
	return true;
}

static bool is_for(const struct cache_header *header, const struct mo_symbol_cache_key *key)
{
	return memcmp(header->magic, MAGIC, sizeof(header->magic)) == 0 && header->version == VERSION &&
	       header->byte_order == BYTE_ORDER_MARK && header->symtab_bytes == key->symtab_bytes &&
	       header->strtab_bytes == key->strtab_bytes &&
	       header->probe == mo_name_hash(PROBE_NAME, strlen(PROBE_NAME)) &&
	       strncmp(header->build_id, key->build_id, sizeof(header->build_id)) == 0;
}

bool mo_symbol_cache_open(const struct mo_symbol_cache_key *key, struct mo_symbol_part *ret)
{
	MO_FREE char *path = cache_path(key);
	MO_DROP_ERROR struct mo_error *error = NULL;
	struct mo_symbol_part part;
	struct mo_mapped_file map;
	struct cache_header header;

	if (!path)
		return false;
	error = mo_map_file(path, &map);
	if (error)
		return false;
	if (map.n_bytes > sizeof(header)) {
		memcpy(&header, map.bytes, sizeof(header));
		if (is_for(&header, key) && lay_out(&header, &map, &part) && checksum_part(&part) == header.checksum) {
			*ret = part;
			return true;
		}
	}
	mo_unmap_file(&map);
	return false;
}

static struct mo_error *write_cache(struct mo_staged_file *staged, const struct cache_header *header,
				    const struct mo_symbol_part *part)
{
	MO_TRY(mo_staged_write(staged, header, sizeof(*header)));
	MO_TRY(mo_staged_write(staged, part->records, part->n_records * sizeof(*part->records)));
	MO_TRY(mo_staged_write(staged, part->index.slots, part->index.n_slots * sizeof(*part->index.slots)));
	return mo_staged_write(staged, part->names, part->n_names_bytes);
}

void mo_symbol_cache_save(const struct mo_symbol_cache_key *key, const struct mo_symbol_part *part)
{
	MO_FREE char *path = cache_path(key);
	MO_DROP_ERROR struct mo_error *error = NULL;
	struct cache_header header;
	struct mo_staged_file *staged;

	if (!path)
		return;
	error = mo_make_directories(key->cache_dir);
	if (!error)
		error = mo_staged_open(path, &staged);
	if (error)
		return;
	make_header(key, part, &header);
	error = write_cache(staged, &header, part);
	if (error)
		mo_staged_abort(staged);
	else
		error = mo_staged_commit(staged);
}
