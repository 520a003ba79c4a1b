/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* DWARF of every version and dress that compilers make, read out of sample.h. */
#include "types_fixture.h"

#include <stdlib.h>
#include <string.h>

#include "progress_line.h"

/* All that has the full set of types; each is skipped where it could not be built. */
static const char *const samples[] = {
	"sample-dwarf2", "sample-dwarf4", "sample-dwarf5",  "sample-dwarf4-gz", "sample-dwarf5-gz",
	"sample-clang4", "sample-clang5", "sample-dwarf64",
};

static struct mo_types *open_dwarf(struct mo_elf *elf)
{
	struct mo_types *types = NULL;

	assert_no_error(mo_types_open_dwarf(elf, NULL, NULL, &types));
	return types;
}

static void check_members(struct mo_types *types)
{
	assert_member(types, "struct page", "flags", 0, 0, "unsigned long x");
	assert_member(types, "struct page", "lru.prev", 128, 0, "struct list_head *x");
	assert_member(types, "struct page", "index", 192, 0, "u64 x");
	assert_member(types, "struct page", "inuse", 64, 16, "u32 x");
	assert_member(types, "struct page", "objects", 80, 15, "u32 x");
	assert_member(types, "struct page", "frozen", 95, 1, "u32 x");
	assert_member(types, "struct page", "rcu.func", 128, 0, "void (*x)(struct callback_head *)");
	assert_member(types, "struct page", "refcount.counter", 256, 0, "int x");
	assert_member(types, "struct page", "is_slab", 288, 0, "bool_t x");
	assert_member(types, "struct page", "order", 296, 0, "signed char x");
	assert_member(types, "struct page", "name[15]", 304 + 120, 0, "char x");
	assert_member(types, "struct page", "matrix", 432, 0, "u8 x[12]");
	assert_member(types, "struct page", "cache", 576, 0, "struct kmem_cache *x");
	assert_member(types, "struct page", "word", 704, 0, "const volatile u64 *x");
	assert_member(types, "struct page", "strings", 768, 0, "const char *const *x");
	assert_member(types, "struct page", "compare", 832, 0, "int (*x)(const void *, const void *, ...)");
	assert_member(types, "struct page", "zone", 896, 0, "enum zone_type x");
	assert_member(types, "struct page", "state", 928, 0, "enum {...} x");
	assert_member(types, "struct page", "none", 960, 0, "u8 x[]");
	assert_member(types, "struct page", "ratio", 960, 0, "double x");
	assert_member(types, "struct page", "bits.a", 1024, 3, "u64 x");
	assert_member(types, "struct page", "bits.b", 1027, 61, "u64 x");
	assert_member(types, "struct page", "bits.signed_bits", 1088, 5, "int x");
	assert_member(types, "struct page", "bits.whole", 1104, 0, "u16 x");
	assert_member(types, "struct page", "restricted", 1152, 0, "struct list_head *x");
	assert_member(types, "struct page", "tail", 1216, 0, "u64 x[]");
	assert_int_equal(must_find(types, "struct page")->size_bytes, 152);
}

static void check_enums_of_first(struct mo_types *types)
{
	assert_enumerator(types, "enum zone_type", "__MAX_NR_ZONES", 6);
	assert_enumerator(types, "enum errors", "ERROR_MINUS", -3);
	assert_enumerator(types, "enum large", "LARGE_TOP", 0x80000000ll);
	assert_enumerator(types, "enum wide", "WIDE_TOP", INT64_MIN);
	assert_enumerator(types, NULL, "PG_slab", 7);
	assert_enumerator(types, NULL, "USED", 1);
	assert_true(must_find(types, "enum errors")->is_signed);
	assert_false(must_find(types, "enum large")->is_signed);
	assert_false(must_find(types, "enum wide")->is_signed);
	assert_int_equal(must_find(types, "enum wide")->size_bytes, 8);
}

static void check_enums(struct mo_types *types)
{
	check_enums_of_first(types);
	assert_enumerator(types, NULL, "SECOND_ONLY", 42);
}

