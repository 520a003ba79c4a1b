/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Where a word lies, in words: by its cache or variable, with the names of members as far as the type is known. */
#include <inttypes.h>
#include <stdio.h>

#include "reference_scan.h"

#define DEPTH_MAX 12

/* Variables whose type is known by their name: type information of a dump has none of variables. */
static const struct {
	const char *variable;
	const char *type;
} variables[] = {
	{ "init_task", "struct task_struct" }, { "init_mm", "struct mm_struct" }, { "init_net", "struct net" },
	{ "init_nsproxy", "struct nsproxy" }, { "init_pid_ns", "struct pid_namespace" }, { "init_user_ns", "struct user_namespace" },
	{ "init_uts_ns", "struct uts_namespace" }, { "init_ipc_ns", "struct ipc_namespace" },
	{ "init_cgroup_ns", "struct cgroup_namespace" }, { "init_fs", "struct fs_struct" }, { "init_files", "struct files_struct" },
	{ "init_cred", "struct cred" }, { "init_signals", "struct signal_struct" }, { "init_sighand", "struct sighand_struct" },
	{ "init_css_set", "struct css_set" }, { "init_struct_pid", "struct pid" }, { "cgrp_dfl_root", "struct cgroup_root" },
	{ "root_task_group", "struct task_group" }, { "runqueues", "struct rq" }, { "contig_page_data", "struct pglist_data" },
	{ "root_user", "struct user_struct" }, { "noop_backing_dev_info", "struct backing_dev_info" },
	{ "iomem_resource", "struct resource" }, { "ioport_resource", "struct resource" }, { "platform_bus", "struct device" },
	{ "proc_root", "struct proc_dir_entry" }, { "super_blocks", "struct list_head" }, { "slab_caches", "struct list_head" },
};

static const struct mo_type *complete(const struct mo_references *state, const struct mo_type *type)
{
	struct mo_error *error = mo_types_complete(mo_kernel_types(state->kernel), mo_type_strip(type), &type);

	return mo_error_destroy(error) ? NULL : type;
}

static const struct mo_type *type_of_variable(const struct mo_references *state, const struct mo_place *place)
{
	const struct mo_type *type;

	if ((place->kind != MO_PLACE_SYMBOL && place->kind != MO_PLACE_PERCPU_SYMBOL) || place->module)
		return NULL;
	for (size_t i = 0; i < sizeof(variables) / sizeof(variables[0]); i++) {
		struct mo_error *error;

		if (strcmp(place->name, variables[i].variable) != 0)
			continue;
		error = mo_types_find(mo_kernel_types(state->kernel), variables[i].type, &type);
		return mo_error_destroy(error) ? NULL : complete(state, type);
	}
	return NULL;
}

/* One step into a type: the member or element that an offset lies in. NULL: there is none. */
static const struct mo_type *step_into(const struct mo_references *state, const struct mo_type *type, uint64_t *offset_bytes)
{
	if (type->kind == MO_TYPE_ARRAY) {
		const struct mo_type *element = complete(state, type->target);

		if (!element || !element->size_bytes)
			return NULL;
		*offset_bytes %= element->size_bytes;
		return element;
	}
	if (type->kind != MO_TYPE_STRUCT && type->kind != MO_TYPE_UNION)
		return NULL;
	for (uint32_t i = 0; i < type->n_members; i++) {
		const struct mo_type *of = complete(state, type->members[i].type);
		uint64_t first = type->members[i].offset_bits / 8;

		if (!of || first > *offset_bytes || *offset_bytes - first >= of->size_bytes)
			continue;
		*offset_bytes -= first;
		return of;
	}
	return NULL;
}

static const struct mo_type *leaf_at(const struct mo_references *state, const struct mo_type *type, uint64_t offset_bytes)
{
	for (unsigned depth = 0; depth < DEPTH_MAX && type; depth++) {
		if (type->kind == MO_TYPE_POINTER)
			return offset_bytes ? NULL : type;
		type = step_into(state, type, &offset_bytes);
	}
	return NULL;
}

const struct mo_type *mo_pointed_type(const struct mo_references *state, const struct mo_type *leaf, uint64_t object_bytes)
{
	const struct mo_type *type = leaf && leaf->kind == MO_TYPE_POINTER ? complete(state, leaf->target) : NULL;

	if (!type || (type->kind != MO_TYPE_STRUCT && type->kind != MO_TYPE_UNION) || !type->size_bytes ||
	    type->size_bytes > object_bytes || type->size_bytes < object_bytes / 4)
		return NULL;
	return type;
}

static void name_place(const struct mo_place *place, char *text, size_t n_bytes)
{
	const char *module = place->module ? place->module : "";
	const char *open = place->module ? " [" : "";
	const char *shut = place->module ? "]" : "";

	switch (place->kind) {
	case MO_PLACE_NONE:
		*text = '\0';
		break;
	case MO_PLACE_SLAB_OBJECT:
		snprintf(text, n_bytes, "%s+%" PRIu64, place->name, place->offset_bytes);
		break;
	case MO_PLACE_PERCPU_SYMBOL:
		snprintf(text, n_bytes, "%s+0x%" PRIx64 "%s%s%s of CPU %" PRId32, place->name, place->offset_bytes, open, module, shut,
			 place->cpu);
		break;
	default:
		snprintf(text, n_bytes, "%s+0x%" PRIx64 "%s%s%s", place->name, place->offset_bytes, open, module, shut);
	}
}

void mo_name_reference(struct mo_namer *namer, const struct mo_place *place, const struct mo_type *type, char *text, size_t n_bytes,
		    const struct mo_type **leaf_ret)
{
	const struct mo_references *state = namer->state;
	bool is_object = place->kind == MO_PLACE_SLAB_OBJECT && !place->is_padding;
	char member[200];
	const char *name;

	if (leaf_ret)
		*leaf_ret = NULL;
	if (is_object && mo_type_of_cache(&namer->types, place->cache))
		type = mo_type_of_cache(&namer->types, place->cache);
	else if (!is_object)
		type = type_of_variable(state, place);
	if (!type || place->offset_bytes >= type->size_bytes) {
		name_place(place, text, n_bytes);
		return;
	}
	mo_describe_member(state->kernel, type, place->offset_bytes, member, sizeof(member));
	if (leaf_ret)
		*leaf_ret = leaf_at(state, type, place->offset_bytes);
	name = is_object && type->name ? type->name : place->name;
	if (place->kind == MO_PLACE_PERCPU_SYMBOL)
		snprintf(text, n_bytes, "%s%s of CPU %" PRId32, name, member, place->cpu);
	else
		snprintf(text, n_bytes, "%s%s", name, member);
}
