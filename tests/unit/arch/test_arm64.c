/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What arm64 says of entries, registers, calls and addresses; its translations are in translations/aarch64-*. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "arch.h"
#include "bytes.h"

#define FORM_LPA2 1u
#define FORM_SWAP_6_11 2u

#define UXN (1ull << 54)
#define PXN (1ull << 53)
#define DBM (1ull << 51)
#define AF 0x400ull
#define NG 0x800ull

static struct mo_paging geometry(unsigned page_shift, unsigned levels)
{
	struct mo_paging paging = { .page_shift = page_shift };

	mo_arch_arm64.set_geometry(&paging, levels);
	return paging;
}

static void tables_have_the_shape_of_their_granule(void **state)
{
	static const struct {
		unsigned page_shift, levels, va_bits, top_bits;
		uint64_t block_bytes;
	} cases[] = {
		{ 12, 3, 39, 9, 2ull << 20 },   { 12, 4, 48, 9, 2ull << 20 },  { 12, 5, 52, 4, 2ull << 20 },
		{ 14, 2, 36, 11, 32ull << 20 }, { 14, 3, 47, 11, 32ull << 20 }, { 14, 4, 52, 5, 32ull << 20 },
		{ 16, 2, 42, 13, 512ull << 20 }, { 16, 3, 52, 10, 512ull << 20 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct mo_paging paging = geometry(cases[i].page_shift, cases[i].levels);

		assert_int_equal(paging.levels, cases[i].levels);
		assert_int_equal(paging.index_bits[cases[i].levels - 1], cases[i].top_bits);
		assert_int_equal(1ull << paging.shift[1], cases[i].block_bytes);
		assert_int_equal(paging.last_user_va, (1ull << cases[i].va_bits) - 1);
		assert_int_equal(paging.first_kernel_va, UINT64_MAX << cases[i].va_bits);
		assert_true(paging.has_own_user_root);
		assert_int_equal(paging.entry_form & FORM_LPA2, cases[i].va_bits == 52 && cases[i].page_shift < 16);
		assert_string_equal(mo_arch_arm64.level_name(&paging, paging.levels - 1), "PGD");
		assert_string_equal(mo_arch_arm64.level_name(&paging, 0), "PTE");
	}
}

struct entry_case {
	unsigned page_shift, levels, form, height;
	uint64_t value;
	enum mo_entry_kind kind;
	uint64_t pa;
	uint32_t flags;
};

/* clang-format off */
static const struct entry_case entry_cases[] = {
	/* The kernel's data, writable and dirty; its text; a user's page, clean and writable; a user's text; execute only. */
	{ 12, 4, 0, 0, 0x41234000 | UXN | PXN | DBM | AF | 0x303, MO_ENTRY_LEAF, 0x41234000,
	  MO_ENTRY_WRITABLE | MO_ENTRY_DIRTY | MO_ENTRY_ACCESSED | MO_ENTRY_NO_EXEC },
	{ 12, 4, 0, 0, 0x41234000 | UXN | AF | 0x383, MO_ENTRY_LEAF, 0x41234000, MO_ENTRY_ACCESSED },
	{ 12, 4, 0, 0, 0x41234000 | UXN | PXN | DBM | AF | NG | 0x3c3, MO_ENTRY_LEAF, 0x41234000,
	  MO_ENTRY_WRITABLE | MO_ENTRY_USER | MO_ENTRY_ACCESSED | MO_ENTRY_NO_EXEC },
	{ 12, 4, 0, 0, 0x41234000 | PXN | AF | NG | 0x3c3, MO_ENTRY_LEAF, 0x41234000, MO_ENTRY_USER | MO_ENTRY_ACCESSED },
	{ 12, 4, 0, 0, 0x41234000 | PXN | NG | 0x383, MO_ENTRY_LEAF, 0x41234000, MO_ENTRY_USER },
	/* Dirty by software, with a special page; old. */
	{ 12, 4, 0, 0, 0x41234000 | 1ull << 55 | 1ull << 56 | UXN | PXN | 0x3c3, MO_ENTRY_LEAF, 0x41234000,
	  MO_ENTRY_USER | MO_ENTRY_DIRTY | MO_ENTRY_NO_EXEC | MO_ENTRY_SPECIAL },
	/* A block of 2 MiB keeps no bits of an address within; a table of each level; what the CPU takes for nothing. */
	{ 12, 4, 0, 1, 0x41234000 | UXN | PXN | 0x381, MO_ENTRY_LEAF, 0x41200000, MO_ENTRY_NO_EXEC },
	{ 12, 4, 0, 1, 0x41234003, MO_ENTRY_TABLE, 0x41234000, 0 },
	{ 12, 4, 0, 3, 0x41234003 | 1ull << 59, MO_ENTRY_TABLE, 0x41234000, 0 },
	{ 12, 4, 0, 0, 0x41234001, MO_ENTRY_NONE, 0, 0 },
	{ 12, 4, 0, 0, 0, MO_ENTRY_NONE, 0, 0 },
	/* The upper bits of addresses, by granule. */
	{ 12, 5, FORM_LPA2, 0, 0x3fffffffff000 | UXN | PXN | 0x383, MO_ENTRY_LEAF, 0xffffffffff000, MO_ENTRY_NO_EXEC },
	{ 12, 5, FORM_LPA2, 0, 0x2000000001000 | UXN | PXN | 0x83, MO_ENTRY_LEAF, 0x2000000001000, MO_ENTRY_NO_EXEC },
	{ 14, 4, FORM_LPA2, 0, 0x3ffffffffc000 | UXN | PXN | 0x283, MO_ENTRY_LEAF, 0xbffffffffc000, MO_ENTRY_NO_EXEC },
	{ 16, 3, 0, 0, 0xffffffff5000 | UXN | PXN | 0x383, MO_ENTRY_LEAF, 0x5ffffffff0000, MO_ENTRY_NO_EXEC },
	{ 14, 3, 0, 0, 0x41234000 | UXN | PXN | 0x383, MO_ENTRY_LEAF, 0x41234000, MO_ENTRY_NO_EXEC },
	/* Without the valid bit alone: as KFENCE leaves the direct map. */
	{ 12, 4, 0, 0, 0x41234000 | UXN | PXN | 0x382, MO_ENTRY_NO_ACCESS, 0x41234000, MO_ENTRY_NO_EXEC },
	/* nG in an entry that is not valid means a page since 6.11; before, it is a bit of a swap offset. */
	{ 12, 4, FORM_SWAP_6_11, 1, 0x41200000 | NG | UXN | PXN | 0x380, MO_ENTRY_NO_ACCESS, 0x41200000, MO_ENTRY_NO_EXEC },
	{ 12, 4, 0, 0, 0x801f << 8 | 1 << 3, MO_ENTRY_SWAP, 0x801f, 0 },
	{ 12, 4, FORM_SWAP_6_11, 0, 0x801full << 12 | 1 << 6, MO_ENTRY_SWAP, 0x801f, 0 },
	{ 12, 4, 0, 3, 0x1234500, MO_ENTRY_NONE, 0, 0 },
};
/* clang-format on */

static void entries_say_what_they_are(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(entry_cases) / sizeof(entry_cases[0]); i++) {
		const struct entry_case *wanted = &entry_cases[i];
		struct mo_paging paging = geometry(wanted->page_shift, wanted->levels);
		struct mo_page_entry entry = { .kind = MO_ENTRY_NONE };
		uint64_t raw = htole64(wanted->value);
		unsigned n;

		paging.entry_form = wanted->form;
		n = mo_arch_arm64.decode(&paging, wanted->height, (const uint8_t *)&raw, 1, &entry);
		if (n != (wanted->kind != MO_ENTRY_NONE) ||
		    (n && (entry.kind != wanted->kind || entry.pa != wanted->pa || entry.flags != wanted->flags)))
			fail_msg("0x%llx of height %u: %u, kind %u, 0x%llx, flags 0x%x", (unsigned long long)wanted->value,
				 wanted->height, n, entry.kind, (unsigned long long)entry.pa, entry.flags);
	}
}

