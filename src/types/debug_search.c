/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One search for a debug file: candidates tried, and why each was rejected. */
#include "debug_files.h"

#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <string.h>
#include <unistd.h>

#include "bytes.h"
#include "cleanup.h"
#include "elf_file.h"
#include "file.h"

void mo_debug_search_init(struct mo_debug_search *search, const char *build_id, bool needs_debug_info)
{
	*search = (struct mo_debug_search){
		.build_id = build_id,
		.needs_debug_info = needs_debug_info,
		.tried = MO_TEXT_EMPTY,
		.mismatch = MO_TEXT_EMPTY,
	};
}

void mo_debug_search_deinit(struct mo_debug_search *search)
{
	mo_elf_close(search->found);
	mo_elf_close(search->second);
	search->found = search->second = NULL;
	mo_text_deinit(&search->tried);
	mo_text_deinit(&search->mismatch);
}

void mo_debug_search_remark(struct mo_debug_search *search, const char *format, ...)
{
	va_list arguments;

	if (search->tried.length > 0)
		mo_text_append(&search->tried, ", ");
	va_start(arguments, format);
	mo_text_vprintf(&search->tried, format, arguments);
	va_end(arguments);
}

/* Whether the opened candidate is the wanted file; says why not. */
static bool is_wanted(struct mo_debug_search *search, const struct mo_elf *elf)
{
	const char *build_id = mo_elf_build_id(elf);

	if (!search->build_id || (build_id && strcasecmp(build_id, search->build_id) == 0))
		return true;
	mo_debug_search_remark(search, "%s (%s%s)", mo_elf_path(elf), build_id ? "build-id " : "no build-id",
			       build_id ? build_id : "");
	if (build_id && search->mismatch.length == 0)
		mo_text_printf(&search->mismatch, "%s has build-id %s", mo_elf_path(elf), build_id);
	return false;
}

/* Takes over a candidate that is there: the choice, the second choice, or neither. */
static void judge(struct mo_debug_search *search, struct mo_elf *elf)
{
	if (!is_wanted(search, elf)) {
		mo_elf_close(elf);
	} else if (mo_elf_has_section(elf, ".debug_info")) {
		search->found = elf;
	} else {
		mo_debug_search_remark(search, "%s (no debug information)", mo_elf_path(elf));
		if (search->needs_debug_info || search->second)
			mo_elf_close(elf);
		else
			search->second = elf;
	}
}

struct mo_error *mo_debug_search_try(struct mo_debug_search *search, const char *path)
{
	struct mo_error *error;
	struct mo_elf *elf;

	if (search->found)
		return NULL;
	if (access(path, F_OK) != 0 && errno != EACCES) {
		mo_debug_search_remark(search, "%s", path);
		return NULL;
	}
	error = mo_elf_open(path, &elf);
	if (!error) {
		judge(search, elf);
	} else if (!mo_error_ends_run(error)) {
		mo_debug_search_remark(search, "%s (%s)", path, mo_error_text(error));
		mo_error_destroy(error);
		error = NULL;
	}
	return error;
}

struct mo_error *mo_debug_search_try_checksum(struct mo_debug_search *search, const char *path, uint32_t checksum)
{
	struct mo_mapped_file file;
	uint32_t found;

	if (search->found)
		return NULL;
	if (access(path, R_OK) == 0) {
		struct mo_error *error = mo_map_file(path, &file);

		if (error) {
			mo_debug_search_remark(search, "%s (%s)", path, mo_error_text(error));
			mo_error_destroy(error);
			return NULL;
		}
		found = mo_debug_link_crc32(file.bytes, file.n_bytes);
		mo_unmap_file(&file);
		if (found != checksum) {
			mo_debug_search_remark(search, "%s (checksum %08x, wanted %08x)", path, found, checksum);
			if (search->mismatch.length == 0)
				mo_text_printf(&search->mismatch, "%s has checksum %08x, not %08x", path, found, checksum);
			return NULL;
		}
	}
	return mo_debug_search_try(search, path);
}

