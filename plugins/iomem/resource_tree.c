/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The walk of struct resource (kernel/resource.c): a range, what lies within it, then the next beside it. A resource
 * that was met before, one that does not name the parent it was reached from, or one that cannot be read ends the
 * chain of siblings it stands in; the walk goes on with its parent's.
 */
#include "iomem.h"

#include <stdlib.h>
#include <string.h>

#include <memopsy/containers.h>

#define MAX_RANGES (1u << 16)
#define MAX_DEPTH 64
#define MAX_RESOURCE_BYTES 1024
#define MAX_NAME_BYTES 256

struct walk {
	struct mo_run *run;
	struct mo_reader *reader;
	const struct iomem_layout *layout;
	struct iomem_state *state;
	struct mo_int_table seen;            /* addresses of resources */
	uint64_t parents[MAX_DEPTH + 1];    /* the ancestors at each depth */
	uint64_t siblings[MAX_DEPTH];       /* what comes beside the range at each depth */
};

static void report_break(struct walk *walk, uint64_t resource_kva, struct mo_error *why)
{
	const struct mo_evidence evidence[] = {
		{ .label = "resource", .kind = MO_CELL_ADDRESS, .cell = mo_cell_number(mo_exact(resource_kva)) },
		{ .label = "why", .kind = MO_CELL_TEXT, .cell = mo_cell_text(mo_error_text(why)) },
	};

	mo_run_finding(walk->run, &(const struct mo_finding){
		.id = "iomem-broken",
		.needs_one_moment = true,
		.severity = MO_WARNING,
		.verdict = "The resource tree is corrupt; ranges are missing.",
		.evidence = evidence,
		.n_evidence = 2,
		.is_about_reading = true,
	});
	walk->state->model.is_complete = false;
	mo_error_destroy(why);
}

static struct mo_error *make_room(struct iomem_state *state)
{
	size_t n_room = state->n_room ? state->n_room * 2 : 64;
	struct mo_io_range *ranges;
	char **names;

	if (state->model.n_ranges < state->n_room)
		return NULL;
	ranges = realloc(state->ranges, n_room * sizeof(*ranges));
	if (ranges)
		state->ranges = ranges;
	names = realloc(state->names, n_room * sizeof(*names));
	if (names)
		state->names = names;
	if (!ranges || !names)
		return mo_error_no_memory();
	state->n_room = n_room;
	return NULL;
}

static struct mo_error *check(struct walk *walk, uint64_t resource_kva, uint64_t parent_kva, const uint8_t *bytes)
{
	uint64_t named_kva = mo_get(&walk->layout->parent, bytes);

	if (named_kva != parent_kva)
		return mo_error_create(MO_E_CORRUPT,
				       "the resource at 0x%llx is a child of 0x%llx, but its parent is 0x%llx",
				       (unsigned long long)resource_kva, (unsigned long long)parent_kva,
				       (unsigned long long)named_kva);
	return NULL;
}

/* A name that cannot be read costs the name alone. */
static char *read_name(struct walk *walk, uint64_t resource_kva, uint64_t name_kva)
{
	char buffer[MAX_NAME_BYTES];
	struct mo_error *error = name_kva ? mo_read_string(walk->reader, name_kva, buffer, sizeof(buffer), NULL) : NULL;

	if (!name_kva)
		return NULL;
	if (error) {
		report_break(walk, resource_kva, mo_error_prepend(error, "cannot read its name"));
		return NULL;
	}
	return strdup(buffer);
}

static struct mo_error *read_resource(struct walk *walk, uint64_t resource_kva, uint8_t *bytes)
{
	return mo_error_prepend(mo_read(walk->reader, resource_kva, bytes, (size_t)walk->layout->resource.bytes),
				"cannot read struct resource at 0x%llx", (unsigned long long)resource_kva);
}

/* Adds a range to the model and gives its child. The error is for the chain of siblings alone, but for no memory. */
static struct mo_error *add_range(struct walk *walk, uint64_t resource_kva, unsigned depth, uint64_t *child_ret)
{
	const struct iomem_layout *layout = walk->layout;
	struct iomem_state *state = walk->state;
	uint8_t bytes[MAX_RESOURCE_BYTES];
	struct mo_error *error;
	uint64_t name_kva;
	bool is_new;
	char *name;

