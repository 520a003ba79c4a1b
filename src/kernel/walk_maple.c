/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Walks maple trees. */

#include "kernel_layouts.h"
#include "walk_state.h"

#define WHY_MAPLE "include/linux/maple_tree.h: the maple tree came in 6.1"

static const struct mo_need maple_needs[] = {
	MO_FIELD(struct mo_maple_layout, root, "struct maple_tree", "ma_root", .why = WHY_MAPLE),
	MO_SIZE(struct mo_maple_layout, node, "struct maple_node", .why = WHY_MAPLE),
	MO_FIELD(struct mo_maple_layout, parent, "struct maple_node", "parent", .why = WHY_MAPLE),
	MO_FIELD(struct mo_maple_layout, range.pivot, "struct maple_range_64", "pivot", .why = WHY_MAPLE),
	MO_FIELD(struct mo_maple_layout, range.slot, "struct maple_range_64", "slot", .why = WHY_MAPLE),
	MO_FIELD(struct mo_maple_layout, range.end, "struct maple_range_64", "meta.end", .why = WHY_MAPLE),
	MO_FIELD(struct mo_maple_layout, arange.pivot, "struct maple_arange_64", "pivot", .why = WHY_MAPLE),
	MO_FIELD(struct mo_maple_layout, arange.slot, "struct maple_arange_64", "slot", .why = WHY_MAPLE),
	MO_FIELD(struct mo_maple_layout, arange.end, "struct maple_arange_64", "meta.end", .why = WHY_MAPLE),
	MO_CONSTANT(struct mo_maple_layout, leaf_type, "enum maple_type", "maple_leaf_64", .why = WHY_MAPLE),
	MO_CONSTANT(struct mo_maple_layout, range_type, "enum maple_type", "maple_range_64", .why = WHY_MAPLE),
	MO_CONSTANT(struct mo_maple_layout, arange_type, "enum maple_type", "maple_arange_64", .why = WHY_MAPLE),
};

/*
 * Encodings (include/linux/maple_tree.h, lib/maple_tree.c): a pointer to a node is aligned to 256 bytes and carries the
 * node's type in bits 3 to 6; the root's also has bit 1. A node's parent carries its slot there in bits 3 to 7; bit 0
 * marks the root, whose parent is the tree. Internal entries below 4096 that end in 10 are NULL to users.
 */
#define NODE_MASK 255ull
#define TYPE_SHIFT 3
#define TYPE_MASK 15u
#define PARENT_IS_ROOT 1ull
#define PARENT_SLOT_SHIFT 3
#define LAST_RESERVED 4096ull

static bool is_internal(uint64_t entry)
{
	return (entry & 3) == 2;
}

static bool are_slots_sound(const struct mo_maple_node_layout *layout)
{
	return layout->slot.n_elements >= 2 && layout->slot.n_elements <= 64 &&
	       layout->pivot.n_elements == layout->slot.n_elements - 1;
}

static struct mo_error *finish(struct mo_kernel *kernel, void *bound)
{
	struct mo_maple_layout *layout = bound;

	if (layout->node.bytes > MO_MAPLE_NODE_BYTES || !are_slots_sound(&layout->range) ||
	    !are_slots_sound(&layout->arange))
		return mo_error_create(MO_E_CORRUPT, "struct maple_node has %llu bytes, %llu and %llu slots, %llu and %llu "
				       "pivots; one pivot less than slots, in %d bytes, was expected",
				       (unsigned long long)layout->node.bytes,
				       (unsigned long long)layout->range.slot.n_elements,
				       (unsigned long long)layout->arange.slot.n_elements,
				       (unsigned long long)layout->range.pivot.n_elements,
				       (unsigned long long)layout->arange.pivot.n_elements, MO_MAPLE_NODE_BYTES);
	layout->max_index = mo_kernel_facts(kernel)->pointer_bytes == 4 ? UINT32_MAX : UINT64_MAX;
	return NULL;
}

const struct mo_layout_table mo_maple_table = {
	.id = MO_LAYOUT_MAPLE,
	.layout_bytes = sizeof(struct mo_maple_layout),
	.needs = maple_needs,
	.n_needs = MO_N_ROWS(maple_needs),
	.finish = finish,
};

static uint64_t to_node(uint64_t encoded)
{
	return encoded & ~NODE_MASK;
}

static int64_t to_type(uint64_t encoded)
{
	return (int64_t)(encoded >> TYPE_SHIFT & TYPE_MASK);
}

