/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Where the modules' code lies: kallsyms gives an address to the module whose memory holds it, and lets its last symbol
 * end where the code does (find_kallsyms_symbol(), kernel/module/kallsyms.c).
 */
#include "gathering.h"

#include <stdlib.h>

#define MOST_MODULES 65536u

static bool read_range(struct vmap_state *state, const struct mo_field *base, const struct mo_field *n_bytes,
		       const struct mo_field *text_bytes, uint64_t module_kva, struct module_text *module, unsigned which)
{
	struct mo_error *error;

	if (!mo_has(base) || !mo_has(n_bytes) || !mo_has(text_bytes))
		return false;
	error = mo_read_field(state->reader, base, module_kva, &module->first_kva[which]);
	if (!error)
		error = mo_read_field(state->reader, n_bytes, module_kva, &module->n_bytes[which]);
	if (!error)
		error = mo_read_field(state->reader, text_bytes, module_kva, &module->text_bytes[which]);
	if (error)
		module->n_bytes[which] = 0;
	mo_error_destroy(error);
	return true;
}

static void read_memory(struct vmap_state *state, const struct mo_constant *type, uint64_t module_kva,
			struct module_text *module, unsigned which)
{
	const struct vmap_layout *layout = state->layout;

	if (!mo_has(type) || type->value < 0 || (uint64_t)type->value >= layout->module.mem.n_elements)
		return;
	read_range(state, &layout->memory_base, &layout->memory_bytes, &layout->memory_bytes,
		   mo_element_kva(&layout->module.mem, module_kva, (uint64_t)type->value), module, which);
}

static void read_module(struct vmap_state *state, uint64_t module_kva, struct module_text *module)
{
	const struct vmap_layout *layout = state->layout;

	if (mo_has(&layout->module.mem)) {
		read_memory(state, &layout->mod_text, module_kva, module, 0);
		read_memory(state, &layout->mod_init_text, module_kva, module, 1);
		return;
	}
	read_range(state, &layout->module.core_base, &layout->module.core_bytes, &layout->module.core_text_bytes, module_kva,
		   module, 0);
	read_range(state, &layout->module.init_base, &layout->module.init_bytes, &layout->module.init_text_bytes, module_kva,
		   module, 1);
}

static struct mo_error *add_module(struct vmap_state *state, uint64_t module_kva, struct caller_index *index)
{
	struct module_text *grown = reallocarray(index->modules, index->n_modules + 1, sizeof(*grown));
	struct mo_error *error;

	if (!grown)
		return mo_error_no_memory();
	index->modules = grown;
	grown[index->n_modules] = (struct module_text){ .name = "" };
	error = mo_read_field_string(state->reader, &state->layout->module.name, module_kva, grown[index->n_modules].name,
				     sizeof(grown[index->n_modules].name));
	if (error) {
		/* Its symbols could not be read either, and that was said when they were loaded. */
		mo_error_destroy(error);
		return NULL;
	}
	read_module(state, module_kva, &grown[index->n_modules]);
	index->n_modules++;
	return NULL;
}

struct mo_error *gather_module_text(struct vmap_state *state, struct caller_index *index)
{
	const struct vmap_layout *layout = state->layout;
	struct mo_list_walk walk;
	struct mo_error *error = NULL;
	uint64_t node_kva;

	if (!mo_has(&layout->modules) || !mo_has(&layout->module.list) || !mo_has(&layout->module.name))
		return NULL;
	mo_list_begin(&walk, state->reader, layout->modules.kva, MOST_MODULES);
	while (!error && mo_list_next(&walk, &node_kva))
		error = add_module(state, node_kva - layout->module.list.offset_bytes, index);
	/* A broken list of modules is the core's to tell, which walked it for their symbols. */
	mo_error_destroy(mo_list_end(&walk));
	return error;
}