static void check_others(struct mo_types *types)
{
	const struct mo_type *type = NULL;

	assert_int_equal(must_find(types, "unsigned long")->size_bytes, 8);
	assert_int_equal(must_find(types, "short")->size_bytes, 2);
	assert_int_equal(must_find(types, "unsigned short int")->size_bytes, 2);
	assert_true(must_find(types, "long long")->is_signed);
	assert_true(must_find(types, "_Bool")->is_bool);
	assert_true(must_find(types, "u8")->target->is_char);
	assert_int_equal(must_find(types, "struct head")->size_bytes, 4);
	assert_int_equal(must_find(types, "struct list_head")->n_members, 2);
	assert_error_contains(mo_types_find(types, "struct nowhere", &type), MO_E_ABSENT, " has no struct nowhere");
	assert_error_contains(mo_types_find(types, "struct sample_page", &type), MO_E_ABSENT, " has no struct sample_page");
	assert_error_contains(mo_types_find(types, "struct not_a_word_of_it", &type), MO_E_ABSENT,
			      " has no struct not_a_word_of_it");
	assert_null(type);
}

/* Each unit has a struct pool of its own: a pointer leads to that of its unit, a name to the first. */
static void check_same_names(struct mo_types *types)
{
	const struct mo_type *full = NULL;

	assert_int_equal(must_find(types, "struct pool")->size_bytes, 8);
	assert_no_error(mo_types_complete(types, must_find(types, "struct only_first")->members[0].type->target, &full));
	assert_int_equal(full->size_bytes, 8);
	assert_no_error(mo_types_complete(types, must_find(types, "struct only_second")->members[0].type->target, &full));
	assert_int_equal(full->size_bytes, 24);
	/* One that is only declared where the pointer is. */
	assert_no_error(mo_types_complete(types, must_find(types, "struct page")->members[7].type->target, &full));
	assert_string_equal(full->name, "kmem_cache");
	assert_int_equal(full->size_bytes, 32);
	assert_false(full->is_incomplete);
	assert_error_contains(
		mo_types_complete(types, must_find(types, "struct page")->members[8].type->target, &full), MO_E_ABSENT,
		"cannot complete struct nowhere: ");
}

static void check_variables(struct mo_types *types)
{
	const struct mo_type *type;

	assert_no_error(mo_types_find_variable(types, "sample_page", &type));
	assert_int_equal(type->kind, MO_TYPE_POINTER);
	assert_string_equal(type->target->name, "page");
	/* Declared, then defined: the definition has no name of its own. */
	assert_no_error(mo_types_find_variable(types, "sample_cache", &type));
	assert_string_equal(type->name, "kmem_cache");
	assert_int_equal(type->n_members, 4);
	/* A variable and a type of one name are two things. */
	assert_error_contains(mo_types_find_variable(types, "pool", &type), MO_E_ABSENT, "has no variable pool");
	assert_error_contains(mo_types_find(types, "sample_pool", &type), MO_E_ABSENT, "has no sample_pool");
	assert_no_error(mo_types_find_variable(types, "sample_pool", &type));
	assert_int_equal(type->size_bytes, 8);
	assert_no_error(mo_types_find_variable(types, "sample_zone", &type));
	assert_int_equal(type->kind, MO_TYPE_ENUM);
	/* What is inside of a function cannot be named from outside. */
	assert_error_contains(mo_types_find_variable(types, "sample_inner", &type), MO_E_ABSENT, "has no variable sample_inner");
	assert_error_contains(mo_types_find_variable(types, "a b", &type), MO_E_INVALID, "not the name of a variable");
}

static void every_dress_says_the_same(void **state)
{
	unsigned n_read = 0;

	(void)state;
	for (size_t i = 0; i < sizeof(samples) / sizeof(samples[0]); i++) {
		struct mo_elf *elf = try_sample(samples[i]);
		struct mo_types *types;

		if (!elf)
			continue;
		print_message("reading %s\n", samples[i]);
		types = open_dwarf(elf);
		check_members(types);
		check_enums(types);
		check_others(types);
		check_same_names(types);
		check_variables(types);
		mo_types_destroy(types);
		mo_elf_close(elf);
		n_read++;
	}
	assert_true(n_read >= 2);
}