static const struct mo_maple_node_layout *node_layout(const struct mo_maple_layout *layout, uint64_t encoded)
{
	int64_t type = to_type(encoded);

	if (type == layout->arange_type.value)
		return &layout->arange;
	if (type == layout->range_type.value || type == layout->leaf_type.value)
		return &layout->range;
	return NULL;
}

/* Where the data of the node in walk->node_bytes ends: the last slot in use. (ma_data_end() in lib/maple_tree.c) */
static unsigned end_slot(const struct mo_maple_walk *walk, const struct mo_maple_node_layout *node, bool is_arange,
			 uint64_t last)
{
	unsigned n_pivots = (unsigned)node->pivot.n_elements;
	uint64_t final_pivot;

	if (is_arange)
		return (unsigned)mo_get(&node->end, walk->node_bytes);
	final_pivot = mo_get_element(&node->pivot, walk->node_bytes, n_pivots - 1);
	if (!final_pivot)
		return (unsigned)mo_get(&node->end, walk->node_bytes);
	return final_pivot == last ? n_pivots - 1 : n_pivots;
}

/* Reads a node; checks that it knows its parent and slot, so that no node is met twice. */
static struct mo_error *load_node(struct mo_maple_walk *walk, uint64_t encoded, const struct mo_maple_level *above)
{
	uint64_t node_kva = to_node(encoded);
	uint64_t parent;
	struct mo_error *error;

	walk->loaded_kva = 0;
	error = mo_read(walk->state.reader, node_kva, walk->node_bytes, walk->layout->node.bytes);
	if (error)
		return mo_error_prepend(error, "cannot read node 0x%llx", (unsigned long long)node_kva);
	parent = mo_get(&walk->layout->parent, walk->node_bytes);
	if (parent == node_kva)
		return mo_error_create(MO_E_CORRUPT, "node 0x%llx is dead (it is its own parent)",
				       (unsigned long long)node_kva);
	if (!above ? !(parent & PARENT_IS_ROOT) :
		     parent & PARENT_IS_ROOT || to_node(parent) != to_node(above->node) ||
		     (parent & NODE_MASK) >> PARENT_SLOT_SHIFT != above->slot - 1)
		return mo_error_create(MO_E_CORRUPT, "the parent of node 0x%llx is 0x%llx and not slot %u of 0x%llx",
				       (unsigned long long)node_kva, (unsigned long long)parent,
				       above ? above->slot - 1 : 0,
				       (unsigned long long)(above ? to_node(above->node) : walk->state.container_kva));
	walk->loaded_kva = node_kva;
	return NULL;
}

static struct mo_error *enter(struct mo_maple_walk *walk, uint64_t encoded, uint64_t first, uint64_t last)
{
	const struct mo_maple_node_layout *node = node_layout(walk->layout, encoded);
	unsigned end;

	if (!node || !to_node(encoded))
		return mo_error_create(MO_E_CORRUPT, "node 0x%llx has the unknown type %lld",
				       (unsigned long long)to_node(encoded), (long long)to_type(encoded));
	if (walk->depth == MO_MAPLE_DEPTH)
		return mo_error_create(MO_E_CORRUPT, "deeper than %d nodes at 0x%llx", MO_MAPLE_DEPTH,
				       (unsigned long long)to_node(encoded));
	{
		struct mo_error *error =
			load_node(walk, encoded, walk->depth ? &walk->levels[walk->depth - 1] : NULL);

		if (error)
			return error;
	}
	end = end_slot(walk, node, node == &walk->layout->arange, last);
	if (end >= node->slot.n_elements)
		return mo_error_create(MO_E_CORRUPT, "node 0x%llx claims that its data ends at slot %u of %llu",
				       (unsigned long long)to_node(encoded), end,
				       (unsigned long long)node->slot.n_elements);
	walk->levels[walk->depth++] = (struct mo_maple_level){
		.node = encoded, .first = first, .last = last, .next_first = first, .end_slot = end,
	};
	return NULL;
}

static void push(struct mo_maple_walk *walk, uint64_t encoded, uint64_t first, uint64_t last)
{
	struct mo_error *error = enter(walk, encoded, first, last);

	if (error)
		mo_walk_note(&walk->state, mo_error_prepend(error, "in the maple tree at 0x%llx",
							    (unsigned long long)walk->state.container_kva));
	else
		mo_walk_count_node(&walk->state, "the maple tree", MO_MAPLE_DEPTH);
}

