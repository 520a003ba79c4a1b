/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * memory.stat of every group. Each CPU counts for the group that it works for, and what it counted is added to the group
 * and to its parents when somebody flushes (mem_cgroup_css_rstat_flush()): here it is all added, as reading the file
 * does when enough has come together. Where there is no flushing (5.10), the file shows what the CPUs handed over in
 * batches, and so do we; what the group alone has is exact all the same.
 */
#include <memopsy/architecture.h>

#include "gathering.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define MAX_PERCPU_BYTES (1u << 20)

/* All groups' counters while they are being added up: n values a group, state first, then events. */
struct folding {
	struct cgroups_state *state;
	const struct mo_set *cpus;
	size_t n;
	uint64_t *totals, *own, *handed_up; /* n_groups times n; handed_up: what parents will be given */
	bool *is_read;
	uint8_t *percpu;
	bool is_flushed;             /* this kernel has a flush, and what it has not yet added can be told */
};

static const struct mo_kernel_facts *facts_of(const struct cgroups_state *state)
{
	return mo_kernel_facts(mo_run_kernel(state->run));
}

/* The address of memcg->vmstats, whatever it is. */
static struct mo_error *vmstats_kva(const struct cgroups_state *state, uint64_t memcg_kva, uint64_t *ret)
{
	const struct mo_field *vmstats = &state->layout->memcg.vmstats;

	if (vmstats->n_elements == 1 && vmstats->size_bytes == facts_of(state)->pointer_bytes)
		return mo_read_field(state->reader, vmstats, memcg_kva, ret);
	*ret = mo_field_kva(vmstats, memcg_kva);
	return NULL;
}

/* n longs of the kernel, added to what is in `into`. */
static struct mo_error *add_words(struct cgroups_state *state, uint64_t kva, size_t n, uint64_t *into)
{
	const struct mo_kernel_facts *facts = facts_of(state);
	size_t word_bytes = facts->pointer_bytes;

	for (size_t done = 0; done < n;) {
		const void *bytes = NULL;
		size_t n_bytes = 0;
		int64_t value;
		struct mo_error *error = mo_view(state->reader, kva + done * word_bytes, (n - done) * word_bytes, &bytes, &n_bytes);

		if (error)
			return error;
		if (n_bytes < word_bytes) {
			error = mo_read_long(state->reader, kva + done * word_bytes, &value);
			if (error)
				return error;
			into[done++] += (uint64_t)value;
			continue;
		}
		for (size_t i = 0; i < n_bytes / word_bytes; i++)
			into[done++] += mo_long_at(facts, (const uint8_t *)bytes + i * word_bytes);
	}
	return NULL;
}

static struct mo_error *read_common(struct folding *folding, const struct mo_cgroup *group, uint64_t *totals,
				    uint64_t *handed_up)
{
	struct cgroups_state *state = folding->state;
	const struct cgroups_layout *layout = state->layout;
	size_t n_state = state->lines->n_state;
	size_t n_events = state->lines->n_events;
	uint64_t kva = 0;
	struct mo_error *error;

	if (!mo_has(&layout->stat.state)) {
		error = add_words(state, mo_field_kva(&layout->memcg.vmstats, group->memcg_kva), n_state, totals);
		return error ? error : add_words(state, mo_field_kva(&layout->memcg.vmevents, group->memcg_kva), n_events,
						 totals + n_state);
	}
	error = vmstats_kva(state, group->memcg_kva, &kva);
	if (!error)
		error = add_words(state, mo_field_kva(&layout->stat.state, kva), n_state, totals);
	if (!error)
		error = add_words(state, mo_field_kva(&layout->stat.events, kva), n_events, totals + n_state);
	if (!error && folding->is_flushed)
		error = add_words(state, mo_field_kva(&layout->stat.state_pending, kva), n_state, handed_up);
	if (!error && folding->is_flushed)
		error = add_words(state, mo_field_kva(&layout->stat.events_pending, kva), n_events, handed_up + n_state);
	return error;
}

static uint64_t long_at(const struct mo_kernel_facts *facts, const uint8_t *bytes, const struct mo_field *array, size_t index)
{
	return mo_long_at(facts, bytes + array->offset_bytes + index * facts->pointer_bytes);
}

