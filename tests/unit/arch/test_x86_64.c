/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Page tables of x86_64 walked in a small fake physical memory. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "arch.h"
#include "bytes.h"

#define N_PAGES 64
#define PAGE 4096u

/* Physical memory is an array; page i lies at 0x100000 + i * 4096. */
#define FIRST_PA 0x100000ull

struct fake {
	uint8_t memory[N_PAGES * PAGE];
	unsigned n_tables;
	bool has_vmcoreinfo;
	uint64_t swapper_kva;
	int64_t phys_base;
	int64_t levels_5;
	uint64_t kaslr_offset;
};

static struct mo_error *read_pa(void *context, uint64_t pa, void *buffer, size_t n_bytes)
{
	struct fake *fake = context;

	if (pa < FIRST_PA || !mo_is_within(pa - FIRST_PA, n_bytes, sizeof(fake->memory)))
		return mo_error_create(MO_E_NOT_IN_DUMP, "page frame 0x%llx is not in the dump",
				       (unsigned long long)pa >> 12);
	memcpy(buffer, fake->memory + (pa - FIRST_PA), n_bytes);
	return NULL;
}

static bool vmcoreinfo(void *context, const char *key, int64_t *ret)
{
	const struct fake *fake = context;
	const struct {
		const char *key;
		int64_t value;
	} values[] = {
		{ "SYMBOL(swapper_pg_dir)", (int64_t)fake->swapper_kva },
		{ "NUMBER(phys_base)", fake->phys_base },
		{ "NUMBER(pgtable_l5_enabled)", fake->levels_5 },
		{ "KERNELOFFSET", (int64_t)fake->kaslr_offset },
	};

	for (size_t i = 0; fake->has_vmcoreinfo && i < sizeof(values) / sizeof(values[0]); i++)
		if (!strcmp(values[i].key, key)) {
			*ret = values[i].value;
			return true;
		}
	return false;
}

static void set_entry(struct fake *fake, uint64_t table_pa, unsigned index, uint64_t entry)
{
	entry = htole64(entry);
	memcpy(fake->memory + (table_pa - FIRST_PA) + index * 8, &entry, 8);
}

static uint64_t new_table(struct fake *fake)
{
	return FIRST_PA + PAGE * fake->n_tables++;
}

/* Maps one page of 4 KiB (or 2 MiB, 1 GiB by leaf_level 1, 2) through tables of its own. */
static void map(struct fake *fake, uint64_t root_pa, unsigned levels, uint64_t va, uint64_t pa, unsigned leaf_level)
{
	uint64_t table_pa = root_pa;

	for (unsigned level = levels - 1; level > leaf_level; level--) {
		unsigned index = va >> (12 + 9 * level) & 511;
		uint64_t entry = mo_load_u64(fake->memory + (table_pa - FIRST_PA) + index * 8, false);
		uint64_t next_pa = entry & 0xffffffffff000ull;

		if (!entry) {
			next_pa = new_table(fake);
			set_entry(fake, table_pa, index, next_pa | 3);
		}
		table_pa = next_pa;
	}
	set_entry(fake, table_pa, va >> (12 + 9 * leaf_level) & 511, pa | (leaf_level ? 0x83 : 3));
}

static struct mo_paging geometry(unsigned levels)
{
	struct mo_paging paging = { .root_pa = FIRST_PA };

	mo_arch_x86_64.set_geometry(&paging, levels);
	return paging;
}

static struct mo_arch_view view_of(struct fake *fake)
{
	return (struct mo_arch_view){ .context = fake, .read_pa = read_pa, .vmcoreinfo = vmcoreinfo };
}

