/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef LEAKS_LAYOUT_H
#define LEAKS_LAYOUT_H

/* What tells objects that the kernel loses on purpose, and words that are no references. */

#include <memopsy/layout.h>
#include <memopsy/object_charges.h>
#include <memopsy/page.h>

struct leaks_layout {
	struct {
		struct mo_size size;
		struct mo_field table, table_arg, root;
	} sysctl_header;
	struct mo_address sysctl_table_root;

	/* What was constant when the kernel was linked, but for what changes until the end of booting. */
	struct mo_address rodata_start, rodata_end, ro_after_init_start, ro_after_init_end;
	struct mo_address orc_start, orc_end;

	/* What tells blocks of pages and areas of vmalloc. */
	const struct mo_page_shape *page; /* NULL: not to be had */
	struct mo_size vm_size;

	/* What tells words that nobody will read. */
	struct {
		struct mo_field stack, stack_pointer, on_cpu;
	} task;
	struct {
		struct mo_address cache;
		struct mo_field count, slots;
	} buffers;

	/* The tag of allocation profiling that each object has. */
	struct mo_charge_layout charges;
	struct mo_field tag_of_object;

	/* SLAB's arrays of free objects. */
	struct {
		struct mo_field of_cpu, of_node, alien, alien_array, available, limit, entries;
	} free_array;

	/* What waits for RCU. */
	struct {
		struct mo_address data, kfree;
		struct mo_field callbacks, kfree_count, kfree_bulk_count, kfree_pages;
		/* Batches of kfree_rcu() whose grace period is running. */
		struct mo_field batches, batch_list, batch_chains, batch_lists, records, next_page, page_list;
	} rcu;

	/* What keeps addresses of objects that are no references. */
	struct {
		struct mo_field cache, objects, size, rcu_function, capacity;
	} sheaf;
	struct mo_address rcu_free_sheaf;
};

extern const struct mo_need_table leaks_needs;

#endif
