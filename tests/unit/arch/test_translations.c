/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Translations as text: each file is a physical memory of page-table entries and what addresses lead to there.
 *
 *	arch NAME            levels N            root PA            encryption MASK
 *	form BITS            mo_paging's entry_form: the architecture's own
 *	entry PA VALUE       an entry in memory
 *	vmcoreinfo KEY VALUE hexadecimal; with finds: root, levels and offset are found by it
 *	finds ROOT LEVELS KASLR_OFFSET
 *	maps VA PA           page, whichever size
 *	no-access VA PA      a page that may not be touched
 *	swap VA TYPE OFFSET
 *	none VA LEVEL        the entry of this level is empty
 *
 * All numbers but levels and types are hexadecimal. What libaddrxlat can answer, it is asked as well: maps and none.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "arch.h"
#include "bytes.h"
#include "oracle.h"

#define MAX_VALUES 8
#define MAX_LINE 200

struct corpus {
	const struct mo_arch *arch;
	struct mo_paging paging;
	struct translation_memory memory;
	struct {
		char key[64];
		int64_t value;
	} vmcoreinfo[MAX_VALUES];
	size_t n_values;
	const char *path;
	unsigned line;
	unsigned n_checked, n_asked;
};

uint8_t *translation_page(struct translation_memory *memory, uint64_t pa, bool is_new)
{
	for (size_t i = 0; i < memory->n_pages; i++)
		if (memory->pages[i].pa == (pa & ~0xfffull))
			return memory->pages[i].bytes;
	if (!is_new)
		return NULL;
	assert_true(memory->n_pages < TRANSLATION_PAGES);
	memory->pages[memory->n_pages].pa = pa & ~0xfffull;
	return memory->pages[memory->n_pages++].bytes;
}

static struct mo_error *read_pa(void *context, uint64_t pa, void *buffer, size_t n_bytes)
{
	struct corpus *corpus = context;
	const uint8_t *page = translation_page(&corpus->memory, pa, false);

	if (!page || (pa & 0xfff) + n_bytes > 4096)
		return mo_error_create(MO_E_NOT_IN_DUMP, "0x%llx is not in the dump", (unsigned long long)pa);
	memcpy(buffer, page + (pa & 0xfff), n_bytes);
	return NULL;
}

static bool vmcoreinfo(void *context, const char *key, int64_t *ret)
{
	const struct corpus *corpus = context;

	for (size_t i = 0; i < corpus->n_values; i++)
		if (!strcmp(corpus->vmcoreinfo[i].key, key)) {
			*ret = corpus->vmcoreinfo[i].value;
			return true;
		}
	return false;
}

static void wrong(const struct corpus *corpus, const char *what, uint64_t is)
{
	fail_msg("%s:%u: %s 0x%llx", corpus->path, corpus->line, what, (unsigned long long)is);
}

static void set_line(struct corpus *corpus, const char *word, const char *first, const char *second)
{
	uint64_t number = strtoull(first, NULL, 16);

	if (!strcmp(word, "arch")) {
		corpus->arch = mo_arch_by_name(first);
		assert_non_null(corpus->arch);
	} else if (!strcmp(word, "levels")) {
		uint64_t root_pa = corpus->paging.root_pa;

		corpus->arch->set_geometry(&corpus->paging, (unsigned)number);
		corpus->paging.root_pa = root_pa;
	} else if (!strcmp(word, "root")) {
		corpus->paging.root_pa = number;
	} else if (!strcmp(word, "form")) {
		corpus->paging.entry_form = (unsigned)number;
	} else if (!strcmp(word, "encryption")) {
		corpus->paging.encryption_mask = number;
	} else if (!strcmp(word, "entry")) {
		uint64_t value = strtoull(second, NULL, 16);
		uint8_t *bytes = translation_page(&corpus->memory, number, true) + (number & 0xfff);

		for (unsigned i = 0; i < corpus->paging.entry_bytes; i++)
			bytes[i] = (uint8_t)(value >> 8 * i);
	} else if (!strcmp(word, "vmcoreinfo")) {
		assert_true(corpus->n_values < MAX_VALUES);
		snprintf(corpus->vmcoreinfo[corpus->n_values].key, sizeof(corpus->vmcoreinfo[0].key), "%s", first);
		corpus->vmcoreinfo[corpus->n_values++].value = (int64_t)strtoull(second, NULL, 16);
	} else {
		wrong(corpus, word, 0);
	}
}

