/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The modules' symbols and types, made part of the session. */

#include "cleanup.h"
#include "kernel_private.h"
#include "modules.h"

#define BTF_BYTES_MAX (64u << 20)

static struct mo_error *load_symbols(struct mo_kernel *kernel, struct mo_reader *reader, const struct mo_modules *modules)
{
	size_t n_failed = 0;
	MO_DROP_ERROR struct mo_error *first = NULL;
	size_t i;

	if (modules->remark)
		MO_TRY(mo_kernel_add_remark(kernel, "the list of modules could not be read completely: %s", modules->remark));
	for (i = 0; i < modules->count; i++) {
		const char *remark = NULL;
		struct mo_error *error = mo_module_add_symbols(reader, &modules->items[i], kernel->symbols, &remark);

		if (mo_error_ends_run(error))
			return error;
		if (!error && remark)
			error = mo_error_create(MO_E_NOT_IN_DUMP, "module %s: %s", modules->items[i].name, remark);
		if (!error)
			continue;
		n_failed++;
		if (first)
			mo_error_destroy(error);
		else
			first = error;
	}
	if (n_failed)
		return mo_kernel_add_remark(kernel, "the symbols of %zu of %zu modules are incomplete: %s", n_failed,
					    modules->count, mo_error_text(first));
	return NULL;
}

/* What is loaded of all modules, and what it is called. */
struct load {
	struct mo_error *(*of_modules)(struct mo_kernel *kernel, struct mo_reader *reader, const struct mo_modules *modules);
	const char *what;
};

static struct mo_error *load(struct mo_kernel *kernel, const struct load *load)
{
	struct mo_reader *reader = NULL;
	struct mo_modules *modules = NULL;
	struct mo_error *error;

	MO_TRY(mo_reader_create(kernel, &reader));
	error = mo_modules_gather(reader, &modules);
	if (!error)
		error = load->of_modules(kernel, reader, modules);
	else if (mo_error_catch(&error, MO_E_ABSENT))
		error = NULL; /* a kernel without modules: nothing to load */
	mo_modules_destroy(modules);
	mo_reader_destroy(reader);
	return mo_error_prepend(error, "cannot load the modules' %s", load->what);
}

struct mo_error *mo_kernel_load_modules(struct mo_kernel *kernel)
{
	struct mo_error *error = NULL;

	pthread_mutex_lock(&kernel->modules_lock);
	if (!kernel->modules_loaded) {
		error = load(kernel, &(struct load){ .of_modules = load_symbols, .what = "symbols" });
		/* A second attempt would add what the first has added again. */
		kernel->modules_loaded = true;
	}
	pthread_mutex_unlock(&kernel->modules_lock);
	return error;
}

static struct mo_error *load_btf(struct mo_kernel *kernel, struct mo_reader *reader, const struct mo_module *module)
{
	MO_FREE uint8_t *bytes = NULL;

	if (module->btf_bytes > BTF_BYTES_MAX)
		return mo_error_create(MO_E_CORRUPT, "module %s claims %llu bytes of BTF", module->name,
				       (unsigned long long)module->btf_bytes);
	bytes = malloc(module->btf_bytes);
	if (!bytes)
		return mo_error_no_memory();
	MO_TRY(mo_error_prepend(mo_read(reader, module->btf_kva, bytes, module->btf_bytes),
				"cannot read the BTF of module %s", module->name));
	return mo_types_add_btf_module(kernel->types, module->name, bytes, module->btf_bytes);
}

/* Out of the module's debug file, as a vmlinux gave the kernel's types. */
static struct mo_error *load_dwarf(struct mo_kernel *kernel, const struct mo_module *module)
{
	const char *const *roots = kernel->debug_roots.count ? (const char *const *)kernel->debug_roots.items : NULL;
	struct mo_elf *elf = NULL;

	MO_TRY(mo_elf_find_module_debug(kernel->release, module->name, module->build_id[0] ? module->build_id : NULL, roots,
					&elf));
	if (!mo_vector_append(&kernel->module_files, elf)) {
		mo_elf_close(elf);
		return mo_error_no_memory();
	}
	return mo_types_add_dwarf_module(kernel->types, module->name, elf);
}

/*
 * Split BTF goes on top of the kernel's BTF only. Where the kernel's types are DWARF, or the module has no BTF, its
 * debug file is looked for; but not where files were not wanted for the kernel either.
 */
static struct mo_error *load_types_of(struct mo_kernel *kernel, struct mo_reader *reader, const struct mo_module *module)
{
	struct mo_error *error = NULL;

	if (module->btf_bytes) {
		error = load_btf(kernel, reader, module);
		if (!error || mo_error_code(error) != MO_E_INVALID)
			return error;
	}
	mo_error_destroy(error);
	if (kernel->vmlinux)
		return load_dwarf(kernel, module);
	return mo_error_create(MO_E_ABSENT, "module %s has no BTF", module->name);
}

static struct mo_error *load_all_types(struct mo_kernel *kernel, struct mo_reader *reader, const struct mo_modules *modules)
{
	MO_DROP_ERROR struct mo_error *first = NULL;
	size_t n_failed = 0;
	size_t i;

	for (i = 0; i < modules->count; i++) {
		struct mo_error *error = load_types_of(kernel, reader, &modules->items[i]);

		if (!error) {
			kernel->n_module_types++;
			continue;
		}
		if (mo_error_ends_run(error))
			return error;
		n_failed++;
		if (first)
			mo_error_destroy(error);
		else
			first = error;
	}
	if (n_failed)
		return mo_kernel_add_remark(kernel, "the types of %zu of %zu modules are unknown: %s", n_failed,
					    modules->count, mo_error_text(first));
	return NULL;
}

struct mo_error *mo_kernel_load_module_types(struct mo_kernel *kernel, size_t *n_modules_ret)
{
	struct mo_error *error = NULL;

	pthread_mutex_lock(&kernel->modules_lock);
	if (!kernel->module_types_loaded) {
		error = load(kernel, &(struct load){ .of_modules = load_all_types, .what = "types" });
		kernel->module_types_loaded = true;
	}
	if (!error && n_modules_ret)
		*n_modules_ret = kernel->n_module_types;
	pthread_mutex_unlock(&kernel->modules_lock);
	return error;
}