/* All at once, so that one scan finds what several did above. */
static void prefetch_finds_all_at_once(void **state)
{
	const struct mo_type_request requests[] = {
		{ .type = "struct page" },         { .type = "struct pool" },    { .type = "struct kmem_cache" },
		{ .type = "struct nowhere" },      { .type = "enum zone_type" }, { .type = "u8" },
		{ .type = "unsigned long" },       { .type = "unsigned long" },  { .type = "struct only_second" },
		{ .enumerator = "PG_slab" },       { .enumerator = "NOTHING" },  { .enumerator = "SECOND_ONLY" },
		{ .type = "enum errors", .enumerator = "ERROR_MINUS" },
	};
	struct mo_elf *elf = open_sample("sample-dwarf5");
	struct mo_types *types = open_dwarf(elf);

	(void)state;
	assert_no_error(mo_types_prefetch(types, requests, sizeof(requests) / sizeof(requests[0])));
	check_members(types);
	check_enums(types);
	check_same_names(types);
	mo_types_destroy(types);
	mo_elf_close(elf);
}

static void a_module_has_its_relocations_applied(void **state)
{
	const struct mo_type_request requests[] = {
		{ .type = "struct page" }, { .type = "struct module_only" }, { .type = "struct nowhere" },
		{ .enumerator = "PG_slab" }, { .enumerator = "MODULE_STATE" },
	};
	struct mo_elf *elf = open_sample("sample-dwarf5");
	struct mo_elf *module = open_sample("sample-module.ko");
	struct mo_types *types = open_dwarf(module);

	(void)state;
	check_members(types);
	assert_int_equal(must_find(types, "struct only_first")->size_bytes, 24);
	mo_types_destroy(types);
	/* On top of a kernel: what only the module has is found, what both have is the kernel's. */
	types = open_dwarf(elf);
	assert_no_error(mo_types_add_dwarf_module(types, "sample", module));
	assert_no_error(mo_types_prefetch(types, requests, sizeof(requests) / sizeof(requests[0])));
	assert_int_equal(must_find(types, "struct module_only")->size_bytes, 32);
	assert_member(types, "struct module_only", "page", 0, 0, "struct page *x");
	assert_enumerator(types, NULL, "MODULE_STATE", 9);
	check_members(types);
	mo_types_destroy(types);
	mo_elf_close(module);
	mo_elf_close(elf);
}

/* Modules of other machines, big-endian ones among them: clang makes them everywhere. */
static void modules_of_other_machines_are_read(void **state)
{
	static const char *const machines[] = {
		"sample-s390x.ko", "sample-ppc64.ko", "sample-aarch64.ko", "sample-riscv64.ko", "sample-s390x-dwarf5.ko",
	};
	unsigned n_read = 0;

	(void)state;
	for (size_t i = 0; i < sizeof(machines) / sizeof(machines[0]); i++) {
		struct mo_elf *elf = try_sample(machines[i]);
		struct mo_types *types;

		if (!elf)
			continue;
		print_message("reading %s\n", machines[i]);
		types = open_dwarf(elf);
		check_members(types);
		check_enums_of_first(types);
		mo_types_destroy(types);
		mo_elf_close(elf);
		n_read++;
	}
	if (!n_read)
		skip();
}

static void a_separate_debug_file_is_found(void **state)
{
	struct mo_elf *elf = open_sample("sample-stripped");
	struct mo_types *types = open_dwarf(elf);

	(void)state;
	check_members(types);
	assert_non_null(strstr(mo_types_describe(types), "sample.debug"));
	mo_types_destroy(types);
	mo_elf_close(elf);
}

/* Link-time optimisation lets a unit refer to types of another. */
static void a_type_may_be_in_another_unit(void **state)
{
	struct mo_elf *elf = open_sample("sample-far");
	struct mo_types *types = open_dwarf(elf);
	const struct mo_type *full = NULL;

	(void)state;
	assert_member(types, "struct far_away", "near", 0, 0, "int x");
	assert_member(types, "struct far_away", "self", 64, 0, "struct far_away *x");
	assert_int_equal(must_find(types, "int")->size_bytes, 4);
	assert_no_error(mo_types_complete(types, must_find(types, "struct far_away")->members[1].type->target, &full));
	assert_int_equal(full->n_members, 2);
	mo_types_destroy(types);
	mo_elf_close(elf);
}

