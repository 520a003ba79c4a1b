/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One group: its counters, limits and events, as struct mem_cgroup has them. */
#include "gathering.h"

#include <inttypes.h>

#define REF_MODE_BITS 3u /* __PERCPU_REF_ATOMIC_DEAD (include/linux/percpu-refcount.h) */

struct reading {
	struct cgroups_state *state;
	uint64_t memcg_kva;
	bool failed;
};

/* A number; unknown if this kernel has no such member, or it could not be read (which is noted once a group). */
static struct mo_count take(struct reading *reading, const struct mo_field *field, uint64_t object_kva)
{
	uint64_t value = 0;
	struct mo_error *error;

	if (!mo_has(field) || !field->width_bytes || !object_kva)
		return mo_unknown();
	error = mo_read_field(reading->state->reader, field, object_kva, &value);
	if (!error)
		return mo_exact(value);
	if (reading->failed)
		mo_error_destroy(error);
	else
		mo_trouble_note(&reading->state->unreadable_groups,
			     mo_error_prepend(error, "group at 0x%" PRIx64, reading->memcg_kva));
	reading->failed = true;
	return mo_unknown();
}

/* PAGE_COUNTER_MAX is LONG_MAX / PAGE_SIZE, and LONG_MAX where that has 32 bits (include/linux/page_counter.h). */
static struct mo_count take_limit(struct reading *reading, const struct mo_field *field, uint64_t object_kva)
{
	const struct mo_kernel_facts *facts = mo_kernel_facts(mo_run_kernel(reading->state->run));
	uint64_t max_pages = facts->pointer_bytes == 8 ? INT64_MAX / facts->page_bytes : INT32_MAX;
	struct mo_count limit = take(reading, field, object_kva);

	if (limit.value >= max_pages)
		limit.value = UINT64_MAX;
	return limit;
}

static struct mo_page_counter take_counter(struct reading *reading, const struct mo_field *member)
{
	const struct cgroups_layout *layout = reading->state->layout;
	struct mo_page_counter counter = { .usage_pages = mo_unknown() };
	uint64_t kva;

	if (!mo_has(member))
		return counter;
	kva = mo_field_kva(member, reading->memcg_kva);
	counter.usage_pages = take(reading, &layout->counter.usage, kva);
	/* Negative: less was charged than given back, a damaged counter. */
	if (counter.usage_pages.certainty == MO_EXACT &&
	    counter.usage_pages.value >> (layout->counter.usage.width_bytes * 8 - 1))
		counter.usage_pages.value = 0;
	counter.watermark_pages = take(reading, &layout->counter.watermark, kva);
	counter.min_pages = take_limit(reading, &layout->counter.min, kva);
	counter.low_pages = take_limit(reading, &layout->counter.low, kva);
	counter.max_pages = take_limit(reading, &layout->counter.max, kva);
	counter.failcnt = take(reading, &layout->counter.failcnt, kva);
	return counter;
}

static void take_events(struct reading *reading, const struct mo_field *array, struct mo_count *events)
{
	const struct cgroups_layout *layout = reading->state->layout;

	for (unsigned i = 0; i < MO_N_CGROUP_EVENTS; i++) {
		uint64_t index = (uint64_t)layout->events[i].value;
		uint64_t value = 0;
		struct mo_error *error;

		events[i] = mo_unknown();
		if (!mo_has(array) || !array->width_bytes || !mo_has(&layout->events[i]) || index >= array->n_elements)
			continue;
		error = mo_read_element(reading->state->reader, array, reading->memcg_kva, index, &value);
		if (!error)
			events[i] = mo_exact(value);
		mo_error_destroy(error);
	}
}

static void take_css(struct reading *reading, struct mo_cgroup *group)
{
	const struct cgroups_layout *layout = reading->state->layout;
	uint64_t css_kva = mo_field_kva(&layout->memcg.css, group->memcg_kva);
	struct mo_count flags = take(reading, &layout->css.flags, css_kva);
	struct mo_count mode = take(reading, &layout->css.ref_pointer, css_kva);
	uint64_t node_kva = 0;

	group->cgroup_kva = take(reading, &layout->css.cgroup, css_kva).value;
	group->is_online = flags.certainty == MO_EXACT && flags.value & (uint64_t)layout->css_online.value;
	group->is_dying = flags.certainty == MO_EXACT && !group->is_online;
	group->references = mo_unknown();
	if (mode.certainty == MO_EXACT && mode.value & REF_MODE_BITS)
		group->references = take(reading, &layout->css.ref_count, take(reading, &layout->css.ref_data, css_kva).value);
	if (group->cgroup_kva)
		node_kva = take(reading, &layout->path.cgroup_kn, group->cgroup_kva).value;
	group->cgroup_id = take(reading, &layout->kernfs_id, node_kva).value;
}

void read_group(struct cgroups_state *state, struct mo_cgroup *group)
{
	const struct cgroups_layout *layout = state->layout;
	struct reading reading = { .state = state, .memcg_kva = group->memcg_kva };

	take_css(&reading, group);
	group->id = take(&reading, &layout->memcg.id, group->memcg_kva).value;
	group->has_oom_group = take(&reading, &layout->memcg.oom_group, group->memcg_kva).value;
	group->memory = take_counter(&reading, &layout->memcg.memory);
	group->swap = take_counter(&reading, &layout->memcg.swap);
	group->kernel_memory = take_counter(&reading, &layout->memcg.kmem);
	group->high_pages = take_limit(&reading, &layout->memcg.high, group->memcg_kva);
	group->swap_high_pages = take_limit(&reading, &layout->memcg.swap_high, group->memcg_kva);
	take_events(&reading, &layout->memcg.events, group->events);
	take_events(&reading, &layout->memcg.events_local, group->local_events);
	group->events_low = group->events[MO_CGROUP_EVENT_LOW];
	group->events_high = group->events[MO_CGROUP_EVENT_HIGH];
	group->events_max = group->events[MO_CGROUP_EVENT_MAX];
	group->events_oom = group->events[MO_CGROUP_EVENT_OOM];
	group->events_oom_kill = group->events[MO_CGROUP_EVENT_OOM_KILL];
}