/* One CPU's part. */
static void add_percpu(struct folding *folding, uint64_t *own, uint64_t *handed_up)
{
	const struct cgroups_layout *layout = folding->state->layout;
	const struct mo_kernel_facts *facts = facts_of(folding->state);
	size_t n_state = folding->state->lines->n_state;

	for (size_t i = 0; i < folding->n; i++) {
		bool is_event = i >= n_state;
		size_t index = is_event ? i - n_state : i;
		uint64_t now = long_at(facts, folding->percpu, is_event ? &layout->stat.cpu_events : &layout->stat.cpu_state, index);

		own[i] += now;
		if (folding->is_flushed)
			handed_up[i] += now - long_at(facts, folding->percpu, is_event ? &layout->stat.cpu_events_prev :
									&layout->stat.cpu_state_prev, index);
	}
}

static struct mo_error *read_percpu(struct folding *folding, const struct mo_cgroup *group, const struct mo_field *pointer,
				    uint64_t *own, uint64_t *handed_up)
{
	struct cgroups_state *state = folding->state;
	uint64_t percpu_kva = 0;
	struct mo_error *error = mo_read_field(state->reader, pointer, group->memcg_kva, &percpu_kva);

	for (int cpu = mo_set_next(folding->cpus, 0); cpu >= 0 && !error; cpu = mo_set_next(folding->cpus, (unsigned)cpu + 1)) {
		uint64_t kva = 0;

		error = mo_percpu(state->reader, percpu_kva, (unsigned)cpu, &kva);
		if (!error)
			error = mo_read(state->reader, kva, folding->percpu, (size_t)state->layout->stat.percpu.bytes);
		if (!error)
			add_percpu(folding, own, handed_up);
	}
	return error;
}

static void read_one(struct folding *folding, size_t index)
{
	struct cgroups_state *state = folding->state;
	const struct cgroups_layout *layout = state->layout;
	const struct mo_cgroup *group = &state->groups[index];
	uint64_t *own = folding->own + index * folding->n;
	uint64_t *handed_up = folding->handed_up + index * folding->n;
	struct mo_error *error = read_common(folding, group, folding->totals + index * folding->n, handed_up);

	if (!error)
		error = read_percpu(folding, group, &layout->memcg.vmstats_percpu, own, handed_up);
	/* Parts that were handed over already: 5.10 keeps them for each CPU as well. */
	if (!error && mo_has(&layout->memcg.vmstats_local))
		error = read_percpu(folding, group, &layout->memcg.vmstats_local, own, handed_up);
	folding->is_read[index] = !error;
	mo_trouble_note(&state->unreadable_stats, mo_error_prepend(error, "statistics of the group at 0x%" PRIx64,
								group->memcg_kva));
}

/* A group gets what it has pending, and gives the same to its parent: children come behind their parents. */
static void fold(struct folding *folding)
{
	for (size_t i = folding->state->n_groups; i-- > 0;) {
		const uint64_t *handed_up = folding->handed_up + i * folding->n;
		uint32_t parent = folding->state->groups[i].parent;

		for (size_t j = 0; j < folding->n; j++) {
			folding->totals[i * folding->n + j] += handed_up[j];
			if (parent != MO_CGROUP_NONE)
				folding->handed_up[parent * folding->n + j] += handed_up[j];
		}
		if (parent != MO_CGROUP_NONE && !folding->is_read[i] && folding->is_flushed)
			folding->is_read[parent] = false;
	}
}

/* Sums of counters that were taken at different moments may be negative: the kernel shows 0. */
static uint64_t line_value(const struct folding *folding, const struct stat_line *line, const uint64_t *values)
{
	uint64_t sum = 0;

	for (unsigned i = 0; i < line->n_terms; i++) {
		size_t index = line->terms[i].index + (line->terms[i].is_event ? folding->state->lines->n_state : 0);
		int64_t value = index < folding->n ? (int64_t)values[index] : 0;

		sum += value < 0 && !line->terms[i].is_event ? 0 : (uint64_t)value;
	}
	return sum * line->factor;
}

