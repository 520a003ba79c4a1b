/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Walks lists (list_head, hlist, singly linked chains). */

#include "kernel_layouts.h"
#include "walk_state.h"

#define LIST_HEAD_BYTES_MAX 16
#define RETRIES_MAX 64

static const struct mo_need list_needs[] = {
	MO_SIZE(struct mo_list_layout, list_head, "struct list_head"),
	MO_FIELD(struct mo_list_layout, next, "struct list_head", "next"),
	MO_FIELD(struct mo_list_layout, prev, "struct list_head", "prev"),
	MO_FIELD(struct mo_list_layout, hlist_first, "struct hlist_head", "first"),
	MO_FIELD(struct mo_list_layout, hlist_next, "struct hlist_node", "next"),
};

static struct mo_error *finish(struct mo_kernel *kernel, void *bound)
{
	const struct mo_list_layout *layout = bound;

	(void)kernel;
	if (layout->list_head.bytes > LIST_HEAD_BYTES_MAX)
		return mo_error_create(MO_E_CORRUPT, "struct list_head has %llu bytes, two pointers are at most %d",
				       (unsigned long long)layout->list_head.bytes, LIST_HEAD_BYTES_MAX);
	return NULL;
}

const struct mo_layout_table mo_list_table = {
	.id = MO_LAYOUT_LIST,
	.layout_bytes = sizeof(struct mo_list_layout),
	.needs = list_needs,
	.n_needs = MO_N_ROWS(list_needs),
	.finish = finish,
};

/* Both pointers of a node in one read. */
static struct mo_error *read_links(const struct mo_list_walk *walk, uint64_t node_kva, uint64_t *next, uint64_t *prev)
{
	uint8_t bytes[LIST_HEAD_BYTES_MAX];
	struct mo_error *error = mo_read(walk->state.reader, node_kva, bytes, walk->layout->list_head.bytes);

	if (error)
		return error;
	*next = mo_get(&walk->layout->next, bytes);
	*prev = mo_get(&walk->layout->prev, bytes);
	return NULL;
}

void mo_list_begin(struct mo_list_walk *walk, struct mo_reader *reader, uint64_t head_kva, uint64_t limit)
{
	const void *layout = NULL;
	struct mo_error *error;

	*walk = (struct mo_list_walk){ .at_kva = head_kva };
	mo_walk_init(&walk->state, reader, head_kva, limit);
	error = mo_kernel_layout(mo_reader_kernel(reader), MO_LAYOUT_LIST, &layout);
	if (!error) {
		walk->layout = layout;
		error = read_links(walk, head_kva, &walk->next_kva, &walk->head_prev_kva);
	}
	if (error)
		mo_walk_stop(&walk->state, mo_error_prepend(error, "cannot read the list head at 0x%llx",
							    (unsigned long long)head_kva));
	else if (!walk->next_kva && !walk->head_prev_kva)
		mo_walk_stop(&walk->state, mo_error_create(MO_E_CORRUPT,
							   "the list head at 0x%llx was never initialised (its pointers "
							   "are NULL)", (unsigned long long)head_kva));
}

/* Whether the walk handed node_kva out already. Only asked once it has failed: it walks again. */
static bool was_handed_out(const struct mo_list_walk *walk, uint64_t node_kva)
{
	uint64_t at = walk->state.container_kva;
	uint64_t prev;
	uint64_t i;

	for (i = 0; i + 1 < walk->state.n_seen; i++) {
		struct mo_error *error = read_links(walk, at, &at, &prev);

		if (error) {
			mo_error_destroy(error);
			return false;
		}
		if (at == node_kva)
			return true;
	}
	return false;
}

/*
 * A back link is wrong where a list ends in a ring (a node has one prev, and two nodes point at it), or where it was
 * overwritten.
 */
static bool stop_broken(struct mo_list_walk *walk, uint64_t node_kva, uint64_t prev_kva)
{
	if (was_handed_out(walk, node_kva))
		return mo_walk_stop(&walk->state, mo_error_create(MO_E_CYCLE,
			"the list at 0x%llx is circular: it returns to 0x%llx after %llu nodes",
			(unsigned long long)walk->state.container_kva, (unsigned long long)node_kva,
			(unsigned long long)walk->state.n_seen - 1));
	return mo_walk_stop(&walk->state, mo_error_create(MO_E_CORRUPT,
		"in the list at 0x%llx, prev of 0x%llx is 0x%llx instead of 0x%llx",
		(unsigned long long)walk->state.container_kva, (unsigned long long)node_kva,
		(unsigned long long)prev_kva, (unsigned long long)walk->at_kva));
}

/*
 * A live kernel may have changed the list between two reads. Reads where the walk stands again: true if it goes on
 * differently from there. A dump does not change.
 */
