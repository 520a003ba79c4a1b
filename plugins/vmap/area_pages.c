/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The pages of each area by its array of struct page pointers, counted by node as show_numa_info() (mm/vmalloc.c)
 * does: one entry in 2^page_order is looked at, and stands for all of its block.
 */
#include "gathering.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define ENTRIES_AT_ONCE 512u

/* A node's counter while one area is counted, and the zone that the last page lay in: the next mostly does as well. */
struct counting {
	uint64_t *pages_of_node;     /* by index in the zones model; NULL: nodes are not known */
	const struct mo_zone *zone;
	enum mo_owned_kind kind;     /* of the area that is counted */
	struct mo_error *memory;     /* there is none left */
	unsigned pointer_bytes;
	bool is_swapped;
};

static bool spans(const struct mo_zone *zone, uint64_t pfn)
{
	return pfn >= zone->start_pfn && pfn - zone->start_pfn < zone->spanned_pages.value;
}

/* Spans of two nodes may overlap where their memory is interleaved: then the one that begins last lies inside. */
static const struct mo_zone *zone_of(const struct mo_zones_model *zones, uint64_t pfn)
{
	const struct mo_zone *found = NULL;

	for (size_t i = 0; i < zones->n_zones; i++)
		if (spans(&zones->zones[i], pfn) && (!found || zones->zones[i].start_pfn > found->start_pfn))
			found = &zones->zones[i];
	return found;
}

static size_t node_index(const struct mo_zones_model *zones, unsigned node_id)
{
	size_t i = 0;

	while (i < zones->n_nodes && zones->nodes[i].node_id != node_id)
		i++;
	return i;
}

static void count_page(struct vmap_state *state, struct counting *counting, uint64_t pfn, uint64_t n_pages)
{
	size_t index;

	if (!counting->pages_of_node)
		return;
	if (!counting->zone || state->zones->n_nodes > 1 || !spans(counting->zone, pfn))
		counting->zone = zone_of(state->zones, pfn);
	index = counting->zone ? node_index(state->zones, counting->zone->node_id) : state->zones->n_nodes;
	if (index < state->zones->n_nodes)
		counting->pages_of_node[index] += n_pages;
}

static uint64_t entry_at(const struct counting *counting, const uint8_t *bytes, size_t index)
{
	uint64_t wide;
	uint32_t narrow;

	if (counting->pointer_bytes == 8) {
		memcpy(&wide, bytes + index * 8, 8);
		return counting->is_swapped ? __builtin_bswap64(wide) : wide;
	}
	memcpy(&narrow, bytes + index * 4, 4);
	return counting->is_swapped ? __builtin_bswap32(narrow) : narrow;
}

/* Entries [first, first + n) of which every step-th is looked at; first is a multiple of step or step of n. */
static struct mo_error *count_entries(struct vmap_state *state, struct counting *counting, struct mo_vmap_area *area,
				      uint64_t first, size_t n, uint64_t step)
{
	uint8_t bytes[ENTRIES_AT_ONCE * 8];
	struct mo_error *error = mo_read(state->reader, area->pages_kva + first * counting->pointer_bytes, bytes,
					 n * counting->pointer_bytes);

	for (size_t i = 0; !error && i < n; i += (size_t)step) {
		uint64_t pfn;

		error = mo_page_to_pfn(state->memmap, entry_at(counting, bytes, i), &pfn);
		if (!error) {
			count_page(state, counting, pfn, step);
			area->n_found_pages += step;
			counting->memory = add_owned(state, pfn, step, counting->kind);
		}
		if (counting->memory)
			break;
	}
	return error;
}

static struct mo_error *count_area(struct vmap_state *state, struct counting *counting, struct mo_vmap_area *area)
{
	unsigned page_shift = mo_kernel_facts(mo_run_kernel(state->run))->page_shift;
	uint64_t most_pages = area->vm_bytes >> page_shift;
	uint64_t n_pages = area->n_pages < most_pages ? area->n_pages : most_pages;
	uint64_t step = 1;
	struct mo_error *error = NULL;

	if (n_pages < area->n_pages)
		mo_trouble_note(&state->broken_pages,
			     mo_error_create(MO_E_CORRUPT, "the area at 0x%" PRIx64 " is %" PRIu64 " pages long and has %"
					     PRIu64, area->first_kva, most_pages, area->n_pages));
	if (area->page_order < 32 && 1ull << area->page_order <= area->n_pages)
		step = 1ull << area->page_order;
	else if (area->page_order)
		mo_trouble_note(&state->broken_pages,
			     mo_error_create(MO_E_CORRUPT, "the area at 0x%" PRIx64 " has %" PRIu64 " pages of order %u",
					     area->first_kva, area->n_pages, area->page_order));
	if (n_pages > state->entries_left)
		return mo_error_create(MO_E_LIMIT, "the areas have more pages than the machine; from the area at 0x%" PRIx64
				       " on they are not counted", area->first_kva);
	state->entries_left -= n_pages;
	for (uint64_t first = 0; first < n_pages && !error && !counting->memory;) {
		uint64_t n = step < ENTRIES_AT_ONCE ? ENTRIES_AT_ONCE : 1;

		if (n > n_pages - first)
			n = n_pages - first;
		error = count_entries(state, counting, area, first, (size_t)n, step);
		first += step < ENTRIES_AT_ONCE ? n : step;
	}
	return mo_error_prepend(error, "the pages of the area at 0x%" PRIx64, area->first_kva);
}

