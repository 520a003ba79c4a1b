/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "kernel_rows.h"

#define LIST "struct list_head"
#define RANGE "struct maple_range_64"
#define ARANGE "struct maple_arange_64"

const struct mo_fake_row mo_container_rows[] = {
	{ .type = LIST, .bytes = 16 },
	{ .type = LIST, .member = "next", .offset_bytes = 0, .bytes = 8 },
	{ .type = LIST, .member = "prev", .offset_bytes = 8, .bytes = 8 },
	{ .type = "struct hlist_head", .member = "first", .offset_bytes = 0, .bytes = 8 },
	{ .type = "struct hlist_node", .member = "next", .offset_bytes = 0, .bytes = 8 },
	{ .type = "struct rb_root", .member = "rb_node", .offset_bytes = 0, .bytes = 8 },
	{ .type = "struct rb_node", .bytes = 24 },
	{ .type = "struct rb_node", .member = "__rb_parent_color", .offset_bytes = 0, .bytes = 8 },
	{ .type = "struct rb_node", .member = "rb_right", .offset_bytes = 8, .bytes = 8 },
	{ .type = "struct rb_node", .member = "rb_left", .offset_bytes = 16, .bytes = 8 },
	{ .type = "struct xarray", .bytes = 16 },
	{ .type = "struct xarray", .member = "xa_head", .offset_bytes = 8, .bytes = 8 },
	{ .type = "struct xa_node", .bytes = 576 },
	{ .type = "struct xa_node", .member = "shift", .offset_bytes = 0, .bytes = 1 },
	{ .type = "struct xa_node", .member = "offset", .offset_bytes = 1, .bytes = 1 },
	{ .type = "struct xa_node", .member = "parent", .offset_bytes = 8, .bytes = 8 },
	{ .type = "struct xa_node", .member = "slots", .offset_bytes = 40, .bytes = 8, .n_elements = 64 },
	{ .type = "struct maple_tree", .member = "ma_root", .offset_bytes = 8, .bytes = 8 },
	{ .type = "struct maple_node", .bytes = 256 },
	{ .type = "struct maple_node", .member = "parent", .offset_bytes = 0, .bytes = 8 },
	{ .type = RANGE, .member = "pivot", .offset_bytes = 8, .bytes = 8, .n_elements = 15 },
	{ .type = RANGE, .member = "slot", .offset_bytes = 128, .bytes = 8, .n_elements = 16 },
	{ .type = RANGE, .member = "meta.end", .offset_bytes = 248, .bytes = 1 },
	{ .type = ARANGE, .member = "pivot", .offset_bytes = 8, .bytes = 8, .n_elements = 9 },
	{ .type = ARANGE, .member = "slot", .offset_bytes = 80, .bytes = 8, .n_elements = 10 },
	{ .type = ARANGE, .member = "meta.end", .offset_bytes = 240, .bytes = 1 },
};
const size_t mo_n_container_rows = N_ROWS(mo_container_rows);

const struct mo_fake_enumerator mo_container_enumerators[] = {
	{ .enum_name = "enum maple_type", .name = "maple_dense", .value = 0 },
	{ .enum_name = "enum maple_type", .name = "maple_leaf_64", .value = 1 },
	{ .enum_name = "enum maple_type", .name = "maple_range_64", .value = 2 },
	{ .enum_name = "enum maple_type", .name = "maple_arange_64", .value = 3 },
};
const size_t mo_n_container_enumerators = N_ROWS(mo_container_enumerators);

struct mo_kernel *container_kernel(void)
{
	return mo_fake_kernel(&(struct mo_fake){
		.rows = mo_container_rows, .n_rows = mo_n_container_rows,
		.enumerators = mo_container_enumerators, .n_enumerators = mo_n_container_enumerators,
	});
}

void expect_error(struct mo_error *error, enum mo_error_code code, const char *part)
{
	if (!error) {
		fail_msg("no error, but \"%s\" was expected", part);
		return;
	}
	if (mo_error_code(error) != code || !strstr(mo_error_text(error), part))
		fail_msg("error %d \"%s\", but %d with \"%s\" was expected", mo_error_code(error), mo_error_text(error),
			 code, part);
	mo_error_destroy(error);
}

void expect_success(struct mo_error *error)
{
	if (error)
		fail_msg("%s", mo_error_text(error));
}

uint64_t next_random(uint64_t *state)
{
	/* splitmix64 */
	uint64_t value = *state += 0x9e3779b97f4a7c15ull;

	value = (value ^ value >> 30) * 0xbf58476d1ce4e5b9ull;
	value = (value ^ value >> 27) * 0x94d049bb133111ebull;
	return value ^ value >> 31;
}