/* A damaged unit is an error, not an endless walk. Newer releases of libdwarf notice it themselves, in their words. */
static void a_circle_of_entries_is_noticed(void **state)
{
	struct mo_elf *elf = open_sample("sample-circle");
	struct mo_types *types = open_dwarf(elf);
	const struct mo_type *type = NULL;

	(void)state;
	assert_error_contains(mo_types_find(types, "struct never", &type), MO_E_CORRUPT,
			      "sample-circle: ");
	assert_null(type);
	mo_types_destroy(types);
	mo_elf_close(elf);
}

/* Ctrl-C in the middle of a scan: an error of its own, and nothing that was not looked for is taken for absent. */
static void a_scan_can_be_stopped(void **state)
{
	struct mo_elf *elf = open_sample("sample-dwarf5");
	struct mo_progress *progress = NULL;
	struct mo_types *types = NULL;
	const struct mo_type *page = NULL;

	(void)state;
	assert_no_error(mo_progress_create(NULL, NULL, &progress));
	assert_no_error(mo_types_open_dwarf(elf, NULL, progress, &types));
	assert_int_equal(must_find(types, "struct list_head")->size_bytes, 16);
	mo_progress_request_stop(progress);
	for (unsigned times = 0; times < 2; times++)
		assert_error_contains(mo_types_find(types, "struct only_second", &page), MO_E_CANCELLED,
				      "cannot find type \"struct only_second\": cannot read the debug information: ");
	assert_int_equal(must_find(types, "struct list_head")->size_bytes, 16);
	assert_null(page);
	mo_types_destroy(types);
	mo_progress_destroy(progress);
	mo_elf_close(elf);
}

static void no_debug_information_is_said_so(void **state)
{
	struct mo_elf *elf = open_sample("sample-no-debug");
	struct mo_types *types = NULL;

	(void)state;
	assert_error_contains(mo_types_open_dwarf(elf, NULL, NULL, &types), MO_E_ABSENT,
			      "sample-no-debug has no debug information of its own: ");
	assert_null(types);
	mo_elf_close(elf);
}

/* Types as pahole wrote them into BTF out of the very same DWARF. */
static void btf_and_dwarf_agree(void **state)
{
	static const char *const names[] = {
		"struct page", "struct list_head", "struct callback_head", "struct kmem_cache", "struct only_first",
		"struct head", "enum zone_type", "enum errors", "enum large", "enum wide", "u8", "bool_t", "atomic_t",
		"unsigned long", "long", "short", "char", "signed char", "unsigned char", "int", "long long",
	};
	struct mo_elf *elf = open_sample("sample-btf");
	struct mo_types *dwarf = open_dwarf(elf);
	struct mo_types *btf = NULL;
	struct mo_elf_section section;
	unsigned n_differences = 0;

	(void)state;
	assert_no_error(mo_elf_section_named(elf, ".BTF", &section));
	assert_no_error(mo_types_open_btf("the sample", section.bytes, section.n_bytes, &btf));
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		n_differences += count_differences(must_find(dwarf, names[i]), must_find(btf, names[i]), names[i]);
	assert_int_equal(n_differences, 0);
	mo_types_destroy(btf);
	mo_types_destroy(dwarf);
	mo_elf_close(elf);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_dress_says_the_same),
		cmocka_unit_test(prefetch_finds_all_at_once),
		cmocka_unit_test(a_module_has_its_relocations_applied),
		cmocka_unit_test(modules_of_other_machines_are_read),
		cmocka_unit_test(a_separate_debug_file_is_found),
		cmocka_unit_test(a_type_may_be_in_another_unit),
		cmocka_unit_test(a_circle_of_entries_is_noticed),
		cmocka_unit_test(a_scan_can_be_stopped),
		cmocka_unit_test(no_debug_information_is_said_so),
		cmocka_unit_test(btf_and_dwarf_agree),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