static void walks_all_page_sizes_in_both_depths(void **state)
{
	(void)state;
	for (unsigned levels = 4; levels <= 5; levels++) {
		static const uint64_t va = 0xffff888123456789ull;
		static const uint64_t covers[] = { 0x1000, 0x200000, 0x40000000 };

		for (unsigned leaf = 0; leaf <= 2; leaf++) {
			struct fake *fake = calloc(1, sizeof(*fake));
			struct mo_arch_view view = view_of(fake);
			struct mo_paging paging = geometry(levels);
			struct mo_arch_translation found;

			paging.root_pa = new_table(fake);
			map(fake, paging.root_pa, levels, va, 0x7fc0000000ull, leaf);
			assert_null(mo_arch_walk(&mo_arch_x86_64, &view, &paging, va, &found));
			assert_true(found.is_mapped);
			assert_int_equal(found.pa, 0x7fc0000000ull + (va & (covers[leaf] - 1)));
			assert_int_equal(found.span_bytes, covers[leaf] - (va & (covers[leaf] - 1)));
			assert_int_equal(found.n_steps, levels - leaf);
			assert_string_equal(found.steps[0].level, "PGD");
			assert_int_equal(found.steps[found.n_steps - 1].entry.kind, MO_ENTRY_LEAF);
			free(fake);
		}
	}
}

static void a_hole_is_no_error_and_says_how_far_it_goes(void **state)
{
	struct fake *fake = calloc(1, sizeof(*fake));
	struct mo_arch_view view = view_of(fake);
	struct mo_paging paging = geometry(4);
	struct mo_arch_translation found;

	(void)state;
	paging.root_pa = new_table(fake);
	map(fake, paging.root_pa, 4, 0xffff888000000000ull, 0x5000, 0);
	assert_null(mo_arch_walk(&mo_arch_x86_64, &view, &paging, 0xffff888000001000ull, &found));
	assert_false(found.is_mapped);
	assert_int_equal(found.n_steps, 4);
	assert_int_equal(found.steps[3].entry.kind, MO_ENTRY_NONE);
	assert_int_equal(found.span_bytes, 0x1000);
	assert_null(mo_arch_walk(&mo_arch_x86_64, &view, &paging, 0xffff900000000000ull, &found));
	assert_int_equal(found.n_steps, 1);
	assert_int_equal(found.span_bytes, 1ull << 39);
	free(fake);
}

static void an_address_that_is_not_canonical_is_not_mapped(void **state)
{
	struct fake *fake = calloc(1, sizeof(*fake));
	struct mo_arch_view view = view_of(fake);
	struct mo_paging paging = geometry(4);
	struct mo_arch_translation found;

	(void)state;
	assert_null(mo_arch_walk(&mo_arch_x86_64, &view, &paging, 0x00ff888000000000ull, &found));
	assert_false(found.is_mapped);
	assert_int_equal(found.n_steps, 0);
	free(fake);
}

static void a_table_outside_the_dump_is_an_error_with_its_place(void **state)
{
	struct fake *fake = calloc(1, sizeof(*fake));
	struct mo_arch_view view = view_of(fake);
	struct mo_paging paging = geometry(4);
	struct mo_arch_translation found;
	struct mo_error *error;

	(void)state;
	paging.root_pa = new_table(fake);
	set_entry(fake, paging.root_pa, 0x111, 0xdead000ull | 3);
	error = mo_arch_walk(&mo_arch_x86_64, &view, &paging, 0xffff888000000000ull, &found);
	assert_non_null(error);
	assert_int_equal(mo_error_code(error), MO_E_NOT_IN_DUMP);
	assert_string_equal(mo_error_text(error), "cannot read the PUD entry for 0xffff888000000000 at physical 0xdead000: "
						  "page frame 0xdead is not in the dump");
	mo_error_destroy(error);
	free(fake);
}

/* A kernel whose tables map themselves, loaded at FIRST_PA and slid by kaslr_offset. */
static void make_kernel(struct fake *fake, unsigned levels, uint64_t *root_pa)
{
	fake->has_vmcoreinfo = true;
	fake->levels_5 = levels == 5;
	fake->kaslr_offset = 0x6000000;
	*root_pa = new_table(fake);
	fake->swapper_kva = 0xffffffff81000000ull + fake->kaslr_offset + 0x1000;
	fake->phys_base = (int64_t)(*root_pa - (fake->swapper_kva - 0xffffffff80000000ull));
	map(fake, *root_pa, levels, fake->swapper_kva, *root_pa, 0);
}