static void check_paging(struct corpus *corpus, const char *root, const char *levels, const char *offset)
{
	const struct mo_arch_view view = { .context = corpus, .read_pa = read_pa, .vmcoreinfo = vmcoreinfo };
	struct mo_paging found = { .levels = 0 };
	struct mo_error *error = corpus->arch->find_paging(&view, &found);

	if (error)
		fail_msg("%s:%u: %s", corpus->path, corpus->line, mo_error_text(error));
	if (found.root_pa != strtoull(root, NULL, 16))
		wrong(corpus, "root", found.root_pa);
	if (found.levels != strtoul(levels, NULL, 10))
		wrong(corpus, "levels", found.levels);
	if (found.kaslr_offset != strtoull(offset, NULL, 16))
		wrong(corpus, "offset", found.kaslr_offset);
	corpus->paging = found;
	corpus->n_checked++;
}

static void check_address(struct corpus *corpus, const char *word, const char *first, const char *second, const char *third)
{
	const struct mo_arch_view view = { .context = corpus, .read_pa = read_pa };
	static const struct {
		const char *word;
		enum mo_entry_kind kind;
	} kinds[] = { { "maps", MO_ENTRY_LEAF }, { "no-access", MO_ENTRY_NO_ACCESS }, { "swap", MO_ENTRY_SWAP },
		      { "none", MO_ENTRY_NONE } };
	uint64_t va = strtoull(first, NULL, 16);
	struct mo_arch_translation found;
	const struct mo_arch_step *last;
	struct mo_error *error = mo_arch_walk(corpus->arch, &view, &corpus->paging, va, &found);
	enum mo_entry_kind kind = MO_ENTRY_TABLE;

	if (error)
		fail_msg("%s:%u: %s", corpus->path, corpus->line, mo_error_text(error));
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (!strcmp(word, kinds[i].word))
			kind = kinds[i].kind;
	assert_true(found.n_steps > 0);
	last = &found.steps[found.n_steps - 1];
	if (last->entry.kind != kind)
		wrong(corpus, "kind", last->entry.kind);
	if (kind == MO_ENTRY_NONE && strcmp(last->level, second))
		wrong(corpus, last->level, last->entry_pa);
	if ((kind == MO_ENTRY_LEAF || kind == MO_ENTRY_NO_ACCESS) && (!found.is_mapped || found.pa != strtoull(second, NULL, 16)))
		wrong(corpus, "pa", found.pa);
	if (kind == MO_ENTRY_SWAP && (last->entry.swap_type != strtoul(second, NULL, 10) ||
				      last->entry.swap_offset != strtoull(third, NULL, 16)))
		wrong(corpus, "swap offset", last->entry.swap_offset);
	corpus->n_checked++;
	if ((kind == MO_ENTRY_LEAF || kind == MO_ENTRY_NONE) && oracle_knows(corpus->arch)) {
		uint64_t pa = 0;
		bool is_mapped = oracle_translate(corpus->arch, &corpus->paging, &corpus->memory, va, &pa);

		if (is_mapped != (kind == MO_ENTRY_LEAF) || (is_mapped && pa != found.pa))
			wrong(corpus, "libaddrxlat says", pa);
		corpus->n_asked++;
	}
}

static void check_file(const char *path)
{
	struct corpus *corpus = calloc(1, sizeof(*corpus));
	char line[MAX_LINE];
	FILE *file = fopen(path, "r");

	assert_non_null(file);
	corpus->path = path;
	while (fgets(line, sizeof(line), file)) {
		char words[4][64] = { "" };
		int n;

		corpus->line++;
		line[strcspn(line, "#")] = '\0';
		n = sscanf(line, "%63s %63s %63s %63s", words[0], words[1], words[2], words[3]);
		if (n < 1)
			continue;
		if (!strcmp(words[0], "finds"))
			check_paging(corpus, words[1], words[2], words[3]);
		else if (!strcmp(words[0], "maps") || !strcmp(words[0], "no-access") || !strcmp(words[0], "swap") ||
			 !strcmp(words[0], "none"))
			check_address(corpus, words[0], words[1], words[2], words[3]);
		else
			set_line(corpus, words[0], words[1], words[2]);
	}
	fclose(file);
	print_message("%s: %u translations, %u asked of libaddrxlat\n", path, corpus->n_checked, corpus->n_asked);
	assert_true(corpus->n_checked > 0);
	free(corpus);
}

static void translations_are_what_the_files_say(void **state)
{
	char *const *paths = *state;

	for (; *paths; paths++)
		check_file(*paths);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_prestate(translations_are_what_the_files_say, argv + 1),
	};

	if (argc < 2)
		return 2;
	return cmocka_run_group_tests_name("translations", tests, NULL, NULL);
}
