/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The list of loaded modules: names, address ranges, states. */

#include <memopsy/containers.h>

#include "modules.h"

#include "cleanup.h"
#include "kernel_layouts.h"
#include "text.h"

#define MODULES struct mo_modules_layout
#define WHY_MEM "include/linux/module.h: core_layout and init_layout became mem[] in 6.4 (ac3b43283923)"
#define WHY_LAYOUT "include/linux/module.h: module_core and so on became struct module_layout in 4.5 (7523e4dc5057)"
#define WHY_KALLSYMS "include/linux/module.h: struct mod_kallsyms came in 4.5 (8244062ef1e5), typetab in 5.2"
#define WHY_CONFIG "depends on the configuration"

static const struct mo_need modules_needs[] = {
	MO_ADDRESS(MODULES, modules, "modules"),
	MO_SIZE(MODULES, module, "struct module"),
	MO_FIELD(MODULES, list, "struct module", "list"),
	MO_FIELD(MODULES, name, "struct module", "name"),
	MO_FIELD(MODULES, state, "struct module", "state"),
	MO_CONSTANT(MODULES, state_live, "enum module_state", "MODULE_STATE_LIVE"),
	MO_CONSTANT(MODULES, state_coming, "enum module_state", "MODULE_STATE_COMING"),
	MO_CONSTANT(MODULES, state_going, "enum module_state", "MODULE_STATE_GOING"),
	MO_FIELD(MODULES, reference_count, "struct module", "refcnt", .is_optional = true,
		 .why = "CONFIG_MODULE_UNLOAD; per-CPU before 3.19"),
	MO_FIELD(MODULES, taints, "struct module", "taints", .is_optional = true, .why = WHY_CONFIG),
	MO_FIELD(MODULES, build_id, "struct module", "build_id", .is_optional = true,
		 .why = "since 5.14 (9294523e3768), CONFIG_STACKTRACE_BUILD_ID"),
	MO_FIELD(MODULES, percpu, "struct module", "percpu", .is_optional = true, .why = WHY_CONFIG),
	MO_FIELD(MODULES, percpu_bytes, "struct module", "percpu_size", .is_optional = true, .why = WHY_CONFIG),
	MO_FIELD(MODULES, btf_data, "struct module", "btf_data", .is_optional = true, .why = WHY_CONFIG),
	MO_FIELD(MODULES, btf_data_bytes, "struct module", "btf_data_size", .is_optional = true, .why = WHY_CONFIG),
	MO_FIELD(MODULES, memory, "struct module", "mem", .is_optional = true, .why = WHY_MEM),
	MO_FIELD(MODULES, memory_base, "struct module_memory", "base", .is_optional = true, .why = WHY_MEM),
	MO_FIELD(MODULES, memory_bytes, "struct module_memory", "size", .is_optional = true, .why = WHY_MEM),
	MO_CONSTANT(MODULES, memory_type[MO_MODULE_TEXT], "enum mod_mem_type", "MOD_TEXT", .is_optional = true,
		    .why = WHY_MEM),
	MO_CONSTANT(MODULES, memory_type[MO_MODULE_DATA], "enum mod_mem_type", "MOD_DATA", .is_optional = true,
		    .why = WHY_MEM),
	MO_CONSTANT(MODULES, memory_type[MO_MODULE_RODATA], "enum mod_mem_type", "MOD_RODATA", .is_optional = true,
		    .why = WHY_MEM),
	MO_CONSTANT(MODULES, memory_type[MO_MODULE_RO_AFTER_INIT], "enum mod_mem_type", "MOD_RO_AFTER_INIT",
		    .is_optional = true, .why = WHY_MEM),
	MO_CONSTANT(MODULES, memory_type[MO_MODULE_INIT_TEXT], "enum mod_mem_type", "MOD_INIT_TEXT",
		    .is_optional = true, .why = WHY_MEM),
	MO_CONSTANT(MODULES, memory_type[MO_MODULE_INIT_DATA], "enum mod_mem_type", "MOD_INIT_DATA",
		    .is_optional = true, .why = WHY_MEM),
	MO_CONSTANT(MODULES, memory_type[MO_MODULE_INIT_RODATA], "enum mod_mem_type", "MOD_INIT_RODATA",
		    .is_optional = true, .why = WHY_MEM),
	MO_FIELD(MODULES, core_base, "struct module", "core_layout.base", .or_names = { "struct module.module_core" },
		 .is_optional = true, .why = WHY_LAYOUT),
	MO_FIELD(MODULES, core_bytes, "struct module", "core_layout.size", .or_names = { "struct module.core_size" },
		 .is_optional = true, .why = WHY_LAYOUT),
	MO_FIELD(MODULES, core_text_bytes, "struct module", "core_layout.text_size",
		 .or_names = { "struct module.core_text_size" }, .is_optional = true, .why = WHY_LAYOUT),
	MO_FIELD(MODULES, core_ro_bytes, "struct module", "core_layout.ro_size",
		 .or_names = { "struct module.core_ro_size" }, .is_optional = true, .why = WHY_LAYOUT),
	MO_FIELD(MODULES, core_ro_after_init_bytes, "struct module", "core_layout.ro_after_init_size",
		 .is_optional = true, .why = "since 4.8 (444d13ff10fb)"),
	MO_FIELD(MODULES, data_base, "struct module", "data_layout.base", .is_optional = true,
		 .why = "5.18 to 6.3, where modules' data lies in vmalloc space"),
	MO_FIELD(MODULES, data_bytes, "struct module", "data_layout.size", .is_optional = true,
		 .why = "5.18 to 6.3, where modules' data lies in vmalloc space"),
	MO_FIELD(MODULES, init_base, "struct module", "init_layout.base", .or_names = { "struct module.module_init" },
		 .is_optional = true, .why = WHY_LAYOUT),
	MO_FIELD(MODULES, init_bytes, "struct module", "init_layout.size", .or_names = { "struct module.init_size" },
		 .is_optional = true, .why = WHY_LAYOUT),
	MO_FIELD(MODULES, init_text_bytes, "struct module", "init_layout.text_size",
		 .or_names = { "struct module.init_text_size" }, .is_optional = true, .why = WHY_LAYOUT),
	MO_FIELD(MODULES, kallsyms, "struct module", "kallsyms", .is_optional = true, .why = WHY_KALLSYMS),
	MO_FIELD(MODULES, symtab, "struct mod_kallsyms", "symtab", .is_optional = true, .why = WHY_KALLSYMS),
	MO_FIELD(MODULES, n_symbols, "struct mod_kallsyms", "num_symtab", .is_optional = true, .why = WHY_KALLSYMS),
	MO_FIELD(MODULES, strtab, "struct mod_kallsyms", "strtab", .is_optional = true, .why = WHY_KALLSYMS),
	MO_FIELD(MODULES, typetab, "struct mod_kallsyms", "typetab", .is_optional = true, .why = WHY_KALLSYMS),
	MO_FIELD(MODULES, direct_symtab, "struct module", "symtab", .is_optional = true, .why = WHY_KALLSYMS),
	MO_FIELD(MODULES, direct_n_symbols, "struct module", "num_symtab", .is_optional = true, .why = WHY_KALLSYMS),
	MO_FIELD(MODULES, direct_strtab, "struct module", "strtab", .is_optional = true, .why = WHY_KALLSYMS),
	MO_FIELD(MODULES, exports, "struct module", "syms", .is_optional = true, .why = WHY_CONFIG),
	MO_FIELD(MODULES, n_exports, "struct module", "num_syms", .is_optional = true, .why = WHY_CONFIG),
	MO_SIZE(MODULES, export, "struct kernel_symbol", .is_optional = true, .why = WHY_CONFIG),
	MO_FIELD(MODULES, export_value_offset, "struct kernel_symbol", "value_offset", .is_optional = true,
		 .why = "since 4.19 (7290d5809571), CONFIG_HAVE_ARCH_PREL32_RELOCATIONS"),
	MO_FIELD(MODULES, export_value, "struct kernel_symbol", "value", .is_optional = true, .why = WHY_CONFIG),
};