static void vmcoreinfo_leads_to_the_page_tables(void **state)
{
	(void)state;
	for (unsigned levels = 4; levels <= 5; levels++) {
		struct fake *fake = calloc(1, sizeof(*fake));
		struct mo_arch_view view = view_of(fake);
		struct mo_paging paging;
		uint64_t root_pa;

		make_kernel(fake, levels, &root_pa);
		assert_null(mo_arch_x86_64.find_paging(&view, &paging));
		assert_int_equal(paging.root_pa, root_pa);
		assert_int_equal(paging.levels, levels);
		assert_int_equal(paging.kaslr_offset, 0x6000000);
		assert_string_equal(paging.found_by, "VMCOREINFO");
		free(fake);
	}
}

static void vmcoreinfo_that_lies_is_found_out(void **state)
{
	struct fake *fake = calloc(1, sizeof(*fake));
	struct mo_arch_view view = view_of(fake);
	struct mo_paging paging;
	struct mo_error *error;
	uint64_t root_pa;

	(void)state;
	make_kernel(fake, 4, &root_pa);
	fake->phys_base += 0x1000;
	error = mo_arch_x86_64.find_paging(&view, &paging);
	assert_non_null(error);
	assert_int_equal(mo_error_code(error), MO_E_CORRUPT);
	assert_non_null(strstr(mo_error_text(error), "VMCOREINFO puts swapper_pg_dir at 0xffffffff87001000"));
	assert_non_null(strstr(mo_error_text(error), "the dump has no CPU state with CR3 either"));
	mo_error_destroy(error);
	free(fake);
}

/* As QEMU writes it: CR3 and CR4 behind registers and segments. */
static void fill_cpu_state(uint8_t *desc, uint64_t cr3, unsigned levels)
{
	uint64_t cr4 = htole64(levels == 5 ? 1u << 12 : 0);

	cr3 = htole64(cr3);
	memcpy(desc + 416, &cr3, 8);
	memcpy(desc + 424, &cr4, 8);
}

static void cr3_helps_where_vmcoreinfo_is_missing(void **state)
{
	(void)state;
	for (unsigned levels = 4; levels <= 5; levels++) {
		struct fake *fake = calloc(1, sizeof(*fake));
		struct mo_arch_view view = view_of(fake);
		uint8_t desc[440] = { 0 };
		struct mo_arch_note notes[] = { { .name = "CORE", .type = 1, .desc = desc, .desc_bytes = 8 },
						{ .name = "QEMU", .desc = desc, .desc_bytes = sizeof(desc) } };
		struct mo_paging paging;
		uint64_t root_pa;

		make_kernel(fake, levels, &root_pa);
		fake->has_vmcoreinfo = false;
		view.notes = notes;
		view.n_notes = 2;
		map(fake, root_pa, levels, 0xffffffff87000000ull, FIRST_PA, 0);
		/* The user's half of a pair of tables, as under page-table isolation. */
		fill_cpu_state(desc, root_pa | 0x1000, levels);
		assert_null(mo_arch_x86_64.find_paging(&view, &paging));
		assert_int_equal(paging.root_pa, root_pa & ~0x1000ull);
		assert_int_equal(paging.levels, levels);
		assert_int_equal(paging.kaslr_offset, 0x6000000);
		assert_string_equal(paging.found_by, "CR3 of a CPU");
		free(fake);
	}
}

static void architectures_are_found_by_name_and_by_key(void **state)
{
	struct fake *fake = calloc(1, sizeof(*fake));
	struct mo_arch_view view = view_of(fake);

	(void)state;
	assert_ptr_equal(mo_arch_by_name("x86_64"), &mo_arch_x86_64);
	assert_null(mo_arch_by_name("pdp11"));
	assert_null(mo_arch_by_vmcoreinfo(&view));
	fake->has_vmcoreinfo = true;
	assert_ptr_equal(mo_arch_by_vmcoreinfo(&view), &mo_arch_x86_64);
	free(fake);
}

