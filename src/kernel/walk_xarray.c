/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Walks xarrays and the radix trees before them. */

#include "kernel_layouts.h"
#include "walk_state.h"

#include "cleanup.h"

#define WHY_XARRAY "lib/xarray.c replaced lib/radix-tree.c in 4.20; radix_tree_root and _node became xarray and xa_node"

static const struct mo_need xarray_needs[] = {
	MO_FIELD(struct mo_xarray_layout, head, "struct xarray", "xa_head",
		 .or_names = { "struct radix_tree_root.rnode" }, .why = WHY_XARRAY),
	MO_FIELD(struct mo_xarray_layout, xa_head, "struct xarray", "xa_head", .is_optional = true, .why = WHY_XARRAY),
	MO_FIELD(struct mo_xarray_layout, height, "struct radix_tree_root", "height", .is_optional = true,
		 .why = "include/linux/radix-tree.h: up to 4.6 the root knows the height, since 4.7 each node its shift"),
	MO_SIZE(struct mo_xarray_layout, node, "struct xa_node", .or_names = { "struct radix_tree_node" },
		.why = WHY_XARRAY),
	MO_FIELD(struct mo_xarray_layout, shift, "struct xa_node", "shift", .or_names = { "struct radix_tree_node.shift" },
		 .is_optional = true, .why = "include/linux/radix-tree.h: since 4.7 each node knows its shift"),
	MO_FIELD(struct mo_xarray_layout, offset, "struct xa_node", "offset",
		 .or_names = { "struct radix_tree_node.offset" }, .is_optional = true, .why = WHY_XARRAY),
	MO_FIELD(struct mo_xarray_layout, parent, "struct xa_node", "parent",
		 .or_names = { "struct radix_tree_node.parent" }, .is_optional = true, .why = WHY_XARRAY),
	MO_FIELD(struct mo_xarray_layout, slots, "struct xa_node", "slots",
		 .or_names = { "struct radix_tree_node.slots" }, .why = WHY_XARRAY),
};

/*
 * Entries that the tree keeps for itself (include/linux/xarray.h) are v << 2 | 2 with a small v: the slot of which
 * this is a sibling, 256 to retry, 257 for a reserved index. Above, it is a node.
 */
#define XA_LAST_RESERVED 4096ull

static struct mo_error *finish(struct mo_kernel *kernel, void *bound)
{
	struct mo_xarray_layout *layout = bound;
	uint64_t n_slots = layout->slots.n_elements;

	if (n_slots < 2 || n_slots > 64 || n_slots & (n_slots - 1) || layout->node.bytes > MO_XARRAY_NODE_BYTES)
		return mo_error_create(MO_E_CORRUPT, "%s has %llu elements in %llu bytes; a power of two up to 64 was "
				       "expected", layout->slots.name, (unsigned long long)n_slots,
				       (unsigned long long)layout->node.bytes);
	layout->chunk_shift = (unsigned)__builtin_ctzll(n_slots);
	if (mo_has(&layout->xa_head))
		layout->shape = MO_XARRAY;
	else if (mo_has(&layout->shift))
		layout->shape = MO_RADIX_TREE_TAGGED;
	else
		layout->shape = MO_RADIX_TREE_HEIGHT;
	if (layout->shape == MO_RADIX_TREE_HEIGHT && !mo_has(&layout->height))
		return mo_error_create(MO_E_ABSENT, "neither struct radix_tree_node.shift nor struct "
				       "radix_tree_root.height was found: the depth of the tree is unknown");
	(void)kernel;
	return NULL;
}

const struct mo_layout_table mo_xarray_table = {
	.id = MO_LAYOUT_XARRAY,
	.layout_bytes = sizeof(struct mo_xarray_layout),
	.needs = xarray_needs,
	.n_needs = MO_N_ROWS(xarray_needs),
	.finish = finish,
};

enum entry_kind { ENTRY_NONE, ENTRY_ITEM, ENTRY_NODE, ENTRY_SIBLING };