/* Keeps what was counted; the pointers into the array are set when it no longer grows. */
static struct mo_error *keep_nodes(struct vmap_state *state, struct counting *counting, struct mo_vmap_area *area)
{
	for (size_t i = 0; counting->pages_of_node && i < state->zones->n_nodes; i++) {
		if (!counting->pages_of_node[i])
			continue;
		if (state->n_node_pages == state->n_node_pages_allocated) {
			size_t n = state->n_node_pages ? state->n_node_pages * 2 : 256;
			struct mo_vmap_node_pages *grown = reallocarray(state->node_pages, n, sizeof(*grown));

			if (!grown)
				return mo_error_no_memory();
			state->node_pages = grown;
			state->n_node_pages_allocated = n;
		}
		state->node_pages[state->n_node_pages++] = (struct mo_vmap_node_pages){
			.node_id = state->zones->nodes[i].node_id, .n_pages = counting->pages_of_node[i] };
		counting->pages_of_node[i] = 0;
		area->n_nodes++;
	}
	return NULL;
}

static bool has_pages(const struct mo_vmap_area *area)
{
	/* While it is uninitialized, the kernel is still filling the array in. */
	return area->has_vm && area->pages_kva && area->n_pages && !(area->flags & MO_VM_UNINITIALIZED);
}

/*
 * A task's stack has a magic number at its far end (set_task_stack_end_magic(), kernel/fork.c; STACK_END_MAGIC,
 * include/uapi/linux/magic.h), which stays there in stacks that are cached for the next task. Since 5.18 one that is
 * about to be freed or cached has a struct vm_stack there instead: an rcu_head, and where its vm_struct is.
 */
#define STACK_END_MAGIC 0x57ac6e9du
#define MAX_STACK_PAGES 64u

/* Whether an area may be a stack, by all that is known without a look at its memory: only fork.c takes them. */
static bool may_be_stack(const struct vmap_state *state, const struct mo_vmap_area *area)
{
	const struct vmap_layout *layout = state->layout;
	uint64_t page_bytes = mo_kernel_facts(mo_run_kernel(state->run))->page_bytes;

	if (!(area->flags & MO_VM_ALLOC) || area->n_pages > MAX_STACK_PAGES || (area->n_pages & (area->n_pages - 1)))
		return false;
	if (stack_bytes(state) && area->n_pages * page_bytes != stack_bytes(state))
		return false;
	return !mo_has(&layout->text_start) || !mo_has(&layout->image_end) || !area->caller_kva ||
	       (area->caller_kva >= layout->text_start.kva && area->caller_kva < layout->image_end.kva);
}

static enum mo_owned_kind kind_of(struct vmap_state *state, struct mo_vmap_area *area)
{
	unsigned pointer_bytes = mo_kernel_facts(mo_run_kernel(state->run))->pointer_bytes;
	uint64_t magic = 0;
	uint64_t vm_kva = 0;
	struct mo_error *error;

	if (area->is_idle_stack)
		return MO_OWNED_KERNEL_STACK;
	if (!may_be_stack(state, area))
		return MO_OWNED_VMALLOC;
	error = mo_read_pointer(state->reader, area->vm_first_kva, &magic);
	if (!error)
		error = mo_read_pointer(state->reader, area->vm_first_kva + 2 * pointer_bytes, &vm_kva);
	/* One whose page cannot be read is counted with the rest of vmalloc. */
	if (error)
		magic = vm_kva = 0;
	mo_error_destroy(error);
	area->is_idle_stack = vm_kva == area->vm_kva;
	return area->is_idle_stack || magic == STACK_END_MAGIC ? MO_OWNED_KERNEL_STACK : MO_OWNED_VMALLOC;
}

static void find_vpages(struct vmap_state *state)
{
	for (size_t i = 0; i < state->n_areas; i++) {
		const struct mo_vmap_area *holder = mo_vmap_area_at(&state->model, state->areas[i].pages_kva);

		state->areas[i].has_vpages = state->areas[i].pages_kva && holder && holder->state == MO_VMAP_BUSY;
	}
}

struct mo_error *gather_area_pages(struct vmap_state *state)
{
	const struct mo_kernel_facts *facts = mo_kernel_facts(mo_run_kernel(state->run));
	struct counting counting = {
		.pointer_bytes = facts->pointer_bytes,
		.is_swapped = facts->is_big_endian != (__BYTE_ORDER__ == __ORDER_BIG_ENDIAN__),
	};
	struct mo_error *error = NULL;
	size_t n_node_pages = 0;

	find_vpages(state);
	if (state->zones && state->zones->n_numa_items) {
		state->model.has_nodes = true;
		counting.pages_of_node = calloc(state->zones->n_nodes + 1, sizeof(*counting.pages_of_node));
		if (!counting.pages_of_node)
			return mo_error_no_memory();
	}
	for (size_t i = 0; state->memmap && i < state->n_areas && !error; i++)
		if (has_pages(&state->areas[i])) {
			counting.kind = kind_of(state, &state->areas[i]);
			mo_trouble_note(&state->broken_pages, count_area(state, &counting, &state->areas[i]));
			error = counting.memory ? counting.memory : keep_nodes(state, &counting, &state->areas[i]);
		}
	for (size_t i = 0; i < state->n_areas; i++) {
		if (state->areas[i].is_idle_stack)
			state->model.idle_stack_pages += state->areas[i].n_found_pages;
		state->areas[i].nodes = state->areas[i].n_nodes ? state->node_pages + n_node_pages : NULL;
		n_node_pages += state->areas[i].n_nodes;
	}
	free(counting.pages_of_node);
	return error;
}