static void words_that_lead_to_tables_are_known(void **state)
{
	struct mo_paging paging = geometry(12, 5);
	struct mo_entry_words words;

	(void)state;
	mo_arch_arm64.entry_words(&paging, &words);
	assert_int_equal(0x0800000043212003ull & words.table_mask, words.table_bits);
	assert_int_equal(0x10000000426ce403ull & words.table_mask, words.table_bits);
	assert_int_equal(0x0800000043212003ull & words.pa_mask, 0x43212000);
	assert_int_not_equal((0x43212000 | UXN | PXN | DBM | AF | 0x303) & words.table_mask, words.table_bits);
	assert_int_not_equal(0x43212001ull & words.table_mask, words.table_bits);
}

struct known {
	uint64_t protection_map;
	bool has_exclusive;
};

static bool variable(void *context, const char *symbol, uint64_t *ret)
{
	const struct known *known = context;

	if (strcmp(symbol, "protection_map") || !known->protection_map)
		return false;
	*ret = known->protection_map;
	return true;
}

static bool has_enumerator(void *context, const char *type, const char *name)
{
	const struct known *known = context;

	return known->has_exclusive && !strcmp(type, "enum pageflags") && !strcmp(name, "PG_anon_exclusive");
}

static unsigned form_of(uint64_t protection_map, bool has_exclusive)
{
	struct known known = { .protection_map = protection_map, .has_exclusive = has_exclusive };
	const struct mo_arch_view view = { .context = &known, .variable = variable, .has_enumerator = has_enumerator };
	struct mo_paging paging = geometry(12, 4);

	mo_arch_arm64.refine(&view, &paging);
	return paging.entry_form;
}

