/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Where the kernel's image and its modules lie, part by part (include/linux/module.h). */
#include <memopsy/walk.h>
#include <stdlib.h>

#include "gathering.h"

#define MOST_NAME_BYTES 64
#define MOST_IMAGE_BYTES (1ull << 30)

static const char *const part_names[N_MODULE_PARTS] = {
	"text", "data", "read-only data", "data that is read-only after init", "init text", "init data", "init read-only data",
};

static struct mo_error *add_part(struct places_state *state, const char *module, const char *what, uint64_t base_kva,
				 uint64_t n_bytes)
{
	struct module_part *parts;

	if (!base_kva || !n_bytes || n_bytes > MOST_IMAGE_BYTES || base_kva > UINT64_MAX - n_bytes)
		return NULL;
	parts = reallocarray(state->parts, state->n_parts + 1, sizeof(*parts));
	if (!parts)
		return mo_error_no_memory();
	state->parts = parts;
	parts[state->n_parts] = (struct module_part){ .module = module, .what = what };
	return add_range(&state->images, base_kva, base_kva + n_bytes, (uint32_t)state->n_parts++);
}

static struct mo_error *read_part(struct places_state *state, const char *module, const char *what,
				  const struct mo_field *base, const struct mo_field *n_bytes, uint64_t at_kva)
{
	struct mo_reader *reader = mo_run_reader(state->run);
	uint64_t base_kva = 0;
	uint64_t part_bytes = 0;
	struct mo_error *error = NULL;

	if (!mo_has(base) || !mo_has(n_bytes))
		return NULL;
	error = mo_read_field(reader, base, at_kva, &base_kva);
	if (!error)
		error = mo_read_field(reader, n_bytes, at_kva, &part_bytes);
	if (error)
		return only_fatal(error);
	return add_part(state, module, what, base_kva, part_bytes);
}

static struct mo_error *read_parts(struct places_state *state, const char *module, uint64_t module_kva)
{
	const struct places_layout *layout = state->layout;
	struct mo_error *error = NULL;

	if (!mo_has(&layout->module.mem)) {
		error = read_part(state, module, "image", &layout->module.core_base, &layout->module.core_bytes, module_kva);
		return error ? error :
			       read_part(state, module, "init image", &layout->module.init_base, &layout->module.init_bytes,
					 module_kva);
	}
	for (unsigned i = 0; i < N_MODULE_PARTS && !error; i++) {
		const struct mo_constant *part = &layout->parts[i];

		if (mo_has(part) && part->value >= 0 && (uint64_t)part->value < layout->module.mem.n_elements)
			error = read_part(state, module, part_names[i], &layout->memory_base, &layout->memory_bytes,
					  mo_element_kva(&layout->module.mem, module_kva, (uint64_t)part->value));
	}
	return error;
}

/* The module's own per-CPU variables, an allocation of the reserved part of the first chunk. */
static struct mo_error *read_module_percpu(struct places_state *state, const char *module, uint64_t module_kva)
{
	const struct places_layout *layout = state->layout;
	struct mo_reader *reader = mo_run_reader(state->run);
	struct module_percpu *grown;
	uint64_t first_kva = 0;
	uint64_t n_bytes = 0;
	struct mo_error *error;

	if (!mo_has(&layout->module.percpu) || !mo_has(&layout->module.percpu_bytes))
		return NULL;
	error = mo_read_field(reader, &layout->module.percpu, module_kva, &first_kva);
	if (!error)
		error = mo_read_field(reader, &layout->module.percpu_bytes, module_kva, &n_bytes);
	if (error || !n_bytes)
		return only_fatal(error);
	grown = reallocarray(state->module_percpus, state->n_module_percpus + 1, sizeof(*grown));
	if (!grown)
		return mo_error_no_memory();
	state->module_percpus = grown;
	grown[state->n_module_percpus++] =
		(struct module_percpu){ .module = module, .first_kva = first_kva, .n_bytes = n_bytes };
	return NULL;
}

static struct mo_error *add_module(struct places_state *state, uint64_t module_kva)
{
	char **names = reallocarray(state->module_names, state->n_modules + 1, sizeof(*names));
	char name[MOST_NAME_BYTES];
	struct mo_error *error;

	if (!names)
		return mo_error_no_memory();
	state->module_names = names;
	error = mo_read_field_string(mo_run_reader(state->run), &state->layout->module.name, module_kva, name, sizeof(name));
	if (error)
		return only_fatal(error);
	names[state->n_modules] = strdup(name);
	if (!names[state->n_modules])
		return mo_error_no_memory();
	state->n_modules++;
	error = read_parts(state, names[state->n_modules - 1], module_kva);
	return error ? error : read_module_percpu(state, names[state->n_modules - 1], module_kva);
}

struct mo_error *gather_images(struct places_state *state)
{
	const struct places_layout *layout = state->layout;
	struct mo_list_walk walk;
	struct mo_error *error = NULL;
	uint64_t node_kva;

	if (mo_has(&layout->image_start) && mo_has(&layout->image_end) && layout->image_end.kva > layout->image_start.kva &&
	    layout->image_end.kva - layout->image_start.kva <= MOST_IMAGE_BYTES)
		error = add_range(&state->images, layout->image_start.kva, layout->image_end.kva, PLACES_KERNEL_IMAGE);
	if (!error && mo_has(&layout->modules) && mo_has(&layout->module.list) && mo_has(&layout->module.name)) {
		mo_list_begin(&walk, mo_run_reader(state->run), layout->modules.kva, MOST_MODULES);
		while (!error && mo_list_next(&walk, &node_kva))
			error = add_module(state, node_kva - layout->module.list.offset_bytes);
		/* A broken list of modules is the core's to tell, which walks it for their symbols. */
		mo_error_destroy(mo_list_end(&walk));
	}
	sort_ranges(&state->images);
	return error;
}
