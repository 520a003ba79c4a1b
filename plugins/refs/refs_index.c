/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The pointers of one dump in a file of their own, beside the type cache: private, written temporary and renamed, of one dump
 * as it is now. It belongs to the user, and nothing in it is believed that the dump does not say as well.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <memopsy/numbers.h>

#include "refs.h"

#define INDEX_MAGIC "mo-refs"
#define INDEX_VERSION 1u
#define INDEX_BYTE_ORDER 0x01020304u
#define MAX_INDEX_BYTES (4ull << 30)
#define MAX_PATH_BYTES 4096

/* Which dump it is of, as the file system and the dump itself say. */
struct dump_identity {
	uint64_t device, inode;
	uint64_t n_bytes;
	int64_t changed_s, changed_ns;
	uint64_t kaslr_offset;
	uint64_t vmcoreinfo_sum;
	char build_id[64];
};

struct index_header {
	char magic[8];
	uint32_t byte_order;
	uint32_t version;
	struct dump_identity dump;
	uint64_t n_bytes;        /* of the whole file */
	uint64_t n_edges;
	uint64_t n_blocks;
	uint64_t n_missing_pages;
};

static uint64_t sum_of(const char *text)
{
	uint64_t sum = 0xcbf29ce484222325ull;

	for (; text && *text; text++)
		sum = (sum ^ (uint8_t)*text) * 0x100000001b3ull;
	return sum;
}

/* False: it is no file, or changes while it is read. */
static bool identify(const struct mo_references *state, struct dump_identity *ret)
{
	const struct mo_kernel_facts *facts = mo_kernel_facts(state->kernel);
	struct stat status;

	memset(ret, 0, sizeof(*ret));
	if (facts->is_live || !facts->dump_path || stat(facts->dump_path, &status) || !S_ISREG(status.st_mode))
		return false;
	ret->device = (uint64_t)status.st_dev;
	ret->inode = (uint64_t)status.st_ino;
	ret->n_bytes = (uint64_t)status.st_size;
	ret->changed_s = status.st_mtim.tv_sec;
	ret->changed_ns = status.st_mtim.tv_nsec;
	ret->kaslr_offset = facts->kaslr_offset;
	ret->vmcoreinfo_sum = sum_of(mo_kernel_vmcoreinfo_text(state->kernel));
	if (facts->build_id)
		snprintf(ret->build_id, sizeof(ret->build_id), "%s", facts->build_id);
	return true;
}

static void make_directories(char *path)
{
	for (char *at = path + 1; *at; at++) {
		if (*at != '/')
			continue;
		*at = '\0';
		mkdir(path, 0700); /* if it cannot be made, to open the file fails */
		*at = '/';
	}
	mkdir(path, 0700);
}

/* False: there is no cache, or the user wants none. */
static bool index_path(const struct mo_references *state, const struct dump_identity *dump, char *path, size_t n_bytes,
		       bool is_to_be_made)
{
	const char *cache_dir = mo_kernel_facts(state->kernel)->cache_dir;
	char directory[MAX_PATH_BYTES];
	int n;

	if (!cache_dir)
		return false;
	n = snprintf(directory, sizeof(directory), "%s", cache_dir);
	if (n <= 0 || (size_t)n >= sizeof(directory))
		return false;
	if (is_to_be_made)
		make_directories(directory);
	n = snprintf(path, n_bytes, "%s/refs-%" PRIx64 "-%" PRIx64 ".index", directory, dump->device, dump->inode);
	return n > 0 && (size_t)n < n_bytes;
}

static bool fits(const struct index_header *header, const struct dump_identity *dump, uint64_t n_bytes)
{
	uint64_t room = n_bytes - sizeof(*header);

	return !memcmp(header->magic, INDEX_MAGIC, sizeof(INDEX_MAGIC)) && header->byte_order == INDEX_BYTE_ORDER &&
	       header->version == INDEX_VERSION && !memcmp(&header->dump, dump, sizeof(*dump)) && header->n_bytes == n_bytes &&
	       header->n_blocks <= room / sizeof(struct mo_edge_block);
}