static void the_kernel_s_own_protections_tell_the_form_of_swap(void **state)
{
	(void)state;
	assert_int_equal(form_of(0x460000000000f82 | PXN | UXN, true), 0);
	assert_int_equal(form_of(PXN | UXN | NG | 0xf82, true), FORM_SWAP_6_11);
	assert_int_equal(form_of(0, true), 0);
	assert_int_equal(form_of(0, false), 4);
}

static void registers_are_those_of_prstatus(void **state)
{
	uint8_t desc[392] = { 0 };
	struct mo_arch_note note = { .name = "CORE", .type = 1, .desc = desc, .desc_bytes = sizeof(desc) };
	const struct mo_arch_view view = { .context = NULL };
	struct mo_arch_registers found;

	(void)state;
	for (unsigned i = 0; i < 34; i++) {
		uint64_t word = htole64(0x1000 + i);

		memcpy(desc + 112 + i * 8ul, &word, 8);
	}
	assert_true(mo_arch_arm64.registers(&view, &note, &found));
	assert_int_equal(found.n_words, 34);
	assert_int_equal(found.words[0], 0x1000);
	assert_int_equal(found.stack, 0x101f);
	assert_int_equal(found.instruction, 0x1020);
	note.desc_bytes = 383;
	assert_false(mo_arch_arm64.registers(&view, &note, &found));
	note = (struct mo_arch_note){ .name = "LINUX", .type = 0x405, .desc = desc, .desc_bytes = sizeof(desc) };
	assert_false(mo_arch_arm64.registers(&view, &note, &found));
}

static void calls_go_forward_and_back(void **state)
{
	/* bl +8; nop; bl -4; adrp */
	const uint32_t code[] = { htole32(0x94000002), htole32(0xd503201f), htole32(0x97ffffff), htole32(0x90000000) };
	const uint64_t kva = 0xffff800008010000ull;

	(void)state;
	assert_true(mo_arch_arm64.has_call((const uint8_t *)code, sizeof(code), kva, kva + 8));
	assert_true(mo_arch_arm64.has_call((const uint8_t *)code, sizeof(code), kva, kva + 4));
	assert_false(mo_arch_arm64.has_call((const uint8_t *)code, sizeof(code), kva, kva + 12));
	assert_false(mo_arch_arm64.has_call((const uint8_t *)code, 3, kva, kva + 8));
}