#define MODULE_BYTES_MAX 16384
#define MODULES_MAX 4096
#define PART_BYTES_MAX (1ull << 30)
#define REFERENCE_BASE 1 /* MODULE_REF_BASE in kernel/module/main.c: a loaded module holds one on itself */

static struct mo_error *finish(struct mo_kernel *kernel, void *bound)
{
	const struct mo_modules_layout *layout = bound;

	(void)kernel;
	if (layout->module.bytes > MODULE_BYTES_MAX)
		return mo_error_create(MO_E_CORRUPT, "struct module has %llu bytes",
				       (unsigned long long)layout->module.bytes);
	if (!mo_has(&layout->memory) && (!mo_has(&layout->core_base) || !mo_has(&layout->core_bytes)))
		return mo_error_create(MO_E_ABSENT, "the address range of modules is unknown: struct module has "
						    "neither mem nor core_layout nor module_core");
	if (mo_has(&layout->memory) && (!mo_has(&layout->memory_base) || !mo_has(&layout->memory_bytes)))
		return mo_error_create(MO_E_ABSENT, "struct module_memory.base or .size is unknown");
	return NULL;
}

const struct mo_layout_table mo_modules_table = {
	.id = MO_LAYOUT_MODULES,
	.layout_bytes = sizeof(struct mo_modules_layout),
	.needs = modules_needs,
	.n_needs = MO_N_ROWS(modules_needs),
	.finish = finish,
};