struct decoded {
	enum entry_kind kind;
	uint64_t node_kva; /* ENTRY_NODE */
	unsigned sibling;  /* ENTRY_SIBLING: the slot that holds the entry */
};

/*
 * What a slot's value means. parent_kva and shift are those of the node that holds the slot; for the root, 0 and a
 * shift that is not 0 if there is a node below.
 */
static struct decoded decode(const struct mo_xarray_layout *layout, uint64_t entry, uint64_t parent_kva, unsigned shift)
{
	uint64_t slots_kva = parent_kva + layout->slots.offset_bytes;
	struct decoded none = { .kind = ENTRY_NONE };
	struct decoded item = { .kind = entry ? ENTRY_ITEM : ENTRY_NONE };

	if (layout->shape == MO_XARRAY) {
		if ((entry & 3) != 2)
			return item;
		if (entry >> 2 < layout->slots.n_elements)
			return (struct decoded){ .kind = ENTRY_SIBLING, .sibling = (unsigned)(entry >> 2) };
		if (entry <= XA_LAST_RESERVED)
			return none;
		return (struct decoded){ .kind = ENTRY_NODE, .node_kva = entry - 2 };
	}
	if (layout->shape == MO_RADIX_TREE_TAGGED) {
		if ((entry & 3) != 1)
			return item;
		/* A sibling points at a slot of its own node; at nothing at all: try again (RADIX_TREE_RETRY). */
		if (parent_kva && entry - 1 >= slots_kva && entry - 1 - slots_kva < layout->slots.size_bytes)
			return (struct decoded){ .kind = ENTRY_SIBLING,
						 .sibling = (unsigned)((entry - 1 - slots_kva) /
								       layout->slots.element_bytes) };
		if (entry == 1)
			return none;
		return (struct decoded){ .kind = ENTRY_NODE, .node_kva = entry - 1 };
	}
	if (!entry || !shift || entry & 2) /* bit 1: an exceptional entry */
		return item;
	return (struct decoded){ .kind = ENTRY_NODE, .node_kva = entry & ~1ull };
}

static struct mo_error *corrupt_node(uint64_t root_kva, uint64_t node_kva, const char *what, uint64_t is, uint64_t wanted)
{
	return mo_error_create(MO_E_CORRUPT, "in the xarray at 0x%llx, the %s of node 0x%llx is 0x%llx and not 0x%llx",
			       (unsigned long long)root_kva, what, (unsigned long long)node_kva, (unsigned long long)is,
			       (unsigned long long)wanted);
}

/*
 * Reads a node's bytes and its shift; checks it against its place: parent and slot (a node that knows its parent
 * cannot be met twice), and the shift, which must fall by the width of a node at each level.
 */
static struct mo_error *load_node(const struct mo_xarray_layout *layout, struct mo_reader *reader, uint64_t root_kva,
				  uint64_t node_kva, uint64_t parent_kva, unsigned slot, unsigned wanted_shift,
				  uint8_t *bytes, unsigned *shift_ret)
{
	struct mo_error *error = mo_read(reader, node_kva, bytes, layout->node.bytes);
	uint64_t shift;

	if (error)
		return mo_error_prepend(error, "in the xarray at 0x%llx, cannot read node 0x%llx",
					(unsigned long long)root_kva, (unsigned long long)node_kva);
	shift = mo_has(&layout->shift) ? mo_get(&layout->shift, bytes) : wanted_shift;
	if (parent_kva ? shift != wanted_shift : shift >= 64 || shift % layout->chunk_shift)
		return corrupt_node(root_kva, node_kva, "shift", shift, wanted_shift);
	if (mo_has(&layout->parent) && mo_get(&layout->parent, bytes) != parent_kva)
		return corrupt_node(root_kva, node_kva, "parent", mo_get(&layout->parent, bytes), parent_kva);
	if (parent_kva && mo_has(&layout->offset) && mo_get(&layout->offset, bytes) != slot)
		return corrupt_node(root_kva, node_kva, "slot", mo_get(&layout->offset, bytes), slot);
	*shift_ret = (unsigned)shift;
	return NULL;
}