static void flags_have_names(void **state)
{
	char text[128];

	(void)state;
	mo_arch_flag_names(&mo_arch_arm64, 0x41234000 | PXN | UXN | DBM | AF | NG | 0x3c3, 0, MO_ENTRY_LEAF, text, sizeof(text));
	assert_string_equal(text, "VALID USER RDONLY AF NG WRITE PXN UXN");
	mo_arch_flag_names(&mo_arch_arm64, 0x0800000043212003ull, 1, MO_ENTRY_TABLE, text, sizeof(text));
	assert_string_equal(text, "VALID PXN_TABLE");
	mo_arch_flag_names(&mo_arch_arm64, 0x41200000 | 1ull << 52 | AF | 1, 1, MO_ENTRY_LEAF, text, sizeof(text));
	assert_string_equal(text, "VALID AF CONT HUGE");
}

static void flags_of_mappings_are_its_own(void **state)
{
	(void)state;
	assert_string_equal(mo_arch_arm64.vma_flag(24, false), "bt");
	assert_string_equal(mo_arch_arm64.vma_flag(32, false), "mt");
	assert_string_equal(mo_arch_arm64.vma_flag(33, false), "");
	assert_null(mo_arch_arm64.vma_flag(37, false));
	assert_string_equal(mo_arch_arm64.vma_flag(36, true), "mt");
	assert_string_equal(mo_arch_arm64.vma_flag(37, true), "");
	assert_string_equal(mo_arch_arm64.vma_flag(34, true), "");
	assert_null(mo_arch_arm64.vma_flag(3, true));
	assert_string_equal(mo_arch_x86_64.vma_flag(35, true), "");
	assert_null(mo_arch_x86_64.vma_flag(37, true));
}

static bool numbers(void *context, const char *key, int64_t *ret)
{
	const int64_t *phys_offset = context;

	if (!strcmp(key, "NUMBER(PHYS_OFFSET)"))
		*ret = *phys_offset;
	else if (!strcmp(key, "NUMBER(VA_BITS)"))
		*ret = 48;
	else
		return false;
	return true;
}

static void the_direct_map_begins_where_memory_does(void **state)
{
	int64_t phys_offset = 0x40000000;
	const struct mo_arch_view view = { .context = &phys_offset, .vmcoreinfo = numbers };
	struct mo_paging paging = geometry(12, 4);
	struct mo_arch_direct_map maps[4];

	(void)state;
	assert_int_equal(mo_arch_arm64.direct_maps(&view, &paging, maps, 4), 2);
	assert_int_equal(maps[0].base_kva + 0x40000000, 0xffff000000000000ull);
	assert_int_equal(maps[0].first_pa, 0x40000000);
	/* Until 5.3 it was the upper half. */
	assert_int_equal(maps[1].base_kva + 0x40000000, 0xffff800000000000ull);
	assert_int_equal(mo_arch_arm64.direct_maps(&(struct mo_arch_view){ .context = NULL }, &paging, maps, 4), 0);
}

static void without_vmcoreinfo_there_is_no_way_in(void **state)
{
	struct mo_paging paging = { .levels = 0 };
	struct mo_error *error = mo_arch_arm64.find_paging(&(struct mo_arch_view){ .context = NULL }, &paging);

	(void)state;
	assert_non_null(error);
	assert_int_equal(mo_error_code(error), MO_E_ABSENT);
	assert_non_null(strstr(mo_error_text(error), "TTBR1_EL1"));
	mo_error_destroy(error);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tables_have_the_shape_of_their_granule),
		cmocka_unit_test(entries_say_what_they_are),
		cmocka_unit_test(words_that_lead_to_tables_are_known),
		cmocka_unit_test(the_kernel_s_own_protections_tell_the_form_of_swap),
		cmocka_unit_test(registers_are_those_of_prstatus),
		cmocka_unit_test(calls_go_forward_and_back),
		cmocka_unit_test(flags_have_names),
		cmocka_unit_test(flags_of_mappings_are_its_own),
		cmocka_unit_test(the_direct_map_begins_where_memory_does),
		cmocka_unit_test(without_vmcoreinfo_there_is_no_way_in),
	};

	return cmocka_run_group_tests_name("arm64", tests, NULL, NULL);
}