/* Numbers in place of registers: each has the number of its place. */
static void registers_are_read_from_both_kinds_of_notes(void **state)
{
	uint8_t desc[440] = { 0 };
	struct mo_arch_note note = { .name = "CORE", .type = 1, .desc = desc, .desc_bytes = 336 };
	struct mo_arch_registers registers = { .n_words = 0 };

	(void)state;
	for (uint64_t at = 0; at + 8 <= sizeof(desc); at += 8) {
		uint64_t number = htole64(at / 8);

		memcpy(desc + at, &number, 8);
	}
	assert_true(mo_arch_x86_64.registers(&(const struct mo_arch_view){ 0 }, &note, &registers));
	assert_int_equal(registers.n_words, 27);
	assert_int_equal(registers.words[0], 14);
	assert_int_equal(registers.words[26], 40);
	assert_int_equal(registers.instruction, 14 + 16);
	assert_int_equal(registers.stack, 14 + 19);
	note = (struct mo_arch_note){ .name = "QEMU", .desc = desc, .desc_bytes = sizeof(desc) };
	assert_true(mo_arch_x86_64.registers(&(const struct mo_arch_view){ 0 }, &note, &registers));
	assert_int_equal(registers.n_words, 18);
	assert_int_equal(registers.words[0], 1);
	assert_int_equal(registers.stack, 1 + 6);
	assert_int_equal(registers.instruction, 1 + 16);
}

static void notes_of_other_kinds_and_short_ones_have_no_registers(void **state)
{
	static const uint8_t desc[440];
	static const struct mo_arch_note notes[] = {
		{ .name = "CORE", .type = 1, .desc = desc, .desc_bytes = 112 + 27 * 8 - 1 },
		{ .name = "CORE", .type = 1, .desc = desc, .desc_bytes = 0 },
		{ .name = "CORE", .type = 3, .desc = desc, .desc_bytes = sizeof(desc) },
		{ .name = "QEMU", .desc = desc, .desc_bytes = 8 + 18 * 8 - 1 },
		{ .name = "VMCOREINFO", .type = 1, .desc = desc, .desc_bytes = sizeof(desc) },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(notes) / sizeof(notes[0]); i++) {
		struct mo_arch_registers registers = { .n_words = 7 };

		assert_false(mo_arch_x86_64.registers(&(const struct mo_arch_view){ 0 }, &notes[i], &registers));
		assert_int_equal(registers.n_words, 7);
	}
}

struct entry_case {
	unsigned height;
	uint64_t value;
	enum mo_entry_kind kind;
	uint64_t pa;              /* or the swap offset */
	uint32_t flags;
	uint64_t encryption_mask;
	unsigned swap_type;
};

#define INVERTED(pa) (~(uint64_t)(pa) & 0xffffffffff000ull)
#define C_BIT (1ull << 51)
#define NX (1ull << 63)