static void set_stats(struct folding *folding)
{
	struct cgroups_state *state = folding->state;
	size_t n_lines = state->lines->n;

	for (size_t i = 0; i < state->n_groups; i++) {
		struct mo_cgroup_stat *stats = state->stats + i * n_lines;

		for (size_t j = 0; j < n_lines; j++) {
			const struct stat_line *line = &state->lines->lines[j];

			stats[j] = (struct mo_cgroup_stat){ .name = line->name, .is_bytes = line->is_bytes };
			if (!folding->is_read[i])
				continue;
			stats[j].value = mo_exact(line_value(folding, line, folding->totals + i * folding->n));
			stats[j].own_value = mo_exact(line_value(folding, line, folding->own + i * folding->n));
		}
		state->groups[i].stats = stats;
		state->groups[i].n_stats = n_lines;
	}
}

static bool fits(const struct cgroups_state *state, const struct mo_field *array, uint64_t n, uint64_t bytes)
{
	return mo_has(array) && array->offset_bytes <= bytes &&
	       n <= (bytes - array->offset_bytes) / facts_of(state)->pointer_bytes;
}

static struct mo_error *check_percpu(const struct cgroups_state *state, bool *is_flushed)
{
	const struct cgroups_layout *layout = state->layout;
	uint64_t bytes = mo_has(&layout->stat.percpu) ? layout->stat.percpu.bytes : 0;

	if (!mo_has(&layout->memcg.vmstats_percpu) || bytes > MAX_PERCPU_BYTES ||
	    !fits(state, &layout->stat.cpu_state, state->lines->n_state, bytes) ||
	    !fits(state, &layout->stat.cpu_events, state->lines->n_events, bytes))
		return mo_error_create(MO_E_ABSENT, "where CPUs count for memory cgroups is unknown");
	*is_flushed = mo_has(&layout->stat.state_pending) && mo_has(&layout->stat.events_pending) &&
		      fits(state, &layout->stat.cpu_state_prev, state->lines->n_state, bytes) &&
		      fits(state, &layout->stat.cpu_events_prev, state->lines->n_events, bytes);
	return NULL;
}

static struct mo_error *fold_all(struct cgroups_state *state)
{
	struct mo_set cpus;
	struct folding folding = { .state = state, .cpus = &cpus, .n = state->lines->n_state + state->lines->n_events };
	struct mo_error *error = mo_cpus(state->reader, MO_CPUS_POSSIBLE, &cpus);

	if (!error)
		error = check_percpu(state, &folding.is_flushed);
	if (error)
		return error;
	folding.totals = calloc(state->n_groups, folding.n * 8);
	folding.own = calloc(state->n_groups, folding.n * 8);
	folding.handed_up = calloc(state->n_groups, folding.n * 8);
	folding.is_read = calloc(state->n_groups, sizeof(bool));
	folding.percpu = malloc((size_t)state->layout->stat.percpu.bytes);
	state->stats = calloc(state->n_groups * state->lines->n + 1, sizeof(*state->stats));
	if (!folding.totals || !folding.own || !folding.handed_up || !folding.is_read || !folding.percpu || !state->stats)
		error = mo_error_no_memory();
	for (size_t i = 0; !error && i < state->n_groups; i++)
		read_one(&folding, i);
	if (!error) {
		fold(&folding);
		set_stats(&folding);
	}
	free(folding.totals);
	free(folding.own);
	free(folding.handed_up);
	free(folding.is_read);
	free(folding.percpu);
	return error;
}

struct mo_error *gather_stats(struct cgroups_state *state)
{
	const struct mo_kernel_facts *facts = mo_kernel_facts(mo_run_kernel(state->run));
	struct mo_error *error;

	state->lines = calloc(1, sizeof(*state->lines));
	if (!state->lines)
		return mo_error_no_memory();
	if (facts->is_big_endian || facts->pointer_bytes != 8)
		error = mo_error_create(MO_E_UNSUPPORTED, "statistics of memory cgroups are read only from 64-bit "
							  "little-endian kernels");
	else
		error = find_stat_lines(state);
	if (!error)
		error = fold_all(state);
	if (mo_error_ends_run(error))
		return error;
	mo_trouble_note(&state->unreadable_stats, error);
	return NULL;
}

const struct mo_cgroup_stat *find_stat(const struct mo_cgroup *group, const char *name)
{
	for (size_t i = 0; i < group->n_stats; i++)
		if (!strcmp(group->stats[i].name, name))
			return &group->stats[i];
	return NULL;
}

struct mo_count stat_value(const struct mo_cgroup *group, const char *name)
{
	const struct mo_cgroup_stat *stat = find_stat(group, name);

	return stat ? stat->value : mo_unknown();
}