static bool has_changed(struct mo_list_walk *walk)
{
	uint64_t next = walk->next_kva;
	uint64_t prev;

	if (walk->n_retries == RETRIES_MAX || !mo_kernel_facts(mo_reader_kernel(walk->state.reader))->is_live)
		return false;
	walk->n_retries++;
	mo_error_destroy(read_links(walk, walk->at_kva, &next, &prev));
	if (next == walk->next_kva)
		return false;
	walk->next_kva = next;
	return true;
}

/* The walk came around. The head was read when it began, so of a live kernel its prev is an old one. */
static bool end_at_head(struct mo_list_walk *walk, uint64_t *node_kva)
{
	uint64_t next;

	if (walk->head_prev_kva != walk->at_kva && mo_kernel_facts(mo_reader_kernel(walk->state.reader))->is_live)
		mo_error_destroy(read_links(walk, walk->state.container_kva, &next, &walk->head_prev_kva));
	if (walk->head_prev_kva != walk->at_kva && has_changed(walk)) /* something was added behind the last node */
		return mo_list_next(walk, node_kva);
	if (walk->head_prev_kva != walk->at_kva)
		return stop_broken(walk, walk->state.container_kva, walk->head_prev_kva);
	walk->state.is_done = true;
	return false;
}

bool mo_list_next(struct mo_list_walk *walk, uint64_t *node_kva)
{
	uint64_t at = walk->next_kva;
	uint64_t next;
	uint64_t prev;
	struct mo_error *error;

	if (walk->state.is_done)
		return false;
	if (at == walk->state.container_kva)
		return end_at_head(walk, node_kva);
	if (!mo_walk_count(&walk->state, "the list"))
		return false;
	error = read_links(walk, at, &next, &prev);
	if ((error || prev != walk->at_kva) && has_changed(walk)) {
		mo_error_destroy(error);
		walk->state.n_seen--;
		return mo_list_next(walk, node_kva); /* RETRIES_MAX bounds the depth */
	}
	if (error)
		return mo_walk_stop(&walk->state, mo_error_prepend(error,
			"in the list at 0x%llx, cannot follow 0x%llx, next of 0x%llx",
			(unsigned long long)walk->state.container_kva, (unsigned long long)at,
			(unsigned long long)walk->at_kva));
	if (prev != walk->at_kva)
		return stop_broken(walk, at, prev);
	walk->at_kva = at;
	walk->next_kva = next;
	*node_kva = at;
	return true;
}

struct mo_error *mo_list_end(struct mo_list_walk *walk)
{
	return mo_walk_finish(&walk->state);
}

void mo_chain_begin(struct mo_chain_walk *walk, struct mo_reader *reader, uint64_t first_kva, uint64_t next_offset_bytes,
		    uint64_t limit)
{
	*walk = (struct mo_chain_walk){ .next_kva = first_kva, .next_offset_bytes = next_offset_bytes };
	mo_walk_init(&walk->state, reader, first_kva, limit);
}

void mo_hlist_begin(struct mo_chain_walk *walk, struct mo_reader *reader, uint64_t head_kva, uint64_t limit)
{
	const void *bound = NULL;
	struct mo_error *error = mo_kernel_layout(mo_reader_kernel(reader), MO_LAYOUT_LIST, &bound);
	const struct mo_list_layout *layout = bound;

	*walk = (struct mo_chain_walk){ .next_kva = 0 };
	mo_walk_init(&walk->state, reader, head_kva, limit);
	if (!error) {
		walk->next_offset_bytes = layout->hlist_next.offset_bytes;
		error = mo_read_pointer(reader, head_kva + layout->hlist_first.offset_bytes, &walk->next_kva);
	}
	if (error)
		mo_walk_stop(&walk->state, mo_error_prepend(error, "cannot read the hlist head at 0x%llx",
							    (unsigned long long)head_kva));
}

bool mo_chain_next(struct mo_chain_walk *walk, uint64_t *node_kva)
{
	uint64_t at = walk->next_kva;
	uint64_t next;
	struct mo_error *error;

	if (walk->state.is_done)
		return false;
	if (!at || at & 1) {
		walk->state.is_done = true;
		return false;
	}
	if (!mo_walk_count(&walk->state, "the chain"))
		return false;
	if (mo_walk_was_at(&walk->state, at))
		return mo_walk_stop(&walk->state, mo_error_create(MO_E_CYCLE,
			"the chain at 0x%llx is circular: it returns to 0x%llx after %llu nodes",
			(unsigned long long)walk->state.container_kva, (unsigned long long)at,
			(unsigned long long)walk->state.n_seen - 1));
	error = mo_read_pointer(walk->state.reader, at + walk->next_offset_bytes, &next);
	if (error)
		return mo_walk_stop(&walk->state, mo_error_prepend(error,
			"in the chain at 0x%llx, cannot follow 0x%llx", (unsigned long long)walk->state.container_kva,
			(unsigned long long)at));
	walk->next_kva = next;
	*node_kva = at;
	return true;
}

struct mo_error *mo_chain_end(struct mo_chain_walk *walk)
{
	return mo_walk_finish(&walk->state);
}
