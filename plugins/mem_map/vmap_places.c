/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the model "vmap" claims of the page allocator's direct users: pages of vmalloc, stacks of tasks among them
 * (CONFIG_VMAP_STACK), and the chunks of the per-CPU allocator, which keep no list of their pages and are found by
 * what their addresses map.
 */
#include "gathering.h"

#include <string.h>

#define POINTERS_AT_A_TIME 512

/* The functions that take a stack for a new task, as far as the compiler leaves them (kernel/fork.c). */
static bool is_stack_caller(const char *name)
{
	static const char *const names[] = { "kernel_clone", "copy_process", "dup_task_struct", "alloc_thread_stack_node" };

	for (size_t i = 0; name && i < sizeof(names) / sizeof(names[0]); i++)
		if (!strncmp(name, names[i], strlen(names[i])))
			return true;
	return false;
}

static void claim_pointers(struct mem_map_state *state, const uint8_t *bytes, uint64_t n, enum mo_page_class class)
{
	const struct mo_kernel_facts *facts = mo_kernel_facts(mo_run_kernel(state->run));
	struct mo_field pointer = { .name = "vm_struct.pages", .width_bytes = (uint8_t)facts->pointer_bytes,
				    .element_bytes = facts->pointer_bytes, .is_big_endian = facts->is_big_endian,
				    .is_bound = true };

	for (uint64_t i = 0; i < n; i++) {
		uint64_t pfn;
		struct mo_error *error = mo_page_to_pfn(state->memmap, mo_get_element(&pointer, bytes, i), &pfn);

		if (!error)
			claim_pages(state, pfn, 1, MO_PAGE_DIRECT, class);
		mo_error_destroy(error);
	}
}

/* The pages of one area; what cannot be read of its array stays with the direct users. */
static void claim_area(struct mem_map_state *state, const struct mo_vmap_area *area)
{
	const struct mo_kernel_facts *facts = mo_kernel_facts(mo_run_kernel(state->run));
	enum mo_page_class class = is_stack_caller(area->caller_name) ? MO_PAGE_KERNEL_STACK : MO_PAGE_VMALLOC;
	uint64_t n_pages = (area->end_kva - area->first_kva) / facts->page_bytes;
	uint8_t bytes[POINTERS_AT_A_TIME * 8];

	if (area->n_pages < n_pages)
		n_pages = area->n_pages;
	for (uint64_t done = 0; done < n_pages; done += POINTERS_AT_A_TIME) {
		uint64_t n = n_pages - done < POINTERS_AT_A_TIME ? n_pages - done : POINTERS_AT_A_TIME;
		struct mo_error *error = mo_read(mo_run_reader(state->run), area->pages_kva + done * facts->pointer_bytes,
						 bytes, n * facts->pointer_bytes);

		if (!error)
			claim_pointers(state, bytes, n, class);
		mo_error_destroy(error);
	}
}

void classify_vmap(struct mem_map_state *state)
{
	const struct mo_vmap_model *vmap = state->vmap;

	for (size_t i = 0; vmap && i < vmap->n_areas; i++) {
		const struct mo_vmap_area *area = &vmap->areas[i];

		if (!area->has_vm || area->end_kva <= area->first_kva || area->state == MO_VMAP_LAZY)
			continue;
		if (area->pages_kva && area->flags & MO_VM_ALLOC)
			claim_area(state, area);
		else if (area->caller_name && !strcmp(area->caller_name, "pcpu_get_vm_areas"))
			claim_addresses(state, area->first_kva, area->end_kva, MO_PAGE_DIRECT, MO_PAGE_PERCPU);
	}
}
