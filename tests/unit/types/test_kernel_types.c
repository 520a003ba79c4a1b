/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Real kernels: what DWARF says of several hundred types must be what BTF says, member by member and text by text.
 * Takes every vmlinux below $MEMOPSY_GUESTS/kernels that has both, and the modules beside it; none: skipped.
 */
#include "types_fixture.h"

#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define REQUESTS_MAX 1000

struct request_list {
	char lines[REQUESTS_MAX][128];
	struct mo_type_request requests[REQUESTS_MAX];
	size_t n_requests;
};

static double seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static int read_requests(void **state)
{
	const char *path = getenv("MO_KERNEL_TYPES");
	FILE *file = path ? fopen(path, "r") : NULL;
	struct request_list *list = calloc(1, sizeof(*list));

	assert_non_null(file);
	assert_non_null(list);
	while (list->n_requests < REQUESTS_MAX && fgets(list->lines[list->n_requests], 128, file)) {
		char *line = list->lines[list->n_requests];

		line[strcspn(line, "\n")] = '\0';
		if (*line == '#')
			continue;
		if (!strncmp(line, "enumerator ", 11))
			list->requests[list->n_requests++].enumerator = line + 11;
		else
			list->requests[list->n_requests++].type = line;
	}
	fclose(file);
	*state = list;
	return 0;
}

static int free_requests(void **state)
{
	free(*state);
	return 0;
}

/* What one request gives; false: the source has no such name. */
struct answer {
	bool is_there;
	const struct mo_type *type; /* NULL: an enumerator was requested */
	int64_t value;
};

static struct answer ask(struct mo_types *types, const struct mo_type_request *request)
{
	struct answer answer = { .type = NULL };
	struct mo_error *error = request->type ? mo_types_find(types, request->type, &answer.type) :
					      mo_types_find_enumerator(types, NULL, request->enumerator, &answer.value);

	answer.is_there = !error;
	if (error && !mo_error_catch(&error, MO_E_ABSENT))
		assert_no_error(error);
	return answer;
}

static unsigned compare_all(struct mo_types *dwarf, struct mo_types *btf, const struct request_list *list, size_t *n_there)
{
	unsigned n_differences = 0;

	*n_there = 0;
	for (size_t i = 0; i < list->n_requests; i++) {
		const struct mo_type_request *request = &list->requests[i];
		struct answer left = ask(dwarf, request), right = ask(btf, request);

		if (left.is_there != right.is_there || left.value != right.value) {
			print_message("%s: there %d and %d, value %lld and %lld\n", list->lines[i], left.is_there,
				      right.is_there, (long long)left.value, (long long)right.value);
			n_differences++;
		} else if (left.is_there) {
			(*n_there)++;
			if (left.type)
				n_differences += count_differences(left.type, right.type, list->lines[i]);
		}
	}
	return n_differences;
}

static struct mo_types *open_btf(struct mo_elf *elf)
{
	struct mo_elf_section section;
	struct mo_types *types = NULL;
	double start = seconds();

	assert_no_error(mo_elf_section_named(elf, ".BTF", &section));
	assert_no_error(mo_types_open_btf("the vmlinux", section.bytes, section.n_bytes, &types));
	print_message("  BTF of %zu bytes read in %.1f ms\n", (size_t)section.n_bytes, (seconds() - start) * 1e3);
	return types;
}

static void check_kernel(const char *path, const struct request_list *list)
{
	struct mo_types *dwarf = NULL, *btf;
	struct mo_elf *elf = NULL;
	size_t n_there;
	double start;

	print_message("%s\n", strrchr(path, '/') + 1);
	assert_no_error(mo_elf_open(path, &elf));
	start = seconds();
	assert_no_error(mo_types_open_dwarf(elf, NULL, NULL, &dwarf));
	assert_no_error(mo_types_prefetch(dwarf, list->requests, list->n_requests));
	print_message("  DWARF scanned for %zu requests in %.0f ms\n", list->n_requests, (seconds() - start) * 1e3);
	btf = open_btf(elf);
	assert_int_equal(compare_all(dwarf, btf, list, &n_there), 0);
	print_message("  %zu types and enumerators agree\n", n_there);
	assert_true(n_there >= list->n_requests / 2 && n_there <= list->n_requests);
	mo_types_destroy(btf);
	mo_types_destroy(dwarf);
	mo_elf_close(elf);
}

static bool find_files(const char *pattern, glob_t *found)
{
	const char *guests = getenv("MEMOPSY_GUESTS");
	char path[4096];

	if (!guests)
		return false;
	(void)snprintf(path, sizeof(path), "%s/kernels/%s", guests, pattern);
	return !glob(path, 0, NULL, found);
}

static void dwarf_and_btf_of_kernels_agree(void **state)
{
	glob_t found;

	assert_true(find_files("*/debug/usr/lib/debug/boot/vmlinux-*", &found));
	for (size_t i = 0; i < found.gl_pathc; i++)
		check_kernel(found.gl_pathv[i], *state);
	globfree(&found);
}

/* A module of a 6.1 kernel: split BTF on the kernel's against relocated DWARF. */
static void check_module(const char *vmlinux_path, const char *module_path)
{
	static const char *const names[] = { "struct zram", "struct zram_table_entry", "struct zcomp", "enum zram_pageflags" };
	struct mo_elf *vmlinux = NULL, *module = NULL;
	struct mo_types *dwarf = NULL, *btf;
	struct mo_elf_section section;
	unsigned n_differences = 0;

	assert_no_error(mo_elf_open(vmlinux_path, &vmlinux));
	assert_no_error(mo_elf_open(module_path, &module));
	assert_no_error(mo_types_open_dwarf(module, NULL, NULL, &dwarf));
	btf = open_btf(vmlinux);
	assert_no_error(mo_elf_section_named(module, ".BTF", &section));
	assert_no_error(mo_types_add_btf_module(btf, "zram", section.bytes, section.n_bytes));
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		n_differences += count_differences(must_find(dwarf, names[i]), must_find(btf, names[i]), names[i]);
	assert_int_equal(n_differences, 0);
	mo_types_destroy(btf);
	mo_types_destroy(dwarf);
	mo_elf_close(module);
	mo_elf_close(vmlinux);
}

static void dwarf_and_split_btf_of_a_module_agree(void **state)
{
	glob_t vmlinux, module;

	(void)state;
	if (!find_files("6.1/debug/usr/lib/debug/boot/vmlinux-*", &vmlinux)) {
		print_message("skipped: no 6.1 kernel below $MEMOPSY_GUESTS\n");
		skip();
	}
	if (!find_files("6.1/debug/usr/lib/debug/lib/modules/*/kernel/drivers/block/zram/zram.ko", &module)) {
		globfree(&vmlinux);
		print_message("skipped: no zram.ko with debug information\n");
		skip();
	}
	check_module(vmlinux.gl_pathv[0], module.gl_pathv[0]);
	globfree(&module);
	globfree(&vmlinux);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(dwarf_and_btf_of_kernels_agree),
		cmocka_unit_test(dwarf_and_split_btf_of_a_module_agree),
	};
	glob_t found;

	if (!find_files("*/debug/usr/lib/debug/boot/vmlinux-*", &found)) {
		printf("skipped: no kernels below $MEMOPSY_GUESTS\n");
		return 77; /* what meson takes for a skip */
	}
	globfree(&found);

	return cmocka_run_group_tests(tests, read_requests, free_requests);
}