/* The root's entry, and the shift of the node below it where only the root knows (else 0 and not used). */
static struct mo_error *read_root(const struct mo_xarray_layout *layout, struct mo_reader *reader, uint64_t root_kva,
				  uint64_t *entry, unsigned *shift_ret, struct decoded *ret)
{
	uint64_t height = 1;
	struct mo_error *error = mo_read_pointer(reader, root_kva + layout->head.offset_bytes, entry);
	bool is_heighted = layout->shape == MO_RADIX_TREE_HEIGHT;

	if (!error && is_heighted)
		error = mo_read_field(reader, &layout->height, root_kva, &height);
	if (error)
		return mo_error_prepend(error, "cannot read the xarray root at 0x%llx", (unsigned long long)root_kva);
	if (height > 64 / layout->chunk_shift + 1)
		return mo_error_create(MO_E_CORRUPT, "the radix tree at 0x%llx claims a height of %llu",
				       (unsigned long long)root_kva, (unsigned long long)height);
	*ret = decode(layout, *entry, 0, is_heighted && height ? 1 : 0);
	*shift_ret = height ? ((unsigned)height - 1) * layout->chunk_shift : 0;
	return NULL;
}

static void push(struct mo_xarray_walk *walk, uint64_t node_kva, uint64_t index_base, unsigned wanted_shift)
{
	unsigned parent = walk->depth ? walk->depth - 1 : 0;
	uint64_t parent_kva = walk->depth ? walk->node_kva[parent] : 0;
	unsigned slot = walk->depth ? walk->slot[parent] - 1 : 0; /* it was counted on already */
	unsigned shift = 0;
	struct mo_error *error;

	if (walk->depth == MO_XARRAY_DEPTH) {
		mo_walk_note(&walk->state, corrupt_node(walk->state.container_kva, node_kva, "level", walk->depth,
							MO_XARRAY_DEPTH - 1));
		return;
	}
	walk->loaded_kva = 0;
	error = load_node(walk->layout, walk->state.reader, walk->state.container_kva, node_kva, parent_kva, slot,
			  wanted_shift, walk->node_bytes, &shift);
	if (error) {
		mo_walk_note(&walk->state, error);
		return;
	}
	if (!mo_walk_count_node(&walk->state, "the xarray", MO_XARRAY_DEPTH))
		return;
	walk->loaded_kva = node_kva;
	walk->node_kva[walk->depth] = node_kva;
	walk->index_base[walk->depth] = index_base;
	walk->shift[walk->depth] = shift;
	walk->slot[walk->depth] = 0;
	walk->depth++;
}

void mo_xarray_begin(struct mo_xarray_walk *walk, struct mo_reader *reader, uint64_t root_kva, uint64_t limit)
{
	const void *layout = NULL;
	struct decoded root = { .kind = ENTRY_NONE };
	uint64_t entry = 0;
	unsigned shift = 0;
	struct mo_error *error;

	/* The levels are written before they are read. */
	walk->depth = 0;
	walk->single_entry = 0;
	walk->loaded_kva = 0;
	mo_walk_init(&walk->state, reader, root_kva, limit);
	error = mo_kernel_layout(mo_reader_kernel(reader), MO_LAYOUT_XARRAY, &layout);
	if (!error) {
		walk->layout = layout;
		error = read_root(walk->layout, reader, root_kva, &entry, &shift, &root);
	}
	if (error)
		mo_walk_stop(&walk->state, error);
	else if (root.kind == ENTRY_NODE)
		push(walk, root.node_kva, 0, shift);
	else if (root.kind == ENTRY_ITEM)
		walk->single_entry = entry;
}

/* The node on top of the stack again, after one below it was read. */
static bool reload(struct mo_xarray_walk *walk)
{
	uint64_t node_kva = walk->node_kva[walk->depth - 1];
	struct mo_error *error;

	if (walk->loaded_kva == node_kva)
		return true;
	walk->loaded_kva = 0;
	error = mo_read(walk->state.reader, node_kva, walk->node_bytes, walk->layout->node.bytes);
	if (error)
		return mo_walk_stop(&walk->state, mo_error_prepend(error, "in the xarray at 0x%llx",
								   (unsigned long long)walk->state.container_kva));
	walk->loaded_kva = node_kva;
	return true;
}

