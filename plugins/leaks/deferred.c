/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "deferred.h"

#include <memopsy/walk.h>

#define MOST_CALLBACKS (16u << 20)

/* A callback counts if it lies in memory that can be lost; many lie in variables. */
static void count_chain(struct leaks_state *state, struct mo_reader *reader, uint64_t head_kva)
{
	struct mo_chain_walk walk;
	uint64_t first = 0;
	uint64_t kva;
	struct mo_error *error = mo_read_pointer(reader, head_kva, &first);

	if (error) {
		mo_error_destroy(error);
		return;
	}
	mo_chain_begin(&walk, reader, first, 0, MOST_CALLBACKS);
	while (mo_chain_next(&walk, &kva))
		state->model.deferred_callbacks += pointed_slab(&state->index, kva) != 0;
	/* What is broken is RCU's, and no loss: those that were met count. */
	mo_error_destroy(mo_chain_end(&walk));
}

struct mo_error *count_callbacks(struct leaks_state *state)
{
	const struct leaks_layout *layout = state->layout;
	struct mo_reader *reader = mo_run_reader(state->run);
	struct mo_set cpus;
	struct mo_error *error;

	if (!mo_has(&layout->rcu.data) || !mo_has(&layout->rcu.callbacks))
		return NULL;
	error = mo_cpus(reader, MO_CPUS_POSSIBLE, &cpus);
	if (error) {
		mo_error_destroy(error);
		return NULL;
	}
	for (int cpu = mo_set_next(&cpus, 0); cpu >= 0; cpu = mo_set_next(&cpus, (unsigned)cpu + 1)) {
		uint64_t kva;

		error = mo_percpu(reader, layout->rcu.data.kva, (unsigned)cpu, &kva);
		if (!error)
			count_chain(state, reader, kva + layout->rcu.callbacks.offset_bytes);
		mo_error_destroy(error);
	}
	return NULL;
}

void count_kfree_rcu(struct leaks_state *state)
{
	const struct leaks_layout *layout = state->layout;
	struct mo_reader *reader = mo_run_reader(state->run);
	struct mo_set cpus;
	struct mo_error *error;

	if (!mo_has(&layout->rcu.kfree) || !mo_has(&layout->rcu.kfree_count))
		return;
	error = mo_cpus(reader, MO_CPUS_POSSIBLE, &cpus);
	for (int cpu = error ? -1 : mo_set_next(&cpus, 0); cpu >= 0; cpu = mo_set_next(&cpus, (unsigned)cpu + 1)) {
		unsigned n_counts = mo_has(&layout->rcu.kfree_bulk_count) ? 2 : 0;
		uint64_t count = 0;
		uint64_t kva;
		struct mo_error *unread = mo_percpu(reader, layout->rcu.kfree.kva, (unsigned)cpu, &kva);

		if (!unread)
			unread = mo_read_field(reader, &layout->rcu.kfree_count, kva, &count);
		for (unsigned i = 0; i < n_counts && !unread; i++) {
			uint32_t bulk = 0;

			unread = mo_read_u32(reader, kva + layout->rcu.kfree_bulk_count.offset_bytes + i * 4, &bulk);
			count += bulk;
		}
		if (!unread && count <= state->model.objects)
			state->model.deferred_kfree_rcu += count;
		mo_error_destroy(unread);
	}
	mo_error_destroy(error);
}
