/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * All vmap_areas, in the order in which /proc/vmallocinfo goes over them: those in use, tree by tree, then those that
 * were freed and wait for a purge, list by list. Before 6.9 there is one of each, since then one a vmap_node.
 */
#include "gathering.h"

#include <inttypes.h>
#include <stdlib.h>

/* vmap_area.flags, mm/vmalloc.c: since 6.3 (VMAP_RAM), and until 5.3 (VM_LAZY_FREE, VM_VM_AREA). */
#define VMAP_RAM 0x1u
#define OLD_LAZY_FREE 0x2u
#define OLD_VM_AREA 0x4u

static struct mo_error *make_room(struct vmap_state *state)
{
	size_t n = state->n_allocated ? state->n_allocated * 2 : 256;
	struct mo_vmap_area *areas;

	if (state->n_areas < state->n_allocated)
		return NULL;
	areas = reallocarray(state->areas, n, sizeof(*areas));
	if (!areas)
		return mo_error_no_memory();
	state->areas = areas;
	state->n_allocated = n;
	return NULL;
}

/* Kernels before 5.4 have flags and a list of their own for what is purged, and say everything in the flags. */
static bool has_old_flags(const struct vmap_layout *layout)
{
	return mo_has(&layout->area.flags) && mo_has(&layout->area.purge_list);
}

static enum mo_vmap_state state_of(const struct vmap_layout *layout, const uint8_t *bytes, uint64_t vm_kva)
{
	uint64_t flags = mo_has(&layout->area.flags) ? mo_get(&layout->area.flags, bytes) : VMAP_RAM;

	if (has_old_flags(layout))
		return flags & OLD_VM_AREA ? MO_VMAP_BUSY : flags & OLD_LAZY_FREE ? MO_VMAP_LAZY : MO_VMAP_RAM;
	if (vm_kva)
		return MO_VMAP_BUSY;
	return flags & VMAP_RAM ? MO_VMAP_RAM : MO_VMAP_DYING;
}

static struct mo_error *add_area(struct vmap_state *state, uint64_t area_kva, bool is_lazy)
{
	const struct vmap_layout *layout = state->layout;
	struct mo_vmap_area area = { .area_kva = area_kva, .listed = (uint32_t)state->n_areas };
	uint8_t bytes[MAX_STRUCT_BYTES];
	struct mo_error *error = make_room(state);

	if (error)
		return error;
	error = mo_read(state->reader, area_kva, bytes, (size_t)layout->area.size.bytes);
	if (error) {
		mo_trouble_note(&state->unreadable_areas,
			     mo_error_prepend(error, "cannot read struct vmap_area at 0x%" PRIx64, area_kva));
		return NULL;
	}
	area.first_kva = mo_get(&layout->area.start, bytes);
	area.end_kva = mo_get(&layout->area.end, bytes);
	if (area.first_kva >= area.end_kva) {
		mo_trouble_note(&state->unreadable_areas,
			     mo_error_create(MO_E_CORRUPT, "the vmap_area at 0x%" PRIx64 " begins at 0x%" PRIx64
					     " and ends at 0x%" PRIx64, area_kva, area.first_kva, area.end_kva));
		return NULL;
	}
	area.state = MO_VMAP_LAZY;
	if (!is_lazy) {
		/* In a freed one, the same word is a list or the size of a subtree. */
		area.vm_kva = mo_get(&layout->area.vm, bytes);
		area.state = state_of(layout, bytes, area.vm_kva);
		if (area.state != MO_VMAP_BUSY)
			area.vm_kva = 0;
	}
	state->areas[state->n_areas++] = area;
	return NULL;
}

static uint64_t areas_left(const struct vmap_state *state)
{
	return MAX_AREAS - state->n_areas;
}

/* Another tree or list than the walks' own limits would have seen. */
static bool is_full(struct vmap_state *state)
{
	if (areas_left(state))
		return false;
	mo_trouble_note(&state->broken_trees, mo_error_create(MO_E_LIMIT, "more than %u areas", MAX_AREAS));
	return true;
}

static struct mo_error *add_tree(struct vmap_state *state, uint64_t root_kva)
{
	struct mo_rbtree_walk walk;
	struct mo_error *memory = NULL;
	uint64_t node_kva;

	if (is_full(state))
		return NULL;
	mo_rbtree_begin(&walk, state->reader, root_kva, areas_left(state));
	while (!memory && mo_rbtree_next(&walk, &node_kva))
		memory = add_area(state, node_kva - state->layout->area.rb_node.offset_bytes, false);
	mo_trouble_note(&state->broken_trees,
		     mo_error_prepend(mo_rbtree_end(&walk), "the tree of areas at 0x%" PRIx64, root_kva));
	return memory;
}