bool mo_xarray_next(struct mo_xarray_walk *walk, uint64_t *index, uint64_t *entry)
{
	while (!walk->state.is_done && (walk->depth || walk->single_entry)) {
		unsigned top = walk->depth - 1;
		struct decoded what;
		uint64_t at;
		uint64_t value;

		if (!walk->depth) {
			value = walk->single_entry;
			walk->single_entry = 0;
			*index = 0;
			*entry = value;
			return mo_walk_count(&walk->state, "the xarray");
		}
		if (walk->slot[top] == walk->layout->slots.n_elements) {
			walk->depth--;
			continue;
		}
		if (!reload(walk))
			return false;
		at = walk->index_base[top] + ((uint64_t)walk->slot[top] << walk->shift[top]);
		value = mo_get_element(&walk->layout->slots, walk->node_bytes, walk->slot[top]);
		walk->slot[top]++;
		what = decode(walk->layout, value, walk->node_kva[top], walk->shift[top]);
		if (what.kind == ENTRY_ITEM) {
			if (!mo_walk_count(&walk->state, "the xarray"))
				return false;
			*index = at;
			*entry = value;
			return true;
		}
		if (what.kind == ENTRY_NODE && walk->shift[top])
			push(walk, what.node_kva, at, walk->shift[top] - walk->layout->chunk_shift);
		else if (what.kind == ENTRY_NODE)
			mo_walk_note(&walk->state, corrupt_node(walk->state.container_kva, walk->node_kva[top],
								"entry in its last level", value, 0));
	}
	walk->state.is_done = true;
	return false;
}

struct mo_error *mo_xarray_end(struct mo_xarray_walk *walk)
{
	return mo_walk_finish(&walk->state);
}

struct mo_error *mo_xarray_load(struct mo_reader *reader, uint64_t root_kva, uint64_t index, uint64_t *entry)
{
	const void *bound = NULL;
	const struct mo_xarray_layout *layout;
	uint8_t bytes[MO_XARRAY_NODE_BYTES];
	uint64_t parent_kva = 0;
	uint64_t value = 0;
	unsigned shift = 0;
	unsigned slot = 0;
	struct decoded what;

	MO_TRY(mo_kernel_layout(mo_reader_kernel(reader), MO_LAYOUT_XARRAY, &bound));
	layout = bound;
	MO_TRY(read_root(layout, reader, root_kva, &value, &shift, &what));
	if (what.kind == ENTRY_ITEM && index) /* the root's own entry is that of index 0 */
		what.kind = ENTRY_NONE;
	while (what.kind == ENTRY_NODE) {
		uint64_t node_kva = what.node_kva;

		MO_TRY(load_node(layout, reader, root_kva, node_kva, parent_kva, slot, shift, bytes, &shift));
		if (!parent_kva && shift + layout->chunk_shift < 64 && index >> (shift + layout->chunk_shift)) {
			what.kind = ENTRY_NONE;
			break;
		}
		slot = (unsigned)(index >> shift & (layout->slots.n_elements - 1));
		value = mo_get_element(&layout->slots, bytes, slot);
		what = decode(layout, value, node_kva, shift);
		if (what.kind == ENTRY_SIBLING) {
			value = mo_get_element(&layout->slots, bytes, what.sibling);
			what = decode(layout, value, node_kva, shift);
			if (what.kind == ENTRY_SIBLING || what.kind == ENTRY_NODE)
				return corrupt_node(root_kva, node_kva, "sibling", value, 0);
		}
		if (what.kind == ENTRY_NODE && !shift)
			return corrupt_node(root_kva, node_kva, "entry in its last level", value, 0);
		parent_kva = node_kva;
		shift -= layout->chunk_shift;
	}
	*entry = what.kind == ENTRY_ITEM ? value : 0;
	return NULL;
}