static void add_range(struct mo_module *module, enum mo_module_part part, uint64_t first_kva, uint64_t n_bytes)
{
	if (!first_kva || !n_bytes || n_bytes > PART_BYTES_MAX || module->n_ranges == MO_MODULE_RANGES)
		return;
	module->ranges[module->n_ranges++] =
		(struct mo_module_range){ .part = part, .first_kva = first_kva, .n_bytes = n_bytes };
}

/* mem[], indexed by enum mod_mem_type; a part that the enum does not have here is not there. */
static void parts_from_memory(const struct mo_modules_layout *layout, const uint8_t *bytes, struct mo_module *module)
{
	size_t part;

	for (part = 0; part < MO_MODULE_PARTS; part++) {
		const struct mo_constant *type = &layout->memory_type[part];
		const uint8_t *item;
		uint64_t base;
		uint64_t n_bytes;

		if (!mo_has(type) || type->value < 0 || (uint64_t)type->value >= layout->memory.n_elements)
			continue;
		item = bytes + layout->memory.offset_bytes + (uint64_t)type->value * layout->memory.element_bytes;
		base = mo_get(&layout->memory_base, item);
		n_bytes = mo_get(&layout->memory_bytes, item);
		module->size_bytes += n_bytes;
		add_range(module, (enum mo_module_part)part, base, n_bytes);
		if (part == MO_MODULE_TEXT)
			module->text_kva = base;
	}
}

static uint64_t get_or(const struct mo_field *field, const uint8_t *bytes, uint64_t otherwise)
{
	return mo_has(field) ? mo_get(field, bytes) : otherwise;
}

/* One piece: text, then read-only, then read-only after init, then data; each member is where its part ends. */
static void parts_from_layouts(const struct mo_modules_layout *layout, const uint8_t *bytes, struct mo_module *module)
{
	uint64_t base = mo_get(&layout->core_base, bytes);
	uint64_t end = mo_get(&layout->core_bytes, bytes);
	uint64_t text_end = get_or(&layout->core_text_bytes, bytes, 0);
	uint64_t ro_end = get_or(&layout->core_ro_bytes, bytes, text_end);
	uint64_t init_base = get_or(&layout->init_base, bytes, 0);
	uint64_t init_end = get_or(&layout->init_bytes, bytes, 0);
	uint64_t init_text_end = get_or(&layout->init_text_bytes, bytes, 0);
	uint64_t data_base = get_or(&layout->data_base, bytes, 0);
	uint64_t data_bytes = get_or(&layout->data_bytes, bytes, 0);
	uint64_t after_end = get_or(&layout->core_ro_after_init_bytes, bytes, ro_end);

	if (after_end < ro_end) /* none */
		after_end = ro_end;
	module->text_kva = base;
	module->size_bytes = end + init_end + data_bytes;
	if (text_end <= ro_end && ro_end <= after_end && after_end <= end) {
		add_range(module, MO_MODULE_TEXT, base, text_end);
		add_range(module, MO_MODULE_RODATA, base + text_end, ro_end - text_end);
		add_range(module, MO_MODULE_RO_AFTER_INIT, base + ro_end, after_end - ro_end);
		add_range(module, MO_MODULE_DATA, base + after_end, end - after_end);
	} else {
		add_range(module, MO_MODULE_TEXT, base, end);
	}
	add_range(module, MO_MODULE_DATA, data_base, data_bytes);
	if (init_text_end <= init_end) {
		add_range(module, MO_MODULE_INIT_TEXT, init_base, init_text_end);
		add_range(module, MO_MODULE_INIT_DATA, init_base + init_text_end, init_end - init_text_end);
	}
}

static void set_build_id(const struct mo_modules_layout *layout, const uint8_t *bytes, struct mo_module *module)
{
	const uint8_t *id = bytes + layout->build_id.offset_bytes;
	bool is_set = false;
	size_t i;

	if (!mo_has(&layout->build_id) || layout->build_id.size_bytes != 20)
		return;
	for (i = 0; i < 20; i++) {
		is_set |= id[i];
		snprintf(module->build_id + 2 * i, 3, "%02x", id[i]);
	}
	if (!is_set)
		module->build_id[0] = '\0';
}