bool mo_is_build_id(const char *text)
{
	size_t length = strspn(text, "0123456789abcdefABCDEF");

	return length > 2 && length <= 128 && text[length] == '\0';
}

struct mo_error *mo_debug_search_try_build_id(struct mo_debug_search *search, const char *root)
{
	char lower[129];
	size_t length;

	if (!search->build_id)
		return NULL;
	if (!mo_is_build_id(search->build_id)) {
		mo_debug_search_remark(search, "no .build-id directory (\"%s\" is no build-id)", search->build_id);
		return NULL;
	}
	length = strlen(search->build_id);
	for (size_t i = 0; i <= length; i++)
		lower[i] = (char)tolower((unsigned char)search->build_id[i]);
	return mo_debug_search_try_below(search, root, ".build-id/%.2s/%s.debug", lower, lower + 2);
}

struct mo_error *mo_debug_search_try_below(struct mo_debug_search *search, const char *root, const char *format, ...)
{
	MO_CLEANUP(mo_cleanup_text) struct mo_text path = MO_TEXT_EMPTY;
	size_t length = strlen(root);
	va_list arguments;

	while (length > 0 && root[length - 1] == '/')
		length--;
	mo_text_append_n(&path, root, length);
	mo_text_append_char(&path, '/');
	va_start(arguments, format);
	mo_text_vprintf(&path, format, arguments);
	va_end(arguments);
	if (mo_text_failed(&path))
		return mo_error_no_memory();
	return mo_debug_search_try(search, mo_text_chars(&path));
}

struct mo_error *mo_debug_search_take(struct mo_debug_search *search, const char *what, struct mo_elf **ret)
{
	struct mo_error *error = NULL;
	const char *tried = mo_text_chars(&search->tried);

	if (search->found) {
		*ret = mo_take(search->found);
	} else if (search->second) {
		*ret = mo_take(search->second);
	} else if (search->mismatch.length > 0) {
		error = mo_error_create(MO_E_MISMATCH, "no %s%s%s: %s; tried %s", what,
					search->build_id ? " with build-id " : "",
					search->build_id ? search->build_id : "", mo_text_chars(&search->mismatch), tried);
	} else {
		error = mo_error_create(MO_E_ABSENT, "no %s%s%s; tried %s", what,
					search->build_id ? " with build-id " : "",
					search->build_id ? search->build_id : "", *tried ? tried : "nothing");
	}
	mo_debug_search_deinit(search);
	return error;
}

/* Eight bytes a step: debug files are hundreds of megabytes. tables[k][b] is the CRC of b followed by k zero bytes. */
static void make_crc_tables(uint32_t tables[8][256])
{
	for (uint32_t byte = 0; byte < 256; byte++) {
		uint32_t crc = byte;

		for (int bit = 0; bit < 8; bit++)
			crc = (crc >> 1) ^ (crc & 1 ? 0xedb88320u : 0);
		tables[0][byte] = crc;
	}
	for (int k = 1; k < 8; k++)
		for (int byte = 0; byte < 256; byte++)
			tables[k][byte] = (tables[k - 1][byte] >> 8) ^ tables[0][tables[k - 1][byte] & 0xff];
}

uint32_t mo_debug_link_crc32(const uint8_t *bytes, size_t n_bytes)
{
	uint32_t tables[8][256];
	uint32_t crc = 0xffffffffu;

	make_crc_tables(tables);
	for (; n_bytes >= 8; bytes += 8, n_bytes -= 8) {
		uint32_t low = crc ^ mo_load_u32(bytes, false);
		uint32_t high = mo_load_u32(bytes + 4, false);

		crc = tables[7][low & 0xff] ^ tables[6][(low >> 8) & 0xff] ^ tables[5][(low >> 16) & 0xff] ^
		      tables[4][low >> 24] ^ tables[3][high & 0xff] ^ tables[2][(high >> 8) & 0xff] ^
		      tables[1][(high >> 16) & 0xff] ^ tables[0][high >> 24];
	}
	for (; n_bytes > 0; bytes++, n_bytes--)
		crc = (crc >> 8) ^ tables[0][(crc ^ *bytes) & 0xff];
	return ~crc;
}
