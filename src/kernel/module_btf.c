/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Where the modules' BTF is. struct module.btf_data points into the module's file image and is cleared once the module
 * is initialised; the kernel's copy hangs in the list btf_modules (kernel/bpf/btf.c, since 5.11).
 */

#include "kernel_layouts.h"
#include "modules.h"

#define WHY "kernel/bpf/btf.c: since 5.11 (36e68442d1af), CONFIG_DEBUG_INFO_BTF_MODULES"

static const struct mo_need module_btf_needs[] = {
	MO_ADDRESS(struct mo_module_btf_layout, btf_modules, "btf_modules", .why = WHY),
	MO_FIELD(struct mo_module_btf_layout, list, "struct btf_module", "list", .why = WHY),
	MO_FIELD(struct mo_module_btf_layout, module, "struct btf_module", "module", .why = WHY),
	MO_FIELD(struct mo_module_btf_layout, btf, "struct btf_module", "btf", .why = WHY),
	MO_FIELD(struct mo_module_btf_layout, data, "struct btf", "data", .why = WHY),
	MO_FIELD(struct mo_module_btf_layout, data_bytes, "struct btf", "data_size", .why = WHY),
};

const struct mo_layout_table mo_module_btf_table = {
	.id = MO_LAYOUT_MODULE_BTF,
	.layout_bytes = sizeof(struct mo_module_btf_layout),
	.needs = module_btf_needs,
	.n_needs = MO_N_ROWS(module_btf_needs),
};

#define MODULES_MAX 4096

static struct mo_error *read_entry(struct mo_reader *reader, const struct mo_module_btf_layout *layout, uint64_t entry_kva,
				   struct mo_modules *modules)
{
	uint64_t module_kva = 0;
	uint64_t btf_kva = 0;
	uint64_t data_kva = 0;
	uint64_t data_bytes = 0;
	struct mo_error *error = mo_read_field(reader, &layout->module, entry_kva, &module_kva);
	size_t i;

	if (!error)
		error = mo_read_field(reader, &layout->btf, entry_kva, &btf_kva);
	if (!error)
		error = mo_read_field(reader, &layout->data, btf_kva, &data_kva);
	if (!error)
		error = mo_read_field(reader, &layout->data_bytes, btf_kva, &data_bytes);
	if (error)
		return error;
	for (i = 0; i < modules->count; i++) {
		if (modules->items[i].module_kva == module_kva) {
			modules->items[i].btf_kva = data_kva;
			modules->items[i].btf_bytes = data_bytes;
		}
	}
	return NULL;
}

static void keep_first(struct mo_error **first, struct mo_error *error)
{
	if (*first)
		mo_error_destroy(error);
	else
		*first = error;
}

void mo_modules_find_btf(struct mo_reader *reader, struct mo_modules *modules)
{
	const void *bound = NULL;
	const struct mo_module_btf_layout *layout;
	struct mo_list_walk walk;
	struct mo_error *first = NULL;
	uint64_t node_kva;
	struct mo_error *error = mo_kernel_layout(mo_reader_kernel(reader), MO_LAYOUT_MODULE_BTF, &bound);

	if (error) { /* a kernel without: nothing to say */
		mo_error_destroy(error);
		return;
	}
	layout = bound;
	mo_list_begin(&walk, reader, layout->btf_modules.kva, MODULES_MAX);
	while (mo_list_next(&walk, &node_kva))
		keep_first(&first, read_entry(reader, layout, node_kva - layout->list.offset_bytes, modules));
	keep_first(&first, mo_list_end(&walk));
	if (first && !modules->remark) {
		first = mo_error_prepend(first, "the list of the modules' BTF");
		modules->remark = strdup(mo_error_text(first));
	}
	mo_error_destroy(first);
}