static struct mo_error *add_lazy_list(struct vmap_state *state, uint64_t head_kva)
{
	struct mo_list_walk walk;
	struct mo_error *memory = NULL;
	uint64_t node_kva;

	if (is_full(state))
		return NULL;
	mo_list_begin(&walk, state->reader, head_kva, areas_left(state));
	while (!memory && mo_list_next(&walk, &node_kva))
		memory = add_area(state, node_kva - state->layout->area.list.offset_bytes, true);
	mo_trouble_note(&state->broken_trees,
		     mo_error_prepend(mo_list_end(&walk), "the list of freed areas at 0x%" PRIx64, head_kva));
	return memory;
}

static struct mo_error *add_lazy_chain(struct vmap_state *state, uint64_t head_kva)
{
	struct mo_chain_walk walk;
	struct mo_error *memory = NULL;
	uint64_t first_kva;
	uint64_t node_kva;
	struct mo_error *error = mo_read_pointer(state->reader, head_kva, &first_kva);

	if (error || is_full(state)) {
		mo_trouble_note(&state->broken_trees, mo_error_prepend(error, "the list of freed areas"));
		return NULL;
	}
	mo_chain_begin(&walk, state->reader, first_kva, 0, areas_left(state));
	while (!memory && mo_chain_next(&walk, &node_kva))
		memory = add_area(state, node_kva - state->layout->area.purge_list.offset_bytes, true);
	mo_trouble_note(&state->broken_trees,
		     mo_error_prepend(mo_chain_end(&walk), "the list of freed areas at 0x%" PRIx64, head_kva));
	return memory;
}

static struct mo_error *add_old_areas(struct vmap_state *state)
{
	const struct vmap_layout *layout = state->layout;
	struct mo_error *error = add_tree(state, layout->area_root.kva);

	if (error || has_old_flags(layout))
		return error;
	if (mo_has(&layout->purge_list))
		return add_lazy_list(state, layout->purge_list.kva);
	if (mo_has(&layout->purge_llist) && mo_has(&layout->area.purge_list))
		return add_lazy_chain(state, layout->purge_llist.kva);
	return NULL;
}

static struct mo_error *add_node_areas(struct vmap_state *state)
{
	const struct vmap_layout *layout = state->layout;
	uint64_t nodes_kva = 0;
	uint32_t n_nodes = 1;
	struct mo_error *error = mo_read_pointer(state->reader, layout->nodes.kva, &nodes_kva);

	if (!error && mo_has(&layout->n_nodes))
		error = mo_read_u32(state->reader, layout->n_nodes.kva, &n_nodes);
	if (error)
		return mo_error_prepend(error, "cannot read where vmap_nodes are");
	if (!n_nodes || n_nodes > MAX_VMAP_NODES) {
		mo_trouble_note(&state->broken_trees,
			     mo_error_create(MO_E_CORRUPT, "nr_vmap_nodes is %" PRIu32, n_nodes));
		n_nodes = 1;
	}
	for (uint32_t i = 0; i < n_nodes && !error; i++)
		error = add_tree(state, mo_field_kva(&layout->node_busy, nodes_kva + i * layout->node.bytes));
	for (uint32_t i = 0; i < n_nodes && !error; i++)
		error = add_lazy_list(state, mo_field_kva(&layout->node_lazy, nodes_kva + i * layout->node.bytes));
	return error;
}

static void read_vm(struct vmap_state *state, struct mo_vmap_area *area)
{
	const struct vmap_layout *layout = state->layout;
	uint8_t bytes[MAX_STRUCT_BYTES];
	struct mo_error *error = mo_read(state->reader, area->vm_kva, bytes, (size_t)layout->vm.size.bytes);

	if (error) {
		mo_trouble_note(&state->unreadable_vms,
			     mo_error_prepend(error, "cannot read struct vm_struct at 0x%" PRIx64, area->vm_kva));
		return;
	}
	area->has_vm = true;
	area->vm_first_kva = mo_get(&layout->vm.addr, bytes);
	area->vm_bytes = mo_get(&layout->vm.bytes, bytes);
	area->flags = mo_get(&layout->vm.flags, bytes);
	area->pages_kva = mo_get(&layout->vm.pages, bytes);
	area->n_pages = mo_get(&layout->vm.nr_pages, bytes);
	area->page_order = mo_has(&layout->vm.page_order) ? (unsigned)mo_get(&layout->vm.page_order, bytes) : 0;
	area->first_pa = mo_get(&layout->vm.phys_addr, bytes);
	area->caller_kva = mo_get(&layout->vm.caller, bytes);
	if (area->vm_first_kva != area->first_kva)
		mo_trouble_note(&state->unreadable_vms,
			     mo_error_create(MO_E_CORRUPT, "the vm_struct at 0x%" PRIx64 " of the area at 0x%" PRIx64
					     " is of 0x%" PRIx64, area->vm_kva, area->first_kva, area->vm_first_kva));
}

