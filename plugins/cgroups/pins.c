/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What holds removed memory cgroups besides charges: child groups and writeback contexts. */
#include "pins.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#define MAX_CONTEXTS (1u << 20)
#define MAX_ATTACHED (1u << 24) /* inodes of all contexts, should their lists be one and the same */

static uint64_t count_attached(struct mo_reader *reader, const struct mo_field *list, uint64_t context_kva, uint64_t *n_left)
{
	struct mo_list_walk walk;
	uint64_t node_kva;
	uint64_t n = 0;

	if (!mo_has(list))
		return 0;
	mo_list_begin(&walk, reader, mo_field_kva(list, context_kva), MAX_ATTACHED);
	while (*n_left && mo_list_next(&walk, &node_kva)) {
		n++;
		--*n_left;
	}
	mo_error_destroy(mo_list_end(&walk));
	return n;
}

/* offline_cgwbs: the contexts of removed groups. */
static void find_contexts(struct mo_run *run, struct group_pins *pins)
{
	const struct cgroups_state *state = mo_run_model(run); /* the model is its first member */
	const struct cgroups_layout *layout = mo_run_layout(run);
	struct mo_reader *reader = mo_run_reader(run);
	uint64_t n_left = MAX_ATTACHED;
	struct mo_list_walk walk;
	uint64_t node_kva;

	if (!mo_has(&layout->writeback.offline) || !mo_has(&layout->writeback.node) || !mo_has(&layout->writeback.memcg_css))
		return;
	mo_list_begin(&walk, reader, layout->writeback.offline.kva, MAX_CONTEXTS);
	while (mo_list_next(&walk, &node_kva)) {
		uint64_t context_kva = node_kva - layout->writeback.node.offset_bytes;
		uint64_t css_kva = 0;
		struct mo_error *error = mo_read_field(reader, &layout->writeback.memcg_css, context_kva, &css_kva);
		uint32_t group = error ? MO_CGROUP_NONE : group_of_memcg(state, css_kva - layout->memcg.css.offset_bytes);

		mo_error_destroy(error);
		if (group == MO_CGROUP_NONE)
			continue;
		pins[group].contexts++;
		for (size_t i = 0; i < sizeof(layout->writeback.inodes) / sizeof(layout->writeback.inodes[0]); i++)
			pins[group].inodes += count_attached(reader, &layout->writeback.inodes[i], context_kva, &n_left);
	}
	mo_error_destroy(mo_list_end(&walk));
}

struct group_pins *find_pins(struct mo_run *run)
{
	const struct mo_cgroups_model *model = mo_run_model(run);
	struct group_pins *pins = calloc(model->n_cgroups + 1, sizeof(*pins));

	if (!pins)
		return NULL;
	for (size_t i = 0; i < model->n_cgroups; i++)
		if (model->cgroups[i].parent != MO_CGROUP_NONE)
			pins[model->cgroups[i].parent].groups++;
	find_contexts(run, pins);
	return pins;
}

void describe_pins(const struct group_pins *pins, char *text, size_t n_bytes)
{
	int n = 0;

	*text = '\0';
	if (pins->groups)
		n = snprintf(text, n_bytes, "%" PRIu64 " group%s below", pins->groups, pins->groups == 1 ? "" : "s");
	if (pins->contexts && n >= 0 && (size_t)n < n_bytes)
		snprintf(text + n, n_bytes - (size_t)n, "%s%" PRIu64 " writeback context%s with %" PRIu64 " inode%s",
			 n ? ", " : "", pins->contexts, pins->contexts == 1 ? "" : "s", pins->inodes,
			 pins->inodes == 1 ? "" : "s");
}