void mo_maple_begin(struct mo_maple_walk *walk, struct mo_reader *reader, uint64_t tree_kva, uint64_t limit)
{
	const void *layout = NULL;
	uint64_t root = 0;
	struct mo_error *error;

	/* The levels are written before they are read. */
	walk->depth = 0;
	walk->single_entry = 0;
	walk->loaded_kva = 0;
	mo_walk_init(&walk->state, reader, tree_kva, limit);
	error = mo_kernel_layout(mo_reader_kernel(reader), MO_LAYOUT_MAPLE, &layout);
	if (!error) {
		walk->layout = layout;
		error = mo_read_pointer(reader, tree_kva + walk->layout->root.offset_bytes, &root);
	}
	if (error)
		mo_walk_stop(&walk->state, mo_error_prepend(error, "cannot read the maple tree at 0x%llx",
							    (unsigned long long)tree_kva));
	else if (is_internal(root) && root > LAST_RESERVED)
		push(walk, root, 0, walk->layout->max_index);
	else if (!is_internal(root))
		walk->single_entry = root;
}

/* The range of a slot; false, with a note, if the pivots make no sense there: the rest of the node is lost. */
static bool slot_range(struct mo_maple_walk *walk, struct mo_maple_level *level,
		       const struct mo_maple_node_layout *node, uint64_t *first, uint64_t *last)
{
	bool is_final = level->slot >= level->end_slot;
	uint64_t pivot = level->slot < node->pivot.n_elements ?
				 mo_get_element(&node->pivot, walk->node_bytes, level->slot) : level->last;

	*first = level->next_first;
	/* In the final slot an unused pivot is 0, or the node's last index. */
	*last = is_final && !pivot ? level->last : pivot;
	if (*last < *first || *last > level->last || (*last == level->last && !is_final)) {
		mo_walk_note(&walk->state, mo_error_create(MO_E_CORRUPT,
			"in the maple tree at 0x%llx, slot %u of node 0x%llx covers 0x%llx to 0x%llx, within 0x%llx to "
			"0x%llx", (unsigned long long)walk->state.container_kva, level->slot,
			(unsigned long long)to_node(level->node), (unsigned long long)*first,
			(unsigned long long)*last, (unsigned long long)level->first, (unsigned long long)level->last));
		return false;
	}
	return true;
}

/* The node on top of the stack again, after one below it was read. */
static bool reload(struct mo_maple_walk *walk)
{
	uint64_t node_kva = to_node(walk->levels[walk->depth - 1].node);
	struct mo_error *error;

	if (walk->loaded_kva == node_kva)
		return true;
	walk->loaded_kva = 0;
	error = mo_read(walk->state.reader, node_kva, walk->node_bytes, walk->layout->node.bytes);
	if (error)
		return mo_walk_stop(&walk->state, mo_error_prepend(error, "in the maple tree at 0x%llx",
								   (unsigned long long)walk->state.container_kva));
	walk->loaded_kva = node_kva;
	return true;
}

bool mo_maple_next(struct mo_maple_walk *walk, uint64_t *first, uint64_t *last, uint64_t *entry)
{
	while (!walk->state.is_done && walk->depth) {
		struct mo_maple_level *level = &walk->levels[walk->depth - 1];
		const struct mo_maple_node_layout *node = node_layout(walk->layout, level->node);
		uint64_t slot_first;
		uint64_t slot_last;
		uint64_t value;

		if (level->slot > level->end_slot) {
			walk->depth--;
			continue;
		}
		if (!reload(walk))
			return false;
		if (!slot_range(walk, level, node, &slot_first, &slot_last)) {
			walk->depth--;
			continue;
		}
		value = mo_get_element(&node->slot, walk->node_bytes, level->slot);
		level->slot++;
		level->next_first = slot_last + 1;
		if (!value || (is_internal(value) && value < LAST_RESERVED))
			continue;
		if (to_type(level->node) != walk->layout->leaf_type.value) {
			push(walk, value, slot_first, slot_last);
			continue;
		}
		if (!mo_walk_count(&walk->state, "the maple tree"))
			return false;
		*first = slot_first;
		*last = slot_last;
		*entry = value;
		return true;
	}
	if (!walk->state.is_done && walk->single_entry) {
		*first = 0;
		*last = 0;
		*entry = walk->single_entry;
		walk->single_entry = 0;
		return mo_walk_count(&walk->state, "the maple tree");
	}
	walk->state.is_done = true;
	return false;
}

struct mo_error *mo_maple_end(struct mo_maple_walk *walk)
{
	return mo_walk_finish(&walk->state);
}
