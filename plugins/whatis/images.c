/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Where the kernel's image and its modules lie, part by part (include/linux/module.h). */
#include <stdlib.h>

#include "gathering.h"

#define IMAGE_BYTES_MAX (1ull << 30)

static const char *const part_names[] = {
	[MO_MODULE_TEXT] = "text",
	[MO_MODULE_DATA] = "data",
	[MO_MODULE_RODATA] = "read-only data",
	[MO_MODULE_RO_AFTER_INIT] = "data that is read-only after init",
	[MO_MODULE_INIT_TEXT] = "init text",
	[MO_MODULE_INIT_DATA] = "init data",
	[MO_MODULE_INIT_RODATA] = "init read-only data",
};

static struct mo_error *add_part(struct whatis_state *state, const char *module, const struct mo_module_range *range)
{
	struct module_part *parts;

	if (!range->n_bytes || range->n_bytes > IMAGE_BYTES_MAX || range->first_kva > UINT64_MAX - range->n_bytes)
		return NULL;
	parts = reallocarray(state->parts, state->n_parts + 1, sizeof(*parts));
	if (!parts)
		return mo_error_no_memory();
	state->parts = parts;
	parts[state->n_parts] = (struct module_part){ .module = module, .what = part_names[range->part] };
	return add_range(&state->images, range->first_kva, range->first_kva + range->n_bytes, (uint32_t)state->n_parts++);
}

/* Its parts, and its own per-CPU variables, an allocation of the reserved part of the first chunk. */
static struct mo_error *add_module(struct whatis_state *state, const struct mo_module *module)
{
	struct module_percpu *grown;
	struct mo_error *error = NULL;

	for (size_t i = 0; i < module->n_ranges && !error; i++)
		error = add_part(state, module->name, &module->ranges[i]);
	if (error || !module->percpu_bytes)
		return error;
	grown = reallocarray(state->module_percpus, state->n_module_percpus + 1, sizeof(*grown));
	if (!grown)
		return mo_error_no_memory();
	state->module_percpus = grown;
	grown[state->n_module_percpus++] = (struct module_percpu){
		.module = module->name, .first_kva = module->percpu_kva, .n_bytes = module->percpu_bytes };
	return NULL;
}

struct mo_error *gather_images(struct whatis_state *state)
{
	const struct whatis_layout *layout = state->layout;
	struct mo_error *error = NULL;

	if (mo_has(&layout->image_start) && mo_has(&layout->image_end) && layout->image_end.kva > layout->image_start.kva &&
	    layout->image_end.kva - layout->image_start.kva <= IMAGE_BYTES_MAX)
		error = add_range(&state->images, layout->image_start.kva, layout->image_end.kva, PLACES_KERNEL_IMAGE);
	if (!error) /* a broken list of modules is the core's to tell, which walks it for their symbols */
		error = only_fatal(mo_modules_gather(mo_run_reader(state->run), &state->modules));
	for (size_t i = 0; !error && state->modules && i < state->modules->count; i++)
		error = add_module(state, &state->modules->items[i]);
	sort_ranges(&state->images);
	return error;
}