	if (state->model.n_ranges >= MAX_RANGES)
		return mo_error_create(MO_E_LIMIT, "more than %u resources", MAX_RANGES);
	if (!mo_int_table_enter(&walk->seen, resource_kva, 0, &is_new))
		return mo_error_no_memory();
	if (!is_new)
		return mo_error_create(MO_E_CYCLE, "the tree is circular: it returns to the resource at 0x%llx",
				       (unsigned long long)resource_kva);
	error = read_resource(walk, resource_kva, bytes);
	if (!error)
		error = check(walk, resource_kva, walk->parents[depth], bytes);
	if (!error)
		error = make_room(state);
	if (error)
		return error;
	name_kva = mo_get(&layout->name, bytes);
	name = read_name(walk, resource_kva, name_kva);
	state->names[state->model.n_ranges] = name;
	state->ranges[state->model.n_ranges++] = (struct mo_io_range){
		.first_pa = mo_get(&layout->start, bytes),
		.last_pa = mo_get(&layout->end, bytes),
		.name = name,
		.has_name = name_kva,
		.depth = depth,
		.resource_kva = resource_kva,
		.flags = mo_get(&layout->flags, bytes),
	};
	walk->siblings[depth] = mo_get(&layout->sibling, bytes);
	*child_ret = mo_get(&layout->child, bytes);
	return NULL;
}

static struct mo_error *walk_tree(struct walk *walk, uint64_t first_kva)
{
	uint64_t resource_kva = first_kva;
	unsigned depth = 0;

	walk->parents[0] = walk->layout->root.kva;
	if (!mo_int_table_enter(&walk->seen, walk->layout->root.kva, 0, NULL))
		return mo_error_no_memory();
	while (resource_kva) {
		uint64_t child_kva = 0;
		struct mo_error *error = add_range(walk, resource_kva, depth, &child_kva);

		if (!error && child_kva && depth + 1 >= MAX_DEPTH)
			error = mo_error_create(MO_E_LIMIT, "resources are nested more than %d deep", MAX_DEPTH);
		if (mo_error_ends_run(error))
			return error;
		if (error) {
			report_break(walk, resource_kva, error);
			walk->siblings[depth] = 0;
			child_kva = 0;
		}
		if (child_kva) {
			walk->parents[++depth] = resource_kva;
			resource_kva = child_kva;
			continue;
		}
		while (!walk->siblings[depth] && depth)
			depth--;
		resource_kva = walk->siblings[depth];
	}
	return NULL;
}

/* Every member that is used is a number, and lies within the bytes that are read. */
static struct mo_error *check_layout(const struct iomem_layout *layout)
{
	const struct mo_field *fields[] = { &layout->start, &layout->end,    &layout->name, &layout->flags,
					    &layout->parent, &layout->sibling, &layout->child };

	if (!layout->resource.bytes || layout->resource.bytes > MAX_RESOURCE_BYTES)
		return mo_error_create(MO_E_CORRUPT, "struct resource of %llu bytes is implausible",
				       (unsigned long long)layout->resource.bytes);
	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++)
		if (!fields[i]->width_bytes || fields[i]->offset_bytes + fields[i]->width_bytes > layout->resource.bytes)
			return mo_error_create(MO_E_CORRUPT, "%s does not lie within the struct", fields[i]->name);
	return NULL;
}

static struct mo_error *gather_tree(struct walk *walk)
{
	uint8_t root[MAX_RESOURCE_BYTES];
	struct mo_error *error = check_layout(walk->layout);

	if (!error)
		error = read_resource(walk, walk->layout->root.kva, root);
	if (error)
		return error;
	walk->state->model.last_pa = mo_get(&walk->layout->end, root);
	return walk_tree(walk, mo_get(&walk->layout->child, root));
}

struct mo_error *gather_iomem(struct mo_run *run, void **model_ret)
{
	struct iomem_state *state = calloc(1, sizeof(*state));
	struct walk walk = {
		.run = run,
		.reader = mo_run_reader(run),
		.layout = mo_run_layout(run),
		.state = state,
	};
	struct mo_error *error;

	if (!state) {
		error = mo_error_no_memory();
	} else {
		state->model.is_complete = true;
		error = gather_tree(&walk);
	}
	mo_int_table_deinit(&walk.seen);
	if (error) {
		release_iomem(state);
		return error;
	}
	state->model.ranges = state->ranges;
	*model_ret = &state->model;
	return NULL;
}

void release_iomem(void *model)
{
	struct iomem_state *state = model;

	if (!state)
		return;
	for (size_t i = 0; i < state->model.n_ranges; i++)
		free(state->names[i]);
	free(state->names);
	free(state->ranges);
	free(state);
}