static bool map_index(int file, const struct dump_identity *dump, struct mo_edges *ret)
{
	struct stat status;
	struct index_header header;
	struct mo_edges edges = { .n_edges = 0 };

	if (fstat(file, &status) || !S_ISREG(status.st_mode) || status.st_uid != geteuid() || (status.st_mode & 022) ||
	    (uint64_t)status.st_size < sizeof(header) || (uint64_t)status.st_size > MAX_INDEX_BYTES)
		return false;
	edges.map_bytes = (size_t)status.st_size;
	edges.map = mmap(NULL, edges.map_bytes, PROT_READ, MAP_PRIVATE, file, 0);
	if (edges.map == MAP_FAILED)
		return false;
	memcpy(&header, edges.map, sizeof(header));
	if (!fits(&header, dump, edges.map_bytes)) {
		munmap(edges.map, edges.map_bytes);
		return false;
	}
	edges.blocks = (const void *)((const uint8_t *)edges.map + sizeof(header));
	edges.n_blocks = header.n_blocks;
	edges.bytes = (const uint8_t *)(edges.blocks + edges.n_blocks);
	edges.n_bytes = edges.map_bytes - sizeof(header) - edges.n_blocks * sizeof(struct mo_edge_block);
	edges.n_edges = header.n_edges;
	edges.n_missing_pages = header.n_missing_pages;
	*ret = edges;
	return true;
}

bool load_index(const struct mo_references *state, struct mo_edges *ret)
{
	struct dump_identity dump;
	char path[MAX_PATH_BYTES];
	bool is_loaded;
	int file;

	if (!identify(state, &dump) || !index_path(state, &dump, path, sizeof(path), false))
		return false;
	file = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	if (file < 0)
		return false;
	is_loaded = map_index(file, &dump, ret);
	close(file);
	return is_loaded;
}

static bool write_all(int file, const void *bytes, size_t n_bytes)
{
	const uint8_t *at = bytes;

	while (n_bytes) {
		ssize_t n = write(file, at, n_bytes < 1u << 30 ? n_bytes : 1u << 30);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		at += n;
		n_bytes -= (size_t)n;
	}
	return true;
}

static bool write_index(int file, const struct index_header *header, const struct mo_edges *edges)
{
	return write_all(file, header, sizeof(*header)) && write_all(file, edges->blocks, edges->n_blocks * sizeof(*edges->blocks)) &&
	       write_all(file, edges->bytes, edges->n_bytes);
}

void save_index(const struct mo_references *state, const struct mo_edges *edges, struct mo_report *report)
{
	struct index_header header = { .magic = INDEX_MAGIC, .byte_order = INDEX_BYTE_ORDER, .version = INDEX_VERSION,
				       .n_edges = edges->n_edges, .n_blocks = edges->n_blocks,
				       .n_missing_pages = edges->n_missing_pages };
	char path[MAX_PATH_BYTES];
	char temporary[MAX_PATH_BYTES + 16];
	char size[MO_SIZE_TEXT_BYTES];
	bool is_written;
	int file;

	header.n_bytes = sizeof(header) + edges->n_blocks * sizeof(*edges->blocks) + edges->n_bytes;
	if (!identify(state, &header.dump) || !index_path(state, &header.dump, path, sizeof(path), true)) {
		mo_report_note(report, "No index was written: the dump is not a regular file, or there is no cache "
				       "(--no-cache).");
		return;
	}
	if (header.n_bytes > MAX_INDEX_BYTES) {
		mo_format_bytes(size, sizeof(size), MAX_INDEX_BYTES, false);
		mo_report_note(report, "No index was written: it would be larger than %s.", size);
		return;
	}
	snprintf(temporary, sizeof(temporary), "%s.XXXXXX", path);
	file = mkstemp(temporary);
	is_written = file >= 0 && write_index(file, &header, edges);
	if (file >= 0)
		is_written = !close(file) && is_written;
	if (is_written)
		is_written = !rename(temporary, path);
	if (is_written) {
		mo_format_bytes(size, sizeof(size), header.n_bytes, false);
		mo_report_note(report, "Wrote an index of %" PRIu64 " pointers (%s): %s", edges->n_edges, size, path);
		return;
	}
	mo_report_note(report, "cannot write the index %s: %s", path, strerror(errno));
	if (file >= 0)
		unlink(temporary);
}