static void entries_say_what_they_are(void **state)
{
	static const struct entry_case cases[] = {
		{ 0, 0x123067, MO_ENTRY_LEAF, 0x123000, MO_ENTRY_WRITABLE | MO_ENTRY_USER | MO_ENTRY_ACCESSED | MO_ENTRY_DIRTY, 0, 0 },
		{ 0, 0x123225 | NX, MO_ENTRY_LEAF, 0x123000,
		  MO_ENTRY_USER | MO_ENTRY_ACCESSED | MO_ENTRY_NO_EXEC | MO_ENTRY_SPECIAL, 0, 0 },
		{ 0, 0x123001 | 1ull << 58, MO_ENTRY_LEAF, 0x123000, MO_ENTRY_DIRTY, 0, 0 },
		{ 0, 0x123080 | 1, MO_ENTRY_LEAF, 0x123000, 0, 0, 0 },                     /* PAT, and no huge page */
		{ 1, 0x123067, MO_ENTRY_TABLE, 0x123000, MO_ENTRY_WRITABLE | MO_ENTRY_USER | MO_ENTRY_ACCESSED | MO_ENTRY_DIRTY, 0, 0 },
		{ 1, 0x7ff10e3, MO_ENTRY_LEAF, 0x7e00000, MO_ENTRY_WRITABLE | MO_ENTRY_ACCESSED | MO_ENTRY_DIRTY, 0, 0 },
		{ 2, 0x40000081, MO_ENTRY_LEAF, 0x40000000, 0, 0, 0 },
		{ 3, 0x123081, MO_ENTRY_TABLE, 0x123000, 0, 0, 0 },
		/* Without access: inverted since 4.18, and plain before, and as KFENCE leaves the kernel's own. */
		{ 0, INVERTED(0x123000) | 0x120, MO_ENTRY_NO_ACCESS, 0x123000, MO_ENTRY_ACCESSED, 0, 0 },
		{ 0, 0x123000 | 0x120, MO_ENTRY_NO_ACCESS, 0x123000, MO_ENTRY_ACCESSED, 0, 0 },
		{ 0, 0x123000 | 0x162 | NX, MO_ENTRY_NO_ACCESS, 0x123000,
		  MO_ENTRY_WRITABLE | MO_ENTRY_ACCESSED | MO_ENTRY_DIRTY | MO_ENTRY_NO_EXEC, 0, 0 },
		{ 1, INVERTED(0x7e00000) | 0x1a0, MO_ENTRY_NO_ACCESS, 0x7e00000, MO_ENTRY_ACCESSED, 0, 0 },
		{ 1, (INVERTED(0x7e00000) | 0x80) & ~1ull, MO_ENTRY_NO_ACCESS, 0x7e00000, 0, 0, 0 }, /* while it is split */
		/* With memory encryption the C-bit stands in all of them, and is never inverted. */
		{ 0, C_BIT | 0x123067, MO_ENTRY_LEAF, 0x123000,
		  MO_ENTRY_WRITABLE | MO_ENTRY_USER | MO_ENTRY_ACCESSED | MO_ENTRY_DIRTY, C_BIT, 0 },
		{ 1, C_BIT | 0x123063, MO_ENTRY_TABLE, 0x123000, MO_ENTRY_WRITABLE | MO_ENTRY_ACCESSED | MO_ENTRY_DIRTY, C_BIT, 0 },
		{ 0, C_BIT | (INVERTED(0x123000) & ~C_BIT) | 0x100, MO_ENTRY_NO_ACCESS, 0x123000, 0, C_BIT, 0 },
		{ 0, C_BIT | 0x123100, MO_ENTRY_NO_ACCESS, 0x123000, 0, C_BIT, 0 },
		/* Swap: the offset inverted, type 2; as 4.8 had it; and a huge page under migration. */
		{ 0, 2ull << 59 | (~0x1234ull << 14 >> 5 & ~0x1ffull & ~(31ull << 59)), MO_ENTRY_SWAP, 0x1234, 0, 0, 2 },
		{ 0, 0x1234ull << 14 | 2 << 9, MO_ENTRY_SWAP, 0x1234, 0, 0, 2 },
		{ 1, 30ull << 59 | (~0x200ull << 14 >> 5 & ~0x1ffull & ~(31ull << 59)), MO_ENTRY_SWAP, 0x200, 0, 0, 30 },
		/* Nothing, and what a CPU may leave of it; no swap lives in the tables above. */
		{ 0, 0, MO_ENTRY_NONE, 0, 0, 0, 0 },
		{ 0, 0x60, MO_ENTRY_NONE, 0, 0, 0, 0 },
		{ 3, 0x123000, MO_ENTRY_NONE, 0, 0, 0, 0 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct entry_case *wanted = &cases[i];
		struct mo_paging paging = geometry(4);
		struct mo_page_entry entry = { .kind = MO_ENTRY_NONE };
		uint64_t raw = htole64(wanted->value);
		unsigned n;

		paging.encryption_mask = wanted->encryption_mask;
		n = mo_arch_x86_64.decode(&paging, wanted->height, (const uint8_t *)&raw, 1, &entry);
		if (n != (wanted->kind != MO_ENTRY_NONE) || (n && (entry.kind != wanted->kind || entry.pa != wanted->pa ||
		    entry.flags != wanted->flags || entry.swap_type != wanted->swap_type)))
			fail_msg("0x%llx of height %u: %u, kind %u, 0x%llx, flags 0x%x, type %u", (unsigned long long)wanted->value,
				 wanted->height, n, entry.kind, (unsigned long long)entry.pa, entry.flags, entry.swap_type);
	}
}

static void decoded_together_they_keep_their_places(void **state)
{
	struct mo_paging paging = geometry(4);
	struct mo_page_entry entries[4];
	const uint64_t raw[4] = { 0, htole64(0x1001), 0, htole64(0x3001) };

	(void)state;
	assert_int_equal(mo_arch_x86_64.decode(&paging, 0, (const uint8_t *)raw, 4, entries), 2);
	assert_int_equal(entries[0].index, 1);
	assert_int_equal(entries[0].pa, 0x1000);
	assert_int_equal(entries[1].index, 3);
	assert_int_equal(entries[1].value, 0x3001);
}

/* A page without access is behind its address: that is what rmap and vtop ask. */
static void a_page_without_access_is_walked_to(void **state)
{
	struct fake *fake = calloc(1, sizeof(*fake));
	struct mo_arch_view view = view_of(fake);
	struct mo_paging paging = geometry(4);
	struct mo_arch_translation found;

	(void)state;
	paging.root_pa = new_table(fake);
	map(fake, paging.root_pa, 4, 0x400000, 0x5000, 0);
	set_entry(fake, FIRST_PA + 3 * PAGE, 0, INVERTED(0x5000) | 0x120);
	assert_null(mo_arch_walk(&mo_arch_x86_64, &view, &paging, 0x400123, &found));
	assert_true(found.is_mapped);
	assert_int_equal(found.pa, 0x5123);
	assert_int_equal(found.steps[3].entry.kind, MO_ENTRY_NO_ACCESS);
	free(fake);
}

static void flags_have_names(void **state)
{
	char text[128];
	char narrow[8];

	(void)state;
	mo_arch_flag_names(&mo_arch_x86_64, 0x167 | NX, 0, MO_ENTRY_LEAF, text, sizeof(text));
	assert_string_equal(text, "PRESENT RW USER ACCESSED DIRTY GLOBAL NX");
	mo_arch_flag_names(&mo_arch_x86_64, 0x1e3, 1, MO_ENTRY_LEAF, text, sizeof(text));
	assert_string_equal(text, "PRESENT RW ACCESSED DIRTY GLOBAL HUGE");
	mo_arch_flag_names(&mo_arch_x86_64, 0x163, 1, MO_ENTRY_TABLE, text, sizeof(text));
	assert_string_equal(text, "PRESENT RW ACCESSED");
	mo_arch_flag_names(&mo_arch_x86_64, 0x163, 1, MO_ENTRY_TABLE, narrow, sizeof(narrow));
	assert_string_equal(narrow, "PRESENT");
	mo_arch_flag_names(&mo_arch_x86_64, 0x160, 0, MO_ENTRY_NO_ACCESS, text, sizeof(text));
	assert_string_equal(text, "ACCESSED DIRTY PROT_NONE");
	mo_arch_flag_names(&mo_arch_x86_64, 0x1234567, 0, MO_ENTRY_SWAP, text, sizeof(text));
	assert_string_equal(text, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(walks_all_page_sizes_in_both_depths),
		cmocka_unit_test(a_hole_is_no_error_and_says_how_far_it_goes),
		cmocka_unit_test(an_address_that_is_not_canonical_is_not_mapped),
		cmocka_unit_test(a_table_outside_the_dump_is_an_error_with_its_place),
		cmocka_unit_test(vmcoreinfo_leads_to_the_page_tables),
		cmocka_unit_test(vmcoreinfo_that_lies_is_found_out),
		cmocka_unit_test(cr3_helps_where_vmcoreinfo_is_missing),
		cmocka_unit_test(registers_are_read_from_both_kinds_of_notes),
		cmocka_unit_test(notes_of_other_kinds_and_short_ones_have_no_registers),
		cmocka_unit_test(architectures_are_found_by_name_and_by_key),
		cmocka_unit_test(entries_say_what_they_are),
		cmocka_unit_test(decoded_together_they_keep_their_places),
		cmocka_unit_test(a_page_without_access_is_walked_to),
		cmocka_unit_test(flags_have_names),
	};

	return cmocka_run_group_tests_name("x86_64", tests, NULL, NULL);
}
