/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Who allocated a lost object, where the kernel recorded it. */
#include "toy_leaks.h"

#include <stdlib.h>
#include <string.h>

#define CALLER OPS_KVA          /* in the module "toy" */
#define OTHER_CALLER TABLE_KVA  /* in the kernel itself */

static unsigned n_absent; /* how many objects of a cache without tracks were asked about */

/* By the object's place: two stacks of one caller; a caller of the kernel itself that the module called; no record. */
static struct mo_error *track(const struct mo_slab_model *model, struct mo_reader *reader, const struct mo_slab *slab,
			      uint32_t index, bool is_of_free, struct mo_slab_track *ret)
{
	(void)model;
	(void)reader;
	assert_false(is_of_free);
	if (slab->pfn != 9) {
		n_absent++;
		return mo_error_create(MO_E_ABSENT, "no tracks");
	}
	*ret = (struct mo_slab_track){ .caller_kva = CALLER + 0x10, .frames_kva = { CALLER + 0x10, TABLE_KVA + 8 * index },
				       .n_frames = 2 };
	if (index == 3)
		*ret = (struct mo_slab_track){ .caller_kva = OTHER_CALLER + 4, .n_frames = 2,
					       .frames_kva = { OTHER_CALLER + 4, CALLER + 0x20 } };
	if (index == 4)
		*ret = (struct mo_slab_track){ .caller_kva = OTHER_CALLER + 4, .frames_kva = { OTHER_CALLER + 4 }, .n_frames = 1 };
	return NULL;
}

static const struct mo_leak_group *group_of(const struct toy *toy, uint64_t kva)
{
	return &toy->model->groups[lost_at(toy, kva)->group];
}

static void test_tracks(void **state)
{
	struct toy toy;
	char *text;

	(void)state;
	toy_init(&toy);
	set_tracks(track);
	for (uint32_t i = 0; i < 5; i++)
		take(ODD, i);
	take(THINGS, 0);
	take(THINGS, 1);
	n_absent = 0;
	toy_gather(&toy);
	assert_int_equal(toy.model->n_lost, 7);
	assert_int_equal(n_absent, 1);
	assert_string_equal(group_of(&toy, object_kva(ODD, 0))->module, "toy");
	assert_string_equal(group_of(&toy, object_kva(ODD, 0))->allocated_by, "toy_ops");
	assert_int_equal(group_of(&toy, object_kva(ODD, 0))->allocated_by_offset_bytes, 0x10);
	assert_int_equal(group_of(&toy, object_kva(ODD, 0))->owner_source, MO_OWNER_TRACK);
	/* Another stack is another group. */
	assert_ptr_not_equal(group_of(&toy, object_kva(ODD, 0)), group_of(&toy, object_kva(ODD, 1)));
	/* The module that had the kernel allocate it. */
	assert_string_equal(group_of(&toy, object_kva(ODD, 3))->allocated_by, "kernel_table");
	assert_string_equal(group_of(&toy, object_kva(ODD, 3))->module, "toy");
	assert_null(group_of(&toy, object_kva(ODD, 4))->module);
	assert_string_equal(group_of(&toy, object_kva(ODD, 4))->allocated_by, "kernel_table");
	assert_null(group_of(&toy, object_kva(THINGS, 0))->allocated_by);
	assert_int_equal(group_of(&toy, object_kva(THINGS, 0))->owner_source, MO_OWNER_UNKNOWN);
	text = fake_run_text(toy.run, "leaks", NULL);
	assert_non_null(strstr(text, "toy_ops+0x10"));
	/* Four stacks, and one sort of pieces. */
	assert_non_null(strstr(text, "Module toy lost 4 objects of odd (768 bytes)"));
	free(text);
	toy_destroy(&toy);
}

/* Pointers name the module where the record does not. */
static void test_pointers_help(void **state)
{
	struct toy toy;

	(void)state;
	toy_init(&toy);
	set_tracks(track);
	point(&toy, take(ODD, 4), OPS_KVA);
	point(&toy, take(THINGS, 0), OPS_KVA);
	toy_gather(&toy);
	/* A record that names no module does not hide one that it points at. */
	assert_string_equal(group_of(&toy, object_kva(ODD, 4))->module, "toy");
	assert_int_equal(group_of(&toy, object_kva(ODD, 4))->owner_source, MO_OWNER_POINTERS);
	assert_int_equal(group_of(&toy, object_kva(THINGS, 0))->owner_source, MO_OWNER_POINTERS);
	toy_destroy(&toy);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_tracks),
		cmocka_unit_test(test_pointers_help),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