static const char *state_name(const struct mo_modules_layout *layout, int64_t state)
{
	if (state == layout->state_live.value)
		return "live";
	if (state == layout->state_coming.value)
		return "coming";
	return state == layout->state_going.value ? "going" : "unformed";
}

/* Out of the bytes of a struct module. */
static struct mo_error *decode_module(const struct mo_modules_layout *layout, const uint8_t *bytes, uint64_t module_kva,
				      struct mo_module *ret)
{
	struct mo_module module = { .module_kva = module_kva };

	module.state = state_name(layout, (int64_t)mo_get(&layout->state, bytes));
	if (mo_has(&layout->memory))
		parts_from_memory(layout, bytes, &module);
	else
		parts_from_layouts(layout, bytes, &module);
	if (mo_has(&layout->reference_count) && layout->reference_count.width_bytes == 4) {
		module.n_references = mo_get_signed(&layout->reference_count, bytes) - REFERENCE_BASE;
		module.has_references = true;
	}
	module.taints = get_or(&layout->taints, bytes, 0);
	set_build_id(layout, bytes, &module);
	module.percpu_kva = get_or(&layout->percpu, bytes, 0);
	module.percpu_bytes = module.percpu_kva ? get_or(&layout->percpu_bytes, bytes, 0) : 0;
	module.btf_kva = get_or(&layout->btf_data, bytes, 0);
	module.btf_bytes = module.btf_kva ? get_or(&layout->btf_data_bytes, bytes, 0) : 0;
	module.name = mo_text_from_bytes(bytes + layout->name.offset_bytes, layout->name.size_bytes);
	if (!module.name)
		return mo_error_no_memory();
	*ret = module;
	return NULL;
}

/* The first thing that went wrong stays. */
static void remark(struct mo_modules *modules, struct mo_error *error)
{
	if (error && !modules->remark)
		modules->remark = strdup(mo_error_text(error));
	mo_error_destroy(error);
}

typedef MO_VECTOR(struct mo_module) module_vector;

static struct mo_error *gather(struct mo_reader *reader, const struct mo_modules_layout *layout, uint8_t *bytes,
			       struct mo_modules *modules, module_vector *items)
{
	struct mo_list_walk walk;
	struct mo_error *no_memory = NULL;
	uint64_t node_kva;

	mo_list_begin(&walk, reader, layout->modules.kva, MODULES_MAX);
	while (!no_memory && mo_list_next(&walk, &node_kva)) {
		uint64_t module_kva = node_kva - layout->list.offset_bytes;
		struct mo_error *error = mo_read(reader, module_kva, bytes, layout->module.bytes);
		struct mo_module module;

		if (error) {
			remark(modules, mo_error_prepend(error, "cannot read struct module at 0x%llx",
							 (unsigned long long)module_kva));
			continue;
		}
		no_memory = decode_module(layout, bytes, module_kva, &module);
		if (no_memory)
			break;
		if (!strcmp(module.state, "unformed")) { /* nothing of it is set yet */
			free(module.name);
			continue;
		}
		if (!mo_vector_append(items, module)) {
			free(module.name);
			no_memory = mo_error_no_memory();
		}
	}
	remark(modules, mo_list_end(&walk));
	return no_memory;
}

struct mo_error *mo_modules_gather(struct mo_reader *reader, struct mo_modules **ret)
{
	const void *bound = NULL;
	const struct mo_modules_layout *layout;
	struct mo_modules *modules;
	module_vector items = { .items = NULL };
	MO_FREE uint8_t *bytes = NULL;
	struct mo_error *error;

	MO_TRY(mo_kernel_layout(mo_reader_kernel(reader), MO_LAYOUT_MODULES, &bound));
	layout = bound;
	bytes = malloc(layout->module.bytes);
	modules = calloc(1, sizeof(*modules));
	if (!bytes || !modules) {
		free(modules);
		return mo_error_no_memory();
	}
	error = gather(reader, layout, bytes, modules, &items);
	modules->items = items.items;
	modules->count = items.count;
	if (error) {
		mo_modules_destroy(modules);
		return error;
	}
	mo_modules_find_btf(reader, modules);
	*ret = modules;
	return NULL;
}

void mo_modules_destroy(struct mo_modules *modules)
{
	size_t i;

	if (!modules)
		return;
	for (i = 0; i < modules->count; i++)
		free(modules->items[i].name);
	free(modules->items);
	free(modules->remark);
	free(modules);
}