static int compare_areas(const void *a, const void *b)
{
	const struct mo_vmap_area *first = a;
	const struct mo_vmap_area *second = b;

	if (first->first_kva != second->first_kva)
		return first->first_kva < second->first_kva ? -1 : 1;
	return first->listed < second->listed ? -1 : first->listed > second->listed;
}

static void find_overlaps(struct vmap_state *state)
{
	for (size_t i = 1; i < state->n_areas; i++) {
		const struct mo_vmap_area *before = &state->areas[i - 1];
		const struct mo_vmap_area *area = &state->areas[i];

		if (before->end_kva > area->first_kva)
			mo_trouble_note(&state->overlaps,
				     mo_error_create(MO_E_CORRUPT, "the vmap_area at 0x%" PRIx64 " ends at 0x%" PRIx64
						     ", and the one at 0x%" PRIx64 " begins at 0x%" PRIx64,
						     before->area_kva, before->end_kva, area->area_kva, area->first_kva));
	}
}

/* Every struct that is read as a whole fits, and every member that is used is a number within it. */
static struct mo_error *check_layout(const struct vmap_layout *layout)
{
	const struct mo_field *of_area[] = { &layout->area.start, &layout->area.end, &layout->area.vm, &layout->area.flags };
	const struct mo_field *of_vm[] = { &layout->vm.addr,	   &layout->vm.bytes,	   &layout->vm.flags,
					   &layout->vm.pages,	   &layout->vm.nr_pages,  &layout->vm.page_order,
					   &layout->vm.phys_addr, &layout->vm.caller };
	const struct mo_field *bad = NULL;

	if (layout->area.size.bytes > MAX_STRUCT_BYTES || layout->vm.size.bytes > MAX_STRUCT_BYTES)
		return mo_error_create(MO_E_CORRUPT, "struct vmap_area of %" PRIu64 " and vm_struct of %" PRIu64
				       " bytes are implausible", layout->area.size.bytes, layout->vm.size.bytes);
	for (size_t i = 0; i < sizeof(of_area) / sizeof(of_area[0]); i++)
		if (mo_has(of_area[i]) && (!of_area[i]->width_bytes ||
					   of_area[i]->offset_bytes + of_area[i]->width_bytes > layout->area.size.bytes))
			bad = of_area[i];
	for (size_t i = 0; i < sizeof(of_vm) / sizeof(of_vm[0]); i++)
		if (mo_has(of_vm[i]) && (!of_vm[i]->width_bytes ||
					 of_vm[i]->offset_bytes + of_vm[i]->width_bytes > layout->vm.size.bytes))
			bad = of_vm[i];
	return bad ? mo_error_create(MO_E_CORRUPT, "%s does not lie within the struct", bad->name) : NULL;
}

struct mo_error *gather_areas(struct vmap_state *state)
{
	const struct vmap_layout *layout = state->layout;
	struct mo_error *error = check_layout(layout);

	if (error)
		return error;
	if (mo_has(&layout->nodes) && mo_has(&layout->node) && mo_has(&layout->node_busy) && mo_has(&layout->node_lazy))
		error = add_node_areas(state);
	else if (mo_has(&layout->area_root))
		error = add_old_areas(state);
	else
		error = mo_error_create(MO_E_ABSENT, "neither vmap_nodes nor vmap_area_root was found");
	if (error)
		return error;
	for (size_t i = 0; i < state->n_areas; i++)
		if (state->areas[i].vm_kva)
			read_vm(state, &state->areas[i]);
	if (state->n_areas)
		qsort(state->areas, state->n_areas, sizeof(*state->areas), compare_areas);
	find_overlaps(state);
	state->listed = calloc(state->n_areas + 1, sizeof(*state->listed));
	if (!state->listed)
		return mo_error_no_memory();
	for (size_t i = 0; i < state->n_areas; i++)
		state->listed[state->areas[i].listed] = (uint32_t)i;
	return NULL;
}
