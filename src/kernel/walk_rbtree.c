/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Walks red-black trees in order. */

#include "kernel_layouts.h"
#include "walk_state.h"

#define RB_NODE_BYTES_MAX 24
#define RB_COLOR_MASK 3ull /* the low bits of __rb_parent_color (include/linux/rbtree_augmented.h) */

static const struct mo_need rbtree_needs[] = {
	MO_SIZE(struct mo_rbtree_layout, node, "struct rb_node"),
	MO_FIELD(struct mo_rbtree_layout, root_node, "struct rb_root", "rb_node"),
	MO_FIELD(struct mo_rbtree_layout, parent_color, "struct rb_node", "__rb_parent_color"),
	MO_FIELD(struct mo_rbtree_layout, left, "struct rb_node", "rb_left"),
	MO_FIELD(struct mo_rbtree_layout, right, "struct rb_node", "rb_right"),
};

static struct mo_error *finish(struct mo_kernel *kernel, void *bound)
{
	const struct mo_rbtree_layout *layout = bound;

	(void)kernel;
	if (layout->node.bytes > RB_NODE_BYTES_MAX)
		return mo_error_create(MO_E_CORRUPT, "struct rb_node has %llu bytes, three pointers are at most %d",
				       (unsigned long long)layout->node.bytes, RB_NODE_BYTES_MAX);
	return NULL;
}

const struct mo_layout_table mo_rbtree_table = {
	.id = MO_LAYOUT_RBTREE,
	.layout_bytes = sizeof(struct mo_rbtree_layout),
	.needs = rbtree_needs,
	.n_needs = MO_N_ROWS(rbtree_needs),
	.finish = finish,
};

struct rb_links {
	uint64_t left_kva;
	uint64_t right_kva;
};

/*
 * Reads a node and checks that it knows its parent. As every node has one parent, a walk that comes from the root by
 * checked links never meets a node twice, but for a node that is both children of one.
 */
static struct mo_error *read_node(const struct mo_rbtree_walk *walk, uint64_t node_kva, uint64_t parent_kva,
				  struct rb_links *ret)
{
	const struct mo_rbtree_layout *layout = walk->layout;
	uint8_t bytes[RB_NODE_BYTES_MAX];
	struct mo_error *error = mo_read(walk->state.reader, node_kva, bytes, layout->node.bytes);
	uint64_t said;

	if (error)
		return mo_error_prepend(error, "in the rbtree at 0x%llx, cannot follow 0x%llx, child of 0x%llx",
					(unsigned long long)walk->state.container_kva, (unsigned long long)node_kva,
					(unsigned long long)parent_kva);
	said = mo_get(&layout->parent_color, bytes) & ~RB_COLOR_MASK;
	if (said != parent_kva)
		return mo_error_create(MO_E_CORRUPT, "in the rbtree at 0x%llx, the parent of 0x%llx is 0x%llx and not "
				       "0x%llx, whose child it is", (unsigned long long)walk->state.container_kva,
				       (unsigned long long)node_kva, (unsigned long long)said,
				       (unsigned long long)parent_kva);
	ret->left_kva = mo_get(&layout->left, bytes);
	ret->right_kva = mo_get(&layout->right, bytes);
	if (ret->left_kva && ret->left_kva == ret->right_kva)
		return mo_error_create(MO_E_CORRUPT, "in the rbtree at 0x%llx, both children of 0x%llx are 0x%llx",
				       (unsigned long long)walk->state.container_kva, (unsigned long long)node_kva,
				       (unsigned long long)ret->left_kva);
	return NULL;
}

/* Puts a node and all that is to the left of it onto the stack. */
static void push_left(struct mo_rbtree_walk *walk, uint64_t node_kva, uint64_t parent_kva)
{
	struct rb_links links = { .left_kva = 0 };

	while (node_kva && !walk->state.is_done) {
		struct mo_error *error;

		if (walk->depth == MO_RBTREE_DEPTH) {
			mo_walk_note(&walk->state, mo_error_create(MO_E_CORRUPT,
				"the rbtree at 0x%llx is deeper than %d nodes at 0x%llx",
				(unsigned long long)walk->state.container_kva, MO_RBTREE_DEPTH,
				(unsigned long long)node_kva));
			return;
		}
		error = read_node(walk, node_kva, parent_kva, &links);
		if (error) {
			mo_walk_note(&walk->state, error);
			return;
		}
		if (!mo_walk_count_node(&walk->state, "the rbtree", MO_RBTREE_DEPTH))
			return;
		walk->stack_kva[walk->depth] = node_kva;
		walk->right_kva[walk->depth] = links.right_kva;
		walk->depth++;
		parent_kva = node_kva;
		node_kva = links.left_kva;
	}
}

void mo_rbtree_begin(struct mo_rbtree_walk *walk, struct mo_reader *reader, uint64_t root_kva, uint64_t limit)
{
	const void *layout = NULL;
	uint64_t node_kva = 0;
	struct mo_error *error;

	/* The stack is written before it is read. */
	walk->layout = NULL;
	walk->depth = 0;
	mo_walk_init(&walk->state, reader, root_kva, limit);
	error = mo_kernel_layout(mo_reader_kernel(reader), MO_LAYOUT_RBTREE, &layout);
	if (!error) {
		walk->layout = layout;
		error = mo_read_pointer(reader, root_kva + walk->layout->root_node.offset_bytes, &node_kva);
	}
	if (error)
		mo_walk_stop(&walk->state, mo_error_prepend(error, "cannot read the rbtree root at 0x%llx",
							    (unsigned long long)root_kva));
	else
		push_left(walk, node_kva, 0);
}

bool mo_rbtree_next(struct mo_rbtree_walk *walk, uint64_t *node_kva)
{
	uint64_t at;
	uint64_t right_kva;

	if (walk->state.is_done)
		return false;
	if (!walk->depth) {
		walk->state.is_done = true;
		return false;
	}
	if (!mo_walk_count(&walk->state, "the rbtree"))
		return false;
	walk->depth--;
	at = walk->stack_kva[walk->depth];
	right_kva = walk->right_kva[walk->depth];
	push_left(walk, right_kva, at);
	*node_kva = at;
	return true;
}

struct mo_error *mo_rbtree_end(struct mo_rbtree_walk *walk)
{
	return mo_walk_finish(&walk->state);
}
