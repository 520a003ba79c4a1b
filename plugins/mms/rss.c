/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What an mm_struct that lost its tasks still counts as resident. */
#include <memopsy/walk.h>

#include "gathering.h"

static struct mo_error *add_counter(struct mo_run *run, uint64_t mm_kva, uint64_t index, int64_t *sum)
{
	const struct mms_layout *layout = mo_run_layout(run);
	struct mo_reader *reader = mo_run_reader(run);
	int64_t n = 0;
	struct mo_error *error;

	if (mo_has(&layout->counts)) {
		uint64_t value = 0;

		if (!layout->counts.width_bytes || index >= layout->counts.n_elements)
			return mo_error_create(MO_E_UNSUPPORTED, "struct mm_rss_stat has another form");
		error = mo_read_element(reader, &layout->counts, mo_field_kva(&layout->counters, mm_kva), index, &value);
		n = (int64_t)value;
	} else if (index < layout->counters.n_elements) {
		error = mo_percpu_counter_sum(reader, mo_element_kva(&layout->counters, mm_kva, index), &n);
	} else {
		error = mo_error_create(MO_E_UNSUPPORTED, "mm_struct.rss_stat has an unknown form");
	}
	if (!error && n > 0 && n < INT64_MAX / 4)
		*sum += n;
	return error;
}

struct mo_count read_rss(struct mo_run *run, uint64_t mm_kva)
{
	const struct mms_layout *layout = mo_run_layout(run);
	const struct mo_constant *const kinds[] = { &layout->file_pages, &layout->anon_pages, &layout->shmem_pages };
	int64_t sum = 0;
	struct mo_error *error = NULL;

	if (!mo_has(&layout->counters))
		return mo_unknown();
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]) && !error; i++) {
		if (!mo_has(kinds[i]) || kinds[i]->value < 0)
			return mo_unknown();
		error = add_counter(run, mm_kva, (uint64_t)kinds[i]->value, &sum);
	}
	return mo_error_destroy(error) ? mo_unknown() : mo_exact((uint64_t)sum);
}
