/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The CPUs whose parts of the counters are to be added. */
#include "gathering.h"

/*
 * A panic stops the other CPUs and marks them offline (stop_this_cpu() and its like), and leaves them in
 * __cpu_active_mask, from which a CPU that is taken offline in order is removed first.
 */
static struct mo_error *add_active(const struct zones_state *state, struct mo_set *running)
{
	const struct mo_kernel_facts *facts = mo_kernel_facts(mo_run_kernel(state->run));
	const struct mo_address *active = &state->layout->active_cpus;

	if (!mo_has(active) || facts->pointer_bytes != 8)
		return NULL;
	for (unsigned word = 0; word < (running->n_bits + 63) / 64; word++) {
		uint64_t bits = 0;
		struct mo_error *error = mo_read_u64(state->reader, active->kva + word * 8u, &bits);

		if (error)
			return error;
		running->words[word] |= bits;
	}
	return NULL;
}

struct mo_error *read_zone_cpus(const struct zones_state *state, struct zone_cpus *ret)
{
	struct mo_error *error = mo_cpus(state->reader, MO_CPUS_POSSIBLE, &ret->possible);

	if (!error)
		error = mo_cpus(state->reader, MO_CPUS_ONLINE, &ret->running);
	if (!error)
		error = add_active(state, &ret->running);
	return error;
}
